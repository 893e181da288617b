"""The command line as a whole: exit codes, standard input, strange files, terminals."""

import io
import os
import re
import tomllib
from pathlib import Path

import click
import pytest
from commands import outside, python, run, shell
from refusals import findings

import vggdsl
from specs import GOOD
from vggdsl.cli import COMMANDS, main

REFUTED = GOOD + "claim params 5\n"
ESCAPE = "\x1b["
PROJECT = Path(__file__).parents[2]


# -- every command


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_shows_examples_and_ends_well(command: str) -> None:
    result = run(*[command] * bool(command), "--help")
    assert result.exit_code == 0
    assert "vggdsl" in result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_in_a_terminal_and_tells_every_option(command: str) -> None:
    result = run(command, "--help")
    assert [line for line in result.output.splitlines() if len(line) > 80] == []
    assert re.search(rf"^  vggdsl {command}\b", result.output, re.MULTILINE)
    got = main.get_command(click.Context(main), command)
    assert got is not None
    options = (p for p in got.params if isinstance(p, click.Option))
    assert [option.name for option in options if not option.help] == []


def test_a_call_without_a_command_shows_the_help() -> None:
    result = run()
    assert (result.exit_code, result.output) == (2, run("--help").output)


def test_every_command_is_on_the_page_and_keeps_to_itself() -> None:
    page = (Path(vggdsl.cli.__file__).parent / "README.md").read_text("utf-8")
    assert set(re.findall(r"^\| `vggdsl (\w+)", page, re.MULTILINE)) == set(COMMANDS)
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (alone,) = (each["modules"] for each in contracts if each["name"] == "no command imports another")
    commands = [main.get_command(click.Context(main), name) for name in COMMANDS]
    assert sorted(alone) == sorted(each.callback.__module__ for each in commands if each and each.callback)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("chek x", "no such command `chek`: did you mean `check`?"),
        ("trian", "no such command `trian`: did you mean `train`?"),
        ("xyzzy", "no such command `xyzzy`"),
        ("vgg_d", "no such command `vgg_d`: it is a spec, write `vggdsl check vgg_d`"),
        ("train --epoch 3 quickstart", "no such option `--epoch`: did you mean `--epochs`?"),
        ("export vgg_d --no-flod", "no such option `--no-flod`: did you mean `--no-fold`?"),
        ("explain vgg_d --hlep", "no such option `--hlep`: did you mean `--help`?"),
        ("explain -x", "no such option `-x`"),
        ("train --lr 0.1 a", "no such option `--lr`: the recipe of a spec says it, by its entry `optimizer`"),
        ("train --batch-size 8 a", "no such option `--batch-size`: the recipe of a spec says it, by its entry `batch`"),
        ("train –epochs 3 a", "`–epochs` begins with the character U+2013 (en dash): did you mean `--epochs`?"),
        ("check —json a", "`—json` begins with the character U+2014 (em dash): did you mean `--json`?"),
        (
            "train --gpu 1 a",
            "no such option `--gpu`: on Ray `--gpus-each` is how much of one each gets, else `--device cuda`",
        ),
        ("predict --gpu 1 a", "no such option `--gpu`: `--device cuda` runs on a GPU"),
        (
            "train --workers 2 a",
            "no such option `--workers`: on Ray as many train at once as `--cpus` and `--gpus-each` leave room for",
        ),
        ("show --gpu a", "no such option `--gpu`"),
        ("--versoin", "no such option `--versoin`: did you mean `--version`?"),
    ],
)
def test_what_was_meant_by_a_misspelt_command_or_option_is_told(call: str, said: str) -> None:
    result = run(*call.split())
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1] == f"Error: {said}"


@pytest.mark.parametrize("command", ["check", "show", "explain"])
def test_exit_codes(command: str, good: str, wrong: str, tmp_path: Path) -> None:
    refuted = tmp_path / "refuted.arch"
    refuted.write_text(REFUTED)
    assert run(command, good).exit_code == 0
    assert run(command, wrong).exit_code == 1
    assert run(command, "no_such_spec").exit_code == 2
    assert run(command).exit_code == 2
    assert run(command, "--no-such-option", good).exit_code == 2
    assert run("check", str(refuted)).exit_code == run("show", str(refuted)).exit_code == 1


@pytest.mark.parametrize("command", ["check", "show", "explain", "fmt"])
def test_standard_input_is_read(command: str) -> None:
    assert run(command, "-", input=GOOD).exit_code == 0
    result = run(command, "-", input="input 32x32x3 = softmax\n")
    assert result.exit_code == 1
    assert "<stdin>:1:15" in result.output


STRANGE = {
    "empty": b"",
    "comments": b"# a\n\n# b\n",
    "nul": b"\0",
    "carriage return": b"input 32x32x3\rconv3-64\r",
    "latin 1": "caf\xe9".encode("latin-1"),
    "utf-16": GOOD.encode("utf-16"),
    "surrogate": b"input 3x3x3 \xed\xa0\x80",
    "random": bytes(range(256)),
    "escape": b"input 3x3x3 \x1b[31mconv3-64",
    "too large": b"#" * 2**19,
}


@pytest.mark.parametrize("command", ["check", "show", "explain"])
@pytest.mark.parametrize("data", STRANGE.values(), ids=STRANGE)
def test_strange_input_is_an_error_and_no_more(command: str, data: bytes) -> None:
    result = run(command, "-", input=data)
    assert result.exit_code == 1
    assert "error[V" in result.output
    assert ESCAPE not in result.output


@pytest.mark.parametrize("text", ["\ufeff" + GOOD, GOOD.replace("\n", "\r\n"), GOOD.replace(" ", "\t"), GOOD.strip()])
def test_marks_tabs_and_line_ends_of_other_editors_are_taken(text: str) -> None:
    assert run("check", "-", input=text.encode()).exit_code == 0


@pytest.mark.parametrize("command", ["check", "show", "explain", "fmt"])
def test_what_is_no_readable_file_is_told(command: str, tmp_path: Path) -> None:
    folder, locked = tmp_path / "folder", tmp_path / "locked.arch"
    folder.mkdir()
    locked.write_text(GOOD)
    locked.chmod(0)
    assert run(command, str(folder)).exit_code == 2
    assert run(command, "").exit_code == 2
    assert run(command, "a" * 5000).exit_code == 2
    assert run(command, "a\0b").exit_code == 2
    if os.geteuid():  # root reads everything
        assert run(command, str(locked)).exit_code == 1


def test_a_misspelt_name_is_told_with_the_nearest() -> None:
    assert "did you mean `vgg_d`?" in run("show", "vgg_dd").output
    assert "did you mean" in run("check", "mini_vg").output


# -- the terminal


@pytest.mark.parametrize(
    ("variables", "table"),
    [
        ({}, ["specs"]),
        pytest.param({"NO_COLOR": "1"}, ["results", "quickstart"], marks=pytest.mark.thorough),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, ["results", "quickstart"]),
    ],
)
def test_no_escape_codes_where_there_is_no_terminal(variables: dict[str, str], table: list[str]) -> None:
    for arguments in (["show", "-"], ["check", "no_such_spec"], table):
        result = outside(*arguments, input=GOOD, env=variables)
        assert ESCAPE not in result.stdout + result.stderr


def test_colours_on_a_terminal_unless_no_color_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    from vggdsl.cli.common import has_color

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert has_color(Terminal())
    assert not has_color(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not has_color(Terminal())


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_terminal_of_another_encoding_is_no_error(encoding: str) -> None:
    for arguments in (["explain", "-"], ["check", "-"], ["show", "vgg_d"]):
        result = outside(*arguments, input=GOOD, env={"PYTHONIOENCODING": encoding})
        assert result.returncode == 0, result.stderr
        assert "Traceback" not in result.stderr


def test_a_closed_pipe_is_no_error() -> None:
    head, _, _ = run("explain", "vgg_d").stdout.partition("\n")
    assert shell("python -m vggdsl explain vgg_d | head -1") == (f"{head}\n", 0)


HEAVY = ("torch", "torchvision", "onnx", "onnx_ir", "onnxruntime", "ignite", "sklearn", "matplotlib")


HELPS = ("vggdsl.language.notations.arch.recovery", "vggdsl.language.notations.arch.words")
"""What tells of a wrong text."""


def test_the_front_end_imports_no_framework_and_no_helps_for_what_is_right() -> None:
    code = f"""
import sys
from click.testing import CliRunner
from vggdsl.cli import main
for arguments in (["check", "vgg_d"], ["show", "vgg_d"], ["explain", "vgg_d:8"], ["fmt", "-"], ["specs"],
    ["show", "googlenet"], ["explain", "googlenet"], ["fmt", "--flatten", "vgg_gap"], ["results", "vgg_a"],
    ["--help"]):
    result = CliRunner().invoke(main, arguments, input={GOOD!r})
    assert result.exit_code == 0, (arguments, result.output)
print([name for name in {(*HEAVY, *HELPS)} if name in sys.modules])
"""
    result = python("-c", code)
    assert (result.stdout, result.stderr) == ("[]\n", "")


def test_a_name_that_no_system_can_have_is_refused(tmp_path: Path) -> None:
    for call in (["check", "a\0b"], ["record", "run", "--into", "a\0b"], ["train", "quickstart", "--runs", "\0"]):
        done = run(*call)
        assert (done.exit_code, "a character with the code 0" in done.stderr) == (2, True)


@pytest.mark.parametrize("runs", ["a\0b", "/dev/null/x", "a" * 300])
def test_runs_that_can_lie_nowhere_are_refused(runs: str, tmp_path: Path) -> None:
    (found,) = findings(lambda: vggdsl.train("quickstart", runs=tmp_path / runs))
    assert (found.code, "can't be made" in found.message) == ("V506", True)


def test_garbage_is_collected_while_a_command_runs() -> None:
    # Nothing is while it is imported: all of that stays.
    code = """if True:
        import atexit, gc, sys
        import vggdsl.spec.parsing as parsing
        from vggdsl.__main__ import run

        def told(name, load=parsing.load):
            print("in it:", gc.isenabled(), file=sys.stderr)
            return load(name)

        parsing.load = told
        atexit.register(lambda: print("behind it:", gc.isenabled(), file=sys.stderr))
        run()
    """
    done = python("-c", code, "explain", "quickstart:13")
    assert (done.returncode, done.stderr) == (0, "in it: True\nbehind it: True\n")
    assert python("-c", code, "--version").stderr == "behind it: True\n"
