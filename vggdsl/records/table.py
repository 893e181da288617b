"""What specs claim beside what was measured, a row a figure."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from itertools import product
from statistics import fmean, stdev

from vggdsl.language.syntax import ResultLine
from vggdsl.records.collect import Collection, SeedGroup, Subject
from vggdsl.records.compare import is_under, nearest, unmeasured, value_of
from vggdsl.records.conditions import conditions, differences, is_other, line_differences, looks_differ
from vggdsl.records.evaluation import Evaluation
from vggdsl.records.result import BALANCED, TOP_5, Result
from vggdsl.records.significance import Significance, held_against
from vggdsl.spec.claims import ResultClaim
from vggdsl.spec.protocol import Protocol
from vggdsl.spec.recipe import Data
from vggdsl.text.errors import Diagnostic
from vggdsl.text.figures import Figure

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Claimed:
    """A figure as printed and in percent, where the source prints it, and its protocol.

    Between its ``bounds`` lies all that may be printed so, rounded or truncated.
    """

    printed: str
    value: float
    bounds: tuple[float, float]
    where: str | None
    protocol: Mapping[str, str]
    epochs: int | None = None

    @classmethod
    def of(
        cls, printed: str, where: str | None, protocol: Mapping[str, str], line: ResultLine | None = None
    ) -> "Claimed":
        """A claim's figure, or that of a result ``line``, which has shares."""
        figure, unit = Figure.parse(printed), 100 if line else 1
        value, *bounds = (_round(float(unit * each)) for each in (figure.value, *figure.bounds))
        return cls(printed, value, (bounds[0], bounds[1]), where, protocol, line.epochs if line else None)


@dataclass(frozen=True)
class Row:
    """A measure of a network: claimed, measured or both. Figures are in percent; ``recipe`` is its name.

    ``values`` are the measured ones, those of the seeds of ``group``; ``differs`` says why they are not compared
    with the claim, or why nothing was measured that could be.
    """

    subject: Subject
    recipe: str | None
    measure: str
    claimed: Claimed | None = None
    group: SeedGroup | None = None
    values: tuple[float, ...] = ()
    differs: tuple[str, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    """Those that gave the values, where it wasn't the training."""

    def __repr__(self) -> str:
        claimed = f", claimed {self.claimed.printed}" if self.claimed is not None else ""
        measured = f", measured {two_decimals(self.mean)}% over {len(self.values)}" if self.mean is not None else ""
        return f"Row({self.subject.name}: {self.measure}{claimed}{measured})"

    @cached_property
    def mean(self) -> float | None:
        return fmean(self.values) if self.values else None

    @cached_property
    def std(self) -> float | None:
        """Of the sample; None for a single seed."""
        return stdev(self.values) if len(self.values) > 1 else None

    @property
    def looks(self) -> Protocol | None:
        """How images were looked at, where that isn't as in training."""
        return self.evaluations[0].protocol if self.evaluations else None

    @property
    def precision(self) -> str | None:
        """In which it was evaluated, where that isn't that of the training."""
        others = {e.precision for e in self.evaluations if self.group and is_other(e, self.group.one)}
        return ", ".join(sorted(others)) or None

    @property
    def split(self) -> str | None:
        """Of an accuracy in a result line; None for other measures."""
        split = self.measure.removesuffix("-accuracy")
        return split if split in SPLITS else None

    @property
    def difference(self) -> float | None:
        """Measured less claimed, in points; None unless both were found under one protocol."""
        if self.mean is None or self.claimed is None or self.differs:
            return None
        return _round(self.mean - self.claimed.value)

    @cached_property
    def samples(self) -> Mapping[int, float]:
        """The values by seed. A seed that changed nothing, so that it gave another's weights, is no further one."""
        results = self.group.results if self.group is not None else ()
        found = dict[tuple[str, float], int]()
        for result, value in zip(results, self.values, strict=bool(self.values)):
            found.setdefault((result.weights, value), result.seed)
        return {seed: value for (_, value), seed in found.items()}

    @property
    def is_error(self) -> bool:
        """Whether less is better."""
        return self.measure.endswith("-error")

    @cached_property
    def significance(self) -> Significance | None:
        """Whether the claim is reached; None where the two are not compared."""
        if self.claimed is None or self.difference is None:
            return None
        return held_against([*self.samples.values()], *self.claimed.bounds, lower_is_better=self.is_error)


def rows(collection: Collection, every: bool, *, claimed: bool = True) -> list[Row]:
    """The rows of a collection; what was measured twice and not alike is added to its findings.

    ``every``: also the accuracies on training and validation images, where no claim asks for them. Without what is
    ``claimed`` there is one row a measure.
    """
    subjects, findings = collection.subjects, collection.findings
    return [row for each in subjects for row in _rows(each, _claims(each) if claimed else [], every, findings)]


def _rows(subject: Subject, claims: list[ResultClaim], every: bool, findings: list[Diagnostic]) -> Iterator[Row]:
    groups, splits = subject.groups(findings), SPLITS if every else ("test",)
    shown, evaluated = set[tuple[SeedGroup, str]](), set[tuple[object, ...]]()
    for claim in claims:
        made = list(_of_line(subject, claim, groups, splits) if claim.line else _of_claim(subject, claim, groups))
        yield from made
        split = dict(claim.protocol).get("split", "")
        # An error's row isn't one of accuracy, and under another protocol it isn't what the training found.
        accuracies = (row for row in made if row.measure.endswith("-accuracy") and row.looks is None)
        shown |= {
            (row.group, _of_split(row.measure, row.split or split))
            for row in accuracies
            if row.group is not None and row.values
        }
        evaluated |= {(each.key, _of_split(row.measure, split)) for row in made for each in row.evaluations}
    for group in groups:
        for split, measure in product(splits, ("accuracy", TOP_5, BALANCED)):
            if (group, _of_split(measure, split)) in shown:
                continue
            if measure == "accuracy":
                yield _plain(subject, group, split)
            elif all(split in result.shares[measure] for result in group.results):
                values = tuple(_percent(result.shares[measure][split]) for result in group.results)
                yield Row(subject, group.one.recipe_name, f"{split}-{measure}", None, group, values)
    for group in groups:
        yield from _unclaimed(subject, group, evaluated)
    if not groups and not claims:
        yield Row(subject, subject.spec.recipe().name, "test-accuracy")


def _claims(subject: Subject) -> list[ResultClaim]:
    """Of the network as a whole: what is claimed of its classes has no row here."""
    return [claim for claim in subject.spec.results if not claim.is_of_a_class]


def _unclaimed(subject: Subject, group: SeedGroup, shown: Container[object]) -> Iterator[Row]:
    """What was evaluated of a group's weights and isn't ``shown`` beside a claim, by protocol and precision."""
    results = {result.weights: result for result in group.results}
    own = [each for each in subject.evaluations if each.weights in results]
    for alike in dict.fromkeys(each.key[1:] for each in own):
        found = [each for each in own if each.key[1:] == alike]
        for name in dict.fromkeys(name for each in found for name in each.shares):
            left = [e for e in found if name in e.shares and (e.key, _of_split(name, e.split)) not in shown]
            if left:
                seeds = SeedGroup(tuple(results[each.weights] for each in left))
                values = tuple(_percent(each.shares[name]) for each in left)
                measure = f"{left[0].split}-{name}"
                yield Row(subject, group.one.recipe_name, measure, None, seeds, values, evaluations=tuple(left))


def _of_split(measure: str, split: str) -> str:
    """An accuracy of a split, by whatever name it is claimed: ``rank-5-accuracy`` is that of five guesses."""
    further = TOP_5 if "-5-" in measure else BALANCED if measure.endswith(BALANCED) else "accuracy"
    return f"{split}-{further}"


def _of_line(subject: Subject, claim: ResultClaim, groups: Sequence[SeedGroup], splits: Sequence[str]) -> Iterator[Row]:
    assert claim.line is not None
    for name, printed in claim.measures:
        split = name.removesuffix("-accuracy")
        if split not in splits:
            continue
        claimed = Claimed.of(printed, claim.where, {}, claim.line)
        for group in groups:
            spec = subject.spec
            differs = dict.fromkeys(
                text
                for result in group.results
                for text in line_differences(claim.line, conditions(result, spec, result), spec)
            )
            yield replace(_plain(subject, group, split), claimed=claimed, differs=tuple(differs))
        if not groups:
            yield Row(subject, None, name, claimed)


def _of_claim(subject: Subject, claim: ResultClaim, groups: Sequence[SeedGroup]) -> Iterator[Row]:
    protocol = dict(claim.protocol)
    recipe = protocol.get("train", subject.spec.recipe().name)
    groups = [group for group in groups if group.one.recipe_name == recipe]
    for name, printed in claim.measures:
        claimed = Claimed.of(printed, claim.where, protocol)
        made = [_claimed(subject, name, claimed, group) for group in groups]
        measured = [row for row in made if row.values]
        yield from measured or made[:1] or [Row(subject, recipe, name, claimed)]


def _claimed(subject: Subject, name: str, claimed: Claimed, group: SeedGroup) -> Row:
    """A claim beside a group, or beside those of its seeds that the claim is about; without values if it isn't
    what was measured."""
    protocol = claimed.protocol
    of_seed = [r for r in group.results if protocol.get("seed") == str(r.seed)]
    group = SeedGroup(tuple(of_seed)) if of_seed else group
    pairs = [(result, nearest(name, protocol, result, subject.evaluations)) for result in group.results]
    under = [(result, found) for result, found in pairs if is_under(name, protocol, found, result)]
    # Of other seeds it isn't measured, or not in the precision of the training.
    pairs = [pair for pair in under if not is_other(pair[1], pair[0])] or under or pairs
    group = group if len(pairs) == len(group.results) else SeedGroup(tuple(result for result, _ in pairs))
    row = Row(subject, group.one.recipe_name, name, claimed, group)
    values = [value_of(name, protocol, found) for _, found in pairs]
    differs = dict.fromkeys(
        text
        for result, found in pairs
        for text in differences(protocol, conditions(result, subject.spec, found), subject.spec)
    )
    if None in values:
        return replace(row, differs=(unmeasured(name, protocol, subject.spec.typed.output.c), *differs))
    if any(looks_differ(protocol, found.protocol, result.protocol) for result, found in pairs):
        return replace(row, differs=tuple(differs))
    measured = tuple(_round(value) for value in values if value is not None)
    evaluations = tuple(found for _, found in pairs if isinstance(found, Evaluation))
    return replace(row, values=measured, differs=tuple(differs), evaluations=evaluations)


def _plain(subject: Subject, group: SeedGroup, split: str) -> Row:
    values = tuple(_percent(_accuracy(split, result)) for result in group.results)
    return Row(subject, group.one.recipe_name, f"{split}-accuracy", None, group, values)


def _accuracy(split: str, result: Result) -> float:
    return {"train": result.train_accuracy, "val": result.val_accuracy, "test": result.test_accuracy}[split]


def two_decimals(value: float) -> str:
    """As papers round: a half goes up, also where it isn't one in binary.

    >>> two_decimals(50.275)
    '50.28'
    """
    return str(Decimal(repr(_round(value))).quantize(Decimal("0.01"), ROUND_HALF_UP))


def data_text(data: Data) -> str:
    """The data set with what makes it another: its folder, a part of it, labels or images that were replaced.

    >>> data_text(Data("digits", val=180, n=500, labels="random"))
    'digits(n=500, labels=random)'
    """
    return str(replace(data, val=None, test=None, classes=None, n=None if data.name == "fake" else data.n))


def _percent(share: float) -> float:
    return _round(100 * share)


def _round(value: float) -> float:
    """The decimal that is meant: records hold four of a share, and 100 times a float is none."""
    return round(value, 10)
