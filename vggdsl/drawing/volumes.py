"""The style `volumes`: maps as bodies that stand side by side, in the order in which the network makes them.

A side of n positions is drawn as long as the square root of n says, the longest of the network as 140 pixels, channels
as the square root of their number, the most as 60: areas compare, and a map of 7x7 is still seen beside one of 224x224.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from math import ceil, sqrt

from vggdsl.drawing.bodies import Body, bodies
from vggdsl.drawing.breaking import divided
from vggdsl.drawing.letters import width_of, wrapped
from vggdsl.drawing.marks import Extent, Frame, Line, Mark, Volume, Words, around, moved
from vggdsl.drawing.outline import Aside, Part
from vggdsl.drawing.telling import gives_text, hint, names_of, size_text
from vggdsl.network.shapes import Shape

_TALLEST, _WIDEST, _BACK = 140.0, 60.0, 0.3
"""Of a body, in pixels, and how far a side goes back for each pixel of its length."""
_LOWEST, _THINNEST = 6.0, 4.0
_TEXT, _SMALL = 10.5, 9.0
_LINE = 13.0
_APART, _ALIKE = 9.0, 5.0
"""Between two bodies, and between maps that are called alike."""
_ARROW = 16.0
"""The room from which on there is an arrow between two bodies."""
_LONGEST = 160.0
"""Of a line of text below a body."""
_BESIDE = 104.0
"""Of one that tells more of it, as a call of a block with its arguments."""
_FOOT = 4.0
"""How far above the floor arrows go."""
_ROW = 1060.0
"""What is wider goes on in another row."""


@dataclass(frozen=True)
class _Scale:
    side: int
    channels: int

    def height(self, shape: Shape) -> float:
        return max(_TALLEST * sqrt(shape.h / self.side), _LOWEST)

    def back(self, shape: Shape) -> float:
        return _BACK * max(_TALLEST * sqrt(shape.w / self.side), _LOWEST)

    def width(self, shape: Shape) -> float:
        return max(_WIDEST * sqrt(shape.c / self.channels), _THINNEST)


def volumes(parts: Sequence[Part]) -> list[Mark]:
    """The marks of a network."""
    row = bodies(parts)
    shapes = [body.shape for body in row]
    scale = _Scale(max(16, *(max(shape.h, shape.w) for shape in shapes)), max(shape.c for shape in shapes))
    marks, top, end = list[Mark](), 0.0, None
    for bodies_of_row in _broken(_Row(scale, row), row):
        placed = _Row(scale, bodies_of_row)
        trunk = placed.marks()
        asides = placed.asides(trunk)
        extent = around(mark.extent for mark in (*trunk, *asides))
        floor = top - extent.top
        if end is not None:
            (x, y, edge), between, foot = end, top - 12, floor - _FOOT
            start = placed.places[0].left - 1
            points = ((x, y), (edge, y), (edge, between), (-22, between), (-22, foot), (start, foot))
            marks.append(Line(points))
        marks += moved([*trunk, *asides], 0, floor)
        end = (placed.places[-1].right + _FOOT + 1, floor - _FOOT, around(m.extent for m in trunk).right + 10)
        top = floor + extent.bottom + 24
    return marks


def _broken(whole: "_Row", row: Sequence[Body]) -> list[list[Body]]:
    """The bodies by rows that are about as wide; a stage stays together where it has room in one."""
    lengths = [other.left - one.left for one, other in zip(whole.places, whole.places[1:], strict=False)]
    lengths.append(whole.places[-1].right - whole.places[-1].left)
    units = [
        slice(indices[0], indices[-1] + 1)
        for _, run in groupby(range(len(row)), key=lambda i: row[i].stages[:1] or i)
        for indices in [list(run)]
    ]
    if max(sum(lengths[unit]) for unit in units) > _ROW:
        units = [slice(i, i + 1) for i in range(len(row))]
    breaks = divided([sum(lengths[unit]) for unit in units], ceil(sum(lengths) / _ROW))
    rows = [[body for unit in units[each] for body in row[unit]] for each in breaks]
    return [rows[0], *(_continued(before, behind) for before, behind in pairwise(rows))]


def _continued(before: Sequence[Body], row: Sequence[Body]) -> list[Body]:
    """A row that says which of its stages began in one before it."""
    begun = before[-1].stages

    def named(stage: tuple[int, str]) -> tuple[int, str]:
        return (stage[0], f"{stage[1]} (continued)") if stage in begun else stage

    return [replace(body, stages=tuple(map(named, body.stages))) for body in row]


@dataclass
class _Place:
    """Where a body stands: its fronts, all that goes up from them, and its lines."""

    left: float
    right: float
    height: float
    back: float
    level: int
    lines: tuple[tuple[str, float], ...]

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2

    @property
    def top(self) -> float:
        return -self.height - self.back


@dataclass
class _Free:
    """Where room begins for the next body: for its front, what rises above it, and its lines in two levels."""

    front: float = 0.0
    above: float = -1e9
    levels: list[float] = field(default_factory=lambda: [-1e9, -1e9])
    captions: float = -1e9


class _Row:
    """Bodies on a floor at y = 0, from x = 0 on."""

    def __init__(self, scale: _Scale, row: Sequence[Body]) -> None:
        self.scale, self.row = scale, row
        self.places = list[_Place]()
        self.free = _Free()
        self.stages = dict[tuple[int, str], float]()
        for body in row:
            self._place(body)

    def _place(self, body: Body) -> None:
        shape, free = body.shape, self.free
        drawn = _drawn(body)
        wide = drawn * self.scale.width(shape) + (drawn - 1) * _ALIKE
        high, back = self.scale.height(shape), self.scale.back(shape)
        lines = _lines(body)
        half = max(width_of(*line) for line in lines) / 2
        left = free.front
        for stage in self.stages.keys() - set(body.stages):
            free.captions = max(free.captions, self.stages.pop(stage) + width_of(stage[1], _TEXT) + 12)
        left = max(left, free.captions)
        reach = _reach(body, wide, back)
        if body.arcs:
            left = max(left, free.above + 4 + reach, free.front + _ARROW)
        middle = wide / 2
        for_level = [max(left, free.levels[0] + 6 + half - middle)]
        for_level.append(max(left, free.levels[1] + 6 + half - middle, free.levels[0] + 4 - middle))
        level = int(for_level[1] < for_level[0])
        left = for_level[level]
        place = _Place(left, left + wide, high, back, level, lines)
        free.levels[level] = place.middle + half
        if level:
            free.levels[0] = max(free.levels[0], place.middle + 1)
        free.above = place.right + back + reach
        free.front = max(place.right + _APART, free.above + _APART if body.arcs else 0.0)
        for stage in body.stages:
            self.stages.setdefault(stage, left)
        self.places.append(place)

    def marks(self) -> list[Mark]:
        """All but the auxiliary classifiers."""
        return [*self._arrows(), *self._bodies(), *self._arcs(), *self._words()]

    def _arrows(self) -> Iterator[Mark]:
        """Between bodies that stand apart; what goes around a body comes back to one."""
        for one, other in zip(self.places, self.places[1:], strict=False):
            if other.left - one.right >= _ARROW:
                yield Line(((one.right + _FOOT + 1, -_FOOT), (other.left - 1, -_FOOT)))
        if self.row[-1].arcs:
            last = self.places[-1]
            yield Line(((last.right + _FOOT + 1, -_FOOT), (last.right + last.back + 16, -_FOOT)))

    def _bodies(self) -> Iterator[Mark]:
        for body, place in zip(self.row, self.places, strict=True):
            width = self.scale.width(body.shape)
            for i in range(_drawn(body)):
                left = place.left + i * (width + _ALIKE)
                front = Extent(left, -place.height, left + width, 0)
                nodes = body.nodes[i] if i < len(body.nodes) else ()
                about = hint(nodes, " ".join(body.lines[:-1]), gives_text(body.gives)) if nodes else ""
                yield Volume(front, place.back, body.kind, body.cuts, names_of(nodes), about)

    def _arcs(self) -> Iterator[Mark]:
        for body, place in zip(self.row, self.places, strict=True):
            top = place.top - 8
            for number, arc in enumerate(body.arcs):
                left, right = place.left - 6 - 4 * number, place.right + place.back + 6 + 4 * number
                points = ((left, -_FOOT), (left, top), (right, top), (right, -_FOOT))
                about = hint(arc.nodes, arc.text, size_text(arc.nodes[-1].shape))
                yield Line(points, dashed=not arc.is_shortcut, told=names_of(arc.nodes), hint=about)
                for text in reversed(wrapped(arc.text, _SMALL, _LONGEST)):
                    yield Words((left + right) / 2, top - 4, text, _SMALL, style="quiet")
                    top -= _LINE
                top -= 3

    def _words(self) -> list[Mark]:
        """What is written below the floor: the lines of bodies in two levels, below them the stages."""
        marks = list[Mark]()
        deep = [max((len(p.lines) for p in self.places if p.level == level), default=0) for level in (0, 1)]
        tops = [6.0, 6.0 + deep[0] * _LINE + 8]
        for place in self.places:
            top = tops[place.level]
            if place.level:
                marks.append(Line(((place.middle, 2), (place.middle, top)), arrow=False))
            for number, (text, size) in enumerate(place.lines):
                style = "ink" if size == _TEXT else "quiet"
                marks.append(Words(place.middle, top + 10 + number * _LINE, text, size, style=style))
        below = tops[1] + deep[1] * _LINE + 4 if deep[1] else tops[0] + deep[0] * _LINE + 4
        return [*marks, *self._stages(below)]

    def _stages(self, top: float) -> Iterator[Mark]:
        deepest = max(len(body.stages) for body in self.row)
        for depth in range(deepest):
            y = top + 4 + 22 * (deepest - 1 - depth)
            spans = dict[tuple[int, str], tuple[float, float]]()
            for body, place in zip(self.row, self.places, strict=True):
                if depth < len(body.stages):
                    left, _ = spans.get(body.stages[depth], (place.left, 0.0))
                    spans[body.stages[depth]] = (left, place.right)
            for (_, caption), (left, right) in spans.items():
                right = max(right, left + width_of(caption, _TEXT))
                yield Line(((left, y - 4), (left, y), (right, y), (right, y - 4)), arrow=False)
                yield Words((left + right) / 2, y + 12, caption, _TEXT)

    def asides(self, trunk: Sequence[Mark]) -> list[Mark]:
        """Auxiliary classifiers above what they take from, each in a row of its own; earlier ones higher, so that no
        line crosses another."""
        marks, taken = list[Mark](), [mark.extent for mark in trunk]
        hung = [(p, aside) for body, p in zip(self.row, self.places, strict=True) for aside in body.asides]
        for place, aside in reversed(hung):
            inner = _framed(aside, self.scale)
            frame = around(mark.extent for mark in inner)
            x = place.middle + place.back / 2
            dx = x + 16 - frame.left
            right = dx + frame.right + 8
            under = [each.top for each in taken if each.left < right and each.right > place.left]
            dy = min(under) - 12 - frame.bottom
            marks += moved(inner, dx, dy)
            taken.append(Extent(dx + frame.left, dy + frame.top, dx + frame.right, dy + frame.bottom))
            start = min(mark.extent.top for mark in trunk if mark.extent.left < x < mark.extent.right) - 2
            marks.append(Line(((x, start), (x, dy - _FOOT), (dx - 1, dy - _FOOT)), dashed=True))
        return marks


def _framed(aside: Aside, scale: _Scale) -> list[Mark]:
    marks = _Row(scale, bodies(aside.parts)).marks()
    inner = around(mark.extent for mark in marks)
    right = max(inner.right, inner.left + width_of(aside.caption, _TEXT))
    frame = Extent(inner.left - 8, inner.top - 22, right + 8, inner.bottom + 6)
    caption = Words(inner.left, inner.top - 8, aside.caption, _TEXT, "start")
    return [Frame(frame, dashed=True), caption, *marks]


def _reach(body: Body, wide: float, back: float) -> float:
    """How far what goes around a body reaches beyond it, to the left and beyond its back."""
    if not body.arcs:
        return 0.0
    legs = 6.0 + 4 * (len(body.arcs) - 1)
    widest = max(width_of(text, _SMALL) for arc in body.arcs for text in wrapped(arc.text, _SMALL, _LONGEST))
    return max(legs, (widest - wide - back) / 2)


def _drawn(body: Body) -> int:
    """How many volumes stand for a body: one for each layer, and no more than three for what is folded; one where
    lines go around it, as they go around each."""
    return len(body.nodes) if len(body.nodes) > 1 else 1 if body.arcs else min(body.times, 3)


def _lines(body: Body) -> tuple[tuple[str, float], ...]:
    """The lines below it with their sizes; long ones are broken."""
    title, *beside, size = body.lines
    small = [text for line in beside for text in wrapped(line, _SMALL, _BESIDE)]
    small += wrapped(size, _SMALL, _LONGEST)
    return (*((text, _TEXT) for text in wrapped(title, _TEXT, _LONGEST)), *((text, _SMALL) for text in small))
