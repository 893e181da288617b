"""Two files of one network beside one another: their answers, and their time."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vggdsl.experiments.bench.contest import NOISE, Series, in_turn
from vggdsl.experiments.precision.sample import Sample
from vggdsl.targets.runtime import INPUT, LABELS, LOGITS, Session, run_session
from vggdsl.text.confidence import interval

BATCHES = (1, 8)
"""Images at once that are timed."""
_PAIRS = 15
_FASTER = 1.05
"""Ratio of times from which one is faster than another."""


@dataclass(frozen=True, eq=False)
class Answers:
    """The likeliest class (n,) of each image and its probability, and what all outputs are, (n, k)."""

    guesses: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]


def takes_bytes(session: Session) -> bool:
    return bool(session.get_inputs()[0].type == "tensor(uint8)")


def answers(session: Session, sample: Sample) -> Answers:
    """Of a file to all images: probabilities, also where it gives logits; of labels' probabilities the likeliest's."""
    names = [output.name for output in session.get_outputs()]
    guesses, values = list[npt.NDArray[np.int64]](), list[npt.NDArray[np.float64]]()
    for batch in sample.batches(in_bytes=takes_bytes(session)):
        given = run_session(session, {INPUT: batch})
        rows = np.asarray(given[-1], np.float64).reshape(len(batch), -1)
        if names[0] == LABELS:
            guesses.append(np.asarray(given[0]).reshape(len(batch), -1)[:, 0])
            values.append(rows[:, :1])
            continue
        if names[-1] == LOGITS:
            rows = np.exp(rows - rows.max(1, keepdims=True))
            rows /= rows.sum(1, keepdims=True)
        guesses.append(rows.argmax(1))
        values.append(rows)
    return Answers(np.concatenate(guesses), np.concatenate(values))


@dataclass(frozen=True)
class Compared:
    """How the answers of a file and of the one in single precision compare, over ``images``.

    ``same`` have the same likeliest class, ``right`` and ``right_before`` the label that they should. ``error`` is the
    largest difference of a probability.
    """

    images: int
    same: int
    right: int
    right_before: int
    error: float

    @property
    def lost(self) -> float:
        """Points of top-1 accuracy, in percent."""
        return 100 * (self.right_before - self.right) / self.images

    @property
    def bounds(self) -> tuple[float, float]:
        """Of the accuracy: see ``interval``."""
        return interval(self.right, self.images)

    @property
    def bounds_before(self) -> tuple[float, float]:
        return interval(self.right_before, self.images)


def compared(new: Answers, before: Answers, sample: Sample) -> Compared:
    error = float(np.abs(new.values - before.values).max())  # NaN where there is one
    same = int((new.guesses == before.guesses).sum())
    right, right_before = (int((each.guesses == sample.labels).sum()) for each in (new, before))
    return Compared(len(sample), same, right, right_before, error)


@dataclass(frozen=True)
class Times:
    """Milliseconds of a batch, the medians of laps in turn, and how many times as fast the new file is."""

    batch: int
    new: float
    before: float
    ratio: Series

    @property
    def is_faster(self) -> bool:
        """Whether three laps of four say so, and not the noise of a busy machine."""
        return float(np.quantile(self.ratio.values, 0.25)) >= _FASTER

    @property
    def is_noisy(self) -> bool:
        return self.ratio.spread > NOISE


def timed(new: Session, before: Session, sample: Sample, batch: int) -> Times:
    """Two files of the same input, by turns."""
    x = {INPUT: sample.first(batch, in_bytes=takes_bytes(new))}
    laps = in_turn(lambda: run_session(new, x), lambda: run_session(before, x), _PAIRS)
    return Times(batch, 1e3 * Series(laps.ours).median, 1e3 * Series(laps.other).median, laps.ratio)
