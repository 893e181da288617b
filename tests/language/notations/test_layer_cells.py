"""What cells of a table of layers say in short, and in columns of their own."""

import pytest
from tables import same_network

from vggdsl.spec.spec import Spec, parse_all

_ROWS = "Layer | Stride | Filters | Output\n{} | 1 | 4 | 8x8x4\nFC | - | 5 | 5\n"
_ALL = "input 8x8x3 conv3-4 BN ReLU FC-5"


@pytest.mark.parametrize("cell", ["Conv 3×3 + BN + ReLU", "Conv3x3+BN+ReLU", "Conv3x3-BN-ReLU", "Conv3x3_BN_ReLU"])
def test_a_layer_stands_right_before_its_window_and_what_follows_it(cell: str) -> None:
    same_network(f"# input 8x8x3\n{_ROWS.format(cell)}", _ALL)


@pytest.mark.parametrize("cell", ["Conv_3x3_BN", "Conv3x3-16", "Conv3x3+BM", "Conv3x3BN"])
def test_what_is_none_of_these_is_refused(cell: str) -> None:
    ((_, found),) = parse_all(_ROWS.format(cell), "-", "layer-table", image="8x8x3")
    assert f"`{cell}` is no layer that is known" in str(found)


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
