"""A layer as it is compiled: the arithmetic of it, what it stands in, and all that is implied."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import Literal

from vggdsl.language.syntax import Default
from vggdsl.network.graph import Node
from vggdsl.network.infer import TypedNode
from vggdsl.network.ops import Input, Op
from vggdsl.network.shapes import Shape
from vggdsl.network.stacks import Rows
from vggdsl.spec.arithmetic import tell_field
from vggdsl.spec.layers import heads_of
from vggdsl.spec.spec import Spec
from vggdsl.text.printing import shown
from vggdsl.text.source import Span
from vggdsl.text.units import bytes_text

About = Literal[
    "in", "from", "shape", "params", "macs", "stores", "field", "stack", "saves", "implied", "others", "then"
]


@dataclass(frozen=True)
class Explained:
    """A layer, and what is told about it, in this order."""

    name: str
    spelled: str
    span: Span
    told: tuple[tuple[About, str], ...]

    def __str__(self) -> str:
        first = f"{self.name}: {self.spelled}  ({shown(self.span.source.name)}:{self.span.line})"
        return "\n".join([first, *(f"  {about:<7}  {text}" for about, text in self.told)])


def explain(spec: Spec, line: int | None = None) -> Iterator[Explained]:
    """Every layer, or those of a line of the spec's own file: it holds them, the rule that gives them, or a call that
    leads to them. What is told beside its layer is explained where its line is asked for. Each is told when taken."""
    nodes = spec.typed.training_nodes
    wanted = [i for i, t in enumerate(nodes) if (not t.is_beside if line is None else _stands_on(t, line, spec))]
    around = _Around(spec) if wanted else None
    return iter(()) if around is None else (_layer(i, around) for i in wanted)


def _stands_on(t: TypedNode, line: int, spec: Spec) -> bool:
    """Whether a line of the spec's own file holds the layer, the rule that gives it, or a call that leads to it."""

    def here(span: Span) -> bool:
        return span.line == line and span.source == spec.source

    own = here(t.node.span) and t.node.implied != "implied"
    return own or (not t.is_beside and any(map(here, t.node.calls)))


class _Around:
    """A spec, and what is told of its layers that they don't know themselves."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.nodes = spec.typed.training_nodes
        self.rows = Rows(self.nodes)
        self.defaults = [content for content in spec.whole.contents if isinstance(content, Default)]
        self.around: dict[str, list[str]] = {t.name: [] for t in self.nodes}
        """By a layer's name the branches, calls and auxiliary classifiers that it stands in."""
        self._branches(spec.typed.nodes)
        for head in spec.typed.heads:
            self._branches(head.nodes)
        for t in self.nodes:
            for call in t.node.calls:
                self.around[t.name].append(f"{' '.join(call.text.split())} of {self.place(call)}")
        for name, head in heads_of(spec.network, spec.typed):
            for t in head.nodes:
                self.around[t.name].append(f"{name}, an auxiliary classifier whose loss weighs {head.weight:g}")

    def place(self, span: Span) -> str:
        """A line of the spec's own file, or of another."""
        same = span.source == self.spec.source
        return f"line {span.line}" if same else f"{shown(span.source.name)}:{span.line}"

    def _branches(self, nodes: Sequence[TypedNode]) -> None:
        """A merge comes right behind the layers of its branches."""
        written = list[Span]()
        for place, t in enumerate(nodes):
            written.append(written[-1] if t.node.implied else t.node.span)
            branches = _Branches(t.node)
            for i in reversed(range(place)):
                number = branches.number(written[i], nodes[i].node.calls)
                if number is None:
                    break
                self.around[nodes[i].name].append(f"branch {number} of {len(t.node.branches)} of {t.name}")


class _Branches:
    """The branches of a merge, by where they are written."""

    def __init__(self, merge: Node) -> None:
        self.calls = merge.calls
        self.source = merge.branches[0].source if merge.branches else None
        self.starts = [branch.start for branch in merge.branches]
        self.ends = [branch.end for branch in merge.branches]

    def number(self, written: Span, calls: tuple[Span, ...]) -> int | None:
        """That of the branch in which a layer is written, or the call that led to it."""
        inner = len(calls) - len(self.calls)
        if self.source is None or inner < 0 or calls[inner:] != self.calls:
            return None
        place = calls[inner - 1] if inner else written
        number = bisect_right(self.starts, place.start)
        return number if place.source == self.source and number and place.end <= self.ends[number - 1] else None


def _layer(index: int, explained: _Around) -> Explained:
    node = explained.nodes[index].node
    return Explained(node.name, node.spelled, node.span, tuple(_told(index, explained)))


def _told(index: int, explained: _Around) -> Iterator[tuple[About, str]]:
    t, spec = explained.nodes[index], explained.spec
    node = t.node
    for around in explained.around[t.name]:
        yield "in", around
    if index and node.inputs != (explained.nodes[index - 1].name,):
        yield "from", ", ".join(node.inputs)
    if not isinstance(node.op, Input):
        yield from _arithmetic(node.op, tuple(spec.typed[name].shape for name in node.inputs), t.shape)
    if t.activations:
        yield "stores", f"{t.activations:,} activations, {bytes_text(t.activations * 4)} in fp32"
    if not isinstance(node.op, Input):
        yield "field", _field(t, spec)
    if (stack := explained.rows.stack(t)) is not None:
        yield "stack", str(stack)
    if (reduction := explained.rows.reduction(t)) is not None:
        yield "saves", str(reduction)
    for implied in _implied(t, explained):
        yield "implied", implied
    if (others := node.op.tell_elsewhere(t.x)) and not isinstance(node.op, Input):
        yield "others", others
    behind = (explained.nodes[i] for i in range(index + 1, len(explained.nodes)))
    for after in takewhile(lambda other: other.node.implied, behind):
        if not node.implied:
            yield "then", f"{after.node.spelled}: {_why(after, explained)}"


@lru_cache
def _arithmetic(op: Op, xs: tuple[Shape, ...], shape: Shape) -> list[tuple[About, str]]:
    """Of all layers that are alike."""
    how = op.tell_shape(*xs)
    told: list[tuple[About, str]] = [("shape", f"{', '.join(map(str, xs))} -> {shape}{f': {how}' if how else ''}")]
    if op.params(xs[0]).total:
        told.append(("params", op.tell_params(xs[0])))
    if op.macs(xs[0]):
        told.append(("macs", op.tell_macs(xs[0])))
    return told


def _field(t: TypedNode, spec: Spec) -> str:
    after = f"{t.receptive_field}, every {t.stride} pixels of the input"
    if len(t.node.inputs) > 1:
        return f"{after}: all that its branches see"
    how = tell_field(t, spec.typed)
    return f"{after}: {how}" if how else after


def _implied(t: TypedNode, explained: _Around) -> Iterator[str]:
    node = t.node
    if node.implied:
        yield _why(t, explained)
    for key, text, source in node.op.implied():
        if key not in node.written:
            by = _from_default(node.op.kind, key, explained) or (f" ({source})" if source else "")
            yield f"{text}{by}"
    if node.classifier:
        yield "the classifier: rules for hidden FCs don't apply to it"


def _why(t: TypedNode, explained: _Around) -> str:
    """Why a layer is there that nobody wrote at its place."""
    if t.node.implied == "implied":
        return "no activation is written, so every convolution and hidden FC gets a ReLU"
    return f"by the rule `{t.node.implied}` of {explained.place(t.node.span)}"


def _from_default(kind: str, key: str, explained: _Around) -> str:
    """Which `default` line says so, if one does."""
    for default in explained.defaults:
        if default.kind == kind and any(option.key == key for option in default.options):
            return f", by `default {kind}` of {explained.place(default.span)}"
    return ""
