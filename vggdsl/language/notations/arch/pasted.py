"""Python that stands around pasted layers: what holds them, and the commas between them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from vggdsl.language.notations.arch.misplaced import separated
from vggdsl.language.notations.arch.sections import in_section
from vggdsl.language.notations.arch.words import WITHOUT_HOLDER, unknown_word, whole_call
from vggdsl.text.errors import Diagnostic, Label
from vggdsl.text.source import Source, Span

_HOLDER = re.compile(
    r"(?<![\w.])(?:return[ \t]+)?(?:[\w.]+[ \t]*=[ \t]*)?(?:\w+\.)*(?:Sequential|ModuleList|(?<=\.)add)[ \t]*\Z",
    re.IGNORECASE,
)
_LIST = re.compile(r"\(\s*\[")
_NAMED = re.compile(r"^[ \t]*([a-z]\w*\.)*[a-z]\w*[ \t]*\+?=[ \t]*\Z", re.IGNORECASE)


class Pasted(NamedTuple):
    """What is told of Python around layers, and the places without which these can be read."""

    told: Diagnostic
    places: Sequence[Span]


def around_layers(source: Source, text: str, at: int, pairs: Sequence[tuple[int, int]]) -> Pasted | None:
    """The Python that a place which can't be read stands in.

    ``text`` is what is left of the source's, as long as that; ``pairs`` are the places of its brackets.
    """
    return _holder(source, text, at, dict(pairs)) or _commas(source, text, at, pairs)


def _holder(source: Source, text: str, at: int, closers: Mapping[int, int]) -> Pasted | None:
    """What holds layers: `model = Sequential([ … ])`, `nn.Sequential( … )`, `model.add( … )`, `layers = [ … ]`."""
    for opener in sorted(each for each, closer in closers.items() if each <= at <= closer):
        line = text.rfind("\n", 0, opener) + 1
        pattern = _HOLDER if text[opener] == "(" else _NAMED if _has_calls(text, opener, closers) else None
        holder = pattern and pattern.search(text[line:opener])
        if not holder or in_section(source, opener):
            continue
        inner = listed.end() - 1 if (listed := _LIST.match(text, opener)) else opener
        end, start = closers[inner], line + holder.end() - len(holder[0].lstrip())
        head = Span(source, start, inner + 1)
        commas = (Span(source, comma, comma + 1) for comma in _commas_between(text, inner, end, closers))
        return Pasted(unknown_word(head, WITHOUT_HOLDER), [head, *commas, Span(source, end, closers[opener] + 1)])
    return None


def _has_calls(text: str, opener: int, closers: Mapping[int, int]) -> bool:
    return text[opener] == "[" and any(opener < other < closers[opener] and text[other] == "(" for other in closers)


def _commas_between(text: str, opener: int, closer: int, closers: Mapping[int, int]) -> Iterator[int]:
    """The commas in a pair of brackets that stand in none inside."""
    place = opener + 1
    while place < closer:
        if text[place] == ",":
            yield place
        place = closers.get(place, place) + 1


def _commas(source: Source, text: str, at: int, pairs: Sequence[tuple[int, int]]) -> Pasted | None:
    """The commas between calls of layers: `nn.Conv2d(3, 64, 3), nn.ReLU(),`."""
    if text[at : at + 1] != "," or in_section(source, at):
        return None
    places, outer = list[Span](), -1
    for opener, closer in sorted(pairs):
        comma = re.compile(r"[ \t]*,").match(source.text, closer + 1)
        if opener < outer or whole_call(source, opener) is None:
            continue
        outer = closer
        if comma is not None and comma.end() > at and text[comma.end() - 1] == ",":
            places.append(Span(source, comma.end() - 1, comma.end()))
    if not places or places[0].start != at:
        return None
    others = len(places) - 1
    behind = "the one behind another layer" if others == 1 else f"the {others} behind other layers"
    help = separated(places[0], None) + (f": remove it, and {behind}" if others else "")
    return Pasted(Diagnostic("V102", "`,` can't stand here", (Label(places[0], "this one"),), help), places)
