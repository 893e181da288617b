"""Data sets: read as they are, divided fairly and always alike, refused where they can't be had."""

import hashlib
import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from images import save
from PIL import Image
from refusals import refusal

from vggdsl.data import cifar, memory
from vggdsl.data import dataset as data
from vggdsl.data.batches import read_all
from vggdsl.data.dataset import DataSet, load_data
from vggdsl.data.formats import SUFFIXES
from vggdsl.data.images import fit, read_image
from vggdsl.data.splits import Images, Lazy, Split, set_aside
from vggdsl.data.views import SIZES
from vggdsl.network.shapes import Shape
from vggdsl.spec.parsing import parse
from vggdsl.spec.recipe import DATA_SETS, Data, Recipe
from vggdsl.spec.spec import Spec

GREY, RGB = Shape(1, 8, 8), Shape(3, 32, 32)
NOWHERE = Path("/nowhere")


def spec_on(data: str, size: str = "32x32x3") -> Spec:
    return parse(f"input {size} conv3-4 maxpool FC-10 softmax\ntrain {{\n  data {data}\n}}", "x.arch")


def images_of(split: Images) -> torch.Tensor:
    return split.images if isinstance(split, Split) else read_all(split)


def rows(split: Images) -> list[bytes]:
    return [image.numpy().tobytes() for image in images_of(split)]


# -- divisions


@pytest.fixture(scope="module")
def digits() -> DataSet:
    return load_data(Recipe(data=Data("digits")), GREY, NOWHERE)


def test_other_colours_than_the_inputs_are_told(digits: DataSet) -> None:
    told = "grey images are made RGB, three times the same, as the network's input is"
    assert digits.notes == ()
    assert load_data(Recipe(data=Data("digits")), Shape(3, 8, 8), NOWHERE).notes == (told,)


def test_digits_are_divided_alike_on_every_machine(digits: DataSet) -> None:
    assert digits.split == "1257/180/360"
    assert digits.digest == "dda410bf"
    assert digits.classes == tuple("0123456789")


def test_digits_are_divided_without_loss_or_overlap(digits: DataSet) -> None:
    from sklearn.datasets import load_digits

    apart = [*rows(digits.train), *rows(digits.val), *rows(digits.test)]
    scans = np.rint(load_digits().images * (255 / 16)).astype(np.uint8)
    assert sorted(apart) == sorted(scan.tobytes() for scan in scans)
    assert images_of(digits.train).max() == 255


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
    monkeypatch.setitem(data.SOURCES, "cifar10", cifar.source(replace(cifar.CIFAR10, images=(40, 40))))
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
    found = load_data(recipe, RGB, binary)
    assert found.split == "150/50/40"
    assert found.classes[3] == "cat"
    raw = np.fromfile(binary / "cifar-10-batches-bin" / "test_batch.bin", np.uint8).reshape(40, 3073)
    assert found.test.labels.tolist() == raw[:, 0].tolist()
    red = images_of(found.test)[7, 0].numpy()
    assert red.tobytes() == raw[7, 1:1025].tobytes()
    assert torch.bincount(found.val.labels).tolist() == [5] * 10
    inside = load_data(recipe, RGB, binary / "cifar-10-batches-bin")
    assert inside.digest == found.digest


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
    recipe = Recipe(data=Data("cifar10", val=50, test=20))
    assert "has test images of its own" in refusal(lambda: load_data(recipe, RGB, binary)).message


# -- folders


def folder(path: Path) -> Recipe:
    return Recipe(data=Data("folder", str(path)))


def test_a_folder_is_one_pool(tmp_path: Path) -> None:
    for i in range(20):
        save(tmp_path / "set" / "dark" / f"{i}.png", i)
        save(tmp_path / "set" / "light" / "deep" / f"{i}.PNG", 200 + i)
    (tmp_path / "set" / "dark" / "notes.txt").write_text("no image")
    (tmp_path / "set" / ".cache").mkdir()
    found = load_data(folder(Path("set")), Shape(3, 6, 6), tmp_path)
    assert found.split == "28/4/8"
    assert found.notes == (
        "images in folders within those of classes are taken too: deep",
        f"1 file in {tmp_path / 'set'} passed over: 1 .txt; images end in {', '.join(SUFFIXES)}",
        "grey images are made RGB, three times the same, as the network's input is",
    )
    assert found.classes == ("dark", "light")
    for split in (found.train, found.val, found.test):
        assert ((images_of(split)[:, 0, 0, 0] >= 200) == split.labels.bool()).all()
    assert load_data(folder(tmp_path / "set"), Shape(3, 6, 6), NOWHERE).digest == found.digest


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
    (tmp_path / "train" / "c" / "0.heic").write_bytes(b"no format that is read")
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
        for i in range(10):
            (tmp_path / name / f"x{i}.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    found = refusal(lambda: load_data(folder(tmp_path), GREY, tmp_path))
    assert found.code == "V530"
    assert ".png" in found.message


def test_too_many_images_are_refused_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 60_000 * 3 * 32 * 32 - 1)
    (tmp_path / "cifar-10-batches-py").mkdir()
    found = refusal(lambda: load_data(Recipe(data=Data("cifar10")), RGB, tmp_path))
    assert found.code == "V507"
    assert found.message == "60,000 images of 3.1 kB take 184.3 MB of memory, 184.3 MB are free"


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
    found = load_data(folder(tmp_path), GREY, NOWHERE)
    assert found.notes == (f"2 files in {tmp_path} passed over: no regular files",)
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
    found = load_data(recipe, RGB, NOWHERE)
    assert (found.split, len(found.classes), found.digest) == ("35/5/10", 5, load_data(recipe, RGB, NOWHERE).digest)
    assert images_of(found.train).dtype == torch.uint8


def test_every_set_of_the_language_can_be_read() -> None:
    assert set(data.SOURCES) == set(DATA_SETS)
    assert {name: SIZES[name] for name in SIZES if DATA_SETS[name].classes} == SIZES


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("mnist", ("MNIST/raw", "train-images-idx3-ubyte", "yann.lecun.com", "`--download`")),
        ("fashion-mnist", ("FashionMNIST/raw", "zalandoresearch", "`--download`")),
        ("cifar10", ("cifar-10-batches-bin", "cifar-10-batches-py", "`--download`")),
        ("cifar100", ("cifar-100-binary", "cifar-100-python", "`--download`")),
        ("svhn", ("train_32x32.mat", "ufldl.stanford.edu", "`--download`")),
        ("stl10", ("stl10_binary", "train_X.bin", "cs.stanford.edu", "`--download`")),
        ("tiny-imagenet", ("tiny-imagenet-200/train", "cs231n.stanford.edu", "`--download` doesn't")),
        ("imagenet", ("imagenet/train", "image-net.org", "not by `--download`")),
    ],
)
def test_a_set_that_is_missing_is_told_with_a_way_to_get_it(name: str, told: tuple[str, ...], tmp_path: Path) -> None:
    recipe = spec_on(name).recipe()
    for call in (partial(data.look_for_data, recipe, tmp_path), partial(load_data, recipe, RGB, tmp_path)):
        found = refusal(call)
        assert (found.code, found.labels[0].span.text) == ("V503", f"data {name}")
        assert all(part in str(found.help) for part in (*told, str(tmp_path), "--data DIR")), found.help


@pytest.mark.parametrize(("name", "is_fetched"), [("mnist", True), ("stl10", True), ("imagenet", False)])
def test_what_is_to_be_fetched_is_not_looked_for(name: str, is_fetched: bool, tmp_path: Path) -> None:
    look = partial(data.look_for_data, Recipe(data=Data(name)), tmp_path, download=True)
    if is_fetched:
        look()
    else:
        assert refusal(look).code == "V503"


# -- archives


def idx(values: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]") -> bytes:
    """The format of MNIST (LeCun et al. 1998): a magic number, the sizes, and the values."""
    header = np.array([0x800 + values.ndim, *values.shape], ">i4")
    return header.tobytes() + values.tobytes()


def write_idx(folder: Path, counts: tuple[int, int] = (60, 20)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.RandomState(0)
    for part, count in zip(("train", "t10k"), counts, strict=True):
        images = random.randint(0, 256, (count, 28, 28), np.uint8)
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx(images))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx((np.arange(count) % 10).astype(np.uint8)))


@pytest.mark.parametrize(("name", "folder"), [("mnist", "MNIST"), ("fashion-mnist", "FashionMNIST")])
def test_mnist_is_read(name: str, folder: str, tmp_path: Path) -> None:
    write_idx(tmp_path / folder / "raw")
    found = load_data(Recipe(data=Data(name, val=10)), Shape(1, 28, 28), tmp_path)
    assert (found.split, len(found.classes)) == ("50/10/20", 10)
    raw = (tmp_path / folder / "raw" / "t10k-images-idx3-ubyte").read_bytes()[16:]
    assert images_of(found.test).numpy().tobytes() == raw
    assert found.test.labels.tolist() == [i % 10 for i in range(20)]
    if name == "fashion-mnist":
        assert found.classes[9] == "Ankle boot"


@pytest.mark.parametrize("fault", ["short", "labels", "size", "other", "empty"])
def test_mnist_that_is_wrong_is_refused(fault: str, tmp_path: Path) -> None:
    folder = tmp_path / "MNIST" / "raw"
    write_idx(folder)
    images, labels = folder / "train-images-idx3-ubyte", folder / "train-labels-idx1-ubyte"
    if fault == "short":
        images.write_bytes(images.read_bytes()[:-1])
    if fault == "labels":
        labels.write_bytes(idx(np.full(60, 10, np.uint8)))
    if fault == "size":
        images.write_bytes(idx(np.zeros((60, 8, 8), np.uint8)))
    if fault == "other":
        labels.write_bytes(idx(np.zeros(59, np.uint8)))
    if fault == "empty":
        images.write_bytes(b"")
    spec = spec_on("mnist(val=10)", "28x28x1")
    found = refusal(lambda: load_data(spec.recipe(), Shape(1, 28, 28), tmp_path))
    assert (found.code, found.labels[0].span.text) == ("V512", "data mnist(val=10)")


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def test_svhn_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from scipy.io import savemat  # type: ignore[import-untyped]  # it comes with scikit-learn
    from torchvision.datasets import SVHN

    random = np.random.RandomState(0)
    images = {part: random.randint(0, 256, (32, 32, 3, 20), np.uint8) for part in ("train", "test")}
    for part, values in images.items():  # where the digit 0 is called 10
        savemat(tmp_path / f"{part}_32x32.mat", {"X": values, "y": (np.arange(20) % 10 + 1).reshape(-1, 1)})
    recipe = Recipe(data=Data("svhn", val=5))
    assert "svhn" in str(refusal(lambda: load_data(recipe, RGB, tmp_path)).message).lower()  # torchvision's sums
    sums = {part: ["", f"{part}_32x32.mat", md5(tmp_path / f"{part}_32x32.mat")] for part in images}
    monkeypatch.setattr(SVHN, "split_list", sums)
    found = load_data(recipe, RGB, tmp_path)
    assert found.split == "15/5/20"
    assert images_of(found.test)[7, 1, 2, 3] == images["test"][2, 3, 1, 7]
    assert found.test.labels.tolist() == [(i % 10 + 1) % 10 for i in range(20)]


def test_stl10_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.datasets import STL10

    folder = tmp_path / "stl10_binary"
    folder.mkdir()
    random = np.random.RandomState(0)
    for part, count in (("train", 30), ("test", 10), ("unlabeled", 1)):  # channel by channel, column by column
        random.randint(0, 256, (count, 3, 96, 96), np.uint8).tofile(folder / f"{part}_X.bin")
        (np.arange(count) % 10 + 1).astype(np.uint8).tofile(folder / f"{part}_y.bin")
    recipe = Recipe(data=Data("stl10", val=10))
    assert refusal(lambda: load_data(recipe, Shape(3, 96, 96), tmp_path)).code == "V512"  # torchvision's sums
    for name in ("train_list", "test_list"):
        sums = [[file, md5(folder / file)] for file, _ in getattr(STL10, name)]
        monkeypatch.setattr(STL10, name, sums)
    found = load_data(recipe, Shape(3, 96, 96), tmp_path)
    assert found.split == "20/10/10"
    raw = np.fromfile(folder / "test_X.bin", np.uint8).reshape(10, 3, 96, 96)
    assert images_of(found.test)[4, 2, 5, 80] == raw[4, 2, 80, 5]
    assert (found.test.labels.tolist(), found.classes[9]) == (list(range(10)), "truck")


def test_cifar100_binary_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(data.SOURCES, "cifar100", cifar.source(replace(cifar.CIFAR100, images=(300, 100))))
    folder = tmp_path / "cifar-100-binary"
    folder.mkdir()
    random = np.random.RandomState(1)
    for name, count in (("train", 300), ("test", 100)):
        records = random.randint(0, 256, (count, 3074)).astype(np.uint8)
        records[:, 0] = np.arange(count) % 20  # the superclass
        records[:, 1] = np.arange(count) % 100
        records.tofile(folder / f"{name}.bin")
    found = load_data(Recipe(data=Data("cifar100", val=100)), RGB, tmp_path)
    assert (found.split, found.classes[0], found.classes[99]) == ("200/100/100", "apple", "worm")
    assert len(set(found.classes)) == 100
    assert found.test.labels.tolist() == list(range(100))
    raw = np.fromfile(folder / "test.bin", np.uint8).reshape(100, 3074)
    assert rows(found.test) == [record[2:].tobytes() for record in raw]


def test_cifar100_python_version_is_checked_before_it_is_unpickled(tmp_path: Path) -> None:
    (tmp_path / "cifar-100-python").mkdir()
    (tmp_path / "cifar-100-python" / "train").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    assert refusal(lambda: load_data(Recipe(data=Data("cifar100")), RGB, tmp_path)).code == "V512"


# -- ImageNet


FEW = 40
"""Classes that stand in for ImageNet's 1,000 or Tiny ImageNet's 200."""
APART = 6
"""How much redder a class is than the one before; JPEG changes a value by 4 at most."""


def give_few_classes(name: str, patch: pytest.MonkeyPatch) -> None:
    patch.setitem(DATA_SETS, name, replace(DATA_SETS[name], classes=FEW))


def save_many(folder: Path, names: tuple[str, ...], inside: str = "") -> None:
    for k in range(FEW):
        for name in names:
            save(folder / f"n{k:08}" / inside / name, (APART * k, k // 4, 7), (9, 8))


def test_tiny_imagenet_is_read_in_both_layouts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "tiny-imagenet-200"
    save_many(root / "train", tuple(f"{i}.JPEG" for i in range(10)), "images")
    (root / "train" / "n00000000" / "n00000000_boxes.txt").write_text("0.JPEG\t0\t0\t63\t63\n")
    lines = []
    for i in range(2 * FEW):
        save(root / "val" / "images" / f"val_{i}.JPEG", (i // 2 * APART, i // 8, 7), (9, 8))
        lines.append(f"val_{i}.JPEG\tn{i // 2:08}\t0\t0\t63\t63\n")
    annotations = root / "val" / "val_annotations.txt"
    annotations.write_text("".join(lines))
    recipe, shape = spec_on("tiny-imagenet", "8x8x3").recipe(), Shape(3, 8, 8)
    assert "has 40 folders of images; tiny-imagenet has 200 classes" in refused(recipe, tmp_path)
    give_few_classes("tiny-imagenet", monkeypatch)
    found = load_data(recipe, shape, tmp_path)
    assert found.split == "360/40/80"
    assert torch.bincount(found.val.labels).tolist() == [1] * FEW
    assert found.classes[3] == "n00000003"
    for split in (found.train, found.test):
        assert (images_of(split)[:, 0, 0, 0].int() - split.labels * APART).abs().max() <= 4
    annotations.write_text("".join(lines) + "../val_1.JPEG\tn00000000\n")
    assert "line 81" in refused(recipe, tmp_path)
    annotations.unlink()
    for i in range(2 * FEW):
        folder = root / "val" / f"n{i // 2:08}"
        folder.mkdir(exist_ok=True)
        (root / "val" / "images" / f"val_{i}.JPEG").rename(folder / f"val_{i}.JPEG")
    (root / "val" / "images").rmdir()
    again = load_data(recipe, shape, tmp_path)
    assert again.test.labels.equal(found.test.labels)
    assert images_of(again.test).equal(images_of(found.test))


def test_imagenet_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "imagenet"
    save_many(root / "train", ("a.JPEG", "b.JPEG"))
    save_many(root / "val", ("c.JPEG",))
    spec = parse(
        "input 8x8x3 conv3-4 FC-1000 softmax\ntrain {\n data imagenet\n augment scale(8..9) crop(8) hflip\n}", "x"
    )
    recipe = spec.recipe()
    with monkeypatch.context() as patch:
        give_few_classes("imagenet", patch)
        found = load_data(recipe, Shape(3, 8, 8), tmp_path)
        assert found.split == "76/40/4"
        assert found.val.labels.tolist() == list(range(FEW))
        assert isinstance(found.train, Lazy)
        assert (images_of(found.val)[:, 0, 0, 0].int() - torch.arange(FEW) * APART).abs().max() <= 4
        (root / "train" / "n00000039").rename(tmp_path / "gone")
        assert "is a class that the training images don't have" in refused(recipe, tmp_path)
    (root / "val" / "n00000039").rename(tmp_path / "gone too")
    told = refusal(lambda: load_data(recipe, Shape(3, 8, 8), tmp_path))
    assert "has 39 folders of images; imagenet has 1,000 classes" in told.message
    assert 'folder("imagenet")' in str(told.help)


def refused(recipe: Recipe, root: Path) -> str:
    return refusal(lambda: load_data(recipe, Shape(3, 8, 8), root)).message


# -- without sense (Zhang et al. 2016)


def test_random_labels_are_uniform_and_fixed() -> None:
    true = load_data(Recipe(data=Data("fake", n=3000)), GREY, NOWHERE)
    recipe = spec_on("fake(n=3000, labels=random)", "8x8x1").recipe()
    found = load_data(recipe, GREY, NOWHERE)
    for name in ("train", "val"):
        ours, theirs = getattr(found, name), getattr(true, name)
        assert images_of(ours).equal(images_of(theirs))
        agree = (ours.labels == theirs.labels).double().mean()
        assert agree == pytest.approx(0.1, abs=4 * (0.1 * 0.9 / len(ours)) ** 0.5)
    counts = torch.bincount(found.train.labels, minlength=10)
    assert counts.min() > 210 - 4 * 210**0.5
    assert found.test.labels.equal(true.test.labels)
    assert found.digest != true.digest
    assert found.digest == load_data(recipe, GREY, NOWHERE).digest


@pytest.mark.parametrize("augments", ["none", "scale(9..12) crop(8)"])
def test_noise_has_the_mean_and_deviation_of_the_set(augments: str) -> None:
    def load(dataset: str) -> DataSet:
        text = f"input 8x8x3 conv3-4 FC-10 softmax\ntrain {{\n data {dataset}\n augment {augments}\n}}"
        return load_data(parse(text).recipe(), Shape(3, 8, 8), NOWHERE)

    true, found = load("fake(n=1000)"), load("fake(n=1000, images=noise)")
    theirs = true.normalisation("mean-std")
    pixels = torch.cat([images_of(found.train), images_of(found.val)]).double() / 255
    if augments == "none":  # scaling smooths noise
        assert pixels.std((0, 2, 3)).tolist() == pytest.approx(theirs.std, rel=0.05)
    assert pixels.mean((0, 2, 3)).tolist() == pytest.approx(theirs.mean, rel=0.05)
    assert len(set(rows(Split(images_of(found.train), found.train.labels)))) == len(found.train)
    assert not images_of(found.train)[: len(found.val)].equal(images_of(found.val))
    assert found.train.labels.equal(true.train.labels)
    assert images_of(found.test).equal(images_of(true.test))
    assert found.digest == load("fake(n=1000, images=noise)").digest != true.digest


def test_what_has_no_sense_changes_the_recipe_s_digest() -> None:
    texts = ("fake", "fake(labels=random)", "fake(images=noise)", "fake(labels=random, images=noise)")
    recipes = [spec_on(text).recipe() for text in texts]
    assert len({recipe.digest for recipe in recipes}) == 4
    assert [str(recipe.data) for recipe in recipes] == list(texts)
    found = refusal(lambda: spec_on("fake(labels=true)"))
    assert (found.code, found.help) == ("V406", "write labels=random, or remove it")


def test_files_can_be_noise_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "ab":
        for i in range(20):
            save(tmp_path / name / f"{i}.png", 10 * i)
    recipe = Recipe(data=Data("folder", str(tmp_path), labels="random", images="noise"))
    held = load_data(recipe, GREY, NOWHERE)
    monkeypatch.setattr(data, "available", lambda: 0)
    lazy = load_data(recipe, GREY, NOWHERE)
    assert (type(held.train), type(lazy.train)) == (Split, Lazy)
    assert images_of(held.train).equal(images_of(lazy.train))
    assert held.digest == lazy.digest
