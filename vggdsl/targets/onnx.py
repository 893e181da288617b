"""TypedGraph and weights -> an ONNX model, written straight from the graph, and the model to a file."""

import os
import tempfile
from collections.abc import Mapping
from importlib import metadata as installed
from pathlib import Path
from types import MappingProxyType
from typing import Unpack

import onnx
import onnx_ir as ir

from vggdsl.data.preprocessing import Preprocessing
from vggdsl.network.graph import Node
from vggdsl.network.infer import TypedGraph, infer
from vggdsl.network.passes.fc_to_conv import on_maps
from vggdsl.network.passes.fold_batch_norm import fold_batch_norm
from vggdsl.network.weights import Weights, check_weights, weight_shapes, without_heads
from vggdsl.targets.folding import fold_weights
from vggdsl.targets.forms import Form, FormOptions, has_places
from vggdsl.targets.onnx_ends import likeliest, normalised, of_any_size, start, tell_classes
from vggdsl.targets.onnx_file import write
from vggdsl.targets.onnx_layers import BATCH, Writer, lower, rank
from vggdsl.targets.opsets import USUAL, ir_version_of
from vggdsl.targets.runtime import LOGITS, OUTPUT, PROBABILITIES
from vggdsl.targets.weights_beside import BESIDE, described
from vggdsl.text.errors import Diagnostic, InputError, Label
from vggdsl.text.files import hidden

LARGEST = 2_000_000_000
"""Bytes of weights in one file: protobuf ends at 2 GiB."""

_NONE: Mapping[str, str] = MappingProxyType({})


def to_onnx(
    graph: TypedGraph,
    weights: Weights,
    *,
    preprocessing: Preprocessing | None = None,
    metadata: Mapping[str, str] = _NONE,
    name: str = "network",
    **options: Unpack[FormOptions],
) -> ir.Model:
    """The network at inference as an ONNX model in a ``Form``; nodes and weights bear the spec's names.

    Takes ``input``, (N, C, H, W) in single precision with any N. Gives ``probabilities`` if the network
    ends in a softmax and ``logits`` isn't set, else ``logits``, or ``output`` where it ends in an activation;
    (N, n) where it ends in a vector. Bytes are normalised as ``preprocessing`` says, by default by division alone. The
    IR version is the lowest of the opset.

    Raises ``InputError`` V510 if the weights don't fit, V525 for a form in which the network can't be written, such as
    an opset that is lower than it needs.
    """
    form = Form(**options)
    form.check(graph)
    check_weights(weight_shapes(graph), weights)
    weights = without_heads(graph, weights)
    if form.size == "dense":
        weights = on_maps(graph.inference, weights)
    graph = form.graph_of(graph)
    if form.fold:
        folded = fold_batch_norm(graph.graph)
        graph, weights = infer(folded.graph), fold_weights(folded.folds, weights)
    any_size = form.size != "fixed"
    writer = Writer(weights, form.opset or USUAL, any_size=any_size)
    nodes, end = graph.nodes, graph.nodes[-1].name
    softmax = graph.graph.has_softmax and not form.logits
    if graph.graph.has_softmax and form.logits:
        nodes, (end,) = nodes[:-1], nodes[-1].node.inputs
    given = start(graph.input, preprocessing, in_bytes=form.uint8)
    values = {nodes[0].name: given}
    if form.uint8:
        values[nodes[0].name] = normalised(writer, given, preprocessing or Preprocessing.unknown(graph.input))
    for typed in nodes[1:]:
        values[typed.name] = lower(writer, typed, *(values[i] for i in typed.node.inputs))
    last, shape = values[end], graph[end].shape
    out_name = PROBABILITIES if softmax else OUTPUT if graph[end].node.op.activation else LOGITS
    if not has_places(graph, end, form.size):
        last = writer.vector(last, f"{end}.flatten")
    if last is given:
        last = writer.add("Identity", out_name, [last], shape)
    if any_size:
        _forget_sizes(writer, last, shape.c)
        of_any_size(given, in_bytes=form.uint8)
    outputs = [last] if form.top is None else likeliest(writer, last, form.top)
    if form.top is None:
        last.name = out_name
        tell_classes(last)
    needed, needs_it = writer.needed
    if form.opset is not None and form.opset < needed:
        raise _too_low(form.opset, needed, graph[needs_it].node)
    opset = form.opset or max(USUAL, needed)
    return ir.Model(
        ir.Graph(
            [given],
            outputs,
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


def _forget_sizes(writer: Writer, last: ir.Value, channels: int) -> None:
    """Of images of any size nothing is told of what lies between, and of an output that is a map its channels."""
    for node in writer.nodes:
        for out in node.outputs:
            if out is not last:
                out.shape = out.type = None
    if rank(last) == 4:
        last.shape = ir.Shape([BATCH, channels, None, None])


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


def save(model: ir.Model, path: str | os.PathLike[str], *, external: bool = False, shown_as: str | None = None) -> None:
    """Writes the model to one file, or ``external`` or beyond 2 GB with its weights in ``<file>.data`` beside it.

    What was at ``path`` stays as it is until the new file is whole. Raises ``InputError`` V511 if the
    folder can't be written to; it calls the file ``shown_as``.
    """
    path = Path(path)
    size = sum(v.const_value.nbytes for v in model.graph.initializers.values() if v.const_value is not None)
    data = f"{path.name}.data" if external or size > LARGEST else None
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=hidden(path)) as folder:
            new = Path(folder) / path.name
            model.metadata_props.pop(BESIDE, None)
            if data is None:
                write(model, new)
            else:
                ir.save(model, new, format="protobuf", external_data=data)
                alone = onnx.load(new, load_external_data=False)
                alone.metadata_props.add(key=BESIDE, value=described(new.with_name(data)))
                onnx.save(alone, new)
                new.with_name(data).replace(path.with_name(data))
            new.replace(path)
    except OSError as error:
        raise InputError(Diagnostic("V511", f"can't write {shown_as or path}: {error.strerror or error}")) from error
