"""Time and memory of a training: estimated, and beside it the truth."""

import re
from pathlib import Path

import pytest
import torch
from click.testing import Result
from commands import train
from trainings import spec_with

from vggdsl.experiments import costs
from vggdsl.experiments.costs import Meter, held, most_held
from vggdsl.experiments.reporter import Outline
from vggdsl.records.metrics import Epoch

OUTLINE = Outline(
    name="net",
    folder=Path("runs/net-s0-1"),
    seed=0,
    epochs=12,
    images=100,
    data="fake",
    split="100/30/60",
    params=1,
    memory=1000,
    device="CPU",
    precision="fp32",
    done=2,
    val_images=30,
    test_images=60,
)
CPU = torch.device("cpu")
SPEC = spec_with(
    "input 12x12x3 conv3-8 maxpool FC-3 softmax",
    data="fake(classes=3, n=300)",
    augment="",
    batch="30",
    optimizer="adam",
    epochs="3",
    stop="val-loss(patience=2)",
)


class Clock:
    """Stands for the module `time`."""

    def __init__(self) -> None:
        self.now = 1000.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(costs, "time", clock)
    return clock


def test_the_time_is_estimated_from_the_first_steps(clock: Clock) -> None:
    told: list[float] = []
    meter = Meter(OUTLINE, CPU, told.append)
    for seconds in (30, 7, 0.25, 0.5, 0.25, 9, 9):  # the first two count once, those after a second don't
        clock.now += seconds
        meter.step(10)
    # 30 images a second; each of ten epochs as 100 + 30/3 images, the test as 60/3; 37 s are of 20 images
    assert told == [pytest.approx((10 * 110 + 20) / 30 + 37 - 20 / 30)]
    meter.epoch(Epoch(3, 1, 0, 1, 0, 0.1, 500.0))
    assert len(told) == 1
    clock.now += 44
    found = meter.costs()
    assert found.seconds == pytest.approx(100)
    assert (found.estimated_seconds, found.estimated_memory) == (told[0], 1000)


def test_a_short_first_epoch_is_taken_whole(clock: Clock) -> None:
    told: list[float] = []
    meter = Meter(OUTLINE, CPU, told.append)
    for _ in range(10):
        clock.now += 0.05
        meter.step(10)
    assert told == []
    meter.epoch(Epoch(3, 1, 0, 1, 0, 0.1, 0.55))
    assert told == [pytest.approx(10 * 0.55 + 20 * 0.005)]


def test_compiling_counts_once(clock: Clock) -> None:
    told: list[float] = []
    meter = Meter(OUTLINE, CPU, told.append)
    clock.now += 3  # before the first step
    for seconds in (20, *[0.05] * 9):
        clock.now += seconds
        meter.step(10)
    clock.now += 0.05  # of looking at the validation images
    meter.epoch(Epoch(3, 1, 0, 1, 0, 0.1, 20.5))
    assert told == [pytest.approx(19.95 + 10 * 0.55 + 20 * 0.005)]


@pytest.mark.parametrize(
    ("held_before", "most_before", "most_after", "memory"),
    [(500, 800, 1500, 1000), (500, 800, 1499, None), (500, 1500, 1500, None), (None, None, None, None)],
)
def test_memory_is_what_was_held_beyond_before(
    monkeypatch: pytest.MonkeyPatch,
    held_before: int | None,
    most_before: int | None,
    most_after: int | None,
    memory: int | None,
) -> None:
    monkeypatch.setattr(costs, "held", lambda device: held_before)
    monkeypatch.setattr(costs, "most_held", lambda device: most_before)
    meter = Meter(OUTLINE, CPU, lambda seconds: None)
    monkeypatch.setattr(costs, "most_held", lambda device: most_after)
    assert meter.costs().memory == memory


def test_what_the_process_holds_is_in_bytes() -> None:
    before = held(CPU)
    images = torch.ones(300_000_000, dtype=torch.uint8)
    now, most = held(CPU), most_held(CPU)
    assert most is not None
    assert images.nbytes / 2 < now - before < images.nbytes * 2
    assert now <= most * 1.01  # the kernel counts the one in batches


def _train(folder: Path, *flags: str) -> Result:
    spec = folder / "net.arch"
    spec.write_text(SPEC.source.text)
    return train(spec, *flags, runs=folder / "runs")


def test_estimate_and_truth_are_printed(tmp_path: Path) -> None:
    lines = _train(tmp_path).stderr.splitlines()
    estimates = [n for n, line in enumerate(lines) if line.startswith("estimated from the first steps: ")]
    assert [lines[n].partition(" for ")[2] for n in estimates] == ["3 epochs at the most"]
    assert estimates[0] < next(n for n, line in enumerate(lines) if line.startswith("epoch 2/3"))
    truth = r"took \d.* s \(estimated \d.* s\)( and \d.*B of memory \(estimated at least \d.*B\))?"
    assert re.fullmatch(truth, lines[-1]), lines[-1]


def test_one_short_epoch_is_its_own_estimate(tmp_path: Path) -> None:
    done = _train(tmp_path, "--epochs", "1")
    assert "estimated from" not in done.stderr
    assert re.match(r"took \d\S* s($| and )", done.stderr.splitlines()[-1])
