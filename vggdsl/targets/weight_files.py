"""Weights from a file: safetensors, or what PyTorch saved, read without running anything in it."""

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from vggdsl.network.weights import Array, Weights
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_file

_WIDENED = (torch.bfloat16, torch.float16)
_TAKEN = (
    *_WIDENED,
    *(torch.float32, torch.float64, torch.bool),
    *(torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
)


def read_weights(path: Path) -> dict[str, Array]:
    """A state dict: names and values, in the precision of the file (bf16 and fp16 as fp32).

    ``.safetensors`` files, and ``torch.save`` of a dict of tensors, which is read with
    ``weights_only=True``: a pickle from a stranger may hold more than weights.
    Raises ``InputError`` V513 if it can't be read or is something else.
    """
    if not is_file(path):
        raise _unusable(path, "it is no regular file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's, about kinds of tensors that are refused below
            if path.suffix == ".safetensors":
                state: object = load_file(path)
            else:
                state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise _unusable(path, error.strerror or "it can't be read") from None
    except SafetensorError as error:
        raise _unusable(path, _plain(error) or "it is no safetensors file") from None
    except pickle.UnpicklingError as error:
        # PyTorch's message advises to load it all the same, which would run what is in it.
        more = any(word in str(error) for word in ("GLOBAL", "global", "instantiate", "function"))
        why = (
            "it holds more than tensors, and is not loaded" if more else "it is nothing that torch.save wrote, or torn"
        )
        raise _unusable(path, why) from None
    except MemoryError:
        raise _unusable(path, "it says that it holds more than fits in memory") from None
    except Exception:  # pickle has no root for what can be wrong with a file
        raise _unusable(path, "it is nothing that torch.save wrote, or torn") from None
    return to_arrays(path, state)


def to_arrays(source: Path | str, state: object) -> dict[str, Array]:
    """The values of a state dict from ``source``, as ``read_weights`` gives them.

    Raises ``InputError`` V513 if it is something else.
    """
    if not isinstance(state, Mapping) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise _unusable(source, "it holds no state dict: a mapping of names to tensors")
    return {_name(source, name): _array(source, name, tensor) for name, tensor in state.items()}


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


def _array(path: Path | str, name: object, tensor: torch.Tensor) -> Array:
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
    try:
        return np.asarray((tensor.float() if tensor.dtype in _WIDENED else tensor).numpy(force=True))
    except (RuntimeError, TypeError, ValueError):
        raise _unusable(path, f"{name} can't be read as numbers") from None


def _plain(error: Exception) -> str:
    """The first line of a message, without control characters."""
    line = str(error).strip().partition("\n")[0]
    return "".join(c for c in line if c.isprintable())[:200]


def _unusable(path: Path | str, why: str) -> InputError:
    help = "name a run's folder, a .safetensors file, or a state dict that torch.save wrote"
    return InputError(Diagnostic("V513", f"{path} holds no weights: {why}", help=help))
