"""Whether an ONNX file computes what the PyTorch network does."""

import copy
import os
from pathlib import Path
from typing import NamedTuple, Unpack

import numpy as np
import numpy.typing as npt
import onnx
import torch

from vggdsl.data.preprocessing import Preprocessing
from vggdsl.targets import onnx_file
from vggdsl.targets.forms import Form, FormOptions, another_size
from vggdsl.targets.runtime import INPUT, PROBABILITIES, Session, open_session, run_session
from vggdsl.targets.torch import Network, dense, in_single_precision, weights
from vggdsl.text.errors import Diagnostic, InputError, VggdslError

Array = npt.NDArray[np.float32]

BATCHES = (1, 3)
TOLERANCE = 1e-4
"""Of logits, relative to the largest."""
SOFTMAX_TOLERANCE = 1e-5
"""Of probabilities, absolutely."""


class Agreement(NamedTuple):
    """How far two outputs are apart: absolutely, relative to the largest |output|, over n values.

    ``spread`` is how far the expected outputs of different images are apart, relative to the largest of them.
    """

    max_abs: float
    max_rel: float
    n: int
    spread: float

    @property
    def doubt(self) -> str | None:
        """What is to be said of outputs that say nothing about the images."""
        if self.spread > TOLERANCE:
            return None
        by = f"differ by {self.spread:.0e} of the largest logit" if self.spread else "are the same"
        return f"its outputs for {sum(BATCHES)} images of noise {by}: with these weights it hardly sees the image"


def verify_onnx(
    path: str | os.PathLike[str],
    network: Network,
    *,
    seed: int = 0,
    shown_as: str | None = None,
    preprocessing: Preprocessing | None = None,
    **options: Unpack[FormOptions],
) -> Agreement:
    """Runs the file's ONNX checker, then onnxruntime against PyTorch, both on the CPU.

    The batches, of 1 and of 3 images, are normal noise from ``seed``, or bytes where the file takes those; where it
    takes images of any size, a larger one is among them. Logits are compared, also where the
    file gives probabilities, since saturated ones look alike whatever the weights are: the file is run
    with what goes into its softmax as a second output. They may differ by 1e-4 of the batch's largest
    |logit|: both sum thousands of products in single precision (2^-24 = 6e-8 a rounding) in orders of
    their own, which VGG-16 carries to 3e-6, while a wrong padding, epsilon or weight shows from 1e-3. It is
    scaled by the largest because a single logit may cancel to nearly zero, where its own relative error
    says nothing. Probabilities may differ by 1e-5 from the softmax of the file's own logits, computed in
    double precision: that is one exponential and one sum in single precision, of numbers up to 1. Of the likeliest
    alone, each may by so much, and none may be left out that is likelier by more.

    Gives the agreement of the logits. The network's mode, device and weights stay as they are. Raises
    ``InputError`` V513 if the network's own outputs aren't finite, V520 if the file can't be read or isn't valid ONNX,
    ``VggdslError`` V521 if the outputs differ in shape or by more, or if probabilities don't come from a softmax.
    Findings call the file ``shown_as``.
    """
    name = shown_as or os.fspath(path)
    session, form = _session(path, name), Form(**options)
    network = in_single_precision(network)
    if form.size == "dense":
        network = dense(network)
    random = np.random.default_rng(seed)
    worst = Agreement(0.0, 0.0, 0, 0.0)
    seen = list[Array]()
    c, h, w = network.typed.input.chw
    larger = [(1, *another_size(network.typed.inference))] if form.size != "fixed" else []
    for batch, height, width in (*((n, h, w) for n in BATCHES), *larger):
        if form.uint8:
            fed = random.integers(0, 256, (batch, height, width, c), np.uint8)
            x = (preprocessing or Preprocessing.unknown(network.typed.input)).normalised(fed)
        else:
            fed = x = random.standard_normal((batch, c, height, width), dtype=np.float32)
        with torch.inference_mode():
            expected = network(torch.from_numpy(x)).numpy()
        if not np.isfinite(expected).all():
            raise InputError(_not_finite(network))
        try:
            given = [np.asarray(values) for values in run_session(session, {INPUT: fed})]
        except Exception as error:  # of its own kinds, e.g. for another network's input
            message = f"can't run {name}: {_first_line(error, path, name)}"
            raise InputError(Diagnostic("V520", message)) from error
        *gives, logits = given
        if logits.size == expected.size and logits.ndim != expected.ndim:  # a flattening may follow, or be ours alone
            logits = logits.reshape(expected.shape)
        if form.top is not None:
            _check_likeliest(name, logits, *gives)
        elif gives:
            _check_softmax(name, logits, gives[0].reshape(logits.shape))
        found = difference(logits, expected)
        if not found.max_rel <= TOLERANCE:  # a NaN is no agreement
            by = f"{found.max_abs:.3g}, {found.max_rel:.1e} of the largest logit"
            hint = told_rounding(network, torch.from_numpy(x)) or "was the file made from these weights?"
            hint = f"up to {TOLERANCE:.0e} is rounding; {hint}"
            raise VggdslError(Diagnostic("V521", f"{name} and PyTorch differ by {by}", help=hint))
        if (height, width) == (h, w):
            seen.append(expected)
        worst = Agreement(max(worst.max_abs, found.max_abs), max(worst.max_rel, found.max_rel), worst.n + found.n, 0.0)
    outputs = np.concatenate(seen)
    largest = float(np.abs(outputs).max())
    return worst._replace(spread=float(np.ptp(outputs, axis=0).max()) / largest if largest else 0.0)


def _not_finite(network: Network) -> Diagnostic:
    """V513 for weights with which values grow beyond single precision."""
    reach = {name: float(np.abs(array).max()) for name, array in weights(network).items() if array.size}
    name = next((name for name, most in reach.items() if not np.isfinite(most)), "")
    name = name or max(reach, key=lambda each: reach[each])
    message = "with these weights the network's outputs are no finite numbers"
    help = f"{name} reaches {reach[name]:.0e}: did the training diverge, or is the file damaged?"
    return Diagnostic("V513", message, help=help)


def _check_softmax(name: str, logits: Array, probabilities: Array) -> None:
    by = float(np.abs(probabilities - _softmax(logits)).max())
    if not by <= SOFTMAX_TOLERANCE:
        message = f"the probabilities of {name} differ by {by:.1e} from the softmax of its logits"
        raise VggdslError(Diagnostic("V521", message, help=f"up to {SOFTMAX_TOLERANCE:.0e} is rounding"))


def _check_likeliest(name: str, logits: Array, labels: npt.NDArray[np.int64], probabilities: Array) -> None:
    of_all = _softmax(logits)
    best = -np.sort(-of_all, axis=1)[:, : labels.shape[1]]
    by = max(float(np.abs(probabilities - wanted).max()) for wanted in (best, np.take_along_axis(of_all, labels, 1)))
    if not by <= SOFTMAX_TOLERANCE:
        message = f"the likeliest labels of {name} differ by {by:.1e} from those of its logits"
        raise VggdslError(Diagnostic("V521", message, help=f"up to {SOFTMAX_TOLERANCE:.0e} is rounding"))


def _softmax(logits: Array) -> npt.NDArray[np.float64]:
    return torch.from_numpy(logits).double().softmax(1).numpy()


def told_rounding(network: Network, x: torch.Tensor) -> str:
    """Of weights that amplify rounding to more than is allowed, how much PyTorch's own is; else nothing."""
    with torch.inference_mode():
        single, double = network(x).double(), copy.deepcopy(network).double()(x.double())
    by = float((single - double).abs().max() / double.abs().max())
    if not by > TOLERANCE / 2:
        return ""
    return f"with these weights PyTorch itself is off by {by:.1e} in single precision, against double"


def difference(given: Array, expected: Array) -> Agreement:
    """How far ``given`` is from ``expected``. Raises ``VggdslError`` V521 if the shapes differ."""
    if given.shape != expected.shape:
        message = f"outputs have shapes {given.shape} and {expected.shape}"
        raise VggdslError(Diagnostic("V521", message, help="was the file made from this network?"))
    max_abs, largest = float(np.abs(given - expected).max()), float(np.abs(expected).max())
    spread = float(np.ptp(expected, axis=0).max()) / largest if largest else 0.0
    return Agreement(max_abs, max_abs / largest if largest else max_abs, given.size, spread)


def _session(path: str | os.PathLike[str], name: str) -> Session:
    """The file in onnxruntime; where it gives probabilities, what goes into the softmax is a second output."""
    file = Path(path).resolve()
    try:
        onnx.checker.check_model(os.fspath(path), full_check=True)
        model = onnx_file.read(file)
        if any(output.name == PROBABILITIES for output in model.graph.output):
            logits = _before_softmax(model.graph)
            if logits is None:
                message = f"the probabilities of {name} don't come from a softmax"
                raise VggdslError(Diagnostic("V521", message, help="export it again"))
            model.graph.output.append(onnx.helper.make_empty_tensor_value_info(logits))
            model.graph.output[-1].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
        threads, folder = torch.get_num_threads(), str(file.parent)
        return open_session(model.SerializeToString(), threads=threads, weights_in=folder, briefly=True)
    except VggdslError:
        raise
    except Exception as error:  # neither library has one root for what can be wrong with a file
        message = f"{name} is not a usable ONNX file: {_first_line(error, path, name)}"
        raise InputError(Diagnostic("V520", message)) from error


def _before_softmax(graph: onnx.GraphProto) -> str | None:
    """The value that the softmax behind the probabilities takes; what may lie between changes no value."""
    makers = {name: node for node in graph.node for name in node.output}
    node = makers.get(PROBABILITIES)
    while node is not None and node.op_type in ("Flatten", "TopK"):
        node = makers.get(node.input[0])
    return node.input[0] if node is not None and node.op_type == "Softmax" else None


def _first_line(error: Exception, path: str | os.PathLike[str], name: str) -> str:
    """What a library says, with the name of the file that it was given as a user knows it."""
    return str(error).strip().partition("\n")[0].replace(os.fspath(path), name)
