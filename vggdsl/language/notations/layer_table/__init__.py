"""Tables with a row a layer: what it is, its window, what it gives.

As MiniVGG's `CONV | 32x32x32 | 3x3, K = 32`, Darknet-19's `Convolutional | 32 | 3x3 | 224x224` and MobileNet's
`Conv dw / s1 | 3x3x32 dw | 112x112x32`: the words of the heading tell which column is which.
"""

import re
from collections.abc import Sequence

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt, joined
from vggdsl.language.notations.grid import Row, rows_of
from vggdsl.language.notations.layer_table import uncut
from vggdsl.language.notations.layer_table.cells import layer_of
from vggdsl.language.notations.layer_table.columns import columns, heading, strange
from vggdsl.language.notations.layer_table.rows import Table
from vggdsl.language.notations.layer_table.written import TITLE, write
from vggdsl.language.notations.registry import Notation, Reading, register
from vggdsl.language.notations.uncut import SAID, is_uncut
from vggdsl.text.errors import Diagnostic, Label, ParseError
from vggdsl.text.source import Source


def recognises(source: Source) -> bool:
    """By a heading of columns that are known, one of them of types and one of windows or sizes."""
    if re.search(r"\bLayer \(type|#\d|\bdepth\b", source.text, re.IGNORECASE) or not _any_kind(source.text):
        return False
    rows = rows_of(source)
    return heading(rows) is not None or (is_uncut(rows) and uncut.is_heading([row[0].text for row in rows]))


def _any_kind(text: str) -> bool:
    """Cheap: whether two words of the heading and a layer are there at all."""
    words = (
        r"\b(layers?|type|operation)\b",
        r"\b(filter|kernel|size|output|patch|description|neurons)",
        r"\b(conv|pool|fc|dense|fully)",
    )
    return all(re.search(word, text, re.IGNORECASE) for word in words)


def read(source: Source) -> Sequence[Reading]:
    """The one network of a table."""
    rows = [row for row in rows_of(source) if any(cell.text for cell in row)]
    at = heading(rows)
    if at is None and is_uncut(rows):
        found = uncut.read([row[0].text for row in rows], lambda rows: _reading(source, rows, is_uncut=True))
        if found is not None:
            return [found]
    if at is None:
        cell = strange(rows)
        at_all = Label((cell if cell is not None else Excerpt.of(source).strip()).span(), "this")
        message = "there is no heading of columns that are known" if cell is None else "a column that isn't known"
        help = "a heading is `Layer Type | Output Size | Filter Size / Stride`"
        raise ParseError(Diagnostic("V115", message, (at_all,), help))
    for row in rows[:at]:
        if sum(bool(cell.text) for cell in row) > 1:
            text = joined([cell.text for cell in row], " ", source)
            label = Label(text.span(), "this row")
            message = "a row above the heading that says nothing known"
            raise ParseError(Diagnostic("V115", message, (label,), "leave it out"))
    return [_reading(source, rows[at:])]


def _reading(source: Source, rows: Sequence[Row], *, is_uncut: bool = False) -> Reading:
    """The network of a heading and the rows below it."""
    draft = Draft(source)
    head, *below = rows
    if is_uncut:
        whole = joined([cell.text for cell in head], " | ", source)
        draft.repaired(f"{SAID}: `{whole.text}`", whole)
        draft.line()
    names = columns(head)
    Table(draft, [layer_of(draft, row, names) for row in below]).tell()
    return draft.reading()


register(Notation("layer-table", recognises, read, write, title=TITLE))
