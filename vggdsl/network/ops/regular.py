"""Layers that do nothing at inference."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from vggdsl.network.ops.facts import Facts
from vggdsl.network.shapes import Shape


@dataclass(frozen=True)
class Dropout(Facts):
    """Dropout: in training each value is zeroed with this probability, the rest scaled up.

    Spelled: ``dropout-0.5``, ``dropout-40%``.
    Shape:   unchanged.
    Params:  none.
    MACs:    none.
    Source:  Krizhevsky et al. 2012, sec. 4.2.

    >>> Dropout(0.4).rate
    0.4
    """

    word: ClassVar[str] = "dropout"
    in_place: ClassVar[bool] = True
    passing: ClassVar[bool] = True
    idle: ClassVar[bool] = True
    rate: float

    @property
    def text(self) -> str:
        """
        >>> Dropout(0.00005).text
        'dropout-0.00005'
        """
        return f"dropout-{Decimal(repr(self.rate)):f}"

    def tell_elsewhere(self, x: Shape) -> str:
        """
        >>> Dropout(0.4).tell_elsewhere(Shape(64, 1, 1))
        'TensorFlow 1 says what is kept: 0.6 there is the rate 0.4 here'
        """
        return f"TensorFlow 1 says what is kept: {1 - self.rate:g} there is the rate {self.rate:g} here"

    def plain(self, x: Shape) -> "Identity":
        return Identity()


@dataclass(frozen=True)
class Identity(Facts):
    """What comes in goes out.

    Spelled: ``identity``.
    Shape:   unchanged.
    Params:  none.
    MACs:    none.
    Source:  He et al. 2015, sec. 3.2.

    >>> Identity().kind
    'identity'
    """

    word: ClassVar[str] = "identity"
    in_place: ClassVar[bool] = True
    passing: ClassVar[bool] = True
    idle: ClassVar[bool] = True
