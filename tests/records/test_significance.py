"""Whether seeds tell a mean from a claim, or two networks from each other: by hand, by scipy, and how often it errs."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import commands
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import result_of, run_of, with_blocks
from scipy import stats  # type: ignore[import-untyped]

from vggdsl.records.collect import SeedGroup, Subject
from vggdsl.records.evaluation import Evaluation
from vggdsl.records.pairs import Pair
from vggdsl.records.significance import LEVEL, Significance, held_against, held_beside
from vggdsl.records.table import Row
from vggdsl.spec.parsing import parse
from vggdsl.spec.protocol import Protocol
from vggdsl.spec.spec import Spec
from vggdsl.text.figures import Figure

PERCENT = st.integers(0, 10_000).map(lambda hundredths: hundredths / 100)
SEVERAL = st.builds(
    lambda mean, spread, places: [mean + spread * place for place in places],
    st.integers(0, 9_000).map(lambda hundredths: hundredths / 100),
    st.sampled_from([0.01, 0.1, 1]),
    st.lists(st.integers(0, 9), min_size=2, max_size=8),
)
"""Of seeds: as far from each other, as a rule, as networks and claims are, or nearer, so that each word is said."""
SLEEP = (0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0), (1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4)
"""Hours of sleep gained by two drugs: Student 1908, The Probable Error of a Mean, as R's ``sleep`` has them."""


def by_seed(values: Sequence[float], first: int = 0) -> dict[int, float]:
    return dict(enumerate(values, first))


# -- the tests


def test_they_give_what_is_published() -> None:
    """By R's manual of ``sleep``: Welch's p is 0.07939, that of pairs 0.002833; each by itself against nothing."""
    one, other = SLEEP
    welch = held_beside(by_seed(one), by_seed(other, 10))
    assert (welch.test, welch.word, round(welch.p or 0, 5)) == ("Welch", "open", 0.07939)
    paired = held_beside(by_seed(one), by_seed(other))
    assert (paired.test, paired.word, round(paired.p or 0, 6)) == ("paired", "worse", 0.002833)
    t = fmean(other) / (stdev(other) / math.sqrt(10))
    against = held_against(other, 0, 0)
    assert (against.word, against.n) == ("beaten", 10)
    assert against.p == pytest.approx(stats.t.sf(t, 9))


@given(values=SEVERAL, low=PERCENT, wide=PERCENT)
def test_a_word_is_what_the_mean_and_its_p_say(values: list[float], low: float, wide: float) -> None:
    high = low + wide / 10
    found = held_against(values, low, high)
    mean, spread = fmean(values), stdev(values) / math.sqrt(len(values))
    if len({*values}) == 1:
        assert found == Significance(len(values), untested="no spread")
        return
    assert found.p is not None
    assert (found.p < LEVEL) == (found.word != "open")
    bound = high if found.word == "beaten" else low
    assert found.p == pytest.approx(stats.t.sf(abs(mean - bound) / spread, len(values) - 1), rel=1e-6)
    assert found.word != "beaten" or mean > high
    assert found.word != "reached" or (mean > low and stats.t.sf((mean - high) / spread, len(values) - 1) >= LEVEL)
    assert found.word != "missed" or mean < low


@given(values=SEVERAL, low=PERCENT, wide=PERCENT)
def test_an_error_is_an_accuracy_mirrored(values: list[float], low: float, wide: float) -> None:
    high = low + wide / 10
    one = held_against(values, low, high)
    mirrored = held_against([100 - value for value in values], 100 - high, 100 - low, lower_is_better=True)
    assert (mirrored.word, mirrored.n, mirrored.untested) == (one.word, one.n, one.untested)
    assert mirrored.p == (one.p if one.p is None else pytest.approx(one.p, rel=1e-4, abs=1e-12))


@given(one=SEVERAL, other=SEVERAL, shift=st.integers(0, 1))
def test_of_two_networks_the_one_is_better_as_the_other_is_worse(
    one: list[float], other: list[float], shift: int
) -> None:
    there = held_beside(by_seed(one), by_seed(other, shift))
    back = held_beside(by_seed(other, shift), by_seed(one))
    other_word = {"better": "worse", "worse": "better", "open": "open", None: None}
    assert (back.word, back.n, back.test) == (other_word[there.word], there.n, there.test)
    assert there.n == min(len(one), len(other))
    assert there.test in (None, "paired" if len(one) == len(other) and not shift else "Welch")
    assert there.word in (None, "open", "better" if fmean(one) > fmean(other) else "worse")


def test_one_seed_and_seeds_that_agree_say_nothing() -> None:
    assert held_against([99.0], 10, 11) == Significance(1, untested="one seed")
    assert held_against([99.0] * 5, 10, 11) == Significance(5, untested="no spread")
    assert held_beside({0: 1.0}, {0: 2.0, 1: 3.0}).untested == "one seed"
    assert held_beside({0: 1.0, 1: 2.0}, {0: 3.0, 1: 4.0}).untested == "no spread", "each pair differs by as much"
    assert held_beside({0: 1.0, 1: 1.0}, {2: 3.0, 3: 3.5, 4: 3.2}).untested == "no spread"


def test_one_in_twenty_is_said_of_what_is_not_so() -> None:
    """Means drawn where the claim is: each word is said of 5 % of them, within four standard errors; also of pairs."""
    draws, n = 1_500, 3
    chance = np.random.default_rng(0)
    samples = chance.normal(92.68, 0.3, (draws, n))
    words = [held_against([*map(float, each)], 92.68, 92.68).word for each in samples]
    error = 4 * math.sqrt(LEVEL * (1 - LEVEL) / draws)
    for word in ("beaten", "missed"):
        assert abs(words.count(word) / draws - LEVEL) < error, word
    others = chance.normal(92.68, 0.3, (draws, n))
    both = list(zip(samples.tolist(), others.tolist(), strict=True))
    paired = [held_beside(by_seed(one), by_seed(other)).word for one, other in both]
    assert abs(1 - paired.count("open") / draws - LEVEL) < error
    welch = [held_beside(by_seed(one), by_seed(other, n)).word for one, other in both]
    assert 1 - welch.count("open") / draws < LEVEL + error, "of few seeds it is said less often"


@given(st.integers(0, 100_000), st.integers(0, 3))
def test_what_is_printed_lies_within_its_bounds(thousandths: int, digits: int) -> None:
    value = thousandths / 1000
    for printed in (f"{value:.{digits}f}%", f"{math.floor(value * 10**digits) / 10**digits:.{digits}f}%"):
        low, high = Figure.parse(printed).bounds
        assert float(low) - 1e-9 <= value <= float(high) + 1e-9
        assert float(high - low) == pytest.approx(1.5 * 10**-digits)


# -- the table

BODY = """input 8x8x1
conv3-{width} maxpool
FC-3 softmax
train {{
  data   fake(n=100, classes=3)
  epochs 2
}}
"""


def written(folder: Path, claims: str, shares: Sequence[float], width: int = 2, **changed: object) -> Path:
    """A spec with a block a share, as its seeds might have measured it on test images."""
    path = folder / f"net{width}.arch"
    spec = parse(BODY.format(width=width) + claims, "net.arch")
    results = [result_of(spec, seed=i, test_accuracy=a, weights=f"{i:016x}") for i, a in enumerate(shares)]
    path.write_text(with_blocks(spec, *(replace(result, **changed) for result in results)))  # type: ignore[arg-type]
    return path


def rows_of(*arguments: object) -> list[dict[str, Any]]:
    done = commands.run("results", *arguments, "--json")
    assert done.exit_code == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("top-1-accuracy 70%", "beaten"),
        ("top-1-accuracy 71%", "reached"),
        ("top-1-accuracy 71.5%", "open"),
        ("top-1-accuracy 74%", "missed"),
        ("top-1-error 30%", "beaten"),
        ("top-1-error 28.5%", "open"),
        ("top-1-error 26%", "missed"),
    ],
)
def test_a_claim_is_held_against_its_seeds(claim: str, verdict: str, tmp_path: Path) -> None:
    path = written(tmp_path, f"claim {claim} split=test\n", (0.714, 0.716, 0.7165))
    (row,) = (row for row in rows_of(path) if row["claimed"])
    found, values = row["significance"], [each["value"] for each in row["measured"]["seeds"]]
    assert (found["verdict"], found["n"], found["test"], found["untested"]) == (verdict, 3, "one-sample", None)
    low, high = row["claimed"]["bounds"]
    assert low < row["claimed"]["value"] < high
    bounds = (high, low) if "error" in claim else (low, high)
    t = (fmean(values) - bounds[verdict == "beaten"]) / (stdev(values) / math.sqrt(3))
    assert found["p"] == pytest.approx(stats.t.sf(abs(t), 2))
    line = commands.run("results", path).stdout.splitlines()[2]
    assert f"{verdict}, p {'= ' if found['p'] >= 0.001 else '<'}" in line


def test_a_result_line_has_its_own_digits(tmp_path: Path) -> None:
    line = "claim Epoch 2/2 - Train Accuracy: 0.5 - Val Accuracy: 0.4 - Test Accuracy: 0.7\n"
    path = written(tmp_path, line, (0.714, 0.716, 0.7165))
    (row,) = (row for row in rows_of(path) if row["measure"] == "test-accuracy")
    assert (row["claimed"]["bounds"], row["significance"]["verdict"]) == ([65, 80], "reached")


def test_what_is_no_further_sample_is_not_counted(tmp_path: Path) -> None:
    claim = "claim top-1-accuracy 60% split=test\n"
    for shares, changed, told in (
        ((0.7,), {}, "one seed"),
        ((0.7, 0.7), {}, "no spread"),
        ((0.7, 0.7), {"weights": "a" * 16}, "one seed"),  # of another seed, and nothing else came of it
        ((0.7, 0.8), {"seed": 0}, "one seed"),  # a repetition
    ):
        path = written(tmp_path, claim, shares, **changed)
        (row,) = (row for row in rows_of(path) if row["claimed"])
        assert (row["significance"]["verdict"], row["significance"]["untested"]) == (None, told)
        assert told in commands.run("results", path).stdout


def test_another_protocol_has_no_verdict(tmp_path: Path) -> None:
    path = written(tmp_path, "claim top-1-accuracy 60% split=test view=dense\n", (0.7, 0.71))
    (row,) = (row for row in rows_of(path) if row["claimed"])
    assert row["significance"] is None


# -- two networks


def test_networks_are_held_against_the_first(tmp_path: Path) -> None:
    one = written(tmp_path, "", (0.714, 0.716, 0.7165))
    paired = written(tmp_path, "", (0.724, 0.7265, 0.7268), width=4)
    welch = written(tmp_path, "", (0.724, 0.7265, 0.7268, 0.7251), width=6)
    alone = written(tmp_path, "", (0.9,), width=8)
    others = written(tmp_path, "", (0.9, 0.91, 0.92), width=10, data="ffffffff")
    calls = (one, paired, welch, alone, others)
    found = {pair["network"]["name"]: pair for pair in rows_of(*calls, "--compare") if pair["measure"][:4] == "test"}
    assert {pair["beside"]["name"] for pair in found.values()} == {"net2"}
    seen = {name: (pair["significance"] or {}).get("test") for name, pair in found.items()}
    assert seen == {"net4": "paired", "net6": "Welch", "net8": None, "net10": None}
    a, b, c = ([each["value"] for each in side["seeds"]] for side in (found["net4"]["beside"], *(
        found[name]["network"] for name in ("net4", "net6")
    )))  # fmt: skip
    assert found["net4"]["significance"]["p"] == pytest.approx(stats.ttest_rel(b, a).pvalue)
    assert found["net6"]["significance"]["p"] == pytest.approx(stats.ttest_ind(c, a, equal_var=False).pvalue)
    assert found["net4"]["significance"]["verdict"] == found["net6"]["significance"]["verdict"] == "better"
    assert found["net8"]["significance"]["untested"] == "one seed"
    assert found["net10"]["differs"] == ["images ffffffff, beside images 0123abcd"]
    table = commands.run("results", *calls, "--compare").stdout.splitlines()
    assert len(table) == 2 + 4
    assert ["not compared" in line for line in table[2:]] == [False, False, False, True]
    for form in ("markdown", "latex", "csv"):
        text = commands.run("results", *calls, "--compare", "--format", form).stdout
        assert text.count("net10" if form != "latex" else "net10 ") == text.count("ffffffff") > 0


def test_what_else_differs_is_told(tmp_path: Path) -> None:
    one = written(tmp_path, "", (0.714, 0.716))
    other = written(
        tmp_path, "", (0.724, 0.7265), width=4, precision="bf16", deviations=("epochs 1",), epochs=1, best=1
    )
    pair = rows_of(one, other, "--compare")[-1]
    assert pair["differs"] == []
    assert pair["further"] == ["epochs 1, beside as the recipe says", "trained in bf16, beside trained in fp32"]


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ("epochs 9", "recipe: epochs 9, beside epochs 2"),
        ("epochs 9\n  batch 8", "recipe: batch 8, epochs 9, beside batch 128, epochs 2"),
        ("epochs 9\n  batch 8\n  deterministic yes\n  clip norm(1)", None),
        ("epochs 2  # as before", ""),
    ],
)
def test_recipes_are_told_apart_by_their_entries_where_these_are_few(
    entries: str, told: str | None, tmp_path: Path
) -> None:
    """Two networks may have one name."""
    paths = [tmp_path / name / "net.arch" for name in ("a", "b")]
    digests = list[str]()
    for path, said in zip(paths, ("epochs 2", entries), strict=True):
        path.parent.mkdir()
        spec = parse(BODY.format(width=2).replace("epochs 2", said), "net.arch")
        path.write_text(with_blocks(spec, result_of(spec, seed=0)))
        digests.insert(0, spec.recipe().digest[:8])
    (pair,) = (pair for pair in rows_of(*paths, "--compare") if pair["measure"] == "test-accuracy")
    by_digest = "recipe {}, beside recipe {}".format(*digests)
    assert pair["further"] == ([told or by_digest] if told != "" else [])


def test_networks_of_one_name_are_told_apart() -> None:
    specs = [parse(BODY.format(width=width), "net.arch") for width in (2, 4)]
    digests = [spec.network.graph.digest[:8] for spec in specs]
    one, other = map(row_of, specs)
    assert Pair(other, one).further == ("network {1}, beside network {0}".format(*digests),)
    renamed = replace(other, subject=replace(other.subject, name="wider"))
    assert (Pair(renamed, one).further, Pair(one, one).further) == ((), ())


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"split": "60/20/20"}, "split 60/20/20, beside split 70/10/20"),
        ({"left_out": 3}, "3 unreadable images left out, beside 0 unreadable images left out"),
        ({"scale": 16}, "scale=16 view=centre, beside scale=8 view=centre"),
        ({"data": "ffffffff"}, "images ffffffff, beside images 0123abcd"),
        ({"precision": "bf16"}, None),
    ],
)
def test_what_is_not_measured_alike_is_not_compared(changed: dict[str, object], told: str | None) -> None:
    spec = parse(BODY.format(width=2))
    (one, other) = (row_of(spec, **fields) for fields in ({}, changed))
    pair = Pair(other, one)
    assert pair.differs == (() if told is None else (told,))
    assert (pair.significance is None) == (pair.difference is None) == (told is not None)


def test_what_is_evaluated_in_another_precision_is_not_compared() -> None:
    spec, looks = parse(BODY.format(width=2)), Protocol((8,))
    one, same, other = (
        replace(row_of(spec), evaluations=(Evaluation("0" * 16, "test", looks, {}, precision),))
        for precision in ("fp32", "fp32", "bf16")
    )
    assert Pair(same, one).difference == 0
    assert Pair(other, one).differs == ("computed in bf16, beside computed in fp32",)


def row_of(spec: Spec, **changed: Any) -> Row:
    """An accuracy by two seeds."""
    group = SeedGroup(tuple(result_of(spec, seed=seed, weights=f"{seed:016x}", **changed) for seed in range(2)))
    return Row(Subject("net", "net.arch", spec), None, "test-accuracy", None, group, (70.0, 71.0))


def test_there_are_two_to_compare(tmp_path: Path) -> None:
    path = written(tmp_path, "", (0.714, 0.716))
    done = commands.run("results", path, "--compare")
    assert (done.exit_code, done.stdout, "nothing to compare" in done.stderr) == (0, "", True)
    spec = parse(BODY.format(width=2))
    run = run_of(spec, tmp_path / "runs" / "net-s9-1", seed=9)
    for wrong in (("--changed",), ("--format", "bibtex")):
        assert commands.run("results", run, "--compare", *wrong).exit_code == 2
