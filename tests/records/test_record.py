"""A run's block goes behind the spec that was run, and nothing else in the file changes."""

from dataclasses import replace
from pathlib import Path

import commands
import pytest
from made_up import result_of, run_of

from vggdsl.language import notations
from vggdsl.language.syntax import Document, Line
from vggdsl.records.result import read_result
from vggdsl.spec.measured import make_block
from vggdsl.spec.parsing import load, parse

SPEC = """# A small net.
input 8x8x1   # grey
conv3-4  maxpool
FC-3 softmax

train A {
  data fake(n=100, classes=3)   # by chance
  epochs 2
}
train B as A {
  augment crop(8, pad=1)
}
"""


def sealed(path: Path) -> int:
    """How many blocks a file holds, all of them sealed and up to date."""
    spec = load(path)
    assert not [d for d in spec.check() if d.code.startswith("W6")]
    assert all(measured.sealed for measured in spec.measurements)
    return len(spec.measurements)


def test_the_block_is_printed_as_it_stands_in_the_record(tmp_path: Path) -> None:
    run = run_of(parse(SPEC, "net.arch"), tmp_path / "runs" / "net-A-s0-1")
    done = commands.run("record", run)
    assert done.exit_code == 0
    assert (run / "record.arch").read_text("utf-8").endswith(f"\n\n{done.stdout}")
    assert commands.run("record", run / "record.arch").stdout == done.stdout


@pytest.mark.parametrize(
    "text",
    [
        SPEC,
        SPEC.replace("\n", "\r\n"),
        SPEC.rstrip("\n"),
        SPEC.rstrip("\n").replace("\n", "\r\n") + "  # the end",
        "\ufeff" + SPEC + "\n\n\n",
        SPEC + 'claim params 2,000 disputed "naïve"\n# ende – fin',
    ],
)
def test_nothing_but_the_block_is_added(text: str, tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    path.write_bytes(text.encode())
    path.chmod(0o640)
    before = path.read_bytes()
    for seed in range(3):
        run = run_of(load(path), tmp_path / f"net-A-s{seed}-1", seed=seed)
        done = commands.run("record", run, "--into", path)
        assert done.exit_code == 0, done.stderr
        after = path.read_bytes()
        assert after.startswith(before)
        added = after[len(before) :].decode()
        assert added.replace("\r\n", "\n").lstrip("\n") == done.stdout
        assert ("\r\n" in text) == ("\r\n" in added)
        assert added.count("\r\n") in (0, added.count("\n"))
        assert sealed(path) == seed + 1
        before = after
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == ["net.arch"]


def test_what_was_found_is_read_back(tmp_path: Path) -> None:
    spec = parse(SPEC, "net.arch")
    wrote = result_of(spec, "B", seed=7, deviations=("batch 32", 'data folder("a, b")'), start="fedcba9876543210")
    text = notations.write(Document((*spec.document.lines, Line(wrote.block()))))
    again = parse(text, "net.arch")
    read = read_result(again.measurements[0], again)
    assert read == replace(wrote, device="a 'fast' one", deviations=("batch 32", "data folder('a, b')"))
    assert read.deviates == wrote.deviates


def test_deviations_and_other_recipes_go_in_too(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    path.write_text(SPEC)
    one = run_of(load(path), tmp_path / "one", "B", seed=3)
    two = run_of(load(path), tmp_path / "two", "B", seed=3, deviations=("epochs 1",), epochs=1, best=1)
    assert [commands.run("record", run, "--into", path).exit_code for run in (one, two)] == [0, 0]
    assert sealed(path) == 2
    assert load(path).measurements[1].values["run"]["deviates"] == "epochs 1"


def test_a_delta_takes_the_block_of_its_flat_record(tmp_path: Path) -> None:
    (tmp_path / "base.arch").write_text("input 8x8x1\na: conv3-4 maxpool FC-3 softmax\n")
    path = tmp_path / "delta.arch"
    path.write_text('extends "base.arch"\nreplace a: a: conv3-8\n')
    spec = load(path)
    assert spec.typed["a"].shape.c == 8
    run = run_of(spec, tmp_path / "runs" / "delta-s0-1")
    assert "extends" not in (run / "record.arch").read_text()
    before = path.read_bytes()
    assert commands.run("record", run, "--into", path).exit_code == 0
    assert path.read_bytes().startswith(before)
    assert sealed(path) == 1


@pytest.mark.parametrize(
    ("text", "recipe", "why"),
    [
        (SPEC.replace("conv3-4", "conv3-5"), "A", "its network is"),
        (SPEC.replace("epochs 2", "epochs 3"), "A", "its recipe is"),
        (SPEC.replace("train B as A", "train C as A"), "B", "it has no recipe `B`"),
        (SPEC.replace("conv3-4", "conv3-5").replace("epochs 2", "epochs 3"), "A", "; its recipe is"),
    ],
)
def test_another_spec_is_refused(text: str, recipe: str, why: str, tmp_path: Path) -> None:
    run = run_of(parse(SPEC, "net.arch"), tmp_path / "run", recipe)
    path = tmp_path / "net.arch"
    path.write_text(text)
    done = commands.run("record", run, "--into", path)
    assert (done.exit_code, "V609" in done.stderr, why in done.stderr) == (1, True, True), done.stderr
    assert path.read_text() == text
    assert not done.stdout


def test_a_block_goes_in_once(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    path.write_text(SPEC)
    run = run_of(load(path), tmp_path / "run")
    assert commands.run("record", run, "--into", path).exit_code == 0
    before = path.read_bytes()
    again = commands.run("record", run, "--into", path)
    assert (again.exit_code, "already" in again.stderr) == (1, True)
    itself = commands.run("record", run, "--into", run / "record.arch")
    assert (itself.exit_code, "already" in itself.stderr) == (1, True)
    assert path.read_bytes() == before


def test_a_run_without_a_record_is_refused(tmp_path: Path) -> None:
    run = tmp_path / "net-s0-1"
    run.mkdir()
    (run / "recipe.json").write_text("{}")
    done = commands.run("record", run)
    assert (done.exit_code, "was interrupted" in done.stderr) == (1, True)
    (run / "recipe.json").unlink()
    assert "is no run" in commands.run("record", run).stderr
    assert commands.run("record", tmp_path / "gone").exit_code == 2
    plain = tmp_path / "net.arch"
    plain.write_text(SPEC)
    assert "holds no measured block" in commands.run("record", plain).stderr


def test_an_edited_block_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    path.write_text(SPEC)
    run = run_of(load(path), tmp_path / "run")
    record = run / "record.arch"
    record.write_text(record.read_text().replace("Test Accuracy: 0.7", "Test Accuracy: 0.9"))
    done = commands.run("record", run, "--into", path)
    assert (done.exit_code, "edited by hand" in done.stderr) == (1, True)
    assert path.read_text() == SPEC


def test_files_that_cannot_take_a_block(tmp_path: Path) -> None:
    run = run_of(parse(SPEC, "net.arch"), tmp_path / "run", "A")
    gone = commands.run("record", run, "--into", tmp_path / "gone.arch")
    assert (gone.exit_code, "V501" in gone.stderr) == (2, True)
    full = tmp_path / "full.arch"
    full.write_text(SPEC + "#" * (2**18 - len(SPEC.encode()) - 10) + "\n")
    before = full.read_bytes()
    done = commands.run("record", run, "--into", full)
    assert (done.exit_code, "larger than" in done.stderr) == (1, True)
    assert full.read_bytes() == before


def test_a_block_that_says_too_little_is_no_result() -> None:
    spec = parse(SPEC, "net.arch")
    line = result_of(spec).line
    of = {"network": "0123abcd", "recipe": "0123abcd", "data": "0123abcd"}
    blocks: list[dict[str, dict[str, object]]] = [{}, {"run": {"seed": 0}}]
    blocks += [{"run": {"seed": 0}, "of": {**of}}, {"run": {"seed": "x"}, "of": {**of, "split": "1/1/1"}}]
    for values in blocks:
        text = notations.write(Document((*spec.document.lines, Line(make_block(line, values)))))
        again = parse(text, "net.arch")
        assert again.measurements[0].sealed
        assert read_result(again.measurements[0], again) is None


def test_a_record_has_recipes_of_no_use_beside_its_own(tmp_path: Path) -> None:
    (tmp_path / "base.arch").write_text(SPEC.replace("  epochs 2", "  augment crop(8, pad=1)\n  epochs 2"), "utf-8")
    text = 'extends "base.arch"\ninput 16x16x1\ntrain new { data fake(n=100, classes=3) }\n'
    (tmp_path / "larger.arch").write_text(text, "utf-8")
    spec = load(tmp_path / "larger.arch")
    run = run_of(spec, tmp_path / "runs" / "larger-new-s0-1", recipe="new")
    for folder in (spec, parse(spec.text)):
        assert [d.code for d in folder.check(folder.recipe("new")) if d.is_error] == []
        assert "V407" in [d.code for d in folder.check(folder.recipe("A"))]
    record = load(run / "record.arch")
    assert [d.code for d in record.check()] == ["W402", "W402"]
    assert "V407" in [d.code for d in record.check(record.recipe("A"))]
