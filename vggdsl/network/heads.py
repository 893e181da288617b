"""What stands behind the classifier and keeps from the loss what it takes: logits, one a class, each of any size."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

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
    Widen,
)
from vggdsl.text.errors import Label

Culprits = tuple[str, ...]
"""Names of layers that are at fault together: where branches are added or multiplied, one that gives logits is enough.
"""


@dataclass(frozen=True)
class Flaw:
    """What a head ends in, instead of the classifier: a layer, or one in each branch that a merge takes.

    Layers are activations, normalisations, dropouts, and what fills up with zeros. ``softmax`` is the one behind them.
    """

    layers: tuple[TypedNode, ...]
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
        op = self.first.node.op
        if not isinstance(op, Widen):
            return ""
        return f"zeros in place of {op.channels - self.first.x.c} of {op.channels} logits"

    def labels(self, text: str) -> tuple[Label, ...]:
        first, *others = (t.node.span for t in self.layers)
        return (Label(first, text), *(Label(span, "and here", primary=False) for span in dict.fromkeys(others)))


def flaws(typed: TypedGraph) -> Iterator[Flaw]:
    """Those of a network's heads that give a vector; auxiliary classifiers are heads, too.

    A concatenation has those of each branch. A sum and a product are logits if one branch is: of ReLUs alone they are
    never negative, of sigmoids alone they are bounded. But zeros stay zeros in each product.
    """
    taken = {name for t in typed.training_nodes for name in t.node.inputs}
    found = _Found(typed)
    for t in typed.training_nodes:
        found.add(t)
        if t.name in taken or (t.shape.h, t.shape.w) != (1, 1):
            continue
        is_softmax = isinstance(t.node.op, Softmax)
        end = t.node.inputs[0] if is_softmax and t.node.inputs else t.name
        for names in found.flawed[end]:
            yield Flaw(tuple(typed[name] for name in names), t if is_softmax else None)


class _Found:
    """What each layer's values are, from the first layer on."""

    def __init__(self, typed: TypedGraph) -> None:
        self._typed = typed
        self.flawed: dict[str, tuple[Culprits, ...]] = {}
        """Layers for which they are no logits."""
        self.filled: dict[str, tuple[Culprits, ...]] = {}
        """Layers for which some of them are 0 or constant, whatever comes in: also behind a mean over the map."""

    def add(self, t: TypedNode) -> None:
        self.flawed[t.name] = tuple(dict.fromkeys(self._flawed(t)))
        self.filled[t.name] = tuple(dict.fromkeys(self._filled(t)))

    def _flawed(self, t: TypedNode) -> Iterable[Culprits]:
        op, inputs = t.node.op, t.node.inputs
        match op:
            case Concat():
                return (each for name in inputs for each in self.flawed[name])
            case Add() | Mul():
                if isinstance(op, Mul) and (zeros := [*self._zeros(inputs)]):
                    return zeros
                return _in_each(self.flawed, inputs)
            case GlobalAvgPool() | GlobalMaxPool() | AvgPool() | MaxPool() if op.plain(t.x) != Identity():
                return self.filled[inputs[0]]
            case Widen() if op.plain(t.x) != Identity():
                return (*self.flawed[inputs[0]], (t.name,))
            case _ if _hands_on(t):
                return self.flawed[inputs[0]]
            case _:
                return [(t.name,)] if op.activation or op.passing else ()

    def _filled(self, t: TypedNode) -> Iterable[Culprits]:
        op, inputs = t.node.op, t.node.inputs
        match op:
            case Concat() | Mul():
                return (each for name in inputs for each in self.filled[name])
            case Add():
                return _in_each(self.filled, inputs)
            case Widen() if op.plain(t.x) != Identity():
                return (*self.filled[inputs[0]], (t.name,))
            case Activation() | PReLU() | Dropout() | GlobalAvgPool() | GlobalMaxPool() | AvgPool() | MaxPool():
                return self.filled[inputs[0]]
            case _:
                return self.filled[inputs[0]] if _hands_on(t) else ()

    def _zeros(self, inputs: Iterable[str]) -> Iterator[Culprits]:
        """Those for which a factor is 0, whatever the others are: always, or now and then in training."""
        for name in inputs:
            yield from self.filled[name]
            yield from (each for each in self.flawed[name] if all(map(self._drops, each)))

    def _drops(self, name: str) -> bool:
        return isinstance(self._typed[name].node.op, Dropout)


def _in_each(found: Mapping[str, tuple[Culprits, ...]], inputs: Iterable[str]) -> tuple[Culprits, ...]:
    """All layers together, where there are some in each branch."""
    each = [found[name] for name in inputs]
    together = dict.fromkeys(name for branch in each for layers in branch for name in layers)
    return (tuple(together),) if all(each) else ()


def _hands_on(t: TypedNode) -> bool:
    """Whether a layer gives what comes in: as it is, in another order, or larger and smaller."""
    op = t.node.op
    return isinstance(op, LRN | Identity | Shuffle) or (not op.passing and op.plain(t.x) == Identity())
