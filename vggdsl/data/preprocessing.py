"""From an image file to what a network takes, as in the training that made its weights."""

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from vggdsl.data.decoding import COLOURS, coloured, open_image
from vggdsl.network.infer import MAX_ELEMENTS
from vggdsl.network.shapes import Shape

_CHANNELS = {1: "one channel, grey", 3: "channels R, G, B"}
_RECOLOURED = {
    1: "colours become ITU-R 601's luma, (19595 R + 38470 G + 7471 B + 32768) // 65536",
    3: "grey is repeated",
}


@dataclass(frozen=True)
class Preprocessing:
    """Images are resized to cover ``shape`` and cropped to it, scaled to 0..1, and normalised by channel.

    ``classes`` name the outputs; empty where nobody knows them. With ``shorter_side`` an image is resized until
    its shorter side has that many pixels, so that the crop leaves out what is near its edges. ``in_graph`` is for a
    file that takes bytes, (N, H, W, C), and normalises them itself.
    """

    shape: Shape
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: tuple[str, ...] = ()
    shorter_side: int | None = None
    in_graph: bool = False

    def __repr__(self) -> str:
        side = f", shorter side {self.shorter_side}" if self.shorter_side is not None else ""
        return f"Preprocessing({self.shape}, mean {self.mean}, std {self.std}, {len(self.classes)} classes{side})"

    @classmethod
    def unknown(cls, shape: Shape) -> "Preprocessing":
        """No normalisation, no names: weights that come from no run."""
        return cls(shape, (0.0,) * shape.c, (1.0,) * shape.c)

    def to_metadata(self) -> dict[str, str]:
        """As an ONNX file carries it: as data, and in words."""
        kind, layout = ("uint8", "NHWC") if self.in_graph else ("float32", "NCHW")
        how: dict[str, object] = {"input_chw": self.shape.chw, "type": kind, "layout": layout}
        if self.shape.c in COLOURS:
            how |= {
                "frame": "first",
                "exif_orientation": "applied",
                "colour_profile": "ignored",
                "transparent": "white",
                "colours": COLOURS[self.shape.c],
                "resize": "cover, bilinear, centre crop",
                "antialias": True,
                "crop": "scaled alone, from a fractional box",
                "passes": "across, then down",
                "rounding": "half to even",
            }
            if self.shorter_side is not None:
                how |= {"resize": "shorter side, bilinear, centre crop", "shorter_side": self.shorter_side}
        normal = {"scale": 255, "mean": self.mean, "std": self.std}
        how |= {"in_graph": normal} if self.in_graph else normal
        return {
            "vggdsl.preprocessing": json.dumps(how),
            "vggdsl.preprocessing.words": self.in_words,
            "vggdsl.classes": json.dumps(self.classes),
        }

    @property
    def in_words(self) -> str:
        """What is done with an image, for those who do it elsewhere: what a file takes, and each step on a line."""
        h, w, c = self.shape.h, self.shape.w, self.shape.c
        normal = "In the graph, not by you" if self.in_graph else "Do this yourself"
        normal += ": each channel x of 0 to 255 becomes (x / 255 - mean) / std, "
        normal += f"with mean {json.dumps(self.mean)} and std {json.dumps(self.std)}, "
        normal += "each operation in single precision, in the order (N, channels, height, width)."
        if c not in COLOURS:
            return f"Give the file float32, (N, {c}, {h}, {w}).\n{normal}"
        if self.in_graph:
            takes = f"Give the file uint8, (N, {h}, {w}, {c}): N images of height, width and {_CHANNELS[c]}, 0 to 255, "
            takes += "not normalised. Prepare each by steps 1 to 5; the graph does step 6 by itself."
        else:
            takes = f"Give the file float32, (N, {c}, {h}, {w}): N images of {_CHANNELS[c]}, height and width, "
            takes += "normalised. Prepare each by all of these steps: the graph does none of them."
        side = f", {self.shorter_side} / min(w, h)" if self.shorter_side is not None else ""
        return f"""{takes}
1. Of several frames or pages take the first. What has more than 8 bits a channel is refused, not brought to 8.
2. Turn it as its EXIF orientation says. Ignore colour profiles.
3. Where it has an alpha channel, a palette with alpha or a transparent colour (tRNS), blend it over white, \
(255, 255, 255), as Pillow's convert("RGBA") and alpha_composite do: x of alpha a becomes \
(x a + 255 (255 - a)) / 255, rounded.
4. Pillow's convert("{COLOURS[c]}"), whatever it is, CMYK or a palette too: {_RECOLOURED[c]}.
5. Scale and crop it, in Python with Pillow exactly so, where round takes halves to even:
w, h = image.size
s = max({w} / w, {h} / h{side})
W, H = max({w}, round(w * s)), max({h}, round(h * s))
left, top = round((W - {w}) / 2), round((H - {h}) / 2)
image = image.resize(({w}, h), BILINEAR, (left * (w / W), 0, min(w, (left + {w}) * (w / W)), h))
image = image.resize(({w}, {h}), BILINEAR, (0, top * (h / H), {w}, min(h, (top + {h}) * (h / H))))
That is, scaled to W x H, bilinear with antialiasing, the window of {w} x {h} at left, top. Who scales the whole \
and crops it then gets some pixels that are off by 1 of 255.
6. {normal}"""

    @classmethod
    def from_metadata(cls, metadata: dict[str, str]) -> "Preprocessing":
        """Raises ``ValueError`` if it isn't there, isn't whole, or asks for what isn't done here."""
        try:
            how = json.loads(metadata["vggdsl.preprocessing"])
            shape = Shape(*(number_of(n, "input", least=1) for n in how["input_chw"]))
            in_graph = "in_graph" in how
            mean, std = statistics_of(how["in_graph"] if in_graph else how, shape.c)
            shorter_side = number_of(how["shorter_side"], "shorter side", least=1) if "shorter_side" in how else None
            classes = names_of(json.loads(metadata["vggdsl.classes"]))
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"no preprocessing: {error}") from None
        if shape.elements > MAX_ELEMENTS:
            raise ValueError(f"its input has {shape.elements:,} values")
        read = cls(shape, mean, std, classes, shorter_side, in_graph)
        ours = json.loads(read.to_metadata()["vggdsl.preprocessing"])
        for key in how:
            if ours.get(key) != how[key]:
                raise ValueError(f"images can't be prepared as it says: {key} {how[key]!r:.40}")
        return read

    def read(self, picture: Path | bytes | Image.Image) -> npt.NDArray[np.float32]:
        """An image, its file or the bytes of one, as (c, h, w), normalised. Raises as ``pixels``."""
        return self.normalised(self.pixels(picture))

    def pixels(self, picture: Path | bytes | Image.Image) -> npt.NDArray[np.uint8]:
        """An image, its file or the bytes of one, as (h, w, c) at the input's size.

        Raises ``InputError`` V530 if it is no image that can be read.
        """
        if isinstance(picture, Image.Image):
            seen = cover(coloured(picture, self.shape.c), self.shape, self.shorter_side)
        else:
            seen = read_image(picture, self.shape, self.shorter_side)
        return np.asarray(seen, np.uint8).reshape(self.shape.h, self.shape.w, self.shape.c)

    def normalised(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Pixels (…, h, w, c) as (…, c, h, w) of the network's input."""
        pixels = np.asarray(image, np.float32) / 255
        normal = (pixels - np.array(self.mean, np.float32)) / np.array(self.std, np.float32)
        return np.ascontiguousarray(np.moveaxis(normal, -1, -3), np.float32)


def names_of(given: object) -> tuple[str, ...]:
    """The names of classes, from JSON. Raises ``ValueError`` if they are none."""
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise ValueError("the names of its classes are none")
    return tuple(given)


def number_of(given: object, what: str, least: int = 0) -> int:
    """A whole number, or the text of one. Raises ``ValueError`` if it is none, or too large for anything."""
    if isinstance(given, int | str) and not isinstance(given, bool):
        with suppress(ValueError):
            if least <= int(given) <= MAX_ELEMENTS:
                return int(given)
    raise ValueError(f"its {what} is none: {given!s:.20}")


def statistics_of(given: Mapping[str, Any], channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of every channel, from JSON. Raises ``ValueError`` if they aren't, or divide by nothing."""
    with suppress(OverflowError, TypeError):
        mean, std = (tuple(float(value) for value in given[key]) for key in ("mean", "std"))
        single = np.abs(np.array([*mean, *std])) <= np.finfo(np.float32).max  # not of NaN either
        if len(mean) == len(std) == channels and all(single) and min(std) >= np.finfo(np.float32).tiny:
            return mean, std
    raise ValueError("its normalisation doesn't fit its channels")


def read_image(path: Path | bytes, shape: Shape, shorter_side: int | None = None) -> Image.Image:
    """An image file at the size and in the colours of an input: opened by ``open_image``, scaled by ``cover``."""
    return cover(open_image(path, shape.c), shape, shorter_side)


def scaled_size(size: tuple[int, int], shape: Shape, shorter_side: int | None = None) -> tuple[int, int]:
    """Width and height of an image of that width and height when it just covers the shape.

    With ``shorter_side`` that is the length of its shorter side, if it covers the shape then.
    """
    w, h = size
    scale = max(shape.h / h, shape.w / w, (shorter_side or 0) / min(h, w))
    return max(shape.w, round(w * scale)), max(shape.h, round(h * scale))


def cover(image: Image.Image, shape: Shape, shorter_side: int | None = None) -> Image.Image:
    """The image scaled to its ``scaled_size``, bilinear with antialiasing, and cropped to its centre."""
    w, h = scaled_size(image.size, shape, shorter_side)
    return window(image, shape, (w, h), round((w - shape.w) / 2), round((h - shape.h) / 2))


def window(image: Image.Image, shape: Shape, size: tuple[int, int], left: int, top: int) -> Image.Image:
    """The part of the shape's size at ``left``, ``top`` of the image scaled to ``size``, bilinear with antialiasing.

    What is cropped away is never scaled: of a long strip that would take any amount of memory.
    """
    across, down = image.width / size[0], image.height / size[1]
    right, bottom = min(image.width, (left + shape.w) * across), min(image.height, (top + shape.h) * down)
    return scaled(image, (shape.w, shape.h), (left * across, top * down, right, bottom))


def scaled(image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float]) -> Image.Image:
    """A part of the image at a width and height, bilinear with antialiasing, across first and then down.

    Between the two, values are rounded. From Pillow 13 on one call takes some images the other way round, and gives
    values that are off by one of those of Pillow before.
    """
    left, top, right, bottom = (float(np.float32(place)) for place in box)  # Pillow's precision
    (x, x_end), (y, y_end) = _used(left, right, size[0], image.width), _used(top, bottom, size[1], image.height)
    used = image.crop((x, y, x_end, y_end))
    rows = used.resize((size[0], used.height), Image.Resampling.BILINEAR, (left - x, 0, right - x, used.height))
    return rows.resize(size, Image.Resampling.BILINEAR, (0, top - y, size[0], bottom - y))


def _used(start: float, end: float, count: int, length: int) -> tuple[int, int]:
    """Which pixels along an axis, of ``length``, are looked at when a part of it becomes ``count`` pixels."""
    reach = max((end - start) / count, 1)
    return max(0, math.floor(start - reach)), min(length, math.ceil(end + reach))
