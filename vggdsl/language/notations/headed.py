"""The heading that a call tells for a table: in place of the table's own, or on top of one that has none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt, joined
from vggdsl.language.notations.grid import Cell, Row, rows_of, width
from vggdsl.language.notations.meanings import InWords, columns_told
from vggdsl.text.errors import Diagnostic, InputError, Label
from vggdsl.text.source import Placed, Source
from vggdsl.text.units import plural


@dataclass(frozen=True)
class Headed:
    """The rows of a table, with the heading that a call tells."""

    rows: Sequence[Row]
    heading: Placed | None = None
    at: int = 0
    """In which row that stands."""
    replaced: str = ""
    """The table's own, in whose place it does."""

    def tell(self, draft: Draft) -> None:
        """Says in a comment what the columns were told to be, and in place of what."""
        if self.heading is not None:
            in_place = f", in place of {self.replaced}" if self.replaced else ""
            draft.comment(f"told: the columns are {self.heading}{in_place}")
            draft.line()


def said_rows(source: Source) -> list[Row]:
    """The rows of a text that say something."""
    return [row for row in rows_of(source) if any(cell.text for cell in row)]


def headed(
    source: Source,
    rows: Sequence[Row],
    unknown: Callable[[Row], Sequence[bool]],
    own: Callable[[Sequence[Row], Row], int | None],
    known: str,
) -> Headed:
    """``rows`` are those of ``said_rows``, perhaps in other words; ``unknown`` says of a heading which of its columns
    aren't known, ``own`` which row is the table's own in whose place another one stands.

    Raises ``InputError`` V112 with ``known`` where a column isn't, and where more or fewer are named than there are.
    """
    heading = source.heading if isinstance(source, InWords) else None
    if heading is None or not rows:
        return Headed(rows)
    names = [heading.part(*span) for span in columns_told(heading)]
    if len(names) != (count := width(source)):
        message = (
            f"the table has {plural(count, 'column')}, and {len(names)} {'is' if len(names) == 1 else 'are'} named"
        )
        help = f"name each, with bars between: {known}"
        if count == 1:
            help = "between its cells stand no tabs, pipes or two blanks: put them in, or read the PDF itself"
        raise InputError(Diagnostic("V112", message, (Label(heading.span, "these"),), help))
    head = _cells(source, names, rows[0])
    for name, is_strange in zip(names, unknown(head), strict=True):
        if is_strange:
            message = f"a column `{name.strip()}` isn't known"
            raise InputError(Diagnostic("V112", message, (Label(name.span, "this column"),), known))
    at = own(rows, head)
    if at is None:
        return Headed([head, *rows], heading)
    replaced = joined([cell.text for cell in said_rows(source)[at]], " | ", source).text
    return Headed([*rows[:at], _cells(source, names, rows[at]), *rows[at + 1 :]], heading, at, replaced)


def _cells(source: Source, names: Sequence[str], place: Row) -> Row:
    """The names of columns as a row, each of which stands where the cell of its column does in another."""
    found, at = list[Cell](), next(cell.text.places[0] for cell in place if cell.text)
    for i, name in enumerate(names):
        own = next((cell.text for cell in place if i in cell.columns and cell.text), None)
        places = [at] * len(name) if own is None else [own.places[0]] * (len(name) - 1) + [own.places[-1]]
        found.append(Cell(Excerpt(source, name, places[-len(name) :] if name else []).strip(), range(i, i + 1)))
    return found
