"""Tables as people and programs read them: plain text, Markdown, HTML, LaTeX, CSV."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import TextWrapper

from vggdsl.text.html import as_text, paragraph
from vggdsl.text.printing import LINE, printable, shown, width_of

Cells = Sequence[str]
_GAP = " " * 3
_BOLD, _OFF = "\x1b[1m", "\x1b[0m"


@dataclass(frozen=True)
class Column:
    """Numbers stand to the right, words to the left."""

    name: str
    is_words: bool = False


@dataclass(frozen=True)
class RowGroup:
    """Rows that belong together; totals are printed bold."""

    rows: Sequence[Cells]
    is_total: bool = False


@dataclass(frozen=True)
class Table:
    """Parts of rows with a cell a column; ``note`` is what all rows have in common."""

    columns: Sequence[Column]
    groups: Sequence[RowGroup]
    note: str = ""

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]


def words(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, is_words=True) for name in names)


def numbers(*names: str) -> tuple[Column, ...]:
    return tuple(map(Column, names))


def to_text(table: Table, color: bool = False) -> str:
    """Plain text as wide as it needs to be, under a rule the names of the columns; between groups a blank line.

    >>> groups = [RowGroup([("fc6", "1,000")]), RowGroup([("total", "1,000")])]
    >>> print(to_text(Table(words("name") + numbers("params"), groups)))
    name    params
    ──────────────
    fc6      1,000
    <BLANKLINE>
    total    1,000
    """
    groups = [[[shown(cell, LINE) for cell in row] for row in group.rows] for group in table.groups]
    header = [shown(name) for name in table.names]
    all_rows = [header, *(row for group in groups for row in group)]
    widths = [max(map(width_of, cells)) for cells in zip(*all_rows, strict=True)]

    def line(row: Cells, is_bold: bool = False) -> str:
        cells = []
        for cell, column, width in zip(row, table.columns, widths, strict=True):
            blank = " " * (width - width_of(cell))
            cells.append(cell + blank if column.is_words else blank + cell)
        text = _GAP.join(cells).rstrip()
        return f"{_BOLD}{text}{_OFF}" if color and is_bold else text

    lines = [line(header, is_bold=True), "─" * (sum(widths) + len(_GAP) * (len(widths) - 1))]
    for i, group in enumerate(groups):
        lines += [""] if i else []
        lines += [line(row, table.groups[i].is_total) for row in group]
    if table.note:
        lines += ["", f"in common: {shown(table.note, LINE)}"]
    return "\n".join(lines)


def to_markdown(table: Table) -> str:
    """A table of GitHub's Markdown. It knows no rules between rows: groups follow each other.

    >>> groups = [RowGroup([("add[ conv3-8 | identity ]", "584")])]
    >>> print(to_markdown(Table(words("layer") + numbers("params"), groups)))
    | layer | params |
    | :-- | --: |
    | add[ conv3-8 \\| identity ] | 584 |
    """

    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cells)} |"

    lines = [line(map(in_markdown, table.names)), line(":--" if column.is_words else "--:" for column in table.columns)]
    lines += [line(map(in_markdown, row)) for group in table.groups for row in group.rows]
    if table.note:
        lines += ["", f"In common: {in_markdown(table.note)}."]
    return "\n".join(lines)


_MARKS = re.compile(r"[\\`*<|]|(?<![^\W_])_|_(?![^\W_])|(?<=\S)~|\](?=[(\[:])|&(?=[#\w])")
"""What Markdown would take for more than text, at the places where it would."""


def in_markdown(text: str) -> str:
    return _MARKS.sub(r"\\\g<0>", _in_a_line(text))


def to_html(table: Table) -> str:
    """A table of HTML, its groups bodies of their own.

    >>> to_html(Table(words("name") + numbers("params"), [RowGroup([("a<b", "8")], is_total=True)])).split("<tbody>")[1]
    '<tr><th style="text-align:left">a&lt;b</th><th style="text-align:right">8</th></tr></tbody></table>'
    """
    sides = ["left" if column.is_words else "right" for column in table.columns]

    def row(cells: Cells, tag: str) -> str:
        styled = (f'<{tag} style="text-align:{side}">{as_text(cell)}' for cell, side in zip(cells, sides, strict=True))
        return f"<tr>{''.join(f'{cell}</{tag}>' for cell in styled)}</tr>"

    html = f"<table><thead>{row(table.names, 'th')}</thead>"
    for group in table.groups:
        html += f"<tbody>{''.join(row(cells, 'th' if group.is_total else 'td') for cells in group.rows)}</tbody>"
    return f"{html}</table>" + (paragraph(f"in common: {as_text(table.note)}") if table.note else "")


def _in_a_line(text: str) -> str:
    return shown(" ".join(text.split()), LINE)


def to_latex(table: Table, cited: Mapping[str, str] | None = None) -> str:
    r"""A ``tabular`` with the rules of the package booktabs; ``cited`` are keys by what stands in the first column.

    One of more rows than a page holds is several below each other, of one width.

    >>> print(to_latex(Table(words("name") + numbers("error"), [RowGroup([("conv3_1", "8.1%")])])))
    % needs \usepackage{booktabs}
    \begin{tabular}{lr}
    \toprule
    name & error \\
    \midrule
    conv3\_1 & 8.1\% \\
    \bottomrule
    \end{tabular}
    """
    letters = [_letters(table, at) for at in range(len(table.columns))]
    is_wide = sum(each + _BETWEEN for each in letters) > _PAGE
    broken = [is_wide and each.is_words and n > _LONG for each, n in zip(table.columns, letters, strict=True)]
    kinds = [_BROKEN if b else "l" if each.is_words else "r" for b, each in zip(broken, table.columns, strict=True)]
    begin = [FITTED] * is_wide + ["\\begin{tabular}{" + "".join(kinds) + "}", "\\toprule"]
    begin.append(latex_row([in_latex(name) for name in table.names]))
    end = ["\\bottomrule", "\\end{tabular}" + "}" * is_wide]
    pages = _pages(table, broken)
    if len(pages) > 1:  # as wide as each other, by a row that isn't seen
        widest = [max((table.names[at], *cells), key=len) for at, cells in enumerate(zip(*_rows(table), strict=True))]
        widest = [name if b else cell for b, name, cell in zip(broken, table.names, widest, strict=True)]
        cells = [f"\\hphantom{{{each}}}" for each in _latex_cells(widest, table.columns, {})]
        end.insert(0, f"{latex_row(cells)}[-\\normalbaselineskip]")
    lines = [f"% in common: {_in_a_line(table.note)}"] if table.note else []
    lines += [f"% {len(pages)} tables below each other: it has more rows than a page"] if len(pages) > 1 else []
    for number, groups in enumerate(pages):
        lines += ([""] if number else []) + begin
        for rows in groups:
            lines += ["\\midrule", *(latex_row(_latex_cells(row, table.columns, cited or {})) for row in rows)]
        lines += end
    return "\n".join([*needs(lines, f"booktabs{',array,graphicx' if is_wide else ''}"), *lines])


def _rows(table: Table) -> list[Cells]:
    return [row for group in table.groups for row in group.rows]


def _pages(table: Table, broken: Sequence[bool]) -> list[list[list[Cells]]]:
    """Rows by groups, of each page its own: with cells that are broken as said, and as small as the width needs."""
    widths = [min(_letters(table, at), _CELL) if each else _letters(table, at) for at, each in enumerate(broken)]
    room = max(LINES, LINES * sum(each + _BETWEEN for each in widths) // _PAGE)
    pages: list[list[list[Cells]]] = [[]]
    used, wrap = 0, TextWrapper(_CELL, break_long_words=False).wrap
    for group in table.groups:
        pages[-1].append([])
        for row in group.rows:
            high = max([len(wrap(cell)) for cell, each in zip(row, broken, strict=True) if each], default=1)
            if used and used + high > room:
                pages.append([[]])
                used = 0
            pages[-1][-1].append(row)
            used += high
    return pages if len(pages) == 1 else [[rows for rows in groups if rows] for groups in pages]


_BETWEEN = 2
"""Letters that the space between two columns takes."""
_PAGE = 64
"""Letters on a line of LaTeX's article: a wider table is made as small as the page needs."""
LINES = 37
"""On a page of it, with room for what isn't a row."""
_LONG = 24
"""Letters of a cell that is broken into lines, in a table that is too wide."""
_CELL = 25
"""Letters on such a line."""
_BROKEN = ">{\\raggedright\\arraybackslash}p{14em}"
FITTED = r"\noindent\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
"""Begins a box of LaTeX's package graphicx that is no wider than the page, or its column."""


def _letters(table: Table, at: int) -> int:
    """The longest cell of a column."""
    return max(map(len, (table.names[at], *(row[at] for group in table.groups for row in group.rows))))


_LAST_LATIN, _NO_LATEX = "\u017f", "ĦħĸĿŀŉŦŧſ"
"""The last character that any LaTeX reads as it comes, and those before it that none but the new ones do."""
_T1 = "«»ÐðÞþĄąĐđĘęĮįŊŋŲų"
"""Those that aren't in the fonts that LaTeX takes unless told."""


def needs(lines: Sequence[str], packages: str = "") -> list[str]:
    """A comment that says what lines of LaTeX need beside LaTeX itself, if anything."""
    chars = {char for line in lines for char in line}
    beyond = sorted(char for char in chars if char > _LAST_LATIN or char in _NO_LATEX)
    found = [f"\\usepackage{{{packages}}}"] if packages else []
    if beyond:
        found.append(f"LuaLaTeX or XeLaTeX with a font that has {' '.join(beyond)}")
    elif others := sorted(chars & {*_T1}):
        found.append(f"\\usepackage[T1]{{fontenc}} for {' '.join(others)}")
    return [f"% needs {', and '.join(found)}"] if found else []


_LATEX = str.maketrans(
    {
        **{char: f"\\{char}" for char in "%&_#${}"},
        "\\": "\\textbackslash{}",
        "~": "\\textasciitilde{}",
        "^": "\\textasciicircum{}",
        "|": "\\textbar{}",  # LaTeX's first encoding has other characters in the places of these three
        "<": "\\textless{}",
        ">": "\\textgreater{}",
        '"': "\\symbol{34}",  # which some languages make an accent of
        "±": "$\\pm$",
        "×": "$\\times$",
        "…": "\\dots{}",
        "−": "$-$",
        "≤": "$\\leq$",
        "≥": "$\\geq$",
    }
)


def _latex_cells(row: Cells, columns: Sequence[Column], cited: Mapping[str, str]) -> list[str]:
    cells = [
        in_latex(cell) if column.is_words else re.sub(r"^-(?=\d)", "$-$", in_latex(cell))
        for cell, column in zip(row, columns, strict=True)
    ]
    if row[0] in cited:
        cells[0] += f"~\\cite{{{cited[row[0]]}}}"
    return cells


def latex_row(texts: list[str]) -> str:
    """A row of cells that are LaTeX already."""
    if texts[0].startswith(("[", "*")):  # behind the end of a row they are its options
        texts[0] = "{}" + texts[0]
    return " & ".join(texts) + " \\\\"


def in_latex(text: str) -> str:
    """Characters stay as they are where LaTeX would make another of several: a dash of hyphens, quotes of commas."""
    return _JOINED.sub(r"\g<0>{}", _in_a_line(text).translate(_LATEX)).replace("—", "---")


_JOINED = re.compile(r"-(?=[-—])|—(?=-)|[?!`](?=`)|'(?=')|,(?=,)")


_FORMULA = re.compile(r"[=+@-].|\s+[=+@-]", re.DOTALL)
_NUMBER = re.compile(r"[+-]?[\d.,]+(e[+-]?\d+)?%?", re.IGNORECASE)


def to_csv(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Comma-separated values with a line of names; nothing for None.

    >>> to_csv(["name", "params"], [("fc6", 1000), ("drop6", None)])
    'name,params\\nfc6,1000\\ndrop6,\\n'
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


def to_spreadsheet(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """The same for people: a text that a spreadsheet would take for a formula stands behind an apostrophe.

    >>> to_spreadsheet(["name", "difference"], [("=1+1", "-0.31")])
    "name,difference\\n'=1+1,-0.31\\n"
    """
    return to_csv(columns, (map(_no_formula, row) for row in rows))


def spreadsheet_line(row: Iterable[object]) -> str:
    """A line of it, for what is told row by row.

    >>> spreadsheet_line(["=1+1", None, 0.5])
    "'=1+1,,0.5\\n"
    """
    return to_csv((), [map(_no_formula, row)]).removeprefix("\n")


def _no_formula(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text
