"""A picture as SVG: text stays text, colours follow the reader's light or dark scheme, the same picture gives the same
bytes."""

from collections.abc import Iterable, Iterator
from html import escape
from math import hypot

from vggdsl.drawing.marks import Box, Extent, Frame, Line, Mark, Picture, Volume, Words
from vggdsl.text.printing import printable

_FONTS = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"

_LIGHT = {
    "paper": "#ffffff",
    "ink": "#1b1f24",
    "quiet": "#424a53",
    "line": "#3d444d",
    "frame0": "#f3f5f7",
    "frame1": "#e6eaee",
    "border": "#8c959f",
    "image": "#ffffff",
    "conv": "#cfe2f7",
    "pool": "#e9c9a5",
    "fc": "#dff0d8",
    "other": "#f7f0c4",
    "merge": "#c9c2dd",
    "module": "#d5dbe3",
}
_DARK = {
    "paper": "#0d1117",
    "ink": "#f0f3f6",
    "quiet": "#c4ccd4",
    "line": "#b7bfc8",
    "frame0": "#171c23",
    "frame1": "#212830",
    "border": "#6e7883",
    "image": "#22272e",
    "conv": "#1d4066",
    "pool": "#6b4013",
    "fc": "#1f4a2c",
    "other": "#55501c",
    "merge": "#453a68",
    "module": "#39424e",
}
"""Names of colours and what they are in either scheme. What a layer is stands in words; they only help to find it."""

_FILLS = ("paper", "ink", "quiet", "frame0", "frame1", "image", "conv", "pool", "fc", "other", "merge", "module")
_SOLID = ("image", "conv", "pool", "fc", "other", "module")
_FACES = {"above": 255, "aside": 0}
"""Faces of a body that are lighter or darker than its front: towards white, or black."""
_SHADE = 0.18
_SCOPE = "vggdsl"
"""Before all rules: a page that holds the picture within its text keeps its own."""
_TURN = 7
"""The radius of a line's corners."""


def to_svg(picture: Picture, *, light: bool = False) -> str:
    """With ``light`` it stays light for a reader who has all else dark."""
    width, height = _number(picture.width), _number(picture.height)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' class="{_SCOPE}" role="img" font-family="{_FONTS}">'
    )
    lines = [
        head,
        f"<title>{_text(picture.title)}</title>",
        f"<desc>{_text(picture.description)}</desc>",
        f"<style>{_style(light)}</style>",
        f'<rect class="paper" width="{width}" height="{height}"/>',
        *(line for mark in picture.marks for line in _drawn(mark)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _style(light: bool) -> str:
    rules = [*_rules(_LIGHT)]
    if not light:
        rules.append(f"@media (prefers-color-scheme: dark) {{ {' '.join(_rules(_DARK))} }}")
    return "\n" + "\n".join(rules) + "\n"


def _rules(colours: dict[str, str]) -> Iterator[str]:
    yield from (f".{_SCOPE} .{name} {{ fill: {colours[name]} }}" for name in _FILLS)
    for name in _SOLID:
        for face, towards in _FACES.items():
            yield f".{_SCOPE} .{name} .{face} {{ fill: {_mixed(colours[name], towards)} }}"
    yield f".{_SCOPE} .edge {{ fill: none; stroke: {colours['line']} }}"
    yield f".{_SCOPE} .tip {{ fill: {colours['line']} }}"
    yield f".{_SCOPE} .rim {{ stroke: {colours['line']} }}"
    yield f".{_SCOPE} .border {{ stroke: {colours['border']} }}"


def _mixed(colour: str, towards: int) -> str:
    """A colour with a share of white or black. It is mixed here, as a PDF of what is half transparent differs from one
    time to the next.

    >>> _mixed("#cfe2f7", 255)
    '#d8e7f8'
    """
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part + (towards - part) * _SHADE):02x}" for part in parts)


def _drawn(mark: Mark) -> Iterator[str]:
    match mark:
        case Words():
            anchor = "" if mark.anchor == "start" else f' text-anchor="{mark.anchor}"'
            where = f'x="{_number(mark.x)}" y="{_number(mark.y)}" font-size="{_number(mark.size)}"'
            yield f'<text class="{mark.style}" {where}{anchor}>{_text(mark.text)}</text>'
        case Box():
            shape = f'<rect class="{mark.kind} rim" {_sides(mark.place)} rx="{_number(mark.corner)}"'
            yield _hinted(shape, mark.hint)
        case Frame():
            dashes = ' stroke-dasharray="5 4"' if mark.dashed else ""
            yield f'<rect class="frame{mark.depth % 2} border" {_sides(mark.place)} rx="8"{dashes}/>'
        case Line():
            dashes = ' stroke-dasharray="5 4"' if mark.dashed else ""
            yield _hinted(f'<path class="edge" d="{_rounded(mark.points)}"{dashes}', mark.hint)
            if mark.arrow:
                yield f'<path class="tip" d="{_tip(*mark.points[-2:])}"/>'
        case Volume():
            yield from _body(mark)


def _body(volume: Volume) -> Iterator[str]:
    (left, top, right, bottom), back = volume.place, volume.back
    yield f'<g class="{volume.kind} rim" stroke-linejoin="round">'
    if volume.hint:
        yield f"<title>{_text(volume.hint)}</title>"
    above = [(left, top), (left + back, top - back), (right + back, top - back), (right, top)]
    aside = [(right, top), (right + back, top - back), (right + back, bottom - back), (right, bottom)]
    yield f"<rect {_sides(volume.place)}/>"
    yield f'<path class="above" d="{_straight(above)}"/>'
    yield f'<path class="aside" d="{_straight(aside)}"/>'
    for cut in volume.cuts:
        x = left + cut * (right - left)
        yield f'<path fill="none" d="M{_point(x, bottom)}V{_number(top)}l{_point(back, -back)}"/>'
    yield "</g>"


def _hinted(start: str, hint: str) -> str:
    """An element of which the start is given, with what is told of it where a pointer rests on it."""
    if not hint:
        return f"{start}/>"
    return f"{start}><title>{_text(hint)}</title></{start[1:].split()[0]}>"


def _rounded(points: tuple[tuple[float, float], ...]) -> str:
    """A path through points whose corners are arcs."""
    path = f"M{_point(*points[0])}"
    for before, (x, y), behind in zip(points, points[1:], points[2:], strict=False):
        into, out = hypot(x - before[0], y - before[1]), hypot(behind[0] - x, behind[1] - y)
        turn = min(_TURN, into / 2, out / 2)
        if not turn:
            continue
        start = (x + (before[0] - x) * turn / into, y + (before[1] - y) * turn / into)
        end = (x + (behind[0] - x) * turn / out, y + (behind[1] - y) * turn / out)
        path += f"L{_point(*start)}Q{_point(x, y)} {_point(*end)}"
    return path + f"L{_point(*points[-1])}"


def _straight(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(_point(*point) for point in points) + "Z"


def _tip(start: tuple[float, float], end: tuple[float, float]) -> str:
    """An arrow's head that ends in a point."""
    length = hypot(end[0] - start[0], end[1] - start[1]) or 1
    dx, dy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    x, y = end[0] - 6 * dx, end[1] - 6 * dy
    return _straight([end, (x - 3 * dy, y + 3 * dx), (x + 3 * dy, y - 3 * dx)])


def _sides(place: Extent) -> str:
    sides = {"x": place.left, "y": place.top, "width": place.right - place.left, "height": place.bottom - place.top}
    return " ".join(f'{name}="{_number(value)}"' for name, value in sides.items())


def _point(x: float, y: float) -> str:
    return f"{_number(x)} {_number(y)}"


def _number(value: float) -> str:
    """
    >>> _number(12.0), _number(0.26), _number(-0.04)
    ('12', '0.3', '0')
    """
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _text(text: str) -> str:
    """Text of any origin within XML, which has no place for controls."""
    return escape(printable(text), quote=False)
