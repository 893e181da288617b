"""Which of another's layers is which of ours where the networks differ: as far as that is sure.

``matching`` and ``ordering`` pair two networks that are one. Here a layer is paired where what comes before it does
the same in both, so that it got there the values that it gets here. Networks that are one but for the widths of layers,
such as another number of classes, are paired whole; which weights fit the shapes tell.
"""

from collections.abc import Mapping
from dataclasses import replace

from vggdsl.network.matching import NormalForm, Step, numbered
from vggdsl.network.ops import FC, Conv, Facts, Input
from vggdsl.network.shapes import Shape

_Numbers = Mapping[str, int]


def pair_alike(ours: NormalForm, theirs: NormalForm) -> dict[str, str]:
    """Our layers, each with theirs; without those of which it isn't known. Auxiliary classifiers are left out."""
    numbers: dict[object, int] = {}
    sides = _Pairing(ours, theirs, numbered(ours, numbers), numbered(theirs, numbers))
    widths: dict[object, int] = {}
    a, b = (numbered(form, widths, of=_without_widths) for form in (ours, theirs))
    if a[ours.output] == b[theirs.output] and (pairs := sides.whole(a, b)) is not None:
        return pairs
    return sides.beginning()


class _Pairing:
    """Two normal forms, with a number for each layer by what it is and what comes before it."""

    def __init__(self, ours: NormalForm, theirs: NormalForm, here: _Numbers, there: _Numbers) -> None:
        self.ours, self.theirs, self.here, self.there = ours, theirs, here, there

    def whole(self, a: _Numbers, b: _Numbers) -> dict[str, str] | None:
        """Networks that are one by the numbers ``a`` and ``b``, back from their outputs; None if it leaves a choice."""
        pairs: dict[str, str] = {}
        todo = [(self.ours.output, self.theirs.output)]
        while todo:
            name, other = todo.pop()
            if name in pairs:
                if pairs[name] != other:
                    return None
                continue
            pairs[name] = other
            inputs = self._inputs(self.ours.steps[name], self.theirs.steps[other], a, b)
            if inputs is None:
                return None
            todo += inputs
        return pairs if len(set(pairs.values())) == len(pairs) else None

    def _inputs(self, one: Step, other: Step, a: _Numbers, b: _Numbers) -> list[tuple[str, str]] | None:
        """Their inputs, one by one; None where those of a sum are alike and not the same."""
        if not one.op.any_order:
            return list(zip(one.inputs, other.inputs, strict=True))
        mine = sorted(one.inputs, key=lambda name: (a[name], self.here[name]))
        their = sorted(other.inputs, key=lambda name: (b[name], self.there[name]))
        each = set(mine)  # one that is added to itself leaves no choice
        is_open = len({a[name] for name in each}) < len(each)
        if is_open and [self.here[name] for name in mine] != [self.there[name] for name in their]:
            return None
        return list(zip(mine, their, strict=True))

    def beginning(self) -> dict[str, str]:
        """What is the same from the input on, back from the last layers that nothing else is the same as."""
        counts = [_counts(numbers) for numbers in (self.here, self.there)]
        by_number = {number: name for name, number in self.there.items()}
        sure = [
            name
            for name in reversed(self.ours.steps)
            if counts[0][self.here[name]] == 1 == counts[1].get(self.here[name])
        ]
        pairs: dict[str, str] = {}
        taken = set[str]()
        todo = [(name, by_number[self.here[name]]) for name in reversed(sure)]
        while todo:
            name, other = todo.pop()
            if name in pairs or other in taken:
                continue
            pairs[name] = other
            taken.add(other)
            todo += self._inputs(self.ours.steps[name], self.theirs.steps[other], self.here, self.there) or []
        return pairs


def _counts(numbers: _Numbers) -> dict[int, int]:
    found: dict[int, int] = {}
    for number in numbers.values():
        found[number] = found.get(number, 0) + 1
    return found


def _without_widths(op: Facts) -> Facts:
    """A layer, whatever number of channels it has."""
    match op:
        case Conv(groups=groups):
            return replace(op, channels=0, groups=min(groups, 2))
        case FC():
            return replace(op, features=0)
        case Input(size=size):
            return replace(op, size=Shape(0, size.h, size.w))
        case _:
            return op
