"""Rows and cells of a table on a page, from its words and rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from vggdsl.targets.paper_words import Word, lines_of, spelled
from vggdsl.text.extents import Extent, column_of, columns_of, is_whole, overlapped

_GAP = 0.62
"""Of the size of letters: a wider gap parts two cells, a narrower one two words."""
_EXACT = 2.0
"""Points by which a cell that is centred may be off the middle."""
_CENTRED = 0.8
"""Of the size of letters: lines that are nearer to each other are of cells that are centred beside each other."""

Bar = tuple[float, float, float]
"""A vertical rule: where it stands, and from where to where it goes down."""


class Rule(NamedTuple):
    """A horizontal one: how far down, from where to where, and whether it goes across the table."""

    height: float
    x0: float
    x1: float
    is_across: bool


@dataclass
class Chunk:
    """Words of one cell."""

    x0: float
    x1: float
    words: list[Word]

    @property
    def extent(self) -> Extent:
        return self.x0, self.x1

    @property
    def text(self) -> str:
        return spelled(self.words)


def text_of(
    words: Sequence[Word], rules: Sequence[Rule] = (), bars: Sequence[Bar] = (), middle: float | None = None
) -> str:
    """Lines of cells, if there are rows of two cells at least; ``rules`` are the horizontal ones, ``middle`` is theirs,
    and ``bars`` are the vertical ones."""
    lines = lines_of(words)
    chunks = [chunks_of(line, bars) for line in lines]
    columns = columns_of([[each.extent for each in line] for line in chunks])
    if len(columns) < 2:
        return ""
    lines, chunks, is_part = _raised(lines, chunks, columns, rules)
    rows, band = list[str](), list[int]()
    for i, line in enumerate(lines):
        is_apart = any(band and _height(lines[band[-1]]) < rule.height < _height(line) for rule in rules)
        is_one = not is_part[i] and is_whole([each.extent for each in chunks[i]], columns, _EXACT, middle)
        if is_apart or is_one:
            rows += _band(lines, chunks, columns, band)
            band = []
        if is_one:
            rows.append(chunks[i][0].text)
        else:
            band.append(i)
    return "\n".join(rows + _band(lines, chunks, columns, band))


def _raised(
    lines: list[list[Word]], chunks: list[list[Chunk]], columns: Sequence[Extent], rules: Sequence[Rule]
) -> tuple[list[list[Word]], list[list[Chunk]], list[bool]]:
    """Lines and their cells, and whether shorter rules part them from others. What is one cell of several rows between
    two rules goes to the first of these: what stands alone in the middle of them, what no shorter rule parts, and what
    stands between two rows of which each has more."""
    across = [rule.height for rule in rules if rule.is_across]
    bands: dict[int, list[int]] = {}
    for i, line in enumerate(lines):
        bands.setdefault(sum(height < _height(line) for height in across), []).append(i)
    raised, apart = [list(line) for line in chunks], set[int]()
    for first, *others in bands.values():
        if not others:
            continue
        over = {i: {c for each in chunks[i] for c in _over(each, columns)} for i in (first, *others)}
        top, bottom = _height(lines[first]), _height(lines[others[-1]])
        short = [(rule.x0, rule.x1) for rule in rules if not rule.is_across and top < rule.height < bottom]
        parted = {c for extent in short for c in overlapped(extent, columns)}
        apart.update(over if short else ())
        for i in others:
            is_alone = 0 in over[i] and not any(over[i] & over[j] for j in over if j != i)
            whole = (
                over[first] if over[i] & parted else over[i]
            )  # a heading's name stands beside the names that are parted
            for each in chunks[i]:
                if is_alone or (short and not parted & _over(each, columns) and _over(each, columns) <= whole):
                    raised[i].remove(each)
                    raised[first] = [each, *raised[first]] if is_alone else [*raised[first], each]
            if _is_between(lines, over, i):
                beside = next(each for each in raised[i - 1] if _over(each, columns) & over[i])
                beside.words = sorted([*raised[i][0].words, *beside.words], key=lambda word: float(word["x0"]))
                beside.x0, raised[i] = beside.words[0]["x0"], []
        raised[first].sort(key=lambda each: column_of(each.extent, columns))
    kept = [i for i in range(len(lines)) if raised[i]]
    return [lines[i] for i in kept], [raised[i] for i in kept], [i in apart for i in kept]


def _over(chunk: Chunk, columns: Sequence[Extent]) -> set[int]:
    """The columns that a cell stands over, or the nearest."""
    return set(overlapped(chunk.extent, columns)) or {column_of(chunk.extent, columns)}


def _is_between(lines: Sequence[Sequence[Word]], over: Mapping[int, set[int]], i: int) -> bool:
    """Whether a line is a sign half a line below a row and half a line above another, as MobileNet's `5×`."""
    if i - 1 not in over or i + 1 not in over or len(over[i]) != 1:
        return False
    near = _CENTRED * median(word["size"] for word in lines[i])
    gaps = [_height(lines[b]) - _height(lines[a]) for a, b in ((i - 1, i), (i, i + 1))]
    return max(gaps) < near and all(len(over[j]) > 1 and over[i] <= over[j] for j in (i - 1, i + 1))


def _band(
    lines: Sequence[Sequence[Word]],
    chunks: Sequence[Sequence[Chunk]],
    columns: Sequence[Extent],
    band: Sequence[int],
) -> list[str]:
    """Rows between rules, or between rows that are of all columns: a line each; where cells of several lines are
    centred beside each other, so that lines lie between lines, one row with all of each cell."""
    rows = [_cells(chunks[i], columns) for i in band]
    size = median(word["size"] for i in band for word in lines[i]) if band else 0
    if any(_height(lines[j]) - _height(lines[i]) < _CENTRED * size for i, j in pairwise(band)):
        rows = [[" ".join(filter(None, cells)) for cells in zip(*rows, strict=True)]]
    return ["\t".join(row).rstrip("\t") for row in rows]


def _cells(line: Sequence[Chunk], columns: Sequence[Extent]) -> list[str]:
    """A line's cells, an empty one where it has none."""
    cells: list[list[str]] = [[] for _ in columns]
    for chunk in line:
        cells[column_of(chunk.extent, columns)].append(chunk.text)
    return [" ".join(cell) for cell in cells]


def _height(line: Sequence[Word]) -> float:
    return float(median((word["top"] + word["bottom"]) / 2 for word in line))


def chunks_of(line: Sequence[Word], bars: Sequence[Bar] = ()) -> list[Chunk]:
    chunks: list[Chunk] = []
    for word in line:
        is_near = chunks and word["x0"] - chunks[-1].x1 < _GAP * word["size"]
        if is_near and not _parted(chunks[-1].words[-1], word, bars):
            chunks[-1].words.append(word)
            chunks[-1].x1 = max(chunks[-1].x1, word["x1"])
        else:
            chunks.append(Chunk(word["x0"], word["x1"], [word]))
    return chunks


def _parted(left: Word, right: Word, bars: Sequence[Bar]) -> bool:
    """Whether a vertical rule stands between two words of a line."""
    middle = (right["top"] + right["bottom"]) / 2
    return any(left["x1"] <= x + 1 and x - 1 <= right["x0"] and top < middle < bottom for x, top, bottom in bars)
