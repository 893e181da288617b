"""Rows that hold several layers one after another, rows that are titles of those below, and names that are numbers."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.grid import Cell, Row
from vggdsl.language.notations.layer_table.facts import ACTIVATIONS, UnsayableError, facts, kinds_in
from vggdsl.language.notations.layer_table.layer import GLOBAL

_SIGN = re.compile(r" ?(?:\+|→|->) ?|, (?!\d)")
_BEFORE = {"FC": (*GLOBAL, "flatten", "dropout", "BN", "GN", *ACTIVATIONS), "conv": ("BN", "GN", *ACTIVATIONS)}
"""What may stand before a layer in its cell, and is none of it."""
_OF_ITS_OWN = {"kind", "argument", "global", "rate", "keep", "slope"}
_TITLE = re.compile(
    r"(?:block|stage|part|section|module) ?(?:#?\d{1,2}|[a-d]|i{1,3}|iv|v)"
    r"|(?:[\w-]+ ){0,3}(?:backbone|head|stem|trunk|classifier|classification|extractor|extraction)"
    r"(?: (?:part|stage|layers|block|module|network))?",
    re.IGNORECASE,
)


def without_titles(draft: Draft, rows: Sequence[Row]) -> Iterator[Row]:
    """Those that say a layer: a title stands alone in its row, above others."""
    for at, row in enumerate(rows):
        filled = [cell.text for cell in row if re.search(r"\w", cell.text.text)]
        if len(filled) == 1 and at < len(rows) - 1 and _is_title(filled[0]):
            draft.assumed("a title of the rows below isn't read", filled[0], once=True)
            continue
        yield row


_ALIKE = ("kind", "filter", "stride", "pad", "width", "groups", "dilation", "activation", "BN")
"""Columns of which a cell that reaches over rows says the same of each."""


def spread(rows: Sequence[Row], roles: Sequence[str]) -> list[Row]:
    """With what a cell that reaches over several rows says of each: a window, and behind the last what they give."""
    found = [list(row) for row in rows]
    for at, row in enumerate(rows):
        for cell in (each for each in row if each.rows > 1 and each.text):
            below = found[at + 1 : at + cell.rows]
            role = cell.under(roles)
            if role == "kind" and not kinds_in(cell.text):
                continue
            is_free = all(_lacks(other, cell) for other in below)
            if is_free and role in _ALIKE:
                for other in below:
                    _put(other, cell)
            elif is_free and role == "output" and below and cell in found[at]:
                found[at].remove(cell)
                _put(below[-1], cell)
    return list[Row](found)


_IN_BLOCK = re.compile(r"conv(\d{1,2})-(\d{1,2})(?![\w-])", re.IGNORECASE)


def named(rows: Sequence[Row], roles: Sequence[str]) -> list[Row]:
    """With `Conv1_2` for `Conv1-2`, where the numbers of all such rows are those of blocks and of their layers, in
    order: else such a word says a window and filters."""
    cells = [cell for row in rows for cell in row if cell.under(roles) in ("kind", "name")]
    found = [(cell, match) for cell in cells if (match := _IN_BLOCK.match(cell.text.text)) is not None]
    numbers = [(int(match[1]), int(match[2])) for _, match in found]
    follow = all(after in ((a, b + 1), (a + 1, 1)) for (a, b), after in pairwise(numbers))
    if len(numbers) < 2 or numbers[0] != (1, 1) or not follow:
        return list(rows)
    new = dict[int, Cell]()
    for cell, match in found:
        text = cell.text[: match.end()].sub("-", "_") + cell.text[match.end() :]
        new[id(cell)] = replace(cell, text=text)
    return [[new.get(id(cell), cell) for cell in row] for row in rows]


_AGAIN = re.compile(r"conv(\d{1,2})x\1(?!\d)", re.IGNORECASE)
_OF_A_LIST = re.compile(r"conv[ _]?(\d{1,2})(?![\d-])", re.IGNORECASE)


def refuse_listed(draft: Draft, rows: Sequence[Row], roles: Sequence[str]) -> None:
    """Refuses `Conv3x3` between `Conv2` and `Conv4`: a window of 3x3, or the third layer three times."""
    cells = [cell.text for row in rows for cell in row if cell.under(roles) == "kind"]
    listed = {int(match[1]) for cell in cells if (match := _OF_A_LIST.match(cell.text)) and not _AGAIN.match(cell.text)}
    for cell in cells:
        if (match := _AGAIN.match(cell.text)) is not None and {int(match[1]) - 1, int(match[1]) + 1} & listed:
            message = f"`{cell.text}` could be a window, or one of a list of layers several times"
            draft.refuse(message, cell, f"write `Conv {match[1]}x{match[1]}`, or a row for each")


def _lacks(row: Sequence[Cell], cell: Cell) -> bool:
    return not any(each.text and each.columns.start in cell.columns for each in row)


def _put(row: list[Cell], cell: Cell) -> None:
    row[:] = sorted(
        (*(each for each in row if each.columns.start not in cell.columns), Cell(cell.text, cell.columns)),
        key=lambda each: each.columns.start,
    )


def _is_title(text: Excerpt) -> bool:
    return _TITLE.fullmatch(text.text) is not None and not any(map(_is_of_a_layer, [text, *text.split(" ")]))


def _is_of_a_layer(text: Excerpt) -> bool:
    try:
        return any(fact.name == "kind" for fact in facts(text))
    except UnreadableError as error:
        return isinstance(error, UnsayableError)


def parted(row: Row, roles: Sequence[str]) -> Iterator[Row]:
    """A row for each layer of one whose cell says those before it, too: `Dropout (0.5) + FC (128 → 10)`.

    The cells of the others are of the last, but what comes in.
    """
    said = next((cell for cell in row if cell.under(roles) == "kind"), None)

    def came(cell: Cell) -> bool:
        return cell.under(roles) == "input"

    alone = [cell for cell in row if re.search(r"\w", cell.text.text)] == [said]
    texts = _mains(said.text) if said is not None and alone else []
    if said is not None and len(texts) > 1:
        for text in texts:
            yield from parted([Cell(text, said.columns)], roles)
        return
    if said is not None and kinds_in(said.text)[:1] == ["FC"] and (words := _before(row, roles)) is not None:
        described, dropout, rest = words
        yield [Cell(dropout, said.columns) if cell is said else cell for cell in row if cell is said or came(cell)]
        row = [Cell(rest, cell.columns) if cell is described else cell for cell in row if not came(cell)]
    pieces = _pieces(said.text) if said is not None else []
    if said is None or not pieces:
        yield row
        return
    for at, piece in enumerate(pieces):
        is_first, is_last = at == 0, at == len(pieces) - 1
        others = [cell for cell in row if (is_first if came(cell) else is_last or cell is said)]
        yield [Cell(piece, cell.columns) if cell is said else cell for cell in others]


_FIRST = re.compile(r"drop-?out ?\(?[\d.]+ ?%?\)?(?=[,; ] *[^\s,;])", re.IGNORECASE)
"""What a description of an FC begins with, and the rest of it."""


def _before(row: Row, roles: Sequence[str]) -> tuple[Cell, Excerpt, Excerpt] | None:
    """A description that begins with dropout, that, and the rest of it: `Dropout 50%, 256 units`."""
    for cell in row:
        if cell.under(roles) == "description" and (first := _FIRST.match(cell.text.text)) is not None:
            return cell, cell.text[: first.end()], cell.text[first.end() :].strip()
    return None


def _pieces(cell: Excerpt) -> list[Excerpt]:
    """The layers of a cell, the last with what follows it; none where it says but one."""
    found, rest = list[Excerpt](), cell
    while sign := next((each for each in _SIGN.finditer(rest.text) if _is_outside(rest.text[: each.start()])), None):
        kinds = kinds_in(rest)
        piece = rest[: sign.start()]
        last = next((kind for kind in kinds if kind in _BEFORE), None)
        if last is None or kinds[0] == last or not _stands_before(piece, last):
            break
        found, rest = [*found, piece], rest[sign.end() :]
    is_whole = bool(found) and kinds_in(rest)[:1] in (["FC"], ["conv"]) and kinds_in(cell).count("flatten") < len(found)
    return [*found, rest] if is_whole else []


def _mains(cell: Excerpt) -> list[Excerpt]:
    """A cell, cut before each FC and each convolution that it says behind another."""
    starts, count = [0], 0
    for sign in _SIGN.finditer(cell.text):
        if _is_outside(cell.text[: sign.start()]):
            count += any(kind in _BEFORE for kind in kinds_in(cell[starts[-1] : sign.start()]))
            if count and kinds_in(cell[sign.end() :])[:1] in (["FC"], ["conv"]):
                starts.append(sign.end())
                count = 0
    ends = [next(each.start() for each in _SIGN.finditer(cell.text) if each.end() == at) for at in starts[1:]]
    return [cell[start:end] for start, end in zip(starts, [*ends, len(cell)], strict=True)]


def _is_outside(before: str) -> bool:
    return before.count("(") == before.count(")")


def _stands_before(piece: Excerpt, last: str) -> bool:
    """Whether a piece is one layer that may stand before the last."""
    try:
        said = facts(piece)
    except UnreadableError:
        return False
    kinds = [fact.text for fact in said if fact.name == "kind"]
    names = {fact.name for fact in said}
    is_global = "global" in names and kinds in (["pool"], ["maxpool"], ["avgpool"]) and last == "FC"
    return len(kinds) == 1 and (kinds[0] in _BEFORE[last] or is_global) and names <= _OF_ITS_OWN
