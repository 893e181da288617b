"""Printed figures: what a number on paper claims about a value.

A printed figure holds if the value rounds or truncates to it. K, M and G are powers of 1000,
Ki, Mi and Gi of 1024; B, a billion, is G. ``~`` says that trailing zeros are not significant. A figure without a
unit is exact.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "KI": 2**10, "MI": 2**20, "GI": 2**30}
_SHAPE = re.compile(
    r"(~?)([1-9]\d{0,2}(?:,\d{3})+|\d+(?:\.\d+)?|\.\d+)(?:e(-?\d+))?([KMG]i?|B|%|)", re.IGNORECASE | re.ASCII
)

LONGEST = 24
"""Figures with more digits are refused: no network has them, and huge integers cost time."""


@dataclass(frozen=True)
class Figure:
    """A number as printed, e.g. ``138M``, ``~800K``, ``159Ki``, ``8.1%``, ``2,097,664``."""

    text: str
    digits: Decimal
    unit: str = ""
    approximate: bool = False

    @classmethod
    def parse(cls, text: str) -> "Figure":
        """Reads a figure.

        >>> Figure.parse("~800K").value
        Decimal('800000')

        Raises ``ValueError`` for what is no figure or is absurdly long.
        """
        match = _SHAPE.fullmatch(text)
        if not match:
            raise ValueError(f"`{text}` is not a number")
        mark, number, exponent, unit = match.groups()
        power = "" if exponent is None else f"e{exponent}"
        if len(text) > LONGEST or abs(int(exponent or 0)) > LONGEST:
            raise ValueError(f"`{text}` is out of range: at most {LONGEST} digits")
        unit = unit.capitalize()
        return cls(f"{mark}{number}{power}{unit}", Decimal(number.replace(",", "") + power), unit, mark == "~")

    @property
    def value(self) -> Decimal:
        """The number meant; a percentage as printed, 8.1 for ``8.1%``."""
        return self.digits * self.scale

    @property
    def scale(self) -> int:
        return 1 if self.unit == "%" else _UNITS[self.unit.upper()]

    @property
    def is_whole(self) -> bool:
        """Whether it is a plain whole number, as a size is."""
        return not self.unit and not self.approximate and self.digits == self.digits.to_integral_value()

    def holds(self, value: int) -> bool:
        """Whether the value rounds or truncates to the figure.

        >>> [Figure.parse(t).holds(163_328) for t in ("159Ki", "159K", "163K", "163,328")]
        [True, False, True, True]
        """
        if not self.unit and not self.approximate:
            return self.digits == value
        quantum = self._quantum()
        scaled = Decimal(value) / self.scale
        return any(
            (scaled / quantum).to_integral_value(rounding) * quantum == self.digits
            for rounding in (ROUND_HALF_UP, ROUND_DOWN)
        )

    def reading(self, value: int) -> str:
        """How the value is read where it holds: in which units, and rounded or truncated; empty where it is exact.

        >>> [Figure.parse(t).reading(163_328) for t in ("159Ki", "163K", "163,328")]
        ['in units of 1024, truncated', 'rounded', '']
        """
        units = ["in units of 1024"] if self.unit.endswith("i") else []
        exact = Decimal(value) / self.scale
        if exact == self.digits or not self.holds(value):
            return ", ".join(units)
        rounded = (exact / self._quantum()).to_integral_value(ROUND_HALF_UP) * self._quantum() == self.digits
        return ", ".join([*units, "rounded" if rounded else "truncated"])

    @property
    def bounds(self) -> tuple[Decimal, Decimal]:
        """The least of what may be printed so, by rounding, and the end of it, by truncating.

        >>> [str(bound) for bound in Figure.parse("92.7%").bounds]
        ['92.65', '92.8']
        """
        quantum = self._quantum()
        return (self.digits - quantum / 2) * self.scale, (self.digits + quantum) * self.scale

    def _quantum(self) -> Decimal:
        """The place value of the last significant digit."""
        exponent = self.digits.normalize().as_tuple().exponent if self.approximate else None
        if exponent is None or not self.digits:
            exponent = self.digits.as_tuple().exponent
        return Decimal(1).scaleb(int(exponent))

    def in_unit(self, unit: str) -> "Figure":
        """The same digits under another unit."""
        if self.unit not in ("", "%"):
            return Figure(self.text[: -len(self.unit)] + unit, self.digits, unit, self.approximate)
        return self
