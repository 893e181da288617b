"""Of a text that can't be read what is wrong, and what is left of it when that is blanked."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate

from lark import UnexpectedInput
from lark.exceptions import UnexpectedToken

from vggdsl.language.notations.arch.comments import blanked, end_of_line
from vggdsl.language.notations.arch.misclaimed import MEASURE, PRINTED
from vggdsl.language.notations.arch.misplaced import misplaced, said_otherwise
from vggdsl.language.notations.arch.pasted import around_layers
from vggdsl.text.errors import Diagnostic
from vggdsl.text.source import Source, Span

_SECTION = re.compile(r"[ \t]*(train|measured|block|claims)\b", re.IGNORECASE)
_BEFORE = re.compile(rf"{PRINTED.pattern}|->[ \t]*\d[\dx*, \t]*,\s*$|^[ \t]*claim\b[^\"]*,\s*$", re.IGNORECASE)
"""A line that can go on: a comma at its end, behind what is printed about an element, or in a claim."""
_GOES_ON = re.compile(rf"\s*([a-z][\w-]*=|{MEASURE}|disputed\b)", re.IGNORECASE)
"""What can follow such a line: a figure, a word of a protocol, a reason."""


def recover(
    source: Source, text: str, error: UnexpectedInput, pairs: list[tuple[int, int]]
) -> tuple[Diagnostic | None, str, bool]:
    """What is wrong, the text with the wrong line blanked, so that the rest can be read; of a layer in other words
    these alone. And whether it is such a layer, or stands around one.

    Nothing new is wrong with the `}` of a block whose every line is blanked already.
    """
    at = error.pos_in_stream if error.pos_in_stream is not None else len(text)
    width = 1
    if isinstance(error, UnexpectedToken):
        token = error.token
        at = len(text) if token.type == "$END" else (token.start_pos or 0)
        width = max(1, len(token.rstrip("\n"))) if token.type not in ("_NL", "$END") else 1
    at = min(at, len(source.text))
    if (pasted := around_layers(source, text, at, pairs)) is not None:
        return pasted.told, _without(text, pasted.places), True
    line = text.rfind("\n", 0, at) + 1
    left = [pair for pair in pairs if not text[pair[0]].isspace()]
    start, end = _damage(source.text, left, *_whole_line(text, at))
    rest = _without(text, [Span(source, start, end)])
    if any(
        closer == at and text[opener + 1 : at].isspace() and _holds_words(source, opener, at)
        for opener, closer in pairs
    ):
        return None, rest, False
    inner = max((opener for opener, closer in pairs if opener < at <= closer), default=None)
    place, before = Span(source, at, min(at + width, len(source.text))), text[line:at]
    if (layer := said_otherwise(place, before, inner)) is not None:
        return layer, _without(text, [layer.labels[0].span]), True
    return misplaced(place, error, before, inner), rest, False


def _without(text: str, places: Iterable[Span]) -> str:
    """The text with spaces in the places."""
    for place in places:
        blank = "".join("\n" if c == "\n" else " " for c in text[place.start : place.end])
        text = text[: place.start] + blank + text[place.end :]
    return text


def _holds_words(source: Source, start: int, end: int) -> bool:
    lines = source.text[start + 1 : end].splitlines()
    return any(line.partition("#")[0].strip() for line in lines)


def _damage(text: str, pairs: list[tuple[int, int]], start: int, end: int) -> tuple[int, int]:
    """The lines from start to end, and those of the brackets that can't be read without them.

    A section's other lines can.
    """
    before = None
    while before != (start, end):
        before = start, end
        for opener, closer in pairs:
            if opener >= end or closer < start:
                continue
            line = text.rfind("\n", 0, opener) + 1
            around = opener < start and closer >= end
            if not (around and text[opener] == "{" and _SECTION.match(text, line)):
                start, end = min(start, line), max(end, end_of_line(text, closer))
    return start, end


def _whole_line(text: str, at: int) -> tuple[int, int]:
    """The line of a place, with those that it goes on from, by the commas at their ends, and that go on from it.

    Where it doesn't go on from them, they are wrong alone.
    """
    lines = blanked(text).split("\n")
    written = [number for number, line in enumerate(lines) if line.strip()]
    first = last = here = text.count("\n", 0, at)
    for number in reversed(written[: bisect_left(written, here)]):
        if not lines[number].rstrip().endswith(","):
            break
        if first == here and not _GOES_ON.match(lines[here]):
            last = number
        first = number
    for number in written[bisect_right(written, last) :] if last == here else []:
        if not (_BEFORE.search(lines[last]) and _GOES_ON.match(lines[number])):
            break
        last = number
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    return starts[first], starts[last + 1] - 1
