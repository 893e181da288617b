"""A network as a summary of Keras, and the names of its layers."""

import re
from collections import Counter

from vggdsl.language.notations.chains import in_a_row, prints_activations
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
    Input,
    MaxPool,
    Softmax,
)

TITLE = "a summary of Keras"

CLASSES = {
    "InputLayer": "input",
    "Conv2D": "conv",
    "Convolution2D": "conv",
    "DepthwiseConv2D": "depthwise",
    "Dense": "FC",
    "BatchNormalization": "BN",
    "Activation": "activation",
    "ReLU": "ReLU",
    "LeakyReLU": "LeakyReLU",
    "ELU": "ELU",
    "Softmax": "softmax",
    "MaxPooling2D": "maxpool",
    "AveragePooling2D": "avgpool",
    "GlobalAveragePooling2D": "global-avgpool",
    "GlobalMaxPooling2D": "global-maxpool",
    "Dropout": "dropout",
    "Flatten": "flatten",
    "Add": "add",
    "Concatenate": "concat",
    "Multiply": "mul",
}


def write(network: TypedGraph) -> str:
    """The summary with underscores, as Keras 2 prints it."""
    nodes = list(in_a_row(network, TITLE))
    prints = prints_activations(nodes)
    rows, counts, is_flat = [_HEADINGS], Counter[str](), False
    for each in nodes:
        op, shape = each.node.op, each.shape
        if isinstance(op, Activation | Softmax) and not prints:
            continue
        if isinstance(op, FC) and not is_flat:
            rows.append((_named("Flatten", counts), f"(None, {each.x.elements})", "0"))
        is_flat = is_flat or isinstance(op, FC | GlobalAvgPool | GlobalMaxPool)
        size = f"(None, {shape.c})" if is_flat else f"(None, {shape.h}, {shape.w}, {shape.c})"
        size = f"[{size}]" if isinstance(op, Input) else size
        rows.append((_named(_class(each), counts), size, str(each.params.total)))
    lines = [f"{name[:28]:<29}{size:<26}{params}".rstrip() for name, size, params in rows]
    rule, double = "_" * 65, "=" * 65
    trainable = network.params
    totals = f"Total params: {network.total_params:,}\nTrainable params: {trainable:,}\n"
    totals += f"Non-trainable params: {network.total_params - trainable:,}\n"
    body = f"\n{rule}\n".join(lines[1:])
    return f'Model: "model"\n{rule}\n{lines[0]}\n{double}\n{body}\n{double}\n{totals}{rule}\n'


_HEADINGS = ("Layer (type)", "Output Shape", "Param #")


def _named(kind: str, counts: Counter[str]) -> str:
    """`max_pooling2d_1 (MaxPooling2D)`, with the name that Keras gives."""
    name = snake(kind)
    counts[name] += 1
    number = counts[name] if kind == "InputLayer" else counts[name] - 1
    return f"{name}{f'_{number}' if number else ''} ({kind})"


def snake(kind: str) -> str:
    """The name that Keras gives a layer of a class, without its number.

    >>> snake("MaxPooling2D"), snake("ReLU"), snake("InputLayer")
    ('max_pooling2d', 're_lu', 'input')
    """
    given = {"InputLayer": "input", "ReLU": "re_lu", "LeakyReLU": "leaky_re_lu", "ELU": "elu"}
    return given.get(kind) or re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower()


def _class(each: TypedNode) -> str:
    op = each.node.op
    match op:
        case Conv(groups=1):
            return "Conv2D"
        case Conv(channels, groups=groups) if groups == channels == each.x.c:
            return "DepthwiseConv2D"
        case Activation(function) if function in CLASSES:
            return function
        case (
            Input()
            | FC()
            | BatchNorm()
            | Dropout()
            | MaxPool()
            | AvgPool()
            | GlobalAvgPool()
            | GlobalMaxPool()
            | Softmax()
        ):
            return next(name for name, kind in reversed(CLASSES.items()) if kind == op.kind)
        case _:
            raise cannot_say(TITLE, each.node)
