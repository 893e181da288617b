"""Weights from a file: safetensors, or what PyTorch saved, read without running anything in it."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from vggdsl.errors import Diagnostic, InputError
from vggdsl.weights import Array


def read_weights(path: Path) -> dict[str, Array]:
    """A state dict: names and values, in the precision of the file (bf16 and fp16 as fp32).

    ``.safetensors`` files, and ``torch.save`` of a dict of tensors, which is read with
    ``weights_only=True``: a pickle from a stranger may hold more than weights.
    Raises ``InputError`` V513 if it can't be read or is something else.
    """
    try:
        if path.suffix == ".safetensors":
            state: object = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, OSError) as error:
        raise _unusable(path, str(error)) from None
    except Exception as error:  # pickle has no root for what can be wrong with a file
        raise _unusable(path, str(error).strip().partition("\n")[0]) from None
    if not isinstance(state, Mapping) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise _unusable(path, "it holds no state dict: a mapping of names to tensors")
    half = (torch.bfloat16, torch.float16)
    return {str(name): np.asarray((v.float() if v.dtype in half else v).numpy(force=True)) for name, v in state.items()}


def _unusable(path: Path, why: str) -> InputError:
    help = "name a run's folder, a .safetensors file, or a state dict that torch.save wrote"
    return InputError(Diagnostic("V513", f"{path} holds no weights: {why}", help=help))
