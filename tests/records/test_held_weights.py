"""A run's weights are held against its record and against themselves before anything uses them."""

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import commands
import numpy as np
import pytest
from PIL import Image
from refusals import findings

import vggdsl
from vggdsl.records.repeat import deviations
from vggdsl.records.runfolder import read_plan
from vggdsl.records.trained import load_trained
from vggdsl.spec.recipe import Init

SPEC = """
input 8x8x1 conv3-4 BN ReLU maxpool FC-3 softmax
train a {
  data  fake(n=100, classes=3)
  batch 16
  epochs 3
  checkpoint every(1)
}
train b as a {
  init from(a)
  epochs 1
}
"""

Spoil = Callable[[Path, Path], None]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spec, and in ``runs`` two finished runs by its first recipe."""
    folder = tmp_path_factory.mktemp("held")
    path = folder / "net.arch"
    path.write_text(SPEC)
    for seed in (0, 1):
        vggdsl.train(path, "a", seed=seed, device="cpu", runs=folder / "runs")
    return folder


@pytest.fixture
def run(folder: Path, tmp_path: Path) -> Path:
    """The run of seed 0, alone."""
    shutil.copytree(folder / "runs" / "net-a-s0-1", tmp_path / "runs" / "net-a-s0-1")
    return tmp_path / "runs" / "net-a-s0-1"


@pytest.mark.parametrize("seed", [0, 1])
def test_weights_say_by_themselves_of_which_training_they_are(seed: int, folder: Path, tmp_path: Path) -> None:
    run = vggdsl.load_run(folder / "runs" / f"net-a-s{seed}-1")
    result, alone = run.result, tmp_path / "alone"
    alone.mkdir()
    for name in ("best.safetensors", "epoch-0002.safetensors"):
        shutil.copy(run.path / name, alone)
    best, second = load_trained(alone), load_trained(alone / "epoch-0002.safetensors")
    for trained, epoch in ((best, result.best), (second, 2)):
        found = trained.recipe_name, trained.recipe, trained.seed, trained.data, trained.epoch
        assert found == (result.recipe_name, result.recipe, seed, result.data, epoch)
        assert trained.spec.network.graph.digest == result.network
    assert best.provenance == {"recipe": result.recipe, "seed": str(seed), "weights": result.weights}


def flip_a_bit(run: Path, other: Path, file: str = "best.safetensors") -> None:
    """In the last of the numbers: the header is as it was."""
    data = bytearray((run / file).read_bytes())
    data[-1] ^= 0x01
    (run / file).write_bytes(data)


def take_another_epoch(run: Path, other: Path) -> None:
    best = load_trained(run).digest
    one = next(f for f in sorted(run.glob("epoch-*.safetensors")) if load_trained(run, f.name).digest != best)
    shutil.copy(one, run / "best.safetensors")


def take_another_run(run: Path, other: Path) -> None:
    shutil.copy(other / "best.safetensors", run)


def take_another_record(run: Path, other: Path) -> None:
    shutil.copy(other / "record.arch", run)


CHANGED = "were changed after they were written"
MEASURED = "the weights in best.safetensors aren't those that record.arch was measured with"
SPOILT = [
    (flip_a_bit, CHANGED),
    (take_another_epoch, MEASURED),
    (take_another_run, MEASURED),
    (take_another_record, MEASURED),
]


@pytest.mark.parametrize(("spoil", "why"), SPOILT)
def test_weights_that_are_not_the_records_are_refused_by_all_that_use_them(
    spoil: Spoil, why: str, run: Path, folder: Path, tmp_path: Path
) -> None:
    image, target, spec = tmp_path / "x.png", tmp_path / "x.onnx", folder / "net.arch"
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(image)
    spoil(run, folder / "runs" / "net-a-s1-1")
    flags = ("--recipe", "b", "--seed", "0")
    for call in (
        ("export", run, "-o", target),
        ("export", run / "best.safetensors", "-o", target),
        ("export", spec, "--weights", run, "-o", target),
        ("export", spec, "--weights", run / "best.safetensors", "-o", target),
        ("predict", run, image),
        ("predict", run / "best.safetensors", image),
    ):
        done = commands.run(*call)
        assert done.exit_code == 1, call
        assert f"error[V604]: {run} is no usable run: " in done.stderr
        assert why in done.stderr
        assert "put the run's own files back, or train again" in done.stderr
        assert not done.stdout
        assert not target.exists()
        done = commands.run(*call, "--force")
        assert done.exit_code == 0, done.stderr
        assert f"{why}; its weights are used all the same" in done.stderr
        target.unlink(missing_ok=True)
    for begun in ((*flags, "--from", run), flags, (*flags, "--missing", "--from", run)):
        done = commands.train(spec, *begun, runs=run.parent)
        assert (done.exit_code, "error[V604]" in done.stderr, why in done.stderr) == (1, True, True), begun
    for python in (
        lambda: vggdsl.load_run(run),
        lambda: vggdsl.export(run, target),
        lambda: vggdsl.export(spec, target, weights=run),
        lambda: vggdsl.to_onnx(run),
        lambda: vggdsl.to_onnx(spec, run),
        lambda: vggdsl.train(spec, "b", start_from=run, device="cpu", runs=run.parent),
    ):
        (found,) = findings(python)
        assert (found.code, why in found.message) == ("V604", True)
    with pytest.warns(UserWarning, match=why):
        assert vggdsl.load_run(run, force=True).predict(image)
    with pytest.warns(UserWarning, match=why):
        vggdsl.export(run, target, force=True)


@pytest.mark.parametrize("file", ["last.safetensors", "epoch-0002.safetensors"])
def test_weights_that_no_record_knows_are_held_against_themselves(file: str, run: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.safetensors"
    shutil.copy(run / file, alone)
    assert commands.run("export", run / file, "-o", tmp_path / "a.onnx").exit_code == 0
    assert commands.run("export", alone, "-o", tmp_path / "b.onnx").exit_code == 0
    flip_a_bit(run, run, file)
    shutil.copy(run / file, alone)
    for path in (run / file, alone):
        (found,) = findings(partial(vggdsl.export, path, tmp_path / "c.onnx"))
        assert (found.code, f"the weights in {path.name} {CHANGED}" in found.message) == ("V604", True)


def test_weights_of_another_version_say_no_digest(run: Path) -> None:
    """Files that were written before it was: the record alone holds them."""
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file

    file = run / "best.safetensors"
    with safe_open(file, framework="numpy") as opened:
        metadata = opened.metadata()
    assert metadata.pop("weights") == load_trained(run).digest
    save_file(load_file(file), file, metadata)
    assert not load_trained(run).doubt
    flip_a_bit(run, run)
    assert MEASURED in findings(lambda: load_trained(run))[0].message


HUGE = "9" * 400


@pytest.mark.parametrize(
    ("key", "text", "why"),
    [
        ("normalisation", f'{{"mean": [{HUGE}], "std": [1]}}', "normalisation doesn't fit"),
        ("normalisation", '{"mean": [NaN], "std": [1]}', "normalisation doesn't fit"),
        ("normalisation", '{"mean": [0], "std": [1e-320]}', "normalisation doesn't fit"),
        ("normalisation", '{"mean": [0], "std": [-1]}', "normalisation doesn't fit"),
        ("normalisation", "[]", "normalisation doesn't fit"),
        ("shorter-side", HUGE, "shorter side is none"),
        ("shorter-side", "0", "shorter side is none"),
        ("epoch", HUGE, "epoch is none"),
        ("epoch", "-1", "epoch is none"),
        ("epoch", "9" * 5000, "epoch is none"),
        ("seed", HUGE, "seed is none"),
        ("seed", "1.5", "seed is none"),
        ("classes", '"abc"', "names of its classes are none"),
        ("classes", "[1, 2, 3]", "names of its classes are none"),
    ],
)
def test_metadata_that_say_what_cannot_be_are_refused(key: str, text: str, why: str, run: Path, tmp_path: Path) -> None:
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file

    file = run / "best.safetensors"
    with safe_open(file, framework="numpy") as opened:
        metadata = opened.metadata()
    assert key in metadata
    save_file(load_file(file), file, metadata | {key: text})
    (found,) = findings(lambda: load_trained(run))
    assert (found.code, why in found.message, len(found.message) < 300) == ("V604", True, True)
    for call in (("predict", run, file), ("export", run, "-o", tmp_path / "x.onnx")):
        assert commands.run(*call).exit_code == 1


@pytest.mark.parametrize("seed", [HUGE, "-1", "1.5", '"0"', "true", "null", "NaN"])
def test_a_plan_of_a_seed_that_cannot_be_is_refused(seed: str, run: Path) -> None:
    plan = run / "recipe.json"
    plan.write_text(plan.read_text().replace('"seed": 0', f'"seed": {seed}'))
    (found,) = findings(lambda: read_plan(run))
    assert (found.code, "seed is none" in found.message) == ("V604", True)


def test_a_run_goes_on_by_what_was_the_default_when_it_began(run: Path) -> None:
    plan = run / "recipe.json"
    entries = json.loads(plan.read_text())
    assert entries["entries"]["init"] == {"value": "he-torch", "origin": "default"}
    entries["entries"]["init"]["value"] = "auto"
    plan.write_text(json.dumps(entries))
    recipe, spec = read_plan(run).folder.recipe, vggdsl.load(run / "spec.arch")
    assert recipe.init == Init("auto")
    assert deviations(spec.recipe(recipe.name), recipe) == ("init auto",)


@pytest.mark.parametrize("how", [lambda text: text.replace("seed=0", "seed=9"), lambda text: "torn {"])
def test_a_record_that_cannot_be_used_is_told(how: Callable[[str], str], run: Path, tmp_path: Path) -> None:
    record = run / "record.arch"
    record.write_text(how(record.read_text()))
    done = commands.run("export", run, "-o", tmp_path / "x.onnx")
    assert done.exit_code == 0
    assert f"{record} was edited or can't be read: it doesn't say of which weights it is" in done.stderr
    done = commands.train(tmp_path / "runs" / "net-a-s0-1" / "spec.arch", "--recipe", "b", "--from", run, runs=tmp_path)
    assert f"{record} was edited" in done.stderr, done.stderr


def test_a_model_has_no_record(run: Path, tmp_path: Path) -> None:
    assert commands.run("export", run, "-o", tmp_path / "x.onnx").exit_code == 0
    done = commands.run("predict", tmp_path / "x.onnx", tmp_path / "x.onnx", "--force")
    assert (done.exit_code, "--force is for a RUN" in done.stderr) == (2, True)
