"""What the cells of DenseNet's table mean: layers that hand on all that they are given, with some channels more."""

import re
from math import prod

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.phrases import Phrase
from vggdsl.language.notations.registry import Reading
from vggdsl.language.notations.resnet_table.table import Bare, Item, Stage, Table

_RATE = re.compile(r"(?<![\w])k ?= ?(\d{1,4})(?!\w|\.\d)")
_PUBLISHED = 32
"""The growth rate of most networks of the paper's table."""
_POOL = re.compile(r"(maxpool|avgpool)(\d+)/(\d+)(.*)")


def is_dense(table: Table) -> bool:
    """Whether a table has dense layers."""
    return any(isinstance(item, Bare) for stage in table.stages for items in stage.items for item in items)


def readings(table: Table) -> list[Reading]:
    """A spec a column."""
    return [_reading(table, column) for column in range(len(table.names))]


def _reading(table: Table, column: int) -> Reading:
    name = table.names[column]
    draft = table.draft(column)
    for cells in table.figures.values():
        if (cell := cells[column]) is not None:
            draft.refuse("figures aren't read in a table of dense layers", cell, "write them as claims into the spec")
    network = _Network(draft, table, column)
    if not draft.wrong:
        network.write(_rate(draft, table, name))
        if (layers := re.match(r"densenet-(\d+)", name.text, re.IGNORECASE)) is not None:
            draft.put(f"claim weight-layers {layers[1]}", name)
            draft.line()
    return draft.reading()


def _rate(draft: Draft, table: Table, name: Excerpt) -> int:
    """The growth rate: of the column's heading, else of a line beside the table, else the paper's."""
    if (own := _RATE.search(name.text)) is not None:
        return int(own[1])
    headings = [(heading.places[0], heading.places[-1]) for heading in table.names if heading]
    whole = Excerpt.of(table.source)
    found = [
        whole.part(match)
        for match in _RATE.finditer(whole.text)
        if not any(first <= match.start() <= last for first, last in headings)
    ]
    rates = {int(re.sub(r"\D", "", at.text)) for at in found}
    if len(rates) > 1:
        draft.refuse("several growth rates are printed", found[1], "leave one, or write each behind its network")
    if rates:
        return min(rates)
    draft.assumed(f"a growth rate k = {_PUBLISHED}: none is printed; a line above may say another", name)
    draft.line()
    return _PUBLISHED


class _Network:
    """A column: what can't be so is refused before anything is written."""

    def __init__(self, draft: Draft, table: Table, column: int) -> None:
        self.draft = draft
        self.size = (0, 0)
        """Of the map behind what is written."""
        self.stages = [(stage, stage.items[column]) for stage in table.stages]
        self.unit = next((item for _, items in self.stages for item in items if _dense(item)), None)
        if draft.wrong:
            return
        if self.unit is None:
            draft.refuse("no dense layers stand here", table.names[column], "such as `[1x1 conv; 3x3 conv] x 6`")
        for at, (stage, items) in enumerate(self.stages):
            if not items:
                draft.refuse("this row says nothing of a network", stage.size, "write its layers")
            for item in items:
                self._check(item, is_first=not at)

    def _check(self, item: Item, *, is_first: bool) -> None:
        help = "known are `[1x1 conv; 3x3 conv] x 6`, `1x1 conv`, pools, and in the first row `7x7 conv, stride 2`"
        if isinstance(item, Bare):
            assert self.unit is None or isinstance(self.unit, Bare)
            is_other = item.is_dense and self.unit is not None and item.sides != self.unit.sides
            is_strange = item.sides not in ((3,), (1, 3)) if item.is_dense else not is_first and item.sides != (1,)
            if is_other or is_strange or not item.sides[-1] % 2 or (item.stride > 1 and not is_first):
                self.draft.refuse(f"`{item.at.text}` is nothing that is known here", item.at, help)
        elif not isinstance(item, Phrase) or item.kind not in _KINDS:
            self.draft.refuse(f"`{item.at.text}` is nothing that is known here", item.at, help)

    def write(self, rate: int) -> None:
        """The paper's networks begin with twice the growth rate, and a 1x1 convolution has four times as many."""
        draft, unit = self.draft, self.unit
        assert isinstance(unit, Bare)
        first = self.stages[0][0]
        stride = prod(item.stride for item in self.stages[0][1] if isinstance(item, Bare))
        h, w = (side * stride for side in first.sides)
        why = f"input {h}x{w}x3, which isn't printed: the first row's size by its stride"
        draft.put_images((h, w), first.size, why)
        draft.line()
        draft.put("default conv: bias=no", unit.at)
        draft.line()
        wide = f"BN ReLU conv1-{4 * rate} " if unit.sides == (1, 3) else ""
        draft.put(f"block dense() {{ concat[ identity | {wide}BN ReLU conv3-{rate} ] }}", unit.at)
        draft.line()
        for text in (
            "BN and ReLU before each convolution, which has no bias, and behind the last dense layer",
            f"a growth rate of {rate}: 1x1 convolutions of dense layers have four times as many channels",
        ):
            draft.assumed(text, unit.at)
            draft.line()
        width, was_dense = 0, False
        for stage, items in self.stages:
            for item in items:
                ends = was_dense and stage.sides == (1, 1)
                if ends:
                    draft.put("BN ReLU", item.at)
                    draft.line()
                was_dense = (was_dense or _dense(item)) and not ends
                width = self._put(stage, item, width, rate)

    def _put(self, stage: Stage, item: Item, width: int, rate: int) -> int:
        """Writes what an item says, and gives the channels behind it."""
        draft = self.draft
        if isinstance(item, Bare) and item.is_dense:
            number = re.search(r"\d+", stage.name.text) if stage.name is not None else None
            if number is not None:
                draft.put(f"dense_{number[0]}:", stage.name or stage.size)
            draft.put(f"dense() x{item.times}", item.at)
            width += item.times * rate
        elif isinstance(item, Bare) and not width:
            width = 2 * rate
            by = f"/{item.stride}" if item.stride > 1 else ""
            draft.put(f"( conv{item.sides[0]}-{width}{by} BN ReLU )", item.at)
            draft.assumed("twice the growth rate of channels in the first convolution", item.at)
        elif isinstance(item, Bare):
            width //= 2
            draft.put(f"( BN ReLU conv1-{width} )", item.at)
            draft.assumed("transition layers halve the channels", item.at, once=True)
        else:
            assert isinstance(item, Phrase)
            self._layer(stage, item)
            if item.kind in ("FC", "softmax"):
                if item.kind == "FC" and stage.sides != (1, 1):
                    message = f"`{stage.size.text}` is printed, and this row gives 1x1"
                    draft.refuse(message, stage.size, "correct the size, or the layer")
                draft.line()
                return width
        draft.put(f"-> {stage.size.text}", stage.size)
        draft.line()
        self.size = stage.sides
        return width

    def _layer(self, stage: Stage, phrase: Phrase) -> None:
        pool = _POOL.fullmatch(phrase.text)
        text = phrase.text
        if pool is not None and stage.sides != (1, 1) and int(pool[2]) % 2 and "pad=" not in pool[4]:
            pad = int(pool[2]) // 2
            self.draft.put(f"{text} pad={pad}", phrase.at)
            self.draft.assumed(f"the pool is padded by {pad}, as the size that is printed needs", phrase.at)
            return
        is_whole = text == f"avgpool{self.size[0]}/1" and self.size[0] == self.size[1] and stage.sides == (1, 1)
        self.draft.put("global-avgpool" if is_whole else text, phrase.at)


_KINDS = ("maxpool", "avgpool", "global-avgpool", "FC", "softmax")


def _dense(item: Item) -> bool:
    return isinstance(item, Bare) and item.is_dense
