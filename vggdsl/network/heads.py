"""What stands behind the classifier and keeps from the loss what it takes: logits, one a class, each of any size."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate, chain
from operator import and_, or_

from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.ops import (
    LRN,
    Activation,
    Add,
    AvgPool,
    Concat,
    Dropout,
    GlobalAvgPool,
    GlobalMaxPool,
    Identity,
    MaxPool,
    Mul,
    PReLU,
    Shuffle,
    Softmax,
    Take,
    Widen,
)
from vggdsl.text.errors import Label

Culprits = tuple[str, ...]
"""Names of layers that are at fault together: where branches are added or multiplied, one that gives logits is enough.
"""
Channels = int
"""A set of channels, a bit for each: of as many as a layer may have this is small, and quick to move and to join."""
Faults = dict[Culprits, Channels]
"""Layers at fault, and the channels that they spoil."""


@dataclass(frozen=True)
class Flaw:
    """What a head ends in, instead of the classifier: a layer, or one in each branch that a merge takes.

    Layers are activations, normalisations, dropouts, and what fills up with zeros. ``softmax`` is the one behind them.
    """

    layers: tuple[TypedNode, ...]
    spoilt: int
    """Of so many values of the head."""
    values: int
    softmax: TypedNode | None = None

    @property
    def first(self) -> TypedNode:
        return self.layers[0]

    @property
    def kinds(self) -> str:
        """``ReLU``, ``ReLU and tanh``."""
        return " and ".join(dict.fromkeys(t.node.op.kind for t in self.layers))

    @property
    def zeros(self) -> str:
        """What is to be said of what fills up with zeros; else nothing."""
        if not isinstance(self.first.node.op, Widen):
            return ""
        return f"zeros in place of {self.spoilt} of {self.values} logits"

    def labels(self, text: str) -> tuple[Label, ...]:
        first, *others = (t.node.span for t in self.layers)
        return (Label(first, text), *(Label(span, "and here", primary=False) for span in dict.fromkeys(others)))


def flaws(typed: TypedGraph) -> Iterator[Flaw]:
    """Those of a network's heads that give a vector; auxiliary classifiers are heads, too.

    A concatenation has those of each branch, as far as its channels are taken. A sum and a product are logits if one
    branch is: of ReLUs alone they are never negative, of sigmoids alone they are bounded. But zeros stay zeros in
    each product.
    """
    taken = {name for t in typed.training_nodes for name in t.node.inputs}
    found = _Found(typed)
    for t in typed.training_nodes:
        found.add(t)
        if t.name in taken or (t.shape.h, t.shape.w) != (1, 1):
            continue
        is_softmax = isinstance(t.node.op, Softmax)
        end = t.node.inputs[0] if is_softmax and t.node.inputs else t.name
        for names, channels in found.flawed[end].items():
            layers = tuple(typed[name] for name in names)
            yield Flaw(layers, channels.bit_count(), t.shape.c, t if is_softmax else None)


class _Found:
    """What each layer's values are, from the first layer on."""

    def __init__(self, typed: TypedGraph) -> None:
        self._typed = typed
        self.flawed: dict[str, Faults] = {}
        """Layers for which they are no logits."""
        self.filled: dict[str, Faults] = {}
        """Layers for which some of them are 0 or constant, whatever comes in: also behind a mean over the map."""

    def add(self, t: TypedNode) -> None:
        self.flawed[t.name] = self._flawed(t)
        self.filled[t.name] = self._filled(t)

    def _flawed(self, t: TypedNode) -> Faults:
        op, inputs = t.node.op, t.node.inputs
        match op:
            case Add() | Mul():
                if isinstance(op, Mul) and (zeros := self._zeros(inputs)):
                    return zeros
                return _in_each(self.flawed, inputs)
            case GlobalAvgPool() | GlobalMaxPool() | AvgPool() | MaxPool() if op.plain(t.x) != Identity():
                return self.filled[inputs[0]]
            case _ if (handed_on := self._handed_on(t, self.flawed)) is not None:
                return handed_on
            case _:
                return {(t.name,): _first(t.shape.c)} if op.activation or op.passing else {}

    def _filled(self, t: TypedNode) -> Faults:
        op, inputs = t.node.op, t.node.inputs
        match op:
            case Mul():
                return _together((names, at) for name in inputs for names, at in self.filled[name].items())
            case Add():
                return _in_each(self.filled, inputs)
            case Activation() | PReLU() | Dropout() | GlobalAvgPool() | GlobalMaxPool() | AvgPool() | MaxPool():
                return self.filled[inputs[0]]
            case _:
                return self._handed_on(t, self.filled) or {}

    def _handed_on(self, t: TypedNode, found: Mapping[str, Faults]) -> Faults | None:
        """What a layer has of those before it, where it gives what comes in: at the channels where it gives that."""
        op, inputs = t.node.op, t.node.inputs
        match op:
            case Concat():
                starts = accumulate((self._typed[name].shape.c for name in inputs), initial=0)
                branches = zip(inputs, starts, strict=False)
                return _together((names, at << by) for name, by in branches for names, at in found[name].items())
            case Take(end=end, channels=c):
                by = t.x.c - c if end == "last" else 0
                taken = {names: at >> by & _first(c) for names, at in found[inputs[0]].items()}
                return {names: at for names, at in taken.items() if at}
            case Widen() if op.plain(t.x) != Identity():
                return {**found[inputs[0]], (t.name,): _first(op.channels) ^ _first(t.x.c)}
            case Shuffle(groups=groups):
                return {names: _shuffled(at, t.x.c, groups) for names, at in found[inputs[0]].items()}
            case _:
                return found[inputs[0]] if _hands_on(t) else None

    def _zeros(self, inputs: Iterable[str]) -> Faults:
        """Those for which a factor is 0, whatever the others are: always, or now and then in training."""
        dropped = (each for name in inputs for each in self.flawed[name].items() if all(map(self._drops, each[0])))
        return _together(chain((each for name in inputs for each in self.filled[name].items()), dropped))

    def _drops(self, name: str) -> bool:
        return isinstance(self._typed[name].node.op, Dropout)


def _together(faults: Iterable[tuple[Culprits, Channels]]) -> Faults:
    found = Faults()
    for names, at in faults:
        found[names] = found.get(names, 0) | at
    return found


def _in_each(found: Mapping[str, Faults], inputs: Iterable[str]) -> Faults:
    """All layers together, where there are some in each branch."""
    each = [found[name] for name in inputs]
    if not all(each):
        return {}
    together = dict.fromkeys(name for branch in each for layers in branch for name in layers)
    at = reduce(and_, (reduce(or_, branch.values()) for branch in each))
    return {tuple(together): at} if at else {}


def _first(channels: int) -> Channels:
    return (1 << channels) - 1


def _shuffled(at: Channels, channels: int, groups: int) -> Channels:
    """
    >>> f"{_shuffled(0b111000, 6, 2):06b}"
    '101010'
    """
    bits = f"{at:0{channels}b}"[::-1]
    size = channels // groups
    return int("".join(bits[i::size] for i in range(size))[::-1], 2)


def _hands_on(t: TypedNode) -> bool:
    """Whether a layer gives what comes in: as it is, or larger and smaller."""
    op = t.node.op
    return isinstance(op, LRN | Identity) or (not op.passing and op.plain(t.x) == Identity())
