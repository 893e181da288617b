"""Weights of others don't say what images went through: what is told of it is in the file that is exported."""

import json
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from commands import json_lines, run
from images import noise
from models import metadata
from PIL import Image
from refusals import refusal
from safetensors.torch import save_file
from trainings import spec_with

import vggdsl
from vggdsl.experiments.train import train

SPEC = "input 8x8x3 conv3-4 maxpool FC-3 softmax"
MEAN, STD = (0.1, 0.2, 0.3), (0.5, 0.6, 0.7)
NAMES = ("cat", "dog", "a bird")
FLAGS = ("--mean", "0.1,0.2,0.3", "--std", "0.5,0.6,0.7")


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "net.arch"
    path.write_text(SPEC)
    (tmp_path / "names.txt").write_text("\n".join(NAMES))
    torch.manual_seed(0)
    save_file({k: t.contiguous() for k, t in vggdsl.to_torch(path).state_dict().items()}, tmp_path / "w.safetensors")
    return path


@pytest.mark.parametrize("form", [(), ("--uint8",)])
def test_images_are_prepared_as_is_told(form: tuple[str, ...], spec: Path, tmp_path: Path) -> None:
    """By arithmetic of our own, and PyTorch's network."""
    image, file = tmp_path / "x.png", tmp_path / "m.onnx"
    noise(image, 7, (8, 8))
    told = (*FLAGS, "--classes", tmp_path / "names.txt")
    done = run("export", spec, "--weights", tmp_path / "w.safetensors", "-o", file, *told, *form)
    assert (done.exit_code, "preprocessing" in done.stderr) == (0, False), done.stderr
    with Image.open(image) as opened:
        pixels = np.asarray(opened.convert("RGB"), np.float64) / 255
    assert pixels.shape == (8, 8, 3), "nothing is scaled"
    x = torch.from_numpy((pixels - MEAN) / STD).permute(2, 0, 1)[None].float()
    torch.manual_seed(0)
    wanted = vggdsl.to_torch(spec).eval()(x).softmax(1)[0].tolist()
    (row,) = json_lines(run("predict", file, image, "--json").stdout)
    found = {guess["class"]: guess["probability"] for guess in row["top"]}
    assert [found[name] for name in NAMES] == pytest.approx(wanted, abs=1e-5)  # single precision


def test_the_same_is_told_in_python(spec: Path, tmp_path: Path) -> None:
    told = (*FLAGS, "--classes", tmp_path / "names.txt", "--shorter-side", 9)
    ours, theirs = tmp_path / "a.onnx", tmp_path / "b.onnx"
    assert run("export", spec, "--weights", tmp_path / "w.safetensors", "-o", theirs, *told).exit_code == 0
    weights = vggdsl.to_torch(spec).state_dict()
    vggdsl.export(spec, ours, weights=weights, mean=MEAN, std=np.array(STD).tolist(), classes=NAMES, shorter_side=9)
    keys = ("vggdsl.preprocessing", "vggdsl.preprocessing.words", "vggdsl.classes")
    assert [metadata(ours)[key] for key in keys] == [metadata(theirs)[key] for key in keys]
    how = json.loads(metadata(ours)["vggdsl.preprocessing"])
    assert (how["mean"], how["std"], how["shorter_side"]) == ([*MEAN], [*STD], 9)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (("--mean", "0.1,0.2,0.3"), "--mean and --std are told, too"),
        (("--shorter-side", "9"), "--mean and --std are told, too"),
        (("--mean", "0.5", "--std", "0.5"), "its normalisation doesn't fit its channels"),
        (("--mean", "0.1,0.2,0.3", "--std", "0.5,0,0.5"), "its normalisation doesn't fit its channels"),
        (("--mean", "123.7,116.3,103.5", "--std", "58.4,57.1,57.4"), "are of pixels from 0 to 1"),
        ((*FLAGS, "--shorter-side", "7"), "no image of a --shorter-side of 7 covers 8x8"),
        ((*FLAGS, "--classes", "two.txt"), "of 3 classes --classes names 2"),
        ((*FLAGS, "--classes", "none.txt"), "of 3 classes --classes names 0"),
    ],
)
def test_what_doesnt_fit_is_refused(
    told: tuple[str, ...], why: str, spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("two.txt").write_text("cat\ndog\n")
    Path("none.txt").write_text("")
    done = run("export", spec, "--weights", "w.safetensors", "-o", "m.onnx", *told)
    assert (done.exit_code, "error[V525]" in done.stderr, why in done.stderr) == (1, True, True), done.stderr
    assert not Path("m.onnx").exists()


def test_a_side_that_there_cant_be_is_refused_in_python(spec: Path, tmp_path: Path) -> None:
    weights = vggdsl.to_torch(spec).state_dict()
    for side in (-9, 0, 7):
        call = partial(vggdsl.export, spec, tmp_path / "m.onnx", weights=weights, mean=MEAN, std=STD, shorter_side=side)
        assert f"a --shorter-side of {side} covers" in refusal(call).message


def test_what_weights_say_themselves_isnt_told(spec: Path, tmp_path: Path) -> None:
    body = spec_with(epochs="1")
    trained = train(body, device="cpu", runs=tmp_path).path
    grey = ("--mean", "0.5", "--std", "0.5")
    done = run("export", trained, "-o", tmp_path / "m.onnx", *grey)
    assert (done.exit_code, "a RUN says them itself" in done.stderr) == (2, True)
    done = run("export", trained / "spec.arch", "--weights", trained, "-o", tmp_path / "m.onnx", *grey)
    assert (done.exit_code, "the weights say themselves what images go through" in done.stderr) == (1, True)
    drawn = refusal(lambda: vggdsl.export(spec, tmp_path / "m.onnx", mean=MEAN, std=STD))
    assert (drawn.code, drawn.message) == (
        "V525",
        "what images go through is told of weights, and random ones have seen none",
    )
    assert not (tmp_path / "m.onnx").exists()


def test_weights_of_which_nothing_is_known_say_how_it_is_told(spec: Path, tmp_path: Path) -> None:
    done = run("export", spec, "--weights", tmp_path / "w.safetensors", "-o", tmp_path / "m.onnx")
    assert re.search(r"no preprocessing is known: .*only divided by 255; --mean and --std tell it", done.stderr)
    drawn = run("export", spec, "-o", tmp_path / "d.onnx")
    assert (drawn.exit_code, "only divided by 255\n" in drawn.stderr) == (0, True)
