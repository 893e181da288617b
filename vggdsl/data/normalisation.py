"""Pixels -> what a network takes."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor

from vggdsl.data.moments import Moments


@dataclass(frozen=True)
class Normalisation:
    """x -> (x / 255 - mean) / std for each channel; a mean of 0 and a deviation of 1 do nothing."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, images: Tensor | Moments, kind: Literal["none", "mean", "mean-std"]) -> "Normalisation":
        """The statistics of training images (N, C, H, W) of uint8, exact sums over all their pixels."""
        moments = images if isinstance(images, Moments) else Moments.of([images], images.shape[1])
        channels = len(moments.total)
        if kind == "none":
            return cls.none(channels)
        std = moments.variance.sqrt()
        std = torch.where(std > 0, std, 255.0)  # a channel of one value
        deviations = tuple((std / 255).tolist()) if kind == "mean-std" else (1.0,) * channels
        return cls(tuple((moments.mean / 255).tolist()), deviations)

    @classmethod
    def none(cls, channels: int) -> "Normalisation":
        return cls((0.0,) * channels, (1.0,) * channels)

    def __call__(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W), of 0 to 255, as single-precision input of the network, channels last in memory."""
        mean, std = (_channels(values, images.device) for values in (self.mean, self.std))
        values = images.to(torch.float32, memory_format=torch.channels_last, copy=True)
        return values.div_(255).sub_(mean).div_(std)


@lru_cache(maxsize=64)
def _channels(values: tuple[float, ...], device: torch.device) -> Tensor:
    """A value of each channel (C, 1, 1), which a GPU is sent once."""
    return torch.tensor(values, device=device)[:, None, None]
