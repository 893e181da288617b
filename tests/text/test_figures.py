"""What a number on paper claims about a value."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vggdsl.text.figures import Figure

UNITS = {
    "K": 1_000,
    "M": 1_000_000,
    "G": 1_000_000_000,
    "B": 1_000_000_000,
    "Ki": 1_024,
    "Mi": 1_048_576,
    "Gi": 1_073_741_824,
}
ROUNDINGS = st.sampled_from([ROUND_HALF_UP, ROUND_DOWN])


@pytest.mark.parametrize(("unit", "scale"), UNITS.items())
def test_units_are_powers_of_1000_and_of_1024(unit: str, scale: int) -> None:
    for written in (unit, unit.lower(), unit.upper()):
        assert Figure.parse(f"1.5{written}").value == Decimal(3 * scale) / 2
        assert Figure.parse(f"7{written}").holds(7 * scale)


@given(st.integers(0, 10**13), st.sampled_from([*UNITS]), st.integers(0, 3), ROUNDINGS)
def test_a_value_holds_as_it_is_rounded_or_truncated_and_one_further_does_not(
    value: int, unit: str, places: int, rounding: str
) -> None:
    step = Decimal(1).scaleb(-places)
    exact = Decimal(value) / UNITS[unit]
    printed = exact.quantize(step, rounding)
    figure = Figure.parse(f"{printed}{unit}")
    assert figure.holds(value)
    low, high = figure.bounds
    assert low <= value < high
    for other in (printed - step, printed + step):
        if other >= 0:
            is_read_so = other in (exact.quantize(step, ROUND_HALF_UP), exact.quantize(step, ROUND_DOWN))
            assert Figure.parse(f"{other}{unit}").holds(value) is is_read_so


@given(st.integers(1, 10**9), st.integers(-2, 2))
def test_a_figure_without_a_unit_is_exact(value: int, by: int) -> None:
    assert Figure.parse(f"{value:,}").holds(value + by) is (by == 0)
