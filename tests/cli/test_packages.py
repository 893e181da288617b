"""What works with which packages: the rest is told, never a traceback. Each in a process of its own."""

import json
from pathlib import Path

import pytest
from commands import AS_USERS, Done, json_lines, python, run
from PIL import Image

import vggdsl
from vggdsl.cli import COMMANDS
from vggdsl.text.packages import EXTRAS, PACKAGES

ROOT = Path(vggdsl.__file__).parent.parent
BLOCKING = """
import sys

class Blocked:
    names = set({blocked!r})

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
"""
CALLING = """
from vggdsl.cli import main

main({arguments!r}, prog_name="vggdsl", standalone_mode={standalone})
"""
ALL = {*PACKAGES, *EXTRAS}
FOR_PREDICTION = {"numpy", "onnxruntime", "PIL", "psutil"}


def without(blocked: set[str], code: str, folder: Path) -> Done:
    """What a program does in a folder where modules can't be imported."""
    env = {"PYTHONPATH": str(ROOT), "NO_COLOR": "1", "TORCHINDUCTOR_CACHE_DIR": str(folder)}  # else it is looked for
    return python("-c", AS_USERS + BLOCKING.format(blocked=sorted(blocked)) + code, cwd=folder, env=env)


def call(*arguments: str, standalone: bool = True) -> str:
    """The code of a command."""
    return CALLING.format(arguments=list(arguments), standalone=standalone)


def test_the_front_end_takes_lark_alone(tmp_path: Path) -> None:
    code = """
from importlib import import_module
from pkgutil import walk_packages
import vggdsl

for room in ("text", "network", "language", "spec"):
    package = import_module(f"vggdsl.{room}")
    for module in walk_packages(package.__path__, f"vggdsl.{room}."):
        import_module(module.name)
spec = vggdsl.load("vgg_d")
assert not [d for d in spec.check() if d.is_error]
print(spec.typed.params)
"""
    done = without({*ALL, "click"}, code, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "138357544\n", "")


LATER = (
    "Run", "eval_results", "evaluate", "export", "features", "from_onnx", "from_torch", "load_run", "model_card",
    "report", "to_onnx", "to_torch", "train",
)  # fmt: skip


def test_what_python_asks_for_says_what_it_takes(tmp_path: Path) -> None:
    code = """
import vggdsl

for name in vggdsl.__all__:
    try:
        getattr(vggdsl, name)
    except vggdsl.InputError as error:
        print(name, error.diagnostics[0].code)
"""
    done = without(ALL, code, tmp_path)
    told = "".join(f"{name} V533\n" for name in LATER)
    assert (done.returncode, done.stdout, done.stderr) == (0, told, "")


ASKING = [
    ["check", "vgg_d", "mini_vgg"],
    ["show", "googlenet"],
    ["show", "googlenet", "--as", "pytorch"],
    ["explain", "vgg_d:8"],
    ["fmt", "--check", "my.arch"],
    ["specs"],
    ["results", "my.arch"],
    ["search", str(ROOT / "examples" / "search" / "small_cifar.arch"), "--count", "--params", "..3M"],
    ["search", str(ROOT / "examples" / "search" / "vgg_study.arch"), "--write", "nets"],
]
ALL_OF = """
import json
from click.testing import CliRunner
from vggdsl.cli import main

for arguments in {calls!r}:
    done = CliRunner().invoke(main, arguments, prog_name="vggdsl", catch_exceptions=False)
    print(json.dumps([done.exit_code, done.stdout, done.stderr]))
"""


def test_what_asks_specs_and_records_takes_click_lark_and_rich(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One process asks it all: what is blocked there no call can import for the next."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "specs" / "quickstart.arch").read_text("utf-8")
    assert "measured {" in text
    Path("my.arch").write_text(f"{text}\n\n", "utf-8")  # which `fmt` would bring into form
    done = without(ALL - {"rich"}, ALL_OF.format(calls=ASKING), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for arguments, here in zip(ASKING, json_lines(done.stdout), strict=True):
        there = run(*arguments)
        assert here == [there.exit_code, there.stdout, there.stderr], arguments
        assert there.output
        assert there.exit_code == (arguments[0] == "fmt")


def test_results_are_told_without_what_tests_them(tmp_path: Path) -> None:
    done = without(ALL - {"rich"}, call("results", "mini_vgg", standalone=False), tmp_path)
    assert (done.returncode, done.stderr, done.stdout.count("without scipy")) == (0, "", 2)
    there = run("results", "mini_vgg").stdout.splitlines()
    assert [line.split()[:8] for line in done.stdout.splitlines()[2:]] == [line.split()[:8] for line in there[2:]]


def test_who_searches_is_told_of_the_extra(tmp_path: Path) -> None:
    spec = str(ROOT / "examples" / "search" / "vgg_study.arch")
    done = without({"optuna"}, call("search", spec), tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "error[V533]: the package optuna isn't installed",
        "help: `pip install vggdsl[search]`",
        "",
    ]
    assert not (tmp_path / "runs").exists()


def test_every_command_helps_without_packages(tmp_path: Path) -> None:
    calls = (
        f"try:\n    main([{name!r}, '--help'], 'vggdsl')\nexcept SystemExit as end:\n    assert not end.code\n"
        for name in COMMANDS
    )
    done = without(ALL, "from vggdsl.cli import main\n" + "".join(calls), tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Usage: vggdsl ") == len(COMMANDS)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an ONNX file and an image."""
    folder = tmp_path_factory.mktemp("model")
    assert run("export", "quickstart", "-o", folder / "model.onnx").exit_code == 0
    Image.new("L", (8, 8), "white").save(folder / "white.png")
    return folder


def test_predicting_by_an_onnx_file_imports_no_torch(model: Path) -> None:
    asking = "\nprint(*{name.partition('.')[0] for name in sys.modules})"
    code = call("predict", "model.onnx", "white.png", "--json", standalone=False) + asking
    here, there = (without(blocked, code, model) for blocked in (ALL - FOR_PREDICTION, set[str]()))
    assert here.returncode == 0, here.stderr
    *answer, _ = here.stdout.splitlines()
    *again, imported = there.stdout.splitlines()
    assert answer == again
    assert len(json.loads(answer[0])["top"]) == 5
    assert ALL & set(imported.split()) == FOR_PREDICTION


INSTALLING = """
from click.testing import CliRunner
from vggdsl.cli import main

for arguments in ({calls!r}):
    while (done := CliRunner().invoke(main, arguments)).exit_code:
        assert isinstance(done.exception, SystemExit), done.exception
        print(done.exit_code, *done.stderr.splitlines()[:2], sep="|")
        package = done.stderr.partition("the package ")[2].partition(" isn't")[0]
        Blocked.names.remove({modules!r}[package])
    print(arguments[0])
"""


def test_who_installs_what_is_told_gets_there(model: Path) -> None:
    """From nothing, one package after the other, until the command works; and no more than it takes."""
    calls = [["predict", "model.onnx", "white.png"], ["export", "quickstart"], ["train", "quickstart", "--epochs", "1"]]
    modules = {package: module for module, package in PACKAGES.items()}
    done = without(ALL, INSTALLING.format(calls=calls, modules=modules), model)
    assert done.returncode == 0, done.stderr
    told: dict[str, set[str]] = {}
    asked = set[str]()
    for line in done.stdout.splitlines():
        if line in COMMANDS:
            told[line], asked = asked, set()
            continue
        code, message, help = line.split("|")
        package = message.removeprefix("error[V533]: the package ").removesuffix(" isn't installed")
        assert (code, modules[package] in ALL) == ("2", True)
        assert help.startswith(
            f"help: `pip install {package}`; with all else that isn't there, `pip install {package} "
        )
        asked.add(modules[package])
    assert told["predict"] == FOR_PREDICTION
    others = {"jinja2", "platformdirs", "plotille", "rich", "vl_convert", "yaml"}
    assert told["export"] | told["train"] == {*PACKAGES} - FOR_PREDICTION - others
    assert not told["export"] & {"ignite", "sklearn", "tensorboard", "torchvision"}
    assert len(list((model / "runs").iterdir())) == 1  # nothing is begun before all is there
