"""Syntax -> words: repeats, groups, blocks, branches and auxiliary classifiers become single layers.

Each word knows which words feed it. What rules and defaults make of them is decided afterwards, in
``elaborate``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from vggdsl.language import syntax
from vggdsl.language.blocks import Blocks, Values, check_call, count, items_of, values_of, with_values
from vggdsl.language.options import NAME_A_CHOICE
from vggdsl.text.edits import removal_of
from vggdsl.text.errors import Diagnostic, Label, NetworkError
from vggdsl.text.source import Span

MAX_LAYERS = 10_000
"""Layers in a network, counted before any is made."""
_HEAVIEST = 1000
"""Of an auxiliary loss: a larger weight would be a slip."""


@dataclass(frozen=True)
class Word:
    """One layer, or one merge, whose layer has the kind ``concat`` or ``add`` and several inputs.

    ``inputs`` are places in the list of words, 0 the network's input. ``label`` is its own, ``prefix`` that
    of what it stands in. ``head`` counts the auxiliary classifiers; None for the network itself.
    """

    layer: syntax.Layer
    inputs: tuple[int, ...]
    label: str | None = None
    prefix: str | None = None
    in_branch: bool = False
    head: int | None = None
    branches: tuple[Span, ...] = ()
    calls: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Place:
    """An element, or one of its repeats, and the range of words that it became."""

    item: syntax.Item
    label: str | None
    start: int
    end: int
    expects: syntax.Expects | None = None
    head: int | None = None
    outermost: bool = False
    calls: tuple[Span, ...] = ()


@dataclass
class Expansion:
    """All words, in an order in which each comes after those that feed it."""

    words: list[Word]
    places: list[Place] = field(default_factory=list)
    heads: list[tuple[syntax.Aux, int]] = field(default_factory=list)
    """Auxiliary classifiers, and the words that give their outputs."""
    output: int = 0
    """The word that gives the network's output."""


@dataclass(frozen=True)
class _At:
    """Where in the text the expansion is."""

    prefix: str | None = None
    values: Values = field(default_factory=dict)
    calls: tuple[Span, ...] = ()
    head: int | None = None
    in_branch: bool = False
    outermost: bool = False


def expand(first: syntax.Item, items: Iterable[syntax.Item], blocks: Blocks, findings: list[Diagnostic]) -> Expansion:
    """The words of a network's elements; what is wrong is added to ``findings``.

    Raises ``NetworkError`` V219 if there are too many.
    """
    items = list(items)
    total = count(items, blocks)
    if total > MAX_LAYERS:
        widest = max(items, key=lambda item: count([item], blocks))
        message = f"the network would have {total:,} layers"
        help = f"at most {MAX_LAYERS:,} layers: check the repeat"
        raise NetworkError(Diagnostic("V219", message, (Label(widest.span, "most of them here"),), help))
    expander = _Expander(blocks, findings, Expansion([Word(syntax.Layer("input", first.element.span), ())]))
    expander.out.output = expander.sequence(items, 0, _At(outermost=True))
    return expander.out


class _Expander:
    def __init__(self, blocks: Mapping[str, syntax.Block], findings: list[Diagnostic], out: Expansion) -> None:
        self.blocks, self.findings, self.out = blocks, findings, out

    def sequence(self, items: Iterable[syntax.Item], x: int, at: _At) -> int:
        """Appends what items become behind the word ``x``; gives the word behind which it goes on."""
        for item in items:
            x = self._item(item, x, at)
        return x

    def _item(self, item: syntax.Item, x: int, at: _At) -> int:
        if item.repeat == 0:
            help = "a repeat is at least 1: remove the `x0`, or the element with it"
            zero = Diagnostic("V219", "a repeat of 0", (Label(item.span, "this element"),)).helped(
                help, *(fix.as_choice for fix in removal_of("x0", item.span))
            )
            self.findings.append(called(zero, at.calls))
        if isinstance(item.repeat, syntax.Parameter):
            help = "write a number; how often a block stands is said behind its call"
            if not at.calls:
                help = NAME_A_CHOICE
            here = (Label(item.span, "no such parameter"),)
            self.findings.append(called(Diagnostic("V223", f"a repeat `x{item.repeat}`", here, help), at.calls))
        own, head = str(item.label) if item.label else None, at.head  # the network's names have no places
        if isinstance(item.element, syntax.Aux):
            self._check_aux(item, item.element, at)
            head = len(self.out.heads)
            own = own or f"aux{head + 1}"
        whole = f"{at.prefix}.{own}" if own and at.prefix else own
        words = self.out.words
        begin = len(words)
        for i in range(1, item.times + 1):
            label = f"{whole}.{i}" if whole and item.repeat is not None else whole
            start = len(words)
            x = self._element(item, label, x, at)
            if label and label != whole:
                self.out.places.append(Place(item, label, start, len(words), head=head, calls=at.calls))
        place = Place(item, whole, begin, len(words), item.expects, head, at.outermost, at.calls)
        self.out.places.append(place)
        return x

    def _element(self, item: syntax.Item, label: str | None, x: int, at: _At) -> int:
        element = item.element
        if isinstance(element, syntax.Layer):
            try:
                layer = with_values(element, at.values)
            except NetworkError as error:
                self.findings += (called(d, at.calls) for d in error.diagnostics)
                return x
            return self._append(layer, (x,), at, label)
        within = replace(at, prefix=label or at.prefix, outermost=False)
        match element:
            case syntax.Group(items):
                return self.sequence(items, x, within)
            case syntax.Merge(kind, branches):
                inside = replace(within, in_branch=True)
                ends = tuple(self.sequence(branch, x, inside) for branch in branches)
                places = tuple(branch[0].span.to(branch[-1].span) for branch in branches)
                return self._append(syntax.Layer(kind, element.span), ends, within, None, places)
            case syntax.Call(name):
                wrong = [called(d, at.calls) for d in check_call(element, self.blocks)]
                if wrong:
                    self.findings += wrong
                    return x
                block = self.blocks[name]
                values = values_of(element, block, at.values)
                inside = replace(within, values=values, calls=(element.span, *at.calls))
                return self.sequence(items_of(block), x, inside)
            case syntax.Aux(items=items):
                head = len(self.out.heads)
                self.out.heads.append((element, x))
                end = self.sequence(items, x, replace(within, head=head, in_branch=False))
                self.out.heads[head] = (element, end)
                return x
            case syntax.Alternation():
                raise AssertionError("a space is refused before")
            case syntax.Input():
                inner = Diagnostic("V211", "an input inside an element", (Label(item.span, "here"),), "move it out")
                self.findings.append(called(inner, at.calls))
                return x

    def _append(
        self,
        layer: syntax.Layer,
        inputs: tuple[int, ...],
        at: _At,
        label: str | None,
        branches: tuple[Span, ...] = (),
    ) -> int:
        word = Word(layer, inputs, label, at.prefix, at.in_branch, at.head, branches, at.calls)
        self.out.words.append(word)
        return len(self.out.words) - 1

    def _check_aux(self, item: syntax.Item, aux: syntax.Aux, at: _At) -> None:
        wrong = []
        if at.head is not None:
            wrong.append(("an auxiliary classifier inside another", "move it out"))
        if aux.weight.unit or aux.weight.approximate or not 0 < aux.weight.value <= _HEAVIEST:
            wrong.append((f"an auxiliary loss can't weigh {aux.weight.text}", "write a number such as 0.3"))
        if item.repeat is not None:
            wrong.append(("a repeated auxiliary classifier", "each classifier stands where its features are"))
        for message, help in wrong:
            self.findings.append(called(Diagnostic("V235", message, (Label(item.span, "here"),), help), at.calls))


def called(finding: Diagnostic, calls: Iterable[Span]) -> Diagnostic:
    """The finding with the calls of blocks by which it came about, innermost first."""
    shown = {label.span for label in finding.labels}
    return finding.at(*(Label(span, "called here", primary=False) for span in calls if span not in shown))
