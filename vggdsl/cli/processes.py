"""A command that torchrun started several times: one process speaks for all."""

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from functools import wraps
from pathlib import Path
from typing import Any


def by_processes(command: Callable[..., None]) -> Callable[..., None]:
    """Joins the processes that torchrun started around a command with a ``device``; only the leading one prints."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        if os.environ.get("WORLD_SIZE", "1") == "1":  # the usual case needs no torch yet
            command(*args, **options)
            return
        from vggdsl.training.processes import joined

        with joined(options["device"] or "auto") as processes, ExitStack() as stack:
            if not processes.leads:
                nowhere = stack.enter_context(Path(os.devnull).open("w"))
                stack.enter_context(redirect_stdout(nowhere))
                stack.enter_context(redirect_stderr(nowhere))
            command(*args, **options)
            sys.stdout.flush()

    return run
