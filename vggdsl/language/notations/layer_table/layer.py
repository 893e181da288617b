"""A row of a table of layers, as its cells say it."""

import re
from dataclasses import dataclass, field

from vggdsl.language.notations.excerpt import Excerpt

CONVOLUTIONS = ("conv", "depthwise", "separable")
POOLS = ("pool", "maxpool", "avgpool")
GLOBAL = ("global-avgpool", "global-maxpool")


@dataclass
class Part:
    """A layer that follows the main one of its row."""

    kind: str
    at: Excerpt
    window: tuple[int, int] | None = None
    stride: int | None = None
    rate: str = ""
    groups: int | None = None
    """Of the channels that are normalised together."""


@dataclass(frozen=True)
class Block:
    """Rows whose input is added to what they give, several times; and what is printed of the size behind them."""

    rows: int
    count: int
    at: Excerpt
    end: Excerpt
    output: tuple[int, ...] = ()
    output_at: Excerpt | None = None


@dataclass
class Layer:
    """What the cells of a row say; None and "" where they say nothing."""

    at: Excerpt
    kind: str
    cells: dict[str, Excerpt]
    window: tuple[int, int] | None = None
    """A side of 0 is one that isn't printed, `1xn`."""
    third: int | None = None
    """The third number of a window `5x5x6`: of channels that come, or of filters."""
    stride: int | None = None
    across: int | None = None
    """The stride over columns, where it is another than that over rows."""
    pad: int | str | None = None
    """Rows on each side, or `same`, or `valid`."""
    ceil: bool = False
    dilation: int = 1
    groups: int | None = None
    width: int | None = None
    index: int | None = None
    """A number behind its name: one of a list's, `Conv 2`, or its width, `Dense 10`."""
    takes: int | None = None
    """Channels, or values, of what comes in."""
    rate: str = ""
    output: tuple[int, ...] = ()
    input: tuple[int, ...] = ()
    colours: int | None = None
    over: tuple[int, ...] = ()
    repeat: int = 1
    behind: list[Part] = field(default_factory=list)
    is_global: bool = False
    is_whole: bool = False
    """Whether its window is the whole map: `Conv(=FC)`."""
    bare: str = ""
    """How its words say that neither a bias nor an activation is behind it."""
    output_at: Excerpt | None = None
    """The cell that says what it gives."""
    block: Block | None = None
    """The one that begins with it."""


@dataclass
class Total:
    """A row of totals."""

    at: Excerpt
    figures: dict[str, Excerpt]


def width_of(layer: Layer) -> int | None:
    """Channels, or values, that it gives; None if no cell says so."""
    if layer.width is not None:
        return layer.width
    return layer.output[-1] if len(layer.output) in (1, 3) else None


def is_width_alone(layer: Layer) -> bool:
    """Whether an FC's one number in a column of windows can but be its width: `Connected | 1000`, and no other cell
    says it."""
    cell = layer.cells.get("filter")
    is_number = cell is not None and re.fullmatch(r"\d[\d,]*", cell.text) is not None
    return layer.kind == "FC" and is_number and width_of(layer) is None
