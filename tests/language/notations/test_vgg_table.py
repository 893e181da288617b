"""Tables of configurations whose cells are sentences."""

import pytest

import vggdsl
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import ParseError, VggdslError

MERGED = """\
<table><tr><td>A</td><td>B</td></tr>
<tr><td colspan="2">Input 8 × 8 RGB image</td></tr>
<tr><td>5 × 5 conv. 4 ReLU</td><td>3 × 3 conv. 4 ReLU</td></tr>
<tr><td>3 × 3 conv. 4 ReLU</td><td>1 × 1 conv. 4 ReLU</td></tr>
<tr><td></td><td>3 × 3 conv. 4 ReLU</td></tr>
<tr><td colspan="2">2 × 2 max-pooling stride 2</td></tr>
<tr><td colspan="2">1 × 1 conv. 6 ReLU</td></tr>
<tr><td colspan="2">global averaging over 4 × 4 spatial dimensions</td></tr>
<tr><td colspan="2">6 or 12-way softmax</td></tr></table>
"""
PIPES = """\
A | B
conv3-4 | conv3-4
maxpool |
conv1-6 |
softmax |
"""


def test_sentences_are_the_layers_that_they_say() -> None:
    (_, a), (_, b) = parse_all(MERGED, "-")
    end = "maxpool conv1-6 avgpool4/1 softmax"
    for found, layers in ((a, "conv5-4 conv3-4"), (b, "conv3-4 conv1-4 conv3-4")):
        assert isinstance(found, Spec), found
        assert found.network.graph.digest == vggdsl.parse(f"input 8x8x3 {layers} {end}").network.graph.digest
        assert found.count("refuted") == 0
        assert "6 ways, the first of 6 or 12-way" in " ".join(each.message for each in found.said)


@pytest.mark.parametrize(("was", "now"), [("4 × 4 spatial", "3 × 3 spatial"), ("6 or 12-way", "12 or 6-way")])
def test_what_a_sentence_says_beside_its_layer_is_held(was: str, now: str) -> None:
    assert was in MERGED
    for _, found in parse_all(MERGED.replace(was, now), "-"):
        assert isinstance(found, Spec)
        assert found.count("refuted") > 0


def test_a_convolution_that_stands_where_shared_cells_stand_is_refused() -> None:
    for _, found in parse_all(PIPES, "-", "vgg-table"):
        assert isinstance(found, vggdsl.VggdslError)
        assert " -:4:1\n" in str(found)


ENDING = """\
A\tB
input 8×8 RGB image
3×3 conv. 4 ReLU\t3×3 conv. 4 ReLU
\t1×1 conv. 4 ReLU
2×2 max-pooling stride 2
3×3 conv. 6 ReLU
1×1 conv. 5 ReLU
global averaging over 4×4 spatial dimensions
5-way softmax
"""


def test_convolutions_alone_at_the_end_are_of_all_where_the_softmax_has_their_filters() -> None:
    for (_, found), own in zip(parse_all(ENDING, "-", "vgg-table"), ("", "conv1-4"), strict=True):
        assert isinstance(found, Spec), found
        spec = f"input 8x8x3 conv3-4 {own} maxpool conv3-6 conv1-5 avgpool4/1 softmax"
        assert found.network.graph.digest == vggdsl.parse(spec).network.graph.digest
    for was, now in (("5-way", "6-way"), ("3×3 conv. 4 ReLU\t", "3×3 conv. 5 ReLU\t")):
        for _, found in parse_all(ENDING.replace(was, now), "-", "vgg-table"):
            assert "stands alone in its row: it could be of one column or of all" in str(found)


@pytest.mark.parametrize("heading", ["A B", "A A-LRN", "11 weight 13 weight layers"])
def test_columns_that_a_pdf_has_run_together_are_no_chain_of_layers(heading: str) -> None:
    """A heading of two columns stands above them, so that each has one convolution."""
    text = f"Networks\n{heading}\ninput (8x8 RGB image)\nconv3-4 conv3-4\nmaxpool\nFC-2\nsoftmax\n"
    found = [spec for _, spec in parse_all(text, "-", "vgg-table")]
    assert len(found) == 2
    for spec in found:
        assert isinstance(spec, Spec)
        assert [node.op.text for node in spec.network.graph.nodes].count("conv3-4") == 1
        assert spec.count("refuted") == ("weight" in heading)


PIPED = """| A | B |
|---|---|
| 3 weight layers | 4 weight layers |
| input (32x32 RGB image) | |
| conv3-8 | conv3-8 |
| | conv3-8 |
| maxpool | |
| conv3-8 | conv3-8 |
| FC-10 | |
| softmax | |
"""


def test_a_line_without_pipes_in_a_table_of_pipes_is_not_passed_over() -> None:
    assert all(isinstance(spec, Spec) for _, spec in parse_all(PIPED, "-"))
    found = [spec for _, spec in parse_all(PIPED.replace("| softmax", "dropout-0.5\n| softmax"), "-", "vgg-table")]
    said = [each.diagnostics[0].labels[0].span.text for each in found if isinstance(each, VggdslError)]
    assert said == ["dropout-0.5", "dropout-0.5"]


def test_each_count_of_layers_is_held() -> None:
    for said, why in (
        ("3 weight", "1 claim"),
        ("5 weight", "refuted"),
        ("3 weight depthwise", "no number of layers"),
        ("3 weight layers, with BN", "no number of layers"),
    ):
        (_, found), _ = parse_all(PIPED.replace("3 weight layers", said), "-")
        outcome = str(found) if not isinstance(found, Spec) else "refuted" if found.count("refuted") else "1 claim"
        assert why in outcome


def test_layers_above_the_input_are_no_title() -> None:
    with pytest.raises(ParseError, match="says nothing known"):
        parse_all(PIPED.replace("| input", "| LRN | LRN |\n| input"), "-", "vgg-table")


def test_cells_a_blank_apart_in_columns_of_blanks_are_of_one_column_each() -> None:
    """As `pdftotext -layout` has a row whose columns' words all but touch."""
    text = """   A           B            C            D
              input (16 × 16 RGB image)
conv3-8     conv3-8      conv3-8      conv3-8
               conv1-16 conv3-16      conv3-16
                       maxpool
                        FC-10
                       softmax
"""
    layers = dict[str, list[str]]()
    for name, spec in parse_all(text, "-"):
        assert isinstance(spec, Spec), str(spec)
        layers[name] = [n.op.text for n in spec.network.graph.nodes if n.op.text.startswith("conv")]
    alike = ["conv3-8", "conv3-16"]
    assert layers == {"A": ["conv3-8"], "B": ["conv3-8", "conv1-16"], "C": alike, "D": alike}


SHORT = """\
A | B | C
input (8x8 RGB image) | |
conv3-4 | conv3-4 | conv3-4
conv3-4 | conv3-6 |
maxpool | |
FC-2 | |
softmax | |
"""


@pytest.mark.parametrize("row", ["conv3-4 | conv3-6", "conv3-4 | conv3-6 conv3-6"])
def test_a_row_that_lacks_a_cell_is_refused(row: str) -> None:
    """Its cells would stand below columns that they aren't of."""
    assert len(parse_all(SHORT, "-", "vgg-table")) == 3
    with pytest.raises(ParseError, match=r"cells for 2 of 3 columns") as error:
        parse_all(SHORT.replace("conv3-4 | conv3-6 |", row), "-", "vgg-table")
    assert " -:4:1\n" in str(error.value)


def test_a_merged_cell_of_some_columns_is_not_of_all() -> None:
    three = MERGED.replace("</td></tr>", "</td><td>C</td></tr>", 1)
    text = three.replace("4 ReLU</td></tr>", "4 ReLU</td><td>3 × 3 conv. 4 ReLU</td></tr>")
    with pytest.raises(ParseError, match=r"cells for 2 of 3 columns"):
        parse_all(text, "-", "vgg-table")


@pytest.mark.parametrize(("row", "of"), [(" | softmax", 1), ("softmax | ", 0)])
def test_an_empty_cell_at_the_end_of_a_row_is_one(row: str, of: int) -> None:
    """What is read by the name of its notation alone is written as a spec, too."""
    both = "input (8x8 RGB image) | input (8x8 RGB image)\nconv3-8 | conv3-8\nmaxpool | maxpool\nFC-2 | FC-2"
    found = parse_all(f"A | B\n{both}\n{row}", "-", "vgg-table")
    for index, (_, spec) in enumerate(found):
        assert isinstance(spec, Spec) or "stands alone in its row" in str(spec)
        assert not isinstance(spec, Spec) or (index == of) == ("softmax" in spec.text)


def test_what_no_look_tells_is_written_as_a_spec() -> None:
    text = "A | B\ninput (8x8 RGB image) | input (8x8 RGB image)\nconv3-8 | conv3-8\nmaxpool | maxpool\nFC-2 | FC-3\n"
    for _, spec in parse_all(text, "-", "vgg-table"):
        assert isinstance(spec, Spec)
        assert vggdsl.parse(spec.text).network.graph.digest == spec.network.graph.digest


@pytest.mark.parametrize(
    ("row", "caption"),
    [
        ("0.48K | 0.46K", ""),
        ("Params (K) | 0.48 | 0.46", ""),
        ("Number of parameters | 0.48K | 0.46K", ""),
        ("Number of parameters | 0.48 | 0.46", "Table 2: Number of parameters (in thousands)."),
        ("Network | B | A\nNumber of parameters | 0.46 | 0.48", "Number of parameters (K)"),
        ("Network | A, B\nNumber of parameters | 0.5K", ""),
    ],
)
def test_a_row_of_parameters_is_what_its_columns_claim(row: str, caption: str) -> None:
    for text, wrong in ((row, 0), (row.replace("0.", "1."), 2)):
        found = parse_all(f"{SMALL}\n{text}\n{caption}\n", "-", "vgg-table")
        held = {name: (spec.count("holds"), spec.count("refuted")) for name, spec in found if isinstance(spec, Spec)}
        assert held == dict.fromkeys("AB", (1 - wrong // 2, wrong // 2))


@pytest.mark.parametrize(
    ("row", "why"), [("Parameters | 0.48 | 0.46", "says no unit"), ("Parameters | 0.48K | 0.3K | 1K", "3 figures of")]
)
def test_parameters_without_a_unit_or_a_column_are_refused(row: str, why: str) -> None:
    with pytest.raises(ParseError, match=why) as error:
        parse_all(f"{SMALL}\n{row}\n", "-", "vgg-table")
    assert " -:6:" in str(error.value)


def test_a_figure_is_of_its_column_where_others_have_none() -> None:
    rows = [
        "| A | B | C",
        "| input (8x8 RGB image)" * 3,
        "| conv3-8 | conv3-8 | conv3-8",
        "| conv3-8 | conv3-8 | conv3-16",
    ]
    rows += ["| maxpool" * 3, "| FC-10" * 3, "Parameters | 2,098 | | 3,962"]
    table = "\n".join(f"| {row} |" for row in rows)
    found = [spec.count("holds") for _, spec in parse_all(table, "-", "vgg-table") if isinstance(spec, Spec)]
    assert found == [1, 0, 1]


@pytest.mark.parametrize("written", ["covn3-6", "con3-6"])
def test_a_misspelled_cell_is_told_what_was_meant_with_its_own_numbers(written: str) -> None:
    (_, _), (_, spec) = parse_all(SMALL.replace("conv3-6", written), "-", "vgg-table")
    assert isinstance(spec, ParseError)
    assert f"`{written}` can't be read" in str(spec)
    assert spec.diagnostics[0].help == "did you mean `conv3-6`?"


SMALL = "A | B\ninput 8x8x3 | input 8x8x3\nconv3-8 | conv3-6\nmaxpool | maxpool\nFC-2 | FC-3"


def test_one_row_of_convolutions_is_a_table_where_names_stand_above_or_markup_parts_its_cells() -> None:
    rows = (f"<tr><td>{row.replace(' | ', '</td><td>')}</td></tr>" for row in SMALL.splitlines())
    for text in (SMALL, SMALL.replace(" | ", "\t"), f"<table>{''.join(rows)}</table>"):
        assert [name for name, spec in parse_all(text, "-") if isinstance(spec, Spec)] == ["A", "B"]


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(ParseError, match="two columns are named A") as error:
        parse_all(SMALL.replace("A | B", "A | A"), "-", "vgg-table")
    assert " -:1:" in str(error.value)


@pytest.mark.parametrize("sign", [",", ";"])
def test_csv_is_cells(sign: str) -> None:
    """As a spreadsheet saves it, with quotes or without, and rows of one cell for all."""
    text = SMALL.replace(" | ", sign).replace("conv3-8", '"3x3 conv, 8"').replace(f"maxpool{sign}maxpool", "maxpool")
    wanted = {name: spec.network.graph.digest for name, spec in parse_all(SMALL, "-") if isinstance(spec, Spec)}
    assert len(wanted) == 2
    found = parse_all(text, "-", "vgg-table")
    assert {name: spec.network.graph.digest for name, spec in found if isinstance(spec, Spec)} == wanted
