"""Text -> syntax. All that is wrong with the text is reported at once, as far as it can be told."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate

from lark import Token, Tree, UnexpectedInput
from lark.exceptions import UnexpectedToken

from vggdsl.language.notations.arch.comments import attach, blanked, strings_blanked
from vggdsl.language.notations.arch.misclaimed import MEASURE, PRINTED
from vggdsl.language.notations.arch.misplaced import misplaced, said_otherwise
from vggdsl.language.notations.arch.pasted import around_layers
from vggdsl.language.notations.arch.tree import Builder
from vggdsl.language.notations.arch.words import called_layers, unknown_words
from vggdsl.language.notations.grammar import parser
from vggdsl.language.notations.registry import PartlyReadError
from vggdsl.language.syntax import Block, Document, Link
from vggdsl.text.edits import Edit, added_behind
from vggdsl.text.errors import Diagnostic, Label, ParseError
from vggdsl.text.source import Source, Span

LARGEST, MOST_WORDS = 2**18, 20_000
"""Characters and words of a text; more are no spec, and would take seconds to read."""

LONGEST = 200
"""Letters of a label; every layer below it bears them in its name."""

DEEPEST = 40
"""Brackets inside brackets; deeper ones are no network."""

_LONG = re.compile(rf"(?<![\w.])[\w.]{{{LONGEST + 1},}}(?=:)")
_MOST_ERRORS = 10
_MOST_LAYERS = 40
"""Of other tools' layers; each is read for itself, and told."""
_SECTION = re.compile(r"[ \t]*(train|measured|block|claims)\b", re.IGNORECASE)
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_BEFORE = re.compile(rf"{PRINTED.pattern}|->[ \t]*\d[\dx*, \t]*,\s*$|^[ \t]*claim\b[^\"]*,\s*$", re.IGNORECASE)
"""A line that can go on: a comma at its end, behind what is printed about an element, or in a claim."""
_GOES_ON = re.compile(rf"\s*([a-z][\w-]*=|{MEASURE}|disputed\b)", re.IGNORECASE)
"""What can follow such a line: a figure, a word of a protocol, a reason."""


def parse(source: Source) -> Document:
    """The tree of a text.

    Raises ``ParseError`` with every unknown word and up to ten misplaced ones, ``PartlyReadError`` where the others
    could be read.
    """
    _check_length(source)
    pairs = _check_brackets(source)
    text, findings, layers = source.text, list[Diagnostic](), 0
    while True:
        try:
            tree: Tree[Token] = parser("arch").parse(text + "\n")
            break
        except UnexpectedInput as error:
            diagnostic, rest, is_layer = _recover(source, text, error, pairs)
            findings += [diagnostic] if diagnostic is not None else []
            layers += is_layer
            if len(findings) - layers == _MOST_ERRORS or layers == _MOST_LAYERS or rest == text:
                raise ParseError(findings) from None
            text = rest
    builder = Builder(source)
    contents = builder.transform(tree)
    blocks: dict[str, Block] = {c.name: c for c in contents if isinstance(c, Block)}
    calls = [] if any(isinstance(c, Link) for c in contents) else called_layers(builder.calls, blocks)
    inside = {at for span in calls for at in range(span.start, span.end)}
    findings += dict.fromkeys(d for d in builder.findings if d.labels[0].span.start not in inside)
    strangers = sorted([*builder.strangers, *calls], key=lambda span: span.start)
    findings += unknown_words(strangers, parser("arch"), blocks)
    if findings:
        findings.sort(key=lambda d: d.labels[0].span.start)
        raise PartlyReadError(findings, Document(attach(contents, source)))
    return Document(attach(contents, source))


def _check_length(source: Source) -> None:
    for count, most, what in (
        (len(source.text), LARGEST, "characters"),
        (len(source.text.split()), MOST_WORDS, "words"),
    ):
        if count > most:
            message = f"{source.name} has {count:,} {what}"
            raise ParseError(Diagnostic("V111", message, help=f"a spec has at most {most:,}; is this one?"))
    if long := _LONG.search(strings_blanked(source.text)):
        label = Label(Span(source, long.start(), long.end()), "here")
        message = f"a label of {len(long[0]):,} letters"
        raise ParseError(Diagnostic("V111", message, (label,), f"a label has at most {LONGEST}"))


def _check_brackets(source: Source) -> list[tuple[int, int]]:
    """Each bracket meets its partner: told first, since what follows one that doesn't is noise.

    Gives the places of the pairs.
    """
    open_: list[int] = []
    pairs: list[tuple[int, int]] = []
    text, i = source.text, 0
    while i < len(text):
        c = text[i]
        if c == "#":
            i = _end_of_line(text, i)
        elif c == '"':
            closing = text.find('"', i + 1, _end_of_line(text, i))
            if closing < 0:
                end = _end_of_line(text, i)
                label = Label(Span(source, i, end), "opened here")
                wrong = Diagnostic("V103", "a string that never ends", (label,))
                raise ParseError(wrong.helped('add `"`', added_behind(_without_spaces(Span(source, i, end)), '"')))
            i = closing
        elif c in _PAIRS:
            open_.append(i)
            if len(open_) > DEEPEST:
                label, help = Label(Span(source, i, i + 1), "too deep"), "remove brackets that hold nothing else"
                raise ParseError(Diagnostic("V109", f"more than {DEEPEST} brackets inside each other", (label,), help))
        elif c in _PAIRS.values():
            here = Label(Span(source, i, i + 1), f"this `{c}`")
            if not open_:
                wrong = Diagnostic("V103", f"`{c}` closes nothing", (here,))
                raise ParseError(wrong.helped(f"remove the `{c}`", Edit(here.span, "")))
            opener = open_.pop()
            if _PAIRS[text[opener]] != c:
                there = Label(Span(source, opener, opener + 1), "opened here", primary=False)
                message = f"`{text[opener]}` is closed by `{c}`"
                closer = _PAIRS[text[opener]]
                wrong = Diagnostic("V103", message, (here, there))
                raise ParseError(wrong.helped(f"write `{closer}`", Edit(here.span, closer)))
            pairs.append((opener, i))
        i += 1
    if open_:
        label = Label(Span(source, open_[-1], open_[-1] + 1), "opened here")
        closer = _PAIRS[text[open_[-1]]]
        wrong = Diagnostic("V103", f"`{text[open_[-1]]}` is never closed", (label,))
        end = len(text) if closer == "}" else len(blanked(text[: _end_of_line(text, open_[-1])]))
        rest = _without_spaces(Span(source, open_[-1], end))
        added = "\n}" if closer == "}" else f" {closer}"
        raise ParseError(wrong.helped(f"add `{closer}`", added_behind(rest, added)))
    return pairs


def _without_spaces(span: Span) -> Span:
    """The place without the spaces at its end."""
    return Span(span.source, span.start, span.start + len(span.text.rstrip()))


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
                start, end = min(start, line), max(end, _end_of_line(text, closer))
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


def _end_of_line(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _recover(
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
