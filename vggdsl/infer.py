"""Graph -> TypedGraph: shapes, counts and receptive fields, by arithmetic alone."""

from dataclasses import dataclass
from functools import cached_property

from vggdsl.errors import Diagnostic, Label, ShapeError
from vggdsl.ir import Graph, Node
from vggdsl.ops import FC, Conv, Input, Params
from vggdsl.shapes import Pair, Shape, Window

MAX_ELEMENTS = 2**40
"""Values in one tensor or parameters in one layer: 4 TiB in single precision."""


@dataclass(frozen=True)
class TypedNode:
    """A node with what arithmetic says of it, for one image.

    ``x`` is the shape that comes in. ``receptive_field`` and ``stride`` are in pixels of the
    input: what one output position sees, and how far apart two neighbours are.
    """

    node: Node
    x: Shape
    shape: Shape
    params: Params
    macs: int
    activations: int
    receptive_field: Pair
    stride: Pair
    depth: int
    """Layers with weights on the longest path up to and with this one."""

    @property
    def name(self) -> str:
        return self.node.name


@dataclass(frozen=True)
class TypedGraph:
    """A graph whose every shape is known, and its totals."""

    graph: Graph
    nodes: tuple[TypedNode, ...]

    @cached_property
    def by_name(self) -> dict[str, TypedNode]:
        return {t.name: t for t in self.nodes}

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
    of the layer that leaves that shape.
    """
    typed: dict[str, TypedNode] = {}
    for node in graph.nodes:
        sources = [typed[name] for name in node.inputs]
        try:
            shape = node.op.out_shape(*(s.shape for s in sources))
        except ShapeError as error:
            raise ShapeError(tuple(_locate(d, node, sources) for d in error.diagnostics)) from None
        x = sources[0].shape if sources else shape
        params = node.op.params(x)
        _bound(node, shape, params)
        field, stride = Pair(1, 1), Pair(1, 1)
        if sources:
            field, stride = _receptive_field(node.op.sees(x), sources[0])
        typed[node.name] = TypedNode(
            node=node,
            x=x,
            shape=shape,
            params=params,
            macs=node.op.macs(x),
            activations=0 if node.op.in_place else shape.elements,
            receptive_field=field,
            stride=stride,
            depth=max((s.depth for s in sources), default=0) + isinstance(node.op, Conv | FC),
        )
    return TypedGraph(graph, tuple(typed.values()))


def _receptive_field(window: Window | None, before: TypedNode) -> tuple[Pair, Pair]:
    """r' = r + (extent - 1) j and j' = j s, along each axis."""
    field, jump = before.receptive_field, before.stride
    if window is None:
        return field, jump
    return (
        Pair(*(r + (e - 1) * j for r, e, j in zip(field, window.extent, jump, strict=True))),
        Pair(*(j * s for j, s in zip(jump, window.stride, strict=True))),
    )


def _locate(found: Diagnostic, node: Node, sources: list[TypedNode]) -> Diagnostic:
    what = "this window" if found.code == "V201" else "this layer"
    labels = [Label(node.span, what)]
    others = [before for before in sources if before.node.span != node.span]
    labels += [Label(before.node.span, f"leaves {before.shape}", primary=False) for before in others]
    return found.at(*labels)


def _bound(node: Node, shape: Shape, params: Params) -> None:
    for count, what in ((shape.elements, "values"), (params.learnable, "parameters")):
        if count > MAX_ELEMENTS:
            message = f"{node.op.kind} would have {count:,} {what}, {count * 4 / 2**40:,.0f} TiB in single precision"
            help = f"at most {MAX_ELEMENTS:,} {what} in one layer: check its numbers"
            raise ShapeError(Diagnostic("V204", message, (Label(node.span, "this layer"),), help))
