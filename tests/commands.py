"""Commands as users call them: in this process, which is quick, and in processes of their own."""

import contextlib
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from vggdsl.cli import main

Done = subprocess.CompletedProcess[str]
NOTHING: Mapping[str, str] = {}
PATIENCE = 600
"""Seconds after which a process is taken to hang."""
AS_USERS = "import sys\nsys.modules['interegular'] = None\n"
"""How code begins that builds the grammar: without what the tests alone have, with which that takes far longer."""


def run(*arguments: object, input: str | bytes = "") -> Result:
    """``vggdsl`` in this process. What is no error of a user's goes through to the test."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=input, catch_exceptions=False)


def train(*arguments: object, runs: Path) -> Result:
    """``vggdsl train`` on the CPU, with no more than its own progress."""
    return run("train", *arguments, "--runs", runs, "--device", "cpu", "--log", "none")


def outside(*arguments: object, input: str = "", env: Mapping[str, str] = NOTHING) -> Done:
    """``vggdsl`` in a process of its own; the variables of ``env`` join those that there are."""
    return python("-m", "vggdsl", *arguments, input=input, env=env)


def python(*arguments: object, input: str = "", cwd: Path | None = None, env: Mapping[str, str] = NOTHING) -> Done:
    """The interpreter that runs the tests, in a process of its own."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        input=input,
        cwd=cwd,
        env=os.environ | dict(env),
        capture_output=True,
        text=True,
        errors="replace",  # of terminals of other encodings
        check=False,
        timeout=PATIENCE,
    )


def json_lines(text: str) -> list[Any]:
    """What stands on each line."""
    return [json.loads(each) for each in text.splitlines()]


def line(command: str, cwd: Path, env: Mapping[str, str] = NOTHING) -> tuple[str, int]:
    """What a line of a page prints and how it ends: ``vggdsl`` alone in this process, everything else in a shell."""
    program, *arguments = shlex.split(command)
    if program != "vggdsl" or set(command) & set("|&;<>$`*"):
        return shell(command, cwd, env)
    with contextlib.chdir(cwd):
        done = CliRunner(env=env).invoke(main, arguments, prog_name=program, catch_exceptions=False)
    return done.output, done.exit_code


def shell(command: str, cwd: Path | None = None, env: Mapping[str, str] = NOTHING) -> tuple[str, int]:
    """What a line prints, errors included, and how it ends, in a shell that finds this environment's programs first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        shell=True,
        cwd=cwd,
        env=os.environ | {"PATH": path, **env},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=PATIENCE,
    )
    return done.stdout, done.returncode
