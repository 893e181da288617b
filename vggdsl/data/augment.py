"""Batches of images on the device, augmented."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from torchvision.transforms import v2

from vggdsl.data.chance import LARGEST_SEED
from vggdsl.data.moments import Colours
from vggdsl.data.transfer import to_device
from vggdsl.spec.recipe import (
    AlternatingHFlip,
    Augment,
    ColourJitter,
    ColourPCA,
    Crop,
    Cutout,
    Erase,
    HFlip,
    Rotate,
    Translate,
    TrivialAugment,
    VFlip,
)

_ALL = slice(None)
_ALPHA = 0.1
"""Standard deviation of the multiples of the colours' components (Krizhevsky et al. 2012, sec. 4.1)."""


def augment(
    images: Tensor,
    steps: Sequence[Augment],
    random: torch.Generator,
    colours: Colours | None = None,
    *,
    total: int | None = None,
    share: slice = _ALL,
    mirrored: Tensor | None = None,
) -> Tensor:
    """Images (N, C, H, W) of uint8, each cropped, turned and recoloured at random, in the order of the steps.

    A crop has the size that its step says. After ``colour-pca``, which needs ``colours``, images are of
    single precision, still about 0 to 255: nothing is rounded or cut off. ``erase`` and ``cutout`` are for normalised
    ones. ``mirrored`` (N,) are those that ``alternating-hflip`` mirrors. Where the images are a ``share`` of a batch of
    ``total``, chance is drawn for the whole batch, so that each image is changed as it would be there.

    Raises ``ValueError`` for steps that a training refuses, and for ``scale``, which isn't of batches.
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
                images = crop(images, pad, to_device(offsets[:, share], images.device), size)
            case Translate(most):
                shifts = torch.randint(-most, most + 1, (2, n), generator=random)
                images = translate(images, most, to_device(shifts[:, share], images.device))
            case AlternatingHFlip() if mirrored is not None:
                images = hflip(images, mirrored)
            case HFlip():
                images = hflip(images, to_device((torch.rand(n, generator=random) < 0.5)[share], images.device))
            case VFlip():
                images = vflip(images, to_device((torch.rand(n, generator=random) < 0.5)[share], images.device))
            case ColourPCA() if colours is not None:
                alpha = torch.randn(n, 3, generator=random, dtype=torch.float64) * _ALPHA
                images = images + to_device(colours.shift(alpha[share]).float(), images.device)[:, :, None, None]
            case Rotate() | ColourJitter() | TrivialAugment() | Erase():
                seeds = torch.randint(0, LARGEST_SEED, (n,), generator=random)[share]
                images = transformed(images, transform_of(step), seeds.tolist())
            case Cutout(size):
                middles = torch.stack([torch.randint(0, images.shape[k], (n,), generator=random) for k in (2, 3)])
                images = cutout(images, to_device(middles[:, share], images.device), size)
            case _:
                raise ValueError(f"{step} isn't implemented")
    return images


def transform_of(step: Rotate | ColourJitter | TrivialAugment | Erase) -> v2.Transform:
    """Torchvision's."""
    match step:
        case Rotate(degrees):
            return v2.RandomRotation((-degrees, degrees), v2.InterpolationMode.BILINEAR)
        case ColourJitter(brightness, contrast, saturation, hue):
            return v2.ColorJitter(brightness, contrast, saturation, hue)
        case TrivialAugment():
            return v2.TrivialAugmentWide()
        case Erase(p, scale, ratio):
            return v2.RandomErasing(p, scale, ratio)


def transformed(images: Tensor, transform: v2.Transform, seeds: Iterable[int]) -> Tensor:
    """The images, each as the transform changes it by its seed.

    Torchvision draws from the one generator of PyTorch on the CPU, which is as before afterwards.
    """
    changed = []
    with torch.random.fork_rng(devices=[]):
        for image, seed in zip(images, seeds, strict=True):
            torch.default_generator.manual_seed(seed)
            changed.append(transform(image))
    return torch.stack(changed)


def crop(images: Tensor, pad: int, offsets: Tensor, size: int | None = None) -> Tensor:
    """Windows out of the images with ``pad`` black pixels around: squares of ``size``, or of the images' own size.

    ``offsets`` (2, N) are the windows' rows and columns, from 0.
    """
    h, w = images.shape[2:] if size is None else (size, size)
    return _windows(torch.nn.functional.pad(images, (pad, pad, pad, pad)), offsets, h, w)


def translate(images: Tensor, most: int, shifts: Tensor) -> Tensor:
    """The images, each with what is ``shifts`` (2, N) pixels below and to the right of a place moved there.

    Where that is beyond the border it is what lies as far before it; a shift is ``most`` at the most, and that less
    than the image's side.
    """
    h, w = images.shape[2:]
    rows, columns = (_reflected(torch.arange(-most, side + most, device=images.device), side) for side in (h, w))
    return _windows(images.index_select(2, rows).index_select(3, columns), shifts + most, h, w)


def cutout(images: Tensor, middles: Tensor, size: int) -> Tensor:
    """The images with squares of 0, around the pixels ``middles`` (2, N); an even side has one pixel more before it."""
    rows, columns = (
        (_places(-middle, side) >= -(size // 2)) & (_places(-middle, side) < size - size // 2)
        for middle, side in zip(middles, images.shape[2:], strict=True)
    )
    return images.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0)


def _places(offsets: Tensor, side: int) -> Tensor:
    """(N, side): from each of the offsets on."""
    return offsets[:, None] + torch.arange(side, device=offsets.device)


def _reflected(places: Tensor, side: int) -> Tensor:
    return (side - 1) - ((side - 1) - places.abs()).abs()


def _windows(images: Tensor, offsets: Tensor, h: int, w: int) -> Tensor:
    """Of each image the window (h, w) from a row and a column on, as ``offsets`` (2, N) say.

    Picked from all windows that begin anywhere in memory, each is copied row by row, and not pixel by pixel as
    indices of rows and columns would.
    """
    n, c, height, width = images.shape
    image, channel, row, column = images.stride()
    begins = (n - 1) * image + (height - h) * row + (width - w) * column + 1 if n else 0
    anywhere = images.as_strided((begins, c, h, w), (1, channel, row, column))
    begin = torch.arange(n, device=images.device) * image + offsets[0] * row + offsets[1] * column
    return anywhere.index_select(0, begin)


def hflip(images: Tensor, mirrored: Tensor) -> Tensor:
    """The images, those that are ``mirrored`` (N,) with left and right exchanged."""
    return torch.where(mirrored[:, None, None, None], images.flip(3), images)


def vflip(images: Tensor, mirrored: Tensor) -> Tensor:
    """The images, those that are ``mirrored`` (N,) with top and bottom exchanged."""
    return torch.where(mirrored[:, None, None, None], images.flip(2), images)
