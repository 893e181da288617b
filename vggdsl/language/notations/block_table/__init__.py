"""Tables with a row a block, and its numbers in columns: SqueezeNet's, MobileNetV2's and V3's, EfficientNet's.

As `fire2 | 55x55x128 | | 2 | 16 | 64 | 64`, `112x112x16 | bottleneck | 6 | 24 | 2 | 2` and
`MBConv6, k5x5 | 56x56 | 40 | 2`:
``rows`` reads the cells, ``network`` says what they mean, ``blocks`` writes the blocks of the spec language,
``written`` a network as such a table.
"""

import re
from collections.abc import Sequence

from vggdsl.language.notations.block_table.columns import KNOWN, columns, heading
from vggdsl.language.notations.block_table.network import reading
from vggdsl.language.notations.block_table.rows import table_of, with_heading
from vggdsl.language.notations.block_table.written import TITLE, write
from vggdsl.language.notations.grid import rows_of
from vggdsl.language.notations.meanings import InWords
from vggdsl.language.notations.registry import Notation, Reading, elsewhere, register
from vggdsl.text.errors import Diagnostic, InputError, Label
from vggdsl.text.source import Source

_HEADS = 4
"""In so many rows a heading is looked for."""
_BLOCK = re.compile(r"\bfire ?\d|bottleneck|\bbneck|mbconv|inverted residual", re.IGNORECASE)


def recognises(source: Source) -> bool:
    """By a block that is named, and a heading of the columns that its numbers stand in: the table's own, or one that a
    call tells of blocks that stand below it."""
    if _BLOCK.search(source.text) is None:
        return False
    if not isinstance(source, InWords) or source.heading is None:
        return heading(rows_of(source)) is not None
    try:
        told = with_heading(source)
    except InputError:
        return False
    names = columns(told.rows[told.at])
    kinds = [cell.text.text for row in told.rows for cell in row if names[cell.columns.start] == "kind"]
    return any(map(_BLOCK.search, kinds))


def read(source: Source) -> Sequence[Reading]:
    """The one network of a table."""
    return [reading(table_of(source))]


def _stranger(source: Source) -> Diagnostic | None:
    """The heading that isn't known of a table of blocks that has others that are."""
    if _BLOCK.search(source.text) is None:
        return None
    for row in rows_of(source)[:_HEADS]:
        found = columns(row)
        known = set(found) - {"", "?"}
        if len(known) > 2 and "kind" in known and "?" in found:
            heading = row[found.index("?")].text
            message = f"a column `{heading.text}` isn't known"
            return Diagnostic("V112", message, (Label(heading.span(), "this column"),), KNOWN)
    return None


def _has_blocks(source: Source) -> bool:
    """Whether blocks stand below a heading that isn't known, in no other notation."""
    return _BLOCK.search(source.text) is not None and elsewhere(source) is None


def _heading(source: Source) -> list[str]:
    """The columns of a table by its heading; those that aren't known as such that aren't read."""
    told = with_heading(source)
    at = told.at if told.heading is not None else heading(told.rows)
    row = told.rows[at] if at is not None else ()
    return [
        "comments" if name == "?" else cell.text.text
        for name, cell in zip(columns(row), row, strict=True)
        for _ in cell.columns
    ]


register(
    Notation(
        "block-table",
        recognises,
        read,
        write,
        title=TITLE,
        has_layers=_has_blocks,
        heading=_heading,
        stranger=_stranger,
    )
)
