"""A text that is open in an editor, at one version: what is wrong with it, and what it is."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from vggdsl.editor.positions import Lines, Units
from vggdsl.editor.words import Words, legible
from vggdsl.language import notations, syntax
from vggdsl.language.library import LARGEST_FILE, real_path
from vggdsl.spec.checked import Checked, check_text
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import Diagnostic, VggdslError
from vggdsl.text.source import Source

_HEAD = 10_000
"""Characters."""


@dataclass(frozen=True)
class Document:
    """A text as it is at one version. Its lines are counted in the editor's ``units``."""

    uri: str
    version: int
    text: str = field(repr=False)
    units: Units = "utf-16"
    folders: tuple[Path, ...] = ()
    """Those that are open in the editor: its links may lead there, beside where those of any text may."""

    @cached_property
    def path(self) -> Path | None:
        """Its file, whether it is there yet or not; None of what was never saved."""
        return path_of(self.uri)

    @cached_property
    def real_path(self) -> str | None:
        """By which links find it; None of what has no file."""
        return None if self.path is None else real_path(self.path)

    @cached_property
    def name(self) -> str:
        """What findings call it, and what its links are relative to."""
        return self.uri if self.path is None else _shown(self.path)

    @cached_property
    def source(self) -> Source:
        return Source(self.name, self.text)

    @cached_property
    def lines(self) -> Lines:
        return Lines(self.text, self.units)

    def offset(self, line: int, character: int) -> int:
        """A place that the editor gives, as an offset into what is read."""
        return self.source.read_at(self.lines.offset(line, character))

    @cached_property
    def has_words(self) -> bool:
        """Whether it is of the words of the spec language, and not in another notation or too large."""
        if self.is_too_large:
            return False
        try:
            return notations.recognise(self._head).name == notations.SPEC_LANGUAGE
        except VggdslError:
            return True

    @property
    def _head(self) -> Source:
        """Some lines, which show the notation: of a long text that is sought for seconds."""
        head = self.text[:_HEAD]
        return self.source if head == self.text else Source(self.name, head[: head.rfind("\n") + 1])

    @property
    def legible(self) -> syntax.Document:
        """What is written, without the lines that can't be read."""
        return syntax.Document(()) if self.is_too_large else legible(self.source)[0]

    @property
    def is_legible(self) -> bool:
        """Whether all of it can be read: it is a spec or a file of blocks."""
        return self.has_words and legible(self.source)[1]

    @cached_property
    def is_too_large(self) -> bool:
        return len(self.text) > LARGEST_FILE or len(self.text.encode("utf-8", "surrogatepass")) > LARGEST_FILE


@dataclass(frozen=True)
class Written:
    """What stands in a text, whether it is right or not."""

    document: Document

    @cached_property
    def words(self) -> Words:
        return Words(self.document.source, self.document.folders)


@dataclass(frozen=True)
class Reading:
    """What a text was found to be: each of its networks with what is wrong with it."""

    document: Document
    checked: tuple[Checked, ...]

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """Each once, though several networks of a table have it."""
        return tuple(dict.fromkeys(found for each in self.checked for found in each.findings))

    def columns(self, found: Diagnostic) -> list[str]:
        """The networks of a table that have a finding, where others don't."""
        having = [each.column for each in self.checked if found in each.findings]
        return having if len(having) < len(self.checked) else []

    @property
    def spec(self) -> Spec | None:
        """The network, if the text is one that can be compiled."""
        return self.checked[0].spec if len(self.checked) == 1 else None


def read(document: Document) -> Reading:
    """Checks a text."""
    if document.is_too_large:
        too_large = Diagnostic("V502", f"{document.name}: larger than {LARGEST_FILE:,} bytes, no spec")
        return Reading(document, (Checked([too_large]),))
    return Reading(document, tuple(check_text(document.source, document.folders)))


def path_of(uri: str) -> Path | None:
    """The file that a URI names; None where it names none, or one of another machine that has no path on this."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme != "file" or "\0" in unquote(parts.path):
        return None
    if parts.netloc.lower() in ("", "localhost"):
        return Path(url2pathname(parts.path))
    return Path(url2pathname(f"//{parts.netloc}{parts.path}")) if os.name == "nt" else None


_URIS = ContextVar[Mapping[str, str]]("uris", default=MappingProxyType({}))


@contextmanager
def open_as(uris: Mapping[str, str]) -> Iterator[None]:
    """Within, files go by the URIs by which the editor has them open: the same one may have several paths.

    They are told by their real paths; a scope like that of ``library.opened``.
    """
    token = _URIS.set(uris)
    try:
        yield
    finally:
        _URIS.reset(token)


def uri_of(name: str) -> str | None:
    """The URI of what findings call a file; None where nothing is called so."""
    if not name or "\0" in name:
        return None
    return _URIS.get().get(real_path(name)) or Path(name).absolute().as_uri()


def is_open(name: str) -> bool:
    """Whether the editor has open what findings call so."""
    return real_path(name) in _URIS.get()


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)
