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

from vggdsl.recipe import Augment, ColourPCA, Crop, HFlip
from vggdsl.training.moments import Colours, Moments

_ALL = slice(None)
_ALPHA = 0.1
"""Standard deviation of the multiples of the colours' components (Krizhevsky et al. 2012, sec. 4.1)."""


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


def augment(
    images: Tensor,
    steps: Sequence[Augment],
    random: torch.Generator,
    colours: Colours | None = None,
    *,
    total: int | None = None,
    share: slice = _ALL,
) -> Tensor:
    """Images (N, C, H, W) of uint8, each cropped, mirrored and recoloured at random, in the order of the steps.

    A crop has the size that its step says. After ``colour-pca``, which needs ``colours``, images are of
    single precision, still about 0 to 255: nothing is rounded or cut off. Where the images are a ``share`` of a
    batch of ``total``, chance is drawn for the whole batch, so that each image is changed as it would be there.

    Raises ``ValueError`` for steps that ``refuse`` in ``check.py`` reports, and for ``scale``, which isn't of batches.
    """
    n = len(images) if total is None else total
    for step in steps:
        match step:
            case Crop(size, pad):
                places = [images.shape[k] + 2 * pad - size + 1 for k in (2, 3)]
                if places[0] == places[1]:
                    offsets = torch.randint(0, places[0], (2, n), generator=random)
                else:
                    offsets = torch.stack([torch.randint(0, k, (n,), generator=random) for k in places])
                images = crop(images, pad, offsets[:, share].to(images.device), size)
            case HFlip():
                images = hflip(images, (torch.rand(n, generator=random) < 0.5)[share].to(images.device))
            case ColourPCA() if colours is not None:
                alpha = torch.randn(n, 3, generator=random, dtype=torch.float64) * _ALPHA
                images = images + colours.shift(alpha[share]).to(images.device, torch.float32)[:, :, None, None]
            case _:
                raise ValueError(f"{step} isn't implemented")
    return images


def crop(images: Tensor, pad: int, offsets: Tensor, size: int | None = None) -> Tensor:
    """Windows out of the images with ``pad`` black pixels around: squares of ``size``, or of the images' own size.

    ``offsets`` (2, N) are the windows' rows and columns, from 0.
    """
    n, c, h, w = images.shape
    h, w = (h, w) if size is None else (size, size)
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
        mean, std = (torch.tensor(v, device=images.device)[:, None, None] for v in (self.mean, self.std))
        values = images.to(torch.float32, memory_format=torch.channels_last, copy=True)
        return values.div_(255).sub_(mean).div_(std)
