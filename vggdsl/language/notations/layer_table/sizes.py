"""What printed sizes tell: which number is the channels, and the strides and paddings that lead to them."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile
from math import isqrt

from vggdsl.language.notations.layer_table.layer import CONVOLUTIONS, GLOBAL, POOLS, Layer, Part
from vggdsl.network.shapes import Pair, Sides, Window

_COLOURS = 4
"""Channels of images at most."""
_BOTH = re.compile(r"\d ?x ?\d")


@dataclass(frozen=True)
class Step:
    """How a window goes over a map; ``options`` stand behind its stride: ` pad=0`, ` ceil`."""

    window: Window
    options: str
    rivals: tuple[str, ...] = ()
    """Options of others that lead to the same size."""

    @property
    def stride(self) -> str:
        """As specs have it: `2`, or over rows and over columns `3x2`."""
        return self.window.stride.short


def channels_first(layers: Sequence[Layer]) -> bool | None:
    """Whether sizes of three numbers begin with the channels; None where some do and others don't.

    Maps are mostly square: `64x8x8` has its channels first. Pools tell, too, which keep the channels. Where neither
    does, images have 1 or 3 channels: `3x16x24` has them first, unless all sizes begin so, as of maps that are one row.
    """
    sizes = [size for each in layers for size in (each.input, each.output) if len(size) == 3]
    first = any(a != b == c for a, b, c in sizes)
    last = any(a == b != c for a, b, c in sizes)
    if not (first and last) and (told := _told(layers)) is not None:
        return told
    if not (first and last) and (pooled := _pooled(layers)) is not None:
        return pooled
    if sizes and not (first or last):
        begins, ends = sizes[0][0], sizes[0][-1]
        others = {size[0] for size in sizes[1:]}
        first = begins in (1, 3) and ends > _COLOURS and (begins not in others or not others)
    return None if first and last else first


def _told(layers: Sequence[Layer]) -> bool | None:
    """Whether sizes behind convolutions begin with their filters, and don't end so; None where that isn't told."""
    sizes = [
        (each.width, each.output or after.input)
        for each, after in pairwise([*layers, layers[-1]])
        if each.kind == "conv"
    ]
    first = any(size[0] == width != size[-1] for width, size in sizes if len(size) == 3)
    last = any(size[0] != width == size[-1] for width, size in sizes if len(size) == 3)
    return None if first == last else first


def _pooled(layers: Sequence[Layer]) -> bool | None:
    """Whether pools keep the first number of sizes, and not the last; None where that isn't told."""
    sizes = [
        (before.output, each.output)
        for before, each in pairwise(layers)
        if each.kind in POOLS and len(before.output) == len(each.output) == 3
    ]
    first = any(a[0] == b[0] and a[1] > b[1] and a[2] > b[2] for a, b in sizes)
    last = any(a[2] == b[2] and a[0] > b[0] and a[1] > b[1] for a, b in sizes)
    return None if first == last else first


def put_last(layers: Sequence[Layer]) -> None:
    """Sizes with the channels last, where they were first."""
    for each in layers:
        for name in ("input", "output"):
            size = getattr(each, name)
            if len(size) == 3:
                setattr(each, name, (*size[1:], size[0]))


def square(layers: Sequence[Layer]) -> Layer | None:
    """Makes sizes of one number those of both sides, where all maps have such a size, and a column of its own says how
    many channels: `3x3 conv | 96 | 32`. The first of these rows, or None where sizes are printed otherwise.

    One window at least is printed with both sides: maps of one row have none. What is printed mustn't be of values.
    """
    maps = list(takewhile(lambda each: each.kind not in ("FC", "softmax", "output", "flatten", "logits"), layers))
    slid = [each for each in maps if each.kind in (*CONVOLUTIONS, *POOLS)]
    sides = [(each.output[0], each.width) for each in slid if len(each.output) == 1 and "width" in each.cells]
    if (
        len(sides) < 2
        or len(sides) < len(slid)
        or any(len(each.output) > 1 or each.input for each in maps)
        or any(first < second for (first, _), (second, _) in pairwise(sides))
        or all(width and side % width == 0 and isqrt(side // width) ** 2 == side // width for side, width in sides)
        or not any(_BOTH.search(text.text) for each in slid for text in each.cells.values())
    ):
        return None
    for each in maps:
        each.output *= 2
    for each in layers[len(maps) :]:
        each.output = () if each.output == (1,) and each.width is not None else each.output
    return slid[0]


def channels_alone(layers: Sequence[Layer]) -> Layer | None:
    """Makes what rows take and give, where all have one number of each, their channels: `Conv | 3 | 64`.

    They are where each row takes what the one before gives, pools give what they take, and some convolution gives more
    than it takes: sides of maps don't grow. The first of these rows, or None where numbers are of something else.
    """
    maps = list(takewhile(lambda each: each.kind not in ("FC", "softmax", "output", "flatten", "logits"), layers))
    maps = [each for each in maps if each.kind != "input"]
    told = [each for each in maps if each.input or each.output]
    convs = [each for each in maps if each.kind in CONVOLUTIONS]
    if (
        len(convs) < 2
        or any(len(each.input) != 1 or len(each.output) != 1 for each in [*convs, *told])
        or any(each.takes is not None or each.width is not None for each in maps)
        or any(before.output != after.input for before, after in pairwise(told))
        or any(each.input != each.output for each in told if each.kind != "conv")
        or not any(each.output > each.input for each in convs)
    ):
        return None
    first = convs[0]
    images = [each for each in layers if each.kind == "input" and {each.input, each.output} <= {(), first.input}]
    for each in [*told, *images]:
        if each.kind == "conv":
            each.takes, each.width = each.input[0], each.output[0]
        each.input, each.output, each.output_at = (), (), None
    return first


def shrinks(layers: Sequence[Layer]) -> bool:
    """Whether convolutions make maps smaller at stride 1: by those that stand behind another layer."""
    shrunk = kept = 0
    for before, each in pairwise(layers):
        if each.kind == "conv" and each.stride in (None, 1) and len(before.output) > 1 and len(each.output) > 1:
            shrunk += each.output[:2] != before.output[:2] and 2 * each.output[0] > before.output[0]
            kept += each.output[:2] == before.output[:2] and each.window != (1, 1)
    return shrunk > 0 and not kept


def pools_of(layer: Layer) -> list[Part]:
    """Those that follow it in its row."""
    return [part for part in layer.behind if part.kind in (*POOLS, *GLOBAL)]


def window_of(part: Part) -> tuple[Pair, Pair]:
    """A pool's window and stride in a row of another layer: 2x2, stride as its side, unless told."""
    window = part.window or ((2, 2) if part.stride in (None, 2) else (part.stride or 2, part.stride or 2))
    return Pair(*window), Pair(part.stride, part.stride) if part.stride else Pair(*window)


def through(layer: Layer, out: Pair) -> Pair:
    """The size behind the pools of its row."""
    for part in pools_of(layer):
        if part.kind in GLOBAL:
            out = Pair(1, 1)
            continue
        window = Window(*window_of(part))
        out = window.positions(out) if min(out) > 0 else out
    return out


def fitting(
    layer: Layer, x: tuple[int, ...], printed: tuple[int, ...], *, is_pool: bool, then: Callable[[Pair], Pair]
) -> list[Step]:
    """Strides and options that lead to the printed size, the usual ones first; all that are usual if none is."""
    assert layer.window is not None
    kernel = Pair(*layer.window)
    strides = [layer.stride] if layer.stride else list(range(1, max(kernel) + 1 if is_pool else 9))
    if layer.is_whole and layer.pad is None:
        layer.pad = 0
    if len(printed) < 2:
        if layer.stride is None and is_pool and layer.window != (2, 2):
            return []
        stride = layer.stride or (2 if is_pool else 1)
        return list(_paddings(kernel, stride, layer, Pair(x[0], x[1]), is_pool=is_pool))[:1]
    size, out = Pair(x[0], x[1]), Pair(printed[0], printed[1])
    if layer.stride is None and kernel == size and out == (1, 1):
        strides = [1]  # of one position any stride is the same
    found = list[Step]()
    for stride in filter(None, strides):
        options = [each for each in _paddings(kernel, stride, layer, size, is_pool=is_pool) if min(size) > 0]
        fit = [each for each in options if then(each.window.positions(size)) == out]
        if fit and fit[0].options in ("", " pad=0"):
            fit = [replace(fit[0], rivals=tuple(each.options for each in fit[1:] if each.options != " ceil"))]
        found += fit
    return found or (list(_paddings(kernel, layer.stride, layer, size, is_pool=is_pool))[:1] if layer.stride else [])


def _paddings(kernel: Pair, stride: int, layer: Layer, size: Pair, *, is_pool: bool) -> Iterator[Step]:
    plain = Window(kernel, Pair(stride, layer.across or stride), dilation=Pair(layer.dilation, layer.dilation))
    usual, ceil = Pair(0, 0) if is_pool else plain.same_pad, " ceil" if layer.ceil and is_pool else ""
    if ceil and layer.pad is None:
        layer.pad = 0
    if layer.pad == "same":
        yield _same(plain, size, usual)
        return
    if layer.pad is not None:
        side = 0 if layer.pad == "valid" else int(layer.pad)
        text = "" if is_pool and side == 0 else f" pad={side}"
        yield Step(Window(kernel, plain.stride, Pair(side, side), plain.dilation, layer.ceil), text + ceil)
        if is_pool and side == 0 and layer.pad != "valid" and not ceil:
            yield Step(Window(kernel, plain.stride, ceil=True), " ceil")
        return
    yield Step(Window(kernel, plain.stride, usual, dilation=plain.dilation), "")
    if usual != (0, 0):
        yield Step(plain, " pad=0")
    if is_pool:
        yield Step(Window(kernel, plain.stride, ceil=True), " ceil")
    for side in range(1, max(kernel) // 2 + 1):
        if usual != (side, side):
            yield Step(Window(kernel, plain.stride, Pair(side, side), dilation=plain.dilation), f" pad={side}")


def strides_of_same(layer: Layer, x: tuple[int, ...], printed: tuple[int, ...]) -> list[int]:
    """Those at which `pad same` leads to the printed size, where no cell says how a window is padded."""
    if layer.pad is not None or layer.window is None or layer.across is not None or len(printed) < 2:
        return []
    kernel, size = Pair(*layer.window), Pair(x[0], x[1])
    found = list[int]()
    for stride in [layer.stride] if layer.stride else range(1, max(kernel) + 1):
        plain = Window(kernel, Pair(stride, stride), dilation=Pair(layer.dilation, layer.dilation))
        out = replace(plain, pad=plain.keras_pad(size)).positions(size)
        if (out if layer.kind in POOLS else through(layer, out)) == printed[:2]:
            found.append(stride)
    return found


def _same(plain: Window, size: Pair, usual: Pair) -> Step:
    """What `same` adds: so that ceil(n / stride) windows fit, an odd row below, as TensorFlow has it."""
    pad = plain.keras_pad(size)
    window = Window(plain.kernel, plain.stride, pad, plain.dilation)
    sides = pad if isinstance(pad, Sides) else Sides(pad.h, pad.h, pad.w, pad.w)
    if pad == usual:
        return Step(window, "")
    if isinstance(pad, Pair):
        return Step(window, f" pad={pad.short}")
    return Step(window, f" pad={sides.top},{sides.bottom},{sides.left},{sides.right}")
