"""What becomes of a layer in PyTorch is known as that layer in a module that others wrote."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import graphs
from torch import nn
from torch.nn import functional

from vggdsl.network.infer import TypedGraph
from vggdsl.network.ops import Activation, Conv, Merge, Shuffle, Softmax, Take, Widen
from vggdsl.network.shapes import Shape
from vggdsl.network.weights import COUNTER
from vggdsl.targets.modules import Untraceable, call_of, layer_of, lower


@given(graphs())
def test_a_layers_module_is_known_as_the_layer(graph: TypedGraph) -> None:
    """On a map and on a vector; merges and what moves channels are calls of functions in others' modules."""
    for typed in graph.training_nodes[1:]:
        op, x = typed.node.op, typed.x
        if isinstance(op, Merge | Shuffle | Softmax | Take | Widen):
            continue
        for flat in {False, x.h == x.w == 1}:
            with torch.device("meta"):
                module, _ = lower(op, x, flat)
            assert layer_of(module, x).plain(x).text == op.plain(x).text


@given(graphs())
def test_what_is_not_drawn_begins_as_torch_lets_it(graph: TypedGraph) -> None:
    for typed in graph.training_nodes:
        parts = typed.node.op.parts(typed.x)
        if not typed.node.op.weight_layer and parts:
            module, _ = lower(typed.node.op, typed.x, False)
            state = {name: tensor for name, tensor in module.state_dict().items() if name != COUNTER}
            assert {part.name: part.shape for part in parts} == {name: tuple(t.shape) for name, t in state.items()}
            assert all((state[part.name] == part.first).all() for part in parts)


@pytest.mark.parametrize(
    ("module", "op"),
    [
        (nn.LeakyReLU(0.1), Activation("LeakyReLU", 0.1)),
        (nn.LeakyReLU(0.01), Activation("LeakyReLU")),
        (nn.ELU(0.5), Activation("ELU", 0.5)),
        (nn.ELU(), Activation("ELU")),
    ],
    ids=str,
)
def test_a_functions_constant_is_read(module: nn.Module, op: Activation) -> None:
    assert layer_of(module, Shape(4, 8, 8)) == op


@given(st.tuples(st.integers(1, 5), st.integers(1, 5)), st.tuples(st.integers(1, 3), st.integers(1, 3)), st.booleans())
def test_the_same_padding_of_torch_is_on_the_sides_where_it_puts_it(
    kernel: tuple[int, int], dilation: tuple[int, int], is_same: bool
) -> None:
    theirs = nn.Conv2d(2, 3, kernel, padding="same" if is_same else "valid", dilation=dilation)
    shape = Shape(2, 13, 14)
    op = layer_of(theirs, shape)
    assert isinstance(op, Conv)
    ours, _ = lower(op, shape, False)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(1, *shape.chw)
    assert torch.allclose(ours(x), theirs(x), atol=1e-5)


def test_a_functions_constant_is_read_from_a_call() -> None:
    assert call_of(functional.leaky_relu, [0.2], {}, Shape(4, 8, 8)) == Activation("LeakyReLU", 0.2)
    assert call_of(functional.elu, [], {"alpha": 0.2}, Shape(4, 8, 8)) == Activation("ELU", 0.2)


@pytest.mark.parametrize(
    "module",
    [
        nn.GELU("tanh"),
        nn.BatchNorm2d(4, affine=False),
        nn.BatchNorm2d(5),
        nn.PReLU(),
        nn.Hardtanh(),
        nn.Softplus(),
    ],
    ids=str,
)
def test_what_computes_something_else_is_not(module: nn.Module) -> None:
    with pytest.raises(Untraceable):
        layer_of(module, Shape(4, 8, 8))
