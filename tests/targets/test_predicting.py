"""Files that name images: what they say of themselves is held to what can be, and so is what they give."""

import json
from collections.abc import Mapping
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest
from commands import run
from models import GOOD, write
from PIL import Image
from refusals import refusal

from vggdsl.targets.predict import Predictor

HUGE = "9" * 400


def changed(**entries: object) -> dict[str, str]:
    """The metadata of a good file, with other entries of its preprocessing; texts stand as they are."""
    how = json.loads(GOOD["vggdsl.preprocessing"]) | entries
    text = ", ".join(f'"{k}": {v if isinstance(v, str) and k in entries else json.dumps(v)}' for k, v in how.items())
    return GOOD | {"vggdsl.preprocessing": f"{{{text}}}"}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "grey.png"
    Image.new("L", (2, 2), 100).save(path)
    return path


def test_probabilities_and_logits_are_named(tmp_path: Path, image: Path) -> None:
    done = run("predict", write(tmp_path / "p.onnx", [0.1, 0.2, 0.3, 0.4]), image, "--top", 2)
    assert (done.exit_code, done.stdout) == (0, f"{image}: d 40.0%, c 30.0%\n")
    logits = np.log([0.1, 0.2, 0.3, 0.4]) - 7
    again = run("predict", write(tmp_path / "l.onnx", list(logits), "logits"), image, "--top", 2)
    assert (again.exit_code, again.stdout) == (0, done.stdout)


def test_rounding_is_no_fault(tmp_path: Path, image: Path) -> None:
    done = run("predict", write(tmp_path / "p.onnx", [0.5 + 4e-4, 0.5, -1e-6, 0]), image)
    assert done.exit_code == 0


@pytest.mark.parametrize("output", ["probabilities", "logits", "y"])
@pytest.mark.parametrize("values", [[nan] * 4, [0.5, nan, 0.5, 0], [inf, 0, 0, 0], [0, -inf, 1, 0], [inf, -inf, 1, 0]])
def test_numbers_that_are_none_name_nothing(values: list[float], output: str, tmp_path: Path, image: Path) -> None:
    model = write(tmp_path / "m.onnx", values, output)
    for arguments in ([image], [image, "--json"], [image, image, "--top", 1]):
        done = run("predict", model, *arguments)
        assert (done.exit_code, "V531" in done.stderr, "aren't finite" in done.stderr) == (1, True, True)
        assert "%" not in done.stdout


@pytest.mark.parametrize("output", ["probabilities", "scores"])
@pytest.mark.parametrize(
    "values", [[8, 0.5, 0.25, 0.125], [-1, 0, 1, 1], [0, 0, 0, 0], [0.9, 0.9, 0.9, 0.9], [0.9, 0, 0, 0]]
)
def test_what_is_no_probability_is_told_as_none(values: list[float], output: str, tmp_path: Path, image: Path) -> None:
    done = run("predict", write(tmp_path / "m.onnx", values, output), image)
    assert (done.exit_code, done.stdout, "V531" in done.stderr) == (1, "", True)
    assert f"with a sum of {sum(values):.4g}" in done.stderr


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        (changed(input_chw=f"[{HUGE}, 2, 2]"), "input is none"),
        (changed(input_chw=f"[1, {HUGE}, 2]"), "input is none"),
        (changed(input_chw=[1, 10**7, 10**7]), "100,000,000,000,000 values"),
        (changed(input_chw=[1, 0, 2]), "input is none"),
        (changed(input_chw=[1, 2.0, 2]), "input is none"),
        (changed(input_chw=[True, 2, 2]), "input is none"),
        (changed(input_chw=[1, 2]), "no preprocessing"),
        (changed(mean=f"[{HUGE}]"), "normalisation doesn't fit"),
        (changed(mean="[1e999]"), "normalisation doesn't fit"),
        (changed(mean="[NaN]"), "normalisation doesn't fit"),
        (changed(mean=[1e39]), "normalisation doesn't fit"),
        (changed(mean=[]), "normalisation doesn't fit"),
        (changed(mean=None), "normalisation doesn't fit"),
        (changed(std=f"[{HUGE}]"), "normalisation doesn't fit"),
        (changed(std="[-Infinity]"), "normalisation doesn't fit"),
        (changed(std=[-1]), "normalisation doesn't fit"),
        (changed(std=[0]), "normalisation doesn't fit"),
        (changed(std=[1e-40]), "normalisation doesn't fit"),
        (changed(shorter_side=HUGE), "shorter side is none"),
        (changed(shorter_side=0), "shorter side is none"),
        (changed(shorter_side="1e999"), "shorter side is none"),
        (changed(scale=1), "images can't be prepared as it says: scale 1"),
        (changed(resize='"none"'), "images can't be prepared as it says: resize 'none'"),
        (changed(colours='"BGR"'), "images can't be prepared as it says: colours 'BGR'"),
        (GOOD | {"vggdsl.preprocessing": HUGE}, "no preprocessing"),
        (GOOD | {"vggdsl.preprocessing": "9" * 5000}, "4300 digits"),
        (GOOD | {"vggdsl.preprocessing": "[" * 100_000}, "no preprocessing"),
        (GOOD | {"vggdsl.classes": HUGE}, "names of its classes are none"),
        (GOOD | {"vggdsl.classes": '"abcd"'}, "names of its classes are none"),
        (GOOD | {"vggdsl.classes": "[1, 2, 3, 4]"}, "names of its classes are none"),
        (GOOD | {"vggdsl.classes": '{"a": 1}'}, "names of its classes are none"),
    ],
)
def test_metadata_that_say_what_cannot_be_are_refused(
    metadata: Mapping[str, str], why: str, tmp_path: Path, image: Path
) -> None:
    done = run("predict", write(tmp_path / "m.onnx", [0.25] * 4, metadata=metadata), image)
    assert (done.exit_code, done.stdout, "V531" in done.stderr) == (1, "", True)
    assert why in done.stderr
    assert max(map(len, done.stderr.splitlines())) < 300


def test_names_of_other_classes_are_refused(tmp_path: Path, image: Path) -> None:
    model = write(tmp_path / "m.onnx", [0.5, 0.5])
    found = refusal(lambda: list(Predictor(model)([image])))
    assert (found.code, "gives 2 values and names 4 classes" in found.message) == ("V531", True)
    unnamed = write(tmp_path / "u.onnx", [0.75, 0.25], metadata=GOOD | {"vggdsl.classes": "[]"})
    assert run("predict", unnamed, image).stdout == f"{image}: class 0 75.0%, class 1 25.0%\n"
