"""A graph as branches inside each other: what the language can write.

The layers before a merge part at the last layer that all ways to it have in common, its dominator; each way from there
is a branch. Branches that share layers behind it are themselves branches of a merge inside, as a normal form, which
writes a concat of concats as one, leaves them.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from vggdsl.language import syntax
from vggdsl.language.composing.words import Unsayable
from vggdsl.network.matching import NormalForm, Step
from vggdsl.network.ops import Concat, Facts, Identity, Merge
from vggdsl.text.source import NOWHERE
from vggdsl.text.units import names_text

Items = tuple[syntax.Item, ...]


class Branches:
    """The layers that a network's output depends on, and how they lie in each other."""

    def __init__(self, form: NormalForm) -> None:
        self.start, *_ = form.steps
        self.output = form.output
        reached = form.reached(form.output)
        self.steps = _nested({name: form.steps[name] for name in reached})
        self.after: dict[str, list[str]] = {name: [] for name in self.steps}
        for step in self.steps.values():
            for name in step.inputs:
                self.after[name].append(step.name)
        self._depth: dict[str, int] = {}
        self._dominator: dict[str, str] = {}
        for step in self.steps.values():
            if step.inputs:
                self._dominator[step.name] = self.parting(step.inputs)
                self._depth[step.name] = 1 + self._depth[self._dominator[step.name]]
            else:
                self._depth[step.name] = 0

    def alone_behind(self, name: str) -> str | None:
        """The layer that alone takes what a layer gives, and nothing else with it."""
        after = self.after[name]
        if len(after) != 1 or name == self.output or isinstance(self.steps[after[0]].op, Merge):
            return None
        return after[0]

    def written(self, layer: Callable[[Step], syntax.Layer | None]) -> Items:
        """The elements of the network, each layer by ``layer``: None for one that isn't written.

        Raises ``Unsayable`` where the branches don't lie in each other.
        """
        return _Written(self, layer).whole()

    def parting(self, names: Sequence[str]) -> str:
        """The last layer before all of these, or one of them, through which all ways to them go: where they part."""
        first, *others = names
        for other in others:
            while first != other:
                if self._depth[first] >= self._depth[other]:
                    first = self._dominator[first]
                else:
                    other = self._dominator[other]
        return first

    def behind(self, name: str, start: str) -> set[str]:
        """A layer and those before it, as far as ``start``, which isn't among them."""
        found: set[str] = set()
        todo = [name]
        while todo:
            here = todo.pop()
            if here != start and here not in found:
                found.add(here)
                todo += self.steps[here].inputs
        return found


class _Written:
    def __init__(self, branches: Branches, layer: Callable[[Step], syntax.Layer | None]) -> None:
        self.branches, self.layer = branches, layer
        self.seen = Counter[str]()

    def whole(self) -> Items:
        found = self._way(self.branches.start, self.branches.output)
        twice = next((name for name, count in self.seen.items() if count > 1), None)
        if twice is not None:
            raise self._crossing(twice)
        return found

    def _way(self, start: str, end: str) -> Items:
        """The elements behind ``start`` up to and with ``end``."""
        items: list[syntax.Item] = []
        steps = self.branches.steps
        while end != start:
            step = steps[end]
            if not step.inputs:
                raise self._crossing(start)
            self.seen[end] += 1
            if isinstance(step.op, Merge):
                end = self.branches.parting(step.inputs)
                items.append(_item(self._merge(step.op, step.inputs, end, step.name)))
                continue
            layer = self.layer(step)
            if layer is not None:
                items.append(_item(layer))
            (end,) = step.inputs
        return tuple(reversed(items))

    def _merge(self, op: Facts, inputs: Sequence[str], start: str, name: str) -> syntax.Merge:
        """The merge of what lies between ``start`` and its inputs."""
        groups = list(self._shared(inputs, start))
        if len(groups) == 1 < len(inputs):
            raise self._crossing(name)
        is_ordered = isinstance(op, Concat)
        parts = []
        for group in groups:
            names = [inputs[at] for at in group]
            if len(group) == 1:
                parts.append(self._way(start, names[0]))
                continue
            if is_ordered and group != list(range(group[0], group[-1] + 1)):
                raise self._crossing(name)
            inner = self.branches.parting(names)
            parts.append((*self._way(start, inner), _item(self._merge(op, names, inner, name))))
        identity = (_item(syntax.Layer(Identity.word, NOWHERE)),)
        return syntax.Merge(op.kind, tuple(part or identity for part in parts), NOWHERE)

    def _shared(self, inputs: Sequence[str], start: str) -> Iterator[list[int]]:
        """Places of inputs, those together whose ways from ``start`` share layers; in the order of their first."""
        groups: list[tuple[list[int], set[str]]] = []
        for at, name in enumerate(inputs):
            places, way = [at], self.branches.behind(name, start)
            kept = []
            for others, other in groups:
                if way & other:
                    places, way = [*others, *places], way | other
                else:
                    kept.append((others, other))
            groups = [*kept, (places, way)]
        yield from sorted(sorted(places) for places, _ in groups)

    def _crossing(self, name: str) -> Unsayable:
        after = names_text([f"`{each}`" for each in self.branches.after[name]], 3)
        where = f"; what `{name}` gives goes to {after}" if after else ""
        return Unsayable(f"at `{name}` branches cross, where a spec has them inside each other{where}")


def _item(element: syntax.Element) -> syntax.Item:
    return syntax.Item(element, NOWHERE)


def _nested(steps: Mapping[str, Step]) -> dict[str, Step]:
    """Concats of what another one joins already take that one: of a, b and c, where that of a and b is there."""
    known: dict[tuple[str, ...], str] = {}
    found: dict[str, Step] = {}
    for step in steps.values():
        inputs = step.inputs
        if isinstance(step.op, Concat):
            known.setdefault(inputs, step.name)
            inputs = _shortened(inputs, known)
        found[step.name] = replace(step, inputs=inputs)
    return found


def _shortened(inputs: tuple[str, ...], known: Mapping[tuple[str, ...], str]) -> tuple[str, ...]:
    for length in range(len(inputs) - 1, 1, -1):
        for at in range(len(inputs) - length + 1):
            end = at + length
            if (name := known.get(inputs[at:end])) is not None:
                return _shortened((*inputs[:at], name, *inputs[end:]), known)
    return inputs
