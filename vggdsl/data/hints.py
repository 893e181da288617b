"""What to do about folders that hold images in another order: labels in a file, or a published set as it comes."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from vggdsl.data.names import is_hidden, part_of
from vggdsl.text.errors import InputError
from vggdsl.text.files import is_file, is_folder

_SETS = {
    "cifar-10-batches-bin": "cifar10",
    "cifar-10-batches-py": "cifar10",
    "cifar-100-binary": "cifar100",
    "cifar-100-python": "cifar100",
    "train-images-idx3-ubyte": "mnist` or `data fashion-mnist",
    "FashionMNIST": "fashion-mnist",
    "MNIST": "mnist",
    "stl10_binary": "stl10",
    "train_32x32.mat": "svhn",
    "train_X.bin": "stl10",
    "data_batch_1": "cifar10",
    "data_batch_1.bin": "cifar10",
}
"""Files and folders of sets, and which entry reads them."""
_IMAGENET = re.compile(r"ILSVRC.*|LOC_(synset_mapping|train_solution|val_solution)\..*|CLS-LOC|n\d{8}\.tar", re.I)
_LABELS = re.compile(r".*\.[ct]sv|.*(label|annot|class|target).*\.(txt|json|xlsx?|mat|parquet)", re.I)
_IMAGENET_HELP = (
    "this is ImageNet as it comes: unpack the archives to imagenet/train/n01440764/*.JPEG and so on, sort the images "
    "of val into such folders as LOC_val_solution.csv or the devkit's ground truth tells, leave test out, and write "
    "`data imagenet`, with `--data` the folder around imagenet"
)
_TINY_HELP = (
    "this is Tiny ImageNet as it comes: `data tiny-imagenet` reads it, from tiny-imagenet-200 in `--data DIR`; of "
    "fewer classes, sort the images of val into a folder a class, as val_annotations.txt tells, and leave test out"
)


_LOOKED_AT = 1000
"""Names in a folder, at most."""


@contextmanager
def explained(root: Path) -> Iterator[None]:
    """Adds to what is refused within how these images can be read, where that can be told."""
    try:
        yield
    except InputError as error:
        raise InputError(replace(found, help=_help(root, found.help)) for found in error.diagnostics) from None


def _help(root: Path, given: str | None) -> str | None:
    inside = _inside(root)
    folders = [path for path in inside if is_folder(path)]
    names = [path.name for path in (*inside, *(path for folder in folders for path in _inside(folder)))]
    if "val_annotations.txt" in names:
        return _TINY_HELP
    if any(_IMAGENET.fullmatch(name) for name in names):
        return _IMAGENET_HELP
    entry = next((_SETS[name] for name in names if name in _SETS), None)
    if entry is not None:
        return f"`data {entry}` reads these files, in place of `data folder`"
    parts = [path for folder in folders if part_of(folder.name) for path in _inside(folder)]
    labels = next((path for path in (*inside, *parts) if _LABELS.fullmatch(path.name) and is_file(path)), None)
    if labels is None:
        return _help(folders[0], given) if len(folders) == 1 else given
    header = f", `{line}`," if (line := _header(labels)) else ""
    hint = f"labels in {labels} aren't read: move the image of each of its lines{header} into a folder of that label"
    return f"{hint}; {given}" if given else hint


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(
            path for path, _ in zip(folder.iterdir(), range(_LOOKED_AT), strict=False) if not is_hidden(path.name)
        )
    except OSError:
        return []


def _header(path: Path) -> str:
    """The first line of a table, if it is one that can be shown."""
    with suppress(OSError, UnicodeDecodeError), path.open(encoding="utf-8-sig") as file:
        line = file.readline(100).strip()
        return line if path.suffix.lower() in (".csv", ".tsv") and line.isprintable() else ""
    return ""
