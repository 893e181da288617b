"""Whether two layers are the same, how far they are apart, and what is other about one.

Layers are the same if they compute the same on the maps that they get: a padding that no window reaches, or a stride
of a window that has one place, tells nothing apart. Numbers are the same to six digits: files keep them in single
precision.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Any, NamedTuple

from vggdsl.network.foreign import InnerAvgPool
from vggdsl.network.matching import Step
from vggdsl.network.ops import FC, LRN, AvgPool, Conv, Facts, GlobalAvgPool, GlobalMaxPool, MaxPool
from vggdsl.network.shapes import Shape, Window

AHEAD = 24
"""Layers that are looked at to tell what was done to the first: two stages of VGG's, or units of ResNet's."""


def first_edit(one: Sequence[tuple[int, Facts]], other: Sequence[tuple[int, Facts]]) -> tuple[bool, bool]:
    """What is done first where few edits make one row the other, or as much of them as is seen: whether a layer of one
    is gone, of the other is new; of a changed one both.
    """
    cost = edits(one, other)
    least = cost[0][0]
    if least == cost[1][1] + _unlike(one[0], other[0]):
        return True, True
    return (True, False) if least == cost[1][0] + 1 else (False, True)


def edits(one: Sequence[tuple[int, Facts]], other: Sequence[tuple[int, Facts]]) -> list[list[float]]:
    """From which place of either row how many edits make the rest of one the rest of the other."""
    rows, columns = len(one), len(other)
    cost = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows, -1, -1):
        for j in range(columns, -1, -1):
            if i == rows or j == columns:
                is_seen = rows < AHEAD and columns < AHEAD
                cost[i][j] = float(rows - i + columns - j) if is_seen else 0.0
                continue
            cost[i][j] = min(cost[i + 1][j] + 1, cost[i][j + 1] + 1, cost[i + 1][j + 1] + _unlike(one[i], other[j]))
    return cost


def _unlike(one: tuple[int, Facts], other: tuple[int, Facts]) -> float:
    """How far a layer is from another: less than one that is left out and one put in."""
    if one[0] == other[0]:
        return 0.0
    a, b = one[1], other[1]
    if type(a) is not type(b):
        return 1.0 if a.topic == b.topic == "pooling" else 1.75
    words = words_of(a), words_of(b)
    return 1.0 - 0.125 * min(4, len(words[0] & words[1]))


def change_of(ours: Facts, theirs: Facts) -> str:
    """
    >>> from vggdsl.network.shapes import Pair
    >>> three, five = Window(Pair(3, 3), pad=Pair(1, 1)), Window(Pair(5, 5), pad=Pair(2, 2))
    >>> change_of(Conv(32, five), Conv(32, three, bias=False))
    'kernel 3x3 for 5x5, no bias'
    """
    if type(ours) is not type(theirs):
        return f"{theirs.kind} for {ours.kind}"
    found = []
    for name in (field.name for field in fields(ours)):
        one, other = getattr(ours, name), getattr(theirs, name)
        if one == other:
            continue
        if isinstance(one, Window):
            is_usual = one.pad == one.same_pad and other.pad == other.same_pad
            parts = [key for key in ("kernel", "stride", "dilation") if getattr(one, key) != getattr(other, key)]
            found += [f"{key} {getattr(other, key)} for {getattr(one, key)}" for key in parts]
            if one.pad != other.pad and not is_usual:
                found.append(f"padding {other.pad} for {one.pad}")
            if one.ceil != other.ceil:
                found.append(f"sizes rounded {'up' if other.ceil else 'down'}")
        elif name == "bias":
            found.append("a bias" if other else "no bias")
        elif name == "function":
            found.append(f"{other} for {one}")
        elif name in ("channels", "features", "of"):
            found.append(f"other {'shapes' if name == 'parts_of' else name}")
        else:
            found.append(f"{name} {other} for {one}")
    return ", ".join(found) or "other inputs"


@cache
def words_of(op: Facts) -> frozenset[str]:
    return frozenset(op.text.replace("-", " ").split())


def rounded(op: Facts) -> Facts:
    """With numbers to six digits."""
    found: dict[str, Any] = {}
    for field in fields(op):
        value = getattr(op, field.name)
        if isinstance(value, float):
            found[field.name] = float(f"{value:.6g}")
    return replace(op, **found) if found else op


def same_as(step: Step, x: Shape) -> object:
    """What all layers share that compute the same of maps of that shape."""
    op = rounded(step.op)
    match op:
        case Conv(groups=1) if op.window.extent == op.window.kernel == (x.h, x.w) and step.shape.h == step.shape.w == 1:
            if op.window.pad == (0, 0):
                return FC(op.channels, op.bias)
        case LRN():
            reach = min(op.n // 2, x.c - 1), min((op.n - 1) // 2, x.c - 1)
            return "LRN", *reach, op.k, op.alpha, op.beta
        case _:
            pass
    if isinstance(op, GlobalMaxPool | GlobalAvgPool):
        whole = [_Axis(n, 1, 1, 0, 0, places=1) for n in (x.h, x.w)]
        return ("max", *whole) if isinstance(op, GlobalMaxPool) else ("avg", *whole, (0, 0))
    if isinstance(op, Conv | MaxPool | AvgPool | InnerAvgPool):
        axes = [_axis(op.window, i, (x.h, x.w)[i], (step.shape.h, step.shape.w)[i]) for i in (0, 1)]
        counts = isinstance(op, AvgPool)
        if isinstance(op, Conv):
            return "conv", op.channels, op.groups, op.bias, *axes
        if isinstance(op, MaxPool):
            return "max", *axes
        is_inner = isinstance(op, InnerAvgPool) and any(axis.before for axis in axes)
        pads = (op.window.pad_behind.h, op.window.pad_behind.w) if counts else (0, 0)
        counted = tuple(min(axis.behind, pad) for axis, pad in zip(axes, pads, strict=True))
        return "inner" if is_inner else "avg", *axes, counted
    return op


class _Axis(NamedTuple):
    """A window along one axis, what it reaches beyond the map, and how many places it has."""

    kernel: int
    dilation: int
    stride: int
    before: int
    behind: int
    places: int


def _axis(window: Window, i: int, n: int, places: int) -> _Axis:
    extent, stride, before = window.extent[i], window.stride[i], window.pad_before[i]
    behind = max(0, (places - 1) * stride + extent - before - n)
    kernel = window.kernel[i]
    return _Axis(kernel, window.dilation[i] if kernel > 1 else 1, stride if places > 1 else 1, before, behind, places)
