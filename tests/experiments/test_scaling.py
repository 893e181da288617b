"""The arithmetic of steps on several GPUs: against PyTorch's own buckets, and what holds whatever the figures."""

import runpy
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed
from hypothesis import given
from hypothesis import strategies as st

import vggdsl
from vggdsl.spec.spec import Spec

SCRIPT: Any = runpy.run_path(str(Path(vggdsl.__file__).parents[1] / "examples" / "scaling.py"))
NETWORKS = ("vgg_d", "resnet/resnet50", "mini_vgg", "googlenet")
DISTRIBUTED: Any = torch.distributed
"""Whose buckets are nobody's to import."""
Machines, step = SCRIPT["Machines"], SCRIPT["step"]


@pytest.fixture(scope="module")
def specs() -> dict[str, Spec]:
    return {name: vggdsl.load(name) for name in NETWORKS}


@given(st.lists(st.integers(1, 30_000_000), min_size=1, max_size=60))
def test_buckets_are_those_of_pytorch(sizes: list[int]) -> None:
    ready = [(float(i), 4 * size) for i, size in enumerate(sizes)]
    tensors = [torch.empty(1).expand(size) for size in sizes]
    indices, _ = DISTRIBUTED._compute_bucket_assignment_by_size(tensors, [1 << 20, 25 << 20])
    expected = [(float(max(each)), 4 * sum(sizes[i] for i in each)) for each in indices]
    assert SCRIPT["buckets"](ready) == expected


@pytest.mark.parametrize("name", NETWORKS)
def test_all_gradients_are_there_by_the_end_of_the_backward_pass(name: str, specs: dict[str, Spec]) -> None:
    spec = specs[name]
    ready = [*SCRIPT["gradients"](spec, 3.0)]
    times = [time for time, _ in ready]
    assert times == sorted(times)
    assert 1 <= times[0] <= times[-1] <= 3 + 1e-9
    assert sum(size for _, size in ready) == 4 * spec.typed.params
    assert times[-1] == pytest.approx(3), "the first layer has weights"


@given(st.sampled_from(NETWORKS), st.floats(1e-4, 1), st.integers(2, 512), st.floats(1e8, 1e12))
def test_a_step_lies_between_its_parts(
    specs: dict[str, Spec], name: str, compute: float, gpus: int, rate: float
) -> None:
    spec = specs[name]
    found, faster = (step(spec, compute, Machines(gpus, "", r, 1)) for r in (rate, 2 * rate))
    last = SCRIPT["buckets"]([*SCRIPT["gradients"](spec, compute)])[-1][1]
    whole = SCRIPT["ring"](4 * spec.typed.params, gpus, rate)
    assert found.reduce == pytest.approx(whole)
    assert max(compute + SCRIPT["ring"](last, gpus, rate), compute / 3 + whole) <= found.total * (1 + 1e-9)
    assert found.total <= (compute + whole) * (1 + 1e-9)
    assert faster.total <= found.total
    assert faster.reduce == pytest.approx(found.reduce / 2)


def test_the_ring_sends_what_it_is_known_to_send() -> None:
    """Of two GPUs each sends all once; of many, twice. At 400 Gb/s and 80 %, 40 GB go out in a second."""
    assert SCRIPT["ring"](40e9, 2, 50e9) == pytest.approx(1)
    assert SCRIPT["ring"](40e9, 10**9, 50e9) == pytest.approx(2)


def test_vgg_is_as_fast_as_it_was_measured(specs: dict[str, Spec]) -> None:
    assert SCRIPT["images_a_second"](specs["vgg_d"], 0.42) == pytest.approx(3480, rel=0.001)


def test_the_page_s_figures_of_fc6(specs: dict[str, Spec]) -> None:
    """Those that stand in the text behind the table, which the pages' test holds."""
    vgg = specs["vgg_d"]
    ready, size = max(SCRIPT["buckets"]([*SCRIPT["gradients"](vgg, 256 / 3480)]), key=lambda bucket: bucket[1])
    assert (round(1000 * ready, 1), round(1000 * (256 / 3480 - ready), 1), round(size / 1e6)) == (24.9, 48.7, 411)
    fc6 = vgg.typed["fc6"]
    assert (round(100 * fc6.params.learnable / vgg.typed.params), round(100 * fc6.macs / vgg.typed.macs, 1)) == (
        74,
        0.7,
    )
    sent = [round(1000 * SCRIPT["ring"](size, on.gpus, on.rate), 1) for on in SCRIPT["CLUSTERS"]]
    assert sent == [2.0, 2.5, 80.9]
    weights = [specs[name].typed.params * 4 / 1e6 for name in ("vgg_d", "resnet/resnet50")]
    assert [round(each) for each in weights] == [553, 102]
