"""What a long text costs: its time is counted in calls of functions, so that no test depends on the machine."""

import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import commands
import pytest
from refusals import findings

import vggdsl


def calls(work: Callable[[], object]) -> int:
    """How many Python functions are called, generators each time that they go on."""
    counted = 0

    def count(frame: FrameType, event: str, arg: object) -> None:
        nonlocal counted
        counted += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return counted


def grows(work: Callable[[int], Callable[[], object]], n: int) -> float:
    """By how much the work on twice as much is more."""
    work(3)()  # what is read once
    return calls(work(2 * n)) / calls(work(n))


EDITS = ["replace l{}: conv1-4", "insert-after l{}: ReLU", "remove l{}"]


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("around", ["{}", "( {} )", "add[ {} | identity ]"])
def test_edits_are_linear(edit: str, around: str, tmp_path: Path) -> None:
    def work(n: int) -> Callable[[], object]:
        body = around.format("\n".join(f"l{i}: conv1-4" for i in range(n)) + " conv1-4")
        (tmp_path / f"base{n}.arch").write_text(f"input 8x8x4\nconv1-4\n{body}\nFC-10 softmax\n")
        edits = "\n".join(edit.format(i) for i in range(n))
        (tmp_path / f"edits{n}.arch").write_text(f'extends "base{n}.arch"\n{edits}\n')
        return lambda: vggdsl.load(tmp_path / f"edits{n}.arch")

    assert grows(work, 60) < 2.2


def test_what_edits_say_is_what_they_said_one_by_one(tmp_path: Path) -> None:
    """Edits of edits, inside and outside of groups, in any order."""
    (tmp_path / "base.arch").write_text(
        "input 8x8x4\na: conv1-4 b: ( c: conv1-4 d: conv1-4 ) e: conv1-4\n"
        "f: add[ g: conv1-4 | h: conv1-4 ]\nFC-10 softmax"
    )
    (tmp_path / "own.arch").write_text(
        'extends "base.arch"\n'
        "insert-after c: i: conv3-4\nreplace d: conv5-4 ReLU\nremove a\nreplace i: conv7-4\ninsert-after f: ReLU\n"
        "remove b.c\nreplace g: ( j: conv3-4 k: conv3-4 )\ninsert-after j: conv5-4\nremove h\nreplace e: BN"
    )
    text = vggdsl.load(tmp_path / "own.arch").text
    expected = (
        "input 8x8x4\nb: ( i: conv7-4 d: ( conv5-4 ReLU ) ) e: BN\n"
        "f: add[ g: ( j: conv3-4 conv5-4 k: conv3-4 ) | identity ] ReLU\nFC-10 softmax"
    )
    assert text.split() == expected.split()


def test_empty_lines_cost_no_memory() -> None:
    vggdsl.parse("input 8x8x3 FC-10 softmax")
    tracemalloc.start()
    vggdsl.parse("input 8x8x3" + "\n" * 200_000 + "FC-10 softmax")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6


def test_a_label_is_no_book() -> None:
    vggdsl.parse(f'input 8x8x3 {"a" * 200}: conv3-8 FC-10 softmax # {"c" * 1000}\nsource "{"s" * 1000}:"')
    (found,) = findings(lambda: vggdsl.parse(f"input 8x8x3 {'a' * 100_000}: conv3-8 FC-10 softmax"))
    assert (found.code, len(str(found)) < 2000) == ("V111", True)


def test_a_long_word_is_not_printed_whole() -> None:
    (found,) = findings(lambda: vggdsl.parse(f"input 8x8x3 conv3-8 {'z' * 100_000} FC-10 softmax"))
    assert (found.code, len(str(found)) < 2000) == ("V101", True)


def test_explaining_branches_is_linear(tmp_path: Path) -> None:
    def work(n: int) -> Callable[[], object]:
        path = tmp_path / f"{n}.arch"
        path.write_text(f"input 8x8x3\nconcat[ {' | '.join(['conv1-1'] * n)} ]\nFC-10 softmax\n")
        return lambda: commands.run("explain", path)

    assert "branch 7 of 7 of concat" in commands.run("explain", _branches(tmp_path, 7)).output
    assert grows(work, 60) < 2.2


def _branches(folder: Path, n: int) -> Path:
    path = folder / "named.arch"
    path.write_text(f"input 8x8x3\nconcat[ {' | '.join(['conv1-1'] * n)} ]\nFC-10 softmax\n")
    return path
