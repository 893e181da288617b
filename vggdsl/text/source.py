"""A text and places in it."""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol, Self

from vggdsl.text.typography import Plain, plain


@dataclass(frozen=True)
class Source:
    """A named text. It is read in plain characters, and shown as it was written, with lines counted from 1."""

    name: str
    written: str

    def __repr__(self) -> str:
        return f"Source({self.name!r}, {len(self._starts)} lines)"

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        starts.extend(i + 1 for i, c in enumerate(self.written) if c == "\n")
        return starts

    @cached_property
    def _typed(self) -> Plain:
        return plain(self.written)

    @property
    def _plain(self) -> Plain:
        return self._typed

    @property
    def text(self) -> str:
        """What is read, and what places are counted in: see ``text/typography.py``."""
        return self._plain.text

    def written_at(self, offset: int) -> int:
        """Where it was written what the text has there."""
        return self._plain.places[offset]

    def read_at(self, written: int) -> int:
        """Where the text has what was written at an offset; of what stands for nothing what comes behind it."""
        return bisect_left(self._plain.places, written)

    def cursor(self, written: int) -> "Span":
        """The place between two characters, by an offset into what was written."""
        at = self.read_at(min(max(written, 0), len(self.written)))
        return Span(self, at, at)

    def position(self, written: int) -> tuple[int, int]:
        """Line and column of an offset into what was written, both counted from 1."""
        line = bisect_right(self._starts, written)
        return line, written - self._starts[line - 1] + 1

    def line(self, number: int) -> str:
        """A line as it was written, without its end."""
        start = self._starts[number - 1]
        end = self._starts[number] - 1 if number < len(self._starts) else len(self.written)
        return self.written[start:end].rstrip("\r")


@dataclass(frozen=True, repr=False)
class Reworded(Source):
    """A text that is read in other words than it was written in: a table, as the spec language says it.

    ``words`` have for each of their characters, and for the end, where in ``written`` is what it stands for.
    """

    words: Plain

    @property
    def _plain(self) -> Plain:
        return self.words


_EXCERPT = 60
"""Characters of a text that a repr shows."""


class Span(NamedTuple):
    """The characters from ``start`` up to, not including, ``end``."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        return self.source.position(self.written[0])[0]

    @property
    def column(self) -> int:
        return self.source.position(self.written[0])[1]

    @property
    def written(self) -> tuple[int, int]:
        """The same characters in what was written: one may stand for two, and one for none."""
        start = self.source.written_at(self.start)
        return start, self.source.written_at(self.end - 1) + 1 if self.end > self.start else start

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def place(self) -> str:
        """File, line and column."""
        return f"{self.source.name}:{self.line}:{self.column}"

    @property
    def excerpt(self) -> str:
        """The text on one line, its end left out if it is long."""
        text = " ".join(self.text[: 4 * _EXCERPT].split())
        is_cut = len(text) > _EXCERPT or self.end - self.start > 4 * _EXCERPT
        return f"{text[:_EXCERPT]}…" if is_cut else text

    def __repr__(self) -> str:
        return f"Span({self.place}, {self.excerpt!r})"

    def holds(self, other: "Span") -> bool:
        """Whether another place begins in this one."""
        return self.source == other.source and self.start <= other.start < self.end

    def begins(self, pattern: re.Pattern[str]) -> "Span | None":
        """What a pattern matches from the start of this span on, also beyond its end."""
        found = pattern.match(self.source.text, self.start)
        return None if found is None else Span(self.source, *found.span())

    def first(self, pattern: re.Pattern[str], outside: re.Pattern[str]) -> "Span | None":
        """Where the pattern is found first in it, but for what is ``outside``'s."""
        found = pattern.search(outside.sub(lambda other: " " * len(other[0]), self.text))
        return None if found is None else Span(self.source, self.start + found.start(), self.start + found.end())

    def to(self, other: "Span") -> "Span":
        """From the start of this span to the end of the other."""
        return Span(self.source, self.start, other.end)


NOWHERE = Span(Source("", ""), 0, 0)
"""The place of what no text said, but the tool made."""


class Placed(str):
    """Some text, and the place where it was read: a name, a key, a value. The place doesn't count in equality."""

    __slots__ = ("span",)

    span: Span

    def __new__(cls, text: str, span: Span) -> Self:
        placed = str.__new__(cls, text)
        placed.span = span
        return placed

    @classmethod
    def by_call(cls, option: str, text: str) -> Self:
        """What a call gives by an option: it stands in a text of its own."""
        return cls(text, Span(Source(option, text), 0, len(text)))

    def part(self, start: int, end: int | None = None) -> "Placed":
        """Some of its characters, given as of a slice; with their place, where it stands as it was read."""
        first, last, _ = slice(start, end).indices(len(self))
        span = self.span
        if span.end - span.start == len(self):
            span = Span(span.source, span.start + first, span.start + last)
        return Placed(self[first:last], span)

    def __reduce__(self) -> tuple[type["Placed"], tuple[str, Span]]:
        return Placed, (str(self), self.span)  # what copies are made by


class HasSpan(Protocol):
    """What stands somewhere in a text."""

    @property
    def span(self) -> Span: ...


def as_written(it: HasSpan) -> str:
    """The repr of what holds much: where it stands and what is written there, on one line."""
    return f"{type(it).__name__}({it.span.place}, {it.span.excerpt!r})"
