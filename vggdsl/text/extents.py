"""Cells of a text without tabs or rules, by where they stand: in letters of a line, or in points of a page."""

from collections.abc import Sequence
from itertools import pairwise

Extent = tuple[float, float]
"""From where to where something stands."""


def columns_of(lines: Sequence[Sequence[Extent]]) -> list[Extent]:
    """From where to where columns go: those of the lines with the most cells, and of other lines' cells those that
    overlap one alone.

    >>> columns_of([[(0, 8), (12, 20)], [(4, 6), (13, 22)], [(8, 14)]])
    [(0, 8), (12, 22)]
    """
    most = max((len(line) for line in lines), default=0)
    full = [line for line in lines if len(line) == most]
    columns = [(min(line[i][0] for line in full), max(line[i][1] for line in full)) for i in range(most)]
    if any(left[1] > right[0] for left, right in pairwise(columns)):
        columns = list(full[0])
    for line in lines:
        for cell in line:
            over = overlapped(cell, columns)
            if len(line) > 1 and len(over) == 1:
                begin, end = columns[over[0]]
                columns[over[0]] = min(begin, cell[0]), max(end, cell[1])
    return columns


def overlapped(cell: Extent, columns: Sequence[Extent]) -> list[int]:
    """The columns that a cell stands over in part."""
    return [i for i, (begin, end) in enumerate(columns) if min(end, cell[1]) - max(begin, cell[0]) > 0]


def column_of(cell: Extent, columns: Sequence[Extent]) -> int:
    """The column that a cell stands over, or the nearest where it is none or several."""
    over = overlapped(cell, columns)
    return (
        over[0] if len(over) == 1 else min(range(len(columns)), key=lambda i: abs(_middle(columns[i]) - _middle(cell)))
    )


def is_whole(line: Sequence[Extent], columns: Sequence[Extent], exact: float, middle: float | None = None) -> bool:
    """Whether a line is one cell of all columns: over several or none, or in the middle of the table, to ``exact``,
    rather than in that of a column. The table's ``middle`` is that of its columns where no rules tell it."""
    if len(line) != 1 or len(columns) < 2:
        return False
    over = overlapped(line[0], columns)
    if len(over) != 1:
        return True
    middle = (columns[0][0] + columns[-1][1]) / 2 if middle is None else middle
    of_table = abs(_middle(line[0]) - middle)
    return of_table < exact < abs(_middle(line[0]) - _middle(columns[over[0]]))


def _middle(extent: Extent) -> float:
    return (extent[0] + extent[1]) / 2
