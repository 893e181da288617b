"""Layers that others have and no spec: of some it is known what they are in one, the rest are told as they are."""

from dataclasses import dataclass, replace
from math import inf
from typing import ClassVar, Literal

from vggdsl.network.ops import AvgPool, Conv, Facts, GlobalAvgPool, Identity, MaxPool
from vggdsl.network.ops.facts import slide, window_text
from vggdsl.network.shapes import Pair, Shape, Sides, Window
from vggdsl.text.errors import ShapeError


@dataclass(frozen=True)
class AdaptiveAvgPool(Facts):
    """PyTorch's mean over windows that are spread evenly; where they lie at unequal distances no spec has it."""

    word: ClassVar[str] = "adaptive avgpool"
    size: Pair

    def out_shape(self, x: Shape) -> Shape:
        return Shape(x.c, *self.size)

    def plain(self, x: Shape) -> Facts:
        h, w = self.size
        if (x.h, x.w) == self.size:
            return Identity()
        if h == w == 1:
            return GlobalAvgPool()
        if x.h % h or x.w % w:
            return self
        stride = Pair(x.h // h, x.w // w)
        return AvgPool(Window(stride, stride))

    @property
    def text(self) -> str:
        return f"an adaptive avgpool to {self.size}"


@dataclass(frozen=True)
class Padding(Facts):
    """Values around a map, a layer of its own elsewhere; in a spec the layer behind it says them."""

    word: ClassVar[str] = "padding"
    sides: Sides
    value: float

    def out_shape(self, x: Shape) -> Shape:
        top, bottom, left, right = self.sides
        return Shape(x.c, x.h + top + bottom, x.w + left + right)

    def plain(self, x: Shape) -> Facts:
        return self if any(self.sides) else Identity()

    def before(self, op: Facts, x: Shape) -> Facts | None:
        """The layer that it and one behind it are together, of ``x``; None where that one adds other values, or has
        other places."""
        whole = op
        if isinstance(op, InnerAvgPool) and op.window.pad_before == (0, 0):  # it pads what hangs over the end
            op = AvgPool(replace(op.window, pad=Pair(0, 0), ceil=True))
        if not isinstance(op, Conv | AvgPool | MaxPool) or self.value != (-inf if isinstance(op, MaxPool) else 0):
            return None
        window = op.window
        (top, left), (bottom, right) = window.pad_before, window.pad_behind
        added = Sides(top, bottom, left, right)
        sides = Sides(*(one + other for one, other in zip(self.sides, added, strict=True)))
        joined = replace(op, window=replace(window, pad=sides))
        try:
            return joined if joined.out_shape(x) == whole.out_shape(self.out_shape(x)) else None
        except ShapeError:
            return None

    @property
    def text(self) -> str:
        return f"a padding by {self.value:g}: {self.sides}"


@dataclass(frozen=True)
class InnerAvgPool(Facts):
    """A mean of what lies inside the map: padding counts for nothing, where a spec's counts as zeros."""

    word: ClassVar[str] = "avgpool"
    window: Window

    @property
    def kind(self) -> str:
        return "an avgpool that leaves padding out"

    def out_shape(self, x: Shape) -> Shape:
        out = slide(self.word, "V201", self.window, x, what="pool")
        return Shape(x.c, out.h, out.w)

    @property
    def text(self) -> str:
        return f"{self.word}{window_text(self.window, Pair(0, 0))} whose padding doesn't count"


@dataclass(frozen=True)
class ByValue(Facts):
    """Arithmetic with one number, or with one for each channel (``by`` is None then), or a function that isn't any
    activation of a spec."""

    word: ClassVar[str] = "arithmetic"
    does: Literal["times", "plus", "minus from", "power", "erf", "divided from"]
    by: float | None = None

    @property
    def text(self) -> str:
        if self.does == "erf":
            return "erf"
        return f"{self.does} {'a number for each channel' if self.by is None else format(self.by, '.6g')}"


@dataclass(frozen=True)
class Affine(Facts):
    """A factor and a summand for each channel: what is left of a BN whose statistics were folded into both."""

    word: ClassVar[str] = "a factor and a summand for each channel"


@dataclass(frozen=True)
class Normal(Facts):
    """Each group of channels with mean 0 and variance 1: a GN before its factors and summands."""

    word: ClassVar[str] = "normalisation"
    groups: int
    eps: float

    @property
    def text(self) -> str:
        return f"a normalisation in {self.groups} groups, eps {self.eps:g}"


@dataclass(frozen=True)
class ChannelPadding(Facts):
    """Zeros before and behind the channels, where a spec has them behind alone."""

    word: ClassVar[str] = "padding of channels"
    before: int
    behind: int

    def out_shape(self, x: Shape) -> Shape:
        return Shape(self.before + x.c + self.behind, x.h, x.w)

    @property
    def text(self) -> str:
        return f"{self.before} channels of zeros before the others, and {self.behind} behind"


@dataclass(frozen=True)
class ChannelMean(Facts):
    """The mean over ``n`` neighbouring channels, zeros beyond the ends: a part of LRN."""

    word: ClassVar[str] = "a mean over neighbouring channels"
    n: int


@dataclass(frozen=True)
class Quotient(Facts):
    """One map by another, or with ``difference`` less another."""

    word: ClassVar[str] = "a quotient"
    difference: bool = False

    def out_shape(self, x: Shape, *others: Shape) -> Shape:
        return x

    @property
    def text(self) -> str:
        return "a difference" if self.difference else "a quotient"


@dataclass(frozen=True)
class Other(Facts):
    """A layer that changes no shape, told by its name."""

    word: ClassVar[str] = "another layer"
    name: str

    @property
    def text(self) -> str:
        return self.name


@dataclass(frozen=True)
class Holds(Facts):
    """A layer of which nothing is known but what it holds: names and shapes."""

    word: ClassVar[str] = "layer"
    of: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def text(self) -> str:
        """
        >>> Holds((("bias", (4,)), ("running_mean", (4,)), ("weight", (4,)))).text
        'bias (4), weight (4) and running statistics'
        """
        parts = [f"{name} ({', '.join(map(str, shape))})" for name, shape in self.of if "running" not in name]
        return (", ".join(parts) or "nothing") + " and running statistics" * (len(parts) < len(self.of))


Foreign = (
    AdaptiveAvgPool
    | Padding
    | InnerAvgPool
    | ByValue
    | Affine
    | Normal
    | ChannelPadding
    | ChannelMean
    | Quotient
    | Other
    | Holds
)
ARITHMETIC = (ByValue, Normal, ChannelPadding, ChannelMean, Quotient)
"""Parts of layers: what a spec has as one may be written in them in a way that nobody knows here."""
