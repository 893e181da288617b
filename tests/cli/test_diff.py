"""``vggdsl diff``: what is printed, and how it ends."""

import json
from pathlib import Path
from shlex import quote

import pytest
from commands import run
from json_types import misfits

from specs import BRANCHING, GOOD, RESIDUAL, WRONG
from vggdsl.cli.schemas.calls import SCHEMAS


def test_the_same_network_in_another_text_ends_with_0(good: str) -> None:
    written = (
        "# rewritten\ninput 32x32x3\nblock a(n) { stem: conv3-$n }\nafter conv: ReLU\na(64) maxpool FC-10 softmax\n"
    )
    result = run("diff", good, "-", input=written)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "the same network, 165,642 parameters\nthe same recipes, claims and measurements\n" in result.stdout
    assert run("diff", "-", good, input=GOOD).exit_code == 0


def test_what_differs_ends_with_1() -> None:
    result = run("diff", "vgg_b", "vgg_c")
    assert (result.exit_code, result.stderr) == (1, "")
    lines = result.stdout.splitlines()
    assert lines[:2] == ["vgg_b -> vgg_c", "added: three conv1 (conv1-256, conv1-512, conv1-512)"]
    assert lines[3] == "+ conv1-256 in stage 3 (conv3_3): +65,792 parameters, +205.5 M MACs"
    assert ["parameters", "133,047,848", "133,638,952", "+591,104"] in [line.split() for line in lines]
    assert (
        run("diff", "vgg_b", "-", input=run("fmt", "--flatten", "vgg_b").stdout + "claim params 133M\n").exit_code == 1
    )


@pytest.mark.parametrize("one", [GOOD, BRANCHING, RESIDUAL.replace("maxpool", "maxpool global-avgpool FC-4 softmax")])
def test_json_is_what_its_type_says(one: str, good: str) -> None:
    result = run("diff", good, "-", "--json", input=one)
    data = json.loads(result.stdout)
    assert list(misfits(data, SCHEMAS["diff --json"])) == []
    assert result.exit_code == (0 if data["same"] else 1)
    grown = {key: data["after"][key] - data["before"][key] for key in ("params", "macs", "training_params")}
    edits = [edit for edit in data["edits"] if not edit["in_training"]]
    assert {key: sum(edit[key] for edit in edits) for key in ("params", "macs")} == {
        key: grown[key] for key in ("params", "macs")
    }
    assert sum(edit["params"] for edit in data["edits"]) == grown["training_params"]


def test_trouble_ends_with_2(wrong: str, good: str, tmp_path: Path) -> None:
    assert "error[V101]" in run("diff", good, wrong).stderr
    for call in ([good, wrong], [wrong, good], [good, "nope"], ["-", "-"], [good], [good, str(tmp_path)]):
        result = run("diff", *call, input=WRONG)
        assert (result.exit_code, result.stdout) == (2, "")


def test_a_run_is_the_spec_that_was_run(tmp_path: Path, good: str) -> None:
    (tmp_path / "spec.arch").write_text(GOOD)
    (tmp_path / "recipe.json").write_text('{"spec": "my-net"}')
    done = run("diff", tmp_path, good)
    told = f"the same recipes and claims; what was measured: vggdsl results {quote(str(tmp_path))}\n"
    assert (done.exit_code, done.stdout.endswith(told)) == (0, True)


def test_what_git_hands_to_a_command_is_told_by_its_path_and_never_fails(good: str, wrong: str) -> None:
    def told(old: str, new: str, *renamed: str) -> str:
        done = run("diff", "--git", "net.arch", old, "0" * 40, "100644", new, "0" * 40, "100644", *renamed)
        assert (done.exit_code, good in done.stdout) == (0, False)
        return done.stdout

    assert told(good, good).startswith("net.arch\nbefore and after: the same network")
    assert told(good, "/dev/null") == "net.arch\n- a network of 2 weight layers, 165,642 parameters\n"
    assert told("/dev/null", good, "new.arch", "renamed").startswith("net.arch -> new.arch\n+ a network of 2")
    assert told(good, wrong) == "net.arch\nnot compared: one side can't be read\n"
    assert run("diff", "--git", "net.arch").stdout == "net.arch: not merged\n"
    assert run("diff", "--git", good, good).exit_code == 2
