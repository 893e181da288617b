"""Parquet files in a folder, whose names say of which split they are and how many files it has."""

import re
from collections.abc import Mapping
from glob import escape
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING

from vggdsl.data.names import gaps, is_hidden
from vggdsl.data.sources import wrong
from vggdsl.spec.recipe import Recipe
from vggdsl.text.packages import needed
from vggdsl.text.units import names_text, plural

if TYPE_CHECKING:
    from datasets import Dataset

ENDING = ".parquet"
_NAME = re.compile(r"(?P<split>.+?)(?:-(?P<number>\d+)(?:-of-(?P<count>\d+))?)?")
_NUMBER = re.compile(r"\d+")
"""As the hub calls the files that it makes itself of a set, in a folder for each split."""


def parquet_in(folder: Path, recipe: Recipe) -> "tuple[Mapping[str, Dataset], list[str]]":
    """The splits in a folder, or in a folder `data` in it, and what is to be told of other files.

    Raises ``InputError`` V512 for a split that isn't whole, or whose files have different columns or classes.
    """
    beside, within = _files(folder), _files(folder / "data")
    if beside and within:
        message = f"{folder} has {ENDING} files, {names_text([path.name for path in beside])}, beside others in data"
        raise wrong(recipe, message, f'leave those of one set there, or name the folder: hf("{folder / "data"}")')
    if not beside and not within:
        help = f"what `save_to_disk` of `datasets` wrote, or {ENDING} files: train-00000-of-00002{ENDING}"
        raise wrong(recipe, f"{folder} is no set of `datasets`", help)
    splits = dict[str, list[Path]]()
    for path in beside or within:
        splits.setdefault(_split_of(path), []).append(path)
    for split, files in splits.items():
        _refuse_parts(split, files, recipe)
        _refuse_different(files, recipe)
    notes = passed_over(folder, beside or within)
    if missing := gaps(path.stem for path in beside or within):
        notes.append(f"numbers missing between those of {ENDING} files in {folder}: {names_text(missing)}")
    return {split: _read(files) for split, files in splits.items()}, notes


def _split_of(path: Path) -> str:
    """By the file's name; where that is a number, by its folder's."""
    if _NUMBER.fullmatch(path.stem):
        return path.resolve().parent.name
    named = _NAME.fullmatch(path.stem)
    return named["split"] if named else path.stem


def passed_over(folder: Path, read: list[Path]) -> list[str]:
    """What is told of Parquet files anywhere in a folder that aren't read."""
    others = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if _is_parquet(path) and path not in read]
    others = [path for path in others if not any(map(is_hidden, path.parts))]
    if not others:
        return []
    return [f"{plural(len(others), f'{ENDING} file')} in {folder} passed over: {others[0]} is the first"]


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() == ENDING


def _files(folder: Path) -> list[Path]:
    """Those directly in a folder, whatever they are: what is no file can't be read, and is told so."""
    return [path for path in sorted(folder.glob("*")) if _is_parquet(path) and not is_hidden(path.name)]


def _refuse_parts(split: str, files: list[Path], recipe: Recipe) -> None:
    """Where a name says how many files a split has, it has these, numbered from 0, or from 1."""
    named = [found for path in files if (found := _NAME.fullmatch(path.stem))]
    counts = {int(name["count"]) for name in named if name["count"]}
    if not counts:
        return
    count, numbers = max(counts), sorted(int(name["number"] or -1) for name in named)
    if len(counts) > 1 or numbers not in ([*range(count)], [*range(1, count + 1)]):
        told = names_text([path.name for path in files[:_NAMED]])
        more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
        message = f"{split} has {plural(count, 'file')} by their names, and there are {told}{more} in {files[0].parent}"
        raise wrong(recipe, message, "fetch the set again, whole, and leave the files of one set there")


_NAMED = 5
"""Files that are told by their names."""


def _refuse_different(files: list[Path], recipe: Recipe) -> None:
    """`datasets` would take the columns and the names of classes of the first file for those of all."""
    with needed():
        from datasets import Features
        from pyarrow import parquet

    first, *others = ((path, Features.from_arrow_schema(parquet.read_schema(path))) for path in files)
    for path, features in others:
        if features != first[1]:
            message = f"{path} has other columns, or other classes, than {first[0].name}"
            raise wrong(recipe, message, "the files of one split have the same: write them again")


def _read(files: list[Path]) -> "Dataset":
    """Rows as Arrow in the cache of `datasets`, which is known by the files' content, and not by their times alone."""
    with needed():
        from datasets.packaged_modules.parquet.parquet import Parquet

    content = sha256()
    for path in files:
        with path.open("rb") as file:
            content.update(file_digest(file, "sha256").digest())
    names = [escape(str(path)) for path in files]  # they are taken for patterns
    builder = Parquet(hash=content.hexdigest(), data_files={"train": names})
    builder.download_and_prepare()
    return builder.as_dataset(split="train")
