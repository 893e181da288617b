"""What the cells of a row say."""

import re
from collections.abc import Sequence
from math import prod

from vggdsl.language.notations.draft import TELLS, Draft, UnreadableError
from vggdsl.language.notations.excerpt import Excerpt, joined
from vggdsl.language.notations.grid import Row
from vggdsl.language.notations.layer_table.added import BEHIND, COLUMNS, StrangeColumnError, add, may_say, rate_of
from vggdsl.language.notations.layer_table.columns import Column
from vggdsl.language.notations.layer_table.facts import ACTIVATIONS, KNOWN, Fact, UnsayableError, facts
from vggdsl.language.notations.layer_table.figures import FIGURE
from vggdsl.language.notations.layer_table.layer import CONVOLUTIONS, GLOBAL, POOLS, Layer, Part

_EXAMPLES = {
    "filter": "`3x3`, `3x3/2`, `3x3, K = 32`, `3x3x64x128`, `3x3x64 dw`, of an FC `1024x1000`; once each",
    "stride": "`2`, where no other cell says another",
    "pad": "`1`, `same` or `valid`, where no other cell says another",
    "width": "`64` or `64 maps of 8x8 neurons`, where no other cell says another",
    "output": "`32x32x64`, `(64, 32, 32)`, `32x32` or `512`",
    "input": "`32x32x64`, `(64, 32, 32)`, `32x32` or `512`",
    "activation": "ReLU, LeakyReLU (0.1), tanh, sigmoid, softmax or none",
    "description": "`1x1 stride, same padding, outputs 32x32x64`, of an input `32x32x3 RGB image`",
    "params": "`1,792` or `1.8K`",
    "macs": "`1,792` or `1.8M`",
    "BN": "yes or no",
    "maxpool": "`2x2` or `3x3, stride 2`",
    "pool": "`2x2` or `3x3, stride 2`",
    "pool stride": "`2`",
    "dropout": "`0.5` or `50%`",
    "repeat": "`2` or `x2`",
}
_NAMES_LAYERS = ("kind", "name", "description", "filter", "width", "params")
"""Columns in which a layer may be named."""
_OF_POOL = ("argument", "sides", "kernel", "stride", "call", "shape")
"""What behind a pool's word is of the pool."""
_PROSE = re.compile(r"[^\d]*")
_YES = re.compile(r"(yes|true|✓|✔|y|x|1|\\checkmark)|no|false|n|0|✗", re.IGNORECASE)
_EMPTY = re.compile(r"[-\s.*/]*|[✗✘]|n/?a|\( ?\)", re.IGNORECASE)


class _RefusedError(Exception):
    """A fact that another cell says otherwise, or that a layer hasn't."""


def layer_of(draft: Draft, row: Row, found: Sequence[Column], roles: Sequence[str]) -> Layer:
    """A row, of which each cell is read or refused; ``roles`` are those of the columns."""
    cells = dict[str, Excerpt]()
    at_columns = dict[str, Column]()
    for cell in row:
        at = cell.columns.start
        if at >= len(found) or (not roles[at] and cell.text and not _EMPTY.fullmatch(cell.text.text)):
            if cell.text:
                draft.refuse("there is no column for this cell", cell.text, "leave it out")
            continue
        if roles[at] in ("", "prose") or _EMPTY.fullmatch(cell.text.text):
            continue
        name = roles[at]
        if name in cells and found[at].at is not at_columns[name].at and name != "name":
            draft.refuse("a second column of its kind", found[at].at, "leave one of them out")
        cells[name] = joined([cells[name], cell.text], " ", draft.source) if name in cells else cell.text
        at_columns[name] = found[at]
    first = next((cell.text for cell in row if cell.text), row[0].text)
    return _Reader(draft, cells, at_columns, first, "output" in roles or "width" in roles).layer()


class _Reader:
    """The cells of one row."""

    def __init__(
        self, draft: Draft, cells: dict[str, Excerpt], found: dict[str, Column], first: Excerpt, has_widths: bool
    ) -> None:
        self.draft, self.cells, self.columns, self.has_widths = draft, cells, found, has_widths
        at = cells.get("kind") or cells.get("description") or next(iter(cells.values()), first)
        self.row = Layer(at, "", cells)
        self.parts: dict[str, list[Fact]] = {}

    def layer(self) -> Layer:
        layer = self.row
        if not self._lex() or not self._kinds():
            return layer
        for name in ("kind", *(name for name in self.parts if name not in ("kind", "name"))):
            pool: Part | None = None
            for fact in self.parts.get(name, ()):
                if fact.name == "kind":
                    pool = next((part for part in layer.behind if part.kind in POOLS and part.at is fact.at), None)
                try:
                    if pool is not None and fact.name in _OF_POOL:
                        self._take_of(pool, fact)
                    else:
                        self._take(fact, name)
                except _RefusedError:
                    help = f"it has {_EXAMPLES.get(name, 'what no other cell says otherwise')}"
                    self.draft.refuse(f"`{self.cells[name].text}` can't be read in this column", self.cells[name], help)
                    break
        try:
            add(layer, self.parts, self.cells)
        except StrangeColumnError as error:
            self._unread(error.name, self.cells[error.name])
        self._has_no()
        if layer.index is not None and layer.kind == "FC" and layer.width is None and layer.index > LONGEST_LIST:
            layer.width = layer.index
        return layer

    def _take_of(self, pool: Part, fact: Fact) -> None:
        """Takes what stands behind the pool of another layer's row: `Conv2d(3, 8, 3) + MaxPool2d(2)`."""
        side, *more = fact.numbers
        if fact.name == "stride" and pool.stride is None and not set(more) - {side} and side:
            pool.stride = side
        elif fact.name == "call" and pool.window is None and len(more) == 1 and side and more[0]:
            pool.window, pool.stride = (side, side), more[0]
        elif fact.name in ("argument", "sides", "kernel") and pool.window is None and len(more) < 2 and side:
            pool.window = (side, more[0] if more else side)
        else:
            raise _RefusedError

    def _has_no(self) -> None:
        """Refuses what a layer of its kind hasn't."""
        layer, cells = self.row, self.cells
        slides = layer.kind in (*CONVOLUTIONS, *POOLS)
        strange = {
            "stride": layer.stride not in (None, 1) and (not slides or layer.is_global),
            "pad": layer.pad not in ((None, 0, "valid") if "pad" in cells else (None,)) and not slides,
            "dilation": layer.dilation != 1 and layer.kind not in CONVOLUTIONS,
            "groups": layer.groups not in (None, 1) and layer.kind not in CONVOLUTIONS,
        }
        for name in (name for name, is_strange in strange.items() if is_strange):
            at = cells.get(name, layer.at)
            self.draft.refuse(f"{layer.kind} has no {name}: `{at.text}`", at, "leave it out")

    def _lex(self) -> bool:
        """The facts of all cells."""
        count = len(self.draft.wrong)
        for name, cell in self.cells.items():
            if name in ("params", "macs"):
                if FIGURE.fullmatch(cell.text):
                    continue
                if name == "macs" or re.fullmatch(r"[\d.,\s]+\w?", cell.text):
                    self._unread(name, cell)
                    continue
            if name == "name":
                self.parts[name] = [fact for fact in _named(cell) if fact.name == "kind"][:1]
                continue
            if name == "BN" and (yes := _YES.fullmatch(cell.text)):
                self.parts[name] = [Fact("kind", cell, text="BN")] if yes[1] else []
                continue
            try:
                self.parts[name] = facts(cell)
            except UnreadableError as error:
                if name == "kind" and self._named_elsewhere():
                    self.parts[name] = []
                elif name == "description" and self._is_prose(cell):
                    self.draft.assumed(
                        "what is said in words alone isn't read: the other cells say all", cell, once=True
                    )
                    self.parts[name] = []
                elif name in _EXAMPLES and name != "description":
                    self._unread(name, cell)
                else:
                    message = error.message if isinstance(error, UnsayableError) else self._message(name, error)
                    self.draft.refuse(message, error.at, KNOWN if name == "kind" else error.help)
        return len(self.draft.wrong) == count

    def _is_prose(self, cell: Excerpt) -> bool:
        """Whether a description has no number, nor tells of what changes a network."""
        is_layer = "kind" in self.cells and any(fact.name == "kind" for fact in _named(self.cells["kind"]))
        return is_layer and _PROSE.fullmatch(cell.text) is not None and not TELLS.search(cell.text)

    def _message(self, name: str, error: UnreadableError) -> str:
        return f"`{self.cells[name].text}` is no layer that is known" if name == "kind" else error.message

    def _unread(self, name: str, cell: Excerpt) -> None:
        self.draft.refuse(f"`{cell.text}` can't be read in this column", cell, f"it has {_EXAMPLES[name]}")

    def _named_elsewhere(self) -> bool:
        """Whether the description says what the layer is, so that the name needn't."""
        said = _named(self.cells["description"]) if "description" in self.cells else []
        return any(fact.name == "kind" for fact in said)

    def _kinds(self) -> bool:
        """The layer, and those that follow it in the row."""
        layer = self.row
        for name in ("kind", "description", "filter", "width", "params"):
            said = [fact for fact in self.parts.get(name, ()) if fact.name == "kind"]
            for index, fact in enumerate(said):
                if not self._is(fact, is_first=index == 0):
                    at = self.cells[name]
                    message = f"`{at.text}` says another layer than `{layer.at.text}`"
                    message = "these are several layers" if at.text == layer.at.text else message
                    self.draft.refuse(message, at, "write a row for each, or correct one of them")
                    return False
        if not layer.kind and not layer.behind:
            layer.kind = next((fact.text for fact in self.parts.get("name", ())), "")
        if layer.kind == "flatten" and layer.behind:
            layer.behind = []
        if not layer.kind and layer.behind:
            first = layer.behind.pop(0)
            layer.kind, layer.rate = first.kind, first.rate
        if not layer.kind and (activation := self.parts.get("activation")) and "kind" not in self.cells:
            layer.kind = next((fact.text for fact in activation if fact.name == "kind"), "")
        if not layer.kind:
            self.draft.refuse(f"`{layer.at.text}` is no layer that is known", layer.at, KNOWN)
        return bool(layer.kind)

    def _is(self, fact: Fact, is_first: bool) -> bool:
        """Takes a kind; whether it agrees with what the row is already."""
        layer, kind = self.row, fact.text
        if kind == layer.kind or (kind == "activation" and layer.kind) or (kind == "flatten" and layer.kind == "FC"):
            return True
        if layer.kind == "output" and kind in BEHIND and self._says_width():  # `Output | 2 neurons, Softmax`
            layer.behind.append(Part(kind, fact.at))
            return True
        if layer.kind == "input" and kind == "conv" and self._says_width():  # the first layer, named so
            layer.kind = kind
            return True
        if layer.kind in ("FC", "softmax") and kind == "output":  # `Softmax | Output layer`
            return True
        if layer.kind == "FC" and kind == "none":  # `Linear`, in a column of activations
            return True
        refines = layer.kind == "pool" and kind in (*POOLS, *GLOBAL)
        refines |= layer.kind in ("maxpool", "avgpool") and kind == f"global-{layer.kind}"
        refines |= layer.kind in ("output", "logits", "flatten") or (layer.kind == "activation" and kind in ACTIVATIONS)
        if refines:
            layer.kind = kind
            return True
        if layer.kind == "conv" and kind == "FC":
            return False
        if kind == "pool" and layer.kind in (*POOLS, *GLOBAL):
            return True
        if kind in BEHIND and (layer.kind or layer.behind or kind in ("BN", "LRN", "dropout", "softmax", *ACTIVATIONS)):
            if not layer.kind and not layer.behind:
                layer.kind = kind
            else:
                layer.behind.append(Part(kind, fact.at))
            return True
        if kind in POOLS and layer.kind in CONVOLUTIONS and not is_first:
            layer.behind.append(Part(kind, fact.at))
            return True
        if layer.kind:
            return False
        layer.kind = kind
        return True

    def _says_width(self) -> bool:
        """Whether words say how many values the row gives."""
        names = ("filters", "argument", "number")
        return any(fact.name in names for name in ("kind", "description") for fact in self.parts.get(name, ()))

    def _take(self, fact: Fact, name: str) -> None:
        """Takes what a cell of a column says. Raises ``_RefusedError``."""
        layer, numbers = self.row, fact.numbers
        if name in COLUMNS:
            if not may_say(fact, name):
                raise _RefusedError
            return
        match fact.name:
            case "kind" if name not in _NAMES_LAYERS and fact.text != layer.kind:
                raise _RefusedError
            case "kind" | "pointwise" | "whole":
                if fact.name == "pointwise":
                    self._set("window", (1, 1))
                layer.is_whole |= fact.name == "whole"
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
            case "number" | "argument" if (
                name == "filter" and layer.kind in ("softmax", "flatten") and not self.has_widths
            ):
                self._size("output", numbers, name)
            case "number" | "argument" if name == "filter" and layer.kind in (*CONVOLUTIONS, *POOLS):
                self._number_in_filter(numbers[0])
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
                raise _RefusedError

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
        if name == "stride" and value == 0:
            raise _RefusedError
        if name == "width" and layer.kind == "input":
            name = "colours"
        if getattr(layer, name) not in (default, value):
            raise _RefusedError
        setattr(layer, name, value)

    def _square(self, name: str, numbers: tuple[int, ...]) -> None:
        if len(set(numbers)) != 1:
            raise _RefusedError
        self._set(name, numbers[0])

    def _size(self, name: str, numbers: tuple[int, ...], column: str) -> None:
        printed = getattr(self.row, name)
        if (
            self.row.kind not in (*CONVOLUTIONS, *POOLS, *GLOBAL, "input")
            and len(numbers) == 2
            and min(numbers) == 1 < max(numbers)
        ):
            numbers = (max(numbers),)  # of a batch of one, or a column
        if self.row.kind == "input" and len(printed) == 2 and printed in (numbers[:2], numbers[1:]):
            printed = ()  # `28x28 grayscale`, and with its channels in another cell
        if not numbers or len(numbers) > 3 or printed not in ((), numbers):
            raise _RefusedError
        setattr(self.row, name, numbers)
        if name == "output":
            self.row.output_at = self.cells[column]

    def _number(self, number: int, is_name: bool) -> None:
        """A number behind a layer's name: of a list, `Conv 1`, or what it gives, `3x3 conv. 96`."""
        if is_name and self.row.index is None and self.row.kind != "softmax":
            self.row.index = number
        elif self.row.kind in (*CONVOLUTIONS, "FC"):
            self._set("width", number)
        else:
            raise _RefusedError

    def _call(self, fact: Fact) -> None:
        """Numbers as code gives them: `MaxPool2d(3, 2)`, PyTorch's `Conv2d(3, 64, 5)`, Keras' `Conv2D(64, 5)`."""
        layer, numbers = self.row, fact.numbers
        if layer.kind in POOLS and len(numbers) == 2:
            self._set("window", (numbers[0], numbers[0]))
            self._set("stride", numbers[1])
        elif layer.kind == "conv" and len(numbers) == 2 and fact.text == "2D":
            self._set("width", numbers[0])
            self._set("window", (numbers[1], numbers[1]))
        elif layer.kind == "conv" and len(numbers) == 3 and fact.text == "2d":
            self._set("takes", numbers[0])
            self._set("width", numbers[1])
            self._set("window", (numbers[2], numbers[2]))
        elif layer.kind == "conv" and len(numbers) == 2 and layer.window is not None:
            self._set("takes", numbers[0])
            self._set("width", numbers[1])
        elif layer.kind in GLOBAL and numbers == (1, 1):
            layer.over = (1, 1)
        else:
            raise _RefusedError

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
        if layer.kind == "softmax":
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
            raise _RefusedError

    def _number_in_filter(self, number: int) -> None:
        roles = self.columns["filter"].roles
        layer = self.row
        if layer.window is None:
            self._set("window", (number, number))
        elif layer.stride is None:
            self._set("stride", number)
        elif "pad" in roles and layer.pad is None:
            self._set("pad", number)
        else:
            raise _RefusedError

    def _window(self, fact: Fact, name: str) -> None:
        layer, numbers = self.row, fact.numbers
        if layer.kind == "FC" and len(numbers) == 2 and fact.name != "kernel":
            if numbers == (1, 1) and layer.width is not None:
                return  # all that comes in is one place
            self._set("takes", numbers[0])
            self._set("width", numbers[1])
            return
        if layer.kind == "FC" and len(numbers) == 3 and fact.name == "sides":  # `Linear(32 * 7 * 7, 128)`
            self._set("takes", prod(numbers))
            return
        if layer.kind in GLOBAL and len(numbers) == 2:
            layer.over = numbers
            return
        if layer.kind not in (*CONVOLUTIONS, *POOLS) or not all(numbers) or len(numbers) < 2:
            raise _RefusedError
        if layer.kind == "conv" and fact.name == "shape" and fact.text:  # `(64, 3x3)`, `(3x3, 64)`
            width, *numbers_of_window = numbers if fact.text == "count, sides" else (numbers[2], *numbers[:2])
            self._set("width", width)
            self._set("window", tuple(numbers_of_window))
            return
        if layer.kind in POOLS and fact.name == "shape" and len(set(numbers)) > 1 and "x" not in fact.at.text:
            raise _RefusedError  # `(3, 2)`: a window, or its stride behind it
        self._set("window", (numbers[0], numbers[1]))
        is_deep = fact.text == "dw"
        if (layer.kind == "depthwise" and len(numbers) == 4) or is_deep != (
            layer.kind == "depthwise" and len(numbers) > 2
        ):
            raise _RefusedError
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
            raise _RefusedError

    def _set_rate(self, of: Layer | Part, text: str) -> None:
        if of.rate not in ("", text):
            raise _RefusedError
        of.rate = text


def _named(cell: Excerpt) -> list[Fact]:
    """What a name says; nothing where it is one."""
    try:
        return facts(cell)
    except UnreadableError:
        return []


LONGEST_LIST = 31
"""A number behind a name up to this counts the layers of a list, `FC 2`; a larger one is a width, `FC 4096`."""


def _shape(fact: Fact) -> tuple[int, ...]:
    """Sizes with channels last: `64@5x5` has them first."""
    return (*fact.numbers[1:], fact.numbers[0]) if fact.name == "counted" else fact.numbers
