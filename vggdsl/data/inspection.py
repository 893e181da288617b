"""Every image file of a set is looked at before a training: which can't be read, and which hold the same bytes."""

import hashlib
import os
from collections.abc import Callable, Collection, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL
import torch
from torch import Tensor

from vggdsl.data.batches import THREADS
from vggdsl.data.formats import RULES
from vggdsl.data.pictures import Files
from vggdsl.data.splits import Lazy
from vggdsl.data.unreadable import UnreadableImageError
from vggdsl.text import caches
from vggdsl.text.errors import VggdslError
from vggdsl.text.files import replacing

Digests = np.ndarray[tuple[int], np.dtype[np.uint64]]
"""64 bits of SHA-256 of what each image is; 0 where it can't be read."""
Told = Callable[[int, int], None]
"""Is told how many files were looked at, of how many."""

_CHUNK = 256
_CACHE = "inspected-1.npy"
_WORTH, _MOST = 500, 4_000_000
"""Images that it is worth to remember, and that are remembered at most."""


def nobody(done: int, total: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True, eq=False)
class Looked:
    """What was found of the files of a split: digests, and by their indices why some can't be read.

    ``images`` (N, C, H, W) of uint8 are those that were kept, as they are evaluated.
    """

    files: Files
    digests: Digests
    bad: Mapping[int, str]
    images: Tensor | None = None

    @property
    def good(self) -> Tensor:
        """The indices of those that can be read."""
        return torch.from_numpy(np.flatnonzero(self.digests))

    def without_bad(self) -> "Looked":
        good = self.good
        images = None if self.images is None else _moved_up(self.images, good)
        return Looked(self.files.take(good), self.digests[good.numpy()], {}, images)


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
            digests, bad = np.zeros(len(split), np.uint64), dict[int, str]()
            with closing(_each(split, files, images, known)) as each:
                for i, (digest, why) in enumerate(each):
                    digests[i] = digest
                    if why:
                        bad[i] = why
                    done += 1
                    told(done, total)
            found[name] = Looked(files, digests, bad, images)
    finally:
        known.keep()
    return found


def _each(split: Lazy, files: Files, images: Tensor | None, known: "_Known") -> Generator[tuple[int, str], None, None]:
    """Each image's digest, and why it can't be read."""

    def one(i: int) -> tuple[int, str]:
        path = files.root / files.names[i]
        try:
            if images is not None:
                images[i] = split.centre(i)
                return _of_file(path), ""
            key = known.key(path)
            digest = known.digest(key)
            if digest is None:
                files[i]
                digest = _of_file(path)
                known.add(key, digest)
            return digest, ""
        except UnreadableImageError as error:
            return 0, error.why
        except OSError as error:
            return 0, error.strerror or str(error)

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
    return np.fromiter((_number(hashlib.sha256(row).digest()) for row in rows), np.uint64, len(images))


def _of_file(path: Path) -> int:
    with path.open("rb") as file:
        return _number(hashlib.file_digest(file, "sha256").digest())


def _number(digest: bytes) -> int:
    return int.from_bytes(digest[:8], "little") or 1


class _Known:
    """The digests of files that were found good, in the user's folder of caches; nothing where there is none."""

    def __init__(self) -> None:
        self._file = caches.trusted(_CACHE)
        self._keys = self._digests = np.empty(0, np.uint64)
        self._new = dict[int, int]()
        try:
            if self._file is not None and self._file.exists():
                table = np.load(self._file)
                if table.dtype == np.uint64 and table.ndim == 2 and len(table) == 2:
                    self._keys, self._digests = table
        except (OSError, ValueError, EOFError):  # it is torn: it will be written anew
            pass

    def key(self, path: Path) -> int:
        """Of a file as it is now, and of what reads it. Raises ``OSError``."""
        state = path.stat()
        text = f"{state.st_size} {state.st_mtime_ns} {PIL.__version__} {RULES} ".encode()
        return _number(hashlib.sha256(text + os.fsencode(path.absolute())).digest())

    def digest(self, key: int) -> int | None:
        place = int(np.searchsorted(self._keys, np.uint64(key)))
        found = place < len(self._keys) and int(self._keys[place]) == key
        return int(self._digests[place]) if found else None

    def add(self, key: int, digest: int) -> None:
        self._new[key] = digest

    def keep(self) -> None:
        """Writes down what is new, if it is worth it. What can't be written isn't kept."""
        found = list(self._new.items())
        if self._file is None or len(found) < _WORTH:
            return
        new = np.array(found, np.uint64).reshape(-1, 2).T
        old = np.stack([self._keys, self._digests])
        table = new if old.shape[1] + new.shape[1] > _MOST else np.concatenate([old, new], axis=1)
        try:
            with replacing(self._file) as part, part.open("wb") as file:
                np.save(file, table[:, np.argsort(table[0])])
        except VggdslError:
            pass
