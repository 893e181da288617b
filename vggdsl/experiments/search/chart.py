"""The accuracy of networks against what they cost, as a picture."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from vggdsl.experiments.report.charts import PAPER, Chart, framed
from vggdsl.experiments.search.table import Found, on_front

WIDE = replace(PAPER, width=1.5 * PAPER.width, height=1.3 * PAPER.height)
_TITLES = {"params": "parameters", "macs": "multiply-adds of an image"}
_ENDED, _STOPPED = "trained to the end", "stopped early"
_LOG = 5
"""Times the smallest cost, from which on the axis is logarithmic."""
_PALE = "#b0b0b0"
_LEAST_SPAN = 0.01
"""Of accuracies that an axis shows of those that were trained to the end."""
_FEW = 2
"""Trained to the end, of which nobody sees how far others are below."""


def scatter(found: Sequence[Found], against: str) -> Chart:
    """A point a network, the Pareto front as steps with the numbers of its networks.

    Of those that were stopped early, with the accuracies that they had, those far below the others are left out where
    more than two were trained to the end; those that failed always are.
    """
    found = [each for each in found if not each.standing.failed]
    least = _least(found)
    shown = [each for each in found if each.val_accuracy is not None and each.val_accuracy >= least]
    stopped = sum(each.val_accuracy is not None and not each.standing.has_ended for each in found)
    left = sum(not each.standing.has_ended for each in shown)
    below = "" if left == stopped else f" ({left} of {stopped}; the others are below)"
    names = {True: _ENDED, False: f"{_STOPPED}{below}"}
    costs = [each.cost(against) for each in shown]
    is_log = bool(costs) and max(costs) > _LOG * min(costs) > 0
    points = [_point(each, against) | {"of": names[each.standing.has_ended]} for each in shown]
    best = [_point(each, against) for each in on_front(found, against)]
    x = {
        "field": "cost",
        "type": "quantitative",
        "title": _TITLES[against],
        "scale": {"type": "log" if is_log else "linear", "zero": False, "nice": not is_log, "padding": 12},
        "axis": {"format": "~s", "tickCount": 5},
    }
    y = {
        "field": "accuracy",
        "type": "quantitative",
        "title": "validation accuracy",
        "scale": {"zero": False, "nice": True, "padding": 12},
        "axis": {"format": ".1%", "tickCount": 5},
    }
    place = {"x": x, "y": y}
    kinds = [names[is_ended] for is_ended, there in ((True, len(shown) > left), (False, stopped)) if there]
    by_kind = {
        "field": "of",
        "type": "nominal",
        "scale": {"domain": kinds, "range": [WIDE.lines[0] if kind == _ENDED else _PALE for kind in kinds]},
        "legend": {"orient": "bottom", "title": None, "columns": 1, "labelLimit": 400},
    }
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": best},
            "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 1.5, "color": WIDE.lines[1]},
            "encoding": place,
        },
        {
            "data": {"values": points},
            "mark": {"type": "point", "filled": True, "size": 36},
            "encoding": {**place, "color": by_kind, "opacity": {"value": 1}},
        },
        {
            "data": {"values": best},
            "mark": {"type": "point", "size": 90, "strokeWidth": 1.5, "color": WIDE.lines[1], "opacity": 1},
            "encoding": place,
        },
        {
            "data": {"values": best},
            "mark": {"type": "text", "dy": -10, "color": WIDE.ink, "fontSize": WIDE.letters},
            "encoding": {**place, "text": {"field": "number"}},
        },
    ]
    return {**framed(WIDE), "layer": layers}


def _least(found: Sequence[Found]) -> float:
    """The lowest accuracy that is shown: as far below the worst of those that were trained to the end as that is below
    the best."""
    ended = [each.standing.best()[0] for each in found if each.standing.has_ended]
    return min(ended) - max(max(ended) - min(ended), _LEAST_SPAN) if len(ended) > _FEW else 0.0


def _point(each: Found, against: str) -> dict[str, Any]:
    return {"number": f"{each.network.number:03}", "cost": each.cost(against), "accuracy": each.val_accuracy}
