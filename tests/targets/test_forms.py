"""The forms in which a network is written as ONNX, and what other tools make of the files."""

from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from commands import run
from refusals import refusal

from vggdsl.spec.spec import parse
from vggdsl.targets.onnx import save, to_onnx
from vggdsl.targets.opsets import RELEASES, highest, ir_version_of, oldest_runtime
from vggdsl.targets.runtime import open_session, version
from vggdsl.targets.torch import to_torch, weights

SMALL = "input 8x8x3 conv3-4 BN LRN maxpool conv3-4 dropout-0.5 FC-5 softmax"


@pytest.mark.parametrize(
    ("layers", "opset", "oldest"),
    [("conv3-4 BN avgpool", 13, "1.6"), ("conv3-4 hard-swish", 14, "1.8"), ("conv3-4 GELU", 20, "1.17")],
)
def test_the_opset_is_the_lowest_that_the_network_needs(layers: str, opset: int, oldest: str) -> None:
    graph = parse(f"input 8x8x3 {layers} FC-5 softmax").typed
    values = weights(to_torch(graph))
    model = to_onnx(graph, values)
    assert (model.opset_imports[""], model.ir_version) == (opset, ir_version_of(opset))
    assert oldest_runtime(opset) == oldest
    for node in model.graph:  # what needs the opset is there: the checker knows it as something that is in it
        assert onnx.defs.get_schema(node.op_type, opset, "").since_version <= opset
    if opset > 13:
        found = refusal(lambda: to_onnx(graph, values, opset=opset - 1))
        assert (found.code, f"--opset {opset}" in str(found.help), len(found.labels)) == ("V525", True, 1)


def test_a_softmax_of_a_map_needs_the_usual_opset() -> None:
    graph = parse("input 2x2x3 conv1-4 softmax").typed
    assert refusal(lambda: to_onnx(graph, weights(to_torch(graph)), opset=12)).code == "V525"


def test_releases_are_told_in_order_and_read_what_onnx_stamps() -> None:
    for before, after in pairwise(RELEASES):
        assert before.opset < after.opset
        assert before.ir_version <= after.ir_version
    assert all(release.ir_version >= ir_version_of(release.opset) for release in RELEASES)
    release = tuple(int(part) for part in version().split(".")[:2])
    assert tuple(map(int, oldest_runtime(highest()).split("."))) <= release


def test_the_command_says_the_opset_and_refuses_what_it_cannot_check(tmp_path: Path) -> None:
    spec, file = tmp_path / "small.arch", tmp_path / "small.onnx"
    spec.write_text(SMALL)
    for opset in (10, 99):
        done = run("export", spec, "-o", file, "--opset", opset)
        assert (done.exit_code, "V525" in done.stderr, file.exists()) == (1, True, False)
    done = run("export", spec, "-o", file, "--opset", 11)
    assert (done.exit_code, "opset 11 for onnxruntime 1.0 and later" in done.stdout) == (0, True)


def test_onnxruntime_quantises_files_as_they_are(tmp_path: Path) -> None:
    graph = parse(SMALL).typed
    file, small = tmp_path / "x.onnx", tmp_path / "small.onnx"
    save(to_onnx(graph, weights(to_torch(graph))), file)
    x = np.random.default_rng(1).standard_normal((16, 3, 8, 8), dtype=np.float32)
    (expected,) = open_session(str(file)).run(None, {"input": x})

    quantising: Any = import_module("onnxruntime.quantization")  # of the onnxruntime that was told to report nothing

    class Once(quantising.CalibrationDataReader):  # type: ignore[misc]  # as it leaves all untyped
        batches = iter([{"input": x}])

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self.batches, None)

    def static() -> None:
        signed = quantising.QuantType.QInt8
        quantising.quantize_static(file, small, Once(), per_channel=True, activation_type=signed)

    for quantise in (lambda: quantising.quantize_dynamic(file, small), static):
        quantise()
        (given,) = open_session(str(small)).run(None, {"input": x})
        assert np.abs(np.asarray(given) - np.asarray(expected)).max() <= 0.05  # eight bits a value, in four layers
