"""``vggdsl fmt``: files in place, whole or not at all."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vggdsl.cli import main

WRONG = "input 32x32x3 conv3-64 maxpol FC-10 softmax\n"


def run(*arguments: str, input: str | bytes = "") -> Result:
    return CliRunner().invoke(main, arguments, input=input, catch_exceptions=False)


LOOSE = "input 32×32×3 # image\nCONV3-64   relu\n\n\nFC-10 soft-max   -> 10"
NEAT = "input 32x32x3  # image\nconv3-64 ReLU\n\nFC-10 softmax -> 10\n"


def test_fmt_rewrites_a_file_in_place(tmp_path: Path) -> None:
    path = tmp_path / "a.arch"
    path.write_text(LOOSE)
    path.chmod(0o640)
    assert run("fmt", str(path)).exit_code == 0
    assert path.read_text() == NEAT
    assert path.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["a.arch"]


def test_fmt_leaves_a_neat_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.arch"
    path.write_text(NEAT)
    before = path.stat()
    assert run("fmt", str(path)).exit_code == 0
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_fmt_follows_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "a.arch", tmp_path / "link.arch"
    path.write_text(LOOSE)
    link.symlink_to(path)
    assert run("fmt", str(link)).exit_code == 0
    assert link.is_symlink()
    assert path.read_text() == NEAT


def test_fmt_check_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.arch"
    path.write_text(LOOSE)
    result = run("fmt", "--check", str(path))
    assert result.exit_code == 1
    assert "would be reformatted" in result.output
    assert path.read_text() == LOOSE
    path.write_text(NEAT)
    assert run("fmt", "--check", str(path)).exit_code == 0


def test_fmt_of_standard_input_goes_to_standard_output() -> None:
    assert run("fmt", "-", input=LOOSE).stdout == NEAT
    assert run("fmt", "-", input=LOOSE.replace("\n", "\r\n").encode()).stdout == NEAT
    assert run("fmt", "--check", "-", input=LOOSE).exit_code == 1
    assert run("fmt", "--check", "-", input=NEAT).exit_code == 0


def test_fmt_keeps_what_it_can_t_read(tmp_path: Path) -> None:
    good, wrong = tmp_path / "a.arch", tmp_path / "b.arch"
    good.write_text(LOOSE)
    wrong.write_text(WRONG)
    assert run("fmt", str(wrong), str(good)).exit_code == 1
    assert wrong.read_text() == WRONG
    assert good.read_text() == NEAT


def test_fmt_takes_files_not_the_specs_that_ship() -> None:
    result = run("fmt", "vgg_d")
    assert result.exit_code == 2
    assert "fmt takes files" in result.output


def test_fmt_formats_what_is_no_network_by_itself() -> None:
    assert run("fmt", "-", input="block a(n){conv3-$n}\na(5)").stdout == "block a(n) { conv3-$n }\na(5)\n"
    delta = 'extends   "gone.arch"\nremove 3a..3b # why\nreplace 3c:   a(  5 )\n'
    neat = 'extends "gone.arch"\nremove 3a..3b  # why\nreplace 3c: a(5)\n'
    assert run("fmt", "-", input=delta).stdout == neat


@pytest.mark.skipif(not os.geteuid(), reason="root writes everywhere")
def test_fmt_tells_what_it_can_t_write(tmp_path: Path) -> None:
    path = tmp_path / "a.arch"
    path.write_text(LOOSE)
    tmp_path.chmod(0o500)
    result = run("fmt", str(path))
    tmp_path.chmod(0o700)
    assert result.exit_code == 1
    assert "can't be written" in result.output
