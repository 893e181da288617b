"""Integers of 8 bits for a file's numbers: onnxruntime's static quantisation, between whose halves the rest goes on.

A file is in QDQ form: each value that layers take is quantised and dequantised again, which runtimes join with the
layers to such of integers. Weights are signed and have a scale for each channel.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx_ir as ir
from onnx_ir.passes.common import RemoveUnusedNodesPass

from vggdsl.network.infer import TypedGraph
from vggdsl.network.ops import LRN, Activation, GroupNorm
from vggdsl.targets.half import replace
from vggdsl.targets.runtime import INPUT
from vggdsl.text.packages import needed

if TYPE_CHECKING:
    from onnxruntime.quantization import CalibrationDataReader

Array: TypeAlias = npt.NDArray[np.float32 | np.uint8]
_OPERATORS = (
    "Conv",
    "Gemm",
    "MaxPool",
    "AveragePool",
    "GlobalAveragePool",
    "Add",
    "Mul",
    "Concat",
    "Relu",
    "LeakyRelu",
    "Flatten",
    "Reshape",
    "Transpose",
)
"""Those that onnxruntime computes in integers. Of a softmax, which isn't among them, 8 bits would leave two digits."""
_OPTIONS = {"OpTypesToExcludeOutputQuantization": ["Gemm"]}
"""An FC layer gives what it sums."""
_BEHIND = ("TopK", "Softmax", "Flatten")
"""What may lie between the logits and the end of a file."""
_EXACT = 200.0
"""Decibels from which nothing is lost: a pool gives values that are rounded already."""
OLDEST = 13
"""The opset from which a scale for each channel can be said."""


@dataclass(frozen=True)
class Integers:
    """How values become integers: activations ``unsigned`` or signed, weights in a ``reduced`` range of 7 bits."""

    unsigned: bool = False
    reduced: bool = False

    @property
    def words(self) -> dict[str, str]:
        """As a file's metadata have it."""
        return {
            "activations": "uint8" if self.unsigned else "int8",
            "weights": f"int8 per channel{', of 7 bits' if self.reduced else ''}",
        }


def _reader(batches: Iterable[Array]) -> "CalibrationDataReader":
    """Batches as onnxruntime's calibration takes them."""
    with needed():
        from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self._batches = iter(batches)

        def get_next(self) -> dict[str, Array]:
            batch = next(self._batches, None)
            return None if batch is None else {INPUT: batch}  # type: ignore[return-value]  # so it ends, unsaid

    return Reader()


def prepared(file: Path, folder: Path) -> Path:
    """The file behind onnxruntime's own pre-processing: constants folded, shapes known. It lies in the folder."""
    with needed():
        from onnxruntime.quantization import quant_pre_process
    new = folder / "prepared.onnx"
    quant_pre_process(str(file), str(new), skip_symbolic_shape=True)  # no size but the batch's is a symbol
    return new


def quantise(file: Path, new: Path, batches: Iterable[Array], integers: Integers, keep: Collection[str]) -> None:
    """Writes a ``prepared`` file in integers to ``new``; ranges are those of the batches, nodes to ``keep`` stay."""
    with needed():
        from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    quantize_static(
        str(file),
        str(new),
        _reader(batches),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=[*_OPERATORS],
        nodes_to_exclude=[*keep],
        per_channel=True,
        reduce_range=integers.reduced,
        activation_type=QuantType.QUInt8 if integers.unsigned else QuantType.QInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.MinMax,
        extra_options=dict(_OPTIONS),
    )
    model = ir.load(new)
    _with_whole_logits(model)
    ir.save(model, new)


def _with_whole_logits(model: ir.Model) -> None:
    """What the last layer gives isn't rounded, whichever it is: of logits 8 bits would make equal ones."""
    value = model.graph.outputs[-1]
    while (node := value.producer()) is not None:
        if node.op_type in _BEHIND:
            value = _first_input(node)
            continue
        before = _first_input(node).producer() if node.op_type == "DequantizeLinear" else None
        if before is None:
            break
        whole = _first_input(before)
        replace(value, whole)
        value = whole
    RemoveUnusedNodesPass()(model)


def _first_input(node: ir.Node) -> ir.Value:
    value = node.inputs[0]
    assert value is not None
    return value


def in_single_precision(typed: TypedGraph) -> tuple[str, ...]:
    """The layers that narrow numbers don't suit: squares and variances have a wider range than what they are of."""
    return tuple(node.name for node in typed.nodes if isinstance(node.node.op, LRN | GroupNorm))


def nodes_of(layers: Collection[str], names: Iterable[str]) -> list[str]:
    """The nodes among these names that a layer was written as."""
    return [name for name in names if name in layers or any(name.startswith(f"{layer}.") for layer in layers)]


def ranges(file: Path, batches: Iterable[Array], folder: Path) -> dict[str, float]:
    """The largest magnitude of each value in a file, over batches. It needs a folder for what it writes."""
    with needed():
        from onnxruntime.quantization.calibrate import CalibrationMethod, create_calibrator
    calibrator = create_calibrator(file, None, str(folder / "ranges.onnx"), calibrate_method=CalibrationMethod.MinMax)
    calibrator.collect_data(_reader(batches))
    found = calibrator.compute_data()
    return {name: float(max(np.abs(np.asarray(data.range_value)).max(), 0)) for name, data in found.items()}


@dataclass(frozen=True)
class Loss:
    """What a layer loses by integers, as ratios of signal to noise in decibels: the less, the worse.

    ``weights`` and ``values`` are of its own rounding, None where it has none; ``total`` is of what it gives, with all
    that was lost before it. What it gives is rounded for the layers ``taken_by``: kept, they take it as it is.
    """

    layer: str
    weights: float | None
    values: float | None
    total: float | None
    taken_by: tuple[str, ...]

    @property
    def own(self) -> float:
        return min((each for each in (self.weights, self.values) if each is not None), default=np.inf)


def losses(file: Path, quantised: Path, batches: Sequence[Array], typed: TypedGraph, folder: Path) -> list[Loss]:
    """What each layer loses, the worst first, by onnxruntime's comparison of a ``prepared`` file and its integers.

    All values of the batches are held at once, of both.
    """
    with needed():
        from onnxruntime.quantization import qdq_loss_debug as debug
    values = list[dict[str, Any]]()
    for model in (file, quantised):
        more = folder / f"all.{model.name}"
        debug.modify_model_output_intermediate_tensors(str(model), str(more))
        values.append(debug.collect_activations(str(more), _reader(batches)))
    single, integer = values
    matching = debug.create_activation_matching(integer, single)
    for node in typed.nodes:
        if node.name in matching and isinstance(node.node.op, Activation) and node.node.op.function == "ReLU":
            matching[node.name]["pre_qdq"] = [np.maximum(v, 0) for v in matching[node.name]["pre_qdq"]]
    of_values = debug.compute_activation_error(matching)
    of_weights = debug.compute_weight_error(debug.create_weight_matching(str(file), str(quantised)))
    found = list[Loss]()
    for layer in (node.name for node in typed.nodes):
        takers = tuple(node.name for node in typed.nodes if layer in node.node.inputs)
        weights = [each for name, each in of_weights.items() if name.rpartition(".")[0] == layer]
        told = {key: each for key, each in of_values.get(layer, {}).items() if each < _EXACT}
        if weights or told:
            found.append(Loss(layer, min(weights, default=None), told.get("qdq_err"), told.get("xmodel_err"), takers))
    return sorted(found, key=lambda loss: loss.own)
