"""``vggdsl evaluate --claims`` and ``vggdsl results``: what is subtracted from a claim, and what isn't, and why."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from commands import run
from images import save
from trainings import ON_DIGITS

import vggdsl
from vggdsl.experiments.evaluation.record import _agreement
from vggdsl.experiments.train import train
from vggdsl.records.evaluation import Evaluation, digits_of
from vggdsl.records.results import results
from vggdsl.records.run import Run
from vggdsl.records.table import Row
from vggdsl.spec.protocol import Protocol
from vggdsl.text.locks import alone

DIGITS = (
    """input 8x8x1
conv3-8 BN ReLU
maxpool
FC-16 ReLU FC-10 softmax
"""
    + ON_DIGITS
)


@pytest.fixture
def trained(tmp_path: Path) -> Run:
    claims = """claim top-1-accuracy 80% split=test "plain"
claim top-1-accuracy 82% split=test flip=yes "flipped"
"""
    return trained_with(tmp_path, claims)


def trained_with(tmp_path: Path, claims: str, *entries: str, seed: int = 0, network: tuple[str, str] = ("", "")) -> Run:
    """``network`` is what of the text is another, and what stands there."""
    tmp_path.mkdir(exist_ok=True)
    text = DIGITS.replace("}", "".join(f"  {each}\n" for each in entries) + "}") + claims
    (tmp_path / "net.arch").write_text(text.replace(*network) if network[0] else text)
    return train(vggdsl.load(tmp_path / "net.arch"), seed=seed, runs=tmp_path / "runs", device="cpu")


def rows_of(path: Path) -> dict[str | None, Row]:
    """By the place of their claims."""
    return {row.claimed.where: row for row in results(path) if row.claimed is not None}


def claims_of(*arguments: object) -> list[tuple[str, float | None, list[str]]]:
    """Of each claim its place, the difference and why there is none."""
    done = run("evaluate", *arguments, "--claims", "--json")
    assert done.exit_code == 0, done.stderr
    return [(row["where"], row["difference"], row["differs"]) for row in json.loads(done.stdout)["claims"]]


def test_claims_that_say_the_same_in_other_words_are_met(tmp_path: Path) -> None:
    claims = """claim top-1-accuracy 80% split=test view=grid scale=16,12 flip=yes "words"
claim balanced-accuracy 80% split=test "balanced"
"""
    trained = trained_with(tmp_path, claims)
    held = claims_of(trained.path)
    assert [(where, differs) for where, _, differs in held] == [("words", []), ("balanced", [])]
    recall = vggdsl.evaluate(trained, device="cpu").scores
    assert held[1][1] == pytest.approx(100 * sum(row.recall for row in recall.by_class) / 10 - 80)
    (row,) = [row for row in results(trained.path) if row.claimed is not None and row.claimed.where == "words"]
    assert row.difference == pytest.approx(held[0][1], abs=0.005)
    assert [row.measure for row in results(trained.path) if row.looks is not None] == ["top-1-accuracy"]


def test_networks_together_are_of_one_network_and_recipe(tmp_path: Path) -> None:
    claims = 'claim top-1-accuracy 80% split=test ensemble=2 "two"\n'
    one = trained_with(tmp_path, claims)
    other = trained_with(tmp_path / "other", claims, network=("conv3-8 BN ReLU\n", ""))
    deeper = trained_with(tmp_path / "recipe", claims, network=("lr=0.05", "lr=0.02"))
    again = trained_with(tmp_path, claims, seed=1)
    assert claims_of(one.path, other.path, "--ensemble")[0][1:] == (None, [f"{other.path} is of another network"])
    assert claims_of(one.path, deeper.path, "--ensemble")[0][1:] == (None, [f"{deeper.path} is of another recipe"])
    assert claims_of(one.path, again.path, "--ensemble")[0][2] == []


def test_weights_that_a_record_is_not_of_are_not_compared(trained: Run, tmp_path: Path) -> None:
    other = train(trained.spec, seed=1, runs=tmp_path / "runs", device="cpu")
    mixed = shutil.copytree(trained.path, tmp_path / "mixed")
    shutil.copy(other.path / "best.safetensors", mixed)
    assert "export, predict and evaluate use them with `--force`" in run("evaluate", mixed).stderr
    held = claims_of(mixed, "--force")
    assert [each[1:] for each in held] == [(None, ["the weights aren't those of the record"])] * 2
    record = trained.path / "record.arch"
    record.write_text(record.read_text().replace("Test Accuracy: 0.", "Test Accuracy: 0.9"))
    assert [each[1:] for each in claims_of(trained.path)] == [(None, ["the record was edited"])] * 2


def test_weights_from_elsewhere_are_computed_in_the_precision_of_the_recipe(trained: Run, tmp_path: Path) -> None:
    torch.save({name: torch.tensor(array) for name, array in trained.weights.items()}, tmp_path / "w.pth")
    given = (tmp_path / "net.arch", "--weights", tmp_path / "w.pth")
    assert [each[2] for each in claims_of(*given)] == [[], []]
    assert claims_of(*given, "--precision", "bf16")[0][1:] == (None, ["computed in bf16, the recipe says fp32"])


FOLDER = """input 8x8x1 conv3-4 maxpool FC-4 ReLU FC-2 softmax
train {
  data      folder("set", val=6)
  batch     8
  epochs    1
  precision fp32
}
claim top-1-accuracy 50% split=test "claimed"
"""


def test_claims_are_not_about_images_beside_another_spec(tmp_path: Path) -> None:
    for folder in ("here", "there"):
        for part, k, i in ((part, k, i) for part in ("train", "test") for k in range(2) for i in range(9)):
            place = tmp_path / folder / "set" / part / "ab"[k] / f"{i}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            save(place, 40 * k + i + 100 * (folder == "there"), (8, 8))
        (tmp_path / folder / "net.arch").write_text(FOLDER)
    trained = train(vggdsl.load(tmp_path / "here" / "net.arch"), runs=tmp_path / "runs", device="cpu")
    ((_, difference, differs),) = claims_of(tmp_path / "there" / "net.arch", "--weights", trained.path)
    why = f"{trained.path} was trained on a folder of images beside another spec"
    assert (difference, differs) == (None, [why])
    ((_, difference, differs),) = claims_of(tmp_path / "here" / "net.arch", "--weights", trained.path)
    assert (difference is None, differs) == (False, [])


def test_a_recipe_that_was_renamed_is_the_same(tmp_path: Path) -> None:
    spec, later = tmp_path / "two.arch", tmp_path / "later.arch"
    text = TWO[: TWO.index("claim Epoch")]
    spec.write_text(text)
    trained = train(vggdsl.load(spec), recipe="a", runs=tmp_path / "runs", device="cpu")
    later.write_text(text.replace("train a {", "train A1 {").replace(" as a ", " as A1 "))
    first, other, _ = claims_of(later, "--weights", trained.path)
    assert (first[1], first[2]) == (claims_of(spec, "--weights", trained.path)[0][1], [])
    assert other[2] == ["train=other claimed, A1 here"]
    later.write_text(later.read_text().replace("batch     32", "batch     64"))
    first, *_ = claims_of(later, "--weights", trained.path)
    assert first[1:] == (None, ["recipe a isn't in later as it was at the training"])


def test_one_protocol_in_other_words_is_evaluated_once(tmp_path: Path) -> None:
    claims = """claim top-1-accuracy 80% split=test "open"
claim top-1-accuracy 81% split=test scale=8 view=centre flip=no "said"
claim top-1-accuracy 82% split=test view=ten "ten"
claim top-1-accuracy 83% split=test scale=8 view=ten flip=yes "mirrored"
"""
    trained = trained_with(tmp_path, claims)
    done = json.loads(run("evaluate", trained.path, "--claims", "--json").stdout)
    assert (len(done["evaluations"]), [row["differs"] for row in done["claims"]]) == (2, [[]] * 4)


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ({"precision": "fp16"}, ValueError, "precision is one of auto, fp32, bf16, not 'fp16'"),
        ({"scale": 20.0}, TypeError, "scale is a whole number of pixels, or several, not 20.0"),
        ({"scale": True}, TypeError, "scale is a whole number of pixels, or several, not True"),
        ({"scale": [20, "24"]}, TypeError, "scale is a whole number of pixels, or several, not '24'"),
        ({"networks": []}, ValueError, "no network to evaluate"),
        ({"networks": None}, TypeError, "None is no network"),
        ({"networks": [None]}, TypeError, "None is no network"),
        ({"networks": 3}, TypeError, "3 is no network"),
    ],
)
def test_what_is_no_network_scale_or_precision_is_refused(
    arguments: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=re.escape(told)):
        vggdsl.evaluate(**{"networks": "mini_vgg", **arguments})


def test_an_evaluation_that_was_edited_is_to_be_evaluated_again(trained: Run) -> None:
    assert run("evaluate", trained.path, "--flip").exit_code == 0
    record = trained.path / "record.arch"
    record.write_text(record.read_text().replace("flip=yes\n  run", "flip=no\n  run"))
    (found,) = [each for each in vggdsl.load(record).check() if each.code == "W601"]
    assert found.help == "such a block is written by `vggdsl evaluate`; evaluate again to measure"


def test_claims_are_not_about_other_images_than_those_of_the_training(tmp_path: Path) -> None:
    for k, name in enumerate("ab"):
        for i in range(18):
            place = tmp_path / "set" / ("test" if i % 3 == 0 else "train") / name / f"{i}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            save(place, 40 * k + i, (8, 8))
    (tmp_path / "net.arch").write_text(FOLDER)
    trained = train(vggdsl.load(tmp_path / "net.arch"), runs=tmp_path / "runs", device="cpu")
    ((_, difference, _),) = claims_of(trained.path)
    assert difference is not None
    (tmp_path / "set" / "test" / "a" / "0.png").write_bytes(b"no image any more")
    ((_, difference, differs),) = claims_of(trained.path, "--skip-bad")
    assert (difference, differs[0].partition(":")[0]) == (None, "the images aren't those of the training")
    torch.save({name: torch.tensor(array) for name, array in trained.weights.items()}, tmp_path / "w.pth")
    ((_, difference, differs),) = claims_of(tmp_path / "net.arch", "--weights", tmp_path / "w.pth", "--skip-bad")
    assert (difference, differs) == (None, ["1 unreadable image left out here"])
    save(tmp_path / "set" / "test" / "a" / "0.png", 99, (8, 8))
    ((_, difference, differs),) = claims_of(trained.path)
    assert (difference, differs[0].partition(":")[0]) == (None, "the images aren't those of the training")


TWO = """input 8x8x1 conv3-8 BN ReLU maxpool FC-16 ReLU FC-10 softmax
train a {
  data      digits
  batch     32
  epochs    1
  precision fp32
}
train b as a {
  optimizer sgd(lr=0.05)
}
train other as a {
  data fake(n=120, classes=10)
}
train part as a {
  data digits(n=500)
}
claim top-1-accuracy 80% split=test "first"
claim top-1-accuracy 80% split=test train=other "other"
claim top-1-accuracy 80% split=test train=part "part"
claim Epoch 3/5 - Train Accuracy: 0.9 - Val Accuracy: 0.9 - Test Accuracy: 0.9 "line"
"""


def test_weights_from_elsewhere_are_held_against_the_claims_of_the_named_recipe(tmp_path: Path) -> None:
    spec = tmp_path / "two.arch"
    spec.write_text(TWO)
    trained = train(vggdsl.load(spec), recipe="b", runs=tmp_path / "runs", device="cpu")
    torch.save({name: torch.tensor(array) for name, array in trained.weights.items()}, tmp_path / "w.pth")
    by_file = (spec, "--weights", tmp_path / "w.pth")
    first, other, part, *line = claims_of(*by_file)
    assert (first[1] is None, first[2], other[2]) == (False, [], ["train=other claimed, a here"])
    assert [row[2][-1] for row in line[1:]] == ["5 epochs allowed there, nobody knows how many here"] * 2
    first, other, part, *line = claims_of(*by_file, "--recipe", "other")
    assert (first[1:], other[1] is None) == ((None, ["train=a claimed, other here"]), False)
    assert {row[2][0] for row in line} == {"train=a claimed, other here"}
    first, other, part, *line = claims_of(*by_file, "--recipe", "part")
    n = "by the recipe's n=500: claims are about all, train without it to compare"
    assert part[1:] == (None, [f"500 of the 1,797 images of digits here, {n}"])
    assert "nobody knows how it was trained" in run("evaluate", *by_file, "--claims").stderr
    plain = tmp_path / "plain.arch"
    plain.write_text(trained.spec.text.partition("claim")[0])
    assert "plain claims no results" in run("evaluate", plain, "--weights", trained.path, "--claims").stderr
    done = run("evaluate", spec, "--weights", trained.path, "--recipe", "other", "--claims")
    assert (done.exit_code, "a run has its own" in done.stderr) == (2, True)


def test_an_evaluation_is_hidden_by_no_claim_of_something_else(tmp_path: Path) -> None:
    spec = tmp_path / "two.arch"
    claims = """claim top-1-accuracy 80% train=a split=test view=ten scale=12
claim top-1-accuracy 80% train=b split=test view=ten scale=16 seed=1
claim top-1-accuracy 80% train=b split=test view=grid scale=12
"""
    network = TWO[: TWO.index("train other")].replace("FC-10", "FC-11")
    spec.write_text(network.replace("digits", "fake(n=120, classes=11)") + claims)
    one, two = (
        train(vggdsl.load(spec), recipe="b", seed=seed, runs=tmp_path / "runs", device="cpu") for seed in (0, 1)
    )
    for each, view, scale in ((one, "ten", 12), (one, "ten", 16), (two, "ten", 16), (one, "grid", 12)):
        assert run("evaluate", each.path, "--view", view, "--scale", scale).exit_code == 0
    done = run("results", spec, tmp_path / "runs", "--json")
    rows = [row for row in json.loads(done.stdout) if row["measured"] is not None and row["measured"]["looks"]]
    seeds = [[each["seed"] for each in row["measured"]["seeds"]] for row in rows]
    told = [(row["claimed"] is not None, row["measure"], row["measured"]["looks"]) for row in rows]
    assert [(*each, of) for each, of in zip(told, seeds, strict=True)] == [
        (True, "top-1-accuracy", "scale=16 view=ten", [1]),
        (True, "top-1-accuracy", "scale=12 view=grid", [0]),
        (False, "test-top-1-accuracy", "scale=12 view=ten", [0]),
        (False, "test-top-5-accuracy", "scale=12 view=ten", [0]),
        (False, "test-top-1-accuracy", "scale=16 view=ten", [0]),
        (False, "test-top-5-accuracy", "scale=16 view=ten", [0, 1]),
        (False, "test-top-5-accuracy", "scale=12 view=grid", [0]),
    ]


def test_what_was_computed_in_another_precision_is_not_subtracted(trained: Run) -> None:
    half = run("evaluate", trained.path, "--flip", "--precision", "bf16", "--json")
    if json.loads(half.stdout)["evaluations"][0]["precision"] != "bf16":
        pytest.skip("no bf16 on this machine")
    beside = rows_of(trained.path)["flipped"]
    assert (beside.difference, beside.differs) == (None, ("computed in bf16, trained in fp32",))
    assert run("evaluate", trained.path, "--flip").stderr == f"recorded in {trained.path / 'record.arch'}\n"
    beside = rows_of(trained.path)["flipped"]
    assert (beside.differs, beside.precision) == ((), None)
    (other,) = [row for row in results(trained.path) if row.claimed is None and row.looks is not None]
    assert other.precision == "bf16"
    assert "computed in bf16, trained in fp32" in run("results", trained.path).stdout
    assert run("evaluate", trained.path, "--precision", "bf16").stderr.startswith("recorded in ")
    held = claims_of(trained.path, "--precision", "bf16")
    assert (held[0][1], held[0][2]) == (None, ["computed in bf16, trained in fp32"])


def test_what_another_process_recorded_meanwhile_is_not_recorded_twice(
    trained: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = trained.path / "record.arch"
    before = record.read_text()
    assert run("evaluate", trained.path, "--flip").exit_code == 0
    after = record.read_text()
    record.write_text(before)

    @contextmanager
    def late(path: Path) -> Iterator[None]:
        with alone(path):
            record.write_text(after)
            yield

    monkeypatch.setattr("vggdsl.records.append.alone", late)
    assert run("evaluate", trained.path, "--flip").stderr == f"in {record} already: it agrees in every digit\n"
    assert record.read_text() == after


def test_networks_together_meet_the_claims_of_so_many(tmp_path: Path) -> None:
    claims = """claim top-1-accuracy 80% split=test ensemble=2 "two"
claim top-1-accuracy 80% split=test ensemble=7 "seven"
claim top-1-accuracy 80% split=test "one"
"""
    runs = [trained_with(tmp_path, claims, seed=seed) for seed in (0, 1)]
    paths = [each.path for each in runs]
    two, seven, one = claims_of(*paths, "--ensemble")
    together = vggdsl.evaluate(runs, device="cpu").scores.accuracy()
    assert two[1] == pytest.approx(100 * together - 80)
    assert two[2] == []
    assert (seven[1:], one[1:]) == ((None, ["it is of 7 networks together"]), (None, ["it is of one network"]))
    twice = run("evaluate", paths[0], paths[0], "--ensemble")
    assert (twice.exit_code, "have the same weights" in twice.stderr) == (2, True)


def test_a_claim_without_a_scale_is_not_about_one_of_a_range(tmp_path: Path) -> None:
    claims = """claim top-1-accuracy 80% split=test view=ten "open"
claim top-1-accuracy 80% split=test view=ten scale=14 "said"
"""
    trained = trained_with(tmp_path, claims, "augment scale(12..16) crop(8)")
    (_, difference, differs), said = claims_of(trained.path)
    assert (difference, differs, said[2]) == (None, ["no scale claimed, 14 here"], [])
    beside = rows_of(trained.path)
    assert beside["open"].difference is None
    assert beside["said"].difference == pytest.approx(said[1], abs=0.005)


def test_a_run_that_was_renamed_keeps_the_name_of_its_spec(trained: Run, tmp_path: Path) -> None:
    trained.path.rename(tmp_path / "the best")
    assert vggdsl.load(tmp_path / "the best" / "record.arch").name == "net"
    assert {row.subject.name for row in results(tmp_path / "the best" / "record.arch")} == {"net"}


def test_digits_that_a_block_has_are_compared() -> None:
    made = Evaluation("0" * 16, "test", Protocol((8,)), {"top-1-accuracy": 0.50002}, "fp32")
    assert made.printed(digits_of(50_000)) == {"top-1-accuracy": "50.002%"}
    other = replace(made, shares={"top-1-accuracy": 0.5})
    assert _agreement(other.printed(3), made.printed(3)) == "says 50.000%, and stays as it is"
    assert _agreement(made.printed(3), made.printed(3)) == "agrees in every digit"
