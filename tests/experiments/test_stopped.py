"""A training that was stopped ends as one that never was, whatever its recipe says."""

from pathlib import Path

import pytest
from trainings import metrics, spec_with, whole_and_stopped

from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.train import begin, resume, train
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.run import Run
from vggdsl.records.trained import load_trained

BODY = "input 8x8x3 conv3-4 BN ReLU maxpool dropout-0.5 FC-3 softmax"
SAID = [
    {"mix": "mixup(0.5) cutmix(1)", "loss": "cross-entropy(smoothing=0.1, class-weights=balanced)"},
    {"average": "ema(0.9)"},
    {"schedule": "one-cycle(peak=0.4, end=0, shape=linear)"},
    {"optimizer": "sgd(lr=0.05, momentum=0.9, weight-decay=0.1, decays=weights)"},
    {"optimizer": "adamw(lr=0.01, weight-decay=0.1, decays=weights)"},
    {"augment": "translate(2) alternating-hflip trivial-augment cutout(3)"},
]


def weights(run: Run) -> dict[str, bytes]:
    """All of them, of the best epoch and of the last."""
    files = ("best.safetensors", "last.safetensors")
    return {f"{file} {name}": a.tobytes() for file in files for name, a in load_trained(run.path, file).weights.items()}


@pytest.mark.parametrize("said", SAID, ids=lambda said: " ".join(said.values()))
def test_a_run_that_was_stopped_ends_as_one_that_never_was(said: dict[str, str], tmp_path: Path) -> None:
    spec = spec_with(BODY, **{"data": "fake(n=60, classes=3)", "batch": "10", "epochs": "4", **said})
    whole, again = whole_and_stopped(spec, tmp_path, 9)
    assert weights(again) == weights(whole)
    assert again.result.test_accuracy == whole.result.test_accuracy


@pytest.mark.parametrize("said", [*SAID, {"schedule": "cosine"}], ids=lambda said: " ".join(said.values()))
def test_a_run_in_parts_ends_as_one_that_went_through(said: dict[str, str], tmp_path: Path) -> None:
    spec = spec_with(BODY, **{"data": "fake(n=60, classes=3)", "batch": "10", "epochs": "4", **said})
    whole = train(spec, device="cpu", runs=tmp_path / "whole")
    workplace = Workplace(device="cpu", runs=tmp_path / "parts")
    part = begin(Experiment.of(spec, spec.recipe()), 0, workplace, until=1)
    assert (part.measured, len(part.metrics)) == (None, 1)
    for until in (1, 3):
        part = resume(part.path, workplace, until=until)
        assert (part.measured, len(part.metrics)) == (None, until)
    again = resume(part.path, workplace)
    assert weights(again) == weights(whole)
    assert metrics(again.path) == metrics(whole.path)
    assert again.result.test_accuracy == whole.result.test_accuracy
    assert len(list((tmp_path / "parts").iterdir())) == 1
