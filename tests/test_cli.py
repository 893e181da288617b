"""The command line: exit codes, formats, files."""

import csv
import io
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from strategies import texts

import vggdsl
from vggdsl.cli import COMMANDS, main

GOOD = "input 32x32x3 conv3-64 maxpool FC-10 softmax\n"
WRONG = "input 32x32x3 conv3-64 maxpol FC-10 softmax\n"
REFUTED = GOOD + "claim params 5\n"
ESCAPE = "\x1b["


def run(*arguments: str, input: str | bytes = "") -> Result:
    return CliRunner().invoke(main, arguments, input=input, catch_exceptions=False)


def outside(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vggdsl", *arguments]
    environment = os.environ | variables
    return subprocess.run(
        command, capture_output=True, text=True, errors="replace", input=GOOD, env=environment, check=False
    )


@pytest.fixture
def good(tmp_path: Path) -> str:
    path = tmp_path / "good.arch"
    path.write_text(GOOD)
    return str(path)


@pytest.fixture
def wrong(tmp_path: Path) -> str:
    path = tmp_path / "wrong.arch"
    path.write_text(WRONG)
    return str(path)


# -- every command


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_shows_examples_and_ends_well(command: str) -> None:
    result = run(*[command] * bool(command), "--help")
    assert result.exit_code == 0
    assert "vggdsl" in result.output


def test_an_unknown_command_is_wrong_usage() -> None:
    result = run("chek", "x")
    assert result.exit_code == 2
    assert "chek" in result.output


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


# -- check


def test_check_tells_each_spec_on_a_line(good: str, wrong: str) -> None:
    result = run("check", good, wrong, "vgg_d")
    assert result.exit_code == 1
    assert re.search(r"good.arch +0 claims hold, 0 disputed\n", result.output)
    assert re.search(r"wrong.arch +1 error\n", result.output)
    holds = vggdsl.load("vgg_d").count("holds")
    assert re.search(rf"vgg_d +{holds} claims hold, 0 disputed, 6 results claimed\n", result.output)


def test_a_spec_that_is_wrong_outdoes_one_that_is_missing(wrong: str, good: str) -> None:
    assert run("check", "no_such_spec", wrong).exit_code == 1
    assert run("check", good, "no_such_spec").exit_code == 2


def test_warnings_don_t_count() -> None:
    result = run("check", "-", input="input 7x7x3 maxpool FC-10 softmax")
    assert result.exit_code == 0
    assert "warning[W202]" in result.output
    assert "1 warning" in result.output


def test_check_as_json(good: str, wrong: str) -> None:
    result = run("check", "--json", good, wrong, "vgg_d", "no_such_spec")
    rows = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [row["ok"] for row in rows] == [True, False, True, False]
    assert rows[2]["claims"] == {"holds": vggdsl.load("vgg_d").count("holds"), "disputed": 0, "refuted": 0}
    assert (rows[2]["results_claimed"], rows[2]["measured"]) == (6, 0)
    (finding,) = rows[1]["diagnostics"]
    assert (finding["code"], finding["severity"], finding["help"]) == ("V101", "error", "did you mean `maxpool`?")
    assert finding["labels"] == [
        {
            "file": finding["labels"][0]["file"],
            "line": 1,
            "column": 24,
            "end_line": 1,
            "end_column": 30,
            "text": "not known",
            "primary": True,
        }
    ]
    assert rows[3]["diagnostics"][0]["code"] == "V501"


# -- show


def shown(*arguments: str, input: str = GOOD) -> str:
    result = run("show", *arguments, input=input)
    assert result.exit_code == 0
    return result.stdout


def test_show_as_a_table() -> None:
    lines = shown("vgg_d").splitlines()
    assert lines[0].split() == ["name", "layer", "output", "params", "macs", "activations", "field", "stride"]
    assert any(
        re.match(r"conv1_1 +conv3-64 ReLU +224x224x64 +1,792 +86,704,128 +3,211,264 +3 +1$", line) for line in lines
    )
    assert any(re.match(r"total +16 weight layers +138,357,544 +15,470,264,320 ", line) for line in lines)
    assert "553.4 MB of weights and 60.3 MB of activations" in lines[-2]
    assert lines[-1] == "source: Simonyan & Zisserman 2015, arXiv:1409.1556"
    assert all(line == line.rstrip() for line in lines)


def test_show_as_json() -> None:
    data: dict[str, Any] = json.loads(shown("vgg_d", "--format", "json"))
    wanted = ["name", "input", "params", "total_params", "macs", "weight_layers", "layers"]
    assert [key for key in data if key in wanted] == wanted
    assert (data["name"], data["input"], data["output"]) == ("vgg_d", [3, 224, 224], [1000, 1, 1])
    assert (data["params"], data["total_params"]) == (138_357_544, 138_357_544)
    assert (data["macs"], data["weight_layers"]) == (15_470_264_320, 16)
    layer = data["layers"][0]
    wanted = ["name", "kind", "spelled", "line", "output", "params", "macs", "activations", "receptive_field"]
    assert [key for key in layer if key in wanted] == wanted
    assert layer | dict.fromkeys(["implied", "total_params", "stride"]) == {
        "name": "conv1_1",
        "kind": "conv",
        "spelled": "conv3-64",
        "line": 8,
        "implied": None,
        "output": [64, 224, 224],
        "params": 1792,
        "total_params": None,
        "macs": 86_704_128,
        "activations": 3_211_264,
        "receptive_field": 3,
        "stride": None,
    }
    assert data["layers"][1]["implied"] == "after conv"


def test_json_has_both_axes_where_they_differ() -> None:
    data = json.loads(shown("-", "--format", "json", input="input 8x8x1 conv1x3-2 FC-3"))
    assert data["layers"][0]["receptive_field"] == [1, 3]


def test_show_as_csv() -> None:
    rows = list(csv.DictReader(io.StringIO(shown("-", "--format", "csv"))))
    assert [row["name"] for row in rows] == ["conv1_1", "relu1_1", "pool1", "fc2", "softmax"]
    assert rows[0]["output"] == "32x32x64"
    assert sum(int(row["params"]) for row in rows) == vggdsl.parse(GOOD).typed.params


def test_show_as_markdown() -> None:
    lines = shown("-", "--format", "markdown").splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert re.fullmatch(r"\|( :?--:? \|)+", lines[1])


def test_show_as_latex() -> None:
    text = shown("-", "--format", "latex")
    assert text.count("\\begin{tabular}") == text.count("\\end{tabular}") == 1
    assert "conv1\\_1" in text
    assert not re.search(r"(?<!\\)_", text)


def test_show_tells_what_is_wrong_beside_the_table() -> None:
    result = run("show", "-", input=REFUTED)
    assert result.exit_code == 1
    assert "error[V301]" in result.stderr
    assert "conv1_1" in result.stdout


# -- explain


def test_explain_a_line() -> None:
    result = run("explain", "vgg_d:8")
    assert result.exit_code == 0
    assert "224x224x3 -> 224x224x64: (224 + 2·1 - 3) // 1 + 1 = 224" in result.output
    assert "64·(3·3·3) + 64 = 1,792" in result.output
    assert "conv1_2" in result.output
    assert "pool1" not in result.output


def test_explain_everything() -> None:
    output = run("explain", "mini_vgg").output
    assert all(re.search(rf"^{t.name}: ", output, re.MULTILINE) for t in vggdsl.load("mini_vgg").typed.nodes)


@pytest.mark.parametrize("place", ["vgg_d:1", "vgg_d:9999", "vgg_d:0"])
def test_explaining_a_line_without_layers_is_wrong_usage(place: str) -> None:
    result = run("explain", place)
    assert result.exit_code == 2
    assert "its layers stand on lines 4, " in result.output


@pytest.mark.parametrize("name", vggdsl.shipped())
def test_every_shipped_spec_can_be_shown_and_explained(name: str) -> None:
    assert run("explain", name).exit_code == 0
    assert run("show", name).exit_code == 0


@given(texts(), st.sampled_from(["table", "json", "csv", "markdown", "latex"]))
def test_any_network_can_be_shown_and_explained(text: str, form: str) -> None:
    for arguments in (["show", "-", "--format", form], ["explain", "-"]):
        result = run(*arguments, input=text)
        assert result.exit_code == 0
        assert len(result.stdout.splitlines()) > 1


@given(texts())
def test_the_arithmetic_that_explain_prints_is_right(text: str) -> None:
    sums = r"[ :](\(\d[^:=]*|ceil\([^:=]*|\d+ \+ [^:=]*|\d+·[^:=]*) = ([\d,]+)"
    for line in run("explain", "-", input=text).stdout.splitlines():
        if line.startswith(("  shape", "  params", "  field")):
            for left, right in re.findall(sums, line):
                term = re.sub(r"that would start beyond it|gamma|beta", "", left).replace("·", "*").replace(",", "")
                assert eval(term, {"ceil": math.ceil}) == int(right.replace(",", "")), line


# -- specs


def test_specs_are_listed() -> None:
    result = run("specs")
    assert result.exit_code == 0
    assert all(re.search(rf"^{name} ", result.output, re.MULTILINE) for name in vggdsl.shipped())
    rows = json.loads(run("specs", "--json").stdout)
    assert [row["name"] for row in rows] == list(vggdsl.shipped())
    assert {"name", "params", "macs", "holds", "disputed", "source"} <= set(rows[0])


# -- the terminal


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}, {"FORCE_COLOR": "1", "NO_COLOR": "1"}])
def test_no_escape_codes_where_there_is_no_terminal(variables: dict[str, str]) -> None:
    for arguments in (["show", "-"], ["check", "no_such_spec"], ["specs"]):
        result = outside(*arguments, **variables)
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
        result = outside(*arguments, PYTHONIOENCODING=encoding)
        assert result.returncode == 0, result.stderr
        assert "Traceback" not in result.stderr


def test_a_closed_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m vggdsl explain vgg_d | head -1"
    result = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert result.stderr == ""


HEAVY = ("torch", "torchvision", "onnx", "onnx_ir", "onnxruntime", "ignite", "sklearn", "matplotlib")


def test_the_front_end_imports_no_framework() -> None:
    code = f"""
import sys
from click.testing import CliRunner
from vggdsl.cli import main
for arguments in (["check", "vgg_d"], ["show", "vgg_d"], ["explain", "vgg_d:8"], ["fmt", "-"], ["specs"], ["--help"]):
    result = CliRunner().invoke(main, arguments, input={GOOD!r})
    assert result.exit_code == 0, (arguments, result.output)
print([name for name in {HEAVY} if name in sys.modules])
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (result.stdout, result.stderr) == ("[]\n", "")
