"""Places as editors count them are those of offsets, whatever stands in a line."""

import pytest
from edits import edited, edits_of, place
from hypothesis import given
from hypothesis import strategies as st

from vggdsl.editor.positions import Lines, Units
from vggdsl.editor.session import Change, changed

ENCODINGS: dict[Units, str] = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
CHARS = st.one_of(st.sampled_from("ab \r\n\té×😀\u0301\u2028\x0b\x0c\0"), st.just("\r\n"), st.characters(codec="utf-8"))
TEXTS = st.lists(CHARS, max_size=20).map("".join)


@pytest.mark.parametrize("units", ENCODINGS)
@given(text=TEXTS, data=st.data())
def test_an_offset_has_a_place_and_comes_back(units: Units, text: str, data: st.DataObject) -> None:
    lines = Lines(text, units)
    offset = data.draw(st.integers(0, len(text)))
    if text[offset - 1 : offset + 1] == "\r\n":  # within a line's end there is no place but the end
        assert lines.position(offset) == lines.position(offset - 1)
        return
    assert lines.position(offset) == place(text, offset, ENCODINGS[units])
    assert lines.offset(*lines.position(offset)) == offset


@pytest.mark.parametrize("units", ENCODINGS)
@given(text=TEXTS, line=st.integers(0, 30), character=st.integers(0, 30))
def test_any_place_is_within_its_line(units: Units, text: str, line: int, character: int) -> None:
    lines = Lines(text, units)
    offset = lines.offset(line, character)
    assert 0 <= offset <= len(text)
    found, before = lines.position(offset)
    assert found == min(line, len(lines) - 1)
    if line < len(lines):
        assert character - 4 < before <= character or offset == lines.offset(line, 10**6)


@pytest.mark.parametrize("units", ENCODINGS)
@given(data=st.data())
def test_changes_are_made_where_the_editor_means(units: Units, data: st.DataObject) -> None:
    text = before = data.draw(TEXTS)
    changes = list[Change]()
    for _ in range(data.draw(st.integers(1, 4))):
        edit = data.draw(edits_of(text))
        start, end = (place(text, at, ENCODINGS[units]) for at in (edit.start, edit.end))
        changes.append(Change(edit.text, start, end))
        text = edited(text, edit)
    assert changed(before, changes, units) == text


def test_a_change_without_places_is_the_whole_text() -> None:
    assert changed("a", [Change("b"), Change("c", (0, 1), (0, 1))], "utf-16") == "bc"
