"""Whether an ONNX file computes what the PyTorch network does."""

import copy
import os
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch

from vggdsl.errors import Diagnostic, InputError, VggdslError
from vggdsl.targets.onnx import INPUT, PROBABILITIES
from vggdsl.targets.torch import Network

Array = npt.NDArray[np.float32]

BATCHES = (1, 3)
TOLERANCE = 1e-4
_ERRORS_ONLY = 3


class Agreement(NamedTuple):
    """How far two outputs are apart: absolutely, relative to the largest |output|, over n values."""

    max_abs: float
    max_rel: float
    n: int


def verify_onnx(path: str | os.PathLike[str], network: Network, *, seed: int = 0) -> Agreement:
    """Runs the file's ONNX checker, then onnxruntime against PyTorch, both on the CPU.

    The batches, of 1 and of 3 images, are normal noise from ``seed``. The two may differ by 1e-4 of the
    batch's largest |output|: both sum thousands of products in single precision (2^-24 = 6e-8 a
    rounding) in orders of their own, which VGG-16 carries to 3e-6, while a wrong padding,
    epsilon or weight shows from 1e-3. It is scaled by the largest because a single output may cancel to
    nearly zero, where its own relative error says nothing. Probabilities may differ by as much times
    the largest |logit| if that exceeds 1, since softmax turns a logit's absolute error into a relative one.

    The network's mode, device and weights stay as they are. Raises ``InputError`` V520 if the file can't
    be read or isn't valid ONNX, ``VggdslError`` V521 if the outputs differ in shape or by more.
    """
    session = _session(path)
    network = copy.deepcopy(network).cpu().float().eval()
    random = np.random.default_rng(seed)
    worst = Agreement(0.0, 0.0, 0)
    for batch in BATCHES:
        x = random.standard_normal((batch, *network.typed.input.chw), dtype=np.float32)
        with torch.inference_mode():
            logits = network(torch.from_numpy(x))
        try:
            (given,) = session.run(None, {INPUT: x})
        except Exception as error:  # of its own kinds, e.g. for another network's input
            message = f"can't run {os.fspath(path)}: {_first_line(error)}"
            raise InputError(Diagnostic("V520", message)) from error
        tolerance, expected = TOLERANCE, logits
        if session.get_outputs()[0].name == PROBABILITIES:
            tolerance *= max(1.0, float(logits.abs().max()))
            expected = logits.softmax(1)
        found = difference(np.asarray(given), expected.numpy())
        if not found.max_rel <= tolerance:  # a NaN is no agreement
            by = f"{found.max_abs:.3g}, {found.max_rel:.1e} of the largest output"
            hint = f"up to {tolerance:.0e} is rounding; was the file made from these weights?"
            raise VggdslError(Diagnostic("V521", f"{os.fspath(path)} and PyTorch differ by {by}", help=hint))
        worst = Agreement(max(worst.max_abs, found.max_abs), max(worst.max_rel, found.max_rel), worst.n + found.n)
    return worst


def difference(given: Array, expected: Array) -> Agreement:
    """How far ``given`` is from ``expected``. Raises ``VggdslError`` V521 if the shapes differ."""
    if given.shape != expected.shape:
        message = f"outputs have shapes {given.shape} and {expected.shape}"
        raise VggdslError(Diagnostic("V521", message, help="was the file made from this network?"))
    max_abs, largest = float(np.abs(given - expected).max()), float(np.abs(expected).max())
    return Agreement(max_abs, max_abs / largest if largest else max_abs, given.size)


def _session(path: str | os.PathLike[str]) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        onnx.checker.check_model(os.fspath(path), full_check=True)
        return onnxruntime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # neither library has one root for what can be wrong with a file
        message = f"{os.fspath(path)} is not a usable ONNX file: {_first_line(error)}"
        raise InputError(Diagnostic("V520", message)) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
