"""What papers argue of convolutions in a row, against networks that have them, or one in their place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vggdsl.network.infer import TypedGraph
from vggdsl.network.stacks import Rows
from vggdsl.spec.parsing import parse

SIDES = st.sampled_from([1, 3, 5, 7])
KERNELS = st.tuples(SIDES, SIDES).filter(lambda kernel: kernel != (1, 1))
BETWEEN = st.sampled_from(["ReLU", "BN ReLU", "ReLU dropout-0.5", "tanh"])


def typed(layers: str, channels: int = 8) -> TypedGraph:
    return parse(f"input 16x20x{channels}\n{layers}\nFC-3 softmax").typed


@given(st.lists(KERNELS, min_size=2, max_size=4), st.integers(1, 12), BETWEEN)
def test_a_stack_sees_as_one_convolution_does_that_has_the_weights_it_says(
    kernels: list[tuple[int, int]], channels: int, between: str
) -> None:
    graph = typed(" ".join(f"conv{h}x{w}-{channels} {between}" for h, w in kernels), channels)
    *_, last = convs = [t for t in graph.nodes if t.name.startswith("conv")]
    rows = Rows(graph.nodes)
    stack = rows.stack(last)
    assert stack is not None
    assert [rows.stack(t) for t in convs[:-1]] == [None] * (len(convs) - 1)
    (one,) = (t for t in typed(f"conv{stack.field}-{channels} tanh", channels).nodes if t.name.startswith("conv"))
    assert one.receptive_field == last.receptive_field == stack.field
    assert stack.weights == sum(t.params.weights for t in convs)
    assert stack.instead == one.params.weights


@given(st.integers(1, 64), st.integers(1, 64), st.sampled_from(["3", "5", "1x7"]), st.integers(1, 2), BETWEEN)
def test_a_reduction_is_told_where_it_saves_and_by_what(
    before: int, after: int, kernel: str, stride: int, between: str
) -> None:
    second = f"conv{kernel}-16/{stride} {between}"
    graph, without = typed(f"conv1-{after} {between} {second}", before), typed(second, before)
    first, last, alone = graph["conv1_1"], graph["conv1_2"], without["conv1_1"]
    params, macs = first.params.learnable + last.params.learnable, first.macs + last.macs
    found = Rows(graph.nodes).reduction(last)
    saves = after < before and params < alone.params.learnable and macs < alone.macs
    assert (found is not None) is saves
    if found is not None:
        assert (found.before, found.after, found.params, found.macs) == (before, after, params, macs)
        assert (found.params_without, found.macs_without) == (alone.params.learnable, alone.macs)


@pytest.mark.parametrize(
    "layers",
    [
        "conv1-16 groups=2 ReLU conv3-64 ReLU",
        "conv1-16 ReLU conv3-64 groups=2 ReLU",
        "conv1-16/2 ReLU conv3-64 ReLU",
        "conv1-16 pad=1 ReLU conv3-64 ReLU",
        "conv1-16 ReLU maxpool conv3-64 ReLU",
        "conv1-16 ReLU conv1-64 ReLU",
        "conv1-16 ReLU concat[ conv3-64 ReLU | conv1-8 ReLU ]",
    ],
)
def test_what_is_no_reduction_for_the_convolution_behind_it(layers: str) -> None:
    graph = typed(layers, 64)
    rows = Rows(graph.nodes)
    assert [rows.reduction(t) for t in graph.nodes] == [None] * len(graph.nodes)
