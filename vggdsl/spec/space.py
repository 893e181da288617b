"""Spaces: specs that leave choices open, each network of them, and how many are within a budget."""

import math
import random
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from vggdsl.language import notations, syntax
from vggdsl.language.choices import Choices, OpenChoice, has_choices
from vggdsl.language.elaborate import AnnotatedGraph, elaborate
from vggdsl.language.library import read_source
from vggdsl.language.links import flatten
from vggdsl.network.infer import TypedGraph, infer
from vggdsl.spec.budget import Budget, within
from vggdsl.spec.copies import loader
from vggdsl.spec.parsing import refuse_blocks, uncollected
from vggdsl.spec.recipe import Recipe, read_recipes
from vggdsl.spec.spec import Spec
from vggdsl.text.confidence import interval
from vggdsl.text.errors import Diagnostic, NetworkError, VggdslError, error_of
from vggdsl.text.facts import UnmatchedRule
from vggdsl.text.source import Source


@dataclass(frozen=True)
class Network:
    """One network of a space; its places are those of the space."""

    document: syntax.Document
    annotated: AnnotatedGraph
    typed: TypedGraph


@dataclass(frozen=True)
class Space:
    """A spec that leaves choices open. Two assignments may give the same network."""

    name: str
    document: syntax.Document = field(repr=False)
    """As written."""
    whole: syntax.Document = field(repr=False)
    """Without links to other files."""
    source: Source = field(repr=False)
    recipes: tuple[Recipe, ...] = field(repr=False)

    @cached_property
    def _made(self) -> Choices:
        return Choices(self.whole)

    @property
    def choices(self) -> tuple[OpenChoice, ...]:
        """In the order in which they are made: as the network goes, each before those inside its alternatives."""
        return self._made.all

    @cached_property
    def networks(self) -> int:
        """How many assignments there are, however many: by arithmetic."""
        return self._made.networks

    def __len__(self) -> int:
        """``networks``. Raises ``OverflowError`` where they are more than Python's ``len`` can tell."""
        return self.networks

    def assignments(self) -> Iterator[Mapping[str, int]]:
        """Of each network the option of every choice that it has, by its name, in a fixed order."""
        return self._made.assignments()

    def active(self, picks: Mapping[str, int]) -> OpenChoice | None:
        """The choice to be made next behind those that are made; None where the network has no other."""
        return self._made.active(picks)

    def sample(self, chance: random.Random) -> dict[str, int]:
        """One assignment, each as likely as any other."""
        picks = dict[str, int]()
        while (choice := self.active(picks)) is not None:
            (place,) = chance.choices(range(len(choice.options)), self.weights(choice, picks))
            picks[choice.name] = place
        return picks

    def weights(self, choice: OpenChoice, picks: Mapping[str, int]) -> list[float]:
        """How many of the networks behind some picks take each option of the next choice, as shares.

        Where no others depend on it these are equal; and what was taken of such a choice changes none of them.
        """
        if not choice.opens:
            return [1 / len(choice.options)] * len(choice.options)
        before = {name: place for name, place in picks.items() if name in self._opening}
        key = choice.name, frozenset(before.items())
        if key not in self._shares:
            counts = [self._made.count({**before, choice.name: i}) for i in range(len(choice.options))]
            self._shares[key] = [count / sum(counts) for count in counts]
        return self._shares[key]

    @cached_property
    def _opening(self) -> Collection[str]:
        """The choices on which others depend."""
        return {choice.name for choice in self.choices if choice.opens}

    @cached_property
    def _shares(self) -> dict[tuple[str, frozenset[tuple[str, int]]], list[float]]:
        """The weights that are known."""
        return {}

    def said(self, picks: Mapping[str, int]) -> str:
        """An assignment as text: ``w=64, 2:x=3``."""
        options = {choice.name: choice.options for choice in self.choices}
        return ", ".join(f"{name}={options[name][place]}" for name, place in picks.items())

    def network(self, picks: Mapping[str, int]) -> Network:
        """The network of an assignment.

        Raises ``VggdslError`` if it is none, ``ValueError`` for picks that are no assignment.
        """
        made = self.make(picks)[0]
        if isinstance(made, VggdslError):
            raise made
        return made

    def make(self, picks: Mapping[str, int]) -> "tuple[Network | VggdslError, int]":
        """The network of an assignment, or why it is none; and of how many layers shapes were asked for that.

        Raises ``ValueError`` for picks that are no assignment.
        """
        layers = 0
        try:
            annotated, document = _elaborated(self._made.fill(picks))
            layers = sum(1 for _ in annotated.graph.training_nodes)
            return Network(document, annotated, infer(annotated.graph)), layers
        except VggdslError as error:
            return error, layers

    def fill(self, picks: Mapping[str, int]) -> Spec:
        """The spec of one network, an ordinary one; its text leaves nothing open, points to no other file, and begins
        with what was chosen, as a comment.

        Raises as ``network``.
        """
        made = self.network(picks)
        chosen = syntax.Line(None, f"# chosen: {' '.join(self.said(picks).split())}")
        document = replace(made.document, lines=(chosen, *made.document.lines))
        name = f"{self.name}-{made.annotated.graph.digest}"
        source = Source(f"{name}.arch", notations.write(document))
        return Spec(name, document, document, source, made.annotated, made.typed, self.recipes, (), (), ())


def _elaborated(document: syntax.Document) -> tuple[AnnotatedGraph, syntax.Document]:
    """What one network of a space means, and its document without the rules and defaults that are of others."""
    try:
        return elaborate(document), document
    except NetworkError as error:
        idle = {d.facts for d in error.diagnostics if isinstance(d.facts, UnmatchedRule)}
        if not all(d.facts in idle for d in error.diagnostics):
            raise
    document = _without(document, idle)
    return elaborate(document), document


def _without(document: syntax.Document, idle: Collection[object]) -> syntax.Document:
    """Without rules that match nothing. Where no other `after` is left, one stays that gives nothing: without any rule,
    convolutions would have a ReLU that nobody wrote."""
    lines, ruled = list[syntax.Line](), False
    rules = [c for c in document.contents if isinstance(c, syntax.After)]
    kept = [rule for rule in rules if UnmatchedRule("after", rule.kind) not in idle]
    for line in document.lines:
        content = line.content
        if isinstance(content, syntax.Default) and UnmatchedRule("default", content.kind) in idle:
            continue
        if isinstance(content, syntax.After) and content not in kept:
            if kept or ruled:
                continue
            line, ruled = replace(line, content=replace(content, items=())), True
        lines.append(line)
    return syntax.Document(tuple(lines))


@dataclass(frozen=True)
class Counted:
    """How many networks of a space keep to a budget: exactly, or as a sample of them tells."""

    networks: int
    """Of the space."""
    tried: int
    """All of them, or a sample, in which one may stand twice."""
    within: int
    """Of those that were tried."""
    wrong: int
    """Of those that were tried: no networks, which count as beyond any budget."""
    different: int
    """Of those within it, without the ones that another assignment gives, too."""
    example: tuple[Mapping[str, int], VggdslError] | None = None
    """One of these, and why it is none."""

    @property
    def is_exact(self) -> bool:
        return self.tried == self.networks

    @property
    def estimate(self) -> int:
        """Of all networks, how many keep to it: the very number if that ``is_exact``."""
        return round(Fraction(self.networks * self.within, self.tried))

    @property
    def interval(self) -> tuple[int, int]:
        """Where that is with 95 % confidence, by Wilson's score; from and to the number itself if it is exact."""
        if self.is_exact:
            return self.within, self.within
        low, high = interval(self.within, self.tried)
        return math.floor(self.networks * Fraction(low)), math.ceil(self.networks * Fraction(high))


def count(space: Space, budget: Budget, most: int, seed: int = 0) -> Counted:
    """How many networks keep to a budget: of up to ``most`` each is made, of more a sample of so many, by a seed."""
    kept = wrong = tried = 0
    digests, example = set[str](), None
    for picks, made in made_networks(space, most, seed):
        tried += 1
        if isinstance(made, VggdslError):
            wrong += 1
            example = example or (picks, made)
        elif within(made.typed, budget):
            kept += 1
            digests.add(made.annotated.graph.digest)
    return Counted(space.networks, tried, kept, wrong, len(digests), example)


Made = tuple[Mapping[str, int], Network | VggdslError]
"""An assignment, and its network or why it is none."""


def made_networks(space: Space, most: int, seed: int = 0) -> Iterator[Made]:
    """All networks of a space, or where they are more than ``most`` a sample of so many, each by its assignment; or why
    it is none."""
    chance = random.Random(seed)  # noqa: S311  # a sample, no secret
    all_of_them = space.networks <= most
    assignments = space.assignments() if all_of_them else (space.sample(chance) for _ in range(most))
    for picks in islice(assignments, most):
        yield picks, space.make(picks)[0]


class Most(NamedTuple):
    """How much of a space is made to tell of all of it: so many networks, which have so many layers together."""

    networks: int
    layers: int


@uncollected()
def tried_networks(space: Space, most: Most) -> list[Made]:
    """As ``made_networks``, but no more than the first with which there are as many layers as they may have: also of
    fewer networks it is a sample then, in which none stands twice."""
    chance = random.Random(0)  # noqa: S311  # a sample, no secret
    drawn: Iterable[tuple[int, Mapping[str, int]]] = ((n, space.sample(chance)) for n in range(most.networks))
    if space.networks <= most.networks:
        drawn = chance.sample(list(enumerate(space.assignments())), space.networks)
    found, layers = list[tuple[int, Made]](), 0
    for place, picks in drawn:
        made, more = space.make(picks)
        found.append((place, (picks, made)))
        layers += more
        if layers >= most.layers:
            break
    return [made for _, made in sorted(found, key=itemgetter(0))]


def load_space(spec: str | Path) -> Space:
    """Reads a space: a path, ``-`` for standard input, or the name of one that ships; links as in ``load``.

    Raises ``InputError`` V501 if there is none, V502 if it can't be read, ``VggdslError`` V229 for the spec of one
    network, V210 for a file of blocks, and what else is wrong with the text.
    """
    return space_of(read_source(spec))


@uncollected()
def space_of(source: Source, beside: Iterable[str | Path] = ()) -> Space:
    """The space that a text is; raises as ``load_space``."""
    document = notations.reading(source).document
    whole = flatten(document, loader(source, beside))
    refuse_blocks(whole, source.name)
    if not has_choices(whole):
        help = "write choices such as `conv3-{64|96}`, `x{1..4}` or `( maxpool | avgpool )`"
        raise NetworkError(Diagnostic("V229", f"{source.name} leaves nothing open", help=help))
    findings = list[Diagnostic]()
    recipes: tuple[Recipe, ...] = ()
    try:
        Choices(whole)
    except NetworkError as error:
        findings += error.diagnostics
    try:
        recipes = read_recipes([c for c in whole.contents if isinstance(c, syntax.Train)])
    except VggdslError as error:
        findings += error.diagnostics
    if findings:
        raise error_of(findings)
    return Space(Path(source.name).stem, document, whole, source, recipes)
