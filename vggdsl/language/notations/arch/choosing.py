"""Choices of numbers as they are written: ``{64|96}``, ``{w=1..4}``, ``{16|32|64..128:32}``."""

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from vggdsl.language.notations.grammar import CHOICE, parser
from vggdsl.language.syntax import Choice
from vggdsl.language.types import LARGEST
from vggdsl.text.edits import Edit
from vggdsl.text.errors import Diagnostic, Label
from vggdsl.text.source import Placed, Span

StandsFor = Literal["size", "rate", "argument", "option"]
"""What a choice stands in the place of: a size or a repeat, the number of a dropout or an activation, what a call
gives, the value of an option."""

MOST = 10_000
"""Numbers of one choice; more are a slip."""

_NAMED = re.compile(r"[ \t]*([a-z]\w*)[ \t]*=", re.IGNORECASE | re.ASCII)
_NUMBER = r"(\d{1,10}(\.\d{1,10})?|\.\d{1,10})"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(:({_NUMBER}))?", re.ASCII)
_FORMS: dict[StandsFor, str] = {
    "size": r"\d{1,10}",
    "rate": rf"{_NUMBER}%?",
    "argument": rf"{_NUMBER}(e-?\d{{1,3}})?%?",
    "option": rf"{_NUMBER}(e-?\d{{1,3}})?%?|\d{{1,10}}x\d{{1,10}}|[a-z][\w-]*",
}
_SAYS: dict[StandsFor, str] = {
    "size": f"a whole number from 1 to {LARGEST:,}",
    "rate": "a number such as 0.5",
    "argument": "a number",
    "option": "a value of the option",
}


_UNBARRED = re.compile(
    rf"((?<=[-/x(,=])|(?<=conv|pool))\{{\s*([a-z]\w*\s*=\s*)?{_NUMBER}%?((\s*[,;/|]\s*|\s+(or\s+)?){_NUMBER}%?)+\s*\}}",
    re.IGNORECASE | re.ASCII,
)
_ONE_SIDE = re.compile(r"(?<=[a-z/])\{\S*?x(\$[a-z]\w*)", re.IGNORECASE | re.ASCII)


def misplaced_choice(at: Span) -> Diagnostic | None:
    """V117 where a choice begins at a place that takes none, or in a word of which something else is wrong; V116 of
    numbers in braces that have no bars between, or stand on several lines."""
    source, text = at.source, at.source.text
    found = re.compile(CHOICE).match(text, at.start)
    if found is None and _UNBARRED.match(text, at.start):
        here = (Label(Span(source, at.start, at.start + 1), "this one"),)
        help = "bars stand between its numbers, as in `{64|96}`, and the braces are closed on the same line"
        return Diagnostic("V116", "a choice without bars, or of several lines", here, help)
    if found is None or not re.search(r"\||\.\.", found[0]):
        return None
    if (side := _ONE_SIDE.match(text, at.start)) is not None:
        here = (Label(Span(source, *side.span(1)), "here"),)
        help = "it is height and width, `conv$k-64`; for one of two write a choice, `conv{k=1|3}x{k=1|3}-64`"
        return Diagnostic("V117", f"`{side[1]}` can't stand for one side of two", here, help)
    here = (Label(Span(source, *found.span()), "left open"),)
    help = "it stands for a number of a layer, `conv3-{64|96}`, for a repeat, `x{1..4}`, or an argument, `stage({2|3})`"
    return Diagnostic("V117", "no choice can stand here", here, help)


class _UnreadableError(ValueError):
    """A part of a choice that can't be read: what is wrong, how it is mended, and what would be right.

    ``start`` is the place in the part from which on it is wrong.
    """

    def __init__(self, message: str, help: str, instead: str = "", start: int = 0) -> None:
        super().__init__(message)
        self.help, self.instead, self.start = help, instead, start


def read_choice(text: Placed, stands_for: StandsFor, findings: list[Diagnostic]) -> Choice:
    """The choice that a text in braces is; what is wrong with it is added to ``findings``."""
    if stands_for != "option" and (word := re.fullmatch(r"\{([a-z]\w*)\}", text, re.IGNORECASE | re.ASCII)):
        help = f"write `${word[1]}` for the choice, or the parameter, of this name"
        wrong_name = Diagnostic("V116", f"`{text}` leaves nothing to choose", (Label(text.span, "here"),), help)
        findings.append(replace(wrong_name, fixes=(Edit(text.span, f"${word[1]}").as_choice,)))
        return Choice(("1", "2"), text.span)
    named = _NAMED.match(text, 1)
    name = named[1].lower() if named else ""
    parts, first = list[str](), dict[Decimal | str, Placed]()
    before = len(findings)

    def wrong(place: Placed, message: str, help: str, instead: str = "", start: int = 0) -> None:
        fixes = (Edit(place.span, instead),) if instead else ()
        here = Label(place.part(start, len(place)).span, "here")
        findings.append(Diagnostic("V116", message, (here,), help, fixes=fixes))

    pieces = list(_pieces(text, named.end() if named else 1))
    if stands_for == "size" and (both := _both_sides(text, name, pieces)) is not None:
        findings.append(both)
        return Choice(("1", "2"), text.span)
    for piece in pieces:
        try:
            part = _part(piece, stands_for)
        except _UnreadableError as error:
            wrong(piece, str(error), error.help, error.instead, error.start)
            continue
        parts.append(part)
        for option in Choice((part,), piece.span).options:
            value = _value(option)
            if value in first:
                labels = (Label(piece.span, "again"), Label(first[value].span, "first here", primary=False))
                message = f"{option} is chosen from twice in `{text}`"
                findings.append(Diagnostic("V116", message, labels, "name each once"))
                break
            first[value] = piece
    if len(findings) == before and len(first) < 2:
        help = "name several, as in `{64|96}` or `{1..4}`, or write the number alone"
        wrong(text, f"`{text}` leaves nothing to choose", help)
    if len(findings) > before:
        parts = ["1", "2"]
    return Choice(tuple(parts), text.span, name)


def _pieces(text: Placed, start: int) -> Iterator[Placed]:
    """What stands between bars, without the blanks around it."""
    for piece in text[start:-1].split("|"):
        inner = piece.strip(" \t")
        at = start + piece.find(inner)
        yield text.part(at, at + len(inner))
        start += len(piece) + 1


def _both_sides(text: Placed, name: str, pieces: list[Placed]) -> Diagnostic | None:
    """V116 of sizes where a choice is of numbers: `conv{1x3|3x1}-64`."""
    if not all(re.fullmatch(r"\d{1,10}(x\d{1,10})?", piece, re.IGNORECASE | re.ASCII) for piece in pieces):
        return None
    if not (sizes := [piece for piece in pieces if not piece.isdigit()]):
        return None
    from vggdsl.language.notations.arch.hints import is_layer  # what helps is loaded where something is wrong

    start = text.span.start - text.span.column + 1
    words = _ELEMENT.finditer(text.span.source.line(text.span.line))
    word = next(found for found in words if start + found.end() >= text.span.end)
    head, tail = word[0][: text.span.start - start - word.start()], word[0][text.span.end - start - word.start() :]
    if not all(is_layer(f"{head}{piece}{tail}".split()[0], parser("arch")) for piece in pieces):
        return None  # it is channels, or one side of a size
    instead = f"( {f'{name}= ' if name else ''}{' | '.join(f'{head}{piece}{tail}' for piece in pieces)} )"
    whole = Span(text.span.source, start + word.start(), start + word.end())
    here = (Label(sizes[0].span.to(sizes[-1].span), "height and width"),)
    help, fix = f"elements are chosen from in ( ): `{instead}`", Edit(whole, instead).as_choice
    return Diagnostic("V116", "a choice of height and width at once", here, help, fixes=(fix,))


_BESIDE = rf"(?:{CHOICE}|[^\s|(){{}}\[\]\"#,])"
_ELEMENT = re.compile(rf"{_BESIDE}+(?:[ \t]+(?:[a-z][a-z0-9_-]*={_BESIDE}+|ceil(?![\w=-])))*", re.IGNORECASE)
"""A layer's word and its options."""


def _part(piece: str, stands_for: StandsFor) -> str:
    """A number or a range in its one form. Raises ``_UnreadableError``."""
    if not piece:
        raise _UnreadableError("a choice of nothing", "write a number between the bars; `( identity | … )` leaves out")
    if stands_for == "size" and re.match(r"0+(\.\.|$)", piece):
        help = "write what may be left out beside `identity`, as in `( conv3-64 x{1..2} | identity )`"
        raise _UnreadableError("there is no 0 to choose here", help)
    if (found := _RANGE.fullmatch(piece)) is not None:
        low, high = (_number(each, stands_for) for each in (found[1], found[4]))
        return _range(low, high, _step(found[8], found.start(8), stands_for) if found[8] else "")
    if ".." in piece:
        _refuse_range(piece, stands_for)
    if re.fullmatch(_FORMS[stands_for], piece, re.IGNORECASE | re.ASCII) is None:
        raise _UnreadableError(f"`{piece}` is nothing to choose here", f"{_SAYS[stands_for]} can stand here")
    return _number(piece, stands_for)


_THREE = "a range of three numbers"


def _refuse_range(piece: str, stands_for: StandsFor) -> None:
    """Raises ``_UnreadableError`` for a range that is written as none is."""
    meant = re.sub(r"[ \t]*(\.\.|:)[ \t]*", r"\1", piece)
    message, help, start = "a range with spaces in it", f"write {meant}", 0
    if meant.count("..") == 2:
        meant = ":".join(meant.rsplit("..", 1))
        message, help = _THREE, f"a step stands behind a colon: write {meant}"
    if down := re.fullmatch(rf"({_NUMBER})\.\.({_NUMBER}):-({_NUMBER})", meant, re.ASCII):
        message, start = f"a step of -{down[7]}", piece.index("-")
        if Decimal(down[1]) <= Decimal(down[4]):  # which has no numbers, and no other that are surely meant
            raise _UnreadableError(message, "a range goes up, and so does its step, as in 64..512:64", start=start)
        meant = f"{down[4]}..{down[1]}:{down[7]}"
        help = f"a range goes up: write {meant}"
    if _RANGE.fullmatch(meant) is None:
        return
    try:
        _part(meant, stands_for)
    except _UnreadableError as other:
        if message == _THREE:
            raise _UnreadableError(_THREE, f"{help.partition(':')[0]}, as in 64..512:64") from None
        raise _UnreadableError(str(other), other.help, other.instead) from None
    raise _UnreadableError(message, help, meant, start)


def _step(by: str, start: int, stands_for: StandsFor) -> str:
    if Decimal(by) == 0:
        help = "leave it out, or write how far one number is from the next"
        raise _UnreadableError("a step of 0", help, start=start)
    if stands_for == "size" and not by.isdigit():
        raise _UnreadableError(f"a step of {by}", "from one whole number to the next it is a whole number", start=start)
    return _number(by, stands_for)


def _range(low: str, high: str, by: str) -> str:
    first, last, step = Decimal(low), Decimal(high), Decimal(by or 1)
    said = f":{by}" if by else ""
    if first > last:
        turned = f"{high}..{low}{said}"
        if (first - last) % step:
            help = "begin with the smaller number, and end where the step leads, as in 64..512:64"
            raise _UnreadableError(f"the range {low}..{high}{said} runs backwards", help)
        raise _UnreadableError(f"the range {low}..{high} runs backwards", f"write {turned}", turned)
    if not by and (first != int(first) or last != int(last)):
        help = f"say the step, as in {low}..{high}:0.1"
        raise _UnreadableError(f"the range {low}..{high} has no step", help)
    if (last - first) // step >= MOST:
        bound = (last - first) / MOST
        is_whole = not by or all(each.isdigit() for each in (low, high, by))
        least = f"of {int(bound) + 1:,} or more" if is_whole else f"over {bound:f}"
        help = f"{'it takes a larger step' if by else 'say a step'}, {least}: {low}..{high}:…"
        raise _UnreadableError(f"more than {MOST:,} numbers to choose from", help)
    if (last - first) % step:
        ends = first + (last - first) // step * step
        help = f"its last number is {ends}: end it there, or choose another step"
        raise _UnreadableError(f"the range {low}..{high}{said} doesn't meet {high}", help)
    return f"{low}..{high}{said}"


def _number(text: str, stands_for: StandsFor) -> str:
    if stands_for != "size":
        return str(text)
    if not text.isdigit() or not 1 <= int(text) <= LARGEST:
        raise _UnreadableError(f"`{text}` is nothing to choose here", f"{_SAYS[stands_for]} can stand here")
    return str(int(text))


def _value(option: str) -> Decimal | str:
    """By which options are told apart."""
    if re.fullmatch(_FORMS["argument"], option, re.ASCII) is None:
        return option
    return Decimal(option.rstrip("%")) / (100 if option.endswith("%") else 1)
