"""Rows in the words of the spec language; the printed sizes tell what cells leave out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from math import prod

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.layer_table.cells import Layer, width_of
from vggdsl.network.shapes import Pair, Window
from vggdsl.text.figures import Figure

_ACTIVATIONS = ("activation", "ReLU", "tanh", "sigmoid")


@dataclass
class Table:
    """The rows, reworded one after another."""

    draft: Draft
    layers: Sequence[Layer]
    x: tuple[int, ...] = ()
    measures: str = "params"
    activates: bool = False
    """Whether the table prints activations."""
    pads: list[str] = field(default_factory=list)

    def tell(self) -> None:
        """Puts all; a row that couldn't be read has been refused already."""
        if self.draft.wrong or not self.layers:
            if not self.draft.wrong:
                self.draft.refuse("there is no layer", Excerpt.of(self.draft.source).strip(), "paste the rows, too")
            return
        first, *rest = self.layers
        if first.kind != "input":
            rest = [first, *rest]
        self._input(first)
        self.draft.line()
        if self.draft.wrong:
            return
        self._measures(rest)
        self.activates = any(layer.kind in _ACTIVATIONS or "activation" in layer.cells for layer in rest)
        for layer, after in zip_longest(rest, rest[1:]):
            self._one(layer, after)
            self.draft.line()

    def _input(self, first: Layer) -> None:
        size, at = first.input, first.cells.get("input", first.at)
        if first.kind == "input":
            size, at = first.output or first.input, first.output_at or first.cells.get("input") or first.at
            if len(size) == 2 and first.width is not None:
                size = (*size, first.width)
        elif not size and len(first.output) > 1 and first.kind == "conv" and _keeps(first):
            size, at = (*first.output[:2], 3), first.output_at or first.at
            text = f"input {'x'.join(map(str, size))}: none is printed, and the first layer keeps the size"
            self.draft.assumed(text, at)
        if len(size) == 2:
            size = (*size, 3)
            self.draft.assumed("3 channels: none are printed", at)
        if len(size) != 3:
            help = "write a first row `INPUT | 32x32x3`"
            self.draft.refuse("the size of the images isn't printed", at, help)
            return
        self.draft.put(f"input {'x'.join(map(str, size))}", at)
        self.x = size

    def _measures(self, layers: Sequence[Layer]) -> None:
        """Whether parameters are counted with biases: the reading under which most figures of the column hold."""
        held = {"params": 0, "weights": 0}
        channels = self.x[-1:] or (0,)
        for layer in layers:
            width, cell = width_of(layer) or 0, layer.cells.get("params")
            if cell is not None and layer.kind == "conv" and layer.window is not None and width:
                weights = prod(layer.window) * channels[0] * width
                held["weights"] += Figure.parse(cell.text).holds(weights)
                held["params"] += Figure.parse(cell.text).holds(weights + width)
            channels = (width,) if width else channels
        self.measures = max(held, key=lambda name: held[name])

    def _one(self, layer: Layer, after: Layer | None) -> None:
        printed, at = layer.output, layer.output_at
        if not printed and after is not None and after.input:
            printed, at = after.input, after.cells["input"]
        if layer.input and self.x and layer.input not in (self.x, self.x[:2], (prod(self.x),)):
            shown = "x".join(map(str, self.x))
            self.draft.refuse(f"the layer before gives {shown}", layer.cells["input"], "correct the one or the other")
            return
        if layer.kind == "flatten":
            if printed and prod(printed) != prod(self.x):
                self.draft.refuse(f"there are {prod(self.x):,} values", at or layer.at, "correct the size")
            return
        if layer.takes is not None and layer.takes not in (self.x[-1], prod(self.x)):
            message = f"the filter takes {layer.takes}, and gets {self.x[-1]}"
            self.draft.refuse(message, layer.cells["filter"], "correct the one or the other")
            return
        words = self._words(layer, printed)
        if not words:
            return
        self.draft.put(words, layer.at)
        if layer.kind in ("conv", "depthwise", "FC") and not self.activates:
            said = "ReLU behind each convolution and hidden FC: activations aren't printed"
            self.draft.assumed(said, layer.at, once=True)
        claimed = self._gives(layer, printed)
        if printed and at is not None:
            self.draft.put(f"-> {'x'.join(map(str, claimed))}", at)
        self.x = claimed
        if (cell := layer.cells.get("params")) is not None:
            self.draft.put(f"{self.measures}={cell.text}", cell)
            self.draft.assumed(f"parameters are counted as {self.measures}", cell, once=True)
        if (cell := layer.cells.get("activation")) is not None and cell.text.lower() not in ("none", "linear"):
            word = {"relu": "ReLU", "soft-max": "softmax"}.get(cell.text.lower(), cell.text.lower())
            self.draft.put(word, cell)

    def _gives(self, layer: Layer, printed: tuple[int, ...]) -> tuple[int, ...]:
        """The shape as it is claimed, with the channels that a size of two numbers leaves out."""
        channels = width_of(layer) or self.x[-1]
        if len(printed) == 2:
            return (*printed, channels)
        if printed:
            return printed
        if layer.kind == "FC":
            return (channels,)
        if layer.window is None or len(self.x) != 3:
            return (1, 1, channels) if layer.is_global or layer.kind == "global-avgpool" else self.x
        stride = layer.stride or (1 if layer.kind in ("conv", "depthwise") else layer.window[0])
        window = Window(Pair(*layer.window), Pair(stride, stride))
        pad = window.same_pad if layer.kind in ("conv", "depthwise") else Pair(0, 0)
        pad = pad if layer.pad is None else Pair(layer.pad, layer.pad)
        out = Window(window.kernel, window.stride, pad).positions(Pair(self.x[0], self.x[1]))
        return (out.h, out.w, channels)

    def _words(self, layer: Layer, printed: tuple[int, ...]) -> str:
        match layer.kind:
            case "conv" | "depthwise":
                return self._conv(layer, printed)
            case "maxpool" | "avgpool" | "pool":
                return self._pool(layer, printed)
            case "FC":
                width = width_of(layer)
                if width is None:
                    self.draft.refuse("an FC needs its width", layer.at, "write it as its output, `512`")
                return f"FC-{width}"
            case "activation":
                self.draft.assumed("ReLU: what an activation computes isn't printed", layer.at, once=True)
                return "ReLU"
            case "dropout":
                if not layer.rate:
                    self.draft.assumed("a rate of 0.5: none is printed", layer.at, once=True)
                return f"dropout-{layer.rate or 0.5}"
            case "input":
                self.draft.refuse("a second input", layer.at, "one table is one network")
                return ""
            case kind:
                return kind

    def _conv(self, layer: Layer, printed: tuple[int, ...]) -> str:
        width = (
            self.x[-1] if layer.kind == "depthwise" else width_of(layer) or (printed[2] if len(printed) == 3 else None)
        )
        if layer.window is None or width is None or len(self.x) != 3:
            lacks = "window" if layer.window is None else "number of filters" if width is None else "map"
            self.draft.refuse(f"a convolution needs its {lacks}", layer.at, "write `3x3, K = 32` and `32x32x32`")
            return ""
        layer.width = width
        fitting = self._fitting(layer, printed, is_pool=False)
        step = self._chosen(layer, fitting)
        if step is None:
            return ""
        stride, pad = step
        kernel = Pair(*layer.window).short
        groups = f" groups={width}" if layer.kind == "depthwise" else ""
        return f"conv{kernel}-{width}{f'/{stride}' if stride > 1 else ''}{pad}{groups}"

    def _pool(self, layer: Layer, printed: tuple[int, ...]) -> str:
        kind = layer.kind
        if kind == "pool":
            kind = "maxpool"
            self.draft.assumed("pools take the maximum: the table doesn't say what", layer.at, once=True)
        if layer.is_global:
            return f"global-{kind}"
        if layer.window is None:
            if len(printed) < 2 or tuple(2 * side for side in printed[:2]) != self.x[:2]:
                self.draft.refuse("a pool needs its window", layer.at, "write `2x2/2`")
                return ""
            layer.window, layer.stride = (2, 2), 2
            self.draft.assumed("2x2 pools at stride 2: none are printed", layer.at, once=True)
        step = self._chosen(layer, self._fitting(layer, printed, is_pool=True))
        return "" if step is None else f"{kind}{Pair(*layer.window).short}/{step[0]}{step[1]}"

    def _fitting(self, layer: Layer, printed: tuple[int, ...], *, is_pool: bool) -> list[tuple[int, str]]:
        """Strides and options that lead to the printed size, the usual ones first; all that are usual if none is."""
        assert layer.window is not None
        kernel = Pair(*layer.window)
        strides = [layer.stride] if layer.stride else list(range(1, max(kernel) + 1 if is_pool else 9))
        if not printed or len(printed) == 1 or len(self.x) != 3:
            if layer.stride is None and is_pool and layer.window != (2, 2):
                return []
            return [(layer.stride or (2 if is_pool else 1), "" if layer.pad is None else f" pad={layer.pad}")]
        size, out = Pair(self.x[0], self.x[1]), Pair(printed[0], printed[1])
        found = list[tuple[int, str]]()
        for stride in filter(None, strides):
            options = [pad for pad in _paddings(kernel, stride, layer.pad, is_pool=is_pool) if min(size) > 0]
            fit = [(stride, text) for window, text in options if window.positions(size) == out]
            found += fit[:1] if fit and fit[0][1] in ("", " pad=0") else fit
        if not found and layer.stride:
            found = [(layer.stride, "" if layer.pad is None else f" pad={layer.pad}")]
        return found

    def _chosen(self, layer: Layer, fitting: Sequence[tuple[int, str]]) -> tuple[int, str] | None:
        if len(fitting) != 1:
            choice = " or ".join(f"stride {stride}{pad}" for stride, pad in fitting)
            message = f"the sizes leave open {choice}" if fitting else "the stride isn't printed, nor told by the sizes"
            self.draft.refuse(message, layer.cells.get("filter", layer.at), "write it: `3x3/2`")
            return None
        ((stride, text),) = fitting
        said = [f"stride {stride}"] if layer.stride is None and stride > 1 else []
        said += [text.strip()] if text and layer.pad is None else []
        if said:
            self.draft.assumed(f"{' and '.join(said)}, as the sizes say", layer.at, once=True)
        return stride, text


def _keeps(first: Layer) -> bool:
    """Whether a first convolution may give the size of the images, which no row prints."""
    pads = first.pad is None or first.window == (2 * first.pad + 1, 2 * first.pad + 1)
    return pads and first.stride in (None, 1)


def _paddings(kernel: Pair, stride: int, pad: int | None, *, is_pool: bool) -> Iterator[tuple[Window, str]]:
    plain = Window(kernel, Pair(stride, stride))
    if pad is not None:
        yield Window(kernel, plain.stride, Pair(pad, pad)), f" pad={pad}"
        return
    usual = Pair(0, 0) if is_pool else plain.same_pad
    yield Window(kernel, plain.stride, usual), ""
    if usual != (0, 0):
        yield plain, " pad=0"
    if is_pool:
        yield Window(kernel, plain.stride, ceil=True), " ceil"
    for side in range(1, max(kernel) // 2 + 1):
        if usual != (side, side):
            yield Window(kernel, plain.stride, Pair(side, side)), f" pad={side}"
