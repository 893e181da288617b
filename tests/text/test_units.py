"""Quantities as people read them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vggdsl.text.units import bytes_text, count_text, plural, time_text

SIZES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_600, "999.6 kB"),
        (999_949, "999.9 kB"),
        (999_960, "1.0 MB"),
        (999_960_000, "1.0 GB"),
        (1_234_567_890_123_456, "1,234.6 TB"),
    ],
)
def test_bytes_are_told_in_the_unit_that_they_round_to(count: int, text: str) -> None:
    assert bytes_text(count) == text


@given(st.integers(0, 14).flatmap(lambda digits: st.integers(0, 10**digits)))
def test_a_size_is_the_count_to_the_last_place_that_is_told(count: int) -> None:
    match = re.fullmatch(r"([1-9]\d{0,2}\.\d|\d{1,3}(?= B)) (B|[kMGT]B)", bytes_text(count))
    assert match, bytes_text(count)
    unit = SIZES[match[2]]
    assert abs(float(match[1]) * unit - count) <= (0 if unit == 1 else 0.05 * unit * (1 + 1e-9))
    assert bytes_text(count).upper() == f"{count_text(count)}{'' if unit > 1 else ' '}B"


@given(st.floats(0, 10**8))
def test_a_duration_is_the_seconds_to_the_last_unit_that_is_told(seconds: float) -> None:
    parts = re.findall(r"([\d.,]+) (s|min|h|d)", text := time_text(seconds))
    assert " ".join(f"{number} {unit}" for number, unit in parts) == text
    assert 1 <= len(parts) <= 2
    told = sum(float(number.replace(",", "")) * SECONDS[unit] for number, unit in parts)
    assert abs(told - seconds) <= (0.05 if "." in text else 0.5 * SECONDS[parts[-1][1]]) * (1 + 1e-9)
    for (number, unit), larger in zip(parts, (60, 60, 24), strict=False):
        assert unit == "d" or float(number) < (24 if unit == "h" else larger)


def test_only_one_is_no_plural() -> None:
    assert [plural(n, "epoch") for n in (0, 1, 2, 1000)] == ["0 epochs", "1 epoch", "2 epochs", "1,000 epochs"]
