"""Options that several commands take alike."""

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar

import click

from vggdsl.cli.flags import names, numbers
from vggdsl.spec.copies import MOST_THREADS

Command = TypeVar("Command", bound=Callable[..., object])

LARGEST = 10**9
"""Of a number that a recipe could say, too."""

epochs = click.option("--epochs", type=click.IntRange(1, LARGEST), help="Instead of the recipe's.")
batch = click.option("--batch", type=click.IntRange(1, LARGEST), help="Instead of the recipe's.")
download = click.option("--download", is_flag=True, help="Fetch the data set if it isn't there (CIFAR-10: 170 MB).")
threads = click.option(
    "--threads", type=click.IntRange(1, MOST_THREADS), metavar="N", help="Of a CPU.  [default: by the size of steps]"
)


def data(help: str = "Where data sets are.  [default: $VGGDSL_DATA, else data]") -> Callable[[Command], Command]:
    """The folder of data sets, as ``data_dir``."""
    return click.option("--data", "data_dir", metavar="DIR", type=click.Path(path_type=Path), help=help)


def device(default: str | None = "auto") -> Callable[[Command], Command]:
    """Where it runs; None if it isn't said, by which a run that goes on keeps its own."""
    choice = click.Choice(["auto", "cpu", "cuda"])
    return click.option("--device", type=choice, default=default, help="Where it runs.  [default: auto]")


def together(*options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Several options as one, in this order."""

    def take(command: Command) -> Command:
        return reduce(lambda taking, option: option(taking), reversed(options), command)

    return take


def prepared(whose: str) -> Callable[[Command], Command]:
    """What is told of images where nothing else says how they are prepared, and of the classes that are named."""
    side, file = click.IntRange(min=1), click.Path(path_type=Path)
    return together(
        click.option("--mean", metavar="R,G,B", callback=numbers, help=f"Of pixels from 0 to 1, for {whose}."),
        click.option("--std", metavar="R,G,B", callback=numbers, help="The same: what they are divided by."),
        click.option("--shorter-side", type=side, help="The same: to which images are scaled before the crop."),
        click.option(
            "--classes",
            metavar="FILE",
            type=file,
            callback=names,
            help="The same: the names of its classes, one a line.",
        ),
    )


evaluates = together(
    data("Where data sets are.  [default: where the run found them; $VGGDSL_DATA, else data]"),
    click.option("--skip-bad", is_flag=True, help="Leave out images that can't be read."),
    device(),
    threads,
)
"""The options of a command that lets trained networks answer: which data, and where it runs."""
