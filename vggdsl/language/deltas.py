"""Deltas: what a file that `extends` another changes in it.

Of the file that is extended the network, its rules, defaults, blocks and recipes are inherited; what its source
prints about it (claims and arrows), its citation and its measurements aren't.
"""

import operator
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
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


@dataclass(eq=False)
class _Cell:
    """An element while the network is edited. ``row`` are the cells beside it, itself among them, ``inner`` the rows
    of its branches or of what it holds; ``line`` is that of an outermost element, a negative one for what an edit
    brings; ``outer`` are the labels around it, each with a dot."""

    item: syntax.Item
    row: "list[_Cell]"
    line: int
    outer: str
    inner: "tuple[list[_Cell], ...]" = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Its label, and that with those of the elements that it stands in."""
        label = self.item.label
        return () if label is None else tuple(dict.fromkeys((str(label), f"{self.outer}{label}")))

    def built(self) -> syntax.Item:
        """The element with what it holds as it is now; `identity` where nothing is left of that."""
        element, item = self.item.element, self.item
        rows = [tuple(cell.built() for cell in row) for row in self.inner]
        if all(map(_same, rows, _rows(element))):
            return item
        filled = tuple(row or (syntax.Item(syntax.Layer("identity", item.span), item.span),) for row in rows)
        match element:
            case syntax.Group() | syntax.Aux():
                return replace(item, element=replace(element, items=filled[0]))
            case syntax.Merge():
                return replace(item, element=replace(element, branches=filled))
            case _:
                raise AssertionError(f"nothing stands in {element}")


def _rows(element: syntax.Element) -> tuple[tuple[syntax.Item, ...], ...]:
    match element:
        case syntax.Group(items) | syntax.Aux(items=items):
            return (items,)
        case syntax.Merge(branches=branches):
            return branches
        case _:
            return ()


def _same(ours: Sequence[syntax.Item], theirs: Sequence[syntax.Item]) -> bool:
    return len(ours) == len(theirs) and all(map(operator.is_, ours, theirs))


class _Delta:
    """A base and the lines of the file that extends it."""

    def __init__(self, base: Document, lines: Sequence[Line]) -> None:
        self.base, self.lines = base, lines
        self.comments: dict[int, str | None] = {}
        self.plain: dict[int, tuple[syntax.Item, ...]] = {}
        self.labelled: defaultdict[str, dict[int, _Cell]] = defaultdict(dict)
        self.spanned: defaultdict[Span, dict[int, _Cell]] = defaultdict(dict)
        self.on_line = Counter[int]()
        self.fresh = 0
        self.row: list[_Cell] = []
        for number, line in enumerate(base.lines):
            if isinstance(line.content, syntax.Items):
                self.comments[number] = line.comment
                self.plain[number] = tuple(map(_plain, line.content.items))
                self.row += [self._grown(item, self.row, number) for item in self.plain[number]]
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
        recipes = {c.name for c in self.base.contents if isinstance(c, syntax.Train)}
        own = [(line, line.content) for line in self.lines if isinstance(line.content, syntax.Train)]
        new = [line for line, recipe in own if recipe.base is None and recipe.name not in recipes]
        for number, line in enumerate(self.base.lines):
            match line.content:
                case syntax.Items():
                    yield from body.get(number, ())
                case syntax.After() | syntax.Default() | syntax.Block() | syntax.Train():
                    other = next((own for own in self.lines if _overrides(own.content, line.content)), None)
                    if other is None and new and isinstance(line.content, syntax.Train) and line.content.name is None:
                        used.update(map(id, new))
                        yield from new  # a recipe without a name is the first or none
                        continue
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
        for number, cells in groupby(self.row, key=lambda cell: cell.line):
            items = tuple(cell.built() for cell in cells)
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
        for i, cell in enumerate(self.row):
            if isinstance(cell.item.element, syntax.Input):
                self._drop(cell)
                self.row[i] = self._grown(items[0], self.row, cell.line)

    def _remove(self, remove: syntax.Remove) -> None:
        begin = self._find(remove.first, remove.span)
        end = self._find(remove.last, remove.span) if remove.last is not None else begin
        if begin.row is not end.row:
            raise self._backwards(remove.first, remove.last, remove.span)
        low, high = begin.row.index(begin), begin.row.index(end)
        if high < low:
            raise self._backwards(remove.first, remove.last, remove.span)
        for cell in begin.row[low : high + 1]:
            self._drop(cell)
        del begin.row[low : high + 1]

    def _edit(self, edit: syntax.Edit) -> None:
        old = self._find(edit.label, edit.span)
        place = old.row.index(old)
        if edit.verb == "insert-after":
            line, is_single = old.line, self.on_line[old.line] == 1
            if is_single:  # it has a line to itself
                self.fresh -= 1
                line = self.fresh
            old.row[place + 1 : place + 1] = [self._grown(item, old.row, line, old.outer) for item in edit.items]
            return
        new = self._in_place_of(old.item, edit)
        line = old.line
        if len(new) > 1 and self.on_line[old.line] == 1:
            self.fresh -= 1
            line = self.fresh
        self._drop(old)
        old.row[place : place + 1] = [self._grown(item, old.row, line, old.outer) for item in new]

    def _in_place_of(self, old: syntax.Item, edit: syntax.Edit) -> Sequence[syntax.Item]:
        """What replaces an element: its label goes on, unless the new one has its own."""
        new = edit.items
        if old.label is None or (len(new) == 1 and new[0].label is not None):
            return new
        if len(new) == 1:
            return [replace(new[0], label=old.label)]
        expects = new[-1].expects
        group = syntax.Group((*new[:-1], replace(new[-1], expects=None)), edit.span)
        return [syntax.Item(group, edit.span, old.label, None, expects)]

    def _grown(self, item: syntax.Item, row: list[_Cell], line: int, outer: str = "") -> _Cell:
        """A cell of an element, known by its names and places; ``row`` is where it is put."""
        cell = _Cell(item, row, line, outer)
        within = f"{outer}{item.label}." if item.label else outer
        grown = []
        for items in _rows(item.element):
            inner: list[_Cell] = []
            inner += [self._grown(each, inner, line, within) for each in items]
            grown.append(inner)
        cell.inner = tuple(grown)
        for name in cell.names:
            self.labelled[name][id(cell)] = cell
        for span in (item.span, item.element.span):
            self.spanned[span][id(cell)] = cell
        if row is self.row:
            self.on_line[line] += 1
        return cell

    def _drop(self, cell: _Cell) -> None:
        """Forgets a cell and what is in it."""
        for inner in cell.inner:
            for each in inner:
                self._drop(each)
        for name in cell.names:
            del self.labelled[name][id(cell)]
        for span in {cell.item.span, cell.item.element.span}:
            del self.spanned[span][id(cell)]
        if cell.row is self.row:
            self.on_line[cell.line] -= 1

    def _backwards(self, first: str, last: str | None, span: Span) -> NetworkError:
        message = f"`{first}..{last}` is no range"
        help = "both ends stand in the same row of elements, the first before the last"
        return NetworkError(Diagnostic("V241", message, (Label(span, "here"),), help))

    def _find(self, label: Placed, span: Span) -> _Cell:
        """The element of a label; without one, the layer that is named so. ``span`` is the edit's."""
        found = list(self.labelled[label].values())
        if len(found) > 1:
            several = (cell.item.span for cell in _all_cells(self.row) if cell in found)
            labels = (Label(span, "which one?"), *(Label(each, "", primary=False) for each in several))
            help = f"label them apart in the file that is extended; `remove` also takes `outer.{label}`"
            raise NetworkError(Diagnostic("V241", f"{len(found)} elements are labelled `{label}`", labels, help))
        if found:
            return found[0]
        if self._names is None:
            self._names = _names(self.base)
        names = self._names
        place = names.written.get(label)
        here = Label(label.span, "here")
        there = self.spanned[place].values() if place is not None else ()
        cell = next((cell for cell in there if not isinstance(cell.item.element, syntax.Group)), None)
        if cell is not None and place is not None and names.places[place] == 1:
            return cell
        if cell is not None:
            labels = (here, Label(cell.item.span, "all of them", primary=False))
            help = "label the element in the file that is extended, and change it as a whole"
            raise NetworkError(Diagnostic("V241", f"`{label}` is one of several repeats", labels, help))
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
        times = Counter(str(cell.item.label) for cell in _all_cells(self.row) if cell.item.label)
        known = dict.fromkeys([*times, *names.written])
        clear = [each for each in known if times[each] < 2]
        raise NetworkError(unknown("V241", "label", label, list(known), here.span, offered=clear))


@dataclass(frozen=True)
class _Names:
    """What tables call the base's layers: where each is written, or why it is there, and by which rule."""

    written: Mapping[str, Span]
    implied: Mapping[str, tuple[str, Span]]

    @cached_property
    def places(self) -> Mapping[Span, int]:
        """How many are written at a place."""
        return Counter(self.written.values())


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


def _all(items: Iterable[syntax.Item]) -> Iterator[syntax.Item]:
    for item in items:
        yield item
        yield from _all(inner_items(item.element))


def _all_cells(row: Iterable[_Cell]) -> Iterator[_Cell]:
    for cell in row:
        yield cell
        for inner in cell.inner:
            yield from _all_cells(inner)


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
    blank, began = False, False
    for line in lines:
        if line == Line(None):
            blank = began
            continue
        if blank:
            yield Line(None)
        yield line
        blank, began = False, True
