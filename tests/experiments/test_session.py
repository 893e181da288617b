"""The parts of a training in its folder: what an epoch leaves, what a kill left unwritten, and why it was over."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from refusals import refusal
from trainings import spec_with

from vggdsl.experiments.checkpoint import Progress
from vggdsl.experiments.costs import Meter
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.prepare import prepare
from vggdsl.experiments.processes import Processes
from vggdsl.experiments.reporter import Outline, Silent
from vggdsl.experiments.session import Session
from vggdsl.experiments.start import Beginning
from vggdsl.experiments.step import optimizer_of
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.metrics import Epoch
from vggdsl.records.runfolder import RunFolder
from vggdsl.records.trained import load_trained
from vggdsl.targets.torch import weights

OUTLINE = Outline("small", Path("runs"), 0, 4, 70, "fake", "70/10/20", 1, 1, "CPU", "fp32")


class Telling(Silent):
    def __init__(self) -> None:
        self.told: list[int] = []

    def epoch(self, epoch: Epoch, is_best: bool) -> None:
        self.told.append(epoch.number)


def session(runs: Path, processes: Processes | None = None, **entries: str) -> tuple[Session, Telling]:
    """One that has trained nothing yet."""
    spec = spec_with(epochs="4", checkpoint="every(2)", **entries)
    prepared = prepare(Experiment.of(spec, spec.recipe()), 0, Workplace(device="cpu", runs=runs))
    prepared = replace(prepared, processes=processes or Processes())
    folder = RunFolder.new(runs, spec, spec.recipe(), 0)
    teller = Telling()
    return Session(
        prepared, folder, Beginning(), teller, Meter(OUTLINE, torch.device("cpu"), lambda seconds: None)
    ), teller


def epoch(number: int, accuracy: float = 0.5) -> Epoch:
    return Epoch(number, 1.0, accuracy, 1.0, accuracy, 0.1, 0.5)


def pass_epoch(of: Session, number: int, *, is_best: bool) -> None:
    """What the loop does after an epoch."""
    progress = of.progress
    progress.epochs.append(epoch(number))
    if is_best:
        progress.best_epoch = number
    of.save(optimizer_of(of.prepared.recipe, of.network), progress, {})
    of.epoch(progress.epochs[-1], is_best)


def names(of: Session) -> set[str]:
    return {path.name for path in of.folder.path.iterdir()}


def test_an_epoch_leaves_its_files(tmp_path: Path) -> None:
    made, teller = session(tmp_path)
    pass_epoch(made, 1, is_best=True)
    first = {"best.safetensors", "last.safetensors", "metrics.csv", "checkpoint-0001.safetensors"}
    assert names(made) == first
    pass_epoch(made, 2, is_best=False)
    assert names(made) == first | {"epoch-0002.safetensors", "checkpoint-0002.safetensors"}
    assert [load_trained(made.folder.path, f"{name}.safetensors").epoch for name in ("best", "last")] == [1, 2]
    assert made.progress.devices == [made.prepared.device]
    assert teller.told == [1, 2]


def test_a_process_that_does_not_lead_writes_and_says_nothing(tmp_path: Path) -> None:
    made, teller = session(tmp_path, Processes(1, 2))
    pass_epoch(made, 1, is_best=True)
    assert (names(made), teller.told) == (set(), [])
    assert made.progress.best_weights, "but it knows which weights it will measure"


def test_what_a_kill_left_unwritten_is_written(tmp_path: Path) -> None:
    made, _ = session(tmp_path)
    pass_epoch(made, 1, is_best=True)
    table, best = (made.folder.path / "metrics.csv").read_text(), made.best()
    for name in ("best.safetensors", "last.safetensors", "metrics.csv"):
        (made.folder.path / name).unlink()
    made.resumed()
    assert (made.folder.path / "metrics.csv").read_text() == table
    for file in ("best.safetensors", "last.safetensors"):
        again = load_trained(made.folder.path, file)
        assert (again.epoch, again.provenance) == (1, best.provenance)


def test_other_weights_than_its_own_are_not_the_best(tmp_path: Path) -> None:
    made, _ = session(tmp_path)
    pass_epoch(made, 1, is_best=True)
    assert made.best().weights.keys() == weights(made.network).keys()
    with torch.no_grad():
        next(made.network.parameters()).add_(1)
    made.folder.write_weights("best.safetensors", made.network, 1, made.use)
    assert "isn't what this training wrote after epoch 1" in refusal(made.best).message
    (made.folder.path / "best.safetensors").unlink()
    assert refusal(made.best).code == "V607"


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ({"stop": "val-loss(patience=3)"}, "no better val-loss in 3 epochs"),
        (
            {"schedule": "plateau(patience=2, drops=1)"},
            "no better val-accuracy in 2 after the last drop of the learning rate",
        ),
    ],
)
def test_why_it_was_over(entries: dict[str, str], why: str, tmp_path: Path) -> None:
    made, _ = session(tmp_path, None, **entries)
    assert made.ended_early == ""
    made.progress = Progress([epoch(1)], over=True)
    assert made.ended_early == why
    made.progress = Progress([epoch(n) for n in range(1, 5)], over=True)
    assert made.ended_early == "", "it was the last anyway"
