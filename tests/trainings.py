"""Small trainings: their specs, what stops them, and what they leave."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from vggdsl.experiments.reporter import Outline, Silent
from vggdsl.experiments.train import Stopped, resume, train
from vggdsl.records.collect import RECORD
from vggdsl.records.metrics import Epoch
from vggdsl.records.run import Run
from vggdsl.spec.parsing import load, parse
from vggdsl.spec.recipe import Recipe
from vggdsl.spec.spec import Spec

BODY = "input 8x8x1 conv3-4 maxpool FC-6 BN dropout-0.5 FC-3 softmax"
ENTRIES = {
    "data": "fake(n=100, classes=3)",
    "augment": "crop(8, pad=1) hflip",
    "batch": "16",
    "optimizer": "sgd(lr=0.05, momentum=0.9)",
    "epochs": "2",
}

TINY = "input 8x8x1 conv3-4 maxpool FC-3 softmax"
FAMILY = {"data": "fake(n=60, classes=3)", "batch": "20", "epochs": "3", "seeds": "0 1 2"}

ON_DIGITS = """train {
  data      digits
  batch     32
  optimizer sgd(lr=0.05, momentum=0.9)
  precision fp32
  epochs    1
}
"""
"""A recipe by which one epoch tells something of real images, in single precision on any machine."""


def spec_with(body: str = BODY, claims: str = "", **entries: str) -> Spec:
    """A spec that is trained in no time, with other entries in its recipe; without those that are empty."""
    return parse(_text(body, {**ENTRIES, **entries}, claims), "small.arch")


def family(body: str = TINY, claims: str = "", **entries: str) -> str:
    """The text of a still smaller one, by three seeds: what processes share; entries as in ``spec_with``."""
    return _text(body, {**FAMILY, **entries}, claims)


def _text(body: str, entries: Mapping[str, str], claims: str) -> str:
    lines = [f"  {key} {value}" for key, value in entries.items() if value]
    return "\n".join([body, "train {", *lines, "}", claims])


def recipe_with(**entries: str) -> Recipe:
    return spec_with(**entries).recipe()


class Impatient(Silent):
    """Presses Ctrl-C in a step of a run, the ``which``-th of those that it is shown, and remembers what it was told."""

    def __init__(self, step: int = 7, which: int = 1) -> None:
        self.left, self.runs = step, which
        self.told: list[str] = []

    def started(self, outline: Outline) -> None:
        self.runs -= 1
        self.told.append(f"started {outline.split}")

    def step(self, images: int, loss: Callable[[], float]) -> None:
        if self.runs == 0:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt

    def epoch(self, epoch: Epoch, is_best: bool) -> None:
        self.told.append(f"epoch {epoch.number}")

    def ended(self) -> None:
        self.told.append("ended")


class CrashError(Exception):
    """Something that nobody foresaw."""


class Crashing(Silent):
    """Ends a training after some epochs, as a crash would: the last is told, but not in a checkpoint."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def epoch(self, epoch: Epoch, is_best: bool) -> None:
        if epoch.number > self.epochs:
            raise CrashError


def finished(folder: Path) -> list[str]:
    """The runs in a folder that came to their end."""
    return sorted(path.parent.name for path in (folder / "runs").rglob(RECORD))


def table(text: str) -> str:
    """The results, the last of what ``train --missing`` prints."""
    return text[text.rindex("name ") :]


def metrics(folder: Path) -> list[dict[str, str]]:
    """A row an epoch, without what the clock says."""
    with (folder / "metrics.csv").open(newline="") as file:
        return [{key: cell for key, cell in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def measured(folder: Path) -> dict[str, dict[str, str]]:
    """The record's sealed block, without what the clock says."""
    (found,) = load(folder / "record.arch").measurements
    assert found.sealed
    values = {key: dict(value) for key, value in found.values.items() if key != "seal"}
    values["run"].pop("minutes")
    return values | {"line": {"line": str(found.line)}}


def whole_and_stopped(spec: Spec, folder: Path, step: int) -> tuple[Run, Run]:
    """A training that nothing stopped, and one that was stopped at a step and resumed."""
    whole = train(spec, device="cpu", runs=folder / "whole")
    with pytest.raises(Stopped) as caught:
        train(spec, device="cpu", runs=folder / "stopped", reporter=Impatient(step=step))
    again = resume(caught.value.path)
    assert [replace(e, seconds=0) for e in again.metrics] == [replace(e, seconds=0) for e in whole.metrics]
    return whole, again
