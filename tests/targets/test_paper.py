"""Papers as PDF: tables that LaTeX, a browser and a few lines of this file have set, with what stands around them."""

import json
import random
import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from commands import run
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vggdsl.targets.paper import picture, read_paper
from vggdsl.text.errors import InputError, VggdslError

PRINTED = Path(__file__).parents[1] / "fixtures" / "printed"
VGG = (PRINTED / "vgg_table_1.txt").read_text("utf-8")
PARAMS = {
    "A": 132_863_336,
    "A-LRN": 132_863_336,
    "B": 133_047_848,
    "C": 133_638_952,
    "D": 138_357_544,
    "E": 143_667_240,
}
PROSE = "Networks are trained on images, and what follows is text that no table holds, with 64 and 128 in it. "
ERRORS = (("Net", "top-1", "top-5"), ("A", "29.6", "10.4"), ("D", "25.6", "8.1"))


def rows_of_vgg() -> list[list[str]]:
    """Cells, one alone where it is of all columns."""
    plain = re.sub(r"\$ *(\d+) \\times (\d+) *\$", r"\1×\2", VGG)
    assert "224×224" in plain
    rows = [line.split("\t") for line in plain.splitlines() if line.strip()]
    filled = [[cell for cell in row if cell.strip()] for row in rows]
    return [cells if len(cells) == 1 else row for cells, row in zip(filled, rows, strict=True)]


# -- a PDF by hand: letters of Helvetica and rules


def pdf(pages: Sequence[str]) -> bytes:
    """Of streams of drawing commands, a page of 612 × 792 points each."""
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(pages)))
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>", font]
    for i, page in enumerate(pages):
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F 3 0 R >> >> "
            f"/Contents {5 + 2 * i} 0 R >>"
        )
        objects.append(f"<< /Length {len(page.encode('latin-1'))} >>\nstream\n{page}\nendstream")
    out, places = b"%PDF-1.4\n", list[int]()
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    count = len(objects) + 1
    tail = f"xref\n0 {count}\n0000000000 65535 f \n{table}trailer\n<< /Size {count} /Root 1 0 R >>\n"
    return out + f"{tail}startxref\n{len(out)}\n%%EOF\n".encode("latin-1")


def said(x: float, y: float, text: str) -> str:
    text = re.sub(r"([()\\])", r"\\\1", text)
    return f"BT /F 9 Tf {x:g} {y:g} Td ({text}) Tj ET"


def ruled(rows: Sequence[Sequence[str]], x: float, y: float, widths: Sequence[float]) -> str:
    """A table with a rule above and one below; one cell alone stands in the middle."""
    total = sum(widths)
    drawn = [f"{x:g} {y + 10:g} m {x + total:g} {y + 10:g} l S"]
    for row in rows:
        if len(row) == 1:
            drawn.append(said(x + total / 2 - WIDTHS[row[0]] / 2, y, row[0]))
        else:
            drawn += [said(x + sum(widths[:i]) + 2, y, cell) for i, cell in enumerate(row) if cell]
        y -= 12
    return "\n".join([*drawn, f"{x:g} {y + 8:g} m {x + total:g} {y + 8:g} l S"])


WIDTHS = {"input (32x32 RGB image)": 101.0, "maxpool": 36.0, "FC-64": 25.5, "FC-10": 25.5, "soft-max": 37.0}
"""Points, of Helvetica at 9."""
SMALL = (
    ("A", "B"),
    ("4 weight layers", "6 weight layers"),
    ("input (32x32 RGB image)",),
    ("conv3-16", "conv3-16"),
    ("", "conv3-16"),
    ("maxpool",),
    ("conv3-32", "conv3-32"),
    ("", "conv3-32"),
    ("maxpool",),
    ("FC-64",),
    ("FC-10",),
    ("soft-max",),
)


def small_paper(folder: Path) -> Path:
    first = "\n".join([said(50, 760, PROSE[:80]), ruled(ERRORS, 60, 700, (60, 60, 60)), said(50, 600, PROSE[:70])])
    second = "\n".join([said(50, 760, PROSE[:90]), ruled(SMALL, 320, 600, (110, 110)), said(50, 300, PROSE[:60])])
    path = folder / "small.pdf"
    path.write_bytes(pdf([first, second]))
    return path


def test_a_table_among_prose_is_found_and_read(tmp_path: Path) -> None:
    path = small_paper(tmp_path)
    result = run("import", path, "-o", tmp_path / "nets", "--crop", tmp_path / "crops")
    assert result.exit_code == 0, result.output
    assert "1 table of networks on 2 pages, 1 other table passed over" in result.stderr
    assert "page 2, table 1: read as a table of configurations, as VGG's: 2 networks" in result.stdout
    assert {file.name for file in (tmp_path / "nets").iterdir()} == {"a.arch", "b.arch"}
    assert [file.read_bytes()[:4] for file in (tmp_path / "crops").iterdir()] == [b"\x89PNG"]
    assert run("check", tmp_path / "nets" / "b.arch").exit_code == 0
    again = run("import", path, "-o", tmp_path / "nets")
    assert (again.exit_code, "V514" in again.stderr) == (2, True)


def test_a_table_that_nearly_looks_like_a_networks_is_told_and_read_in_words_that_are_known(tmp_path: Path) -> None:
    rows = (("Layer", "Support", "Gain"), ("SepConv", "3x3", "0.3"), ("Conv", "1x1, 8", "0.1"), ("FC", "12", "0.2"))
    path = tmp_path / "near.pdf"
    path.write_bytes(pdf([ruled(each, 60, 700, (60, 60, 60)) for each in (ERRORS, rows)]))
    done = run("import", path)
    assert done.exit_code == 2
    assert "a column `Gain` isn't known" in done.stderr
    assert "--means Gain '…'" in done.stderr
    told = ("--input", "8x8x3", "--means", "SepConv", "depthwise conv", "--heading", "Layer|Kernel|Comments")
    read = run("import", path, *told)
    assert read.exit_code == 0, read.stderr
    assert "conv3-3 groups=3" in read.stdout
    for wrong in (("--means", "Nix", "conv"), ("--heading", "Layer|Kernel")):
        assert "V112" in run("import", path, *told, *wrong).stderr
    both = tmp_path / "both.pdf"
    both.write_bytes(pdf([ruled(rows, 60, 500, (60, 60, 60)), ruled(SMALL, 320, 600, (110, 110))]))
    assert "both.pdf, page 1, table 1:1:15: passed over" in run("import", both, "--json").stderr


@pytest.mark.parametrize("height", [12.2, 12.5, 13, 13.5, 14])
def test_no_part_of_a_caption_is_in_a_picture(tmp_path: Path, height: float) -> None:
    caption = said(320, 600 + height, "Table 1: jumpy gypsy (quick) networks")
    (tmp_path / "a.pdf").write_bytes(pdf(["\n".join([caption, ruled(SMALL, 320, 600, (110, 110))])]))
    (table,) = read_paper(tmp_path / "a.pdf").tables
    picture(tmp_path / "a.pdf", table, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        rows = (np.asarray(image.convert("L")) < 200).mean(axis=1)
    rule = int(np.argmax(rows > 0.5))
    assert rows[rule] > 0.9
    assert not rows[:rule].any()


def test_one_page_is_read_alone(tmp_path: Path) -> None:
    path = small_paper(tmp_path)
    rows = json.loads(run("import", path, "--page", "2", "--json").stdout)
    assert [(row["name"], row["where"]) for row in rows] == [(n, f"{path}, page 2, table 1") for n in ("A", "B")]
    none = run("import", path, "--page", "1")
    assert (none.exit_code, "holds no table of a network" in none.stderr) == (2, True)
    assert "has no page 3" in run("import", path, "--page", "3").stderr
    text = tmp_path / "table.txt"
    text.write_text(VGG)
    assert "--page is for a PDF, and" in run("import", text, "--page", "1").stderr
    assert "V501" in run("import", tmp_path / "missing.pdf", "--crop", tmp_path / "crops").stderr


def test_a_scan_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf(["0.5 g 50 50 400 600 re f"]))
    with pytest.raises(InputError, match="holds no text: its pages are pictures"):
        read_paper(path)


def test_a_cell_of_several_rows_is_of_the_first(tmp_path: Path) -> None:
    """Short rules part the other columns; what stands between two upright rules is a cell, however near."""
    across, places = (60.0, 140.0, 200.0, 360.0), list[tuple[float, float, str]]()
    places += [(62, 700, "layer name"), (142, 700, "output size"), (202, 700, "10-layer")]
    places += [(62, 680, "conv1"), (142, 680, "32x32"), (202, 680, "3x3, 16")]
    places += [(62, 654, "conv2"), (62, 642, "(first)"), (142, 648, "16x16")]
    places += [(202, 660, "2x2 max pool, stride 2"), (202, 636, "[3x3, 32; 3x3, 32] x 4")]
    places += [(117, 618, "of all"), (142, 618, "1x1"), (202, 618, "average pool, 10-d fc, softmax")]
    rules = [(60, 360, y) for y in (712, 692, 672, 630, 612)] + [(200, 360, 650)]
    drawn = [said(*place) for place in places] + [f"{a} {y} m {b} {y} l S" for a, b, y in rules]
    drawn += [f"{x:g} 612 m {x:g} 712 l S" for x in across]
    path = tmp_path / "rows.pdf"
    path.write_bytes(pdf(["\n".join(drawn)]))
    (table,) = read_paper(path).tables
    assert table.text.splitlines() == [
        "layer name\toutput size\t10-layer",
        "conv1\t32x32\t3x3, 16",
        "conv2 (first)\t16x16\t2x2 max pool, stride 2",
        "\t\t[3x3, 32; 3x3, 32] x 4",
        "of all\t1x1\taverage pool, 10-d fc, softmax",
    ]


def test_a_name_beside_names_that_have_one_above_stays_with_them(tmp_path: Path) -> None:
    places = [(62, 700, "Layer"), (142, 700, "Kernel"), (242, 700, "Output"), (142, 712, "Shape")]
    places += [(62, 680, "conv"), (142, 680, "3x3"), (242, 680, "8x8x4"), (62, 668, "FC"), (242, 668, "10")]
    rules = [(60, 360, 724), (140, 360, 709), (60, 360, 694), (60, 360, 660)]
    path = tmp_path / "names.pdf"
    path.write_bytes(
        pdf(["\n".join([said(*each) for each in places] + [f"{a} {y} m {b} {y} l S" for a, b, y in rules])])
    )
    (table,) = read_paper(path).tables
    assert table.text.splitlines() == ["\tShape", "Layer\tKernel\tOutput", "conv\t3x3\t8x8x4", "FC\t\t10"]


def test_a_sign_between_two_rows_is_of_the_first(tmp_path: Path) -> None:
    rows = ("Type", "Size"), ("Conv", "8x8"), ("Conv dw", "8x8"), ("Conv", "4x4"), ("FC", "10")
    cells = [(80 + 100 * i, 700 - 12 * j, cell) for j, row in enumerate(rows) for i, cell in enumerate(row)]
    drawn = [said(*place) for place in [*cells, (65, 670, "5x")]] + [f"60 {y} m 260 {y} l S" for y in (712, 645)]
    path = tmp_path / "sign.pdf"
    path.write_bytes(pdf(["\n".join(drawn)]))
    (table,) = read_paper(path).tables
    assert table.text.splitlines() == ["Type\tSize", "Conv\t8x8", "5x Conv dw\t8x8", "Conv\t4x4", "FC\t10"]


@pytest.mark.parametrize("matrix", ["0 1 -1 0 792 0", "-1 0 0 -1 612 792"])
def test_turned_text_is_told(tmp_path: Path, matrix: str) -> None:
    path = tmp_path / "turned.pdf"
    upright = ruled(SMALL, 320, 600, (110, 110))
    turned = f"{matrix} cm\n{said(50, 760, PROSE)}\n{upright}"
    path.write_bytes(pdf([turned]))
    none = run("import", path)
    assert (none.exit_code, none.stdout) == (2, "")
    assert "holds no table of a network that is known, and the text of page 1 is turned\n" in none.stderr
    path.write_bytes(pdf([f"{matrix} cm\n{said(50, 760, 'Layer  Output')}"]))
    assert "the text of page 1 is turned" in run("import", path).stderr, "few letters, but all of them"
    path.write_bytes(pdf([upright, turned]))
    some = run("import", path, "-o", tmp_path / "nets")
    assert (some.exit_code, "the text of page 2 is turned: no table is read there" in some.stderr) == (0, True)


def test_an_encrypted_file_needs_a_password(tmp_path: Path) -> None:
    how = f"/Encrypt << /Filter /Standard /V 1 /R 2 /O <{'28' * 32}> /U <{'29' * 32}> /P -4 >> /ID [<01> <01>]"
    path = tmp_path / "locked.pdf"
    path.write_bytes(pdf([said(50, 760, PROSE)]).replace(b"trailer\n<<", f"trailer\n<< {how}".encode()))
    with pytest.raises(InputError, match="is encrypted, and needs a password"):
        read_paper(path)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32))
def test_a_damaged_file_ends_in_tables_or_an_error(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    folder, chance = tmp_path_factory.mktemp("pdf"), random.Random(seed)
    path = small_paper(folder)
    data = bytearray(path.read_bytes())
    for _ in range(chance.randrange(1, 30)):
        data[chance.randrange(8, len(data))] = chance.randrange(256)
    path.write_bytes(data[: chance.choice((len(data), chance.randrange(len(data))))])
    with suppress(VggdslError):
        for table in read_paper(path).tables:
            picture(path, table, folder / "crop.png")


# -- by LaTeX and by a browser


def latex(text: str) -> str:
    text = re.sub(r"<b>(.*?)</b>", r"\\textbf{\1}", text).replace("#", r"\#").replace("%", r"\%")
    return text.replace("×", r"$\times$")


def latex_vgg() -> str:
    lines = list[str]()
    for row in rows_of_vgg():
        if len(row) == 1:
            lines.append(rf"\multicolumn{{6}}{{|c|}}{{{latex(row[0])}}} \\ \hline")
            continue
        stacks = [re.findall(r"<b>.*?</b>|\S+", cell) if "conv" in cell else [cell] for cell in row]
        for i in range(max(map(len, stacks))):
            lines.append(" & ".join(latex(stack[i]) if i < len(stack) else "" for stack in stacks) + r" \\")
        lines.append(r"\hline")
    return "\n".join([r"\begin{tabular}{|c|c|c|c|c|c|}\hline", *lines, r"\end{tabular}"])


def latex_table(file: str, columns: int) -> str:
    """A table of the sources between booktabs' rules, without the row that its print tore from the heading."""
    lines = (PRINTED / file).read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line.strip() and "Teduce" not in line]
    rows = [[cell if "$" in cell else latex(cell) for cell in row] + [""] * (columns - len(row)) for row in rows]
    head, *body = (" & ".join(row) + r" \\" for row in rows)
    return rf"\begin{{tabular}}{{{'l' * columns}}}\toprule {head} \midrule {' '.join(body)} \bottomrule\end{{tabular}}"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs LaTeX, with booktabs")
def test_a_paper_in_two_columns_gives_eight_specs_with_the_totals(tmp_path: Path) -> None:
    lines = " ".join(" & ".join(row) + r" \\" for row in ERRORS)
    errors = rf"\begin{{tabular}}{{lcc}}\toprule {lines} \bottomrule\end{{tabular}}"
    googlenet = latex_table("googlenet_table.txt", columns=12)
    body = [
        PROSE * 6,
        rf"\begin{{table*}}\centering\caption{{Configurations.}}{latex_vgg()}\end{{table*}}",
        PROSE * 4,
        r"\begin{table}\small\caption{Small.}" + latex_table("mini_vgg_table.txt", columns=3) + r"\end{table}",
        PROSE * 4,
        rf"\begin{{table}}\caption{{Errors.}}{errors}\end{{table}}",
        rf"\begin{{table*}}\scriptsize\caption{{Modules.}}{googlenet}\end{{table*}}",
        PROSE * 40,
    ]
    text = r"\documentclass[twocolumn]{article}\usepackage{booktabs}\usepackage[margin=2cm]{geometry}\begin{document}"
    (tmp_path / "paper.tex").write_text("\n\n".join([text, *body, r"\end{document}"]))
    subprocess.run(["pdflatex", "-interaction=batchmode", "paper.tex"], cwd=tmp_path, check=True, capture_output=True)
    result = run("import", tmp_path / "paper.pdf", "-o", tmp_path / "nets", "--json")
    rows = json.loads(result.stdout)
    assert [row["params"] for row in rows] == [*PARAMS.values(), 2_169_770, 6_998_552]
    assert [row["name"] for row in rows] == [*PARAMS, None, None]
    assert len(list((tmp_path / "nets").iterdir())) == 8
    assert [row["ok"] for row in rows] == [True] * 7 + [False]  # ten of GoogLeNet's figures hold under no reading
    assert sum(d["severity"] == "error" for d in rows[-1]["diagnostics"]) == 10
    assert "1 other table passed over" in result.stderr


def unit(widths: Sequence[tuple[int, int]], times: int) -> str:
    lines = r"\\ ".join(rf"{k}\times{k}, {width}" for k, width in widths)
    return rf"$\left[\begin{{array}}{{c}}{lines}\end{{array}}\right]\times{times}$"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs LaTeX, with multirow")
def test_tall_brackets_exponents_and_figures_in_two_fonts(tmp_path: Path) -> None:
    rows = [
        r"layer name & output size & 18-layer & 50-layer",
        r"conv1 & $112\times112$ & \multicolumn{2}{c|}{7$\times$7, 64, stride 2}",
    ]
    pool = r"\multicolumn{2}{c|}{3$\times$3 max pool, stride 2} \\ \cline{3-4} &"
    for stage, times in enumerate((3, 4, 6, 3)):
        width, label = (
            64 << stage,
            rf"\multirow{{2}}{{*}}{{conv{stage + 2}\_x}}" if stage == 0 else f"conv{stage + 2}\\_x",
        )
        size = (
            rf"\multirow{{2}}{{*}}{{56$\times$56}} & {pool}" if stage == 0 else rf"${56 >> stage}\times{56 >> stage}$"
        )
        units = unit([(3, width)] * 2, 2), unit([(1, width), (3, width), (1, 4 * width)], times)
        rows.append(" & ".join((label, size, *units)))
    rows += [r" & 1$\times$1 & \multicolumn{2}{c|}{average pool, 1000-d fc, softmax}"]
    rows += [r"\multicolumn{2}{|c|}{FLOPs} & $1.8\times10^9$ & 3.8$\times10^9$"]
    resnet = r"\begin{tabular}{|c|c|c|c|}\hline " + "".join(rf"{row} \\ \hline " for row in rows) + r"\end{tabular}"
    small = ["Type & Filter size & Filters & Output & Params", r"input & & & $8{\times}8{\times}1$ &"]
    small += [r"conv & $3{\times}3/1$ & 64 & $8{\times}8{\times}64$ & $0.64$k", r"dropout ($p=0.25$) & & & &"]
    small += [r"fc & & 10 & $1{\times}1{\times}10$ & $40.9$7K"]
    layers = r"\begin{tabular}{lllll}\hline " + r" \\ ".join(small) + r" \\ \hline\end{tabular}"
    head = r"\documentclass{article}\usepackage{multirow}\begin{document}"
    (tmp_path / "paper.tex").write_text("\n\n".join([head, PROSE, resnet, PROSE, layers, r"\end{document}"]))
    subprocess.run(["pdflatex", "-interaction=batchmode", "paper.tex"], cwd=tmp_path, check=True, capture_output=True)
    rows = json.loads(run("import", tmp_path / "paper.pdf", "--json").stdout)
    assert [(row["name"], row["params"], row["ok"]) for row in rows] == [
        ("18-layer", 11_689_512, True), ("50-layer", 25_557_032, True), (None, 41_610, True),
    ]  # fmt: skip
    assert "dropout-0.25" in rows[-1]["text"]


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
@pytest.mark.parametrize("style", ["border:1px solid;padding:2px 8px", "padding:2px 14px"], ids=["ruled", "plain"])
def test_a_page_that_a_browser_prints(tmp_path: Path, style: str) -> None:
    lines = list[str]()
    for row in rows_of_vgg():
        stacks = ["<br>".join(re.findall(r"<b>.*?</b>|\S+", cell)) if "conv" in cell else cell for cell in row]
        cells = f"<td colspan=6>{row[0]}</td>" if len(row) == 1 else "".join(f"<td>{stack}</td>" for stack in stacks)
        lines.append(f"<tr>{cells}</tr>")
    page, printed = tmp_path / "page.html", tmp_path / "page.pdf"
    head = f"<style>td{{{style};text-align:center}} table{{border-collapse:collapse}}</style>"
    page.write_text(f"{head}<p>{PROSE * 8}</p><table>{''.join(lines)}</table><p>{PROSE * 8}</p>", "utf-8")
    call = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    subprocess.run([*call, f"--print-to-pdf={printed}", page.as_uri()], check=True, capture_output=True)
    rows = json.loads(run("import", printed, "--json").stdout)
    assert {row["name"]: row["params"] for row in rows} == PARAMS
