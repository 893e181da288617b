"""What another program's model gives, for the same network with the same weights to be held against it."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from vggdsl.network.comparing import Comparison
from vggdsl.network.foreign import Affine
from vggdsl.network.infer import TypedGraph
from vggdsl.network.ops import BatchNorm
from vggdsl.network.weights import weight_shapes
from vggdsl.targets.expected import Expected, Kind
from vggdsl.targets.foreign_weights import build_model
from vggdsl.targets.reading.constants import BATCH, Array, Outside
from vggdsl.targets.reading.model import ReadModel
from vggdsl.targets.runtime import open_session, run_session
from vggdsl.targets.torch import Network, load_weights, to_torch, weights, without_weights
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.printing import first_line

SEED = 0
IMAGES = 4
_ENDS: Mapping[str, Kind] = {"softmax": "probabilities", "log-softmax": "log-probabilities"}


def _noise(graph: TypedGraph, count: int) -> "np.typing.NDArray[np.float32]":
    return np.random.default_rng(SEED).standard_normal((count, *graph.input.chw), dtype=np.float32)


# -- ONNX


def with_weights(graph: TypedGraph, read: ReadModel, found: Comparison) -> Network:
    """The network with the weights of a model that was found to be it.

    A BN that is folded there becomes one that adds the bias of the layer before it, and does nothing else. Raises
    ``InputError`` V520 if they aren't whole.
    """
    given: dict[str, Array] = {}
    try:
        held = _unfolded(graph, read, found)
        for typed in graph.nodes:
            for part in typed.node.op.parts(typed.x):
                key = f"{typed.name}.{part.name}"
                values = held.get(key)
                if values is None:
                    values = read.weights[found.pairs[typed.name]][part.name].values
                given[key] = np.asarray(values).reshape(part.shape)
    except (KeyError, Outside, OSError, ValueError) as error:
        message = f"the weights of the model can't be read: {first_line(error)}"
        raise InputError(Diagnostic("V520", message)) from None
    network = without_weights(graph)
    load_weights(network, given)
    return network


def _unfolded(graph: TypedGraph, read: ReadModel, found: Comparison) -> dict[str, Array]:
    """The weights of BN that aren't there, and the biases of the layers that they are a part of.

    The first behind a layer adds what the model adds there, with its factors where it has these beside; it and others
    do nothing else.
    """
    given: dict[str, Array] = {}
    for norm, there in found.folded.items():
        op, x = graph[norm].node.op, graph[norm].x
        assert isinstance(op, BatchNorm)
        one = np.ones(x.c, np.float32)
        parts = read.weights[there]
        is_beside = isinstance(read.form.steps[there].op, Affine)
        before = graph[norm].node.inputs[0]
        given[f"{norm}.running_mean"] = 0 * one
        given[f"{norm}.running_var"] = np.float32(1 - op.eps) * one
        given[f"{norm}.weight"] = parts["weight"].values if is_beside else one
        given[f"{norm}.bias"] = 0 * one if before in found.folded else parts["bias"].values
        if not is_beside and before not in found.folded:
            given[f"{before}.bias"] = 0 * one
    return given


def of_onnx(graph: TypedGraph, path: Path, read: ReadModel) -> Expected:
    """What onnxruntime gives for noise. Raises ``InputError`` V520 if it can't run the file."""
    count = IMAGES if read.batch == BATCH else read.batch
    images = _noise(graph, count)
    given = images.transpose(0, 2, 3, 1) if read.rows_first else images
    try:
        session = open_session(str(path), says="nothing", threads=torch.get_num_threads(), briefly=True)
        outputs = np.asarray(run_session(session, {read.input: np.ascontiguousarray(given)})[0])
    except Exception as error:  # onnxruntime has no root for what can be wrong
        raise InputError(Diagnostic("V520", f"{path} can't be run: {first_line(error)}")) from None
    shape = (count, *graph.output.chw)
    kind: Kind = _ENDS.get(read.ends, "outputs" if graph.nodes[-1].node.op.activation else "logits")
    return Expected(str(path), images, outputs.astype(np.float64).reshape(shape), kind)


# -- torchvision


def of_torchvision(
    graph: TypedGraph, model: str, classes: int, pairs: Mapping[str, str], name: str
) -> tuple[Network, Expected]:
    """The network with drawn weights, and what torchvision's model gives with the same."""
    network = to_torch(graph, seed=SEED)
    random = np.random.default_rng(SEED)
    given = weights(network)
    for key, shape in weight_shapes(graph).items():
        if key.endswith(("running_mean", "running_var")):  # as they begin, they hide an epsilon
            given[key] = random.uniform(0.05, 0.2, shape).astype(np.float32)
    load_weights(network, given)
    module = build_model(model, **({"num_classes": classes} if classes else {}))
    module = module.to_empty(device="cpu").eval()
    state = module.state_dict()
    with torch.no_grad():
        for key, values in given.items():
            layer, _, part = key.rpartition(".")
            state[f"{pairs[layer]}.{part}"].copy_(torch.from_numpy(np.asarray(values)))
    images = _noise(graph, IMAGES)
    with torch.inference_mode():
        outputs = module(torch.from_numpy(images)).numpy().astype(np.float64)
    shape = (IMAGES, *graph.output.chw)
    kind: Kind = "outputs" if graph.nodes[-1].node.op.activation else "logits"
    return network, Expected(name, images, outputs.reshape(shape), kind)
