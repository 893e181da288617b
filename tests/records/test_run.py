"""The package in Python: a training and its run, the same again from its folder, and what it guesses."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import commands
import numpy as np
import onnx_ir as ir
import pytest
import torch
from PIL import Image
from refusals import findings
from trainings import CrashError, Crashing

import vggdsl
from vggdsl.network.weights import weights_digest
from vggdsl.records.run import metrics_of
from vggdsl.records.runfolder import read_plan
from vggdsl.spec.recipe.model import SGD
from vggdsl.targets.predict import Guess
from vggdsl.targets.torch import weights
from vggdsl.text.errors import RecordError

SPEC = """
input 8x8x1 conv3-4 BN ReLU maxpool FC-3 softmax
claim Epoch 2/2 - Train Accuracy: 0.9 - Val Accuracy: 0.8 - Test Accuracy: 0.7
train a {
  data  fake(n=100, classes=3)
  batch 16
  epochs 2
}
train b as a { optimizer sgd(lr=0.1) }
"""


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("specs") / "small.arch"
    path.write_text(SPEC)
    return path


@pytest.fixture(scope="module")
def run(spec: Path) -> vggdsl.Run:
    return vggdsl.train(spec, "b", seed=3, epochs=1, precision="fp32", device="cpu", runs=spec.parent / "runs")


def codes(call: Callable[[], object]) -> list[str]:
    return [d.code for d in findings(call)]


def test_a_training_is_that_of_the_command(run: vggdsl.Run, spec: Path, tmp_path: Path) -> None:
    flags = ("--recipe", "b", "--seed", "3", "--epochs", "1", "--precision", "fp32")
    done = commands.train(spec, *flags, runs=tmp_path)
    assert done.exit_code == 0, done.output
    other = vggdsl.load_run(tmp_path / run.path.name)
    assert run.path.name == "small-b-s3-1"
    assert weights_digest(run.weights) == weights_digest(other.weights)
    (ours,), (theirs,) = run.record.measurements, other.record.measurements
    assert ours.values["run"]["deviates"] == theirs.values["run"]["deviates"] == "epochs 1, precision fp32"
    assert done.stdout.splitlines()[0] == str(run.line)


def test_a_recipe_may_be_an_object(run: vggdsl.Run, spec: Path, tmp_path: Path) -> None:
    found = vggdsl.load(spec)
    recipe = found.recipe("b").with_flags(precision="fp32")
    again = vggdsl.train(found, recipe, seed=3, epochs=1, device="cpu", runs=tmp_path)
    assert weights_digest(again.weights) == weights_digest(run.weights)


def test_a_loaded_run_is_the_one_that_was_trained(run: vggdsl.Run) -> None:
    loaded = vggdsl.load_run(str(run.path))
    assert loaded.spec == run.spec
    assert loaded.recipe.digest == run.recipe.digest
    assert (loaded.seed, loaded.classes, loaded.line) == (3, ("class 0", "class 1", "class 2"), run.line)
    assert loaded.result.weights == run.result.weights == weights_digest(loaded.weights)
    assert (loaded.preprocessing.shape, loaded.record) == (run.spec.typed.input, run.record)
    assert loaded.record.measurements[0].sealed
    assert [epoch.number for epoch in loaded.metrics] == [1]
    assert loaded.metrics[0].val_loss == pytest.approx(run.metrics[0].val_loss, rel=1e-5)
    assert repr(loaded) == repr(run) == f"Run({str(run.path)!r}, {run.line})"
    x = torch.randn(2, 1, 8, 8)
    assert not loaded.network.training
    assert loaded.network(x).equal(run.network(x))
    last = vggdsl.load_run(run.path / "last.safetensors")
    assert (last.file, last.path) == ("last.safetensors", run.path)


def test_a_run_that_has_not_ended_is_loaded_and_has_no_record(spec: Path, tmp_path: Path) -> None:
    with pytest.raises(CrashError):
        vggdsl.train(spec, device="cpu", runs=tmp_path, reporter=Crashing(0))
    run = vggdsl.load_run(tmp_path / "small-a-s0-1")
    assert len(run.metrics) == 1
    assert repr(run) == f"Run({str(run.path)!r}, 1 epoch, not ended)"
    assert codes(lambda: run.result) == codes(lambda: run.record) == ["V609"]
    assert len(run.predict(np.zeros((8, 8), np.uint8))) == 1


def test_what_is_no_run_is_told(run: vggdsl.Run, tmp_path: Path) -> None:
    assert codes(lambda: vggdsl.load_run(tmp_path / "gone")) == ["V501"]
    assert codes(lambda: vggdsl.load_run(tmp_path)) == ["V604"]
    for path in run.path.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "metrics.csv").write_text("number\nx\n")
    assert codes(lambda: vggdsl.load_run(tmp_path)) == ["V604"]
    (tmp_path / "recipe.json").unlink()
    assert codes(lambda: vggdsl.load_run(tmp_path)) == ["V604"]
    assert codes(lambda: vggdsl.train("nothing_of_that_name")) == ["V501"]
    wrong: dict[str, list[Any]] = {
        "epochs": [0, -1, 1.5, "two", True],
        "batch": [0, -4],
        "precision": ["fp17", ""],
        "seed": [-1, 1.5],
    }
    for key, values in wrong.items():
        for value in values:
            found = codes(partial(vggdsl.train, "quickstart", runs=tmp_path / "r", **{key: value}))
            assert found[0] in ("V406", "V102", "V104"), (key, value, found)
    for threads in (0, -3, 1.5, True):
        with pytest.raises(ValueError, match="threads is a whole number"):
            vggdsl.train("quickstart", runs=tmp_path / "r", threads=threads)  # type: ignore[arg-type]  # on purpose
    assert not (tmp_path / "r").exists()
    assert codes(lambda: vggdsl.train("quickstart", "nope", runs=tmp_path)) == ["V504"]


def test_guesses_are_those_of_the_command(run: vggdsl.Run, tmp_path: Path) -> None:
    pixels = np.random.RandomState(0).randint(0, 256, (9, 12, 3), np.uint8)
    path = tmp_path / "x.png"
    Image.fromarray(pixels).save(path)
    done = commands.run("predict", run.path, path, "--json", "--device", "cpu")
    assert done.exit_code == 0, done.output
    wanted = [(guess["class"], guess["probability"]) for guess in commands.json_lines(done.stdout)[0]["top"]]

    def told(found: list[list[Guess]]) -> list[tuple[str, object]]:
        return [(guess.name, pytest.approx(guess.probability, abs=1e-5)) for guess in found[0]]

    for images in (path, str(path), [path], Image.open(path), pixels, [pixels, pixels]):
        assert told(run.predict(images)) == wanted
    assert [len(found) for found in run.predict([pixels] * 40, top=2)] == [2] * 40
    assert told(run.predict(pixels[..., :1])) == told(run.predict(pixels[..., 0]))


@pytest.mark.parametrize(
    "picture",
    [
        *(np.zeros((8, 8)), np.zeros((2, 8, 8), np.uint8), np.zeros((0, 0), np.uint8), np.zeros((3, 0, 3), np.uint8)),
        *(Image.new("I;16", (8, 8)), Image.new("L", (0, 8)), "no.png"),
    ],
)
def test_what_is_no_image_is_told(run: vggdsl.Run, picture: np.ndarray | Image.Image | str) -> None:
    assert codes(lambda: run.predict(picture)) == ["V530"]


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("train_loss", "nan", "no training gives the figures of epoch 2"),
        ("val_loss", "inf", "no training gives the figures of epoch 2"),
        ("val_accuracy", "1.5", "no training gives the figures of epoch 2"),
        ("seconds", "-1", "no training gives the figures of epoch 2"),
        ("number", "3", "doesn't have one epoch after the other"),
    ],
)
def test_metrics_that_no_training_writes(run: vggdsl.Run, tmp_path: Path, column: str, value: str, why: str) -> None:
    first, one, *_ = (run.path / "metrics.csv").read_text().splitlines()
    row = ["2", *one.split(",")[1:]]
    row[first.split(",").index(column)] = value
    (tmp_path / "metrics.csv").write_text("\n".join([first, one, ",".join(row)]))
    with pytest.raises(RecordError, match=rf"metrics\.csv .*{why}"):
        metrics_of(tmp_path, 2)


def test_metrics_that_are_torn_or_too_many(run: vggdsl.Run, tmp_path: Path) -> None:
    first, one, *_ = (run.path / "metrics.csv").read_text().splitlines()
    (tmp_path / "metrics.csv").write_text("\n".join([first, one, f"2,{one.split(',')[1]}"]))
    with pytest.raises(RecordError, match=r"metrics\.csv can't be read: row 2 is torn"):
        metrics_of(tmp_path, 2)
    (tmp_path / "metrics.csv").write_text("\n".join([first, *(f"{i}{one[1:]}" for i in (1, 2, 3))]))
    with pytest.raises(RecordError, match=r"metrics\.csv has 3 epochs, recipe\.json 2"):
        metrics_of(tmp_path, 2)
    assert len(metrics_of(tmp_path, 3)) == 3


def test_exports(run: vggdsl.Run, spec: Path, tmp_path: Path) -> None:
    one, other = tmp_path / "run.onnx", tmp_path / "spec.onnx"
    assert vggdsl.export(run, one).max_rel < 1e-4
    vggdsl.export(str(run.path), other, logits=True)
    assert codes(lambda: vggdsl.export(run, one)) == ["V514"]
    vggdsl.export(spec, one, weights=run.path, force=True, fold=False)
    vggdsl.export(run.spec, one, weights=run, force=True)
    with pytest.warns(UserWarning, match="random weights") as warned:
        vggdsl.export(spec, tmp_path / "drawn.onnx")
    assert {warning.filename for warning in warned} == {__file__}
    assert codes(lambda: vggdsl.export("vgg_a", tmp_path / "a.onnx", weights=run)) == ["V510"]
    alone = tmp_path / "best.safetensors"
    alone.write_bytes((run.path / alone.name).read_bytes())
    assert vggdsl.export(alone, tmp_path / "alone.onnx") == vggdsl.export(run, one, force=True)
    for call in (lambda: vggdsl.export(run, one, weights=run), lambda: vggdsl.to_onnx(run.path, run.weights)):
        with pytest.raises(TypeError, match="has its own"):
            call()
    assert codes(lambda: vggdsl.export(vggdsl.parse(SPEC + "claim params 5"), tmp_path / "wrong.onnx")) == ["V301"]
    assert not (tmp_path / "wrong.onnx").exists()


def test_bytes_are_normalised_as_the_run_normalised_them(run: vggdsl.Run, tmp_path: Path) -> None:
    vggdsl.export(run, tmp_path / "run.onnx", uint8=True)
    wanted = _arrays(ir.load(tmp_path / "run.onnx"))
    for network, given in ((run, None), (run.spec, run), (run.spec.typed, run)):
        found = _arrays(vggdsl.to_onnx(network, given, uint8=True))
        assert found.keys() == wanted.keys()
        assert all(np.array_equal(found[name], wanted[name]) for name in wanted)


def test_a_module_of_another_network_is_refused(run: vggdsl.Run, spec: Path, tmp_path: Path) -> None:
    other = vggdsl.to_torch(vggdsl.parse(SPEC.replace("ReLU", "tanh")))  # of the same shapes
    for network in (spec, vggdsl.load(spec).typed):
        wrong = findings(lambda network=network: vggdsl.to_onnx(network, other))  # type: ignore[misc]  # mypy sees no default
        assert [d.code for d in wrong] == ["V510"]
        assert "the module is of another network: " in wrong[0].message
    assert codes(lambda: vggdsl.export(spec, tmp_path / "a.onnx", weights=other)) == ["V510"]
    assert codes(lambda: vggdsl.to_onnx(other.typed, run)) == ["V510"]
    assert not (tmp_path / "a.onnx").exists()


@pytest.mark.parametrize("given", [torch.nn.Linear(2, 3), 3, [1.0], {"conv1.weight": 3}])
def test_what_is_no_weights_is_told(spec: Path, tmp_path: Path, given: Any) -> None:
    for call in (
        lambda: vggdsl.to_onnx(spec, given),
        lambda: vggdsl.to_onnx(vggdsl.load(spec).typed, given),
        lambda: vggdsl.export(spec, tmp_path / "a.onnx", weights=given),
    ):
        with pytest.raises(TypeError, match="is no weights: give arrays or tensors by name"):
            call()


def test_what_is_no_network_is_told(run: vggdsl.Run, tmp_path: Path) -> None:
    wrong: Any = run
    with pytest.raises(TypeError, match=r"a run has its own module, `run\.network`"):
        vggdsl.to_torch(wrong)
    wrong = 3
    for call in (lambda: vggdsl.to_onnx(wrong), lambda: vggdsl.export(wrong, tmp_path / "a.onnx")):
        with pytest.raises(TypeError, match="int is no network"):
            call()


@pytest.mark.filterwarnings("ignore:no preprocessing")
def test_a_state_dict_is_weights(run: vggdsl.Run, tmp_path: Path) -> None:
    state = run.network.state_dict()
    wanted = _arrays(vggdsl.to_onnx(run))
    for network in (run.spec, run.spec.typed):
        again = _arrays(vggdsl.to_onnx(network, state))
        assert all((again[key] == wanted[key]).all() for key in wanted)
    vggdsl.export(run.spec, tmp_path / "a.onnx", weights=state)
    name = next(name for name in state if name.endswith(".weight"))
    torn = state | {name: torch.full_like(state[name], float("nan"))}
    broken = vggdsl.to_torch(run.spec)
    broken.load_state_dict(torn)
    for given in (torn, broken):
        assert codes(partial(vggdsl.to_onnx, run.spec, given)) == ["V513"]
        assert codes(partial(vggdsl.to_onnx, run.spec.typed, given)) == ["V513"]
        assert codes(partial(vggdsl.export, run.spec, tmp_path / "b.onnx", weights=given)) == ["V513"]


def test_a_wrong_claim_is_raised_as_one(tmp_path: Path) -> None:
    wrong = vggdsl.parse(SPEC + "claim params 5")
    with pytest.raises(vggdsl.ClaimError, match="V301"):
        vggdsl.train(wrong, "a", device="cpu", runs=tmp_path / "r")
    with pytest.raises(vggdsl.ClaimError, match="V301"):
        vggdsl.export(wrong, tmp_path / "a.onnx")


def test_an_edited_record_says_no_result(run: vggdsl.Run, tmp_path: Path) -> None:
    shutil.copytree(run.path, tmp_path / "r")
    record = tmp_path / "r" / "record.arch"
    record.write_text(record.read_text().replace("minutes=", "minutes=9"))
    edited = vggdsl.load_run(tmp_path / "r")
    assert codes(lambda: edited.result) == codes(lambda: edited.line) == codes(edited.compare) == ["V609"]
    assert not edited.record.measurements[-1].sealed
    assert repr(edited).endswith("1 epoch, its record can't be used)")


def test_parts_of_several_runs_are_no_run(run: vggdsl.Run, spec: Path, tmp_path: Path) -> None:
    seed = vggdsl.train(spec, "b", seed=4, epochs=1, device="cpu", runs=tmp_path).path
    network = vggdsl.train(
        vggdsl.parse(spec.read_text().replace("ReLU", "tanh"), "other"), "b", epochs=1, device="cpu", runs=tmp_path
    ).path
    for of, file, why in (
        (seed, "best.safetensors", "the weights in best.safetensors aren't those"),
        (seed, "record.arch", "the weights in best.safetensors aren't those"),
        (network, "best.safetensors", "best.safetensors is of another network"),
        (network, "record.arch", "record.arch is of another network"),
    ):
        mixed = tmp_path / "mixed"
        shutil.copytree(run.path, mixed)
        shutil.copy(of / file, mixed / file)
        found = findings(partial(vggdsl.load_run, mixed))
        assert [d.code for d in found] == ["V604"]
        assert why in found[0].message
        shutil.rmtree(mixed)


def test_a_file_that_is_no_run_is_told(run: vggdsl.Run, spec: Path, tmp_path: Path) -> None:
    (tmp_path / "q.onnx").write_bytes(b"")
    for path, what, help in (
        (spec, "a spec", "name a folder"),
        (tmp_path / "q.onnx", "an exported model", "vggdsl predict"),
        (run.path / "record.arch", "a file in the folder of one", str(run.path)),
    ):
        (found,) = findings(partial(vggdsl.load_run, path))
        assert (found.code, found.message) == ("V604", f"{path} is no run: it is {what}")
        assert help in str(found.help)


@pytest.mark.parametrize("top", [0, -1, 1.5, True])
def test_top_counts_guesses(run: vggdsl.Run, top: Any) -> None:
    with pytest.raises(ValueError, match="top is a whole number from 1"):
        run.predict(np.zeros((8, 8), np.uint8), top=top)


def test_functions_of_a_network_take_a_spec_or_a_name(run: vggdsl.Run, spec: Path) -> None:
    found = vggdsl.load(spec)
    modules = [vggdsl.to_torch(given) for given in (found.typed, found, spec, str(spec))]
    assert len({weights_digest(weights(module)) for module in modules}) == 1
    assert vggdsl.to_torch("quickstart").typed.params == vggdsl.load("quickstart").typed.params
    drawn, named = vggdsl.to_onnx(found), vggdsl.to_onnx(spec)
    assert _arrays(drawn).keys() == _arrays(named).keys()
    assert all((_arrays(drawn)[key] == _arrays(named)[key]).all() for key in _arrays(drawn))
    of_run = _arrays(vggdsl.to_onnx(run, fold=False))
    given = [vggdsl.to_onnx(found, other, fold=False) for other in (run, run.weights, run.network, run.path)]
    for again in map(_arrays, (*given, vggdsl.to_onnx(run.path, fold=False))):
        assert all((again[key] == of_run[key]).all() for key in of_run)
    assert vggdsl.to_onnx(found.typed).graph.num_nodes() > 0


def _arrays(model: ir.Model) -> dict[str, np.ndarray]:
    return {name: value.const_value.numpy() for name, value in model.graph.initializers.items() if value.const_value}


def test_results_are_rows(run: vggdsl.Run, spec: Path) -> None:
    rows = vggdsl.results([spec, run.path])
    assert {row.measure for row in rows} == {"test-accuracy"}
    assert [row.values for row in rows if row.values] == [(round(100 * float(run.line.test), 10),)]
    assert vggdsl.results(str(spec)) != []
    assert codes(lambda: vggdsl.results("nothing_of_that_name")) == ["V501"]


def test_edited_blocks_are_warned_of(run: vggdsl.Run, tmp_path: Path) -> None:
    (tmp_path / "edited.arch").write_text((run.path / "record.arch").read_text().replace("minutes=", "minutes=9"))
    with pytest.warns(UserWarning, match="W601"):
        vggdsl.results(tmp_path / "edited.arch")


def test_the_package_is_imported_without_torch() -> None:
    code = "import sys, vggdsl; vggdsl.load('vgg_d'); assert 'train' in dir(vggdsl); print('torch' in sys.modules)"
    done = commands.python("-c", code)
    assert (done.stdout, done.stderr) == ("False\n", "")
    for name in vggdsl.__all__:
        assert getattr(vggdsl, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        vggdsl.__getattr__("trian")


@pytest.mark.parametrize(
    "change",
    [
        {"precision": "fp17"},
        {"clip": -1},
        {"seeds": (-1,)},
        {"seeds": 3},
        {"epochs": 0},
        {"epochs": 1.5},
        {"epochs": "2"},
        {"batch": 0},
        {"batch": True},
        {"optimizer": "sgd(lr=0.1)"},
        {"normalize": None},
    ],
)
def test_a_changed_recipe_says_what_a_spec_can_say(spec: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    recipe = vggdsl.load(spec).recipe("a").with_flags(**change)
    if change == {"normalize": None}:
        recipe = replace(recipe, normalize=cast("Any", "half"))
    (found,) = findings(lambda: vggdsl.train(spec, recipe, runs=tmp_path / "runs"))
    assert found.code == "V406"
    assert next(iter(change)) in found.message
    assert not (tmp_path / "runs").exists()


def test_a_changed_recipe_is_trained_by(spec: Path, tmp_path: Path) -> None:
    recipe = vggdsl.load(spec).recipe("b").with_flags(epochs=1, optimizer=SGD(0.2, momentum=0.9), clip=1.0)
    run = vggdsl.train(spec, recipe, device="cpu", runs=tmp_path)
    assert run.result.deviations == ("optimizer sgd(lr=0.2, momentum=0.9)", "clip norm(1)", "epochs 1")


@pytest.mark.parametrize("given", [{"seed": "5 6"}, {"epochs": -1}, {"epochs": ""}, {"epochs": [3]}])
def test_arguments_that_no_recipe_says(spec: Path, tmp_path: Path, given: dict[str, Any]) -> None:
    assert codes(lambda: vggdsl.train(spec, "a", runs=tmp_path / "runs", **given)) == ["V406"]
    assert not (tmp_path / "runs").exists()


def test_a_folder_with_the_plan_or_metrics_of_another_run_is_none(run: vggdsl.Run, spec: Path, tmp_path: Path) -> None:
    other = vggdsl.train(spec, "b", seed=4, epochs=1, precision="fp32", device="cpu", runs=tmp_path).path
    longer = vggdsl.train(spec, "b", seed=3, epochs=2, precision="fp32", device="cpu", runs=tmp_path).path
    for of, file in ((other, "recipe.json"), (longer, "recipe.json"), (other, "metrics.csv")):
        mixed = tmp_path / "mixed"
        shutil.copytree(run.path, mixed)
        shutil.copy(of / file, mixed / file)
        (found,) = findings(partial(vggdsl.load_run, mixed))
        assert found.code == "V604"
        assert file in found.message
        shutil.rmtree(mixed)


@pytest.mark.parametrize("spoil", ["a row less", "another accuracy in training", "another best"])
def test_metrics_that_the_record_was_not_made_of(spoil: str, spec: Path, tmp_path: Path) -> None:
    path = vggdsl.train(spec, "b", seed=3, epochs=3, precision="fp32", device="cpu", runs=tmp_path).path
    epochs, best = metrics_of(path, 3), vggdsl.load_run(path).result.best
    if spoil == "a row less":
        epochs = epochs[:2]
    elif spoil == "another best":
        epochs = tuple(replace(e, val_accuracy=1.0, val_loss=0.0) if e.number == best % 3 + 1 else e for e in epochs)
    else:
        epochs = tuple(replace(e, train_accuracy=e.train_accuracy / 2) if e.number == best else e for e in epochs)
    folder = read_plan(path).folder
    folder.write_metrics(epochs)
    (found,) = findings(partial(vggdsl.load_run, path))
    assert found.code == "V604"
    assert "metrics.csv isn't that of the training that record.arch measured" in found.message


def test_nothing_was_measured_with_the_last_weights(run: vggdsl.Run) -> None:
    last = vggdsl.load_run(run.path / "last.safetensors")
    assert (last.measured, codes(lambda: last.result)) == (None, ["V609"])
    assert codes(lambda: vggdsl.model_card(last)) == ["V609"]
    assert vggdsl.model_card(run) == vggdsl.model_card(run.path)
    assert repr(last).endswith("the weights of last.safetensors)")


def test_guesses_are_those_of_evaluation_while_the_network_is_trained_on(spec: Path, tmp_path: Path) -> None:
    text = spec.read_text().replace("FC-3 softmax", "FC-16 ReLU dropout-0.9 FC-3 softmax")
    run = vggdsl.train(vggdsl.parse(text, "drops"), epochs=1, device="cpu", runs=tmp_path)
    image = np.random.default_rng(0).integers(0, 255, (8, 8), np.uint8)
    before = run.predict(image)
    run.network.train()
    assert [run.predict(image) for _ in range(3)] == [before] * 3
    assert run.network.training


def test_images_may_come_one_by_one(run: vggdsl.Run) -> None:
    images = [np.full((8, 8), shade, np.uint8) for shade in (0, 255)]
    assert run.predict((image for image in images), top=np.int64(2)) == run.predict(images, top=2)
    for given in (None, 3, torch.zeros(8, 8)):
        with pytest.raises(TypeError):
            run.predict(cast("Any", given))


def test_networks_that_differ_in_auxiliary_classifiers_are_told_apart() -> None:
    aux = "input 8x8x1 conv3-4 ReLU aux 0.3 { avgpool FC-10 softmax } maxpool FC-10 softmax"
    with_aux, without = vggdsl.parse(aux), vggdsl.parse(aux.replace("aux 0.3 { avgpool FC-10 softmax } ", ""))
    other = vggdsl.parse(aux.replace("0.3", "0.4"))
    module = vggdsl.to_torch(with_aux)
    for spec in (without, other, with_aux.typed.inference):
        (found,) = findings(partial(vggdsl.to_onnx, spec, module))
        assert found.code == "V510"
        assert "auxiliary classifiers" in found.message


def test_a_model_keeps_its_weights_whatever_becomes_of_the_mapping(spec: Path) -> None:
    state = vggdsl.to_torch(spec).state_dict()
    arrays = {name: value.numpy().copy() for name, value in state.items() if "num_batches" not in name}
    for given in (state, arrays):
        model = vggdsl.to_onnx(spec, given, fold=False)
        before = {name: array.copy() for name, array in _arrays(model).items()}
        for value in given.values():
            value *= 0
        assert all((_arrays(model)[name] == before[name]).all() for name in before)


def test_modules_in_other_precisions_and_without_values(spec: Path) -> None:
    module = vggdsl.to_torch(spec).bfloat16()
    exported = _arrays(vggdsl.to_onnx(spec, module, fold=False))
    assert all(array.dtype == np.float32 for array in exported.values() if array.ndim > 1)
    assert codes(lambda: vggdsl.to_onnx(spec, module.to("meta"))) == ["V513"]


def test_results_take_runs_and_say_what_they_dont_take(run: vggdsl.Run) -> None:
    assert list(map(repr, vggdsl.results(run))) == list(map(repr, vggdsl.results([run.path])))
    for given in (run.spec, [run.spec], 3):
        with pytest.raises(TypeError):
            vggdsl.results(cast("Any", given))
