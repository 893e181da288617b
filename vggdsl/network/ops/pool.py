"""Pooling."""

from dataclasses import dataclass, replace
from typing import ClassVar

from vggdsl.network.ops.facts import Facts, Implied, Topic, Unsaid, slide, tell_slide, window_text
from vggdsl.network.ops.regular import Identity
from vggdsl.network.shapes import Pair, Shape, Window


@dataclass(frozen=True)
class _Pool(Facts):
    """A window that gives one value a channel at each of its positions."""

    topic: ClassVar[Topic] = "pooling"
    window: Window

    def out_shape(self, x: Shape) -> Shape:
        out = slide(self.word, "V201", self.window, x, what="pool")
        return Shape(x.c, out.h, out.w)

    def sees(self, x: Shape) -> Window:
        return self.window

    def plain(self, x: Shape) -> Facts:
        """Without a ``ceil`` that changes nothing; an identity if what it gives is what it sees."""
        size, window = Pair(x.h, x.w), self.window
        if window.ceil and replace(window, ceil=False).positions(size) == window.positions(size):
            window = replace(window, ceil=False)
        if window.extent == window.stride == (1, 1) and window.pad == (0, 0):
            return Identity()
        return replace(self, window=window)

    @property
    def text(self) -> str:
        return f"{self.word}{window_text(self.window, Pair(0, 0))}"

    def tell_shape(self, *xs: Shape) -> str:
        return tell_slide(self.window, *xs)

    def implied(self) -> tuple[Implied, ...]:
        return (
            Implied("stride", f"window {self.window.kernel}, stride {self.window.stride}"),
            Implied("pad", f"padding {self.window.pad}"),
            Implied("ceil", f"sizes are rounded {'up' if self.window.ceil else 'down'}"),
        )

    def unsaid(self, x: Shape) -> tuple[Unsaid, ...]:
        return Unsaid("dilation, strides and padding"), *super().unsaid(x)


@dataclass(frozen=True)
class MaxPool(_Pool):
    """Maximum over a window.

    Spelled: ``maxpool`` (2x2, stride 2), ``max pooling``, ``maxpool3/2``, ``maxpool3/2 pad=1 ceil``.
    Shape:   (c, h, w) -> (c, h', w'), h' = (h + 2p - k) // s + 1; rounded up with ``ceil``.
    Params:  none.
    MACs:    none.
    Raises:  ShapeError V201 if the window exceeds the padded input.
    Source:  Simonyan & Zisserman 2015, sec. 2.1; ``ceil``: Caffe, used by Szegedy et al. 2014.

    >>> print(MaxPool(Window(Pair(2, 2), Pair(2, 2))).out_shape(Shape(64, 7, 7)))
    3x3x64
    """

    word: ClassVar[str] = "maxpool"
    nonlinear: ClassVar[bool] = True

    def plain(self, x: Shape) -> Facts:
        pool = super().plain(x)
        return GlobalMaxPool() if _is_global(pool, x) else pool


@dataclass(frozen=True)
class AvgPool(_Pool):
    """Mean over a window; padding counts as zeros in it.

    Spelled: ``avgpool``, ``average pooling``, ``avgpool5/3``, ``avgpool3/1 pad=1``.
    Shape:   as MaxPool.
    Params:  none.
    MACs:    none.
    Raises:  ShapeError V201 if the window exceeds the padded input.
    Source:  Szegedy et al. 2014, Table 1.
    Differs: a window that ``ceil`` lets hang over the end is divided by what is inside input and
             padding (PyTorch); some runtimes divide by k*k.

    >>> print(AvgPool(Window(Pair(7, 7), Pair(1, 1))).out_shape(Shape(1024, 7, 7)))
    1x1x1024
    """

    word: ClassVar[str] = "avgpool"

    def plain(self, x: Shape) -> Facts:
        pool = super().plain(x)
        return GlobalAvgPool() if _is_global(pool, x) else pool


def _is_global(pool: Facts, x: Shape) -> bool:
    return isinstance(pool, _Pool) and pool.window.kernel == (x.h, x.w) and pool.window.pad == (0, 0)


@dataclass(frozen=True)
class _GlobalPool(Facts):
    """One value a channel, of the whole map."""

    topic: ClassVar[Topic] = "pooling"

    def out_shape(self, x: Shape) -> Shape:
        return Shape(x.c, 1, 1)

    def sees(self, x: Shape) -> Window:
        return Window(Pair(x.h, x.w))

    def plain(self, x: Shape) -> Facts:
        return Identity() if x.h == x.w == 1 else self


@dataclass(frozen=True)
class GlobalMaxPool(_GlobalPool):
    """Maximum over the whole map.

    Spelled: ``global-maxpool``.
    Shape:   (c, h, w) -> (c, 1, 1).
    Params:  none.
    MACs:    none.
    Source:  Oquab et al. 2015, "Is object localization for free?", sec. 3; Keras' GlobalMaxPooling2D.

    >>> print(GlobalMaxPool().out_shape(Shape(2048, 7, 7)))
    1x1x2048
    """

    word: ClassVar[str] = "global-maxpool"
    nonlinear: ClassVar[bool] = True

    def tell_shape(self, *xs: Shape) -> str:
        (x,) = xs
        return f"the maximum over {Pair(x.h, x.w)}"


@dataclass(frozen=True)
class GlobalAvgPool(_GlobalPool):
    """Mean over the whole map.

    Spelled: ``global-avgpool``.
    Shape:   (c, h, w) -> (c, 1, 1).
    Params:  none.
    MACs:    none.
    Source:  Lin et al. 2013, sec. 3.2.

    >>> print(GlobalAvgPool().out_shape(Shape(2048, 7, 7)))
    1x1x2048
    """

    word: ClassVar[str] = "global-avgpool"

    def tell_shape(self, *xs: Shape) -> str:
        (x,) = xs
        return f"the mean over {Pair(x.h, x.w)}"
