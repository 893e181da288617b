"""What weights alone don't say of a network, which is therefore taken from elsewhere."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import get_args

from vggdsl.network.infer import TypedGraph
from vggdsl.network.ops import BatchNorm, Dropout
from vggdsl.network.ops.facts import Topic
from vggdsl.network.weights import weight_shapes

_LISTED = 4


def unsaid(graph: TypedGraph) -> str:
    """In which two networks may differ whose weights have the same names and shapes, as far as this one has it."""
    nodes = graph.inference.nodes
    found = [(each, typed.name) for typed in nodes for each in typed.node.op.unsaid(typed.x)]
    topics = [_told(topic, [(each.text, name) for each, name in found if each.topic == topic])
              for topic in get_args(Topic)]  # fmt: skip
    is_linear = not any(typed.node.op.activation for typed in nodes)
    functions = "that there are no activations" if is_linear else topics[0]
    order = "which layer feeds which, and in which order"
    return "; ".join(filter(None, (functions, order, *topics[1:], _axes(graph))))


def untrained(graph: TypedGraph) -> str:
    """What a model doesn't say that is as it is outside of training."""
    ops = [typed.node.op for typed in graph.training_nodes]
    drops = [f"{op.kind}-{op.rate:g}" for op in ops if isinstance(op, Dropout)]
    momenta = sorted({op.momentum for op in ops if isinstance(op, BatchNorm)})
    found = f"what counts in training alone: dropout ({_counted(drops) if drops else 'the spec has none'})"
    return found + (f", the momentum of BN ({', '.join(f'{each:g}' for each in momenta)})" if momenta else "")


def beyond(graph: TypedGraph) -> str:
    """What outputs for an input as it goes in, and comes out, don't say either; nothing for one value of one colour."""
    orders = {"classes": graph.output.c, "colours": graph.input.c}
    return " and ".join(what for what, count in orders.items() if count > 1)


def _axes(graph: TypedGraph) -> str:
    """Of weights that have the same shape with two of them swapped."""
    shapes = [shape for shape in weight_shapes(graph.inference).values() if len(shape) > 1]
    square = [len(shape) for shape in shapes if shape[0] == shape[1] or (len(shape) > 2 and shape[2] == shape[3] > 1)]
    return f"that weights are (out, in{', h, w' if max(square) > 2 else ''})" if square else ""


def _told(topic: Topic, of: Sequence[tuple[str, str]]) -> str:
    """``of`` are texts and names of layers."""
    if not of:
        return ""
    texts = [text for text, _ in of]
    match topic:
        case "maps":
            return f"that {of[0][1]} takes a map by channels, rows and columns"
        case "epsilon" | "groups":
            return f"{topic} ({', '.join(sorted(set(texts)))})"
        case _:
            return f"{topic} ({_counted(texts)})" if any(texts) else topic


def _counted(texts: Iterable[str]) -> str:
    """
    >>> _counted(["ReLU", "tanh", "ReLU"])
    '2 ReLU, 1 tanh'
    """
    counts = Counter(texts).most_common()
    shown = ", ".join(f"{count} {text}" for text, count in counts[:_LISTED])
    return shown + (f", and {len(counts) - _LISTED} more kinds" if len(counts) > _LISTED else "")
