"""Curves and matrices as Vega-Lite specs, and these as pictures."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import vl_convert

from vggdsl.experiments.evaluation.scores import Scores
from vggdsl.records.metrics import Epoch
from vggdsl.records.run import Run
from vggdsl.spec.recipe import Constant, Plateau, Steps

Chart = Mapping[str, Any]

_DASHES = ([1, 0], [6, 2], [2, 2], [7, 2, 2, 2])
"""Lines are told apart by these where colours aren't seen."""


@dataclass(frozen=True)
class Style:
    """Colours, and sizes in pixels of CSS. ``heat`` are of shares from none to all, ``on_heat`` of text on them."""

    ink: str
    quiet: str
    grid: str
    lines: Sequence[str]
    heat: Sequence[str]
    on_heat: Sequence[str]
    paper: str | None
    letters: float
    width: float
    height: float


LEVELS = 6
PAGE = Style(
    ink="var(--ink)",
    quiet="var(--quiet)",
    grid="var(--rule)",
    lines=[f"var(--line{i})" for i in range(6)],
    heat=[f"var(--heat{i})" for i in range(LEVELS)],
    on_heat=[f"var(--on-heat{i})" for i in range(LEVELS)],
    paper=None,
    letters=12,
    width=330,
    height=230,
)
"""Colours are the page's variables, which follow its reader's light or dark."""
_DOTS, _COLUMN, _POINTS = 96, 3.3, 8
"""Pixels of CSS an inch; the width of a paper's column in inches, and its letters in points."""
PAPER = Style(
    ink="#000000",
    quiet="#333333",
    grid="#dddddd",
    lines=["#0072b2", "#d55e00", "#007a5a", "#aa4499", "#8a6d00", "#333333"],
    heat=["#ffffff", "#e8f0f8", "#c3d9ee", "#84b2d9", "#3f7fb8", "#12508c"],
    on_heat=["#767676", "#000000", "#000000", "#000000", "#ffffff", "#ffffff"],
    paper="#ffffff",
    letters=_POINTS * _DOTS / 72,
    width=_COLUMN * _DOTS,
    height=2.2 * _DOTS,
)
"""The first lines are of Okabe & Ito's colours, which all see apart, darkened where they were pale on white."""


@dataclass(frozen=True)
class Curve:
    """Values by epoch."""

    name: str
    points: Sequence[tuple[int, float]]


def curve(name: str, epochs: Sequence[Epoch], what: str) -> Curve:
    """What isn't a number, as the loss of a training that diverged, is left out."""
    values = ((epoch.number, float(getattr(epoch, what))) for epoch in epochs)
    return Curve(name, [(number, value) for number, value in values if math.isfinite(value)])


def curves(
    lines: Sequence[Curve],
    title: str,
    style: Style,
    *,
    marks: Sequence[int] = (),
    point: tuple[int, float] | None = None,
) -> Chart:
    """A line a curve; ``marks`` are epochs at which a rule stands, ``point`` is one that counts."""
    names = [line.name for line in lines]
    is_share = title == "accuracy"
    colours = [style.lines[i % len(style.lines)] for i in range(len(lines))]
    dashes = [_DASHES[(i + i // len(style.lines)) % len(_DASHES)] for i in range(len(lines))]
    values = [{"epoch": x, "value": y, "of": line.name} for line in lines for x, y in line.points]
    layers: list[Chart] = [
        {
            "data": {"values": values},
            "mark": {"type": "line", "strokeWidth": 1.8, "point": len(values) <= len(lines)},
            "encoding": {
                "x": _epochs(lines),
                "y": {
                    "field": "value",
                    "type": "quantitative",
                    "title": title,
                    "scale": {"zero": False, "nice": True},
                    "axis": {"format": ".0%" if is_share else "~r", "tickCount": 5},
                },
                "color": {
                    "field": "of",
                    "type": "nominal",
                    "scale": {"domain": names, "range": colours},
                    "legend": _legend(names),
                },
                "strokeDash": {"field": "of", "type": "nominal", "scale": {"domain": names, "range": dashes}},
            },
        }
    ]
    layers += _rules(marks, style)
    if point is not None:
        layers.append(_point(point, style))
    return {**framed(style), "layer": layers}


def rate(epochs: Sequence[Epoch], style: Style, marks: Sequence[int]) -> Chart:
    """The learning rate of the last step of each epoch: steps where the recipe's are; of some orders a logarithm."""
    line = curve("", [epoch for epoch in epochs if epoch.lr > 0], "lr")
    values = [value for _, value in line.points]
    is_log = bool(marks) and max(values) > 5 * min(values)
    layer = {
        "data": {"values": [{"epoch": x, "value": y} for x, y in line.points]},
        "mark": {"type": "line", "strokeWidth": 1.8, "interpolate": "step-before" if marks else "linear"},
        "encoding": {
            "x": _epochs([line]),
            "y": {
                "field": "value",
                "type": "quantitative",
                "title": "learning rate",
                "scale": {"type": "log"} if is_log else {"zero": True},
                "axis": {"format": "~g", **({"values": [*dict.fromkeys(values)]} if is_log else {"tickCount": 5})},
            },
            "color": {  # a legend as the others have, so that they stand on one line
                "datum": _LAST,
                "type": "nominal",
                "scale": {"domain": [_LAST], "range": [style.lines[2]]},
                "legend": _legend([_LAST]),
            },
        },
    }
    return {**framed(style), "layer": [layer, *_rules(marks, style)]}


_LAST = "of an epoch's last step"


def _legend(names: Sequence[str]) -> Chart:
    return {"orient": "bottom", "title": None, "columns": 1 if max(map(len, names)) > 24 else 2, "symbolSize": 300}


def drops(run: Run) -> list[int]:
    """The epochs behind which the learning rate of a recipe that has steps falls."""
    if not isinstance(run.recipe.main_schedule, Steps | Plateau | Constant):
        return []
    pairs = zip(run.metrics, run.metrics[1:], strict=False)
    return [before.number for before, after in pairs if after.lr < before.lr]


def confusion(scores: Scores, style: Style, cell: float | None = None) -> Chart:
    """Counts: a row for each true class, a column for each that was guessed; shaded by the share of the row.

    Without ``cell``, the side of one in pixels, it is as wide as the style.
    """
    counts, classes = scores.confusion.tolist(), list(scores.classes)
    values = [
        {"truth": truth, "guess": guess, "count": number, "level": _level(number, sum(row))}
        for truth, row in zip(classes, counts, strict=True)
        for guess, number in zip(classes, row, strict=True)
    ]
    longest = 90 if style is PAGE else 60
    axis = {"labelLimit": longest, "domain": False, "ticks": False, "grid": False, "labelOverlap": False}
    widest = max(map(len, classes))
    side = cell or (style.width - 30 - min(longest, 6 * widest)) / len(classes)
    size = {"width": side * len(classes), "height": side * len(classes)}
    digits = max(len(str(max(map(max, counts)))), 2)
    domain = list(range(LEVELS))
    place = {
        "x": {
            "field": "guess",
            "type": "nominal",
            "sort": None,
            "title": "guessed as",
            "axis": {**axis, "labelAngle": 0 if widest <= 2 else -90},
        },
        "y": {"field": "truth", "type": "nominal", "sort": None, "title": "true class", "axis": axis},
    }

    def by_level(colours: Sequence[str]) -> Chart:
        return {"field": "level", "type": "ordinal", "scale": {"domain": domain, "range": [*colours]}, "legend": None}

    return {
        **framed(style),
        **size,
        "autosize": "pad" if cell else {"type": "fit", "contains": "padding"},
        **({} if cell else {"width": style.width, "height": style.width}),
        "data": {"values": values},
        "encoding": place,
        "layer": [
            {
                "mark": {"type": "rect", "stroke": style.grid, "strokeWidth": 0.5},
                "encoding": {"color": by_level(style.heat)},
            },
            {
                "mark": {"type": "text", "fontSize": min(style.letters, 1.5 * side / digits)},
                "encoding": {"text": {"field": "count"}, "color": by_level(style.on_heat)},
            },
        ],
        "resolve": {"scale": {"color": "independent"}},
    }


def _level(number: int, of: int) -> int:
    """
    >>> [_level(number, 100) for number in (0, 1, 5, 20, 50, 80, 100)]
    [0, 1, 2, 3, 4, 5, 5]
    """
    return sum(number / max(of, 1) >= least for least in (0.05, 0.2, 0.5, 0.8)) + (number > 0)


def svg(chart: Chart) -> str:
    """The same chart gives the same text."""
    drawn: str = vl_convert.vegalite_to_svg(dict(chart))
    return drawn


def png(drawn: str) -> bytes:
    """Of a picture for paper, at 300 dots an inch."""
    made: bytes = vl_convert.svg_to_png(drawn, scale=72 / _DOTS, ppi=300)
    return made


def _epochs(lines: Sequence[Curve]) -> Chart:
    numbers = [x for line in lines for x, _ in line.points]
    first, last = min(numbers), max(numbers)
    steps = (digit * 10**power for power in count() for digit in (1, 2, 5))
    step = next(step for step in steps if last - first < 7 * step)
    return {
        "field": "epoch",
        "type": "quantitative",
        "title": "epoch",
        "scale": {"domain": [first, last] if first < last else [first - 1, last + 1], "nice": False},
        "axis": {"format": "d", "values": [x for x in range(first, last + 1) if x % step == 0]},
    }


def _rules(marks: Sequence[int], style: Style) -> Iterator[Chart]:
    if marks:
        yield {
            "data": {"values": [{"epoch": mark} for mark in marks]},
            "mark": {"type": "rule", "color": style.quiet, "strokeDash": [2, 3]},
            "encoding": {"x": {"field": "epoch", "type": "quantitative"}},
        }


def _point(point: tuple[int, float], style: Style) -> Chart:
    epoch, value = point
    return {
        "data": {"values": [{"epoch": epoch, "value": value}]},
        "mark": {"type": "point", "filled": True, "size": 60, "color": style.ink, "opacity": 1},
        "encoding": {
            "x": {"field": "epoch", "type": "quantitative"},
            "y": {"field": "value", "type": "quantitative"},
        },
    }


def framed(style: Style) -> dict[str, Any]:
    """What a chart of the style begins with."""
    text = {"labelColor": style.ink, "titleColor": style.ink, "labelFontSize": style.letters}
    title = {"titleFontSize": style.letters, "titleFontWeight": "normal", "titleLimit": 260}
    return {
        "width": style.width,
        "height": style.height,
        "padding": 4,
        "autosize": {"type": "fit", "contains": "padding"},
        "background": style.paper,
        "config": {
            "aria": False,
            "font": "Helvetica, Arial, 'Liberation Sans', sans-serif",
            "view": {"stroke": None},
            "axis": {**text, **title, "gridColor": style.grid, "domainColor": style.quiet, "tickColor": style.quiet},
            "legend": {**text, "labelLimit": 260, "offset": 4},
        },
    }
