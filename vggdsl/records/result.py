"""What a run found, under which protocol, and its measured block."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from vggdsl.language import notations, syntax
from vggdsl.language.syntax import Document, Line, Measure, Option, ResultLine
from vggdsl.records.repeat import is_seed, parts_of
from vggdsl.spec.measured import Measurement, make_block
from vggdsl.spec.parsing import parse
from vggdsl.spec.protocol import Protocol
from vggdsl.spec.recipe import KEYS, Recipe
from vggdsl.spec.recipe.scales import evaluation_scale
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import VggdslError, in_a_line
from vggdsl.text.figures import Figure
from vggdsl.text.source import NOWHERE, Placed, Source

TOP_1, TOP_5, BALANCED = "top-1-accuracy", "top-5-accuracy", "balanced-accuracy"
DECODER = "decoder"
"""Of JPEGs, among the versions: of images in files; records of older versions don't say it."""
_FEW_CLASSES = 10
_NEEDED = ("network", "recipe", "data", "split")
"""Without these of a block, nobody knows what it is a measurement of."""


def tops(classes: int) -> tuple[int, ...]:
    """The numbers of guesses among which a label is looked for: of few classes five say little.

    >>> tops(10), tops(100)
    ((1,), (1, 5))
    """
    return (1, 5) if classes > _FEW_CLASSES else (1,)


@dataclass(frozen=True)
class Result:
    """A run's accuracies (from 0 to 1) at its best epoch, and all that tells whether another is comparable.

    ``network``, ``recipe`` and ``data`` are digests, the recipe's that of the spec; what the run did
    otherwise stands in ``deviations``, such as ``epochs 3``.
    """

    best: int
    epochs: int
    train_accuracy: float
    val_accuracy: float
    test_accuracy: float
    recipe_name: str | None
    seed: int
    precision: str
    device: str
    minutes: float
    deviations: tuple[str, ...]
    network: str
    recipe: str
    data: str
    split: str
    scale: int
    versions: Mapping[str, str]
    weights: str
    start: str | None = None
    """The digest of the weights that it began with, where ``init from(…)`` took them from another run."""
    base: str | None = None
    """The lineage of that run: see ``pretrained.lineage``."""
    added: int = 0
    """Of its epochs, those that were added when it had ended, and its test images had been looked at."""
    left_out: int = 0
    """Images that couldn't be read, without which it was measured."""
    revision: str | None = None
    """Which state of a data set that may change at its source, where that is known."""
    top_5: Mapping[str, float] = field(default_factory=dict)
    """By split, the share of images whose label is among the first five guesses; of more than ten classes."""
    balanced: Mapping[str, float] = field(default_factory=dict)
    """By split, the mean over the classes of the share of their images that is found; of classes of uneven sizes."""

    def __repr__(self) -> str:
        return f"Result({self.line}, seed {self.seed})"

    def is_of(self, bases: Collection[str] | None) -> bool:
        """Whether what it began with is as it was, as far as is known."""
        return bases is None or self.base is None or self.base in bases

    @property
    def line(self) -> ResultLine:
        """In the sources' own form, with four decimals: the best epoch of the most allowed."""
        return ResultLine(
            epoch=self.best,
            epochs=self.epochs,
            train=f"{self.train_accuracy:.4f}",
            val=f"{self.val_accuracy:.4f}",
            test=f"{self.test_accuracy:.4f}",
            span=NOWHERE,
        )

    @property
    def deviates(self) -> str:
        """The deviations as a block says them; empty for none."""
        return deviates(self.deviations)

    @property
    def protocol(self) -> Protocol:
        """How the images were looked at."""
        return Protocol((self.scale,))

    def top(self, k: int, split: str) -> float | None:
        """The share of the images of a split whose label is among the first ``k`` guesses; None of what wasn't
        measured."""
        if k == 1:
            return {"val": self.val_accuracy, "test": self.test_accuracy}.get(split)
        return self.top_5.get(split) if k == 5 else None

    def block(self) -> syntax.Measured:
        """The sealed block for a record."""
        return make_block(self.line, self.values, self.further)

    @property
    def values(self) -> Mapping[str, Mapping[str, object]]:
        """What the block says of run, network, data and versions."""
        minutes = f"{self.minutes:.1f}" if self.minutes >= 1 else f"{self.minutes:.2f}"
        return {
            "run": {
                "recipe": self.recipe_name,
                "seed": self.seed,
                "precision": self.precision,
                "device": self.device,
                "minutes": minutes,
                "deviates": ", ".join(self.deviations) or None,
                "added": self.added or None,
            },
            "of": {
                "network": self.network,
                "recipe": self.recipe,
                "data": self.data,
                "revision": self.revision,
                "split": self.split,
                "left-out": self.left_out or None,
                "base": self.base,
                "from": self.start,
            },
            "by": {**self.versions, "weights": self.weights},
        }

    @property
    def shares(self) -> Mapping[str, Mapping[str, float]]:
        """By measure and split, what was measured besides the result line."""
        return {TOP_5: self.top_5, BALANCED: self.balanced}

    @property
    def further(self) -> tuple[syntax.Results, ...]:
        """The same as a block says it."""
        return tuple(_further(name, *found) for name, shares in self.shares.items() for found in shares.items())


def _further(name: str, split: str, share: float) -> syntax.Results:
    measure = Measure(name, Figure.parse(f"{100 * share:.2f}%"), NOWHERE)
    option = Option(Placed("split", NOWHERE), Placed(split, NOWHERE), NOWHERE)
    return syntax.Results((measure,), (option,), NOWHERE)


def read_further(measurement: Measurement, name: str) -> dict[str, float]:
    """The shares that a block has of a measure, by split: see ``Result.shares``."""
    found = {}
    for results in measurement.results:
        split = next((option.value for option in results.protocol if option.key == "split"), "")
        for measure in results.measures:
            if measure.name == name and isinstance(measure.figure, Figure):
                found[split] = float(measure.figure.value) / 100
    return found


def _share(printed: str, images: int) -> float:
    """An accuracy of that many images: of few, the four digits that are printed tell how many they were."""
    share = float(printed)
    exact = round(share * images) / images if images else share
    return exact if f"{exact:.4f}" == f"{share:.4f}" else share


def deviates(deviations: Sequence[str]) -> str:
    """Deviations as a block says them; empty for none."""
    return " ".join(", ".join(deviations).replace('"', "'").splitlines())


def read_result(measurement: Measurement, spec: Spec) -> Result | None:
    """What a block in a spec says was found; None where it doesn't say enough to be compared."""
    run, of, by = (measurement.values.get(key, {}) for key in ("run", "of", "by"))
    line, seed = measurement.line, run.get("seed", "")
    recipe = next((r for r in spec.recipes or (Recipe(),) if r.name == run.get("recipe")), None)
    if line is None or recipe is None or not is_seed(seed) or not all(key in of for key in _NEEDED):
        return None
    sizes = re.fullmatch(r"\d{1,12}/(\d{1,12})/(\d{1,12})", of["split"])
    left_out, added = of.get("left-out", "0"), run.get("added", "0")
    if sizes is None or not is_seed(left_out) or not is_seed(added):
        return None
    val, test = map(int, sizes.groups())
    try:
        minutes = float(run.get("minutes", "nan"))
    except ValueError:
        minutes = float("nan")
    deviates = run.get("deviates", "")
    return Result(
        best=line.epoch,
        epochs=line.epochs,
        train_accuracy=float(line.train),
        val_accuracy=_share(line.val, val),
        test_accuracy=_share(line.test, test),
        recipe_name=run.get("recipe"),
        seed=int(seed),
        precision=run.get("precision", "?"),
        device=run.get("device", "?"),
        minutes=minutes,
        deviations=tuple(parts_of(deviates)) if deviates else (),
        network=of["network"],
        recipe=of["recipe"],
        data=of["data"],
        split=of["split"],
        scale=evaluation_scale(recipe) or min(spec.typed.input.h, spec.typed.input.w),
        versions={key: value for key, value in by.items() if key != "weights"},
        weights=by.get("weights", "?"),
        added=int(added),
        left_out=int(left_out),
        revision=of.get("revision"),
        start=of.get("from"),
        base=of.get("base"),
        top_5=read_further(measurement, TOP_5),
        balanced=read_further(measurement, BALANCED),
    )


def write_record(spec: Spec, result: Result) -> str:
    """The spec's text in ``fmt``'s form with the result's block at its end, in the place of those that it had.

    What the recipe took from this version's defaults is written into its section, each entry with the
    comment ``# default``, so that the record says everything that the run needed and another
    version's defaults change nothing.
    """
    lines = [
        line
        for line in _with_defaults(spec, spec.recipe(result.recipe_name))
        if not isinstance(line.content, syntax.Measured)
    ]
    while lines and lines[-1] == Line(None):
        lines.pop()
    text = notations.write(Document((*lines, Line(None), Line(result.block()))))
    _check(text, spec)
    return text


def _with_defaults(spec: Spec, recipe: Recipe) -> tuple[Line, ...]:
    sections = [line.content for line in spec.whole.lines if isinstance(line.content, syntax.Train)]
    continued = any(section.base == recipe.name for section in sections if recipe.name is not None)
    missing = [
        key
        for key in KEYS
        if recipe.origin(key) == "default"
        # A recipe that continues this one may take its epochs from steps of its own.
        and not (key == "epochs" and continued)
    ]
    if not missing:
        return spec.whole.lines
    written = "\n".join(f"{key} {recipe.written(key)}" for key in missing)
    (line,) = notations.read(Source("<defaults>", f"train {{\n{written}\n}}\n"), notations.SPEC_LANGUAGE).lines
    assert isinstance(line.content, syntax.Train)
    defaults = tuple(Line(entry.content, "# default") for entry in line.content.lines if entry.content is not None)
    if not sections:
        return (*spec.whole.lines, Line(None), Line(replace(line.content, lines=defaults)))
    return tuple(
        replace(line, content=replace(line.content, lines=(*line.content.lines, *defaults)))
        if isinstance(line.content, syntax.Train) and line.content.name == recipe.name
        else line
        for line in spec.whole.lines
    )


def _check(text: str, spec: Spec) -> None:
    """A record that says anything else than the spec did would be a bug."""
    try:
        record = parse(text, f"{spec.name}.arch")
    except VggdslError as error:
        raise AssertionError(f"the record can't be read: {in_a_line(error)}") from error
    digests = [(recipe.name, recipe.digest) for recipe in spec.recipes or (Recipe(),)]
    assert record.network.graph.digest == spec.network.graph.digest, "the record has another network"
    assert [(recipe.name, recipe.digest) for recipe in record.recipes] == digests, "the record has other recipes"
    assert record.measurements[-1].sealed, "the record's seal is broken"
