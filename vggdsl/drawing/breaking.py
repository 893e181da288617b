"""Where a picture goes on in another column or row."""

from collections.abc import Sequence


def divided(lengths: Sequence[float], count: int) -> list[slice]:
    """So many parts at the most of what is this long, one after another, of which the longest is as short as can be.

    >>> divided([3, 1, 1, 3, 2], 2)
    [slice(0, 3, None), slice(3, 5, None)]
    """
    low, high = max(lengths), sum(lengths)
    while high - low > 1:
        middle = (low + high) / 2
        low, high = (low, middle) if len(_at_most(lengths, middle)) <= count else (middle, high)
    return _at_most(lengths, high)


def _at_most(lengths: Sequence[float], most: float) -> list[slice]:
    """Parts of which none is longer than ``most``; each takes as much as it can."""
    found, start, length = list[slice](), 0, 0.0
    for index, each in enumerate(lengths):
        if index > start and length + each > most:
            found.append(slice(start, index))
            start, length = index, 0.0
        length += each
    return [*found, slice(start, len(lengths))]
