"""What a training tells while it runs; how it is shown is the caller's matter."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from vggdsl.records.metrics import Epoch
from vggdsl.text.errors import Diagnostic

if TYPE_CHECKING:  # a notebook says who is told before it needs torch
    from vggdsl.data.classes import ClassSizes


@dataclass(frozen=True)
class Outline:
    """A run that is about to start, or to go on after ``done`` epochs.

    ``memory`` is a low estimate in bytes, ``images`` and ``steps`` those of one epoch, ``data`` the data set's name,
    ``notes`` what a user should know of the data or of the checkpoint, ``warnings`` what looks wrong in the data,
    ``classes`` how many images they have. With ``may_end_early`` the recipe can
    end before the last of its ``epochs``.
    """

    name: str
    folder: Path
    seed: int
    epochs: int
    images: int
    data: str
    split: str
    params: int
    memory: int
    device: str
    precision: str
    notes: tuple[str, ...] = ()
    done: int = 0
    steps: int = 0
    val_images: int = 0
    test_images: int = 0
    may_end_early: bool = False
    classes: "ClassSizes | None" = None
    left_out: int = 0
    warnings: tuple[Diagnostic, ...] = ()
    frozen: int = 0
    """Of the parameters, those that aren't trained."""

    @property
    def epochs_left(self) -> int:
        return self.epochs - self.done


@dataclass(frozen=True)
class Costs:
    """What a training took, beside what was estimated of it; seconds and bytes, None where that isn't known.

    ``memory`` is the most that was held beyond what was held before: of a GPU's memory by PyTorch, of RAM by
    the process. What was estimated of it is the least that it can be. ``over`` says why it ended before the last of
    the epochs allowed; empty if it didn't.
    """

    seconds: float
    estimated_seconds: float | None
    memory: int | None
    estimated_memory: int
    over: str = ""


@runtime_checkable
class Reporter(Protocol):
    """Is told what happens, in this order: reading, started, then steps and epochs, then finished, then ended.

    While files of images are looked at, reading tells how many were, of how many.

    A step gives its loss if it is asked for: on a GPU that waits for it, and of several processes it is one's.
    After an epoch it may be told of something ``noticed``, such as that nothing is learnt.
    Once, after some steps or an epoch, it is told how many ``seconds`` all of it will take, as estimated.
    A training that stops or fails is ended without having finished.
    """

    def reading(self, done: int, total: int) -> None: ...

    def started(self, outline: Outline) -> None: ...

    def step(self, images: int, loss: Callable[[], float]) -> None: ...

    def estimated(self, seconds: float) -> None: ...

    def epoch(self, epoch: Epoch, is_best: bool) -> None: ...

    def noticed(self, finding: Diagnostic) -> None: ...

    def finished(self, costs: Costs) -> None: ...

    def ended(self) -> None: ...


class Silent:
    """Shows nothing."""

    def reading(self, done: int, total: int) -> None:
        pass

    def started(self, outline: Outline) -> None:
        pass

    def step(self, images: int, loss: Callable[[], float]) -> None:
        pass

    def estimated(self, seconds: float) -> None:
        pass

    def epoch(self, epoch: Epoch, is_best: bool) -> None:
        pass

    def noticed(self, finding: Diagnostic) -> None:
        pass

    def finished(self, costs: Costs) -> None:
        pass

    def ended(self) -> None:
        pass


class Remembering(Silent):
    """Keeps what a training was to be, and what was noticed in it."""

    def __init__(self) -> None:
        self.outline: Outline | None = None
        self.found = list[Diagnostic]()

    def started(self, outline: Outline) -> None:
        self.outline, self.found = outline, []

    def noticed(self, finding: Diagnostic) -> None:
        self.found.append(finding)


class Warns(Silent):
    """Warns as Python does, and shows nothing else."""

    def started(self, outline: Outline) -> None:
        for finding in outline.warnings:
            warnings.warn(finding.in_a_line, stacklevel=2)

    def noticed(self, finding: Diagnostic) -> None:
        warnings.warn(finding.in_a_line, stacklevel=2)


unasked: Callable[[], Reporter] = Warns
"""Makes the one that is told of a training whose caller names none; a notebook puts its bar here."""
