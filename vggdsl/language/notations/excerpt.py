"""A part of a text without its markup, each of whose characters knows where it stands."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

from vggdsl.text.source import Source, Span
from vggdsl.text.typography import stands_for


@dataclass(frozen=True)
class Excerpt:
    """``places`` are offsets into the source's text; equal are excerpts that read the same."""

    source: Source = field(compare=False, repr=False)
    text: str
    places: Sequence[int] = field(compare=False, repr=False)

    @classmethod
    def of(cls, source: Source, start: int = 0, end: int | None = None) -> Self:
        """The characters of a source's text in a range; as typed, also behind a `#`, where a source keeps them."""
        end = len(source.text) if end is None else end
        text = source.text[start:end]
        if not text.isascii():
            text = "".join(typed if len(typed := stands_for(char) or char) == 1 else char for char in text)
        return cls(source, text, range(start, end))

    def __len__(self) -> int:
        return len(self.text)

    def __bool__(self) -> bool:
        return bool(self.text)

    def __getitem__(self, part: slice) -> "Excerpt":
        return Excerpt(self.source, self.text[part], self.places[part])

    def __add__(self, other: "Excerpt") -> "Excerpt":
        return Excerpt(self.source, self.text + other.text, [*self.places, *other.places])

    def span(self, start: int = 0, end: int | None = None) -> Span:
        """Where some of its characters stand; of none, where they would."""
        part = self.places[start:end]
        if part:
            return Span(self.source, part[0], part[-1] + 1)
        at = self.places[start] if start < len(self.places) else self.places[-1] + 1 if self.places else 0
        return Span(self.source, at, at)

    def part(self, match: re.Match[str], group: int | str = 0) -> "Excerpt":
        """What a pattern found in it."""
        return self[slice(*match.span(group))]

    def strip(self) -> "Excerpt":
        start = len(self.text) - len(self.text.lstrip())
        return self[start : max(start, len(self.text.rstrip()))]

    def split(self, pattern: str) -> list["Excerpt"]:
        """The parts between what a pattern finds, as ``re.split`` without groups."""
        parts, at = list[Excerpt](), 0
        for match in re.finditer(pattern, self.text):
            parts.append(self[at : match.start()])
            at = match.end()
        return [*parts, self[at:]]

    def sub(self, pattern: str | re.Pattern[str], by: str | Callable[[re.Match[str]], str]) -> "Excerpt":
        """With other characters for what a pattern finds; they stand where that stood."""
        text, places, at = list[str](), list[int](), 0
        for match in re.finditer(pattern, self.text):
            new = by if isinstance(by, str) else by(match)
            text += self.text[at : match.start()], new
            places += (*self.places[at : match.start()], *_spread(self.places[slice(*match.span())], len(new)))
            at = match.end()
        if not text:
            return self
        return Excerpt(self.source, "".join((*text, self.text[at:])), [*places, *self.places[at:]])


def _spread(places: Sequence[int], count: int) -> list[int]:
    """Places for so many characters that stand for those at some places: the first and the last are kept."""
    if not places or not count:
        return []
    if len(places) == count:
        return list(places)
    return [*[places[0]] * (count - 1), places[-1]] if count > 1 else [places[0]]


def joined(parts: Iterable[Excerpt], between: str, source: Source) -> Excerpt:
    """Parts with characters between; these stand where the part before them ends."""
    text, places = list[str](), list[int]()
    for index, part in enumerate(parts):
        if index and between:
            at = places[-1] if places else (part.places[0] if part.places else 0)
            text.append(between)
            places += [at] * len(between)
        text.append(part.text)
        places += part.places
    return Excerpt(source, "".join(text), places)
