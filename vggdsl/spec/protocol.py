"""Under which protocol a result was found: the words by which a claim says it, and what they ask of an evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from vggdsl.language.schema import Key
from vggdsl.language.types import CommaList, Flag, OneOf, Text, Whole

View = Literal["centre", "ten", "grid", "dense", "dense+grid"]
VIEWS: tuple[View, ...] = get_args(View)

PROTOCOL = (
    Key("train", Text("the name of a recipe", "S256"), "the recipe by which it was trained"),
    Key("split", OneOf("train", "val", "test"), "the images on which it was measured"),
    Key("scale", CommaList(Whole(0)), "the shorter side of these images, or several", shown="256"),
    Key("view", OneOf(*VIEWS), "the parts of an image that are looked at"),
    Key("flip", Flag(), "whether each is looked at mirrored, too"),
    Key("ensemble", Whole(0), "how many networks answered together"),
    Key("seed", Whole(0), "the seed of the training"),
    Key("class", Text("the name of a class", "cat", spaced=True), "whose precision, recall or f1-score it is"),
    Key("average", OneOf("macro", "weighted"), "the mean over the classes: each counts once, or by its images"),
)
"""What a result was measured under."""


@dataclass(frozen=True)
class Protocol:
    """How images are looked at, and how many networks answer together.

    ``scales`` are the shorter sides to which an image is scaled, one after another. Probabilities are averaged: over
    scales, crops, mirrored images and networks. ``ten`` crops and the ``grid`` are mirrored by what they are; ``flip``
    mirrors the centre, or the image that is looked at densely. Equal are those by which the same is looked at: scales
    have no order, and what is mirrored anyway has no ``flip``.

    Source: Krizhevsky et al. 2012, sec. 4.1 (ten); Simonyan & Zisserman 2015, sec. 3.2 (dense, grid).

    Raises ``ValueError`` for a scale that is no number of pixels, or that is there twice.
    """

    scales: tuple[int, ...]
    view: View = "centre"
    flip: bool = False
    ensemble: int = 1

    def __post_init__(self) -> None:
        shown = f"scale={','.join(map(str, self.scales))}"
        if not self.scales or min(self.scales) < 1:
            raise ValueError(f"{shown} is no number of pixels")
        if len({*self.scales}) < len(self.scales):
            raise ValueError(f"{shown} has a scale twice")
        object.__setattr__(self, "scales", tuple(sorted(self.scales)))
        object.__setattr__(self, "flip", self.flip and not self.is_mirrored)

    def __str__(self) -> str:
        """The words that say something.

        >>> print(Protocol((256, 384), "dense", flip=True), "|", Protocol((1,)))
        scale=256,384 view=dense flip=yes | scale=1 view=centre
        """
        flip = " flip=yes" if self.flip else ""
        ensemble = f" ensemble={self.ensemble}" if self.ensemble > 1 else ""
        return f"scale={','.join(map(str, self.scales))} view={self.view}{flip}{ensemble}"

    @property
    def crops(self) -> Literal["centre", "ten", "grid"] | None:
        """Which crops are looked at, if any."""
        return "grid" if self.view == "dense+grid" else None if self.view == "dense" else self.view

    @property
    def is_mirrored(self) -> bool:
        """Whether all that is looked at is mirrored by what it is, so that ``flip`` adds nothing."""
        return self.view in ("ten", "grid")

    @property
    def mirrors_crops(self) -> bool:
        """
        >>> Protocol((1,), "dense+grid").mirrors_crops, Protocol((1,), "centre").mirrors_crops
        (True, False)
        """
        return self.flip or self.crops in ("ten", "grid")

    @property
    def is_dense(self) -> bool:
        """Whether the network runs over all of an image."""
        return self.view in ("dense", "dense+grid")

    def claimed(self, words: Mapping[str, str]) -> "Protocol":
        """That of a claim in these words, whose others are as here.

        >>> print(Protocol((8,)).claimed({"scale": "16,12", "view": "grid", "flip": "yes"}))
        scale=12,16 view=grid
        """
        return Protocol(
            tuple(map(int, words["scale"].split(","))) if "scale" in words else self.scales,
            next((view for view in VIEWS if view == words.get("view")), self.view),
            words["flip"] == "yes" if "flip" in words else self.flip,
            int(words.get("ensemble", self.ensemble)),
        )

    @property
    def words(self) -> Mapping[str, str]:
        """As claims say it.

        >>> Protocol((256, 384), "dense", flip=True).words
        {'scale': '256,384', 'view': 'dense', 'flip': 'yes', 'ensemble': '1'}
        """
        return {
            "scale": ",".join(map(str, self.scales)),
            "view": self.view,
            "flip": "yes" if self.flip else "no",
            "ensemble": str(self.ensemble),
        }
