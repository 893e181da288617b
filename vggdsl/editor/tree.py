"""What stands at a place of a text, from the outermost to the innermost."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from vggdsl.language.syntax import Document, Item
from vggdsl.text.source import Placed, Source, Span


def at(document: Document, source: Source, offset: int) -> list[Any]:
    """Nodes of the syntax, and words that have places of their own, that hold an offset into what is read."""
    return [node for node in _within(document, source, offset) if not isinstance(node, Document)]


def _within(node: Any, source: Source, offset: int) -> Iterator[Any]:
    span = getattr(node, "span", None)
    if isinstance(span, Span):
        if span.source != source or not span.start <= offset <= span.end:
            return
        yield node
    if not isinstance(node, Placed):
        for inner in _parts(node):
            yield from _within(inner, source, offset)


def items(node: Any, source: Source) -> Iterator[Item]:
    """Every element of a text with its label and its arrow, also those in blocks, branches and rules."""
    if isinstance(node, Item) and node.span.source == source:
        yield node
    for inner in _parts(node):
        yield from items(inner, source)


def _parts(node: Any) -> Iterator[Any]:
    """What a node holds that is part of the syntax."""
    if isinstance(node, Span):
        return
    if isinstance(node, tuple):
        yield from node
    elif is_dataclass(node):
        yield from (getattr(node, each.name) for each in fields(node))
