"""Words, statements and places of any text; what an editor asks of one is answered, whatever it is."""

from hypothesis import given
from hypothesis import strategies as st
from profiles import fewer
from written import texts

from vggdsl.editor.completion import completions
from vggdsl.editor.names import definitions, uses
from vggdsl.editor.outline import folds, symbols
from vggdsl.editor.renaming import Refusal, renamable, rename
from vggdsl.editor.statements import statements
from vggdsl.editor.tokens import tokens
from vggdsl.editor.words import Words
from vggdsl.language import notations
from vggdsl.text.source import Source


def shown(text: str) -> list[tuple[str, str, str]]:
    """Of each statement its section, the head of what it stands in, and its words."""
    found = statements(notations.lexemes(Source("a.arch", text))).all
    return [
        (each.section, each.within.head if each.within else "", " ".join(str(word.word) for word in each.words))
        for each in found
    ]


@fewer
@given(texts, st.data())
def test_every_question_is_answered_of_any_text(source: Source, data: st.DataObject) -> None:
    words = Words(source)
    at = data.draw(st.integers(0, len(source.written)))
    for offer in completions(words, at):
        start, end = offer.span.written
        assert start <= at <= end
    definitions(words, at)
    symbols(words)
    folds(words)
    tokens(words)
    if not isinstance(renamable(words, at), Refusal):
        rename(words, at, "zz")
    for name in words.names:
        list(uses(words, name))
        break


@given(texts)
def test_each_word_stands_in_one_statement_once(source: Source) -> None:
    """But comments and the ends of lines."""
    found = statements(notations.lexemes(source)).all
    held = [word.span.start for each in found for word in each.words]
    said = [word.span.start for word in notations.lexemes(source) if word.kind not in ("COMMENT", "_NL")]
    assert sorted(held) == said


@given(texts)
def test_words_are_all_that_is_written_but_blanks(source: Source) -> None:
    text = list(source.text)
    for word in notations.lexemes(source):
        start, end = word.span.start, word.span.end
        assert "".join(text[start:end]) == word.word != ""
        text[start:end] = " " * (end - start)
    assert set(text) <= set(" \t\r\f\v")


def test_statements_are_lines_and_what_brackets_and_commas_join() -> None:
    assert shown("conv3-64 (\n maxpool\n)\na: conv3-64 -> 8x8x64 params=3,\n   macs=4\nFC-10\n") == [
        ("document", "", "conv3-64 ( maxpool )"),
        ("document", "", "a: conv3-64 -> 8x8x64 params=3 , macs=4"),
        ("document", "", "FC-10"),
    ]


def test_what_stands_in_braces_is_told_with_them() -> None:
    text = 'block e(a) { conv3-$a }\naux 0.3 { FC-10 } maxpool\ntrain {\n  batch 4\n}\nclaims "T" {\n  params=3\n}\n'
    assert shown(text) == [
        ("document", "", "block e ( a ) { }"),
        ("body", "BLOCK", "conv3-$a"),
        ("document", "", "aux 0.3 { } maxpool"),
        ("body", "AUX", "FC-10"),
        ("document", "", "train { }"),
        ("train", "TRAIN", "batch 4"),
        ("document", "", 'claims "T" { }'),
        ("claims", "CLAIMS", "params=3"),
    ]


def test_a_section_at_the_start_of_a_line_ends_brackets_that_are_open() -> None:
    assert shown("a: ( conv3-64\ntrain {\n  data digits(\nclaim params 3\n") == [
        ("document", "", "a: ( conv3-64"),
        ("document", "", "train {"),
        ("train", "TRAIN", "data digits ("),
        ("document", "", "claim params 3"),
    ]
