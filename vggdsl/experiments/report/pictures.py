"""Images, and filters of a first layer, as data that a page holds."""

import base64
import io
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image
from torch import Tensor

from vggdsl.data.crops import cut
from vggdsl.data.pictures import Files
from vggdsl.experiments.evaluation.evaluate import Evaluated
from vggdsl.network.ops import Conv
from vggdsl.network.weights import Array
from vggdsl.records.trained import Trained

MISTAKES, RIGHT, GUESSES = 24, 12, 3
_LARGEST = 160
"""Pixels of a side on the page; a larger image is shown smaller."""
_FILTERS = 256


@dataclass(frozen=True)
class Seen:
    """An image as the network gets it, before normalisation, with the likeliest classes and their probabilities."""

    name: str
    uri: str
    truth: str
    guesses: tuple[tuple[str, float], ...]
    own: float
    """The probability of the class that it is of."""

    @property
    def is_guessed(self) -> bool:
        """Whether its class is among the guesses."""
        return self.truth in (guess for guess, _ in self.guesses)


def worst(found: Evaluated) -> list[Seen]:
    """The images whose own class is the least likely of those that aren't recognised."""
    scores = found.scores
    own = scores.probabilities.gather(1, scores.labels[:, None])[:, 0]
    order = own.argsort(stable=True)
    wrong = order[(scores.guesses != scores.labels)[order]]
    return [_seen(found, int(i)) for i in wrong[:MISTAKES]]


def some_right(found: Evaluated) -> list[Seen]:
    """Of each class the first image that is recognised."""
    scores = found.scores
    firsts: dict[int, int] = {}
    for i in (scores.guesses == scores.labels).nonzero()[:, 0].tolist():
        firsts.setdefault(int(scores.labels[i]), i)
    return [_seen(found, firsts[label]) for label in sorted(firsts)[:RIGHT]]


def _seen(found: Evaluated, row: int) -> Seen:
    scores, lazy = found.scores, found.images.lazy
    place = int(found.seen[row])
    shares = scores.probabilities[row]
    likeliest = shares.argsort(descending=True, stable=True)[:GUESSES].tolist()
    pictures = lazy.pictures
    name = pictures.names[place] if isinstance(pictures, Files) else f"image {place}"
    crop = cut(pictures[place], lazy.shape, found.protocol.scales[0], "centre")[0]
    guesses = tuple((scores.classes[k], float(shares[k])) for k in likeliest)
    label = int(scores.labels[row])
    return Seen(name, _uri(_image(crop)), scores.classes[label], guesses, float(shares[label]))


def _image(pixels: Tensor) -> Image.Image:
    """Of (1 or 3, h, w)."""
    array = pixels.permute(1, 2, 0).numpy()
    image = Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array)
    image.thumbnail((_LARGEST, _LARGEST), Image.Resampling.BILINEAR)
    return image


@dataclass(frozen=True)
class Filters:
    """Weights of a layer as one picture: mid-grey is zero, of each filter the largest is black or white; where three
    channels are red, green and blue, that is so in its channel."""

    layer: str
    shown: int
    of: int
    size: str
    uri: str
    width: int
    is_coloured: bool


def first_filters(trained: Trained) -> Filters | str:
    """Those of the first layer with weights, or why they are no pictures."""
    first = next((t for t in trained.spec.typed.nodes if t.node.op.weight_layer), None)
    if first is None or not isinstance(first.node.op, Conv):
        return "the first layer with weights is no convolution"
    weights = trained.weights[f"{first.name}.weight"]
    count, channels, h, w = weights.shape
    if channels not in (1, 3):
        return f"each filter of {first.name} sees {channels} channels: pictures have 1 or 3"
    if h * w == 1:
        return f"each filter of {first.name} is a single pixel"
    shown = min(count, _FILTERS)
    columns = min(shown, 2 ** math.ceil(math.log2(math.sqrt(shown)) + 0.5))
    sheet = _sheet(weights[:shown], columns)
    return Filters(first.name, shown, count, f"{h}x{w}x{channels}", _uri(sheet), sheet.width, channels == 3)


_SIDE, _GAP = 32, 4
"""About the pixels of a filter's side, and those between the borders of two."""
_BORDER = 128, 128, 128, 255
"""Told from black and from white, on light and on dark paper."""


def _sheet(weights: Array, columns: int) -> Image.Image:
    """Filters (n, 1 or 3, h, w) in rows, each within a thin border: white ones don't vanish on white paper."""
    n, _, h, w = weights.shape
    largest = np.abs(weights).max(axis=(1, 2, 3), keepdims=True)
    shades = np.rint(127.5 + 127.5 * weights / np.where(largest > 0, largest, 1)).astype(np.uint8)
    each = max(1, _SIDE // max(h, w))
    down, across = h * each + 2, w * each + 2
    sheet = np.zeros((-(-n // columns) * (down + _GAP) - _GAP, columns * (across + _GAP) - _GAP, 4), np.uint8)
    for i in range(n):
        top, left = i // columns * (down + _GAP), i % columns * (across + _GAP)
        sheet[top : top + down, left : left + across] = _BORDER
        pixels = shades[i].transpose(1, 2, 0).repeat(each, 0).repeat(each, 1)
        sheet[top + 1 : top + down - 1, left + 1 : left + across - 1, :3] = pixels
    return Image.fromarray(sheet)


def _uri(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
