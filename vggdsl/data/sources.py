"""What a data set gives, as its source divides it; those that need no files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vggdsl.data.memory import check_images
from vggdsl.data.pictures import Arrays, Pictures
from vggdsl.data.splits import Lazy
from vggdsl.data.views import view_of
from vggdsl.network.shapes import Shape
from vggdsl.spec.recipe import CLASS_NAMES, Recipe
from vggdsl.spec.recipe.model import FAKE_CLASSES, FAKE_IMAGES
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.packages import needed

_LABEL, _NAME = 8, 70
"""Bytes of a label, and of a class's name as Python holds it."""


@dataclass(frozen=True)
class Wanted:
    """What is asked for: the recipe's set, at the shape of the network's input."""

    recipe: Recipe
    shape: Shape
    root: Path
    download: bool

    def check_memory(self, count: int, rest: int = 0, size: int = 0) -> None:
        """Raises ``InputError`` V507 if so many images of ``size`` bytes, or of the input's, and the rest don't fit."""
        check_images(count, max(size, self.shape.elements), self.recipe, rest)

    def split(self, pictures: Pictures, labels: Tensor) -> Lazy:
        return Lazy(pictures, labels, self.shape, view_of(self.recipe))

    def arrays(self, images: Tensor, labels: Tensor) -> Lazy:
        """Of images (N, c, h, w) of uint8."""
        return self.split(Arrays(images, self.shape.c), labels.long())


@dataclass(frozen=True)
class Found:
    """A set as its source divides it; ``val`` and ``test`` are those set aside where it doesn't.

    ``warnings`` tell what looks wrong, ``within`` are the folders within those of classes, ``parts`` what the folders
    of splits are called where it has such.
    """

    classes: tuple[str, ...]
    splits: Mapping[str, Lazy]
    val: int = 0
    test: int = 0
    notes: tuple[str, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    within: tuple[str, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)
    revision: str | None = None
    """Which state of a set that may change at its source, where that is known."""


@dataclass(frozen=True)
class DataSource:
    """How a data set is read, and how it is looked for: ``look`` raises ``InputError`` V503 if it isn't there."""

    read: Callable[[Wanted], Found]
    look: Callable[[Recipe, Path], object] = lambda recipe, root: None
    is_fetched: bool = False
    """Whether ``--download`` works."""


def missing(recipe: Recipe, what: str, root: Path, help: str) -> InputError:
    """V503."""
    return InputError(Diagnostic("V503", f"no {what} in {root}", recipe.place("data"), help))


def wrong(recipe: Recipe, message: str, help: str | None = None) -> InputError:
    """V512."""
    return InputError(Diagnostic("V512", message, recipe.place("data"), help))


@cache
def _digits() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images (N, 1, 8, 8) and labels (N,): the 150 kB are kept, since scikit-learn parses a text for them."""
    with needed():
        from sklearn.datasets import load_digits

    read = load_digits()
    return np.rint(read.images * (255 / 16)).astype(np.uint8)[:, None], read.target.astype(np.int64)


def digits(wanted: Wanted) -> Found:
    """1,797 scans of handwritten digits, 8x8 in 17 greys, that come with scikit-learn (Alpaydin & Kaynak 1998)."""
    images, labels = _digits()
    wanted.check_memory(len(images))
    pool = wanted.arrays(torch.from_numpy(images.copy()), torch.from_numpy(labels.copy()))
    return Found(CLASS_NAMES["digits"], {"train": pool}, val=180, test=360)


def fake(wanted: Wanted) -> Found:
    """Noise over a pattern of 4x4 squares for each class: for trying things, with nothing to read."""
    data, shape = wanted.recipe.data, wanted.shape
    n, classes = data.n or FAKE_IMAGES, data.classes or FAKE_CLASSES
    wanted.check_memory(n, n * _LABEL + classes * (shape.c * 16 + _NAME))
    random = np.random.RandomState(0)
    squares = random.randint(0, 256, (classes, shape.c, 4, 4), np.uint8)
    rows, columns = (np.arange(size) * 4 // size for size in (shape.h, shape.w))
    labels = np.arange(n) % classes
    images = random.randint(0, 128, (n, *shape.chw), np.uint8)
    for label in range(min(n, classes)):
        images[label::classes] += squares[label][:, rows][:, :, columns] // 2
    pool = wanted.arrays(torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64)))
    return Found(tuple(f"class {k}" for k in range(classes)), {"train": pool}, val=n // 10, test=n // 5)
