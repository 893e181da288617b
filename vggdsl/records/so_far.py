"""How far a run is: what it has written so far, and whether anybody still trains in it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vggdsl.records.collect import RECORD, has_diverged
from vggdsl.records.metrics import Epoch
from vggdsl.records.run import metrics_of
from vggdsl.records.runfolder import METRICS, is_held
from vggdsl.text.files import is_file

State = Literal["training", "ended", "stopped", "diverged"]
"""A run is ``stopped`` if nobody trains in it though it has no record."""
_OFTEN = 1.0
"""Seconds between looks at a run."""


@dataclass(frozen=True)
class RunSoFar:
    """The epochs that a run has written, and what it does now."""

    epochs: tuple[Epoch, ...]
    state: State

    @property
    def best(self) -> Epoch | None:
        """By the validation images, as a training chooses it: of equal ones the first."""
        return max(self.epochs, key=lambda epoch: epoch.rank, default=None)

    @property
    def seconds_an_epoch(self) -> float:
        """By the last five: how fast a machine is changes in hours."""
        last = self.epochs[-5:]
        return sum(epoch.seconds for epoch in last) / len(last)


def so_far(path: Path, most: int) -> RunSoFar:
    """How far the run in a folder is, of ``most`` epochs. Raises as ``metrics_of``."""
    is_trained = is_held(path)  # first: what is written afterwards is read below
    epochs = metrics_of(path, most) if is_file(path / METRICS) else ()
    if is_trained:
        return RunSoFar(epochs, "training")
    if is_file(path / RECORD):
        return RunSoFar(epochs, "ended")
    return RunSoFar(epochs, "diverged" if has_diverged(path) else "stopped")


def follow(path: Path, most: int, wait: Callable[[float], None] = time.sleep) -> Iterator[RunSoFar]:
    """How far it is now, and each time that changes until nobody trains in it. Raises as ``so_far``."""
    told = None
    while True:
        now = so_far(path, most)
        if now != told:
            yield now
        if now.state != "training":
            return
        told = now
        wait(_OFTEN)
