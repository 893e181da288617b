"""Evaluations by the papers' protocols, beside loops written the slow way; their scores beside scikit-learn's."""

import shutil
import warnings
from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from images import noise
from PIL import Image
from refusals import findings
from sklearn.metrics import classification_report, confusion_matrix, log_loss, top_k_accuracy_score
from torch.nn import functional

import vggdsl
from vggdsl.experiments.evaluation.evaluate import evaluate
from vggdsl.experiments.evaluation.scores import Scores
from vggdsl.experiments.train import train
from vggdsl.records.run import Run
from vggdsl.spec.protocol import View

SPEC = """
input 12x12x3
conv3-6 BN ReLU
maxpool
conv3-8 pad=0 ReLU
FC-8 ReLU FC-3 softmax
train {
  data      folder("set", val=9)
  augment   scale(14..18) crop(12) hflip
  batch     4
  optimizer sgd(lr=0.05, momentum=0.9)
  precision fp32
  epochs    2
  seeds     0 1
}
"""
ATOL = 1e-5
"""Of probabilities that were computed in single precision, in another order."""
SIZES = ((20, 14), (12, 31), (16, 16), (40, 17))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spec, and beside it images of many sizes."""
    made = tmp_path_factory.mktemp("evaluated")
    (made / "net.arch").write_text(SPEC)
    for part, count in (("train", 12), ("test", 4)):
        for label, name in enumerate("abc"):
            for i in range(count):
                seed = 1000 * (part == "test") + 100 * label + i
                path = made / "set" / part / name / f"{i}.png"
                noise(path, seed, SIZES[seed % len(SIZES)])
                tinted(path, label)
    return made


def tinted(path: Path, label: int) -> None:
    """Adds a colour, by which a network learns to tell classes apart, but not of all images."""
    image = np.asarray(Image.open(path)).astype(float)
    image[:, :, label] += 40
    Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(path)


@pytest.fixture(scope="module")
def runs(folder: Path) -> list[Run]:
    spec = vggdsl.load(folder / "net.arch")
    return [train(spec, seed=seed, runs=folder / "runs", device="cpu") for seed in (0, 1)]


@pytest.fixture(scope="module")
def lively(runs: list[Run]) -> Run:
    """A run with weights by which scores spread over several units, so that each way to look at an image tells."""
    random, made = np.random.RandomState(0), {}
    for name, array in runs[0].weights.items():
        fan_in = array[0].size if array.ndim > 1 else 1
        made[name] = random.normal(0, np.sqrt(4 / fan_in) if array.ndim > 1 else 0.3, array.shape).astype(np.float32)
        if name in ("bn1_1.running_var", "bn1_1.weight"):
            made[name] = random.uniform(0.5, 2, array.shape).astype(np.float32)
    run = replace(runs[0])
    run.__dict__["trained"] = replace(runs[0].trained, weights=made)
    return run


def files(folder: Path) -> Iterable[tuple[Path, int]]:
    for label, name in enumerate("abc"):
        for path in sorted((folder / "set" / "test" / name).iterdir()):
            yield path, label


def across_then_down(image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float]) -> Image.Image:
    """As one call does it up to Pillow 12; a later one takes some images the other way round."""
    rows = image.resize((size[0], image.height), Image.Resampling.BILINEAR, (box[0], 0, box[2], image.height))
    return rows.resize(size, Image.Resampling.BILINEAR, (0, box[1], size[0], box[3]))


def scaled(path: Path, scale: int) -> Image.Image:
    image = Image.open(path)
    factor = scale / min(image.size)
    size = max(scale, round(image.width * factor)), max(scale, round(image.height * factor))
    return across_then_down(image, size, (0, 0, *image.size))


def crop_of(path: Path, scale: int, top: int, left: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A crop of 12 x 12 of the image scaled to ``scale``; of the image itself no more is scaled than it shows."""
    image = Image.open(path)
    w, h = scaled(path, scale).size
    across, down = image.width / w, image.height / h
    box = left * across, top * down, min(image.width, (left + 12) * across), min(image.height, (top + 12) * down)
    return np.asarray(across_then_down(image, (12, 12), box))


def logits_of(run: Run, pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> torch.Tensor:
    normal = run.trained.normalisation
    x = (torch.tensor(pixels.copy()).float() / 255 - torch.tensor(normal.mean)) / torch.tensor(normal.std)
    with torch.no_grad():
        scores: torch.Tensor = run.network(x.permute(2, 0, 1)[None])[0]
    return scores.double()


def slowly(run: Run, path: Path, scales: Iterable[int], view: View, flip: bool) -> torch.Tensor:
    """Probabilities of an image, look by look."""
    if view == "dense+grid":
        return (slowly(run, path, scales, "dense", flip) + slowly(run, path, scales, "grid", flip)) / 2
    found = []
    for scale in scales:
        w, h = scaled(path, scale).size
        if view == "dense":
            found += densely(run, np.asarray(scaled(path, scale)), flip)
            continue
        rows, columns = h - 12, w - 12
        centre = (round(rows / 2), round(columns / 2))
        places = {
            "centre": [centre],
            "ten": [(0, 0), (0, columns), (rows, 0), (rows, columns), centre],
            "grid": [(round(i * rows / 4), round(j * columns / 4)) for i in range(5) for j in range(5)],
        }[view]
        for top, left in places:
            pixels = crop_of(path, scale, top, left)
            for way in (pixels, pixels[:, ::-1]) if flip or view != "centre" else (pixels,):
                found.append(logits_of(run, way).softmax(0))
    return torch.stack(found).mean(0)


def densely(run: Run, pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], flip: bool) -> list[torch.Tensor]:
    """The layers of the spec one after another, its FC layers as convolutions."""
    weights = {name: torch.tensor(array) for name, array in run.weights.items()}
    normal, found = run.trained.normalisation, []
    for way in (pixels, pixels[:, ::-1]) if flip else (pixels,):
        x = (torch.tensor(way.copy()).float() / 255 - torch.tensor(normal.mean)) / torch.tensor(normal.std)
        x = functional.conv2d(x.permute(2, 0, 1)[None], weights["conv1_1.weight"], weights["conv1_1.bias"], padding=1)
        mean, var, scale, shift = (
            weights[f"bn1_1.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        x = functional.max_pool2d(functional.batch_norm(x, mean, var, scale, shift).relu(), 2)
        x = functional.conv2d(x, weights["conv2_1.weight"], weights["conv2_1.bias"]).relu()
        x = functional.conv2d(x, weights["fc3.weight"].reshape(8, 8, 4, 4), weights["fc3.bias"]).relu()
        x = functional.conv2d(x, weights["fc4.weight"][:, :, None, None], weights["fc4.bias"])
        found.append(x.double().mean((0, 2, 3)).softmax(0))
    return found


@pytest.mark.parametrize(
    ("view", "scales", "flip"),
    [
        ("centre", (), False),
        ("centre", (14,), True),
        ("centre", (12, 15, 20), False),
        ("ten", (15,), False),
        ("grid", (13, 18), False),
        ("dense", (12,), False),
        ("dense", (15, 19), True),
        pytest.param("dense+grid", (14, 17), False, marks=pytest.mark.thorough),
        ("dense+grid", (16,), True),
    ],
)
def test_an_evaluation_is_that_of_a_slow_loop(
    view: View, scales: tuple[int, ...], flip: bool, lively: Run, folder: Path
) -> None:
    run, images = lively, [*files(folder)]
    found = evaluate(run, scale=scales or None, view=view, flip=flip, device="cpu")
    assert found.protocol.scales == (scales or (16,)), "the middle of the scales of the training"
    expected = torch.stack([slowly(run, path, found.protocol.scales, view, flip) for path, _ in images])
    assert torch.allclose(found.scores.probabilities, expected, atol=ATOL)
    assert found.scores.labels.tolist() == [label for _, label in images]
    assert [Path(found.images.name(i)) for i in range(len(images))] == [path for path, _ in images]


def test_each_way_to_look_at_images_gives_something_else(lively: Run) -> None:
    """Else a slow loop would be right of any."""
    ways: list[tuple[View, bool]] = [
        ("centre", False), ("centre", True), ("ten", False), ("grid", False), ("dense", False), ("dense", True),
        ("dense+grid", False), ("dense+grid", True),
    ]  # fmt: skip
    found = {
        (view, flip, scale): evaluate(lively, view=view, flip=flip, scale=scale, device="cpu").scores.probabilities
        for view, flip in ways
        for scale in (15, 19)
    }
    for one, other in combinations(found, 2):
        assert float((found[one] - found[other]).abs().max()) > 100 * ATOL, (one, other)


def test_networks_answer_together_by_the_mean_of_their_probabilities(runs: list[Run]) -> None:
    both = evaluate(runs, view="ten", scale=15, device="cpu")
    each = [evaluate(run, view="ten", scale=15, device="cpu").scores.probabilities for run in runs]
    assert torch.allclose(both.scores.probabilities, (each[0] + each[1]) / 2)
    assert both.protocol.ensemble == 2


def test_as_in_training_it_is_what_the_record_says(runs: list[Run]) -> None:
    for run in runs:
        of_test, of_val = (evaluate(run, split=split, device="cpu").scores for split in ("test", "val"))
        assert of_test.accuracy() == run.result.test_accuracy
        assert of_val.accuracy() == run.result.val_accuracy
        assert of_val.loss == pytest.approx(run.metrics[run.result.best - 1].val_loss, rel=1e-5)  # printed so
        assert len({*of_val.guesses.tolist()}) > 1, "it tells something apart"
        assert evaluate(run, split="val", scale=14, device="cpu").scores.loss != pytest.approx(of_val.loss, rel=1e-3)


def test_a_folder_of_the_networks_classes_is_evaluated(runs: list[Run], folder: Path, tmp_path: Path) -> None:
    for name in "ca":
        shutil.copytree(folder / "set" / "test" / name, tmp_path / "own" / name)
    found = evaluate(runs[0], split=tmp_path / "own", device="cpu")
    assert found.scores.labels.tolist() == [0] * 4 + [2] * 4
    of_split = evaluate(runs[0], device="cpu").scores.probabilities
    assert torch.equal(found.scores.probabilities, of_split[[0, 1, 2, 3, 8, 9, 10, 11]])
    (tmp_path / "own" / "zebra").mkdir()
    noise(tmp_path / "own" / "zebra" / "1.png", 1)
    (told,) = findings(lambda: evaluate(runs[0], split=tmp_path / "own", device="cpu"))
    assert (told.code, "zebra" in told.message) == ("V534", True)


def test_images_of_a_folder_that_the_recipe_trains_on_are_told(runs: list[Run], folder: Path, tmp_path: Path) -> None:
    parts = {folder / "set" / "train": "27 of 36 images", folder / "set" / "test": ""}
    (tmp_path / "linked").symlink_to(folder / "set" / "train")
    for part, told in {**parts, tmp_path / "linked": "27 of 36 images"}.items():
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            evaluate(runs[0], split=part, device="cpu")
        assert [str(each.message).partition(" in ")[0] for each in said] == ([told] if told else [])


def test_images_that_cannot_be_read_are_told_or_left_out(runs: list[Run], folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "set" / "test", tmp_path / "own")
    for name in ("a/1.png", "b/0.png"):
        (tmp_path / "own" / name).write_bytes(b"no image")
    told = findings(lambda: evaluate(runs[0], split=tmp_path / "own", device="cpu"))
    assert [d.code for d in told] == ["V530"] * 2
    with pytest.warns(UserWarning, match="2 images that can't be read left out"):
        found = evaluate(runs[0], split=tmp_path / "own", device="cpu", skip_bad=True)
    assert (len(found.scores), found.seen.tolist()) == (10, [0, 2, 3, 5, 6, 7, 8, 9, 10, 11])


def test_images_of_a_data_set_are_not_left_out_without_a_word(runs: list[Run], folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "own")
    (tmp_path / "own" / "set" / "test" / "a" / "1.png").write_bytes(b"no image")
    run = vggdsl.load_run(tmp_path / "own" / "runs" / runs[0].path.name)
    with pytest.warns(UserWarning, match="1 image of test that can't be read left out"):
        found = evaluate(run, data=tmp_path / "own", skip_bad=True, device="cpu")
    assert len(found.scores) == 11


def test_what_cannot_be_evaluated_is_told(runs: list[Run], folder: Path) -> None:
    spec = folder / "net.arch"
    for call, why in (
        (lambda: evaluate(runs[0], scale=11, device="cpu"), "don't cover the network's input"),
        (lambda: evaluate(spec, device="cpu"), "has no weights"),
        (lambda: evaluate("model.onnx", device="cpu"), "is an exported model"),
        (lambda: evaluate(runs[0], weights="x.pth", device="cpu"), "has weights of its own"),
        (lambda: evaluate(runs[0], recipe="x", device="cpu"), "was trained by its recipe"),
        (lambda: evaluate(runs[0], split="nowhere", device="cpu"), "no split and no folder"),
    ):
        (told,) = findings(call)
        assert (told.code, why in told.message) == ("V534", True), told
    with pytest.raises(ValueError, match="view is one of"):
        evaluate(runs[0], view="middle")  # type: ignore[arg-type]


def test_weights_of_a_run_are_evaluated_by_its_spec(runs: list[Run], folder: Path) -> None:
    found = evaluate(folder / "net.arch", weights=runs[1].path, device="cpu")
    assert torch.equal(found.scores.probabilities, evaluate(runs[1], device="cpu").scores.probabilities)
    torch.save({name: torch.tensor(array) for name, array in runs[1].weights.items()}, folder / "w.pth")
    by_file = evaluate(folder / "net.arch", weights=folder / "w.pth", scale=16, device="cpu")
    assert torch.allclose(by_file.scores.probabilities, found.scores.probabilities)


@given(st.integers(2, 8), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_scores_are_scikit_learns(classes: int, count: int, seed: int) -> None:
    random = torch.Generator().manual_seed(seed)
    probabilities = torch.randn(count, classes, generator=random, dtype=torch.float64).softmax(1)
    labels = torch.randint(0, classes, (count,), generator=random)
    scores = Scores(probabilities, labels, [f"c{i}" for i in range(classes)])
    every, guesses = list(range(classes)), probabilities.argmax(1)
    assert scores.confusion.tolist() == confusion_matrix(labels, guesses, labels=every).tolist()
    assert int(scores.confusion.trace()) == scores.right(1)
    report = classification_report(
        labels, guesses, labels=every, target_names=list(scores.classes), output_dict=True, zero_division=0
    )
    for row in scores.by_class:
        told = report[row.name]
        theirs = (told["precision"], told["recall"], told["f1-score"], told["support"])
        assert (row.precision, row.recall, row.f1, row.support) == pytest.approx(theirs)
    means = classification_report(labels, guesses, output_dict=True, zero_division=0)
    for mean in (scores.macro, scores.weighted):
        told = means[mean.name]
        theirs = (told["precision"], told["recall"], told["f1-score"], told["support"])
        assert (mean.precision, mean.recall, mean.f1, mean.support) == pytest.approx(theirs)
    assert scores.loss == pytest.approx(log_loss(labels, probabilities, labels=every))
    if classes > 3:
        assert scores.accuracy(3) == pytest.approx(top_k_accuracy_score(labels, probabilities, k=3, labels=every))


def test_of_equal_probabilities_the_first_class_is_guessed() -> None:
    scores = Scores(torch.full((3, 4), 0.25), torch.tensor([0, 1, 3]), "abcd")
    assert scores.guesses.tolist() == [0, 0, 0]
    assert [scores.right(k) for k in (1, 2, 3, 4)] == [1, 2, 2, 3]
