"""What of a network is drawn: its layers in the order and the nesting of the text, with repeats folded.

Every node of the network stands in the outline once: as the layer that is drawn, beside it, or as a copy of it that
was folded into it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count, groupby
from typing import assert_never

from vggdsl.language import syntax
from vggdsl.language.blocks import Blocks, Values, blocks_of, items_of, values_of
from vggdsl.network.graph import Node
from vggdsl.network.infer import TypedHead, TypedNode
from vggdsl.network.ops import Identity, Input, Softmax
from vggdsl.network.shapes import Shape
from vggdsl.spec.spec import Spec

MOST_ALIKE = 4
"""Layers in a row that are alike and are drawn each by itself: VGG-E has four; more are folded into one. Of a repeat
whose copies differ in sizes so many are drawn each by itself, too; of more one stands for all and says what changes."""


@dataclass(frozen=True)
class Layer:
    """A layer with what is told beside it, as BN and ReLU are; ``copies`` are those that were folded into it."""

    nodes: tuple[TypedNode, ...]
    label: str = ""
    times: int = 1
    copies: tuple[TypedNode, ...] = ()

    @property
    def text(self) -> str:
        """The layer's word as it is written, with its label; a merge's and an input's word alone."""
        node = self.nodes[0].node
        word = node.op.word if node.branches or isinstance(node.op, Input) else _architecture(node)
        return f"{self.label}: {word}" if self.label else word

    @property
    def beside(self) -> str:
        return " ".join(_architecture(t.node) for t in self.nodes[1:])

    @property
    def gives(self) -> tuple[Shape, ...]:
        of_each = len(self.nodes) * self.times
        return tuple(t.shape for t in self.told[of_each - 1 :: of_each])

    @property
    def told(self) -> tuple[TypedNode, ...]:
        return (*self.nodes, *self.copies)

    @cached_property
    def structure(self) -> tuple[object, ...]:
        return (self.label, self.times, *((t.node.op, t.node.spelled) for t in self.nodes))


def _architecture(node: Node) -> str:
    """A layer as it is written, without that no rule is to apply: what rules gave is told beside it."""
    words = (node.spelled or node.op.word).split()
    return " ".join(word for word in words if word.lower() != "after=none")


@dataclass(frozen=True)
class Fork:
    """Branches side by side and the merge that takes them all. A branch without parts hands on what comes in."""

    branches: tuple["Branch", ...]
    merge: Layer

    @property
    def gives(self) -> tuple[Shape, ...]:
        return self.merge.gives

    @property
    def told(self) -> tuple[TypedNode, ...]:
        return (*(t for branch in self.branches for t in branch.told), *self.merge.told)

    @cached_property
    def structure(self) -> tuple[object, ...]:
        return ("fork", self.merge.structure, *(branch.structure for branch in self.branches))


@dataclass(frozen=True)
class Branch:
    parts: tuple["Part", ...]
    shortcut: tuple[TypedNode, ...] = ()
    """The identities of which it consists, if it has nothing else."""

    @property
    def told(self) -> tuple[TypedNode, ...]:
        return (*(t for part in self.parts for t in part.told), *self.shortcut)

    @cached_property
    def structure(self) -> tuple[object, ...]:
        return (bool(self.shortcut), *(part.structure for part in self.parts))


@dataclass(frozen=True)
class Stage:
    """A block or a group of the text with a name: ``text`` is how it is called, ``label`` what it is called there."""

    label: str
    text: str
    parts: tuple["Part", ...]
    times: int = 1

    @property
    def caption(self) -> str:
        return ": ".join(filter(None, (self.label, self.text)))

    @property
    def gives(self) -> tuple[Shape, ...]:
        inner = next(part.gives for part in reversed(self.parts) if not isinstance(part, Aside))
        return inner[self.times - 1 :: self.times]

    @property
    def told(self) -> tuple[TypedNode, ...]:
        return tuple(t for part in self.parts for t in part.told)

    @cached_property
    def structure(self) -> tuple[object, ...]:
        return (self.label, self.text, self.times, *(part.structure for part in self.parts))


@dataclass(frozen=True)
class Aside:
    """An auxiliary classifier: in training it takes what the part before it gives."""

    label: str
    weight: float
    parts: tuple["Part", ...]
    source: str = ""
    """What it takes, where the picture does not show that by itself."""

    @property
    def caption(self) -> str:
        return f"{self.label}: aux {self.weight:g}, in training" + (f", from {self.source}" if self.source else "")

    @property
    def gives(self) -> tuple[Shape, ...]:
        return self.parts[-1].gives

    @property
    def told(self) -> tuple[TypedNode, ...]:
        return tuple(t for part in self.parts for t in part.told)

    @cached_property
    def structure(self) -> tuple[object, ...]:
        return (self.label, self.weight, *(part.structure for part in self.parts))


Part = Layer | Fork | Stage | Aside
"""Of each ``told`` are the nodes that it stands for, ``structure`` is what it is apart from sizes, and ``gives`` the
shapes that come out: one for each copy of what it lies in, and thus one of what lies in no fold."""


def shape_of(part: Part) -> Shape:
    """What a part gives; of copies, which may differ, the last one."""
    return part.gives[-1]


def outline(spec: Spec) -> tuple[Part, ...]:
    """The parts of a network, one after another; the first is the input."""
    return tuple(_Outline(spec).parts)


class _Nodes:
    """Nodes in the order in which the text says them, handed out a layer at a time."""

    def __init__(self, nodes: Sequence[TypedNode]) -> None:
        self._nodes, self._at = nodes, 0

    def layer(self) -> tuple[TypedNode, ...]:
        """The next one, with those that a rule put behind it."""
        start = self._at
        self._at += 1
        while self._at < len(self._nodes) and self._nodes[self._at].node.implied:
            self._at += 1
        return tuple(self._nodes[start : self._at])


class _Outline:
    def __init__(self, spec: Spec) -> None:
        self.blocks: Blocks = blocks_of(spec.whole.contents, [])
        self.heads: Iterator[tuple[int, TypedHead]] = zip(count(1), spec.typed.heads, strict=False)
        trunk = _Nodes(spec.typed.nodes)
        first = Layer(trunk.layer())
        items = [item for item in spec.whole.items if not isinstance(item.element, syntax.Input)]
        self.parts = [first, *self._row(items, trunk, {})]

    def _row(self, items: Iterable[syntax.Item], nodes: _Nodes, values: Values) -> list[Part]:
        return _folded(_beside([part for item in items for part in self._item(item, nodes, values)]))

    def _item(self, item: syntax.Item, nodes: _Nodes, values: Values) -> list[Part]:
        """What an item becomes; a group without a name that stands once is no part of its own."""
        copies = [self._element(item, nodes, values) for _ in range(item.times)]
        first = copies[0]
        if len(copies) == 1 or isinstance(item.element, syntax.Layer) or any(map(_has_aside, first)):
            return [part for copy in copies for part in copy]
        if len(first) == 1 and not isinstance(first[0], Layer):
            return _repeated([copy[0] for copy in copies])
        return _repeated([Stage("", "", tuple(copy)) for copy in copies])

    def _element(self, item: syntax.Item, nodes: _Nodes, values: Values) -> list[Part]:
        label, element = str(item.label or ""), item.element
        match element:
            case syntax.Layer() | syntax.Input():
                return [Layer(nodes.layer(), label)]
            case syntax.Merge(branches=branches):
                within = tuple([_branch(self._row(branch, nodes, values)) for branch in branches])
                fork = Fork(within, Layer(nodes.layer()))
                return [Stage(label, "", (fork,))] if label else [fork]
            case syntax.Group(items):
                parts = self._row(items, nodes, values)
                return [Stage(label, "", tuple(parts))] if label else parts
            case syntax.Call(name):
                block = self.blocks[name]
                own = values_of(element, block, values)
                given = ", ".join(str(own[parameter]) for parameter in block.parameters)
                call = f"{name}({given})" if given else str(name)
                return _called(label, call, self._row(items_of(block), nodes, own))
            case syntax.Aux(items=items):
                number, head = next(self.heads)
                inside = self._row(items, _Nodes(head.nodes), values)
                return [Aside(label or f"aux{number}", head.weight, tuple(inside))]
            case syntax.Alternation():
                raise AssertionError("a spec is one network")
            case _:
                assert_never(element)


def _called(label: str, text: str, parts: list[Part]) -> list[Part]:
    """A call; of a single layer it is that layer, and of auxiliary classifiers alone these."""
    if all(isinstance(part, Aside) for part in parts):
        return parts
    if len(parts) == 1 and isinstance(parts[0], Layer) and not parts[0].label:
        return [replace(parts[0], label=label)]
    return [Stage(label, text, tuple(parts))]


def _has_aside(part: Part) -> bool:
    match part:
        case Layer():
            return False
        case Fork(branches):
            return any(_has_aside(inner) for branch in branches for inner in branch.parts)
        case Stage(parts=parts):
            return any(map(_has_aside, parts))
        case Aside():
            return True


def _branch(parts: list[Part]) -> Branch:
    if all(isinstance(part, Layer) and all(isinstance(t.node.op, Identity) for t in part.nodes) for part in parts):
        return Branch((), tuple(t for part in parts for t in part.told))
    return Branch(tuple(parts))


def _beside(parts: Iterable[Part]) -> list[Part]:
    """The parts, with an activation or a dropout that is written behind another layer told beside that."""
    found = list[Part]()
    for part in parts:
        before = found[-1] if found else None
        if isinstance(part, Layer) and not part.label and _is_small(part.nodes[0]):
            if isinstance(before, Layer) and before.nodes[0].node.inputs and before.times == 1:
                found[-1] = replace(before, nodes=(*before.nodes, *part.nodes))
                continue
            if isinstance(before, Fork):
                found[-1] = replace(before, merge=replace(before.merge, nodes=(*before.merge.nodes, *part.nodes)))
                continue
        found.append(part)
    return found


def _is_small(t: TypedNode) -> bool:
    """Whether a layer does no more than change values in place."""
    return t.node.op.in_place and not t.params.total and not isinstance(t.node.op, Identity | Softmax)


def _folded(parts: Iterable[Part]) -> list[Part]:
    """The parts, with runs of those that are alike in layers and sizes as one that stands for all."""
    found = list[Part]()
    for alike in _runs(parts):
        most = MOST_ALIKE if isinstance(alike[0], Layer) else 1
        is_folded = len(alike) > most and not any(map(_has_aside, alike))
        found += [_joined(alike)] if is_folded else alike
    return found


def _runs(parts: Iterable[Part]) -> list[list[Part]]:
    runs = groupby(parts, key=lambda part: (part.structure, tuple(t.shape for t in part.told)))
    return [list(run) for _, run in runs]


def _repeated(copies: Sequence[Part]) -> list[Part]:
    """Copies of one text as one for each size that they come in, or, where that is long, as one for all."""
    runs = _runs(copies)
    is_one_structure = all(copy.structure == copies[0].structure for copy in copies)
    if len(runs) > MOST_ALIKE and is_one_structure:
        return [_joined(copies)]
    return [part for run in runs for part in ([_joined(run)] if len(run) > 1 else _opened(run[0]))]


def _opened(part: Part) -> Sequence[Part]:
    """What is in a group without a name that stands once."""
    return part.parts if isinstance(part, Stage) and part.times == 1 and not part.caption else [part]


def _joined(parts: Sequence[Part]) -> Part:
    """Parts of one structure as one that is there as often."""
    joined = _copied(parts)
    if isinstance(joined, Fork):
        return Stage("", "", (joined,), len(parts))
    assert not isinstance(joined, Aside)
    return replace(joined, times=joined.times * len(parts))


def _copied(parts: Sequence[Part]) -> Part:
    """The first of parts of one structure, with the nodes of the others as copies of its own."""
    first, *others = parts
    match first:
        case Layer():
            return replace(first, copies=(*first.copies, *(t for other in others for t in other.told)))
        case Fork():
            forks = [part for part in parts if isinstance(part, Fork)]
            branches = tuple(_one_branch(each) for each in zip(*(f.branches for f in forks), strict=True))
            return Fork(branches, _one_layer([f.merge for f in forks]))
        case Stage():
            stages = [part for part in parts if isinstance(part, Stage)]
            inner = zip(*(stage.parts for stage in stages), strict=True)
            return replace(first, parts=tuple(_copied(each) for each in inner))
        case Aside():
            raise AssertionError("each auxiliary classifier is drawn")


def _one_branch(branches: Sequence[Branch]) -> Branch:
    parts = tuple(_copied(each) for each in zip(*(branch.parts for branch in branches), strict=True))
    return Branch(parts, tuple(t for branch in branches for t in branch.shortcut))


def _one_layer(layers: Sequence[Layer]) -> Layer:
    layer = _copied(layers)
    assert isinstance(layer, Layer)
    return layer
