"""Tables of fire modules and of inverted residuals: the networks are those that others publish."""

import re

import pytest
from commands import run

import vggdsl
from vggdsl.language import notations
from vggdsl.spec.parsing import parse, parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import ParseError, VggdslError
from vggdsl.text.source import Source

NOTATION = "block-table"
MOBILENET_V2 = """Input | Operator | t | c | n | s
224² × 3 | conv2d | - | 32 | 1 | 2
112² × 32 | bottleneck | 1 | 16 | 1 | 1
112² × 16 | bottleneck | 6 | 24 | 2 | 2
56² × 24 | bottleneck | 6 | 32 | 3 | 2
28² × 32 | bottleneck | 6 | 64 | 4 | 2
14² × 64 | bottleneck | 6 | 96 | 3 | 1
14² × 96 | bottleneck | 6 | 160 | 3 | 2
7² × 160 | bottleneck | 6 | 320 | 1 | 1
7² × 320 | conv2d 1x1 | - | 1280 | 1 | 1
7² × 1280 | avgpool 7x7 | - | - | 1 | -
1 × 1 × 1280 | conv2d 1x1 | - | k | - |
"""
EFFICIENTNET = """| Stage i | Operator Fᵢ | Resolution Hᵢ × Wᵢ | #Channels Cᵢ | #Layers Lᵢ |
|---|---|---|---|---|
| 1 | Conv3x3 | 224 × 224 | 32 | 1 |
| 2 | MBConv1, k3x3 | 112 × 112 | 16 | 1 |
| 3 | MBConv6, k3x3 | 112 × 112 | 24 | 2 |
| 4 | MBConv6, k5x5 | 56 × 56 | 40 | 2 |
| 5 | MBConv6, k3x3 | 28 × 28 | 80 | 3 |
| 6 | MBConv6, k5x5 | 14 × 14 | 112 | 3 |
| 7 | MBConv6, k5x5 | 14 × 14 | 192 | 4 |
| 8 | MBConv6, k3x3 | 7 × 7 | 320 | 1 |
| 9 | Conv1x1 & Pooling & FC | 7 × 7 | 1280 | 1 |
"""
MOBILENET_V3 = r"""\begin{tabular}{ccccccc}
Input & Operator & exp size & \#out & SE & NL & $s$ \\ \hline
$224^2 \times 3$ & conv2d, 3x3 & - & 16 & - & HS & 2 \\
$112^2 \times 16$ & bneck, 3x3 & 16 & 16 & \checkmark & RE & 2 \\
$56^2 \times 16$ & bneck, 3x3 & 72 & 24 & - & RE & 2 \\
$28^2 \times 24$ & bneck, 3x3 & 88 & 24 & - & RE & 1 \\
$28^2 \times 24$ & bneck, 5x5 & 96 & 40 & \checkmark & HS & 2 \\
$14^2 \times 40$ & bneck, 5x5 & 240 & 40 & \checkmark & HS & 1 \\
$14^2 \times 40$ & bneck, 5x5 & 240 & 40 & \checkmark & HS & 1 \\
$14^2 \times 40$ & bneck, 5x5 & 120 & 48 & \checkmark & HS & 1 \\
$14^2 \times 48$ & bneck, 5x5 & 144 & 48 & \checkmark & HS & 1 \\
$14^2 \times 48$ & bneck, 5x5 & 288 & 96 & \checkmark & HS & 2 \\
$7^2 \times 96$ & bneck, 5x5 & 576 & 96 & \checkmark & HS & 1 \\
$7^2 \times 96$ & bneck, 5x5 & 576 & 96 & \checkmark & HS & 1 \\
$7^2 \times 96$ & conv2d, 1x1 & - & 576 & - & HS & 1 \\
$7^2 \times 576$ & pool, 7x7 & - & - & - & - & 1 \\
$1^2 \times 576$ & conv2d 1x1, NBN & - & 1024 & - & HS & 1 \\
$1^2 \times 1024$ & conv2d 1x1, NBN & - & k & - & - & 1 \\
\end{tabular}"""
EFFICIENTNET_V2 = """Stage	Operator	Stride	#Channels	#Layers
0	Conv3x3	2	24	1
1	Fused-MBConv1, k3x3	1	24	2
2	Fused-MBConv4, k3x3	2	48	4
3	Fused-MBConv4, k3x3	2	64	4
4	MBConv4, k3x3, SE0.25	2	128	6
5	MBConv6, k3x3, SE0.25	1	160	9
6	MBConv6, k3x3, SE0.25	2	256	15
7	Conv1x1 & Pooling & FC	-	1280	1
"""
SQUEEZENET = """layer name/type|output size|filter size / stride|depth|s1x1|e1x1|e3x3|e3x3 sparsity|#parameters
input image|224x224x3||||||
conv1|111x111x96|7x7/2 (x96)|1||||100%|14,208
maxpool1|55x55x96|3x3/2|0
fire2|55x55x128||2|16|64|64|33%|11,920
fire3|55x55x128||2|16|64|64|33%|12,432
fire4|55x55x256||2|32|128|128|33%|45,344
maxpool4|27x27x256|3x3/2|0
fire5|27x27x256||2|32|128|128|33%|49,440
fire6|27x27x384||2|48|192|192|33%|104,880
fire7|27x27x384||2|48|192|192|33%|111,024
fire8|27x27x512||2|64|256|256|33%|188,992
maxpool8|13x13x512|3x3/2|0
fire9|13x13x512||2|64|256|256|30%|197,184
conv10|13x13x1000|1x1/1 (x1000)|1||||20%|513,000
avgpool10|1x1x1000|13x13/1|0
||||||||1,248,424 (total)
""".replace("|", "\t")
TABLES = {
    MOBILENET_V2: 3_504_872,
    EFFICIENTNET: 5_288_548,
    MOBILENET_V3: 2_542_856,
    EFFICIENTNET_V2: 21_458_488,
    SQUEEZENET: 1_248_424,
}
"""Parameters of torchvision's models."""


def read(text: str) -> Spec:
    assert notations.recognise(Source("-", text)).name == NOTATION
    ((_, spec),) = parse_all(text, "-")
    assert isinstance(spec, Spec), str(spec)
    return spec


def test_a_sign_of_se_behind_a_convolution_is_told() -> None:
    """As the paper's table of the small network has it, and its code doesn't."""
    row = r"conv2d, 1x1 & - & 576 & - & HS"
    assert row in MOBILENET_V3
    spec = read(MOBILENET_V3.replace(row, r"conv2d, 1x1 & - & 576 & \checkmark & HS"))
    assert spec.typed.params == TABLES[MOBILENET_V3]
    assert "assumed: no SE behind `conv2d, 1x1`: its sign there isn't of a block" in [s.message for s in spec.said]
    pooled = r"pool, 7x7 & - & - & - & "
    with pytest.raises(VggdslError, match="`pool, 7x7` has no activation"):
        vggdsl.parse(MOBILENET_V3.replace(f"{pooled}-", f"{pooled}HS"))


@pytest.mark.parametrize("signs", ["i | Fˆi | Hˆi × Wˆ i | Cˆi | Lˆi", "i | F̂ᵢ | Ĥᵢ × Ŵᵢ | Ĉᵢ | L̂ᵢ"])
def test_a_heading_may_have_its_signs_below_it(signs: str) -> None:
    rule = "|---|---|---|---|---|\n"
    assert read(EFFICIENTNET.replace(rule, f"{rule}| {signs} |\n")).typed.params == TABLES[EFFICIENTNET]


@pytest.mark.parametrize("text", TABLES, ids=lambda text: text.split("\n")[2].strip()[:30])
def test_tables_give_the_networks_that_torchvision_has(text: str) -> None:
    spec = read(text)
    assert spec.typed.params == TABLES[text]
    assert spec.count("refuted") == 0
    assert {finding.code for finding in spec.said} == {"W110"}
    assert len({finding.message for finding in spec.said}) == len(spec.said)


@pytest.mark.parametrize(
    ("text", "example", "was", "now"),
    [
        (MOBILENET_V2, "mobilenet_v2", "dropout-0.2\nfc: FC-1000\nsoftmax", "conv1-1000 bias=yes after=none"),
        (EFFICIENTNET, "efficientnet_b0", "dropout-0.2\nfc: FC-1000\nsoftmax", "FC-1000"),
    ],
)
def test_they_are_the_networks_among_the_examples(text: str, example: str, was: str, now: str) -> None:
    """Which are held against torchvision's modules; a table says neither dropout nor softmax."""
    published = vggdsl.load(f"examples/published/{example}.arch").text
    assert was in published
    assert read(text).network.graph.digest == parse(published.replace(was, now)).network.graph.digest


def test_a_size_that_isnt_the_networks_fails_at_its_cell() -> None:
    """As two of the papers have it: `13x12x512`, and a stage's input of twice the side."""
    misprints = (
        (SQUEEZENET, "13x13x512\t3x3", "13x12x512\t3x3", "-> 13x12x512"),
        (MOBILENET_V2, "14² × 64", "28² × 64", "-> 28x28x64"),
    )
    for text, was, now, arrow in misprints:
        assert text.count(was) == 1
        spec = read(text.replace(was, now))
        assert spec.count("refuted") == 1
        (failed,) = (finding for finding in spec.check(to_train=False) if finding.code == "V301")
        assert failed.labels[0].span.text.startswith(arrow)


@pytest.mark.parametrize(
    ("text", "was", "now", "place"),
    [
        (MOBILENET_V2, "56² × 24 | bottleneck", "56² × 24 | G-bneck", "G-bneck"),
        (MOBILENET_V2, "6 | 24 | 2", "six | 24 | 2", "six"),
        (MOBILENET_V2, "6 | 24 | 2", "6 | 0 | 2", "0"),
        (MOBILENET_V2, "6 | 32 | 3", "- | 32 | 3", "bottleneck"),
        (MOBILENET_V2, "conv2d 1x1 | - | 1280", "conv2d | - | 1280", "conv2d"),
        (MOBILENET_V2, "conv2d 1x1 | - | 1280", "conv2d 1x1 | 6 | 1280", "6"),
        (MOBILENET_V2, "| t |", "| tt |", "tt"),
        (MOBILENET_V3, "exp size", r"exp size & groups", "groups"),
        (EFFICIENTNET_V2, "SE0.25\t1", "SE0.25 twice\t1", "MBConv6, k3x3, SE0.25 twice"),
        (SQUEEZENET, "2\t16\t64\t64\t33%\t12", "2\t16\t\t64\t33%\t12", "fire3"),
        (SQUEEZENET, "input image\t224x224x3", "", "111x111x96"),
    ],
)
def test_what_cant_be_read_is_told_at_its_cell(text: str, was: str, now: str, place: str) -> None:
    assert was in text
    with pytest.raises(VggdslError) as caught:
        raise next(error for _, error in parse_all(text.replace(was, now, 1), "-") if not isinstance(error, Spec))
    assert place in [finding.labels[0].span.text for finding in caught.value.diagnostics]


def test_classes_and_images_may_stand_on_a_line_above() -> None:
    tiny = MOBILENET_V2.replace("224²", "32²")
    with pytest.raises(VggdslError, match="how many classes"):
        raise next(error for _, error in parse_all(tiny, "-") if not isinstance(error, Spec))
    spec = read(f"# k = 10\n# input 320x320x3\n{EFFICIENTNET_V2}")
    assert (spec.typed.nodes[0].shape.h, spec.typed.nodes[-1].shape.c) == (320, 10)


def test_a_line_that_says_other_images_than_the_table_is_refused_at_its_cell() -> None:
    with pytest.raises(VggdslError, match="a line says images of 192x192x3"):
        raise next(e for _, e in parse_all(f"# input 192x192x3\n{MOBILENET_V2}", "-") if not isinstance(e, Spec))
    assert read(f"# input 224x224x3\n{MOBILENET_V2}").count("refuted") == 0


def test_letters_of_a_heading_may_be_set_in_italics() -> None:
    (plain,), (marked,) = (
        parse_all(text, "-", NOTATION) for text in (MOBILENET_V2, MOBILENET_V2.replace("| c |", "| $^*c^*$ |"))
    )
    assert isinstance(plain[1], Spec)
    assert isinstance(marked[1], Spec)
    assert marked[1].network.graph.digest == plain[1].network.graph.digest


def test_a_block_whose_repeats_no_cell_says_stands_once_and_that_is_said() -> None:
    spec = read(MOBILENET_V2.replace("| 6 | 64 | 4 | 2", "| 6 | 64 | | 2"))
    assert "assumed: `bottleneck` stands once where none is printed in its row" in [each.message for each in spec.said]


OF_FACES = """Input | Operator | t | c | n | s
8² × 3 | conv3×3 | - | 6 | 1 | 2
4² × 6 | depthwise conv3×3 | - | 6 | 1 | 1
4² × 6 | bottleneck | 2 | 6 | 1 | 1
4² × 6 | linear GDConv4×4 | - | 6 | 1 | 1
1² × 6 | linear conv1×1 | - | 5 | 1 | 1
"""


def test_convolutions_are_linear_or_depthwise_or_of_the_whole_map() -> None:
    spec = read(OF_FACES)
    layers = re.findall(r"^\(? ?(conv.*?)(?: \))? +->|^(conv[^:\n]*)$", spec.text, re.MULTILINE)
    assert ["".join(found) for found in layers] == [
        "conv3-6/2 ReLU6",
        "conv3-6 groups=6 ReLU6",
        "conv4-6 pad=0 groups=6",
        "conv1-5",
    ]
    weights = 9 * (6 * 3 + 6 + 12) + 2 * 6 * 12 + 16 * 6 + 6 * 5
    widths = 6 + 6 + (12 + 12 + 6) + 6 + 5
    assert spec.typed.params == weights + 2 * widths
    assert spec.count("refuted") == 0


def test_a_padding_that_no_size_tells_is_said() -> None:
    said = "assumed: padding by (k - 1) / 2: no padding is printed"
    untold = f"{OF_FACES[: OF_FACES.index('4² × 6 | linear')]}4² × 6 | conv3×3 | - | 5 | 1 | 1\n"
    assert [said in [each.message for each in read(text).said] for text in (untold, OF_FACES)] == [True, False]


@pytest.mark.parametrize(
    ("was", "now", "message"),
    [
        (
            "depthwise conv3×3 | - | 6",
            "depthwise conv3×3 | - | 12",
            "filters each channel by itself, 6 of them, and 12",
        ),
        ("GDConv4×4", "GDConv7×7", "is global, and the map is 4x4"),
        ("GDConv4×4 | - | 6 | 1 | 1", "GDConv4×4 | - | 6 | 1 | 2", "has no stride"),
        ("linear conv1×1", "lineal conv1×1", "no layer or block that is known"),
    ],
)
def test_what_such_convolutions_cant_be_is_refused(was: str, now: str, message: str) -> None:
    with pytest.raises(VggdslError, match=message):
        raise next(error for _, error in parse_all(OF_FACES.replace(was, now), "-") if not isinstance(error, Spec))


def test_a_heading_without_the_columns_of_blocks_says_which_it_lacks() -> None:
    text = "Operator\tKernel\tStride\tInput\nConv2d\t3x3\t2\t224x224x3\nBottleneck\t3x3\t1\t112x112x16\n"
    with pytest.raises(ParseError, match="it has operator, c or #out, and one of t, exp size and n") as raised:
        parse_all(text, "-", "block-table")
    assert raised.value.diagnostics[0].labels[0].span.text == "Operator\tKernel\tStride\tInput"
    done = run("import", "-", "--from", "block-table", input=text)
    assert (done.exit_code, "--means" in done.stderr) == (1, False)
