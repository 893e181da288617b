"""``vggdsl watch``."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

from vggdsl.cli.common import has_color, is_ascii, reports_errors
from vggdsl.text.printing import LINE, shown
from vggdsl.text.units import time_text

if TYPE_CHECKING:
    from vggdsl.records.runfolder import RunFolder
    from vggdsl.records.so_far import RunSoFar

_HIGHEST, _LOWEST = 12, 5
"""Rows of a chart, on a high terminal and on one that is low."""
_OTHER_ROWS = 6
"""Of what stands around a chart: its scale, and half of what stands around both."""


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--once", is_flag=True, help="Show how far it is now, and don't wait.")
@reports_errors
def command(run: Path, once: bool) -> None:
    """The curves of a training while it runs, in another terminal than its own; or of one that has ended.

    Loss and accuracy over the epochs, what the last one gave and which was the best so far. It ends with the training;
    Ctrl-C ends it alone. Where standard output is no terminal there is a line an epoch, and with --once the curves.

    \b
    vggdsl watch runs/mini_vgg-s0-1
    vggdsl watch runs/mini_vgg-s0-1 --once
    """
    from vggdsl.records.runfolder import read_plan
    from vggdsl.records.so_far import follow, so_far

    folder = read_plan(run).folder
    moves = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    if once:
        click.echo(_picture(folder, so_far(run, folder.recipe.epochs)))
    elif moves:
        _live(folder, follow(run, folder.recipe.epochs))
    else:
        _lines(folder, follow(run, folder.recipe.epochs))


def _live(folder: "RunFolder", looks: Iterator["RunSoFar"]) -> None:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(no_color=not has_color(sys.stdout), highlight=False)
    with Live(console=console, auto_refresh=False) as live:
        for now in looks:
            live.update(Text.from_ansi(_picture(folder, now)), refresh=True)


def _lines(folder: "RunFolder", looks: Iterator["RunSoFar"]) -> None:
    from vggdsl.cli.progress import row_of

    done, best = 0, (-1.0, 0.0)
    now = None
    for now in looks:
        for epoch in now.epochs[done:]:
            is_best, best = epoch.rank > best, max(best, epoch.rank)
            click.echo(row_of(epoch, folder.recipe.epochs, is_best).rstrip())
        done = len(now.epochs)
    assert now is not None
    click.echo(_headline(folder, now))


def _picture(folder: "RunFolder", now: "RunSoFar") -> str:
    from vggdsl.cli.curves import curves, legend
    from vggdsl.cli.progress import row_of

    size, epochs = get_terminal_size(), folder.recipe.epochs
    height = min(max((size.lines - 2 * _OTHER_ROWS) // 2, _LOWEST), _HIGHEST)
    ascii = is_ascii(sys.stdout)
    charts = curves(now.epochs, epochs, size.columns, height, has_color=has_color(sys.stdout), is_ascii=ascii)
    lines = [_headline(folder, now), *charts, *([legend(is_ascii=ascii)] if charts else [])]
    if now.epochs:
        last = now.epochs[-1]
        lines.append(row_of(last, epochs, last == now.best).rstrip())
    return "\n".join(lines)


def _headline(folder: "RunFolder", now: "RunSoFar") -> str:
    done, epochs = len(now.epochs), folder.recipe.epochs
    head = f"{shown(folder.path.as_posix())}: epoch {done} of {epochs}"
    if now.best is not None:
        head += f", best {now.best.number} with validation accuracy {now.best.val_accuracy:.4f}"
    return shown(f"{head}; {_state(folder, now)}", LINE)


def _state(folder: "RunFolder", now: "RunSoFar") -> str:
    if now.state == "training":
        if not now.epochs:
            return "in its first epoch"
        left = folder.recipe.epochs - len(now.epochs)
        bound = " at the most" if folder.recipe.may_end_early else ""
        return f"about {time_text(left * now.seconds_an_epoch)} left{bound}" if left else "it measures the best epoch"
    if now.state == "ended":
        return f"ended: `vggdsl report {folder.path}` shows what came of it"
    if now.state == "diverged":
        return "diverged: its loss is no number any more"
    return f"nobody trains in it: `vggdsl train --resume {folder.path}` goes on"
