"""Which weights a network has, under which names, and whether given ones fit.

Layouts are those of PyTorch and ONNX alike: ``conv1_1.weight`` is (channels, c/groups, kh, kw),
``fc6.weight`` (features, c*h*w) in C, H, W order, ``bn1_1.running_var`` (c,).
"""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from vggdsl.network.infer import TypedGraph
from vggdsl.text.errors import Diagnostic, InputError

if TYPE_CHECKING:
    import numpy.typing as npt

Array: TypeAlias = "npt.NDArray[Any]"
Weights: TypeAlias = "Mapping[str, Array]"

COUNTER = "num_batches_tracked"
"""PyTorch's count of batches that a BN has seen; no weight, and used by nothing here."""

WEIGHT_FILES = (".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".tar")
"""How files of weights end that are read; all but the first are what torch.save writes, and say no spec."""

_LISTED = 5


def weight_shapes(graph: TypedGraph) -> dict[str, tuple[int, ...]]:
    """The shape of every weight, bias and running statistic, in the order of the nodes, then of the heads."""
    return {
        f"{typed.name}.{part.name}": part.shape
        for typed in graph.training_nodes
        for part in typed.node.op.parts(typed.x)
    }


def without_heads(graph: TypedGraph, given: Weights) -> dict[str, Array]:
    """The weights without those of the auxiliary classifiers, which are gone outside training."""
    gone = {typed.name for head in graph.heads for typed in head.nodes}
    return {name: array for name, array in given.items() if name.rpartition(".")[0] not in gone}


def weights_digest(given: Weights) -> str:
    """Sixteen hex digits over names, shapes and values."""
    digest = hashlib.sha256()
    for name in sorted(given):
        digest.update(f"{name} {given[name].shape}".encode())
        digest.update(given[name].reshape(-1).data)
    return digest.hexdigest()[:16]


def check_weights(expected: Mapping[str, tuple[int, ...]], given: Weights) -> None:
    """Raises ``InputError`` V510 with the first differences in names, shapes or number types."""
    found: list[str] = []
    helps: list[str] = []
    for name, shape in expected.items():
        if name not in given:
            found.append(f"{name} {_show(shape)} is missing")
            continue
        array = given[name]
        if array.shape != shape:
            found.append(f"{name} is {_show(array.shape)}, expected {_show(shape)}")
            helps += filter(None, [turned(name, shape, array.shape)])
        elif array.dtype.kind not in "fiu" and array.dtype.name != "bfloat16":
            found.append(f"{name} is of type {array.dtype}, expected numbers")
    surplus = {n: a.shape for n, a in given.items() if n not in expected and n.rpartition(".")[2] != COUNTER}
    found.extend(f"{name} {_show(shape)} is in no layer" for name, shape in surplus.items())
    if found:
        rest = f"; and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        message = "the weights don't fit the network: " + "; ".join(found[:_LISTED]) + rest
        for name, shape in expected.items():
            alike = [each for each, other in surplus.items() if other == shape]
            if len(alike) == 1 and (name not in given or given[name].shape != shape):
                helps.append(f"{alike[0]} has the shape of {name}: call it so, if it is that")
        raise InputError(Diagnostic("V510", message, help=helps[0] if helps else "were they made for another network?"))


_LAYOUTS = (
    ((1, 0), "(in, out), as Keras has it", "w.T"),
    ((2, 3, 1, 0), "(h, w, in, out), as TensorFlow has it", "w.permute(3, 2, 0, 1)"),
    ((2, 3, 0, 1), "(h, w, channels, 1), as TensorFlow has it", "w.permute(2, 3, 0, 1)"),
    ((0, 2, 3, 1), "(out, h, w, in), as TFLite and MLX have it", "w.permute(0, 3, 1, 2)"),
    ((1, 0, 2, 3), "(in, out, h, w)", "w.permute(1, 0, 2, 3)"),
)
"""Orders of a weight's axes, by PyTorch's, which are (out, in) and (out, in, h, w); and how they become those."""


def turned(name: str, expected: tuple[int, ...], shape: tuple[int, ...]) -> str | None:
    """What to do with a weight whose axes are in another tool's order; None where no such order has that shape."""
    for axes, what, how in _LAYOUTS if shape != expected else ():
        if len(axes) == len(expected) and shape == tuple(expected[axis] for axis in axes):
            turn = f"{name} is {what}: `{how}` turns it into (out, in{', h, w' if len(axes) > 2 else ''})"
            of_maps = "; an FC that takes a map may have its inputs as (h, w, c), which no shape tells"
            return f"{turn}; so may be weights that are as high as wide{of_maps if len(axes) == 2 else ''}"
    return None


def _show(shape: tuple[int, ...]) -> str:
    return "(" + ", ".join(map(str, shape)) + ")"
