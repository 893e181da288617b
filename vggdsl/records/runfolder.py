"""The folder of a run: what a training writes into it, and what it was to do; ``records/trained.py`` reads its weights.

Every file is whole or not there. ``best.safetensors`` alone is enough to use the network: its metadata
hold the spec's text, the names of the classes, the normalisation and the scale of evaluation.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from errno import ENOLCK, ENOSYS
from itertools import count
from pathlib import Path
from platform import node
from secrets import token_hex

from filelock import FileLock, Timeout
from safetensors import SafetensorError
from safetensors.numpy import save_file

from vggdsl.data.normalisation import Normalisation
from vggdsl.data.preprocessing import number_of
from vggdsl.network.weights import weights_digest
from vggdsl.records.collect import DIVERGED, RECORD, no_run
from vggdsl.records.kept import BEST as BEST
from vggdsl.records.metrics import Epoch
from vggdsl.records.repeat import with_entries
from vggdsl.spec.copies import MOST_THREADS, PLAN, SPEC, original_of
from vggdsl.spec.parsing import parse
from vggdsl.spec.recipe import KEYS, TORCHVISION, Recipe
from vggdsl.spec.recipe.scales import evaluation_scale
from vggdsl.spec.spec import Spec
from vggdsl.targets.torch import Network, weights
from vggdsl.text.errors import Diagnostic, InputError, RecordError, VggdslError, in_a_line
from vggdsl.text.files import file_name, is_file, is_folder, replacing, write_text
from vggdsl.text.printing import LINE, shown
from vggdsl.text.tables import to_csv

LAST = "last.safetensors"
METRICS = "metrics.csv"
"""A row an epoch."""
_LOCK = ".lock"
"""Is there while a process trains in the folder, and after one was killed."""
_HOLDER = ".holder"
"""Says, as long, which process that is, in a line, and a word that no other has."""
FORMAT = "vggdsl-run-1"
"""Of the metadata of a file of weights."""


@dataclass(frozen=True)
class Start:
    """What a training took its first weights from, if it took any: the run, the file or torchvision's name, the digest
    of the weights, and that of what the run was (``Result.base``)."""

    run: Path | None = None
    weights: str | None = None
    base: str | None = None

    @property
    def source(self) -> str:
        """What a plan says of it, wherever the next call is made."""
        return str(self.run if str(self.run).startswith(TORCHVISION) else self.run and self.run.absolute())


@dataclass(frozen=True)
class Use:
    """What using a network's weights takes besides the spec: names of the classes, normalisation; the data's digest."""

    classes: tuple[str, ...]
    normalisation: Normalisation
    data: str


class HeldError(RecordError):
    """V607: another process trains in a run's folder."""


class Lock:
    """The lock of a file, of which a killed process lets go; who has it may take it again. ``option`` names its folder.

    Raises ``InputError`` V506 if the file can't be written, or its file system has no locks: what stood in for them
    would outlive a process that is killed.
    """

    def __init__(self, file: Path, option: str = "--runs") -> None:
        self._lock = FileLock(file, fallback_to_soft=False)
        self._file, self._option = file, option

    def acquire(self, timeout: float = -1) -> None:
        """Waits for it; with a ``timeout`` only so many seconds, and raises ``Timeout`` then."""
        try:
            self._lock.acquire(timeout)
        except Timeout:
            raise
        except OSError as error:
            if error.errno in (ENOSYS, ENOLCK):
                help = f"mount it with locks, or name another folder with `{self._option} DIR`"
                message = f"the file system of {self._file} has no locks"
                raise InputError(Diagnostic("V506", message, help=help)) from None
            raise InputError(Diagnostic("V506", f"{self._file} can't be written: {error.strerror or error}")) from None

    def release(self) -> None:
        self._lock.release()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *raised: object) -> None:
        self.release()


@contextmanager
def held(file: Path, told: str, option: str = "--runs") -> Iterator[None]:
    """Holds the lock of a file, which is there only meanwhile.

    Raises ``HeldError`` V607 with what is told if another has it, and what ``Lock`` does.
    """
    lock = Lock(file, option)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise HeldError(Diagnostic("V607", told, help="wait for its end")) from None
    try:
        yield
    finally:
        if os.name == "posix":  # while it is held: who opened it meanwhile finds it gone. Windows removes it itself
            file.unlink(missing_ok=True)
        lock.release()


def is_held(path: Path) -> bool:
    """Whether a process trains in a run's folder, as far as that can be told: what can't be written isn't looked at."""
    if not is_file(path / _LOCK):
        return False
    try:
        with held(path / _LOCK, ""):
            return False
    except (HeldError, InputError):
        return True


class RunFolder:
    """The folder of a run, to be written; the files' contents are told at the methods that write them."""

    def __init__(self, path: Path, spec: Spec, recipe: Recipe, seed: int) -> None:
        self.path, self.spec, self.recipe, self.seed = path, spec, recipe, seed
        self.left_by = ""
        """Which process of another machine held it before, and didn't let go."""
        self._said = ""

    @classmethod
    def new(cls, runs: Path, spec: Spec, recipe: Recipe, seed: int) -> "RunFolder":
        """Makes ``RUNS/<spec>[-<recipe>]-s<seed>-<n>`` with the first n that is free.

        Raises ``InputError`` V506 if it can't be made.
        """
        start = file_name(spec.name).removesuffix(f"-{recipe.name}")  # as a record of this recipe is named
        name = "-".join(filter(None, (start, recipe.name, f"s{seed}")))
        try:
            runs.mkdir(parents=True, exist_ok=True)
            return cls(_new_folder(runs, name), spec, recipe, seed)
        except (OSError, ValueError) as error:  # a ValueError of a name that no system can have
            why = getattr(error, "strerror", None) or error
            why = "it is there, and no folder" if isinstance(error, FileExistsError) else why
            message = f"{getattr(error, 'filename', None) or runs} can't be made: {why}"
            raise InputError(Diagnostic("V506", message, help="say where with `--runs DIR`")) from None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps the folder from being trained in by another process; see ``held``.

        Locks may not reach other machines, or be lost when the network is cut: who has it is written down, too.
        """
        with held(self.path / _LOCK, f"another process trains in {self.path}"):
            before, machine = _who(self.holder()), f" of {node()}"
            self.left_by = "" if before.endswith(machine) else before
            self._said = f"process {os.getpid()}{machine}\n{token_hex(8)}"
            write_text(self.path / _HOLDER, self._said)
            try:
                yield
            finally:
                if self.is_ours:
                    (self.path / _HOLDER).unlink(missing_ok=True)

    def holder(self) -> str:
        """What stands there of the process that trains in it; empty if none does."""
        with suppress(OSError, UnicodeDecodeError):
            return (self.path / _HOLDER).read_text("utf-8")
        return ""

    @property
    def is_ours(self) -> bool:
        """Whether no other process has taken it since it was ``held``."""
        return self.holder() == self._said

    def refuse_taken(self) -> None:
        """Raises ``InputError`` V506 where another process has: nothing is to be written any more."""
        if self.is_ours:
            return
        who = f"{now} trains" if (now := _who(self.holder())) else "another process has trained"
        message = (
            f"{who} in {self.path}, which this one had locked: locks there don't reach every machine, or were lost"
        )
        help = "mount it with locks that do, as NFS 4 has, or name a folder a machine with `--runs DIR`"
        raise InputError(Diagnostic("V506", message, help=help))

    def write_plan(
        self,
        data: Path,
        device: str,
        start: Start,
        *,
        threads: int | None = None,
        skip_bad: bool = False,
        eager: bool = False,
        compiled: bool = False,
        added: int = 0,
    ) -> None:
        """``recipe.json``: each entry's value and where it comes from; and ``spec.arch``, exactly as run."""
        recipe, file = self.recipe, Path(self.spec.source.name)
        entries = {key: {"value": recipe.written(key), "origin": recipe.origin(key)} for key in KEYS if key != "seeds"}
        plan = {
            "spec": self.spec.name,
            "file": str(original_of(file) or file.resolve()),
            "name": recipe.name,
            "seed": self.seed,
            "device": device,
            **({} if threads is None else {"threads": threads}),
            **({"skip-bad": True} if skip_bad else {}),
            **({"eager": True} if eager else {}),
            **({"compile": True} if compiled else {}),
            **({"added": added} if added else {}),
            "data": str(data.absolute()),
            "from": None if start.run is None else {"run": start.source, "weights": start.weights, "base": start.base},
            "entries": entries,
        }
        # The plan first: a folder that holds one is a run, whatever it lacks.
        write_text(self.path / PLAN, json.dumps(plan, indent=2, ensure_ascii=False) + "\n")
        write_text(self.path / SPEC, self.spec.text)

    def write_metrics(self, epochs: Sequence[Epoch]) -> None:
        """``metrics.csv``: a row an epoch, whole at every epoch."""
        rows = [[f"{v:.6g}" if isinstance(v, float) else v for v in asdict(epoch).values()] for epoch in epochs]
        write_text(self.path / METRICS, to_csv([field.name for field in fields(Epoch)], rows))

    def write_weights(self, name: str, network: Network, epoch: int, use: Use) -> None:
        """Weights as safetensors, with everything in the metadata that using them takes."""
        given = weights(network)
        metadata = {
            "format": FORMAT,
            "weights": weights_digest(given),
            "network": self.spec.network.graph.digest,
            "classes": json.dumps(use.classes, ensure_ascii=False),
            "normalisation": json.dumps(asdict(use.normalisation)),
            "shorter-side": json.dumps(evaluation_scale(self.recipe)),
            "epoch": str(epoch),
            "recipe-name": json.dumps(self.recipe.name),
            "recipe": self.recipe.digest,
            "seed": str(self.seed),
            "data": use.data,
            "name": self.spec.name,
            "spec": self.spec.text,
        }
        with replacing(self.path / name) as part:
            try:
                save_file(given, part, metadata)
            except SafetensorError as error:  # what it makes of a full disk
                raise OSError(str(error)) from None

    def write_diverged(self, why: str, on: Mapping[str, str]) -> None:
        """``diverged.txt``, in the place of a record: why, in a line, and on which data, device and precision."""
        write_text(self.path / DIVERGED, f"{why}\nof {' '.join(f'{key}={value}' for key, value in on.items())}\n")

    def write_record(self, text: str) -> None:
        """``record.arch``: the spec with its measured block."""
        write_text(self.path / RECORD, text)


@dataclass(frozen=True, eq=False)
class Planned:
    """What a run was to do: its folder, and where it looked for data and ran."""

    folder: RunFolder
    data: Path
    device: str
    start: Start
    threads: int | None = None
    """Of a CPU, if they were said."""
    skip_bad: bool = False
    """Whether images that can't be read were to be left out."""
    eager: bool = False
    """Whether a GPU was to get its steps without a CUDA graph."""
    compiled: bool = False
    """Whether steps were to be compiled."""
    added: int = 0
    """Of its epochs, those that were added to a run that had ended."""


def read_plan(path: Path) -> Planned:
    """A run's plan, also of one that was interrupted.

    Raises ``InputError`` V501 if there is no such folder, ``RecordError`` V604 if it holds none.
    """
    if not is_folder(path):
        raise no_run(path)
    try:
        if not is_file(path / PLAN):
            raise ValueError(f"it has no {PLAN}")
        plan = json.loads((path / PLAN).read_text("utf-8"))
        spec = parse((path / SPEC).read_text("utf-8"), str(path / SPEC))
        spec = replace(spec, name=str(plan["spec"]))
        base = spec.recipe(plan["name"])
        # A default that is another now is said for the run: else it would be another training.
        flags = {
            key: entry
            for key, entry in plan["entries"].items()
            if entry["origin"] == "flag" or (entry["origin"] == "default" and entry["value"] != base.written(key))
        }
        recipe = with_entries(base, [f"{key} {entry['value']}" for key, entry in flags.items()])
        data, device = Path(plan["data"]), str(plan["device"])
        begun = plan["from"] or {"run": None, "weights": None}
        start = Start(begun["run"] and Path(begun["run"]), begun["weights"], begun.get("base"))
        threads = plan.get("threads")
        seed = plan["seed"]
        if seed != number_of(seed, "seed"):
            raise ValueError(f"its seed is none: {seed!r:.20}")
        if not all(isinstance(value, str | None) for value in (start.weights, start.base)):
            raise ValueError("the digest of weights is none")
        if threads is not None and (not isinstance(threads, int) or not 0 < threads <= MOST_THREADS):
            raise ValueError("threads are no number of them")
        skip_bad, eager, compiled = said = [plan.get(key, False) for key in ("skip-bad", "eager", "compile")]
        if not all(isinstance(flag, bool) for flag in said):
            raise ValueError("skip-bad, eager or compile is neither true nor false")
        added = number_of(plan.get("added", 0), "added")
        if added != plan.get("added", 0):
            raise ValueError("added epochs are no number of them")
        run = RunFolder(path, spec, recipe, seed)
        return Planned(run, data, device, start, threads, skip_bad, eager, compiled, added)
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RecursionError, VggdslError) as error:
        why = error.strerror if isinstance(error, OSError) else in_a_line(error)
        why = f"{PLAN} lacks {error}" if isinstance(error, KeyError) else why
        raise unusable(path, f"what it was to do can't be read: {why}") from None


def _who(holder: str) -> str:
    return shown(holder.partition("\n")[0], LINE)


def _new_folder(runs: Path, name: str) -> Path:
    """``<name>-<n>`` in a folder that exists, with the first n that is free."""
    for n in count(1):
        path = runs / f"{name}-{n}"
        with suppress(FileExistsError):
            path.mkdir()  # fails if it exists: two runs never share a folder
            return path
    raise AssertionError("counting doesn't end")


def unusable(path: Path, why: str, help: str = "train again") -> RecordError:
    """V604: what a folder or a file lacks to be a run."""
    return RecordError(Diagnostic("V604", f"{path} is no usable run: {why}", help=help))
