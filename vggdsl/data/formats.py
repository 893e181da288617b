"""Which files are read as images, by a set and by a prediction alike."""

import re
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image, TiffImagePlugin, features

_ENDINGS = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".jfi", ".jif"),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "AVIF": (".avif",),
}
_OPTIONAL = ("AVIF", "WEBP")
"""What a Pillow may have been built without."""
FORMATS = {name: endings for name, endings in _ENDINGS.items() if name not in _OPTIONAL or features.check(name.lower())}
"""Pillow's names of what is read, with the endings of its files; others, such as EPS, would start programs."""
SUFFIXES = tuple(sorted(ending for endings in FORMATS.values() for ending in endings))
_OTHERS = (
    ".heic .heif .jxl .jp2 .j2k .jpx .mpo .tga .psd .xcf .ico .icns .svg .svgz .eps .pcx .dds .exr .hdr .dcm "
    ".dng .cr2 .cr3 .nef .arw .orf .rw2 .raf .raw"
)
UNREAD = {*_OTHERS.split(), *(ending for endings in _ENDINGS.values() for ending in endings)} - {*SUFFIXES}
"""Endings of images that aren't read."""
_GREY = ("1", "L", "LA", "La")
_BITS = 8
"""Of a channel, at most."""
_MISSING = {127, 128}
"""The grey that a decoder of JPEG gives where bytes are missing; of inks it is the complement."""
_TAIL, _OWN = 512, 16
"""So many bytes of 0 at a file's end may be where nothing was written; the first may be an image's own."""
_START, _END, _ALONE = 0xD8, 0xD9, 0x01
"""The marks in a JPEG that begin no segment."""
_MARK = re.compile(rb"\xff([^\0\xff\xd0-\xd7])")
"""But for those within a scan: of a byte of 255, and of where a decoder may begin anew."""
_MORE = bytes(range(1, 255))
"""Bytes without a mark, which a decoder of JPEG takes for pixels where some are missing."""


class Kind(NamedTuple):
    """What an image's file was, before it became grey or RGB."""

    is_grey: bool = False
    has_frames: bool = False
    """Or pages, of which the first is read."""
    has_alpha: bool = False
    is_torn: bool = False
    """Whether it is a JPEG of which pixels are missing at its end, though it can be read."""


def is_deep(image: Image.Image) -> bool:
    """Whether it has more than 8 bits a channel: grey by its mode, colours by what their file says.

    Of 16 bits of a colour Pillow keeps the upper 8, without a word.
    """
    if image.mode.startswith(("I", "F")):
        return True
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        bits: tuple[int, ...] = image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,))
        return max(bits) > _BITS
    return any(_decodes_deep(tile.codec_name, tile.args) for tile in getattr(image, "tile", ()))


def is_grey(image: Image.Image) -> bool:
    """Whether the image of a file, as it was opened, has no colours: by its mode, or its palette."""
    if image.mode in ("P", "PA"):
        palette = image.getpalette() or []
        return palette[::3] == palette[1::3] == palette[2::3]
    return image.mode in _GREY


def kind_of(image: Image.Image, content: Path | bytes) -> Kind:
    """Of the image of a file, or of the bytes of one, as it was opened and loaded."""
    return Kind(is_grey(image), _has_frames(image), image.has_transparency_data, _is_torn(image, content))


def _has_frames(image: Image.Image) -> bool:
    """A photograph's preview in its file (MPO) is no other frame."""
    with suppress(Exception):  # Pillow has no root for what can be wrong with a frame that isn't read
        return image.format != "MPO" and bool(getattr(image, "is_animated", False))
    return False


def _is_torn(image: Image.Image, content: Path | bytes) -> bool:
    """Whether its pixels depend on what stands behind a JPEG's last byte: nobody reads on who has them all.

    What is missing before the mark of the end libjpeg makes grey, in the order of the blocks, and zeros it reads as if
    they were pixels; Pillow doesn't tell its warnings. An image may well end in grey, or its file in zeros: those that
    do are decoded once more.
    """
    if image.format not in ("JPEG", "MPO"):
        return False
    if not (_ends_in_grey(image) or _ends_in_zeros(content)):
        return False
    jpeg = content if isinstance(content, bytes) else content.read_bytes()
    longer = BytesIO(jpeg[: _end_of(jpeg)] + _MORE + bytes((0xFF, _END)))
    with suppress(Exception), Image.open(longer, formats=("JPEG",)) as other:  # nor has Pillow a root for this
        return other.tobytes() != image.tobytes()
    return False


def _ends_in_grey(image: Image.Image) -> bool:
    last = image.crop((image.width - 1, image.height - 1, *image.size))
    return {*last.tobytes()} <= _MISSING


def _ends_in_zeros(content: Path | bytes) -> bool:
    if isinstance(content, bytes):
        return not any(content[-_TAIL:])
    with content.open("rb") as file:
        file.seek(max(0, content.stat().st_size - _TAIL))
        return not any(file.read())


def _end_of(jpeg: bytes) -> int:
    """Where the mark of the first image's end is, not that of a preview within a segment; else where zeros begin."""
    place = 0
    while mark := _MARK.search(jpeg, place):
        place = mark.end()
        if mark[1][0] == _END:
            return mark.start()
        if mark[1][0] not in (_START, _ALONE):
            place += int.from_bytes(jpeg[place : place + 2])
    return len(jpeg.rstrip(b"\0")) + _OWN


def _decodes_deep(decoder: str, args: object) -> bool:
    """By what Pillow gives a decoder of a file: of PPM the largest value, else a mode, such as ``RGB;16B`` of PNG."""
    match args:
        case (str(), int(largest)) if decoder.startswith("ppm"):
            return bool(largest >= 2**_BITS)
        case str(mode) if decoder == "zip":
            return mode.endswith(";16B")
        case _:
            return False
