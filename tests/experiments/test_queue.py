"""A queue trains one experiment after the other, and is handed who is told of it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

import vggdsl
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.missing import Missing
from vggdsl.experiments.queue import Queue
from vggdsl.experiments.report import Reporter, Silent
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.run import Run
from vggdsl.text.errors import Diagnostic, InputError

SPEC = """
input 8x8x1 conv3-4 maxpool FC-3 softmax
train last {
  data  fake(n=60, classes=3)
  batch 20
  epochs 1
  seeds 0 1
  init  from(first)
}
train first as last { init he }
"""


class Remembering:
    """An audience that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def reporter(self) -> Reporter:
        return Silent()

    def findings(self, found: Iterable[Diagnostic]) -> None:
        self.told += [d.code for d in found]

    def trained(self, run: Run) -> None:
        self.told.append(run.path.name)

    def over_seeds(self, runs: Sequence[Run]) -> None:
        self.told.append(f"over {len(runs)} seeds")


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(device="cpu", runs=tmp_path / "runs")


def experiments(text: str = SPEC, *names: str) -> list[Experiment]:
    spec = vggdsl.parse(text, "net.arch")
    return [Experiment.of(spec, spec.recipe(name)) for name in names]


def test_what_others_begin_with_comes_first(workplace: Workplace) -> None:
    audience = Remembering()
    queue = Queue(experiments(SPEC, "last", "first"), workplace, audience)
    queue.check()
    queue.in_order()
    assert queue.run() == []
    first = ["net-first-s0-1", "net-first-s1-1", "over 2 seeds"]
    assert audience.told == [*first, "net-last-s0-1", "net-last-s1-1", "over 2 seeds"]


def test_the_others_go_on_where_one_fails(workplace: Workplace) -> None:
    audience = Remembering()
    queue = Queue(experiments(SPEC, "last", "first"), workplace, audience)  # not in order: there is no such run yet
    (failed,) = queue.run()
    assert isinstance(failed, InputError)
    assert audience.told == ["V516", "net-first-s0-1", "net-first-s1-1", "over 2 seeds"]


def test_missing_data_are_told_before_the_first_begins(workplace: Workplace) -> None:
    there, gone = (
        experiments(SPEC, "first"),
        experiments(SPEC.replace("fake(n=60, classes=3)", 'folder("gone")'), "first"),
    )
    with pytest.raises(InputError, match="V503"):
        Queue([*there, *gone], workplace, Remembering()).check()


def test_what_looks_wrong_is_told_before(workplace: Workplace) -> None:
    audience = Remembering()
    twice = experiments(SPEC.replace("conv3-4", "conv3-4 ReLU ReLU"), "first")
    Queue(twice, workplace, audience).check()
    assert audience.told == [d.code for d in twice[0].warnings] != []


def test_what_is_measured_is_left_out(workplace: Workplace) -> None:
    done = Remembering()
    (experiment,) = experiments(SPEC, "first")
    assert Queue([experiment], workplace, done).run() == []
    audience = Remembering()
    missing = Missing([], workplace.runs, workplace.data_folder)
    missing._records.clear()  # as if all of it had come since
    assert Queue([experiment], workplace, audience, missing).run() == []
    assert audience.told == []
    assert Queue([experiment], workplace, audience, missing).experiments == []
