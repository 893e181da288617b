"""Every image file of a set is looked at before a training: what can't be read, what they hold, how they are."""

import hashlib
from collections.abc import Callable, Collection, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import PIL
import torch
from torch import Tensor

from vggdsl.data.batches import THREADS
from vggdsl.data.pictures import Files
from vggdsl.data.splits import Lazy
from vggdsl.data.traits import NO_TRAITS, RULES, TRAITS, Row, Traits, traits_of
from vggdsl.data.unreadable import UnreadableImageError
from vggdsl.text import caches
from vggdsl.text.errors import VggdslError
from vggdsl.text.files import replacing

Digests = np.ndarray[tuple[int], np.dtype[np.uint64]]
"""64 bits of SHA-256 of what each image is; 0 where it can't be read."""
Told = Callable[[int, int], None]
"""Is told how many files were looked at, of how many."""

_One = tuple[int, Row, str]

_CHUNK = 256
_CACHE = "inspected.npy"
_ROW = np.dtype([("key", "u8"), ("digest", "u8"), ("traits", TRAITS)])
_WORTH, _MOST = 500, 4_000_000
"""Images that it is worth to remember, and that are remembered at most."""


def nobody(done: int, total: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True, eq=False)
class Looked:
    """What was found of the files of a split: digests, what they are like, and by their indices why some can't be read.

    ``images`` (N, C, H, W) of uint8 are those that were kept, as they are evaluated.
    """

    files: Files
    digests: Digests
    traits: Traits
    bad: Mapping[int, str]
    images: Tensor | None = None

    @property
    def good(self) -> Tensor:
        """The indices of those that can be read."""
        return torch.from_numpy(np.flatnonzero(self.digests))

    def without_bad(self) -> "Looked":
        good = self.good
        images = None if self.images is None else _moved_up(self.images, good)
        chosen = good.numpy()
        return Looked(self.files.take(good), self.digests[chosen], self.traits[chosen], {}, images)


def look(splits: Mapping[str, Lazy], kept: Collection[str], told: Told = nobody) -> dict[str, Looked]:
    """Decodes all files of the splits in threads, and keeps the images of those ``kept``.

    Others aren't decoded again where an earlier look found them good, by path, size and time.
    """
    of_files = [(name, split, split.pictures) for name, split in splits.items() if isinstance(split.pictures, Files)]
    total, done, found = sum(len(split) for _, split, _ in of_files), 0, dict[str, Looked]()
    known = _Known()
    try:
        for name, split, files in of_files:
            images = torch.zeros(len(split), *split.shape.chw, dtype=torch.uint8) if name in kept else None
            digests, traits, bad = np.zeros(len(split), np.uint64), np.zeros(len(split), TRAITS), dict[int, str]()
            with closing(_each(split, files, images, known)) as each:
                for i, (digest, row, why) in enumerate(each):
                    digests[i], traits[i] = digest, row
                    if why:
                        bad[i] = why
                    done += 1
                    told(done, total)
            found[name] = Looked(files, digests, traits, bad, images)
    finally:
        known.keep()
    return found


def _each(split: Lazy, files: Files, images: Tensor | None, known: "_Known") -> Generator[_One, None, None]:
    """Each image's digest, a row of its traits, and why it can't be read."""

    def one(i: int) -> _One:
        try:
            if images is not None:
                image, kind = files.open(i)
                images[i] = split.centre_of(image)
                return number(files.fingerprint(i)), traits_of(image, kind), ""
            key = known.key(files, i)
            found = known.of(key)
            if found is None:
                traits = traits_of(*files.open(i))
                found = number(files.fingerprint(i)), traits
                known.add(key, *found)
            return *found, ""
        except UnreadableImageError as error:
            return 0, NO_TRAITS, error.why
        except OSError as error:
            return 0, NO_TRAITS, error.strerror or str(error)

    pool = ThreadPoolExecutor(THREADS, "inspection")
    try:
        for start in range(0, len(split), _CHUNK):
            yield from pool.map(one, range(start, min(start + _CHUNK, len(split))))
    finally:
        pool.shutdown(cancel_futures=True)  # waits for those at work, which still add to what is known


def _moved_up(images: Tensor, good: Tensor) -> Tensor:
    """The images at the indices, in the memory in which they are: there may be none for a copy."""
    for place, index in enumerate(good.tolist()):
        if place != index:
            images[place] = images[index]
    return images[: len(good)]


def digests_of(images: Tensor) -> Digests:
    """Of images (N, …) of uint8 that are in memory."""
    rows = (np.ascontiguousarray(image).data for image in images.numpy())
    return np.fromiter((number(hashlib.sha256(row).digest()) for row in rows), np.uint64, len(images))


def number(digest: bytes) -> int:
    """64 bits of a digest, which are not 0."""
    return int.from_bytes(digest[:8], "little") or 1


class _Known:
    """Digests and traits of files that were found good, in the user's folder of caches; nothing where there is none."""

    def __init__(self) -> None:
        self._file = caches.trusted(_CACHE)
        self._table = np.empty(0, _ROW)
        self._new = dict[int, tuple[int, Row]]()
        try:
            if self._file is not None and self._file.exists():
                table = np.load(self._file)
                if table.dtype == _ROW and table.ndim == 1:
                    self._table = table
        except (OSError, ValueError, EOFError):  # it is torn: it will be written anew
            pass

    def key(self, files: Files, index: int) -> int:
        """Of a file as it is now, and of what reads it, as grey or RGB. Raises ``OSError``."""
        text = f"{PIL.__version__} {RULES} {files.channels} ".encode()
        return number(hashlib.sha256(text + files.state(index)).digest())

    def of(self, key: int) -> tuple[int, Row] | None:
        keys = self._table["key"]
        place = int(np.searchsorted(keys, np.uint64(key)))
        if place == len(keys) or int(keys[place]) != key:
            return None
        _, digest, traits = self._table[place].item()
        return digest, traits

    def add(self, key: int, digest: int, traits: Row) -> None:
        self._new[key] = digest, traits

    def keep(self) -> None:
        """Writes down what is new, if it is worth it. What can't be written isn't kept."""
        if self._file is None or len(self._new) < _WORTH:
            return
        new = np.array([(key, *found) for key, found in self._new.items()], _ROW)
        table = new if len(self._table) + len(new) > _MOST else np.concatenate([self._table, new])
        try:
            with replacing(self._file) as part, part.open("wb") as file:
                np.save(file, table[np.argsort(table["key"])])
        except VggdslError:
            pass
