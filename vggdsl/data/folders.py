"""Folders of image files, a folder a class: any, ImageNet's, Tiny ImageNet's."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from vggdsl.data.annotations import are_annotations_within, is_annotation, masks_beside, refuse_annotated
from vggdsl.data.doubts import doubts
from vggdsl.data.formats import SUFFIXES, UNREAD
from vggdsl.data.hints import classes_in_names, explained
from vggdsl.data.layout import CLASS_ALL_THE_SAME, find_folder, folder_named, folders_in, layout_of
from vggdsl.data.listing import PassedOver, count_beside, images_below
from vggdsl.data.names import PARTS, looks, one_form, part_of, unlike
from vggdsl.data.pictures import Files
from vggdsl.data.shards import are_shards, read_shards_in
from vggdsl.data.shards.index import IN_NO_CLASS
from vggdsl.data.sources import Found, Wanted, missing, wrong
from vggdsl.data.splits import Lazy
from vggdsl.spec.recipe import DATA_SETS, Recipe
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_file, is_folder
from vggdsl.text.units import names_text, plural

IMAGENET, TINY = "imagenet", "tiny-imagenet-200"
TINY_LABELS = Path("val", "val_annotations.txt")
_TINY_SPLITS = ("train", "test")
_IMAGENET_TEST = 50_000
"""Images of ImageNet that are set aside: as many as validate."""
_TOLD_EACH = 4
"""Folders of classes with files that aren't read, of which each is told."""


@dataclass
class _Listed:
    """Images by their names below the set's folder, with their labels."""

    names: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    inner: set[str] = field(default_factory=set)
    """Folders within those of classes."""
    annotated: set[str] = field(default_factory=set)
    """Folders at any depth there that are called as annotations."""

    unread: dict[Path, tuple[PassedOver, int]] = field(default_factory=dict)
    """Folders of classes of which images, or more files than are read, aren't, with how many are."""

    def split(self, root: Path, wanted: Wanted) -> Lazy:
        return wanted.split(Files(root, self.names, wanted.shape.c), torch.tensor(self.labels))


# -- any folder


def read_folder(wanted: Wanted) -> Found:
    """A folder a class, in folders of parts such as ``train``, ``val`` and ``test``, or in one pool.

    A class is named by its folder, and has all images below that. What is passed over is counted in the notes, but
    for hidden files and what systems leave.
    """
    root = find_folder(wanted.recipe, wanted.root)
    with _readable(root, wanted.recipe), explained(root):
        return _read(root, wanted, lambda train: (train // 10, train // 5))


# -- ImageNet


def read_imagenet(wanted: Wanted) -> Found:
    """ILSVRC-2012: 1,281,167 images to train on and 50,000 to validate, of 1,000 classes (Russakovsky et al. 2015).

    ``train`` and ``val`` hold a folder a class, named by its WordNet id, which names the class here too. The labels
    of the official test images aren't public: ``test`` is set aside from ``train``, 50 of a class.
    """
    root = find_imagenet(wanted.recipe, wanted.root)
    with _readable(root, wanted.recipe), explained(root):
        read = read_shards_in if are_shards(root) else _read
        found = read(root, wanted, lambda train: (train // 20, min(_IMAGENET_TEST, max(1, train // 20))))
        _check_classes(found.classes, root / "train", wanted.recipe)
    return found


def find_imagenet(recipe: Recipe, root: Path) -> Path:
    """The folder of ImageNet. Raises ``InputError`` V503."""
    if not (is_folder(root / IMAGENET / "train") or are_shards(root / IMAGENET)):
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
    if are_shards(root):
        found = read_shards_in(root, wanted, lambda train: (train // 10, 0))
        if len(found.splits) != len(_TINY_SPLITS):
            raise wrong(wanted.recipe, f"{root} has other parts than Tiny ImageNet: {names_text([*found.splits])}")
        # Its val is the test, whatever it was packed as.
        found = replace(found, splits=dict(zip(_TINY_SPLITS, found.splits.values(), strict=True)), parts={})
    else:
        found = read_tiny_imagenet_in(root, wanted)
    _check_classes(found.classes, root / "train", wanted.recipe)
    return found


def read_tiny_imagenet_in(root: Path, wanted: Wanted) -> Found:
    """As it comes, of as many classes as there are."""
    with _readable(root, wanted.recipe):
        classes, train = _train(root, root / "train", wanted.recipe, PassedOver())
        if is_file(root / TINY_LABELS):
            test = _annotated(root, root / TINY_LABELS, classes, wanted.recipe)
        else:
            test = _images(root, root / "val", classes, wanted.recipe, PassedOver())
    splits = {"train": train.split(root, wanted), "test": test.split(root, wanted)}
    return Found(classes, splits, val=len(train.names) // 10)


def find_tiny_imagenet(recipe: Recipe, root: Path) -> Path:
    """The folder of Tiny ImageNet. Raises ``InputError`` V503."""
    if not (is_folder(root / TINY / "train") or are_shards(root / TINY)):
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
        found.names.append(f"{IN_NO_CLASS}/{name}")
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


def _read(root: Path, wanted: Wanted, shares: Callable[[int], tuple[int, int]]) -> Found:
    """``shares`` are the images for val and test that are set aside of so many to train on, where a part is missing."""
    recipe, passed_over = wanted.recipe, PassedOver()
    layout = layout_of(root, recipe, passed_over)
    folders = dict(layout.parts)
    classes, train = _train(layout.root, folders.pop("train"), recipe, passed_over, layout.unused)
    without = "without this folder, images of train are set aside"
    listed = {
        name: _images(layout.root, folder, classes, recipe, passed_over, without) for name, folder in folders.items()
    }
    parts = {"train": train, **listed}
    splits = {name: found.split(layout.root, wanted) for name, found in parts.items()}
    val, test = shares(len(train.names))
    inner = sorted(set().union(*(found.inner for found in parts.values())))
    alike = [name for name in classes if part_of(name) in PARTS]
    told = {"images in folders within those of classes are taken too": inner, "classes that have names of parts": alike}
    within = [f"{what}: {names_text(names)}" for what, names in told.items() if names]
    notes = (*layout.notes, *within, *passed_over.notes(root))
    masks = masks_beside((name for found in parts.values() for name in found.names), root)
    annotated = sorted(set().union(*(found.annotated for found in parts.values())))
    called = f"folders within those of classes are called as masks or labels: {names_text(annotated)}"
    help = "if they are masks, take them away: each is an image of its folder's class"
    said = [*([masks] if masks is not None else []), *([called] if annotated else [])]
    beside = [Diagnostic("W504", each, recipe.place("data"), help) for each in said]
    beside += _unread({folder: each for found in parts.values() for folder, each in found.unread.items()}, recipe)
    return Found(classes, splits, val, test, notes, (*doubts(classes, recipe), *beside), tuple(inner), layout.names)


def _unread(found: Mapping[Path, tuple[PassedOver, int]], recipe: Recipe) -> list[Diagnostic]:
    """W503 for folders of classes with what isn't read there beside how many images: for each of a few."""
    renamed = {ending for passed_over, _ in found.values() for ending in passed_over.images if ending not in UNREAD}
    like = names_text([ending or "those without an ending" for ending in sorted(renamed)])
    help = "if these are images, convert them" + (f"; {like} begin as images: rename them" if renamed else "")
    said = [
        f"{plural(images, 'image')} in {folder} beside {passed_over.others}, which aren't read"
        for folder, (passed_over, images) in found.items()
    ]
    if len(said) > _TOLD_EACH:
        total = sum(passed_over.endings.total() for passed_over, _ in found.values())
        worst = sorted(found.items(), key=lambda each: each[1][1] / each[1][0].endings.total())[:_TOLD_EACH]
        beside = [f"{each.others} beside {plural(images, 'image')} in {folder}" for folder, (each, images) in worst]
        said = [f"{total:,} files in {len(found):,} folders of classes aren't read, such as {'; '.join(beside)}"]
    return [Diagnostic("W503", each, recipe.place("data"), help) for each in said]


def _train(
    root: Path, folder: Path, recipe: Recipe, passed_over: PassedOver, unused: Collection[str] = ()
) -> tuple[tuple[str, ...], _Listed]:
    classes = tuple(name for name in folders_in(folder, recipe) if name not in unused)
    strange = next((name for name in classes if not name.isprintable()), None)  # surrogates aren't either
    if strange is not None:
        raise wrong(recipe, f"the name of a class isn't printable text in UTF-8: {strange!a}", "rename its folder")
    if len(classes) < 2:
        message = f"{folder} has {plural(len(classes), 'folder')} of images"
        annotated = [] if folder == root else [name for name in folders_in(root, recipe) if is_annotation(name)]
        unread = [f"{names_text(annotated)} beside it, of a set for detection or segmentation, can't be read"]
        no_class = [f"{name} is by its name no class; {CLASS_ALL_THE_SAME}" for name in unused]
        helps = ("one folder a class, two classes at least", *no_class, *(unread if annotated else []))
        raise wrong(recipe, message, "; ".join((*helps, *_beside(folder))))
    _refuse_parts(folder, classes, recipe)
    _refuse_part_within(folder, classes, recipe)
    refuse_annotated(folder, classes, recipe)
    found = _images(root, folder, classes, recipe, passed_over, unused=unused)
    empty = set(range(len(classes))) - set(found.labels)
    if empty:
        help, left = f"add images, or remove the class; images end in {', '.join(SUFFIXES)}", PassedOver()
        nothing = folder / classes[min(empty)]
        list(images_below(folder_named(nothing) or nothing, left))
        if left.endings:
            help = f"{left.others} are there, which aren't read: convert them; or {help}"
        raise wrong(recipe, f"no images to train on in {nothing}", help)
    return classes, found


def _refuse_parts(folder: Path, names: Iterable[str], recipe: Recipe) -> None:
    """Refuses parts where only classes are expected, and within a class."""
    parts = {name: part for name in names if (part := part_of(name)) in PARTS}
    if "train" in parts.values() and len(set(parts.values())) > 1:
        raise _parts_within(folder, [*parts], recipe)


def _refuse_part_within(folder: Path, classes: Sequence[str], recipe: Recipe) -> None:
    """Refuses a folder among those of classes that is called as a part and holds folders of the same classes."""
    folders = folders_in(folder, recipe)
    for name in classes:
        inner = sorted(set(folders_in(folders[name], recipe)) & {*classes}) if part_of(name) in PARTS else []
        if inner:
            message = f"{folders[name]} has folders of classes, {names_text(inner)}, and is in {folder} beside them"
            raise wrong(recipe, message, f"it is a part by its name: move it out of {folder}, and beside it")


def _parts_within(folder: Path, parts: Sequence[str], recipe: Recipe) -> InputError:
    help = f'parts are the outer folders: train/CLASS, val/CLASS, test/CLASS; or name it: data folder("{folder}")'
    return wrong(recipe, f"{folder} has {names_text(parts)}, where classes or their images are looked for", help)


def _images(
    root: Path,
    folder: Path,
    classes: Sequence[str],
    recipe: Recipe,
    passed_over: PassedOver,
    *helps: str,
    unused: Collection[str] = (),
) -> _Listed:
    """The images below a folder with their labels, in an order that doesn't depend on the file system.

    ``helps`` are against a folder without any.
    """
    folders = folders_in(folder, recipe)
    unknown = sorted(set(folders) - {*classes, *unused})
    if unknown:
        raise wrong(recipe, *_unknown(folder, unknown, classes))
    count_beside(folder, passed_over)
    found = _Listed()
    divided = dict[str, list[str]]()
    for label, name in enumerate(classes):
        if name not in folders:
            continue
        unread = passed_over.within()
        paths = sorted(images_below(folders[name], unread), key=lambda path: ([*map(one_form, path.parts)], path))
        passed_over.add(unread)
        (_, most), *_ = unread.endings.most_common(1) or [("", 0)]
        if paths and (unread.images or most > len(paths)):
            found.unread[folders[name]] = (unread, len(paths))
        inner = {path.relative_to(folders[name]).parts[0] for path in paths if path.parent != folders[name]}
        _refuse_parts(folders[name], sorted(inner), recipe)
        divided[name] = sorted(each for each in inner if part_of(each) in PARTS)
        refuse_annotated(folders[name], sorted(inner), recipe)
        found.names += (os.fspath(path.relative_to(root)) for path in paths)
        found.labels += [label] * len(paths)
        found.inner |= inner
        within = {path.parent.relative_to(folders[name]) for path in paths}
        found.annotated |= {part for path in within for part in path.parts if are_annotations_within(part)}
    if divided and all(divided.values()):  # in each: in one of them a folder may be called so by chance
        name, parts = next(iter(divided.items()))
        raise _parts_within(folders[name], parts, recipe)
    if not found.names:
        helps = (f"one folder a class, with images in it: {', '.join(SUFFIXES)}", *helps, *_beside(folder))
        raise wrong(recipe, f"no images in {folder}", "; ".join(helps))
    return found


def _beside(folder: Path) -> tuple[str, ...]:
    """What lies in a folder itself, told where it has no classes."""
    passed_over = PassedOver()
    count_beside(folder, passed_over)
    named = classes_in_names(folder)
    return (*passed_over.notes(folder), *([named] if named is not None else []))


def _unknown(folder: Path, names: Sequence[str], classes: Sequence[str]) -> tuple[str, str]:
    """What is said of classes that the training images don't have, and how to mend it."""
    first, *others = names
    message = f"{folder / first} is a class that the training images don't have"
    if others:
        message = f"{folder} has classes that the training images don't have: {names_text(names)}"
    like = {looks(name): name for name in classes}
    alike = {name: like[looks(name)] for name in names if looks(name) in like}
    without = f", without {char}" if (char := unlike(alike)) else ""
    as_known = names_text([f"{name} as {known}" for name, known in alike.items()])
    mend = f"write {as_known}{without}" if alike else f"add {'them' if others else 'it'}, or remove it here"
    return message, f"{mend}; the training images have {names_text(classes)}"
