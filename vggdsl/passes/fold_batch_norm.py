"""Folds a batch normalisation into the convolution or FC that it directly follows."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from vggdsl.ir import Graph, Node
from vggdsl.ops import FC, BatchNorm, Conv
from vggdsl.weights import Array, Weights


@dataclass(frozen=True)
class Fold:
    """``norm``'s scale and shift go into the weight and bias of ``layer``."""

    layer: str
    norm: str
    eps: float


@dataclass(frozen=True)
class Folded:
    """A graph without the normalisations that could be folded, and how its weights come about."""

    graph: Graph
    folds: tuple[Fold, ...]

    def apply(self, weights: Weights) -> dict[str, Array]:
        """The weights of the folded graph from those of the one it was made of.

        Computed in double precision and given in each weight's own: with s = gamma / sqrt(var + eps),
        weight' = s * weight and bias' = s * (bias - mean) + beta. Unfolded weights aren't copied.
        """
        exact: dict[str, Array] = {}
        for fold in self.folds:
            weight = _double(exact.get(f"{fold.layer}.weight", weights[f"{fold.layer}.weight"]))
            bias = _double(exact.get(f"{fold.layer}.bias", weights.get(f"{fold.layer}.bias", np.zeros(1))))
            gamma, beta, mean, var = (
                _double(weights[f"{fold.norm}.{part}"]) for part in ("weight", "bias", "running_mean", "running_var")
            )
            scale = gamma / np.sqrt(var + fold.eps)
            exact[f"{fold.layer}.weight"] = weight * scale.reshape(-1, *[1] * (weight.ndim - 1))
            exact[f"{fold.layer}.bias"] = (bias - mean) * scale + beta
        gone = {fold.norm for fold in self.folds}
        out = {name: array for name, array in weights.items() if name.rpartition(".")[0] not in gone}
        for name, array in exact.items():
            out[name] = array.astype(weights[f"{name.rpartition('.')[0]}.weight"].dtype)
        return out


def fold_batch_norm(graph: Graph) -> Folded:
    """Folds every BN that is the only thing to follow a convolution or FC.

    The layer keeps its name and gets a bias. Two BN in a row both fold. Only right at inference:
    in training a BN normalises by the batch, and auxiliary classifiers, which are gone here, take from the nodes.
    """
    uses = Counter(name for node in graph.nodes for name in node.inputs)
    kept: dict[str, Node] = {}
    now: dict[str, str] = {}
    folds: list[Fold] = []
    for node in graph.nodes:
        inputs = tuple(now[name] for name in node.inputs)
        before = kept[inputs[0]] if inputs else None
        if (
            isinstance(node.op, BatchNorm)
            and before is not None
            and isinstance(before.op, Conv | FC)
            and uses[node.inputs[0]] == 1
        ):
            folds.append(Fold(before.name, node.name, node.op.eps))
            kept[before.name] = replace(before, op=replace(before.op, bias=True))
            now[node.name] = before.name
        else:
            kept[node.name] = replace(node, inputs=inputs)
            now[node.name] = node.name
    return Folded(Graph(tuple(kept.values())), tuple(folds))


def _double(array: Array) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(array, dtype=np.float64)
