"""What a queue lacks, trained on Ray: each training by a queue of its own, which goes on with what was begun."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, redirect_stdout, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from vggdsl.data.inspection import Told, nobody
from vggdsl.data.layout import place_of
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.loggers import LOGGERS, Together
from vggdsl.experiments.on_ray import Share, run_on_ray
from vggdsl.experiments.queue import Audience, Queue, begins_with
from vggdsl.experiments.reporter import Outline, Remembering, Reporter
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.collect import unfinished
from vggdsl.records.metrics import Epoch
from vggdsl.records.run import Run
from vggdsl.records.runfolder import read_plan
from vggdsl.records.so_far import so_far
from vggdsl.spec.recipe import Recipe
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import Diagnostic, InputError, VggdslError

State = Literal["waits", "trains", "ended", "failed"]


@dataclass(frozen=True)
class Row:
    """How far a training of a study is, by the epochs that its run has written."""

    name: str
    seed: int
    state: State
    epochs: int
    """That its recipe allows."""
    done: int = 0
    best: Epoch | None = None


class StudyAudience(Audience, Protocol):
    """Is told of trainings in other processes, too."""

    def rows(self, rows: Sequence[Row]) -> None:
        """Now and then: how far all of them are."""

    def died(self, row: Row, why: str) -> None:
        """The process of one died, and another goes on; ``why`` is empty where Ray doesn't know it."""

    def rows_ended(self) -> None:
        """All of them are at their end, or stopped."""

    def trained_elsewhere(self, run: Run, outline: Outline, noticed: Sequence[Diagnostic]) -> None:
        """A training came to its end, of which nothing was told before."""


def study(queue: Queue, share: Share, logs: Sequence[str], audience: StudyAudience) -> list[VggdslError]:
    """Trains what a queue lacks, on Ray; gives the errors of those that failed, as the queue does.

    What came of them is told at the end, in the queue's order. Raises ``VggdslError`` V605 on Ctrl-C, and what
    ``run_on_ray`` does.
    """
    trainings = [(each, seed) for each in queue.experiments for seed in each.recipe.seeds]
    tasks = [_alone(queue, each, seed, logs) for each, seed in trainings]
    after = {i: [j for j in range(i) if begins_with(trainings[i][0], trainings[j][0])] for i in range(len(trainings))}
    watch = _Watch(trainings, queue.workplace)
    found: dict[int, _Kept | VggdslError] = {}

    def tell() -> None:
        audience.rows(watch.rows({i: _state(came) for i, came in found.items()}))

    def died(i: int, why: str) -> None:
        audience.died(watch.row(i), why)

    try:
        with redirect_stdout(sys.stderr):  # where Ray tells what it meets with, beside results
            try:
                for i, came in run_on_ray(_train, tasks, share, queue.workplace.runs, after, tell, died):
                    found[i] = came
                    tell()
            finally:
                audience.rows_ended()  # a table that moves takes standard output, too, and gives back what it took
    except KeyboardInterrupt:
        raise _stopped(len(trainings) - len(found)) from None
    failed, told = list[VggdslError](), list[tuple[Experiment, list[str]]]()
    for i, came in sorted(found.items()):
        each, seed = trainings[i]
        for error in [came] if isinstance(came, VggdslError) else came.failed:
            failed.append(error)
            again = each, [finding.in_a_line for finding in error.diagnostics]
            if isinstance(error, InputError) and again in told:  # which every seed meets
                continue
            told.append(again)
            audience.findings(error.diagnostics if isinstance(error, InputError) else _of(each, seed, error))
        if not isinstance(came, VggdslError) and came.run is not None:
            assert came.begun.outline is not None
            audience.trained_elsewhere(came.run, came.begun.outline, came.begun.found)
    return failed


def _of(each: Experiment, seed: int, error: VggdslError) -> list[Diagnostic]:
    """What was told of one training, where all of them are told."""
    return [replace(d, message=f"{each.spec.name} with seed {seed}: {d.message}") for d in error.diagnostics]


def _stopped(left: int) -> VggdslError:
    message = f"stopped before the end: trainings without a record: {left}"
    return VggdslError(Diagnostic("V605", message, help="the same call goes on with what was begun"))


class _Kept:
    """The audience of one training in a process of Ray's: keeps what is told at the end."""

    def __init__(self, logs: Sequence[str]) -> None:
        self._logs = tuple(logs)
        self.begun = Remembering()
        self.run: Run | None = None
        self.failed = list[VggdslError]()

    def reporter(self) -> Reporter:
        return Together(*(LOGGERS[name]() for name in self._logs), self.begun)

    def looking(self) -> AbstractContextManager[Told]:
        return nullcontext(nobody)

    def findings(self, findings: Iterable[Diagnostic]) -> None:
        """Errors are given by the queue, too; others tell of a checkpoint that is torn."""

    def trained(self, run: Run) -> None:
        self.run = run

    def over_seeds(self, runs: Sequence[Run]) -> None:
        """It is one."""

    def waiting(self, held: Sequence[str]) -> None:
        """The study shows that."""


def _alone(queue: Queue, each: Experiment, seed: int, logs: Sequence[str]) -> Queue:
    one = replace(each, recipe=each.recipe.with_flags(seeds=(seed,)))
    return Queue([one], queue.workplace, _Kept(logs), queue.missing)


def _train(queue: Queue) -> _Kept:
    """In Ray's process: it may be a second time, where the first one's was killed."""
    kept = queue.audience
    assert isinstance(kept, _Kept)
    kept.failed = queue.run()
    return kept


def _state(came: _Kept | VggdslError) -> State:
    return "failed" if isinstance(came, VggdslError) or came.failed else "ended"


_Key = tuple[str, str, int, Path | None]
"""Network, recipe, seed, and where the data are."""


def _key(spec: Spec, recipe: Recipe, seed: int, workplace: Workplace) -> _Key:
    place = None
    with suppress(VggdslError):  # a training tells that they aren't there
        place = place_of(recipe, workplace.data_folder)
    return spec.network.graph.digest, recipe.digest, seed, place


class _Watch:
    """Looks at the runs of trainings while others write them."""

    def __init__(self, trainings: Sequence[tuple[Experiment, int]], workplace: Workplace) -> None:
        self._trainings, self._workplace = trainings, workplace
        self._keys = [_key(each.spec, each.recipe, seed, workplace) for each, seed in trainings]
        self._read = set[Path]()
        self._run_of: dict[_Key, Path] = {}

    def rows(self, ended: Mapping[int, State]) -> list[Row]:
        self._look()
        return [self.row(i, ended.get(i)) for i in range(len(self._trainings))]

    def _look(self) -> None:
        for path in unfinished(self._workplace.runs):
            if path in self._read:
                continue
            self._read.add(path)
            with suppress(VggdslError):
                run = read_plan(path)
                folder, there = run.folder, self._workplace.going_on(run)
                self._run_of[_key(folder.spec, folder.recipe, folder.seed, there)] = path

    def row(self, index: int, ended: State | None = None) -> Row:
        each, seed = self._trainings[index]
        name, most = each.spec.name, each.recipe.epochs
        path = self._run_of.get(self._keys[index])
        if path is None:
            return Row(name, seed, ended or "waits", most)
        try:
            now = so_far(path, most)
        except VggdslError:
            return Row(name, seed, ended or "waits", most)
        state = ended or _STATES.get(now.state, "waits")
        return Row(name, seed, state, most, len(now.epochs), now.best)


_STATES: Mapping[str, State] = {"training": "trains", "ended": "ended"}
"""Of a run; what was stopped, or diverged, may be tried again."""
