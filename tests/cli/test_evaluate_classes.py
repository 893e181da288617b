"""``vggdsl evaluate --claims`` and what is claimed of classes."""

import json
from pathlib import Path

import pytest
from commands import run
from sklearn.metrics import precision_recall_fscore_support
from trainings import ON_DIGITS, spec_with

import vggdsl
from vggdsl.experiments.train import train
from vggdsl.records.results import results
from vggdsl.records.run import Run

REPORT = (
    """
input 8x8x1
conv3-8 BN ReLU
maxpool
FC-16 ReLU FC-10 softmax
claims "report" {
  precision 0.87 recall 82% f1-score 0.84 split=test class=3
  recall 0.5 precision 0.25 split=test class=8
  top-1-accuracy 80% split=test
  precision 0.83 recall 0.82 f1-score 0.82 split=test average=macro
  precision 0.83 recall 0.82 f1-score 0.82 split=test average=weighted
}
claim f1-score 0.9 split=test class=3 view=ten "ten crops"
claim recall 0.5 recall 0.6 split=val class=3 seed=5 "another seed"
"""
    + ON_DIGITS
)


@pytest.fixture
def reported(tmp_path: Path) -> Run:
    (tmp_path / "net.arch").write_text(REPORT)
    return train(vggdsl.load(tmp_path / "net.arch"), runs=tmp_path / "runs", device="cpu")


def test_claims_of_classes_are_held_against_what_scikit_learn_finds(reported: Run) -> None:
    done = run("evaluate", reported.path, "--claims", "--json")
    told = json.loads(done.stdout)
    assert [row["view"] for row in told["evaluations"]] == ["centre", "ten", "centre"], "once for each protocol"
    found = vggdsl.evaluate(reported.path)
    truth, guesses = found.scores.labels.tolist(), found.scores.guesses.tolist()
    by_class = precision_recall_fscore_support(truth, guesses, zero_division=0)
    means = {
        name: precision_recall_fscore_support(truth, guesses, average=name, zero_division=0)
        for name in ("macro", "weighted")
    }
    held = [row for row in told["claims"] if row["where"] == "report" and row["measure"] != "top-1-accuracy"]
    assert len(held) == 11
    for row in held:
        protocol = row["protocol"]
        at = ("precision", "recall", "f1-score").index(row["measure"])
        share = means[protocol["average"]][at] if "average" in protocol else by_class[at][int(protocol["class"])]
        printed = float(row["claimed"].removesuffix("%"))
        assert row["measured"] == pytest.approx(100 * share)
        assert row["difference"] == pytest.approx(100 * share - (printed if "%" in row["claimed"] else 100 * printed))
        assert row["differs"] == []
    (seeded,) = {tuple(row["differs"]) for row in told["claims"] if row["where"] == "another seed"}
    assert seeded == ("seed=5 claimed, 0 here",)


def test_a_report_is_one_table_with_the_differences_beside(reported: Run) -> None:
    done = run("evaluate", reported.path, "--claims")
    found = vggdsl.evaluate(reported.path).scores
    report, ten, other = done.stdout.split(": claimed, measured and their difference\n")[1:]
    assert '\n"report", split=test: claimed' in done.stdout
    assert '\n"ten crops", split=test view=ten: claimed' in done.stdout
    head, _, three, eight, blank, macro, weighted, *_ = report.splitlines()
    assert head.split() == ["class", "precision", "recall", "f1-score"]
    row = found.by_class[3]
    cells = [
        *("3", "0.87", f"{row.precision:.3f}", f"{row.precision - 0.87:+.3f}"),
        *("82%", f"{100 * row.recall:.2f}%", f"{100 * row.recall - 82:+.2f}"),
        *("0.84", f"{row.f1:.3f}", f"{row.f1 - 0.84:+.3f}"),
    ]
    assert three.split() == cells
    assert eight.split()[:3] == ["8", "0.25", f"{found.by_class[8].precision:.3f}"]
    assert (blank, macro.split()[:2], weighted.split()[:2]) == ("", ["macro", "avg"], ["weighted", "avg"])
    assert ten.splitlines()[0].split() == ["class", "f1-score"]
    assert [line.split()[:2] for line in other.splitlines()[2:4]] == [["3", "0.5"], ["3", "0.6"]]
    assert other.splitlines()[4] == "not compared: seed=5 claimed, 0 here"
    assert done.stdout.count("top-1-accuracy") == 1


def test_what_a_class_has_no_figure_of_is_told(tmp_path: Path) -> None:
    """Of classes whose names the data alone know: of some there are no images, others are never guessed."""
    names = [*(f"class {k}" for k in range(10)), "no such"]
    claims = "\n".join(f'claim precision 1 recall 1 f1-score 1 split=test class="{name}" "all"' for name in names)
    spec = spec_with("input 8x8x1 conv3-4 FC-10 softmax", claims, data="fake(n=40)", epochs="1", augment="")
    trained = train(spec, runs=tmp_path, device="cpu")
    scores = vggdsl.evaluate(trained.path).scores
    told = json.loads(run("evaluate", trained.path, "--claims", "--json").stdout)["claims"]
    whys = set()
    for row in told:
        of, measure = row["protocol"]["class"], row["measure"]
        k = names.index(of)
        why = []
        if of == "no such":
            why = [f"test of fake has no class no such: its classes are {', '.join(names[:9])} and class 9"]
        elif not scores.by_class[k].support:
            why = [f"no images of {of} in test of fake"]
        elif measure == "precision" and not scores.confusion[:, k].any():
            why = [f"no image is taken for {of}"]
        whys |= {text[:5] for text in why} or {measure}
        assert row["differs"] == why
        assert (row["measured"] is None, row["difference"] is None) == (bool(why), bool(why))
    assert whys == {"test ", "no im", "precision", "recall", "f1-score"}
    assert any(not scores.confusion[:, k].any() and scores.by_class[k].support for k in range(10))
    table = run("evaluate", trained.path, "--claims").stdout
    assert f"not compared of no such: {told[-1]['differs'][0]}\n" in table


def test_a_run_is_held_against_the_claims_of_a_later_text(reported: Run, tmp_path: Path) -> None:
    later = tmp_path / "later.arch"
    later.write_text(REPORT.replace("precision 0.87", "precision 0.11"))
    done = run("evaluate", later, "--weights", reported.path, "--claims", "--json")
    (row,) = [row for row in json.loads(done.stdout)["claims"] if row["claimed"] == "0.11"]
    assert row["difference"] == pytest.approx(row["measured"] - 11)
    later.write_text(REPORT.replace("lr=0.05", "lr=0.1"))
    done = run("evaluate", later, "--weights", reported.path, "--claims", "--json")
    told = json.loads(done.stdout)
    assert told["evaluations"] == []
    entries = "optimizer sgd(lr=0.05, momentum=0.9)"
    why = f"the recipe without a name isn't in later as it was at the training: that had {entries}"
    why += "; claim in its own spec, or train later"
    assert {tuple(row["differs"]) for row in told["claims"]} == {(why,)}
    table = run("evaluate", later, "--weights", reported.path, "--claims")
    assert (table.stdout, table.stderr.count(why)) == ("", 1), "no table of dashes"


NAMED = """
train second {
  data      digits(val=90)
  batch     32
  optimizer sgd(lr=0.05, momentum=0.9)
  precision fp32
  epochs    1
}
"""


def test_weights_of_a_run_are_evaluated_as_its_own_recipe_divides(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    path.write_text(REPORT + NAMED + "claim recall 0.5 split=val class=3 train=second\n")
    trained = train(vggdsl.load(path), recipe="second", runs=tmp_path / "runs", device="cpu")
    told = json.loads(run("evaluate", path, "--weights", trained.path, "--claims", "--json").stdout)
    assert [(row["split"], row["count"]) for row in told["evaluations"]] == [("val", 90)]
    *others, own = told["claims"]
    assert {tuple(row["differs"]) for row in others} == {("the recipe without a name claimed, second here",)}
    assert own["differs"] == []


def test_claims_of_classes_stay_out_of_the_table_of_results(reported: Run) -> None:
    before = [(row.measure, row.claimed and row.claimed.where) for row in results(reported.path)]
    assert before == [("top-1-accuracy", "report")]
    assert run("evaluate", reported.path, "--view", "ten").exit_code == 0
    (unclaimed,) = [row for row in results(reported.path) if row.claimed is None]
    assert str(unclaimed.looks) == "scale=8 view=ten", "what was evaluated isn't hidden behind a claim of a class"
    lines = reported.compare()
    assert lines[lines.index('claimed: 11 figures of classes  "report"') + 1] == (
        "  not compared: `vggdsl evaluate RUN --claims` measures them"
    )
    assert sum("of classes" in line for line in lines) == 3
