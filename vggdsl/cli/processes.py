"""A command that torchrun started several times: one process speaks for all."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import partial, wraps
from pathlib import Path
from typing import Any

import click

from vggdsl.cli.common import exit_code, note
from vggdsl.text.errors import VggdslError, in_a_line


def by_processes(command: Callable[..., None]) -> Callable[..., None]:
    """Joins the processes that torchrun started around ``train``; only the leading one prints."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        _refuse_to_begin_again(options)
        if os.environ.get("WORLD_SIZE", "1") == "1":  # the usual case needs no torch yet
            command(*args, **options)
            return
        from vggdsl.experiments.processes import joined

        run = options["resumed"] or (Path(options["specs"][0]) if options["added"] and options["specs"] else None)
        device = options["device"] or _planned(run)
        if os.environ.get("RANK") == "0":
            _tell_of_one_store()
        with joined(device) as processes, _together(processes.rank):
            if processes.leads:
                command(*args, **options)
                sys.stdout.flush()
            else:
                _silently(processes.rank, partial(command, *args, **options))

    return run


def _silently(rank: int, call: Callable[[], None]) -> None:
    """An error, which mostly is that of the leading process too, is one line here."""
    try:
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
            call()
    except VggdslError as error:
        note(f"process {rank}: {in_a_line(error)}")
        raise SystemExit(exit_code(error.diagnostics)) from None
    except click.UsageError as error:
        raise SystemExit(error.exit_code) from None


def _refuse_to_begin_again(options: Mapping[str, Any]) -> None:
    """Raises ``click.UsageError`` where torchrun calls again what would then begin another run."""
    restarts = os.environ.get("TORCHELASTIC_MAX_RESTARTS", "0")
    if restarts != "0" and not options["missing"] and options["resumed"] is None:
        message = f"torchrun --max-restarts {restarts} calls it again where a process fails"
        raise click.UsageError(f"{message}: with --missing it goes on with its run, else it would begin another")


def _tell_of_one_store() -> None:
    """Several torchruns that keep one store for all starts: processes that are started again may hang."""
    several = os.environ.get("GROUP_WORLD_SIZE", "1") != "1" and os.environ.get("TORCHELASTIC_MAX_RESTARTS", "0") != "0"
    if several and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True":
        help = "call each with TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 and --rdzv-backend c10d"
        note(f"note: processes that several torchruns start again may wait for each other in vain: {help}")


@contextmanager
def _together(rank: int) -> Iterator[None]:
    """Where another process is gone all end, and torchrun may begin anew with those that are left."""
    try:
        yield
    except RuntimeError as error:
        if not _is_alone(error):
            raise
        click.echo(f"process {rank}: another has ended, so this one does", err=True)
        raise SystemExit(1) from None


def _is_alone(error: RuntimeError) -> bool:
    """Whether it is what is raised where another process doesn't answer any more; gloo has no kind for it."""
    import torch

    return isinstance(error, torch.distributed.DistError) or "gloo" in str(error)


def _planned(resumed: Path | None) -> str:
    """The device that a run was to be trained on; one that can't be read is told by the command itself."""
    from vggdsl.records.runfolder import read_plan

    try:
        return read_plan(resumed).device if resumed is not None else "auto"
    except VggdslError:
        return "auto"
