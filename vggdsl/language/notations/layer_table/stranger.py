"""Why a table whose rows say layers is in no notation: its heading, or its cell, that isn't known."""

import re
from collections.abc import Sequence

from vggdsl.language.notations.draft import UnreadableError
from vggdsl.language.notations.excerpt import Excerpt, joined
from vggdsl.language.notations.grid import Row
from vggdsl.language.notations.layer_table.columns import KNOWN, SAYING, UNREAD, Column, columns, explained, strange
from vggdsl.language.notations.layer_table.facts import KNOWN as KNOWN_LAYERS
from vggdsl.language.notations.layer_table.facts import UnsayableError, facts
from vggdsl.text.errors import Diagnostic, Label
from vggdsl.text.source import Source

_FEWEST = 3
"""Rows of layers at least, without which a text is rather something else."""
_HEADED = "write one above: `Layer | Kernel | Filters | Output`"
_SAYING = {*SAYING, "filter"}


def stranger(source: Source, rows: Sequence[Row], heads: int) -> Diagnostic | None:
    """What isn't known of a table that says layers; ``heads``: in so many rows a heading is looked for."""
    for at, row in enumerate(rows[:heads]):
        found = explained(columns(row), rows[at + 1 :])
        known = _known(found)
        if (unknown := strange(found)) and known & set(SAYING) and _are_layers(unknown):
            return _sideways(source, row)
        if len(known) > 1 and known & _SAYING and unknown:
            return _unknown(unknown)
    saying = saying_layers(rows)
    is_table = any(sum(bool(cell.text) for cell in row) > 1 for row in rows)
    if not is_table or len(saying) < _FEWEST or 2 * len(saying) < len(rows):
        return None
    at = max(0, saying[0] - 1)
    head, found = rows[at], explained(columns(rows[at]), rows[at + 1 :])
    if _known(found) & _SAYING:
        return _in_heading(source, head, found)
    if (cell := _in_cells(rows[saying[0] :])) is not None:
        return cell
    if saying[0]:
        return _in_heading(source, head, found)
    first = joined([cell.text for cell in head if cell.text], " ", source)
    return _told("no heading says what the columns of these rows are", first, _HEADED)


_LINE = re.compile(
    r"(?:input|image|(?:\d+ ?x ?\d+,? )?(?:(?:max|avg|average|mean|global)[- ]?(?:\w+[- ]?)?pool|conv|pool|re-?lu"
    r"|(?:\d+[- ]way )?soft-?max|fc|fully|dense|linear|drop-?out|batch|flatten|activation))",
    re.IGNORECASE,
)
"""How a line of a list begins that says a layer."""
_LEAST = 4
"""Lines of a list at least."""


def of_list(rows: Sequence[Row], lines: Sequence[Excerpt], bullet: re.Pattern[str]) -> Diagnostic | None:
    """The first line that isn't known of a list almost all of whose lines say a layer; ``lines`` have no bullets."""
    saying = [line for line in lines if _LINE.match(line.text)]
    is_list = all(sum(bool(cell.text) for cell in row) == 1 for row in rows)
    if not is_list or len(saying) < _LEAST or len(saying) * 10 < len(lines) * 9:
        return None
    if not any(re.match(r"(?:\S+ )?conv|.*\bpool", line.text, re.IGNORECASE) for line in saying):
        return None
    line = next((line for line in lines if not _is_known(line)), None)
    if line is None:
        return None
    is_shown = all(bullet.match(row[0].text.text) for row in rows) or lines[0].text.lower().startswith("input")
    help = "tell of each such line as a whole what it means, `3x3 conv, 64, stride 1, pad 1`"
    help += "" if is_shown else ", with --from vgg-table"
    return Diagnostic("V112", "a line of a list of layers that isn't known", (Label(line.span(), "this line"),), help)


def _is_known(line: Excerpt) -> bool:
    try:
        return bool(facts(line))
    except UnreadableError:
        return False


def saying_layers(rows: Sequence[Row]) -> list[int]:
    """Which rows have a cell that says a layer."""
    return [at for at, row in enumerate(rows) if any(_names(cell.text) for cell in row)]


def _in_cells(rows: Sequence[Row]) -> Diagnostic | None:
    """The first cell that isn't known of a table with a network a column: most of its cells say layers."""
    cells = [cell.text for row in rows for cell in row if re.search(r"\w", cell.text.text)]
    strangers = [cell for cell in cells if not _names(cell)]
    if not strangers or 2 * len(strangers) >= len(cells):
        return None
    return _told(f"`{strangers[0].text}` says no layer that is known", strangers[0], KNOWN_LAYERS)


def _in_heading(source: Source, row: Row, found: Sequence[Column]) -> Diagnostic:
    """The heading that isn't known; where all are, what they lack."""
    if unknown := strange(found):
        return _unknown(unknown)
    whole = joined([cell.text for cell in row if cell.text], " ", source)
    lacks = "what the layers are" if not _known(found) & set(SAYING) else "the windows, filters or sizes of layers"
    return _told(f"no column is headed as one of {lacks}", whole, KNOWN)


_LAYERS = re.compile(r"(?:conv\w*|(?:max|avg)?[- ]?pool\w*|fc|dense|soft-?max)(?: layer)?[ _]?\d{0,2}", re.IGNORECASE)


def _are_layers(headings: Sequence[Excerpt]) -> bool:
    """Whether headings are of layers: a row of such a table is a network."""
    return len(headings) > 1 and all(_LAYERS.fullmatch(each.text) for each in headings)


def _sideways(source: Source, row: Row) -> Diagnostic:
    whole = joined([cell.text for cell in row if cell.text], " ", source)
    message = "its columns are headed by layers, as if each row were a network: that layout isn't known"
    return _told(message, whole, "write a network a column, with its layers below each other", "this heading")


def _known(found: Sequence[Column]) -> set[str]:
    return {each.role for each in found} - {"", "?", *UNREAD}


def _unknown(headings: Sequence[Excerpt]) -> Diagnostic:
    first, *others = (f"`{each.text}`" for each in headings)
    message = f"a column {first} isn't known{', nor is ' if others else ''}{' and '.join(others)}"
    return Diagnostic("V112", message, tuple(Label(each.span(), "this column") for each in headings), KNOWN)


def _told(message: str, at: Excerpt, help: str, label: str = "this") -> Diagnostic:
    return Diagnostic("V112", message, (Label(at.span(), label),), help)


def _names(cell: Excerpt) -> bool:
    """Whether a cell says a layer, also one that the language hasn't."""
    try:
        return any(fact.name == "kind" and fact.text not in ("none", "input", "output") for fact in facts(cell))
    except UnsayableError:
        return True
    except UnreadableError:
        return False
