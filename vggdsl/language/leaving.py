"""What a document leaves open: choices, and parameters that stand for them; what is wrong with these."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from vggdsl.language import syntax
from vggdsl.language.blocks import inner_items, items_of
from vggdsl.language.syntax import Alternation, Choice, Document, Parameter
from vggdsl.text.errors import Diagnostic, Label, unknown
from vggdsl.text.source import Span

Named = dict[str, Choice | Alternation]
"""Choices by their names, each as it stands first."""

_PARAMETER = re.compile(r"\$([a-z]\w*)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Left:
    """A choice, or a parameter that may stand for one; ``parameters`` are those of the block around it."""

    what: Choice | Alternation | Parameter
    span: Span
    parameters: Sequence[str] = ()


def left_open(document: Document) -> Iterator[Left]:
    """All of a document, as they stand in it."""
    for content in document.contents:
        match content:
            case syntax.Block(parameters=parameters):
                yield from _of_items(items_of(content), parameters)
            case syntax.Items(items) | syntax.After(items=items) | syntax.Edit(items=items):
                yield from _of_items(items, ())
            case syntax.Default(span=span):
                yield from (Left(value, span) for value in open_options(content.options))
            case _:
                pass


def _of_items(items: Iterable[syntax.Item], parameters: Sequence[str]) -> Iterator[Left]:
    for item in items:
        if isinstance(item.element, Alternation):
            yield Left(item.element, item.element.span, parameters)
        for value in (*open_numbers(item.element), *open_repeat(item)):
            yield Left(value, value.span if isinstance(value, Choice) else item.span, parameters)
        if inner := inner_items(item.element):
            yield from _of_items(inner, parameters)


def open_numbers(element: syntax.Element) -> Iterator[Choice | Parameter]:
    """Those that stand for the numbers of an element, without what stands in it."""
    values: list[object] = []
    match element:
        case syntax.Layer():
            values = [*_sides(element.kernel), element.width, *_sides(element.stride), element.rate]
            values += open_options(element.options)
        case syntax.Call(arguments=arguments):
            values = [*arguments]
        case _:
            pass
    yield from (value for value in values if isinstance(value, Choice | Parameter))


def _sides(sides: tuple[object, object] | None) -> tuple[object, ...]:
    """Both, or the one that stands for both."""
    return () if sides is None else sides[:1] if sides[0] is sides[1] else sides


def open_repeat(item: syntax.Item) -> Iterator[Choice | Parameter]:
    if isinstance(item.repeat, Choice | Parameter):
        yield item.repeat


def open_options(options: Iterable[syntax.Option]) -> Iterator[Choice | Parameter]:
    for option in options:
        if option.choice is not None:
            yield option.choice
        elif (found := parameter_in(option)) is not None:
            yield found


def parameter_in(option: syntax.Option) -> Parameter | None:
    """The parameter that is the value of an option."""
    found = None if option.quoted else _PARAMETER.fullmatch(option.value)
    return Parameter(found[1].lower()) if found else None


def named_choices(document: Document) -> Named:
    named: Named = {}
    for left in left_open(document):
        if not isinstance(left.what, Parameter) and left.what.name:
            named.setdefault(left.what.name, left.what)
    return named


def wrong_choices(document: Document, named: Named) -> Iterator[Diagnostic]:
    """V227 for choices that disagree, V228 for what only one network can say."""
    blocks = [content for content in document.contents if isinstance(content, syntax.Block)]
    for block in blocks:
        for parameter in block.parameters:
            if parameter in named:
                labels = (Label(parameter.span, "a parameter"), Label(named[parameter].span, "a choice", primary=False))
                message = f"`{parameter}` is a parameter of `{block.name}` and a choice"
                yield Diagnostic("V227", message, labels, "rename one of them")
    for left in left_open(document):
        what, name = left.what, left.what.name
        if isinstance(what, Parameter):
            if name not in left.parameters:
                yield from _stands_for_none(what, left, named)
        elif name and (why := _disagree(what, named[name])):
            labels = (Label(what.span, "here"), Label(named[name].span, "first here", primary=False))
            yield Diagnostic("V227", f"`{name}` {why[0]}", labels, f"what has one name is one choice: {why[1]}")
        if isinstance(what, Alternation) and name:
            yield from _within_itself(what)
    yield from _of_one_network(document)


def _within_itself(what: Alternation) -> Iterator[Diagnostic]:
    """V227 where a choice stands that is made already, so that all its alternatives but one are never taken."""
    for row in what.alternatives:
        for left in _of_items(row, ()):
            if isinstance(left.what, Alternation) and left.what.name == what.name:
                labels = (Label(left.span, "here"), Label(what.span, "within this", primary=False))
                help = "give it another name, or write in its place what is taken there"
                yield Diagnostic("V227", f"`{what.name}` stands within one of its own alternatives", labels, help)


def _stands_for_none(what: Parameter, left: Left, named: Named) -> Iterator[Diagnostic]:
    if what.name not in named:
        numbers = (name for name, choice in named.items() if isinstance(choice, Choice))
        known = [f"${each}" for each in dict.fromkeys((*left.parameters, *numbers))]
        if known:
            yield unknown("V227", "choice", f"${what.name}", known, left.span)
        else:
            help = f"name a choice so, as in `{{{what.name}=64|96}}`, or write a number"
            yield Diagnostic("V227", f"no choice is named `{what.name}`", (Label(left.span, "here"),), help)
    elif isinstance(named[what.name], Alternation):
        labels = (Label(left.span, "for a number"), Label(named[what.name].span, "elements", primary=False))
        help = f"elements with the same choice stand in brackets: `( {what.name}= … | … )`"
        yield Diagnostic("V227", f"`${what.name}` is a choice of elements", labels, help)


def _disagree(one: Choice | Alternation, first: Choice | Alternation) -> tuple[str, str] | None:
    """In which way two choices of one name can't be one, and how that is mended."""
    if isinstance(one, Choice) and isinstance(first, Choice):
        help = f"write the same options, `${one.name}` for a number, or another name"
        return None if one.options == first.options else ("has other options here", help)
    if isinstance(one, Alternation) and isinstance(first, Alternation):
        help = "write as many alternatives, or another name"
        is_one = len(one.alternatives) == len(first.alternatives)
        return None if is_one else ("has more or fewer alternatives here", help)
    return "is a choice of numbers and one of elements", "give one of them another name"


def _of_one_network(document: Document) -> Iterator[Diagnostic]:
    def wrong(what: str, span: Span) -> Diagnostic:
        help = "write it in the spec of the network that it is of"
        return Diagnostic("V228", f"{what} in a space", (Label(span, "of which network?"),), help)

    for content in document.contents:
        match content:
            case syntax.Claim(span=span) | syntax.ResultLineClaim(span=span):
                yield wrong("a claim", span)
            case syntax.Measured(span=span):
                yield wrong("a measured block", content.head)
            case syntax.Items(items) | syntax.After(items=items):
                yield from (wrong("an arrow", each.span) for each in _arrows(items))
            case syntax.Block():
                yield from (wrong("an arrow", each.span) for each in _arrows(items_of(content)))
            case _:
                pass


def _arrows(items: Iterable[syntax.Item]) -> Iterator[syntax.Expects]:
    for item in items:
        if item.expects is not None:
            yield item.expects
        yield from _arrows(inner_items(item.element))
