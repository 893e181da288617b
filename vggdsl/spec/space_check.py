"""What is wrong with a space, as far as its networks tell."""

from collections.abc import Iterable

from vggdsl.language import syntax
from vggdsl.spec.space import Made, Network, Space
from vggdsl.text.errors import Diagnostic, Label
from vggdsl.text.facts import UnmatchedRule
from vggdsl.text.units import plural


def check_space(space: Space, made: Iterable[Made]) -> list[Diagnostic]:
    """By networks that were made of it: V237 where all of them are none, W222 where some are; rules that match nothing
    in any of them, and what is wrong with its recipes for the first that is one."""
    tried = wrong = 0
    example: tuple[str, Diagnostic] | None = None
    first: dict[str, int] | None = None
    unmatched = {rule for c in space.whole.contents if (rule := _rule(c)) is not None}
    for picks, found in made:
        tried += 1
        if isinstance(found, Network):
            first = dict(picks) if first is None else first
            unmatched -= {_rule(content) for content in found.document.contents}
        else:
            wrong += 1
            example = example or (space.said(picks), found.diagnostics[0])
    findings = [_wrong(space, tried, wrong, *example)] if example is not None else []
    if first is not None:
        findings += [d for d in space.fill(first).check() if d.row.kind == "recipe"]
        findings += (_idle(c) for c in space.whole.contents if _rule(c) in unmatched and isinstance(c, _RULES))
    return findings


_RULES = syntax.After | syntax.Default


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
