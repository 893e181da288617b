"""What is wrong with a space, and what looks wrong, as far as its networks tell."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from vggdsl.language import syntax
from vggdsl.language.blocks import elements_of
from vggdsl.language.lints import lint_blocks
from vggdsl.spec.inherited import from_delta
from vggdsl.spec.pretrained import reading_once
from vggdsl.spec.recipe import Recipe, lint_recipe
from vggdsl.spec.space import Made, Network, Space
from vggdsl.spec.spec import Spec
from vggdsl.text.codes import CodeName
from vggdsl.text.errors import Diagnostic, Label
from vggdsl.text.facts import UnmatchedRule
from vggdsl.text.source import Span
from vggdsl.text.units import plural


@reading_once()
def check_space(space: Space, made: Iterable[Made], trained_by: Recipe | None = None) -> list[Diagnostic]:
    """By networks that were made of it: V237 where all of them are none, W222 where some are, or some can't be trained;
    what ``Spec.check`` says of each, every place once; blocks and rules that none of them has.

    ``trained_by`` is as in ``Spec.check``.
    """
    told = _Told(space, trained_by)
    unmatched = {rule for c in space.whole.contents if (rule := _rule(c)) is not None}
    for picks, network in made:
        told.tried += 1
        if isinstance(network, Network):
            told.add(picks, _spec(space, network).check_network(trained_by))
            unmatched -= {_rule(content) for content in network.document.contents}
        else:
            told.wrong.append((picks, network.diagnostics[0]))
    findings = [*told.findings()]
    if told.networks:
        findings += lint_blocks(space.document, space.whole)
        if told.tried < space.networks:  # in one that wasn't made it may match
            unmatched = {rule for rule in unmatched if rule is not None and rule.kind not in _written(space)}
        findings += (_idle(c) for c in space.whole.contents if _rule(c) in unmatched and isinstance(c, _RULES))
    return findings


def _spec(space: Space, made: Network) -> Spec:
    """One network, with the places of the space."""
    return Spec(
        space.name, space.document, made.document, space.source, made.annotated, made.typed, space.recipes, (), (), ()
    )


@dataclass
class _Seen:
    """What is found at a place: in the first network that has it, in how many, and whether it is the same in all."""

    picks: Mapping[str, int]
    finding: Diagnostic
    networks: int = 0
    is_same: bool = True


@dataclass
class _Told:
    """What is found in the networks of a space, one after the other."""

    space: Space
    trained_by: Recipe | None
    tried: int = 0
    networks: int = 0
    """Of these, and of them ``trainable``."""
    trainable: int = 0
    wrong: list[tuple[Mapping[str, int], Diagnostic]] = field(default_factory=list)
    """What is no network, and why."""
    _seen: dict[tuple[CodeName, Span | None], _Seen] = field(default_factory=dict)

    def add(self, picks: Mapping[str, int], findings: Iterable[Diagnostic]) -> None:
        """What is wrong with the next network; of several findings of a code at a place the first."""
        firsts = dict[tuple[CodeName, Span | None], Diagnostic]()
        for finding in findings:
            firsts.setdefault((finding.code, finding.labels[0].span if finding.labels else None), finding)
        self.networks += 1
        self.trainable += not any(finding.is_error for finding in firsts.values())
        for key, finding in firsts.items():
            seen = self._seen.setdefault(key, _Seen(picks, finding))
            seen.networks += 1
            seen.is_same &= finding == seen.finding

    def findings(self) -> Iterator[Diagnostic]:
        if self.wrong:
            picks, first = self.wrong[0]
            if self.networks:
                yield self._some("W222", len(self.wrong), "can't be made", picks, first)
            else:
                yield self._some("V237", 0, "is one", picks, first)
        of_recipes = [*self._of_recipes()]
        for seen in self._seen.values():
            if seen.finding.is_error and self.trainable:
                yield self._some("W222", seen.networks, "can't be trained", seen.picks, seen.finding)
            elif seen.finding in of_recipes:
                yield seen.finding
            else:
                yield self._found(seen)

    def _of_recipes(self) -> Iterator[Diagnostic]:
        """What looks wrong with a recipe whatever it trains."""
        for recipe in self.space.recipes:
            if self.trained_by is not None and self.trained_by.name == recipe.name:
                recipe = self.trained_by
            yield from (from_delta(d, self.space.document, recipe.name) for d in lint_recipe(recipe))

    def _found(self, seen: _Seen) -> Diagnostic:
        """As it is said of one network, where all have it; of which network it is said, where others differ."""
        is_everywhere, finding = seen.networks == self.networks, seen.finding
        if not is_everywhere or self.tried < self.space.networks:
            have = "has this" if seen.networks == 1 else "have this"
            finding = replace(finding, message=f"{self._of(seen.networks)} {have}: {finding.message}")
        if is_everywhere and seen.is_same:
            return finding
        return finding.helped(self._so_with(seen.picks, finding))

    def _some(
        self, code: CodeName, networks: int, what: str, picks: Mapping[str, int], first: Diagnostic
    ) -> Diagnostic:
        message = f"{self._of(networks)} {what}: {first.message}"
        return Diagnostic(code, message, first.labels, self._so_with(picks, first))

    def _of(self, networks: int) -> str:
        """How many of all, or of a sample, which is said."""
        of, count = f"of {plural(self.space.networks, 'network')}", f"{networks:,}" if networks else "none"
        if self.tried == self.space.networks:
            return f"{of} {count}"
        return f"{self.tried:,} {of} were tried, by chance, and {'all' if networks == self.tried else count}"

    def _so_with(self, picks: Mapping[str, int], finding: Diagnostic) -> str:
        said = f"so it is with {self.space.said(picks)}"
        return f"{said}; {finding.help}" if finding.help else said


_RULES = syntax.After | syntax.Default


def _written(space: Space) -> set[str]:
    """The kinds of all layers that are written, also in blocks and rules."""
    elements = (element for content in space.whole.contents for element in elements_of(content))
    return {element.kind for element in elements if isinstance(element, syntax.Layer)}


def _rule(content: syntax.Content) -> UnmatchedRule | None:
    """What names a rule that gives something."""
    if isinstance(content, syntax.Default):
        return UnmatchedRule("default", content.kind)
    is_one = isinstance(content, syntax.After) and content.items
    return UnmatchedRule("after", content.kind) if is_one and isinstance(content, syntax.After) else None


def _idle(rule: syntax.After | syntax.Default) -> Diagnostic:
    word = "after" if isinstance(rule, syntax.After) else "default"
    message = f"`{word} {rule.kind}` matches nothing in any network"
    return Diagnostic("V213", message, (Label(rule.span, "matches nothing"),), "remove the rule", _rule(rule))
