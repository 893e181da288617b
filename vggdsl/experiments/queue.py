"""Experiments one after the other."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
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
from vggdsl.records.runfolder import HeldError
from vggdsl.spec.pretrained import pretrained
from vggdsl.text.errors import Diagnostic, InputError, RecordError, VggdslError


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
        return tuple(seed for seed in each.recipe.seeds if not self._is_measured(each, seed))

    def _is_measured(self, each: Experiment, seed: int) -> bool:
        if self.missing is None:
            return False
        with self.audience.looking() as told:
            return self.missing.is_measured(each.spec, each.recipe, seed, told)

    def check(self) -> None:
        """Raises that the data of one aren't there, before the first begins; tells what looks wrong."""
        for each in self.experiments:
            look_for_data(each.recipe, self.workplace.data_folder, download=self.workplace.download)
            if self.missing is None:  # else it was told
                self.audience.findings(each.warnings)

    def in_order(self) -> None:
        """Puts what an `init from(…)` begins with before it, and leaves the order as it is elsewhere."""
        waits = {
            id(each): [other for other in self.experiments if _begins_with(each, other)] for each in self.experiments
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

        Where one fails, or did before, that is told, and the others go on. Raises ``Stopped`` on Ctrl-C.
        """
        return [error for each in self.experiments for error in self._run(each)]

    def _run(self, each: Experiment) -> list[VggdslError]:
        runs, failed = list[Run](), list[VggdslError]()
        for seed in each.recipe.seeds:
            try:
                run = self._train(each, seed) if self.missing is None else self._train_missing(each, seed, self.missing)
            except Stopped:
                raise
            except VggdslError as error:  # the others may do better
                if current().count > 1:  # of several processes all must agree to go on
                    raise
                self.audience.findings(error.diagnostics)
                failed.append(error)
                if isinstance(error, InputError):  # which every seed would meet
                    break
                continue
            if run is not None:
                self.audience.trained(run)
                runs.append(run)
        if len(runs) > 1 and self.missing is None:
            self.audience.over_seeds(runs)
        return failed

    def _train_missing(self, each: Experiment, seed: int, missing: Missing) -> Run | None:
        """What is measured by now is left out, what diverged is told, what was begun goes on."""
        wanted = each.spec, each.recipe, seed
        with missing.claimed(*wanted):
            missing.look_again()
            if self._is_measured(each, seed):
                return None  # by another process, or for a spec of the same network and recipe
            with self.audience.looking() as told:
                diverged = missing.diverged(*wanted, told)
            if diverged is not None:
                raise RecordError(without_record(diverged))
            run = self._go_on(missing.take_begun(*wanted)) or self._train(each, seed)
            missing.add(run.result)
            return run

    def _go_on(self, begun: Path | None) -> Run | None:
        if begun is None:
            return None
        try:
            return resume(begun, self.workplace, self.audience.reporter())
        except HeldError:
            raise
        except RecordError as error:  # its checkpoints are torn: it begins anew
            self.audience.findings(error.diagnostics)
            return None

    def _train(self, each: Experiment, seed: int) -> Run:
        return begin(each, seed, self.workplace, self.audience.reporter())


def _begins_with(one: Experiment, other: Experiment) -> bool:
    """Whether an experiment takes its first weights from a run that the other makes."""
    try:
        wanted = pretrained(one.recipe, one.spec.recipes, one.spec.typed)
    except VggdslError:  # it is told when it is trained
        return False
    if wanted is None or one is other:
        return False
    return wanted.network == other.spec.network.graph.digest and other.recipe.digest in wanted.recipes
