"""Photographs in files: decoded, and made into batches to train on, by threads here and as others read them.

Both sides of a row have as many threads, or processes, to read with, and a lap gives how many images it made.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_sample_images
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from vggdsl.data.augment import augment
from vggdsl.data.batches import THREADS, training_batches
from vggdsl.data.chance import generator
from vggdsl.data.normalisation import Normalisation
from vggdsl.data.pictures import Files
from vggdsl.data.splits import Lazy
from vggdsl.data.views import steps_after, view_of
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.prepare import Prepared
from vggdsl.network.shapes import Shape
from vggdsl.spec.recipe import HFlip, RandomResizedCrop, Recipe
from vggdsl.spec.recipe.augments import Backend

SIZE, QUALITY, FILES = (500, 375), 90, 64
"""Width and height of a photograph, as most of ImageNet's are, JPEG's quality, and how many there are."""
SIDE, BATCH = 224, 32
_IMAGES = 256
"""That each thread reads in a lap, of about half a second."""
_MEAN, _STD = 0.5, 0.25


def threads() -> list[int]:
    """With how many threads the rows are measured: powers of two up to what a training reads with, and that.

    >>> threads()[0]
    1
    """
    return [*(2**k for k in range(THREADS.bit_length()) if 2**k < THREADS), THREADS]


def photographs(folder: Path, count: int) -> Files:
    """``count`` names of JPEGs: windows of two photographs that come with scikit-learn, saved anew."""
    pictures = [Image.fromarray(each) for each in load_sample_images().images]  # type: ignore[no-untyped-call]  # scikit-learn leaves it untyped
    random, (w, h) = np.random.RandomState(0), SIZE
    for i in range(FILES):
        picture = pictures[i % len(pictures)]
        left, top = random.randint(picture.width - w + 1), random.randint(picture.height - h + 1)
        picture.crop((left, top, left + w, top + h)).save(folder / f"{i}.jpg", quality=QUALITY)
    return Files(folder, [f"{i % FILES}.jpg" for i in range(count)], 3)


def images_of(count: int) -> int:
    """That so many threads read in a lap."""
    return _IMAGES * count


# -- decoded alone


def decoded(files: Files, count: int) -> Callable[[], int]:
    """By ``count`` threads, as ``data`` decodes."""
    return _each(files.__getitem__, files, count)


def decoded_by_pillow(files: Files, count: int) -> Callable[[], int]:
    """The same by the two calls of Pillow that all loaders make."""
    return _each(lambda i: _opened(files, i), files, count)


def _each(one: Callable[[int], Image.Image], files: Files, count: int) -> Callable[[], int]:
    def lap() -> int:
        with ThreadPoolExecutor(count) as pool:
            return sum(1 for _ in pool.map(one, range(len(files))))

    return lap


def _opened(files: Files, index: int) -> Image.Image:
    with Image.open(files.root / files.names[index]) as opened:
        return opened.convert("RGB")


# -- batches to train on


def batches(files: Files, count: int, backend: Backend) -> Callable[[], int]:
    """Decoded, a part of each scaled to the input, mirrored, stacked and normalised, as a training has them."""
    recipe = _recipe(BATCH, SIDE, backend)
    split = _split(files, recipe, Shape(3, SIDE, SIDE), 2)
    steps, normalise = steps_after(split.view, recipe.augment), Normalisation((_MEAN,) * 3, (_STD,) * 3)

    def lap() -> int:
        order = torch.randperm(len(files), generator=generator("bench"))
        every = len(files) // BATCH
        read = training_batches(split, order, BATCH, every, lambda k: generator("bench", k), threads=count)
        return sum(len(normalise(augment(each.split.images, steps, each.random))) for each in read)

    return lap


class _Folder(Dataset[tuple[Tensor, int]]):
    """As torchvision's ``ImageFolder`` reads, with the transforms of its reference scripts."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.change = v2.Compose(
            [
                v2.RandomResizedCrop(SIDE),
                v2.RandomHorizontalFlip(),
                v2.PILToTensor(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize([_MEAN] * 3, [_STD] * 3),
            ]
        )

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.change(_opened(self.files, index)), 0


def loaded(files: Files, count: int) -> Callable[[], int]:
    """The same by PyTorch's ``DataLoader`` with ``count`` processes, which are started once."""
    loader = DataLoader(_Folder(files), BATCH, shuffle=True, num_workers=count, persistent_workers=True)

    return lambda: sum(len(images) for images, _ in loader)


# -- a training


def of_files(ready: Prepared, files: Files, backend: Backend) -> Prepared:
    """A training as ``training.prepared`` gives it, of photographs that are read in each epoch."""
    shape, recipe = ready.spec.typed.input, ready.recipe
    read = _recipe(recipe.batch, shape.h, backend)
    recipe = replace(recipe, augment=read.augment, data=read.data)
    split = _split(files, recipe, shape, ready.spec.typed.output.elements)
    return replace(ready, experiment=Experiment(ready.spec, recipe), data=replace(ready.data, train=split))


def _recipe(batch: int, side: int, backend: Backend) -> Recipe:
    return Recipe(batch=batch, augment=(RandomResizedCrop(side, backend=backend), HFlip()))


def _split(files: Files, recipe: Recipe, shape: Shape, classes: int) -> Lazy:
    labels = torch.arange(len(files)) % classes
    return Lazy(replace(files, channels=shape.c), labels, shape, view_of(recipe))
