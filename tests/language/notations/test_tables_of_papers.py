"""Headings, filters, words and figures as tables of papers have them."""

import pytest
from tables import same_network

from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import ParseError

_WEIGHTS = """\
\tinput\tfilter\tstride\toutput
conv1\t1x8x8\t4x1x3x3\t1\t4x6x6
pool1\t4x6x6\taverage, 2x2\t2\t4x3x3
conv2\t4x3x3\t6x4x3x3\t1\t6x1x1
fc1\t6\t/\t/\t5
"""


def test_filters_of_four_numbers_are_in_the_order_that_the_rows_need() -> None:
    same_network(_WEIGHTS, "input 8x8x1 conv3-4 pad=0 ReLU avgpool2/2 conv3-6 pad=0 ReLU FC-5")
    same_network(
        _WEIGHTS.replace("4x1x3x3", "3x3x1x4").replace("6x4x3x3", "3x3x4x6"),
        "input 8x8x1 conv3-4 pad=0 ReLU avgpool2/2 conv3-6 pad=0 ReLU FC-5",
    )
    for was, now in (("6x4x3x3", "6x5x3x3"), ("4x1x3x3", "4x1x3x2"), ("6x4x3x3", "average, 3x3")):
        ((_, found),) = parse_all(_WEIGHTS.replace(was, now), "-")
        assert not isinstance(found, Spec) or found.count("refuted"), now


_UNITS = """\
\tType\tFilter size\tStride\t# filters\tFC units\tInput
Layer 1\tConv.\t3 x 3\t1 x 1\t4\t-\t2 x 6 x 6
Layer 2\tMax-pool.\t2 x 2\t2 x 2\t-\t-\t4 x 6 x 6
Layer 3\tFC\t-\t-\t-\t5\t36
"""


def test_units_of_fcs_have_a_column_of_their_own_and_names_one_without_a_heading() -> None:
    same_network(_UNITS, "input 6x6x2 conv3-4 ReLU maxpool2/2 FC-5")
    same_network(_UNITS.replace("FC units", "# FC"), "input 6x6x2 conv3-4 ReLU maxpool2/2 FC-5")
    ((_, found),) = parse_all(_UNITS.replace("4\t-\t2 x", "-\t4\t2 x"), "-")
    assert "`4` stands below `FC units`, and `Conv.` is no FC" in str(found)
    with pytest.raises(ParseError) as wrong:
        parse_all(_UNITS.replace("Stride", "Colour"), "-")
    assert "there is no column for this cell" not in str(wrong.value)


_BOTH = """\
Layer\tType\tFilter Dimensions\tInput/Output Dimensions
0\tInput\t\t8x8x3
1\tConv\t3x3x3x4\t6x6x4
2\tMax pool\t2x2\t3x3x4
3\tFC\t3x3x4x6\t1x6
4\tFC\t1x1x6x5\t1x5

The networks consist of convolutions and fully connected layers.
"""


def test_one_column_of_what_comes_and_what_is_given_has_one_size_or_both() -> None:
    network = "input 8x8x3 conv3-4 pad=0 ReLU maxpool2/2 FC-6 ReLU FC-5"
    same_network(_BOTH, network)
    two = _BOTH.replace("\t6x6x4", "\t8x8x3 / 6x6x4").replace("\t3x3x4\n", "\t6x6x4 → 3x3x4\n")
    same_network(two, network)
    for text, was, now in ((_BOTH, "3x3x4x6", "3x3x5x6"), (two, "8x8x3 /", "9x9x3 /"), (_BOTH, "\t6x6x4", "\t8x8x3")):
        ((_, found),) = parse_all(text.replace(was, now), "-")
        assert not isinstance(found, Spec) or found.count("refuted"), now


_CHINESE = """\
序号\t类型\t输出特征图\t卷积核尺寸\t池化核尺寸
1\t图片\t8*8*1\t\t
2\t卷积层\t6*6*4\t3*3\t
3\t最大池化层\t3*3*4\t\t2*2
4\t全连接层\t1*1*9\t\t
5\tSoftmax\t1*1*5\t\t
"""


def test_chinese_headings_and_a_softmax_with_a_size_of_its_own() -> None:
    same_network(_CHINESE, "input 8x8x1 conv3-4 pad=0 ReLU maxpool2/2 FC-9 ReLU FC-5 softmax")
    ((_, found),) = parse_all(_CHINESE, "-")
    assert isinstance(found, Spec)
    assert "an FC before it: 9 values come to a softmax whose size is of 5" in found.text
    ((_, found),) = parse_all(_CHINESE.replace("1*1*5", "1*1*11"), "-")
    assert isinstance(found, Spec)
    assert found.count("refuted")


_PADDED = "序号\t类型\t说明\t尺寸\n1\t图片\t\t16*16*1\n2\t卷积层\t3*3/1\t16*16*4\n3\t池化层\t2*2/1{}\t16*16*4\n"


def test_pad_same_is_named_where_the_printed_size_holds_with_it() -> None:
    ((_, found),) = parse_all(_PADDED.format(""), "-")
    assert isinstance(found, Spec)
    assert found.count("refuted") == 1
    assert any(each.help == "with `2*2/1, pad same` the printed size holds" for each in found.said)
    same_network(_PADDED.format(", pad same"), "input 16x16x1 conv3-4 ReLU maxpool2/1 pad=0,1,0,1")
    ((_, found),) = parse_all(_PADDED.format("").replace("2*2/1", "2*2"), "-")
    assert "with `pad same, stride 1` in its cell it is this size" in str(found)


_FIGURES = "small\tlarge\nCONV 4 3×3\tCONV 6 3×3\nFC 5\tFC 6\n\tFC 5\n# hidden: 0.3K\t0.4K\n# params: 2,045\t3,701\n"


def test_figures_whose_label_stands_in_the_first_networks_cell_are_claims_or_said_to_be_unread() -> None:
    for now in ("2,045", "2,046"):
        for name, found in parse_all(_FIGURES.replace("2,045", now), "-", image="10x10x1"):
            assert isinstance(found, Spec)
            assert found.count("refuted") == (name == "small" and now == "2,046")
            assert found.count("holds") == 1 - found.count("refuted")
            assert any("`# hidden` isn't read" in each.message for each in found.said)
