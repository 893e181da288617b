"""The ledger of every number that the sources print, held against the specs in both directions.

A row's `under` names the recipes that say its figure (`train=S256,S384`, or `train` for the one without a name), or
gives the protocol of a result in full (`train=S256 split=val scale=256 view=dense`).
``UPDATE_DOCS=1 pytest tests/spec/test_ledger.py`` writes the counts on the page of the specs anew.
"""

import csv
import json
import os
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

import pytest
from commands import run
from hypothesis import settings

import vggdsl
from vggdsl.language import syntax
from vggdsl.language.blocks import inner_items
from vggdsl.language.spelling import element_text
from vggdsl.language.syntax import Claim, Measure, Setting
from vggdsl.spec.spec import Spec
from vggdsl.text.source import Span

HERE = Path(__file__).parents[1]
LEDGER = HERE / "fixtures" / "ledger.csv"
with LEDGER.open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))
IN_SPECS = [row for row in ROWS if row["status"] in ("claim", "disputed")]
SHIPPED = vggdsl.shipped()
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

ENTRIES = [
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

COLUMNS = ("#1x1", "#3x3 reduce", "#3x3", "#5x5 reduce", "#5x5", "pool proj")
"""Of GoogLeNet's table, in the order of the numbers of `inception`."""

Row = Mapping[str, str]


class Printed(NamedTuple):
    """A figure of a spec: on what, the measure, as written, where the source prints it, and its protocol."""

    on: str
    measure: str
    text: str
    where: str
    protocol: frozenset[str] = frozenset()


class Written(NamedTuple):
    """A value in a recipe: the recipe's name, the entry's key, and the value, or an argument of it, as written."""

    recipe: str
    key: str
    text: str


class Held:
    """A spec, as the ledger looks at it."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    @cached_property
    def figures(self) -> frozenset[Printed]:
        """Every figure: of claims, and of the arrows behind elements, in calls, groups and aux too."""
        return frozenset(_figures(self.spec))

    @cached_property
    def by_measure(self) -> Mapping[str, list[Printed]]:
        return {name: [f for f in self.figures if f.measure == name] for name in {f.measure for f in self.figures}}

    @cached_property
    def names(self) -> set[str]:
        """What a figure can be of: layers, labels, and elements that have figures."""
        return {*self.spec.typed.by_name, *self.spec.network.labels, *(figure.on for figure in self.figures)}

    @cached_property
    def disputed(self) -> set[str]:
        return {_text(v.measure) for v in self.spec.verdicts if v.measure.disputed is not None}

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
                recipes[section.name or ""] = {**base, **{entry.key: entry for entry, _ in _entries(section)}}
        return recipes

    @cached_property
    def printed_values(self) -> list[tuple[Written, Span]]:
        """What the recipes of this file say in numbers, and where, but for what is marked as assumed."""
        return [
            (Written(section.name or "", entry.key, text), span)
            for section, line in _train_lines(self.spec)
            for entry, comment in _entries(section)
            for text, span in _values(entry)
            if re.search(r"\d", text)
            and text not in self.recipes  # `from(S256)`
            and not is_assumed(line.comment or "", comment, text)
        ]

    @property
    def _contents(self) -> tuple[syntax.Content, ...]:
        return self.spec.document.contents


@cache
def held(name: str) -> Held:
    return Held(vggdsl.load(SHIPPED[name]))


@cache
def rows_of(name: str) -> list[Row]:
    return [row for row in IN_SPECS if row["spec"] == name]


def _figures(spec: Spec) -> Iterator[Printed]:
    for content in spec.document.contents:
        match content:
            case Claim(measures):
                protocol = frozenset(map(str, content.protocol))
                for measure in measures:
                    yield Printed(content.on or "", measure.name, _text(measure), content.where or "", protocol)
            case syntax.ResultLineClaim(line):
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


def _text(measure: Measure) -> str:
    return str(measure.figure) if isinstance(measure.figure, syntax.Size) else measure.figure.text


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


def _train_lines(spec: Spec) -> Iterator[tuple[syntax.Train, syntax.Line]]:
    return ((line.content, line) for line in spec.document.lines if isinstance(line.content, syntax.Train))


def _entries(section: syntax.Train) -> Iterator[tuple[syntax.Entry, str]]:
    """The entries of a recipe with their comments."""
    return ((line.content, line.comment or "") for line in section.lines if isinstance(line.content, syntax.Entry))


def _values(entry: syntax.Entry) -> Iterator[tuple[str, Span]]:
    """An entry's values and their places, those in brackets one by one."""
    for value in entry.values:
        yield from ((str(each), each.span) for each in (value.arguments if isinstance(value, Setting) else (value,)))


def is_assumed(section: str, line: str, text: str) -> bool:
    """Whether comments, of the recipe and of the line, say that no source prints a value.

    `assumed` in the recipe's comment is of all that isn't said to be `printed`; `the patience is assumed` and
    `momentum is printed` are of the option alone.
    """
    marks = re.findall(r"([\w-]+) (?:is|are) (assumed|printed)", line)
    for option, mark in marks:
        if text.startswith(f"{option}="):
            return bool(mark == "assumed")
    if "assumed" in section:
        return bool(marks) or "printed" not in line
    return "assumed" in line and not marks


@cache
def about(quantity: str) -> frozenset[str]:
    return next((frozenset(measures) for pattern, measures in ABOUT if re.search(pattern, quantity)), frozenset())


@cache
def entry_of(quantity: str) -> str:
    """The key of the entry of a recipe in which a quantity stands."""
    return next(key for pattern, key in ENTRIES if re.search(pattern, quantity))


def protocol(row: Row) -> frozenset[str]:
    """Under what a row's result was measured, in full."""
    return frozenset() if _in_recipe(row) else frozenset(row["under"].split())


def _in_recipe(row: Row) -> bool:
    return re.fullmatch(r"train(=\S+)?", row["under"]) is not None


def recipes(row: Row) -> list[str]:
    """The recipes that a row is about; ``""`` is the one without a name."""
    return row["under"].removeprefix("train").removeprefix("=").split(",") if _in_recipe(row) else []


def on(row: Row, spec: Held) -> str | None:
    """The layer or element that a quantity begins with; None if it is of the network, or names none."""
    first = row["quantity"].split()[0]
    return first if first in spec.names else None


def stands(row: Row, spec: Held) -> bool:
    """Whether the row's figure stands in its spec as what the row says that it is, and under what it says."""
    quantity, figure = row["quantity"], row["in_spec"]
    if measures := about(row["quantity"]):
        place, under = on(row, spec), protocol(row)
        found = (f for measure in measures for f in spec.by_measure.get(measure, ()))
        claimed = any(f.text == figure and place in (None, f.on) and f.protocol == under for f in found)
        return claimed and all(_says(spec, name, row) for name in recipes(row))
    if re.search(r"test scale Q$|: nets$", quantity):
        wanted = {figure, row["under"]} - {""}
        return any(wanted <= found.protocol for found in spec.figures)
    if names := recipes(row):
        return all(_says(spec, name, row) for name in names)
    network = spec.spec.network
    if stage := re.search(r"stage (\d)( convolutions)?$", quantity):
        return spec.stages[int(stage[1]) - 1] == figure
    if column := re.match(rf"(\w+) ({'|'.join(COLUMNS)})$", quantity):
        at = COLUMNS.index(column[2])
        return [str(call.arguments[at]) for label, call in spec.calls if label == column[1]] == [figure]
    if module := re.match(r"module (\d+)$", quantity):
        return element_text(spec.calls[int(module[1]) - 1][1]) == figure
    if head := re.match(r"aux(\d) loss weight$", quantity):
        return f"{network.graph.heads[int(head[1]) - 1].weight:g}" == figure
    if layer := re.match(r"(\S+) (patch size|filters|neurons)\b", quantity):
        return network.graph[layer[1]].spelled == figure
    if layer := re.match(r"(?:\S+ )?((?:fc|conv)\d\S*)( kernel and channels)?$", quantity):
        return network.graph[layer[1]].spelled == figure
    contents = spec.spec.document.contents
    if "removed" in quantity:
        return any(isinstance(c, syntax.Remove) and f"{c.first}..{c.last}" == figure for c in contents)
    if "enabled" in quantity:
        return {*figure.split("..")} <= {*network.labels}
    if "input" in quantity or "image" in quantity:
        return f"{spec.spec.typed.input}x".startswith(f"{figure}x")
    return f" {figure} " in spec.words


def _says(spec: Held, recipe: str, row: Row) -> bool:
    """Whether the recipe says a row's figure: as a value, or as arguments of one that follow each other."""
    entry = spec.recipes.get(recipe, {}).get(entry_of(row["quantity"]))
    return entry is not None and any(_has(value, row["in_spec"]) for value in entry.values)


def _has(value: syntax.Atom | syntax.Option | Setting, text: str) -> bool:
    if not isinstance(value, Setting):
        return str(value) == text
    return text in (str(value), value.name) or f", {text}, " in f", {', '.join(map(str, value.arguments))}, "


def untold(rows: list[Row], spec: Held) -> list[Printed | Written]:
    """The figures and values of a spec that no row has: those marked as computed or assumed left out."""
    claimed = {(on(r, spec), measure, r["in_spec"], protocol(r)) for r in rows for measure in about(r["quantity"])}
    figures = [
        found
        for found in spec.figures
        if claimed.isdisjoint({(each, found.measure, found.text, found.protocol) for each in (found.on, None)})
        and not found.where.startswith("computed")
    ]
    said = {
        (name, entry_of(r["quantity"]), part)
        for r in rows
        for name in recipes(r)
        for part in [r["in_spec"], *re.sub(r"^[\w-]+\((.*)\)$", r"\1", r["in_spec"]).split(", ")]
    }
    return [*figures, *(value for value, _ in spec.printed_values if value not in said)]


def wrong(name: str, spec: Held) -> list[str]:
    """What the ledger finds wrong with a spec."""
    rows = rows_of(name)
    disputed = {row["in_spec"] for row in rows if row["status"] == "disputed"}
    return [
        *(identity(row) for row in rows if not stands(row, spec)),
        *map(str, untold(rows, spec)),
        *sorted(disputed ^ spec.disputed),
    ]


def identity(row: Row) -> str:
    return f"{row['source'][:12]}-{row['quantity']}-{row['printed']}"


def test_every_row_is_whole() -> None:
    assert {row["status"] for row in ROWS} <= {"claim", "disputed", "unattributed", "not-checkable"}
    for row in ROWS:
        assert all(row[column] for column in ("source", "place", "quantity", "printed")), row
        assert None not in row.values(), row
        if row["status"] in ("claim", "disputed"):
            assert row["spec"] in SHIPPED, row
            assert row["in_spec"], row
        else:
            assert row["note"], row
            assert not row["under"], row


@pytest.mark.parametrize("name", sorted({row["spec"] for row in IN_SPECS}))
def test_every_row_stands_in_its_spec(name: str) -> None:
    assert [identity(row) for row in rows_of(name) if not stands(row, held(name))] == []


@pytest.mark.parametrize("name", sorted({row["spec"] for row in IN_SPECS}))
def test_disputed_rows_are_disputed_in_their_spec(name: str) -> None:
    assert held(name).disputed == {row["in_spec"] for row in rows_of(name) if row["status"] == "disputed"}


@pytest.mark.parametrize("name", [name for name in SHIPPED if name != OWN])
def test_every_figure_of_a_spec_has_a_row(name: str) -> None:
    assert untold(rows_of(name), held(name)) == []


@pytest.mark.parametrize("name", SHIPPED)
def test_every_claim_says_where_its_source_prints_it(name: str) -> None:
    for content in held(name).spec.document.contents:
        if isinstance(content, Claim | syntax.ResultLineClaim):
            assert content.where


# -- the test of the tests


def test_the_test_can_fail() -> None:
    spec = held("vgg_d")
    row = next(row for row in IN_SPECS if row["quantity"] == "conv1_1 params")
    assert stands(row, spec)
    assert not stands({**row, "in_spec": "1,793"}, spec)
    assert not stands({**row, "quantity": "conv1_2 params"}, spec)
    row = next(row for row in IN_SPECS if row["quantity"] == "D stage 3")
    assert stands(row, spec)
    assert not stands({**row, "in_spec": "conv3-256 conv3-256"}, spec)
    row = next(row for row in IN_SPECS if row["quantity"] == "A batch")
    assert not stands({**row, "in_spec": "74"}, held("vgg_a"))


@pytest.mark.parametrize(
    ("spec", "quantity", "false"),
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
        ("vgg_d", "D, S=384: test scale Q", "scale=256"),
        ("vgg_d", "D learning rate at S = 384", "lr=1e-2"),
    ],
)
def test_a_wrong_figure_does_not_stand(spec: str, quantity: str, false: str) -> None:
    row = next(row for row in IN_SPECS if (row["spec"], row["quantity"]) == (spec, quantity))
    assert stands(row, held(spec))
    assert not stands({**row, "in_spec": false}, held(spec))


def test_no_row_stands_whatever_it_says() -> None:
    assert [identity(row) for row in IN_SPECS if stands({**row, "in_spec": "31,337"}, held(row["spec"]))] == []


def test_no_row_of_a_result_or_a_recipe_stands_under_another() -> None:
    rows = [row for row in IN_SPECS if row["under"]]
    assert len(rows) > 300
    assert [identity(row) for row in rows if stands({**row, "under": "train=other"}, held(row["spec"]))] == []


@pytest.mark.parametrize(
    ("section", "line", "text", "assumed"),
    [
        ("", "", "lr=0.1", False),
        ("# sec. 3.1", "# 370K iterations", "74", False),
        ("# sec. 3.1", "# the patience is assumed", "patience=10", True),
        ("# sec. 3.1", "# the patience is assumed", "factor=0.1", False),
        ("# sec. 3.1", "# assumed: the notes print none", "74", True),
        ("# assumed: the slides print no recipe", "", "val=5000", True),
        ("# assumed: the slides print no recipe", "# printed: the most allowed", "2500", False),
        ("# all else is assumed", "# momentum is printed", "momentum=0.9", False),
        ("# all else is assumed", "# momentum is printed", "lr=1e-2", True),
    ],
)
def test_comments_say_what_is_assumed(section: str, line: str, text: str, assumed: bool) -> None:
    assert is_assumed(section, line, text) is assumed


def places(spec: Spec) -> Iterator[tuple[int, int]]:
    """Where a spec's text has digits in recipes, claims and arrows.

    Left out are quoted words, what is marked as assumed, and results that are marked as computed; check holds the
    other computed figures.
    """
    spans = [span for _, span in Held(spec).printed_values]
    spans += [p.expects.span for p in spec.network.printed if p.expects.span.source == spec.source]
    for content in spec.document.contents:
        if isinstance(content, syntax.ResultLineClaim):
            spans.append(content.span)
        elif isinstance(content, Claim) and not (content.protocol and (content.where or "").startswith("computed")):
            spans += [measure.span for measure in content.measures] + [option.span for option in content.protocol]
    for span in spans:
        bare = re.sub(r'"[^"]*"', lambda quoted: " " * len(quoted[0]), span.text)
        yield from ((span.start + digits.start(), span.start + digits.end()) for digits in re.finditer(r"\d+", bare))


def another(digits: str) -> str:
    """Digits of the same length that differ in the last."""
    return f"{digits[:-1]}{8 if digits[-1] == '9' else int(digits[-1]) + 1}"


def is_noticed(name: str, text: str) -> bool:
    """Whether check or the ledger finds something wrong with another text of a spec."""
    try:
        spec = vggdsl.parse(text, str(SHIPPED[name]))
    except vggdsl.VggdslError:
        return True
    return bool(spec.count("refuted") or wrong(name, Held(spec)) or spec.check())


REST = "momentum=0.9, weight-decay=5e-4)"


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("vgg_reconstructed/c22333_fc512_512", {"0.9312": "0.9227", "0.9227": "0.9312"}),
        (
            "vgg_d",
            {"27.0% top-5-error 8.8%": "26.8% top-5-error 8.7%", "26.8% top-5-error 8.7%": "27.0% top-5-error 8.8%"},
        ),
        ("vgg_d", {"train=S256   split=val scale=256": "train=S384   split=val scale=256"}),
        ("vgg_d", {"train=S384   split=val scale=384": "train=S384   split=val scale=256"}),
        ("vgg_d", {f"lr=1e-3, {REST}\n  init      from(S256)": f"lr=1e-1, {REST}\n  init      from(S256)"}),
        ("vgg_d", {"epochs    74  # 370K": "epochs    11  # 370K"}),
        ("vgg_e", {"7.1% train=jitter split=val": "7.1% train=jitter split=test"}),
        ("resnet/resnet50", {"lr=0.1, momentum=0.9, weight-decay=1e-5": "lr=0.7, momentum=0.9, weight-decay=1e-5"}),
        ("resnet/resnet50", {"view=ten": "view=dense"}),
        ("alexnet", {"ensemble=1": "ensemble=7", "ensemble=7": "ensemble=1"}),
        ("mini_vgg", {"class=cat": "class=dog", "class=dog": "class=cat"}),
        ("mini_vgg", {"average=macro": "average=weighted"}),
        ("mini_googlenet", {"precision 0.81 recall 0.80": "precision 0.80 recall 0.81"}),
    ],
)
def test_what_stands_in_another_s_place_is_noticed(name: str, changes: dict[str, str]) -> None:
    text = held(name).spec.source.text
    assert not is_noticed(name, text)
    assert all(text.count(each) == 1 for each in changes)
    pattern = "|".join(map(re.escape, changes))
    assert is_noticed(name, re.sub(pattern, lambda found: changes[found[0]], text))


def test_each_numeral_of_a_spec_is_held_by_something() -> None:
    """Of a sample as large as that of the properties, always the same; thoroughly, of all."""
    numerals = sorted({(name, *place) for name in SHIPPED if name != OWN for place in places(held(name).spec)})
    assert len(numerals) > 1500
    count, missed = min(settings().max_examples, len(numerals)), []
    for name, start, end in random.Random(0).sample(numerals, count):
        text = held(name).spec.source.text
        if not is_noticed(name, f"{text[:start]}{another(text[start:end])}{text[end:]}"):
            missed.append((name, text[text.rfind("\n", 0, start) + 1 : end]))
    assert missed == []


# -- what is said of the ledger


def test_specs_counts_what_sources_print_and_what_is_computed_apart() -> None:
    rows = {row["name"]: row for row in json.loads(run("specs", "--json").stdout)}
    assert (rows[OWN]["holds"], rows[OWN]["computed"]) == (0, 2)
    for name in SHIPPED:
        claims = [c for c in held(name).spec.document.contents if isinstance(c, Claim) and not c.protocol]
        computed = sum(len(c.measures) for c in claims if (c.where or "").startswith("computed"))
        assert rows[name]["computed"] == computed
        assert rows[name]["holds"] + rows[name]["disputed"] + computed == len(held(name).spec.verdicts)


def test_the_page_s_counts_are_the_ledger_s() -> None:
    page = HERE.parent / "specs" / "README.md"
    text = page.read_text(encoding="utf-8")
    counts = {status: f"{count:,}" for status, count in Counter(row["status"] for row in ROWS).items()}
    said = (
        f"Of {len(ROWS):,} rows {counts['claim']} stand in a spec as printed, {counts['disputed']} stand there as"
        f" `disputed`,\n{counts['unattributed']} are of no network here, and {counts['not-checkable']} are not"
        " checkable; both say why.\n"
    )
    shown, found = re.subn(r"(?<=<!-- ledger -->\n)(?:.*\n)*?(?=<!-- /ledger -->)", lambda _: said, text)
    if os.environ.get("UPDATE_DOCS"):
        page.write_text(shown, encoding="utf-8")
    assert found == 1
    assert shown == text
