"""The published networks among the examples, held against others' modules of them with weights drawn at random."""

from pathlib import Path
from typing import Any

import pytest
import torch
from others import build, randomised
from profiles import mostly_thorough
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from vggdsl.network.infer import TypedGraph
from vggdsl.network.matching import differences, normal_form, pair
from vggdsl.network.weights import weight_shapes
from vggdsl.spec.parsing import load, parse
from vggdsl.targets.onnx import save, to_onnx
from vggdsl.targets.torch import Network, load_weights, weights, without_weights
from vggdsl.targets.tracing import trace
from vggdsl.targets.verify import verify_onnx

EXAMPLES = Path(__file__).parents[2] / "examples" / "published"
SMALL = 64
"""Pixels a side: these networks bear any, and the last map is 2x2."""
TOLERANCE = 1e-5
"""Of the largest logit. Both compute in single precision, some 6e-8 of each value, and in the same order but for what
their convolutions do inside; over 50 to 150 layers that adds up to a few of these. A wrong epsilon, slope or padding
leaves 1e-3 and more."""

TORCHVISION = {
    "mobilenet_v2": "mobilenet_v2",
    "mobilenet_v3_large": "mobilenet_v3_large",
    "mobilenet_v3_small": "mobilenet_v3_small",
    "shufflenet_v2": "shufflenet_v2_x1_0",
    "efficientnet_b0": "efficientnet_b0",
}
PARAMS = {
    "mobilenet_v2": 3_504_872,
    "mobilenet_v3_large": 5_483_032,
    "mobilenet_v3_small": 2_542_856,
    "shufflenet_v2": 2_278_604,
    "efficientnet_b0": 5_288_548,
    "se_resnet50": 28_088_024,
}
SCALES = {"efficientnet_b0": (0.45, 1.15)}
"""Of normalisations, where others than from 0.3 to 1 make up for functions that make values smaller."""


class _Unit(nn.Module):
    """Of SE-ResNet-50: a bottleneck whose channels are scaled before what came in is added."""

    def __init__(self, inputs: int, c: int, stride: int) -> None:
        super().__init__()
        d = 4 * c
        self.conv1, self.bn1 = nn.Conv2d(inputs, c, 1, stride, bias=False), nn.BatchNorm2d(c)
        self.conv2, self.bn2 = nn.Conv2d(c, c, 3, padding=1, bias=False), nn.BatchNorm2d(c)
        self.conv3, self.bn3 = nn.Conv2d(c, d, 1, bias=False), nn.BatchNorm2d(d)
        self.squeeze, self.excite = nn.Linear(d, d // 16), nn.Linear(d // 16, d)
        self.shortcut: nn.Module = nn.Identity()
        if inputs != d:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, d, 1, stride, bias=False), nn.BatchNorm2d(d))

    def forward(self, x: Tensor) -> Tensor:
        out = torch.relu(self.bn1(self.conv1(x)))
        out = torch.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        scale = torch.sigmoid(self.excite(torch.relu(self.squeeze(out.mean((2, 3))))))
        return torch.relu(out * scale[:, :, None, None] + self.shortcut(x))


class _SEResNet50(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU())
        units, inputs = [], 64
        for c, count, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
            for i in range(count):
                units.append(_Unit(inputs, c, stride if i == 0 else 1))
                inputs = 4 * c
        self.pool, self.units, self.fc = nn.MaxPool2d(3, 2, 1), nn.Sequential(*units), nn.Linear(2048, 1000)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.units(self.pool(self.stem(x))).mean((2, 3)))  # type: ignore[no-any-return]


def theirs(name: str) -> nn.Module:
    if name in TORCHVISION:
        return build(TORCHVISION[name])
    with torch.device("meta"):
        return _SEResNet50()


def small(name: str) -> TypedGraph:
    text = (EXAMPLES / f"{name}.arch").read_text(encoding="utf-8").partition("\nclaim")[0]
    lines = [line.partition(" ->")[0] for line in text.splitlines()]
    text = "\n".join(lines).replace("input 224x224x3", f"input {SMALL}x{SMALL}x3")
    return parse(text, str(EXAMPLES / f"{name}.arch")).typed


def with_their_weights(graph: TypedGraph, module: nn.Module) -> Network:
    """Paired by structure, as the weights of torchvision's models are."""
    here, there = normal_form(graph), trace(module, graph.input)
    pairs = pair(here, there)
    assert pairs is not None, differences(here, there)
    state: dict[str, Any] = module.state_dict()
    named = (name.rpartition(".") for name in weight_shapes(graph))
    network = without_weights(graph)
    load_weights(network, {f"{layer}.{part}": state[f"{pairs[layer]}.{part}"].numpy() for layer, _, part in named})
    return network.eval()


SAMPLE = ("mobilenet_v3_small", "shufflenet_v2", "efficientnet_b0")
"""Of all kinds of units: the others have the same, at other widths."""


@pytest.mark.parametrize("name", mostly_thorough(PARAMS, kept=SAMPLE))
def test_a_published_network_gives_what_others_module_of_it_gives(name: str, tmp_path: Path) -> None:
    """In PyTorch and in ONNX, with its normalisations folded; every weight of theirs is used."""
    module = randomised(theirs(name), SCALES.get(name, (0.3, 1.0)))
    graph = small(name)
    network = with_their_weights(graph, module)
    assert graph.params == sum(p.numel() for p in module.parameters()) == PARAMS[name]
    x = torch.randn(2, 3, SMALL, SMALL, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected, found = module(x), network(x)
    assert expected.std(dim=0).max() > 1e-3, "the logits depend on the image"
    assert float((found - expected).abs().max() / expected.abs().max()) < TOLERANCE
    save(to_onnx(graph, weights(network)), tmp_path / "x.onnx")
    assert verify_onnx(tmp_path / "x.onnx", network).max_rel < TOLERANCE


@pytest.mark.parametrize("name", PARAMS)
def test_a_published_network_counts_what_is_printed(name: str) -> None:
    spec = load(EXAMPLES / f"{name}.arch")
    assert spec.check() == []
    assert spec.typed.params == PARAMS[name]
    assert spec.count("holds") >= 7
    with torch.device("meta"):
        images = torch.empty(1, *spec.typed.input.chw)
    with FlopCounterMode(display=False) as counter:
        theirs(name).eval()(images)
    assert counter.get_total_flops() == 2 * spec.typed.macs


def test_every_published_network_is_compared() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.arch")} == PARAMS.keys()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("mobilenet_v2", "BN ReLU6", "BN ReLU"),
        ("mobilenet_v3_small", "eps=1e-3", "eps=1e-5"),
        ("mobilenet_v3_large", "head: FC-1280 hard-swish", "head: FC-1280 SiLU"),
        ("shufflenet_v2", "shuffle-2\n}", "shuffle-29\n}"),
        ("shufflenet_v2", "first-$c | last-$c conv1-$c", "last-$c | first-$c conv1-$c"),
        ("efficientnet_b0", "after=none sigmoid", "after=none hard-sigmoid"),
        ("se_resnet50", "mul[ identity | global-avgpool", "mul[ identity | global-maxpool"),
    ],
)
def test_what_computes_something_else_is_not_paired(name: str, old: str, new: str) -> None:
    """Where the weights would fit all the same."""
    text = (EXAMPLES / f"{name}.arch").read_text(encoding="utf-8").partition("\nclaim")[0]
    assert old in text
    graph = parse(text.replace(old, new), str(EXAMPLES / f"{name}.arch")).typed
    assert pair(normal_form(graph), trace(theirs(name).eval(), graph.input)) is None
