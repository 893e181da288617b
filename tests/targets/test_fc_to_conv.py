"""A network as convolutions alone: the same on its own input, and at every place of a larger image."""

from itertools import product

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from profiles import fewer
from strategies import graphs
from torch.nn import functional

import vggdsl
from vggdsl.network.infer import TypedGraph
from vggdsl.network.ops import FC
from vggdsl.network.passes.fc_to_conv import fc_to_conv, of_size, on_maps
from vggdsl.spec.parsing import parse
from vggdsl.targets.torch import Network, load_weights, to_torch, weights, without_weights
from vggdsl.text.errors import ShapeError


def close(a: torch.Tensor, b: torch.Tensor) -> bool:
    """In single precision: convolutions and products of matrices add up in other orders."""
    return torch.allclose(a, b, rtol=1e-4, atol=1e-5 * max(1, float(b.abs().max())))


def settled(graph: TypedGraph, seed: int) -> Network:
    """With running statistics that normalise something."""
    network, random = to_torch(graph, seed=seed), torch.Generator().manual_seed(seed)
    for name, buffer in network.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(generator=random)
        elif name.endswith("running_var"):
            buffer.uniform_(0.5, 2, generator=random)
    return network.eval()


def dense(network: Network) -> Network:
    typed = network.typed.inference
    made = without_weights(of_size(fc_to_conv(typed), typed.input.h, typed.input.w))
    load_weights(made, on_maps(typed, weights(network)))
    return made.eval()


@fewer
@given(graphs(), st.integers(0, 2**32 - 1))
def test_on_the_networks_own_input_it_is_the_network(graph: TypedGraph, seed: int) -> None:
    network = settled(graph, seed)
    x = torch.randn(2, *graph.input.chw, generator=torch.Generator().manual_seed(seed))
    made = dense(network)
    assert not any(isinstance(t.node.op, FC) for t in made.typed.nodes)
    with torch.no_grad():
        ours, theirs = made(x), network(x)
    assert ours.shape == theirs.shape
    assert close(ours, theirs)


UNPADDED = (
    "conv1-3",
    "conv2-4 pad=0",
    "conv3-4 pad=0",
    "conv3-5/2 pad=0",
    "maxpool",
    "avgpool",
    "maxpool3/1",
    "BN",
    "ReLU",
)


@st.composite
def unpadded(draw: st.DrawFn) -> str:
    """Networks without borders: what they see of a crop is what they see of the image there."""
    layers = draw(st.lists(st.sampled_from(UNPADDED), min_size=1, max_size=5))
    end = draw(
        st.sampled_from(["FC-6 ReLU FC-3 softmax", "FC-3", "conv1-4 global-avgpool FC-3", "global-maxpool FC-3"])
    )
    h, w = draw(st.tuples(st.integers(8, 14), st.integers(8, 14)))
    return f"input {h}x{w}x2\n{' '.join(layers)} {end}"


@fewer
@given(unpadded(), st.integers(0, 9), st.integers(0, 9), st.integers(0, 2**32 - 1))
def test_on_a_larger_image_it_answers_as_the_network_at_each_place(text: str, h: int, w: int, seed: int) -> None:
    try:
        graph = parse(text).typed
    except vggdsl.VggdslError:
        assume(False)
        raise
    network, size = settled(graph, seed), graph.input
    x = torch.randn(1, size.c, size.h + h, size.w + w, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        (scores,) = dense(network)(x)
        scores = scores[:, None, None] if scores.dim() == 1 else scores
        stride = of_size(fc_to_conv(graph), size.h, size.w).nodes[-1].stride
        assert scores.shape[1] >= h // stride.h + 1
        assert scores.shape[2] >= w // stride.w + 1
        wider = torch.nn.functional.pad(
            x, (0, stride.w, 0, stride.h)
        )  # pixels at the end that no window of a crop sees
        for i, j in product(range(scores.shape[1]), range(scores.shape[2])):
            top, left = i * stride.h, j * stride.w
            (own,) = network(wider[:, :, top : top + size.h, left : left + size.w])
            assert close(scores[:, i, j], own)


@pytest.mark.parametrize("pool", ["avg", "max"])
def test_a_gate_weighs_channels_by_the_whole_image(pool: str) -> None:
    gate = f"conv3-4 global-{pool}pool conv1-4 sigmoid"
    graph = parse(f"input 8x8x3\nmul[ conv3-4 | {gate} ]\nglobal-avgpool FC-3 softmax").typed
    assert of_size(fc_to_conv(graph), 12, 14).output.chw == [3, 5, 7]
    network, x = settled(graph, 0), torch.randn(2, 3, 12, 14, generator=torch.Generator().manual_seed(1))
    own = {name: torch.from_numpy(array) for name, array in weights(network).items()}
    maps, seen = (
        functional.conv2d(x, own[f"{name}.weight"], own[f"{name}.bias"], padding=1) for name in ("conv1_1", "conv1_2")
    )
    of_all = seen.mean((2, 3), keepdim=True) if pool == "avg" else seen.amax((2, 3), keepdim=True)
    weighed = maps * functional.conv2d(of_all, own["conv1_3.weight"], own["conv1_3.bias"]).sigmoid()
    pooled = functional.avg_pool2d(weighed, 8, 1)
    expected = functional.conv2d(pooled, own["fc2.weight"][:, :, None, None], own["fc2.bias"])
    with torch.no_grad():
        assert close(dense(network)(x), expected)


@pytest.mark.parametrize("name", ["vgg_d", "alexnet", "googlenet", "resnet/resnet50", "mini_vgg"])
def test_networks_of_the_papers_take_larger_images(name: str) -> None:
    graph = vggdsl.load(name).typed.inference
    larger = of_size(fc_to_conv(graph), graph.input.h + 64, graph.input.w + 96)
    assert larger.output.c == graph.output.c
    assert larger.output.h > 1
    assert larger.output.w > larger.output.h, "the image is wider than high"
    assert larger.params == graph.params


def test_branches_that_disagree_on_a_larger_image_are_told() -> None:
    graph = parse("input 8x8x3\nadd[ conv3-4/2 | avgpool conv1-4 ]\nFC-3").typed
    assert of_size(fc_to_conv(graph), 10, 10)
    with pytest.raises(ShapeError):
        of_size(fc_to_conv(graph), 11, 10)


def test_groups_are_normalised_over_the_whole_image() -> None:
    graph = parse("input 8x8x3\nconv3-4 GN-2 FC-3").typed
    network, random = settled(graph, 0), torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(generator=random)
    x = torch.randn(2, 3, 10, 13, generator=random)
    own = {name: torch.from_numpy(array) for name, array in weights(network).items()}
    maps = functional.conv2d(x, own["conv1_1.weight"], own["conv1_1.bias"], padding=1)
    normal = functional.group_norm(maps.relu(), 2, own["gn1_1.weight"], own["gn1_1.bias"])
    expected = functional.conv2d(normal, own["fc2.weight"].reshape(3, 4, 8, 8), own["fc2.bias"])
    with torch.no_grad():
        found = dense(network)(x)
    assert found.shape == (2, 3, 3, 6)
    assert close(found, expected)
