"""A small chart in the terminal: a name, a bar and a figure a line."""

from collections.abc import Sequence

from vggdsl.text.printing import shown, width_of

_EIGHTHS = "▏▎▍▌▋▊▉"
_LEAST = 10
"""Columns of the longest bar for which names give up their middles."""


def bars(rows: Sequence[tuple[str, int]], width: int, *, is_ascii: bool = False) -> str:
    """Bars from zero, of which the longest takes what names and figures leave of so many columns.

    Where there is room for less than a few columns there are no bars: the figures are what counts.

    >>> print(bars([("vgg_a", 132_863_336), ("vgg_d", 138_357_544), ("nothing", 0)], 40, is_ascii=True))
    vgg_a    ################## 132,863,336
    vgg_d    ################### 138,357,544
    nothing  0
    """
    figures = [f"{value:,}" for _, value in rows]
    widest = max(map(len, figures))
    longest = max(width_of(shown(name)) for name, _ in rows)
    most = max(min(longest, width - widest - 3 - _LEAST), 8)
    names = [_fitting(name, most) for name, _ in rows]
    column = max(map(width_of, names))
    room = width - column - widest - 3
    largest = max(value for _, value in rows)
    lines = []
    for name, (_, value), figure in zip(names, rows, figures, strict=True):
        bar = _bar(value / largest * room, is_ascii) if value and room >= 3 else ""
        lines.append(f"{name}{' ' * (column - width_of(name))}  {bar} {figure}" if bar else _bare(name, column, figure))
    return "\n".join(lines)


def _bare(name: str, column: int, figure: str) -> str:
    return f"{name}{' ' * (column - width_of(name))}  {figure}"


def _bar(length: float, is_ascii: bool) -> str:
    """A bar of so many columns; of what isn't nothing something is seen."""
    if is_ascii:
        return "#" * max(round(length), 1)
    whole, eighths = divmod(max(int(length * 8), 1), 8)
    return "█" * whole + (_EIGHTHS[eighths - 1] if eighths else "")


def _fitting(name: str, most: int) -> str:
    """A name of so many columns at the most: a longer one is without its middle."""
    whole = shown(name)
    kept = len(whole)
    while width_of(whole) > most and kept > 2:
        kept -= 1
        whole = shown(name, kept)
    return whole
