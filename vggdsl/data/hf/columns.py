"""Which columns of a set are its images and its classes, and what classes there are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from vggdsl.data.sources import wrong
from vggdsl.spec.recipe import Recipe
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.units import names_text

if TYPE_CHECKING:
    from datasets import Dataset

_UNKNOWN = -1
"""By which the hub marks images whose class isn't told."""


@dataclass(frozen=True)
class Columns:
    """By name."""

    image: str
    label: str


@dataclass(frozen=True, eq=False)
class Labels:
    classes: tuple[str, ...]
    numbers: npt.NDArray[np.int64]


def columns_of(rows: "Dataset", recipe: Recipe) -> Columns:
    """Those that the recipe names, else the one of images and the one of classes. Raises ``InputError`` V512."""

    def found(asked: str | None, key: str, what: str, fits: Callable[[object], bool], named: Sequence[str]) -> str:
        there = [name for name, kind in rows.features.items() if fits(kind)]
        if asked is not None:
            if asked not in rows.features:
                raise wrong(recipe, f"no column {asked}", f"there are {_told(rows)}")
            if asked not in there and asked not in named:
                raise wrong(recipe, f"{asked} is no column of {what}", f"there are {_told(rows)}")
            return asked
        if len(there) != 1:
            which = f"several columns of {what}: {names_text(there)}" if there else f"no column of {what}"
            help = f"say which, by `{key}=`: there are {_told(rows)}" if there or named else f"there are {_told(rows)}"
            raise wrong(recipe, which, help)
        return str(there[0])

    def name(asked: str | None, key: str, what: str, fits: Callable[[object], bool], named: Sequence[str]) -> str:
        try:
            return found(asked, key, what, fits, named)
        except InputError as error:
            findings.extend(error.diagnostics)
            return ""

    findings = list[Diagnostic]()
    of_bytes = [name for name, kind in rows.features.items() if _is_of_bytes(kind)]
    plain = [name for name, kind in rows.features.items() if _is_plain(kind)]
    columns = Columns(
        name(recipe.data.image, "image", "images", lambda kind: _kind(kind) == "Image", of_bytes),
        name(recipe.data.label, "label", "classes", lambda kind: _kind(kind) == "ClassLabel", plain),
    )
    if findings:  # of both at once
        raise InputError(findings)
    return columns


def _kind(kind: object) -> str:
    """By what `datasets` calls it, which need not be imported for that."""
    return type(kind).__name__


def _is_of_bytes(kind: object) -> bool:
    """Whether it is of bytes, alone or in a field ``bytes``, which may be images where somebody says so."""
    return getattr(kind.get("bytes") if isinstance(kind, dict) else kind, "dtype", "") in ("binary", "large_binary")


def _is_plain(kind: object) -> bool:
    """Whether it is of words or whole numbers, which may be classes where somebody says so."""
    return getattr(kind, "dtype", "") in ("string", "large_string", *(f"{u}int{n}" for u in ("", "u") for n in _BITS))


_BITS = (8, 16, 32, 64)


def _told(rows: "Dataset") -> str:
    def what(kind: object) -> str:
        fields = [f"{name} {what(field)}" for name, field in kind.items()] if isinstance(kind, dict) else []
        return ", ".join(fields) or (str(getattr(kind, "dtype", "")) if _kind(kind) == "Value" else _kind(kind))

    return names_text([f"{name} ({what(kind)})" for name, kind in rows.features.items()])


def labels_of(rows: "Dataset", columns: Columns, classes: tuple[str, ...], split: str, recipe: Recipe) -> Labels | None:
    """The class of each row; None where none is told. ``classes`` are those of the images to train on, if known.

    Classes have the names that the set gives them. Of a column of words these are the names, in order; of numbers
    they are in the order of the numbers. Raises ``InputError`` V512.
    """
    kind, values = rows.features[columns.label], rows.data.column(columns.label)
    chosen = rows._indices
    if chosen is not None:  # rows that were chosen of a table
        values = values.take(chosen.column(0))
    names = getattr(kind, "names", None)
    given = values.to_pylist()
    untold = [each is None or (names is not None and each == _UNKNOWN) for each in given]
    if all(untold):
        return None
    if any(untold):
        message = f"{sum(untold):,} of {len(given):,} images of {split} have no class in the column {columns.label}"
        raise wrong(recipe, message, "take them away, or read another split")
    if names is None:
        different = classes or tuple(map(str, sorted(set(given))))
        number = {name: i for i, name in enumerate(different)}
        unknown = sorted({str(each) for each in given} - {*number})
        if unknown:
            raise _of_no_training(split, unknown, recipe)
        given = [number[str(each)] for each in given]
        names = different
    if classes and tuple(names) != classes:
        raise wrong(recipe, f"{split} has other classes, or in another order: {names_text(list(names))}")
    _check(names, recipe)
    numbers = np.array(given, np.int64)
    if numbers.min() < 0 or numbers.max() >= len(names):
        raise wrong(recipe, f"{split} has labels from {numbers.min()} to {numbers.max()} of {len(names)} classes")
    return Labels(tuple(names), numbers)


def _check(names: Sequence[str], recipe: Recipe) -> None:
    strange = next((name for name in names if not name or not name.isprintable()), None)
    if strange is not None:
        raise wrong(recipe, f"the name of a class isn't printable text: {strange!a}")
    if len({*names}) < max(2, len(names)):
        raise wrong(recipe, f"classes are two at least, of different names, and these are {names_text(list(names))}")


def _of_no_training(split: str, names: Sequence[str], recipe: Recipe) -> InputError:
    return wrong(recipe, f"{split} has classes that the training images don't have: {names_text(names)}")
