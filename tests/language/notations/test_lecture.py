"""Lists of layers, as CS231n's lectures have them."""

import pytest

import vggdsl
from vggdsl.language import notations
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec

SAID = """\
[28x28x1] INPUT
[10x10x8] CONV1: 8 5x5 filters at stride 3, pad 2
[5x5x8] MAX POOL1: 2x2 filters at stride 2
[5x5x8] NORM1: Normalization layer
[2x2x8] AVG POOL2: 3x3 filters at stride 2
[16] FC3: 16 neurons
[10] FC4: 10 neurons (class scores)
[10] SOFTMAX
"""
COUNTED = """\
INPUT: [32x32x3] memory: 32*32*3=3K params: 0
CONV3-64: [32x32x64] memory: 32*32*64=65K params: (3*3*3)*64 = 1,728
POOL2: [16x16x64] memory: 16*16*64=16K params: 0
FC: [1x1x10] memory: 10 params: 16*16*64*10 = 163,840
"""


def read(text: str) -> Spec:
    ((_, found),) = parse_all(text, "-")
    assert isinstance(found, Spec), found
    return found


def test_what_is_said_of_each_layer_comes_back() -> None:
    spec = read(SAID)
    assert spec.count("holds") == 7
    again = notations.written_as(spec.typed, "lecture").splitlines()
    ours = SAID.replace(" (class scores)", "").splitlines()
    assert [line.partition(":")[2] for line in again] == [line.partition(":")[2] for line in ours]


@pytest.mark.parametrize(
    ("was", "now", "code"),
    [
        ("8 5x5 filters", "9 5x5 filters", "V3"),
        ("[5x5x8] MAX", "[5x4x8] MAX", "V3"),
        ("stride 3", "strid 3", "V115"),
        ("[28x28x1] INPUT\n", "", "V"),
        ("(class scores)", "class scores", "V115"),
    ],
)
def test_a_figure_that_is_not_the_networks_fails(was: str, now: str, code: str) -> None:
    ((_, spec),) = parse_all(SAID.replace(was, now), "-")
    found = spec.check(to_train=False) if isinstance(spec, Spec) else spec.diagnostics
    assert any(each.code.startswith(code) for each in found), found


def test_memory_and_parameters_are_claims_and_so_are_products() -> None:
    spec = read(COUNTED)
    assert (spec.count("holds"), spec.count("refuted")) == (14, 0)
    assert read(COUNTED.replace("(3*3*3)*64 =", "(3*3*5)*64 =")).count("refuted") == 1
    assert read(COUNTED.replace("32*32*64=", "32*23*64=")).count("refuted") == 1
    assert [d.code for d in read(COUNTED.replace("16*16*64*10", "1616*64*10")).said].count("W111") == 1
    total = read(COUNTED + "TOTAL params: 165K parameters\n")
    assert (total.count("holds"), total.text.splitlines()[-1]) == (15, "claim weights 165K  # parameters")


def test_parameters_with_biases_are_told_by_arithmetic() -> None:
    text = "\n".join(line.partition("params: (")[0] for line in COUNTED.splitlines())
    assert "params=1,792" in read(text.replace("65K ", "65K params: 1,792").partition("FC")[0]).text


def test_numbers_of_pools_are_sides_or_counts_or_unclear() -> None:
    twice = COUNTED.replace("POOL2:", "POOL1:").replace("FC:", "POOL2: [8x8x64] memory: 4,096\nFC:")
    assert read(twice.replace("16*16*64*10 = 163,840", "40,960")).count("refuted") == 0
    ((_, found),) = parse_all(COUNTED.replace("POOL2", "POOL3"), "-")
    assert not isinstance(found, Spec)
    assert "doesn't say its window" in str(found)


def test_other_layers_have_no_words() -> None:
    for layer in (
        "conv3-8 groups=2",
        "conv3-8 dilation=2",
        "maxpool3/2 ceil",
        "global-avgpool",
        "add[ conv1-4 | identity ]",
    ):
        with pytest.raises(vggdsl.VggdslError, match="can't say"):
            notations.written_as(vggdsl.parse(f"input 8x8x4 {layer} FC-2").typed, "lecture")
