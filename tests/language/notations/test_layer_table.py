"""Tables with a row a layer."""

import pytest

import vggdsl
from vggdsl.language import notations
from vggdsl.spec.spec import Spec, parse_all

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
SAME = {
    NEURONS: "input 22x22x3 conv5-4 pad=0 maxpool conv4-6 pad=0 FC-10",
    WINDOWS: "input 32x32x3 conv3-8/2 conv3-8 groups=8 conv1-16 avgpool16/1 FC-10 softmax",
    MAPS: "input 12x12x1 conv5-6 pad=0 tanh avgpool2/2 tanh FC-10 softmax",
    SAYINGS: "input 16x16x3 conv5-8 pad=0 ReLU conv3-8 ReLU maxpool FC-10 softmax",
    FILTERS: "input 16x16x3 conv3-8 maxpool conv1-10 global-avgpool softmax",
}


@pytest.mark.parametrize("table", SAME, ids=["neurons", "windows", "maps", "sayings", "filters"])
def test_a_table_is_the_network_that_it_says(table: str) -> None:
    ((_, found),) = parse_all(table, "-")
    assert isinstance(found, Spec), found
    assert found.network.graph.digest == vggdsl.parse(SAME[table]).network.graph.digest
    assert found.count("holds") > 2
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
        (NEURONS, "4 maps of 9x9", "4 maps of 9x8", "-:4:37"),
        (MAPS, "Image\t1\t12x12", "Image\t1\t", "-:2:7"),
        (SAYINGS, "1x1 stride, same", "2x2 stride, same", "-:6:21"),
        (SAYINGS, "| Input | 16x16x3 RGB image |\n", "", "-:3:3"),
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
