"""The network as a graph: what the text means, with every implied thing in place."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from vggdsl.network.ops import Input, Op, Softmax
from vggdsl.text.source import Span


@dataclass(frozen=True)
class Node:
    """One layer. ``name`` is unique in its graph and stands in tables, weights and ONNX.

    ``inputs`` are the names of the nodes that feed it. ``spelled`` shows it as it was written; what was written
    is in ``written``: the options' keys, and ``kernel``, ``stride``, ``percent``, … for what its word says itself.
    ``implied`` says why a node exists that nobody wrote at that place; ``span`` is where it comes from, the rule for an
    implied one. ``branches`` are the places of a merge's branches; ``calls``, innermost first, those of the
    calls of blocks through which it came. Spans don't count in equality.
    """

    name: str
    op: Op
    inputs: tuple[str, ...]
    span: Span = field(compare=False)
    spelled: str = field(default="", compare=False)
    written: frozenset[str] = field(default=frozenset(), compare=False)
    implied: str = field(default="", compare=False)
    branches: tuple[Span, ...] = field(default=(), compare=False)
    calls: tuple[Span, ...] = field(default=(), compare=False)
    classifier: bool = field(default=False, compare=False)
    """Whether it is an FC from which no other convolution or FC is reached: rules for hidden ones don't apply to it."""

    def __repr__(self) -> str:
        takes = f" from {', '.join(self.inputs)}" if self.inputs else ""
        return f"Node({self.name}: {self.spelled or self.op}{takes})"


@dataclass(frozen=True)
class Head:
    """An auxiliary classifier: in training its loss counts ``weight`` times, otherwise it is gone.

    Its first node takes from the network, the last gives the output.
    """

    weight: float
    nodes: tuple[Node, ...]
    span: Span = field(compare=False)

    def __repr__(self) -> str:
        return f"Head({self.weight:g}, {len(self.nodes)} nodes)"


@dataclass(frozen=True)
class Graph:
    """Nodes of the inference network in topological order; the first is the input, the last gives the output.

    ``heads`` hang on them in training.
    """

    nodes: tuple[Node, ...]
    heads: tuple[Head, ...] = ()

    def __repr__(self) -> str:
        heads = f", {len(self.heads)} heads" if self.heads else ""
        return f"Graph({len(self.nodes)} nodes{heads})"

    def __getitem__(self, name: str) -> Node:
        return next(node for node in self.training_nodes if node.name == name)

    @property
    def training_nodes(self) -> Iterator[Node]:
        """Those of the network, then those of its heads: a topological order, too."""
        yield from self.nodes
        for head in self.heads:
            yield from head.nodes

    @property
    def input(self) -> Input:
        op = self.nodes[0].op
        assert isinstance(op, Input)
        return op

    @property
    def classifier(self) -> Node | None:
        """The last convolution or FC, if the network has one."""
        return next((n for n in reversed(self.nodes) if n.op.weight_layer), None)

    @property
    def has_softmax(self) -> bool:
        return isinstance(self.nodes[-1].op, Softmax)

    @property
    def digest(self) -> str:
        """Eight hex digits that name the network: ops, edges and heads, not names or labels."""
        order = {node.name: i for i, node in enumerate(self.training_nodes)}
        lines = [f"{n.op!r} {[order[name] for name in n.inputs]}" for n in self.training_nodes]
        lines += [f"head {head.weight!r} {order[head.nodes[-1].name]}" for head in self.heads]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:8]
