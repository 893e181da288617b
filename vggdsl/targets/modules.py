"""Each layer kind in PyTorch: the module that it becomes, and how it is known in a module that others wrote."""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal, NamedTuple, assert_never

import torch
from torch import Tensor, nn
from torch.nn import functional

from vggdsl.network.foreign import AdaptiveAvgPool, Foreign, Padding
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
    Merge,
    Mul,
    Op,
    PReLU,
    Shuffle,
    Softmax,
    Take,
    Widen,
)
from vggdsl.network.shapes import Pair, Shape, Sides, Window

Layout = Literal["image", "vector", "either"]
"""What a module takes: (N, C, H, W), (N, C), or whichever comes."""


class Untraceable(Exception):  # noqa: N818  # no error but an answer
    """Says why a module can't be put in a spec's layers; ``help`` how it is mended, if not by other layers."""

    def __init__(self, why: str, help: str = "") -> None:
        super().__init__(why)
        self.help = help

    def at(self, place: str) -> "Untraceable":
        """The same, with its place."""
        return Untraceable(f"{self}{place}", self.help)


class _Function(NamedTuple):
    """A function's module, which takes its constant, and what else computes it."""

    module: type[nn.Module]
    calls: tuple[Callable[..., Tensor], ...] = ()


_FUNCTIONS: Mapping[Function, _Function] = {
    "ReLU": _Function(nn.ReLU, (functional.relu, torch.relu)),
    "LeakyReLU": _Function(nn.LeakyReLU, (functional.leaky_relu,)),
    "ReLU6": _Function(nn.ReLU6, (functional.relu6,)),
    "ELU": _Function(nn.ELU, (functional.elu,)),
    "GELU": _Function(nn.GELU, (functional.gelu,)),
    "SiLU": _Function(nn.SiLU, (functional.silu,)),
    "hard-swish": _Function(nn.Hardswish, (functional.hardswish,)),
    "tanh": _Function(nn.Tanh, (functional.tanh, torch.tanh)),
    "sigmoid": _Function(nn.Sigmoid, (functional.sigmoid, torch.sigmoid)),
    "hard-sigmoid": _Function(nn.Hardsigmoid, (functional.hardsigmoid,)),
}


# -- out: the module of a layer


def lower(op: Op, x: Shape, flat: bool) -> tuple[nn.Module, Layout]:
    """The module of a layer that takes ``x``. ``flat``: all that comes in is (N, C)."""
    match op:
        case Conv():
            return _conv(op, x.c), "image"
        case FC():
            return nn.Linear(x.elements, op.features, op.bias), "vector"
        case MaxPool():
            return _max_pool(op.window), "image"
        case AvgPool():
            return _avg_pool(op.window), "image"
        case GlobalAvgPool():
            return nn.AdaptiveAvgPool2d(1), "image"
        case GlobalMaxPool():
            return nn.AdaptiveMaxPool2d(1), "image"
        case BatchNorm():
            norm = nn.BatchNorm1d if flat else nn.BatchNorm2d
            return norm(x.c, op.eps, op.momentum), "either"
        case GroupNorm():
            return nn.GroupNorm(op.groups, x.c, op.eps), "either"
        case LRN():  # torch divides alpha by n, Krizhevsky doesn't
            return nn.LocalResponseNorm(op.n, op.alpha * op.n, op.beta, op.k), "image"
        case Activation():
            constant = () if op.constant is None else (op.constant,)
            return _FUNCTIONS[op.function].module(*constant), "either"
        case PReLU():
            return nn.PReLU(x.c), "either"
        case Dropout():
            return nn.Dropout(op.rate), "either"
        case Softmax():  # inside a network: the one at its end isn't lowered
            return nn.Softmax(dim=1), "either"
        case Identity() | Input():
            return nn.Identity(), "either"
        case Widen():
            return _Widen((0, op.channels - x.c) if flat else (0, 0, 0, 0, 0, op.channels - x.c)), "either"
        case Shuffle():
            return _Shuffle(op.groups), "either"
        case Take():
            start = 0 if op.end == "first" else x.c - op.channels
            return _Take(start, start + op.channels), "either"
        case Concat():
            return _Concat(), "vector" if flat else "image"
        case Add():
            return _Add(), "vector" if flat else "image"
        case Mul():
            return _Mul(), "vector" if flat else "image"
        case _:
            assert_never(op)


class _Widen(nn.Module):
    """Zeros behind the channels; ``pads`` are before and behind each axis, the last first."""

    def __init__(self, pads: tuple[int, ...]) -> None:
        super().__init__()
        self.pads = pads

    def forward(self, x: Tensor) -> Tensor:
        return functional.pad(x, self.pads)

    def extra_repr(self) -> str:
        return f"{self.pads}"


class _Shuffle(nn.Module):
    """As PyTorch's ChannelShuffle, which takes no vectors."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        n, c, *size = x.shape
        return x.reshape(n, self.groups, c // self.groups, *size).transpose(1, 2).flatten(1, 2)

    def extra_repr(self) -> str:
        return f"{self.groups}"


class _Take(nn.Module):
    """The channels from one up to before another."""

    def __init__(self, start: int, end: int) -> None:
        super().__init__()
        self.start, self.end = start, end

    def forward(self, x: Tensor) -> Tensor:
        return x[:, self.start : self.end]

    def extra_repr(self) -> str:
        return f"{self.start}:{self.end}"


class _Concat(nn.Module):
    def forward(self, *xs: Tensor) -> Tensor:
        return torch.cat(xs, dim=1)


class _Add(nn.Module):
    def forward(self, x: Tensor, *others: Tensor) -> Tensor:
        for other in others:
            x = x + other
        return x


class _Mul(nn.Module):
    """(N, C, 1, 1) scales the channels of (N, C, H, W)."""

    def forward(self, x: Tensor, *others: Tensor) -> Tensor:
        for other in others:
            x = x * other
        return x


class _SidedConv(nn.Conv2d):
    """Pads each side by itself, as PyTorch's own doesn't."""

    def __init__(self, sides: Sides, **options: Any) -> None:
        super().__init__(**options)
        self.sides = sides

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(_padded(x, self.sides, 0))


class _SidedMaxPool(nn.MaxPool2d):
    def __init__(self, sides: Sides, **options: Any) -> None:
        super().__init__(**options)
        self.sides = sides

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(_padded(x, self.sides, -math.inf))  # type: ignore[no-any-return]  # torch's says nothing


class _SidedAvgPool(nn.AvgPool2d):
    def __init__(self, sides: Sides, **options: Any) -> None:
        super().__init__(**options)
        self.sides = sides

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(_padded(x, self.sides, 0))


def _padded(x: Tensor, sides: Sides, value: float) -> Tensor:
    return functional.pad(x, (sides.left, sides.right, sides.top, sides.bottom), value=value)


def _conv(op: Conv, c: int) -> nn.Conv2d:
    window = op.window
    kind = partial(_SidedConv, window.pad) if isinstance(window.pad, Sides) else nn.Conv2d
    return kind(
        in_channels=c,
        out_channels=op.channels,
        kernel_size=_plain(window.kernel),
        stride=_plain(window.stride),
        padding=_pad(window),
        dilation=_plain(window.dilation),
        groups=op.groups,
        bias=op.bias,
    )


def _max_pool(window: Window) -> nn.MaxPool2d:
    kind = partial(_SidedMaxPool, window.pad) if isinstance(window.pad, Sides) else nn.MaxPool2d
    return kind(
        kernel_size=_plain(window.kernel),
        stride=_plain(window.stride),
        padding=_pad(window),
        dilation=_plain(window.dilation),
        ceil_mode=window.ceil,
    )


def _avg_pool(window: Window) -> nn.AvgPool2d:
    kind = partial(_SidedAvgPool, window.pad) if isinstance(window.pad, Sides) else nn.AvgPool2d
    return kind(
        kernel_size=_plain(window.kernel),
        stride=_plain(window.stride),
        padding=_pad(window),
        ceil_mode=window.ceil,
        count_include_pad=True,
    )


def _pad(window: Window) -> tuple[int, int]:
    """What PyTorch's own module adds."""
    return (0, 0) if isinstance(window.pad, Sides) else _plain(window.pad)


def _plain(pair: Pair) -> tuple[int, int]:
    """A plain tuple, which torch prints and traces as its own."""
    return pair.h, pair.w


# -- in: the layer that a module, or a call of a function, is


def layer_of(module: nn.Module, x: Shape) -> Op | Foreign:
    """What a module does with ``x`` in evaluation. Raises ``Untraceable`` if no spec can say it."""
    match module:
        case nn.Conv2d() if module.padding_mode == "zeros" and module.in_channels == x.c:
            window = _window(module, module.dilation)
            return Conv(module.out_channels, window, module.groups, module.bias is not None)
        case nn.Linear() if module.in_features == x.elements:
            return FC(module.out_features, module.bias is not None)
        case nn.Conv2d() if module.padding_mode != "zeros":
            raise Untraceable(f"no spec can say its {module}", "a spec pads with zeros: padding_mode='zeros'")
        case nn.Conv2d():
            help = f"it takes {module.in_channels} channels, and {x.c} come: give the module's own input"
            raise Untraceable(f"{module} can't take {x}", help)
        case nn.Linear():
            raise Untraceable(f"{module} can't take {x}", _of_another_size(module, x))
        case nn.BatchNorm2d() | nn.BatchNorm1d() if _is_usual(module) and module.num_features == x.c:
            return BatchNorm(module.eps, module.momentum or BatchNorm.momentum)
        case nn.GroupNorm() if module.affine and module.num_channels == x.c:
            return GroupNorm(module.num_groups, module.eps)
        case nn.MaxPool2d():
            return MaxPool(_window(module, module.dilation, module.ceil_mode))
        case nn.AvgPool2d() if module.count_include_pad or not any(_pair(module.padding)):
            if module.divisor_override is None:
                return AvgPool(_window(module, 1, module.ceil_mode))
        case nn.ConstantPad2d(padding=(int() as left, int() as right, int() as top, int() as bottom)):
            return _padding(Sides(top, bottom, left, right), module.value)
        case nn.AdaptiveAvgPool2d(output_size=int() | (int(), int()) as size):
            return AdaptiveAvgPool(_pair(size))
        case nn.AdaptiveMaxPool2d(output_size=1 | (1, 1)) if not module.return_indices:
            return GlobalMaxPool()
        case nn.ChannelShuffle():
            return Shuffle(module.groups)
        case nn.LocalResponseNorm():  # PyTorch divides alpha by n
            return LRN(module.size, module.k, module.alpha / module.size, module.beta)
        case nn.LeakyReLU():
            return Activation("LeakyReLU", module.negative_slope)
        case nn.ELU():
            return Activation("ELU", module.alpha)
        case nn.PReLU() if module.num_parameters == x.c:
            return PReLU()
        case nn.PReLU():
            raise Untraceable(f"no spec can say its {module}", f"a spec's has a slope a channel: nn.PReLU({x.c})")
        case nn.Hardtanh(min_val=0, max_val=6):
            return Activation("ReLU6")
        case nn.Dropout() if module.p > 0:
            return Dropout(module.p)
        case nn.Flatten(start_dim=1, end_dim=-1) | nn.Identity() | nn.Dropout():
            return Identity()
        case _:
            for function, (kind, _) in _FUNCTIONS.items():
                if type(module) is kind and _constants(module) == _constants(kind()):
                    return Activation(function)
    raise Untraceable(f"no spec can say its {module}")


def call_of(function: object, rest: Sequence[Any], options: Mapping[str, Any], x: Shape) -> Op | Foreign:
    """What a call of a function does with ``x``; ``rest`` are its other arguments. Raises ``Untraceable``."""
    if function in _MERGES:
        op = _MERGES[function]
        if (*rest, *options.values()) == ((1,) if isinstance(op, Concat) else ()):
            return op
    if function is functional.pad:
        match (*rest, *options.values()):
            case [(0, 0, 0, 0, 0, int() as more)] | [(0, 0, 0, 0, 0, int() as more), "constant", None | 0] if more >= 0:
                return Widen(x.c + more)
            case [(int() as left, int() as right, int() as top, int() as bottom), *how]:
                if not how or how[0] == "constant":
                    return _padding(Sides(top, bottom, left, right), 0 if how[1:] in ([], [None]) else how[1])
    if getattr(function, "__name__", "") == "stochastic_depth":  # torchvision's: in evaluation all are there
        return Identity()
    if function in _CALLS:
        return layer_of(_CALLS[function](*rest, **options), x)
    raise Untraceable(f"no spec can say its {getattr(function, '__name__', function)}")


_MERGES: Mapping[object, Merge] = {
    **dict.fromkeys((torch.cat, torch.concat, torch.concatenate), Concat()),
    **dict.fromkeys((operator.add, operator.iadd, torch.add), Add()),
    **dict.fromkeys((operator.mul, operator.imul, torch.mul, torch.multiply), Mul()),
}
_CALLS: Mapping[object, Callable[..., nn.Module]] = {
    **{call: function.module for function in _FUNCTIONS.values() for call in function.calls},
    functional.dropout: nn.Dropout,
    functional.adaptive_avg_pool2d: nn.AdaptiveAvgPool2d,
    functional.adaptive_max_pool2d: nn.AdaptiveMaxPool2d,
    functional.avg_pool2d: nn.AvgPool2d,
    functional.hardtanh: nn.Hardtanh,
    functional.local_response_norm: nn.LocalResponseNorm,
    functional.max_pool2d: nn.MaxPool2d,
    torch.flatten: nn.Flatten,
}


def _of_another_size(module: nn.Linear, x: Shape) -> str:
    """How a linear layer is mended that gets other maps than those that it was made for."""
    places, left = divmod(module.in_features, x.c)
    side = math.isqrt(places)
    if left or side * side != places:
        return f"it takes {module.in_features} values, and {x.elements} come: give the module's own input"
    return f"it takes {Shape(x.c, side, side)}: give images of the size for which the module was made"


def _is_usual(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> bool:
    return norm.affine and norm.track_running_stats


def _constants(module: nn.Module) -> dict[str, Any]:
    """By what two functions of one class may differ."""
    return {name: getattr(module, name) for name in getattr(module, "__constants__", ()) if name != "inplace"}


def _window(module: nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d, dilation: Any, ceil: bool = False) -> Window:
    window = Window(_pair(module.kernel_size), _pair(module.stride), dilation=_pair(dilation), ceil=ceil)
    pad = module.sides if isinstance(module, _SidedConv | _SidedMaxPool | _SidedAvgPool) else module.padding
    if pad == "same":
        (top, left), (h, w) = ([(e - 1) // 2 for e in window.extent], [e - 1 for e in window.extent])
        pad = Sides(top, h - top, left, w - left)
    elif pad == "valid":
        pad = 0
    return replace(window, pad=pad if isinstance(pad, Sides) else _pair(pad))


def _padding(sides: Sides, value: float) -> Padding:
    if min(sides) < 0:
        raise Untraceable("no spec can say that it cuts off what is at the sides")
    return Padding(sides, value)


def _pair(value: Any) -> Pair:
    sides = value if isinstance(value, tuple | list) else (value,)
    return Pair(sides[0], sides[-1])  # of `[2]` PyTorch takes 2 for both
