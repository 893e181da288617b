"""A pasted table as rows of cells: of tabs, pipes, Markdown, CSV, LaTeX's tabular or HTML, without its markup."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from html import unescape

from vggdsl.language.notations.excerpt import Excerpt, joined
from vggdsl.text.extents import Extent, column_of, columns_of, is_whole, overlapped
from vggdsl.text.source import Source
from vggdsl.text.typography import stands_for

_LATEX = re.compile(r"\\begin\{(tabularx?|tabular\*|array|longtable)\}")
_PARTS = re.compile(r"(?<!\\)&(?!#?\w{1,8};)")
_BEHIND = re.compile(r"(?:\[[^\]]*\])?\s*(?:\\[a-zA-Z]+[^&]*|%.*)?")
"""What may stand behind the end of a row in its line: a height, rules, a comment."""
_HTML = re.compile(r"<(table|tr|td)\b", re.IGNORECASE)
_RULE = re.compile(
    r"[\s|:+=_-]*(?:-{2,}|={2,}|\+)[\s|:+=_-]*\Z|[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)+\|?[ \t]*\Z"
    r"|[ \t─━═]*\Z|[ \t]*`{3}\w*[ \t]*\Z"
)
"""A line that draws a rule, or is empty, or the fence of code in Markdown."""
FENCE = re.compile(r"[ \t]*(?:`{3}|~{3})\w*[ \t]*")
"""The line around code in Markdown."""
_EXACT = 1.1
"""Letters by which a cell that is centred may be off the middle."""
_MOST = 100
"""Columns of a table at most: what has more is none."""
CAPTION = re.compile(r"(?:table|tab\.|figure|fig\.) ?\d+\b.*", re.IGNORECASE)
"""What a paper calls its tables by, in a line of its own."""


@dataclass(frozen=True)
class Cell:
    """``columns`` are those that it spans, from 0 on; ``rows`` is how many rows it reaches over."""

    text: Excerpt
    columns: range
    rows: int = field(default=1, kw_only=True)

    def under(self, headings: Sequence[str]) -> str:
        """Which of the columns' headings, or roles, it stands under; empty beyond them."""
        return headings[self.columns.start] if self.columns.start < len(headings) else ""


Row = Sequence[Cell]


@lru_cache(maxsize=4)
def rows_of(source: Source) -> Sequence[Row]:
    """The rows of the table that a text is: cells of one form throughout.

    A text without cells has a cell a line, and so has one with more than ``_MOST`` columns. Several notations look at
    them to recognise a text.
    """
    rows = _rows(source)
    last = max((cell.columns.start for row in rows for cell in row), default=0)
    if last >= _MOST:
        return [_divided([line]) for line in Excerpt.of(source).split(r"\n+")]
    return [[_within(cell, last + 1) for cell in row] for row in rows]


def width(source: Source) -> int:
    """How many columns the table that a text is has."""
    return max((cell.columns.stop for row in rows_of(source) for cell in row), default=0)


def is_marked_up(source: Source) -> bool:
    """Whether a table is LaTeX's or HTML's, in which cells say how many columns they are of."""
    return bool(_HTML.search(source.text) or _LATEX.search(source.text)) or _is_bare(source.text)


def _is_bare(text: str) -> bool:
    """Whether a text is the rows of a table of LaTeX's without the lines around them: two at least, and as many as
    there are other lines with an `&`."""
    if text.count(r"\\") < 2:
        return False
    parted = [line for line in text.splitlines() if _PARTS.search(line)]
    rows = sum(map(_ends_row, parted))
    return rows > 1 and rows * 2 >= len(parted)


def _ends_row(line: str) -> bool:
    cells, end, behind = line.rpartition(r"\\")
    return bool(end) and _PARTS.search(cells) is not None and _BEHIND.fullmatch(behind) is not None


def _within(cell: Cell, width: int) -> Cell:
    """A cell that spans no more columns than there are: one is there where a cell begins."""
    begin, end = cell.columns.start, min(cell.columns.stop, width)
    return cell if end == cell.columns.stop else replace(cell, columns=range(begin, end))


def _rows(source: Source) -> list[Row]:
    whole = _unstacked(Excerpt.of(source))
    if _HTML.search(whole.text):
        return list(_html(whole))
    if _LATEX.search(whole.text):
        return list(_latex(whole))
    if _is_bare(whole.text):
        return list(_bare(whole))
    lines = [line for line in whole.split(r"\n+") if not _RULE.match(line.text)]
    is_framed = all(line.text.lstrip().startswith("|") for line in lines)
    if not is_framed and any("\t" in line.text for line in lines):
        return [_divided(line.split(r"\t")) for line in lines]
    for sign in ";,":
        if (rows := _separated(lines, sign)) is not None:
            return rows
    if sum("|" in line.text for line in lines) * 2 > len(lines):
        return [_divided(line.split(r"\|")) for line in _without_frame(lines)]
    if sum(re.search(r"\S {2,}\S", line.text) is not None for line in lines) * 3 > len(lines):
        return _aligned(lines)
    return [_divided([line]) for line in lines]


def _separated(lines: Sequence[Excerpt], sign: str) -> list[Row] | None:
    """The rows of CSV; None of what isn't plainly that: as many cells in each row, or one, and nothing but the sign
    between, where sentences have a blank behind it and calls have brackets around it."""
    parts = [_between(line, sign) for line in lines]
    width = len(parts[0]) if parts else 0
    full = [row for row in parts if len(row) == width]
    is_plain = all(_is_cell(cell.text) for row in full for cell in row)
    if not (is_plain and width > 1 and len(full) > 2 and all(len(row) in (1, width) for row in parts)):
        return None
    if len(full) < len(parts) and not all(re.fullmatch(r"[^\W\d][\w-]*", cell.strip().text) for cell in parts[0]):
        return None
    return [_divided([_unquoted(cell) for cell in row]) for row in parts]


def _between(line: Excerpt, sign: str) -> list[Excerpt]:
    """The cells between signs that aren't quoted."""
    parts, at = list[Excerpt](), 0
    for match in re.finditer(rf'"[^"]*"|{sign}', line.text):
        if match[0] == sign:
            parts.append(line[at : match.start()])
            at = match.end()
    return [*parts, line[at:]]


def _is_cell(text: str) -> bool:
    if re.fullmatch(r'"(?:[^"]|"")*"', text):
        return True
    return (
        text == text.strip() and '"' not in text and all(text.count(a) == text.count(b) for a, b in ("()", "[]", "{}"))
    )


def _unquoted(cell: Excerpt) -> Excerpt:
    return cell[1 : len(cell) - 1].sub('""', '"') if cell.text.startswith('"') else cell


_STACK = re.compile(
    r"\\begin\{(array|[bBpvV]?matrix|tabular)\}(?:\[[^\]]*\])?(?:\{[^{}]*\})?"
    r"((?:(?!\\begin\{|\\end\{|(?<!\\)&).)*)\\end\{\1\}",
    re.DOTALL,
)
"""Lines that LaTeX sets one above another, in a cell: `\\begin{bmatrix} 3x3, 64 \\\\ 3x3, 64 \\end{bmatrix}`."""


def _unstacked(whole: Excerpt) -> Excerpt:
    """With `[3x3, 64; 3x3, 64]` for stacks."""
    for match in reversed(list(_STACK.finditer(whole.text))):
        before = whole.text[: match.start()]
        if match[1] == "tabular" and before.count(r"\begin{tabular") <= before.count(r"\end{tabular"):
            continue  # that's the table itself
        lines = whole.part(match, 2).sub(r"\\\\(?:\[[^\]]*\])?", ";").sub(r"\n", " ")
        if match[1] in ("bmatrix", "Bmatrix"):
            ends = [Excerpt(whole.source, sign, [whole.places[match.start()]]) for sign in "[]"]
            lines = ends[0] + lines + ends[1]
        whole = whole[: match.start()] + lines + whole[match.end() :]
    return whole


def _aligned(lines: Sequence[Excerpt]) -> list[Row]:
    """Cells with two spaces between at least, in the columns that they stand in."""
    cells = [[(float(m.start()), float(m.end())) for m in re.finditer(r"\S+(?: \S+)*", line.text)] for line in lines]
    if max(map(len, cells), default=0) > _MOST:
        return [_divided([line]) for line in lines]
    columns, rows = columns_of(cells), list[Row]()
    forms = [
        [_form(line.text[int(begin) : int(end)]) for begin, end in row]
        for line, row in zip(lines, cells, strict=True)
        if len(row) == len(columns)
    ]
    cells = [
        [
            part
            for cell in row
            for part in _beside(line, cell, [{each[at] for each in forms} for at in overlapped(cell, columns)])
        ]
        for line, row in zip(lines, cells, strict=True)
    ]
    for line, row in zip(lines, cells, strict=True):
        if is_whole(row, columns, _EXACT):
            rows.append([_cell(line, range(len(columns)))])
            continue
        parts = [Excerpt(line.source, "", ())] * len(columns)
        for cell in row:
            at = column_of(cell, columns)
            part = line[int(cell[0]) : int(cell[1])]
            parts[at] = joined([parts[at], part], " ", line.source) if parts[at] else part
        rows.append(_divided(parts))
    return rows


def _form(text: str) -> str:
    return re.sub(r"\d+", "0", text)


def _beside(line: Excerpt, cell: Extent, over: Sequence[set[str]]) -> list[Extent]:
    """A cell, or those that it is: words of one form, `conv1-8 conv3-8`, one over each of so many columns of this form,
    which a PDF's text has but a blank apart. ``over`` are the forms that the columns have in full rows."""
    start = int(cell[0])
    words = [(start + m.start(), start + m.end()) for m in re.finditer(r"\S+", line.text[start : int(cell[1])])]
    forms = [_form(line.text[begin:end]) for begin, end in words]
    is_several = 1 < len(words) == len(over) and "0" in forms[0] and len({*forms}) == 1
    if is_several and all(forms[0] in column for column in over):
        return [(float(begin), float(end)) for begin, end in words]
    return [cell]


def _without_frame(lines: Sequence[Excerpt]) -> list[Excerpt]:
    """Without bars at the ends, where most lines with bars begin with one: else these say that a cell is empty."""
    lines = [line.strip() for line in lines]
    parted = [line.text for line in lines if "|" in line.text]
    if sum(text.startswith("|") for text in parted) * 2 <= len(parted):
        return lines
    lines = [line[1:] if line.text.startswith("|") else line for line in lines]
    return [line[: len(line) - 1] if line.text.endswith("|") else line for line in lines]


def _divided(parts: Sequence[Excerpt]) -> Row:
    return [_cell(part, range(at, at + 1)) for at, part in enumerate(parts)]


def _cell(text: Excerpt, columns: range, rows: int = 1) -> Cell:
    return Cell(plain(text), columns, rows=rows)


_MULTIROW = re.compile(r"\\multirow\s*\{\s*(\d{1,4})\s*\}")
_STYLES = "textbf|num|textit|emph|mathbf|mathrm|text|textrm|texttt|bf|centering|hline|small|rm"
_MARKUP = (
    (re.compile(r"<sup>", re.IGNORECASE), "^"),
    (re.compile(r"\\multirow\s*\{[^{}]*\}(?:\[[^\]]*\])?\s*\{[^{}]*\}"), ""),
    (re.compile(r"\\(?:left|right|[bB]igg?[lr]?)(?![a-zA-Z])|\\[()]"), ""),
    (re.compile(r"<br\s*/?>|\\newline\b|\\par\b|\\tabularnewline\b", re.IGNORECASE), " "),
    (re.compile(r"(?<=\d)</?(?:em|i)>(?=\d)", re.IGNORECASE), "x"),
    (re.compile(r"</?(?:sub|del|s|strike)\b[^<>]*>", re.IGNORECASE), "^"),
    (re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE), ""),
    (re.compile(r"&times;|\\(?:times|ast)(?![a-zA-Z])"), "x"),
    (re.compile(r"\\(?:to|[rR]ightarrow)(?![a-zA-Z])"), "->"),
    (re.compile(r"&nbsp;|\\[ ,;:!]"), " "),
    (re.compile(r"&lt;"), "<"),
    (re.compile(r"&gt;"), ">"),
    (re.compile(r"&amp;|\\&"), "&"),
    (re.compile(r"&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z]{2,8});", re.IGNORECASE), lambda match: _sign(match[0])),
    (re.compile(rf"\\(?:{_STYLES})(?![a-zA-Z])"), ""),
    (re.compile(r"\\([#%_])"), lambda match: match[1]),
    (re.compile(r"[${}`]|\*\*|__"), ""),
    (re.compile(r"\s+"), " "),
    (re.compile(r" (?=[,;)\]])|(?<=[(\[]) "), ""),
    (re.compile(r"(?<=\d) ?x ?(?=\d)"), "x"),
)


def _sign(entity: str) -> str:
    """What HTML writes by a name or a number, as it is typed: `&#x27;`, `&minus;`."""
    sign = unescape(entity)
    return stands_for(sign) or sign if len(sign) == 1 else entity


def plain(text: Excerpt) -> Excerpt:
    """Without markup; sizes are closed up: ``$3 \\times 3$`` is ``3x3``."""
    if not text:
        return text
    for pattern, by in _MARKUP:
        text = text.sub(pattern, by)
    return text.strip()


def _latex(whole: Excerpt) -> Iterator[Row]:
    """The rows of all tables, as HTML's: what a second one holds isn't passed over."""
    at = 0
    while (begin := _LATEX.search(whole.text, at)) is not None:
        stop = re.compile(r"\\end\{" + re.escape(begin[1])).search(whole.text, begin.end())
        at = stop.end() if stop else len(whole)
        yield from _tabular(whole[begin.end() : stop.start() if stop else len(whole)])


def _bare(whole: Excerpt) -> Iterator[Row]:
    """The rows of a table without `\begin{tabular}`; lines above them are rows of one cell, as of a table in tabs."""
    lines = list(whole.split(r"\n"))
    while lines and not re.search(r"[&\\]", lines[0].text):
        is_row_of_lines = len(lines) > 1 and lines[1].text.lstrip().startswith("&")
        if is_row_of_lines:
            break
        if lines[0].text.strip():
            yield _divided(lines[:1])
        lines = lines[1:]
    yield from _lined(joined(lines, "\n", whole.source))


def _tabular(whole: Excerpt) -> Iterator[Row]:
    yield from _lined(whole[_arguments(whole.text) :])


def _lined(whole: Excerpt) -> Iterator[Row]:
    whole = whole.sub(re.compile(r"(?<!\\)%[^\n]*"), "").sub(r"(?<!\\)~", " ")
    whole = whole.sub(_RULES, "")
    for match in reversed(list(_LINES.finditer(whole.text))):
        lines = whole.part(match, 1).sub(r"\\\\(?:\[[^\]]*\])?", " ")
        whole = whole[: match.start()] + lines + whole[match.end() :]
    for line in whole.split(r"\\\\(?:\[[^\]]*\])?|\\tabularnewline\b"):
        if line.text.strip():
            yield _spanned(line.split(r"(?<!\\)&"))


_LINES = re.compile(
    r"\\(?:makecell|shortstack|thead|specialcell|tabincell\s*\{[^{}]*\})(?:\[[^\]]*\])?"
    r"\s*\{((?:[^{}]|\{[^{}]*\})*)\}"
)
"""Lines of one cell."""
_RULES = re.compile(
    r"\\(?:top|mid|bottom)rule(?![a-zA-Z])(?:\[[^\]]*\]|\([^)]*\))*|\\[hX]hline(?:\{[^}]*\})?|\\hline(?![a-zA-Z])"
    r"|\\c(?:mid)?(?:rule|line)(?:\[[^\]]*\]|\([^)]*\))*\{[^}]*\}|\\addlinespace(?![a-zA-Z])(?:\[[^\]]*\])?"
    r"|\\specialrule(?:\{[^}]*\}){3}|\\(?:row|cell)color(?:\[[^\]]*\])?\{[^}]*\}|\\noalign\{[^}]*\}"
)
"""What draws rules and colours."""


def _arguments(text: str) -> int:
    """How long the arguments of a tabular are: `[t]{lccc}`, with braces inside."""
    at, depth = 0, 0
    while at < len(text) and (depth or text[at] in "[{ \t\n"):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(text[at], 0)
        at += 1
        if not depth and text[at : at + 1] not in ("[", "{"):
            break
    return at


_MULTICOLUMN = re.compile(r"\s*\\multicolumn\s*\{(\d+)\}\s*\{[^{}]*\}\s*\{(.*)\}\s*\Z", re.DOTALL)


def _spanned(parts: Sequence[Excerpt]) -> Row:
    cells, at = list[Cell](), 0
    for part in parts:
        match = _MULTICOLUMN.match(part.text)
        width = max(1, min(int(match[1][:9]), _WIDEST)) if match else 1
        text = part.part(match, 2) if match else part
        tall = _MULTIROW.search(text.text)
        cells.append(_cell(text, range(at, at + width), max(1, min(int(tall[1]), _WIDEST)) if tall else 1))
        at += width
    return cells


_ROW = re.compile(r"<tr\b[^>]*>(.*?)(?=<tr\b|</tr>|</table>|\Z)", re.IGNORECASE | re.DOTALL)
_DATA = re.compile(r"<t[dh]\b([^>]*)>(.*?)(?=<t[dh]\b|</t[dh]>|\Z)", re.IGNORECASE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_SPANS = tuple(re.compile(rf"{name}span\s*=\s*[\"']?(\d{{1,9}})", re.IGNORECASE) for name in ("col", "row"))
_WIDEST = 1000
"""Columns or rows that a cell may reach over, as browsers have it."""


def _html(whole: Excerpt) -> Iterator[Row]:
    whole = whole.sub(_COMMENT, "")
    taken = dict[int, int]()  # for how many rows more a cell above reaches into a column
    for row in _ROW.finditer(whole.text):
        inner, cells, at = whole.part(row, 1), list[Cell](), 0
        below = {column: rows - 1 for column, rows in taken.items() if rows > 1}
        for data in _DATA.finditer(inner.text):
            while at in taken:
                at += 1
            width, height = (int(found[1]) if (found := span.search(data[1])) else 1 for span in _SPANS)
            width, height = max(1, min(width, _WIDEST - at)), max(1, min(height, _WIDEST))
            cells.append(_cell(inner.part(data, 2), range(at, at + width), height))
            below |= {column: height - 1 for column in range(at, at + width) if height > 1}
            at += width
        taken = below
        if cells:
            yield cells
