"""Columns of what comes and of what is given: `Input/Output Dimensions`, with one size in a cell or with two."""

import re
from collections.abc import Sequence
from dataclasses import replace

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.grid import Cell, Row
from vggdsl.language.notations.layer_table.columns import Column

_SIZE = r"[\[(]?(\d{1,7}(?: ?[x×] ?\d{1,7}){0,2})[\])]?"
_TWO = re.compile(rf"{_SIZE} ?(?:/|;|->|→|=>) ?{_SIZE}")


def told(draft: Draft, rows: Sequence[Row], found: Sequence[Column]) -> tuple[list[Row], list[Column]]:
    """With both sizes of a cell as one goes to the other, `8x8x3 -> 6x6x4`; one alone is what the row gives, which is
    said, and held like each size that is printed."""
    both = {at for at, each in enumerate(found) if each.roles == ("input", "output")}
    if not both:
        return list(rows), list(found)
    cells = [cell for row in rows for cell in row if cell.columns.start in both and re.search(r"\d", cell.text.text)]
    if any(not _TWO.fullmatch(cell.text.text) for cell in cells):
        head = found[min(both)].at
        draft.assumed(f"a size alone below `{head.text}` is what its row gives", head)
        draft.line()
    columns = [replace(each, roles=("output",)) if at in both else each for at, each in enumerate(found)]
    return [[_arrowed(cell) if cell.columns.start in both else cell for cell in row] for row in rows], columns


def _arrowed(cell: Cell) -> Cell:
    two = _TWO.fullmatch(cell.text.text)
    return cell if two is None else replace(cell, text=cell.text.sub(_TWO, f"{two[1]} -> {two[2]}"))
