"""Tables with a column a network, whose layers stand in words of their own, as the appendices of papers have them.

The first column may say what the layers of its row are, `Convolution + ReLU | 3x3x32 | 3x3x64`, and a row what images
each network takes, `28x28 gray image | 32x32 RGB image`. Rows may be networks and columns layers, too. ``table`` finds
the networks, ``cells`` reads what their cells say; what layers are is written by ``layer_table``.
"""

import re
from collections.abc import Sequence

from vggdsl.language.notations import registry
from vggdsl.language.notations.column_table.cells import KNOWN
from vggdsl.language.notations.column_table.network import readings
from vggdsl.language.notations.column_table.table import table_of
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.registry import Notation, Reading, register
from vggdsl.text.errors import Diagnostic, Label, ParseError
from vggdsl.text.source import Source

TITLE = "a table of networks, a column each"
_LAYER = re.compile(r"conv|pool|\d ?[x×] ?\d|fc\b|dense|fully|linear", re.IGNORECASE)
_GRID = re.compile(r"[|\t&]|<t[dhr]\b| {2,}\S", re.IGNORECASE)
_NAME = "column-table"


def recognises(source: Source) -> bool:
    """By a heading that names networks, and cells below it almost all of which say layers, in no other notation."""
    text = re.sub(r"\$?\\times\$?", "x", source.text)
    if len(_LAYER.findall(text)) < 4 or not _GRID.search(text):
        return False
    table = table_of(source)
    if table is None or not table.says_layers:
        return False
    return registry.elsewhere(source, but=_NAME) is None


def read(source: Source) -> Sequence[Reading]:
    """A spec a network."""
    table = table_of(source)
    if table is None:
        label = Label(Excerpt.of(source).strip().span(), "this")
        help = "head its columns by the names of the networks: `Layer | A | B`"
        raise ParseError(Diagnostic("V115", "there is no table of networks", (label,), help))
    seen = dict[str, Excerpt]()
    for name in table.names:
        if (first := seen.setdefault(name.text, name)) is not name:
            labels = Label(first.span(), "the first"), Label(name.span(), "the second")
            help = "give each network a name of its own"
            raise ParseError(Diagnostic("V115", f"two networks are named {name.text}", labels, help))
    return readings(table)


def _stranger(source: Source) -> Diagnostic | None:
    """The first cell that says no layer, of a table where others do."""
    table = table_of(source) if len(_LAYER.findall(source.text)) > 3 and _GRID.search(source.text) else None
    if table is not None and table.strange_columns:
        names = " and ".join(f"`{each.text}`" for each in table.strange_columns)
        labels = tuple(Label(each.span(), "this column") for each in table.strange_columns)
        help = "leave it out of the table, or head it Comments, which aren't read"
        return Diagnostic("V112", f"a column {names} isn't known of networks, a row each", labels, help)
    if table is None or table.says_layers or not table.nearly_says_layers:
        return None
    cell = table.strange[0].cell
    label = Label(cell.span(), "this cell")
    return Diagnostic("V112", f"`{cell.text}` says no layer that is known", (label,), KNOWN)


register(Notation(_NAME, recognises, read, title=TITLE, stranger=_stranger))
