"""A network as a column of ResNet's table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from vggdsl.language.notations.registry import cannot_say
from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.ops import FC, Activation, Add, AvgPool, BatchNorm, Conv, GlobalAvgPool, Identity, MaxPool, Softmax
from vggdsl.text.tables import RowGroup, Table, to_markdown, words

TITLE = "a table of residual networks, as ResNet's"


@dataclass(frozen=True)
class _Said:
    """Words of a cell, the size of the maps that they leave, and whether they are a unit in brackets."""

    text: str
    size: tuple[int, int]
    is_unit: bool = False


def write(network: TypedGraph) -> str:
    """A row a stage, and one for the multiply-adds, which tell where stages stride.

    Raises ``NetworkError`` V225 at a layer that the table has no words for.
    """
    everything = list(_said(network))
    if not any(said.is_unit for said in everything):
        raise cannot_say(TITLE, network.nodes[-1].node, "its network has no shortcuts")
    rows = list[tuple[str, str, str]]()
    for size, group in groupby(everything, lambda said: said.size):
        said = list(group)
        if size == (1, 1):
            rows.append(("", "1×1", ", ".join(each.text for each in said)))
            continue
        name = f"conv{len(rows) + 1 - sum(not row[0] for row in rows)}"
        shared = [each.text for each in said if not each.is_unit]
        units = [each.text for each in said if each.is_unit]
        first = f"{name}_x" if units else name
        counted = [f"[{text}] × {len(list(same))}" for text, same in groupby(units)]
        cells = [*shared, " ".join(counted)] if counted else shared
        for index, cell in enumerate(cells):
            rows.append((first, f"{size[0]}×{size[1]}", cell) if not index else ("", "", cell))
    unit, power = (1e9, 9) if network.macs >= 1e8 else (1e6, 6)
    rows.append(("FLOPs", "", f"{network.macs / unit:.3g}×10^{power}"))
    columns = words("layer name", "output size", f"{network.weight_layers}-layer")
    return to_markdown(Table(columns, [RowGroup(rows)])) + "\n"


def _said(network: TypedGraph) -> Iterator[_Said]:
    """BN and ReLU stand in no cell: those that are read back follow each convolution."""
    if network.heads:
        raise cannot_say(TITLE, network.heads[0].nodes[0].node, "it has no auxiliary classifiers")
    convs = list[TypedNode]()
    layers = [node for node in network.nodes[1:] if not isinstance(node.node.op, (BatchNorm, Activation, Identity))]
    for node in layers:
        op, size = node.node.op, (node.shape.h, node.shape.w)
        if isinstance(op, Conv):
            convs.append(node)
            continue
        before, inner = _parted(convs, node, network) if isinstance(op, Add) else (convs, [])
        yield from (_Said(_conv(conv, stride=True), (conv.shape.h, conv.shape.w)) for conv in before)
        convs = []
        match op:
            case Add():
                yield _Said("; ".join(_conv(conv, stride=False) for conv in inner), size, is_unit=True)
            case MaxPool(window=window):
                yield _Said(f"{window.kernel.h}×{window.kernel.w} max pool, stride {window.stride.h}", size)
            case GlobalAvgPool():
                yield _Said("average pool", size)
            case AvgPool(window=window):
                yield _Said(f"{window.kernel.h}×{window.kernel.w} average pool, stride {window.stride.h}", size)
            case FC(features=features):
                yield _Said(f"{features}-d fc", (1, 1))
            case Softmax():
                yield _Said("softmax", (1, 1))
            case _:
                raise cannot_say(TITLE, node.node)


def _parted(convs: Sequence[TypedNode], add: TypedNode, network: TypedGraph) -> tuple[Sequence[TypedNode], ...]:
    """The convolutions before a sum that stand before its unit, and those in it, without that of its shortcut."""
    shortcut = network[add.node.inputs[-1]]
    while isinstance(shortcut.node.op, (BatchNorm, Identity)):
        shortcut = network[shortcut.node.inputs[0]]
    begin = shortcut
    if convs and shortcut is convs[-1]:
        begin = network[shortcut.node.inputs[0]]
    order = {node.name: index for index, node in enumerate(network.nodes)}
    inner = [conv for conv in convs if order[conv.name] > order[begin.name]]
    return convs[: len(convs) - len(inner)], [conv for conv in inner if conv is not shortcut]


def _conv(node: TypedNode, *, stride: bool) -> str:
    op = node.node.op
    assert isinstance(op, Conv)
    kernel, by = op.window.kernel, op.window.stride.h
    groups = f", C={op.groups}" if op.groups > 1 else ""
    return f"{kernel.h}×{kernel.w}, {op.channels}{groups}{f', stride {by}' if stride and by > 1 else ''}"
