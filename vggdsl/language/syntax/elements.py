"""The elements of a network as they are written, a line of them, and what is printed behind them."""

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from vggdsl.text.figures import Figure
from vggdsl.text.source import Placed, Span, as_written


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


# -- elements


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
