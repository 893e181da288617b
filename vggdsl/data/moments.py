"""Sums over the pixels of training images, and what follows from them: mean, deviation, principal components."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

_LARGEST = 2**22
"""Values that are summed up at once."""


@dataclass(frozen=True, eq=False)
class Moments:
    """The number of pixels, the sums of each channel (C,) and of the products of two channels (C, C), of uint8 values.

    They are exact, so that it makes no difference in which order, and in which parts, images are counted.
    """

    count: int
    total: Tensor
    products: Tensor

    @classmethod
    def of(cls, parts: Iterable[Tensor], channels: int) -> "Moments":
        """Over images (N, C, H, W) of uint8."""
        count = 0
        total = torch.zeros(channels, dtype=torch.int64)
        products = torch.zeros(channels, channels, dtype=torch.int64)
        for part in parts:
            for images in torch.split(part, max(1, _LARGEST // max(1, part[:1].numel()))):
                # In doubles: they hold whole numbers up to 2^53, and multiply fast.
                values = images.transpose(0, 1).flatten(1).double()
                count += values.shape[1]
                total += values.sum(1).long()
                products += (values @ values.T).long()
        return cls(count, total, products)

    @property
    def mean(self) -> Tensor:
        """Of each channel, from 0 to 255, in double precision."""
        return self.total.double() / self.count

    @property
    def variance(self) -> Tensor:
        """Of each channel, about its mean."""
        return (self.products.diagonal().double() / self.count - self.mean * self.mean).clamp(min=0)

    @property
    def covariance(self) -> Tensor:
        """Of the channels (C, C)."""
        return self.products.double() / self.count - self.mean[:, None] * self.mean


@dataclass(frozen=True, eq=False)
class Colours:
    """The principal components of RGB values from 0 to 1: columns of ``vectors`` (3, 3), with their ``variances``."""

    variances: Tensor
    vectors: Tensor

    @classmethod
    def of(cls, moments: Moments) -> "Colours":
        variances, vectors = np.linalg.eigh(moments.covariance.numpy() / 255**2)
        # Their signs are arbitrary, and libraries differ in them.
        largest = vectors[np.abs(vectors).argmax(0), range(len(vectors))]
        return cls(torch.from_numpy(variances.clip(min=0)), torch.from_numpy(vectors * np.sign(largest)))

    def shift(self, alpha: Tensor) -> Tensor:
        """What is added to the RGB values (N, 3), of 0 to 255, for multiples ``alpha`` (N, 3) of the components."""
        return (alpha.double() * self.variances) @ self.vectors.T * 255
