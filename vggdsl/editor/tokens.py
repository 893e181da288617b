"""What each word of a text is, for an editor that colours them: told by the words before it, in any text."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from vggdsl.editor.naming import Name
from vggdsl.editor.statements import DIRECTIVES, Statement
from vggdsl.editor.words import Words
from vggdsl.language.dictionary import FORMS
from vggdsl.language.notations import Lexeme
from vggdsl.text.source import Placed, Span

What = Literal[
    "keyword", "type", "number", "string", "comment", "function", "parameter", "property", "variable", "class",
    "enumMember", "operator",
]  # fmt: skip
"""As the protocol calls them: a layer's word is a type, a block that is called a function, the key of an option or
entry and a measure a property, a label a variable, a recipe a class, a word for a value an enumMember."""
WHATS: tuple[What, ...] = get_args(What)


@dataclass(frozen=True)
class Token:
    """A part of a line, and what it is."""

    span: Span
    what: What
    is_definition: bool = False


_OF_NAMES: dict[str, What] = {
    "block": "function",
    **dict.fromkeys(("parameter", "choice"), "parameter"),
    "label": "variable",
    "recipe": "class",
}
_NUMBERS = ("NUMBER", "CHOICE", "SHAPE", "RANGE", "REPEAT", "TIMES", "FORMULA")
_OTHERS: dict[str, What] = {
    **dict.fromkeys(_NUMBERS, "number"),
    **dict.fromkeys(("STRING", "UNCLOSED", "SINGLE", "TORCHVISION"), "string"),
    **dict.fromkeys(("ARROW", "VBAR"), "operator"),
    **dict.fromkeys(("AS", "DISPUTED", "ALL_BUT", "AUX"), "keyword"),
    "COMMENT": "comment",
    "CALL": "function",
    "DOTTED_CALL": "function",
    **dict.fromkeys(("PARAM", "CHOSEN"), "parameter"),
}
"""By the kind of the word, wherever it stands."""
_NUMBER = re.compile(r"~?[\d.,x*]+(?:e-?\d+)?(?:[KMG]i?|B|%)?(?:\.\.[\d.]+)?", re.IGNORECASE | re.ASCII)
_RESULT = re.compile(r"[A-Za-z][A-Za-z ]*[A-Za-z]|[\d.]+")


class _Names:
    """Names in the order in which they stand."""

    def __init__(self, names: Iterable[Name]) -> None:
        self.names = sorted(names, key=lambda name: name.word.span.start)
        self.starts = [name.word.span.start for name in self.names]

    def within(self, word: Placed) -> Iterator[tuple[int, Name]]:
        """Those in a word, with where they begin in it."""
        first, last = bisect_left(self.starts, word.span.start), bisect_left(self.starts, word.span.end)
        for name in self.names[first:last]:
            yield -word.span.start + name.word.span.start, name


def tokens(words: Words) -> list[Token]:
    """The tokens in order; none overlap, and each lies within a line."""
    names = _Names(name for name in words.names if name.what != "file")
    found = [token for statement in words.statements.all for token in _in_statement(statement, names)]
    found += (Token(word.span, "comment") for word in words.lexemes if word.kind == "COMMENT")
    return sorted(found, key=lambda token: token.span.start)


def _in_statement(statement: Statement, names: _Names) -> Iterator[Token]:
    for place, word in enumerate(statement.words):
        if word.kind == "OPTION":
            yield from _of_option(word.word, names)
        elif word.kind == "RESULT_LINE":
            for match in _RESULT.finditer(word.word):
                what: What = "number" if match[0][0].isdigit() else "property"
                yield Token(word.word.part(*match.span()).span, what)
        else:
            yield from _around_names(word.word, names, _what(statement, place, word))


def _what(statement: Statement, place: int, word: Lexeme) -> What | None:
    """What a word is that isn't a name."""
    kind = word.kind
    match statement.section:
        case "train" | "measured":
            if place == 0 and kind not in _OTHERS and kind not in ("LPAR", "LSQB"):
                return "property"
            if kind == "FROM":
                return "function"
            if word.word.lower() == "else":
                return "keyword"
            if kind == "LABEL" or kind in _OTHERS:
                return _OTHERS.get(kind)
            return "property" if kind == "MEASURE" else "enumMember" if word.word[0].isalpha() else None
        case "claims":
            return "property" if kind == "MEASURE" else _OTHERS.get(kind)
        case _:
            if kind in DIRECTIVES and (place == 0 or kind == "INPUT"):
                return "keyword"
            if kind in FORMS or (kind == "LABEL" and statement.head in ("AFTER", "DEFAULT") and place == 1):
                return "type"
            if kind in ("NONE", "CEIL"):
                return "keyword" if kind == "NONE" else "property"
            if statement.head == "CLAIM" and kind == "MEASURE":
                return "property"
            return _OTHERS.get(kind)


def _around_names(word: Placed, names: _Names, what: What | None) -> Iterator[Token]:
    """The names in a word, and its parts around them."""
    at = 0
    for start, name in names.within(word):
        is_parameter = name.what in ("parameter", "choice") and start > 0 and word[start - 1] == "$"
        yield from _rest(word, at, start - is_parameter, what)
        at = start + len(name.word)
        said = word.part(start - is_parameter, at)
        yield Token(said.span, _OF_NAMES[name.what], name.is_definition)
    yield from _rest(word, at, len(word), what)


def _rest(word: Placed, start: int, end: int, what: What | None) -> Iterator[Token]:
    if what != "string" and word[start:end].endswith(":"):
        end -= 1
    if what is not None and word[start:end].strip("./$-"):
        yield Token(word.part(start, end).span, what)


def _of_option(option: Placed, names: _Names) -> Iterator[Token]:
    key, _, value = option.partition("=")
    yield Token(option.part(0, len(key)).span, "property")
    if not value:
        return
    is_number, is_string = _NUMBER.fullmatch(value), value.startswith('"')
    what: What = "string" if is_string else "number" if is_number else "enumMember"
    yield from _around_names(option.part(len(key) + 1), names, what)
