"""What the images of a set are like before they are prepared, and what is told of that: sizes, grey or RGB."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from PIL import Image

from vggdsl.data.formats import Kind
from vggdsl.data.pictures import Arrays
from vggdsl.data.splits import Lazy, named

TRAITS = np.dtype(
    [
        ("height", "u4"),
        ("width", "u4"),
        *((name, "?") for name in Kind._fields),
        ("peak", "u1"),
        ("colour", "i4"),
        ("sketch", "u8"),
    ]
)
"""Of an image: its size, what its file was, its largest value, where all its pixels are alike their colour of 0 to
0xFFFFFF, else -1, and a digest of its size and some pixels, which images of the same pixels have in common."""
Row = tuple[int | bool, ...]
"""Of one image, ``TRAITS``."""
Traits = np.ndarray[tuple[int], np.dtype[np.void]]
"""Of each image, ``TRAITS``."""
RULES = 7
"""Of what is found of a file and remembered: one more with each change of what ``traits_of`` and ``formats.kind_of``
find and of what ``decoding.open_image`` refuses or makes, so that all are looked at again."""
NO_TRAITS: Row = (0, 0, *Kind(), 0, -1, 0)

_SKETCHED = 64
"""Pixels of a row and of a column by which an image is told from nearly all others."""
_SMALL = 8
"""How often an image may be enlarged, as a set of small ones is on purpose: MNIST's 28 pixels are to 224."""
_STRIP = 1 / 3
"""An image of which less has the form of the input is nearly lost; of a photograph, 16 to 9, it is more than half."""
_THUMBNAIL, _TWICE = 4, 2
"""An image that the median's is so many times as large as was hardly meant to be so small, where it is enlarged at
all: photographs of one set differ by less."""


def traits_of(image: Image.Image, kind: Kind) -> Row:
    """A row of ``Traits``; the image is grey or RGB by now."""
    lowest, highest = np.reshape(image.getextrema(), (-1, 2)).T
    colour = number_of(highest) if (lowest == highest).all() else -1
    return image.height, image.width, *kind, int(highest.max()), colour, _sketch(image)


def _sketch(image: Image.Image) -> int:
    across, down = (min(size, _SKETCHED) for size in image.size)
    seen = image.resize((across, down), Image.Resampling.NEAREST)
    digest = hashlib.sha256(repr(image.size).encode())
    digest.update(seen.tobytes())
    return int.from_bytes(digest.digest()[:8], "little")


def traits_of_arrays(pictures: Arrays) -> Traits:
    """Of images in memory; they aren't sketched."""
    count, channels, height, width = pictures.images.shape
    found = np.full(count, np.array((height, width, *Kind(is_grey=channels == 1), 0, -1, 0), TRAITS))
    lowest, highest = pictures.images.amin((2, 3)).numpy(), pictures.images.amax((2, 3)).numpy()
    found["peak"] = highest.max(axis=1)
    is_flat = (lowest == highest).all(axis=1)
    found["colour"][is_flat] = [number_of(colour) for colour in highest[is_flat]]
    return found


def number_of(colour: "np.ndarray[tuple[int], np.dtype[np.integer[Any]]]") -> int:
    """Of a grey, or of red, green and blue: 0xRRGGBB."""
    return int.from_bytes(np.broadcast_to(colour, 3).astype(np.uint8).tobytes())


def recoloured(splits: Mapping[str, Lazy], traits: Mapping[str, Traits]) -> Iterator[str]:
    """What becomes of the colours of images that are not as the network's input is."""
    channels = splits["train"].shape.c
    is_grey = np.concatenate([traits[name]["is_grey"] for name in splits])
    others = is_grey if channels == 3 else ~is_grey
    if others.any():
        become = "RGB images are made grey" if channels == 1 else "grey images are made RGB, three times the same"
        some = "" if others.all() else f": {others.sum():,} of {len(others):,}"
        yield f"{become}, as the network's input is{some}"


def of_several_frames(splits: Mapping[str, Lazy], traits: Mapping[str, Traits]) -> Iterator[str]:
    """How many files have frames or pages that aren't read."""
    found = {name: np.flatnonzero(traits[name]["has_frames"]) for name in splits}
    count, total = sum(map(len, found.values())), sum(map(len, splits.values()))
    if count:
        name, index = next((name, int(where[0])) for name, where in found.items() if len(where))
        some = f"{count:,} of {total:,} images" if count < total else f"all {total:,} images"
        have = f"{some} {'has' if count == 1 else 'have'} several frames or pages, of which the first is read"
        yield f"{have}: {named(splits, name, index)}"


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


def cropped(splits: Mapping[str, Lazy], traits: Mapping[str, Traits]) -> Iterator[str]:
    """Which images are so long or so high, for the input, that most of them is never evaluated."""
    seen = {name: _seen(split, traits[name]) for name, split in splits.items()}
    count, total = sum(int((of < _STRIP).sum()) for of in seen.values()), sum(map(len, splits.values()))
    if count:
        name = min(splits, key=lambda name: seen[name].min(initial=1))
        index = int(seen[name].argmin())
        height, width, *_ = traits[name][index]
        some = f"{count:,} of {total:,} images" if count < total else f"all {total:,} images"
        size = f"{named(splits, name, index)} has {height}x{width} pixels"
        yield f"of {some} less than a third is looked at, the middle, as they have another form than the input: {size}"


def _seen(split: Lazy, traits: Traits) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The part of each image that has the form of the input."""
    down, across = traits["height"] / split.shape.h, traits["width"] / split.shape.w
    return np.minimum(down, across) / np.maximum(down, across)


def _times(split: Lazy, traits: Traits) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """How often each image is enlarged where it is evaluated."""
    height, width = traits["height"].astype(np.float64), traits["width"].astype(np.float64)
    side = (split.view.scale if split.view else None) or 0
    return np.maximum(np.maximum(split.shape.h / height, split.shape.w / width), side / np.minimum(height, width))
