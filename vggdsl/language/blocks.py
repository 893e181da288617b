"""Blocks: their parameters, what calls give them, and how many layers come of it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace

from vggdsl.language import syntax
from vggdsl.language.dictionary import KINDS, MERGES
from vggdsl.language.syntax import Argument, Parameter
from vggdsl.text.errors import Diagnostic, Label, NetworkError, unknown
from vggdsl.text.source import Placed, Span
from vggdsl.text.units import plural

Blocks = Mapping[str, syntax.Block]
Values = Mapping[str, Argument]
"""What a call gives the parameters of its block."""

DEEPEST = 60
"""Elements inside each other, blocks that are called counted as what stands in them."""

_LAYERS = {kind.word.lower() for kind in KINDS.values() if kind.stands_alone}
"""Words that are layers without anything behind them."""
_NAMED = re.compile(r"\$([a-z]\w*)", re.IGNORECASE)


def blocks_of(contents: Iterable[syntax.Content], findings: list[Diagnostic]) -> dict[str, syntax.Block]:
    """The blocks by name; what is wrong with them, before any is called, is added to ``findings``."""
    blocks: dict[str, syntax.Block] = {}
    for block in contents:
        if not isinstance(block, syntax.Block):
            continue
        if block.name in blocks:
            labels = (Label(block.head, "again"), Label(blocks[block.name].head, "first here", primary=False))
            findings.append(Diagnostic("V234", f"a second block `{block.name}`", labels, "rename one"))
        blocks.setdefault(block.name, block)
    for block in blocks.values():
        if block.name.lower() in _LAYERS:
            help = "calls of it would be read as the layer: rename it"
            here = (Label(block.head, "here"),)
            findings.append(Diagnostic("V234", f"a block named as the layer {block.name}", here, help))
        findings += _parameters(block)
        findings += (d for call in _calls(items_of(block)) for d in check_call(call, blocks))
    findings += _recursion(blocks)
    return blocks


def items_of(block: syntax.Block) -> list[syntax.Item]:
    """The elements of a block's lines."""
    contents = (line.content for line in block.lines)
    return [item for content in contents if isinstance(content, syntax.Items) for item in content.items]


def called_blocks(document: syntax.Document) -> set[str]:
    """The names of the blocks that elements call, also by way of other blocks."""
    blocks = {c.name: c for c in document.contents if isinstance(c, syntax.Block)}
    todo = document.items
    called: set[str] = set()
    while todo:
        names = {call.name for call in _calls(todo)} - called
        called |= names
        todo = [item for name in names if name in blocks for item in items_of(blocks[name])]
    return called


def check_call(call: syntax.Call, blocks: Blocks) -> Iterator[Diagnostic]:
    """Whether the block exists and takes as many arguments."""
    block = blocks.get(call.name)
    if block is None:
        if call.name.lower() in MERGES:
            help = f"its branches stand in brackets: `{call.name.lower()}[ … | … ]`"
            yield Diagnostic("V230", f"unknown block `{call.name}`", (Label(call.span, "not known"),), help)
        elif blocks:
            yield unknown("V230", "block", call.name, list(blocks), call.span)
        else:
            help = f"write `block {call.name}(…) {{ … }}`, or `use` a file that has it"
            yield Diagnostic("V230", f"unknown block `{call.name}`", (Label(call.span, "not known"),), help)
    elif len(call.arguments) != len(block.parameters):
        takes, given = len(block.parameters), len(call.arguments)
        labels = (Label(call.span, f"gives {given}"), Label(block.head, f"takes {takes}", primary=False))
        help = f"write `{call.name}({', '.join(block.parameters)})`"
        yield Diagnostic("V232", f"`{call.name}` takes {plural(takes, 'argument')}, not {given}", labels, help)


def values_of(call: syntax.Call, block: syntax.Block, outside: Values) -> dict[str, Argument]:
    """The values of the block's parameters; those of the calling block are ``outside``."""
    given = (outside.get(a.name, a) if isinstance(a, Parameter) else a for a in call.arguments)
    return dict(zip(block.parameters, given, strict=True))


def with_values(layer: syntax.Layer, values: Values) -> syntax.Layer:
    """The layer with numbers for its parameters; one without a value stays.

    Raises ``NetworkError`` V231 for a rate where a size belongs, or a parameter that doesn't stand alone.
    """

    def number(value: syntax.Value) -> syntax.Value:
        given = values.get(value.name, value) if isinstance(value, Parameter) else value
        if isinstance(given, str):
            label = Label(layer.span, f"`{value}` is {given}")
            belongs = "a whole number from 1" if given.isdigit() else "a whole number"
            raise NetworkError(Diagnostic("V231", f"{given} where {belongs} belongs", (label,), "give one"))
        return given

    def sides(pair: tuple[syntax.Value, syntax.Value] | None) -> tuple[syntax.Value, syntax.Value] | None:
        return None if pair is None else (number(pair[0]), number(pair[1]))

    def option(given: syntax.Option) -> syntax.Option:
        if "$" not in given.value:
            return given
        named = _NAMED.fullmatch(given.value)
        if named is None:
            help = f"a parameter stands alone, without arithmetic: `{given.key}=$a`"
            wrong = Diagnostic("V231", f"`{given}` joins a parameter to something", (Label(given.span, "here"),), help)
            raise NetworkError(wrong)
        value = str(values.get(named[1].lower(), given.value))
        return replace(given, value=Placed(value, given.value.span))

    if not values and not any("$" in given.value for given in layer.options):
        return layer
    kernel, stride, rate = sides(layer.kernel), sides(layer.stride), layer.rate
    if isinstance(rate, Parameter) and rate.name in values:
        rate = _rate(rate, values[rate.name], layer.span)
    width, options = None if layer.width is None else number(layer.width), tuple(map(option, layer.options))
    if (kernel, width, stride, rate, options) == (layer.kernel, layer.width, layer.stride, layer.rate, layer.options):
        return layer
    return replace(layer, kernel=kernel, width=width, stride=stride, rate=rate, options=options, by_parameters=True)


def _rate(written: Parameter, given: Argument, span: Span) -> str:
    """The value of a rate's parameter. Raises ``NetworkError`` V231 for a percentage of a percentage."""
    if written.unit and str(given).endswith(written.unit):
        label = Label(span, f"`${written.name}` is {given}")
        raise NetworkError(Diagnostic("V231", f"{given} with another {written.unit}", (label,), "keep one of them"))
    return f"{given}{written.unit}"


def count(items: Iterable[syntax.Item], blocks: Blocks) -> int:
    """Layers that items expand to, by arithmetic: nothing is made. No block may call itself."""
    known: dict[str, int] = {}

    def of(item: syntax.Item) -> int:
        match item.element:
            case syntax.Group(items) | syntax.Aux(items=items):
                inner = sum(map(of, items))
            case syntax.Merge(branches=branches):
                inner = 1 + sum(of(each) for branch in branches for each in branch)
            case syntax.Call(name):
                if name in blocks and name not in known:
                    known[name] = sum(map(of, items_of(blocks[name])))
                inner = known.get(name, 1)
            case _:
                inner = 1
        return max(inner, 1) * item.times

    return sum(map(of, items))


def inner_items(element: syntax.Element) -> tuple[syntax.Item, ...]:
    """The items right inside an element."""
    match element:
        case syntax.Group(items) | syntax.Aux(items=items):
            return items
        case syntax.Merge(branches=rows) | syntax.Alternation(alternatives=rows):
            return tuple(item for row in rows for item in row)
        case _:
            return ()


def elements_of(content: syntax.Content) -> Iterator[syntax.Element]:
    """The elements that a line or a block holds, with those inside them."""
    match content:
        case syntax.Block():
            yield from _walk(items_of(content))
        case syntax.Items(items) | syntax.Edit(items=items) | syntax.After(items=items):
            yield from _walk(items)


def _all_items(items: Iterable[syntax.Item]) -> Iterator[syntax.Item]:
    for item in items:
        yield item
        yield from _all_items(inner_items(item.element))


def _walk(items: Iterable[syntax.Item]) -> Iterator[syntax.Element]:
    return (item.element for item in _all_items(items))


def _calls(items: Iterable[syntax.Item]) -> Iterator[syntax.Call]:
    return (element for element in _walk(items) if isinstance(element, syntax.Call))


def _parameters(block: syntax.Block) -> Iterator[Diagnostic]:
    """Parameters that are named twice, can't be named, aren't used; uses of what is no parameter."""
    for i, name in enumerate(block.parameters):
        here = (Label(block.head, "here"),)
        if name in block.parameters[:i]:
            yield Diagnostic("V234", f"two parameters `{name}` of `{block.name}`", here, "rename one")
        elif "-" in name:
            help = f"write `{name.replace('-', '_')}`: in `${name}` the hyphen would end the name"
            yield Diagnostic("V234", f"a parameter `{name}`", here, help)
    used: dict[str, Span] = {}
    for element in _walk(items_of(block)):
        for word in _named(element):
            used.setdefault(word, element.span)
    for item in _all_items(items_of(block)):
        if isinstance(item.repeat, Parameter) and item.repeat.name in block.parameters:
            used.setdefault(item.repeat.name, item.span)
            help = "write a number; how often all of a block stands is said behind its call"
            yield Diagnostic("V231", f"a repeat by a parameter, `x{item.repeat}`", (Label(item.span, "here"),), help)
    for word, span in used.items():
        if word not in block.parameters:
            yield unknown("V231", f"parameter of `{block.name}`", f"${word}", [f"${p}" for p in block.parameters], span)
    for name in block.parameters:
        if name not in used and "-" not in name:
            help = "use it, or remove it here and from the calls"
            message = f"`{block.name}` never uses its parameter `{name}`"
            yield Diagnostic("V234", message, (Label(block.head, "here"),), help)


def _named(element: syntax.Element) -> Iterator[str]:
    """The parameters that an element names, without those inside it."""
    if isinstance(element, syntax.Call):
        yield from (a.name for a in element.arguments if isinstance(a, Parameter))
    if isinstance(element, syntax.Layer):
        values = [getattr(element, field.name) for field in fields(element)]
        for value in (*values, *(element.kernel or ()), *(element.stride or ())):
            if isinstance(value, Parameter):
                yield value.name
        for option in element.options:
            yield from (name.lower() for name in _NAMED.findall(option.value))


def _recursion(blocks: Blocks) -> list[Diagnostic]:
    """A block that calls itself, also by way of others, or too many that call each other: the first found."""
    findings, depths = list[Diagnostic](), dict[str, int]()

    def depth(item: syntax.Item) -> int:
        if isinstance(item.element, syntax.Call):
            return 1 + depths.get(item.element.name, 0)
        return 1 + max(map(depth, inner_items(item.element)), default=0)

    def visit(name: str, path: list[syntax.Call]) -> None:
        if name in depths or name not in blocks or findings:
            return
        for call in _calls(items_of(blocks[name])):
            names = [c.name for c in path]
            if call.name in names:
                circle = [*names[names.index(call.name) :], call.name]
                labels = [Label(call.span, "calls it again")]
                labels += [Label(c.span, "called here", primary=False) for c in path[1:] if c.span != call.span]
                message = f"a block that calls itself: {' -> '.join(circle)}"
                findings.append(Diagnostic("V233", message, tuple(labels), "write a repeat: `block() x3`"))
                return
            if len(path) <= DEEPEST:
                visit(call.name, [*path, call])
        if not findings:
            depths[name] = max(map(depth, items_of(blocks[name])))
            if len(path) > DEEPEST or depths[name] > DEEPEST:
                message = f"more than {DEEPEST} elements and blocks inside each other"
                label = Label(blocks[name].head, "down from here")
                findings.append(Diagnostic("V233", message, (label,), "write more of it in one block"))

    for name, block in blocks.items():
        visit(name, [syntax.Call(block.name, (), block.span)])
    return findings
