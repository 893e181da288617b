"""Models of other programs, held against a spec: right ones, and ones that are wrong in one thing."""

import json
import os
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import onnx
import pytest
import torch
from commands import run
from hypothesis import assume, given
from hypothesis import strategies as st
from onnx import helper, numpy_helper
from profiles import fewer
from refusals import refusal
from safetensors.torch import save_file
from strategies import graphs
from torch import Tensor, nn
from torch.nn import functional

from vggdsl.network.comparing import compare
from vggdsl.network.graph import Graph
from vggdsl.network.infer import TypedGraph, infer
from vggdsl.network.matching import normal_form
from vggdsl.network.ops import (
    FC,
    LRN,
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    Conv,
    Dropout,
    GlobalAvgPool,
    GlobalMaxPool,
    GroupNorm,
    Identity,
    MaxPool,
    Mul,
    Op,
    PReLU,
    Shuffle,
    Softmax,
    Take,
)
from vggdsl.network.passes.fc_to_conv import of_size
from vggdsl.network.shapes import Pair
from vggdsl.network.weights import weight_shapes
from vggdsl.spec.parsing import load, parse
from vggdsl.targets.against import against
from vggdsl.targets.onnx import save, to_onnx
from vggdsl.targets.reading.model import read_onnx
from vggdsl.targets.torch import load_weights, without_weights
from vggdsl.text.errors import ShapeError

# -- what others wrote


class Module(nn.Module):
    """A network as somebody writes it in PyTorch, of a function."""

    def __init__(self, forward: Callable[..., Tensor], **parts: nn.Module) -> None:
        super().__init__()
        self.parts = nn.ModuleDict(parts)
        self.does = forward

    def forward(self, x: Tensor) -> Tensor:
        return self.does(x, *self.parts.values())


def chain(*modules: nn.Module) -> nn.Sequential:
    return nn.Sequential(*modules)


def conv(c: int, channels: int, size: int = 3, **options: Any) -> nn.Conv2d:
    return nn.Conv2d(c, channels, size, **{"padding": size // 2, **options})


def lively(module: nn.Module) -> nn.Module:
    """With statistics that no BN begins with, in evaluation."""
    random = torch.Generator().manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d | nn.BatchNorm1d):
            for values in (part.running_mean, part.running_var, part.weight.data, part.bias.data):
                assert isinstance(values, Tensor)
                values.uniform_(0.2, 0.9, generator=random)
    return module.eval()


def exported(module: nn.Module, path: Path, size: tuple[int, ...] = (3, 8, 8), **options: Any) -> Path:
    """As PyTorch's own exporters write it, the older one unless told."""
    options = {"dynamo": False, "verbose": False, **options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(lively(module), (torch.randn(2, *size),), path, **options)
    return path


def stored(module: nn.Module, path: Path) -> Path:
    torch.save(module.state_dict(), path)
    return path


PLAIN = "input 8x8x3\nafter conv: ReLU\nconv3-4 conv3-4 maxpool\nconv3-6 conv3-6 maxpool\nFC-5 softmax\n"
NORMED = "input 8x8x3\nconv3-4 bias=no BN ReLU maxpool3/2 ceil\nconv3-4 BN LeakyReLU-0.2 global-avgpool\nFC-5 softmax\n"
UNIT = """input 8x8x3
conv3-4 ReLU
add[ conv1-4/2 BN ReLU conv3-4 BN | conv1-4/2 BN ] ReLU
add[ conv3-4 ReLU conv3-4 | identity ] ReLU
global-avgpool FC-5
"""
MIXED = "input 8x8x3\nconv3-8 LRN ReLU\nconv3-8 groups=2 GN-4 SiLU\navgpool3/2 pad=1\nFC-5 softmax\n"


def plain(third: int = 2, pool: type[nn.Module] = nn.MaxPool2d) -> nn.Module:
    """``third``: convolutions of the second stage."""
    more = [part for _ in range(third - 1) for part in (conv(6, 6), nn.ReLU())]
    stage = (conv(4, 6), nn.ReLU(), *more, pool(2))
    start = (conv(3, 4), nn.ReLU(), conv(4, 4), nn.ReLU(), nn.MaxPool2d(2))
    return chain(*start, *stage, nn.Flatten(), nn.Dropout(), nn.Linear(24, 5))


def normed(eps: float = 1e-5, slope: float = 0.2, *, ceil: bool = True, turned: bool = False) -> nn.Module:
    second = [nn.BatchNorm2d(4, eps), nn.LeakyReLU(slope)]
    parts = (conv(3, 4, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=ceil))
    more = reversed(second) if turned else second
    return chain(*parts, conv(4, 4), *more, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5), nn.Softmax(1))


def unit(strides: tuple[int, int] = (2, 1)) -> nn.Module:
    first = chain(
        conv(4, 4, 1, stride=strides[0]), nn.BatchNorm2d(4), nn.ReLU(), conv(4, 4, stride=strides[1]), nn.BatchNorm2d(4)
    )

    def forward(x: Tensor, *parts: nn.Module) -> Tensor:
        start, one, short, other, end = parts
        x = functional.relu(start(x))
        x = functional.relu(short(x) + one(x))
        x = functional.relu(x + other(x))
        return Tensor(end(x.mean((2, 3))))

    short = chain(conv(4, 4, 1, stride=2), nn.BatchNorm2d(4))
    other = chain(conv(4, 4), nn.ReLU(), conv(4, 4))
    return Module(forward, conv=conv(3, 4), one=first, short=short, other=other, fc=nn.Linear(4, 5))


def mixed(groups: int = 2, *, lrn: bool = True, counts: bool = True) -> nn.Module:
    alpha = 5 * 1e-4  # PyTorch divides it by n
    first = (nn.LocalResponseNorm(5, alpha, 0.75, 2.0),) if lrn else ()
    rest = (conv(8, 8, groups=groups), nn.GroupNorm(4, 8), nn.SiLU())
    pool = nn.AvgPool2d(3, 2, 1, count_include_pad=counts)
    return chain(conv(3, 8), *first, nn.ReLU(), *rest, pool, nn.Flatten(), nn.Linear(128, 5))


DYNAMO = Path(__file__).parents[1] / "fixtures" / "dynamo.onnxtxt"
"""Written by ``torch.onnx.export(dynamo=True)``."""
UNFOLDED: dict[str, Any] = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
ANY_BATCH: dict[str, Any] = {"input_names": ["x"], "dynamic_axes": {"x": {0: "n"}}}


def test_twelve_models_get_twelve_verdicts(tmp_path: Path) -> None:
    """Six are right, six wrong in one thing, which is what is told first, at its line of the spec."""
    right: list[tuple[str, str | Path]] = [
        (PLAIN, exported(plain(), tmp_path / "plain.onnx", **ANY_BATCH)),
        (PLAIN, stored(plain(), tmp_path / "plain.pth")),
        (NORMED, exported(normed(), tmp_path / "folded.onnx")),
        (UNIT, exported(unit(), tmp_path / "unit.onnx", **UNFOLDED)),
        (MIXED, exported(mixed(), tmp_path / "mixed.onnx")),
        ("resnet/resnet18", "torchvision:resnet18"),
    ]
    for text, model in right:
        verdict = against(text if text.startswith("resnet") else parse(text), model)
        assert verdict.implements, verdict
        assert verdict.finding is None
    wrong: list[tuple[str, str | Path, int, str]] = [
        (
            PLAIN,
            stored(plain(1), tmp_path / "few.pth"),
            4,
            "conv2_2 holds bias (6), weight (6, 6, 3, 3), and the model ",
        ),
        (PLAIN, exported(plain(3), tmp_path / "more.onnx"), 2, "behind relu2_2 the model has conv3-6 (`/9/Conv`), and"),
        (
            PLAIN,
            exported(plain(2, nn.AvgPool2d), tmp_path / "avg.onnx"),
            4,
            "pool2 is maxpool2/2, and the model has avgpo",
        ),
        (UNIT, exported(unit((1, 2)), tmp_path / "v1_5.onnx"), 3, "conv1_2 is conv1-4/2 with its BN, and the model h"),
        (
            NORMED,
            exported(normed(1e-3), tmp_path / "eps.onnx", **UNFOLDED),
            3,
            "bn2_1 is BN, and the model has BN eps=0.",
        ),
        ("googlenet", "torchvision:googlenet", 16, "conv1_1 is conv7-64/2, and the model has conv7-64/2 bias=no (`con"),
    ]
    for text, model, line, first in wrong:
        verdict = against(text if text == "googlenet" else parse(text), model)
        assert verdict.differences, model
        assert verdict.differences[0].text.startswith(first)
        finding = verdict.finding
        assert finding is not None
        assert finding.labels[0].span.line == line
        assert first in finding.message
        if text == "googlenet":
            assert "9 × kernel 3x3 for 5x5, no bias" in str(finding.help)


@pytest.mark.parametrize(
    ("text", "module", "changes"),
    [
        (NORMED, normed(slope=0.1), ["constant 0.1 for 0.2"]),
        (NORMED, normed(ceil=False), ["sizes rounded down"]),
        (NORMED, normed(turned=True), ["the other way round"]),
        (MIXED, mixed(lrn=False), ["no LRN"]),
        (MIXED, mixed(groups=1), ["groups 1 for 2"]),
        (MIXED, mixed(counts=False), ["an avgpool that leaves padding out for avgpool"]),
        (PLAIN, chain(plain(), nn.Softmax(1), nn.Softmax(1)), ["softmax added"]),
        (PLAIN.replace(" softmax", ""), chain(plain(), nn.Softmax(1)), ["softmax added"]),
        (PLAIN, chain(nn.ZeroPad2d(1), plain()), ["padding 2x2 for 1x1"]),
        (PLAIN.replace("conv3-6 conv3-6", "conv3-6 conv3-6 pad=0x1"), plain(), ["padding 1x1 for 0x1"]),
    ],
)
def test_one_change_is_one_difference(tmp_path: Path, text: str, module: nn.Module, changes: list[str]) -> None:
    verdict = against(parse(text), exported(module, tmp_path / "m.onnx", **UNFOLDED))
    assert [each.change for each in verdict.differences] == changes


def test_a_folded_bn_and_what_else_a_model_does_not_say_are_said(tmp_path: Path) -> None:
    verdict = against(parse(NORMED), exported(normed(eps=1e-3), tmp_path / "m.onnx"), numerically=True)
    assert verdict.implements
    assert "(bn1_1 and bn2_1) is folded into the layers before it: epsilons can't be told" in verdict.untold[0]
    assert [held.of for held in verdict.held] == ["probabilities"]
    logits = against(parse(PLAIN), exported(plain(), tmp_path / "logits.onnx", **ANY_BATCH), numerically=True)
    assert logits.said == ("it gives logits: the softmax of the spec isn't in it",)
    assert [(held.of, held.images) for held in logits.held] == [("logits", 4)]
    state = against(parse(NORMED), stored(normed(eps=1e-3), tmp_path / "m.pth"))
    assert state.implements
    assert "strides and padding" in state.untold[0]
    assert "epsilon (BN 1e-05)" in state.untold[0]


def test_what_counts_in_training_alone_is_said(tmp_path: Path) -> None:
    text = NORMED.replace("FC-5", "dropout-0.3 FC-5").replace("BN ReLU", "BN momentum=0.2 ReLU")
    told = "what counts in training alone: dropout (1 dropout-0.3), the momentum of BN (0.1, 0.2)"
    for model in (exported(normed(), tmp_path / "m.onnx"), stored(normed(), tmp_path / "m.pth")):
        assert against(parse(text), model).untold[-1] == told
    small = of_size(load("resnet/resnet18").network.graph, 32, 32).graph
    nodes = [replace(each, op=replace(each.op, momentum=0.2)) if isinstance(each.op, BatchNorm) else each
             for each in small.nodes]  # fmt: skip
    nodes[-1:] = [replace(nodes[-1], name="drop", op=Dropout(0.5)), replace(nodes[-1], inputs=("drop",))]
    assert against(infer(Graph(tuple(nodes))), "torchvision:resnet18").said == (
        "its dropout is none, and the spec's 0.5: it is gone outside of training",
        "the momentum of its BN is 0.1, and of the spec's 0.2: it counts in training alone",
    )


class Headed(nn.Module):
    """With an auxiliary classifier that stays in evaluation."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.start = chain(conv(3, 4, bias=False), nn.BatchNorm2d(4), nn.ReLU())
        self.end, self.head = chain(nn.Flatten(), nn.Linear(256, 5)), head

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.start(x)
        return self.end(x), self.head(x)


def test_auxiliary_classifiers_are_held_also_where_a_bn_is_folded(tmp_path: Path) -> None:
    spec = parse("input 8x8x3\nconv3-4 bias=no BN ReLU aux 0.3 { conv1-2 BN ReLU FC-5 softmax }\nFC-5 softmax\n")
    for channels, has_more in ((2, False), (3, False), (2, True)):
        more = (nn.ReLU(), conv(channels, channels)) if has_more else ()
        parts = (conv(4, channels, 1), *more, nn.BatchNorm2d(channels), nn.ReLU(), nn.Flatten())
        path = exported(Headed(chain(*parts, nn.Linear(64 * channels, 5))), tmp_path / "m.onnx")
        assert against(spec, path).implements == (channels == 2 and not has_more)


def test_layers_that_share_weights_are_named(tmp_path: Path) -> None:
    shared, bn = conv(3, 3), nn.BatchNorm2d(3)
    module = chain(shared, bn, nn.ReLU(), shared, bn, nn.Flatten(), nn.Linear(192, 5))
    text = "input 8x8x3 conv3-3 BN ReLU conv3-3 BN FC-5"
    said = against(parse(text), exported(module, tmp_path / "m.onnx", **UNFOLDED)).said
    assert said == ("conv1_1 and conv1_2 share their weights in it, and each has its own in the spec",)


@pytest.mark.filterwarnings("ignore:The onnxtxt format is experimental")
def test_the_newer_exporter_is_read_too(tmp_path: Path) -> None:
    """All that it writes otherwise: LRN and GN in parts, a mean over axes. ``UPDATE_FIXTURES=1`` writes it anew, which
    takes seconds."""
    if os.environ.get("UPDATE_FIXTURES"):
        lrn = nn.LocalResponseNorm(5, 5e-4, 0.75, 2.0)
        shuffled = (nn.ChannelShuffle(2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3))
        parts = (nn.BatchNorm2d(8), nn.ReLU(), lrn, nn.GroupNorm(2, 8), nn.PReLU(8), nn.GELU())
        model = onnx.load(exported(chain(conv(3, 8), *parts, *shuffled), tmp_path / "new.onnx", dynamo=True))
        for each in (model.graph, *model.graph.node, *model.graph.initializer, *model.graph.value_info):
            each.ClearField("metadata_props")  # which tell where the exporter lies
        onnx.save(model, DYNAMO)
    text = "input 8x8x3 conv3-8 BN ReLU LRN GN-2 PReLU GELU shuffle-2 global-avgpool FC-3"
    onnx.save(onnx.load(DYNAMO), tmp_path / "m.onnx")
    verdict = against(parse(text), tmp_path / "m.onnx", numerically=True)
    assert verdict.implements, verdict
    assert verdict.held[0].of == "logits"
    (difference,) = against(parse(text.replace("LRN", "LRN n=3")), tmp_path / "m.onnx").differences
    assert difference.change == "n 5 for 3"


def test_weights_put_into_the_network_give_what_is_expected(tmp_path: Path) -> None:
    """Of a state dict, which says nothing of activations, that alone tells them."""
    module = lively(plain())
    x = torch.randn(2, 3, 8, 8)
    np.savez(tmp_path / "x.npz", input=x.numpy(), logits=module(x).detach().numpy())
    for model in (stored(module, tmp_path / "m.pth"), exported(module, tmp_path / "m.onnx")):
        held = against(parse(PLAIN), model, expect=tmp_path / "x.npz").held
        assert [(each.of, each.images) for each in held] == [("logits", 2)]
    tanh = parse(PLAIN.replace("after conv: ReLU", "after conv: tanh"))
    told = refusal(lambda: against(tanh, tmp_path / "m.pth", expect=tmp_path / "x.npz"))
    assert "other logits than" in told.message
    with pytest.raises(TypeError, match="can't be run"):
        against(parse(PLAIN), tmp_path / "m.pth", numerically=True)


def test_torchvision_gives_the_same_outputs_with_the_same_weights() -> None:
    small = of_size(load("resnet/resnet18").network.graph, 32, 32)
    verdict = against(small, "torchvision:resnet18", numerically=True)
    assert verdict.implements
    assert verdict.held[0].of == "logits"


def test_a_state_dict_is_held_by_what_its_layers_hold(tmp_path: Path) -> None:
    """In any order, behind any prefix; auxiliary classifiers are none of the spec's."""
    module = plain()
    save_file({f"net.{name}": values for name, values in module.state_dict().items()}, tmp_path / "m.safetensors")
    assert against(parse(PLAIN), tmp_path / "m.safetensors").implements
    more = {**module.state_dict(), "aux.weight": torch.zeros(5, 24), "aux.bias": torch.zeros(5)}
    torch.save(more, tmp_path / "aux.pth")
    (difference,) = against(parse(PLAIN), tmp_path / "aux.pth").differences
    assert difference.text == "behind fc3 the model holds bias (5), weight (5, 24) (`aux`), and the spec has none"
    normless = {name: values for name, values in normed().state_dict().items() if "running" not in name}
    torch.save(normless, tmp_path / "normless.pth")
    first = against(parse(NORMED), tmp_path / "normless.pth").differences[0]
    assert first.text.startswith("bn1_1 holds bias (4), weight (4) and running statistics, and the model has bias (4)")


# -- other forms of the same


def node(kind: str, inputs: str, output: str, **options: Any) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), [output], name=f"n_{output}", **options)


def written(
    path: Path,
    nodes: list[onnx.NodeProto],
    constants: dict[str, Any],
    size: tuple[int | str, ...] = ("n", 3, 8, 8),
    opset: int = 17,
) -> Path:
    arrays = {
        name: np.asarray(value, None if isinstance(value, np.ndarray) else np.int64)
        for name, value in constants.items()
    }
    tensors = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    given = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, size)
    end = helper.make_tensor_value_info(nodes[-1].output[0], onnx.TensorProto.FLOAT, ("n", "m"))
    graph = helper.make_graph(nodes, "g", [given], [end], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.save(model, path)
    return path


def noise(*shape: int) -> Any:
    return np.random.default_rng(crc32(repr(shape).encode())).uniform(0.1, 1, shape).astype(np.float32)


def test_keras_form_is_read(tmp_path: Path) -> None:
    """Rows first, padding by name, a product and a sum for FC, a BN as factors and summands, an average as a mean, and
    a map flattened by rows: as tf2onnx writes it."""
    nodes = [
        node("Transpose", "x", "t", perm=[0, 3, 1, 2]),
        node("Conv", "t w", "c", strides=[2, 2], auto_pad=b"SAME_UPPER"),
        node("Mul", "c scale", "m"),
        node("Add", "m shift", "a"),
        node("Relu", "a", "r"),
        node("Transpose", "r", "back", perm=[0, 2, 3, 1]),
        node("Reshape", "back flat", "f"),
        node("MatMul", "f fc", "product"),
        node("Add", "product bias", "logits"),
        node("Softmax", "logits", "y", axis=-1),
    ]
    constants = {
        "w": noise(4, 3, 3, 3),
        "scale": noise(1, 4, 1, 1),
        "shift": noise(4, 1, 1),
        "flat": [-1, 64],
        "fc": noise(64, 5),
        "bias": noise(5),
    }
    path = written(tmp_path / "keras.onnx", nodes, constants, ("n", 8, 8, 3))
    text = "input 8x8x3 conv3-4/2 pad=0,1,0,1 bias=no BN ReLU FC-5 softmax"
    verdict = against(parse(text), path, numerically=True)
    assert verdict.implements, verdict
    assert verdict.held[0].of == "probabilities"
    assert any("by rows, columns, channels" in said for said in verdict.said)
    usual = against(parse(text.replace(" pad=0,1,0,1", "")), path)
    assert [each.change for each in usual.differences] == ["padding 0 above, 1 below, 0 left, 1 right for 1x1"]


def test_what_a_file_does_to_its_input_is_no_layer(tmp_path: Path) -> None:
    """Outputs for noise would be of other images."""
    nodes = [node("Sub", "x mean", "s"), node("Div", "s std", "d"), node("Relu", "d", "y")]
    path = written(tmp_path / "m.onnx", nodes, {"mean": noise(1, 3, 1, 1), "std": noise(3, 1, 1)})
    spec = parse("input 8x8x3 ReLU")
    assert against(spec, path).said == ("it prepares its input itself, which is no part of the network",)
    assert refusal(lambda: against(spec, path, numerically=True)).code == "V527"
    beside = [node("Relu", "x", "r"), node("Mul", "x std", "s"), node("Add", "r s", "y")]
    written(path, beside, {"std": noise(3, 1, 1)})
    branches = parse("input 8x8x3 add[ ReLU | identity ]")
    assert refusal(lambda: against(branches, path)).code == "V527", "one branch alone takes it so"


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ([node("Einsum", "x", "y", equation="nchw->nc")], "node `n_y` (Einsum): no spec can say it, or it isn't read"),
        ([node("Reshape", "x s", "y")], "node `n_y` (Reshape): it takes images apart, or puts several together"),
        ([helper.make_node("Conv", ["x", "w"], ["y"], domain="com.microsoft")], "no operator of ONNX itself"),
        ([node("Cast", "x", "y", to=onnx.TensorProto.INT8)], "it makes whole numbers of what a layer gives"),
        ([node("Erf", "x", "y")], "it has erf (`n_y`)"),
    ],
)
def test_what_is_not_known_is_said_by_node_and_operator(tmp_path: Path, nodes: list[onnx.NodeProto], said: str) -> None:
    path = tmp_path / "m.onnx"
    constants = {"s": [1, 192, -1], "w": noise(4, 3, 3, 3)}
    written(path, nodes, constants)
    if nodes[0].domain:
        model = onnx.load(path)
        model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
        onnx.save(model, path)
    told = refusal(lambda: against(parse("input 8x8x3 GELU"), path))
    assert told.code == "V527"
    assert said in told.message


def test_a_summand_of_one_branch_is_no_bias_of_what_both_take(tmp_path: Path) -> None:
    nodes = [node("Conv", "x w", "c"), node("Identity", "c", "i"), node("Add", "i b", "d"), node("Relu", "d", "r"),
             node("Relu", "c", "q"), node("Add", "r q", "y")]  # fmt: skip
    written(tmp_path / "m.onnx", nodes, {"w": noise(4, 3, 1, 1), "b": noise(4, 1, 1)})
    verdict = against(parse("input 8x8x3 conv1-4 add[ ReLU | ReLU ]"), tmp_path / "m.onnx")
    assert verdict.differences[0].text.startswith("conv1_1 is conv1-4, and the model has conv1-4 bias=no")


def test_an_even_lrn_of_onnx_reaches_further_behind_than_before(tmp_path: Path) -> None:
    path = written(tmp_path / "m.onnx", [node("LRN", "x", "y", size=2, alpha=0.2, bias=2.0)], {})
    (difference,) = against(parse("input 8x8x3 LRN n=2 alpha=0.1"), path).differences
    assert "LRN over 2 channels, of which 0 are before and 1 behind" in difference.text


def test_values_are_read_from_beside_the_file_alone(tmp_path: Path) -> None:
    """Shapes are said without them; what lies elsewhere isn't opened when they are asked for."""
    folder = tmp_path / "inside"
    folder.mkdir()
    path = exported(plain(), folder / "m.onnx", **ANY_BATCH)
    model = onnx.load(path)
    onnx.save_model(model, path, save_as_external_data=True, location="m.data", size_threshold=0)
    assert against(parse(PLAIN), path, numerically=True).held
    (folder / "m.data").rename(tmp_path / "m.data")
    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = "../m.data"
    path.write_bytes(model.SerializeToString())
    assert against(parse(PLAIN), path).implements
    told = refusal(lambda: against(parse(PLAIN), path, numerically=True))
    assert told.code == "V520"
    assert "no file beside it" in told.message
    path.write_bytes(path.read_bytes()[:-40])
    assert refusal(lambda: against(parse(PLAIN), path)).code == "V520"


def test_large_weights_stay_in_the_file(tmp_path: Path) -> None:
    """Of 34 MB in a file less than a tenth is ever held."""
    nodes = [node("Flatten", "x", "f"), node("Gemm", "f w", "y", transB=1)]
    path = written(tmp_path / "m.onnx", nodes, {"w": np.zeros((1024, 8192), np.float32)}, ("n", 8192, 1, 1))
    tracemalloc.start()
    assert against(parse("input 1x1x8192 FC-1024 bias=no"), path).implements
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held < 3.3e6


# -- the command


def test_the_command_says_what_was_compared_or_where_the_networks_part(tmp_path: Path) -> None:
    spec = tmp_path / "net.arch"
    spec.write_text(UNIT, "utf-8")
    good, bad = exported(unit(), tmp_path / "good.onnx"), exported(unit((1, 2)), tmp_path / "bad.onnx", **UNFOLDED)
    right = run("check", spec, "--against", good, "--numerically")
    assert right.exit_code == 0
    assert f"{good} implements {spec}: " in right.output
    assert "outputs: the logits expected" in right.output
    wrong = run("check", spec, "--against", bad)
    assert wrong.exit_code == 1
    assert "isn't this network: conv1_2 is conv1-4/2, and the model has conv1-4 (`/one/one.0/Conv`)" in wrong.output
    assert "2 differences (stride 1x1 for 2x2; stride 2x2 for 1x1)" in wrong.output
    (row,) = json.loads(run("check", spec, "--json", "--against", bad).output)
    first = row["against"]["differences"][0]
    assert (first["layer"], first["line"], first["change"]) == ("conv1_2", 3, "stride 1x1 for 2x2")
    assert not row["ok"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("vgg_d", "--numerically"),
        ("vgg_d", "vgg_e", "--against", "torchvision:vgg16"),
        ("vgg_d", "--against", "m.pth", "--numerically"),
        ("vgg_d", "--against", "nowhere.onnx"),
        ("vgg_d", "--against", "torchvision:vgg61"),
    ],
)
def test_a_wrong_call_ends_with_2(arguments: tuple[str, ...]) -> None:
    assert run("check", *arguments).exit_code == 2


def test_a_stride_counts_where_it_leaves_one_place_of_two(tmp_path: Path) -> None:
    one, other = (parse(f"input 1x2x1 conv1-1{stride}").typed for stride in ("", "/2"))
    save(to_onnx(one, weights_for(one)), tmp_path / "one.onnx")
    assert [each.change for each in against(other, tmp_path / "one.onnx").differences] == ["stride 1x1 for 2x2"]


# -- random networks


def weights_for(graph: TypedGraph) -> dict[str, Any]:
    """Layers of one shape have the same weights, so that changed networks can be held against each other."""
    return {name: noise(*shape) for name, shape in weight_shapes(graph).items()}


@fewer
@given(graphs(), st.booleans(), st.booleans())
def test_what_is_exported_implements_its_spec(
    tmp_path_factory: pytest.TempPathFactory, graph: TypedGraph, fold: bool, logits: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "random.onnx"
    save(to_onnx(graph, weights_for(graph), fold=fold, logits=logits), path)
    assert not against(graph, path).differences


def _others(op: Op) -> Iterator[Op]:
    """Layers that are other in one thing."""
    if isinstance(op, Conv | MaxPool | AvgPool):
        window = op.window
        yield replace(op, window=replace(window, stride=Pair(1, 1) if window.stride != (1, 1) else Pair(2, 2)))
        yield replace(op, window=replace(window, kernel=Pair(window.kernel.h + 1, window.kernel.w)))
        yield replace(op, window=replace(window, pad=Pair(window.pad_before.h + 1, window.pad_before.w)))
    match op:
        case Conv():
            yield replace(op, channels=op.channels + op.groups)
            yield replace(op, bias=not op.bias)
            yield replace(op, groups=1)
        case FC():
            yield replace(op, features=op.features + 1)
        case MaxPool(window) | AvgPool(window):
            yield AvgPool(window) if isinstance(op, MaxPool) else MaxPool(window)
            if isinstance(window.pad, Pair):  # no spec can say both
                yield replace(op, window=replace(window, ceil=not window.ceil))
        case BatchNorm() | GroupNorm():
            yield replace(op, eps=0.5)
        case LRN():
            yield from (replace(op, n=op.n + 2), replace(op, k=op.k + 1), replace(op, beta=op.beta + 0.25))
        case Activation() | PReLU():
            yield from (Activation("tanh"), Activation("LeakyReLU", 0.37), Identity())
        case GlobalAvgPool() | GlobalMaxPool():
            yield GlobalMaxPool() if isinstance(op, GlobalAvgPool) else GlobalAvgPool()
        case Take():
            yield replace(op, end="first" if op.end == "last" else "last")
        case Shuffle() | Softmax():
            yield Identity()
        case Add():
            yield Mul()
        case _:
            pass


@st.composite
def changed(draw: st.DrawFn) -> tuple[TypedGraph, TypedGraph]:
    """A network, and one with one layer changed, or with two in a row the other way round."""
    graph = draw(graphs()).inference
    nodes = [typed.node for typed in graph.nodes]
    rows = [i for i, (one, next) in enumerate(pairwise(nodes)) if next.inputs == (one.name,) and len(one.inputs) == 1]
    found: list[tuple[int, Op | None]] = [(i, op) for i, node in enumerate(nodes) for op in _others(node.op)]
    found += [(i, None) for i in rows]
    assume(found)
    at, op = draw(st.sampled_from(found))
    if op is None:
        nodes[at : at + 2] = [replace(nodes[at], op=nodes[at + 1].op), replace(nodes[at + 1], op=nodes[at].op)]
    else:
        nodes[at] = replace(nodes[at], op=op)
    try:
        return graph, infer(Graph(tuple(nodes)))
    except ShapeError:
        assume(condition=False)
        raise


def _same_outputs(one: TypedGraph, other: TypedGraph) -> bool:
    if one.output != other.output or sorted(weight_shapes(one).values()) != sorted(weight_shapes(other).values()):
        return False
    x = torch.randn(3, *one.input.chw, generator=torch.Generator().manual_seed(0))
    given = [np.empty(0)]
    for graph in (one, other):
        network = without_weights(graph)
        load_weights(network, weights_for(graph))
        with torch.inference_mode():
            given.append(network.eval()(x).numpy())
    return np.allclose(given[1], given[2], rtol=1e-4, atol=1e-5)


@fewer
@given(changed())
def test_one_change_of_a_spec_is_told_unless_it_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, both: tuple[TypedGraph, TypedGraph]
) -> None:
    graph, other = both
    path = tmp_path_factory.getbasetemp() / "changed.onnx"
    save(to_onnx(graph, weights_for(graph), fold=False), path)
    read = read_onnx(path, other.input)
    found = compare(normal_form(other), read.form)
    ends_alike = graph.graph.has_softmax == other.graph.has_softmax
    assert found.differences or not ends_alike or _same_outputs(graph, other)
