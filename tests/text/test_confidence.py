"""How sure a counted share is, against SciPy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest  # type: ignore[import-untyped]  # without stubs

from vggdsl.text.confidence import interval


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_bounds_are_wilsons(counts: tuple[int, int]) -> None:
    hits, tries = counts
    theirs = binomtest(hits, tries).proportion_ci(0.95, "wilson")
    assert interval(hits, tries) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@given(st.integers(1, 10_000))
def test_bounds_of_nothing_and_of_all_are_shares(tries: int) -> None:
    """Rounding would lead beyond: of 21 the lower one to -1e-17, which is printed as `-0.00`."""
    (low, less), (more, high) = interval(0, tries), interval(tries, tries)
    assert (low, high) == (0, 1)
    assert 0 < less < 1
    assert 0 < more < 1
