"""Calls of layers, as Python and PyTorch's prints have them, read by a grammar: nothing is run."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lark import Token, Tree, UnexpectedInput
from lark.exceptions import UnexpectedToken

from vggdsl.language.notations.arch.absent import missing
from vggdsl.language.notations.arch.foreign import differs
from vggdsl.language.notations.draft import UnreadableError
from vggdsl.language.notations.grammar import parser
from vggdsl.text.errors import Diagnostic, Label, ParseError
from vggdsl.text.source import Source, Span


@dataclass(frozen=True)
class Atom:
    """A number, a name or a string, as it is written."""

    text: str
    at: Span

    @property
    def word(self) -> str:
        """Without the quotes of a string."""
        return self.text.strip("'\"")


@dataclass(frozen=True)
class Listed:
    """What stands in round or square brackets."""

    values: "tuple[Value, ...]"
    at: Span

    @property
    def text(self) -> str:
        return f"({', '.join(value.text for value in self.values)})"


@dataclass(frozen=True)
class Call:
    """What is called, and what is given to it by its place and by its name."""

    name: str
    places: "tuple[Value, ...]"
    named: "Mapping[str, Value]"
    at: Span
    to: "tuple[Value, ...]" = ()
    """What the layer that a call makes is applied to: of ``Conv2D(8, 3)(x)`` x."""

    @property
    def text(self) -> str:
        named = (f"{key}={value.text}" for key, value in self.named.items())
        return f"{self.name}({', '.join([*(value.text for value in self.places), *named])})"

    @property
    def bare(self) -> str:
        """Its name without the modules before it: ``Conv2d`` of ``nn.Conv2d``."""
        return self.name.rpartition(".")[2]

    def without(self, *keys: str) -> "Call":
        return self.given({key: value for key, value in self.named.items() if key not in keys})

    def given(self, named: "Mapping[str, Value]") -> "Call":
        return Call(self.name, self.places, named, self.at, self.to)


Value = Atom | Listed | Call


def wordless(call: Call) -> UnreadableError:
    """What is said of a layer that the spec language doesn't have."""
    word = f"{call.bare}{call.text[len(call.name) :]}"
    help = missing(word) or differs(word) or "write the network in the spec language"
    return UnreadableError(f"`{call.text}` has no words in the spec language", call.at, help)


def tree_of(source: Source, grammar: str, what: str) -> Tree[Token]:
    """A text by a grammar. Raises ``ParseError`` V115 at what stands in none of its rules."""
    not_too_deep(source, what)
    try:
        return parser(grammar).parse(source.text)
    except UnexpectedInput as error:
        raise ParseError(stranger(source, error, what)) from None


def stranger(source: Source, error: UnexpectedInput, what: str) -> Diagnostic:
    """What is said of what stands in none of a grammar's rules."""
    help = "leave in what says layers"
    at, token = error.pos_in_stream or 0, error.token if isinstance(error, UnexpectedToken) else None
    if token is not None and token.type == "OTHER":
        token = None
    word = re.compile(r"\s*(\w+|\S|\Z)").match(source.text, at)
    span = Span(source, *word.span(1)) if word is not None else Span(source, at, at + 1)
    message = f"`{span.text}` can't stand here in {what}"
    if _is_end(error) or not span.text:
        end = len(source.text.rstrip())
        message, span = f"{what} ends too early", Span(source, end, end)
    elif token is None and span.text in RUN:
        return told_by_running(span)
    elif token is not None and token.type == "_NL":
        message, span = f"a line of {what} ends too early", Span(source, at, at)
    elif token is not None and not token.strip():
        message = f"`{span.text}` stands in a column in which no line can begin"
    elif token is not None:
        span = Span(source, at, at + len(token))
        message = f"`{span.text}` can't stand here in {what}"
    return Diagnostic("V115", message, (Label(span, "this"),), help)


RUN = frozenset({"class", "def", "for", "while", "if", "with", "return", "async", "try", "lambda"})
"""Words of Python that say what is done, and when."""


def told_by_running(at: Span) -> Diagnostic:
    message = f"what `{at.text}` does is told by running it, and nothing that is pasted is run"
    help = "write what it does line by line, as calls of layers"
    return Diagnostic("V115", message, (Label(at, "this"),), help)


_DEEPEST = 50
"""How many brackets may stand in each other."""


def not_too_deep(source: Source, what: str) -> None:
    """Raises ``ParseError`` where it has too many brackets in each other."""
    depth = 0
    for at, char in enumerate(source.text):
        depth += (char in "([{") - (char in ")]}")
        if depth > _DEEPEST:
            label = Label(Span(source, at, at + 1), "this bracket")
            raise ParseError(Diagnostic("V115", f"{what} has brackets in each other, too many", (label,), "close some"))


def _is_end(error: UnexpectedInput) -> bool:
    return isinstance(error, UnexpectedToken) and error.token.type == "$END"


def span_of(source: Source, tree: Tree[Token] | Token) -> Span:
    if isinstance(tree, Token):
        return Span(source, tree.start_pos or 0, tree.end_pos or 0)
    return Span(source, tree.meta.start_pos, tree.meta.end_pos)


def value_of(source: Source, tree: Tree[Token] | Token) -> Value:
    """What a part of a tree says, of the grammar ``code`` or one with its rules."""
    at = span_of(source, tree)
    if isinstance(tree, Token):
        return Atom(str(tree), at)
    match tree.data:
        case "call" | "leaf":
            name, *given = tree.children
            return call_of(source, str(name), given, at)
        case "applied":
            inner, *given = tree.children
            made, to = value_of(source, inner), call_of(source, "", given, at)
            assert isinstance(made, Call)
            if made.to or to.named:
                raise ParseError(_unreadable(at, "is applied twice, or to what has a name"))
            return Call(made.name, made.places, made.named, at, to.places)
        case "listed":
            return Listed(tuple(value_of(source, each) for each in tree.children if each is not None), at)
        case "product":
            return Atom("*".join(value_of(source, each).text for each in tree.children), at)
        case _:
            (token,) = tree.children
            return Atom(str(token), at)


def call_of(source: Source, name: str, given: Sequence[Tree[Token] | Token | None], at: Span) -> Call:
    places, named = list[Value](), dict[str, Value]()
    for each in given:
        if each is None:
            continue
        assert isinstance(each, Tree)
        parts: Sequence[Tree[Token] | Token | None] = each.children
        key, value = parts
        assert value is not None
        if key is None:
            if named:
                raise ParseError(_unreadable(span_of(source, each), "stands behind what has a name"))
            places.append(value_of(source, value))
            continue
        word = str(key).rstrip("= \t")
        if word in named:
            raise ParseError(_unreadable(span_of(source, each), "is given twice"))
        named[word] = value_of(source, value)
    return Call(name, tuple(places), named, at)


def _unreadable(at: Span, why: str) -> Diagnostic:
    return Diagnostic("V115", f"`{at.text}` {why}", (Label(at, "this"),), "write it as Python would take it")
