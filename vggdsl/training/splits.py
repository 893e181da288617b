"""Images with labels, and how one pool of them is divided."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

SEED = 0
"""Of the division, never of the training: every seed of a recipe trains and tests on the same images."""


@dataclass(frozen=True, eq=False)
class Split:
    """Images (N, C, H, W) of uint8 with their labels (N,) of int64."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: Tensor) -> "Split":
        return Split(self.images[indices], self.labels[indices])


def set_aside(pool: Split, count: int, seed: int = SEED) -> tuple[Split, Split]:
    """Divides a pool into ``count`` images and the rest, stratified; each part keeps the pool's order.

    Every class gives its share of ``count``, rounded by largest remainders. The draw is the same on
    every machine and with every version: NumPy promises the stream of ``RandomState``, and of no other.
    """
    labels = pool.labels.numpy()
    sizes = np.bincount(labels)
    random = np.random.RandomState(seed)
    taken = np.zeros(len(labels), dtype=bool)
    for label, share in enumerate(_shares(sizes, count)):
        members = np.flatnonzero(labels == label)
        taken[random.permutation(members)[:share]] = True
    aside, rest = (torch.from_numpy(np.flatnonzero(mask)) for mask in (taken, ~taken))
    return pool.take(aside), pool.take(rest)


def _shares(sizes: "np.ndarray[tuple[int], np.dtype[np.int64]]", count: int) -> list[int]:
    """``count`` in proportion to the sizes, none above its size."""
    total = int(sizes.sum())
    shares = [int(size) * count // total for size in sizes]
    remainders = [int(size) * count % total for size in sizes]
    largest = sorted(range(len(sizes)), key=lambda k: (-remainders[k], k))
    for k in largest[: count - sum(shares)]:
        shares[k] += 1
    return shares
