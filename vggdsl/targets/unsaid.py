"""What weights alone don't say of a network, which is therefore taken from elsewhere."""

from collections import Counter
from collections.abc import Iterable

from vggdsl.network.infer import TypedGraph
from vggdsl.network.ops import FC, AvgPool, BatchNorm, Conv, GlobalAvgPool, GroupNorm, MaxPool

_LISTED = 4


def unsaid(graph: TypedGraph) -> str:
    """In which two networks may differ whose weights have the same names and shapes, as far as this one has it."""
    nodes = [typed for typed in graph.inference.nodes if not typed.node.op.idle]
    ops = [typed.node.op for typed in nodes]
    functions = [op.kind + "".join(f" ({each.text})" for each in op.implied())
                 for typed, op in zip(nodes, ops, strict=True) if op.activation and not op.parts(typed.x)]  # fmt: skip
    windows = [op for op in ops if isinstance(op, Conv | MaxPool | AvgPool)]
    pools = [op.text for op in ops if isinstance(op, MaxPool | AvgPool | GlobalAvgPool)]
    epsilons = [f"{op.word} {op.eps:g}" for op in ops if isinstance(op, BatchNorm | GroupNorm)]
    maps = [
        typed.name for typed in nodes if isinstance(typed.node.op, FC) and min(typed.x.c, typed.x.h * typed.x.w) > 1
    ]
    found = [
        f"activations ({_counted(functions)})" if functions else "that there are no activations",
        "which layer feeds which, and in which order",
        "strides and padding" if windows else "",
        f"pooling ({_counted(pools)})" if pools else "",
        f"epsilon ({', '.join(sorted(set(epsilons)))})" if epsilons else "",
        f"that {maps[0]} takes a map by channels, rows and columns" if maps else "",
    ]
    return "; ".join(filter(None, found))


def _counted(texts: Iterable[str]) -> str:
    """
    >>> _counted(["ReLU", "tanh", "ReLU"])
    '2 ReLU, 1 tanh'
    """
    counts = Counter(texts).most_common()
    shown = ", ".join(f"{count} {text}" for text, count in counts[:_LISTED])
    return shown + (f", and {len(counts) - _LISTED} more kinds" if len(counts) > _LISTED else "")
