"""Weights that others made: torchvision's by name, and files with names that aren't ours. Nothing is fetched."""

import io
import math
import socket
from collections.abc import Callable, Mapping
from email.message import Message
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import onnx
import pytest
import torch
from commands import run
from hypothesis import given
from others import build, randomised
from PIL import Image
from refusals import refusal
from safetensors.torch import save_file
from strategies import graphs
from torch import Tensor, nn
from torchvision import models
from torchvision.models import WeightsEnum

from vggdsl.data.preprocessing import Preprocessing
from vggdsl.network.infer import TypedGraph
from vggdsl.network.matching import differences, normal_form, pair
from vggdsl.network.shapes import Shape
from vggdsl.network.weights import weight_shapes
from vggdsl.spec.parsing import load, parse
from vggdsl.targets import foreign_weights
from vggdsl.targets.foreign_weights import Loaded, from_file, from_torchvision
from vggdsl.targets.modules import Untraceable
from vggdsl.targets.torch import TrainingOutput, load_weights, without_weights
from vggdsl.targets.tracing import trace
from vggdsl.text.errors import InputError
from vggdsl.text.resources import folder

State = Mapping[str, Tensor]

SPECS = folder("specs")
SMALL = 64
"""Pixels a side: ResNets bear any."""


read_once = cache(load)


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, torch_cache: Path) -> None:
    """Links lead into the specs, which are read once for all tests, and PyTorch's cache is empty."""
    monkeypatch.chdir(SPECS)
    monkeypatch.setattr(foreign_weights, "load", read_once)


def quiet(text: str) -> None:
    """What is said is of no interest."""


def extending(spec: str, *lines: str) -> TypedGraph:
    return parse("\n".join((f'extends "{spec}.arch"', *lines))).typed


def publish(monkeypatch: pytest.MonkeyPatch, state: State) -> list[str]:
    """Makes a state dict what torchvision would fetch; gives the names of what is asked for."""
    asked: list[str] = []

    def get(entry: WeightsEnum, **options: Any) -> State:
        assert options["weights_only"]
        assert options["check_hash"]
        asked.append(str(entry))
        return state

    monkeypatch.setattr(WeightsEnum, "get_state_dict", get)
    return asked


@torch.inference_mode()
def assert_same_outputs(loaded: Loaded, theirs: nn.Module) -> None:
    """In evaluation, to 1e-4 of the largest logit: both compute in single precision."""
    x = torch.randn(2, *loaded.network.typed.input.chw, generator=torch.Generator().manual_seed(1))
    expected, found = theirs.eval()(x), loaded.network.eval()(x)
    assert found.shape == expected.shape
    assert expected.std(dim=0).max() > 1e-3, "the logits depend on the image"
    assert float((found - expected).abs().max() / expected.abs().max()) < 1e-4


refused = partial(refusal, kind=InputError)


# -- torchvision's models, by name


@pytest.mark.parametrize(
    ("model", "spec"),
    [
        *((f"resnet{n}", f"resnet/resnet{n}") for n in (18, 34)),
        ("resnet50", "torchvision/resnet50"),
        *(
            pytest.param(f"resnet{n}", f"torchvision/resnet{n}", marks=pytest.mark.thorough)  # of the same units
            for n in (101, 152)
        ),
    ],
)
def test_residual_networks_give_what_torchvisions_give(model: str, spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = randomised(build(model))
    asked = publish(monkeypatch, theirs.state_dict())
    loaded = from_torchvision(extending(spec, f"input {SMALL}x{SMALL}x3"), model, quiet)
    assert_same_outputs(loaded, theirs)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("model", "spec"),
    [
        *((model, f"vgg_{letter}") for model, letter in (("vgg13", "b"), ("vgg16", "d"), ("vgg19", "e"))),
        *((f"vgg{n}_bn", f"vgg_bn/vgg{n}_bn") for n in (11, 13, 16, 19)),
    ],
)
def test_vggs_give_what_torchvisions_give(model: str, spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 32x32, where the map is 1x1 and the classifier has a fiftieth of the weights."""

    def small(model: str, **options: Any) -> nn.Module:
        module: Any = build(model, **options)
        module.avgpool = nn.Identity()
        module.classifier[0] = nn.Linear(512, 4096, device="meta")
        return module  # type: ignore[no-any-return]

    theirs = randomised(small(model))
    publish(monkeypatch, theirs.state_dict())
    monkeypatch.setattr(foreign_weights, "build_model", small)
    assert_same_outputs(from_torchvision(extending(spec, "input 32x32x3"), model, quiet), theirs)


@pytest.mark.parametrize(("model", "spec"), [("vgg11", "vgg_a"), ("alexnet", "torchvision/alexnet")])
def test_networks_at_full_size_give_what_torchvisions_give(
    model: str, spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = randomised(build(model))
    publish(monkeypatch, theirs.state_dict())
    loaded = from_torchvision(extending(spec), model, quiet)
    assert_same_outputs(loaded, theirs)
    assert loaded.source == f"torchvision:{model}@IMAGENET1K_V1"


def test_googlenet_gives_what_torchvisions_gives_for_the_same_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its classifiers are loaded, too; what it does to normalised images is in the preprocessing."""
    theirs: Any = randomised(build("googlenet", init_weights=False))
    publish(monkeypatch, theirs.state_dict())
    loaded = from_torchvision(extending("torchvision/googlenet"), "googlenet", quiet)
    for ours, there in (("conv1", "conv"), ("fc1", "fc1"), ("fc2", "fc2")):
        for head in ("aux1", "aux2"):
            name = f"{head}.{there}.conv" if there == "conv" else f"{head}.{there}"
            np.testing.assert_array_equal(
                loaded.weights[f"{head}.{ours}.weight"], theirs.state_dict()[f"{name}.weight"]
            )
    assert_same_outputs(loaded, theirs)

    theirs.transform_input = True  # as with its published weights
    pixels = torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(2))
    how = models.GoogLeNet_Weights.DEFAULT.transforms()
    usual = (pixels - torch.tensor(how.mean)[:, None, None]) / torch.tensor(how.std)[:, None, None]
    assert loaded.preprocessing is not None
    mean, std = (torch.tensor(v)[:, None, None] for v in (loaded.preprocessing.mean, loaded.preprocessing.std))
    with torch.inference_mode():
        expected, found = theirs(usual), loaded.network.eval()((pixels - mean) / std)
    assert float((found - expected).abs().max() / expected.abs().max()) < 1e-4
    assert isinstance(loaded.network.train()(pixels), TrainingOutput)


def test_without_its_classifiers_googlenet_is_loaded_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = randomised(build("googlenet", init_weights=False, aux_logits=False))
    publish(monkeypatch, theirs.state_dict())
    loaded = from_torchvision(extending("torchvision/googlenet"), "googlenet", quiet)
    assert not loaded.network.typed.heads
    assert_same_outputs(loaded, theirs)


PRE_V1_5 = "conv3.a.conv1 is conv1-128/2 bias=no -> 28x28x128 here, layer2.0.conv1 is conv1-128 bias=no -> 56x56x128"


@pytest.mark.parametrize(
    ("text", "model", "said", "help"),
    [
        ('extends "resnet/resnet50.arch"', "resnet50", PRE_V1_5, "`torchvision/resnet50` is torchvision's network"),
        ('extends "vgg_e.arch"', "vgg16", "conv3_4 is conv3-256 -> 56x56x256, and only here", "`vgg_d` is"),
        ('extends "googlenet.arch"', "googlenet", "conv1.bn is BN eps=0.001", "`torchvision/googlenet` is"),
        ('extends "vgg_d.arch" remove softmax replace fc8: FC-10', "vgg16", "FC-10 -> 1x1x10 here, classifier.6", None),
        ('extends "vgg_d.arch" input 224x224x1', "vgg16", "can't take 224x224x1", None),
        ('extends "vgg_d.arch"', "mobilenet_v2", "features.0.0 is conv3-32/2 bias=no -> 112x112x32 there", None),
        ('extends "vgg_d.arch"', "mobilenet_v3_small", "features.0.0 is conv3-16/2 bias=no -> 112x112x16 there", None),
        ('extends "vgg_d.arch"', "regnet_x_16gf", "it isn't made of a spec's layers", None),
        ('extends "vgg_d.arch"', "vit_b_16", "no spec can say", None),
        ("input 32x32x3 conv3-64 FC-10", "swin_t", "", None),
    ],
)
def test_a_model_that_is_another_network_is_refused_before_anything_is_fetched(
    text: str, model: str, said: str, help: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = publish(monkeypatch, {})
    graph = parse(
        text.replace(" remove softmax", "").replace(" replace", "\nreplace").replace(" input", "\ninput")
    ).typed
    found = refused(lambda: from_torchvision(graph, model, quiet))
    assert found.code == "V510"
    assert found.message.startswith(f"torchvision's {model} is another network: ")
    assert said in found.message
    assert help is None or (found.help is not None and help in found.help)
    assert not asked


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ("conv3-8 BN", nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8, eps=1e-3)), "BN eps=0.001"),
        ("conv3-8 pad=0", nn.Sequential(nn.Conv2d(3, 8, 3, padding=1)), "conv3-8 pad=0 -> 14x14x8 here"),
        ("conv3-6 groups=3", nn.Sequential(nn.Conv2d(3, 6, 3, padding=1)), "conv3-6 groups=3"),
        ("conv3-8 avgpool", nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(2)), "avgpool2/2 -> 8x8x8 here"),
        ("conv3-8 maxpool3/2", nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(2)), "maxpool3/2 -> 7x7x8"),
        ("conv3-8 ReLU", nn.Sequential(nn.Conv2d(3, 8, 3, padding=1)), "ReLU -> 16x16x8, and only here"),
        ("conv3-8 tanh", nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU()), "tanh -> 16x16x8 here"),
        ("conv3-8 PReLU", nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU()), "PReLU -> 16x16x8 here"),
        ("conv3-8 bias=no", nn.Sequential(nn.Conv2d(3, 8, 3, padding=1)), "conv3-8 bias=no -> 16x16x8 here"),
    ],
)
def test_what_shapes_do_not_show_is_compared_too(
    ours: str, theirs: nn.Module, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs.append(nn.Flatten()).append(nn.LazyLinear(10))  # type: ignore[operator]
    theirs(torch.zeros(1, 3, 16, 16))
    monkeypatch.setattr(foreign_weights, "build_model", lambda *_, **__: theirs)
    graph = parse(f"input 16x16x3\nafter conv: none\n{ours} FC-10").typed
    assert said in refused(lambda: from_torchvision(graph, "alexnet", quiet)).message


@pytest.mark.parametrize("text", ["add[ conv1-8 ReLU | conv3-8 conv3-8 | identity ]", "concat[ conv3-4 | conv3-8 ]"])
def test_branches_are_told_apart_by_what_they_do(text: str) -> None:
    """Those of a sum may stand in any order; those of a concat may not."""
    a = parse(f"input 8x8x8\nafter conv: none\n{text} FC-10").typed
    swapped = text[: text.index("[") + 1] + " | ".join(reversed(text[text.index("[") + 1 : -1].split("|"))) + "]"
    b = parse(f"input 8x8x8\nafter conv: none\n{swapped} FC-10").typed
    pairs = pair(normal_form(a), normal_form(b))
    if text.startswith("concat"):
        assert pairs is None
    else:
        assert pairs is not None
        convs = [name for name in pairs if "conv" in name]
        assert len(convs) == 3
        assert all(a[name].node.op == b[pairs[name]].node.op for name in convs)
        assert any(name != pairs[name] for name in convs)


@given(graphs())
def test_a_network_is_paired_with_itself(graph: TypedGraph) -> None:
    pairs = pair(normal_form(graph), normal_form(graph))
    assert pairs is not None
    assert all(a == b for a, b in pairs.items())
    assert {t.name for t in graph.nodes if t.params.total} <= pairs.keys()


def test_averages_that_are_the_same_are_spelled_alike() -> None:
    graph = parse("input 8x8x3\nafter conv: none\nconv3-4 avgpool4/4 dropout-0.5 FC-5 softmax").typed
    for pool in (nn.AdaptiveAvgPool2d(2), nn.AvgPool2d(4)):
        theirs = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), pool, nn.Flatten(), nn.Linear(16, 5))
        assert pair(normal_form(graph), trace(theirs, graph.input)) is not None
    other = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(36, 5))
    assert pair(normal_form(graph), trace(other, graph.input)) is None


@pytest.mark.parametrize(
    "pool",
    [nn.AdaptiveMaxPool2d(1), nn.AdaptiveMaxPool2d((1, 1)), nn.MaxPool2d(8)],
    ids=str,
)
def test_maxima_that_are_the_same_are_spelled_alike(pool: nn.Module) -> None:
    graph = parse("input 8x8x3\nconv3-4 ReLU global-maxpool FC-5").typed

    class Theirs(nn.Module):
        def __init__(self, called: bool) -> None:
            super().__init__()
            self.conv, self.pool, self.fc, self.called = nn.Conv2d(3, 4, 3, padding=1), pool, nn.Linear(4, 5), called

        def forward(self, x: Tensor) -> Tensor:
            x = nn.functional.relu(self.conv(x))
            x = nn.functional.adaptive_max_pool2d(x, 1) if self.called else self.pool(x)
            return self.fc(torch.flatten(x, 1))  # type: ignore[no-any-return]

    for called in (False, True):
        assert pair(normal_form(graph), trace(Theirs(called), graph.input)) is not None
    other = parse("input 8x8x3\nconv3-4 ReLU global-avgpool FC-5").typed
    assert pair(normal_form(other), trace(Theirs(False), graph.input)) is None


def test_a_prelu_has_a_slope_a_channel() -> None:
    graph = parse("input 8x8x3\nconv3-4 PReLU conv3-4 PReLU").typed

    def theirs(first: nn.Module, second: nn.Module) -> nn.Module:
        return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), first, nn.Conv2d(4, 4, 3, padding=1), second)

    pairs = pair(normal_form(graph), trace(theirs(nn.PReLU(4), nn.PReLU(4)), graph.input))
    assert pairs is not None
    assert (pairs["prelu1_1"], pairs["prelu1_2"]) == ("1", "3")
    shared = nn.PReLU(4)
    for first, second in ((shared, shared), (nn.PReLU(), nn.PReLU())):
        with pytest.raises(Untraceable):
            trace(theirs(first, second), graph.input)


class _Mobile(nn.Module):
    """Normalises groups, and calls what other modules have as modules."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.conv, self.norm, self.last = nn.Conv2d(3, 8, 3, padding=1), nn.GroupNorm(groups, 8), nn.Linear(512, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.relu6(nn.functional.hardswish(self.norm(self.conv(x))))
        return self.last(torch.flatten(nn.functional.hardsigmoid(x), 1))  # type: ignore[no-any-return]


def _behind_padding(pad: nn.Module, *layers: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 1), pad, *layers)


class _BehindPad(nn.Module):
    def __init__(self, value: float | None, layer: nn.Module) -> None:
        super().__init__()
        self.first, self.layer, self.value = nn.Conv2d(3, 4, 1), layer, value

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.pad(self.first(x), (0, 1, 2, 0), "constant", self.value)
        return self.layer(x)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("text", "theirs"),
    [
        ("conv3-8/2 pad=0,1,0,1", _behind_padding(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(4, 8, 3, 2))),
        ("conv3-8 pad=3,2,1,2", _behind_padding(nn.ZeroPad2d((0, 1, 2, 1)), nn.Conv2d(4, 8, 3, padding=1))),
        ("conv3-8", _behind_padding(nn.ZeroPad2d(1), nn.Conv2d(4, 8, 3))),
        ("conv3-8", _behind_padding(nn.Identity(), nn.Conv2d(4, 8, 3, padding="same"))),
        ("conv4-8 pad=1,2,1,2", _behind_padding(nn.Identity(), nn.Conv2d(4, 8, 4, padding="same"))),
        ("conv3-8 pad=0", _behind_padding(nn.ZeroPad2d(0), nn.Conv2d(4, 8, 3, padding="valid"))),
        ("avgpool3/2 pad=0,1,0,1", _behind_padding(nn.ZeroPad2d((0, 1, 0, 1)), nn.AvgPool2d(3, 2))),
        ("maxpool3/2 pad=0,1,0,1", _behind_padding(nn.ConstantPad2d((0, 1, 0, 1), -math.inf), nn.MaxPool2d(3, 2))),
        ("conv3-8 pad=2,0,0,1", _BehindPad(0, nn.Conv2d(4, 8, 3))),
        ("conv3-8 pad=2,0,0,1", _BehindPad(None, nn.Conv2d(4, 8, 3))),
        ("maxpool5/2 pad=2,0,0,1", _BehindPad(-math.inf, nn.MaxPool2d(5, 2))),
    ],
)
def test_padding_before_a_layer_is_known_as_its_own(text: str, theirs: nn.Module) -> None:
    """Each side where it is: the values are the same, too."""
    graph = parse(f"input 12x14x3\nafter conv: none\nconv1-4 {text}").typed
    found = trace(theirs, graph.input)
    pairs = pair(normal_form(graph), found)
    assert pairs is not None, differences(normal_form(graph), found)
    ours, state = without_weights(graph).eval(), theirs.state_dict()
    names = {f"{one}.{part}": f"{other}.{part}" for one, other in pairs.items() for part in ("weight", "bias")}
    load_weights(ours, {one: state[other].numpy() for one, other in names.items() if other in state})
    x = torch.randn(2, 3, 12, 14, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(ours(x), theirs.eval()(x))


@pytest.mark.parametrize(
    ("text", "theirs"),
    [
        ("conv3-8/2 pad=0,1,0,1", _behind_padding(nn.ZeroPad2d((1, 0, 0, 1)), nn.Conv2d(4, 8, 3, 2))),
        ("conv3-8/2 pad=0,1,0,1", _behind_padding(nn.ConstantPad2d((0, 1, 0, 1), 1), nn.Conv2d(4, 8, 3, 2))),
        ("conv3-8/2 pad=0,1,0,1", _behind_padding(nn.ReplicationPad2d((0, 1, 0, 1)), nn.Conv2d(4, 8, 3, 2))),
        ("conv3-8 pad=0", _behind_padding(nn.ZeroPad2d(-1), nn.Conv2d(4, 8, 3, padding=1))),
        ("maxpool3/2 pad=0,1,0,1", _behind_padding(nn.ZeroPad2d((0, 1, 0, 1)), nn.MaxPool2d(3, 2))),
        ("conv3-8 pad=2,0,0,1", _BehindPad(1, nn.Conv2d(4, 8, 3))),
        ("conv3-8 pad=0,2,0,1", _BehindPad(0, nn.Conv2d(4, 8, 3))),
    ],
)
def test_other_padding_before_a_layer_is_not(text: str, theirs: nn.Module) -> None:
    graph = parse(f"input 12x14x3\nafter conv: none\nconv1-4 {text}").typed
    try:
        found = trace(theirs, graph.input)
    except Untraceable:
        return
    assert pair(normal_form(graph), found) is None


class _Excited(nn.Module):
    """Scales channels by what it squeezes of them, in either order, and something else where ``wrong``."""

    def __init__(self, wrong: str = "") -> None:
        super().__init__()
        self.conv, self.squeeze, self.pool = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 1), nn.AdaptiveAvgPool2d(1)
        self.gate, self.wrong = nn.Conv2d(8, 8, 3, padding=1), wrong

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        x = torch.sigmoid(self.squeeze(self.pool(x))) * x
        if self.wrong == "factor":
            x = 2 * x
        if self.wrong == "summand":
            x = 1 + x
        return torch.mul(x, torch.sigmoid(self.gate(x)))


def test_products_are_known_in_any_order() -> None:
    text = "conv3-8 mul[ identity | global-avgpool conv1-8 sigmoid ] mul[ conv3-8 sigmoid | identity ]"
    graph = parse(f"input 8x8x3\nafter conv: none\n{text}").typed
    pairs = pair(normal_form(graph), trace(_Excited(), graph.input))
    assert pairs is not None
    assert [pairs[f"conv1_{n}"] for n in (1, 2, 3)] == ["conv", "squeeze", "gate"]
    for wrong in ("factor", "summand"):
        with pytest.raises(Untraceable):
            trace(_Excited(wrong), graph.input)


def _excited_classically(x: Tensor) -> Tensor:
    """As squeeze-and-excitation is usually written, without what lies between."""
    n, c, _, _ = x.size()
    y = nn.functional.adaptive_avg_pool2d(x, 1).view(n, c)
    return x * torch.sigmoid(y).view(n, c, 1, 1).expand_as(x)


def _shuffled(x: Tensor, groups: int) -> Tensor:
    n, c, h, w = x.size()
    return x.view(n, groups, c // groups, h, w).transpose(1, 2).contiguous().view(n, -1, h, w)


class _Moving(nn.Module):
    """A convolution, and a function behind it that moves values about."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.conv, self.function = nn.Conv2d(3, 12, 3, padding=1), function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self.conv(x))


_SHUFFLED: list[Callable[[Tensor], Tensor]] = [
    nn.ChannelShuffle(3),
    lambda x: _shuffled(x, 3),
    lambda x: x.reshape(x.shape[0], 3, x.shape[1] // 3, x.size(2), x.size(3)).permute(0, 2, 1, 3, 4).flatten(1, 2),
    lambda x: torch.reshape(x, (-1, 3, 4, 8, 8)).permute([0, 2, 1, 3, 4]).reshape(-1, 12, 8, 8),
]
_HALVES: list[Callable[[Tensor], Tensor]] = [
    lambda x: torch.cat((x.chunk(2, dim=1)[1], x.chunk(2, dim=1)[0]), 1),
    lambda x: torch.cat([torch.split(x, 6, 1)[1], torch.split(x, [6, 6], dim=1)[0]], dim=1),
    lambda x: torch.cat((x[:, 6:], x[:, :6]), 1),
    lambda x: torch.cat((x[:, -6:], torch.chunk(x, 2, 1)[0]), 1),
]


@pytest.mark.parametrize(
    ("text", "functions"),
    [
        ("shuffle-3", _SHUFFLED),
        ("concat[ last-6 | first-6 ]", _HALVES),
        ("first-8 last-4", [lambda x: x.chunk(3, dim=1)[1], lambda x: x[:, 4:8]]),
        ("global-avgpool", [lambda x: x.mean([2, 3]), lambda x: torch.mean(x, dim=(-1, -2), keepdim=True)]),
        ("global-maxpool", [lambda x: x.amax((2, 3)), lambda x: x.amax((2, 3)).unsqueeze(-1).unsqueeze(-1)]),
        ("mul[ identity | global-avgpool sigmoid ]", [_excited_classically]),
        ("identity", [lambda x: x.contiguous().flatten(1), lambda x: x.view(x.size(0), -1)]),
    ],
)
def test_what_moves_values_about_is_known(text: str, functions: list[Callable[[Tensor], Tensor]]) -> None:
    """What a shuffle or a split is takes several calls in PyTorch; each way gives what our network gives."""
    graph = parse(f"input 8x8x3\nafter conv: none\nconv3-12 {text}").typed
    for function in functions:
        theirs = _Moving(function).eval()
        pairs = pair(normal_form(graph), trace(theirs, graph.input))
        assert pairs is not None
        assert pairs["conv1_1"] == "conv"
        ours = without_weights(graph).eval()
        load_weights(
            ours, {f"conv1_1.{part}": value.detach().numpy() for part, value in theirs.conv.named_parameters()}
        )
        x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
        torch.testing.assert_close(ours(x).flatten(1), theirs(x).flatten(1))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: _shuffled(x, 4),  # the inverse
        lambda x: x.view(x.size(0), 3, 4, 8, 8).contiguous().view(x.size(0), 12, 8, 8),
        lambda x: x.view(x.size(0), 3, 4, 8, 8).transpose(1, 3).contiguous().view(x.size(0), 12, 8, 8),
        lambda x: x.view(x.size(0), 4, 3, 8, 8).transpose(1, 2).contiguous().view(x.size(0), 12, 8, 8),
        lambda x: x.transpose(1, 2),
        lambda x: x.chunk(2, dim=2)[0],
        lambda x: x[:, ::2],
        lambda x: x[1:],
        lambda x: x.mean(1),
        lambda x: x.mean(),
        lambda x: x.size(7),
        lambda x: x.view(-1, 64),
        lambda x: x.unsqueeze(1),
        lambda x: x[:, :, None, None],
        lambda x: x * x.size(1),
    ],
)
def test_what_moves_values_otherwise_is_not(function: Callable[[Tensor], Tensor]) -> None:
    graph = parse("input 8x8x3\nafter conv: none\nconv3-12 shuffle-3").typed
    try:
        theirs = trace(_Moving(function), graph.input)
    except Untraceable:
        return
    assert pair(normal_form(graph), theirs) is None


def test_groups_and_hard_functions_are_known() -> None:
    graph = parse("input 8x8x3\nconv3-8 GN-4 hard-swish ReLU6 hard-sigmoid FC-5").typed
    pairs = pair(normal_form(graph), trace(_Mobile(4), graph.input))
    assert pairs is not None
    assert (pairs["gn1_1"], pairs["clip1_1"], pairs["fc2"]) == ("norm", "relu6", "last")
    ours, theirs = normal_form(graph), trace(_Mobile(2), graph.input)
    assert pair(ours, theirs) is None
    assert differences(ours, theirs) == "gn1_1 is GN-4 -> 8x8x8 here, norm is GN-2 -> 8x8x8 there"


class _Padded(nn.Module):
    """A convolution to 8 channels, and zeros as ``pads`` say."""

    def __init__(self, pads: tuple[int, ...], **how: Any) -> None:
        super().__init__()
        self.conv, self.pads, self.how = nn.Conv2d(3, 8, 3, padding=1), pads, how

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.pad(self.conv(x), self.pads, **self.how)


def test_zeros_behind_the_channels_are_a_widen() -> None:
    graph = parse("input 8x8x3\nafter conv: none\nconv3-8 widen-8 widen-12").typed
    behind = (0, 0, 0, 0, 0, 4)
    for how in ({}, {"mode": "constant", "value": 0.0}):
        assert pair(normal_form(graph), trace(_Padded(behind, **how), graph.input)) == {
            "conv1_1": "conv",
            "widen1_1_2": "pad",
            "input": "x",
        }
    for odd in ((*behind[:5], 5), (1, 1, 1, 1)):  # others than a spec's, and such as a layer behind them would take
        assert pair(normal_form(graph), trace(_Padded(odd), graph.input)) is None
    others: tuple[tuple[tuple[int, ...], dict[str, Any]], ...] = (
        *((pads, {}) for pads in ((0, 0, 0, 0, 2, 2), (0, 0, 0, 0, 0, -4))),
        *((behind, how) for how in ({"value": 1.0}, {"mode": "circular"})),
    )
    for pads, options in others:
        with pytest.raises(Untraceable, match="pad"):
            trace(_Padded(pads, **options), graph.input)


# -- names, fetching, the command


def test_export_says_where_weights_come_from_and_how_images_are_prepared(tmp_path: Path, torch_cache: Path) -> None:
    theirs = randomised(build("resnet18"))
    entry: Any = models.ResNet18_Weights.DEFAULT
    cached = torch_cache / Path(entry.url).name
    cached.parent.mkdir(parents=True)
    torch.save(theirs.state_dict(), cached)
    path = tmp_path / "x.onnx"
    done = run("export", "resnet/resnet18", "--onnx", "-o", path, "--weights", "torchvision:resnet18")
    assert done.exit_code == 0, done.stderr
    assert f"torchvision:resnet18@IMAGENET1K_V1: {cached}" in done.stderr
    assert "no preprocessing" not in done.stderr
    taken = "weights, classes and preprocessing are torchvision's; its layers are those of the spec, one by one"
    assert f"torchvision:resnet18@IMAGENET1K_V1: {taken}" in done.stderr
    metadata = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert metadata["vggdsl.source"] == "torchvision:resnet18@IMAGENET1K_V1"
    carried = Preprocessing.from_metadata(metadata)
    assert carried.classes == tuple(entry.meta["categories"])

    noise = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    image = Image.fromarray(noise).resize((400, 300), Image.Resampling.BICUBIC)
    image.save(tmp_path / "x.png")
    found, expected = carried.read(tmp_path / "x.png"), entry.transforms()(image).numpy()
    assert found.shape == expected.shape
    assert np.abs(found - expected).mean() < 0.02  # torchvision cuts the longer side off where we round it


@pytest.mark.parametrize(
    ("name", "said", "help"),
    [
        ("vg16", "torchvision has no model `vg16`", "did you mean `torchvision:vgg16`?"),
        ("", "torchvision has no model ``", "`torchvision:vgg16`"),
        ("fcn_resnet50", "torchvision has no model `fcn_resnet50`", None),
        ("vgg16@V9", "torchvision's vgg16 has no weights `V9`", "`torchvision:vgg16@IMAGENET1K_V1`"),
    ],
)
def test_unknown_names(name: str, said: str, help: str | None, tmp_path: Path) -> None:
    done = run("export", "vgg_d", "--onnx", "-o", tmp_path / "x.onnx", "--weights", f"torchvision:{name}")
    assert done.exit_code == 2
    assert f"error[V504]: {said}" in done.stderr
    assert help is None or help in done.stderr
    missing = run("export", "vgg_d", "--onnx", "--weights", "torchvision-vgg16")
    assert (missing.exit_code, "does not exist" in missing.stderr) == (2, True)


class _Answer(io.BytesIO):
    def info(self) -> Message:
        return Message()


def test_what_cannot_be_fetched_is_told(torch_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = extending("resnet/resnet18", f"input {SMALL}x{SMALL}x3")
    said: list[str] = []

    def no_network(*_: object, **__: object) -> None:
        raise URLError(socket.gaierror(-3, "Temporary failure in name resolution"))

    monkeypatch.setattr(torch.hub, "urlopen", no_network)
    found = refused(lambda: from_torchvision(graph, "resnet18", said.append))
    assert found.code == "V515"
    assert found.message.endswith(": Temporary failure in name resolution")
    (fetching,) = said
    assert fetching.startswith("fetching https://download.pytorch.org/models/resnet18-")
    assert "(46.8 MB)" in fetching  # torchvision counts 44.661 MiB

    monkeypatch.setattr(torch.hub, "urlopen", lambda *_, **__: _Answer(b"sign in to this network first"))
    found = refused(lambda: from_torchvision(graph, "resnet18", quiet))
    assert (found.code, "its digest is wrong" in found.message) == ("V515", True)
    assert not [path for path in torch_cache.rglob("*") if path.is_file()]

    url: str = models.ResNet18_Weights.DEFAULT.url
    cached = torch_cache / Path(url).name
    for torn in (b"", b"hello", b"PK\x03\x04torn"):
        cached.write_bytes(torn)
        found = refused(lambda: from_torchvision(graph, "resnet18", quiet))
        assert (found.code, "is torn" in found.message, found.help) == (
            "V513",
            True,
            "delete it, and it is fetched anew",
        )


def test_weights_that_are_not_whole_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = randomised(build("resnet18"))
    graph = extending("resnet/resnet18", f"input {SMALL}x{SMALL}x3")
    state = dict(theirs.state_dict())
    del state["layer2.0.bn1.bias"]
    publish(monkeypatch, state)
    found = refused(lambda: from_torchvision(graph, "resnet18", quiet))
    assert (found.code, "layer2.0.bn1.bias is missing" in found.message) == ("V510", True)
    state = dict(theirs.state_dict())
    state["fc.bias"] = torch.full((1000,), math.nan)
    publish(monkeypatch, state)
    assert "NaN" in refused(lambda: from_torchvision(graph, "resnet18", quiet)).message


# -- files


def save(state: State, path: Path) -> Path:
    if path.suffix == ".safetensors":
        save_file({name: tensor.contiguous() for name, tensor in state.items()}, path)
    else:
        torch.save(state, path)
    return path


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_file_with_torchvisions_names_may_have_other_classes(suffix: str, tmp_path: Path) -> None:
    theirs = randomised(build("resnet18", num_classes=7))
    graph = extending("resnet/resnet18", f"input {SMALL}x{SMALL}x3", "replace fc: FC-7")
    said: list[str] = []
    loaded = from_file(graph, save(theirs.state_dict(), tmp_path / f"x{suffix}"), said.append)
    assert_same_outputs(loaded, theirs)
    assert "torchvision's resnet18" in said[0]
    assert loaded.preprocessing is None
    parallel = {f"module.{name}": tensor for name, tensor in theirs.state_dict().items()}
    again = from_file(graph, save(parallel, tmp_path / f"y{suffix}"), quiet)
    assert all(np.array_equal(array, again.weights[name]) for name, array in loaded.weights.items())


def test_a_file_of_another_model_is_named(tmp_path: Path) -> None:
    path = save(randomised(build("resnet18")).state_dict(), tmp_path / "x.pt")
    graph = extending("torchvision/alexnet")
    found = refused(lambda: from_file(graph, path, quiet))
    assert found.code == "V510"
    assert f"{path} holds weights of torchvision's resnet18, another network: " in found.message
    assert found.help == "`resnet/resnet18` is torchvision's network"
    path.write_bytes(path.read_bytes()[:-5000])
    assert refused(lambda: from_file(graph, path, quiet)).code == "V513"


class Plain(nn.Module):
    """A chain, of names that nobody knows."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1)),
            *(nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.5)),
        )
        self.answer = nn.Linear(8 * 16, 5)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.answer(self.body(x))
        return logits


PLAIN = "input 8x8x3\nconv3-8 bias=no BN ReLU conv3-8 ReLU conv3-8 ReLU maxpool dropout-0.5 FC-5 softmax"


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_weights_of_unknown_names_go_by_order_and_shape(suffix: str, tmp_path: Path) -> None:
    theirs = randomised(Plain())
    said: list[str] = []
    loaded = from_file(parse(PLAIN).typed, save(theirs.state_dict(), tmp_path / f"x{suffix}"), said.append)
    assert_same_outputs(loaded, theirs)
    assert "taken to be the spec's" in said[1]


def test_numbers_in_names_tell_the_order_where_a_file_does_not(tmp_path: Path) -> None:
    """body.3 and body.10 would stand in the other order by spelling."""
    theirs = randomised(Plain())
    state = {name.replace("body.5", "body.10"): tensor for name, tensor in theirs.state_dict().items()}
    path = save(state, tmp_path / "x.safetensors")
    assert_same_outputs(from_file(parse(PLAIN).typed, path, quiet), theirs)
    swap = {"body.3": "last", "body.5": "first"}
    state = {".".join([swap.get(n.rpartition(".")[0], n.rpartition(".")[0]), n.rpartition(".")[2]]): t
             for n, t in theirs.state_dict().items()}  # fmt: skip
    found = refused(lambda: from_file(parse(PLAIN).typed, save(state, path), quiet))
    assert found.message.startswith("which of first and last comes first can't be told: both are bias (8), weight")
    in_order = save(state, tmp_path / "x.pt")
    assert_same_outputs(from_file(parse(PLAIN).typed, in_order, quiet), theirs)


def test_what_does_not_fit_is_listed(tmp_path: Path) -> None:
    state = dict(randomised(Plain()).state_dict())
    graph, path = parse(PLAIN).typed, tmp_path / "x.pt"
    wrong = state | {"body.3.weight": torch.ones(8, 8, 1, 1)}
    found = refused(lambda: from_file(graph, save(wrong, path), quiet))
    assert found.code == "V510"
    assert found.message == (
        "the weights don't fit the network: conv1_2 is bias (8), weight (8, 8, 3, 3) here, "
        "body.3 is bias (8), weight (8, 8, 1, 1) there"
    )
    found = refused(lambda: from_file(graph, save(state | {"extra.weight": torch.ones(2)}, path), quiet))
    assert "extra is weight (2), and only there" in found.message
    del state["answer.bias"]
    assert "answer is weight (5, 128) there" in refused(lambda: from_file(graph, save(state, path), quiet)).message


BRANCHES = "input 8x8x4\nafter conv: none\nconcat[ conv3-4 | {} ] FC-3"


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_branches_that_only_names_could_tell_apart_are_refused(suffix: str, tmp_path: Path) -> None:
    graph = parse(BRANCHES.format("maxpool3/1 pad=1 conv3-4")).typed
    state = {"a1.weight": torch.ones(4, 4, 3, 3), "a1.bias": torch.ones(4), "a2.weight": torch.zeros(4, 4, 3, 3),
             "a2.bias": torch.ones(4), "z.weight": torch.ones(3, 512), "z.bias": torch.ones(3)}  # fmt: skip
    found = refused(lambda: from_file(graph, save(state, tmp_path / f"x{suffix}"), quiet))
    assert found.code == "V510"
    assert "can't be told: both are bias (4), weight (4, 4, 3, 3)" in found.message
    graph = parse(BRANCHES.format("conv1-4")).typed
    state["a2.weight"] = torch.zeros(4, 4, 1, 1)
    loaded = from_file(graph, save(state, tmp_path / f"y{suffix}"), quiet)
    assert not loaded.weights[next(n for n, w in loaded.weights.items() if w.shape == (4, 4, 1, 1))].any()


HEADS = """input 8x8x3
after conv: ReLU
conv3-4 conv3-4
aux 0.3 { FC-3 softmax }
maxpool FC-3 softmax"""


def test_auxiliary_classifiers_may_be_missing_in_a_file(tmp_path: Path) -> None:
    graph = parse(HEADS).typed
    state = {"p.0.weight": torch.ones(4, 3, 3, 3), "p.0.bias": torch.ones(4), "p.2.weight": torch.ones(4, 4, 3, 3),
             "p.2.bias": torch.ones(4), "q.weight": torch.ones(3, 64), "q.bias": torch.ones(3)}  # fmt: skip
    assert not from_file(graph, save(state, tmp_path / "x.pt"), quiet).network.typed.heads
    state |= {"h.weight": torch.ones(3, 256), "h.bias": torch.ones(3)}
    assert from_file(graph, save(state, tmp_path / "y.pt"), quiet).network.typed.heads
    (tmp_path / "x.arch").write_text(HEADS)
    for name in "xy":
        target = tmp_path / f"{name}.onnx"
        done = run("export", tmp_path / "x.arch", "--onnx", "-o", target, "--weights", tmp_path / f"{name}.pt")
        assert done.exit_code == 0, done.stderr
        assert target.exists()


def test_preprocessing_survives_its_metadata() -> None:
    for shorter in (None, 256):
        given = Preprocessing(Shape(3, 224, 224), (0.5,) * 3, (0.25,) * 3, ("a", "b"), shorter)
        assert Preprocessing.from_metadata(given.to_metadata()) == given


# -- what names and shapes don't say


def mobile(function: str) -> TypedGraph:
    """MobileNetV2, whose weights fit whatever its activations are."""
    lines, c = [f"input 32x32x3\ndefault conv: bias=no\nafter conv: BN {function}\nconv3-32/2"], 32
    for widen, out, count, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                                      (6, 160, 3, 2), (6, 320, 1, 1)):  # fmt: skip
        for i in range(count):
            m = c * widen
            stepped = f"conv3-{m}/{stride}" if i == 0 and stride > 1 else f"conv3-{m}"
            body = f"{f'conv1-{m}' if widen > 1 else ''} {stepped} groups={m} conv1-{out} after=none BN"
            lines.append(f"add[ {body} | identity ]" if "/" not in stepped and c == out else body)
            c = out
    return parse("\n".join((*lines, "conv1-1280 global-avgpool dropout-0.2 FC-1000 softmax"))).typed


def test_a_known_models_weights_are_refused_by_another_function(tmp_path: Path) -> None:
    theirs = randomised(build("mobilenet_v2"))
    path = save(theirs.state_dict(), tmp_path / "x.pt")
    loaded = from_file(mobile("ReLU6"), path, quiet)
    assert_same_outputs(loaded, theirs)
    for function in ("ReLU", "LeakyReLU", "hard-swish"):
        found = refused(partial(from_file, mobile(function), path, quiet))
        assert found.code == "V510"
        assert f"{path} holds weights of torchvision's mobilenet_v2, another network: " in found.message
        assert f"is {function} -> 16x16x32 here, features.0.2 is ReLU6 -> 16x16x32 there" in found.message
    parallel = save({f"module.{name}": tensor for name, tensor in theirs.state_dict().items()}, tmp_path / "y.pt")
    assert "torchvision's mobilenet_v2" in refused(lambda: from_file(mobile("ReLU"), parallel, quiet)).message


@pytest.mark.parametrize(
    "model",
    ["efficientnet_b0", "mobilenet_v3_small", "mnasnet0_5", "shufflenet_v2_x1_0", "densenet121", "squeezenet1_1",
     "inception_v3", "convnext_tiny", "vit_b_32", "maxvit_t", "resnext50_32x4d"],
)  # fmt: skip
def test_models_are_known_by_their_names(model: str, tmp_path: Path) -> None:
    """Whatever the spec is: what else would fit by shape alone has other functions than these have."""
    arrays = {name: np.broadcast_to(np.float32(0), t.shape) for name, t in build(model).state_dict().items()}
    found, name = foreign_weights.recognised(arrays)
    assert (found is not None, name) == (True, model)


def torch_named(*names: str) -> State:
    """Three convolutions, the last two of one shape, and an FC, in this order."""
    state: dict[str, Tensor] = {}
    for name, shape in zip(names, ((8, 3, 3, 3), (8, 8, 3, 3), (8, 8, 3, 3), (2, 128)), strict=True):
        state |= {f"{name}.weight": torch.randn(shape), f"{name}.bias": torch.randn(shape[0])}
    return state


THREE = "input 8x8x3\nafter conv: ReLU\nconv3-8 conv3-8 conv3-8 maxpool FC-2 softmax"


@pytest.mark.parametrize(
    ("second", "third"),
    [("conv3", "conv2"), ("conv10", "conv9"), ("b.conv", "a.conv"), ("conv_b", "conv_a"), ("convB", "convA"),
     ("3b", "3a"), ("second", "first"), ("layer2.0.conv1", "layer1.1.conv2"), ("block1.1", "block1.0")],
)  # fmt: skip
def test_names_that_sort_otherwise_than_they_stand_are_refused(second: str, third: str, tmp_path: Path) -> None:
    graph = parse(THREE).typed
    found = refused(lambda: from_file(graph, save(torch_named("stem", second, third, "fc"), tmp_path / "x.pt"), quiet))
    assert found.code == "V510"
    assert found.message == (
        f"which of {second} and {third} comes first can't be told: {second} stands first in the file, {third} by its "
        "name; both are bias (8), weight (8, 8, 3, 3)"
    )
    assert found.help == "name the entries as `vggdsl show` names the layers"
    state = torch_named("stem", third, second, "fc")
    loaded = from_file(graph, save(state, tmp_path / "y.pt"), quiet)
    for ours, theirs in (("conv1_2", third), ("conv1_3", second)):
        np.testing.assert_array_equal(loaded.weights[f"{ours}.weight"], state[f"{theirs}.weight"])
    named = torch_named("conv1_1", "conv1_3", "conv1_2", "fc2")
    renamed = from_file(graph, save(named, tmp_path / "z.pt"), quiet)
    np.testing.assert_array_equal(renamed.weights["conv1_3.weight"], named["conv1_3.weight"])


@pytest.mark.parametrize(("second", "third"), [("up2", "up3"), ("block2.conv", "block10.conv"), ("1.0.a2", "1.1.a1")])
def test_numbers_that_alone_tell_an_order_are_told(second: str, third: str, tmp_path: Path) -> None:
    graph, said = parse(THREE).typed, list[str]()
    state = torch_named("stem", second, third, "zz")
    loaded = from_file(graph, save(state, tmp_path / "x.safetensors"), said.append)
    np.testing.assert_array_equal(loaded.weights["conv1_2.weight"], state[f"{second}.weight"])
    assert said[0].endswith(
        "its layers are paired by shape, and those of one shape taken in the order of the numbers in their names: "
        f"{second}, {third} (the file has no order, and nothing else tells it)"
    )
    said.clear()
    from_file(graph, save(state, tmp_path / "x.pt"), said.append)
    assert said[0].endswith("its layers are paired by order and shape")


def test_shapes_that_tell_all_leave_no_guess(tmp_path: Path) -> None:
    said: list[str] = []
    state = {"up2.weight": torch.randn(8, 3, 3, 3), "up2.bias": torch.randn(8),
             "up1.weight": torch.randn(2, 512), "up1.bias": torch.randn(2)}  # fmt: skip
    from_file(parse("input 8x8x3\nconv3-8 FC-2").typed, save(state, tmp_path / "x.safetensors"), said.append)
    assert said[0].endswith("its layers are paired by shape")


@pytest.mark.parametrize(
    "names",
    [("up4", "up3", "up2", "up1"), ("conv1", "conv10", "conv2", "conv3"), ("a", "up02", "up2", "b"),
     ("a", "up", "up2", "b"), ("a", "x1.y", "x2.z", "b"), ("u.3.1", "u.2.0", "u.1.1", "u.0.0")],
)  # fmt: skip
def test_numbers_that_shapes_belie_tell_no_order(names: tuple[str, ...], tmp_path: Path) -> None:
    found = refused(lambda: from_file(parse(THREE).typed, save(torch_named(*names), tmp_path / "x.safetensors"), quiet))
    assert (found.code, "comes first can't be told: both are bias (8)" in found.message) == ("V510", True)
    assert found.help == "a .safetensors file keeps no order: name its entries as `vggdsl show` names the layers"


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_helps_are_the_same_whatever_the_format(suffix: str, tmp_path: Path) -> None:
    state = dict(randomised(Plain()).state_dict())
    path = tmp_path / f"x{suffix}"

    def helped(spec: str, given: State) -> str | None:
        return refused(lambda: from_file(parse(spec).typed, save(given, path), quiet)).help

    with_bias = PLAIN.replace("bias=no ", "")
    told = "body.0 has no bias: write conv1_1 with `bias=no`, if it was trained without one"
    assert helped(with_bias, state) == told
    told = "save the whole state_dict(), with its buffers; a BN that tracks none is in no spec"
    assert helped(PLAIN, {name: t for name, t in state.items() if "running" not in name}) == told
    turned = helped(PLAIN, state | {"body.0.weight": state["body.0.weight"].permute(2, 3, 1, 0)})
    assert turned is not None
    assert "as TensorFlow has it" in turned


UNSAID = [
    ("input 8x8x3\nconv3-8 LeakyReLU conv3-8 LeakyReLU-0.1 FC-2", ("LeakyReLU (slope 0.01)", "LeakyReLU (slope 0.1)")),
    ("input 8x8x3\nafter conv: BN ELU-0.5\nconv3-8 conv3-8 maxpool FC-2",
     ("activations (2 ELU (alpha 0.5))", "pooling (1 maxpool2/2)", "epsilon (BN 1e-05)", "fc2 takes a map by c")),
    ("input 8x8x3\nconv3-8 BN eps=0.001 GN-4 ReLU avgpool4/4 FC-2",
     ("epsilon (BN 0.001, GN 1e-05)", "pooling (1 avgpool4/4)")),
    ("input 8x8x3\nafter conv: none\nconv3-8 global-avgpool FC-2 softmax",
     ("that there are no activations", "strides and padding", "1 global-avgpool")),
    ("input 8x8x3\nconv3-8 PReLU LRN shuffle-2 conv3-8 PReLU last-4 global-maxpool FC-2 softmax",
     ("the spec's: which layer", "dilation, strides and padding; pooling (1 global-maxpool); other",
      "layers (1 LRN n=5 k=2 alpha=0.0001 beta=0.75, 1 shuffle-2, 1 last-4); output (1 softmax)")),
    ("input 8x8x3\nconv3-8 GN-4 ReLU add[ conv3-8 GN-2 | identity ] ReLU global-avgpool FC-2",
     ("branches (1 add)", "groups (GN-2, GN-4); epsilon (GN 1e-05)", "pooling (1 global-avgpool)")),
    ("input 8x8x3\nconv3-8 ReLU conv3-8 ReLU6 conv3-8 tanh conv3-8 GELU conv3-8 SiLU FC-2", ("and 1 more kinds",)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "told"), UNSAID)
@pytest.mark.parametrize("renamed", [True, False])
def test_what_is_taken_from_the_spec_is_told_in_one_line(
    text: str, told: tuple[str, ...], renamed: bool, tmp_path: Path
) -> None:
    """Whatever the entries are called: names don't say it either."""
    graph = parse(text).typed
    shapes = weight_shapes(graph)
    state = {("x." if renamed else "") + name: torch.ones(shape) for name, shape in shapes.items()}
    path, said = tmp_path / "x.pt", list[str]()
    from_file(graph, save(state, path), said.append)
    (line,) = [line for line in said if "taken to be the spec's" in line]
    assert line.startswith(f"{path} doesn't say, so they are taken to be the spec's: ")
    for each in (*told, "which layer feeds which, and in which order", "`--expect` can prove it"):
        assert each in line
    assert ("takes a map" in line) == ("FC" in text and "global" not in text)
    assert ("pooling" in line) == ("pool" in text)
    assert line.endswith("that weights are (out, in, h, w); `--expect` can prove it, but not the order of classes and "
                         "colours")  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "input 8x8x1\nconv1-8 ReLU FC-2",
            "by channels, rows and columns; `--expect` can prove it, but not the order of classes",
        ),
        (
            "input 8x8x1\nconv1-8 ReLU global-avgpool FC-8 ReLU FC-1",
            "that weights are (out, in); `--expect` can prove it",
        ),
    ],
)
def test_what_no_shape_tells_is_told_where_there_is_any(text: str, told: str, tmp_path: Path) -> None:
    graph, said = parse(text).typed, list[str]()
    state = {name: torch.ones(shape) for name, shape in weight_shapes(graph).items()}
    from_file(graph, save(state, tmp_path / "x.pt"), said.append)
    (line,) = [line for line in said if "taken to be the spec's" in line]
    assert line.endswith(told)


def test_a_groups_norm_is_no_batch_norm(tmp_path: Path) -> None:
    state = {
        "a.weight": torch.ones(8, 3, 3, 3),
        "a.bias": torch.ones(8),
        "b.weight": torch.ones(8),
        "b.bias": torch.ones(8),
    }
    running = {"b.running_mean": torch.ones(8), "b.running_var": torch.ones(8)}
    group, batch = (parse(f"input 8x8x3\nconv3-8 {norm} ReLU").typed for norm in ("GN-4", "BN"))
    path = tmp_path / "x.pt"
    found = refused(lambda: from_file(group, save(state | running, path), quiet))
    assert "b has running statistics, as a BN has, and gn1_1 takes none" in found.message
    found = refused(lambda: from_file(batch, save(state, path), quiet))
    assert "b has no running_mean and running_var, by which bn1_1 normalises" in found.message
    assert from_file(group, save(state, path), quiet)
    assert from_file(batch, save(state | running, path), quiet)
