"""Tables with a row a layer."""

import pytest

import vggdsl
from vggdsl.language import notations
from vggdsl.language.elaborate import elaborate
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import ParseError
from vggdsl.text.source import Source

WINDOWS = """\
Table 1. Separable convolutions
Type / Stride | Filter Shape | Input Size
Conv / s2 | 3 × 3 × 3 × 8 | 32 × 32 × 3
Conv dw / s1 | 3 × 3 × 8 dw | 16 × 16 × 8
Conv / s1 | 1 × 1 × 8 × 16 | 16 × 16 × 8
Avg Pool / s1 | Pool 16 × 16 | 16 × 16 × 16
FC / s1 | 16 × 10 | 1 × 1 × 16
Softmax / s1 | Classifier | 1 × 1 × 10
"""
MAPS = """\
Layer\t\tFeature Maps\tSize\tKernel Size\tStride\tActivation\tParams
Input\tImage\t1\t12x12\t-\t-\t-\t0
1\tConvolution\t6\t8x8\t5x5\t1\ttanh\t156
2\tAverage Pooling\t6\t4x4\t2x2\t2\ttanh\t0
3\tFC\t-\t10\t-\t-\tsoftmax\t970
"""
FILTERS = """\
| Type | Filters | Size/Stride | Output |
|---|---|---|---|
| Convolutional | 8 | 3 × 3 | 16 × 16 |
| Maxpool | | 2 × 2/2 | 8 × 8 |
| Convolutional | 10 | 1 × 1 | 8 × 8 |
| Avgpool | | Global | 10 |
| Softmax | | | |
"""
SAYINGS = """\
| Layer | Description |
|:-----:|:-----------:|
| Input | 16x16x3 RGB image |
| Convolution 5x5 | 1x1 stride, valid padding, outputs 12x12x8 |
| RELU | |
| Convolution 3x3 | 1x1 stride, same padding, outputs 12x12x8 |
| RELU | |
| Max pooling\t| 2x2 stride,\toutputs 6x6x8 |
| Flatten | outputs 288 |
| Fully connected | outputs 10 |
| Softmax | |
"""
NEURONS = """\
Layer\tType\t# maps & neurons\tkernel
0\tinput\t3 maps of 22x22 neurons\t
1\tconvolutional\t4 maps of 18x18 neurons\t5x5
2\tmax pooling\t4 maps of 9x9 neurons\t2x2
3\tconvolutional\t6 maps of 6x6 neurons\t4x4
4\tfully connected\t10 neurons\t1x1
"""
DESCRIPTIONS = """\
NAME\tDESCRIPTION
input\t12 × 12 RGB image
conv1a\t8 filters, 3 × 3, pad = 'same', LReLU (α = 0.1)
pool1\tMaxpool 2 × 2 pixels
drop1\tDropout, p = 0.5
nin\t1 × 1 conv. 6 LReLU (0.1)
pool2\tGlobal average pool (6 × 6 → 1 × 1 pixels)
dense\tFully connected 6 → 10
output\tSoftmax
"""
KERAS = """\
| Layer | Output shape | Params |
|---|---|---|
| Conv2D (8 filters, 3x3) | (None, 12, 12, 8) | 80 |
| BatchNormalization | (None, 12, 12, 8) | 32 |
| MaxPooling2D | (None, 6, 6, 8) | 0 |
| Conv2D | (None, 4, 4, 4) | 292 |
| Flatten | (None, 64) | 0 |
| Dropout (0.25) | (None, 64) | 0 |
| Dense (10, softmax) | (10) | 650 |
| **Total** | | 1,054 (1,038 trainable) |
"""
SIDEWAYS = """\
Layer\t1\t2\t3\t4
Stage\tconv + max\tconv\tfull\tfull
# channels\t8\t6\t12\t10
Filter size\t5x5\t3x3\t-\t-
Conv. stride\t1x1\t1x1\t-\t-
Pooling size\t2x2\t-\t-\t-
Pooling stride\t2x2\t-\t-\t-
Zero-Padding size\t-\t1x1x1x1\t-\t-
Spatial input size\t16x16\t6x6\t6x6\t1x1
"""
UPWARDS = """\
Layer\tType\tMaps\tSize\tKernel size\tStride\tPadding\tBatch norm\tActivation
Out\tFully connected\t–\t1,000\t–\t–\t–\tno\tSoftmax
C2\tConvolution\t6\t3 × 3\t3 × 3\t2\tsame\tyes\tLeakyReLU (0.2)
C1\tConvolution\t4\t6 × 6\t5 × 5\t2\tvalid\tno\tReLU
In\tInput\t3 (RGB)\t15 × 15\t–\t–\t–\t–\t–
"""
REPEATED = """\
Type / Stride\tFilter Shape\tInput Size
Conv / s2\t3 × 3 × 3 × 8\t16 × 16 × 3
5× Conv dw / s1\t3 × 3 × 8 dw\t8 × 8 × 8
Conv / s1\t1 × 1 × 8 × 8\t8 × 8 × 8
Conv dw / s2\t3 × 3 × 8 dw\t8 × 8 × 8
Conv / s1\t1 × 1 × 8 × 4\t8 × 8 × 8
Avg Pool / s1\tPool 8 × 8\t8 × 8 × 4
FC / s1\t4 × 10\t1 × 1 × 4
"""
LIST = """\
* Input 12 × 12 RGB image
* 3 × 3 conv. 8 BN LeakyReLU
* 2 × 2 max-pooling stride 2
* 1 × 1 conv. 6 ReLU
* global averaging over 6 × 6 spatial dimensions
* 6-way softmax
"""
CHANNELS_FIRST = """\
| Layer | Input shape | Output shape | Padding | MACs |
|---|---|---|---|---|
| Conv2d(1, 8, kernel_size=3) + ReLU | (1, 12, 12) | (8, 12, 12) | 1 | 10,368 |
| MaxPool2d(2) | (8, 12, 12) | (8, 6, 6) | | |
| Linear(288, 10) | 288 | 10 | | 2,880 |
"""
NOT_ACTIVE = """\
Layer\tFilters\tKernel\tOutput\tActivation
Input\t-\t-\t8x8x3\t-
Conv 1\t4\t3x3\t8x8x4\tlinear
FC 1\t7\t-\t7\tnone
FC 2\t5\t-\t5\tsoftmax
"""
SAME = {
    DESCRIPTIONS: "input 12x12x3 conv3-8 LeakyReLU-0.1 maxpool dropout-0.5 "
    "conv1-6 LeakyReLU-0.1 global-avgpool FC-10 softmax",
    KERAS: "input 14x14x1 conv3-8 pad=0 ReLU BN maxpool conv3-4 pad=0 ReLU dropout-0.25 FC-10 softmax",
    SIDEWAYS: "input 16x16x3 conv5-8 pad=0 maxpool conv3-6 FC-12 FC-10",
    UPWARDS: "input 15x15x3 conv5-4/2 pad=0 ReLU conv3-6/2 pad=0,1,0,1 BN LeakyReLU-0.2 FC-1000 softmax",
    REPEATED: "input 16x16x3 conv3-8/2 ( conv3-8 groups=8 conv1-8 ) x5 conv3-8 groups=8 conv1-4 avgpool8/1 FC-10",
    LIST: "input 12x12x3 conv3-8 BN LeakyReLU maxpool conv1-6 ReLU global-avgpool softmax",
    CHANNELS_FIRST: "input 12x12x1 conv3-8 ReLU maxpool FC-10",
    NOT_ACTIVE: "input 8x8x3\nafter conv: none\nafter FC: none\nconv3-4 FC-7 FC-5 softmax",
    NEURONS: "input 22x22x3 conv5-4 pad=0 maxpool conv4-6 pad=0 FC-10",
    WINDOWS: "input 32x32x3 conv3-8/2 conv3-8 groups=8 conv1-16 avgpool16/1 FC-10 softmax",
    MAPS: "input 12x12x1 conv5-6 pad=0 tanh avgpool2/2 tanh FC-10 softmax",
    SAYINGS: "input 16x16x3 conv5-8 pad=0 ReLU conv3-8 ReLU maxpool FC-10 softmax",
    FILTERS: "input 16x16x3 conv3-8 maxpool conv1-10 global-avgpool softmax",
}


@pytest.mark.parametrize("table", SAME, ids=lambda table: table[:16])
def test_a_table_is_the_network_that_it_says(table: str) -> None:
    ((_, found),) = parse_all(table, "-")
    assert isinstance(found, Spec), found
    assert found.network.graph.digest == vggdsl.parse(SAME[table]).network.graph.digest
    assert found.count("holds") > 2 or table in (DESCRIPTIONS, LIST)  # which print one size or none
    assert found.count("refuted") == 0
    assert notations.recognise(found.source).name == "layer-table"


@pytest.mark.parametrize(
    ("table", "was", "now", "where"),
    [
        (WINDOWS, "3 × 3 × 8 dw", "3 × 3 × 9 dw", "-:4:16"),
        (WINDOWS, "Conv dw / s1", "5× Conv dw / s1", "-:4:1"),
        (WINDOWS, "16 × 10", "17 × 10", "-:7:11"),
        (WINDOWS, "16 × 16 × 8\nAvg", "16 × 15 × 8\nAvg", "-:5:30"),
        (MAPS, "tanh\t0\n3", "RBF\t0\n3", "-:4:31"),
        (NEURONS, "3 maps", "1 or 3 maps", "-:2:9"),
        (NEURONS, "4 maps of 9x9", "4 maps of 9x8", "-:4:15"),
        (MAPS, "Image\t1\t12x12", "Image\t1\t", "-:2:7"),
        (SAYINGS, "1x1 stride, same", "2x2 stride, same", "-:6:21"),
        (FILTERS, "3 × 3 | 16 × 16 |", "3 × 3/2 |  |", "-:3:3"),
        (DESCRIPTIONS, "Softmax", "Fully connected", "-:9:1"),
        (DESCRIPTIONS, "8 filters", "8 fillers", "-:3:10"),
        (DESCRIPTIONS, "(6 × 6", "(5 × 5", "-:7:1"),
        (DESCRIPTIONS, "Maxpool 2 × 2", "Transposed conv 2 × 2", "-:4:7"),
        (DESCRIPTIONS, "Dropout, p = 0.5", "Dropout, 0.8 probability", "-:5:20"),
        (KERAS, "(None, 6, 6, 8)", "(None, 8, 6, 6)", "-:5:18"),
        (SIDEWAYS, "16x16\t6x6", "16x16\t5x5", "-:9:26"),
        (KERAS, "| 292 |", "| 2,(92 |", "-:6:30"),
        (SIDEWAYS, "Stage", "Fee", "-:2:1"),
        (SIDEWAYS, "Pooling size\t2x2", "Pooling size\t0", "-:6:14"),
        (UPWARDS, "same\tyes", "same\tmaybe", "-:3:37"),
        (UPWARDS, "3 (RGB)", "4 (RGB)", "-:5:10"),
        (REPEATED, "1 × 1 × 8 × 8", "1 × 1 × 8 × 9", "-:3:1"),
        (CHANNELS_FIRST, "(1, 12, 12)", "(12, 12, 1)", "-:3:54"),
        (CHANNELS_FIRST, "MaxPool2d(2)", "MaxPool2d(2,)", "-:4:3"),
        (SAYINGS, "outputs 288", "outputs 289", "-:9:13"),
        (FILTERS, "2 × 2/2", "3 × 3", "-:4:15"),
        (FILTERS, "Maxpool", "Unpool", "-:4:3"),
        (FILTERS, "| Softmax | | | |", "| Softmax | | | | 7 |", "-:7:19"),
        (FILTERS, "Filters", "Fitters", "-:1:10"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_cell(table: str, was: str, now: str, where: str) -> None:
    assert was in table
    try:
        ((_, found),) = parse_all(table.replace(was, now), "-", "layer-table")
    except vggdsl.VggdslError as error:
        found = error
    if isinstance(found, Spec):
        assert found.count("refuted") > 0
    else:
        assert f" {where}\n" in str(found)


@pytest.mark.parametrize(
    ("was", "now"),
    [("K = 8", "K = 9"), ("8 × 8 × 8", "8 × 7 × 8"), ("3 × 3 / 2", "3 × 3 / 3"), ("tanh\t156", "tanh\t157")],
)
def test_a_figure_that_is_not_the_networks_fails(was: str, now: str) -> None:
    table = MAPS
    if was not in MAPS:
        table = notations.written_as(
            vggdsl.parse("input 16x16x3 conv3-8/2 ReLU BN dropout-0.2 FC-4 softmax").typed, "layer-table"
        )
    assert was in table
    ((_, found),) = parse_all(table.replace(was, now), "-")
    assert not isinstance(found, Spec) or found.count("refuted") > 0


def test_what_no_cell_says_is_said_once() -> None:
    ((_, found),) = parse_all(LIST.replace("12 × 12 RGB", "14 × 14"), "-", "layer-table")
    assert not isinstance(found, Spec)
    ((_, found),) = parse_all(LIST, "-", "layer-table")
    assert isinstance(found, Spec)
    said = [each.message for each in found.check(to_train=False) if each.code == "W110"]
    assert said == [
        "assumed: stride 1 and padding by (k - 1) / 2: no stride and no padding is printed",
        "assumed: a slope of 0.01: none is printed",
        "assumed: stride 1: no stride is printed",
    ]


def test_flops_are_multiply_adds_and_that_is_said() -> None:
    table = CHANNELS_FIRST.replace("MACs", "FLOPs").replace("Output shape", "Output shape (C×H×W)")
    ((_, found),) = parse_all(table, "-")
    assert isinstance(found, Spec)
    assert "assumed: FLOPs count a multiply-add once" in [each.message for each in found.check(to_train=False)]
    ((_, twice),) = parse_all(table.replace("10,368", "20,736"), "-")
    assert isinstance(twice, Spec)
    assert twice.count("refuted") == 1


def test_a_stride_that_the_sizes_refute_is_mended() -> None:
    ((_, found),) = parse_all(REPEATED, "-")
    assert isinstance(found, Spec)
    said = [each.message for each in found.check(to_train=False) if each.code == "W111"]
    assert said == ["repaired: stride 2 read as 1: 8x8 is printed before and behind it"]


MANY = """\
Layer\tFilters\tKernel\tStride\tPad\tGroups\tDilation\tBN\tAct.\tMax pool\tDropout\tRepeat\tParams
Input 16x16x3\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t0
Conv\t4\t3x3\t1\t1\t1\t1\tyes\tLeakyReLU (0.2)\t3x3, stride 2\t0.3\t1\t112
Depthwise conv\t4\t3x3\t1\t1\t4\t1\tno\tReLU\t-\t-\t1\t40
Max pool\t4\t-\t2\t0\t-\t-\t-\t-\t2x2\t-\t1\t0
Dropout\t-\t-\t-\t-\t-\t-\t-\t-\t-\tkeep_prob=0.6\t1\t0
FC\t10\t-\t-\t-\t-\t-\tno\tsoftmax\t-\t-\t1\t370
"""
"""Columns that only some of the rows fill."""


def test_columns_of_what_follows_a_layer_say_nothing_of_the_layer() -> None:
    """The stride of a pool isn't that of the convolution in its row, and a rate of its own column isn't lost."""
    ((_, found),) = parse_all(MANY, "-", "layer-table")
    assert isinstance(found, Spec), found
    expected = (
        "input 16x16x3 conv3-4 BN LeakyReLU-0.2 maxpool3/2 dropout-0.3 conv3-4 groups=4 ReLU maxpool "
        "dropout-0.4 FC-10 softmax"
    )
    assert found.network.graph.digest == vggdsl.parse(expected).network.graph.digest


@pytest.mark.parametrize(
    ("row", "column", "cell"),
    [
        (1, "Params", "9"),
        (1, "Repeat", "2"),
        (2, "Dropout", "50"),
        (2, "Dropout", "avg pool"),
        (2, "BN", "ReLU"),
        (2, "Act.", "ReLU (0.2)"),
        (2, "Act.", "ReLU 64"),
        (2, "Stride", "linear"),
        (2, "Repeat", "2"),
        (2, "Max pool", "3x3, pad 1"),
        (3, "Filters", "8"),
        (3, "Groups", "2"),
        (4, "Filters", "5"),
        (4, "Dilation", "2"),
        (4, "Groups", "4"),
        (4, "Max pool", "avg pool 2x2"),
        (5, "Pad", "same"),
        (6, "Groups", "2"),
    ],
)
def test_no_cell_of_a_layer_that_has_none_is_passed_over(row: int, column: str, cell: str) -> None:
    rows = [line.split("\t") for line in MANY.splitlines()]
    rows[row][rows[0].index(column)] = cell
    ((_, found),) = parse_all("\n".join(map("\t".join, rows)), "-", "layer-table")
    assert not isinstance(found, Spec)
    assert cell in found.diagnostics[0].labels[0].span.text


def test_pools_whose_stride_no_cell_says_are_said() -> None:
    ((_, found),) = parse_all(MANY.replace("3x3, stride 2", "3x3"), "-", "layer-table")
    assert isinstance(found, Spec)
    assert "assumed: pools at a stride of their window: none is printed" in [each.message for each in found.said]


IN_AND_OUT = """\
| Layer | Description |
|---|---|
| Input | 12x12x1 image |
| Convolution 3x3 | Input = 12x12x1. Output = 10x10x4. |
| RELU | |
| Max pooling | 2x2 stride, outputs 5x5x4 |
| Fully connected | Input = 100. Output = 6. |
| Softmax | Output layer |
"""
TOTALS = """\
| Layer | Output shape | Params |
|---|---|---|
| Conv2D | (None, 10, 10, 4) | 40 |
| Flatten | (None, 400) | 0 |
| Dense | (None, 6) | 2,406 |
| Total params | | 2,446 (9.55 KB) |
| Trainable params | | 2,446 (9.55 KB) |
| Non-trainable params | | 0 (0.00 Byte) |
"""
STRIDED = """\
| Layer | Filters | Kernel | Stride | Padding | Output |
|---|---|---|---|---|---|
| Conv | 4 | 5x5 | 2 | 0 | 6x6x4 |
| FC | 6 | - | - | - | 6 |
"""


def test_what_comes_and_what_is_given_are_said_in_one_cell() -> None:
    ((_, found),) = parse_all(f"```\n{IN_AND_OUT}```\n", "-")
    assert isinstance(found, Spec), found
    same = "input 12x12x1 conv3-4 pad=0 ReLU maxpool FC-6 softmax"
    assert found.network.graph.digest == vggdsl.parse(same).network.graph.digest
    ((_, found),) = parse_all(IN_AND_OUT.replace("Input = 100", "Input = 101"), "-")
    assert "the filter takes 101" in str(found)


def test_totals_as_keras_prints_them_are_held() -> None:
    ((_, found),) = parse_all(TOTALS, "-")
    assert isinstance(found, Spec), found
    assert found.count("refuted") == 0
    ((_, found),) = parse_all(
        TOTALS.replace("Total params | | 2,446 (9.55 KB)", "Total params | | 7,338 (28.66 KB)"), "-"
    )
    assert isinstance(found, Spec)
    assert found.count("refuted") == 1  # with the state of an optimizer
    ((_, found),) = parse_all(TOTALS.replace("9.55 KB) |\n| Tr", "9.57 KB) |\n| Tr"), "-")
    assert "4 bytes" in str(found)


def test_an_image_is_told_by_a_stride_and_a_padding_that_are_printed() -> None:
    ((_, found),) = parse_all(STRIDED, "-")
    assert isinstance(found, Spec), found
    assert found.network.graph.digest == vggdsl.parse("input 15x15x3 conv5-4/2 pad=0 FC-6").network.graph.digest
    for unsaid in (STRIDED.replace("| 0 |", "| - |"), STRIDED.replace("| 0 |", "| same |")):
        ((_, found),) = parse_all(unsaid, "-")
        assert "size of the images" in str(found)


def test_no_filters_are_not_those_of_the_size() -> None:
    ((_, found),) = parse_all(STRIDED.replace("| Conv | 4 |", "| Conv | 0 |"), "-")
    assert "0 is out of range" in str(found)


def test_a_figure_of_a_column_is_no_part_of_a_name() -> None:
    text = "".join(
        " ".join(line.replace("|", " ").split()) + "\n" for line in STRIDED.splitlines() if "---" not in line
    )
    for given, wrong in ((text, 0), (text.replace("Conv 4 ", "Conv 7 "), 1)):
        ((_, found),) = parse_all(given, "-")
        assert isinstance(found, Spec)
        assert found.count("refuted") == wrong


def test_a_dropout_of_whole_channels_is_no_dropout() -> None:
    ((_, found),) = parse_all(IN_AND_OUT.replace("| RELU | |", "| Dropout2d | |"), "-")
    assert "dropout2d" in str(found)


@pytest.mark.parametrize("above", ["", "Table 1. Networks\n", "All convolutions have stride 2\n"])
def test_prose_above_a_table_that_tells_of_layers_is_said_to_be_unread(above: str) -> None:
    for table in (MAPS, FILTERS.replace("|---|---|---|---|\n", "").replace("| ", "").replace(" |", "")):
        ((_, found),) = parse_all(above + table, "-", "layer-table")
        assert isinstance(found, Spec), found
        said = [each.labels[0].span.text for each in found.said if "isn't read" in each.message]
        assert said == [above.strip()] * ("stride" in above)


NAMED = """\
| Name | Type | Kernel | Filters | Output | Dropout |
| - | - | - | - | - | - |
| data | Input | | | 8x8x3 | |
| conv1 | Convolution | 3x3 | 4 | 8x8x4 | |
| avg pool | Pool | 2x2 | | 4x4x4 | |
| flat | Flatten | | | 64 | 0.3 |
| fc1 | Dense (fully connected) | | 10 | 10 | |
"""


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("conv1 |", "conv1 /2 |"),
        ("conv1 |", "conv1, pad 0 |"),
        ("conv1 |", "Block 2 (x2) |"),
        ("conv1 |", "conv1, 5x5 |"),
        ("conv1 |", "conv1, 9 filters |"),
        ("fc1 |", "fc1 + dropout |"),
        ("fc1 |", "fc1 (50%) |"),
        ("3x3 |", "3x3, 3x3 |"),
        ("3x3 |", "3, 3 |"),
        ("| 4 |", "| 4, 4 |"),
        ("Convolution |", "Conv + Conv |"),
        ("Dense (fully connected) |", "Dense, dense |"),
    ],
)
def test_a_row_is_one_layer_and_its_name_says_no_more(was: str, now: str) -> None:
    ((_, whole),) = parse_all(NAMED, "-", "layer-table")
    assert isinstance(whole, Spec), whole
    assert (
        whole.network.graph.digest
        == vggdsl.parse("""
input 8x8x3 conv3-4 avgpool2/2 dropout-0.3 FC-10""").network.graph.digest
    ), "its name says which pool"
    ((_, found),) = parse_all(NAMED.replace(was, now, 1), "-", "layer-table")
    assert not isinstance(found, Spec), found
    assert [each.code for each in found.diagnostics] == ["V115"]


@pytest.mark.parametrize("column", ["Dilation", "Groups", "Repeat"])
@pytest.mark.parametrize("cell", ["0", "1, 2"])
def test_a_row_has_one_of_each_number_and_none_is_zero(column: str, cell: str) -> None:
    table = (
        f"| Layer | Output | {column} |\n|-|-|-|\n| Input | 8x8x2 | |\n| Conv 3x3 | 8x8x2 | {cell} |\n| FC | 5 | |\n"
    )
    ((_, found),) = parse_all(table, "-", "layer-table")
    assert " -:4:22\n" in str(found)


@pytest.mark.parametrize(("cell", "behind"), [("ReLU + BN", "ReLU BN"), ("BN + ReLU", "BN ReLU")])
def test_what_one_cell_says_stands_in_its_order(cell: str, behind: str) -> None:
    table = (
        f"| Layer | Output | Activation |\n|-|-|-|\n| Input | 8x8x2 | |\n| Conv 3x3 | 8x8x2 | {cell} |\n| FC | 5 | |\n"
    )
    ((_, found),) = parse_all(table, "-", "layer-table")
    assert isinstance(found, Spec), found
    assert found.network.graph.digest == vggdsl.parse(f"input 8x8x2 conv3-2 {behind} FC-5").network.graph.digest


@pytest.mark.parametrize(
    ("numbers", "convs"),
    [("1 2-3 4 5", 3), ("1 2,3 4 5", 3), ("1 2-3 5 6", 2), ("1-1 1-2 2-1 2-2", 2), ("1 3 3 4", 2)],
)
def test_numbers_of_rows_count_their_layers(numbers: str, convs: int) -> None:
    """And what may be of several, but for a gap in them, is said."""
    first, second, third, last = numbers.split()
    table = f"#\tType\tKernel\tOutput\n{first}\tInput\t\t8x8x2\n{second}\tConv\t3x3\t8x8x2\n"
    table += f"{third}\tConv\t3x3\t8x8x2\n{last}\tFC\t\t5\n"
    (reading,) = notations.notation("layer-table").read(Source("-", table))
    assert not isinstance(reading.outcome, ParseError)
    assert sum(node.op.kind == "conv" for node in elaborate(reading.outcome).graph.nodes) == convs
    assert ("one layer in the row of `2-3`" in str([each.message for each in reading.said])) is (third == "5")


def test_where_a_relu_stands_that_no_row_prints_is_said_of_a_bn() -> None:
    table = "Layer\tKernel\tOutput\tBN\nInput\t\t8x8x2\t\nConv\t3x3\t8x8x2\tyes\nFC\t\t5\tno\n"
    (reading,) = notations.notation("layer-table").read(Source("-", table))
    assert "that ReLU stands before a BN, not behind it" in str([each.message for each in reading.said])


def test_a_name_that_tells_of_more_and_is_not_read_is_said() -> None:
    (reading,) = notations.notation("layer-table").read(Source("-", NAMED.replace("conv1 |", "Stage 1, no bias |")))
    assert "what names say isn't read" in str([each.message for each in reading.said])


def test_a_row_of_a_table_on_its_side_is_read_or_refused() -> None:
    table = "Layer\tInput\tConv1\tFC\nOutput\t8x8x3\t8x8x4\t10\nKernel\t-\t3x3\t-\n"
    ((_, found),) = parse_all(f"Table 2\n{table}", "-", "layer-table")
    assert isinstance(found, Spec), found
    for row in ("Dropout\t0.5\n", "Stride 2\n"):
        with pytest.raises(ParseError) as caught:
            parse_all(table + row, "-", "layer-table")
        assert " -:4:1\n" in str(caught.value)


@pytest.mark.parametrize(
    ("first", "second", "input"),
    [("3x8x12", "4x8x12", "8x12x3"), ("1x8x12", "", "8x12x1"), ("1x8x12", "1x8x4", "1x8x12")],
)
def test_maps_that_are_not_square_have_the_channels_of_images(first: str, second: str, input: str) -> None:
    table = f"| Layer | Output |\n|---|---|\n| Input | {first} |\n| Conv 3x3, 4 | {second} |\n| FC | 10 |\n"
    ((_, found),) = parse_all(table, "-", "layer-table")
    assert isinstance(found, Spec), found
    assert str(found.typed.input) == input


def test_an_fc_takes_all_values_that_come() -> None:
    table = "Layer\tKernel\tInput channels\tOutput channels\nInput 4x4x3\t-\t-\t-\nConv\t1x1\t3\t2\nFC\t-\t{}\t10\n"
    for takes, fits in ((32, True), (2, False)):
        ((_, found),) = parse_all(table.format(takes), "-", "layer-table")
        assert isinstance(found, Spec) == fits


def test_a_table_of_thousands_of_rows_is_refused_at_once() -> None:
    _, *rows = FILTERS.splitlines(keepends=True)
    with pytest.raises(vggdsl.VggdslError, match="more than 1,000 rows"):
        parse_all(FILTERS + rows[1] * 1000, "-")


SEPARABLE = """Layer | Kernel / Stride | Filters | Output | Params
Input | | | 8x8x4 | 0
{} | 3x3 / 2 | {} | {} | {}
FC | | | 10 |
"""


def test_a_separable_convolution_is_a_depthwise_one_and_a_1x1() -> None:
    """With both biases and a ReLU between, as MobileNet's; with one bias and nothing between, as Keras'."""
    sums = {"DepthSepConv": 4 * 9 + 4 + 4 * 6 + 6, "sep. conv": 4 * 9 + 4 * 6 + 6}
    plain = "input 8x8x4\n{} conv1-6\nFC-10"
    words = {"DepthSepConv": "conv3-4/2 groups=4", "sep. conv": "conv3-4/2 groups=4 bias=no after=none"}
    for word, count in sums.items():
        for width, size in (("6", ""), ("", "4x4x6")):
            spec = vggdsl.parse(SEPARABLE.format(word, width, size, count))
            assert spec.network.graph.digest == vggdsl.parse(plain.format(words[word])).network.graph.digest
            assert (spec.count("refuted"), f"params={count}" in spec.text) == (0, True)
            assert sum("a depthwise convolution and a 1x1 behind it" in each.message for each in spec.said) == 1
        with pytest.raises(ParseError, match=f"`{word}` needs its number of filters"):
            vggdsl.parse(SEPARABLE.format(word, "", "", ""))


def test_one_printed_activation_leaves_the_other_layers_none_and_that_is_said() -> None:
    """Behind all but the last layer, where it is first missing; what stands between may be a row's own."""
    table = "Layer | Kernel | Filters | Act\nInput | | 8x8x3\nConv_1 | 3x3 | 4 | {}\nBN\n{}\nFC | | 10 | {}\n"
    said = "assumed: nothing behind a layer that prints no activation"
    for acts, places in ((("", "", "sigmoid"), ["Conv_1"]), (("ReLU", "", ""), []), (("", "ReLU", ""), [])):
        spec = vggdsl.parse(table.format(*acts))
        assert [each.labels[0].span.text for each in spec.said if each.message.startswith(said)] == places


def test_all_headings_that_arent_known_are_told_with_what_is_wrong_below_them() -> None:
    rows = "Input | | | 1 | 8x8x3 | 2\n{} | 3x3 | 4 | 1 | | 2\nFC | | 5\n"
    table = f"Layer | Kernel | Filters | Fuzz | Output | Hum\n{rows}"
    for word, rest in (("Conv", []), ("Cnov", ["Cnov"])):
        with pytest.raises(ParseError) as caught:
            vggdsl.parse(table.format(word))
        places = [label.span.text for each in caught.value.diagnostics for label in each.labels]
        assert places == ["Fuzz", "Hum", *rest]


OF_SIDES = """# input 8x8x3
Layer | Kernel | {} | SE | Cum. Params
Conv | 3x3 | {} | - | 112
Conv | 3x3 | {} | {} | 260
"""


@pytest.mark.parametrize(
    ("heading", "first", "second"),
    [
        ("In | Out", "3 | 4", "4 | 4"),
        ("In | Out", "8^2 x 3 | 8² × 4", "8² × 4 | 8² × 4"),
        ("Filters | Data size", "4 | 8x8", "4 | 8x8"),
        ("Filters | wi × hi", "4 | 8 × 8", "4 | 8 × 8"),
    ],
)
def test_short_headings_are_of_what_their_cells_are(heading: str, first: str, second: str) -> None:
    spec = vggdsl.parse(OF_SIDES.format(heading, first, second, "-"))
    plain = vggdsl.parse("input 8x8x3\nconv3-4\nReLU\nconv3-4\nReLU\n")
    assert spec.network.graph.digest == plain.network.graph.digest
    said = "assumed: what stands below `Cum. Params` isn't read: these are sums of the rows so far"
    assert said in [each.message for each in spec.said]
    with pytest.raises(ParseError, match="to how many channels a squeeze-and-excitation goes isn't printed"):
        vggdsl.parse(OF_SIDES.format(heading, first, second, "✓"))


def test_a_row_of_a_window_alone_is_told_to_lack_its_layer() -> None:
    with pytest.raises(ParseError, match="no cell of the row of `3x3` names its layer"):
        vggdsl.parse("Layer | Kernel | Output\nInput | | 8x8x3\nConv | 3x3 | 8x8x4\n | 3x3 | \n")


@pytest.mark.parametrize("pad", ["1", "same"])
def test_of_a_padded_mean_it_is_said_what_counts_in_it(pad: str) -> None:
    rows = f"Input 9x9x3 | | | | \nConv | 3x3 | 1 | 1 | 4\nAvg pool | 3x3 | 2 | {pad} | \nFC | | | | 5\n"
    spec = vggdsl.parse(f"Layer | Kernel | Stride | Padding | Filters\n{rows}")
    assert "avgpool3/2 pad=1" in spec.text
    said = "assumed: padding counts in the mean, as PyTorch's does and TensorFlow's doesn't"
    assert said in [each.message for each in spec.said]


@pytest.mark.parametrize(
    ("heading", "said"),
    [
        ("Kernel size", ["heights stand before widths"]),
        ("Kernel size (h x w)", []),
        ("Kernel size (w x h)", ["widths stand before heights"]),
    ],
)
def test_beside_sizes_that_begin_with_widths_it_is_said_how_windows_are_read(heading: str, said: list[str]) -> None:
    rows = "Input | | 3 | 64 x 32\nConv | 3x5 | 4 | 64 x 32\nFC | | 5 | 5\n"
    spec = vggdsl.parse(f"Layer | {heading} | Filters | Output (w x h)\n{rows}")
    assert ("conv5x3-4" if "(w" in heading else "conv3x5-4") in spec.text
    of_sides = [each.message for each in spec.said if "stand before" in each.message]
    assert of_sides == [
        *(f"assumed: below `{heading}` {order}" for order in said),
        "assumed: below `Output (w x h)` widths stand before heights",
    ]
