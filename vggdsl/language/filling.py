"""The document of one network of a space: each choice made, all that stays where it was written."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from vggdsl.language import syntax
from vggdsl.language.blocks import called_blocks, elements_of
from vggdsl.language.dictionary import ACTIVATIONS
from vggdsl.language.leaving import parameter_in
from vggdsl.language.options import in_one_form
from vggdsl.language.syntax import Alternation, Choice, Document, Item, Line, Parameter
from vggdsl.text.source import Placed

Taken = Callable[[Choice | Alternation], int]
"""Which option of a choice is taken, counted from 0."""


def filled(document: Document, named: dict[str, Choice | Alternation], taken: Taken) -> Document:
    """The document without choices; ``named`` are those that parameters may stand for."""
    return Document(tuple(_Filler(named, taken).lines(document.lines)))


def has_activations(document: Document) -> bool:
    """Whether the network writes any, in a block that it calls, too."""
    called = called_blocks(document)
    bodies = (
        content
        for content in document.contents
        if isinstance(content, syntax.Items) or (isinstance(content, syntax.Block) and content.name in called)
    )
    elements = (element for body in bodies for element in elements_of(body))
    return any(isinstance(element, syntax.Layer) and element.kind in ACTIVATIONS for element in elements)


def with_none(document: Document) -> Document:
    """The document of a network that has no activations: a rule that gives nothing, where else they are implied."""
    body = next(line.content for line in document.lines if isinstance(line.content, syntax.Items))
    rule = Line(syntax.After("conv", (), body.items[0].span))
    place = max(i for i, line in enumerate(document.lines) if isinstance(line.content, syntax.Items)) + 1
    return Document((*document.lines[:place], rule, *document.lines[place:]))


class _Filler:
    def __init__(self, named: dict[str, Choice | Alternation], taken: Taken) -> None:
        self.named, self.taken = named, taken
        self.parameters: Sequence[str] = ()

    def lines(self, lines: Iterable[Line]) -> Iterator[Line]:
        for line in lines:
            content = self._content(line.content)
            if isinstance(content, syntax.Items) and not content.items:
                yield from [Line(None, line.comment)] * (line.comment is not None)
            else:
                yield line if content is line.content else replace(line, content=content)

    def _content(self, content: syntax.Content | None) -> syntax.Content | None:
        match content:
            case syntax.Items(items) | syntax.After(items=items):
                return replace(content, items=self._row(items))
            case syntax.Default(kind, options):
                return replace(content, options=tuple(self._option(option, kind) for option in options))
            case syntax.Block():
                self.parameters = content.parameters
                lines = tuple(self.lines(content.lines))
                self.parameters = ()
                return replace(content, lines=lines)
            case _:
                return content

    def _row(self, items: Iterable[Item]) -> tuple[Item, ...]:
        return tuple(each for item in items for each in self._item(item))

    def _item(self, item: Item) -> tuple[Item, ...]:
        """What an item becomes: nothing, or several in the place of an alternation that says no more."""
        element, repeat = item.element, self._repeat(item)
        match element:
            case Alternation(alternatives):
                row = alternatives[self.taken(element)]
                row = () if _is_nothing(row) else self._row(row)
                if item.label is None and repeat is None:
                    return row
                if not row and item.label is None:
                    return ()
                return (replace(item, element=_alone(row, element), repeat=repeat),)
            case syntax.Layer():
                return (replace(item, element=self._layer(element), repeat=repeat),)
            case syntax.Call(arguments=arguments):
                call = replace(element, arguments=tuple(map(self._argument, arguments)))
                return (replace(item, element=call, repeat=repeat),)
            case syntax.Group(items) | syntax.Aux(items=items):
                row = self._row(items)
                if not row and isinstance(element, syntax.Group) and item.label is None:
                    return ()
                return (replace(item, element=replace(element, items=row or _nothing(item)), repeat=repeat),)
            case syntax.Merge(branches=branches):
                rows = tuple(self._row(branch) or _nothing(item) for branch in branches)
                return (replace(item, element=replace(element, branches=rows), repeat=repeat),)
            case syntax.Input():
                return (item,)

    # -- numbers

    def _number(self, value: object) -> str | None:
        """What is taken for a choice, or for a parameter that stands for one; None for anything else."""
        if isinstance(value, Parameter) and value.name not in self.parameters:
            named = self.named.get(value.name)
            return named.options[self.taken(named)] + value.unit if isinstance(named, Choice) else None
        return value.options[self.taken(value)] if isinstance(value, Choice) else None

    def _size(self, value: syntax.Value) -> syntax.Value:
        number = self._number(value)
        return value if number is None else int(number)

    def _sides(self, pair: tuple[syntax.Value, syntax.Value] | None) -> tuple[syntax.Value, syntax.Value] | None:
        return None if pair is None else (self._size(pair[0]), self._size(pair[1]))

    def _repeat(self, item: Item) -> syntax.Value | None:
        """How often; not that it is once, where that names nothing: only with a label are copies counted."""
        if item.repeat is None:
            return None
        repeat = self._size(item.repeat)
        return None if repeat == 1 and repeat is not item.repeat and item.label is None else repeat

    def _layer(self, layer: syntax.Layer) -> syntax.Layer:
        rate = self._number(layer.rate)
        return replace(
            layer,
            kernel=self._sides(layer.kernel),
            width=None if layer.width is None else self._size(layer.width),
            stride=self._sides(layer.stride),
            rate=layer.rate if rate is None else rate,
            options=tuple(self._option(option, layer.kind) for option in layer.options),
        )

    def _option(self, option: syntax.Option, kind: str) -> syntax.Option:
        value = self._number(option.choice or parameter_in(option))
        if value is None:
            return option
        return in_one_form(replace(option, value=Placed(value, option.value.span), choice=None), kind)

    def _argument(self, argument: syntax.Argument) -> syntax.Argument:
        number = self._number(argument)
        if number is None:
            return argument
        return int(number) if number.isdigit() and int(number) else number


def _is_nothing(row: Sequence[Item]) -> bool:
    """Whether an alternative is `identity` alone."""
    if len(row) != 1:
        return False
    item = row[0]
    is_plain = isinstance(item.element, syntax.Layer) and item.element.kind == "identity" and not item.element.options
    return is_plain and item.label is None and item.repeat is None


def _nothing(item: Item) -> tuple[Item, ...]:
    return (Item(syntax.Layer("identity", item.span), item.span),)


def _alone(row: tuple[Item, ...], alternation: Alternation) -> syntax.Element:
    """A row as one element, which can have the label and the repeat of the alternation."""
    if len(row) == 1 and row[0].label is None and row[0].repeat is None:
        return row[0].element
    return syntax.Group(row, alternation.span) if row else syntax.Layer("identity", alternation.span)
