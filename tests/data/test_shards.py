"""Shards: what is packed is read back to the byte and the digit, and what isn't whole or isn't ours is told."""

import errno
import io
import json
import multiprocessing
import os
import pickle
import random
import signal
import tarfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from forks import forked
from hypothesis import given
from hypothesis import strategies as st
from images import noise, save
from PIL import Image
from refusals import refusal
from test_data import give_few_classes, save_many
from test_inspection import images_of, lazily, pool

from vggdsl.data import inspection
from vggdsl.data.dataset import DataSet, find_data, load_data
from vggdsl.data.formats import Kind
from vggdsl.data.packing import Packing, pack
from vggdsl.data.shards import tars
from vggdsl.data.shards.index import INDEX
from vggdsl.data.shards.packed import Packed
from vggdsl.data.splits import Lazy
from vggdsl.network.shapes import Shape
from vggdsl.spec.recipe import DATA_SETS, Crop, Data, Recipe, Scale
from vggdsl.text import caches
from vggdsl.text.errors import Diagnostic, InputError, VggdslError

RGB = Shape(3, 8, 8)
NOWHERE = Path("/nowhere")
NAMES = (
    "a.png", "a.jpg", "a.b.c.png", "inner/a.png", "inner/deep.er/a.JPEG", "no.cls.png", "é.png", "e\u0301 .jpg",
    "-1.bmp", "with space.gif", "x.cls.jpg", "UP.PNG",
)  # fmt: skip
"""Of files: some of one name but for the ending, or up to the first dot; in folders; in two forms of Unicode."""


def recipe_of(name: str, root: Path, **entries: object) -> Recipe:
    return Recipe(data=Data(name, str(root), **entries))  # type: ignore[arg-type]  # of several types


def load(name: str, root: Path, *, skip_bad: bool = False, **entries: object) -> DataSet:
    return load_data(recipe_of(name, root, **entries), RGB, NOWHERE, skip_bad=skip_bad)


def of_split(name: str, root: Path, split: str, **entries: object) -> Packed:
    pictures = find_data(recipe_of(name, root, **entries), RGB, NOWHERE).split(split).pictures
    assert isinstance(pictures, Packed)
    return pictures


def fill(root: Path, parts: Iterable[str], seed: int, names: Iterable[str] = NAMES) -> Path:
    for k, part in enumerate(parts):
        for j, label in enumerate(("cats", "dogs", "Großes Tier")):
            for i, name in enumerate(names):
                noise(root / part / label / name, 10_000 * seed + 1000 * k + 100 * j + i, (9 + i, 12))
    return root


def packed(root: Path, shards: Path, size: int = 20_000, seed: int = 0) -> Path:
    pack(root, shards, size=size, seed=seed)
    return shards


def members(path: Path) -> dict[str, bytes]:
    """By the standard library, which wrote them, too; GNU's program reads them in another test."""
    with tarfile.open(path, "r:") as tar:
        return {each.name: tar.extractfile(each).read() for each in tar}  # type: ignore[union-attr]  # all are files


def told(finding: Diagnostic, root: Path, shards: Path) -> str:
    """What is said of a set, wherever it lies."""
    said = finding.message
    for each in sorted(shards.glob("*.tar")):
        said = said.replace(f" in {each}", "")
    return said.replace(f"{root}/", "").replace(str(root), "the set")


# -- what is packed is what is read


@pytest.mark.parametrize("parts", [[""], ["train", "val", "test"], ["Training", "dev"], ["train", "tests"]])
@pytest.mark.parametrize(("size", "seed"), [(1, 0), (20_000, 7), (10**9, 1)])
def test_shards_are_the_folder(parts: list[str], size: int, seed: int, tmp_path: Path) -> None:
    root = fill(tmp_path / "set", parts, seed)
    shards = packed(root, tmp_path / "shards", size, seed)
    (root / parts[0] / "dogs" / "a.png").stat()
    ours, theirs = load("shards", shards), load("folder", root)
    assert (ours.digest, ours.classes, ours.split) == (theirs.digest, theirs.classes, theirs.split)
    for a, b in zip((ours.train, ours.val, ours.test), (theirs.train, theirs.val, theirs.test), strict=True):
        assert a.labels.equal(b.labels)
        assert images_of(a).equal(images_of(b))
    assert set(ours.notes) <= set(theirs.notes)
    found = find_data(recipe_of("folder", root), RGB, NOWHERE)
    for split in ("train", "val", "test"):
        files, same = found.split(split).pictures, of_split("shards", shards, split)
        assert [Path(name).as_posix() for name in files.names] == list(same.names)  # type: ignore[attr-defined]  # Files
        for i in range(len(files)):
            assert same.content(i) == files.content(i)  # type: ignore[attr-defined]  # Files
            assert same.size(i) == files.size(i)
            assert same.fingerprint(i)[:8] == sha256(same.content(i)).digest()[:8]


def test_images_that_cant_be_read_are_not_packed(tmp_path: Path) -> None:
    """All of them are told, as of the folder; left out, what is packed is the folder without them."""
    parts = ["train", "val", "test"]
    root = fill(tmp_path / "set", parts, 0)
    for part, content in zip(parts, (b"x", b"", b"\x89PNG"), strict=True):
        (root / part / "dogs" / "bad.png").write_bytes(content)
    findings = []
    for call in (lambda: load("folder", root), lambda: pack(root, tmp_path / "shards")):
        with pytest.raises(InputError) as error:
            call()
        findings.append([(found.code, found.message, found.help) for found in error.value.diagnostics])
    assert findings[0] == findings[1]
    assert [code for code, *_ in findings[1]] == ["V530"] * 3
    assert [*tmp_path.iterdir()] == [root]
    made = pack(root, tmp_path / "shards", skip_bad=True)
    assert (made.left_out, made.images) == (3, dict.fromkeys(parts, 36))
    ours, theirs = load("shards", tmp_path / "shards"), load("folder", root, skip_bad=True)
    assert (ours.digest, ours.left_out, theirs.left_out) == (theirs.digest, 0, 3)
    for path in (root / "val").rglob("*.*"):
        if path.is_file():
            path.write_bytes(b"")
    found = refusal(lambda: pack(root, tmp_path / "again", skip_bad=True))
    assert (found.code, found.message) == ("V512", "no val images are left that can be read")
    assert not (tmp_path / "again").exists()


def test_tar_files_are_as_webdataset_lays_them_out(tmp_path: Path) -> None:
    root = fill(tmp_path / "set", ["train", "val"], 0)
    made = pack(root, shards := tmp_path / "shards", size=20_480)
    files = sorted(shards.glob("*.tar"))
    assert 72 > len(files) == made.shards > 5
    assert made == Packing({"train": 36, "val": 36}, 3, len(files), sum(each.stat().st_size for each in files))
    classes = sorted(["cats", "dogs", "Großes Tier"])
    for part in ("train", "val"):
        listed = [path for path in (root / part).rglob("*") if path.is_file()]
        expected = sorted((path.read_bytes(), classes.index(path.relative_to(root / part).parts[0])) for path in listed)
        found, keys = [], list[str]()
        for path in sorted(shards.glob(f"{part}-*.tar")):
            held = list(members(path).items())
            assert path.stat().st_size <= 20_480
            for (image, content), (label, number) in zip(held[::2], held[1::2], strict=True):
                key, _, ending = image.partition(".")
                assert (label, image.count("."), ending) == (f"{key}.cls", 1, ending.lower())
                found.append((content, int(number)))
                keys.append(key)
        assert sorted(found) == expected
        assert keys == sorted({*keys})


def test_images_to_train_on_are_shuffled_and_others_stand_in_order(tmp_path: Path) -> None:
    root = fill(tmp_path / "set", ["train", "val"], 0, [f"{i:03}.png" for i in range(50)])
    one, other, again = (packed(root, tmp_path / f"{seed}{k}", 10**9, seed) for k, seed in enumerate((0, 1, 0)))

    def labels(shards: Path, part: str) -> list[bytes]:
        return [content for name, content in members(shards / f"{part}-000000.tar").items() if name.endswith(".cls")]

    assert labels(one, "val") == sorted(labels(one, "val")) == sorted(labels(one, "train"))
    for start in range(0, 150, 30):
        assert {*labels(one, "train")[start : start + 30]} == {b"0", b"1", b"2"}
    assert labels(one, "train") != labels(other, "train")
    for name in (INDEX, "train-000000.tar", "val-000000.tar"):
        assert (one / name).read_bytes() == (again / name).read_bytes(), "packed twice it is the same"
    assert load("shards", one).digest == load("shards", other).digest


@pytest.mark.parametrize("entries", [{"n": 30}, {"val": 7, "test": 8, "seed": 3}, {"labels": "random"}])
def test_what_a_recipe_takes_is_the_same(entries: dict[str, Any], tmp_path: Path) -> None:
    root = pool(tmp_path / "set")
    shards = packed(root, tmp_path / "shards")
    assert load("shards", shards, **entries).digest == load("folder", root, **entries).digest


def test_findings_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same image in splits and classes, torn ones, flat ones, unreadable ones, left out or not."""
    root = fill(tmp_path / "set", ["train", "val"], 0)
    whole = io.BytesIO()
    Image.fromarray(np.random.RandomState(0).randint(0, 256, (64, 64, 3), np.uint8)).save(whole, "JPEG", quality=95)
    (root / "train" / "cats" / "torn.jpg").write_bytes(whole.getvalue()[:4000] + bytes(600))
    (root / "train" / "cats" / "bad.jpg").write_bytes(b"<html>")
    (root / "train" / "dogs" / "empty.jpg").write_bytes(b"")
    (root / "val" / "cats" / "twin.png").write_bytes((root / "train" / "dogs" / "a.png").read_bytes())
    with Image.open(root / "train" / "dogs" / "a.png") as image:
        image.save(root / "train" / "cats" / "twin.bmp")
    with monkeypatch.context() as elsewhere:  # where all of these can be read
        elsewhere.setattr("vggdsl.data.packing.look", lambda splits, kept, told: {})
        shards = packed(root, tmp_path / "shards", 20_000)
    both = []
    for name, at in (("folder", root), ("shards", shards)):
        with pytest.raises(InputError) as caught:
            load(name, at)
        both.append([told(each, at, shards) for each in caught.value.diagnostics])
    assert both[0] == both[1]
    for is_held in (True, False):
        if not is_held:
            lazily(monkeypatch)
        ours, theirs = load("shards", shards, skip_bad=True), load("folder", root, skip_bad=True)
        assert (ours.digest, ours.left_out) == (theirs.digest, 2)
        assert [each.code for each in ours.warnings] == ["W503", "W503", "W501", "W502", "W505"]
        assert [told(each, shards, shards) for each in ours.warnings] == [
            told(each, root, shards) for each in theirs.warnings
        ]


def test_views_see_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lazily(monkeypatch)
    root = pool(tmp_path / "set", ending=".jpg")
    shards = packed(root, tmp_path / "shards")
    ours, theirs = (
        load_data(replace(recipe_of(name, at), augment=(Scale(9, 12), Crop(8))), RGB, NOWHERE)
        for name, at in (("shards", shards), ("folder", root))
    )
    assert isinstance(ours.train, Lazy)
    assert isinstance(theirs.train, Lazy)
    assert images_of(ours.train).equal(images_of(theirs.train))
    assert ours.digest == theirs.digest
    assert ours.moments.products.equal(theirs.moments.products)


def test_what_was_found_good_is_not_decoded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lazily(monkeypatch)
    monkeypatch.setattr(caches, "folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(inspection, "_WORTH", 10)
    shards = packed(pool(tmp_path / "set"), tmp_path / "shards", 30_000)
    first, decoded = load("shards", shards), list[int]()
    opened = Packed.open

    def counted(self: Packed, index: int) -> tuple[Image.Image, Kind]:
        decoded.append(index)
        return opened(self, index)

    monkeypatch.setattr(Packed, "open", counted)
    again = load("shards", shards)
    assert (again.digest, again.warnings, decoded) == (first.digest, first.warnings, [])
    path = sorted(shards.glob("*.tar"))[0]
    os.utime(path, ns=(1, 1))
    load("shards", shards)
    assert len(decoded) == sum(name.endswith(".png") for name in members(path)) > 0


def test_imagenet_and_tiny_imagenet_may_lie_in_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imagenet, tiny = tmp_path / "as it comes" / "imagenet", tmp_path / "as it comes" / "tiny-imagenet-200"
    save_many(imagenet / "train", ("a.JPEG", "b.JPEG"))
    save_many(imagenet / "val", ("c.JPEG",))
    save_many(tiny / "train", tuple(f"{i}.JPEG" for i in range(10)), "images")
    save_many(tiny / "val", ("0.JPEG",))
    packs = tmp_path / "packed"
    packs.mkdir()
    for root in (imagenet, tiny):
        pack(root, packs / root.name)
    (tiny / "val" / "images").mkdir()
    lines = []
    for k, path in enumerate(sorted((tiny / "val").glob("n*/*"))):
        lines.append(f"{k}.JPEG\t{path.parent.name}\t0\t0\t63\t63\n")
        path.rename(tiny / "val" / "images" / f"{k}.JPEG")
        path.parent.rmdir()
    (tiny / "val" / "val_annotations.txt").write_text("".join(lines))
    again = tmp_path / "again"
    again.mkdir()
    noted = list[str]()
    pack(tiny, again / tiny.name, read=lambda found: noted.extend(found.notes))
    assert "is read as Tiny ImageNet comes" in noted[0]
    for name, places in (("imagenet", [packs]), ("tiny-imagenet", [packs, again])):
        recipe = Recipe(data=Data(name))
        assert "classes" in refusal(lambda r=recipe: load_data(r, RGB, packs)).message  # type: ignore[misc]
        with monkeypatch.context() as patch:
            give_few_classes(name, patch)
            theirs = load_data(recipe, RGB, tmp_path / "as it comes")
            for place in places:
                ours = load_data(recipe, RGB, place)
                assert (ours.split, ours.classes) == (theirs.split, theirs.classes)
                assert images_of(ours.test).equal(images_of(theirs.test))
                if place is not packs or name == "imagenet":
                    assert ours.digest == theirs.digest


@pytest.mark.parametrize("called", ["images", "val"])
def test_classes_of_tiny_imagenet_may_be_called_as_its_folders(
    called: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = tmp_path / "as it comes" / "tiny-imagenet-200"
    for k, name in enumerate((called, "n0", "n1")):
        for i in range(10):
            place = tiny / "train" / name / "images" / f"{i}.JPEG"
            place.parent.mkdir(parents=True, exist_ok=True)
            save(place, 10 * k + i, (8, 8))
    (tiny / "val" / "images").mkdir(parents=True)
    lines = []
    for k, name in enumerate((called, "n0", "n1")):
        save(tiny / "val" / "images" / f"{k}.JPEG", 90 + k, (8, 8))
        lines.append(f"{k}.JPEG\t{name}\t0\t0\t7\t7\n")
    (tiny / "val" / "val_annotations.txt").write_text("".join(lines))
    (tmp_path / "packed").mkdir()
    pack(tiny, tmp_path / "packed" / tiny.name)
    recipe = Recipe(data=Data("tiny-imagenet"))
    monkeypatch.setitem(DATA_SETS, "tiny-imagenet", replace(DATA_SETS["tiny-imagenet"], classes=3))
    theirs, ours = (load_data(recipe, RGB, tmp_path / place) for place in ("as it comes", "packed"))
    assert (ours.digest, ours.classes) == (theirs.digest, theirs.classes)
    assert called in ours.classes


# -- what isn't packed


def test_what_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    root = pool(tmp_path / "set", 3)
    (tmp_path / "there").mkdir()
    (tmp_path / "other.part").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "file").write_text("")
    for name, code in (
        ("there", "V514"),
        ("link", "V514"),
        ("other", "V514"),
        ("set/shards", "V506"),
        ("file/x", "V506"),
    ):
        assert refusal(lambda n=name: pack(root, tmp_path / n)).code == code  # type: ignore[misc]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link", "other.part", "set", "there"]
    assert sorted(path.name for path in root.iterdir()) == ["a", "b"]


def test_a_folder_that_is_no_set_is_refused_as_a_recipe_refuses_it(tmp_path: Path) -> None:
    noise(tmp_path / "set" / "only" / "a.png", 0)
    assert refusal(lambda: pack(tmp_path / "set", tmp_path / "shards")) == refusal(
        lambda: load("folder", tmp_path / "set")
    )
    packed(pool(tmp_path / "good", 3), tmp_path / "shards")
    assert "`data shards(" in str(refusal(lambda: load("folder", tmp_path / "shards")).help)


def test_a_pack_that_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    root = pool(tmp_path / "set", 10)

    def interrupt(done: int, total: int) -> None:
        assert [path.name for path in tmp_path.iterdir() if path != root] == ["shards.part"]
        if done == total - 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack(root, tmp_path / "shards", size=2000, told=interrupt)
    assert [*tmp_path.iterdir()] == [root]


def test_a_pack_that_finds_no_room_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, left = pool(tmp_path / "set", 10), [15]

    def write(tar: tarfile.TarFile, member: tarfile.TarInfo, content: io.BytesIO) -> None:
        left[0] -= 1
        if not left[0]:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "addfile", write)
    found = refusal(lambda: pack(root, tmp_path / "shards"))
    assert (found.code, "No space left" in found.message) == ("V506", True)
    assert [*tmp_path.iterdir()] == [root]


def test_a_file_that_goes_meanwhile_is_told(tmp_path: Path) -> None:
    root = pool(tmp_path / "set", 10)

    def remove(done: int, total: int) -> None:
        for path in root.rglob("*.png"):
            path.unlink()

    with pytest.raises(InputError, match="can't be read: No such file"):
        pack(root, tmp_path / "shards", told=remove)
    assert [*tmp_path.iterdir()] == [root]


KILLED = """
import os, signal, sys
from pathlib import Path
from vggdsl.data.packing import pack
told = lambda done, total: done < total or os.kill(os.getpid(), signal.SIGKILL)
pack(Path(sys.argv[1]), Path(sys.argv[2]), size=2000, told=told)
"""


def test_a_pack_that_is_killed_leaves_nothing_that_is_read(tmp_path: Path) -> None:
    """Even in the last image, when all other shards are whole."""
    root, shards = pool(tmp_path / "set", 10), tmp_path / "shards"
    assert forked(KILLED, root, shards).returncode == -signal.SIGKILL
    part = tmp_path / "shards.part"
    assert not shards.exists()
    assert len([*part.glob("train-*.tar")]) > 3
    found = refusal(lambda: load("shards", part))
    assert (found.code, "didn't end" in found.message) == ("V512", True)
    assert refusal(lambda: pack(root, shards)).code == "V514"


# -- what was damaged


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 512)


def lengthen(path: Path) -> None:
    with path.open("ab") as file:
        file.write(bytes(512))


@pytest.mark.parametrize("damage", [cut, lengthen, Path.unlink])
@pytest.mark.parametrize("which", [0, -1])
def test_a_shard_that_is_not_as_it_was_is_told_at_once(
    damage: Callable[[Path], None], which: int, tmp_path: Path
) -> None:
    shards = packed(pool(tmp_path / "set"), tmp_path / "shards", 20_000)
    path = sorted(shards.glob("*.tar"))[which]
    damage(path)
    found = refusal(lambda: find_data(recipe_of("shards", shards), RGB, NOWHERE))
    assert (found.code, str(path) in found.message) == ("V512", True)


@pytest.mark.parametrize(
    "name", ["train-000001.tar", "val-000000.tar", "Test.TAR", "test/0.tar", "deep/er/x.tar", "more.tar.gz", "gone.tar"]
)
def test_a_shard_that_the_index_does_not_have_is_refused(name: str, small: Path, tmp_path: Path) -> None:
    """It may be meant as more images, or as a part; without the index those beside the others are read."""
    folder = with_index(small, tmp_path / "set", (small / INDEX).read_text())
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    if name == "gone.tar":
        (folder / name).symlink_to("nowhere")
    else:
        (folder / name).write_bytes((small / "train-000000.tar").read_bytes())
    found = refusal(lambda: load("shards", folder))
    assert (found.code, found.message) == ("V512", f"{folder / name} isn't among the shards of {folder / INDEX}")
    assert (f"without {INDEX}" in str(found.help)) == ("/" not in name)
    if name == "val-000000.tar":
        (folder / INDEX).unlink()
        assert len(load("shards", folder).val) == 6


def test_what_is_not_read_beside_an_index_is_told(small: Path, tmp_path: Path) -> None:
    """Of a folder without one, too; nothing is told of what is hidden."""
    folder = with_index(small, tmp_path / "set", (small / INDEX).read_text())
    (folder / "._x.tar").write_bytes(b"of macOS")
    assert load("shards", folder, val=1, test=1).notes == load("shards", small, val=1, test=1).notes
    (folder / "README").touch()
    (folder / "pages").mkdir()
    told = load("shards", folder, val=1, test=1).notes
    assert f"1 file in {folder} passed over: README is no .tar" in told
    assert f"{folder / 'pages'} passed over: it holds no shards" in told


@pytest.mark.parametrize("seed", range(5))
def test_a_byte_that_is_not_as_it_was_is_told(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lazily(monkeypatch)
    shards = packed(pool(tmp_path / "set", ending=".bmp"), tmp_path / "shards", 20_000)
    whole = load("shards", shards)
    drawn = random.Random(seed)
    images = of_split("shards", shards, "train")
    index = drawn.randrange(len(images))
    number, offset, length, *_ = images.places[index].item()
    path = sorted(shards.glob("*.tar"))[number]
    content = bytearray(path.read_bytes())
    content[offset + drawn.randrange(length)] ^= 1 << drawn.randrange(8)
    path.write_bytes(content)
    found = refusal(lambda: load("shards", shards))
    assert found.message == f"{images.names[index]} in {path} can't be read: its bytes aren't those that were packed"
    left = load("shards", shards, skip_bad=True)
    assert (left.left_out, len(left.train)) == (1, len(whole.train) - 1)
    assert isinstance(whole.train, Lazy)
    with pytest.raises(InputError, match="aren't those that were packed"):
        whole.train.centre(index)  # of a training that was at work


WRONG: dict[str, Any] = {
    "format": ["vggdsl shard", 1, None],
    "version": [2, "1", None],
    "classes": [[], ["a"], ["a", "a"], ["a", 1], ["a", "b\n"], "ab", {"a": 0, "b": 1}],
    "parts": [[], {}, {"val": ""}, {"train": "", "all": ""}, {"train": 1}, {"train": "", "val": ""}],
    "shards": [
        [], {}, [1], [{"name": "train-000000.tar"}],
        *([{"name": name, "bytes": 10**6, "part": "train"}] for name in ("../x.tar", "/x.tar", "a/b.tar", "a\\b.tar",
          "..", "x.tar\0", "x", 1, None, "x.tar.gz", "no.tar")),
        *([{"name": "train-000000.tar", "bytes": size, "part": "train"}] for size in (-1, 1.5, "9", None, True, 2**70)),
        *([{"name": "train-000000.tar", "bytes": 10**6, "part": part}] for part in ("val", ["train"], None)),
    ],
    "images": [[], {}, None, "x"],
}  # fmt: skip
COLUMNS: dict[str, list[Any]] = {
    "name": [1, None, ["a"], "\ud800"],
    "label": [-1, 2, 0.5, "0", None, True, [0], 2**70],
    "shard": [-1, 1, 0.5, "0", None, [0], 2**70],
    "offset": [-1, 10**9, 0.5, "0", 2**63 - 1],
    "length": [-1, 10**9, 0.5, "0", 2**63 - 1],
    "sha256": ["", "0" * 15, "0" * 17, "x" * 16, " " * 16, "A" * 16, 1, None],
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    return packed(pool(folder / "set", 3), folder / "shards", 10**9)


def with_index(small: Path, folder: Path, told: object) -> Path:
    folder.mkdir()
    os.link(small / "train-000000.tar", folder / "train-000000.tar")
    (folder / INDEX).write_text(told if isinstance(told, str) else json.dumps(told))
    return folder


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in WRONG.items() for value in values])
def test_an_index_says_what_can_be(key: str, value: object, small: Path, tmp_path: Path) -> None:
    index = json.loads((small / INDEX).read_bytes())
    for told in (index | {key: value}, {each: index[each] for each in index if each != key}, index | {"more": 1}):
        folder = with_index(small, tmp_path / f"{len([*tmp_path.iterdir()])}", told)
        assert refusal(lambda f=folder: load("shards", f)).code == "V512"  # type: ignore[misc]


@pytest.mark.parametrize(("column", "value"), [(name, value) for name, values in COLUMNS.items() for value in values])
def test_an_index_says_of_images_what_can_be(column: str, value: object, small: Path, tmp_path: Path) -> None:
    index = json.loads((small / INDEX).read_bytes())
    index["images"][column][2] = value
    assert refusal(lambda: load("shards", with_index(small, tmp_path / "a", index))).code == "V512"
    index["images"][column].pop()
    index["images"][column][2] = index["images"][column][1]
    assert refusal(lambda: load("shards", with_index(small, tmp_path / "b", index))).code == "V512"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "1",
        '"x"',
        "[" * 100_000,
        "\udcff".encode("utf-8", "surrogatepass").decode("latin-1"),
        "9" * 5000,
    ],
)
def test_what_is_no_index_is_told(text: str, small: Path, tmp_path: Path) -> None:
    assert refusal(lambda: load("shards", with_index(small, tmp_path / "a", text))).code == "V512"


def test_an_index_that_is_cut_anywhere_is_told(small: Path, tmp_path: Path) -> None:
    whole = (small / INDEX).read_text()
    for place in range(0, len(whole) - 2, 37):
        folder = with_index(small, tmp_path / str(place), whole[:place])
        assert refusal(lambda f=folder: load("shards", f)).code == "V512"  # type: ignore[misc]


def other_order(index: dict[str, Any]) -> None:
    index["classes"].reverse()


def other_name(index: dict[str, Any]) -> None:
    index["classes"][1] = "c"


def other_label(index: dict[str, Any]) -> None:
    index["images"]["label"][0] = 1


def other_folder(index: dict[str, Any]) -> None:
    index["images"]["name"][0] = "b/" + index["images"]["name"][0].rpartition("/")[2]


@pytest.mark.parametrize("change", [other_order, other_name, other_label, other_folder])
def test_an_index_that_names_classes_otherwise_than_its_images_is_refused(
    change: Callable[[dict[str, Any]], None], small: Path, tmp_path: Path
) -> None:
    """Nothing else would tell: of a folder, too, the digest has the names of classes by those of files."""
    index = json.loads((small / INDEX).read_bytes())
    change(index)
    found = refusal(lambda: load("shards", with_index(small, tmp_path / "set", index)))
    assert (found.code, "by it images in " in found.message) == ("V512", True), found.message


@pytest.mark.parametrize("is_held", [True, False])
def test_a_class_that_is_another_in_the_shard_is_told(
    is_held: bool, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the index agrees with itself, also if its image was found good before."""
    monkeypatch.setattr(caches, "folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(inspection, "_WORTH", 1)
    if not is_held:
        lazily(monkeypatch)
    index = json.loads((small / INDEX).read_bytes())
    folder = with_index(small, tmp_path / "set", index)
    load("shards", folder, val=1, test=1)
    other_label(index)
    other_folder(index)
    (folder / INDEX).write_text(json.dumps(index))
    found = refusal(lambda: load("shards", folder, val=1, test=1))
    image = f"{index['images']['name'][0]} in {folder / 'train-000000.tar'}"
    assert (found.code, found.message) == ("V530", f"{image} can't be read: its class isn't the one in its shard")


# -- many readers


def test_threads_processes_and_copies_read_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for most in (256, 2, 1):  # files that are kept open
        monkeypatch.setattr(tars, "_OPEN", most)
        if most == 1:
            monkeypatch.delattr(os, "pread")  # which Windows doesn't have
        shards = tmp_path / f"shards{most}"
        images = of_split("shards", packed(pool(tmp_path / f"set{most}"), shards, 20_000), "train")
        expected = [sha256(images.content(i)).digest() for i in range(len(images))]
        order = torch.randint(len(images), (400,), generator=torch.Generator().manual_seed(0)).tolist()
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(lambda i: sha256(images.content(i)).digest(), order))  # noqa: B023  # at once
        assert found == [expected[i] for i in order]
        again = pickle.loads(pickle.dumps(images))
        assert [sha256(again.content(i)).digest() for i in range(len(again))] == expected
        chosen = images.take(torch.tensor([5, 3]))
        assert [sha256(chosen.content(i)).digest() for i in (0, 1)] == [expected[5], expected[3]]
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        child = context.Process(target=lambda: theirs.send([sha256(images.content(i)).digest() for i in order]))  # noqa: B023  # at once
        child.start()
        assert ours.recv() == found
        child.join()


# -- what others wrote


def png(seed: int) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.random.RandomState(seed).randint(0, 256, (9, 10, 3), np.uint8)).save(content, "PNG")
    return content.getvalue()


def written(path: Path, held: Iterable[tuple[str | tarfile.TarInfo, bytes]], form: int = tarfile.PAX_FORMAT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w", format=form) as tar:
        for name, content in held:
            member = tarfile.TarInfo(name) if isinstance(name, str) else name
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def samples(count: int, label: Callable[[int], str] = lambda i: str(i % 3), key: str = "{:06}", start: int = 0) -> Any:
    for i in range(start, start + count):
        yield key.format(i) + ".png", png(i)
        yield key.format(i) + ".json", b"{}"
        yield key.format(i) + ".cls", label(i).encode()


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("key", ["{:06}", "some/folder/{}", "é" * 60 + "{}", "n01/" + "x" * 60 + "/" + "y" * 60 + "{}"])
def test_shards_of_others_are_read_by_their_headers(form: int, key: str, tmp_path: Path) -> None:
    if form == tarfile.USTAR_FORMAT and not key.isascii():
        return  # for which it has no names
    shards = tmp_path / "shards"
    written(shards / "a-train-0.tar", samples(30, key=key), form)
    written(shards / "a-train-1.tar", samples(15, key=key, start=30), form)
    written(shards / "a-val-0.tar", samples(9, key=key, start=45), form)
    found = load("shards", shards)
    assert (found.classes, found.split) == (("0", "1", "2"), "36/9/9")
    assert found.notes[:2] == (
        "54 files in shards passed over: 54 .json",
        f"{shards} has no {INDEX}: images are found by the headers in 3 files, and classes have a number alone",
    )
    images, labels = of_split("shards", shards, "val"), found.val.labels.tolist()
    assert [images.content(i) for i in range(9)] == [png(i) for i in range(45, 54)]
    assert labels == [i % 3 for i in range(45, 54)]
    assert images.names[0] == f"a-val-0/{key.format(45)}.png"


def test_classes_of_others_have_numbers_or_names(tmp_path: Path) -> None:
    names = ("tench", "Äffchen", "7")
    written(tmp_path / "named" / "0.tar", samples(30, lambda i: f"{names[i % 3]}\n"))
    found = load("shards", tmp_path / "named")
    assert found.classes == ("7", "tench", "Äffchen")
    assert "a name alone" in found.notes[1]
    written(tmp_path / "numbered" / "0.tar", samples(36, lambda i: f"{i % 12:02}"))
    found = load("shards", tmp_path / "numbered")
    assert found.classes == tuple(map(str, range(12)))
    written(tmp_path / "plain" / "0.tar", samples(36, lambda i: str(i % 12)))
    found, pictures = load("shards", tmp_path / "plain"), of_split("shards", tmp_path / "plain", "train")
    numbers = [png(i) for i in range(36)]
    assert [numbers.index(pictures.content(i)) % 12 for i in range(len(pictures))] == found.train.labels.tolist()
    for k, label in enumerate(
        (
            lambda i: str(1 + i % 3),
            lambda _: "4",
            lambda i: "999999" if i else "0",
            lambda _: "x",
            lambda i: str(i % 3 - 1),
        )
    ):
        written(tmp_path / str(k) / "0.tar", samples(30, label))
        assert refusal(lambda k=k: load("shards", tmp_path / str(k))).code == "V512"  # type: ignore[misc]


def test_parts_of_others_are_folders_or_words(tmp_path: Path) -> None:
    for part, count in (("train", 30), ("validation", 12), ("unlabeled", 9)):
        written(tmp_path / "a" / part / "0000.tar", samples(count))
        written(tmp_path / "b" / f"set-{part}-0000.tar", samples(count))
    for name in "ab":
        found = load("shards", tmp_path / name)
        assert found.split == "24/12/6"
        assert any("in no part that is trained or measured on" in note for note in found.notes)
    written(tmp_path / "b" / "more.tar", samples(9))
    assert "in no part by its name" in refusal(lambda: load("shards", tmp_path / "b")).message
    written(tmp_path / "a" / "0.tar", samples(9))
    assert "shards beside folders of them" in refusal(lambda: load("shards", tmp_path / "a")).message
    for part in ("train", "test"):
        written(tmp_path / "d" / f"train_test_split-{part}-0.tar", samples(30))
    assert "in several parts by the words of its name" in refusal(lambda: load("shards", tmp_path / "d")).message
    written(tmp_path / "c" / "test" / "0.tar", samples(9))
    assert "no shards of train" in refusal(lambda: load("shards", tmp_path / "c")).message


def test_shards_that_would_not_be_read_are_refused(tmp_path: Path) -> None:
    """In whatever case, wherever they lie, whatever they are."""
    written(tmp_path / "case" / "train-0.tar", samples(30))
    written(tmp_path / "case" / "VAL-0.TAR", samples(12))
    assert load("shards", tmp_path / "case").split == "24/12/6"
    for name in ("dangling", "deep", "deeper", "pipe"):
        written(tmp_path / name / "train" / "0.tar", samples(30))
    (tmp_path / "dangling" / "train" / "1.tar").symlink_to(tmp_path / "gone.tar")
    os.mkfifo(tmp_path / "pipe" / "train" / "1.tar")
    written(tmp_path / "deep" / "val" / "sub" / "0.tar", samples(12))
    written(tmp_path / "deeper" / "train" / "more" / "1.tar", samples(12))
    (tmp_path / "deeper" / "train" / "._0.tar").write_bytes(b"of macOS")
    said = {"dangling": "leads nowhere", "deep": "lies deeper", "deeper": "lies deeper", "pipe": "no regular file"}
    for name, why in said.items():
        found = refusal(lambda name=name: load("shards", tmp_path / name))  # type: ignore[misc]
        assert (found.code, why in found.message) == ("V512", True), found.message
    (tmp_path / "case" / "val").mkdir()
    assert "val has no shards" in refusal(lambda: load("shards", tmp_path / "case")).message


def test_what_is_not_read_beside_shards_is_told(tmp_path: Path) -> None:
    for i in (0, 1, 3, 7):
        written(tmp_path / f"{i:04}.tar", samples(12, start=12 * i))
    (tmp_path / "0.tar.1").write_bytes(b"fetched twice")
    (tmp_path / "pages").mkdir()
    told = "\n".join(load("shards", tmp_path).notes)
    assert f"numbers missing between those of shards in {tmp_path}: 2 and 4 to 6\n" in told
    assert f"1 file in {tmp_path} passed over: 0.tar.1 is no .tar\n" in told
    assert f"{tmp_path / 'pages'} passed over: it holds no shards\n" in told
    (tmp_path / "0004.tar").write_bytes((tmp_path / "0003.tar").read_bytes())
    assert "shards in " + f"{tmp_path}: 2 and 5 to 6\n" in "\n".join(load("shards", tmp_path).notes)


def test_a_shard_that_is_another_meanwhile_gives_no_other_image(tmp_path: Path) -> None:
    """In it other images may lie at the same places; with an index their fingerprints tell them apart."""
    given = list(samples(30))
    written(tmp_path / "0.tar", given)
    images = of_split("shards", tmp_path, "train")
    expected, again = [images.content(i) for i in range(21)], pickle.loads(pickle.dumps(images))
    written(tmp_path / "other", [*given[3:], *given[:3]])
    (tmp_path / "other").replace(tmp_path / "0.tar")
    for read in (images, again, again.take(torch.arange(20))):
        assert refusal(lambda read=read: read[0]).message.endswith("its shard was changed meanwhile")  # type: ignore[misc]
    (tmp_path / "0.tar").unlink()
    assert refusal(lambda: images[0]).message.endswith("No such file or directory")
    assert len({*expected}) == 21


def test_what_is_hidden_in_shards_is_nobodys_image(tmp_path: Path) -> None:
    """As in folders; names may begin with the folder that they are in."""
    hidden = [
        f"{name}.{ending}" for name in (".ipynb_checkpoints/0", "__MACOSX/a/1", "._2") for ending in ("png", "cls")
    ]
    written(tmp_path / "0.tar", [*samples(30, key="./a/../{:06}"), *((name, b"0") for name in hidden)])
    assert load("shards", tmp_path).split == "21/3/6"


def test_help_leads_to_what_is_meant(tmp_path: Path) -> None:
    written(tmp_path / "from-1" / "0.tar", samples(30, lambda i: str(1 + i % 3)))
    save_many(tmp_path / "images", ("a.png", "b.png"))
    for name, told in (
        ("from-1", "begin at 0"),
        ("images", f'data folder("{tmp_path / "images"}")'),
        ("nope", f"`vggdsl pack DIR -o {tmp_path / 'nope'}`"),
    ):
        assert told in str(refusal(lambda name=name: load("shards", tmp_path / name)).help)  # type: ignore[misc]
    written(tmp_path / "bad" / "0.tar", [*samples(30), ("31.png", b"no image"), ("31.cls", b"0")])
    assert "pack again" in str(refusal(lambda: load("shards", tmp_path / "bad")).help)


def linked(kind: bytes, name: str = "000001.png") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc/passwd"
    return member


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ([("0.png", png(0))], "0 has 1 image that can be read and 0 .cls"),
        ([("0.cls", b"0")], "0 has 0 images that can be read and 1 .cls"),
        ([("0.png", png(0)), ("0.jpg", png(0)), ("0.cls", b"0")], "0 has 2 images that can be read and 1 .cls"),
        ([("0.png", png(0)), ("0.cls", b"0"), ("0.cls", b"1")], "0 has 1 image that can be read and 2 .cls"),
        ([("0.png", png(0)), ("1.png", png(0)), ("0.cls", b"0")], "0 has 1 image"),
        ([("0.png", png(0)), ("0.cls", b"")], "0.cls names no class"),
        ([("0.png", png(0)), ("0.cls", b"\xff")], "can't decode"),
        ([("0.png", png(0)), ("0.cls", b"a\0b")], "0.cls names no class"),
        ([("0.png", png(0)), ("0.cls", b"a" * 1000)], "0.cls names no class"),
        ([(linked(tarfile.SYMTYPE), b"")], "no plain file"),
        ([(linked(tarfile.LNKTYPE), b"")], "no plain file"),
        ([(linked(tarfile.CHRTYPE), b"")], "no plain file"),
        ([(linked(tarfile.FIFOTYPE), b"")], "no plain file"),
        ([(linked(tarfile.GNUTYPE_SPARSE), b"")], "no plain file"),
        ([("0.txt", b"")], "0 classes"),
        ([*samples(9), *samples(1)], "000000 stands in it twice"),
        ([*samples(9), *samples(1, key="./{:06}")], "./000000 stands in it twice"),
    ],
)  # fmt: skip
def test_shards_that_tell_no_image_and_its_class_are_refused(held: Any, said: str, tmp_path: Path) -> None:
    written(tmp_path / "a.tar", held)
    found = refusal(lambda: load("shards", tmp_path))
    assert (found.code, said in found.message) == ("V512", True), found.message


def test_shards_that_are_compressed_or_not_there_are_refused(tmp_path: Path) -> None:
    for ending, mode in (
        (".tar.gz", "w:gz"),
        (".tgz", "w:gz"),
        (".tar.bz2", "w:bz2"),
        (".tar.xz", "w:xz"),
        (".tar", "w:gz"),
    ):
        path = tmp_path / ending[1:] / f"a{ending}"
        path.parent.mkdir()
        with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]  # each is one
            tar.addfile(tarfile.TarInfo("0.png"))
        found = refusal(lambda p=path: load("shards", p.parent))  # type: ignore[misc]
        assert (found.code, "plain tar file" in str(found.help)) == ("V512", True)
    (tmp_path / "empty").mkdir()
    assert "no shards" in refusal(lambda: load("shards", tmp_path / "empty")).message
    assert refusal(lambda: load("shards", tmp_path / "nowhere")).code == "V503"
    assert "name the folder" in str(refusal(lambda: load("shards", tmp_path / "tar" / "a.tar")).help)


def test_a_file_that_ends_early_or_goes_on_is_refused(tmp_path: Path) -> None:
    whole = written(tmp_path / "whole.tar", samples(12)).read_bytes()
    end = len(whole.rstrip(b"\0")) // 512 * 512 + 512
    path = tmp_path / "shards" / "a.tar"
    path.parent.mkdir()
    for content in (
        *(whole[:place] for place in range(0, end + 1, 512)),
        whole + whole,
        whole[:end] + b"x" * 512 + whole[end:],
    ):
        path.write_bytes(content)
        assert refusal(lambda: load("shards", path.parent)).code == "V512"
    path.write_bytes(whole + bytes(100_000))
    assert load("shards", path.parent).split == "9/1/2"


@given(st.lists(st.tuples(st.integers(0, 20 * 512), st.integers(0, 255)), min_size=1, max_size=8))
def test_bytes_of_anybody_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    """Whatever stands in the headers."""
    folder = tmp_path_factory.mktemp("any")
    path = written(folder / "a.tar", samples(6, key="x" * 120 + "{}"))
    content = bytearray(path.read_bytes())
    for place, value in changes:
        content[place] = value
    path.write_bytes(content)
    try:
        found = find_data(recipe_of("shards", folder), RGB, NOWHERE)
    except VggdslError:
        pass
    else:
        assert sum(len(found.split(name)) for name in ("train", "val", "test")) <= 6
