"""The data sets that this version trains on, each as its source divides it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from vggdsl.errors import Diagnostic, InputError
from vggdsl.files import is_folder
from vggdsl.recipe import Recipe
from vggdsl.shapes import Shape
from vggdsl.training import cifar10
from vggdsl.training.images import SUFFIXES, fit, read_image
from vggdsl.training.memory import check_images, place
from vggdsl.training.splits import Split

PARTS = ("train", "val", "test")
_LABEL, _NAME = 8, 70
"""Bytes of a label, and of a class's name as Python holds it."""


@dataclass(frozen=True)
class Wanted:
    """What is asked for: the recipe's set, at the shape of the network's input."""

    recipe: Recipe
    shape: Shape
    root: Path
    download: bool

    def check_memory(self, count: int, rest: int = 0) -> None:
        check_images(count, self.shape.elements, self.recipe, rest)


@dataclass(frozen=True)
class Found:
    """A set as its source divides it; ``val`` and ``test`` are those set aside where it doesn't."""

    classes: tuple[str, ...]
    splits: Mapping[str, Split]
    val: int
    test: int = 0
    notes: tuple[str, ...] = ()


def digits(wanted: Wanted) -> Found:
    """1,797 scans of handwritten digits, 8x8 in 17 greys, that come with scikit-learn (Alpaydin & Kaynak 1998)."""
    from sklearn.datasets import load_digits

    read = load_digits()
    images = np.rint(read.images * (255 / 16)).astype(np.uint8)[:, None]
    wanted.check_memory(len(images))
    pool = Split(fit(torch.from_numpy(images), wanted.shape), torch.from_numpy(read.target.astype(np.int64)))
    return Found(tuple(map(str, range(10))), {"train": pool}, val=180, test=360)


def read_cifar10(wanted: Wanted) -> Found:
    """60,000 colour photographs, 32x32; the test split is the official one."""
    wanted.check_memory(6 * cifar10.IMAGES_A_FILE)
    train, test = cifar10.read(wanted.root, wanted.recipe, download=wanted.download)
    splits = {
        name: Split(fit(split.images, wanted.shape), split.labels) for name, split in (("train", train), ("test", test))
    }
    return Found(cifar10.CLASSES, splits, val=5000)


def fake(wanted: Wanted) -> Found:
    """Noise over a pattern of 4x4 squares for each class: for trying things, with nothing to read."""
    data, shape = wanted.recipe.data, wanted.shape
    n, classes = data.n or 1000, data.classes or 10
    wanted.check_memory(n, n * _LABEL + classes * (shape.c * 16 + _NAME))
    random = np.random.RandomState(0)
    squares = random.randint(0, 256, (classes, shape.c, 4, 4), np.uint8)
    rows, columns = (np.arange(size) * 4 // size for size in (shape.h, shape.w))
    labels = np.arange(n) % classes
    images = random.randint(0, 128, (n, *shape.chw), np.uint8)
    for label in range(min(n, classes)):
        images[label::classes] += squares[label][:, rows][:, :, columns] // 2
    pool = Split(torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64)))
    return Found(tuple(f"class {k}" for k in range(classes)), {"train": pool}, val=n // 10, test=n // 5)


def read_folder(wanted: Wanted) -> Found:
    """A folder a class, in ``train``, ``val`` and ``test`` or in one pool; a class is named by its folder.

    Files that don't end as images do are passed over, and counted in the notes; hidden ones aren't.
    """
    root = find_folder(wanted.recipe, wanted.root)
    try:
        return _read_folder(root, wanted)
    except OSError as error:
        message = f"{error.filename or root} can't be read: {error.strerror or error}"
        raise InputError(Diagnostic("V512", message, place(wanted.recipe, "data"))) from None


def _read_folder(root: Path, wanted: Wanted) -> Found:
    parts = {name: root / name for name in PARTS if (root / name).is_dir()}
    if parts and "train" not in parts:
        message = f"{root} has {' and '.join(parts)}, but no train"
        help = "make it train, val and test; or one pool, with a folder a class of other names"
        raise InputError(Diagnostic("V512", message, place(wanted.recipe, "data"), help))
    parts = parts or {"train": root}
    classes = tuple(sorted(_classes(parts["train"])))
    strange = next((name for name in classes if not name.isprintable()), None)  # surrogates aren't either
    if strange is not None:
        message = f"the name of a class isn't printable text in UTF-8: {strange!a}"
        raise InputError(Diagnostic("V512", message, place(wanted.recipe, "data"), "rename its folder"))
    if len(classes) < 2:
        message = f"{parts['train']} has {len(classes)} folders of images"
        help = "one folder a class, two classes at least"
        raise InputError(Diagnostic("V512", message, place(wanted.recipe, "data"), help))
    files = {name: _files(folder, classes, wanted.recipe) for name, folder in parts.items()}
    empty = set(range(len(classes))) - {label for _, label in files["train"]}
    if empty:
        message = f"no images to train on in {parts['train'] / classes[min(empty)]}"
        help = f"add images, or remove the class; images end in {', '.join(SUFFIXES)}"
        raise InputError(Diagnostic("V512", message, place(wanted.recipe, "data"), help))
    wanted.check_memory(sum(map(len, files.values())))
    splits = {name: _read(found, wanted.shape) for name, found in files.items()}
    count = len(splits["train"])
    return Found(classes, splits, val=count // 10, test=count // 5, notes=_passed_over(root, parts.values()))


def find_folder(recipe: Recipe, root: Path) -> Path:
    """The folder of a recipe: a relative path is looked up in the data folder, then in the working directory.

    Raises ``InputError`` V503.
    """
    path = Path(recipe.data.path or "")
    roots = list(dict.fromkeys((root / path, path)))
    found = next((folder for folder in roots if is_folder(folder)), None)
    if found is None:
        help = f"looked for {' and '.join(map(str, roots))}; say where with `--data DIR`"
        raise InputError(Diagnostic("V503", f"no folder {path}", place(recipe, "data"), help))
    return found


def _passed_over(root: Path, folders: Iterable[Path]) -> tuple[str, ...]:
    """Notes of what isn't read; hidden files aren't worth one."""
    irregular = other = 0
    for path in (path for folder in folders for name in _classes(folder) for path in (folder / name).rglob("*")):
        if path.name.startswith(".") or path.is_dir():
            continue
        is_image = path.suffix.lower() in SUFFIXES
        irregular += is_image and not path.is_file()
        other += not is_image and path.is_file()
    reasons = ((other, f"images end in {', '.join(SUFFIXES)}"), (irregular, "no regular files"))
    return tuple(
        f"{number:,} file{'s' if number > 1 else ''} in {root} passed over: {why}" for number, why in reasons if number
    )


def _classes(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")]


def _files(folder: Path, classes: tuple[str, ...], recipe: Recipe) -> list[tuple[Path, int]]:
    """The images below a folder with their labels, in an order that doesn't depend on the file system."""
    unknown = set(_classes(folder)) - set(classes)
    if unknown:
        message = f"{folder / min(unknown)} is a class that the training images don't have"
        raise InputError(Diagnostic("V512", message, place(recipe, "data"), "add it, or remove it here"))
    found = []
    for label, name in enumerate(classes):
        inside = (folder / name).rglob("*")
        paths = sorted(path for path in inside if path.suffix.lower() in SUFFIXES and path.is_file())
        found += [(path, label) for path in paths]
    if not found:
        message = f"no images in {folder}"
        help = f"one folder a class, with images in it: {', '.join(SUFFIXES)}"
        raise InputError(Diagnostic("V512", message, place(recipe, "data"), help))
    return found


def _read(files: list[tuple[Path, int]], shape: Shape) -> Split:
    images = torch.empty(len(files), *shape.chw, dtype=torch.uint8)
    for i, (path, _) in enumerate(files):
        images[i] = read_image(path, shape)
    return Split(images, torch.tensor([label for _, label in files]))


SOURCES: Mapping[str, Callable[[Wanted], Found]] = {
    "digits": digits,
    "cifar10": read_cifar10,
    "folder": read_folder,
    "fake": fake,
}
