"""Layers of two networks that differ are paired as far as both do the same."""

from collections import Counter
from dataclasses import replace

from hypothesis import assume, given
from strategies import graphs

from vggdsl.network.graph import Graph, Node
from vggdsl.network.infer import TypedGraph, infer
from vggdsl.network.matching import normal_form, numbered
from vggdsl.network.ops import FC, Conv
from vggdsl.network.partly import pair_alike
from vggdsl.network.weights import weight_shapes
from vggdsl.spec.spec import parse
from vggdsl.text.errors import VggdslError


def ending_in(graph: TypedGraph, last: Node, op: Conv | FC) -> TypedGraph:
    """The network with another classifier in the place of the ``last`` layer."""
    nodes = tuple(replace(node, op=op) if node is last else node for node in graph.graph.nodes)
    try:
        return infer(Graph(nodes))
    except VggdslError:  # it is a branch of a sum
        assume(False)
        raise


def numbers_of(*both: TypedGraph) -> tuple[dict[str, int], ...]:
    numbers: dict[object, int] = {}
    return tuple(numbered(normal_form(graph), numbers) for graph in both)


@given(graphs())
def test_a_network_with_another_end_is_paired_up_to_that(graph: TypedGraph) -> None:
    """Whole, where nothing but the number of classes is another one."""
    last = graph.graph.classifier
    assume(last is not None and isinstance(last.op, Conv | FC) and getattr(last.op, "groups", 1) == 1)
    assert last is not None
    assert isinstance(last.op, Conv | FC)
    wider = replace(last.op, channels=97) if isinstance(last.op, Conv) else replace(last.op, features=97)
    for other in (ending_in(graph, last, wider), ending_in(graph, last, replace(last.op, bias=not last.op.bias))):
        pairs = pair_alike(normal_form(other), normal_form(graph))
        here, there = numbers_of(other, graph)
        layers = {name.rpartition(".")[0] for name in weight_shapes(other)}
        assert len(set(pairs.values())) == len(pairs)
        assert all(here[a] == there[b] for a, b in pairs.items() if here[a] in there.values())
        if other[last.name].node.op == wider:
            assert layers <= pairs.keys()
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
