"""Layers of a network as PyTorch prints them: ``Conv2d(3, 64, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))``."""

from collections.abc import Iterator
from typing import assert_never

from vggdsl.language.notations.chains import in_a_row
from vggdsl.language.notations.registry import cannot_say
from vggdsl.network.infer import TypedGraph, TypedNode
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
    GlobalAvgPool,
    GlobalMaxPool,
    GroupNorm,
    Identity,
    Input,
    MaxPool,
    Mul,
    PReLU,
    Shuffle,
    Softmax,
    Take,
    Widen,
)
from vggdsl.network.shapes import Pair, Sides

_FUNCTIONS = {
    "ReLU": "ReLU(inplace=True)",
    "LeakyReLU": "LeakyReLU(negative_slope={}, inplace=True)",
    "ReLU6": "ReLU6(inplace=True)",
    "ELU": "ELU(alpha={})",
    "GELU": "GELU(approximate='none')",
    "SiLU": "SiLU()",
    "hard-swish": "Hardswish()",
    "tanh": "Tanh()",
    "sigmoid": "Sigmoid()",
    "hard-sigmoid": "Hardsigmoid()",
}


def modules(network: TypedGraph, title: str) -> Iterator[str]:
    """The layers of a network without branches, each as PyTorch's ``Sequential`` holds it.

    Raises ``NetworkError`` V225 at what it can't hold.
    """
    _, *nodes = in_a_row(network, title)
    is_flat = False
    for node in nodes:
        if isinstance(node.node.op, FC) and not is_flat:
            yield "Flatten(start_dim=1, end_dim=-1)"
            is_flat = True
        yield _module(node, is_flat, title)


def _module(node: TypedNode, is_flat: bool, title: str) -> str:
    op, x = node.node.op, node.x
    match op:
        case Conv(channels, window, groups, bias):
            pad = window.pad
            if isinstance(pad, Sides):
                raise cannot_say(title, node.node, "its padding has sides")
            options = [f"kernel_size={_pair(window.kernel)}", f"stride={_pair(window.stride)}"]
            options += [f"padding={_pair(pad)}"] if pad != (0, 0) else []
            options += [f"dilation={_pair(window.dilation)}"] if window.dilation != (1, 1) else []
            options += [f"groups={groups}"] if groups > 1 else []
            return f"Conv2d({', '.join([str(x.c), str(channels), *options, *([] if bias else ['bias=False'])])})"
        case MaxPool(window) | AvgPool(window):
            if isinstance(window.pad, Sides):
                raise cannot_say(title, node.node, "its padding has sides")
            kernel, stride, padding = _short(window.kernel), _short(window.stride), _short(window.pad)
            if isinstance(op, AvgPool):
                ceil = ", ceil_mode=True" if window.ceil else ""
                return f"AvgPool2d(kernel_size={kernel}, stride={stride}, padding={padding}{ceil})"
            numbers = f"kernel_size={kernel}, stride={stride}, padding={padding}, dilation=1"
            return f"MaxPool2d({numbers}, ceil_mode={window.ceil})"
        case GlobalAvgPool():
            return "AdaptiveAvgPool2d(output_size=(1, 1))"
        case GlobalMaxPool():
            return "AdaptiveMaxPool2d(output_size=(1, 1))"
        case FC(features, bias):
            return f"Linear(in_features={x.elements}, out_features={features}, bias={bias})"
        case BatchNorm(eps, momentum):
            numbers = f"{x.c}, eps={eps}, momentum={momentum}"
            return f"BatchNorm{1 if is_flat else 2}d({numbers}, affine=True, track_running_stats=True)"
        case GroupNorm(groups, eps):
            return f"GroupNorm({groups}, {x.c}, eps={eps}, affine=True)"
        case LRN(n, k, alpha, beta):
            return f"LocalResponseNorm({n}, alpha={alpha * n:.12g}, beta={beta:g}, k={k:g})"
        case Activation(function, constant):
            usual = {"LeakyReLU": 0.01, "ELU": 1.0}.get(function)
            return _FUNCTIONS[function].format(constant if constant is not None else usual)
        case PReLU():
            return f"PReLU(num_parameters={x.c})"
        case Dropout(rate):
            return f"Dropout(p={rate}, inplace=False)"
        case Softmax():
            return "Softmax(dim=1)"
        case Identity():
            return "Identity()"
        case Input() | Concat() | Add() | Mul() | Widen() | Shuffle() | Take():
            raise cannot_say(title, node.node)
        case _:
            assert_never(op)


def _pair(pair: Pair) -> str:
    return f"({pair.h}, {pair.w})"


def _short(pair: Pair) -> str:
    return str(pair.h) if pair.h == pair.w else _pair(pair)
