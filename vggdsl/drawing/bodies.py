"""What the style `volumes` draws: a network as a row of bodies, one or several for each layer or module."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from vggdsl.drawing.outline import Aside, Branch, Fork, Layer, Part, Stage
from vggdsl.drawing.telling import kind_of, size_text, times_text
from vggdsl.network.infer import TypedNode
from vggdsl.network.ops import Concat
from vggdsl.network.shapes import Shape
from vggdsl.text.units import plural


@dataclass(frozen=True)
class Arc:
    """A branch that goes around a module: what it is called, and the nodes that it stands for."""

    text: str
    nodes: tuple[TypedNode, ...]
    is_shortcut: bool


@dataclass(frozen=True)
class Body:
    """Maps of one size that are called alike, or a module by what it gives."""

    text: str
    beside: str
    kind: str
    shape: Shape
    nodes: tuple[tuple[TypedNode, ...], ...]
    """Of each of the maps that stand one behind the other."""
    times: int = 1
    """How often what is drawn once is there."""
    cuts: tuple[float, ...] = ()
    arcs: tuple[Arc, ...] = ()
    stages: tuple[tuple[int, str], ...] = ()
    """The stages that it is in, the outermost first: a number of each, and its caption."""
    asides: tuple[Aside, ...] = ()

    @property
    def lines(self) -> tuple[str, str, str]:
        """What is written below it: what it is, what is told beside it, its size."""
        return self.text + times_text(max(len(self.nodes), self.times)), self.beside, size_text(self.shape)


@dataclass
class _Row:
    bodies: list[Body] = field(default_factory=list)
    stages: int = 0

    def add(self, parts: Sequence[Part], within: tuple[tuple[int, str], ...]) -> None:
        for part in parts:
            match part:
                case Layer():
                    self._append(_of_layer(part), within)
                case Fork():
                    self._append(_of_module(part.merge.text, "", [part], 1), within)
                case Stage(parts=inner) if any(isinstance(each, Fork) for each in inner):
                    self._append(_of_module(part.label or part.text, _second(part), inner, part.times), within)
                case Stage(parts=inner):
                    self.stages += 1
                    caption = (part.caption + times_text(part.times)).strip()
                    self.add(inner, (*within, (self.stages, caption)))
                case Aside() if self.bodies:
                    self.bodies[-1] = replace(self.bodies[-1], asides=(*self.bodies[-1].asides, part))
                case Aside():
                    raise AssertionError("an input or a layer comes first")

    def _append(self, body: Body, within: tuple[tuple[int, str], ...]) -> None:
        """Puts a body behind the others; one that is like the last one joins it."""
        last = self.bodies[-1] if self.bodies else None
        if last is not None and not last.asides and _is_alike(last, body) and within == last.stages:
            self.bodies[-1] = replace(last, nodes=(*last.nodes, *body.nodes))
            return
        self.bodies.append(replace(body, stages=within))


def _is_alike(one: Body, other: Body) -> bool:
    """Whether two layers are called alike and give maps of one size."""
    if one.kind == "module" or one.times > 1 or other.times > 1:
        return False
    return (one.kind, one.text, one.beside, one.shape) == (other.kind, other.text, other.beside, other.shape)


def bodies(parts: Sequence[Part]) -> list[Body]:
    """The bodies of parts of a network, from the first to the last."""
    row = _Row()
    row.add(parts, ())
    return row.bodies


def _of_layer(layer: Layer) -> Body:
    return Body(layer.text, layer.beside, kind_of(layer), layer.shape, (layer.told,), layer.times)


def _second(stage: Stage) -> str:
    """What a module with a label is a call of."""
    return stage.text if stage.label else ""


def _of_module(text: str, second: str, parts: Sequence[Part], times: int) -> Body:
    """A module as one body, by what it gives. Branches that go around it where it only adds are arcs."""
    last = next(part for part in reversed(parts) if not isinstance(part, Aside))
    asides = tuple(part for part in parts if isinstance(part, Aside))
    told = tuple(t for part in parts if not isinstance(part, Aside) for t in part.told)
    cuts, arcs = tuple[float, ...](), tuple[Arc, ...]()
    forks = [part for part in parts if isinstance(part, Fork)]
    if isinstance(last, Fork) and isinstance(last.merge.nodes[0].node.op, Concat):
        cuts = _cuts(last)
    if len(forks) == len(parts) - len(asides) == 1:
        arcs = tuple(_arcs(forks[0]))
    if not second and len(forks) == 1 and text == forks[0].merge.text:
        second = plural(len(forks[0].branches), "branch").replace("branchs", "branches")
    elsewhere = {id(t) for arc in arcs for t in arc.nodes}
    nodes = tuple(t for t in told if id(t) not in elsewhere)
    return Body(text, second, "module", last.shape, (nodes,), times, cuts, arcs, asides=asides)


def _cuts(fork: Fork) -> tuple[float, ...]:
    """Where in a concatenation the channels of the second, third, … branch begin, as shares of all."""
    channels = [_gives(branch, fork).c for branch in fork.branches]
    return tuple(at / sum(channels) for at in list(accumulate(channels))[:-1])


def _gives(branch: Branch, fork: Fork) -> Shape:
    inner = [part.shape for part in branch.parts if not isinstance(part, Aside)]
    return inner[-1] if inner else (branch.shortcut or fork.merge.nodes)[-1].shape


def _arcs(fork: Fork) -> Iterator[Arc]:
    """The branches of a sum that are shorter than the longest: the input itself, or a projection of it."""
    if isinstance(fork.merge.nodes[0].node.op, Concat):
        return
    lengths = [len(branch.told) * bool(branch.parts) for branch in fork.branches]
    longest = lengths.index(max(lengths))
    for index, branch in enumerate(fork.branches):
        if index == longest or any(isinstance(part, Aside) for part in branch.parts):
            continue
        layers = [part for part in branch.parts if isinstance(part, Layer)]
        if len(layers) == len(branch.parts):
            yield Arc(" ".join(layer.text for layer in layers) or "identity", branch.told, not layers)
