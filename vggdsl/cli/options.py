"""Options that several commands take alike."""

from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from vggdsl.spec.copies import MOST_THREADS

P = ParamSpec("P")
R = TypeVar("R")


def evaluates(command: Callable[P, R]) -> Callable[P, R]:
    """The options of a command that lets trained networks answer: which data, and where it runs."""
    options = (
        click.option(
            "--data",
            "data_dir",
            metavar="DIR",
            type=click.Path(path_type=Path),
            help="Where data sets are.  [default: where the run found them; $VGGDSL_DATA, else data]",
        ),
        click.option("--skip-bad", is_flag=True, help="Leave out images that can't be read."),
        click.option(
            "--device",
            type=click.Choice(["auto", "cpu", "cuda"]),
            default="auto",
            show_default=True,
            help="Where it runs.",
        ),
        click.option(
            "--threads",
            type=click.IntRange(1, MOST_THREADS),
            metavar="N",
            help="Of a CPU.  [default: by the size of steps]",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command
