"""What the cells of a row say."""

import re
from collections.abc import Sequence

from vggdsl.language.notations.draft import TELLS, Draft, UnreadableError
from vggdsl.language.notations.excerpt import Excerpt, joined
from vggdsl.language.notations.grid import Row
from vggdsl.language.notations.layer_table.added import BEHIND, StrangeColumnError, add, agree, part_of, rate_of
from vggdsl.language.notations.layer_table.columns import OF_FCS, UNREAD, Column
from vggdsl.language.notations.layer_table.facts import ACTIVATIONS, KNOWN, Fact, UnsayableError, facts
from vggdsl.language.notations.layer_table.figures import FIGURE
from vggdsl.language.notations.layer_table.kernels import with_pool
from vggdsl.language.notations.layer_table.layer import CONVOLUTIONS, GLOBAL, POOLS, Layer, Part, width_of
from vggdsl.language.notations.layer_table.refused import refuse_second, refuse_unknown
from vggdsl.language.notations.layer_table.taking import LONGEST_LIST, OF_POOL, RefusedError, Taking
from vggdsl.language.notations.meanings import InWords

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
_BESIDE = "it says a number that its layer hasn't, or that is said already: take that out, or name another layer"
_SHOWN = re.compile(r"((?:in|out)put)(?: layer| image)? ?\([a-z][a-z -]*(?:(?<= )(\d{1,4}) channels)?\)", re.IGNORECASE)
"""`Input (EEG image with 8 channels)`, `Output (class distribution)`."""
_PROSE = re.compile(r"[^\d]*")
_SAYS = re.compile(r"prob|keep|rate|kernel|filter|size|channel|same|valid|average|\bmax", re.IGNORECASE)
"""Words of what a description leaves without its number."""
_TAKEN = re.compile(r"(max(?:imum)?)|av(?:era)?ge?|mean", re.IGNORECASE)
"""Of a pool, in a column of activations."""
_YES = re.compile(r"(yes|true|✓|✔|y|x|1|\\checkmark)|no|false|n|0|✗", re.IGNORECASE)
_SPELLED = re.compile(r"conv(\d{1,2})-(\d{1,5})", re.IGNORECASE)
_TIMES = re.compile(r"\(x ?\d+\)| x\d+|\(\d+ ?x\)")
"""Of a name, that its rows are repeated: `Block 2 (x3)`."""
_OF_A_LIST = re.compile(r"[A-Za-z]\d{1,3}")
"""A name that says but which layer it is, as LeNet's: `S2` has no stride."""
_ONE = (*CONVOLUTIONS, *POOLS, "FC")
"""Layers of which a row has one, in words that say it once."""
_ONCE = ("sides", "kernel", "filters", "counted")
_WIDTHS = ("number", "argument", "filters")
_OF_ONE = ("width", "takes", "dilation", "groups", "repeat")
"""Facts that a cell says once, and those of which one stands in a cell of these columns."""
_REFINED = {"pool": (*POOLS, *GLOBAL), "activation": ACTIVATIONS}
"""What a layer's name says of it, where its cell says no more than that."""
_EMPTY = re.compile(r"[-\s.*/]*|[✗✘]|n/?a|\( ?\)", re.IGNORECASE)


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
        if roles[at] in ("", *UNREAD) or _EMPTY.fullmatch(cell.text.text):
            continue
        name = roles[at]
        if name == "SE":
            if (said := _YES.fullmatch(cell.text.text)) is None or said[1]:
                message = f"`{cell.text.text}`: to how many channels a squeeze-and-excitation goes isn't printed"
                draft.refuse(message, cell.text, "write the network in the language of specs, with its ratio")
            continue
        text = _unmarked(draft, cell.text)
        if name in cells and found[at].at is not at_columns[name].at and name not in ("name", "words"):
            refuse_second(draft, found[at].at)
            continue
        cells[name] = joined([cells[name], text], " ", draft.source) if name in cells else text
        at_columns[name] = found[at]
    first = next((cell.text for cell in row if cell.text), row[0].text)
    return _Reader(draft, cells, at_columns, first, "output" in roles or "width" in roles).layer()


_OPEN_SIDE = re.compile(r"(\d{1,3}) ?x ?n|n ?x ?(\d{1,3})", re.IGNORECASE)
"""A window of which one side is but a letter."""
_MARK = re.compile(r"(?<=\d)(?:\*{1,3}|[†‡§¶])(?=\s*(?:$|[)\],;]))")
"""Of a footnote."""


def _unmarked(draft: Draft, cell: Excerpt) -> Excerpt:
    """A cell without the mark of a footnote behind a number."""
    bare = cell.sub(_MARK, "")
    if bare is not cell:
        draft.assumed("what a footnote says isn't read", cell, once=True)
    return bare


class _Reader:
    """The cells of one row."""

    def __init__(
        self, draft: Draft, cells: dict[str, Excerpt], found: dict[str, Column], first: Excerpt, has_widths: bool
    ) -> None:
        self.draft, self.cells = draft, cells
        at = cells.get("kind") or cells.get("description") or next(iter(cells.values()), first)
        self.row = Layer(at, "", cells)
        self.taking = Taking(self.row, cells, found, has_widths)
        self.parts = self.taking.parts

    def layer(self) -> Layer:
        layer = self.row
        if not self._lex() or not self._kinds():
            return layer
        for name in ("kind", *(name for name in self.parts if name not in ("kind", "name"))):
            pool: Part | None = None
            before = list[Fact]()
            for fact in self.parts.get(name, ()):
                is_again = _is_second(fact, name, before)
                if fact.name != "kind" or fact.text in BEHIND:  # behind an activation a window is still a second one
                    before.append(fact)
                else:
                    before = []
                if fact.name == "kind":
                    pool = next((part for part in layer.behind if part.kind in POOLS and part.at is fact.at), None)
                try:
                    if is_again:
                        raise RefusedError
                    if pool is not None and fact.name in OF_POOL:
                        self.taking.take_of(pool, fact)
                    else:
                        self.taking.take(fact, name)
                except RefusedError:
                    if self._is_spelled(name):
                        return layer
                    help = f"it has {_EXAMPLES[name]}" if name in _EXAMPLES else _BESIDE
                    self.draft.refuse(f"`{self.cells[name].text}` can't be read in this column", self.cells[name], help)
                    break
        try:
            add(layer, self.parts, self.cells)
        except StrangeColumnError as error:
            self._unread(error.name, self.cells[error.name])
        self._says_more()
        self._has_no()
        if layer.index is not None and layer.kind == "FC" and layer.width is None and layer.index > LONGEST_LIST:
            layer.width = layer.index
        return layer

    def _is_spelled(self, name: str) -> bool:
        """Refuses the word of a layer that says its window and its filters, where a column says others."""
        cell = self.cells.get("kind")
        spelled = _SPELLED.fullmatch(cell.text) if cell is not None else None
        if cell is None or spelled is None or name not in ("filter", "width"):
            return False
        message = f"`{cell.text}` says a window of {spelled[1]}x{spelled[1]} and {spelled[2]} filters"
        help = f"other cells of its row say others; a name alone is `{spelled[0].replace('-', '_')}`"
        self.draft.refuse(message, cell, help)
        return True

    def _says_more(self) -> None:
        """Refuses a name that says what no other cell does: `FC6 + Dropout`, `conv1 /2`, `Block 2 (x3)`."""
        if (cell := self.cells.get("name")) is None:
            return
        layer, said = self.row, self.parts["name"]
        first = next((fact for fact in said if fact.name == "kind"), None)
        is_more = any(fact is not first and not _holds(fact, layer) for fact in said)
        is_more |= layer.repeat == 1 and _TIMES.search(cell.text) is not None
        if is_more:
            message = f"`{cell.text}` says more than the other cells of its row"
            self.draft.refuse(message, cell, "write it in the cells of its columns, and leave it out of the name")
        elif not said and TELLS.search(cell.text) and layer.kind in (*CONVOLUTIONS, *POOLS, *GLOBAL, "FC", "flatten"):
            self.draft.assumed("what names say isn't read: the other cells of a row say all", cell, once=True)

    def _has_no(self) -> None:
        """Refuses what a layer of its kind hasn't."""
        layer, cells = self.row, self.cells
        slides = layer.kind in (*CONVOLUTIONS, *POOLS)
        strange = {
            "stride": (layer.stride not in (None, 1) or layer.across) and (not slides or layer.is_global),
            "pad": layer.pad not in ((None, 0, "valid") if "pad" in cells else (None,)) and not slides,
            "dilation": layer.dilation != 1 and layer.kind not in CONVOLUTIONS,
            "groups": layer.groups not in (None, 1) and layer.kind not in (*CONVOLUTIONS, "GN"),
        }
        if (
            slides
            and "width" in cells
            and OF_FCS.fullmatch((head := self.taking.columns["width"].at).text.strip(" .:"))
        ):
            message = f"`{cells['width'].text}` stands below `{head.text}`, and `{layer.at.text}` is no FC"
            self.draft.refuse(message, cells["width"], "write it into the column of its layer")
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
                self.parts[name] = [] if _OF_A_LIST.fullmatch(cell.text) else _named(cell)
                continue
            if name == "activation" and (taken := _TAKEN.fullmatch(cell.text)):
                self.parts[name] = [Fact("kind", cell, text="maxpool" if taken[1] else "avgpool")]
                continue
            if name == "BN" and (yes := _YES.fullmatch(cell.text)):
                self.parts[name] = [Fact("kind", cell, text="BN")] if yes[1] else []
                continue
            if name == "filter" and (side := _OPEN_SIDE.fullmatch(cell.text)):
                self.parts[name] = [Fact("open", cell, (int(side[1] or 0), int(side[2] or 0)))]
                continue
            try:
                self.parts[name] = facts(with_pool(cell) if name == "filter" else cell)
            except UnreadableError as error:
                is_sayable = not isinstance(error, UnsayableError)
                if name == "kind" and is_sayable and (shown := _SHOWN.fullmatch(cell.text)):
                    self.parts[name] = self._shown(cell, shown)
                elif name == "kind" and self._named_elsewhere():
                    self.parts[name] = []
                elif name == "description" and self._is_prose(cell):
                    self.draft.assumed(
                        "what is said in words alone isn't read: the other cells say all", cell, once=True
                    )
                    self.parts[name] = []
                elif name in _EXAMPLES and name != "description":
                    self._unread(name, cell)
                else:
                    is_strange = name == "kind" and not isinstance(error, UnsayableError)
                    words = self.cells[name].text if is_strange else ""
                    message = f"`{words}` is no layer that is known" if is_strange else error.message
                    refuse_unknown(self.draft, message, error.at, KNOWN if name == "kind" else error.help, words)
                    if name == "kind" and not is_sayable:  # what the other cells say is of that layer
                        return False
        return len(self.draft.wrong) == count

    def _shown(self, cell: Excerpt, shown: re.Match[str]) -> list[Fact]:
        """What a row of the input or the output says besides in words."""
        self.draft.assumed("what is said of it in words isn't read", cell)
        kind = Fact("kind", cell.part(shown, 1), text="input" if shown[1].lower().startswith("in") else "output")
        channels = [Fact("colour", cell.part(shown, 2), (int(shown[2]),))] if shown[2] else []
        return [kind, *channels]

    def _is_prose(self, cell: Excerpt) -> bool:
        """Whether a description has no number, nor tells of what changes a network; a line that was cut has none."""
        text, at = cell.source.text, cell.places[0]
        line = text[text.rfind("\n", 0, at) + 1 :].partition("\n")[0]
        if not re.search(r"[|\t&<]| {2}", line) or _SAYS.search(cell.text):
            return False
        is_layer = "kind" in self.cells and any(fact.name == "kind" for fact in _named(self.cells["kind"]))
        return is_layer and _PROSE.fullmatch(cell.text) is not None and not TELLS.search(cell.text)

    def _unread(self, name: str, cell: Excerpt) -> None:
        self.draft.refuse(f"`{cell.text}` can't be read in this column", cell, f"it has {_EXAMPLES[name]}")

    def _named_elsewhere(self) -> bool:
        """Whether the description says what the layer is, so that the name needn't."""
        said = _named(self.cells["description"]) if "description" in self.cells else []
        return any(fact.name == "kind" for fact in said)

    def _kinds(self) -> bool:
        """The layer, and those that follow it in the row."""
        layer = self.row
        for name in ("kind", "description", "filter", "width", "params", "words"):
            said = [fact for fact in self.parts.get(name, ()) if fact.name == "kind"]
            for index, fact in enumerate(said):
                is_again = fact.text == layer.kind and _is_again(fact, said[:index])
                if is_again or not self._is(fact, is_first=index == 0 and name != "words"):
                    at = self.cells[name]
                    message = f"`{at.text}` says another layer than `{layer.at.text}`"
                    message = "these are several layers" if at.text == layer.at.text else message
                    help = "write a row for each, or correct one of them"
                    if isinstance(at.source, InWords) and at.source.heading is not None and len(said) > 2:
                        help += "; where each row is a network, leave --heading out"
                    self.draft.refuse(message, at, help)
                    return False
        named = next((fact.text for fact in self.parts.get("name", ()) if fact.name == "kind"), "")
        if (not layer.kind and not layer.behind) or named in _REFINED.get(layer.kind, ()):
            layer.kind = named
        if layer.kind == "flatten" and layer.behind:
            layer.behind = []
        if not layer.kind and layer.behind:
            first = layer.behind.pop(0)
            layer.kind, layer.rate, layer.groups = first.kind, first.rate, first.groups or layer.groups
        if not layer.kind and (activation := self.parts.get("activation")) and "kind" not in self.cells:
            layer.kind = next((fact.text for fact in activation if fact.name == "kind"), "")
        if not layer.kind and not {"kind", "description", "words"} & self.cells.keys():
            message = f"no cell of the row of `{layer.at.text}` names its layer"
            self.draft.refuse(message, layer.at, f"name it, or write it into the row that it belongs to: {KNOWN}")
        elif not layer.kind:
            words = layer.at.text
            refuse_unknown(self.draft, f"`{words}` is no layer that is known", layer.at, KNOWN, words)
        return bool(layer.kind)

    def _is(self, fact: Fact, is_first: bool) -> bool:
        """Takes a kind; whether it agrees with what the row is already."""
        layer, kind = self.row, fact.text
        if layer.kind == "joined" and kind in GLOBAL:
            layer.behind.append(part_of(fact))
            return True
        if (
            kind == layer.kind
            or (kind == "activation" and layer.kind)
            or (kind == "flatten" and layer.kind in ("FC", *CONVOLUTIONS, *POOLS, *GLOBAL))
        ):
            return True
        if layer.kind == "output" and kind in BEHIND and self._says_width():  # `Output | 2 neurons, Softmax`
            layer.behind.append(part_of(fact))
            return True
        if layer.kind == "input" and kind == "conv" and self._says_width():  # the first layer, named so
            layer.kind = kind
            return True
        if (layer.kind in ("FC", "softmax") and kind == "output") or (layer.kind == "FC" and kind == "logits"):
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
        if layer.kind == "conv" and kind == "separable" and is_first:  # `Conv2 | 3x3 separable conv`
            layer.kind = kind
            return True
        if kind == "pool" and layer.kind in (*POOLS, *GLOBAL):
            return True
        if kind in BEHIND and (layer.kind or layer.behind or kind != "none"):
            if not layer.kind and not layer.behind:
                layer.kind, layer.groups = kind, part_of(fact).groups
            else:
                layer.behind.append(part_of(fact))
            return True
        if kind in (*POOLS, *GLOBAL) and layer.kind in CONVOLUTIONS and not is_first:
            layer.behind.append(part_of(fact))
            return True
        if layer.kind:
            return False
        layer.kind = kind
        return True

    def _says_width(self) -> bool:
        """Whether words say how many values the row gives."""
        names = ("filters", "argument", "number")
        return any(fact.name in names for name in ("kind", "description") for fact in self.parts.get(name, ()))


def _holds(fact: Fact, layer: Layer) -> bool:
    """Whether a row is what its name says; plain numbers count rows."""
    parts: list[Layer | Part] = [layer, *layer.behind]
    match fact.name:
        case "kind":
            return any(agree(fact.text, part.kind) for part in parts)
        case "rate" | "slope" | "keep":
            return rate_of(fact) in [part.rate for part in parts]
        case "sides" | "kernel":
            return fact.numbers[:2] == layer.window
        case "filters":
            return fact.numbers[0] == width_of(layer)
        case "stride" | "pad" | "dilation" | "groups":
            return {*fact.numbers, *filter(None, [fact.text])} == {getattr(layer, fact.name)}
        case "times":
            return fact.numbers[0] == layer.repeat
        case _:
            return True


def _is_second(fact: Fact, name: str, before: Sequence[Fact]) -> bool:
    """Whether a cell says a window or a width of a layer again: `3x3, 3x3` and `64, 64` are of two layers."""
    of = _WIDTHS if name in _OF_ONE and fact.name in _WIDTHS else {fact.name} & {*_ONCE}
    return name not in ("output", "input") and any(each.name in of for each in before)


def _is_again(fact: Fact, before: Sequence[Fact]) -> bool:
    """Whether a cell says a layer a second time: `FC + FC`, where `Dense (fully connected)` says it in other words."""
    if fact.text not in _ONE or _letters(fact) not in {_letters(each) for each in before}:
        return False
    first = before[-1].at
    between = first.source.text[first.places[-1] + 1 : fact.at.places[0]]
    return len(before) > 1 or between.strip() != "(" or re.search(r"\d", first.text) is None  # `Conv1 (Conv + BN)`


def _letters(fact: Fact) -> str:
    return re.sub(r"[^a-z]", "", fact.at.text.lower())


def _named(cell: Excerpt) -> list[Fact]:
    """What a name says; nothing where it is one."""
    try:
        return facts(cell)
    except UnreadableError:
        return []
