"""Choices of numbers that stand in other brackets than theirs, or in none, and words for nothing and for `|`."""

import re
from collections.abc import Iterator

from vggdsl.language.notations.arch.called import kind_called
from vggdsl.language.notations.arch.choosing import read_choice
from vggdsl.language.notations.arch.hints import LONGEST, Hint, fits, is_layer
from vggdsl.language.notations.grammar import CHOICE, parser
from vggdsl.text.errors import Diagnostic
from vggdsl.text.source import Placed, Source, Span

_NUMBER = r"(?:\d+(?:\.\d+)?|\.\d+)%?"
_LISTED = r"(?:[1-9]\d*|0?\.\d+)%?"
"""A number behind a comma that is none of the number before: not as in `4,096`."""
_RANGE = rf"{_NUMBER}\.\.{_NUMBER}(?::{_NUMBER})?"
_NAME = r"[a-z]\w*[ \t]*=[ \t]*"
_GROUP = r"[\[({][^\[\](){}#\"\n]*[\])}]"
_APART = re.compile(r"\Ax[ \t]+", re.IGNORECASE)
_WORD = re.compile(rf"(?:(?<![^\s)\]}}])[xX][ \t]+(?=[\d(\[{{.]))?(?:{_GROUP}|[^\s|(){{}}\[\]\"#,])+")
"""With the numbers behind a repeat, which may stand apart."""
_SIZE = rf"(?:{_NUMBER}x)?{_NUMBER}"
_INSIDE = rf"(?:{_NAME})?(?:{_RANGE}|{_NUMBER}-{_NUMBER}|{_SIZE}(?:[ \t]*(?:\||\bor\b)[ \t]*{_SIZE})+)"
_OPEN = re.compile(
    rf"[\[({{][ \t]*({_INSIDE})[ \t]*[\])}}]|(?<=[a-z/-])({_RANGE})(?![\w.])|(?<=\bx)({_NUMBER}-{_NUMBER})\Z|"
    rf"(?<=-)[\[(][ \t]*({_LISTED}(?:[ \t]*,[ \t]*{_LISTED})+)[ \t]*[\])]",
    re.IGNORECASE,
)
"""Numbers to choose from as people bracket them, or a range without brackets; with commas they are other tools' kernels
and strides, unless channels or features stand there."""
_REPEAT = re.compile(rf"x({CHOICE})", re.IGNORECASE)
_NOTHING = re.compile(r"none|nothing|null|empty|skip|pass|no-?op", re.IGNORECASE)
_BEFORE_ROW = re.compile(rf"[(\[|]\s*(?:{_NAME})?\Z", re.IGNORECASE)

Told = tuple[Span, Hint]
"""A place, and how to mend what stands there."""


def in_braces(source: Source, at: int) -> Told | None:
    """Of a word around a place that holds `[8|16]`, `(8|16)`, `{8-16}` or `8..16`, what it is with `{8|16}`."""
    start = source.text.rfind("\n", 0, at) + 1
    line = source.text[start:].partition("\n")[0]
    near = max(0, at - start - LONGEST), min(len(line), at - start + LONGEST)
    word = next((found for found in _WORD.finditer(line, *near) if found.start() <= at - start < found.end()), None)
    if word is None or re.search(r"\A\W*claim|->", line[: word.start()]):
        return None
    written = _APART.sub("x", word[0])
    meant = _OPEN.sub(lambda found: f"{{{_barred(next(filter(None, found.groups())))}}}", written)
    if meant == written or not (_REPEAT.fullmatch(meant) or is_layer(meant, parser("arch"))):
        return None
    if _REPEAT.fullmatch(meant) and re.search(r"(?:^|[(\[{|])\s*\Z", line[: word.start()]):
        return None  # it repeats nothing
    place, help = Span(source, start + word.start(), start + word.end()), "numbers are chosen from in braces"
    if all(found[0].startswith("{") for found in _OPEN.finditer(written)):
        help = "numbers in braces have bars between, ranges two points"
    if not _is_readable(meant):
        return place, Hint(f"{help}, as in `conv3-{{64|96}}` or `x{{1..4}}`")
    return place, Hint(f"{help}: `{meant}`", meant, is_choice=True)


def _barred(inside: str) -> str:
    inside = re.sub(r"[ \t]*(?:\||,|\bor\b)[ \t]*", "|", inside.strip(), flags=re.IGNORECASE)
    return re.sub(rf"({_NUMBER})-({_NUMBER})\Z", r"\1..\2", inside)


def _is_readable(word: str) -> bool:
    """Whether nothing is wrong with the choices in a repeat or a layer's word, nor with the layers that they make."""
    findings = list[Diagnostic]()
    for choice in re.finditer(CHOICE, word):
        is_rate = "." in choice[0].replace("..", "") or "%" in choice[0]
        read_choice(Placed(choice[0], Span(Source("", word), *choice.span())), "rate" if is_rate else "size", findings)
    return not findings and (_REPEAT.fullmatch(word) is not None or all(map(_fits, _made(word))))


def _made(word: str) -> Iterator[str]:
    """The words of which a word leaves a number open, by the numbers that are written in it."""
    choice = re.search(CHOICE, word)
    if choice is None:
        yield word
        return
    for number in re.split(r"\||\.\.", re.sub(_NAME, "", choice[0][1:-1].partition(":")[0])):
        yield from _made(word[: choice.start()] + number + word[choice.end() :])


def _fits(word: str) -> bool:
    head = re.match(r"[a-z-]*[a-z]", word, re.IGNORECASE)
    kind = kind_called(head[0]) if head else None
    return is_layer(word, parser("arch")) and kind is not None and fits(kind, word)


def nothing(word: Span) -> Told | None:
    """`( ReLU | none )`, `add[ conv3-64 | skip ]`."""
    text, opener = word.source.text, _opener(word)
    if _NOTHING.fullmatch(word.text) is None or opener is None:
        return None
    if _BEFORE_ROW.search(text, opener, word.start) is None or text[word.end :].lstrip()[:1] not in ("|", ")", "]"):
        return None
    is_merge = text[opener] == "["
    help = "`identity` is a branch that changes nothing" if is_merge else "`identity` is nothing: write it there"
    return word, Hint(help, "identity", is_choice=True)


ALTERNATIVES = Hint("what is chosen from stands in ( ), with a `|` between: `( … | … )`")


def alternative(word: Span) -> Told | None:
    """`( conv3-8 or conv5-8 )`; in a merge, whose bars are between branches, they have brackets of their own."""
    before, behind = word.source.text[: word.start].rstrip()[-1:], word.source.text[word.end :].lstrip()[:1]
    if word.text.lower() != "or" or before in ("", *"([|=") or behind in ("", *")]|{#"):
        return None
    opener = _opener(word)
    if opener is None or word.source.text[opener] == "[":
        return word, ALTERNATIVES
    return word, Hint("alternatives have a `|` between", "|", is_choice=True)


def _opener(word: Span) -> int | None:
    """The bracket that a word stands in, if that is one of elements."""
    text, depth = word.source.text, 0
    for place in range(word.start - 1, max(-1, word.start - LONGEST), -1):
        depth += (text[place] in ")]}") - (text[place] in "([{")
        if depth < 0:
            is_call = text[place] == "(" and re.match(r"\w", text[place - 1 : place])
            return None if text[place] == "{" or is_call else place
    return None
