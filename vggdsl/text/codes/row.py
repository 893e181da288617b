"""What is to be known of a code."""

from dataclasses import dataclass
from typing import Literal

from vggdsl.text.facts import Facts

CodeName = Literal[
    "V101", "V102", "V103", "V104", "V105", "V106", "V107", "V108", "V109", "V110", "V111",
    "V201", "V202", "V203", "V204", "V205", "V206", "V207",
    "V210", "V211", "V212", "V213", "V214", "V215", "V216", "V217", "V218", "V219", "V220", "V221", "V222", "V223",
    "V224", "V230", "V231", "V232", "V233", "V234", "V235", "V236", "V240", "V241", "V242", "V243", "V244",
    "V301", "V302", "V303", "V304", "V305", "V306",
    "V401", "V402", "V403", "V404", "V405", "V406", "V407", "V408", "V409", "V410",
    "V501", "V502", "V503", "V504", "V506", "V507", "V508", "V509", "V510", "V511", "V512", "V513", "V514", "V515",
    "V516", "V517", "V520", "V521", "V530", "V531", "V532",
    "V603", "V604", "V605", "V606", "V607", "V608", "V609",
    "W201", "W202", "W203", "W204", "W205", "W206", "W207", "W208", "W209",
    "W401", "W402", "W403",
    "W601", "W602", "W610", "W611", "W612",
]  # fmt: skip
"""The names alone, for the type checker: a misspelled code is a type error."""

Kind = Literal["text", "network", "shape", "claim", "recipe", "input", "record", "run"]
"""What is wrong: a text that can't be read, a network that is none, a layer that can't take its shape, a claim, a
recipe, a file or a device, a record; or how something went that was right so far (``run``)."""


@dataclass(frozen=True)
class Code:
    """What is to be known of a code. Either it has an ``example`` or it says in ``unshown`` why not."""

    name: CodeName
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
    facts: type[Facts] | None = None
    """What its findings say as data; without it they say nothing but their text."""
    place: str = "this layer"
    """What its place is called, where a layer's own arithmetic finds it and only the network knows the place."""

    @property
    def is_error(self) -> bool:
        return self.name.startswith("V")

    @property
    def severity(self) -> Literal["error", "warning"]:
        return "error" if self.is_error else "warning"
