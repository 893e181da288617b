"""Files of others: what is told of them is what they are fed, and what isn't told is asked for."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from commands import json_lines, run
from images import noise
from models import write
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

MEAN, STD = (0.1, 0.2, 0.3), (0.5, 0.6, 0.7)
FLAGS = ("--mean", "0.1,0.2,0.3", "--std", "0.5,0.6,0.7", "--colours", "rgb", "--gives", "logits")


def theirs(path: Path, dims: Sequence[str | int], is_last: bool = False, *, by: str = "") -> Path:
    """A file that gives the mean of each channel, a class each, ``by`` Softmax their shares, ``by`` Relu a map."""
    axes = [1, 2] if is_last else [2, 3]
    mean = helper.make_node("ReduceMean", ["x"], ["mean"], axes=axes, keepdims=0)
    graph = helper.make_graph(
        [mean, helper.make_node(by or "Identity", ["x" if by == "Relu" else "mean"], ["y"])],
        "theirs",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, dims)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, dims if by == "Relu" else [dims[0], 3])],
        [numpy_helper.from_array(np.zeros(1, np.float32), "unused")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "x.png"
    noise(path, 7)
    return path


@pytest.mark.parametrize("colours", ["rgb", "bgr"])
@pytest.mark.parametrize("batch", ["N", 1])
@pytest.mark.parametrize("is_last", [False, True])
def test_what_is_told_is_what_it_is_fed(
    is_last: bool, batch: str | int, colours: str, tmp_path: Path, image: Path
) -> None:
    with Image.open(image) as opened:
        pixels = np.asarray(opened.convert("RGB"), np.float64) / 255
    h, w, _ = pixels.shape
    model = theirs(tmp_path / "m.onnx", [batch, h, w, 3] if is_last else [batch, 3, h, w], is_last)
    pixels = pixels[..., ::-1] if colours == "bgr" else pixels
    logits = ((pixels - MEAN) / STD).mean((0, 1))
    wanted = np.exp(logits) / np.exp(logits).sum()
    done = run("predict", model, image, image, *FLAGS, "--colours", colours, "--json")
    assert done.exit_code == 0, done.stderr
    for row in json_lines(done.stdout):
        found = {guess["class"]: guess["probability"] for guess in row["top"]}
        assert [found[f"class {k}"] for k in range(3)] == pytest.approx(wanted.tolist(), abs=1e-5)  # single precision
    assert f"of {model} is assumed: images are scaled until they cover {h}x{w}" in done.stderr


def test_what_is_not_told_is_asked_for(tmp_path: Path, image: Path) -> None:
    model = theirs(tmp_path / "m.onnx", ["N", 3, "h", "w"])
    bare = run("predict", model, image)
    assert (bare.exit_code, bare.stdout) == (1, "")
    assert "tell --mean, --std, --colours, --gives, --size" in bare.stderr
    names = tmp_path / "names.txt"
    names.write_text("red\ngreen\nblue\n")
    whole = (*FLAGS, "--size", "8x8", "--shorter-side", 9, "--classes", names)
    assert run("predict", model, image, *whole).stdout.startswith(f"{image}: ")
    names.write_text("red\ngreen\n")
    assert (
        "help: a name stands on each line of --classes"
        in run("predict", model, image, *whole, "--classes", names).stderr
    )
    names.write_text("red\ngreen\nblue\n")
    for flags, why in (
        (("--mean", "123,117,104"), "from 0 to 1: divide"),
        (("--mean", "0.5"), "doesn't fit its channels"),
        (("--gives", "probabilities"), "with a sum of"),
    ):
        done = run("predict", model, image, *whole, *flags)
        assert (done.exit_code, done.stdout, why in done.stderr) == (1, "", True), done.stderr
    assert run("predict", model, image, *whole, "--size", "8").exit_code == 2
    assert run("predict", model, image, *whole, "--classes", tmp_path / "gone.txt").exit_code == 2
    others: list[tuple[list[str | int], str]] = [
        (["N", 3, 8, 3], "neither clearly"),
        ([4, 3, 8, 8], "4 images at once"),
    ]
    for dims, why in others:
        done = run("predict", theirs(tmp_path / "o.onnx", dims), image, *whole)
        assert (done.exit_code, why in done.stderr) == (1, True), done.stderr


@pytest.mark.parametrize(
    ("by", "why"),
    [("Softmax", "--gives says logits, and its values look like probabilities"), ("Relu", "it gives 3x8x8 values")],
)
def test_values_that_are_no_logits_are_refused(by: str, why: str, tmp_path: Path, image: Path) -> None:
    done = run("predict", theirs(tmp_path / "m.onnx", ["N", 3, 8, 8], by=by), image, *FLAGS)
    assert (done.exit_code, done.stdout, why in done.stderr) == (1, "", True), done.stderr


def test_a_file_of_ours_says_it_itself(tmp_path: Path, image: Path) -> None:
    done = run("predict", write(tmp_path / "m.onnx", [0.25] * 4), image, "--mean", "0.5")
    assert (done.exit_code, "it says itself" in done.stderr) == (1, True)
