"""What differs between two specs: the network, the recipes, what is claimed and what was measured.

Equal is what means the same, however it is written: spaces and comments, labels, blocks, rules and defaults make no
difference.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from vggdsl.language import syntax
from vggdsl.language.changes import Edit, edits, summary
from vggdsl.network.changes import Changes, changes
from vggdsl.network.matching import normal_form, pair
from vggdsl.network.measures import STRUCTURAL
from vggdsl.spec.claims import ResultClaim
from vggdsl.spec.measured import Measurement
from vggdsl.spec.parsing import spec_of
from vggdsl.spec.recipe import KEYS, Recipe
from vggdsl.spec.spec import Spec

About = Literal["source", "recipe", "claim", "measured"]
T = TypeVar("T")


@dataclass(frozen=True)
class Difference:
    """A difference besides the network: ``of`` is the recipe, or what is claimed; None where a side has none."""

    about: About
    of: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        """
        >>> print(Difference("claim", "params", "133M", "134M"))
        ~ claim params: 134M for 133M
        >>> print(Difference("recipe", "S256", None, "epochs 74"))
        + recipe S256: epochs 74
        """
        of = f"{self.about} {self.of}".rstrip()
        if self.before is None:
            return f"+ {of}: {self.after}"
        if self.after is None:
            return f"- {of}: {self.before}"
        return f"~ {of}: {self.after} for {self.before}"


@dataclass(frozen=True)
class Differences:
    """All that differs from one spec to another."""

    before: Spec
    after: Spec

    @cached_property
    def _changes(self) -> Changes:
        return changes(self.before.typed, self.after.typed)

    @cached_property
    def edits(self) -> tuple[Edit, ...]:
        """What was done to the network, in its order, and what follows from that."""
        return tuple(edits(self._changes.changes, self.before.typed, self.after.typed))

    @property
    def summary(self) -> list[str]:
        return summary(self.edits)

    @cached_property
    def others(self) -> tuple[Difference, ...]:
        """What differs besides the network."""
        sources = self.before.citation, self.after.citation
        source = (Difference("source", "", *map(_quoted, sources)),) if sources[0] != sources[1] else ()
        return (*source, *self._recipes(), *self._figures(), *self._results(), *self._measured())

    @property
    def same_network(self) -> bool:
        return self.before.network.graph.digest == self.after.network.graph.digest

    @property
    def same(self) -> bool:
        return self.same_network and not self.others

    @cached_property
    def same_function(self) -> bool:
        """Whether both give the same logits for the same weights, in evaluation."""
        forms = [normal_form(spec.typed.inference) for spec in (self.before, self.after)]
        return pair(*forms) is not None

    # -- recipes

    def _recipes(self) -> Iterator[Difference]:
        ours, theirs = ({recipe.name: recipe for recipe in spec.recipes} for spec in (self.before, self.after))
        called = _renamed(ours, theirs)
        for name, recipe in ours.items():
            other = theirs.get(called.get(name, name))
            if other is None:
                yield Difference("recipe", *_entries(recipe, self.before), None)
                continue
            if other.name != name:
                yield Difference("recipe", "", name or "without a name", other.name or "without a name")
            yield from _entries_differ(recipe, other)
        for name, recipe in theirs.items():
            if name not in ours and name not in called.values():
                of, entries = _entries(recipe, self.after)
                yield Difference("recipe", of, None, entries)
        first = [next(iter(recipes), None) for recipes in (ours, theirs)]
        if ours and theirs and first[1] != called.get(first[0], first[0]):
            yield Difference("recipe", "that comes first", *(name or "without a name" for name in first))

    # -- claims

    def _figures(self) -> Iterator[Difference]:
        """Figures that are computed, of claims and behind arrows."""
        pairs = self._changes.pairs
        labels = {frozenset(nodes): label for label, nodes in self.after.network.labels.items()}
        called = {
            label: labels[there]
            for label, nodes in self.before.network.labels.items()
            if (there := frozenset(pairs.get(name, "") for name in nodes)) in labels
        }
        ours = list(_figures(self.before, lambda on: called.get(on) or pairs.get(on, on)))
        theirs = list(_figures(self.after, lambda on: on))
        yield from _differing("claim", ours, theirs)

    def _results(self) -> Iterator[Difference]:
        ours, theirs = (
            [said for claim in spec.results for said in _results(claim)] for spec in (self.before, self.after)
        )
        yield from _differing("claim", ours, theirs)

    def _measured(self) -> Iterator[Difference]:
        ours, theirs = (
            [_measurement(each) for each in (*spec.measurements, *spec.evaluations)]
            for spec in (self.before, self.after)
        )
        yield from _differing("measured", ours, theirs)


def differences(before: Spec | str | Path, after: Spec | str | Path) -> Differences:
    """All that differs from one spec to another: each a spec, its file, or the name of one that ships.

    Raises what ``load`` raises, ``TypeError`` for anything else.
    """
    return Differences(spec_of(before), spec_of(after))


def _quoted(text: str | None) -> str | None:
    return None if text is None else f'"{text}"'


def _renamed(ours: Mapping[str | None, Recipe], theirs: Mapping[str | None, Recipe]) -> dict[str | None, str | None]:
    """Recipes that say the same under another name; and where each has one, that one."""
    left = [
        [recipe for name, recipe in one.items() if name not in other] for one, other in ((ours, theirs), (theirs, ours))
    ]
    if len(ours) == len(theirs) == len(left[0]) == 1:
        return {left[0][0].name: left[1][0].name}
    found: dict[str | None, str | None] = {}
    for recipe in left[0]:
        same = (r for r in left[1] if r.name not in found.values() and not any(_entries_differ(recipe, r)))
        if (other := next(same, None)) is not None:
            found[recipe.name] = other.name
    return found


def _entries(recipe: Recipe, spec: Spec) -> tuple[str, str]:
    """Which recipe it is, and all entries that it says itself: of one that is made of another what is otherwise."""
    written = (each for each in spec.whole.contents if isinstance(each, syntax.Train) and each.name == recipe.name)
    base = next((each.base for each in written), None)
    usual = next((each for each in spec.recipes if base is not None and each.name == base), None)
    keys = [key for key in KEYS if recipe.origin(key) != "default"]
    if usual is not None:
        keys = [key for key in keys if getattr(recipe, key) != getattr(usual, key)]
    of = recipe.name or ""
    entries = ", ".join(f"{key} {recipe.written(key)}" for key in keys)
    return of if usual is None else f"{of} as {usual.name}", entries or "no entries of its own"


def _entries_differ(one: Recipe, other: Recipe) -> Iterator[Difference]:
    for key in KEYS:
        if getattr(one, key) == getattr(other, key):
            continue
        before, after = one.written(key), other.written(key)
        if before == after:
            after += ", which says other things"
        yield Difference("recipe", f"{one.name} {key}" if one.name else key, before, after)


class _Said(NamedTuple):
    """Something that is claimed: of what, which claims are about the same, and how it is told."""

    of: str
    alike: Hashable
    text: str


def _figures(spec: Spec, called: Callable[[str], str]) -> Iterator[_Said]:
    labels = {nodes: label for label, nodes in spec.network.labels.items()}

    def said(on: str | None, measure: syntax.Measure, where: str | None) -> _Said:
        disputed = "" if measure.disputed is None else f' disputed "{measure.disputed}"'
        of = (measure.name if on is None else f"{called(on)} {measure.name}") + _place(where)
        return _Said(of, of, f"{measure.printed}{disputed}")

    for printed in spec.network.printed:
        on = labels.get(printed.nodes, printed.nodes[-1])
        if printed.expects.size is not None:
            yield said(on, syntax.Measure("output", printed.expects.size, printed.expects.span), None)
        for measure in printed.expects.figures:
            yield said(on, measure, None)
    for content in spec.document.contents:
        if isinstance(content, syntax.Claim):
            for measure in content.measures:
                if measure.name in STRUCTURAL:
                    yield said(content.on, measure, content.where)


def _results(claim: ResultClaim) -> Iterator[_Said]:
    place = _place(claim.where)
    if claim.line is not None:
        yield _Said(place.strip(), ("line", place), f"{claim.line}")
        return
    protocol = "".join(f" {key}={value}" for key, value in claim.protocol)
    for name, figure in claim.measures:
        of = f"{name}{protocol}{place}"
        yield _Said(of, of, figure)


def _place(where: str | None) -> str:
    return "" if where is None else f' "{where}"'


def _measurement(measured: Measurement) -> _Said:
    results = [
        " ".join([*(f"{m.name} {m.printed}" for m in each.measures), *map(str, each.protocol)])
        for each in measured.results
    ]
    entries = [f"{key} {' '.join(f'{k}={v}' for k, v in said.items())}" for key, said in measured.values.items()]
    run = measured.values.get("run", {})
    of = " ".join(f"{key}={run[key]}" for key in ("recipe", "seed") if key in run)
    line = [str(measured.line)] if measured.line is not None else []
    return _Said(of, (of, measured.line is None), "; ".join([*line, *results, *entries]))


def _differing(about: About, ours: Sequence[_Said], theirs: Sequence[_Said]) -> Iterator[Difference]:
    """What only one side says; what both say of the same thing, as one difference."""
    both = Counter(ours) & Counter(theirs)
    left, new = (list(_without(side, both)) for side in (ours, theirs))
    for said in left:
        other = next((each for each in new if each.alike == said.alike), None)
        if other is not None:
            new.remove(other)
        yield Difference(about, said.of, said.text, None if other is None else other.text)
    for said in new:
        yield Difference(about, said.of, None, said.text)


def _without(said: Iterable[T], both: Mapping[T, int]) -> Iterator[T]:
    left = Counter(both)
    for each in said:
        if left[each]:
            left[each] -= 1
        else:
            yield each
