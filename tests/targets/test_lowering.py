"""The two lowerings against each other, against the arithmetic, and against libraries' own networks."""

import copy
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
import torch
import torchvision
from hypothesis import assume, given
from hypothesis import strategies as st
from profiles import fewer, mostly_thorough
from refusals import refusal
from strategies import (
    BY_OP,
    MERGING,
    POINT,
    SAME,
    SIDE,
    Merged,
    Net,
    One,
    Part,
    branching,
    branching_with_heads,
    chain,
    convs,
    graph_of,
    graphs,
    nets,
    pool_windows,
    sizes,
    takes,
    texts_of,
)
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from vggdsl.language.dictionary import LayerKind
from vggdsl.network.graph import Graph
from vggdsl.network.infer import TypedGraph, TypedHead, TypedNode, infer
from vggdsl.network.ops import (
    FC,
    LRN,
    Activation,
    AvgPool,
    BatchNorm,
    Conv,
    Dropout,
    GlobalAvgPool,
    Identity,
    Input,
    MaxPool,
    Op,
    Softmax,
)
from vggdsl.network.passes.fold_batch_norm import fold_batch_norm
from vggdsl.network.shapes import Pair, Shape, Sides, Window
from vggdsl.network.weights import Array, weight_shapes, without_heads
from vggdsl.spec.parsing import load, parse
from vggdsl.targets.folding import fold_weights
from vggdsl.targets.onnx import save, to_onnx
from vggdsl.targets.opsets import USUAL, highest
from vggdsl.targets.runtime import open_session
from vggdsl.targets.torch import Network, TrainingOutput, load_weights, to_torch, weights, without_weights
from vggdsl.targets.verify import difference, verify_onnx
from vggdsl.text.errors import VggdslError

TOLERANCE = 1e-4
P3 = Window(Pair(3, 3), Pair(2, 2), Pair(1, 1))
SMALL: list[list[Op]] = [
    [Input(Shape(3, 12, 15)), Conv(6, P3, 3), BatchNorm(), Activation("ReLU"), MaxPool(P3), FC(5)],
    [
        Input(Shape(4, 11, 9)),
        Conv(6, P3, bias=False),
        Activation("GELU"),
        LRN(),
        AvgPool(P3),
        FC(5),
        BatchNorm(),
    ],
]


def network_with_statistics(graph: TypedGraph, seed: int = 0) -> Network:
    """In eval mode, with biases and running statistics that matter."""
    network = to_torch(graph, seed=seed).eval()
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if name.endswith(".running_var"):
                tensor.uniform_(0.5, 2, generator=random)
            elif tensor.dim() == 1:  # biases, BN's scales and shifts, running means
                tensor.add_(0.3 * torch.randn(tensor.shape, generator=random))
    return network


def batch(graph: TypedGraph, n: int, seed: int = 0) -> Tensor:
    return torch.randn(n, *graph.input.chw, generator=torch.Generator().manual_seed(seed))


def run_onnx(model: ir.Model, x: Tensor) -> np.ndarray:
    proto = ir.to_proto(model)
    onnx.checker.check_model(proto, full_check=True)
    (out,) = open_session(proto.SerializeToString(), threads=1).run(None, {"input": x.numpy()})
    return np.asarray(out)


def assume_well_conditioned(network: Network, x: Tensor) -> None:
    """Where the values of a group are nearly one, normalising it makes of rounding errors what it makes of values;
    and where the mean of a normalised group is taken, nothing but rounding errors is left."""
    norms = [module for module in network.modules() if isinstance(module, nn.GroupNorm)]
    largest, given_on = list[float](), list[float]()

    def watch(norm: nn.Module, given: tuple[Tensor], out: Tensor) -> None:
        assert isinstance(norm, nn.GroupNorm)
        groups = given[0].reshape(len(given[0]), norm.num_groups, -1)
        spread = (groups.var(2, unbiased=False) + norm.eps).sqrt()
        largest.append(float((groups.mean(2).abs() / spread).max()))
        given_on.append(float(out.abs().max()))

    if not norms:
        return
    hooks = [norm.register_forward_hook(watch) for norm in norms]
    with torch.inference_mode():
        left = float(network(x).abs().max())
    for hook in hooks:
        hook.remove()
    assume(max(largest, default=0.0) <= 30)
    assume(left >= 1e-3 * max(given_on, default=0.0))


def assume_sums_do_not_cancel(network: Network, x: Tensor, seed: int) -> None:
    """A last sum whose terms are a thousand times itself has a thousand times their rounding, on any machine.

    Measured without the other side: in double precision, with every layer's values and the image off by 2^-22 (four
    roundings), no leading part of the batch may be off by a tenth of what is allowed between the sides.
    """
    random = torch.Generator().manual_seed(seed)

    def off(values: Tensor) -> Tensor:
        return values * (1 + 2**-22 * torch.randn(values.shape, generator=random, dtype=torch.float64))

    double, x = copy.deepcopy(network).double(), x.double()
    with torch.inference_mode():
        exact = double(x)
        for module in double.modules():
            if not [*module.children()]:
                module.register_forward_hook(lambda module, given, out: off(out))
        shift = (double(off(x)) - exact).abs()
    assume(all(shift[:n].max() <= TOLERANCE / 10 * exact[:n].abs().max() for n in range(1, len(x) + 1)))


# -- properties


def shapes_in_torch(graph: TypedGraph, network: Network) -> tuple[dict[str, Shape], Tensor | TrainingOutput]:
    """The shape that every layer gives, and the network's output, for two images."""
    seen: dict[str, Shape] = {}

    def watch(name: str, module: nn.Module) -> None:
        def hook(module: nn.Module, args: object, out: Tensor) -> None:
            seen[name] = Shape(*out.shape[1:]) if out.dim() == 4 else Shape(out.shape[1], 1, 1)

        module.register_forward_hook(hook)

    for name, module in network.named_modules():
        if name in graph.by_name:
            watch(name, module)
    out = network(batch(graph, 2))
    return seen, out


def shapes(nodes: Sequence[TypedNode]) -> dict[str, Shape]:
    """Those of the layers that a module has."""
    return {t.name: t.shape for t in nodes if not isinstance(t.node.op, Softmax | Input)}


@given(graphs())
def test_every_shape_is_torchs(graph: TypedGraph) -> None:
    seen, out = shapes_in_torch(graph, to_torch(graph).eval())
    assert seen == shapes(graph.nodes)
    c, h, w = graph.output.chw
    assert isinstance(out, Tensor)
    assert tuple(out.shape) == ((2, c) if h == w == 1 else (2, c, h, w))


@fewer
@given(branching_with_heads)
def test_every_shape_in_training_is_torchs(graph: TypedGraph) -> None:
    network = to_torch(graph)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.eval()  # on one position it can't train
    seen, out = shapes_in_torch(graph, network)
    assert seen == shapes(graph.training_nodes)
    assert isinstance(out, TrainingOutput)
    assert [tuple(each.shape) for each in (out.logits, *out.aux)] == [(2, graph.output.c)] * (1 + len(graph.heads))


@fewer
@given(branching)
def test_heads_change_nothing_at_inference(graph: TypedGraph) -> None:
    network = network_with_statistics(graph)
    alone = without_weights(graph.inference).eval()
    load_weights(alone, without_heads(graph, weights(network)))
    x = batch(graph, 2)
    with torch.inference_mode():
        assert torch.equal(network(x), alone(x))
    assert (graph.inference.params, graph.inference.macs) == (graph.params, graph.macs)
    assert sum(p.numel() for p in alone.parameters()) == graph.params
    theirs, ours = (to_onnx(each, weights(net)) for each, net in ((graph, network), (graph.inference, alone)))
    assert ir.to_proto(theirs).SerializeToString() == ir.to_proto(ours).SerializeToString()


@fewer
@given(branching_with_heads, st.integers(0, 2**32 - 1))
def test_training_gives_what_evaluation_does_and_the_heads(graph: TypedGraph, seed: int) -> None:
    """Where chance and batch statistics are out of play."""
    network = network_with_statistics(graph, seed)
    x = batch(graph, 2, seed)
    with torch.inference_mode():
        expected = network(x)
        network.training = True  # the modules in it stay in evaluation
        out = network(x)
        for head, aux in zip(graph.heads, out.aux, strict=True):
            values = to_torch(alone(graph, head)).eval()
            load_weights(values, {n: w for n, w in weights(network).items() if n in weight_shapes(values.typed)})
            assert torch.equal(values(x), aux)
    assert torch.equal(out.logits, expected)


def alone(graph: TypedGraph, head: TypedHead) -> TypedGraph:
    """What leads to an auxiliary classifier, as a network."""
    nodes = [t.node for t in (*graph.nodes, *head.nodes)]
    needed = {head.nodes[-1].name}
    for node in reversed(nodes):
        needed |= set(node.inputs) if node.name in needed else set()
    return infer(Graph(tuple(node for node in nodes if node.name in needed)))


def in_order(network: Network) -> list[Array]:
    """Its weights in the order of its layers; a label brings those that it names together in the state dict."""
    named = weights(network)
    nodes = network.typed.training_nodes
    return [value for t in nodes for name, value in named.items() if name.rpartition(".")[0] == t.name]


@pytest.mark.parametrize("label", ["", "l1: "])
def test_a_label_leaves_what_is_drawn(label: str) -> None:
    merge = "add[ identity | BN aux 0.3 { FC-1 } BN ]"
    network = to_torch(parse(f"input 3x3x1 global-avgpool {label}{merge} FC-1 aux 0.3 {{ FC-1 }} FC-1").typed, seed=0)
    plain = to_torch(parse(f"input 3x3x1 global-avgpool {merge} FC-1 aux 0.3 {{ FC-1 }} FC-1").typed, seed=0)
    assert len(in_order(network)) == len(weights(network))
    assert all(map(np.array_equal, in_order(network), in_order(plain)))


@fewer
@given(st.data(), nets(), st.integers(0, 2**32 - 1))
def test_a_text_computes_what_its_network_does(data: st.DataObject, net: Net, seed: int) -> None:
    """Whatever labels and blocks make of the names."""
    typed = parse(data.draw(texts_of(net))).typed
    x, ours, theirs = batch(typed, 2, seed), to_torch(typed, seed=seed), to_torch(graph_of(net), seed=seed)
    assert all(map(np.array_equal, in_order(ours), in_order(theirs)))
    assume_well_conditioned(ours.eval(), x)
    assume_sums_do_not_cancel(ours, x, seed)
    with torch.inference_mode():
        expected = ours(x)
        assert torch.equal(expected, theirs.eval()(x))
    exported = run_onnx(to_onnx(typed, weights(ours), logits=True), x)
    assert difference(exported, expected.numpy()).max_rel <= TOLERANCE


@given(graphs(), st.integers(0, 2**32 - 1))
def test_the_same_seed_draws_the_same_weights(graph: TypedGraph, seed: int) -> None:
    one, same = weights(to_torch(graph, seed=seed)), weights(to_torch(graph, seed=seed))
    assert one.keys() == same.keys()
    assert all(np.array_equal(one[name], same[name]) for name in one)


@given(graphs())
def test_weights_go_out_and_in(graph: TypedGraph) -> None:
    network, other = network_with_statistics(graph), without_weights(graph).eval()
    saved = weights(network)
    load_weights(other, saved)
    loaded = weights(other)
    assert list(saved) == list(loaded)
    assert all(np.array_equal(saved[name], loaded[name]) for name in saved)
    x = batch(graph, 1)
    with torch.inference_mode():
        assert torch.equal(network(x), other(x))


def test_positions_of_every_small_pool_are_torchs() -> None:
    for n, k, s, ceil in product(range(1, 13), range(1, 5), range(1, 5), (False, True)):
        for p in range(k // 2 + 1):
            if k <= n + 2 * p:
                theirs = nn.MaxPool2d((k, 1), (s, 1), (p, 0), ceil_mode=ceil)(torch.zeros(1, n, 1))
                ours = Window(Pair(k, 1), Pair(s, 1), Pair(p, 0), ceil=ceil).positions(Pair(n, 1))
                assert (theirs.shape[1], 1) == ours, (n, k, s, p, ceil)


@given(graphs())
def test_counts_are_torchs(graph: TypedGraph) -> None:
    network = to_torch(graph)
    state = weights(network)
    assert sum(p.numel() for p in network.parameters()) == graph.training_params
    own = without_heads(graph, state)
    assert sum(array.size for array in own.values()) == graph.total_params
    assert {name: array.shape for name, array in own.items()} == weight_shapes(graph.inference)
    assert {name: array.shape for name, array in state.items()} == weight_shapes(graph)
    for typed in graph.training_nodes:
        parameters = [p for name, p in network.named_parameters() if name.rpartition(".")[0] == typed.name]
        assert sum(p.numel() for p in parameters) == typed.params.learnable


@given(graphs())
def test_macs_are_half_of_torchs_flops(graph: TypedGraph) -> None:
    network = to_torch(graph).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(batch(graph, 1))
    assert counter.get_total_flops() == 2 * graph.macs


@fewer
@given(
    graphs(), st.booleans(), st.booleans(), st.sampled_from([None, 11, 14, 20, highest()]), st.integers(0, 2**32 - 1)
)
def test_onnx_is_torch(graph: TypedGraph, fold: bool, logits: bool, opset: int | None, seed: int) -> None:
    network = network_with_statistics(graph, seed)
    x = batch(graph, 3, seed)
    assume_well_conditioned(network, x)
    assume_sums_do_not_cancel(network, x, seed)
    usual = to_onnx(graph, weights(network), fold=fold, logits=logits)
    needed = usual.opset_imports[""]
    if opset is not None and opset < needed and needed > USUAL:
        assert refusal(lambda: to_onnx(graph, weights(network), opset=opset)).code == "V525"
        opset = None
    elif opset is not None and any(t.node.op == Softmax() and t.shape.h * t.shape.w > 1 for t in graph.nodes):
        opset = max(opset, USUAL)
    model = usual if opset is None else to_onnx(graph, weights(network), fold=fold, logits=logits, opset=opset)
    with torch.inference_mode():
        expected = network(x)
    assert torch.isfinite(expected).all()
    tolerance = TOLERANCE
    if graph.graph.has_softmax and not logits:
        tolerance *= max(1.0, float(expected.abs().max()))
        expected = expected.softmax(1)
    assert difference(run_onnx(model, x), expected.numpy()).max_rel <= tolerance
    for n in (1, 2):
        assert difference(run_onnx(model, x[:n]), expected[:n].numpy()).max_rel <= tolerance


@fewer
@given(graphs(), st.integers(0, 2**32 - 1))
def test_folded_is_unfolded(graph: TypedGraph, seed: int) -> None:
    network = network_with_statistics(graph, seed)
    folded = fold_batch_norm(graph.graph)
    again = to_torch(infer(folded.graph)).eval()
    load_weights(again, fold_weights(folded.folds, without_heads(graph, weights(network))))
    x = batch(graph, 2, seed)
    assume_well_conditioned(network, x)
    assume_sums_do_not_cancel(network, x, seed)
    with torch.inference_mode():
        assert difference(again(x).numpy(), network(x).numpy()).max_rel <= TOLERANCE
    uses = Counter(name for node in folded.graph.nodes for name in node.inputs)
    for node in folded.graph.nodes:
        if isinstance(node.op, BatchNorm):
            before = folded.graph[node.inputs[0]]
            assert not isinstance(before.op, Conv | FC) or uses[before.name] > 1
    kept = [n.name for n in folded.graph.nodes]
    norms = {fold.norm for fold in folded.folds}
    assert kept == [n.name for n in graph.graph.nodes if n.name not in norms]


CEIL = replace(P3, ceil=True)
SIDED = replace(P3, pad=Sides(0, 1, 1, 0))
MAP, VECTOR = Shape(6, 10, 8), Shape(8, 1, 1)
WITHOUT_WINDOW = [kind for kinds in BY_OP.values() for kind in kinds]


def _sizes(kind: LayerKind) -> list[int]:
    """The least and the largest small number that does for both."""
    fit = [n for n in sizes(kind, MAP, 11) if n in sizes(kind, VECTOR, 11)]
    return [fit[0], fit[-1]]


SINGLE: list[Op] = [
    *(LRN(n, alpha=0.5) for n in range(1, 8)),
    *(pool(window) for pool in (MaxPool, AvgPool) for window in (P3, SIDED, CEIL, replace(CEIL, pad=Pair(0, 0)))),
    *(kind.make() for kind in WITHOUT_WINDOW if kind.form == "PLAIN" and kind.op is not LRN),
    *(kind.make(0.5) for kind in WITHOUT_WINDOW if kind.form == "RATED"),
    *(kind.make(number) for kind in WITHOUT_WINDOW if kind.form == "CURVED" for number in (None, 0.1, 0.25)),
    *(kind.make(n) for kind in WITHOUT_WINDOW if kind.form == "SIZED" for n in _sizes(kind)),
    BatchNorm(eps=0.1),
]


@pytest.mark.parametrize("op", SINGLE, ids=str)
def test_each_op_in_onnx_is_torchs(op: Op) -> None:
    """One by one, on a map and on a vector, whatever the properties happen to draw."""
    conv = Conv(6, Window(Pair(2, 2)))
    for ops, x in (([conv], MAP), ([conv, FC(8)], VECTOR)):
        assert chain(Input(Shape(3, 11, 9)), *ops).output == x
        if not isinstance(op, MaxPool | AvgPool) or takes(op, x):
            agree(chain(Input(Shape(3, 11, 9)), *ops, op))


def test_the_shortcut_without_parameters_takes_every_second_pixel_and_puts_zeros_behind() -> None:
    graph = parse("input 5x6x3\nReLU maxpool1/2 widen-5").typed
    x = batch(graph, 2).abs()
    assert torch.equal(to_torch(graph)(x), torch.cat([x[:, :, ::2, ::2], torch.zeros(2, 2, 3, 3)], dim=1))
    graph = parse("input 5x6x3\nReLU global-avgpool FC-3 widen-5").typed
    out = to_torch(graph)(x)
    assert out.shape == (2, 5)
    assert torch.equal(out[:, 3:], torch.zeros(2, 2))
    assert out[:, :3].all()


@pytest.mark.parametrize(("word", "value"), [("LeakyReLU", -0.3), ("ELU", 0.3 * np.expm1(-1.0))])
def test_the_constant_of_a_function_is_that_which_is_written(word: str, value: float) -> None:
    graph = parse(f"input 1x1x2\n{word}-0.3").typed
    x = torch.tensor([[-1.0, 2.0]])[:, :, None, None]
    expected = np.array([[value, 2.0]], np.float32)
    np.testing.assert_allclose(to_torch(graph)(x).numpy(), expected, rtol=1e-6)
    model = to_onnx(graph, {})
    np.testing.assert_allclose(run_onnx(model, x), expected, rtol=1e-6)
    assert model.graph[0].attributes["alpha"].as_float() == 0.3


def test_each_side_is_padded_by_itself() -> None:
    """Above, below, left, right; a maximum of negative values isn't that of the padding."""
    x = -torch.arange(1.0, 5.0).reshape(1, 1, 2, 2)
    graph = parse("input 2x2x1\nafter conv: none\nconv1-1 pad=1,0,0,2 bias=no").typed
    network = to_torch(graph)
    load_weights(network, {"conv1_1.weight": np.ones((1, 1, 1, 1), np.float32)})
    expected = torch.tensor([[0.0, 0, 0, 0], [-1, -2, 0, 0], [-3, -4, 0, 0]])
    assert torch.equal(network(x)[0, 0].detach(), expected)
    np.testing.assert_array_equal(run_onnx(to_onnx(graph, weights(network)), x)[0, 0], expected.numpy())
    for text, values in (("maxpool2/1", [[-1.0, -2], [-3, -4]]), ("avgpool2/1", [[-2.5, -1.5], [-1.75, -1]])):
        graph = parse(f"input 2x2x1\n{text} pad=0,1,0,1").typed
        assert torch.equal(to_torch(graph)(x)[0, 0], torch.tensor(values))
        np.testing.assert_array_equal(run_onnx(to_onnx(graph, {}), x)[0, 0], np.array(values, np.float32))


def test_an_input_alone() -> None:
    agree(chain(Input(Shape(3, 4, 4)), Identity()))
    agree(chain(Input(Shape(3, 1, 1)), Identity()))


def test_two_norms_fold() -> None:
    norms = (BatchNorm(), BatchNorm(0.1))
    graph = chain(Input(Shape(3, 5, 5)), Conv(4, P3, bias=False), *norms, FC(5, bias=False), *norms)
    assert [fold.layer for fold in fold_batch_norm(graph.graph).folds] == ["conv1", "conv1", "fc4", "fc4"]
    agree(graph)


def test_a_norm_whose_input_is_used_twice_stays() -> None:
    start, conv, norm, relu = chain(*SMALL[0][:4]).graph.nodes
    graph = infer(Graph((start, conv, norm, replace(relu, inputs=(conv.name,)))))
    assert fold_batch_norm(graph.graph).folds == ()
    agree(graph)


def agree(graph: TypedGraph) -> None:
    network, x = network_with_statistics(graph), batch(graph, 2)
    with torch.inference_mode():
        expected = network(x).numpy()
    assert difference(run_onnx(to_onnx(graph, weights(network)), x), expected).max_rel <= 1e-5


# -- receptive fields


@st.composite
def sliding(draw: st.DrawFn) -> list[Op]:
    """Up to three windows and no other arithmetic that could hide a gradient."""
    room = Shape(1, SIDE, SIDE)
    ops: list[Op] = [Input(room)]
    for _ in range(draw(st.integers(1, 3))):
        c = ops[-1].channels if isinstance(ops[-1], Conv) else 1
        conv = convs(Shape(c, SIDE, SIDE)).map(lambda conv: Conv(2, conv.window, 1))
        ops.append(draw(conv))
        if draw(st.booleans()):
            ops.append(draw(pool_windows(room).map(AvgPool)))
        if draw(st.booleans()):
            ops.append(Activation("ReLU"))
    return ops


@st.composite
def keeping(draw: st.DrawFn, deep: int = 2) -> tuple[Part, ...]:
    """Windows that keep the size, around their middle and beside it, one behind the other and side by side; two
    channels between them."""
    windows = [POINT, SAME, Window(Pair(5, 3), pad=Pair(2, 1)), Window(Pair(1, 3), pad=Pair(0, 2), dilation=Pair(1, 2))]
    windows += [Window(Pair(3, 2), pad=Sides(2, 0, 0, 1)), Window(Pair(2, 3), pad=Sides(0, 1, 0, 2))]
    parts: list[Part] = []
    for _ in range(draw(st.integers(1, 2))):
        if deep and draw(st.booleans()):
            branches = draw(st.lists(keeping(deep - 1), min_size=1, max_size=2))
            ended = [(*branch, One(Conv(2, POINT))) for branch in branches]
            parts.append(Merged(draw(st.sampled_from(MERGING)), (*ended, (One(Conv(2, POINT)),))))
        else:
            parts.append(One(Conv(2, draw(st.sampled_from(windows)))))
    return tuple(parts)


@given(sliding())
def test_receptive_field_is_where_gradients_reach(ops: list[Op]) -> None:
    check_receptive_field(lambda h, w: chain(Input(Shape(1, h, w)), *ops[1:]))


@given(keeping(), st.sampled_from([(), (One(AvgPool(Window(Pair(2, 2), Pair(2, 2)))),)]), keeping(0))
def test_receptive_field_of_branches_is_where_gradients_reach(
    before: tuple[Part, ...], pool: tuple[Part, ...], behind: tuple[Part, ...]
) -> None:
    check_receptive_field(lambda h, w: graph_of(Net(Shape(1, h, w), (*before, *pool, *behind))))


def check_receptive_field(made: Callable[[int, int], TypedGraph]) -> None:
    """``made`` for a height and a width: as large as fields beside padding need."""
    last = made(10_000, 10_000).nodes[-1]
    reach, steps = last.receptive_field, last.stride
    assume(max(reach) <= 100)
    h, w = (2 * r + 8 * s for r, s in zip(reach, steps, strict=True))
    graph = made(h, w)
    network = to_torch(graph).double().eval()
    with torch.no_grad():
        for p in network.parameters():
            p.copy_(p.abs() + 0.1)
    x = torch.rand(1, *graph.input.chw, dtype=torch.float64, requires_grad=True)
    out = network(x)
    out = out if out.dim() == 4 else out[:, :, None, None]
    # The first position whose field begins in the image, and the next; both end in it.
    row, column = (-(begin // step) for begin, step in zip(last.begins, steps, strict=True))
    first, second = (_support(x, out[0, 0, row + k, column + k]) for k in (0, 1))
    assert [low for low, _ in first] == [last.begins.h + row * steps.h, last.begins.w + column * steps.w]
    assert [high - low + 1 for low, high in first] == list(graph.receptive_field) == list(reach)
    assert [b[0] - a[0] for a, b in zip(first, second, strict=True)] == list(steps)


def _support(x: Tensor, y: Tensor) -> list[tuple[int, int]]:
    """First and last row, and column, of the input that a value depends on."""
    (grad,) = torch.autograd.grad(y, x, retain_graph=True)
    _, rows, columns = (grad[0] != 0).nonzero(as_tuple=True)
    return [(int(rows.min()), int(rows.max())), (int(columns.min()), int(columns.max()))]


# -- libraries' networks

VGG = {"vgg11": "vgg_a", "vgg13": "vgg_b", "vgg16": "vgg_d", "vgg19": "vgg_e"}


@pytest.mark.parametrize("name", mostly_thorough(VGG, kept=["vgg11"]))
def test_vggs_are_torchvisions(name: str) -> None:
    theirs = getattr(torchvision.models, name)().eval()
    graph = load(VGG[name]).typed
    assert list(weight_shapes(graph).values()) == [tuple(p.shape) for p in theirs.parameters()]
    network = without_weights(graph).eval()
    given = [p.numpy() for p in theirs.state_dict().values()]
    load_weights(network, dict(zip(weight_shapes(graph), given, strict=True)))
    x = batch(graph, 1)
    with torch.inference_mode():
        assert difference(network(x).numpy(), theirs(x).numpy()).max_rel <= 1e-6


@pytest.mark.parametrize("ops", SMALL)
def test_onnx_is_what_torch_exports(ops: list[Op], tmp_path: Path) -> None:
    pytest.importorskip("onnxscript", reason="torch.onnx.export(dynamo=True) needs onnxscript")
    graph = chain(*ops)
    network = network_with_statistics(graph)
    x = batch(graph, 3)
    torch.onnx.export(network, (x,), tmp_path / "traced.onnx", dynamo=True, verbose=False)
    session = open_session(str(tmp_path / "traced.onnx"))
    (traced,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    assert difference(run_onnx(to_onnx(graph, weights(network)), x), np.asarray(traced)).max_rel <= TOLERANCE


# -- the ONNX graph


def test_onnx_bears_the_specs_names() -> None:
    conv = Conv(4, Window(Pair(3, 3)))
    graph = chain(Input(Shape(3, 8, 8)), conv, BatchNorm(), Dropout(0.5), FC(5), Softmax(), label="3a.")
    values = weights(to_torch(graph))
    model = to_onnx(graph, values, metadata={"spec": "x.arch"}, name="x")
    assert [n.name for n in model.graph] == ["3a.conv1", "3a.fc4.flatten", "3a.fc4", "3a.softmax5"]
    assert list(model.graph.initializers) == [
        "3a.conv1.weight", "3a.conv1.bias", "3a.fc4.weight", "3a.fc4.bias",
    ]  # fmt: skip
    assert (model.opset_imports, model.ir_version) == ({"": 13}, 7)
    assert (model.producer_name, model.graph.name) == ("vggdsl", "x")
    assert not {*model.graph.initializers} & {info.name for info in ir.to_proto(model).graph.value_info}
    assert model.metadata_props == {"spec": "x.arch"}
    (x,), (y,) = model.graph.inputs, model.graph.outputs
    assert (x.name, str(x.shape), y.name, str(y.shape)) == ("input", "[N,3,8,8]", "probabilities", "[N,5]")
    plain = to_onnx(graph, values, fold=False, logits=True)
    assert [n.op_type for n in plain.graph] == ["Conv", "BatchNormalization", "Flatten", "Gemm"]
    assert plain.graph.outputs[0].name == "logits"


# -- verification


def test_saturated_probabilities_hide_nothing(tmp_path: Path) -> None:
    graph = chain(*SMALL[0], Softmax())
    network = network_with_statistics(graph)
    values = weights(network)
    fc, conv = (next(n for n in values if n.startswith(kind) and n.endswith(".weight")) for kind in ("fc", "conv"))
    values[fc] = values[fc] * 200
    load_weights(network, values)
    save(to_onnx(graph, values), tmp_path / "right.onnx")
    assert verify_onnx(tmp_path / "right.onnx", network).max_rel <= 1e-5
    save(to_onnx(graph, {**values, conv: values[conv] * np.float32(1.1)}), tmp_path / "wrong.onnx")
    assert refusal(lambda: verify_onnx(tmp_path / "wrong.onnx", network)).code == "V521"


def test_a_wrong_softmax_is_found(tmp_path: Path) -> None:
    graph = chain(*SMALL[0], Softmax())
    network = network_with_statistics(graph)
    for op_type, said in (("LogSoftmax", "don't come from a softmax"), ("Softmax", "softmax of its logits")):
        model = to_onnx(graph, weights(network))
        node = model.graph[-1]
        assert node.op_type == "Softmax"
        node.op_type = op_type
        node.attributes["axis"] = ir.AttrInt64("axis", 0)
        save(model, tmp_path / "x.onnx")
        with pytest.raises(VggdslError) as caught:
            verify_onnx(tmp_path / "x.onnx", network)
        assert said in str(caught.value)


def test_weights_beside_the_file_are_verified_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vggdsl.targets.onnx.LARGEST", 1)
    graph = chain(*SMALL[0], GlobalAvgPool(), Softmax())
    network = network_with_statistics(graph)
    save(to_onnx(graph, weights(network)), tmp_path / "x.onnx")
    assert (tmp_path / "x.onnx.data").exists()
    assert verify_onnx(tmp_path / "x.onnx", network).max_rel <= TOLERANCE


@pytest.mark.parametrize(
    ("end", "name"),
    [("FC-3 softmax", "probabilities"), ("FC-3", "logits"), ("FC-3 sigmoid", "output"), ("FC-3 BN", "logits")],
)
def test_an_output_is_called_what_it_is(end: str, name: str) -> None:
    graph = parse(f"input 4x4x1 {end}").typed
    assert to_onnx(graph, weights(to_torch(graph)), fold=False).graph.outputs[0].name == name
