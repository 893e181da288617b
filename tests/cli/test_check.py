"""``vggdsl check``: what is right, what is wrong, and of what."""

import json
import re
from pathlib import Path

import pytest
from commands import run

import vggdsl
from specs import BLOCKS, GOOD, WRONG

REPOSITORY = Path(__file__).parents[2]


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


def test_nothing_that_ships_is_warned_of() -> None:
    done = run("check", "--strict", REPOSITORY / "specs", REPOSITORY / "examples")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1].endswith("checked: all ok")


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


def test_training_a_folder_reads_what_checking_it_reads(
    nets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = tmp_path / "away"
    away.mkdir()
    monkeypatch.chdir(away)
    trained = run("train", str(nets), "--recipe", "none")  # which ends it behind the reading
    assert "V244" in run("train", str(nets / "more" / "net.arch"), "--recipe", "none").stderr
    assert ("V244" in trained.stderr, "V504" in trained.stderr) == (False, True)


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


MISSPELLED = "input 8x8x1\nconv3-4 maxpol  # first\nDropout(0.5) FC-10 softmax\nclaim params 1\n"


def test_what_leaves_no_choice_is_mended_in_the_file_and_shown(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    path.write_text(MISSPELLED)
    result = run("check", "--fix", path)
    assert path.read_text() == MISSPELLED.replace("maxpol", "maxpool").replace("Dropout(0.5)", "dropout-0.5")
    assert "-conv3-4 maxpol  # first\n-Dropout(0.5)" in result.stdout
    assert "+conv3-4 maxpool  # first\n+dropout-0.5" in result.stdout
    assert result.exit_code == 1
    assert "error[V301]: params" in result.stdout, "which of the numbers is right a person has to say"
    assert result.stdout.splitlines()[-1].startswith(f"wrong  {path}: 2 errors mended, 1 error")
    before = path.stat().st_mtime_ns
    (row,) = json.loads(run("check", "--fix", "--json", path).stdout)
    assert (row["mended"], [each["code"] for each in row["diagnostics"]]) == ([], ["V301"])
    assert path.stat().st_mtime_ns == before


def test_a_mended_text_is_printed_and_told_apart_from_what_is_said_of_it() -> None:
    result = run("check", "--fix", "-", input=MISSPELLED.replace("claim params 1\n", ""))
    assert result.exit_code == 0
    assert result.stdout == "input 8x8x1\nconv3-4 maxpool  # first\ndropout-0.5 FC-10 softmax\n"
    assert "+conv3-4 maxpool" in result.stderr
    assert "2 errors mended" in result.stderr


def test_what_a_run_left_isnt_mended(nets: Path) -> None:
    record = nets / "runs/good-s0-1/record.arch"
    record.write_text(MISSPELLED)
    result = run("check", "--fix", nets)
    assert result.exit_code == 1
    assert record.read_text() == MISSPELLED
    assert f"{record}: what a run left isn't mended" in result.stderr


def test_a_byte_order_mark_stays(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    path.write_text(MISSPELLED, encoding="utf-8-sig")
    assert run("check", "--fix", path).exit_code == 1
    text = path.read_bytes().decode()
    assert text.startswith("\ufeffinput 8x8x1\nconv3-4 maxpool")
    assert text.count("\ufeff") == 1


def test_what_ships_isnt_mended_nor_what_isnt_there(tmp_path: Path) -> None:
    for name in ("vgg_d", str(tmp_path / "nowhere.arch"), str(tmp_path)):
        result = run("check", "--fix", name)
        assert (result.exit_code, "error[V501]" in result.stdout) == (2, True)
    assert run("check", "--fix", "vgg_d", "--against", "a.onnx").exit_code == 2
    assert run("check", "--fix", "--json", "-", input=MISSPELLED).exit_code == 2


def test_all_files_of_a_folder_are_mended(tmp_path: Path, good: str) -> None:
    (tmp_path / "good.arch").write_text(Path(good).read_text())
    (tmp_path / "wrong.arch").write_text(MISSPELLED)
    result = run("check", "--fix", tmp_path)
    assert result.stdout.splitlines()[-1] == "2 checked: 1 ok, 1 wrong"
    assert "maxpool" in (tmp_path / "wrong.arch").read_text()
    assert (tmp_path / "good.arch").read_text() == Path(good).read_text()
