"""What ``vggdsl train`` tells: a training while it runs, and what came of it."""

from collections.abc import Iterable, Sequence
from statistics import mean, stdev

import click

from vggdsl.cli.common import report
from vggdsl.cli.progress import reporter
from vggdsl.experiments.loggers import LOGGERS, Together
from vggdsl.experiments.processes import current
from vggdsl.experiments.report import Reporter, Silent
from vggdsl.language import notations
from vggdsl.language.syntax import Document, Line
from vggdsl.records.run import Run
from vggdsl.text.errors import Diagnostic


class Terminal:
    """Progress and findings on standard error, results on standard output; ``logs`` names the loggers besides."""

    def __init__(self, logs: Sequence[str]) -> None:
        self._logs = tuple(dict.fromkeys(logs or ("tensorboard",)))

    def reporter(self) -> Reporter:
        """Nothing in a process that doesn't lead."""
        if not current().leads:
            return Silent()
        # The loggers first: where one can't begin, nothing is said on the terminal of a training.
        return Together(*(LOGGERS[name]() for name in self._logs if name != "none"), reporter())

    def findings(self, found: Iterable[Diagnostic]) -> None:
        report(found)

    def trained(self, run: Run) -> None:
        """The result, what is claimed beside it, and the folder."""
        further = [" ".join(notations.write(Document((Line(found),))).split()) for found in run.result.further]
        click.echo("\n".join([str(run.line), *further, *run.compare(), f"run: {run.path}"]))

    def over_seeds(self, runs: Sequence[Run]) -> None:
        found = [float(run.line.test) for run in runs]  # as records have them
        spread = f"standard deviation {stdev(found):.4f}"
        click.echo(f"test accuracy over {len(found)} seeds: {mean(found):.4f}, {spread}")
