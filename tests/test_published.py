"""The figures that papers print, and how a printed figure is held against a value."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vggdsl
from vggdsl.figures import Figure
from vggdsl.spec import LARGEST_FILE

LANGUAGE = Path(__file__).parents[2] / "shared" / "language"
PARAMS = {
    "vgg_a": 132_863_336,
    "vgg_a_lrn": 132_863_336,
    "vgg_b": 133_047_848,
    "vgg_c": 133_638_952,
    "vgg_d": 138_357_544,
    "vgg_e": 143_667_240,
    "mini_vgg": 2_169_770,
}
LAYERS = {"vgg_a": 11, "vgg_a_lrn": 11, "vgg_b": 13, "vgg_c": 16, "vgg_d": 16, "vgg_e": 19}


@pytest.mark.parametrize(("name", "params"), PARAMS.items())
def test_learnable_parameters(name: str, params: int) -> None:
    assert vggdsl.load(name).typed.params == params


@pytest.mark.parametrize(("name", "layers"), LAYERS.items())
def test_layers_with_weights(name: str, layers: int) -> None:
    assert vggdsl.load(name).typed.weight_layers == layers


def test_mini_vgg_counts_running_statistics_in_its_total() -> None:
    assert vggdsl.load("mini_vgg").typed.total_params == 2_171_178


def test_macs_activations_and_receptive_fields_of_vgg_16() -> None:
    typed = vggdsl.load("vgg_d").typed
    assert typed.macs == 15_470_264_320
    assert round(typed.activations * 4 / 1e6, 1) == 60.3
    assert round(typed.total_params * 4 / 1e6) == 553
    assert [typed[name].receptive_field.h for name in ("conv1_2", "pool5", "fc6")] == [5, 212, 404]
    assert [typed[name].stride.h for name in ("conv1_2", "pool5")] == [1, 32]


def test_three_stacked_3x3_see_7x7_for_less() -> None:
    three = vggdsl.parse("input 32x32x64 conv3-64 x3").typed
    seven = vggdsl.parse("input 32x32x64 conv7-64").typed
    assert three.receptive_field == seven.receptive_field == (7, 7)
    assert (three.weights, seven.weights) == (27 * 64**2, 49 * 64**2)


@pytest.mark.parametrize("name", vggdsl.shipped())
def test_every_shipped_claim_holds(name: str) -> None:
    spec = vggdsl.load(name)
    assert [d.message for d in spec.check()] == []
    assert spec.count("refuted") == 0
    assert spec.count("holds") > 0
    assert vggdsl.shipped()[name].stat().st_size < LARGEST_FILE / 10


# -- the examples of the language


@pytest.mark.parametrize("name", ["alexnet", "cifar_fc256_256", "mini_vgg", "vgg_a", "vgg_d"])
def test_the_language_s_examples_without_branches_check(name: str) -> None:
    if not LANGUAGE.is_dir():
        pytest.skip("the language's examples lie beside the project's checkout, not here")
    found = vggdsl.load(LANGUAGE / f"{name}.arch").check()
    # Its measured block is made up, and its seal with it.
    assert {d.code for d in found} == ({"W601"} if name == "cifar_fc256_256" else set())


@pytest.mark.parametrize("name", ["googlenet", "densenet121", "resnet50", "blocks/inception"])
def test_the_language_s_examples_with_branches_are_read_but_not_compiled(name: str) -> None:
    if not LANGUAGE.is_dir():
        pytest.skip("the language's examples lie beside the project's checkout, not here")
    with pytest.raises(vggdsl.VggdslError) as caught:
        vggdsl.load(LANGUAGE / f"{name}.arch")
    assert {d.code for d in caught.value.diagnostics} == {"V290"}


def test_alexnet_has_a_third_fewer_weights_with_groups() -> None:
    text = "input 227x227x3 conv11-96/4 pad=0 maxpool3/2 conv5-256{g} maxpool3/2 conv3-384 conv3-384{g} conv3-256{g}"
    text += " maxpool3/2 FC-4096 FC-4096 FC-1000 softmax"
    assert vggdsl.parse(text.format(g="")).typed.params == 62_378_344
    assert vggdsl.parse(text.format(g=" groups=2")).typed.params == 60_965_224


# -- figures

HOLDS = [
    ("138,357,544", 138_357_544),
    ("138357544", 138_357_544),
    ("138M", 138_357_544),
    ("138.4M", 138_357_544),  # rounded
    ("138.3M", 138_357_544),  # truncated
    ("0.138G", 138_357_544),
    ("2.1M", 2_171_178),  # truncated, as the lecture does
    ("2.2M", 2_171_178),
    ("159Ki", 163_328),
    ("163K", 163_328),
    ("112Ki", 114_688),
    ("1000Ki", 1_024_000),
    ("~800K", 802_816),
    ("~400K", 401_408),
    ("~60M", 60_965_224),
    ("~800", 840),  # truncates to 8 hundreds
    ("~100", 96),  # rounds to 1 hundred
    ("~0", 0),
    ("0", 0),
    ("150K", 150_528),
    ("1e3", 1000),
    ("1.5K", 1500),
    ("3.8G", 3_858_770_944),
]
FAILS = [
    ("138,357,545", 138_357_544),  # without a unit a figure is exact
    ("138000000", 138_357_544),
    ("139M", 138_357_544),
    ("138.2M", 138_357_544),
    ("138.30M", 138_357_544),  # its 0 is significant
    ("159K", 163_328),
    ("163Ki", 163_328),
    ("800K", 802_816),  # and so are these
    ("~900K", 802_816),
    ("~810K", 802_816),
    ("2.7Ki", 9408),
    ("0", 1),
    ("1K", 2000),
]


@pytest.mark.parametrize(("figure", "value"), HOLDS)
def test_a_figure_holds(figure: str, value: int) -> None:
    assert Figure.parse(figure).holds(value)


@pytest.mark.parametrize(("figure", "value"), FAILS)
def test_a_figure_fails(figure: str, value: int) -> None:
    assert not Figure.parse(figure).holds(value)


@pytest.mark.parametrize(
    ("figure", "value"),
    [("8.1%", "8.1"), ("5e-4", "0.0005"), (".5", "0.5"), ("1,728", "1728"), ("2Ki", "2048"), ("3m", "3000000")],
)
def test_a_figure_s_value(figure: str, value: str) -> None:
    assert Figure.parse(figure).value == Decimal(value)


@pytest.mark.parametrize(
    "text",
    ["", "~", ",", "1,2", "1,23", "1.", "K", "1KK", "-1", "nan", "inf", "1e999", "1" * 25, "１", "1²", "138\u212a"],
)
def test_what_is_no_figure_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a number|out of range"):
        Figure.parse(text)


@given(st.integers(0, 10**12), st.sampled_from(["", "K", "M", "Ki", "Mi"]), st.integers(0, 4))
def test_what_is_rounded_or_truncated_from_a_value_holds(value: int, unit: str, places: int) -> None:
    scale = Figure.parse(f"1{unit}").scale
    scaled = Decimal(value) / scale
    places = places if unit else 0
    for rounding in ("ROUND_HALF_UP", "ROUND_DOWN"):
        text = f"{scaled.quantize(Decimal(1).scaleb(-places), rounding)}{unit}"
        assert Figure.parse(text).holds(value)


@given(st.integers(10**6, 10**9), st.integers(1, 10**8))
def test_no_value_a_unit_away_holds(value: int, away: int) -> None:
    figure = Figure.parse(f"{value}K")
    assert not figure.holds(value * 1000 + 1000 + away)
    assert not figure.holds(value * 1000 - 500 - away)
