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
from vggdsl.language.notations.block_table.rows import table_of
from vggdsl.language.notations.block_table.written import TITLE, write
from vggdsl.language.notations.grid import rows_of
from vggdsl.language.notations.registry import Notation, Reading, register
from vggdsl.text.errors import Diagnostic, Label
from vggdsl.text.source import Source

_HEADS = 4
"""In so many rows a heading is looked for."""
_BLOCK = re.compile(r"\bfire ?\d|bottleneck|\bbneck|mbconv|inverted residual", re.IGNORECASE)


def recognises(source: Source) -> bool:
    """By a block that is named, and a heading of the columns that its numbers stand in."""
    return _BLOCK.search(source.text) is not None and heading(rows_of(source)) is not None


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


register(Notation("block-table", recognises, read, write, title=TITLE, stranger=_stranger))
