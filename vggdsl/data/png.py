"""Whether a PNG has all rows that it says it has: of one that has fewer Pillow makes the others black."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

_SIGNATURE, _CHECKSUM = 8, 4
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""By the type of colour in a PNG's head (PNG 3, sec. 11.2.1)."""
_WHOLE = ((0, 0, 1, 1),)
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""The passes of an interlaced one: its first column and row, and how far it is to the next (sec. 8.1)."""


def is_short(image: Image.Image, file: Path | bytes) -> bool:
    """Whether there are fewer bytes of pixels than the head says, of a loaded image and its file, or its bytes."""
    is_interlaced = bool(image.info.get("interlace"))
    if not is_interlaced and any(image.crop((0, image.height - 1, *image.size)).tobytes()):
        return False  # its last row is there
    content = file if isinstance(file, bytes) else file.read_bytes()
    head = next(data for name, data in _chunks(content) if name == b"IHDR")
    w, h, bits, colour, *_ = struct.unpack(">IIBBBBB", head)
    expected = 0
    for column, row, across, down in _ADAM7 if is_interlaced else _WHOLE:
        width, height = -(-(w - column) // across), -(-(h - row) // down)
        if width > 0 and height > 0:
            expected += height * (1 + -(-width * bits * _CHANNELS[colour] // 8))
    packed = b"".join(data for name, data in _chunks(content) if name == b"IDAT")
    return len(zlib.decompressobj().decompress(packed, expected)) < expected


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents, as far as there are any (sec. 5.3)."""
    place = _SIGNATURE
    while len(content) >= place + 8:
        length, name = struct.unpack_from(">I4s", content, place)
        yield name, content[place + 8 : place + 8 + length]
        place += 8 + length + _CHECKSUM
