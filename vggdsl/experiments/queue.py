"""Experiments one after the other; what is missing of a family may be shared by several queues."""

import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from vggdsl.data.dataset import look_for_data
from vggdsl.data.inspection import Told
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.missing import Missing
from vggdsl.experiments.processes import current
from vggdsl.experiments.reporter import Reporter
from vggdsl.experiments.train import Stopped, begin, resume
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.collect import without_record
from vggdsl.records.run import Run
from vggdsl.records.runfolder import HeldError, is_held
from vggdsl.spec.pretrained import pretrained
from vggdsl.text.errors import Diagnostic, InputError, RecordError, VggdslError, in_a_line


class Audience(Protocol):
    """Is told what a queue does; how it is shown is the caller's matter."""

    def reporter(self) -> Reporter:
        """Of one training."""

    def looking(self) -> AbstractContextManager[Told]:
        """Is told how far it is that images are looked at, to find what is measured."""

    def findings(self, findings: Iterable[Diagnostic]) -> None:
        """What looks wrong before the first training begins, and why one failed."""

    def trained(self, run: Run) -> None:
        """A training came to its end."""

    def over_seeds(self, runs: Sequence[Run]) -> None:
        """Several seeds of an experiment did."""

    def waiting(self, held: Sequence[str]) -> None:
        """Nothing is left but trainings that other processes are at."""


_PAUSE = 1.0
"""Seconds between looks at what other processes train."""


@dataclass
class Queue:
    """The experiments of a call, and where they are made; ``missing`` knows what needn't be trained."""

    experiments: Sequence[Experiment]
    workplace: Workplace
    audience: Audience
    missing: Missing | None = None

    def __post_init__(self) -> None:
        if self.missing is not None:  # the seeds that are still to be trained
            lacking = [
                replace(each, recipe=each.recipe.with_flags(seeds=self._lacking(each))) for each in self.experiments
            ]
            self.experiments = [each for each in lacking if each.recipe.seeds]

    def _lacking(self, each: Experiment) -> tuple[int, ...]:
        """As the leading process finds it: of several all must go the same way."""
        lacking = (str(seed) for seed in each.recipe.seeds if not self._is_measured(each, seed))
        return tuple(int(seed) for seed in current().told(" ".join(lacking)).split())

    def _is_measured(self, each: Experiment, seed: int) -> bool:
        if self.missing is None:
            return False
        with self.audience.looking() as told:
            return self.missing.is_measured(each.spec, each.recipe, seed, told)

    def check(self) -> None:
        """Raises that the data of one aren't there, before the first begins; tells what looks wrong."""
        for each in self.experiments:
            look_for_data(each.recipe, self.workplace.data_folder, download=self.workplace.download)
            is_told = self.missing is not None  # why a measurement doesn't count
            self.audience.findings(d for d in each.warnings if not (is_told and d.row.discounts))

    def in_order(self) -> None:
        """Puts what an `init from(…)` begins with before it, and leaves the order as it is elsewhere."""
        waits = {
            id(each): [other for other in self.experiments if begins_with(each, other)] for each in self.experiments
        }
        ordered = list[Experiment]()
        left = list(self.experiments)
        while left:
            # Of recipes that begin with each other none is first: they are told when they are trained.
            following = next((each for each in left if not any(o in left for o in waits[id(each)])), left[0])
            left.remove(following)
            ordered.append(following)
        self.experiments = ordered

    def run(self) -> list[VggdslError]:
        """Trains them all; gives the errors of those that failed.

        Where one fails, or did before, that is told, and the others go on. What is missing and another process trains
        comes last, when that has ended. Raises ``Stopped`` on Ctrl-C.
        """
        if self.missing is not None:
            return self._run_missing(self.missing)
        return [error for each in self.experiments for error in self._run(each)]

    def _run(self, each: Experiment) -> list[VggdslError]:
        runs, failed = list[Run](), list[VggdslError]()
        for seed in each.recipe.seeds:
            try:
                run = self._train(each, seed)
            except VggdslError as error:
                failed.append(self._failed(error))
                if isinstance(error, InputError):  # which every seed would meet
                    break
                continue
            self.audience.trained(run)
            runs.append(run)
        if len(runs) > 1:
            self.audience.over_seeds(runs)
        return failed

    def _run_missing(self, missing: Missing) -> list[VggdslError]:
        left = [(each, seed) for each in self.experiments for seed in each.recipe.seeds]
        failed, told = list[VggdslError](), list[str]()
        while left:
            held, without = list[tuple[Experiment, int]](), list[Experiment]()
            for each, seed in left:
                if each in without:
                    continue
                if any(begins_with(each, other) for other, _ in held):  # which it waits for
                    held.append((each, seed))
                    continue
                try:
                    run = self._train_missing(each, seed, missing)
                except _TakenError:
                    held.append((each, seed))
                except VggdslError as error:
                    failed.append(self._failed(error))
                    if isinstance(error, InputError):
                        without.append(each)
                else:
                    if run is not None:
                        self.audience.trained(run)
            if len(held) == len(left):
                names = [f"{each.spec.name} with seed {seed}" for each, seed in held]
                if names != told:
                    self.audience.waiting(names)
                told = names
                time.sleep(_PAUSE)
            left = held
        return failed

    def _failed(self, error: VggdslError) -> VggdslError:
        """Tells why a training failed, where the others may do better; else raises it."""
        if isinstance(error, Stopped) or current().count > 1:  # of several processes all must agree to go on
            raise error
        self.audience.findings(error.diagnostics)
        return error

    def _train_missing(self, each: Experiment, seed: int, missing: Missing) -> Run | None:
        """What is measured by now is left out, what diverged is told, what was begun goes on.

        Raises ``_TakenError`` while another process trains it.
        """
        with ExitStack() as claim:  # of several processes the leading one claims it, and says to all what is to be done
            decided = self._decided(each, seed, missing, claim) if current().leads else ""
            what, _, path = current().told(decided).partition(" ")
            if what == "taken":
                raise _TakenError
            if what == "measured":
                return None
            if what == "diverged":
                raise RecordError(without_record(path))
            if path and (run := self._go_on(Path(path), missing)) is not None:
                missing.add(run.result)
                if not self._lacking(replace(each, recipe=each.recipe.with_flags(seeds=(seed,)))):
                    return run
                self.audience.trained(run)  # its data have changed since it was looked at: it is another training
            run = self._train(each, seed)
            missing.add(run.result)
            return run

    def _decided(self, each: Experiment, seed: int, missing: Missing, claim: ExitStack) -> str:
        """What is to be done for a training, in a word, and with which run."""
        wanted = each.spec, each.recipe, seed
        try:
            claim.enter_context(missing.claimed(*wanted))
        except HeldError:
            return "taken"
        missing.look_again()
        if self._is_measured(each, seed):
            return "measured"  # by another process, or for a spec of the same network and recipe
        with self.audience.looking() as told:
            diverged = missing.diverged(*wanted, told)
            begun = missing.begun(*wanted, told)
        if diverged is not None:
            return f"diverged {diverged}"
        if begun is not None and is_held(begun):  # by `--resume`
            return "taken"
        return "train" if begun is None else f"train {begun}"

    def _go_on(self, begun: Path, missing: Missing) -> Run | None:
        try:
            return resume(begun, self.workplace, self.audience.reporter())
        except HeldError:
            if current().count > 1:  # the leading one alone knows it
                raise
            raise _TakenError from None
        except RecordError as error:  # its checkpoints are torn, or of data that have changed
            self.audience.findings([Diagnostic("W612", f"begins anew: {in_a_line(error)}")])
            missing.pass_over(begun)
            return None

    def _train(self, each: Experiment, seed: int) -> Run:
        return begin(each, seed, self.workplace, self.audience.reporter())


class _TakenError(Exception):
    """Another process is at a training."""


def begins_with(one: Experiment, other: Experiment) -> bool:
    """Whether an experiment takes its first weights from a run that the other makes."""
    try:
        wanted = pretrained(one.recipe, one.spec.recipes, one.spec.typed)
    except VggdslError:  # it is told when it is trained
        return False
    if wanted is None or one is other:
        return False
    return wanted.network == other.spec.network.graph.digest and other.recipe.digest in wanted.recipes
