"""All files of a set are looked at before a training: what can't be read, what is there twice, what is left."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from io import BufferedReader
from pathlib import Path

import numpy as np
import pytest
import torch
from images import noise, save
from PIL import Image
from refusals import findings, refusal

from vggdsl.data import dataset as data
from vggdsl.data import decoding, inspection
from vggdsl.data.batches import read_all
from vggdsl.data.dataset import DataSet, find_data, load_data
from vggdsl.data.decoding import open_image
from vggdsl.data.formats import FORMATS, Kind
from vggdsl.data.splits import Lazy, Split
from vggdsl.data.traits import RULES, traits_of
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.prepare import prepare
from vggdsl.experiments.workplace import Workplace
from vggdsl.network.shapes import Shape
from vggdsl.spec.parsing import parse
from vggdsl.spec.recipe import Crop, Data, Recipe, Scale
from vggdsl.text import caches
from vggdsl.text.errors import Diagnostic, VggdslError

GREY = Shape(1, 8, 8)
NOWHERE = Path("/nowhere")


def folder(path: Path, **entries: object) -> Recipe:
    return Recipe(data=Data("folder", str(path), **entries))  # type: ignore[arg-type]  # of several types


def pool(root: Path, count: int = 20, ending: str = ".png") -> Path:
    for k, name in enumerate("ab"):
        for i in range(count):
            noise(root / name / f"{i:02}{ending}", 1000 * k + i, (30, 30))
    return root


def lazily(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of files is held in memory."""
    monkeypatch.setattr(data, "available", lambda: 0)


def images_of(split: Split | Lazy) -> torch.Tensor:
    return split.images if isinstance(split, Split) else read_all(split)


# -- what can't be read

AVIF = "it is truncated" if "AVIF" in FORMATS else "it is AVIF, which isn't read here"
BAD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "it is empty"),
    "cut": (lambda whole: whole[: len(whole) // 2], "it is truncated"),
    "cut in its header": (lambda whole: whole[:12], "it is truncated"),
    "html": (lambda _: b"\n<!DOCTYPE html>\n<html>404", "it is a web page (HTML), and no image"),
    "html in capitals": (lambda _: b"\xef\xbb\xbf<HTML><body>", "it is a web page (HTML), and no image"),
    "svg": (lambda _: b"<?xml version='1.0'?><svg/>", "it is a drawing (SVG), and no image of pixels"),
    "lfs": (
        lambda _: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "it is a pointer of Git LFS, and no image",
    ),
    "text": (lambda _: b'{"error": "not found"}', "it is text, and no image"),
    "heic": (lambda _: b"\0\0\0\x18ftypheic\0\0\0\0mif1" + bytes(99), "it is HEIC, which isn't read here"),
    "avif": (lambda _: b"\0\0\0\x20ftypavif" + bytes(99), AVIF),
    "pdf": (lambda _: b"%PDF-1.7", "it is a PDF, and no image"),
    "zip": (lambda _: b"PK\3\4" + bytes(60), "it is an archive (ZIP), and no image"),
    "other": (lambda _: b"\0\0\0\x18ftypisom" + bytes(60), "it is no image"),
    "bits of text": (lambda _: b"GIF", "it is no image"),
    "zeros": (lambda _: bytes(500), "it is no image"),
}


@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp", ".bmp", ".tif", ".ppm"])
@pytest.mark.parametrize("fault", ["empty", "cut", "html"])
def test_a_bad_file_says_why(fault: str, ending: str, tmp_path: Path) -> None:
    break_, why = BAD[fault]
    bad = pool(tmp_path, ending=ending) / "a" / f"05{ending}"
    bad.write_bytes(break_(bad.read_bytes()))
    found = refusal(lambda: load_data(folder(tmp_path), GREY, NOWHERE))
    assert (found.code, found.message) == ("V530", f"{bad} can't be read: {why}")
    assert found.help == "mend them or take them away; or leave them out: `--skip-bad`"


@pytest.mark.parametrize("fault", BAD)
def test_every_reason_is_told(fault: str, tmp_path: Path) -> None:
    break_, why = BAD[fault]
    bad = pool(tmp_path) / "b" / "07.png"
    bad.write_bytes(break_(bad.read_bytes()))
    assert refusal(lambda: load_data(folder(tmp_path), GREY, NOWHERE)).message == f"{bad} can't be read: {why}"


def test_a_bomb_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise(pool(tmp_path) / "a" / "05.png", 0, (40, 40))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert refusal(lambda: load_data(folder(tmp_path), GREY, NOWHERE)).message == (
        f"{tmp_path / 'a' / '05.png'} can't be read: it has more than 1,000 pixels"
    )


def spoil(root: Path) -> None:
    """Three empty files, one that is cut and one that is a web page."""
    for name in ("a/03.png", "b/00.png", "b/19.png"):
        (root / name).write_bytes(b"")
    cut = root / "a" / "11.png"
    cut.write_bytes(cut.read_bytes()[:300])
    (root / "b" / "04.png").write_text("<html>")


@pytest.mark.parametrize("is_held", [True, False])
def test_all_are_told_once_by_reasons(is_held: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(pool(tmp_path))
    if not is_held:
        lazily(monkeypatch)
    told = findings(lambda: load_data(folder(tmp_path), GREY, NOWHERE))
    assert {each.message for each in told} == {
        f"3 images in {tmp_path} can't be read: it is empty: a/03.png, b/00.png, b/19.png",
        f"{tmp_path / 'a/11.png'} can't be read: it is truncated",
        f"{tmp_path / 'b/04.png'} can't be read: it is a web page (HTML), and no image",
    }
    assert [each.help is None for each in told] == [True, True, False]


def test_of_very_many_some_are_named(tmp_path: Path) -> None:
    for path in pool(tmp_path, 40).rglob("*.png"):
        path.write_bytes(b"")
    message = refusal(lambda: load_data(folder(tmp_path), GREY, NOWHERE)).message
    assert message.startswith(f"80 images in {tmp_path} can't be read: it is empty: a/00.png, a/01.png, ")
    assert message.endswith("a/19.png and 60 more")


@pytest.mark.parametrize("is_held", [True, False])
def test_bad_ones_are_left_out(is_held: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = load_data(folder(pool(tmp_path / "set")), GREY, NOWHERE)
    spoil(tmp_path / "set")
    if not is_held:
        lazily(monkeypatch)
    found = load_data(folder(tmp_path / "set"), GREY, NOWHERE, skip_bad=True)
    assert isinstance(found.train, Split if is_held else Lazy)
    assert (whole.left_out, found.left_out) == (0, 5)
    assert {each.code for each in found.warnings} == {"W503"}
    assert sum(map(len, (found.train, found.val, found.test))) == 35
    for name in ("train", "val", "test"):  # the others stay where they were
        ours, theirs = getattr(found, name), getattr(whole, name)
        kept = {image.numpy().tobytes(): int(label) for image, label in zip(images_of(ours), ours.labels, strict=True)}
        known = {i.numpy().tobytes(): int(label) for i, label in zip(images_of(theirs), theirs.labels, strict=True)}
        assert kept.items() <= known.items()
    assert found.digest != whole.digest


def test_what_is_left_out_is_digested_alike_held_or_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(pool(tmp_path))
    held = load_data(folder(tmp_path), GREY, NOWHERE, skip_bad=True)
    lazily(monkeypatch)
    lazy = load_data(folder(tmp_path), GREY, NOWHERE, skip_bad=True)
    assert (held.digest, held.split) == (lazy.digest, lazy.split)
    assert held.normalisation("mean-std") == lazy.normalisation("mean-std")


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("train/b/*",), "no images of b to train on are left that can be read"),
        (("val/*/*",), "no val images are left that can be read"),
        (("test/*/*",), "no test images are left that can be read"),
    ],
)
def test_something_must_be_left(names: tuple[str, ...], told: str, tmp_path: Path) -> None:
    for seed, part in enumerate(("train", "val", "test")):
        for k, name in enumerate("ab"):
            for i in range(4):
                noise(tmp_path / part / name / f"{i}.png", 100 * seed + 10 * k + i)
    for name in names:
        for path in tmp_path.glob(name):
            path.write_bytes(b"")
    found = refusal(lambda: load_data(folder(tmp_path), GREY, NOWHERE, skip_bad=True))
    assert (found.code, found.message) == ("V512", told)


def test_what_a_list_names_and_isn_t_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (pool(tmp_path) / "a" / "gone.png").symlink_to(tmp_path / "a" / "05.png")
    listed = inspection.look

    def look(*arguments: object) -> object:
        (tmp_path / "a" / "05.png").unlink()  # with it its link, between listing and looking
        return listed(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(data, "look", look)
    told = refusal(lambda: load_data(folder(tmp_path), GREY, NOWHERE)).message
    assert told == f"2 images in {tmp_path} can't be read: No such file or directory: a/05.png, a/gone.png"


def test_too_little_memory_is_no_fault_of_an_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def convert(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Image.Image, "convert", convert)
    with pytest.raises(MemoryError):
        load_data(folder(pool(tmp_path)), GREY, NOWHERE, skip_bad=True)


# -- how often a file is read


def count_decodes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    decoded = list[str]()
    opened = Image.open

    def open_(file: BufferedReader, **options: object) -> Image.Image:
        decoded.append(Path(file.name).name)
        return opened(file, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Image, "open", open_)
    return decoded


def test_what_is_held_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = count_decodes(monkeypatch)
    found = load_data(folder(pool(tmp_path)), GREY, NOWHERE)
    assert isinstance(found.train, Split)
    found.normalisation("mean-std")
    assert len(decoded) == 40


CROPPED = (Scale(9, 9), Crop(8))


@pytest.mark.parametrize("is_held", [True, False])
@pytest.mark.parametrize("entries", [{}, {"n": 30}, {"labels": "random"}, {"images": "noise"}])
@pytest.mark.parametrize("is_cropped", [True, False])
@pytest.mark.parametrize("skip_bad", [True, False])
def test_a_digest_is_that_of_what_is_loaded(
    is_held: bool,
    entries: dict[str, object],
    is_cropped: bool,
    skip_bad: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not is_held:
        lazily(monkeypatch)
    pool(tmp_path)
    if skip_bad:
        spoil(tmp_path)
    files = folder(tmp_path, **entries)
    digits = Recipe(data=Data("digits", **{"n": 100, **entries}))  # type: ignore[arg-type]  # of several types
    for plain in (files, digits) if is_held else (files,):  # arrays are always held
        recipe = replace(plain, augment=CROPPED) if is_cropped else plain
        found = find_data(recipe, GREY, NOWHERE)
        assert found.digest(skip_bad=skip_bad) == found.load(skip_bad=skip_bad).digest


def test_a_digest_of_files_decodes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_data(folder(pool(tmp_path)), GREY, NOWHERE)
    decoded = count_decodes(monkeypatch)
    digest, told = found.digest(), list[tuple[int, int]]()
    assert not decoded
    assert found.digest(skip_bad=True, told=lambda *counts: told.append(counts)) == digest
    assert (len(decoded), told) == (40, [(i, 40) for i in range(1, 41)])


def test_what_was_found_good_is_not_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lazily(monkeypatch)
    monkeypatch.setattr(caches, "folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(inspection, "_WORTH", 10)
    root = pool(tmp_path / "set")
    (root / "a" / "03.png").write_bytes(b"")
    decoded = count_decodes(monkeypatch)

    def load() -> DataSet:
        decoded.clear()
        return load_data(folder(root), GREY, NOWHERE, skip_bad=True)

    first = load()
    assert len(decoded) == 40
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["inspected.npy"]
    again = load()
    assert decoded == ["03.png"], "what can't be read is tried anew"
    assert (again.warnings, again.digest) == (first.warnings, first.digest)
    noise(root / "b" / "07.png", 4711, (31, 30))  # another size
    os.utime(root / "b" / "08.png", ns=(1, 1))  # another time
    load()
    assert sorted(decoded) == ["03.png", "07.png", "08.png"]
    (tmp_path / "cache" / "inspected.npy").write_bytes(b"torn")
    load()
    assert len(decoded) == 40


def test_what_was_found_good_by_other_rules_is_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lazily(monkeypatch)
    monkeypatch.setattr(caches, "folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(inspection, "_WORTH", 10)
    root = pool(tmp_path / "set", 6)
    load_data(folder(root), GREY, NOWHERE)
    monkeypatch.setattr(inspection, "RULES", RULES + 1)
    monkeypatch.setattr(decoding, "is_deep", lambda _: True)  # nothing is good any more
    assert "12 images" in refusal(lambda: load_data(folder(root), GREY, NOWHERE)).message


def test_an_interrupt_keeps_what_is_known_when_all_threads_have_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lazily(monkeypatch)
    monkeypatch.setattr(caches, "folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(inspection, "_WORTH", 1)
    late, known = list[str](), inspection._Known
    keep, add = known.keep, known.add

    def slow(self: inspection._Known, key: int, digest: int, traits: tuple[int, int, bool, int, int]) -> None:
        time.sleep(0.02)
        add(self, key, digest, traits)
        late.append("added")

    def kept(self: inspection._Known) -> None:
        late.append("kept")
        time.sleep(0.1)
        keep(self)

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(known, "add", slow)
    monkeypatch.setattr(known, "keep", kept)
    with pytest.raises(KeyboardInterrupt):
        load_data(folder(pool(tmp_path / "set")), GREY, NOWHERE, told=interrupt)
    assert late[-1] == "kept"
    table = np.load(next((tmp_path / "cache").iterdir()))
    assert table.shape == (late.count("added"),)


def test_little_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lazily(monkeypatch)
    monkeypatch.setattr(caches, "folder", lambda: tmp_path / "cache")
    load_data(folder(pool(tmp_path / "set")), GREY, NOWHERE)
    assert not list((tmp_path / "cache").iterdir())


def test_it_is_told_how_far_it_is(tmp_path: Path) -> None:
    told = list[tuple[int, int]]()
    load_data(folder(pool(tmp_path)), GREY, NOWHERE, told=lambda *far: told.append(far))
    assert told == [(i, 40) for i in range(1, 41)]


# -- the same image twice


def parts(root: Path, count: int = 6) -> Path:
    for seed, part in enumerate(("train", "val", "test")):
        for k, name in enumerate("ab"):
            for i in range(count):
                noise(root / part / name / f"{i}.png", 100 * seed + 10 * k + i)
    return root


def warned(recipe: Recipe, root: Path = NOWHERE) -> tuple[Diagnostic, ...]:
    return load_data(recipe, GREY, root).warnings


def copy(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())


@pytest.mark.parametrize("is_held", [True, False])
def test_an_image_in_two_splits_is_told(is_held: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not is_held:
        lazily(monkeypatch)
    root = parts(tmp_path)
    assert warned(folder(root)) == ()
    copy(root / "train" / "a" / "2.png", root / "test" / "a" / "under another name.png")
    (found,) = warned(folder(root))
    test, train = root / "test" / "a" / "under another name.png", root / "train" / "a" / "2.png"
    assert found.code == "W501"
    assert found.message == f"1 of 13 images in test is in train, too: {test} is {train}, byte for byte"
    for name in "ab":
        for i in range(3):
            copy(root / "train" / name / f"{i}.png", root / "val" / name / f"{i}.png")
    (found,) = warned(folder(root))
    assert found.message.startswith(
        "6 of 12 images in val are in train, too; 1 of 13 images in test is in train, too; "
        f"1 of 13 images in test is in val, too: {root / 'val' / 'a' / '0.png'} is {root / 'train' / 'a' / '0.png'}, "
    )


def test_copies_in_a_pool_come_into_two_splits(tmp_path: Path) -> None:
    for path in list(pool(tmp_path).rglob("*.png")):
        copy(path, path.with_name(f"copy of {path.name}"))
    (found,) = warned(folder(tmp_path))
    assert (found.code, "images in test are in train, too" in found.message) == ("W501", True)


@pytest.mark.parametrize("part", ["train", "test"])
def test_an_image_in_two_classes_is_told(part: str, tmp_path: Path) -> None:
    root = parts(tmp_path)
    copy(root / "train" / "a" / "2.png", root / part / "b" / "x.png")
    found = {each.code: each.message for each in warned(folder(root))}
    one, other = (f"{root / 'train' / 'a' / '2.png'} (a)", f"{root / part / 'b' / 'x.png'} (b)")
    assert found["W502"] == f"1 image is in several classes: {one} is {other}, byte for byte"
    assert ("W501" in found) == (part == "test")
    copy(root / "train" / "b" / "0.png", root / "train" / "a" / "y.png")
    found = {each.code: each.message for each in warned(folder(root))}
    assert found["W502"].startswith("2 images are in several classes: ")


def resaved(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(source) as image:
        image.save(target)


@pytest.mark.parametrize("is_held", [True, False])
def test_the_same_pixels_in_another_file_are_told(
    is_held: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_held:
        lazily(monkeypatch)
    root = parts(tmp_path)
    one, other = root / "train/a/2.png", root / "test/a/x.bmp"
    resaved(one, other)
    resaved(root / "val/b/1.png", root / "val/a/y.tif")
    found = {each.code: each.message for each in warned(folder(root))}
    clash = f"{root / 'val/a/y.tif'} (a) is {root / 'val/b/1.png'} (b)"
    assert found == {
        "W501": f"1 of 13 images in test is in train, too: {other} is {one}, pixel for pixel",
        "W502": f"1 image is in several classes: {clash}, pixel for pixel",
    }


def test_a_pixel_that_no_sketch_sees_tells_images_apart(tmp_path: Path) -> None:
    root = parts(tmp_path)
    for seed, name in enumerate(("train/a/2.png", "test/a/2.png")):
        noise(root / name, 7, (200, 200))
        with Image.open(root / name) as image:
            pixels = image.load()
            assert pixels is not None
            pixels[0, 0] = (200 * seed, 0, 0)
            image.save(root / name)
    one, other = (traits_of(open_image(root / name, 3), Kind()) for name in ("train/a/2.png", "test/a/2.png"))
    assert one == other, "their sketches are the same"
    assert warned(folder(root)) == ()


def test_what_was_remembered_as_grey_is_not_compared_with_colours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lazily(monkeypatch)
    monkeypatch.setattr(caches, "folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(inspection, "_WORTH", 1)
    root = parts(tmp_path / "set")
    load_data(folder(root), GREY, NOWHERE)
    resaved(root / "train/a/2.png", root / "test/a/x.bmp")
    (found,) = load_data(folder(root), Shape(3, 8, 8), NOWHERE).warnings
    assert found.message.endswith("pixel for pixel")
    again = load_data(folder(root), Shape(3, 8, 8), NOWHERE).warnings
    assert again == (found,)


def test_copies_in_one_class_of_one_split_do_no_harm(tmp_path: Path) -> None:
    root = parts(tmp_path)
    copy(root / "train" / "a" / "2.png", root / "train" / "a" / "x.png")
    assert warned(folder(root)) == ()


def test_unreadable_ones_are_no_copies_of_each_other(tmp_path: Path) -> None:
    root = parts(tmp_path)
    for part in ("train", "test"):
        (root / part / "a" / "0.png").write_bytes(b"")
        (root / part / "b" / "0.png").write_bytes(b"")
    found = load_data(folder(root), GREY, NOWHERE, skip_bad=True)
    assert [each.code for each in found.warnings] == ["W503"]


def test_copies_among_arrays_are_told(tmp_path: Path) -> None:
    from test_data import write_idx

    write_idx(tmp_path / "MNIST" / "raw")
    recipe = Recipe(data=Data("mnist", val=10))
    assert load_data(recipe, Shape(1, 28, 28), tmp_path).warnings == ()
    train, test = (tmp_path / "MNIST" / "raw" / f"{part}-images-idx3-ubyte" for part in ("train", "t10k"))
    theirs, ours = train.read_bytes(), bytearray(test.read_bytes())
    ours[16 + 784 * 7 : 16 + 784 * 8] = theirs[16 + 784 * 3 : 16 + 784 * 4]
    test.write_bytes(ours)
    shared, clash = load_data(recipe, Shape(1, 28, 28), tmp_path).warnings
    assert shared.message.startswith("1 of 20 images in test is in train, too: image 7 of test is image ")
    assert clash.message.startswith("1 image is in several classes: image ")
    assert "image 7 of test (7)" in clash.message
    noisy = Recipe(data=Data("mnist", val=10, images="noise"))
    assert load_data(noisy, Shape(1, 28, 28), tmp_path).warnings == (), "noise is trained on"


def test_scikit_learn_s_digits_have_no_copies() -> None:
    assert load_data(Recipe(data=Data("digits")), GREY, NOWHERE).warnings == ()


# -- what a person should know of a set


def sized(root: Path, **counts: int) -> Path:
    for k, (name, count) in enumerate(counts.items()):
        for i in range(count):
            noise(root / name / f"{i}.png", 1000 * k + i)
    return root


def told(root: Path, **entries: object) -> str:
    return str(load_data(folder(root, **entries), GREY, NOWHERE).sizes)


def test_even_classes_are_told_shortly(tmp_path: Path) -> None:
    assert told(pool(tmp_path)) == "14 training images a class, always guessing one: test accuracy 0.5000"
    digits = load_data(Recipe(data=Data("digits")), GREY, NOWHERE).sizes
    assert str(digits) == "121 to 128 training images a class, always guessing one: test accuracy 0.1028"


def test_uneven_classes_are_named(tmp_path: Path) -> None:
    sized(tmp_path, cats=37, dogs=3)
    assert told(tmp_path) == (
        "training images a class: dogs 2, cats 26; always guessing cats: test accuracy 0.8750; no val images of dogs"
    )


def test_of_many_classes_some_are_named(tmp_path: Path) -> None:
    sized(tmp_path, **{f"c{k}": 4 + 2 * k for k in range(9)})
    assert told(tmp_path).startswith("training images a class: c0 3, c1 4, c2 5, … 3 others …, c6 ")
    long = tmp_path / "long"
    sized(long, **{"x" * 100: 10, "y": 2})
    assert told(long).startswith(f"training images a class: y 2, {'x' * 29}… 7; always guessing {'x' * 29}…: test")


def test_splits_without_a_class_are_told(tmp_path: Path) -> None:
    for part, names in (("train", "abcdefghij"), ("val", "ab"), ("test", "bcdefghij")):
        for k, name in enumerate(names):
            save(tmp_path / part / name / "0.png", ord(part[0]) + k)
    text = told(tmp_path)
    assert text == (
        "1 training image a class, always guessing one: test accuracy 0.1111; "
        "no val images of c, d, e, f, g, h and 2 more; no test images of a"
    )


def test_every_error_is_one_of_a_user_s(tmp_path: Path) -> None:
    spoil(pool(tmp_path))
    with pytest.raises(VggdslError, match="--skip-bad"):
        load_data(folder(tmp_path), GREY, NOWHERE)


def test_the_wrong_number_of_classes_is_told_before_all_files_are_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(pool(tmp_path))
    spec = parse(f'input 8x8x3 conv3-4 FC-3 softmax\ntrain {{\n  data folder("{tmp_path}")\n}}')
    decoded = count_decodes(monkeypatch)
    found = refusal(lambda: prepare(Experiment.of(spec, spec.recipe()), 0, Workplace(device="cpu")))
    assert (found.code, decoded) == ("V401", [])
