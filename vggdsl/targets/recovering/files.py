"""An ONNX file as a spec: the one that it carries, or one that is recovered from its layers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from vggdsl.network.comparing import compare
from vggdsl.network.infer import TypedGraph, infer
from vggdsl.network.matching import normal_form
from vggdsl.network.ops import BatchNorm
from vggdsl.network.passes.fold_batch_norm import Fold, fold_batch_norm
from vggdsl.network.shapes import Shape
from vggdsl.network.weights import Array, weights_digest
from vggdsl.spec.parsing import parse
from vggdsl.spec.spec import Spec
from vggdsl.targets.metadata import AS_WRITTEN, PRECISION
from vggdsl.targets.outputs import of_onnx, with_weights
from vggdsl.targets.reading.constants import Outside, of_tensor
from vggdsl.targets.reading.model import ReadModel, layers_of, opened, other_precision, shared_weights
from vggdsl.targets.reading.walk import Unread
from vggdsl.targets.recovering.recovered import Recovered, confirmed, recovered, unsayable
from vggdsl.targets.torch import weights
from vggdsl.text.errors import Diagnostic, InputError, VggdslError
from vggdsl.text.kinds import refuse_other_kinds
from vggdsl.text.printing import first_line, shown
from vggdsl.text.units import names_text

_SIZE = 224
"""Pixels a side of the images of a file that takes any: ImageNet's."""
_COLOURS = (3, 1)
_UNTOLD = "it says nothing of dropouts, of batch norms that were folded, of how images are prepared and of its classes"


def from_onnx(model: str | Path, input: Sequence[int] | None = None) -> Recovered:
    """The spec of an ONNX model and its weights.

    A file that ``vggdsl export`` wrote carries its spec: that is given as it was written, if the layers of the file are
    those of its network. Of any other the layers are written as a spec. ``input`` is the shape of its images,
    (c, h, w), where it takes several. The file is run once, with noise: where the spec gives other outputs, there is
    none.

    Raises ``InputError`` V501 if there is no file, V520 for no usable ONNX, V535 for what no spec can say, with its
    node; ``ValueError`` for an input that is none.
    """
    refuse_other_kinds(from_onnx, locals())
    if input is not None and (len(input) != 3 or min(input) < 1):
        raise ValueError(f"an input is (channels, rows, columns), and not {tuple(input)}")
    path = Path(model)
    file = opened(path)
    top = _without_top(file)
    metadata = {each.key: each.value for each in file.metadata_props}
    carried = _carried(path, metadata)
    shape = carried.typed.input if isinstance(carried, Spec) and input is None else None
    given, assumed = _input(path, file, shape if input is None else Shape(*input))
    try:
        read = layers_of(file, path, given)
    except Unread as error:
        if metadata.get(PRECISION) == "int8":
            told = "it is in int8, and the weights that it was made of aren't in it"
            help = "import the file in single precision that was exported of the same run"
            raise unsayable(str(path), told, help) from None
        raise unsayable(str(path), str(error)) from None
    said = [*assumed, *(each for each in read.said if "any size" not in each or not assumed)]
    if top:
        said.append("it gives the likeliest classes alone, which is no part of the network")
    weights_of = _weights(carried.typed, read) if isinstance(carried, Spec) else carried
    if isinstance(carried, Spec) and isinstance(weights_of, _Weights):
        found = Recovered(carried, weights_of.weights, (*said, *weights_of.said))
    else:
        if isinstance(carried, Spec):
            said.append(f"the spec that it carries is of another network: {weights_of}")
        elif carried:
            said.append(carried)
        found = _written(path, read, said)
    others = other_precision(read)
    found = found._replace(said=(*found.said, *(others or _changed(path, file, metadata))))
    if read.why_not_compared or top:
        why = [] if read.prepares or top else [read.why_not_compared]
        said = [*found.said, *why, "so its outputs weren't compared with the network's"]
        return found._replace(said=tuple(said))
    confirmed(found, of_onnx(found.spec.typed.inference, path, read))
    return found


def _changed(path: Path, file: onnx.ModelProto, metadata: Mapping[str, str | bytes]) -> list[str]:
    """Whether the tensors of a file of ours are those with which it was written."""
    try:
        held = {each.name: of_tensor(each, path.parent).values for each in file.graph.initializer}
    except (Outside, OSError, ValueError):
        return []  # what the network takes of them is told where it is read
    if metadata.get(AS_WRITTEN, weights := weights_digest(held)) == weights:
        return []
    return ["its weights aren't those that export wrote: it was changed since, or is damaged"]


def _input(path: Path, model: onnx.ModelProto, shape: Shape | None) -> tuple[Shape, list[str]]:
    """The shape of its images, and what was assumed of it."""
    initialised = {each.name for each in model.graph.initializer}
    inputs = [each for each in model.graph.input if each.name not in initialised]
    dims = [
        each.dim_value if each.HasField("dim_value") else None
        for value in inputs[:1]
        for each in value.type.tensor_type.shape.dim
    ]
    if len(dims) != 4 or shape is not None:
        return shape or Shape(3, _SIZE, _SIZE), []  # what is wrong with it is told where it is read
    _, first, middle, last = dims
    is_rows_first = first not in _COLOURS and last in _COLOURS
    c, h, w = (last, first, middle) if is_rows_first else (first, middle, last)
    if c is None:
        raise unsayable(str(path), "it says no number of channels: name the shape of its images")
    assumed = [] if h and w else [f"it takes images of any size: {h or _SIZE}x{w or _SIZE} is assumed"]
    return Shape(c, h or _SIZE, w or _SIZE), assumed


def _without_top(model: onnx.ModelProto) -> bool:
    """Whether a model gives the likeliest classes alone: then it gives all of them from here on."""
    graph = model.graph
    last = graph.node[-1] if graph.node else None
    names = [each.name for each in graph.output]
    if last is None or last.op_type != "TopK" or not {*names} <= {*last.output}:
        return False
    del graph.output[:], graph.node[-1]
    graph.output.append(onnx.ValueInfoProto(name=last.input[0]))
    return True


# -- the spec that it carries


def _carried(path: Path, said: Mapping[str, str | bytes]) -> Spec | str:
    """The spec that a file carries; nothing if it carries none, and why it is none if it can't be read."""
    text = said.get("vggdsl.spec")
    if text is None:
        return ""
    name = said.get("vggdsl.name")
    name = name if isinstance(name, str) and name else path.stem
    if not isinstance(text, str):  # bytes, where they aren't UTF-8
        return "the spec that it carries is no text"
    try:
        return parse(text, f"{name}.arch")
    except VggdslError as error:
        return f"the spec that it carries can't be read: {error.diagnostics[0].message}"


@dataclass(frozen=True)
class _Weights:
    weights: Mapping[str, Array]
    said: Sequence[str]


def _weights(graph: TypedGraph, read: ReadModel) -> _Weights | str:
    """The weights of a network that a file was made of; the first difference if it was made of another."""
    inference = graph.inference
    found = compare(normal_form(graph if read.form.heads else inference), read.form, folds=True)
    if not found.differences:
        given = weights(with_weights(inference, read, found))
        norms = tuple(found.folded)
    else:
        folded = fold_batch_norm(inference.graph)
        left = infer(folded.graph)
        partly = compare(normal_form(left), read.form)
        if not folded.folds or partly.differences:
            return found.differences[0].text
        given = _unfolded(inference, weights(with_weights(left, read, partly)), folded.folds)
        norms = tuple(fold.norm for fold in folded.folds)
    said = []
    if norms:
        said.append(
            f"its batch norm ({names_text(norms, 3)}) is folded into the layers before it: what it did is the bias "
            "of each BN now, and in their weights, which gives the same in evaluation"
        )
    if graph.heads:
        said.append("the auxiliary classifiers of the spec aren't in it: they have no weights")
    return _Weights(given, said)


def _unfolded(graph: TypedGraph, given: Mapping[str, Array], folds: Sequence[Fold]) -> dict[str, Array]:
    """Weights with those of BN that do nothing but add the bias of the layer that they were folded into."""
    found = dict(given)
    last = {fold.layer: fold.norm for fold in folds}
    for fold in folds:
        op, x = graph[fold.norm].node.op, graph[fold.norm].x
        assert isinstance(op, BatchNorm)
        one = np.ones(x.c, np.float32)
        bias = found.pop(f"{fold.layer}.bias") if last[fold.layer] == fold.norm else 0 * one
        found |= {
            f"{fold.norm}.weight": one,
            f"{fold.norm}.bias": bias,
            f"{fold.norm}.running_mean": 0 * one,
            f"{fold.norm}.running_var": np.float32(1 - op.eps) * one,
        }
    for layer in last:
        if getattr(graph[layer].node.op, "bias", False):
            found[f"{layer}.bias"] = np.zeros(graph[layer].shape.c, np.float32)
    return found


# -- a spec of its layers


def _written(path: Path, read: ReadModel, said: Sequence[str]) -> Recovered:
    taken: dict[str, str] = {}

    def takes(layer: str, part: str, shape: tuple[int, ...]) -> Array:
        taken[layer] = layer
        try:
            return np.asarray(read.weights[layer][part].values, np.float32).reshape(shape)
        except (KeyError, Outside, OSError, ValueError) as error:
            message = f"the weights of `{shown(layer)}` can't be read: {first_line(error)}"
            raise InputError(Diagnostic("V520", message)) from None

    said = [*said, _UNTOLD]
    found = recovered(read.form, str(path), path.stem, said, takes)
    return found._replace(said=(*found.said, *map(shown, shared_weights(read, taken))))
