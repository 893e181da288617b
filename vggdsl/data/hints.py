"""What to do about folders that hold images in another order: labels in a file, or a published set as it comes."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from shlex import quote

from vggdsl.data.listing import entries_of
from vggdsl.data.names import is_hidden, is_named_as_image, part_of
from vggdsl.text.errors import InputError
from vggdsl.text.files import is_file, is_folder
from vggdsl.text.units import names_text

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


_NUMBERED = re.compile(r"(?P<name>.*?[^\W\d_].*?)(?P<by>[ ._-]*\(?)\d+\)?", re.DOTALL)
_NUMBERED_BEFORE = re.compile(r"\d+[ ._-]+(?P<name>.*?[^\W\d_].*)", re.DOTALL)
_CAMERA = re.compile(
    "im(g|age)s?|dscn?|p(hoto|ic|icture|xl)?s?|frames?|scans?|file|untitled|screenshot|copy|mvi|gopr?", re.I
)
"""What cameras and programs call images, whatever they show."""
_AT_MOST_STRAY = 0.05
"""Share of the images whose names may tell no class, such as a title page."""
_IN_A_LINE = 10
"""Classes that one line of a shell sorts."""
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
    if any(path.suffix == ".tar" and is_file(path) for path in inside):
        return f'`data shards("{root}")` reads tar files as WebDataset lays them out, in place of `data folder`'
    parts = [path for folder in folders if part_of(folder.name) for path in _inside(folder)]
    labels = next((path for path in (*inside, *parts) if _LABELS.fullmatch(path.name) and is_file(path)), None)
    if labels is None:
        return _help(folders[0], given) if len(folders) == 1 else given
    header = f", `{line}`," if (line := _header(labels)) else ""
    hint = f"labels in {labels} aren't read: move the image of each of its lines{header} into a folder of that label"
    return f"{hint}; {given}" if given else hint


def classes_in_names(folder: Path) -> str | None:
    """What to do with images in no folder of a class whose names tell it, such as ``cat.1.png``; None if they don't.

    A class has two such images at least.
    """
    stems = [Path(entry.name).stem for entry in entries_of(folder) if is_named_as_image(entry.name)]
    named = [found for stem in stems if (found := _NUMBERED_BEFORE.fullmatch(stem) or _NUMBERED.fullmatch(stem))]
    counts = Counter(found["name"] for found in named if not _CAMERA.fullmatch(found["name"]))
    names = sorted(name for name, count in counts.items() if count > 1)
    if len(names) < 2 or sum(counts[name] for name in names) < (1 - _AT_MOST_STRAY) * len(stems):
        return None
    told = f"classes are folders: by the names of these images {names_text(names)}"
    by = {found.groupdict().get("by") for found in named}
    is_plain = quote(all_words := "".join((*names, *map(str, by)))) == all_words and not any(n[0] == "-" for n in names)
    if len(names) > _IN_A_LINE or len(by) > 1 or None in by or not is_plain:
        return f"{told}; move each image into that of its name"
    line = f"for c in {' '.join(names)}; do mkdir $c && mv ${{c}}{by.pop()}[0-9]* $c; done"
    return f"{told}, which this makes of them: `cd {quote(str(folder))} && {line}`"


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
