"""What the style `volumes` draws: a network as a row of bodies, one or several for each layer or module."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from vggdsl.drawing.outline import Aside, Branch, Fork, Layer, Part, Stage, shape_of
from vggdsl.drawing.telling import gives_text, kind_of, layers_text, times_text
from vggdsl.network.infer import TypedNode
from vggdsl.network.ops import Concat, Mul
from vggdsl.network.shapes import Shape


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
    beside: tuple[str, ...]
    """Lines of what is told of it."""
    kind: str
    gives: tuple[Shape, ...]
    """One for each copy that was folded into it; those may differ."""
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
    def shape(self) -> Shape:
        return self.gives[-1]

    @property
    def lines(self) -> tuple[str, ...]:
        """What is written below it: what it is, what is told beside it, its size."""
        title = self.text + times_text(max(len(self.nodes), self.times))
        return (title, *filter(None, self.beside), gives_text(self.gives))


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
                    self._append(_of_module(part), within)
                case Stage(label, text, (Fork() as fork,), times):
                    self._append(_of_module(fork, label, text, times), within)
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
    return (one.kind, one.text, one.beside, one.gives) == (other.kind, other.text, other.beside, other.gives)


def bodies(parts: Sequence[Part]) -> list[Body]:
    """The bodies of parts of a network, from the first to the last."""
    row = _Row()
    row.add(parts, ())
    return row.bodies


def _of_layer(layer: Layer) -> Body:
    return Body(layer.text, (layer.beside,), kind_of(layer), layer.gives, (layer.told,), layer.times)


def _of_module(fork: Fork, label: str = "", call: str = "", times: int = 1) -> Body:
    """A merge with its branches as one body, by what it gives. Branches that go around it where it only adds or
    multiplies are arcs; where more merges are within, it says of how many layers it consists."""
    word = fork.merge.text
    cuts, arcs = tuple[float, ...](), tuple[Arc, ...]()
    if isinstance(fork.merge.nodes[0].node.op, Concat):
        cuts = _cuts(fork)
    else:
        arcs = tuple(_arcs(fork))
    text = label or call or word
    branches = f"{len(fork.branches)} branches"
    what = [branches if text == word else "" if text == call else call or f"{word} of {branches}"]
    if any(not isinstance(part, Layer | Aside) for branch in fork.branches for part in branch.parts):
        what.append(layers_text([fork]))
    elsewhere = {id(t) for arc in arcs for t in arc.nodes}
    nodes = tuple(t for t in _without_asides(fork) if id(t) not in elsewhere)
    gives = fork.gives
    return Body(text, tuple(what), "module", gives, (nodes,), times, cuts, arcs, asides=tuple(_asides_within(fork)))


def _cuts(fork: Fork) -> tuple[float, ...]:
    """Where in a concatenation the channels of the second, third, … branch begin, as shares of all."""
    channels = [_gives(branch, fork).c for branch in fork.branches]
    return tuple(at / sum(channels) for at in list(accumulate(channels))[:-1])


def _gives(branch: Branch, fork: Fork) -> Shape:
    inner = [shape_of(part) for part in branch.parts if not isinstance(part, Aside)]
    return inner[-1] if inner else (branch.shortcut or fork.merge.nodes)[-1].shape


def _arcs(fork: Fork) -> Iterator[Arc]:
    """The branches of a sum or a product that are shorter than the longest: the input itself, or a projection of it."""
    sign = "× " if isinstance(fork.merge.nodes[0].node.op, Mul) else ""
    inner = [[part for part in branch.parts if not isinstance(part, Aside)] for branch in fork.branches]
    lengths = [_length(branch) for branch in fork.branches]
    longest = lengths.index(max(lengths))
    for index, (branch, parts) in enumerate(zip(fork.branches, inner, strict=True)):
        layers = [part for part in parts if isinstance(part, Layer)]
        if index != longest and len(layers) == len(parts):
            words = " ".join(" ".join(filter(None, (layer.text, layer.beside))) for layer in layers)
            nodes = tuple(t for layer in layers for t in layer.told) or branch.shortcut
            yield Arc(sign + (words or "identity"), nodes, not layers)


def _length(branch: Branch) -> tuple[int, int, int]:
    """By how many layers multiply, how much they do, and how many there are."""
    nodes = [t for part in branch.parts for t in _without_asides(part)]
    return sum(t.macs > 0 for t in nodes), sum(t.macs for t in nodes), len(nodes)


def _without_asides(part: Part) -> tuple[TypedNode, ...]:
    match part:
        case Layer():
            return part.told
        case Fork(branches, merge):
            inner = (t for branch in branches for each in branch.parts for t in _without_asides(each))
            return (*inner, *(t for branch in branches for t in branch.shortcut), *merge.told)
        case Stage(parts=parts):
            return tuple(t for each in parts for t in _without_asides(each))
        case Aside():
            return ()


def _asides_within(fork: Fork) -> Iterator[Aside]:
    """The auxiliary classifiers of a merge's branches, which say what they take: the body shows none of that."""
    for branch in fork.branches:
        yield from _asides_of(branch.parts, "what comes in")


def _asides_of(parts: Sequence[Part], source: str) -> Iterator[Aside]:
    for part in parts:
        match part:
            case Aside():
                yield replace(part, source=source)
                continue
            case Fork(branches):
                for branch in branches:
                    yield from _asides_of(branch.parts, source)
            case Stage(parts=inner):
                yield from _asides_of(inner, source)
            case Layer():
                pass
        word = part.merge.text if isinstance(part, Fork) else part.caption if isinstance(part, Stage) else part.text
        source = " ".join(filter(None, (f"{word}," if word else "", gives_text(part.gives))))
