"""Operators of ONNX files with and without their options: each is read as onnxruntime computes it, or refused."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from vggdsl.targets.recovering.files import from_onnx
from vggdsl.text.errors import InputError

SIZE = (1, 4, 9, 10)
RANDOM = np.random.default_rng(0)
WEIGHT, SIDED = (RANDOM.normal(size=(4, 4, *kernel)).astype(np.float32) for kernel in ((3, 3), (2, 4)))
NORM = [RANDOM.uniform(0.5, 2, 4).astype(np.float32) for _ in range(4)]
SLOPES = RANDOM.uniform(0.1, 0.9, (4, 1, 1)).astype(np.float32)


def written(path: Path, kind: str, constants: list[NDArray[Any]], options: dict[str, Any]) -> Path:
    """An operator between an image and a classifier."""
    names = [f"c{i}" for i in range(len(constants))]
    first = helper.make_node(kind, ["x", *names], ["made"], "layer", **options)
    x = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, SIZE)
    tensors = [numpy_helper.from_array(values, name) for name, values in zip(names, constants, strict=True)]
    alone = helper.make_graph([first], "g", [x], [helper.make_empty_tensor_value_info("made")], tensors)
    opset = [helper.make_opsetid("", 17)]
    inferred = onnx.shape_inference.infer_shapes(helper.make_model(alone, opset_imports=opset), data_prop=True)
    shape = [dim.dim_value for dim in inferred.graph.output[0].type.tensor_type.shape.dim]
    fc = RANDOM.normal(size=(3, int(np.prod(shape[1:])))).astype(np.float32)
    tensors.append(numpy_helper.from_array(fc, "fc"))
    nodes = [
        first,
        helper.make_node("Flatten", ["made"], ["flat"]),
        helper.make_node("Gemm", ["flat", "fc"], ["y"], transB=1),
    ]
    y = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, (1, 3))
    graph = helper.make_graph(nodes, "g", [x], [y], tensors)
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


CASES: list[tuple[str, list[NDArray[Any]], dict[str, Any], str]] = [
    ("Conv", [WEIGHT], {}, "conv3-4 pad=0 bias=no"),
    ("Conv", [WEIGHT], {"strides": [2, 1], "pads": [1, 0, 2, 3]}, "conv3-4/2x1 pad=1,2,0,3 bias=no"),
    ("Conv", [WEIGHT], {"auto_pad": "VALID", "dilations": [2, 1]}, "conv3-4 pad=0 dilation=2x1 bias=no"),
    ("Conv", [WEIGHT], {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, "conv3-4/2 pad=1,1,0,1 bias=no"),
    ("Conv", [WEIGHT], {"auto_pad": "SAME_LOWER", "strides": [2, 2]}, "conv3-4/2 pad=1,1,1,0 bias=no"),
    ("Conv", [SIDED], {"auto_pad": "SAME_UPPER"}, "conv2x4-4 pad=0,1,1,2 bias=no"),
    ("Conv", [SIDED], {"auto_pad": "SAME_LOWER"}, "conv2x4-4 pad=1,0,2,1 bias=no"),
    ("Conv", [WEIGHT[:, :2]], {"group": 2}, "conv3-4 pad=0 groups=2 bias=no"),
    ("BatchNormalization", NORM, {}, "BN"),
    ("BatchNormalization", NORM, {"epsilon": 0.25}, "BN eps=0.25"),
    ("LRN", [], {"size": 3, "alpha": 3.0}, "LRN n=3 k=1 alpha=1 beta=0.75"),
    ("LRN", [], {"size": 5, "alpha": 2.5, "beta": 0.5, "bias": 2.0}, "LRN n=5 k=2 alpha=0.5 beta=0.5"),
    ("MaxPool", [], {"kernel_shape": [3, 3]}, "maxpool3/1"),
    ("MaxPool", [], {"kernel_shape": [2, 3], "strides": [2, 2], "ceil_mode": 1}, "maxpool2x3/2 ceil"),
    ("MaxPool", [], {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_LOWER"}, "maxpool3/2 pad=1,1,1,0"),
    ("AveragePool", [], {"kernel_shape": [3, 2]}, "avgpool3x2/1"),
    ("AveragePool", [], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}, "avgpool3/1 pad=1"),
    ("LeakyRelu", [], {}, "LeakyReLU"),
    ("LeakyRelu", [], {"alpha": 0.25}, "LeakyReLU-0.25"),
    ("Elu", [], {}, "ELU"),
    ("Elu", [], {"alpha": 0.5}, "ELU-0.5"),
    ("HardSigmoid", [], {"alpha": 1 / 6}, "hard-sigmoid"),
    ("PRelu", [SLOPES], {}, "PReLU"),
]


@pytest.mark.parametrize(("kind", "constants", "options", "text"), CASES, ids=[f"{k} {o}" for k, _, o, _ in CASES])
def test_an_operator_is_read_as_it_is_computed(
    kind: str, constants: list[NDArray[Any]], options: dict[str, Any], text: str, tmp_path: Path
) -> None:
    """The file is run, and its outputs held against the network's."""
    found = from_onnx(written(tmp_path / "a.onnx", kind, constants, options))
    layers = [t.node.op.text for t in found.spec.typed.nodes[1:]]
    assert layers == [text, "FC-3 bias=no"]


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("AveragePool", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}, "avgpool3/1 pad=1 whose padding doesn't count"),
        ("HardSigmoid", {}, "hard sigmoid with the slope 0.2"),
        ("LRN", {"size": 4}, "LRN over 4 channels, of which 1 are before and 2 behind"),
        ("Selu", {}, "Selu"),
    ],
)
def test_what_no_spec_computes_is_refused(kind: str, options: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="V535") as refused:
        from_onnx(written(tmp_path / "a.onnx", kind, [], options))
    assert said in str(refused.value)
