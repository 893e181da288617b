"""Choices: how many networks a space is, and each of them.

A space is a document that leaves choices open. ``Choices`` tells which are to be made, one behind another, and counts
the ways to make them by arithmetic; ``fill`` gives the ordinary document of one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from vggdsl.language import syntax
from vggdsl.language.blocks import inner_items, items_of
from vggdsl.language.filling import filled, has_activations, with_none
from vggdsl.language.leaving import (
    left_open,
    named_choices,
    open_numbers,
    open_options,
    open_repeat,
    wrong_choices,
)
from vggdsl.language.spelling import items_text
from vggdsl.language.syntax import Alternation, Choice, Document, Parameter
from vggdsl.text.errors import Diagnostic, Label, NetworkError
from vggdsl.text.facts import OpenSpace
from vggdsl.text.source import Span
from vggdsl.text.units import plural

Picks = Mapping[str, int]
"""Of choices, by their names, which option is taken, counted from 0."""

MOST_SITES = 10_000
"""Places of choices, those in a block counted at each call."""
MOST_NETWORKS = 10**1_000
"""Larger numbers are no text that Python writes at once."""
MOST_LINKED = 1_000
"""Ways to make choices that stand again further on, which counting has to keep apart: ten of two options are 1,024."""


@dataclass(frozen=True)
class OpenChoice:
    """A choice, wherever it stands. One without a name is called by its number and what it is of: ``2:FC``."""

    name: str
    options: tuple[str, ...]
    """Of elements that stand at several places what an option is at each: ``conv3-8 … maxpool``."""
    span: Span = field(compare=False, repr=False)
    """Where it stands first."""
    opens: bool = field(default=False, compare=False, repr=False)
    """Whether other choices depend on it: in its alternatives."""


@dataclass(frozen=True)
class _Site:
    """Where a choice stands, and what stands in each of its alternatives: nothing in numbers."""

    name: str
    inside: tuple[tuple["_Site", ...], ...] = ()


_Made = frozenset[tuple[str, int]]
"""Choices that stand elsewhere, too, with the alternative that is taken; of numbers just that they are made."""
_Ways = dict[_Made, int]
_ANY = -1
_ELSEWHERE = " … "


def has_choices(document: Document) -> bool:
    """Whether a document is a space."""
    return any(not isinstance(left.what, Parameter) for left in left_open(document))


def refuse_space(document: Document) -> None:
    """Raises ``NetworkError`` V226 for a space where one network belongs, and what ``Choices`` raises."""
    if has_choices(document):
        raise NetworkError(space_refused(document))


def space_refused(document: Document, option: str = "") -> Diagnostic:
    """V226 of a space; raises what ``Choices`` raises. ``option`` is that by which `show` is of one network."""
    choices = Choices(document)
    count, first = choices.networks, next(left for left in left_open(document) if not isinstance(left.what, Parameter))
    message = f"a space of {plural(count, 'network')}, where one belongs"
    ranges = f"`vggdsl show` {f'without {option} ' if option else ''}tells the ranges of all"
    help = f"{ranges}, `vggdsl search` looks for the best; or write one option of each choice"
    return Diagnostic("V226", message, (Label(first.span, "left open"),), help, OpenSpace(count))


class Choices:
    """The choices of a document whose links are resolved.

    ``networks`` are all ways to make them. Raises ``NetworkError`` V227 for choices that disagree, V228 for what only
    one network can say, V219 for too many.
    """

    def __init__(self, document: Document) -> None:
        self.document, self._named = document, named_choices(document)
        if findings := list(wrong_choices(document, self._named)):
            raise NetworkError(sorted(findings, key=lambda d: d.labels[0].span.start))
        self._names = dict[str | Span, str]()
        self._open = dict[str, OpenChoice]()
        self._blocks = {str(c.name): c for c in document.contents if isinstance(c, syntax.Block)}
        self._known = dict[str, tuple[_Site, ...]]()
        self._made = 0
        self._sites = _once(site for content in document.contents for site in self._of_content(content))
        self.networks = self.count({})
        if self.networks > MOST_NETWORKS:
            raise self._too_many("more than 10^1000 networks", "leave fewer choices open")

    @property
    def all(self) -> tuple[OpenChoice, ...]:
        """In the order in which they are made: as the network goes, each before those inside it."""
        return tuple(self._open.values())

    # -- where they stand

    def _of_content(self, content: syntax.Content) -> Iterator[_Site]:
        match content:
            case syntax.Items(items) | syntax.After(items=items):
                yield from self._of_items(items, ())
            case syntax.Default(kind, options):
                yield from self._of_numbers(open_options(options), kind, ())
            case _:
                pass

    def _of_items(self, items: Iterable[syntax.Item], parameters: Sequence[str]) -> Iterator[_Site]:
        for item in items:
            element = item.element
            match element:
                case Alternation(alternatives):
                    name = self._name(element, "layers", tuple(map(items_text, alternatives)))
                    rows = tuple(_once(self._of_items(row, parameters)) for row in alternatives)
                    if any(rows):
                        self._open[name] = replace(self._open[name], opens=True)
                    yield self._site(name, rows)
                case syntax.Layer(kind):
                    yield from self._of_numbers(open_numbers(element), kind, parameters)
                case syntax.Call(name):
                    yield from self._of_numbers(open_numbers(element), name, parameters)
                    yield from self._of_block(name)
                case _:
                    yield from self._of_items(inner_items(element), parameters)
            yield from self._of_numbers(open_repeat(item), "x", parameters)

    def _of_block(self, name: str) -> tuple[_Site, ...]:
        if name in self._blocks and name not in self._known:
            self._known[name] = ()  # of one that calls itself, which is told of its networks
            block = self._blocks[name]
            self._known[name] = _once(self._of_items(items_of(block), block.parameters))
        found = self._known.get(name, ())
        self._count(sum(1 for _ in _names(found)))
        return found

    def _of_numbers(
        self, values: Iterable[Choice | Parameter], kind: str, parameters: Sequence[str]
    ) -> Iterator[_Site]:
        for value in values:
            chosen = value
            if isinstance(value, Parameter):
                named = None if value.name in parameters else self._named.get(value.name)
                chosen = named if isinstance(named, Choice) else value
            if isinstance(chosen, Choice):
                yield self._site(self._name(chosen, kind, chosen.options), ())

    def _name(self, choice: Choice | Alternation, kind: str, options: tuple[str, ...]) -> str:
        key = choice.name or choice.span
        if key not in self._names:
            self._names[key] = name = choice.name or f"{len(self._names) + 1}:{kind}"
            self._open[name] = OpenChoice(name, options, choice.span)
        elif isinstance(choice, Alternation):  # which may be other elements here
            known = self._open[self._names[key]]
            both = tuple(map(_both, known.options, options))
            self._open[known.name] = replace(known, options=both)
        return self._names[key]

    def _site(self, name: str, inside: tuple[tuple[_Site, ...], ...]) -> _Site:
        self._count(1)
        return _Site(name, inside)

    def _count(self, more: int) -> None:
        self._made += more
        if self._made > MOST_SITES:
            help = "a choice in a block counts at each call: give it a name outside, or fewer calls"
            raise self._too_many(f"choices at more than {MOST_SITES:,} places", help)

    def _too_many(self, message: str, help: str) -> NetworkError:
        first = next(left.span for left in left_open(self.document) if not isinstance(left.what, Parameter))
        return NetworkError(Diagnostic("V219", message, (Label(first, "from here on"),), help))

    def _refuse_linked(self, ways: _Ways) -> None:
        if len(ways) > MOST_LINKED:
            help = "of alternations whose name stands again further on, leave fewer open, or bring both places together"
            raise self._too_many(f"choices linked in more than {MOST_LINKED:,} ways", help)

    # -- the ways to make them

    def active(self, picks: Picks) -> OpenChoice | None:
        """The choice to be made next, behind those that are made; None where nothing is left open."""
        name = _next(self._sites, picks, set())
        return None if name is None else self._open[name]

    def assignments(self) -> Iterator[dict[str, int]]:
        """All ways, each with the choices that its network has, in a fixed order."""
        todo = [dict[str, int]()]
        while todo:
            picks = todo.pop()
            if (following := self.active(picks)) is None:
                yield picks
                continue
            todo += ({**picks, following.name: i} for i in reversed(range(len(following.options))))

    def count(self, picks: Picks) -> int:
        """How many ways there are that begin with some picks, by arithmetic."""
        return sum(self._counted(self._sites, picks)[0].values())

    @cached_property
    def _places(self) -> Counter[str]:
        """At how many places each stands."""
        return Counter(_names(self._sites))

    def _counted(self, sites: Iterable[_Site], picks: Picks) -> tuple[_Ways, Counter[str]]:
        """The ways, by what they make of choices that stand elsewhere, too; and what was seen how often."""
        ways, seen = {_Made(): 1}, Counter[str]()
        for site in sites:
            found, inner = self._ways_of(site, picks)
            seen.update(inner)
            ways = _joined(ways, found)
            self._refuse_linked(ways)
            if done := {name for name in inner if seen[name] == self._places[name]}:
                ways = self._without(ways, done, picks)
        return ways, seen

    def _ways_of(self, site: _Site, picks: Picks) -> tuple[_Ways, Counter[str]]:
        seen = Counter([site.name])
        if not self._open[site.name].opens:
            return {_Made([(site.name, _ANY)]): 1}, seen
        ways: _Ways = {}
        for place, row in enumerate(site.inside):
            found, inner = self._counted(row, picks)
            seen.update(inner)
            if picks.get(site.name, place) == place:
                for key, count in _joined({_Made([(site.name, place)]): 1}, found).items():
                    ways[key] = ways.get(key, 0) + count
        return ways, seen

    def _without(self, ways: _Ways, names: set[str], picks: Picks) -> _Ways:
        """The ways where it no longer matters what these are."""
        left: _Ways = {}
        for made, count in ways.items():
            for name, place in made:
                if place == _ANY and name in names and name not in picks:
                    count *= len(self._open[name].options)
            key = frozenset(each for each in made if each[0] not in names)
            left[key] = left.get(key, 0) + count
        return left

    # -- each network

    def fill(self, picks: Picks) -> Document:
        """The document of one network.

        Raises ``ValueError`` for picks that aren't those of its choices, all of them and no others.
        """
        made = set[str]()
        for name, place in picks.items():
            if name not in self._open or not 0 <= place < len(self._open[name].options):
                raise ValueError(f"no such choice: {name}={place}")
        if (missing := _next(self._sites, picks, made)) is not None:
            raise ValueError(f"nothing is chosen of {missing}")
        if needless := picks.keys() - made:
            raise ValueError(f"not left open in this network: {', '.join(sorted(needless))}")
        names = self._names

        def taken(choice: Choice | Alternation) -> int:
            return picks.get(names.get(choice.name or choice.span, ""), 0)  # in a block that it doesn't call: the first

        document = filled(self.document, self._named, taken)
        if not self._has_activations or has_activations(document):
            return document
        return with_none(document)

    @cached_property
    def _has_activations(self) -> bool:
        """Whether activations are written, if in one alternative alone: then none are implied in any network."""
        has_rules = any(isinstance(content, syntax.After) for content in self.document.contents)
        return not has_rules and has_activations(self.document)


def _both(one: str, other: str) -> str:
    """What an option is at two places, or at those before and at one more."""
    return one if other in one.split(_ELSEWHERE) else one + _ELSEWHERE + other


def _once(sites: Iterable[_Site]) -> tuple[_Site, ...]:
    """Of those that are alike the first: the others are decided with it."""
    return tuple(dict.fromkeys(sites))


def _names(sites: Iterable[_Site]) -> Iterator[str]:
    for site in sites:
        yield site.name
        for row in site.inside:
            yield from _names(row)


def _next(sites: Iterable[_Site], picks: Picks, made: set[str]) -> str | None:
    """The first choice that isn't made; those that are made before it are added to ``made``."""
    for site in sites:
        if site.name not in picks:
            return site.name
        made.add(site.name)
        if site.inside and (found := _next(site.inside[picks[site.name]], picks, made)) is not None:
            return found
    return None


def _joined(one: _Ways, other: _Ways) -> _Ways:
    """The ways of both, where they agree."""
    ways: _Ways = {}
    for made, count in one.items():
        taken = dict(made)
        for more, times in other.items():
            if all(taken.get(name, place) == place for name, place in more):
                key = made | more
                ways[key] = ways.get(key, 0) + count * times
    return ways
