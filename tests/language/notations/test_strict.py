"""What no notation passes over: figures said twice or not at all, marks of footnotes, cells of several rows."""

import time

import pytest

from vggdsl.language import notations
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import VggdslError
from vggdsl.text.source import Source

TABLE = """<table>
<tr><td>A</td><td>B</td><td>C</td></tr>
<tr><td>2 weight layers</td><td>3 weight layers</td><td>3 weight layers</td></tr>
<tr><td colspan=3>input (8x8 RGB image)</td></tr>
<tr><td>conv3-8</td><td>conv3-8</td><td>conv3-8</td></tr>
<tr><td></td><td>conv3-8</td><td>conv3-9</td></tr>
<tr><td colspan=3>maxpool</td></tr>
<tr><td colspan=3>FC-10</td></tr>
</table>
"""
CFG = "[net]\nheight=8\nwidth=8\nchannels=3\n[convolutional]\nfilters=4\nsize=3\npad=1\nactivation=relu\n"
KERAS = "model = Sequential([Input(shape=(8, 8, 3)), Conv2D(4, (3, 3)), Flatten(), Dense(10)])\n"
SUMMARY = """Layer (type)  Output Shape  Param #
input_1 (InputLayer)  [(None, 8, 8, 3)]  0
conv2d (Conv2D)  (None, 8, 8, 4)  112
flatten (Flatten)  (None, 256)  0
dense (Dense)  (None, 10)  2570
Total params: 2682
"""
TORCH = "# input 8x8x3\nnn.Sequential(nn.Conv2d(3, 4, (3, 3)), nn.Flatten(), nn.Linear(144, 10))\n"
LATEX = (
    "\\begin{tabular}{cc}\nA & B \\\\\n\\multicolumn{2}{c}{input (8x8 RGB image)} \\\\\nconv3-8 & conv3-8 \\\\\n"
    "conv3-8 & conv3-9 \\\\\n\\multicolumn{2}{c}{maxpool} \\\\\n\\multicolumn{2}{c}{FC-10} \\\\\n\\end{tabular}\n"
)


def found(text: str, notation: str) -> list[Spec | VggdslError]:
    try:
        return [each for _, each in parse_all(text, "-", notation)]
    except VggdslError as error:
        return [error]


@pytest.mark.parametrize(
    ("notation", "text", "old", "new"),
    [
        ("vgg-table", TABLE, "conv3-8<", "conv3-8<sup>2</sup><"),
        ("vgg-table", TABLE, "2 weight", "2 wieght"),
        ("vgg-table", TABLE, "<td>conv3-9", "<td>conv3-8</td><td>conv3-9"),
        ("vgg-table", TABLE, "<td>C<", "<td>C</td><td>D<"),
        ("vgg-table", LATEX, r"\end{tabular}", "\\end{tabular}\n\\begin{tabular}{cc}\nconv5-8 & x\n\\end{tabular}"),
        ("darknet", CFG, "filters=4", "filters="),
        ("darknet", CFG, "pad=1", "pad=2"),
        ("keras-code", KERAS, "Dense(10)", "Dense(20, 10)"),
        ("keras-code", KERAS, "(3, 3))", "(3, 3, 3))"),
        ("keras-code", KERAS, "Flatten()", "Flatten(3)"),
        ("keras-code", KERAS, "(3, 3))", "(3, 3), activation='relu (')"),
        ("keras-summary", SUMMARY, "params: 2682", "params: ,"),
        ("torch-code", TORCH, "(3, 3))", "(3, 3, 3))"),
        ("torch-code", TORCH, "Flatten()", "Flatten(-1)"),
        ("torch-code", TORCH, "Flatten()", "Flatten(strat_dim=1)"),
    ],
)
def test_what_is_no_layer_is_refused(notation: str, text: str, old: str, new: str) -> None:
    assert all(isinstance(each, Spec) for each in found(text, notation))
    assert old in text
    assert any(isinstance(each, VggdslError) for each in found(text.replace(old, new, 1), notation))


def texts(table: str) -> list[str]:
    return [each.text if isinstance(each, Spec) else str(each) for each in found(table, "vgg-table")]


def test_a_cell_of_several_rows_moves_none_to_its_left() -> None:
    text = TABLE.replace("<td>conv3-8", "<td rowspan=2>conv3-8", 1).replace("<td></td>", "")
    assert texts(text) == texts(TABLE) != []


def test_what_html_comments_out_is_no_cell() -> None:
    text = TABLE.replace("<td>conv3-8", "<!-- <td>conv5-8</td> --><td>conv3-8", 1)
    assert texts(text) == texts(TABLE)


LONG = 20_000


@pytest.mark.parametrize(
    "text",
    [
        " " * LONG + "x",
        "\n" * LONG,
        "#" * LONG,
        "|" * LONG,
        "[64, 'M'" + " " * LONG,
        "[net]" + " " * LONG + "x",
        "a." * LONG,
        "[a]" * (LONG // 3),
    ],
    ids=["spaces", "lines", "hashes", "pipes", "list", "cfg", "dots", "brackets"],
)
def test_runs_of_a_character_are_recognised_at_once(text: str) -> None:
    """Each took minutes, some more than a lifetime; 5 s are for a busy machine."""
    begin = time.process_time()
    notations.recognise(Source("-", text))
    notations.elsewhere(Source("-", text))
    assert time.process_time() - begin < 5


def test_a_cell_spans_no_more_columns_than_there_are() -> None:
    text = TABLE.replace("colspan=3", "colspan=99999999")
    assert texts(text) == texts(TABLE)


def test_a_line_of_thousands_of_cells_is_no_table() -> None:
    begin = time.process_time()
    assert not any(isinstance(each, Spec) for each in found("a  " * 2000, "vgg-table"))
    assert time.process_time() - begin < 5


def test_a_table_is_no_list_of_layers() -> None:
    (refused,) = found(TABLE, "lecture")
    assert "no line of this is a layer" in str(refused)
