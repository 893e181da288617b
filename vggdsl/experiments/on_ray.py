"""Calls of a function in processes that Ray starts, on this machine or on a cluster.

Ray schedules them; what a process was at that died is called again. What is called must go on from what it left, and
find its files where this process does: on a cluster all machines share this folder, by the same path.
"""

import math
import os
import secrets
import shutil
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir, mkstemp
from types import MappingProxyType
from typing import Any, TypeVar

import torch

from vggdsl import __version__
from vggdsl.records.runfolder import HeldError, held
from vggdsl.text.errors import Diagnostic, InputError, VggdslError
from vggdsl.text.files import is_file
from vggdsl.text.packages import needed
from vggdsl.text.printing import LINE, shown

T = TypeVar("T")
R = TypeVar("R")

TRIES_MORE = 3
"""How often a call is made again whose process died: here and not by Ray, which doesn't say whose it was."""
_OFTEN = 1.0
"""Seconds between two looks at how far they are."""
_PATIENCE = 10.0
"""Seconds that calls may take to end once they are stopped."""
_STORE = 80 * 2**20
"""Bytes that Ray keeps for what calls are given and give: the least that it takes, since that is little."""
_ALONE = MappingProxyType(
    {
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # its processes listen on loopback alone, as on these systems
        "RAY_AUTH_MODE": "token",  # which other users of the machine don't have
    }
)
"""Variables by which a Ray that is started here keeps to itself."""
_PLAIN = MappingProxyType(
    {
        "RAY_COLOR_PREFIX": "0",
        "RAY_DEDUP_LOGS_SKIP_REGEX": "^A worker died or was killed while executing a task",  # which `died` is told
    }
)
"""Variables by which Ray tells in plain text what isn't told here."""
_HELLO = 10.0
"""Seconds in which a cluster's machine answers, where Ray itself asks for minutes, and sees a file that is new."""
_PAUSE = 0.1


@dataclass(frozen=True)
class Share:
    """What of a machine each call gets: threads of a CPU, and how much of a GPU; None is one where Ray has any."""

    cpus: int = 1
    gpus: float | None = None


def run_on_ray(
    work: Callable[[T], R],
    tasks: Sequence[T] | Callable[[int], Sequence[T]],
    share: Share = Share(),
    shared: Path = Path(),
    after: Mapping[int, Collection[int]] = MappingProxyType({}),
    meanwhile: Callable[[], object] = lambda: None,
    died: Callable[[int, str], object] = lambda index, why: None,
) -> Iterator[tuple[int, R | VggdslError]]:
    """Calls ``work(task)`` for each task in a process of its own, as many at once as there is room for.

    Gives the index of a task and what came of it, as they end: what ``work`` returned, or the error that it raised.
    ``work`` is a function of a module, and it, tasks and what it returns can be pickled. ``tasks`` may be a function of
    how many there is room for at once. ``shared`` is a folder that all machines must see, and is made. Task ``i``
    begins when all of ``after[i]`` have ended, which are indices of tasks before it. ``meanwhile`` is called each
    second, ``died`` where the process of a task died, with why, and it is called again. Where this generator is closed,
    or Ctrl-C ends it, ``KeyboardInterrupt`` is raised in all that are going on, which are waited for. Ray prints on
    standard output what it meets with: who prints results there redirects it meanwhile.

    Ray is started here and ends with the generator; RAY_ADDRESS names one that is there. ``ray.init`` of the caller's
    counts, too.

    Raises ``InputError`` V533 without Ray, V540 if it can't be reached or has no machine with such a share.
    """
    _keep_to_itself()
    with needed():
        import ray
    with _connected() as hosts, ExitStack() as marked:
        share = _possible(share, hosts)
        call: Any = ray.remote(_call).options(
            num_cpus=share.cpus, num_gpus=share.gpus, max_retries=0, retry_exceptions=False
        )
        given = [*(tasks(_room(share, hosts)) if callable(tasks) else tasks)]
        mark = marked.enter_context(_marked(shared))
        waiting, left, tries = [*range(len(given))], dict[Any, int](), Counter[int]()
        ended = dict[int, R | VggdslError]()

        def begin(i: int) -> None:
            tries[i] += 1
            left[call.remote(__version__, (os.getcwd(), mark), share.cpus, work, given[i])] = i  # noqa: PTH109

        try:
            while waiting or left:
                for i in [i for i in waiting if ended.keys() >= {*after.get(i, ())}]:
                    waiting.remove(i)
                    gone = [ended[j] for j in after.get(i, ()) if isinstance(ended[j], DiedError)]
                    if gone:  # which left nothing to begin with
                        ended[i] = gone[0]
                        yield i, gone[0]
                    else:
                        begin(i)
                over, _ = ray.wait([*left], timeout=_OFTEN) if left else ([], [])
                meanwhile()
                for reference in over:
                    i, came = left.pop(reference), _outcome(reference)
                    if isinstance(came, DiedError) and tries[i] <= TRIES_MORE:
                        died(i, came.why)
                        begin(i)
                    else:
                        ended[i] = came
                        yield i, came
        finally:
            for reference in left:
                ray.cancel(reference)
            ray.wait([*left], num_returns=len(left), timeout=_PATIENCE) if left else None


class DiedError(VggdslError):
    """The process of a call died each time; ``why``, as far as Ray knows it, else empty."""

    def __init__(self, why: str) -> None:
        self.why = why
        message = f"its process died {TRIES_MORE + 1} times{why and ': '}{why}"
        super().__init__(Diagnostic("V540", message, help="the same call tries it again"))


def _call(version: str, places: tuple[str, Path], threads: int, work: Callable[[T], R], task: T) -> R | VggdslError:
    """In Ray's process, in the folder of the caller; in the second of the places something lies that both see.

    What it is given is as much in every version: where that is another one, nothing but this can be told.
    """
    if version != __version__:
        message = f"{os.uname().nodename}, a machine of Ray's, has vggdsl {__version__}, this one {version}"
        return InputError(Diagnostic("V540", message, help="install the same version there"))
    folder, mark = places
    try:
        os.chdir(folder)
    except OSError as error:
        message = f"{folder} isn't there on {os.uname().nodename}: {error.strerror}"
        return InputError(Diagnostic("V540", message, help="Ray's machines share this folder, by the same path"))
    until = time.monotonic() + _HELLO
    while not is_file(mark):
        if time.monotonic() > until:
            message = f"{mark.parent} on {os.uname().nodename} is another folder than on the machine that calls it"
            return InputError(Diagnostic("V540", message, help="Ray's machines share this folder, by the same path"))
        time.sleep(_PAUSE)
    torch.set_num_threads(threads)
    try:
        with needed():
            return work(task)
    except VggdslError as error:
        return error


@contextmanager
def _marked(folder: Path) -> Iterator[Path]:
    """A file in the folder, as long as calls are going on: who sees it has the same folder, not one of that name."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = mkstemp(dir=folder.absolute(), prefix=f".{_PREFIX}")
    except OSError as error:
        message = f"{getattr(error, 'filename', None) or folder} can't be made: {error.strerror or error}"
        raise InputError(Diagnostic("V506", message, help="say where with `--runs DIR`")) from None
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _outcome(reference: Any) -> Any:
    """What a call gave, or why it gave nothing. Raises what its function did not foresee."""
    with needed():
        import ray
    try:
        return ray.get(reference)
    except ray.exceptions.RayError as error:
        cause = error.cause if isinstance(error, ray.exceptions.RayTaskError) else error
        lacks = isinstance(cause, ImportError) or any(said in str(cause) for said in _NOT_THERE)
        if isinstance(cause, ray.exceptions.RayError) and not lacks:  # it gave nothing
            return DiedError(_why(cause))
        if not lacks:
            raise
        why = f"a process of Ray's can't call vggdsl: {_last_line(cause)}"
        return InputError(Diagnostic("V540", why, help="install on Ray's machines what is installed here"))


def _why(error: BaseException) -> str:
    """What Ray knows of the death of a process: nothing of one that crashed, or that others killed."""
    with needed():
        import ray
    if isinstance(error, ray.exceptions.WorkerCrashedError):
        return ""
    if isinstance(error, ray.exceptions.OutOfMemoryError):
        return "its machine ran out of memory"
    if isinstance(error, ray.exceptions.LocalRayletDiedError):
        return "Ray ended, or was killed, on this machine"
    if isinstance(error, ray.exceptions.NodeDiedError):
        return "its machine can't be reached any more, or Ray ended there"
    return _last_line(error)


_NOT_THERE = ("failed to import on the worker", "ModuleNotFoundError: ")
"""What Ray says where the module of a function can't be imported."""


def _last_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return shown(lines[-1] if lines else type(error).__name__, LINE)


def cluster() -> str:
    """The address of a Ray that is there, by RAY_ADDRESS; empty where one is started, for which Ray says local."""
    address = os.environ.get("RAY_ADDRESS", "")
    return "" if address == "local" else address


def _keep_to_itself() -> None:
    """Tells a Ray that is to be started here how, which it reads as it is imported."""
    for name, value in _PLAIN.items():
        os.environ.setdefault(name, value)
    if cluster():
        return
    if "ray" not in sys.modules:
        for name, value in {**_ALONE, "RAY_AUTH_TOKEN": secrets.token_hex(32)}.items():
            os.environ.setdefault(name, value)
    elif not _ALONE.keys() <= os.environ.keys() and not sys.modules["ray"].is_initialized():
        message = "ray was imported before, and would listen to other machines"
        raise InputError(Diagnostic("V540", message, help="call `ray.init` first, or import it later"))


@contextmanager
def _connected() -> Iterator[list[Mapping[str, float]]]:
    """What each machine has; Ray ends with it, unless it was there before."""
    with needed():
        import ray
    if ray.is_initialized():
        yield _hosts()
        return
    address = cluster()
    if "://" in address:
        message = f"RAY_ADDRESS is {address}, which is no machine of a cluster's but a way there from elsewhere"
        raise InputError(Diagnostic("V540", message, help="call it on a machine of the cluster, with HOST:PORT"))
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "critical"}
    if address:
        help = "is it there, by `ray status`? A cluster with a token also takes RAY_AUTH_MODE=token"
        with _told(f"Ray can't be reached at {address}", help):
            host, _, port = address.rpartition(":")
            if host and port.isdecimal():
                socket.create_connection((host.strip("[]"), int(port)), _HELLO).close()
            ray.init(address, **quiet)
        try:
            yield _hosts()
        finally:
            ray.shutdown()
        return
    with _folder() as folder:
        try:
            with _told("Ray can't be started here", "without `--on ray` it goes on in one process"):
                ray.init("local", include_dashboard=False, object_store_memory=_STORE, _temp_dir=folder, **quiet)
            yield _hosts()
        finally:
            ray.shutdown()


_SHORT = "/tmp" if Path("/tmp").is_dir() else gettempdir()  # noqa: S108  # what is made in it is its user's alone
"""Ray names sockets in its folder, by paths that may be no longer than 107 bytes: TMPDIR may be too long for that."""
_PREFIX, _LOCK = "vggdsl-ray-", ".lock"


@contextmanager
def _folder() -> Iterator[str]:
    """A new folder for what Ray writes; its lock is held meanwhile. Those that killed processes left are removed."""
    for left in Path(_SHORT).glob(f"{_PREFIX}*"):
        _remove_left(left)
    with (
        TemporaryDirectory(prefix=_PREFIX, dir=_SHORT, ignore_cleanup_errors=True) as folder,
        held(Path(folder) / _LOCK, "another process uses it"),
    ):
        yield folder


def _remove_left(folder: Path) -> None:
    """Only if it is the user's own, and no process holds its lock."""
    us = getattr(os, "geteuid", lambda: 0)()  # where a system has none, a file is nobody's
    with suppress(OSError, HeldError, InputError):
        if folder.is_symlink() or folder.stat().st_uid != us or not is_file(folder / _LOCK):
            return
        with held(folder / _LOCK, "another process uses it"):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _told(what: str, help: str) -> Iterator[None]:
    try:
        yield
    except (ConnectionError, OSError, RuntimeError, TimeoutError, ValueError) as error:
        raise InputError(Diagnostic("V540", f"{what}: {_last_line(error)}", help=help)) from None


def _hosts() -> list[Mapping[str, float]]:
    with needed():
        import ray
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]  # Ray's


def _room(share: Share, hosts: Sequence[Mapping[str, float]]) -> int:
    """For how many calls with such a share there is room at once."""
    asked = {kind: of for kind, of in (("CPU", share.cpus), ("GPU", share.gpus)) if of}
    rooms = (min(host.get(kind, 0) / of for kind, of in asked.items()) for host in hosts)
    return sum(math.floor(room + 1e-9) for room in rooms)  # three thirds of a GPU are one


def _possible(share: Share, hosts: Sequence[Mapping[str, float]]) -> Share:
    """With a GPU where that wasn't said. Raises ``InputError`` V540 for what no machine has."""
    most = max((host.get("GPU", 0.0) for host in hosts), default=0.0)
    share = Share(share.cpus, min(most, 1.0) if share.gpus is None else share.gpus)
    assert share.gpus is not None
    if any(host.get("CPU", 0) >= share.cpus and host.get("GPU", 0) >= share.gpus for host in hosts):
        return share
    asked = f"{share.cpus} CPUs" if share.cpus > 1 else "a CPU"
    asked += f" and {share.gpus:g} of a GPU" if share.gpus else ""
    found = "; ".join(f"{host.get('CPU', 0):g} CPUs and {host.get('GPU', 0):g} GPUs" for host in hosts)
    message = f"no machine of Ray's has {asked}: {found or 'there is none'}"
    raise InputError(Diagnostic("V540", message, help="ask for less, by `--cpus` or `--gpus-each`"))
