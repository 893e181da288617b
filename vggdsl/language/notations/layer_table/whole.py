"""Tables that are none of layers: each row is a network, one cell of which says all of its layers."""

import re
from collections.abc import Sequence

from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.grid import Row
from vggdsl.language.notations.layer_table.facts import kinds_in

_NAMES = re.compile(
    r"(?:arch(?:itecture)?s?\.?|models?|net(?:work)?s?|config(?:uration)?s?\.?)?(?: ?names?)?", re.IGNORECASE
)
_BETWEEN = (r"\s*(?:->|=>|→|⇒)\s*", r"\s+[-–—]+\s+", r"\s*;\s*", r"\s*,\s*")
"""What stands between the layers of a cell, outside of brackets; that which is first is tried first."""
_PARTS = 100
"""Layers of a cell at most."""
_ENDS = {"FC", "softmax", "global-avgpool", "global-maxpool"}


def networks_in(rows: Sequence[Row]) -> tuple[int, list[list[Excerpt]]] | None:
    """Which column of a table holds networks, and the layers of each; None of what is no such table."""
    head, *body = rows or [[]]
    full = all(len(row) == len(head) and all(len(cell.columns) == 1 for cell in row) for row in rows)
    if len(body) < 2 or len(head) < 2 or not full or not _NAMES.fullmatch(head[0].text.text):
        return None
    if any(not row[0].text or kinds_in(row[0].text) for row in body):
        return None
    found = ((at, _layers([row[at].text for row in body])) for at in range(1, len(head)))
    return next(((at, layers) for at, layers in found if layers is not None), None)


def _layers(cells: Sequence[Excerpt]) -> list[list[Excerpt]] | None:
    """The layers of each cell, if almost all of its parts name one, several in most cells, and the last ends a network:
    other cells are of the blocks of one."""
    for sign in _BETWEEN:
        parts = [_parts(cell, sign) for cell in cells]
        if not all(parts) or any(len(each) > _PARTS for each in parts):
            continue
        all_parts = [part for each in parts for part in each]
        naming = sum(bool(kinds_in(part)) for part in all_parts)
        are_whole = all(_ENDS & {*kinds_in(each[-1])} for each in parts)
        if are_whole and 2 * sum(len(each) > 1 for each in parts) > len(parts) and naming * 4 >= len(all_parts) * 3:
            return parts
    return None


def _parts(cell: Excerpt, sign: str) -> list[Excerpt]:
    """What stands between signs that aren't in brackets."""
    found, at, depth = list[Excerpt](), 0, 0
    for match in re.finditer(rf"[\[({{]|[\])}}]|(?P<sign>{sign})", cell.text):
        if match["sign"] is None:
            depth += 1 if match[0] in "[({" else -1
        elif depth == 0:
            found.append(cell[at : match.start()].strip())
            at = match.end()
    return [*found, cell[at:].strip()] if cell else []
