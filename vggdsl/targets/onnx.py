"""TypedGraph and weights -> an ONNX model, written straight from the graph, and the model to a file."""

import os
import tempfile
from collections.abc import Mapping
from importlib import metadata as installed
from pathlib import Path
from types import MappingProxyType
from typing import Unpack

import onnx_ir as ir

from vggdsl.network.graph import Node
from vggdsl.network.infer import TypedGraph, infer
from vggdsl.network.passes.fold_batch_norm import fold_batch_norm
from vggdsl.network.weights import Weights, check_weights, weight_shapes, without_heads
from vggdsl.targets.folding import fold_weights
from vggdsl.targets.forms import Form, FormOptions
from vggdsl.targets.onnx_file import write
from vggdsl.targets.onnx_layers import BATCH, Writer, lower, value
from vggdsl.targets.opsets import USUAL, check_opset, ir_version_of
from vggdsl.targets.runtime import INPUT, LOGITS, OUTPUT, PROBABILITIES
from vggdsl.text.errors import Diagnostic, InputError, Label
from vggdsl.text.files import hidden

LARGEST = 2_000_000_000
"""Bytes of weights in one file: protobuf ends at 2 GiB."""

_NONE: Mapping[str, str] = MappingProxyType({})


def to_onnx(
    graph: TypedGraph,
    weights: Weights,
    *,
    metadata: Mapping[str, str] = _NONE,
    name: str = "network",
    **options: Unpack[FormOptions],
) -> ir.Model:
    """The network at inference as an ONNX model in a ``Form``; nodes and weights bear the spec's names.

    Takes ``input``, (N, C, H, W) in single precision with any N. Gives ``probabilities`` if the network
    ends in a softmax and ``logits`` isn't set, else ``logits``, or ``output`` where it ends in an activation;
    (N, n) where it ends in a vector. The IR version is the lowest of the opset.

    Raises ``InputError`` V510 if the weights don't fit, V525 for an opset that can't be checked here, or that is
    lower than the network needs.
    """
    form = Form(**options)
    if form.opset is not None:
        check_opset(form.opset)
    check_weights(weight_shapes(graph), weights)
    graph, weights = graph.inference, without_heads(graph, weights)
    if form.fold:
        folded = fold_batch_norm(graph.graph)
        graph, weights = infer(folded.graph), fold_weights(folded.folds, weights)
    writer = Writer(weights, form.opset or USUAL)
    nodes, end = graph.nodes, graph.nodes[-1].name
    softmax = graph.graph.has_softmax and not form.logits
    if graph.graph.has_softmax and form.logits:
        nodes, (end,) = nodes[:-1], nodes[-1].node.inputs
    start = value(INPUT, [BATCH, *graph.input.chw])
    values = {nodes[0].name: start}
    for typed in nodes[1:]:
        values[typed.name] = lower(writer, typed, *(values[i] for i in typed.node.inputs))
    last, shape = values[end], graph[end].shape
    out_name = PROBABILITIES if softmax else OUTPUT if graph[end].node.op.activation else LOGITS
    if shape.h == shape.w == 1:
        last = writer.vector(last, f"{end}.flatten")
    if last is start:
        last = writer.add("Identity", out_name, [last], shape)
    last.name = out_name
    needed, needs_it = writer.needed
    if form.opset is not None and form.opset < needed:
        raise _too_low(form.opset, needed, graph[needs_it].node)
    opset = form.opset or max(USUAL, needed)
    return ir.Model(
        ir.Graph(
            [start],
            [last],
            nodes=writer.nodes,
            initializers=writer.initializers,
            opset_imports={"": opset},
            name=name,
        ),
        ir_version=ir_version_of(opset),
        producer_name="vggdsl",
        producer_version=_version(),
        metadata_props=dict(metadata),
    )


def _too_low(opset: int, needed: int, node: Node) -> InputError:
    label = Label(node.span, f"needs opset {needed}")
    message = f"{node.name} can't be written in opset {opset}"
    help = f"write `--opset {needed}`, or leave it out: the lowest that does is taken"
    return InputError(Diagnostic("V525", message, (label,), help))


def _version() -> str:
    try:
        return installed.version("vggdsl")
    except installed.PackageNotFoundError:  # a bare checkout
        return "unknown"


def save(model: ir.Model, path: str | os.PathLike[str], *, shown_as: str | None = None) -> None:
    """Writes the model to one file, or beyond 2 GB with its weights in ``<file>.data`` beside it.

    What was at ``path`` stays as it is until the new file is whole. Raises ``InputError`` V511 if the
    folder can't be written to; it calls the file ``shown_as``.
    """
    path = Path(path)
    size = sum(v.const_value.nbytes for v in model.graph.initializers.values() if v.const_value is not None)
    data = f"{path.name}.data" if size > LARGEST else None
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=hidden(path)) as folder:
            new = Path(folder) / path.name
            if data is None:
                write(model, new)
            else:
                ir.save(model, new, format="protobuf", external_data=data)
                new.with_name(data).replace(path.with_name(data))
            new.replace(path)
    except OSError as error:
        raise InputError(Diagnostic("V511", f"can't write {shown_as or path}: {error.strerror or error}")) from error
