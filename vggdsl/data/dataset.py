"""A recipe's data set, for a network's input, in three splits."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from vggdsl.data import archives, cifar
from vggdsl.data.batches import in_order, read_all
from vggdsl.data.chance import random_seed
from vggdsl.data.folders import (
    find_folder,
    find_imagenet,
    find_tiny_imagenet,
    read_folder,
    read_imagenet,
    read_tiny_imagenet,
)
from vggdsl.data.images import check_channels, fit, recolour
from vggdsl.data.memory import available, check_images
from vggdsl.data.moments import Moments
from vggdsl.data.normalisation import Normalisation
from vggdsl.data.pictures import SEED, Arrays, Noise
from vggdsl.data.sources import DataSource, Found, Wanted, digits, fake
from vggdsl.data.splits import Images, Lazy, Split, measured, set_aside
from vggdsl.data.views import view_of
from vggdsl.network.shapes import Shape
from vggdsl.spec.recipe import Given, Normalize, Recipe
from vggdsl.text.errors import Diagnostic, InputError

SOURCES: dict[str, DataSource] = {
    "digits": DataSource(digits),
    **{name: archives.source(archive) for name, archive in archives.ARCHIVES.items()},
    "cifar10": cifar.source(cifar.CIFAR10),
    "cifar100": cifar.source(cifar.CIFAR100),
    "tiny-imagenet": DataSource(read_tiny_imagenet, find_tiny_imagenet),
    "imagenet": DataSource(read_imagenet, find_imagenet),
    "folder": DataSource(read_folder, find_folder),
    "fake": DataSource(fake),
}
_HELD = 0.5
"""Part of the free memory that images of files may take; beyond it they are read at each use."""
_CHUNK = 100


@dataclass(frozen=True, eq=False)
class DataSet:
    """Images to train on, to choose by, and to measure on once."""

    classes: tuple[str, ...]
    train: Images
    val: Images
    test: Images
    notes: tuple[str, ...] = ()
    """What a user should know of how it was read."""

    @property
    def split(self) -> str:
        """The sizes, as a record prints them: ``45000/5000/10000``."""
        return f"{len(self.train)}/{len(self.val)}/{len(self.test)}"

    @cached_property
    def digest(self) -> str:
        """Eight hex digits over all images and labels, in their order.

        Images are those that are used; of files, whose decoding would take long, it is names and sizes, and
        the bytes of 10,000 at most.
        """
        digest = hashlib.sha256()
        for split in (self.train, self.val, self.test):
            split.update(digest)
        return digest.hexdigest()[:8]

    @cached_property
    def moments(self) -> Moments:
        """Of the training images: of all pixels; of files, of 10,000 images at most, as they would be evaluated.

        Which 10,000 is always the same, whether they are held in memory or not.
        """
        images = measured(self.train)
        if isinstance(images, Lazy) and isinstance(images.pictures, Arrays):
            return _native_moments(images)
        channels = images.images.shape[1] if isinstance(images, Split) else images.shape.c
        return Moments.of((part.images for part in in_order(images, _CHUNK)), channels)

    def normalisation(self, kind: Normalize) -> Normalisation:
        """By the training images, or as it is given."""
        if isinstance(kind, Given):
            return Normalisation(kind.mean, kind.std)
        if kind == "none":
            channels = self.train.images.shape[1] if isinstance(self.train, Split) else self.train.shape.c
            return Normalisation.none(channels)
        return Normalisation.of(self.moments, kind)


def look_for_data(recipe: Recipe, root: Path, *, download: bool = False) -> None:
    """Raises ``InputError`` V503 if the data set isn't there, without reading it."""
    source = SOURCES[recipe.data.name]
    if not (download and source.is_fetched):
        source.look(recipe, root)


def load_data(recipe: Recipe, shape: Shape, root: Path, *, download: bool = False) -> DataSet:
    """Reads and divides the data set of a recipe, at the size that the recipe's augmentation and evaluation need.

    What its source divides stays divided, such as CIFAR-10's test images. The rest is one pool that is
    divided class by class, by the data's own ``seed=`` and not by that of the training, into as many images as
    ``val=`` and ``test=`` say; what they are by default stands at the sets' readers. Images of files that would take
    more than half of the free memory, or of which each epoch sees other parts, are read when they are needed; that
    changes nothing in what a training computes.

    With ``labels=random`` the labels of ``train`` and ``val`` are drawn, each class as likely as any other, and with
    ``images=noise`` their images are Gaussian noise with mean and deviation of the training set's channels, always
    the same ones (Zhang et al. 2016, arXiv:1611.03530, sec. 2); ``test`` stays as it is.

    Raises ``InputError`` V503 if it isn't there, V507 if it doesn't fit in memory, V512 if it isn't what it
    should be.
    """
    check_channels(shape)
    wanted = Wanted(recipe, shape, root, download)
    found = SOURCES[recipe.data.name].read(wanted)
    return _finish(found.classes, _without_sense(_divide(found, recipe), found.classes, wanted), found.notes, recipe)


def _divide(found: Found, recipe: Recipe) -> dict[str, Lazy]:
    splits = dict(found.splits)
    # The test images first: which they are doesn't depend on how many are set aside to choose by.
    counts = {"test": (recipe.data.test, found.test), "val": (recipe.data.val, found.val)}
    for name, (given, default) in counts.items():
        if name in splits:
            if given is not None:
                message = f"{recipe.data.name} has {name} images of its own"
                raise InputError(Diagnostic("V512", message, recipe.place("data"), f"remove `{name}={given}`"))
            continue
        count, pool = given if given is not None else default, splits["train"]
        if not 0 < count < len(pool):
            message = f"{count:,} images for {name} of {len(pool):,} leave {'none of them' if not count else 'none'}"
            help = "give it more images, or say other counts: val=100, test=200"
            raise InputError(Diagnostic("V512", message, recipe.place("data"), help))
        splits[name], splits["train"] = set_aside(pool, count, recipe.data.seed)
    return splits


def _without_sense(splits: dict[str, Lazy], classes: tuple[str, ...], wanted: Wanted) -> dict[str, Lazy]:
    """The splits with what a recipe replaces: labels, images, or both, of those that are trained on and chosen by."""
    data = wanted.recipe.data
    parts = ("train", "val")
    if data.labels == "random":
        for name in parts:
            random = np.random.RandomState(random_seed("labels", SEED, name) % 2**32)
            drawn = random.randint(0, len(classes), len(splits[name]), np.int64)
            splits[name] = replace(splits[name], labels=torch.from_numpy(drawn))
    if data.images == "noise":
        shape, view = wanted.shape, view_of(wanted.recipe)
        size = (view.high, view.high) if view else (shape.h, shape.w)
        normal = DataSet(classes, splits["train"], splits["val"], splits["test"]).normalisation("mean-std")
        mean, std = (tuple(255 * v for v in values) for values in (normal.mean, normal.std))
        for name in parts:
            noise = Noise(torch.arange(len(splits[name])), mean, std, size, name)
            splits[name] = replace(splits[name], pictures=noise)
    return splits


def _finish(classes: tuple[str, ...], splits: dict[str, Lazy], notes: tuple[str, ...], recipe: Recipe) -> DataSet:
    """Holds in memory what fits there and is always seen alike."""
    train, *others = (splits[name] for name in ("train", "val", "test"))
    held = [s for s in ([*others] if train.view else [train, *others]) if not isinstance(s.pictures, Arrays)]
    needed, free = sum(len(s) * s.shape.elements for s in held), available()
    fits = needed <= _HELD * free
    val, test = (_hold(split, recipe) if isinstance(split.pictures, Arrays) or fits else split for split in others)
    if train.view is None:
        is_held = isinstance(train.pictures, Arrays) or fits
        return DataSet(classes, _hold(train, recipe) if is_held else train, val, test, notes)
    return DataSet(classes, _native(train) or train, val, test, notes)


def _hold(split: Lazy, recipe: Recipe) -> Split:
    pictures = split.pictures
    if not isinstance(pictures, Arrays):
        return Split(read_all(split), split.labels, pictures)
    if split.view is None:
        return Split(fit(pictures.images, split.shape), split.labels, pictures)
    check_images(len(split), split.shape.elements, recipe)
    return Split(read_all(split), split.labels)


def _native(split: Lazy) -> Split | None:
    """Images that need no scaling, as they are: a crop of them is made of a whole batch."""
    pictures, view = split.pictures, split.view
    if not isinstance(pictures, Arrays) or view is None or view.low != view.high:
        return None
    if pictures.images.shape[1:] != (split.shape.c, view.low, view.low):
        return None
    return Split(pictures.images, split.labels)


def _native_moments(split: Lazy) -> Moments:
    """Over all pixels of arrays, before they are scaled."""
    assert isinstance(split.pictures, Arrays)
    parts = (recolour(part, split.shape.c) for part in torch.split(split.pictures.images, _CHUNK))
    return Moments.of(parts, split.shape.c)
