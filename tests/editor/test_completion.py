"""What is offered where something is written."""

import re
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import fewer

import vggdsl
from vggdsl.editor.completion import completions
from vggdsl.editor.offers import Offer, kind_in
from vggdsl.editor.statements import Statement
from vggdsl.editor.words import Words
from vggdsl.language.notations import Lexeme
from vggdsl.spec.checked import check_text
from vggdsl.text.errors import Diagnostic
from vggdsl.text.source import Source

SPECS = tuple(vggdsl.shipped().values())


def offered(text: str, mark: str = "^") -> list[Offer]:
    """What is offered at the mark."""
    at = text.index(mark)
    return completions(Words(Source("a.arch", text.replace(mark, ""))), at)


def texts(text: str) -> list[str]:
    return [offer.text for offer in offered(text)]


# -- what is offered can stand there

_KEYS = ("OPTION",)
_LAYERS = ("CONV", "POOL", "SIZED", "RATED", "CURVED", "PLAIN", "MERGE")
_DIRECTIVES = ("SOURCE", "INPUT", "AFTER", "DEFAULT", "BLOCK", "USE", "EXTENDS", "REMOVE", "REPLACE", "INSERT_AFTER")
_SECTIONS = ("CLAIM", "CLAIMS", "TRAIN", "AS", "FROM", "MEASURE", "DISPUTED", "CEIL", "CALL", "FREEZE", "RATE", "AUX")
_NAMES = ("REF", "NAME", "REF_RANGE", "NONE")


def is_known(statement: Statement, place: int) -> bool:
    """Whether a word is one that the language or the text has, and not a new name, a number or what a source prints."""
    word, head = statement.words[place], statement.head
    if statement.section == "measured" or word.kind not in (*_KEYS, *_LAYERS, *_DIRECTIVES, *_SECTIONS, *_NAMES):
        return False
    is_new = (head == "TRAIN" and place == 1) or (head == "BLOCK" and place > 0)
    is_colour = head == "INPUT" and statement.words[1].kind == "LPAR" and place < 5
    is_other_word = statement.section == "train" and word.word == "default"  # for `init torch`
    return not (is_new or is_colour or is_other_word or re.fullmatch(r"[\d.]+", word.word))


@cache
def words_of(number: int) -> tuple[Words, Sequence[Lexeme]]:
    """Of a spec that ships, and those of its words that can be offered."""
    words = Words(Source(str(SPECS[number]), SPECS[number].read_text("utf-8")))
    known = [
        word
        for statement in words.statements.all
        for place, word in enumerate(statement.words)
        if (place == 0 and statement.head == "INPUT") or is_known(statement, place)
    ]
    return words, known


def asked(word: Lexeme) -> tuple[int, str]:
    """Where it is asked for a word, and what is expected: the key of an option, the first of a range."""
    said = word.word.partition("=")[0] if word.kind == "OPTION" else word.word.partition("..")[0]
    return word.word.part(0, len(said)).span.written[1], said.lower()


numbers = st.integers(0, len(SPECS) - 1)


@given(numbers, st.data())
def test_the_word_that_stands_there_is_offered(number: int, data: st.DataObject) -> None:
    """Of a layer one of its kind: its numbers can't be known."""
    words, known = words_of(number)
    word = data.draw(st.sampled_from(known))
    at, said = asked(word)
    found = {offer.word.lower() for offer in completions(words, at)}
    kind = kind_in(word)
    assert said in found or (kind is not None and {kind.word.lower(), kind.example.lower()} & found)


@fewer
@given(numbers, st.data())
def test_what_is_offered_is_not_unknown(number: int, data: st.DataObject) -> None:
    """Put in the place of the word that stands there, it may be wrong, but nobody asks what it is."""
    words, known = words_of(number)
    at, _ = asked(data.draw(st.sampled_from(known)))
    offer = data.draw(st.sampled_from(completions(words, at)))
    start, end = offer.span.written
    written = words.source.written
    source = Source(words.source.name, f"{written[:start]}{offer.text}{written[end:]}")
    told = [found for checked in check_text(source) for found in checked.findings if found.labels]
    there = [found for found in told if start < found.labels[0].span.written[1] and is_before(found, start, offer)]
    assert not [found for found in there if found.message.startswith("unknown ") and f"`{offer.word}`" in found.message]


def is_before(found: Diagnostic, start: int, offer: Offer) -> bool:
    """Whether a finding begins no later than what was put in ends."""
    return found.labels[0].span.written[0] < start + len(offer.text)


# -- what is offered where


def test_options_are_those_of_the_layer_that_are_not_given_yet() -> None:
    assert texts("input 8x8x3 conv3-64 pad=1 ^\n")[:6] == [
        "stride=1",
        "groups=1",
        "dilation=1",
        "bias=no",
        "after=none",
        "conv3-64",
    ]
    assert texts("input 8x8x3 maxpool ^\n")[:3] == ["pad=0", "ceil=yes", "after=none"]


def test_a_key_is_replaced_without_its_value() -> None:
    stride = next(offer for offer in offered("input 8x8x3 conv3-64 str^=2\n") if offer.word == "stride")
    assert (stride.text, stride.span.text) == ("stride", "str")


def test_values_are_the_words_that_fit() -> None:
    assert texts("conv3-64 bias=^\n") == ["yes", "no"]
    assert texts("train {\n  optimizer sgd(lr=0.1, nesterov=y^)\n}\n") == ["yes", "no"]
    assert texts("claim top-5-error 8% view=^\n") == ["centre", "ten", "grid", "dense", "dense+grid"]


def test_a_recipe_offers_entries_calls_and_keys() -> None:
    recipe = "train {{\n  batch 128\n  {}\n}}\n"
    assert texts(recipe.format("^"))[:4] == ["data", "augment", "mix", "normalize"]
    assert "batch" not in texts(recipe.format("^"))
    assert texts(recipe.format("optimizer ^")) == ["sgd", "adam", "adamw"]
    assert texts(recipe.format("data cifar10(^)"))[:3] == ["n=1", "val=1", "test=1"]
    assert texts(recipe.format("schedule warmup(5) ^"))[-1] == "one-cycle"


def test_names_of_the_text_are_offered() -> None:
    text = "block e(a) { conv3-$a }\ninput 8x8x3\n3a: ^\nl: FC-10\ntrain one { }\n"
    calls = [offer for offer in offered(text) if offer.what == "block"]
    assert [(offer.text, offer.snippet) for offer in calls] == [("e(a)", "e(${1:a})")]
    assert texts("block e(a, b) { conv3-$^/2 }") == texts("block e(a, b) { conv3-4 pad=$b^ }") == ["$a", "$b"]
    assert "one" in texts("train one { }\ntrain two as ^ { }\n")
    assert "l" in texts("input 8x8x3\nl: FC-10\nclaim ^\n")


@pytest.mark.parametrize(
    "text", ["conv3-64 -> 8x8x64 params=1 ^", "claim params 1 ^", 'claims "Table 1" {\n  params=1 ^\n}']
)
def test_the_reason_of_a_dispute_is_a_place_to_fill_in(text: str) -> None:
    (offer,) = (each for each in offered(text) if each.word == "disputed")
    assert (offer.text, offer.snippet) == ('disputed ""', 'disputed "${1}"')


def test_an_edit_offers_what_the_extended_network_has() -> None:
    found = texts('extends "vgg_d"\nremove ^\n')
    assert {"conv1_1", "pool5", "fc8"} <= set(found)
    assert "fc6:" in texts('extends "vgg_d"\nreplace ^\n')
    assert texts('extends "vgg_d"\n^\n')[:3] == ["remove", "replace", "insert-after"]


def test_links_offer_what_ships() -> None:
    assert "vgg_d" in texts('extends "^"\n')
    assert "blocks/inception.arch" in texts('use "^\n')
    assert '"vgg_d"' in texts("extends ^\n")


@pytest.mark.parametrize("text", ["# con^", 'source "con^"', "measured {\n  run ^\n}", "block con^", "block e(a^) {}"])
def test_nothing_is_offered_where_nothing_is_known(text: str) -> None:
    assert texts(text) == []


def test_layers_as_they_are_written_come_first() -> None:
    assert texts("input 8x8x3 conv5-7 maxpool3/2 ReLU ^")[:3] == ["maxpool3/2", "conv5-7", "conv3-64"]
