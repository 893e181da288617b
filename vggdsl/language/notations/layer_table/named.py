"""Columns that a call names, where the heading of a table doesn't tell what they are."""

import re
from collections.abc import Sequence
from functools import lru_cache

from vggdsl.language.notations.grid import Row
from vggdsl.language.notations.headed import Headed, headed, said_rows
from vggdsl.language.notations.layer_table.abroad import in_english
from vggdsl.language.notations.layer_table.columns import KNOWN, SAYING, columns, says_kind
from vggdsl.language.notations.layer_table.sides import is_side
from vggdsl.text.source import Source

_HEADS = 4
"""In so many rows the heading of a table is looked for."""


@lru_cache(maxsize=4)
def with_heading(source: Source) -> Headed:
    """The rows that say something, in English, with the heading that a call tells. Raises as ``headed``."""
    return headed(source, in_english(said_rows(source)), _unknown, _own, KNOWN)


def _unknown(head: Row) -> list[bool]:
    found = zip(columns(head), head, strict=True)
    return [bool(set(column.roles) & {"?", ""}) and not is_side(cell.text.text) for column, cell in found]


def _own(rows: Sequence[Row], head: Row) -> int | None:
    """Which row is the table's own heading: one of several cells without a number, of which none says a layer where
    the columns that are told do."""
    saying = {at for at, column in enumerate(columns(head)) if set(column.roles) & set(SAYING)}
    for at, row in enumerate(rows[:_HEADS]):
        if sum(bool(cell.text) for cell in row) > 1:
            says = any(says_kind(cell.text) for cell in row if cell.columns.start in saying)
            return None if says or re.search(r"\d", "".join(cell.text.text for cell in row)) else at
    return None
