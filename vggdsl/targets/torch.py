"""TypedGraph -> a PyTorch module, its initialisation, and weights in and out."""

import copy
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Self, assert_never

import numpy as np
import torch
from torch import Tensor, nn

from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.ops import Softmax
from vggdsl.network.passes.fc_to_conv import fc_to_conv, of_size, on_maps
from vggdsl.network.weights import COUNTER, Array, Weights, check_weights
from vggdsl.spec.parsing import network_of
from vggdsl.spec.spec import Spec
from vggdsl.targets.modules import Layout, lower
from vggdsl.targets.weight_files import to_arrays
from vggdsl.text.kinds import refuse_other_kinds

_Draw = Literal["he", "glorot", "normal", "torch"]
InitName = Literal["he-torch", "auto", _Draw]


class TrainingOutput(NamedTuple):
    """What ``forward`` gives in training where a network has auxiliary classifiers: logits of all of them."""

    logits: Tensor
    aux: tuple[Tensor, ...]


@dataclass(frozen=True)
class _Step:
    """One node at run time; ``done`` are the values that nothing after it uses."""

    name: str
    inputs: tuple[str, ...]
    layout: Layout
    done: tuple[str, ...]


class Network(nn.Module):
    """A spec's network; modules and weights bear the names of its nodes (``conv1_1.weight``).

    Takes (N, C, H, W). Gives logits, a final softmax left out: (N, n) where the network ends in a vector,
    that is an n-channel 1x1 map, else (N, C, H, W). In training mode a network with auxiliary classifiers
    gives a ``TrainingOutput`` instead; in evaluation they aren't computed.
    """

    typed: TypedGraph
    frozen: frozenset[str] = frozenset()
    """Layers that aren't trained: see ``freeze``."""

    def __init__(self, typed: TypedGraph) -> None:
        super().__init__()
        self.typed = typed
        self._input = typed.nodes[0].name
        trunk, self._output = _logits(typed.nodes)
        heads = [_logits(head.nodes) for head in typed.heads]
        self._aux = tuple(output for _, output in heads)
        everything = [*trunk, *(node for nodes, _ in heads for node in nodes)]
        flat: dict[str, bool] = {self._input: False}
        layouts: dict[str, Layout] = {}
        for node in everything[1:]:
            before = all(flat[name] for name in node.node.inputs)
            module, layout = lower(node.node.op, node.x, before)
            _place(self, node.name, module)
            layouts[node.name] = layout
            flat[node.name] = before if layout == "either" else layout == "vector"
        self._steps = _steps(trunk, layouts, {self._output})
        self._training_steps = _steps(everything, layouts, {self._output, *self._aux})

    def forward(self, x: Tensor) -> Tensor | TrainingOutput:
        with_heads = self.training and bool(self._aux)
        values = {self._input: x}
        for step in self._training_steps if with_heads else self._steps:
            given = [_as(step.layout, values[name]) for name in step.inputs]
            for name in step.done:
                del values[name]
            values[step.name] = layer_at(self, step.name)(*given)
        logits = _vector(values[self._output])
        return TrainingOutput(logits, tuple(_vector(values[name]) for name in self._aux)) if with_heads else logits

    def freeze(self, layers: Collection[str]) -> None:
        """From now on these layers stay as they are: they have no gradients, and norms among them stay in evaluation
        mode, so that running statistics are what they go by, and don't move. All others are trained."""
        self.frozen = frozenset(layers)
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(name.rpartition(".")[0] not in self.frozen)
        self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        for name in self.frozen:  # itself alone: a label may hold other layers, too
            layer_at(self, name).training = False
        return self


def _logits(nodes: Sequence[TypedNode]) -> tuple[Sequence[TypedNode], str]:
    """The nodes without a final softmax, and the name of what gives the logits."""
    last = nodes[-1].node
    return (nodes[:-1], last.inputs[0]) if isinstance(last.op, Softmax) else (nodes, last.name)


def _steps(nodes: Sequence[TypedNode], layouts: Mapping[str, Layout], kept: set[str]) -> tuple[_Step, ...]:
    """The nodes behind the input, each with the values that are ``done`` after it."""
    last_use = {name: node.name for node in nodes for name in node.node.inputs}
    return tuple(
        _Step(
            name=node.name,
            inputs=node.node.inputs,
            layout=layouts[node.name],
            done=tuple(n for n in dict.fromkeys(node.node.inputs) if last_use[n] == node.name and n not in kept),
        )
        for node in nodes[1:]
    )


def _vector(x: Tensor) -> Tensor:
    return x.flatten(1) if x.shape[2:] == (1, 1) else x


def to_torch(network: TypedGraph | Spec | str | Path, *, seed: int = 0) -> Network:
    """The network as a module, in training mode, initialised by ``initialise`` from ``seed``.

    ``network`` may be a spec, its file, or the name of one that ships. Torch's global random state is neither used
    nor changed.
    """
    refuse_other_kinds(to_torch, locals(), but=("network",))
    made = without_weights(network_of(network))
    initialise(made, generator=torch.Generator().manual_seed(seed))
    return made


def without_weights(graph: TypedGraph) -> Network:
    """The network for weights that are still to be set, by ``initialise`` or ``load_weights``: drawing takes time."""
    with torch.device("meta"):  # no memory, and no draws from the global generator
        network = Network(graph)
    network.to_empty(device="cpu")
    for module in network.modules():
        _reset_counter(module)
    return network


def _reset_counter(module: nn.Module) -> None:
    """Of batches, which a BN counts and weights don't hold."""
    counter = module._buffers.get(COUNTER)
    if counter is not None:
        counter.zero_()


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


def layer_at(network: nn.Module, name: str) -> nn.Module:
    """The module at a dotted name; as ``_place``, by ``_modules``."""
    module: nn.Module | None = network
    for part in name.split("."):
        assert module is not None
        module = module._modules[part]
    assert module is not None
    return module


def _as(layout: Layout, x: Tensor) -> Tensor:
    if layout == "vector":
        return x.flatten(1)
    return x[:, :, None, None] if layout == "image" and x.dim() == 2 else x


@torch.no_grad()
def initialise(network: Network, how: InitName = "he-torch", *, generator: torch.Generator, std: float = 0.01) -> None:
    """Gives every weight of the network its first value; the same on every device.

    ``how`` is about convolutions and FC, whose biases become zero; what other layers hold begins with the value
    that their op tells, so that a normalisation is the identity and each slope of a PReLU 0.25.

    - ``he``: normal with variance 2 / fan_in.
    - ``glorot``: normal with variance 2 / (fan_in + fan_out).
    - ``auto``: ``he`` for a layer whose values next pass a ReLU or one of its kin (what is a ``rectifier``),
      possibly behind normalisation, pools or dropout; ``glorot`` for the others.
    - ``he-torch``: convolutions as ``auto``; FC normal with variance 1 / (3 fan_in), that of ``torch``.
    - ``normal``: normal with standard deviation ``std``.
    - ``torch``: what PyTorch's own layers do: weights and biases uniform within 1 / sqrt(fan_in).

    ``generator`` is a CPU generator, and the only source of chance: layers draw in the network's order.
    """
    before_rectifier = _before_rectifier(network.typed)
    for typed in network.typed.training_nodes:
        parts = typed.node.op.parts(typed.x)
        if not parts:
            continue
        layer = layer_at(network, typed.name)
        if isinstance(layer, nn.Conv2d | nn.Linear):
            if how == "he-torch" and isinstance(layer, nn.Linear):
                _draw(layer, "normal", generator, 1 / math.sqrt(3 * layer.in_features))
            elif how == "he-torch" or how == "auto":
                _draw(layer, "he" if typed.name in before_rectifier else "glorot", generator)
            else:
                _draw(layer, how, generator, std)
            continue
        for part in parts:
            assert part.first is not None, part
            getattr(layer, part.name).fill_(part.first)
        _reset_counter(layer)


def _draw(layer: nn.Conv2d | nn.Linear, how: _Draw, generator: torch.Generator, std: float = 0.01) -> None:
    weight = torch.empty(layer.weight.shape)
    bias = torch.zeros(weight.shape[0])
    bound = 1 / math.sqrt(weight[0].numel())
    match how:
        case "he":
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
        if op.activation:
            passes = op.rectifier
        else:
            passes = typed.name in found and not op.weight_layer and not isinstance(op, Softmax)
        if passes:
            found.update(typed.node.inputs)
    return found & {typed.name for typed in nodes}


def weights(network: Network) -> dict[str, Array]:
    """A copy of every weight, bias and running statistic under its node's name, bf16 and fp16 as fp32.

    Raises ``InputError`` V513 for a module without values, as on the meta device.
    """
    return {k: array.copy() for k, array in weights_in_place(network).items()}


def weights_in_place(network: Network) -> dict[str, Array]:
    """As ``weights``, but those in a CPU's memory aren't copied: they change with the network, and it with them."""
    state = {k: v for k, v in network.state_dict().items() if not k.endswith("." + COUNTER)}
    return to_arrays("the module", state)


def in_single_precision(network: Network) -> Network:
    """The network for inference on a CPU; the one that is given stays as it is.

    Weights that are there in single precision already are those of both.
    """
    tensors = (*network.parameters(), *network.buffers())
    kept = [t for t in tensors if t.device.type == "cpu" and t.dtype == torch.float32 and not t.is_inference()]
    return copy.deepcopy(network, {id(each): each for each in (network.typed, *kept)}).cpu().float().eval()


def dense(network: Network) -> Network:
    """The network for images of any size from its input's on, which answers at each of their places: ``fc_to_conv``."""
    typed = network.typed.inference
    made = without_weights(of_size(fc_to_conv(typed), typed.input.h, typed.input.w))
    load_weights(made, on_maps(typed, weights_in_place(network)))
    return made.eval()


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
