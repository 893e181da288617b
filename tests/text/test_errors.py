"""Every finding that a text can cause, as a user sees it.

``UPDATE_FIXTURES=1 pytest tests/test_errors.py`` writes the renderings anew. What the texts link to is in ``links``.
"""

import os
from contextlib import chdir
from pathlib import Path

import pytest

import vggdsl
from vggdsl.text.codes import CODES
from vggdsl.text.diagnostics import render_all
from vggdsl.text.errors import Diagnostic, Label, VggdslError, nearest
from vggdsl.text.source import Source, Span

FIXTURES = Path(__file__).parents[1] / "fixtures" / "errors"
NAMES = sorted(path.stem for path in FIXTURES.glob("*.arch"))


def findings(name: str) -> list[Diagnostic]:
    with (FIXTURES / f"{name}.arch").open(encoding="utf-8", newline="") as file:
        text = file.read()
    with chdir(FIXTURES):
        try:
            return vggdsl.parse(text, f"{name}.arch").check()
        except VggdslError as error:
            return list(error.diagnostics)


@pytest.mark.parametrize("name", NAMES)
def test_it_reads_as_expected(name: str) -> None:
    expected = FIXTURES / f"{name}.txt"
    text = render_all(findings(name)) + "\n"
    if os.environ.get("UPDATE_FIXTURES"):
        expected.write_text(text, encoding="utf-8", newline="\n")
    assert text == expected.read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_it_says_where_and_how_to_mend_it(name: str) -> None:
    found = findings(name)
    assert found
    for diagnostic in found:
        assert diagnostic.help, diagnostic.message
        assert diagnostic.labels or diagnostic.code in ("V102", "V111"), diagnostic.message
        assert sum(label.primary for label in diagnostic.labels) <= 1
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("typical")])
def test_a_fixture_shows_the_code_that_it_is_named_after(name: str) -> None:
    assert name[:4].upper() in {d.code for d in findings(name)}


def test_every_code_that_a_text_can_cause_has_a_fixture() -> None:
    shown = {d.code for name in NAMES for d in findings(name)}
    assert shown == {row.name for row in CODES.values() if row.unshown is None}


def test_ten_or_more_typical_mistakes_are_shown() -> None:
    typical = [name for name in NAMES if name.startswith("typical_")]
    assert len(typical) >= 10
    assert all(any(d.is_error for d in findings(name)) for name in typical)


# -- rendering


def label(text: str, word: str, primary: bool = True) -> Label:
    start = text.index(word)
    return Label(Span(Source("a.arch", text), start, start + len(word)), "here", primary)


def lines(text: str, *labels: Label) -> list[str]:
    return render_all([Diagnostic("V101", "m", labels)]).splitlines()


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("ab cd", "|    ^^ here"),
        ("a\tb cd", "|     ^^ here"),
        ("宽b cd", "|     ^^ here"),
        ("é cd", "|   ^^ here"),
        ("e\u0301 cd", "|   ^^ here"),
        ("\0\x1b[2J cd", "|       ^^ here"),
    ],
)
def test_marks_stand_under_their_word(text: str, marks: str) -> None:
    assert lines(text, label(text, "cd"))[-1].lstrip() == marks


def test_two_places_of_one_text_are_shown_in_order() -> None:
    text = "one\ntwo\n\n\nfive\n"
    shown = lines(text, label(text, "five"), label(text, "one", primary=False))
    assert shown == [
        "error[V101]: m",
        " --> a.arch:5:1",
        "  |",
        "1 | one",
        "  | --- here",
        "...",
        "5 | five",
        "  | ^^^^ here",
    ]


def test_a_very_long_line_is_cut_around_the_place() -> None:
    text = "x " * 5000 + "here " + "y " * 5000
    assert max(map(len, lines(text, label(text, "here")))) < 200
    assert "^^^^ here" in lines(text, label(text, "here"))[-1]


def test_nothing_that_moves_a_cursor_is_printed() -> None:
    found = Diagnostic("V101", "a\x1b[2Jb\u202e", (Label(Span(Source("\x07.arch", "\0"), 0, 1), "\r"),), "\x08")
    assert all(c.isprintable() or c == "\n" for c in render_all([found]))


@pytest.mark.parametrize(
    ("word", "known"),
    [("maxpol", "maxpool"), ("RELU", "ReLU"), ("momentm", "momentum"), ("xyz", None), ("y" * 200, None)],
)
def test_the_nearest_spelling(word: str, known: str | None) -> None:
    assert nearest(word, ["maxpool", "avgpool", "ReLU", "momentum"]) == known
