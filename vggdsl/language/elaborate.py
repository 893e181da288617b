"""Syntax -> Graph: what was written becomes layers, rules and defaults applied, implied layers in place."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple, TypeVar

from vggdsl.language import syntax
from vggdsl.language.blocks import blocks_of, elements_of
from vggdsl.language.choices import refuse_space
from vggdsl.language.dictionary import ACTIVATIONS, PASSING, WEIGHT_LAYERS
from vggdsl.language.expand import Expansion, Place, Word, called, expand
from vggdsl.language.names import Namer
from vggdsl.language.options import OPTIONS, VOICE, read_layer_options, to_op
from vggdsl.language.reader import Reader
from vggdsl.language.spelling import element_text
from vggdsl.network.graph import Graph, Head, Node
from vggdsl.network.ops import Identity, Input, Op
from vggdsl.network.shapes import Shape
from vggdsl.text.edits import Edit, added_before, added_behind, removal
from vggdsl.text.errors import Diagnostic, Label, NetworkError, once_each, unknown
from vggdsl.text.facts import UnmatchedRule
from vggdsl.text.source import Span

_COLOURS = {"rgb": 3, "colour": 3, "color": 3, "grey": 1, "gray": 1, "greyscale": 1, "grayscale": 1}
_IN_RULES = (*ACTIVATIONS, *PASSING)
_PYTORCHS = "training"
"""A module without this name of its own can't be made: it is an attribute of all of them, and is set."""

Rule = TypeVar("Rule", syntax.After, syntax.Default)


@dataclass(frozen=True)
class Printed:
    """What is printed about an element, the names of the nodes that it became, and the calls around it."""

    expects: syntax.Expects
    nodes: tuple[str, ...]
    calls: tuple[Span, ...] = ()

    def __repr__(self) -> str:
        return f"Printed({self.expects}, {len(self.nodes)} nodes)"


@dataclass(frozen=True)
class OutermostElement:
    """An outermost element of the text, all its repeats together, and the names of its nodes.

    Unlike a label's, they include what rules put behind its last layer.
    """

    item: syntax.Item
    nodes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"OutermostElement({self.item}, {len(self.nodes)} nodes)"


@dataclass(frozen=True)
class AnnotatedGraph:
    """A graph with what the text said of its elements."""

    graph: Graph
    printed: tuple[Printed, ...]
    labels: dict[str, tuple[str, ...]]
    elements: tuple[OutermostElement, ...]

    def __repr__(self) -> str:
        return f"AnnotatedGraph({self.graph}, {len(self.elements)} elements, {len(self.labels)} labels)"


class _Meaning(NamedTuple):
    """Of a layer, wherever it stands: its op, how it is spelled and what of it was written."""

    op: Op
    spelled: str
    written: frozenset[str]


@dataclass(frozen=True)
class _Follow:
    """What follows a kind of layer; no layers for the ReLU that nobody wrote."""

    layers: list[syntax.Layer] | None
    why: str
    span: Span | None


def elaborate(document: syntax.Document) -> AnnotatedGraph:
    """The network that a document describes, whose links are resolved.

    Raises ``NetworkError`` with everything that is wrong with it, and for a space.
    """
    refuse_space(document)
    return _Elaboration(document).run()


def wrong_options(document: syntax.Document) -> Iterator[Diagnostic]:
    """What is wrong with the options of layers, for a document that can't become a network."""
    for content in document.contents:
        for element in elements_of(content):
            if isinstance(element, syntax.Layer) and not any("$" in o.value or o.choice for o in element.options):
                try:
                    read_layer_options(element)
                except NetworkError as error:
                    yield from error.diagnostics


class _Elaboration:
    def __init__(self, document: syntax.Document) -> None:
        self.contents = document.contents
        self.items = document.items
        self.findings: list[Diagnostic] = []
        self.used: set[str] = set()
        self.words: list[Word] = []
        self.consumers: list[list[int]] = []
        self.meanings: dict[syntax.Layer, _Meaning] = {}

    def run(self) -> AnnotatedGraph:
        blocks = blocks_of(self.contents, self.findings)
        if self.findings:  # a block that calls itself can't be expanded
            raise NetworkError(sorted(self.findings, key=_place))
        shape, first = self._input()
        layers = [i for i in self.items if not isinstance(i.element, syntax.Input)]
        expansion = expand(first, layers, blocks, self.findings)
        self.words = expansion.words
        self.consumers = [[] for _ in self.words]
        for index, word in enumerate(self.words):
            for source in word.inputs:
                self.consumers[source].append(index)
        if not layers:
            help = "write layers behind it, such as `conv3-64 maxpool FC-10 softmax`"
            wrong = Diagnostic("V218", "no layers", (Label(first.span, "nothing follows"),))
            example = added_behind(first.span, " conv3-64 maxpool FC-10 softmax")
            self.findings.append(wrong.helped(help, example.as_choice))
        defaults = self._once([c for c in self.contents if isinstance(c, syntax.Default)], "default")
        rules = self._once([c for c in self.contents if isinstance(c, syntax.After)], "after")
        self._check_rules(list(rules.values()))
        self._check_defaults(list(defaults.values()))
        start = Node("input", Input(shape), (), first.span, element_text(first.element))
        lowering = self._lower(start, expansion, self._follow(list(rules.values())), defaults)
        self._check_softmax()
        self._check_unused([*rules.values(), *defaults.values()])
        if self.findings:
            raise NetworkError(sorted(once_each(self.findings), key=_place))
        return self._network(lowering, expansion, first)

    # -- the input

    def _input(self) -> tuple[Shape, syntax.Item]:
        inputs = [i for i in self.items if isinstance(i.element, syntax.Input)]
        if not inputs:
            labels = (Label(self.items[0].span, "the first layer"),) if self.items else ()
            help = "begin with `input 224x224x3` (height x width x channels)"
            fixes = (added_before(self.items[0].span, "input 224x224x3\n").as_choice,) if self.items else ()
            raise NetworkError(Diagnostic("V210", "no input", labels, help, fixes=fixes))
        first, *more = inputs
        for other in more:
            places = (Label(other.span, "again"), Label(first.span, "first here", primary=False))
            self.findings.append(Diagnostic("V211", "a second input", places, "a network has one input"))
        if self.items[0] is not first:
            places = (Label(first.span, "the input"), Label(self.items[0].span, "stands before it", primary=False))
            self.findings.append(
                Diagnostic("V211", "the input doesn't come first", places, "move it before the layers")
            )
        if first.repeat is not None or first.label is not None:
            label = Label(first.span, "here")
            alone = element_text(first.element)
            wrong = Diagnostic("V211", "an input has no label and no repeat", (label,))
            self.findings.append(wrong.helped(f"write `{alone}`", Edit(first.span, alone).as_choice))
        element = first.element
        assert isinstance(element, syntax.Input)
        return self._input_shape(element), first

    def _input_shape(self, element: syntax.Input) -> Shape:
        said = {_COLOURS[w.lower()] for w in element.words if w.lower() in _COLOURS}
        strange = [w for w in element.words if w.lower() not in (*_COLOURS, "image", "images")]
        for word in strange:
            self.findings.append(unknown("V110", "word of an input", word, [*_COLOURS, "image"], word.span))
        numbers = element.size.numbers
        if len(numbers) == 3:
            said.add(numbers[2])
        if len(said) != 1:
            if strange:  # one of them may say it
                return Shape(3, numbers[0], numbers[1])
            what = "says no channels" if not said else "names different channels"
            ways = [f"input {numbers[0]}x{numbers[1]}x{channels}" for channels in (3, 1)]
            wrong = Diagnostic("V105", f"the input {what}", (Label(element.span, "here"),))
            h, w = numbers[:2]
            if not said and w <= 4 < h:  # as in code: steps, and values of each
                row = f"input 1x{h}x{w}"
                help = (
                    f"a sequence is an image of one row: {h} steps of {w} values are `{row}`; of an image say channels"
                )
                self.findings.append(wrong.helped(help, Edit(element.span, row).as_choice))
            else:
                help = f"write `{ways[0]}` of colours, `{ways[1]}` of greys"
                self.findings.append(wrong.helped(help, *(Edit(element.span, way) for way in ways)))
            return Shape(3, numbers[0], numbers[1])
        return Shape(said.pop(), numbers[0], numbers[1])

    # -- rules

    def _once(self, rules: list[Rule], word: str) -> dict[str, Rule]:
        """The rules by their kinds; a kind has one."""
        first: dict[str, Rule] = {}
        for rule in rules:
            if rule.kind in first:
                labels = (Label(rule.span, "again"), Label(first[rule.kind].span, "first here", primary=False))
                message = f"a second `{word} {rule.kind}`"
                self.findings.append(Diagnostic("V212", message, labels, "one rule a kind: join them"))
            first.setdefault(rule.kind, rule)
        return first

    def _check_rules(self, rules: list[syntax.After]) -> None:
        ruled = {rule.kind for rule in rules}
        for rule in rules:
            for item in rule.items:
                kind = item.element.kind if isinstance(item.element, syntax.Layer) else "an input or a group"
                here = (Label(item.span, "here"),)
                if kind not in _IN_RULES:
                    help = "a rule holds activations, normalisation, dropout and identity, as in `BN ReLU dropout-0.5`"
                    self.findings.append(Diagnostic("V214", f"{kind} in a rule", here, help))
                elif item.label or item.repeat is not None or item.expects:
                    alone = element_text(item.element)
                    wrong = Diagnostic("V214", "a label, repeat or arrow in a rule", here)
                    self.findings.append(wrong.helped(f"write `{alone}` alone", Edit(item.span, alone).as_choice))
                elif kind in ruled:
                    help = f"write in `after {rule.kind}` what is to follow the {kind}"
                    message = f"a rule gives {kind}, which has a rule of its own"
                    self.findings.append(Diagnostic("V214", message, (Label(item.span, "here"),), help))

    def _check_defaults(self, defaults: list[syntax.Default]) -> None:
        for default in defaults:
            for option in Reader(VOICE, self.findings).once(default.options):
                if option.key == "after":
                    rule = f"after {default.kind}: none"
                    wrong = Diagnostic("V220", "`after` among the defaults", (Label(option.span, "here"),))
                    fixes = (Edit(default.span, rule),) if len(default.options) == 1 else ()
                    self.findings.append(wrong.helped(f"write `{rule}`", *fixes))

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
        if any(word.layer.kind in ACTIVATIONS for word in self.words):
            return {}
        return {kind: _Follow(None, "implied", None) for kind in WEIGHT_LAYERS}

    # -- layers

    def _lower(
        self, start: Node, expansion: Expansion, follow: dict[str, _Follow], defaults: dict[str, syntax.Default]
    ) -> list[list[Node]]:
        """The nodes of every word, with those that rules put behind it."""
        labels = {place.label: place for place in expansion.places if place.label}
        namer, nodes = Namer(labels), [[start]]
        classifiers = self._classifiers()

        def append(layer: syntax.Layer, span: Span, word: Word, inputs: tuple[str, ...], implied: str = "") -> None:
            default = defaults.get(layer.kind)
            if default is not None:
                self.used.add(f"default {layer.kind}")
            try:
                meaning = self._meaning(layer, default)
            except NetworkError as error:
                self.findings += (called(d, word.calls) for d in error.diagnostics)
                meaning = _Meaning(Identity(), element_text(layer), layer.written)
            own = None if implied else word.label
            name = namer.name(
                meaning.op, inputs[0], own, word.prefix, branch=word.in_branch, head=word.head is not None
            )
            branches = () if implied else word.branches
            is_classifier = not implied and len(nodes) - 1 in classifiers
            node = Node(
                name,
                meaning.op,
                inputs,
                span,
                spelled=meaning.spelled,
                written=meaning.written,
                implied=implied,
                branches=branches,
                calls=word.calls,
                classifier=is_classifier,
            )
            nodes[-1].append(node)

        for index, word in enumerate(self.words[1:], 1):
            nodes.append([])
            append(word.layer, word.layer.span, word, tuple(nodes[i][-1].name for i in word.inputs))
            rule = follow.get(word.layer.kind)
            opted_out = any(o.key == "after" for o in word.layer.options)
            if opted_out and (rule is None or index in classifiers):
                message = f"no rule gives anything after {'the classifier' if rule else word.layer.kind}"
                label = Label(word.layer.span, "nothing to opt out of")
                options = (removal(o.span) for o in word.layer.options if o.key == "after")
                self.findings.append(Diagnostic("V215", message, (label,)).helped("remove `after=none`", *options))
            if rule is None or index in classifiers:
                continue
            self.used.add(rule.why)
            if opted_out:
                continue
            self._check_twice(rule, index)
            for layer in [syntax.Layer("ReLU", word.layer.span)] if rule.layers is None else rule.layers:
                append(layer, rule.span or word.layer.span, word, (nodes[-1][-1].name,), rule.why)
        for clash in namer.clashes:
            label = Label(labels[clash].item.span, "this label")
            message = f"the label `{clash}` is the name of another layer"
            help = "layers without a label are named so: choose another"
            self.findings.append(Diagnostic("V224", message, (label,), help))
        return nodes

    def _meaning(self, layer: syntax.Layer, default: syntax.Default | None) -> _Meaning:
        """What a layer means; read once for all that are written alike, but for one that is wrong."""
        found = self.meanings.get(layer)
        if found is None:
            op = to_op(layer, read_layer_options(layer, default.options if default else ()))
            found = self.meanings[layer] = _Meaning(op, element_text(layer), layer.written)
        return found

    def _classifiers(self) -> set[int]:
        """The FCs from which no other convolution or FC is reached; an auxiliary classifier counts in itself alone."""
        reaches, found = [False] * len(self.words), set[int]()
        for index in reversed(range(len(self.words))):
            consumers = [c for c in self.consumers[index] if self.words[c].head == self.words[index].head]
            weighty = (self.words[c].layer.kind in WEIGHT_LAYERS for c in consumers)
            reaches[index] = any(weighty) or any(reaches[c] for c in consumers)
            if self.words[index].layer.kind == "FC" and not reaches[index]:
                found.add(index)
        return found

    def _check_twice(self, rule: _Follow, index: int) -> None:
        gives = [each.kind for each in rule.layers or () if each.kind in ACTIVATIONS]
        if not gives or rule.span is None:
            return
        layer = self.words[index].layer
        todo, seen = list(self.consumers[index]), set[int]()
        while todo:
            behind = todo.pop()
            if behind in seen:
                continue
            seen.add(behind)
            if self.words[behind].layer.kind in PASSING:
                todo += self.consumers[behind]
            if self.words[behind].layer.kind not in ACTIVATIONS:
                continue
            written = self.words[behind]
            labels = (Label(written.layer.span, "written here"), Label(rule.span, f"gives {gives[0]}", primary=False))
            message = f"an activation after {layer.kind}, whose rule gives one already"
            alone = f"`{element_text(layer)} after=none"
            alone += f" {written.layer.kind}`" if behind in self.consumers[index] else "`"
            help, fixes = f"remove the {written.layer.kind}", [removal(written.layer.span)]
            if element_text(written.layer) not in gives:
                fixes = [fixes[0].as_choice]
            if layer.kind in OPTIONS:
                others = [each.kind for each in rule.layers or () if each.kind not in ACTIVATIONS]
                help += f", or write {alone}" + (f", which leaves out {' and '.join(others)}, too" if others else "")
                fixes.append(added_behind(layer.span, " after=none"))
            wrong = Diagnostic("V216", message, labels).helped(help, *fixes)
            self.findings.append(called(wrong, written.calls))

    # -- what must hold of the whole

    def _check_softmax(self) -> None:
        for word, consumers in zip(self.words, self.consumers, strict=True):
            if word.layer.kind == "softmax" and consumers:
                after = self.words[consumers[0]].layer.span
                labels = (Label(word.layer.span, "this softmax"), Label(after, "something follows", primary=False))
                help = "softmax ends a network; `sigmoid` or `ReLU` can stand inside"
                self.findings.append(called(Diagnostic("V217", "softmax before the end", labels, help), word.calls))

    def _check_unused(self, rules: list[syntax.After | syntax.Default]) -> None:
        for rule in rules:
            word: Literal["after", "default"] = "after" if isinstance(rule, syntax.After) else "default"
            if f"{word} {rule.kind}" in self.used:
                continue
            if isinstance(rule, syntax.After) and not rule.items:
                continue  # how a delta undoes a rule whose layers it removes
            lonely = word == "after" and any(w.layer.kind == rule.kind for w in self.words)
            why = (
                f"the only {rule.kind} is the classifier, to which no rule applies: remove the rule"
                if lonely
                else f"the network has no {rule.kind}: remove the rule"
            )
            label = Label(rule.span, "matches nothing")
            message = f"`{word} {rule.kind}` matches nothing"
            self.findings.append(Diagnostic("V213", message, (label,), why, UnmatchedRule(word, rule.kind)))

    def _network(self, nodes: list[list[Node]], expansion: Expansion, first: syntax.Item) -> AnnotatedGraph:
        printed, labels, spans = [], dict[str, tuple[str, ...]](), dict[str, Span]()
        elements = [OutermostElement(first, ("input",))]
        if first.expects:
            printed.append(Printed(first.expects, ("input",)))
        for place in expansion.places:
            names = self._names(place, nodes)
            if place.outermost:
                parts = nodes[place.start : place.end]
                elements.append(OutermostElement(place.item, tuple(node.name for part in parts for node in part)))
            if not names and (place.label or place.expects):
                message, help = "an element without layers of its own", "remove its label and figures"
                raise NetworkError(Diagnostic("V235", message, (Label(place.item.span, "here"),), help))
            if place.label:
                if _PYTORCHS in place.label.split("."):
                    message = f"no element can be labelled `{_PYTORCHS}`"
                    help = "PyTorch keeps at that name whether a module is in training: choose another"
                    wrong = Diagnostic("V224", message, (Label(place.item.span, "here"),), help)
                    raise NetworkError(called(wrong, place.calls))
                if place.label in labels:
                    message = f"a second element is labelled `{place.label}`"
                    where = [Label(place.item.span, "again")]
                    if spans[place.label] != place.item.span:
                        where.append(Label(spans[place.label], "first here", primary=False))
                    help = "label the calls of the block, too" if place.calls else "rename one"
                    raise NetworkError(called(Diagnostic("V224", message, tuple(where), help), place.calls))
                labels[place.label], spans[place.label] = names, place.item.span
            if place.expects:
                printed.append(Printed(place.expects, names, place.calls))
        trunk = [node for word, part in zip(self.words, nodes, strict=True) if word.head is None for node in part]
        heads = (
            Head(
                float(Decimal(aux.weight.value)),
                tuple(n for word, part in zip(self.words, nodes, strict=True) if word.head == index for n in part),
                aux.span,
            )
            for index, (aux, _) in enumerate(expansion.heads)
        )
        return AnnotatedGraph(Graph(tuple(trunk), tuple(heads)), tuple(printed), labels, tuple(elements))

    def _names(self, place: Place, nodes: list[list[Node]]) -> tuple[str, ...]:
        """The nodes that are part of the element: those of an auxiliary classifier inside it aren't."""
        inside = range(place.start, place.end)
        parts = [nodes[i] for i in inside if self.words[i].head == place.head]
        if isinstance(place.item.element, syntax.Layer):  # what a rule puts behind it is not part of it
            parts = [part[:1] for part in parts]
        return tuple(node.name for part in parts for node in part)


def _place(finding: Diagnostic) -> int:
    return finding.labels[0].span.start if finding.labels else 0
