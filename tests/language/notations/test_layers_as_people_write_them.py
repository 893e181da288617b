"""How READMEs, theses and other languages write layers down; what is left open is refused at its place."""

import pytest
from click.testing import CliRunner
from tables import same_network

import vggdsl
from vggdsl.cli.importing import command
from vggdsl.language.notations.registry import recognise
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.source import Source

CALLS = """\
| Layer | Output shape | Purpose |
| - | - | - |
| Input | (12, 12, 1) | grey images |
| Conv2D(4, (3,3), relu) | (10, 10, 4) | edges |
| MaxPool2d(2, 2) | (5, 5, 4) | stride of pixels |
| nn.Conv2d(4, 6, 3, padding=1) + ReLU + MaxPool2d(3, 1) | (3, 3, 6) | |
| Flatten() | (54,) | a vector |
| Dropout-1 (25 %) | (54,) | |
| Dense(5, softmax) | (5,) | classes |

* Trained for 9 epochs with dropout in mind
"""
SETTINGS = """\
| Block | Layer | Config | Output |
|---|---|---|---|
| 1 | Conv2d → BN → ReLU | 1→4, k=3, p=1 | 4×8×8 |
| 1 | Pool | 2×2 (max) | 4×4×4 |
| 2 | Linear | 64→5 | 5 |
"""
DESCRIBED = """\
| Layer | Parameters |
|---|---|
| Input | N x 3 x 8 x 8 |
| Rescaling | 1/255 |
| Conv2d | in=3, out=4, 3x3 kernel, padding=1 |
| ReLU | |
| MaxPool2d | Pool size: (2, 2) |
| Dropout | 0.5 probability |
| BatchNorm2d-1 | |
| Flatten | outputs 4x4x4 = 64 |
| ReLU-2 | all values as a vector |
| Linear | Input 64 output 6 |
| Output | 5 units, Softmax |
"""
BY_HAND = """\
| Layer (Type) | Output Shape | Param # |
|---|---|---|
| Input | `(None, 8, 8, 3)` | 0 |
| Conv2D (4 filters, 3x3) | `(None, 6, 6, 4)` | 112 |
| MaxPooling2D (2x2) | `(None, 3, 3, 4)` | 0 |
| Dense (500 units) | `(None, 500)` | 18 500 |

**Total params:** 18,612
"""
SIZES = """\
Layer\tSize
Input\t8×8×1
Convolution + ReLU\t3×3×4
Max Pooling\t2×2
Dropout\t0.5
Fully Connected\t5
"""
STEPS = """\
```
Input: (1, 8, 8)
    ↓
[Conv2d - 4 filters, 3×3 kernel, padding=1, ReLU]
    ↓
MaxPool2d(2)
    ↓
Conv2d(4 → 6, 3x3, padding=1) + BatchNorm + ReLU
    ↓
[Flatten] → 96 units
    ↓
Dense: 5 units, Softmax
```
"""
PORTUGUESE = """\
| Camada | Tipo | Filtros | Tamanho do filtro | Passo | Ativação | Saída |
|---|---|---|---|---|---|---|
| 0 | Entrada | - | - | - | - | 8x8x1 |
| 1 | Convolução | 4 | 3x3 | 1 | ReLU | 6x6x4 |
| 2 | Max Pooling | - | 2x2 | 2 | - | 3x3x4 |
| 3 | Totalmente conectada | - | - | - | Softmax | 5 |
"""
GERMAN = """\
Schicht\tTyp\tAnzahl Filter\tFiltergröße\tSchrittweite\tAusgabegröße\tAktivierung
0\tEingabe\t-\t-\t-\t8x8x1\t-
1\tFaltung\t4\t3x3\t1\t6x6x4\tReLU
2\tMax Pool\t-\t2x2\t2\t3x3x4\t-
3\tDense\t-\t-\t-\t5\tSoftmax
"""
CHINESE = """\
| 层 | 类型 | 卷积核大小 | 卷积核数量 | 步长 | 输出尺寸 | 激活函数 |
|---|---|---|---|---|---|---|
| 1 | 输入 | - | - | - | 8×8×1 | - |
| 2 | 卷积层 | 3×3 | 4 | 1 | 6×6×4 | ReLU |
| 3 | 最大池化 | 2×2 | - | 2 | 3×3×4 | - |
| 4 | 全连接层 | - | - | - | 5 | Softmax |
"""
AS_ABOVE = """\
Layer\tWindow\tOutput
Input\t\t11x11x1
Conv\t3x3\t9x9x4
Conv\t3x3\t7x7x4
Conv\t3x3\t5x5x4
Conv\t3x3\t3x3x4
FC\t\t5
"""
SHORT = "input 8x8x1 conv3-4 pad=0 ReLU maxpool FC-5 softmax"
SAME = {
    CALLS: "input 12x12x1 conv3-4 pad=0 ReLU maxpool conv3-6 ReLU maxpool3/1 dropout-25% FC-5 softmax",
    SETTINGS: "input 8x8x1 conv3-4 BN ReLU maxpool FC-5",
    DESCRIBED: "input 8x8x3 conv3-4 ReLU maxpool dropout-0.5 BN ReLU FC-6 FC-5 softmax",
    BY_HAND: "input 8x8x3 conv3-4 pad=0 maxpool FC-500",
    SIZES: "input 8x8x1 conv3-4 ReLU maxpool dropout-0.5 FC-5",
    STEPS: "input 8x8x1 conv3-4 ReLU maxpool conv3-6 BN ReLU FC-5 softmax",
    PORTUGUESE: SHORT,
    GERMAN: SHORT,
    CHINESE: SHORT,
    AS_ABOVE: "input 11x11x1 " + 4 * "conv3-4 pad=0 " + "FC-5",
}


@pytest.mark.parametrize("table", SAME, ids=lambda table: table[:24])
def test_it_is_the_network_that_it_says(table: str) -> None:
    same_network(table, SAME[table])


@pytest.mark.parametrize(
    ("table", "was", "now", "where"),
    [
        (CALLS, "MaxPool2d(2, 2)", "MaxPool (3, 2)", "-:5:3"),  # a window of 3x2, or one of 3x3 at stride 2
        (CALLS, "nn.Conv2d(4, 6, 3, padding=1)", "Conv2D(4, 6, 3)", "-:6:3"),  # Keras' third number is a stride
        (SIZES, "Fully Connected\t5", "Fully connected, 5 valid\t", "-:6:1"),
        (DESCRIBED, "4x4x4 = 64", "4x4x4 = 60", "-:10:13"),
        (DESCRIBED, "all values as a vector", "some probability", "-:11:12"),
        (SIZES, "8×8×1", "", "-:2:1"),
        (DESCRIBED, "all values as a vector", "all values, without padding", "-:11:12"),
        (AS_ABOVE, "9x9x4\nConv\t3x3\t7x7x4\nConv\t3x3\t5x5x4", "5x5x4", "-:4:6"),
    ],
)
def test_what_is_left_open_is_refused_at_its_cell(table: str, was: str, now: str, where: str) -> None:
    assert was in table
    ((_, found),) = parse_all(table.replace(was, now), "-", "layer-table")
    assert not isinstance(found, Spec)
    assert f" {where}\n" in str(found)


@pytest.mark.parametrize(
    ("table", "what", "where"),
    [
        ("Layer|Output|Colour\nConv|8x8x3|red\nMax pool|4x4x3|blue\n", "a column `Colour` isn't known", "1:14"),
        ("Unit|What|Form\n1|Conv|3x3x8\n2|Max pool|2x2\n3|FC|5\n", "a column `What` isn't known", "1:6"),
        ("Layer|Name\nConv|conv1\nMax pool|pool1\nFC|fc1\n", "no column is headed as one of the windows", "1:1"),
        ("Conv\t3x3\t8\nMax pool\t2x2\t\nFC\t\t5\n", "no heading says what the columns", "1:1"),
        (
            "A\tB\ninput (8x8 RGB)\tinput\nconv3-4\tkonv3-4\nmaxpool\nFC-5\nsoftmax\n",
            "`konv3-4` says no layer that is known",
            "3:9",
        ),
        (
            "Operator|Resolution|Colour|Layers\nConv3x3|8x8|8|1\nMBConv1, k3x3|8x8|8|1\nFC|1x1|5|1\n",
            "a column `Colour` isn't known",
            "1:21",
        ),
    ],
)
def test_what_is_not_known_of_a_table_of_layers_is_named(table: str, what: str, where: str) -> None:
    result = CliRunner().invoke(command, ["-"], input=table)
    assert f"is in no notation that is known: {what}" in result.stderr
    assert f" <stdin>:{where}\n" in result.stderr


SUMMARY = """\
## Layer (type)                 Output Shape              Param #
## =================================================================
## rescaling (Rescaling)        (None, 30, 30, 3)         0
## conv2d (Conv2D)              (None, 24, 24, 4)         592
## dense (Dense)                (None, 5)                 11525
## **Total params:** 12,117
"""
MODULES = """\
        Layer (type)               Output Shape         Param #
================================================================
               Input            [-1, 3, 12, 12]               0
            Conv2d-1            [-1, 4, 12, 12]             112
            Conv2d-2              [-1, 4, 6, 6]             148
            Linear-3                    [-1, 5]             725
"""


def test_a_comments_signs_before_a_summary_and_what_scales_its_images() -> None:
    ((_, found),) = parse_all(SUMMARY, "-", "keras-summary")
    assert isinstance(found, Spec), found
    assert (
        found.network.graph.digest == vggdsl.parse("input 30x30x3 conv7-4 pad=0 ReLU FC-5 softmax").network.graph.digest
    )
    lacking = SUMMARY.replace("## rescaling (Rescaling)        (None, 30, 30, 3)         0\n", "")
    ((_, stem),) = parse_all(lacking, "-", "keras-summary")
    assert not isinstance(stem, Spec)
    assert " -:3:4\n" in str(stem)  # its first kernel of 7x7 may have any stride


@pytest.mark.parametrize(
    ("was", "now", "why"),
    [
        ("[-1, 4, 6, 6]             148", "[-1, 4, 6, 6]             148", "a pool that the code calls"),
        ("[-1, 4, 6, 6]", "[-1, 4, 5, 3]", "no convolution leads from 12x12 to 5x3"),
        ("   Linear-3", "Dropout2d-3", "the language has no Dropout2d"),
    ],
)
def test_what_modules_do_not_tell_is_said_once(was: str, now: str, why: str) -> None:
    ((_, found),) = parse_all(MODULES.replace(was, now), "-")
    assert not isinstance(found, Spec)
    assert why in str(found)
    assert len(found.diagnostics) == 1


def test_a_row_of_one_word_over_and_over_heads_no_table_of_layers() -> None:
    text = "A\tB\n5 weight\t6 weight\nlayers\tlayers\ninput (8x8 RGB image)\nconv3-4\tconv3-4 conv3-4\nmaxpool\nFC-5"
    assert recognise(Source("-", text)).name == "vgg-table"
