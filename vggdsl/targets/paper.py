"""A paper as PDF: its tables, as text that the notations read.

A PDF has no tables, but words and rules at places. A table stands between two horizontal rules of one length, as
LaTeX and printers set it; what stands on one line there is a row, and gaps that are wider than spaces part its cells.
So do vertical rules. Columns are where the fullest rows have theirs. A row with one cell that none of them holds alone
is of all; a cell of several rows is of the first.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfplumber.page import Page

from vggdsl.targets.paper_rows import Bar, Rule, chunks_of, text_of
from vggdsl.targets.paper_words import Word, lines_of, words_of
from vggdsl.text.errors import Diagnostic, InputError, VggdslError
from vggdsl.text.files import replacing

_SAME = 3.0
"""Points by which ends of rules of one table may differ."""
_LEAST = 20
"""Points that a table is high at least."""
_ROWS = 3
"""Of several cells, that a table without rules has at least."""
_SHORT = 0.4
"""Of a page's width: a longer line is text."""
_FAR = 1.6
"""Of the size of letters: what stands further below is of another table."""
_TURNED = 100
"""Letters that don't stand upright, of which a page has more where a table is turned, or half of its letters are; a
margin's stamp has fewer."""
_DOTS = 150
"""A picture's, an inch."""
_LOW = 4.0
"""Points: what is lower is no vertical rule, but a part of a sign."""
_MARGIN = 1.5
"""Points around a table in its picture, at the most: its rules are in it, and what stands beside it isn't."""
_ACROSS = 0.9
"""Of a table's width: a rule that is shorter parts some of its columns alone."""


@dataclass(frozen=True)
class Table:
    """``text`` has a line a row, its cells parted by tabs, and what is bold in ``<b>``; ``page`` counts from 1, and
    ``number`` the tables of a page, those between rules first.

    ``box`` is where it stands: left, top, right and bottom, in points from the upper left corner.
    """

    page: int
    number: int
    text: str
    box: tuple[float, float, float, float]
    is_ruled: bool
    """Whether it stands between rules: else it is text in columns, perhaps no table."""


@dataclass(frozen=True)
class Paper:
    """The tables of the pages that were looked at, how many pages these are, and those whose text is ``turned``, so
    that their tables aren't read."""

    tables: Sequence[Table]
    pages: int
    turned: Sequence[int]


def read_paper(path: Path, page: int | None = None) -> Paper:
    """The tables of a PDF, or of one of its pages, in the order in which they stand.

    Raises ``InputError`` V502 if it can't be read, needs a password, has no such page, or no text, as scans have none.
    """
    with _opened(path) as pdf:
        count = len(pdf.pages)
        laid_out = [_laid_out(each) for each in pdf.pages if page in (None, each.page_number)]
    if not laid_out:
        help = f"--page is from 1 to {count}" if count else "it has none"
        raise InputError(Diagnostic("V502", f"{path} has no page {page or 1}", help=help))
    if not any(each.words for each in laid_out):
        message = f"{path} holds no text: its pages are pictures, as of a scan"
        help = "let a program for optical character recognition add the text"
        raise InputError(Diagnostic("V502", message, help=help))
    turned = [each.number for each in laid_out if each.is_turned]
    return Paper([table for each in laid_out for table in _tables(each)], len(laid_out), turned)


def picture(path: Path, table: Table, target: Path) -> None:
    """Writes a table as it stands on its page, as PNG. Raises ``InputError`` V502, V506."""
    with _opened(path) as pdf:
        page = pdf.pages[table.page - 1]
        x0, top, x1, bottom = table.box
        x0, x1 = max(0, x0 - 4), min(page.width, x1 + 4)
        beside = [each for each in page.chars if each["x0"] < x1 and each["x1"] > x0 and each["text"].strip()]
        above = max((c["bottom"] for c in beside if c["top"] + c["bottom"] < 2 * top), default=0)
        below = min((c["top"] for c in beside if c["top"] + c["bottom"] > 2 * bottom), default=page.height)
        box = x0, max(0, top - _margin(top - above)), x1, min(page.height, bottom + _margin(below - bottom))
        image = page.crop(box).to_image(resolution=_DOTS)
    with replacing(target) as part:
        image.save(part, format="PNG")


def _margin(room: float) -> float:
    """So that what stands beside a table, such as its caption, isn't in the picture, nor in a part of its last dots."""
    return max(0, min(_MARGIN, room - 72 / _DOTS))


@contextmanager
def _opened(path: Path) -> Iterator[pdfplumber.PDF]:
    """A PDF, while the libraries that read it are at work alone: a damaged one ends in whatever their parts raise."""
    logger = logging.getLogger("pdfminer")
    level = logger.level
    logger.setLevel(logging.ERROR)  # it tells of each font that it knows little of
    try:
        with pdfplumber.open(path) as pdf:
            yield pdf
    except VggdslError:
        raise
    except Exception as error:
        if any(isinstance(each, PDFPasswordIncorrect) for each in (error, *error.args)):
            help = "open it with the password, and print it into a PDF that has none"
            raise InputError(Diagnostic("V502", f"{path} is encrypted, and needs a password", help=help)) from None
        why = " ".join(str(error).split()) or type(error).__name__
        raise InputError(Diagnostic("V502", f"{path} can't be read as a PDF: {why}", help="save it anew")) from None
    finally:
        logger.setLevel(level)


@dataclass(frozen=True)
class _Page:
    """What stands on a page: words; horizontal rules, as where they begin and end and how far down; vertical ones, as
    where they stand and from where to where they go down; lines of text."""

    number: int
    width: float
    words: Sequence[Word]
    rules: Sequence[tuple[float, float, float]]
    bars: Sequence[Bar]
    lines: Sequence[Mapping[str, Any]]
    is_turned: bool


def _laid_out(page: Page) -> _Page:
    words = words_of(page)
    rules = sorted({(round(e["x0"], 1), round(e["x1"], 1), round(e["top"], 1)) for e in page.horizontal_edges})
    upright = {(e["x0"], e["top"], e["bottom"]) for e in page.vertical_edges if e["bottom"] - e["top"] > _LOW}
    turned = sum(not each["upright"] or each["matrix"][0] < 0 for each in page.chars)
    is_turned = turned > min(_TURNED, len(page.chars) / 2)
    lines = page.extract_text_lines(return_chars=False)
    laid_out = _Page(page.page_number, page.width, words, rules, sorted(upright), lines, is_turned)
    page.close()  # what it was laid out by takes tens of megabytes
    return laid_out


def _tables(page: _Page) -> Iterator[Table]:
    boxes = _boxes(page)
    rules = _joined(page.rules)
    found = list[tuple[tuple[float, float, float, float], str, bool]]()
    for box in boxes:
        x0, top, x1, bottom = box
        bars = [bar for bar in page.bars if x0 < bar[0] < x1 and bar[1] < bottom and bar[2] > top]
        words = [word for word in page.words if _is_inside(word, box)]
        if text := text_of(words, _rules_in(box, rules), bars, (x0 + x1) / 2):
            found.append((box, text, True))
    rest = [word for word in page.words if not any(_is_inside(word, box) for box in boxes)]
    found += [(_around(run), text, False) for run in _runs(rest, page.width) if (text := text_of(run))]
    for number, (box, text, is_ruled) in enumerate(
        sorted(found, key=lambda each: (not each[2], each[0][1], each[0][0])), 1
    ):
        yield Table(page.number, number, text, box, is_ruled)


def _rules_in(box: tuple[float, float, float, float], rules: Sequence[tuple[float, float, float]]) -> list[Rule]:
    x0, top, x1, bottom = box
    inside = [each for each in rules if top <= each[2] <= bottom and min(each[1], x1) > max(each[0], x0)]
    return sorted(Rule(y, a, b, b - a >= _ACROSS * (x1 - x0)) for a, b, y in inside)


def _runs(words: Sequence[Word], width: float) -> Iterator[list[Word]]:
    """Lines of several cells under each other, as of a table without rules; among them may stand short ones."""
    run: list[list[Word]] = []
    for line in [*lines_of(words), []]:
        chunks = chunks_of(line)
        is_short = len(chunks) == 1 and chunks[0].x1 - chunks[0].x0 < _SHORT * width
        is_near = not run or not line or line[0]["top"] - run[-1][0]["bottom"] < _FAR * line[0]["size"]
        if (len(chunks) > 1 or is_short) and is_near:
            run.append(line)
            continue
        if sum(len(chunks_of(each)) > 1 for each in run) >= _ROWS:
            yield [word for each in run for word in each]
        run = [line] if line and (len(chunks) > 1 or is_short) else []


def _around(words: Sequence[Word]) -> tuple[float, float, float, float]:
    return (
        min(w["x0"] for w in words),
        min(w["top"] for w in words),
        max(w["x1"] for w in words),
        max(w["bottom"] for w in words),
    )


def _is_inside(word: Word, box: tuple[float, float, float, float]) -> bool:
    x0, top, x1, bottom = box
    across, down = (word["x0"] + word["x1"]) / 2, (word["top"] + word["bottom"]) / 2
    return bool(x0 - _SAME <= across <= x1 + _SAME and top < down < bottom)


def _boxes(page: _Page) -> list[tuple[float, float, float, float]]:
    """Between the first and the last of horizontal rules that have one length and stand over each other; of these a
    table's hold less than a page, and no gap that is far wider than the others."""
    joined = _joined(page.rules)
    groups: list[list[tuple[float, float, float]]] = []
    for rule in sorted(joined, key=lambda each: each[2]):
        for group in groups:
            if abs(group[-1][0] - rule[0]) <= _SAME and abs(group[-1][1] - rule[1]) <= _SAME:
                group.append(rule)
                break
        else:
            groups.append([rule])
    parts = [part for group in groups for part in _apart(group, page)]
    boxes = [(part[0][0], part[0][2], part[0][1], part[-1][2]) for part in parts if part[-1][2] - part[0][2] > _LEAST]
    return sorted(
        (box for box in boxes if not any(_is_part(box, other) for other in boxes)), key=lambda b: (b[1], b[0])
    )


def _is_part(box: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    """Whether rules are those of some columns of a table, which begin or end with its own."""
    is_inside = other[1] <= box[1] and box[3] <= other[3] and box[2] - box[0] < other[2] - other[0] - _SAME
    return is_inside and min(abs(box[0] - other[0]), abs(box[2] - other[2])) <= _SAME


def _joined(rules: Sequence[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """Rules that are drawn cell by cell, as one each."""
    by_top: dict[float, list[list[float]]] = {}
    for x0, x1, top in sorted(rules, key=lambda each: (each[2], each[0])):
        near = next((t for t in by_top if abs(t - top) <= 1), top)
        parts = by_top.setdefault(near, [])
        if parts and x0 <= parts[-1][1] + _SAME:
            parts[-1][1] = max(parts[-1][1], x1)
        else:
            parts.append([x0, x1])
    return [(x0, x1, top) for top, parts in by_top.items() for x0, x1 in parts if x1 - x0 > 30]


def _apart(group: list[tuple[float, float, float]], page: _Page) -> Iterator[list[tuple[float, float, float]]]:
    """Tables over each other in one column: a caption stands between the last rule of one and the first of the next,
    where booktabs' three rules, or a heading's, begin anew."""
    if len(group) <= 3:
        yield group
        return
    captions = [
        line["top"]
        for line in page.lines
        if line["text"].lstrip().lower().startswith(("table ", "table.", "tab. ", "figure ", "fig. "))
    ]
    part = [group[0]]
    for above, rule in pairwise(group):
        if any(above[2] < top < rule[2] for top in captions):
            yield part
            part = []
        part.append(rule)
    yield part
