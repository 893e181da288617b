"""Tables with a row a network, one cell of which holds all of it: `CNN-A | Conv(3, 16, 4, 2, 1) - Linear(4096, 10)`.

They are turned upright, each layer in its place; the other columns are figures of the networks.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vggdsl.language.notations import vgg_params
from vggdsl.language.notations.column_table import figures
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.grid import Cell, Row
from vggdsl.language.notations.layer_table.columns import columns
from vggdsl.language.notations.layer_table.whole import networks_in
from vggdsl.text.source import Source

_MARKED_UP = re.compile(r"<table\b.*?</table>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Whole:
    """``layers`` are those of each network, ``strange`` the headings of columns that aren't known."""

    names: list[Excerpt]
    layers: list[list[Excerpt]]
    counts: Sequence[Row]
    """Rows of figures, as below a table of networks in columns."""
    params: Sequence[vgg_params.Counts]
    strange: Sequence[Excerpt]


def whole(rows: Sequence[Row]) -> Whole | None:
    """The networks of a table; None of what is none."""
    held = networks_in(rows)
    if held is None:
        return None
    (at, layers), (head, *body) = held, rows
    below = [_below(rows, other) for other in range(1, len(head)) if other != at and not _is_prose(head[other])]
    _, params = vgg_params.parted([[*head], *below])
    counts = [row for row in below if figures.is_figures(row)]
    counted = {figure.span() for each in params for figure in each.figures}
    known = [row for row in below if any(row is each for each in counts) or row[-1].text.span() in counted]
    strange = [row[0].text for row in below if not any(row is each for each in known)]
    return Whole([row[0].text for row in body], layers, counts, params, strange)


def _is_prose(heading: Cell) -> bool:
    return columns([heading])[0].role == "prose"


def _below(rows: Sequence[Row], column: int) -> Row:
    """A column as a row, its heading as the label."""
    return [Cell(row[column].text, range(at, at + 1)) for at, row in enumerate(rows)]


def around(source: Source) -> list[Excerpt]:
    """The lines around a table of HTML's, which aren't read."""
    text = Excerpt.of(source)
    if not _MARKED_UP.search(text.text):
        return []
    lines = [line for part in text.split(_MARKED_UP.pattern) for line in part.split(r"\n+")]
    return [line.strip() for line in lines if line.text.strip()]
