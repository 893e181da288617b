"""Two sides do the same work in turn, in one process, and are timed."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["goal", "floor", "below", "noisy", "measured"]

NOISE = 0.15
"""Spread of what is measured beyond which the machine was too busy with other things to decide."""
PAIRS = 7


@dataclass(frozen=True)
class Series:
    """A quantity, measured several times."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """The middle half of the values, as a share of their median; 0 of fewer than four."""
        if len(self.values) < 4:
            return 0.0
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return (high - low) / self.median


@dataclass(frozen=True)
class Laps:
    """The seconds that each side took, pair by pair."""

    ours: Sequence[float]
    other: Sequence[float]

    @property
    def ratio(self) -> Series:
        """How many times as fast we are."""
        return Series([other / ours for ours, other in zip(self.ours, self.other, strict=True)])


def in_turn(
    ours: Callable[[], object],
    other: Callable[[], object],
    pairs: int = PAIRS,
    *,
    before: Callable[[], object] = lambda: None,
) -> Laps:
    """Times both sides ``pairs`` times, after a lap of each that isn't counted.

    Who begins alternates, so that a machine that grows slower, or faster, favours nobody. ``before`` each lap, untimed,
    what one leaves to the next can be cleared.
    """
    seconds: tuple[list[float], list[float]] = ([], [])
    sides = (ours, other)
    for side in sides:
        side()
    for pair in range(pairs):
        for i in (0, 1) if pair % 2 == 0 else (1, 0):
            before()
            seconds[i].append(timed(sides[i]))
    return Laps(*seconds)


def timed(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def verdict(measured: Series, floor: float | None, goal: float | None, *, more: bool) -> Verdict:
    """What is to be said of a median; ``more`` of it is better, or less.

    >>> verdict(Series([2.1, 2.2, 2.2, 2.3]), 2, 3, more=True), verdict(Series([1, 2, 3, 4]), None, None, more=True)
    ('floor', 'noisy')
    """
    if measured.spread > NOISE:
        return "noisy"
    if floor is None and goal is None:
        return "measured"
    value = measured.median

    def reaches(bound: float | None) -> bool:
        return bound is not None and (value >= bound if more else value <= bound)

    return "goal" if reaches(goal) else "floor" if reaches(floor) else "below"
