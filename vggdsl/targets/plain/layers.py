"""Each layer kind in PyTorch, as Python: the module that it is made of, and how that is called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from vggdsl.network.infer import TypedNode
from vggdsl.network.ops import (
    FC,
    LRN,
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    Concat,
    Conv,
    Dropout,
    Function,
    GlobalAvgPool,
    GlobalMaxPool,
    GroupNorm,
    Identity,
    Input,
    MaxPool,
    Mul,
    Op,
    PReLU,
    Shuffle,
    Softmax,
    Take,
    Widen,
)
from vggdsl.network.shapes import Pair, Shape, Sides, Window
from vggdsl.targets.plain.code import Argument, Call, Expression, Infix, Number, Text, Tuple, call

Layout = Literal["image", "vector", "either"]
"""What a layer takes: (N, C, H, W), (N, C), or whichever comes."""

_FUNCTIONS: Mapping[Function, str] = {
    "ReLU": "F.relu",
    "LeakyReLU": "F.leaky_relu",
    "ReLU6": "F.relu6",
    "ELU": "F.elu",
    "GELU": "F.gelu",
    "SiLU": "F.silu",
    "hard-swish": "F.hardswish",
    "tanh": "torch.tanh",
    "sigmoid": "torch.sigmoid",
    "hard-sigmoid": "F.hardsigmoid",
}


@dataclass(frozen=True)
class Lowered:
    """A layer: the ``module`` that does it, or None where an expression does. ``pad`` is done before a module;
    ``note`` is to be said beside it."""

    layout: Layout
    module: Call | None = None
    pad: str = ""
    note: str = ""


def layout_of(op: Op, flat: bool) -> Layout:
    """``flat``: all that comes in is (N, C)."""
    match op:
        case Conv() | MaxPool() | AvgPool() | GlobalAvgPool() | GlobalMaxPool() | LRN():
            return "image"
        case FC():
            return "vector"
        case Concat() | Add() | Mul():
            return "vector" if flat else "image"
        case (
            BatchNorm() | GroupNorm() | Activation() | PReLU() | Dropout() | Softmax() | Identity() | Input() | Widen()
            | Shuffle() | Take()
        ):  # fmt: skip
            return "either"
        case _:
            assert_never(op)


def lower(t: TypedNode, flat: bool) -> Lowered:
    """A layer of the network. ``flat``: all that comes in is (N, C)."""
    op, x, layout = t.node.op, t.x, layout_of(t.node.op, flat)
    match op:
        case Conv():
            return Lowered(layout, _conv(op, x.c), _pad(op.window, "0"))
        case FC():
            sizes = _size("in_features", x.elements), _size("out_features", op.features)
            return Lowered(layout, Call("nn.Linear", (*sizes, _bias(op.bias))))
        case MaxPool():
            return Lowered(layout, _max_pool(op.window), _pad(op.window, "-torch.inf"))
        case AvgPool():
            return Lowered(layout, _avg_pool(op.window), _pad(op.window, "0"))
        case GlobalAvgPool():
            return Lowered(layout, call("nn.AdaptiveAvgPool2d", Text("1")))
        case GlobalMaxPool():
            return Lowered(layout, call("nn.AdaptiveMaxPool2d", Text("1")))
        case BatchNorm(eps, momentum):
            norm = "nn.BatchNorm1d" if flat else "nn.BatchNorm2d"
            rest = _option("eps", eps, 1e-5), _option("momentum", momentum, 0.1)
            return Lowered(layout, Call(norm, (_size("channels", x.c), *rest)))
        case GroupNorm(groups, eps):
            sizes = _size("groups", groups), _size("channels", x.c)
            return Lowered(layout, Call("nn.GroupNorm", (*sizes, _option("eps", eps, 1e-5))))
        case LRN():
            constants = _option("alpha", op.alpha * op.n), _option("beta", op.beta), _option("k", op.k)
            return Lowered(
                layout,
                Call("nn.LocalResponseNorm", (_size("size", op.n), *constants)),
                note=f"PyTorch divides alpha by {op.n}",
            )
        case PReLU():
            return Lowered(layout, Call("nn.PReLU", (_size("channels", x.c),)))
        case Dropout(rate):
            return Lowered(layout, Call("nn.Dropout", (_size("rate", rate),)))
        case Widen(channels):
            more = Number(channels - x.c, "zeros")
            pads = Tuple((Text("0"), more) if flat else (*map(Text, "00000"), more))
            return Lowered(layout, call("nn.ZeroPad1d" if flat else "nn.ZeroPad3d", pads))
        case Shuffle(groups) if not flat:
            return Lowered(layout, Call("nn.ChannelShuffle", (_size("groups", groups),)))
        case Activation() | Shuffle() | Take() | Softmax() | Identity() | Input() | Concat() | Add() | Mul():
            return Lowered(layout)
        case _:
            assert_never(op)


def expression(op: Op, x: Shape, inputs: Sequence[str]) -> Expression:
    """What a layer without a module computes of variables."""
    (first, *_) = inputs
    match op:
        case Activation():
            return activation(op, Text(first))
        case Shuffle(groups):  # of a vector, which PyTorch's takes none of
            return Text(f"{first}.unflatten(1, ({groups}, -1)).transpose(1, 2).flatten(1)")
        case Take(end, channels):
            return Text(f"{first}[:, {f':{channels}' if end == 'first' else f'{x.c - channels}:'}]")
        case Softmax():
            return Call("F.softmax", (Argument(Text(first)), Argument(Text("1"), "dim")))
        case Concat():
            return Call("torch.cat", (Argument(Tuple(tuple(map(Text, inputs)))), Argument(Text("1"), "dim")))
        case Add():
            return Infix("+", tuple(inputs))
        case Mul():
            return Infix("*", tuple(inputs))
        case _:
            raise AssertionError(f"{op} has a module, or is nothing")


def activation(op: Activation, x: Expression) -> Call:
    constant = () if op.constant is None else (Text(repr(op.constant)),)
    return call(_FUNCTIONS[op.function], x, *constant)


def _conv(op: Conv, c: int) -> Call:
    sizes = _size("in_channels", c), _size("out_channels", op.channels)
    groups = _option("groups", op.groups, 1)
    window = op.window
    return Call("nn.Conv2d", (*sizes, *_window(window), _dilation(window), groups, _bias(op.bias)))


def _max_pool(window: Window) -> Call:
    return Call("nn.MaxPool2d", (*_window(window, None), _dilation(window), _option("ceil_mode", window.ceil, False)))


def _avg_pool(window: Window) -> Call:
    return Call("nn.AvgPool2d", (*_window(window, None), _option("ceil_mode", window.ceil, False)))


def _window(window: Window, stride: int | None = 1) -> tuple[Argument, ...]:
    """Kernel, stride and padding; ``stride`` is the one that needn't be told."""
    pad = Pair(0, 0) if isinstance(window.pad, Sides) else window.pad
    return (
        Argument(_pair(window.kernel, "kernel_size")),
        Argument(_pair(window.stride, "stride"), "stride", stride),
        Argument(_pair(pad, "padding"), "padding", 0),
    )


def _dilation(window: Window) -> Argument:
    return Argument(_pair(window.dilation, "dilation"), "dilation", 1)


def _pad(window: Window, value: str) -> str:
    """The arguments of what pads each side by itself, as no module with a window does."""
    if not isinstance(window.pad, Sides):
        return ""
    sides = window.pad
    order = f"({sides.left}, {sides.right}, {sides.top}, {sides.bottom})"
    return order if value == "0" else f"{order}, value={value}"


def _pair(pair: Pair, means: str) -> Number | Tuple:
    if pair.h == pair.w:
        return Number(pair.h, means)
    return Tuple((Number(pair.h, means), Number(pair.w, means)))


def _size(means: str, value: float) -> Argument:
    return Argument(Number(value, means))


def _option(key: str, value: float, default: float | None = None) -> Argument:
    return Argument(Number(value, key), key, default)


def _bias(value: bool) -> Argument:
    return _option("bias", value, True)
