"""Graph -> TypedGraph: shapes, counts and receptive fields, by arithmetic alone."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from vggdsl.network.graph import Graph, Head, Node
from vggdsl.network.ops import Input, Op, Params
from vggdsl.network.shapes import Pair, Shape, Window
from vggdsl.text.errors import Diagnostic, Label, ShapeError
from vggdsl.text.facts import Disagreement
from vggdsl.text.kinds import refuse_other_kinds

MAX_ELEMENTS = 2**40
"""Values in one tensor or parameters in one layer: 4 TiB in single precision."""


@dataclass(frozen=True)
class TypedNode:
    """A node with what arithmetic says of it, for one image.

    ``x`` is the shape that comes in. ``receptive_field``, ``stride`` and ``begins`` are in pixels of the
    input: what one output position sees, how far apart two neighbours are, and at which row and column the field of
    the first position begins, which lies below 0 in padding.
    """

    node: Node
    x: Shape
    shape: Shape
    params: Params
    macs: int
    activations: int
    receptive_field: Pair
    stride: Pair
    begins: Pair
    depth: int
    """Layers with weights on the longest path up to and with this one."""

    def __repr__(self) -> str:
        what = self.node.spelled or self.node.op
        return f"TypedNode({self.name}: {what}, {self.x} -> {self.shape}, {self.params.learnable:,} parameters)"

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def is_beside(self) -> bool:
        """Whether it is told beside the layer that it follows, as an implied ReLU is: it has no figures of its own."""
        return bool(self.node.implied) and self.node.op.in_place and not self.params.total


@dataclass(frozen=True)
class TypedHead:
    """An auxiliary classifier of which every shape is known."""

    weight: float
    nodes: tuple[TypedNode, ...]

    def __repr__(self) -> str:
        return f"TypedHead({self.weight:g}, {len(self.nodes)} nodes)"


@dataclass(frozen=True)
class TypedGraph:
    """A graph whose every shape is known, and the totals of its inference network."""

    graph: Graph
    nodes: tuple[TypedNode, ...]
    heads: tuple[TypedHead, ...] = ()

    def __repr__(self) -> str:
        heads = f", {len(self.heads)} heads" if self.heads else ""
        size = f"{self.input} -> {self.output}, {self.params:,} parameters"
        return f"TypedGraph({size}, {len(self.nodes)} nodes{heads})"

    @cached_property
    def by_name(self) -> dict[str, TypedNode]:
        """All nodes, those of auxiliary classifiers too."""
        return {t.name: t for t in self.training_nodes}

    @property
    def training_nodes(self) -> tuple[TypedNode, ...]:
        """Those of the network, then those of its heads."""
        return (*self.nodes, *(t for head in self.heads for t in head.nodes))

    @property
    def inference(self) -> "TypedGraph":
        """The same without auxiliary classifiers."""
        return TypedGraph(Graph(self.graph.nodes), self.nodes) if self.heads else self

    def __getitem__(self, name: str) -> TypedNode:
        return self.by_name[name]

    @property
    def input(self) -> Shape:
        return self.nodes[0].shape

    @property
    def output(self) -> Shape:
        return self.nodes[-1].shape

    @property
    def params(self) -> int:
        """Learnable parameters."""
        return sum(t.params.learnable for t in self.nodes)

    @property
    def training_params(self) -> int:
        """Learnable parameters with those of the auxiliary classifiers."""
        return sum(t.params.learnable for t in self.training_nodes)

    @property
    def total_params(self) -> int:
        """Parameters with running statistics."""
        return sum(t.params.total for t in self.nodes)

    @property
    def weights(self) -> int:
        """Parameters without biases."""
        return sum(t.params.weights for t in self.nodes)

    @property
    def macs(self) -> int:
        return sum(t.macs for t in self.nodes)

    @property
    def activations(self) -> int:
        """Values that the layers store, the input left out."""
        return sum(t.activations for t in self.nodes if not isinstance(t.node.op, Input))

    @property
    def weight_layers(self) -> int:
        return max(t.depth for t in self.nodes)

    @property
    def receptive_field(self) -> Pair:
        return self.nodes[-1].receptive_field


def infer(graph: Graph) -> TypedGraph:
    """Types every node.

    Raises ``ShapeError`` with the place of the layer that can't take its input, and
    of the layer that leaves that shape; for branches that disagree with both of them.
    """
    refuse_other_kinds(infer, locals())
    typed: dict[str, TypedNode] = {}
    known: _Known = {}
    for node in graph.training_nodes:
        typed[node.name] = _typed(node, [typed[name] for name in node.inputs], known)
    nodes = tuple(typed[node.name] for node in graph.nodes)
    heads = tuple(TypedHead(head.weight, tuple(typed[node.name] for node in head.nodes)) for head in graph.heads)
    for head, of in zip(heads, graph.heads, strict=True):
        _check_head(head, of, nodes[-1])
    return TypedGraph(graph, nodes, heads)


class _Arithmetic(NamedTuple):
    """Of an op and the shapes that come in, whichever node it is of."""

    shape: Shape
    params: Params
    macs: int
    window: Window | None


_Known = dict[tuple[Op, tuple[Shape, ...]], _Arithmetic]


def _typed(node: Node, sources: list[TypedNode], known: _Known) -> TypedNode:
    shapes = tuple([s.shape for s in sources])
    found = known.get((node.op, shapes))
    if found is None:
        found = known[node.op, shapes] = _arithmetic(node, sources)
    field, stride, begins = Pair(1, 1), Pair(1, 1), Pair(0, 0)
    if sources:
        field, stride, begins = _receptive_field(found.window, sources)
    return TypedNode(
        node=node,
        x=shapes[0] if shapes else found.shape,
        shape=found.shape,
        params=found.params,
        macs=found.macs,
        activations=0 if node.op.in_place else found.shape.elements,
        receptive_field=field,
        stride=stride,
        begins=begins,
        depth=max([s.depth for s in sources], default=0) + node.op.weight_layer,
    )


def _arithmetic(node: Node, sources: list[TypedNode]) -> _Arithmetic:
    try:
        shape = node.op.out_shape(*(s.shape for s in sources))
    except ShapeError as error:
        raise ShapeError(tuple(_locate(d, node, sources) for d in error.diagnostics)) from None
    x = sources[0].shape if sources else shape
    params = node.op.params(x)
    _bound(node, shape, params)
    return _Arithmetic(shape, params, node.op.macs(x), node.op.sees(x))


def _receptive_field(window: Window | None, sources: list[TypedNode]) -> tuple[Pair, Pair, Pair]:
    """r' = r + (extent - 1) j, j' = j s and b' = b - p j, along each axis; of several inputs all that they see, of such
    as have other strides at the first position."""
    first, *others = sources
    field, jump, begins = first.receptive_field, first.stride, first.begins
    for other in others:
        field, begins = _both(field, begins, other)
        jump = Pair(max(jump.h, other.stride.h), max(jump.w, other.stride.w))
    if window is None:
        return field, jump, begins
    extent, stride, pad = window.extent, window.stride, window.pad_before
    return (
        Pair(field.h + (extent.h - 1) * jump.h, field.w + (extent.w - 1) * jump.w),
        Pair(jump.h * stride.h, jump.w * stride.w),
        Pair(begins.h - pad.h * jump.h, begins.w - pad.w * jump.w),
    )


def _both(field: Pair, begins: Pair, other: TypedNode) -> tuple[Pair, Pair]:
    """What is seen of a field that begins there and of another's, which needn't have the same middle, and its begin."""
    b = Pair(min(begins.h, other.begins.h), min(begins.w, other.begins.w))
    return Pair(
        max(begins.h + field.h, other.begins.h + other.receptive_field.h) - b.h,
        max(begins.w + field.w, other.begins.w + other.receptive_field.w) - b.w,
    ), b


def _locate(finding: Diagnostic, node: Node, sources: list[TypedNode]) -> Diagnostic:
    if isinstance(finding.facts, Disagreement):
        one, other = finding.facts.one, finding.facts.other
        labels = [
            Label(node.branches[other], f"gives {sources[other].shape}"),
            Label(node.branches[one], f"gives {sources[one].shape}", primary=False),
        ]
    else:
        labels = [Label(node.span, finding.row.place)]
        others = [before for before in sources if before.node.span != node.span]
        labels += [Label(before.node.span, f"leaves {before.shape}", primary=False) for before in others]
    return finding.at(*labels, *(Label(span, "called here", primary=False) for span in node.calls))


def _check_head(head: TypedHead, of: Head, output: TypedNode) -> None:
    if head.nodes and head.nodes[-1].shape == output.shape:
        return
    gives = head.nodes[-1].shape if head.nodes else "nothing"
    message = f"an auxiliary classifier gives {gives}, the network {output.shape}"
    labels = (Label(of.span, f"gives {gives}"), Label(output.node.span, f"gives {output.shape}", primary=False))
    raise ShapeError(Diagnostic("V236", message, labels, "both are trained on the same classes: end both alike"))


def _bound(node: Node, shape: Shape, params: Params) -> None:
    for count, what in ((shape.elements, "values"), (params.learnable, "parameters")):
        if count > MAX_ELEMENTS:
            message = f"{node.op.kind} would have {count:,} {what}, {count * 4 / 2**40:,.0f} TiB in single precision"
            help = f"at most {MAX_ELEMENTS:,} {what} in one layer: check its numbers"
            raise ShapeError(Diagnostic("V204", message, (Label(node.span, "this layer"),), help))
