"""Data sets: read as they are, divided fairly and always alike, refused where they can't be had."""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vggdsl.errors import Diagnostic, VggdslError
from vggdsl.recipe import Data, Recipe
from vggdsl.shapes import Shape
from vggdsl.spec import Spec, parse
from vggdsl.training import cifar10, memory
from vggdsl.training.data import DataSet, load_data
from vggdsl.training.images import SUFFIXES, fit, read_image
from vggdsl.training.splits import Split, set_aside

GREY, RGB = Shape(1, 8, 8), Shape(3, 32, 32)
NOWHERE = Path("/nowhere")


def spec_on(data: str, size: str = "32x32x3") -> Spec:
    return parse(f"input {size} conv3-4 maxpool FC-10 softmax\ntrain {{\n  data {data}\n}}", "x.arch")


def refusal(call: Callable[[], object]) -> Diagnostic:
    with pytest.raises(VggdslError) as caught:
        call()
    (found,) = caught.value.diagnostics
    return found


def rows(split: Split) -> list[bytes]:
    return [image.numpy().tobytes() for image in split.images]


# -- divisions


@pytest.fixture(scope="module")
def digits() -> DataSet:
    return load_data(Recipe(data=Data("digits")), GREY, NOWHERE)


def test_digits_are_divided_alike_on_every_machine(digits: DataSet) -> None:
    assert digits.split == "1257/180/360"
    assert digits.digest == "01d46d25"
    assert digits.classes == tuple("0123456789")


def test_digits_are_divided_without_loss_or_overlap(digits: DataSet) -> None:
    from sklearn.datasets import load_digits

    apart = [*rows(digits.train), *rows(digits.val), *rows(digits.test)]
    scans = np.rint(load_digits().images * (255 / 16)).astype(np.uint8)
    assert sorted(apart) == sorted(scan.tobytes() for scan in scans)
    assert digits.train.images.max() == 255


def test_digits_are_stratified(digits: DataSet) -> None:
    whole = sum(torch.bincount(s.labels) for s in (digits.train, digits.val, digits.test))
    for split in (digits.val, digits.test):
        share = whole * len(split) / 1797
        assert (torch.bincount(split.labels) - share).abs().max() <= 1


@given(st.lists(st.integers(0, 4), min_size=2, max_size=60), st.data())
def test_a_pool_is_divided_by_counts(labels: list[int], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(labels) - 1))
    pool = Split(torch.arange(len(labels)).reshape(-1, 1, 1, 1), torch.tensor(labels))
    aside, rest = set_aside(pool, count)
    assert len(aside) == count
    assert sorted([*aside.images.flatten().tolist(), *rest.images.flatten().tolist()]) == list(range(len(labels)))
    for label in set(labels):
        share = labels.count(label) * count / len(labels)
        assert abs(int((aside.labels == label).sum()) - share) < 1
    again, _ = set_aside(pool, count)
    assert again.images.equal(aside.images)


@pytest.mark.parametrize("data", ["digits(val=1797)", "digits(val=1000, test=1000)", "fake(n=4)"])
def test_a_division_leaves_images_to_train_on(data: str) -> None:
    spec = spec_on(data, "8x8x1")
    found = refusal(lambda: load_data(spec.recipe(), GREY, NOWHERE))
    assert found.code == "V512"
    assert found.labels[0].span.text.startswith("data")


# -- CIFAR-10


@pytest.fixture
def binary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The binary version with 40 images a file."""
    monkeypatch.setattr(cifar10, "IMAGES_A_FILE", 40)
    random = np.random.RandomState(1)
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    for name in (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"):
        records = random.randint(0, 256, (40, 3073)).astype(np.uint8)
        records[:, 0] = np.arange(40) % 10
        records.tofile(folder / name)
    return tmp_path


def test_cifar10_binary_is_read(binary: Path) -> None:
    recipe = Recipe(data=Data("cifar10", val=50))
    data = load_data(recipe, RGB, binary)
    assert data.split == "150/50/40"
    assert data.classes[3] == "cat"
    raw = np.fromfile(binary / "cifar-10-batches-bin" / "test_batch.bin", np.uint8).reshape(40, 3073)
    assert data.test.labels.tolist() == raw[:, 0].tolist()
    red = data.test.images[7, 0].numpy()
    assert red.tobytes() == raw[7, 1:1025].tobytes()
    assert torch.bincount(data.val.labels).tolist() == [5] * 10
    inside = load_data(recipe, RGB, binary / "cifar-10-batches-bin")
    assert inside.digest == data.digest


def test_cifar10_torn_is_refused(binary: Path) -> None:
    file = binary / "cifar-10-batches-bin" / "data_batch_3.bin"
    file.write_bytes(file.read_bytes()[:-1])
    found = refusal(lambda: load_data(Recipe(data=Data("cifar10")), RGB, binary))
    assert found.code == "V512"
    assert "data_batch_3.bin has 122,919 bytes, not 122,920" in found.message
    file.unlink()
    assert refusal(lambda: load_data(Recipe(data=Data("cifar10")), RGB, binary)).code == "V512"


def test_cifar10_labels_are_checked(binary: Path) -> None:
    file = binary / "cifar-10-batches-bin" / "test_batch.bin"
    file.write_bytes(b"\x0a" + file.read_bytes()[1:])
    assert "label 10" in refusal(lambda: load_data(Recipe(data=Data("cifar10")), RGB, binary)).message


def test_cifar10_missing_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(*args: object, **options: object) -> None:
        raise AssertionError("asked for the network")

    monkeypatch.setattr("torchvision.datasets.CIFAR10.download", fetch)
    spec = spec_on("cifar10(val=5000)")
    found = refusal(lambda: load_data(spec.recipe(), RGB, tmp_path))
    assert found.code == "V503"
    assert found.labels[0].span.text == "data cifar10(val=5000)"
    assert found.help is not None
    for told in (str(tmp_path / "cifar-10-batches-bin"), str(tmp_path / "cifar-10-batches-py"), "--data", "--download"):
        assert told in found.help


def test_cifar10_python_version_is_checked_before_it_is_unpickled(tmp_path: Path) -> None:
    (tmp_path / "cifar-10-batches-py").mkdir()
    (tmp_path / "cifar-10-batches-py" / "data_batch_1").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    assert refusal(lambda: load_data(Recipe(data=Data("cifar10")), RGB, tmp_path)).code == "V512"


def test_an_official_test_split_is_not_resized(binary: Path) -> None:
    recipe = spec_on("cifar10(val=50, test=20)").recipe()
    assert "has test images of its own" in refusal(lambda: load_data(recipe, RGB, binary)).message


# -- folders


def save(path: Path, value: int | tuple[int, int, int], size: tuple[int, int] = (12, 10)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB" if isinstance(value, tuple) else "L", size, value).save(path)


def folder(path: Path) -> Recipe:
    return Recipe(data=Data("folder", str(path)))


def test_a_folder_is_one_pool(tmp_path: Path) -> None:
    for i in range(20):
        save(tmp_path / "set" / "dark" / f"{i}.png", i)
        save(tmp_path / "set" / "light" / "deep" / f"{i}.PNG", 200 + i)
    (tmp_path / "set" / "dark" / "notes.txt").write_text("no image")
    (tmp_path / "set" / ".cache").mkdir()
    data = load_data(folder(Path("set")), Shape(3, 6, 6), tmp_path)
    assert data.split == "28/4/8"
    assert data.notes == (f"1 file in {tmp_path / 'set'} passed over: images end in {', '.join(SUFFIXES)}",)
    assert data.classes == ("dark", "light")
    for split in (data.train, data.val, data.test):
        assert ((split.images[:, 0, 0, 0] >= 200) == split.labels.bool()).all()
    assert load_data(folder(tmp_path / "set"), Shape(3, 6, 6), NOWHERE).digest == data.digest


def test_a_folder_may_be_divided_already(tmp_path: Path) -> None:
    for part, count in (("train", 5), ("val", 3), ("test", 2)):
        for name in ("a", "b"):
            for i in range(count):
                save(tmp_path / part / name / f"{i}.png", i)
    assert load_data(folder(tmp_path), GREY, NOWHERE).split == "10/6/4"
    save(tmp_path / "test" / "c" / "0.png", 0)
    assert "class" in refusal(lambda: load_data(folder(tmp_path), GREY, NOWHERE)).message


def test_a_folder_without_train_is_no_pool(tmp_path: Path) -> None:
    for part in ("val", "test"):
        save(tmp_path / part / "a" / "0.png", 0)
    found = refusal(lambda: load_data(folder(tmp_path), GREY, NOWHERE))
    assert (found.code, "val and test, but no train" in found.message) == ("V512", True)


def test_a_class_without_images_to_train_on(tmp_path: Path) -> None:
    for name in "ab":
        save(tmp_path / "train" / name / "0.png", 0)
    (tmp_path / "train" / "c").mkdir()
    (tmp_path / "train" / "c" / "0.gif").write_bytes(b"GIF89a")
    found = refusal(lambda: load_data(folder(tmp_path), GREY, NOWHERE))
    assert (found.code, str(tmp_path / "train" / "c") in found.message) == ("V512", True)


def test_folders_that_are_none(tmp_path: Path) -> None:
    found = refusal(lambda: load_data(folder(Path("gone")), GREY, tmp_path))
    assert found.code == "V503"
    assert str(tmp_path / "gone") in str(found.help)
    assert refusal(lambda: load_data(folder(tmp_path), GREY, tmp_path)).code == "V512"
    for name in "ab":
        (tmp_path / name).mkdir()
    assert "no images" in refusal(lambda: load_data(folder(tmp_path), GREY, tmp_path)).message
    for name in "ab":
        (tmp_path / name / "x.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    found = refusal(lambda: load_data(folder(tmp_path), GREY, tmp_path))
    assert found.code == "V530"
    assert "x.png" in found.message


def test_too_many_images_are_refused_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.png").write_bytes(b"never read")
    monkeypatch.setattr(memory, "available", lambda: 2 * 3 * 32 * 32 - 1)
    found = refusal(lambda: load_data(folder(tmp_path), RGB, tmp_path))
    assert found.code == "V507"
    assert found.message == "2 images of 3.07 kB take 6.14 kB of memory, 6.14 kB are free"


# -- images


def test_images_cover_the_input_and_keep_their_proportions(tmp_path: Path) -> None:
    left_black = np.zeros((8, 16, 3), np.uint8)
    left_black[:, 8:] = 255
    Image.fromarray(left_black).save(tmp_path / "x.png")
    image = read_image(tmp_path / "x.png", Shape(3, 8, 8))
    assert image[:, :, :4].max() == 0
    assert image[:, :, 4:].min() == 255


def test_colours_become_what_the_input_has(tmp_path: Path) -> None:
    save(tmp_path / "grey.png", 77)
    save(tmp_path / "red.png", (255, 0, 0))
    assert (read_image(tmp_path / "grey.png", Shape(3, 4, 4)) == 77).all()
    luma = read_image(tmp_path / "red.png", Shape(1, 4, 4))[0, 0, 0].item()
    assert luma == pytest.approx(0.299 * 255, abs=1)
    found = refusal(lambda: load_data(Recipe(), Shape(2, 8, 8), NOWHERE))
    assert found.message == "images have 1 or 3 channels, the network's input has 2"


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    half = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    half.paste((0, 0, 255, 255), (0, 0, 2, 4))
    half.save(tmp_path / "x.png")
    image = read_image(tmp_path / "x.png", Shape(3, 4, 4))
    assert image[:, 0].T.tolist() == [[0, 0, 255], [0, 0, 255], [255, 255, 255], [255, 255, 255]]
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([9, 9, 9, 0, 0, 0])
    palette.save(tmp_path / "y.png", transparency=1)
    assert (read_image(tmp_path / "y.png", GREY) == 255).all()


@pytest.mark.parametrize("size", [(32, 32), (13, 40), (5, 7)])
@pytest.mark.parametrize("shape", [GREY, Shape(3, 8, 8), Shape(1, 12, 20)])
def test_a_set_and_a_file_give_the_same_pixels(size: tuple[int, int], shape: Shape, tmp_path: Path) -> None:
    pixels = np.random.RandomState(0).randint(0, 256, (*size, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "x.png")
    ours = fit(torch.from_numpy(pixels.transpose(2, 0, 1).copy())[None], shape)[0]
    theirs = read_image(tmp_path / "x.png", shape)
    assert (ours.int() - theirs.int()).abs().max() <= 1


@pytest.mark.parametrize("size", [(1_000_000, 1), (1, 300_000)])
def test_of_a_strip_only_the_middle_is_scaled(size: tuple[int, int], tmp_path: Path) -> None:
    Image.new("L", size, 9).save(tmp_path / "x.png")
    assert (read_image(tmp_path / "x.png", Shape(3, 224, 224)) == 9).all()
    pixels = torch.full((1, 1, size[1], size[0]), 9, dtype=torch.uint8)
    assert (fit(pixels, Shape(1, 224, 224)) == 9).all()


@pytest.mark.parametrize("shape", [GREY, Shape(1, 7, 31), Shape(1, 40, 6)])
def test_what_is_cropped_first_is_what_is_cropped_last(shape: Shape, tmp_path: Path) -> None:
    Image.fromarray(np.random.RandomState(0).randint(0, 256, (13, 40), np.uint8)).save(tmp_path / "x.png")
    scale = max(shape.h / 13, shape.w / 40)
    w, h = max(shape.w, round(40 * scale)), max(shape.h, round(13 * scale))
    whole = np.asarray(Image.open(tmp_path / "x.png").resize((w, h), Image.Resampling.BILINEAR), int)
    left, top = round((w - shape.w) / 2), round((h - shape.h) / 2)
    ours = read_image(tmp_path / "x.png", shape)[0].numpy().astype(int)
    assert abs(ours - whole[top : top + shape.h, left : left + shape.w]).max() <= 1


def test_enormous_images_are_refused_without_noise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    save(tmp_path / "x.png", 0)
    for limit in (100, 10):  # beyond the limit Pillow warns, beyond twice that it raises
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        assert refusal(lambda: read_image(tmp_path / "x.png", GREY)).code == "V530"
    assert not recwarn.list


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_no_regular_file_is_not_read(tmp_path: Path) -> None:
    for name in "ab":
        for i in range(10):
            save(tmp_path / name / f"{i}.png", i)
    os.mkfifo(tmp_path / "a" / "x.png")
    (tmp_path / "a" / "y.png").symlink_to("/dev/zero")
    data = load_data(folder(tmp_path), GREY, NOWHERE)
    assert data.notes == (f"2 files in {tmp_path} passed over: no regular files",)
    for path in (tmp_path / "a" / "x.png", Path("/dev/zero"), Path("x" * 300 + ".png")):
        assert refusal(partial(read_image, path, GREY)).code == "V530"
    assert refusal(lambda: load_data(folder(Path("x" * 300)), GREY, NOWHERE)).code == "V503"


@pytest.mark.skipif(sys.platform != "linux", reason="needs names of any bytes")
def test_a_class_is_named_in_text(tmp_path: Path) -> None:
    for name in (b"a", b"b\xff"):
        save(tmp_path / os.fsdecode(name) / "x.png", 0)
    assert refusal(lambda: load_data(folder(tmp_path), GREY, NOWHERE)).code == "V512"


@pytest.mark.parametrize("data", ["fake(n=1000000)", "fake(n=100, classes=1000000)"])
def test_fakes_without_end_are_refused(data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 10_000_000)
    recipe = spec_on(data).recipe()
    assert refusal(lambda: load_data(recipe, RGB, NOWHERE)).code == "V507"


def test_deep_images_are_not_cut_off(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4), 40_000, np.uint16)).save(tmp_path / "x.png")
    assert "8 bits" in refusal(lambda: read_image(tmp_path / "x.png", GREY)).message


def test_resizing_in_parts_is_resizing() -> None:
    images = torch.from_numpy(np.random.RandomState(0).randint(0, 256, (1003, 1, 4, 4), np.uint8))
    assert fit(images, GREY)[1001:].equal(fit(images[1001:], GREY))


# -- the others


def test_fakes_are_always_the_same() -> None:
    recipe = Recipe(data=Data("fake", n=50, classes=5))
    data = load_data(recipe, RGB, NOWHERE)
    assert (data.split, len(data.classes), data.digest) == ("35/5/10", 5, load_data(recipe, RGB, NOWHERE).digest)
    assert data.train.images.dtype == torch.uint8


def test_other_sets_are_refused_with_their_place() -> None:
    spec = spec_on("svhn")
    found = refusal(lambda: load_data(spec.recipe(), RGB, NOWHERE))
    assert (found.code, found.labels[0].span.text) == ("V505", "data svhn")
    assert "cifar10" in str(found.help)
