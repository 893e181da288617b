"""Blocks of rows whose input is added to what they give: Darknet-53's `2×` before rows that end in `Residual`."""

import re
from collections.abc import Sequence

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.grid import Row
from vggdsl.language.notations.layer_table.layer import Block

_COUNT = re.compile(r"(\d{1,3}) ?x", re.IGNORECASE)
_END = re.compile(r"residual(?: (?:connection|add(?:ition)?))?", re.IGNORECASE)
_SIZE = re.compile(r"(\d{1,5}) ?x ?(\d{1,5})(?: ?x ?(\d{1,6}))?")


def blocks(draft: Draft, rows: Sequence[Row], roles: Sequence[str]) -> tuple[list[Row], dict[int, Block]]:
    """The rows of layers, and the blocks among them by where these begin; refuses a count without an end, an end
    without a count, and what else stands in the row that ends a block."""
    found, kept = dict[int, Block](), list[Row]()
    start, count, count_at = 0, 0, None
    for row in rows:
        said = next((cell.text for cell in row if cell.under(roles) == "name" and cell.text), None)
        kind = next((cell.text for cell in row if cell.under(roles) == "kind" and cell.text), None)
        if said is not None and (match := _COUNT.fullmatch(said.text)) is not None:
            _open(draft, count_at)
            start, count, count_at = len(kept), int(match[1]), said
        if kind is None or _END.fullmatch(kind.text) is None:
            kept.append(row)
            continue
        if count_at is None or not count or start == len(kept):
            draft.refuse(
                f"`{kind.text}` doesn't say to which rows it belongs", kind, "write how often before the first: `2×`"
            )
        else:
            found[start] = Block(len(kept) - start, count, count_at, kind, *_size(draft, row, roles, (said, kind)))
        count_at = None
    _open(draft, count_at)
    return kept, found


def end(draft: Draft, block: Block, came: tuple[int, ...], gives: tuple[int, ...]) -> None:
    """Puts the sum that ends a block, with its printed size; refuses what can't be added."""
    draft.put("| identity ]", block.end)
    if gives != came:
        comes, given = ("x".join(map(str, size)) for size in (came, gives))
        message = f"{comes} comes to the block, and {given} is to be added to it"
        draft.refuse(message, block.end, "correct its rows, or the rows above")
    if block.output_at is not None:
        draft.put(f"-> {'x'.join(map(str, (*block.output, *gives[len(block.output) :])))}", block.output_at)
    if block.count > 1:
        draft.put(f") x{block.count}", block.at)


def _open(draft: Draft, at: Excerpt | None) -> None:
    if at is not None:
        message = f"`{at.text}` doesn't say how many rows are repeated"
        draft.refuse(message, at, "write each of them, or `Residual` behind the last where what comes in is added")


def _size(
    draft: Draft, row: Row, roles: Sequence[str], known: Sequence[Excerpt | None]
) -> tuple[tuple[int, ...], Excerpt | None]:
    """What the row that ends a block says of the size behind it, and where."""
    for cell in row:
        if cell.text in known or not re.search(r"\w", cell.text.text):
            continue
        size = _SIZE.fullmatch(cell.text.text)
        if size is None or cell.under(roles) != "output":
            draft.refuse("a sum has but its size", cell.text, "leave it out")
            continue
        return tuple(int(each) for each in size.groups() if each), cell.text
    return (), None
