"""Reading, checking and showing: whole commands by what their processes take, and what is compiled within this one."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import NamedTuple

from vggdsl.spec.parsing import parse
from vggdsl.spec.spec import Spec

LAYERS = 9_000
"""Of a text as long as one may be, each labelled."""


_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
"""With it each process compiles all modules again, which is no user's case."""


_LAUNCHER = """
import json, os, subprocess, sys, time
began = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
taken = usage.ru_utime + usage.ru_stime, time.perf_counter() - began, usage.ru_maxrss
print(json.dumps([os.waitstatus_to_exitcode(status), *taken]))
"""
"""A small process between: the system counts what a process held that started another as held by that, too."""


class Taken(NamedTuple):
    """By a process, from its start to its end."""

    processor: float
    """Seconds, by its program and by the system for it."""
    wall: float
    """Seconds."""
    peak: int
    """Bytes of memory at the most."""


def command(*args: str) -> Taken:
    """What `vggdsl` takes for a call. Raises ``CalledProcessError`` if it fails."""
    return process(sys.executable, "-m", "vggdsl", *args)


def process(*call: str) -> Taken:
    """What another program takes. Raises ``CalledProcessError`` if it fails."""
    environment = {name: value for name, value in os.environ.items() if name != _NO_BYTECODE}
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, *call]
    done = subprocess.run(launcher, env=environment, capture_output=True, check=True)  # noqa: S603  # our own
    code, processor, wall, peak = json.loads(done.stdout)
    if code:
        raise subprocess.CalledProcessError(code, call)
    return Taken(processor, wall, peak * (1 if sys.platform == "darwin" else 1024))


def compiled(spec: Spec) -> Callable[[], object]:
    """A spec from its text to its typed graph, read anew each time."""
    return lambda: parse(spec.text, spec.source.name).typed


def long_text() -> str:
    """A network of many labelled layers."""
    layers = "\n".join(f"l{i}: conv1-4" for i in range(LAYERS))
    return f"input 32x32x3\n{layers}\nFC-10\n"
