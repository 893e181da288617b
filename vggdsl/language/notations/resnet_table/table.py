"""What ResNet's table says, read: stages of networks, their units, and the figures below."""

from dataclasses import dataclass, field

from vggdsl.language.notations.draft import Draft, Place
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.phrases import Phrase
from vggdsl.text.source import Source


@dataclass(frozen=True)
class Unit:
    """What stands in brackets, so many times."""

    convs: tuple[Phrase, ...]
    times: int
    at: Excerpt
    often: Excerpt
    squeezed: tuple[int, int] | None = None
    """Of `fc, [16, 256]` behind the convolutions: the channels that it squeezes to, and those that it scales."""


@dataclass(frozen=True)
class Bare:
    """Convolutions without widths, as DenseNet's table has them: those of a dense layer, so many times, or one."""

    sides: tuple[int, ...]
    stride: int
    times: int
    at: Excerpt

    @property
    def is_dense(self) -> bool:
        """Whether they are a dense layer."""
        return bool(self.times)


Item = Phrase | Unit | Bare


@dataclass
class Stage:
    """A row: the size of its maps, and what each network has there."""

    name: Excerpt | None
    size: Excerpt
    items: list[list[Item]] = field(default_factory=list)

    @property
    def sides(self) -> tuple[int, int]:
        h, w = map(int, self.size.text.split("x"))
        return h, w


@dataclass
class Table:
    source: Source
    names: list[Excerpt]
    stages: list[Stage] = field(default_factory=list)
    figures: dict[str, list[Excerpt | None]] = field(default_factory=dict)
    """Of a measure, such as `macs`: what is printed for each network."""
    repaired: list[tuple[str, Excerpt]] = field(default_factory=list)
    beside: list[tuple[Excerpt, str]] = field(default_factory=list)
    """Captions, titles and names of stages, which aren't read, and where they stand."""
    refused: list[tuple[str, Place, str, int | None]] = field(default_factory=list)
    """What can't be read, where, how it is mended, and the column that it is of, if it is of one alone."""

    factors: dict[str, int] = field(default_factory=dict)
    """What a text beside the table says of Wide ResNet's `k` and `N`."""
    is_wide: bool = False
    """Whether its cells name them."""

    def draft(self, column: int) -> Draft:
        """Of a network, with what of it can't be read, and what isn't."""
        draft = Draft(self.source, self.names[column].text)
        for text, where in self.beside:
            draft.beside(text, where)
        for message, at, help, of in self.refused:
            if of is None or of == column:
                draft.refuse(message, at, help)
        return draft

    def refuse(self, message: str, at: Place, help: str, column: int | None = None) -> None:
        self.refused.append((message, at, help, column))

    def repair(self, text: str, at: Excerpt) -> None:
        if text not in [said for said, _ in self.repaired]:
            self.repaired.append((text, at))
