"""``vggdsl watch``: the curves of a training in the terminal."""

import re
from pathlib import Path

import commands
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trainings import spec_with

import vggdsl
from vggdsl.cli.curves import curves, legend
from vggdsl.records.metrics import Epoch
from vggdsl.records.run import Run
from vggdsl.records.runfolder import held

losses, shares = st.floats(0, 1e30), st.floats(0, 1)
epochs = st.builds(Epoch, st.just(1), losses, shares, losses, shares, st.just(0.1), st.just(1.0))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return vggdsl.train(spec_with(epochs="3"), runs=tmp_path_factory.mktemp("runs"))


@given(st.lists(epochs, max_size=60), st.integers(0, 60), st.integers(0, 150), st.integers(5, 12), st.booleans())
def test_curves_fit_their_place(given: list[Epoch], left: int, width: int, height: int, is_ascii: bool) -> None:
    charts = curves(given, len(given) + left, width, height, is_ascii=is_ascii)
    assert len(charts) in (0, 2)
    assert bool(charts) == (bool(given) and width >= 48)
    for chart in charts:
        assert max(map(len, chart.splitlines())) <= width
        assert "*" in chart
        assert chart.isascii() or not is_ascii
    assert legend(is_ascii=True).isascii()


def test_higher_is_drawn_higher() -> None:
    """An accuracy that grows from 0.2 to 1: its stars go from the lowest row to the highest."""
    given = [Epoch(i, 1 / i, i / 5, 1 / i, i / 5, 0.1, 1.0) for i in range(1, 6)]
    _, accuracy = curves(given, 5, 60, 8, is_ascii=True)
    rows = [line.find("*") for line in accuracy.splitlines()]
    seen = [column for column in rows if column >= 0]
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 5


def test_a_run_that_has_ended(run: Run) -> None:
    told = commands.run("watch", run.path)
    assert told.exit_code == 0, told.stderr
    rows = told.stdout.splitlines()
    assert len(rows) == 4
    assert [row.split()[1] for row in rows[:3]] == ["1/3", "2/3", "3/3"]
    best = run.result.best
    assert f"epoch 3 of 3, best {best} with" in rows[3]
    assert f"ended: `vggdsl report {run.path}`" in rows[3]
    marked = [row.split()[1] for row in rows[:3] if row.endswith("*")]
    assert marked[-1] == f"{best}/3"


def test_once_shows_curves(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    told = commands.run("watch", run.path, "--once").stdout
    assert told.count("(epoch)") == 2
    assert re.search(r"^ *\(loss\) +\^$", told, re.M)
    assert "* validation" in told
    assert "\x1b" not in told


def test_a_run_without_an_epoch_yet(run: Run, tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    for name in ("recipe.json", "spec.arch"):
        (tmp_path / "r" / name).write_bytes((run.path / name).read_bytes())
    with held(tmp_path / "r" / ".lock", "taken"):
        told = commands.run("watch", tmp_path / "r", "--once")
    assert told.exit_code == 0
    assert told.stdout.splitlines() == [f"{tmp_path.as_posix()}/r: epoch 0 of 3; in its first epoch"]
    stopped = commands.run("watch", tmp_path / "r").stdout
    assert f"nobody trains in it: `vggdsl train --resume {tmp_path}/r` goes on" in stopped


def test_what_is_no_run(tmp_path: Path) -> None:
    told = commands.run("watch", tmp_path / "none")
    assert told.exit_code == 2
    assert "error[V501]" in told.stderr
    told = commands.run("watch", tmp_path)
    assert "error[V604]" in told.stderr
