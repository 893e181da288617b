"""What is open in an editor, and what is found in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from vggdsl.editor.document import Document, Written, path_of, read
from vggdsl.editor.positions import Lines, Units
from vggdsl.editor.readers import Readers
from vggdsl.language.library import real_path


@dataclass(frozen=True)
class Change:
    """A text in the place of what stands between two places, line and character each; without places, of all."""

    text: str
    start: tuple[int, int] | None = None
    end: tuple[int, int] | None = None


class Session:
    """The texts that are open, at their newest version each, and those who read them.

    What is wrong with a text and which words it has are read apart: an editor that asks for a word while somebody types
    isn't kept waiting by a check.
    """

    def __init__(self, units: Units = "utf-16") -> None:
        self.units: Units = units
        self.documents: Mapping[str, Document] = {}
        """By their URIs. Another mapping takes its place where it changes, so that whoever reads has what there was."""
        self.texts: Mapping[str, str] = {}
        """What links find in them, by real paths."""
        self.uris: Mapping[str, str] = {}
        """By which the editor has them open, by real paths, too."""
        self.shows_shapes = True
        """Whether the user wants to see the shape behind each element."""
        self.concerned = set[str]()
        """Texts that lead to what has changed, until somebody takes them away: something else may be found in them."""
        self.readings = Readers(self, read)
        self.words = Readers(self, Written)
        self._folders: dict[str, Path] = {}

    @property
    def folders(self) -> tuple[Path, ...]:
        """Those of the workspace."""
        return tuple(self._folders.values())

    def open(self, uri: str, version: int, text: str) -> None:
        self._keep({**self.documents, uri: Document(uri, version, text, self.units, self.folders)}, uri)

    def change(self, uri: str, version: int, changes: Iterable[Change]) -> None:
        """Makes changes one after another. Those of a text that isn't open are of nothing that is known."""
        document = self.documents.get(uri)
        if document is not None:
            self.open(uri, version, changed(document.text, changes, self.units))

    def close(self, uri: str) -> None:
        self._keep({other: document for other, document in self.documents.items() if other != uri}, uri)
        self.concerned.discard(uri)
        self.readings.forget(uri)
        self.words.forget(uri)

    def _keep(self, documents: Mapping[str, Document], uri: str) -> None:
        """Takes the texts of which one is another now, is there or is no longer."""
        paths = {kept.real_path for kept in (self.documents.get(uri), documents.get(uri)) if kept is not None}
        self.documents = documents
        self.texts = {path: each.text for each in documents.values() if (path := each.real_path) is not None}
        self.uris = {each.real_path or real_path(each.name): uri for uri, each in documents.items()}
        self.concerned |= {*self.readings.asked_for(paths)} - {uri}

    def refresh(self) -> None:
        """Files have changed."""
        self.concerned |= self.documents.keys()

    def add_folder(self, uri: str) -> None:
        if (path := path_of(uri)) is not None:
            self._folders[uri] = Path(real_path(path))
            self._in_folders()

    def remove_folder(self, uri: str) -> None:
        self._folders.pop(uri, None)
        self._in_folders()

    def _in_folders(self) -> None:
        """Other folders are open: links may lead elsewhere."""
        self.documents = {uri: replace(each, folders=self.folders) for uri, each in self.documents.items()}
        self.refresh()


def changed(text: str, changes: Iterable[Change], units: Units) -> str:
    """A text after changes, each of which counts in what the one before left."""
    for change in changes:
        if change.start is None or change.end is None:
            text = change.text
            continue
        lines = Lines(text, units)
        start, end = lines.offset(*change.start), lines.offset(*change.end)
        text = text[: min(start, end)] + change.text + text[max(start, end) :]
    return text
