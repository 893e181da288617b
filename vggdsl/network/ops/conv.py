"""Convolution."""

from dataclasses import dataclass
from typing import ClassVar

from vggdsl.network.ops.facts import (
    Facts,
    Implied,
    Part,
    Unsaid,
    slide,
    tell_slide,
    tell_sum,
    weight_and_bias,
    window_text,
)
from vggdsl.network.shapes import Pair, Shape, Window
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
    weight_layer: ClassVar[bool] = True
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

    def parts(self, x: Shape) -> tuple[Part, ...]:
        return weight_and_bias((self.channels, x.c // self.groups, *self.window.kernel), self.bias)

    def macs(self, x: Shape) -> int:
        out = self.out_shape(x)
        return self.params(x).weights * out.h * out.w

    def sees(self, x: Shape) -> Window:
        return self.window

    @property
    def text(self) -> str:
        """
        >>> from vggdsl.network.shapes import Pair
        >>> Conv(64, Window(Pair(7, 7), Pair(2, 2), Pair(3, 3)), bias=False).text
        'conv7-64/2 bias=no'
        >>> Conv(64, Window(Pair(3, 3), pad=Pair(2, 2), dilation=Pair(2, 2))).text
        'conv3-64 dilation=2'
        """
        groups = f" groups={self.groups}" if self.groups > 1 else ""
        window = window_text(self.window, self.window.same_pad, f"-{self.channels}")
        return f"conv{window}{groups}{'' if self.bias else ' bias=no'}"

    def tell_shape(self, *xs: Shape) -> str:
        return tell_slide(self.window, *xs)

    def tell_params(self, x: Shape) -> str:
        kernel = self.window.kernel
        groups = f"/{self.groups}" if self.groups > 1 else ""
        return tell_sum(f"{self.channels}·({x.c}{groups}·{kernel.h}·{kernel.w})", self.params(x))

    def tell_macs(self, x: Shape) -> str:
        out = self.out_shape(x)
        return f"{self.params(x).weights:,} weights · {out.h}·{out.w} positions = {self.macs(x):,}"

    def implied(self) -> tuple[Implied, ...]:
        return (
            Implied("pad", f"padding {self.window.pad}"),
            Implied("stride", f"stride {self.window.stride}"),
            Implied("bias", "a bias" if self.bias else "no bias"),
        )

    def unsaid(self, x: Shape) -> tuple[Unsaid, ...]:
        return (Unsaid("dilation, strides and padding"),)

    def tell_elsewhere(self, x: Shape) -> str:
        """
        >>> Conv(64, Window(Pair(3, 3), Pair(2, 2), Pair(1, 1))).tell_elsewhere(Shape(3, 32, 32))
        "Keras' and TensorFlow's `same` is `pad=0,1,0,1` on this map"
        """
        theirs = self.window.keras_pad(Pair(x.h, x.w))
        if self.window.pad != self.window.same_pad or theirs == self.window.pad:
            return ""
        return f"Keras' and TensorFlow's `same` is `pad={theirs.short}` on this map"
