"""The ledger of every number that the sources print, held against the specs in both directions.

``UPDATE_DOCS=1 pytest tests/spec/test_ledger.py`` writes the counts on the page of the specs anew.
"""

import json
import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from commands import run
from hypothesis import settings

import vggdsl
from vggdsl.language import syntax
from vggdsl.language.syntax import Claim, Setting
from vggdsl.spec.ledger import claims, count, entries_of_source, entries_of_spec, entry_of_row, held, ledger, sources
from vggdsl.spec.parsing import load
from vggdsl.spec.printed import Held, Printed, Row
from vggdsl.spec.spec import Spec
from vggdsl.text.source import Span

HERE = Path(__file__).parents[1]
ROWS = ledger()
IN_SPECS = [row for row in ROWS if row.status in ("claim", "disputed")]
SHIPPED = vggdsl.shipped()
OWN = "quickstart"
"""A spec of this project: no source prints its numbers."""


class Written(NamedTuple):
    """A value in a recipe: the recipe's name, the entry's key, and the value, or an argument of it, as written."""

    recipe: str
    key: str
    text: str


def disputed_in(spec: Held) -> set[str]:
    return {v.measure.printed for v in spec.spec.verdicts if v.measure.disputed is not None}


def printed_values(spec: Held) -> list[tuple[Written, Span]]:
    """What the recipes of this file say in numbers, and where, but for what is marked as assumed."""
    return [
        (Written(section.name or "", entry.key, text), span)
        for section, line in _train_lines(spec.spec)
        for entry, comment in _entries(section)
        for text, span in _values(entry)
        if re.search(r"\d", text)
        and text not in spec.recipes  # `from(S256)`
        and not is_assumed(line.comment or "", comment, text)
    ]


@cache
def rows_of(name: str) -> list[Row]:
    return [row for row in IN_SPECS if row.spec == name]


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


def untold(rows: list[Row], spec: Held) -> list[Printed | Written]:
    """The figures and values of a spec that no row has: those marked as computed or assumed left out."""
    claimed = {(spec.on(r), measure, r.in_spec, r.protocol) for r in rows for measure in r.measures}
    figures = [
        found
        for found in spec.figures
        if claimed.isdisjoint({(each, found.measure, found.text, found.protocol) for each in (found.on, None)})
        and not found.where.startswith("computed")
    ]
    said = {
        (name, r.entry, part)
        for r in rows
        for name in r.recipes
        for part in [r.in_spec, *re.sub(r"^[\w-]+\((.*)\)$", r"\1", r.in_spec).split(", ")]
    }
    return [*figures, *(value for value, _ in printed_values(spec) if value not in said)]


def wrong(name: str, spec: Held) -> list[str]:
    """What the ledger finds wrong with a spec."""
    rows = rows_of(name)
    disputed = {row.in_spec for row in rows if row.status == "disputed"}
    return [
        *(identity(row) for row in rows if not spec.stands(row)),
        *map(str, untold(rows, spec)),
        *sorted(disputed ^ disputed_in(spec)),
    ]


def identity(row: Row) -> str:
    return f"{row.source[:12]}-{row.quantity}-{row.printed}"


def test_a_spec_has_the_claims_of_its_name() -> None:
    assert claims(load("vgg_d")) == claims("vgg_d") != []


def test_every_row_is_whole() -> None:
    assert {row.status for row in ROWS} <= {"claim", "disputed", "unattributed", "not-checkable"}
    for row in ROWS:
        assert all((row.source, row.place, row.quantity, row.printed)), row
        assert None not in astuple(row), row
        if row.status in ("claim", "disputed"):
            assert row.spec in SHIPPED, row
            assert row.in_spec, row
        else:
            assert row.note, row
            assert not row.under, row


@pytest.mark.parametrize("name", sorted({row.spec for row in IN_SPECS}))
def test_every_row_stands_in_its_spec(name: str) -> None:
    assert [identity(row) for row in rows_of(name) if not held(name).stands(row)] == []


@pytest.mark.parametrize("name", sorted({row.spec for row in IN_SPECS}))
def test_disputed_rows_are_disputed_in_their_spec(name: str) -> None:
    assert disputed_in(held(name)) == {row.in_spec for row in rows_of(name) if row.status == "disputed"}


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
    row = next(row for row in IN_SPECS if row.quantity == "conv1_1 params")
    assert spec.stands(row)
    assert not spec.stands(replace(row, in_spec="1,793"))
    assert not spec.stands(replace(row, quantity="conv1_2 params"))
    row = next(row for row in IN_SPECS if row.quantity == "D stage 3")
    assert spec.stands(row)
    assert not spec.stands(replace(row, in_spec="conv3-256 conv3-256"))
    row = next(row for row in IN_SPECS if row.quantity == "A batch")
    assert not held("vgg_a").stands(replace(row, in_spec="74"))


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
    row = next(row for row in IN_SPECS if (row.spec, row.quantity) == (spec, quantity))
    assert held(spec).stands(row)
    assert not held(spec).stands(replace(row, in_spec=false))


def test_no_row_stands_whatever_it_says() -> None:
    assert [identity(row) for row in IN_SPECS if held(row.spec).stands(replace(row, in_spec="31,337"))] == []


def test_no_row_of_a_result_or_a_recipe_stands_under_another() -> None:
    rows = [row for row in IN_SPECS if row.under]
    assert len(rows) > 300
    assert [identity(row) for row in rows if held(row.spec).stands(replace(row, under="train=other"))] == []


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
    spans = [span for _, span in printed_values(Held(spec))]
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


# -- what came of each number


def test_what_came_of_a_row_is_what_the_ledger_says_of_it() -> None:
    came = {"claim": {"holds", "written", "result"}, "disputed": {"disputed"}}
    for row in ROWS:
        entry = entry_of_row(row)
        assert entry.outcome in came.get(row.status, {row.status}), row
        assert bool(entry.value) == (entry.outcome in ("holds", "disputed")), row


def test_it_is_computed_of_the_spec_and_not_taken_from_the_ledger() -> None:
    assert {entry_of_row(replace(row, in_spec="31,337")).outcome for row in IN_SPECS} == {"refuted"}
    text = held("googlenet").spec.source.text.replace(' disputed "375,552 = 366.8Ki"', "")
    (entry,) = (e for e in entries_of_spec(vggdsl.parse(text)) if e.outcome == "refuted")
    assert (entry.quantity, entry.printed, entry.value) == ("4a weights", "364Ki", "375,552")


@pytest.mark.parametrize("name", sources())
def test_a_source_has_the_rows_that_it_prints(name: str) -> None:
    entries = entries_of_source(name)
    printed = [row for row in ROWS if row.source == name]
    assert [e.quantity for e in entries if e.source == name] == [row.quantity for row in printed]
    assert all(held(e.spec).spec.citation for e in entries if e.source != name)


def test_the_arithmetic_of_a_figure_ends_in_its_value() -> None:
    counted = [e for name in SHIPPED for e in entries_of_spec(held(name).spec) if e.arithmetic.count(" = ") == 1]
    counted = [e for e in counted if not e.quantity.endswith("output")]
    assert len(counted) > 100
    for each in counted:
        total, _, further = each.arithmetic.partition(" = ")[2].partition(", and ")  # running statistics of BN
        parts = [int(text.replace(",", "")) for text in (total, further.split(" ")[0]) if text]
        assert f"{sum(parts) if each.quantity.endswith('total-params') else parts[0]:,}" == each.value, each


# -- what is said of the ledger


def test_specs_counts_what_sources_print_and_what_is_computed_apart() -> None:
    rows = {row["name"]: row for row in json.loads(run("specs", "--json").stdout)}
    assert (rows[OWN]["holds"], rows[OWN]["computed"]) == (0, 2)
    for name in SHIPPED:
        claims = [c for c in held(name).spec.document.contents if isinstance(c, Claim) and not c.protocol]
        computed = sum(len(c.measures) for c in claims if (c.where or "").startswith("computed"))
        assert rows[name]["computed"] == computed
        assert rows[name]["holds"] + rows[name]["disputed"] + computed == len(held(name).spec.verdicts)
        counts = count(entries_of_spec(held(name).spec))
        assert counts == {**counts, **{key: rows[name][key] for key in ("holds", "disputed", "computed")}}


def test_the_page_s_counts_are_the_ledger_s() -> None:
    page = HERE.parent / "specs" / "README.md"
    text = page.read_text(encoding="utf-8")
    counts = {status: f"{count:,}" for status, count in Counter(row.status for row in ROWS).items()}
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
