"""From an image file to what a network takes, as in the training that made its weights."""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from vggdsl.errors import Diagnostic, InputError
from vggdsl.shapes import Shape

_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""What is read as an image; others, such as EPS, would start programs."""


@dataclass(frozen=True)
class Preprocessing:
    """Images are resized to cover ``shape`` and cropped to it, scaled to 0..1, and normalised by channel.

    ``classes`` name the outputs; empty where nobody knows them.
    """

    shape: Shape
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: tuple[str, ...] = ()

    @classmethod
    def unknown(cls, shape: Shape) -> "Preprocessing":
        """No normalisation, no names: weights that come from no run."""
        return cls(shape, (0.0,) * shape.c, (1.0,) * shape.c)

    def to_metadata(self) -> dict[str, str]:
        """As an ONNX file carries it."""
        how = {
            "input_chw": self.shape.chw,
            "transparent": "white",
            "resize": "cover, bilinear, centre crop",
            "scale": 255,
            "mean": self.mean,
            "std": self.std,
        }
        return {"vggdsl.preprocessing": json.dumps(how), "vggdsl.classes": json.dumps(self.classes)}

    @classmethod
    def from_metadata(cls, metadata: dict[str, str]) -> "Preprocessing":
        """Raises ``ValueError`` if it isn't there or isn't whole."""
        try:
            how = json.loads(metadata["vggdsl.preprocessing"])
            shape = Shape(*(int(n) for n in how["input_chw"]))
            mean, std = (tuple(float(v) for v in how[key]) for key in ("mean", "std"))
            classes = tuple(str(name) for name in json.loads(metadata["vggdsl.classes"]))
        except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise ValueError(f"no preprocessing: {error}") from None
        if min(shape.chw) < 1:
            raise ValueError("its input is empty")
        if len(mean) != shape.c or len(std) != shape.c or 0 in std:
            raise ValueError("its normalisation doesn't fit its channels")
        return cls(shape, mean, std, classes)

    def read(self, path: Path) -> npt.NDArray[np.float32]:
        """An image file as (c, h, w), normalised.

        Raises ``InputError`` V530 if it is no image that can be read.
        """
        image = np.asarray(read_image(path, self.shape), np.float32)
        pixels = image.reshape(self.shape.h, self.shape.w, self.shape.c) / 255
        normal = (pixels - np.array(self.mean, np.float32)) / np.array(self.std, np.float32)
        return np.ascontiguousarray(normal.transpose(2, 0, 1), np.float32)


def read_image(path: Path, shape: Shape) -> Image.Image:
    """An image file at the size and in the colours of an input, turned as its EXIF says.

    What is transparent is laid on white, as on a page: under it a file may hold any colour. Then the
    image is scaled, bilinear with antialiasing, until it covers the shape, and the centre is kept.
    Raises ``InputError`` V530 if it can't be read as an image of 8 bits a channel.
    """
    try:
        if not S_ISREG(path.stat().st_mode):  # a device or a pipe may never end
            raise ValueError("it is no regular file")
        with _without_noise(), Image.open(path, formats=_FORMATS) as opened:
            if opened.mode.startswith(("I", "F")):
                raise ValueError("it has more than 8 bits a channel")
            upright = ImageOps.exif_transpose(opened)
            if upright.has_transparency_data:
                upright = upright.convert("RGBA")
                upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright)
            upright = upright.convert("L" if shape.c == 1 else "RGB")
    except UnidentifiedImageError:
        raise InputError(Diagnostic("V530", f"{path} is no image", help="PNG and JPEG can be read")) from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        message = f"{path} has more than {Image.MAX_IMAGE_PIXELS:,} pixels"
        raise InputError(Diagnostic("V530", message, help="make it smaller")) from None
    except Exception as error:  # Pillow has no root for what can be wrong with a file
        why = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise InputError(Diagnostic("V530", f"{path} can't be read: {why}")) from None
    return cover(upright, shape)


def cover(image: Image.Image, shape: Shape) -> Image.Image:
    """The image scaled, bilinear with antialiasing, until it covers the shape, and cropped to its centre.

    What is cropped away is never scaled: of a long strip that would take any amount of memory.
    """
    scale = max(shape.h / image.height, shape.w / image.width)
    w, h = max(shape.w, round(image.width * scale)), max(shape.h, round(image.height * scale))
    left, top = round((w - shape.w) / 2), round((h - shape.h) / 2)
    across, down = image.width / w, image.height / h
    right, bottom = min(image.width, (left + shape.w) * across), min(image.height, (top + shape.h) * down)
    return image.resize((shape.w, shape.h), Image.Resampling.BILINEAR, (left * across, top * down, right, bottom))


@contextmanager
def _without_noise() -> Iterator[None]:
    """Pillow's warnings about odd files are kept quiet; that of an enormous image becomes an exception."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield
