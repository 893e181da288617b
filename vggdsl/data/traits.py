"""What the images of a set are like before they are prepared, and what is told of that: sizes, grey or RGB."""

import hashlib
from collections.abc import Iterator, Mapping

import numpy as np
from PIL import Image

from vggdsl.data.pictures import Arrays
from vggdsl.data.splits import Lazy, named

TRAITS = np.dtype([("height", "u4"), ("width", "u4"), ("is_grey", "?"), ("blank", "i2"), ("sketch", "u8")])
"""Of an image: its size, whether its file is grey, where all its pixels are alike their grey of 0 to 255, else -1, and
a digest of its size and some pixels, which images of the same pixels have in common."""
Traits = np.ndarray[tuple[int], np.dtype[np.void]]
"""Of each image, ``TRAITS``."""

_SKETCHED = 64
"""Pixels of a row and of a column by which an image is told from nearly all others."""
_LUMA = (0.299, 0.587, 0.114)
_SMALL = 8
"""How often an image may be enlarged, as a set of small ones is on purpose: MNIST's 28 pixels are to 224."""
_THUMBNAIL, _TWICE = 4, 2
"""An image that the median's is so many times as large as was hardly meant to be so small, where it is enlarged at
all: photographs of one set differ by less."""


def traits_of(image: Image.Image, is_grey: bool) -> tuple[int, int, bool, int, int]:
    """A row of ``Traits``; the image is grey or RGB by now, and its file was grey or not."""
    return image.height, image.width, is_grey, _blank(image), _sketch(image)


def _sketch(image: Image.Image) -> int:
    across, down = (min(size, _SKETCHED) for size in image.size)
    seen = image.resize((across, down), Image.Resampling.NEAREST)
    digest = hashlib.sha256(repr(image.size).encode())
    digest.update(seen.tobytes())
    return int.from_bytes(digest.digest()[:8], "little")


def _blank(image: Image.Image) -> int:
    across, down = ([0, size // 3, size // 2, size - 1] for size in image.size)
    first, *others = (image.getpixel((x, y)) for x in across for y in down)
    if any(other != first for other in others):  # of nearly all: more costs nothing
        return -1
    pixels, bands = image.tobytes(), len(image.getbands())
    colour = pixels[:bands]
    if pixels != colour * (len(pixels) // bands):
        return -1
    return colour[0] if bands == 1 else round(float(np.dot(_LUMA, [*colour])))


def traits_of_arrays(pictures: Arrays) -> Traits:
    """Of images in memory; which of them are blank isn't looked for, nor are they sketched."""
    count, channels, height, width = pictures.images.shape
    return np.full(count, np.array((height, width, channels == 1, -1, 0), TRAITS))


def recoloured(splits: Mapping[str, Lazy], traits: Mapping[str, Traits]) -> Iterator[str]:
    """What becomes of the colours of images that are not as the network's input is."""
    channels = splits["train"].shape.c
    is_grey = np.concatenate([traits[name]["is_grey"] for name in splits])
    others = is_grey if channels == 3 else ~is_grey
    if others.any():
        become = "RGB images are made grey" if channels == 1 else "grey images are made RGB, three times the same"
        some = "" if others.all() else f": {others.sum():,} of {len(others):,}"
        yield f"{become}, as the network's input is{some}"


def enlarged(splits: Mapping[str, Lazy], traits: Mapping[str, Traits]) -> Iterator[str]:
    """Which images are so small that little of what the network looks at is theirs."""
    sides = {name: np.minimum(traits[name]["height"], traits[name]["width"]) for name in splits}
    median = np.median(np.concatenate([*sides.values()]))
    times = {name: _times(split, traits[name]) for name, split in splits.items()}
    found = list[float]()
    for name in splits:
        is_thumbnail = (times[name] >= _TWICE) & (_THUMBNAIL * sides[name] < median)
        found += times[name][is_thumbnail | (times[name] > _SMALL)].tolist()
    if not found:
        return
    total = sum(map(len, splits.values()))
    count = "all" if len(found) == total else f"{len(found):,} of"
    images = f"{count} {total:,} images {'is' if len(found) == 1 else 'are'}"
    low, high = f"{min(found):.3g}", f"{max(found):.3g}"
    smallest = max(splits, key=lambda name: times[name].max())
    index = int(times[smallest].argmax())
    height, width, *_ = traits[smallest][index]
    often = high if low == high else f"{low} to {high}"
    size = f"{named(splits, smallest, index)} has {height}x{width} pixels"
    yield f"{images} enlarged {often} times to what the network looks at: {size}"


def _times(split: Lazy, traits: Traits) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """How often each image is enlarged where it is evaluated."""
    height, width = traits["height"].astype(np.float64), traits["width"].astype(np.float64)
    side = (split.view.scale if split.view else None) or 0
    return np.maximum(np.maximum(split.shape.h / height, split.shape.w / width), side / np.minimum(height, width))
