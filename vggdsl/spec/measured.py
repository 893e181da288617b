"""Measured blocks: what the tool found, sealed, beside what a paper claims."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from vggdsl.language import notations, syntax
from vggdsl.language.syntax import Atom, Entry, Line, Option
from vggdsl.text.errors import Diagnostic, Label, unknown
from vggdsl.text.source import NOWHERE, Placed, Span

KEYS: Mapping[str, tuple[str, ...]] = {
    "run": ("recipe", "seed", "precision", "device", "minutes", "deviates"),
    "of": ("network", "recipe", "data", "split", "base", "from"),
    "by": ("vggdsl", "torch", "torchvision", "pillow", "weights"),
    "seal": ("sha256",),
}
"""The entries of a measured block and their options."""
QUOTED = ("device", "deviates")
"""The options whose values may hold spaces."""


@dataclass(frozen=True)
class Measurement:
    """One measured block, read."""

    line: syntax.ResultLine | None
    results: tuple[syntax.Results, ...]
    values: Mapping[str, Mapping[str, str]]
    """By entry and option, e.g. ``values["run"]["seed"]``."""
    sealed: bool
    span: Span

    def __repr__(self) -> str:
        said = str(self.line) if self.line is not None else f"{len(self.results)} results"
        return f"Measurement({self.span.place}, {said}, {'sealed' if self.sealed else 'edited'})"

    @property
    def recipe(self) -> str:
        """The name of the recipe; empty for none."""
        return self.values.get("run", {}).get("recipe", "")

    def changed(self, network: str, recipe: str | None, bases: Collection[str] | None) -> list[str]:
        """What isn't as it was, by the digests that network, recipe and what it may begin with have now.

        None for a recipe that there isn't any more, and for what isn't at hand to begin with.
        """
        of = self.values.get("of", {})
        now = {"the network": (of.get("network"), network), "the recipe": (of.get("recipe"), recipe)}
        found = [what for what, (then, current) in now.items() if then != current]
        is_other = bases is not None and "base" in of and of["base"] not in bases
        return [*found, "what it begins with"] if is_other else found


def seal(block: syntax.Measured) -> str:
    """Sixteen hex digits over the block's words; the seal itself, comments and spacing don't count."""
    lines = tuple(
        Line(line.content)
        for line in block.lines
        if line.content is not None and not (isinstance(line.content, Entry) and line.content.key == "seal")
    )
    words = notations.write(syntax.Document((Line(replace(block, lines=lines)),))).split()
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:16]


def make_block(
    line: syntax.ResultLine, values: Mapping[str, Mapping[str, object]], results: Sequence[syntax.Results] = ()
) -> syntax.Measured:
    """A sealed block; device and deviations are quoted, values that are None left out.

    A quoted value can hold no ``"`` and no end of a line: they become ``'`` and a space.
    """

    def entry(key: str, options: Mapping[str, object]) -> Line:
        made = tuple(
            Option(_made(name), _made(" ".join(str(value).replace('"', "'").splitlines())), NOWHERE, name in QUOTED)
            for name, value in options.items()
            if value is not None
        )
        return Line(Entry(_made(key), made, NOWHERE))

    entries = [entry(key, values[key]) for key in KEYS if key in values]
    block = syntax.Measured((Line(line), *map(Line, results), *entries), NOWHERE, NOWHERE)
    return syntax.Measured((*block.lines, entry("seal", {"sha256": seal(block)})), NOWHERE, NOWHERE)


def _made(text: str) -> Placed:
    return Placed(text, NOWHERE)


def read_measured(block: syntax.Measured, found: list[Diagnostic]) -> Measurement:
    """A block's contents; what is wrong with it is added to ``found``."""
    values: dict[str, dict[str, str]] = {}
    lines, results = [], []
    for line in block.lines:
        match line.content:
            case syntax.ResultLine():
                lines.append(line.content)
            case syntax.Results():
                results.append(line.content)
            case Entry(key, entry_values):
                if key not in KEYS or key in values:
                    found.append(_bad_entry(line.content, key in values))
                    continue
                values[key] = {}
                for value in entry_values:
                    found += _bad_value(key, value, values[key])
                    if isinstance(value, Option):
                        values[key][value.key] = value.value
    if not lines and not results:
        message = "a measured block without a result"
        found.append(Diagnostic("V603", message, (Label(block.span, "this block"),), "remove it, and train"))
    if len(lines) > 1:
        labels = (Label(lines[1].span, "again"), Label(lines[0].span, "first here", primary=False))
        found.append(Diagnostic("V603", "two result lines in one block", labels, "keep one"))
    sealed = values.get("seal", {}).get("sha256") == seal(block)
    return Measurement(lines[0] if lines else None, tuple(results), values, sealed, block.span)


def _bad_entry(entry: Entry, again: bool) -> Diagnostic:
    if again:
        return Diagnostic("V603", f"a second `{entry.key}`", (Label(entry.span, "again"),), "keep one")
    return unknown("V603", "entry of a measured block", entry.key, list(KEYS), entry.span)


def _bad_value(key: str, value: Atom | Option | syntax.Setting, seen: Mapping[str, str]) -> Iterator[Diagnostic]:
    if not isinstance(value, Option):
        yield Diagnostic("V603", f"`{value}` in `{key}`", (Label(value.span, "here"),), "write options, such as seed=0")
    elif value.key not in KEYS[key]:
        yield unknown("V603", f"option of {key}", value.key, KEYS[key], value.span)
    elif value.key in seen:
        yield Diagnostic("V603", f"`{value.key}` is given twice", (Label(value.span, "again"),), "keep one")
