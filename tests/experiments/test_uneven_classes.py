"""Classes of uneven sizes: what a label counts in the loss, and how a result tells of all classes alike."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import commands
import numpy as np
import pytest
import torch
from forks import VGGDSL, two
from hypothesis import given
from hypothesis import strategies as st
from made_up import result_of, with_blocks
from PIL import Image
from refusals import findings
from sklearn.metrics import balanced_accuracy_score
from sklearn.utils.class_weight import compute_class_weight
from torch import nn
from trainings import metrics, recipe_with, spec_with

from vggdsl.data.balance import are_uneven, class_weights
from vggdsl.data.dataset import load_data
from vggdsl.data.splits import Split
from vggdsl.experiments.device import Hardware
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.loop import evaluate
from vggdsl.experiments.prepare import prepare
from vggdsl.experiments.processes import Processes
from vggdsl.experiments.start import starting_network
from vggdsl.experiments.train import train
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.compare import compare
from vggdsl.records.run import Run
from vggdsl.records.trained import load_trained
from vggdsl.spec.parsing import load, parse
from vggdsl.targets.torch import TrainingOutput

LOSS = "cross-entropy(smoothing=0.1, class-weights=balanced)"
BODY = "input 8x8x3 conv3-4 ReLU maxpool aux 0.3 { FC-3 softmax } FC-8 ReLU FC-3 softmax"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of 54, 24 and 12 images, of which each split gets its share."""
    folder, random = tmp_path_factory.mktemp("uneven") / "photos", np.random.RandomState(0)
    for label, (name, count) in enumerate({"a": 54, "b": 24, "c": 12}.items()):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            image = random.randint(0, 160, (8, 8, 3), np.uint8)
            image[label::3] += 60
            Image.fromarray(image).save(folder / name / f"{i}.png")
    return folder


def data_of(photos: Path) -> str:
    return f'folder("{photos}", val=15, test=30)'


@given(st.lists(st.integers(1, 40), min_size=2, max_size=6))
def test_weights_are_those_of_scikit_learn(sizes: list[int]) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    ours = class_weights(recipe_with(loss=LOSS), torch.from_numpy(labels), [*map(str, range(len(sizes)))])
    theirs = compute_class_weight("balanced", classes=np.arange(len(sizes)), y=labels)
    assert ours == pytest.approx(tuple(theirs))
    assert class_weights(recipe_with(), torch.from_numpy(labels), [*map(str, range(len(sizes)))]) is None


def test_a_class_without_images_to_train_on_is_refused() -> None:
    recipe = recipe_with(loss=LOSS)
    (found,) = findings(lambda: class_weights(recipe, torch.tensor([0, 0, 2]), ("cat", "dog", "hen")))
    assert (found.code, found.labels[0].span.text) == ("V512", f"loss {LOSS}")
    assert "no images to train on of dog:" in found.message


def test_a_step_is_one_by_torchs_weighted_loss(photos: Path, tmp_path: Path) -> None:
    entries = {"batch": "45", "optimizer": "sgd(lr=0.5)", "augment": "", "precision": "fp32", "epochs": "1"}
    spec = spec_with(BODY, data=data_of(photos), loss=LOSS, **entries)
    run = train(spec, device="cpu", runs=tmp_path)
    images, labels = _held(photos)
    network = starting_network(spec, spec.recipe(), 0).train()
    sizes = np.bincount(labels)
    weight = torch.from_numpy(len(labels) / (3 * sizes)).float()
    loss = nn.CrossEntropyLoss(weight, label_smoothing=0.1)
    out = network(run.trained.normalisation(images))
    assert isinstance(out, TrainingOutput)
    (loss(out.logits, labels) + 0.3 * loss(out.aux[0], labels)).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None
        expected = (parameter - 0.5 * parameter.grad).detach().numpy()
        trained = load_trained(run.path, "last.safetensors").weights[name]
        assert trained == pytest.approx(expected, abs=1e-6)
    plain = nn.functional.cross_entropy(out.logits, labels).item()
    assert run.metrics[0].train_loss == pytest.approx(plain, rel=1e-5), "what is reported is without weights"


def _held(photos: Path) -> tuple[torch.Tensor, torch.Tensor]:
    spec = spec_with(BODY, data=data_of(photos))
    train_split = load_data(spec.recipe(), spec.typed.input, Path()).train
    assert isinstance(train_split, Split)
    return train_split.images, train_split.labels


@given(st.lists(st.floats(0.1, 10), min_size=7, max_size=60), st.integers(1, 7), st.randoms(use_true_random=False))
def test_weighted_means_of_processes_make_up_that_of_the_batch(
    counts: list[float], processes: int, random: np.random.RandomState
) -> None:
    weights, losses = torch.tensor(counts).double(), torch.tensor([random.random() for _ in counts]).double()
    every = [Processes(rank, processes) for rank in range(processes)]
    means = [(weights * losses)[p.share].sum() / weights[p.share].sum() for p in every]
    total = sum(mean * p.weight(len(counts), weights) for mean, p in zip(means, every, strict=True)) / processes
    assert float(total) == pytest.approx(float((weights * losses).sum() / weights.sum()))


def test_two_processes_weigh_as_one(photos: Path, tmp_path: Path) -> None:
    lines = [
        f"data {data_of(photos)}",
        "batch 9",
        "optimizer sgd(lr=0.1)",
        f"loss {LOSS}",
        "epochs 3",
        "precision fp32",
    ]
    (tmp_path / "net.arch").write_text("\n".join([BODY, "train {", *lines, "}"]))
    where = ("--device", "cpu", "--runs", tmp_path / "two", "--logger", "none")
    ended = two(VGGDSL, "train", tmp_path / "net.arch", *where)
    assert ended.returncode == 0, ended.stderr
    one = train(load(tmp_path / "net.arch"), device="cpu", runs=tmp_path / "one")
    for ours, theirs in zip(metrics(tmp_path / "two" / "net-s0-1"), metrics(one.path), strict=True):
        assert [*map(float, ours.values())] == pytest.approx([*map(float, theirs.values())], rel=1e-4)
    shares = [load(run / "record.arch").measurements[-1].results for run in (tmp_path / "two" / "net-s0-1", one.path)]
    assert shares[0] == shares[1]


# -- what a result tells


@pytest.mark.parametrize(
    ("sizes", "uneven"), [((10, 10), False), ((15, 10), False), ((16, 10), True), ((3, 0), True), ((1,), False)]
)
def test_classes_are_uneven_beyond_a_half_more(sizes: tuple[int, ...], uneven: bool) -> None:
    labels = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    assert are_uneven(labels, len(sizes)) is uneven


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.parametrize("sizes", [(30, 5, 9), (30, 0, 7)])
def test_balanced_accuracy_is_that_of_scikit_learn(sizes: tuple[int, ...], photos: Path) -> None:
    spec = spec_with(BODY, data=data_of(photos))
    prepared = prepare(Experiment.of(spec, spec.recipe()), 0, Workplace(device="cpu"))
    prepared = replace(prepared, hardware=Hardware(torch.device("cpu"), "fp32"))
    network = starting_network(spec, spec.recipe(), 0)
    images = torch.from_numpy(np.random.RandomState(1).randint(0, 256, (sum(sizes), 3, 8, 8), np.uint8))
    split = Split(images, torch.repeat_interleave(torch.arange(3), torch.tensor(sizes)))
    found = evaluate(network, split, prepared)
    with torch.no_grad():
        guesses = network.eval()(prepared.normalisation(images)).argmax(1)
    assert found.balanced == pytest.approx(balanced_accuracy_score(split.labels, guesses))
    assert found.balanced != pytest.approx(found.accuracy)


@pytest.fixture(scope="module")
def run(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    spec = spec_with(BODY, data=data_of(photos), loss=LOSS, optimizer="adam", epochs="4")
    return train(spec, device="cpu", runs=tmp_path_factory.mktemp("runs"))


def test_a_record_holds_it_sealed(run: Run, photos: Path) -> None:
    data = load_data(run.recipe, run.spec.typed.input, Path())
    for split, part in (("val", data.val), ("test", data.test)):
        assert isinstance(part, Split)
        with torch.no_grad():
            guesses = run.network(run.trained.normalisation(part.images)).argmax(1)
        assert run.result.balanced[split] == pytest.approx(balanced_accuracy_score(part.labels, guesses))
    text = (run.path / "record.arch").read_text()
    printed = f"{100 * run.result.balanced['test']:.2f}%"
    assert f"balanced-accuracy {printed} split=test" in text
    other = parse(text.replace(f"balanced-accuracy {printed} split=test", "balanced-accuracy 99.99% split=test"))
    assert [found.code for found in other.check()] == ["W601"]


def _rows(*paths: object) -> Mapping[str, dict[str, Any]]:
    return {row["measure"]: row for row in json.loads(commands.run("results", *paths, "--json").stdout)}


def test_results_and_the_command_show_it(run: Run) -> None:
    rows = _rows(run.path)
    further = ("val-accuracy", "val-balanced-accuracy", "test-accuracy", "test-balanced-accuracy")
    assert tuple(rows) == ("train-accuracy", *further)
    row = rows["test-balanced-accuracy"]["measured"]
    assert row["mean"] == pytest.approx(100 * run.result.balanced["test"], abs=0.005)
    (line,) = [line for line in commands.run("results", run.path).stdout.splitlines() if "test-balanced" in line]
    assert f"{100 * run.result.balanced['test']:.2f}%" in line


def test_a_block_without_it_counts_as_before(tmp_path: Path) -> None:
    spec = parse("input 8x8x1 conv3-4 FC-3 softmax\ntrain { data fake(classes=3) }", "net.arch")
    old, new = result_of(spec), result_of(spec, seed=1, balanced={"test": 0.5})
    path = tmp_path / "net.arch"
    path.write_text(with_blocks(spec, old))
    assert "balanced" not in commands.run("results", path).stdout
    path.write_text(with_blocks(spec, old, new))
    rows = _rows(path)
    assert "test-balanced-accuracy" not in rows, "of some seeds no mean is told"
    assert rows["test-accuracy"]["measured"]["n"] == 2
    path.write_text(with_blocks(spec, replace(new, seed=0)))
    assert "50.00%" in commands.run("results", path).stdout


def test_a_repetition_agrees_in_it_too(tmp_path: Path) -> None:
    text = "input 8x8x1 conv3-4 FC-3 softmax\ntrain { data fake(classes=3) }"
    plain = parse(text, "net.arch")
    result = result_of(plain, balanced={"val": 0.25, "test": 0.5})
    measured = parse(with_blocks(plain, result), "net.arch")
    assert compare(measured, result)[1] == "  agrees in every digit"
    other = replace(result, balanced={"val": 0.25, "test": 0.52})
    assert compare(measured, other)[1].endswith("test +0.0000, test balanced-accuracy +2.00 points")
    old = parse(with_blocks(plain, result_of(plain)), "net.arch")
    assert compare(old, result)[1] == "  agrees in every digit"


def test_a_claim_of_it_is_compared(tmp_path: Path) -> None:
    body = "input 8x8x1 conv3-4 FC-3 softmax\ntrain { data fake(classes=3) }\nclaim balanced-accuracy 40% split=test\n"
    spec = parse(body, "net.arch")
    path = tmp_path / "net.arch"
    path.write_text(with_blocks(spec, result_of(spec, balanced={"test": 0.5})))
    rows = _rows(path)
    assert rows["balanced-accuracy"]["difference"] == 10
    assert "test-balanced-accuracy" not in rows
    path.write_text(with_blocks(spec, result_of(spec)))
    assert "balanced-accuracy of test isn't measured" in commands.run("results", path).stdout


@pytest.mark.parametrize("word", ["weights", "weight", "class-weight", "class_weight", "class_weights"])
def test_other_spellings_are_helped(word: str) -> None:
    text = "input 8x8x1 conv3-8 FC-10 softmax\ntrain { loss cross-entropy(weights=balanced) }"
    (found,) = findings(lambda: parse(text.replace("weights", word)))
    assert found.help == "write class-weights=balanced"
    assert parse(text.replace("weights", "class-weights")).recipe().loss.class_weights == "balanced"
