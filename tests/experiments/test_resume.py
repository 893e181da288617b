"""A training that is killed goes on to the weights and metrics of one that never was."""

import os
import random
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from commands import run as run_here
from forks import Forked, forked
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from trainings import CrashError, Crashing, measured, metrics

import vggdsl
from vggdsl.experiments.checkpoint import Progress, _digest, newest
from vggdsl.experiments.device import Hardware, choose
from vggdsl.experiments.train import resume, train
from vggdsl.records.metrics import Epoch
from vggdsl.records.runfolder import HeldError, RunFolder, read_plan
from vggdsl.records.trained import load_trained
from vggdsl.text.errors import InputError, RecordError

KILLS = int(os.environ.get("VGGDSL_KILLS", "3" if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else "1"))
EPOCHS = max(12, 4 * KILLS)
SPEC = f"""
input 12x12x3
after conv: BN ReLU
conv3-8 conv3-8
maxpool
aux 0.3 {{ FC-4 softmax }}
dropout-0.5 FC-4 softmax
train {{
  data       fake(classes=4, n=450, val=75, test=75)
  augment    crop(12, pad=2) hflip
  batch      50
  optimizer  adam
  schedule   warmup(1) plateau(factor=0.5, patience=1)
  loss       cross-entropy(smoothing=0.1)
  clip       norm(1)
  epochs     {EPOCHS}
  stop       val-loss(patience={EPOCHS - 1})
  checkpoint every(5)
}}
"""
STEPS = 9 * EPOCHS
"""Of the whole training."""
CHILD = """
import os, signal, sys, threading, torch
from vggdsl import load
from vggdsl.experiments.reporter import Silent
from vggdsl.experiments.train import resume, train

torch.set_num_threads(1)
spec, runs, steps, delay = sys.argv[1:]

class Killed(Silent):
    left = int(steps)
    def step(self, images, loss):
        self.left -= 1
        if self.left == 0:  # where it then falls is chance: in a step, an evaluation, or the writing of a file
            threading.Timer(float(delay), os.kill, (os.getpid(), signal.SIGKILL)).start()

run = runs + "/net-s0-1"
if os.path.exists(run + "/recipe.json"):
    resume(run, reporter=Killed())
else:
    train(load(spec), device="cpu", runs=runs, reporter=Killed())
os._exit(0)
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    threads = torch.get_num_threads()
    try:
        return train(vggdsl.parse(SPEC, "net"), device="cpu", runs=folder).path
    finally:
        torch.set_num_threads(threads)


def test_killed_at_random_points_it_ends_the_same(whole: Path, tmp_path: Path) -> None:
    spec = tmp_path / "net.arch"
    spec.write_text(SPEC)
    draw, kills = random.Random(0), 0
    while True:
        steps = draw.randint(1, STEPS // KILLS - 12) if kills < KILLS else 10 * STEPS
        ended = forked(CHILD, spec, tmp_path, steps, draw.uniform(0, 0.05))
        if ended.returncode == 0:
            break
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        kills += 1
    run = tmp_path / "net-s0-1"
    assert kills == KILLS, "the training was over before it could be killed as often"
    assert metrics(run) == metrics(whole)
    assert measured(run) == measured(whole)
    for name in ("best.safetensors", "last.safetensors", "epoch-0010.safetensors"):
        ours, theirs = load_file(run / name), load_file(whole / name)
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    last = f"checkpoint-{len(metrics(whole)):04}.safetensors"
    assert [path.name for path in run.glob("checkpoint-*")] == [last], "by which epochs can be added"


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crashed")
    with pytest.raises(CrashError):
        train(vggdsl.parse(SPEC, "net"), device="cpu", runs=folder, reporter=Crashing(3))
    return folder / "net-s0-1"


@pytest.fixture
def broken(crashed: Path, tmp_path: Path) -> Path:
    """A run that ended after its fourth epoch."""
    return shutil.copytree(crashed, tmp_path / crashed.name)


INTERRUPTED = """
import os, signal
from vggdsl.cli import main, progress

class Interrupted(progress.Lines):
    def step(self, images, loss):
        self.steps = getattr(self, "steps", 0) + 1
        if self.steps == 21:  # in the third epoch; from within, since no clock says when that is
            os.kill(os.getpid(), signal.SIGINT)

progress.Lines = Interrupted
main()
"""


def test_ctrl_c_saves_and_stops(whole: Path, tmp_path: Path) -> None:
    spec = tmp_path / "net.arch"
    spec.write_text(SPEC)
    where = ("--runs", tmp_path, "--device", "cpu", "--log", "none")
    stopped = forked(INTERRUPTED, "train", spec, *where)
    run = tmp_path / "net-s0-1"
    assert stopped.returncode == 1, stopped.stderr
    help = re.search(r"error\[V605\]: stopped.*\n.*are in \S+: `vggdsl train --resume (\S+)` goes on", stopped.stderr)
    assert help, stopped.stderr
    assert Path(help[1]) == run
    assert not (run / "record.arch").exists()
    ended = run_here("train", "--resume", help[1], "--log", "none")
    assert ended.exit_code == 0, ended.stderr
    assert metrics(run) == metrics(whole)
    assert measured(run) == measured(whole)


def names(run: Path) -> list[str]:
    return sorted(path.name for path in run.glob("checkpoint-*"))


def test_two_checkpoints_stay(broken: Path) -> None:
    assert names(broken) == ["checkpoint-0003.safetensors", "checkpoint-0004.safetensors"]
    assert load_trained(broken, "last.safetensors").epoch == 4


def test_a_torn_checkpoint_leaves_the_one_before(broken: Path, whole: Path) -> None:
    newest = broken / "checkpoint-0004.safetensors"
    newest.write_bytes(newest.read_bytes()[:-100])
    run = resume(broken)
    assert metrics(run.path) == metrics(whole)
    assert measured(run.path) == measured(whole)


KILLED = """
import os, signal, sys
from contextlib import suppress
from pathlib import Path
from threading import Thread
import numpy as np
from safetensors.numpy import save_file

def watch():
    while True:
        for path in folder.glob(".tmp*"):
            with suppress(OSError), path.open("rb") as file:  # it may have got its name by now
                has_room = os.fstat(file.fileno()).st_size > 0
                if has_room and (sys.argv[3:] or b"data_offsets" in file.read(200_000)):
                    os.kill(os.getpid(), signal.SIGKILL)

folder, weights = Path(sys.argv[1]), {"a": np.ones(10_000_000, np.float32)}
Thread(target=watch).start()
while True:
    save_file(weights, folder / "x.safetensors", {"format": sys.argv[2], "spec": "x" * 100_000})
"""


def test_what_a_kill_leaves_of_a_checkpoint_is_removed(broken: Path) -> None:
    """safetensors writes to a temporary file of its own."""
    for _ in range(20):
        forked(KILLED, broken, "vggdsl-checkpoint-1", "at any moment")
        if [*broken.glob(".tmp*")]:  # on a busy machine it has got its name before the kill comes
            break
    (left,) = broken.glob(".tmp*")
    assert left.stat().st_size > 40_000_000
    (broken / "x.safetensors").unlink(missing_ok=True)
    (broken / ".tmpA0a1B2").touch()
    (broken / ".tmpB0b1C2").write_bytes(bytes(64))
    (broken / ".tmpC0c1D2").write_bytes((40).to_bytes(8, "little") + bytes(56))
    for name, said in (
        ("1", b'{"__meta'),
        ("2", b'{"__metadata__":{"spec":"x'),
        ("3", b'{"__metadata__":{"format":"vgg'),
    ):
        (broken / f".tmpD0d1E{name}").write_bytes((400).to_bytes(8, "little") + said + bytes(500))
    (broken / ".checkpoint-0005.safetensors.a1b2c3d4.part").touch()
    resume(broken)
    assert [path.name for path in broken.iterdir() if path.name.startswith(".")] == []


def test_what_others_keep_in_a_runs_folder_stays(broken: Path) -> None:
    forked(KILLED, broken, "pt")
    (broken / "x.safetensors").unlink(missing_ok=True)
    for name in (".tmpABCDEF", ".tmpABCDEFG", ".tmp-notes", ".tmp"):
        (broken / name).write_text("mine, and no file of vggdsl's")
    (broken / ".tmpSHORT1").write_text("mine")
    for name, said in (("1", b'{"__metadata__":{"format":"pt"'), ("2", b'{"weight":{"dtype"'), ("3", b"text")):
        (broken / f".tmpTORN0{name}").write_bytes((400).to_bytes(8, "little") + said + bytes(500))
    before = {path for path in broken.iterdir() if path.name.startswith(".")}
    assert len(before) == 9
    resume(broken)
    assert {path for path in broken.iterdir() if path.name.startswith(".")} == before


def test_a_changed_checkpoint_is_refused(broken: Path) -> None:
    for name in names(broken):
        data = bytearray((broken / name).read_bytes())
        data[-1] ^= 1
        (broken / name).write_bytes(data)
    with pytest.raises(RecordError, match=r"checkpoint-0004.*its contents were changed"):
        resume(broken)


def test_another_trainings_checkpoint_is_refused(broken: Path, tmp_path: Path) -> None:
    with pytest.raises(CrashError):
        train(vggdsl.parse(SPEC, "net"), seed=1, device="cpu", runs=tmp_path, reporter=Crashing(3))
    for name in names(broken):
        (broken / name).write_bytes((tmp_path / "net-s1-1" / name).read_bytes())
    with pytest.raises(RecordError, match=r"it is of another training: seed 1, not 0"):
        resume(broken)


def test_a_checkpoint_from_elsewhere_is_refused(broken: Path) -> None:
    for name in names(broken):
        save_file({"network.x": torch.zeros(1)}, broken / name)
    with pytest.raises(RecordError, match="it is no checkpoint"):
        resume(broken)


def test_a_run_without_a_checkpoint_begins_anew(broken: Path, whole: Path) -> None:
    for name in names(broken):
        (broken / name).unlink()
    assert measured(resume(broken).path) == measured(whole)


def test_a_finished_run_is_left_alone(whole: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in whole.iterdir()}
    with pytest.raises(RecordError, match="finished"):
        resume(whole)
    assert before == {path: path.stat().st_mtime_ns for path in whole.iterdir()}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"spec": 1}', '{"spec": "net", "name": null, "seed": 0}'])
def test_a_plan_that_cannot_be_read_is_refused(broken: Path, content: str) -> None:
    (broken / "recipe.json").write_text(content)
    with pytest.raises(RecordError, match="what it was to do can't be read"):
        resume(broken)


def test_progress_keeps_every_digit() -> None:
    progress = Progress(
        [Epoch(1, 0.1 + 0.2, 1 / 3, 1e-300, 0.5, 0.1, 2.0)], (0.1, -1 / 3), rate={"best": float("-inf")}
    )
    assert Progress.from_json(progress.to_json()) == progress


HOLDING = """
import signal, sys
from pathlib import Path
from vggdsl.records.runfolder import read_plan

with read_plan(Path(sys.argv[1])).folder.held():
    print("held", flush=True)
    signal.pause()
"""


def test_a_run_that_another_process_trains_is_left_alone(broken: Path) -> None:
    other = Forked(HOLDING, broken)
    other.wait_for("held\n")
    with pytest.raises(HeldError, match="another process trains in") as caught:
        resume(broken)
    assert caught.value.diagnostics[0].help == "wait for its end"
    other.process.kill()  # which lets go of it
    assert other.ended().returncode == -signal.SIGKILL
    resume(broken)
    assert not (broken / ".lock").exists()


def test_a_lock_is_let_go_once_it_is_gone(broken: Path) -> None:
    folder, lock = read_plan(broken).folder, broken / ".lock"
    with folder.held():
        assert lock.exists()
        with pytest.raises(HeldError), read_plan(broken).folder.held():
            pass
        assert lock.exists(), "who is refused leaves it"
    assert not lock.exists()
    with folder.held():
        assert lock.exists()


def test_a_run_is_held_before_others_can_see_it(broken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_plan = RunFolder.write_plan

    def watched(folder: RunFolder, *args: Any, **kwargs: Any) -> None:
        with pytest.raises(HeldError), RunFolder(folder.path, folder.spec, folder.recipe, folder.seed).held():
            pass
        write_plan(folder, *args, **kwargs)

    monkeypatch.setattr(RunFolder, "write_plan", watched)
    run = train(read_plan(broken).folder.spec, device="cpu", runs=tmp_path / "more")
    assert read_plan(run.path).folder.seed == run.seed


def test_what_a_kill_left_unwritten_is_written_from_the_checkpoint(broken: Path, whole: Path) -> None:
    accuracies = [float(row["val_accuracy"]) for row in metrics(broken)]
    names = ["last.safetensors", "metrics.csv"]
    if accuracies[-1] > max(accuracies[:-1]):
        names.append("best.safetensors")
    for name in names:
        (broken / name).unlink()
    run = resume(broken)
    assert metrics(run.path) == metrics(whole)
    assert measured(run.path) == measured(whole)


def test_other_weights_are_not_measured_as_this_runs(tmp_path: Path) -> None:
    spec = vggdsl.parse(SPEC.replace("adam\n", "sgd(lr=1e-9)\n"), "net")  # the first epoch stays the best
    with pytest.raises(CrashError):
        train(spec, device="cpu", runs=tmp_path, reporter=Crashing(3))
    train(spec, seed=7, device="cpu", runs=tmp_path)
    run = tmp_path / "net-s0-1"
    (run / "best.safetensors").write_bytes((tmp_path / "net-s7-1" / "best.safetensors").read_bytes())
    before = metrics(run)
    with pytest.raises(RecordError, match="isn't what this training wrote"):
        resume(run)
    assert metrics(run) == before, "it is told before anything is trained"
    assert not (run / "record.arch").exists()


@pytest.mark.parametrize(
    ("was", "forged"),
    [
        (r'"best_epoch": \d+', '"best_epoch": 99'),
        (r'"number": 3', '"number": 7'),
        (r'"train_loss": [\d.]+', '"train_loss": "x"'),
        (r'"val_accuracy": [\d.]+', '"val_accuracy": 9'),
        (r'"waited": \d+', '"waited": -1'),
        (r'"drops": ', '"drip": '),
        (r'"seconds": [\d.e-]+', '"seconds": 1e300'),
        (r'"devices": ', '"devices": "abc", "were": '),
        (r'"drops": \d+', '"drops": NaN'),
    ],
)
def test_a_forged_checkpoint_is_refused(broken: Path, was: str, forged: str) -> None:
    for name in names(broken):
        _rewrite(broken / name, lambda text: re.sub(was, forged, text))
    with pytest.raises(RecordError, match="V607"):
        resume(broken)


def test_moments_of_other_shapes_are_refused(broken: Path) -> None:
    for name in names(broken):
        _rewrite(broken / name, str, lambda name, tensor: tensor.flatten() if "exp_avg" in name else tensor)
    with pytest.raises(RecordError, match="of another shape"):
        resume(broken)


def _rewrite(
    path: Path,
    change: Callable[[str], str],
    reshape: Callable[[str, torch.Tensor], torch.Tensor] = lambda name, tensor: tensor,
) -> None:
    """Writes a checkpoint with another text and other tensors, and a digest that fits them."""
    with safe_open(path, framework="pt") as opened:
        metadata = opened.metadata()
    tensors = {name: reshape(name, tensor) for name, tensor in load_file(path).items()}
    text = change(metadata["progress"])
    save_file(tensors, path, {**metadata, "progress": text, "digest": _digest(tensors, text)})


def test_a_folder_in_the_place_of_a_checkpoint_is_passed_over(broken: Path, whole: Path) -> None:
    (broken / "checkpoint-0099.safetensors").mkdir()
    assert measured(resume(broken).path) == measured(whole)


def test_a_lock_that_cannot_be_made_is_told(broken: Path) -> None:
    (broken / ".lock").unlink(missing_ok=True)
    (broken / ".lock").mkdir()
    with pytest.raises(InputError, match="V506"):
        resume(broken)


def test_the_record_names_all_that_it_was_trained_on(broken: Path) -> None:
    for name in names(broken):
        _rewrite(broken / name, lambda text: re.sub(r'"devices": \[".*?"\]', '"devices": ["a toaster"]', text))
    device = measured(resume(broken).path)["run"]["device"]
    assert device.startswith("a toaster; ")


def test_a_link_in_a_run_is_not_written_through(broken: Path, tmp_path: Path) -> None:
    mine = tmp_path / "thesis.tex"
    mine.write_text("mine")
    for name in ("metrics.csv", ".lock"):
        (broken / name).unlink(missing_ok=True)
        (broken / name).symlink_to(mine)
        with pytest.raises(RecordError, match="is a link to elsewhere"):
            resume(broken)
        (broken / name).unlink()
    assert mine.read_text() == "mine"


def test_another_machines_digits_are_noted(broken: Path) -> None:
    notes: list[str] = []
    planned = read_plan(broken)
    for path in broken.glob("checkpoint-*"):
        with safe_open(path, framework="pt") as opened:
            metadata = opened.metadata()
        run = {key: metadata[key] for key in ("network", "recipe", "data", "seed", "precision")}
    assert newest(broken, run, metadata["made-by"], notes) is not None
    assert notes == []
    assert newest(broken, run, "torch 9 on a toaster", notes) is not None
    assert "a toaster now" in notes[0]
    assert planned.folder.seed == 0


def test_another_precision_is_refused(broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = choose("cpu", "auto").precision
    other = Hardware(torch.device("cpu"), "fp32" if real == "bf16" else "bf16")
    monkeypatch.setattr("vggdsl.experiments.prepare.choose", lambda device, precision: other)
    with pytest.raises(RecordError, match="of another training: precision"):
        resume(broken)
