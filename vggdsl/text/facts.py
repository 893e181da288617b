"""What a finding is about, as data: other rooms read these and never a message."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class FindingFacts:
    """What some findings know besides their text."""


@dataclass(frozen=True)
class Meant(FindingFacts):
    """What is said of a call of another tool, with all that it was given, in its parts; ``help`` is their text.

    Without any of them nothing is known of it.

    >>> Meant(("sgd(lr=0.1)",), ("`params`: leave it out",)).help
    'write sgd(lr=0.1); `params`: leave it out'
    """

    said: tuple[str, ...] = ()
    """What stands for it here, without the key of its entry: one, or several of which the user chooses."""
    told: tuple[str, ...] = ()
    """What is to be said beside that, and what of it can't be said."""
    is_same: bool = False
    """Whether what stands for it here means the same, so that it can take its place."""
    key: str = ""
    """The key of its entry, where that is told, too."""
    how: str = ""
    """What is told of it right behind it."""
    sentence: str = ""
    """In which ``said`` is told, where `write …` doesn't do."""

    @property
    def instead(self) -> str:
        """What can take its place; empty where that is for the user to choose, or nothing means the same."""
        return self.said[0] if self.is_same and len(self.said) == 1 else ""

    @property
    def help(self) -> str:
        return self.text("write")

    def text(self, lead: str) -> str:
        """With another word than `write` before what stands for it."""
        ways = " or ".join(self.said)
        first = self.sentence or " ".join(filter(None, (lead, self.key, ways))) + self.how
        whole = "; ".join([first, *self.told] if self.said else self.told)
        return whole if len(whole) <= LONGEST else f"{whole[:LONGEST].rstrip()} …"


@dataclass(frozen=True)
class OpenSpace(FindingFacts):
    """A text is a space of that many networks."""

    networks: int


LONGEST = 3_000
"""Characters that are said of a call; of a longer one it is the beginning."""


@dataclass(frozen=True)
class Stranger(FindingFacts):
    """Words of a pasted text that aren't known, of which the place may be but some."""

    words: str


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
    """Layers that a recipe names, and that are missing in the network, or differ from those that it begins with."""

    layers: tuple[str, ...] = ()
    entry: str = "init he"
    """What takes the place of the entry that names them, where it is inherited."""


@dataclass(frozen=True)
class OtherChannels(FindingFacts):
    """Statistics of other channels than the network's input has."""


@dataclass(frozen=True)
class OtherInput(FindingFacts):
    """A step of ``augment`` that the network's input, the data or the other steps don't go with."""
