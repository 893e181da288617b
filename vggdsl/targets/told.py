"""What a user tells of an ONNX file, or of weights, that don't say how images are prepared for them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

from vggdsl.data.preprocessing import Preprocessing, statistics_of
from vggdsl.network.shapes import Shape

_CHANNELS = (1, 3)


@dataclass(frozen=True)
class Told:
    """``mean`` and ``std`` are of pixels from 0 to 1, in the order of ``colours``; ``size`` is height and width."""

    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    colours: Literal["rgb", "bgr"] | None = None
    gives: Literal["logits", "probabilities"] | None = None
    size: tuple[int, int] | None = None
    shorter_side: int | None = None
    classes: tuple[str, ...] | None = None

    @property
    def is_nothing(self) -> bool:
        return all(getattr(self, field.name) is None for field in fields(self))


NOTHING = Told()


@dataclass(frozen=True)
class Fed:
    """How a file of somebody else is fed: the preprocessing, in RGB, and what is done with its (N, c, h, w) then."""

    preprocessing: Preprocessing
    is_bgr: bool
    is_last: bool
    """Whether channels come last."""
    one_by_one: bool
    gives_logits: bool
    assumed: tuple[str, ...]


def fed(told: Told, dims: Sequence[object], kind: str) -> Fed:
    """By a file's input: its dimensions, of which those that are no numbers are free, and its type.

    Raises ``ValueError`` with all that is to be told yet, or that can't be.
    """
    if len(dims) != 4 or kind != "tensor(float)":
        raise ValueError(f"its input is {kind} of {list(dims)}, not single precision of (N, c, h, w) or (N, h, w, c)")
    if isinstance(dims[0], int) and dims[0] != 1:
        raise ValueError(f"it takes {dims[0]} images at once, neither one nor any number")
    is_first, is_last = dims[1] in _CHANNELS, dims[3] in _CHANNELS
    if is_first == is_last:
        raise ValueError(f"its input, {list(dims)}, has its channels, 1 or 3, neither clearly second nor last")
    c, h, w = (dims[k] for k in ((3, 1, 2) if is_last else (1, 2, 3)))
    assert isinstance(c, int)
    size = (h, w) if isinstance(h, int) and isinstance(w, int) else None
    if size is not None and told.size not in (None, size):
        raise ValueError(f"its input has {size[0]}x{size[1]} pixels, --size says {told.size}")
    size = size or told.size
    needed = {
        "--mean": told.mean is None,
        "--std": told.std is None,
        "--colours": told.colours is None and c == 3,
        "--gives": told.gives is None,
        "--size": size is None,
    }
    if any(needed.values()):
        missing = ", ".join(flag for flag, is_missing in needed.items() if is_missing)
        raise ValueError(f"it doesn't say how images are prepared: tell {missing}")
    if c == 1 and told.colours is not None:
        raise ValueError("it takes grey images: --colours is for three channels")
    assert size is not None
    mean, std = _normalisation(told, c)
    is_bgr = told.colours == "bgr"
    if is_bgr:
        mean, std = mean[::-1], std[::-1]
    preprocessing = Preprocessing(Shape(c, *size), mean, std, told.classes or (), told.shorter_side)
    scaled = (
        ""
        if told.shorter_side is not None
        else f"images are scaled until they cover {size[0]}x{size[1]}, not to a --shorter-side"
    )
    named = "" if told.classes is not None else "classes have numbers, not the names of --classes"
    always = "bilinear with antialiasing, the centre is kept, what is transparent becomes white"
    assumed = tuple(each for each in (scaled, always, named) if each)
    return Fed(preprocessing, is_bgr, is_last, isinstance(dims[0], int), told.gives == "logits", assumed)


def prepared(told: Told, shape: Shape, classes: int) -> Preprocessing:
    """What images of that shape went through before weights that don't say so, and the names of their classes.

    Raises ``ValueError`` with what is to be told yet, or that can't be.
    """
    if told.mean is None or told.std is None:
        raise ValueError(
            "--mean and --std are told, too: 0 and 1 for each channel where pixels are only divided by 255"
        )
    mean, std = _normalisation(told, shape.c)
    if told.shorter_side is not None and told.shorter_side < min(shape.h, shape.w):
        raise ValueError(f"no image of a --shorter-side of {told.shorter_side} covers {shape.h}x{shape.w}")
    if told.classes is not None and len(told.classes) != classes:
        raise ValueError(f"of {classes:,} classes --classes names {len(told.classes):,}")
    return Preprocessing(shape, mean, std, told.classes or (), told.shorter_side)


def _normalisation(told: Told, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of every channel. Raises ``ValueError`` for others than of pixels from 0 to 1."""
    mean, std = statistics_of({"mean": told.mean, "std": told.std}, channels)
    if not all(0 <= value <= 1 for value in (*mean, *std)):
        raise ValueError("--mean and --std are of pixels from 0 to 1: divide those of pixels from 0 to 255 by 255")
    return mean, std
