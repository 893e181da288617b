"""How much memory there is, and how much a training needs."""

import os
from pathlib import Path

from vggdsl.spec.recipe import Recipe
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.units import bytes_text

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup/memory.max")


def available() -> int | None:
    """Bytes of RAM that can be had without swapping; None where the system doesn't tell."""
    found = []
    if _MEMINFO.exists():  # what sysconf calls available leaves out the page cache, which can be had
        lines = dict(line.split(":", 1) for line in _MEMINFO.read_text().splitlines() if ":" in line)
        if "MemAvailable" in lines:
            found.append(int(lines["MemAvailable"].split()[0]) * 1024)
    if not found:
        try:
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
        except (AttributeError, ValueError, OSError):  # Windows has no sysconf
            return None
    if _CGROUP.exists() and (limit := _CGROUP.read_text().strip()).isdigit():
        found.append(int(limit))
    return min(found)


def check_images(count: int, bytes_each: int, recipe: Recipe, rest: int = 0) -> None:
    """Raises ``InputError`` V507 if that many images and ``rest`` bytes don't fit in RAM."""
    free, needed = available(), count * bytes_each + rest
    if free is None or needed <= free:
        return
    taken = f"{count:,} images of {bytes_text(bytes_each)} take {bytes_text(needed)} of memory"
    message = f"{taken}, {bytes_text(free)} are free"
    help = "these images are held in memory: a smaller input or fewer images will fit"
    raise InputError(Diagnostic("V507", message, recipe.place("data"), help))
