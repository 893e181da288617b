"""Where a set of images lies; which of its folders are parts, and which are classes."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vggdsl.data.annotations import is_annotation, refuse_annotated
from vggdsl.data.listing import PassedOver, count_beside, entries_of, holds_images
from vggdsl.data.names import PARTS, is_named_as_image, letters, one_form, part_of, part_within
from vggdsl.data.sources import wrong
from vggdsl.spec.copies import original_of
from vggdsl.spec.recipe import Data, Recipe
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import at_home, is_file, is_folder
from vggdsl.text.units import names_text

CLASS_ALL_THE_SAME = "if it is one, put all folders of classes into one folder `train`"
_OF_DATASETS = (".parquet", ".arrow", ".json")
"""Endings of files that stand in the folder of a set that `datasets` keeps."""
_CONTRARY = {"valid": "invalid", "test": "control"}
"""Words for parts that are classes beside their contrary."""


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


def find_folder(recipe: Recipe, root: Path) -> Path:
    """The folder of a recipe: a relative path is looked up in the data folder, then beside the spec, then here.

    For a run's copy of a spec and its record that is beside the spec that was trained, too.

    Raises ``InputError`` V503.
    """
    path = at_home(Path(recipe.data.path or ""))
    file = Path(recipe.places["data"].source.name) if "data" in recipe.places else Path()
    roots = dict[str, Path]()
    for each in (root / path, file.parent / path, (original_of(file) or file).parent / path, path):
        roots.setdefault(os.path.realpath(each), each)
    found = next((folder for name in roots.values() if (folder := folder_named(name)) is not None), None)
    if found is None:
        help = f"looked for {' and '.join(map(str, roots.values()))}; say where with `--data DIR`"
        if recipe.data.name == "shards":
            help += f"; `vggdsl pack DIR -o {path}` makes it of a folder of images"
        instead = next(filter(is_file, roots.values()), None)
        help = f"{instead} is a file: {_in_place_of(instead, recipe.data)}" if instead else help
        raise InputError(Diagnostic("V503", f"no folder {path}", recipe.place("data"), help))
    return found


def _in_place_of(file: Path, data: Data) -> str:
    """What to name where a file was named."""
    if data.name == "shards" or file.suffix in _OF_DATASETS:
        folder = os.path.dirname(data.path or "") or "."  # noqa: PTH120  # which leaves `./` there
        return f'name the folder that it is in: {data.name}("{folder}")'
    return "unpack it, and name the folder"


def place_of(recipe: Recipe, root: Path) -> Path:
    """Where a recipe's set lies: the folder that it names, else the data folder. Raises ``InputError`` V503."""
    return (find_folder(recipe, root) if recipe.data.is_local else root).resolve()


def folders_in(folder: Path, recipe: Recipe) -> dict[str, Path]:
    """The folders in a folder by their names in one form, in order.

    Raises ``InputError`` V512 where two have one name.
    """
    found = dict[str, Path]()
    for entry in entries_of(folder):
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
    unused: tuple[str, ...] = ()
    """Folders in a pool that are no classes, by their names."""
    notes: tuple[str, ...] = ()


def _parts_beside(root: Path) -> list[str]:
    """What is said of a pool that is itself a part of a set, by its name and those beside it."""
    own, outer, beside = part_of(root.name), root.absolute().parent, list[str]()
    with suppress(OSError):  # it may be nobody's to look into
        beside = sorted(
            path.name for path in outer.iterdir() if part_of(path.name) in {*PARTS} - {own} and is_folder(path)
        )
    if own not in PARTS or not beside:
        return []
    are = "aren't" if len(beside) > 1 else "isn't"
    whole = f'folder("{root.parent}") names the folder of all'
    return [f"{names_text(beside)} beside {root} {are} used, images of it are set aside instead: {whole}"]


def layout_of(root: Path, recipe: Recipe, passed_over: PassedOver) -> Layout:
    """Raises ``InputError`` V512 for what can't be told apart: parts beside classes, a part twice, no ``train``."""
    notes = list[str]()
    root = _unwrapped(root, recipe, passed_over, notes, but=PARTS)
    folders = folders_in(root, recipe)
    refuse_annotated(root, folders, recipe)
    if not any(part_of(name) in PARTS for name in folders) or _are_contrary(folders):
        unused = tuple(name for name in folders if part_of(name) == "unused")
        _refuse_unnamed_parts(root, {name: folders[name] for name in folders if name not in unused}, recipe)
        notes += [f"{folders[name]} passed over: by its name it is no class; {CLASS_ALL_THE_SAME}" for name in unused]
        notes += _parts_beside(root)
        return Layout(root, {"train": root}, {}, unused, tuple(notes))
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
    return Layout(root, parts, names, (), tuple(notes))


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
    entries = entries_of(folder)
    has_images = any(is_named_as_image(entry.name) and entry.is_file() for entry in entries)
    return not has_images and any(entry.is_dir() for entry in entries)


def _are_contrary(folders: Mapping[str, Path]) -> bool:
    names = {letters(name) for name in folders}
    return any({word, contrary} <= names for word, contrary in _CONTRARY.items()) and not any(
        part_of(name) == "train" for name in folders
    )


def _refuse_unnamed_parts(root: Path, folders: Mapping[str, Path], recipe: Recipe) -> None:
    """Refuses folders that would be classes and may be parts, by words in their names or by what they hold."""
    words = {part_within(name) for name in folders}
    looks = ""
    help = "if they are parts, name them train, val and test; if they are classes, put them into one folder `train`"
    if "train" in words and len(words) > 1 and None not in words:
        looks = "whose names are as of parts"
    elif len(folders) > 1 and all(_is_wrapper(folder) for folder in folders.values()):
        shared = sorted(set.intersection(*(set(folders_in(folder, recipe)) for folder in folders.values())))
        refuse_annotated(next(iter(folders.values())), shared, recipe)
        if len(shared) > 1 and not any(part_of(name) in PARTS for name in shared):
            looks = f"each with folders {names_text(shared)}"
            help = f"{help}; if {names_text(shared)} are the classes, put all images of each into one folder"
    if looks:
        raise wrong(recipe, f"{root} has {names_text([*folders])}, {looks}: classes or parts?", help)


def _refuse_mixtures(root: Path, found: Mapping[str, Sequence[str]], others: Sequence[str], recipe: Recipe) -> None:
    named = [name for names in found.values() for name in names]
    if others:
        message = f"{root} has parts, {names_text(named)}, beside other folders of images: {names_text(others)}"
        help = (
            "are the others parts, name them train, val, test, or unlabelled, which is passed over; are all of them "
            "classes, put them into one folder `train`"
        )
        if any(map(is_annotation, others)):
            help = "annotations of pixels aren't read: take them away; a recipe trains on one class an image"
        raise wrong(recipe, message, help)
    for part, names in found.items():
        if len(names) > 1:
            raise wrong(
                recipe, f"{root} has {names_text(names)}, each of which means {part}", "leave one of them there"
            )
    if not found["train"]:
        help = "make it train, val and test; or one pool, with a folder a class of other names"
        raise wrong(recipe, f"{root} has {names_text(named)}, but no train", help)
