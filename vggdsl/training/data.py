"""A recipe's data set, at the size of a network's input, in three splits."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from vggdsl.errors import Diagnostic, InputError
from vggdsl.recipe import Recipe
from vggdsl.shapes import Shape
from vggdsl.training import cifar10
from vggdsl.training.images import check_channels
from vggdsl.training.memory import place
from vggdsl.training.sources import SOURCES, Found, Wanted, find_folder
from vggdsl.training.splits import Split, set_aside


@dataclass(frozen=True, eq=False)
class DataSet:
    """Images to train on, to choose by, and to measure on once."""

    classes: tuple[str, ...]
    train: Split
    val: Split
    test: Split
    notes: tuple[str, ...] = ()
    """What a user should know of how it was read."""

    @property
    def split(self) -> str:
        """The sizes, as a record prints them: ``45000/5000/10000``."""
        return f"{len(self.train)}/{len(self.val)}/{len(self.test)}"

    @cached_property
    def digest(self) -> str:
        """Eight hex digits over all images and labels, as used and in their order."""
        digest = hashlib.sha256()
        for split in (self.train, self.val, self.test):
            digest.update(repr(tuple(split.images.shape)).encode())
            digest.update(np.ascontiguousarray(split.images.numpy()).data)
            digest.update(split.labels.numpy().astype("<i8").tobytes())
        return digest.hexdigest()[:8]


def check_data(recipe: Recipe) -> list[Diagnostic]:
    """V505 if this version can't train on the recipe's data set."""
    if recipe.data.name in SOURCES:
        return []
    message = f"data set {recipe.data.name} is not run by this version"
    help = f"it trains on {', '.join(SOURCES)}"
    return [Diagnostic("V505", message, place(recipe, "data"), help)]


def look_for_data(recipe: Recipe, root: Path, *, download: bool = False) -> None:
    """Raises ``InputError`` V503 if the data set isn't there, without reading it."""
    if recipe.data.name == "cifar10" and not download:
        cifar10.find(root, recipe)
    elif recipe.data.name == "folder":
        find_folder(recipe, root)


def load_data(recipe: Recipe, shape: Shape, root: Path, *, download: bool = False) -> DataSet:
    """Reads, resizes and divides the data set of a recipe.

    What its source divides stays divided: CIFAR-10's and a folder's own test images. The rest is one
    pool that is divided class by class, the same way for every training seed, into as many
    images as ``val=`` and ``test=`` say; by default 5,000 for validation of CIFAR-10, 180 and 360 of the
    digits, a tenth and a fifth of a folder or of fakes.

    Raises ``InputError`` V503 if it isn't there, V505 if this version can't train on it, V507 if it
    doesn't fit in memory, V512 if it isn't what it should be.
    """
    found = check_data(recipe)
    if found:
        raise InputError(found)
    check_channels(shape)
    return _divide(SOURCES[recipe.data.name](Wanted(recipe, shape, root, download)), recipe)


def _divide(found: Found, recipe: Recipe) -> DataSet:
    splits = dict(found.splits)
    counts = {"val": (recipe.data.val, found.val), "test": (recipe.data.test, found.test)}
    for name, (given, default) in counts.items():
        if name in splits:
            if given is not None:
                message = f"{recipe.data.name} has {name} images of its own"
                raise InputError(Diagnostic("V512", message, place(recipe, "data"), f"remove `{name}={given}`"))
            continue
        count, pool = given if given is not None else default, splits["train"]
        if not 0 < count < len(pool):
            message = f"{count:,} images for {name} of {len(pool):,} leave {'none of them' if not count else 'none'}"
            help = "give it more images, or say other counts: val=100, test=200"
            raise InputError(Diagnostic("V512", message, place(recipe, "data"), help))
        splits[name], splits["train"] = set_aside(pool, count)
    return DataSet(found.classes, splits["train"], splits["val"], splits["test"], found.notes)
