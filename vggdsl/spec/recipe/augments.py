"""What a recipe can do to images to train on: the steps of ``augment``, and how each is written."""

from dataclasses import dataclass
from typing import Annotated, Literal

from vggdsl.language.schema import CallKind, Key, call_text, keys_of
from vggdsl.language.types import Interval, Number, OneOf, Range, UnfitError, Whole

_SIDE = "pixels along each side"
Backend = Literal["pillow", "tensor"]
BACKENDS: tuple[Backend, ...] = ("pillow", "tensor")
"""What scales an image, as torchvision's transforms have it: Pillow, or PyTorch."""


@dataclass(frozen=True)
class Crop:
    """A random crop of ``size`` pixels, after padding with zeros."""

    size: Annotated[int, Whole(), _SIDE]
    pad: Annotated[int, Whole(0), "pixels of padding on each side"] = 0

    def __str__(self) -> str:
        return call_text("crop", self, placed="size")


@dataclass(frozen=True)
class RandomResizedCrop:
    """A random part of an image, scaled to ``size`` pixels (Szegedy et al. 2015, sec. 6).

    Its area is a share of the image's, its width that of its height, as in torchvision's transform of this name. Scaled
    as a ``tensor`` it takes less time, and may differ by 1 of 255.
    """

    size: Annotated[int, Whole(), _SIDE]
    scale: Annotated[tuple[float, float], Interval(1e-4, 1), "the part's share of the image's area"] = (0.08, 1.0)
    ratio: Annotated[tuple[float, float], Interval(0.01, 100), "its width, of its height"] = (3 / 4, 4 / 3)
    backend: Annotated[Backend, OneOf(*BACKENDS), "what scales it: Pillow, or quicker, PyTorch"] = "pillow"

    def __str__(self) -> str:
        return call_text("random-resized-crop", self, placed="size")


@dataclass(frozen=True)
class Translate:
    """Each image is shifted by up to so many pixels up or down and to either side; what comes in is its reflection.

    The pixels along an edge aren't repeated: as a crop of the image padded by PyTorch's ``reflect`` (Jordan 2024).
    """

    pixels: Annotated[int, Whole(), "the largest shift each way"]

    def __str__(self) -> str:
        return call_text("translate", self, placed="pixels")


@dataclass(frozen=True)
class HFlip:
    """Each image is mirrored with probability 1/2."""

    def __str__(self) -> str:
        return "hflip"


@dataclass(frozen=True)
class AlternatingHFlip:
    """Each image is mirrored in every other epoch, from the first or the second on by chance (Jordan 2024, sec. 3.6).

    Which it is depends on the image and the training's seed alone.
    """

    def __str__(self) -> str:
        return "alternating-hflip"


@dataclass(frozen=True)
class VFlip:
    """Each image is turned upside down, mirrored, with probability 1/2."""

    def __str__(self) -> str:
        return "vflip"


@dataclass(frozen=True)
class Rotate:
    """Each image is turned about its centre by an angle to either side, bilinear; what comes in is black."""

    degrees: Annotated[float, Number(1, 180), "the largest angle to either side"]

    def __str__(self) -> str:
        return call_text("rotate", self, placed="degrees")


@dataclass(frozen=True)
class Scale:
    """The shorter side is scaled to S; a range draws S for each image."""

    low: int
    high: int

    def __str__(self) -> str:
        return f"scale({self.low}..{self.high})" if self.high != self.low else f"scale({self.low})"


@dataclass(frozen=True)
class ColourPCA:
    """The shift of RGB values along their principal components (Krizhevsky et al. 2012, sec. 4.1)."""

    def __str__(self) -> str:
        return "colour-pca"


@dataclass(frozen=True)
class ColourJitter:
    """Brightness, contrast and saturation times 1 - x to 1 + x, hue turned by -x to x of the circle, in any order.

    What each means, and how it is drawn, is as in torchvision's ``ColorJitter``.
    """

    brightness: Annotated[float, Number(0, 1), "how much it varies"] = 0.0
    contrast: Annotated[float, Number(0, 1), "how much it varies"] = 0.0
    saturation: Annotated[float, Number(0, 1), "how much it varies; of grey images there is none"] = 0.0
    hue: Annotated[float, Number(0, 0.5), "how much it turns, of the circle; of grey images there is none"] = 0.0

    def __str__(self) -> str:
        return call_text("colour-jitter", self)


@dataclass(frozen=True)
class TrivialAugment:
    """One change of each image, which is drawn, as its strength is (Müller & Hutter 2021).

    It is torchvision's ``TrivialAugmentWide``, which takes the nearest pixel, and black for what comes in.
    """

    def __str__(self) -> str:
        return "trivial-augment"


@dataclass(frozen=True)
class Erase:
    """A rectangle of 0 in the normalised image, with probability ``p`` (Zhong et al. 2020).

    It is drawn as in torchvision's ``RandomErasing``.
    """

    p: Annotated[float, Number(0, 1, above=True), "the probability"] = 0.5
    scale: Annotated[tuple[float, float], Interval(1e-4, 1), "the rectangle's share of the area"] = (0.02, 0.33)
    ratio: Annotated[tuple[float, float], Interval(0.01, 100), "its height, of its width"] = (0.3, 3.3)

    def __str__(self) -> str:
        return call_text("erase", self)


@dataclass(frozen=True)
class Cutout:
    """A square of 0 in the normalised image, of so many pixels a side (DeVries & Taylor 2017).

    Its middle is any pixel of the image: what would lie beyond the border is cut off.
    """

    size: Annotated[int, Whole(), _SIDE]

    def __str__(self) -> str:
        return call_text("cutout", self, placed="size")


OfNormalised = Erase | Cutout
"""Steps that are done when images are normalised."""
Augment = (
    Crop
    | RandomResizedCrop
    | Translate
    | HFlip
    | AlternatingHFlip
    | VFlip
    | Rotate
    | Scale
    | ColourPCA
    | ColourJitter
    | TrivialAugment
    | OfNormalised
)


def _scale(sizes: tuple[int, int]) -> Scale:
    return Scale(*sizes)


def _jitter(**values: float) -> ColourJitter:
    made = ColourJitter(**values)
    if made == ColourJitter():
        raise UnfitError("colour-jitter without an option changes nothing", f"write {_JITTER}")
    return made


_JITTER = "colour-jitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1)"
_SCALE = "scale(256) or scale(256..512)"
_CROPPED = "random-resized-crop(224)"
_HALF = {"p": "0.5"}
_S = Key("S", Range(), "pixels", required=True)

AUGMENTS = (
    CallKind("crop", Crop, "a random part, padded with zeros", keys_of(Crop, "pad"), keys_of(Crop, "size"), "crop(5)"),
    CallKind(
        "random-resized-crop",
        RandomResizedCrop,
        "a random part, scaled to the size; comes first",
        keys_of(RandomResizedCrop, "scale", "ratio", "backend"),
        keys_of(RandomResizedCrop, "size"),
        _CROPPED,
        elsewhere=("resizedcrop", "sizedcrop", "rrc"),
    ),
    CallKind(
        "translate",
        Translate,
        "shifted by up to so many pixels each way, its reflection coming in",
        placed=keys_of(Translate),
        shown="translate(2)",
    ),
    CallKind(
        "hflip",
        HFlip,
        "mirrored with probability 1/2",
        elsewhere=("horizontalflip", "fliplr", "mirror"),
        always=_HALF,
    ),
    CallKind("alternating-hflip", AlternatingHFlip, "mirrored in every other epoch, of which is drawn (Jordan 2024)"),
    CallKind("vflip", VFlip, "upside down with probability 1/2", elsewhere=("verticalflip", "flipud"), always=_HALF),
    CallKind(
        "rotate",
        Rotate,
        "turned by up to so many degrees to either side, bilinear; the corners are black",
        placed=keys_of(Rotate),
        shown="rotate(15)",
        elsewhere=("rotation",),
    ),
    CallKind(
        "scale",
        _scale,
        "the shorter side is scaled to S, of a range to one that is drawn",
        placed=(_S,),
        shown=_SCALE,
        elsewhere=("resize",),
    ),
    CallKind("colour-pca", ColourPCA, "a shift of colours (Krizhevsky et al. 2012, sec. 4.1)", also=("color-pca",)),
    CallKind(
        "colour-jitter",
        _jitter,
        "brightness, contrast, saturation and hue vary, in any order",
        keys_of(ColourJitter),
        shown=_JITTER,
        also=("color-jitter",),
        elsewhere=("jitter",),
    ),
    CallKind(
        "trivial-augment",
        TrivialAugment,
        "one change of colours or form, drawn with its strength (Müller & Hutter 2021, wide)",
        elsewhere=("trivialaugmentwide",),
    ),
    CallKind(
        "erase",
        Erase,
        "a rectangle of 0 in the normalised image (Zhong et al. 2020); comes last",
        keys_of(Erase),
        elsewhere=("erasing",),
    ),
    CallKind(
        "cutout",
        Cutout,
        "a square of 0 in the normalised image, around any pixel (DeVries & Taylor 2017); comes last",
        placed=keys_of(Cutout),
        shown="cutout(8)",
    ),
)
NEEDLESS_AUGMENTS = {
    **dict.fromkeys(("centercrop", "centrecrop"), "leave it out: the centre is what is evaluated"),
    "totensor": "leave it out: pixels are scaled to 0..1 anyway",
}
"""What other tools do to images and a recipe needn't say; without `-`, `_` and `random`."""
_POLICIES = "it isn't in the language: one change that is drawn for each image, by no policy, is `trivial-augment`"
NO_AUGMENTS = {
    **NEEDLESS_AUGMENTS,
    "affine": "it isn't in the language: images are shifted by `translate`, and turned by `rotate`",
    **dict.fromkeys(("autoaugment", "randaugment", "randaug", "augmix"), _POLICIES),
    "coarsedropout": "it isn't in the language: one square of a size that is given is `cutout`, a rectangle `erase`",
    "grayscale": "it isn't in the language: images are grey where the input has one channel",
    "greyscale": "it isn't in the language: images are grey where the input has one channel",
    "normalize": "it is an entry of its own, a line `normalize …`",
    **{
        way: f"images of a batch are mixed by an entry of its own, a line `mix {way}(…)`" for way in ("mixup", "cutmix")
    },
}
"""What other tools have among their transforms, and why it isn't among these; without `-`, `_` and `random`."""
