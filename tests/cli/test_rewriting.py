"""What rewrites a user's file: alone, and only what it has read."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import AS_USERS, python, run
from made_up import run_of
from refusals import refusal

import vggdsl
from vggdsl.language import notations
from vggdsl.language.syntax import Document
from vggdsl.records import append
from vggdsl.spec.parsing import load
from vggdsl.targets import export
from vggdsl.targets.verify import verify_onnx
from vggdsl.text import caches, locks
from vggdsl.text.files import replacing
from vggdsl.text.locks import alone

SPEC = "input 8x8x1\nconv3-4 maxpool\nFC-3 softmax\n\ntrain A {\n  data   fake(n=100, classes=3)\n  epochs 2\n}\n"
EDITED = f"# An edit.\n{SPEC}"
AT_ONCE = 20
FORKING = """
import contextlib, os, sys
from vggdsl import parse
from vggdsl.cli import main

parse("input 8x8x1 FC-3")  # builds the grammar, which takes more than all else
lines = [line.split("|") for line in sys.stdin.read().splitlines()]
start, go = os.pipe()
children = []
for line in lines:
    child = os.fork()
    if child == 0:
        os.close(go)
        os.read(start, 1)  # until all are there
        try:
            main(line, standalone_mode=False)
        except SystemExit as end:
            os._exit(end.code or 0)
        os._exit(0)
    children.append(child)
os.close(go)
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children], file=sys.stderr)
"""
"""Commands in processes that begin at once: a line each on standard input."""

at_once = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")


def together(*calls: tuple[object, ...], cache: Path) -> list[int]:
    """How calls of ``vggdsl`` end that begin at once."""
    lines = "\n".join("|".join(map(str, call)) for call in calls)
    done = python("-c", AS_USERS + FORKING, input=lines, env={"XDG_CACHE_HOME": str(cache)})
    assert done.returncode == 0, done.stderr
    return [int(code) for code in done.stderr.splitlines()[-1].strip("[]").split(",")]


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "net.arch"
    path.write_text(SPEC)
    return path


@at_once
@pytest.mark.parametrize(
    "is_kept",
    [True, pytest.param(False, marks=pytest.mark.thorough)],
    ids=["locks in the cache", "locks beside the file"],
)
def test_of_twenty_records_at_once_none_is_lost(spec: Path, tmp_path: Path, is_kept: bool) -> None:
    runs = [run_of(load(spec), tmp_path / f"net-A-s{seed}-1", seed=seed) for seed in range(AT_ONCE)]
    before = set(tmp_path.iterdir())
    cache = tmp_path.parent / f"{tmp_path.name}-cache"
    if not is_kept:
        cache.touch()
    assert together(*(("record", each, "--into", spec) for each in runs), cache=cache) == [0] * AT_ONCE
    measured = load(spec).measurements
    assert {each.values["run"]["seed"] for each in measured} == {str(seed) for seed in range(AT_ONCE)}
    assert len(measured) == AT_ONCE
    assert not [found.code for found in load(spec).check() if found.code.startswith("W6")]
    assert set(tmp_path.iterdir()) == before, "litter"


@at_once
def test_who_formats_waits_for_who_records(spec: Path, tmp_path: Path) -> None:
    spec.write_text(SPEC.replace("conv3-4 maxpool", "CONV3-4   maxpool"))
    runs = [run_of(load(spec), tmp_path / f"net-A-s{seed}-1", seed=seed) for seed in range(6)]
    calls = [call for each in runs for call in (("record", each, "--into", spec), ("fmt", spec))]
    assert together(*calls, cache=tmp_path / "cache") == [0] * len(calls)
    assert len(load(spec).measurements) == len(runs)
    assert spec.read_text().startswith(SPEC)


def test_fmt_keeps_an_edit_that_was_saved_while_it_ran(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec.write_text(SPEC.upper())

    def slow(document: Document) -> str:
        spec.write_text(EDITED)
        return SPEC

    monkeypatch.setattr(notations, "write", slow)
    done = run("fmt", spec)
    assert (done.exit_code, "V506" in done.stderr, "was changed meanwhile" in done.stderr) == (1, True, True)
    assert spec.read_text() == EDITED


def test_fmt_writes_no_file_anew_that_was_deleted_while_it_ran(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec.write_text(SPEC.upper())
    write = notations.write

    def slow(document: Document) -> str:
        spec.unlink(missing_ok=True)
        return write(document)

    monkeypatch.setattr(notations, "write", slow)
    assert run("fmt", spec).exit_code == 1
    assert not spec.exists()


def test_record_keeps_an_edit_that_was_saved_while_it_ran(
    spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run_of(load(spec), tmp_path / "net-A-s0-1")
    check = append._check

    def slow(after: bytes, path: Path, blocks: int) -> None:
        check(after, path, blocks)
        spec.write_text(EDITED)

    monkeypatch.setattr(append, "_check", slow)
    done = run("record", folder, "--into", spec)
    assert (done.exit_code, done.stdout, "was changed meanwhile" in done.stderr) == (1, "", True)
    assert spec.read_text() == EDITED


@pytest.mark.filterwarnings("ignore::UserWarning")  # of weights and preprocessing
@pytest.mark.parametrize("place", ["model.onnx", "link.onnx"])
def test_export_overwrites_no_file_that_came_while_it_ran(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.onnx"
    (tmp_path / "link.onnx").symlink_to(path)

    def slow(*arguments: object, **options: object) -> object:
        path.write_text("theirs")
        return verify_onnx(*arguments, **options)  # type: ignore[arg-type]  # handed on as they are

    monkeypatch.setattr(export, "verify_onnx", slow)
    assert refusal(lambda: vggdsl.export("quickstart", tmp_path / place)).code == "V514"
    assert path.read_text() == "theirs"
    vggdsl.export("quickstart", tmp_path / place, force=True)
    assert path.read_bytes() != b"theirs"


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_export_keeps_links_and_permissions(tmp_path: Path) -> None:
    path, link = tmp_path / "model.onnx", tmp_path / "link.onnx"
    path.touch(mode=0o600)
    link.symlink_to(path)
    vggdsl.export("quickstart", link, force=True)
    assert link.is_symlink()
    assert path.stat().st_size > 1000
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("place", [lambda folder: folder, caches.nowhere], ids=["in the cache", "beside the file"])
def test_who_waits_too_long_is_told(
    place: Callable[..., Path | None], spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caches, "folder", lambda: place(tmp_path / "cache") if place is not caches.nowhere else None)
    monkeypatch.setattr(locks, "PATIENCE", 0.05)
    spec.write_text(SPEC.upper())
    with alone(spec):
        done = run("fmt", spec)
    assert (done.exit_code, "another process holds" in done.stderr) == (1, True)
    assert spec.read_text() == SPEC.upper()
    assert run("fmt", spec).exit_code == 0
    assert spec.read_text() == SPEC


def test_machines_that_share_a_folder_and_no_cache_wait_for_each_other(
    spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "PATIENCE", 0.05)
    monkeypatch.setattr(caches, "folder", lambda: tmp_path / "one")
    with alone(spec):
        monkeypatch.setattr(caches, "folder", lambda: tmp_path / "other")
        assert "another process holds" in refusal(lambda: alone(spec).__enter__()).message
    with alone(spec):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {spec.name, "one", "other"}, "litter"


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such pipes")
@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda place: place.symlink_to("elsewhere")])
def test_where_no_lock_can_lie_beside_a_file_that_in_the_cache_does(
    make: Callable[[Path], object], spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / f".{spec.name}.lock")
    before = {path.name for path in tmp_path.iterdir()}
    monkeypatch.setattr(locks, "PATIENCE", 0.05)
    monkeypatch.setattr(caches, "folder", lambda: tmp_path / "cache")
    with alone(spec):
        assert "another process holds" in refusal(lambda: alone(spec).__enter__()).message
    assert {path.name for path in tmp_path.iterdir()} == before | {"cache"}
    monkeypatch.setattr(caches, "folder", caches.nowhere)
    assert "can't be written" in refusal(lambda: alone(spec).__enter__()).message


def test_who_is_killed_lets_go(spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "PATIENCE", 0.05)
    killed = f"""
import os, signal
from pathlib import Path
from vggdsl.text.locks import alone

with alone(Path({str(spec)!r})):
    print("held", flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
"""
    assert python("-c", killed).stdout == "held\n"
    with alone(spec):
        pass


KILLED = """
import os, signal, sys
from itertools import count
from pathlib import Path
from vggdsl.text.files import write_text

path, old, sign = Path(sys.argv[1]), sys.argv[2], signal.Signals[sys.argv[3]]
for moment in count(1):
    path.unlink() if path.exists() else None
    path.write_text(old) if old else None
    child = os.fork()
    if not child:
        left = [moment]
        def killed(event, given):
            if any(str(path.parent) in str(each) for each in given):
                left[0] -= 1
                left[0] or os.kill(os.getpid(), sign)
        sys.addaudithook(killed)
        write_text(path, "new")
        os._exit(0)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(ended, path.read_text() if path.exists() else "")
    if not ended:
        break
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows has neither forks nor these signals")
@pytest.mark.parametrize(("old", "sign"), [("", "SIGKILL"), ("old", "SIGKILL"), ("old", "SIGTERM")])
def test_a_file_is_whole_whenever_its_writer_is_killed(old: str, sign: str, tmp_path: Path) -> None:
    """At each call of the system: what was there, or what was to be written."""
    ended = [line.partition(" ") for line in python("-c", KILLED, tmp_path / "a", old, sign).stdout.splitlines()]
    assert len(ended) > 5
    assert {code for code, _, _ in ended[:-1]} == {str(-signal.Signals[sign])}
    assert {text for _, _, text in ended} == {old, "new"}


def test_a_link_and_its_target_have_one_lock(spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "PATIENCE", 0.05)
    link = tmp_path / "link.arch"
    link.symlink_to(spec)
    with alone(link):
        assert refusal(lambda: alone(spec).__enter__()).code == "V506"


@pytest.mark.skipif(sys.platform == "win32" or not hasattr(os, "getuid") or os.getuid() != 0, reason="root alone can")
def test_a_file_stays_its_owners(spec: Path) -> None:
    os.chown(spec, 12345, 23456)
    with replacing(spec) as part:
        part.write_text("new")
    assert (spec.stat().st_uid, spec.stat().st_gid, spec.read_text()) == (12345, 23456, "new")
