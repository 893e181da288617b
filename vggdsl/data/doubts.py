"""Classes whose names look as if something else were meant, as findings: a folder a class may be another order."""

import re
from collections.abc import Callable, Iterator, Sequence

from vggdsl.data.annotations import images_and_annotations, is_annotation
from vggdsl.data.names import letters, looks, part_of, spelling, unlike
from vggdsl.spec.recipe import Recipe
from vggdsl.text.errors import Diagnostic
from vggdsl.text.units import names_text

_FOLD = re.compile(r"(?:k ?)?(?:fold|split|subset|part|partition|batch|shard|cv) ?\d+|\d+ ?fold")
_TIME = re.compile(r"(?:19|20)\d\d(?: (?:0?[1-9]|1[0-2]))?(?: \d\d?)?")
_LEFT = re.compile("backups?|bak|tmp|temp|trash|deleted|duplicates?|newfolder|untitledfolder|unsorted|all")
_WASTE = re.compile("glass|paper|metals?|plastics?|cardboard|organic|compost|recycl.*")
"""Beside these trash is a class."""
_ONCE_MORE = re.compile(
    "(.+?) (?:aug(?:mented|mentation)?|flipped|mirrored|rotated|resized|cropped|processed|originals?|old|new|extra)"
)
_LISTED = 5


def doubts(classes: Sequence[str], recipe: Recipe) -> Iterator[Diagnostic]:
    """W504 for names that differ only in spelling or look the same, those of folds or years, of annotations, of what
    nobody sorted, and of more images of another class."""
    for message, help in _doubts(classes):
        yield Diagnostic("W504", message, recipe.place("data"), help)


def _doubts(classes: Sequence[str]) -> Iterator[tuple[str, str]]:
    one_class = "if they are one class, put their images into one folder"
    twins = [_quoted(names) for names in _alike(classes, spelling)]
    if twins:
        message = "classes whose names differ only in case, blanks, leading zeros or numbers of copies"
        yield f"{message}: {_first(twins)}", one_class
    ways = (names for names in _alike(classes, looks) if len({*map(spelling, names)}) > 1)
    same = [f"{_quoted(names)}, with {unlike(names)}" for names in ways]
    if same:
        yield f"classes whose names look the same, in other characters: {_first(same)}", one_class
    for pattern, what in ((_FOLD, "folds"), (_TIME, "years")):
        if all(pattern.fullmatch(spelling(name)) for name in classes):
            message = f"classes that are called as {what}: {names_text(classes)}"
            help = f"if they are {what}, put the images of each class into one folder, in train, val and test"
            yield message, help
    pair = [name for names in images_and_annotations(classes) for name in names]
    if pair:
        message = f"{names_text(pair)}, by name images and what is said of their pixels, taken for classes"
        yield message, "if they are none, take their folders away"
    left = [name for name in classes if name not in pair and _is_left(name, classes)]
    if left and len(left) < len(classes):
        message = f"{names_text(left)}, by name annotations or what was left over, taken for {_a_class(left)}"
        yield message, "if it is none, take its folder away"

    spelled = {spelling(name) for name in classes}
    again = [name for name in classes if (found := _ONCE_MORE.fullmatch(spelling(name))) and found[1] in spelled]
    if again:
        message = f"{names_text(again)}, by name more images of another class, taken for {_a_class(again)}"
        yield message, "if they are, put them into that class, and what was made from an image into its split"


def _alike(classes: Sequence[str], key: Callable[[str], str]) -> list[list[str]]:
    """Names that are one by the key; not the single letters of handwriting, such as A and a, B and b."""
    found = dict[str, list[str]]()
    for name in classes:
        found.setdefault(key(name), []).append(name)
    several = [names for names in found.values() if len(names) > 1]
    of_letters = [names for names in several if all(len(name) == 1 for name in names)]
    return [names for names in several if len(of_letters) < 2 or names not in of_letters]


def _first(told: Sequence[str]) -> str:
    more = f"; and {len(told) - _LISTED:,} more" if len(told) > _LISTED else ""
    return f"{'; '.join(told[:_LISTED])}{more}"


def _quoted(names: Sequence[str]) -> str:
    return names_text([f'"{name}"' for name in names])


def _a_class(names: Sequence[str]) -> str:
    return "a class" if len(names) == 1 else "classes"


def _is_left(name: str, classes: Sequence[str]) -> bool:
    plain = letters(name)
    if plain == "trash" and any(_WASTE.fullmatch(letters(other)) for other in classes):
        return False
    return _LEFT.fullmatch(plain) is not None or is_annotation(name) or part_of(name) == "unused"
