"""The figures that papers print, and how a printed figure is held against a value."""

from decimal import Decimal
from pathlib import Path

import pytest
import torch
import torchvision
from hypothesis import given
from hypothesis import strategies as st
from profiles import mostly_thorough
from refusals import refusal
from torch.utils.flop_counter import FlopCounterMode

import vggdsl
from vggdsl.language.library import LARGEST_FILE
from vggdsl.text.figures import Figure

HERE = Path(__file__).parents[1]
EXAMPLES = HERE.parent / "examples"
LANGUAGE = HERE.parents[1] / "shared" / "language"
PARAMS = {
    "vgg_a": 132_863_336,
    "vgg_a_lrn": 132_863_336,
    "vgg_b": 133_047_848,
    "vgg_c": 133_638_952,
    "vgg_d": 138_357_544,
    "vgg_e": 143_667_240,
    "vgg_bn/vgg11_bn": 132_868_840,
    "vgg_bn/vgg13_bn": 133_053_736,
    "vgg_bn/vgg16_bn": 138_365_992,
    "vgg_bn/vgg19_bn": 143_678_248,
    "mini_vgg": 2_169_770,
    "alexnet": 62_378_344,
    "alexnet_groups": 60_965_224,
    "torchvision/alexnet": 61_100_840,
    "googlenet": 6_998_552,
    "torchvision/googlenet": 6_624_904,
    "mini_googlenet": 1_652_826,
    "deeper_googlenet/deeper_googlenet": 3_657_992,
    "deeper_googlenet/experiment_1": 771_096,
    "deeper_googlenet/experiment_2": 771_096,
    "deeper_googlenet/experiment_3": 3_657_992,
    "resnet/resnet18": 11_689_512,
    "resnet/resnet34": 21_797_672,
    "resnet/resnet18_a": 11_515_688,
    "resnet/resnet34_a": 21_623_848,
    "resnet/plain34": 21_623_848,
    "resnet/resnet50": 25_557_032,
    "resnet/resnet101": 44_549_160,
    "resnet/resnet152": 60_192_808,
    "torchvision/resnet50": 25_557_032,
    "torchvision/resnet101": 44_549_160,
    "torchvision/resnet152": 60_192_808,
    "cifar_resnet/resnet20": 269_722,
    "cifar_resnet/resnet32": 464_154,
    "cifar_resnet/resnet44": 658_586,
    "cifar_resnet/resnet56": 853_018,
    "cifar_resnet/resnet110": 1_727_962,
    "cifar_resnet/resnet20_projection": 272_474,
    "cifar_resnet/resnet32_projection": 466_906,
    "cifar_resnet/resnet44_projection": 661_338,
    "cifar_resnet/resnet56_projection": 855_770,
    "cifar_resnet/resnet110_projection": 1_730_714,
}
TRAINING_PARAMS = {"googlenet": 13_378_280, "torchvision/googlenet": 13_004_888, "vgg_d": 138_357_544}
LAYERS = {
    "vgg_a": 11,
    "vgg_a_lrn": 11,
    "vgg_b": 13,
    "vgg_c": 16,
    "vgg_d": 16,
    "vgg_e": 19,
    "vgg_bn/vgg19_bn": 19,
    "alexnet": 8,
    "googlenet": 22,
    "resnet/resnet18": 18,
    "resnet/resnet34": 34,
    "resnet/resnet18_a": 18,
    "resnet/resnet34_a": 34,
    "resnet/plain34": 34,
    "resnet/resnet50": 50,
    "resnet/resnet101": 101,
    "resnet/resnet152": 152,
    "torchvision/resnet50": 50,
    "cifar_resnet/resnet20": 20,
    "cifar_resnet/resnet32": 32,
    "cifar_resnet/resnet44": 44,
    "cifar_resnet/resnet56": 56,
    "cifar_resnet/resnet110": 110,
    "cifar_resnet/resnet110_projection": 110,
}
TORCHVISION = {
    "vgg_a": "vgg11",
    "vgg_b": "vgg13",
    "vgg_d": "vgg16",
    "vgg_e": "vgg19",
    "vgg_bn/vgg11_bn": "vgg11_bn",
    "vgg_bn/vgg13_bn": "vgg13_bn",
    "vgg_bn/vgg16_bn": "vgg16_bn",
    "vgg_bn/vgg19_bn": "vgg19_bn",
    "torchvision/alexnet": "alexnet",
    "torchvision/googlenet": "googlenet",
    "resnet/resnet18": "resnet18",
    "resnet/resnet34": "resnet34",
    "torchvision/resnet50": "resnet50",
    "torchvision/resnet101": "resnet101",
    "torchvision/resnet152": "resnet152",
    "densenet121": "densenet121",
}
"""Specs and torchvision's models that are the same networks."""
DEEP = {"torchvision/resnet101", "torchvision/resnet152"}
"""Of the units of ResNet-50."""


def load(name: str) -> vggdsl.Spec:
    """A spec that ships, or one of the examples."""
    example = EXAMPLES / f"{name}.arch"
    return vggdsl.load(example if example.is_file() else name)


@pytest.mark.parametrize(("name", "params"), PARAMS.items())
def test_learnable_parameters(name: str, params: int) -> None:
    assert vggdsl.load(name).typed.params == params


@pytest.mark.parametrize(("name", "params"), TRAINING_PARAMS.items())
def test_learnable_parameters_in_training(name: str, params: int) -> None:
    assert vggdsl.load(name).typed.training_params == params


@pytest.mark.parametrize(("name", "layers"), LAYERS.items())
def test_layers_with_weights(name: str, layers: int) -> None:
    assert vggdsl.load(name).typed.weight_layers == layers


@pytest.mark.parametrize(("name", "model"), mostly_thorough(TORCHVISION.items(), kept=TORCHVISION.keys() - DEEP))
def test_parameters_and_macs_are_those_of_torchvision_s_model(name: str, model: str) -> None:
    typed = load(name).typed
    options = {"init_weights": False} if model == "googlenet" else {}
    with torch.device("meta"):
        network = torchvision.models.get_model(model, weights=None, **options)
        images = torch.empty(1, *typed.input.chw)
    assert sum(p.numel() for p in network.parameters()) == typed.training_params
    with FlopCounterMode(display=False) as counter:
        network.eval()(images)
    assert counter.get_total_flops() == 2 * typed.macs


def test_where_a_unit_strides_changes_the_macs_and_not_the_parameters() -> None:
    paper, torchvision_s = (vggdsl.load(f"{folder}/resnet50").typed for folder in ("resnet", "torchvision"))
    assert paper.params == torchvision_s.params
    assert (paper.macs, torchvision_s.macs) == (3_857_973_248, 4_089_184_256)


def test_a_name_that_two_specs_share_stands_for_neither() -> None:
    found = refusal(lambda: vggdsl.load("resnet50"), vggdsl.InputError)
    assert (found.code, found.message) == ("V501", "2 specs that ship are named `resnet50`")
    assert found.help == "write resnet/resnet50 or torchvision/resnet50"


def test_shortcuts_cost_what_their_projections_hold() -> None:
    residual, plain = (vggdsl.load(f"resnet/{name}").typed for name in ("resnet34", "plain34"))
    projections = [(64, 128), (128, 256), (256, 512)]
    assert residual.params - plain.params == sum(c * d + 2 * d for c, d in projections)
    assert residual.weight_layers == plain.weight_layers
    without = vggdsl.load("resnet/resnet34_a").typed
    assert (without.params, without.macs) == (plain.params, plain.macs)


@pytest.mark.parametrize("n", [20, 32, 44, 56, 110])
def test_projections_are_not_what_was_measured_on_cifar(n: int) -> None:
    """Where the width doubles they hold c·d weights and two values a channel of their BN."""
    measured, projected = (vggdsl.load(f"cifar_resnet/resnet{n}{end}") for end in ("", "_projection"))
    assert projected.typed.params - measured.typed.params == sum(c * d + 2 * d for c, d in ((16, 32), (32, 64)))
    assert measured.results
    assert not projected.results


def test_mini_vgg_counts_running_statistics_in_its_total() -> None:
    assert vggdsl.load("mini_vgg").typed.total_params == 2_171_178


def test_macs_activations_and_receptive_fields_of_vgg_16() -> None:
    typed = vggdsl.load("vgg_d").typed
    assert typed.macs == 15_470_264_320
    assert round(typed.activations * 4 / 1e6, 1) == 60.3
    assert round(typed.total_params * 4 / 1e6) == 553
    fields = {"conv1_2": 5, "pool5": 212, "fc6": 404, "fc7": 404, "fc8": 404}
    assert {name: typed[name].receptive_field.h for name in fields} == fields
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


FOUND = {
    "cifar_fc256_256": {"W601"},  # its measured block is made up, and its seal with it
    "googlenet": {"V302"},  # 380Ki of 3b holds with biases: the spec that ships writes `params`
}


NONE = pytest.param(Path("none"), marks=pytest.mark.skip("the language's examples lie beside the checkout, not here"))


@pytest.mark.parametrize("path", sorted(LANGUAGE.rglob("*.arch")) or [NONE], ids=lambda path: path.stem)
def test_the_language_s_examples_check(path: Path) -> None:
    blocks = LANGUAGE / "blocks" / "inception.arch"
    if path == blocks:
        with pytest.raises(vggdsl.NetworkError, match="holds blocks and no network"):
            vggdsl.load(path)
        return
    found = vggdsl.load(path, beside=[blocks]).check()
    assert [d.code for d in found] == sorted(FOUND.get(path.stem, ()))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.arch")), ids=lambda path: path.stem)
def test_the_specs_among_the_examples_check(path: Path) -> None:
    spec = vggdsl.load(path)
    assert [d.message for d in spec.check()] == []
    assert spec.count("holds") > 0


def test_densenet_needs_no_layer_of_its_own() -> None:
    spec = load("densenet121")
    assert (spec.typed.params, spec.typed.weight_layers) == (7_978_856, 121)
    assert {node.op.kind for node in spec.network.graph.nodes} == {
        *("input", "conv", "BN", "ReLU", "maxpool", "avgpool", "global-avgpool"),
        *("concat", "identity", "FC", "softmax"),
    }


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
