"""Networks without branches, for notations that list one layer after another."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from vggdsl.language.notations.registry import cannot_say
from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.ops import FC, Activation, Conv


def prints_activations(nodes: Sequence[TypedNode]) -> bool:
    """Whether a text must say the activations of layers in a row: not where all are implied behind weight layers."""
    return any(
        isinstance(each.node.op, Activation) and not (each.node.implied and isinstance(before.node.op, Conv | FC))
        for before, each in pairwise(nodes)
    )


def in_a_row(network: TypedGraph, title: str) -> Iterator[TypedNode]:
    """The nodes from the input on, each of which takes what the one before it gives.

    Raises ``NetworkError`` V225 at the first that doesn't.
    """
    for head in network.heads:
        raise cannot_say(title, head.nodes[0].node, "it is of an auxiliary classifier")
    before = None
    for each in network.nodes:
        if each.node.inputs != (() if before is None else (before.name,)):
            raise cannot_say(title, each.node, "it is of a branch")
        yield each
        before = each
