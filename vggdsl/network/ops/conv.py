"""Convolution."""

from dataclasses import dataclass
from typing import ClassVar

from vggdsl.network.ops.facts import Facts, Params, slide
from vggdsl.network.shapes import Shape, Window
from vggdsl.text.errors import Diagnostic, ShapeError


@dataclass(frozen=True)
class Conv(Facts):
    """2-D convolution.

    Spelled: ``conv3-64``, ``conv1x7-64``, ``conv7-64/2``, ``conv3-64 groups=2 bias=no``.
    Shape:   (c, h, w) -> (channels, h', w'), h' = (h + 2p - d(k - 1) - 1) // s + 1.
    Params:  channels*(c/groups)*kh*kw, and channels biases.
    MACs:    channels*(c/groups)*kh*kw*h'*w' for one image; the bias is not counted.
    Raises:  ShapeError V202 if the kernel exceeds the padded input, V203 if groups don't divide.
    Source:  Simonyan & Zisserman 2015, sec. 2.1; groups: Krizhevsky et al. 2012.
    Differs: torchinfo counts the bias; torch's FlopCounterMode gives 2*MACs.

    >>> from vggdsl.network.shapes import Pair
    >>> conv = Conv(64, Window(Pair(3, 3), pad=Pair(1, 1)))
    >>> x = Shape(3, 224, 224)
    >>> print(conv.out_shape(x), conv.params(x).learnable, conv.macs(x))
    224x224x64 1792 86704128
    """

    word: ClassVar[str] = "conv"
    channels: int
    window: Window
    groups: int = 1
    bias: bool = True

    def out_shape(self, x: Shape) -> Shape:
        for what, count in (("in_channels", x.c), ("channels", self.channels)):
            if count % self.groups:
                message = f"{what} ({count}) must be divisible by groups ({self.groups})"
                raise ShapeError(Diagnostic("V203", message, help="choose groups that divide both"))
        out = slide(self.word, "V202", self.window, x)
        return Shape(self.channels, out.h, out.w)

    def params(self, x: Shape) -> Params:
        return Params(self._weights(x), self.channels if self.bias else 0)

    def macs(self, x: Shape) -> int:
        out = self.out_shape(x)
        return self._weights(x) * out.h * out.w

    def sees(self, x: Shape) -> Window:
        return self.window

    def _weights(self, x: Shape) -> int:
        kernel = self.window.kernel
        return self.channels * (x.c // self.groups) * kernel.h * kernel.w
