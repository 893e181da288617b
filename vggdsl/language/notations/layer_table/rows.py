"""Rows in the words of the spec language; the printed sizes tell what cells leave out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.layer_table import figures, sizes
from vggdsl.language.notations.layer_table.facts import ACTIVATIONS
from vggdsl.language.notations.layer_table.layer import CONVOLUTIONS, GLOBAL, POOLS, Layer, Part, width_of
from vggdsl.network.shapes import Pair, Window

_SHAPED = (*CONVOLUTIONS, *POOLS)


@dataclass
class Total:
    """A row of totals."""

    at: Excerpt
    figures: dict[str, Excerpt]


@dataclass
class Table:
    """The rows, reworded one after another."""

    draft: Draft
    layers: list[Layer]
    totals: Sequence[Total] = ()
    x: tuple[int, ...] = ()
    measures: str = "params"
    counts_statistics: bool = False
    """Whether the parameters of a batch normalisation are four a channel, as Keras counts them."""
    flops: Excerpt | None = None
    """The heading of a column of FLOPs."""
    activates: bool = False
    """Whether the table prints activations."""
    size_at: Excerpt | None = None
    """The cell that prints the size behind the row."""
    doubtful: tuple[str, Excerpt] | None = None
    """The first size that isn't what comes: a claim that fails, unless the rows below can't be read for it."""
    steps: dict[int, sizes.Step] = field(default_factory=dict)
    """How the window of a layer goes, as it was chosen."""

    def tell(self) -> None:
        """Puts all; a row that couldn't be read has been refused already."""
        if self.draft.wrong or not self.layers:
            if not self.draft.wrong:
                self.draft.refuse("there is no layer", Excerpt.of(self.draft.source).strip(), "paste the rows, too")
            return
        if self.layers[0].kind != "input" and self.layers[-1].kind == "input":
            self.layers.reverse()
            self.draft.assumed("the rows go upwards: the input is the last", self.layers[0].at)
        if not self._orient():
            return
        first, *rest = self.layers
        if first.kind != "input":
            rest = [first, *rest]
        self._input(first)
        self.draft.line()
        if self.draft.wrong:
            return
        self.measures, self.counts_statistics = figures.measures(rest, self.x)
        said = {kind for layer in rest for kind in (layer.kind, *(part.kind for part in layer.behind))}
        self.activates = bool(said & {"activation", "none", *ACTIVATIONS})
        if self.activates and not said & {"activation", *ACTIVATIONS}:
            for kind in ("conv", "FC"):
                if any(layer.kind == kind or (kind == "conv" and layer.kind == "depthwise") for layer in rest):
                    self.draft.put(f"after {kind}: none", rest[0].at)
                    self.draft.line()
        at = 0
        while at < len(rest) and not self.draft.wrong:
            at += self._rows(rest[at:])
            self.draft.line()
        if self.draft.wrong and self.doubtful is not None:  # what is wrong below comes of it
            self.draft.wrong.clear()
            self.draft.refuse(*self.doubtful, "correct it, or the rows above")
        for total in self.totals:
            self._total(total)

    def _orient(self) -> bool:
        """Puts the channels of all sizes last."""
        first = sizes.channels_first(self.layers)
        if first:
            sizes.put_last(self.layers)
            at = next(each.output_at or each.at for each in self.layers if len(each.output) == 3 or each.input)
            self.draft.assumed("sizes are channels x height x width", at)
        if first is None:
            for each in self.layers:
                for name in ("input", "output"):
                    size = getattr(each, name)
                    if len(size) == 3 and size[0] != size[1] == size[2]:
                        message = "the channels stand first here, and last in other rows"
                        self.draft.refuse(message, each.cells.get(name, each.at), "write all sizes alike")
        return not self.draft.wrong

    def _input(self, first: Layer) -> None:
        size, at = first.input, first.cells.get("input", first.at)
        if first.kind == "input":
            size, at = first.output or first.input, first.output_at or first.cells.get("input") or first.at
            if len(size) == 2 and first.colours is not None:
                size = (*size, first.colours)
            if len(size) == 3 and first.colours not in (None, size[2]):
                self.draft.refuse(f"{first.colours} channels, and {size[2]}", at, "correct the one or the other")
                return
        elif not size and len(first.output) > 1 and first.kind == "conv":
            size, at = self._before(first), first.output_at or first.at
        if len(size) == 2:
            size = (*size, 3)
            self.draft.assumed("3 channels: none are printed", at)
        if len(size) != 3:
            help = "write a first row `INPUT | 32x32x3`"
            self.draft.refuse("the size of the images isn't printed", at, help)
            return
        self.draft.put(f"input {'x'.join(map(str, size))}", at)
        self.x = size
        if first.kind == "input":
            self._costs_nothing(first)
            if first.repeat > 1 or sizes.pools_of(first):
                at = first.cells.get("repeat", first.at)
                self.draft.refuse("images are neither repeated nor pooled", at, "write a row for what is")
            for text, place in [(text, part.at) for part in first.behind if (text := self._behind(part))]:
                self.draft.line()
                self.draft.put(text, place)

    def _costs_nothing(self, layer: Layer) -> None:
        """Refuses parameters and multiply-adds of a row that stands for no layer."""
        for name in ("params", "macs"):
            if (cell := layer.cells.get(name)) and not re.fullmatch(r"[0.]+ ?[KMGB]?", cell.text):
                self.draft.refuse(f"{layer.kind} has none: `{cell.text}`", cell, "leave it out")

    def _before(self, first: Layer) -> tuple[int, ...]:
        """What a first convolution gets, which no row prints: by its size and its parameters."""
        width, cell = width_of(first) or 0, first.cells.get("params")
        channels, why = 3, ""
        if cell is not None and width:
            found = figures.windows(cell, first.window, (1, 3, 4), width)
            if len(found) == 1:
                ((first.window, channels),) = found
                why = ", as its parameters say"
        if first.pad is not None and first.window is not None and first.pad != "same":
            lost = [side - 1 - 2 * (0 if first.pad == "valid" else int(first.pad)) for side in first.window]
        else:
            lost = [side - 1 if sizes.shrinks(self.layers) else 0 for side in first.window or (1, 1)]
        stride = first.stride or 1
        if stride > 1 and (first.window is None or first.pad in (None, "same")):
            return ()
        size = (stride * (first.output[0] - 1) + 1 + lost[0], stride * (first.output[1] - 1) + 1 + lost[1], channels)
        if stride > 1:
            shown = "x".join(map(str, size))
            text = f"input {shown}: none is printed, and the first layer's windows leave no row of it over"
            self.draft.assumed(f"{text}; up to {stride - 1} more would fit, too", first.output_at or first.at)
            return size
        keeps = "keeps the size" if not any(lost) else "doesn't pad"
        also = f", and takes {channels} channel{'s' * (channels > 1)}{why}" if why else ""
        text = f"input {'x'.join(map(str, size))}: none is printed, and the first layer {keeps}{also}"
        self.draft.assumed(text, first.output_at or first.at)
        return size

    def _rows(self, layers: Sequence[Layer]) -> int:
        """Puts the first of some rows, or those that are repeated together; gives their number."""
        first, *others = layers
        if first.repeat == 1 or "repeat" in first.cells:
            self._one(first, others[0] if others else None)
            return 1
        second = others[0] if others else None
        if (
            first.kind != "depthwise"
            or second is None
            or (second.kind, second.window, second.repeat) != ("conv", (1, 1), 1)
            or second.stride not in (None, 1)
            or first.stride not in (None, 1)
            or width_of(second) != self.x[-1]
        ):
            message = f"`{first.at.text}` doesn't say how many rows are repeated"
            self.draft.refuse(message, first.at, "write each of them")
            return 1
        count, first.repeat = first.repeat, 1
        self.draft.assumed(f"{count} times two rows: a depthwise convolution and the 1x1 behind it", first.at)
        self.draft.put("(", first.at)
        self._one(first, second)
        self._one(second, others[1] if len(others) > 1 else None)
        self.draft.put(f") x{count}", first.at)
        return 2

    def _one(self, layer: Layer, after: Layer | None) -> None:
        printed, at = layer.output, layer.output_at
        if not printed and after is not None and after.input:
            printed, at = after.input, after.cells.get("input", after.at)
        if layer.input and not self._is_here(layer.input):
            shown = "x".join(map(str, self.x))
            at = layer.cells.get("input", layer.at)
            self.draft.refuse(f"the layer before gives {shown}", at, "correct the one or the other")
            return
        if layer.kind not in ("conv", "FC", "output") and layer.width not in (None, self.x[-1], prod(self.x)):
            at = layer.cells.get("width", layer.at)
            self.draft.refuse(f"{layer.width} channels are printed, and {self.x[-1]} come", at, "correct the one")
            return
        if layer.kind in ("flatten", "logits"):
            self._costs_nothing(layer)
            if printed and prod(printed) != prod(self.x):
                self.draft.refuse(f"there are {prod(self.x):,} values", at or layer.at, "correct the size")
            return
        if len(printed) == 1 and printed[0] == prod(self.x) and layer.kind not in (*_SHAPED, *GLOBAL, "FC", "output"):
            printed = self.x  # values that are flattened
        self.size_at = at
        if not self._takes(layer):
            return
        words = self._words(layer, printed, after)
        if not words:
            return
        if layer.kind in (*CONVOLUTIONS, "FC") and not self.activates:
            said = "ReLU behind each convolution and hidden FC: activations aren't printed"
            self.draft.assumed(said, layer.at, once=True)
        self._put(layer, words, printed, at)

    def _is_here(self, size: tuple[int, ...]) -> bool:
        """Whether a printed input is what comes: whole, without its channels, or as values."""
        flat = prod(self.x)
        return size in (self.x, self.x[:2], (flat,), (1, 1, flat)) or (size == (1, 1) and len(self.x) == 1)

    def _takes(self, layer: Layer) -> bool:
        """Whether the filter takes what comes; a third number of a window may be of filters instead."""
        if layer.third is not None:
            width = width_of(layer)
            if layer.third != self.x[-1] and layer.kind == "conv" and width in (None, layer.third):
                layer.width = layer.third
                self.draft.assumed("a window's third number is of filters, not of channels", layer.at, once=True)
            else:
                layer.takes = layer.third
        comes = prod(self.x) if layer.kind == "FC" else self.x[-1]
        if layer.takes not in (None, comes):
            message = f"the filter takes {layer.takes}, and gets {comes}"
            at = layer.cells.get("filter", layer.cells.get("takes", layer.at))
            self.draft.refuse(message, at, "correct the one or the other")
            return False
        return True

    def _put(self, layer: Layer, words: str, printed: tuple[int, ...], at: Excerpt | None) -> None:
        """The row's words, with its size and figures: one layer, or several in brackets where they share them."""
        tail = [(text, part.at) for part in layer.behind if (text := self._behind(part))]
        out = self._gives(layer)
        claimed = (*printed, out[-1]) if len(printed) == 2 else printed
        told = [
            (name, cell) for name in ("params", "macs") if (cell := layer.cells.get(name)) and figures.is_figure(cell)
        ]
        shares = bool(sizes.pools_of(layer)) or (bool(told) and any(part.kind == "BN" for part in layer.behind))
        if at is not None and len(claimed) == 3 == len(out) and claimed != out and self.doubtful is None:
            self.doubtful = f"{'x'.join(map(str, claimed))} is printed, and {'x'.join(map(str, out))} comes", at
        step = self.steps.get(id(layer))
        if layer.repeat > 1 and (sizes.pools_of(layer) or (step is not None and step.stride > 1)):
            at = layer.cells.get("repeat", layer.at)
            self.draft.refuse("whether each of these makes the map smaller isn't said", at, "write a row for each")
            return
        is_group = bool(tail) and (layer.repeat > 1 or (shares and bool(printed or told)))
        if is_group:
            self.draft.put("(", layer.at)
        self.draft.put(words, layer.at)
        if is_group:
            for text, place in tail:
                self.draft.put(text, place)
            self.draft.put(")", layer.at)
        if layer.repeat > 1:
            self.draft.put(f"x{layer.repeat}", layer.cells.get("repeat", layer.at))
        if printed and at is not None and not (layer.kind == "softmax" and printed == self.x):
            self.draft.put(f"-> {'x'.join(map(str, claimed))}", at)
        elif told:
            self.draft.put("->", told[0][1])
        for name, cell in told:
            measure = self._measure(layer) if name == "params" else name
            self.draft.put(f"{measure}={figures.text_of(cell)}", cell)
            if name == "macs" and self.flops is not None:
                self.draft.assumed("FLOPs count a multiply-add once", self.flops, once=True)
            if name == "params":
                self.draft.assumed(f"parameters are counted as {measure}", cell, once=True)
        if not is_group:
            for text, place in tail:
                self.draft.put(text, place)
        self.x = out

    def _measure(self, layer: Layer) -> str:
        normalises = layer.kind == "BN" or any(part.kind == "BN" for part in layer.behind)
        return "total-params" if normalises and self.counts_statistics else self.measures

    def _behind(self, part: Part) -> str:
        """A layer that follows another in its row."""
        match part.kind:
            case "none":
                return ""
            case "dropout":
                return self._dropout(part.rate, part.at)
            case "LeakyReLU" | "ELU":
                return self._curved(part.kind, part.rate, part.at)
            case kind if kind in POOLS:
                if part.window is None and part.stride in (None, 2):
                    self.draft.assumed("2x2 pools at stride 2: none are printed", part.at, once=True)
                window, stride = sizes.window_of(part)
                if part.window is not None and part.stride is None:
                    text = "pools at a stride of their window: none is printed"
                    self.draft.assumed(text, part.at, once=True)
                return f"{self._which(kind, part.at)}{Pair(*window).short}/{stride}"
            case kind:
                return kind

    def _which(self, kind: str, at: Excerpt) -> str:
        if kind != "pool":
            return kind
        self.draft.assumed("pools take the maximum: the table doesn't say what", at, once=True)
        return "maxpool"

    def _dropout(self, rate: str, at: Excerpt) -> str:
        if not rate:
            self.draft.assumed("a rate of 0.5: none is printed", at, once=True)
        return f"dropout-{rate or 0.5}"

    def _curved(self, kind: str, slope: str, at: Excerpt) -> str:
        if not slope and kind == "LeakyReLU":
            self.draft.assumed("a slope of 0.01: none is printed", at, once=True)
        return f"{kind}-{slope}" if slope else kind

    def _gives(self, layer: Layer) -> tuple[int, ...]:
        """The shape behind the row."""
        if layer.kind == "FC":
            return (width_of(layer) or 0,)
        if layer.is_global or layer.kind in GLOBAL:
            return (1, 1, self.x[-1])
        step = self.steps.get(id(layer))
        if step is None:
            return self.x
        channels = (width_of(layer) if layer.kind == "conv" else None) or self.x[-1]
        out = sizes.through(layer, step.window.positions(Pair(self.x[0], self.x[1])))
        return (out.h, out.w, channels)

    def _words(self, layer: Layer, printed: tuple[int, ...], after: Layer | None) -> str:
        match layer.kind:
            case "conv" | "depthwise":
                return self._conv(layer, printed, after)
            case "maxpool" | "avgpool" | "pool":
                return self._pool(layer, printed)
            case "global-avgpool" | "global-maxpool":
                if layer.over and layer.over not in (self.x[:2], (1, 1)):
                    shown = "x".join(map(str, self.x[:2]))
                    self.draft.refuse(f"the map is {shown}", layer.at, "correct the window, or the rows above")
                    return ""
                return layer.kind
            case "FC" | "output":
                return self._fc(layer)
            case "activation":
                self.draft.assumed("ReLU: what an activation computes isn't printed", layer.at, once=True)
                return "ReLU"
            case "LeakyReLU" | "ELU":
                return self._curved(layer.kind, layer.rate, layer.at)
            case "dropout":
                return self._dropout(layer.rate, layer.at)
            case "input":
                self.draft.refuse("a second input", layer.at, "one table is one network")
                return ""
            case kind:
                return kind

    def _fc(self, layer: Layer) -> str:
        width = width_of(layer)
        if width is None or (layer.kind == "output" and (width,) == (prod(self.x),)):
            lacks = "an FC needs its width" if width is None else "this could be a layer, or what the one above gives"
            self.draft.refuse(lacks, layer.at, "write it as its output, `512`")
            return ""
        if layer.kind == "output":
            self.draft.assumed("the output is an FC", layer.at)
            layer.kind = "FC"
        return f"FC-{width}"

    def _conv(self, layer: Layer, printed: tuple[int, ...], after: Layer | None) -> str:
        width = (
            self.x[-1] if layer.kind == "depthwise" else width_of(layer) or (printed[2] if len(printed) == 3 else None)
        )
        if width is not None and layer.window is None and len(self.x) == 3:
            self._window_by_params(layer, width, printed)
        if layer.window is None or width is None or len(self.x) != 3:
            lacks = "window" if layer.window is None else "number of filters" if width is None else "map"
            self.draft.refuse(f"a convolution needs its {lacks}", layer.at, "write `3x3, K = 32` and `32x32x32`")
            return ""
        layer.width = width
        if printed == (width,):
            printed = (1, 1, width)
        self._stride_of_size(layer, after)
        found = sizes.fitting(layer, self.x, printed, is_pool=False, then=lambda out: sizes.through(layer, out))
        step = self._chosen(layer, found, is_sized=len(printed) > 1)
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
        return f"conv{kernel}-{width}{f'/{stride}' if stride > 1 else ''}{pad}{options}"

    def _stride_of_size(self, layer: Layer, after: Layer | None) -> None:
        """Mends a stride where the size is printed before and behind it, and is the same: MobileNet's last."""
        stride, window = layer.stride, Window(Pair(*layer.window or (1, 1)))
        if after is None or not after.input or layer.input[:2] != after.input[:2] or len(layer.input) < 2:
            return
        if stride in (None, 1) or layer.pad is not None or layer.behind or window.same_pad == (0, 0):
            return
        size = "x".join(map(str, layer.input[:2]))
        at = layer.cells.get("stride", layer.at)
        self.draft.repaired(f"stride {stride} read as 1: {size} is printed before and behind it", at)
        layer.stride = 1

    def _window_by_params(self, layer: Layer, width: int, printed: tuple[int, ...]) -> None:
        """A square window that isn't printed, where the parameters allow one alone."""
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

    def _pool(self, layer: Layer, printed: tuple[int, ...]) -> str:
        kind = self._which(layer.kind, layer.at)
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
            layer.window, layer.stride = (side, side), side
            self.draft.assumed(f"{side}x{side} pools at stride {side}: none are printed", layer.at, once=True)
        if any(side > n for side, n in zip(layer.window, self.x, strict=False)) and layer.pad is None:
            sides, size = Pair(*layer.window).short, "x".join(map(str, self.x[:2]))
            help = "sizes are rounded down unless a cell says `ceil`: correct the rows above, or the window"
            self.draft.refuse(f"a window of {sides} on a map of {size}", layer.cells.get("filter", layer.at), help)
            return ""
        if layer.window == self.x[:2] and layer.stride is None:
            layer.stride = 1  # there is one place for it
        found = sizes.fitting(layer, self.x, printed, is_pool=True, then=lambda out: out)
        step = self._chosen(layer, found, is_sized=len(printed) > 1)
        return "" if step is None else f"{kind}{Pair(*layer.window).short}/{step.stride}{step.options}"

    def _unsized(self, layer: Layer, step: sizes.Step) -> None:
        """Says what is taken where neither a cell nor a size tells it."""
        lacks = ["stride"] if layer.stride is None else []
        if layer.kind in CONVOLUTIONS and layer.pad is None and step.window.same_pad != (0, 0):
            lacks.append("padding")
        if lacks and layer.kind in CONVOLUTIONS:
            taken = {"stride": "stride 1", "padding": "padding by (k - 1) / 2"}
            text = f"{' and '.join(taken[each] for each in lacks)}: no {' and no '.join(lacks)} is printed"
            self.draft.assumed(text, layer.at, once=True)
        elif lacks:
            self.draft.assumed(f"pools at stride {step.stride}: none is printed", layer.at, once=True)

    def _chosen(self, layer: Layer, found: Sequence[sizes.Step], *, is_sized: bool) -> sizes.Step | None:
        if not found and is_sized and self.size_at is not None:
            message = f"no stride leads to this size from {'x'.join(map(str, self.x[:2]))}"
            self.draft.refuse(message, self.size_at, "correct it, or the window, or the rows above")
            return None
        if len(found) != 1:
            choice = " or ".join(f"stride {each.stride}{each.options}" for each in found)
            message = f"the sizes leave open {choice}" if found else "the stride isn't printed, nor told by the sizes"
            self.draft.refuse(message, layer.cells.get("filter", layer.at), "write it: `3x3/2`, `pad 1`, `ceil`")
            return None
        (step,) = found
        stride, text = step.stride, step.options
        said = [f"stride {stride}"] if layer.stride is None and stride > 1 else []
        said += [text.strip()] if text and (layer.pad is None or "ceil" in text) else []
        if said:
            self.draft.assumed(f"{' and '.join(said)}, as the sizes say", layer.at, once=True)
        if step.rivals and not text:
            usual = "no padding" if layer.kind in POOLS else f"padding by {Pair(*step.window.pad_before).short}"
            others = " and".join(step.rivals)
            self.draft.assumed(f"{usual}: none is printed, and{others} would fit, too", layer.at, once=True)
        if not is_sized:
            self._unsized(layer, step)
        if layer.pad == "same" and "," in text:
            self.draft.assumed(f"`same` at stride {stride} adds what TensorFlow's adds", layer.at, once=True)
        self.steps[id(layer)] = step
        return step

    def _total(self, total: Total) -> None:
        for name, cell in total.figures.items():
            measure = {"trainable": "params", "non-trainable": "non-trainable-params"}.get(name, name)
            if name == "params":
                measure = "total-params" if self.counts_statistics else self.measures
            self.draft.put(f"claim {measure} {figures.text_of(cell)}", cell)
            self.draft.line()
