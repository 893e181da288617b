"""A run as far as it can be told, and why the rest can't."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from vggdsl.experiments.evaluation.candidate import candidate
from vggdsl.experiments.evaluation.claimed import Held, of_classes
from vggdsl.experiments.evaluation.evaluate import Asked, Evaluated, answer, other_images
from vggdsl.experiments.evaluation.scores import Scores
from vggdsl.experiments.report.named import planned
from vggdsl.experiments.report.pictures import Filters, Seen, first_filters, some_right, worst
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.collect import RECORD, Collection, Subject, collect, record_of, without_record
from vggdsl.records.run import Run, measured_in, metrics_of
from vggdsl.records.runfolder import BEST, METRICS, Planned, is_held
from vggdsl.records.table import Row, rows
from vggdsl.records.trained import Trained, load_trained
from vggdsl.spec.copies import PLAN
from vggdsl.spec.protocol import Protocol
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import VggdslError
from vggdsl.text.files import is_file


@dataclass(frozen=True)
class Gap:
    """A part of the page that isn't there, and why."""

    part: str
    why: str


@dataclass(frozen=True, eq=False)
class Answers:
    """What a run's network gave on images, without the network and the images: those of many runs would fill memory."""

    scores: Scores
    of: str
    protocol: Protocol
    worst: Sequence[Seen]
    right: Sequence[Seen]
    held: Sequence[Held]
    """Claims of classes beside what was measured."""

    def __repr__(self) -> str:
        return f"Answers({self.of}: {self.scores})"


@dataclass(frozen=True, eq=False)
class Account:
    """What there is to tell of a run; ``gaps`` say what is missing, ``notes`` what is to be known of the rest.

    ``run`` has those of its parts that can be used, ``rows`` are its results beside the claims. ``filters`` are
    pictures, or why there are none.
    """

    run: Run
    plan: Planned
    is_trained: bool
    """Whether somebody trains in it."""
    record: Spec | None
    rows: Sequence[Row]
    answers: Answers | None
    filters: Filters | str
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Account({self.run.path}, {len(self.gaps)} gaps)"

    def why_not(self, part: str) -> str:
        """Why a part isn't there; empty if it is."""
        return "; ".join(gap.why for gap in self.gaps if gap.part == part)

    @property
    def is_sealed(self) -> bool:
        return self.record is not None and bool(self.record.measurements) and self.record.measurements[-1].sealed

    @property
    def is_stale(self) -> bool:
        """Whether what the record's block measured isn't the text above it."""
        return self.record is not None and bool(_stale(self.record))


class _Gaps(list[Gap]):
    @contextmanager
    def where(self, part: str) -> Iterator[None]:
        """Of what raises within, the part is missing."""
        try:
            yield
        except VggdslError as error:
            self.append(Gap(part, _shortened(error)))


_LISTED = 5
"""Findings of one error that are told, such as images that can't be read."""


def _shortened(error: VggdslError) -> str:
    found, more = error.diagnostics[:_LISTED], len(error.diagnostics) - _LISTED
    return "; ".join([*(each.in_a_line for each in found), *([f"and {more:,} more"] if more > 0 else [])])


Tell = Callable[[str], Callable[[int, int], None]]
"""Is told which run is evaluated, and gives what is told how far that is."""


def account(
    path: Path,
    split: str,
    workplace: Workplace,
    tell: Tell = lambda _: lambda network, images: None,
    *,
    force: bool = False,
) -> Account:
    """Reads all that a training left in its folder, and evaluates its weights on a split of its data set.

    Raises as ``planned``: then nothing can be told.
    """
    plan, is_trained = planned(path), is_held(path)  # first: what is written meanwhile is read below
    folder = plan.folder
    gaps, notes = _Gaps(), list[str]()
    run = Run(path, folder.spec, folder.recipe, folder.seed, ())
    if is_file(path / METRICS):
        with gaps.where("curves"):
            run = replace(run, metrics=metrics_of(path, run.recipe.epochs))
    if not run.metrics and not gaps:
        is_lost = is_file(path / RECORD) or is_file(path / BEST)
        gaps.append(Gap("curves", f"{path} has no {METRICS}, or an empty one" if is_lost else "no epoch has ended"))
    record = None
    if not is_file(path / RECORD):
        going_on = f"it is being trained: `vggdsl watch {path}` shows how far it is"
        gaps.append(Gap("record", going_on if is_trained else without_record(path).in_a_line))
    with gaps.where("record"):
        record = record_of(path) if is_file(path / RECORD) else None
    run = _measured(run, record, gaps)
    made = list[Row]()
    with gaps.where("results"):
        made = _rows(run, None if record is None or _stale(record) else record, notes)
    answers: Answers | None = None
    filters: Filters | str = ""
    with gaps.where("weights"):
        trained = load_trained(path, force=force)
        run = _held(run, trained, gaps, notes, is_trained=is_trained)
        filters = first_filters(trained)
        with gaps.where("answers"):
            one = candidate(path, say=notes.append, force=force)
            found = answer([one], Asked(split), workplace, notes.append, tell(str(path)))
            answers = _answers(found, gaps)
            notes += filter(None, [other_images(found, one)])
    filters = filters or next(gap.why for gap in gaps if gap.part == "weights")
    return Account(run, plan, is_trained, record, made, answers, filters, tuple(gaps), tuple(dict.fromkeys(notes)))


def _answers(found: Evaluated, gaps: _Gaps) -> Answers:
    held = list[Held]()
    with gaps.where("claims of classes"):
        held = of_classes(found)
    return Answers(found.scores, found.images.shown, found.protocol, worst(found), some_right(found), held)


def _measured(run: Run, record: Spec | None, gaps: list[Gap]) -> Run:
    """The run with what its record says was measured, where both are of the same training."""
    measured = None if record is None else measured_in(record)
    if record is not None and measured is None:
        why = "the measured block was edited by hand" if record.measurements else "the record has no measured block"
        gaps.append(Gap("results", f"{why}, so that it doesn't count"))
    elif record is not None and (stale := _stale(record)):
        gaps.append(Gap("results", f"{stale}, so that it doesn't count"))
        measured = None
    run = replace(run, measured=measured)
    if not run.mixed:
        return run
    is_of_metrics = run.mixed.startswith(METRICS)
    if run.metrics or not is_of_metrics:
        gaps.append(Gap("curves" if is_of_metrics else "results", f"{run.path} holds files of others: {run.mixed}"))
    return replace(run, metrics=()) if is_of_metrics else replace(run, measured=None)


def _stale(record: Spec) -> str:
    """Why the text above its sealed block isn't what was measured; empty if it is."""
    block = record.measurements[-1] if record.measurements else None
    if block is None or not block.sealed:
        return ""
    discounts = (finding for finding in record.check(to_train=False) if finding.row.discounts)
    found = (finding for finding in discounts if block.span in {label.span for label in finding.labels})
    return next((f"{each.in_a_line}: the text above the measured block isn't what was measured" for each in found), "")


def _held(run: Run, trained: Trained, gaps: list[Gap], notes: list[str], *, is_trained: bool) -> Run:
    """The run without metrics that aren't of the training that its weights are of; where it has a record, that has
    told.

    An epoch's weights are written before its metrics: where a training was stopped between the two, the table ends an
    epoch before them. While somebody trains in it, they are read later than the table.
    """
    if run.measured is not None or not run.metrics:
        return run
    last, best = len(run.metrics), max(epoch.rank for epoch in run.metrics)
    if is_trained and trained.epoch > last:
        return run
    if trained.epoch == last + 1:
        notes.append(f"{BEST} is of epoch {trained.epoch}, {METRICS} ends at epoch {last}: stopped between the two")
    elif trained.epoch > last or run.metrics[trained.epoch - 1].rank != best:
        number = next(epoch.number for epoch in run.metrics if epoch.rank == best)
        what = f"{BEST} is of epoch {trained.epoch}, the best of {METRICS} is epoch {number} of {last}"
        gaps.append(Gap("curves", f"{run.path} holds files of others: {what}"))
        return replace(run, metrics=())
    return run


def _rows(run: Run, record: Spec | None, notes: list[str]) -> list[Row]:
    """Its results beside what the spec claims; without a record the claims alone."""
    if record is None:
        made = Collection([Subject(run.spec.name, str(run.path / PLAN), run.spec)])
    else:
        made = collect([str(run.path)])
    found = rows(made, every=True)
    notes += (finding.in_a_line for finding in made.findings)
    return found
