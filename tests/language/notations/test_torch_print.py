"""Prints of PyTorch's modules."""

import pytest

import vggdsl
from vggdsl.language import notations
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import VggdslError
from vggdsl.text.source import Source


def conv(c: int, channels: int, kernel: int = 3, stride: int = 1, pad: int = 1) -> str:
    sizes = f"kernel_size=({kernel}, {kernel}), stride=({stride}, {stride})"
    return f"Conv2d({c}, {channels}, {sizes}, padding=({pad}, {pad}), bias=False)"


def norm(channels: int) -> str:
    return f"BatchNorm2d({channels}, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)"


def printed(name: str, *entries: tuple[str, str]) -> str:
    rows = "".join(f"  ({key}): {text}\n" for key, text in entries)
    return f"{name}(\n{rows})"


def unit(c: int, channels: int, stride: int) -> str:
    inside = [("conv1", conv(c, channels, stride=stride)), ("bn1", norm(channels)), ("relu", "ReLU(inplace=True)")]
    inside += [("conv2", conv(channels, channels)), ("bn2", norm(channels))]
    if stride > 1:
        inside += [("downsample", printed("Sequential", ("0", conv(c, channels, 1, 2, 0)), ("1", norm(channels))))]
    return printed("BasicBlock", *inside)


RESNET = printed(
    "ResNet",
    ("conv1", conv(3, 8, 7, 2, 3)),
    ("bn1", norm(8)),
    ("relu", "ReLU(inplace=True)"),
    ("maxpool", "MaxPool2d(kernel_size=3, stride=2, padding=1, dilation=1, ceil_mode=False)"),
    ("layer1", printed("Sequential", ("0", unit(8, 8, 1)))),
    ("layer2", printed("Sequential", ("0", unit(8, 16, 2)))),
    ("layer3", printed("Sequential", ("0", unit(16, 16, 1)))),
    ("layer4", printed("Sequential", ("0", unit(16, 16, 1)))),
    ("avgpool", "AdaptiveAvgPool2d(output_size=(1, 1))"),
    ("fc", "Linear(in_features=16, out_features=10, bias=True)"),
)
PLAIN = "add[ {0}-16 BN ReLU conv3-16 BN | {1} ] ReLU"
SAME = f"""input 224x224x3
default conv: bias=no
conv7-8/2 BN ReLU maxpool3/2 pad=1
add[ conv3-8 BN ReLU conv3-8 BN | identity ] ReLU
add[ conv3-16/2 BN ReLU conv3-16 BN | conv1-16/2 BN ] ReLU
{PLAIN.format("conv3", "identity")} {PLAIN.format("conv3", "identity")}
global-avgpool FC-10
"""


def read(text: str) -> Spec:
    spec = vggdsl.parse(text)
    assert notations.recognise(spec.source).name == "torch-print"
    return spec


def test_torchvisions_units_are_known_and_said() -> None:
    spec = read(RESNET)
    assert spec.network.graph.digest == vggdsl.parse(SAME).network.graph.digest
    assert [d.code for d in spec.said] == ["W110"] * 3  # the size, the class, its units
    assert spec.network.graph.nodes[1].name == "conv1"
    smaller = vggdsl.parse(f"# input 64x64x3\n{RESNET}")
    assert (str(smaller.typed.input), len(smaller.said)) == ("64x64x3", 2)


def stack(*layers: str, name: str = "Sequential") -> str:
    return printed(name, *((str(place), layer) for place, layer in enumerate(layers)))


POOL = "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)"


def test_the_size_is_that_at_which_no_window_leaves_a_row_over() -> None:
    spec = read(stack(conv(1, 4), "ReLU()", POOL, POOL, "Flatten()", "Linear(in_features=196, out_features=10)"))
    assert (str(spec.typed.input), spec.typed.params) == ("28x28x1", 36 + 1970)
    assert "31x31 would fit, too" in spec.said[0].message


def test_what_is_no_activation_gets_none() -> None:
    spec = read("# input 8x8x1\n" + stack(conv(1, 4), conv(4, 4), "Flatten()", "Linear(256, 8)", "Linear(8, 2)"))
    assert [node.op.kind for node in spec.network.graph.nodes[1:]] == ["conv", "conv", "FC", "FC"]


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        (stack(conv(3, 8), conv(9, 8)), "3:8", "takes 9 channels, and 8 come"),
        (stack(conv(3, 8), "Linear(512, 2)"), "3:8", "isn't flattened"),
        (stack(conv(3, 8), "Upsample(scale_factor=2.0)"), "3:8", "no words"),
        (stack(conv(3, 8), "Dropout2d(p=0.5)"), "3:8", "no words"),
        (stack(conv(3, 8), POOL), "1:1", "many sizes fit"),
        (stack(conv(3, 8), POOL, name="Net"), "1:1", "isn't printed"),
        (RESNET.replace("(bn2)", "(bn3)", 1), "7:8", "other modules than the one that is known"),
        (RESNET.replace("(conv2)", "(conv2) conv", 1), "11:3", "can't stand here"),
        (stack("Linear(784, 10)"), "1:1", "size isn't said"),
    ],
)
def test_what_cant_be_told_is_refused_where_it_stands(text: str, place: str, why: str) -> None:
    with pytest.raises(VggdslError) as caught:
        vggdsl.parse(text)
    (finding,) = caught.value.diagnostics
    span = finding.labels[0].span
    assert why in finding.message
    assert f"{span.line}:{span.column}" == place


@pytest.mark.parametrize("name", ["mini_vgg", "alexnet", "vgg_gap"])
def test_shipped_chains_are_written_and_read_back(name: str) -> None:
    text = notations.written_as(vggdsl.load(vggdsl.shipped()[name]).typed, "torch-print")
    assert notations.recognise(vggdsl.parse(text).source).name == "torch-print"


@pytest.mark.parametrize("line", ["{} {}", "{}\t{}", "('{}', {}),"])
def test_a_state_dict_is_refused_at_its_first_convolution(line: str) -> None:
    tensors = {"bn0.weight": "[3]", "conv1.weight": "[4, 3, 3, 3]", "bn1.running_mean": "[4]", "fc.bias": "[5]"}
    text = "".join(line.format(name, f"torch.Size({shape})") + "\n" for name, shape in tensors.items())
    assert notations.elsewhere(Source("-", text)) is None
    first = notations.strangers(Source("-", text))[0]
    assert "no strides, pools and activations" in first.message
    assert first.labels[0].span.text.startswith("conv1.weight")
    assert notations.strangers(Source("-", "fc.weight (4, 3)\n")) == []


def test_of_a_mean_it_is_said_what_its_print_leaves_out() -> None:
    said = "assumed: AvgPool2d rounds down and counts padding, as it does unless told: a print doesn't show that"
    for side, stride, padding, is_said in ((8, 2, 0, False), (9, 2, 0, True), (8, 2, 1, True), (7, 1, 0, False)):
        text = f"# input {side}x{side}x3\nSequential(\n  (0): Conv2d(3, 4, kernel_size=(1, 1), stride=(1, 1))\n"
        text += f"  (1): AvgPool2d(kernel_size=2, stride={stride}, padding={padding})\n)\n"
        spec = vggdsl.parse(text)
        assert (said in [each.message for each in spec.said]) == is_said, (side, padding)
