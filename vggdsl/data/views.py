"""What of an image a network sees: a random part of it scaled at random, or its centre."""

from dataclasses import dataclass
from math import sqrt
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2 import functional

from vggdsl.data.chance import LARGEST_SEED
from vggdsl.data.preprocessing import scaled, scaled_size, window
from vggdsl.network.shapes import Shape
from vggdsl.spec.recipe import Augment, Crop, RandomResizedCrop, Recipe, Scale
from vggdsl.spec.recipe.augments import Backend
from vggdsl.spec.recipe.scales import SIZES as SIZES
from vggdsl.spec.recipe.scales import evaluation_scale as evaluation_scale
from vggdsl.spec.recipe.scales import training_scales


@dataclass(frozen=True)
class View:
    """A window of the input's size in an image whose shorter side is scaled to S, from ``low`` to ``high``.

    With ``pad`` there are so many black pixels around the scaled image.
    """

    low: int
    high: int
    pad: int = 0

    @property
    def scale(self) -> int:
        """Q, by which images are evaluated: the middle of the range (Simonyan & Zisserman 2015, sec. 4.1)."""
        return (self.low + self.high) // 2

    def draw(self, count: int, random: torch.Generator) -> list[tuple[Any, ...]]:
        """What ``see`` takes of as many images: first the sides of all."""
        sides = torch.randint(self.low, self.high + 1, (count,), generator=random).tolist()
        down, across = torch.rand(2, count, generator=random, dtype=torch.float64).tolist()
        return list(zip(sides, down, across, strict=True))

    def see(self, image: Image.Image, shape: Shape, side: int, down: float, across: float) -> Image.Image:
        """The window of the image whose shorter side is scaled to ``side``.

        ``down`` and ``across``, from 0 to below 1, say where of all its places the window lies.
        """
        w, h = scaled_size(image.size, shape, side)
        left = int(across * (w + 2 * self.pad - shape.w + 1)) - self.pad
        top = int(down * (h + 2 * self.pad - shape.h + 1)) - self.pad
        right, bottom = min(left + shape.w, w), min(top + shape.h, h)
        x, y = max(left, 0), max(top, 0)
        if (right - x, bottom - y) == (shape.w, shape.h):
            return window(image, shape, (w, h), left, top)
        seen = Image.new(image.mode, (shape.w, shape.h))
        if right > x and bottom > y:
            seen.paste(window(image, Shape(shape.c, bottom - y, right - x), (w, h), x, y), (x - left, y - top))
        return seen


_TRIES = 10


@dataclass(frozen=True)
class ResizedCrop:
    """A part of an image, scaled to the input: ``area`` of the image's, and ``ratio`` of width to height, are drawn.

    Evaluated is the centre of the image whose shorter side is scaled to ``scale``; None: so that it covers the input.
    """

    area: tuple[float, float]
    ratio: tuple[float, float]
    scale: int | None
    backend: Backend = "pillow"

    def draw(self, count: int, random: torch.Generator) -> list[tuple[Any, ...]]:
        """A seed for each image: what can be drawn depends on its size, which is known when it is read."""
        return [(seed,) for seed in torch.randint(0, LARGEST_SEED, (count,), generator=random).tolist()]

    def see(self, image: Image.Image, shape: Shape, seed: int) -> Image.Image:
        """The part that is drawn by the seed, bilinear with antialiasing."""
        part = self._part(image, seed)
        return scaled(part, (shape.w, shape.h), (0, 0, *part.size))

    def see_tensor(self, image: Image.Image, shape: Shape, seed: int) -> Tensor:
        """The same as (C, H, W) of uint8, scaled as torchvision scales tensors: values may be off by one."""
        return functional.resize(functional.pil_to_tensor(self._part(image, seed)), [shape.h, shape.w], antialias=True)

    def _part(self, image: Image.Image, seed: int) -> Image.Image:
        top, left, h, w = self.part(image.height, image.width, torch.Generator().manual_seed(seed))
        return image.crop((left, top, left + w, top + h))

    def part(self, h: int, w: int, random: torch.Generator) -> tuple[int, int, int, int]:
        """Top, left, height and width of a part of an image of h x w pixels.

        It is drawn as torchvision's ``RandomResizedCrop`` draws, which takes no generator: threads that read images
        can't share the one that all of PyTorch has. Where ten draws don't fit, it is the largest centre of the ratio.
        """
        lowest, highest = torch.log(torch.tensor(self.ratio)).tolist()
        for _ in range(_TRIES):
            area = h * w * _uniform(*self.area, random).item()
            ratio = _uniform(lowest, highest, random).exp().item()
            across, down = round(sqrt(area * ratio)), round(sqrt(area / ratio))
            if 0 < across <= w and 0 < down <= h:
                top, left = (int(torch.randint(0, n + 1, (1,), generator=random)) for n in (h - down, w - across))
                return top, left, down, across
        down, across = min(h, max(1, round(w / self.ratio[0]))), min(w, max(1, round(h * self.ratio[1])))
        return (h - down) // 2, (w - across) // 2, down, across


def _uniform(low: float, high: float, random: torch.Generator) -> Tensor:
    return torch.empty(1).uniform_(low, high, generator=random)


def view_of(recipe: Recipe) -> View | ResizedCrop | None:
    """The view of images that aren't scaled to the input: by ``scale``, by a crop of images that are larger, or by
    parts that are scaled themselves.

    None where images are scaled to cover the input, and their centre is kept.
    """
    if recipe.augment and isinstance(first := recipe.augment[0], RandomResizedCrop):
        return ResizedCrop(first.scale, first.ratio, evaluation_scale(recipe), first.backend)
    scales = training_scales(recipe)
    if scales is None:
        return None
    match recipe.augment:
        case (Scale(), Crop(pad=pad), *_):
            return View(*scales, pad)
    return View(*scales)


def steps_after(view: View | ResizedCrop | None, steps: tuple[Augment, ...]) -> tuple[Augment, ...]:
    """The steps that are left for images of which a view is taken already; without a view all but ``scale``."""
    if isinstance(view, ResizedCrop):
        return steps[1:]
    rest = steps[1:] if steps and isinstance(steps[0], Scale) else steps
    return rest[1:] if view and rest and isinstance(rest[0], Crop) else rest
