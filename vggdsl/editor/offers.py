"""What can be offered where something is written: words with their meaning, from the tables that texts are read by."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from vggdsl.language import syntax
from vggdsl.language.dictionary import FORMS, KINDS, LayerKind
from vggdsl.language.notations import Lexeme
from vggdsl.language.schema import CallKind, EntryKind, Key
from vggdsl.language.types import Flag, OneOf, Text
from vggdsl.network.measures import OF_A_CLASS, STRUCTURAL
from vggdsl.text.source import NOWHERE, Span

What = Literal[
    "block", "call", "choice", "data set", "directive", "entry", "file", "kind", "label", "layer", "measure", "merge",
    "option", "parameter", "recipe", "spec", "value", "word",
]  # fmt: skip
"""What a word is, for the sign that an editor puts beside it."""

BEFORE: Mapping[str, tuple[What, ...]] = {
    "OPTION": ("option",),
    "CALL": ("block", "call", "data set"),
    "FROM": ("call",),
    "MERGE": ("merge",),
    "LABEL": ("kind", "label"),
    "INNER_LABEL": ("label",),
}
"""What may take the place of a word behind which stands what belongs to it: its value, its brackets, a colon."""


@dataclass(frozen=True)
class Offer:
    """A word that can stand at a place: ``text`` is put in where ``span`` is."""

    word: str
    what: What
    text: str
    detail: str = ""
    """What it takes or is, on a line."""
    meaning: str = ""
    snippet: str = ""
    """As the text, with places to fill in as editors mark them, ``${1:64}``; empty where there are none."""
    rank: int = 0
    """Those that come first have the lowest."""
    span: Span = field(default=NOWHERE, repr=False)


DIRECTIVES: dict[str, tuple[str, str, str]] = {
    "source": ('source "…"', "what the file follows: a paper, a page", 'source "${1}"'),
    "input": ("input 224x224x3", "the image: height, width and channels", "input ${1:224x224x3}"),
    "after": ("after conv: BN ReLU", "what follows every layer of a kind", "after ${1:conv}: ${2:ReLU}"),
    "default": ("default conv: bias=no", "options of all layers of a kind", "default ${1:conv}: ${2:bias=no}"),
    "block": ("block name(a, b) { … }", "layers that are called by a name", "block ${1:name}(${2:a}) {\n  ${3}\n}"),
    "use": ('use "blocks/inception.arch"', "the blocks of a file that holds nothing else", 'use "${1}"'),
    "extends": ('extends "vgg_d"', "another network, changed by the lines that follow", 'extends "${1}"'),
    "claim": ('claim params 138M "Table 2"', "a printed figure, of the network or of a layer", ""),
    "claims": ('claims "Table 2" { … }', "figures of one printed table, a row each", 'claims "${1}" {\n  ${2}\n}'),
    "train": ("train { … }", "a recipe: how the network is trained", "train {\n  ${1}\n}"),
}
"""Words that begin a line: what it is, what it means, and what is put in where places can be filled in."""

EDITS: dict[str, tuple[str, str, str]] = {
    "remove": ("remove 4a..4e", "elements of the network that is extended", ""),
    "replace": ("replace 4a: …", "an element of the network that is extended, by others", ""),
    "insert-after": ("insert-after 4a: …", "elements behind one of the network that is extended", ""),
}
"""Those of a file that extends another."""

DISPUTED = Offer(
    "disputed",
    "word",
    'disputed ""',
    'disputed "the arithmetic"',
    "a figure that arithmetic refutes",
    'disputed "${1}"',
)

RESULTS = (
    *(f"{place}-{k}-{what}" for place in ("top", "rank") for k in (1, 5) for what in ("error", "accuracy")),
    "balanced-accuracy",
    *OF_A_CLASS,
)
"""Measures of a trained network."""


def kind_in(word: Lexeme) -> LayerKind | None:
    """The kind of layers that a word is of, if it is a layer."""
    rest = "" if word.kind == "PLAIN" else r"(?:[-\d$].*)?"
    return next(
        (
            kind
            for kind in KINDS.values()
            if kind.form == word.kind and re.fullmatch(f"(?:{kind.pattern}){rest}", word.word, re.IGNORECASE)
        ),
        None,
    )


def directives(table: dict[str, tuple[str, str, str]]) -> Iterator[Offer]:
    for word, (form, meaning, snippet) in table.items():
        yield Offer(word, "directive", word, form, meaning, snippet)


def layers(written: Iterable[Lexeme]) -> Iterator[Offer]:
    """Layers as they are written already, the last first, and one of each kind."""
    known = dict[str, LayerKind]()
    for lexeme in reversed(list(written)):
        of = kind_in(lexeme)
        if of is not None and of.form in _NUMBERED:
            known.setdefault(str(lexeme.word), of)
    for text, written_as in list(known.items())[:_MOST_WRITTEN]:
        if text not in KINDS and text != written_as.example:
            yield Offer(text, "layer", text, written_as.word, written_as.meaning)
    for kind in KINDS.values():
        if kind.form == "MERGE":
            yield Offer(kind.word, "merge", kind.example, kind.example, kind.meaning, f"{kind.word}[ ${{1}} | ${{2}} ]")
        else:
            word = kind.word if kind.stands_alone else kind.example
            yield Offer(word, "layer", word, _forms(kind), kind.meaning, _to_fill_in(kind))


_NUMBERED = tuple(form for form in FORMS if form not in ("PLAIN", "MERGE"))
_MOST_WRITTEN = 30


def _forms(kind: LayerKind) -> str:
    options = " ".join(f"{key.name}=" for key in kind.options)
    return "  ".join(filter(None, (", ".join(kind.shown), options)))


def _to_fill_in(kind: LayerKind) -> str:
    """The example with its numbers as places."""
    if kind.stands_alone:
        return ""
    numbers = iter(range(1, 9))
    return re.sub(r"\d+(\.\d+)?", lambda number: f"${{{next(numbers)}:{number[0]}}}", kind.example)


def calls_of(blocks: Iterable[syntax.Block]) -> Iterator[Offer]:
    for block in blocks:
        given = ", ".join(block.parameters)
        places = ", ".join(f"${{{place}:{name}}}" for place, name in enumerate(block.parameters, 1))
        text = f"{block.name}({given})"
        yield Offer(
            str(block.name), "block", text, text, f"a block of {block.span.source.name}", f"{block.name}({places})"
        )


def options(keys: Iterable[Key], given: Iterable[str], between: str = "=") -> Iterator[Offer]:
    """Keys that aren't given yet, each with an example of its value."""
    taken = set(given)
    for key in keys:
        if key.name not in taken:
            yield Offer(key.name, "option", f"{key.name}{between}{key.example}", _says(key), key.meaning)


def _says(key: Key) -> str:
    default = "" if key.default is None else f"; {key.type.write(key.default)} unless told"
    return f"{key.type.says}{default}"


def values(key: Key) -> Iterator[Offer]:
    """What can stand behind a key, if that are words; else an example, and the default."""
    match key.type:
        case Flag(words=words) | OneOf(words=words):
            said: Iterable[str] = words
        case Text(known=known) if known is not None:
            said = known
        case _:
            default = () if key.default is None else (key.type.write(key.default),)
            said = dict.fromkeys((*default, key.example))
    for word in said:
        is_default = key.default is not None and key.type.write(key.default) == word
        yield Offer(word, "value", word, "the default" if is_default else "", f"{key.meaning}: {key.type.says}")


def entries(kinds: Iterable[EntryKind], given: Iterable[str]) -> Iterator[Offer]:
    taken = set(given)
    for kind in kinds:
        if kind.name not in taken:
            yield Offer(kind.name, "entry", kind.name, kind.example, kind.meaning)


def calls(kinds: Iterable[CallKind], what: What = "call") -> Iterator[Offer]:
    """Calls, with an example of what they need."""
    for call in kinds:
        needs = [*call.placed, *call.keys, *([call.more] if call.more else [])]
        text = call.example if any(key.required for key in needs) else call.name
        yield Offer(call.name, what, text, call.example, call.meaning)


def measures(structural: bool = True, results: bool = True) -> Iterator[Offer]:
    for name in STRUCTURAL if structural else ():
        yield Offer(name, "measure", name, "held against arithmetic")
    for name in RESULTS if results else ():
        yield Offer(name, "measure", name, "of a trained network, with its protocol")


def words(said: Iterable[str], what: What, detail: str = "", meaning: str = "", text: str = "{}") -> Iterator[Offer]:
    for word in said:
        yield Offer(word, what, text.format(word), detail, meaning)
