"""How papers write layers down, in words and forms of their own."""

import pytest
from tables import same_network

import vggdsl
from vggdsl.language import notations
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.source import Source

SHAPES = """\
Layer\tLayer shape (output shape)\tWeights number
Input\t(None, 16, 12, 2*)\t0
Conv\t(None, 16, 12, 6)\t114
MaxPooling\t(None, 8, 6, 6)\t0
Conv\t(None, 8, 6, 3)\t165
MaxPooling\t(None, 4, 3, 3)\t0
fully conn. linear\t(None, 5)\t185
"""
CALLS = """\
<table><tr><td>layer</td><td>type</td></tr><tr><td>input</td><td>Input(shape=(8, 9, 1))</td></tr>
<tr><td>1</td><td>Conv2D(filters=4, kernel_size=3, activation=&#x27;relu&#x27;)</td></tr>
<tr><td>2-4</td><td>Conv2D(filters=4, kernel_size=2, padding=&quot;same&quot;, activation=&#x27;relu&#x27;)</td></tr>
<tr><td>5</td><td>Flatten()</td></tr><tr><td>output</td><td>Dense(units=5, activation='softmax')</td></tr></table>
"""
BLOCKS = r"""
\begin{tabular}{|l|c|c|l|l|l|}
\hline
\textbf{Layers} & Filters & \textbf{Kernel} & Activation & \textbf{Pooling} & \textbf{Regularization} \\
\hline
Input ($8\times8\times3$) & & & & & \\
2$\times$Conv2D+BN & 4 & $3\times3$ & ReLU & MaxPool $2\times2$ & Dropout(0.2) \\
\hline
2$\times$Conv2D+BN & 6 & $3\times3$ & ReLU & GlobalAvgPool & Dropout(0.5) \\
FC & 5 & & Softmax & & \\
\end{tabular}
"""
DASHES = """\
| Input 8 × 8 × 3 |
| --- |
| 3 × 3 Conv(stride=1, pad=1)−4−BN−ReLU |
| 3 × 3 Conv(stride=1, pad=1)−6−BN−ReLU |
| concat(AdaptiveAvgPool2d + AdaptiveMaxPool2d) |
| Flatten−12-BN-Dropout 25% |
| Dense-40 |
"""
SENTENCES = r"""
\begin{tabular}{lll}
\toprule
\textbf{Layer} & \textbf{\makecell{Kernel \\ size}} & Output shape \\
\midrule
Input (map with 2 channels) & -- & $8 \times 9 \times 2$ \\
\multirow{2}{*}{\makecell{Conv with stride of 1 \\ followed by a batch norm and ReLU}} &
 \multirow{2}{*}{$(3 \times 3) \times 4$} \\
 & & $8 \times 9 \times 4$ \\
Max pooling (by a $2 \times 2$ window) & & $4 \times 4 \times 4$ \\
\multicolumn{3}{c}{Classification head} \\
Dropout with a rate of 0.2 + FC ($64 \to 5$) + Softmax & & \num{5} \\
Output (class distribution) & & 5 \\
\bottomrule
\end{tabular}
"""
SHAPES_OF_WEIGHTS = """
<table><tr><td>Layer</td><td>Shape</td><td>Weight #</td><td>MAC #</td><td>Acti %</td></tr>
<tr><td>input</td><td>8×9×2</td><td></td><td></td><td></td></tr>
<tr><td>conv1</td><td>3×3, 4</td><td>72</td><td>5,184</td><td>50.6%</td></tr>
<tr><td>fc1</td><td>288×5</td><td>1.44K</td><td>1.44K</td><td>100%</td></tr>
<tr><td colspan="2">Total</td><td>1,512</td><td>6,624</td><td>43.6%</td></tr></table>
"""
LINES = """\
Input 8 × 9 × 2
4 ch Conv (3 × 3, valid), ReLU
6 ch 2-D Conv (3 × 3, same size), ReLU
6 ch Max pooling (2 × 2), Dropout (0.25), Flatten
Dense (7 neurons), ReLU, Dropout (0.5), Dense (5 neurons), Softmax
"""
CHINESE = """\
网络层类型\t输入尺寸\t参数\t激活函数
Conv 层\t2×8×9\t3×1卷积核 4 个特征映射\tReLU
Conv 层\t4×6×9\t3×2卷积核 3 个特征映射\tReLU
Dense 层\t96 ×1\tDropout 50% 7个神经元\tReLU
Dense层\t7×1\tUnit = 5, kernel_initializer = 'uniform'\tsoftmax
"""
LETTERS = """\
Name | Layer | Kernel | Output
C1 | Conv | 3×3, 6 | 8×9×6
S2 | Max pool | 2×2 | 4×4×6
F3 | FC | | 5
"""
CORNER = """\
 | Filters | Filter size | Padding | Activation function | Type
Input | | 8×9×3 | | |
Conv_1 | 4 | 3x3 | Same | Tanh | 2D
BN_1 | - | - | - | - |
Pooling_1 | - | 2×2 | - | - | Max pooling
Fully_1 | 5 | | - | Softmax | -
"""
SIDES = """\
Layer type | # channels | x, y dimension
raw RGB input | 3 | 12
3 × 3 conv leaky ReLU | 5 | 12
2 × 2 max pool, str. 2 | 5 | 6
3 × 3 conv leaky ReLU | 6 | 4
global average pool | 6 | 1
softmax output | 10 | 1
"""
BEHIND = """\
| Layer | Parameters |
|---|---|
| Input | 8×8×3 |
| Convolution×2 | 4 filters of 3×3, stride 1, padding 1 |
| Max-Pooling | 2×2, stride 2 |
| 3×3 Conv ×2 | 6 filters, stride 1, padding 1 |
| Fully connected | 5 units |
"""
SUMS = """\
\tType\tFilters\tSize\tOutput
\tConvolutional\t6\t3 × 3 / 2\t8 × 8
1×\tConvolutional\t4\t1 × 1\t
\tConvolutional\t6\t3 × 3\t
\tResidual\t\t\t8 × 8
\tConvolutional\t8\t3 × 3 / 2\t4 × 4
2×\tConvolutional\t6\t1 × 1\t
\tConvolutional\t8\t3 × 3\t
\tResidual\t\t\t4 × 4
\tAvgpool\t\tGlobal\t
\tConnected\t\t5\t
\tSoftmax\t\t\t
"""
LOGITS = """\
type\tpatch size/stride or remarks\tinput size
conv\t3 × 3/2\t9 × 9 × 3
pool\t4 × 4\t4 × 4 × 8
linear\tlogits\t1 × 1 × 8
softmax\tclassifier\t1 × 1 × 5
"""
TENSORS = """\
Parameter\tShape\tLayer hyper-parameter
conv1.weight\t$2 \\times 4 \\times 3 \\times 3$\tstride: 1; padding: 1
conv1.bias\t4\tN/A
pooling.max\tN/A\tkernel size: 2; stride: 2
dropout\tN/A\tp = 5%
fc2.weight\t64 × 5\tN/A
fc2.bias\t5\tN/A
"""
OUT_FIRST = TENSORS.replace("2 \\times 4", "4 \\times 2").replace("64 × 5", "5 × 64")
STATE = """\
# input 8x8x2
| Name | Shape | Params |
|---|---|---|
| features.0.weight | torch.Size([4, 2, 3, 3]) | 72 |
| features.0.bias | torch.Size([4]) | 4 |
| classifier.weight | torch.Size([5, 256]) | 1,280 |
| classifier.bias | torch.Size([5]) | 5 |
"""
SLOPES = """\
layer\t\tchannel-shared\tchannel-wise
input\t8×8×3\t\t
conv1\t3×3, 4, /2\t0.681\t0.596
conv2\t3×3, 6\t0.103\t0.321
fc1\t9\t0.063\t0.074
fc2\t5\t\t
"""
CHANNELS = """\
| Layer | Input | Output | Kernel | Stride |
|---|---|---|---|---|
| Conv + GroupNorm(2) | 3 | 4 | 3×3 | 1 |
| Max pool | 4 | 4 | 2×2 | 2 |
| Conv | 4 | 6 | 3×3 | 1 |
| GN (3 groups) | 6 | 6 | | |
| FC | 96 | 5 | | |
"""
NUMBERED = """\
| Layer | Filters | Kernel | Output |
|---|---|---|---|
| Input | | | 8×8×3 |
| Conv1-1 | 4 | 3×3 | 8×8×4 |
| Conv1-2, Group normalization with 2 groups | 4 | 3×3 | 8×8×4 |
| MaxPool1 | | 2×2 | 4×4×4 |
| Conv2-1 | 6 | 3×3 | 4×4×6 |
| FC | 5 | | 5 |
"""
SAME = {
    SHAPES: "input 16x12x2 conv3-6 ReLU maxpool conv3-3 ReLU maxpool FC-5",
    CALLS: "input 8x9x1 conv3-4 pad=0 ReLU ( conv2-4 pad=0,1,0,1 ReLU ) x3 FC-5 softmax",
    BLOCKS: "input 8x8x3 ( conv3-4 BN ReLU ) x2 maxpool dropout-0.2 ( conv3-6 BN ReLU ) x2 global-avgpool dropout-0.5"
    " FC-5 softmax",
    DASHES: "input 8x8x3 conv3-4 BN ReLU conv3-6 BN ReLU concat[ global-avgpool | global-maxpool ]"
    " BN dropout-25% FC-40",
    SENTENCES: "input 8x9x2 ( conv3-4 BN ReLU ) x2 maxpool dropout-0.2 FC-5 softmax",
    LINES: "input 8x9x2 conv3-4 pad=0 ReLU conv3-6 ReLU maxpool dropout-0.25 FC-7 ReLU dropout-0.5 FC-5 softmax",
    CHINESE: "input 8x9x2 conv3x1-4 pad=0 ReLU conv3x2-3 pad=0 ReLU dropout-0.5 FC-7 ReLU FC-5 softmax",
    LETTERS: "input 8x9x3 conv3-6 ReLU maxpool FC-5",
    CORNER: "input 8x9x3 conv3-4 tanh BN maxpool FC-5 softmax",
    SHAPES_OF_WEIGHTS: "input 8x9x2 conv3-4 ReLU FC-5",
    BEHIND: "input 8x8x3 ( conv3-4 ReLU ) x2 maxpool ( conv3-6 ReLU ) x2 FC-5",
    f"# input 16x16x3\n{SUMS}": "input 16x16x3 conv3-6/2 ReLU add[ conv1-4 ReLU conv3-6 ReLU | identity ]"
    " conv3-8/2 ReLU ( add[ conv1-6 ReLU conv3-8 ReLU | identity ] ) x2 global-avgpool FC-5 softmax",
    LOGITS: "input 9x9x3 conv3-8/2 pad=0 ReLU maxpool4/1 FC-5 softmax",
    BEHIND.replace(
        "Parameters", "Layer hyper-parameters"
    ): "input 8x8x3 ( conv3-4 ReLU ) x2 maxpool ( conv3-6 ReLU ) x2 FC-5",
    f"# input 8x8x2\n{TENSORS}": "input 8x8x2 conv3-4 pad=1 ReLU maxpool dropout-5% FC-5",
    f"# input 8x8x2\n{OUT_FIRST}": "input 8x8x2 conv3-4 pad=1 ReLU maxpool dropout-5% FC-5",
    STATE: "input 8x8x2 conv3-4 ReLU FC-5",
    SLOPES: "input 8x8x3 conv3-4/2 ReLU conv3-6 ReLU FC-9 ReLU FC-5",
    f"# input 8x8x3\n{CHANNELS}": "input 8x8x3 conv3-4 ReLU GN-2 maxpool conv3-6 ReLU GN-3 FC-5",
    NUMBERED: "input 8x8x3 conv3-4 ReLU conv3-4 ReLU GN-2 maxpool conv3-6 ReLU FC-5",
    SIDES: "input 12x12x3 conv3-5 LeakyReLU maxpool conv3-6 pad=0 LeakyReLU global-avgpool FC-10 softmax",
    f"# input 12x12x3\n{SIDES}": "input 12x12x3 conv3-5 LeakyReLU maxpool conv3-6 pad=0 LeakyReLU global-avgpool FC-10"
    " softmax",
}


@pytest.mark.parametrize("table", SAME, ids=lambda table: table.strip()[:24])
def test_it_is_the_network_that_it_says(table: str) -> None:
    same_network(table, SAME[table])


@pytest.mark.parametrize(
    ("table", "was", "now", "where"),
    [
        (DASHES, "Flatten−12-BN", "Flatten−13-BN", "-:6:3"),
        (LINES, "Input 8 × 9 × 2\n", "", "-:1:1"),
        (LINES, "6 ch Max", "5 ch Max", "-:4:1"),
        (CHINESE, "96 ×1", "95 ×1", "-:4:9"),
        (SHAPES_OF_WEIGHTS, "8×9×2", "18×19×2", "-:5:21"),
        (SENTENCES, "Classification head", "Attention head", "-:11:30"),
        (SENTENCES, "Dropout with", "MaxPool with", "-:12:1"),
        (SENTENCES, "2 channels", "3 channels", "-:6:37"),
        (SENTENCES, " + Softmax", "", "-:13:1"),
        (BLOCKS, "& ReLU & GlobalAvgPool", "& Max & GlobalAvgPool", "-:9:39"),
        (BLOCKS, "GlobalAvgPool", "GlobalPool", "-:9:46"),
        (f"# input 16x16x3\n{SUMS}", "\n1×", "\n", "-:6:2"),
        (f"# input 16x16x3\n{SUMS}", "\tResidual\t\t\t8 × 8\n", "", "-:4:1"),
        (f"# input 16x16x3\n{SUMS}", "Residual\t\t\t8", "Residual\t6\t\t8", "-:6:11"),
        (f"# input 16x16x3\n{SUMS}", "8\t3 × 3\t", "9\t3 × 3\t", "-:10:2"),
        (f"# input 16x16x3\n{SUMS}", "6\t3 × 3\t", "6\t3 × 3 / 2\t", "-:6:2"),
        (BEHIND, "| Convolution×2", "| conv1×2", "-:4:3"),
        (f"# input 8x8x2\n{TENSORS}", "bias\t4", "bias\t3", "-:3:15"),
        (f"# input 8x8x2\n{TENSORS}", "fc2.bias\t5\tN/A\n", "", "-:7:1"),
        (f"# input 8x8x2\n{TENSORS}", "conv1.bias\t4", "conv1.bias\t4 × 4", "-:4:12"),
        (f"# input 8x8x2\n{TENSORS}", "fc2.bias", "conv1.bias", "-:8:1"),
        (STATE, "| 4 |", "| 5 |", "-:5:39"),
        (STATE, "256", "64", "-:6:23"),
        (STATE, "[4, 2, 3, 3]", "[0, 2, 3, 3]", "-:4:23"),
        (SLOPES, "conv2\t3×3, 6", "spp\t{3, 2, 1}", "-:4:1"),
        (f"# input 8x8x3\n{CHANNELS}", "GroupNorm(2)", "GroupNorm", "-:4:10"),
        (f"# input 8x8x3\n{CHANNELS}", "| Conv | 4 | 6", "| Conv | 3 | 6", "-:4:25"),
        (NUMBERED, "Conv1-1", "Conv3-1", "-:4:3"),
    ],
)
def test_what_could_be_something_else_is_not_taken(table: str, was: str, now: str, where: str) -> None:
    assert was in table
    ((_, found),) = parse_all(table.replace(was, now), "-", "layer-table")
    assert not isinstance(found, Spec)
    assert f" {where}\n" in str(found)


def test_a_column_that_says_something_else_is_named() -> None:
    with pytest.raises(vggdsl.ParseError, match="a column that isn't known") as told:
        parse_all(SHAPES_OF_WEIGHTS.replace("Acti %", "Epochs"), "-")
    assert " -:2:75\n" in str(told.value)
    with pytest.raises(vggdsl.ParseError, match="a column that isn't known"):
        parse_all(BLOCKS.replace("Dropout(0.2)", "weight decay"), "-", "layer-table")
    with pytest.raises(vggdsl.ParseError, match="a column `channel-shared` isn't known") as told:
        parse_all(SLOPES.replace("0.681", "0.7"), "-", "layer-table")
    assert " -:1:8\n" in str(told.value)


@pytest.mark.parametrize("cell", ["3x3, ReLU, 3x3", "3x3, BN, ReLU 3x3"])
def test_a_window_behind_an_activation_is_of_a_second_layer(cell: str) -> None:
    ((_, found),) = parse_all(f"Layer | Kernel | Filters\nConv | {cell} | 4\nFC | | 5\n", "-", image="8x8x3")
    assert f"`{cell}` can't be read in this column" in str(found)


def test_rates_are_chosen_whatever_their_digits() -> None:
    table = "Layer | Kernel | Filters | Drop rate\nConv | 3x3 | 4 | 0.125\nConv | 3x3 | 4 | 0.250\nFC | | 5 | 0.375\n"
    with pytest.raises(vggdsl.VggdslError, match="a column that isn't known"):
        parse_all(table, "-", "layer-table", image="8x8x3")


CHAINED = "Layer | Input | Output\nConv 3x3 | 3 | 4\nConv 3x3 | 4 | 6\nMaxpool 2x2 | 6 | 6\nFC | 96 | 5\n"


def test_an_fc_behind_channels_takes_the_values_of_the_whole_map() -> None:
    expected = "input 8x8x3 conv3-4 ReLU conv3-6 ReLU maxpool FC-5"
    same_network(f"# input 8x8x3\n{CHAINED}", expected)
    with_input = CHAINED.replace("Conv", "Input | 3 | 3\nConv", 1)
    same_network(f"# input 8x8x3\n{with_input}", expected)
    for was, now, message in (("96", "90", "the layer before gives 4x4x6"), ("| 3", "| 7", "8x8x3 is told")):
        ((_, error),) = parse_all(with_input.replace(was, now, 1), "-", image="8x8x3")
        assert message in str(error)


def test_numbers_of_a_list_that_has_a_gap_count_no_layers() -> None:
    ((_, found),) = parse_all(CALLS.replace("<td>2-4</td>", "<td>3-5</td>"), "-")
    assert isinstance(found, Spec)
    assert " x3" not in found.text


def test_a_table_without_cells_and_images_lacks_its_images_however_it_is_cut() -> None:
    table = (
        "Layer Type Channels Filter Size Stride Activation\nConv 4 3×3 1 ReLU\nMaxPool 4 2×2 2 -\nFC 5 - - Softmax\n"
    )
    ((_, found),) = parse_all(table, "-")
    assert "the size of the images isn't printed" in str(found)
    with pytest.raises(vggdsl.ParseError, match="`Stage2` is no layer that is known"):
        parse_all(table.replace("MaxPool", "Stage2"), "-", "layer-table")
    assert " -:2:1\n" in str(found)


def test_a_row_of_branches_is_refused_once() -> None:
    ((_, found),) = parse_all(LOGITS.replace("pool\t4 × 4", "3×Inception\tAs in figure 5"), "-")
    assert "`Inception` is of branches" in str(found)
    assert str(found).count("error") == 1


@pytest.mark.parametrize(
    ("was", "now", "told", "why"),
    [
        ("", "", "# input 12x12x1\n", "images of 12x12x3 are read here, and 12x12x1 is told"),
        ("", "", "# input 9x9x3\n", "images of 12x12x3 are read here, and 9x9x3 is told"),
        ("| 5 | 6", "| 5 | 6x6", "# input 12x12x1\n", "images of 3 channels are read here, and 12x12x1 is told"),
        ("2 × 2 max pool", "max pool", "# input 9x9x3\n", "images of 12x12x3 are read here, and 9x9x3 is told"),
        ("conv leaky ReLU | 6 | 4", "conv leaky ReLU | 6 | 5", "", "no stride leads to this size from 6x6"),
        ("softmax output", "softmax", "", "10 channels are printed, and 6 come"),
    ],
)
def test_a_size_of_one_number_is_held(was: str, now: str, told: str, why: str) -> None:
    ((_, found),) = parse_all(told + SIDES.replace(was, now), "-")
    assert not isinstance(found, Spec)
    assert why in str(found)


NAMED_AFTER = """\
| Input Size | NIN |
| --- | --- |
| 8x8 | 5x5, 6 |
| 8x8 | 1x1, 4 |
| 8x8 | 3x3 max pooling, /2, ceil |
| 4x4 | dropout, 0.5 |
| 4x4 | 1x1, 5 |
| 4x4 | 4x4, avg pooling, /1 |
| 5 | softmax |
"""


def test_a_network_s_name_may_head_its_layers_beside_sizes() -> None:
    ((_, found),) = parse_all(NAMED_AFTER, "-")
    assert isinstance(found, Spec)
    same_network(found.text, "input 8x8x3 conv5-6 conv1-4 maxpool3/2 ceil dropout-0.5 conv1-5 avgpool4/1 softmax")
    said = [each.message for each in found.said]
    assert any("are a convolution: other rows name their layers" in each for each in said)
    assert not any("ceil" in each for each in said)
    ((_, other),) = parse_all(NAMED_AFTER.replace(", ceil", ""), "-")
    assert "the sizes leave open" in str(other)


DASHED = """\
Input 1 × 9 × 9
5 × 5 Conv(pad-2, stride-2)-4-BN-ReLu
3 × 3 Conv(pad-1, stride-1)-6-BN-ReLu
1 × 1 Conv(pad-0, stride-1)-5-BN-ReLu
Global-Average-Pooling
5-way Soft-Max
"""
PROSE = ("Convolution: sees 3 by 3", "ReLU: for each", "Convolution: sees one", "Fully Connected: to 5 nodes")


def test_a_list_says_its_first_line_that_is_not_known() -> None:
    ((_, found),) = parse_all(DASHED, "-")
    assert isinstance(found, Spec)
    same_network(
        found.text, "input 9x9x1 conv5-4/2 pad=2 BN ReLU conv3-6 BN ReLU conv1-5 pad=0 BN ReLU global-avgpool softmax"
    )
    numbered = "".join(f"{at}) {line}\n" for at, line in enumerate(PROSE, 1))
    words = ["3x3 conv, 4, stride 1, pad 1", "ReLU", "1x1 conv, 6", "fully connected, 5 units"]
    told = tuple(zip(PROSE, words, strict=True))
    for at in range(3):
        (near,) = notations.strangers(Source("-", numbered), notations.Beside(means=told[:at]))
        assert (near.labels[0].span.text, near.labels[0].span.place) == (PROSE[at], f"-:{at + 1}:4")
    (bare,) = notations.strangers(Source("-", "\n".join(PROSE)))
    assert bare.help is not None
    assert bare.help.endswith("with --from vgg-table")
    ((_, spec),) = parse_all(numbered, "-", image="4x4x1", means=told)
    assert isinstance(spec, Spec)
    same_network(spec.text, "input 4x4x1 conv3-4 ReLU conv1-6 FC-5")
