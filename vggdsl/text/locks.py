"""One process at a time rewrites a file: what it read is what it replaces."""

import hashlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from vggdsl.text import caches
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import hidden

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

PATIENCE = 300.0
"""Seconds that a process waits for another to rewrite a file, which takes it a moment."""
_PAUSE = 0.01


class _NoLockError(InputError):
    """V506: a file can't serve as a lock."""


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keeps every other process that asks from rewriting the file meanwhile; a killed one lets go of it.

    Around reading and replacing, and not within itself. For this machine the lock is an empty file in the user's cache
    folder, of which there are at most 256; for others that share the file's folder it is one beside the file, while it
    is held, where that can be made and its file system has locks. Raises ``InputError`` V506 if another process holds
    it for five minutes, or if there is no place for it.
    """
    target = Path(os.path.realpath(path))
    kept = caches.trusted(f"{hashlib.sha256(os.fsencode(target)).hexdigest()[:2]}.lock")
    beside = target.with_name(f"{hidden(target)}lock")
    until = time.monotonic() + PATIENCE
    with ExitStack() as held:
        if kept is not None:
            held.callback(_waited_for(kept, path, until).close)
        try:
            held.callback(_removed, _waited_for(beside, path, until), beside)
        except _NoLockError:
            if kept is None:
                raise
        yield


def _waited_for(place: Path, path: Path, until: float) -> BinaryIO:
    while (file := _taken(place, path)) is None:
        if time.monotonic() > until:
            raise InputError(Diagnostic("V506", f"another process holds {path}", help="wait for its end"))
        time.sleep(_PAUSE)
    return file


def _removed(file: BinaryIO, place: Path) -> None:
    """Lets go of a lock whose file is to go, too."""
    with suppress(OSError):  # Windows deletes no open file
        place.unlink(missing_ok=True)
    file.close()


def _opened(place: Path) -> int:
    """What lies there instead, as a link or a pipe, is neither followed nor waited for."""
    plainly = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    return os.open(place, os.O_WRONLY | os.O_CREAT | plainly, 0o666)


def _taken(place: Path, path: Path) -> BinaryIO | None:
    """The lock's file, held until it is closed; None if another process holds it."""
    try:
        file = os.fdopen(_opened(place), "ab")
    except OSError as error:
        message = f"{path} can't be written: {error.strerror or error}"
        raise _NoLockError(Diagnostic("V506", message)) from None
    try:
        if sys.platform == "win32":
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(file.fileno()), place.stat()):
            return file
    except (BlockingIOError, PermissionError, FileNotFoundError):  # it is held, or who held it has deleted it
        pass
    except OSError as error:
        file.close()
        message = f"{place} can't be locked, which keeps others from writing {path}: {error.strerror or error}"
        help = "let XDG_CACHE_HOME name a folder of a disk of this machine"
        raise _NoLockError(Diagnostic("V506", message, help=help)) from None
    file.close()
    return None
