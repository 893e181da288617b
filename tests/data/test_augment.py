"""What training and evaluation see of an image: by the books, alike on every machine, lazily as in memory."""

import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from refusals import findings
from torch import Tensor
from torchvision.transforms.v2 import functional
from trainings import Impatient, spec_with

from vggdsl.data import batches, decoding
from vggdsl.data import dataset as data
from vggdsl.data.augment import augment, crop, hflip
from vggdsl.data.batches import training_batches
from vggdsl.data.chance import generator
from vggdsl.data.dataset import load_data
from vggdsl.data.moments import Colours, Moments
from vggdsl.data.normalisation import Normalisation
from vggdsl.data.pictures import Arrays
from vggdsl.data.splits import Lazy, Split
from vggdsl.data.views import View, evaluation_scale, steps_after, view_of
from vggdsl.experiments.check import refuse
from vggdsl.experiments.train import Stopped, resume, train
from vggdsl.network.shapes import Shape
from vggdsl.records.run import Run
from vggdsl.records.trained import load_trained
from vggdsl.spec.parsing import parse
from vggdsl.spec.recipe import Augment, ColourPCA, Crop, Data, HFlip, Recipe, Scale
from vggdsl.spec.spec import Spec

Pixels = npt.NDArray[np.uint8]
NOWHERE = Path("/nowhere")
ROUNDED = 2
"""Pillow scales in two passes, and each rounds: where a window begins at another single-precision place, by 1."""


def pixels(h: int, w: int, seed: int = 0) -> Pixels:
    """Noise over slopes, so that neither a shift nor a wrong size goes unseen."""
    y, x = np.mgrid[:h, :w]
    slopes = np.stack([y * 200 // h, x * 200 // w, (x + y) * 200 // (h + w)], axis=2)
    return (slopes + np.random.RandomState(seed).randint(0, 56, (h, w, 3))).astype(np.uint8)


def spec_by(augments: str, dataset: str = "fake(n=60, classes=3)", size: str = "8x8x3", **entries: str) -> Spec:
    entries = {"data": dataset, "augment": augments, "batch": "10", "optimizer": "sgd(lr=0.1)", **entries}
    return spec_with(f"input {size} conv3-4 BN ReLU maxpool FC-3 softmax", **entries)


# -- views


sizes = st.tuples(st.integers(8, 40), st.integers(8, 40))
unit = st.floats(0, 1, exclude_max=True)


@given(sizes, st.integers(8, 30), st.integers(0, 8), unit, unit)
def test_a_view_is_a_window_of_the_whole_image_scaled(
    size: tuple[int, int], side: int, pad: int, down: float, across: float
) -> None:
    image = Image.fromarray(pixels(*size))
    seen = View(side, side, pad).see(image, Shape(3, 8, 8), side, down, across)
    scale = side / min(size)
    h, w = round(size[0] * scale), round(size[1] * scale)
    whole = np.asarray(image.resize((w, h), Image.Resampling.BILINEAR), int)
    padded = np.pad(whole, ((pad, pad), (pad, pad), (0, 0)))
    top, left = int(down * (h + 2 * pad - 7)), int(across * (w + 2 * pad - 7))
    assert abs(np.asarray(seen, int) - padded[top : top + 8, left : left + 8]).max() <= ROUNDED


@given(st.integers(1, 3), st.integers(8, 24), st.booleans(), unit, unit)
def test_a_view_scales_as_torchvision_does(ratio: int, side: int, upright: bool, down: float, across: float) -> None:
    size = (16 * ratio, 16) if upright else (16, 16 * ratio)
    image = pixels(*size)
    whole = functional.resize(torch.from_numpy(image.transpose(2, 0, 1).copy()), [side], antialias=True)
    assert whole.shape[1:] == (side * size[0] // 16, side * size[1] // 16)
    top, left = (int(u * (n - 7)) for u, n in zip((down, across), whole.shape[1:], strict=True))
    theirs = functional.crop(whole, top, left, 8, 8)
    ours = View(side, side).see(Image.fromarray(image), Shape(3, 8, 8), side, down, across)
    assert (functional.pil_to_tensor(ours).int() - theirs.int()).abs().max() <= ROUNDED


def test_a_view_that_is_all_padding_is_black() -> None:
    image = Image.new("RGB", (8, 8), "white")
    assert np.asarray(View(8, 8, 8).see(image, Shape(3, 8, 8), 8, 0.0, 0.0)).max() == 0


@pytest.mark.parametrize("size", [(300_000, 1), (1, 300_000)])
def test_of_a_strip_only_what_is_seen_is_scaled(size: tuple[int, int]) -> None:
    image = Image.new("L", size, 9)
    assert (np.asarray(View(256, 256).see(image, Shape(1, 224, 224), 256, 0.5, 0.5)) == 9).all()


@given(sizes, st.integers(8, 40))
def test_an_evaluation_sees_the_centre(size: tuple[int, int], side: int) -> None:
    image = Image.fromarray(pixels(*size))
    lazy = Lazy(
        Arrays(torch.from_numpy(pixels(*size).transpose(2, 0, 1).copy())[None], 3),
        torch.zeros(1),
        Shape(3, 8, 8),
        View(side, side),
    )
    scale = side / min(size)
    h, w = round(size[0] * scale), round(size[1] * scale)
    top, left = round((h - 8) / 2), round((w - 8) / 2)
    whole = np.asarray(image.resize((w, h), Image.Resampling.BILINEAR), int)
    centre = lazy.centre(0).permute(1, 2, 0).numpy().astype(int)
    assert abs(centre - whole[top : top + 8, left : left + 8]).max() <= ROUNDED


def test_every_scale_and_place_is_drawn() -> None:
    n = 2000
    lazy = Lazy(Arrays(torch.zeros(1, 3, 9, 9, dtype=torch.uint8), 3), torch.zeros(n), Shape(3, 8, 8), View(9, 11))
    views = [view for _, _, view in batches._views(lazy, torch.arange(n), generator("views")) if view is not None]
    counts = np.bincount([side for side, _, _ in views], minlength=12)[9:]
    assert len(counts) == 3
    assert counts.min() > n / 3 / 1.3
    for u in zip(*[view[1:] for view in views], strict=True):
        assert np.bincount((np.array(u) * 4).astype(int)).min() > n / 4 / 1.3


def test_the_scale_of_evaluation_is_the_middle() -> None:
    recipe = Recipe(data=Data("imagenet"))
    for steps, scale in (
        ((Scale(256, 512), Crop(224)), 384),
        ((Scale(256, 256), Crop(224)), 256),
        ((Crop(224, 4), HFlip()), None),
        ((), None),
    ):
        assert evaluation_scale(replace(recipe, augment=steps)) == scale
    assert evaluation_scale(Recipe(data=Data("cifar10"), augment=(Crop(28),))) == 32
    assert evaluation_scale(Recipe(data=Data("cifar10"), augment=(Crop(32, 4),))) is None


def test_steps_that_a_view_takes_are_not_taken_twice() -> None:
    steps = (Scale(9, 12), Crop(8, 1), HFlip(), Crop(8, 2))
    assert steps_after(View(9, 12, 1), steps) == steps[2:]
    assert steps_after(None, steps) == steps[1:]
    assert steps_after(None, steps[2:]) == steps[2:]


# -- batches


NOISE = torch.from_numpy(np.random.RandomState(0).randint(0, 256, (6, 3, 5, 7), np.uint8))
IMAGES = torch.from_numpy(np.stack([pixels(12, 12, i) for i in range(6)]).transpose(0, 3, 1, 2).copy())


@given(st.integers(0, 3), st.integers(1, 12), st.randoms(use_true_random=False))
def test_a_crop_is_a_window_of_a_larger_image(pad: int, size: int, random: "np.random.RandomState") -> None:
    offsets = torch.tensor([[random.randint(0, 12 + 2 * pad - size) for _ in range(6)] for _ in range(2)])
    out = crop(IMAGES, pad, offsets, size)
    for i in range(6):
        top, left = offsets[:, i].tolist()
        for y in range(size):
            for x in range(size):
                row, column = top + y - pad, left + x - pad
                inside = 0 <= row < 12 and 0 <= column < 12
                expected = IMAGES[i, :, row, column] if inside else torch.zeros(3, dtype=torch.uint8)
                assert out[i, :, y, x].equal(expected)


def test_flipping_twice_is_the_identity() -> None:
    mask = torch.tensor([True, False] * 3)
    once = hflip(NOISE, mask)
    assert once[0].equal(NOISE[0].flip(2))
    assert once[1].equal(NOISE[1])
    assert hflip(once, mask).equal(NOISE)


def test_a_crop_is_a_window_of_the_padded_image() -> None:
    offsets = torch.tensor([[0, 1, 2, 3, 4, 2], [4, 3, 2, 1, 0, 2]])
    padded = torch.nn.functional.pad(NOISE, (2, 2, 2, 2))
    for image, window, y, x in zip(padded, crop(NOISE, 2, offsets), *offsets.tolist(), strict=True):
        assert window.equal(image[:, y : y + 5, x : x + 7])
    assert crop(NOISE, 2, torch.full((2, 6), 2)).equal(NOISE)


def test_augmentation_depends_on_its_generator_alone() -> None:
    steps = (Crop(8, 2), HFlip())
    one, same, other = (augment(NOISE, steps, generator("augment", 0, 1, i)) for i in (0, 0, 1))
    assert one.equal(same)
    assert not one.equal(other)
    assert augment(NOISE, (), generator("x")).equal(NOISE)


def test_every_offset_is_drawn() -> None:
    image = torch.zeros(2000, 1, 3, 3, dtype=torch.uint8)
    image[:, 0, 1, 1] = 1
    seen = augment(image, (Crop(3, 1),), generator("offsets")).sum(0)[0]
    assert seen.min() > 2000 / 9 / 2


def test_normalisation_is_of_the_channels() -> None:
    values = NOISE.numpy().astype(np.float64) / 255
    both = Normalisation.of(NOISE, "mean-std")
    assert both.mean == pytest.approx(values.mean((0, 2, 3)))
    assert both.std == pytest.approx(values.std((0, 2, 3)))
    out = both(NOISE)
    assert out.mean((0, 2, 3)).abs().max() < 1e-6
    assert out.is_contiguous(memory_format=torch.channels_last)
    assert Normalisation.of(NOISE, "mean") == replace(both, std=(1.0,) * 3)
    assert Normalisation.of(NOISE, "none")(NOISE).allclose(NOISE / 255)
    assert Normalisation.of(torch.full((2, 1, 2, 2), 9, dtype=torch.uint8), "mean-std").std == (1.0,)


def test_crops_of_larger_images_come_from_everywhere() -> None:
    image = torch.arange(16, dtype=torch.uint8).reshape(1, 1, 4, 4).expand(2000, 1, 4, 4)
    corners = augment(image, (Crop(2),), generator("corners"))[:, 0, 0, 0]
    counts = torch.bincount(corners)
    assert sorted(set(corners.tolist())) == [0, 1, 2, 4, 5, 6, 8, 9, 10]
    assert counts[counts > 0].min() > 2000 / 9 / 1.5


def test_moments_are_exact() -> None:
    values = IMAGES.numpy().transpose(1, 0, 2, 3).reshape(3, -1).astype(object)  # whole numbers of any size
    found = Moments.of(IMAGES.split([1, 3, 2]), 3)  # type: ignore[no-untyped-call]  # torch leaves it untyped
    assert found.count == values.shape[1]
    assert found.total.tolist() == values.sum(1).tolist()
    assert found.products.tolist() == (values @ values.T).tolist()
    assert found.covariance.numpy() == pytest.approx(np.cov(values.astype(float), bias=True))


def test_colours_are_principal_components() -> None:
    colours = Colours.of(Moments.of([IMAGES], 3))
    covariance = np.cov(IMAGES.numpy().transpose(1, 0, 2, 3).reshape(3, -1) / 255, bias=True)
    for variance, vector in zip(colours.variances.numpy(), colours.vectors.T.numpy(), strict=True):
        assert covariance @ vector == pytest.approx(variance * vector, abs=1e-12)
        assert np.linalg.norm(vector) == pytest.approx(1)
        assert vector[abs(vector).argmax()] > 0


def test_colour_pca_by_hand() -> None:
    colours = Colours.of(Moments.of([IMAGES], 3))
    out = augment(IMAGES, (ColourPCA(),), generator("colours"), colours)
    alpha = 0.1 * torch.randn(6, 3, generator=generator("colours"), dtype=torch.float64).numpy()
    assert out.dtype == torch.float32
    for i in range(6):
        shift = np.zeros(3)
        for k in range(3):
            shift += colours.vectors[:, k].numpy() * alpha[i, k] * float(colours.variances[k])
        expected = IMAGES[i].numpy() + 255 * shift[:, None, None]
        assert out[i].numpy() == pytest.approx(expected, abs=1e-4)


def test_multiples_of_the_components_are_normal() -> None:
    colours = Colours(torch.ones(3, dtype=torch.float64), torch.eye(3, dtype=torch.float64))
    black = torch.zeros(5000, 3, 1, 1, dtype=torch.uint8)
    shifts = augment(black, (ColourPCA(),), generator("normal"), colours)[:, :, 0, 0] / 255
    assert shifts.mean(0).abs().max() < 0.1 * 4 / 5000**0.5
    assert shifts.std(0).tolist() == pytest.approx([0.1] * 3, rel=4 / 10000**0.5)


def test_steps_are_taken_in_their_order() -> None:
    colours = Colours(torch.ones(3, dtype=torch.float64), torch.eye(3, dtype=torch.float64))
    white = torch.full((50, 3, 4, 4), 255, dtype=torch.uint8)
    last = augment(white, (Crop(4, 4), ColourPCA()), generator("order"), colours)
    first = augment(white, (ColourPCA(), Crop(4, 4)), generator("order"), colours)
    assert (first == 0).any()  # black that was added after the colours changed
    assert not (last == 0).any()


def lazily(n: int = 40, view: View | None = None) -> Lazy:
    images = torch.from_numpy(np.stack([pixels(12, 15, i) for i in range(n)]).transpose(0, 3, 1, 2).copy())
    return Lazy(Arrays(images, 3), torch.arange(n), Shape(3, 8, 8), view)


def epoch_of(split: Lazy, seed: int = 0, epoch: int = 1) -> tuple[Tensor, Tensor]:
    order = torch.randperm(len(split), generator=generator("order", seed, epoch))
    parts = training_batches(split, order, 7, 6, partial(generator, "augment", seed, epoch))
    seen = [(augment(b.split.images, (HFlip(),), b.random), b.split.labels) for b in parts]
    assert [len(labels) for _, labels in seen] == [7] * 5 + [5]
    images, labels = zip(*seen, strict=True)
    return torch.cat(images), torch.cat(labels)


def test_batches_depend_on_seed_and_epoch_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    split = lazily(view=View(9, 14))
    monkeypatch.setattr(batches, "THREADS", 1)
    images, labels = epoch_of(split)
    assert sorted(labels.tolist()) == list(range(40))
    for threads in (2, 9):
        monkeypatch.setattr(batches, "THREADS", threads)
        assert epoch_of(split)[0].equal(images)
    for other in (epoch_of(split, seed=1), epoch_of(split, epoch=2)):
        assert not other[0].equal(images)


def test_an_image_that_cannot_be_read_stops_the_batches(tmp_path: Path) -> None:
    recipe = Recipe(data=Data("folder", str(tmp_path)), augment=(Scale(9, 9), Crop(8)))
    for name in "ab":
        (tmp_path / name).mkdir()
        for i in range(20):
            Image.fromarray(pixels(10, 10)).save(tmp_path / name / f"{i}.png")
    train = load_data(recipe, Shape(3, 8, 8), NOWHERE).train
    assert isinstance(train, Lazy)
    for path in tmp_path.rglob("*.png"):
        path.write_bytes(b"torn since")
    assert findings(lambda: epoch_of(train))[0].code == "V530"


def test_threads_that_read_leave_warnings_as_they_were() -> None:
    before = list(warnings.filters)

    def inside(_: int) -> None:
        with decoding._without_noise:
            warnings.warn("an odd file", stacklevel=1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(inside, range(500)))
    assert list(warnings.filters) == before


# -- refusals


@pytest.mark.parametrize(
    ("augments", "dataset", "size", "told", "help"),
    [
        ("scale(256) crop(224)", "cifar10", "32x32x3", "a crop of 224x224 for an input of 32x32", "crop(32)"),
        ("scale(28) crop(32)", "cifar10", "32x32x3", "smaller than a crop of 32x32", "32 or more"),
        ("scale(28..64) crop(32)", "cifar10", "32x32x3", "smaller than a crop of 32x32", "32 or more"),
        ("scale(32)", 'folder("x")', "32x32x3", "without a crop", "scale(32) crop(32)"),
        ("scale(40)", "cifar10", "32x32x3", "without a crop", "scale(40) crop(32)"),
        ("scale(64) hflip", "cifar10", "32x64x3", "crops are square", "remove it"),
        ("hflip scale(40) crop(32)", "cifar10", "32x32x3", "comes after hflip", "first"),
        ("scale(40) scale(36) crop(32)", "cifar10", "32x32x3", "comes after scale(40)", "first"),
        ("scale(40) crop(32) crop(32)", "cifar10", "32x32x3", "changes nothing", "pad=1"),
        ("scale(40) crop(32, pad=33)", "cifar10", "32x32x3", "pads by more", "pad=4"),
        ("colour-pca", "mnist", "28x28x1", "3 channels", "remove it"),
        ("crop(28)", 'folder("x")', "28x28x3", "changes nothing", "scale(31) crop(28)"),
        ("crop(32)", "cifar10", "32x32x3", "changes nothing", "scale(36) crop(32)"),
    ],
)
def test_what_cannot_work_is_refused_before_it_starts(
    augments: str, dataset: str, size: str, told: str, help: str
) -> None:
    text = f"input {size} conv3-4 global-avgpool FC-10 softmax\ntrain {{\n data {dataset}\n augment {augments}\n}}"
    spec = parse(text)
    found = [d for d in findings(lambda: refuse(spec, spec.recipe())) if told in d.message]
    assert [d.code for d in found] == ["V407"] * len(found)
    assert found
    assert help in str(found[0].help)
    assert found[0].labels[0].span.text == f"augment {augments}"


@pytest.mark.parametrize(
    ("augments", "dataset", "size"),
    [
        ("scale(40..48) crop(32) hflip colour-pca", "cifar10", "32x32x3"),
        ("scale(32)", "cifar10", "32x32x3"),
        ("crop(28) hflip", "cifar10", "28x28x3"),
        ("scale(256..512) crop(224, pad=4) crop(224, pad=1)", 'folder("x")', "224x224x3"),
        ("hflip crop(32, pad=4)", "svhn", "32x32x1"),
    ],
)
def test_what_can_work_is_not_refused(augments: str, dataset: str, size: str) -> None:
    text = f"input {size} conv3-4 global-avgpool FC-10 softmax\ntrain {{\n data {dataset}\n augment {augments}\n}}"
    spec = parse(text)
    refuse(spec, spec.recipe())


# -- trainings


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images of many sizes in three classes."""
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.RandomState(3)
    for name in "abc":
        (folder / name).mkdir()
        for i in range(14):
            h, w = random.randint(6, 30, 2)
            Image.fromarray(pixels(h, w, i) // (1 + "abc".index(name))).save(folder / name / f"{i}.png")
    return folder


def weights_of(run: Run) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in load_trained(run.path, "last.safetensors").weights.items()}


@pytest.mark.parametrize("augments", ["hflip", "crop(8, pad=2) hflip colour-pca"])
def test_read_lazily_it_learns_what_it_learns_from_memory(
    augments: str, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = spec_by(augments, f'folder("{photos}")')
    held = train(spec, device="cpu", runs=tmp_path)
    monkeypatch.setattr(data, "available", lambda: 0)
    assert isinstance(load_data(spec.recipe(), spec.typed.input, NOWHERE).train, Lazy)
    lazy = train(spec, device="cpu", runs=tmp_path)
    assert weights_of(lazy) == weights_of(held)
    assert lazy.result.data == held.result.data
    assert [replace(e, seconds=0) for e in lazy.metrics] == [replace(e, seconds=0) for e in held.metrics]


def test_images_of_files_are_held_if_they_fit(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spec_by("hflip", f'folder("{photos}")')
    needed = 42 * 3 * 8 * 8
    for free, kind in ((2 * needed, Split), (2 * needed - 1, Lazy)):
        monkeypatch.setattr(data, "available", lambda free=free: free)
        found = load_data(spec.recipe(), spec.typed.input, NOWHERE)
        assert {type(split) for split in (found.train, found.val, found.test)} == {kind}


@pytest.fixture(scope="module")
def scaled(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    spec = spec_by("scale(9..14) crop(8) hflip colour-pca", f'folder("{photos}")', normalize="mean", epochs="3")
    return train(spec, device="cpu", runs=tmp_path_factory.mktemp("runs"))


def test_a_run_by_views_is_evaluated_at_their_middle(scaled: Run, photos: Path) -> None:
    assert scaled.result.scale == 11
    trained = load_trained(scaled.path)
    assert trained.shorter_side == 11
    ours = trained.preprocessing
    assert ours.from_metadata(ours.to_metadata()) == ours
    found = load_data(scaled.recipe, trained.spec.typed.input, NOWHERE)
    assert isinstance(found.test, Split)
    normal = trained.normalisation(found.test.images)
    expected = {image.numpy().tobytes() for image in normal}
    read = {ours.read(path).astype(np.float32).tobytes() for path in photos.rglob("*.png")}
    assert len(expected) == len(found.test)
    assert trained.normalisation.std == (1.0,) * 3
    near = [min(abs(np.frombuffer(a, np.float32) - np.frombuffer(b, np.float32)).max() for b in read) for a in expected]
    assert max(near) < 1e-6


def test_a_run_by_views_can_be_interrupted(scaled: Run, tmp_path: Path) -> None:
    with pytest.raises(Stopped) as caught:
        train(scaled.spec, device="cpu", runs=tmp_path, reporter=Impatient(step=5))
    assert weights_of(resume(caught.value.path)) == weights_of(scaled)


@pytest.mark.parametrize("augments", ["scale(8..12) crop(8)", "scale(8) crop(8)", "scale(12) crop(8, pad=1)"])
def test_sets_in_memory_are_seen_by_views_too(augments: str, tmp_path: Path) -> None:
    run = train(spec_by(augments), device="cpu", runs=tmp_path)
    assert len(run.metrics) == 2
    again = train(spec_by(augments), device="cpu", runs=tmp_path)
    assert weights_of(run) == weights_of(again)


def test_images_that_need_no_scaling_are_cropped_as_batches() -> None:
    steps: tuple[Augment, ...] = (Crop(6),)
    recipe = Recipe(data=Data("digits"), augment=steps)
    shape = Shape(1, 6, 6)
    found = load_data(recipe, shape, NOWHERE)
    whole = load_data(Recipe(), Shape(1, 8, 8), NOWHERE)
    assert isinstance(found.train, Split)
    assert isinstance(whole.train, Split)
    assert isinstance(whole.val, Split)
    assert isinstance(found.val, Split)
    assert found.train.images.equal(whole.train.images)
    assert found.val.images.equal(whole.val.images[:, :, 1:7, 1:7])
    assert view_of(recipe) == View(8, 8)
    order = torch.arange(len(found.train))
    (first,) = training_batches(found.train, order, 50, 1, lambda k: generator("x", k))
    assert augment(first.split.images, steps_after(None, steps), first.random).shape == (50, 1, 6, 6)


def test_statistics_of_files_are_of_a_sample(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spec_by("hflip", f'folder("{photos}")')
    load: Callable[[], data.DataSet] = lambda: load_data(spec.recipe(), spec.typed.input, NOWHERE)  # noqa: E731
    whole = load()
    assert whole.moments.count == len(whole.train) * 64
    monkeypatch.setattr("vggdsl.data.pictures.SAMPLE", 5)
    part = load()
    assert part.moments.count == 5 * 64
    monkeypatch.setattr(data, "available", lambda: 0)
    assert load().normalisation("mean-std") == part.normalisation("mean-std")
    assert load().digest == part.digest
