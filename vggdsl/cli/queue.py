"""Trainings one after the other, and what each tells."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev

import click

from vggdsl.cli.common import exit_code, report
from vggdsl.cli.jobs import Job
from vggdsl.cli.progress import reporter as terminal
from vggdsl.errors import InputError, RecordError, VggdslError
from vggdsl.training.check import refuse
from vggdsl.training.data import look_for_data
from vggdsl.training.loggers import LOGGERS, Together
from vggdsl.training.missing import Missing
from vggdsl.training.processes import current
from vggdsl.training.report import Reporter, Silent
from vggdsl.training.run import Run, Stopped, data_folder, resume, train


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

    def run(self) -> list[int]:
        """Trains them all and shows their results; gives the exit codes of those that failed.

        Where one fails, that is reported, and the others go on. Raises ``Stopped`` on Ctrl-C.
        """
        return [code for job in self.jobs for code in self._run(job)]

    def _run(self, job: Job) -> list[int]:
        runs, codes = list[Run](), list[int]()
        for seed in job.recipe.seeds:
            if self.left is not None and self.left.is_measured(job.spec, job.recipe, seed):
                continue  # by another spec of the same network and recipe
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


def reporter(logs: Sequence[str]) -> Reporter:
    """What shows a training: the terminal, and loggers; nothing in a process that doesn't lead."""
    if not current().leads:
        return Silent()
    wanted = dict.fromkeys(logs or ("tensorboard",))
    # The loggers first: where one can't begin, nothing is said on the terminal of a training.
    return Together(*(LOGGERS[name]() for name in wanted if name != "none"), terminal())


def show(run: Run) -> None:
    """The result, what is claimed beside it, and the folder."""
    click.echo("\n".join([str(run.line), *run.compare(), f"run: {run.path}"]))


def _over_seeds(runs: Sequence[Run]) -> str:
    found = [float(run.line.test) for run in runs]  # as records have them
    return f"test accuracy over {len(found)} seeds: {mean(found):.4f}, standard deviation {stdev(found):.4f}"
