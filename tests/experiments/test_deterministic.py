"""Recipes with `deterministic yes`: what is set for a GPU, and what is told of it."""

import os
import warnings
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from trainings import spec_with

from vggdsl.data.dataset import load_data
from vggdsl.experiments.device import Hardware, arithmetic, choose
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.loop import Unheard, fit
from vggdsl.experiments.prepare import Prepared
from vggdsl.spec.spec import Spec
from vggdsl.targets.torch import to_torch
from vggdsl.text.errors import Diagnostic


def prepared(spec: Spec) -> Prepared:
    recipe = spec.recipe()
    data = load_data(recipe, spec.typed.input, Path("/nowhere"))
    return Prepared(Experiment(spec, recipe), 0, data, data.normalisation("mean-std"), choose("cpu", "fp32"))


def test_it_counts_in_the_digest_where_it_is_said() -> None:
    digests = {spec_with(deterministic=said).recipe().digest for said in ("", "no", "yes")}
    assert len(digests) == 2


def test_what_is_to_be_deterministic_is_so_on_a_gpu_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def settings() -> tuple[bool, bool, int]:
        cudnn = torch.backends.cudnn
        return cudnn.deterministic, cudnn.benchmark, torch.get_deterministic_debug_mode()

    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)  # by which cuDNN may choose another kernel each time
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")  # what a user has set stays
    before = settings()
    gpu = Hardware(torch.device("cuda"), "bf16")
    for hardware, asked, expected in (
        (gpu, True, (True, False, 1)),
        (gpu, False, before),
        (choose("cpu", "fp32"), True, before),
    ):
        with arithmetic(hardware, 10**12, deterministic=asked):
            assert settings() == expected
        assert settings() == before
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":16:8"


def test_what_a_gpu_does_not_repeat_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hearing(Unheard):
        def noticed(self, finding: Diagnostic) -> None:
            told.append(finding)

    put, forward, told = torch.zeros(5), nn.Linear.forward, list[Diagnostic]()

    def by_chance(self: nn.Linear, x: Tensor) -> Tensor:
        put.put_(torch.tensor([1, 1]), torch.tensor([1.0, 2.0]))  # PyTorch warns of it on a CPU, too
        warnings.warn("and another", stacklevel=1)
        return forward(self, x)

    monkeypatch.setattr(nn.Linear, "forward", by_chance)
    for deterministic in ("yes", "no"):
        ready = prepared(spec_with(epochs="2", deterministic=deterministic))
        torch.set_deterministic_debug_mode("warn")  # as on a GPU
        try:
            with pytest.warns(UserWarning, match="and another"):
                fit(to_torch(ready.spec), ready, Hearing())
        finally:
            torch.set_deterministic_debug_mode("default")
    assert [finding.code for finding in told] == ["W408"]
    assert "`put_`" in told[0].message
    assert told[0].labels
