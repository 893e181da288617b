"""A recipe's data set, for a network's input, in three splits."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vggdsl.data import archives, cifar, hf
from vggdsl.data.batches import in_order, read_all
from vggdsl.data.blank import blank
from vggdsl.data.chance import random_seed
from vggdsl.data.classes import ClassSizes
from vggdsl.data.faults import duplicates, refused_or_told, torn, without_bad
from vggdsl.data.folders import (
    find_imagenet,
    find_tiny_imagenet,
    read_folder,
    read_imagenet,
    read_tiny_imagenet,
)
from vggdsl.data.images import check_channels, fit, recolour
from vggdsl.data.inspection import Digests, Looked, Told, digests_of, look, nobody
from vggdsl.data.layout import find_folder
from vggdsl.data.memory import available, check_images
from vggdsl.data.moments import Moments
from vggdsl.data.normalisation import Normalisation
from vggdsl.data.pictures import SEED, Arrays, Files, Noise
from vggdsl.data.shards import read_shards
from vggdsl.data.shortcuts import shortcuts
from vggdsl.data.sources import DataSource, Found, Wanted, digits, fake
from vggdsl.data.splits import Images, Lazy, Split, measured, part_of, set_aside
from vggdsl.data.traits import Traits, cropped, enlarged, of_several_frames, recoloured, traits_of_arrays
from vggdsl.data.twins import contents
from vggdsl.data.views import View, view_of
from vggdsl.network.shapes import Shape
from vggdsl.spec.recipe import Given, Normalize, Recipe
from vggdsl.spec.recipe.division import (
    begins_too_long_ago,
    fewer_than_classes,
    more_than_there_are,
    none_left,
    one_step,
)
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.units import names_text, plural

SOURCES: dict[str, DataSource] = {
    "digits": DataSource(digits),
    **{name: archives.source(archive) for name, archive in archives.ARCHIVES.items()},
    "cifar10": cifar.source(cifar.CIFAR10),
    "cifar100": cifar.source(cifar.CIFAR100),
    "tiny-imagenet": DataSource(read_tiny_imagenet, find_tiny_imagenet),
    "imagenet": DataSource(read_imagenet, find_imagenet),
    "folder": DataSource(read_folder, find_folder),
    "shards": DataSource(read_shards, find_folder),
    "hf": DataSource(hf.read_hf, hf.find, is_fetched=True),
    "fake": DataSource(fake),
}
_HELD = 0.5
"""Part of the free memory that images of files may take; beyond it they are read at each use."""
_CHUNK = 100
SPLITS = ("train", "val", "test")
_SERVES = {"val": "choose", "test": "test"}


@dataclass(frozen=True, eq=False)
class DataSet:
    """Images to train on, to choose by, and to measure on once."""

    classes: tuple[str, ...]
    train: Images
    val: Images
    test: Images
    notes: tuple[str, ...] = ()
    """What a user should know of how it was read."""
    warnings: tuple[Diagnostic, ...] = ()
    """What looks wrong in it."""
    left_out: int = 0
    """Images that can't be read, without which it is used."""
    shows_nothing: bool = False
    """Whether many of its images are of a single colour, or all but black."""
    revision: str | None = None
    """Which state of a set that may change at its source, where that is known."""

    @property
    def split(self) -> str:
        """The sizes, as a record prints them: ``45000/5000/10000``."""
        return f"{len(self.train)}/{len(self.val)}/{len(self.test)}"

    @cached_property
    def sizes(self) -> ClassSizes:
        """How many images its classes have."""
        return ClassSizes.of(self.classes, {name: getattr(self, name).labels for name in SPLITS})

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


@dataclass(frozen=True, eq=False)
class Divided:
    """A data set that was found and divided; of files nothing but their names was read."""

    wanted: Wanted
    classes: tuple[str, ...]
    splits: Mapping[str, Lazy]
    notes: tuple[str, ...]
    warnings: tuple[Diagnostic, ...] = ()
    within: tuple[str, ...] = ()
    """Folders within those of classes."""
    drawn: frozenset[str] = frozenset()
    """Splits that were set aside of the images to train on: of other images others are drawn."""
    revision: str | None = None

    def load(self, *, skip_bad: bool = False, told: Told = nobody) -> DataSet:
        """Decodes all files once; ``told`` is told how far that is. See ``load_data``."""
        recipe, splits, classes = self.wanted.recipe, self.splits, self.classes
        looked, warnings = look(splits, _held(splits, recipe), told), [*self.warnings]
        left_out = sum(len(one.bad) for one in looked.values())
        if left_out:
            how = "they are left out, and the record says how many"
            warnings += refused_or_told(looked, recipe, how, skip_bad=skip_bad)
            splits = without_bad(splits, looked, classes, recipe)
            looked = {name: one.without_bad() for name, one in looked.items()}
        traits = _traits(splits, looked)
        if recipe.data.images is None:
            digests = _digests(splits, looked)
            warnings += duplicates(splits, digests, contents(splits, digests, traits), classes, recipe)
        empty = [*blank(splits, traits, classes, recipe)]
        warnings += [*empty, *torn(splits, traits, recipe), *shortcuts(splits, traits, classes, recipe)]
        notes = (
            *self.notes,
            *recoloured(splits, traits),
            *enlarged(splits, traits),
            *cropped(splits, traits),
            *of_several_frames(splits, traits),
        )
        kept = {name: one.images for name, one in looked.items() if one.images is not None}
        made = _finish(classes, _without_sense(splits, classes, self.wanted), notes, recipe, kept)
        warnings += [*one_step(recipe, len(made.train)), *begins_too_long_ago(recipe, len(made.train))]
        made = replace(made, left_out=left_out, shows_nothing=bool(empty), revision=self.revision)
        return replace(made, warnings=tuple(warnings))

    def digest(self, *, skip_bad: bool = False, told: Told = nobody) -> str:
        """That of the set that ``load`` gives. Of files all are decoded only where it is to leave some out."""
        splits = (self.without_bad(told) if skip_bad else self)._meant
        return _finish(self.classes, splits, (), self.wanted.recipe, {}).digest

    def without_bad(self, told: Told = nobody) -> "Divided":
        """Without the files that can't be read; all are decoded for that."""
        splits = without_bad(self.splits, look(self.splits, (), told), self.classes, self.wanted.recipe)
        return replace(self, splits=splits)

    def split(self, name: str) -> Lazy:
        """The images of a split, of the sizes that they have, and their labels, as ``load`` gives them."""
        return self._meant[name]

    @property
    def _meant(self) -> dict[str, Lazy]:
        """The splits with what a recipe replaces in them."""
        return _without_sense(self.splits, self.classes, self.wanted)


def find_data(recipe: Recipe, shape: Shape, root: Path, *, download: bool = False) -> Divided:
    """Finds and divides the data set of a recipe: the first half of ``load_data``."""
    check_channels(shape)
    wanted = Wanted(recipe, shape, root, download)
    found = SOURCES[recipe.data.name].read(wanted)
    splits = _divide(_part(found, recipe), recipe)
    notes = (*found.notes, *_serve(found.parts, splits))
    drawn = frozenset(splits.keys() - found.splits.keys())
    return Divided(wanted, found.classes, splits, notes, found.warnings, found.within, drawn, found.revision)


def load_data(
    recipe: Recipe,
    shape: Shape,
    root: Path,
    *,
    download: bool = False,
    skip_bad: bool = False,
    told: Told = nobody,
) -> DataSet:
    """Reads and divides the data set of a recipe, at the size that the recipe's augmentation and evaluation need.

    What its source divides stays divided, such as CIFAR-10's test images. The rest is one pool that is
    divided class by class, by the data's own ``seed=`` and not by that of the training, into as many images as
    ``val=`` and ``test=`` say; what they are by default stands at the sets' readers. With ``n=`` the pool, or what is
    there to train on, is a part of so many, drawn class by class in the same way. Images of files that would take
    more than half of the free memory, or of which each epoch sees other parts, are read when they are needed; that
    changes nothing in what a training computes.

    All files are decoded once before; ``told`` is told how far that is. With ``skip_bad`` those that can't be read are
    left out of the split that they are in: the others are divided as they are with them.

    With ``labels=random`` the labels of ``train`` and ``val`` are drawn, each class as likely as any other, and with
    ``images=noise`` their images are Gaussian noise with mean and deviation of the training set's channels, always
    the same ones (Zhang et al. 2016, arXiv:1611.03530, sec. 2); ``test`` stays as it is.

    Raises ``InputError`` V503 if it isn't there, V507 if it doesn't fit in memory, V512 if it isn't what it
    should be, V530 with all images that can't be read.
    """
    return find_data(recipe, shape, root, download=download).load(skip_bad=skip_bad, told=told)


def _held(splits: Mapping[str, Lazy], recipe: Recipe) -> set[str]:
    """The splits whose images are to be held in memory: all of files that are always seen alike, if they fit."""
    noisy = ("train", "val") if recipe.data.images == "noise" else ()
    wanted = {
        name: split
        for name, split in splits.items()
        if isinstance(split.pictures, Files) and name not in noisy and (name != "train" or split.view is None)
    }
    fit = sum(len(split) * split.shape.elements for split in wanted.values()) <= _HELD * available()
    return set(wanted) if fit else set()


def _digests(splits: Mapping[str, Lazy], looked: Mapping[str, Looked]) -> dict[str, Digests]:
    """Of the bytes of each image; of files they are known."""
    arrays = {name: split.pictures for name, split in splits.items() if isinstance(split.pictures, Arrays)}
    return {name: digests_of(arrays[name].images) if name in arrays else looked[name].digests for name in splits}


def _traits(splits: Mapping[str, Lazy], looked: Mapping[str, Looked]) -> dict[str, Traits]:
    """What each image is like."""
    arrays = {name: split.pictures for name, split in splits.items() if isinstance(split.pictures, Arrays)}
    return {name: traits_of_arrays(arrays[name]) if name in arrays else looked[name].traits for name in splits}


def _part(found: Found, recipe: Recipe) -> Found:
    """The set with ``n`` of its images to train on; what is set aside of them is as large a part of them.

    Raises ``InputError`` V512 if it has fewer, or more classes.
    """
    pool, n, classes = found.splits["train"], recipe.data.n, len(found.classes)
    if n is None or recipe.data.name == "fake":  # which draws as many as are asked for, of any number of classes
        return found
    if not classes <= n <= len(pool):
        if n < classes:
            raise InputError(fewer_than_classes(recipe, classes, _least(found, recipe), len(pool)))
        raise InputError(more_than_there_are(recipe, len(pool)))
    val, test = (count * n // len(pool) for count in (found.val, found.test))
    part = part_of(pool, n, recipe.data.seed)
    return replace(found, splits={**found.splits, "train": part}, val=val, test=test)


def _least(found: Found, recipe: Recipe) -> int:
    """As few images to train on as are of each class, and leave some when others are set aside."""
    pool = len(found.splits["train"])
    counts = {"val": (recipe.data.val, found.val), "test": (recipe.data.test, found.test)}
    aside = [each for name, each in counts.items() if name not in found.splits]
    shares = [-(-pool // count) for given, count in aside if given is None and count]
    return max(len(found.classes), 1 + sum(given or 1 for given, _ in aside), *shares)


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
            help = f"give it more images{_other_counts(found)}"
            raise InputError(none_left(recipe, name, count, len(pool), help))
        splits[name], splits["train"] = set_aside(pool, count, recipe.data.seed)
    return splits


def _serve(names: Mapping[str, str], splits: Mapping[str, Lazy]) -> tuple[str, ...]:
    """Which folder is which split, where that isn't plain, and where the others come from; nothing of a pool."""
    is_plain = len(names) == len(SPLITS)
    said = [
        f"{name} is read as {split}" + (f", to {_SERVES[split]} by" if split in _SERVES else "")
        for split, name in names.items()
        if name != split or (split != "train" and not is_plain)
    ]
    missing = [split for split in SPLITS if names and split not in names]
    if missing:
        counts = [f"{plural(len(splits[split]), 'image')} to {_SERVES[split]} by" for split in missing]
        are = "is" if [len(splits[split]) for split in missing] == [1] else "are"
        said.append(f"{names_text(counts)} {are} set aside from {names['train']}")
    return ("; ".join(said),) if said else ()


def _other_counts(found: Found) -> str:
    """Counts that fit, of the splits that it has not; nothing where it has too few images."""
    pool = len(found.splits["train"])
    usual = {"val": found.val or max(1, pool // 10), "test": found.test or max(1, pool // 5)}
    counts = {name: count for name, count in usual.items() if name not in found.splits}
    if sum(counts.values()) + len(found.classes) > pool:
        return ""
    return f", or say other counts: {', '.join(f'{name}={count}' for name, count in counts.items())}"


def _without_sense(divided: Mapping[str, Lazy], classes: tuple[str, ...], wanted: Wanted) -> dict[str, Lazy]:
    """The splits with what a recipe replaces: labels, images, or both, of those that are trained on and chosen by."""
    data, splits = wanted.recipe.data, dict(divided)
    parts = ("train", "val")
    if data.labels == "random":
        for name in parts:
            random = np.random.RandomState(random_seed("labels", SEED, name) % 2**32)
            drawn = random.randint(0, len(classes), len(splits[name]), np.int64)
            splits[name] = replace(splits[name], labels=torch.from_numpy(drawn))
    if data.images == "noise":
        shape, view = wanted.shape, view_of(wanted.recipe)
        size = (view.high, view.high) if isinstance(view, View) else (shape.h, shape.w)
        normal = DataSet(classes, splits["train"], splits["val"], splits["test"]).normalisation("mean-std")
        mean, std = (tuple(255 * v for v in values) for values in (normal.mean, normal.std))
        for name in parts:
            noise = Noise(torch.arange(len(splits[name])), mean, std, size, name)
            splits[name] = replace(splits[name], pictures=noise)
    return splits


def _finish(
    classes: tuple[str, ...],
    splits: Mapping[str, Lazy],
    notes: tuple[str, ...],
    recipe: Recipe,
    kept: Mapping[str, Tensor],
) -> DataSet:
    """Holds in memory what fits there and is always seen alike; of files that is what was kept of them."""
    noise = sum(len(split) * split.shape.elements for split in splits.values() if isinstance(split.pictures, Noise))
    fits = noise <= _HELD * available()

    def finished(name: str) -> Images:
        split = splits[name]
        pictures = split.pictures
        if name in kept:
            return Split(kept[name], split.labels, pictures)
        if name == "train" and split.view is not None:
            return _native(split) or split
        if isinstance(pictures, Arrays):
            return _fitted(split, pictures, recipe)
        return Split(read_all(split), split.labels, pictures) if fits and isinstance(pictures, Noise) else split

    return DataSet(classes, finished("train"), finished("val"), finished("test"), notes)


def _fitted(split: Lazy, pictures: Arrays, recipe: Recipe) -> Split:
    if split.view is None:
        return Split(fit(pictures.images, split.shape), split.labels, pictures)
    check_images(len(split), split.shape.elements, recipe)
    return Split(read_all(split), split.labels)


def _native(split: Lazy) -> Split | None:
    """Images that need no scaling, as they are: a crop of them is made of a whole batch."""
    pictures, view = split.pictures, split.view
    if not isinstance(pictures, Arrays) or not isinstance(view, View) or view.low != view.high:
        return None
    if pictures.images.shape[1:] != (split.shape.c, view.low, view.low):
        return None
    return Split(pictures.images, split.labels)


def _native_moments(split: Lazy) -> Moments:
    """Over all pixels of arrays, before they are scaled."""
    assert isinstance(split.pictures, Arrays)
    parts = (recolour(part, split.shape.c) for part in torch.split(split.pictures.images, _CHUNK))
    return Moments.of(parts, split.shape.c)
