"""Images that show nothing, as findings: those of a single colour, and those that are all but black."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from vggdsl.data.splits import Lazy, named
from vggdsl.data.traits import Traits
from vggdsl.spec.recipe import Recipe
from vggdsl.text.errors import Diagnostic
from vggdsl.text.units import names_text

_Chosen = Mapping[str, np.ndarray[tuple[int], np.dtype[np.bool_]]]
"""Which images of each split."""

_SHARE = 10
"""Of so many images of a class one may show nothing."""
_DARK = 16
"""The largest value of images that were meant to be 0..1, numbers of classes, or the upper 4 of 12 bits."""
_WHITE = 0xFFFFFF


def blank(
    splits: Mapping[str, Lazy], traits: Mapping[str, Traits], classes: Sequence[str], recipe: Recipe
) -> Iterator[Diagnostic]:
    """W505 for splits and classes of which many images are of a single colour, or have hardly a value above 0."""
    is_flat = {name: traits[name]["colour"] >= 0 for name in splits}
    counts, found = _many(splits, is_flat, classes)
    if counts:
        some = _coloured(splits, traits, found)
        message = f"images that are of a single colour: {names_text(counts)}, such as {some}"
        yield Diagnostic("W505", message, recipe.place("data"), "; ".join(_causes(traits, found)))
    is_dark = {name: (traits[name]["peak"] <= _DARK) & ~found[name] for name in splits}
    counts, found = _many(splits, is_dark, classes)
    if counts:
        peak = max(int(traits[name]["peak"][dark].max()) for name, dark in found.items() if dark.any())
        some = " and ".join(named(splits, *one) for one in _some(found))
        message = f"images that have no value above {peak} of 255: {names_text(counts)}, such as {some}"
        help = (
            "were they saved without scaling? Values of 0..1 are multiplied by 255 before they are saved in 8 bits; or "
            "they are masks, of which the values are numbers of classes"
        )
        yield Diagnostic("W505", message, recipe.place("data"), help)


def _many(splits: Mapping[str, Lazy], chosen: _Chosen, classes: Sequence[str]) -> tuple[list[str], _Chosen]:
    """How many of a split are chosen if they are all, else of each class of which many are; and which these are.

    Of one image alone nothing is to be said.
    """
    told, found = list[str](), dict[str, np.ndarray[tuple[int], np.dtype[np.bool_]]]()
    for name, split in splits.items():
        if len(split) > 1 and chosen[name].all():
            told.append(f"all {len(split):,} of {name}")
            found[name] = chosen[name]
            continue
        labels = split.labels.numpy()
        found[name] = np.zeros(len(split), np.bool_)
        for label in np.unique(labels[chosen[name]]):
            of_class = labels == label
            count, total = int((chosen[name] & of_class).sum()), int(of_class.sum())
            if count > 1 and count * _SHARE >= total:
                of = f"all {count:,} of" if count == total else f"{count:,} of {total:,} of"
                told.append(f"{of} {classes[label]} in {name}")
                found[name] |= chosen[name] & of_class
    return told, found


def _some(found: _Chosen) -> list[tuple[str, int]]:
    """Two examples: a split, and an index in it."""
    return [(name, int(i)) for name, chosen in found.items() for i in np.flatnonzero(chosen)[:2]][:2]


def _coloured(splits: Mapping[str, Lazy], traits: Mapping[str, Traits], found: _Chosen) -> str:
    """Two examples with their colours, which are not the same where there are several."""
    by_colour = dict[int, tuple[str, int]]()
    for name, chosen in found.items():
        colours, first = np.unique(traits[name]["colour"][chosen], return_index=True)
        for colour, i in zip(colours.tolist(), np.flatnonzero(chosen)[first].tolist(), strict=True):
            by_colour.setdefault(colour, (name, i))
    some = sorted(by_colour.values(), key=lambda one: ([*splits].index(one[0]), one[1]))[:2]
    examples = some if len(some) > 1 else _some(found)
    return " and ".join(f"{named(splits, *one)} ({_colour(int(traits[one[0]]['colour'][one[1]]))})" for one in examples)


def _colour(number: int) -> str:
    """
    >>> _colour(0), _colour(0xFFFFFF), _colour(0x0D0D0D), _colour(0x0963C8)
    ('black', 'white', 'grey 13', 'RGB 9 99 200')
    """
    values = number.to_bytes(3)
    if len({*values}) > 1:
        return f"RGB {' '.join(map(str, values))}"
    return {0: "black", 255: "white"}.get(values[0], f"grey {values[0]}")


def _causes(traits: Mapping[str, Traits], found: _Chosen) -> Iterator[str]:
    """What may have gone wrong with the images that were found."""
    yield "look at them: what wrote them may have failed"
    rows = np.concatenate([traits[name][chosen] for name, chosen in found.items()])
    if rows["has_frames"].any():
        yield "of several frames or pages only the first is read"
    if (rows["has_alpha"] & (rows["colour"] == _WHITE)).any():
        yield "what is transparent is laid on white"
    if len(rows) == sum(map(len, traits.values())) and len(np.unique(rows["colour"])) > 1:
        yield "if colours are all that is to be learnt, leave them"
