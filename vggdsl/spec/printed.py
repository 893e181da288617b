"""What a spec says of a source in print: its figures, and whether a row of the ledger stands in it.

A row's ``under`` names the recipes that say its figure (``train=S256,S384``, or ``train`` for the one without a name),
or gives the protocol of a result in full (``train=S256 split=val scale=256 view=dense``).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

from vggdsl.language import syntax
from vggdsl.language.blocks import inner_items
from vggdsl.language.spelling import element_text
from vggdsl.language.syntax import Claim, Measure, Setting
from vggdsl.network.measures import STRUCTURAL
from vggdsl.spec.claims import Verdict
from vggdsl.spec.spec import Spec
from vggdsl.text.source import Span

_ABOUT = [
    (r"weight layers|VGG.?(#?16|#?19)|depth", {"weight-layers"}),
    (r"flatten output", {"activations"}),
    (r"flatten params", {"params", "weights"}),
    (r"memory", {"activations"}),
    (r"without biases", {"weights"}),
    (r"non-trainable", {"non-trainable-params"}),
    (r"total params", {"total-params", "params"}),
    (r"param", {"params", "total-params"}),
    (r"\bops\b", {"macs"}),
    (r"output|size before", {"output"}),
    (r"field", {"receptive-field"}),
    (r"top-1 .*error", {"top-1-error"}),
    (r"top-5 .*error", {"top-5-error"}),
    (r"train accuracy", {"train-accuracy"}),
    (r"val accuracy", {"val-accuracy"}),
    (r"test accuracy", {"test-accuracy"}),
    (r"best epoch", {"epoch"}),
    (r"epochs allowed", {"epochs"}),
    (r"rank-1 accuracy", {"rank-1-accuracy"}),
    (r"rank-5 accuracy", {"rank-5-accuracy"}),
    (r"top-5 accuracy", {"top-5-accuracy"}),
    (r"accuracy", {"top-1-accuracy"}),
    (r"precision$", {"precision"}),
    (r"recall$", {"recall"}),
    (r"f1-score$", {"f1-score"}),
]
"""Which measures a quantity of the ledger can be; the first that fits."""

_ENTRIES = [
    (r"data set", "data"),
    (r"checkpoint", "checkpoint"),
    (r"batch", "batch"),
    (r"schedule", "schedule"),
    (r"epochs", "epochs"),
    (r"momentum|weight decay|L2|learning rate(?! drops)", "optimizer"),
    (r"optimizer", "optimizer"),
    (r"drops", "schedule"),
    (r"variance|taken over|initialisation", "init"),
    (r"crop|[Ss]cale|Smin|Smax", "augment"),
]
"""In which entry of a recipe a quantity stands; the first that fits."""

_COLUMNS = ("#1x1", "#3x3 reduce", "#3x3", "#5x5 reduce", "#5x5", "pool proj")
"""Of GoogLeNet's table, in the order of the numbers of `inception`."""


@dataclass(frozen=True)
class Row:
    """A number that a source prints, or what it says of one of the networks that it is about.

    ``status`` is ``claim`` or ``disputed`` of what stands in a ``spec`` as ``in_spec``, else ``unattributed`` or
    ``not-checkable``, and ``note`` says why.
    """

    source: str
    place: str
    quantity: str
    printed: str
    status: str
    spec: str
    note: str
    in_spec: str
    under: str

    @property
    def measures(self) -> frozenset[str]:
        """Which measures it can be; none of what is no figure of a claim."""
        return _about(self.quantity)

    @property
    def entry(self) -> str:
        """The key of the entry of a recipe in which it stands."""
        return next(key for pattern, key in _ENTRIES if re.search(pattern, self.quantity))

    @property
    def protocol(self) -> frozenset[str]:
        """Under what a result was measured, in full."""
        return frozenset() if self._is_in_recipe else frozenset(self.under.split())

    @property
    def recipes(self) -> list[str]:
        """The recipes that it is about; ``""`` is the one without a name."""
        return self.under.removeprefix("train").removeprefix("=").split(",") if self._is_in_recipe else []

    @property
    def _is_in_recipe(self) -> bool:
        return re.fullmatch(r"train(=\S+)?", self.under) is not None


@cache
def _about(quantity: str) -> frozenset[str]:
    return next((frozenset(measures) for pattern, measures in _ABOUT if re.search(pattern, quantity)), frozenset())


@dataclass(frozen=True)
class Printed:
    """A figure of a spec: on what, the measure, as written, where the source prints it, and its protocol."""

    on: str
    measure: str
    text: str
    where: str
    protocol: frozenset[str] = frozenset()
    span: Span | None = field(default=None, compare=False, repr=False)
    verdict: Verdict | None = field(default=None, compare=False, repr=False)
    """What came of it; None of what is measured and not computed."""


class Held:
    """A spec, as the ledger looks at it."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    @cached_property
    def figures(self) -> tuple[Printed, ...]:
        """Every figure: of claims, and of the arrows behind elements, in calls, groups and aux too."""
        return tuple(dict.fromkeys(_figures(self.spec)))

    @cached_property
    def by_measure(self) -> Mapping[str, list[Printed]]:
        return {name: [f for f in self.figures if f.measure == name] for name in {f.measure for f in self.figures}}

    @cached_property
    def names(self) -> set[str]:
        """What a figure can be of: layers, labels, and elements that have figures."""
        return {*self.spec.typed.by_name, *self.spec.network.labels, *(figure.on for figure in self.figures)}

    @cached_property
    def stages(self) -> list[str]:
        """The layers between the pools, as written; FCs, what follows them and the input left out."""
        body = [element_text(item.element) for c in self._contents if isinstance(c, syntax.Items) for item in c.items]
        runs = re.split(r" ?maxpool ?", " ".join(word for word in body if not re.match(r"input|ReLU|dropout|BN", word)))
        return [re.sub(r" ?(FC-|softmax).*", "", run) for run in runs]

    @cached_property
    def words(self) -> str:
        """All layers as written, those of rules, blocks and edits too, between spaces."""
        return f" {' '.join(element_text(item.element) for item in _written(self._contents))} "

    @cached_property
    def calls(self) -> list[tuple[str | None, syntax.Call]]:
        """The calls of blocks with their labels, in order."""
        items = [item for c in self._contents if isinstance(c, syntax.Items) for item in c.items]
        return [(item.label, item.element) for item in _within(items) if isinstance(item.element, syntax.Call)]

    @cached_property
    def recipes(self) -> Mapping[str, Mapping[str, syntax.Entry]]:
        """The entries of each recipe, those of its base too; a recipe without a name is ``""``."""
        recipes: dict[str, dict[str, syntax.Entry]] = {}
        for section in self.spec.whole.contents:
            if isinstance(section, syntax.Train):
                base = recipes[section.base] if section.base else {}
                own = (line.content for line in section.lines if isinstance(line.content, syntax.Entry))
                recipes[section.name or ""] = {**base, **{entry.key: entry for entry in own}}
        return recipes

    def on(self, row: Row) -> str | None:
        """The layer or element that a quantity begins with; None if it is of the network, or names none."""
        first = row.quantity.split()[0]
        return first if first in self.names else None

    def found(self, row: Row) -> list[Printed]:
        """The figures of claims that a row can be, under what it says."""
        place = self.on(row)
        of_measure = (f for measure in sorted(row.measures) for f in self.by_measure.get(measure, ()))
        return [f for f in of_measure if f.text == row.in_spec and place in (None, f.on) and f.protocol == row.protocol]

    def stands(self, row: Row) -> bool:
        """Whether the row's figure stands in the spec as what the row says that it is, and under what it says."""
        quantity, figure, network = row.quantity, row.in_spec, self.spec.network
        if row.measures:
            return bool(self.found(row)) and all(self._says(name, row) for name in row.recipes)
        if re.search(r"test scale Q$|: nets$", quantity):
            wanted = {figure, row.under} - {""}
            return any(wanted <= found.protocol for found in self.figures)
        if names := row.recipes:
            return all(self._says(name, row) for name in names)
        if stage := re.search(r"stage (\d)( convolutions)?$", quantity):
            return self.stages[int(stage[1]) - 1] == figure
        if column := re.match(rf"(\w+) ({'|'.join(_COLUMNS)})$", quantity):
            at = _COLUMNS.index(column[2])
            return [str(call.arguments[at]) for label, call in self.calls if label == column[1]] == [figure]
        if module := re.match(r"module (\d+)$", quantity):
            return element_text(self.calls[int(module[1]) - 1][1]) == figure
        if head := re.match(r"aux(\d) loss weight$", quantity):
            return f"{network.graph.heads[int(head[1]) - 1].weight:g}" == figure
        if layer := re.match(r"(\S+) (patch size|filters|neurons)\b", quantity):
            return network.graph[layer[1]].spelled == figure
        if layer := re.match(r"(?:\S+ )?((?:fc|conv)\d\S*)( kernel and channels)?$", quantity):
            return network.graph[layer[1]].spelled == figure
        if "removed" in quantity:
            return any(isinstance(c, syntax.Remove) and f"{c.first}..{c.last}" == figure for c in self._contents)
        if "enabled" in quantity:
            return {*figure.split("..")} <= {*network.labels}
        if "input" in quantity or "image" in quantity:
            return f"{self.spec.typed.input}x".startswith(f"{figure}x")
        return f" {figure} " in self.words

    def _says(self, recipe: str, row: Row) -> bool:
        """Whether the recipe says a row's figure: as a value, or as arguments of one that follow each other."""
        entry = self.recipes.get(recipe, {}).get(row.entry)
        return entry is not None and any(_has(value, row.in_spec) for value in entry.values)

    @property
    def _contents(self) -> tuple[syntax.Content, ...]:
        return self.spec.document.contents


def _figures(spec: Spec) -> Iterator[Printed]:
    """Those of claims, in order, and behind them those of arrows."""
    verdicts = {v.measure.span: v for v in spec.verdicts}
    for content in spec.document.contents:
        match content:
            case Claim(measures):
                protocol = frozenset(map(str, content.protocol))
                for measure in measures:
                    found = verdicts.get(measure.span)
                    if found is None and measure.name in STRUCTURAL:  # of a layer that isn't there, told once
                        found = verdicts.get(measures[0].span)
                    where = content.where or ""
                    yield Printed(content.on or "", measure.name, measure.printed, where, protocol, measure.span, found)
            case syntax.ResultLineClaim(line):
                values = {"train-accuracy": line.train, "val-accuracy": line.val, "test-accuracy": line.test}
                for name, text in {**values, "epoch": str(line.epoch), "epochs": str(line.epochs)}.items():
                    yield Printed("", name, text, content.where or "", span=content.span)
            case _:
                pass
    of_arrows = iter(spec.verdicts)  # which come first, in this order
    labels = {nodes: label for label, nodes in spec.network.labels.items()}
    for printed in spec.network.printed:
        written = [name for name in printed.nodes if not spec.network.graph[name].implied]
        on = labels.get(printed.nodes, "..".join(dict.fromkeys((written[0], written[-1]))))
        size = [Measure("output", printed.expects.size, printed.expects.span)] if printed.expects.size else []
        for measure in (*size, *printed.expects.figures):
            yield Printed(on, measure.name, measure.printed, "", span=measure.span, verdict=next(of_arrows))


def _written(contents: Iterable[syntax.Content]) -> Iterator[syntax.Item]:
    """The outermost elements that a text writes, those of blocks, rules and edits too."""
    for content in contents:
        match content:
            case syntax.Items(items) | syntax.After(items=items) | syntax.Edit(items=items):
                yield from items
            case syntax.Block(lines=lines):
                yield from _written(line.content for line in lines if line.content is not None)
            case _:
                pass


def _within(items: Iterable[syntax.Item]) -> Iterator[syntax.Item]:
    for item in items:
        yield item
        yield from _within(inner_items(item.element))


def _has(value: syntax.Atom | syntax.Option | Setting, text: str) -> bool:
    if not isinstance(value, Setting):
        return str(value) == text
    return text in (str(value), value.name) or f", {text}, " in f", {', '.join(map(str, value.arguments))}, "
