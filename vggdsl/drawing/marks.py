"""What a picture consists of: marks with their places, as plain data. Lengths are CSS pixels, y points down."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from vggdsl.drawing.letters import width_of

ASCENT, DESCENT = 0.95, 0.25
"""How far letters reach above and below their line, in sizes of the text."""
_SLACK = 0.01
"""By how much places may miss each other and are told alike."""


class Extent(NamedTuple):
    """A rectangle, by its sides."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Extent") -> bool:
        """Whether they share more than a border."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > _SLACK and down > _SLACK

    def holds(self, other: "Extent", slack: float = _SLACK) -> bool:
        return (
            self.left - slack <= other.left
            and self.top - slack <= other.top
            and other.right <= self.right + slack
            and other.bottom <= self.bottom + slack
        )


def around(extents: Iterable[Extent]) -> Extent:
    """The smallest rectangle that holds all."""
    lefts, tops, rights, bottoms = zip(*extents, strict=True)
    return Extent(min(lefts), min(tops), max(rights), max(bottoms))


@dataclass(frozen=True)
class Words:
    """A line of text; ``x`` is where it begins, its middle or its end, ``y`` the line on which its letters stand."""

    x: float
    y: float
    text: str
    size: float
    anchor: str = "middle"
    """``start``, ``middle`` or ``end``, as in SVG."""
    style: str = "ink"
    """``ink``, or ``quiet`` for what is told beside."""

    @property
    def extent(self) -> Extent:
        width = width_of(self.text, self.size)
        left = self.x - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]
        return Extent(left, self.y - ASCENT * self.size, left + width, self.y + DESCENT * self.size)

    def moved(self, dx: float, dy: float) -> "Words":
        return replace(self, x=self.x + dx, y=self.y + dy)


@dataclass(frozen=True)
class Box:
    """A layer as a rectangle. ``told`` are the names of the nodes that it stands for, ``hint`` says what they are."""

    place: Extent
    kind: str
    told: tuple[str, ...] = ()
    hint: str = ""
    corner: float = 3

    @property
    def extent(self) -> Extent:
        return self.place

    def moved(self, dx: float, dy: float) -> "Box":
        return replace(self, place=_moved(self.place, dx, dy))


@dataclass(frozen=True)
class Frame:
    """What is drawn around the layers of a block. ``depth`` counts the frames around it."""

    place: Extent
    depth: int = 0
    dashed: bool = False

    @property
    def extent(self) -> Extent:
        return self.place

    def moved(self, dx: float, dy: float) -> "Frame":
        return replace(self, place=_moved(self.place, dx, dy))


@dataclass(frozen=True)
class Line:
    """What goes from one layer to the next, by points; one that stands for layers itself is a shortcut."""

    points: tuple[tuple[float, float], ...]
    arrow: bool = True
    dashed: bool = False
    told: tuple[str, ...] = ()
    hint: str = ""

    @property
    def extent(self) -> Extent:
        return around(Extent(x, y, x, y) for x, y in self.points)

    def moved(self, dx: float, dy: float) -> "Line":
        return replace(self, points=tuple((x + dx, y + dy) for x, y in self.points))


@dataclass(frozen=True)
class Volume:
    """A map as a body in parallel projection: its front is ``place``, its top and its side go back to the right.

    ``cuts`` are shares of its width at which another branch's channels begin.
    """

    place: Extent
    back: float
    """How far it goes back, to the right and up."""
    kind: str
    cuts: tuple[float, ...] = ()
    told: tuple[str, ...] = ()
    hint: str = ""

    @property
    def extent(self) -> Extent:
        left, top, right, bottom = self.place
        return Extent(left, top - self.back, right + self.back, bottom)

    def moved(self, dx: float, dy: float) -> "Volume":
        return replace(self, place=_moved(self.place, dx, dy))


Mark = Words | Box | Frame | Line | Volume


def moved(marks: Iterable[Mark], dx: float, dy: float) -> list[Mark]:
    return [mark.moved(dx, dy) for mark in marks]


def _moved(place: Extent, dx: float, dy: float) -> Extent:
    return Extent(place.left + dx, place.top + dy, place.right + dx, place.bottom + dy)


@dataclass(frozen=True)
class Picture:
    """Marks in the order in which they are drawn, from (0, 0) on; what they show as a title and in sentences."""

    width: float
    height: float
    title: str
    description: str
    marks: tuple[Mark, ...]


MARGIN = 12
"""Around all that is drawn."""


def framed(marks: Sequence[Mark], title: str, description: str) -> Picture:
    """The marks as a picture that holds them all."""
    whole = around(mark.extent for mark in marks)
    inner = moved(marks, MARGIN - whole.left, MARGIN - whole.top)
    width, height = whole.right - whole.left + 2 * MARGIN, whole.bottom - whole.top + 2 * MARGIN
    return Picture(width, height, title, description, tuple(inner))
