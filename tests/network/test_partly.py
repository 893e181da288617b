"""Layers of two networks that differ are paired as far as both do the same."""

from collections import Counter
from dataclasses import replace

from hypothesis import assume, given
from profiles import fewer
from strategies import graphs

from vggdsl.network.graph import Graph, Head, Node
from vggdsl.network.infer import TypedGraph, infer
from vggdsl.network.matching import NormalForm, normal_form, numbered
from vggdsl.network.ops import FC, Conv, Take
from vggdsl.network.partly import pair_alike
from vggdsl.network.weights import weight_shapes
from vggdsl.spec.parsing import parse
from vggdsl.text.errors import VggdslError


def ending_in(graph: TypedGraph, last: Node, op: Conv | FC, heads: tuple[Head, ...]) -> TypedGraph:
    """The network with another classifier in the place of the ``last`` layer, and with those ``heads``."""
    nodes = tuple(replace(node, op=op) if node is last else node for node in graph.graph.nodes)
    try:
        return infer(Graph(nodes, heads))
    except VggdslError:  # it is a branch of a sum
        assume(False)
        raise


def numbers_of(*both: TypedGraph) -> tuple[dict[str, int], ...]:
    numbers: dict[object, int] = {}
    return tuple(numbered(normal_form(graph), numbers) for graph in both)


def adds_alike(form: NormalForm, end: str) -> bool:
    """Whether a sum behind that layer is of branches of the same kinds: which is which may not be known."""
    kinds = numbered(form, {}, of=type)
    behind = {end}
    for step in form.steps.values():
        if behind.isdisjoint(step.inputs):
            continue
        behind.add(step.name)
        inputs = set(step.inputs)
        if step.op.any_order and len({kinds[name] for name in inputs}) < len(inputs):
            return True
    return False


@fewer
@given(graphs())
def test_a_network_with_another_end_is_paired_up_to_that(graph: TypedGraph) -> None:
    """Whole, where nothing but the number of classes is another one."""
    last = graph.graph.classifier
    assume(last is not None and isinstance(last.op, Conv | FC) and getattr(last.op, "groups", 1) == 1)
    assert last is not None
    assert isinstance(last.op, Conv | FC)
    nodes = graph.graph.nodes
    assume(not any(isinstance(node.op, Take) for node in nodes[nodes.index(last) :]))  # of one channel it is nothing
    assume(not adds_alike(normal_form(graph), last.name))
    wider = replace(last.op, channels=97) if isinstance(last.op, Conv) else replace(last.op, features=97)
    heads = graph.graph.heads
    ends = [
        (op, kept) for op in (wider, replace(last.op, bias=not last.op.bias)) for kept in dict.fromkeys((heads, ()))
    ]
    for op, kept in ends:
        other = ending_in(graph, last, op, kept)
        pairs = pair_alike(normal_form(other), normal_form(graph))
        here, there = numbers_of(other, graph)
        layers = {name.rpartition(".")[0] for name in weight_shapes(other)}
        assert len(set(pairs.values())) == len(pairs)
        assert all(here[a] == there[b] for a, b in pairs.items() if here[a] in there.values())
        if op == wider:
            if kept == heads:  # else a sum that one hung on may be a part of a longer one
                assert layers - {node.name for head in kept for node in head.nodes} <= pairs.keys()
                assert pairs[last.name] == last.name
        else:
            assert last.name not in pairs
            once = [{each for each, count in Counter(side.values()).items() if count == 1} for side in (here, there)]
            assert {name for name, number in here.items() if number in once[0] & once[1]} <= pairs.keys()


def test_what_two_branches_have_alike_is_told_apart_by_what_follows_it() -> None:
    """Both reduce to eight channels; a stride later in one of them leaves what comes before it known."""
    texts = (
        "input 16x16x3 conv3-8 concat[ a: conv1-8 b: conv3-4 | c: conv1-8 d: conv5-4 ] FC-3 softmax",
        "input 16x16x3 conv3-8 concat[ c: conv1-8 d: conv5-4 | a: conv1-8 b: conv3-4 ] FC-5 bias=no softmax",
    )
    ours, theirs = (parse(text).typed for text in texts)
    pairs = pair_alike(normal_form(ours), normal_form(theirs))
    assert {name: pairs.get(name) for name in "abcd"} == {"a": "a", "b": "b", "c": "c", "d": "d"}
