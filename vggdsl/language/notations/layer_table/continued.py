"""Rows that belong to others: those that have but a window, and marks of maps that other rows speak of."""

import re
from collections.abc import Sequence
from dataclasses import replace

from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.grid import Cell, Row
from vggdsl.language.notations.layer_table.columns import UNREAD
from vggdsl.language.notations.layer_table.facts import Fact, facts
from vggdsl.language.notations.layer_table.refused import refuse_nameless

_LABEL = re.compile(r"(?:[(\[](?P<label>[A-Za-z]{1,2}\d{0,2}|\*{1,3}|[†‡§¶])[)\]]|(?P<mark>\*{1,3}|[†‡§¶])) *(?=\d)")
_WHOLE = 4
"""Numbers of a window that says all of a convolution: `3x3x16x32`."""


def without_labels(draft: Draft, rows: Sequence[Row], roles: Sequence[str]) -> list[Row]:
    """Without the labels in front of sizes, `(S1) 14x14x16`; what speaks of one is refused."""
    found, labels = list[Row](), dict[str, Excerpt]()
    for row in rows:
        cells = list[Cell]()
        for cell in row:
            match = _LABEL.match(cell.text.text) if cell.under(roles) in ("output", "input") else None
            if match is not None:
                draft.assumed("the label in front of a size isn't read", cell.text, once=True)
                draft.line()
                labels |= {match["label"]: cell.text} if match["label"] else {}
                cell = replace(cell, text=cell.text[match.end() :])
            cells.append(cell)
        found.append(cells)
    kept = list[Row]()
    for row in found:
        read = [cell.text for cell in row if cell.under(roles) not in UNREAD]
        named = [(text, label) for text in read for label in labels if _speaks_of(text, label)]
        for text, label in named[:1]:
            message = f"`{label}` is a map of another row: how a row takes it can't be told by rows"
            draft.refuse(message, text, "write the network in the language of specs")
        kept += [] if named else [row]
    return kept


def _speaks_of(text: Excerpt, label: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(label)}(?!\w)", text.text) is not None and label[0].isalpha()


def continued(draft: Draft, rows: Sequence[Row], roles: Sequence[str]) -> tuple[list[Row], list[Excerpt]]:
    """The rows, with the layer of the row above in those that have but a window, where that says all of a convolution;
    and the windows below a layer that isn't known, which are of it: they are refused with it."""
    found, above, wrong, left = list[Row](), list[Cell](), list[Excerpt](), list[Excerpt]()
    for row in rows:
        filled = [cell for cell in row if re.search(r"\w", cell.text.text)]
        if not above or not filled or {cell.under(roles) for cell in filled} != {"filter"}:
            above = filled if any(cell.under(roles) == "kind" for cell in filled) else []
            found.append(row)
            continue
        named = next(cell for cell in above if cell.under(roles) == "kind")
        said = _facts(named.text)
        if said is None:
            left.append(filled[0].text)
            continue
        if [fact.text for fact in said] == ["conv"] and _says_all(filled[0].text) and _is_open(above, roles):
            draft.assumed("a row that has but a window is one more layer as the row above", filled[0].text, once=True)
            draft.line()
            row = [replace(named, rows=1), *(cell for cell in row if cell.columns.start != named.columns.start)]
            found.append(sorted(row, key=lambda cell: cell.columns.start))
        else:
            wrong.append(filled[0].text)
    if wrong:
        refuse_nameless(draft, wrong)
    return found, left


def _is_open(above: Sequence[Cell], roles: Sequence[str]) -> bool:
    """Whether the row above says no more than its layer, its window and what comes: nothing that could be of both."""
    return {cell.under(roles) for cell in above} <= {"kind", "name", "filter", "input"}


def _says_all(window: Excerpt) -> bool:
    said = _facts(window) or []
    return [len(fact.numbers) for fact in said if fact.name == "sides"] == [_WHOLE] and len(said) == 1


def _facts(text: Excerpt) -> list[Fact] | None:
    try:
        said = facts(text)
    except UnreadableError:
        return None
    return said or None
