"""Trainings one after the other, and what each tells."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev

import click

from vggdsl.cli.common import exit_code, report
from vggdsl.cli.jobs import Job
from vggdsl.cli.progress import reporter as terminal
from vggdsl.data.dataset import look_for_data
from vggdsl.experiments.check import refuse
from vggdsl.experiments.loggers import LOGGERS, Together
from vggdsl.experiments.missing import Missing
from vggdsl.experiments.processes import current
from vggdsl.experiments.report import Reporter, Silent
from vggdsl.experiments.train import Run, Stopped, data_folder, resume, train
from vggdsl.language.notations import arch
from vggdsl.language.syntax import Document, Line
from vggdsl.records.runfolder import HeldError
from vggdsl.spec.pretrained import pretrained
from vggdsl.text.errors import InputError, RecordError, VggdslError


@dataclass
class Queue:
    """The jobs of a call, and where and how they run; ``left`` knows what needn't be trained."""

    jobs: Sequence[Job]
    data_dir: Path | None
    device: str | None
    runs_dir: Path
    download: bool
    start_from: Path | None
    logs: Sequence[str]
    left: Missing | None = None

    def leave_out(self, left: Missing) -> None:
        """Keeps the seeds that are still to be trained."""
        self.left = left
        lacking = (replace(job, recipe=job.recipe.with_flags(seeds=self._lacking(job, left))) for job in self.jobs)
        self.jobs = [job for job in lacking if job.recipe.seeds]

    def _lacking(self, job: Job, left: Missing) -> tuple[int, ...]:
        return tuple(seed for seed in job.recipe.seeds if not left.is_measured(job.spec, job.recipe, seed))

    def check(self) -> None:
        """Raises what is wrong with any of the jobs, before the first begins; warns of the rest."""
        for job in self.jobs:
            refuse(job.spec, job.recipe)
            look_for_data(job.recipe, data_folder(self.data_dir), download=self.download)
            if self.left is None:  # else they were told
                report(d for d in job.spec.check() if not d.is_error)

    def in_order(self) -> None:
        """Puts what a job's `init from(…)` begins with before it, and leaves the order as it is elsewhere."""
        waits = {id(job): [other for other in self.jobs if _begins_with(job, other)] for job in self.jobs}
        ordered = list[Job]()
        left = list(self.jobs)
        while left:
            # Of recipes that begin with each other none is first: they are told when they are trained.
            following = next((job for job in left if not any(o in left for o in waits[id(job)])), left[0])
            left.remove(following)
            ordered.append(following)
        self.jobs = ordered

    def run(self) -> list[int]:
        """Trains them all and shows their results; gives the exit codes of those that failed.

        Where one fails, that is reported, and the others go on. Raises ``Stopped`` on Ctrl-C.
        """
        return [code for job in self.jobs for code in self._run(job)]

    def _run(self, job: Job) -> list[int]:
        runs, codes = list[Run](), list[int]()
        for seed in job.recipe.seeds:
            if self.left is not None:
                self.left.look_again()
                if self.left.is_measured(job.spec, job.recipe, seed):
                    continue  # by another process, or for a spec of the same network and recipe
            try:
                run = self._train(job, seed)
            except Stopped:
                raise
            except VggdslError as error:  # the others may do better
                if current().count > 1:  # of several processes all must agree to go on
                    raise
                report(error.diagnostics)
                codes.append(exit_code(error.diagnostics))
                if isinstance(error, InputError):  # which every seed would meet
                    break
                continue
            show(run)
            runs.append(run)
            if self.left is not None:
                self.left.add(run.result)
        if len(runs) > 1 and self.left is None:
            click.echo(_over_seeds(runs))
        return codes

    def _train(self, job: Job, seed: int) -> Run:
        begun = self.left.take_begun(job.spec, job.recipe, seed) if self.left is not None else None
        if begun is not None:
            try:
                return resume(
                    begun,
                    data_dir=self.data_dir,
                    device=self.device,
                    download=self.download,
                    reporter=reporter(self.logs),
                )
            except HeldError:
                raise
            except RecordError as error:  # its checkpoints are torn: it begins anew
                report(error.diagnostics)
        return train(
            job.spec,
            job.recipe,
            seed=seed,
            data_dir=self.data_dir,
            device=self.device or "auto",
            runs_dir=self.runs_dir,
            download=self.download,
            start_from=self.start_from,
            start_weights=job.start,
            reporter=reporter(self.logs),
        )


def _begins_with(job: Job, other: Job) -> bool:
    """Whether a job takes its first weights from a run that the other makes."""
    try:
        wanted = pretrained(job.recipe, job.spec.recipes, job.spec.typed)
    except VggdslError:  # it is told when it is trained
        return False
    if wanted is None or job is other:
        return False
    return wanted.network == other.spec.network.graph.digest and other.recipe.digest in wanted.recipes


def reporter(logs: Sequence[str]) -> Reporter:
    """What shows a training: the terminal, and loggers; nothing in a process that doesn't lead."""
    if not current().leads:
        return Silent()
    wanted = dict.fromkeys(logs or ("tensorboard",))
    # The loggers first: where one can't begin, nothing is said on the terminal of a training.
    return Together(*(LOGGERS[name]() for name in wanted if name != "none"), terminal())


def show(run: Run) -> None:
    """The result, what is claimed beside it, and the folder."""
    further = [" ".join(arch.write(Document((Line(found),))).split()) for found in run.result.further]
    click.echo("\n".join([str(run.line), *further, *run.compare(), f"run: {run.path}"]))


def _over_seeds(runs: Sequence[Run]) -> str:
    found = [float(run.line.test) for run in runs]  # as records have them
    return f"test accuracy over {len(found)} seeds: {mean(found):.4f}, standard deviation {stdev(found):.4f}"
