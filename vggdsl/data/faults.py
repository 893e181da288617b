"""What is wrong with the images of a set, as findings: unreadable ones, the same ones twice, torn ones."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch

from vggdsl.data.inspection import Digests, Looked
from vggdsl.data.pictures import Files
from vggdsl.data.splits import Lazy, named
from vggdsl.data.traits import Traits
from vggdsl.spec.recipe import Recipe
from vggdsl.text.codes import CodeName
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.units import plural

_LISTED, _REASONS = 20, 10
"""Files that are named with a reason, and reasons that are told."""


def refused_or_told(looked: Mapping[str, Looked], recipe: Recipe, how: str, *, skip_bad: bool) -> list[Diagnostic]:
    """W503 for images that can't be read, where they are left out: ``how`` says what becomes of them.

    Raises ``InputError`` V530 with all of them where they aren't.
    """
    bad = [(one.files, i, why) for one in looked.values() for i, why in one.bad.items()]
    if bad and not skip_bad:
        help = f"{bad[0][0].mended}; or leave them out: `--skip-bad`"
        raise InputError(_unreadable("V530", bad, recipe, help))
    return _unreadable("W503", bad, recipe, how)


def without_bad(
    splits: Mapping[str, Lazy], looked: Mapping[str, Looked], classes: Sequence[str], recipe: Recipe
) -> Mapping[str, Lazy]:
    """The splits without the images that can't be read.

    Raises ``InputError`` V512 where nothing is left of a split, or to train on of a class.
    """
    if not any(one.bad for one in looked.values()):
        return splits
    good = {name: split.take(looked[name].good) if name in looked else split for name, split in splits.items()}
    empty = next((name for name, split in good.items() if not len(split)), None)
    counts = torch.bincount(good["train"].labels, minlength=len(classes)).tolist()
    if empty is not None or 0 in counts:
        what = f"{empty} images" if empty is not None else f"images of {classes[counts.index(0)]} to train on"
        help = "mend them, or add others"
        raise InputError(Diagnostic("V512", f"no {what} are left that can be read", recipe.place("data"), help))
    return good


def _unreadable(code: CodeName, found: Iterable[tuple[Files, int, str]], recipe: Recipe, help: str) -> list[Diagnostic]:
    """A finding for each reason, with the files that have it; ``found`` are those of one set, by index, and reasons.

    The first says where the recipe names the set, the last how to mend it.
    """
    by_reason = dict[str, list[tuple[Files, int]]]()
    for files, index, why in found:
        known = why in by_reason or len(by_reason) < _REASONS
        by_reason.setdefault(why if known else "for other reasons", []).append((files, index))
    told = [Diagnostic(code, _said(why, bad)) for why, bad in by_reason.items()]
    told[:1] = [replace(each, labels=recipe.place("data")) for each in told[:1]]
    told[-1:] = [replace(each, help=help) for each in told[-1:]]
    return told


def _said(why: str, bad: Sequence[tuple[Files, int]]) -> str:
    ((files, index), *others), names = bad, sorted(each.names[i] for each, i in bad)
    if not others:
        return f"{files.called(index)} can't be read: {why}"
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return f"{len(names):,} images in {files.root} can't be read: {why}: {', '.join(names[:_LISTED])}{more}"


def duplicates(
    splits: Mapping[str, Lazy],
    digests: Mapping[str, Digests],
    pixels: Mapping[str, Digests],
    classes: Sequence[str],
    recipe: Recipe,
) -> Iterator[Diagnostic]:
    """W501 for images that are in two splits, W502 for those in two classes; each with one, and how it is the same.

    ``digests`` are of files, and ``pixels`` of what they show.
    """
    shared = [said for later, earlier in _PAIRS if (said := _shared(later, earlier, splits, digests, pixels))]
    if shared:
        counts, examples = zip(*shared, strict=True)
        message = f"{'; '.join(counts)}: {examples[0]}"
        help = "keep them in one split: what a network has seen doesn't say how it does on other images"
        yield Diagnostic("W501", message, recipe.place("data"), help)
    files, contents = (np.concatenate([of[name] for name in splits]) for of in (digests, pixels))
    labels = np.concatenate([split.labels.numpy() for split in splits.values()])
    starts = np.cumsum([0, *map(len, splits.values())])

    def place(k: int) -> str:
        split = int(np.searchsorted(starts, k, side="right")) - 1
        return named(splits, list(splits)[split], k - int(starts[split]))

    order = np.lexsort((labels, contents))
    contents, labels = contents[order], labels[order]
    clashes = np.flatnonzero((contents[1:] == contents[:-1]) & (labels[1:] != labels[:-1]) & (contents[1:] != 0))
    if len(clashes):
        one, other = (f"{place(order[k])} ({classes[labels[k]]})" for k in (clashes[0], clashes[0] + 1))
        count = len(np.unique(contents[clashes]))
        are = "image is" if count == 1 else "images are"
        how = _how(*(files[order[k]] for k in (clashes[0], clashes[0] + 1)))
        message = f"{count:,} {are} in several classes: {one} is {other}, {how}"
        yield Diagnostic("W502", message, recipe.place("data"), "keep each in the class that it shows")


_PAIRS = (("val", "train"), ("test", "train"), ("test", "val"))


def _shared(
    later: str,
    earlier: str,
    splits: Mapping[str, Lazy],
    digests: Mapping[str, Digests],
    pixels: Mapping[str, Digests],
) -> tuple[str, str] | None:
    """How many images of one split are in another, too, and which; None for none."""
    ours, theirs = pixels[later], pixels[earlier]
    found = np.flatnonzero(np.isin(ours, theirs) & (ours != 0))
    if not len(found):
        return None
    one, are = int(found[0]), "is" if len(found) == 1 else "are"
    twin = int(np.flatnonzero(theirs == ours[one])[0])
    count = f"{len(found):,} of {len(ours):,} images in {later} {are} in {earlier}, too"
    how = _how(digests[later][one], digests[earlier][twin])
    return count, f"{named(splits, later, one)} is {named(splits, earlier, twin)}, {how}"


def _how(one: np.uint64, other: np.uint64) -> str:
    return "byte for byte" if one == other else "pixel for pixel"


def torn(splits: Mapping[str, Lazy], traits: Mapping[str, Traits], recipe: Recipe) -> Iterator[Diagnostic]:
    """W505 for JPEGs that are read without an error, though pixels are missing at their end."""
    found = sorted(named(splits, name, int(i)) for name in splits for i in np.flatnonzero(traits[name]["is_torn"]))
    if found:
        more = f" and {len(found) - _LISTED:,} more" if len(found) > _LISTED else ""
        message = f"{plural(len(found), 'JPEG')} may be torn: {', '.join(found[:_LISTED])}{more}"
        help = "look at them: they end in grey, as a reader fills in, or in bytes of 0; fetch them again"
        yield Diagnostic("W505", message, recipe.place("data"), help)
