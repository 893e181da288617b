"""Batches of images on the device: augmented, then normalised.

Chance comes only from generators that are made for one purpose, epoch and batch, so that a run can be
repeated from its seed, and from any epoch.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from vggdsl.recipe import Augment, Crop, HFlip

_CHUNK = 1000


def random_seed(*key: object) -> int:
    """63 bits for a purpose and its numbers; neighbouring numbers give unrelated seeds.

    >>> random_seed("order", 0, 1) == random_seed("order", 0, 2)
    False
    """
    digest = hashlib.sha256(" ".join(map(str, key)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(*key: object) -> torch.Generator:
    """A CPU generator for a purpose: what it draws doesn't depend on the device."""
    return torch.Generator().manual_seed(random_seed(*key))


def augment(images: Tensor, steps: Sequence[Augment], random: torch.Generator) -> Tensor:
    """Images (N, C, H, W) of uint8, each cropped and mirrored at random; sizes stay.

    Raises ``ValueError`` for steps that ``refuse`` in ``check.py`` reports.
    """
    n = len(images)
    for step in steps:
        match step:
            case Crop(pad=pad):
                offsets = torch.randint(0, 2 * pad + 1, (2, n), generator=random).to(images.device)
                images = crop(images, pad, offsets)
            case HFlip():
                images = hflip(images, (torch.rand(n, generator=random) < 0.5).to(images.device))
            case _:
                raise ValueError(f"{step} isn't implemented")
    return images


def crop(images: Tensor, pad: int, offsets: Tensor) -> Tensor:
    """Windows of the images' own size out of the images with ``pad`` black pixels around.

    ``offsets`` (2, N) are the windows' rows and columns, from 0 to 2 pad.
    """
    n, c, h, w = images.shape
    device = images.device
    padded = torch.nn.functional.pad(images, (pad, pad, pad, pad))
    rows = (offsets[0][:, None] + torch.arange(h, device=device))[:, None, :, None]
    columns = (offsets[1][:, None] + torch.arange(w, device=device))[:, None, None, :]
    image = torch.arange(n, device=device)[:, None, None, None]
    channel = torch.arange(c, device=device)[None, :, None, None]
    return padded[image, channel, rows, columns]


def hflip(images: Tensor, mirrored: Tensor) -> Tensor:
    """The images, those that are ``mirrored`` (N,) with left and right exchanged."""
    return torch.where(mirrored[:, None, None, None], images.flip(3), images)


@dataclass(frozen=True)
class Normalisation:
    """x -> (x / 255 - mean) / std for each channel; a mean of 0 and a deviation of 1 do nothing."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, images: Tensor, kind: Literal["none", "mean", "mean-std"]) -> "Normalisation":
        """The statistics of training images (N, C, H, W) of uint8, exact sums over all their pixels."""
        channels = images.shape[1]
        if kind == "none":
            return cls((0.0,) * channels, (1.0,) * channels)
        total, squares = torch.zeros(channels, dtype=torch.int64), torch.zeros(channels, dtype=torch.int64)
        for start in range(0, len(images), _CHUNK):
            values = images[start : start + _CHUNK].to(torch.int64)
            total += values.sum((0, 2, 3))
            squares += (values * values).sum((0, 2, 3))
        count = images.numel() // channels
        mean = total.double() / count
        std = (squares.double() / count - mean * mean).clamp(min=0).sqrt()
        std = torch.where(std > 0, std, 255.0)  # a channel of one value
        deviations = tuple((std / 255).tolist()) if kind == "mean-std" else (1.0,) * channels
        return cls(tuple((mean / 255).tolist()), deviations)

    def __call__(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) of uint8 as single-precision input of the network, channels last in memory."""
        mean, std = (torch.tensor(v, device=images.device)[:, None, None] for v in (self.mean, self.std))
        values = images.to(torch.float32, memory_format=torch.channels_last)
        return values.div_(255).sub_(mean).div_(std)
