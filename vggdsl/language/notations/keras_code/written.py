"""A network without branches as Keras code writes it: `Conv2D(64, (3, 3), padding="same", activation="relu")`."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from vggdsl.language.notations.chains import in_a_row
from vggdsl.language.notations.registry import cannot_say
from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.ops import (
    FC,
    Activation,
    AvgPool,
    BatchNorm,
    Conv,
    Dropout,
    GlobalAvgPool,
    GlobalMaxPool,
    MaxPool,
    Softmax,
)
from vggdsl.network.shapes import Pair, Window

TITLE = "Keras code of a network"

_FUNCTIONS = {"ReLU": "relu", "GELU": "gelu", "SiLU": "silu", "tanh": "tanh", "sigmoid": "sigmoid"}


def write(network: TypedGraph) -> str:
    """Code of a ``Sequential``. Raises ``NetworkError`` V225 at what it can't hold."""
    rows = "".join(f"    {call},\n" for call in _layers(network))
    return f"model = Sequential([\n{rows}])\n"


def _layers(network: TypedGraph) -> Iterator[str]:
    """What it holds, the image first."""
    image, *nodes = in_a_row(network, TITLE)
    yield f"Input(shape=({image.shape.h}, {image.shape.w}, {image.shape.c}))"
    place = 0
    is_flat = False
    while place < len(nodes):
        node = nodes[place]
        if isinstance(node.node.op, FC) and not is_flat:
            yield "Flatten()"
            is_flat = True
        function = _function(nodes, place + 1) if isinstance(node.node.op, Conv | FC) else ""
        yield from _calls(node, f', activation="{function}"' if function else "")
        is_flat = is_flat or isinstance(node.node.op, GlobalAvgPool | GlobalMaxPool)
        place += 2 if function else 1


def _function(nodes: Sequence[TypedNode], place: int) -> str:
    op = nodes[place].node.op if place < len(nodes) else None
    if isinstance(op, Softmax):
        return "softmax"
    return _FUNCTIONS.get(op.function, "") if isinstance(op, Activation) else ""


def _calls(node: TypedNode, function: str) -> Iterator[str]:
    op = node.node.op
    match op:
        case Conv(channels, window, groups, bias):
            zeros, padding = _padding(window, node)
            if zeros:
                yield zeros
            step = f", strides={_tuple(window.stride)}" if window.stride != (1, 1) else ""
            step += f", dilation_rate={_tuple(window.dilation)}" if window.dilation != (1, 1) else ""
            step += f", groups={groups}" if groups > 1 else ""
            step += "" if bias else ", use_bias=False"
            yield f'Conv2D({channels}, {_tuple(window.kernel)}{step}, padding="{padding}"{function})'
        case MaxPool(window) | AvgPool(window):
            zeros, padding = _padding(window, node)
            if zeros or window.ceil or (isinstance(op, AvgPool) and window.pad != (0, 0)):
                raise cannot_say(TITLE, node.node, "Keras' pools pad otherwise")
            name = "MaxPooling2D" if isinstance(op, MaxPool) else "AveragePooling2D"
            same = "" if padding == "valid" else ', padding="same"'
            yield f"{name}({_tuple(window.kernel)}, strides={_tuple(window.stride)}{same})"
        case GlobalAvgPool():
            yield "GlobalAveragePooling2D()"
        case GlobalMaxPool():
            yield "GlobalMaxPooling2D()"
        case FC(features, bias):
            yield f"Dense({features}{'' if bias else ', use_bias=False'}{function})"
        case BatchNorm(eps, momentum):
            yield f"BatchNormalization(momentum={1 - Decimal(str(momentum))}, epsilon={eps})"
        case Dropout(rate):
            yield f"Dropout({rate})"
        case Softmax():
            yield 'Activation("softmax")'
        case Activation("LeakyReLU", slope):
            yield f"LeakyReLU({0.01 if slope is None else slope})"
        case Activation(name) if name in _FUNCTIONS:
            yield f'Activation("{_FUNCTIONS[name]}")'
        case _:
            raise cannot_say(TITLE, node.node)


def _padding(window: Window, node: TypedNode) -> tuple[str, str]:
    """A layer of zeros, where Keras has no word for the padding, and the word."""
    if window.pad == (0, 0):
        return "", "valid"
    if window.pad == window.keras_pad(Pair(node.x.h, node.x.w)):
        return "", "same"
    before, behind = window.pad_before, window.pad_behind
    return f"ZeroPadding2D((({before.h}, {behind.h}), ({before.w}, {behind.w})))", "valid"


def _tuple(pair: Pair) -> str:
    return f"({pair.h}, {pair.w})"
