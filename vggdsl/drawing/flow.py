"""The style `flow`: layers as boxes from top to bottom, branches side by side, shortcuts as arcs around them.

What is long goes on in another column. Each part is placed around an axis: it is entered at its top and left at its
bottom, at x = 0, and says how far it reaches to either side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from vggdsl.drawing.breaking import divided
from vggdsl.drawing.letters import width_of, wrapped
from vggdsl.drawing.marks import Box, Extent, Frame, Line, Mark, Words, moved
from vggdsl.drawing.outline import Aside, Branch, Fork, Layer, Part, Stage
from vggdsl.drawing.telling import gives_text, hint, kind_of, names_of, size_text, times_text
from vggdsl.network.ops import Concat

_TEXT, _SMALL = 13.0, 10.5
_WIDEST = 330.0
"""Of a line of text; a longer one goes on in the next."""
_LINE, _SMALL_LINE = 16.0, 14.0
_PAD = 9.0
_GAP, _LABELLED = 18.0, 28.0
"""Between two boxes, and where a size stands beside the arrow."""
_ASIDE = 26.0
"""How far an auxiliary classifier stands off."""
_CAPTION = 24.0
"""What a frame's caption takes of its height."""
_RATIO = 1.25
"""Width by height of what is drawn in several columns; one column may be as high as this:"""
_HIGHEST = 620.0
_COLUMNS = 16


@dataclass(frozen=True)
class _Placed:
    marks: list[Mark]
    left: float
    right: float
    height: float


def flow(parts: Sequence[Part]) -> list[Mark]:
    """The marks of a network."""
    units = _units(parts)
    placed = [[_part(part) for part in unit if not isinstance(part, Aside)] for unit in units]
    heights = [sum(each.height + _LABELLED for each in unit) for unit in placed]
    width = max(each.right - each.left for unit in placed for each in unit) + 3 * _GAP
    breaks = divided(heights, 1)
    if sum(heights) > _HIGHEST:
        tried = [divided(heights, count) for count in range(1, min(len(units), _COLUMNS) + 1)]
        breaks = min(tried, key=lambda b: abs(log(len(b) * width / max(sum(heights[s]) for s in b) / _RATIO)))
    return _columns([[part for unit in units[each] for part in unit] for each in breaks])


def _units(parts: Sequence[Part]) -> list[list[Part]]:
    """The parts; an auxiliary classifier stays with what it takes from and what it is drawn beside."""
    units = list[list[Part]]()
    for part in parts:
        if isinstance(part, Aside) or (units and isinstance(units[-1][-1], Aside)):
            units[-1].append(part)
        else:
            units.append([part])
    return units


def _columns(columns: Sequence[Sequence[Part]]) -> list[Mark]:
    marks = list[Mark]()
    told: str | None = None
    incoming: str | None = None
    x, end = 0.0, (0.0, 0.0)
    for number, parts in enumerate(columns, 1):
        is_new = incoming not in (None, told)
        column = _row(parts, incoming or told, ends=number == len(columns))
        x -= column.left
        if incoming is not None:
            (ax, ay), gutter = end, x + column.left - _GAP
            points = ((ax, ay), (ax, ay + 12), (gutter, ay + 12), (gutter, -22), (x, -22), (x, 0))
            marks.append(Line(points, arrow=not isinstance(parts[0], Fork)))
            marks += [_label(incoming, x, -8)] if is_new else []
        marks += moved(column.marks, x, 0)
        end = (x, column.height)
        x += column.right + 2 * _GAP
        told = _last_shown(parts, incoming or told)
        incoming = next(gives_text(part.gives) for part in reversed(parts) if not isinstance(part, Aside))
    return marks


def _last_shown(parts: Sequence[Part], size: str | None) -> str | None:
    """The size that was told last, when a row is drawn: that of the part before the last."""
    inner = [gives_text(part.gives) for part in parts if not isinstance(part, Aside)]
    return inner[-2] if len(inner) > 1 else size


def _label(size: str, x: float, y: float) -> Words:
    return Words(x + 7, y, size, _SMALL, "start", "quiet")


# -- parts


def _part(part: Part) -> _Placed:
    match part:
        case Layer():
            return _layer(part)
        case Fork():
            return _fork(part)
        case Stage():
            return _framed(part)
        case Aside():
            raise AssertionError("what hangs beside a row is placed by the row")


def _layer(layer: Layer) -> _Placed:
    lines = wrapped(layer.text + times_text(layer.times), _TEXT, _WIDEST)
    beside = wrapped(layer.beside, _SMALL, _WIDEST)
    half = max(*(width_of(line, _TEXT) for line in lines), *(width_of(line, _SMALL) for line in beside), 0) / 2 + _PAD
    height = 9.0 + _LINE * len(lines) + _SMALL_LINE * len(beside)
    about = " ".join(filter(None, (layer.text, layer.beside))) + times_text(layer.times)
    told = names_of(layer.told)
    corner = 12.0 if kind_of(layer) == "merge" else 3.0
    about = hint(layer.told, about, gives_text(layer.gives))
    box = Box(Extent(-half, 0, half, height), kind_of(layer), told, about, corner)
    words = [Words(0, 17 + _LINE * number, line, _TEXT) for number, line in enumerate(lines)]
    below = 17 + _LINE * (len(lines) - 1) + 15
    words += [Words(0, below + _SMALL_LINE * number, line, _SMALL, style="quiet") for number, line in enumerate(beside)]
    return _Placed([box, *words], -half, half, height)


def _row(parts: Sequence[Part], size: str | None, *, sizes: bool = True, ends: bool = False) -> _Placed:
    """Parts one below the other; ``size`` is the one that was told last, and sizes are told where they change.

    Where the network ends nothing goes on from the last, but for an arrow with its size if that was not told.
    """
    marks, asides = list[Mark](), list[tuple[float, _Placed]]()
    y = least = taken = 0.0
    left = right = 0.0
    incoming: str | None = None
    for part in parts:
        if isinstance(part, Aside):
            at = max(y + 7, taken + 10)
            asides.append((at, _framed(part)))
            least, taken = at + 4, at + 14 + asides[-1][1].height
            continue
        placed = _part(part)
        told = incoming if sizes and incoming not in (None, size) else None
        start = max(y, least)
        top = start + (_LABELLED if told else _GAP) if incoming or least else 0.0
        if top:
            marks.append(Line(((0, y), (0, top)), arrow=not isinstance(part, Fork)))
        if told:
            size, label = told, _label(told, 0, (start + top) / 2 + 2)
            marks.append(label)
            right = max(right, label.extent.right)
        marks += moved(placed.marks, 0, top)
        left, right = min(left, placed.left), max(right, placed.right)
        y, incoming = top + placed.height, gives_text(part.gives)
    end = y
    if ends and incoming not in (None, size):
        end = y + _LABELLED
        label = _label(incoming or "", 0, y + _LABELLED / 2 + 2)
        marks += [Line(((0, y), (0, end))), label]
        right = max(right, label.extent.right)
    edge = right
    for at, aside in asides:
        x = edge + _ASIDE - aside.left
        marks.append(Line(((0, at), (x, at), (x, at + 14)), dashed=True))
        marks += moved(aside.marks, x, at + 14)
        right = max(right, x + aside.right)
    bottom = max(end, taken + 4) if asides else end
    if bottom > y and not ends:
        marks.append(Line(((0, y), (0, bottom)), arrow=False))
    return _Placed(marks, left, right, bottom)


def _framed(part: Stage | Aside) -> _Placed:
    times = part.times if isinstance(part, Stage) else 1
    caption = wrapped((part.caption + times_text(times)).strip(), _TEXT - 1, _WIDEST)
    row = _row(part.parts, None)
    half = max((width_of(line, _TEXT - 1) for line in caption), default=0.0) / 2
    head = _CAPTION + _LINE * (len(caption) - 1) if caption else 4.0
    left, right = min(row.left, -half) - _PAD, max(row.right, half) + _PAD
    height = head + row.height + 14
    marks = list[Mark]()
    is_aside = isinstance(part, Aside)
    place = Extent(left, 0, right, height)
    if times > 1:  # a pile of them
        marks.append(Frame(Extent(left + 5, 5, right + 5, height + 5)))
    marks.append(Frame(place, 0, dashed=is_aside))
    marks += [Words(0, 17 + _LINE * number, line, _TEXT - 1) for number, line in enumerate(caption)]
    if not isinstance(part.parts[0], Fork):  # which begins with lines of its own
        marks.append(Line(((0, head - 4), (0, head + 8))))
    elif not caption:
        marks.append(Line(((0, 0), (0, head + 8)), arrow=False))
    marks += moved(row.marks, 0, head + 8)
    if not is_aside:
        marks.append(Line(((0, head + 8 + row.height), (0, height)), arrow=False))
    more = 5 if times > 1 else 0
    return _Placed(marks, left, right + more, height + more)


def _fork(fork: Fork) -> _Placed:
    """Branches side by side in their order. That of what goes around a sum or a product says nothing: it is at the
    right."""
    is_ordered = isinstance(fork.merge.nodes[0].node.op, Concat)
    shown = [branch for branch in fork.branches if branch.parts or is_ordered]
    arcs = [branch for branch in fork.branches if not branch.parts and not is_ordered]
    columns = [_row(branch.parts, None, sizes=False) if branch.parts else _Placed([], -8, 8, 0) for branch in shown]
    marks = list[Mark]()
    merge = _layer(fork.merge)
    bus, top = (16.0, 32.0) if len(columns) > 1 else (8.0, 22.0)
    wide = sum(c.right - c.left for c in columns) + 16 * (len(columns) - 1) if columns else 0.0
    x, centres = -wide / 2, list[float]()
    if len(columns) == 1:
        x = columns[0].left
    for column in columns:
        centres.append(x - column.left)
        x += column.right - column.left + 16
    high = max((c.height for c in columns), default=0.0)
    end = top + high + (30 if len(columns) > 1 else _GAP)
    for branch, column, centre in zip(shown, columns, centres, strict=True):
        y = top + (high - column.height) / 2
        into = ((0.0, 0.0), (centre, y)) if not centre else ((0.0, 0.0), (0.0, bus), (centre, bus), (centre, y))
        out: tuple[tuple[float, float], ...] = ((centre, y + column.height), (0.0, end))
        if centre:
            out = ((centre, y + column.height), (centre, end - 16), (0.0, end - 16), (0.0, end))
        if branch.parts:
            is_box = not isinstance(branch.parts[0], Fork)
            marks += [Line(into, arrow=is_box), Line(out), *moved(column.marks, centre, y)]
        else:
            marks.append(_shortcut(branch, (*into[:-1], *out[1:])))
    left = min([merge.left, *(c + p.left for c, p in zip(centres, columns, strict=True))])
    right = max([merge.right, *(c + p.right for c, p in zip(centres, columns, strict=True))])
    if not columns:
        marks.append(_shortcut(arcs.pop(0), ((0.0, 0.0), (0.0, end))))
    middle = end + merge.height / 2
    for number, branch in enumerate(arcs, 1):
        right += 14
        apart = number * merge.height / (len(arcs) + 1) - merge.height / 2
        points = ((0.0, 5.0), (right, 5.0), (right, middle + apart), (merge.right, middle + apart))
        marks.append(_shortcut(branch, points))
    marks += moved(merge.marks, 0, end)
    return _Placed(marks, left, right + 2, end + merge.height)


def _shortcut(branch: Branch, points: tuple[tuple[float, float], ...]) -> Line:
    nodes = branch.shortcut
    return Line(points, told=names_of(nodes), hint=hint(nodes, "identity", size_text(nodes[-1].shape)))
