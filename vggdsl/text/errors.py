"""What can be wrong with what a user wrote, and where.

Bugs stay plain exceptions; whatever a user can cause is a ``VggdslError``.
The first digit of a code says the room: 1 text, 2 network, 3 claims, 4 recipe, 5 data and files,
6 records; ``V`` is an error, ``W`` a warning.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache

from vggdsl.text.source import Span


@dataclass(frozen=True)
class Label:
    """A place and what is to be said of it; the primary one is where the mistake is."""

    span: Span
    text: str = ""
    primary: bool = True


@dataclass(frozen=True)
class Diagnostic:
    """One finding. ``code`` starts with V (error) or W (warning)."""

    code: str
    message: str
    labels: tuple[Label, ...] = ()
    help: str | None = None

    @property
    def is_error(self) -> bool:
        return self.code.startswith("V")

    def at(self, *labels: Label) -> "Diagnostic":
        """The same finding with further places."""
        return replace(self, labels=(*self.labels, *labels))


class VggdslError(Exception):
    """Something that the user can mend; holds one diagnostic or several."""

    def __init__(self, diagnostics: Diagnostic | Iterable[Diagnostic]) -> None:
        if isinstance(diagnostics, Diagnostic):
            diagnostics = (diagnostics,)
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        super().__init__("; ".join(map(_in_a_line, self.diagnostics)))


def _in_a_line(found: Diagnostic) -> str:
    """``V201: message (net.arch:3:1)``; ``diagnostics.render`` shows it whole."""
    primary = next((label.span for label in found.labels if label.primary), None)
    place = f" ({primary.source.name}:{primary.line}:{primary.column})" if primary is not None else ""
    return f"{found.code}: {found.message}{place}"


class ParseError(VggdslError):
    """V1xx: the text can't be read."""


class NetworkError(VggdslError):
    """V2xx: the text can be read, but it is no network."""


class ShapeError(NetworkError):
    """V2xx: a layer can't take the shape that it is given."""


class ClaimError(VggdslError):
    """V3xx: a claim doesn't hold."""


class RecipeError(VggdslError):
    """V4xx: a recipe that can't be followed."""


class InputError(VggdslError):
    """V5xx: a file, a data set or a device that isn't there or isn't what it should be."""


class RecordError(VggdslError):
    """V6xx: a run or a record that can't be used."""


def once_each(found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """What is wrong in a block is told once, with the first call that shows it."""
    seen = set()
    for finding in found:
        key = finding.code, finding.message, finding.labels[:1]
        if key not in seen:
            yield finding
        seen.add(key)


_LONGEST = 100
"""A longer word is no misspelling of any that is known."""
_LISTED = 20


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word nearest in spelling, if one is near.

    >>> nearest("maxpol", ["maxpool", "avgpool"])
    'maxpool'
    """
    return _nearest(word.lower(), tuple(known)) if len(word) <= _LONGEST else None


@lru_cache(maxsize=1024)
def _nearest(word: str, known: tuple[str, ...]) -> str | None:
    by_lower = {k.lower(): k for k in known}
    found = get_close_matches(word, by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def unknown(code: str, what: str, word: str, known: Sequence[str], span: Span) -> Diagnostic:
    """``unknown <what> `word` `` with the nearest spelling, or with all that are known."""
    near = nearest(word, known)
    listed = ", ".join(known[:_LISTED]) + (", …" if len(known) > _LISTED else "")
    hint = f"did you mean `{near}`?" if near else f"known: {listed}"
    return Diagnostic(code, f"unknown {what} `{word}`", (Label(span, "not known"),), hint)
