"""A file with an ONNX model: its layers in the normal form, and where the weights of each are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import onnx
from onnx import inliner

from vggdsl.network.matching import NormalForm
from vggdsl.network.shapes import Shape
from vggdsl.targets import onnx_file
from vggdsl.targets.reading.axes import image, rows_first
from vggdsl.targets.reading.constants import BATCH, Constant
from vggdsl.targets.reading.layers import LAYERS
from vggdsl.targets.reading.walk import Map, Unread, Walk
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_file
from vggdsl.text.printing import first_line, printable
from vggdsl.text.units import names_text

_SINGLE = "float32"
_FRACTIONS = (_SINGLE, "float16", "bfloat16", "float64")


@dataclass(frozen=True)
class ReadModel:
    """``weights`` by layer and part; ``ends`` is what the first output is behind its last layer: nothing, `softmax` or
    `log-softmax`. ``said`` is what a user should know of how it was read; ``input`` and ``outputs`` are names.
    ``rows_first``: it takes (n, rows, columns, channels); n is ``batch``, or ``BATCH`` where that is any.
    ``prepares``: it takes something else than the network, such as bytes, and makes that of it. ``takes`` is the NumPy
    type of what it takes."""

    form: NormalForm
    weights: Mapping[str, Mapping[str, Constant]]
    ends: str
    said: Sequence[str]
    input: str
    outputs: Sequence[str]
    rows_first: bool
    batch: int
    prepares: bool
    takes: str

    @property
    def why_not_compared(self) -> str:
        """Why its outputs can't be held against a network's in single precision; nothing if they can."""
        if self.prepares:
            return "it prepares its input itself"
        return "" if self.takes == _SINGLE else f"it computes in {self.takes}"


def read_onnx(path: Path, shape: Shape) -> ReadModel:
    """What a model computes of an input of that shape, or of its own where that is fixed.

    Nothing is run. Large weights stay in the file; only their shapes are read.
    Raises ``InputError`` V501 if there is no file, V520 if it is no ONNX, V527 for what isn't read of it.
    """
    model = opened(path)
    try:
        return layers_of(model, path, shape)
    except Unread as error:
        message = f"{path} can't be held against a spec: {error}"
        help = "nothing is said of the model: a layer may be written in operators that aren't known here"
        raise InputError(Diagnostic("V527", message, help=help)) from None


def other_precision(read: ReadModel) -> list[str]:
    """In which numbers a model has its weights, where they aren't in single precision."""
    kinds = {_type(each.origin.kind) for parts in read.weights.values() for each in parts.values()} - {_SINGLE}
    return [f"its weights are in {' and '.join(sorted(kinds))}, and in single precision here"] if kinds else []


def shared_weights(read: ReadModel, pairs: Mapping[str, str]) -> list[str]:
    """Which layers, by our names, have one tensor in the model for the weights of several; ``pairs`` are its names."""
    holders: dict[int, list[str]] = {}
    for ours, theirs in pairs.items():
        weight = read.weights.get(theirs, {}).get("weight")
        if weight is not None and len(weight.shape) > 1:  # exporters merge vectors that are equal, as of a fresh BN
            holders.setdefault(id(weight.origin), []).append(ours)
    several = (names for names in holders.values() if len(names) > 1)
    return [f"{names_text(names, 4)} share their weights in it, and each has its own in the spec" for names in several]


def layers_of(model: onnx.ModelProto, path: Path, shape: Shape) -> ReadModel:
    """The same of a model that was opened. Raises ``Unread`` with the first node that isn't known."""
    opset = next((each.version for each in model.opset_import if each.domain in ("", "ai.onnx")), 1)
    return _read(model.graph, path, opset, shape)


def opened(path: Path) -> onnx.ModelProto:
    """A file's model without functions of its own. Raises ``InputError`` V501 if there is none, V520 for no ONNX."""
    if not is_file(path):
        raise InputError(Diagnostic("V501", f"no file `{path}`", help="name an ONNX file"))
    try:
        model = onnx_file.read(path)
        if model.functions:
            model = inliner.inline_local_functions(model)
        _sort(model.graph)
        onnx.checker.check_model(_without_values(model))
    except MemoryError:
        raise
    except Exception as error:  # neither protobuf nor the checker has one root for what can be wrong with a file
        message = f"{path} is not a usable ONNX file: {first_line(error)}"
        raise InputError(Diagnostic("V520", message)) from None
    return model


def _sort(graph: onnx.GraphProto) -> None:
    """Puts each node behind those that give what it takes: onnxruntime runs any order, and its converter to half
    precision appends its casts.

    Raises ``CycleError`` where there is no order.
    """
    makers = {name: at for at, node in enumerate(graph.node) for name in node.output if name}
    takes = {at: {makers[name] for name in node.input if name in makers} for at, node in enumerate(graph.node)}
    if any(at <= maker for at, before in takes.items() for maker in before):
        nodes = [graph.node[at] for at in TopologicalSorter(takes).static_order()]
        copied = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
        del graph.node[:]
        graph.node.extend(copied)


def _without_values(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model for the checker, which looks for values that lie elsewhere: as an input none has any."""
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    names = {each.name for each in bare.graph.input}
    kept = [each for each in bare.graph.initializer if each.data_location != onnx.TensorProto.EXTERNAL]
    for each in bare.graph.initializer:
        if each.data_location == onnx.TensorProto.EXTERNAL and each.name not in names:
            bare.graph.input.append(onnx.helper.make_tensor_value_info(each.name, each.data_type, each.dims))
    del bare.graph.initializer[:]
    bare.graph.initializer.extend(kept)
    return bare


def _read(graph: onnx.GraphProto, path: Path, opset: int, shape: Shape) -> ReadModel:
    initialised = {each.name for each in graph.initializer}
    inputs = [each for each in graph.input if each.name not in initialised]
    if len(inputs) != 1:
        raise Unread(f"it has {len(inputs)} inputs")
    (given,) = inputs
    dims = [each.dim_value if each.HasField("dim_value") else None for each in given.type.tensor_type.shape.dim]
    if len(dims) != 4:
        raise Unread(f"its input has {len(dims)} axes, and no (n, channels, rows, columns)")
    batch, *size = dims
    is_rows_first = _is_rows_first(size, shape)
    c, h, w = (size[2], size[0], size[1]) if is_rows_first else size
    own = Shape(c or shape.c, h or shape.h, w or shape.w)
    walk = Walk(path.parent, opset, batch or BATCH, LAYERS)
    walk.begin(printable(given.name), own, (rows_first if is_rows_first else image)(own))
    walk.values[given.name] = walk.values.pop(printable(given.name))
    walk.follow(graph)
    takes = _type(given.type.tensor_type.elem_type)
    prepares = walk.prepares or takes not in _FRACTIONS
    if prepares:
        walk.said.append("it prepares its input itself, which is no part of the network")
    if None in (h, w):
        walk.said.append(f"it takes images of any size, and was held at {own.h}x{own.w}")
    names = [each.name for each in graph.output]
    found = [walk.values[name] for name in names]
    if not found or not all(isinstance(each, Map) for each in found):
        raise Unread("its output doesn't depend on the image")
    ends = [each.name for each in found if isinstance(each, Map)]
    end = walk.form.ended(*ends)
    form = walk.form.finish(ends[0], ends[1:])
    return ReadModel(
        form, walk.weights, end, tuple(walk.said), given.name, names, is_rows_first, walk.batch, prepares, takes
    )


def _is_rows_first(size: Sequence[int | None], shape: Shape) -> bool:
    """Whether an input is (rows, columns, channels), as Keras and files that take bytes have it."""
    first, _, last = size
    return first != shape.c and last == shape.c


def _type(kind: int) -> str:
    """
    >>> _type(onnx.TensorProto.BFLOAT16)
    'bfloat16'
    """
    return str(onnx.helper.tensor_dtype_to_np_dtype(kind))
