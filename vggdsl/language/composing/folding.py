"""What stands there several times with the same or other numbers: a block with parameters.

Runs are looked at as for repeats, in all rows of elements: those of the network, of branches and of groups. The block
that saves the most text is made first, until none saves any.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from vggdsl.language import syntax
from vggdsl.language.blocks import inner_items, items_of
from vggdsl.language.composing.branches import Items
from vggdsl.language.composing.repeats import LEAST, LONGEST, Unit, repeated, units
from vggdsl.language.spelling import element_text, items_text
from vggdsl.text.source import NOWHERE, Placed

_MOST_PARAMETERS = 8
_CALL = "block_00()"
"""The shortest call, before blocks have their names."""


@dataclass(frozen=True)
class Folded:
    """Elements, and the blocks that they call, in the order of the first calls."""

    items: Items
    blocks: tuple[syntax.Block, ...] = ()


class _Place(NamedTuple):
    """A run of units in a row of elements, by the number of the row; its numbers, and how many characters it takes."""

    row: int
    at: int
    length: int
    numbers: tuple[Any, ...]
    width: int


def folded(items: Items) -> Folded:
    """Elements with repeats, and with blocks for what stands in several places with the same or other numbers."""
    items = repeated(items)
    blocks: list[syntax.Block] = []
    while (found := _best_block(items, len(blocks))) is not None:
        block, called = found
        blocks.append(block)
        items = repeated(called)
    return _named(items, blocks)


def _named(items: Items, blocks: Sequence[syntax.Block]) -> Folded:
    """The blocks in the order of their first calls, named by what they hold."""
    made = {str(block.name): block for block in blocks}
    order: list[str] = []

    def visit(row: Iterable[syntax.Item]) -> None:
        for item in row:
            if isinstance(item.element, syntax.Call) and item.element.name not in order:
                order.append(str(item.element.name))
                visit(items_of(made[item.element.name]))
            visit(inner_items(item.element))

    visit(items)
    names: dict[str, Placed] = {}
    for old in order:
        word = _word(tuple(items_of(made[old])))
        count = sum(name.partition("_")[0] == word for name in names.values())
        names[old] = Placed(f"{word}_{count + 1}" if count else word, NOWHERE)
    called = _calling(items, names)
    found = []
    for old in order:
        body = _calling(tuple(items_of(made[old])), names)
        found.append(replace(made[old], name=names[old], lines=(syntax.Line(syntax.Items(body, NOWHERE)),)))
    return Folded(called, tuple(found))


def _calling(items: Items, names: Mapping[str, Placed]) -> Items:
    """The elements with other names for the blocks that they call."""

    def of(item: syntax.Item) -> syntax.Item:
        match item.element:
            case syntax.Merge(branches=branches):
                inner = tuple(tuple(map(of, branch)) for branch in branches)
                return replace(item, element=replace(item.element, branches=inner))
            case syntax.Group(items=row):
                return replace(item, element=replace(item.element, items=tuple(map(of, row))))
            case syntax.Call(name):
                return replace(item, element=replace(item.element, name=names[name]))
            case _:
                return item

    return tuple(map(of, items))


def _best_block(items: Items, count: int) -> tuple[syntax.Block, Items] | None:
    """A block, and the elements with its calls; ``count`` blocks are there already."""
    rows = [(units(row), around) for row, around in _rows(items)]
    best: tuple[syntax.Block, list[_Place], list[tuple[int, ...]]] | None = None
    most = LEAST - 1
    for found in _places(rows):
        inline = [place.width for place in found]
        if len(found) < 2 or sum(inline) - len(found) * len(_CALL) - inline[0] <= most:
            continue
        made = _block(_run(rows, found[0]), [place.numbers for place in found], count)
        if made is None:
            continue
        block, arguments = made
        calls = (len(element_text(syntax.Call(block.name, given, NOWHERE))) for given in arguments)
        saved = sum(inline) - sum(calls) - len(_block_text(block)) - 1
        if saved > most:
            best, most = (block, found, arguments), saved
    if best is None:
        return None
    block, found, arguments = best
    at = {(place.row, place.at): given for place, given in zip(found, arguments, strict=True)}
    return block, _with_calls(items, at, block, found[0].length)


def _places(rows: Sequence[tuple[list[Unit], int]]) -> Iterator[list[_Place]]:
    """Runs that are the same but for their numbers and don't overlap."""
    numbered: dict[tuple[Any, ...], int] = {}
    places: dict[tuple[int, ...], list[_Place]] = {}
    for number, (row, around) in enumerate(rows):
        shapes = [_shape(unit) for unit in row]
        keys = [numbered.setdefault(shape, len(numbered)) for shape, _ in shapes]
        widths = [len(items_text(unit)) for unit in row]
        has_branches = [any(map(_holds_merge, unit)) for unit in row]
        for at, unit in enumerate(row):
            is_group = isinstance(unit[0].element, syntax.Group)
            if has_branches[at] and not is_group:  # what it holds is a row of its own
                shape, values = _shape(_once(unit))
                key = numbered.setdefault(shape, len(numbered))
                width = len(items_text(_once(unit))) + around * (len(row) == 1)
                places.setdefault((key,), []).append(_Place(number, at, 1, values, width))
            for end in range(at + 2, min(at + LONGEST, len(row)) + 1):
                if any(has_branches[at:end]):
                    values = tuple(value for _, each in shapes[at:end] for value in each)
                    width = sum(widths[at:end]) + end - at - 1 + around * (end - at == len(row))
                    places.setdefault(tuple(keys[at:end]), []).append(_Place(number, at, end - at, values, width))
    return (list(_apart(found)) for found in places.values())


def _run(rows: Sequence[tuple[list[Unit], int]], place: _Place) -> Items:
    run = rows[place.row][0][place.at : place.at + place.length]
    return tuple(item for unit in run for item in unit) if place.length > 1 else _once(run[0])


def _once(unit: Unit) -> Unit:
    """One element without its repeat, which its call gets."""
    return (replace(unit[0], repeat=None),) if len(unit) == 1 else unit


def _block_text(block: syntax.Block) -> str:
    (line,) = block.lines
    assert isinstance(line.content, syntax.Items)
    return f"block {block.name}({', '.join(block.parameters)}) {{ {items_text(line.content.items)} }}"


def _rows(items: Items, around: int = 0) -> Iterator[tuple[Items, int]]:
    """The elements, and those of each branch and group in them; with the brackets that go if all are one call."""
    yield items, around
    for item in items:
        match item.element:
            case syntax.Merge(branches=branches):
                for branch in branches:
                    yield from _rows(branch)
            case syntax.Group(items=inner):
                yield from _rows(inner, len("(  )"))


def _holds_merge(item: syntax.Item) -> bool:
    return isinstance(item.element, syntax.Merge) or any(map(_holds_merge, inner_items(item.element)))


def _apart(places: Sequence[_Place]) -> Iterator[_Place]:
    """Those that don't overlap, the first first."""
    end = (-1, 0)
    for place in places:
        if place.row != end[0] or place.at >= end[1]:
            yield place
            end = (place.row, place.at + place.length)


def _with_calls(items: Items, calls: dict[tuple[int, int], tuple[int, ...]], block: syntax.Block, length: int) -> Items:
    """The elements with calls of a block in the places of its runs; rows are counted as ``_rows`` does."""
    count = -1

    def of(row: Items) -> Items:
        nonlocal count
        count += 1
        number = count
        found: list[syntax.Item] = []
        left = 0
        for at, unit in enumerate(units(row)):
            inner = [inside(item) for item in unit]  # also of a run that is gone: rows are counted in it, too
            if (number, at) in calls:
                repeat = unit[0].repeat if length == len(unit) == 1 else None
                found.append(syntax.Item(syntax.Call(block.name, calls[number, at], NOWHERE), NOWHERE, repeat=repeat))
                left = length
            if left:
                left -= 1
            else:
                found += inner
        return tuple(found)

    def inside(item: syntax.Item) -> syntax.Item:
        match item.element:
            case syntax.Merge(branches=branches):
                return replace(item, element=replace(item.element, branches=tuple(map(of, branches))))
            case syntax.Group(items=inner):
                inner = of(inner)
                alone = inner[0] if len(inner) == 1 and inner[0].repeat is None else None
                if alone is not None:
                    return replace(alone, repeat=item.repeat)
                return replace(item, element=replace(item.element, items=inner))
            case _:
                return item

    return of(items)


# -- numbers


def _shape(items: Items) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """What elements are but for their numbers, and these."""
    shape: list[Any] = []
    numbers: list[Any] = []

    def go(item: syntax.Item) -> None:
        match item.element:
            case syntax.Layer() as layer:
                options = tuple((each.key, None if _is_number(each) else each.value) for each in layer.options)
                shape.append((layer.kind, layer.kernel, layer.width is None, layer.rate, options, item.repeat))
                numbers.extend(() if layer.width is None else (layer.width,))
                numbers.extend((layer.stride[0] if layer.stride else 1,) if _has_step(layer) else ())
                if not _has_step(layer):
                    shape.append(layer.stride)
                numbers.extend(int(each.value) for each in layer.options if _is_number(each))
            case syntax.Merge(kind, branches):
                shape.append((kind, len(branches), item.repeat))
                for branch in branches:
                    shape.append(len(branch))
                    for each in branch:
                        go(each)
            case syntax.Group(items=inner):
                shape.append(("group", len(inner), item.repeat))
                for each in inner:
                    go(each)
            case syntax.Call(name, arguments):
                shape.append(("call", name, item.repeat))
                numbers.extend(arguments)
            case other:
                shape.append((other, item.repeat))

    for item in items:
        go(item)
    return tuple(shape), tuple(numbers)


def _has_step(layer: syntax.Layer) -> bool:
    """Whether it is a convolution of one stride for both axes, which may differ from call to call."""
    return layer.kind == "conv" and len(set(layer.stride or ())) <= 1


def _is_number(option: syntax.Option) -> bool:
    return option.value.isdecimal()


def _block(
    run: Items, numbers: Sequence[tuple[Any, ...]], count: int
) -> tuple[syntax.Block, list[tuple[int, ...]]] | None:
    """A block of the run, and what each of its calls gives for the numbers that aren't the same in all.

    Its name is only told apart from those of the blocks before it, of which there are ``count``.
    """
    columns = list(zip(*numbers, strict=True))
    varying = list(dict.fromkeys(column for column in columns if len(set(column)) > 1))
    if len(varying) > _MOST_PARAMETERS:
        return None
    parameters = dict(zip(varying, _parameters(len(varying), _strides(run, columns, varying)), strict=True))
    values = iter([parameters.get(column, column[0]) for column in columns])
    body = tuple(_filled(item, values) for item in run)
    line = syntax.Line(syntax.Items(body, NOWHERE))
    placed = tuple(Placed(str(name.name), NOWHERE) for name in parameters.values())
    block = syntax.Block(Placed(f"block_{count:02}", NOWHERE), placed, (line,), NOWHERE, NOWHERE)
    return block, [tuple(column[i] for column in varying) for i in range(len(numbers))]


def _strides(run: Items, columns: Sequence[tuple[Any, ...]], varying: Sequence[tuple[Any, ...]]) -> set[int]:
    """Which of those that vary are strides."""
    marks: list[bool] = []

    def go(item: syntax.Item) -> None:
        match item.element:
            case syntax.Layer() as layer:
                marks.extend(() if layer.width is None else (False,))
                marks.extend((True,) if _has_step(layer) else ())
                marks.extend(False for each in layer.options if _is_number(each))
            case syntax.Call(arguments=arguments):
                marks.extend(False for _ in arguments)
            case element:
                for each in inner_items(element):
                    go(each)

    for item in run:
        go(item)
    return {varying.index(c) for c, is_stride in zip(columns, marks, strict=True) if is_stride and c in varying}


def _parameters(count: int, strides: set[int]) -> list[syntax.Parameter]:
    """Their names: `s` for a stride, letters for others."""
    letters = iter("abcdefghijklmnopqr")
    names = [f"s{i}" if i else "s" for i in range(len(strides))]
    of_strides = dict(zip(sorted(strides), names, strict=True))
    return [syntax.Parameter(of_strides.get(at) or next(letters)) for at in range(count)]


def _filled(item: syntax.Item, values: Iterator[Any]) -> syntax.Item:
    """An element with values for its numbers, in the order of ``_shape``."""
    match item.element:
        case syntax.Layer() as layer:
            width = None if layer.width is None else next(values)
            stride = layer.stride
            if _has_step(layer):
                step = next(values)
                stride = None if step == 1 else (step, step)
            options = tuple(
                replace(each, value=Placed(str(next(values)), NOWHERE)) if _is_number(each) else each
                for each in layer.options
            )
            return replace(item, element=replace(layer, width=width, stride=stride, options=options))
        case syntax.Merge(branches=branches) as merge:
            filled = tuple(tuple(_filled(each, values) for each in branch) for branch in branches)
            return replace(item, element=replace(merge, branches=filled))
        case syntax.Group(items=inner) as group:
            return replace(item, element=replace(group, items=tuple(_filled(each, values) for each in inner)))
        case syntax.Call(arguments=arguments) as call:
            return replace(item, element=replace(call, arguments=tuple(next(values) for _ in arguments)))
        case _:
            return item


def _word(run: Items) -> str:
    """What papers call such a block."""
    merges = [item.element for item in run if isinstance(item.element, syntax.Merge)]
    if len(merges) != 1:
        return "stage"
    (merge,) = merges
    is_shortcut = any(
        len(branch) == 1 and isinstance(branch[0].element, syntax.Layer) and branch[0].element.kind == "identity"
        for branch in merge.branches
    )
    words = {("add", True): "residual", ("add", False): "projection", ("concat", True): "dense", ("mul", True): "gate"}
    return words.get((merge.kind, is_shortcut), "module")
