"""Which weights a network has, under which names, and whether given ones fit.

Layouts are those of PyTorch and ONNX alike: ``conv1_1.weight`` is (channels, c/groups, kh, kw),
``fc6.weight`` (features, c*h*w) in C, H, W order, ``bn1_1.running_var`` (c,).
"""

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


def check_weights(expected: Mapping[str, tuple[int, ...]], given: Weights) -> None:
    """Raises ``InputError`` V510 with the first differences in names, shapes or number types."""
    found: list[str] = []
    for name, shape in expected.items():
        if name not in given:
            found.append(f"{name} {_show(shape)} is missing")
            continue
        array = given[name]
        if array.shape != shape:
            found.append(f"{name} is {_show(array.shape)}, expected {_show(shape)}")
        elif array.dtype.kind not in "fiu" and array.dtype.name != "bfloat16":
            found.append(f"{name} is of type {array.dtype}, expected numbers")
    found.extend(
        f"{name} {_show(array.shape)} is in no layer"
        for name, array in given.items()
        if name not in expected and name.rpartition(".")[2] != COUNTER
    )
    if found:
        rest = f"; and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        message = "the weights don't fit the network: " + "; ".join(found[:_LISTED]) + rest
        raise InputError(Diagnostic("V510", message, help="were they made for another network?"))


def _show(shape: tuple[int, ...]) -> str:
    return "(" + ", ".join(map(str, shape)) + ")"
