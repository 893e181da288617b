"""What PyTorch's compiler is given: whole networks, whatever they hold, without a break."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from strategies import branching_with_heads
from torch import Tensor

from vggdsl.experiments.step import Compiled
from vggdsl.network.infer import TypedGraph
from vggdsl.targets.torch import Network, TrainingOutput

BATCH = 2


@settings(max_examples=settings().max_examples // 10)  # PyTorch traces a network for about a second
@given(typed=branching_with_heads)
def test_a_network_of_any_layers_is_compiled_as_one(typed: TypedGraph) -> None:
    network = Network(typed).train()
    images = torch.randn(BATCH, *network.typed.input.chw, generator=torch.Generator().manual_seed(0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
        compiled = Compiled(network, BATCH)
    found = [outputs_of(run, images) for run in (network, compiled)]
    for plain, ours in zip(*found, strict=True):
        assert torch.equal(plain.nan_to_num(), ours.nan_to_num()), "by the same kernels, here"


def outputs_of(run: Network | Compiled, images: Tensor) -> tuple[Tensor, ...]:
    with torch.random.fork_rng():
        torch.manual_seed(0)  # dropout
        out = run(images)
    return (out.logits, *out.aux) if isinstance(out, TrainingOutput) else (out,)
