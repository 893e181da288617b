"""A network of fire modules as SqueezeNet's table."""

from collections.abc import Iterator, Sequence

from vggdsl.language.notations.registry import cannot_say
from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.ops import Activation, AvgPool, Concat, Conv, GlobalAvgPool, Input, MaxPool
from vggdsl.text.tables import RowGroup, Table, numbers, to_markdown, words

TITLE = "a table of blocks, as SqueezeNet's"
_FIRE = 4


def write(network: TypedGraph) -> str:
    """A row a layer or a fire module. Raises ``NetworkError`` V225 at a layer that the table has no row for."""
    if network.heads:
        raise cannot_say(TITLE, network.heads[0].nodes[0].node, "it has no auxiliary classifiers")
    columns = (
        *words("layer name/type", "output size", "filter size / stride"),
        *numbers("depth", "s1x1", "e1x1", "e3x3"),
    )
    rows = list(_rows(network))
    if not any(row[0].startswith("fire") for row in rows):
        raise cannot_say(TITLE, network.nodes[-1].node, "its network has no fire modules")
    return to_markdown(Table(columns, [RowGroup(rows)])) + "\n"


def _rows(network: TypedGraph) -> Iterator[tuple[str, ...]]:
    """ReLU stands in no row: those that are read back follow each convolution."""
    layers = [node for node in network.nodes if not isinstance(node.node.op, Activation)]
    at = number = 0
    while at < len(layers):
        node = layers[at]
        op = node.node.op
        module = layers[at : at + _FIRE]
        number += not isinstance(op, (Input, MaxPool))
        if (filters := _fire(module)) is not None:
            yield f"fire{number}", _size(module[-1]), "", "2", *filters
            at += _FIRE
            continue
        match op:
            case Input():
                yield "input image", _size(node), "", "", "", "", ""
            case Conv(channels=width, window=window):
                patch = f"{window.kernel.h}×{window.kernel.w}/{window.stride.h} (×{width})"
                yield f"conv{number}", _size(node), patch, "1", "", "", ""
            case MaxPool(window=window) | AvgPool(window=window):
                patch = f"{window.kernel.h}×{window.kernel.w}/{window.stride.h}"
                kind = "maxpool" if isinstance(op, MaxPool) else "avgpool"
                yield f"{kind}{number}", _size(node), patch, "0", "", "", ""
            case GlobalAvgPool():
                before = network[node.node.inputs[0]].shape
                yield f"avgpool{number}", _size(node), f"{before.h}×{before.w}/1", "0", "", "", ""
            case _:
                raise cannot_say(TITLE, node.node)
        at += 1


def _fire(module: Sequence[TypedNode]) -> tuple[str, ...] | None:
    """The three numbers of a module; what it doesn't compare is read back."""
    match [node.node.op for node in module]:
        case [Conv(channels=squeeze), Conv(channels=one), Conv(channels=three), Concat()]:
            return str(squeeze), str(one), str(three)
        case _:
            return None


def _size(node: TypedNode) -> str:
    return f"{node.shape.h}×{node.shape.w}×{node.shape.c}"
