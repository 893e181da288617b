"""The command line: exit codes, formats, files."""

import csv
import io
import json
import math
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result
from commands import outside, python, run, shell
from hypothesis import given
from hypothesis import strategies as st
from strategies import texts

import vggdsl
from vggdsl.cli import COMMANDS, main

GOOD = "input 32x32x3 conv3-64 maxpool FC-10 softmax\n"
WRONG = "input 32x32x3 conv3-64 maxpol FC-10 softmax\n"
REFUTED = GOOD + "claim params 5\n"
ESCAPE = "\x1b["


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


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_in_a_terminal_and_tells_every_option(command: str) -> None:
    result = run(command, "--help")
    assert [line for line in result.output.splitlines() if len(line) > 80] == []
    assert re.search(rf"^  vggdsl {command}\b", result.output, re.MULTILINE)
    got = main.get_command(click.Context(main), command)
    assert got is not None
    options = (p for p in got.params if isinstance(p, click.Option))
    assert [option.name for option in options if not option.help] == []


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


# -- check


def test_check_answers_what_a_network_is_and_how_its_claims_do(good: str) -> None:
    holds = vggdsl.load("vgg_d").count("holds")
    assert run("check", "vgg_d").stdout == (
        "ok  vgg_d: 138,357,544 parameters, 15.5 G multiply-adds, 16 weight layers, 224x224x3 -> 1000\n"
        f"    {holds} claims hold, 0 disputed, 6 results claimed\n"
    )
    assert run("check", "-", input="input 8x8x1 conv3-2").stdout == (
        "ok  -: 20 parameters, 1.2 K multiply-adds, 1 weight layer, 8x8x1 -> 8x8x2\n    0 claims hold, 0 disputed\n"
    )


def test_check_tells_each_of_several_specs_on_a_line(good: str, wrong: str) -> None:
    result = run("check", good, wrong, "vgg_d")
    assert result.exit_code == 1
    assert re.search(
        r"^ok     .*good.arch +165,642 parameters; 0 claims hold, 0 disputed$", result.output, re.MULTILINE
    )
    assert re.search(r"^wrong  .*wrong.arch +1 error$", result.output, re.MULTILINE)
    holds = vggdsl.load("vgg_d").count("holds")
    line = rf"^ok     vgg_d +138,357,544 parameters; {holds} claims hold, 0 disputed, 6 results claimed$"
    assert re.search(line, result.output, re.MULTILINE)
    assert result.output.splitlines()[-1] == "3 checked: 2 ok, 1 wrong"
    assert run("check", good, "vgg_d").output.splitlines()[-1] == "2 checked: all ok"


def test_what_strict_refuses_is_not_called_right() -> None:
    warned = "input 7x7x3 maxpool FC-10 softmax"
    result = run("check", "-", input=warned)
    assert result.exit_code == 0
    assert re.search("^ok  -: ", result.stdout, re.MULTILINE)
    assert "warning[W202]" in result.output
    assert "1 warning" in result.output
    result = run("check", "--strict", "-", input=warned)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == "wrong  -: 0 claims hold, 0 disputed, 1 warning"


@pytest.fixture
def nets(tmp_path: Path) -> Path:
    """A folder of specs, in it blocks, a run with a record, one without, and what is hidden."""
    texts = {
        "good.arch": GOOD,
        "more/net.arch": 'use "../blocks/pair.arch"\ninput 8x8x3 both(4) FC-10 softmax\n',
        "blocks/pair.arch": BLOCKS,
        "runs/good-s0-1/record.arch": GOOD,
        "runs/good-s0-1/spec.arch": GOOD,
        "runs/good-s0-1/recipe.json": "{}",
        "runs/good-s1-1/spec.arch": GOOD,
        "runs/good-s1-1/recipe.json": "{}",
        ".hidden/wrong.arch": WRONG,
    }
    for name, text in texts.items():
        path = tmp_path / "nets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "nets"


def test_a_folder_is_checked_with_all_in_it(nets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    away = tmp_path / "away"
    away.mkdir()
    monkeypatch.chdir(away)  # from where links lead into the folder only because it is named
    result = run("check", str(nets))
    assert result.exit_code == 0, result.output
    names = [line.split()[1] for line in result.stdout.splitlines()[:-1]]
    wanted = ["good.arch", "blocks/pair.arch", "more/net.arch", "runs/good-s0-1/record.arch"]
    assert names == [str(nets / name) for name in wanted]
    assert "warning[W612]" in result.stderr
    rows = json.loads(run("check", "--json", str(nets), "vgg_d").stdout)
    assert [row["spec"] for row in rows] == [*names, "vgg_d"]
    (nets / "more" / "wrong.arch").write_text(WRONG)
    result = run("check", str(nets))
    assert result.exit_code == 1
    assert "error[V101]" in result.stdout


def test_links_may_lead_into_a_folder_that_is_named(
    nets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = tmp_path / "away"
    away.mkdir()
    monkeypatch.chdir(away)
    net = str(nets / "more" / "net.arch")
    assert "error[V244]" in run("check", net).stdout
    assert run("check", net, str(nets)).exit_code == 0


def test_a_folder_without_specs_is_told(tmp_path: Path, good: str) -> None:
    (tmp_path / "empty").mkdir()
    result = run("check", str(tmp_path / "empty"))
    assert result.exit_code == 2
    assert f"error[V501]: no spec in {tmp_path / 'empty'}\n" in result.stdout
    assert re.search("^ok .*good.arch", run("check", str(tmp_path / "empty"), good).stdout, re.MULTILINE)


def test_a_spec_that_is_wrong_outdoes_one_that_is_missing(wrong: str, good: str) -> None:
    assert run("check", "no_such_spec", wrong).exit_code == 1
    assert run("check", good, "no_such_spec").exit_code == 2


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


BLOCKS = "block pair(a, b) { conv3-$a conv3-$b }\nblock both(c) { pair($c, $c) maxpool }\n"


def test_a_file_of_blocks_is_checked_without_a_network(tmp_path: Path) -> None:
    path = tmp_path / "blocks.arch"
    path.write_text(BLOCKS)
    result = run("check", str(path))
    assert (result.exit_code, result.stdout) == (0, f"ok  {path}: 2 blocks\n")
    (row,) = json.loads(run("check", "--json", str(path)).stdout)
    assert row == {"spec": str(path), "ok": True, "blocks": 2, "diagnostics": []}
    assert run("check", "-", input=BLOCKS).exit_code == 0
    path.write_text(BLOCKS.replace("pair($c, $c)", "pair($c)"))
    result = run("check", str(path))
    assert result.exit_code == 1
    assert "error[V232]" in result.stdout
    assert result.stdout.splitlines()[-1] == f"wrong  {path}: 1 error, 2 blocks"


def test_a_file_of_blocks_is_no_network_to_show(tmp_path: Path) -> None:
    path = tmp_path / "blocks.arch"
    path.write_text(BLOCKS)
    for command in ("show", "explain"):
        result = run(command, str(path))
        assert result.exit_code == 1
        assert "error[V210]" in result.stderr


def test_links_may_lead_to_what_is_named_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nets, blocks = tmp_path / "nets", tmp_path / "blocks"
    nets.mkdir()
    blocks.mkdir()
    (blocks / "pair.arch").write_text(BLOCKS)
    spec = nets / "net.arch"
    spec.write_text('use "../blocks/pair.arch"\ninput 8x8x3 both(4) FC-10 softmax\n')
    monkeypatch.chdir(nets)
    assert "error[V244]" in run("check", "net.arch").stdout
    result = run("check", str(spec), str(blocks / "pair.arch"))
    assert result.exit_code == 0
    assert "2 blocks" in result.stdout


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


def test_show_takes_several_specs(good: str, wrong: str) -> None:
    result = run("show", "vgg_a", wrong, good)
    assert result.exit_code == 1
    assert "error[V101]" in result.stderr
    first, second = shown("vgg_a"), shown(good)
    assert result.stdout == f"vgg_a:\n{first}\n{good}:\n{second}"
    assert run("show", "vgg_a", good).exit_code == 0
    assert run("show", "vgg_a", "nope").exit_code == 2
    lines = shown("vgg_a", good, "--format", "markdown").splitlines()
    assert [line for line in lines if line.startswith("**")] == ["**vgg_a**", f"**{good}**"]
    rows = list(csv.DictReader(io.StringIO(shown("vgg_a", good, "--format", "csv"))))
    assert {row["spec"] for row in rows} == {"vgg_a", good}
    assert [row["name"] for row in rows if row["spec"] == good] == ["conv1_1", "relu1_1", "pool1", "fc2", "softmax"]


@pytest.mark.parametrize("name", ["vgg_d", "googlenet", "deeper_googlenet/conv_relu_bn"])
def test_a_spec_prints_as_it_is_shown(name: str) -> None:
    assert f"{vggdsl.load(name)}\n" == shown(name)


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
        "inputs": ["input"],
        "file": layer["file"],
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


BRANCHING = """\
input 16x16x3
after conv: ReLU
block two(a, b) { concat[ conv1-$a | conv3-$b conv3-$b ] }
conv3-8
2: two(4, 8) x2 maxpool
aux 0.3 { conv1-2 FC-5 }
add[ identity | conv3-12 ]
FC-5 softmax
"""


@pytest.fixture
def branching(tmp_path: Path) -> str:
    path = tmp_path / "branching.arch"
    path.write_text(BRANCHING)
    return str(path)


def cells(line: str) -> list[str]:
    return re.split(r" {2,}", line.strip())


def test_show_gives_an_element_a_row(branching: str) -> None:
    lines = shown(branching).splitlines()
    typed = vggdsl.load(branching).typed
    named = [t for t in typed.nodes if t.name.startswith("2.")]
    (row,) = (cells(line) for line in lines if line.startswith("2 "))
    wanted = [f"{sum(n):,}" for n in zip(*((t.params.learnable, t.macs, t.activations) for t in named), strict=True)]
    assert row == ["2", "two(4, 8) x2", "16x16x12", *wanted, "11", "1"]
    assert any(re.match(r" +add\[ identity \| conv3-12 \] +8x8x12 ", line) for line in lines)
    assert not any("2.1.conv1" in line for line in lines)


def test_show_gives_each_layer_a_row_and_says_what_it_takes(branching: str) -> None:
    lines = shown(branching, "--layers").splitlines()
    rows = dict(cells(line)[:2] for line in lines if len(cells(line)) > 2)
    assert rows["2.1.conv1"] == "conv1-4 ReLU"
    assert rows["2.1.conv2"] == "conv3-8 ReLU from conv1_1"
    assert rows["2.1.conv3"] == "conv3-8 ReLU"
    assert rows["2.1.concat1"] == "concat from 2.1.conv1, 2.1.conv3"
    assert rows["2.2.conv1"] == "conv1-4 ReLU"
    assert rows["aux1.conv1"] == "conv1-2 ReLU from pool1"


def test_the_rows_of_a_table_sum_to_its_totals(branching: str) -> None:
    typed = vggdsl.load(branching).typed
    for arguments in ([], ["--layers"]):
        lines = shown(branching, "--format", "markdown", *arguments).splitlines()[2:]
        rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
        params = [int(row[3].replace(",", "") or 0) for row in rows if row[0] not in ("total", "training")]
        assert sum(params) == typed.training_params
    (total,) = (row for row in rows if row[0] == "total")
    (training,) = (row for row in rows if row[0] == "training")
    assert int(total[3].replace(",", "")) == typed.params < typed.training_params
    assert int(training[3].replace(",", "")) == typed.training_params


@given(texts())
def test_the_rows_of_any_network_sum_to_its_total(text: str) -> None:
    """What a rule gives has a row of its own if it has parameters, as a PReLU has."""
    lines = run("show", "-", "--format", "markdown", input=text).stdout.splitlines()[2:]
    rows = [re.split(r" (?<!\\)\| ", line.removeprefix("| ")) for line in lines]
    params = [int(row[3].replace(",", "") or 0) for row in rows]
    total = [row[0] for row in rows].index("total")
    assert sum(params[:total]) == params[total]


def test_auxiliary_classifiers_stand_behind_the_total(branching: str) -> None:
    lines = shown(branching).splitlines()
    place = {cells(line)[0]: i for i, line in enumerate(lines) if line.strip()}
    assert place["softmax"] < place["total"] < place["aux1"] < place["training"]
    assert cells(lines[place["aux1"]])[1] == "aux 0.3 from pool1"
    data = json.loads(shown(branching, "--format", "json"))
    (head,) = data["heads"]
    assert (head["name"], head["weight"], head["input"]) == ("aux1", 0.3, "pool1")
    assert [layer["name"] for layer in head["layers"]] == ["aux1.conv1", "aux1.relu1", "aux1.fc1"]
    assert data["training_params"] == data["params"] + head["params"]
    assert sum(layer["params"] for layer in head["layers"]) == head["params"]


def test_json_gives_the_edges_of_the_graph(branching: str) -> None:
    layers = json.loads(shown(branching, "--format", "json"))["layers"]
    inputs = {layer["name"]: layer["inputs"] for layer in layers}
    assert inputs["2.1.concat1"] == ["2.1.relu1", "2.1.relu3"]
    names = ["input", *inputs]
    assert all(names.index(name) < names.index(to) for to, sources in inputs.items() for name in sources)
    assert {layer["file"] for layer in layers} == {branching}


def test_csv_says_of_which_head_a_layer_is(branching: str) -> None:
    rows = list(csv.DictReader(io.StringIO(shown(branching, "--format", "csv"))))
    assert [row["name"] for row in rows if row["head"]] == ["aux1.conv1", "aux1.relu1", "aux1.fc1"]
    assert next(row["inputs"] for row in rows if row["name"] == "2.1.concat1") == "2.1.relu1 2.1.relu3"


@pytest.mark.parametrize(
    ("element", "row"),
    [
        ("add[ conv3-64 | conv3-64 ]", "add[ conv3-64 | conv3-64 ]"),
        (
            "g: ( a: block_of_layers(64, 64) block_of_layers(64, 64) x3 ) x2",
            "( block_of_layers(…) block_of_layers(…) x3 ) x2",
        ),
        ("concat[ " + "conv3-64 " * 9 + "| identity ] x2", "concat[ 2 branches ] x2"),
        ("( " + "conv3-64 " * 9 + ")", "( 9 elements )"),
    ],
)
def test_a_wide_element_is_shortened_in_the_table(element: str, row: str) -> None:
    text = "block block_of_layers(a, b) { add[ conv3-$a | conv3-$b ] }\n"
    text = f"{text if 'block' in element else ''}input 8x8x3 {element}\nconcat[ conv1-1 | conv1-2 ] FC-3"
    lines = shown("-", input=text).splitlines()
    assert row in cells(lines[3])


def test_show_says_what_a_spec_extends(branching: str, tmp_path: Path) -> None:
    delta = tmp_path / "delta.arch"
    delta.write_text('extends "branching.arch"\nreplace 2: conv3-12\n')
    text = shown(str(delta))
    assert "extends branching.arch" in text.splitlines()
    assert "two(4, 8)" not in text
    assert "add[ identity | conv3-12 ]" not in shown("-")


# -- explain


def test_explain_tells_what_a_layer_stands_in(branching: str) -> None:
    parts = {part.split(":")[0]: part for part in run("explain", branching).stdout.split("\n\n")}
    assert "\n  in       branch 2 of 2 of 2.1.concat1\n  in       two(4, 8) of line 5\n" in parts["2.1.conv3"]
    assert "\n  from     2.1.relu1, 2.1.relu3\n" in parts["2.1.concat1"]
    assert "16x16x4, 16x16x8 -> 16x16x12: 4 + 8 = 12 channels" in parts["2.1.concat1"]
    assert "the largest of its branches" in parts["2.1.concat1"]
    assert "branch 1 of 2 of 2.2.concat1" in parts["2.2.conv1"]
    assert "branch 1 of 2 of add2_1" in parts["identity1"]
    assert "aux1, an auxiliary classifier whose loss weighs 0.3" in parts["aux1.fc1"]
    assert "\n  from     pool1\n" in parts["aux1.conv1"]
    for classifier in ("fc3", "aux1.fc1"):
        assert "the classifier: " in parts[classifier]
    assert "then     ReLU: by the rule `after conv` of line 2" in parts["2.1.conv3"]


def test_explain_nested_branches() -> None:
    text = "input 8x8x3\nconcat[ conv1-1 | add[ conv1-2 | concat[ conv1-1 | identity conv3-1 ] ] ] x2\nFC-3"
    parts = {part.split(":")[0]: part for part in run("explain", "-", input=text).stdout.split("\n\n")}
    wanted = ["branch 2 of 2 of concat1_3", "branch 2 of 2 of add1_2", "branch 2 of 2 of concat1_4"]
    assert "conv3-1" in parts["conv1_8"]
    assert re.findall(r"in {7}(.*)", parts["conv1_8"]) == wanted
    assert re.findall(r"in {7}(.*)", parts["concat1_3"]) == wanted[1:]
    assert not re.findall(r"in {7}(.*)", parts["concat1_2"])


def test_a_line_that_calls_a_block_explains_its_layers(branching: str) -> None:
    names = re.findall(r"^(\S+): ", run("explain", f"{branching}:5").stdout, re.MULTILINE)
    assert names[:4] == ["2.1.conv1", "2.1.conv2", "2.1.conv3", "2.1.concat1"]
    assert names[-1] == "pool1"
    assert set(re.findall(r"^(\S+): (?=conv)", run("explain", f"{branching}:3").stdout, re.MULTILINE)) == {
        f"2.{i}.conv{j}" for i in (1, 2) for j in (1, 2, 3)
    }


def test_the_lines_of_a_delta_are_those_of_its_own_file(branching: str, tmp_path: Path) -> None:
    delta = tmp_path / "delta.arch"
    delta.write_text('extends "branching.arch"\n\n\ninsert-after pool1: conv3-12\n')
    result = run("explain", f"{delta}:4")
    assert re.findall(r"^(\S+): ", result.stdout, re.MULTILINE) == ["conv2_1"]
    assert f"by the rule `after conv` of {branching}:2" in result.stdout
    result = run("explain", f"{delta}:5")
    assert result.exit_code == 2
    assert "its layers stand on lines 4" in result.output
    delta.write_text('extends "branching.arch"\n')
    assert "stand in the file that it extends" in run("explain", f"{delta}:1").output


def test_explain_says_where_the_zeros_are() -> None:
    output = run("explain", "-:2", input="input 8x8x16\nmaxpool1/2 widen-32").stdout
    assert "8x8x16 -> 4x4x16: (8 + 2·0 - 1) // 2 + 1 = 4\n" in output
    assert "4x4x16 -> 4x4x32: the channels and zeros behind them, 16 + 16 = 32\n" in output


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


def implied(text: str) -> dict[str, list[str]]:
    """What explain says to be implied, by the names of the layers."""
    parts = run("explain", "-", input=text).stdout.split("\n\n")
    return {part.split(":")[0]: re.findall(r"^  implied  (.*)", part, re.MULTILINE) for part in parts}


def test_what_is_written_is_not_explained_as_implied() -> None:
    text = """\
input 8x8x3
after conv: BN Eps=1e-3
conv3-4 PAD=1 BIAS=no ReLU LRN K=1 maxpool2/2 CEIL
conv3-4/1 ReLU avgpool2/2 pad=0
FC-10 bias=no
"""
    said = implied(text)
    assert said["conv1_1"] == ["stride 1x1"]
    assert said["bn1_1"] == ["by the rule `after conv` of line 2", "momentum 0.1"]
    source = "(Krizhevsky et al. 2012)"
    assert said["lrn1_1"] == [f"{value} {source}" for value in ("n 5", "alpha 0.0001", "beta 0.75")]
    assert said["pool1"] == ["padding 0x0"]
    assert said["conv2_1"] == ["padding 1x1", "a bias"]
    assert said["pool2"] == ["sizes are rounded down"]
    assert said["fc3"] == ["the classifier: rules for hidden FCs don't apply to it"]


def test_what_a_default_says_is_told_with_its_line() -> None:
    text = """\
input 8x8x3
default BN: eps=1e-3
default LRN: n=3
default conv: stride=2 pad=0
default maxpool: ceil
conv3-4 BN LRN ReLU maxpool
conv3-4 stride=1 pad=1 BN eps=1e-4 ReLU
FC-10
"""
    said = implied(text)
    assert said["conv1_1"][:2] == [
        "padding 0x0, by `default conv` of line 4",
        "stride 2x2, by `default conv` of line 4",
    ]
    assert said["bn1_1"] == ["eps 0.001, by `default BN` of line 2", "momentum 0.1"]
    assert said["lrn1_1"][0] == "n 3, by `default LRN` of line 3"
    assert said["pool1"][-1] == "sizes are rounded up, by `default maxpool` of line 5"
    assert (said["conv2_1"], said["bn2_1"]) == (["a bias"], ["momentum 0.1"])


def test_the_value_of_a_parameter_is_written() -> None:
    said = implied("input 8x8x3\nblock a(p, s) { conv3-4/$s pad=$p ReLU }\na(2, 1) FC-10\n")
    assert said["conv1_1"] == ["a bias"]


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


@cache
def listed(*options: str) -> Result:
    """All specs that ship: read once for each form."""
    return run("specs", *options)


def test_specs_are_listed() -> None:
    result = listed()
    assert result.exit_code == 0
    assert all(re.search(rf"^{name} ", result.output, re.MULTILINE) for name in vggdsl.shipped())
    rows = json.loads(listed("--json").stdout)
    assert [row["name"] for row in rows] == list(vggdsl.shipped())
    assert {"name", "params", "macs", "holds", "disputed", "source"} <= set(rows[0])


def test_specs_as_markdown_and_json() -> None:
    lines = listed("--format", "markdown").stdout.splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert len(lines) == len(vggdsl.shipped()) + 2
    assert listed("--format", "json").stdout == listed("--json").stdout
    assert not any(name.startswith("blocks/") for name in vggdsl.shipped())


def test_the_list_of_specs_is_no_wider_than_a_page() -> None:
    assert max(map(len, listed().stdout.splitlines())) <= 125


# -- fmt


def test_flatten_prints_a_spec_that_points_nowhere(branching: str, tmp_path: Path) -> None:
    delta = tmp_path / "delta.arch"
    delta.write_text('extends "branching.arch"\nreplace 2: two(6, 6)\n')
    before = delta.read_text()
    result = run("fmt", "--flatten", str(delta))
    assert (result.exit_code, delta.read_text()) == (0, before)
    flat = vggdsl.parse(result.stdout)
    assert flat.network.graph.digest == vggdsl.load(delta).network.graph.digest
    assert "extends" not in result.stdout
    assert run("fmt", "-", input=result.stdout).stdout == result.stdout


def test_flatten_takes_one_spec_also_one_that_ships(good: str) -> None:
    assert vggdsl.parse(run("fmt", "--flatten", "googlenet").stdout) != vggdsl.load("googlenet")
    assert run("fmt", "--flatten", good, good).exit_code == 2
    assert run("fmt", "--flatten", "--check", good).exit_code == 2
    assert run("fmt", "--flatten", "no_such_spec").exit_code == 2
    assert run("fmt", "--flatten", "-", input='extends "no.arch"').exit_code == 1


WIDE = """\
2b: concat[ conv1-64 BN ReLU | conv1-64 BN ReLU conv3-128 BN ReLU | maxpool3/1 pad=1 conv1-13 BN ReLU conv3-4 ] -> 8x8x4
"""


def test_a_wide_merge_is_broken_a_branch_a_line() -> None:
    written = run("fmt", "-", input=WIDE).stdout
    assert written == (
        "2b: concat[\n"
        "  conv1-64 BN ReLU |\n"
        "  conv1-64 BN ReLU conv3-128 BN ReLU |\n"
        "  maxpool3/1 pad=1 conv1-13 BN ReLU conv3-4\n"
        "] -> 8x8x4\n"
    )
    assert run("fmt", "-", input=written).stdout == written


@pytest.mark.parametrize("head", ["", "replace 4a: ", "insert-after 4a: "])
def test_no_line_of_wide_elements_is_wider_than_it_need_be(head: str) -> None:
    wide = f"{head}( conv3-64 ( {'conv3-128 BN ReLU ' * 9}) x2 aux 0.3 {{ {'FC-4096 ReLU ' * 12}}} ) x3 # note"
    written = run("fmt", "-", input=wide).stdout
    assert max(map(len, written.splitlines())) <= 100
    assert written.endswith(") x3  # note\n")
    assert run("fmt", "-", input=written).stdout == written


def test_only_layers_have_a_bare_ceil() -> None:
    text = "default maxpool: ceil\navgpool ceil\nclaim top-1-error 5% ceil=yes\ntrain {\n  a ceil=yes b(ceil=yes)\n}\n"
    assert run("fmt", "-", input=text).stdout == text


# -- warnings


def warned(text: str) -> list[tuple[str, int]]:
    found = vggdsl.parse(text).check()
    return [(d.code, d.labels[0].span.line) for d in found]


def test_what_looks_wrong_in_a_block_is_told_once_with_its_call() -> None:
    text = "input 16x16x3\nafter conv: ReLU\nblock odd(c) { conv3-$c maxpool3/3 }\nodd(4)\nodd(5)\nFC-10 softmax\n"
    (finding,) = vggdsl.parse(text).check()
    assert finding.code == "W202"
    assert [(label.span.line, label.text) for label in finding.labels] == [(3, "this window"), (4, "called here")]


def test_a_block_that_nothing_calls_is_warned_of() -> None:
    head = "input 8x8x3\nblock a() { conv3-4 }\nblock b() { a() }\nblock c() { b() }\n"
    assert warned(f"{head}b() FC-10 softmax\n") == [("W208", 4)]
    assert warned(f"{head}concat[ c() | identity ] FC-10 softmax\n") == []


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("conv3-4\nconv3-4\nReLU\nFC-3", [3]),
        ("concat[ conv3-4 | conv1-4 ]\nconv3-4\nReLU\nFC-3", [3]),
        ("concat[ conv3-4 | conv1-4 ReLU ]\nconv3-4\nReLU\nFC-3", []),
        ("conv3-4\nadd[ conv3-4 | identity ]\nconv3-4\nReLU\nFC-3", [3, 4]),
        ("conv3-4 ReLU\nadd[ conv3-4 | identity ]\nconv3-4\nReLU\nFC-3", []),
        # residuals before the activation: the sum goes on beside the layer that takes it as it is
        ("conv3-4\nadd[ BN ReLU conv3-4 | identity ]\nadd[ BN ReLU conv3-6 | conv1-6 ]\nReLU\nFC-3", []),
        ("conv3-4\naux 0.3 { ReLU FC-3 }\nReLU\nFC-3", []),
        ("conv3-4 ReLU\naux 0.3 { conv1-4 FC-3 }\nFC-3", [3]),
    ],
)
def test_layers_with_nothing_nonlinear_between(body: str, lines: list[int]) -> None:
    assert warned(f"input 8x8x3\n{body}\n") == [("W204", line) for line in lines]


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("conv3-4\nReLU\nReLU\nFC-3", [4]),
        ("conv3-4\nReLU\nLeakyReLU\nFC-3", []),
        ("conv3-4 ReLU\ndropout-0.5\ndropout-0.2\nFC-3", [4]),
        ("conv3-4 ReLU\ndropout-0.5 BN\ndropout-0.2\nFC-3", []),
        ("after conv: BN\nconv3-4\nBN\nReLU\nFC-3", [4]),
        ("after FC: ReLU dropout-0.5\nconv3-4 ReLU\nFC-8 dropout-0.5\nFC-3", [4]),
        ("after FC: ReLU dropout-0.5\nconv3-4 ReLU\nFC-8 after=none ReLU dropout-0.5\nFC-3", []),
        ("after conv: ReLU BN BN\nconv3-4\nFC-3", [2]),
        # the first is needed beside the second
        ("conv3-4 ReLU\ndropout-0.2\nconcat[ dropout-0.5 conv1-4 | identity ]\nReLU\nFC-3", []),
        ("conv3-4 ReLU\ndropout-0.2\naux 0.3 { FC-3 }\ndropout-0.2\nFC-3", []),
    ],
)
def test_the_same_layer_twice_in_a_row(body: str, lines: list[int]) -> None:
    assert warned(f"input 8x8x3\n{body}\n") == [("W209", line) for line in lines]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("conv4-8 ReLU FC-3", True),
        ("conv4-8 pad=1 ReLU FC-3", False),
        ("default conv: pad=0\nconv4-8 ReLU FC-3", False),
        ("default conv: pad=1\nconv4-8 ReLU FC-3", False),
        ("default conv: bias=no\nconv4-8 ReLU FC-3", True),
        ("conv4-8/2 ReLU FC-3", False),
        ("conv3-8 ReLU FC-3", False),
    ],
)
def test_an_even_kernel_is_told_where_no_padding_is_said(text: str, told: bool) -> None:
    assert [code for code, _ in warned(f"input 8x8x3\n{text}\n")] == ["W207"] * told


# -- the terminal


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}, {"FORCE_COLOR": "1", "NO_COLOR": "1"}])
def test_no_escape_codes_where_there_is_no_terminal(variables: dict[str, str]) -> None:
    for arguments in (["show", "-"], ["check", "no_such_spec"], ["specs"]):
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


def test_the_front_end_imports_no_framework() -> None:
    code = f"""
import sys
from click.testing import CliRunner
from vggdsl.cli import main
for arguments in (["check", "vgg_d"], ["show", "vgg_d"], ["explain", "vgg_d:8"], ["fmt", "-"], ["specs"],
    ["show", "googlenet"], ["explain", "googlenet"], ["fmt", "--flatten", "vgg_gap"], ["results", "vgg_a"],
    ["--help"]):
    result = CliRunner().invoke(main, arguments, input={GOOD!r})
    assert result.exit_code == 0, (arguments, result.output)
print([name for name in {HEAVY} if name in sys.modules])
"""
    result = python("-c", code)
    assert (result.stdout, result.stderr) == ("[]\n", "")
