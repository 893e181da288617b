"""What a notation is, and those that there are."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vggdsl.language.syntax import Document
from vggdsl.text.errors import Diagnostic, ParseError
from vggdsl.text.source import Source


class PartlyReadError(ParseError):
    """What is wrong with a text, and the syntax of its other lines: what is wrong with these can be told, too."""

    def __init__(self, diagnostics: Diagnostic | Iterable[Diagnostic], rest: Document | None = None) -> None:
        super().__init__(diagnostics)
        self.rest = rest


SPEC_LANGUAGE = "arch"
"""The notation that says everything, and in which files are kept. What no other recognises is read as this one."""


@dataclass(frozen=True)
class Notation:
    """A way to write networks down."""

    name: str
    recognises: Callable[[Source], bool]
    """Whether a text is in this notation beyond doubt, by the name or the look of it: no two recognise one text."""
    read: Callable[[Source], Document]
    """The syntax of a text, with the claims that it makes. Raises ``ParseError`` with all that is wrong with it."""
    write: Callable[[Document], str] | None = None
    """The text of a document, where the notation can say all of it."""


_NOTATIONS: dict[str, Notation] = {}


def register(notation: Notation) -> None:
    """Makes a notation known; each does so in its own module."""
    assert notation.name not in _NOTATIONS, f"two notations are named {notation.name}"
    _NOTATIONS[notation.name] = notation


def names() -> tuple[str, ...]:
    """Of all notations, the spec language first."""
    return (SPEC_LANGUAGE, *sorted(_NOTATIONS.keys() - {SPEC_LANGUAGE}))


def recognise(source: Source) -> Notation:
    """The notation that a text is in."""
    notations = map(_NOTATIONS.__getitem__, names())
    return next((each for each in notations if each.recognises(source)), _NOTATIONS[SPEC_LANGUAGE])


def is_spec_language(source: Source) -> bool:
    """Whether a text is in the one notation that can hold recipes, measured blocks and links, too."""
    return recognise(source).name == SPEC_LANGUAGE


def read(source: Source, notation: str | None = None) -> Document:
    """The syntax of a text in the notation that it is in, unless one is named.

    Raises ``ParseError`` with what is wrong with the text, ``KeyError`` if there is no such notation.
    """
    return (recognise(source) if notation is None else _NOTATIONS[notation]).read(source)


def write(document: Document, notation: str = SPEC_LANGUAGE) -> str:
    """The text of a document.

    Raises ``KeyError`` if there is no such notation, ``ValueError`` if it can only be read.
    """
    writer = _NOTATIONS[notation].write
    if writer is None:
        raise ValueError(f"{notation} is a notation to read, not to write")
    return writer(document)
