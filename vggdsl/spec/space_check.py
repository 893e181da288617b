"""What is wrong with a space, as far as its networks tell."""

from collections.abc import Iterable, Mapping
from itertools import islice

from vggdsl.language import syntax
from vggdsl.language.blocks import elements_of
from vggdsl.network.shapes import Shape
from vggdsl.spec.space import Made, Network, Space
from vggdsl.text.errors import Diagnostic, Label
from vggdsl.text.facts import UnmatchedRule
from vggdsl.text.units import plural


def check_space(space: Space, made: Iterable[Made]) -> list[Diagnostic]:
    """By networks that were made of it: V237 where all of them are none, W222 where some are; rules that match nothing
    in any network, and what is wrong with its recipes."""
    tried = wrong = 0
    example: tuple[str, Diagnostic] | None = None
    first = dict[Shape, Mapping[str, int]]()
    unmatched = {rule for c in space.whole.contents if (rule := _rule(c)) is not None}
    for picks, found in made:
        tried += 1
        if isinstance(found, Network):
            first.setdefault(found.typed.output, picks)
            unmatched -= {_rule(content) for content in found.document.contents}
        else:
            wrong += 1
            example = example or (space.said(picks), found.diagnostics[0])
    findings = [_wrong(space, tried, wrong, *example)] if example is not None else []
    if first:
        findings += _untrainable(space, first)
        if tried < space.networks:  # in one that wasn't made it may match
            unmatched = {rule for rule in unmatched if rule is not None and rule.kind not in _written(space)}
        findings += (_idle(c) for c in space.whole.contents if _rule(c) in unmatched and isinstance(c, _RULES))
    return findings


_OUTPUTS = 20
"""Of how many outputs a network each is held against the recipes."""


def _untrainable(space: Space, first: Mapping[Shape, Mapping[str, int]]) -> list[Diagnostic]:
    """What is wrong with the recipes, for the first networks with each output; W222 if it is so with some of them."""
    found = {
        output: [d for d in space.fill(picks).check() if d.row.kind == "recipe"]
        for output, picks in islice(first.items(), _OUTPUTS)
    }
    errors = {output: d for output, findings in found.items() for d in reversed(findings) if d.is_error}
    if not errors or len(errors) == len(found):
        return next(iter(found.values()))
    output, wrong = next(iter(errors.items()))
    message = f"networks that give {output} can't be trained: {wrong.message}"
    rest = next(findings for output, findings in found.items() if output not in errors)
    return [Diagnostic("W222", message, wrong.labels, f"so it is with {space.said(first[output])}"), *rest]


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


def _wrong(space: Space, tried: int, wrong: int, said: str, found: Diagnostic) -> Diagnostic:
    """How many are no networks; of one of them what is wrong."""
    of = f"of {plural(space.networks, 'network')}"
    help = f"so it is with {said}; {found.help}"
    if tried < space.networks:
        of = f"{tried:,} {of} were tried, by chance, and"
    if wrong == tried:
        return Diagnostic("V237", f"{of} none is one: {found.message}", found.labels, help)
    return Diagnostic("W222", f"{of} {wrong:,} can't be made: {found.message}", found.labels, help)
