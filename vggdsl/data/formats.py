"""Which files are read as images, by a set and by a prediction alike."""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
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
RULES = 1
"""Of what ``is_deep`` and ``preprocessing.open_image`` refuse: one more with each change, since what was found good by
others is looked at again."""
_GREY = ("1", "L", "LA", "La")
_BITS = 8
"""Of a channel, at most."""
_MISSING, _BLOCK = 128, 8
"""The grey that a decoder of JPEG gives where bytes are missing, and the rows of its blocks."""
_END, _TAIL = b"\xff\xd9", 512
"""The mark of a JPEG's end, and so many bytes of 0 at a file's are where nothing was written."""


class Kind(NamedTuple):
    """What an image's file was, before it became grey or RGB."""

    is_grey: bool = False
    has_frames: bool = False
    """Or pages, of which the first is read."""
    has_alpha: bool = False
    is_torn: bool = False
    """Whether it looks like a JPEG of which the end is missing, though it can be read."""


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


def kind_of(image: Image.Image) -> Kind:
    """Of the image of a file, as it was opened and loaded."""
    return Kind(is_grey(image), _has_frames(image), image.has_transparency_data, _is_torn(image))


def _has_frames(image: Image.Image) -> bool:
    """A photograph's preview in its file (MPO) is no other frame."""
    with suppress(Exception):  # Pillow has no root for what can be wrong with a frame that isn't read
        return image.format != "MPO" and bool(getattr(image, "is_animated", False))
    return False


def _is_torn(image: Image.Image) -> bool:
    """libjpeg fills what is missing before the mark of the end with grey, and reads zeros as if they were pixels.

    Pillow doesn't tell its warnings.
    """
    if image.format not in ("JPEG", "MPO"):
        return False
    if _ends_in_zeros(Path(getattr(image, "filename", ""))):
        return True
    if image.mode not in ("L", "RGB") or image.height < 2 * _BLOCK:
        return False
    last = image.crop((0, image.height - _BLOCK, image.width, image.height))
    return {_MISSING} == _values(last) != _values(image)


def _ends_in_zeros(path: Path) -> bool:
    """Whether they stand in place of the mark of the end; behind it some cameras write them, too."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        if any(file.read()):
            return False
        file.seek(0)
        return not file.read().rstrip(b"\0").endswith(_END)


def _values(image: Image.Image) -> set[int]:
    """The least and the largest of each band."""
    extrema: tuple[int, int] | tuple[tuple[int, int], ...] = image.getextrema()  # type: ignore[assignment]  # bytes
    return {int(value) for value in np.ravel(extrema)}


def _decodes_deep(decoder: str, args: object) -> bool:
    """By what Pillow gives a decoder of a file: of PPM the largest value, else a mode, such as ``RGB;16B`` of PNG."""
    match args:
        case (str(), int(largest)) if decoder.startswith("ppm"):
            return bool(largest >= 2**_BITS)
        case str(mode) if decoder == "zip":
            return mode.endswith(";16B")
        case _:
            return False
