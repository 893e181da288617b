"""How much memory there is, and how much a training needs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vggdsl.errors import Diagnostic, InputError, Label
from vggdsl.infer import TypedGraph
from vggdsl.recipe import SGD, Recipe

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


def size(count: int) -> str:
    """Bytes in decimal units, as the tables print them.

    >>> size(1_500_000_000)
    '1.5 GB'
    """
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:,.1f} GB"


def check_images(count: int, bytes_each: int, recipe: Recipe, rest: int = 0) -> None:
    """Raises ``InputError`` V507 if that many images and ``rest`` bytes don't fit in RAM."""
    free, needed = available(), count * bytes_each + rest
    if free is None or needed <= free:
        return
    message = f"{count:,} images of {size(bytes_each)} take {size(needed)} of memory, {size(free)} are free"
    help = "these images are held in memory: a smaller input or fewer images will fit"
    raise InputError(Diagnostic("V507", message, place(recipe, "data"), help))


def training_bytes(typed: TypedGraph, recipe: Recipe, bytes_each: int, processes: int = 1) -> int:
    """Bytes that each process of a training needs at the least: a low estimate, without images and libraries.

    Single-precision weights, gradients and the optimizer's moments (one for SGD with momentum, two for
    Adam), and what the layers store for the backward pass at the process's part of the recipe's batch, in values
    of ``bytes_each`` (2 under bf16, 4 otherwise).
    """
    optimizer = recipe.optimizer
    moments = bool(optimizer.momentum) if isinstance(optimizer, SGD) else 2
    heads = sum(t.activations for head in typed.heads for t in head.nodes)
    images = -(-recipe.batch // processes)
    return typed.training_params * 4 * (2 + moments) + (typed.activations + heads) * images * bytes_each


def check_training(needed: int, free: int | None, recipe: Recipe) -> None:
    """Raises ``InputError`` V508 if a training needs more than is free."""
    if free is None or needed <= free:
        return
    message = f"training at batch {recipe.batch} needs {size(needed)} of memory at the least, {size(free)} are free"
    help = "a smaller batch needs less: `--batch`"
    raise InputError(Diagnostic("V508", message, place(recipe, "batch"), help))


def check_use(what: str, typed: TypedGraph | None = None, held: int = 0) -> None:
    """Raises ``InputError`` V508 if an export or a prediction needs more than is free.

    That is four copies of the weights, of ``typed`` or ``held`` bytes, and one layer's values for the three
    images on which an export is verified: a low estimate.
    """
    needed = 4 * held
    if typed is not None:
        values = max((t.x.elements + t.shape.elements for t in typed.nodes[1:]), default=0)
        needed = max(needed, 4 * 4 * typed.params) + 3 * 4 * values
    free = available()
    if free is not None and needed > free:
        message = f"{what} needs {size(needed)} of memory at the least, {size(free)} are free"
        raise InputError(Diagnostic("V508", message, help="use a machine with more memory"))


@contextmanager
def out_of_memory(what: str) -> Iterator[None]:
    """``InputError`` V508 where an estimate was too low after all."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # the latter is PyTorch's
        if isinstance(error, RuntimeError) and "allocate memory" not in str(error):
            raise
        message = f"{what} needs more memory than there is"
        raise InputError(Diagnostic("V508", message, help="use a machine with more memory")) from None


def place(recipe: Recipe, key: str) -> tuple[Label, ...]:
    """Where the spec writes an entry; nowhere for a default or a flag."""
    return (Label(recipe.places[key], "here"),) if key in recipe.places and recipe.origin(key) != "flag" else ()
