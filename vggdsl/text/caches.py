"""Files from which what was built once is read back: in a folder that is the machine's matter, and handed in."""

import os
import stat
from collections.abc import Callable
from pathlib import Path


def nowhere() -> Path | None:
    return None


folder: Callable[[], Path | None] = nowhere
"""Gives the user's folder of caches; nothing is kept until it is set by who knows the machine."""


def trusted(name: str) -> Path | None:
    """Where a file is kept, in the folder, which only the user can write; None where it can't be kept.

    It may be a pickle: one that somebody else could have put there isn't read.
    """
    try:
        if (place := trusted_folder()) is None:
            return None
        file = place / name
        state = file.lstat() if file.is_symlink() or file.exists() else None
    except OSError:
        return None
    if state is not None and (not _is_ours(state) or not stat.S_ISREG(state.st_mode)):
        return None
    return file


def trusted_folder() -> Path | None:
    """The folder itself, made if it isn't there; None where it can't be, or where somebody else could write it."""
    try:
        place = folder()
        if place is None or not place.is_absolute():
            return None
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = place.stat()
    except (OSError, RuntimeError):  # no home, or none that can be written
        return None
    if not _is_ours(state) or (os.name == "posix" and state.st_mode & 0o022):
        return None
    return place if os.access(place, os.W_OK) else None


def _is_ours(state: os.stat_result) -> bool:
    return not hasattr(os, "getuid") or state.st_uid == os.getuid()
