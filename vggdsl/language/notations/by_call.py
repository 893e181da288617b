"""What a call can tell of a text that is refused, without touching it: each is tried before it is offered."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from shlex import quote

from vggdsl.language.notations.grid import rows_of
from vggdsl.language.notations.image import INPUT_HELP
from vggdsl.language.notations.meanings import columns_told, in_words, tellable
from vggdsl.language.notations.registry import Beside, Notation, notation, readings, shown_by
from vggdsl.text.errors import Diagnostic, ParseError, VggdslError
from vggdsl.text.facts import Stranger
from vggdsl.text.source import Source, Span

_NUMBER = re.compile(r"[\d.,]+")
_FIGURES = re.compile(r"param|weights|mac|flop|madd|mult", re.IGNORECASE)
"""In the heading of a column of figures, which become claims."""
_LONGEST = 20_000
"""Characters of a text that is read again to try a way."""
_MOST = 4
"""So many are tried."""
_WORD = "FC"
"""A word that is known, in whose place what is meant stands."""
_Place = tuple[str, int]
"""What is wrong, and where."""


@dataclass(frozen=True)
class Way:
    """Options of a call that lead on. ``words`` are those that it says the meaning of, `…` where that is open;
    none, where it says what the columns are."""

    text: str
    words: str = ""
    count: int = 0
    """In how many places they stand."""
    can_leave_out: bool = False
    """Whether no words in their place lead on, too."""


def ways(
    source: Source, name: str | None, beside: Beside, wrong: Sequence[Diagnostic]
) -> Iterator[tuple[Diagnostic, list[Way]]]:
    """For what is wrong with a text the ways that lead on: to less that is wrong, where a column isn't read or words
    are left out, else to something else that is. Of several alike the first is tried. ``name`` is that of the text's
    notation, where it doesn't show."""
    if len(source.written) > _LONGEST:
        return
    text, before, tried = _Told(source, name, beside), set(map(_place, wrong)), list[tuple[str, int]]()
    for each in [each for each in wrong if each.labels]:
        words = _words(each, each.labels[0].span)
        if words not in tried:
            tried.append(words or ("", 0))
            yield each, list(_tried(text, each, words, before))
        if len(tried) == _MOST:
            return


@dataclass(frozen=True)
class _Told:
    """A text with what a call tells ``beside`` it; ``name`` is that of its notation, where it doesn't show."""

    source: Source
    name: str | None
    beside: Beside

    def telling(self, words: Sequence[tuple[str, str]]) -> "_Told":
        """With these words meaning something else."""
        others = [each for each in self.beside.means if each[0] not in dict(words)]
        return replace(self, beside=replace(self.beside, means=(*others, *words)))

    @property
    def _notation(self) -> Notation | None:
        return notation(self.name) if self.name is not None else shown_by(self.source, self.beside)

    @cached_property
    def columns(self) -> list[str]:
        """The columns of a table as a call names them."""
        if self.beside.heading is not None:
            return [self.beside.heading[slice(*span)] for span in columns_told(self.beside.heading)]
        of = self._notation
        return list(of.heading(in_words(self.source, self.beside.means))) if of is not None else []

    def wrong(self) -> set[_Place] | None:
        """What is wrong, but that the images are told, too, which is said where nothing else is; None where that can't
        be told."""
        try:
            in_words(self.source, self.beside.means, self.beside.heading)
        except VggdslError:
            return None
        try:
            of = self._notation
            found = readings(self.source, of.name, self.beside) if of is not None else None
        except ParseError as error:
            errors = [error]
        except VggdslError:
            return None
        else:
            if found is None:
                return None
            errors = [each.outcome for each in found if isinstance(each.outcome, ParseError)]
        return {_place(each) for error in errors for each in error.diagnostics if each.help != INPUT_HELP}


def _tried(text: _Told, wrong: Diagnostic, words: tuple[str, int] | None, before: set[_Place]) -> Iterator[Way]:
    unread = _unread(text, wrong.labels[0].span)
    if unread is not None:
        heading, is_of_heading = unread
        after = replace(text, beside=replace(text.beside, heading=heading)).wrong()
        if after is not None and _place(wrong) not in after and (is_of_heading or after < before):
            yield Way(f"--heading {quote(heading)}")
            if words is not None and words[1] > 1:  # of several columns one is meant
                return
    if words is not None:
        told, count = words
        for meaning in ("", _WORD):
            after = text.telling([(told, meaning)]).wrong()
            if after is not None and _place(wrong) not in after:
                is_out = not meaning and count == 1 and after < before and "leave" in (wrong.help or "")
                yield Way(f"--means {quote(told)} {quote('' if is_out else '…')}", told, count, not meaning)
                return
    elif "leave" in (wrong.help or "") and (cells := _whole_row(text.source, wrong.labels[0].span)):
        after = text.telling(cells).wrong()
        if after is not None and _place(wrong) not in after:
            yield Way(" ".join(f"--means {quote(words)} ''" for words, _ in cells))


def _whole_row(source: Source, at: Span) -> list[tuple[str, str]]:
    """The words of the cells at a place, each left out; none, where one stands elsewhere, too."""
    start, end = at.written
    cells = [cell.text for row in rows_of(source) for cell in row if cell.text]
    found = [
        tellable(cell.span())
        for cell in cells
        if start <= source.written_at(cell.places[0]) and source.written_at(cell.places[-1]) < end
    ]
    told = [each for each in found if each is not None]
    is_whole = 1 < len(told) == len(found) and all(count == 1 for _, count in told)
    return [(words, "") for words, _ in told] if is_whole else []


def _words(wrong: Diagnostic, at: Span) -> tuple[str, int] | None:
    """The words at a place that can be told, all that aren't known where the place has but some of them; a number
    that stands elsewhere, too, can't."""
    if not at.text:
        return None
    found = tellable(at, wrong.facts.words if isinstance(wrong.facts, Stranger) else "")
    return None if found is not None and found[1] > 1 and _NUMBER.fullmatch(found[0]) else found


def _unread(text: _Told, at: Span) -> tuple[str, bool] | None:
    """The heading of a table, with a column that isn't read for the one at a place: one that its heading doesn't tell,
    or of figures. Without others the table would be of another network. Also whether the place is in the heading."""
    column, is_heading = _column(text.source, at.written[0])
    columns = [*text.columns]
    if column >= len(columns) or any("|" in each for each in columns):
        return None
    if not is_heading and not _FIGURES.search(columns[column]):
        return None
    columns[column] = "Comments"
    return "|".join(columns), is_heading


def _column(source: Source, written: int) -> tuple[int, bool]:
    """In which column of a table something stands, and whether in its first row; in none behind all."""
    is_first = True
    for row in rows_of(source):
        for cell in (cell for cell in row if cell.text):
            if source.written_at(cell.text.places[0]) <= written <= source.written_at(cell.text.places[-1]):
                return cell.columns.start, is_first
        is_first = is_first and sum(bool(cell.text) for cell in row) < 2
    return len(source.text), False


def _place(wrong: Diagnostic) -> _Place:
    return wrong.message, wrong.labels[0].span.written[0] if wrong.labels else 0
