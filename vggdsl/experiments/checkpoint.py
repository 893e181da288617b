"""Where a training is, after each epoch, in files from which it goes on as if it had never stopped.

A checkpoint holds the network, the optimizer, and what schedule, early stopping and the choice of the best epoch
remember. Chance needs no state: all of it is drawn from generators made for (seed, epoch, batch). The last two
checkpoints stay, so that a torn one leaves its predecessor; the end of the
training removes them. They are safetensors, not ignite's pickles: a run
may come from a stranger.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from vggdsl.experiments.average import Average
from vggdsl.experiments.device import PRECISIONS, Precision
from vggdsl.records.metrics import Epoch
from vggdsl.text.errors import Diagnostic, RecordError
from vggdsl.text.files import is_file, replacing
from vggdsl.text.printing import first_line

_FORMAT = "vggdsl-checkpoint-1"
_NAME = re.compile(r"checkpoint-(\d{4,9})\.safetensors")
_PART = re.compile(r"\.[\w.-]+\.(safetensors|csv|json|arch)\.\w+\.part")
_BEGUN, _LONGEST_HEADER = re.compile(r"\.tmp[A-Za-z0-9]{6}"), 100_000_000
"""The names of safetensors' own temporary files, and more bytes than it reads of a header."""
_METADATA, _SAID_FORMAT = b'{"__metadata__":{', re.compile(rb'"format":"([^"]*)"')
_LONGEST, _LONG = 200, 1e9
"""Characters of a device's name, and seconds of an epoch."""
KEPT = 2
_SINCE = frozenset({"classes"})
"""What checkpoints of older versions don't tell of their training."""


@dataclass
class Progress:
    """What a training remembers besides its tensors.

    ``rate`` and ``patience`` are those of the schedule and of early stopping, ``best`` the rank of the best epoch,
    with its number and the digest of its weights, ``over`` whether an epoch ended the training, though more were
    allowed, ``devices`` on what it was trained, one after the other.
    """

    epochs: list[Epoch] = field(default_factory=list)
    best: tuple[float, float] = (-1.0, 0.0)
    best_epoch: int = 0
    best_weights: str = ""
    rate: dict[str, float] = field(default_factory=dict)
    patience: dict[str, float] = field(default_factory=dict)
    over: bool = False
    devices: list[str] = field(default_factory=list)

    def to_json(self) -> str:
        """Numbers in as many digits as give them back."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Progress":
        """Raises ``KeyError``, ``TypeError`` or ``ValueError`` if the text is nothing that ``to_json`` gave."""
        given = json.loads(text)
        epochs = [_epoch(each) for each in given["epochs"]]
        rank = (float(given["best"][0]), float(given["best"][1]))
        return cls(
            epochs,
            rank,
            int(given["best_epoch"]),
            str(given["best_weights"]),
            _numbers(given["rate"]),
            _numbers(given["patience"]),
            bool(given["over"]),
            _devices(given.get("devices", [])),
        )


def _epoch(given: Mapping[str, Any]) -> Epoch:
    values = {f.name: float(given[f.name]) for f in fields(Epoch) if f.name != "number"}
    return Epoch(number=int(given["number"]), **values)


def _devices(given: object) -> list[str]:
    if not isinstance(given, list) or any(not isinstance(name, str) or len(name) > _LONGEST for name in given):
        raise ValueError("what it was trained on are no names")
    return given


def _numbers(given: Mapping[str, Any]) -> dict[str, float]:
    """What schedule and patience remember: counts, and a best value that may be less than any number."""
    found = {str(name): float(value) for name, value in given.items()}
    if any(math.isnan(value) or (name != "best" and not 0 <= value < 1e9) for name, value in found.items()):
        raise ValueError("what its schedule remembers can't be")
    return found


@dataclass(frozen=True)
class Checkpoint:
    """A training after an epoch: tensors as ``state_dict`` names them, and what it remembers.

    Where the network has an average of weights, ``trained`` are those that are trained.
    """

    network: Mapping[str, Tensor]
    optimizer: Mapping[int, Mapping[str, Tensor]]
    progress: Progress
    trained: Mapping[str, Tensor] = field(default_factory=dict)


def save(
    folder: Path,
    network: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    progress: Progress,
    trained: Mapping[str, Tensor],
    run: Mapping[str, str],
    made_by: str,
) -> None:
    """Writes the checkpoint of the last epoch, then removes those before the previous one.

    ``run`` says which training it belongs to: spec, recipe, data, seed; ``made_by`` on what else its digits depend.
    Raises ``InputError`` V506.
    """
    state = optimizer.state_dict()["state"]
    _write(folder, Checkpoint(network.state_dict(), state, progress, trained), run, made_by)
    drop(folder, KEPT)


def carry(folder: Path, checkpoint: Checkpoint, run: Mapping[str, str], made_by: str) -> None:
    """Writes another training's checkpoint as one of ``run``, which goes on from there. Raises ``InputError`` V506."""
    _write(folder, checkpoint, run, made_by)


def _write(folder: Path, checkpoint: Checkpoint, run: Mapping[str, str], made_by: str) -> None:
    progress = checkpoint.progress
    tensors = {f"network.{name}": tensor for name, tensor in checkpoint.network.items()}
    tensors |= {f"trained.{name}": tensor for name, tensor in checkpoint.trained.items()}
    for index, state in checkpoint.optimizer.items():
        tensors |= {f"optimizer.{index}.{key}": value for key, value in state.items() if value is not None}
    plain = {name: tensor.detach().to("cpu").contiguous() for name, tensor in tensors.items()}
    text = progress.to_json()
    metadata = {"format": _FORMAT, "progress": text, "digest": _digest(plain, text), "made-by": made_by, **run}
    path = folder / f"checkpoint-{len(progress.epochs):04}.safetensors"
    with replacing(path) as part:
        try:
            save_file(plain, part, metadata)
        except SafetensorError as error:  # what it makes of a full disk
            raise OSError(str(error)) from None


def newest(folder: Path, run: Mapping[str, str], made_by: str, notes: list[str]) -> Checkpoint | None:
    """The last checkpoint that is whole and of this training; None where no epoch was finished.

    Why one was passed over is added to ``notes``, and that one was made by something else. Raises ``RecordError``
    V607 if there are some, and none can be used.
    """
    found = _found(folder)
    for path in found:
        try:
            return _read(path, run, made_by, notes)
        except (SafetensorError, OSError, KeyError, ValueError, TypeError, AttributeError) as error:
            why = f"it lacks {error}" if isinstance(error, KeyError) else first_line(error)
            notes.append(f"{path.name} can't be used: {why}")
    if found:
        help = "train anew: without --resume"
        raise RecordError(Diagnostic("V607", f"{folder} can't be resumed: {'; '.join(notes)}", help=help))
    return None


def computed_in(folder: Path) -> Precision | None:
    """The precision of the training that left the newest checkpoint that can be read; None where there is none."""
    for path in _found(folder):
        with suppress(SafetensorError, OSError), safe_open(path, framework="pt") as opened:
            said = (opened.metadata() or {}).get("precision")
            return next((each for each in PRECISIONS if each == said), None)
    return None


def epochs_in(folder: Path) -> int:
    """How many epochs the newest checkpoint holds; 0 where there is none."""
    found = _found(folder)
    match = _NAME.fullmatch(found[0].name) if found else None
    return int(match[1]) if match else 0


def drop(folder: Path, kept: int = 0) -> None:
    """Removes the checkpoints but for the newest ``kept``."""
    for old in _found(folder)[kept:]:
        old.unlink(missing_ok=True)


def clean(folder: Path) -> None:
    """Removes what a killed writer of a run's files left behind, while no other writes there."""
    for path in folder.glob(".*"):
        if _PART.fullmatch(path.name) or (_BEGUN.fullmatch(path.name) and _is_begun(path)):
            with suppress(OSError):
                path.unlink()


def _is_begun(path: Path) -> bool:
    """Whether a file is one of ours that safetensors has begun to write.

    It is empty, then zeros, then gets a header, whose entries stand in any order: while it is torn, zeros are behind
    it, and that it is ours may not be said yet.
    """
    if path.is_symlink() or not is_file(path):
        return False
    with suppress(OSError), path.open("rb") as file:
        length = file.read(8)
        header = file.read(min(int.from_bytes(length, "little"), _LONGEST_HEADER))
        said = (header or length).rstrip(b"\0")
        is_torn = said.startswith(_METADATA[: len(said)]) and len(said) < len(header)
        format = _SAID_FORMAT.search(said)
        return format[1].startswith(b"vggdsl-") if format else not said or is_torn
    return False


def refuse_links(folder: Path) -> None:
    """Raises ``RecordError`` V607 if a file in it is a link: what is written to it would land elsewhere."""
    link = next((path for path in folder.iterdir() if path.is_symlink()), None)
    if link is not None:
        message = f"{folder} can't be resumed: {link.name} is a link to elsewhere"
        raise RecordError(Diagnostic("V607", message, help="a run's files are its own: remove the link"))


def _found(folder: Path) -> list[Path]:
    """The checkpoints, newest first."""
    names = ((match, path) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name)))
    numbered = ((match, path) for match, path in names if is_file(path))
    return [path for _, path in sorted(((int(m[1]), path) for m, path in numbered), reverse=True)]


def _read(path: Path, run: Mapping[str, str], made_by: str, notes: list[str]) -> Checkpoint:
    with safe_open(path, framework="pt") as opened:
        metadata = opened.metadata() or {}
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  # no mapping
    if metadata.get("format") != _FORMAT:
        raise ValueError("it is no checkpoint")
    for key, value in run.items():
        if metadata.get(key) != value and not (key in _SINCE and key not in metadata):
            raise ValueError(f"it is of another training: {key} {metadata.get(key)}, not {value}")
    if metadata["digest"] != _digest(tensors, metadata["progress"]):
        raise ValueError("its contents were changed")
    progress = Progress.from_json(metadata["progress"])
    count = len(progress.epochs)
    numbers = [epoch.number for epoch in progress.epochs] == [*range(1, count + 1)]
    possible = all(epoch.is_possible and epoch.seconds < _LONG for epoch in progress.epochs)
    if not (numbers and possible and 1 <= progress.best_epoch <= count):
        raise ValueError("its epochs aren't those of a training")
    if metadata["made-by"] != made_by:
        said = f"{metadata['made-by']} then, {made_by} now"
        notes.append(f"the digits may differ from those of a run that wasn't interrupted: {said}")
    network = dict(_under("network.", tensors))
    optimizer: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _under("optimizer.", tensors):
        index, _, key = name.partition(".")
        optimizer.setdefault(int(index), {})[key] = tensor
    return Checkpoint(network, optimizer, progress, dict(_under("trained.", tensors)))


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    return ((name.removeprefix(prefix), tensor) for name, tensor in tensors.items() if name.startswith(prefix))


def restore(
    checkpoint: Checkpoint, network: torch.nn.Module, optimizer: torch.optim.Optimizer, average: Average | None = None
) -> None:
    """Gives network and optimizer the checkpoint's values; with an average the network has that, as it was saved.

    Raises ``RecordError`` V607 if they don't fit.
    """
    try:
        network.load_state_dict(dict(checkpoint.network))
        if average is not None:
            average.restore(checkpoint.trained)
        groups: list[dict[str, Any]] = optimizer.state_dict()["param_groups"]
        _check_moments(checkpoint, optimizer)
        optimizer.load_state_dict({"state": checkpoint.optimizer, "param_groups": groups})
        _lay_out(optimizer)
    except (RuntimeError, ValueError, KeyError) as error:
        message = f"the checkpoint doesn't fit the network: {first_line(error)}"
        raise RecordError(Diagnostic("V607", message, help="train anew: without --resume")) from None


def _lay_out(optimizer: torch.optim.Optimizer) -> None:
    """Lays moments out in memory as their parameters are: the optimizer goes over both in one order."""
    for parameter, state in optimizer.state.items():
        for name, tensor in state.items():
            if isinstance(tensor, Tensor) and tensor.shape == parameter.shape:
                state[name] = torch.empty_like(parameter).copy_(tensor)


def _check_moments(checkpoint: Checkpoint, optimizer: torch.optim.Optimizer) -> None:
    """Raises ``ValueError`` if an optimizer that remembers would remember less, or tensors of other shapes."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    remembers = optimizer.defaults.get("momentum", 1) > 0
    if set(checkpoint.optimizer) != (set(range(len(parameters))) if remembers else set()):
        raise ValueError("its optimizer's moments aren't those of the parameters")
    for index, state in checkpoint.optimizer.items():
        for name, tensor in state.items():
            if tensor.shape not in ((), parameters[index].shape):
                raise ValueError(f"{name} of parameter {index} is of another shape")


def _digest(tensors: Mapping[str, Tensor], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        digest.update(f"{name} {tuple(tensors[name].shape)}".encode())
        digest.update(tensors[name].contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
