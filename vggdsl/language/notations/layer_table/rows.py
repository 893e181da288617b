"""Rows in the words of the spec language; the printed sizes tell what cells leave out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import prod

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.layer_table import figures, separable, sizes
from vggdsl.language.notations.layer_table.claims import Claims
from vggdsl.language.notations.layer_table.facts import ACTIVATIONS
from vggdsl.language.notations.layer_table.followers import curved, dropout, follower, grouped, unactivated
from vggdsl.language.notations.layer_table.image import oriented, size_of
from vggdsl.language.notations.layer_table.layer import (
    CONVOLUTIONS,
    GLOBAL,
    POOLS,
    Block,
    Layer,
    Part,
    Total,
    is_width_alone,
    width_of,
)
from vggdsl.language.notations.layer_table.residual import end
from vggdsl.language.notations.layer_table.sliding import Sliding, pad_to
from vggdsl.network.shapes import Pair
from vggdsl.text.figures import Figure

_SHAPED = (*CONVOLUTIONS, *POOLS)
_ONCE = (*POOLS, *GLOBAL, "dropout", "softmax")
"""What follows repeated layers once, where it has a column of its own."""

_OUTPUT = re.compile(r"\boutput\b", re.IGNORECASE)


@dataclass
class Table:
    """The rows, reworded one after another."""

    draft: Draft
    layers: list[Layer]
    totals: Sequence[Total] = ()
    x: tuple[int, ...] = ()
    flops: Excerpt | None = None
    """The heading of a column of FLOPs."""
    activates: bool = False
    """Whether the table prints activations."""
    doubtful: tuple[str, Excerpt] | None = None
    """The first size that isn't what comes: a claim that fails, unless the rows below can't be read for it."""
    convolutions: list[tuple[tuple[int, int] | None, sizes.Step]] = field(default_factory=list)
    """Windows of those so far, and how they went."""
    is_ended: bool = False
    """Whether a softmax has been put: an output behind it is none of the layers."""
    step: sizes.Step | None = None
    """How the window of the row goes, if it has one."""
    claims: Claims = field(init=False)

    def tell(self) -> None:
        """Puts all; a row that couldn't be read has been refused already."""
        if self.draft.wrong or not self.layers:
            if not self.draft.wrong:
                self.draft.refuse("there is no layer", Excerpt.of(self.draft.source).strip(), "paste the rows, too")
            return
        if not oriented(self.draft, self.layers):
            return
        first, *rest = self.layers
        if first.kind != "input":
            rest = [first, *rest]
        self._input(first)
        self.draft.line()
        if self.draft.wrong:
            return
        self.claims = Claims(self.draft, *figures.measures(rest, self.x), self.flops)
        said = {kind for layer in rest for kind in (layer.kind, *(part.kind for part in layer.behind))}
        self.activates = bool(said & {"activation", "none", *ACTIVATIONS})
        if self.activates and not said & {"activation", *ACTIVATIONS}:
            for kind in ("conv", "FC"):
                if any(layer.kind == kind or (kind == "conv" and layer.kind in CONVOLUTIONS) for layer in rest):
                    self.draft.put(f"after {kind}: none", rest[0].at)
                    self.draft.line()
        at, bare = 0, unactivated(rest)
        while at < len(rest) and not self.draft.wrong:
            count = self._rows(rest[at:])
            if bare is not None and any(layer is bare[0] for layer in rest[at : at + count]):
                text = f"nothing behind a layer that prints no activation, as another prints one, `{bare[1]}`"
                self.draft.assumed(text, bare[0].at, "print theirs, such as `ReLU`, if they have one")
            self.draft.line()
            at += count
        if self.draft.wrong and self.doubtful is not None:  # what is wrong below comes of it
            self.draft.wrong.clear()
            self.draft.refuse(*self.doubtful, "correct it, or the rows above")
        for total in self.totals:
            self.claims.total(total)

    def _input(self, first: Layer) -> None:
        found = size_of(self.draft, self.layers)
        if found is None:
            return
        self.x, at = found
        self.draft.put(f"input {'x'.join(map(str, self.x))}", at)
        if first.kind == "input":
            self._costs_nothing(first)
            if first.repeat > 1 or sizes.pools_of(first):
                at = first.cells.get("repeat", first.at)
                self.draft.refuse("images are neither repeated nor pooled", at, "write a row for what is")
            for text, place in [(text, part.at) for part in first.behind if (text := follower(self.draft, part))]:
                self.draft.line()
                self.draft.put(text, place)

    def _costs_nothing(self, layer: Layer) -> None:
        """Refuses parameters and multiply-adds of a row that stands for no layer."""
        for name in ("params", "macs"):
            if (cell := layer.cells.get(name)) and not re.fullmatch(r"[0.]+ ?([KkMGB]|[eE]\+?0+)?", cell.text):
                self.draft.refuse(f"{layer.kind} has none: `{cell.text}`", cell, "leave it out")

    def _rows(self, layers: Sequence[Layer]) -> int:
        """Puts the first of some rows, or those that are repeated together; gives their number."""
        first, *others = layers
        if first.block is not None:
            return self._block(first.block, layers)
        if first.repeat > 1 and "repeat" not in first.cells and first.kind in ("conv", "separable"):
            self.draft.assumed("repeats beside a convolution are of its row alone", first.at, once=True)
        if first.repeat == 1 or "repeat" in first.cells or first.kind in ("conv", "separable"):
            self._one(first, others[0] if others else None)
            return 1
        second = others[0] if others else None
        if (
            first.kind != "depthwise"
            or second is None
            or (second.kind, second.window, second.repeat) != ("conv", (1, 1), 1)
            or second.stride not in (None, 1)
            or first.stride not in (None, 1)
            or (first.across, second.across) != (None, None)
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

    def _block(self, block: Block, layers: Sequence[Layer]) -> int:
        """Puts rows whose input is added to what they give; gives their number."""
        came, inside = self.x, layers[: block.rows]
        if any(each.kind not in (*CONVOLUTIONS, "BN", "GN", "activation", *ACTIVATIONS) for each in inside):
            self.draft.refuse("a block of other layers than convolutions", block.at, "write its rows one by one")
            return block.rows
        self.draft.put("( add[" if block.count > 1 else "add[", block.at)
        for at, layer in enumerate(inside):
            self._one(layer, inside[at + 1] if at + 1 < len(inside) else None)
        if not self.draft.wrong:
            end(self.draft, block, came, self.x)
        return block.rows

    def _separable(self, layer: Layer, after: Layer | None) -> None:
        """Puts a row's depthwise convolution and its 1x1, together where they share its figures."""
        printed, at = layer.output, layer.output_at
        if not printed and after is not None and after.input:
            printed, at = after.input, after.cells.get("input", after.at)
        found = separable.parts(self.draft, layer, printed, at, activates=self.activates)
        if found is None:
            return
        first, second = found
        told = self.claims.printed(layer)
        if told:
            self.draft.put("(", layer.at)
        keeps = second.width == self.x[-1]
        for count in [layer.repeat] if keeps or layer.repeat == 1 else [1, layer.repeat - 1]:
            if count > 1:
                self.draft.put("(", layer.at)
            self._one(first, second)
            strides = self.step is not None and self.step.window.stride != (1, 1)
            if not self.draft.wrong:
                self._one(second, None)
            if layer.repeat > 1 and (strides or sizes.pools_of(layer)) and not self.draft.wrong:
                self._smaller(layer)
            if self.draft.wrong:
                return
            if count > 1:
                self.draft.put(f") x{count}", layer.cells.get("repeat", layer.at))
            first = replace(first, input=(), width=None)
        if told:
            self.draft.put(") ->", layer.at)
            self.claims.put(layer, told)

    def _one(self, layer: Layer, after: Layer | None) -> None:
        if layer.kind == "separable":
            self._separable(layer, after)
            return
        if layer.kind == "output" and self.is_ended and not layer.behind and width_of(layer) in (None, prod(self.x)):
            self._costs_nothing(layer)
            return
        printed, at = layer.output, layer.output_at
        if not printed and after is not None and after.input:
            printed, at = after.input, after.cells.get("input", after.at)
            if layer.kind == "conv" and len(printed) == 1 and printed != (width_of(layer),):
                layer.pad = layer.pad if layer.pad is not None else pad_to(self.draft, layer, self.x, printed[0])
                printed, at = (), None
            elif layer.kind in POOLS and len(printed) == 1 and printed != self.x[-1:]:
                printed, at = (), None  # values of the whole map, which the row below is held against
        if layer.kind == "FC" and width_of(layer) is None and at is not None and prod(printed) == printed[-1]:
            layer.width = printed[-1]
            self.draft.assumed("an FC's width, as the row below takes it", at)
        if layer.input and not self._is_here(layer.input):
            shown = "x".join(map(str, self.x))
            at = layer.cells.get("input", layer.at)
            self.draft.refuse(f"the layer before gives {shown}", at, "correct the one or the other")
            return
        gives = layer.width if layer.kind == "softmax" and layer.width not in (None, prod(self.x)) else None
        sized = prod(layer.output)
        if gives is None and layer.kind == "softmax" and 1 < sized < prod(self.x) == self.x[-1]:
            text = f"an FC before it: {self.x[-1]} values come to a softmax whose size is of {sized}"
            self.draft.assumed(text, layer.at)
            layer.kind, layer.width, layer.behind = "FC", sized, [Part("softmax", layer.at), *layer.behind]
        if gives is not None and (_OUTPUT.search(layer.at.text) or self._weighs(layer, prod(self.x) * gives)):
            text = f"an FC before it: {prod(self.x)} values come to a softmax that gives {layer.width}"
            self.draft.assumed(text, layer.at)
            layer.kind, layer.behind = "FC", [Part("softmax", layer.at), *layer.behind]
        if layer.kind == "FC" and layer.window is not None:
            if len(layer.output) < 2 and all(side < n for side, n in zip(layer.window, self.x, strict=False)):
                message = f"an FC with a window of {Pair(*layer.window)} over {'x'.join(map(str, self.x))}"
                help = (
                    "it reaches over a side of what comes: correct it, or the rows above, or write the size behind it"
                )
                self.draft.refuse(message, layer.cells.get("filter", layer.at), help)
                return
            text = "an FC with a window is a convolution without padding"
            self.draft.assumed(text, layer.at, once=True)
            layer.kind, layer.pad = "conv", "valid" if layer.pad is None else layer.pad
            layer.bare = " after=none" if not self.activates and (after is None or after.kind == "softmax") else ""
        if layer.kind not in ("conv", "FC", "output") and layer.width not in (None, self.x[-1], prod(self.x)):
            at = layer.cells.get("width", layer.at)
            self.draft.refuse(f"{layer.width} channels are printed, and {self.x[-1]} come", at, "correct the one")
            return
        if layer.kind in ("flatten", "logits"):
            self._costs_nothing(layer)
            if printed and prod(printed) != prod(self.x):
                self.draft.refuse(f"there are {prod(self.x):,} values", at or layer.at, "correct the size")
            for part in layer.behind:
                self.draft.put(follower(self.draft, part), part.at)
            return
        if len(printed) == 1 and printed[0] == prod(self.x) and layer.kind not in (*_SHAPED, *GLOBAL, "FC", "output"):
            printed = self.x  # values that are flattened
        if not self._takes(layer):
            return
        words = self._words(layer, printed, at, after)
        if not words:
            return
        if layer.kind in (*CONVOLUTIONS, "FC") and not self.activates:
            said = "ReLU behind each convolution and hidden FC: activations aren't printed"
            self.draft.assumed(said, layer.at, once=True)
            followers = [*(part.kind for part in layer.behind), *([after.kind] if after is not None else [])]
            for norm in (kind for kind in ("BN", "GN") if kind in followers):
                self.draft.assumed(f"that ReLU stands before a {norm}, not behind it", layer.at, once=True)
        self._put(layer, words, printed, at)

    def _weighs(self, layer: Layer, weights: int) -> bool:
        """Whether a row's parameters are those of an FC of so many weights."""
        cell = layer.cells.get("params")
        figure = Figure.parse(figures.text_of(cell)) if cell is not None and figures.is_figure(cell) else None
        return figure is not None and any(figure.holds(weights + biases) for biases in (0, layer.width or 0))

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
        if layer.takes not in (None, comes) and is_width_alone(layer):
            layer.width, layer.takes = layer.takes, None
        if layer.takes not in (None, comes):
            message = f"the filter takes {layer.takes}, and gets {comes}"
            at = layer.cells.get("filter", layer.cells.get("takes", layer.at))
            self.draft.refuse(message, at, "correct the one or the other")
            return False
        return True

    def _put(self, layer: Layer, words: str, printed: tuple[int, ...], at: Excerpt | None) -> None:
        """The row's words, with its size and figures: one layer, or several in brackets where they share them."""
        inside, outside = self._tail(layer)
        out = self._gives(layer)
        claimed = (*printed, out[-1]) if len(printed) == 2 else printed
        told = self.claims.printed(layer)
        shares = bool(sizes.pools_of(layer)) or (bool(told) and any(part.kind in ("BN", "GN") for part in layer.behind))
        if at is not None and len(claimed) == 3 == len(out) and claimed != out and self.doubtful is None:
            self.doubtful = f"{'x'.join(map(str, claimed))} is printed, and {'x'.join(map(str, out))} comes", at
        step = self.step
        if layer.repeat > 1 and (
            sizes.pools_of(layer)[: bool(not outside)] or (step is not None and step.window.stride != (1, 1))
        ):
            self._smaller(layer)
            return
        is_group = bool(inside) and (layer.repeat > 1 or (shares and bool(printed or told)))
        is_outer = bool(outside) and bool(printed or told)
        if is_outer:
            self.draft.put("(", layer.at)
        if is_group:
            self.draft.put("(", layer.at)
        self.draft.put(words, layer.at)
        if is_group:
            for text, place in inside:
                self.draft.put(text, place)
            self.draft.put(")", layer.at)
        if layer.repeat > 1:
            self.draft.put(f"x{layer.repeat}", layer.cells.get("repeat", layer.at))
        if is_outer:
            for text, place in outside:
                self.draft.put(text, place)
            self.draft.put(")", layer.at)
        if printed and at is not None and not (layer.kind == "softmax" and printed == self.x):
            self.draft.put(f"-> {'x'.join(map(str, claimed))}", at)
        elif told:
            self.draft.put("->", told[0][1])
        self.claims.put(layer, told)
        for text, place in [*(inside if not is_group else []), *(outside if not is_outer else [])]:
            self.draft.put(text, place)
        self.x = out
        self.is_ended |= "softmax" in (layer.kind, *(part.kind for part in layer.behind))

    def _smaller(self, layer: Layer) -> None:
        """Refuses a repeat of what changes the map."""
        at = layer.cells.get("repeat", layer.at)
        self.draft.refuse("whether each of these makes the map smaller isn't said", at, "write a row for each")

    def _tail(self, layer: Layer) -> tuple[list[tuple[str, Excerpt]], list[tuple[str, Excerpt]]]:
        """What follows a layer in its row: what is repeated with it, and what comes once behind all of them, as pools
        and dropout in columns of their own do where the cell of the layer says its repeats."""
        if layer.kind == "joined":
            layer = replace(layer, behind=[part for part in layer.behind if part.kind not in GLOBAL])
        if layer.repeat == 1 or "repeat" in layer.cells:
            once = list[Part]()
        else:
            kind = set(layer.cells["kind"].places) if "kind" in layer.cells else set()
            once = [part for part in layer.behind if part.kind in _ONCE and not kind & set(part.at.places)]
        said = [(part, text) for part in layer.behind if (text := follower(self.draft, part))]
        if once:
            text = "what is repeated are the layers of the first cell: pools and dropout come once behind them"
            self.draft.assumed(text, layer.at, once=True)
        return (
            [(text, part.at) for part, text in said if part not in once],
            [(text, part.at) for part, text in said if part in once],
        )

    def _gives(self, layer: Layer) -> tuple[int, ...]:
        """The shape behind the row."""
        if layer.kind == "FC":
            return (width_of(layer) or 0,)
        if layer.kind == "joined":
            return (1, 1, self.x[-1] * len(sizes.pools_of(layer)))
        if layer.is_global or layer.kind in GLOBAL:
            return (1, 1, self.x[-1])
        if self.step is None:
            return self.x
        channels = (width_of(layer) if layer.kind == "conv" else None) or self.x[-1]
        out = sizes.through(layer, self.step.window.positions(Pair(self.x[0], self.x[1])))
        return (out.h, out.w, channels)

    def _words(self, layer: Layer, printed: tuple[int, ...], at: Excerpt | None, after: Layer | None) -> str:
        sliding = Sliding(self.draft, layer, self.x, printed, at)
        sliding.above = self.convolutions
        words = self._layer(layer, sliding, after)
        self.step = sliding.step
        if layer.kind == "conv" and sliding.step is not None:
            self.convolutions.append((layer.window, sliding.step))
        return words

    def _layer(self, layer: Layer, sliding: Sliding, after: Layer | None) -> str:
        match layer.kind:
            case "conv" | "depthwise":
                return sliding.conv(after)
            case "maxpool" | "avgpool" | "pool":
                return sliding.pool()
            case "global-avgpool" | "global-maxpool":
                if layer.over and layer.over not in (self.x[:2], (1, 1)):
                    shown = "x".join(map(str, self.x[:2]))
                    help = "correct the window, or write `pad 0` at the convolution above that doesn't pad"
                    self.draft.refuse(f"the map is {shown}", layer.at, help)
                    return ""
                return layer.kind
            case "joined":
                return f"concat[ {' | '.join(part.kind for part in sizes.pools_of(layer))} ]"
            case "FC" | "output":
                return self._fc(layer)
            case "activation":
                self.draft.assumed("ReLU: what an activation computes isn't printed", layer.at, once=True)
                return "ReLU"
            case "LeakyReLU" | "ELU":
                return curved(self.draft, layer.kind, layer.rate, layer.at)
            case "dropout":
                return dropout(self.draft, layer.rate, layer.at)
            case "GN":
                return grouped(self.draft, layer.groups, layer.at)
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
