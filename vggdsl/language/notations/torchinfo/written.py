"""Summaries as torchinfo prints them."""

from itertools import pairwise

from vggdsl.language.notations.chains import in_a_row
from vggdsl.language.notations.registry import cannot_say
from vggdsl.language.notations.torchinfo.read import MODULES
from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.ops import (
    FC,
    Activation,
    AvgPool,
    BatchNorm,
    Conv,
    Dropout,
    GlobalAvgPool,
    MaxPool,
    Softmax,
)

TITLE = "a summary of torchinfo or torchsummary"


def write(network: TypedGraph) -> str:
    """The summary that torchinfo prints of a Sequential."""
    nodes = list(in_a_row(network, TITLE))
    rows, is_flat = list[tuple[str, str, int]](), False
    for before, each in pairwise(nodes):
        op, shape = each.node.op, each.shape
        if isinstance(op, FC) and not is_flat:
            is_flat = True
            rows.append(("Flatten", f"[1, {before.shape.elements}]", 0))
        size = f"[1, {shape.c}]" if is_flat else f"[1, {shape.c}, {shape.h}, {shape.w}]"
        rows.append((_module(each, is_flat), size, each.params.learnable))
    lines = [f"{'Layer (type:depth-idx)':<41}{'Output Shape':<26}Param #", _LINE]
    lines.append(f"{'Sequential':<41}{rows[-1][1] if rows else '[1]':<26}--")
    for index, (module, size, params) in enumerate(rows, start=1):
        lines.append(f"{f'├─{module}: 1-{index}':<41}{size:<26}{f'{params:,}' if params else '--'}")
    totals = f"Total params: {network.params:,}\nTrainable params: {network.params:,}\nNon-trainable params: 0"
    megabytes = 4 * network.input.elements / 10**6
    return "\n".join([_LINE, *lines, _LINE, totals, _LINE, f"Input size (MB): {megabytes:.2f}", _LINE]) + "\n"


_LINE = "=" * 90


def _module(each: TypedNode, is_flat: bool) -> str:
    match each.node.op:
        case Conv() | FC() | MaxPool() | AvgPool() | Dropout() | Softmax() as op:
            return next(name for name, kind in MODULES.items() if kind == op.kind)
        case BatchNorm():
            return "BatchNorm1d" if is_flat else "BatchNorm2d"
        case GlobalAvgPool():
            return "AdaptiveAvgPool2d"
        case Activation(function) if function in MODULES.values():
            return next(name for name, kind in MODULES.items() if kind == function)
        case _:
            raise cannot_say(TITLE, each.node)
