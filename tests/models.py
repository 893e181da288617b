"""ONNX files: what they say, and such as name images as no training makes them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from vggdsl.data.preprocessing import Preprocessing
from vggdsl.network.shapes import Shape

GOOD = Preprocessing(Shape(1, 2, 2), (0.5,), (0.25,), ("a", "b", "c", "d")).to_metadata()
"""What an exported file of a network says that takes 2x2x1 and knows four classes."""


def metadata(path: Path) -> dict[str, str]:
    """What a file says beside its network."""
    return {each.key: each.value for each in onnx.load(path).metadata_props}


def write(
    path: Path, values: Sequence[float], output: str = "probabilities", metadata: Mapping[str, str] = GOOD
) -> Path:
    """A file that gives these values for every image."""
    constants = {"nothing": np.zeros(len(values), np.float32), "values": np.array(values, np.float32)}
    constants["pixels"] = np.zeros((4, len(values)), np.float32)
    nodes = [
        helper.make_node("Flatten", ["input"], ["flat"]),
        helper.make_node("MatMul", ["flat", "pixels"], ["none"]),
        helper.make_node("Add", ["none", "values"], [output]),
    ]
    graph = helper.make_graph(
        nodes,
        "constant",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 1, 2, 2])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", len(values)])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, dict(metadata))
    onnx.save(model, path)
    return path


def write_endless(path: Path) -> Path:
    """A file with a loop that doesn't end in anybody's lifetime."""
    scalar = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["goes"]), helper.make_node("Identity", ["in"], ["out"])],
        "body",
        [scalar("i", TensorProto.INT64, []), scalar("go", TensorProto.BOOL, []), scalar("in", TensorProto.FLOAT, None)],
        [scalar("goes", TensorProto.BOOL, []), scalar("out", TensorProto.FLOAT, None)],
    )
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["input"], ["flat"]),
            helper.make_node("Loop", ["times", "yes", "flat"], ["probabilities"], body=body),
        ],
        "endless",
        [scalar("input", TensorProto.FLOAT, ["N", 1, 2, 2])],
        [scalar("probabilities", TensorProto.FLOAT, ["N", 4])],
        [
            numpy_helper.from_array(np.array(2**62, np.int64), "times"),
            numpy_helper.from_array(np.array(True), "yes"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, dict(GOOD))
    onnx.save(model, path)
    return path
