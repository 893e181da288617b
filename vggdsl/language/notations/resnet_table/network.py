"""What the cells of ResNet's table mean."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from vggdsl.language.elaborate import elaborate
from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.phrases import Phrase
from vggdsl.language.notations.registry import Reading
from vggdsl.language.notations.resnet_table.rows import figure_of
from vggdsl.language.notations.resnet_table.table import Bare, Item, Stage, Table, Unit
from vggdsl.network.infer import infer
from vggdsl.text.errors import VggdslError
from vggdsl.text.figures import Figure

_CONV = re.compile(r"conv(\d+)-(\d+)(?:/(\d+))?(?: pad=\d+)?(?: groups=(\d+))?")
_STRIDED = re.compile(r"(?:conv|maxpool|avgpool)(\d+)(?:x\d+)?(?:-\d+)?/(\d+)")
_WIDTHS = "abcdefgh"
_EXCITED = "block excited(q, d) { mul[ identity | global-avgpool FC-$q ReLU FC-$d sigmoid ] }"


def readings(table: Table) -> list[Reading]:
    """A spec a column, of a table whose units have shortcuts.

    Where a stage strides is told by the multiply-adds that are printed; else it is the first layer of its first unit,
    as in the paper.
    """
    columns = range(len(table.names))
    units = [item for stage in table.stages for items in stage.items for item in items if isinstance(item, Unit)]
    could_differ = any(kind.sides.index(max(kind.sides)) for kind in set(map(_kind, units)) if kind.sides)
    if could_differ and table.figures.get("macs"):
        held = {at_widest: sum(_holds(table, column, at_widest) for column in columns) for at_widest in (False, True)}
        if held[True] > held[False]:
            return [_draft(table, column, at_widest=True).reading() for column in columns]
    return [_draft(table, column, at_widest=False).reading() for column in columns]


def _holds(table: Table, column: int, at_widest: bool) -> bool:
    """Whether the multiply-adds that are printed are those of the network."""
    cell = table.figures["macs"][column]
    figure = figure_of(cell) if cell is not None else None
    if figure is None:
        return False
    try:
        network = infer(elaborate(_draft(table, column, at_widest=at_widest).reading().document).graph)
    except VggdslError:
        return False
    return Figure.parse(figure).holds(network.macs)


# -- one network


def _draft(table: Table, column: int, *, at_widest: bool) -> Draft:
    name = table.names[column]
    draft = table.draft(column)
    network = None if draft.wrong else _Network(draft, table, column)
    if network is None or draft.wrong:
        return draft
    for text, at in table.repaired:
        draft.repaired(text, at)
        draft.line()
    network.write(at_widest=at_widest)
    if (layers := re.match(r"(\d+)-layer", name.text)) is not None:
        draft.put(f"claim weight-layers {layers[1]}", name)
        draft.line()
    for measure, cells in table.figures.items():
        cell = cells[column]
        if cell is not None and (figure := figure_of(cell)) is not None:
            draft.put(f"claim {measure} {figure}", cell)
            draft.line()
    return draft


@dataclass(frozen=True)
class _Conv:
    side: int
    width: int
    stride: int
    groups: int


def _conv(phrase: Phrase) -> _Conv | None:
    match = _CONV.fullmatch(phrase.text)
    return None if match is None else _Conv(*(int(number or 1) for number in match.groups()))


@dataclass(frozen=True)
class _Kind:
    """What units have in common that share a block: the sides of their windows, and groups."""

    sides: tuple[int, ...]
    groups: tuple[int, ...]
    squeezes: bool = False


class _Network:
    """A column: sizes are told before anything is written, so that it is refused as a whole."""

    def __init__(self, draft: Draft, table: Table, column: int) -> None:
        self.draft = draft
        self.stages = [(stage, stage.items[column]) for stage in table.stages]
        self.input = (0, 0)
        self.strides = dict[int, int]()
        """Of the first unit of a stage, by the stage's place."""
        self.kinds = dict[_Kind, str]()
        self.width = 3
        """Channels behind what is written."""
        if not self.stages or not any(isinstance(item, Unit) for _, items in self.stages for item in items):
            draft.refuse(
                "the table has no units for this network", table.names[column], "such as `[3x3, 64; 3x3, 64] x 2`"
            )
            return
        for stage, items in self.stages:
            if not items:
                draft.refuse("this row says nothing of a network", stage.size, "write its layers")
            for item in items:
                self._read(item)
        if not draft.wrong:
            self._sizes()

    def _read(self, item: Item) -> None:
        """Refuses what no layer of such a network is."""
        if isinstance(item, Bare):
            self.draft.refuse(f"`{item.at.text}` says no width", item.at, "such as `3x3, 64`")
            return
        if isinstance(item, Phrase):
            if item.kind == "conv" and _conv(item) is None:
                self.draft.refuse(f"`{item.at.text}` has a window that isn't square", item.at, "such as `3x3, 64`")
            return
        convs = [_conv(phrase) for phrase in item.convs]
        is_strange = len(convs) > len(_WIDTHS) or any("pad=" in phrase.text for phrase in item.convs)
        if is_strange or any(conv is None or conv.stride != 1 or not conv.side % 2 for conv in convs):
            help = "its windows, eight at most, have odd sides, and the stage's stride is told by the sizes"
            self.draft.refuse(f"`{item.at.text[:40]}` is no unit that is known", item.at, help)
            return
        if item.squeezed is not None and convs[-1] is not None and item.squeezed[1] != convs[-1].width:
            message = f"`{item.at.text[-20:]}` scales {item.squeezed[1]} channels, and there are {convs[-1].width}"
            self.draft.refuse(message, item.at, "the second number of `fc, [16, 256]` is the channels of its unit")
        if not item.times:
            self.draft.refuse("a unit stands there no times", item.often, "leave it out")
        kind = _kind(item)
        self.kinds.setdefault(kind, f"unit_{len(self.kinds) + 1}" if self.kinds else "unit")

    def _sizes(self) -> None:
        """The input, and where stages stride: as their sizes tell."""
        stage, items = self.stages[0]
        first = prod(_strided(item)[1] for item in items if isinstance(item, Phrase))
        h, w = stage.sides
        size = self.input = h * first, w * first
        total = 1
        last = stage
        for at, (stage, items) in enumerate(self.stages):
            if stage.sides == (1, 1):
                break
            for item in items:
                if isinstance(item, Phrase):
                    window, stride = _strided(item)
                    total *= stride
                    size = _after(size[0], window, stride), _after(size[1], window, stride)
            if any(isinstance(item, Unit) for item in items):
                fitting = [s for s in range(1, 5) if tuple(_after(side, 1, s) for side in size) == stage.sides]
                self.strides[at] = fitting[0] if fitting else 1
                total *= self.strides[at]
                size = _after(size[0], 1, self.strides[at]), _after(size[1], 1, self.strides[at])
            if size != stage.sides:
                message = f"no stride leads from {size[0]}x{size[1]} to {stage.size.text}"
                self.draft.refuse(message, stage.size, "write the sizes behind each row")
                return
            last = stage
        h, w = last.sides
        if (h * total, w * total) != self.input:
            message = f"the input isn't printed: the first row tells {self.input[0]}x{self.input[1]}, the last map"
            at_first = self.stages[0][0].size
            self.draft.refuse(f"{message} {h * total}x{w * total}", at_first, "write the sizes behind each row")

    def write(self, *, at_widest: bool) -> None:
        draft, (h, w), first = self.draft, self.input, self.stages[0][0].size
        unit = next(item for _, items in self.stages for item in items if isinstance(item, Unit))
        why = f"input {h}x{w}x3, which isn't printed: the first row's size by its stride, of 3 colours"
        draft.put_images((h, w), first, why)
        draft.line()
        draft.put("default conv: bias=no", unit.at)
        draft.line()
        draft.put("after conv: BN", unit.at)
        draft.assumed("batch normalisation behind each convolution, which has no bias then: none is printed", unit.at)
        draft.line()
        if any(kind.squeezes for kind in self.kinds):
            draft.put(_EXCITED, unit.at)
            draft.assumed("ReLU and sigmoid behind what is fully connected in units: SE, as its paper has it", unit.at)
            draft.line()
        for kind, name in self.kinds.items():
            self._blocks(kind, name, unit.at, at_widest=at_widest)
        draft.assumed("a shortcut around each unit: a 1x1 convolution where the size or the width changes", unit.at)
        if any(stride > 1 for stride in self.strides.values()):
            in_groups = {max(kind.groups) > 1 for kind in self.kinds}
            where = "first layer" if in_groups == {False} and not at_widest else "widest window"
            told = ", as the multiply-adds tell" if at_widest else ", as ResNeXt has it" if True in in_groups else ""
            told += ", or of one without groups in the first layer" if len(in_groups) > 1 and not at_widest else ""
            draft.assumed(f"a stage's stride is in the {where} of its first unit{told}", unit.at)
        draft.line()
        for at, (stage, items) in enumerate(self.stages):
            self._stage(stage, items, self.strides.get(at, 1))

    def _blocks(self, kind: _Kind, name: str, at: Excerpt, *, at_widest: bool) -> None:
        """A block with an identity for a shortcut and one with a projection, of which those that aren't called stay."""
        letters = _WIDTHS[: len(kind.sides)]
        strided = kind.sides.index(max(kind.sides)) if at_widest or max(kind.groups) > 1 else 0

        def layers(stride: str) -> str:
            words = [
                f"conv{side}-${letter}{stride if index == strided else ''}{f' groups={groups}' if groups > 1 else ''}"
                for index, (side, letter, groups) in enumerate(zip(kind.sides, letters, kind.groups, strict=True))
            ]
            return " ReLU ".join(words) + f" excited($q, ${out})" * kind.squeezes

        out = letters[-1]
        parameters = ", ".join((*letters, *(["q"] if kind.squeezes else [])))
        called = self._called(kind)
        if False in called:
            self.draft.put(f"block {name}({parameters}) {{ add[ {layers('')} | identity ] ReLU }}", at)
            self.draft.line()
        if True in called:
            inner = f"add[ {layers('/$s')} | conv1-${out}/$s ] ReLU"
            self.draft.put(f"block {name}_proj({parameters}, s) {{ {inner} }}", at)
            self.draft.line()

    def _called(self, kind: _Kind) -> set[bool]:
        """Whether units of a kind have shortcuts with a projection, or without one."""
        called, width = set[bool](), 3
        for at, (_, items) in enumerate(self.stages):
            stride = self.strides.get(at, 1)
            for item in items:
                behind = _width(item, width)
                if isinstance(item, Unit):
                    is_projected = stride > 1 or behind != width
                    if _kind(item) == kind:
                        called |= {is_projected, is_projected and item.times == 1}
                    stride = 1
                width = behind
        return called

    def _stage(self, stage: Stage, items: Sequence[Item], stride: int) -> None:
        draft = self.draft
        is_head = stage.sides == (1, 1)
        number = re.search(r"\d+", stage.name.text) if stage.name is not None and not is_head else None
        if not is_head:
            draft.put(f"conv{number[0]}: (" if number is not None else "(", stage.name or stage.size)
        for item in items:
            if isinstance(item, Unit):
                self._unit(item, stride)
                stride = 1
            elif isinstance(item, Phrase):
                self._layer(item, is_head=is_head)
                if is_head and "pool" in item.kind:
                    draft.put("-> 1x1", stage.size)
            self.width = _width(item, self.width)
        if not is_head:
            draft.put(f") -> {stage.size.text}", stage.size)
        draft.line()

    def _layer(self, phrase: Phrase, *, is_head: bool) -> None:
        draft = self.draft
        if phrase.kind == "conv":
            draft.put(f"{phrase.text} ReLU", phrase.at)
            return
        if phrase.text == "avgpool" and is_head:
            draft.put("global-avgpool", phrase.at)
            return
        window, _ = _strided(phrase)
        pad = (window - 1) // 2
        if phrase.kind in ("maxpool", "avgpool") and pad and not is_head and "pad=" not in phrase.text:
            draft.put(f"{phrase.text} pad={pad}", phrase.at)
            draft.assumed(f"the pool is padded by {pad}, as the size that is printed needs", phrase.at)
        else:
            draft.put(phrase.text, phrase.at)
        if phrase.assumed:
            draft.assumed(phrase.assumed, phrase.at)

    def _unit(self, unit: Unit, stride: int) -> None:
        name = self.kinds[_kind(unit)]
        convs = [conv for phrase in unit.convs if (conv := _conv(phrase)) is not None]
        squeezed = [unit.squeezed[0]] if unit.squeezed is not None else []
        numbers, times = ", ".join(map(str, [*(conv.width for conv in convs), *squeezed])), unit.times
        if stride > 1 or self.width != convs[-1].width:
            self.draft.put(f"{name}_proj({numbers}, {stride})", unit.at)
            times -= 1
        if times:
            self.draft.put(f"{name}({numbers}){f' x{times}' if times > 1 else ''}", unit.at)


def _width(item: Item, before: int) -> int:
    """How many channels a layer or a unit leaves."""
    if isinstance(item, Bare):
        return before
    conv = _conv(item.convs[-1] if isinstance(item, Unit) else item)
    return conv.width if conv is not None else before


def _kind(unit: Unit) -> _Kind:
    convs = [conv for phrase in unit.convs if (conv := _conv(phrase)) is not None]
    return _Kind(
        tuple(conv.side for conv in convs), tuple(conv.groups for conv in convs), squeezes=unit.squeezed is not None
    )


def _strided(phrase: Phrase) -> tuple[int, int]:
    """The side of a layer's window and its stride."""
    match = _STRIDED.match(phrase.text)
    if match is not None:
        return int(match[1]), max(1, int(match[2]))
    return (2, 2) if phrase.kind in ("maxpool", "avgpool") else (1, 1)


def _after(side: int, window: int, stride: int) -> int:
    """The size behind a window that is padded by (k - 1)/2."""
    return (side + (window - 1) // 2 * 2 - window) // stride + 1
