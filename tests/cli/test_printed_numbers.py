"""What came of the numbers that a source prints, or that a spec says one prints."""

from pathlib import Path

import pytest
from commands import run

TABLE = Path(__file__).parents[1] / "fixtures" / "printed" / "vgg_table_1.txt"
WRONG = """input 8x8x3
conv3-4 -> 8x8x5 params=112
FC-10 softmax
claim conv9 params 2 macs 3 "Table 1"
claim params 3K disputed "2,682 = 2.6K" "Table 2"
claim top-1-error 5% split=val
"""


def test_a_spec_of_one_s_own() -> None:
    done = run("claims", "-", input=WRONG)
    assert done.exit_code == 1
    assert "output of the element is 8x8x4, not 8x8x5; write 8x8x4" in done.stdout
    assert "-: 6 numbers: 4 refuted, 1 holds" in done.stderr.replace("1 holds, 4 refuted", "4 refuted, 1 holds")
    assert run("claims", "-", input="input 8x8x3 FC-10 softmax").stderr == "-: no number is claimed\n"


def test_of_a_run_they_are_those_of_the_spec_that_was_run(tmp_path: Path) -> None:
    (tmp_path / "spec.arch").write_text(WRONG)
    done = run("claims", tmp_path)
    assert "error[V501]" in done.stderr  # a folder that is no run
    (tmp_path / "recipe.json").write_text("{}")
    done = run("claims", tmp_path, "--outcome", "refuted", "--format", "csv")
    assert done.exit_code == 1
    assert len(done.stdout.splitlines()) == 5
    assert f"{tmp_path}: 6 numbers" in done.stderr


def test_a_pasted_table_is_told_by_its_columns() -> None:
    table = TABLE.read_text("utf-8").replace("13 weight layers", "12 weight layers")
    done = run("claims", "-", "--format", "csv", input=table)
    rows = [line.split(",") for line in done.stdout.splitlines()[1:]]
    outcomes = {row[-2]: (row[2], row[3], row[4]) for row in rows if row[2] == "weight-layers"}
    assert list(outcomes) == ["A", "A-LRN", "B", "C", "D", "E"]
    assert outcomes["B"] == ("weight-layers", "12", "refuted")
    assert {outcome for name, (*_, outcome) in outcomes.items() if name != "B"} == {"holds"}
    assert done.exit_code == 1


def test_only_what_is_asked_for_is_shown_and_all_is_counted() -> None:
    done = run("claims", "-", "--outcome", "result", "--format", "csv", input=WRONG)
    assert done.exit_code == 1
    assert [line.split(",")[4] for line in done.stdout.splitlines()] == ["outcome", "result"]
    assert "6 numbers" in done.stderr
    assert run("claims", "--outcome", "result").exit_code == 2


@pytest.mark.parametrize("given", ["Szegedy et al. 2014, arXiv:1409.4842", "szegedy", "arXiv:1409.4842"])
def test_a_source_is_known_by_a_part_of_its_name(given: str) -> None:
    done = run("claims", given, "--outcome", "disputed", "--format", "markdown")
    assert done.exit_code == 0
    assert "| 4a params without biases | 364K | disputed | 375,552 | 375,552 = 366.8Ki; without biases" in done.stdout
    assert len(done.stdout.splitlines()) == 2 + 10


@pytest.mark.parametrize(
    ("given", "help"),
    [
        ("VGG Rekonstructed", "did you mean `VGG Reconstructed`?"),
        ("vgg_dd", "did you mean `vgg_d`?"),
        ("Architectures", "write one of CNN Architectures and CNN Architectures II"),
        ("", "`vggdsl specs` lists the specs that ship"),
    ],
)
def test_the_nearest_of_a_name_is_told(given: str, help: str) -> None:
    done = run("claims", given)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "error[V501]" in done.stderr
    assert help in done.stderr
