"""What words are told to be, for editors that colour them."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from lark import Token as LarkToken
from written import texts

import vggdsl
from vggdsl.editor.tokens import Token, tokens
from vggdsl.editor.words import Words
from vggdsl.language.notations.grammar import parser
from vggdsl.text.source import Source


def coloured(text: str) -> list[tuple[str, str]]:
    found = tokens(Words(Source("a.arch", text)))
    return [(token.span.text, f"{token.what}{'!' if token.is_definition else ''}") for token in found]


@given(texts)
def test_tokens_are_in_order_and_each_within_a_line(source: Source) -> None:
    found = tokens(Words(source))
    assert all(one.span.end <= other.span.start for one, other in pairwise(found))
    assert all(token.span.text and "\n" not in token.span.text for token in found)


@given(texts)
def test_each_comment_and_string_is_told_whole(source: Source) -> None:
    words = Words(source)
    told = {(token.span.start, token.span.end): token.what for token in tokens(words)}
    for word in words.lexemes:
        if word.kind in ("COMMENT", "STRING", "UNCLOSED"):
            assert told[word.span.start, word.span.end] == ("comment" if word.kind == "COMMENT" else "string")


EXPECTED = {
    **dict.fromkeys(("CONV", "POOL", "SIZED", "RATED", "CURVED", "PLAIN", "MERGE", "KIND"), "type"),
    **dict.fromkeys(("SHAPE", "NUMBER", "RANGE", "REPEAT", "TIMES"), "number"),
    **dict.fromkeys(("SOURCE", "INPUT", "AFTER", "DEFAULT", "BLOCK", "USE", "EXTENDS", "REMOVE"), "keyword"),
    **dict.fromkeys(("REPLACE", "INSERT_AFTER", "CLAIM", "CLAIMS", "TRAIN", "MEASURED", "AS", "DISPUTED"), "keyword"),
    **dict.fromkeys(("CALL", "FROM"), "function"),
    **dict.fromkeys(("LABEL", "REF", "REF_RANGE"), "variable"),
    **dict.fromkeys(("MEASURE", "OPTION", "FREEZE", "RATE"), "property"),
    **dict.fromkeys(("ARROW", "VBAR"), "operator"),
    "PARAM": "parameter",
    "STRING": "string",
}
"""What a terminal of the grammar is told to be, where it begins."""


def fits(word: LarkToken, token: Token) -> bool:
    return token.what == EXPECTED.get(word.type, token.what) or (word.type == "REF" and token.what == "class")


def by_parser(text: str) -> Iterator[LarkToken]:
    """The words of a text as the parser takes them."""
    asked = parser("arch").parse_interactive(text + "\n")
    return iter(asked.iter_parse())


@pytest.mark.parametrize("path", vggdsl.shipped().values(), ids=lambda path: path.stem)
def test_words_are_what_the_parser_takes_them_for(path: Path) -> None:
    source = Source(path.name, path.read_text("utf-8"))
    told: dict[int | None, Token] = {token.span.start: token for token in tokens(Words(source))}
    words = [word for word in by_parser(source.text) if word.start_pos in told]
    assert [(word, told[word.start_pos].what) for word in words if not fits(word, told[word.start_pos])] == []


def test_a_parameter_is_told_within_a_layer() -> None:
    assert coloured("block e(a) { conv3-$a/2 pad=$a f($a) }") == [
        ("block", "keyword"),
        ("e", "function!"),
        ("a", "parameter!"),
        ("conv3-", "type"),
        ("$a", "parameter"),
        ("/2", "type"),
        ("pad", "property"),
        ("$a", "parameter"),
        ("f", "function"),
        ("$a", "parameter"),
    ]


def test_the_parts_of_a_name_are_told_apart() -> None:
    assert coloured("remove 4a..conv2.a") == [
        ("remove", "keyword"),
        ("4a", "variable"),
        ("conv2", "variable"),
        ("a", "variable"),
    ]


def test_a_recipe_and_its_entries() -> None:
    text = 'train a as b {\n  init from("x", fc6) else he  # so\n  optimizer sgd(lr=1e-3, nesterov=yes)\n}\n'
    assert coloured(text) == [
        ("train", "keyword"),
        ("a", "class!"),
        ("as", "keyword"),
        ("b", "class"),
        ("init", "property"),
        ("from", "function"),
        ('"x"', "string"),
        ("fc6", "variable"),
        ("else", "keyword"),
        ("he", "enumMember"),
        ("# so", "comment"),
        ("optimizer", "property"),
        ("sgd", "function"),
        ("lr", "property"),
        ("1e-3", "number"),
        ("nesterov", "property"),
        ("yes", "enumMember"),
    ]


def test_a_line_that_cannot_be_read_is_told_as_far_as_its_words_go() -> None:
    assert coloured("input 8x8x3 (conv3-64 maxpol [ FC-10") == [
        ("input", "keyword"),
        ("8x8x3", "number"),
        ("conv3-64", "type"),
        ("FC-10", "type"),
    ]
