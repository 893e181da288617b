"""``vggdsl import`` of a pasted table: a spec a column, and nothing overwritten unasked."""

import json
from pathlib import Path
from shlex import quote

import pytest
from commands import run

import vggdsl

TABLE = """A\tA-LRN\tb
3 weight layers\t3 weight layers\t4 weight layers
input (8x8 RGB image)
conv3-8\tconv3-8\tconv3-8
conv3-8\tconv3-8\tconv3-8
\tLRN\tconv3-8
maxpool
FC-10
softmax
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "nets of mine.txt"
    file.write_text(TABLE, "utf-8")
    return file


def test_each_column_becomes_a_spec(table: Path, tmp_path: Path) -> None:
    nets = tmp_path / "new" / "nets"
    done = run("import", table, "-o", nets)
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in nets.iterdir()) == ["a.arch", "a_lrn.arch", "b.arch"]
    for path in nets.iterdir():
        spec = vggdsl.load(path)
        assert spec.count("holds") == 1
        assert str(table) in spec.text.splitlines()[0]
        assert str(path) in done.stdout
    rows = json.loads(run("import", table, "-o", nets, "--force", "--json").stdout)
    assert [(row["name"], Path(row["file"]).name, row["ok"]) for row in rows] == [
        ("A", "a.arch", True),
        ("A-LRN", "a_lrn.arch", True),
        ("b", "b.arch", True),
    ]


def test_no_file_is_written_if_one_is_there(table: Path, tmp_path: Path) -> None:
    mine = tmp_path / "b.arch"
    mine.write_text("mine", "utf-8")
    done = run("import", table, "-o", tmp_path)
    assert (done.exit_code, "V514" in done.stderr) == (2, True)
    assert (mine.read_text("utf-8"), (tmp_path / "a.arch").exists()) == ("mine", False)
    assert run("import", table, "-o", tmp_path, "--force").exit_code == 0
    assert vggdsl.load(mine).typed.weight_layers == 4


def test_one_column_goes_to_standard_output_as_a_spec() -> None:
    done = run("import", "-", "--column", "B", input=TABLE)
    assert (done.exit_code, vggdsl.parse(done.stdout).typed.weight_layers) == (0, 4)
    near = run("import", "-", "--column", "a-lnr", input=TABLE)
    assert (near.exit_code, "A-LRN" in near.stderr) == (2, True)


@pytest.mark.parametrize(
    ("was", "now", "written"),
    [
        ("4 weight layers", "5 weight layers", ["a.arch", "a_lrn.arch", "b.arch"]),  # a figure that fails is a claim
        ("conv3-8\n\tLRN", "conf3-8\n\tLRN", ["a.arch", "a_lrn.arch"]),
    ],
)
def test_what_is_wrong_with_a_column_leaves_the_others(
    table: Path, tmp_path: Path, was: str, now: str, written: list[str]
) -> None:
    table.write_text(TABLE.replace(was, now), "utf-8")
    assert run("import", table, "-o", tmp_path / "nets").exit_code == 1
    assert sorted(path.name for path in (tmp_path / "nets").iterdir()) == written


def test_columns_of_one_name_have_files_of_their_own(table: Path, tmp_path: Path) -> None:
    table.write_text(TABLE.replace("A-LRN", "a", 1), "utf-8")
    assert run("import", table, "-o", tmp_path / "nets").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "nets").iterdir()) == ["a.arch", "a_2.arch", "b.arch"]


def test_of_several_networks_none_goes_to_standard_output(table: Path) -> None:
    done = run("import", table)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "3 networks\n  A " in done.stderr
    assert "name a folder for the specs with -o, or one network with --column" in done.stderr
    shown = run("show", table)
    assert (shown.exit_code, "A, A-LRN, b" in shown.stderr) == (1, True)
    assert f"`vggdsl import '{table}' -o DIR`" in shown.stderr
    assert f"`vggdsl import '{table}' --column A | vggdsl show -`" in shown.stderr


def test_standard_output_is_no_folder(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("import", table, "-o", "-")
    assert (done.exit_code, "-o names a folder, and `-` is standard output" in done.stderr) == (1, True)
    assert [*tmp_path.iterdir()] == [table]


def test_a_spec_that_is_named_in_the_place_of_a_folder_is_no_folder(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("import", table.name, "-o", "my net.arch")
    assert (done.exit_code, f"`vggdsl import {quote(table.name)} > 'my net.arch'`" in done.stderr) == (2, True)
    assert [*tmp_path.iterdir()] == [table]
    (tmp_path / "my net.arch").mkdir()
    assert run("import", table.name, "-o", "my net.arch").exit_code == 0


@pytest.mark.parametrize(
    ("count", "left"), [(10, ""), (11, "\n1 more error: --json tells them all"), (60, "\n50 more errors")]
)
def test_of_many_cells_that_are_not_known_the_first_are_shown(
    count: int, left: str, table: Path, tmp_path: Path
) -> None:
    table.write_text(TABLE.replace("maxpool\n", "conv3-8\n" * count, 1), "utf-8")  # of one column, or of all
    done = run("import", table)
    assert (done.exit_code, done.stderr.count("error[V115]")) == (1, min(count, 10))
    assert ("more error" in done.stderr, left in done.stderr) == (count > 10, True)
    (row, *_) = json.loads(run("import", table, "--json").stdout)
    assert len(row["diagnostics"]) == count


def test_what_is_assumed_of_several_columns_is_said_once(table: Path, tmp_path: Path) -> None:
    table.write_text(TABLE.replace("input (8x8 RGB image)", "input 8x8").replace("A-LRN", "В", 1), "utf-8")
    done = run("import", table, "-o", tmp_path / "nets")
    assert [line for line in done.stderr.splitlines() if line.startswith("warning")] == [
        "warning[W110]: assumed: 3 channels: none are printed (of all)",
        "warning[W111]: repaired: Cyrillic В read as B",
    ]
