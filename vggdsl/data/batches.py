"""Batches of images in the order wanted; what isn't in memory is read ahead by threads.

Which thread reads an image, and when, makes no difference to it: what is random is drawn before.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vggdsl.data.splits import Images, Lazy, Split
from vggdsl.data.transfer import to_device

THREADS = min(16, os.cpu_count() or 1)
_AHEAD = 3
"""Batches that are read while one is in use."""
_CHUNK = 64
_ALL = slice(None)

ImageRequest = tuple[Lazy, int, tuple[Any, ...] | None]
"""An image of a split, and what its view drew; None: its centre."""


@dataclass(frozen=True)
class Batch:
    """This process's images of a batch, the labels of all processes' images, and what goes on to augment them.

    ``chosen`` are the places of its images in the split of which the batch is.
    """

    split: Split
    labels: Tensor
    random: torch.Generator
    chosen: Tensor

    @property
    def total(self) -> int:
        """How many images all processes have together."""
        return len(self.labels)


def training_batches(
    split: Images,
    order: Tensor,
    batch: int,
    steps: int,
    random_of: Callable[[int], torch.Generator],
    share: slice = _ALL,
    *,
    threads: int = THREADS,
) -> Iterator[Batch]:
    """The batches of an epoch, of which this process gets its ``share``.

    ``order`` are indices of the split, ``random_of`` makes the generator of a step. Where the split has a view,
    what of each image it sees is drawn here, for all images of the batch: whatever the share is, an image is seen
    in the same way. ``threads`` read images that aren't in memory.
    """
    if isinstance(split, Split):
        order = to_device(order, split.labels.device)
    parts = (order[k * batch : (k + 1) * batch] for k in range(steps))
    if isinstance(split, Split):
        for k, chosen in enumerate(parts):
            yield Batch(split.take(chosen[share]), split.labels[chosen], random_of(k), chosen[share])
        return
    waiting: deque[tuple[Tensor, torch.Generator, Tensor]] = deque()

    def requests() -> Iterator[list[ImageRequest]]:
        for k, chosen in enumerate(parts):
            random = random_of(k)
            waiting.append((split.labels[chosen], random, chosen[share]))
            yield _views(split, chosen, random)[share]

    for images in _read_ahead(requests(), threads):
        labels, random, own = waiting.popleft()
        yield Batch(Split(images, labels[share]), labels, random, own)


def _views(split: Lazy, chosen: Tensor, random: torch.Generator) -> list[ImageRequest]:
    indices, view = chosen.tolist(), split.view
    if view is None:
        return [(split, i, None) for i in indices]
    return [(split, *request) for request in zip(indices, view.draw(len(indices), random), strict=True)]


def in_order(split: Images, batch: int) -> Iterator[Split]:
    """Batches without augmentation; of what is in memory slices, no copies."""
    starts = range(0, len(split), batch)
    if isinstance(split, Split):
        for start in starts:
            yield Split(split.images[start : start + batch], split.labels[start : start + batch])
        return
    parts = ([(split, i, None) for i in range(start, min(start + batch, len(split)))] for start in starts)
    for start, images in zip(starts, _read_ahead(parts), strict=True):
        yield Split(images, split.labels[start : start + batch])


def read_all(split: Lazy) -> Tensor:
    """The centres of all images (N, C, H, W), as uint8."""
    images = torch.empty(len(split), *split.shape.chw, dtype=torch.uint8)
    start = 0
    for part in in_order(split, _CHUNK):
        images[start : start + len(part)] = part.images
        start += len(part)
    return images


def _read(request: ImageRequest, place: Tensor) -> None:
    split, index, view = request
    place.copy_(split.centre(index) if view is None else split.glimpse(index, *view))


def _read_ahead(batches: Iterable[Sequence[ImageRequest]], threads: int = THREADS) -> Iterator[Tensor]:
    """The images of each batch (N, C, H, W); the next batches are on their way meanwhile.

    Each thread puts its images where they stay, and computes by itself: PyTorch's own threads would help it, and
    then wait for more to do, which takes a processor, too.
    """
    pool = ThreadPoolExecutor(threads, "images", torch.set_num_threads, (1,))
    waiting: deque[tuple[Tensor, list[Future[None]]]] = deque()

    def first() -> Tensor:
        images, read = waiting.popleft()
        for future in read:
            future.result()
        return images

    try:
        for requests in batches:
            images = torch.empty(len(requests), *requests[0][0].shape.chw, dtype=torch.uint8)
            waiting.append((images, [pool.submit(_read, *each) for each in zip(requests, images, strict=True)]))
            if len(waiting) > _AHEAD:
                yield first()
        pool.shutdown(wait=False)  # its threads end with their last image, even if nobody asks for it
        while waiting:
            yield first()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
