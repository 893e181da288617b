"""Where names stand in a text: of blocks and their parameters, of choices, elements, recipes and files."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Literal

from vggdsl.editor.statements import BRACKETS, Statement
from vggdsl.language.notations import Lexeme
from vggdsl.text.source import Placed

What = Literal["block", "parameter", "choice", "label", "recipe", "file"]

_REF = re.compile(r"\w+(\.\w+)*", re.ASCII)
_NAME = re.compile(r"[a-z][\w-]*", re.IGNORECASE | re.ASCII)
_PARAMETER = re.compile(r"\$([a-z]\w*)", re.IGNORECASE | re.ASCII)
_CHOICE = re.compile(r"\{[ \t]*([a-z]\w*)[ \t]*=", re.IGNORECASE | re.ASCII)
_NO_CHOICES = ("STRING", "UNCLOSED", "COMMENT", "LBRACE")


@dataclass(frozen=True)
class Name:
    """A name where it stands; of `conv2.1.conv1` each part is one."""

    what: What
    word: Placed
    is_definition: bool = False
    path: tuple[str, ...] = ()
    """Of a label those around it, outermost first, and itself; of one that is named what is written, down to it."""
    block: str = ""
    """In which it stands."""
    calls: frozenset[str] = frozenset()
    """Of a label: the blocks that its element calls."""
    is_of_base: bool = False
    """Whether an element of the network that is extended is meant, which may be no more."""
    is_of_elements: bool = False
    """Of a choice: whether it is one of elements, for which no `$` stands."""
    is_measured: bool = False
    """Whether a measured block says it, which nobody may change."""

    def __repr__(self) -> str:
        return f"Name({self.what}, {str(self.word)!r}, {self.word.span.place})"


def names_in(statement: Statement) -> Iterator[Name]:
    """The names in a statement, without those in its braces."""
    match statement.section:
        case "train":
            yield from _in_entry(statement.words)
        case "claims":
            yield from _in_claim(statement.words, 0)
        case "measured" if statement.words[0].word.lower() == "run":
            for word in statement.words:
                yield from (Name("recipe", said, is_measured=True) for said in _said(word, "recipe"))
        case "measured":
            pass
        case _:
            yield from _in_network(statement)


def _in_network(statement: Statement) -> Iterator[Name]:
    words = statement.words
    match statement.head:
        case "USE" | "EXTENDS":
            yield from _files(words[1:2])
        case "BLOCK":
            yield from _in_head_of_block(words)
        case "REMOVE":
            yield from _of_base(_refs(words[1:2]))
        case "CLAIM":
            yield from _in_claim(words, 1)
        case "TRAIN":
            is_named = words[1:2] and words[1].kind != "AS" and _NAME.fullmatch(words[1].word)
            if is_named:
                yield Name("recipe", words[1].word, is_definition=True)
            base = words[2 if is_named else 1 :][:2]
            if len(base) == 2 and base[0].kind == "AS" and _NAME.fullmatch(base[1].word):
                yield Name("recipe", base[1].word)
        case "REPLACE" | "INSERT_AFTER" if len(words) > 1 and words[1].kind in ("LABEL", "INNER_LABEL"):
            place = words[1].word.part(0, -1)
            yield from _of_base(_parts(place))
            outer = tuple(place.split("."))
            yield from _elements(statement, 2, outer if statement.head == "REPLACE" else outer[:-1])
        case "SOURCE" | "CLAIMS" | "MEASURED" | "REPLACE" | "INSERT_AFTER":
            pass
        case "AFTER" | "DEFAULT":
            yield from _elements(statement, 2, ())
        case _:
            yield from _elements(statement, 0, _around(statement))


def _in_head_of_block(words: Sequence[Lexeme]) -> Iterator[Name]:
    if len(words) < 2 or words[1].kind != "CALL":
        return
    name = words[1].word
    yield Name("block", name, is_definition=True)
    for word in words[3:]:
        if word.kind == "RPAR":
            return
        if _NAME.fullmatch(word.word):
            yield Name("parameter", word.word, is_definition=True, block=str(name))


def _around(statement: Statement) -> tuple[str, ...]:
    """The labels of the auxiliary classifiers in which it stands."""
    outer = statement.within
    if outer is None or outer.head == "BLOCK":
        return ()
    before = [word for word in outer.words if word.kind in ("LABEL", "AUX")]
    labels = [one.word[:-1] for one, behind in pairwise(before) if (one.kind, behind.kind) == ("LABEL", "AUX")]
    return (*_around(outer), *labels[-1:])


def _elements(statement: Statement, start: int, outer: tuple[str, ...]) -> Iterator[Name]:
    block, own = "", set[str]()
    if statement.block and len(statement.block.words) > 1:
        block = str(statement.block.words[1].word)
        own = {each.word.lower() for each in _in_head_of_block(statement.block.words) if each.what == "parameter"}
    words, opened, pending = statement.words, list[tuple[str, ...]](), tuple[str, ...]()
    for place, word in enumerate(words[start:], start):
        match word.kind:
            case "LABEL":
                label = word.word.part(0, -1)
                pending = (str(label),)
                path = (*outer, *(each for labels in opened for each in labels), str(label))
                yield Name("label", label, True, path, block, frozenset(_called(words, place + 1)))
                continue
            case "MERGE":
                continue
            case "LPAR" | "LSQB":
                opened.append(pending)
            case "RPAR" | "RSQB" if opened:
                opened.pop()
            case "CALL":
                yield Name("block", word.word, block=block)
            case _ if "$" in word.word and word.kind not in ("STRING", "UNCLOSED"):
                for match in _PARAMETER.finditer(word.word):
                    what: What = "parameter" if block and match[1].lower() in own else "choice"
                    yield Name(what, word.word.part(*match.span(1)), block=block)
            case "CHOSEN":
                chosen = word.word.part(0, len(word.word[:-1].rstrip()))
                yield Name("choice", chosen, is_definition=True, is_of_elements=True)
        if "{" in word.word and word.kind not in _NO_CHOICES:
            for match in _CHOICE.finditer(word.word):
                yield Name("choice", word.word.part(*match.span(1)), is_definition=True)
        pending = ()


def _called(words: Sequence[Lexeme], start: int) -> Iterator[str]:
    """The blocks that the element beginning at a place calls."""
    depth = 0
    for word in words[start:]:
        if word.kind == "CALL":
            yield str(word.word)
        depth += (word.kind in BRACKETS) - (word.kind in BRACKETS.values())
        if depth <= 0 and word.kind not in ("CALL", "MERGE"):
            return


def _in_claim(words: Sequence[Lexeme], first: int) -> Iterator[Name]:
    """In a claim, or a row of them: what it is of, and the recipe of its protocol."""
    on = words[first : first + 1]
    behind = [word.kind for word in words[first + 1 : first + 2]]
    is_figure = on and on[0].kind == "MEASURE" and behind != ["MEASURE"] and behind != ["OPTION"]
    if on and on[0].kind not in ("OPTION", "RESULT_LINE") and not is_figure:
        yield from _refs(on)
    if any(word.kind == "MEASURE" for word in words):
        for word in words:
            yield from (Name("recipe", said) for said in _said(word, "train"))


def _in_entry(words: Sequence[Lexeme]) -> Iterator[Name]:
    if words[0].kind in ("FREEZE", "RATE"):
        yield from _refs([word for word in words[1:] if word.kind not in ("NONE", "TIMES", "REPEAT")])
    for place, word in enumerate(words):
        if word.kind != "FROM":
            continue
        inside = words[place + 2 :]
        end = next((at for at, each in enumerate(inside) if each.kind == "RPAR"), len(inside))
        yield from _files(inside[: min(end, 1)])
        if end and inside[0].kind not in ("STRING", "UNCLOSED", "TORCHVISION") and _REF.fullmatch(inside[0].word):
            yield Name("recipe", inside[0].word)
        yield from _refs(inside[1:end])


def _refs(words: Sequence[Lexeme]) -> Iterator[Name]:
    """Names of elements and layers, and ranges of them."""
    for word in words:
        if word.kind in ("REF_RANGE", "RANGE"):
            first, _, last = word.word.partition("..")
            yield from _parts(word.word.part(0, len(first)))
            yield from _parts(word.word.part(-len(last)))
        elif _REF.fullmatch(word.word):
            yield from _parts(word.word)


def _parts(ref: Placed) -> Iterator[Name]:
    parts = ref.split(".")
    ends = accumulate(len(part) + 1 for part in parts)
    for place, (part, end) in enumerate(zip(parts, ends, strict=True), 1):
        yield Name("label", ref.part(end - 1 - len(part), end - 1), path=tuple(parts[:place]))


def _of_base(names: Iterable[Name]) -> Iterator[Name]:
    return (replace(name, is_of_base=True) for name in names)


def _files(words: Sequence[Lexeme]) -> Iterator[Name]:
    for word in words:
        if word.kind == "STRING":
            yield Name("file", word.word.part(1, -1))


def _said(word: Lexeme, key: str) -> Iterator[Placed]:
    """The value of an option."""
    if word.kind == "OPTION" and word.word.partition("=")[0].lower() == key:
        value = word.word.part(len(key) + 1)
        yield value.part(1, -1) if value.startswith('"') else value
