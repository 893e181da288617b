"""What a record says was run, read back so that it can be run again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from vggdsl.language import notations, syntax
from vggdsl.language.reader import Reader
from vggdsl.spec.measured import Measurement
from vggdsl.spec.recipe import KEYS, Recipe, read_recipes
from vggdsl.spec.recipe.entries import VOICE, read_entry
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import Diagnostic, InputError, Label, ParseError, RecipeError, RecordError, VggdslError
from vggdsl.text.source import Source


@dataclass(frozen=True)
class Repetition:
    """The recipe of a measured block, with what deviated from the spec's, and its seed."""

    recipe: Recipe
    seed: int
    deviations: tuple[str, ...]
    start: str | None = None
    """The digest of the weights that it began with, where they were another run's."""

    def __str__(self) -> str:
        """``recipe B, seed 3, epochs 1``."""
        name = f"recipe {self.recipe.name}" if self.recipe.name else "the recipe"
        return ", ".join([name, f"seed {self.seed}", *self.deviations])


def repetition(spec: Spec) -> Repetition | None:
    """What the last sealed block of a spec was measured by; None where there is none.

    A block that was edited by hand is passed over: what it says was never run.
    Raises ``RecordError`` V606 at the block if what it says can't be read back.
    """
    sealed = [m for m in spec.measurements if m.sealed]
    return _read(spec, sealed[-1]) if sealed else None


def deviations(base: Recipe, recipe: Recipe) -> tuple[str, ...]:
    """The entries in which a recipe differs from the spec's; seeds are no deviation, they are recorded."""
    return tuple(
        f"{key} {recipe.written(key)}" for key in KEYS if key != "seeds" and recipe.written(key) != base.written(key)
    )


def _read(spec: Spec, measurement: Measurement) -> Repetition:
    run = measurement.values.get("run", {})
    try:
        base = spec.recipe(run.get("recipe"))
    except InputError as error:
        raise _unreadable(measurement, error.diagnostics[0].message) from None
    if run.get("recipe") is None and base.name is not None:
        raise _unreadable(measurement, "it names no recipe, and the spec's have names")
    seed = run.get("seed", "")
    if not is_seed(seed):
        raise _unreadable(measurement, f"seed={seed or '?'} is no seed")
    start = measurement.values.get("of", {}).get("from")
    deviates = run.get("deviates", "")
    if not deviates:
        return Repetition(base, int(seed), (), start)
    parts = tuple(parts_of(deviates))
    try:
        recipe = with_entries(base, parts)
    except VggdslError as error:
        raise _unreadable(measurement, f"deviates {deviates}: {error.diagnostics[0].message}") from None
    found = deviations(base, recipe)
    if tuple(part.replace('"', "'") for part in found) != parts:
        raise _unreadable(measurement, f"deviates {deviates}, which reads as {', '.join(found) or 'nothing'}")
    return Repetition(recipe, int(seed), parts, start)


def _unreadable(measurement: Measurement, why: str) -> RecordError:
    help = "train by the recipe: name it with `--recipe`, or a seed with `--seed`"
    message = f"the measured run can't be repeated: {why}"
    return RecordError(Diagnostic("V606", message, (Label(measurement.span, "this block"),), help))


def is_seed(text: str) -> bool:
    """Whether a block's word for the seed is one."""
    return text.isascii() and text.isdigit() and len(text) <= 100


def parts_of(deviates: str) -> Iterator[str]:
    """``key value`` each: what commas outside of brackets and quotes divide."""
    start = depth = 0
    quoted = False
    for i, c in enumerate(deviates):
        quoted ^= c == "'"
        depth += 0 if quoted else (c == "(") - (c == ")")
        if c == "," and not quoted and depth == 0:
            yield deviates[start:i].strip()
            start = i + 1
    yield deviates[start:].strip()


def entries_of(name: str, **values: object) -> dict[str, Any]:
    """The recipe's values that are given, as strictly as a spec's: what is None isn't given.

    ``name`` says in findings where they come from. Raises ``RecipeError`` V406 for what no spec could say.
    """
    given = {key: " ".join(str(value).split()) for key, value in values.items() if value is not None}
    lines = "\n".join(f"{key} {value}" for key, value in given.items())
    try:
        document = notations.read(Source(f"<{name}>", f"train {{\n{lines}\n}}\n"), notations.SPEC_LANGUAGE)
    except ParseError as error:
        raise RecipeError(Diagnostic("V406", d.message, d.labels, d.help) for d in error.diagnostics) from None
    (read,) = read_recipes([c for c in document.contents if isinstance(c, syntax.Train)])
    return {key: getattr(read, key) for key in given}


def refuse_unsaid(base: Recipe, recipe: Recipe) -> None:
    """A recipe that differs from the spec's by what no spec could say would leave a record that can't be repeated.

    Raises ``RecipeError`` V406 for such an entry. Whether entries fit each other isn't asked here.
    """
    for key in KEYS:
        value = getattr(recipe, key)
        if value == getattr(base, key) and type(value) is type(getattr(base, key)):
            continue
        try:
            read = _read_back(f"{key} {recipe.written(key)}")
            is_said = read == value and type(read) is type(value)
        except (ParseError, TypeError, ValueError, AttributeError):
            is_said = False
        if not is_said:
            message, help = f"no recipe can say `{key}` of {value!r:.60}", f"it is such as {getattr(base, key)!r:.60}"
            raise RecipeError(Diagnostic("V406", message, help=help))


def _read_back(entry: str) -> object:
    """The value of an entry as a spec would have it; None if it can't."""
    document = notations.read(Source("<recipe>", f"train {{\n{entry}\n}}\n"), notations.SPEC_LANGUAGE)
    findings: list[Diagnostic] = []
    (section,) = (c for c in document.contents if isinstance(c, syntax.Train))
    (read,) = (line.content for line in section.lines if isinstance(line.content, syntax.Entry))
    value = read_entry(read, Reader(VOICE, findings))
    return None if findings else value


def with_entries(base: Recipe, parts: Sequence[str]) -> Recipe:
    """The recipe with entries replaced by ``key value`` parts, read as a spec's would be.

    Raises ``VggdslError`` if they can't be read.
    """
    given = [part.partition(" ")[0] for part in parts]
    rest = [f"{key} {base.written(key)}" for key in KEYS if key not in given]
    lines = "\n".join([*(part.replace("'", '"') for part in parts), *rest])
    document = notations.read(Source("<deviates>", f"train {{\n{lines}\n}}\n"), notations.SPEC_LANGUAGE)
    (read,) = read_recipes([c for c in document.contents if isinstance(c, syntax.Train)])
    return base.with_flags(**{key: getattr(read, key) for key in given})
