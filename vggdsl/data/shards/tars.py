"""Tar files of a folder, of which parts are read by where they begin; nothing of them is unpacked."""

import os
import weakref
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

_OPEN = 256
"""Files that are kept open at most: of more, each reading opens its own."""


class Tars:
    """Files of a folder, by their numbers; threads and forked processes read them at once.

    ``states`` are theirs when the set was found; by default that is now. Raises ``OSError``.
    """

    def __init__(self, root: Path, names: Sequence[str], states: Sequence[bytes] | None = None) -> None:
        self.root, self.names = root, names
        self._states = [self.state(number) for number in range(len(names))] if states is None else states
        self._lock, self._open = Lock(), dict[int, int]()
        weakref.finalize(self, _close, self._open)

    def __reduce__(self) -> tuple[type["Tars"], tuple[Path, Sequence[str], Sequence[bytes]]]:
        return Tars, (self.root, self.names, self._states)  # another process opens its own

    def path(self, number: int) -> Path:
        return self.root / self.names[number]

    def state(self, number: int) -> bytes:
        """Which file it is and since when: another has another path, size or time. Raises ``OSError``."""
        path = self.path(number)
        state = path.stat()
        return f"{state.st_size} {state.st_mtime_ns} ".encode() + os.fsencode(path.absolute())

    def is_as_found(self, number: int) -> bool:
        """Whether a file is the one that it was when the set was found. Raises ``OSError``."""
        return self.state(number) == self._states[number]

    def read(self, number: int, offset: int, length: int) -> bytes:
        """So many bytes from ``offset`` on; fewer where the file ends. Raises ``OSError``."""
        if not hasattr(os, "pread"):  # Windows, where one place of a file would be all threads'
            with self.path(number).open("rb") as file:
                file.seek(offset)
                return file.read(length)
        with self._lock:
            kept = self._open.get(number)
            if kept is None and len(self._open) < _OPEN:
                kept = self._open[number] = os.open(self.path(number), os.O_RDONLY)
        if kept is not None:
            return _read(kept, offset, length)
        own = os.open(self.path(number), os.O_RDONLY)
        try:
            return _read(own, offset, length)
        finally:
            os.close(own)


def _read(file: int, offset: int, length: int) -> bytes:
    """A system may give less than was asked for at once."""
    found = os.pread(file, length, offset)
    while 0 < len(found) < length:
        more = os.pread(file, length - len(found), offset + len(found))
        if not more:
            break
        found += more
    return found


def _close(files: dict[int, int]) -> None:
    for file in files.values():
        os.close(file)
    files.clear()
