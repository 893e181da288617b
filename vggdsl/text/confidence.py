"""How sure a share is that was counted in a sample."""

from math import sqrt

_Z = 1.959963984540054
"""Of a normal distribution 95 % lie within so many deviations of its mean."""


def interval(hits: int, tries: int) -> tuple[float, float]:
    """The shares, from 0 to 1, between which that of all lies with 95 % confidence, where of a sample so many are hits.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".

    >>> [round(bound, 4) for bound in interval(8237, 10_000)]
    [0.8161, 0.831]
    """
    share, z = hits / tries, _Z**2 / tries
    middle, half = share + z / 2, _Z * sqrt(share * (1 - share) / tries + z / (4 * tries))
    low, high = (middle - half) / (1 + z), (middle + half) / (1 + z)
    return low if hits else 0.0, high if hits < tries else 1.0  # which they are, but for rounding
