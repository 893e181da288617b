"""Fully connected layer."""

from dataclasses import dataclass
from typing import ClassVar

from vggdsl.network.ops.facts import Facts, Implied, Part, Unsaid, tell_sum, weight_and_bias
from vggdsl.network.shapes import Pair, Shape, Window


@dataclass(frozen=True)
class FC(Facts):
    """Fully connected layer; flattens its input in C, H, W order.

    Spelled: ``FC-4096``, ``FC-10 bias=no``.
    Shape:   (c, h, w) -> (features, 1, 1).
    Params:  features*c*h*w, and features biases.
    MACs:    features*c*h*w for one image; the bias is not counted.
    Source:  Simonyan & Zisserman 2015, sec. 2.1.
    Differs: its receptive field is that of the whole map, 404 for fc6 of VGG-16.

    >>> x = Shape(512, 7, 7)
    >>> FC(4096).params(x).learnable, FC(4096).macs(x)
    (102764544, 102760448)
    """

    word: ClassVar[str] = "FC"
    weight_layer: ClassVar[bool] = True
    features: int
    bias: bool = True

    def out_shape(self, x: Shape) -> Shape:
        return Shape(self.features, 1, 1)

    def parts(self, x: Shape) -> tuple[Part, ...]:
        return weight_and_bias((self.features, x.elements), self.bias)

    def macs(self, x: Shape) -> int:
        return self.features * x.elements

    def sees(self, x: Shape) -> Window:
        return Window(Pair(x.h, x.w))

    @property
    def text(self) -> str:
        return f"FC-{self.features}{'' if self.bias else ' bias=no'}"

    def tell_shape(self, *xs: Shape) -> str:
        (x,) = xs
        return f"{x.elements:,} values, flattened in C, H, W order, to {self.features:,}"

    def tell_params(self, x: Shape) -> str:
        return tell_sum(f"{self.features:,}·{x.elements:,}", self.params(x))

    def implied(self) -> tuple[Implied, ...]:
        return (Implied("bias", "a bias" if self.bias else "no bias"),)

    def unsaid(self, x: Shape) -> tuple[Unsaid, ...]:
        """The order in which it flattens, if there is more than one."""
        return (Unsaid("maps"),) if min(x.c, x.h * x.w) > 1 else ()
