"""What lies in a folder of images: parts, folders of classes, images, and what is passed over."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from vggdsl.data.formats import SUFFIXES
from vggdsl.data.names import PARTS, is_hidden, is_named_as_image, letters, one_form, part_of
from vggdsl.data.sources import wrong
from vggdsl.spec.recipe import Recipe
from vggdsl.text.files import is_folder
from vggdsl.text.units import names_text, plural

_CONTRARY = {"valid": "invalid", "test": "control"}
"""Words for parts that are classes beside their contrary."""


# -- what is passed over


@dataclass
class PassedOver:
    """How many files below a folder are not read."""

    endings: Counter[str] = field(default_factory=Counter)
    irregular: int = 0
    links: int = 0
    stray: int = 0

    def count(self, entry: os.DirEntry[str]) -> None:
        """One that is no image of a class, and no folder."""
        if entry.is_dir():
            self.links += 1
        elif not entry.is_file():
            self.irregular += 1
        elif is_named_as_image(entry.name):
            self.stray += 1
        else:
            self.endings[Path(entry.name).suffix.lower()[:16]] += 1

    def notes(self, root: Path) -> tuple[str, ...]:
        others = [f"{n:,} {ending or 'without an ending'}" for ending, n in sorted(self.endings.items())]
        reasons = (
            (self.stray, "image", "in no class's folder"),
            (self.endings.total(), "file", f"{names_text(others)}; images end in {', '.join(SUFFIXES)}"),
            (self.irregular, "file", "no regular files"),
            (self.links, "link", "folders elsewhere"),
        )
        return tuple(f"{plural(n, what)} in {root} passed over: {why}" for n, what, why in reasons if n)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return [entry for entry in entries if not is_hidden(entry.name)]


def images_below(folder: Path, passed_over: PassedOver) -> Iterator[Path]:
    """The image files below a folder; links to folders aren't followed."""
    for entry in _entries(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from images_below(folder / entry.name, passed_over)
        elif is_named_as_image(entry.name) and entry.is_file():
            yield folder / entry.name
        else:
            passed_over.count(entry)


def count_beside(folder: Path, passed_over: PassedOver) -> None:
    """Counts what lies beside folders."""
    for entry in _entries(folder):
        if not entry.is_dir():
            passed_over.count(entry)


def holds_images(folder: Path) -> bool:
    return next(images_below(folder, PassedOver()), None) is not None


# -- folders


def folder_named(path: Path) -> Path | None:
    """The folder of that name, in whichever form its accents were written in; None if there is none."""
    if is_folder(path):
        return path
    parent = None if str(path).isascii() or path == path.parent else folder_named(path.parent)
    if parent is None:
        return None
    with suppress(OSError):
        return next((p for p in parent.iterdir() if one_form(p.name) == one_form(path.name) and p.is_dir()), None)
    return None


def folders_in(folder: Path, recipe: Recipe) -> dict[str, Path]:
    """The folders in a folder by their names in one form, in order.

    Raises ``InputError`` V512 where two have one name.
    """
    found = dict[str, Path]()
    for entry in _entries(folder):
        name = one_form(entry.name)
        if entry.is_dir() and name in found:
            message = f"{folder} has two folders of the name {name}, whose accents are written in two ways"
            raise wrong(recipe, message, "make them one, or rename one")
        if entry.is_dir():
            found[name] = folder / entry.name
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class Layout:
    """Which folder holds each part's folders of classes; one pool is ``train``. Names count from ``root``."""

    root: Path
    parts: Mapping[str, Path]
    names: Mapping[str, str]
    """What the parts' folders are called; empty for a pool."""
    notes: tuple[str, ...] = ()


def layout_of(root: Path, recipe: Recipe, passed_over: PassedOver) -> Layout:
    """Raises ``InputError`` V512 for what can't be told apart: parts beside classes, a part twice, no ``train``."""
    notes = list[str]()
    root = _unwrapped(root, recipe, passed_over, notes, but=PARTS)
    folders = folders_in(root, recipe)
    if not any(part_of(name) in PARTS for name in folders) or _are_contrary(folders):
        return Layout(root, {"train": root}, {}, tuple(notes))
    count_beside(root, passed_over)
    found: dict[str, list[str]] = {part: [] for part in PARTS}
    others = list[str]()
    for name, folder in folders.items():
        part = part_of(name)
        if part in found:
            found[part].append(name)
        elif not holds_images(folder):
            notes.append(f"{folder} passed over: it holds no images")
        elif part is None:
            others.append(name)
        else:
            notes.append(f"{folder} passed over: its images are in no part that is trained or measured on")
    _refuse_mixtures(root, found, others, recipe)
    names = {part: named[0] for part, named in found.items() if named}
    parts = {part: _unwrapped(folders[name], recipe, passed_over, notes) for part, name in names.items()}
    return Layout(root, parts, names, tuple(notes))


def _unwrapped(
    folder: Path, recipe: Recipe, passed_over: PassedOver, notes: list[str], but: Sequence[str] = ()
) -> Path:
    """The folder, or the only one in it, if that holds folders and no images itself; ``but`` no part of these."""
    outer = folder
    while len(inside := folders_in(folder, recipe)) == 1:
        ((name, only),) = inside.items()
        if part_of(name) in but or not _is_wrapper(only):
            break
        count_beside(folder, passed_over)
        folder = only
    if folder != outer:
        notes.append(f"{folder} is read, the only folder in {outer}")
    return folder


def _is_wrapper(folder: Path) -> bool:
    entries = _entries(folder)
    has_images = any(is_named_as_image(entry.name) and entry.is_file() for entry in entries)
    return not has_images and any(entry.is_dir() for entry in entries)


def _are_contrary(folders: Mapping[str, Path]) -> bool:
    names = {letters(name) for name in folders}
    return any({word, contrary} <= names for word, contrary in _CONTRARY.items()) and not any(
        part_of(name) == "train" for name in folders
    )


def _refuse_mixtures(root: Path, found: Mapping[str, Sequence[str]], others: Sequence[str], recipe: Recipe) -> None:
    named = [name for names in found.values() for name in names]
    if others:
        message = f"{root} has parts, {names_text(named)}, beside other folders of images: {names_text(others)}"
        help = (
            "are the others parts, name them train, val, test, or unlabelled, which is passed over; are all of them "
            "classes, put them into one folder `train`"
        )
        raise wrong(recipe, message, help)
    for part, names in found.items():
        if len(names) > 1:
            raise wrong(
                recipe, f"{root} has {names_text(names)}, each of which means {part}", "leave one of them there"
            )
    if not found["train"]:
        help = "make it train, val and test; or one pool, with a folder a class of other names"
        raise wrong(recipe, f"{root} has {names_text(named)}, but no train", help)
