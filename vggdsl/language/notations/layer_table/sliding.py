"""How the window of a row goes over its map: what cells leave out of it, printed sizes and parameters tell."""

import re
from collections.abc import Sequence
from dataclasses import replace
from math import prod

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.layer_table import figures
from vggdsl.language.notations.layer_table.layer import CONVOLUTIONS, POOLS, Layer, width_of
from vggdsl.language.notations.layer_table.sizes import Step, fitting, strides_of_same, through
from vggdsl.network.shapes import Pair, Window
from vggdsl.text.figures import Figure

_CALL = re.compile(r"\bconv2d\([^)]*\b(?:kernel_size|filters|in_channels|out_channels) ?=", re.IGNORECASE)
"""Of a convolution in code, which names what it is given; one that doesn't is the cell `call`."""


class Sliding:
    """A convolution or a pool.

    ``x`` is what comes, ``printed`` the size behind the row, at ``size_at``; ``step`` is how it goes, once told.
    """

    def __init__(
        self, draft: Draft, layer: Layer, x: tuple[int, ...], printed: tuple[int, ...], size_at: Excerpt | None
    ) -> None:
        self.draft, self.layer, self.x, self.printed, self.size_at = draft, layer, x, printed, size_at
        self.step: Step | None = None
        self.above: Sequence[tuple[tuple[int, int] | None, Step]] = ()
        """Windows of the convolutions above, and how they went."""

    def conv(self, after: Layer | None) -> str:
        """The words of a convolution; ``after`` is the row below. Nothing if it was refused."""
        layer, printed = self.layer, self.printed
        width = self.x[-1] if layer.kind == "depthwise" else width_of(layer)
        if width is None and len(printed) == 3:
            width = printed[2]
        if width is not None and layer.window is None and len(self.x) == 3:
            self._window_by_params(width)
        if layer.window is None or width is None or len(self.x) != 3:
            lacks = "window" if layer.window is None else "number of filters" if width is None else "map"
            self.draft.refuse(f"a convolution needs its {lacks}", layer.at, "write `3x3, K = 32` and `32x32x32`")
            return ""
        layer.width = width
        if printed == (width,):
            printed = (1, 1, width)
        if not self._has_sides():
            return ""
        self._stride_of_size(after)
        is_call = "call" in layer.cells or any(_CALL.search(cell.text) for cell in layer.cells.values())
        if layer.pad is None and len(printed) < 2 and is_call:
            layer.pad = "valid"
            text = "no padding where a call of a convolution names none, as Keras and PyTorch have it"
            self.draft.assumed(text, layer.at, once=True)
        if layer.pad is None and len(printed) < 2 and layer.kind == "conv" and layer.groups in (None, 1):
            self._pad_by_macs(width)
        found = fitting(layer, self.x, printed, is_pool=False, then=lambda out: through(layer, out))
        step = self._chosen(found, is_sized=len(printed) > 1)
        if step is None:
            return ""
        stride, pad = step.stride, step.options
        kernel = Pair(*layer.window).short
        groups = width if layer.kind == "depthwise" else layer.groups or 1
        if layer.groups not in (None, groups):
            at = layer.cells.get("groups", layer.at)
            self.draft.refuse(f"a depthwise convolution of {width} channels has as many groups", at, "leave it out")
            return ""
        options = (
            f"{f' dilation={layer.dilation}' if layer.dilation > 1 else ''}{f' groups={groups}' if groups > 1 else ''}"
        )
        return f"conv{kernel}-{width}{f'/{stride}' if stride != '1' else ''}{pad}{options}{layer.bare}"

    def _has_sides(self) -> bool:
        """Whether both sides of the window are told: one that is but a letter, by the only window that gives the size
        behind it, with the padding that is printed, or without. Of sizes that get half as small or less a stride would
        have to be printed, too."""
        layer, stride = self.layer, self.layer.stride or 1
        if layer.window is None or all(layer.window):
            return True
        at = layer.cells.get("filter", layer.at)
        if len(self.printed) < 2:
            self.draft.refuse(f"`{at.text}` leaves a side open, and no size is printed behind it", at, "write the side")
            return False
        size, found = Pair(self.x[0], self.x[1]), dict[Pair, Pair]()
        for n in range(1, max(size) + 1):
            sides = Pair(layer.window[0] or n, layer.window[1] or n)
            plain = Window(sides, Pair(stride, layer.across or stride))
            side = int(layer.pad) if isinstance(layer.pad, int) else 0
            pads = [plain.same_pad] if layer.pad == "same" else [Pair(side, side)]
            if layer.kind in CONVOLUTIONS and layer.pad is None:
                pads.append(plain.same_pad)
            outs = [replace(plain, pad=pad).positions(size) for pad in pads]
            if (given := next((out for out in outs if through(layer, out) == self.printed[:2]), None)) is not None:
                found[plain.kernel] = given
        is_small = any(1 < out <= (n + 1) // 2 for given in found.values() for out, n in zip(given, size, strict=True))
        if len(found) != 1 or (layer.stride is None and is_small):
            message = (
                f"`{at.text}` leaves a side open: {'several windows give' if found else 'no window gives'} this size"
            )
            self.draft.refuse(message, at, "write the side, or correct the sizes")
            return False
        (kernel,) = found
        layer.window, layer.stride = (kernel.h, kernel.w), stride
        self.draft.assumed(f"`{at.text}` is {kernel.h}x{kernel.w}: no other window gives the printed size", at)
        return True

    def _pad_by_macs(self, width: int) -> None:
        """No padding, where the multiply-adds are those without it, and not those with it."""
        layer, cell = self.layer, self.layer.cells.get("macs")
        if layer.window is None or cell is None or not figures.is_figure(cell):
            return
        stride, figure = layer.stride or 1, Figure.parse(figures.text_of(cell))
        strides = Pair(stride, layer.across or stride)
        plain = Window(Pair(*layer.window), strides, dilation=Pair(layer.dilation, layer.dilation))
        bare, padded = (
            figure.holds(prod(window.positions(Pair(self.x[0], self.x[1]))) * prod(plain.kernel) * self.x[2] * width)
            for window in (plain, replace(plain, pad=plain.same_pad))
        )
        if bare and not padded:
            layer.pad = 0
            self.draft.assumed("no padding, as the multiply-adds say", layer.at, once=True)

    def _stride_of_size(self, after: Layer | None) -> None:
        """Mends a stride where the size is printed before and behind it, and is the same: MobileNet's last."""
        layer = self.layer
        stride, window = layer.stride, Window(Pair(*layer.window or (1, 1)))
        if after is None or not after.input or layer.input[:2] != after.input[:2] or len(layer.input) < 2:
            return
        if stride in (None, 1) or layer.across or layer.pad is not None or layer.behind or window.same_pad == (0, 0):
            return
        size = "x".join(map(str, layer.input[:2]))
        at = layer.cells.get("stride", layer.at)
        self.draft.repaired(f"stride {stride} read as 1: {size} is printed before and behind it", at)
        layer.stride = 1

    def _window_by_params(self, width: int) -> None:
        """A square window that isn't printed, where the parameters allow one alone."""
        layer, printed = self.layer, self.printed
        cell = layer.cells.get("params")
        found = figures.windows(cell, None, self.x[-1:], width) if cell is not None and layer.kind == "conv" else set()
        if len(found) != 1:
            return
        (((k, _), _),) = found
        if len(printed) > 1 and max(self.x[0] - printed[0], self.x[1] - printed[1]) >= k:
            message = f"the size falls to {printed[0]}x{printed[1]}: by a stride, or a pool that isn't printed"
            self.draft.refuse(message, layer.output_at or layer.at, "write the window and the stride, or the pool")
            return
        layer.window = (k, k)
        self.draft.assumed("windows are told by the parameters", layer.at, once=True)

    def pool(self) -> str:
        """The words of a pool. Nothing if it was refused."""
        layer, printed = self.layer, self.printed
        if layer.is_global and layer.kind == "pool":
            message = f"`{layer.at.text}` doesn't say which pool it is"
            self.draft.refuse(message, layer.at, "write `global average pool` or `global max pool`")
            return ""
        kind = which(self.draft, layer.kind, layer.at)
        if layer.is_global:
            if layer.window not in (None, self.x[:2]):
                shown = "x".join(map(str, self.x[:2]))
                self.draft.refuse(f"the map is {shown}", layer.at, "correct the window, or the rows above")
                return ""
            return f"global-{kind}"
        if len(self.x) != 3:
            self.draft.refuse("a pool needs a map", layer.at, "correct the rows above")
            return ""
        if layer.window is None:
            side = layer.stride or 2
            if len(printed) < 2 or any(n // side != out for n, out in zip(self.x[:2], printed[:2], strict=True)):
                self.draft.refuse("a pool needs its window", layer.at, "write `2x2/2`")
                return ""
            if layer.across is not None:
                self.draft.refuse("a pool needs its window", layer.at, "write `3x2/3x2`")
                return ""
            layer.window, layer.stride = (side, side), side
            self.draft.assumed(f"{side}x{side} pools at stride {side}: none are printed", layer.at, once=True)
        if not self._has_sides():
            return ""
        if any(side > n for side, n in zip(layer.window, self.x, strict=False)) and layer.pad is None:
            sides, size = Pair(*layer.window).short, "x".join(map(str, self.x[:2]))
            help = "sizes are rounded down unless a cell says `ceil`: correct the rows above, or the window"
            self.draft.refuse(f"a window of {sides} on a map of {size}", layer.cells.get("filter", layer.at), help)
            return ""
        if layer.window == self.x[:2] and layer.stride is None:
            layer.stride = 1  # there is one place for it
        found = fitting(layer, self.x, printed, is_pool=True, then=lambda out: out)
        step = self._chosen(found, is_sized=len(printed) > 1)
        if step is None:
            return ""
        if kind == "avgpool" and any(step.window.pad):
            text = "padding counts in the mean, as PyTorch's does and TensorFlow's doesn't"
            self.draft.assumed(text, layer.at, once=True)
        return f"{kind}{Pair(*layer.window).short}/{step.stride}{step.options}"

    def _differs(self, step: Step) -> bool:
        """Whether a pool gives another size than is printed."""
        return step.window.positions(Pair(self.x[0], self.x[1])) != self.printed[:2]

    def _unsized(self, step: Step) -> None:
        """Says what is taken where neither a cell nor a size tells it."""
        layer = self.layer
        lacks = ["stride"] if layer.stride is None else []
        if layer.kind in CONVOLUTIONS and layer.pad is None and step.window.same_pad != (0, 0):
            lacks.append("padding")
        if lacks and layer.kind in CONVOLUTIONS:
            taken = {"stride": "stride 1", "padding": "padding by (k - 1) / 2"}
            text = f"{' and '.join(taken[each] for each in lacks)}: no {' and no '.join(lacks)} is printed"
            self.draft.assumed(text, layer.at, once=True)
        elif lacks:
            self.draft.assumed(f"pools at stride {step.stride}: none is printed", layer.at, once=True)

    def _as_above(self, found: Sequence[Step]) -> Step | None:
        """The one that all convolutions above of the same window have, two at least."""
        ways = [(step.stride, step.options) for window, step in self.above if window == self.layer.window]
        if len(ways) < 2 or len(set(ways)) > 1:
            return None
        return next((each for each in found if (each.stride, each.options) == ways[0]), None)

    def _chosen(self, found: Sequence[Step], *, is_sized: bool) -> Step | None:
        """The one way, unless there are none or several."""
        layer = self.layer
        if not found and is_sized and self.size_at is not None:
            message = f"no stride leads to this size from {'x'.join(map(str, self.x[:2]))}"
            strides = strides_of_same(layer, self.x, self.printed)
            padded = f"; with `pad same, stride {strides[0]}` in its cell it is this size" if len(strides) == 1 else ""
            self.draft.refuse(message, self.size_at, f"correct it, or the window, or the rows above{padded}")
            return None
        if len(found) > 1 and layer.kind == "conv" and (like := self._as_above(found)) is not None:
            text = f"stride {like.stride}{like.options}, as the rows above: the sizes leave it open"
            self.draft.assumed(text, layer.at)
            found = [like]
        if len(found) != 1:
            choice = " or ".join(f"stride {each.stride}{each.options}" for each in found)
            message = f"the sizes leave open {choice}" if found else "the stride isn't printed, nor told by the sizes"
            self.draft.refuse(message, layer.cells.get("filter", layer.at), "write it: `3x3/2`, `pad 1`, `ceil`")
            return None
        (step,) = found
        if is_sized and layer.kind in POOLS and self._differs(step) and strides_of_same(layer, self.x, self.printed):
            at = layer.cells.get("filter") or layer.cells.get("description") or layer.at
            help = f"with `{at.text}, pad same` the printed size holds" if at is not layer.at else ""
            self.draft.assumed("no padding: none is printed", at, help or "with `pad same` the printed size holds")
        stride, text = step.stride, step.options
        said = [f"stride {stride}"] if layer.stride is None and stride != "1" else []
        said += [text.strip()] if text and (layer.pad is None or ("ceil" in text and not layer.ceil)) else []
        if said and is_sized:
            self.draft.assumed(f"{' and '.join(said)}, as the sizes say", layer.at, once=True)
        if step.rivals and not text:
            usual = "no padding" if layer.kind in POOLS else f"padding by {Pair(*step.window.pad_before).short}"
            others = " and".join(step.rivals)
            self.draft.assumed(f"{usual}: none is printed, and{others} would fit, too", layer.at, once=True)
        if not is_sized:
            self._unsized(step)
        if layer.pad == "same" and "," in text:
            self.draft.assumed(f"`same` at stride {stride} adds what TensorFlow's adds", layer.at, once=True)
        self.step = step
        return step


def which(draft: Draft, kind: str, at: Excerpt) -> str:
    """What a pool takes; the maximum, where the table doesn't say what."""
    if kind != "pool":
        return kind
    draft.assumed("pools take the maximum: the table doesn't say what", at, once=True)
    return "maxpool"


def pad_to(draft: Draft, layer: Layer, x: tuple[int, ...], values: int) -> int | None:
    """0 where a convolution gives so many values without padding, and not with it."""
    width = width_of(layer)
    if layer.window is None or width is None or len(x) != 3:
        return None
    plain = Window(Pair(*layer.window), Pair(layer.stride or 1, layer.across or layer.stride or 1))
    bare, padded = (
        prod(through(layer, window.positions(Pair(x[0], x[1])))) * width
        for window in (plain, replace(plain, pad=plain.same_pad))
    )
    if bare != values or padded == values:
        return None
    draft.assumed("no padding, as the values say that follow", layer.at)
    return 0
