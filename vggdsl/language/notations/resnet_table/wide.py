"""What the cells of Wide ResNet's table mean: units before whose convolutions normalisation and ReLU stand."""

import re

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.phrases import Phrase
from vggdsl.language.notations.registry import Reading
from vggdsl.language.notations.resnet_table.table import Item, Table, Unit

_CONV = re.compile(r"conv(\d*[13579])-(\d+)")
_POOL = re.compile(r"avgpool(\d+)/1")


def reading(table: Table) -> Reading:
    """The one network of a table."""
    draft = table.draft(0)
    if len(table.names) > 1:
        draft.refuse("a second network beside that of `k` and `N`", table.names[1], "leave one out")
    if not draft.wrong:
        _write(draft, table)
    return draft.reading()


def _write(draft: Draft, table: Table) -> None:
    stages = [(stage, items[0] if len(items := stage.items[0]) == 1 else None) for stage in table.stages]
    for stage, item in stages:
        if item is None or not _is_known(item):
            at = stage.items[0][0].at if stage.items[0] else stage.size
            help = "known are `[3x3, 16]`, `[3x3, 16xk; 3x3, 16xk] x N` and `[8x8]` in the row of `avg-pool`"
            draft.refuse(f"`{at.text[:40]}` is nothing that is known here", at, help)
    if draft.wrong:
        return
    units = [item for _, item in stages if isinstance(item, Unit)]
    shapes = {tuple(_conv(phrase)[0] for phrase in unit.convs) for unit in units}
    if len(shapes) != 1:
        at = units[-1].at if units else table.names[0]
        draft.refuse("a table has units of one kind of windows", at, "such as `[3x3, 16xk; 3x3, 16xk] x N`")
        return
    sides = shapes.pop()
    kind = re.search(r"B\(([\d, ]+)\)", table.names[0].text)
    if kind is not None and [str(side) for side in sides] != re.findall(r"\d+", kind[1]):
        draft.refuse(f"units aren't of the windows of `{kind[0]}`", table.names[0], "correct the one or the other")
        return
    first, unit = table.stages[0], units[0]
    size, width = first.sides, 3
    draft.put_images(size, first.size, "input of the first map's size, which isn't printed, in 3 colours")
    draft.line()
    draft.put("default conv: bias=no", unit.at)
    draft.line()
    _blocks(draft, unit, sides)
    for text in (
        "BN and ReLU before each convolution of a unit, and behind the last unit; convolutions have no bias",
        "a 1x1 convolution in the shortcut where the size or the width changes, behind the first BN and ReLU",
        "no dropout and no classifier: none is printed",
    ):
        draft.assumed(text, unit.at)
        draft.line()
    is_behind = False
    for stage, item in stages:
        if isinstance(item, Unit):
            is_behind, numbers = True, [_conv(phrase)[1] for phrase in item.convs]
            steps = [s for s in range(1, 5) if all(-(-a // s) == b for a, b in zip(size, stage.sides, strict=True))]
            stride, widths = steps[0] if steps else 1, ", ".join(map(str, numbers))
            calls = []
            if stride > 1 or numbers[-1] != width:
                calls.append(f"unit_proj({widths}, {stride})")
            if others := item.times - len(calls):
                calls.append(f"unit({widths})" + f" x{others}" * (others > 1))
            draft.put(f"( {' '.join(calls)} )", item.at)
            width = numbers[-1]
        else:
            assert isinstance(item, Phrase)
            if is_behind:
                draft.put("BN ReLU", item.at)
                draft.line()
            pool = _POOL.fullmatch(item.text)
            is_whole = pool is not None and size == (int(pool[1]), int(pool[1]))
            draft.put("global-avgpool" if is_whole else item.text, item.at)
            width = width if pool is not None else _conv(item)[1]
        draft.put(f"-> {stage.size.text}", stage.size)
        draft.line()
        size = stage.sides


def _is_known(item: Item) -> bool:
    if isinstance(item, Unit):
        return bool(item.times) and item.squeezed is None and all(_CONV.fullmatch(each.text) for each in item.convs)
    return isinstance(item, Phrase) and (_CONV.fullmatch(item.text) or _POOL.fullmatch(item.text)) is not None


def _conv(phrase: Phrase) -> tuple[int, int]:
    """The side of its windows and its width."""
    match = _CONV.fullmatch(phrase.text)
    assert match is not None, phrase.text
    return int(match[1]), int(match[2])


def _blocks(draft: Draft, unit: Unit, sides: tuple[int, ...]) -> None:
    letters = "abcdefgh"[: len(sides)]
    convs = [f"conv{side}-${letter}" for side, letter in zip(sides, letters, strict=True)]
    parameters, out = ", ".join(letters), letters[-1]
    inner = " BN ReLU ".join(convs)
    draft.put(f"block unit({parameters}) {{ add[ BN ReLU {inner} | identity ] }}", unit.at)
    draft.line()
    first = " BN ReLU ".join((f"{convs[0]}/$s", *convs[1:]))
    draft.put(f"block unit_proj({parameters}, s) {{ BN ReLU add[ {first} | conv1-${out}/$s ] }}", unit.at)
    draft.line()
