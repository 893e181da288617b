"""What a row of the dictionary says holds in texts."""

import re
from functools import partial
from typing import get_args

import pytest
from refusals import findings, refusal

import vggdsl
from vggdsl.language import syntax
from vggdsl.language.dictionary import ACTIVATIONS, KINDS, PASSING, LayerKind, kind_of
from vggdsl.language.notations import arch
from vggdsl.network.ops import FUNCTIONS, Activation, Layer, Merge
from vggdsl.text.source import Source

ALL = list(KINDS.values())
ALSO = [(word, kind) for kind in ALL if kind.form != "MERGE" for word in kind.also]


def read(text: str) -> syntax.Element:
    (content,) = arch.parse(Source("a.arch", f"{text}\n")).contents
    assert isinstance(content, syntax.Items)
    return content.items[0].element


def test_every_layer_kind_has_a_row() -> None:
    assert {kind.op for kind in ALL} == {*get_args(Layer), *get_args(Merge)}
    assert {kind.word for kind in ALL if kind.op is Activation} == set(FUNCTIONS)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.word)
def test_what_is_shown_is_read_as_the_kind(kind: LayerKind) -> None:
    assert kind_of(kind.word) is kind
    for text in kind.shown or (kind.word,):
        element = read(text)
        assert isinstance(element, syntax.Layer | syntax.Merge)
        assert element.kind == kind.word


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.word)
def test_its_layers_have_names_that_claims_can_use(kind: LayerKind) -> None:
    assert kind.stem.isidentifier()
    assert kind.stem == kind.stem.lower()
    assert not kind.stem[-1].isdigit()  # a number follows: relu6 is the ReLU of fc6


@pytest.mark.parametrize("word", [*ACTIVATIONS, *PASSING])
def test_what_may_stand_in_rules_follows_every_layer(word: str) -> None:
    text = f"input 8x8x3\nafter conv: {KINDS[word].example}\nconv3-64 conv3-64 FC-10\n"
    kinds = [node.op.kind for node in vggdsl.parse(text).network.graph.nodes]
    assert kinds == ["input", "conv", word, "conv", word, "FC"]


@pytest.mark.parametrize("word", PASSING)
def test_an_activation_is_found_behind_what_passes(word: str) -> None:
    text = f"input 8x8x3\nafter conv: ReLU\nconv3-64 {KINDS[word].example} ReLU FC-10\n"
    assert refusal(lambda: vggdsl.parse(text), vggdsl.NetworkError).code == "V216"


@pytest.mark.parametrize("word", ACTIVATIONS)
def test_with_an_activation_written_none_is_implied(word: str) -> None:
    kinds = [node.op.kind for node in vggdsl.parse(f"input 8x8x3 conv3-8 conv3-8 {word} FC-10\n").network.graph.nodes]
    assert kinds == ["input", "conv", "conv", word, "FC"]


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind.ruled], ids=lambda kind: kind.word)
def test_it_can_have_rules_and_defaults(kind: LayerKind) -> None:
    rule = f"after {kind.word}: identity\n"
    if kind.options:
        key = kind.options[0]
        rule += f"default {kind.word}: {key.name}={key.example}\n"
    nodes = vggdsl.parse(f"input 8x8x64\n{rule}{kind.example} FC-10\n").network.graph.nodes
    assert [node.implied for node in nodes if node.op.kind == "identity"][-1:] == [f"after {kind.word}"]


def test_a_word_is_of_one_kind() -> None:
    words = [word.lower() for kind in ALL for word in (kind.word, *kind.also)]
    assert len(set(words)) == len(words)
    assert [word for word, _ in ALSO] == [word.lower() for word, _ in ALSO]


@pytest.mark.parametrize(("word", "kind"), ALSO, ids=[word for word, _ in ALSO])
def test_other_tools_words_lead_to_ours(word: str, kind: LayerKind) -> None:
    def help_of(text: str) -> str:
        return findings(partial(vggdsl.parse, f"input 32x32x64\n{text}\n"), vggdsl.ParseError)[0].help or ""

    for text in (word, word.upper()):
        assert f"`{kind.example}`" in help_of(text), text
    help = help_of(f"{word}(7)")  # where the number has no place, none is offered for it
    assert kind.word in help
    offered = " ".join(part for parts in re.findall("`([^`]*)`|write ([^;:,]*)", help) for part in parts)
    assert kind.fits or set(re.findall(r"\d+", offered)) <= {"7"}, help
