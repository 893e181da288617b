"""Several processes look for what is missing in one folder: each training is done once, by whoever is there."""

import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from errno import ENOLCK, ENOSYS
from functools import partial
from pathlib import Path

import psutil
import pytest
from commands import run
from forks import Forked
from refusals import findings, refusal
from test_queue import Remembering
from trainings import family, finished, metrics, table

import vggdsl
from vggdsl.experiments import queue as queues
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.missing import Missing
from vggdsl.experiments.queue import Queue
from vggdsl.experiments.reporter import Outline, Silent
from vggdsl.experiments.train import begin, resume, train
from vggdsl.experiments.workplace import Workplace
from vggdsl.records import runfolder
from vggdsl.records.metrics import Epoch
from vggdsl.records.runfolder import held, read_plan
from vggdsl.text.errors import InputError

AT_ONCE = """
import os, signal, sys, time
from pathlib import Path
from vggdsl.cli import main, runs
from vggdsl.experiments import missing
from vggdsl.experiments.reporter import Silent

class Ending(Silent):
    def epoch(self, epoch, is_best):
        Path("go").touch()
        if epoch.number == 2:
            os.kill(os.getpid(), getattr(signal, sys.argv[1]))

if sys.argv[1]:
    runs.Terminal.reporter = lambda told: Ending()
print("ready", flush=True)
while not Path("ready" if sys.argv[1] else "go").exists():
    time.sleep(0.001)
main(sys.argv[2:])
"""
"""Gets the signal in the second epoch of a training, if one is named; else it begins when such a one has its first."""


def calls(folder: Path, *signals: str) -> list[Forked]:
    """Processes that share a family of a spec."""
    (folder / "net.arch").write_text(family())
    arguments = ["train", "net.arch", "--missing", "--log", "none", "--device", "cpu"]
    found = [Forked(AT_ONCE, name, *arguments, cwd=folder) for name in signals]
    for each in found:
        each.wait_for("ready\n")
    (folder / ("ready" if any(signals) else "go")).touch()
    return found


def test_three_share_a_family_though_one_is_killed(tmp_path: Path) -> None:
    together, alone = tmp_path / "together", tmp_path / "alone"
    together.mkdir()
    alone.mkdir()
    killed, *others = [each.ended() for each in calls(together, "SIGKILL", "", "")]
    (one,) = [each.ended() for each in calls(alone, "")]
    assert killed.returncode == -signal.SIGKILL
    assert [each.returncode for each in (*others, one)] == [0, 0, 0], [each.stderr for each in others]
    names = ["net-s0-1", "net-s1-1", "net-s2-1"]
    assert finished(together) == finished(alone) == names
    assert sorted(path.name for path in (together / "runs").iterdir() if path.is_dir()) == names, "none was begun twice"
    assert sum("going on after epoch" in each.stderr for each in others) == 1, "what was killed is gone on with"
    assert [metrics(together / "runs" / name) for name in names] == [metrics(alone / "runs" / name) for name in names]
    assert {table(each.stdout) for each in others} == {table(one.stdout)}


def test_nobody_waits_for_a_training_of_another_network_or_on_other_images(tmp_path: Path) -> None:
    """All by the same recipe and seed, and in one folder of runs."""
    workplace, on_files = Workplace(runs=tmp_path / "runs"), family(data='folder("pool")')
    others = {
        "A": on_files,
        "B": on_files,
        "C": family("input 8x8x1 FC-3 softmax", data='folder("pool")'),
        "D": family(),
    }

    def claim(name: str) -> AbstractContextManager[None]:
        spec = vggdsl.load(tmp_path / name / "net.arch")
        return Missing([], workplace).claimed(spec, spec.recipe(), 0)

    with ExitStack() as claims:
        for name, text in others.items():
            (tmp_path / name / "pool").mkdir(parents=True)
            (tmp_path / name / "net.arch").write_text(text)
            claims.enter_context(claim(name))
        for name in others:
            (told,) = findings(partial(claims.enter_context, claim(name)))
            assert (told.code, told.message) == ("V607", "another process trains net with seed 0")


class Waking(Remembering):
    """Lets a process go on that was stopped, once it is waited for."""

    def __init__(self, stopped: Forked) -> None:
        super().__init__()
        self.stopped = stopped

    def waiting(self, held: Sequence[str]) -> None:
        super().waiting(held)
        assert self.stopped.process.pid is not None
        os.kill(self.stopped.process.pid, signal.SIGCONT)


@pytest.mark.thorough
def test_what_stands_still_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "_PAUSE", 0.05)
    (stopped,) = calls(tmp_path, "SIGSTOP")
    while psutil.Process(stopped.process.pid).status() != psutil.STATUS_STOPPED:
        time.sleep(0.01)
    spec = vggdsl.load(tmp_path / "net.arch")
    workplace = Workplace(device="cpu", runs=tmp_path / "runs")
    audience = Waking(stopped)
    recipe = spec.recipe().with_flags(seeds=(0, 1))
    try:
        assert Queue([Experiment.of(spec, recipe)], workplace, audience, Missing([], workplace)).run() == []
        assert audience.told == ["net-s1-1", "waiting for net with seed 0"]
        assert finished(tmp_path)[:2] == ["net-s0-1", "net-s1-1"]
    finally:
        stopped.process.kill()


@pytest.mark.parametrize("number", [ENOSYS, ENOLCK])
@pytest.mark.skipif(sys.platform == "win32", reason="it locks otherwise")
def test_a_file_system_without_locks_is_refused(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*given: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)

    def call() -> None:
        with held(tmp_path / "lock", ""):
            pass

    (found,) = findings(call)
    assert (found.code, "has no locks" in found.message) == ("V506", True)
    done = run("train", "quickstart", "--missing", "--seed", 7, "--runs", tmp_path / "runs")
    assert (done.exit_code, "has no locks" in done.stderr) == (1, True)


class Meanwhile(Silent):
    """Does something after an epoch, or at the first step."""

    def __init__(self, after: int, does: Callable[[], object]) -> None:
        self.after, self.does, self.has_begun = after, does, False

    def step(self, images: int, loss: Callable[[], float]) -> None:
        if self.after == 0 and not self.has_begun:
            self.does()
        self.has_begun = True

    def epoch(self, epoch: Epoch, is_best: bool) -> None:
        if epoch.number == self.after:
            self.does()


@pytest.fixture
def local_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks as of a file system on which each machine has its own."""
    monkeypatch.setattr(fcntl, "flock", lambda *given: None)


@pytest.mark.usefixtures("local_locks")
@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_who_trains_in_a_folder_that_another_took_writes_nothing_more(after: int, tmp_path: Path) -> None:
    spec, path = vggdsl.parse(family(), "net.arch"), tmp_path / "runs" / "net-s0-1"
    whole = train(spec, seed=0, device="cpu", runs=tmp_path / "whole")
    goes_on = partial(resume, path)
    call = partial(train, spec, seed=0, device="cpu", runs=path.parent, reporter=Meanwhile(after, goes_on))
    found = refusal(call, InputError)
    told = f"another process has trained in {path}, which this one had locked"
    assert (found.code, found.message.partition(":")[0]) == ("V506", told)
    assert metrics(path) == metrics(whole.path), "what the other wrote stands"
    (block,) = vggdsl.load(path / "record.arch").measurements
    assert (block.sealed, block.values["by"]["weights"]) == (True, whole.result.weights)
    assert not (path / ".holder").exists()


@pytest.mark.usefixtures("local_locks")
@pytest.mark.parametrize("after", [0, 1])
def test_what_another_is_at_stays(after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where no epoch is in it yet."""
    spec, path = vggdsl.parse(family(), "net.arch"), tmp_path / "net-s0-1"
    with ExitStack() as stack:

        def take() -> None:
            with monkeypatch.context() as patched:
                patched.setattr(runfolder, "node", lambda: "other")
                stack.enter_context(read_plan(path).folder.held())

        call = partial(train, spec, seed=0, device="cpu", runs=tmp_path, reporter=Meanwhile(after, take))
        found = refusal(call, InputError)
        assert found.message.startswith(f"process {os.getpid()} of other trains in {path}, which")
        assert len(list(path.glob("checkpoint-*"))) == after
    assert not (path / ".holder").exists()


def test_what_another_machine_left_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that was killed, or cut off: nobody knows from elsewhere."""
    spec, path = vggdsl.parse(family(), "net.arch"), tmp_path / "net-s0-1"
    begin(Experiment.of(spec, spec.recipe()), 0, Workplace(device="cpu", runs=tmp_path), until=1)
    (path / ".holder").write_text("process 7 of other\n01234567")
    told = list[str]()

    class Notes(Silent):
        def started(self, outline: Outline) -> None:
            told.extend(outline.notes)

    resume(path, reporter=Notes(), until=2)
    assert [note for note in told if "other" in note] == ["process 7 of other began with this and hasn't ended it"]
    told.clear()
    resume(path, reporter=Notes())
    assert not [note for note in told if "other" in note]
