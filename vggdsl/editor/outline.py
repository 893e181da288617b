"""What a text is made of, for its outline, and what of it can be folded away."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from vggdsl.editor.statements import BRACKETS, Statement
from vggdsl.editor.words import Words
from vggdsl.language.notations import Lexeme
from vggdsl.text.source import Span

What = Literal["block", "claim", "edit", "element", "entry", "file", "input", "measured", "recipe", "rule", "stage"]

_LABELLED = ("REMOVE", "REPLACE", "INSERT_AFTER")


@dataclass(frozen=True)
class Symbol:
    """A part of a text: where it stands with all that is in it, and where its ``name`` does."""

    name: str
    what: What
    span: Span
    head: Span
    detail: str = ""
    inner: tuple["Symbol", ...] = ()


def symbols(words: Words) -> list[Symbol]:
    """The parts of a text in order: blocks, labelled elements or else stages, recipes, claims, what was measured."""
    found, layers = list[Symbol](), list[Lexeme]()
    inner: dict[int, list[Statement]] = {}
    for statement in words.statements.all:
        if statement.within is not None:
            inner.setdefault(id(statement.within), []).append(statement)
    for statement in words.statements.all:
        if statement.within is None:
            symbol = _directive(statement, inner.get(id(statement), []))
            if symbol is not None:
                found.append(symbol)
            elif statement.head not in ("SOURCE", *_LABELLED):
                found += _labelled(statement.words)
                layers += statement.words
    if not any(symbol.what == "element" for symbol in found):
        found += _stages(layers)
    return sorted(found, key=lambda symbol: symbol.span.start)


def _directive(statement: Statement, inner: Sequence[Statement]) -> Symbol | None:
    words = statement.words
    first = words[0].span
    ends = [words[-1].span, *(line.words[-1].span for line in inner)]  # of what is still open the last is in it
    whole = first.to(max(ends, key=lambda span: span.end))

    def symbol(what: What, until: int, *parts: Symbol) -> Symbol:
        head = words[: min(until, len(words))]
        name = " ".join(str(word.word).rstrip(":") for word in head)
        detail = " ".join(str(word.word) for word in words[until:] if word.kind not in ("LBRACE", "RBRACE"))
        return Symbol(name, what, whole, first.to(head[-1].span), _short(detail), parts)

    match statement.head:
        case "BLOCK":
            labels = [each for line in inner for each in _labelled(line.words)]
            return symbol("block", 2, *labels)
        case "USE" | "EXTENDS":
            return symbol("file", 2)
        case "AFTER" | "DEFAULT":
            return symbol("rule", 2)
        case "INPUT" if len(words) > 1:
            end = next((place for place, word in enumerate(words) if word.kind == "RPAR"), 1) + 1
            head = words[:end]
            name = " ".join(str(word.word) for word in head[:1])
            detail = " ".join(str(word.word) for word in head[1:] if word.kind not in (*BRACKETS, *BRACKETS.values()))
            if end == len(words):
                return Symbol(name, "input", whole, first, detail)
            return None
        case "REMOVE" | "REPLACE" | "INSERT_AFTER":
            return symbol("edit", 2)
        case "CLAIM":
            return symbol("claim", 2)
        case "CLAIMS":
            return symbol("claim", 2, *(_line(line, "claim") for line in inner))
        case "TRAIN":
            until = next((place for place, word in enumerate(words) if word.kind == "LBRACE"), len(words))
            return symbol("recipe", max(until, 1), *(_line(line, "entry") for line in inner))
        case "MEASURED":
            said = next((str(line.words[0].word) for line in inner if line.head == "RESULT_LINE"), "")
            return Symbol("measured", "measured", whole, first, _short(said))
        case _:
            return None


def _line(statement: Statement, what: What) -> Symbol:
    first, *rest = statement.words
    last = rest[-1] if rest else first
    detail = _short(" ".join(str(word.word) for word in rest))
    return Symbol(str(first.word).rstrip(":"), what, first.span.to(last.span), first.span, detail)


def _labelled(words: Sequence[Lexeme]) -> Iterator[Symbol]:
    """The elements with labels, each with those in it."""
    at = 0
    while at < len(words):
        if words[at].kind != "LABEL":
            at += 1
            continue
        end = _end(words, at + 1)
        label, element = words[at], words[at + 1 : end]
        last = element[-1] if element else label
        detail = _short(" ".join(str(word.word) for word in element))
        name = label.word.part(0, -1)
        inner = tuple(_labelled(element))
        yield Symbol(str(name), "element", label.span.to(last.span), name.span, detail, inner)
        at = max(end, at + 1)


def _end(words: Sequence[Lexeme], start: int) -> int:
    """Where the element ends that begins at a place: behind its word, or the bracket that closes it."""
    depth = 0
    for place, word in enumerate(words[start:], start):
        depth += (word.kind in (*BRACKETS, "LBRACE")) - (word.kind in (*BRACKETS.values(), "RBRACE"))
        if depth <= 0 and word.kind not in ("CALL", "MERGE", "AUX"):
            behind = words[place + 1].kind if place + 1 < len(words) else ""
            if word.kind == "NUMBER" and behind == "LBRACE":
                continue
            return place + 1
    return len(words)


def _stages(words: Sequence[Lexeme]) -> Iterator[Symbol]:
    """What lies between pools, outside of brackets."""
    depth, stage, number = 0, list[Lexeme](), 1
    for word in words:
        depth += (word.kind in BRACKETS) - (word.kind in BRACKETS.values())
        stage.append(word)
        if word.kind == "POOL" and depth == 0:
            yield _stage(number, stage)
            stage, number = [], number + 1
    if number > 1 and stage:
        yield _stage(number, stage)


def _stage(number: int, words: Sequence[Lexeme]) -> Symbol:
    first, last = words[0].span, words[-1].span
    return Symbol(f"stage {number}", "stage", first.to(last), first, _short(" ".join(str(each.word) for each in words)))


_LONGEST = 60


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


# -- folding


@dataclass(frozen=True)
class Fold:
    """Lines of which the first stays when the others are folded away; counted from 1."""

    first: int
    last: int
    is_comment: bool = False


def folds(words: Words) -> list[Fold]:
    """Sections, blocks and branches over several lines, and comments that stand below each other."""
    found = {fold.first: fold for fold in sorted(_brackets(words), key=lambda fold: fold.last)}
    for fold in _comments(words):
        found.setdefault(fold.first, fold)
    return sorted(found.values(), key=lambda fold: fold.first)


def _brackets(words: Words) -> Iterator[Fold]:
    """What stands in brackets; the line that closes them stays."""
    opened = list[Lexeme]()
    for word in words.lexemes:
        if word.kind in (*BRACKETS, "LBRACE"):
            opened.append(word)
        elif word.kind in (*BRACKETS.values(), "RBRACE") and opened:
            first, last = opened.pop().span.line, word.span.line - 1
            if last > first:
                yield Fold(first, last)


def _comments(words: Words) -> Iterator[Fold]:
    alone, last = list[int](), 0
    for word in words.lexemes:
        line = word.span.line
        if word.kind == "COMMENT" and line != last:
            alone.append(line)
        if word.kind != "_NL":
            last = line
    for _, run in groupby(enumerate(alone), key=lambda each: each[1] - each[0]):
        lines = [line for _, line in run]
        if len(lines) > 1:
            yield Fold(lines[0], lines[-1], is_comment=True)
