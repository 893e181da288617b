"""What the rows of a table of blocks mean."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vggdsl.language.notations.block_table.blocks import FIRE, Kind, of_eight, repeated, squeeze
from vggdsl.language.notations.block_table.columns import FIRE as FIRE_COLUMNS
from vggdsl.language.notations.block_table.image import image_of
from vggdsl.language.notations.block_table.rows import Part, Said, Table, named
from vggdsl.language.notations.draft import Draft, Place
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.registry import Reading
from vggdsl.network.shapes import Pair, Window

_BLOCKS = ("bottleneck", "mbconv", "fused")
_ALLOWED: dict[str, tuple[str, ...]] = {
    "conv": ("kernel", "width", "stride", "times", "depth", "params"),
    "maxpool": ("kernel", "stride", "times", "depth", "params"),
    "avgpool": ("kernel", "stride", "times", "depth", "params"),
    "FC": ("width", "stride", "times", "depth", "params"),
    "fire": (*FIRE_COLUMNS, "depth", "params"),
    **dict.fromkeys(_BLOCKS, ("kernel", "width", "stride", "times", "expansion", "expanded", "params")),
}
"""Columns of numbers that a row of a kind may fill."""
_IMAGENET = 200
"""Sides of images from which on a table that names no classes is of ImageNet's 1,000."""
_SHORT = {"ReLU": "re", "ReLU6": "re6", "hard-swish": "hs", "SiLU": "silu"}


def reading(table: Table) -> Reading:
    draft = Draft(table.source)
    if table.headed is not None:
        table.headed.tell(draft)
    for text in table.above:
        draft.beside(text)
    for message, at, help in table.refused:
        draft.refuse(message, at, help)
    if not table.rows and not draft.wrong:
        draft.refuse("there is no row", Excerpt.of(table.source).strip(), "paste the rows, too")
    if not draft.wrong:
        _Network(draft, table).put()
    return draft.reading()


@dataclass(frozen=True)
class _Line:
    """A row in the words of the spec language."""

    row: Said
    words: Sequence[str]
    at: Excerpt


class _Network:
    """Lines are made before anything is put, for the blocks that they call stand above them."""

    def __init__(self, draft: Draft, table: Table) -> None:
        self.draft, self.table = draft, table
        self.rows = [row for row in table.rows if not any(part.kind == "input" for part in row.parts)]
        self.blocks: dict[str, str] = {}
        self.image: tuple[int, ...] = ()
        self.x: tuple[int, ...] = ()
        self.notes: list[tuple[str, Place]] = []
        """What is assumed, and where it is first."""
        kinds = {part.kind for row in self.rows for part in row.parts}
        self.is_fire = "fire" in kinds
        self.is_linear = any(part.is_linear for row in self.rows for part in row.parts)
        self.activation = "SiLU" if kinds & {"mbconv", "fused"} else "ReLU6"
        sides = {side for row in self.rows for part in row.parts if part.kind in _BLOCKS and (side := _side(part, row))}
        self.side = "$k" if len(sides) > 1 else str(next(iter(sides), 3))

    def put(self) -> None:
        draft, table = self.draft, self.table
        if self.is_fire and (other := next((at for kind in _BLOCKS if (at := named(self.rows, kind))), None)):
            draft.refuse("a table has either fire modules or bottlenecks", other, "part it in two")
            return
        found = image_of(draft, table)
        if draft.wrong:
            return
        self.image = self.x = found.size
        for text in found.assumed:
            self._note(text, found.at)
        lines = [self._line(index, row) for index, row in enumerate(self.rows)]
        if draft.wrong:
            return
        draft.put(f"input {'x'.join(map(str, self.image))}", found.at)
        self._said("input", "image")
        draft.line()
        if not self.is_fire:
            first = lines[0].at
            draft.put("default conv: bias=no", first)
            draft.line()
            draft.put("after conv: BN", first)
            draft.assumed("batch normalisation behind each convolution, which has no bias then: none is printed", first)
            draft.line()
        for block in self.blocks.values():
            draft.put(block, lines[0].at)
            draft.line()
        for text, where in self.notes:
            draft.assumed(text, where)
            draft.line()
        for heading in table.prose:
            draft.assumed(f"what stands below `{heading.text}` isn't read: it explains the others", heading)
            draft.line()
        if table.beside is not None:
            draft.assumed("columns of what was made of the weights later on aren't of the network", table.beside)
        draft.line()
        for index, line in enumerate(lines):
            self._put(index, line)
        if table.total is not None:
            draft.put(f"claim params {table.total.text}", table.total)
            draft.line()

    def _said(self, *of: str) -> None:
        """Puts the notes about one thing."""
        kept = [note for note in self.notes if not note[0].startswith(of)]
        for text, at in self.notes:
            if text.startswith(of):
                self.draft.assumed(text, at)
        self.notes = kept

    def _note(self, text: str, at: Place) -> None:
        if text not in [said for said, _ in self.notes]:
            self.notes.append((text, at))

    def _classes(self, at: Excerpt) -> int:
        """How many classes there are, where a row doesn't say."""
        if self.table.classes is not None:
            return self.table.classes[0]
        if min(self.image[:2]) < _IMAGENET:
            help = "write it on a line above: `# k = 10`"
            self.draft.refuse("how many classes there are isn't printed", at, help)
        self._note("1000 classes, as ImageNet's: their number isn't printed", at)
        return 1000

    # -- rows

    def _printed(self, index: int) -> tuple[tuple[int, ...], Excerpt | None]:
        """The size that a row gives, as it or the next one prints it."""
        row = self.rows[index]
        if row.output:
            return row.output, row.cells["output"]
        after = self.rows[index + 1] if index + 1 < len(self.rows) else None
        if after is not None and after.input:
            return after.input, after.cells.get("input") or after.cells["resolution"]
        return (), None

    def _line(self, index: int, row: Said) -> _Line:
        printed, _ = self._printed(index)
        words = list[str]()
        self._numbers(row)
        for place, part in enumerate(row.parts):
            words += self._words(
                part, row, printed, is_first=not index and not place, is_last=self._is_last(index, place)
            )
        return _Line(row, words, row.at)

    def _numbers(self, row: Said) -> None:
        """Refuses what says nothing of what a row is, and says where SE is left out."""
        kinds = {part.kind for part in row.parts}
        allowed = {name for kind in kinds for name in _ALLOWED.get(kind, ())}
        strange = [name for name in row.numbers if name not in allowed]
        if not kinds & {*_BLOCKS} and row.numbers.get("times", 1) != 1:
            strange.append("times")
        if not kinds & {"conv", "maxpool", "avgpool", *_BLOCKS} and row.numbers.get("stride", 1) != 1:
            strange.append("stride")
        if row.activation and not kinds & {"conv", *_BLOCKS}:
            strange.append("activation")
        if row.squeezes and not kinds & {*_BLOCKS}:  # in the paper's small network, and not in its code
            self._note(f"no SE behind `{row.at.text}`: its sign there isn't of a block", row.cells["squeezed"])
        for name in strange:
            at = row.cells.get(name) or row.cells.get("window") or row.at
            what = "activation" if name == "activation" else "such number"
            self.draft.refuse(f"`{row.at.text}` has no {what}", at, "leave it out")

    def _is_last(self, index: int, place: int) -> bool:
        behind = [part.kind for part in self.rows[index].parts[place + 1 :]]
        behind += [part.kind for row in self.rows[index + 1 :] for part in row.parts]
        return not set(behind) - {"softmax"}

    def _words(
        self, part: Part, row: Said, printed: tuple[int, ...], *, is_first: bool, is_last: bool
    ) -> Iterator[str]:
        match part.kind:
            case "fire":
                yield from self._fire(part, row)
            case "conv":
                yield from self._conv(part, row, printed, is_first=is_first, is_last=is_last)
            case "maxpool" | "avgpool":
                yield from self._pool(part, row, printed)
            case "FC":
                width = row.numbers.get("width") if len(row.parts) == 1 else None
                yield f"FC-{width or self._classes(part.at)}"
                self.x = (1, 1, width or 0)
            case "softmax":
                yield "softmax"
            case "dropout":
                self.draft.refuse("a dropout says no rate here", part.at, "leave it out, and write it into the spec")
            case _:
                yield from self._block(part, row, printed)

    def _fire(self, part: Part, row: Said) -> Iterator[str]:
        lacks = [name for name in FIRE_COLUMNS if name not in row.numbers]
        if lacks:
            self.draft.refuse(f"`{part.at.text}` lacks its {lacks[0]}", part.at, "a fire module has all three numbers")
            return
        self.blocks["fire"] = FIRE
        self._note("ReLU behind each convolution: activations aren't printed", part.at)
        squeezed, one, three = (row.numbers[name] for name in FIRE_COLUMNS)
        self.x = (*self.x[:2], one + three)
        yield f"fire({squeezed}, {one}, {three})"

    def _conv(self, part: Part, row: Said, printed: tuple[int, ...], *, is_first: bool, is_last: bool) -> Iterator[str]:
        draft, side = self.draft, _side(part, row)
        width = row.numbers.get("width") or (printed[2] if len(printed) == 3 else None)
        is_classifier = is_last and (row.is_open or (self.x[:2] == (1, 1) and not part.is_linear))
        if row.is_open:
            width = self._classes(row.cells["width"])
        elif part.is_depthwise:
            width = width or self.x[2]
        if part.is_global:
            side = self._global(part, row, side)
        if side is None and is_first:
            side = 3
            self._note("a 3x3 window of the first convolution: none is printed", part.at)
        if side is None or not width:
            lacks = "window" if side is None else "number of filters"
            draft.refuse(
                f"`{part.at.text}` needs its {lacks}", part.at, "such as `conv2d 1x1`, and its filters beside it"
            )
            return
        if part.is_depthwise and width != self.x[2]:
            message = f"`{part.at.text}` filters each channel by itself, {self.x[2]} of them, and {width} are printed"
            draft.refuse(message, row.cells.get("width", part.at), "correct the one or the other")
        stride, pad = (1, " pad=0") if part.is_global else self._step(part, row, side, printed)
        text = f"conv{side}-{width}{f'/{stride}' if stride > 1 else ''}{pad}"
        text += f" groups={width}" if part.is_depthwise else ""
        self.x = (*((1, 1) if part.is_global else self.x[:2]), width)
        if part.is_linear and row.activation:
            draft.refuse(f"`{part.at.text}` has no activation", row.cells["activation"], "leave it out")
        if self.is_fire:
            yield f"{text} after=none" if part.is_linear else text
        elif part.is_bare or is_classifier:
            if not part.is_bare:
                self._note("a bias, and neither batch normalisation nor activation, in the last layer", part.at)
            yield f"{text} bias=yes after=none"
            if row.activation:
                yield row.activation
        else:
            yield text
            if not part.is_linear and (act := self._act(row, part)):
                yield act

    def _global(self, part: Part, row: Said, side: int | None) -> int | None:
        """The side of the map that a window covers."""
        h, w = self.x[:2]
        if (h, w) != (side or h, side or h):
            self.draft.refuse(f"`{part.at.text}` is global, and the map is {h}x{w}", part.at, "its window is the map's")
        if row.numbers.get("stride", 1) != 1:
            self.draft.refuse(
                "a window of the whole map has no stride", row.cells.get("stride", row.at), "leave it out"
            )
        return side or (h if h == w else None)

    def _act(self, row: Said, part: Part) -> str:
        """What follows a convolution: what its column says, or what its family of networks has."""
        if "activation" in self.table.columns:
            return row.activation
        of = "EfficientNet's" if self.activation == "SiLU" else "MobileNetV2's"
        but = "linear ones and a block's last" if self.is_linear else "a block's last"
        self._note(f"{self.activation} behind each convolution but {but}: as {of}, none is printed", part.at)
        return self.activation

    def _step(self, part: Part, row: Said, side: int, printed: tuple[int, ...]) -> tuple[int, str]:
        """The stride and, where it isn't the usual, the padding, as printed sizes tell. The map is behind it then."""
        before, after = self.x[:2], printed[:2]
        stride = row.numbers.get("stride")
        if stride is None:
            steps = [
                s for s in range(1, 9) if after and all(-(-b // s) == a for b, a in zip(before, after, strict=True))
            ]
            stride = steps[0] if steps else 1
            if stride > 1:
                self._note("strides, as the sizes tell them", part.at)
        stride = max(1, stride)
        is_pool = part.kind in ("maxpool", "avgpool")
        usual = 0 if is_pool else (side - 1) // 2
        ways = [(usual, False, ""), (0, False, " pad=0"), *([(0, True, " ceil")] if is_pool else [])]
        ways += [(pad, False, f" pad={pad}") for pad in range(1, side // 2 + 1)]
        for pad, up, text in ways:
            window = Window(Pair(side, side), Pair(stride, stride), Pair(pad, pad), ceil=up)
            behind = window.positions(Pair(before[0], before[1]))
            if after in ((), behind):
                self.x = (*behind, self.x[2])
                if not after and part.kind == "conv" and side > 1:
                    self._note("padding by (k - 1) / 2: no padding is printed", part.at)
                if text:
                    self._note(f"{text.strip()} in `{part.at.text}`, as the sizes tell", part.at)
                return stride, text
        self.x = (*after, self.x[2])
        return stride, ""

    def _pool(self, part: Part, row: Said, printed: tuple[int, ...]) -> Iterator[str]:
        side = _side(part, row)
        if part.kind == "avgpool" and (side is None or self.x[:2] == (side, side)):
            if row.numbers.get("stride", 1) not in (1, side):
                self.draft.refuse(
                    "a pool over the whole map has no stride", row.cells.get("stride") or row.at, "leave it out"
                )
            if not re.match(r"av|global", part.at.text, re.IGNORECASE):
                self._note(f"the mean, in `{part.at.text}`: which pool it is isn't printed", part.at)
            self.x = (1, 1, self.x[2])
            yield "global-avgpool"
            return
        if side is None:
            self.draft.refuse(f"`{part.at.text}` needs its window", part.at, "write `3x3/2`")
            return
        stride, pad = self._step(part, row, side, printed)
        yield f"{part.kind}{side}/{stride}{pad}"

    def _block(self, part: Part, row: Said, printed: tuple[int, ...]) -> Iterator[str]:
        numbers, came = row.numbers, self.x[2]
        width = numbers.get("width") or (printed[2] if len(printed) == 3 else None)
        by = part.by if part.by is not None else numbers.get("expansion")
        wide = numbers.get("expanded") or (came * by if by else None)
        if not width or not wide:
            lacks = "channels" if not width else "expansion"
            self.draft.refuse(f"`{part.at.text}` needs its {lacks}", part.at, "such as t = 6 and c = 24")
            return
        if part.by is not None and numbers.get("expansion", part.by) != part.by:
            self.draft.refuse(
                f"`{part.at.text}` says another expansion", row.cells["expansion"], "correct the one or the other"
            )
        side, times = _side(part, row), numbers.get("times", 1)
        if side is None:
            side = 3
            self._note("3x3 windows of blocks: none are printed", part.at)
        if not times:
            self.draft.refuse("a block stands there no times", row.cells["times"], "leave the row out")
            return
        for name in ("times", "stride"):
            if name in self.table.columns and name not in numbers and (name == "times" or not printed):
                said = {"times": "once", "stride": "at stride 1"}[name]
                self._note(f"`{part.at.text}` stands {said} where none is printed in its row", row.at)
        stride, _ = self._step(part, row, side, printed)
        act, squeezed = self._act(row, part), self._squeezed(part, row, came, wide)
        if not act:
            self.draft.refuse("a block has an activation", part.at, "write RE or HS")
            return
        self._note("a shortcut around each block that changes neither size nor channels", part.at)
        if wide == came:
            self._note("no first convolution in blocks that expand nothing", part.at)
        first = self._call(part, side, wide, squeezed, width, stride, act, came)
        again = width * by if by else wide
        ratio = self._squeezed(part, row, width, again)
        others = self._call(part, side, again, ratio, width, 1, act, width) if times > 1 else first
        yield from repeated(first, others, times, adds=stride == 1 and came == width)
        self.x = (*self.x[:2], width)

    def _call(
        self, part: Part, side: int, wide: int, squeezed: int, width: int, stride: int, act: str, came: int
    ) -> str:
        expands, is_fused = wide != came, part.kind == "fused"
        name = re.sub(
            r"[^a-z]+.*", "", part.at.text.lower().replace("fused-mbconv", "fused").replace("mbconv", "mbconv ")
        )
        if "activation" in self.table.columns:
            name += f"_{_SHORT[act]}"
        name += "_se" * ("squeezed" in self.table.columns and squeezed > 0) + "_flat" * (not expands)
        if squeezed and "squeeze" not in self.blocks:
            inner, gate = ("SiLU", "sigmoid") if part.kind != "bottleneck" else ("ReLU", "hard-sigmoid")
            self.blocks["squeeze"] = squeeze(inner, gate)
        kind = Kind(name, act, expands, squeezed > 0, is_fused)
        while self.blocks.setdefault(kind.name, kind.block(self.side)) != kind.block(self.side):
            kind = Kind(f"{kind.name}_", act, expands, squeezed > 0, is_fused)
        return kind.call(side if self.side == "$k" else None, wide, squeezed, width, stride)

    def _squeezed(self, part: Part, row: Said, came: int, wide: int) -> int:
        """To how many channels a block squeezes; 0 if it doesn't."""
        if part.kind == "bottleneck" or "squeezed" in self.table.columns:
            if not row.squeezes:
                return 0
            text = "SE by ReLU and hard-sigmoid, to a quarter of exp size in multiples of 8, as MobileNetV3's"
            self._note(text, part.at)
            return of_eight(wide / 4)
        says = any(part.ratio for row in self.rows for part in row.parts)
        if part.kind == "fused" and not part.ratio:
            return 0
        if says and not part.ratio:
            return 0
        if not says:
            self._note("SE in each MBConv, to a quarter of the channels that come in, as EfficientNet's", part.at)
        self._note("SE by SiLU and sigmoid, and no dropout: as EfficientNet's, and none is printed", part.at)
        return max(1, int(came * float(part.ratio or 0.25)))

    def _put(self, index: int, line: _Line) -> None:
        draft, row = self.draft, line.row
        printed, at = self._printed(index)
        figures = [name for name in ("depth", "params") if name in row.cells]
        if label := self._label(row):
            draft.put(f"{label}:", row.cells.get("name", row.at))
        together = len(line.words) > 1 and bool(printed or figures or label)
        for number, word in enumerate(line.words):
            opening, closing = "( " * (together and not number), " )" * (together and number == len(line.words) - 1)
            draft.put(f"{opening}{word}{closing}", line.at)
        if at is not None:
            draft.put(f"-> {'x'.join(map(str, printed))}", at)
        for number, name in enumerate(figures):
            arrow = "-> " * (at is None and not number)
            measure = {"depth": "weight-layers"}.get(name, name)
            draft.put(f"{arrow}{measure}={row.cells[name].text}", row.cells[name])
        draft.line()

    def _label(self, row: Said) -> str:
        if "name" not in row.cells:
            text = re.sub(r"[ -]", "", row.at.text.lower())
            return text if re.fullmatch(r"(conv|maxpool|avgpool|fire)\d{1,3}", text) else ""
        text = re.sub(r"\W", "", row.cells["name"].text)
        return f"stage{text}" if text.isdigit() else text


def _side(part: Part, row: Said) -> int | None:
    return part.side or row.numbers.get("kernel")
