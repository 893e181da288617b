"""Shards without an index, as others write them for WebDataset: what lies where, by the headers in the files.

An image and its class have one name up to the first dot, ``KEY.jpg`` and ``KEY.cls``, and stand side by side.
"""

import re
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from vggdsl.data.names import PARTS, gaps, is_hidden, is_named_as_image, one_form, part_of, part_within, words_of
from vggdsl.data.shards.beside import is_compressed, is_tar, passed_over, seen, tars_below
from vggdsl.data.shards.index import INDEX, PART, Index, Numbers, Shard
from vggdsl.data.shards.packed import PLACE
from vggdsl.data.sources import wrong
from vggdsl.spec.recipe import Recipe
from vggdsl.text.files import is_file
from vggdsl.text.units import names_text, plural

_LABEL = "cls"
_LONGEST = 200
"""Bytes of a class's name or number, at most."""
_BLOCK, _END = 512, 1 << 20
"""Bytes of a header, and of 0 behind the last file, with which a program may have filled up."""
NUMBERED = "classes that are numbers begin at 0; each class has images to train on"
_LAID_OUT = "of each image there are KEY.jpg and KEY.cls, which holds the number of its class or the name of it"
_NUMBER, _INTEGER = re.compile(r"\d{1,6}"), re.compile(r"-?\d+")
_HERE = (".", "..")
"""Parts of names that begin with a dot, and are not hidden."""


@dataclass
class _Found:
    """The images of shards, with what their classes are called, and the endings of other files."""

    names: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    places: list[tuple[int, int, int]] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)


def index_of_foreign(root: Path, recipe: Recipe) -> Index:
    """Raises ``InputError`` V512 where images and their classes can't be told, ``OSError`` if files can't be read."""
    if root.name.endswith(PART):
        help = f"`vggdsl pack` ends with a folder without {PART}: remove this one, and pack again"
        raise wrong(recipe, f"{root} is what is left of a pack that didn't end", help)
    notes = list[str]()
    shards, found = list[Shard](), _Found()
    for path, part in _parts(root, recipe, notes):
        try:
            _read(path, path.relative_to(root).with_suffix("").as_posix(), len(shards), found)
        except (tarfile.TarError, ValueError, OverflowError, RecursionError) as error:
            help = f"a shard is a plain tar file, where {_LAID_OUT}"
            raise wrong(recipe, f"{path} can't be read as a shard: {error}", help) from None
        shards.append(Shard(path.relative_to(root).as_posix(), path.stat().st_size, part))
    classes, labels = _classes(found.labels, root, recipe)
    places = np.zeros(len(labels), PLACE)
    places[["shard", "offset", "length"]], places["label"] = found.places, labels
    if found.others:
        endings = names_text([f"{count:,} {ending}" for ending, count in sorted(found.others.items())])
        notes.append(f"{plural(found.others.total(), 'file')} in shards passed over: {endings}")
    by = "number" if classes == tuple(map(str, range(len(classes)))) else "name"
    files = plural(len(shards), "file")
    notes.append(f"{root} has no {INDEX}: images are found by the headers in {files}, and classes have a {by} alone")
    parts = {part: part for part in PARTS if any(shard.part == part for shard in shards)}
    called = {"train": ""} if [*parts] == ["train"] else parts
    return Index(classes, called, shards, found.names, places, tuple(notes))


# -- which files


def _parts(root: Path, recipe: Recipe, notes: list[str]) -> list[tuple[Path, str]]:
    """The shards in their order, each with its part: by its folder, or by a word of its name; of one pool train."""
    entries = seen(root.iterdir())
    folders = [path for path in entries if path.is_dir()]
    files = _shards([path for path in entries if not path.is_dir()], recipe, notes)
    held = {folder: [path for path in seen(folder.iterdir()) if not path.is_dir()] for folder in folders}
    within = {folder: _shards(within_it, recipe, notes) for folder, within_it in held.items()}
    empty = [folder for folder, shards in within.items() if not shards]
    within = {folder: shards for folder, shards in within.items() if shards}
    if bool(files) == bool(within):
        what = f"shards beside folders of them, {names_text([each.name for each in within])}" if files else "no shards"
        help = f"shards are plain tar files, such as train-000000.tar; {_LAID_OUT}"
        if not files:
            help += f'; a folder of images is `data folder("{root}")`, of which `vggdsl pack` makes shards'
        raise wrong(recipe, f"{root} has {what}", help)
    found = [*files, *(path for shards in within.values() for path in shards)]
    known = {*found}
    deeper = next((path for path in tars_below(root) if path not in known), None)
    if deeper is not None:
        help = "put it into the folder of its part, or take it away"
        raise wrong(recipe, f"{deeper} lies deeper than shards do", help)
    for folder in empty:
        if part_of(folder.name) in PARTS:
            raise wrong(recipe, f"{folder} has no shards", "put its tar files there, or take the folder away")
        notes.append(f"{folder} passed over: it holds no shards")
    if missing := gaps((path.parent / path.stem).as_posix() for path in found):
        notes.append(f"numbers missing between those of shards in {root}: {names_text(missing)}")
    help = "parts are folders train, val and test, or words in the names of files, as in train-000000.tar"
    several = next((path for path in files if len({*map(part_of, words_of(path.stem))} - {None}) > 1), None)
    if several is not None:
        raise wrong(recipe, f"{several} is in several parts by the words of its name", help)
    named = [(path, part_within(path.stem)) for path in files]
    named += [(path, part_of(folder.name)) for folder, shards in within.items() for path in shards]
    if files and not any(part for _, part in named):
        return [(path, "train") for path in files]
    unnamed = next((path for path, part in named if part is None), None)
    if unnamed is not None or "train" not in {part for _, part in named}:
        what = f"{unnamed.relative_to(root)}, which is in no part by its name" if unnamed else "no shards of train"
        raise wrong(recipe, f"{root} has {what}", help)
    unused = [path for path, part in named if part not in PARTS]
    if unused:
        notes.append(f"{plural(len(unused), 'file')} in {root} passed over: in no part that is trained or measured on")
    return [(path, part) for path, part in named if part in PARTS]


def _shards(files: Sequence[Path], recipe: Recipe, notes: list[str]) -> list[Path]:
    packed = next(filter(is_compressed, files), None)
    if packed is not None:
        message = f"{packed} is compressed: in it no image can be read alone"
        help = "unpack it to a plain tar file, as `gunzip` does of .tar.gz: images are compressed already"
        raise wrong(recipe, message, help)
    shards = [path for path in files if is_tar(path)]
    strange = next((path for path in shards if not is_file(path)), None)
    if strange is not None:
        what = "a link that leads nowhere" if strange.is_symlink() and not strange.exists() else "no regular file"
        raise wrong(recipe, f"{strange} is {what}", "put the shard there, or take the name away")
    notes += passed_over([path for path in files if not is_tar(path)])
    return shards


# -- what they hold


def _read(path: Path, called: str, number: int, found: _Found) -> None:
    """Raises ``ValueError`` or ``TarError`` for what is no plain tar file of images and classes."""
    keys = set[str]()
    with path.open("rb") as file:
        for key, members in _samples(_members(file)):
            images = [each for ending, each in members if is_named_as_image(f"image.{ending}")]
            labels = [each for ending, each in members if ending == _LABEL]
            for ending, each in members:
                if each not in images and each not in labels:
                    found.others[f".{ending}" if ending else "without an ending"] += 1
            if not images and not labels:
                continue
            if len(images) != 1 or len(labels) != 1:
                have = f"{plural(len(images), 'image')} that can be read and {len(labels)} .{_LABEL}"
                raise ValueError(f"{key} has {have}")
            if key.removeprefix("./") in keys:  # of which `tar` unpacks the last, and WebDataset reads each
                raise ValueError(f"{key} stands in it twice, with other files between")
            keys.add(key.removeprefix("./"))
            (image,), (label,) = images, labels
            found.names.append(f"{called}/{image.name}")
            found.labels.append(_label(file, label))
            found.places.append((number, image.offset_data, image.size))


def _members(file: BinaryIO) -> Iterator[tarfile.TarInfo]:
    """The files in a tar file, which ends as such do."""
    size = file.seek(0, 2)
    file.seek(0)
    with tarfile.open(fileobj=file, mode="r:") as tar:
        while (member := tar.next()) is not None:
            tar.members = []  # type: ignore[attr-defined]  # typeshed leaves it out: all would be kept
            if member.size < 0 or member.offset_data + member.size > size:
                raise ValueError(f"it ends before {member.name} does")
            if member.issparse() or not (member.isfile() or member.isdir()):
                raise ValueError(f"{member.name} is no plain file in it, but a link, a device, or sparse")
            if member.isfile() and not any(is_hidden(part) for part in member.name.split("/") if part not in _HERE):
                yield member
        file.seek(tar.offset)  # where the header is that ends it
        end = file.read(_END + 1)
    if not _BLOCK <= len(end) <= _END or any(end):
        raise ValueError(f"after {tar.offset:,} bytes there is neither a file nor its end")


def _samples(members: Iterable[tarfile.TarInfo]) -> Iterator[tuple[str, list[tuple[str, tarfile.TarInfo]]]]:
    """What stands side by side under one key, up to the first dot of a name, with its endings in lower case."""
    key, of_key = "", list[tuple[str, tarfile.TarInfo]]()
    for member in members:
        folder, slash, name = member.name.rpartition("/")
        stem, _, ending = name.partition(".")
        if of_key and folder + slash + stem != key:
            yield key, of_key
            of_key = []
        key = folder + slash + stem
        of_key.append((ending.lower(), member))
    if of_key:
        yield key, of_key


def _label(file: BinaryIO, member: tarfile.TarInfo) -> str:
    file.seek(member.offset_data)
    text = file.read(min(member.size, _LONGEST + 1)).decode().strip()
    if not text or len(text) > _LONGEST or not text.isprintable():
        raise ValueError(f"{member.name} names no class")
    return one_form(text)


def _classes(texts: Sequence[str], root: Path, recipe: Recipe) -> tuple[tuple[str, ...], Numbers]:
    """The classes by their numbers where all are such, else by their names in order; and the label of each text."""
    different = {*texts}
    if all(_NUMBER.fullmatch(text) for text in different):
        count = max(map(int, different), default=-1) + 1
        number: Mapping[str, int] = {text: int(text) for text in different}
        classes = tuple(map(str, range(count)))
    elif negative := [
        text for text in sorted(different) if text.startswith("-") and all(map(_INTEGER.fullmatch, different))
    ]:
        help = "a number below 0 mostly marks images of no class: take them away"
        raise wrong(recipe, f"{root} has images of class {negative[0]} among such of numbers", help)
    else:
        classes = tuple(sorted(different))
        number = {name: label for label, name in enumerate(classes)}
    if len(classes) < 2:
        raise wrong(recipe, f"{root} has images of {len(classes)} classes", f"two at least; {_LAID_OUT}")
    return classes, np.array([number[text] for text in texts], np.int64)
