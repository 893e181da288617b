"""Rows of a table of configurations that say how many parameters its networks have.

`Number of parameters 133 133 134`, in millions as its label or a caption says, or figures with their units alone. The
VGG paper prints them as a table of its own, whose heading says the networks: `Network A,A-LRN B C D E`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.grid import Cell, Row
from vggdsl.text.errors import Diagnostic, Label, ParseError
from vggdsl.text.units import plural

_LABEL = (
    r"(?:the )?(?:# ?(?:of)?|no\.? of|num(?:ber)?\.? of)? ?(?:(?:learnable|trainable|total) )?"
    r"param(?:eter)?s?\.?(?: count)?"
)
_UNIT = r"(?:,? ?[\[(]? ?(?:in )?(?P<unit>millions?|thousands?|M|K)(?![a-z]) ?[\])]?)?"
_FIGURE = r"~?\d[\d,]*(?:\.\d+)?(?: ?(?:M|K|millions?|thousands?)(?![a-z]))?"
_NAMED = re.compile(rf"{_LABEL}{_UNIT}[:.]?", re.IGNORECASE)
_CAPTION = re.compile(rf"(?:tab(?:le|\.) ?\d+[:.]? ?)?{_NAMED.pattern}", re.IGNORECASE)
_IN_A_LINE = re.compile(rf"(?P<label>{_NAMED.pattern}) ?(?P<figures>{_FIGURE}(?: {_FIGURE})+)", re.IGNORECASE)
_ONE = re.compile(_FIGURE, re.IGNORECASE)
_NETWORKS = re.compile(r"(?:network|model|config(?:uration)?|convnet)s?:?", re.IGNORECASE)
_EXACT = re.compile(r"\d{1,3}(?:,\d{3})+|\d{4,}")
"""A count of parameters without a unit."""
_ALONE = re.compile(rf"(?=.*[MK]|\D*(?:\d\D*){{5,}}\Z){_FIGURE}", re.IGNORECASE)
"""A figure of parameters that no label says to be one: 4096 is what a PDF has torn off an FC."""


@dataclass(frozen=True)
class Counts:
    """A row of figures; ``columns`` are those of its cells, empty where they only follow each other."""

    figures: Sequence[Excerpt]
    columns: Sequence[range] = ()
    unit: str = ""
    is_named: bool = True
    of: Sequence[Sequence[str]] = ()
    """The names of the networks that each figure is of, where a heading says them."""


def parted(rows: Sequence[Row]) -> tuple[list[Row], list[Counts]]:
    """The rows of layers, and those of figures with what is said about them."""
    rest, found = list[Row](), list[Counts]()
    captions = list[tuple[Row, str]]()
    heading: tuple[Row, list[list[str]]] | None = None
    for at, row in enumerate(rows):
        filled = [cell for cell in row if cell.text]
        is_below = any(re.search("conv", cell.text.text, re.IGNORECASE) for cell in _cells(rows[:at]))
        if (counts := _counts(filled, is_below)) is not None:
            found.append(counts)
        elif len(filled) == 1 and (said := _CAPTION.fullmatch(filled[0].text.text)):
            captions.append((row, said["unit"] or ""))
            rest.append(row)
        else:
            if is_below and (names := _names(filled)):
                heading = row, names
            rest.append(row)
    if not found:
        return rest, []
    unit = next((unit for _, unit in captions if unit), "")
    of = heading[1] if heading is not None else []
    used = [row for row, _ in captions] + ([heading[0]] if heading is not None else [])
    rest = [row for row in rest if not any(row is each for each in used)]
    if all(len(row) > 1 and not row[0].text and len(row[0].columns) == 1 for row in rest):
        rest = [[_moved(cell, -1) for cell in row[1:]] for row in rest]  # a column for the labels of figures
    return rest, [Counts(c.figures, c.columns, c.unit or unit, c.is_named, of) for c in found]


def _moved(cell: Cell, by: int) -> Cell:
    return replace(cell, columns=range(cell.columns.start + by, cell.columns.stop + by))


def _cells(rows: Sequence[Row]) -> Iterator[Cell]:
    return (cell for row in rows for cell in row)


def _names(filled: Sequence[Cell]) -> list[list[str]]:
    """Of `Network A,A-LRN B C`, in cells or in a line, the names that each figure below is of."""
    texts = [cell.text.text for cell in filled] if len(filled) > 1 else filled[0].text.text.split() if filled else []
    is_heading = len(texts) > 1 and _NETWORKS.fullmatch(texts[0])
    return [re.split(r", ?", text) for text in texts[1:]] if is_heading else []


def _counts(filled: Sequence[Cell], is_below: bool) -> Counts | None:
    texts = [cell.text for cell in filled]
    if len(texts) == 1 and (line := _IN_A_LINE.fullmatch(texts[0].text)):
        inside = texts[0].part(line, "figures")
        return Counts([inside.part(one) for one in _ONE.finditer(inside.text)], unit=line["unit"] or "")
    label = _NAMED.fullmatch(texts[0].text) if texts else None
    figures, cells = (texts[1:], filled[1:]) if label is not None else (texts, filled)
    if not figures or not all(_ONE.fullmatch(each.text) for each in figures):
        return None
    if label is not None:
        before = filled[0].columns.stop
        columns = [_moved(cell, -before).columns for cell in cells]
        return Counts(figures, columns, label["unit"] or "")
    is_plain = is_below and all(_ALONE.fullmatch(each.text) for each in figures)
    return Counts(figures, [cell.columns for cell in cells], is_named=False) if is_plain else None


def figure_of(counts: Counts, column: int, names: Sequence[str]) -> Excerpt | None:
    """The figure of a column, None where the row has none for it.

    Raises ``ParseError`` V115 where it isn't told which figure is of which column.
    """
    if counts.of:
        of = {name.lower(): figure for figure, each in zip(counts.figures, counts.of, strict=False) for name in each}
        if len(counts.of) == len(counts.figures) and of.keys() <= {name.lower() for name in names}:
            return of.get(names[column].lower())
    elif counts.columns and counts.columns[-1].stop == len(names):
        return next((f for f, c in zip(counts.figures, counts.columns, strict=True) if column in c), None)
    elif len(counts.figures) == len(names):
        return counts.figures[column]
    message = f"{plural(len(counts.figures), 'figure')} of parameters stand below {plural(len(names), 'column')}"
    label = Label(counts.figures[0].span(), "the first of them")
    help = "give a figure for each column, or a row above them that names their networks: `Network A B C`"
    raise ParseError(Diagnostic("V115", message, (label,), help))


def claimed(figure: Excerpt, unit: str) -> str:
    """What a figure claims in the spec language: `133M`. Raises ``ParseError`` V115 where its unit isn't told."""
    own = figure.text
    number = re.sub(r"[^~\d.,]", "", own)
    letter = next((each[:1] for each in re.findall("[a-z]+", own, re.IGNORECASE)), unit[:1]).upper()
    letter = {"T": "K"}.get(letter, letter)
    if not letter and not _EXACT.fullmatch(own):
        help = f"write `{own}M`, or say it in the row's label: `Number of parameters (in millions)`"
        raise ParseError(Diagnostic("V115", f"`{own}` says no unit", (Label(figure.span(), "this cell"),), help))
    return f"claim params {number}{'' if _EXACT.fullmatch(own) and not unit else letter}"
