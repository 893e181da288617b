"""Ctrl-C ends the program at any moment: exit code 130, and no traceback."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from commands import Done, python, run
from models import write_endless
from PIL import Image

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows sends Ctrl-C to all processes of a console")

STARTING = "import sys\nfrom vggdsl.__main__ import run\nprint('ready', flush=True)\nsys.stdout.flush()\nrun()"
"""The program; what Python itself does before that is its own matter."""
MOMENTS = 5 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 3
CALLS: dict[str, Sequence[str]] = {
    "check": ["check", "vgg_d"],
    "predict": ["predict", "model.onnx", "white.png"],
    "export": ["export", "quickstart", "-o", "again.onnx", "--force"],
}


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    Image.new("L", (8, 8), "white").save(folder / "white.png")
    assert run("export", "quickstart", "-o", folder / "model.onnx").exit_code == 0
    return folder


def started(arguments: Sequence[str], work: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", STARTING, *arguments],
        cwd=work,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@cache
def seconds(call: str, work: Path) -> float:
    """What a call takes that nobody interrupts."""
    began = time.monotonic()
    with started(CALLS[call], work) as process:
        assert process.wait(600) == 0
    return time.monotonic() - began


@pytest.mark.parametrize("call", CALLS)
def test_no_moment_gives_a_traceback(call: str, work: Path) -> None:
    takes = seconds(call, work)
    before = set(work.iterdir())
    codes = []
    for moment in range(MOMENTS):
        process = started(CALLS[call], work)
        time.sleep(0.01 + takes * moment / MOMENTS)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=600)
        assert "Traceback" not in errors
        assert "KeyboardInterrupt" not in errors
        codes.append(process.returncode)
    # While Python itself ends the signal ends the process, which shells tell as 130, too; the last may be too late.
    assert set(codes) <= {130, -signal.SIGINT, 0}
    assert 130 in codes
    assert set(work.iterdir()) - before <= {work / "again.onnx"}, "litter"


def test_a_model_that_never_ends_is_ended(work: Path) -> None:
    write_endless(work / "endless.onnx")
    process = started(["predict", "endless.onnx", "white.png"], work)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(3 * seconds("predict", work))
    process.send_signal(signal.SIGINT)
    try:
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()  # else, if it isn't ended, it takes a core for good
    assert (process.returncode, output, "Traceback" in errors) == (130, "", False)


def ended(program: str) -> Done:
    """How it ends where the command line is another program."""
    return python("-c", f"import os, signal, time\nfrom vggdsl import __main__, cli\n{program}\n__main__.run()")


def test_what_libraries_make_of_it_is_still_ctrl_c() -> None:
    """An extension that is interrupted as it is imported says that it can't be."""
    done = ended("""
def program():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
    except KeyboardInterrupt:
        raise ImportError("initialization failed")

cli.run = program
""")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_what_python_cannot_raise_is_not_lost() -> None:
    done = ended("""
class Ending:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)

def program():
    Ending()
    time.sleep(60)

cli.run = program
""")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_at_the_very_end_it_ends_at_once_and_nothing_is_lost() -> None:
    done = ended("""
import atexit

def last():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)

def program():
    atexit.register(last)
    print("all")

cli.run = program
""")
    assert (done.returncode, done.stdout, done.stderr) == (130, "all\n", "")


def test_mistakes_of_our_own_stay_visible() -> None:
    done = ended("def program():\n    raise ZeroDivisionError\n\ncli.run = program")
    assert (done.returncode, "ZeroDivisionError" in done.stderr) == (1, True)


def test_who_starts_it_without_ctrl_c_is_not_given_it() -> None:
    """As shells start what runs in the background."""
    code = "signal.signal(signal.SIGINT, signal.SIG_IGN)\ncli.run = lambda: os.kill(os.getpid(), signal.SIGINT)"
    assert ended(code).returncode == 0


def test_a_working_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    code = "import os, sys\nos.rmdir(os.getcwd())\nfrom vggdsl.__main__ import run\nrun()"
    done = python("-c", code, "check", "vgg_d", cwd=tmp_path / "gone")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "vggdsl: the working folder is gone: change to another\n"
