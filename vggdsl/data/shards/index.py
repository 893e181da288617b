"""The index of shards: which images lie where in them, as JSON.

It is written last, so that a folder that has one is whole. All of it is held to what it can be: it may be anybody's.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import numpy.typing as npt

from vggdsl.data.names import PARTS, one_form
from vggdsl.data.shards.packed import PLACE, Places
from vggdsl.data.sources import wrong
from vggdsl.spec.recipe import Recipe
from vggdsl.text.files import write_text
from vggdsl.text.printing import shown

INDEX, PART = "vggdsl-index.json", ".part"
"""The index's name, and how the name ends of a folder that isn't packed yet."""
IN_NO_CLASS = "val/images"
"""Where Tiny ImageNet has the images of its test, whatever their classes."""
AGAIN = "fetch it again, or pack its folder again: `vggdsl pack DIR -o SHARDS`"
_FORMAT, _VERSION = "vggdsl shards", 1
_TOLD = 40
"""Characters of what stands in an index that are told."""
_COLUMNS = ("name", "label", "shard", "offset", "length", "sha256")

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shard:
    """A tar file by its name, with its bytes, and the part of the set of which it holds images."""

    name: str
    size: int
    part: str


@dataclass(frozen=True, eq=False)
class Index:
    """Images in the order in which their folder lists them: their names, where their bytes are, and their labels.

    ``parts`` are the splits that there are, with what their folders were called: nothing, of one pool.
    """

    classes: tuple[str, ...]
    parts: Mapping[str, str]
    shards: Sequence[Shard]
    names: Sequence[str]
    places: Places
    notes: tuple[str, ...] = ()

    @property
    def labels(self) -> Numbers:
        return self.places["label"].astype(np.int64)

    def of_part(self, part: str) -> Numbers:
        """Which of the images are of it."""
        are = np.array([shard.part == part for shard in self.shards])
        return np.flatnonzero(are[self.places["shard"]])


def is_shard(name: str) -> bool:
    """Whether a file of that name, beside an index, is a shard; nothing leads out of the folder."""
    return name.isprintable() and PurePath(name).name == name and "\\" not in name and name.endswith(".tar")


def write_index(root: Path, index: Index) -> None:
    """Whole or not at all. Raises ``InputError`` V506."""
    places = index.places
    images = {
        "name": list(index.names),
        "label": index.labels.tolist(),
        **{column: places[column].tolist() for column in ("shard", "offset", "length")},
        "sha256": [int(number).to_bytes(8, "little").hex() for number in places["fingerprint"]],
    }
    told = {
        "format": _FORMAT,
        "version": _VERSION,
        "classes": list(index.classes),
        "parts": dict(index.parts),
        "shards": [{"name": each.name, "bytes": each.size, "part": each.part} for each in index.shards],
        "images": images,
    }
    write_text(root / INDEX, json.dumps(told) + "\n")


def read_index(root: Path, recipe: Recipe) -> Index:
    """Raises ``InputError`` V512 for what is no index of shards, ``OSError`` if it can't be read."""
    path = root / INDEX
    try:
        told = json.loads(path.read_bytes())
        return _index(told)
    except (ValueError, RecursionError) as error:  # of JSON's, too
        raise wrong(recipe, f"{path} is no index of shards: {error}", AGAIN) from None


def _index(told: Any) -> Index:
    """Raises ``ValueError`` for what can't be."""
    given = _fields(told, ("format", "version", "classes", "parts", "shards", "images"), "it")
    if (given["format"], given["version"]) != (_FORMAT, _VERSION):
        format = shown(f"{given['format']} {given['version']}", _TOLD)
        raise ValueError(f"its format is {format}")
    classes, parts = _texts(given["classes"], "classes"), given["parts"]
    if len({*classes}) != len(classes) or len(classes) < 2 or not all(name and name.isprintable() for name in classes):
        raise ValueError("its classes are none")
    if not isinstance(parts, dict) or not {"train"} <= {*parts} <= {*PARTS} or not _are_texts(parts.values()):
        raise ValueError("its parts are none")
    shards = [_shard(each, parts) for each in _list(given["shards"], "shards")]
    if len({shard.name for shard in shards}) != len(shards):
        raise ValueError("a shard stands in it twice")
    images = _fields(given["images"], _COLUMNS, "a list of its images")
    names = _texts(images["name"], "names")
    "".join(names).encode(errors="surrogateescape")  # as names of files are
    labels, number, offset, length = (_numbers(images[column], column) for column in _COLUMNS[1:5])
    fingerprints = _fingerprints(_texts(images["sha256"], "sha256"))
    if len({len(column) for column in (names, labels, number, offset, length, fingerprints)}) > 1:
        raise ValueError("the lists of its images are of several lengths")
    are_known = (labels >= 0) & (labels < len(classes)) & (number >= 0) & (number < len(shards))
    if not are_known.all():
        raise ValueError("an image is of a class or in a shard that it doesn't have")
    sizes = np.array([shard.size for shard in shards], np.int64)
    are_within = (offset >= 0) & (length >= 0) & (offset <= sizes[number] - length)
    if not are_within.all():
        raise ValueError("an image lies outside of its shard")
    places = np.zeros(len(names), PLACE)
    columns = {"shard": number, "offset": offset, "length": length, "fingerprint": fingerprints, "label": labels}
    for name, column in columns.items():
        places[name] = column
    found = Index(classes, {part: parts[part] for part in PARTS if part in parts}, shards, names, places)
    empty = next((part for part in found.parts if not len(found.of_part(part))), None)
    if empty is not None:
        raise ValueError(f"its part {empty} has no images")
    _refuse_other_classes(found)
    return found


def _refuse_other_classes(found: Index) -> None:
    """Raises ``ValueError`` for images that lie in a folder of another class, by the names of their files.

    Those of Tiny ImageNet's test lie in a folder of no class, though one may be called as it is.
    """
    classes, labels = [*map(one_form, found.classes)], found.labels.tolist()
    for part in found.parts:
        folders = {(found.names[i].rpartition("/")[0], labels[i]) for i in found.of_part(part).tolist()}
        if part != "train" and {folder for folder, _ in folders} == {IN_NO_CLASS}:
            continue
        for folder, label in sorted(folders):
            around = {*one_form(folder).split("/")}
            if classes[label] not in around and (part == "train" or around & {*classes}):
                where, label_name = shown(folder or ".", _TOLD), shown(found.classes[label], _TOLD)
                raise ValueError(f"by it images in {where} are of class {label_name}")


def _shard(told: Any, parts: Mapping[str, str]) -> Shard:
    given = _fields(told, ("name", "bytes", "part"), "a shard")
    name, size, part = given["name"], given["bytes"], given["part"]
    if not isinstance(name, str) or not is_shard(name):
        raise ValueError(f"{shown(str(name), _TOLD)} is no name of a shard beside it")
    is_size = isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 2**63
    if not is_size or not isinstance(part, str) or part not in parts:
        raise ValueError(f"what it says of {name} can't be")
    return Shard(name, size, part)


def _fields(told: Any, keys: Sequence[str], what: str) -> dict[str, Any]:
    if not isinstance(told, dict) or {*told} != {*keys}:
        raise ValueError(f"{what} hasn't {', '.join(keys)}")
    return told


def _list(told: Any, what: str) -> list[Any]:
    if not isinstance(told, list):
        raise ValueError(f"its {what} are none")
    return told


def _are_texts(values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def _texts(told: Any, what: str) -> tuple[str, ...]:
    if not _are_texts(_list(told, what)):
        raise ValueError(f"its {what} are no texts")
    return tuple(told)


def _numbers(told: Any, what: str) -> Numbers:
    found = np.array(_list(told, what))
    if found.ndim != 1 or (found.dtype != np.int64 and len(found)):
        raise ValueError(f"{what} of its images are no whole numbers")
    return found.astype(np.int64)


def _fingerprints(told: Sequence[str]) -> npt.NDArray[np.uint64]:
    digits = "".join(told)
    if any(len(each) != 16 for each in told) or not re.fullmatch("[0-9a-f]*", digits):
        raise ValueError("sha256 of its images are none")
    return np.frombuffer(bytes.fromhex(digits), "<u8").astype(np.uint64)
