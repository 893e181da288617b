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
from vggdsl.data.crops import cut, places, whole
from vggdsl.data.normalisation import Normalisation
from vggdsl.data.preprocessing import scaled_size
from vggdsl.data.splits import Lazy
from vggdsl.data.transfer import to_device
from vggdsl.data.unreadable import UnreadableImageError
from vggdsl.experiments.device import Hardware
from vggdsl.network.passes.fc_to_conv import of_size
from vggdsl.network.shapes import Pair
from vggdsl.spec.protocol import Protocol
from vggdsl.targets.torch import Network, dense
from vggdsl.text.errors import Diagnostic, InputError, ShapeError, in_a_line

Name = Callable[[int], str]
"""The name of the image at a place."""


class Looks(NamedTuple):
    """What is looked at of an image at each scale: crops (n, C, H, W), and the image whole (C, h, w); uint8."""

    crops: tuple[Tensor, ...]
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
        self, images: Lazy, protocol: Protocol, name: Name, told: Callable[[int], None] = lambda _: None
    ) -> Iterator[Tensor | UnreadableImageError]:
        """The probabilities (K,) of each image in double precision, or why it can't be read; in their order.

        The scores of all places of a map are averaged before the softmax, probabilities of all else behind it
        (Simonyan & Zisserman 2015, sec. 3.2). ``name`` gives an image's name, ``told`` is told how many were answered.

        Raises ``InputError`` V534 for images that the network can't take whole, before any is answered, and for an
        answer that is no number.
        """
        if protocol.is_dense:
            self._refuse_sizes(images, protocol, name)
        at_once = max(1, self.batch // self._looks(protocol))
        group = list[Looks | UnreadableImageError]()
        for done, looks in enumerate(_read_ahead(images, protocol), 1):
            group.append(looks)
            if len(group) == at_once or done == len(images):
                for place, answer in enumerate(self._answers(group, protocol), done - len(group)):
                    if isinstance(answer, Tensor) and not answer.isfinite().all():
                        raise self._no_number(name(place))
                    yield answer
                group = []
                told(done)

    def _looks(self, protocol: Protocol) -> int:
        """About how many times the input's pixels are held of an image: of square ones, where they are whole."""
        size = self.network.typed.input
        crops = 0
        if protocol.crops is not None:
            beyond = [(max(0, scale - size.h), max(0, scale - size.w)) for scale in protocol.scales]
            crops = sum(len(places(protocol.crops, *each)) for each in beyond)
        wholes = sum(scale**2 for scale in protocol.scales) / (size.h * size.w) if protocol.is_dense else 0
        return max(1, crops + round(wholes))

    def _no_number(self, image: str) -> InputError:
        message = f"the network's answer to {image} is no number: values grow beyond those of {self.hardware.precision}"
        help = "do the weights belong to this network, and are images normalised as in its training?"
        if self.hardware.precision == "bf16":
            help = f"try `--precision fp32`; {help}"
        return InputError(Diagnostic("V534", message, help=help))

    def _answers(
        self, group: Sequence[Looks | UnreadableImageError], protocol: Protocol
    ) -> Iterator[Tensor | UnreadableImageError]:
        good = [looks for looks in group if isinstance(looks, Looks)]
        parts = list[Tensor]()
        if good and protocol.crops is not None:
            parts.append(self._of_crops([looks.crops for looks in good], protocol))
        if good and protocol.is_dense:
            parts.append(self._of_wholes([looks.wholes for looks in good], protocol))
        answers = iter(torch.stack(parts).mean(0) if parts else ())
        for looks in group:
            yield next(answers) if isinstance(looks, Looks) else looks

    def _of_crops(self, crops: Sequence[tuple[Tensor, ...]], protocol: Protocol) -> Tensor:
        """Probabilities (N, K), each the mean over an image's scales, and at each scale over its crops."""
        each = [at_scale for image in crops for at_scale in image]
        parts = torch.split(torch.cat(each), self.batch)
        found = torch.cat([self._probabilities(self.network, part, protocol.mirrors_crops) for part in parts])
        means = [answers.mean(0) for answers in torch.split(found, [len(at_scale) for at_scale in each])]
        return torch.stack(means).reshape(len(crops), len(protocol.scales), -1).mean(1)

    def _of_wholes(self, wholes: Sequence[tuple[Tensor, ...]], protocol: Protocol) -> Tensor:
        """Probabilities (N, K), each the mean over an image's scales."""
        sizes: dict[Pair, list[tuple[int, Tensor]]] = {}
        for i, scaled in enumerate(wholes):
            for image in scaled:
                sizes.setdefault(Pair(*image.shape[1:]), []).append((i, image))
        total = torch.zeros(len(wholes), self.network.typed.output.c, dtype=torch.float64)
        size = self.network.typed.input
        for (h, w), found in sizes.items():
            at_once = max(1, self.batch * size.h * size.w // (h * w))
            for start in range(0, len(found), at_once):
                part = found[start : start + at_once]
                images = torch.stack([image for _, image in part])
                answers = self._probabilities(self.dense, images, protocol.flip)
                total.index_add_(0, torch.tensor([i for i, _ in part]), answers)
        return total / len(protocol.scales)

    @torch.no_grad()
    def _probabilities(self, network: Network, images: Tensor, mirrored: bool) -> Tensor:
        """(N, K) of images (N, C, h, w) of uint8, or of each and its mirror image; off the device."""
        images = to_device(images, self.hardware.device)
        ways = (images, images.flip(3)) if mirrored else (images,)
        return torch.stack([self._softmax(network, way) for way in ways]).mean(0).cpu()

    def _softmax(self, network: Network, images: Tensor) -> Tensor:
        with self.hardware.autocast():
            given: Tensor = network(self.normalisation(images))
        scores = given.float()
        return (scores.mean((2, 3)) if scores.dim() == 4 else scores).double().softmax(1)

    @cached_property
    def dense(self) -> Network:
        """The network that takes images of any size from its input's on."""
        return dense(self.network).to(self.hardware.device).to(memory_format=torch.channels_last)

    def _refuse_sizes(self, images: Lazy, protocol: Protocol, name: Name) -> None:
        """Branches that round sizes differently disagree on some: an evaluation of hours mustn't end by one image."""
        for (h, w), index in _sizes(images, protocol).items():
            try:
                of_size(self.dense.typed.graph, h, w)
            except ShapeError as error:
                message = f"the network can't take {name(index)}, scaled to {h}x{w}: {in_a_line(error)}"
                raise InputError(Diagnostic("V534", message, help="evaluate it by crops: `--view grid`")) from None


def _sizes(images: Lazy, protocol: Protocol) -> dict[Pair, int]:
    """The sizes that images have at the scales, each with the first image that has it."""
    with ThreadPoolExecutor(THREADS, "sizes") as pool:
        sizes = [*pool.map(images.pictures.size, range(len(images)))]
    found = dict[Pair, int]()
    for index, size in enumerate(sizes):
        if size is not None:
            for scale in protocol.scales:
                w, h = scaled_size(size, images.shape, scale)
                found.setdefault(Pair(h, w), index)
    return found


def _look(images: Lazy, index: int, protocol: Protocol) -> Looks | UnreadableImageError:
    try:
        image = images.pictures[index]
    except UnreadableImageError as error:
        return error
    crops = tuple[Tensor, ...]()
    if protocol.crops is not None:
        crops = tuple(cut(image, images.shape, scale, protocol.crops) for scale in protocol.scales)
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
