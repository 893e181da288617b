"""GoogLeNet's table in the forms that people paste, and what of it can't be read."""

import re
from functools import cache
from pathlib import Path

import pytest

import vggdsl
from vggdsl.language import notations
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import NetworkError, ParseError, VggdslError
from vggdsl.text.source import Source

NOTATION = "googlenet-table"
MATRIX = Path(__file__).parents[2] / "fixtures" / "matrix"
MARKDOWN = (MATRIX / "inception" / f"{NOTATION}.txt").read_text("utf-8")
ROWS = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in MARKDOWN.splitlines() if ":--" not in line]


@cache
def expected() -> Spec:
    return vggdsl.load(MATRIX / "inception" / "net.arch")


def in_latex(cell: str) -> str:
    return cell.replace("#", r"\#").replace("%", r"\%").replace("×", r"$\times$")


FORMS = {
    "tabs": "\n".join("\t".join(row) for row in ROWS),
    "words": "\n".join(" ".join(filter(None, row)) for row in ROWS),
    "a cell a line": "\n".join("\n".join(filter(None, row)) for row in ROWS),
    "aligned": "\n".join("   ".join(filter(None, row)) for row in ROWS),
    "latex": "\\begin{tabular}{l|c}\n\\hline\n"
    + "".join(f"{' & '.join(map(in_latex, row))} \\\\ \\hline\n" for row in ROWS)
    + "\\end{tabular}",
    "html": "<table>" + "".join(f"<tr><td>{'</td><td>'.join(row)}</td></tr>" for row in ROWS) + "</table>",
    "torn": "type patch size/ output depth #1×1 #3×3 #3×3 #5×5 #5×5 pool params ops\nstride size reduce reduce proj\n"
    + "\n".join(" ".join(filter(None, row)) for row in ROWS[1:]),
    "captioned": "\n".join("\t".join(row) for row in ROWS) + "\nTable 1: a network\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_it_is_one_network_in_every_form(form: str) -> None:
    spec = vggdsl.parse(FORMS[form])
    assert notations.recognise(spec.source).name == NOTATION
    assert spec.network.graph.digest == expected().network.graph.digest
    assert spec.count("refuted") == 0
    assert "3a" in spec.network.labels


def test_one_reading_is_chosen_for_a_column_of_figures() -> None:
    assert "K is 1,024" in vggdsl.parse(MARKDOWN).text
    decimal = re.sub(r"(?<=\| )[0-9.]+K(?= \|)", "", MARKDOWN).replace("|  | 0.038M", "| 608 | 0.038M")
    spec = vggdsl.parse(decimal)
    assert "K is 1,024" not in spec.text
    assert "params=608" in spec.text


@pytest.mark.parametrize(
    ("was", "now", "place", "message"),
    [
        ("max pool | 3×3/2", "max pole | 3×3/2", "max", "can't be read"),
        ("| 3×3/2 | 4×4×8", "|  | 4×4×8", "max pool 4x4x8 0", "no patch size"),
        ("| 4×4×8 |", "|  |", "max pool 3x3/2 0", "no output size"),
        ("| 8×8×8 |", "| 9×9×8 |", "9x9x8", "the input isn't printed"),
        (" 3 | 4 | 1 |", "  | 4 | 1 |", "inception (3a) 4x4x10 2 2 4 1 2 2 0.21K 3296", "lacks its #3x3 reduce"),
        ("10 | 1 |  |  |", "10 | 1 | 7 |  |", "7", "no layer for"),
        (" 2 | 2 | 0.21K", " 2 | 2.5 | 0.21K", "2.5", "can't be read"),
        ("#5×5 reduce", "#5×5 produce", "#5x5 produce", "heads no column"),
        ("| softmax |", "| see the text below |\n| softmax |", "see", "can't be read"),
    ],
)
def test_what_cant_be_read_is_told_at_its_cell(was: str, now: str, place: str, message: str) -> None:
    assert was in MARKDOWN
    with pytest.raises(ParseError) as caught:
        notations.read(Source("-", MARKDOWN.replace(was, now, 1)), NOTATION)
    finding = caught.value.diagnostics[0]
    assert message in finding.message
    assert re.sub(r"[| ]+", " ", finding.labels[0].span.text).replace("×", "x").startswith(place[:6])


def test_without_types_rows_are_told_by_what_they_fill() -> None:
    text = "\n".join("\t".join(row[1:10]) for row in ROWS)
    spec = vggdsl.parse(text)
    assert [node.op for node in spec.network.graph.nodes if node.op.weight_layer] == [
        node.op for node in expected().network.graph.nodes if node.op.weight_layer
    ]
    assert any("says no type" in finding.message for finding in spec.said)


def test_what_the_table_has_no_row_for_is_told() -> None:
    for body in ("conv3-8 LRN", "conv3-8 BN", "conv3-8 aux 0.3 { FC-10 }", "concat[ conv1-8 | conv3-8 ]"):
        spec = vggdsl.parse(f"input 8x8x3 {body} FC-10 softmax")
        with pytest.raises(NetworkError, match="can't say"):
            notations.written_as(spec.typed, NOTATION)


DOUBLED = """type|patch size/stride|output size|depth|#1×1|#3×3 reduce|#3×3|double #3×3 reduce|double #3×3|Pool +proj
convolution*|3×3/2|8×8×4|1
inception (3a)||8×8×9|3|2|1|2|1|3|avg + 2
inception (3b)|stride 2|4×4×14|3|0|1|2|1|3|max + pass through
avg pool|4×4/1|1×1×14|0
""".replace("|", "\t")


def test_modules_may_have_two_convolutions_for_the_5x5_and_stride() -> None:
    """BN-Inception's: with the mean, and a pool that hands on what comes in."""
    ((_, spec),) = parse_all(DOUBLED, "-")
    assert isinstance(spec, Spec), str(spec)
    assert "concat[ conv1-2 | conv1-1 conv3-2 | conv1-1 conv3-3 conv3-3 | avgpool3/1 pad=1 conv1-2 ]" in spec.text
    assert "concat[ conv1-1 conv3-2/2 | conv1-1 conv3-3 conv3-3/2 | maxpool3/2 pad=1 ]" in spec.text
    assert spec.count("refuted") == 0
    ((_, silent),) = parse_all(DOUBLED.replace("avg + 2", "2"), "-")
    assert isinstance(silent, Spec), str(silent)
    assert any("which they are isn't printed" in finding.message for finding in silent.said)
    for was, now, message in (
        ("3\t0\t1", "3\t2\t1", "a 1x1 convolution of it doesn't"),
        ("max + pass through", "max + pass", "can't be read here"),
        ("double #3×3\t", "5×5\t", "no column is headed"),
    ):
        assert was in DOUBLED
        with pytest.raises(VggdslError, match=message):
            raise next(e for _, e in parse_all(DOUBLED.replace(was, now), "-") if not isinstance(e, Spec))
