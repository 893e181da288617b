"""Programs in processes of their own that are forked from one that has imported what a training takes.

Elsewhere each would take seconds to import it again. What a process shows by how it begins (what it imports, how
it reads the command line, what Ctrl-C does meanwhile) is shown by one of ``commands`` alone.
"""

import multiprocessing
import os
import runpy
import socket
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch
from commands import NOTHING, PATIENCE, Done

IMPORTED = [
    "sklearn.linear_model",
    "torch._dynamo",
    "torch.utils.tensorboard",
    "vggdsl.cli.train",
    "vggdsl.experiments.export",
    "vggdsl.experiments.loggers",
    "vggdsl.experiments.queue",
]
"""What imports all that takes long of what these programs use."""
VGGDSL = "from vggdsl.__main__ import run\nrun()"
"""The command."""


@cache
def context() -> Any:  # of a kind that depends on the system
    """Where a system can't fork, each process imports everything itself."""
    can_fork = "forkserver" in multiprocessing.get_all_start_methods()
    found = multiprocessing.get_context("forkserver" if can_fork else "spawn")
    found.set_forkserver_preload(IMPORTED)
    return found


class Forked:
    """A program, code or a file, that has begun; its standard input is empty."""

    def __init__(
        self, program: str | Path, *arguments: object, cwd: Path | None = None, env: Mapping[str, str] = NOTHING
    ) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.printed = [Path(self._folder.name) / name for name in ("stdout", "stderr")]
        for path in self.printed:
            path.touch()
        words = [str(program) if isinstance(program, Path) else "-c", *map(str, arguments)]
        given = (program, words, cwd or Path.cwd(), os.environ | dict(env), self.printed)
        self.process: BaseProcess = context().Process(target=_run, args=given, daemon=True)
        self.process.start()

    def wait_for(self, text: str) -> None:
        """Until it has printed that."""
        while self.process.is_alive() and self.printed[0].read_text() != text:
            time.sleep(0.01)
        assert self.printed[0].read_text() == text

    def ended(self) -> Done:
        """How it ended."""
        self.process.join(PATIENCE)
        code = self.process.exitcode
        if code is None:
            self.process.kill()
            raise TimeoutError(self.printed[1].read_text(errors="replace"))
        stdout, stderr = (path.read_text(errors="replace") for path in self.printed)
        self._folder.cleanup()
        return Done(self.process.name, code, stdout, stderr)


def forked(program: str | Path, *arguments: object, cwd: Path | None = None, env: Mapping[str, str] = NOTHING) -> Done:
    """What a program prints and how it ends."""
    return Forked(program, *arguments, cwd=cwd, env=env).ended()


def two(program: str, *arguments: object) -> Done:
    """Two processes of a program, with the variables that torchrun sets, and what both print."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    both = [Forked(program, *arguments, env=given | {"RANK": rank, "LOCAL_RANK": rank}) for rank in "01"]
    first, second = [each.ended() for each in both]
    code = first.returncode or second.returncode
    return Done(first.args, code, first.stdout + second.stdout, first.stderr + second.stderr)


def _run(program: str | Path, words: list[str], cwd: Path, env: dict[str, str], printed: list[Path]) -> None:
    """In the new process: what its interpreter would have begun with, then the program."""
    for path, stream in zip(printed, (1, 2), strict=True):
        file = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.dup2(file, stream)
        os.close(file)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", errors="backslashreplace")
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = words
    torch.set_num_threads(1)
    if isinstance(program, Path):
        runpy.run_path(str(program), run_name="__main__")
    else:
        exec(program, {"__name__": "__main__"})
