"""How a recipe can mix the images of a batch, and their labels with them."""

from dataclasses import dataclass
from typing import Annotated

from vggdsl.language.schema import CallKind, call_text, keys_of
from vggdsl.language.types import Number

_ALPHA = Number(0.01, 1000)
"""By a smaller one shares are 0 or 1 up to what floats can't tell from them; beyond that PyTorch draws 0.5."""
_DRAWN = "both numbers of the Beta distribution that the share is drawn from"


@dataclass(frozen=True)
class MixUp:
    """Each image is the weighted mean of itself and another (Zhang et al. 2018)."""

    alpha: Annotated[float, _ALPHA, _DRAWN]

    def __str__(self) -> str:
        return call_text("mixup", self, placed="alpha")


@dataclass(frozen=True)
class CutMix:
    """A rectangle of each image is another's (Yun et al. 2019)."""

    alpha: Annotated[float, _ALPHA, _DRAWN]

    def __str__(self) -> str:
        return call_text("cutmix", self, placed="alpha")


Mix = MixUp | CutMix

MIXES = (
    CallKind(
        "mixup",
        MixUp,
        "each is the weighted mean of itself and another (Zhang et al. 2018)",
        placed=keys_of(MixUp),
        shown="mixup(0.2)",
    ),
    CallKind(
        "cutmix",
        CutMix,
        "a rectangle of each is another's (Yun et al. 2019)",
        placed=keys_of(CutMix),
        shown="cutmix(1)",
    ),
)
