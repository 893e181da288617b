"""Sizes and windows whose sides stand in columns of their own: `Height | Width | Depth`, `kh | kw`.

They are read as one column. What a size is of, the words beside its sides tell, or those of the row above; where none
do, it is tried as a window and as a map.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt, joined
from vggdsl.language.notations.grid import Cell, Row
from vggdsl.language.notations.registry import Reading
from vggdsl.language.notations.uncut import true_to_print
from vggdsl.text.errors import Diagnostic, Label, ParseError
from vggdsl.text.source import Source

_AXES = {
    "h": r"h|heights?|ht|rows?",
    "w": r"w|widths?|wd|cols?|columns?",
    "c": r"c|d|depths?|dp|ch|channels?",
}
_OF = {
    "Kernel Size": r"k|kernels?|filters?|windows?|conv(?:olution)?(?: kernels?)?|patch|operators?",
    "Pooling": r"pool(?:ing)?(?: sizes?)?|max[- ]?pool(?:ing)?",
    "Stride": r"s|strides?",
    "Padding": r"pad(?:ding)?",
    "Input": r"in|inputs?",
    "Output Size": r"o|out|outputs?|(?:feature )?maps?|activations?",
}
"""What sides are of, by the heading of one column that would say the same."""
_SIZE = r"(?:[ _-]?(?:sizes?|shapes?|dim(?:ension)?s?))?"
_OPEN = ("Kernel Size", "Input", "Output Size")
"""What sides may be of whose headings don't tell."""
_MOST = 2
"""Sizes of which it is tried what they are of, at most."""
_EMPTY = re.compile(r"[-\s.]*", re.ASCII)
_BY = r" ?[x×*,] ?"
_WIDTH_FIRST = re.compile(
    rf"(?<![^\W_])(?P<channels>(?:c|d|channels?|depth){_BY})?w(?:idth)?{_BY}h(?:eight)?(?=[\Wx]|\Z)", re.IGNORECASE
)
"""In a heading that says which side of a size stands first: `Output (W×H×C)`."""
_PAIR = re.compile(rf"\W*(?P<h>\d{{1,5}}){_BY}(?P<w>\d{{1,5}})(?!\d|{_BY}\d)")
"""Two sides and no third."""
_HEIGHT_FIRST = re.compile(rf"(?<![^\W_])h(?:eight)?{_BY}w(?:idth)?(?=[\Wx]|\Z)", re.IGNORECASE)
_KEYWORDS = {"m": "h", "r": "w", "p": "h", "q": "w"}
"""The letters of papers on keyword spotting."""


@dataclass(frozen=True)
class Named(Excerpt):
    """A heading in place of others; ``why`` is what it takes for granted, if anything."""

    instead_of: str = ""
    why: str = ""


@dataclass(frozen=True)
class _Sides:
    """Columns of one size; ``of`` is empty where no word says what they are of."""

    columns: Mapping[str, int]
    of: str
    why: str = ""


def together(source: Source, rows: Sequence[Row], heads: int) -> list[list[Row]]:
    """The table with a column for each size, once for each thing that its sizes may be of; as it is where all sides
    stand together. ``heads``: in so many rows a heading is looked for."""
    for at in range(min(heads, len(rows))):
        above = rows[at - 1] if at else ()
        if not (found := _groups(rows[at], above)):
            continue
        head, is_below = (rows[at], False) if not above else _whole(rows[at], above, found)
        first = at - 1 if is_below else at
        open_ = [each for each in found if not each.of]
        taken = {each.of for each in found}
        free = [name for name in _OPEN if name not in taken]
        if len(open_) > _MOST or len(open_) > len(free) or len(taken - {""}) + len(open_) < len(found):
            return [list(rows)]
        ways = list[list[Row]]()
        for names in permutations(free, len(open_)):
            of = dict(zip(map(id, open_), names, strict=True))
            told = [(each, of.get(id(each), each.of)) for each in found]
            ways.append(
                [*rows[:first], _heading(source, head, told), *(_row(source, row, told) for row in rows[at + 1 :])]
            )
        return ways
    return [list(rows)]


def tell(draft: Draft, head: Row) -> None:
    """Says what is taken for granted of headings."""
    for cell in head:
        if isinstance(cell.text, Named) and cell.text.why:
            draft.assumed(cell.text.why, cell.text, once=True)
            draft.line()


def turned(draft: Draft, head: Row, rows: Sequence[Row]) -> Sequence[Row]:
    """The rows with heights first, as specs have them, below headings that have widths first; that is said, and
    beside such a heading that others are taken to have heights first."""
    orders = {id(heading): _WIDTH_FIRST.search(heading.text.text) for heading in head}
    for heading in head:
        if (order := orders[id(heading)]) is None:
            if any(orders.values()) and not _HEIGHT_FIRST.search(heading.text.text):
                cells = (cell.text.text for row in rows for cell in row if cell.columns == heading.columns)
                if any(size["h"] != size["w"] for text in cells if (size := _PAIR.match(text)) is not None):
                    draft.assumed(f"below `{heading.text.text}` heights stand before widths", heading.text)
                    draft.line()
            continue
        before = rf"(?:\d{{1,5}}{_BY}(?=\d{{1,5}}{_BY}\d))?" if order["channels"] else ""
        form = re.compile(rf"\A(?P<before>\W*{before})(?P<w>\d{{1,5}})(?P<by>{_BY})(?P<h>\d{{1,5}})")
        own = {id(cell): form.match(cell.text.text) for row in rows for cell in row if cell.columns == heading.columns}
        if any(size is not None and size["w"] != size["h"] for size in own.values()):
            draft.assumed(f"below `{heading.text.text}` widths stand before heights", heading.text)
            draft.line()
            rows = [
                [replace(cell, text=cell.text.sub(form, _heights_first)) if id(cell) in own else cell for cell in row]
                for row in rows
            ]
    return rows


def _heights_first(size: re.Match[str]) -> str:
    return f"{size['before']}{size['h']}{size['by']}{size['w']}"


def printed(head: Row) -> str:
    """A heading as it is printed."""
    return " | ".join(cell.text.instead_of if isinstance(cell.text, Named) else cell.text.text for cell in head)


def only_true(ways: Sequence[Sequence[Row]], read: Callable[[Sequence[Row]], Sequence[Reading]]) -> Sequence[Reading]:
    """The network of a table in the only way in which all sizes that are printed hold; if several are, all figures.

    Raises ``ParseError``: of several ways at their headings, else what is wrong in the one that goes furthest.
    """
    if len(ways) == 1:
        return read(ways[0])
    readings, wrong = list[Sequence[Reading]](), list[ParseError]()
    for rows in ways:
        try:
            found = read(rows)
        except ParseError as error:
            wrong.append(error)
            continue
        if isinstance(found[0].outcome, ParseError):
            wrong.append(found[0].outcome)
        else:
            readings.append(found)
    held = {digest: each for each in readings if (digest := true_to_print(each[0], figures=False)) is not None}
    if len(held) > 1:
        held = {digest: each for digest, each in held.items() if true_to_print(each[0]) is not None} or held
    if len(held) == 1:
        return next(iter(held.values()))
    if held or not wrong:
        raise _several(ways[0])
    raise max(wrong, key=lambda error: (_furthest(error), -len(error.diagnostics)))


def _furthest(error: ParseError) -> int:
    """Where the first thing is wrong."""
    return min(label.span.start for each in error.diagnostics for label in each.labels)


def _several(rows: Sequence[Row]) -> ParseError:
    """Of a table that is true of what it prints in several of these ways, or in none."""
    heads = [cell.text for row in rows for cell in row if isinstance(cell.text, Named) and cell.text.why]
    message = "these sides could be of windows, of what comes, or of what a row gives"
    help = "say it beside them: `Kernel H`, `Kernel W`; `Output H`, `Output W`, `Output C`"
    return ParseError(Diagnostic("V115", message, tuple(Label(each.span(), "these") for each in heads), help))


def _groups(head: Row, above: Row) -> list[_Sides]:
    """The sides in a heading that stand beside each other."""
    said = {cell.columns.start: _side(cell.text.text) for cell in head if len(cell.columns) == 1}
    letters = [cell.text.text.lower() for cell in head]
    if {"m", "r", "n"} <= set(letters) and not any(said.values()):
        return list(_keywords(head))
    found, at = list[_Sides](), 0
    while at <= max(said, default=0):
        best = next((group for size in (3, 2) if (group := _group(said, range(at, at + size)))), None)
        if best is not None and not best.of:
            of = _above(above, sorted(best.columns.values()))
            best = _Sides(best.columns, of) if of is not None else None
        if best is None:
            at += 1
        else:
            found.append(best)
            at = max(best.columns.values()) + 1
    return found


def _group(said: Mapping[int, tuple[str, str] | None], columns: range) -> _Sides | None:
    sides = [side for column in columns if (side := said.get(column)) is not None]
    axes = {axis: column for column, side in zip(columns, sides, strict=False) for axis in [side[1]]}
    if len(sides) < len(columns) or len(axes) < len(columns) or not {"h", "w"} <= axes.keys():
        return None
    of = {side[0] for side in sides}
    return _Sides(axes, of.pop()) if len(of) == 1 else None


def _side(text: str) -> tuple[str, str] | None:
    """What a heading's side is of, "" where it doesn't say so, and which side it is."""
    text = re.sub(r"[().:#]", " ", text.lower()).strip()
    for axis, form in _AXES.items():
        if re.fullmatch(form, text):
            return "", axis
        for name, of in _OF.items():
            if re.fullmatch(
                rf"(?:{of}){_SIZE}(?: |_|-)*(?:{form})|(?:{form})(?: |_|-)*(?:of (?:the )?)?(?:{of})", text
            ):
                return name, axis
    return None


def is_side(text: str) -> bool:
    """Whether a heading is of one side of a size."""
    return _side(text) is not None


def _above(above: Row, columns: Sequence[int]) -> str | None:
    """What the row above says that columns are of; nothing where it has no word, None where that isn't known."""
    texts = [cell.text for cell in above if set(cell.columns) & set(columns) and cell.text]
    if not texts:
        return ""
    if len(texts) > 1:
        return None
    text = re.sub(r"[().:#]", " ", texts[0].text.lower()).strip()
    return next((name for name, of in _OF.items() if len(text) > 1 and re.fullmatch(f"(?:{of}){_SIZE}", text)), None)


def _keywords(head: Row) -> Iterator[_Sides]:
    """`m | r | n | p | q`."""
    why = "m and r are the sides of a window, n its filters, p and q the sides of a pool, as in keyword spotting"
    letters = {cell.text.text.lower(): cell.columns.start for cell in head}
    for first, second, of in (("m", "r", "Kernel Size"), ("p", "q", "Pooling")):
        if first in letters and letters.get(second) == letters[first] + 1:
            columns = {_KEYWORDS[letter]: letters[letter] for letter in (first, second)}
            yield _Sides(columns, of, why)


def _whole(head: Row, above: Row, found: Sequence[_Sides]) -> tuple[Row, bool]:
    """A heading of two rows, whose first says what sides are of, as one; and whether it is."""
    sides = {column for each in found for column in each.columns.values()}
    over = [cell for cell in above if cell.text]
    said = [cell for cell in over if set(cell.columns) & sides]
    rest = [cell for cell in over if not set(cell.columns) & sides]
    own = {column for cell in head if cell.text for column in cell.columns}
    if not said or any(set(cell.columns) & own for cell in rest):
        return head, False
    below = [cell for cell in head if cell.text]
    return sorted([*rest, *below], key=lambda cell: cell.columns.start), True


def _heading(source: Source, head: Row, told: Sequence[tuple[_Sides, str]]) -> Row:
    found = list[Cell]()
    for cell in head:
        text = cell.text
        if any(each.why for each, _ in told) and text.text.lower() == "n":
            text = _named(source, text, "Filters", "")
        for each, of in told:
            if cell.columns.start in each.columns.values():
                whole = joined(
                    [other.text for other in head if other.columns.start in each.columns.values()], " ", source
                )
                why = each.why or (
                    f"`{whole.text}` is the {_SHOWN[of]}, by what else is printed" if not each.of else ""
                )
                text = _named(source, whole, of, why)
        found.append(Cell(text, cell.columns, rows=cell.rows))
    return _closed(source, found, told)


_SHOWN = {"Kernel Size": "window", "Input": "size of what comes", "Output Size": "size of what a row gives"}


def _named(source: Source, at: Excerpt, text: str, why: str) -> Named:
    places = [at.places[0]] * (len(text) - 1) + [at.places[-1]]
    return Named(source, text, places, at.text, why)


def _row(source: Source, row: Row, told: Sequence[tuple[_Sides, str]]) -> Row:
    """A row with one cell for the sides of a size: height, width, and channels behind them."""
    found = list(row)
    for each, of in told:
        cells = {
            axis: next((c for c in row if list(c.columns) == [column]), None) for axis, column in each.columns.items()
        }
        said = [
            cell for axis in "hwc" if (cell := cells.get(axis)) is not None and not _EMPTY.fullmatch(cell.text.text)
        ]
        if any(cell is None for cell in cells.values()):
            continue
        first = min(each.columns.values())
        if of in ("Kernel Size", "Pooling", "Stride", "Padding") and said == [cells.get("c")]:
            said = list(filter(None, cells.values()))  # a depth alone is no window
        text = joined([cell.text for cell in said], "x", source)
        height = min(cell.rows for cell in cells.values() if cell is not None)
        found = [cell for cell in found if cell not in cells.values() or cell.columns.start == first]
        found = [Cell(text, cell.columns, rows=height) if list(cell.columns) == [first] else cell for cell in found]
    return _closed(source, found, told)


def _closed(source: Source, row: Sequence[Cell], told: Sequence[tuple[_Sides, str]]) -> Row:
    """Without the columns that are part of another."""
    gone = sorted(column for each, _ in told for column in sorted(each.columns.values())[1:])

    def new(column: int) -> int:
        return column - sum(other < column for other in gone)

    return [
        Cell(
            cell.text,
            range(new(cell.columns.start), max(new(cell.columns.stop), new(cell.columns.start) + 1)),
            rows=cell.rows,
        )
        for cell in row
        if cell.columns.start not in gone or len(cell.columns) > 1
    ]
