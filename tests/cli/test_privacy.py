"""Nothing leaves the machine unasked, and nothing is recorded where nobody looks for it."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from commands import AS_USERS, python
from PIL import Image

import vggdsl

ROOT = Path(vggdsl.__file__).parent.parent
WATCHED = """
import os, sys

def watch(event, arguments):
    if event.startswith("socket.") and event != "socket.gethostname":
        print(event, *map(repr, arguments), file=heard)

heard = open(os.environ["HEARD"], "w")
sys.addaudithook(watch)
from vggdsl.cli import main

for line in (
    "train quickstart --epochs 1 --device cpu",
    "export runs/quickstart-s0-1 -o model.onnx",
    "predict model.onnx white.png",
    "predict runs/quickstart-s0-1 white.png",
):
    main(line.split(), standalone_mode=False)
"""
TRACING = ["strace", "-f", "--seccomp-bpf", "-e", "trace=network", "-o"]
"""It stops a program at these calls alone; without the filter, at each."""
OWN = {".cache", ".cache/vggdsl", ".cache/vggdsl/arch.tables", ".cache/vggdsl/torch"}
"""What is kept of the product's own: see the commands' page."""
LOCK = re.compile(r"\.cache/vggdsl/[0-9a-f]{2}\.lock")
"""Empty, and at most 256 of them."""


def packages(path: Path) -> set[str]:
    """What a file imports, whatever it is called then."""
    names = set[str]()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import():
                names |= {alias.name for alias in node.names}
            case ast.ImportFrom(module=str(module), level=0):
                names.add(module)
            case ast.Call() if ast.unparse(node.func).endswith(("import_module", "__import__")):
                names |= {str(given.value) for given in node.args if isinstance(given, ast.Constant)}
    return {name.partition(".")[0] for name in names}


def test_onnxruntime_is_imported_in_one_place() -> None:
    files = [path for folder in ("vggdsl", "examples", "tests") for path in (ROOT / folder).rglob("*.py")]
    naming = [path for path in files if "onnxruntime" in path.read_text("utf-8")]
    importing = {path.relative_to(ROOT).as_posix() for path in naming if "onnxruntime" in packages(path)}
    assert importing == {"vggdsl/targets/runtime.py", *TOOLS, *LATER}


TOOLS = {"vggdsl/targets/half.py", "vggdsl/targets/quantisation.py"}
"""What imports onnxruntime's tools for files, and never without saying that it needs them."""
LATER = {"examples/onnx_client.py", "tests/targets/test_forms.py", "tests/targets/test_recovering.py"}
"""What imports onnxruntime only once that place did, or tells it to report nothing itself."""


@pytest.mark.parametrize("path", ["vggdsl/targets/runtime.py", *sorted(TOOLS)])
def test_onnxruntime_is_told_to_report_nothing_before_it_is_imported(path: str) -> None:
    """As `needed` tells packages."""
    heads = set[str]()
    for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
        imports = [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.Import | ast.ImportFrom)]
        if any("onnxruntime" in ast.unparse(each) for each in imports):
            heads.add(ast.unparse(node).splitlines()[0])
    assert {"with needed():"} <= heads <= {"with needed():", "if TYPE_CHECKING:"}


@pytest.mark.parametrize(("given", "then"), [({}, "1"), ({"ORT_DISABLE_TELEMETRY": "0"}, "0")])
def test_who_wants_to_report_may(given: dict[str, str], then: str) -> None:
    code = """
import builtins, os, sys
real = builtins.__import__

def watched(name, *rest):
    if name == "onnxruntime":
        print(os.environ.get("ORT_DISABLE_TELEMETRY"))
        raise SystemExit
    return real(name, *rest)

builtins.__import__ = watched
from vggdsl.targets.runtime import open_session
open_session("model.onnx")
"""
    unset = "import os\nos.environ.pop('ORT_DISABLE_TELEMETRY', None)\n" if not given else ""
    done = python("-c", unset + code, env=given)
    assert (done.stdout.strip(), done.returncode) == (then, 0), done.stderr


class Watched(NamedTuple):
    """What a train, an export and a predict left and did."""

    home: set[str]
    temporary: set[str]
    audited: str
    """The lines of Python's own hook: what asks for a socket or a name."""
    traced: str | None
    """Those of strace, where it runs: of native libraries too."""


def watched(folder: Path) -> Watched:
    """In a process that finds empty folders, and is told nothing but where the packages are."""
    home, temporary, work = (folder / name for name in ("home", "tmp", "work"))
    for each in (home, temporary, work):
        each.mkdir()
    Image.new("L", (8, 8), "white").save(work / "white.png")
    heard, trace = folder / "heard", folder / "trace"
    env = {"HOME": home, "TMPDIR": temporary, "PATH": os.environ["PATH"], "PYTHONPATH": ROOT, "HEARD": heard}
    tracer = [*TRACING, str(trace)] if _traces() else []
    done = subprocess.run(
        [*tracer, sys.executable, "-c", AS_USERS + WATCHED],
        cwd=work,
        env={name: str(value) for name, value in env.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Watched(_below(home), _below(temporary), heard.read_text(), trace.read_text() if tracer else None)


def _traces() -> bool:
    if shutil.which("strace") is None:
        return False
    return subprocess.run([*TRACING, os.devnull, "true"], capture_output=True, check=False).returncode == 0


def _below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_a_training_an_export_and_predictions_leave_nothing_and_ask_nobody(tmp_path: Path) -> None:
    """In one test: what it watches takes ten seconds."""
    found = watched(tmp_path)
    assert found.audited == ""
    assert found.temporary == set()
    if sys.platform == "linux":  # elsewhere home folders are laid out otherwise
        assert {name for name in found.home if not LOCK.fullmatch(name)} == OWN
    if found.traced is None:
        pytest.skip("strace isn't installed or may not trace: only Python's sockets were watched")
    lines = found.traced.splitlines()
    assert [line for line in lines if "exited with 0" in line], "it traced nothing"
    local = "AF_UNIX"  # the system's own daemon of users' names
    assert [line for line in lines if "socket(" in line and local not in line] == []
