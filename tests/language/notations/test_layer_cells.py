"""What cells of a table of layers say in short, and in columns of their own."""

import pytest
from tables import same_network

import vggdsl
from vggdsl.language import notations
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.source import Source

_ROWS = "Layer | Stride | Filters | Output\n{} | 1 | 4 | 8x8x4\nFC | - | 5 | 5\n"
_ALL = "input 8x8x3 conv3-4 BN ReLU FC-5"


@pytest.mark.parametrize("cell", ["Conv 3×3 + BN + ReLU", "Conv3x3+BN+ReLU", "Conv3x3-BN-ReLU", "Conv3x3_BN_ReLU"])
def test_a_layer_stands_right_before_its_window_and_what_follows_it(cell: str) -> None:
    same_network(f"# input 8x8x3\n{_ROWS.format(cell)}", _ALL)


@pytest.mark.parametrize("cell", ["Conv_3x3_BN", "Conv3x3-16", "Conv3x3+BM", "Conv3x3BN"])
def test_what_is_none_of_these_is_refused(cell: str) -> None:
    ((_, found),) = parse_all(_ROWS.format(cell), "-", "layer-table", image="8x8x3")
    assert f"`{cell}` is no layer that is known" in str(found)


def test_a_window_may_be_the_number_of_a_layer_in_a_list() -> None:
    table = "Layer | Kernel | Filters\nConv1 | 3x3 | 4\nConv2 | 3x3 | 4\nConv3x3 | 3x3 | 4\nFC | | 5\n"
    for name in ("Conv3x3", "Conv3x2"):
        ((_, found),) = parse_all(table.replace("Conv3x3", name), "-", "layer-table", image="8x8x3")
        assert f"`{name}` " in str(found)


@pytest.mark.parametrize("cell", ["Conv_BN_ReLU", "ConvBNReLU", "conv-bn-relu", "conv+bn+relu"])
def test_a_layer_and_what_follows_it_are_one_word(cell: str) -> None:
    same_network(f"# input 8x8x3\nLayer | Kernel | Filters\n{cell} | 3x3 | 4\nFC | | 5\n", _ALL)


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        ("3.7E+04", "37K"),
        ("3.69e4", "36.9K"),
        ("3.7 × 10^4", "37K"),
        ("0.4·10⁵", "0.04M"),
        ("3.8E+04", "38K"),
        ("3.7 × 104", ""),
    ],
)
def test_a_power_of_ten_is_a_figure_of_its_printed_digits(figure: str, expected: str) -> None:
    table = f"Layer | Kernel | Filters | Params\nConv | 3x3 | 64 | {figure}\nFC | | 5 | 0.33E+06\n"
    ((_, found),) = parse_all(table, "-", image="32x32x64")
    assert isinstance(found, Spec) == bool(expected)
    if isinstance(found, Spec):
        assert f"params={expected}" in found.text
        assert (found.count("refuted") > 0) == (expected == "38K")


def test_a_second_column_of_its_kind_is_refused_once() -> None:
    ((_, found),) = parse_all(
        "Layer | Kernel | Filters | Filters\nConv | 3x3 | 4 | 5\nFC | | 5 | 6\n", "-", image="8x8x3"
    )
    assert str(found).count("a second column of its kind") == 1


_SIDED = """\
| Layer | Height | Width | Depth | Operator | Height | Width | Depth | No. | Stride | Params |
|---|---|---|---|---|---|---|---|---|---|---|
| L1 | 16 | 12 | 1 | conv1 | 5 | 3 | 1 | 4 | 1 | 64 |
| L2 | 12 | 10 | 4 | max pool | 2 | 2 | — | — | 2 | 0 |
| L3 | 6 | 5 | 4 | fc | — | — | — | 5 | — | 605 |
"""


def test_sides_of_windows_and_maps_are_told_by_what_is_printed() -> None:
    same_network(_SIDED, "input 16x12x1 conv5x3-4 pad=0 ReLU maxpool2/2 FC-5")
    ((_, found),) = parse_all(_SIDED.replace("| 64 |", "| 65 |"), "-")
    assert isinstance(found, Spec)
    assert found.count("refuted") == 1
    assert "`Height Width Depth` is the window, by what else is printed" in str(found.said)
    with pytest.raises(vggdsl.ParseError, match="12x10x4 is printed, and 12x10x6 comes"):
        parse_all(_SIDED.replace("| 4 | 1 | 64 |", "| 6 | 1 | 64 |"), "-")


@pytest.mark.parametrize(
    ("heading", "above"),
    [
        ("Layer | kh | kw | Filters | sh | sw", ""),
        ("Layer | Filter height | filter width | No. | Stride H | Stride W", ""),
        ("Layer | h | w | Filters | h | w", "| Kernel | | | Strides |\n"),
        ("Layer kw Kh Filters sh sw", ""),
    ],
)
def test_sides_stand_in_columns_of_their_own(heading: str, above: str) -> None:
    rows = "conv1 | 5 | 3 | 4 | 1 | 1\npool1 | 2 | 2 | - | 2 | 2\nfc | - | - | 5 | - | -\n"
    if "|" not in heading:
        rows = rows.replace("| ", "").replace("5 3", "3 5")
    same_network(f"# input 16x12x1\n{above}{heading}\n{rows}", "input 16x12x1 conv5x3-4 ReLU maxpool2/2 FC-5")


@pytest.mark.parametrize("order", ["W×H×C", "C, W, H", "Width x Height x Depth"])
def test_a_heading_says_that_widths_stand_first(order: str) -> None:
    sizes = [(3, 12, 16), (4, 12, 16), (4, 6, 8)] if order[0] == "C" else [(12, 16, 3), (12, 16, 4), (6, 8, 4)]
    size, out, smaller = ("x".join(map(str, each)) for each in sizes)
    table = f"Layer | Kernel (W×H) | Output ({order})\nInput | | {size}\n"
    table += f"conv | 5x3 | {out}\npool | 2x2 | {smaller}\nFC | | 5\n"
    same_network(table, "input 16x12x3 conv3x5-4 ReLU maxpool2/2 FC-5")


def test_sides_that_could_be_of_several_things_are_refused() -> None:
    table = "Layer | Kernel | Filters | H | W\nconv1 | 3x3 | 4 | 8 | 8\nconv2 | 3x3 | 4 | 4 | 4\nfc | - | 5 | - | -\n"
    with pytest.raises(
        vggdsl.ParseError, match="these sides could be of windows, of what comes, or of what a row gives"
    ):
        parse_all(table, "-")


def test_letters_of_keyword_spotting_are_sides() -> None:
    table = "type m r n p q Par. Mul.\nconv 5 3 4 2 2 60 7.2K\nsoftmax - - 5 - - 0.6K 0.6K\n"
    ((_, found),) = parse_all(table, "-", image="16x12x1")
    assert isinstance(found, Spec), found
    assert found.count("refuted") == 0, found.text
    expected = "input 16x12x1 conv5x3-4 pad=0 ReLU maxpool2/2 FC-5 softmax"
    assert found.network.graph.digest == vggdsl.parse(expected).network.graph.digest


_OPEN = """\
Layer | Support | Filt dim. | # filts. | Stride | Data size
conv1 | 3×3 | 1 | 4 | 1×1 | 16×12
mpool1 | 2×2 | - | - | 2×2 | 8×6
fc2 | 8×1 | 4 | 6 | 1×1 | 1×6
apool2 | 1×n | - | - | 1×1 | 1×1
fc3 | 1×1 | 6 | 5 | 1×1 | 1×1
"""


def test_a_side_that_is_but_a_letter_is_told_by_the_sizes() -> None:
    expected = "input 16x12x1 conv3-4 ReLU maxpool2/2 conv8x1-6 pad=0 ReLU avgpool1x6/1 FC-5"
    same_network(f"# input 16x12x1\n{_OPEN}", expected)
    for was, now, why in (
        ("1×n | - | - | 1×1 | 1×1", "1×n | - | - | 1×1 | -", "no size is printed behind it"),
        ("1×n | - | - | 1×1 | 1×1", "1×n | - | - | 1×1 | 2×1", "no window gives this size"),
        ("1×n | - | - | 1×1 | 1×1", "1×n | - | - | 3×3 | 1×1", "several windows give this size"),
        ("1×n | - | - | 1×1 | 1×1", "1×n | - | - | - | 1×3", "several windows give this size"),
    ):
        ((_, found),) = parse_all(_OPEN.replace(was, now), "-", image="16x12x1")
        assert "`1xn` leaves a side open" in str(found)
        assert why in str(found)


def test_a_row_that_has_but_a_window_belongs_to_the_row_above() -> None:
    table = "Layer\tInput\tKernel\nConv\t8x8x3\t3x3x3x4\n\t\t3x3x4x4\n\t\t1x1x4x6\nFC\t8x8x6\t384x5\n"
    same_network(table, "input 8x8x3 conv3-4 ReLU conv3-4 ReLU conv1-6 ReLU FC-5")
    for was, now in (("x4x4", ""), ("Conv", "Foo"), ("1x1x4x6", "1x1")):
        ((_, found),) = parse_all(table.replace(was, now), "-", "layer-table")
        assert str(found).count("error") == 1
    ((_, found),) = parse_all(table.replace("FC", "Foo\t8x8x6\t3x3\n\t\t3x3\nFoo"), "-", "layer-table")
    assert str(found).count("error") == 1


def test_an_fc_has_a_window_that_reaches_over_a_side_of_what_comes() -> None:
    table = "Layer\tKernel\tFilters\tOutput\nInput\t\t\t8x6x3\nconv\t3x3\t4\t8x6x4\nfc\t8x6\t5\t\nfc\t5x2\t2\t\n"
    same_network(table, "input 8x6x3 conv3-4 ReLU conv8x6-5 pad=0 ReLU FC-2")
    same_network(table.replace("5\t\nfc", "5\t1x1x5\nfc"), "input 8x6x3 conv3-4 ReLU conv8x6-5 pad=0 ReLU FC-2")
    ((_, found),) = parse_all(table.replace("8x6\t5", "3x3\t5"), "-")
    assert "an FC with a window of 3x3 over 8x6x4" in str(found)


@pytest.mark.parametrize("call", ["Conv2d(3, 4, 3)", "Conv2D(4, 3)"])
def test_a_call_pads_as_its_library_does(call: str) -> None:
    table = f"Layer\tDetails\nconv1\t{call}\npool1\tMaxPool2d(2, 2)\nfc\tLinear(5)\n"
    same_network(f"# input 8x8x3\n{table}", "input 8x8x3 conv3-4 pad=0 ReLU maxpool2/2 FC-5")


def test_a_label_in_front_of_a_size_isnt_read_and_what_speaks_of_it_is_refused() -> None:
    table = "Input\tOperator\tKernel\tFilters\n8x8x3\tconv\t3x3\t4\n(S1) 8x8x4\tconv\t3x3\t4\n8x8x4\tfc\t-\t5\n"
    same_network(table, "input 8x8x3 conv3-4 ReLU conv3-4 ReLU FC-5")
    noted = "\n".join(f"{line}\t{'S1' if at else 'Comments'}" for at, line in enumerate(table.splitlines()))
    same_network(noted, "input 8x8x3 conv3-4 ReLU conv3-4 ReLU FC-5")
    ((_, found),) = parse_all(table.replace("\n8x8x4", "\nS1, S2"), "-")
    assert "`S1` is a map of another row" in str(found)


def test_strides_and_pools_are_of_two_sides() -> None:
    table = "Layer | Kernel | Filters | Stride | Pooling\n"
    table += "conv | 5x3 | 4 | 1x2 | 1x3\npool | 3x2 | - | 3x2 | -\nfc | - | 5 | - | -\n"
    same_network(f"# input 16x12x1\n{table}", "input 16x12x1 conv5x3-4/1x2 maxpool1x3/1x3 maxpool3x2/3x2 FC-5")
    for was, now in (("| 5 | -", "| 5 | 1x2"), ("conv |", "conv, stride 1 |")):
        ((_, found),) = parse_all(table.replace(was, now), "-", image="16x12x1")
        assert not isinstance(found, Spec)
    sides = "Layer kh kw Filters sh sw\nconv 5 3 4 1 2\npool 3 2 - 3 2\nfc - - 5 - -\n"
    same_network(f"# input 16x12x1\n{sides}", "input 16x12x1 conv5x3-4/1x2 ReLU maxpool3x2/3x2 FC-5")


def test_a_row_a_network_is_no_layout_that_is_known() -> None:
    table = "Layer | Conv | Pool | Conv | Pool | FC\nA | (5, 20)/1,0 | 2/2,0 | (5, 50)/1,0 | 2/2,0 | 500\n"
    (why,) = [each.message for each in notations.strangers(Source("-", table))]
    assert "as if each row were a network: that layout isn't known" in why
