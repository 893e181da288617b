"""From the quickstart's spec to a named image, by the commands of the README."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from commands import json_lines, run
from images import save
from json_types import misfits
from PIL import Image
from refusals import refusal
from sklearn.datasets import load_digits

from vggdsl.cli.schemas.calls import SCHEMAS
from vggdsl.spec.parsing import load
from vggdsl.targets import memory
from vggdsl.text.errors import RecordError

ROOT = Path(__file__).parents[2]


def test_train_export_and_predict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    trained = run("train", str(ROOT / "specs" / "quickstart.arch"), "--epochs", "6")
    assert trained.exit_code == 0, trained.stderr
    (folder,) = (tmp_path / "runs").iterdir()
    record = load(folder / "record.arch")
    (measured,) = record.measurements
    assert measured.sealed
    assert measured.values["run"]["deviates"] == "epochs 6"
    assert measured.line is not None
    assert f"Test Accuracy: {measured.line.test}" in trained.stdout
    assert float(measured.line.test) > 0.9  # ten classes; six epochs give about 0.97
    assert not [d for d in record.check() if d.is_error]

    exported = run("export", "quickstart", "--onnx", "--weights", folder)
    assert exported.exit_code == 0, exported.stderr
    assert "agree" in exported.stdout
    refused = run("export", "quickstart", "--onnx", "--weights", folder)
    assert (refused.exit_code, "V514" in refused.stderr) == (2, True)

    digits, names, right = load_digits(), [], 0
    for i in range(40):
        names.append(f"{i}.png")
        Image.fromarray(np.round(digits.images[i] * 255 / 16).astype(np.uint8)).save(names[-1])
    by_file = json_lines(run("predict", "quickstart.onnx", *names, "--json", "--device", "cpu").stdout)
    for i, row in enumerate(by_file):
        assert sum(guess["probability"] for guess in row["top"]) <= 1 + 1e-6
        right += row["top"][0]["class"] == str(digits.target[i])
    assert right >= 36
    by_run = json_lines(run("predict", folder, *names[:3], "--json").stdout)
    assert [misfit for row in by_run for misfit in misfits(row, SCHEMAS["predict --json"])] == []
    for ours, theirs in zip(by_run, by_file, strict=False):
        assert ours["top"][0]["class"] == theirs["top"][0]["class"]
        assert ours["top"][0]["probability"] == pytest.approx(theirs["top"][0]["probability"], abs=1e-5)


def test_weights_come_from_files_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    import vggdsl

    monkeypatch.chdir(tmp_path)
    spec = tmp_path / "small.arch"
    spec.write_text("input 8x8x1 conv3-4 maxpool FC-10 softmax\n")
    network = vggdsl.to_torch(load(spec).typed, seed=5)
    torch.save(network.state_dict(), "small.pt")
    assert run("export", "small.arch", "--onnx", "--weights", "small.pt").exit_code == 0
    torch.save({"model": network}, "pickled.pt")
    refused = run("export", "small.arch", "--onnx", "-o", "b.onnx", "--weights", "pickled.pt")
    assert (refused.exit_code, "V513" in refused.stderr) == (1, True)
    wrong = run("export", "mini_vgg", "--onnx", "--weights", "small.pt")
    assert (wrong.exit_code, "V510" in wrong.stderr) == (1, True)
    assert sorted(p.name for p in tmp_path.glob("*.onnx")) == ["small.onnx"]


TWO_RECIPES = """input 8x8x1 conv3-4 maxpool FC-3 softmax
train A {
  data      fake(n=100, classes=3)
  batch     16
  optimizer sgd(lr=0.05)
  epochs    2
}
train B as A {
  augment crop(8, pad=1)
}
"""


def test_training_a_record_repeats_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("two.arch").write_text(TWO_RECIPES)
    first = run("train", "two.arch", "--recipe", "B", "--seed", "3", "--epochs", "1", "--batch", "32")
    assert first.exit_code == 0, first.stderr
    record = Path("runs/two-B-s3-1/record.arch")
    again = run("train", str(record))
    assert "repeating recipe B, seed 3, batch 32, epochs 1\n" in again.stderr
    assert again.stdout.splitlines()[0] == first.stdout.splitlines()[0]
    assert again.stdout.splitlines()[2] == "  agrees in every digit"
    folder = Path("runs/two-B-s3-2")
    assert again.stdout.splitlines()[-2:] == [f"run: {folder}", f"look at it: vggdsl report {folder}"]
    told = run("train", str(record), "--seed", "4", "--epochs", "1")
    assert "repeating" not in told.stderr
    assert "A-s4-1" in told.stdout

    edited = Path("edited.arch")
    edited.write_text(record.read_text().replace("seed=3", "seed=5"))
    by_recipe = run("train", str(edited))
    assert "isn't sealed" in by_recipe.stderr
    assert "edited-A-s0-1" in by_recipe.stdout


def test_a_record_that_cannot_be_repeated_is_refused_at_its_block(tmp_path: Path) -> None:
    from vggdsl.language import notations
    from vggdsl.language.syntax import Document, Line
    from vggdsl.records.repeat import repetition
    from vggdsl.spec.measured import make_block
    from vggdsl.spec.parsing import parse

    record = parse(TWO_RECIPES)
    claim = "claim Epoch 1/2 - Train Accuracy: 0.1 - Val Accuracy: 0.1 - Test Accuracy: 0.1"
    line = parse(TWO_RECIPES + claim).results[0].line
    assert line is not None

    def with_run(**said: object) -> None:
        block = make_block(line, {"run": said})
        repetition(parse(notations.write(Document((*record.document.lines, Line(block))))))

    with_run(recipe="B", seed=3, deviates="optimizer sgd(lr=0.1, momentum=0.9), epochs 1")
    with_run(recipe="A", seed=3, deviates='data folder("a, b"), epochs 1')
    for said in (
        {"recipe": "C", "seed": 3},
        {"seed": 3},
        {"recipe": "B"},
        {"recipe": "B", "seed": "x"},
        {"recipe": "B", "seed": 3, "deviates": "epochs 2"},
        {"recipe": "B", "seed": 3, "deviates": "epochs many"},
        {"recipe": "B", "seed": 3, "deviates": "patience 2"},
        {"recipe": "B", "seed": 3, "deviates": "(((,"},
        {"recipe": "B", "seed": 3, "deviates": "epochs 1\n} measured {"},
    ):
        found = refusal(partial(with_run, **said), RecordError)
        assert (found.code, found.labels[0].span.text.startswith("measured")) == ("V606", True), said


@pytest.fixture
def small_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of an epoch on fakes, in the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("two.arch").write_text(TWO_RECIPES)
    done = run("train", "two.arch", "--recipe", "B", "--epochs", "1")
    assert done.exit_code == 0, done.stderr
    return Path("runs/two-B-s0-1")


def _metadata(path: str) -> dict[str, str]:
    import onnx

    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


def test_a_file_of_a_run_is_as_good_as_its_folder(small_run: Path) -> None:
    from vggdsl.network.weights import weights_digest
    from vggdsl.records.trained import load_trained

    trained = load_trained(small_run / "best.safetensors")
    recipe = load("two.arch").recipe("B").with_flags(epochs=1)
    assert (trained.recipe_name, trained.recipe, trained.seed) == ("B", recipe.digest, 0)
    assert repr(trained) == "Trained('runs/two-B-s0-1', weights of epoch 1)"
    assert len(repr(trained.preprocessing)) < 120
    metadata = []
    for i, name in enumerate((small_run, small_run / "best.safetensors")):
        done = run("export", "two.arch", "--onnx", "-o", f"{i}.onnx", "--weights", str(name))
        assert (done.exit_code, "divided by 255" in done.stderr) == (0, False)
        metadata.append(_metadata(f"{i}.onnx"))
    assert metadata[0] == metadata[1]
    assert json.loads(metadata[0]["vggdsl.classes"]) == ["class 0", "class 1", "class 2"]
    assert json.loads(metadata[0]["vggdsl.preprocessing"])["mean"] == list(trained.normalisation.mean)
    assert metadata[0]["vggdsl.recipe"] == recipe.digest
    assert metadata[0]["vggdsl.seed"] == "0"
    assert metadata[0]["vggdsl.weights"] == weights_digest(trained.weights)
    save(Path("x.png"))
    assert run("predict", str(small_run / "best.safetensors"), "x.png").exit_code == 0


def test_a_run_is_exported_without_a_spec_beside_it(small_run: Path) -> None:
    by_spec = run("export", "two.arch", "--weights", str(small_run))
    assert by_spec.exit_code == 0, by_spec.stderr
    Path("two.arch").unlink()
    done = run("export", str(small_run))
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("two-B-s0-1.onnx: ")
    assert _metadata("two-B-s0-1.onnx") == _metadata("two.onnx")
    again = run("export", str(small_run))
    assert (again.exit_code, "V514" in again.stderr) == (2, True)
    last = run("export", str(small_run / "last.safetensors"), "--onnx", "--json")
    data = json.loads(last.stdout)
    assert list(misfits(data, SCHEMAS["export --json"])) == []
    assert (data["file"], data["spec"]) == ("last.onnx", "two")
    assert data["bytes"] == Path("last.onnx").stat().st_size
    assert data["weights"] == _metadata("last.onnx")["vggdsl.weights"]
    save(Path("x.png"))
    assert run("predict", str(small_run), "x.png").exit_code == 0
    spared = run("export", str(small_run), "--force", "-o", str(small_run / "metrics.csv"))
    assert (spared.exit_code, "V514" in spared.stderr) == (2, True)


def test_what_holds_no_spec_is_no_run_to_export(small_run: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"a": np.zeros(3, np.float32)}, "theirs.safetensors")
    done = run("export", "theirs.safetensors")
    assert (done.exit_code, "vggdsl export SPEC --weights theirs.safetensors" in done.stderr) == (2, True)
    Path("empty").mkdir()
    done = run("export", "empty")
    assert (done.exit_code, "V501" in done.stderr) == (2, True)
    done = run("export", str(small_run), "--weights", str(small_run))
    assert (done.exit_code, "a RUN has its own" in done.stderr) == (2, True)
    (small_run / "best.safetensors").unlink()
    done = run("export", str(small_run))
    assert (done.exit_code, "V604" in done.stderr) == (1, True)


def test_a_run_that_has_not_ended_says_so(small_run: Path) -> None:
    save(Path("x.png"))
    commands = (
        ("predict", str(small_run), "x.png"),
        ("export", "two.arch", "--onnx", "-o", "two.onnx", "--weights", str(small_run)),
        ("export", str(small_run), "--force"),
    )
    assert [("hasn't ended" in run(*command).stderr) for command in commands] == [False, False, False]
    (small_run / "record.arch").unlink()
    Path("two.onnx").unlink()
    for command in commands:
        done = run(*command)
        assert (done.exit_code, "hasn't ended: weights of epoch 1" in done.stderr) == (0, True)


def test_a_run_of_another_network_is_not_exported(small_run: Path) -> None:
    for other, said in (
        ("input 8x8x1 conv3-4 avgpool FC-3 softmax", "pool1 is avgpool here, maxpool there"),
        ("input 8x8x1 conv3-4 maxpool FC-3", "softmax is only there"),
    ):
        Path("other.arch").write_text(other)
        done = run("export", "other.arch", "--onnx", "--weights", str(small_run))
        assert (done.exit_code, "V510" in done.stderr, said in done.stderr) == (1, True, True), done.stderr


def test_without_weights_the_network_is_as_training_starts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import onnx

    from vggdsl.experiments.start import starting_network
    from vggdsl.targets.torch import weights

    monkeypatch.chdir(tmp_path)
    Path("two.arch").write_text(
        TWO_RECIPES.replace("epochs    2", "init normal(std=0.3)\n  seeds 7 8\n  normalize mean(0.5) std(0.25)")
    )
    done = run("export", "two.arch", "--onnx")
    assert "init normal(std=0.3), seed 7" in done.stderr
    assert "only divided by 255; `normalize mean(0.5) std(0.25)` is of trainings by the recipe" in done.stderr
    assert _metadata("two.onnx")["vggdsl.weights"] == "random, seed 7"
    assert "vggdsl.recipe" not in _metadata("two.onnx")
    spec = load("two.arch")
    given = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load("two.onnx").graph.initializer}
    for name, value in weights(starting_network(spec, spec.recipe(), 7)).items():
        assert (given[name] == value).all()
    Path("two.arch").write_text(TWO_RECIPES.replace("epochs    2", 'init from("a.arch", conv1_1) else he'))
    done = run("export", "two.arch", "--onnx", "--force")
    assert "init he, seed 0" in done.stderr
    assert "isn't followed here" in done.stderr


def test_files_are_not_overwritten_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("two.arch").write_text(TWO_RECIPES)
    Path("two.onnx.data").write_text("somebody's")
    done = run("export", "two.arch", "--onnx")
    assert (done.exit_code, "V514" in done.stderr, "two.onnx.data" in done.stderr) == (2, True, True)


def test_force_spares_what_is_no_export(small_run: Path) -> None:
    Path("there").mkdir()
    Path("device.onnx").symlink_to("/dev/null")
    Path("loop.onnx").symlink_to("loop.onnx")
    best = small_run / "best.safetensors"
    before = best.read_bytes(), Path("two.arch").read_bytes()
    for output, code in (
        ("two.arch", "V514"),
        (str(best), "V514"),
        (str(small_run / "record.arch"), "V514"),
        ("there", "V511"),
        (".", "V511"),
        ("device.onnx", "V511"),
        ("loop.onnx", "V511"),
        ("gone/x.onnx", "V511"),
        ("two.arch/x.onnx", "V511"),
        ("x" * 300, "V511"),
    ):
        done = run("export", "two.arch", "--onnx", "--force", "-o", output, "--weights", str(small_run))
        assert (done.exit_code > 0, code in done.stderr) == (True, True), (output, done.stderr)
    assert (best.read_bytes(), Path("two.arch").read_bytes()) == before
    long = "x" * 240 + ".onnx"
    assert run("export", "two.arch", "--onnx", "-o", long, "--weights", str(small_run)).exit_code == 0


def test_what_does_not_fit_in_memory_is_not_exported(small_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 1000)
    save(Path("x.png"))
    for command in (("export", "two.arch", "--onnx"), ("predict", str(small_run), "x.png")):
        done = run(*command)
        assert (done.exit_code, "V508" in done.stderr) == (1, True), done.stderr


def test_predict_names_what_the_user_named(small_run: Path) -> None:
    save(Path("x.png"))
    for model, image, code in (
        (str(small_run), "y" * 300, "V530"),
        ("y" * 300, "x.png", "V501"),
        (str(small_run), "/dev/zero", "V530"),
    ):
        done = run("predict", model, image)
        assert (done.exit_code > 0, code in done.stderr) == (True, True), done.stderr


def test_predict_says_what_it_cannot_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import onnx

    monkeypatch.chdir(tmp_path)
    save(Path("x.png"))
    Path("deep.arch").write_text("input 8x8x5 conv3-4 maxpool FC-3 softmax")
    assert run("export", "deep.arch", "--onnx").exit_code == 0
    done = run("predict", "deep.onnx", "x.png")
    assert (done.exit_code, "V531" in done.stderr, "5 channels" in done.stderr) == (1, True, True)

    Path("two.arch").write_text(TWO_RECIPES)
    assert run("export", "two.arch", "--onnx").exit_code == 0
    model = onnx.load("two.onnx")
    for entry in model.metadata_props:
        entry.value = entry.value.replace("[1, 8, 8]", "[1, 9, 8]")
    onnx.save(model, "lies.onnx")
    done = run("predict", "lies.onnx", "x.png")
    assert (done.exit_code, "V531" in done.stderr, "can't be run" in done.stderr) == (1, True, True)
