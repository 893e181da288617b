"""``vggdsl explain``."""

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import assert_never

import click

from vggdsl.cli.common import memory_text, report, reports_errors
from vggdsl.errors import Diagnostic, InputError
from vggdsl.infer import TypedNode
from vggdsl.ops import (
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
    Identity,
    Input,
    MaxPool,
    Softmax,
)
from vggdsl.shapes import Pair, Window
from vggdsl.spec import Spec, load


@click.command(context_settings={"ignore_unknown_options": True})  # `-:3` is a place
@click.argument("place", metavar="SPEC[:LINE]")
@reports_errors
def command(place: str) -> None:
    """A layer as it is compiled: the arithmetic of its shape, parameters, multiply-adds and
    receptive field, and everything that is implied.

    \b
    vggdsl explain vgg_d            every layer
    vggdsl explain vgg_d:13         the layers of line 13
    vggdsl explain my_net.arch:4
    """
    match = re.fullmatch(r"(.+):([0-9]{1,9})", place)
    spec = load(match[1] if match else place)
    report(spec.check())
    line = int(match[2]) if match else None
    nodes = spec.typed.nodes
    wanted = [t for t in nodes if t.node.span.line == line or (line is None and not _beside(t))]
    if not wanted:
        lines = sorted({t.node.span.line for t in nodes})
        help = f"its layers stand on lines {', '.join(map(str, lines))}"
        raise InputError(Diagnostic("V504", f"no layer on line {line} of {spec.source.name}", help=help))
    click.echo("\n\n".join("\n".join(_explain(t, spec)) for t in wanted))


def _beside(t: TypedNode) -> bool:
    """Whether a layer is told beside the one that it follows, as an implied ReLU is."""
    return bool(t.node.implied) and t.node.op.in_place


def _explain(t: TypedNode, spec: Spec) -> Iterator[str]:
    node = t.node
    yield f"{t.name}: {node.spelled}  ({spec.source.name}:{node.span.line})"
    if not isinstance(node.op, Input):
        yield f"  shape    {t.x} -> {t.shape}{_shape(t, spec)}"
    if t.params.total:
        yield f"  params   {_params(t)}"
    if t.macs:
        yield f"  macs     {_macs(t)}"
    if t.activations:
        yield f"  stores   {t.activations:,} activations, {memory_text(t.activations * 4)} in fp32"
    if not isinstance(node.op, Input):
        yield f"  field    {_field(t, spec)}"
    for implied in _implied(t, spec):
        yield f"  implied  {implied}"
    place = spec.typed.nodes.index(t)
    for after in takewhile(lambda other: other.node.implied, spec.typed.nodes[place + 1 :]):
        if not node.implied:
            yield f"  then     {after.node.spelled}: {_why(after)}"


def _windowed(window: Window, x: Pair, out: Pair) -> str:
    """h' = (h + 2p - d(k - 1) - 1) // s + 1, with the numbers in place."""

    def axis(i: int) -> str:
        size = f"{x[i]} + 2·{window.pad[i]} - {window.extent[i]}"
        if window.ceil:
            beyond = -(-(x[i] + 2 * window.pad[i] - window.extent[i]) // window.stride[i]) + 1 - out[i]
            less = " - 1 that would start beyond it" if beyond else ""
            return f"ceil(({size}) / {window.stride[i]}) + 1{less} = {out[i]}"
        return f"({size}) // {window.stride[i]} + 1 = {out[i]}"

    texts = list(dict.fromkeys((axis(0), axis(1))))
    return ": " + " and ".join(texts)


def _shape(t: TypedNode, spec: Spec) -> str:
    x, out = Pair(t.x.h, t.x.w), Pair(t.shape.h, t.shape.w)
    match t.node.op:
        case Conv(window=window) | MaxPool(window) | AvgPool(window):
            return _windowed(window, x, out)
        case FC():
            return f": {t.x.elements:,} values, flattened in C, H, W order, to {t.shape.c:,}"
        case GlobalAvgPool():
            return f": the mean over {x}"
        case Concat() | Add():
            return ": " + " + ".join(str(spec.typed[name].shape) for name in t.node.inputs)
        case Input() | BatchNorm() | LRN() | Activation() | Dropout() | Softmax() | Identity():
            return ""
        case op:
            assert_never(op)


def _params(t: TypedNode) -> str:
    p = t.params
    match t.node.op:
        case Conv() as conv:
            kernel = conv.window.kernel
            groups = f"/{conv.groups}" if conv.groups > 1 else ""
            text = f"{conv.channels}·({t.x.c}{groups}·{kernel.h}·{kernel.w})"
        case FC(features):
            text = f"{features:,}·{t.x.elements:,}"
        case BatchNorm():
            return f"{p.weights:,} gamma + {p.biases:,} beta = {p.learnable:,}, and {p.running:,} running statistics"
        case _:
            return f"{p.learnable:,}"
    return f"{text} + {p.biases:,} = {p.learnable:,}" if p.biases else f"{text} = {p.learnable:,}, no biases"


def _macs(t: TypedNode) -> str:
    if isinstance(t.node.op, Conv):
        return f"{t.params.weights:,} weights · {t.shape.h}·{t.shape.w} positions = {t.macs:,}"
    return f"{t.params.weights:,} weights, each used once = {t.macs:,}"


def _field(t: TypedNode, spec: Spec) -> str:
    before = spec.typed[t.node.inputs[0]]
    window = t.node.op.sees(t.x)
    after = f"{t.receptive_field}, every {t.stride} pixels of the input"
    if window is None or window.extent == (1, 1):
        return after
    axes = (0, 1) if len(set(zip(before.receptive_field, window.extent, before.stride, strict=True))) > 1 else (0,)
    sums = (
        f"{before.receptive_field[i]} + ({window.extent[i]} - 1)·{before.stride[i]} = {t.receptive_field[i]}"
        for i in axes
    )
    return f"{after}: {' and '.join(sums)}"


def _implied(t: TypedNode, spec: Spec) -> Iterator[str]:
    node = t.node
    if node.implied:
        yield _why(t)
    written = node.span.text if not node.implied else ""
    match node.op:
        case Conv(window=window, bias=bias):
            if "pad=" not in written:
                yield f"padding {window.pad}{_from_default('conv', 'pad', spec)}"
            if "/" not in written and "stride=" not in written:
                yield f"stride {window.stride}{_from_default('conv', 'stride', spec)}"
            if "bias=" not in written:
                yield f"{'a bias' if bias else 'no bias'}{_from_default('conv', 'bias', spec)}"
        case MaxPool(window) | AvgPool(window):
            if "/" not in written:
                yield f"window {window.kernel}, stride {window.stride}"
            if "pad=" not in written:
                yield f"padding {window.pad}{_from_default(node.op.kind, 'pad', spec)}"
            if "ceil" not in written:
                how = "up" if window.ceil else "down"
                yield f"sizes are rounded {how}{_from_default(node.op.kind, 'ceil', spec)}"
        case FC(bias=bias) if "bias=" not in written:
            yield f"{'a bias' if bias else 'no bias'}{_from_default('FC', 'bias', spec)}"
        case BatchNorm(eps, momentum):
            yield f"eps {eps:g}, momentum {momentum:g}"
        case LRN(n, k, alpha, beta):
            yield f"n {n}, k {k:g}, alpha {alpha:g}, beta {beta:g} (Krizhevsky et al. 2012, unless told)"
        case _:
            pass
    if isinstance(node.op, FC | Conv) and spec.network.graph.classifier is node and isinstance(node.op, FC):
        yield "the classifier: rules for hidden FCs don't apply to it"


def _why(t: TypedNode) -> str:
    """Why a layer is there that nobody wrote at its place."""
    if t.node.implied == "implied":
        return "no activation is written, so every convolution and hidden FC gets a ReLU"
    return f"by the rule `{t.node.implied}` of line {t.node.span.line}"


def _from_default(kind: str, key: str, spec: Spec) -> str:
    """Which `default` line says so, if one does."""
    from vggdsl.syntax import Default

    for content in spec.whole.contents:
        if isinstance(content, Default) and content.kind == kind and any(o.key == key for o in content.options):
            return f", by `default {kind}` of line {content.span.line}"
    return ""
