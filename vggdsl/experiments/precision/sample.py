"""Images by which a file is made narrower, and by which it is held against the wide one."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from vggdsl.data.preprocessing import Preprocessing, cover
from vggdsl.data.splits import Lazy, part_of
from vggdsl.experiments.evaluation.images import Images
from vggdsl.targets.quantisation import Array

SEED = 0
_BATCH = 16


@dataclass(frozen=True, eq=False)
class Sample:
    """Pixels (n, h, w, c) of uint8 as evaluation prepares them, their labels (n,), and how a network takes them.

    ``shown`` says which images they are, ``data`` is the digest of their set.
    """

    pixels: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    preprocessing: Preprocessing
    shown: str
    data: str

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int, *, in_bytes: bool) -> Array:
        """So many of its images as a file takes them, the first again where there are fewer."""
        pixels = self.pixels[np.arange(count) % len(self)]
        return pixels if in_bytes else self.preprocessing.normalised(pixels)

    def batches(self, *, in_bytes: bool) -> Iterator[Array]:
        """All images: bytes (n, h, w, c), or (n, c, h, w) in single precision."""
        for start in range(0, len(self), _BATCH):
            pixels = self.pixels[start : start + _BATCH]
            yield pixels if in_bytes else self.preprocessing.normalised(pixels)


def sample_of(images: Images, preprocessing: Preprocessing, count: int) -> Sample:
    """``count`` of the images, or all where they are fewer, drawn with a share of each class.

    Raises ``InputError`` V530 for one that can't be read.
    """
    chosen = images.lazy
    if count < len(chosen):
        chosen = _drawn(chosen, count)
    shape = chosen.shape
    pixels = np.empty((len(chosen), shape.h, shape.w, shape.c), np.uint8)
    for i in range(len(chosen)):
        seen = cover(chosen.pictures[i], shape, preprocessing.shorter_side)
        pixels[i] = np.asarray(seen, np.uint8).reshape(pixels.shape[1:])
    which = "" if len(chosen) == len(images.lazy) else f" of {len(images.lazy):,}"
    shown = f"{len(chosen):,} images{which}, {images.shown}"
    return Sample(pixels, chosen.labels.numpy(), preprocessing, shown, images.data)


def _drawn(images: Lazy, count: int) -> Lazy:
    try:
        return part_of(images, count, SEED)
    except ValueError:  # fewer than there are classes
        order = np.random.RandomState(SEED).permutation(len(images))[:count]
        return images.take(torch.from_numpy(np.sort(order)))
