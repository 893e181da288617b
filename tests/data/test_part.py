"""A part of a set: so many images, class by class, the same ones for every seed of a training."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from commands import run, train
from hypothesis import given
from hypothesis import strategies as st
from images import noise
from refusals import refusal
from test_data import binary as binary  # a fixture
from test_data import give_few_classes, images_of, rows, save_many, spec_on, write_idx

import vggdsl
from vggdsl.data import archives, cifar
from vggdsl.data import dataset as data
from vggdsl.data.dataset import DataSet, load_data
from vggdsl.data.splits import Images, Split, part_of
from vggdsl.network.shapes import Shape
from vggdsl.records.repeat import repetition
from vggdsl.spec.recipe import DATA_SETS, Data, Recipe

GREY, RGB = Shape(1, 8, 8), Shape(3, 32, 32)
NOWHERE = Path("/nowhere")


def digits(**entries: int) -> DataSet:
    return load_data(Recipe(data=Data("digits", **entries)), GREY, NOWHERE)  # type: ignore[arg-type]  # numbers


def counts(split: Images, classes: int) -> list[int]:
    return [int(count) for count in torch.bincount(split.labels, minlength=classes)]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.data())
def test_a_part_has_each_class_by_its_share(labels: list[int], data: st.DataObject) -> None:
    classes = set(labels)
    count = data.draw(st.integers(len(classes), len(labels)))
    pool = Split(torch.arange(len(labels)).reshape(-1, 1, 1, 1), torch.tensor(labels))
    part = part_of(pool, count)
    taken = part.images.flatten().tolist()
    assert (len(part), sorted(set(taken))) == (count, taken), "each once, in the pool's order"
    assert part.labels.tolist() == [labels[i] for i in taken]
    for label in classes:
        share, found = labels.count(label) * count / len(labels), part.labels.tolist().count(label)
        assert found >= 1
        assert abs(found - share) < 1 or share < 1 or any(labels.count(k) * count < len(labels) for k in classes)
    assert part_of(pool, count).images.equal(part.images)
    for wrong in (len(classes) - 1, len(labels) + 1):
        with pytest.raises(ValueError, match="of"):
            part_of(pool, wrong)


def test_what_is_set_aside_is_a_part_as_well() -> None:
    whole, part = digits(), digits(n=600)
    assert (part.split, digits(n=1797).digest) == ("420/60/120", whole.digest)
    all_rows = set(rows(whole.train)) | set(rows(whole.val)) | set(rows(whole.test))
    apart = [*rows(part.train), *rows(part.val), *rows(part.test)]
    assert len(set(apart)) == 600
    assert set(apart) <= all_rows
    assert part.digest == digits(n=600).digest != whole.digest
    assert digits(n=600, seed=1).digest != part.digest
    assert digits(n=600, val=100, test=100).split == "400/100/100"


def test_a_set_s_own_test_images_stay_whole(binary: Path) -> None:
    whole = load_data(Recipe(data=Data("cifar10", val=50)), RGB, binary)
    part = load_data(Recipe(data=Data("cifar10", n=100, val=30)), RGB, binary)
    assert (whole.split, part.split) == ("150/50/40", "70/30/40")
    assert images_of(part.test).equal(images_of(whole.test))
    assert (counts(part.train, 10), counts(part.val, 10)) == ([7] * 10, [3] * 10)
    text = refusal(lambda: load_data(Recipe(data=Data("cifar10", n=201)), RGB, binary))
    assert (text.code, text.message) == ("V512", "201 images of cifar10, which has 200 to train on")
    assert text.help == "write n=200 or less, or remove it"


def test_cifar10_validates_by_a_tenth_of_the_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of all: 5,000 of 50,000."""
    small = replace(cifar.CIFAR10, images=(10_000, 10))
    monkeypatch.setitem(data.SOURCES, "cifar10", cifar.source(small))
    for name, count in (*((name, 10_000) for name in small.train), (small.test, 10)):
        records = np.zeros((count, 3073), np.uint8)
        records[:, 0] = np.arange(count) % 10
        records[:, 1:5] = np.random.RandomState(count + len(name)).randint(0, 256, (count, 4))
        records.tofile(tmp_path / name)
    found = load_data(Recipe(data=Data("cifar10", n=5000)), RGB, tmp_path)
    assert (found.split, counts(found.train, 10), counts(found.val, 10)) == ("4500/500/10", [450] * 10, [50] * 10)


def test_mnist_has_parts(tmp_path: Path) -> None:
    write_idx(tmp_path / "MNIST" / "raw")
    found = load_data(Recipe(data=Data("mnist", n=40, val=10)), Shape(1, 28, 28), tmp_path)
    assert (found.split, counts(found.train, 10)) == ("30/10/20", [3] * 10)


def test_folders_have_parts(tmp_path: Path) -> None:
    for k, (name, count) in enumerate({"a": 40, "b": 20}.items()):
        for i in range(count):
            noise(tmp_path / "pool" / name / f"{i:02}.png", 100 * k + i)
    recipe = spec_on(f'folder("{tmp_path / "pool"}", n=30)').recipe()
    found = load_data(recipe, GREY, NOWHERE)
    assert found.split == "21/3/6"
    assert [sum(c) for c in zip(*(counts(s, 2) for s in (found.train, found.val, found.test)), strict=True)] == [20, 10]
    for seed, part in enumerate(("train", "val", "test")):
        for k, name in enumerate("ab"):
            for i in range(5):
                noise(tmp_path / "parts" / part / name / f"{i}.png", 1000 * (seed + 1) + 10 * k + i)
    found = load_data(Recipe(data=Data("folder", str(tmp_path / "parts"), n=4)), GREY, NOWHERE)
    assert (found.split, counts(found.train, 2)) == ("4/10/10", [2, 2])


def test_a_part_of_a_folder_is_all_that_is_looked_at(tmp_path: Path) -> None:
    for k, name in enumerate("ab"):
        for i in range(20):
            noise(tmp_path / name / f"{i:02}.png", 100 * k + i)
    recipe = Recipe(data=Data("folder", str(tmp_path), n=20))
    looked = list[tuple[int, int]]()
    load_data(recipe, GREY, NOWHERE, told=lambda *far: looked.append(far))
    assert looked[-1] == (20, 20)


def test_imagenet_has_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give_few_classes("imagenet", monkeypatch)
    root = tmp_path / "imagenet"
    save_many(root / "train", ("a.JPEG", "b.JPEG"))
    save_many(root / "val", ("c.JPEG",))
    found = load_data(Recipe(data=Data("imagenet", n=60)), Shape(3, 8, 8), tmp_path)
    assert found.split == "57/40/3"
    found = load_data(Recipe(data=Data("imagenet", n=40, test=10)), Shape(3, 8, 8), tmp_path)
    assert found.split == "30/40/10"


def test_every_set_takes_a_part() -> None:
    for name in DATA_SETS:
        text = f'{name}("x", n=500)' if name in ("folder", "shards", "hf") else f"{name}(n=500)"
        assert (spec_on(text).recipe().data.n, str(spec_on(text).recipe().data)) == (500, text)
    assert archives.ARCHIVES.keys() < DATA_SETS.keys()


@pytest.mark.parametrize(
    ("text", "message", "help"),
    [
        ("digits(n=9)", "9 images of 10 classes", "write n=10 or more"),
        ("digits(n=1798)", "1,798 images of digits, which has 1,797 to train on", "write n=1797 or less, or remove it"),
        ("digits(n=100, val=100)", "100 images for val of 80 leave none", None),
    ],
)
def test_parts_that_there_are_not(text: str, message: str, help: str | None) -> None:
    found = refusal(lambda: load_data(spec_on(text, "8x8x1").recipe(), GREY, NOWHERE))
    assert (found.code, found.message, found.labels[0].span.text) == ("V512", message, f"data {text}")
    assert help in (None, found.help)


@pytest.mark.parametrize("n", ["0", "-5", "2.5", "half"])
def test_a_part_is_a_number_of_images(n: str) -> None:
    assert refusal(lambda: spec_on(f"digits(n={n})")).code in ("V406", "V102")


def test_a_part_is_recorded(tmp_path: Path) -> None:
    spec = tmp_path / "net.arch"
    text = "input 8x8x1 conv3-4 maxpool FC-10 softmax\ntrain {\n  data digits(n=300)\n  epochs 1\n}\n"
    spec.write_text(text)
    runs = tmp_path / "runs"
    assert train(spec, "--seeds", 2, runs=runs).exit_code == 0
    one, two = (vggdsl.load_run(runs / f"net-s{seed}-1") for seed in (0, 1))
    assert (one.result.split, one.result.data) == ("210/30/60", two.result.data), "the same images for every seed"
    assert one.result.data == load_data(one.recipe, GREY, NOWHERE).digest
    whole = vggdsl.parse(text.replace("(n=300)", "")).recipe()
    assert one.result.recipe == one.recipe.digest != whole.digest
    again = repetition(one.record)
    assert again is not None
    assert again.recipe.data.n == 300
    table = run("results", runs).stdout
    assert "digits(n=300) 210/30/60" in table


def test_a_part_is_not_held_against_a_claim_about_the_whole(tmp_path: Path) -> None:
    spec = tmp_path / "net.arch"
    spec.write_text(
        "input 8x8x1 conv3-4 maxpool FC-10 softmax\nclaim top-1-accuracy 90% split=test\n"
        "train {\n  data digits(n=300)\n  epochs 1\n}\n"
    )
    done = train(spec, runs=tmp_path / "runs")
    assert "not compared: 300 of the 1,797 images of digits here" in done.stdout
