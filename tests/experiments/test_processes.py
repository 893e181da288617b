"""Several processes train one network: what they compute is what one does, up to rounding."""

import json
import os
import platform
import socket
import time
from pathlib import Path

import psutil
import pytest
import torch
from commands import run
from forks import VGGDSL, Forked, forked, two
from images import noise
from safetensors.torch import load_file
from trainings import metrics

import vggdsl
from vggdsl.data.dataset import load_data
from vggdsl.experiments.check import refuse_processes
from vggdsl.experiments.device import choose
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.loop import evaluate
from vggdsl.experiments.prepare import Prepared
from vggdsl.experiments.processes import Processes
from vggdsl.experiments.train import train
from vggdsl.records.trained import load_trained
from vggdsl.text.errors import RecipeError

SPEC = """
input 12x12x3
conv3-8 conv3-8
maxpool
aux 0.3 { FC-4 softmax }
FC-16 FC-4 softmax
train {
  data       fake(classes=4, n=900, val=150, test=151)
  augment    translate(2) alternating-hflip cutout(4)
  batch      51
  optimizer  sgd(lr=0.05, momentum=0.9)
  clip       norm(1)
  epochs     3
  precision  fp32
}
"""
"""Neither batch nor splits can be divided evenly by two; of BN and dropout there is none."""
WITH_AVERAGE = SPEC.replace("epochs ", "average    ema(0.9)\n  freeze     conv1_1\n  rate       fc3 x2\n  epochs ")


def training(spec: Path) -> tuple[object, ...]:
    return "train", spec, "--device", "cpu", "--runs", spec.parent / "runs", "--logger", "none"


def numbers(folder: Path) -> list[dict[str, float]]:
    return [{key: float(cell) for key, cell in row.items()} for row in metrics(folder)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run by two processes that nothing interrupted; its spec lies beside the runs."""
    spec = tmp_path_factory.mktemp("whole") / "net.arch"
    spec.write_text(WITH_AVERAGE)
    ended = two(VGGDSL, *training(spec))
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("Epoch 3/3") + ended.stdout.count("Epoch 2/3") == 1, "one process speaks for both"
    return spec.parent / "runs" / "net-s0-1"


def test_two_give_the_losses_of_one(whole: Path, tmp_path: Path) -> None:
    run, spec = whole, whole.parents[1] / "net.arch"
    assert [path.name for path in run.parent.iterdir()] == [run.name], "one folder for both"
    one = train(vggdsl.load(spec), device="cpu", runs=tmp_path)
    for ours, theirs in zip(numbers(run), numbers(one.path), strict=True):
        # Sums over other parts of a batch round otherwise; over 35 steps single precision leaves 4 digits and more.
        assert ours == pytest.approx(theirs, rel=1e-4)
    a, b = load_file(run / "last.safetensors"), load_file(one.path / "last.safetensors")
    assert all(torch.allclose(a[name], b[name], rtol=1e-3, atol=1e-5) for name in b)
    (block,) = vggdsl.load(run / "record.arch").measurements
    assert block.sealed
    assert block.values["run"]["device"].endswith(", 2 processes")
    assert block.values["of"]["data"] == one.result.data


def test_an_error_is_told_and_ends_all(tmp_path: Path) -> None:
    spec = tmp_path / "net.arch"
    spec.write_text(SPEC.replace("test=151", "test=1"))
    ended = two(VGGDSL, *training(spec))
    assert ended.returncode != 0
    assert ended.stderr.count("error[V408]: 2 processes for a step or a split of 1 images") == 1
    own = str(Path(vggdsl.__file__).parent)
    assert f'File "{own}' not in ended.stderr + ended.stdout


@pytest.mark.parametrize("count", [1, 2, 3, 7])
@pytest.mark.parametrize("images", [7, 8, 50, 51])
def test_the_shares_make_up_the_batch(count: int, images: int) -> None:
    every = [Processes(rank, count) for rank in range(count)]
    parts = [list(range(images))[process.share] for process in every]
    assert sorted(number for part in parts for number in part) == list(range(images))
    # The mean of the weighted means over processes is the mean over all images.
    means = [sum(part) / len(part) for part in parts]
    weighted = sum(mean * process.weight(images) for mean, process in zip(means, every, strict=True)) / count
    assert weighted == pytest.approx(sum(range(images)) / images)


def test_a_process_without_an_image_is_refused() -> None:
    spec = vggdsl.parse(SPEC)
    refuse_processes(spec, spec.recipe(), 2, 900, 150)
    with pytest.raises(RecipeError, match="8 processes for a step or a split of 5 images"):
        refuse_processes(spec, spec.recipe(), 8, 900, 5)
    refuse_processes(spec, spec.recipe(), 1, 900, 1)
    norms = vggdsl.parse(SPEC.replace("FC-16", "FC-16 BN").replace("batch      51", "batch      5"))
    with pytest.raises(RecipeError, match="4 processes for a step or a split of 2 images"):  # one image is no batch
        refuse_processes(norms, norms.recipe(), 4, 900, 150)
    mixes = vggdsl.parse(SPEC.replace("batch      51", "batch      5\n  mix        mixup(1)"))
    with pytest.raises(RecipeError, match="4 processes for a step or a split of 2 images"):  # nor is it mixed
        refuse_processes(mixes, mixes.recipe(), 4, 900, 150)
    refuse_processes(mixes, mixes.recipe(), 2, 900, 150)


def test_batch_norm_on_cpus_is_told() -> None:
    plain = vggdsl.parse("input 8x8x3 conv3-4 FC-4").typed
    norms = vggdsl.parse("input 8x8x3 conv3-4 BN ReLU FC-4").typed
    assert Processes(0, 2).notes(plain, "cpu") == ()
    assert Processes(0, 2).notes(norms, "cuda") == ()
    assert Processes(0, 1).notes(norms, "cpu") == ()
    assert "its own images" in Processes(0, 2).notes(norms, "cpu")[0]
    assert "mixes its own images" in Processes(0, 2).notes(plain, "cuda", mixes=True)[0]
    assert len(Processes(0, 2).notes(norms, "cpu", mixes=True)) == 2


@pytest.mark.parametrize("average", ["", "average ema(0.9)"])
def test_running_statistics_are_those_that_were_evaluated(average: str, tmp_path: Path) -> None:
    spec = tmp_path / "net.arch"
    spec.write_text(SPEC.replace("maxpool", "BN ReLU maxpool").replace("epochs     3", f"epochs     2\n{average}"))
    ended = two(VGGDSL, *training(spec))
    assert ended.returncode == 0, ended.stderr
    run = load_trained(tmp_path / "runs" / "net-s0-1", "last.safetensors")
    spec_, network = run.spec, run.network()
    data = load_data(spec_.recipe(), spec_.typed.input, Path())
    prepared = Prepared(Experiment(spec_, spec_.recipe()), 0, data, run.normalisation, choose("cpu", "fp32"))
    loss, accuracy, *_ = evaluate(network, data.val, prepared)
    told = numbers(run.path)[-1]
    assert (loss, accuracy) == pytest.approx((told["val_loss"], told["val_accuracy"]), rel=1e-4)


def test_two_processes_go_on_where_they_were_stopped(whole: Path, tmp_path: Path) -> None:
    spec = whole.parents[1] / "net.arch"
    wanted, last = metrics(whole), load_file(whole / "last.safetensors")
    assert two(STOPPED, "train", spec, "--runs", tmp_path / "more").returncode != 0
    begun = tmp_path / "more" / "net-s0-1"
    assert len(metrics(begun)) == 2
    torchrun = ("--standalone", "--nproc-per-node=2", "-m", "vggdsl")
    done = forked(TORCHRUN, *torchrun, "train", "--resume", begun, "--logger", "none", env={"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert metrics(begun) == wanted
    assert all(torch.equal(tensor, last[name]) for name, tensor in load_file(begun / "last.safetensors").items())


TORCHRUN = "from torch.distributed.run import main\nmain()"
"""Its two processes begin as it lets them."""
STOPPED = """
import os
from vggdsl.cli import main, runs
from vggdsl.experiments.reporter import Silent

class Stopping(Silent):
    def epoch(self, epoch, is_best):
        if epoch.number == 2:
            os._exit(3)

runs.Terminal.reporter = lambda told: Stopping()
main(standalone_mode=False)
"""


APART = """
import os
from pathlib import Path
from vggdsl.__main__ import run
from vggdsl.experiments import train

train._PATIENCE = 0.2
here = Path(os.environ["PLACE"]) / os.environ["RANK"]
here.mkdir()
os.chdir(here)
run()
"""
"""Each process in a folder of its own."""


def test_machines_without_a_common_folder_of_runs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, not where the first looks for what the other has written."""
    monkeypatch.setenv("PLACE", str(tmp_path))
    spec = tmp_path / "net.arch"
    spec.write_text(SPEC)
    ended = two(APART, "train", spec, "--device", "cpu", "--runs", "runs", "--logger", "none")
    assert ended.returncode == 2
    told = f"isn't the same folder for process 1 of {platform.node()} and for the process that writes it"
    assert ended.stderr.count(f"error[V532]: runs/net-s0-1 {told}") == 1
    assert ended.stderr.count(f"process 1: V532: runs/net-s0-1 {told}") == 1
    assert "epoch" not in ended.stderr
    assert not [*tmp_path.glob("*/runs/*")]


DYING = """
import os
from vggdsl.cli import main, runs
from vggdsl.experiments.reporter import Silent

class Dying(Silent):
    left = 30

    def step(self, images, loss):
        self.left -= 1
        if self.left == 0:
            os._exit(3)

if os.environ["RANK"] == "1":
    runs.Terminal.reporter = lambda told: Dying()
main(standalone_mode=False)
"""
"""The second process dies in the third epoch."""


def test_processes_go_on_with_what_is_missing(whole: Path, tmp_path: Path) -> None:
    spec = whole.parents[1] / "net.arch"
    arguments = (*training(spec)[:-3], tmp_path, "--logger", "none", "--missing")
    ended = two(DYING, *arguments)
    assert ended.stderr.count("process 0: another has ended, so this one does") == 1
    assert "Traceback" not in ended.stderr
    begun = tmp_path / "net-s0-1"
    assert len(metrics(begun)) == 2
    again = [two(VGGDSL, *arguments) for _ in range(2)]
    assert [each.returncode for each in again] == [0, 0], again[0].stderr
    assert [path.name for path in tmp_path.iterdir()] == [begun.name]
    assert metrics(begun) == metrics(whole)
    assert [each.stdout.count("Epoch ") for each in again] == [1, 0], "nothing is missing then"
    assert [each.stdout.count("net ") for each in again] == [1, 1], "one process shows the table"


STANDING_STILL = """
import os, signal
from vggdsl.cli import main, runs
from vggdsl.experiments import processes
from vggdsl.experiments.reporter import Silent

processes._BEAT, processes._PATIENCE = 0.1, 1.0

class Still(Silent):
    left = 30

    def step(self, images, loss):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGSTOP)

if os.environ["RANK"] == "1":
    runs.Terminal.reporter = lambda told: Still()
main(standalone_mode=False)
"""
"""The second process closes no connection, as one whose machine is cut off."""


@pytest.mark.skipif(os.name != "posix", reason="Windows stops no process so")
@pytest.mark.parametrize("machines", ["2", pytest.param("1", marks=pytest.mark.thorough)])
def test_who_hears_nothing_of_another_machine_ends(machines: str, tmp_path: Path) -> None:
    spec = tmp_path / "net.arch"
    spec.write_text(SPEC)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "1"}
    given |= {"GROUP_WORLD_SIZE": machines, "LOCAL_RANK": "0"}
    first, second = (Forked(STANDING_STILL, *training(spec), env=given | {"RANK": rank}) for rank in "01")
    try:
        if machines == "1":
            first.process.join(15)
            assert first.process.is_alive(), "on one machine what stands still is waited for"
        else:
            done = first.ended()
            told = "process 0: no sign of life of process 1 for 1 s, so this one ends"
            assert (done.returncode, done.stderr.count(told)) == (1, 1)
            assert len(metrics(tmp_path / "runs" / "net-s0-1")) == 2, "it goes on from there"
    finally:
        first.process.kill()
        second.process.kill()


@pytest.mark.thorough
def test_one_of_two_nodes_dies(tmp_path: Path) -> None:
    spec = tmp_path / "net.arch"
    # At a rate at which rounding stays small, however many epochs two of them had.
    spec.write_text(SPEC.replace("epochs     3", "epochs     60").replace("lr=0.05", "lr=0.002"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    flags = f"--nnodes=1:2 --nproc-per-node=1 --max-restarts=3 --rdzv-backend=c10d --rdzv-endpoint=127.0.0.1:{port}"
    conf = ("--rdzv-id=job", "--rdzv-conf=last_call_timeout=5", "-m", "vggdsl")
    nodes = [Forked(TORCHRUN, *flags.split(), *conf, *training(spec), "--missing")]
    time.sleep(3)  # the first one has the rendezvous
    nodes += [Forked(TORCHRUN, *flags.split(), *conf, *training(spec), "--missing")]
    run = tmp_path / "runs" / "net-s0-1"
    while not (run / "metrics.csv").exists() or len(metrics(run)) < 3:
        time.sleep(0.01)
    node = psutil.Process(nodes[1].process.pid)
    for each in (*node.children(recursive=True), node):
        each.kill()
    done = nodes[0].ended()
    assert done.returncode == 0, done.stderr
    assert [path.name for path in run.parent.iterdir()] == [run.name]
    (block,) = vggdsl.load(run / "record.arch").measurements
    first, then = block.values["run"]["device"].split("; ")
    assert first == f"{then}, 2 processes", "the record says with which processes"
    one = train(vggdsl.load(spec), device="cpu", runs=tmp_path / "one")
    for ours, theirs in zip(numbers(run), numbers(one.path), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-2, abs=1e-4), "batch and order are the recipe's, whoever is left"


@pytest.mark.thorough
def test_processes_that_are_killed_are_started_again(tmp_path: Path) -> None:
    """Each of both, and one that was started again, too."""
    spec = tmp_path / "net.arch"
    spec.write_text(SPEC.replace("epochs     3", "epochs     12"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    flags = f"--nproc-per-node=2 --max-restarts=3 --master-addr=127.0.0.1 --master-port={port} -m vggdsl"
    started = Forked(TORCHRUN, *flags.split(), *training(spec), "--missing")
    run = tmp_path / "runs" / "net-s0-1"
    for rank in (1, 0, 1):
        before = len(metrics(run)) if (run / "metrics.csv").exists() else 0
        while not (run / "metrics.csv").exists() or len(metrics(run)) < before + 3:
            assert started.process.is_alive()
            time.sleep(0.01)
        workers = psutil.Process(started.process.pid).children(recursive=True)
        next(each for each in workers if each.environ().get("RANK") == str(rank)).kill()
    done = started.ended()
    assert done.returncode == 0, done.stderr
    assert "V532" not in done.stderr
    assert [path.name for path in run.parent.iterdir()] == [run.name]
    whole = two(VGGDSL, *training(spec)[:-3], tmp_path / "whole", "--logger", "none")
    assert whole.returncode == 0, whole.stderr
    assert metrics(run) == metrics(tmp_path / "whole" / "net-s0-1"), "as if nobody had been killed"


def test_what_torchrun_would_begin_again_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHELASTIC_MAX_RESTARTS", "3")
    done = run("train", "quickstart", "--runs", tmp_path)
    assert (done.exit_code, "with --missing it goes on with its run" in done.stderr) == (2, True)
    assert not list(tmp_path.iterdir())


def test_several_torchruns_with_one_store_are_told_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = dict[str, bool]()
    for name in ("WORLD_SIZE", "GROUP_WORLD_SIZE", "TORCHELASTIC_MAX_RESTARTS"):
        monkeypatch.setenv(name, "2")
    monkeypatch.setenv("RANK", "0")  # and no place where the others are
    for changed, value in (
        ("", ""),
        ("GROUP_WORLD_SIZE", "1"),
        ("TORCHELASTIC_USE_AGENT_STORE", "False"),
        ("RANK", "1"),
    ):
        with monkeypatch.context() as patch:
            patch.setenv("TORCHELASTIC_USE_AGENT_STORE", "True")
            if changed:
                patch.setenv(changed, value)
            done = run("train", "quickstart", "--missing", "--runs", tmp_path)
        told[changed] = "TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1" in done.stderr
    assert told == {"": True, "GROUP_WORLD_SIZE": False, "TORCHELASTIC_USE_AGENT_STORE": False, "RANK": False}


@pytest.mark.parametrize("size", ["2", "7"])
def test_a_world_that_torchrun_did_not_make_is_refused(
    size: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", size)
    done = run("train", "quickstart", "--runs", tmp_path)  # raises what would be a traceback
    assert (done.exit_code, "V532" in done.stderr) == (2, True)
    assert not list(tmp_path.iterdir())


def test_processes_that_do_not_meet_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def alone(**options: object) -> None:
        raise RuntimeError("Gloo connectFullMesh failed with timed out\nand a list of frames")

    monkeypatch.setattr("vggdsl.experiments.processes.idist.initialize", alone)
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name in ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "0")
    done = run("train", "quickstart", "--device", "cpu", "--runs", tmp_path)
    told = done.stderr.strip().splitlines()
    assert (done.exit_code, done.stdout, len(told)) == (2, "", 2), done.stderr
    assert told[0].startswith("error[V532]: the processes that torchrun started don't reach each other: Gloo connect")


ELSEWHERE = """
import os
os.chdir(os.environ["RANK"])
from vggdsl.cli import main
main(standalone_mode=False)
"""
"""Each process has files of its own."""


OTHER_VERSION = """
import os
import PIL
from vggdsl.__main__ import run

if os.environ["RANK"] == "1":
    PIL.__version__ = "1.0"
run()
"""


def test_processes_of_different_versions_are_refused(tmp_path: Path) -> None:
    """A record says one of each."""
    spec = tmp_path / "net.arch"
    spec.write_text(SPEC)
    done = two(OTHER_VERSION, *training(spec))
    assert done.returncode == 2
    assert done.stderr.count("don't train the same: they have several versions of pillow") == 2, done.stderr
    assert not (tmp_path / "runs").exists()


def test_processes_on_different_data_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on two machines, of which one has an older copy."""
    monkeypatch.chdir(tmp_path)
    for rank in range(2):
        for k, name in enumerate("abcd"):
            for i in range(12):
                noise(tmp_path / str(rank) / "set" / name / f"{i:02}.png", 100 * k + i)
    spec = tmp_path / "net.arch"
    spec.write_text(SPEC.replace("fake(classes=4, n=900, val=150, test=151)", 'folder("set")').replace("51", "8"))
    noise(tmp_path / "1" / "set" / "c" / "03.png", 1)
    arguments = (*training(spec), "--epochs", "1")
    done = two(ELSEWHERE, *arguments)
    assert done.returncode != 0
    assert done.stderr.count("don't train the same: they have several data") == 2, done.stderr
    assert not (tmp_path / "runs").exists()
    noise(tmp_path / "1" / "set" / "c" / "03.png", 203)
    done = two(ELSEWHERE, *arguments)
    assert done.returncode == 0, done.stderr


def test_processes_leave_out_the_same_images(tmp_path: Path) -> None:
    for k, name in enumerate("abcd"):
        for i in range(12):
            noise(tmp_path / "set" / name / f"{i:02}.png", 100 * k + i)
    (tmp_path / "set" / "a" / "03.png").write_bytes(b"")
    spec = tmp_path / "net.arch"
    spec.write_text(SPEC.replace("fake(classes=4, n=900, val=150, test=151)", 'folder("set")').replace("51", "8"))
    done = two(VGGDSL, *training(spec), "--skip-bad", "--json", "--epochs", "1")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("can't be read: it is empty") == 1, "the leading one alone speaks"
    (row,) = json.loads(done.stdout)
    assert (row["left_out"], row["classes"]["n"]) == (1, 4)
