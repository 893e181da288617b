"""Reading, checking and showing: whole commands by what their processes take, and what is compiled within this one."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from vggdsl.spec.spec import Spec, parse

LAYERS = 9_000
"""Of a text as long as one may be, each labelled."""


_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
"""With it each process compiles all modules again, which is no user's case."""


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
    began = time.perf_counter()
    child = subprocess.Popen(call, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603  # our own
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, call)
    unit = 1 if sys.platform == "darwin" else 1024
    return Taken(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * unit)


def compiled(spec: Spec) -> Callable[[], object]:
    """A spec from its text to its typed graph, read anew each time."""
    return lambda: parse(spec.text, spec.source.name).typed


def long_text() -> str:
    """A network of many labelled layers."""
    layers = "\n".join(f"l{i}: conv1-4" for i in range(LAYERS))
    return f"input 32x32x3\n{layers}\nFC-10\n"
