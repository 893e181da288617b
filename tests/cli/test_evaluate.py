"""``vggdsl evaluate``: what it prints, what it records, and where claims find that."""

import json
from pathlib import Path

import pytest
from commands import run
from trainings import ON_DIGITS

import vggdsl
from vggdsl.experiments.train import train
from vggdsl.records.results import results
from vggdsl.records.run import Run
from vggdsl.records.table import Row

SPEC = (
    """
input 8x8x1
conv3-8 BN ReLU
maxpool
FC-16 ReLU FC-10 softmax
claim top-1-accuracy 80% split=test view=centre "Table 1"
claim top-1-accuracy 82% top-5-error 3% split=test view=centre flip=yes "Table 2"
claim top-1-error 40% split=val scale=12,16 view=dense "Table 3"
claim top-1-error 30% split=test ensemble=7 "Table 4"
claim Epoch 3/5 - Train Accuracy: 0.9 - Val Accuracy: 0.9 - Test Accuracy: 0.9
"""
    + ON_DIGITS
)


@pytest.fixture
def trained(tmp_path: Path) -> Run:
    (tmp_path / "net.arch").write_text(SPEC)
    return train(vggdsl.load(tmp_path / "net.arch"), runs=tmp_path / "runs", device="cpu")


def rows_of(*paths: Path) -> dict[str, Row]:
    """Of one guess, by the place of their claims."""
    rows = (row for row in results(paths) if row.claimed is not None and row.measure.startswith("top-1"))
    return {row.claimed.where or "": row for row in rows if row.claimed is not None}


def test_figures_are_printed_with_their_bounds_and_all_classes(trained: Run) -> None:
    done = run("evaluate", trained.path)
    assert done.exit_code == 0
    first, top, loss, _, head, *_ = done.stdout.splitlines()
    assert first == f"{trained.path}: test of digits, 360 images, scale=8 view=centre"
    share = trained.result.test_accuracy
    assert top.startswith(f"top-1 accuracy {100 * share:.2f}% (")
    assert top.endswith(f"), error {100 - 100 * share:.2f}%")
    assert loss.startswith("loss ")
    assert head.split() == ["class", "precision", "recall", "f1-score", "support"]
    assert done.stdout.count("\n0 ") == 2, "a row of the table of classes, and one of the confusion matrix"
    assert done.stderr == f"{trained.path / 'record.arch'} agrees in every digit\n"
    assert len(vggdsl.load(trained.path / "record.arch").evaluations) == 0


def test_an_evaluation_is_recorded_once_and_found_by_its_claim(trained: Run, tmp_path: Path) -> None:
    before = rows_of(trained.path)
    assert before["Table 1"].difference is not None
    assert before["Table 2"].values == ()
    assert before["Table 2"].differs == ("flip=yes claimed, no here",)
    assert before["Table 3"].values == ()
    done = run("evaluate", trained.path, "--flip", "--json")
    row = json.loads(done.stdout)["evaluations"][0]
    assert row["recorded"] == f"recorded in {trained.path / 'record.arch'}"
    after = rows_of(trained.path)
    assert after["Table 2"].values == (round(100 * row["top_1"], 2),)
    assert after["Table 2"].difference == pytest.approx(round(100 * row["top_1"], 2) - 82)
    assert after["Table 1"].values == before["Table 1"].values
    assert after["Table 3"].values == ()
    again = run("evaluate", trained.path, "--flip")
    assert again.stderr == f"in {trained.path / 'record.arch'} already: it agrees in every digit\n"
    record = vggdsl.load(trained.path / "record.arch")
    (block,) = record.evaluations
    assert block.sealed
    assert block.values["by"]["weights"] == trained.result.weights
    assert [d.code for d in record.check()] == []
    assert run("evaluate", trained.path, "--view", "ten", "--scale", 12).exit_code == 0
    (unclaimed,) = [row for row in results(trained.path) if row.looks is not None and row.claimed is None]
    assert (unclaimed.measure, str(unclaimed.looks)) == ("test-top-1-accuracy", "scale=12 view=ten")
    assert vggdsl.load_run(trained.path).line == trained.line


def test_all_blocks_go_into_the_spec_each_once(trained: Run, tmp_path: Path) -> None:
    spec = tmp_path / "net.arch"
    assert run("record", trained.path, "--into", spec).exit_code == 0
    assert run("evaluate", trained.path, "--flip").exit_code == 0
    done = run("record", trained.path, "--into", spec)
    assert (done.exit_code, done.stderr) == (0, f"{spec}: appended\n")
    made = vggdsl.load(spec)
    assert (len(made.measurements), len(made.evaluations)) == (1, 1)
    assert made.check() == []
    assert rows_of(spec)["Table 2"].values == rows_of(trained.path)["Table 2"].values
    again = run("record", trained.path, "--into", spec)
    assert (again.exit_code, "stands in" in again.stderr) == (1, True)


def test_an_edited_block_counts_nowhere(trained: Run) -> None:
    assert run("evaluate", trained.path, "--flip").exit_code == 0
    record = trained.path / "record.arch"
    record.write_text(record.read_text().replace("view=centre flip=yes\n", "view=ten\n"))
    with pytest.warns(UserWarning, match="W601"):
        assert all(row.looks is None for row in results(trained.path))
    assert run("record", trained.path).exit_code == 1


def test_a_block_of_other_weights_than_those_of_a_training_is_told(trained: Run, tmp_path: Path) -> None:
    assert run("evaluate", trained.path, "--flip").exit_code == 0
    text = (trained.path / "record.arch").read_text()
    start, end = text.index("measured {\n  Epoch"), text.index("measured {\n  top-1")
    (tmp_path / "other.arch").write_text(text[:start] + text[end:])
    with pytest.warns(UserWarning, match="W611"):
        results(tmp_path / "other.arch")


def test_claims_are_held_each_under_its_own_protocol(trained: Run) -> None:
    done = run("evaluate", trained.path, "--claims", "--json")
    told = json.loads(done.stdout)
    protocols = [(row["split"], row["scale"], row["view"], row["flip"]) for row in told["evaluations"]]
    assert protocols == [
        ("test", [8], "centre", False),
        ("test", [8], "centre", True),
        ("val", [12, 16], "dense", False),
        ("val", [8], "centre", False),
    ]
    held = [(row["where"], row["measure"], row["difference"] is None, row["differs"]) for row in told["claims"]]
    assert held[:5] == [
        ("Table 1", "top-1-accuracy", False, []),
        ("Table 2", "top-1-accuracy", False, []),
        ("Table 2", "top-5-error", False, []),
        ("Table 3", "top-1-error", False, []),
        ("Table 4", "top-1-error", True, ["it is of 7 networks together"]),
    ]
    assert [row[1] for row in held[5:]] == ["train-accuracy", "val-accuracy", "test-accuracy"]
    assert held[5][3] == ["the training alone measures it: see `vggdsl results`"]
    assert held[7][3] == ["5 epochs allowed there, 1 here"]
    assert told["claims"][7]["measured"] == pytest.approx(100 * told["evaluations"][0]["top_1"])
    table = run("evaluate", trained.path, "--claims")
    assert table.stdout.count("not compared") + table.stdout.count("not measured") == 4
    rows = rows_of(trained.path)
    assert rows["Table 3"].values == pytest.approx([told["claims"][3]["measured"]], abs=0.005)


def test_protocols_by_which_the_same_is_looked_at_are_one(trained: Run) -> None:
    assert run("evaluate", trained.path, "--view", "ten", "--scale", "16,12").exit_code == 0
    again = run("evaluate", trained.path, "--view", "ten", "--scale", "12,16", "--flip")
    assert again.stderr.splitlines() == [
        "note: view=ten is mirrored by what it is: flip adds nothing",
        f"in {trained.path / 'record.arch'} already: it agrees in every digit",
    ]
    with pytest.raises(ValueError, match="has a scale twice"):
        vggdsl.evaluate(trained, scale=(12, 12))


def test_networks_together_have_no_record(trained: Run, tmp_path: Path) -> None:
    other = train(vggdsl.load(tmp_path / "net.arch"), seed=1, runs=tmp_path / "runs", device="cpu")
    done = run("evaluate", trained.path, other.path, "--ensemble")
    assert done.exit_code == 0
    assert "scale=8 view=centre ensemble=2" in done.stdout
    assert done.stderr == "not recorded: several networks have no record together\n"
    each = run("evaluate", trained.path, other.path)
    assert each.stdout.count("top-1 accuracy") == 2


def test_weights_of_another_epoch_are_not_recorded(trained: Run) -> None:
    (trained.path / "best.safetensors").rename(trained.path / "old.safetensors")
    done = run("evaluate", trained.path / "old.safetensors", "--flip")
    assert done.stderr == f"recorded in {trained.path / 'record.arch'}\n", "the same weights by another name"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--ensemble",), "of several"),
        (("--claims", "--flip"), "from the claims"),
        (("--scale", "a"), "no number of pixels"),
        (("--scale", "8,8"), "twice"),
        (("--scale", "0"), "no number of pixels"),
    ],
)
def test_what_nothing_would_come_of_is_refused(arguments: tuple[str, ...], why: str) -> None:
    done = run("evaluate", "quickstart", *arguments)
    assert (done.exit_code, why in done.stderr) == (2, True), done.stderr


LOOSE = """
claim top-1-accuracy 97% split=test view=ten "ten"
claim top-1-accuracy 98% split=test "loose"
"""


def test_what_a_claim_does_not_say_is_as_in_training(tmp_path: Path) -> None:
    """Whatever was evaluated first; and nothing that was measured is hidden behind a claim of something else."""
    head, _, rest = SPEC.partition("claim")
    (tmp_path / "net.arch").write_text(head + LOOSE + rest[rest.index("train {") :])
    trained = train(vggdsl.load(tmp_path / "net.arch"), runs=tmp_path / "runs", device="cpu")
    found = {}
    for scale, view in ((24, "ten"), (8, "ten"), (24, "grid"), (12, "centre")):
        done = run("evaluate", trained.path, "--view", view, "--scale", scale, "--json")
        found[view, scale] = round(100 * json.loads(done.stdout)["evaluations"][0]["top_1"], 2)
    rows = rows_of(trained.path)
    assert rows["ten"].values == (found["ten", 8],)
    assert rows["loose"].values == pytest.approx([100 * trained.result.test_accuracy])
    unclaimed = {str(row.looks): row.values for row in results(trained.path) if row.claimed is None}
    assert unclaimed == {
        "scale=24 view=ten": (found["ten", 24],),
        "scale=24 view=grid": (found["grid", 24],),
        "scale=12 view=centre": (found["centre", 12],),
    }


def test_what_the_training_found_stands_beside_a_claim_of_another_protocol(tmp_path: Path) -> None:
    head, _, rest = SPEC.partition("claim")
    (tmp_path / "net.arch").write_text(f"{head}{LOOSE.splitlines()[1]}\n{rest[rest.index('train {') :]}")
    trained = train(vggdsl.load(tmp_path / "net.arch"), runs=tmp_path / "runs", device="cpu")
    assert run("evaluate", trained.path, "--view", "ten").exit_code == 0
    assert [row.measure for row in results(trained.path)] == ["top-1-accuracy", "test-accuracy"]
