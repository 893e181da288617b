"""Sets that Hugging Face's `datasets` keeps: made here, saved as it saves them, and read as folders of images are."""

import io
import json
import os
import shutil
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import commands
import datasets
import huggingface_hub
import numpy as np
import pyarrow
import pytest
import torch
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value, concatenate_datasets
from datasets import Image as ImageColumn
from datasets.packaged_modules.parquet.parquet import Parquet
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pyarrow import ipc
from pyarrow.parquet import write_table
from refusals import findings, refusal

from vggdsl.data.dataset import DataSet, load_data, look_for_data
from vggdsl.data.hf import loading
from vggdsl.data.hf.columns import Columns, labels_of
from vggdsl.data.hf.rows import Rows
from vggdsl.network.shapes import Shape
from vggdsl.spec.parsing import load, parse
from vggdsl.spec.recipe import Data, Recipe
from vggdsl.text.errors import VggdslError

NAMES = ["cat", "dog", "eel"]
SHAPE, NOWHERE = Shape(3, 8, 8), Path("/nowhere")
FEATURES = Features({"image": ImageColumn(), "label": ClassLabel(names=NAMES)})
COMMIT = "0123456789abcdef" * 2 + "01234567"


def encoded(index: int, ending: str = "png") -> bytes:
    """The bytes of a file with an image, each another."""
    pixels = np.random.default_rng(index).integers(0, 256, (9, 10, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG" if ending == "jpg" else "PNG")
    return out.getvalue()


def rows(count: int, first: int = 0, features: Features = FEATURES, **columns: Sequence[object]) -> Dataset:
    """So many images, of each class in turn."""
    images = [{"bytes": encoded(first + i), "path": f"{first + i}.png"} for i in range(count)]
    return Dataset.from_dict({"image": images, "label": [i % 3 for i in range(count)]} | columns, features=features)


def read(path: Path | str, shape: Shape = SHAPE, **options: Any) -> DataSet:
    return load_data(Recipe(data=Data("hf", str(path), **options)), shape, NOWHERE)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of `datasets`; and a network that can't be reached without the test's failing."""

    def refused(*arguments: object) -> None:
        raise AssertionError(f"a request: {arguments}")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return tmp_path / "cache"


def keep(cache: Path, name: str, config: str = "default", commit: str = COMMIT, **splits: Dataset) -> None:
    """As `datasets` leaves a set of the hub in its cache when it was fetched."""
    owner, _, own = name.rpartition("/")
    files = {split: str(cache / f"{config}-{split}.parquet") for split in splits}
    for split, path in files.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        # Not by `to_parquet`, which puts files into the rows that name them.
        write_table(splits[split].flatten_indices().data.table, path)
    made = Parquet(cache_dir=str(cache / "made"), dataset_name=own, config_name=config, hash=commit, data_files=files)
    made.download_and_prepare()
    place = cache / "___".join([*([owner] if owner else []), own]) / config / "0.0.0"
    place.mkdir(parents=True)
    shutil.move(made.cache_dir, place / commit)


def saved(folder: Path, *parts: str) -> Path:
    """A set of several splits, as `save_to_disk` writes it."""
    made = DatasetDict({part: rows(30, 100 * i) for i, part in enumerate(parts)})
    made.save_to_disk(str(folder))
    return folder


def in_folders(folder: Path, made: Dataset, part: str) -> None:
    """The same images as files, whose names keep their order."""
    for i, row in enumerate(made.cast_column("image", ImageColumn(decode=False))):
        path = folder / part / NAMES[row["label"]] / f"{i:05}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(row["image"]["bytes"])


# -- what is read


@pytest.mark.parametrize("kind", ["disk", "parquet", "hub"])
def test_images_are_those_of_the_same_files_in_folders(kind: str, tmp_path: Path, cache: Path) -> None:
    splits = {"train": rows(30), "validation": rows(12, 100), "test": rows(9, 200)}
    ordered = {name: each.sort("label") for name, each in splits.items()}  # as folders list them
    place: Path | str = tmp_path / "set"
    if kind == "disk":
        DatasetDict(ordered).save_to_disk(str(place))
    elif kind == "parquet":
        (tmp_path / "set" / "data").mkdir(parents=True)
        for name, each in ordered.items():
            for i in range(2):
                part = each.shard(2, i, contiguous=True)
                part.to_parquet(str(tmp_path / "set" / "data" / f"{name}-{i:05}-of-00002.parquet"))
    else:
        keep(cache, "somebody/pets", **ordered)
        place = "somebody/pets"
    for name, part in (("train", "train"), ("validation", "val"), ("test", "test")):
        in_folders(tmp_path / "folders", ordered[name], part)
    found, folders = read(place), load_data(Recipe(data=Data("folder", str(tmp_path / "folders"))), SHAPE, NOWHERE)
    assert (found.classes, found.split) == (folders.classes, folders.split) == (tuple(NAMES), "30/12/9")
    for part in ("train", "val", "test"):
        ours, theirs = getattr(found, part), getattr(folders, part)
        assert torch.equal(ours.images, theirs.images)
        assert torch.equal(ours.labels, theirs.labels)
    assert found.normalisation("mean-std") == folders.normalisation("mean-std")
    assert found.revision == COMMIT[:16] if kind == "hub" else found.revision


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 2), min_size=12, max_size=40), st.integers(0, 3))
def test_any_rows_of_any_table_are_found(labels: list[int], seed: int) -> None:
    """Rows that were chosen and put in another order are those that `datasets` itself gives."""
    labels = [0, 1, 2] * 4 + labels
    made = rows(len(labels), label=list(labels)).shuffle(seed=seed).select(range(1, len(labels)))
    found = Rows.of(Path("x"), [str(i) for i in range(len(made))], 3, made, "image", [])
    numbers = labels_of(made, Columns("image", "label"), (), "train", Recipe())
    assert numbers is not None
    assert numbers.numbers.tolist() == made["label"][:]
    for i, row in enumerate(made):
        assert np.array_equal(np.asarray(found[i]), np.asarray(row["image"]))
    chosen = found.take(torch.tensor([3, 1]))
    assert chosen.content(1) == found.content(1)
    assert (chosen.names[0], chosen.length(0)) == ("3", len(found.content(3)))


def test_parts_are_found_by_their_names(tmp_path: Path) -> None:
    two = read(saved(tmp_path / "two", "train", "test"))
    assert (two.split, two.notes) == (
        "27/3/30",
        ("test is read as test, to test by; 3 images to choose by are set aside from train",),
    )
    three = read(saved(tmp_path / "three", "training", "dev", "unsupervised"))
    assert three.split == "24/30/6"
    assert any("splits that aren't read: unsupervised" in note for note in three.notes)
    assert any("dev is read as val" in note for note in three.notes)
    pool = read(saved(tmp_path / "four", "all", "half"), split="half")
    assert pool.split == "21/3/6"
    assert refused(tmp_path / "four") == "no split is called train: there are all and half"
    assert refused(tmp_path / "four", split="none") == "no split none"
    assert "dev and valid are both val" in refused(saved(tmp_path / "five", "train", "dev", "valid"))


def refused(path: Path | str, **options: Any) -> str:
    return refusal(lambda: read(path, **options)).message


def test_columns_are_found_or_named(tmp_path: Path) -> None:
    features = Features(
        {**FEATURES, "fine": ClassLabel(names=["a", "b"]), "word": Value("string"), "number": Value("int64")}
    )
    many = rows(
        30,
        features=features,
        fine=[i % 2 for i in range(30)],
        word=["xyz"[i % 3] for i in range(30)],
        number=[10 - i % 3 for i in range(30)],
    )
    many.save_to_disk(str(tmp_path / "many"))
    assert refused(tmp_path / "many") == "several columns of classes: label and fine"
    assert read(tmp_path / "many", label="fine").classes == ("a", "b")
    assert read(tmp_path / "many", label="word").classes == ("x", "y", "z")
    numbered = read(tmp_path / "many", label="number")
    assert numbered.classes == ("8", "9", "10")
    assert not any("below 0" in note for note in numbered.notes)
    negative = Features({**FEATURES, "label": Value("int64")})
    rows(30, features=negative, label=[i % 3 - 1 for i in range(30)]).save_to_disk(str(tmp_path / "negative"))
    below = "numbers below 0 are classes, and often mark images of none: -1"
    assert below in read(tmp_path / "negative", label="label").notes
    for options, told in (
        ({"label": "other"}, "no column other"),
        ({"label": "image"}, "image is no column of classes"),
        ({"label": "fine", "image": "word"}, "word is no column of images"),
        ({"label": "fine", "config": "x"}, "config=x of a folder"),
    ):
        found = refusal(lambda options=options: read(tmp_path / "many", **options))  # type: ignore[misc]
        assert (found.code, found.message) == ("V512", told)
    many.remove_columns("image").save_to_disk(str(tmp_path / "none"))
    assert refused(tmp_path / "none", label="fine") == "no column of images"
    images = many.cast_column("image", ImageColumn(decode=False))["image"][:]
    many.add_column("other", images, feature=ImageColumn()).save_to_disk(str(tmp_path / "two"))
    assert refused(tmp_path / "two", label="fine") == "several columns of images: image and other"
    assert read(tmp_path / "two", label="fine", image="other").split == "21/3/6"


def of_bytes(made: Dataset, kind: pyarrow.DataType, *, with_path: bool = False) -> pyarrow.Table:
    """As somebody writes them who doesn't know `datasets`."""
    contents = [row["bytes"] for row in made.cast_column("image", ImageColumn(decode=False))["image"][:]]
    column = pyarrow.array(contents, kind)
    if with_path:
        column = pyarrow.StructArray.from_arrays(
            [column, pyarrow.nulls(len(made), pyarrow.string())], ["bytes", "path"]
        )
    return pyarrow.table({"image": column, "label": pyarrow.array(made["label"][:], pyarrow.int64())})


@pytest.mark.parametrize("with_path", [False, True])
@pytest.mark.parametrize("kind", [pyarrow.binary(), pyarrow.large_binary()])
def test_a_column_of_bytes_has_images_where_it_is_named(
    kind: pyarrow.DataType, with_path: bool, tmp_path: Path
) -> None:
    made = rows(30)
    (tmp_path / "plain").mkdir()
    write_table(of_bytes(made, kind, with_path=with_path), tmp_path / "plain" / "train.parquet")
    parquet(tmp_path / "known", train=made)
    plain, known = read(tmp_path / "plain", image="image", label="label"), read(tmp_path / "known")
    assert plain.digest == known.digest
    assert torch.equal(plain.train.images, known.train.images)  # type: ignore[union-attr]  # held, both
    found = refusal(lambda: read(tmp_path / "plain", label="label"))
    told = f"bytes {kind}, path string" if with_path else f"{kind}"
    assert (found.message, found.help) == (
        "no column of images", f"say which, by `image=`: there are image ({told}) and label (int64)",
    )  # fmt: skip
    both = [each.message for each in findings(lambda: read(tmp_path / "plain"))]
    assert both == ["no column of images", "no column of classes"], "at once"


def test_bytes_that_are_no_image_are_told(tmp_path: Path) -> None:
    contents = [encoded(i) for i in range(30)]
    table = pyarrow.table({"x": [*contents[:-2], b"none", None], "label": [i % 3 for i in range(30)]})
    write_table(table, tmp_path / "train.parquet")
    with pytest.raises(VggdslError) as error:
        read(tmp_path, image="x", label="label")
    assert [found.code for found in error.value.diagnostics] == ["V530"] * 2
    recipe = Recipe(data=Data("hf", str(tmp_path), image="x", label="label"))
    assert load_data(recipe, SHAPE, NOWHERE, skip_bad=True).left_out == 2


def without_labels(made: Dataset, *places: int) -> Dataset:
    return made.map(lambda row, i: {"label": -1 if i in places or not places else row["label"]}, with_indices=True)


def test_images_of_no_class_are_told(tmp_path: Path) -> None:
    splits = {"train": rows(30), "test": without_labels(rows(9, 50))}
    DatasetDict(splits).save_to_disk(str(tmp_path / "hidden"))
    hidden = read(tmp_path / "hidden")
    assert hidden.split == "21/3/6"
    assert "test has no labels: it isn't read" in hidden.notes
    without_labels(rows(30), 4, 5).save_to_disk(str(tmp_path / "some"))
    assert refused(tmp_path / "some") == "2 of 30 images of train have no class in the column label"
    without_labels(rows(30)).save_to_disk(str(tmp_path / "all"))
    assert "has no labels" in refused(tmp_path / "all")
    rows(30, label=[0, 1] * 15).save_to_disk(str(tmp_path / "empty"))
    assert "no images to train on of eel" in refused(tmp_path / "empty")


def test_classes_must_be_those_of_the_training_images(tmp_path: Path) -> None:
    words = Features({"image": ImageColumn(), "label": Value("string")})
    train, test = (rows(30, features=words, label=[names[i % 3] for i in range(30)]) for names in ("abc", "abd"))
    DatasetDict({"train": train, "test": test}).save_to_disk(str(tmp_path / "set"))
    assert "test has classes that the training images don't have: d" in refused(tmp_path / "set", label="label")


def test_an_image_that_cant_be_read_is_told_by_its_row(tmp_path: Path) -> None:
    images: list[dict[str, object]] = [{"bytes": encoded(i), "path": None} for i in range(30)]
    images[7] = {"bytes": b"no image", "path": "x.png"}
    images[9] = {"bytes": encoded(9)[:200], "path": None}
    rows(30, image=images).save_to_disk(str(tmp_path / "set"))
    with pytest.raises(VggdslError) as error:
        read(tmp_path / "set")
    assert [found.code for found in error.value.diagnostics] == ["V530"] * 2
    assert {row for row in ("train/7", "train/9") if row in str(error.value)} == {"train/7", "train/9"}
    recipe = Recipe(data=Data("hf", str(tmp_path / "set")))
    kept = load_data(recipe, SHAPE, NOWHERE, skip_bad=True)
    assert (kept.left_out, sum(map(int, kept.split.split("/")))) == (2, 28)


def test_images_may_be_files_of_the_set_and_no_others(tmp_path: Path) -> None:
    """A row is anybody's: by no way out of the folder does it name another file."""
    place, outside = tmp_path / "set", tmp_path / "set-of-another"
    for folder in (place, outside):
        folder.mkdir()
        (folder / "0.png").write_bytes(encoded(0))
    (place / "link.png").symlink_to(outside / "0.png")
    (place / "link").symlink_to(outside)
    (tmp_path / "way").symlink_to(place)
    within = [place / "0.png", tmp_path / "way" / "0.png", outside / ".." / "set" / "0.png"]
    without: dict[str, list[Path | str]] = {
        "neither bytes nor": ["https://example.org/x.png", "0.png", f"{place}/0.png\0"],
        "No such file": [place / "none.png"],
        "outside of the set": [
            outside / "0.png", place / ".." / outside.name / "0.png", place / "link.png", place / "link" / "0.png",
            place / "..",
        ],
    }  # fmt: skip
    expected: list[tuple[str, Path | str]] = [
        *(("", path) for path in within),
        *((why, path) for why, paths in without.items() for path in paths),
    ]
    made = rows(len(expected), image=[{"bytes": None, "path": str(path)} for _, path in expected])
    for folder in (place, tmp_path / "way"):
        found = Rows.of(Path("set"), [str(i) for i in range(len(expected))], 3, made, "image", [folder])
        for i, (why, _) in enumerate(expected):
            if why:
                assert why in refusal(lambda i=i: found[i]).message  # type: ignore[misc]  # noqa: B023  # at once
                assert found.size(i) is None
            else:
                assert (found.content(i), found.length(i), found.size(i)) == (encoded(0), len(encoded(0)), (10, 9))
                assert np.array_equal(np.asarray(found[i]), np.asarray(Image.open(place / "0.png")))


def named(count: int, folder: Path) -> Dataset:
    """Images that are files in a folder, by their paths."""
    folder.mkdir(parents=True)
    for i in range(count):
        (folder / f"{i}.png").write_bytes(encoded(i))
    return rows(count, image=[{"bytes": None, "path": str(folder / f"{i}.png")} for i in range(count)])


def test_a_set_of_the_hub_has_the_files_that_were_fetched_with_it(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = tmp_path / "hub"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(hub))
    monkeypatch.setattr(datasets.config, "DOWNLOADED_DATASETS_PATH", hub)
    for i, (folder, is_read) in enumerate({
        "datasets--somebody--pets0/snapshots/a": True, "extracted/0123": True,
        "datasets--somebody--pets": False, "datasets--somebody--private/snapshots/a": False, "..": False,
    }.items()):  # fmt: skip
        made = named(30, hub / folder / "files")
        keep(cache, f"somebody/pets{i}", train=made)
        if is_read:
            assert read(f"somebody/pets{i}").split == "21/3/6"
        else:
            assert "30 images" in refused(f"somebody/pets{i}")


def test_images_of_another_column_are_others(tmp_path: Path) -> None:
    images = [{"bytes": encoded(i), "path": None} for i in range(3)]
    made = rows(3).add_column("other", images, feature=ImageColumn())
    one, other = (Rows.of(Path("set"), list("abc"), 3, made, column, []) for column in ("image", "other"))
    assert not {one.state(i) for i in range(3)} & {other.state(i) for i in range(3)}


def test_a_file_that_changes_is_another_though_its_row_is_not(tmp_path: Path) -> None:
    file = tmp_path / "0.png"
    file.write_bytes(encoded(0))
    made = rows(2, image=[{"bytes": None, "path": str(file)}, {"bytes": encoded(1), "path": "1.png"}])
    found = Rows.of(Path("set"), list("ab"), 3, made, "image", [tmp_path])
    before = [found.state(i) for i in range(2)]
    file.write_bytes(encoded(2) + b"longer")
    assert [found.state(i) == before[i] for i in range(2)] == [False, True]


def parquet(folder: Path, **files: Dataset) -> Path:
    """Files by their names, in which `_of_` is `-of-`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, made in files.items():
        made.to_parquet(str(folder / f"{name.replace('_', '-')}.parquet"))
    return folder


def test_files_are_read_anew_when_their_content_is_another(tmp_path: Path) -> None:
    place = parquet(tmp_path / "set", train=rows(30))
    before, file = read(place), place / "train.parquet"
    state = file.stat()
    rows(30, 500).to_parquet(str(file))
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    after = read(place)
    assert not torch.equal(before.train.images, after.train.images)  # type: ignore[union-attr]  # held, both
    assert before.revision != after.revision


@pytest.mark.parametrize(("one", "other"), [
    (["train", "val"], ["training_00000_of_00001", "validation"]), (["train_0", "train_1"], ["train"]),
])  # fmt: skip
def test_images_are_the_same_whatever_files_are_called(one: list[str], other: list[str], tmp_path: Path) -> None:
    def digest(names: list[str], first: int = 0) -> str:
        files = {name: rows(30 // len(names), first + 3 * k) for k, name in enumerate(names)}
        return read(parquet(tmp_path / f"{first}-{'-'.join(names)}", **files)).digest

    if len(other) < len(one):
        parquet(tmp_path / "0-train", train=concatenate_datasets([rows(15), rows(15, 3)]))
        assert digest(one) == read(tmp_path / "0-train").digest
    else:
        assert digest(one) == digest(other)
    assert digest(one) != digest(one, 500)


def test_a_split_that_is_named_is_the_pool_that_it_is(tmp_path: Path) -> None:
    parquet(tmp_path / "a", train=rows(30))
    parquet(tmp_path / "b", pets=rows(30), others=rows(30, 100))
    assert read(tmp_path / "a").digest == read(tmp_path / "b", split="pets").digest
    assert read(tmp_path / "a").digest != read(tmp_path / "b", split="others").digest


@pytest.mark.parametrize("name", ["set[1]", "s*1", "s?t1"])
def test_signs_of_patterns_in_names_are_letters(name: str, tmp_path: Path) -> None:
    parquet(tmp_path / "set1", train=rows(30))
    assert read(parquet(tmp_path / name, train=rows(60))).split == "42/6/12"


def test_numbers_that_are_missing_between_files_are_told(tmp_path: Path) -> None:
    """Of names that don't say how many there are; numbers alone are of the split that their folder is called after."""
    for i, (names, missing) in enumerate((
        (["train_0", "train_1", "train_3"], "2"), (["train_00001", "train_00002"], ""), (["train"], ""),
        (["train_0", "train_1", "val_5"], ""), (["train_0", "val_0", "val_3", "val_9"], "1 to 2 and 4 to 8"),
        (["0000", "0002"], "1"), (["0000", "0001"], ""), (["train_00000_of_00002", "train_00001_of_00002"], ""),
    )):  # fmt: skip
        place = parquet(tmp_path / str(i) / "train", **{name: rows(15, 20 * k) for k, name in enumerate(names)})
        found = read(place)
        told = [f"numbers missing between those of .parquet files in {place}: {missing}"]
        assert [note for note in found.notes if "numbers missing" in note] == (told if missing else []), names
        assert sum(map(int, found.split.split("/"))) == 15 * len(names)
    parquet(tmp_path / "pets", **{"0000": rows(15), "0001": rows(15)})
    assert refused(tmp_path / "pets") == "no split is called train: there are pets"
    assert read(tmp_path / "pets", split="pets").split == "21/3/6"


# -- what is refused


def test_rows_that_end_early_are_refused(tmp_path: Path) -> None:
    """Also where a batch of rows ends, which pyarrow takes for the end of all."""
    place = tmp_path / "set"
    rows(30).save_to_disk(str(place))
    (file,) = place.glob("*.arrow")
    table, content, ends = ipc.open_stream(file.read_bytes()).read_all(), io.BytesIO(), list[int]()
    with ipc.new_stream(content, table.schema) as stream:
        for batch in table.to_batches(max_chunksize=10):
            stream.write_batch(batch)
            ends.append(content.tell())
    file.unlink()  # else what is mapped from it would be another
    file.write_bytes(content.getvalue())
    assert read(place).split == "21/3/6"
    for end in (*ends, ends[0] + 100, 3, 0):
        file.unlink()
        file.write_bytes(content.getvalue()[:end])
        assert refused(place).startswith(f"`datasets` can't read {place}: "), end
    file.unlink()
    assert "No such file" in refused(place)


@pytest.mark.parametrize("place", ["../other/{}", "{outside}/other/{}", "{outside}/set/../other/{}"])
def test_no_set_leads_to_rows_of_another(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("set", "other"):
        rows(30, 100 * (name == "other")).save_to_disk(str(tmp_path / name))
    state = tmp_path / "set" / "state.json"
    told = json.loads(state.read_text())
    (file,) = told["_data_files"]
    name = file["filename"]
    for within in (name, str(tmp_path / "set" / name)):
        file["filename"] = within
        state.write_text(json.dumps(told))
        assert read(tmp_path / "set").split == read("./set").split == "21/3/6"
    file["filename"] = place.format(name, outside=tmp_path)
    state.write_text(json.dumps(told))
    assert "which is outside of it" in refused(tmp_path / "set")
    assert "which is outside of it" in refused("./set")


def test_no_link_in_a_saved_set_leads_to_rows_of_another(tmp_path: Path) -> None:
    for name in ("set", "other"):
        rows(30, 100 * (name == "other")).save_to_disk(str(tmp_path / name))
    (mine,), (theirs,) = ([*(tmp_path / name).glob("*.arrow")] for name in ("set", "other"))
    (tmp_path / "way").symlink_to(tmp_path / "set")
    inside = mine.rename(tmp_path / "set" / "inside")
    mine.symlink_to(inside)
    assert read(tmp_path / "set").split == read(tmp_path / "way").split == "21/3/6"
    mine.unlink()
    mine.symlink_to(theirs)
    assert "which is outside of it" in refused(tmp_path / "set")
    assert "which is outside of it" in refused(tmp_path / "way")


def test_a_split_of_which_files_are_missing_is_refused(tmp_path: Path) -> None:
    half = rows(15)
    for i, names in enumerate((
        ["train_00000_of_00002"], ["train_00001_of_00002"], ["train_00000_of_00002", "train_00002_of_00002"],
        ["train_00000_of_00002", "train_00001_of_00003"], ["train_00000_of_00001", "train"],
        ["train_00000_of_00001", "train_00001_of_00002"], ["train_0_of_2", "train_1_of_2", "train_00001_of_00002"],
    )):  # fmt: skip
        place = parquet(tmp_path / str(i), **dict.fromkeys(names, half))
        found = refusal(lambda place=place: read(place))  # type: ignore[misc]
        assert (found.code, "by their names" in found.message) == ("V512", True), found.message
    for i, names in enumerate((["train_1_of_2", "train_2_of_2"], ["train_0", "train_1"], ["train"])):
        whole = read(parquet(tmp_path / f"whole-{i}", **dict.fromkeys(names, rows(30))))
        assert sum(map(int, whole.split.split("/"))) == 30 * len(names)


def test_files_of_a_split_have_the_same_classes(tmp_path: Path) -> None:
    other = rows(15, 100, Features({**FEATURES, "label": ClassLabel(names=NAMES[::-1])}))
    place = parquet(tmp_path, train_00000_of_00002=rows(15), train_00001_of_00002=other)
    assert "has other columns, or other classes, than train-00000-of-00002.parquet" in refused(place)


def test_files_that_would_not_be_read_are_told_or_refused(tmp_path: Path) -> None:
    place = parquet(tmp_path / "set", train=rows(30), VAL=rows(12, 100))
    (place / "VAL.parquet").rename(place / "VAL.PARQUET")
    (place / "._train.parquet").write_bytes(b"of macOS")
    (place / "data").mkdir()
    assert read(place).split == "24/12/6"
    parquet(place / "test", **{"0": rows(9, 200)})
    assert f"1 .parquet file in {place} passed over: test/0.parquet is the first" in read(place).notes
    parquet(place / "data", train=rows(30))
    found = refusal(lambda: read(place))
    assert "beside others in data" in found.message
    assert f'hf("{place / "data"}")' in str(found.help)
    parquet(saved(tmp_path / "disk", "train"), train=rows(30))
    assert any("train.parquet is the first" in note for note in read(tmp_path / "disk").notes)


def test_splits_of_one_part_are_not_mended_by_dropping_another(tmp_path: Path) -> None:
    found = refusal(lambda: read(saved(tmp_path / "set", "train", "dev", "valid")))
    assert "as a pool" in str(found.help)
    assert "split=valid" not in str(found.help)


def test_a_set_that_was_fetched_in_part_is_not_taken_for_the_whole(cache: Path) -> None:
    keep(cache, "somebody/pets", train=rows(30))
    config = cache / "somebody___pets" / "default"
    part = config.with_name("default-0123456789abcdef")
    shutil.copytree(config, part)
    assert read("somebody/pets").split == "21/3/6"
    shutil.rmtree(config)
    assert "fetched with options of its own" in refused("somebody/pets")
    assert "no configuration" in refused("somebody/pets", config=part.name)


def test_of_several_states_in_the_cache_the_one_that_is_read_is_told(cache: Path) -> None:
    keep(cache, "somebody/pets", train=rows(30))
    kept = cache / "somebody___pets" / "default" / "0.0.0" / COMMIT
    assert not any("states of" in note for note in read("somebody/pets").notes)
    other = kept.with_name("f" * 40)
    shutil.copytree(kept, other)
    for last, before in ((kept, other), (other, kept)):
        os.utime(before, (1, 1))
        os.utime(last)
        found = read("somebody/pets")
        assert found.revision == last.name[:16]
        assert any(f"{last.name[:16]} is read, the last that was fetched" in note for note in found.notes)


def test_what_isnt_in_the_cache_is_told_without_a_request(cache: Path) -> None:
    for call in (lambda: read("somebody/pets"), lambda: look_for_data(of("somebody/pets"), NOWHERE)):
        found = refusal(call)
        assert found.code == "V503"
        for told in (str(cache / "somebody___pets"), "--download", "https://huggingface.co", 'hf("./somebody/pets")'):
            assert told in (found.help or "")


def of(name: str) -> Recipe:
    return Recipe(data=Data("hf", name))


def test_one_of_several_configurations_is_named(cache: Path) -> None:
    for config, first in (("large", 0), ("small", 100)):
        keep(cache, "somebody/pets", config, train=rows(30, first))
    found = refusal(lambda: read("somebody/pets"))
    assert (found.message, found.help) == (
        "somebody/pets has several configurations: large and small",
        "say which: config=large",
    )
    large, small = (read("somebody/pets", config=name) for name in ("large", "small"))
    assert not torch.equal(large.train.images, small.train.images)  # type: ignore[union-attr]  # held, both
    assert "no configuration tiny" in refused("somebody/pets", config="tiny")


def test_a_folder_of_something_else_is_told(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    assert "is no set of `datasets`" in refused(tmp_path / "set")
    (tmp_path / "set" / "train.parquet").write_bytes(b"no parquet")
    assert refused(tmp_path / "set").startswith(f"`datasets` can't read {tmp_path / 'set'}: ")
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "state.json").write_text("{")
    assert refused(tmp_path / "torn").startswith("`datasets` can't read ")
    assert refusal(lambda: read(tmp_path / "nothing")).code == "V503"


class _Hub:
    """What the hub would answer."""

    def __init__(self, builder: Any, configs: list[str]) -> None:
        self.builder, self.configs, self.asked = builder, configs, list[object]()

    def get_dataset_config_names(self, name: str) -> list[str]:
        return self.configs

    def load_dataset_builder(self, *asked: object) -> Any:
        self.asked.append(asked)
        return self.builder


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., _Hub]:
    def answering(name: str = "parquet", configs: tuple[str, ...] = ("default",)) -> _Hub:
        rows(30).to_parquet(str(tmp_path / "train.parquet"))
        made = Parquet(
            cache_dir=str(tmp_path / "made"), hash=COMMIT, data_files={"train": [str(tmp_path / "train.parquet")]}
        )
        made.repo_id = "somebody/pets"
        made.name = name
        answers = _Hub(made, list(configs))
        for function in ("get_dataset_config_names", "load_dataset_builder"):
            monkeypatch.setattr(loading._datasets(), function, getattr(answers, function))
        return answers

    return answering


def test_what_is_fetched_is_what_needs_no_pickle(hub: Callable[..., _Hub]) -> None:
    answers = hub()
    found = load_data(of("somebody/pets"), SHAPE, NOWHERE, download=True)
    assert (found.split, found.revision, answers.asked) == ("21/3/6", COMMIT[:16], [("somebody/pets", None)])
    hub("pandas")
    told = refusal(lambda: load_data(of("somebody/pets"), SHAPE, NOWHERE, download=True))
    assert (told.code, told.message) == ("V512", "somebody/pets is made of pandas")
    hub(configs=("b", "a"))
    told = refusal(lambda: load_data(of("somebody/pets"), SHAPE, NOWHERE, download=True))
    assert told.message == "somebody/pets has several configurations: a and b"


def test_what_is_in_the_cache_is_not_fetched_again(cache: Path) -> None:
    """Nor is asked whether it is the newest: the network can't be reached here."""
    keep(cache, "somebody/pets", train=rows(30))
    found = load_data(of("somebody/pets"), SHAPE, NOWHERE, download=True)
    assert (found.split, found.digest) == ("21/3/6", read("somebody/pets").digest)


@pytest.mark.parametrize("name", ["somebody/pets", "parquet"])
def test_what_lies_here_is_never_taken_for_the_hubs(
    name: str, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`datasets` itself takes a folder of the name, and by the name of a reader all files here."""
    here = tmp_path / "here"
    place = here / name if "/" in name else here
    place.mkdir(parents=True)
    rows(30).to_parquet(str(place / "train-00000-of-00001.parquet"))
    monkeypatch.chdir(here)
    found = refusal(lambda: load_data(of(name), SHAPE, NOWHERE, download=True))
    assert (found.code, "not the hub's" in found.message) == ("V512", True)
    assert f'hf("./{name}")' in (found.help or "")


# -- the record

BODY = """input 8x8x3
conv3-4 maxpool
FC-3 softmax
train {{
  data      {data}
  batch     8
  epochs    1
  precision fp32
}}
"""


def test_a_training_is_the_folders_and_its_record_names_the_revision(tmp_path: Path, cache: Path) -> None:
    ordered = {"train": rows(30).sort("label"), "test": rows(9, 200).sort("label")}
    keep(cache, "somebody/pets", **ordered)
    for name, each in ordered.items():
        in_folders(tmp_path / "folders", each, name)
    results = []
    for name, data in (("hub", 'hf("somebody/pets")'), ("folder", 'folder("folders")')):
        spec = tmp_path / f"{name}.arch"
        spec.write_text(BODY.format(data=data))
        done = commands.train(spec, runs=tmp_path / "runs")
        assert done.exit_code == 0, done.stderr
        results.append(load(tmp_path / "runs" / f"{name}-s0-1" / "record.arch").measurements[0])
    hub, folder = results
    assert (str(hub.line), hub.values["by"]["weights"]) == (str(folder.line), folder.values["by"]["weights"])
    assert (hub.values["of"]["revision"], folder.values["of"].get("revision")) == (COMMIT[:16], None)
    assert hub.sealed
    again = commands.train(tmp_path / "runs" / "hub-s0-1" / "record.arch", runs=tmp_path / "runs")
    assert "agrees in every digit" in again.stdout, again.stderr
    rows_of = json.loads(commands.run("results", tmp_path / "hub.arch", tmp_path / "runs", "--json").stdout)
    assert rows_of[0]["measured"]["n"] == 1


@pytest.mark.parametrize("wrong", ['hf("a/b/c")', "hf(pets)", "hf()", 'hf("pets", img=x)', 'hf("")', 'hf("--a/b")'])
def test_names_that_the_hub_has_not_are_refused(wrong: str) -> None:
    found = refusal(lambda: parse(BODY.format(data=wrong)).recipe())
    assert (found.code, bool(found.labels)) == ("V406", True)


@given(
    st.sampled_from(["somebody/pets", "mnist", "./a b", "/data/x", "~/y", "../z"]),
    st.fixed_dictionaries(
        {},
        optional={
            key: st.from_regex(r"[^\s\"\\\x00-\x1f][^\"\\\x00-\x1f]{0,9}", fullmatch=True)
            for key in ("split", "config", "image", "label")
        },
    ),
)
def test_what_is_written_is_read(path: str, options: dict[str, str]) -> None:
    data = Data("hf", path, **options)  # type: ignore[arg-type]  # all of these are text
    assert parse(BODY.format(data=data)).recipe().data == data
