"""What stands before a network in a file, and behind it: bytes that become its input, the likeliest of its answers."""

import numpy as np
import onnx_ir as ir

from vggdsl.data.decoding import COLOURS
from vggdsl.data.preprocessing import Preprocessing
from vggdsl.network.shapes import Shape
from vggdsl.targets.metadata import pixel_range
from vggdsl.targets.onnx_layers import BATCH, Writer, value
from vggdsl.targets.runtime import INPUT, LABELS, LOGITS, OUTPUT, PROBABILITIES

_DENOTED = {"N": "DATA_BATCH", "C": "DATA_CHANNEL", "H": "DATA_FEATURE", "W": "DATA_FEATURE"}
_APPLIED = {
    PROBABILITIES: "Softmax is already applied.",
    LOGITS: "No softmax is applied: that of these are the probabilities.",
    OUTPUT: "It is what the last activation gives; no softmax is applied.",
}
_COUNTED = "counted from 0, as in `vggdsl.classes` where the file names them"


def start(shape: Shape, preprocessing: Preprocessing | None, *, in_bytes: bool) -> ir.Value:
    """The input of a file: (N, C, H, W) in single precision, or (N, H, W, C) of bytes.

    It is denoted an image where ONNX's standard has words for all that its pixels go through.
    """
    sizes: list[int | str] = [BATCH, shape.h, shape.w, shape.c] if in_bytes else [BATCH, *shape.chw]
    made = value(INPUT, sizes, ir.DataType.UINT8 if in_bytes else ir.DataType.FLOAT)
    if shape.c in COLOURS:
        made.shape = ir.Shape(sizes, [_DENOTED[axis] for axis in ("NHWC" if in_bytes else "NCHW")])
        if in_bytes or (preprocessing is not None and pixel_range(preprocessing) is not None):
            made.type = ir.TensorType(made.dtype or ir.DataType.FLOAT, denotation="IMAGE")
    return made


def of_any_size(given: ir.Value, *, in_bytes: bool) -> None:
    """Says of a file's input that its height and width may be any."""
    assert given.shape is not None
    first = 1 if in_bytes else 2
    names = {first: "H", first + 1: "W"}
    axes = range(len(given.shape))
    dims = [names.get(axis, given.shape[axis]) for axis in axes]
    given.shape = ir.Shape(dims, [given.shape.get_denotation(axis) for axis in axes])


def normalised(writer: Writer, pixels: ir.Value, preprocessing: Preprocessing) -> ir.Value:
    """Bytes (N, H, W, C) as the network takes them, in the steps and the precision of ``Preprocessing.normalised``."""
    shape = preprocessing.shape
    dims: list[int | str] = [BATCH, shape.h, shape.w, shape.c]
    x = writer.add("Cast", f"{INPUT}.cast", [pixels], dims, to=ir.DataType.FLOAT.value)
    x = writer.add("Transpose", f"{INPUT}.transpose", [x], shape, perm=(0, 3, 1, 2))
    steps = (("Div", "scale", (255.0,)), ("Sub", "mean", preprocessing.mean), ("Div", "std", preprocessing.std))
    for op_type, name, values in steps:
        if {*values} == ({0.0} if name == "mean" else {1.0}):
            continue
        by = np.array(values, np.float32).reshape(1, -1, 1, 1)
        x = writer.add(op_type, f"{INPUT}.{op_type.lower()}_{name}", [x, writer.constant(f"{INPUT}.{name}", by)], shape)
    return x


def likeliest(writer: Writer, probabilities: ir.Value, top: int) -> list[ir.Value]:
    """Labels, as numbers of classes, and their probabilities, both (N, top), the likeliest first."""
    k = writer.constant(f"{LABELS}.k", np.array([top]))
    labels = value(LABELS, [BATCH, top], ir.DataType.INT64)
    best = value(PROBABILITIES, [BATCH, top])
    labels.doc_string = (
        f"(N, {top}), int64: labels[n, k] is the index of the k-th most probable class of image n, k from 0; the "
        f"others aren't given. Classes are {_COUNTED}."
    )
    best.doc_string = (
        f"(N, {top}): probabilities[n, k] is that of class labels[n, k], in descending order. "
        "Softmax over all classes is already applied."
    )
    writer.nodes.append(ir.node("TopK", [probabilities, k], {"axis": 1}, outputs=[best, labels], name=LABELS))
    return [labels, best]


def tell_classes(output: ir.Value) -> None:
    """Says of an output that has values of all classes which of them is whose."""
    assert output.name is not None
    assert output.shape is not None
    classes = output.shape[1]
    if len(output.shape) == 2:
        places = f"(N, {classes}): column i is class i"
    else:
        places = f"(N, {classes}, height, width), of places in the image: channel i is class i"
    output.doc_string = f"{places}, {_COUNTED}. {_APPLIED[output.name]}"
