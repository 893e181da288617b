"""Filters of four numbers, of which two are the window: `5x5x16x32`, or as PyTorch shapes weights, `32x16x5x5`."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.grid import Cell, Row

_FOUR = re.compile(r"\d{1,5}(?: ?[x×] ?\d{1,5}){3}")
_TAKING = re.compile(r"^(max(?:imum)?|av(?:era)?ge?|mean)\.?(?=[ ,:]+\(?\d{1,2} ?[x×] ?\d)", re.IGNORECASE)
"""What a pool takes, before its window."""


@dataclass(frozen=True)
class _Filter:
    """``comes`` and ``given`` are the numbers of the sizes that its row prints, None where it prints none."""

    numbers: tuple[int, ...]
    comes: Sequence[int] | None
    given: Sequence[int] | None

    def channels(self, is_first: bool) -> tuple[int, int]:
        """What comes and what it gives, where these are the first two numbers or the last."""
        return (self.numbers[1], self.numbers[0]) if is_first else (self.numbers[2], self.numbers[3])

    def held(self, is_first: bool) -> int:
        """How many of the sizes of its row have these."""
        sizes = zip(self.channels(is_first), (self.comes, self.given), strict=True)
        return sum(size is not None and number in size for number, size in sizes)


def in_order(draft: Draft, rows: Sequence[Row], roles: Sequence[str]) -> list[Row]:
    """With the window first in all filters, `5x5x16x32` for `32x16x5x5`, where what rows print needs it: more of it
    holds then. What doesn't is told where the row is held."""
    found = list(_filters(rows, roles))
    held = [
        sum(each.held(is_first) for each in found)
        + sum(a.channels(is_first)[1] == b.channels(is_first)[0] for a, b in pairwise(found))
        for is_first in (False, True)
    ]
    if held[1] <= held[0]:
        return list(rows)
    at = next(cell.text for row in rows for cell in row if _is_filter(cell, roles))
    draft.assumed("filters are what is given x what comes x height x width, as the rows need", at)
    draft.line()
    return [
        [replace(cell, text=_turned(cell.text)) if _is_filter(cell, roles) else cell for cell in row] for row in rows
    ]


def _filters(rows: Sequence[Row], roles: Sequence[str]) -> Iterator[_Filter]:
    above: Sequence[int] | None = None
    for row in rows:
        sizes = {roles[cell.columns.start]: _numbers(cell.text) for cell in row if cell.columns.start < len(roles)}
        comes, given = sizes.get("input") or above, sizes.get("output") or sizes.get("width")
        for cell in row:
            if _is_filter(cell, roles):
                yield _Filter(_numbers(cell.text), comes, given)
        above = sizes.get("output") or None


def _is_filter(cell: Cell, roles: Sequence[str]) -> bool:
    return cell.under(roles) == "filter" and _FOUR.fullmatch(cell.text.text) is not None


def _numbers(text: Excerpt) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d+", text.text))


def _turned(text: Excerpt) -> Excerpt:
    given, comes, height, width = _numbers(text)
    return text.sub(r"(?s).+", f"{height}x{width}x{comes}x{given}")


def with_pool(cell: Excerpt) -> Excerpt:
    """`average pool, 2x2` for a filter's `average, 2x2`."""
    return cell.sub(_TAKING, lambda match: f"{match[1]} pool")
