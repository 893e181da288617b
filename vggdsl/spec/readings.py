"""Ways to count what a source prints: the one that is meant here, and others that are somebody's convention.

A figure that fails as written may hold as another tool or paper counts. Then it was read wrongly, and the
convention's name says how it is to be written. No reading is offered that nobody counts by.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from vggdsl.network.infer import TypedNode
from vggdsl.network.ops import (
    FC,
    LRN,
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    Concat,
    Conv,
    GlobalAvgPool,
    GlobalMaxPool,
    GroupNorm,
    Input,
    MaxPool,
    Mul,
    PReLU,
)
from vggdsl.text.figures import Figure
from vggdsl.text.units import plural

Nodes = Sequence[TypedNode]


@dataclass(frozen=True)
class Part:
    """The network, or some of its nodes, whose figures are asked for."""

    name: str
    nodes: tuple[TypedNode, ...]
    whole: bool
    heads: tuple[TypedNode, ...] = ()
    """Those of auxiliary classifiers, which only training has."""

    def __repr__(self) -> str:
        return f"Part({self.name!r}, {plural(len(self.nodes), 'layer')})"

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """The figures that are counted, in the sense of the language."""
        in_training = {"training-params": _sum("params", (*self.nodes, *self.heads))}
        depth = {"weight-layers": max(t.depth for t in self.nodes) - (0 if self.whole else self._before())}
        return {name: self._counted(name, self.nodes) for name in _COUNTS} | in_training | depth

    def _before(self) -> int:
        return min(t.depth - t.node.op.weight_layer for t in self.nodes)

    def _counted(self, name: str, nodes: Nodes) -> int:
        if name == "activations" and self.whole:
            nodes = [t for t in nodes if not isinstance(t.node.op, Input)]
        return _sum(name, nodes)

    def readings(self, name: str) -> Iterator["Reading"]:
        """Other ways to count what a source calls ``name``: first as many classifiers, counted otherwise."""
        if name == "weight-layers":
            every = sum(t.node.op.weight_layer for t in self.nodes)
            yield Reading("counting every layer with weights, not those on the longest path", every, NO_MEASURE)
            return
        in_training = name == "training-params" and bool(self.heads)
        counted = "params" if name == "training-params" else name
        for trained in (in_training, not in_training) if self.heads else (in_training,):
            nodes = (*self.nodes, *self.heads) if trained else self.nodes
            scope = "" if trained == in_training else f"{'with' if trained else 'without'} auxiliary classifiers"
            for said, measure in (("", counted), *_MEASURED_OTHERWISE.get(counted, ())):
                if how := ", ".join(filter(None, (scope, said))):
                    claimed = {"params": "training-params"}.get(measure) if trained else measure
                    yield Reading(how, self._counted(measure, nodes), NO_MEASURE, claimed)
            for convention in _CONVENTIONS:
                if counted in convention.measures and (value := convention.count(counted, nodes)) is not None:
                    how = ", ".join(filter(None, (scope, convention.said)))
                    yield Reading(how, value, NO_MEASURE if scope else convention.mend)

    def elsewhere(self, fits: Callable[[TypedNode], bool]) -> str | None:
        """How the figure of one layer could have been printed for the whole network, if one fits: the last."""
        if not self.whole:
            return None
        return next((t.name for t in reversed(self.nodes) if fits(t)), None)


NO_MEASURE = "no measure counts so, keep it in a comment"
LONG = 1000
"""Figures from here on hardly are those of a layer by chance."""


@dataclass(frozen=True)
class Reading:
    """A way to count: what to say of it, what it gives, and how a source's figure is kept then."""

    said: str
    value: int
    mend: str
    measure: str | None = None
    """The measure that counts so, if there is one: it is written in the place of the claim's own."""


_COUNTS: Mapping[str, Callable[[TypedNode], int]] = {
    "params": lambda t: t.params.learnable,
    "weights": lambda t: t.params.weights,
    "total-params": lambda t: t.params.total,
    "non-trainable-params": lambda t: t.params.running,
    "macs": lambda t: t.macs,
    "activations": lambda t: t.activations,
}
"""What is summed over layers."""

_MEASURED_OTHERWISE: Mapping[str, Sequence[tuple[str, str]]] = {
    "params": (("without biases", "weights"), ("with running statistics", "total-params")),
    "weights": (("with biases", "params"), ("with biases and running statistics", "total-params")),
    "total-params": (("without running statistics", "params"), ("without biases", "weights")),
}
"""Other ways to count what a table calls parameters: what to say, and the measure that counts so."""

IN_1024 = ("params", "weights", "total-params", "training-params", "non-trainable-params", "activations")
"""What some count in units of 1024, as memory is; nobody counts operations so."""


def _sum(name: str, nodes: Iterable[TypedNode]) -> int:
    return sum(map(_COUNTS[name], nodes))


# -- whose convention it is


@dataclass(frozen=True)
class _Convention:
    """Somebody's way to count; ``count`` gives None where the network has nothing that it counts otherwise."""

    said: str
    measures: Sequence[str]
    count: Callable[[str, Nodes], int | None]
    mend: str = NO_MEASURE


def _biases(nodes: Nodes) -> int:
    return sum(t.params.biases * t.shape.h * t.shape.w for t in nodes if t.macs)


def _values(nodes: Nodes, *kinds: type) -> int:
    """How many values go into the layers of these kinds."""
    return sum(t.x.elements for t in nodes if isinstance(t.node.op, kinds))


def _with_biases(_: str, nodes: Nodes) -> int:
    return _sum("macs", nodes) + _biases(nodes)


def _with_biases_once(name: str, nodes: Nodes) -> int:
    """Normalisation has its parameters once, not at each position."""
    return _with_biases(name, nodes) + sum(t.params.learnable for t in nodes if not t.macs)


def _with_norms(_: str, nodes: Nodes) -> int:
    return _sum("macs", nodes) + 2 * _values(nodes, BatchNorm) + _values(nodes, GlobalAvgPool)


_FUNCTIONS = {"ReLU": 2, "ELU": 2, "GELU": 2, "LeakyReLU": 1, "ReLU6": 1, "SiLU": 1}
"""How many operations a value ptflops 0.7.5 counts: one for a module that it knows and one for the call that it is made
of, where it knows that. Others it knows neither way."""


def _with_all(name: str, nodes: Nodes) -> int:
    return _with_biases(name, nodes) + sum(map(_beside, nodes))


def _beside(t: TypedNode) -> int:
    """What ptflops counts of a layer besides multiply-adds, as modules of PyTorch have it."""
    match t.node.op:
        case Activation(function):
            return _FUNCTIONS.get(function, 0) * t.x.elements
        case PReLU() | BatchNorm() | GroupNorm() | MaxPool() | AvgPool() | GlobalAvgPool() | GlobalMaxPool():
            return 2 * t.x.elements
        case LRN(n):  # two products, a sum, and the pool over the channels with their padding
            return 3 * t.x.elements + (t.x.c + n - 1) * t.x.h * t.x.w
        case _:
            return 0


def _without_classifier(name: str, nodes: Nodes) -> int | None:
    """Without the FCs at the end, from the first on behind which no convolution and no merge comes."""
    ops = [t.node.op for t in nodes]
    body = max((i for i, op in enumerate(ops) if isinstance(op, Conv | Concat | Add | Mul)), default=-1) + 1
    first = next((i for i, op in enumerate(ops[body:], body) if isinstance(op, FC)), None)
    return _sum(name, nodes[:first]) if first else None


def _with_every_bias(name: str, nodes: Nodes) -> int | None:
    missing = sum(t.shape.c for t in nodes if isinstance(t.node.op, Conv) and not t.node.op.bias)
    return _sum(name, nodes) + missing if missing else None


def _twice(_: str, nodes: Nodes) -> int:
    return 2 * _sum("macs", nodes)


_HALF = "claim the half as `macs`"
_CONVENTIONS = (
    _Convention("counting a multiply-add as two operations", ("macs",), _twice, _HALF),
    _Convention("with biases, as torchinfo counts", ("macs",), _with_biases_once),
    _Convention("with biases, as ptflops' aten backend counts", ("macs",), _with_biases),
    _Convention("with BN as two operations a value, as fvcore counts", ("macs",), _with_norms),
    _Convention("with biases, and BN, activations and pools as two a value, as ptflops counts", ("macs",), _with_all),
    _Convention(
        "without the classifier, as Keras counts with include_top=False",
        ("params", "weights", "total-params", "non-trainable-params", "macs"),
        _without_classifier,
    ),
    _Convention(
        "with a bias in every convolution, as Keras' own models have",
        ("params", "total-params"),
        _with_every_bias,
        "write `default conv: bias=yes`",
    ),
)


# -- a figure under them


class Offer(NamedTuple):
    """How a figure could be meant, and what is to stand in its place and its measure's where that says it."""

    help: str
    instead: str = ""


def other_reading(figure: Figure, name: str, part: Part, between: str) -> Offer | None:
    """How the figure could be meant, if it isn't meant as written: the nearest of the conventions that it fits.

    ``between`` is what stands between a measure and its figure there.
    """
    units = [figure.unit]
    if name in IN_1024:
        units += {"K": ["Ki"], "M": ["Mi"], "G": ["Gi"]}.get(figure.unit, [])
    units += {"Ki": ["K"], "Mi": ["M"], "Gi": ["G"]}.get(figure.unit, [])
    fitting = []
    for unit in units:
        meant = figure if unit == figure.unit else figure.in_unit(unit)
        for reading in (Reading("", part.counts[name], NO_MEASURE, name), *part.readings(name)):
            if (reading.said or unit != figure.unit) and meant.holds(reading.value):
                how = [reading.said] if reading.said else []
                how += [f"in units of {1024 if unit.endswith('i') else 1000}"] if unit != figure.unit else []
                instead = f"{reading.measure}{between}{meant.text}" if reading.measure else ""
                help = f"it would hold {', '.join(how)}: {f'write `{instead}`' if instead else reading.mend}"
                fitting.append((len(how), abs(meant.value - reading.value), Offer(help, instead)))
    if fitting:
        return min(fitting, key=lambda f: f[:2])[2]
    if name not in _COUNTS or figure.unit or figure.approximate or figure.value < LONG:
        return None
    return at_layer(part, name, figure.text, lambda t: figure.holds(_COUNTS[name](t)))


def at_layer(part: Part, name: str, printed: str, fits: Callable[[TypedNode], bool]) -> Offer | None:
    """The claim of the layer that a figure of the whole network would fit."""
    layer = part.elsewhere(fits)
    return Offer(f"it would hold at `{layer}`: write `claim {layer} {name} {printed}`") if layer else None
