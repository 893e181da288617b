"""What a finding is about, as data: other rooms read these and never a message."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class FindingFacts:
    """What some findings know besides their text."""


@dataclass(frozen=True)
class UnmatchedRule(FindingFacts):
    """A rule for a kind of layer that the network doesn't have."""

    word: Literal["after", "default"]
    kind: str


@dataclass(frozen=True)
class Disagreement(FindingFacts):
    """Two branches of a merge that don't go together, by their places in it: ``other`` is the one at fault."""

    one: int
    other: int


@dataclass(frozen=True)
class Twice(FindingFacts):
    """Two layers of one kind in a row, either of which can go."""

    kind: str


@dataclass(frozen=True)
class OtherClasses(FindingFacts):
    """A classifier for another number of classes than the data have."""

    network: int
    data: int


@dataclass(frozen=True)
class OtherLayers(FindingFacts):
    """A network that can't begin with another's weights. ``layers`` are missing in either or differ."""

    layers: tuple[str, ...] = ()


@dataclass(frozen=True)
class OtherChannels(FindingFacts):
    """Statistics of other channels than the network's input has."""


@dataclass(frozen=True)
class OtherInput(FindingFacts):
    """A step of ``augment`` that the network's input, the data or the other steps don't go with."""
