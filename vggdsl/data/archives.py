"""MNIST, Fashion-MNIST, SVHN and STL-10, in the files of their sources, which torchvision reads and fetches."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vggdsl.data.sources import DataSource, Found, Wanted, missing, wrong
from vggdsl.data.views import SIZES
from vggdsl.spec.recipe import CLASS_NAMES, Recipe
from vggdsl.text import packages
from vggdsl.text.files import is_file
from vggdsl.text.printing import first_line

_AGAIN = "unpack the archive again, or `--download`"
_IDX = tuple(f"{part}-{what}-ubyte" for part in ("train", "t10k") for what in ("images-idx3", "labels-idx1"))


@dataclass(frozen=True)
class Archive:
    """A set that ``kind``, a class of torchvision's by this name, reads: its folder below the root, and its files.

    ``images`` are those to train on and to test, ``url`` is where its source offers it.
    """

    title: str
    kind: str
    folder: str
    files: tuple[str, ...]
    images: tuple[int, int]
    url: str
    classes: tuple[str, ...]
    open: Callable[[Any, Path, bool, bool], Any]
    channels: int = 3
    val: int = 5000

    def read(self, wanted: Wanted) -> Found:
        """The official test split stays the test; ``val`` is set aside.

        Raises ``InputError`` V503 if it isn't there, V512 if the files aren't what they should be.
        """
        if not wanted.download:
            self.find(wanted.recipe, wanted.root)
        wanted.check_memory(sum(self.images), size=self.channels * SIZES[wanted.recipe.data.name] ** 2)
        train, test = (self._read(wanted, part) for part in (True, False))
        splits = {"train": wanted.arrays(*train), "test": wanted.arrays(*test)}
        return Found(self.classes, splits, val=self.val)

    def find(self, recipe: Recipe, root: Path) -> Path:
        """Its folder. Raises ``InputError`` V503."""
        folder = root / self.folder
        if not all(is_file(folder / name) for name in self.files):
            looked = f"looked for {', '.join(self.files)} in {folder}"
            help = f"{looked}; say where with `--data DIR`, or fetch it with `--download` (it is from {self.url})"
            raise missing(recipe, self.title, root, help)
        return folder

    def _read(self, wanted: Wanted, train: bool) -> tuple[Tensor, Tensor]:
        """Images (N, c, h, w) of uint8, and labels (N,) of int64."""
        with packages.needed():
            from torchvision import datasets
        try:
            read = self.open(getattr(datasets, self.kind), wanted.root, train, wanted.download)
            images, labels = _tensor(read.data), _tensor(read.targets if hasattr(read, "targets") else read.labels)
        except ModuleNotFoundError as error:  # of SVHN, which is kept in MATLAB's format
            raise packages.missing(error.name or "scipy") from None
        except Exception as error:  # torchvision has no root for what can be wrong with a file
            why = first_line(error) if str(error).strip() else "it isn't in the format of its source"
            message = f"can't {'fetch' if wanted.download else 'read'} {self.title} in {wanted.root}: {why}"
            raise wrong(wanted.recipe, message, _AGAIN) from None
        images = images[:, None] if images.ndim == 3 else images
        size = SIZES[wanted.recipe.data.name]
        good = images.dtype == torch.uint8 and images.ndim == 4 and images.shape[2:] == (size, size) and len(images)
        if not good or labels.shape != (len(images),) or labels.min() < 0 or labels.max() >= len(self.classes):
            message = f"{self.title} in {wanted.root} isn't images of {size}x{size} with labels of its classes"
            raise wrong(wanted.recipe, message, _AGAIN)
        return images, labels.long()


def _tensor(values: Any) -> Tensor:
    return values if isinstance(values, Tensor) else torch.from_numpy(np.ascontiguousarray(values))


def _by_flag(kind: Any, root: Path, train: bool, download: bool) -> Any:
    return kind(root, train=train, download=download)


def _by_name(kind: Any, root: Path, train: bool, download: bool) -> Any:
    return kind(root, split="train" if train else "test", download=download)


ARCHIVES = {
    "mnist": Archive(
        title="MNIST",
        kind="MNIST",
        folder="MNIST/raw",
        files=_IDX,
        images=(60_000, 10_000),
        url="http://yann.lecun.com/exdb/mnist/",
        classes=CLASS_NAMES["mnist"],
        open=_by_flag,
        channels=1,
    ),
    "fashion-mnist": Archive(
        title="Fashion-MNIST",
        kind="FashionMNIST",
        folder="FashionMNIST/raw",
        files=_IDX,
        images=(60_000, 10_000),
        url="https://github.com/zalandoresearch/fashion-mnist",
        classes=CLASS_NAMES["fashion-mnist"],
        open=_by_flag,
        channels=1,
    ),
    "svhn": Archive(
        title="SVHN",
        kind="SVHN",
        folder="",
        files=("train_32x32.mat", "test_32x32.mat"),
        images=(73_257, 26_032),
        url="http://ufldl.stanford.edu/housenumbers/",
        classes=CLASS_NAMES["svhn"],
        open=_by_name,
    ),
    "stl10": Archive(
        title="STL-10",
        kind="STL10",
        folder="stl10_binary",
        files=("train_X.bin", "train_y.bin", "test_X.bin", "test_y.bin", "unlabeled_X.bin"),
        images=(5_000, 8_000),
        url="https://cs.stanford.edu/~acoates/stl10/",
        classes=CLASS_NAMES["stl10"],
        open=_by_name,
        val=500,
    ),
}
"""LeCun et al. 1998; Xiao et al. 2017; Netzer et al. 2011, the cropped digits without ``extra``; Coates et al. 2011,
without the unlabelled images."""


def source(archive: Archive) -> DataSource:
    return DataSource(archive.read, archive.find, is_fetched=True)
