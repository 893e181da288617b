"""Several networks in one table, a column each, as papers print their configurations: the VGG paper's Table 1.

Rows are stages between pools. What all columns share, an input, a pool, an FC or a softmax, is one cell; what a column
has in a stage that the column before it hasn't is bold. Activations are not shown, nor what a rule puts behind every
layer of a kind: a note below the table says what that is.
"""

from collections.abc import Iterator, Sequence
from itertools import takewhile

from vggdsl.language.from_op import op_text
from vggdsl.network.aligning import ALONE, align
from vggdsl.network.changes import Unit, units
from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.ops import FC, AvgPool, Conv, Input, MaxPool, Op, Softmax
from vggdsl.text.errors import Diagnostic, Label, NetworkError
from vggdsl.text.merged_tables import MergedRow, MergedTable, Stack, Word, one
from vggdsl.text.units import plural

_TITLE = "ConvNet Configuration"
_HELP = "show it without --columns, or beside networks of its kind"


def columns_of(networks: Sequence[tuple[str, TypedGraph]]) -> MergedTable:
    """The table of networks, by what they are called.

    Raises ``NetworkError`` V225 at the first layer that has no place in it: in a branch, of an auxiliary classifier, or
    a pool that another network has no counterpart of.
    """
    columns = [_Column(name, typed) for name, typed in networks]
    for column in columns[1:]:
        _refuse_other_stages(columns[0], column)
    counts = tuple(one(plural(column.typed.weight_layers, "weight layer")) for column in columns)
    rows = [
        MergedRow((one(_TITLE),), is_head=True),
        MergedRow(tuple(one(column.name) for column in columns), is_head=True),
        MergedRow(counts, is_head=True),
        _row([column.typed.nodes[0] for column in columns]),
    ]
    for stage, pools in enumerate(zip(*(column.pools for column in columns), strict=True)):
        rows += _stage([column.stages[stage] for column in columns])
        rows.append(_row(pools))
    rows += _stage([column.body for column in columns])
    rows += _end([column.end for column in columns])
    return MergedTable(len(columns), tuple(rows), tuple(_notes(columns)))


class _Column:
    """A network as a row of layers: what stands between its pools, and behind the last of them."""

    def __init__(self, name: str, typed: TypedGraph) -> None:
        self.name, self.typed = name, typed
        self._refuse_branches()
        self.units = units(typed.nodes)
        self.classifier = next((t for t in reversed(typed.nodes) if t.node.op.weight_layer), None)
        self.hidden = {kind: self._hidden(kind) for kind in (Conv, FC)}
        self.stages: list[list[TypedNode]] = []
        self.pools: list[TypedNode] = []
        stage: list[TypedNode] = []
        for t in self._shown():
            if isinstance(t.node.op, MaxPool | AvgPool):
                self.stages.append(stage)
                self.pools.append(t)
                stage = []
            else:
                stage.append(t)
        self.body = list(takewhile(lambda t: not isinstance(t.node.op, FC | Softmax), stage))
        self.end = stage[len(self.body) :]
        """From the first FC on."""

    def _refuse_branches(self) -> None:
        for head in self.typed.heads:
            raise _no_place(head.nodes[0], "an auxiliary classifier", self.name)
        merge = next((t for t in self.typed.nodes if len(t.node.inputs) > 1), None)
        if merge is not None:
            raise _no_place(merge, f"{merge.node.op.kind}, where branches meet,", self.name)

    def _of(self, kind: type[Op]) -> list[Unit]:
        """The units of a kind that rules are for: an FC is none that classifies."""
        of_kind = (unit for unit in self.units if isinstance(unit[0].node.op, kind))
        return [unit for unit in of_kind if kind is Conv or unit[0] != self.classifier]

    def _hidden(self, kind: type[Op]) -> tuple[Op, ...] | None:
        """What stands right behind each layer of a kind, and needn't be shown; None where there are no such layers."""
        behind = [unit[1:] for unit in self._of(kind)]
        if not behind:
            return None
        found = list[Op]()
        for side in zip(*behind, strict=False):
            ops = {t.node.op for t in side}
            if len(ops) > 1 or not all(t.node.implied or t.node.op.activation for t in side):
                break
            found += ops
        return tuple(found)

    def _shown(self) -> Iterator[TypedNode]:
        hidden = {id(unit): len(self.hidden[kind] or ()) for kind in (Conv, FC) for unit in self._of(kind)}
        for unit in self.units:
            if not isinstance(unit[0].node.op, Input):
                yield unit[0]
            yield from unit[1 + hidden.get(id(unit), 0) :]


def _no_place(t: TypedNode, what: str, name: str) -> NetworkError:
    message = f"{what} has no place in a table of columns"
    return NetworkError(Diagnostic("V225", message, (Label(t.node.span, f"in {name}"),), _HELP))


def _refuse_other_stages(one: _Column, other: _Column) -> None:
    if len(one.pools) == len(other.pools):
        return
    more, less = (one, other) if len(one.pools) > len(other.pools) else (other, one)
    count = len(less.pools)
    name = f"a pool of {more.name}, which has {len(more.pools)} where {less.name} has {count},"
    raise _no_place(more.pools[count], name, more.name)


def _text(t: TypedNode) -> str:
    op = t.node.op
    if isinstance(op, Input):
        return t.node.spelled or op_text(op)
    return "soft-max" if isinstance(op, Softmax) else op_text(op)


def _row(layers: Sequence[TypedNode]) -> MergedRow:
    """A layer of each column: in one cell if it is the same."""
    if len({t.node.op for t in layers}) == 1:
        return MergedRow((one(_text(layers[0])),))
    return MergedRow(_beside([[t] for t in layers]))


def _stage(stacks: Sequence[Sequence[TypedNode]]) -> list[MergedRow]:
    return [MergedRow(_beside(stacks))] if any(stacks) else []


def _end(ends: Sequence[Sequence[TypedNode]]) -> Iterator[MergedRow]:
    """A row a layer; where columns have more or less of them, those that not all share in one."""
    alike = 0
    while all(len(end) > alike for end in ends) and len({end[-1 - alike].node.op for end in ends}) == 1:
        alike += 1
    first = [end[: len(end) - alike] for end in ends]
    if len({len(each) for each in first}) == 1:
        yield from (_row(layers) for layers in zip(*first, strict=True))
    else:
        yield from _stage(first)
    yield from (_row(layers) for layers in zip(*(end[len(end) - alike :] for end in ends), strict=True))


def _beside(stacks: Sequence[Sequence[TypedNode]]) -> tuple[Stack, ...]:
    """Cells, in which bold is what the column before doesn't have."""
    found = list[Stack]()
    before: Sequence[TypedNode] | None = None
    for stack in stacks:
        new = set[int]() if before is None else _added(before, stack)
        found.append(tuple(Word(_text(t), place in new) for place, t in enumerate(stack)))
        before = stack
    return tuple(found)


def _added(before: Sequence[TypedNode], stack: Sequence[TypedNode]) -> set[int]:
    """The places of what isn't before, by the least edits."""
    pairs = align(len(before), len(stack), lambda i, j: 0 if before[i].node.op == stack[j].node.op else 2 * ALONE)
    return {j for i, j in pairs if i is None and j is not None}


def _notes(columns: Sequence[_Column]) -> Iterator[str]:
    """What isn't shown, and in which columns."""
    said: dict[str, list[str]] = {}
    for column in columns:
        rules = [
            f"after {kind.word}: {' '.join(map(op_text, ops)) or 'none'}"
            for kind, ops in column.hidden.items()
            if ops is not None
        ]
        if rules:
            said.setdefault("; ".join(rules), []).append(column.name)
    for said_of, names in said.items():
        where = "" if len(said) == 1 and len(names) == len(columns) else f" in {', '.join(names)}"
        yield f"not shown{where}: {said_of}"
