"""Figures of merit of answers whose truth is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vggdsl.records.result import tops


class OfClass(NamedTuple):
    """Of one class, or a mean over classes; shares from 0 to 1, and how many images are meant."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, eq=False)
class Scores:
    """``probabilities`` (N, K) of images, the ``labels`` (N,) that they should have, and the names of the classes.

    Raises ``ValueError`` for probabilities that are no numbers: none is larger than they, so that they would be right.
    """

    probabilities: Tensor
    labels: Tensor
    classes: Sequence[str]

    def __post_init__(self) -> None:
        if not self.probabilities.isfinite().all():
            raise ValueError("probabilities that are no numbers")

    def __repr__(self) -> str:
        return f"Scores({len(self)} images, top-1 accuracy {self.accuracy(1):.4f}, loss {self.loss:.4f})"

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def guesses(self) -> Tensor:
        """The likeliest class (N,) of each image; of equal ones the first."""
        return self.probabilities.argmax(1)

    def right(self, k: int) -> int:
        """How many images have their label among the first ``k`` guesses; of equal probabilities the first classes'."""
        own = self.probabilities.gather(1, self.labels[:, None])
        before = torch.arange(self.probabilities.shape[1]) < self.labels[:, None]
        rank = ((self.probabilities > own) | ((self.probabilities == own) & before)).sum(1)
        return int((rank < k).sum())

    def accuracy(self, k: int = 1) -> float:
        """Share of the images whose label is among the first ``k`` guesses."""
        return self.right(k) / len(self)

    @property
    def tops(self) -> Sequence[int]:
        """The numbers of guesses among which labels are looked for: see ``records.result.tops``."""
        return tops(len(self.classes))

    @property
    def loss(self) -> float:
        """The mean cross-entropy, in nats."""
        own = self.probabilities.gather(1, self.labels[:, None])
        return float(-own.clamp(min=torch.finfo(own.dtype).tiny).log().mean())

    @cached_property
    def confusion(self) -> Tensor:
        """Counts (K, K): a row for each true class, a column for each that was guessed."""
        k = len(self.classes)
        return torch.bincount(self.labels * k + self.guesses, minlength=k * k).reshape(k, k)

    @cached_property
    def by_class(self) -> list[OfClass]:
        """Of each class; a share of nothing is 0."""
        counts = self.confusion.double()
        right, meant, guessed = counts.diag(), counts.sum(1), counts.sum(0)
        precision, recall = _share(right, guessed), _share(right, meant)
        f1 = _share(2 * right, guessed + meant)
        rows = zip(self.classes, precision.tolist(), recall.tolist(), f1.tolist(), meant.int().tolist(), strict=True)
        return [OfClass(*row) for row in rows]

    @property
    def macro(self) -> OfClass:
        """The mean over the classes that have images or were guessed."""
        known = [row for i, row in enumerate(self.by_class) if row.support or self.confusion[:, i].any()]
        return _mean("macro avg", known, [1] * len(known))

    @property
    def balanced(self) -> float:
        """The mean of the recalls over the classes that have images."""
        return float(np.mean([row.recall for row in self.by_class if row.support]))

    @property
    def weighted(self) -> OfClass:
        """The mean over the classes by their numbers of images."""
        return _mean("weighted avg", self.by_class, [row.support for row in self.by_class])


def _share(part: Tensor, of: Tensor) -> Tensor:
    return torch.where(of > 0, part / of.clamp(min=1), 0.0)


def _mean(name: str, rows: Sequence[OfClass], weights: Sequence[int]) -> OfClass:
    precision, recall, f1 = (
        float(np.average(column, weights=weights)) for column in list(zip(*rows, strict=True))[1:4]
    )
    return OfClass(name, precision, recall, f1, sum(row.support for row in rows))
