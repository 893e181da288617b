"""Ray trains what one process would, with the same digits, also where what trains is killed."""

import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest
from commands import run
from forks import VGGDSL, Forked, forked
from images import noise
from refusals import findings, refusal
from rich.console import Console
from trainings import TINY, family, finished, metrics, table

import vggdsl
from vggdsl import __version__
from vggdsl.cli.board import Board, _table
from vggdsl.cli.runs import Terminal
from vggdsl.experiments import on_ray
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.on_ray import Share
from vggdsl.experiments.queue import Queue
from vggdsl.experiments.study import Row, State, study
from vggdsl.experiments.train import begin
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.collect import RECORD
from vggdsl.records.metrics import Epoch
from vggdsl.records.runfolder import held
from vggdsl.text.errors import Diagnostic, InputError, VggdslError

STUDY = """
import os, signal, sys
from pathlib import Path
from vggdsl.cli import main
from vggdsl.experiments import on_ray, study
from vggdsl.experiments.reporter import Remembering

on_ray._SHORT = sys.argv[1]
whole = study._train

class Dying(Remembering):
    def epoch(self, epoch, is_best):
        if epoch.number == 2:
            os.kill(os.getpid(), signal.SIGKILL)

def dying(queue):
    mark = Path("killed")
    if not mark.exists():
        mark.touch()
        queue.audience.begun = Dying()
    return whole(queue)

study._train = dying
main(sys.argv[2:])
"""
"""A study in which a training's process is killed, in the second epoch."""


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a path that Ray can name sockets in; nothing is left in it, nor works there."""
    with tempfile.TemporaryDirectory(dir=on_ray._SHORT) as folder:
        yield Path(folder)
        assert working_in(folder) == [], "Ray has ended"


def working_in(folder: str) -> list[psutil.Process]:
    return [each for each in psutil.process_iter(["cmdline"]) if folder in " ".join(each.info["cmdline"] or ())]


def call(*specs: str) -> list[str]:
    return ["train", *specs, "--missing", "--device", "cpu", "--log", "none"]


def test_a_study_in_which_a_process_is_killed_ends_in_the_table_of_one(short: Path, tmp_path: Path) -> None:
    one, many = tmp_path / "one", tmp_path / "many"
    for each in (one, many):
        each.mkdir()
        (each / "b.arch").write_text(family(seeds="0"))
        (each / "a.arch").write_text(family(seeds="0", init='from("b.arch")'))
    alone = Forked(VGGDSL, *call("a.arch", "b.arch"), cwd=one).ended()
    ended = Forked(STUDY, short, *call("a.arch", "b.arch"), "--on", "ray", cwd=many).ended()
    assert (alone.returncode, ended.returncode) == (0, 0), ended.stderr
    assert (many / "killed").exists()
    assert "b, seed 0: its process died; another goes on from epoch 3\n" in ended.stderr
    assert "raylet" not in ended.stdout + ended.stderr
    assert "\x1b" not in ended.stderr
    names = finished(one)
    assert sorted(path.name for path in (many / "runs").iterdir() if path.is_dir()) == names
    assert [metrics(many / "runs" / name) for name in names] == [metrics(one / "runs" / name) for name in names]
    assert table(ended.stdout) == table(alone.stdout)
    assert list(short.iterdir()) == [], "Ray takes away what it wrote"


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--on", "ray"], "--on ray goes with --missing"),
        (["--missing", "--cpus", "2"], "--cpus is what each training on Ray gets"),
        (["--missing", "--gpus-each", "0.5"], "--gpus-each is what each training on Ray gets"),
        (["--missing", "--on", "ray", "--device", "cpu", "--gpus-each", "1"], "either --device cpu or --gpus-each"),
        (["--missing", "--on", "ray", "--threads", "2"], "--threads 2 needs --cpus 2"),
        (["--missing", "--on", "ray", "--every", "2"], "either --on ray or --every"),
        (["--missing", "--on", "ray", "--gpus-each", "1.5"], "1.5 is not in the range"),
        (["--missing", "--on", "slurm"], "'slurm' is not 'ray'"),
    ],
)
def test_flags_that_say_nothing_together_are_refused(flags: list[str], told: str, tmp_path: Path) -> None:
    done = run("train", "quickstart", "--runs", tmp_path / "runs", *flags)
    assert (done.exit_code, told in " ".join(done.stderr.split())) == (2, True), done.stderr
    assert list(tmp_path.iterdir()) == []


HOSTS = [{"CPU": 4.0}, {"CPU": 2.0, "GPU": 2.0}]


@pytest.mark.parametrize(
    ("share", "found"),
    [
        (Share(), Share(1, 1)),
        (Share(2), Share(2, 1)),
        (Share(4, 0), Share(4, 0)),
        (Share(1, 0.25), Share(1, 0.25)),
        (Share(4), "4 CPUs and 1 of a GPU: 4 CPUs and 0 GPUs; 2 CPUs and 2 GPUs"),
        (Share(8, 0), "8 CPUs"),
    ],
)
def test_what_no_machine_has_is_refused(share: Share, found: Share | str) -> None:
    if isinstance(found, Share):
        assert on_ray._possible(share, HOSTS) == found
        return
    (told,) = findings(lambda: on_ray._possible(share, HOSTS), InputError)
    assert (told.code, f"no machine of Ray's has {found}" in told.message) == ("V540", True)


def test_without_a_gpu_none_is_given() -> None:
    assert on_ray._possible(Share(), [{"CPU": 2.0}]) == Share(1, 0)


@pytest.mark.parametrize(
    ("share", "room"),
    [(Share(1, 0), 6), (Share(2, 0), 3), (Share(4, 0), 1), (Share(1, 1), 2), (Share(1, 0.5), 2), (Share(2, 1 / 3), 1)],
)
def test_there_is_room_for_what_machines_have(share: Share, room: int) -> None:
    assert on_ray._room(share, HOSTS) == room
    assert on_ray._room(Share(1, 1 / 3), [{"CPU": 8.0, "GPU": 1.0}]) == 3


def test_another_version_and_another_folder_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_ray, "_HELLO", 0.0)
    monkeypatch.chdir(tmp_path)
    with on_ray._marked(Path("runs")) as mark:
        assert mark.is_absolute()
        for version, folder, seen, what in (
            ("0.0.1", tmp_path, mark, "has vggdsl"),
            (__version__, tmp_path / "gone", mark, "isn't there on"),
            (
                __version__,
                tmp_path,
                mark.with_name("other"),
                f"{tmp_path / 'runs'} on {os.uname().nodename} is another",
            ),
        ):
            came = on_ray._call(version, (str(folder), seen), 1, int, "7")
            assert isinstance(came, InputError)
            assert (came.diagnostics[0].code, what in came.diagnostics[0].message) == ("V540", True)
        assert on_ray._call(__version__, (str(tmp_path), mark), 1, int, "7") == 7
    assert not list(Path("runs").iterdir())
    Path("file").touch()
    assert "can't be made" in refusal(on_ray._marked(Path("file")).__enter__).message


def test_a_way_from_elsewhere_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "ray://127.0.0.1:10001")
    done = run(*call("quickstart"), "--seed", 7, "--on", "ray", "--runs", tmp_path)
    assert (done.exit_code, "V540" in done.stderr, "HOST:PORT" in done.stderr) == (2, True, True)


def test_what_names_no_cluster_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """By Ray's own word a Ray is started, which would listen to other machines."""
    for given, address in {"": "", "local": "", "auto": "auto", "127.0.0.1:1": "127.0.0.1:1"}.items():
        monkeypatch.setenv("RAY_ADDRESS", given)
        assert on_ray.cluster() == address


@pytest.mark.thorough
def test_a_cluster_that_is_not_there_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = {"RAY_ADDRESS": f"127.0.0.1:{port}"}
    done = forked(VGGDSL, *call("quickstart"), "--seed", 7, "--on", "ray", "--runs", tmp_path, env=given)
    assert (done.returncode, "V540" in done.stderr, "Connection refused" in done.stderr) == (2, True, True)


def test_what_fails_is_told_once_or_of_its_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = vggdsl.parse(family(seeds="0 1"), "net.arch")
    workplace = Workplace(device="cpu", runs=tmp_path)
    for code, kind, lines in (
        ("V512", InputError, ["V512: it is so"]),
        ("V409", VggdslError, ["V409: net with seed 0: it is so", "V409: net with seed 1: it is so"]),
    ):
        came = [(i, kind(Diagnostic(code, "it is so"))) for i in range(2)]  # type: ignore[arg-type]  # both are codes
        monkeypatch.setattr("vggdsl.experiments.study.run_on_ray", lambda *given, came=came: iter(came))
        audience = Rows()
        failed = study(Queue([Experiment.of(spec, spec.recipe())], workplace, audience), Share(), (), audience)
        assert (failed, audience.told) == ([error for _, error in came], lines)


class Rows(Terminal):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__(())
        self.told: list[str] = []
        self.seen: list[Row] = []

    def findings(self, found: Iterable[Diagnostic]) -> None:
        self.told += [each.in_a_line for each in found]

    def rows(self, rows: Sequence[Row]) -> None:
        self.seen = [*rows]


def test_rows_are_of_runs_on_their_own_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = family(data='folder("pool")', batch="2", seeds="0")
    workplace = Workplace(device="cpu", runs=tmp_path / "runs")
    each = list[Experiment]()
    for name in "AB":
        for i in range(30):
            noise(tmp_path / name / "pool" / "abc"[i % 3] / f"{i}.png", i, (8, 8))
        (tmp_path / name / "net.arch").write_text(text)
        spec = vggdsl.load(tmp_path / name / "net.arch")
        each.append(Experiment.of(spec, spec.recipe()))
    begin(each[0], 0, workplace, until=2)
    fails = [(1, InputError(Diagnostic("V512", "it is so")))]
    monkeypatch.setattr("vggdsl.experiments.study.run_on_ray", lambda *given: iter(fails))
    audience = Rows()
    study(Queue(each, workplace, audience), Share(), (), audience)
    assert [row.done for row in audience.seen] == [2, 0]


def test_lines_tell_what_changed(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    board = Board(lambda: now[0])
    best = Epoch(2, 0.5, 0.5, 0.5, 0.75, 0.1, 1)
    board.show([Row("a", 0, "waits", 3), Row("b\x1b[31m", 1, "waits", 3)])
    board.show([Row("a", 0, "trains", 3), Row("b\x1b[31m", 1, "waits", 3)])
    board.died(Row("a", 0, "waits", 3), "")
    board.died(Row("b\x1b[31m", 1, "waits", 3, 2), "its machine ran out of memory")
    now[0] = 31
    board.show([Row("a", 0, "trains", 3, 2, best), Row("b\x1b[31m", 1, "failed", 3)])
    board.show([Row("a", 0, "ended", 3, 3, best), Row("b\x1b[31m", 1, "failed", 3)])
    board.close()
    told = capsys.readouterr().err
    assert "\x1b" not in told
    assert told.splitlines() == [
        "a, seed 0: trains, epoch 0/3",
        "a, seed 0: its process died; another goes on from the beginning",
        "b\ufffd[31m, seed 1: its process died: its machine ran out of memory; another goes on from epoch 3",
        "b\ufffd[31m, seed 1: failed",
        "1 failed, 1 trains: a s0 2/3",
        "a, seed 0: ended, epoch 3/3, validation accuracy 0.7500",
    ]


def test_results_go_to_standard_output_behind_a_table_that_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which takes what is printed meanwhile above itself, and gives standard output back."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    spec = vggdsl.parse(family(seeds="0"), "net.arch")
    fails = [(0, InputError(Diagnostic("V512", "it is so")))]
    monkeypatch.setattr("vggdsl.experiments.study.run_on_ray", lambda *given: iter(fails))
    audience, before, moved = Rows(), sys.stdout, list[bool]()
    audience._board = board = Board()
    board._moves = True

    def rows(found: Sequence[Row]) -> None:
        board.show(found)
        board.died(found[0], "")
        moved.append(board._live is not None and sys.stdout is not before)

    monkeypatch.setattr(audience, "rows", rows)
    study(Queue([Experiment.of(spec, spec.recipe())], Workplace(runs=tmp_path), audience), Share(), (), audience)
    assert moved == [True]
    assert sys.stdout is before
    told = capsys.readouterr()
    assert told.out == ""
    line = "net, seed 0: its process died; another goes on from the beginning"
    assert line in [part.split("\x1b")[-1].partition("K")[2] for part in told.err.splitlines()], "on a line of its own"


def test_trainings_of_one_name_are_told_once_each(capsys: pytest.CaptureFixture[str]) -> None:
    board = Board(lambda: 0.0)
    for _ in range(3):
        board.show([Row("net", 0, "ended", 3), Row("net", 0, "trains", 3)])
    assert capsys.readouterr().err.splitlines() == ["net, seed 0: ended", "net, seed 0: trains, epoch 0/3"]


def test_the_table_has_what_trains_where_not_all_fit(capsys: pytest.CaptureFixture[str]) -> None:
    states: tuple[State, ...] = ("ended", "waits", "trains", "failed")
    rows = [Row(f"net{i}", i, state, 3) for i, state in enumerate(states)]
    Console(width=80).print(_table(rows, 2))
    told = capsys.readouterr().out
    assert [name for name in ("net0", "net1", "net2", "net3") if f" {name} " in told] == ["net2", "net3"]
    assert "1 ended, 1 failed, 1 trains, 1 waits: net2 s2 0/3" in told


@pytest.mark.thorough
def test_a_study_that_is_killed_goes_on(short: Path, tmp_path: Path) -> None:
    """The whole call, with all that Ray started for it."""
    one, many = tmp_path / "one", tmp_path / "many"
    for each in (one, many):
        each.mkdir()
        for i in range(4):
            (each / f"net{i}.arch").write_text(family(TINY.replace("conv3-4", f"conv3-{4 + i}"), epochs="40"))
    specs = [f"net{i}.arch" for i in range(4)]
    alone = Forked(VGGDSL, *call(*specs), cwd=one)
    begun = Forked(STUDY, short, *call(*specs), "--on", "ray", cwd=many)
    while not any(len(metrics(path.parent)) > 2 for path in many.rglob("metrics.csv")):
        assert begun.process.is_alive()
        time.sleep(0.01)
    begun.process.kill()
    while working_in(str(short)):
        time.sleep(0.1)
    assert len([*many.rglob(RECORD)]) < 12
    assert len(list(short.iterdir())) == 1, "nobody was there to remove it"
    ended = Forked(STUDY, short, *call(*specs), "--on", "ray", cwd=many).ended()
    whole = alone.ended()
    assert (whole.returncode, ended.returncode) == (0, 0), ended.stderr
    assert len([*many.rglob(RECORD)]) == len([*(many / "runs").rglob("metrics.csv")]) == 12
    assert table(ended.stdout) == table(whole.stdout)
    assert list(short.iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_nothing_that_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, other = tmp_path / "tmp", tmp_path / "other"
    for folder in (place / "vggdsl-ray-left", place / "vggdsl-ray-used", place / "another", other):
        folder.mkdir(parents=True)
        (folder / ".lock").touch()
    (place / "vggdsl-ray-begun").mkdir()  # and not locked yet
    (place / "vggdsl-ray-link").symlink_to(other)
    monkeypatch.setattr(on_ray, "_SHORT", str(place))
    kept = {"vggdsl-ray-used", "vggdsl-ray-begun", "vggdsl-ray-link", "another"}
    with held(place / "vggdsl-ray-used" / ".lock", ""), on_ray._folder() as first, on_ray._folder() as second:
        assert {path.name for path in place.iterdir()} == {*kept, Path(first).name, Path(second).name}
        assert len({*kept, Path(first).name, Path(second).name}) == 6
    assert {path.name for path in place.iterdir()} == kept
    assert (other / ".lock").exists()
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    (place / "vggdsl-ray-used" / ".lock").touch()
    with on_ray._folder():
        assert (place / "vggdsl-ray-used").exists(), "it is another user's"


CALLS = """
import os, signal, sys, time
from pathlib import Path
from vggdsl.experiments import on_ray
from vggdsl.text.errors import Diagnostic, InputError

on_ray._SHORT = sys.argv[1]

def work(task):
    if task == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "fails":
        raise InputError(Diagnostic("V501", "it isn't there"))
    if task == "waits":
        Path("begun").touch()
        try:
            while True:
                time.sleep(0.01)
        except KeyboardInterrupt:
            Path("stopped").touch()
            raise
    return f"{task} {Path.cwd().name}"

try:
    for i, came in on_ray.run_on_ray(work, sys.argv[2:], after={1: [0]}):
        print(i, came if isinstance(came, str) else came.diagnostics[0].in_a_line, flush=True)
except KeyboardInterrupt:
    print("ended")
"""


@pytest.mark.thorough
def test_calls_that_fail_are_told_and_the_others_go_on(short: Path, tmp_path: Path) -> None:
    done = Forked(CALLS, short, "dies", "first", "second", "fails", cwd=tmp_path).ended()
    assert done.returncode == 0, done.stderr
    told = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert (told["2"], told["3"]) == (f"second {tmp_path.name}", "V501: it isn't there")
    assert all("V540: its process died 4 times" in told[i] for i in "01"), "what waits for it can't begin"


def test_of_each_training_whose_process_died_it_is_told_that_it_is_that_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def died(_: object, tasks: Sequence[object], *rest: object) -> Iterator[tuple[int, VggdslError]]:
        yield from ((i, on_ray.DiedError("")) for i in range(len(tasks)))

    monkeypatch.setattr("vggdsl.experiments.study.run_on_ray", died)
    (tmp_path / "net.arch").write_text(family(seeds="0 1"))
    done = run("train", tmp_path / "net.arch", "--missing", "--on", "ray", "--runs", tmp_path / "runs")
    assert done.exit_code == 2, done.stderr
    assert [f"net with seed {seed}: its process died 4 times" in done.stderr for seed in (0, 1)] == [True, True]


def test_a_machine_without_vggdsl_is_told_and_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    why = "ModuleNotFoundError: No module named 'vggdsl'"
    for error in (
        ray.exceptions.RaySystemError("No module named 'vggdsl'", f"Traceback (most recent call last):\n{why}"),  # type: ignore[no-untyped-call]  # Ray's
        ray.exceptions.RayTaskError("_call", "", ModuleNotFoundError("No module named 'vggdsl'")),  # type: ignore[no-untyped-call]  # Ray's
    ):

        def get(reference: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(ray, "get", get)
        came = on_ray._outcome("")
        assert isinstance(came, InputError)
        assert (came.diagnostics[0].code, "can't call vggdsl" in came.diagnostics[0].message) == ("V540", True)


def test_why_a_process_died_is_told_without_files_of_ray() -> None:
    from ray import exceptions

    dead = exceptions.NodeDiedError("It is dead. Check raylet.out.")  # type: ignore[no-untyped-call]  # Ray's
    assert on_ray._why(exceptions.LocalRayletDiedError()) == "Ray ended, or was killed, on this machine"
    assert on_ray._why(dead) == "its machine can't be reached any more, or Ray ended there"
    assert on_ray._why(exceptions.WorkerCrashedError()) == ""


@pytest.mark.thorough
def test_ctrl_c_reaches_what_is_called_and_nobody_else_does(short: Path, tmp_path: Path) -> None:
    calling = Forked(CALLS, short, "waits", cwd=tmp_path)
    while not (tmp_path / "begun").exists():
        time.sleep(0.1)
    assert calling.process.pid is not None
    caller = psutil.Process(calling.process.pid)
    every = [caller, *caller.children(recursive=True)]
    sockets = [each for process in every for each in process.net_connections("inet")]
    listening = {each.laddr.ip.removeprefix("::ffff:") for each in sockets if each.status == psutil.CONN_LISTEN}
    reached = {each.raddr.ip.removeprefix("::ffff:") for each in sockets if each.raddr}
    assert listening == reached == {"127.0.0.1"}
    os.kill(calling.process.pid, signal.SIGINT)
    assert calling.ended().stdout == "ended\n"
    assert (tmp_path / "stopped").exists()
