"""Names that others gave, of classes, files, specs and devices, are no more in what is printed than names."""

import csv
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from commands import json_lines, run, train
from made_up import run_of
from models import GOOD, write
from PIL import Image

from vggdsl.spec.parsing import load
from vggdsl.text.printing import LINE, NAME
from vggdsl.text.tables import RowGroup, Table, to_latex, to_markdown, to_spreadsheet, to_text, words

CLEAR, TITLE, BELL = "\x1b[2J\x1b[31m", "\x1b]0;owned\x07", "\b\a\r"
C1, REVERSED, HIDDEN = "\x9b2J", "\u202egnp.exe", "\u2066\u200f"
EVIL = f"dog{CLEAR}{TITLE}{BELL}{C1}{REVERSED}{HIDDEN}\u2028"
FORGED = "x\nok  other.arch: 0 claims hold"
LONG = "n" * 100_000
SPEC = "input 2x2x1\nconv1-4 FC-4 softmax\n\ntrain A {\n  data   fake(n=100, classes=4)\n  epochs 2\n}\n"


def assert_plain(done: Result) -> None:
    """Nothing that a terminal obeys, no line of its own for a name, none without an end."""
    for text in (done.stdout, done.stderr):
        assert all(c.isprintable() or c in "\n" for c in text), ascii(text)
        assert not [line for line in text.splitlines() if line.startswith("ok  other")]
        assert max(map(len, text.splitlines()), default=0) <= LINE + 100


@pytest.fixture(params=[EVIL, FORGED], ids=["evil", "forged"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "grey.png"
    Image.new("L", (2, 2), 100).save(path)
    return path


@pytest.mark.parametrize("class_", [EVIL, FORGED, LONG])
def test_names_of_classes(class_: str, tmp_path: Path, image: Path) -> None:
    classes = {"vggdsl.classes": json.dumps([class_, "b", "c", "d"])}
    model = write(tmp_path / "m.onnx", [0.7, 0.1, 0.1, 0.1], metadata=GOOD | classes)
    done = run("predict", model, image, "--top", 1)
    assert (done.exit_code, done.stdout.count("\n")) == (0, 1)
    assert_plain(done)
    assert done.stdout.startswith(f"{image}: {class_[:1]}")
    assert done.stdout.endswith(" 70.0%\n")
    assert len(done.stdout) < len(str(image)) + NAME + 20
    told = run("predict", model, image, "--top", 1, "--json")
    assert json_lines(told.stdout)[0]["top"][0]["class"] == class_, "programs get it as it is"
    if class_ != LONG:
        assert_plain(told)


def test_names_of_images_and_models(name: str, tmp_path: Path, image: Path) -> None:
    odd = tmp_path / f"{name}.png"
    image.rename(odd)
    model = write(tmp_path / f"{name}.onnx", [0.7, 0.1, 0.1, 0.1])
    bad = tmp_path / f"{name}2.png"
    bad.write_bytes(b"none")
    for call in ([odd], [bad], [odd, bad, "--json"], [tmp_path / f"{name}-gone.png"]):
        assert_plain(run("predict", model, *call))
    broken = tmp_path / f"{name}3.onnx"
    broken.write_bytes(b"none")
    assert_plain(run("predict", broken, odd))


def test_names_of_specs(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.arch"
    path.write_text(SPEC)
    other = tmp_path / "other.arch"
    other.write_text(SPEC.replace("conv1-4", "conv1-4  conv1-x"))
    recorded = run_of(load(path), tmp_path / f"{name}-A-s0-1", device=name)
    for call in (
        ("check", path),
        ("check", path, other, tmp_path / f"{name}-gone.arch"),
        ("check", tmp_path),
        ("show", path, path),
        ("show", path, path, "--format", "markdown"),
        ("show", path, path, "--format", "latex"),
        ("show", path, path, "--format", "csv"),
        ("show", path, "--json"),
        ("explain", path),
        ("explain", f"{path}:2", "--json"),
        ("fmt", "--check", path),
        ("fmt", "--check", path, "--json"),
        ("fmt", path),
        ("results", path, recorded),
        ("results", path, recorded, "--format", "markdown"),
        ("results", path, recorded, "--format", "latex"),
        ("results", path, recorded, "--format", "csv"),
        ("results", path, recorded, "--json"),
        ("record", recorded, "--into", path, "--json"),
        ("record", recorded, "--into", path),
        ("export", path, "-o", tmp_path / f"{name}.onnx"),
        ("export", path, "-o", tmp_path / f"{name}.onnx"),
        ("train", name),
        ("train", path, "--recipe", name),
        ("train", "--resume", tmp_path / name),
        (name,),
        ("check", f"--{name}"),
    ):
        done = run(*call)
        assert done.exit_code in (0, 1, 2), call
        assert_plain(done)


@pytest.mark.skipif(os.name != "posix", reason="names of files")
def test_a_training_of_odd_names(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.arch"
    path.write_text(SPEC)
    done = train(path, "--epochs", 1, runs=tmp_path / name)
    assert done.exit_code == 0, done.stderr
    assert_plain(done)
    assert done.stdout.count("run: ") == 1


def cells(text: str) -> Iterator[str]:
    return (cell for row in csv.reader(io.StringIO(text)) for cell in row)


@pytest.mark.parametrize(
    "cell", [EVIL, "a | b\n| c | d |", "a & b \\\\ \n\\input{/etc/passwd}", LONG, "`$(x)` <b>[l](http://x)"]
)
def test_a_cell_stays_in_its_table(cell: str) -> None:
    table = Table(words("name", "other"), [RowGroup([(cell, "1"), ("2", "3")])])
    latex = 9 + (cell == LONG)  # which is wider than a page: a line makes it smaller
    for text, lines in ((to_text(table), 4), (to_markdown(table), 4), (to_latex(table), latex)):
        assert text.count("\n") + 1 == lines
        assert all(c.isprintable() or c == "\n" for c in text)
        assert max(map(len, text.split("\n"))) <= 4 * LINE
    row = to_markdown(table).split("\n")[2]
    assert row.replace("\\|", "").count("|") == 3
    assert "<b>" not in row.replace("\\<", "")
    assert "\\input" not in to_latex(table)
    assert [*cells(to_spreadsheet(["a", "b"], [(cell, 1)]))][3] == "1"


@pytest.mark.parametrize(
    "formula", ["=1+1", "=cmd|' /C calc'!A0", "+cmd", "@SUM(A1)", "-2+3", "\t=1", " =1", '=HYPERLINK("x")']
)
def test_a_cell_is_no_formula(formula: str) -> None:
    (cell,) = list(cells(to_spreadsheet([], [(formula,)])))
    assert cell.startswith("'")
    assert cell[1:].strip() == formula.strip()


@pytest.mark.parametrize("value", ["-0.31", "+0.31", "-1,000", "+1.5e-3", "-", "—", "-12%", "a=b", "conv3-64", "1x1"])
def test_numbers_and_words_are_no_formulas(value: str) -> None:
    assert list(cells(to_spreadsheet([], [(value,)]))) == [value]
