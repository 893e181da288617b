"""The images that a command is given: in folders, by patterns, by lists; and the forms in which it answers."""

import csv
import io
import os
import sys
from pathlib import Path

import pytest
from commands import json_lines, outside, run
from images import noise
from models import write

from vggdsl.cli.answers import Progress

VALUES = [0.7, 0.2, 0.1, 0.0]
NAMES = ("a.png", "b.JPG", "more/c.gif", "more/deep/d.png", "more/e[1].png", "x*.png")


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: a model, and photos among what systems and others leave."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "m.onnx", VALUES)
    for name in (*NAMES, ".hidden.png", "__MACOSX/f.png", "more/._c.gif"):
        noise(tmp_path / "photos" / name, 7)
    (tmp_path / "photos" / "Thumbs.db").write_text("x")
    (tmp_path / "photos" / "more" / "loop").symlink_to(tmp_path / "photos")
    return tmp_path


def named(*images: object, input: str | bytes = "", code: int = 0) -> list[str]:
    done = run("predict", "m.onnx", *images, "--json", input=input)
    assert done.exit_code == code, done.output
    return [row["image"] for row in json_lines(done.stdout)]


def below(*names: str) -> list[str]:
    return [str(Path("photos", name)) for name in names]


def test_folders_patterns_and_lists_name_the_same_images(work: Path) -> None:
    every = named("photos")
    assert every == below(*NAMES)
    lines = "\n".join(every)
    for given in (lines, f"\ufeff{lines}\r\n\n", lines.replace("\n", "\r\n"), lines.replace("\n", "\0") + "\0"):
        assert named("-", input=given.encode()) == every
    assert named("photos/**") == every
    assert named(work / "photos" / "**" / "*") == [str(work / name) for name in every]
    assert named("photos/**/*.png") == [name for name in every if name.endswith(".png")]
    assert named("photos/*") == below("a.png", "b.JPG", "more/c.gif", "more/deep/d.png", "more/e[1].png", "x*.png")
    assert named("photos/[ab].*", "-", input="photos/more\n") == below("a.png", "b.JPG", *NAMES[2:5])


def test_what_is_there_is_no_pattern(work: Path) -> None:
    assert named("photos/x*.png", "photos/more/e[1].png") == below("x*.png", "more/e[1].png")
    (work / "-").write_bytes((work / "photos" / "a.png").read_bytes())
    assert named("./-") == ["-"]


def test_what_leads_to_nothing_is_told(work: Path) -> None:
    nothing = run("predict", "m.onnx", "photos/*.tif")
    assert (nothing.exit_code, nothing.stdout) == (2, "")
    assert "error[V501]: no image and no folder `photos/*.tif`, and it fits none" in nothing.stderr
    some = run("predict", "m.onnx", "photos/*.tif", "a**b", "photos/a.png", "--json")
    reasons = [row["error"] for row in json_lines(some.stdout)]
    assert (some.exit_code, reasons) == (1, ["no file has that name, and as a pattern it fits none"] * 2 + [None])
    assert "standard input names no images" in run("predict", "m.onnx", "-", input="\n").stderr
    many = run("predict", "m.onnx", "-", input="\n".join(f"{k}.png" for k in range(1000)))
    assert (many.exit_code, many.stderr.count("error[V501]"), "any of 980 more" in many.stderr) == (2, 21, True)
    assert run("predict", "m.onnx", "-", "-").exit_code == 2


def test_what_is_named_twice_is_told_twice_and_noted(work: Path) -> None:
    done = run("predict", "m.onnx", "photos/a.png", "photos/a.png", "photos/b.JPG")
    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 3)
    assert "note: 1 image named more than once, and taken as often: photos/a.png" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
def test_names_that_are_no_text_are_named(work: Path) -> None:
    """In a process, whose streams are those of users."""
    path = os.fsencode(work / "photos") + b"/\xff.png"
    Path(os.fsdecode(path)).write_bytes((work / "photos" / "a.png").read_bytes())
    done = outside("predict", "m.onnx", os.fsdecode(path), "photos/a.png", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json_lines(done.stdout)[0]["image"] == os.fsdecode(path)
    for form in ("csv", "table"):
        assert run("predict", "m.onnx", os.fsdecode(path), "--format", form).exit_code == 0


def test_forms(work: Path) -> None:
    (work / "photos" / "b.JPG").write_bytes(b"")
    given = ("photos/a.png", "photos/b.JPG", "photos/more/c.gif", "--top", 2)
    table = run("predict", "m.onnx", *given)
    assert table.stdout.splitlines() == [
        "photos/a.png:       a  70.0%  b  20.0%",
        "photos/more/c.gif:  a  70.0%  b  20.0%",
    ]
    header, *rows = csv.reader(io.StringIO(run("predict", "m.onnx", *given, "--format", "csv").stdout))
    assert header == ["image", "error", "class 1", "probability 1", "class 2", "probability 2"]
    assert rows[0] == ["photos/a.png", "", "a", "0.7", "b", "0.2"]
    assert rows[1] == ["photos/b.JPG", "it is empty", "", "", "", ""]
    assert {len(row) for row in rows} == {6}
    every = run("predict", "m.onnx", "photos/b.JPG", "--top", 9, "--format", "csv").stdout.splitlines()
    assert [line.count(",") for line in every] == [9, 9], "as many columns as there are classes, also of no answer"
    assert (
        run("predict", "m.onnx", *given, "--format", "json").stdout == run("predict", "m.onnx", *given, "--json").stdout
    )
    assert run("predict", "m.onnx", *given, "--format", "csv", "--json").exit_code == 2


@pytest.mark.parametrize("moves", [True, False])
def test_progress_is_told(moves: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: moves)
    now = [0.0]
    progress = Progress(100, lambda: now[0])
    for done in range(1, 101):
        now[0] += 0.5
        progress.hide()
        progress(done)
    said = capsys.readouterr().err
    if moves:
        last = said.split("\r")[-3]
        assert last == f"[{'#' * 23}-] 99/100 images, 2 images/s, 0.5 s left"
        assert said.endswith(f"\r{' ' * len(last)}\r")
    else:
        assert said.splitlines()[0] == "20/100 images, 2 images/s, 40 s left"
        assert len(said.splitlines()) == 4
