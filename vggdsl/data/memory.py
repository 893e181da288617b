"""How much memory there is, and whether images fit in it."""

from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.units import bytes_text

if TYPE_CHECKING:
    from vggdsl.spec.recipe import Recipe

_CGROUP = Path("/sys/fs/cgroup/memory.max")


def available() -> int:
    """Bytes of RAM that can be had without swapping, and no more than this process's control group may have."""
    free: int = psutil.virtual_memory().available
    limit = _CGROUP.read_text().strip() if _CGROUP.exists() else ""
    return min(free, int(limit)) if limit.isdigit() else free


def check_images(count: int, bytes_each: int, recipe: "Recipe", rest: int = 0) -> None:
    """Raises ``InputError`` V507 if that many images and ``rest`` bytes don't fit in RAM."""
    free, needed = available(), count * bytes_each + rest
    if needed <= free:
        return
    taken = f"{count:,} images of {bytes_text(bytes_each)} take {bytes_text(needed)} of memory"
    message = f"{taken}, {bytes_text(free)} are free"
    help = "these images are held in memory: a smaller input or fewer images will fit"
    raise InputError(Diagnostic("V507", message, recipe.place("data"), help))
