"""Which layers make a module of their own: those of one label, where one value goes in and one comes out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.ops import Identity, Softmax
from vggdsl.targets.plain.layers import Lowered, layout_of, lower

Path = tuple[str, ...]
"""A layer's name, or the start of it, at its dots."""


@dataclass(frozen=True)
class Scope:
    """Layers that are computed in one ``forward``, among them scopes; ``path`` is what their names begin with.

    ``takes`` and ``gives`` are values: names of the layers that give them.
    """

    path: Path
    units: tuple["TypedNode | Scope", ...]
    takes: str
    gives: str
    gives_flat: bool

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @cached_property
    def scopes(self) -> tuple["Scope", ...]:
        return tuple(unit for unit in self.units if isinstance(unit, Scope))

    @cached_property
    def height(self) -> int:
        """How many scopes are within each other below it."""
        return max((1 + scope.height for scope in self.scopes), default=0)


@dataclass(frozen=True)
class Head:
    """An auxiliary classifier: what it takes from the network, and its units."""

    name: str
    weight: float
    takes: str
    units: tuple[TypedNode | Scope, ...]
    gives: str


@dataclass(frozen=True)
class Outline:
    """The whole network, without what does nothing and a last softmax."""

    trunk: Scope
    heads: tuple[Head, ...]
    values: "Values"


@dataclass
class Values:
    """Of which layer a layer's value is, where some hand on what they take; and which are (N, C)."""

    typed: TypedGraph
    of: dict[str, str] = field(default_factory=dict)
    flat: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for t in self.typed.training_nodes:
            inputs = t.node.inputs
            before = bool(inputs) and all(self.flat[name] for name in inputs)
            layout = layout_of(t.node.op, before)
            self.of[t.name] = self.of[inputs[0]] if isinstance(t.node.op, Identity) else t.name
            self.flat[t.name] = before if layout == "either" else layout == "vector"

    def lowered(self, t: TypedNode) -> Lowered:
        return lower(t, all(self.flat[name] for name in t.node.inputs))

    def inputs(self, t: TypedNode) -> tuple[str, ...]:
        return tuple([self.of[name] for name in t.node.inputs])

    def logits(self, nodes: Sequence[TypedNode]) -> str:
        """What nodes give, without a last softmax."""
        last = nodes[-1].node
        return self.of[last.inputs[0] if isinstance(last.op, Softmax) else last.name]


def outline_of(typed: TypedGraph) -> Outline:
    values = Values(typed)
    rows = [_done(typed.nodes[1:]), *(_done(head.nodes) for head in typed.heads)]
    gives = [values.logits(nodes) for nodes in (typed.nodes, *(head.nodes for head in typed.heads))]
    scopes = _Scopes(rows, gives, values)
    trunk = Scope((), scopes.units(rows[0], ()), typed.nodes[0].name, gives[0], values.flat[gives[0]])
    heads = [
        Head(f"aux{i}", head.weight, values.of[head.nodes[0].node.inputs[0]], scopes.units(rows[i], ()), gives[i])
        for i, head in enumerate(typed.heads, 1)
    ]
    return Outline(trunk, tuple(heads), values)


def _done(nodes: Sequence[TypedNode]) -> list[TypedNode]:
    """The layers that do something: a last softmax is left out, as everywhere in PyTorch."""
    last = len(nodes) - 1
    return [
        t
        for i, t in enumerate(nodes)
        if not isinstance(t.node.op, Identity) and not (i == last and isinstance(t.node.op, Softmax))
    ]


class _Scopes:
    def __init__(self, rows: Sequence[Sequence[TypedNode]], gives: Sequence[str], values: Values) -> None:
        self.values = values
        within: dict[Path, list[tuple[int, int, TypedNode]]] = {}
        """Of each start of a name the layers, with their row and their place in it."""
        self.users: dict[str, list[str]] = {name: [""] for name in gives}
        """Who takes a value; the empty name is whoever calls the network."""
        for number, row in enumerate(rows):
            for place, t in enumerate(row):
                for path in _starts(t.name):
                    within.setdefault(path, []).append((number, place, t))
                for name in values.inputs(t):
                    self.users.setdefault(name, []).append(t.name)
        self.closed = {path: ends for path, inner in within.items() if (ends := self._ends(inner))}

    def units(self, nodes: Sequence[TypedNode], path: Path) -> tuple[TypedNode | Scope, ...]:
        """Layers below a path with those of each scope together."""
        found: list[TypedNode | Scope] = []
        at = 0
        while at < len(nodes):
            inner = next((p for p in _starts(nodes[at].name) if len(p) > len(path) and p in self.closed), None)
            if inner is None:
                found.append(nodes[at])
                at += 1
                continue
            takes, gives, count = self.closed[inner]
            below = self.units(nodes[at : at + count], inner)
            found.append(Scope(inner, below, takes, gives, self.values.flat[gives]))
            at += count
        return tuple(found)

    def _ends(self, inner: Sequence[tuple[int, int, TypedNode]]) -> tuple[str, str, int] | None:
        """What goes in, what comes out, and how many layers are between; None where that isn't one value each,
        where others are computed between them, or where none of them is a module."""
        numbers = {number for number, _, _ in inner}
        first, last = inner[0][1], inner[-1][1]
        if len(numbers) > 1 or last - first + 1 != len(inner):
            return None
        if all(self.values.lowered(t).module is None for *_, t in inner):
            return None
        names = {t.name for *_, t in inner}
        takes = {name for *_, t in inner for name in self.values.inputs(t)} - names
        gives = {name for name in names if not names.issuperset(self.users.get(name, [""]))}
        if len(takes) != 1 or len(gives) != 1:
            return None
        return takes.pop(), gives.pop(), len(inner)


def path_of(name: str) -> Path:
    return tuple(name.split("."))


def _starts(name: str) -> Iterator[Path]:
    """What a name begins with, the shortest first."""
    path = path_of(name)
    for length in range(1, len(path)):
        yield path[:length]
