"""Images with labels, held in memory or read when they are needed, and how one pool of them is divided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2 import functional

from vggdsl.data.pictures import SEED, Arrays, Files, Hash, Pictures, sample
from vggdsl.data.preprocessing import cover
from vggdsl.data.views import ResizedCrop, View
from vggdsl.network.shapes import Shape


@dataclass(frozen=True, eq=False)
class Split:
    """Images (N, C, H, W) of uint8, labels (N,) of int64; ``source`` is what they were read from, if files."""

    images: Tensor
    labels: Tensor
    source: Pictures | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: Tensor) -> "Split":
        return Split(self.images[indices], self.labels[indices])

    def part(self, share: slice) -> "Split":
        """As ``take``, without copies."""
        return Split(self.images[share], self.labels[share])

    def update(self, digest: Hash) -> None:
        """Digests images and labels: the images as they are, or the files that they were read from."""
        (self.source or Arrays(self.images, self.images.shape[1])).update(digest)
        digest.update(self.labels.numpy().astype("<i8").tobytes())


@dataclass(frozen=True, eq=False)
class Lazy:
    """Images with their labels (N,) of int64, prepared for an input of ``shape`` when they are needed.

    Without ``view`` an image is scaled to cover the input, and its centre is kept.
    """

    pictures: Pictures
    labels: Tensor
    shape: Shape
    view: View | ResizedCrop | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: Tensor) -> "Lazy":
        return Lazy(self.pictures.take(indices), self.labels[indices], self.shape, self.view)

    def part(self, share: slice) -> "Lazy":
        return self.take(torch.arange(len(self))[share])

    def centre(self, index: int) -> Tensor:
        """An image (C, H, W) of uint8 as it is evaluated: at the view's scale, its centre."""
        return self.centre_of(self.pictures[index])

    def centre_of(self, image: Image.Image) -> Tensor:
        """As ``centre``, of one of its images."""
        side = self.view.scale if self.view else None
        return functional.pil_to_tensor(cover(image, self.shape, side))

    def glimpse(self, index: int, *drawn: Any) -> Tensor:
        """What the view sees of an image by what it drew, (C, H, W) of uint8: see ``View.see``."""
        assert self.view is not None
        if isinstance(self.view, ResizedCrop) and self.view.backend == "tensor":
            return self.view.see_tensor(self.pictures[index], self.shape, *drawn)
        return functional.pil_to_tensor(self.view.see(self.pictures[index], self.shape, *drawn))

    def update(self, digest: Hash) -> None:
        """Digests images and labels."""
        self.pictures.update(digest)
        digest.update(self.labels.numpy().astype("<i8").tobytes())


Images = Split | Lazy


def named(splits: Mapping[str, Lazy], split: str, index: int) -> str:
    """What an image of a split is called: its file, or its place."""
    pictures = splits[split].pictures
    return pictures.called(index) if isinstance(pictures, Files) else f"image {index} of {split}"


class _Labelled(Protocol):
    @property
    def labels(self) -> Tensor: ...

    def take(self, indices: Tensor) -> Self: ...


Pool = TypeVar("Pool", bound=_Labelled)


def set_aside(pool: Pool, count: int, seed: int = SEED) -> tuple[Pool, Pool]:
    """Divides a pool into ``count`` images and the rest, stratified; each part keeps the pool's order.

    Every class gives its share of ``count``, rounded by largest remainders. The draw is the same on
    every machine and with every version: NumPy promises the stream of ``RandomState``, and of no other.
    """
    taken = _drawn(pool, _shares(np.bincount(pool.labels.numpy()), count), seed)
    aside, rest = (torch.from_numpy(np.flatnonzero(mask)) for mask in (taken, ~taken))
    return pool.take(aside), pool.take(rest)


def part_of(pool: Pool, count: int, seed: int = SEED) -> Pool:
    """``count`` images of a pool, drawn as ``set_aside`` draws them, but of each class that has any one at least.

    Raises ``ValueError`` for fewer than those classes, or more than the pool.
    """
    sizes = np.bincount(pool.labels.numpy())
    if not np.count_nonzero(sizes) <= count <= len(pool.labels):
        raise ValueError(f"{count} of {len(pool.labels)}")
    shares = _shares(sizes, count)
    for label, size in enumerate(sizes):
        if size and not shares[label]:
            shares[label] = 1
            shares[shares.index(max(shares))] -= 1
    return pool.take(torch.from_numpy(np.flatnonzero(_drawn(pool, shares, seed))))


def _drawn(pool: _Labelled, shares: Sequence[int], seed: int) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Which images are drawn, where each class gives its share."""
    labels = pool.labels.numpy()
    random = np.random.RandomState(seed)
    taken = np.zeros(len(labels), dtype=bool)
    for label, share in enumerate(shares):
        members = np.flatnonzero(labels == label)
        taken[random.permutation(members)[:share]] = True
    return taken


def _shares(sizes: "np.ndarray[tuple[int], np.dtype[np.int64]]", count: int) -> list[int]:
    """``count`` in proportion to the sizes, none above its size."""
    total = int(sizes.sum())
    shares = [int(size) * count // total for size in sizes]
    remainders = [int(size) * count % total for size in sizes]
    largest = sorted(range(len(sizes)), key=lambda k: (-remainders[k], k))
    for k in largest[: count - sum(shares)]:
        shares[k] += 1
    return shares


def measured(images: Images) -> Images:
    """Those over which statistics are taken: all, but of files a sample, held or not."""
    files = images.source if isinstance(images, Split) else images.pictures
    if files is None or isinstance(files, Arrays):
        return images
    return images.take(torch.from_numpy(sample(len(images))))
