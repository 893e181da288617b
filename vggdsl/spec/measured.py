"""Measured blocks: what the tool found, sealed, beside what a paper claims."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from vggdsl.language import notations, syntax
from vggdsl.language.reader import Reader
from vggdsl.language.schema import Key
from vggdsl.language.syntax import Entry, Line, Option
from vggdsl.language.types import Text, elements
from vggdsl.language.voice import Voice
from vggdsl.text.edits import Edit
from vggdsl.text.errors import Diagnostic, Label, unknown
from vggdsl.text.source import NOWHERE, Placed, Span

_DIGEST, _VERSION = Text("a digest", "0123abcd"), Text("a version", "1.2.3")
KEYS: Mapping[str, tuple[Key, ...]] = {
    "run": (
        Key("recipe", Text("the name of a recipe", "S256"), "by which it was trained; none where it has no name"),
        Key("seed", Text("a seed", "0"), "of the training"),
        Key("precision", Text("a precision", "fp32"), "in which it was computed"),
        Key("device", Text("a device", "a CPU", spaced=True), "on which"),
        Key("minutes", Text("minutes", "0.5"), "that it took"),
        Key("deviates", Text("entries", "epochs 3", spaced=True), "that took the place of the recipe's"),
        Key("added", Text("a count", "20"), "of the epochs that followed when it had ended once"),
    ),
    "of": (
        Key("network", _DIGEST, "of the network"),
        Key("recipe", _DIGEST, "of the recipe"),
        Key("data", _DIGEST, "of the images and labels"),
        Key("revision", Text("a commit or fingerprint", "0123abcd"), "of a data set that may change at its source"),
        Key("split", Text("three counts", "45000/5000/10000"), "of the images to train, choose and test by"),
        Key("left-out", Text("a count", "3"), "of images that couldn't be read"),
        Key("base", _DIGEST, "of what it might begin with"),
        Key("from", _DIGEST, "of the weights that it began with"),
    ),
    "by": (
        Key("vggdsl", _VERSION, "of this tool"),
        Key("torch", _VERSION, "of PyTorch"),
        Key("torchvision", _VERSION, "of torchvision, where it took part"),
        Key("pillow", _VERSION, "of Pillow, where it took part"),
        Key("decoder", Text("a library", "libjpeg-turbo-3.2.0"), "of JPEGs, where images were read from files"),
        Key("weights", _DIGEST, "of the weights that came about"),
    ),
    "seal": (Key("sha256", _DIGEST, "of the block"),),
}
"""The entries of a measured block and their options. Their values stay as they are written: so they are sealed."""


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
    line: syntax.ResultLine | None, values: Mapping[str, Mapping[str, object]], results: Sequence[syntax.Results] = ()
) -> syntax.Measured:
    """A sealed block; device and deviations are quoted, values that are None left out.

    A quoted value can hold no ``"`` and no end of a line: they become ``'`` and a space.
    """

    def entry(key: str, options: Mapping[str, object]) -> Line:
        spaced = {each.name for each in KEYS[key] if isinstance(each.type, Text) and each.type.spaced}
        made = tuple(
            Option(_made(name), _made(" ".join(str(value).replace('"', "'").splitlines())), NOWHERE, name in spaced)
            for name, value in options.items()
            if value is not None
        )
        return Line(Entry(_made(key), made, NOWHERE))

    entries = [entry(key, values[key]) for key in KEYS if key in values]
    first = () if line is None else (Line(line),)
    block = syntax.Measured((*first, *map(Line, results), *entries), NOWHERE, NOWHERE)
    return syntax.Measured((*block.lines, entry("seal", {"sha256": seal(block)})), NOWHERE, NOWHERE)


def _made(text: str) -> Placed:
    return Placed(text, NOWHERE)


def read_measured(block: syntax.Measured, findings: list[Diagnostic]) -> Measurement:
    """A block's contents; what is wrong with it is added to ``findings``."""
    values: dict[str, dict[str, str]] = {}
    first: dict[str, Entry] = {}
    lines, results, reader = [], [], Reader(Voice("V603", "V603", "V603"), findings)
    for line in block.lines:
        match line.content:
            case syntax.ResultLine():
                lines.append(line.content)
            case syntax.Results():
                results.append(line.content)
            case Entry(key, entry_values):
                if key not in KEYS:
                    findings.append(unknown("V603", "entry of a measured block", key, list(KEYS), line.content.span))
                    continue
                if not line.content.is_keyed:
                    findings.append(_without_key(line.content))
                    continue
                if key in values:
                    labels = (Label(line.content.span, "again"), Label(first[key].span, "first here", primary=False))
                    findings.append(Diagnostic("V603", f"a second `{key}`", labels, "keep one"))
                    continue
                first[key] = line.content
                options = [value for value in entry_values if isinstance(value, Option)]
                values[key] = reader.options((each for each in options if not _in_brackets(each)), KEYS[key], key)
                for value in entry_values:
                    if not isinstance(value, Option):
                        reader.wrong(f"`{value}` in `{key}`", value.span, "write options, such as seed=0")
                    elif _in_brackets(value):
                        _wrong_brackets(value, reader)
    if not lines and not results:
        message = "a measured block without a result"
        findings.append(Diagnostic("V603", message, (Label(block.span, "this block"),), "remove it, and train"))
    if len(lines) > 1:
        labels = (Label(lines[1].span, "again"), Label(lines[0].span, "first here", primary=False))
        findings.append(Diagnostic("V603", "two result lines in one block", labels, "keep one"))
    sealed = values.get("seal", {}).get("sha256") == seal(block)
    return Measurement(lines[0] if lines else None, tuple(results), values, sealed, block.span)


def _in_brackets(option: Option) -> bool:
    """Whether its value is such as code of other tools has, and no block that was sealed."""
    return not option.quoted and re.search(r"[()\[\]]", option.value) is not None


def _wrong_brackets(option: Option, reader: Reader) -> None:
    message, inside = f"`{option}`: a value stands without brackets", elements(option.value)
    if len(inside) != 1 or re.search(r"[()\[\]\s]", inside[0]):
        reader.wrong(message, option.span, "write one value, such as seed=0")
        return
    reader.wrong(message, option.span, f"write {option.key}={inside[0]}", Edit(option.value.span, inside[0]))


def _without_key(entry: Entry) -> Diagnostic:
    """Of `run: seed=0` and `run(seed=0)`, whose key is one."""
    found = Diagnostic("V603", f"`{entry.span.excerpt}` is no entry of a measured block", (Label(entry.span, "here"),))
    return found.helped(f"its options stand behind `{entry.key}`, without a colon or brackets, such as seed=0")
