"""The ledger of every number that the sources print, held against the specs in both directions."""

import csv
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import vggdsl
from vggdsl import syntax
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
    (r"weight layers|VGG.?(#?16|#?19)", {"weight-layers"}),
    (r"flatten output", {"activations"}),
    (r"flatten params", {"params", "weights"}),
    (r"memory", {"activations"}),
    (r"without biases", {"weights"}),
    (r"non-trainable", {"non-trainable-params"}),
    (r"total params", {"total-params", "params"}),
    (r"param", {"params", "total-params"}),
    (r"output|size before", {"output"}),
    (r"field", {"receptive-field"}),
    (r"top-1 .*error", {"top-1-error"}),
    (r"top-5 .*error", {"top-5-error"}),
    (r"(train|val|test) accuracy", {"train-accuracy", "val-accuracy", "test-accuracy"}),
    (r"best epoch", {"epoch"}),
    (r"epochs allowed", {"epochs"}),
    (r"accuracy", {"top-1-accuracy"}),
]
"""Which measures a quantity of the ledger can be; the first that fits."""

ENTRIES = [
    (r"batch", "batch"),
    (r"epochs", "epochs"),
    (r"momentum|weight decay|L2|learning rate(?! drops)", "optimizer"),
    (r"drops|scheduler", "schedule"),
    (r"variance|taken over", "init"),
    (r"crop|[Ss]cale|Smin|Smax", "augment"),
]
"""In which entry of a recipe a quantity stands."""


def about(row: dict[str, str]) -> set[str]:
    return next((measures for pattern, measures in ABOUT if re.search(pattern, row["quantity"])), set())


@cache
def spec_of(name: str) -> Spec:
    return vggdsl.load(vggdsl.shipped()[name])


@cache
def figures(name: str) -> frozenset[tuple[str, str, str, str]]:
    """Every figure of a spec: on what, the measure, as written, and where the source prints it."""
    return frozenset(_figures(spec_of(name)))


def _figures(spec: Spec) -> Iterator[tuple[str, str, str, str]]:
    for content in spec.document.contents:
        match content:
            case Claim(measures):
                for measure in measures:
                    yield content.on or "", measure.name, _text(measure), content.where or ""
            case syntax.ResultClaim(line):
                where = content.where or ""
                yield from (("", key, getattr(line, key[:-9]), where) for key in ("train-accuracy", "val-accuracy"))
                yield from (("", "test-accuracy", line.test, where), ("", "epoch", str(line.epoch), where))
                yield "", "epochs", str(line.epochs), where
            case syntax.Items(items):
                for expects in (item.expects for item in items if item.expects):
                    if expects.size:
                        yield "", "output", str(expects.size), ""
                    yield from (("", measure.name, _text(measure), "") for measure in expects.figures)
            case _:
                pass


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
    """All layers as written, those of rules too, between spaces."""
    contents = spec_of(name).document.contents
    items = [item for c in contents if isinstance(c, syntax.Items | syntax.After) for item in c.items]
    return f" {' '.join(element_text(item.element) for item in items)} "


@cache
def settings(name: str, key: str) -> list[str]:
    """What the recipes of a spec say under a key: values, their options and arguments."""
    found = []
    for section in spec_of(name).document.contents:
        if isinstance(section, syntax.Train):
            for entry in (line.content for line in section.lines):
                if isinstance(entry, syntax.Entry) and entry.key == key:
                    for value in entry.values:
                        found.append(str(value))
                        if isinstance(value, Setting):
                            found += [*map(str, value.arguments), ", ".join(map(str, value.arguments))]
    return found


def stands(row: dict[str, str]) -> bool:
    """Whether the row's figure stands in its spec as what the row says that it is."""
    name, quantity, figure = row["spec"], row["quantity"], row["in_spec"]
    if measures := about(row):
        first = quantity.split()[0]
        only = first if first in spec_of(name).typed.by_name else None
        return any(
            measure in measures and text == figure and only in (None, on) for on, measure, text, _ in figures(name)
        )
    if stage := re.search(r"stage (\d)( convolutions)?$", quantity):
        return stages(name)[int(stage[1]) - 1] == figure
    if layer := re.match(r"(?:\S+ )?((?:fc|conv)\d\S*)( kernel and channels)?$", quantity):
        return spec_of(name).network.graph[layer[1]].spelled == figure
    if recipe := re.match(r"\S+, S=(\S+): test scale", quantity):
        claims = [c for c in spec_of(name).document.contents if isinstance(c, Claim)]
        scale = recipe[1].strip("[]").replace(";", "..")
        trained = {r.name for r in spec_of(name).recipes if f"scale({scale})" in map(str, r.augment)}
        options = [{str(o) for o in c.protocol} for c in claims]
        return any(figure in given and f"train={each}" in given for given in options for each in trained)
    if "input" in quantity or "image" in quantity:
        return f"{spec_of(name).typed.input}x".startswith(f"{figure}x")
    for pattern, key in ENTRIES:
        if re.search(pattern, quantity):
            return any(
                figure == value or value.endswith(f", {figure}") or f" {figure}," in f" {value},"
                for value in settings(name, key)
            )
    return f" {figure} " in words(name)


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
    rows = {(measure, row["in_spec"]) for row in IN_SPECS if row["spec"] == name for measure in about(row)}
    missing = [
        (on, measure, text)
        for on, measure, text, where in figures(name)
        if (measure, text) not in rows and not where.startswith("computed")
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
