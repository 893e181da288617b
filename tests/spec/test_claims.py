"""Claims: what holds, what is disputed, and the reading that would hold."""

import pytest

import vggdsl
from vggdsl.text.errors import Diagnostic

NET = "input 28x28x192\nconv1-64 BN ReLU\nmaxpool\nFC-10 softmax\n"
TYPED = vggdsl.parse(NET).typed


def check(claim: str) -> list[Diagnostic]:
    return vggdsl.parse(NET + claim).check()


def test_the_network_is_as_computed_by_hand() -> None:
    conv, norm, fc = 64 * 192 + 64, 2 * 64, 10 * 14 * 14 * 64 + 10
    assert TYPED.params == conv + norm + fc
    assert TYPED.total_params == TYPED.params + 2 * 64
    assert TYPED.weights == 64 * 192 + 64 + 10 * 14 * 14 * 64
    assert TYPED.macs == 64 * 192 * 28 * 28 + 10 * 14 * 14 * 64
    assert TYPED.activations == 2 * 64 * 28 * 28 + 64 * 14 * 14 + 10


@pytest.mark.parametrize(
    "claim",
    [
        "params 137,930",
        "params 138K",
        "params 137K",
        "params 137.9K",
        "params ~100K",
        "params 134Ki",
        "total-params 138,058",
        "non-trainable-params 128",
        "training-params 137,930",
        "weights 137,792",
        "macs 9.76M",
        "activations 112,906",
        "weight-layers 2",
        "receptive-field 28",
        "receptive-field 28x28",
        "output 10",
        "output 1x1x10",
        "output 1x1",
        "conv1_1 params 12,352",
        "conv1_1 weights 12Ki",
        "bn1_1 total-params 256",
        "pool1 output 14x14x64",
        "pool1 output 14x14",
        "conv1_1 weight-layers 1",
        "bn1_1 weight-layers 0",
        "input output 28x28x192",
        "input activations 150,528",
        "params 137,930 macs 9.76M output 10",
    ],
)
def test_what_holds(claim: str) -> None:
    assert check(f"claim {claim}") == []


@pytest.mark.parametrize("printed", ["64", "14", "14x64", "64x14", "64x14x14", "14x14x32"])
def test_a_size_is_height_by_width_by_channels_and_one_number_the_length_of_a_vector(printed: str) -> None:
    (found,) = check(f"claim pool1 output {printed}")
    assert (found.code, found.message) == ("V301", f"output of pool1 is 14x14x64, not {printed}")


@pytest.mark.parametrize(
    ("claim", "help"),
    [
        ("params 139K", "write 137,930 if the source does; if it doesn't, add `disputed` and the arithmetic"),
        ("conv1_1 weights 12K", None),
        ("params 138,058", "it would hold with running statistics: write `total-params 138,058`"),
        ("params 137,792", "it would hold without biases: write `weights 137,792`"),
        ("weights 137,930", "it would hold with biases: write `params 137,930`"),
        ("weights 138,058", "it would hold with biases and running statistics: write `total-params 138,058`"),
        ("total-params 137,930", "it would hold without running statistics: write `params 137,930`"),
        ("total-params 137,792", "it would hold without biases: write `weights 137,792`"),
        ("params 134.7K", "it would hold in units of 1024: write `params 134.7Ki`"),
        ("params 137.9Ki", "it would hold in units of 1000: write `params 137.9K`"),
        ("params 134.6K", "it would hold in units of 1024: write `params 134.6Ki`"),
        ("params 134.5K", "it would hold without biases, in units of 1024: write `weights 134.5Ki`"),
        ("macs 19.5M", "it would hold counting a multiply-add as two operations: claim the half as `macs`"),
        ("output 1x1x100", "write 1x1x10, or mend the layers before it"),
        ("conv1_1 receptive-field 3", "write 1, or mend the layers before it"),
        ("receptive-field 28x27", "write 28, or mend the layers before it"),
    ],
)
def test_the_help_names_the_reading_that_would_hold(claim: str, help: str | None) -> None:
    found = check(f"claim {claim}")
    assert [d.help for d in found] == ([help] if help else [])
    assert all(d.code == "V301" for d in found)


KEPT = "no measure counts so, keep it in a comment"
AUX = "input 8x8x3\nafter conv: BN ReLU\nconv3-8 aux 0.3 { FC-10 softmax } FC-10 softmax\n"


def test_the_network_with_an_auxiliary_classifier_is_as_computed_by_hand() -> None:
    typed = vggdsl.parse(AUX).typed
    conv, norm, fc = 9 * 3 * 8 + 8, 2 * 8, 8 * 8 * 8 * 10 + 10
    assert (typed.params, typed.training_params) == (conv + norm + fc, conv + norm + 2 * fc) == (5_370, 10_500)
    assert typed.total_params == 5_370 + 2 * 8
    assert typed.weights == 9 * 3 * 8 + 8 + 5_120
    assert typed.macs == 9 * 3 * 8 * 64 + 5_120


@pytest.mark.parametrize(
    ("claim", "help"),
    [
        ("params 10,500", "with auxiliary classifiers: write `training-params 10,500`"),
        ("params 10.25Ki", "with auxiliary classifiers: write `training-params 10.25Ki`"),
        ("weights 10,500", "with auxiliary classifiers, with biases: write `training-params 10,500`"),
        (
            "total-params 10,500",
            "with auxiliary classifiers, without running statistics: write `training-params 10,500`",
        ),
        ("training-params 5,370", "without auxiliary classifiers: write `params 5,370`"),
        ("training-params 5,344", "without auxiliary classifiers, without biases: write `weights 5,344`"),
        ("training-params 5,386", "without auxiliary classifiers, with running statistics: write `total-params 5,386`"),
        ("training-params 10,464", "without biases: no measure counts so, keep it in a comment"),
        ("total-params 10,516", "with auxiliary classifiers: no measure counts so, keep it in a comment"),
        ("macs 24,064", "with auxiliary classifiers: no measure counts so, keep it in a comment"),
        (
            "macs 48,128",
            f"with auxiliary classifiers, counting a multiply-add as two operations: {KEPT}",
        ),
    ],
)
def test_with_and_without_auxiliary_classifiers_are_readings_of_each_other(claim: str, help: str) -> None:
    (found,) = vggdsl.parse(f"{AUX}claim {claim}").check()
    assert (found.code, found.help) == ("V301", f"it would hold {help}")
    (found,) = vggdsl.parse(f'{AUX}claim {claim} disputed "x"').check()
    assert found.code == "V302"


def test_googlenet_s_params_are_told_from_those_in_training() -> None:
    text = vggdsl.shipped()["googlenet"].read_text(encoding="utf-8")
    spec = vggdsl.parse(f"{text}claim training-params 6,998,552\n", str(vggdsl.shipped()["googlenet"]))
    assert [d.help for d in spec.check()] == ["it would hold without auxiliary classifiers: write `params 6,998,552`"]


@pytest.mark.parametrize(
    ("spec", "claim", "help"),
    [  # the figures are what the tools themselves print of torchvision's models
        ("vgg_d", "macs 15.48G", f"with biases, as torchinfo counts: {KEPT}"),
        ("vgg_d", "macs 15,483,821,032", f"with biases, as torchinfo counts: {KEPT}"),
        (
            "vgg_d",
            "macs 15.52G",
            f"with biases, and BN, activations and pools as two a value, as ptflops counts: {KEPT}",
        ),
        ("vgg_d", "macs 30.94G", "counting a multiply-add as two operations: claim the half as `macs`"),
        ("torchvision/resnet50", "macs 4.11G", f"with BN as two operations a value, as fvcore counts: {KEPT}"),
        ("torchvision/resnet50", "macs 4,111,512,576", f"with BN as two operations a value, as fvcore counts: {KEPT}"),
        (
            "torchvision/resnet50",
            "macs 4,132,436,968",
            f"with biases, and BN, activations and pools as two a value, as ptflops counts: {KEPT}",
        ),
        (
            "vgg_d",
            "params 14,714,688",
            f"without the classifier, as Keras counts with include_top=False: {KEPT}",
        ),
        ("vgg_d", "params 14.71M", f"without the classifier, as Keras counts with include_top=False: {KEPT}"),
        (
            "resnet/resnet50",
            "params 25,583,592",
            "with a bias in every convolution, as Keras' own models have: write `default conv: bias=yes`",
        ),
        ("torchvision/resnet50", "macs 4,089,238,376", f"with biases, as torchinfo counts: {KEPT}"),
        ("torchvision/resnet50", "macs 4,089,185,256", f"with biases, as ptflops' aten backend counts: {KEPT}"),
        (
            "resnet/resnet50",
            "weight-layers 54",
            f"counting every layer with weights, not those on the longest path: {KEPT}",
        ),
        ("vgg_d", "receptive-field 212", "at `pool5`: write `claim pool5 receptive-field 212`"),
        ("vgg_d", "output 7x7x512", "at `pool5`: write `claim pool5 output 7x7x512`"),
        ("vgg_d", "params 102,764,544", "at `fc6`: write `claim fc6 params 102,764,544`"),
    ],
)
def test_other_readings_are_somebody_s_convention_and_can_t_be_disputed(spec: str, claim: str, help: str) -> None:
    (found,) = errors(vggdsl.parse(f'extends "{spec}"\nclaim {claim}'))
    assert (found.code, found.help) == ("V301", f"it would hold {help}")
    (found,) = errors(vggdsl.parse(f'extends "{spec}"\nclaim {claim} disputed "no"'))
    assert (found.code, found.help) == ("V302", f"it would hold {help}")


@pytest.mark.parametrize(
    ("net", "figure"),
    [  # ptflops 0.7.5 of the same layers as modules of PyTorch
        ("conv3-8 ReLU global-maxpool FC-10", "65,626"),
        (
            """conv3-8 BN ReLU maxpool conv3-8 GN-4 LeakyReLU conv3-8 LRN SiLU conv3-8 hard-swish avgpool conv3-8 ReLU6
            conv3-8 PReLU conv3-8 GELU conv3-8 sigmoid conv3-8 tanh conv3-8 ELU conv3-8 hard-sigmoid
            global-maxpool FC-10""",
            "253,786",
        ),
    ],
)
def test_ptflops_counts_some_layers_once_and_some_twice(net: str, figure: str) -> None:
    (found,) = errors(vggdsl.parse(f"input 16x16x3\n{net}\nclaim macs {figure}"))
    told = "with biases, and BN, activations and pools as two a value, as ptflops counts"
    assert found.help == f"it would hold {told}: {KEPT}"


def test_the_classifier_is_no_fc_of_a_branch() -> None:
    net = (
        "input 8x8x3 conv3-64 m: mul[ identity | global-avgpool FC-8 ReLU FC-64 sigmoid ] conv3-128 global-avgpool\n"
        "FC-20 ReLU FC-10 softmax\n"
    )
    body = sum(t.params.learnable for t in vggdsl.parse(net).typed.nodes if t.shape.c not in (20, 10))
    (found,) = errors(vggdsl.parse(f"{net}claim params {body:,}"))
    assert found.help == f"it would hold without the classifier, as Keras counts with include_top=False: {KEPT}"


@pytest.mark.parametrize(
    ("spec", "claim"),
    [
        ("torchvision/resnet50", "macs 3.8G"),  # the paper's, of another network: 3.8Gi would be chance
        ("vgg_d", "macs 14.41G"),
        ("vgg_d", "receptive-field 308"),
        ("vgg_d", "params 138.4K"),
    ],
)
def test_a_reading_that_nobody_counts_by_is_not_offered(spec: str, claim: str) -> None:
    (found,) = errors(vggdsl.parse(f'extends "{spec}"\nclaim {claim}'))
    assert str(found.help).startswith("write ")
    assert not errors(vggdsl.parse(f'extends "{spec}"\nclaim {claim} disputed "no"'))


def errors(spec: vggdsl.Spec) -> list[vggdsl.Diagnostic]:
    return [d for d in spec.check() if d.is_error]


def test_what_has_no_reading_may_be_disputed() -> None:
    assert vggdsl.parse(f'{AUX}claim params 20,000 disputed "no"\nclaim macs 20,000 disputed "no"').check() == []


def test_a_claim_s_place_tells_what_is_computed() -> None:
    spec = vggdsl.parse(f'{NET}claim params 137,930 "computed from it"\nclaim macs 9.76M "Table 1: computed"')
    assert [v.computed for v in spec.verdicts] == [True, False]


def test_the_layers_that_could_be_meant_are_listed_once() -> None:
    (found,) = vggdsl.parse("input 8x8x3\nconv1: conv3-8\nFC-2\nclaim zzzz params 3").check()
    assert found.help == "known: conv1, input, relu_conv1, fc2"


def test_an_arrow_s_help_is_spelled_as_an_arrow() -> None:
    spec = vggdsl.parse("input 28x28x192\nconv1-64 -> params=12,288\nFC-10")
    assert [d.help for d in spec.check()] == ["it would hold without biases: write `weights=12,288`"]


@pytest.mark.parametrize(
    ("claim", "codes"),
    [
        ('params 200K disputed "64·192 + …"', []),
        ('params 137,930 disputed "no"', ["V302"]),
        ('weights 137,930 disputed "no"', ["V302"]),  # it holds with biases
        ('output 10 disputed "no"', ["V302"]),
        ('output 12 disputed "it has 10"', []),
        ('receptive-field 27 disputed "28"', []),
        ('conv9 params 3 disputed "no such layer"', ["V303"]),
    ],
)
def test_a_disputed_figure_must_fail_under_every_reading(claim: str, codes: list[str]) -> None:
    assert [d.code for d in check(f"claim {claim}")] == codes


def test_disputed_arrows_count() -> None:
    spec = vggdsl.parse('input 4x4x1 conv3-2 -> 4x4x2 params=20 weights=2.7Ki disputed "9·2 = 18" macs=288\nFC-2')
    assert spec.check() == []
    assert [spec.count(status) for status in ("holds", "disputed", "refuted")] == [3, 1, 0]


def test_the_arrow_of_a_group_is_about_all_of_it() -> None:
    group = "( conv3-8 conv3-16 maxpool )"
    spec = vggdsl.parse(f"input 8x8x3 {group} -> 4x4x16 params=1,392 weight-layers=2 receptive-field=6\nFC-2")
    assert spec.check() == []


def test_a_layer_counts_itself_and_a_group_all_that_is_in_it() -> None:
    head = "input 8x8x3\nafter conv: BN ReLU\n"
    for body in ("conv3-8 -> 8x8x8 params=224\nFC-2", "stem: conv3-8\nFC-2\nclaim stem params 224"):
        assert vggdsl.parse(head + body).check() == []
    assert vggdsl.parse(head + "( conv3-8 ) -> 8x8x8 params=240 total-params=256\nFC-2").check() == []


def test_the_arrow_of_a_repeat_is_about_all_of_them() -> None:
    assert vggdsl.parse("input 8x8x3 ( conv3-3 ) x3 -> 8x8x3 params=252 weight-layers=3\nFC-2").check() == []


@pytest.mark.parametrize(
    ("claim", "code"),
    [
        ("params 10%", "V304"),
        ("output 10K", "V304"),
        ("output ~10", "V304"),
        ("params 3x3", "V304"),
        ("receptive-field 5%", "V304"),
        ("conv9 params 3", "V303"),
        ("top-1-error 8.1", "V304"),
        ("top-1-error 101%", "V304"),
        ("top-1-error 5x5", "V304"),
        ("top-1-error 5% split=vall", "V306"),
        ("top-1-error 5% view=center", "V306"),
        ("top-1-error 5% scale=x", "V306"),
        ("top-1-error 5% scale=²", "V306"),
        ("top-1-error 5% scale=12,12", "V306"),
        ("top-1-error 5% scale=0", "V306"),
        ("top-1-error 5% seed=-1", "V306"),
        ("top-1-error 5% train=S256", "V306"),
        ("top-1-error 5% params 3", "V305"),
        ("conv1_1 top-1-error 5%", "V305"),
        ('top-1-error 5% disputed "no"', "V305"),
        ("params 137,930 split=val", "V305"),
    ],
)
def test_what_can_t_be_claimed(claim: str, code: str) -> None:
    try:
        found = check(f"claim {claim}")
    except vggdsl.VggdslError as error:
        found = list(error.diagnostics)
    assert [d.code for d in found] == [code]


def test_results_keep_their_figures_and_protocols() -> None:
    text = 'train S { data cifar10 }\nclaim top-5-error 8.1% top-1-error 25.60% view=dense train=S scale=384 "Table 3"'
    (claim,) = vggdsl.parse(NET + text).results
    assert claim.measures == (("top-5-error", "8.1%"), ("top-1-error", "25.60%"))
    assert claim.protocol == (("scale", "384"), ("train", "S"), ("view", "dense"))
    assert claim.where == "Table 3"


def test_a_protocol_is_the_same_however_it_is_spelled() -> None:
    claims = "claim top-1-error 5% seed=1e3 scale=0256,384 view=Dense flip=YES"
    (claim,) = vggdsl.parse(f"{NET}{claims}").results
    assert claim.protocol == (("flip", "yes"), ("scale", "256,384"), ("seed", "1000"), ("view", "dense"))


def test_a_result_line_keeps_its_digits() -> None:
    line = "Epoch 184/2500 - Train Accuracy: 0.9980 - Val Accuracy: 0.9312 - Test Accuracy: .92"
    (claim,) = vggdsl.parse(f'{NET}claim {line} "slides"').results
    assert claim.measures == (("train-accuracy", "0.9980"), ("val-accuracy", "0.9312"), ("test-accuracy", ".92"))
    assert claim.line is not None
    assert str(claim.line) == line
