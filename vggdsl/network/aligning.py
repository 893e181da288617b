"""Two rows side by side: by the least edits that make one the other."""

from collections.abc import Callable
from typing import TypeAlias

ALONE = 100
"""What it costs to leave one out, or to put one in. A pair that costs twice as much is none."""
_CELLS = 1_000_000
"""Pairs that are looked at before the least edits of a part of them are taken: a few seconds' work."""

_FAR = 10**12

Cost: TypeAlias = Callable[[int, int], int]
Pairs: TypeAlias = list[tuple[int | None, int | None]]


def align(rows: int, columns: int, cost: Cost) -> Pairs:
    """The places of two rows in their order, each with that of the other row, or with None where it is left out or new.

    ``cost`` says how far the i-th of one is from the j-th of the other, 0 for the same. Where several ways cost as
    little, the first that can go together do, so that what is new comes behind what it is like.

    >>> one, other = "abd", "abbcd"
    >>> align(3, 5, lambda i, j: 0 if one[i] == other[j] else 2 * ALONE)
    [(0, 0), (1, 1), (None, 2), (None, 3), (2, 4)]
    """
    first = 0
    while first < min(rows, columns) and cost(first, first) == 0:
        first += 1
    last = 0
    while last < min(rows, columns) - first and cost(rows - 1 - last, columns - 1 - last) == 0:
        last += 1
    n, m = rows - first - last, columns - first - last
    pairs: Pairs = [(i, i) for i in range(first)]
    pairs += _aligned(n, m, lambda i, j: cost(first + i, first + j), first)
    pairs += [(rows - i, columns - i) for i in range(last, 0, -1)]
    _slide(pairs, cost)
    return pairs


def _slide(pairs: Pairs, cost: Cost) -> None:
    """Moves what is left out or new behind what it is the same as."""
    start = 0  # of a run of places that only one side has
    for end in range(1, len(pairs)):
        if (pairs[start][0] is None, pairs[start][1] is None) == (pairs[end][0] is None, pairs[end][1] is None):
            continue
        (i, j), (k, m) = pairs[start], pairs[end]
        if k is not None and m is not None and (i is None or j is None):
            first = (k, j) if j is not None else (i, m)
            if cost(k, m) == 0 and first[0] is not None and first[1] is not None and cost(first[0], first[1]) == 0:
                pairs[start], pairs[end] = first, (None, m) if i is None else (k, None)
                start += 1
                continue
        start = end


def _aligned(n: int, m: int, cost: Cost, offset: int) -> Pairs:
    band = abs(n - m) + 8
    while True:
        table = _Table(n, m, cost, band)
        # A way that leaves the band leaves out more than that many.
        if table.at(0, 0) <= band * ALONE or band >= max(n, m) or 4 * band * n > _CELLS:
            break
        band *= 2
    return [(None if i is None else i + offset, None if j is None else j + offset) for i, j in table.pairs()]


class _Table:
    """What it costs to make the rest of one row the rest of the other, from any two places near the diagonal."""

    def __init__(self, n: int, m: int, cost: Cost, band: int) -> None:
        self.n, self.m, self.cost, self.band = n, m, cost, band
        self.rows: list[list[int]] = [[] for _ in range(n + 1)]
        for i in range(n, -1, -1):
            self.rows[i] = self._row(i)

    def _row(self, i: int) -> list[int]:
        """From the i-th place of one row and each of the other's near it, from the back."""
        n, m, cost, found, new = self.n, self.m, self.cost, list[int](), _FAR
        lowest, highest = max(0, i - self.band), min(m, i + self.band)
        below, start = ([], 0) if i == n else (self.rows[i + 1], max(0, i + 1 - self.band))
        count = len(below)
        for j in range(highest, lowest - 1, -1):
            if i == n or j == m:
                new = ALONE * (n - i + m - j)
            else:
                place = j - start
                new = min(new, below[place] if 0 <= place < count else _FAR) + ALONE
                far = cost(i, j)
                if far < 2 * ALONE and place + 1 < count and below[place + 1] + far < new:
                    new = below[place + 1] + far
            found.append(new)
        return found[::-1]

    def at(self, i: int, j: int) -> int:
        place = j - max(0, i - self.band)
        row = self.rows[i]
        return row[place] if 0 <= place < len(row) else _FAR

    def _pair(self, i: int, j: int) -> int:
        cost = self.cost(i, j)
        return _FAR if cost >= 2 * ALONE else self.at(i + 1, j + 1) + cost

    def pairs(self) -> Pairs:
        found: Pairs = []
        i = j = 0
        while i < self.n or j < self.m:
            left = self.at(i, j)
            if i < self.n and j < self.m and self._pair(i, j) == left:
                found.append((i, j))
                i, j = i + 1, j + 1
            elif i < self.n and (j == self.m or self.at(i + 1, j) + ALONE == left):
                found.append((i, None))
                i += 1
            else:
                found.append((None, j))
                j += 1
        return found
