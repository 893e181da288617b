"""Columns that a call names, where the heading of a table doesn't tell what they are."""

import re
from collections.abc import Sequence

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt, joined
from vggdsl.language.notations.grid import Cell, Row, rows_of, width
from vggdsl.language.notations.layer_table.abroad import in_english
from vggdsl.language.notations.layer_table.columns import KNOWN, SAYING, Column, columns, says_kind
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
        message = (
            f"the table has {plural(count, 'column')}, and {len(names)} {'is' if len(names) == 1 else 'are'} named"
        )
        help = f"name each, with bars between: {KNOWN}"
        if count == 1:
            help = "between its cells stand no tabs, pipes or two blanks: put them in, or read the PDF itself"
        raise InputError(Diagnostic("V112", message, (Label(heading.span, "these"),), help))
    own = _own(rows, told := columns(_cells(source, names, rows[0])))
    for name, column in zip(names, told, strict=True):
        if set(column.roles) & {"?", ""}:
            message = f"a column `{name.strip()}` isn't known"
            raise InputError(Diagnostic("V112", message, (Label(name.span, "this column"),), KNOWN))
    head = _cells(source, names, rows[own or 0])
    return [head, *rows] if own is None else [*rows[:own], head, *rows[own + 1 :]]


def _cells(source: Source, names: Sequence[str], place: Row) -> Row:
    """The names of columns as a row, each of which stands where the cell of its column does in another."""
    found, at = list[Cell](), next(cell.text.places[0] for cell in place if cell.text)
    for i, name in enumerate(names):
        own = next((cell.text for cell in place if i in cell.columns and cell.text), None)
        places = [at] * len(name) if own is None else [own.places[0]] * (len(name) - 1) + [own.places[-1]]
        found.append(Cell(Excerpt(source, name, places[-len(name) :] if name else []).strip(), range(i, i + 1)))
    return found


def tell(draft: Draft) -> None:
    """Says in a comment what the columns were told to be, and in place of what."""
    heading = draft.source.heading if isinstance(draft.source, InWords) else None
    if heading is not None:
        rows = [row for row in rows_of(draft.source) if any(cell.text for cell in row)]
        names = [heading.part(*span) for span in columns_told(heading)]
        own = _own(in_english(rows), columns(_cells(draft.source, names, rows[0])))
        place = "" if own is None else joined([cell.text for cell in rows[own]], " | ", draft.source).text
        draft.comment(f"told: the columns are {heading}" + (f", in place of {place}" if place else ""))
        draft.line()


def _own(rows: Sequence[Row], told: Sequence[Column]) -> int | None:
    """Which row is the table's own heading: one of several cells without a number, of which none says a layer where
    the columns that are told do."""
    saying = {at for at, column in enumerate(told) if set(column.roles) & set(SAYING)}
    for at, row in enumerate(rows[:_HEADS]):
        if sum(bool(cell.text) for cell in row) > 1:
            says = any(says_kind(cell.text) for cell in row if cell.columns.start in saying)
            return None if says or re.search(r"\d", "".join(cell.text.text for cell in row)) else at
    return None
