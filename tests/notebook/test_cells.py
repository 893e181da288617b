"""Cells in the spec language, in an IPython that has loaded the extension."""

import io
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import cast

import pytest
from commands import python
from documents import mutants
from hypothesis import given

pytest.importorskip("IPython", reason="needs IPython, as `vggdsl[test]` brings it")

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import vggdsl
from specs import BLOCKS, GOOD, WRONG
from vggdsl.experiments import reporter
from vggdsl.notebook.arch import Cells
from vggdsl.text.errors import VggdslError

QUIET = Config({"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}})


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """One of its own, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    made = InteractiveShell(config=QUIET, ipython_dir=str(tmp_path / "ipython"), user_module=ModuleType("cells"))
    vggdsl.load_ipython_extension(made)
    yield made
    vggdsl.unload_ipython_extension(made)


@pytest.fixture
def run(shell: InteractiveShell) -> Callable[[str], tuple[object, BaseException | None, str]]:
    """What a cell gives, what it fails with, and what it prints."""

    def run(cell: str) -> tuple[object, BaseException | None, str]:
        out = io.StringIO()
        with redirect_stdout(out), redirect_stderr(out):
            done = shell.run_cell(cell)
        return done.result, done.error_before_exec or done.error_in_exec, out.getvalue()

    return run


Run = Callable[[str], tuple[object, BaseException | None, str]]


def test_a_cell_defines_a_spec(shell: InteractiveShell, run: Run) -> None:
    shown, error, printed = run(f"%%arch small\n{GOOD}")
    assert error is None
    assert shown is shell.user_ns["small"]
    assert shown == vggdsl.parse(GOOD, "small.arch")
    assert isinstance(shown, vggdsl.Spec)
    assert shown.name == "small"
    assert repr(shown) in printed
    assert list(Path().iterdir()) == []


def test_a_warning_is_shown_and_the_spec_defined(shell: InteractiveShell, run: Run) -> None:
    _, error, printed = run("%%arch small\ninput 8x8x1 conv3-64 pad=0 conv3-8 dropout-0.99 FC-10 FC-10 softmax\n")
    assert error is None
    spec = shell.user_ns["small"]
    assert spec.check()
    assert all(finding.code in printed for finding in spec.check())


def test_a_cell_holds_one_network_and_no_space(shell: InteractiveShell, run: Run) -> None:
    _, error, _ = run("%%arch small\ninput 8x8x1 conv3-{4|8} FC-10 softmax\n")
    assert isinstance(error, VggdslError)
    assert "a space of 2 networks, where one belongs" in str(error)
    assert "small" not in shell.user_ns


def test_cells_lead_to_each_other(shell: InteractiveShell, run: Run) -> None:
    _, error, printed = run(f"%%arch parts\n{BLOCKS}")
    assert (error, "parts" in shell.user_ns) == (None, False)
    assert printed == '2 blocks: write `use "parts.arch"` in another cell\n'
    run('%%arch base\nuse "parts.arch"\ninput 8x8x1\n3a: conv3-4\nboth(4) FC-10 softmax\n')
    run('%%arch wide\nextends "base.arch"\nreplace 3a: conv5-4\n')
    base, wide = shell.user_ns["base"], shell.user_ns["wide"]
    assert wide.typed["3a"].node.spelled == "conv5-4"
    assert wide.typed.params - base.typed.params == 4 * (25 - 9)
    assert vggdsl.parse(wide.text).typed == wide.typed, "a run keeps a text that stands alone"
    with pytest.raises(VggdslError, match="V243"):
        vggdsl.parse('extends "base.arch"')


def test_a_cell_stands_before_a_file_of_its_name(shell: InteractiveShell, run: Run) -> None:
    Path("base.arch").write_text("input 8x8x1\n3a: conv3-4\nFC-10 softmax\n")
    delta = '%%arch wide\nextends "base.arch"\nreplace 3a: conv5-4\n'
    run(delta)
    of_file = shell.user_ns["wide"]
    run("%%arch base\ninput 8x8x1\n3a: conv3-4\nFC-20 softmax\n")
    run(delta)
    assert shell.user_ns["wide"].typed.output.c == 20
    assert of_file.typed.output.c == 10
    assert Path("base.arch").read_text() == "input 8x8x1\n3a: conv3-4\nFC-10 softmax\n"


def test_a_run_begins_with_a_file_and_no_cell(shell: InteractiveShell, run: Run) -> None:
    tuned = '%%arch tuned\ninput 8x8x1\n3a: conv3-4\nFC-10 softmax\ntrain { init from("base.arch", 3a) else he }\n'
    no_cell = '`init from("base.arch")` means a file, and no cell: `%%writefile base.arch` in a cell writes one\n'
    run("%%arch base\ninput 8x8x1\n3a: conv3-4\nFC-20 softmax\n")
    _, error, printed = run(tuned)
    assert error is None
    assert printed.startswith(no_cell)
    (absent,) = shell.user_ns["tuned"].check()
    assert "no file `base.arch`" in absent.message
    assert absent.message in printed
    assert no_cell in run(tuned.replace("base.arch", "./base.arch"))[2]
    Path("base.arch").write_text("input 8x8x1\n3a: conv5-4\nFC-10 softmax\n")
    _, error, printed = run(tuned)
    assert isinstance(error, VggdslError), "as a training would be refused"
    assert "V410" in printed
    Path("base.arch").write_text("input 8x8x1\n3a: conv3-4\nFC-20 softmax\n")
    printed = run(tuned)[2].replace(no_cell, "", 1)
    assert printed == f"Out[0]: {shell.user_ns['tuned']!r}\n"


@pytest.mark.parametrize("text", [WRONG, "", f"{GOOD}claim params 1\n", 'extends "gone.arch"', "train { epochs x }"])
def test_a_mistake_shows_findings_and_changes_nothing(text: str, shell: InteractiveShell, run: Run) -> None:
    _, error, printed = run(f"%%arch small\n{text}\n")
    assert isinstance(error, VggdslError)
    assert printed.strip() == f"{error}\n\nsmall is not defined"
    assert "small" not in shell.user_ns
    run(f"%%arch small\n{GOOD}")
    before = shell.user_ns["small"]
    _, error, printed = run(f"%%arch small\n{text}\n")
    assert printed.strip() == f"{error}\n\nsmall stays as it was"
    assert shell.user_ns["small"] is before
    run('%%arch other\nextends "small.arch"\nremove pool1\n')
    assert shell.user_ns["other"].typed.weight_layers == before.typed.weight_layers


@pytest.mark.parametrize("line", ["", "1x", "two words", "class", "--quiet small", "a.arch"])
def test_what_names_no_variable_is_wrong_usage(line: str, shell: InteractiveShell, run: Run) -> None:
    before = set(shell.user_ns)
    _, error, printed = run(f"%%arch {line}\n{GOOD}")
    assert isinstance(error, UsageError)
    assert printed.startswith("UsageError: ")
    assert "%%arch NAME" in printed
    assert {name for name in shell.user_ns if not name.startswith("_")} <= before


@given(mutants(GOOD))
def test_any_text_is_a_spec_or_has_findings(text: str) -> None:
    user_ns = dict[str, object]()
    cells = Cells(cast(InteractiveShell, SimpleNamespace(user_ns=user_ns, user_ns_hidden={})))
    made, error = None, None
    try:
        made = cells.arch("net", text)
    except VggdslError as raised:
        error = raised
    assert user_ns == ({} if made is None else {"net": made})
    assert made is None or not any(finding.is_error for finding in made.check())
    assert error is None or any(finding.is_error for finding in error.diagnostics)
    assert error is None or error.__notes__ == ["net is not defined"]


def test_a_table_in_another_notation_is_told_apart(shell: InteractiveShell, run: Run) -> None:
    table = Path(__file__).parents[1] / "fixtures" / "printed" / "vgg_table_1.txt"
    _, error, printed = run(f"%%arch vgg\n{table.read_text('utf-8')}")
    assert isinstance(error, VggdslError)
    assert "V113" in printed


def test_the_traceback_is_there_for_who_asks(shell: InteractiveShell, run: Run) -> None:
    shell.user_ns["vggdsl"] = vggdsl
    _, error, printed = run(f"vggdsl.parse({WRONG!r})")
    assert printed.strip() == str(error)
    assert "Traceback" in run("%tb")[2]
    assert "Traceback" in run("1 / 0")[2], "bugs stay as they are"


def test_what_is_unloaded_is_gone(shell: InteractiveShell, run: Run) -> None:
    assert shell.display_formatter is not None
    shell.user_ns["vggdsl"] = vggdsl
    vggdsl.load_ipython_extension(shell)
    vggdsl.unload_ipython_extension(shell)
    assert isinstance(run(f"%%arch small\n{GOOD}")[1], UsageError)
    assert "Traceback" in run(f"vggdsl.parse({WRONG!r})")[2]
    spec = vggdsl.parse(GOOD)
    shown, _ = shell.display_formatter.format(spec)
    assert shown == {"text/plain": repr(spec), "text/html": spec._repr_html_()}
    assert reporter.unasked is reporter.Warns


def test_the_extension_does_without_torch() -> None:
    done = python("-c", "import sys, vggdsl.notebook.extension\nprint({'torch', 'numpy'} & {*sys.modules})")
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_a_terminal_gets_no_bar(shell: InteractiveShell) -> None:
    assert reporter.unasked is reporter.Warns


def test_magic_has_help(run: Run) -> None:
    _, _, printed = run("%%arch?")
    assert "%%arch small" in printed


def test_a_cell_that_holds_blocks_now_takes_its_spec_back(shell: InteractiveShell, run: Run) -> None:
    run(f"%%arch parts\n{GOOD}")
    _, error, printed = run(f"%%arch parts\n{BLOCKS}")
    assert error is None
    assert "parts" not in shell.user_ns
    assert printed.endswith("parts is no longer defined: its cell holds blocks now\n")
    shell.user_ns["parts"] = 7  # somebody else's
    assert run(f"%%arch parts\n{BLOCKS}")[1] is None
    assert shell.user_ns["parts"] == 7


@pytest.mark.parametrize("name", ["print", "get_ipython", "In", "Out", "sys"])
def test_a_name_that_others_need_is_refused(shell: InteractiveShell, run: Run, name: str) -> None:
    run("import sys")
    before = dict(shell.user_ns)
    _, error, _ = run(f"%%arch {name}\n{GOOD}")
    assert isinstance(error, UsageError)
    assert shell.user_ns.get(name) is before.get(name)


def test_a_name_is_what_python_reads_it_as(shell: InteractiveShell, run: Run) -> None:
    assert run(f"%%arch \N{LATIN SMALL LIGATURE FI}\n{GOOD}")[1] is None
    assert run("\N{LATIN SMALL LIGATURE FI}.name")[0] == "fi"
