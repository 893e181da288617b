"""What stands there several times one behind the other: a repeat.

Runs of elements are looked at that may be taken apart: an activation belongs to what it follows. The run that saves the
most text is folded first, until none saves any.
"""

from collections.abc import Sequence
from dataclasses import replace

from vggdsl.language import syntax
from vggdsl.language.composing.branches import Items
from vggdsl.language.dictionary import ACTIVATIONS, KINDS
from vggdsl.language.spelling import item_text, items_text
from vggdsl.text.source import NOWHERE

LONGEST = 12
"""Elements of a run that is repeated or becomes a block."""
LEAST = 8
"""Characters that a repeat or a block must save."""

Unit = Items
"""An element with what belongs to it."""


def units(items: Items) -> list[Unit]:
    found: list[list[syntax.Item]] = []
    for item in items:
        if found and _belongs(item):
            found[-1].append(item)
        else:
            found.append([item])
    return [tuple(each) for each in found]


def _belongs(item: syntax.Item) -> bool:
    element = item.element
    return isinstance(element, syntax.Layer) and element.kind in ACTIVATIONS


def repeated(items: Items) -> Items:
    """Elements with those that are the same one behind the other as a repeat, also inside of others."""
    rows = units(tuple(_inside(item) for item in items))
    while (best := _best_repeat(rows)) is not None:
        at, length, count = best
        run = tuple(item for unit in rows[at : at + length] for item in unit)
        rows[at : at + length * count] = [(_times(run, count),)]
    return tuple(item for unit in rows for item in unit)


def _inside(item: syntax.Item) -> syntax.Item:
    match item.element:
        case syntax.Merge(branches=branches):
            return replace(item, element=replace(item.element, branches=tuple(map(repeated, branches))))
        case syntax.Group(items=items):
            return replace(item, element=replace(item.element, items=repeated(items)))
        case _:
            return item


def _times(run: Items, count: int) -> syntax.Item:
    if len(run) == 1 and run[0].repeat is None:
        return replace(run[0], repeat=count)
    return syntax.Item(syntax.Group(run, NOWHERE), NOWHERE, repeat=count)


def _best_repeat(rows: list[Unit]) -> tuple[int, int, int] | None:
    """Where the repeat begins that saves most, its length, and how often it stands there."""
    numbers: dict[Unit, int] = {}
    keys = [numbers.setdefault(row, len(numbers)) for row in rows]
    best: tuple[int, int, int] | None = None
    most = LEAST - 1
    for length in range(1, min(LONGEST, len(rows) // 2) + 1):
        for at in range(len(rows) - 2 * length + 1):
            run = keys[at : at + length]
            count = 1
            while keys[at + count * length : at + (count + 1) * length] == run:
                count += 1
            if count == 1 or not _may_repeat(rows[at : at + length], count):
                continue
            items = tuple(item for unit in rows[at : at + length] for item in unit)
            saved = count * len(items_text(items)) + count - 1 - len(item_text(_times(items, count)))
            if saved > most:
                best, most = (at, length, count), saved
    return best


def _may_repeat(run: Sequence[Unit], count: int) -> bool:
    """A run that holds a pool or an FC is a stage, which is written out; so are few layers."""
    items = [item for unit in run for item in unit]
    if any(holds_branches(item) for item in items):
        return True
    if any(isinstance(i.element, syntax.Layer) and KINDS[i.element.kind].stem in ("pool", "fc") for i in items):
        return False
    return count > 2


def holds_branches(item: syntax.Item) -> bool:
    if isinstance(item.element, syntax.Merge | syntax.Call):
        return True
    return isinstance(item.element, syntax.Group) and any(map(holds_branches, item.element.items))
