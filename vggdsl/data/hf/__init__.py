"""Sets of the Hugging Face Hub, and others that its library `datasets` keeps: found, divided, and their columns named.

Of the hub a set is read from the cache of `datasets`, without a request; only `--download` fetches it. No code of a set
is run and nothing of it unpickled: `datasets` has run none since version 4, and what is fetched is Parquet, Arrow, or
files of images.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from vggdsl.data.doubts import doubts
from vggdsl.data.hf.columns import Columns, columns_of, labels_of
from vggdsl.data.hf.loading import Loaded, find, load
from vggdsl.data.hf.rows import Rows
from vggdsl.data.names import PARTS, part_of
from vggdsl.data.sources import Found, Wanted, wrong
from vggdsl.data.splits import Lazy
from vggdsl.spec.recipe import Recipe
from vggdsl.text.units import names_text

if TYPE_CHECKING:
    from datasets import Dataset

__all__ = ["find", "read_hf"]
_BELOW = re.compile(r"-\d+")


def read_hf(wanted: Wanted) -> Found:
    """A set of images with classes, in splits that are called as parts, or the one of ``split=`` as a pool.

    Raises ``InputError`` V503 if it isn't there, V512 if it isn't what it should be, V533 without `datasets`.
    """
    recipe = wanted.recipe
    loaded = load(recipe, wanted.root, download=wanted.download)
    parts, notes = _parts(loaded.splits, recipe)
    notes = [*loaded.notes, *notes]
    columns = columns_of(loaded.splits[parts["train"]], recipe)
    splits = dict[str, Lazy]()
    classes: tuple[str, ...] = ()
    for part, name in parts.items():
        rows = loaded.splits[name]
        if columns_of(rows, recipe) != columns:
            raise wrong(recipe, f"{name} of {loaded.name} has other columns than {parts['train']}")
        labels = labels_of(rows, columns, classes, name, recipe)
        if labels is None and part == "train":
            raise wrong(recipe, f"{name} of {loaded.name} has no labels", "there is nothing to train on")
        if labels is None:
            notes.append(f"{name} has no labels: it isn't read")
            continue
        classes = labels.classes
        if part == "train" and (below := [name for name in classes if _BELOW.fullmatch(name)]):
            notes.append(f"numbers below 0 are classes, and often mark images of none: {names_text(below)}")
        splits[part] = wanted.split(_rows(rows, columns, loaded, name, part, wanted), torch.from_numpy(labels.numbers))
    _refuse_empty(splits["train"], classes, loaded.name, recipe)
    count = len(splits["train"])
    called = {part: name for part, name in parts.items() if part in splits} if recipe.data.split is None else {}
    warnings = tuple(doubts(classes, recipe))
    return Found(classes, splits, count // 10, count // 5, tuple(notes), warnings, (), called, loaded.revision)


def _rows(rows: "Dataset", columns: Columns, loaded: Loaded, split: str, part: str, wanted: Wanted) -> Rows:
    names = [f"{split}/{i}" for i in range(len(rows))]
    return Rows.of(Path(loaded.name), names, wanted.shape.c, rows, columns.image, loaded.folders, part)


def _parts(splits: Mapping[str, "Dataset"], recipe: Recipe) -> tuple[dict[str, str], list[str]]:
    """The splits by the parts that they are, and what is to be told of the others."""
    names, asked = sorted(splits), recipe.data.split
    if asked is not None:
        if asked not in splits:
            raise wrong(recipe, f"no split {asked}", f"there are {names_text(names)}")
        return {"train": asked}, []
    parts = dict[str, str]()
    for name in names:
        part = part_of(name)
        if part in PARTS and part in parts:
            help = "leave one of them in the folder, if it is one; `split=` reads one alone, as a pool that is divided"
            raise wrong(recipe, f"{parts[part]} and {name} are both {part} by their names", help)
        if part in PARTS:
            parts[part] = name
    if "train" not in parts:
        help = f"say which is divided: split={names[0]}"
        raise wrong(recipe, f"no split is called train: there are {names_text(names)}", help)
    rest = [name for name in names if name not in parts.values()]
    notes = [f"splits that aren't read: {names_text(rest)}; `split=` takes one"] if rest else []
    return {part: parts[part] for part in PARTS if part in parts}, notes


def _refuse_empty(train: Lazy, classes: tuple[str, ...], name: str, recipe: Recipe) -> None:
    counts = torch.bincount(train.labels, minlength=len(classes)).tolist()
    if 0 in counts:
        raise wrong(recipe, f"no images to train on of {classes[counts.index(0)]} in {name}")
