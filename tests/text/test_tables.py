"""One table in every form: each says what stands in the cells, whatever that is."""

import csv
import io
import re
import shutil
import string
import subprocess
from pathlib import Path

import pdfplumber
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from vggdsl.text.printing import width_of
from vggdsl.text.tables import RowGroup, Table, numbers, to_csv, to_latex, to_markdown, to_text, words

TEXTS = st.text(string.ascii_letters[:3] + string.digits[:3] + string.punctuation + " éĐ×±—…畳", max_size=12)
WORD = st.sampled_from(["conv3-64", "_a_", "__a__", "~~a~~", "*a*", "`a`", "<b>", "[a](b)", "&amp;", "a--b", "\\|"])
CELLS = TEXTS | st.lists(WORD, max_size=4).map(" ".join)
ROWS = st.lists(st.tuples(CELLS, CELLS), max_size=4)
COLUMNS = words("layer") + numbers("params")


def table(rows: list[tuple[str, str]], note: str = "") -> Table:
    return Table(COLUMNS, [RowGroup(rows[:2]), RowGroup(rows[2:], is_total=True)], note)


def squeezed(text: str) -> str:
    return " ".join(text.split())


@given(ROWS, CELLS)
def test_markdown_shows_the_cells(rows: list[tuple[str, str]], note: str) -> None:
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(to_markdown(table(rows, note)))
    shown = []
    for token in tokens:
        if token.type == "inline":
            assert {child.type for child in token.children or []} <= {"text", "text_special"}
            shown.append("".join(child.content for child in token.children or []))
    cells = [squeezed(cell) for row in rows for cell in row]
    said = [f"In common: {squeezed(note)}."] if note else []
    assert shown == ["layer", "params", *cells, *said]


PRINTED = {f"\\{char}": char for char in "%&_#${}"} | {
    "\\textbackslash{}": "\\",
    "\\textasciitilde{}": "~",
    "\\textasciicircum{}": "^",
    "\\textbar{}": "|",
    "\\textless{}": "<",
    "\\textgreater{}": ">",
    "\\dots{}": "…",
    "$\\pm$": "±",
    "$\\times$": "×",
    "\\symbol{34}": '"',
    "$-$": "-",
    "---": "—",
    "-{}": "-",
    "{}": "",
}
TOKEN = re.compile("|".join(map(re.escape, PRINTED)) + "|.")


def printed(text: str) -> str:
    """What LaTeX prints; fails at what it would take otherwise."""
    out = []
    for token in TOKEN.findall(text):
        assert len(token) > 1 or token not in "\\%&_#${}~^|<>±×…—", token
        out.append(PRINTED.get(token, token))
    return "".join(out)


@given(ROWS)
def test_latex_prints_the_cells(rows: list[tuple[str, str]]) -> None:
    lines = to_latex(table(rows)).splitlines()
    beyond = {char for line in lines[1:] for char in line if char > "\u017f"}
    letters = {char for line in lines[1:] for char in line if char in "Đ«"}
    needed = r"% needs \\usepackage{booktabs}(, and (LuaLaTeX .+|\\usepackage\[T1\]{fontenc} for .+))?"
    assert re.fullmatch(needed, lines[0])
    assert ("LuaLaTeX" in lines[0]) == bool(beyond)
    assert ("fontenc" in lines[0]) == bool(letters and not beyond)
    assert lines[1:4] == [
        "\\begin{tabular}{lr}",
        "\\toprule",
        "layer & params \\\\",
    ]
    assert lines[-2:] == ["\\bottomrule", "\\end{tabular}"]
    assert lines[4 : len(lines) - 2].count("\\midrule") == 2
    body = [line for line in lines[4:-2] if line != "\\midrule"]
    assert not any(line.startswith(("[", "*")) for line in body)  # else the row before would take it for an option
    read = [tuple(map(printed, line.removesuffix(" \\\\").split(" & "))) for line in body]
    assert read == [tuple(map(squeezed, row)) for row in rows]


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("add[ conv3-8 | identity ]", "add[ conv3-8 \\textbar{} identity ]"),
        ("block(…) ~8^2 {a}\\b", "block(\\dots{}) \\textasciitilde{}8\\textasciicircum{}2 \\{a\\}\\textbackslash{}b"),
        ("61.20 ± 0.31%", "61.20 $\\pm$ 0.31\\%"),
        ("—", "---"),
        ("--epochs 3", "-{}-epochs 3"),
        ("-0.17", "$-$0.17"),
        ('device="a"', "device=\\symbol{34}a\\symbol{34}"),
        ("why?`, '' ,, ``", "why?{}`, '{}' ,{}, `{}`"),
    ],
)
def test_latex_escapes(text: str, latex: str) -> None:
    assert to_latex(table([("a", text)])).splitlines()[5] == f"a & {latex} \\\\"


LATEX = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs LaTeX, with booktabs")


def compiled(table: str, folder: Path) -> str:
    """What LaTeX says of an article with it, which is ``a.pdf``."""
    needed, *lines = table.splitlines()
    packages = re.findall(r"\\usepackage\S*?{[\w,]+}", needed)
    body = ["\\documentclass{article}", *packages, "\\begin{document}", *lines, "\\end{document}"]
    (folder / "a.tex").write_text("\n".join(body), "utf-8")
    command = ["pdflatex", "-halt-on-error", "-interaction=batchmode", "a.tex"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return (folder / "a.log").read_text("latin-1")


@LATEX
@pytest.mark.parametrize(("text", "printed"), [('a|b <c> "d" x?` y!`', "a|b <c> ”d” x?‘ y!‘"), ("«Đą» ≤ −1", None)])
def test_latex_reads_it_without_an_error(text: str, printed: str | None, tmp_path: Path) -> None:
    compiled(to_latex(table([(text, "1")])), tmp_path)
    if printed is not None:
        with pdfplumber.open(tmp_path / "a.pdf") as pdf:
            assert printed in pdf.pages[0].extract_text()


@given(st.lists(st.lists(CELLS | st.integers() | st.none(), min_size=2, max_size=2), max_size=4))
def test_csv_gives_the_cells_back(rows: list[list[object]]) -> None:
    read = list(csv.reader(io.StringIO(to_csv(["a", "b"], rows))))
    assert read == [["a", "b"], *([("" if cell is None else str(cell)) for cell in row] for row in rows)]


@given(ROWS)
def test_text_stands_in_columns(rows: list[tuple[str, str]]) -> None:
    lines = to_text(table(rows)).splitlines()
    columns = zip(("layer", "params"), *rows, strict=True)
    left, right = (max(map(width_of, cells)) for cells in columns)
    assert set(lines[1]) == {"─"}
    assert len(lines[1]) == left + 3 + right
    expected = []
    for first, second in rows:
        cells = first + " " * (left - width_of(first)), " " * (right - width_of(second)) + second
        expected.append("   ".join(cells).rstrip())
    assert [line for line in lines[2:] if line] == [line for line in expected if line]


def test_totals_and_the_header_are_bold_on_a_terminal() -> None:
    lines = to_text(table([("a", "1"), ("b", "2"), ("total", "3")]), color=True).splitlines()
    assert [line.startswith("\x1b[1m") for line in lines] == [True, False, False, False, False, True]


def test_no_cell_moves_the_cursor() -> None:
    for write in (to_text, to_markdown, to_latex):
        assert "\x1b" not in write(table([("\x1b[2J", "1")], "\x1b[2J"))


def test_what_rows_have_in_common_is_told_beside_them() -> None:
    common = table([("a", "1")], "seeds 3")
    assert to_text(common).endswith("\n\nin common: seeds 3")
    assert to_markdown(common).endswith("\n\nIn common: seeds 3.")
    assert "% in common: seeds 3" in to_latex(common).splitlines()


def test_a_table_that_is_wider_than_a_page_is_fitted_and_its_long_cells_are_broken() -> None:
    wide = to_latex(Table(words("name", "protocol"), [RowGroup([("a", "scale=256 " * 9)])]))
    assert wide.startswith("% needs \\usepackage{booktabs,array,graphicx}\n\\noindent\\resizebox{")
    assert "{l>{\\raggedright\\arraybackslash}p{14em}}" in wide
    assert wide.endswith("\\end{tabular}}")
    assert wide.count("{") == wide.count("}")


@LATEX
@pytest.mark.parametrize("length", [0, 9])
def test_a_table_of_more_rows_than_a_page_is_several_of_one_width(length: int, tmp_path: Path) -> None:
    rows = [(f"row{i}" + " 3,211,264 WEIGHTS" * length, "8.1%") for i in range(150)]
    log = compiled(
        to_latex(Table(words("name") + numbers("error"), [RowGroup(rows[:99]), RowGroup(rows[99:])])), tmp_path
    )
    assert "Overfull" not in log
    with pdfplumber.open(tmp_path / "a.pdf") as pdf:
        texts = [page.extract_text() for page in pdf.pages]
        widths = {round(edge["width"]) for page in pdf.pages for edge in page.horizontal_edges}
    assert len(widths) == 1
    assert len(texts) > 1
    assert all(text.startswith("name error") for text in texts)
    assert list(dict.fromkeys(re.findall(r"row\d+", "".join(texts)))) == [f"row{i}" for i in range(150)]
