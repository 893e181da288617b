"""Steps of a training, and their learning rates.

A rate is a function of the step, but for the plateau, which also listens to the validation.
"""

import math
from collections.abc import Mapping
from typing import assert_never

from vggdsl.spec.recipe import Constant, Cosine, OneCycle, Plateau, Recipe, Steps, WarmUp


def steps_an_epoch(images: int, batch: int) -> int:
    """The last batch may be smaller; one of a single image is left out, since batch norm can't train on it."""
    full, rest = divmod(images, batch)
    return full + (rest > 1) if full else 1


def smallest_step(images: int, batch: int) -> int:
    """How many images the smallest step of an epoch has."""
    return min(batch, images - (steps_an_epoch(images, batch) - 1) * batch)


class Patience:
    """Counts the epochs since the last better value; a value as good is no better."""

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.best = -math.inf
        self.waited = 0

    def is_spent(self, value: float) -> bool:
        """Takes an epoch's value, larger being better: whether ``patience`` epochs brought none better.

        Then it counts anew, from the same best.
        """
        if value > self.best:
            self.best, self.waited = value, 0
            return False
        self.waited += 1
        if self.waited < self.patience:
            return False
        self.waited = 0
        return True

    @property
    def state(self) -> dict[str, float]:
        """What it remembers, for a checkpoint."""
        return {"best": self.best, "waited": self.waited}

    def restore(self, state: Mapping[str, float]) -> None:
        self.best, self.waited = state["best"], int(state["waited"])


class Rate:
    """The learning rate of a recipe over a training of ``steps`` steps an epoch.

    ``warmup(n)`` multiplies the schedule's rate by (step + 1) / steps over the steps of n epochs, whatever
    the schedule: it rises linearly, to that rate in its last step. A cosine stands at its start meanwhile
    and runs over the epochs that are left, ``steps(…)`` count epochs from the start, the warm-up's too, and
    a plateau doesn't count the warm-up. A cycle reaches its peak with the last step of the rise and its end with the
    last step of all.
    """

    def __init__(self, recipe: Recipe, steps: int) -> None:
        warm = recipe.schedule if isinstance(recipe.schedule, WarmUp) else None
        self._schedule = warm.then if warm else recipe.schedule
        self._warm = warm.epochs if warm else 0
        self._steps, self._epochs, self._base = steps, recipe.epochs, recipe.lr
        plateau = self._schedule if isinstance(self._schedule, Plateau) else None
        self._patience = Patience(plateau.patience) if plateau else None
        self._drops = 0

    def __call__(self, step: int) -> float:
        """The rate of a step, counted from 0 over the whole training."""
        warm = self._warm * self._steps
        return self._scheduled(step, warm) * min(1.0, (step + 1) / warm if warm else 1.0)

    def _scheduled(self, step: int, warm: int) -> float:
        """The schedule's own rate, behind ``warm`` steps of a warm-up."""
        match self._schedule:
            case Constant():
                return self._base
            case Plateau(factor=factor):
                return self._base * factor**self._drops
            case Steps(ranges):
                epoch = step // self._steps + 1
                return next((lr for first, last, lr in ranges if first <= epoch <= last), ranges[-1][2])
            case Cosine():
                left = max(1, self._epochs * self._steps - warm)
                return self._base * (1 + math.cos(math.pi * max(0, step - warm) / left)) / 2
            case OneCycle(peak, start, end, shape):
                last = self._epochs * self._steps - 1
                top = peak * (last + 1) - 1
                if step < top:
                    low, far = start, step / top
                else:
                    low, far = end, (last - step) / (last - top) if top < last else 1.0
                part = far if shape == "linear" else (1 - math.cos(math.pi * far)) / 2
                return self._base * (low + (1 - low) * part)
            case WarmUp():
                raise AssertionError("a warm-up leads to no other")
            case _:
                assert_never(self._schedule)

    @property
    def state(self) -> dict[str, float]:
        """What it remembers, for a checkpoint."""
        return {"drops": self._drops, **(self._patience.state if self._patience else {})}

    def restore(self, state: Mapping[str, float]) -> None:
        self._drops = int(state["drops"])
        if self._patience:
            self._patience.restore(state)

    def is_over(self, epoch: int, val_accuracy: float) -> bool:
        """Takes an epoch's validation accuracy; true at the plateau after the last drop."""
        if self._patience is None or epoch <= self._warm or not self._patience.is_spent(val_accuracy):
            return False
        assert isinstance(self._schedule, Plateau)
        if self._schedule.drops is not None and self._drops >= self._schedule.drops:
            return True
        self._drops += 1
        return False


def why_over(recipe: Recipe) -> str:
    """What can end a training by the recipe before its last epoch."""
    waits = [f"no better {recipe.stop.measure} in {recipe.stop.patience:,} epochs"] if recipe.stop else []
    schedule = recipe.main_schedule
    if isinstance(schedule, Plateau) and schedule.drops is not None:
        waits.append(f"no better val-accuracy in {schedule.patience:,} after the last drop of the learning rate")
    return ", or ".join(waits)
