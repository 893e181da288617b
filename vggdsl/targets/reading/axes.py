"""How a tensor's axes are made of a map's channels, rows and columns: reshaping and transposing, followed exactly.

A tensor has the batch, which stays in front and isn't told, and other axes. Each is a row of factors, the outer one
first: a part of one of the map's axes. An axis of size 1 has none.
"""

from collections.abc import Iterable, Sequence
from math import prod
from typing import Literal, NamedTuple, TypeAlias

from vggdsl.network.shapes import Shape


class Factor(NamedTuple):
    """``size`` places of one of the map's axes, ``step`` apart."""

    of: Literal["c", "h", "w"]
    step: int
    size: int


Axes: TypeAlias = tuple[tuple[Factor, ...], ...]


def image(shape: Shape) -> Axes:
    """(c, h, w), as a map lies.

    >>> sizes(image(Shape(8, 1, 4)))
    (8, 1, 4)
    """
    whole = Factor("c", 1, shape.c), Factor("h", 1, shape.h), Factor("w", 1, shape.w)
    return tuple(_merged([factor]) for factor in whole)


def rows_first(shape: Shape) -> Axes:
    """(h, w, c), as Keras has it."""
    c, h, w = image(shape)
    return h, w, c


def vector(shape: Shape) -> Axes:
    """(c * h * w), as PyTorch flattens a map."""
    return (_merged(_flat(image(shape))),)


def sizes(axes: Axes) -> tuple[int, ...]:
    return tuple(prod(factor.size for factor in axis) for axis in axes)


def reshaped(axes: Axes, into: Sequence[int]) -> Axes | None:
    """The axes of other sizes that lie the same way; None where one would begin in the midst of another.

    >>> sizes(reshaped(image(Shape(8, 2, 2)), (2, 4, 4)))
    (2, 4, 4)
    """
    left = list(_merged(_flat(axes)))
    found: list[tuple[Factor, ...]] = []
    for size in into:
        axis: list[Factor] = []
        while size > 1:
            if not left:
                return None
            of, step, there = left.pop(0)
            if size % there == 0:
                axis.append(Factor(of, step, there))
                size //= there
            elif there % size == 0:
                axis.append(Factor(of, step * (there // size), size))
                left.insert(0, Factor(of, step, there // size))
                size = 1
            else:
                return None
        found.append(_merged(axis))
    return None if left else tuple(found)


def grown(axes: Axes, before: Shape, after: Shape) -> Axes | None:
    """The same layout of another map; None where an axis holds a part of the map's.

    >>> grown(rows_first(Shape(8, 2, 2)), Shape(8, 2, 2), Shape(4, 2, 2)) == rows_first(Shape(4, 2, 2))
    True
    """
    for layout in (image, rows_first, vector):
        if axes == layout(before):
            return layout(after)
    becomes = {one: other for one, other in zip(image(before), image(after), strict=True) if one}
    if len(becomes) < sum(size > 1 for size in after.chw) or any(axis and axis not in becomes for axis in axes):
        return None
    return tuple(becomes[axis] if axis else axis for axis in axes)


def channel_axis(axes: Axes, shape: Shape) -> int | None:
    """Which axis is that of the channels; None if none is it alone."""
    for layout, at in ((image, 0), (rows_first, 2)):
        if axes == layout(shape):
            return at
    c = image(shape)[0]
    return axes.index(c) if c and c in axes else 0 if axes == ((),) else None


def groups(axes: Axes, channels: int) -> tuple[int, Axes] | None:
    """Of a tensor whose channels lie shuffled the groups, and how it lies once the map is; None for any other.

    >>> apart = reshaped(image(Shape(6, 2, 2)), (2, 3, 2, 2))
    >>> turned = reshaped((apart[1], apart[0], *apart[2:]), (6, 2, 2))
    >>> groups(turned, 6) == (2, image(Shape(6, 2, 2)))
    True
    """
    for at, axis in enumerate(axes):
        match axis:
            case (Factor("c", 1, inner), Factor("c", step, outer)) if step == inner and inner * outer == channels:
                return outer, (*axes[:at], (Factor("c", 1, channels),), *axes[at + 1 :])
            case _:
                pass
    return None


def _flat(axes: Axes) -> list[Factor]:
    return [factor for axis in axes for factor in axis]


def _merged(factors: Iterable[Factor]) -> tuple[Factor, ...]:
    """Without those of size 1, and with neighbours as one where they are one."""
    found: list[Factor] = []
    for factor in factors:
        if factor.size == 1:
            continue
        if found and found[-1].of == factor.of and found[-1].step == factor.step * factor.size:
            factor = Factor(factor.of, factor.step, found.pop().size * factor.size)
        found.append(factor)
    return tuple(found)
