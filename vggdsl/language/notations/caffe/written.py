"""Network -> a prototxt of deployment."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from vggdsl.language.notations.caffe.read import TITLE
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
    MaxPool,
    Mul,
    PReLU,
    Softmax,
)
from vggdsl.network.shapes import Pair, Sides, Window


def write(network: TypedGraph) -> str:
    """A prototxt of deployment: a layer a node, which names what it takes."""
    for head in network.heads:
        raise cannot_say(TITLE, head.nodes[0].node, "a file of deployment has no auxiliary classifiers")
    size, first = network.input, network.nodes[0].name
    dims = f"shape: {{ dim: 1 dim: {size.c} dim: {size.h} dim: {size.w} }}"
    rows = [_row(first, "Input", (), f"input_param {{ {dims} }}")]
    for node in network.nodes[1:]:
        kind, param = _said(node)
        if kind == "BatchNorm":
            rows += [_row(node.name, kind, node.node.inputs, param)]
            rows += [_row(f"scale_{node.name}", "Scale", (node.name,), "scale_param { bias_term: true }", node.name)]
        else:
            rows += [_row(node.name, kind, node.node.inputs, param)]
    return "".join(rows)


def _row(name: str, kind: str, bottoms: Sequence[str], param: str, top: str = "") -> str:
    lines = [
        f'name: "{name}"',
        f'type: "{kind}"',
        *(f'bottom: "{each}"' for each in bottoms),
        f'top: "{top or name}"',
        param,
    ]
    return "layer {\n" + "".join(f"  {line}\n" for line in lines if line) + "}\n"


def _said(node: TypedNode) -> tuple[str, str]:
    match node.node.op:
        case Conv(channels, window, groups, bias):
            own = [f"num_output: {channels}", *_window(node, window)]
            own += [f"group: {groups}"] if groups > 1 else []
            own += [] if bias else ["bias_term: false"]
            return "Convolution", f"convolution_param {{ {' '.join(own)} }}"
        case MaxPool(window) | AvgPool(window) as op:
            kind = "MAX" if isinstance(op, MaxPool) else "AVE"
            return "Pooling", f"pooling_param {{ pool: {kind} {' '.join(_window(node, window))} }}"
        case GlobalAvgPool() | GlobalMaxPool() as op:
            kind = "MAX" if isinstance(op, GlobalMaxPool) else "AVE"
            return "Pooling", f"pooling_param {{ pool: {kind} global_pooling: true }}"
        case FC(features, bias):
            return (
                "InnerProduct",
                f"inner_product_param {{ num_output: {features}{'' if bias else ' bias_term: false'} }}",
            )
        case BatchNorm(eps, momentum):
            fraction = 1 - Decimal(str(momentum))
            return "BatchNorm", f"batch_norm_param {{ eps: {eps} moving_average_fraction: {fraction} }}"
        case LRN(n, k, alpha, beta):
            sums = f"local_size: {n} alpha: {alpha * n:.12g} beta: {beta:g} k: {k:g}"
            return "LRN", f"lrn_param {{ {sums} }}"
        case Activation("ReLU"):
            return "ReLU", ""
        case Activation("LeakyReLU", slope):
            return "ReLU", f"relu_param {{ negative_slope: {0.01 if slope is None else slope} }}"
        case Activation("ELU", alpha):
            return "ELU", f"elu_param {{ alpha: {1 if alpha is None else alpha} }}"
        case Activation("sigmoid" | "tanh" as function):
            return {"sigmoid": "Sigmoid", "tanh": "TanH"}[function], ""
        case PReLU():
            return "PReLU", ""
        case Dropout(rate):
            return "Dropout", f"dropout_param {{ dropout_ratio: {rate} }}"
        case Softmax():
            return "Softmax", ""
        case Concat():
            return "Concat", ""
        case Add():
            return "Eltwise", "eltwise_param { operation: SUM }"
        case Mul():
            return "Eltwise", "eltwise_param { operation: PROD }"
        case _:
            raise cannot_say(TITLE, node.node)


def _window(node: TypedNode, window: Window) -> Iterator[str]:
    if isinstance(window.pad, Sides):
        raise cannot_say(TITLE, node.node, "its padding has sides")
    usual: Mapping[str, tuple[Pair, int]] = {
        "kernel": (window.kernel, 0),
        "stride": (window.stride, 1),
        "pad": (window.pad, 0),
    }
    for stem, (pair, least) in usual.items():
        if pair.h != pair.w:
            yield f"{stem}_h: {pair.h} {stem}_w: {pair.w}"
        elif pair.h != least:
            yield f"{'kernel_size' if stem == 'kernel' else stem}: {pair.h}"
    if window.dilation != (1, 1):
        if window.dilation.h != window.dilation.w:
            raise cannot_say(TITLE, node.node, "its dilation has sides")
        yield f"dilation: {window.dilation.h}"
