"""One process at a time rewrites a file: what it read is what it replaces."""

import hashlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keeps every other process that asks from rewriting the file meanwhile; a killed one lets go of it.

    Around reading and replacing, and not within itself. The lock is an empty file in the user's cache folder, of which
    there are at most 256, else beside the file while it is held. Raises ``InputError`` V506 if another process holds it
    for five minutes, or if there is no place for it.
    """
    target = Path(os.path.realpath(path))
    kept = caches.trusted(f"{hashlib.sha256(os.fsencode(target)).hexdigest()[:2]}.lock")
    place = kept or target.with_name(f"{hidden(target)}lock")
    until = time.monotonic() + PATIENCE
    while (file := _taken(place, path)) is None:
        if time.monotonic() > until:
            raise InputError(Diagnostic("V506", f"another process holds {path}", help="wait for its end"))
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        if kept is None:
            with suppress(OSError):  # Windows deletes no open file
                place.unlink(missing_ok=True)
        file.close()


def _taken(place: Path, path: Path) -> BinaryIO | None:
    """The lock's file, held until it is closed; None if another process holds it."""
    try:
        file = place.open("ab")
    except OSError as error:
        raise InputError(Diagnostic("V506", f"{path} can't be written: {error.strerror or error}")) from None
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
        raise InputError(Diagnostic("V506", message, help=help)) from None
    file.close()
    return None
