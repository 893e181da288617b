"""How far a run is, while somebody trains in it and afterwards."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trainings import spec_with

import vggdsl
from vggdsl.records.collect import RECORD
from vggdsl.records.metrics import Epoch
from vggdsl.records.run import Run
from vggdsl.records.runfolder import METRICS, RunFolder, held, is_held
from vggdsl.records.so_far import RunSoFar, follow, so_far
from vggdsl.text.errors import RecordError


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return vggdsl.train(spec_with(epochs="3"), runs=tmp_path_factory.mktemp("runs"))


def begun(run: Run, tmp_path: Path) -> Path:
    """A run's folder as it is before its first epoch."""
    folder = RunFolder.new(tmp_path, run.spec, run.recipe, 0)
    folder.write_plan(tmp_path, "cpu", start=vggdsl.records.runfolder.Start())
    return folder.path


def test_a_run_that_has_ended(run: Run) -> None:
    found = so_far(run.path, 3)
    assert found.state == "ended"
    assert found.epochs == vggdsl.load_run(run.path).metrics
    assert found.best is not None
    assert found.best.number == run.result.best


def test_a_run_is_followed_to_its_end(run: Run, tmp_path: Path) -> None:
    """Nothing is told twice, and each epoch once it is written."""
    path = begun(run, tmp_path)
    rows = (run.path / METRICS).read_text().splitlines(keepends=True)
    waits = list[float]()

    def wait(seconds: float) -> None:
        """What a training does meanwhile: nothing, an epoch, an epoch, its end."""
        waits.append(seconds)
        at = len(waits)
        if at in (2, 3, 4):
            (path / METRICS).write_text("".join(rows[:at]))
        if at == 5:
            (path / RECORD).write_text((run.path / RECORD).read_text())
            lock.__exit__(None, None, None)

    lock = held(path / ".lock", "taken")
    lock.__enter__()
    told = [(now.state, len(now.epochs)) for now in follow(path, 3, wait)]
    assert told == [("training", 0), ("training", 1), ("training", 2), ("training", 3), ("ended", 3)]


def test_a_run_in_which_nobody_trains_any_more(run: Run, tmp_path: Path) -> None:
    path = begun(run, tmp_path)
    assert so_far(path, 3) == RunSoFar((), "stopped")
    (path / ".lock").touch()  # as a killed process leaves it
    assert not is_held(path)
    assert [now.state for now in follow(path, 3)] == ["stopped"]
    (path / "diverged.txt").write_text("the loss is nan\n")
    assert so_far(path, 3).state == "diverged"


def test_looking_leaves_the_one_who_trains_alone(run: Run, tmp_path: Path) -> None:
    path = begun(run, tmp_path)
    with held(path / ".lock", "taken"):
        assert is_held(path)
        assert is_held(path)
        with pytest.raises(RecordError, match="taken"), held(path / ".lock", "taken"):
            raise AssertionError
        assert (path / ".lock").exists() or os.name != "posix"


def test_metrics_that_are_none(run: Run, tmp_path: Path) -> None:
    path = begun(run, tmp_path)
    (path / METRICS).write_text("number\nx\n")
    with pytest.raises(RecordError, match=r"metrics\.csv can't be read"):
        so_far(path, 3)


figures = st.floats(0, 1)


@given(st.lists(st.tuples(figures, figures), min_size=1, max_size=20))
def test_the_best_is_what_a_training_would_choose(given: list[tuple[float, float]]) -> None:
    """By a loop that keeps the first of the best, as one that saves them does."""
    epochs = [Epoch(i, 0.0, 0.0, loss, accuracy, 0.1, 1.0) for i, (loss, accuracy) in enumerate(given, 1)]
    best = epochs[0]
    for epoch in epochs[1:]:
        if epoch.val_accuracy > best.val_accuracy or (
            epoch.val_accuracy == best.val_accuracy and epoch.val_loss < best.val_loss
        ):
            best = epoch
    assert RunSoFar(tuple(epochs), "training").best is best
