"""Folders of image files, a folder a class: any, ImageNet's, Tiny ImageNet's."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch

from vggdsl.data.formats import SUFFIXES
from vggdsl.data.pictures import Files
from vggdsl.data.sources import Found, Wanted, missing, wrong
from vggdsl.data.splits import Lazy
from vggdsl.spec.copies import original_of
from vggdsl.spec.recipe import DATA_SETS, Recipe
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_file, is_folder
from vggdsl.text.units import plural

PARTS = ("train", "val", "test")
IMAGENET, TINY = "imagenet", "tiny-imagenet-200"
_IMAGENET_TEST = 50_000
"""Images of ImageNet that are set aside: as many as validate."""


@dataclass
class _PassedOver:
    """How many files below a folder are not read."""

    irregular: int = 0
    other: int = 0

    def notes(self, root: Path) -> tuple[str, ...]:
        reasons = ((self.other, f"images end in {', '.join(SUFFIXES)}"), (self.irregular, "no regular files"))
        return tuple(f"{plural(number, 'file')} in {root} passed over: {why}" for number, why in reasons if number)


@dataclass
class _Listed:
    """Images by their names below the set's folder, with their labels."""

    names: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)

    def split(self, root: Path, wanted: Wanted) -> Lazy:
        return wanted.split(Files(root, self.names, wanted.shape.c), torch.tensor(self.labels))


# -- any folder


def read_folder(wanted: Wanted) -> Found:
    """A folder a class, in ``train``, ``val`` and ``test`` or in one pool; a class is named by its folder.

    Files that don't end as images do are passed over, and counted in the notes; hidden ones aren't counted.
    """
    root = find_folder(wanted.recipe, wanted.root)
    with _readable(root, wanted.recipe):
        classes, splits, notes = _parts(root, wanted)
    count = len(splits["train"])
    return Found(classes, splits, val=count // 10, test=count // 5, notes=notes)


def find_folder(recipe: Recipe, root: Path) -> Path:
    """The folder of a recipe: a relative path is looked up in the data folder, then beside the spec, then here.

    For a run's copy of a spec and its record that is beside the spec that was trained, too.

    Raises ``InputError`` V503.
    """
    path = Path(recipe.data.path or "")
    file = Path(recipe.places["data"].source.name) if "data" in recipe.places else Path()
    roots = list(dict.fromkeys((root / path, file.parent / path, (original_of(file) or file).parent / path, path)))
    found = next((folder for folder in roots if is_folder(folder)), None)
    if found is None:
        help = f"looked for {' and '.join(map(str, roots))}; say where with `--data DIR`"
        raise InputError(Diagnostic("V503", f"no folder {path}", recipe.place("data"), help))
    return found


# -- ImageNet


def read_imagenet(wanted: Wanted) -> Found:
    """ILSVRC-2012: 1,281,167 images to train on and 50,000 to validate, of 1,000 classes (Russakovsky et al. 2015).

    ``train`` and ``val`` hold a folder a class, named by its WordNet id, which names the class here too. The labels
    of the official test images aren't public: ``test`` is set aside from ``train``, 50 of a class.
    """
    root = find_imagenet(wanted.recipe, wanted.root)
    with _readable(root, wanted.recipe):
        classes, splits, notes = _parts(root, wanted)
        _check_classes(classes, root / "train", wanted.recipe)
    count = len(splits["train"])
    return Found(classes, splits, val=count // 20, test=min(_IMAGENET_TEST, max(1, count // 20)), notes=notes)


def find_imagenet(recipe: Recipe, root: Path) -> Path:
    """The folder of ImageNet. Raises ``InputError`` V503."""
    if not is_folder(root / IMAGENET / "train"):
        help = (
            f"looked for {root / IMAGENET / 'train'} and {root / IMAGENET / 'val'}, with a folder a class; say where "
            "with `--data DIR`. It is given to who registers at https://image-net.org/download, not by `--download`"
        )
        raise missing(recipe, "ImageNet", root, help)
    return root / IMAGENET


# -- Tiny ImageNet


def read_tiny_imagenet(wanted: Wanted) -> Found:
    """200 classes of ImageNet in 64x64, 500 images of each to train on (Stanford CS231n).

    A tenth of them validates, so that a class has 450 and 50. The archive's ``val``, 50 of a class, is the test:
    the labels of its ``test`` aren't public. Its labels stand in ``val_annotations.txt``, or in folders a class.
    """
    root = find_tiny_imagenet(wanted.recipe, wanted.root)
    with _readable(root, wanted.recipe):
        classes, train = _train(root, root / "train", wanted.recipe)
        _check_classes(classes, root / "train", wanted.recipe)
        annotations = root / "val" / "val_annotations.txt"
        if is_file(annotations):
            test = _annotated(root, annotations, classes, wanted.recipe)
        else:
            test = _images(root, root / "val", classes, wanted.recipe, _PassedOver())
    splits = {"train": train.split(root, wanted), "test": test.split(root, wanted)}
    return Found(classes, splits, val=len(train.names) // 10)


def find_tiny_imagenet(recipe: Recipe, root: Path) -> Path:
    """The folder of Tiny ImageNet. Raises ``InputError`` V503."""
    if not is_folder(root / TINY / "train"):
        help = (
            f"looked for {root / TINY / 'train'}; say where with `--data DIR`, or fetch "
            "http://cs231n.stanford.edu/tiny-imagenet-200.zip (237 MB) and unpack it there: `--download` doesn't"
        )
        raise missing(recipe, "Tiny ImageNet", root, help)
    return root / TINY


def _annotated(root: Path, annotations: Path, classes: Sequence[str], recipe: Recipe) -> _Listed:
    """The images that lines of a name, a class and a box, with tabs between, list."""
    number = {name: label for label, name in enumerate(classes)}
    found = _Listed()
    lines = annotations.read_text("utf-8", errors="replace").splitlines()
    for i, line in enumerate(lines, 1):
        name, _, rest = line.partition("\t")
        wnid = rest.partition("\t")[0]
        if wnid not in number or not name or Path(name).name != name:
            raise wrong(
                recipe, f"line {i} of {annotations} names no image of a class: {line[:60]!a}", "unpack it again"
            )
        found.names.append(f"val/images/{name}")
        found.labels.append(number[wnid])
    if not found.names:
        raise wrong(recipe, f"{annotations} is empty", "unpack it again")
    return found


# -- what they share


def _check_classes(classes: Sequence[str], folder: Path, recipe: Recipe) -> None:
    wanted = DATA_SETS[recipe.data.name].classes
    if wanted is not None and len(classes) != wanted:
        message = f"{folder} has {len(classes):,} folders of images; {recipe.data.name} has {wanted:,} classes"
        raise wrong(recipe, message, f'a part of it is read as a folder: data folder("{folder.parent.name}")')


@contextmanager
def _readable(root: Path, recipe: Recipe) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise wrong(recipe, f"{error.filename or root} can't be read: {error.strerror or error}") from None


def _parts(root: Path, wanted: Wanted) -> tuple[tuple[str, ...], dict[str, Lazy], tuple[str, ...]]:
    recipe = wanted.recipe
    parts = {name: root / name for name in PARTS if (root / name).is_dir()}
    if parts and "train" not in parts:
        help = "make it train, val and test; or one pool, with a folder a class of other names"
        raise wrong(recipe, f"{root} has {' and '.join(parts)}, but no train", help)
    parts = parts or {"train": root}
    passed_over = _PassedOver()
    classes, train = _train(root, parts.pop("train"), recipe, passed_over)
    listed = {name: _images(root, folder, classes, recipe, passed_over) for name, folder in parts.items()}
    splits = {name: found.split(root, wanted) for name, found in {"train": train, **listed}.items()}
    return classes, splits, passed_over.notes(root)


def _train(
    root: Path, folder: Path, recipe: Recipe, passed_over: _PassedOver | None = None
) -> tuple[tuple[str, ...], _Listed]:
    classes = tuple(sorted(_classes(folder)))
    strange = next((name for name in classes if not name.isprintable()), None)  # surrogates aren't either
    if strange is not None:
        raise wrong(recipe, f"the name of a class isn't printable text in UTF-8: {strange!a}", "rename its folder")
    if len(classes) < 2:
        raise wrong(
            recipe, f"{folder} has {len(classes)} folders of images", "one folder a class, two classes at least"
        )
    found = _images(root, folder, classes, recipe, passed_over or _PassedOver())
    empty = set(range(len(classes))) - set(found.labels)
    if empty:
        help = f"add images, or remove the class; images end in {', '.join(SUFFIXES)}"
        raise wrong(recipe, f"no images to train on in {folder / classes[min(empty)]}", help)
    return classes, found


def _classes(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")]


def _images(root: Path, folder: Path, classes: Sequence[str], recipe: Recipe, passed_over: _PassedOver) -> _Listed:
    """The images below a folder with their labels, in an order that doesn't depend on the file system."""
    unknown = set(_classes(folder)) - set(classes)
    if unknown:
        message = f"{folder / min(unknown)} is a class that the training images don't have"
        raise wrong(recipe, message, "add it, or remove it here")
    found = _Listed()
    for label, name in enumerate(classes):
        if not (folder / name).is_dir():
            continue
        paths = sorted(_below(folder / name, passed_over))
        found.names += (os.fspath(path.relative_to(root)) for path in paths)
        found.labels += [label] * len(paths)
    if not found.names:
        raise wrong(recipe, f"no images in {folder}", f"one folder a class, with images in it: {', '.join(SUFFIXES)}")
    return found


def _below(folder: Path, passed_over: _PassedOver) -> Iterator[Path]:
    """The image files below a folder; links to folders aren't followed."""
    with os.scandir(folder) as entries:
        for entry in entries:
            path = folder / entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _below(path, passed_over)
                continue
            is_image, is_regular = path.suffix.lower() in SUFFIXES, entry.is_file()
            if is_image and is_regular:
                yield path
            elif not entry.name.startswith(".") and not entry.is_dir():
                passed_over.irregular += is_image
                passed_over.other += is_regular
