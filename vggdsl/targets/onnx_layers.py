"""Layers -> ONNX nodes and initializers, which bear the spec's names."""

from collections.abc import Sequence
from typing import assert_never

import numpy as np
import onnx_ir as ir

from vggdsl.network.infer import TypedNode
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
from vggdsl.network.shapes import Shape, Window
from vggdsl.network.weights import Array, Weights
from vggdsl.targets.opsets import OLDEST
from vggdsl.targets.runtime import INPUT, LABELS, LOGITS, OUTPUT, PROBABILITIES

BATCH = "N"
_SINCE = {"Gelu": 20, "HardSwish": 14}
"""The opsets of operators that the oldest doesn't have."""
_AXES_AS_INPUT = _SOFTMAX_OF_MAPS = 13
"""Before, axes are an attribute, and a softmax goes over all values of an image."""

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


class Writer:
    """ONNX nodes and initializers so far, in the forms of an ``opset``, for images of one size or of any.

    ``needed`` is the opset that they need, and the name of the node that does.
    """

    def __init__(self, weights: Weights, opset: int, *, any_size: bool = False) -> None:
        self.weights, self.opset, self.any_size = weights, opset, any_size
        self.needed = OLDEST, ""
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
        self.need(_SINCE.get(op_type, OLDEST), name)
        dims: Sequence[int | str] = [BATCH, *shape.chw] if isinstance(shape, Shape) else shape
        # `input` and the outputs' names are the model's interface, whatever the labels in the spec.
        clash = name in (INPUT, LOGITS, PROBABILITIES, OUTPUT, LABELS)
        out = value(f"{name}.out" if clash else name, dims)
        self.nodes.append(ir.node(op_type, inputs, attributes, outputs=[out], name=name))
        return out

    def need(self, opset: int, name: str) -> None:
        """Says that a node needs an opset."""
        if opset > self.needed[0]:
            self.needed = opset, name

    def constant(self, name: str, array: Array) -> ir.Value:
        """Appends an initializer.

        Its tensor alone tells its type and shape: told of the value, too, they would stand among the graph's
        ``value_info``, where onnxruntime's quantisation looks for activations.
        """
        value = ir.Value(name=name, const_value=ir.tensor(np.asarray(array, order="C"), name=name))
        self.initializers.append(value)
        return value

    def parts(self, typed: TypedNode, *names: str) -> list[ir.Value]:
        """Initializers with those of the node's weights that it has."""
        full = (f"{typed.name}.{part}" for part in names)
        return [self.constant(n, np.asarray(self.weights[n], np.float32)) for n in full if n in self.weights]

    def along_channels(self, typed: TypedNode, part: str, x: ir.Value) -> ir.Value:
        """An initializer with a value for each channel. (c,) broadcasts along the last axis, where a map has none."""
        values = np.asarray(self.weights[f"{typed.name}.{part}"], np.float32)
        return self.constant(f"{typed.name}.{part}", values.reshape(-1, *[1] * (rank(x) - 2)))

    def shape(self, x: ir.Value, name: str) -> ir.Value:
        """What gives a value of another shape that of ``x``: an initializer, or of images of any size ``x`` itself."""
        if not self.any_size:
            return self.constant(name, np.array([0, *_chw(x)]))
        out = ir.Value(name=name, shape=ir.Shape([rank(x)]), type=ir.TensorType(ir.DataType.INT64))
        self.nodes.append(ir.node("Shape", [x], outputs=[out], name=name))
        return out

    def vector(self, x: ir.Value, name: str) -> ir.Value:
        """(N, C, H, W) -> (N, C*H*W)."""
        if rank(x) == 2:
            return x
        return self.add("Flatten", name, [x], [BATCH, Shape(*_chw(x)).elements], axis=1)

    def image(self, x: ir.Value, name: str) -> ir.Value:
        """(N, C) -> (N, C, 1, 1)."""
        if rank(x) == 4:
            return x
        dims: list[int | str] = [BATCH, *_chw(x), 1, 1]
        if self.opset < _AXES_AS_INPUT:
            return self.add("Unsqueeze", name, [x], dims, axes=(2, 3))
        return self.add("Unsqueeze", name, [x, self.constant(f"{name}.axes", np.array([2, 3]))], dims)


def lower(writer: Writer, typed: TypedNode, x: ir.Value, *others: ir.Value) -> ir.Value:
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
                dilations=op.window.dilation,
                **_border(writer, typed, op.window),
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
            if shape.h * shape.w > 1 or (writer.any_size and rank(x) == 4):
                writer.need(_SOFTMAX_OF_MAPS, name)
            return writer.add("Softmax", name, [x], _dims(x), axis=1)
        case Dropout() | Identity() | Input():
            return x
        case Widen():
            more = shape.c - typed.x.c
            pads = [0, 0, 0, more] if rank(x) == 2 else [0, 0, 0, 0, 0, more, 0, 0]
            inputs = [x, writer.constant(f"{name}.pads", np.array(pads))]
            return writer.add("Pad", name, inputs, [BATCH, shape.c] if rank(x) == 2 else shape)
        case Shuffle():
            return _shuffle(writer, typed, op, x)
        case Take():
            start = 0 if op.end == "first" else typed.x.c - op.channels
            places = (("starts", start), ("ends", start + op.channels), ("axes", 1))
            inputs = [x, *(writer.constant(f"{name}.{what}", np.array([place])) for what, place in places)]
            return writer.add("Slice", name, inputs, [BATCH, shape.c] if rank(x) == 2 else shape)
        case Concat():
            xs = _alike(writer, typed, x, *others)
            return writer.add("Concat", name, xs, [BATCH, shape.c] if rank(xs[0]) == 2 else shape, axis=1)
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


def _alike(writer: Writer, typed: TypedNode, *xs: ir.Value) -> list[ir.Value]:
    """All as vectors where they are, else all as images."""
    if all(rank(x) == 2 for x in xs):
        return list(xs)
    return [writer.image(x, f"{typed.name}.unsqueeze{i}") for i, x in enumerate(xs, 1)]


def _border(writer: Writer, typed: TypedNode, window: Window) -> dict[str, int | Sequence[int]]:
    """Pads, and for images of any size whether a window may hang over: then nothing is padded (``Form.check``)."""
    if writer.any_size and window.may_hang:
        return {"pads": (0, 0, 0, 0), "ceil_mode": 1}
    return {"pads": (*window.pad_before, *_end_pads(window, typed.x, typed.shape))}


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


def _avg_pool(writer: Writer, typed: TypedNode, window: Window, x: ir.Value) -> ir.Value:
    """Padding counts in the mean; what hangs over the end of it, in ``ceil``, doesn't."""
    before, behind, name = window.pad_before, window.pad_behind, typed.name
    end = _end_pads(window, typed.x, typed.shape)
    hangs = window.may_hang if writer.any_size else end != behind
    if hangs and any(window.pad):  # one pool can't do both: make the padding part of its input
        c, h, w = typed.x.chw
        pads = writer.constant(f"{name}.pads", np.array([0, 0, *before, 0, 0, *behind]))
        padded = Shape(c, h + before.h + behind.h, w + before.w + behind.w)
        x = writer.add("Pad", f"{name}.pad", [x, pads], padded)
        end = (end[0] - behind.h, end[1] - behind.w)
    start = (0, 0) if hangs else before
    border = _border(writer, typed, window) if writer.any_size else {"pads": (*start, *end)}
    return writer.add(
        "AveragePool",
        name,
        [x],
        typed.shape,
        kernel_shape=window.kernel,
        strides=window.stride,
        count_include_pad=int(not hangs),
        **border,
    )


def _group_norm(writer: Writer, typed: TypedNode, op: GroupNorm, x: ir.Value) -> ir.Value:
    """As an instance normalisation whose channels are the groups.

    GroupNormalization has a scale for each group before opset 21, where PyTorch has one for each channel.
    """
    name, groups, size = typed.name, op.groups, typed.x.elements // op.groups
    start = writer.constant(f"{name}.groups", np.array([0, groups, -1 if writer.any_size else size]))
    end = writer.shape(x, f"{name}.shape")
    one = writer.constant(f"{name}.one", np.ones(groups, np.float32))
    zero = writer.constant(f"{name}.zero", np.zeros(groups, np.float32))
    apart = writer.add("Reshape", f"{name}.apart", [x, start], [BATCH, groups, size])
    inputs = [apart, one, zero]
    normal = writer.add("InstanceNormalization", f"{name}.normal", inputs, [BATCH, groups, size], epsilon=op.eps)
    again = writer.add("Reshape", f"{name}.together", [normal, end], _dims(x))
    scaled = writer.add("Mul", f"{name}.scaled", [again, writer.along_channels(typed, "weight", x)], _dims(x))
    return writer.add("Add", name, [scaled, writer.along_channels(typed, "bias", x)], _dims(x))


def _shuffle(writer: Writer, typed: TypedNode, op: Shuffle, x: ir.Value) -> ir.Value:
    """Groups and what is in them change places; positions are one axis meanwhile."""
    name, c, positions = typed.name, typed.x.c, typed.x.h * typed.x.w
    all_of_it = -1 if writer.any_size else positions
    apart = writer.constant(f"{name}.groups", np.array([0, op.groups, c // op.groups, all_of_it]))
    end = writer.shape(x, f"{name}.shape")
    groups = writer.add("Reshape", f"{name}.apart", [x, apart], [BATCH, op.groups, c // op.groups, positions])
    dims = (BATCH, c // op.groups, op.groups, positions)
    turned = writer.add("Transpose", f"{name}.turned", [groups], dims, perm=(0, 2, 1, 3))
    return writer.add("Reshape", name, [turned, end], _dims(x))


def _lrn(writer: Writer, typed: TypedNode, op: LRN, x: ir.Value) -> ir.Value:
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


def value(name: str, dims: Sequence[int | str], kind: ir.DataType = ir.DataType.FLOAT) -> ir.Value:
    """A value of a graph, with the batch first."""
    return ir.Value(name=name, shape=ir.Shape(dims), type=ir.TensorType(kind))


def _dims(x: ir.Value) -> list[int | str]:
    return [BATCH, *_chw(x)]


def _chw(x: ir.Value) -> list[int]:
    assert x.shape is not None
    return [d for d in x.shape if isinstance(d, int)]


def rank(x: ir.Value) -> int:
    return 1 + len(_chw(x))
