"""A folder of images into shards: tar files of any number, as WebDataset lays them out, and their index."""

import os
import shutil
import tarfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import count
from pathlib import Path, PurePath
from typing import TypeVar

import numpy as np

from vggdsl.data.faults import refused_or_told, without_bad
from vggdsl.data.folders import TINY_LABELS, read_folder, read_tiny_imagenet_in
from vggdsl.data.inspection import Told, look, nobody
from vggdsl.data.names import PARTS
from vggdsl.data.pictures import Files
from vggdsl.data.shards.index import PART, Index, Numbers, Shard, write_index
from vggdsl.data.shards.packed import PLACE, Places, fingerprint_of
from vggdsl.data.sources import Found, Wanted
from vggdsl.data.splits import Lazy
from vggdsl.network.shapes import Shape
from vggdsl.spec.recipe import Data, Recipe
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_file, replacing

T = TypeVar("T")
SIZE = 1_000_000_000
"""Bytes of a shard, at most, but for one with a single image that is larger."""


@dataclass(frozen=True)
class Packing:
    """What was packed: images by their split, shards, and their bytes.

    ``left_out`` is how many can't be read, and ``warnings`` say which.
    """

    images: Mapping[str, int]
    classes: int
    shards: int
    size: int
    left_out: int = 0
    warnings: tuple[Diagnostic, ...] = ()


def pack(
    folder: Path,
    shards: Path,
    *,
    size: int = SIZE,
    seed: int = 0,
    skip_bad: bool = False,
    read: Callable[[Found], None] = lambda found: None,
    looking: Told = nobody,
    told: Told = nobody,
) -> Packing:
    """Packs what ``data folder("…")`` reads of a folder; Tiny ImageNet is read as it comes.

    Images to train on stand in an order that is drawn by ``seed`` over all of them, so that each shard has images of
    all classes: readers that go through shards in order, and shuffle what is near, need that. Others stand in the
    folder's order. The bytes of images are as they are. All are decoded before anything is written, as they are
    before a training; with ``skip_bad`` those that can't be read are left out. ``read`` is given the set
    before that; ``looking`` is told how many images were decoded, of how many, and ``told`` how many are packed.

    ``shards`` is there when it is whole: until then it is called ``….part``. Raises ``InputError`` V512 for a folder
    that can't be read as a set, V530 with all images that can't be read, V514 where ``shards`` is there already, V506
    if it can't be written.
    """
    part = _refuse_there(folder, shards)
    wanted = Wanted(Recipe(data=Data("folder", str(folder))), Shape(3, 1, 1), Path(), download=False)
    found = _read(folder, wanted)
    read(found)
    looked = look(found.splits, (), looking)
    warnings = refused_or_told(looked, wanted.recipe, f"they are left out of {shards}", skip_bad=skip_bad)
    good = without_bad(found.splits, looked, found.classes, wanted.recipe)
    splits = {name: good[name] for name in PARTS if name in good}
    total, packed = sum(map(len, splits.values())), count(1)
    written, places = list[Shard](), list[Places]()
    with _whole(part, shards):
        for name, split in splits.items():
            order = np.arange(len(split))
            if name == "train":
                order = np.random.RandomState(seed).permutation(order)
            places.append(_write(part, name, split, order, size, written, lambda: told(next(packed), total)))
        names = [PurePath(each).as_posix() for split in splits.values() for each in _files(split).names]
        called = {name: found.parts.get(name, "") for name in splits}
        write_index(part, Index(found.classes, called, written, names, np.concatenate(places)))
    images = {name: len(split) for name, split in splits.items()}
    left_out = sum(len(one.bad) for one in looked.values())
    written_size = sum(each.size for each in written)
    return Packing(images, len(found.classes), len(written), written_size, left_out, tuple(warnings))


def _read(folder: Path, wanted: Wanted) -> Found:
    if is_file(folder / TINY_LABELS):
        found = read_tiny_imagenet_in(folder, wanted)
        note = f"{folder} is read as Tiny ImageNet comes: {TINY_LABELS} labels val, which is the test"
        return replace(found, notes=(*found.notes, note))
    return read_folder(wanted)


def _files(split: Lazy) -> Files:
    assert isinstance(split.pictures, Files)  # as any folder's are
    return split.pictures


def _write(
    root: Path,
    part: str,
    split: Lazy,
    order: Numbers,
    most: int,
    written: list[Shard],
    told: Callable[[], None],
) -> Places:
    """Writes a split's shards, which are added to those that are written; where each of its images is."""
    files, waiting = _files(split), deque(order.tolist())
    places, number = np.zeros(len(split), PLACE), count()
    for shard in count():
        if not waiting:
            break
        path = root / f"{part}-{shard:06d}.tar"
        with replacing(path) as unfinished, tarfile.open(unfinished, "w", format=tarfile.USTAR_FORMAT) as tar:
            while waiting and (not tar.offset or _with(tar, _content(files.length, waiting[0])) <= most):
                index = waiting.popleft()
                content, key = _content(files.content, index), f"{next(number):08d}"
                label = int(split.labels[index])
                begin = _add(tar, key + PurePath(files.names[index]).suffix.lower(), content)
                _add(tar, f"{key}.cls", str(label).encode())
                places[index] = len(written), begin, len(content), fingerprint_of(content), label
                told()
        written.append(Shard(path.name, path.stat().st_size, part))
    return places


def _with(tar: tarfile.TarFile, length: int) -> int:
    """The size of the file if it ends with one more image of so many bytes: its header, its class, two empty blocks."""
    blocks = tar.offset // tarfile.BLOCKSIZE + 1 + -(-length // tarfile.BLOCKSIZE) + 2 + 2
    return -(-blocks * tarfile.BLOCKSIZE // tarfile.RECORDSIZE) * tarfile.RECORDSIZE


def _content(read: Callable[[int], T], index: int) -> T:
    try:
        return read(index)
    except OSError as error:
        message = f"{error.filename} can't be read: {error.strerror or error}"
        raise InputError(Diagnostic("V512", message, help="mend it, or take it away")) from None


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> int:
    """Where its bytes begin: behind a header of one block, since the name is short."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    begin = tar.offset + tarfile.BLOCKSIZE
    tar.addfile(member, BytesIO(content))
    return begin


def _refuse_there(folder: Path, shards: Path) -> Path:
    """Refuses a place that isn't free; else what it is called until it is whole."""
    if os.path.lexists(shards):
        raise InputError(Diagnostic("V514", f"{shards} is there already", help="name another folder with -o"))
    part = shards.with_name(shards.name + PART)
    if os.path.lexists(part):
        help = "remove it if no other pack is at work"
        raise InputError(Diagnostic("V514", f"{part} is there already, of a pack that didn't end", help=help))
    if Path(os.path.realpath(shards)).is_relative_to(os.path.realpath(folder)):
        message = f"{shards} can't be written: it would lie in the folder that is packed, and be read with it"
        raise InputError(Diagnostic("V506", message, help="name another folder with -o"))
    return part


@contextmanager
def _whole(part: Path, shards: Path) -> Iterator[None]:
    """Makes the folder ``part``, which is called ``shards`` when the block ends well, and else is removed."""
    try:
        part.mkdir(parents=True)
    except OSError as error:
        raise _unwritable(shards, error) from None
    try:
        yield
        part.rename(shards)
    except OSError as error:
        raise _unwritable(shards, error) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _unwritable(shards: Path, error: OSError) -> InputError:
    return InputError(Diagnostic("V506", f"{shards} can't be written: {error.strerror or error}"))
