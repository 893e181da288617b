"""What can be wrong with what a user wrote, as exceptions that hold findings.

Bugs stay plain exceptions; whatever a user can cause is a ``VggdslError``.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from vggdsl.text.codes import CodeName, Kind
from vggdsl.text.diagnostics import Diagnostic, Label, render_all, to_html
from vggdsl.text.edits import Edit
from vggdsl.text.facts import FindingFacts
from vggdsl.text.html import framed
from vggdsl.text.source import Placed, Span

__all__ = [
    "ClaimError",
    "Diagnostic",
    "InputError",
    "Label",
    "NetworkError",
    "ParseError",
    "RecipeError",
    "RecordError",
    "ShapeError",
    "VggdslError",
    "error_of",
    "in_a_line",
    "listed",
    "nearest",
    "once_each",
    "respelled",
    "unknown",
]


class VggdslError(Exception):
    """Something that the user can mend; holds one diagnostic or several."""

    def __init__(self, diagnostics: Diagnostic | Iterable[Diagnostic]) -> None:
        if isinstance(diagnostics, Diagnostic):
            diagnostics = (diagnostics,)
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        """As the command line prints it, without colour."""
        return render_all(self.diagnostics)

    def _repr_html_(self) -> str:
        return framed(to_html(self.diagnostics))


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


_BY_KIND: dict[Kind, type[VggdslError]] = {
    "text": ParseError,
    "network": NetworkError,
    "shape": ShapeError,
    "claim": ClaimError,
    "recipe": RecipeError,
    "input": InputError,
    "record": RecordError,
    "run": VggdslError,
}


def error_of(findings: Sequence[Diagnostic]) -> VggdslError:
    """The error that holds these findings: of their kind, or of none in particular where they are of several."""
    kinds = {_BY_KIND[d.row.kind] for d in findings}
    return (kinds.pop() if len(kinds) == 1 else VggdslError)(findings)


def in_a_line(error: Exception) -> str:
    """An error where another text quotes it: findings without their lines."""
    return "; ".join(d.in_a_line for d in error.diagnostics) if isinstance(error, VggdslError) else str(error)


def once_each(findings: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """What is wrong in a block is told once, with the first call that shows it."""
    seen = set()
    for finding in findings:
        key = finding.code, finding.message, finding.labels[:1]
        if key not in seen:
            yield finding
        seen.add(key)


_LONGEST = 100
"""A longer word is no misspelling of any that is known."""
_SHORTEST = 3
"""Of fewer letters a word isn't known for the beginning of another."""
_LISTED = 20
_NUMBER = re.compile(r"[0-9]+")


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word that a word is misspelled or cut short from; never one with another number.

    >>> nearest("maxpol", ["maxpool", "avgpool"]), nearest("val-acc", ["val-accuracy"]), nearest("fc7", ["fc6"])
    ('maxpool', 'val-accuracy', None)
    """
    return _nearest(word.lower(), tuple(known)) if len(word) <= _LONGEST else None


@lru_cache(maxsize=1024)
def _nearest(word: str, known: tuple[str, ...]) -> str | None:
    numbers = _NUMBER.findall(word)
    by_lower = {k.lower(): k for k in known}
    same = [each for each in by_lower if _NUMBER.findall(each) == numbers]
    misspelt = {each: _edits(word, each) for each in same if abs(len(each) - len(word)) <= 2}
    near = [each for each, edits in misspelt.items() if edits <= min(len(each) // 3, 2)]
    if near:
        return by_lower[min(near, key=misspelt.__getitem__)]
    parts = [each for each in same if min(len(each), len(word)) >= _SHORTEST and (each + word).isascii()]
    parts = [each for each in parts if each.startswith(word) or (word.startswith(each) and word.isalpha())]
    return by_lower[parts[0]] if len(parts) == 1 else None


def _edits(word: str, other: str) -> int:
    """How many letters are to be put in, left out, changed or swapped with the next."""
    rows = [list(range(len(other) + 1))]
    for i, a in enumerate(word):
        row = [i + 1]
        for j, b in enumerate(other):
            row.append(min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a != b)))
            if i and j and (a, word[i - 1]) == (other[j - 1], b):
                row[-1] = min(row[-1], rows[i - 1][j - 1] + 1)
        rows.append(row)
    return rows[-1][-1]


def listed(known: Sequence[str]) -> str:
    """The first of what is known."""
    return ", ".join(known[:_LISTED]) + (", …" if len(known) > _LISTED else "")


def unknown(
    code: CodeName,
    what: str,
    word: str,
    known: Sequence[str],
    span: Span,
    facts: FindingFacts | None = None,
    offered: Sequence[str] | None = None,
) -> Diagnostic:
    """``unknown <what> `word` `` with the nearest spelling of those ``offered``, or with all that are known."""
    near = nearest(word, known if offered is None else offered)
    hint = f"did you mean `{near}`?" if near else f"known: {listed(known)}"
    fixes = respelled(word, near, span) if near else ()
    if near and nearest(word, [each for each in known if each != near]):  # another is near, too
        fixes = tuple(fix.as_choice for fix in fixes)
    return Diagnostic(code, f"unknown {what} `{word}`", (Label(span, "not known"),), hint, facts, fixes)


def respelled(word: str, near: str, span: Span) -> tuple[Edit, ...]:
    """Another word in the place of one that stands in a span; nothing where it doesn't stand there just once."""
    place = word.span if isinstance(word, Placed) else span
    text = place.text.lower()
    if text.count(word.lower()) != 1:
        return ()
    start = place.start + text.index(word.lower())
    return (Edit(Span(place.source, start, start + len(word)), near, is_guess=True),)
