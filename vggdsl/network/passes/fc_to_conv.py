"""Turns FC layers into convolutions with the same weights: the network answers at every place of a larger image."""

from dataclasses import replace

from vggdsl.network.graph import Graph
from vggdsl.network.infer import TypedGraph, infer
from vggdsl.network.ops import FC, AvgPool, Conv, GlobalAvgPool, GlobalMaxPool, Input, MaxPool, Mul, Op
from vggdsl.network.shapes import Pair, Shape, Window
from vggdsl.network.weights import Array, Weights


def fc_to_conv(typed: TypedGraph) -> Graph:
    """The inference network without layers that take a map of one size only.

    An FC of a map becomes the convolution whose kernel is that map, and a pool of all of it a pool of that window at
    stride 1, so that at each place of a larger image they see what they see in training. A pool that weighs
    channels by the whole image, before a ``mul``, goes on doing that. Nodes keep their names.

    Source: Sermanet et al. 2014, sec. 3.5; Simonyan & Zisserman 2015, sec. 3.2.
    """
    gates = _before_mul(typed)
    nodes = (replace(t.node, op=_sliding(t.node.op, t.x, t.name in gates)) for t in typed.nodes)
    return Graph(tuple(nodes))


def _sliding(op: Op, x: Shape, is_gate: bool) -> Op:
    whole = Pair(x.h, x.w)
    match op:
        case FC():
            return Conv(op.features, Window(whole), bias=op.bias)
        case GlobalAvgPool() if not is_gate:
            return AvgPool(Window(whole))
        case GlobalMaxPool() if not is_gate:
            return MaxPool(Window(whole))
        case _:
            return op


def _before_mul(typed: TypedGraph) -> set[str]:
    """The nodes from which a ``mul`` is reached through single values a channel alone."""
    found = set[str]()
    for t in reversed(typed.nodes):
        if isinstance(t.node.op, Mul) or (t.name in found and (t.shape.h, t.shape.w) == (1, 1)):
            found.update(t.node.inputs)
    return {name for name in found if (typed[name].shape.h, typed[name].shape.w) == (1, 1)}


def on_maps(typed: TypedGraph, weights: Weights) -> dict[str, Array]:
    """The weights of ``fc_to_conv``'s graph, which are those of the network: no value is changed, or copied."""
    kernels = {f"{t.name}.weight": (t.node.op.features, *t.x.chw) for t in typed.nodes if isinstance(t.node.op, FC)}
    kept = (f"{t.name}.{part.name}" for t in typed.nodes for part in t.node.op.parts(t.x))
    return {name: weights[name].reshape(kernels.get(name, weights[name].shape)) for name in kept}


def of_size(graph: Graph, h: int, w: int) -> TypedGraph:
    """The graph for images of that size. Raises ``ShapeError`` where a layer can't take what comes of them."""
    first, *rest = graph.nodes
    return infer(Graph((replace(first, op=Input(Shape(graph.input.size.c, h, w))), *rest)))
