"""Augmentations by torchvision: what is drawn and done is what its own transforms draw and do, again and again."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image
from refusals import findings
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional
from trainings import spec_with, whole_and_stopped

from vggdsl.data.augment import augment, vflip
from vggdsl.data.batches import training_batches
from vggdsl.data.chance import generator
from vggdsl.data.dataset import load_data
from vggdsl.data.decoding import jpeg_decoder
from vggdsl.data.splits import Lazy, Split
from vggdsl.data.views import ResizedCrop, View, evaluation_scale, steps_after, view_of
from vggdsl.experiments import step
from vggdsl.experiments.check import refuse
from vggdsl.experiments.train import train
from vggdsl.network.shapes import Shape
from vggdsl.records.compare import compare
from vggdsl.records.run import Run
from vggdsl.records.trained import load_trained
from vggdsl.spec.parsing import load, parse
from vggdsl.spec.recipe import (
    Augment,
    ColourJitter,
    Crop,
    Data,
    Erase,
    HFlip,
    RandomResizedCrop,
    Recipe,
    Rotate,
    Scale,
    TrivialAugment,
    VFlip,
)
from vggdsl.spec.spec import Spec
from vggdsl.targets.torch import Network

NOWHERE = Path("/nowhere")
IMAGES = torch.from_numpy(np.random.RandomState(0).randint(0, 256, (9, 3, 12, 12), np.uint8))
JITTER = ColourJitter(0.4, 0.3, 0.2, 0.1)
STEPS: list[tuple[Augment, v2.Transform]] = [
    (Rotate(15), v2.RandomRotation((-15, 15), v2.InterpolationMode.BILINEAR)),
    (JITTER, v2.ColorJitter(0.4, 0.3, 0.2, 0.1)),
    (ColourJitter(contrast=0.5), v2.ColorJitter(contrast=0.5)),
    (TrivialAugment(), v2.TrivialAugmentWide()),
    (Erase(), v2.RandomErasing()),
    (Erase(1, (0.1, 0.2), (1, 1)), v2.RandomErasing(1, (0.1, 0.2), (1, 1))),
]
EVERY: tuple[Augment, ...] = (VFlip(), Rotate(30), JITTER, TrivialAugment(), Erase(0.7))


@pytest.mark.parametrize(("step", "theirs"), STEPS, ids=[str(step) for step, _ in STEPS])
def test_an_image_is_changed_as_torchvision_does(step: Augment, theirs: v2.Transform) -> None:
    images = IMAGES.float() - 100 if isinstance(step, Erase) else IMAGES
    ours = augment(images, (step,), generator("x"))
    assert ours.dtype == images.dtype
    assert not ours.equal(images)
    seeds = torch.randint(0, 2**63 - 1, (9,), generator=generator("x")).tolist()
    for image, changed, seed in zip(images, ours, seeds, strict=True):
        torch.manual_seed(seed)
        assert changed.equal(theirs(image))


def test_the_generator_that_all_share_is_left_as_it_was() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    augment(IMAGES, EVERY, generator("x"))
    assert torch.random.get_rng_state().equal(before)


@pytest.mark.parametrize("processes", [2, 4])
def test_a_process_changes_its_images_as_one_would(processes: int) -> None:
    whole = augment(IMAGES, EVERY, generator("x"))
    for rank in range(processes):
        share = slice(rank, None, processes)
        assert augment(IMAGES[share], EVERY, generator("x"), total=9, share=share).equal(whole[share])


def test_upside_down_twice_is_the_identity() -> None:
    mask = torch.tensor([True, False, True] * 3)
    once = vflip(IMAGES, mask)
    assert once[0].equal(IMAGES[0].flip(1))
    assert once[1].equal(IMAGES[1])
    assert vflip(once, mask).equal(IMAGES)
    many = IMAGES[:1].expand(400, -1, -1, -1)
    turned = (augment(many, (VFlip(),), generator("x")) != many).flatten(1).any(1)
    assert 150 < turned.sum() < 250


def test_angles_go_to_either_side() -> None:
    line = torch.zeros(1, 1, 41, 41, dtype=torch.uint8)
    line[..., 20, :] = 255
    seen = augment(line.expand(300, -1, -1, -1), (Rotate(20),), generator("x"))[:, 0].float()
    left, right = seen[:, :, 3].argmax(1), seen[:, :, 37].argmax(1)
    slopes = (right - left).float() / 34
    assert slopes.min() < -0.25
    assert slopes.max() > 0.25
    assert slopes.abs().max() <= np.tan(np.radians(20)) + 0.05


# -- parts that are scaled


shares = st.floats(0.01, 1).flatmap(lambda low: st.tuples(st.just(low), st.floats(low, 1)))
ratios = st.floats(0.2, 3).flatmap(lambda low: st.tuples(st.just(low), st.floats(low, 4)))


@given(st.tuples(st.integers(1, 60), st.integers(1, 60)), shares, ratios, st.integers(0, 2**63 - 1))
def test_a_part_is_the_one_that_torchvision_draws(
    size: tuple[int, int], area: tuple[float, float], ratio: tuple[float, float], seed: int
) -> None:
    ours = ResizedCrop(area, ratio, None).part(*size, torch.Generator().manual_seed(seed))
    torch.manual_seed(seed)
    theirs = v2.RandomResizedCrop(8, area, ratio).make_params([torch.zeros(3, *size)])
    expected = tuple(int(theirs[key]) for key in ("top", "left", "height", "width"))
    if 0 not in expected[2:]:  # of which torchvision makes an error
        assert ours == expected
    top, left, h, w = ours
    assert top >= 0
    assert left >= 0
    assert 0 < h <= size[0] - top
    assert 0 < w <= size[1] - left


def test_it_is_scaled_as_torchvision_scales() -> None:
    image = Image.fromarray(np.random.RandomState(1).randint(0, 256, (37, 52, 3), np.uint8))
    for seed in range(50):
        torch.manual_seed(seed)
        theirs = v2.RandomResizedCrop(8)(image)
        ours = ResizedCrop((0.08, 1), (3 / 4, 4 / 3), None).see(image, Shape(3, 8, 8), seed)
        assert np.array_equal(np.asarray(ours), np.asarray(theirs))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_tensor_is_scaled_as_torchvision_scales_and_nearly_as_an_image(channels: int) -> None:
    image = torch.from_numpy(np.random.RandomState(1).randint(0, 256, (channels, 37, 52), np.uint8))
    opened = functional.to_pil_image(image)  # type: ignore[no-untyped-call]  # torchvision leaves it untyped
    view, shape = ResizedCrop((0.08, 1), (3 / 4, 4 / 3), None, "tensor"), Shape(channels, 8, 8)
    for seed in range(50):
        torch.manual_seed(seed)
        seen = view.see_tensor(opened, shape, seed)
        assert seen.equal(v2.RandomResizedCrop(8)(image))
        of_image = functional.pil_to_tensor(view.see(opened, shape, seed))
        assert (seen.int() - of_image.int()).abs().max() <= 1


def test_the_backend_is_that_of_the_recipe(photos: Path) -> None:
    """Of files and of arrays, and of nothing but what is drawn to train on."""
    plain, tensor = "random-resized-crop(8)", "random-resized-crop(8, backend=tensor)"
    differ = set[int]()
    for data in (f'folder("{photos}")', "fake(n=60, classes=3)"):
        batches = list[Tensor]()
        for augments in (plain, tensor):
            found = load_data(_spec(augments, data).recipe(), Shape(3, 8, 8), NOWHERE)
            assert isinstance(found.train, Lazy)
            assert isinstance(found.train.view, ResizedCrop)
            order = torch.arange(len(found.train))
            (batch,) = training_batches(found.train, order, len(order), 1, lambda k: generator("x", k))
            batches.append(batch.split.images)
            theirs = [functional.pil_to_tensor(found.train.pictures[i]) for i in range(len(order))]
            seeds = [drawn for (drawn,) in found.train.view.draw(len(order), generator("x", 0))]
        differ |= {*(batches[0].int() - batches[1].int()).abs().flatten().tolist()}
        for image, seed, seen in zip(theirs, seeds, batches[1], strict=True):
            torch.manual_seed(seed)
            assert seen.equal(v2.RandomResizedCrop(8)(image))
    assert differ == {0, 1}


def test_the_steps_say_what_is_seen_and_what_is_left() -> None:
    steps: tuple[Augment, ...] = (RandomResizedCrop(8, (0.2, 1)), HFlip(), Crop(8, 1))
    view = view_of(Recipe(data=Data("folder", "x"), augment=steps))
    assert view == ResizedCrop((0.2, 1), (3 / 4, 4 / 3), 9)
    assert steps_after(view, steps) == steps[1:]
    assert isinstance(view_of(Recipe(augment=(Scale(9, 9), Crop(8)))), View)


@pytest.mark.parametrize(
    ("data", "size", "scale"),
    [
        (Data("imagenet"), 224, 256),
        (Data("folder", "x"), 192, 219),
        (Data("stl10"), 64, 73),
        (Data("tiny-imagenet"), 64, None),
        (Data("cifar10"), 32, None),
        (Data("mnist"), 32, None),
        (Data("fake"), 32, None),
    ],
)
def test_evaluated_is_the_centre_of_a_larger_image_or_the_whole(data: Data, size: int, scale: int | None) -> None:
    assert evaluation_scale(Recipe(data=data, augment=(RandomResizedCrop(size), HFlip()))) == scale


def test_batches_of_parts_depend_on_their_generator_alone(photos: Path) -> None:
    split = _loaded("random-resized-crop(8)", photos).train
    assert isinstance(split, Lazy)
    order = torch.arange(len(split))

    def seen(seed: int, share: slice = slice(None)) -> Tensor:
        (batch,) = training_batches(split, order, len(split), 1, lambda k: generator("x", seed), share)
        return batch.split.images

    whole = seen(0)
    assert seen(0).equal(whole)
    assert not seen(1).equal(whole)
    assert seen(0, slice(1, None, 2)).equal(whole[1::2])


# -- trainings


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images of many sizes in three classes."""
    folder, random = tmp_path_factory.mktemp("photos"), np.random.RandomState(3)
    for label, name in enumerate("abc"):
        (folder / name).mkdir()
        for i in range(14):
            h, w = random.randint(9, 40, 2)
            image = random.randint(0, 255 // (1 + label), (h, w, 3), np.uint8)
            Image.fromarray(image).save(folder / name / f"{i}.png")
    return folder


def _spec(augments: str, data: str = "fake(n=60, classes=3)", **entries: str) -> Spec:
    body = "input 8x8x3 conv3-4 BN ReLU maxpool dropout-0.5 FC-3 softmax"
    entries = {"data": data, "augment": augments, "batch": "10", "epochs": "3", "optimizer": "adam", **entries}
    return spec_with(body, **entries)


def _loaded(augments: str, photos: Path) -> Any:
    return load_data(_spec(augments, f'folder("{photos}")').recipe(), Shape(3, 8, 8), NOWHERE)


def _weights(run: Run) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in load_trained(run.path, "last.safetensors").weights.items()}


ALL = "random-resized-crop(8, scale=0.2..1) rotate(15) colour-jitter(brightness=0.4, hue=0.1) vflip hflip erase(p=0.7)"


@pytest.mark.parametrize("of_files", [True, False])
def test_a_run_that_was_stopped_ends_as_one_that_never_was(of_files: bool, photos: Path, tmp_path: Path) -> None:
    spec = _spec(ALL, f'folder("{photos}")') if of_files else _spec(ALL)
    whole, again = whole_and_stopped(spec, tmp_path, 8)
    assert _weights(again) == _weights(whole)


def test_a_run_by_parts_is_evaluated_and_used_at_the_centre(photos: Path, tmp_path: Path) -> None:
    run = train(_spec(ALL, f'folder("{photos}")'), device="cpu", runs=tmp_path)
    trained = load_trained(run.path)
    assert (run.result.scale, trained.shorter_side) == (9, 9)
    recorded = load(run.path / "record.arch")
    assert recorded.measurements[-1].values["by"]["decoder"] == jpeg_decoder()
    assert compare(recorded, run.result)[-1] == "  agrees in every digit"
    found = load_data(run.recipe, Shape(3, 8, 8), NOWHERE)
    assert isinstance(found.test, Split)
    ours = trained.preprocessing
    assert ours.from_metadata(ours.to_metadata()) == ours
    read = np.stack([ours.read(path) for path in photos.rglob("*.png")])
    for image in trained.normalisation(found.test.images).numpy():
        assert np.abs(read - image).max((1, 2, 3)).min() < 1e-5


def test_noise_is_seen_by_parts_too(tmp_path: Path) -> None:
    run = train(_spec(ALL, "fake(n=60, classes=3, images=noise)", epochs="1"), device="cpu", runs=tmp_path)
    assert len(run.metrics) == 1
    assert "decoder" not in run.result.versions, "none of them is in a file"


def test_what_is_erased_is_0_where_the_network_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = list[Tensor]()

    optimizer_of = step.optimizer_of

    def watched(recipe: Recipe, network: Network) -> torch.optim.Optimizer:
        network.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]) if module.training else None)
        return optimizer_of(recipe, network)

    monkeypatch.setattr(step, "optimizer_of", watched)
    # No pixel of 0 to 255 is ImageNet's mean: 0 is what was erased.
    for augments, share in (("erase(p=1, scale=0.25, ratio=1)", 0.25), ("hflip", 0.0)):
        seen.clear()
        train(_spec(augments, normalize="imagenet", epochs="1"), device="cpu", runs=tmp_path)
        images = torch.cat(seen)
        assert images.dtype == torch.float32
        assert (images == 0).float().mean((1, 2, 3)).tolist() == [share] * len(images)


# -- refusals


@pytest.mark.parametrize(
    ("augments", "data", "size", "told", "help"),
    [
        (
            "random-resized-crop(224)",
            "cifar10",
            "32x32x3",
            "gives 224x224 for an input of 32x32",
            "random-resized-crop(32)",
        ),
        ("random-resized-crop(8, scale=0.5..1)", "cifar10", "32x32x3", "8x8", "random-resized-crop(32, scale=0.5..1)"),
        ("random-resized-crop(32)", "cifar10", "32x64x3", "gives 32x32", "it is square"),
        ("hflip random-resized-crop(32)", "cifar10", "32x32x3", "comes after hflip", "first"),
        ("scale(40) random-resized-crop(32)", "cifar10", "32x32x3", "comes after scale(40)", "remove scale(40)"),
        ("random-resized-crop(32) scale(40)", "cifar10", "32x32x3", "comes after random-resized-crop(32)", "first"),
        ("random-resized-crop(32) crop(32)", "cifar10", "32x32x3", "changes nothing", "pad=1"),
        ("random-resized-crop(32) random-resized-crop(32)", "cifar10", "32x32x3", "comes after", "once"),
        ("colour-jitter(hue=0.1)", "svhn", "32x32x1", "an input of 1 channel is grey", "remove it"),
        (
            "colour-jitter(contrast=0.3, saturation=0.2)",
            "mnist",
            "32x32x3",
            "the images of mnist are grey: they have no saturation",
            "write colour-jitter(contrast=0.3)",
        ),
        ("colour-pca colour-jitter(hue=0.1)", "cifar10", "32x32x3", "comes after colour-pca", "before"),
        ("erase hflip", "cifar10", "32x32x3", "erase comes before hflip", "last"),
        ("erase(scale=1)", "cifar10", "32x32x3", "changes nothing", "a smaller share"),
        ("erase(scale=0.5..0.6, ratio=3)", "cifar10", "32x32x3", "changes nothing", "a smaller share"),
        ("erase(scale=0.5..0.6, ratio=1/3)", "cifar10", "32x32x3", "changes nothing", "a smaller share"),
        ("erase(ratio=0.01..0.02)", "cifar10", "32x32x3", "changes nothing", "ratio=0.3..3.3"),
        ("erase(ratio=50..100)", "cifar10", "32x32x3", "changes nothing", "ratio=0.3..3.3"),
        ("erase erase vflip", "cifar10", "32x32x3", "erase comes before vflip", "last"),
        ("erase(scale=0.0001..0.002)", "digits", "8x8x1", "has a pixel of 8x8", "let its share end above 0.0039"),
        ("erase(scale=0.0001)", "cifar10", "32x32x3", "has a pixel of 32x32", "let its share end above 0.00024"),
        ("erase(scale=0.004, ratio=50)", "cifar10", "32x32x3", "has a pixel", "above 0.012"),
        ("erase(scale=0.004, ratio=0.02)", "cifar10", "32x32x3", "has a pixel", "above 0.012"),
    ],
)
def test_what_cannot_work_is_refused_before_it_starts(
    augments: str, data: str, size: str, told: str, help: str
) -> None:
    spec = _of(augments, data, size)
    found = [d for d in findings(lambda: refuse(spec, spec.recipe())) if told in d.message]
    assert {d.code for d in found} == {"V407"}
    assert help in str(found[0].help)
    assert found[0].labels[0].span.text == f"augment {augments}"


@pytest.mark.parametrize(
    ("augments", "data", "size"),
    [
        ("random-resized-crop(32) crop(32, pad=2) hflip", "cifar10", "32x32x3"),
        ("crop(32, pad=4) vflip rotate(180) colour-pca rotate(5) erase erase", "cifar10", "32x32x3"),
        ("colour-jitter(brightness=0.4, contrast=1)", "mnist", "28x28x1"),
        ("colour-jitter(hue=0.5) colour-pca", "stl10", "32x32x3"),
        ("erase(scale=0.5..1, ratio=1.9)", "cifar10", "32x32x3"),
        ("erase(scale=0.5, ratio=3)", 'folder("x")', "64x16x3"),
        ("erase(scale=0.0001..0.005)", "digits", "8x8x1"),
    ],
)
def test_what_can_work_is_not_refused(augments: str, data: str, size: str) -> None:
    spec = _of(augments, data, size)
    refuse(spec, spec.recipe())


@given(st.integers(1, 40), st.integers(1, 40), st.floats(1e-4, 0.02) | st.floats(0.01, 1), st.floats(0.01, 100))
def test_a_rectangle_that_never_fits_or_has_no_pixel_is_refused(h: int, w: int, share: float, ratio: float) -> None:
    step = Erase(1, (share, share), (ratio, ratio))
    spec = _of(str(step), "cifar10", f"{h}x{w}x3")

    def erases(ratio: float) -> bool:
        drawn = v2.RandomErasing(1, step.scale, (ratio, ratio)).make_params([torch.zeros(3, h, w)])
        return drawn["v"] is not None and drawn["h"] > 0 and drawn["w"] > 0

    fits = erases(ratio)
    assume(erases(ratio * 1.001) == erases(ratio / 1.001) == fits)  # what is drawn is rounded to single precision
    assert ("V407" not in [d.code for d in spec.check()]) == fits


def _of(augments: str, data: str, size: str) -> Spec:
    return parse(f"input {size} conv3-4 global-avgpool FC-10 softmax\ntrain {{\n data {data}\n augment {augments}\n}}")
