"""Syntax -> Graph: repeats are expanded, rules and defaults applied, implied layers put in place."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from vggdsl import syntax
from vggdsl.errors import Diagnostic, Label, NetworkError, unknown
from vggdsl.ir import Graph, Node
from vggdsl.names import Namer
from vggdsl.notations.arch.write import element_text
from vggdsl.ops import FUNCTIONS, Identity, Input, Softmax
from vggdsl.options import Options, to_op
from vggdsl.shapes import Shape
from vggdsl.source import Span

MAX_LAYERS = 10_000
"""Layers in a network, counted before any is made."""

_COLOURS = {"rgb": 3, "colour": 3, "color": 3, "grey": 1, "gray": 1, "greyscale": 1, "grayscale": 1}
_PASSING = ("BN", "LRN", "dropout", "identity")
"""What may stand between a layer and its activation."""

_IN_RULES = (*FUNCTIONS, *_PASSING)

Rule = TypeVar("Rule", syntax.After, syntax.Default)


@dataclass(frozen=True)
class Printed:
    """What is printed about an element, and the names of the nodes that it became."""

    expects: syntax.Expects
    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Network:
    """A graph with what the text said of its elements."""

    graph: Graph
    printed: tuple[Printed, ...]
    labels: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class _Word:
    """A layer after repeats are expanded."""

    layer: syntax.Layer
    label: str | None
    prefix: str | None


@dataclass(frozen=True)
class _Place:
    """An item, or one of its repeats, and the range of words that it became."""

    item: syntax.Item
    label: str | None
    start: int
    end: int
    expects: syntax.Expects | None = None


@dataclass(frozen=True)
class _Follow:
    """What follows a kind of layer; no layers for the ReLU that nobody wrote."""

    layers: list[syntax.Layer] | None
    why: str
    span: Span | None


def elaborate(document: syntax.Document) -> Network:
    """The network that a document describes.

    Raises ``NetworkError`` with everything that is wrong with it.
    """
    found = list(_not_yet(document))
    if found:
        raise NetworkError(found)
    return _Elaboration(document).run()


class _Elaboration:
    def __init__(self, document: syntax.Document) -> None:
        self.contents = document.contents
        self.items = [i for c in self.contents if isinstance(c, syntax.Items) for i in c.items]
        self.found: list[Diagnostic] = []
        self.words: list[_Word] = []
        self.places: list[_Place] = []
        self.used: set[str] = set()

    def run(self) -> Network:
        shape, first = self._input()
        layers = [i for i in self.items if not isinstance(i.element, syntax.Input)]
        self._bound(layers)
        self._flatten(layers, None)
        if not layers:
            help = "write layers behind it, such as `conv3-64 maxpool FC-10 softmax`"
            self.found.append(Diagnostic("V218", "no layers", (Label(first.span, "nothing follows"),), help))
        defaults = self._once([c for c in self.contents if isinstance(c, syntax.Default)], "default")
        rules = self._once([c for c in self.contents if isinstance(c, syntax.After)], "after")
        self._check_rules(list(rules.values()))
        self._check_defaults(list(defaults.values()))
        nodes = [Node("input", Input(shape), (), first.span, element_text(first.element))]
        owners = self._lower(nodes, self._follow(list(rules.values())), defaults)
        self._check_softmax(nodes)
        self._check_unused([*rules.values(), *defaults.values()])
        if self.found:
            raise NetworkError(sorted(dict.fromkeys(self.found), key=_place))
        return self._network(tuple(nodes), owners, first)

    # -- the input

    def _input(self) -> tuple[Shape, syntax.Item]:
        inputs = [i for i in self.items if isinstance(i.element, syntax.Input)]
        if not inputs:
            labels = (Label(self.items[0].span, "the first layer"),) if self.items else ()
            help = "begin with `input 224x224x3` (height x width x channels)"
            raise NetworkError(Diagnostic("V210", "no input", labels, help))
        first, *more = inputs
        for other in more:
            places = (Label(other.span, "again"), Label(first.span, "first here", primary=False))
            self.found.append(Diagnostic("V211", "a second input", places, "a network has one input"))
        if self.items[0] is not first:
            places = (Label(first.span, "the input"), Label(self.items[0].span, "stands before it", primary=False))
            self.found.append(Diagnostic("V211", "the input doesn't come first", places, "move it before the layers"))
        if first.repeat is not None or first.label is not None:
            label = Label(first.span, "here")
            help = f"write `{element_text(first.element)}`"
            self.found.append(Diagnostic("V211", "an input has no label and no repeat", (label,), help))
        element = first.element
        assert isinstance(element, syntax.Input)
        return self._input_shape(element), first

    def _input_shape(self, element: syntax.Input) -> Shape:
        said = {_COLOURS[w.lower()] for w in element.words if w.lower() in _COLOURS}
        strange = [w for w in element.words if w.lower() not in (*_COLOURS, "image", "images")]
        for word in strange:
            start = element.span.start + element.span.text.rindex(word)
            place = Span(element.span.source, start, start + len(word))
            self.found.append(unknown("V110", "word of an input", word, [*_COLOURS, "image"], place))
        numbers = element.size.numbers
        if len(numbers) == 3:
            said.add(numbers[2])
        if len(said) != 1:
            if strange:  # one of them may say it
                return Shape(3, numbers[0], numbers[1])
            what = "says no channels" if not said else "names different channels"
            help = f"write `input {numbers[0]}x{numbers[1]}x3`"
            self.found.append(Diagnostic("V105", f"the input {what}", (Label(element.span, "here"),), help))
            return Shape(3, numbers[0], numbers[1])
        return Shape(said.pop(), numbers[0], numbers[1])

    # -- expansion

    def _bound(self, items: list[syntax.Item]) -> None:
        count = _count(items)
        if count > MAX_LAYERS:
            widest = max(items, key=lambda item: _count([item]))
            message = f"the network would have {count:,} layers"
            help = f"at most {MAX_LAYERS:,} layers: check the repeat"
            raise NetworkError(Diagnostic("V219", message, (Label(widest.span, "most of them here"),), help))

    def _flatten(self, items: Iterable[syntax.Item], prefix: str | None) -> None:
        for item in items:
            if item.repeat == 0:
                help = "a repeat is at least 1: remove the `x0`, or the element with it"
                self.found.append(Diagnostic("V219", "a repeat of 0", (Label(item.span, "this element"),), help))
            whole = f"{prefix}.{item.label}" if item.label and prefix else item.label
            begin = len(self.words)
            for i in range(1, (item.repeat or 1) + 1):
                label = f"{whole}.{i}" if whole and item.repeat is not None else whole
                start = len(self.words)
                if isinstance(item.element, syntax.Group):
                    self._flatten(item.element.items, label or prefix)
                elif isinstance(item.element, syntax.Layer):
                    self.words.append(_Word(item.element, label, prefix))
                else:
                    label_here = Label(item.span, "here")
                    self.found.append(Diagnostic("V211", "an input inside a group", (label_here,), "move it out"))
                if label and label != whole:
                    self.places.append(_Place(item, label, start, len(self.words)))
            self.places.append(_Place(item, whole, begin, len(self.words), item.expects))

    # -- rules

    def _once(self, rules: list[Rule], word: str) -> dict[str, Rule]:
        """The rules by their kinds; a kind has one."""
        first: dict[str, Rule] = {}
        for rule in rules:
            if rule.kind in first:
                labels = (Label(rule.span, "again"), Label(first[rule.kind].span, "first here", primary=False))
                message = f"a second `{word} {rule.kind}`"
                self.found.append(Diagnostic("V212", message, labels, "one rule a kind: join them"))
            first.setdefault(rule.kind, rule)
        return first

    def _check_rules(self, rules: list[syntax.After]) -> None:
        ruled = {rule.kind for rule in rules}
        for rule in rules:
            for item in rule.items:
                kind = item.element.kind if isinstance(item.element, syntax.Layer) else "an input or a group"
                here = (Label(item.span, "here"),)
                if kind not in _IN_RULES:
                    help = "a rule holds " + ", ".join(_IN_RULES)
                    self.found.append(Diagnostic("V214", f"{kind} in a rule", here, help))
                elif item.label or item.repeat is not None or item.expects:
                    help = f"write `{element_text(item.element)}` alone"
                    self.found.append(Diagnostic("V214", "a label, repeat or arrow in a rule", here, help))
                elif kind in ruled:
                    help = f"write in `after {rule.kind}` what is to follow the {kind}"
                    message = f"a rule gives {kind}, which has a rule of its own"
                    self.found.append(Diagnostic("V214", message, (Label(item.span, "here"),), help))

    def _check_defaults(self, defaults: list[syntax.Default]) -> None:
        for default in defaults:
            seen: dict[str, syntax.Option] = {}
            for option in default.options:
                if option.key == "after":
                    help = f"write `after {default.kind}: none`"
                    label = Label(option.span, "here")
                    self.found.append(Diagnostic("V220", "`after` among the defaults", (label,), help))
                if option.key in seen:
                    first = Label(seen[option.key].span, "first here", primary=False)
                    message = f"the option `{option.key}` is given twice"
                    self.found.append(Diagnostic("V221", message, (Label(option.span, "again"), first), "keep one"))
                seen[option.key] = option

    def _follow(self, rules: list[syntax.After]) -> dict[str, _Follow]:
        """What follows each kind: by the rules, or ReLU where the paper doesn't write it."""
        if rules:
            return {
                rule.kind: _Follow(
                    [i.element for i in rule.items if isinstance(i.element, syntax.Layer)],
                    f"after {rule.kind}",
                    rule.span,
                )
                for rule in rules
            }
        if any(word.layer.kind in FUNCTIONS for word in self.words):
            return {}
        return {kind: _Follow(None, "implied", None) for kind in ("conv", "FC")}

    # -- layers

    def _lower(
        self, nodes: list[Node], follow: dict[str, _Follow], defaults: dict[str, syntax.Default]
    ) -> list[list[str]]:
        """Appends the nodes of every word; gives their names, word by word."""
        labels = {place.label: place.item for place in self.places if place.label}
        namer, owners = Namer(labels), list[list[str]]()
        weighty = [i for i, word in enumerate(self.words) if word.layer.kind in ("conv", "FC")]
        classifier = weighty[-1] if weighty and self.words[weighty[-1]].layer.kind == "FC" else None

        def append(layer: syntax.Layer, span: Span, word: _Word, implied: str = "") -> None:
            default = defaults.get(layer.kind)
            if default is not None:
                self.used.add(f"default {layer.kind}")
            try:
                op = to_op(layer, Options(layer, default.options if default else ()))
            except NetworkError as error:
                self.found += error.diagnostics
                op = Identity()
            name = namer.name(op, None if implied else word.label, word.prefix)
            spelled = element_text(layer)
            nodes.append(Node(name, op, (nodes[-1].name,), span, spelled, implied))
            owners[-1].append(name)

        for index, word in enumerate(self.words):
            owners.append([])
            append(word.layer, word.layer.span, word)
            rule = follow.get(word.layer.kind)
            opted_out = any(o.key == "after" for o in word.layer.options)
            if opted_out and (rule is None or index == classifier):
                message = f"no rule gives anything after {'the classifier' if rule else word.layer.kind}"
                label = Label(word.layer.span, "nothing to opt out of")
                self.found.append(Diagnostic("V215", message, (label,), "remove `after=none`"))
            if rule is None or index == classifier:
                continue
            self.used.add(rule.why)
            if opted_out:
                continue
            self._check_twice(rule, word.layer, self.words[index + 1 :])
            for layer in [syntax.Layer("ReLU", word.layer.span)] if rule.layers is None else rule.layers:
                append(layer, rule.span or word.layer.span, word, rule.why)
        for clash in namer.clashes:
            label = Label(labels[clash].span, "this label")
            message = f"the label `{clash}` is the name of another layer"
            help = "layers without a label are named so: choose another"
            self.found.append(Diagnostic("V224", message, (label,), help))
        return owners

    def _check_twice(self, rule: _Follow, layer: syntax.Layer, following: Sequence[_Word]) -> None:
        gives = [each.kind for each in rule.layers or () if each.kind in FUNCTIONS]
        if not gives or rule.span is None:
            return
        behind = next((word.layer for word in following if word.layer.kind not in _PASSING), None)
        if behind is None or behind.kind not in FUNCTIONS:
            return
        labels = (Label(behind.span, "written here"), Label(rule.span, f"gives {gives[0]}", primary=False))
        message = f"an activation after {layer.kind}, whose rule gives one already"
        direct = behind is following[0].layer
        alone = f"`{element_text(layer)} after=none {behind.kind}`" if direct else f"`{element_text(layer)} after=none`"
        help = f"remove the {behind.kind}, or write {alone}"
        self.found.append(Diagnostic("V216", message, labels, help))

    # -- what must hold of the whole

    def _check_softmax(self, nodes: list[Node]) -> None:
        for node, after in pairwise(nodes):
            if isinstance(node.op, Softmax):
                labels = (Label(node.span, "this softmax"), Label(after.span, "something follows", primary=False))
                help = "softmax ends a network; `sigmoid` or `ReLU` can stand inside"
                self.found.append(Diagnostic("V217", "softmax before the end", labels, help))

    def _check_unused(self, rules: list[syntax.After | syntax.Default]) -> None:
        for rule in rules:
            word = "after" if isinstance(rule, syntax.After) else "default"
            if f"{word} {rule.kind}" in self.used:
                continue
            lonely = word == "after" and any(w.layer.kind == rule.kind for w in self.words)
            why = (
                f"the only {rule.kind} is the classifier, to which no rule applies: remove the rule"
                if lonely
                else f"the network has no {rule.kind}: remove the rule"
            )
            label = Label(rule.span, "matches nothing")
            self.found.append(Diagnostic("V213", f"`{word} {rule.kind}` matches nothing", (label,), why))

    def _network(self, nodes: tuple[Node, ...], owners: list[list[str]], first: syntax.Item) -> Network:
        printed, labels, spans = [], dict[str, tuple[str, ...]](), dict[str, Span]()
        if first.expects:
            printed.append(Printed(first.expects, ("input",)))
        for place in self.places:
            parts = owners[place.start : place.end]
            if isinstance(place.item.element, syntax.Layer):  # what a rule puts behind it is not part of it
                parts = [owned[:1] for owned in parts]
            names = tuple(name for owned in parts for name in owned)
            if place.label:
                if place.label in labels:
                    message = f"a second element is labelled `{place.label}`"
                    there = Label(spans[place.label], "first here", primary=False)
                    raise NetworkError(
                        Diagnostic("V224", message, (Label(place.item.span, "again"), there), "rename one")
                    )
                labels[place.label], spans[place.label] = names, place.item.span
            if place.expects:
                printed.append(Printed(place.expects, names))
        return Network(Graph(nodes), tuple(printed), labels)


def _place(found: Diagnostic) -> int:
    return found.labels[0].span.start if found.labels else 0


def _count(items: Iterable[syntax.Item]) -> int:
    """Layers that items expand to, by arithmetic."""
    total = 0
    for item in items:
        inner = _count(item.element.items) if isinstance(item.element, syntax.Group) else 1
        total += inner * (1 if item.repeat is None else item.repeat)
    return total


def _not_yet(document: syntax.Document) -> Iterator[Diagnostic]:
    """What the language has and this version doesn't compile."""
    for content in document.contents:
        match content:
            case syntax.Block():
                yield _later("blocks", content.span)
            case syntax.Link() | syntax.Remove() | syntax.Edit():
                word = content.verb if not isinstance(content, syntax.Remove) else "remove"
                yield _later(f"`{word}`", content.span)
            case syntax.Items(items) | syntax.After(_, items):
                yield from _not_yet_in(items)


def _not_yet_in(items: Iterable[syntax.Item]) -> Iterator[Diagnostic]:
    for item in items:
        match item.element:
            case syntax.Merge(kind):
                yield _later(f"branches (`{kind}[ ]`)", item.element.span)
            case syntax.Call():
                yield _later("blocks", item.element.span)
            case syntax.Aux():
                yield _later("auxiliary classifiers", item.element.span)
            case syntax.Group(inner):
                yield from _not_yet_in(inner)


def _later(what: str, span: Span) -> Diagnostic:
    help = "only networks without branches compile yet: write this part as a chain of layers"
    if what.startswith("`"):
        help = "write the network out in one file"
    return Diagnostic("V290", f"{what}: not compiled by this version", (Label(span, "here"),), help)
