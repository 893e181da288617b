"""The arithmetic behind a figure, in a line: of a layer its product, of more the sum over their layers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.ops import FC, Conv, Input, Op
from vggdsl.spec.readings import Part
from vggdsl.text.units import plural

_MOST = 6
"""Terms of a sum that are told one by one."""

READINGS: Mapping[str, str] = {
    "params": "with biases",
    "weights": "without biases",
    "total-params": "with running statistics",
    "training-params": "with auxiliary classifiers",
    "macs": "multiply-adds",
    "weight-layers": "on the longest path",
}
"""What the language counts by the name of a measure, where sources count one or the other."""


def tell(measure: str, part: Part, typed: TypedGraph) -> str:
    """How the value of a measure comes about; empty where it is nothing but the value.

    >>> from vggdsl.spec.parsing import load
    >>> typed = load("vgg_d").typed
    >>> part = Part("conv1_2", (typed["conv1_2"],), False)
    >>> tell("weights", part, typed), tell("receptive-field", part, typed)
    ('64·(64·3·3) = 36,864', '3 + (3 - 1)·1 = 5')
    """
    match measure:
        case "output":
            last = part.nodes[-1]
            shapes = [typed[name].shape for name in last.node.inputs]
            return "" if isinstance(last.node.op, Input) else last.node.op.tell_shape(*shapes)
        case "receptive-field":
            return tell_field(part.nodes[-1], typed)
        case "weight-layers":
            return _kinds(part)
        case "training-params":
            return _sum([t.params.learnable for t in (*part.nodes, *part.heads)])
    if len(part.nodes) == 1 or sum(map(bool, _terms(measure, part))) == 1:
        return next(filter(None, (_of_layer(measure, t) for t in part.nodes)), "")
    return _sum(_terms(measure, part))


def tell_field(t: TypedNode, typed: TypedGraph) -> str:
    """How a receptive field grows, an axis each where they differ; empty where it doesn't, or several are merged."""
    if len(t.node.inputs) != 1:
        return ""
    before, window = typed[t.node.inputs[0]], t.node.op.sees(t.x)
    if window is None or window.extent == (1, 1):
        return ""
    axes = (0, 1) if len(set(zip(before.receptive_field, window.extent, before.stride, strict=True))) > 1 else (0,)
    return " and ".join(
        f"{before.receptive_field[i]} + ({window.extent[i]} - 1)·{before.stride[i]} = {t.receptive_field[i]}"
        for i in axes
    )


def _terms(measure: str, part: Part) -> list[int]:
    return [Part("", (t,), False).counts[measure] for t in part.nodes]


def _of_layer(measure: str, t: TypedNode) -> str:
    if not Part("", (t,), False).counts[measure]:
        return ""
    match measure:
        case "params" | "total-params" if t.params.learnable:
            return t.node.op.tell_params(t.x)
        case "weights" if t.params.weights:
            return _without_bias(t.node.op).tell_params(t.x).removesuffix(", no biases")
        case "macs":
            return t.node.op.tell_macs(t.x)
        case "activations":
            return f"{t.shape.h}·{t.shape.w}·{t.shape.c} = {t.activations:,}"
    return ""


def _without_bias(op: Op) -> Op:
    return replace(op, bias=False) if isinstance(op, Conv | FC) else op


def _kinds(part: Part) -> str:
    """Weight layers by their kind, where all stand on one path."""
    kinds = [t.node.op.kind for t in part.nodes if t.node.op.weight_layer]
    if len(kinds) != part.counts["weight-layers"] or len(kinds) < 2:
        return ""
    counts = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
    terms = " + ".join(f"{count} {kind}" for kind, count in counts.items())
    return f"{terms} = {len(kinds)}" if len(counts) > 1 else ""


def _sum(terms: Sequence[int]) -> str:
    counted = [term for term in terms if term]
    if len(counted) < 2:
        return ""
    if len(counted) > _MOST:
        return f"the sum over {plural(len(counted), 'layer')}"
    return f"{' + '.join(f'{term:,}' for term in counted)} = {sum(counted):,}"
