"""Classes whose names look as if something else were meant, as findings: a folder a class may be another order."""

import re
from collections.abc import Iterator, Sequence

from vggdsl.data.annotations import is_annotation
from vggdsl.data.names import letters, part_of, spelling
from vggdsl.spec.recipe import Recipe
from vggdsl.text.errors import Diagnostic
from vggdsl.text.units import names_text

_FOLD = re.compile(r"(?:k ?)?(?:fold|split|subset|part|partition|batch|shard|cv) ?\d+|\d+ ?fold")
_TIME = re.compile(r"(?:19|20)\d\d(?: (?:0?[1-9]|1[0-2]))?(?: \d\d?)?")
_LEFT = re.compile("backups?|bak|tmp|temp|trash|deleted|duplicates?|newfolder|untitledfolder|unsorted")
_LISTED = 5


def doubts(classes: Sequence[str], recipe: Recipe) -> Iterator[Diagnostic]:
    """W504 for names that differ only in their spelling, for those of folds or years, and of what nobody sorted."""
    for message, help in _doubts(classes):
        yield Diagnostic("W504", message, recipe.place("data"), help)


def _doubts(classes: Sequence[str]) -> Iterator[tuple[str, str]]:
    alike = dict[str, list[str]]()
    for name in classes:
        alike.setdefault(spelling(name), []).append(f'"{name}"')
    twins = [names_text(names) for names in alike.values() if len(names) > 1]
    if twins:
        more = f"; and {len(twins) - _LISTED:,} more" if len(twins) > _LISTED else ""
        message = f"classes whose names differ only in case, blanks or numbers of copies: {'; '.join(twins[:_LISTED])}"
        yield message + more, "if they are one class, put their images into one folder"
    for pattern, what in ((_FOLD, "folds"), (_TIME, "years")):
        if all(pattern.fullmatch(spelling(name)) for name in classes):
            message = f"classes that are called as {what}: {names_text(classes)}"
            help = f"if they are {what}, put the images of each class into one folder, in train, val and test"
            yield message, help
    left = [name for name in classes if _LEFT.fullmatch(letters(name)) or is_annotation(name) or _is_unused(name)]
    if left and len(left) < len(classes):
        what = "a class" if len(left) == 1 else "classes"
        message = f"{names_text(left)}, by name annotations or what was left over, taken for {what}"
        yield message, "if it is none, take its folder away"


def _is_unused(name: str) -> bool:
    return part_of(name) == "unused"
