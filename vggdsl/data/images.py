"""Images of any size and colour -> uint8 tensors of the network's input."""

from pathlib import Path

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional

from vggdsl.data import preprocessing
from vggdsl.network.shapes import Shape
from vggdsl.spec.trainable import wrong_channels
from vggdsl.text.errors import InputError

_CHUNK = 1000
_LARGEST = 2**26
"""Values that are resized at once, unless one image has more."""


def fit(images: Tensor, shape: Shape) -> Tensor:
    """Images (N, c, h, w) of uint8 as (N, C, H, W) of the shape.

    They are scaled, bilinear with antialiasing, until they cover the shape, and the centre is kept.
    Before that, grey becomes RGB by repetition, and RGB grey by ITU-R 601's luma, in the integers of
    Pillow, so that a prediction sees the same pixels to within 1.
    """
    if images.shape[1:] == (shape.c, shape.h, shape.w):
        return images
    out = torch.empty(len(images), *shape.chw, dtype=torch.uint8)
    # Resizing works in floats: all at once would need much memory.
    chunk = max(1, min(_CHUNK, _LARGEST // shape.elements))
    h, w = images.shape[-2:]
    for start in range(0, len(images), chunk):
        part = recolour(images[start : start + chunk], shape.c)
        if h * shape.w != w * shape.h:  # what would be cropped away isn't scaled
            part = torch.stack([_cover(image, shape) for image in part])
        elif (h, w) != (shape.h, shape.w):
            part = functional.resize(part, [shape.h, shape.w], antialias=True)
        out[start : start + chunk] = part
    return out


def _cover(image: Tensor, shape: Shape) -> Tensor:
    opened = functional.to_pil_image(image)  # type: ignore[no-untyped-call]  # torchvision leaves it untyped
    return functional.pil_to_tensor(preprocessing.cover(opened, shape))


def recolour(images: Tensor, channels: int) -> Tensor:
    """Images (N, c, h, w) of uint8 as (N, channels, h, w): grey repeated, or RGB's luma."""
    if images.shape[1] == channels:
        return images
    if channels == 3:
        return functional.grayscale_to_rgb(images)
    red, green, blue = images.to(torch.int32).unbind(1)
    luma = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16
    return luma.to(torch.uint8)[:, None]


def check_channels(shape: Shape) -> None:
    """Raises ``InputError`` V512 for an input that is neither grey nor RGB."""
    if wrong := [*wrong_channels(shape)]:
        raise InputError(wrong)


def read_image(path: Path, shape: Shape) -> Tensor:
    """An image file as uint8 (C, H, W) of the shape, prepared as a prediction prepares it.

    Raises ``InputError`` V530 if it can't be read as an 8-bit image.
    """
    return functional.pil_to_tensor(preprocessing.read_image(path, shape))
