"""Summaries of torchinfo and torchsummary, as they print them."""

import pytest

import vggdsl
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec

COLUMNS = """\
==========================================================================================================
Layer (type:depth-idx)      Input Shape         Output Shape        Param #     Kernel Shape    Mult-Adds
==========================================================================================================
Net                         [64, 1, 28, 28]     [64, 10]            --          --              --
├─Sequential: 1-1           [64, 1, 28, 28]     [64, 64, 12, 12]    --          --              --
│    └─Conv2d: 2-1          [64, 1, 28, 28]     [64, 32, 26, 26]    320         [3, 3]          13,844,480
│    └─Conv2d: 2-2          [64, 32, 26, 26]    [64, 64, 24, 24]    18,496      [3, 3]          681,836,544
│    └─MaxPool2d: 2-3       [64, 64, 24, 24]    [64, 64, 12, 12]    --          2               --
├─Dropout: 1-2              [64, 64, 12, 12]    [64, 64, 12, 12]    --          --              --
├─Linear: 1-3               [64, 9216]          [64, 128]           1,179,776   --              75,505,664
├─Linear: 1-4               [64, 128]           [64, 10]            1,290       --              82,560
==========================================================================================================
Total params: 1,199,882
Trainable params: 1,199,882
Non-trainable params: 0
Total mult-adds (Units.MEGABYTES): 771.27
==========================================================================================================
Input size (MB): 0.20
Forward/backward pass size (MB): 30.02
Params size (MB): 4.80
Estimated Total Size (MB): 35.02
==========================================================================================================
"""
SUMMARY = """\
----------------------------------------------------------------
        Layer (type)               Output Shape         Param #
================================================================
            Conv2d-1           [-1, 16, 32, 32]             448
       BatchNorm2d-2           [-1, 16, 32, 32]              32
              ReLU-3           [-1, 16, 32, 32]               0
            Conv2d-4           [-1, 16, 32, 32]           2,320
         AvgPool2d-5           [-1, 16, 16, 16]               0
            Conv2d-6             [-1, 16, 8, 8]             144
            Conv2d-7             [-1, 32, 8, 8]             512
 AdaptiveAvgPool2d-8             [-1, 32, 1, 1]               0
           Flatten-9                   [-1, 32]               0
           Linear-10                   [-1, 10]             330
================================================================
Total params: 3,786
Trainable params: 3,786
Non-trainable params: 0
----------------------------------------------------------------
"""
TRAINED = """\
```
Layer (type:depth-idx)      Input Shape         Output Shape        Param #     Param %     Trainable
Net                         [2, 1, 8, 8]        [2, 5]              --          --          Partial
├─Conv2d: 1-1               [2, 1, 8, 8]        [2, 4, 6, 6]        40          5.23%       False
├─Linear: 1-2               [2, 144]            [2, 5]              725         94.77%      True
Total params: 765
Trainable params: 725
Non-trainable params: 40
```
"""
SAME = {
    COLUMNS: "input 28x28x1 conv3-32 pad=0 conv3-64 pad=0 maxpool dropout-0.5 FC-128 FC-10",
    SUMMARY: "input 32x32x3 conv3-16 BN ReLU conv3-16 avgpool conv3-16/2 groups=16 bias=no conv1-32 bias=no "
    "global-avgpool FC-10",
    TRAINED: "input 8x8x1 conv3-4 pad=0 FC-5",
}


@pytest.mark.parametrize("text", SAME, ids=["torchinfo", "torchsummary", "trained"])
def test_a_summary_is_the_network_that_it_tells(text: str) -> None:
    ((_, found),) = parse_all(text, "-")
    assert isinstance(found, Spec), found
    assert found.network.graph.digest == vggdsl.parse(SAME[text]).network.graph.digest
    assert found.count("refuted") == 0


@pytest.mark.parametrize(
    ("text", "was", "now", "where"),
    [
        (COLUMNS, "771.27", "771.28", "-:16:1"),
        (COLUMNS, "(MB): 30.02", "(MB): 30.03", "-:19:1"),
        (COLUMNS, "13,844,480", "13,844,481", "-:6:97"),
        (COLUMNS, "Trainable params: 1,199,882\nNon", "Trainable params: 1,199,881\nNon", "-:14:1"),
        (COLUMNS, "Sequential: 1-1 ", "Bottleneck: 1-1 ", "-:5:3"),
        (
            COLUMNS,
            "[64, 64, 12, 12]    --          --              --\n│",
            "[64, 64, 12, 13]    --   --  --\n│",
            "-:5:49",
        ),
        (
            COLUMNS,
            "Net                         [64, 1, 28, 28]",
            "Net                         [64, 1, 28, 26]",
            "-:4:29",
        ),
        (COLUMNS, "18,496      [3, 3]", "18,496      [5, 5]", "-:7:69"),
        (COLUMNS, "[64, 9216] ", "[64, 9215] ", "-:10:29"),
        (COLUMNS, "Kernel Shape", "Groups", "-:2:1"),
        (COLUMNS, "Dropout: 1-2", "LSTM: 1-2   ", "-:9:3"),
        (SUMMARY, "[-1, 32, 1, 1]", "[-1, 32, 2, 2]", "-:11:34"),
        (SUMMARY, "             144", "             145", "-:9:61"),
        (TRAINED, "5.23%", "5.24%", "-:4:81"),
        (TRAINED, "False", "True ", "-:4:93"),
        (TRAINED, "False", "maybe", "-:4:93"),
    ],
)
def test_what_does_not_agree_is_refused_at_its_cell(text: str, was: str, now: str, where: str) -> None:
    assert was in text
    ((_, found),) = parse_all(text.replace(was, now), "-", "torchinfo")
    assert not isinstance(found, Spec)
    assert f" {where}\n" in str(found)


def test_a_figure_that_is_not_the_networks_fails() -> None:
    ((_, found),) = parse_all(SUMMARY.replace("             330", "             331"), "-")
    assert "correct it" in str(found)  # the total is another one
    ((_, found),) = parse_all(SUMMARY.replace("             330", "             331").partition("Total")[0], "-")
    assert isinstance(found, Spec)
    assert found.count("refuted") == 1


BEHIND_A_FUNCTION = """\
----------------------------------------------------------------
        Layer (type)               Output Shape         Param #
================================================================
            Conv2d-1           [-1, 16, 32, 32]             448
              ReLU-2           [-1, 16, 32, 32]               0
            Conv2d-3           [-1, 16, 32, 32]           2,320
              ReLU-4           [-1, 16, 32, 32]               0
            Conv2d-5           [-1, 16, 16, 16]           2,320
              ReLU-6           [-1, 16, 16, 16]               0
            Linear-7                   [-1, 10]          40,970
================================================================
"""


def test_a_stride_that_may_be_a_pool_of_the_codes_is_refused_where_no_pool_is_printed() -> None:
    """Though ReLUs are modules there."""
    ((_, found),) = parse_all(BEHIND_A_FUNCTION, "-")
    assert not isinstance(found, Spec)
    assert found.diagnostics[0].labels[0].span.place == "-:8:32"
    assert "a pool that the code calls" in found.diagnostics[0].message


PATCHES = """\
----------------------------------------------------------------
        Layer (type)               Output Shape         Param #
================================================================
            Conv2d-1             [-1, 8, {after}, {after}]             {params}
              ReLU-2             [-1, 8, {after}, {after}]               0
 AdaptiveAvgPool2d-3               [-1, 8, 1, 1]               0
           Flatten-4                    [-1, 8]               0
            Linear-5                    [-1, 2]              18
================================================================
Total params: {total}
"""


@pytest.mark.parametrize(
    ("side", "after", "words", "also"),
    [
        (4, 8, "conv4-8/4 pad=0", ", and pad=1 would fit, too"),  # patches, which don't overlap
        (5, 8, "conv5-8/4", ", and pad=1 would fit, too"),
        (3, 16, "conv3-8/2", ""),
    ],
)
def test_where_several_paddings_lead_to_a_size_it_is_said(side: int, after: int, words: str, also: str) -> None:
    params = 3 * 8 * side**2 + 8
    text = PATCHES.format(after=after, params=params, total=params + 18)
    ((_, spec),) = parse_all(text, "-", image="32x32x3")
    assert isinstance(spec, Spec)
    assert f"\n{words} " in spec.text
    said = f"assumed: stride {words.partition('/')[2]}, as the shapes say: none is printed{also}"
    assert said in [each.message for each in spec.said]
