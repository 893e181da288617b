"""What of an image a network sees: a random part of it scaled at random, or its centre."""

from dataclasses import dataclass

from PIL import Image

from vggdsl.data.preprocessing import scaled_size, window
from vggdsl.network.shapes import Shape
from vggdsl.spec.recipe import Augment, Crop, Recipe, Scale
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

    def see(self, image: Image.Image, shape: Shape, side: int, down: float, across: float) -> Image.Image:
        """The window of the image whose shorter side is scaled to ``side``.

        ``down`` and ``across``, from 0 to below 1, say where of all its places the window lies.
        """
        w, h = scaled_size(image, shape, side)
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


def view_of(recipe: Recipe) -> View | None:
    """The view of images that aren't scaled to the input: by ``scale``, or by a crop of images that are larger.

    None where images are scaled to cover the input, and their centre is kept.
    """
    scales = training_scales(recipe)
    if scales is None:
        return None
    match recipe.augment:
        case (Scale(), Crop(pad=pad), *_):
            return View(*scales, pad)
    return View(*scales)


def steps_after(view: View | None, steps: tuple[Augment, ...]) -> tuple[Augment, ...]:
    """The steps that are left for images of which a view is taken already; without a view all but ``scale``."""
    rest = steps[1:] if steps and isinstance(steps[0], Scale) else steps
    return rest[1:] if view and rest and isinstance(rest[0], Crop) else rest
