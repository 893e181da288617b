"""Curves in the terminal: training as a line, validation as stars."""

from collections.abc import Sequence

import plotille

from vggdsl.records.metrics import Epoch

_BLANK = "\u2800"
"""What plotille has for nothing; it looks like a blank, and isn't one."""
_LEAST = 24
"""Columns of a chart, below which nothing is seen in it."""
_MARGIN = 24
"""Columns of the scale before a chart, and of the arrow behind it."""
_MANY, _AT = 20, 0.2
"""Epochs from which on a tick's is rounded, and how near to one a tick of fewer has to be to be called it."""
_NO_LOSS, _NEAR_ONE = 1e-6, 0.99
"""A scale ends no lower, and begins no higher: of a width of nothing there is none."""


def curves(
    epochs: Sequence[Epoch], last: int, width: int, height: int, *, has_color: bool = False, is_ascii: bool = False
) -> list[str]:
    """Loss and accuracy over the epochs, of which there will be ``last``, as charts of so many columns and rows.

    Accuracy is drawn from the lowest figure to 1, loss from 0. There are none where there is no room or no epoch.
    """
    if not epochs or width - _MARGIN < _LEAST:
        return []
    size = width - _MARGIN, height
    losses = [e.train_loss for e in epochs], [e.val_loss for e in epochs]
    accuracies = [e.train_accuracy for e in epochs], [e.val_accuracy for e in epochs]
    scale = 0.0, max(*map(max, losses), _NO_LOSS)
    least = min(map(min, accuracies))
    charts = (("loss", losses, scale), ("accuracy", accuracies, (min(least, _NEAR_ONE), 1.0)))
    return [_chart(name, two, last, size, limits, has_color, is_ascii) for name, two, limits in charts]


def _beyond(low: float, high: float, cells: int) -> float:
    """Where a scale of so many cells has to end for its highest value to be drawn: what is on its end isn't.

    A cell has two dots across and four up, and a value is drawn by the nearest.
    """
    return low + (high - low) * cells / (cells - 0.3)


def _whole(epoch: float) -> str:
    """A tick's label, where it is at an epoch: between few of them some aren't."""
    return f"{epoch:.0f}" if epoch > _MANY or abs(epoch - round(epoch)) < _AT else ""


def legend(*, is_ascii: bool = False) -> str:
    """What the marks of the charts are."""
    return f"{'+' if is_ascii else '⠤⠤'} training   * validation"


def _chart(
    name: str,
    values: tuple[Sequence[float], Sequence[float]],
    last: int,
    size: tuple[int, int],
    limits: tuple[float, float],
    has_color: bool,
    is_ascii: bool,
) -> str:
    figure = plotille.Figure()
    figure.width, figure.height = size
    figure.with_colors, figure.origin = has_color, False
    (low, high), end = limits, max(last, 2)
    figure.set_x_limits(1, _beyond(1, end, size[0]))
    figure.set_y_limits(low, _beyond(low, high, size[1]))
    figure.x_ticks_fkt = lambda value, next_value: _whole(value if isinstance(value, float) and value < end else end)
    figure.y_ticks_fkt = lambda value, next_value: f"{min(value, high):.4g}"
    figure.x_label, figure.y_label = "epoch", name
    training, validation = values
    at = range(1, len(training) + 1)
    color = "bright_blue" if has_color else None
    if is_ascii:
        figure.scatter(at, training, lc=color, marker="+")
    else:
        figure.plot(at, training, lc=color)
    figure.scatter(at, validation, lc="bright_red" if has_color else None, marker="*")
    return "\n".join(line.rstrip() for line in str(figure.show()).replace(_BLANK, " ").splitlines())
