"""Trainings on a GPU, beside what a CPU gives."""

from collections.abc import Callable
from pathlib import Path

import ignite.distributed as idist
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from trainings import CrashError, Crashing, metrics, spec_with

import vggdsl
from vggdsl.data.balance import class_weights
from vggdsl.data.dataset import load_data
from vggdsl.experiments.device import arithmetic, choose
from vggdsl.experiments.evaluation.evaluate import evaluate
from vggdsl.experiments.evaluation.features import features
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.loop import Unheard, fit
from vggdsl.experiments.prepare import Prepared
from vggdsl.experiments.processes import Processes
from vggdsl.experiments.train import resume, train
from vggdsl.network.weights import Array
from vggdsl.records.trained import load_trained
from vggdsl.spec.protocol import VIEWS, View
from vggdsl.spec.spec import Spec
from vggdsl.targets.predict import Predictor
from vggdsl.targets.torch import to_torch, weights
from vggdsl.text.errors import Diagnostic, VggdslError

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is here"),
]

BODY = """
input 16x16x3
after conv: BN ReLU
conv3-16 conv3-16 maxpool
aux 0.3 { FC-4 softmax }
conv3-32 maxpool dropout-0.5 FC-16 FC-4 softmax
"""
ENTRIES = {
    "data": "fake(n=500, classes=4)",
    "augment": "crop(16, pad=2) hflip",
    "batch": "32",
    "optimizer": "sgd(lr=0.05, momentum=0.9, nesterov=yes, weight-decay=5e-4)",
    "schedule": "warmup(1) cosine",
    "loss": "cross-entropy(smoothing=0.1, class-weights=balanced)",
    "clip": "norm(1)",
    "epochs": "3",
    "deterministic": "yes",
}


def of(body: str = BODY, **entries: str) -> Spec:
    return spec_with(body, **{**ENTRIES, **entries})


class Strict(Unheard):
    """Who hears of nothing."""

    def noticed(self, finding: Diagnostic) -> None:
        raise AssertionError(finding)


class Hearing(Unheard):
    """Remembers each loss and what was noticed."""

    def __init__(self) -> None:
        self.losses, self.told = list[float](), list[Diagnostic]()

    def step(self, images: int, loss: Callable[[], float]) -> None:
        self.losses.append(loss())

    def noticed(self, finding: Diagnostic) -> None:
        self.told.append(finding)


def trained(
    spec: Spec, device: str, *, eager: bool = False, compiled: bool = False, listener: Unheard | None = None
) -> dict[str, Array]:
    recipe = spec.recipe()
    data = load_data(recipe, spec.typed.input, Path("/nowhere"))
    hardware = choose(device, recipe.precision)
    ready = Prepared(
        Experiment(spec, recipe),
        0,
        data,
        data.normalisation(recipe.normalize),
        hardware,
        class_weights=class_weights(recipe, data.train.labels, data.classes),
        eager=eager,
        compiled=compiled,
    )
    assert ready.is_captured == (device == "cuda" and not eager)
    replays = list[torch.cuda.CUDAGraph]()
    replay = torch.cuda.CUDAGraph.replay

    def counting(graph: torch.cuda.CUDAGraph) -> None:
        replays.append(graph)
        replay(graph)

    network = to_torch(spec).to(hardware.device).to(memory_format=torch.channels_last)
    with ready.arithmetic(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda.CUDAGraph, "replay", counting)
        fit(network, ready, listener or Strict())
    assert isinstance(listener, Hearing) or bool(replays) == ready.is_captured
    return weights(network)


def test_a_gpu_trains_as_a_cpu() -> None:
    # Single precision has 2^-24 of a value; sums of some hundred terms in another order, over 30 steps, keep 1e-4.
    body, hearings = BODY.replace("dropout-0.5", ""), (Hearing(), Hearing())
    for device, hearing in zip(("cpu", "cuda"), hearings, strict=True):
        trained(of(body, precision="fp32"), device, listener=hearing)
    assert hearings[1].losses[:22] == pytest.approx(hearings[0].losses[:22], rel=1e-3)
    assert hearings[1].losses[:8] == pytest.approx(hearings[0].losses[:8], rel=1e-4)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(
    "optimizer", ["sgd(lr=0.05)", ENTRIES["optimizer"], "adam(lr=0.001)", "adamw(lr=0.001, weight-decay=0.1)"]
)
def test_what_is_captured_is_what_is_computed(precision: str, optimizer: str) -> None:
    same_captured(of(precision=precision, optimizer=optimizer))


MODERN = {
    "augment": "translate(2) alternating-hflip cutout(4)",
    "mix": "mixup(0.2) cutmix(1)",
    "average": "ema(0.9)",
    "freeze": "conv1_1",
    "rate": "fc3 x2",
    "schedule": "one-cycle(peak=0.3, shape=linear)",
    "optimizer": "sgd(lr=0.05, momentum=0.9, weight-decay=5e-4, decays=weights)",
}


def test_mixed_images_and_averaged_weights_are_captured_as_they_are_computed() -> None:
    same_captured(of(**MODERN))


def same_captured(spec: Spec) -> None:
    """Captured twice and eager, a training gives the same bits."""
    recorded, again, eager = trained(spec, "cuda"), trained(spec, "cuda"), trained(spec, "cuda", eager=True)
    for name, values in eager.items():
        assert (values == recorded[name]).all(), name
        assert (values == again[name]).all(), name


def test_compiled_steps_train_as_others() -> None:
    # As above: the same sums in another order, in single precision.
    body, hearings = BODY.replace("dropout-0.5", ""), (Hearing(), Hearing())
    for compiled, hearing in zip((False, True), hearings, strict=True):
        trained(of(body, precision="fp32", deterministic="no"), "cuda", compiled=compiled, listener=hearing)
        assert not hearing.told
    assert hearings[1].losses[:8] == pytest.approx(hearings[0].losses[:8], rel=1e-4)
    assert hearings[1].losses[:22] == pytest.approx(hearings[0].losses[:22], rel=1e-3)


@pytest.mark.parametrize("said", [{"augment": "crop(16, pad=2) hflip vflip colour-pca"}, MODERN], ids=["old", "modern"])
def test_nobody_waits_within_an_epoch(said: dict[str, str]) -> None:
    class Watching(Strict):
        left = 2 * 11 - 1  # of 350 images, and the first step is let be: it warms up

        def step(self, images: int, loss: Callable[[], float]) -> None:
            self.left -= 1
            torch.cuda.set_sync_debug_mode("error" if 0 < self.left % 11 < 10 else "default")

        def save(self, *_: object) -> None:
            torch.cuda.set_sync_debug_mode("default")

    try:
        for eager, compiled in ((False, False), (True, False), (False, True)):
            spec = of(**said, epochs="2", deterministic="no" if compiled else "yes")
            trained(spec, "cuda", eager=eager, compiled=compiled, listener=Watching())
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("optimizer", [ENTRIES["optimizer"], "adam(lr=0.001)"])
def test_a_run_that_was_stopped_ends_as_one_that_never_was(optimizer: str, tmp_path: Path) -> None:
    spec = of(optimizer=optimizer, stop="val-loss(patience=2)")
    whole = train(spec, device="cuda", runs=tmp_path / "whole")
    with pytest.raises(CrashError):
        train(spec, device="cuda", runs=tmp_path / "torn", reporter=Crashing(1))
    resumed = resume(tmp_path / "torn" / "small-s0-1")
    assert load_trained(resumed.path).digest == load_trained(whole.path).digest
    assert metrics(resumed.path) == metrics(whole.path)


def test_what_waits_in_a_step_is_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    def waits(self: nn.ReLU, x: Tensor) -> Tensor:
        return x.clamp(min=0) if x.sum().item() < 1e30 else x

    monkeypatch.setattr(nn.ReLU, "forward", waits)
    hearing = Hearing()
    trained(of(), "cuda", listener=hearing)
    assert [finding.code for finding in hearing.told] == ["W407"]
    assert all(loss == loss for loss in hearing.losses)


def test_a_training_that_diverges_is_told() -> None:
    with pytest.raises(VggdslError) as caught:
        trained(of("input 16x16x3 conv3-8 FC-4 softmax", optimizer="sgd(lr=1000)", clip=""), "cuda")
    assert [found.code for found in caught.value.diagnostics] == ["V409"]


def test_memory_that_runs_out_is_told(tmp_path: Path) -> None:
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1e-4)  # some megabytes of the card's
    try:
        with pytest.raises(VggdslError) as caught:
            train(of("input 16x16x3 conv3-512 conv3-512 FC-4 softmax"), device="cuda", runs=tmp_path)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert [found.code for found in caught.value.diagnostics] == ["V508"]


def test_what_processes_train_by_nccl_is_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("RANK", "0"), ("WORLD_SIZE", "1"), ("MASTER_ADDR", "127.0.0.1"), ("MASTER_PORT", "29555")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LOCAL_RANK", "0")
    alone, spec = list[list[Tensor]](), of(BODY.replace("dropout-0.5", ""))
    images = torch.randn(8, 3, 16, 16, generator=torch.Generator().manual_seed(0)).cuda()
    idist.initialize(backend="nccl")
    try:
        # In one order: a bias in front of batch norm has a gradient of rounding alone, which another order changes.
        with arithmetic(choose("cuda", "fp32"), spec.typed.macs, deterministic=True):
            for processes in (Processes(), Processes(0, 2)):  # a second would have its own card
                network = to_torch(spec).cuda()
                out = processes.wrapped(network)(images)
                out.logits.square().mean().backward()
                alone.append([p.grad for p in network.parameters() if p.grad is not None])
    finally:
        idist.finalize()
    one, many = alone
    assert len(one) == len(many) > 0
    for ours, theirs in zip(one, many, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-3, atol=1e-5 * float(ours.abs().max()))


@pytest.mark.parametrize("view", VIEWS)
def test_a_gpu_evaluates_as_a_cpu(view: View, tmp_path: Path) -> None:
    run = train(of(precision="fp32"), device="cpu", runs=tmp_path)
    found = [evaluate(run, view=view, scale=(20, 24), device=device).scores for device in ("cpu", "cuda")]
    assert torch.allclose(found[0].probabilities, found[1].probabilities, atol=1e-4)  # single precision
    assert found[0].probabilities.std(0).max() > 1e-2, "it tells images apart"


def test_features_on_a_gpu_are_those_on_a_cpu(tmp_path: Path) -> None:
    Image.effect_noise((16, 16), 60).convert("RGB").save(tmp_path / "image.png")
    run = train(of(precision="fp32"), device="cpu", runs=tmp_path)
    here, there = (features(run, [tmp_path / "image.png"], "conv2_1", device=each).values for each in ("cpu", "cuda"))
    # Of TF32's 10 bits of fraction nothing is left at 1e-5 of the largest value.
    assert abs(here - there).max() < 1e-5 * abs(here).max()


def test_onnxruntime_guesses_on_a_gpu_as_on_a_cpu(tmp_path: Path) -> None:
    image = tmp_path / "image.png"
    Image.effect_noise((16, 16), 60).convert("RGB").save(image)
    with pytest.warns(UserWarning, match="no preprocessing"):
        vggdsl.export(of(), tmp_path / "small.onnx")
    if Predictor(tmp_path / "small.onnx").provider != "CUDA":
        pytest.skip("this onnxruntime has no CUDA")
    guesses = [
        {guess.name: guess.probability for guess in next(Predictor(tmp_path / "small.onnx", device)([image]))}
        for device in ("cpu", "cuda")
    ]
    assert guesses[1] == pytest.approx(guesses[0], abs=1e-3)  # TF32 has 10 bits of fraction
