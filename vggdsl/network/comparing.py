"""Where another network isn't ours: the first layer that differs, and all others, told in our layers.

Two normal forms are numbered from the input on, so that layers with one number compute the same of the same. The
first of ours whose number they don't have is where the networks part. What was done there, a layer changed, left out,
put in, or two that changed places, is what makes most of the next layers the same again; with it made good the
rest is numbered anew, until nothing is left. What is said of a layer changes nothing of what follows it, so that one
change is one difference.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from vggdsl.network.alike import AHEAD, change_of, edits, first_edit, rounded, same_as, words_of
from vggdsl.network.foreign import Affine, Holds
from vggdsl.network.matching import NormalForm, Step
from vggdsl.network.ops import FC, BatchNorm, Conv, Facts, Input, Merge
from vggdsl.network.shapes import Shape
from vggdsl.text.units import names_text

_LISTED = 6
_OURS_ALONE, _THEIRS_ALONE = -1, -2
"""Numbers of what the other side has nothing for."""


class Difference(NamedTuple):
    """``here`` is our layer, ``there`` theirs: None where that side has none, and ``behind`` ours before that place.

    ``change`` is what was done to ours, without names: what several differences may have in common.
    """

    here: str | None
    there: str | None
    behind: str | None
    text: str
    change: str


@dataclass(frozen=True)
class Comparison:
    """All ``differences``, the first one first; without any, which layer of theirs each of ours is.

    ``folded`` are our BN that stand in theirs as a part of another layer, or as factors and summands, by our names.
    ``otherwise`` are our layers that theirs compute by another one, and that one.
    """

    differences: tuple[Difference, ...]
    pairs: Mapping[str, str]
    folded: Mapping[str, str]
    otherwise: Mapping[str, str]


def compare(ours: NormalForm, theirs: NormalForm, *, folds: bool = False) -> Comparison:
    """Holds their network against ours, without auxiliary classifiers.

    ``folds``: their file may hold a BN as part of the convolution or FC before it, as exporters leave it; not where
    another BN behind such a layer stands in it.
    """
    return _Compared(ours, theirs, folds).result()


class _Side:
    """One network: its layers that the output depends on, their kinds, and their numbers so far."""

    def __init__(self, form: NormalForm, kinds: dict[object, int], alone: int) -> None:
        self.steps = form.steps
        self.output = form.output
        self.order = form.reached(form.output)
        self.alone = alone
        keys = {name: same_as(self.steps[name], self.x(name)) for name in self.order}
        self.kinds = {name: kinds.setdefault(key, len(kinds)) for name, key in keys.items()}
        self.after: dict[str, list[str]] = {name: [] for name in self.order}
        for name in self.order:
            for x in dict.fromkeys(self.steps[name].inputs):
                self.after[x].append(name)
        self.weighted = {name for name in self.order if self.steps[name].op.parts(self.x(name))}
        self.number: dict[str, int] = {}
        self.fixed: dict[str, int] = {}
        self.passed: dict[str, str] = {}
        """Layers that are taken not to be there, and that before them."""

    def x(self, name: str) -> Shape:
        inputs = self.steps[name].inputs
        return self.steps[inputs[0]].shape if inputs else self.steps[name].shape

    def count(self, numbers: dict[object, int]) -> None:
        for name in self.order:
            if name in self.passed:
                self.number[name] = self.number[self.passed[name]]
            elif name in self.fixed:
                self.number[name] = self.fixed[name]
            else:
                inputs = self.inputs(name)
                key = self.kinds[name], tuple(sorted(inputs) if self.steps[name].op.any_order else inputs)
                self.number[name] = numbers.setdefault(key, len(numbers))

    def inputs(self, name: str) -> list[int]:
        """Numbers of those that it takes; of what only one side has, just where there is nothing else."""
        found = [self.number[x] for x in self.steps[name].inputs]
        return [number for number in found if number != self.alone] or found

    def at(self, name: str) -> str:
        """A layer, or that before it which it stands for."""
        while name in self.passed:
            name = self.passed[name]
        return name

    def ahead(self, name: str, unknown: set[str]) -> list[str]:
        """It, and what follows it, as far as the other side doesn't have that."""
        found = [name]
        while len(found) < AHEAD:
            after = next((each for each in self.after[found[-1]] if each in unknown), None)
            if after is None:
                break
            found.append(after)
        return found

    def row(self, name: str) -> list[tuple[int, Facts]]:
        """It and what follows it, first consumer by first consumer: kinds and layers."""
        return [(self.kinds[each], self.steps[each].op) for each in self.ahead(name, set(self.order))]

    def with_weights(self) -> dict[int, list[str]]:
        """Layers with weights of their own, by number."""
        found: dict[int, list[str]] = {}
        for name in self.order:
            if name in self.weighted and name not in self.passed:
                found.setdefault(self.number[name], []).append(name)
        return found

    def alone_behind(self, name: str) -> str | None:
        """What takes the output of a layer, if nothing else does."""
        after = self.after[name]
        return after[0] if len(after) == 1 and name != self.output else None

    def unfolded(self) -> set[type[Facts]]:
        """Kinds of layers behind which a BN stands that could have been folded into them."""
        behind = {name: self.alone_behind(name) for name in self.order}
        norms = {name for name in self.order if isinstance(self.steps[name].op, BatchNorm | Affine)}
        return {type(self.steps[name].op) for name, after in behind.items() if after in norms}


class _Compared:
    def __init__(self, ours: NormalForm, theirs: NormalForm, folds: bool) -> None:
        self.kinds: dict[object, int] = {}
        self.here = _Side(ours, self.kinds, _OURS_ALONE)
        self.there = _Side(theirs, self.kinds, _THEIRS_ALONE)
        self.foldable = {Conv, FC} - self.there.unfolded() if folds else set[type[Facts]]()
        self.folded: dict[str, str] = {}
        """Our BN, and the layer of ours that each is a part of, or itself."""
        self.unified = 0
        self._fold()

    def _fold(self) -> None:
        """Puts each BN that theirs may have in another layer into that of ours, which has a bias by it."""
        here, biased = (
            self.here,
            {type(step.op) for step in self.there.steps.values() if getattr(step.op, "bias", False)},
        )
        for name in here.order:
            op = here.steps[name].op
            if type(op) not in self.foldable & biased or not isinstance(op, Conv | FC):
                continue
            last = name
            while (norm := here.alone_behind(last)) is not None and isinstance(here.steps[norm].op, BatchNorm):
                here.passed[norm] = last
                self.folded[norm] = name
                last = norm
            if last != name:
                layer = replace(here.steps[name], op=replace(op, bias=True))
                here.kinds[name] = self.kinds.setdefault(same_as(layer, here.x(name)), len(self.kinds))

    def result(self) -> Comparison:
        differences = tuple(self._differences())
        pairs = {} if differences else self._pairs()
        otherwise = {
            here: self.there.steps[there].op.text
            for here, there in pairs.items()
            if rounded(self.here.steps[here].op) != rounded(self.there.steps[there].op)
            and here not in self._with_folded()
        }
        folded = {norm: pairs[norm if norm in pairs else self.here.at(norm)] for norm in self.folded if pairs}
        return Comparison(differences, pairs, folded, otherwise)

    def _with_folded(self) -> set[str]:
        """Layers whose bias is that of a folded BN, and BN that stand there as factors and summands."""
        return {*self.folded, *self.folded.values()}

    def _differences(self) -> Iterator[Difference]:
        here, there = self.here, self.there
        while True:
            numbers: dict[object, int] = {}
            here.count(numbers)
            there.count(numbers)
            ours, theirs = {*here.number.values(), _THEIRS_ALONE}, {*there.number.values(), _OURS_ALONE}
            new_here = {name for name in here.order if here.number[name] not in theirs}
            new_there = {name for name in there.order if there.number[name] not in ours}
            if self._detached():
                continue
            first = next((name for name in here.order if name in new_here), None)
            if first is None:
                extra = next((name for name in there.order if name in new_there), None)
                if extra is None:
                    break
                yield self._only_there(extra)
                continue
            other = self._counterpart(first, new_there)
            found = self._parted(first, other, new_here, new_there)
            if found is not None:
                yield found
        if here.number[here.output] != there.number[there.output]:
            text = f"the output is that of {here.output}, and the model's is that of `{there.output}`"
            yield Difference(here.output, there.output, None, text, "another output")

    # -- what was done

    def _detached(self) -> bool:
        """Of layers that do the same with weights of their own, where one side has more of them: the one that goes on
        least like those of the other is nobody's yet."""
        here, there = self.here, self.there
        for side, other in ((here, there), (there, here)):
            of_side, of_other = side.with_weights(), other.with_weights()
            for number, names in of_side.items():
                others = of_other.get(number, [])
                if not 0 < len(others) < len(names):
                    continue
                rows = [other.row(name) for name in others]
                worst = max(names, key=lambda name: min(edits(side.row(name), row)[0][0] for row in rows))
                self.unified += 1
                side.fixed[worst] = -10 - self.unified
                return True
        return False

    def _counterpart(self, first: str, unknown: set[str]) -> str | None:
        """Their first layer that takes what ours takes: of several the one that is most like it."""
        here, there = self.here, self.there
        inputs = Counter(here.inputs(first))
        best: tuple[int, ...] = ()
        found = None
        for name in there.order:
            if name not in unknown:
                continue
            others = Counter(there.inputs(name))
            shared = (inputs & others).total()
            if not shared and inputs:
                continue
            if not inputs and others:
                continue
            one, other = here.steps[first].op, there.steps[name].op
            is_ready = not any(x in unknown for x in there.steps[name].inputs)
            words = len(words_of(one) & words_of(other))
            rank = (int(is_ready), int(others == inputs), int(type(one) is type(other)), words, shared)
            if found is None or rank > best:
                best, found = rank, name
        return found

    def _parted(self, one: str, other: str | None, new_here: set[str], new_there: set[str]) -> Difference | None:
        here, there = self.here, self.there
        if other is None:
            return self._only_here(one, None)
        if isinstance(here.steps[one].op, BatchNorm) and isinstance(there.steps[other].op, Affine):
            self.folded[one] = one
            self._unify(one, other)
            return None
        mine, its = here.steps[one].op, there.steps[other].op
        if rounded(mine) == rounded(its) and here.inputs(one) == there.inputs(other) and here.x(one) != there.x(other):
            self._unify(one, other)  # the maps that come in differ, and that was said
            return None
        ours, theirs = here.ahead(one, new_here), there.ahead(other, new_there)
        a, b = ([side.kinds[name] for name in names] for side, names in ((here, ours), (there, theirs)))
        if a[0] != b[0] and a[1:2] == b[:1] and b[1:2] == a[:1]:
            text = f"{one} is {here.steps[one].op.text}, and {here.steps[ours[1]].op.text} ({ours[1]}) follows it; "
            text += f"in the model `{theirs[0]}` and `{theirs[1]}` stand the other way round"
            self._unify(one, other)
            self._unify(ours[1], theirs[1])
            return Difference(one, other, None, text, "the other way round")
        is_ready = not any(x in new_there for x in there.steps[other].inputs)
        rows = [
            [(side.kinds[name], side.steps[name].op) for name in names]
            for side, names in ((here, ours), (there, theirs))
        ]
        is_gone, is_new = first_edit(*rows)
        merges = [isinstance(side.steps[name].op, Merge) for side, name in ((here, one), (there, other))]
        if is_new and not is_ready:  # it takes something that comes later
            is_gone, is_new = True, False
        elif is_gone and is_new and merges[0] != merges[1]:
            is_gone, is_new = merges[1], merges[0]
        if not is_new:
            return self._only_here(one, other)
        if not is_gone:
            return self._only_there(other)
        before = here.steps[one], there.steps[other]
        text = self._changed(*before)
        self._unify(one, other)
        return Difference(one, other, None, text, change_of(before[0].op, before[1].op))

    def _only_here(self, one: str, other: str | None) -> Difference:
        """Their counterpart, if there is any, takes what ours takes."""
        here, there = self.here, self.there
        step = here.steps[one]
        instead = "the model has nothing there"
        if other is not None:
            theirs = set(there.inputs(other))
            here.passed[one] = next((x for x in step.inputs if here.number[x] in theirs), step.inputs[0])
            instead = f"the model has none before {there.steps[other].op.text} (`{other}`)"
        else:
            here.fixed[one] = _OURS_ALONE
        verb = "holds" if isinstance(step.op, Holds) else "is"
        return Difference(one, None, None, f"{one} {verb} {step.op.text}, and {instead}", f"no {step.op.kind}")

    def _only_there(self, other: str) -> Difference:
        there = self.there
        step = there.steps[other]
        number = there.number[step.inputs[0]] if step.inputs else None
        behind = next((name for name in self.here.order if self.here.number[name] == number), None)
        if step.inputs:
            there.passed[other] = step.inputs[0]
        else:
            there.fixed[other] = _THEIRS_ALONE
        where = f"behind {behind} " if behind else ""
        verb = "holds" if isinstance(step.op, Holds) else "has"
        text = f"{where}the model {verb} {step.op.text} (`{other}`), and the spec has none"
        return Difference(None, other, behind, text, f"{step.op.kind} added")

    def _unify(self, one: str, other: str) -> None:
        self.unified += 1
        self.here.fixed[one] = self.there.fixed[other] = -10 - self.unified

    def _changed(self, ours: Step, theirs: Step) -> str:
        if isinstance(ours.op, Input):
            return f"the input is {ours.shape}, and the model takes {theirs.shape}"
        mine, other = ours.op.text, theirs.op.text
        if ours.name in self.folded.values():
            mine = replace(ours.op, bias=True).text + " with its BN"  # type: ignore[call-arg]  # a Conv or an FC
        if mine == other and self.here.kinds[ours.name] != self.there.kinds[theirs.name]:
            x, y = self.here.x(ours.name), self.there.x(theirs.name)
            mine, other = f"{mine} of {x} -> {ours.shape}", f"{other} of {y} -> {theirs.shape}"
        if mine != other:
            is_known = not isinstance(ours.op, Holds)
            verb = "is" if is_known else "holds"
            return f"{ours.name} {verb} {mine}, and the model has {other} (`{theirs.name}`)"
        if len(ours.inputs) != len(theirs.inputs):
            counts = [f"{len(step.inputs)} branches" for step in (ours, theirs)]
            return f"{ours.name} is {mine} of {counts[0]}, and the model's (`{theirs.name}`) of {counts[1]}"
        names = {number: name for name, number in reversed(self.here.number.items())}
        takes = [names.get(self.there.number[x], f"`{x}`") for x in theirs.inputs]
        is_turned = sorted(takes) == sorted(ours.inputs)
        order = ", in this order" if is_turned else ""
        one, other = names_text(ours.inputs), names_text(takes)
        return f"{ours.name} is {mine} of {one}, and the model's (`{theirs.name}`) is of {other}{order}"

    # -- without differences

    def _pairs(self) -> dict[str, str]:
        """Our layers, each with theirs, from the output back."""
        here, there = self.here, self.there
        pairs: dict[str, str] = {}
        todo = [(here.output, there.output)]
        while todo:
            one, other = here.at(todo[-1][0]), there.at(todo.pop()[1])
            if one in pairs:
                continue
            pairs[one] = other
            a, b = here.steps[one], there.steps[other]
            if a.op.any_order:
                todo += zip(
                    sorted(a.inputs, key=here.number.__getitem__),
                    sorted(b.inputs, key=there.number.__getitem__),
                    strict=True,
                )
            else:
                todo += zip(a.inputs, b.inputs, strict=True)
        return pairs


def summary(differences: Sequence[Difference]) -> str:
    """What was done to ours, and how often."""
    counts = Counter(each.change for each in differences)
    shown = [f"{count:,} × {change}" if count > 1 else change for change, count in counts.most_common(_LISTED)]
    rest = sum(count for _, count in counts.most_common()[_LISTED:])
    return "; ".join(shown) + (f"; and {rest:,} more" if rest else "")
