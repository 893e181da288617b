"""What is open in an editor, and the threads that read it."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from vggdsl.editor.document import Document, Reading, path_of, read
from vggdsl.editor.positions import Lines, Units
from vggdsl.language.library import opened

T = TypeVar("T")


class _StaleError(Exception):
    """The text has changed since the question was asked: nobody needs what is found in the old one."""


@dataclass(frozen=True)
class Change:
    """A text in the place of what stands between two places, line and character each; without places, of all."""

    text: str
    start: tuple[int, int] | None = None
    end: tuple[int, int] | None = None


class Session:
    """The texts that are open, at their newest version each.

    Each is read in a thread of its own, so that the editor is listened to meanwhile and one that takes long keeps no
    other waiting; once for each version, and again when another changes to which it may lead.
    """

    def __init__(self, units: Units = "utf-16") -> None:
        self.units: Units = units
        self.folders: dict[str, Path] = {}
        """Those of the workspace, by their URIs."""
        self.documents: dict[str, Document] = {}
        self.shows_shapes = True
        """Whether the user wants to see the shape behind each element."""
        self._changes = 0
        self._readings: dict[str, tuple[Document, int, Reading]] = {}
        """The last of each text, with how many changes there were then. Only its thread changes it."""
        self._threads: dict[str, ThreadPoolExecutor] = {}

    def open(self, uri: str, version: int, text: str) -> None:
        self._changes += 1
        self.documents[uri] = Document(uri, version, text, self.units)

    def change(self, uri: str, version: int, changes: Iterable[Change]) -> None:
        """Makes changes one after another. Those of a text that isn't open are of nothing that is known."""
        document = self.documents.get(uri)
        if document is not None:
            self.open(uri, version, changed(document.text, changes, self.units))

    def close(self, uri: str) -> None:
        self._changes += 1
        self.documents.pop(uri, None)
        self._readings.pop(uri, None)
        thread = self._threads.pop(uri, None)
        if thread is not None:
            thread.shutdown(wait=False, cancel_futures=True)

    def refresh(self) -> None:
        """Files have changed, or what may be read: what leads to others is to be read again."""
        self._changes += 1

    def add_folder(self, uri: str) -> None:
        if (path := path_of(uri)) is not None:
            self.folders[uri] = path
            self.refresh()

    def remove_folder(self, uri: str) -> None:
        self.folders.pop(uri, None)
        self.refresh()

    async def ask(self, uri: str, question: Callable[[Reading], T]) -> T | None:
        """What a question finds in a text as it is when its turn comes; None of one that isn't open."""
        while (document := self.documents.get(uri)) is not None:
            thread = self._threads.setdefault(uri, ThreadPoolExecutor(1, "reading"))
            try:
                return await asyncio.wrap_future(thread.submit(self._answer, document, question))
            except _StaleError:
                continue
        return None

    def _answer(self, document: Document, question: Callable[[Reading], T]) -> T:
        if self.documents.get(document.uri) is not document:
            raise _StaleError
        changes = self._changes
        others = {other.path: other.text for other in list(self.documents.values()) if other.path is not None}
        with opened(others):
            last, then, reading = self._readings.get(document.uri, (None, 0, None))
            if reading is None or last is not document or (then != changes and document.may_lead):
                reading = read(document, list(self.folders.values()))
                self._readings[document.uri] = (document, changes, reading)
            return question(reading)


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
