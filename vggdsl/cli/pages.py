"""Writes reports, for the commands that do."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click

from vggdsl.cli.common import Answered, note, say
from vggdsl.experiments.device import choose
from vggdsl.experiments.report.account import account
from vggdsl.experiments.report.figures import figures, possible
from vggdsl.experiments.report.named import named
from vggdsl.experiments.report.page import page, told
from vggdsl.experiments.report.written import check_figures, check_page, default_path, write_figures, write_page
from vggdsl.experiments.workplace import Workplace
from vggdsl.text.units import bytes_text, plural


@dataclass(frozen=True)
class Wanted:
    """What is asked for; ``output`` is a file, `-`, or None for that beside the runs. ``err`` leaves standard output to
    others."""

    output: str | None = None
    figures: Path | None = None
    split: Literal["test", "val"] = "test"
    force: bool = False
    err: bool = False


def write_report(runs: Sequence[Path], workplace: Workplace, wanted: Wanted) -> None:
    """Writes one page about runs, or those in folders, and says where; what is missing on it goes to standard error.

    Raises V509 without a device that is asked for, and as ``named``, ``check_page`` and ``check_figures``, before
    anything is evaluated.
    """
    choose(workplace.device or "auto", "auto")
    found = named(runs)
    runs = found.runs
    path = default_path(runs) if wanted.output is None else Path(wanted.output)
    if wanted.output != "-":
        check_page(path, runs[0], force=wanted.force)
    if wanted.figures is not None:
        check_figures(possible(runs), wanted.figures, runs[0], force=wanted.force)
    accounts = [account(run, wanted.split, workplace, Answered, force=wanted.force) for run in runs]
    lines = [*found.told, *told(accounts)]
    for line in lines:
        note(f"note: {line}")
    text = page(accounts, lines)
    if wanted.output == "-":
        click.echo(text, nl=False)
    else:
        write_page(text, path)
        say(f"{path}: {bytes_text(len(text.encode()))}", err=wanted.err)
    if wanted.figures is not None:
        made = write_figures(dict(figures(accounts)), wanted.figures)
        say(f"{wanted.figures}: {plural(made, 'figure')}", err=wanted.err or wanted.output == "-")
