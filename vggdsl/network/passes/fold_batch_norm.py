"""Folds a batch normalisation into the convolution or FC that it directly follows."""

from collections import Counter
from dataclasses import dataclass, replace

from vggdsl.network.graph import Graph, Node
from vggdsl.network.ops import FC, BatchNorm, Conv


@dataclass(frozen=True)
class Fold:
    """``norm``'s scale and shift go into the weight and bias of ``layer``."""

    layer: str
    norm: str
    eps: float


@dataclass(frozen=True)
class Folded:
    """A graph without the normalisations that could be folded, and where their values go."""

    graph: Graph
    folds: tuple[Fold, ...]


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
