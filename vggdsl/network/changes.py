"""What was done to a network to make it another one, and what that costs: the least edits, layer by layer.

Two networks are laid side by side in the order of their texts, a layer with the normalisation, activation and dropout
right behind it. What stands on one side alone is added or removed; where both sides have a layer, it is the same,
changed, or it takes other maps than before. Each says by how much it changes parameters and multiply-adds: together
that is the difference of the totals.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias, TypeVar

from vggdsl.network.aligning import ALONE, align
from vggdsl.network.infer import TypedGraph, TypedHead, TypedNode
from vggdsl.network.ops import Merge, Op
from vggdsl.network.shapes import Pair

Kind = Literal["added", "removed", "changed", "takes", "affected"]
"""``takes``: the same layer takes from others, or its auxiliary classifier weighs otherwise; ``affected``: it takes
maps of another shape, or sees more or less of the input."""
T = TypeVar("T")
Unit: TypeAlias = tuple[TypedNode, ...]
"""A layer, and what follows right behind it."""

_BRANCHING = 20
"""What it costs to put what stands in a branch beside what doesn't."""
_OF_A_TAIL, _MOST_OF_A_TAIL = 15, 75
"""What an edit costs behind a layer that stays."""
_AFFECTED = 2
"""What it costs that the same layer has other weights, or more to do: so a layer is new where that is not so."""
_FIELD = 10
_LIKE = 150
"""From a layer of one kind to one of another that serves the same end."""


@dataclass(frozen=True)
class Change:
    """One edit, or a layer that comes out otherwise because of others.

    ``before`` and ``after`` are its layers on either side: none of what is added before, and of what is removed after.
    ``params`` and ``macs`` are by how much learnable parameters and multiply-adds grow. ``field`` is by how much the
    receptive field grows, in pixels along both axes; None where other branches may see more. ``before_head`` and
    ``after_head`` count the auxiliary classifier that it stands in, or is, from 0; ``whole`` says which.
    """

    kind: Kind
    before: Unit = ()
    after: Unit = ()
    params: int = 0
    macs: int = 0
    field: Pair | None = None
    before_head: int | None = None
    after_head: int | None = None
    whole: bool = False

    @property
    def in_training(self) -> bool:
        """Whether it is of an auxiliary classifier: the network's totals don't count it."""
        return self.before_head is not None or self.after_head is not None


@dataclass(frozen=True)
class Changes:
    """All of them in the order of the network, and which layers stand on both sides: names before, and after."""

    changes: tuple[Change, ...]
    pairs: Mapping[str, str]


def changes(before: TypedGraph, after: TypedGraph) -> Changes:
    """What makes one network the other; nothing exactly where their digests are the same."""
    return _Compared(before, after).result()


def units(nodes: Sequence[TypedNode]) -> list[Unit]:
    """Layers in their order, each with the normalisation, activation and dropout right behind it."""
    found: list[list[TypedNode]] = []
    for t in nodes:
        op = t.node.op
        if found and (op.activation or op.passing) and t.node.inputs == (found[-1][-1].name,):
            found[-1].append(t)
        else:
            found.append([t])
    return [tuple(unit) for unit in found]


def on_every_path(nodes: Sequence[TypedNode]) -> set[str]:
    """The layers that every path from the input to the output goes through."""
    last = {name: place for place, t in enumerate(nodes) for name in t.node.inputs}
    found, furthest = set[str](), 0
    for place, t in enumerate(nodes):
        if furthest <= place:
            found.add(t.name)
        furthest = max(furthest, last.get(t.name, place))
    return found


class _Side:
    def __init__(self, typed: TypedGraph) -> None:
        self.typed = typed
        self.units = units(typed.nodes)
        self.paths = on_every_path(typed.nodes)

    def field(self, t: TypedNode) -> Pair:
        """By how much a layer makes the receptive field larger."""
        fields_before = [self.typed[name].receptive_field for name in t.node.inputs] or [Pair(1, 1)]
        return Pair(*(t.receptive_field[i] - max(field[i] for field in fields_before) for i in (0, 1)))


class _Compared:
    def __init__(self, before: TypedGraph, after: TypedGraph) -> None:
        self.before, self.after = _Side(before), _Side(after)
        self.pairs: dict[str, str] = {}
        """Which layer of the one is which of the other."""
        self.places: dict[str, str] = {}
        """Which stands where: in another order behind a layer, not the same."""
        self.known: dict[tuple[Op, Op], int] = {}
        self.kinds: dict[object, int] = {}

    def result(self) -> Changes:
        found = [*self._row(self.before.units, self.after.units, None, None), *self._heads()]
        back = {there: here for here, there in self.places.items()}  # which is known only now
        found = [each for change in found for each in self._with_wiring(change, back)]
        return Changes(tuple(each for each in found if each.kind != "affected" or _shows(each)), self.pairs)

    def _row(self, ours: list[Unit], theirs: list[Unit], here: int | None, there: int | None) -> Iterator[Change]:
        """The changes of the network itself, or of an auxiliary classifier; each pair has one, if of nothing."""
        kinds = [[self._kind(side, unit) for unit in row] for side, row in self._sides(ours, theirs)]
        known: dict[tuple[int, int], int] = {}

        def cost(i: int, j: int) -> int:
            pair = kinds[0][i], kinds[1][j]
            if pair not in known:
                known[pair] = self._unlike_units(ours[i], theirs[j])
            return known[pair]

        for i, j in align(len(ours), len(theirs), cost):
            one, other = () if i is None else ours[i], () if j is None else theirs[j]
            if not one or not other:
                yield self._change("removed" if one else "added", one, other, here, there)
                continue
            first = one[0], other[0]
            self._pair(*first)
            kind: Kind = "affected" if first[0].node.op == first[1].node.op else "changed"
            yield self._change(kind, one[:1], other[:1], here, there)
            if _turned(one[1:], other[1:]):
                self.pairs |= {a.name: b.name for a in one[1:] for b in other[1:] if a.node.op == b.node.op}
                self.places |= {a.name: b.name for a, b in zip(one[1:], other[1:], strict=True)}
                yield self._change("changed", one[1:], other[1:], here, there)
                continue
            for a, b in self._behind(one, other):
                if a is None or b is None:
                    alone = () if a is None else (a,), () if b is None else (b,)
                    yield self._change("removed" if a else "added", *alone, here, there)
                    continue
                self._pair(a, b)
                kind = "affected" if a.node.op == b.node.op else "changed"
                yield self._change(kind, (a,), (b,), here, there)

    def _heads(self) -> Iterator[Change]:
        ours, theirs = self.before.typed.heads, self.after.typed.heads
        for i, j in align(len(ours), len(theirs), lambda i, j: _unlike_heads(ours[i], theirs[j])):
            if i is None or j is None:
                one, other = () if i is None else ours[i].nodes, () if j is None else theirs[j].nodes
                yield self._change("removed" if one else "added", one, other, i, j, whole=True)
                continue
            if ours[i].weight != theirs[j].weight:
                yield self._change("takes", ours[i].nodes, theirs[j].nodes, i, j, whole=True, counts=False)
            yield from self._row(units(ours[i].nodes), units(theirs[j].nodes), i, j)

    def _pair(self, one: TypedNode, other: TypedNode) -> None:
        self.pairs[one.name] = self.places[one.name] = other.name

    def _change(
        self,
        kind: Kind,
        one: Unit,
        other: Unit,
        here: int | None,
        there: int | None,
        *,
        whole: bool = False,
        counts: bool = True,
    ) -> Change:
        params = sum(t.params.learnable for t in other) - sum(t.params.learnable for t in one)
        macs = sum(t.macs for t in other) - sum(t.macs for t in one)
        field = None if here is not None or there is not None else self._grows(one, other)
        if not counts:
            params = macs = 0
        return Change(kind, one, other, params, macs, field, here, there, whole)

    def _grows(self, one: Unit, other: Unit) -> Pair | None:
        """By how much the receptive field is larger; None where not all paths go through the layers."""
        if any(t.name not in side.paths for side, unit in self._sides(one, other) for t in unit):
            return None
        less, more = ([side.field(t) for t in unit] for side, unit in self._sides(one, other))
        return Pair(*(sum(f[i] for f in more) - sum(f[i] for f in less) for i in (0, 1)))

    def _sides(self, one: T, other: T) -> tuple[tuple[_Side, T], tuple[_Side, T]]:
        return (self.before, one), (self.after, other)

    def _kind(self, side: _Side, unit: Unit) -> int:
        """A number that units share between which nothing differs that is compared."""
        key = unit[0].name in side.paths, *((t.node.op, t.params, t.macs) for t in unit)
        return self.kinds.setdefault(key, len(self.kinds))

    # -- how far layers are apart

    def _unlike_units(self, one: Unit, other: Unit) -> int:
        far = self._unlike(one[0], other[0])
        if far >= 2 * ALONE:
            return far
        behind = sum(a is None or b is None or self._unlike(a, b) > _AFFECTED for a, b in self._behind(one, other))
        branching = (one[0].name in self.before.paths) != (other[0].name in self.after.paths)
        return far + min(behind * _OF_A_TAIL, _MOST_OF_A_TAIL) + branching * _BRANCHING

    def _behind(self, one: Unit, other: Unit) -> list[tuple[TypedNode | None, TypedNode | None]]:
        """What stands behind the layers of two units, side by side."""
        ours, theirs = one[1:], other[1:]
        if [t.node.op for t in ours] == [t.node.op for t in theirs]:
            return list(zip(ours, theirs, strict=True))
        pairs = align(len(ours), len(theirs), lambda i, j: self._unlike(ours[i], theirs[j]))
        return [(None if i is None else ours[i], None if j is None else theirs[j]) for i, j in pairs]

    def _unlike(self, one: TypedNode, other: TypedNode) -> int:
        ops = one.node.op, other.node.op
        if ops not in self.known:
            self.known[ops] = _unlike_ops(*ops)
        return self.known[ops] or _AFFECTED * ((one.params, one.macs) != (other.params, other.macs))

    # -- what takes from what

    def _with_wiring(self, change: Change, back: Mapping[str, str]) -> Iterator[Change]:
        yield change
        if len(change.before) != 1 or len(change.after) != 1 or change.whole:
            return
        one, other = change.before[0], change.after[0]
        if self._takes_otherwise(one, other, back):
            yield Change("takes", (one,), (other,), 0, 0, None, change.before_head, change.after_head)

    def _takes_otherwise(self, one: TypedNode, other: TypedNode, back: Mapping[str, str]) -> bool:
        """Whether a layer takes from others than it did, but for what was put in between, or left out."""
        if len(one.node.inputs) != len(other.node.inputs):
            return True
        for here, there in zip(one.node.inputs, other.node.inputs, strict=True):
            ours = {self.places[name] for name in _known(here, self.before.typed, self.places)}
            if not ours & _known(there, self.after.typed, back):
                return True
        return False


def _turned(one: Unit, other: Unit) -> bool:
    """Whether the same layers stand in another order."""
    ops = [[t.node.op for t in unit] for unit in (one, other)]
    return ops[0] != ops[1] and Counter(ops[0]) == Counter(ops[1])


def _known(name: str, typed: TypedGraph, pairs: Mapping[str, str]) -> set[str]:
    """A layer, or the last ones before it, that the other network has, too."""
    found, todo, seen = set[str](), [name], set[str]()
    while todo:
        each = todo.pop()
        if each in seen:
            continue
        seen.add(each)
        if each in pairs:
            found.add(each)
        else:
            todo += typed[each].node.inputs
    return found


def _shows(change: Change) -> bool:
    return bool(change.params or change.macs or (change.field or (0, 0)) != (0, 0))


def _unlike_heads(one: TypedHead, other: TypedHead) -> int:
    same = one.weight == other.weight and [t.node.op for t in one.nodes] == [t.node.op for t in other.nodes]
    return 0 if same else ALONE


def _unlike_ops(one: Op, other: Op) -> int:
    if one == other:
        return 0
    if type(one) is type(other):
        differing = [field.name for field in fields(one) if getattr(one, field.name) != getattr(other, field.name)]
        return ALONE + _FIELD * min(len(differing), 4)
    alike = (
        one.topic == other.topic == "pooling",
        one.activation and other.activation,
        isinstance(one, Merge) and isinstance(other, Merge),
        bool(one.passing and other.passing and not one.idle and not other.idle),
    )
    return _LIKE if any(alike) else 2 * ALONE
