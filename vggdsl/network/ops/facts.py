"""What every op tells of itself, and the defaults that most ops share."""

from dataclasses import dataclass
from math import isqrt, prod
from typing import ClassVar, Literal, NamedTuple

from vggdsl.network.shapes import Pair, Shape, Sides, Window
from vggdsl.text.codes import CodeName
from vggdsl.text.errors import Diagnostic, ShapeError


class Params(NamedTuple):
    """Parameters of a layer: learnable weights and biases, and running statistics."""

    weights: int = 0
    biases: int = 0
    running: int = 0

    @property
    def learnable(self) -> int:
        return self.weights + self.biases

    @property
    def total(self) -> int:
        """With running statistics, as Keras counts."""
        return self.learnable + self.running


class Part(NamedTuple):
    """A tensor that a layer holds: the name that it has in PyTorch, its shape, and what it counts among.

    ``first`` is the value that all of it begins with; None if initialisation draws it.
    """

    name: str
    shape: tuple[int, ...]
    counts: Literal["weights", "biases", "running"]
    first: float | None = None


class Implied(NamedTuple):
    """What goes for an option, or a part of the word, that isn't written; ``source`` says who says so."""

    key: str
    text: str
    source: str = ""


Topic = Literal[
    "activations", "branches", "dilation, strides and padding", "pooling", "other layers", "groups", "epsilon",
    "maps", "output",
]  # fmt: skip


class Unsaid(NamedTuple):
    """What the names and shapes of its tensors don't say of a layer."""

    topic: Topic
    text: str = ""


@dataclass(frozen=True)
class Facts:
    """Pure arithmetic about one op, and what it is; an op overrides what is different for it.

    ``word`` is how it is spelled and named. ``in_place``: its output needs no memory of its own, so that
    it has no activations. ``nonlinear``: two weight layers around it don't collapse into one.
    ``weight_layer``: it counts where a network's layers are counted. ``activation``: it is one by the rules of
    the language. ``passing``: it may stand between a layer and its activation. ``idle``: it changes nothing in
    evaluation. ``any_order``: its inputs may be given in any. ``topic``: what it belongs to where it holds no tensors.
    """

    word: ClassVar[str]
    in_place: ClassVar[bool] = False
    nonlinear: ClassVar[bool] = False
    weight_layer: ClassVar[bool] = False
    activation: ClassVar[bool] = False
    passing: ClassVar[bool] = False
    idle: ClassVar[bool] = False
    any_order: ClassVar[bool] = False
    topic: ClassVar[Topic] = "other layers"

    @property
    def kind(self) -> str:
        return self.word

    @property
    def rectifier(self) -> bool:
        """Whether it is an activation before which a layer is initialised as He et al. do."""
        return False

    # -- arithmetic

    def out_shape(self, x: Shape) -> Shape:
        return x

    def parts(self, x: Shape) -> tuple[Part, ...]:
        """The tensors that it holds for an input of that shape, learnable ones first."""
        return ()

    def params(self, x: Shape) -> Params:
        counts = {"weights": 0, "biases": 0, "running": 0}
        for part in self.parts(x):
            counts[part.counts] += prod(part.shape)
        return Params(**counts)

    def macs(self, x: Shape) -> int:
        """Multiply-adds for one image; biases are not counted."""
        return 0

    def sees(self, x: Shape) -> Window | None:
        """The window of input positions that one output position sees; None for one position."""
        return None

    def plain(self, x: Shape) -> "Facts":
        """The one op by which all are told that compute the same from that shape in evaluation."""
        return self

    # -- as text

    @property
    def text(self) -> str:
        """In the words of the language, with every option that isn't the default."""
        return self.kind

    def tell_shape(self, *xs: Shape) -> str:
        """How its shape comes about, with the numbers in place; nothing if it is the one that comes in."""
        return ""

    def tell_params(self, x: Shape) -> str:
        return f"{self.params(x).learnable:,}"

    def tell_macs(self, x: Shape) -> str:
        return f"{self.params(x).weights:,} weights, each used once = {self.macs(x):,}"

    def implied(self) -> tuple[Implied, ...]:
        """What goes where nothing is written."""
        return ()

    def unsaid(self, x: Shape) -> tuple[Unsaid, ...]:
        """In which it may differ from another whose tensors have the same names and shapes; all, if it has none."""
        return () if self.idle or self.parts(x) else (Unsaid(self.topic, self.text),)

    def tell_elsewhere(self, x: Shape) -> str:
        """What others mean by the same words, with the numbers in place; nothing if they mean the same."""
        return ""


def weight_and_bias(shape: tuple[int, ...], bias: bool) -> tuple[Part, ...]:
    """Those of a layer with ``shape[0]`` outputs, drawn."""
    weight = Part("weight", shape, "weights")
    return (weight, Part("bias", shape[:1], "biases")) if bias else (weight,)


def tell_sum(product: str, params: Params) -> str:
    """Weights as a product, and the biases."""
    biases = f" + {params.biases:,} = {params.learnable:,}" if params.biases else f" = {params.learnable:,}, no biases"
    return product + biases


def divisors(count: int) -> str:
    """What divides a count, as text; of many the least.

    >>> divisors(64), divisors(7)
    ('1, 2, 4, 8, 16, 32 or 64', '1 or 7')
    """
    small = [n for n in range(1, isqrt(count) + 1) if count % n == 0]
    found = sorted({*small, *(count // n for n in small)})
    if len(found) > _MOST_DIVISORS:
        return ", ".join(map(str, found[:_MOST_DIVISORS])) + ", …"
    return " or ".join(", ".join(map(str, found)).rsplit(", ", 1))


_MOST_DIVISORS = 12


def slide(kind: str, code: CodeName, window: Window, x: Shape, what: str = "layer") -> Pair:
    """Positions of a window on a shape, or a ``ShapeError`` if it doesn't fit; ``what`` can be removed then."""
    size, before, behind = Pair(x.h, x.w), window.pad_before, window.pad_behind
    padded = Pair(x.h + before.h + behind.h, x.w + before.w + behind.w)
    if window.extent.h > padded.h or window.extent.w > padded.w:
        given = f"got {x}" + (f", {padded} when padded" if padded != size else "")
        message = f"{kind} needs at least {window.extent}, {given}"
        raise ShapeError(Diagnostic(code, message, help=f"remove a {what}, or enlarge the input"))
    return window.positions(size)


def tell_slide(window: Window, x: Shape) -> str:
    """h' = (h + 2p - d(k - 1) - 1) // s + 1, with the numbers in place."""
    size = Pair(x.h, x.w)
    out = window.positions(size)

    def axis(i: int) -> str:
        before, behind = window.pad_before[i], window.pad_behind[i]
        pad = f"{before} + {behind}" if isinstance(window.pad, Sides) else f"2·{before}"
        room = f"{size[i]} + {pad} - {window.extent[i]}"
        if window.ceil:
            beyond = -(-(size[i] + before + behind - window.extent[i]) // window.stride[i]) + 1 - out[i]
            less = " - 1 that would start beyond it" if beyond else ""
            return f"ceil(({room}) / {window.stride[i]}) + 1{less} = {out[i]}"
        return f"({room}) // {window.stride[i]} + 1 = {out[i]}"

    sides = f", padded by {window.pad}" if isinstance(window.pad, Sides) else ""
    return " and ".join(dict.fromkeys((axis(0), axis(1)))) + sides


def window_text(window: Window, usual: Pair, channels: str = "") -> str:
    """A window behind its word. ``usual`` is the padding that needn't be told; a stride of 1 needn't where there are
    ``channels``."""
    stride = f"/{window.stride.short}" if window.stride != (1, 1) or not channels else ""
    pad = f" pad={window.pad.short}" if window.pad != usual else ""
    dilation = f" dilation={window.dilation.short}" if window.dilation != (1, 1) else ""
    return f"{window.kernel.short}{channels}{stride}{pad}{dilation}{' ceil' if window.ceil else ''}"
