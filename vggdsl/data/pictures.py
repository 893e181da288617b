"""Images that are not yet of the input's size, and need not be in memory."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import ClassVar, Protocol, Self

import numpy as np
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2 import functional

from vggdsl.data.chance import random_seed
from vggdsl.data.decoding import open_file, open_image, size_of
from vggdsl.data.formats import Kind
from vggdsl.data.images import recolour
from vggdsl.data.names import one_form
from vggdsl.data.unreadable import UnreadableImageError
from vggdsl.text.errors import Diagnostic, InputError

SAMPLE = 10_000
"""Images of a set of files over which statistics are taken, and whose bytes are digested."""
SEED = 0
"""Of what is drawn once for a data set, whatever the seed of the training."""


class Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...


class Pictures(Protocol):
    """A sequence of images of any size, grey or RGB as the network's input is."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Image.Image: ...

    def size(self, index: int) -> tuple[int, int] | None:
        """Width and height of an image, without decoding it; None where it can't be read."""

    def take(self, indices: Tensor) -> Self: ...

    def update(self, digest: Hash) -> None:
        """Digests what the images are."""


@dataclass(frozen=True, eq=False)
class Arrays:
    """Images (N, c, h, w) of uint8."""

    images: Tensor
    channels: int

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Image.Image:
        image: Image.Image = functional.to_pil_image(recolour(self.images[index : index + 1], self.channels)[0])  # type: ignore[no-untyped-call]  # torchvision leaves it untyped
        return image

    def size(self, index: int) -> tuple[int, int]:
        h, w = self.images.shape[2:]
        return w, h

    def take(self, indices: Tensor) -> "Arrays":
        return Arrays(self.images[indices], self.channels)

    def update(self, digest: Hash) -> None:
        digest.update(repr(tuple(self.images.shape)).encode())
        digest.update(np.ascontiguousarray(self.images.numpy()).tobytes())


@dataclass(frozen=True, eq=False)
class Files:
    """Image files below a folder, by their names in it."""

    mended: ClassVar[str] = "mend them or take them away"
    """What helps where some can't be read."""
    root: Path
    names: Sequence[str]
    channels: int

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Image.Image:
        with self._named(index):
            return open_image(self.source(index), self.channels)

    def size(self, index: int) -> tuple[int, int] | None:
        return size_of(self.source(index))

    def open(self, index: int) -> tuple[Image.Image, Kind]:
        """An image, and what its file was."""
        with self._named(index):
            return open_file(self.source(index), self.channels)

    @contextmanager
    def _named(self, index: int) -> Iterator[None]:
        """What is said of bytes is said of the image that they are."""
        try:
            yield
        except UnreadableImageError as error:
            raise error.of(self.called(index)) from None

    def source(self, index: int) -> Path | bytes:
        """What an image is decoded from: its file, or what would stand in one."""
        return self.root / self.names[index]

    def called(self, index: int) -> str:
        """What an image is called where it is told of."""
        return str(self.root / self.names[index])

    def digested_as(self, index: int) -> str:
        """What an image is called where it is digested, wherever the set lies."""
        return Path(self.names[index]).as_posix()

    def state(self, index: int) -> bytes:
        """Where an image's bytes are and since when: other bytes have another path, size or time.

        Raises ``OSError``.
        """
        path = self.root / self.names[index]
        state = path.stat()
        return f"{state.st_size} {state.st_mtime_ns} ".encode() + os.fsencode(path.absolute())

    def content(self, index: int) -> bytes:
        """An image's bytes. Raises ``OSError``."""
        return (self.root / self.names[index]).read_bytes()

    def fingerprint(self, index: int) -> bytes:
        """The first eight bytes of their SHA-256, at least. Raises ``OSError``."""
        with (self.root / self.names[index]).open("rb") as file:
            return file_digest(file, "sha256").digest()

    def length(self, index: int) -> int:
        """How many bytes those are. Raises ``OSError``."""
        return (self.root / self.names[index]).stat().st_size

    def take(self, indices: Tensor) -> "Files":
        return Files(self.root, [self.names[i] for i in indices.tolist()], self.channels)

    def update(self, digest: Hash) -> None:
        """All names and sizes, and the bytes of a sample: of all files, where they aren't more than that.

        Raises ``InputError`` V512 if a file can't be read.
        """
        whole = set(sample(len(self)).tolist())
        for i in range(len(self)):
            try:
                line = f"{one_form(self.digested_as(i))} {self.length(i)}\n"
                digest.update(line.encode(errors="surrogateescape"))
                if i in whole:
                    digest.update(sha256(self.content(i)).digest())
            except OSError as error:
                message = f"{self.called(i)} can't be read: {error.strerror or error}"
                raise InputError(Diagnostic("V512", message)) from None


@dataclass(frozen=True, eq=False)
class Noise:
    """Images of Gaussian noise, each always the same; ``mean`` and ``std`` of each channel are in 0 to 255."""

    indices: Tensor
    mean: tuple[float, ...]
    std: tuple[float, ...]
    hw: tuple[int, int]
    """Height and width."""
    part: str

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Image.Image:
        seed = random_seed("noise", SEED, self.part, int(self.indices[index])) % 2**32
        values = np.random.RandomState(seed).normal(self.mean, self.std, (*self.hw, len(self.mean)))
        pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
        return Image.fromarray(pixels if len(self.mean) == 3 else pixels[:, :, 0])

    def size(self, index: int) -> tuple[int, int]:
        h, w = self.hw
        return w, h

    def take(self, indices: Tensor) -> "Noise":
        return Noise(self.indices[indices], self.mean, self.std, self.hw, self.part)

    def update(self, digest: Hash) -> None:
        digest.update(f"noise {self.part} {self.hw} {self.mean} {self.std}".encode())
        digest.update(self.indices.numpy().astype("<i8").tobytes())


def sample(count: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Indices of ``SAMPLE`` of so many images, in their order, always the same; of all, if they are fewer."""
    if count <= SAMPLE:
        return np.arange(count)
    return np.sort(np.random.RandomState(SEED).permutation(count)[:SAMPLE])
