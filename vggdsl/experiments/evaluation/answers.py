"""What a network answers to images, looked at as a protocol says."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from vggdsl.data.batches import THREADS
from vggdsl.data.crops import cut, whole
from vggdsl.data.normalisation import Normalisation
from vggdsl.data.splits import Lazy
from vggdsl.data.transfer import to_device
from vggdsl.data.unreadable import UnreadableImageError
from vggdsl.experiments.device import Hardware
from vggdsl.network.passes.fc_to_conv import fc_to_conv, of_size, on_maps
from vggdsl.network.shapes import Pair
from vggdsl.spec.protocol import Protocol
from vggdsl.targets.torch import Network, load_weights, weights_in_place, without_weights
from vggdsl.text.errors import Diagnostic, InputError, ShapeError, in_a_line


class Looks(NamedTuple):
    """What is looked at of an image: crops (n, C, H, W), and the image whole (C, h, w) at each scale; uint8."""

    crops: Tensor | None
    wholes: tuple[Tensor, ...]


@dataclass(frozen=True, eq=False)
class Answering:
    """A network with its weights on the device, and how it computes; images are prepared by ``normalisation``.

    ``batch`` is how many images of the network's input it computes at once.
    """

    network: Network
    normalisation: Normalisation
    hardware: Hardware
    batch: int

    def __call__(
        self, images: Lazy, protocol: Protocol, told: Callable[[int], None] = lambda _: None
    ) -> Iterator[Tensor | UnreadableImageError]:
        """The probabilities (K,) of each image in double precision, or why it can't be read; in their order.

        The scores of all places of a map are averaged before the softmax, probabilities of all else behind it
        (Simonyan & Zisserman 2015, sec. 3.2). ``told`` is told how many images were answered.

        Raises ``InputError`` V534 for a scale below the network's input, or a network that can't take a larger image.
        """
        self._refuse(protocol)
        group = list[Looks | UnreadableImageError]()
        for done, looks in enumerate(_read_ahead(images, protocol), 1):
            group.append(looks)
            if len(group) == self.batch or done == len(images):
                yield from self._answers(group, protocol)
                group = []
                told(done)

    def _refuse(self, protocol: Protocol) -> None:
        size = self.network.typed.input
        least = min(size.h, size.w)
        if min(protocol.scales) < least:
            message = f"images scaled to {min(protocol.scales)} don't cover the network's input of {size.h}x{size.w}"
            raise InputError(Diagnostic("V534", message, help=f"give scales of at least {least}"))

    def _answers(
        self, group: Sequence[Looks | UnreadableImageError], protocol: Protocol
    ) -> Iterator[Tensor | UnreadableImageError]:
        good = [looks for looks in group if isinstance(looks, Looks)]
        parts = list[Tensor]()
        if good and protocol.crops is not None:
            parts.append(self._of_crops([looks.crops for looks in good if looks.crops is not None], protocol))
        if good and protocol.is_dense:
            parts.append(self._of_wholes([looks.wholes for looks in good], protocol))
        answers = iter(torch.stack(parts).mean(0).cpu() if parts else ())
        for looks in group:
            yield next(answers) if isinstance(looks, Looks) else looks

    def _of_crops(self, crops: Sequence[Tensor], protocol: Protocol) -> Tensor:
        """Probabilities (N, K), each the mean over an image's crops."""
        each = len(crops[0])
        parts = torch.split(torch.cat([*crops]), self.batch)
        found = [self._probabilities(self.network, part, protocol.mirrors_crops) for part in parts]
        return torch.cat(found).reshape(len(crops), each, -1).mean(1)

    def _of_wholes(self, wholes: Sequence[tuple[Tensor, ...]], protocol: Protocol) -> Tensor:
        """Probabilities (N, K), each the mean over an image's scales."""
        sizes: dict[Pair, list[tuple[int, Tensor]]] = {}
        for i, scaled in enumerate(wholes):
            for image in scaled:
                sizes.setdefault(Pair(*image.shape[1:]), []).append((i, image))
        total = torch.zeros(len(wholes), self.network.typed.output.c, dtype=torch.float64)
        size = self.network.typed.input
        for (h, w), found in sizes.items():
            self._check_size(h, w)
            at_once = max(1, self.batch * size.h * size.w // (h * w))
            for start in range(0, len(found), at_once):
                part = found[start : start + at_once]
                images = torch.stack([image for _, image in part])
                answers = self._probabilities(self.dense, images, protocol.flip).cpu()
                total.index_add_(0, torch.tensor([i for i, _ in part]), answers)
        return total / len(protocol.scales)

    @torch.no_grad()
    def _probabilities(self, network: Network, images: Tensor, mirrored: bool) -> Tensor:
        """(N, K) of images (N, C, h, w) of uint8, or of each and its mirror image."""
        images = to_device(images, self.hardware.device)
        ways = (images, images.flip(3)) if mirrored else (images,)
        return torch.stack([self._softmax(network, way) for way in ways]).mean(0)

    def _softmax(self, network: Network, images: Tensor) -> Tensor:
        with self.hardware.autocast():
            given: Tensor = network(self.normalisation(images))
        scores = given.float()
        return (scores.mean((2, 3)) if scores.dim() == 4 else scores).double().softmax(1)

    @cached_property
    def dense(self) -> Network:
        """The network that takes images of any size from its input's on."""
        typed = self.network.typed.inference
        size = typed.input
        made = without_weights(of_size(fc_to_conv(typed), size.h, size.w))
        load_weights(made, on_maps(typed, weights_in_place(self.network)))
        return made.eval().to(self.hardware.device).to(memory_format=torch.channels_last)

    def _check_size(self, h: int, w: int) -> None:
        try:
            of_size(self.dense.typed.graph, h, w)
        except ShapeError as error:
            message = f"the network can't take images of {h}x{w}: {in_a_line(error)}"
            raise InputError(Diagnostic("V534", message, help="evaluate it by crops: `--view grid`")) from None


def _look(images: Lazy, index: int, protocol: Protocol) -> Looks | UnreadableImageError:
    try:
        image = images.pictures[index]
    except UnreadableImageError as error:
        return error
    crops = None
    if protocol.crops is not None:
        crops = torch.cat([cut(image, images.shape, scale, protocol.crops) for scale in protocol.scales])
    wholes = tuple(whole(image, images.shape, scale) for scale in protocol.scales) if protocol.is_dense else ()
    return Looks(crops, wholes)


_AHEAD = 4
"""Images that wait for the network, for each thread that reads them."""


def _read_ahead(images: Lazy, protocol: Protocol) -> Iterator[Looks | UnreadableImageError]:
    waiting: deque[Future[Looks | UnreadableImageError]] = deque()
    pool = ThreadPoolExecutor(THREADS, "images")
    try:
        for index in range(len(images)):
            waiting.append(pool.submit(_look, images, index, protocol))
            if len(waiting) > _AHEAD * THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
