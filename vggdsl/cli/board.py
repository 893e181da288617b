"""How far many trainings are, on standard error: a table that moves on a terminal, else a line for what changed."""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from vggdsl.cli.common import note
from vggdsl.cli.progress import PATIENCE
from vggdsl.text.printing import shown

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

    from vggdsl.experiments.study import Row


class Board:
    """Lines tell what begins and ends, and twice a minute how far all of them are."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._told = clock, clock()
        self._moves = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._live: Live | None = None
        self._before: dict[int, str] = {}

    def show(self, rows: "Sequence[Row]") -> None:
        """The same trainings in the same order each time."""
        if self._moves:
            self._move(rows)
            return
        for place, row in enumerate(rows):  # two may have one name and seed: specs in two folders, or two recipes
            if row.state != self._before.get(place, "waits"):
                note(_line(row))
            self._before[place] = row.state
        if self._clock() - self._told >= PATIENCE:
            self._told = self._clock()
            note(_sum(rows))

    def _move(self, rows: "Sequence[Row]") -> None:
        if self._live is None:
            from rich.console import Console
            from rich.live import Live

            console = Console(stderr=True, no_color=bool(os.environ.get("NO_COLOR")), highlight=False)
            self._live = Live(console=console, auto_refresh=False)
            self._live.start()
        self._live.update(_table(rows, self._live.console.height - 5), refresh=True)

    def died(self, row: "Row", why: str) -> None:
        """A line behind which the same trainings go on."""
        again = f"from epoch {row.done + 1}" if row.done else "from the beginning"
        line = f"{shown(row.name)}, seed {row.seed}: its process died{why and ': '}{why}; another goes on {again}"
        if self._live is None:
            note(line)
        else:  # above the table
            self._live.console.print(click.unstyle(line), markup=False, emoji=False, soft_wrap=True)

    def close(self) -> None:
        """The table stays as it is."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def _epochs(row: "Row") -> str:
    return f"{row.done}/{row.epochs}" if row.done or row.state == "trains" else ""


def _best(row: "Row") -> str:
    return f"{row.best.val_accuracy:.4f}" if row.best is not None else ""


def _line(row: "Row") -> str:
    epochs = f", epoch {_epochs(row)}" if _epochs(row) else ""
    best = f", validation accuracy {_best(row)}" if row.best is not None else ""
    return f"{shown(row.name)}, seed {row.seed}: {row.state}{epochs}{best}"


def _sum(rows: "Sequence[Row]") -> str:
    counts = Counter(row.state for row in rows)
    now = ", ".join(f"{shown(row.name)} s{row.seed} {_epochs(row)}" for row in rows if row.state == "trains")
    told = ", ".join(f"{counts[state]} {state}" for state in ("ended", "failed", "trains", "waits") if counts[state])
    return f"{told}{': ' + now if now else ''}"


def _table(rows: "Sequence[Row]", most: int) -> "Table":
    """As many rows as fit: first what trains, then what waits, then what is over."""
    from rich.table import Table

    table = Table("network", "seed", "", "epoch", "best validation", caption=_sum(rows), caption_justify="left")
    order = {"trains": 0, "failed": 1, "waits": 2, "ended": 3}
    kept = set(sorted(range(len(rows)), key=lambda i: order[rows[i].state])[: max(most, 1)])
    for i, row in enumerate(rows):
        if i in kept:
            table.add_row(click.unstyle(shown(row.name)), str(row.seed), row.state, _epochs(row), _best(row))
    return table
