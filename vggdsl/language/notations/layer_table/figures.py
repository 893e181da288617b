"""What printed parameters tell: how they are counted, and windows that no cell prints."""

import re
from collections.abc import Sequence
from decimal import Decimal
from math import prod

from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.layer_table.layer import Layer, width_of
from vggdsl.text.figures import Figure

FIGURE = re.compile(
    r"[1-9]\d{0,2}(?:(,\d{3}){1,4}|( \d{3}){1,4})|\d{1,15}|~?\d{1,6}(\.\d{1,3})? ?[KkMGB]"
    r"|(?P<digits>\d{1,3}(?:\.\d{1,4})?) ?(?:[eE]\+?(?=\d)|(?:[x*·⋅]|\\cdot) ?10(?: ?\^ ?(?=\d)|(?=[⁰¹²³⁴-⁹])))"
    r"(?P<power>\d{1,2}|[⁰¹²³⁴-⁹]{1,2})",
    re.ASCII,
)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_LARGEST = 15
"""The side of a window at most that parameters may tell."""


def is_figure(cell: Excerpt) -> bool:
    return FIGURE.fullmatch(cell.text) is not None


def text_of(cell: Excerpt) -> str:
    """A printed figure as specs have it: of its printed digits, `0.15M` for `1.5E+05`."""
    match = FIGURE.fullmatch(cell.text)
    if match is None or match["power"] is None:
        return cell.text.replace(" ", "").replace("k", "K")
    digits, power = Decimal(match["digits"]), int(match["power"].translate(_RAISED))
    if not digits:
        return "0"
    last = power - len(match["digits"].partition(".")[2])  # the power of its last digit
    of, unit = next((each for each in ((3, "K"), (6, "M")) if each[0] >= last), (9, "G"))
    return f"{digits.scaleb(power - of):f}{unit}"


def measures(layers: Sequence[Layer], x: tuple[int, ...]) -> tuple[str, bool]:
    """Whether parameters are counted with biases: the reading under which most figures of the column hold.

    And whether those of a batch normalisation are four a channel, as Keras counts them.
    """
    held, counts_statistics, channels = {"params": 0, "weights": 0}, False, x[-1]
    for layer in layers:
        width, cell = width_of(layer) or 0, layer.cells.get("params")
        if cell is not None and is_figure(cell):
            figure = Figure.parse(text_of(cell))
            if layer.kind == "conv" and layer.window is not None and width and not _adds(layer):
                weights = prod(layer.window) * channels * width
                held["weights"] += figure.holds(weights)
                held["params"] += figure.holds(weights + width)
            if layer.kind == "separable" and layer.window is not None and width and not _adds(layer):
                weights = prod(layer.window) * channels + channels * width
                held["weights"] += figure.holds(weights)
                held["params"] += any(figure.holds(weights + biases) for biases in (width, channels + width))
            counts_statistics |= layer.kind == "BN" and figure.holds(4 * channels)
        channels = width or channels
    return max(held, key=lambda name: held[name]), counts_statistics


def _adds(layer: Layer) -> bool:
    """Whether what follows a layer in its row has parameters, too."""
    return any(part.kind in ("BN", "GN", "PReLU") for part in layer.behind)


def windows(
    cell: Excerpt, window: tuple[int, int] | None, channels: Sequence[int], width: int
) -> set[tuple[tuple[int, int], int]]:
    """The windows, square unless one is printed, and the channels of a convolution that has so many parameters."""
    if not is_figure(cell) or not Figure.parse(text_of(cell)).is_whole:
        return set()
    figure = int(re.sub(r"[, ]", "", cell.text))
    sides = [window] if window else [(k, k) for k in range(1, _LARGEST + 1)]
    return {
        (each, count)
        for each in sides
        for count in channels
        for biases in (0, width)
        if prod(each) * count * width + biases == figure
    }
