"""What numbers of a row's cells are of: its window, its stride, what it gives."""

from dataclasses import dataclass, field
from math import prod

from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.layer_table.added import COLUMNS, may_say, rate_of
from vggdsl.language.notations.layer_table.columns import Column
from vggdsl.language.notations.layer_table.facts import Fact
from vggdsl.language.notations.layer_table.layer import CONVOLUTIONS, GLOBAL, POOLS, Layer, Part

_NAMES_LAYERS = ("kind", "name", "description", "filter", "width", "params", "words")
"""Columns in which a layer may be named."""
OF_POOL = ("argument", "sides", "kernel", "stride", "call", "shape")
"""What behind a pool's word is of the pool."""
_STRIDE = 4
"""A number behind a window up to this may be a stride."""
LONGEST_LIST = 31
"""A number behind a name up to this counts the layers of a list, `FC 2`; a larger one is a width, `FC 4096`."""


class RefusedError(Exception):
    """A fact that another cell says otherwise, or that a layer hasn't."""


@dataclass
class Taking:
    """A row whose facts are taken one after another.

    ``columns`` are those of its cells; ``has_widths``: whether the table has a column for what layers give.
    """

    row: Layer
    cells: dict[str, Excerpt]
    columns: dict[str, Column]
    has_widths: bool
    parts: dict[str, list[Fact]] = field(default_factory=dict)
    """What each cell says."""

    def take(self, fact: Fact, name: str) -> None:
        """Takes what a cell of a column says. Raises ``RefusedError``."""
        layer, numbers = self.row, fact.numbers
        if name in COLUMNS:
            if not may_say(fact, name):
                raise RefusedError
            return
        match fact.name:
            case "kind" if name not in _NAMES_LAYERS and fact.text != layer.kind:
                raise RefusedError
            case "kind" | "pointwise" | "whole":
                if fact.name == "pointwise":
                    self._set("window", (1, 1))
                layer.is_whole |= fact.name == "whole"
            case "came" if layer.kind in CONVOLUTIONS:
                self._size("input", numbers, name)
            case "shape" | "sides" | "counted" if name in ("output", "input") or (
                layer.kind == "input" and name != "stride"
            ):
                self._size("input" if name == "input" else "output", _shape(fact), name)
            case "number" | "argument" if name in ("output", "input"):
                self._size(name, numbers, name)
            case "number" | "argument" if name in ("stride", "pad", "dilation", "groups", "width", "takes", "repeat"):
                self._set(name, numbers[0])
            case "number" | "argument" if name == "filter" and layer.kind in ("FC", "output") and not self.has_widths:
                self._set("width", numbers[0])
            case "number" if name == "filter" and layer.kind == "FC":
                self._set("takes", numbers[0])
            case "number" | "argument" if (
                name == "filter" and layer.kind in ("softmax", "flatten") and not self.has_widths
            ):
                self._size("output", numbers, name)
            case "number" | "argument" if name == "filter" and layer.kind in (*CONVOLUTIONS, *POOLS):
                self._number_in_filter(numbers[0])
            case "argument" | "number" if self._flattens(name):
                self._set("width", numbers[0])
            case "argument" if name in ("kind", "description"):
                self._argument(numbers[0])
            case "call" if name in ("kind", "description"):
                self._call(fact)
            case "counted" if name == "filter" and layer.kind == "conv":
                self._set("width", numbers[0])
                self._set("window", numbers[1:])
            case "number" if name in ("kind", "description"):
                self._number(
                    numbers[0],
                    is_name=name == "kind" and [each.name for each in self.parts[name]][:2] == ["kind", "number"],
                )
            case "times" if name in ("kind", "repeat", "description"):
                layer.repeat = numbers[0]
            case "sides" | "shape" if name == "stride":
                self._square("stride", numbers)
            case "sides" | "shape" if name == "pad":
                self._square("pad", numbers)
            case "sides" | "shape" | "kernel":
                self._window(fact, name)
            case "open" if layer.kind in (*CONVOLUTIONS, *POOLS):
                self._set("window", numbers)
            case "stride" if name not in ("pad", "output", "input"):
                self._square("stride", numbers)
            case "pad" if fact.text:
                self._set("pad", fact.text)
            case "pad":
                self._square("pad", numbers)
            case "global" if layer.kind in POOLS:
                layer.is_global = True
            case "ceil" if layer.kind in POOLS:
                layer.ceil = True
            case "filters" if layer.kind in POOLS and fact.at.text.lower().startswith("k"):
                self._set("window", (numbers[0], numbers[0]))
            case "filters" if layer.kind in POOLS:
                self._set("width", numbers[0])
            case "filters" if layer.kind == "flatten":
                self._size("output", numbers, name)
            case "filters" if self._is_kernel(fact):
                self._set("window", (numbers[0], numbers[0]))
            case "filters" if layer.kind in (*CONVOLUTIONS, "FC", "output") and name not in ("output", "input"):
                self._set("width", numbers[0])
            case "filters" | "number" if name == "width" and layer.kind == "input":
                self._set("colours", numbers[0])
            case "filters" | "number" if name == "width":
                self._set("width", numbers[0])
            case "maps":
                self._set("width", numbers[0])
                self._size("output", (*numbers[1:], numbers[0]), name)
            case "outputs" | "ways":
                self._size("output", numbers, name)
            case "sizes":
                half = len(numbers) // 2
                self._size("input", numbers[:half], name)
                self._size("output", numbers[half:], name)
            case "pair" if layer.kind in ("FC", *CONVOLUTIONS):
                self._set("takes", numbers[0])
                self._set("width", numbers[1])
            case "dilation" | "groups":
                self._set(fact.name, numbers[0])
            case "over" if layer.kind in GLOBAL:
                layer.over = numbers
            case "colour" if layer.kind == "input":
                self._set("colours", numbers[0])
            case "rate" | "slope" | "keep":
                self._rate(fact, name)
            case _:
                raise RefusedError

    def take_of(self, pool: Part, fact: Fact) -> None:
        """Takes what stands behind the pool of another layer's row: `Conv2d(3, 8, 3) + MaxPool2d(2)`."""
        side, *more = fact.numbers
        if fact.name == "stride" and pool.stride is None and not set(more) - {side} and side:
            pool.stride = side
        elif fact.name == "call" and pool.window is None and len(more) == 1 and side and more[0]:
            pool.window, pool.stride = (side, side), more[0]
        elif (
            (fact.name in ("argument", "sides", "kernel") or fact.at.text.count("x"))
            and pool.window is None
            and len(more) < 2
            and side
        ):
            pool.window = (side, more[0] if more else side)
        else:
            raise RefusedError

    def _flattens(self, name: str) -> bool:
        """Whether a cell flattens before a layer that keeps all values: `Flatten-1024-BN`."""
        flattens = any(each.text == "flatten" for each in self.parts.get(name, ()))
        return flattens and self.row.kind not in (*CONVOLUTIONS, *POOLS, *GLOBAL, "FC", "output", "flatten", "softmax")

    def _is_kernel(self, fact: Fact) -> bool:
        """Whether `k=3` is a side, as in `3 -> 32, k=3, p=1`: another cell or word says how many filters there are."""
        is_wide = (
            self.row.width is not None
            or len(self.row.output) == 3
            or any(
                each.name in ("pair", "filters") and each is not fact for said in self.parts.values() for each in said
            )
        )
        return fact.at.text.startswith("k=") and self.row.kind in CONVOLUTIONS and is_wide and not self._has_window()

    def _has_window(self) -> bool:
        """Whether a word says a window."""
        names = ("sides", "kernel", "shape", "counted", "pointwise")
        return self.row.window is not None or any(
            each.name in names for name, said in self.parts.items() if name not in ("output", "input") for each in said
        )

    def _set(self, name: str, value: object) -> None:
        layer, default = self.row, {"dilation": 1, "repeat": 1}.get(name)
        if value == 0 and name in ("stride", "dilation", "groups", "repeat"):
            raise RefusedError
        if name == "width" and layer.kind == "input":
            name = "colours"
        if getattr(layer, name) not in (default, value):
            raise RefusedError
        setattr(layer, name, value)

    def _flat(self, numbers: tuple[int, ...]) -> tuple[int, ...]:
        """A pool's sides without the one over channels: `1x2x2`."""
        return numbers[1:] if self.row.kind in POOLS and len(numbers) == 3 and numbers[0] == 1 else numbers

    def _square(self, name: str, numbers: tuple[int, ...]) -> None:
        numbers = self._flat(numbers)
        if name == "stride":
            across = numbers[1] if len(numbers) == 2 and len(set(numbers)) == 2 and all(numbers) else None
            if self.row.stride is not None and self.row.across != across:
                raise RefusedError
            self.row.across = across
            numbers = numbers[:1] if across is not None else numbers
        if len(set(numbers)) != 1:
            raise RefusedError
        self._set(name, numbers[0])

    def _size(self, name: str, numbers: tuple[int, ...], column: str) -> None:
        printed = getattr(self.row, name)
        if (
            self.row.kind not in (*CONVOLUTIONS, *POOLS, *GLOBAL, "input")
            and not self._slides()
            and len(numbers) == 2
            and min(numbers) == 1 < max(numbers)
        ):
            numbers = (max(numbers),)  # of a batch of one, or a column
        if self.row.kind == "input" and len(printed) == 2 and printed in (numbers[:2], numbers[1:]):
            printed = ()  # `28x28 grayscale`, and with its channels in another cell
        if not numbers or len(numbers) > 3 or printed not in ((), numbers):
            raise RefusedError
        setattr(self.row, name, numbers)
        if name == "output":
            self.row.output_at = self.cells[column]

    def _slides(self) -> bool:
        """Whether an FC has a window, which goes over a map: `fc6 | 9x1`, and its filters in a column of their own.
        Where that has the second number, `4096x64 | 64` is what it takes and gives."""
        sides = [fact.numbers for fact in self.parts.get("filter", ()) if fact.name == "sides"]
        widths = [number for fact in self.parts.get("width", ()) for number in fact.numbers]
        is_window = sides not in ([], [(1, 1)]) and sides[0][-1] not in widths
        return self.row.kind == "FC" and "width" in self.cells and is_window

    def _number(self, number: int, is_name: bool) -> None:
        """A number behind a layer's name: of a list, `Conv 1`, or what it gives, `3x3 conv. 96`."""
        if is_name and self.row.index is None and self.row.kind != "softmax":
            self.row.index = number
        elif self.row.kind in (*CONVOLUTIONS, "FC"):
            self._set("width", number)
        else:
            raise RefusedError

    def _call(self, fact: Fact) -> None:
        """Numbers as code gives them: `MaxPool2d(3, 2)`, PyTorch's `Conv2d(3, 64, 5)`, Keras' `Conv2D(64, 5)`."""
        layer, numbers = self.row, fact.numbers
        if layer.kind in POOLS and len(numbers) == 2:
            self._set("window", (numbers[0], numbers[0]))
            self._set("stride", numbers[1])
        elif layer.kind in ("conv", "separable") and len(numbers) == 2 and fact.text == "2D":
            layer.cells["call"] = fact.at
            self._set("width", numbers[0])
            self._set("window", (numbers[1], numbers[1]))
        elif layer.kind == "conv" and len(numbers) == 3 and fact.text == "2d":
            layer.cells["call"] = fact.at
            self._set("takes", numbers[0])
            self._set("width", numbers[1])
            self._set("window", (numbers[2], numbers[2]))
        elif layer.kind == "conv" and len(numbers) == 2 and layer.window is not None:
            self._set("takes", numbers[0])
            self._set("width", numbers[1])
        elif layer.kind in GLOBAL and numbers == (1, 1):
            layer.over = (1, 1)
        else:
            raise RefusedError

    def _calls_torch(self) -> bool:
        """Whether a number in brackets is PyTorch's third of a convolution: behind channels and filters its side."""
        layer, texts = self.row, [self.cells[name].text for name in ("kind", "description") if name in self.cells]
        is_third = layer.kind == "conv" and None not in (layer.takes, layer.width) and layer.window is None
        return is_third and any("Conv2d(" in text for text in texts)

    def _argument(self, number: int) -> None:
        """A number in brackets or behind a comma: `Dense (128)`, `MaxPool2d(2)`, `Conv2d(3, 64, kernel_size=3)`."""
        layer = self.row
        if layer.kind in GLOBAL and number == 1:
            return
        if layer.kind in ("softmax", "flatten"):
            self._size("output", (number,), "kind" if "kind" in self.cells else "description")
        elif layer.kind in POOLS or self._calls_torch():
            self._set("window", (number, number))
        elif layer.kind == "FC" and layer.takes is not None and layer.width is None:
            self._set("width", number)
        elif layer.kind in (*CONVOLUTIONS, "FC") and layer.width is not None and layer.takes is None:
            layer.takes, layer.width = layer.width, number
        elif layer.kind in (*CONVOLUTIONS, "FC"):
            self._set("width", number)
        else:
            raise RefusedError

    def _number_in_filter(self, number: int) -> None:
        roles = self.columns["filter"].roles
        layer = self.row
        if layer.window is None:
            self._set("window", (number, number))
        elif layer.stride is None and "stride" in roles:
            self._set("stride", number)
        elif "pad" in roles and layer.pad is None:
            self._set("pad", number)
        elif layer.kind == "conv" and layer.width is None and self._is_width(number):  # `5x5, 64`
            self._set("width", number)
        else:
            raise RefusedError

    def _is_width(self, number: int) -> bool:
        """Whether a number behind a window is of filters: no column says those, or a size that is printed does."""
        printed = [each.numbers for each in self.parts.get("output", ()) if len(each.numbers) == 3]
        return not self.has_widths or (number > _STRIDE and any(number in (size[0], size[-1]) for size in printed))

    def _window(self, fact: Fact, name: str) -> None:
        layer, numbers = self.row, self._flat(fact.numbers)
        if layer.kind == "FC" and len(numbers) == 2 and fact.name != "kernel":
            is_filter = name == "filter"
            if numbers == (1, 1) and (layer.width is not None or (is_filter and "width" in self.cells)):
                return  # all that comes in is one place
            if is_filter and self._slides():
                self._set("window", (numbers[0], numbers[1]))
                return
            self._set("takes", numbers[0])
            self._set("width", numbers[1])
            return
        if layer.kind == "FC" and len(numbers) == 3 and fact.name == "sides":  # `Linear(32 * 7 * 7, 128)`
            self._set("takes", prod(numbers))
            return
        if layer.kind == "FC" and len(numbers) == 4 and fact.name == "sides" and name == "filter":  # `5x5x48x512`
            self._set("takes", prod(numbers[:3]))
            self._set("width", numbers[3])
            return
        if layer.kind in GLOBAL and len(numbers) == 2:
            layer.over = numbers
            return
        if layer.kind not in (*CONVOLUTIONS, *POOLS) or not all(numbers) or len(numbers) < 2:
            raise RefusedError
        if layer.kind == "conv" and fact.name == "shape" and fact.text:  # `(64, 3x3)`, `(3x3, 64)`
            width, *numbers_of_window = numbers if fact.text == "count, sides" else (numbers[2], *numbers[:2])
            self._set("width", width)
            self._set("window", tuple(numbers_of_window))
            return
        if layer.kind in POOLS and fact.name == "shape" and len(set(numbers)) > 1 and "x" not in fact.at.text:
            raise RefusedError  # `(3, 2)`: a window, or its stride behind it
        self._set("window", (numbers[0], numbers[1]))
        is_deep = fact.text == "dw"
        if (layer.kind == "depthwise" and len(numbers) == 4) or is_deep != (
            layer.kind == "depthwise" and len(numbers) > 2
        ):
            raise RefusedError
        if len(numbers) > 3:
            self._set("takes", numbers[2])
            self._set("width", numbers[3])
        elif len(numbers) == 3:
            layer.third = numbers[2]

    def _rate(self, fact: Fact, name: str) -> None:
        layer = self.row
        last = next((part for part in reversed(layer.behind) if part.kind in ("dropout", "LeakyReLU", "ELU")), None)
        text = rate_of(fact)
        wanted = ("dropout",) if fact.name != "slope" else ("LeakyReLU", "ELU")
        kinds = ("dropout", "LeakyReLU", "ELU") if fact.name == "rate" and "=" not in fact.at.text else wanted
        if layer.kind in kinds:
            self._set_rate(layer, text)
        elif last is not None and last.kind in kinds:
            self._set_rate(last, text)
        else:
            raise RefusedError

    def _set_rate(self, of: Layer | Part, text: str) -> None:
        if of.rate not in ("", text):
            raise RefusedError
        of.rate = text


def _shape(fact: Fact) -> tuple[int, ...]:
    """Sizes with channels last: `64@5x5` has them first."""
    return (*fact.numbers[1:], fact.numbers[0]) if fact.name == "counted" else fact.numbers
