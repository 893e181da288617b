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
        place = folder()
        if place is None or not place.is_absolute():
            return None
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = place / name
        states = [place.stat(), *([file.lstat()] if file.is_symlink() or file.exists() else [])]
    except (OSError, RuntimeError):  # no home, or none that can be written
        return None
    if hasattr(os, "getuid") and (any(s.st_uid != os.getuid() for s in states) or states[0].st_mode & 0o022):
        return None
    if len(states) > 1 and not stat.S_ISREG(states[1].st_mode):
        return None
    return file if os.access(place, os.W_OK) else None
