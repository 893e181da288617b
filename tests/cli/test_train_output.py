"""What `train` says while it trains, and what a program can read of it."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from commands import run, train
from json_types import misfits
from trainings import family

import vggdsl
from vggdsl.cli.progress import PATIENCE, Bar, Lines
from vggdsl.cli.schemas.calls import SCHEMAS
from vggdsl.experiments.reporter import Costs, Outline
from vggdsl.records.metrics import Epoch

CLAIMS = "claim Epoch 5/5 - Train Accuracy: 0.9 - Val Accuracy: 0.8 - Test Accuracy: 0.7"
OUTLINE = Outline("net", Path("runs/net-s0-1"), 0, 5, 1000, "fake", "1000/1/1", 1, 1, "CPU", "fp32", steps=10)
EPOCH = Epoch(1, 0.5, 0.5, 0.5, 0.5, 0.1, 100.0)


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "net.arch"
    path.write_text(family(claims=CLAIMS, epochs="5", seeds=""))
    return path


def epochs(stderr: str) -> list[str]:
    return [line.split()[1] for line in stderr.splitlines() if line.startswith("epoch ")]


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ((), ["1/5", "2/5", "3/5", "4/5", "5/5"]),
        (("--every", 2), ["2/5", "4/5", "5/5"]),
        (("--every", 5), ["5/5"]),
        (("--every", 99), ["5/5"]),
    ],
)
def test_every_so_many_epochs_and_the_last(flags: tuple[object, ...], told: list[str], spec: Path) -> None:
    done = train(spec, *flags, runs=spec.parent / "runs")
    assert done.exit_code == 0, done.output
    assert epochs(done.stderr) == told


def test_the_last_is_told_also_where_it_comes_early(spec: Path) -> None:
    spec.write_text(family(epochs="50", seeds="", stop="val-accuracy(patience=3)", optimizer="sgd(lr=1e-12)"))
    done = train(spec, "--every", 40, runs=spec.parent / "runs")
    assert epochs(done.stderr) == ["4/50"]


def test_quiet_is_results_alone(spec: Path) -> None:
    loud, quiet = (train(spec, *flags, runs=spec.parent / "runs") for flags in ((), ("--quiet",)))
    assert (quiet.exit_code, quiet.stderr) == (0, "")
    assert quiet.stdout == loud.stdout.replace("net-s0-1", "net-s0-2")
    assert train(spec, "--quiet", "--every", 2, runs=spec.parent).exit_code == 2
    spec.write_text(family(data="fake(n=60, classes=4)"))
    refused = train(spec, "--quiet", runs=spec.parent / "runs")
    assert (refused.exit_code, "V401" in refused.stderr) == (1, True)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_long_epoch_tells_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    clock, asked = Clock(), list[float]()

    def loss() -> float:
        asked.append(clock.now)
        return 1.25

    lines = Lines(clock=clock)
    lines.started(OUTLINE)
    for _ in range(10):
        clock.now += PATIENCE / 4
        lines.step(100, loss)
    lines.epoch(EPOCH, True)
    lines.step(100, loss)
    told = [line for line in capsys.readouterr().err.splitlines() if "step" in line]
    assert told == [
        "epoch 1/5  step 4/10  loss 1.2500  13 images/s",
        "epoch 1/5  step 8/10  loss 1.2500  13 images/s",
    ]
    assert asked == [PATIENCE, 2 * PATIENCE], "the loss is waited for only where it is told"
    clock.now += PATIENCE
    lines.step(100, loss)
    assert "epoch 2/5  step 2/10" in capsys.readouterr().err


def test_a_bar_keeps_to_the_rows_that_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Bar(every=2)
    bar.started(OUTLINE)
    for number in (1, 2, 3):
        bar.step(1000, time.monotonic)
        bar.epoch(Epoch(number, 0.5, 0.5, 0.5, 0.5, 0.1, 1.0), False)
    bar.finished(Costs(1.0, None, None, 1))
    bar.ended()
    assert epochs(capsys.readouterr().err) == ["2/5", "3/5"]


def test_threads_are_recorded_and_kept(spec: Path) -> None:
    runs = spec.parent / "runs"
    assert train(spec, "--threads", 2, runs=runs).exit_code == 0
    found = vggdsl.load_run(runs / "net-s0-1")
    assert found.result.device.endswith(", 2 threads")
    assert json.loads((found.path / "recipe.json").read_text())["threads"] == 2
    (found.path / "record.arch").unlink()
    assert train(spec, runs=runs).exit_code == 0
    assert "threads" not in json.loads((runs / "net-s0-2" / "recipe.json").read_text())
    assert vggdsl.load_run(runs / "net-s0-2").result.device.endswith(", 1 thread")
    done = run("train", "--resume", found.path, "--log", "none")
    assert (done.exit_code, ", 2 threads, at least" in done.stderr) == (0, True), "as it began"
    assert vggdsl.load_run(found.path).result.device.endswith(", 2 threads")


@pytest.mark.parametrize("threads", [0, -1, 10**9, "2", 1.5])
def test_a_plan_with_other_threads_is_refused(threads: object, spec: Path) -> None:
    runs = spec.parent / "runs"
    assert train(spec, "--epochs", 1, runs=runs).exit_code == 0
    plan = runs / "net-s0-1" / "recipe.json"
    plan.write_text(json.dumps({**json.loads(plan.read_text()), "threads": threads}))
    assert "V604" in run("train", "--resume", plan.parent).stderr


def told(stdout: str) -> Any:
    data = json.loads(stdout)
    assert list(misfits(data, SCHEMAS["train --json"])) == []
    return data


def test_results_as_json(spec: Path) -> None:
    runs = spec.parent / "runs"
    done = train(spec, "--seeds", 2, "--epochs", 1, "--json", runs=runs)
    rows = told(done.stdout)
    assert [row["run"] for row in rows] == [str(runs / f"net-s{seed}-1") for seed in (0, 1)]
    assert [row["deviates"] for row in rows] == ["epochs 1"] * 2
    for row in rows:
        found = vggdsl.load_run(row["run"])
        assert f"{row['test_accuracy']:.4f}" == found.line.test
        assert (row["seed"], row["weights"], row["split"]) == (found.seed, found.result.weights, "42/6/12")
        assert row["compared"] == found.compare()
    (runs / "net-s0-1" / "record.arch").unlink()
    (again,) = told(run("train", "--resume", runs / "net-s0-1", "--log", "none", "--json").stdout)
    assert {**again, "minutes": 0} == {**rows[0], "minutes": 0}
    assert told(train(spec, "--seeds", 2, "--epochs", 1, "--missing", "--json", runs=runs).stdout) == []
    spec.write_text(family(data='folder("gone")'))
    refused = train(spec, "--json", runs=runs)
    assert (refused.exit_code, told(refused.stdout)) == (2, [])


def test_a_record_as_json(spec: Path) -> None:
    runs = spec.parent / "runs"
    assert train(spec, "--epochs", 1, runs=runs).exit_code == 0
    text = run("record", runs / "net-s0-1").stdout
    data = json.loads(run("record", runs / "net-s0-1", "--json", "--into", spec).stdout)
    assert list(misfits(data, SCHEMAS["record --json"])) == []
    assert (data["spec"], data["block"], data["into"]) == ("net", text, str(spec))
    assert spec.read_text().endswith(text)
    assert data["line"] in text
    assert data["values"]["run"]["deviates"] == "epochs 1"
