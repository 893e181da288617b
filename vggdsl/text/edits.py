"""What a help offers, as data: characters of a text, and what is to stand in their place."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Self

from vggdsl.text.source import Source, Span

_DIGIT = re.compile(r"\d")
_AROUND = 1000
"""Characters that are looked at before and behind what is taken away."""


@dataclass(frozen=True)
class Edit:
    """``text`` in the place of what the span holds; a span without characters is where it is added."""

    span: Span
    text: str
    is_guess: bool = field(default=False, compare=False)
    """Whether what is there was taken for a misspelling: a person has to look at it."""

    is_choice: bool = field(default=False, compare=False)
    """Whether it says another network, training or claim than was written, or what nobody wrote: one way of several
    that a person has to choose."""

    def __repr__(self) -> str:
        return f"Edit({self.span.place}, {self.span.excerpt!r} -> {self.text!r})"

    @property
    def as_choice(self) -> Self:
        return replace(self, is_choice=True)

    @property
    def keeps_comments(self) -> bool:
        """Whether no comment, or what looks like one, is lost by it."""
        return self.span.text.count("#") <= self.text.count("#")

    @property
    def is_sure(self) -> bool:
        """Whether it leaves no choice: no way of several, and a guess only at a mistyped word, not a number."""
        is_kept = _DIGIT.findall(self.span.text) == _DIGIT.findall(self.text)
        is_word = is_kept and _is_slip(self.span.text.lower(), self.text.lower())
        return not self.is_choice and (not self.is_guess or is_word)


def _is_slip(written: str, meant: str) -> bool:
    """Whether a word is only mistyped, and no name of something else: its parts begin and end as they did, unless
    letters are swapped or missing at the end.

    >>> _is_slip("cnov3", "conv3"), _is_slip("val-acc", "val-accuracy"), _is_slip("asgd", "sgd"), _is_slip("3b", "3a")
    (True, True, False, False)
    """
    parts, others = (re.findall(r"[^\W\d_]+", each) for each in (written, meant))
    is_same = "".join(parts) == "".join(others)
    return is_same or (len(parts) == len(others) and all(map(_is_mistyped, parts, others)))


def _is_mistyped(part: str, other: str) -> bool:
    is_swapped = len(part) > 2 and sorted(part) == sorted(other)
    return is_swapped or (part[0] == other[0] and (part[-1] == other[-1] or other.startswith(part)))


def added_behind(span: Span, text: str) -> Edit:
    """Something added right behind a place."""
    return Edit(Span(span.source, span.end, span.end), text)


def added_before(span: Span, text: str) -> Edit:
    """Something added right before a place."""
    return Edit(Span(span.source, span.start, span.start), text)


def line_before(span: Span, line: str) -> Edit:
    """A line of its own, before the one on which a place begins."""
    start = span.source.text.rfind("\n", 0, span.start) + 1
    return Edit(Span(span.source, start, start), f"{line}\n")


def added_inside(span: Span, text: str) -> Edit:
    """Something added right behind the brace that a section opens."""
    brace = span.start + span.text.index("{") + 1
    return Edit(Span(span.source, brace, brace), text)


def added_at_end(source: Source, line: str) -> Edit:
    """A line added behind all that is written."""
    end = len(source.text.rstrip())
    return Edit(Span(source, end, end), f"\n{line}" if end else line)


def removal_of(word: str, span: Span) -> tuple[Edit, ...]:
    """Takes away a word that stands in a place once; nothing else."""
    text = span.text.lower()
    if text.count(word) != 1:
        return ()
    start = span.start + text.index(word)
    return (removal(Span(span.source, start, start + len(word))),)


def removal(span: Span) -> Edit:
    """Takes away what a place holds, with the comma or the spaces that set it apart from what is before it.

    >>> text = Source("a.arch", "crop(5, 7)  # small")
    >>> removal(Span(text, 8, 9))
    Edit(a.arch:1:7, ', 7' -> '')
    """
    text, start, end = span.source.text, span.start, span.end
    head = text[max(0, start - _AROUND) : start]
    spaces = len(head) - len(head.rstrip(" \t"))
    head = head.rstrip(" \t")
    if head.endswith(","):
        spaces += len(head) - len(head[:-1].rstrip(" \t"))
        return Edit(Span(span.source, start - spaces, end), "")
    rest = text[end : end + _AROUND]
    after = len(rest) - len(rest.lstrip(" \t"))
    rest = rest[after:]
    if rest.startswith(","):
        gap = len(rest) - len(rest[1:].lstrip(" \t"))
        return Edit(Span(span.source, start, end + after + gap), "")
    if head and not head.endswith(("\n", "(", "[", "{")):
        return Edit(Span(span.source, start - spaces, end), "")
    return Edit(Span(span.source, start, end + after), "")


def edited(source: Source, edits: Iterable[Edit]) -> str:
    """What was written, after edits of it that don't overlap."""
    text = source.written
    for edit in sorted(edits, key=lambda each: (each.span.start, each.span.end), reverse=True):
        start, end = edit.span.written
        text = text[:start] + edit.text + text[end:]
    return text
