"""Shapes and the arithmetic of windows that slide over them."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


class Pair(NamedTuple):
    """Something that has a vertical and a horizontal part, such as a kernel's size."""

    h: int
    w: int

    def __str__(self) -> str:
        return f"{self.h}x{self.w}"

    @property
    def short(self) -> str:
        """One number where both are the same.

        >>> Pair(3, 3).short, Pair(1, 7).short
        ('3', '1x7')
        """
        return str(self.h) if self.h == self.w else str(self)


class Sides(NamedTuple):
    """Padding by sides, where opposite ones differ: in the order of Keras' ZeroPadding2D, height before width."""

    top: int
    bottom: int
    left: int
    right: int

    def __str__(self) -> str:
        return f"{self.top} above, {self.bottom} below, {self.left} left, {self.right} right"

    @property
    def short(self) -> str:
        """
        >>> Sides(0, 1, 0, 1).short
        '0,1,0,1'
        """
        return ",".join(map(str, self))


@dataclass(frozen=True)
class Shape:
    """Channels, height and width of one image's tensor; a vector of n values is (n, 1, 1).

    >>> Shape(64, 224, 224).elements
    3211264
    >>> print(Shape(64, 224, 224))
    224x224x64
    """

    c: int
    h: int
    w: int

    @property
    def elements(self) -> int:
        return self.c * self.h * self.w

    @property
    def chw(self) -> list[int]:
        return [self.c, self.h, self.w]

    def __str__(self) -> str:
        return f"{self.h}x{self.w}x{self.c}"


@dataclass(frozen=True)
class Window:
    """A window along both axes, as convolutions and pools have one.

    ``pad`` tells of opposite sides once where they are the same, so that there is one way to say it.

    >>> Window(Pair(3, 3), pad=Sides(1, 1, 0, 0)).pad
    Pair(h=1, w=0)
    """

    kernel: Pair
    stride: Pair = Pair(1, 1)
    pad: Pair | Sides = Pair(0, 0)
    dilation: Pair = Pair(1, 1)
    ceil: bool = False

    def __post_init__(self) -> None:
        if self.pad_before == self.pad_behind:
            object.__setattr__(self, "pad", self.pad_before)

    @property
    def pad_before(self) -> Pair:
        """What is added above and left."""
        return Pair(self.pad.top, self.pad.left) if isinstance(self.pad, Sides) else self.pad

    @property
    def pad_behind(self) -> Pair:
        """What is added below and right."""
        return Pair(self.pad.bottom, self.pad.right) if isinstance(self.pad, Sides) else self.pad

    @cached_property
    def extent(self) -> Pair:
        """What the window spans of the input: d(k - 1) + 1."""
        return Pair(self.dilation.h * (self.kernel.h - 1) + 1, self.dilation.w * (self.kernel.w - 1) + 1)

    @property
    def same_pad(self) -> Pair:
        """What a convolution pads by unless told: as much as keeps the size at stride 1, where the extent is odd.

        d(k - 1) // 2; of an even extent one row or column less stays.

        >>> Window(Pair(3, 7)).same_pad, Window(Pair(3, 3), dilation=Pair(2, 2)).same_pad
        (Pair(h=1, w=3), Pair(h=2, w=2))
        """
        return Pair((self.extent.h - 1) // 2, (self.extent.w - 1) // 2)

    def keras_pad(self, size: Pair) -> Pair | Sides:
        """What Keras' and TensorFlow's `same` adds to a map of that size: so that it gives ceil(n / s) positions.

        >>> Window(Pair(3, 3), Pair(2, 2)).keras_pad(Pair(32, 32)), Window(Pair(3, 3)).keras_pad(Pair(32, 32))
        (Sides(top=0, bottom=1, left=0, right=1), Pair(h=1, w=1))
        """
        sides = []
        for extent, stride, n in zip(self.extent, self.stride, size, strict=True):
            both = max(extent - (n % stride or stride), 0)
            sides += [both // 2, both - both // 2]
        return Window(self.kernel, pad=Sides(*sides)).pad

    @property
    def may_hang(self) -> bool:
        """Whether on some sizes the last window hangs over the end: at stride 1 there is nothing to round up."""
        return self.ceil and self.stride != (1, 1)

    def positions(self, size: Pair) -> Pair:
        """How many places the window has on an input of that size; below 1 if it doesn't fit.

        floor((n + padding - extent) / s) + 1. With ``ceil`` the last window may hang over the end,
        but must start inside the input or its leading padding (as in Caffe and PyTorch).
        """
        return Pair(self._along(0, size.h), self._along(1, size.w))

    def _along(self, axis: int, n: int) -> int:
        s, p = self.stride[axis], self.pad_before[axis]
        room = n + p + self.pad_behind[axis] - self.extent[axis]
        if not self.ceil:
            return room // s + 1
        out = -(-room // s) + 1
        return out - 1 if (out - 1) * s >= n + p else out
