"""Summaries of torchinfo and torchsummary, read: rows of modules, and the figures below them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.registry import Reading
from vggdsl.language.notations.summaries import Customs, Row, Teller, lines
from vggdsl.language.notations.uncut import SAID, pieces
from vggdsl.text.errors import Diagnostic, Label, ParseError
from vggdsl.text.source import Source

_CUSTOMS = Customs("PyTorch", hides_functions="some")
MODULES = {
    "Conv2d": "conv",
    "Linear": "FC",
    "BatchNorm2d": "BN",
    "BatchNorm1d": "BN",
    "ReLU": "ReLU",
    "ReLU6": "ReLU6",
    "GELU": "GELU",
    "SiLU": "SiLU",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "Hardswish": "hard-swish",
    "Softmax": "softmax",
    "MaxPool2d": "maxpool",
    "AvgPool2d": "avgpool",
    "AdaptiveAvgPool2d": "adaptive",
    "Dropout": "dropout",
    "Flatten": "flatten",
    "Identity": "nothing",
}
"""The words of the spec language for PyTorch's modules, and three of our own: adaptive, flatten, nothing."""
_UNSAYABLE = {
    "Dropout2d": "it drops whole channels, which no word says",
    "ConvTranspose2d": "networks that make maps larger can't be said",
    "Upsample": "networks that make maps larger can't be said",
}
_ACTIVATIONS = {"ReLU", "ReLU6", "GELU", "SiLU", "tanh", "sigmoid", "hard-swish"}
_FOLLOWING = {"Sequential"}
_INPUTS = ("Input", "InputLayer")
"""What people call a row that they put above the modules."""
_HEADINGS = {"output shape": "output", "input shape": "input", "param #": "params", "kernel shape": "kernel"}
_HEADINGS |= {"mult-adds": "macs", "trainable": "trainable", "param %": "share"}
_HEADER = re.compile(r"\s*Layer \((type:depth-idx|type \(var_name\):depth-idx|type)\)[ \t]+(.*\S)\s*")
_TREE = re.compile(
    r"(?P<tree>[│├└─ ]*)(?P<module>[A-Za-z_]\w*)(?: \((?P<name>[\w.]+)\))?"
    r"(?:: (?P<depth>\d{1,3})-\d{1,6}|-\d{1,6})?(?=[ \t]{2,}|[ \t]+(?:\[|--)|\s*$)"
)
_RULE = re.compile(r"[\s=_-]*|\s*`{3}\w*\s*")
"""A line without words, or the fence of code in Markdown."""
_SHAPE = re.compile(r"\[(-?\d{1,9})(, ?\d{1,9}(?:(?:, ?\d{1,9}){2})?)\]")
_COUNT = re.compile(
    r"(Total|Trainable|Non-trainable) params: ([\d,]{1,19})"
    r"|Total mult-adds \((?:Units\.)?(\w+)\): (\d{1,12}(?:\.\d{1,3})?)"
    r"|(Input size|Forward/backward pass size|Params size|Estimated Total Size) \(MB\): (\d{1,12}(?:\.\d{1,3})?)"
)
_SCALES = {"": 1, "K": 10**3, "KILOBYTES": 10**3, "M": 10**6, "MEGABYTES": 10**6, "G": 10**9, "GIGABYTES": 10**9}
_HALF = 0.006
"""Two digits are printed behind the point; what is more than half of the last is for binary rounding."""


def recognises(source: Source) -> bool:
    """By the heading of its columns; Keras' rows have another form."""
    text = "\n".join(line.text for line in lines(source)) if "Layer (type" in source.text else ""
    if re.search(r"^[ \t]*Layer \(type[ :)][^\n]*Param #", text, re.MULTILINE) is None:
        return False
    rows = re.search(r"^[│├└─ \t]*\w+(?: \([\w.]+\))?(?:: \d+-\d+|-\d+)[ \t]+\[", text, re.MULTILINE)
    return rows is not None and re.search(r"\(None\b|│ *\w+ *\(|Param #[^\n]*Connected", text) is None


def read(source: Source) -> Sequence[Reading]:
    """The one network of a summary."""
    summary = _Summary(source)
    summary.tell()
    return [summary.draft.reading()]


@dataclass(frozen=True)
class _Module:
    depth: int
    module: str
    at: Excerpt
    cells: dict[str, Excerpt]

    def shape(self, column: str) -> tuple[int, ...]:
        """Height, width and channels, or the number of values; without the batch."""
        match = _SHAPE.fullmatch(self.cells[column].text)
        numbers = [int(n) for n in re.findall(r"\d+", match[2])] if match else []
        return (*numbers[1:], numbers[0]) if len(numbers) == 3 else tuple(numbers)

    @property
    def batch(self) -> int:
        match = _SHAPE.fullmatch(self.cells["output"].text)
        return int(match[1]) if match else 0

    @property
    def params(self) -> int:
        text = self.cells["params"].text.replace(",", "")
        return int(text) if text.isdigit() else 0


class _Summary:
    def __init__(self, source: Source) -> None:
        self.source, self.draft = source, Draft(source)
        self.columns: list[str] = []
        self.modules: list[_Module] = []
        self.counts: list[tuple[re.Match[str], Excerpt]] = []
        for line in lines(source):
            if not _RULE.fullmatch(line.text):
                self._line(line)
        if not self.columns:
            label = Label(Excerpt.of(source).strip().span(), "this text")
            help = "paste it, too: `Layer (type:depth-idx) … Output Shape … Param #`"
            raise ParseError(Diagnostic("V115", "there is no heading of the columns", (label,), help))

    def _line(self, line: Excerpt) -> None:
        if (header := _HEADER.fullmatch(line.text)) is not None and not self.columns:
            titles = re.split(r"\s{2,}", header[2])
            cuts = pieces(line.part(header, 2), lambda cell: cell.text.lower() in _HEADINGS)
            if len(cuts) == 1 and len(cuts[0]) != len(titles):
                titles = [cell.text for cell in cuts[0]]
                self.draft.repaired(SAID, line.strip())
                self.draft.line()
            self.columns = [_HEADINGS.get(title.lower(), "") for title in titles]
            for column, title in zip(self.columns, titles, strict=True):
                if not column:
                    self.draft.refuse(f"a column `{title}` has no reading", line.strip(), "leave the column out")
            if not {"output", "params"} <= set(self.columns):
                self.draft.refuse("shapes and parameters are needed", line.strip(), "print both columns")
        elif (found := list(_COUNT.finditer(line.text))) and not _COUNT.sub("", line.text).strip():
            self.counts += [(match, line.part(match)) for match in found]
        elif {"output", "params"} <= set(self.columns):
            self._module(line)
        elif self.columns:
            return  # without these columns no row can be read: that has been told
        else:
            self.draft.refuse("this is no part of a summary", line.strip(), "leave it out")

    def _module(self, line: Excerpt) -> None:
        match = _TREE.match(line.text)
        cells = [cell for part in line[match.end() :].split(r"\s{2,}") if (cell := part.strip())] if match else []
        if match is not None and len(cells) != len(self.columns):
            rest = line[match.end() :]
            cells = [rest.part(cell) for cell in re.finditer(r"\[[^\[\]]*\]|\S+", rest.text)]
        if match is None or len(cells) != len(self.columns):
            help = "a row is `├─Conv2d: 1-1 | [1, 64, 32, 32] | 1,792`"
            self.draft.refuse("this row can't be read", line.strip(), help)
            return
        is_within = match["depth"] is None and "-" in match[0]  # torchsummary's, which has no depths
        depth = int(match["depth"] or is_within)
        named = dict(zip(self.columns, cells, strict=True))
        module = _Module(depth, match["module"], line.part(match, "module"), named)
        for name in ("output", "input"):
            if name in module.cells and not _SHAPE.fullmatch(module.cells[name].text):
                self.draft.refuse("this is no shape", module.cells[name], "a shape is `[1, 64, 32, 32]` or `[1, 10]`")
        if not re.fullmatch(r"--|\d{1,3}(,\d{3}){0,4}|\d{1,15}", module.cells["params"].text):
            help = "a number is `1,792`, or `--`; a module that is used twice is none of a spec"
            self.draft.refuse("this is no number of parameters", module.cells["params"], help)
        trained = module.cells.get("trainable")
        if trained is not None and trained.text not in ("True", "False", "Partial", "--"):
            self.draft.refuse("this doesn't say whether it is trained", trained, "it is True, False, Partial or --")
        if self.modules and module.batch != self.modules[0].batch:
            self.draft.refuse("another batch than above", module.cells["output"], "one summary has one batch")
        self.modules.append(module)

    # -- modules as layers

    def tell(self) -> None:
        """Puts the layers, and checks the figures below them."""
        first = self.modules[0] if self.modules else None
        is_input = first is not None and first.module in _INPUTS and not first.depth and "input" not in self.columns
        if first is not None and is_input:
            del self.modules[0]
        leaves = list(self._leaves()) if not self.draft.wrong else []
        if self.draft.wrong:
            return
        if not leaves:
            self.draft.refuse("there is no module", Excerpt.of(self.source).strip(), "paste the rows, too")
            return
        told = set[str]()
        for leaf in leaves:
            if leaf.module in _UNSAYABLE and leaf.module not in told:
                self.draft.refuse(f"the language has no {leaf.module}", leaf.at, _UNSAYABLE[leaf.module])
            elif leaf.module not in MODULES and leaf.module not in told:
                known = ", ".join(MODULES)
                self.draft.refuse(f"`{leaf.module}` is no module that is known", leaf.at, f"known are {known}")
            told.add(leaf.module)
        rows = [self._row(leaf) for leaf in leaves]
        if self.draft.wrong:
            return
        lists = any(row.kind in ("maxpool", "avgpool") for row in rows)
        is_code = not lists and self.modules[0].module not in _FOLLOWING
        teller = Teller(self.draft, replace(_CUSTOMS, hides_functions="all" if is_code else "some"))
        if first is not None and is_input and len(first.shape("output")) == 3 and not first.params:
            teller.input(first.shape("output"), first.cells["output"])
        elif "input" in self.columns:
            first = leaves[0]
            size = first.shape("input")
            if len(size) != 3:
                help = "the first module takes `[1, 3, 32, 32]`"
                self.draft.refuse("this is no image", first.cells["input"], help)
                return
            teller.input(size, first.cells["input"])
        elif not teller.first(rows, "with the column `input_size` of torchinfo"):
            return
        if not any(row.kind in _ACTIVATIONS for row in rows):
            text = "ReLU behind each convolution and hidden FC: no activation is printed"
            self.draft.assumed(text, leaves[0].at)
        self.draft.line()
        size = teller.x
        for leaf, row in zip(leaves, rows, strict=True):
            self._one(teller, leaf, row)
            self.draft.line()
        if not self.draft.wrong:
            self._figures(leaves, size)

    def _leaves(self) -> Iterator[_Module]:
        """Modules without others in them, in their order; what holds others gives what the last of these gives."""
        for index, module in enumerate(self.modules):
            inner = []
            for other in self.modules[index + 1 :]:
                if other.depth <= module.depth:
                    break
                inner.append(other)
            if not inner:
                if module.module in _FOLLOWING or (module.depth == 0 and len(self.modules) > 1):
                    self.draft.refuse("the modules in this one aren't printed", module.at, "print them: `depth=9`")
                yield module
                continue
            if module.module not in _FOLLOWING and module.depth:
                help = "print the module itself, or write the network in a spec"
                self.draft.refuse(f"what {module.module} does with its modules isn't printed", module.at, help)
            elif module.module not in _FOLLOWING:
                text = f"the modules of {module.module} follow each other: what it does with them isn't printed"
                self.draft.assumed(text, module.at)
            if "input" in module.cells and prod(module.shape("input")) != prod(inner[0].shape("input")):
                message = f"the first module in {module.module} takes another shape"
                self.draft.refuse(message, module.cells["input"], "correct the one or the other")
            if module.shape("output") != inner[-1].shape("output"):
                message = f"the last module in {module.module} gives another shape"
                self.draft.refuse(message, module.cells["output"], "correct the one or the other")
            if module.params:
                message = f"{module.module} holds parameters beside its modules"
                self.draft.refuse(message, module.cells["params"], "what they do can't be told")

    def _row(self, leaf: _Module) -> Row:
        kind = MODULES.get(leaf.module, "")
        kernel = 0
        if (cell := leaf.cells.get("kernel")) is not None and cell.text != "--":
            sides = set(re.findall(r"\d{1,4}", cell.text))
            kernel = int(sides.pop()) if len(sides) == 1 else -1
            if kernel < 1 or kind not in ("conv", "maxpool", "avgpool"):
                kernel = 0
                if kind in ("conv", "maxpool", "avgpool", ""):
                    self.draft.refuse("only square windows can be told", cell, "write the network in a spec")
        output = leaf.shape("output")
        return Row(kind, leaf.at, output, leaf.cells["output"], leaf.params, leaf.cells["params"], kernel)

    def _one(self, teller: Teller, leaf: _Module, row: Row) -> None:
        if "input" in leaf.cells and prod(leaf.shape("input")) != prod(teller.x):
            help = "what stands between them isn't printed: write the network in a spec"
            self.draft.refuse("this isn't what the module before gives", leaf.cells["input"], help)
        if row.kind == "adaptive":
            if row.shape[:2] == (1, 1):
                row = replace(row, kind="global-avgpool")
            elif row.shape == teller.x and not row.params:
                self.draft.comment(f"{leaf.module} to the size that comes changes nothing")
                return
            else:
                self.draft.refuse("a mean over such parts has no word", row.shape_at, "write the network in a spec")
        if row.kind == "nothing":
            if row.shape != teller.x or row.params:
                self.draft.refuse("an identity gives what it gets", row.shape_at, "correct the shape")
            return
        if row.kind == "conv" and len(row.shape) == len(teller.x) == 3 and _is_depthwise(row, teller.x):
            row = replace(row, kind="depthwise")
        if row.kind == "dropout":
            self.draft.assumed("a rate of 0.5: none is printed", row.at, once=True)
            row = replace(row, kind="dropout-0.5")
        if row.kind == "GELU":
            self.draft.assumed("a GELU by no approximation, PyTorch's own: none is printed", row.at, once=True)
        teller.tell(row)

    # -- figures below the rows

    def _figures(self, leaves: Sequence[_Module], size: tuple[int, ...]) -> None:
        params = sum(leaf.params for leaf in leaves)
        batch = max(leaves[0].batch, 1)
        macs = _macs(leaves)
        is_torchsummary = leaves[0].batch < 0
        unit = 2**20 if is_torchsummary else 10**6
        outputs = sum(prod(leaf.shape("output")) for leaf in leaves if is_torchsummary or leaf.params)
        megabytes = {
            "Input size": 4 * batch * prod(size) / unit,
            "Forward/backward pass size": 8 * batch * outputs / unit,
            "Params size": 4 * params / unit,
        }
        megabytes["Estimated Total Size"] = sum(megabytes.values())
        frozen = next((int(m[2].replace(",", "")) for m, _ in self.counts if m[1] == "Non-trainable"), 0)
        for leaf in leaves:
            if (cell := leaf.cells.get("macs")) is not None:
                printed = int(cell.text.replace(",", "")) if re.fullmatch(r"[\d,]{1,20}", cell.text) else 0
                self._agree(printed == batch * _macs([leaf]), cell)
            if (cell := leaf.cells.get("share")) is not None:
                share = f"{leaf.params / params:.2%}" if leaf.params else "--"
                self._agree(cell.text == share, cell)
        told = [leaf for leaf in leaves if leaf.params and "trainable" in leaf.cells]
        if told and any(match[1] for match, _ in self.counts):
            held = [leaf for leaf in told if leaf.cells["trainable"].text == "False"]
            is_partial = any(leaf.cells["trainable"].text == "Partial" for leaf in told)
            agrees = is_partial or sum(leaf.params for leaf in held) == frozen
            self._agree(agrees, (held or told)[0].cells["trainable"])
        for match, at in self.counts:
            if match[1] == "Total":
                self.draft.put(f"claim params {int(match[2].replace(',', '') or 0):,}", at)
                self.draft.line()
            elif match[1] == "Trainable":
                self._agree(int(match[2].replace(",", "") or 0) == params - frozen, at)
            elif match[1]:
                self._agree(frozen <= params, at)
                if frozen:
                    self.draft.comment(f"{at.text}: some are frozen")
                    self.draft.line()
            elif match[3]:
                scale = _SCALES.get(match[3].upper(), 0)
                self._agree(abs(batch * macs - float(match[4]) * scale) <= _HALF * scale, at)
            else:
                self._agree(abs(megabytes[match[5]] - float(match[6])) <= _HALF, at)

    def _agree(self, agrees: bool, at: Excerpt) -> None:
        if not agrees:
            self.draft.refuse("this isn't what the rows give", at, "correct it, or leave it out")


def _is_depthwise(row: Row, x: tuple[int, ...]) -> bool:
    """A convolution of each channel by itself: its parameters are of no other with a square kernel."""
    cin, cout = x[2], row.shape[2]
    return cin == cout and cin > 1 and row.params <= cout * (_MOST_POSITIONS + 1) and row.params < cin * cout


_MOST_POSITIONS = 121


def _macs(leaves: Sequence[_Module]) -> int:
    """Multiply-adds of an image as torchinfo counts: each parameter once a position, biases too."""
    return sum(
        leaf.params * (prod(leaf.shape("output")[:2]) if MODULES.get(leaf.module) == "conv" else 1) for leaf in leaves
    )
