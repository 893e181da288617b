"""What is to be known of a code."""

from dataclasses import dataclass
from types import UnionType
from typing import Literal

from vggdsl.text.facts import FindingFacts

Kind = Literal["text", "network", "shape", "claim", "recipe", "input", "record", "run"]
"""What is wrong: a text that can't be read, a network that is none, a layer that can't take its shape, a claim, a
recipe, a file or a device, a record; or how something went that was right so far (``run``)."""


@dataclass(frozen=True)
class Code:
    """What is to be known of a code. Either it has an ``example`` or it says in ``unshown`` why not."""

    name: str
    """One of the literals of its file, from which a misspelled code is a type error."""
    kind: Kind
    title: str
    """In a few words, and for all findings of the code."""
    meaning: str
    mend: str
    example: str | None = None
    """The text that shows it: ``tests/fixtures/errors/<example>.arch``."""
    unshown: str | None = None
    """What it takes, where a text alone can't show it."""
    about_call: bool = False
    """It is about what was asked for and not about a spec: a command ends with 2."""
    discounts: bool = False
    """A measured block with such a finding doesn't count in results."""
    absent: bool = False
    """Something named isn't at hand. It may be elsewhere: a record stays right without it."""
    facts: type[FindingFacts] | UnionType | None = None
    """What its findings say as data, all or some (`… | None`); without it they say nothing but their text."""
    place: str = "this layer"
    """What its place is called, where a layer's own arithmetic finds it and only the network knows the place."""

    @property
    def is_error(self) -> bool:
        return self.name.startswith("V")

    @property
    def severity(self) -> Literal["error", "warning"]:
        return "error" if self.is_error else "warning"
