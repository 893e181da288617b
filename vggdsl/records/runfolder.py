"""The folder of a run: what a training writes, and what export and prediction read.

Every file is whole or not there. ``best.safetensors`` alone is enough to use the network: its metadata
hold the spec's text, the names of the classes, the normalisation and the scale of evaluation.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from itertools import count
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from vggdsl.data.normalisation import Normalisation
from vggdsl.data.preprocessing import Preprocessing, names_of, number_of, statistics_of
from vggdsl.data.views import evaluation_scale
from vggdsl.network.weights import Array
from vggdsl.records.collect import DIVERGED, RECORD, record_of
from vggdsl.records.metrics import Epoch
from vggdsl.records.repeat import with_entries
from vggdsl.spec.copies import MOST_THREADS, PLAN, original_of
from vggdsl.spec.recipe import KEYS, Recipe
from vggdsl.spec.spec import Spec, parse
from vggdsl.targets.torch import Network, load_weights, weights, without_weights
from vggdsl.text.errors import Diagnostic, InputError, RecordError, VggdslError, in_a_line
from vggdsl.text.files import is_file, is_folder, replacing, write_text
from vggdsl.text.tables import to_csv

BEST, LAST = "best.safetensors", "last.safetensors"
METRICS = "metrics.csv"
"""A row an epoch."""
_FORMAT = "vggdsl-run-1"


@dataclass(frozen=True, eq=False)
class Trained:
    """A network as a run left it. ``recipe`` and ``data`` are digests, the recipe's as it was followed.

    ``shorter_side`` is the length to which an image's was scaled before its centre was evaluated; None where
    images were scaled just to cover the input. ``doubt`` says why the weights may not be the run's own.
    """

    path: Path
    spec: Spec
    weights: Mapping[str, Array]
    classes: tuple[str, ...]
    normalisation: Normalisation
    epoch: int
    recipe_name: str | None
    recipe: str
    seed: int
    data: str
    shorter_side: int | None = None
    doubt: str = ""

    def __repr__(self) -> str:
        return f"Trained({str(self.path)!r}, weights of epoch {self.epoch})"

    @property
    def preprocessing(self) -> Preprocessing:
        """What images went through in the training."""
        normal = self.normalisation
        return Preprocessing(self.spec.typed.input, normal.mean, normal.std, self.classes, self.shorter_side)

    @cached_property
    def digest(self) -> str:
        """Of the weights: see ``weights_digest``."""
        return weights_digest(self.weights)

    @property
    def provenance(self) -> Mapping[str, str]:
        """Where the weights come from: the recipe's digest as it was followed, the seed, the weights' own digest."""
        return {"recipe": self.recipe, "seed": str(self.seed), "weights": self.digest}

    @property
    def has_ended(self) -> bool:
        """Weights of a training that hasn't ended are usable, but not what it will have measured."""
        return is_file(self.path / RECORD) or not is_file(self.path / PLAN)

    @property
    def unended(self) -> str:
        """What to say of a training that hasn't ended."""
        return f"{self.path} hasn't ended: weights of epoch {self.epoch}"

    def network(self) -> Network:
        """The network with the weights of that epoch, for evaluation."""
        network = without_weights(self.spec.typed)
        load_weights(network, self.weights)
        return network.eval()


@dataclass(frozen=True)
class Use:
    """What using a network's weights takes besides the spec: names of the classes, normalisation; the data's digest."""

    classes: tuple[str, ...]
    normalisation: Normalisation
    data: str


class HeldError(RecordError):
    """V607: another process trains in a run's folder."""


@contextmanager
def held(file: Path, told: str) -> Iterator[None]:
    """Holds the lock of a file, which is there only meanwhile; a killed process lets go of it.

    Raises ``HeldError`` V607 with what is told if another has it, ``InputError`` V506 if the file can't be written.
    """
    lock = FileLock(file, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise HeldError(Diagnostic("V607", told, help="wait for its end")) from None
    except OSError as error:
        raise InputError(Diagnostic("V506", f"{file} can't be written: {error.strerror or error}")) from None
    try:
        yield
    finally:
        if os.name == "posix":  # while it is held: who opened it meanwhile finds it gone. Windows removes it itself
            file.unlink(missing_ok=True)
        lock.release()


class RunFolder:
    """The folder of a run, to be written; the files' contents are told at the methods that write them."""

    def __init__(self, path: Path, spec: Spec, recipe: Recipe, seed: int) -> None:
        self.path, self.spec, self.recipe, self.seed = path, spec, recipe, seed

    @classmethod
    def new(cls, runs: Path, spec: Spec, recipe: Recipe, seed: int) -> "RunFolder":
        """Makes ``RUNS/<spec>[-<recipe>]-s<seed>-<n>`` with the first n that is free.

        Raises ``InputError`` V506 if it can't be made.
        """
        start = _file_name(spec.name).removesuffix(f"-{recipe.name}")  # as a record of this recipe is named
        name = "-".join(filter(None, (start, recipe.name, f"s{seed}")))
        try:
            runs.mkdir(parents=True, exist_ok=True)
            return cls(_new_folder(runs, name), spec, recipe, seed)
        except (OSError, ValueError) as error:  # a ValueError of a name that no system can have
            why = getattr(error, "strerror", None) or error
            why = "it is there, and no folder" if isinstance(error, FileExistsError) else why
            message = f"{getattr(error, 'filename', None) or runs} can't be made: {why}"
            raise InputError(Diagnostic("V506", message, help="say where with `--runs DIR`")) from None

    def held(self) -> AbstractContextManager[None]:
        """Keeps the folder from being trained in by another process; see ``held``."""
        return held(self.path / ".lock", f"another process trains in {self.path}")

    def write_plan(
        self,
        data: Path,
        device: str,
        start: Trained | None = None,
        base: str | None = None,
        *,
        threads: int | None = None,
        skip_bad: bool = False,
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
            "data": str(data.absolute()),
            "from": None
            if start is None
            else {"run": str(start.path.absolute()), "weights": start.digest, "base": base},
            "entries": entries,
        }
        # The plan first: a folder that holds one is a run, whatever it lacks.
        write_text(self.path / PLAN, json.dumps(plan, indent=2, ensure_ascii=False) + "\n")
        write_text(self.path / "spec.arch", self.spec.text)

    def write_metrics(self, epochs: Sequence[Epoch]) -> None:
        """``metrics.csv``: a row an epoch, whole at every epoch."""
        rows = [[f"{v:.6g}" if isinstance(v, float) else v for v in asdict(epoch).values()] for epoch in epochs]
        write_text(self.path / METRICS, to_csv([field.name for field in fields(Epoch)], rows))

    def write_weights(self, name: str, network: Network, epoch: int, use: Use) -> None:
        """Weights as safetensors, with everything in the metadata that using them takes."""
        given = weights(network)
        metadata = {
            "format": _FORMAT,
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

    def write_diverged(self, why: str) -> None:
        """``diverged.txt``, in the place of a record."""
        write_text(self.path / DIVERGED, f"{why}\n")

    def write_record(self, text: str) -> None:
        """``record.arch``: the spec with its measured block."""
        write_text(self.path / RECORD, text)


@dataclass(frozen=True, eq=False)
class Planned:
    """What a run was to do: its folder, and where it looked for data and ran."""

    folder: RunFolder
    data: Path
    device: str
    start: Path | None
    """The run that it took its first weights from, and their digest."""
    start_digest: str | None
    base: str | None
    """The digest of what that run was: see ``Result.base``."""
    threads: int | None = None
    """Of a CPU, if they were said."""
    skip_bad: bool = False
    """Whether images that can't be read were to be left out."""


def read_plan(path: Path) -> Planned:
    """A run's plan, also of one that was interrupted.

    Raises ``InputError`` V501 if there is no such folder, ``RecordError`` V604 if it holds none.
    """
    if not is_folder(path):
        raise InputError(Diagnostic("V501", f"no run `{path}`", help="name a folder that `vggdsl train` made"))
    try:
        if not is_file(path / PLAN):
            raise ValueError(f"it has no {PLAN}")
        plan = json.loads((path / PLAN).read_text("utf-8"))
        spec = parse((path / "spec.arch").read_text("utf-8"), str(path / "spec.arch"))
        spec = replace(spec, name=str(plan["spec"]))
        base = spec.recipe(plan["name"])
        flags = {key: entry for key, entry in plan["entries"].items() if entry["origin"] == "flag"}
        recipe = with_entries(base, [f"{key} {entry['value']}" for key, entry in flags.items()])
        data, device = Path(plan["data"]), str(plan["device"])
        start = plan["from"] or {"run": None, "weights": None}
        of, threads = start.get("base"), plan.get("threads")
        seed = plan["seed"]
        if seed != number_of(seed, "seed"):
            raise ValueError(f"its seed is none: {seed!r:.20}")
        if not all(isinstance(value, str | None) for value in (start["weights"], of)):
            raise ValueError("the digest of weights is none")
        if threads is not None and (not isinstance(threads, int) or not 0 < threads <= MOST_THREADS):
            raise ValueError("threads are no number of them")
        skip_bad = plan.get("skip-bad", False)
        if not isinstance(skip_bad, bool):
            raise ValueError("skip-bad is neither true nor false")
        folder, first = RunFolder(path, spec, recipe, seed), start["run"] and Path(start["run"])
        return Planned(folder, data, device, first, start["weights"], of, threads, skip_bad)
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RecursionError, VggdslError) as error:
        why = error.strerror if isinstance(error, OSError) else in_a_line(error)
        raise _unusable(path, f"what it was to do can't be read: {why}") from None


def _new_folder(runs: Path, name: str) -> Path:
    """``<name>-<n>`` in a folder that exists, with the first n that is free."""
    for n in count(1):
        path = runs / f"{name}-{n}"
        with suppress(FileExistsError):
            path.mkdir()  # fails if it exists: two runs never share a folder
            return path
    raise AssertionError("counting doesn't end")


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name).strip("._") or "spec"


def weights_digest(given: Mapping[str, Array]) -> str:
    """Sixteen hex digits over names, shapes and values."""
    digest = hashlib.sha256()
    for name in sorted(given):
        digest.update(f"{name} {given[name].shape}".encode())
        digest.update(np.ascontiguousarray(given[name]).data)
    return digest.hexdigest()[:16]


def load_trained(path: Path, which: str = BEST, *, force: bool = False) -> Trained:
    """Reads a run's weights with its spec, classes and normalisation, and holds them against what is known of them.

    ``path`` is the run's folder, of which ``which`` is read: the best epoch's weights or the last one's; or
    it is such a file itself. Raises ``RecordError`` V604 if it isn't what a training made, is torn or was changed, or
    if it isn't what the run's record was measured with; with ``force`` the last two are its ``doubt``.
    """
    if is_file(path):
        path, which = path.parent, path.name
    file = path / which
    if not is_file(file):
        help = "name a folder that `vggdsl train` made"
        if not is_folder(path):
            raise InputError(Diagnostic("V501", f"no run `{path}`", help=help))
        raise _unusable(path, f"it has no {which}", help)
    if file.suffix != ".safetensors":
        raise _foreign(file)
    try:
        with safe_open(file, framework="numpy") as opened:
            metadata = opened.metadata() or {}
            given = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  # no mapping
    except (
        SafetensorError,
        OSError,
        TypeError,
        ValueError,
        AttributeError,
    ) as error:  # also of numbers unknown to NumPy
        raise _unusable(path, f"{which} is torn: {error}") from None
    if metadata.get("format") != _FORMAT:
        raise _foreign(file)
    try:
        spec = parse(metadata["spec"], str(path / f"{metadata['name']}.arch"))
        classes = names_of(json.loads(metadata["classes"]))
        normalisation = Normalisation(*statistics_of(json.loads(metadata["normalisation"]), spec.typed.input.c))
        epoch, seed = (number_of(metadata[key], key) for key in ("epoch", "seed"))
        recipe_name = json.loads(metadata["recipe-name"])
        recipe, data = metadata["recipe"], metadata["data"]
        side = json.loads(metadata.get("shorter-side", "null"))
        shorter_side = None if side is None else number_of(side, "shorter side", least=1)
    except (KeyError, ValueError, TypeError, RecursionError, VggdslError) as error:
        raise _unusable(path, f"the metadata of {which} can't be read: {in_a_line(error)}") from None
    if spec.network.graph.digest != metadata.get("network"):
        raise _unusable(path, "its network isn't the one that its spec describes")
    trained = Trained(path, spec, given, classes, normalisation, epoch, recipe_name, recipe, seed, data, shorter_side)
    try:
        doubt = _hold(trained, which, metadata.get("weights", trained.digest))
    except RecordError as error:
        if not force:
            raise
        doubt = f"{in_a_line(error)}; its weights are used all the same"
    return replace(trained, doubt=doubt) if doubt else trained


def _hold(trained: Trained, which: str, written: str) -> str:
    """Holds weights against the digest with which they were ``written``, and against their run's plan and record, which
    knows those of the best epoch: parts of several runs would answer for each other.

    Gives what nobody can tell, because the record was edited or can't be read. Raises ``RecordError`` V604.
    """
    path, ours = trained.path, trained.spec.network.graph.digest
    planned: str | None = None
    with suppress(VggdslError):
        planned = read_plan(path).folder.spec.network.graph.digest
    measured = _measured(path) if is_file(path / RECORD) else None
    known = measured.get("network") if measured else planned
    why = ""
    if written != trained.digest:
        why = f"the weights in {which} were changed after they were written"
    elif known not in (None, ours):
        what = RECORD if measured and planned == ours else which
        why = f"{what} is of another network than its spec"
    elif measured and which == BEST and measured.get("weights") != trained.digest:
        why = f"the weights in {BEST} aren't those that {RECORD} was measured with"
    if why:
        help = "put the run's own files back, or train again; export and predict use them all the same with `--force`"
        raise _unusable(path, why, help)
    if measured == {}:
        return f"{path / RECORD} was edited or can't be read: it doesn't say of which weights it is"
    return ""


def _measured(path: Path) -> Mapping[str, str]:
    """Of which network and weights a run's record is; empty if it was edited or can't be read."""
    with suppress(VggdslError):
        *_, block = record_of(path).measurements
        return {**block.values.get("of", {}), **block.values.get("by", {})} if block.sealed else {}
    return {}


def is_run(path: Path) -> bool:
    """Whether a path is a folder, or a file of weights that says that a training wrote it."""
    if is_folder(path):
        return True
    if path.suffix != ".safetensors" or not is_file(path):
        return False
    try:
        with safe_open(path, framework="numpy") as opened:
            return (opened.metadata() or {}).get("format") == _FORMAT
    except (SafetensorError, OSError):
        return False


def _foreign(file: Path) -> RecordError:
    """Of weights without a spec, classes and normalisation."""
    help = f"a run is a folder that `vggdsl train` made; `vggdsl export SPEC --weights {file}` takes weights of others"
    return _unusable(file.parent, f"{file.name} was not written by `vggdsl train`", help)


def _unusable(path: Path, why: str, help: str = "train again") -> RecordError:
    return RecordError(Diagnostic("V604", f"{path} is no usable run: {why}", help=help))
