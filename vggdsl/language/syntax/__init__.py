"""The tree of what was written: frozen, with the places of everything, comments included.

Spans don't count in equality: two texts that say the same thing in the same lines are equal. Names, keys and
values that a finding can be about are ``Placed``: nobody has to search the text for them again.

``elements`` are of the network, ``entries`` of recipes and measured blocks; here they come together in the lines of a
document.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from vggdsl.language.syntax.elements import (
    Alternation,
    Argument,
    Aux,
    Call,
    Choice,
    Element,
    Expects,
    Group,
    Input,
    Item,
    Items,
    Layer,
    Measure,
    Merge,
    Option,
    Parameter,
    Size,
    Value,
)
from vggdsl.language.syntax.entries import (
    ALL_BUT,
    Arguments,
    Atom,
    During,
    Entry,
    Results,
    Setting,
)
from vggdsl.text.source import Placed, Source, Span, as_written

__all__ = [
    "ALL_BUT",
    "After",
    "Alternation",
    "Argument",
    "Arguments",
    "Atom",
    "Aux",
    "Block",
    "Call",
    "Choice",
    "Cites",
    "Claim",
    "Claims",
    "Content",
    "Default",
    "Directive",
    "Document",
    "During",
    "Edit",
    "Element",
    "Entry",
    "Expects",
    "Group",
    "Input",
    "Item",
    "Items",
    "Layer",
    "Line",
    "Link",
    "Measure",
    "Measured",
    "Merge",
    "Option",
    "Parameter",
    "Remove",
    "ResultLine",
    "ResultLineClaim",
    "Results",
    "Setting",
    "Size",
    "Train",
    "Value",
]

# -- directives


@dataclass(frozen=True)
class Cites:
    """``source "…"``: what the file follows."""

    text: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True)
class After:
    """``after conv: BN ReLU``; no items for ``none``."""

    kind: str
    items: tuple[Item, ...]
    span: Span = field(compare=False, repr=False)

    __repr__ = as_written


@dataclass(frozen=True)
class Default:
    kind: str
    options: tuple[Option, ...]
    span: Span = field(compare=False, repr=False)

    __repr__ = as_written


@dataclass(frozen=True)
class Block:
    name: Placed
    parameters: tuple[Placed, ...]
    lines: tuple["Line", ...]
    span: Span = field(compare=False, repr=False)
    head: Span = field(compare=False, repr=False)
    """Of ``block name(a, b)``, before the brace."""

    __repr__ = as_written


@dataclass(frozen=True)
class Link:
    """``use "…"`` and ``extends "…"``."""

    verb: Literal["use", "extends"]
    path: Placed
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True)
class Remove:
    first: Placed
    last: Placed | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True)
class Edit:
    """``replace 4a: …`` and ``insert-after 4a: …``."""

    verb: Literal["replace", "insert-after"]
    label: Placed
    items: tuple[Item, ...]
    span: Span = field(compare=False, repr=False)

    __repr__ = as_written


@dataclass(frozen=True)
class Claim:
    """What a source prints: of the network, or of the element or layer ``on``."""

    measures: tuple[Measure, ...]
    span: Span = field(compare=False, repr=False)
    on: Placed | None = None
    protocol: tuple[Option, ...] = ()
    where: str | None = None
    is_row: bool = field(default=False, compare=False, repr=False)
    """Whether it was written as a row of a block, in which figures are spelled as behind arrows."""

    __repr__ = as_written


@dataclass(frozen=True)
class ResultLine:
    """``Epoch 184/2500 - Train Accuracy: 0.9980 - Val Accuracy: … - Test Accuracy: …``.

    The accuracies are kept as printed: their digits tell how exact they are.
    """

    epoch: int
    epochs: int
    train: str
    val: str
    test: str
    span: Span = field(compare=False, repr=False)

    def __str__(self) -> str:
        return (
            f"Epoch {self.epoch}/{self.epochs} - Train Accuracy: {self.train}"
            f" - Val Accuracy: {self.val} - Test Accuracy: {self.test}"
        )


@dataclass(frozen=True)
class ResultLineClaim:
    result: ResultLine
    span: Span = field(compare=False, repr=False)
    where: str | None = None


@dataclass(frozen=True)
class Claims:
    """``claims "Table 2" { … }``, a row a claim. In a document these stand by themselves: a block says no more."""

    lines: tuple["Line", ...]
    span: Span = field(compare=False, repr=False)
    head: Span = field(compare=False, repr=False)
    """Of ``claims "Table 2"``, before the brace."""


# -- sections


@dataclass(frozen=True)
class Train:
    lines: tuple["Line", ...]
    span: Span = field(compare=False, repr=False)
    head: Span = field(compare=False, repr=False)
    """Of ``train name as base``, before the brace."""
    name: Placed | None = None
    base: Placed | None = None

    __repr__ = as_written


@dataclass(frozen=True)
class Measured:
    lines: tuple["Line", ...]
    span: Span = field(compare=False, repr=False)
    head: Span = field(compare=False, repr=False)
    """Of the word ``measured``."""

    __repr__ = as_written


Directive = Cites | After | Default | Block | Link | Remove | Edit | Claim | ResultLineClaim | Train | Measured
Content = Items | Directive | Entry | ResultLine | Results


@dataclass(frozen=True)
class Line:
    """One line, or one bracketed section; ``comment`` stands at its (first) end.

    A line without content is a comment of its own, or blank.
    """

    content: Content | None
    comment: str | None = None


@dataclass(frozen=True)
class Document:
    """A whole text."""

    lines: tuple[Line, ...]

    def __repr__(self) -> str:
        return f"Document({len(self.lines)} lines)"

    @cached_property
    def contents(self) -> tuple[Content, ...]:
        return tuple(line.content for line in self.lines if line.content is not None)

    @property
    def items(self) -> list[Item]:
        """The elements of its lines, one after another: the network."""
        return [item for content in self.contents if isinstance(content, Items) for item in content.items]

    @property
    def source(self) -> Source | None:
        """The text that its first line is of; lines that links brought are of others."""
        return next((content.span.source for content in self.contents), None)

    @property
    def extends(self) -> Link | None:
        """The link to what it changes, if it is a delta."""
        links = (content for content in self.contents if isinstance(content, Link))
        return next((link for link in links if link.verb == "extends"), None)

    @property
    def citation(self) -> str | None:
        """What it follows, if it says so."""
        return next((content.text for content in self.contents if isinstance(content, Cites)), None)
