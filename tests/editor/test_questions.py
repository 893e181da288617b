"""What is told and offered of a text, asked without a process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from clients import applied
from edits import TEXTS, edited, edits_of
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

import vggdsl
from specs import GOOD, RESIDUAL
from vggdsl.editor.actions import actions
from vggdsl.editor.document import Document, Reading, open_as, path_of, read
from vggdsl.editor.edits import formatted
from vggdsl.editor.figures import shapes, totals
from vggdsl.editor.findings import diagnostics
from vggdsl.editor.hover import hover
from vggdsl.editor.session import Session
from vggdsl.language import library
from vggdsl.spec.mending import mend
from vggdsl.spec.parsing import write
from vggdsl.text.edits import edited as mended
from vggdsl.text.source import Reworded

URI = "untitled:a"
EVERYWHERE = types.Range(types.Position(0, 0), types.Position(10**6, 0))
SHIPPED = sorted(library.shipped())


def reading(text: str) -> Reading:
    return read(Document(URI, 1, text))


def mends(document: Document, fix: types.CodeAction) -> bool:
    """Whether what a fix is of is gone from where it was."""
    (was,) = fix.diagnostics or ()
    now = diagnostics(reading(applied(document, fix)))
    return not any((each.message, each.range.start) == (was.message, was.range.start) for each in now)


def told(text: str, at: str) -> str:
    """What is told of the first place of a word."""
    found = hover(reading(text), text.index(at) + 1)
    return "" if found is None else found[0]


@given(data=st.data())
def test_every_question_has_an_answer_for_any_text(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(TEXTS))
    for _ in range(data.draw(st.integers(0, 3))):
        text = edited(text, data.draw(edits_of(text)))
    found = reading(text)
    document = found.document
    for each in diagnostics(found):
        assert each.range.start <= each.range.end
        assert document.lines.position(len(text)) >= (each.range.end.line, each.range.end.character)
    totals(found)
    list(shapes(found, EVERYWHERE))
    hover(found, data.draw(st.integers(0, len(document.source.text))))
    offered = actions(found, EVERYWHERE, None)
    fixes = [fix for each in found.findings for fix in each.fixes if not isinstance(fix.span.source, Reworded)]
    assert [applied(document, each) for each in offered] == [mended(document.source, [fix]) for fix in fixes]
    assert all(mends(document, each) for each in offered if each.is_preferred)


@pytest.mark.parametrize("name", SHIPPED)
def test_specs_that_ship_are_told_and_are_in_form(name: str) -> None:
    source = library.read_source(name)
    found = read(Document(Path(source.name).absolute().as_uri(), 1, source.written))
    assert not [each for each in diagnostics(found) if each.severity == types.DiagnosticSeverity.Error]
    assert len(totals(found)) == 1
    assert formatted(found.document) == []
    list(shapes(found, EVERYWHERE))


def test_a_fixture_of_each_finding_is_told_where_it_is_wrong() -> None:
    folder = Path(vggdsl.__file__).parent.parent / "tests" / "fixtures" / "errors"
    for path in sorted(folder.glob("*.arch")):
        with path.open(encoding="utf-8", newline="") as file:
            found = read(Document(path.as_uri(), 1, file.read()))
        for each, shown in zip(found.findings, diagnostics(found), strict=True):
            assert (shown.code, shown.message.split("\n")[0]) == (each.code, each.message)


@pytest.mark.parametrize(
    ("at", "says"),
    [
        ("conv3-8\n", "**stem** `conv3-8` → 16x16x8"),
        ("conv3-$c", "It is also conv2.2.conv1 16x16x8."),
        ("residual(8)", "*params*: 2,400"),
        ("conv2: ", "**conv2** `residual(8)`"),
        ("x2\n", "**conv2** `residual(8)`"),
        ("concat[", "*layers*: 13, from mixed.a to mixed.concat1"),
    ],
)
def test_elements_are_told_as_compiled(at: str, says: str) -> None:
    assert says in told(f"{RESIDUAL}FC-4 softmax\n", at)


def test_a_claim_is_told_with_every_reading() -> None:
    text = told(f"{GOOD}claim params 165K\n", "params 165K")
    assert text.startswith("**params** with biases of the network: `165K`, it holds")
    assert "- *it is*: 165,642" in text
    assert "- *without biases*: 165,568, as printed" in text
    assert told(f"{GOOD}claim params 165K\n", "claim") == text


@pytest.mark.parametrize(
    ("written", "at", "says"),
    [
        ("momentum=0.9", "momentum", "by default `0`"),
        ("sgd(lr=0.1)", "sgd", "`sgd`: stochastic gradient descent"),
        ("optimizer sgd(lr=0.1)", "optimizer", "by default `adam`"),
    ],
)
@pytest.mark.parametrize("wrong", ["", "maxpol"])
def test_words_are_told_also_where_the_text_is_wrong_elsewhere(written: str, at: str, says: str, wrong: str) -> None:
    line = written if written.startswith("optimizer") else f"optimizer sgd(lr=0.1, {written})"
    line = "optimizer sgd(lr=0.1)" if written.startswith("sgd") else line
    assert says in told(f"{GOOD}{wrong}\ntrain {{\n  {line}\n}}\n", at)


def test_a_finding_is_told_with_what_its_code_means() -> None:
    assert told("input 8x8x1 maxpol", "maxpol").startswith("**V101**: an unknown word\n\nThe text holds")


@pytest.mark.parametrize("text", ["\ud800", 'use "\ud800"\n', 'extends "vgg_d\ud83d"\n', f"# \udc80\n{GOOD}"])
def test_half_a_character_is_read_as_none(text: str) -> None:
    """No file holds one, but an editor may send it."""
    found = reading(text)
    assert all(each.range.start <= each.range.end for each in diagnostics(found))
    assert formatted(found.document) in (None, [])


def test_what_somebody_wrote_is_text_in_what_is_told() -> None:
    name = "<img src=x>"
    text = told(f'input 8x8x1 conv3-4 FC-10 softmax\nclaim top-1-error 8% class="{name}"\n', "top-1-error")
    assert name not in text


def test_all_that_is_sure_is_what_check_mends() -> None:
    text = "input 32x32x3\nconv3-64 maxpol\nFC 10  softmax\n"
    (fix,) = actions(reading(text), EVERYWHERE, ["source.fixAll.vggdsl"])
    assert applied(reading(text).document, fix) == mend(reading(text).document.source).text


@pytest.mark.parametrize(
    ("text", "is_preferred"),
    [
        ("input 8x8x3\nconv3-4 maxpol\nFC-10 softmax\n", True),
        ("input 8x8x3\nconv3-4 8x8x4\nFC-10 softmax\n", False),  # what is offered makes it no better
        ('input 8x8x3 conv3-4 FC-10 softmax\n"slide\n', False),
        ("input 8x8x3 conv3-4 FC-10 softmax\nsour%ce\n", False),
        ("input 15x15x1 conv3-4 maxpool FC-10 softmax\n", False),  # a warning
        (f"# {'x' * 100_000}\ninput 8x8x3\nconv3-4 maxpol\nFC-10 softmax\n", False),  # to try it takes too long
    ],
)
def test_what_a_key_alone_applies_is_what_check_would_mend(text: str, is_preferred: bool) -> None:
    offered = actions(reading(text), EVERYWHERE, ["quickfix"])
    assert offered
    assert any(each.is_preferred for each in offered) == is_preferred


@contextmanager
def open_in_editor(*documents: Document) -> Iterator[None]:
    session = Session()
    for each in documents:
        session.open(each.uri, each.version, each.text)
    with library.opened(session.texts), open_as(session.uris):
        yield


@pytest.mark.parametrize("is_open", [True, False])
def test_a_file_is_mended_as_it_is_open_by_whichever_path(tmp_path: Path, is_open: bool) -> None:
    """Links lead to the same file by its real path."""
    wrong = "block pair() { conv3-4 maxpol }\n"
    home, link = tmp_path / "home", tmp_path / "link"
    home.mkdir()
    (home / "b.arch").write_text(wrong, "utf-8")
    link.symlink_to(home)
    session = Session()
    session.add_folder(link.as_uri())
    document = Document(
        (link / "a.arch").as_uri(), 1, 'use "b.arch"\ninput 8x8x1 pair() FC-10 softmax\n', folders=session.folders
    )
    (home / "a.arch").write_text(document.text, "utf-8")
    other = Document((link / "b.arch").as_uri(), 1, wrong)
    with open_in_editor(document, *[other] * is_open):
        (fix,) = actions(read(document), EVERYWHERE, None)
    assert fix.edit is not None
    assert fix.edit.changes is not None
    assert list(fix.edit.changes) == [(link if is_open else home).joinpath("b.arch").as_uri()]


def test_other_files_are_mended_where_they_are_the_users(tmp_path: Path) -> None:
    """Those that are open, as they are there, and those in a folder that is open."""
    text, wrong = 'use "b.arch"\ninput 8x8x1 pair() FC-10 softmax\n', "block pair() { conv3-4 maxpol }\n"
    document, other = (
        Document((tmp_path / name).as_uri(), 1, it) for name, it in (("a.arch", text), ("b.arch", wrong))
    )
    with open_in_editor(document, other):
        found, found_in = read(document), read(replace(document, folders=(tmp_path,)))
        is_open = actions(found, EVERYWHERE, None)
    assert [each.range.start.line for each in diagnostics(found)] == [0]
    assert actions(found_in, EVERYWHERE, None) == []  # no longer open, and not on the disk
    (tmp_path / "b.arch").write_text(wrong, "utf-8")
    is_in_folder = actions(found_in, EVERYWHERE, None)
    for offered in (is_open, is_in_folder):
        (fix,) = offered
        assert fix.title.startswith("Write `maxpool` for `maxpol` in ")
        assert fix.edit is not None
        assert fix.edit.changes is not None
        assert applied(other, fix.edit.changes[other.uri]) == wrong.replace("maxpol", "maxpool")
    assert actions(found, EVERYWHERE, None) == []
    changed = Document(other.uri, 2, f"\n{wrong}")
    with open_in_editor(document, changed):
        assert actions(found, EVERYWHERE, None) == []
    (tmp_path / "b.arch").write_text(changed.text, "utf-8")  # which nobody told of
    assert actions(found_in, EVERYWHERE, None) == []


@pytest.mark.parametrize(("ended", "other_ended"), [("\r\n", "\n"), ("\n", "\r\n")])
def test_lines_are_added_as_those_end_among_which_they_stand(tmp_path: Path, ended: str, other_ended: str) -> None:
    base = other_ended.join(("input 8x8x1 conv3-4 FC-10 softmax", "train {", "  data digits", ""))
    (tmp_path / "b.arch").write_bytes(base.encode())
    (tmp_path / "a.arch").touch()
    found = read(Document((tmp_path / "a.arch").as_uri(), 1, f'extends "b.arch"{ended}', folders=(tmp_path,)))
    (fix,) = actions(found, EVERYWHERE, None)
    other = Document((tmp_path / "b.arch").as_uri(), 1, base)
    assert fix.edit is not None
    assert fix.edit.changes is not None
    now = applied(other, fix.edit.changes[other.uri])
    assert now.count("\n") == base.count("\n") + 1
    assert ("\r\n" in now) == ("\r\n" in base)
    assert now.count("\r\n") in (0, now.count("\n"))


def test_a_text_keeps_the_mark_before_it() -> None:
    text = "\ufeffinput 32x32x3 conv3-4 maxpol FC-10 softmax\n"
    (fix,) = actions(reading(text), EVERYWHERE, ["source.fixAll.vggdsl"])
    document = reading(text).document
    assert applied(document, fix) == text.replace("maxpol", "maxpool")
    written = Document(URI, 1, text.replace("maxpol", "maxpool").replace("conv", "CONV"))
    assert applied(written, formatted(written) or []) == text.replace("maxpol", "maxpool")


@given(data=st.data())
def test_a_formatted_text_is_in_the_one_form(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(TEXTS))
    text = edited(text, data.draw(edits_of(text)))
    found = reading(text)
    if found.spec is not None and not found.spec.is_reworded:
        edits = formatted(found.document)
        assert edits is not None
        formed = applied(found.document, edits)
        assert formed.replace("\r\n", "\n").removeprefix("\ufeff") == write(found.spec)


@pytest.mark.parametrize("written", ["file://{}", "file://localhost{}", "FILE://LocalHost{}", "file:{}"])
def test_a_file_is_the_same_however_its_uri_is_written(tmp_path: Path, written: str) -> None:
    uri = (tmp_path / "a b%.arch").as_uri()
    assert path_of(written.format(uri.removeprefix("file://"))) == tmp_path / "a b%.arch"


@pytest.mark.skipif(os.name == "nt", reason="there paths name machines")
@pytest.mark.parametrize("uri", ["file://host/a.arch", "http://localhost/a.arch", "untitled:a", "file:///a%00", "//["])
def test_what_is_on_no_disk_of_this_machine_has_no_path(uri: str) -> None:
    assert path_of(uri) is None
    assert Document(uri, 1, GOOD).name == uri
