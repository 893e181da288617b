"""``vggdsl show`` and ``specs``: tables for people and for programs."""

import csv
import io
import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from click.testing import Result
from commands import outside, run
from hypothesis import given
from profiles import fewer
from strategies import texts

import vggdsl
from specs import GOOD

REFUTED = GOOD + "claim params 5\n"


def cells(line: str) -> list[str]:
    return re.split(r" {2,}", line.strip())


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


def test_show_of_a_run_is_of_the_spec_that_was_run(tmp_path: Path) -> None:
    (tmp_path / "spec.arch").write_text(GOOD)
    (tmp_path / "recipe.json").write_text('{"spec": "my-net"}')
    for options in ([], ["--as", "pytorch"]):
        assert shown(str(tmp_path), *options) == shown(str(tmp_path / "spec.arch"), *options)
    assert "class MyNet(nn.Module)" in shown(str(tmp_path), *options)


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


@fewer
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


read_once = cache(vggdsl.load)


@cache
def listed(*options: str) -> Result:
    """All specs that ship: read once for all forms."""
    with mock.patch("vggdsl.cli.specs.load", read_once):
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


def test_a_bar_a_network() -> None:
    lines = run("show", "vgg_a", "vgg_d", "quickstart", "--plot", "params").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["vgg_a", "vgg_d", "quickstart"]
    assert [line.split()[-1] for line in lines] == ["132,863,336", "138,357,544", "392,906"]
    bars = [line.split()[1] for line in lines]
    assert len(bars[0]) / len(bars[1]) == pytest.approx(132_863_336 / 138_357_544, abs=0.03)
    assert bars[2] == "▏"


@pytest.mark.parametrize("columns", [1, 20, 34, 60, 200])
def test_bars_fit_into_a_terminal(columns: int) -> None:
    names = ["vgg_a", "resnet/resnet152", "deeper_googlenet/deeper_googlenet"]
    with mock.patch.dict("os.environ", {"COLUMNS": str(columns), "NO_COLOR": "1"}):
        lines = run("show", *names, "--plot", "macs").stdout.splitlines()
    assert len(lines) == len(names)
    assert max(map(len, lines)) <= max(columns, 24)
    assert lines[1].endswith("11,282,415,616")


def test_bars_without_blocks() -> None:
    done = outside("show", "vgg_a", "vgg_d", "--plot", "macs", env={"PYTHONIOENCODING": "ascii"})
    assert done.stdout.isascii()
    assert done.stdout.count("#") > 40


@pytest.mark.parametrize("other", [["--json"], ["--format", "csv"], ["--layers"]])
def test_bars_and_a_table_are_two_calls(other: list[str]) -> None:
    refused = run("show", "vgg_a", "--plot", "params", *other)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "leave out" in refused.stderr


@pytest.mark.parametrize(("notation", "command"), [("vgg-table", "--columns"), ("arch", "vggdsl fmt")])
def test_a_notation_that_isnt_written_is_told_with_what_writes_it(notation: str, command: str) -> None:
    for count in (1, 2):
        refused = run("show", *["vgg_a"] * count, "--as", notation)
        assert refused.exit_code == 2
        assert f"doesn't write {notation}: " in refused.stderr
        assert command in refused.stderr
