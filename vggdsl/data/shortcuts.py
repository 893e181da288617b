"""Classes that are told apart by what their files are, as findings: a network may learn that, and nothing of images."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from vggdsl.data.formats import FORMATS
from vggdsl.data.pictures import Files
from vggdsl.data.splits import Lazy
from vggdsl.data.traits import Traits
from vggdsl.spec.recipe import Recipe
from vggdsl.text.errors import Diagnostic
from vggdsl.text.units import names_text

_Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]

_ENOUGH = 5
"""Images of a class that aren't alike by chance."""
_FORMATS = [*FORMATS, "no known format"]
_BY_ENDING = {ending: i for i, endings in enumerate(FORMATS.values()) for ending in endings}


def shortcuts(
    splits: Mapping[str, Lazy], traits: Mapping[str, Traits], classes: Sequence[str], recipe: Recipe
) -> Iterator[Diagnostic]:
    """W506 for classes of which all files, and none of any other class, have one format, colours or not, or one size.

    See Geirhos et al. 2020, "Shortcut learning in deep neural networks" (arXiv:2004.07780).
    """
    files = [split.pictures for split in splits.values() if isinstance(split.pictures, Files)]
    if len(files) < len(splits):
        return
    rows = np.concatenate([traits[name] for name in splits])
    labels = np.concatenate([split.labels.numpy() for split in splits.values()])
    kinds: list[tuple[_Numbers, Callable[[int], str]]] = [
        (np.array([_format(name) for each in files for name in each.names]), lambda i: _FORMATS[i]),
        (rows["height"].astype(np.int64) << 32 | rows["width"], lambda size: f"{size >> 32}x{size % 2**32} pixels"),
    ]
    if files[0].channels > 1:  # else all are made grey
        kinds.append((rows["is_grey"].astype(np.int64), lambda is_grey: "grey" if is_grey else "in colours"))
    found = dict[int, list[str]]()
    for numbers, text in kinds:
        for label, number in _own(labels, numbers):
            found.setdefault(label, []).append(text(number))
    if found:
        told = names_text([f"{classes[label]} ({', '.join(values)})" for label, values in sorted(found.items())])
        message = f"what files are tells classes from all others: {told}"
        help = "a network may learn this instead of what they show: take images of all classes from the same sources"
        yield Diagnostic("W506", message, recipe.place("data"), help)


def _format(name: str) -> int:
    """The number of its format by its ending, in ``_FORMATS``."""
    return _BY_ENDING.get(f".{name.rpartition('.')[2].lower()}", len(FORMATS))


def _own(labels: _Numbers, kinds: _Numbers) -> Iterator[tuple[int, int]]:
    """The classes of which all are of one kind, and no other is, with that kind."""
    values, which = np.unique(kinds, return_inverse=True)
    pairs = np.unique(labels * len(values) + which)
    of_class, of_kind = (np.bincount(part) for part in np.divmod(pairs, len(values)))
    sizes = np.bincount(labels)
    for label, place in zip(*(part.tolist() for part in np.divmod(pairs, len(values))), strict=True):
        if len(values) > 1 and sizes[label] >= _ENOUGH and of_class[label] == of_kind[place] == 1:
            yield label, int(values[place])
