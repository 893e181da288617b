"""Specs that leave choices open, as commands tell of them."""

import json
from pathlib import Path

import pytest
from commands import run
from json_types import misfits

import vggdsl
from vggdsl.cli.schemas.calls import SCHEMAS
from vggdsl.spec.space import load_space

SPACE = "input 8x8x3\nconv3-{4|8} x{1..2}\n( maxpool | identity )\nFC-10 softmax\n"


@pytest.fixture
def space(tmp_path: Path) -> str:
    path = tmp_path / "net.arch"
    path.write_text(SPACE)
    return str(path)


def test_check_says_how_many_networks_a_space_is(space: str) -> None:
    result = run("check", space)
    assert (result.exit_code, result.stdout) == (0, f"ok  {space}: a space of 8 networks\n")
    assert json.loads(run("check", "--json", space).stdout)[0]["space"] == {"networks": 8, "choices": 3, "tried": 8}
    assert "vgg_d" in run("check", space, "vgg_d").stdout


def test_check_tells_of_networks_that_can_t_be_made() -> None:
    some, none = (SPACE.replace("maxpool |", f"maxpool x{count} |") for count in ("{3..4}", "4"))
    found = run("check", "-", input=some)
    assert (found.exit_code, "warning[W222]: of 12 networks 4 can't be made: maxpool" in found.output) == (0, True)
    assert "so it is with 1:conv=4, 2:x=1, 3:layers=maxpool x{3..4}, 4:x=4" in found.output
    assert run("check", "--strict", "-", input=some).exit_code == 1
    found = run("check", "-", input=none.replace("| identity", "| maxpool x5"))
    assert (found.exit_code, "error[V237]: of 8 networks none is one" in found.output) == (1, True)


def test_of_a_large_space_a_sample_is_checked_and_said() -> None:
    found = run("check", "-", input=SPACE.replace("{4|8} x{1..2}", "{1..600}").replace("maxpool |", "maxpool x4 |"))
    assert "warning[W222]: 1,000 of 1,200 networks were tried, by chance, and " in found.output
    assert "a space of 1,200 networks, 1 warning; 1,000 networks tried, by chance" in found.output


def test_check_tells_of_rules_and_recipes_of_a_space() -> None:
    found = run("check", "-", input=SPACE + "after maxpool: BN\nafter avgpool: BN\n")
    assert (found.exit_code, found.output.count("V213")) == (1, 1)
    assert "`after avgpool` matches nothing in any network" in found.output
    found = run("check", "-", input=SPACE + "train {\n  data cifar100\n}\n")
    assert (found.exit_code, "V401" in found.output) == (1, True)


def test_show_prints_ranges(space: str) -> None:
    shown = run("show", space)
    assert shown.exit_code == 0
    rows = {line.split("  ")[0].strip(): line.split() for line in shown.stdout.splitlines()}
    specs = [vggdsl.parse(load_space(space).fill(picks).text) for picks in load_space(space).assignments()]
    params = [spec.typed.params for spec in specs]
    assert rows["total"][-2] == f"{min(params):,}..{max(params):,}"
    assert rows["conv3-{4|8} x{1..2}"][-4:-1] == ["100%", "8x8x[4..8]", "112..808"]
    assert rows["| maxpool"][2:] == ["50%", "4x4x[4..8]"]
    assert "the ranges are those of all 8 networks" in shown.stdout
    assert "choices: 1:conv of 2, 2:x of 2, 3:layers of 2" in shown.stdout


def test_show_prints_a_space_as_json_and_beside_specs(space: str) -> None:
    data = json.loads(run("show", space, "--json").stdout)
    assert list(misfits(data, SCHEMAS["show --json"])) == []
    assert (data["networks"], data["tried"], data["wrong"]) == (8, 8, 0)
    assert [choice["name"] for choice in data["choices"]] == ["1:conv", "2:x", "3:layers"]
    rows = json.loads(run("show", "quickstart", space, "--json").stdout)
    assert list(misfits(rows, SCHEMAS["show --json"])) == []
    assert [row["name"] for row in rows] == ["quickstart", "net"]
    assert f"{space}:" in run("show", "quickstart", space).stdout
    assert "| conv3-" in run("show", space, "--format", "markdown").stdout


@pytest.mark.parametrize("command", ["check", "show"])
def test_what_looks_wrong_in_all_networks_is_told(command: str) -> None:
    told = run(command, "-", input=SPACE.replace("x{1..2}", "ReLU ReLU"))
    assert (told.exit_code, told.output.count("warning[")) == (0, 1)
    assert "warning[W209]: ReLU twice in a row" in told.output
    plain = run("check", "-", input=SPACE.replace("x{1..2}", "x2"))
    assert "warning" not in plain.output


@pytest.mark.parametrize("option", ["--layers", "--format csv", "--plot params", "--columns", "--as pytorch"])
def test_what_show_can_only_of_one_network_is_refused_by_its_option(option: str, space: str) -> None:
    told = " ".join(run("show", space, *option.split()).stderr.split())
    given = option if "csv" in option else option.split()[0]
    assert f"`vggdsl show` without {given} tells the ranges of all" in told


CALLS = [
    ("show", "--layers"),
    ("show", "--format", "csv"),
    ("show", "--plot", "params"),
    ("show", "--columns"),
    ("show", "--as", "pytorch"),
    ("explain",),
    ("draw",),
    ("train",),
    ("diff", "quickstart"),
    ("export",),
]


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_what_is_of_one_network_refuses_a_space(call: tuple[str, ...], space: str) -> None:
    command, *options = call
    given = f"{space}:2" if command == "explain" else space
    result = run(command, given, *options)
    assert result.exit_code in (1, 2), result.output
    assert "V226" in result.output
    assert "a space of 8 networks, where one belongs" in result.output


def test_a_model_is_not_held_against_a_space(space: str, tmp_path: Path) -> None:
    model = tmp_path / "m.onnx"
    model.write_bytes(b"")
    result = run("check", space, "--against", str(model))
    assert (result.exit_code, "V226" in result.output) == (1, True)


def test_a_space_is_formatted_and_mended_as_any_spec(space: str) -> None:
    assert run("fmt", "--check", space).exit_code == 0
    assert run("fmt", "--flatten", space).stdout == SPACE
    assert run("fmt", "-", input="input 8x8x3 (maxpool|avgpool)").stdout == "input 8x8x3 ( maxpool | avgpool )\n"
    assert run("check", "--fix", space).exit_code == 0
    mended = run("check", "--fix", "-", input=SPACE.replace("1..2", "2..1"))
    assert (mended.exit_code, mended.stdout) == (0, SPACE)
