"""TypedGraph and weights -> an ONNX model, written straight from the graph, and the model to a file."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from importlib import metadata as installed
from pathlib import Path
from types import MappingProxyType
from typing import assert_never

import numpy as np
import onnx_ir as ir

from vggdsl.network.infer import TypedGraph, TypedNode, infer
from vggdsl.network.ops import (
    CONSTANTS,
    FC,
    LRN,
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    Concat,
    Conv,
    Dropout,
    Function,
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
from vggdsl.network.passes.fold_batch_norm import fold_batch_norm
from vggdsl.network.shapes import Shape, Window
from vggdsl.network.weights import Array, Weights, check_weights, weight_shapes, without_heads
from vggdsl.targets.folding import fold_weights
from vggdsl.targets.onnx_file import write
from vggdsl.targets.runtime import INPUT, LOGITS, OUTPUT, PROBABILITIES
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import hidden

OPSET = 20
"""The first with Gelu, for what reads the files to be as many as can be."""
IR_VERSION = 10
"""onnxruntime 1.31 reads up to 13; onnx 1.23 by itself would write 14."""
BATCH = "N"
LARGEST = 2_000_000_000
"""Bytes of weights in one file: protobuf ends at 2 GiB."""

_ACTIVATIONS: dict[Function, tuple[str, dict[str, float | str]]] = {
    "ReLU": ("Relu", {}),
    "LeakyReLU": ("LeakyRelu", {}),
    "ELU": ("Elu", {}),
    "GELU": ("Gelu", {"approximate": "none"}),
    "tanh": ("Tanh", {}),
    "sigmoid": ("Sigmoid", {}),
    "hard-sigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    "hard-swish": ("HardSwish", {}),
}
_NONE: Mapping[str, str] = MappingProxyType({})


def to_onnx(
    graph: TypedGraph,
    weights: Weights,
    *,
    fold: bool = True,
    logits: bool = False,
    metadata: Mapping[str, str] = _NONE,
    name: str = "network",
) -> ir.Model:
    """The network at inference as an ONNX model; nodes and weights bear the spec's names.

    Takes ``input``, (N, C, H, W) in single precision with any N. Gives ``probabilities`` if the network
    ends in a softmax and ``logits`` isn't set, else ``logits``, or ``output`` where it ends in an activation;
    (N, n) where it ends in a vector.
    ``fold`` folds batch normalisations into the layers before them. Raises ``InputError`` V510 if the
    weights don't fit.
    """
    check_weights(weight_shapes(graph), weights)
    graph, weights = graph.inference, without_heads(graph, weights)
    if fold:
        folded = fold_batch_norm(graph.graph)
        graph, weights = infer(folded.graph), fold_weights(folded.folds, weights)
    writer = _Writer(weights)
    nodes, end = graph.nodes, graph.nodes[-1].name
    softmax = graph.graph.has_softmax and not logits
    if graph.graph.has_softmax and logits:
        nodes, (end,) = nodes[:-1], nodes[-1].node.inputs
    start = _value(INPUT, [BATCH, *graph.input.chw])
    values = {nodes[0].name: start}
    for typed in nodes[1:]:
        values[typed.name] = _lower(writer, typed, *(values[i] for i in typed.node.inputs))
    last, shape = values[end], graph[end].shape
    out_name = PROBABILITIES if softmax else OUTPUT if graph[end].node.op.activation else LOGITS
    if shape.h == shape.w == 1:
        last = writer.vector(last, f"{end}.flatten")
    if last is start:
        last = writer.add("Identity", out_name, [last], shape)
    last.name = out_name
    return ir.Model(
        ir.Graph(
            [start],
            [last],
            nodes=writer.nodes,
            initializers=writer.initializers,
            opset_imports={"": OPSET},
            name=name,
        ),
        ir_version=IR_VERSION,
        producer_name="vggdsl",
        producer_version=_version(),
        metadata_props=dict(metadata),
    )


class _Writer:
    """ONNX nodes and initializers so far."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[ir.Node] = []
        self.initializers: list[ir.Value] = []

    def add(
        self,
        op_type: str,
        name: str,
        inputs: Sequence[ir.Value],
        shape: Shape | Sequence[int | str],
        **attributes: float | str | Sequence[int],
    ) -> ir.Value:
        """Appends a node; ``shape`` is its output's, with the batch if it isn't an image's."""
        dims: Sequence[int | str] = [BATCH, *shape.chw] if isinstance(shape, Shape) else shape
        # `input` and the outputs' names are the model's interface, whatever the labels in the spec.
        clash = name in (INPUT, LOGITS, PROBABILITIES, OUTPUT)
        out = _value(f"{name}.out" if clash else name, dims)
        self.nodes.append(ir.node(op_type, inputs, attributes, outputs=[out], name=name))
        return out

    def constant(self, name: str, array: Array) -> ir.Value:
        """Appends an initializer."""
        tensor = ir.tensor(np.asarray(array, order="C"), name=name)
        value = ir.Value(name=name, shape=ir.Shape(array.shape), type=ir.TensorType(tensor.dtype), const_value=tensor)
        self.initializers.append(value)
        return value

    def parts(self, typed: TypedNode, *names: str) -> list[ir.Value]:
        """Initializers with those of the node's weights that it has."""
        full = (f"{typed.name}.{part}" for part in names)
        return [self.constant(n, np.asarray(self.weights[n], np.float32)) for n in full if n in self.weights]

    def along_channels(self, typed: TypedNode, part: str, x: ir.Value) -> ir.Value:
        """An initializer with a value for each channel. (c,) broadcasts along the last axis, where a map has none."""
        values = np.asarray(self.weights[f"{typed.name}.{part}"], np.float32)
        return self.constant(f"{typed.name}.{part}", values.reshape(-1, *[1] * (_rank(x) - 2)))

    def vector(self, x: ir.Value, name: str) -> ir.Value:
        """(N, C, H, W) -> (N, C*H*W)."""
        if _rank(x) == 2:
            return x
        return self.add("Flatten", name, [x], [BATCH, Shape(*_chw(x)).elements], axis=1)

    def image(self, x: ir.Value, name: str) -> ir.Value:
        """(N, C) -> (N, C, 1, 1)."""
        if _rank(x) == 4:
            return x
        axes = self.constant(f"{name}.axes", np.array([2, 3]))
        return self.add("Unsqueeze", name, [x, axes], [BATCH, *_chw(x), 1, 1])


def _lower(writer: _Writer, typed: TypedNode, x: ir.Value, *others: ir.Value) -> ir.Value:
    op, name, shape = typed.node.op, typed.name, typed.shape
    match op:
        case Conv():
            x = writer.image(x, f"{name}.unsqueeze")
            return writer.add(
                "Conv",
                name,
                [x, *writer.parts(typed, "weight", "bias")],
                shape,
                kernel_shape=op.window.kernel,
                strides=op.window.stride,
                pads=(*op.window.pad_before, *op.window.pad_behind),
                dilations=op.window.dilation,
                group=op.groups,
            )
        case FC():
            x = writer.vector(x, f"{name}.flatten")
            inputs = [x, *writer.parts(typed, "weight", "bias")]
            return writer.add("Gemm", name, inputs, [BATCH, op.features], transB=1)
        case MaxPool():
            x = writer.image(x, f"{name}.unsqueeze")
            return writer.add(
                "MaxPool",
                name,
                [x],
                shape,
                kernel_shape=op.window.kernel,
                strides=op.window.stride,
                pads=(*op.window.pad_before, *_end_pads(op.window, typed.x, shape)),
                dilations=op.window.dilation,
            )
        case AvgPool():
            return _avg_pool(writer, typed, op.window, writer.image(x, f"{name}.unsqueeze"))
        case GlobalAvgPool():
            return writer.add("GlobalAveragePool", name, [writer.image(x, f"{name}.unsqueeze")], shape)
        case GlobalMaxPool():
            return writer.add("GlobalMaxPool", name, [writer.image(x, f"{name}.unsqueeze")], shape)
        case BatchNorm():
            parts = writer.parts(typed, "weight", "bias", "running_mean", "running_var")
            return writer.add("BatchNormalization", name, [x, *parts], _dims(x), epsilon=op.eps)
        case GroupNorm():
            return _group_norm(writer, typed, op, x)
        case LRN():
            return _lrn(writer, typed, op, writer.image(x, f"{name}.unsqueeze"))
        case Activation(function="SiLU"):
            gate = writer.add("Sigmoid", f"{name}.sigmoid", [x], _dims(x))
            return writer.add("Mul", name, [x, gate], _dims(x))
        case Activation(function="ReLU6"):
            ends = [writer.constant(f"{name}.{end}", np.array(v, np.float32)) for end, v in (("min", 0), ("max", 6))]
            return writer.add("Clip", name, [x, *ends], _dims(x))
        case Activation():
            op_type, attributes = _ACTIVATIONS[op.function]
            constant = op.constant or CONSTANTS.get(op.function)
            alpha = {} if constant is None else {"alpha": constant}
            return writer.add(op_type, name, [x], _dims(x), **attributes, **alpha)
        case PReLU():
            return writer.add("PRelu", name, [x, writer.along_channels(typed, "weight", x)], _dims(x))
        case Softmax():
            return writer.add("Softmax", name, [x], _dims(x), axis=1)
        case Dropout() | Identity() | Input():
            return x
        case Widen():
            more = shape.c - typed.x.c
            pads = [0, 0, 0, more] if _rank(x) == 2 else [0, 0, 0, 0, 0, more, 0, 0]
            inputs = [x, writer.constant(f"{name}.pads", np.array(pads))]
            return writer.add("Pad", name, inputs, [BATCH, shape.c] if _rank(x) == 2 else shape)
        case Shuffle():
            return _shuffle(writer, typed, op, x)
        case Take():
            start = 0 if op.end == "first" else typed.x.c - op.channels
            places = (("starts", start), ("ends", start + op.channels), ("axes", 1))
            inputs = [x, *(writer.constant(f"{name}.{what}", np.array([place])) for what, place in places)]
            return writer.add("Slice", name, inputs, [BATCH, shape.c] if _rank(x) == 2 else shape)
        case Concat():
            xs = _alike(writer, typed, x, *others)
            return writer.add("Concat", name, xs, [BATCH, shape.c] if _rank(xs[0]) == 2 else shape, axis=1)
        case Add():
            total, *xs = _alike(writer, typed, x, *others)
            for i, y in enumerate(xs, 1):
                total = writer.add("Add", name if i == len(xs) else f"{name}.sum{i}", [total, y], _dims(total))
            return total
        case Mul():
            product, *xs = _alike(writer, typed, x, *others)
            for i, y in enumerate(xs, 1):
                dims: list[int | str] = [BATCH, *map(max, _chw(product), _chw(y))]  # 1 is spread
                product = writer.add("Mul", name if i == len(xs) else f"{name}.product{i}", [product, y], dims)
            return product
        case _:
            assert_never(op)


def _alike(writer: _Writer, typed: TypedNode, *xs: ir.Value) -> list[ir.Value]:
    """All as vectors where they are, else all as images."""
    if all(_rank(x) == 2 for x in xs):
        return list(xs)
    return [writer.image(x, f"{typed.name}.unsqueeze{i}") for i, x in enumerate(xs, 1)]


def _end_pads(window: Window, x: Shape, out: Shape) -> tuple[int, int]:
    """What the windows reach at the end beyond the input, at least the padding.

    Said in pads rather than by ``ceil_mode``, in which runtimes have differed about a last window that
    starts in the padding, and about what an average is divided by. (onnxruntime 1.31 is as PyTorch.)
    """
    sizes = ((x.h, out.h), (x.w, out.w))
    return tuple(  # type: ignore[return-value]  # two axes in, two out
        max(q, (places - 1) * s + e - p - n)
        for (n, places), p, q, s, e in zip(
            sizes, window.pad_before, window.pad_behind, window.stride, window.extent, strict=True
        )
    )


def _avg_pool(writer: _Writer, typed: TypedNode, window: Window, x: ir.Value) -> ir.Value:
    """Padding counts in the mean; what hangs over the end of it, in ``ceil``, doesn't."""
    before, behind, name = window.pad_before, window.pad_behind, typed.name
    end = _end_pads(window, typed.x, typed.shape)
    hangs = end != behind
    if hangs and any(window.pad):  # one pool can't do both: make the padding part of its input
        c, h, w = typed.x.chw
        pads = writer.constant(f"{name}.pads", np.array([0, 0, *before, 0, 0, *behind]))
        padded = Shape(c, h + before.h + behind.h, w + before.w + behind.w)
        x = writer.add("Pad", f"{name}.pad", [x, pads], padded)
        end = (end[0] - behind.h, end[1] - behind.w)
    start = (0, 0) if hangs else before
    return writer.add(
        "AveragePool",
        name,
        [x],
        typed.shape,
        kernel_shape=window.kernel,
        strides=window.stride,
        pads=(*start, *end),
        count_include_pad=int(not hangs),
    )


def _group_norm(writer: _Writer, typed: TypedNode, op: GroupNorm, x: ir.Value) -> ir.Value:
    """As an instance normalisation whose channels are the groups.

    GroupNormalization has a scale for each group before opset 21, where PyTorch has one for each channel.
    """
    name, groups, size = typed.name, op.groups, typed.x.elements // op.groups
    start = writer.constant(f"{name}.groups", np.array([0, groups, size]))
    end = writer.constant(f"{name}.shape", np.array([0, *_chw(x)]))
    one = writer.constant(f"{name}.one", np.ones(groups, np.float32))
    zero = writer.constant(f"{name}.zero", np.zeros(groups, np.float32))
    apart = writer.add("Reshape", f"{name}.apart", [x, start], [BATCH, groups, size])
    inputs = [apart, one, zero]
    normal = writer.add("InstanceNormalization", f"{name}.normal", inputs, [BATCH, groups, size], epsilon=op.eps)
    again = writer.add("Reshape", f"{name}.together", [normal, end], _dims(x))
    scaled = writer.add("Mul", f"{name}.scaled", [again, writer.along_channels(typed, "weight", x)], _dims(x))
    return writer.add("Add", name, [scaled, writer.along_channels(typed, "bias", x)], _dims(x))


def _shuffle(writer: _Writer, typed: TypedNode, op: Shuffle, x: ir.Value) -> ir.Value:
    """Groups and what is in them change places; positions are one axis meanwhile."""
    name, c, positions = typed.name, typed.x.c, typed.x.h * typed.x.w
    apart = writer.constant(f"{name}.groups", np.array([0, op.groups, c // op.groups, positions]))
    end = writer.constant(f"{name}.shape", np.array([0, *_chw(x)]))
    groups = writer.add("Reshape", f"{name}.apart", [x, apart], [BATCH, op.groups, c // op.groups, positions])
    dims = (BATCH, c // op.groups, op.groups, positions)
    turned = writer.add("Transpose", f"{name}.turned", [groups], dims, perm=(0, 2, 1, 3))
    return writer.add("Reshape", name, [turned, end], _dims(x))


def _lrn(writer: _Writer, typed: TypedNode, op: LRN, x: ir.Value) -> ir.Value:
    """LRN with Krizhevsky's alpha, which ONNX divides by n.

    onnxruntime has none with an even n, whose window isn't centred: PyTorch's has n/2 channels before
    and n/2 - 1 after. It is written out, the sum over neighbours as a 1x1 convolution.
    """
    name, shape = typed.name, typed.shape
    if op.n % 2:
        return writer.add("LRN", name, [x], shape, size=op.n, alpha=op.alpha * op.n, beta=op.beta, bias=op.k)
    offset = np.arange(shape.c)[None, :] - np.arange(shape.c)[:, None]
    near = (-(op.n // 2) <= offset) & (offset < op.n // 2)
    alphas = writer.constant(f"{name}.alphas", (near * op.alpha).astype(np.float32)[:, :, None, None])
    k = writer.constant(f"{name}.k", np.full((1, 1, 1, 1), op.k, np.float32))
    beta = writer.constant(f"{name}.beta", np.array(op.beta, np.float32))
    squares = writer.add("Mul", f"{name}.squares", [x, x], shape)
    total = writer.add("Conv", f"{name}.sum", [squares, alphas], shape, kernel_shape=(1, 1))
    base = writer.add("Add", f"{name}.base", [total, k], shape)
    power = writer.add("Pow", f"{name}.power", [base, beta], shape)
    return writer.add("Div", name, [x, power], shape)


def _value(name: str, dims: Sequence[int | str]) -> ir.Value:
    return ir.Value(name=name, shape=ir.Shape(dims), type=ir.TensorType(ir.DataType.FLOAT))


def _dims(x: ir.Value) -> list[int | str]:
    return [BATCH, *_chw(x)]


def _chw(x: ir.Value) -> list[int]:
    assert x.shape is not None
    return [d for d in x.shape if isinstance(d, int)]


def _rank(x: ir.Value) -> int:
    return 1 + len(_chw(x))


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
