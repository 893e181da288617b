"""A network as GoogLeNet's table."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vggdsl.language.notations.registry import cannot_say
from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.ops import FC, LRN, Activation, AvgPool, Concat, Conv, Dropout, GlobalAvgPool, MaxPool, Softmax
from vggdsl.network.shapes import Window
from vggdsl.text.tables import RowGroup, Table, numbers, to_markdown, words

TITLE = "a table of Inception modules, as GoogLeNet's"

_HEADINGS = ("#1×1", "#3×3 reduce", "#3×3", "#5×5 reduce", "#5×5", "pool proj", "params", "ops")


@dataclass(frozen=True)
class _Written:
    """A row: the nodes that it says, and what stands in its columns."""

    nodes: tuple[TypedNode, ...]
    kind: str
    patch: str = ""
    filters: tuple[str, ...] = ("",) * 6


def write(network: TypedGraph) -> str:
    """A row a layer or a module; ``params`` in units of 1,024, as the paper counts them, ``ops`` in millions.

    Raises ``NetworkError`` V225 at a layer that the table has no row for.
    """
    if network.heads:
        raise cannot_say(TITLE, network.heads[0].nodes[0].node, "auxiliary classifiers stand outside of the table")
    rows = [_cells(row) for row in _rows(network)]
    columns = (*words("type", "patch size/stride"), *numbers("output size", "depth", *_HEADINGS))
    return to_markdown(Table(columns, [RowGroup(rows)])) + "\n"


def _rows(network: TypedGraph) -> Iterator[_Written]:
    """ReLU stands in no row: those that are read back follow each convolution."""
    layers = [node for node in network.nodes[1:] if not isinstance(node.node.op, Activation)]
    at = 0
    while at < len(layers):
        module = layers[at : at + 8]
        if (filters := _inception(module)) is not None:
            label = re.match(r"(\d+[a-z])\.", module[0].name)
            yield _Written(tuple(module), f"inception{f' ({label[1]})' if label else ''}", "", filters)
            at += 8
        elif (filters := _reduced(layers[at : at + 2])) is not None:
            yield _Written(tuple(layers[at : at + 2]), "convolution", _patch(layers[at + 1]), filters)
            at += 2
        else:
            yield _single(layers[at])
            at += 1


def _convs(nodes: Sequence[TypedNode]) -> list[tuple[int, int]]:
    """Sides and widths of convolutions."""
    return [(node.node.op.window.kernel.h, node.node.op.channels) for node in nodes if isinstance(node.node.op, Conv)]


def _inception(module: Sequence[TypedNode]) -> tuple[str, ...] | None:
    """The six numbers of a module of four branches in the order of its nodes; what it doesn't compare is read back."""
    if len(module) < 8 or not isinstance(module[-1].node.op, Concat):
        return None
    convs = _convs(module)
    if [side for side, _ in convs] != [1, 1, 3, 1, 5, 1] or not isinstance(module[5].node.op, MaxPool):
        return None
    return tuple(str(width) for _, width in convs)


def _reduced(pair: Sequence[TypedNode]) -> tuple[str, ...] | None:
    convs = _convs(pair)
    if len(convs) < 2 or convs[0][0] != 1 or convs[1][0] not in (3, 5):
        return None
    own = (str(convs[0][1]), str(convs[1][1]))
    return ("", *own, "", "", "") if convs[1][0] == 3 else ("", "", "", *own, "")


def _single(node: TypedNode) -> _Written:
    match node.node.op:
        case Conv():
            return _Written((node,), "convolution", _patch(node))
        case MaxPool():
            return _Written((node,), "max pool", _patch(node))
        case AvgPool():
            return _Written((node,), "avg pool", _patch(node))
        case GlobalAvgPool():
            return _Written((node,), "avg pool")
        case Dropout(rate=rate):
            return _Written((node,), f"dropout ({rate * 100:g}%)")
        case FC():
            return _Written((node,), "linear")
        case Softmax():
            return _Written((node,), "softmax")
        case LRN():
            raise cannot_say(TITLE, node.node, "its LRN stand in the text of the paper")
        case _:
            raise cannot_say(TITLE, node.node)


def _patch(node: TypedNode) -> str:
    op = node.node.op
    assert isinstance(op, (Conv, MaxPool, AvgPool))
    window: Window = op.window
    return f"{window.kernel.h}×{window.kernel.w}/{window.stride.h}"


def _cells(row: _Written) -> tuple[str, ...]:
    size = row.nodes[-1].shape
    params = sum(node.params.learnable for node in row.nodes)
    macs = sum(node.macs for node in row.nodes)
    depth = row.nodes[-1].depth - min(node.depth - node.node.op.weight_layer for node in row.nodes)
    return (
        row.kind,
        row.patch,
        f"{size.h}×{size.w}×{size.c}",
        str(depth),
        *row.filters,
        _figure(params, 1024, "K"),
        _figure(macs, 10**6, "M"),
    )


def _figure(value: int, unit: int, letter: str) -> str:
    """
    >>> _figure(9_472, 1024, "K"), _figure(1_025_000, 1024, "K"), _figure(640, 10**6, "M"), _figure(0, 1024, "K")
    ('9.2K', '1001K', '640', '')
    """
    if value < unit / 100:
        return str(value or "")
    scaled = value / unit
    return f"{scaled:.2g}{letter}" if scaled < 10 else f"{scaled:.0f}{letter}"
