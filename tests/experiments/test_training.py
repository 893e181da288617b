"""Training: what a recipe says happens, again and alike, or is refused; what was found is recorded."""

import json
import shlex
from dataclasses import replace
from functools import partial
from pathlib import Path

import commands
import numpy as np
import onnx
import pytest
import torch
from PIL import Image
from refusals import findings
from safetensors import SafetensorError
from torch.nn import functional
from trainings import ENTRIES, Impatient, recipe_with, spec_with

from vggdsl.data.dataset import DataSet, load_data
from vggdsl.data.normalisation import Normalisation
from vggdsl.data.splits import Split
from vggdsl.experiments.device import arithmetic, choose
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.loop import DivergedError, Unheard, evaluate, fit
from vggdsl.experiments.memory import check_training, training_bytes
from vggdsl.experiments.prepare import Prepared
from vggdsl.experiments.train import Stopped, train
from vggdsl.network.weights import weight_shapes, weights_digest
from vggdsl.records import runfolder
from vggdsl.records.compare import compare
from vggdsl.records.result import write_record
from vggdsl.records.run import Run
from vggdsl.records.trained import is_run, load_trained
from vggdsl.spec.parsing import load, parse
from vggdsl.spec.recipe import KEYS, Ema
from vggdsl.spec.spec import Spec
from vggdsl.targets.torch import to_torch, weights

# -- refusals


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("augment", "colour-pca", "V407"),
        ("augment", "crop(6)", "V407"),
        ("batch", "1", "V408"),
        ("data", "fake(n=100, classes=4)", "V401"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_its_place(key: str, value: str, code: str, tmp_path: Path) -> None:
    spec = spec_with(**{key: value})
    found = next(d for d in findings(lambda: train(spec, runs=tmp_path)) if d.code == code)
    assert any(label.span.text == f"{key} {value}" for label in found.labels)
    assert not list(tmp_path.iterdir())


def test_everything_is_refused_at_once(tmp_path: Path) -> None:
    spec = spec_with(augment="colour-pca scale(9)", data="mnist")
    codes = [d.code for d in findings(lambda: train(spec, runs=tmp_path))]
    assert sorted(codes) == ["V401", "V407", "V407"]


@pytest.mark.parametrize("name", [None, "b"])
def test_a_recipe_of_another_spec_is_refused_at_once(name: str | None, tmp_path: Path) -> None:
    spec = parse(spec_with().source.text.replace("train {", "train a {"), "x.arch")
    recipe = replace(recipe_with(), name=name)
    assert findings(lambda: train(spec, recipe, runs=tmp_path))[0].code == "V504"
    assert not list(tmp_path.iterdir())


def test_a_flag_past_the_schedule_is_refused(tmp_path: Path) -> None:
    spec = spec_with(schedule="steps(1..2: 0.1)", optimizer="sgd(momentum=0.9)")
    recipe = spec.recipe().with_flags(epochs=3)
    assert findings(lambda: train(spec, recipe, runs=tmp_path))[0].code == "V405"
    spec = spec_with(schedule="warmup(2) constant", epochs="3")
    recipe = spec.recipe().with_flags(epochs=2)
    assert findings(lambda: train(spec, recipe, runs=tmp_path))[0].code == "V405"


def test_a_wrong_spec_is_not_trained(tmp_path: Path) -> None:
    spec = spec_with(claims="claim params 12")
    assert findings(lambda: train(spec, runs=tmp_path))[0].code == "V301"


def test_a_map_is_no_vector_of_classes(tmp_path: Path) -> None:
    spec = spec_with("input 8x8x1 conv3-4 conv3-3")
    assert "V408" in {d.code for d in findings(lambda: train(spec, runs=tmp_path))}


def test_a_vector_of_one_image_has_no_norm(tmp_path: Path) -> None:
    spec = spec_with(data="fake(n=3, classes=3, val=1, test=1)")
    found = findings(lambda: train(spec, runs=tmp_path))[0]
    assert (found.code, found.labels[0].span.text[:10]) == ("V408", "data fake(")
    assert not list(tmp_path.iterdir())


def test_a_runs_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone" / "x")
    (tmp_path / "file").touch()
    for name in ("link", "file"):
        assert findings(partial(train, spec_with(), runs=tmp_path / name))[0].code == "V506"


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(runfolder, "save_file", fail)
    (found,) = findings(lambda: train(spec_with(), runs=tmp_path))
    assert (found.code, "No space left" in found.message, "best.safetensors can't" in found.message) == (
        "V506",
        True,
        True,
    )
    assert not list(tmp_path.rglob("*.part"))


def test_memory_is_estimated_before_the_run() -> None:
    spec = load("vgg_d")
    recipe = replace(spec.recipe(), batch=256)
    needed = training_bytes(spec.typed, recipe, 4)
    assert needed == 138_357_544 * 4 * 3 + spec.typed.activations * 256 * 4
    assert training_bytes(spec.typed, replace(recipe, average=Ema(0.999)), 4) == needed + 138_357_544 * 4
    (found,) = findings(lambda: check_training(needed, needed - 1, recipe))
    assert found.code == "V508"
    check_training(needed, needed, recipe)


def test_each_process_needs_memory_for_its_part_of_the_batch() -> None:
    spec = spec_with(batch="100")
    recipe, layers = spec.recipe(), spec.typed.activations * 4
    whole = training_bytes(spec.typed, recipe, 4)
    assert whole - training_bytes(spec.typed, recipe, 4, processes=4) == 75 * layers
    assert whole - training_bytes(spec.typed, recipe, 4, processes=3) == 66 * layers  # one of them has 34 images


def test_single_precision_is_no_tf32() -> None:
    cudnn = torch.backends.cudnn
    before = cudnn.allow_tf32
    with arithmetic(choose("cpu", "fp32"), 10**12):
        assert not cudnn.allow_tf32
    assert cudnn.allow_tf32 == before
    with arithmetic(choose("cpu", "bf16"), 10**12):
        assert cudnn.allow_tf32 == before


def test_devices_that_are_not_there() -> None:
    assert findings(lambda: choose("tpu", "auto"))[0].code == "V509"
    if not torch.cuda.is_available():
        assert findings(lambda: choose("cuda", "auto"))[0].code == "V509"
        assert choose("auto", "fp32").device.type == "cpu"


# -- runs


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(spec_with(checkpoint="every(2)"), runs=tmp_path_factory.mktemp("runs"))


def test_a_run_leaves_its_folder(run: Run) -> None:
    assert run.path.name == "small-s0-1"
    names = {path.name for path in run.path.iterdir()}
    weights = {"best.safetensors", "last.safetensors", "epoch-0002.safetensors", "checkpoint-0002.safetensors"}
    assert names == {"spec.arch", "recipe.json", "metrics.csv", "record.arch", *weights}
    assert (run.path / "spec.arch").read_text() == run.spec.source.text
    plan = json.loads((run.path / "recipe.json").read_text())
    assert plan["entries"]["batch"] == {"value": "16", "origin": "spec"}
    assert plan["entries"]["normalize"] == {"value": "mean-std", "origin": "default"}
    header, *rows = (run.path / "metrics.csv").read_text().splitlines()
    assert header == "number,train_loss,train_accuracy,val_loss,val_accuracy,lr,seconds"
    assert [row.split(",")[0] for row in rows] == ["1", "2"]


def test_the_record_is_sealed_and_parses_back(run: Run) -> None:
    record = load(run.path / "record.arch")
    assert record.check() == []
    (measured,) = record.measurements
    assert measured.sealed
    assert str(measured.line) == str(run.line)
    assert "deviates" not in measured.values["run"]
    assert measured.values["of"]["split"] == "70/10/20"
    assert measured.values["by"]["weights"] == weights_digest(load_trained(run.path).weights)


@pytest.mark.parametrize(
    ("recipes", "name", "said"),
    [
        ("", None, 0),
        ("train {\n  data fake(n=100, classes=10)\n  epochs 1\n}", None, 2),
        ("train a {\n  data fake(n=100, classes=10)\n}\ntrain b as a {\n  schedule steps(1..3: 1e-3)\n}", "a", 2),
        ("train a {\n  data fake(n=100, classes=10)\n}\ntrain b as a {\n  schedule steps(1..3: 1e-3)\n}", "b", 3),
    ],
)
def test_a_record_says_what_were_defaults(run: Run, recipes: str, name: str | None, said: int) -> None:
    spec = parse(f"input 8x8x1 conv3-4 maxpool FC-10 softmax\n{recipes}", "x.arch")
    recipe = spec.recipe(name)
    result = replace(
        run.result, recipe_name=name, recipe=recipe.digest, network=spec.network.graph.digest, deviations=()
    )
    text = write_record(spec, result)
    record = parse(text)
    assert text.count("# default") == len(KEYS) - said
    assert record.recipe(name).digest == recipe.digest
    assert set(record.recipe(name).origins) >= set(KEYS) - {"epochs"}
    assert record.check() == []
    assert write_record(record, result).count("# default") == len(KEYS) - said


def test_the_same_seed_gives_the_same_weights(run: Run, tmp_path: Path) -> None:
    torch.manual_seed(99)
    torch.rand(5)
    state = torch.get_rng_state()
    again = train(run.spec, runs=tmp_path)
    assert torch.get_rng_state().equal(state)
    assert again.line == run.line
    for name, value in load_trained(again.path, "last.safetensors").weights.items():
        assert value.tobytes() == load_trained(run.path, "last.safetensors").weights[name].tobytes()
    other = train(run.spec, seed=1, runs=tmp_path)
    assert other.path.name == "small-s1-1"
    assert weights_digest(load_trained(other.path).weights) != run.result.weights


def test_a_record_trained_again_agrees(run: Run, tmp_path: Path) -> None:
    record = load(run.path / "record.arch")
    told = train(record, runs=tmp_path).compare()
    assert told[0].startswith("measured before: Epoch ")
    assert told[1] == "  agrees in every digit"


def test_a_second_run_gets_a_folder_of_its_own(run: Run) -> None:
    before = (run.path / "best.safetensors").read_bytes()
    again = train(run.spec, run.recipe.with_flags(epochs=1), runs=run.path.parent)
    assert again.path.name == "small-s0-2"
    assert (run.path / "best.safetensors").read_bytes() == before


def test_deviations_are_recorded(tmp_path: Path) -> None:
    spec = spec_with(claims="claim Epoch 2/2 - Train Accuracy: 0.9 - Val Accuracy: 0.8 - Test Accuracy: 0.7")
    recipe = spec.recipe().with_flags(epochs=1, batch=32, seeds=(5,), precision="auto")
    run = train(spec, recipe, seed=5, runs=tmp_path)
    (measured,) = load(run.path / "record.arch").measurements
    assert measured.values["run"]["deviates"] == "batch 32, epochs 1"
    assert measured.values["of"]["recipe"] == spec.recipe().digest
    assert str(run.line).startswith("Epoch 1/1 - ")
    assert run.compare()[1:] == [
        f"  measured: {run.line}",
        "  not compared: 2 epochs allowed there, 1 here; this run deviates from the recipe: batch 32, epochs 1",
    ]
    assert json.loads((run.path / "recipe.json").read_text())["entries"]["batch"]["origin"] == "flag"


def test_claims_are_compared_under_equal_protocols(run: Run) -> None:
    claims = [
        'claim Epoch 2/2 - Train Accuracy: 0.9 - Val Accuracy: 0.5000 - Test Accuracy: 0.7  "slide 3"',
        "claim top-1-accuracy 80% split=test",
        "claim top-1-error 10.5% split=val seed=0",
        "claim top-2-error 8% split=test",
        "claim top-1-error 8% split=test view=dense",
        "claim top-1-error 8%",
    ]
    result = replace(run.result, train_accuracy=0.8, val_accuracy=0.75, test_accuracy=0.85)
    told = compare(spec_with(claims="\n".join(claims)), result)
    assert told[0].endswith('"slide 3"')
    assert told[1] == "  measured - claimed: train -0.1000, val +0.2500, test +0.1500"
    assert told[3] == "  measured 85.00%; measured - claimed: +5.00 points"
    assert told[5] == "  measured 25.00%; measured - claimed: +14.50 points"
    assert "isn't measured" in told[7]
    assert told[9] == "  measured 15.00%; not compared: view=dense claimed, centre here"
    assert "a split that isn't named" in told[11]


def test_measurements_of_another_seed_are_not_compared(run: Run) -> None:
    record = load(run.path / "record.arch")
    assert "seed 0 then, 7 now" in compare(record, replace(run.result, seed=7))[1]
    assert "precision" not in compare(record, run.result)[1]
    told = compare(record, replace(run.result, precision="fp64"))[1]
    ours = run.result.precision
    assert told.endswith(f"precision {ours} then, fp64 now (`--precision {ours}` computes as then)")
    assert compare(record, replace(run.result, seed=7, test_accuracy=0.5))[2].endswith("Test Accuracy: 0.5000")
    edited = parse((run.path / "record.arch").read_text().replace("minutes=", "minutes=9"))
    assert "edited by hand" in compare(edited, run.result)[1]


def test_the_best_of_equal_epochs_is_the_earliest(tmp_path: Path) -> None:
    spec = spec_with("input 8x8x1 conv3-4 maxpool FC-3 softmax", optimizer="sgd(lr=1e-12)", epochs="4")
    run = train(spec, runs=tmp_path)
    assert len(run.metrics) == 4
    assert run.result.best == load_trained(run.path).epoch == 1
    assert load_trained(run.path, "last.safetensors").epoch == 4


@pytest.mark.parametrize("measure", ["val-accuracy", "val-loss"])
def test_early_stop(measure: str, tmp_path: Path) -> None:
    spec = spec_with(
        "input 8x8x1 conv3-4 maxpool FC-3 softmax",
        optimizer="sgd(lr=1e-12)",
        epochs="50",
        stop=f"{measure}(patience=3)",
    )
    run = train(spec, runs=tmp_path)
    assert len(run.metrics) < 10
    assert str(run.line).startswith("Epoch 1/50") or measure == "val-loss"
    if measure == "val-accuracy":
        assert len(run.metrics) == 4


def test_a_diverging_loss_ends_the_run(tmp_path: Path) -> None:
    body = "input 8x8x1 conv3-4 LeakyReLU conv3-4 LeakyReLU FC-3 softmax"  # a ReLU may die before it overflows
    spec = spec_with(body, optimizer="sgd(lr=1000)", epochs="20")
    (found,) = findings(lambda: train(spec, runs=tmp_path))
    assert found.code == "V409"
    assert found.labels[0].span.text == "optimizer sgd(lr=1000)"
    assert "lower learning rate" in str(found.help)
    assert not (tmp_path / "small-s0-1" / "record.arch").exists()


def test_weights_that_are_drawn_too_large_are_told(tmp_path: Path) -> None:
    spec = spec_with("input 8x8x1 ( conv3-32 ) x9 FC-3 softmax", init="normal(std=10)", epochs="5", precision="fp32")
    (found,) = findings(lambda: train(spec, runs=tmp_path))
    assert found.code == "V409"
    assert found.labels[0].span.text == "init normal(std=10)"
    assert str(found.help).startswith("begin with `init he`")


def test_a_loss_that_diverges_in_validation_alone_is_told_apart(tmp_path: Path) -> None:
    body = "input 8x8x1\nafter conv: BN momentum=1e-3 ReLU\n( conv3-16 ) x60 FC-3 softmax"
    spec = spec_with(body, init="normal(std=1)", batch="8", precision="fp32")
    (found,) = findings(lambda: train(spec, runs=tmp_path))
    assert found.code == "V409"
    assert "in validation the loss became" in found.message
    assert found.labels[0].span.text == "batch 8"
    assert "running statistics" in str(found.help)


def test_ctrl_c_keeps_what_there_is(tmp_path: Path) -> None:
    reporter = Impatient()
    with pytest.raises(Stopped) as caught:
        train(spec_with(), runs=tmp_path, reporter=reporter)
    assert caught.value.path == tmp_path / "small-s0-1"
    assert str(tmp_path) in str(caught.value.diagnostics[0].help)
    assert reporter.told == ["started 70/10/20", "epoch 1", "ended"]
    assert load_trained(caught.value.path).epoch == 1
    names = {path.name for path in caught.value.path.iterdir()}
    weights = {"best.safetensors", "last.safetensors", "checkpoint-0001.safetensors"}
    assert names == weights | {"spec.arch", "recipe.json", "metrics.csv"}


# -- runs that are read


def _prepared(spec: Spec, data: DataSet, normalisation: Normalisation) -> Prepared:
    return Prepared(Experiment(spec, spec.recipe()), 0, data, normalisation, choose("cpu", "fp32"))


def test_a_loaded_run_is_the_network_that_was_measured(run: Run) -> None:

    trained = load_trained(run.path)
    assert trained.classes == ("class 0", "class 1", "class 2")
    assert trained.spec == run.spec
    data = load_data(run.recipe, trained.spec.typed.input, Path("/nowhere"))
    hardware = choose("cpu", run.recipe.precision)
    prepared = Prepared(Experiment(run.spec, run.recipe), 0, data, trained.normalisation, hardware)
    assert evaluate(trained.network(), data.test, prepared).accuracy == run.result.test_accuracy
    assert isinstance(data.train, Split)
    assert trained.normalisation == Normalisation.of(data.train.images, "mean-std")


def test_runs_that_cannot_be_used(run: Run, tmp_path: Path) -> None:
    assert findings(lambda: load_trained(tmp_path / "gone"))[0].code == "V501"
    assert "has no best.safetensors" in findings(lambda: load_trained(tmp_path))[0].message
    whole = (run.path / "best.safetensors").read_bytes()
    (tmp_path / "best.safetensors").write_bytes(whole[:-10])
    assert "torn" in findings(lambda: load_trained(tmp_path))[0].message
    from safetensors.numpy import save_file

    save_file({"x": np.zeros(3, np.float32)}, tmp_path / "best.safetensors")
    assert "not written by" in findings(lambda: load_trained(tmp_path))[0].message
    assert not is_run(tmp_path / "best.safetensors")
    assert is_run(run.path / "last.safetensors")
    assert not is_run(run.path / "record.arch")


def test_a_block_quotes_nothing_that_ends_a_quote(run: Run) -> None:
    result = replace(run.result, device='A "fast"\none', deviations=('data folder("a b")',))
    text = write_record(run.spec, result)
    (measured,) = parse(text).measurements
    assert measured.sealed
    assert measured.values["run"]["device"] == "A 'fast' one"
    assert measured.values["run"]["deviates"] == "data folder('a b')"
    assert "deviations" not in compare(parse(text), result)[1]


def test_evaluation_weighs_images_alike_and_keeps_the_mode() -> None:
    spec = spec_with()
    network = to_torch(spec.typed)
    images = torch.from_numpy(np.random.RandomState(0).randint(0, 256, (37, 1, 8, 8), np.uint8))
    split = Split(images, torch.arange(37) % 3)
    data = DataSet(("a", "b", "c"), split, split, split)
    prepared = _prepared(spec, data, Normalisation.of(images, "none"))
    loss, accuracy, *_ = evaluate(network, split, prepared)
    assert network.training
    with torch.no_grad():
        logits = network.eval()(images / 255)
    assert loss == pytest.approx(torch.nn.functional.cross_entropy(logits, split.labels).item(), rel=1e-5)
    assert accuracy == pytest.approx((logits.argmax(1) == split.labels).double().mean().item())


# -- the command


def test_the_command_prints_the_result_and_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "small.arch"
    path.write_text(spec_with(seeds="3 4").source.text)
    options = ["--epochs", "1", "--runs", str(tmp_path / "runs")]
    done = commands.run("train", path, *options)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Epoch 1/1 - Train Accuracy: 0.")
    assert lines[1] == f"run: {tmp_path / 'runs' / 'small-s3-1'}"
    assert lines[3] == f"run: {tmp_path / 'runs' / 'small-s4-1'}"
    assert lines[4].startswith("test accuracy over 2 seeds: 0.")
    folders = [shlex.quote(str(tmp_path / "runs" / f"small-s{seed}-1")) for seed in (3, 4)]
    assert lines[5:] == [f"look at them: vggdsl report {' '.join(folders)}"]
    assert "epoch 1/1" in done.stderr
    one = commands.run("train", path, *options, "--seed", "3")
    assert one.stdout.splitlines()[0] == lines[0]
    assert one.stdout.splitlines()[-1].endswith("small-s3-2")


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    where = ["--data", str(tmp_path), "--runs", str(tmp_path)]
    done = commands.run("train", "vgg_reconstructed/c232_fc64", *where)
    assert done.exit_code == 2
    assert "V503" in done.stderr
    assert "--download" in done.stderr
    assert not done.stdout
    assert commands.run("train", "vgg_d", "--recipe", "S999").exit_code == 2


def test_one_failure_does_not_stop_the_others(tmp_path: Path) -> None:
    body = "input 8x8x1 conv3-4 LeakyReLU conv3-4 LeakyReLU FC-3 softmax"
    (tmp_path / "bad.arch").write_text(spec_with(body, optimizer="sgd(lr=1000)", epochs="20", seeds="0 1").source.text)
    (tmp_path / "good.arch").write_text(spec_with(epochs="1").source.text)
    (tmp_path / "gone.arch").write_text(spec_with(data='folder("gone")').source.text)
    bad, good, gone = (str(tmp_path / f"{name}.arch") for name in ("bad", "good", "gone"))
    done = commands.run("train", bad, good, "--runs", tmp_path / "runs")
    assert done.exit_code == 1
    assert done.stderr.count("V409") == 2
    assert "good-s0-1" in done.stdout
    done = commands.run("train", good, gone, "--runs", tmp_path / "others")
    assert (done.exit_code, "V503" in done.stderr) == (2, True)
    assert not (tmp_path / "others").exists()


# -- auxiliary classifiers

SIDED = """
input 8x8x1
conv3-4 aux 0.3 { FC-3 softmax }
conv3-4 maxpool
side: aux 0.125 { conv1-2 FC-3 }
FC-3 softmax
"""


def test_a_step_goes_down_the_weighted_sum_of_all_losses() -> None:
    """Against network and loss by hand. They sum in other orders, in single precision: up to 1e-5 of the largest."""
    spec = spec_with(SIDED, augment="", batch="37", epochs="1", optimizer="sgd(lr=0.5)")
    images = torch.from_numpy(np.random.RandomState(0).randint(0, 256, (37, 1, 8, 8), np.uint8))
    split = Split(images, torch.arange(37) % 3)
    data = DataSet(("a", "b", "c"), split, split, split)
    prepared = _prepared(spec, data, Normalisation.of(images, "none"))
    network = to_torch(spec.typed)
    before = {name: p.detach().clone().requires_grad_() for name, p in network.named_parameters()}
    fit(network, prepared, Unheard())

    def conv(x: torch.Tensor, name: str, pad: int = 1) -> torch.Tensor:
        return functional.conv2d(x, before[f"{name}.weight"], before[f"{name}.bias"], padding=pad).relu()

    def loss(x: torch.Tensor, name: str) -> torch.Tensor:
        logits = functional.linear(x.flatten(1), before[f"{name}.weight"], before[f"{name}.bias"])
        return functional.cross_entropy(logits, split.labels)

    first = conv(images / 255, "conv1_1")
    last = functional.max_pool2d(conv(first, "conv1_2"), 2)
    total = loss(last, "fc2") + 0.3 * loss(first, "aux1.fc1") + 0.125 * loss(conv(last, "side.conv1", 0), "side.fc1")
    gradients = torch.autograd.grad(total, list(before.values()))
    for (name, old), gradient in zip(before.items(), gradients, strict=True):
        step = (old - network.get_parameter(name)) / 0.5
        assert (step - gradient).abs().max() <= 1e-5 * max(1.0, float(gradient.abs().max())), name
    assert all(gradient.abs().max() > 0 for gradient in gradients)


def test_heads_weigh_nothing_in_evaluation() -> None:
    spec = spec_with(SIDED)
    network, x = to_torch(spec.typed).eval(), torch.randn(2, 1, 8, 8)
    expected = network(x)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.startswith(("aux1.", "side.")):
                parameter.fill_(torch.nan)
    assert network(x).equal(expected)


@pytest.fixture(scope="module")
def sided(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A delta of a network with heads and blocks of another file, trained for an epoch."""
    folder = tmp_path_factory.mktemp("sided")
    (folder / "blocks.arch").write_text("block unit(c) {\n  add[ conv3-$c conv3-$c | identity ] ReLU\n}\n")
    base = SIDED.replace("conv3-4 maxpool", "body: unit(4)\nmaxpool")
    recipe = "\n".join(f"  {key} {value}" for key, value in ENTRIES.items())
    claims = 'claim params 1\nclaim top-1-error 8% split=test\nsource "theirs"\n'
    (folder / "base.arch").write_text(f'use "blocks.arch"\n{base}after conv: ReLU\n{claims}train {{\n{recipe}\n}}\n')
    delta = 'extends "base.arch"  # ours\nreplace body: unit(4) x2\ninsert-after body: conv3-4\ntrain { epochs 1 }\n'
    (folder / "delta.arch").write_text(delta)
    return train(load(folder / "delta.arch"), runs=folder / "runs")


def test_a_run_keeps_its_heads(sided: Run) -> None:
    trained = load_trained(sided.path)
    assert trained.spec.network.graph == sided.spec.network.graph
    heads = {"aux1.fc1", "side.conv1", "side.fc1"}
    assert {name.rpartition(".")[0] for name in trained.weights} >= heads
    assert {name: array.shape for name, array in trained.weights.items()} == weight_shapes(sided.spec.typed)
    network = trained.network()
    assert all(np.array_equal(weights(network)[name], array) for name, array in trained.weights.items())


def test_the_record_of_a_delta_stands_alone(sided: Run, tmp_path: Path) -> None:
    text = (sided.path / "record.arch").read_text()
    for gone in ("use ", "extends", "replace", "insert-after", "claim", "theirs"):
        assert gone not in text
    moved = tmp_path / "moved.arch"
    moved.write_text(text)
    record = load(moved)
    assert record.network.graph == sided.spec.network.graph
    assert [m.sealed for m in record.measurements] == [True]
    assert record.check() == []
    assert record.recipe().epochs == 1
    shown = commands.run("check", "--strict", moved)
    assert (shown.exit_code, shown.stderr) == (0, ""), shown.output
    assert "sealed" in shown.stdout
    assert load(sided.path / "spec.arch").network.graph == sided.spec.network.graph


def test_a_run_with_heads_is_exported_and_predicts(sided: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.random.RandomState(0).randint(0, 256, (8, 8), np.uint8)).save("x.png")
    spec = sided.path.parent.parent / "delta.arch"
    exported = commands.run("export", spec, "--onnx", "--weights", sided.path)
    assert exported.exit_code == 0, exported.output
    by_file, by_run = (commands.run("predict", source, "x.png", "--json") for source in ("delta.onnx", sided.path))
    assert (by_file.exit_code, by_run.exit_code) == (0, 0), by_file.output + by_run.output
    one, other = (commands.json_lines(done.stdout)[0]["top"] for done in (by_file, by_run))
    assert [guess["class"] for guess in one] == [guess["class"] for guess in other]
    assert [guess["probability"] for guess in one] == pytest.approx([g["probability"] for g in other], abs=1e-5)
    names = {initializer.name for initializer in onnx.load("delta.onnx").graph.initializer}
    assert "body.1.conv1.weight" in names
    assert not any(name.startswith(("aux1.", "side.")) for name in names)


def test_a_loss_that_is_no_number_changes_no_weight() -> None:
    spec = spec_with("input 8x8x1 FC-3 softmax", precision="fp32")
    data = load_data(spec.recipe(), spec.typed.input, Path("/nowhere"))
    network = to_torch(spec)
    with torch.no_grad():
        network.get_parameter("fc1.weight").fill_(torch.inf)
    with pytest.raises(DivergedError):
        fit(network, _prepared(spec, data, data.normalisation("none")), Unheard())
    assert torch.isinf(network.get_parameter("fc1.weight")).all()
    assert torch.isfinite(network.get_parameter("fc1.bias")).all()
