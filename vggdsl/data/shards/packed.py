"""Images whose files lie in shards."""

import tarfile
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from torch import Tensor

from vggdsl.data.decoding import size_of
from vggdsl.data.pictures import Files
from vggdsl.data.shards.tars import Tars
from vggdsl.data.unreadable import UnreadableImageError

PLACE = np.dtype([("shard", "u4"), ("offset", "u8"), ("length", "u8"), ("fingerprint", "u8"), ("label", "u4")])
"""Where an image's bytes are: in which shard, from which byte on, how many; what ``fingerprint_of`` gives of them,
0 where nobody knows; and the number of its class."""
Places = npt.NDArray[np.void]
_HEAD = 1 << 16
"""Bytes that tell an image's size, of nearly all."""


@dataclass(frozen=True, eq=False)
class Packed(Files):
    """Images in shards, by the names that their files had. They are read by many threads and processes at once.

    Bytes that aren't those that were packed are told as an image that can't be read, whenever they are met, and so are
    those beside which a shard says another class than its index.
    """

    mended: ClassVar[str] = "mend them or take them away where they were packed, and pack again"
    tars: Tars
    places: Places

    def source(self, index: int) -> bytes:
        return self.content(index)

    def size(self, index: int) -> tuple[int, int] | None:
        shard, offset, length, *_ = self.places[index].item()
        try:
            head = self.tars.read(shard, offset, min(length, _HEAD))
            return size_of(head) or size_of(self.content(index))
        except (UnreadableImageError, OSError):
            return None

    def called(self, index: int) -> str:
        return f"{self.names[index]} in {self.tars.path(int(self.places[index]['shard']))}"

    def state(self, index: int) -> bytes:
        shard, *place = self.places[index].item()
        return self.tars.state(shard) + repr(place).encode()

    def content(self, index: int) -> bytes:
        """Raises ``UnreadableImageError`` V530 if they aren't there, or aren't those that were packed.

        Of shards without fingerprints it is the whole file that must be as it was: in another one another image may
        be at the same place.
        """
        shard, offset, length, fingerprint, label = self.places[index].item()
        blocks = -(-length // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
        try:
            read = self.tars.read(shard, offset, blocks + 2 * tarfile.BLOCKSIZE)  # at once with what says its class
            found = read[:length]
            is_known = fingerprint or self.tars.is_as_found(shard)
        except OSError as error:
            raise UnreadableImageError(self.called(index), error.strerror or str(error)) from None
        if len(found) < length:
            raise UnreadableImageError(self.called(index), "its shard ends before it does")
        if not is_known:
            raise UnreadableImageError(self.called(index), "its shard was changed meanwhile")
        if fingerprint and fingerprint_of(found) != fingerprint:
            raise UnreadableImageError(self.called(index), "its bytes aren't those that were packed")
        if fingerprint and _is_of_other_class(read, blocks, label):
            raise UnreadableImageError(self.called(index), "its class isn't the one in its shard")
        return found

    def fingerprint(self, index: int) -> bytes:
        known = int(self.places[index]["fingerprint"])
        return known.to_bytes(8, "little") if known else sha256(self.content(index)).digest()

    @property
    def fingerprints(self) -> set[bytes]:
        """Of all images, as far as they were packed with an index."""
        return {int(known).to_bytes(8, "little") for known in self.places["fingerprint"] if known}

    def length(self, index: int) -> int:
        return int(self.places[index]["length"])

    def take(self, indices: Tensor) -> "Packed":
        chosen = super().take(indices)
        return replace(self, names=chosen.names, places=self.places[indices.numpy()])


def _is_of_other_class(read: bytes, begin: int, label: int) -> bool:
    """Whether there begins a file of a shard that says a class, and another one."""
    if read.startswith(b"%d\0" % label, begin + tarfile.BLOCKSIZE):
        return False
    return read[begin : begin + tarfile.LENGTH_NAME].rstrip(b"\0").endswith(b".cls")


def fingerprint_of(content: bytes) -> int:
    """The first 64 bits of SHA-256; never 0."""
    return int.from_bytes(sha256(content).digest()[:8], "little") or 1
