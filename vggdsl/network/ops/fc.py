"""Fully connected layer."""

from dataclasses import dataclass
from typing import ClassVar

from vggdsl.network.ops.facts import Facts, Params
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
    features: int
    bias: bool = True

    def out_shape(self, x: Shape) -> Shape:
        return Shape(self.features, 1, 1)

    def params(self, x: Shape) -> Params:
        return Params(self.features * x.elements, self.features if self.bias else 0)

    def macs(self, x: Shape) -> int:
        return self.features * x.elements

    def sees(self, x: Shape) -> Window:
        return Window(Pair(x.h, x.w))
