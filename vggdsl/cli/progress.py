"""A training on standard error: a moving bar on a terminal, else a line an epoch and some within long ones."""

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from vggdsl.cli.common import report
from vggdsl.text.printing import LINE, shown
from vggdsl.text.units import bytes_text, plural, time_text

if TYPE_CHECKING:  # the front end of the command line starts without torch
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from vggdsl.experiments.reporter import Costs, Outline, Reporter
    from vggdsl.records.metrics import Epoch
    from vggdsl.text.errors import Diagnostic


PATIENCE = 30.0
"""Seconds without a line, after which one tells how far an epoch is."""
_SOON, _OFTEN = 1.0, 0.1
"""Seconds of reading after which a bar shows how far that is, and between its moves."""


def reporter(every: int = 1) -> "Reporter":
    """The bar on a terminal that can move its cursor, lines elsewhere; with a row for ``every`` so many epochs."""
    moves = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return Bar(every) if moves else Lines(every)


class _Rows:
    """Which epochs' rows are shown: of every so many one, and the last, whichever that turns out to be."""

    def __init__(self, every: int) -> None:
        self._every, self._left = every, ""

    def due(self, epoch: "Epoch", row: str) -> str:
        """The row, or an empty text while it isn't its turn."""
        is_due = epoch.number % self._every == 0
        self._left = "" if is_due else row
        return row if is_due else ""

    def last(self) -> str:
        """The row of the last epoch, if it wasn't shown."""
        return self._left


def _headline(outline: "Outline") -> str:
    done = f", going on after epoch {outline.done}" if outline.done else ""
    frozen = f" ({outline.frozen:,} of them frozen)" if outline.frozen else ""
    head = (
        f"{shown(outline.name)}: {outline.params:,} parameters{frozen}, {outline.data} {outline.split}, "
        f"seed {outline.seed}, {outline.precision} on {outline.device}, at least {bytes_text(outline.memory)} "
        f"-> {outline.folder}{done}"
    )
    lines = [
        head,
        *([] if outline.classes is None else [str(outline.classes)]),
        *(f"note: {note}" for note in outline.notes),
        "a row an epoch: loss and accuracy over train and val, * the best so far",
    ]
    return "\n".join(shown(line, LINE) for line in lines)


def row_of(epoch: "Epoch", epochs: int, is_best: bool) -> str:
    """An epoch's figures, and whether it is the best so far."""
    return (
        f"epoch {epoch.number:>{len(str(epochs))}}/{epochs}  lr {epoch.lr:<8.3g}"
        f"  train {epoch.train_loss:.4f} {epoch.train_accuracy:.4f}"
        f"  val {epoch.val_loss:.4f} {epoch.val_accuracy:.4f}{' *' if is_best else '  '}"
    )


def _estimate(seconds: float, outline: "Outline") -> str:
    bound = " at the most" if outline.may_end_early else ""
    return f"estimated from the first steps: {time_text(seconds)} for {plural(outline.epochs_left, 'epoch')}{bound}"


def _truth(costs: "Costs") -> str:
    """Time and memory as they were, each beside its estimate."""
    took = f"ended early: {costs.over}\n" if costs.over else ""
    took += f"took {time_text(costs.seconds)}"
    if costs.estimated_seconds is not None:
        took += f" (estimated {time_text(costs.estimated_seconds)})"
    if costs.memory is None:
        return took
    least = bytes_text(costs.estimated_memory)
    return f"{took} and {bytes_text(costs.memory)} of memory (estimated at least {least})"


class Lines:
    """One line an epoch, for logs; ``*`` marks the best so far. Within a long one, lines tell how far it is."""

    def __init__(self, every: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._outline: Outline | None = None
        self._rows, self._clock = _Rows(every), clock
        self._number = self._steps = self._images = 0
        self._began = self._told = clock()

    def reading(self, done: int, total: int) -> None:
        now = self._clock()
        if now - self._told >= PATIENCE:
            self._told = now
            click.echo(f"looking at the images: {done:,}/{total:,}", err=True)

    def started(self, outline: "Outline") -> None:
        self._outline = outline
        click.echo(_headline(outline), err=True)
        self._begin(outline.done + 1)

    def _begin(self, number: int) -> None:
        self._number, self._steps, self._images = number, 0, 0
        self._began = self._told = self._clock()

    def step(self, images: int, loss: Callable[[], float]) -> None:
        assert self._outline is not None
        self._steps, self._images = self._steps + 1, self._images + images
        now = self._clock()
        if now - self._told < PATIENCE:
            return
        self._told = now
        epochs = self._outline.epochs
        where = f"epoch {self._number:>{len(str(epochs))}}/{epochs}  step {self._steps:,}/{self._outline.steps:,}"
        rate = self._images / (now - self._began)
        click.echo(f"{where}  loss {loss():.4f}  {rate:,.0f} images/s", err=True)

    def epoch(self, epoch: "Epoch", is_best: bool) -> None:
        assert self._outline is not None
        rate = self._outline.images / epoch.seconds
        if row := self._rows.due(epoch, f"{row_of(epoch, self._outline.epochs, is_best)}  {rate:,.0f} images/s"):
            click.echo(row, err=True)
        self._begin(epoch.number + 1)

    def estimated(self, seconds: float) -> None:
        assert self._outline is not None
        click.echo(_estimate(seconds, self._outline), err=True)

    def noticed(self, finding: "Diagnostic") -> None:
        report([finding])

    def finished(self, costs: "Costs") -> None:
        if row := self._rows.last():
            click.echo(row, err=True)
        click.echo(_truth(costs), err=True)

    def ended(self) -> None:
        pass


def _console() -> "Console":
    from rich.console import Console

    return Console(stderr=True, no_color=bool(os.environ.get("NO_COLOR")), highlight=False)


def _bar(console: "Console") -> "Progress":
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


class Bar:
    """A bar over the whole run with images/s and the time left, and the last epoch's figures."""

    def __init__(self, every: int = 1) -> None:
        self._outline: Outline | None = None
        self._rows = _Rows(every)
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._began = self._told = time.perf_counter()
        self._images = 0

    def reading(self, done: int, total: int) -> None:
        now = time.perf_counter()
        if self._progress is None:
            if now - self._began < _SOON:
                return
            self._progress = _bar(_console())
            self._task = self._progress.add_task("looking at the images", total=total, rate="")
            self._progress.start()
        if now - self._told >= _OFTEN or done == total:
            self._told = now
            assert self._task is not None
            self._progress.update(self._task, completed=done)

    def started(self, outline: "Outline") -> None:
        self.ended()  # of what was read
        self._outline = outline
        console = _console()
        console.print(_headline(outline), markup=False)
        self._progress = _bar(console)
        self._task = self._progress.add_task(
            f"epoch {min(outline.done + 1, outline.epochs)}/{outline.epochs}",
            total=outline.epochs * outline.images,
            completed=outline.done * outline.images,
            rate="",
        )
        self._progress.start()
        self._began = time.perf_counter()

    def step(self, images: int, loss: Callable[[], float]) -> None:
        assert self._progress is not None
        assert self._task is not None
        self._images += images
        rate = self._images / (time.perf_counter() - self._began)
        self._progress.update(self._task, advance=images, rate=f"{rate:,.0f} images/s")

    def epoch(self, epoch: "Epoch", is_best: bool) -> None:
        assert self._outline is not None
        assert self._progress is not None
        assert self._task is not None
        if row := self._rows.due(epoch, row_of(epoch, self._outline.epochs, is_best)):
            self._progress.console.print(row, markup=False)
        following = min(epoch.number + 1, self._outline.epochs)
        self._progress.update(self._task, description=f"epoch {following}/{self._outline.epochs}")

    def estimated(self, seconds: float) -> None:
        pass  # the bar shows the time left

    def noticed(self, finding: "Diagnostic") -> None:
        report([finding])

    def finished(self, costs: "Costs") -> None:
        assert self._progress is not None
        if row := self._rows.last():
            self._progress.console.print(row, markup=False)
        self._progress.console.print(_truth(costs), markup=False)

    def ended(self) -> None:
        if self._progress is not None:
            self._progress.stop()
