"""What ``vggdsl train`` tells: a training while it runs, and what came of it."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import mean, stdev

import click

from vggdsl.cli.board import Board
from vggdsl.cli.common import diagnostics_json, echo_json, note, report, say
from vggdsl.cli.progress import reporter
from vggdsl.cli.schemas.runs import TrainedRun
from vggdsl.data.inspection import Told
from vggdsl.experiments.loggers import LOGGERS, Together
from vggdsl.experiments.processes import current
from vggdsl.experiments.reporter import Outline, Remembering, Reporter, Silent
from vggdsl.experiments.study import Row
from vggdsl.language import notations
from vggdsl.language.syntax import Document, Line
from vggdsl.records.run import Run
from vggdsl.text.errors import Diagnostic


class Terminal:
    """Progress and findings on standard error, results on standard output; ``logs`` names the loggers besides.

    ``every`` is how many epochs a row of progress stands for, 0 for none of it. ``as_json`` keeps the results until
    ``close``. ``trained_in`` are the folders of those that came to their end; ``reports`` is whether a page about them
    is written anyway.
    """

    def __init__(self, logs: Sequence[str], every: int = 1, as_json: bool = False, reports: bool = False) -> None:
        self.logs = tuple(name for name in dict.fromkeys(logs or ("tensorboard",)) if name != "none")
        self._every, self._as_json, self._reports = every, as_json, reports
        self._runs = list[TrainedRun]()
        self.trained_in = list[Path]()
        self._begun = _Begun()
        self._board = Board() if every else None

    @contextmanager
    def looking(self) -> Iterator[Told]:
        """Without loggers: nothing is trained."""
        progress = self._progress()
        try:
            yield progress.reading
        finally:
            progress.ended()

    def _progress(self) -> Reporter:
        return reporter(self._every) if self._every else Silent()

    def reporter(self) -> Reporter:
        """Nothing but what is remembered in a process that doesn't lead, whose standard error is nowhere."""
        if not current().leads:
            return self._begun
        # The loggers first: where one can't begin, nothing is said on the terminal of a training.
        return Together(*(LOGGERS[name]() for name in self.logs), self._begun, self._progress())

    def findings(self, findings: Iterable[Diagnostic]) -> None:
        report(findings)

    def trained(self, run: Run) -> None:
        """The result, what is claimed beside it, and the folder."""
        self.trained_in.append(run.path)
        if self._as_json:
            self._runs.append(_json(run, self._begun.outline, self._begun.found))
            return
        further = [" ".join(notations.write(Document((Line(found),))).split()) for found in run.result.further]
        noticed = [f"noticed: {finding.message}" for finding in self._begun.found]
        for line in (str(run.line), *further, *run.compare(), *noticed, f"run: {run.path}"):
            say(line)

    def over_seeds(self, runs: Sequence[Run]) -> None:
        if self._as_json:
            return
        found = [run.result.test_accuracy for run in runs]
        spread = f"standard deviation {stdev(found):.4f}"
        click.echo(f"test accuracy over {len(found)} seeds: {mean(found):.4f}, {spread}")

    def waiting(self, held: Sequence[str]) -> None:
        if self._every and current().leads:
            note(f"waiting for what other processes train: {', '.join(held)}")

    def rows(self, rows: Sequence[Row]) -> None:
        if self._board is not None:
            self._board.show(rows)

    def died(self, row: Row, why: str) -> None:
        if self._board is not None:
            self._board.died(row, why)

    def rows_ended(self) -> None:
        if self._board is not None:
            self._board.close()

    def trained_elsewhere(self, run: Run, outline: Outline, noticed: Sequence[Diagnostic]) -> None:
        self._begun.started(outline)
        self._begun.found += noticed
        self.trained(run)

    def close(self) -> None:
        """Prints what was kept, and by what it can be looked at."""
        if self._as_json:
            echo_json(self._runs)
        elif self.trained_in and not self._reports:
            them = "it" if len(self.trained_in) == 1 else "them"
            say(f"look at {them}: vggdsl report {' '.join(shlex.quote(str(path)) for path in self.trained_in)}")


class _Begun(Remembering):
    """Tells what looks wrong in the data, also where progress isn't told, and remembers it."""

    def started(self, outline: Outline) -> None:
        super().started(outline)
        report(outline.warnings)


def _json(run: Run, outline: Outline | None, noticed: Sequence[Diagnostic]) -> TrainedRun:
    result = run.result
    assert outline is not None
    assert outline.classes is not None
    classes = outline.classes
    return {
        "run": str(run.path),
        "spec": run.spec.name,
        "network": result.network,
        "recipe": {"name": result.recipe_name, "digest": result.recipe, "data": str(run.recipe.data)},
        "deviates": result.deviates or None,
        "seed": run.seed,
        "best": result.best,
        "epochs": result.epochs,
        "train_accuracy": result.train_accuracy,
        "val_accuracy": result.val_accuracy,
        "test_accuracy": result.test_accuracy,
        "top_5": result.top_5,
        "balanced": result.balanced,
        "precision": result.precision,
        "device": result.device,
        "minutes": result.minutes,
        "data": result.data,
        "split": result.split,
        "left_out": result.left_out,
        "classes": {
            "n": len(classes.sizes),
            "smallest": classes.smallest,
            "largest": classes.largest,
            "guess": classes.guess,
            "without": {split: list(names) for split, names in classes.without.items()},
        },
        "warnings": diagnostics_json([*outline.warnings, *noticed]),
        "weights": result.weights,
        "from": result.start,
        "compared": run.compare(),
    }
