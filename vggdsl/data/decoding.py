"""From an image's file, or its bytes, to pixels in grey or RGB, of the size that it has."""

import math
import warnings
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from stat import S_ISREG
from threading import Lock
from typing import BinaryIO, TypeVar

from PIL import Image, ImageOps, features

from vggdsl.data.formats import FORMATS, Kind, is_deep, kind_of
from vggdsl.data.png import is_short
from vggdsl.data.unreadable import UnreadableImageError, unreadable

_T = TypeVar("_T")
COLOURS = {1: "L", 3: "RGB"}
"""Pillow's modes of what networks take, by the number of channels."""
_ORIENTATION, _ON_ITS_SIDE = 0x0112, (5, 6, 7, 8)
"""EXIF's tag, and the values of it by which height and width change places. Of a TIFF Pillow's size heeds it."""


def open_image(file: Path | bytes, channels: int) -> Image.Image:
    """An image file, or its bytes, in grey (1 channel) or RGB (3), turned as its EXIF says; of several the first.

    What is transparent is laid on white, as on a page: under it a file may hold any colour. CMYK becomes RGB by
    Pillow's formula; profiles of colours aren't applied.
    Raises ``UnreadableImageError`` V530, with why, if it can't be read as an image of 8 bits a channel.
    """
    return _open(file, channels, lambda _: None)[0]


def open_file(file: Path | bytes, channels: int) -> tuple[Image.Image, Kind]:
    """As ``open_image``, and what the file was."""
    return _open(file, channels, lambda opened: kind_of(opened, file))


def coloured(image: Image.Image, channels: int) -> Image.Image:
    """Somebody's image as ``open_image`` gives it of a file; it stays as it is.

    Raises ``UnreadableImageError`` V530 for what can't be shown in 8 bits a channel.
    """
    try:
        with _without_noise:
            _refuse_deep(image)
            return _coloured(ImageOps.exif_transpose(image), channels)
    except Exception as error:  # Pillow has no root for what can be wrong with an image
        raise UnreadableImageError("the image", str(error)) from None


def size_of(file: Path | bytes) -> tuple[int, int] | None:
    """Width and height of the image that ``open_image`` gives, by the file's head; None where that tells nothing."""
    # An error is that of opening it, which tells what is wrong.
    with suppress(Exception), _without_noise, _content(file) as content, _opened(content) as opened:
        turns = opened.format != "TIFF" and opened.getexif().get(_ORIENTATION) in _ON_ITS_SIDE
        return (opened.height, opened.width) if turns else opened.size
    return None


def jpeg_decoder() -> str:
    """The library by which Pillow decodes JPEGs, with its version: by another one pixels may be others."""
    turbo = features.version_feature("libjpeg_turbo")
    return f"libjpeg-{features.version_codec('jpg')}" if turbo is None else f"libjpeg-turbo-{turbo}"


def _open(file: Path | bytes, channels: int, look: Callable[[Image.Image], _T]) -> tuple[Image.Image, _T]:
    """The image, and what ``look`` finds of it as it is in the file."""
    try:
        with _without_noise, _content(file) as content, _opened(content) as opened:
            if opened.width * opened.height > (Image.MAX_IMAGE_PIXELS or math.inf):
                raise Image.DecompressionBombError  # of twice as many Pillow itself raises it
            _refuse_deep(opened)
            opened.load()
            if opened.format == "PNG" and is_short(opened, file):
                raise ValueError("truncated")
            found = look(opened)
            ImageOps.exif_transpose(opened, in_place=True)
            return _coloured(opened, channels), found
    except MemoryError:  # which says nothing of the file
        raise
    except Exception as error:  # Pillow has no root for what can be wrong with a file
        raise unreadable(file, error) from None


def _content(file: Path | bytes) -> BinaryIO:
    """What a file holds. Raises ``ValueError`` for what is no regular file, ``OSError`` for what isn't there."""
    if isinstance(file, bytes):
        return BytesIO(file)
    if not S_ISREG(file.stat().st_mode):  # a device or a pipe may never end
        raise ValueError("it is no regular file")
    return file.open("rb")


def _opened(content: BinaryIO) -> Image.Image:
    """By Pillow, which maps some files that it is given by name: it turns those wrongly, and they may change."""
    return Image.open(content, formats=tuple(FORMATS))


def _refuse_deep(image: Image.Image) -> None:
    """To be asked before an image is loaded, by which some of what a file says is lost."""
    if is_deep(image):  # which part of their range it uses, 12 of 16 bits as often as not, it doesn't say
        raise ValueError("it has more than 8 bits a channel: save it with 8, scaled by the range of its values")


def _coloured(image: Image.Image, channels: int) -> Image.Image:
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    mode = COLOURS.get(channels, "RGB")
    return image if image.mode == mode else image.convert(mode)  # a copy takes up to a tenth of a decoding


class _WithoutNoise:
    """Pillow's warnings about odd files are kept quiet.

    The filters of warnings belong to the process: threads that read at once share one change of them.
    """

    def __init__(self) -> None:
        self._lock, self._inside, self._changed = Lock(), 0, warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._changed = warnings.catch_warnings()
                self._changed.__enter__()
                warnings.simplefilter("ignore")

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._changed.__exit__(None, None, None)


_without_noise = _WithoutNoise()
