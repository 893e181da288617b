"""Specs that leave choices open, in an editor."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import THOROUGH
from spaces import space_texts

pytest.importorskip("lsprotocol", reason="needs lsprotocol, as `vggdsl[lsp]` brings it")

from vggdsl.editor.completion import completions
from vggdsl.editor.document import Document, Reading, read
from vggdsl.editor.hover import hover
from vggdsl.editor.names import definitions, name_at
from vggdsl.editor.renaming import Refusal, rename
from vggdsl.editor.tokens import tokens
from vggdsl.editor.words import Words
from vggdsl.spec.space import space_of
from vggdsl.text.edits import edited
from vggdsl.text.source import Source

TEXT = "block b(n) { conv3-$n conv3-$w }\ninput 8x8x3\nconv3-{w=4|8} b(3)\n( e= maxpool | avgpool ) x{k=1|2}\nFC-$w\n"


def reading(text: str) -> Reading:
    return read(Document("untitled:a", 1, text))


@settings(max_examples=500 if THOROUGH else 25)  # each makes up to twenty networks
@given(space_texts(), st.data())
def test_nothing_is_wrong_with_a_space_and_all_of_it_is_told(text: str, data: st.DataObject) -> None:
    found = reading(text)
    assert [each for each in found.findings if each.is_error] == []
    told = hover(found, data.draw(st.integers(0, len(text))))
    assert told is None or told[0]
    ends = [(token.span.start, token.span.end) for token in tokens(Words(Source("a.arch", text)))]
    assert all(one[1] <= other[0] for one, other in pairwise(ends))


@settings(max_examples=150 if THOROUGH else 12)  # each makes some networks four times
@given(space_texts(), st.data())
def test_a_choice_is_renamed_wherever_it_stands_and_back(text: str, data: st.DataObject) -> None:
    words = Words(Source("a.arch", text))
    names = [name for name in words.names if name.what == "choice"]
    name = data.draw(st.sampled_from(names))
    edits = rename(words, name.word.span.written[0], "zz")
    assert not isinstance(edits, Refusal), edits
    now = edited(words.source, edits)
    assert f"${name.word}" not in now
    assert f"{{{name.word}=" not in now
    assert f"( {name.word}=" not in now
    before, after = (space_of(Source("a.arch", each)) for each in (text, now))
    assert (after.networks, len(after.choices)) == (before.networks, len(before.choices))
    again = Words(Source("a.arch", now))
    there = next(each for each in again.names if each.what == "choice" and each.word == "zz")
    back = rename(again, there.word.span.written[0], str(name.word))
    assert not isinstance(back, Refusal)
    assert edited(again.source, back) == text


def test_parameters_and_choices_are_told_apart() -> None:
    words = Words(Source("a.arch", TEXT))
    found = [(name.what, str(name.word), name.is_definition) for name in words.names if name.what != "block"]
    assert found == [
        ("parameter", "n", True),
        ("parameter", "n", False),
        ("choice", "w", False),
        ("choice", "w", True),
        ("choice", "e", True),
        ("choice", "k", True),
        ("choice", "w", False),
    ]
    at = TEXT.index("FC-$w") + 4
    assert name_at(words, at) is not None
    assert [span.text for span in definitions(words, at)] == ["w"]
    assert [span.start for span in definitions(words, at)] == [TEXT.index("w=4")]


@settings(max_examples=150 if THOROUGH else 12)
@given(space_texts(), st.sampled_from(["conv3-4 pad=$", "conv3-$", "FC-$", "conv3-4 x$", "b($"]))
def test_behind_a_dollar_the_numbers_that_are_left_open_are_offered(text: str, row: str) -> None:
    before, last = text.removesuffix("FC-10 softmax\n"), "\nFC-10 softmax\n"
    found = completions(Words(Source("a.arch", f"{before}{row}{last}")), len(before + row))
    names = dict.fromkeys(re.findall(r"\{(\w+)=", text))
    assert [(offer.text, offer.what) for offer in found] == [(f"${name}", "choice") for name in names]
    for offer in found:
        chosen = row.removesuffix("$") + offer.text + ")" * ("(" in row)
        space_of(Source("a.arch", f"{before}{chosen}{last}"))


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        (TEXT.replace("3-$n", "3-$^"), ["$n", "$w", "$k"]),
        (TEXT.replace("FC-$w", "FC-$^"), ["$w", "$k"]),
        (TEXT + "train {\n  batch $^\n}\n", []),
        (TEXT + "claim params $^\n", []),
        (TEXT + "# $^", []),
    ],
)
def test_parameters_come_before_choices_and_neither_where_no_elements_stand(text: str, offered: list[str]) -> None:
    found = completions(Words(Source("a.arch", text.replace("^", ""))), text.index("^"))
    assert [offer.text for offer in found] == offered


def test_choices_of_blocks_that_are_used_are_offered(tmp_path: Path) -> None:
    (tmp_path / "blocks.arch").write_text("block c() { conv3-{W=4|8} }\n")
    text = 'use "blocks.arch"\ninput 8x8x3\nc() conv3-$'
    (tmp_path / "net.arch").write_text(text)
    found = completions(Words(Source(str(tmp_path / "net.arch"), text)), len(text))
    assert [offer.text for offer in found] == ["$w"]


@pytest.mark.parametrize(("new", "why"), [("e", "there is a choice `e` already"), ("n", "V227"), ("3", "is no name")])
def test_a_name_that_is_taken_is_refused(new: str, why: str) -> None:
    words = Words(Source("a.arch", TEXT))
    refused = rename(words, TEXT.index("w=4"), new)
    assert isinstance(refused, Refusal)
    assert why in refused.why


def test_what_is_left_open_is_told() -> None:
    found = reading(TEXT)
    shown = {word: hover(found, TEXT.index(word) + 1) for word in ("{w=", "( e=", "x{k", "conv3-{w")}
    texts = {word: told[0] for word, told in shown.items() if told is not None}
    assert texts["{w="] == "**a choice** `w` of 2 numbers `{w=4|8}`: the text is a space of 8 networks"
    assert texts["( e="] == "**a choice** `e` of 2 alternatives: the text is a space of 8 networks"
    assert "`k`" in texts["x{k"]
    assert "convolution" in texts["conv3-{w"]
