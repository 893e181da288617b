"""A table of configurations whose cells stand behind single blanks.

A row of fewer layers than columns is cut as the counts of weight layers need that stand above the columns.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from vggdsl.language.notations.draft import UnreadableError
from vggdsl.language.notations.excerpt import Excerpt, joined
from vggdsl.language.notations.grid import Cell, Row
from vggdsl.language.notations.phrases import heads, phrases
from vggdsl.language.notations.uncut import Cut, cuts, short, shown

_COUNT = re.compile(r"(\d+) (?:weight(?:ed)?|learnable|parameter)(?: layers?)?", re.IGNORECASE)
_NAMES = re.compile(r"[A-Z](?:-\w+)?(?: [A-Z](?:-\w+)?)+")
_NAMED = re.compile(r"(?!layers)[A-Z][\w.-]*(?: [A-Z][\w.-]*)+", re.IGNORECASE)
_CONV = re.compile(r"\bconv\d+(?:x\d+)?-\d+|\b\d+ ?[x×] ?\d+,? conv", re.IGNORECASE)
_LAYERS = re.compile(r"(?:in)?put\b|conv\d|max|\d+ ?x ?\d+", re.IGNORECASE)
_WEIGHTED = ("conv", "FC")
_MOST = 20_000
"""Counts of layers that the columns may have behind a row: of more, none is told from the others."""


@dataclass(frozen=True)
class Torn(Cell):
    """A line of which a column may have a layer, or another: ``why`` says which."""

    why: str


@dataclass(frozen=True)
class Grid:
    """The rows of a text, and what was taken for granted: of which columns, what, where."""

    rows: list[Row]
    assumed: list[tuple[range, str, Excerpt]]


def columns_of(lines: Sequence[Excerpt]) -> int:
    """How many columns stand side by side, by their names and counts; 0 where that can't be told."""
    head, _ = _parted(lines)
    names = [len(line.text.split()) for line in head if _NAMES.fullmatch(line.text)]
    counts = len(_COUNT.findall(" ".join(line.text for line in head)))
    widths = {*names, *([counts] if counts > 1 else [])}
    return widths.pop() if len(widths) == 1 else 0


def is_table(lines: Sequence[Excerpt]) -> bool:
    """Whether names or counts of columns stand above rows of convolutions, with pools between."""
    width = columns_of(lines)
    stacked = [line for line in lines if len(_CONV.findall(line.text)) > 1]
    return width > 1 and len(stacked) > 1 and any(re.search("pool", line.text, re.IGNORECASE) for line in lines)


def _parted(lines: Sequence[Excerpt]) -> tuple[Sequence[Excerpt], Sequence[Excerpt]]:
    """The lines above the layers, and those of layers."""
    first = next((at for at, line in enumerate(lines) if _LAYERS.match(line.text)), len(lines))
    return lines[:first], lines[first:]


def grid(lines: Sequence[Excerpt], width: int) -> Grid:
    """The rows of a table of so many columns."""
    head, body = _parted(lines)
    above, counts, names = _head(head, width)
    rows, ways = dict[int, Row](), dict[int, Sequence[Cut]]()
    for at, line in enumerate(body):
        if (row := _row(line, width)) is not None:
            rows[at] = row
        else:
            ways[at] = cuts(line, [_is_layer] * width)
    printed = [cell for row in rows.values() for cell in row]
    lacks = [
        count - sum(_weights(cell.text) for cell in printed if column in cell.columns)
        for column, count in enumerate(counts)
    ]
    told = _told([[tuple(map(_weights, cut)) for cut in each] for each in ways.values()], lacks)
    result = Grid(above, [])
    for (at, each), fits in zip(ways.items(), told, strict=True):
        rows[at] = _chosen(result, body[at], [cut for cut, fit in zip(each, fits, strict=True) if fit], names)
    result.rows.extend(rows[at] for at in range(len(body)))
    return result


def _head(lines: Sequence[Excerpt], width: int) -> tuple[list[Row], list[int], list[str]]:
    """The rows above the layers, and the counts and names of the columns, as far as they stand there."""
    rows, names = list[Row](), [""] * width
    named = [line for line in lines if _NAMED.fullmatch(line.text) and len(line.text.split()) == width]
    for line in lines:
        if line in named[-1:]:
            words = line.split(" ")
            rows.append(_cells(words))
            names = [word.text for word in words]
        elif not _COUNT.match(line.text) and not re.fullmatch(r"(?:layers? ?)+", line.text, re.IGNORECASE):
            rows.append([Cell(line, range(width))])
    whole = joined(lines, " ", lines[0].source) if lines else None
    found = [(match, whole.part(match)) for match in _COUNT.finditer(whole.text)] if whole is not None else []
    if len(found) not in (0, width):
        why = f"so many counts of weight layers, {len(found)}, stand above {width} columns"
        rows.append([Torn(found[0][1], range(at, at + 1), why) for at in range(width)])
        return rows, [], names
    if found:
        rows.append(_cells([_said(at, f"{match[1]} weight layers") for match, at in found]))
    return rows, [int(match[1]) for match, _ in found], names


def _said(at: Excerpt, text: str) -> Excerpt:
    """A text that stands for what is at a place."""
    return Excerpt(at.source, text, [*[at.places[0]] * (len(text) - 1), at.places[-1]])


def _cells(texts: Sequence[Excerpt]) -> list[Cell]:
    return [Cell(text, range(at, at + 1)) for at, text in enumerate(texts)]


def _row(line: Excerpt, width: int) -> Row | None:
    """The only row that a line may be; None where it has fewer layers than there are columns."""
    try:
        found = phrases(line)
    except UnreadableError:
        found = []  # it is told where the row is read
    if len(found) < 2 and (not found or heads(found)):
        return [Cell(line, range(width))]
    ways = cuts(line, [_is_layer] * width)
    if not ways or (heads(found) and len({phrase.text for phrase in found}) > 1):
        why = f"`{short(line)}` has {len(found)} layers for {width} columns: which are of which can't be told"
        return [Torn(line, range(at, at + 1), why) for at in range(width)]
    return _cells(ways[0]) if len(ways) == 1 else None


@lru_cache(maxsize=4096)
def _is_layer(text: Excerpt) -> bool:
    """Of each text once, though each column asks of it."""
    try:
        return len(phrases(text)) == 1
    except UnreadableError:
        return False


@lru_cache(maxsize=4096)
def _weights(text: Excerpt) -> int:
    """How many layers of weights a cell has."""
    try:
        return sum(phrase.kind in _WEIGHTED for phrase in phrases(text)) if text else 0
    except UnreadableError:
        return 0


def _told(rows: Sequence[Sequence[tuple[int, ...]]], lacks: Sequence[int]) -> list[list[bool]]:
    """For each way to cut each row whether, with some ways to cut the others, each column gets what it lacks.

    >>> _told([[(1, 0), (0, 1)], [(1, 1)]], [2, 1])
    [[True, False], [True]]

    All, where nothing says what a column lacks.
    """
    if not lacks:
        return [[True] * len(ways) for ways in rows]
    before = [{tuple(lacks)}]  # what columns may lack above each row
    for ways in rows:
        behind = {_less(state, way) for state in before[-1] for way in ways}
        before.append({state for state in behind if min(state) >= 0})
        if len(before[-1]) > _MOST:
            return [[True] * len(ways) for ways in rows]
    good = {state for state in before[-1] if not any(state)}
    told = list[list[bool]]()
    for ways, states in zip(reversed(rows), reversed(before[:-1]), strict=True):
        told.append([any(_less(state, way) in good for state in states) for way in ways])
        good = {state for state in states if any(_less(state, way) in good for way in ways)}
    return told[::-1]


def _less(state: tuple[int, ...], way: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(lack - weights for lack, weights in zip(state, way, strict=True))


def _chosen(grid: Grid, line: Excerpt, fitting: Sequence[Cut], names: Sequence[str]) -> Row:
    """A row as its only fitting cut says; columns of which several say different things are torn."""
    width = len(names)
    if not fitting:
        why = f"no way to cut `{short(line)}` gives the columns as many weight layers as are printed"
        return [Torn(line, range(at, at + 1), why) for at in range(width)]
    named = [cut for cut in fitting if all(_is_named(cell, name) for cell, name in zip(cut, names, strict=True))]
    if len(named) == 1 and len(fitting) > 1:
        for at, cell in enumerate(named[0]):
            if cell and not _weights(cell):
                others = [range(place, place + 1) for cut in fitting for place, text in enumerate(cut) if text == cell]
                said = f"{cell.text} is of {names[at]}, which is named after it"
                grid.assumed.extend((column, said, cell) for column in dict.fromkeys(others))
        fitting = named
    row = list[Cell]()
    for at, cells in enumerate(zip(*fitting, strict=True)):
        why = f"this line could be {' or '.join(map(shown, fitting[:2]))}: nothing printed tells one from the other"
        is_told = len(set(cells)) == 1
        row.append(Cell(cells[0], range(at, at + 1)) if is_told else Torn(line, range(at, at + 1), why))
    return row


def _is_named(cell: Excerpt, name: str) -> bool:
    """Whether the column of a layer without weights is named after it, as `A-LRN` is."""
    return not cell or bool(_weights(cell)) or cell.text.upper() in name.upper().split("-")
