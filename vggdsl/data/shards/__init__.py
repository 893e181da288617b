"""Shards: the images of a set in plain tar files, as WebDataset lays them out, with an index of where each begins.

Of an image lie ``KEY.jpg``, its bytes, and ``KEY.cls``, the number of its class. The index has what tar files don't
say: what each image's file was called, in the order in which its folder lists it, and the names of classes. By it any
image is read at once, so that an epoch's order is drawn over all of them, and the set is the folder's to the digit.
"""

from collections.abc import Callable
from pathlib import Path

import torch

from vggdsl.data.doubts import doubts
from vggdsl.data.layout import find_folder
from vggdsl.data.shards.beside import told_beside
from vggdsl.data.shards.foreign import NUMBERED, index_of_foreign
from vggdsl.data.shards.index import AGAIN, INDEX, Index, read_index
from vggdsl.data.shards.packed import Packed
from vggdsl.data.shards.tars import Tars
from vggdsl.data.sources import Found, Wanted, wrong
from vggdsl.data.splits import Lazy
from vggdsl.text.files import is_file

Shares = Callable[[int], tuple[int, int]]
"""Of so many images to train on how many are set aside for val and test, where a part is missing."""


def are_shards(folder: Path) -> bool:
    """Whether a set was packed into a folder."""
    return is_file(folder / INDEX)


def read_shards(wanted: Wanted) -> Found:
    """What `vggdsl pack` wrote; or without an index what others wrote for WebDataset."""
    root = find_folder(wanted.recipe, wanted.root)
    return read_shards_in(root, wanted, lambda train: (train // 10, train // 5))


def read_shards_in(root: Path, wanted: Wanted, shares: Shares) -> Found:
    """The set in a folder of shards. Raises ``InputError`` V512 for one that is damaged, or isn't whole."""
    recipe = wanted.recipe
    try:
        index = read_index(root, recipe) if are_shards(root) else index_of_foreign(root, recipe)
        sizes = [(root / shard.name).stat().st_size for shard in index.shards]
        tars = Tars(root, [shard.name for shard in index.shards])
        beside = told_beside(root, tars.names, recipe) if are_shards(root) else []
    except OSError as error:
        raise wrong(recipe, f"{error.filename or root} can't be read: {error.strerror or error}", AGAIN) from None
    for shard, size in zip(index.shards, sizes, strict=True):
        if size != shard.size:
            message = f"{root / shard.name} has {size:,} bytes, and {shard.size:,} when it was packed"
            raise wrong(recipe, message, AGAIN)
    splits = {part: _split(tars, index, part, wanted) for part in index.parts}
    train = splits["train"].labels
    empty = set(range(len(index.classes))) - set(train.tolist())
    if empty:
        help = AGAIN if are_shards(root) else NUMBERED
        raise wrong(recipe, f"no images to train on of {index.classes[min(empty)]} in {root}", help)
    names = {part: called for part, called in index.parts.items() if called}
    val, test = shares(len(train))
    return Found(
        index.classes, splits, val, test, (*index.notes, *beside), tuple(doubts(index.classes, recipe)), (), names
    )


def _split(tars: Tars, index: Index, part: str, wanted: Wanted) -> Lazy:
    chosen = index.of_part(part)
    names = [index.names[i] for i in chosen.tolist()]
    pictures = Packed(tars.root, names, wanted.shape.c, tars, index.places[chosen])
    return wanted.split(pictures, torch.from_numpy(index.labels[chosen]))
