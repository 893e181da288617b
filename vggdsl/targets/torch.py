"""TypedGraph -> a PyTorch module, its initialisation, and weights in and out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, assert_never

import numpy as np
import torch
from torch import Tensor, nn

from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.ops import (
    FC,
    LRN,
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    Concat,
    Conv,
    Dropout,
    Function,
    GlobalAvgPool,
    Identity,
    Input,
    MaxPool,
    PReLU,
    Softmax,
    Widen,
)
from vggdsl.network.shapes import Pair, Window
from vggdsl.network.weights import COUNTER, Array, Weights, check_weights

Init = Literal["auto", "he", "glorot", "normal", "torch"]
View = Literal["image", "vector", "either"]
"""What a module takes: (N, C, H, W), (N, C), or whichever comes."""

_ACTIVATIONS: dict[Function, type[nn.Module]] = {
    "ReLU": nn.ReLU,
    "LeakyReLU": nn.LeakyReLU,
    "ELU": nn.ELU,
    "GELU": nn.GELU,
    "SiLU": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}
_RECTIFIERS = frozenset({"ReLU", "LeakyReLU", "PReLU", "ELU", "GELU", "SiLU"})


class TrainingOutput(NamedTuple):
    """What ``forward`` gives in training where a network has auxiliary classifiers: logits of all of them."""

    logits: Tensor
    aux: tuple[Tensor, ...]


@dataclass(frozen=True)
class _Step:
    """One node at run time; ``done`` are the values that nothing after it uses."""

    name: str
    inputs: tuple[str, ...]
    view: View
    done: tuple[str, ...]


class Network(nn.Module):
    """A spec's network; modules and weights bear the names of its nodes (``conv1_1.weight``).

    Takes (N, C, H, W). Gives logits, a final softmax left out: (N, n) where the network ends in a vector,
    that is an n-channel 1x1 map, else (N, C, H, W). In training mode a network with auxiliary classifiers
    gives a ``TrainingOutput`` instead; in evaluation they aren't computed.
    """

    typed: TypedGraph

    def __init__(self, typed: TypedGraph) -> None:
        super().__init__()
        self.typed = typed
        self._input = typed.nodes[0].name
        trunk, self._output = _logits(typed.nodes)
        heads = [_logits(head.nodes) for head in typed.heads]
        self._aux = tuple(output for _, output in heads)
        everything = [*trunk, *(node for nodes, _ in heads for node in nodes)]
        flat: dict[str, bool] = {self._input: False}
        views: dict[str, View] = {}
        for node in everything[1:]:
            before = all(flat[name] for name in node.node.inputs)
            module, view = _lower(node, before)
            _place(self, node.name, module)
            views[node.name] = view
            flat[node.name] = before if view == "either" else view == "vector"
        self._steps = _steps(trunk, views, {self._output})
        self._training_steps = _steps(everything, views, {self._output, *self._aux})

    def forward(self, x: Tensor) -> Tensor | TrainingOutput:
        with_heads = self.training and bool(self._aux)
        values = {self._input: x}
        for step in self._training_steps if with_heads else self._steps:
            given = [_as(step.view, values[name]) for name in step.inputs]
            for name in step.done:
                del values[name]
            values[step.name] = _find(self, step.name)(*given)
        logits = _vector(values[self._output])
        return TrainingOutput(logits, tuple(_vector(values[name]) for name in self._aux)) if with_heads else logits


def _logits(nodes: Sequence[TypedNode]) -> tuple[Sequence[TypedNode], str]:
    """The nodes without a final softmax, and the name of what gives the logits."""
    last = nodes[-1].node
    return (nodes[:-1], last.inputs[0]) if isinstance(last.op, Softmax) else (nodes, last.name)


def _steps(nodes: Sequence[TypedNode], views: Mapping[str, View], kept: set[str]) -> tuple[_Step, ...]:
    """The nodes behind the input, each with the values that are ``done`` after it."""
    last_use = {name: node.name for node in nodes for name in node.node.inputs}
    return tuple(
        _Step(
            name=node.name,
            inputs=node.node.inputs,
            view=views[node.name],
            done=tuple(n for n in dict.fromkeys(node.node.inputs) if last_use[n] == node.name and n not in kept),
        )
        for node in nodes[1:]
    )


def _vector(x: Tensor) -> Tensor:
    return x.flatten(1) if x.shape[2:] == (1, 1) else x


class _Widen(nn.Module):
    """Zeros behind the channels; ``pads`` are before and behind each axis, the last first."""

    def __init__(self, pads: tuple[int, ...]) -> None:
        super().__init__()
        self.pads = pads

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.pad(x, self.pads)

    def extra_repr(self) -> str:
        return f"{self.pads}"


class _Concat(nn.Module):
    def forward(self, *xs: Tensor) -> Tensor:
        return torch.cat(xs, dim=1)


class _Add(nn.Module):
    def forward(self, x: Tensor, *others: Tensor) -> Tensor:
        for other in others:
            x = x + other
        return x


def to_torch(graph: TypedGraph, *, seed: int = 0) -> Network:
    """The network as a module, in training mode, initialised by ``initialise`` from ``seed``.

    Torch's global random state is neither used nor changed.
    """
    network = without_weights(graph)
    initialise(network, generator=torch.Generator().manual_seed(seed))
    return network


def without_weights(graph: TypedGraph) -> Network:
    """The network for weights that are still to be set, by ``initialise`` or ``load_weights``: drawing takes time."""
    with torch.device("meta"):  # no memory, and no draws from the global generator
        network = Network(graph)
    network.to_empty(device="cpu")
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.reset_parameters()  # its counter, which weights don't hold
    return network


def _lower(typed: TypedNode, flat: bool) -> tuple[nn.Module, View]:
    """``flat``: all that comes in is (N, C)."""
    op, x = typed.node.op, typed.x
    match op:
        case Conv():
            return _conv(op, x.c), "image"
        case FC():
            return nn.Linear(x.elements, op.features, op.bias), "vector"
        case MaxPool():
            return _max_pool(op.window), "image"
        case AvgPool():
            return _avg_pool(op.window), "image"
        case GlobalAvgPool():
            return nn.AdaptiveAvgPool2d(1), "image"
        case BatchNorm():
            norm = nn.BatchNorm1d if flat else nn.BatchNorm2d
            return norm(x.c, op.eps, op.momentum), "either"
        case LRN():  # torch divides alpha by n, Krizhevsky doesn't
            return nn.LocalResponseNorm(op.n, op.alpha * op.n, op.beta, op.k), "image"
        case Activation():
            return _ACTIVATIONS[op.function](), "either"
        case PReLU():
            return nn.PReLU(x.c), "either"
        case Dropout():
            return nn.Dropout(op.rate), "either"
        case Softmax():  # inside a network: the one at its end isn't lowered
            return nn.Softmax(dim=1), "either"
        case Identity() | Input():
            return nn.Identity(), "either"
        case Widen():
            return _Widen((0, op.channels - x.c) if flat else (0, 0, 0, 0, 0, op.channels - x.c)), "either"
        case Concat():
            return _Concat(), "vector" if flat else "image"
        case Add():
            return _Add(), "vector" if flat else "image"
        case _:
            assert_never(op)


def _conv(op: Conv, c: int) -> nn.Conv2d:
    return nn.Conv2d(
        in_channels=c,
        out_channels=op.channels,
        kernel_size=_two(op.window.kernel),
        stride=_two(op.window.stride),
        padding=_two(op.window.pad),
        dilation=_two(op.window.dilation),
        groups=op.groups,
        bias=op.bias,
    )


def _max_pool(window: Window) -> nn.MaxPool2d:
    return nn.MaxPool2d(
        kernel_size=_two(window.kernel),
        stride=_two(window.stride),
        padding=_two(window.pad),
        dilation=_two(window.dilation),
        ceil_mode=window.ceil,
    )


def _avg_pool(window: Window) -> nn.AvgPool2d:
    return nn.AvgPool2d(
        kernel_size=_two(window.kernel),
        stride=_two(window.stride),
        padding=_two(window.pad),
        ceil_mode=window.ceil,
        count_include_pad=True,
    )


def _two(pair: Pair) -> tuple[int, int]:
    """A plain tuple, which torch prints and traces as its own."""
    return pair.h, pair.w


def _place(network: nn.Module, name: str, module: nn.Module) -> None:
    """Hangs a module at a dotted name.

    Goes by ``_modules`` because ``add_module`` refuses names that are attributes of modules, and a
    label may be any word (``train``, ``half``).
    """
    *path, last = name.split(".")
    parent = network
    for part in path:
        child = parent._modules.get(part)
        if child is None:
            parent._modules[part] = child = nn.Module()
        parent = child
    inside = parent._modules.get(last)
    if inside is not None:  # a part of it came before
        module._modules.update(inside._modules)
    parent._modules[last] = module


def _find(network: nn.Module, name: str) -> nn.Module:
    module: nn.Module | None = network
    for part in name.split("."):
        assert module is not None
        module = module._modules[part]
    assert module is not None
    return module


def _as(view: View, x: Tensor) -> Tensor:
    if view == "vector":
        return x.flatten(1)
    return x[:, :, None, None] if view == "image" and x.dim() == 2 else x


@torch.no_grad()
def initialise(network: Network, how: Init = "auto", *, generator: torch.Generator, std: float = 0.01) -> None:
    """Gives every weight of the network its first value; the same on every device.

    ``how`` is about convolutions and FC, whose biases become zero; each BN becomes the identity, and each slope
    of a PReLU 0.25.

    - ``he``: normal with variance 2 / fan_in.
    - ``glorot``: normal with variance 2 / (fan_in + fan_out).
    - ``auto``: ``he`` for a layer whose values next pass a ReLU or one of its kin (LeakyReLU, PReLU,
      ELU, GELU, SiLU), possibly behind BN, LRN, pools or dropout; ``glorot`` for the others.
    - ``normal``: normal with standard deviation ``std``.
    - ``torch``: what PyTorch's own layers do: weights and biases uniform within 1 / sqrt(fan_in).

    ``generator`` is a CPU generator, and the only source of chance: layers draw in the network's order.
    """
    before_rectifier = _before_rectifier(network.typed)
    for typed in network.typed.training_nodes:
        match typed.node.op:
            case Conv() | FC():
                layer = _find(network, typed.name)
                assert isinstance(layer, nn.Conv2d | nn.Linear)
                way = how
                if how == "auto":
                    way = "he" if typed.name in before_rectifier else "glorot"
                _draw(layer, way, generator, std)
            case BatchNorm():
                norm = _find(network, typed.name)
                assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
                norm.reset_parameters()
            case PReLU():
                slopes = _find(network, typed.name)
                assert isinstance(slopes, nn.PReLU)
                slopes.reset_parameters()


def _draw(layer: nn.Conv2d | nn.Linear, how: Init, generator: torch.Generator, std: float) -> None:
    weight = torch.empty(layer.weight.shape)
    bias = torch.zeros(weight.shape[0])
    bound = 1 / math.sqrt(weight[0].numel())
    match how:
        case "he" | "auto":
            nn.init.kaiming_normal_(weight, nonlinearity="relu", generator=generator)
        case "glorot":
            nn.init.xavier_normal_(weight, generator=generator)
        case "normal":
            weight.normal_(0, std, generator=generator)
        case "torch":
            weight.uniform_(-bound, bound, generator=generator)
            if layer.bias is not None:
                bias.uniform_(-bound, bound, generator=generator)
        case _:
            assert_never(how)
    layer.weight.copy_(weight)
    if layer.bias is not None:
        layer.bias.copy_(bias)


def _before_rectifier(graph: TypedGraph) -> set[str]:
    """The nodes whose values reach a rectifier before another layer with weights or nonlinear function."""
    found: set[str] = set()
    for nodes in (graph.nodes, *(head.nodes for head in graph.heads)):  # what hangs on a network changes nothing in it
        found |= _before_rectifier_of(nodes)
    return found


def _before_rectifier_of(nodes: Sequence[TypedNode]) -> set[str]:
    found: set[str] = set()
    for typed in reversed(nodes):
        op = typed.node.op
        if isinstance(op, Activation | PReLU):
            passes = op.kind in _RECTIFIERS
        else:
            passes = typed.name in found and not isinstance(op, Conv | FC | Softmax)
        if passes:
            found.update(typed.node.inputs)
    return found & {typed.name for typed in nodes}


def weights(network: Network) -> dict[str, Array]:
    """A copy of every weight, bias and running statistic under its node's name."""
    state = network.state_dict()
    return {k: v.numpy(force=True).copy() for k, v in state.items() if not k.endswith("." + COUNTER)}


@torch.no_grad()
def load_weights(network: Network, given: Weights) -> None:
    """Sets every weight, bias and running statistic; batch counters among ``given`` are passed over.

    Raises ``InputError`` V510, with nothing set, if a name is missing or too many or a shape differs.
    """
    state = {k: v for k, v in network.state_dict().items() if not k.endswith("." + COUNTER)}
    check_weights({name: tuple(tensor.shape) for name, tensor in state.items()}, given)
    for name, tensor in state.items():
        array = np.require(given[name], np.float32, ["C", "W"])
        tensor.copy_(torch.from_numpy(array))
