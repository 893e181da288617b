"""Columns that a call names, where the heading of a table doesn't tell what they are."""

import re
from collections.abc import Sequence

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt, joined
from vggdsl.language.notations.grid import Cell, Row, rows_of, width
from vggdsl.language.notations.layer_table.columns import KNOWN, columns
from vggdsl.language.notations.meanings import InWords, columns_told
from vggdsl.text.errors import Diagnostic, InputError, Label
from vggdsl.text.source import Source
from vggdsl.text.units import plural

_HEADS = 4
"""In so many rows the heading of a table is looked for."""


def with_heading(source: Source, rows: Sequence[Row]) -> list[Row]:
    """The rows with the heading that a call tells, in place of the table's, or on top of a table without one.

    Raises ``InputError`` V112 where it names a column that isn't known, or more or fewer than there are.
    """
    heading = source.heading if isinstance(source, InWords) else None
    if heading is None or not rows:
        return list(rows)
    names = [heading.part(*span) for span in columns_told(heading)]
    if len(names) != (count := width(source)):
        message = f"the table has {plural(count, 'column')}, and {len(names)} are named"
        help = f"name each, with bars between: {KNOWN}"
        raise InputError(Diagnostic("V112", message, (Label(heading.span, "these"),), help))
    own = _own(rows)
    place = rows[own or 0]
    at = next(cell.text.places[0] for cell in place if cell.text)
    told = [Cell(Excerpt(source, name, [at] * len(name)).strip(), range(i, i + 1)) for i, name in enumerate(names)]
    for name, column in zip(names, columns(told), strict=True):
        if set(column.roles) & {"?", ""}:
            message = f"a column `{name.strip()}` isn't known"
            raise InputError(Diagnostic("V112", message, (Label(name.span, "this column"),), KNOWN))
    return [told, *rows] if own is None else [*rows[:own], told, *rows[own + 1 :]]


def tell(draft: Draft) -> None:
    """Says in a comment what the columns were told to be, and in place of what."""
    heading = draft.source.heading if isinstance(draft.source, InWords) else None
    if heading is not None:
        rows = [row for row in rows_of(draft.source) if any(cell.text for cell in row)]
        own = _own(rows)
        place = "" if own is None else joined([cell.text for cell in rows[own]], " | ", draft.source).text
        draft.comment(f"told: the columns are {heading}" + (f", in place of {place}" if place else ""))
        draft.line()


def _own(rows: Sequence[Row]) -> int | None:
    """Which row is the table's own heading: one of several cells without a number."""
    for at, row in enumerate(rows[:_HEADS]):
        if sum(bool(cell.text) for cell in row) > 1:
            return at if not re.search(r"\d", "".join(cell.text.text for cell in row)) else None
    return None
