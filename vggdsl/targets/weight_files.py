"""Weights from a file: safetensors, or what PyTorch saved, read without running anything in it."""

import pickle
import warnings
import zlib
from collections.abc import Callable, Collection, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile, ZipFile, is_zipfile

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from vggdsl.network.weights import Array, Weights
from vggdsl.targets.checkpoints import Found, Unread, more_than_tensors, state_dict_in
from vggdsl.targets.other_files import other_file
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_file, is_folder
from vggdsl.text.printing import first_line

_WIDENED = (torch.bfloat16, torch.float16)
_TAKEN = (
    *_WIDENED,
    *(torch.float32, torch.float64, torch.bool),
    *(torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
)


_CALLED = ("builtins", "__builtin__", "importlib", "runpy", "subprocess", "commands")
"""What no trainer leaves in a checkpoint, and attackers do: such a file is refused."""
_NOT_TORCH = "it is nothing that torch.save wrote, or torn"
_NO_STATE = "it holds no state dict: a mapping of names to tensors"
_CUT = "it is cut short: copy, fetch or save it again"


class WeightFile(NamedTuple):
    """A state dict: names and values, in the precision of the file (bf16 and fp16 as fp32).

    ``ordered`` where its entries stand in the order in which they were registered. ``said`` tells in half sentences
    what was passed over to come to it, ``halved`` is the kind of half precision in which it is kept, if any.
    """

    weights: dict[str, Array]
    ordered: bool
    said: tuple[str, ...] = ()
    halved: str = ""


def read_weights(path: Path, shapes: Collection[tuple[int, ...]] = ()) -> WeightFile:
    """The one state dict in a file, of a network with weights of such ``shapes``.

    ``.safetensors`` files, and what ``torch.save`` wrote, which is read with ``weights_only=True``: a pickle from a
    stranger may hold more than weights. What it holds besides tensors and plain values is neither imported nor run.
    Raises ``InputError`` V513 if it can't be read, is something else, or holds several state dicts.
    """
    found, ordered = _found(path, shapes)
    kinds = {str(tensor.dtype).removeprefix("torch.") for tensor in found.state.values() if tensor.dtype in _WIDENED}
    return WeightFile(to_arrays(path, found.state), ordered, found.said, " and ".join(sorted(kinds)))


def read_shapes(path: Path, shapes: Collection[tuple[int, ...]] = ()) -> WeightFile:
    """As ``read_weights``, with zeros that take no memory in place of all values: a file is mapped rather than read."""
    found, ordered = _found(path, shapes, skips_values=True)
    if not _are_tensors(found.state):
        raise _unusable(path, _NO_STATE)
    for name, tensor in found.state.items():
        _refuse(path, name, tensor)
    zeros = {_name(path, name): np.broadcast_to(np.float32(0), tensor.shape) for name, tensor in found.state.items()}
    return WeightFile(zeros, ordered, found.said)


def _found(path: Path, shapes: Collection[tuple[int, ...]], *, skips_values: bool = False) -> tuple[Found, bool]:
    """The state dict, and whether its entries have an order."""
    if not is_file(path):
        raise _unusable(path, "no regular file" if is_folder(path) else "it is no regular file")
    _check_sums(path)
    if _begins_as_zip(path) and not is_zipfile(path):
        raise _unusable(path, _CUT)
    is_safe = looks_safe(path) or (path.suffix == ".safetensors" and not is_zipfile(path))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's, about kinds of tensors that are refused below
            state: object = load_file(path) if is_safe else _unpickled(path, skips_values)
    except OSError as error:
        raise _unusable(path, error.strerror or "it can't be read") from None
    except SafetensorError as error:
        if "not fully covered" in str(error):
            raise _unusable(path, _CUT) from None
        raise _unusable(path, first_line(error)) from None
    except pickle.UnpicklingError as error:
        # PyTorch's message advises to load it all the same, which would run what is in it.
        if any(word in str(error) for word in ("GLOBAL", "global", "instantiate", "function", "Can only")):
            raise more_than_tensors(path, of_numpy="numpy" in str(error)) from None
        if "Unsupported operand" in str(error) and is_zipfile(path):
            raise _unusable(path, "it was saved with another pickle protocol than 2, PyTorch's own") from None
        raise _unusable(path, _NOT_TORCH) from None
    except MemoryError:
        raise _unusable(path, "it says that it holds more than fits in memory") from None
    except Exception:  # pickle has no root for what can be wrong with a file
        raise _unusable(path, _NOT_TORCH) from None
    return state_dict_in(path, state, shapes), not is_safe


def _check_sums(path: Path) -> None:
    """Raises ``InputError`` V513 if a part of what ``torch.save`` wrote isn't what it was: PyTorch doesn't look."""
    try:
        with ZipFile(path) as opened:
            damaged = opened.testzip()
    except (OSError, BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, zlib.error):
        return  # no such file: what it is, is said once it is read
    if damaged is not None:
        raise _unusable(path, f"it is damaged, {damaged} in it has another checksum: copy or save it again")


def _begins_as_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError:
        return False


def looks_safe(path: Path) -> bool:
    """A length, and the JSON that is so long."""
    try:
        with path.open("rb") as file:
            head = file.read(9)
    except OSError:
        return False
    return head[8:] == b"{" and int.from_bytes(head[:8], "little") < path.stat().st_size


def _unpickled(path: Path, skips_values: bool) -> object:
    """What PyTorch's reader of weights makes of a file, with something inert in place of each class or function that it
    doesn't know: it imports and calls none. Values that are skipped take room that nothing is written to."""
    skip = torch.serialization.skip_data if skips_values and is_zipfile(path) else nullcontext
    try:
        unknown = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception:  # not in today's format, or torn: PyTorch says so once it is read
        unknown = []
    inert: list[Callable[..., object] | tuple[Callable[..., object], str]] = [
        (type("Unread", (Unread,), {"of": name}), name) for name in unknown if name.partition(".")[0] not in _CALLED
    ]
    with (
        torch.serialization.safe_globals(inert),
        path.open("rb") as file,
        skip(),
    ):  # whose name PyTorch goes by, if told
        return torch.load(file, map_location="cpu", weights_only=True)


def to_arrays(source: Path | str, state: object) -> dict[str, Array]:
    """The values of a state dict from ``source``, as ``read_weights`` gives them.

    Raises ``InputError`` V513 if it is something else.
    """
    if not isinstance(state, Mapping) or not _are_tensors(state):
        raise _unusable(source, _NO_STATE)
    widened = dict[object, Array]()
    arrays = dict[str, Array]()
    for name, tensor in state.items():
        array = _array(source, name, tensor)
        if tensor.dtype in _WIDENED:  # one tensor under two names stays one
            array = widened.setdefault((tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride()), array)
        arrays[_name(source, name)] = array
    return arrays


def _are_tensors(state: Mapping[str, object]) -> bool:
    return all(isinstance(each, torch.Tensor) for each in state.values())


def check_finite(
    path: Path | str, given: Weights, help: str = "did the training diverge? take an earlier epoch"
) -> None:
    """Raises ``InputError`` V513 if a weight is NaN or infinite in single precision."""
    for name, array in given.items():
        with np.errstate(over="ignore"):
            is_finite = np.isfinite(array.astype(np.float32, copy=False)).all()
        if name.endswith(".running_var") and bool((array < 0).any()):
            message = f"{path} holds a negative variance in {name}"
            raise InputError(Diagnostic("V513", message, help="is the file torn?"))
        if not is_finite:
            message = f"{path} holds NaN or infinite values in {name}"
            raise InputError(Diagnostic("V513", message, help=help))


def _name(path: Path | str, name: object) -> str:
    if not isinstance(name, str) or not name.isprintable():
        raise _unusable(path, f"a name in it is no text: {str(name)[:40]!a}")
    return name


def _refuse(path: Path | str, name: object, tensor: torch.Tensor) -> None:
    """Raises ``InputError`` V513 for what isn't dense numbers."""
    kind = None
    if tensor.is_meta:
        kind = "without values"
    elif tensor.is_quantized:
        kind = "quantised"
    elif tensor.layout != torch.strided or tensor.is_nested:
        kind = "sparse"
    elif tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        kind = "larger than what is stored of it"
    elif tensor.dtype not in _TAKEN:
        kind = f"of {str(tensor.dtype).removeprefix('torch.')}"
    if kind is not None:
        raise _unusable(path, f"{name} is {kind}; dense numbers of 16 to 64 bits are read")


def _array(path: Path | str, name: object, tensor: torch.Tensor) -> Array:
    _refuse(path, name, tensor)
    try:
        return np.asarray((tensor.float() if tensor.dtype in _WIDENED else tensor).numpy(force=True))
    except (RuntimeError, TypeError, ValueError):
        raise _unusable(path, f"{name} can't be read as numbers") from None


def _unusable(path: Path | str, why: str) -> InputError:
    help = "name a run's folder, a .safetensors file, or a state dict that torch.save wrote"
    if isinstance(path, Path) and (other := other_file(path)) is not None:
        why, help = f"it is {other.what}" + (f", {why}" if is_folder(path) else ""), other.help
    return InputError(Diagnostic("V513", f"{path} holds no weights: {why}", help=help))
