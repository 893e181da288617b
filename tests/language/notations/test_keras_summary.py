"""Summaries of Keras, whole and as a PDF leaves them."""

import re

import pytest

from vggdsl.language import notations
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec

BOXED = """\
Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)              ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ conv2d (Conv2D)           │ (None, 26, 26, 32)     │           320 │
├───────────────────────────┼────────────────────────┼───────────────┤
│ batch_normalization       │ (None, 26, 26, 32)     │           128 │
│ (BatchNormalization)      │                        │               │
├───────────────────────────┼────────────────────────┼───────────────┤
│ max_pooling2d             │ (None, 13, 13, 32)     │             0 │
│ (MaxPooling2D)            │                        │               │
├───────────────────────────┼────────────────────────┼───────────────┤
│ conv2d_1 (Conv2D)         │ (None, 11, 11, 64)     │        18,496 │
├───────────────────────────┼────────────────────────┼───────────────┤
│ flatten (Flatten)         │ (None, 7744)           │             0 │
├───────────────────────────┼────────────────────────┼───────────────┤
│ dropout (Dropout)         │ (None, 7744)           │             0 │
├───────────────────────────┼────────────────────────┼───────────────┤
│ dense (Dense)             │ (None, 10)             │        77,450 │
└───────────────────────────┴────────────────────────┴───────────────┘
 Total params: 96,394 (376.54 KB)
 Trainable params: 96,330 (376.29 KB)
 Non-trainable params: 64 (256.00 B)
"""
SAME = "input 28x28x1 conv3-32 pad=0 BN maxpool conv3-64 pad=0 dropout-0.5 FC-10 softmax"
PLAIN = """\
Layer (type)                 Output Shape              Param #
=================================================================
input_1 (InputLayer)         [(None, 32, 32, 3)]       0
conv2d (Conv2D)              (None, 16, 16, 8)         216
batch_normalization (BatchNo (None, 16, 16, 8)         32
re_lu (ReLU)                 (None, 16, 16, 8)         0
depthwise_conv2d (DepthwiseC (None, 14, 14, 8)         80
global_average_pooling2d (Gl (None, 8)                 0
dense (Dense)                (None, 4)                 36
"""


def read(text: str) -> Spec:
    ((_, found),) = parse_all(text, "-")
    assert isinstance(found, Spec), found
    return found


def error_of(text: str) -> str:
    ((_, found),) = parse_all(text, "-", "keras-summary")
    return "" if isinstance(found, Spec) else str(found)


def test_a_summary_in_boxes() -> None:
    spec = read(BOXED)
    assert spec.network.graph.digest == read_spec(SAME).network.graph.digest
    assert (spec.count("holds"), spec.count("refuted")) == (13, 0)


def test_a_paste_from_markdown_and_what_other_versions_print() -> None:
    text = BOXED.replace("(256.00 B)", "(256.00 Byte)").replace(
        "│ (MaxPooling2D)            │", "│                           │"
    )
    spec = read(f"# A net\n\n```text\n{text}```\n")
    assert spec.network.graph.digest == read_spec(SAME).network.graph.digest
    assert "no shape" in error_of(text.replace("(None, 13, 13, 32)", "(Max (None, 13, 13, 32)"))
    assert "4 bytes" in error_of(text.replace("(256.00 Byte)", "(257.00 Byte)"))


def read_spec(text: str) -> Spec:
    ((_, found),) = parse_all(text, "net.arch")
    assert isinstance(found, Spec)
    return found


def test_strides_padding_biases_and_groups_are_told_by_arithmetic() -> None:
    spec = read(PLAIN)
    same = "input 32x32x3 conv3-8/2 pad=0,1,0,1 bias=no BN ReLU conv3-8 pad=0 groups=8 global-avgpool FC-4 softmax"
    assert spec.network.graph.digest == read_spec(same).network.graph.digest
    assert spec.count("refuted") == 0
    written = notations.written_as(spec.typed, "keras-summary")
    for row in PLAIN.splitlines()[2:]:
        assert row in written


@pytest.mark.parametrize(
    ("was", "now", "where"),
    [
        ("        216", "        217", "-:4:56"),  # no kernel has as many
        ("(None, 16, 16, 8)         216", "(None, None, None, 8)     216", "-:4:30"),
        ("re_lu (ReLU)                 (None", "                             (None", "-:6:30"),  # or a dropout
        ("(Conv2D) ", "(Conv3D) ", "-:4:1"),
        ("Param #", "Param #  Trainable", "-:1:65"),
        ("dense (Dense)                (None, 4)", "flatten (Flatten)            (None, 9)", "-:9:30"),
        ("(None, 14, 14, 8)         80", "14, 8         80", "-:7:1"),
        ("8)         0\ndepth", "0)         0\ndepth", "-:6:30"),
        ("32, 3)]       0\nconv2d (Conv2D)         ", "32, 0)]       0\ndepthwise (DepthwiseConv2D)", "-:3:30"),
    ],
)
def test_what_cannot_be_told_is_refused_at_its_cell(was: str, now: str, where: str) -> None:
    assert was in PLAIN
    assert f" {where}\n" in error_of(PLAIN.replace(was, now))


def test_a_figure_that_is_not_the_networks_fails() -> None:
    assert read(BOXED.replace("77,450 ", "77,460 ")).count("refuted") > 0
    assert read(BOXED.replace("96,330 (376.29", "96,331 (376.29")).count("refuted") == 1
    assert "bytes" in error_of(BOXED.replace("376.29", "376.31"))


def test_a_misread_width_is_mended_only_where_the_total_says_so() -> None:
    (mended,) = [d for d in read(BOXED.replace("(None, 10)", "(None, 19)")).said if d.code == "W111"]
    assert "19 read as 10" in mended.message
    assert read(BOXED.replace("(None, 10)", "(None, 19)").replace("96,394", "96,395")).count("refuted") > 0


def test_several_summaries_are_several_networks() -> None:
    assert [name for name, _ in parse_all(BOXED + BOXED.replace("sequential", "other"), "-")] == ["sequential", "other"]


CONNECTED = """\
Layer (type)                    Output Shape         Param #     Connected to
==================================================================================================
input_1 (InputLayer)            [(None, 32, 32, 3)]  0
conv2d (Conv2D)                 (None, 32, 32, 16)   448         input_1[0][0]
activation (Activation)         (None, 32, 32, 16)   0           conv2d[0][0]
conv2d_1 (Conv2D)               (None, 32, 32, 16)   2320        activation[0][0]
batch_normalization (BatchNorma (None, 32, 32, 16)   64          conv2d_1[0][0]
add (Add)                       (None, 32, 32, 16)   0           batch_normalization[0][0]
                                                                 activation[0][0]
activation_1 (Activation)       (None, 32, 32, 16)   0           add[0][0]
conv2d_2 (Conv2D)               (None, 16, 16, 8)    1160        activation_1[0][0]
max_pooling2d (MaxPooling2D)    (None, 16, 16, 16)   0           activation_1[0][0]
concatenate (Concatenate)       (None, 16, 16, 24)   0           ['conv2d_2[0][0]',
                                                                  'max_pooling2d[0][0]']
flatten (Flatten)               (None, 6144)         0           concatenate[0][0]
dense (Dense)                   (None, 10)           61450       flatten[0][0]
==================================================================================================
Total params: 65,442
"""


def test_what_layers_are_connected_to_is_branches() -> None:
    spec = read(CONNECTED)
    same = (
        "input 32x32x3 conv3-16 ReLU add[ conv3-16 BN | identity ] ReLU "
        "concat[ conv3-8/2 pad=0,1,0,1 | maxpool ] FC-10 softmax"
    )
    assert spec.network.graph.digest == read_spec(same).network.graph.digest
    assert (spec.count("holds"), spec.count("refuted")) == (17, 0)


@pytest.mark.parametrize(
    ("was", "now", "where"),
    [
        ("(None, 16, 16, 24)", "(None, 16, 16, 25)", "-:13:33"),
        ("0           add[0][0]", "0           sum[0][0]", "-:10:66"),
        ("448         input_1[0][0]", "448", "-:4:1"),
        ("448         input_1[0][0]", "448         input_1[1][0]", "-:4:66"),
        ("flatten[0][0]", "conv2d_2[0][0]", "-:12:1"),  # the pool goes nowhere
    ],
)
def test_a_connection_that_cannot_be_is_refused(was: str, now: str, where: str) -> None:
    assert was in CONNECTED
    assert f" {where}\n" in error_of(CONNECTED.replace(was, now))


POOLED = """\
Layer (type)                 Output Shape              Param #
=================================================================
input_1 (InputLayer)         [(None, {side}, {side}, 3)]       0
conv2d (Conv2D)              (None, {side}, {side}, 8)         224
max_pooling2d (MaxPooling2D) (None, {after}, {after}, 8)         0
global_average_pooling2d (GlobalAveragePooling2D) (None, 8)  0
dense (Dense)                (None, 10)                90
=================================================================
"""


@pytest.mark.parametrize("side", [5, 7, 15])
def test_a_pool_that_rounds_up_is_no_larger_one_that_pads_nothing(side: int) -> None:
    text = POOLED.format(side=side, after=(side + 1) // 2)  # which a window of that at stride 1 gives, too
    assert "the window isn't printed: 2x2 at stride 2 pad=0,1,0,1, 3x3 at stride" in error_of(text)


@pytest.mark.parametrize(("side", "after", "pool"), [(8, 1, 8), (20, 4, 5), (7, 3, 2), (3, 1, 2), (7, 2, 3)])
def test_of_pools_that_are_no_2x2_one_leaves_nothing_over(side: int, after: int, pool: int) -> None:
    assert f"maxpool{pool}/{pool}" in read(POOLED.format(side=side, after=after)).text


def test_of_several_pools_that_leave_rows_over_none_is_taken() -> None:
    assert "the window isn't printed: 4x4 at stride 4" in error_of(POOLED.format(side=11, after=2))


@pytest.mark.parametrize(
    ("layer", "word", "said"),
    [
        ("leaky_re_lu (LeakyReLU)", "LeakyReLU-0.3", "a slope of 0.3"),
        ("elu (ELU)", "ELU", "an alpha of 1"),
        ("re_lu (ReLU)", "ReLU", "no bound of a ReLU"),  # MobileNet's have one of 6
    ],
)
def test_numbers_of_activations_that_are_not_printed_are_kerass(layer: str, word: str, said: str) -> None:
    pool = "max_pooling2d (MaxPooling2D) (None, 4, 4, 8)"
    spec = read(POOLED.format(side=8, after=4).replace(pool, f"{layer} (None, 8, 8, 8)"))
    assert re.search(rf"^{word} +-> 8x8x8", spec.text, re.MULTILINE)
    assert f"assumed: {said}, Keras' own: none is printed" in [each.message for each in spec.said]


def test_a_softmax_of_all_values_of_a_map_is_refused() -> None:
    rows = POOLED.format(side=2, after=1).splitlines()[:4]
    text = "\n".join([*rows, "flatten (Flatten) (None, 32) 0", "softmax (Softmax) (None, 32) 0", ""])
    assert "this layer can't take what the one before gives" in error_of(text)
