"""Shifts, squares of nothing, and mirroring in every other epoch: what each does to which pixel of which image."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from trainings import spec_with

from vggdsl.data.augment import augment, crop, cutout, translate
from vggdsl.data.batches import training_batches
from vggdsl.data.chance import generator
from vggdsl.data.pictures import Arrays
from vggdsl.data.splits import Lazy, Split
from vggdsl.experiments import step
from vggdsl.experiments.train import train
from vggdsl.network.shapes import Shape
from vggdsl.spec.recipe import AlternatingHFlip, Augment, Cutout, Recipe, Translate
from vggdsl.targets.torch import Network

IMAGES = torch.from_numpy(np.random.RandomState(0).randint(1, 256, (9, 3, 6, 9), np.uint8))


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=9, max_size=9))
def test_a_shift_is_a_window_of_the_reflected_image(shifts: list[tuple[int, int]]) -> None:
    shifted = translate(IMAGES, 5, torch.tensor(shifts).T)
    reflected = np.pad(IMAGES.numpy(), ((0, 0), (0, 0), (5, 5), (5, 5)), mode="reflect")
    for image, whole, (y, x) in zip(shifted.numpy(), reflected, shifts, strict=True):
        assert np.array_equal(image, whole[:, 5 + y : 11 + y, 5 + x : 14 + x])


LAYOUTS = {
    "channels last": IMAGES.contiguous(memory_format=torch.channels_last),
    "every other of some": IMAGES.repeat_interleave(2, 0)[::2],
    "column by column": IMAGES.transpose(2, 3).contiguous().transpose(2, 3),
    "single precision": IMAGES.float(),
    "one image": IMAGES[:1],
    "none": IMAGES[:0],
}


@pytest.mark.parametrize("pad", [0, 2])
@pytest.mark.parametrize("images", LAYOUTS.values(), ids=LAYOUTS)
def test_how_images_lie_in_memory_makes_no_difference(images: Tensor, pad: int) -> None:
    random = generator("x")
    offsets = torch.stack([torch.randint(0, side + 2 * pad - 3, (9,), generator=random) for side in (6, 9)])
    shifts = torch.randint(-2, 3, (2, 9), generator=random)
    n = len(images)
    assert crop(images, pad, offsets[:, :n], 4).equal(crop(IMAGES, pad, offsets, 4)[:n].to(images.dtype))
    assert translate(images, 2, shifts[:, :n]).equal(translate(IMAGES, 2, shifts)[:n].to(images.dtype))


def test_every_shift_is_drawn_alike() -> None:
    spot = torch.zeros(2500, 1, 7, 7, dtype=torch.uint8)
    spot[:, 0, 3, 3] = 1
    seen = augment(spot, (Translate(2),), generator("x")).sum(0)[0]
    assert seen.sum() == 2500
    assert seen[1:6, 1:6].min() > 60
    assert seen[1:6, 1:6].max() < 145


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 8)), min_size=9, max_size=9), st.integers(1, 20))
def test_a_square_is_cut_out_as_its_authors_do(middles: list[tuple[int, int]], size: int) -> None:
    cut = cutout(IMAGES, torch.tensor(middles).T, size)
    for image, before, (y, x) in zip(cut.numpy(), IMAGES.numpy(), middles, strict=True):
        mask = np.ones((6, 9), bool)  # as in cutout.py of DeVries & Taylor; their squares have even sides
        y1, y2 = np.clip([y - size // 2, y - size // 2 + size], 0, 6)
        x1, x2 = np.clip([x - size // 2, x - size // 2 + size], 0, 9)
        mask[y1:y2, x1:x2] = False
        assert np.array_equal(image, before * mask)


def test_a_square_lies_around_any_pixel() -> None:
    seen = augment(torch.ones(5400, 1, 6, 9), (Cutout(1),), generator("x")).sum(0)[0]
    assert (5400 - seen).min() > 60
    assert (5400 - seen).max() < 145
    assert seen.sum() == 53 * 5400


STEPS: tuple[Augment, ...] = (Translate(3), AlternatingHFlip(), Cutout(4))


@pytest.mark.parametrize("processes", [2, 4])
def test_a_process_changes_its_images_as_one_would(processes: int) -> None:
    mirrored = torch.arange(9) % 3 == 0
    whole = augment(IMAGES, STEPS, generator("x"), mirrored=mirrored)
    for rank in range(processes):
        share = slice(rank, None, processes)
        own = augment(IMAGES[share], STEPS, generator("x"), total=9, share=share, mirrored=mirrored[share])
        assert own.equal(whole[share])


@pytest.mark.parametrize("share", [slice(None), slice(1, None, 2)], ids=str)
@pytest.mark.parametrize("is_held", [True, False])
def test_a_batch_knows_its_images(is_held: bool, share: slice) -> None:
    images, labels = torch.zeros(11, 3, 8, 8, dtype=torch.uint8), torch.arange(11)
    split = Split(images, labels) if is_held else Lazy(Arrays(images, 3), labels, Shape(3, 8, 8))
    order = torch.randperm(11, generator=generator("order"))
    for batch in training_batches(split, order, 4, 3, lambda k: generator("x", k), share):
        assert batch.chosen.equal(batch.split.labels)
        assert batch.chosen.equal(batch.labels[share])


def test_readers_compute_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    images = torch.randint(0, 256, (64, 3, 8, 8), generator=generator("x"), dtype=torch.uint8)
    split, seen, centre = Lazy(Arrays(images, 3), torch.arange(64), Shape(3, 8, 8)), set[int](), Lazy.centre

    def watched(split: Lazy, index: int) -> Tensor:
        seen.add(torch.get_num_threads())
        return centre(split, index)

    monkeypatch.setattr(Lazy, "centre", watched)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        for threads in (1, 2, 7):
            read = training_batches(split, torch.arange(64), 8, 8, lambda k: generator("x", k), threads=threads)
            assert torch.cat([batch.split.images for batch in read]).equal(images)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert seen == {1}


# -- trainings


def watched(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """Where the images that a network is trained on will be found."""
    seen, optimizer_of = list[Tensor](), step.optimizer_of

    def watching(recipe: Recipe, network: Network) -> torch.optim.Optimizer:
        network.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]) if module.training else None)
        return optimizer_of(recipe, network)

    monkeypatch.setattr(step, "optimizer_of", watching)
    return seen


def epochs(augments: str, folder: Path, seen: list[Tensor], count: int, seed: int = 0) -> list[set[bytes]]:
    """The images of each epoch of a training."""
    seen.clear()
    body = "input 8x8x3 conv3-4 maxpool FC-3 softmax"
    spec = spec_with(body, data="fake(n=60, classes=3)", augment=augments, normalize="none", epochs=str(count))
    train(spec, device="cpu", runs=folder, seed=seed)
    images = torch.cat(seen).chunk(count)
    return [{image.numpy().tobytes() for image in epoch} for epoch in images]


def test_every_other_epoch_sees_an_image_mirrored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = watched(monkeypatch)
    (plain,) = epochs("none", tmp_path, seen, 1)
    (again,) = epochs("hflip hflip", tmp_path, seen, 1)
    first, second, third, fourth = epochs("alternating-hflip", tmp_path, seen, 4)
    assert (first, second) == (third, fourth)
    assert not first & second
    assert len(first & plain) + len(second & plain) == len(plain)
    assert len(plain) / 4 < len(first & plain) < len(plain) * 3 / 4
    assert again != plain
    assert first not in epochs("alternating-hflip", tmp_path, seen, 2, seed=1)


def test_what_is_cut_out_is_0_where_the_network_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = watched(monkeypatch)
    # No pixel of 0 to 255 is ImageNet's mean: 0 is what was cut out.
    spec = spec_with(
        "input 8x8x3 conv3-4 maxpool FC-3 softmax",
        data="fake(n=300, classes=3)",
        augment="translate(1) cutout(4)",
        normalize="imagenet",
        epochs="1",
    )
    train(spec, device="cpu", runs=tmp_path)
    shares = (torch.cat(seen) == 0).float().mean((1, 2, 3))
    assert shares.max() == 0.25
    assert shares.min() == 4 / 64
