"""The tree of what was written: frozen, with the places of everything, comments included.

Spans don't count in equality: two texts that say the same thing in the same lines are equal. Names, keys and
values that a finding can be about are ``Placed``: nobody has to search the text for them again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Literal

from vggdsl.text.figures import Figure
from vggdsl.text.source import Placed, Source, Span, as_written


@dataclass(frozen=True)
class Parameter:
    """A block's parameter where a number could stand: ``$a``, or ``$a%`` where it is a percentage."""

    name: str
    unit: str = ""

    def __str__(self) -> str:
        return f"${self.name}{self.unit}"


@dataclass(frozen=True)
class Choice:
    """Numbers where one could stand, of which a network takes one: ``{64|96}``, ``{w=1..4|8}``.

    It is one choice wherever a choice of its ``name`` stands; without a name it is one with its place.
    """

    parts: tuple[str, ...]
    """Numbers, and ranges of them: ``64..128:32``; in an option also words."""
    span: Span = field(compare=False, repr=False)
    name: str = ""

    def __str__(self) -> str:
        return f"{{{self.name}{'=' if self.name else ''}{'|'.join(self.parts)}}}"

    @cached_property
    def options(self) -> tuple[str, ...]:
        """Each number, those of ranges written out.

        >>> from vggdsl.text.source import NOWHERE
        >>> Choice(("16", "64..128:32"), NOWHERE).options
        ('16', '64', '96', '128')
        """
        return tuple(option for part in self.parts for option in _within(part))


def _within(part: str) -> list[str]:
    first, dots, rest = part.partition("..")
    if not dots:
        return [part]
    last, _, step = rest.partition(":")
    low, by = Decimal(first), Decimal(step or 1)
    return [str(low + i * by) for i in range(int((Decimal(last) - low) // by) + 1)]


Value = int | Parameter | Choice
Argument = int | str | Parameter | Choice
"""What a call gives a parameter; a string is a number as written, such as ``0.5``, ``0`` or ``40%``."""


@dataclass(frozen=True)
class Size:
    """A size as printed, H×W or H×W×C; a vector is (n,)."""

    numbers: tuple[int, ...]

    def __str__(self) -> str:
        return "x".join(map(str, self.numbers))


@dataclass(frozen=True)
class Option:
    """``pad=1``; at a layer the bare word ``ceil`` is ``ceil=yes``."""

    key: Placed
    value: Placed
    span: Span = field(compare=False, repr=False)
    quoted: bool = False
    choice: Choice | None = field(default=None, compare=False, repr=False)
    """What its value is read as, where that is one."""

    def __str__(self) -> str:
        return f'{self.key}="{self.value}"' if self.quoted else f"{self.key}={self.value}"


# -- the network


@dataclass(frozen=True)
class Layer:
    """A layer's word. What a kind doesn't have is None."""

    kind: str
    span: Span = field(compare=False, repr=False)
    kernel: tuple[Value, Value] | None = None
    width: Value | None = None
    """Channels of a convolution; the number of what is spelled like ``FC-10``."""
    stride: tuple[Value, Value] | None = None
    rate: str | Parameter | Choice | None = None
    """Of a dropout, as written: ``0.5``, ``40%``; the constant of an activation, ``0.1``."""
    options: tuple[Option, ...] = ()
    by_parameters: bool = field(default=False, compare=False, repr=False)
    """Whether a call of its block gave it numbers: another call may give others."""

    __repr__ = as_written

    @property
    def written(self) -> frozenset[str]:
        """What of it was written: the keys of its options, and the parts of its word, also a rate's ``percent``."""
        parts = ("kernel", "width", "stride", "rate")
        percent = ("percent",) if str(self.rate).endswith("%") else ()
        return frozenset(
            (*(o.key for o in self.options), *(p for p in parts if getattr(self, p) is not None), *percent)
        )


@dataclass(frozen=True)
class Input:
    size: Size
    words: tuple[Placed, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True)
class Merge:
    kind: str
    branches: tuple[tuple["Item", ...], ...]
    span: Span = field(compare=False, repr=False)

    __repr__ = as_written


@dataclass(frozen=True)
class Group:
    items: tuple["Item", ...]
    span: Span = field(compare=False, repr=False)

    __repr__ = as_written


@dataclass(frozen=True)
class Call:
    name: Placed
    arguments: tuple[Argument, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True)
class Aux:
    weight: Figure
    items: tuple["Item", ...]
    span: Span = field(compare=False, repr=False)

    __repr__ = as_written


@dataclass(frozen=True)
class Alternation:
    """``( maxpool | avgpool )``: rows of elements of which a network has one; `identity` alone is nothing.

    Alternations of one ``name`` take the alternative of the same place.
    """

    alternatives: tuple[tuple["Item", ...], ...]
    span: Span = field(compare=False, repr=False)
    name: str = ""

    __repr__ = as_written


Element = Layer | Input | Merge | Group | Call | Aux | Alternation


@dataclass(frozen=True)
class Measure:
    """A measure and the figure printed for it: ``params 138M``, ``weights=2.7Ki disputed "…"``."""

    name: str
    figure: Figure | Size
    span: Span = field(compare=False, repr=False)
    disputed: str | None = None
    dispute: Span | None = field(default=None, compare=False, repr=False)
    """Where that stands: the word and the reason."""

    @property
    def printed(self) -> str:
        """The figure alone, as text."""
        return str(self.figure) if isinstance(self.figure, Size) else self.figure.text


@dataclass(frozen=True)
class Expects:
    """``-> 28x28x256 weights=159Ki``: what a table's row prints about the element."""

    size: Size | None
    figures: tuple[Measure, ...]
    span: Span = field(compare=False, repr=False)

    __repr__ = as_written


@dataclass(frozen=True)
class Item:
    """An element with its label, repeat and printed figures."""

    element: Element
    span: Span = field(compare=False, repr=False)
    label: Placed | None = None
    repeat: int | Parameter | Choice | None = None
    expects: Expects | None = None

    __repr__ = as_written

    @property
    def times(self) -> int:
        """How often it stands in a network: once where nothing is said, or nothing that could be counted."""
        return self.repeat if isinstance(self.repeat, int) and self.repeat else 1


@dataclass(frozen=True)
class Items:
    """A line of layers."""

    items: tuple[Item, ...]
    span: Span = field(compare=False, repr=False)

    __repr__ = as_written


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


ALL_BUT = "all but "
"""Before the names of the layers that aren't meant."""


@dataclass(frozen=True)
class Atom:
    """A value in a section: a word, a number, a range, a string or a size, as written.

    Of the kind ``layers`` are names of layers that are no words, ``conv2.a.conv1``, their ranges, and ``all but fc8``,
    of the kind ``times`` factors, ``x10``.
    What is ``foreign`` nothing takes: ``(0.9, 0.999)``, ``model.parameters()``, ``'relu'``.
    """

    text: str
    kind: Literal["word", "number", "range", "string", "size", "layers", "times", "foreign"]
    span: Span = field(compare=False, repr=False)

    def __str__(self) -> str:
        return f'"{self.text}"' if self.kind == "string" else self.text


@dataclass(frozen=True)
class During:
    """``1..20: 1e-3``: a value for a range of epochs."""

    epochs: str
    value: str
    span: Span = field(compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.epochs}: {self.value}"


Arguments = Sequence[Atom | Option | During]
"""What stands in the brackets of a call."""


@dataclass(frozen=True)
class Setting:
    """``crop(32, pad=4)``."""

    name: Placed
    arguments: tuple[Atom | Option | During, ...]
    span: Span = field(compare=False, repr=False)
    slip: Placed | None = field(default=None, compare=False, repr=False)
    """What code has in its brackets, and the language hasn't: `lr = 0.1`, or a comma behind the last value."""

    __repr__ = as_written

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True)
class Entry:
    key: Placed
    values: tuple[Atom | Option | Setting, ...]
    span: Span = field(compare=False, repr=False)
    is_keyed: bool = True
    """Whether its key stands before its values: `epochs=40` and `crop(32)` are entries of other tools."""

    __repr__ = as_written

    @property
    def written(self) -> str:
        """The values as text."""
        return " ".join(map(str, self.values))

    @property
    def is_steps(self) -> bool:
        """Whether it is a schedule that says itself how long the training is."""
        return self.key == "schedule" and any(isinstance(v, Setting) and v.name == "steps" for v in self.values)


@dataclass(frozen=True)
class Results:
    """Measures in a measured block, with their protocol."""

    measures: tuple[Measure, ...]
    protocol: tuple[Option, ...]
    span: Span = field(compare=False, repr=False)

    __repr__ = as_written


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

    @property
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
