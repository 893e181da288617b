"""To which length a recipe scales the shorter side of images: to train on them, and to measure."""

from vggdsl.spec.recipe.augments import Crop, RandomResizedCrop, Scale
from vggdsl.spec.recipe.model import DATA_SETS, Recipe

SIZES = {name: published.size for name, published in DATA_SETS.items() if published.size is not None}
"""Height and width of the images, of sets where all are square and alike."""


def training_scales(recipe: Recipe) -> tuple[int, int] | None:
    """The least and the largest: by ``scale``, or of images that are larger than the crop that is taken of them.

    None where images are scaled to cover the input, and their centre is kept.
    """
    match recipe.augment:
        case (Scale(low, high), *_):
            return low, high
        case (Crop(size, 0), *_) if size < SIZES.get(recipe.data.name, 0):
            return SIZES[recipe.data.name], SIZES[recipe.data.name]
    return None


def evaluation_scale(recipe: Recipe) -> int | None:
    """Q, by which an image is evaluated at its centre; None: so that it just covers the input.

    The middle of the range (Simonyan & Zisserman 2015, sec. 4.1). Where trained on parts of images that are scaled to
    the input, 8/7 of it, as 256 for 224 (He et al. 2016, and torchvision's reference); but images that are published
    no larger than the input, or drawn at its size, are looked at whole.
    """
    match recipe.augment:
        case (RandomResizedCrop(size), *_):
            is_small = recipe.data.name == "fake" or SIZES.get(recipe.data.name, size + 1) <= size
            return None if is_small else round(size * 8 / 7)
    scales = training_scales(recipe)
    return None if scales is None else sum(scales) // 2
