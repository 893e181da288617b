"""What is wrong with a space, as far as its networks tell."""

from vggdsl.language import syntax
from vggdsl.spec.space import Network, Space, made_networks
from vggdsl.text.errors import Diagnostic, Label
from vggdsl.text.facts import UnmatchedRule
from vggdsl.text.units import plural

MOST_CHECKED = 1_000
"""Networks that are made; of a space of more it is a sample."""


def check_space(space: Space) -> list[Diagnostic]:
    """V237 where all of its networks are none, W222 where some are; rules that match nothing in any of them, and what
    is wrong with its recipes for the first that is one."""
    tried = wrong = 0
    example: tuple[str, Diagnostic] | None = None
    first: dict[str, int] | None = None
    unmatched = {rule for c in space.whole.contents if (rule := _rule(c)) is not None}
    for picks, made in made_networks(space, MOST_CHECKED):
        tried += 1
        if isinstance(made, Network):
            first = dict(picks) if first is None else first
            unmatched -= {_rule(content) for content in made.document.contents}
        else:
            wrong += 1
            example = example or (space.said(picks), made.diagnostics[0])
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
    all_of_them = plural(space.networks, "network")
    of = all_of_them if tried == space.networks else f"{tried:,} of {all_of_them}, by chance,"
    help = f"so it is with {said}; {found.help}"
    if wrong == tried:
        return Diagnostic("V237", f"of {of} none is one: {found.message}", found.labels, help)
    return Diagnostic("W222", f"of {of} {wrong:,} can't be made: {found.message}", found.labels, help)
