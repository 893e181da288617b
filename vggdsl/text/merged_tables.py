"""Tables as papers print configurations: a column a network, rows with one cell for all, cells of several lines."""

import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple, TypeAlias

from vggdsl.text.printing import LINE, shown, width_of
from vggdsl.text.tables import FITTED, LINES, in_latex, in_markdown, latex_row, needs

_BOLD, _OFF = "\x1b[1m", "\x1b[0m"
_GAP = " " * 3
_COLUMNS = 4
"""Of layers' names that a page of LaTeX's article has room for."""


class Word(NamedTuple):
    """A line of a cell."""

    text: str
    is_bold: bool = False


Stack: TypeAlias = tuple[Word, ...]
"""A cell: lines one below another, or none."""


@dataclass(frozen=True)
class MergedRow:
    """A cell a column, or one for all; ``is_head`` is a row above the table's body."""

    cells: tuple[Stack, ...]
    is_head: bool = False


@dataclass(frozen=True)
class MergedTable:
    """``notes`` stand below."""

    width: int
    rows: tuple[MergedRow, ...]
    notes: tuple[str, ...] = ()


def one(text: str) -> Stack:
    return (Word(text),)


def _lines(row: MergedRow) -> Iterator[tuple[Word, ...]]:
    """The lines of a row: what stands side by side in its cells."""
    yield from zip_longest(*row.cells, fillvalue=Word(""))


def merged_text(table: MergedTable, color: bool = False) -> str:
    """Plain text, with a rule below each row; what all columns share stands in the middle.

    >>> stacks = (Word("conv3-8"),), (Word("conv3-8"), Word("LRN", is_bold=True))
    >>> rows = MergedRow((one("A"), one("B")), is_head=True), MergedRow(stacks), MergedRow((one("maxpool"),))
    >>> print(merged_text(MergedTable(2, rows)))
    A         B
    ─────────────────
    conv3-8   conv3-8
              LRN
    ─────────────────
         maxpool
    """
    rows = [[[_shown(word) for word in line] for line in _lines(row)] for row in table.rows]
    own = [line for row in rows for line in row if len(line) == table.width > 1 or table.width == 1]
    widths = [max(map(width_of, (word.text for word in column)), default=0) for column in zip(*own, strict=True)]
    widths = widths or [0] * table.width
    whole = sum(widths) + len(_GAP) * (len(widths) - 1)
    shared = max((width_of(line[0].text) for row in rows for line in row if len(line) == 1), default=0)
    if shared > whole:
        widths[-1] += shared - whole
        whole = shared

    def told(line: Sequence[Word]) -> str:
        if len(line) == 1 < table.width:
            return " " * ((whole - width_of(line[0].text)) // 2) + _in_terminal(line[0], 0, color)
        return _GAP.join(_in_terminal(*each, color) for each in zip(line, widths, strict=True)).rstrip()

    found = list[str]()
    for row in rows:
        found += [*(["─" * whole] if found else []), *map(told, row)]
    return "\n".join([*found, *(["", *(shown(note, LINE) for note in table.notes)] if table.notes else [])])


def _shown(word: Word) -> Word:
    return Word(shown(word.text, LINE), word.is_bold)


def _in_terminal(word: Word, width: int, color: bool) -> str:
    text = f"{_BOLD}{word.text}{_OFF}" if word.is_bold and color else word.text
    return text + " " * (width - width_of(word.text))


def merged_markdown(table: MergedTable) -> str:
    """A table of GitHub's Markdown, which has no merged cells: what all columns share stands in each.

    >>> stacks = (Word("conv3-8"),), (Word("conv3-8"), Word("LRN", is_bold=True))
    >>> rows = MergedRow((one("A"), one("B")), is_head=True), MergedRow(stacks), MergedRow((one("maxpool"),))
    >>> print(merged_markdown(MergedTable(2, rows)))
    | A | B |
    | :-: | :-: |
    | conv3-8 | conv3-8<br>**LRN** |
    | maxpool | maxpool |
    """

    def line(row: MergedRow) -> str:
        cells = ["<br>".join(map(_in_markdown, cell)) for cell in row.cells]
        return f"| {' | '.join(cells * (table.width // len(cells)))} |"

    first, *rest = (row for row in table.rows if len(row.cells) == table.width or not row.is_head)
    lines = [line(first), f"| {' | '.join([':-:'] * table.width)} |", *map(line, rest)]
    return "\n".join([*lines, *(f"\n{in_markdown(note)}" for note in table.notes)])


def _in_markdown(word: Word) -> str:
    return f"**{in_markdown(word.text)}**" if word.is_bold else in_markdown(word.text)


def merged_latex(table: MergedTable) -> str:
    r"""A ``tabular`` with rules around all cells, as in the VGG paper.

    One of more than four columns is made as small as the page needs.

    >>> stacks = (Word("conv3-8"),), (Word("conv3-8"), Word("LRN", is_bold=True))
    >>> rows = MergedRow((one("A"), one("B")), is_head=True), MergedRow(stacks), MergedRow((one("maxpool"),))
    >>> print(merged_latex(MergedTable(2, rows)))
    \begin{tabular}{|c|c|}
    \hline
    A & B \\
    \hline
    conv3-8 & conv3-8 \\
     & \textbf{LRN} \\
    \hline
    \multicolumn{2}{|c|}{maxpool} \\
    \hline
    \end{tabular}
    """

    def told(line: Sequence[Word]) -> str:
        cells = [f"\\textbf{{{in_latex(word.text)}}}" if word.is_bold else in_latex(word.text) for word in line]
        if len(line) == 1 < table.width:
            cells = [f"\\multicolumn{{{table.width}}}{{|c|}}{{{cells[0]}}}"]
        return latex_row(cells)

    notes = [f"% {shown(note, LINE)}" for note in table.notes]
    is_wide = table.width > _COLUMNS
    high = sum(len(list(_lines(row))) for row in table.rows)
    if high > max(LINES, LINES * table.width / _COLUMNS):
        notes.append(f"% {high} lines, more than a page holds: print fewer layers a table, or make it smaller")
    lines = [FITTED] if is_wide else []
    lines += [f"\\begin{{tabular}}{{|{'c|' * table.width}}}", "\\hline"]
    for row in table.rows:
        lines += [*map(told, _lines(row)), "\\hline"]
    packages = needs(lines, "graphicx" if is_wide else "")
    return "\n".join([*notes, *packages, *lines, "\\end{tabular}" + "}" * is_wide])


def merged_html(table: MergedTable) -> str:
    """A table of HTML, without any style.

    >>> stacks = (Word("conv3-8"),), (Word("conv3-8"), Word("LRN", is_bold=True))
    >>> rows = MergedRow((one("A"), one("B")), is_head=True), MergedRow(stacks), MergedRow((one("maxpool"),))
    >>> print(merged_html(MergedTable(2, rows)))
    <table>
    <tr><th>A</th><th>B</th></tr>
    <tr><td>conv3-8</td><td>conv3-8<br><b>LRN</b></td></tr>
    <tr><td colspan="2">maxpool</td></tr>
    </table>
    """
    lines = ["<table>"]
    for row in table.rows:
        tag = "th" if row.is_head else "td"
        span = f' colspan="{table.width}"' if len(row.cells) == 1 < table.width else ""
        cells = (f"<{tag}{span}>{'<br>'.join(_in_html(stack))}</{tag}>" for stack in row.cells)
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return "\n".join([*lines, "</table>", *(f"<p>{html.escape(shown(note, LINE))}</p>" for note in table.notes)])


def _in_html(stack: Iterable[Word]) -> Iterator[str]:
    for word in stack:
        text = html.escape(shown(word.text, LINE))
        yield f"<b>{text}</b>" if word.is_bold else text
