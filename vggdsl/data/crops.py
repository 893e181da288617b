"""The parts of an image that an evaluation looks at."""

from itertools import product
from typing import Literal

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2 import functional

from vggdsl.data.preprocessing import scaled, scaled_size, window
from vggdsl.network.shapes import Shape

Crops = Literal["centre", "ten", "grid"]
GRID = 5
"""Crops along each side of the grid."""


def places(crops: Crops, h: int, w: int) -> list[tuple[int, int]]:
    """Top and left of the crops of an image that is larger by ``h`` and ``w`` pixels.

    The corners and the centre of Krizhevsky et al. 2012, which mirrored are ten; the regular grid of Simonyan &
    Zisserman 2015, from border to border. Where all of them are one, it is there once.

    >>> places("ten", 2, 4), places("ten", 0, 0)
    ([(0, 0), (0, 4), (2, 0), (2, 4), (1, 2)], [(0, 0)])
    """
    if h == w == 0:
        return [(0, 0)]
    match crops:
        case "centre":
            return [(round(h / 2), round(w / 2))]
        case "ten":
            return [*product((0, h), (0, w)), *places("centre", h, w)]
        case "grid":
            steps = [i / (GRID - 1) for i in range(GRID)]
            return [(round(h * down), round(w * across)) for down, across in product(steps, steps)]


def cut(image: Image.Image, shape: Shape, scale: int, crops: Crops) -> Tensor:
    """The crops (n, C, H, W) of uint8 of the image whose shorter side is scaled to ``scale``, as in training."""
    w, h = scaled_size(image.size, shape, scale)
    seen = (window(image, shape, (w, h), left, top) for top, left in places(crops, h - shape.h, w - shape.w))
    return torch.stack([functional.pil_to_tensor(crop) for crop in seen])


def whole(image: Image.Image, shape: Shape, scale: int) -> Tensor:
    """All of the image (C, h, w) of uint8, its shorter side scaled to ``scale``."""
    size = scaled_size(image.size, shape, scale)
    return functional.pil_to_tensor(scaled(image, size, (0, 0, *image.size)))
