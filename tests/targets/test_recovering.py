"""Models of others as specs: torchvision's families, modules that no spec can say, ONNX files."""

import json
import os
import re
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import onnx
import onnx_ir as ir
import pytest
import torch
from commands import run
from hypothesis import given, settings
from refusals import refusal
from strategies import branching
from torch import Tensor, nn
from torch.nn import functional
from torchvision import models

import vggdsl
from vggdsl.language import notations, syntax
from vggdsl.language.blocks import called_blocks
from vggdsl.language.composing.compose import compose
from vggdsl.network.infer import TypedGraph
from vggdsl.network.matching import normal_form, pair
from vggdsl.network.weights import weight_shapes
from vggdsl.spec.parsing import load, parse
from vggdsl.spec.spec import Spec
from vggdsl.targets.half import halve
from vggdsl.targets.recovering.files import from_onnx
from vggdsl.targets.recovering.modules import from_torch
from vggdsl.targets.runtime import open_session, run_session
from vggdsl.targets.torch import Network, to_torch, weights
from vggdsl.targets.tracing import trace
from vggdsl.text.errors import InputError, VggdslError

M = TypeVar("M", bound=nn.Module)
ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures" / "recovered"
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"

COUNTERPARTS = {
    "vgg11": "vgg_a",
    "vgg13": "vgg_b",
    "vgg16": "vgg_d",
    "vgg19": "vgg_e",
    "vgg11_bn": "vgg_bn/vgg11_bn",
    "vgg13_bn": "vgg_bn/vgg13_bn",
    "vgg16_bn": "vgg_bn/vgg16_bn",
    "vgg19_bn": "vgg_bn/vgg19_bn",
    "alexnet": "alexnet/torchvision/alexnet",
    "resnet18": "resnet/resnet18",
    "resnet34": "resnet/resnet34",
    "resnet50": "residual/torchvision/resnet50",
    "resnet101": "residual/torchvision/resnet101",
    "resnet152": "residual/torchvision/resnet152",
    "resnext50_32x4d": "",
    "resnext101_32x8d": "",
    "googlenet": "googlenet/torchvision/googlenet",
    "densenet121": str(ROOT / "examples" / "densenet121.arch"),
    "densenet169": "",
    "squeezenet1_0": "",
    "squeezenet1_1": "",
}
"""torchvision's models, and the specs of the same networks that a person wrote: those that ship, or of the fixtures."""
LONGEST = 1.5
NAMES = (
    [*COUNTERPARTS]
    if THOROUGH
    else ["vgg16", "alexnet", "resnet50", "resnext50_32x4d", "googlenet", "densenet121", "squeezenet1_0"]
)


def counterpart(name: str) -> Spec:
    return load(COUNTERPARTS[name] or str(FIXTURES / f"{name}.arch"))


def built(name: str) -> nn.Module:
    more = {"init_weights": False} if name == "googlenet" else {}
    with torch.device("meta"):
        module: nn.Module = getattr(models, name)(**more)
    return module.eval()


def without_words(document: syntax.Document) -> str:
    """The network alone: no comments, arrows and blocks of others, and nothing that a model doesn't say."""
    said = (syntax.Cites, syntax.Train, syntax.Claim, syntax.ResultLineClaim, syntax.Measured)
    called = called_blocks(document)
    kept: list[syntax.Content] = []
    for each in document.contents:
        if isinstance(each, syntax.Items):
            items = tuple(replace(i, expects=None) for i in each.items if not isinstance(i.element, syntax.Aux))
            kept += [replace(each, items=items)] if items else []
        elif not isinstance(each, said) and not (isinstance(each, syntax.Block) and each.name not in called):
            kept.append(each)
    return notations.write(syntax.Document(tuple(map(syntax.Line, kept))))


@pytest.mark.parametrize("name", NAMES)
def test_a_spec_is_as_short_as_a_person_writes_it(name: str) -> None:
    module, theirs = built(name), counterpart(name)
    size = theirs.typed.input
    found = compose(trace(module, size, as_written=True))
    assert pair(normal_form(theirs.typed.inference), normal_form(parse(found.text).typed)) is not None
    ours, written = found.text, without_words(theirs.whole)
    assert len(ours) <= LONGEST * len(written), ours
    assert len(_lines(ours)) <= LONGEST * len(_lines(written)), ours


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


# -- modules


def small_vgg(norm: bool) -> nn.Module:
    layers = models.vgg.make_layers([4, "M", 8, 8, "M"], batch_norm=norm)
    with torch.device("meta"):
        net = models.VGG(layers, init_weights=False)
    net.classifier = nn.Sequential(nn.Linear(392, 16), nn.ReLU(True), nn.Dropout(), nn.Linear(16, 5))
    net.features = models.vgg.make_layers([4, "M", 8, 8, "M"], batch_norm=norm)
    return net


def small_alexnet() -> nn.Module:
    with torch.device("meta"):
        net = models.AlexNet()
    net.features = nn.Sequential(
        nn.Conv2d(3, 8, 5, 2, padding=1), nn.ReLU(True), nn.MaxPool2d(3, 2), nn.Conv2d(8, 4, 3)
    )
    head = nn.Linear(144, 16), nn.ReLU(True), nn.Dropout(0.3), nn.Linear(16, 16), nn.ReLU(True), nn.Linear(16, 5)
    net.classifier = nn.Sequential(nn.Dropout(0.3), *head)
    return net


def resnet(block: type[nn.Module], *counts: int, **options: int) -> nn.Module:
    return models.ResNet(block, list(counts), num_classes=5, **options)  # type: ignore[arg-type]  # either of the two


SMALL: dict[str, tuple[Callable[[], nn.Module], Sequence[int]]] = {
    "vgg": (lambda: small_vgg(False), (3, 28, 28)),
    "vgg_bn": (lambda: small_vgg(True), (3, 28, 28)),
    "alexnet": (small_alexnet, (3, 38, 38)),
    "resnet18": (lambda: resnet(models.resnet.BasicBlock, 2, 2, 1, 1), (3, 32, 32)),
    "resnext": (lambda: resnet(models.resnet.Bottleneck, 1, 2, 1, 1, groups=4, width_per_group=4), (3, 32, 32)),
    "densenet": (lambda: models.DenseNet(4, (2, 3, 2, 1), 8, num_classes=5), (2, 3, 32, 32)),
    "squeezenet": (lambda: models.SqueezeNet("1_1", num_classes=5), (3, 40, 40)),
    "googlenet": (lambda: models.GoogLeNet(5, init_weights=False), (3, 32, 32)),
}
WHOLE = {name: (lambda name=name: getattr(models, name)(), (3, 224, 224)) for name in COUNTERPARTS} if THOROUGH else {}


def rounding(ours: nn.Module, theirs: nn.Module, shape: Sequence[int]) -> float:
    """How far outputs differ, relative to the largest: within 1e-5 that is another order of the same sums."""
    images = torch.randn(2, *shape[-3:], generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        one, other = ours.eval()(images), theirs.eval()(images)
    return float((one - other).abs().max() / other.abs().max())


def statistics(module: M) -> M:
    """With running statistics that aren't those at the beginning, which hide an epsilon."""
    for each in module.modules():
        if isinstance(each, nn.BatchNorm2d):
            assert each.running_mean is not None
            assert each.running_var is not None
            each.running_mean.uniform_(-0.1, 0.1)
            each.running_var.uniform_(0.5, 1.5)
    return module


@pytest.mark.parametrize("name", [*SMALL, *WHOLE])
def test_a_spec_with_its_weights_gives_what_the_module_gives(name: str) -> None:
    make, shape = {**SMALL, **WHOLE}[name]
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchvision's, about its own initialisation
        module = statistics(make())
    module.train()
    module.get_submodule(next(each for each, _ in module.named_children())).eval()
    modes = [each.training for each in module.modules()]
    spec, weights, _ = found = vggdsl.from_torch(module, shape)
    assert [each.training for each in module.modules()] == modes, "left as it was"
    assert {key: array.shape for key, array in weights.items()} == weight_shapes(spec.typed)
    assert parse(spec.text).text == spec.text == vggdsl.write(spec)
    assert rounding(found.network, module, shape) <= 1e-5


class Net(nn.Module):
    """A module whose ``forward`` is a function of it and what comes in."""

    def __init__(self, forward: "Callable[[Net, Tensor], Tensor]", **parts: nn.Module) -> None:
        super().__init__()
        self._forward = forward
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x: Tensor) -> Tensor:
        return self._forward(self, x)

    def __getattr__(self, name: str) -> nn.Module:
        return super().__getattr__(name)  # type: ignore[return-value]  # of modules alone


def _conv(c: int, *, d: int = 4) -> nn.Conv2d:
    return nn.Conv2d(c, d, 3, padding=1)


def test_what_is_left_out_is_said() -> None:
    found = from_torch(models.GoogLeNet(5, init_weights=False), (3, 32, 32))
    assert found.said == (
        "its aux1 and aux2 are not reached in evaluation, and not in the spec",
        "it gives no probabilities: the spec ends without a softmax, as it does",
    )
    assert found.spec.text.startswith(
        "# Recovered from GoogLeNet.\n# Its aux1 and aux2 are not reached in evaluation, "
    )


def test_what_is_otherwise_in_training_is_said() -> None:
    norms = nn.BatchNorm2d(4, momentum=None), nn.BatchNorm2d(4, momentum=0.0), nn.BatchNorm2d(4, momentum=0.2)
    made = nn.utils.parametrizations.weight_norm(_conv(3))
    found = from_torch(nn.Sequential(made, *norms), (3, 8, 8))
    assert found.said == (
        "weights of 0 are made of others by parametrizations: here they are what is made",
        "the statistics of 1 are means of all batches: in the spec a batch's share is 0.1",
        "the statistics of 2 are not changed by training: in the spec a batch's share is 0.1",
        "it gives no probabilities: the spec ends without a softmax, as it does",
    )
    assert found.spec.text.endswith("after conv: BN\n\nconv3-4 BN BN momentum=0.2\n")


@pytest.mark.parametrize(
    ("module", "text"),
    [
        (nn.Sequential(_conv(1), nn.Flatten(), nn.Linear(256, 3), nn.Softmax(dim=-1)), "conv3-4\nFC-3\nsoftmax\n"),
        (nn.Sequential(_conv(1), _conv(4), nn.Tanh(), nn.Flatten(), nn.Linear(256, 3), nn.LogSoftmax(1)), "softmax\n"),
        (Net(lambda self, x: functional.log_softmax(self.a(x.flatten(1)), dim=1), a=nn.Linear(64, 3)), "softmax\n"),
        (Net(lambda self, x: functional.softmax(self.a(x.flatten(1)), 1), a=nn.Linear(64, 3)), "FC-3\nsoftmax\n"),
        (Net(lambda self, x: self.a(x).relu().flatten(1), a=_conv(1)), "conv3-4\n"),
        (Net(lambda self, x: functional.gelu(self.b(self.a(x).relu_())), a=_conv(1), b=_conv(4)), "conv3-4 GELU\n"),
        (Net(lambda self, x: functional.hardtanh(self.a(x), 0, 6), a=_conv(1)), "conv3-4 ReLU6\n"),
        (Net(lambda self, x: functional.local_response_norm(self.a(x), 5), a=_conv(1)), "LRN k=1 alpha=2e-05\n"),
        (nn.DataParallel(nn.Sequential(_conv(1))), "# Recovered from Sequential.\n"),
        (nn.Sequential(_conv(1), nn.BatchNorm2d(4, 1e-3, 0.2), nn.ReLU()), "conv3-4 BN eps=0.001 momentum=0.2 ReLU\n"),
        (nn.Sequential(_conv(1), nn.MaxPool2d(2, ceil_mode=True), _conv(4)), "maxpool ceil\n"),
        (nn.Sequential(_conv(1), nn.MaxPool2d((3, 2), (1, 2)), _conv(4)), "maxpool3x2/1x2\n"),
        (nn.Sequential(*(each for _ in range(5) for each in (_conv(4), nn.ReLU()))), "conv3-4 x5\n"),
        (nn.Sequential(nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4, 2)), "avgpool\navgpool\n"),
    ],
    ids=str,
)
def test_modules_are_written_as_they_are(module: nn.Module, text: str) -> None:
    weight = next(each for each in module.parameters() if each.dim() > 1)
    found = from_torch(module, (weight.shape[1] if weight.dim() == 4 else 1, 8, 8))
    assert text in found.spec.text


@pytest.mark.parametrize(
    ("module", "why"),
    [
        (nn.Sequential(_conv(1), nn.Sequential(nn.ReLU(), nn.Dropout2d())), "Dropout2d(p=0.5, inplace=False) (`1.1`)"),
        (Net(lambda self, x: functional.dropout(self.a(x)), a=_conv(1)), "its dropout drops values in evaluation, too"),
        (nn.Sequential(_conv(1), Net(lambda self, x: x.cumsum(1))), "no spec can say its cumsum (`1`), in `"),
        (nn.Sequential(_conv(1), Net(lambda self, x: functional.interpolate(x, 4))), "its interpolate (`1`)"),
        (Net(lambda self, x: self.a(x) if x.sum() > 0 else x, a=_conv(1)), "in `return self._forward(self, x)`"),
        (Net(lambda self, x: self.a(self.a(x)), a=_conv(1, d=1)), "a is called twice"),
        (Net(lambda self, x: (self.a(x), x), a=_conv(1)), "it gives 2 outputs"),  # type: ignore[arg-type,return-value]
        (nn.Sequential(_conv(1), nn.AvgPool2d(3, 1, 1, count_include_pad=False)), "AvgPool2d("),
        (nn.Sequential(nn.Flatten(), nn.Linear(64, 4), nn.LayerNorm(4)), "LayerNorm((4,)"),
        (
            Net(
                lambda self, x: self.c(self.a(x) + self.b(x)) + torch.tanh(self.a2(self.b(x).relu())),
                a=_conv(1), b=_conv(1), c=_conv(4), a2=_conv(4),
            ),
            "b is called twice",
        ),
        (Net(lambda self, x: crossing(self, x), a=_conv(1), b=_conv(1), c=_conv(4), d=_conv(4)), "branches cross"),
    ],
    ids=(
        "module", "dropout", "method", "function", "control", "twice", "outputs", "padding", "norm", "reused",
        "crossing",
    ),
)  # fmt: skip
def test_what_no_spec_can_say_is_told_with_its_place(module: nn.Module, why: str) -> None:
    told = refusal(lambda: from_torch(module, (1, 8, 8)))
    assert told.code == "V535"
    assert why in told.message


def test_a_call_is_refused_with_its_line_and_a_shape_with_what_it_should_be() -> None:
    told = refusal(lambda: from_torch(Net(lambda self, x: torch.fft.fft2(self.a(x)), a=_conv(3)), (3, 8, 8)))
    assert re.search(r"its fft_fft2, in `.*` \(test_recovering.py:\d+\)$", told.message)
    told = refusal(lambda: from_torch(nn.Sequential(_conv(3)), (8, 9, 3)))
    assert told.help == "an input has its channels first: (3, 8, 9), if these are 3 colours"
    for wrong in ("x", None, (3, 8.5, 8)):
        with pytest.raises(TypeError, match="an input is the shape of an image"):
            from_torch(nn.Sequential(_conv(3)), wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="takes a module"):
        from_torch("vgg16", (3, 8, 8))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("module", "help"),
    [
        (nn.Sequential(_conv(3), nn.Flatten(), nn.Linear(400, 2)), "it takes 10x10x4: give images of the size for"),
        (nn.Sequential(_conv(3), nn.Flatten(), nn.Linear(70, 2)), "it takes 70 values, and 256 come"),
        (nn.Sequential(_conv(4)), "it takes 4 channels, and 3 come"),
        (nn.Sequential(nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect")), "padding_mode='zeros'"),
        (nn.Sequential(_conv(3), nn.PReLU()), "nn.PReLU(4)"),
        (nn.Sequential(nn.LazyConv2d(4, 3)), "run the module once"),
        (Net(lambda self, x: self.a(self.a(x)), a=_conv(3, d=3)), "give each call a module of its own"),
        (Net(lambda self, x: self.a(x) if x.sum() > 0 else x, a=_conv(3)), "let its `forward` go one way"),
        (Net(lambda self, x: (self.a(x), x), a=_conv(3)), "that gives one of them"),  # type: ignore[arg-type,return-value]
    ],
    ids=("size", "values", "channels", "mode", "slope", "lazy", "twice", "control", "outputs"),
)
def test_a_module_that_is_refused_is_told_how_it_is_mended(module: nn.Module, help: str) -> None:
    assert help in (refusal(lambda: from_torch(module, (3, 8, 8))).help or "")


def test_what_is_recovered_is_told_in_a_line() -> None:
    found = from_torch(nn.Sequential(_conv(3)), (3, 8, 8))
    assert repr(found) == f"Recovered({found.spec!r}, 2 tensors, 1 remark)"


def crossing(net: Net, x: Tensor) -> Tensor:
    a, b = net.a(x), net.b(x)
    return torch.cat([net.c(a), a + b, net.d(b)], 1)


def test_other_outputs_than_those_of_the_layers_are_no_spec() -> None:
    """A hook changes what a layer gives, and stands in no graph."""
    module = nn.Sequential(_conv(1), nn.ReLU())
    module[0].register_forward_hook(lambda layer, args, output: output + 1)
    told = refusal(lambda: from_torch(module, (1, 8, 8)))
    assert "its layers are known, and yet" in told.message
    module[0].register_forward_hook(lambda layer, args, output: output / 0)
    told = refusal(lambda: from_torch(module, (1, 8, 8)))
    assert "it gives NaN or infinite values" in told.message


def test_weights_are_taken_in_single_precision_from_where_they_are() -> None:
    shared = _conv(4)
    module = nn.Sequential(_conv(4), nn.ReLU(), shared).double()
    module[0].weight = shared.weight
    found = from_torch(module, torch.randn(1, 4, 8, 8))
    assert found.said[-2:] == (
        "0 and 2 share their weights in it, and each has its own in the spec",
        "its weights are in float64, and in single precision here",
    )
    assert {array.dtype for array in found.weights.values()} == {np.dtype(np.float32)}
    halved = from_torch(nn.Sequential(_conv(4), nn.Tanh(), _conv(4)).bfloat16(), (4, 8, 8))
    assert halved.said[-1] == "its weights are in bfloat16, and in single precision here"
    told = refusal(lambda: from_torch(module.to("meta"), (4, 8, 8)))
    assert told.code == "V513"
    with pytest.raises(ValueError, match=r"and not \(8, 8\)"):
        from_torch(module, (8, 8))


# -- any network


@settings(max_examples=settings().max_examples // 8)
@given(branching)
def test_any_network_is_written_as_it_is(graph: TypedGraph) -> None:
    """``compose`` itself holds what it wrote against what it was given, with all that changes no output."""
    graph = graph.inference
    found = compose(normal_form(graph, as_written=True), softmax=graph.graph.has_softmax)
    again = parse(found.text).typed
    assert weight_shapes(again).keys() == {f"{name}.{part.name}" for name, of in found.pairs.items()
                                           for part in again[name].node.op.parts(again[name].x)}  # fmt: skip
    assert again.params == graph.params
    assert again.graph.has_softmax == graph.graph.has_softmax


def test_a_network_of_ours_is_that_of_its_spec() -> None:
    """With labels such as `train`, which are methods of modules, too."""
    body = "train: add[ half: conv3-4 BN ReLU | conv1-4 ] maxpool"
    spec = parse(f"input 8x6x2 {body} aux 0.3 {{ FC-3 softmax }} dropout-0.5 FC-3 softmax")
    network = to_torch(spec, seed=1)
    found = from_torch(network, (2, 8, 6))
    assert found.said == ("its aux1 is not reached in evaluation, and not in the spec",)
    assert found.spec.network.graph.digest == spec.typed.inference.graph.digest
    assert rounding(found.network, network, (2, 8, 6)) <= 1e-5
    told = refusal(lambda: from_torch(network, (2, 8, 8)))
    assert "its spec is for images of 8x6x2, and not of 8x8x2" in told.message


@pytest.mark.parametrize("name", ["vgg_c", "mini_googlenet", "nin_cifar10", "cifar_resnet/resnet20_projection"])
def test_what_ships_is_written_as_it_is(name: str) -> None:
    graph = load(name).typed.inference
    found = parse(compose(normal_form(graph, as_written=True), softmax=True).text)
    assert pair(normal_form(graph), normal_form(found.typed)) is not None


# -- ONNX

NET = """\
# A net with a comment.
input 8x8x1
after conv: BN ReLU
conv3-4 conv3-4 maxpool
add[ conv3-4 | identity ]
dropout-0.3 FC-3 softmax
"""


def exported(path: Path, text: str = NET, **options: Any) -> Network:
    """A network of ours, and the file that was made of it."""
    spec = parse(text, "small.arch")
    network = statistics(to_torch(spec, seed=3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of weights that no training made
        vggdsl.export(spec, path, weights=weights(network), force=True, **options)
    return network


@pytest.mark.parametrize(
    "options", [{}, {"fold": False}, {"logits": True}, {"uint8": True}, {"size": "dense"}, {"top": 2}]
)
def test_a_file_of_ours_gives_back_its_spec(options: dict[str, Any], tmp_path: Path) -> None:
    network = exported(tmp_path / "a.onnx", **options)
    found = vggdsl.from_onnx(tmp_path / "a.onnx")
    assert found.spec == parse(NET)
    assert found.spec.text == NET
    assert found.spec.name == "small"
    assert rounding(found.network, network, (1, 8, 8)) <= 1e-5
    assert any("bn1_1" in each for each in found.said) == options.get("fold", True)
    assert ("so its outputs weren't compared with the network's" in found.said) == bool({"uint8", "top"} & {*options})


def test_a_part_of_the_batch_norms_is_folded(tmp_path: Path) -> None:
    """Those that follow a merge stay."""
    text = (
        "input 8x8x2 conv3-4 bias=no BN ReLU concat[ identity | BN ReLU conv1-4 BN ReLU conv3-2 BN BN ] BN ReLU FC-3\n"
    )
    network = exported(tmp_path / "a.onnx", text)
    found = from_onnx(tmp_path / "a.onnx")
    assert found.spec.text == text
    assert rounding(found.network, network, (2, 8, 8)) <= 1e-5


def test_a_spec_of_another_network_is_not_believed(tmp_path: Path) -> None:
    exported(tmp_path / "a.onnx")
    model = onnx.load(tmp_path / "a.onnx")
    for text, why in (
        ("input 8x8x1 FC-3 softmax", "is of another network: "),
        ("input 8x8x1 conv-3", "can't be read"),
    ):
        for entry in model.metadata_props:
            if entry.key == "vggdsl.spec":
                entry.value = text
        onnx.save(model, tmp_path / "b.onnx")
        found = from_onnx(tmp_path / "b.onnx")
        assert any(f"the spec that it carries {why}" in each for each in found.said), found.said
        assert "conv3-4 conv3-4\nmaxpool\nadd[ conv3-4 | identity ]\nFC-3\nsoftmax\n" in found.spec.text


def test_a_damaged_file_ends_in_a_finding(tmp_path: Path) -> None:
    """Among them: a spec that is no UTF-8, tensors of other kinds and sizes, weights that are said to lie elsewhere."""
    exported(tmp_path / "a.onnx")
    whole, chance = (tmp_path / "a.onnx").read_bytes(), Random(0)
    for _ in range(settings().max_examples // 2):
        damaged = bytearray(whole)
        at = chance.randrange(len(damaged))
        damaged[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(1, 3))
        (tmp_path / "b.onnx").write_bytes(damaged)
        with suppress(VggdslError):
            from_onnx(tmp_path / "b.onnx")
    text = b"after conv: BN ReLU"
    (tmp_path / "b.onnx").write_bytes(whole.replace(text, b"\xff" * len(text)))
    assert "the spec that it carries is no text" in from_onnx(tmp_path / "b.onnx").said


def changed(path: Path, change: Callable[[onnx.GraphProto], object]) -> None:
    model = onnx.load(path, load_external_data=False)
    change(model.graph)
    onnx.save(model, path)


def flip(graph: onnx.GraphProto) -> None:
    weight = next(each for each in graph.initializer if len(each.dims) == 4)
    weight.raw_data = bytes([weight.raw_data[0] ^ 1]) + weight.raw_data[1:]


@pytest.mark.parametrize("external", [False, True])
def test_weights_that_export_did_not_write_are_told(external: bool, tmp_path: Path) -> None:
    """Whether they lie in the file or beside it, and though its batch norms are folded into them."""
    exported(tmp_path / "a.onnx", external=external)
    assert not any("aren't those that export wrote" in each for each in from_onnx(tmp_path / "a.onnx").said)
    if external:
        weights = (tmp_path / "a.onnx.data").read_bytes()
        (tmp_path / "a.onnx.data").write_bytes(bytes([weights[0] ^ 1]) + weights[1:])
    else:
        changed(tmp_path / "a.onnx", flip)
    found = from_onnx(tmp_path / "a.onnx")
    assert found.spec.text == NET
    assert any("aren't those that export wrote" in each for each in found.said)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda graph: graph.input.append(onnx.ValueInfoProto(name="b", type=graph.input[0].type)), "it has 2 inputs"),
        (lambda graph: graph.output.pop(), "its output doesn't depend on the image"),
        (lambda graph: graph.initializer[0].dims.append(2), "not a usable ONNX file"),
    ],
)
def test_a_file_that_cannot_be_is_refused(
    change: Callable[[onnx.GraphProto], object], why: str, tmp_path: Path
) -> None:
    exported(tmp_path / "a.onnx")
    changed(tmp_path / "a.onnx", change)
    assert why in refusal(lambda: from_onnx(tmp_path / "a.onnx")).message


def test_a_file_of_others_is_read_by_its_layers(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = statistics(models.DenseNet(4, (2, 3, 1, 1), 8, num_classes=3)).eval()
    export_by_torch(module, (3, 32, 32), tmp_path / "dense net.onnx")
    found = from_onnx(tmp_path / "dense net.onnx")
    assert "block dense() { concat[ identity | BN ReLU conv1-16 bias=yes ReLU conv3-4 ] }\n" in found.spec.text
    assert "\ndense() x3\nBN ReLU conv1-10\navgpool\ndense()\n" in found.spec.text
    assert found.spec.name == "dense net"
    assert str(tmp_path) not in found.spec.text
    assert rounding(found.network, module, (3, 32, 32)) <= 1e-5


def test_weights_of_another_precision_are_told(tmp_path: Path) -> None:
    exported(tmp_path / "a.onnx")
    ir.save(halve(onnx.load(tmp_path / "a.onnx"), ()), tmp_path / "inside.onnx")
    tools: Any = import_module("onnxruntime.transformers.float16")  # of the onnxruntime that was told to report nothing
    onnx.save(tools.convert_float_to_float16(onnx.load(tmp_path / "a.onnx")), tmp_path / "whole.onnx")
    at_ends = tools.convert_float_to_float16(onnx.load(tmp_path / "a.onnx"), keep_io_types=True)
    onnx.save(at_ends, tmp_path / "ends.onnx")  # its casts stand behind all other nodes
    onnx.save(cast(onnx.load(tmp_path / "a.onnx")), tmp_path / "cast.onnx")
    rounded = "its weights are in float16, and in single precision here"
    apart = "it computes in float16", "so its outputs weren't compared with the network's"
    for name, said in (
        ("inside", (rounded,)),
        ("ends", (rounded,)),
        ("cast", (rounded,)),
        ("whole", (rounded, *apart)),
    ):
        found = from_onnx(tmp_path / f"{name}.onnx")
        assert found.spec == parse(NET)
        assert found.said[-len(said) :] == said


def cast(model: onnx.ModelProto) -> onnx.ModelProto:
    """With weights in half precision, that nodes make single before they are used."""
    for at, each in enumerate(list(model.graph.initializer)):
        half = onnx.numpy_helper.to_array(each).astype(np.float16)
        name = each.name
        model.graph.initializer[at].CopyFrom(onnx.numpy_helper.from_array(half, f"half {name}"))
        model.graph.node.insert(0, onnx.helper.make_node("Cast", [f"half {name}"], [name], to=onnx.TensorProto.FLOAT))
    return model


def test_weights_that_a_file_has_once_for_several_layers_are_told(tmp_path: Path) -> None:
    conv = nn.Conv2d(4, 4, 3, padding=1)
    export_by_torch(nn.Sequential(conv, nn.ReLU(), conv, nn.Tanh()).eval(), (4, 8, 8), tmp_path / "a.onnx")
    said = from_onnx(tmp_path / "a.onnx").said
    assert "/0/Conv and /0_1/Conv share their weights in it, and each has its own in the spec" in said


def export_by_torch(module: nn.Module, shape: Sequence[int], path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (torch.randn(1, *shape),), str(path), dynamo=False, opset_version=17)


def test_a_file_for_images_of_any_size_is_read_at_one(tmp_path: Path) -> None:
    exported(tmp_path / "a.onnx", "input 32x32x3 conv3-4 global-avgpool FC-3 softmax\n", size="dynamic")
    model = onnx.load(tmp_path / "a.onnx")
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "b.onnx")
    found = from_onnx(tmp_path / "b.onnx")
    assert found.said[0] == "it takes images of any size: 224x224 is assumed"
    assert "# It takes images of any size: 224x224 is assumed.\n" in found.spec.text
    assert "\ninput 16x24x3\n" in from_onnx(tmp_path / "b.onnx", (3, 16, 24)).spec.text


def test_what_no_spec_can_say_of_a_file_is_told_with_its_node(tmp_path: Path) -> None:
    export_by_torch(nn.Sequential(_conv(1), nn.Softplus(), _conv(4)), (1, 8, 8), tmp_path / "a.onnx")
    told = refusal(lambda: from_onnx(tmp_path / "a.onnx"))
    assert told.code == "V535"
    assert "`/1/Softplus`: no spec can say Softplus" in told.message


# -- the command


def outputs(path: Path, images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(run_session(open_session(str(path)), {"input": images})[0], np.float32)


@pytest.mark.parametrize("fold", [True, False])
def test_what_is_imported_is_exported_again(fold: bool, tmp_path: Path) -> None:
    exported(tmp_path / "a.onnx", fold=fold)
    done = run("import", tmp_path / "a.onnx")
    assert (done.exit_code, done.stdout.splitlines()[0]) == (
        0, "read as an ONNX model: small, 555 parameters, 4 weight layers",
    )  # fmt: skip
    assert done.stdout.splitlines()[-2:] == [str(tmp_path / "a.arch"), str(tmp_path / "a.safetensors")]
    assert (tmp_path / "a.arch").read_text() == NET
    again = tmp_path / "again.onnx"
    assert run("export", tmp_path / "a.arch", "--weights", tmp_path / "a.safetensors", "-o", again).exit_code == 0
    images = np.random.default_rng(0).standard_normal((3, 1, 8, 8), np.float32)
    np.testing.assert_allclose(outputs(again, images), outputs(tmp_path / "a.onnx", images), rtol=0, atol=1e-5)


def test_nothing_of_a_user_s_is_overwritten_by_an_import(tmp_path: Path) -> None:
    exported(tmp_path / "a.onnx")
    (tmp_path / "nets").mkdir()
    mine = tmp_path / "nets" / "a.safetensors"
    mine.write_text("mine")
    done = run("import", tmp_path / "a.onnx", "-o", mine.parent)
    assert (done.exit_code, [*mine.parent.iterdir()], mine.read_text()) == (2, [mine], "mine")
    assert "error[V514]" in done.stderr
    (row,) = json.loads(run("import", tmp_path / "a.onnx", "-o", mine.parent, "--force", "--json").stdout)
    assert (row["notation"], row["file"], row["weights"], row["ok"]) == (
        "onnx", str(tmp_path / "nets" / "a.arch"), str(mine), True,
    )  # fmt: skip
    assert row["text"] == NET
    assert "--from is of texts" in run("import", tmp_path / "a.onnx", "--from", "vgg-table").stderr


def test_a_module_that_does_something_else_when_its_line_is_looked_for_is_refused_as_any() -> None:
    class Fickle(nn.Module):
        calls = 0

        def forward(self, x: Tensor) -> Tensor:
            self.calls += 1
            if self.calls > 1:
                raise KeyError("again")
            out: Tensor = torch.fft.fft(x)
            return out

    with pytest.raises(InputError, match="no spec can say its fft_fft"):
        from_torch(Fickle(), (3, 8, 8))


def test_one_number_in_a_list_is_that_of_both_sides() -> None:
    """As PyTorch takes it."""
    module = nn.Sequential(nn.Conv2d(1, 2, 3, stride=[2]))  # type: ignore[arg-type]
    assert str(from_torch(module, (1, 8, 8)).spec.typed.output) == "3x3x2"
