"""Commands that may train on Ray: its options, and what they say together."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from vggdsl.cli.options import Command, together
from vggdsl.spec.copies import MOST_THREADS

if TYPE_CHECKING:
    from vggdsl.experiments.on_ray import Share


def on_ray(what: str, each: str) -> Callable[[Command], Command]:
    """``--on ray``, and what ``each`` gets there, a training or a process."""
    return together(
        click.option("--on", type=click.Choice(["ray"]), help=what),
        click.option(
            "--cpus", type=click.IntRange(1, MOST_THREADS), metavar="N", help=f"Of each {each} on Ray.  [default: 1]"
        ),
        click.option(
            "--gpus-each",
            type=click.FloatRange(0, 1, min_open=True),
            metavar="SHARE",
            help=f"Of a GPU, for each {each} on Ray.  [default: 1 where there are any]",
        ),
    )


def share_of(
    each: str, on: str | None, cpus: int | None, gpus: float | None, device: str | None, threads: int | None
) -> "Share | None":
    """What each gets on Ray; None where this process trains.

    Raises ``UsageError`` for what is of Ray without it, and for what can't be had together.
    """
    if on is None:
        for flag, given in {"--cpus": cpus, "--gpus-each": gpus}.items():
            if given is not None:
                raise click.UsageError(f"{flag} is what each {each} on Ray gets: it goes with --on ray")
        return None
    if device == "cpu" and gpus is not None:
        raise click.UsageError("either --device cpu or --gpus-each")
    if threads is not None and threads > (cpus or 1):
        raise click.UsageError(f"--threads {threads} needs --cpus {threads}: Ray gives each {each} so many")
    from vggdsl.experiments.on_ray import Share

    return Share(cpus or 1, 0 if device == "cpu" else gpus)
