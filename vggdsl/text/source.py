"""A text and places in it."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Self


@dataclass(frozen=True)
class Source:
    """A named text, with its lines counted from 1."""

    name: str
    text: str

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        starts.extend(i + 1 for i, c in enumerate(self.text) if c == "\n")
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line, without its end."""
        start = self._starts[number - 1]
        end = self._starts[number] - 1 if number < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r")


@dataclass(frozen=True)
class Span:
    """The characters from ``start`` up to, not including, ``end``."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        return self.source.position(self.start)[1]

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

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
        placed = super().__new__(cls, text)
        placed.span = span
        return placed

    def __reduce__(self) -> tuple[type["Placed"], tuple[str, Span]]:
        return Placed, (str(self), self.span)  # what copies are made by
