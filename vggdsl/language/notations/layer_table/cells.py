"""What the cells of a row say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.grid import Row

_KINDS = {
    "input": r"input(?: image| layer)?|image",
    "conv": r"conv(?:olution(?:al)?|2d)?(?: layer)?(?: ?(\d+))?(?: padded)?",
    "depthwise": r"conv dw|depthwise(?: conv(?:olution)?)?|dw conv",
    "maxpool": r"max[ -]?pool(?:ing|2d)?(?: layer)?(?: ?(\d+))?",
    "avgpool": r"(?:av(?:era)?ge?|mean)[ -]?pool(?:ing|2d)?(?: layer)?(?: ?(\d+))?",
    "pool": r"(?:pool(?:ing)?|sub-?sampling)(?: layer)?(?: ?(\d+))?",
    "global-avgpool": r"global[ -]av(?:era)?ge?[ -]?pool(?:ing)?|gap",
    "FC": r"(?:fc|fully[ -]connected|linear|dense)(?: layer)?(?: ?(\d+))?",
    "softmax": r"soft-?max",
    "activation": r"act|activation|nonlinearity",
    "ReLU": r"relu",
    "tanh": r"tanh",
    "sigmoid": r"sigmoid",
    "BN": r"bn|batch ?norm(?:ali[sz]ation)?",
    "LRN": r"lrn|local response norm(?:ali[sz]ation)?",
    "dropout": r"dropout(?: ?\(?(\d+(?:\.\d+)?%|0?\.\d+)\)?)?",
    "flatten": r"flatten",
}
_POOLS = ("pool", "maxpool", "avgpool")
_FORMS = {kind: re.compile(form, re.IGNORECASE) for kind, form in _KINDS.items()}
_STEP = re.compile(r"\s*/\s*s(?:tride)?\s*=?\s*([1-9]\d{0,3})$", re.IGNORECASE)
_SIDES = re.compile(r"\s+([1-9]\d{0,3})x([1-9]\d{0,3})$")
_SAID = re.compile(
    r"(?P<stride>[1-9]\d{0,3})x(?P=stride) strides?|strides? (?:of )?(?P<step>[1-9]\d{0,3})(?:x(?P=step))?"
    r"|(?P<padding>same|valid) padding|outputs? (?P<output>\d{1,9}(?:x\d{1,9}){0,2})"
    r"|(?P<size>\d{1,9}x\d{1,9}x\d{1,9})(?: RGB)?(?: (?:input )?image)?",
    re.IGNORECASE,
)
"""Of a description: `1x1 stride, same padding, outputs 32x32x64`."""
_WINDOW = re.compile(
    r"(?P<h>[1-9]\d{0,5})x(?P<w>[1-9]\d{0,5})(?:x(?P<cin>\d{1,6})(?:x(?P<cout>\d{1,6}))?)?(?P<dw> dw)?"
    r"(?: ?/ ?(?P<stride>[1-9]\d{0,3}))?(?:,? ?(?:k|filters|channels) ?= ?(?P<k>\d{1,6}))?",
    re.IGNORECASE,
)
_EXAMPLES = {
    "filter": "`3x3`, `3x3/2`, `3x3, K = 32`, `3x3x64x128`, `3x3x64 dw`, of an FC `1024x1000`; once each",
    "stride": "`2`, where no other cell says another",
    "pad": "`1`",
    "width": "`64` or `64 maps of 8x8 neurons`, where no other cell says another",
    "output": "`32x32x64`, `32x32` or `512`",
    "input": "`32x32x64`, `32x32` or `512`",
    "activation": "ReLU, tanh, sigmoid, softmax or none",
    "description": "`1x1 stride, same padding, outputs 32x32x64`, of an input `32x32x3 RGB image`",
    "params": "`1,792` or `1.8K`",
}
_MAPS = re.compile(
    r"(?P<maps>\d{1,6}) maps? of (?P<h>\d{1,6})x(?P<w>\d{1,6}) neurons?|(?P<units>\d{1,6}) neurons?", re.IGNORECASE
)
_EMPTY = re.compile(r"[-\s]*|n/?a", re.IGNORECASE)


@dataclass
class Layer:
    """What the cells of a row say; None and "" where they say nothing."""

    at: Excerpt
    kind: str
    cells: dict[str, Excerpt]
    window: tuple[int, int] | None = None
    stride: int | None = None
    pad: int | None = None
    width: int | None = None
    takes: int | None = None
    """Channels, or values, of what comes in."""
    rate: str = ""
    output: tuple[int, ...] = ()
    input: tuple[int, ...] = ()
    is_global: bool = False

    @property
    def output_at(self) -> Excerpt | None:
        """The cell that says what it gives."""
        return (
            self.cells.get("output")
            or self.cells.get("description")
            or (self.cells.get("width") if self.output else None)
        )


def layer_of(draft: Draft, row: Row, names: Sequence[str]) -> Layer:
    """A row, of which each cell is read or refused; ``names`` are those of the columns."""
    cells = {
        names[cell.columns.start]: cell.text
        for cell in row
        if cell.columns.start < len(names) and not _EMPTY.fullmatch(cell.text.text)
    }
    for cell in row[len(names) :]:
        if cell.text:
            draft.refuse("there is no column for this cell", cell.text, "leave it out")
    at = cells.get("kind") or next(iter(cells.values()), row[0].text)
    step = _STEP.search(at.text)
    word = at[: step.start()] if step else at
    sides = _SIDES.search(word.text)  # `Convolution 5x5`
    word = word[: sides.start()] if sides else word
    if re.match(r"\d+ ?x ?\w", word.text):
        draft.refuse(f"`{at.text}` doesn't say how many rows are repeated", at, "write each of them")
        return Layer(at, "", cells)
    match = next(((kind, m) for kind, form in _FORMS.items() if (m := form.fullmatch(word.text.strip()))), None)
    if match is None or "kind" not in cells:
        help = "known are CONV, POOL, MAX POOL, AVG POOL, FC, BN, LRN, ACT, RELU, DROPOUT, FLATTEN, SOFTMAX, INPUT"
        draft.refuse(f"`{at.text}` is no layer that is known", at, help)
        return Layer(at, "", cells)
    layer = Layer(at, match[0], cells, stride=int(step[1]) if step else None)
    layer.rate = (match[1][1] or "") if match[0] == "dropout" else ""
    if layer.stride not in (None, 1) and layer.kind not in ("conv", "depthwise", *_POOLS):
        draft.refuse(f"{layer.kind} has no stride", at, "write 1, or none")
    if sides is not None:
        layer.window = int(sides[1]), int(sides[2])
        if layer.kind not in ("conv", "depthwise", *_POOLS):
            draft.refuse(f"{layer.kind} has no window", at, "leave it out")
    for name, text in cells.items():
        if not _take(layer, name, text):
            draft.refuse(f"`{text.text}` can't be read in this column", text, f"it has {_EXAMPLES[name]}")
    return layer


def _take(layer: Layer, name: str, cell: Excerpt) -> bool:
    """Whether a cell of a column could be read."""
    text = cell.text
    match name:
        case "output" | "input":
            if not re.fullmatch(r"\d{1,9}(x\d{1,9}){0,2}", text):
                return False
            setattr(layer, name, tuple(map(int, text.split("x"))))
        case "stride" | "pad":
            number = re.fullmatch(r"(\d{1,4})(?:x\1)?", text)
            if (
                number is None
                or (name == "stride" and not int(number[1]))
                or getattr(layer, name) not in (None, int(number[1]))
            ):
                return False
            setattr(layer, name, int(number[1]))
        case "width" if (maps := _MAPS.fullmatch(text)) is not None:
            is_new = layer.width is None and not layer.output
            layer.width = int(maps["units"] or maps["maps"])
            if maps["h"]:
                layer.output = int(maps["h"]), int(maps["w"]), layer.width
            return is_new
        case "width" if "neuron" in text:
            return False
        case "width":
            if re.fullmatch(r"\d{1,3}(,\d{3})?|\d{1,9}", text) is None:
                return layer.kind == "input"
            width = int(text.replace(",", ""))
            is_said_twice = layer.width not in (None, width)
            layer.width = width
            return not is_said_twice
        case "description":
            return all(_take_said(layer, part.strip()) for part in text.split(","))
        case "filter":
            return _take_filter(layer, text)
        case "params":
            figure = r"[1-9]\d{0,2}(,\d{3}){1,4}|\d{1,15}|\d{1,6}(\.\d{1,3})?[KM]"
            return re.fullmatch(figure, text, re.ASCII) is not None
        case "activation":
            return text.lower() in ("relu", "tanh", "sigmoid", "softmax", "soft-max", "none", "linear")
        case _:
            return True
    return True


def _take_said(layer: Layer, text: str) -> bool:
    """A part of a description, each kind of which is given once."""
    match = _SAID.fullmatch(text)
    if match is None:
        return False
    if match["padding"]:
        is_kept = match["padding"].lower() == "same"
        if layer.pad is not None or layer.window is None or (is_kept and layer.stride not in (None, 1)):
            return False  # what `same` adds at other strides depends on the library
        layer.pad = (layer.window[0] - 1) // 2 if is_kept else 0
        return layer.window[0] == layer.window[1] and (layer.window[0] % 2 == 1 or not is_kept)
    size = match["output"] or match["size"]
    if size:
        is_new = not layer.output and (layer.kind == "input") == bool(match["size"])
        layer.output = tuple(map(int, size.split("x")))
        return is_new
    stride = int(match["stride"] or match["step"])
    is_new = layer.stride in (None, stride) and layer.kind in ("conv", "depthwise", *_POOLS)
    layer.stride = stride
    return is_new


def _take_filter(layer: Layer, text: str) -> bool:
    if text.lower() == "global" and layer.kind in _POOLS:
        layer.is_global = True
        return True
    if text.lower() == "classifier" and layer.kind == "softmax":
        return True
    if layer.kind in _POOLS:
        text = re.sub(r"^pool ", "", text, flags=re.IGNORECASE)
    single = re.fullmatch(r"(\d{1,4})(?: ?/ ?(\d{1,4}))?", text)
    match = _WINDOW.fullmatch(f"{single[1]}x{single[1]}" + (f"/{single[2]}" if single[2] else "") if single else text)
    if match is None or (match["stride"] and layer.stride not in (None, int(match["stride"]))):
        return False
    sides = int(match["h"]), int(match["w"])
    if layer.kind == "FC":
        if sides == (1, 1) and layer.width is not None and match[0] == "1x1":
            return True  # all that comes in is one place
        layer.takes, width = sides
        is_said_twice = layer.width not in (None, width)
        layer.width = width
        return not is_said_twice and not (match["cin"] or match["stride"] or match["k"] or single)
    is_pool = layer.kind in _POOLS
    if not (is_pool or layer.kind in ("conv", "depthwise")) or (is_pool and (match["cin"] or match["k"])):
        return False
    if bool(match["dw"]) != (layer.kind == "depthwise" and bool(match["cin"])) or (match["dw"] and match["cout"]):
        return False
    if layer.window not in (None, sides):
        return False
    layer.window = sides
    layer.stride = int(match["stride"]) if match["stride"] else layer.stride
    layer.takes = int(match["cin"]) if match["cin"] else None
    said = {int(number) for number in (match["k"], match["cout"], layer.width) if number}
    layer.width = max(said, default=None)
    return len(said) < 2


def width_of(layer: Layer) -> int | None:
    """Channels, or values, that it gives; None if no cell says so."""
    if layer.width is not None:
        return layer.width
    return layer.output[-1] if len(layer.output) in (1, 3) else None
