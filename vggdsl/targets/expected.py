"""Outputs that somebody else's program gave, against which a network with its weights is held: `--expect X.npz`.

What weights don't say, such as activations, the wiring and epsilons, shows in the outputs alone.
"""

import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from vggdsl.network.infer import TypedGraph
from vggdsl.targets.other_files import other_file
from vggdsl.targets.predict import BATCH
from vggdsl.targets.torch import Network, in_single_precision
from vggdsl.targets.verify import TOLERANCE, told_rounding
from vggdsl.targets.weight_files import looks_safe
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_file
from vggdsl.text.kinds import refuse_other_kinds
from vggdsl.text.printing import printable
from vggdsl.text.units import bytes_text, plural

Kind = Literal["logits", "probabilities", "log-probabilities", "outputs"]
"""``outputs`` are those of a network that ends with an activation."""
_Values: TypeAlias = npt.NDArray[np.float64]
Arrays: TypeAlias = Mapping[str, npt.NDArray[np.generic]]
Expectation: TypeAlias = Arrays | str | Path
"""Arrays by name, or the file that holds them."""

_INPUT = "input"
_KINDS: Mapping[str, Kind | None] = {
    "output": None,
    "logits": "logits",
    "probabilities": "probabilities",
    "log_probabilities": "log-probabilities",
}
"""What outputs may be called; of ``output`` the numbers tell what they are."""
_LARGEST = 2**30
"""Bytes of an array: of 224x224 pixels a thousand images."""
_LONGEST = 60
_SUM = 1e-3
"""By which the sum of probabilities may miss 1, summed in half precision."""
_MAKE = 'make it by `np.savez("x.npz", input=x.numpy(), output=model.eval()(x).detach().numpy())`'


class Held(NamedTuple):
    """How far a network is from what was expected: ``of`` says what the outputs are, ``max_rel`` is the largest
    difference relative to the largest of them, over ``images``."""

    of: Kind
    max_rel: float
    images: int

    def __str__(self) -> str:
        """
        >>> str(Held("probabilities", 2e-6, 4))
        'the probabilities expected for 4 images: the network gives them to 2.0e-06 of the largest logarithm'
        """
        given = f"the network gives them to {self.max_rel:.1e} of the largest {self.unit}"
        return f"the {self.of} expected for {plural(self.images, 'image')}: {given}"

    @property
    def unit(self) -> str:
        """What differences are relative to the largest of."""
        return {"logits": "logit", "outputs": "output"}.get(self.of, "logarithm")


@dataclass(frozen=True, eq=False)
class Expected:
    """Images as they go into a network, (n, c, h, w), and what came out for each; ``name`` is their file's."""

    name: str
    images: npt.NDArray[np.float32]
    outputs: _Values
    kind: Kind


def read_expected(given: Expectation, graph: TypedGraph) -> Expected:
    """An input, and the output that another program gave for it.

    A .npz file, or arrays by name: ``input`` (n, c, h, w), as it goes into the network, so normalised, and one of
    ``output``, ``logits``, ``probabilities``, ``log_probabilities``, (n, classes) or (n, c, h, w).
    Raises ``InputError`` V501 if there is no file, V522 if it isn't that, or could show nothing; ``TypeError`` for what
    is neither.
    """
    refuse_other_kinds(read_expected, {"given": given}, but=("graph",))
    input, output = graph.input, graph.output
    name, arrays = ("the mapping", dict(given)) if isinstance(given, Mapping) else (str(given), _read(Path(given)))
    said = sorted(arrays)
    outputs = [key for key in said if key in _KINDS]
    if _INPUT not in said or len(outputs) != 1 or len(said) != 2:
        has = ", ".join(f"`{_shown(key)}`" for key in said) or "none"
        raise _unusable(name, f"its arrays are {has}, not `input` and one of {', '.join(f'`{key}`' for key in _KINDS)}")
    images, out = np.asarray(arrays[_INPUT]), np.asarray(arrays[outputs[0]])
    for key, array in ((_INPUT, images), (outputs[0], out)):
        if array.dtype.kind != "f":
            help = "save what goes into the network: floats, after scaling and normalising" if key == _INPUT else _MAKE
            raise _unusable(name, f"`{key}` is of {array.dtype}, not of floating point", help)
        if not np.isfinite(array).all():
            raise _unusable(name, f"`{key}` holds NaN or infinite values")
        with np.errstate(over="ignore"):
            if not np.isfinite(array.astype(np.float32)).all():
                raise _unusable(name, f"`{key}` holds values that are too large for single precision")
    chw = tuple(input.chw)
    if images.ndim != 4 or images.shape[1:] != chw or not len(images):
        help = _MAKE
        if images.ndim == 4 and images.shape[1:] == (input.h, input.w, input.c):
            help = "channels come before rows and columns: `x.transpose(0, 3, 1, 2)`"
        elif images.shape == chw:
            help = "images come in a batch, of one even: `x[None]`"
        wanted = ", ".join(map(str, chw))
        raise _unusable(name, f"`input` is {images.shape}, and the network takes (n, {wanted}) for a number n", help)
    shape = (len(images), *output.chw)
    flat = output.h * output.w == 1
    if out.shape != shape and not (flat and out.shape == shape[:2]):
        raise _unusable(name, f"`{outputs[0]}` is {out.shape}, and the network gives {shape[:2] if flat else shape}")
    values = out.astype(np.float64).reshape(shape)
    if float(values.max()) == float(values.min()):
        raise _unusable(name, f"all of `{outputs[0]}` is {values.max():g}: it tells no network from another")
    if all(float(image.max()) == float(image.min()) for image in images):
        raise _unusable(name, "every image of `input` is one value all over: it tells hardly a network from another")
    kind = _KINDS[outputs[0]] or _kind(values)
    if kind == "logits" and graph.nodes[-1].node.op.activation:
        kind = "outputs"
    if "probabilities" in kind and not _sums_to_one(values if kind == "probabilities" else np.exp(values)):
        raise _unusable(name, f"`{outputs[0]}` are no {kind}: those of an image sum up to 1")
    return Expected(name, images.astype(np.float32), values, kind)


def hold(network: Network, expected: Expected, halved: str = "") -> Held:
    """Holds a network with its weights against expected outputs, on the CPU in single precision.

    ``halved`` is the kind of half precision in which the weights were kept, if any: a refusal says what that rounds.

    Logits may differ by 1e-4 of the largest, as an exported file may from PyTorch (``verify_onnx``): so much is the
    rounding of another order of the same sums, while another activation, epsilon or wiring shows from 1e-3.
    Probabilities are compared by their logarithms, to 1e-4 of the largest, since saturated ones look alike whatever
    the weights are; of those that are too small for single precision to tell from 0 nothing is asked but that.
    Raises ``InputError`` V523 if they differ by more.
    """
    network = in_single_precision(network)
    with torch.inference_mode():
        images = torch.from_numpy(expected.images)
        parts = [network(images[start : start + BATCH]).double() for start in range(0, len(images), BATCH)]
    logits = torch.cat(parts).reshape(expected.outputs.shape)
    if "probabilities" not in expected.kind:
        ours, theirs = logits.numpy(), expected.outputs
    else:
        ours = logits.log_softmax(1).numpy()
        with np.errstate(divide="ignore"):
            theirs = np.log(expected.outputs) if expected.kind == "probabilities" else expected.outputs
        ours, theirs = (np.maximum(values, np.log(np.finfo(np.float32).tiny)) for values in (ours, theirs))
    largest = float(np.abs(theirs).max())
    by = float(np.abs(ours - theirs).max()) / largest if largest else float(np.abs(ours).max())
    held = Held(expected.kind, by, len(expected.images))
    if not by <= TOLERANCE:  # a NaN is no agreement
        raise _differ(expected, held, ours, theirs, told_rounding(network, images[:BATCH]), halved)
    return held


def _differ(expected: Expected, held: Held, ours: _Values, theirs: _Values, rounding: str, halved: str) -> InputError:
    others = int((ours.argmax(1) != theirs.argmax(1)).reshape(held.images, -1).any(1).sum())
    message = (
        f"the network gives other {held.of} than {expected.name} expects: they differ by {held.max_rel:.1e} of the "
        f"largest {held.unit}, and {others:,} of {held.images:,} images get another class"
    )
    help = f"up to {TOLERANCE:.0e} is rounding; compare activations, padding, epsilons and the order of layers"
    if halved and held.max_rel < 1000 * TOLERANCE:
        help += (
            f"; or the outputs were made before the weights were rounded to {halved}, as the file keeps them: "
            "make them by those in the file, in single precision"
        )
    elif rounding:
        help += f"; {rounding}"
    elif held.max_rel < 100 * TOLERANCE:
        help += ", and whether the outputs were computed in single precision, without TF32"
    return InputError(Diagnostic("V523", message, help=help))


def _kind(values: _Values) -> Kind:
    if _sums_to_one(values):
        return "probabilities"
    return "log-probabilities" if values.max() <= 0 and _sums_to_one(np.exp(values)) else "logits"


def _sums_to_one(values: _Values) -> bool:
    return bool((values >= 0).all() and (np.abs(values.sum(1) - 1) <= _SUM).all())


def _read(path: Path) -> Arrays:
    if not is_file(path):
        raise InputError(Diagnostic("V501", f"no file `{path}`", help=_MAKE))
    if (what := _other(path)) is not None:
        raise _unusable(path, f"it is no .npz file, but {what}")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
        large = next((member for member in members if member.file_size > _LARGEST), None)
        if large is not None:
            raise _unusable(path, f"{_shown(large.filename)} takes {bytes_text(large.file_size)}", "save fewer images")
        if len({member.filename for member in members}) < len(members):
            raise _unusable(path, "two of its arrays have one name")
        with np.load(path, allow_pickle=False) as file:
            if set(file.files) - {_INPUT, *_KINDS}:
                return dict.fromkeys(file.files, np.empty(0))  # whose names are told, and nothing is read
            return {key: file[key] for key in file.files}
    except (OSError, ValueError, EOFError, MemoryError, NotImplementedError, RuntimeError, zipfile.BadZipFile) as error:
        why = (
            "it holds objects, which are never loaded"
            if "bject arrays" in str(error)
            else "it is no .npz file, or torn"
        )
        raise _unusable(path, why) from None


def _other(path: Path) -> str | None:
    """What a file is that holds weights or something else, and no arrays by name."""
    with suppress(OSError, ValueError, zipfile.BadZipFile, NotImplementedError), zipfile.ZipFile(path) as archive:
        of_torch = any(name.endswith("/data.pkl") for name in archive.namelist())
        return "a file of PyTorch" if of_torch else None
    if looks_safe(path):
        return "a .safetensors file"
    other = other_file(path)
    return None if other is None else other.what


def _shown(name: object) -> str:
    return printable(str(name)[:_LONGEST])


def _unusable(name: Path | str, why: str, help: str = _MAKE) -> InputError:
    return InputError(Diagnostic("V522", f"{name} can't be expected: {why}", help=help))
