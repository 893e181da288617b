"""The ledger of every number that the sources print, held against the specs in both directions."""

import csv
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import vggdsl
from vggdsl import syntax
from vggdsl.blocks import inner_items
from vggdsl.notations.arch.write import element_text
from vggdsl.spec import Spec
from vggdsl.syntax import Claim, Measure, Setting

LEDGER = Path(__file__).parent / "fixtures" / "ledger.csv"
with LEDGER.open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))
IN_SPECS = [row for row in ROWS if row["status"] in ("claim", "disputed")]
OWN = "quickstart"
"""A spec of this project: no source prints its numbers."""

ABOUT = [
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
    (r"(train|val|test) accuracy", {"train-accuracy", "val-accuracy", "test-accuracy"}),
    (r"best epoch", {"epoch"}),
    (r"epochs allowed", {"epochs"}),
    (r"rank-1 accuracy", {"rank-1-accuracy"}),
    (r"rank-5 accuracy", {"rank-5-accuracy"}),
    (r"top-5 accuracy", {"top-5-accuracy"}),
    (r"accuracy", {"top-1-accuracy"}),
]
"""Which measures a quantity of the ledger can be; the first that fits."""

ENTRIES = [
    (r"data set", "data"),
    (r"checkpoint", "checkpoint"),
    (r"batch", "batch"),
    (r"epochs", "epochs"),
    (r"momentum|weight decay|L2|learning rate(?! drops)", "optimizer"),
    (r"optimizer", "optimizer"),
    (r"drops|schedule", "schedule"),
    (r"variance|taken over|initialisation", "init"),
    (r"crop|[Ss]cale|Smin|Smax", "augment"),
]
"""In which entry of a recipe a quantity stands."""

COLUMNS = ("#1x1", "#3x3 reduce", "#3x3", "#5x5 reduce", "#5x5", "pool proj")
"""Of GoogLeNet's table, in the order of the numbers of `inception`."""


class Printed(NamedTuple):
    """A figure of a spec: on what, the measure, as written, where the source prints it, and its protocol."""

    on: str
    measure: str
    text: str
    where: str
    protocol: frozenset[str] = frozenset()


def about(row: dict[str, str]) -> set[str]:
    return next((measures for pattern, measures in ABOUT if re.search(pattern, row["quantity"])), set())


@cache
def spec_of(name: str) -> Spec:
    return vggdsl.load(vggdsl.shipped()[name])


@cache
def figures(name: str) -> frozenset[Printed]:
    """Every figure of a spec: of claims, and of the arrows behind elements, in calls, groups and aux too."""
    return frozenset(_figures(spec_of(name)))


def _figures(spec: Spec) -> Iterator[Printed]:
    for content in spec.document.contents:
        match content:
            case Claim(measures):
                protocol = frozenset(map(str, content.protocol))
                for measure in measures:
                    yield Printed(content.on or "", measure.name, _text(measure), content.where or "", protocol)
            case syntax.ResultClaim(line):
                where = content.where or ""
                yield from (
                    Printed("", key, getattr(line, key[:-9]), where) for key in ("train-accuracy", "val-accuracy")
                )
                yield Printed("", "test-accuracy", line.test, where)
                yield Printed("", "epoch", str(line.epoch), where)
                yield Printed("", "epochs", str(line.epochs), where)
            case _:
                pass
    labels = {nodes: label for label, nodes in spec.network.labels.items()}
    for printed in spec.network.printed:
        written = [name for name in printed.nodes if not spec.network.graph[name].implied]
        on = labels.get(printed.nodes, "..".join(dict.fromkeys((written[0], written[-1]))))
        if printed.expects.size:
            yield Printed(on, "output", str(printed.expects.size), "")
        yield from (Printed(on, measure.name, _text(measure), "") for measure in printed.expects.figures)


def on(row: dict[str, str]) -> str | None:
    """The layer or element that a quantity begins with; None if it is of the network, or names none."""
    first = row["quantity"].split()[0]
    spec = spec_of(row["spec"])
    known = first in spec.typed.by_name or first in spec.network.labels
    return first if known or any(first == figure.on for figure in figures(row["spec"])) else None


def _text(measure: Measure) -> str:
    return str(measure.figure) if isinstance(measure.figure, syntax.Size) else measure.figure.text


@cache
def stages(name: str) -> list[str]:
    """The layers between the pools, as written; FCs, what follows them and the input left out."""
    body = [
        element_text(i.element) for c in spec_of(name).document.contents if isinstance(c, syntax.Items) for i in c.items
    ]
    runs = re.split(r" ?maxpool ?", " ".join(word for word in body if not re.match(r"input|ReLU|dropout|BN", word)))
    return [re.sub(r" ?(FC-|softmax).*", "", run) for run in runs]


@cache
def words(name: str) -> str:
    """All layers as written, those of rules, blocks and edits too, between spaces."""
    return f" {' '.join(element_text(item.element) for item in _written(spec_of(name).document.contents))} "


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


@cache
def calls(name: str) -> list[tuple[str | None, syntax.Call]]:
    """The calls of blocks with their labels, in order."""
    items = [item for c in spec_of(name).document.contents if isinstance(c, syntax.Items) for item in c.items]
    return [(item.label, item.element) for item in _within(items) if isinstance(item.element, syntax.Call)]


@cache
def settings(name: str, key: str) -> list[str]:
    """What the recipes of a spec say under a key: values, their names, options and arguments."""
    found = []
    for section in spec_of(name).document.contents:
        if isinstance(section, syntax.Train):
            for entry in (line.content for line in section.lines):
                if isinstance(entry, syntax.Entry) and entry.key == key:
                    for value in entry.values:
                        found.append(str(value))
                        if isinstance(value, Setting):
                            found += [value.name, *map(str, value.arguments), ", ".join(map(str, value.arguments))]
    return found


def stands(row: dict[str, str]) -> bool:
    """Whether the row's figure stands in its spec as what the row says that it is."""
    name, quantity, figure = row["spec"], row["quantity"], row["in_spec"]
    spec = spec_of(name)
    if measures := about(row):
        protocol = _protocol(quantity)
        return any(
            found.measure in measures
            and found.text == figure
            and on(row) in (None, found.on)
            and found.protocol >= protocol
            for found in figures(name)
        )
    if stage := re.search(r"stage (\d)( convolutions)?$", quantity):
        return stages(name)[int(stage[1]) - 1] == figure
    if column := re.match(rf"(\w+) ({'|'.join(COLUMNS)})$", quantity):
        at = COLUMNS.index(column[2])
        return [str(call.arguments[at]) for label, call in calls(name) if label == column[1]] == [figure]
    if module := re.match(r"module (\d+)$", quantity):
        return element_text(calls(name)[int(module[1]) - 1][1]) == figure
    if head := re.match(r"aux(\d) loss weight$", quantity):
        return f"{spec.network.graph.heads[int(head[1]) - 1].weight:g}" == figure
    if layer := re.match(r"(\S+) (patch size|filters|neurons)\b", quantity):
        return spec.network.graph[layer[1]].spelled == figure
    if layer := re.match(r"(?:\S+ )?((?:fc|conv)\d\S*)( kernel and channels)?$", quantity):
        return spec.network.graph[layer[1]].spelled == figure
    if re.search(r": nets$", quantity):
        return any(figure in found.protocol for found in figures(name))
    if "removed" in quantity:
        return any(isinstance(c, syntax.Remove) and f"{c.first}..{c.last}" == figure for c in spec.document.contents)
    if "enabled" in quantity:
        return {*figure.split("..")} <= {*spec.network.labels}
    if recipe := re.match(r"\S+, S=(\S+): test scale", quantity):
        scale = recipe[1].strip("[]").replace(";", "..")
        trained = {r.name for r in spec.recipes if f"scale({scale})" in map(str, r.augment)}
        return any({figure, f"train={each}"} <= found.protocol for found in figures(name) for each in trained)
    if "input" in quantity or "image" in quantity:
        return f"{spec.typed.input}x".startswith(f"{figure}x")
    for pattern, key in ENTRIES:
        if re.search(pattern, quantity):
            return any(
                figure == value or value.endswith(f", {figure}") or f" {figure}," in f" {value},"
                for value in settings(name, key)
            )
    return f" {figure} " in words(name)


def _protocol(quantity: str) -> set[str]:
    """What a claim of the quantity must say of how it was measured."""
    nets = re.search(r"\((\d+) nets", quantity)
    split = re.search(r"(val|test)\. error|(test) error", quantity)
    return ({f"ensemble={nets[1]}"} if nets else set()) | ({f"split={split[1] or split[2]}"} if split else set())


def identity(row: dict[str, str]) -> str:
    return f"{row['source'][:12]}-{row['quantity']}-{row['printed']}"


def test_every_row_is_whole() -> None:
    assert {row["status"] for row in ROWS} <= {"claim", "disputed", "unattributed", "not-checkable"}
    for row in ROWS:
        assert all(row[column] for column in ("source", "place", "quantity", "printed")), row
        if row["status"] in ("claim", "disputed"):
            assert row["spec"] in vggdsl.shipped(), row
            assert row["in_spec"], row
        else:
            assert row["note"], row


@pytest.mark.parametrize("name", sorted({row["spec"] for row in IN_SPECS}))
def test_every_row_stands_in_its_spec(name: str) -> None:
    assert [identity(row) for row in IN_SPECS if row["spec"] == name and not stands(row)] == []


@pytest.mark.parametrize("name", sorted({row["spec"] for row in IN_SPECS}))
def test_disputed_rows_are_disputed_in_their_spec(name: str) -> None:
    disputed = {_text(v.measure) for v in spec_of(name).verdicts if v.measure.disputed is not None}
    of_ledger = {row["in_spec"] for row in IN_SPECS if row["spec"] == name and row["status"] == "disputed"}
    assert disputed == of_ledger


@pytest.mark.parametrize("name", [name for name in vggdsl.shipped() if name != OWN])
def test_every_figure_of_a_spec_has_a_row(name: str) -> None:
    rows = {(on(row), measure, row["in_spec"]) for row in IN_SPECS if row["spec"] == name for measure in about(row)}
    missing = [
        found
        for found in figures(name)
        if rows.isdisjoint({(each, found.measure, found.text) for each in (found.on, None)})
        and not found.where.startswith("computed")
    ]
    assert missing == []


@pytest.mark.parametrize("name", vggdsl.shipped())
def test_every_claim_says_where_its_source_prints_it(name: str) -> None:
    for content in spec_of(name).document.contents:
        if isinstance(content, Claim | syntax.ResultClaim):
            assert content.where


def test_the_test_can_fail() -> None:
    row = next(row for row in IN_SPECS if row["quantity"] == "conv1_1 params")
    assert stands(row)
    assert not stands(row | {"in_spec": "1,793"})
    assert not stands(row | {"quantity": "conv1_2 params"})
    row = next(row for row in IN_SPECS if row["quantity"] == "D stage 3")
    assert stands(row)
    assert not stands(row | {"in_spec": "conv3-256 conv3-256"})
    row = next(row for row in IN_SPECS if row["quantity"] == "A batch")
    assert not stands(row | {"in_spec": "74"})


@pytest.mark.parametrize(
    ("spec", "quantity", "wrong"),
    [
        ("googlenet", "3a #3x3 reduce", "64"),
        ("googlenet", "3a output", "28x28x480"),
        ("googlenet", "conv2_1..conv2_2 depth", "1"),
        ("googlenet", "fc6 ops", "54M"),
        ("googlenet", "aux2 loss weight", "0.4"),
        ("googlenet", "GoogLeNet (7 nets): top-5 val. error", "7.9%"),
        ("mini_googlenet", "module 3", "downsample(96)"),
        ("alexnet", "conv2 filters", "conv5-256/1"),
        ("alexnet_groups", "Krizhevsky et al. (5 nets): nets", "ensemble=7"),
        ("alexnet_groups", "Krizhevsky et al. (5 nets): top-1 val. error", "40.7%"),
        ("deeper_googlenet/experiment_1", "modules removed", "4a..4d"),
        ("deeper_googlenet/experiment_3", "modules enabled", "4a..4f"),
        ("deeper_googlenet/experiment_2", "schedule", "1..20: 1e-2"),
        ("deeper_googlenet/experiment_2", "optimizer", "sgd"),
        ("deeper_googlenet/deeper_googlenet", "checkpoint", "10"),
    ],
)
def test_a_wrong_figure_does_not_stand(spec: str, quantity: str, wrong: str) -> None:
    row = next(row for row in IN_SPECS if (row["spec"], row["quantity"]) == (spec, quantity))
    assert stands(row)
    assert not stands(row | {"in_spec": wrong})


def test_no_row_stands_whatever_it_says() -> None:
    assert [identity(row) for row in IN_SPECS if stands(row | {"in_spec": "31,337"})] == []
