"""A network as a table of layers."""

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
    Input,
    MaxPool,
    Softmax,
)

TITLE = "a table of layers"


def write(network: TypedGraph) -> str:
    """The table as MiniVGG's: types, sizes, windows."""
    nodes = list(in_a_row(network, TITLE))
    prints = prints_activations(nodes)
    rows = ["Layer Type\tOutput Size\tFilter Size / Stride"]
    for each in nodes:
        if prints or not isinstance(each.node.op, Activation):
            kind, window = _said(each)
            shape = each.shape
            size = f"{shape.h} × {shape.w} × {shape.c}" if shape.h * shape.w > 1 else f"{shape.c}"
            rows.append(f"{kind}\t{size}\t{window}".rstrip())
    return "\n".join(rows) + "\n"


def _said(each: TypedNode) -> tuple[str, str]:
    match each.node.op:
        case Input():
            return "INPUT IMAGE", ""
        case Conv(channels, window, 1, True) if window.stride.h == window.stride.w:
            stride = f" / {window.stride.h}" if window.stride != (1, 1) else ""
            return "CONV", f"{window.kernel.h} × {window.kernel.w}{stride}, K = {channels}"
        case MaxPool(window) | AvgPool(window) as op if window.pad == (0, 0) and not window.ceil:
            kind = "MAX POOL" if isinstance(op, MaxPool) else "AVG POOL"
            return kind, f"{window.kernel.h} × {window.kernel.w} / {window.stride.h}"
        case FC(_, True):
            return "FC", ""
        case Dropout(rate):
            return f"DROPOUT ({rate:g})", ""
        case Activation(function, None) if function in ("ReLU", "tanh", "sigmoid"):
            return ("ACT" if function == "ReLU" else function.upper()), ""
        case BatchNorm() | Softmax() | GlobalAvgPool() as op if op.text in ("BN", "softmax", "global-avgpool"):
            return {"BN": "BN", "softmax": "SOFTMAX"}.get(op.text, "GLOBAL AVERAGE POOLING"), ""
        case _:
            raise cannot_say(TITLE, each.node)
