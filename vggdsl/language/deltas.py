"""Deltas: what a file that `extends` another changes in it.

Of the file that is extended the network, its rules, defaults, blocks and recipes are inherited; what its source
prints about it (claims and arrows), its citation and its measurements aren't.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, takewhile

from vggdsl.language import syntax
from vggdsl.language.blocks import inner_items
from vggdsl.language.elaborate import elaborate
from vggdsl.language.syntax import Document, Line
from vggdsl.text.errors import Diagnostic, Label, NetworkError, VggdslError, unknown
from vggdsl.text.source import Placed, Span


def changed(base: Document, lines: Sequence[Line]) -> Document:
    """The base with the changes of the lines of a file that extends it; neither has links but that one.

    Raises ``NetworkError`` V241 for an edit of what isn't there, V242 for what can't stand in such a file.
    """
    return _Delta(base, lines).document()


@dataclass(frozen=True)
class _Row:
    """An outermost element and the line that it stands on, a negative one for what an edit brings."""

    item: syntax.Item
    line: int


class _Delta:
    """A base and the lines of the file that extends it."""

    def __init__(self, base: Document, lines: Sequence[Line]) -> None:
        self.base, self.lines = base, lines
        self.comments: dict[int, str | None] = {}
        self.plain: dict[int, tuple[syntax.Item, ...]] = {}
        self.rows: list[_Row] = []
        for number, line in enumerate(base.lines):
            if isinstance(line.content, syntax.Items):
                self.comments[number] = line.comment
                self.plain[number] = tuple(map(_plain, line.content.items))
                self.rows += (_Row(item, number) for item in self.plain[number])
        self._names: _Names | None = None
        self._given: syntax.Items | None = None

    def document(self) -> Document:
        own = [line.content for line in self.lines]
        for content in own:
            match content:
                case syntax.Items(items):
                    self._input(content, items)
                case syntax.Remove():
                    self._remove(content)
                case syntax.Edit():
                    self._edit(content)
                case syntax.Train(name=None):
                    self._recipe(content)
                case _:
                    pass
        before = takewhile(lambda line: isinstance(line.content, syntax.Cites | syntax.Link | None), self.lines)
        head = [line for line in before if not isinstance(line.content, syntax.Link)]
        used: set[int] = {id(line) for line in head}
        inherited = list(self._inherited(used))
        rest = [
            line
            for line in self.lines
            if id(line) not in used
            and not isinstance(line.content, syntax.Link | syntax.Items | syntax.Remove | syntax.Edit)
        ]
        return Document(tuple(_spaced([*head, Line(None), *inherited, Line(None), *rest])))

    def _inherited(self, used: set[int]) -> Iterator[Line]:
        """The lines of the base as changed; the own lines that they were changed by are added to ``used``."""
        body = self._body()
        for number, line in enumerate(self.base.lines):
            match line.content:
                case syntax.Items():
                    yield from body.get(number, ())
                case syntax.After() | syntax.Default() | syntax.Block() | syntax.Train():
                    other = next((own for own in self.lines if _overrides(own.content, line.content)), None)
                    if other is None:
                        yield _plain_block(line)
                        continue
                    used.add(id(other))
                    if isinstance(other.content, syntax.Train) and isinstance(line.content, syntax.Train):
                        yield replace(line, content=_merged(line.content, other.content))
                    else:
                        yield other
                case None if line.comment is None:
                    yield line
                case _:  # what is said about the base
                    pass

    def _body(self) -> dict[int, list[Line]]:
        """The lines of elements, by the line of the base in whose place they stand."""
        body: dict[int, list[Line]] = {}
        at = min(self.comments, default=0)
        for number, rows in groupby(self.rows, key=lambda row: row.line):
            items = tuple(row.item for row in rows)
            at = number if number >= 0 else at
            # What a comment says of a line may not be so of a changed one.
            comment = self.comments[number] if number >= 0 and items == self.plain[number] else None
            line = Line(syntax.Items(items, items[0].span), comment)
            body.setdefault(at, []).append(line)
        return body

    # -- edits

    def _recipe(self, own: syntax.Train) -> None:
        """A recipe without a name changes the base's without one; beside named ones it would never be the first."""
        names = [c.name for c in self.base.contents if isinstance(c, syntax.Train)]
        if names and None not in names:
            here = Label(own.head, "of which recipe?")
            help = f"write `train {names[0]} {{ … }}` to change it, or give this one another name"
            message = "a recipe without a name, where the file that is extended has named ones"
            raise NetworkError(Diagnostic("V242", message, (here,), help))

    def _input(self, content: syntax.Items, items: tuple[syntax.Item, ...]) -> None:
        if len(items) > 1 or not isinstance(items[0].element, syntax.Input):
            help = "write `replace label: …` or `insert-after label: …`"
            message = "layers in a file that extends another"
            raise NetworkError(Diagnostic("V242", message, (Label(content.span, "here"),), help))
        if self._given is not None:
            labels = (Label(content.span, "again"), Label(self._given.span, "first here", primary=False))
            raise NetworkError(Diagnostic("V211", "a second input", labels, "a network has one input"))
        self._given = content
        self.rows = [
            replace(row, item=items[0]) if isinstance(row.item.element, syntax.Input) else row for row in self.rows
        ]

    def _remove(self, remove: syntax.Remove) -> None:
        self._change(remove.first, remove.last, remove.span, lambda items: [])

    def _edit(self, edit: syntax.Edit) -> None:
        def change(items: list[syntax.Item]) -> list[syntax.Item]:
            (old,) = items
            if edit.verb == "insert-after":
                return [old, *edit.items]
            new = edit.items
            if old.label is None or (len(new) == 1 and new[0].label is not None):
                return list(new)
            if len(new) == 1:
                return [replace(new[0], label=old.label)]
            expects = new[-1].expects
            group = syntax.Group((*new[:-1], replace(new[-1], expects=None)), edit.span)
            return [syntax.Item(group, edit.span, old.label, None, expects)]

        self._change(edit.label, None, edit.span, change)

    def _change(
        self,
        first: Placed,
        last: Placed | None,
        span: Span,
        change: Callable[[list[syntax.Item]], list[syntax.Item]],
    ) -> None:
        """Changes the elements from one label to another, wherever they stand next to each other."""
        begin = self._find(first, span)
        end = self._find(last, span) if last is not None else begin
        outer = [row.item for row in self.rows]
        if any(item is begin for item in outer) and any(item is end for item in outer):
            places = [i for i, item in enumerate(outer) if item is begin or item is end]
            low, high = places[0], places[-1]
            if outer[low] is not begin:
                raise self._backwards(first, last, span)
            self._splice(low, high, change(outer[low : high + 1]))
            return
        for i, row in enumerate(self.rows):
            inside = _within(row.item, begin, end, change)
            if inside is not None:
                self.rows[i] = replace(row, item=inside)
                return
        raise self._backwards(first, last, span)

    def _splice(self, low: int, high: int, new: list[syntax.Item]) -> None:
        kept = {id(row.item): row for row in self.rows[low : high + 1]}
        single = low == high and not any(row.line == self.rows[low].line for i, row in enumerate(self.rows) if i != low)
        fresh = min((row.line for row in self.rows), default=0)
        fresh = min(fresh, 0) - 1
        rows = []
        for item in new:
            old = kept.get(id(item))
            if old is not None:
                rows.append(old)
            elif len(new) > 1 and single:  # behind an element that has a line to itself
                rows.append(_Row(item, fresh))
            else:
                rows.append(_Row(item, self.rows[low].line))
        self.rows[low : high + 1] = rows

    def _backwards(self, first: str, last: str | None, span: Span) -> NetworkError:
        message = f"`{first}..{last}` is no range"
        help = "both ends stand in the same row of elements, the first before the last"
        return NetworkError(Diagnostic("V241", message, (Label(span, "here"),), help))

    def _find(self, label: Placed, span: Span) -> syntax.Item:
        """The element of a label; without one, the layer that is named so. ``span`` is the edit's."""
        items = [row.item for row in self.rows]
        found = list(_labelled(items, label, ""))
        if len(found) > 1:
            labels = (Label(span, "which one?"), *(Label(item.span, "", primary=False) for item in found))
            help = f"label them apart in the file that is extended; `remove` also takes `outer.{label}`"
            raise NetworkError(Diagnostic("V241", f"{len(found)} elements are labelled `{label}`", labels, help))
        if found:
            return found[0]
        if self._names is None:
            self._names = _names(self.base)
        names = self._names
        place = names.written.get(label)
        here = Label(label.span, "here")
        for item in _all(items):
            if place is None or place not in (item.span, item.element.span) or isinstance(item.element, syntax.Group):
                continue
            if list(names.written.values()).count(place) > 1:
                labels = (here, Label(item.span, "all of them", primary=False))
                help = "label the element in the file that is extended, and change it as a whole"
                raise NetworkError(Diagnostic("V241", f"`{label}` is one of several repeats", labels, help))
            return item
        before = self.base.items
        if any(_labelled(before, label, "")) or any(place in (i.span, i.element.span) for i in _all(before)):
            message = f"`{label}` was removed or replaced before"
            raise NetworkError(Diagnostic("V241", message, (here,), "one edit an element: remove the second"))
        if label in names.implied:
            why, rule = names.implied[label]
            labels = (here, Label(rule, "by this rule", primary=False)) if why != "implied" else (here,)
            message = f"`{label}` is written nowhere: it is {why if why == 'implied' else f'there by `{why}`'}"
            help = "change the rule, or write `after=none` at the layer that it follows"
            raise NetworkError(Diagnostic("V241", message, labels, help))
        if place is not None:
            help = "change the block, or the element that calls it"
            raise NetworkError(Diagnostic("V241", f"`{label}` stands in a block", (here,), help))
        times = Counter(str(item.label) for item in _all(items) if item.label)
        known = dict.fromkeys([*times, *names.written])
        clear = [each for each in known if times[each] < 2]
        raise NetworkError(unknown("V241", "label", label, list(known), here.span, offered=clear))


@dataclass(frozen=True)
class _Names:
    """What tables call the base's layers: where each is written, or why it is there, and by which rule."""

    written: Mapping[str, Span]
    implied: Mapping[str, tuple[str, Span]]


def _names(base: Document) -> _Names:
    try:
        network = elaborate(base)
    except VggdslError:
        return _Names({}, {})
    nodes = list(network.graph.training_nodes)
    written = {node.name: node.span for node in nodes if not node.implied}
    for number, head in enumerate(network.graph.heads, 1):  # of one without a label
        if f"aux{number}" in network.labels:
            written[f"aux{number}"] = head.span
    return _Names(written, {node.name: (node.implied, node.span) for node in nodes if node.implied})


def _within(
    item: syntax.Item,
    begin: syntax.Item,
    end: syntax.Item,
    change: Callable[[list[syntax.Item]], list[syntax.Item]],
) -> syntax.Item | None:
    """The item with the elements inside it changed; None if they aren't inside."""

    def changed(items: tuple[syntax.Item, ...]) -> tuple[syntax.Item, ...] | None:
        places = [i for i, each in enumerate(items) if each is begin or each is end]
        if places and items[places[0]] is begin and items[places[-1]] is end:
            low, high = places[0], places[-1]
            return (*items[:low], *change(list(items[low : high + 1])), *items[high + 1 :])
        for i, each in enumerate(items):
            inside = _within(each, begin, end, change)
            if inside is not None:
                return (*items[:i], inside, *items[i + 1 :])
        return None

    element = item.element
    match element:
        case syntax.Group(items) | syntax.Aux(items=items):
            new = changed(items)
            return None if new is None else replace(item, element=replace(element, items=_some(new, item)))
        case syntax.Merge(branches=branches):
            for i, branch in enumerate(branches):
                new = changed(branch)
                if new is not None:
                    rest = (*branches[:i], _some(new, item), *branches[i + 1 :])
                    return replace(item, element=replace(element, branches=rest))
        case _:
            pass
    return None


def _some(items: tuple[syntax.Item, ...], around: syntax.Item) -> tuple[syntax.Item, ...]:
    """The items, or `identity` where none is left."""
    return items or (syntax.Item(syntax.Layer("identity", around.span), around.span),)


def _all(items: Iterable[syntax.Item]) -> Iterator[syntax.Item]:
    for item in items:
        yield item
        yield from _all(inner_items(item.element))


def _labelled(items: Iterable[syntax.Item], label: str, prefix: str) -> Iterator[syntax.Item]:
    """The items with a label; one inside a labelled element is also `outer.inner`."""
    for item in items:
        whole = f"{prefix}{item.label}" if item.label else ""
        if label in (item.label, whole):
            yield item
        yield from _labelled(inner_items(item.element), label, f"{whole}." if whole else prefix)


def _plain(item: syntax.Item) -> syntax.Item:
    """The item without what is printed about it and about what is in it."""
    element = item.element
    match element:
        case syntax.Group(items) | syntax.Aux(items=items):
            element = replace(element, items=tuple(map(_plain, items)))
        case syntax.Merge(branches=branches):
            element = replace(element, branches=tuple(tuple(map(_plain, branch)) for branch in branches))
        case _:
            pass
    return replace(item, element=element, expects=None)


def _plain_block(line: Line) -> Line:
    """The line; a block without what is printed about its elements."""
    if not isinstance(line.content, syntax.Block):
        return line
    lines = tuple(
        replace(inner, content=replace(inner.content, items=tuple(map(_plain, inner.content.items))))
        if isinstance(inner.content, syntax.Items)
        else inner
        for inner in line.content.lines
    )
    return replace(line, content=replace(line.content, lines=lines))


def _overrides(own: syntax.Content | None, base: syntax.Content | None) -> bool:
    """Whether a line of a delta takes the place of one that it would inherit."""
    match own, base:
        case (syntax.After(kind), syntax.After(other)) | (syntax.Default(kind), syntax.Default(other)):
            return kind == other
        case (syntax.Block(name), syntax.Block(other)):
            return name == other
        case (syntax.Train(name=name), syntax.Train(name=other)):
            return name == other
        case _:
            return False


def _merged(base: syntax.Train, own: syntax.Train) -> syntax.Train:
    """The base's recipe with the own entries, each in the place of one with its key or behind them.

    Steps of one's own say how long the training is: then the base's epochs aren't inherited.
    """
    entries = {line.content.key: line for line in own.lines if isinstance(line.content, syntax.Entry)}
    steps = any(isinstance(line.content, syntax.Entry) and line.content.is_steps for line in own.lines)
    without = {"epochs"} if steps else set[str]()
    lines = []
    for line in base.lines:
        if isinstance(line.content, syntax.Entry) and line.content.key in without - entries.keys():
            continue
        key = line.content.key if isinstance(line.content, syntax.Entry) else None
        lines.append(entries.pop(key, line) if key is not None else line)
    lines += [line for line in own.lines if not isinstance(line.content, syntax.Entry)]
    return replace(base, lines=(*lines, *entries.values()), base=own.base or base.base)


def _spaced(lines: list[Line]) -> Iterator[Line]:
    """The lines without blank ones at the ends, and at most one between."""
    blank = True
    for i, line in enumerate(lines):
        is_blank = line == Line(None)
        last = all(other == Line(None) for other in lines[i:])
        if is_blank and (blank or last):
            continue
        blank = is_blank
        yield line
