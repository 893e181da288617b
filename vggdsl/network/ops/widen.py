"""More channels without weights."""

from dataclasses import dataclass
from typing import ClassVar

from vggdsl.network.ops.facts import Facts
from vggdsl.network.ops.regular import Identity
from vggdsl.network.shapes import Shape
from vggdsl.text.errors import Diagnostic, ShapeError


@dataclass(frozen=True)
class Widen(Facts):
    """Channels of zeros behind those that come in, until there are so many.

    Spelled: ``widen-128``.
    Shape:   (c, h, w) -> (channels, h, w).
    Params:  none.
    MACs:    none.
    Raises:  ShapeError V207 if more channels come in.
    Source:  He et al. 2015, sec. 3.3 (A): "extra zero entries padded for increasing dimensions".
    Differs: the paper doesn't say where the zeros are; some implementations put half of them before the channels.

    >>> print(Widen(32).out_shape(Shape(16, 8, 8)))
    8x8x32
    """

    word: ClassVar[str] = "widen"
    channels: int

    def out_shape(self, x: Shape) -> Shape:
        if x.c > self.channels:
            message = f"widen-{self.channels} can't narrow: got {x}"
            help = f"write `widen-{x.c}` or more, or narrow with a convolution: `conv1-{self.channels}`"
            raise ShapeError(Diagnostic("V207", message, help=help))
        return Shape(self.channels, x.h, x.w)

    def plain(self, x: Shape) -> Facts:
        return Identity() if self.channels == x.c else self

    @property
    def text(self) -> str:
        return f"widen-{self.channels}"

    def tell_shape(self, *xs: Shape) -> str:
        (x,) = xs
        return f"the channels and zeros behind them, {x.c} + {self.channels - x.c} = {self.channels}"
