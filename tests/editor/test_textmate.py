"""The grammar by which editors colour specs has the words and the patterns of the language's own.

``UPDATE_DOCS=1 pytest tests/editor/test_textmate.py`` writes it anew.
"""

import json
import logging
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from lark import Token
from lark.lexer import TerminalDef

from vggdsl.language.dictionary import KINDS
from vggdsl.language.notations.grammar import build, parser
from vggdsl.network.measures import OF_A_CLASS, STRUCTURAL
from vggdsl.spec.measured import KEYS
from vggdsl.spec.recipe.entries import ENTRIES
from vggdsl.text.resources import folder

ROOT = Path(__file__).parents[2]
GRAMMAR = ROOT / "vggdsl" / "editor" / "vscode" / "arch.tmLanguage.json"
TERMINALS: Mapping[str, TerminalDef] = {each.name: each for each in build("arch").terminals}
Rule = dict[str, Any]

# -- the grammar

LAYER, DIRECTIVE, OPERATOR, NUMBER = "entity.name.type.layer", "keyword.control", "keyword.operator", "constant.numeric"
SCOPES = {
    "COMMENT": "comment.line.number-sign",
    "STRING": "string.quoted.double",
    **dict.fromkeys(("CONV", "POOL", "SIZED", "RATED", "CURVED", "PLAIN", "MERGE", "KIND"), LAYER),
    **dict.fromkeys(("SOURCE", "INPUT", "AFTER", "DEFAULT", "BLOCK", "AUX", "TRAIN", "AS", "MEASURED"), DIRECTIVE),
    **dict.fromkeys(("USE", "EXTENDS", "REMOVE", "REPLACE", "INSERT_AFTER"), DIRECTIVE),
    **dict.fromkeys(("CLAIM", "CLAIMS", "DISPUTED"), DIRECTIVE),
    **dict.fromkeys(("ARROW", "VBAR", "REPEAT", "TIMES", "ALL_BUT"), OPERATOR),
    **dict.fromkeys(("SHAPE", "RANGE", "NUMBER", "CHOICE"), NUMBER),
    "NONE": "constant.language",
    "MEASURE": "support.variable.measure",
    "RESULT_LINE": "meta.result",
    **dict.fromkeys(("LABEL", "INNER_LABEL", "REF", "REF_RANGE"), "entity.name.label"),
    **dict.fromkeys(("CALL", "FROM"), "entity.name.function"),
    **dict.fromkeys(("PARAM", "CHOSEN"), "variable.parameter"),
    **dict.fromkeys(("OPTION", "CEIL"), "entity.other.attribute-name"),
    **dict.fromkeys(("FREEZE", "RATE"), "support.type.property-name"),
    "TORCHVISION": "string.unquoted",
    "WORD": "",
}
"""What stands for each terminal; nothing for words that the language doesn't know."""
PLAIN = {"_NL", "WS", "COMMA", "COLON", "EQUALS", "LPAR", "RPAR", "LSQB", "RSQB", "LBRACE", "RBRACE"}
ELSEWHERE = {"ASSIGNED", "BRACKETED", "DOTTED", "DOTTED_CALL", "FORMULA", "NESTED", "SINGLE", "SPACED"}
"""Code of other tools, which is read so that it can be told."""
NAMES = {SCOPES["REF"], SCOPES["CALL"], SCOPES["FREEZE"], SCOPES["PARAM"], "constant.language", DIRECTIVE}
"""What a NAME can be, by where it stands."""

CLAIMED = ("MEASURE", "DISPUTED", "OPTION", "SHAPE", "NUMBER", "RESULT_LINE", "REF")
GIVEN = ("TORCHVISION", "NONE", "ALL_BUT", "OPTION", "SHAPE", "RANGE", "NUMBER", "TIMES")
IN_SECTIONS = {"KIND", "NAME", "REF", "REF_RANGE", "FROM", "FREEZE", "RATE", "AS", "ALL_BUT", "TIMES", "TORCHVISION"}
_GROUP = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\((?!\?)")
_NUMBERED = {"CONV", "POOL", "SIZED", "RATED", "CURVED"}


def regexp(terminal: str) -> str:
    """The pattern of a terminal, with groups that aren't counted."""
    return _GROUP.sub(lambda part: "(?:" if part[0] == "(" else part[0], TERMINALS[terminal].pattern.to_regexp())


def named(scope: str) -> Rule:
    return {"name": f"{scope}.vggdsl"}


def rule(terminal: str) -> Rule:
    if terminal == "OPTION":
        key, _, value = regexp(terminal).removeprefix("(?i:").removesuffix(")").partition("=")
        parts = {"1": named(SCOPES[terminal]), "2": named(OPERATOR), "3": {"patterns": VALUES}}
        return {"match": f"(?i:({key})(=)({value}))", "captures": parts}
    made: Rule = {"match": regexp(terminal)} | (named(SCOPES[terminal]) if SCOPES[terminal] else {})
    if terminal in _NUMBERED:
        numbers = {"match": r"(?:\d+(?:\.\d+)?|\.\d+)%?", **named(NUMBER)}
        made["captures"] = {"0": {"patterns": [rule("PARAM"), numbers]}}
    if terminal == "RESULT_LINE":
        words = {"match": r"(?i:[a-z]+(?: [a-z]+)*)", **named(SCOPES["MEASURE"])}
        made["captures"] = {"0": {"patterns": [{"match": r"\d[\d,.]*%?", **named(NUMBER)}, words]}}
    return made


def words(of: Iterable[str], scope: str) -> Rule:
    longest_first = sorted({*of}, key=lambda word: (-len(word), word))
    return {"match": rf"(?i:(?:{'|'.join(map(re.escape, longest_first))}))(?![\w=-])", **named(scope)}


VALUES: list[Rule] = [
    rule("STRING"),
    rule("PARAM"),
    {"match": rf"(?<![\w.]){regexp('NUMBER')}", **named(NUMBER)},
    {"match": r"(?i:yes|no|none)(?![\w-])", **named("constant.language")},
]


def rules(*terminals: str) -> list[Rule]:
    """In the order in which the language's own lexer tries them."""

    def order(name: str) -> tuple[int, int, int, str]:
        terminal = TERMINALS[name]
        return -terminal.priority, -terminal.pattern.max_width, -len(terminal.pattern.value), name

    return [{"include": "#comment"}, {"include": "#string"}, *map(rule, sorted(terminals, key=order))]


def region(begin: str, scopes: list[str], end: str, patterns: list[Rule]) -> Rule:
    captures = {str(at): named(scope) for at, scope in enumerate(scopes, 1)}
    return {"begin": begin, "beginCaptures": captures, "end": end, "patterns": patterns}


def recipe_entry(names: list[str], patterns: list[Rule]) -> Rule:
    begin = words(names, "")["match"]
    return region(f"({begin})", [SCOPES["FREEZE"]], r"$|(?=\})", [{"include": "#comment"}, *patterns])


def grammar() -> Rule:
    name, call = regexp("NAME"), regexp("CALL")
    calls = [word for entry in ENTRIES.values() for call in entry.calls for word in (call.name, *call.also)]
    given = [words(calls, SCOPES["CALL"]), words(["else"], DIRECTIVE), *rules(*GIVEN)]
    chosen = rules(*GIVEN, "REF", "REF_RANGE")
    weights = region(f"({regexp('FROM')})\\(", [SCOPES["FROM"]], r"\)", chosen)
    bracketed = region(r"\(", [], r"\)", [{"include": "#given"}])
    by_layers = [entry.name for entry in ENTRIES.values() if entry.layers]
    others = [entry.name for entry in ENTRIES.values() if not entry.layers]
    header = f"[ \\t]+({name})"
    under = f"(?:{header})?(?:[ \\t]+({regexp('AS')}){header})?[ \\t]*\\{{"
    section = [DIRECTIVE, SCOPES["REF"], DIRECTIVE, SCOPES["REF"]]
    network = [each for each in SCOPES if each in TERMINALS and each not in (IN_SECTIONS | {"COMMENT", "STRING"})]
    entries = words(KEYS, SCOPES["FREEZE"])
    return {
        "name": "vggdsl",
        "scopeName": "source.vggdsl",
        "fileTypes": ["arch"],
        "patterns": [{"include": f"#{part}"} for part in ("train", "measured", "claims", "claim", "edit", "kinds")]
        + [{"include": "#block"}, {"include": "#network"}],
        "repository": {
            "comment": rule("COMMENT"),
            "string": rule("STRING"),
            "network": {"patterns": rules(*network)},
            "kinds": {
                "match": f"({regexp('AFTER')}|{regexp('DEFAULT')})[ \\t]+({regexp('KIND')})",
                "captures": {"1": named(DIRECTIVE), "2": named(LAYER)},
            },
            "block": region(
                f"({regexp('BLOCK')})[ \\t]+({call})\\(",
                [DIRECTIVE, SCOPES["CALL"]],
                r"\)",
                [{"match": name, **named(SCOPES["PARAM"])}],
            ),
            "edit": region(f"({regexp('REMOVE')})", [DIRECTIVE], "$", rules("REF", "REF_RANGE")),
            "claim": region(f"({regexp('CLAIM')})", [DIRECTIVE], "$", rules(*CLAIMED)),
            "claims": region(
                f"({regexp('CLAIMS')})[ \\t]*({regexp('STRING')})[ \\t]*\\{{",
                [DIRECTIVE, SCOPES["STRING"]],
                r"\}",
                rules(*CLAIMED),
            ),
            "train": region(
                f"({regexp('TRAIN')}){under}",
                section,
                r"\}",
                [
                    {"include": "#comment"},
                    recipe_entry(others, [weights, bracketed, {"include": "#given"}]),
                    recipe_entry(by_layers, chosen),
                ],
            ),
            "given": {"patterns": given},
            "measured": region(
                f"({regexp('MEASURED')})[ \\t]*\\{{",
                [DIRECTIVE],
                r"\}",
                [entries, *rules("MEASURE", "OPTION", "NUMBER", "SHAPE", "RESULT_LINE")],
            ),
        },
    }


def test_the_grammar_that_ships_is_made_of_the_language_s() -> None:
    text = json.dumps(grammar(), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_DOCS"):
        GRAMMAR.write_text(text, encoding="utf-8", newline="\n")
    assert GRAMMAR.read_text(encoding="utf-8") == text


def test_each_terminal_has_a_scope_or_is_none_for_colours() -> None:
    apart = PLAIN | ELSEWHERE | {"NAME"}
    assert set(SCOPES) | apart == set(TERMINALS)
    assert not set(SCOPES) & apart


# -- what it says of specs

Scopes = dict[tuple[int, int], str]
"""What the grammar says of each character, by line and column: the names of all that it is in."""


@pytest.fixture(scope="module")
def painter(tmp_path_factory: pytest.TempPathFactory) -> Any:
    logging.getLogger("textmate_grammar").setLevel(logging.ERROR)  # it tells each character that it passes over
    with chdir(tmp_path_factory.mktemp("painter")):  # where it makes a folder as it is imported
        from textmate_grammar.parsers.base import LanguageParser
    return LanguageParser(json.loads(GRAMMAR.read_text(encoding="utf-8")))


def painted(painter: Any, text: str) -> Scopes:
    return {
        (line, column + at): " ".join(scopes)
        for (line, column), part, scopes in painter.parse_string(text).flatten()
        for at in range(len(part))
    }


def tokens(text: str) -> list[Token]:
    """As the language reads them."""
    return [each for each in parser("arch").parse_interactive(text).exhaust_lexer() if each.type not in PLAIN]


def is_as_read(token: Token, scopes: str) -> bool:
    if token.type == "WORD":
        return scopes == "source.vggdsl"
    wanted = NAMES if token.type == "NAME" else {SCOPES[token.type]}
    return any(f"{scope}.vggdsl" in scopes.split() for scope in wanted)


def wrongly_painted(painter: Any, text: str) -> list[str]:
    scopes = painted(painter, text)
    read = [(each, scopes.get(((each.line or 1) - 1, (each.column or 1) - 1), "nothing")) for each in tokens(text)]
    return [f"{token.line}: {token.type} {token} is {found}" for token, found in read if not is_as_read(token, found)]


SHIPPED = [path for where in (folder("specs"), ROOT / "examples") for path in sorted(where.rglob("*.arch"))]


def test_each_word_of_the_specs_that_ship_has_the_scope_of_what_it_is_read_as(painter: Any) -> None:
    assert len(SHIPPED) > 50
    wrong = {path.name: wrongly_painted(painter, path.read_text(encoding="utf-8")) for path in SHIPPED}
    assert {name: found for name, found in wrong.items() if found} == {}


def test_each_layer_has_its_scope(painter: Any) -> None:
    for kind in KINDS.values():
        shown = " ".join(kind.shown or (kind.word,))
        assert wrongly_painted(painter, f"input 32x32x64 {shown}\n") == []
        assert painted(painter, f"{shown}\n")[0, 0].split()[-1] == f"{LAYER}.vggdsl"


def test_each_entry_of_a_recipe_and_each_of_its_calls_have_theirs(painter: Any) -> None:
    for entry in ENTRIES.values():
        for example in (entry.example, *(call.example for call in entry.calls)):
            text = f"train {{\n  {entry.name} {example.replace(' or ', ' ')}\n}}\n"
            assert wrongly_painted(painter, text) == []
            assert f"{SCOPES['FREEZE']}.vggdsl" in painted(painter, text)[1, 2]


def test_each_measure_has_its_scope(painter: Any) -> None:
    for measure in (*STRUCTURAL, *OF_A_CLASS, "top-5-error"):
        assert f"{SCOPES['MEASURE']}.vggdsl" in painted(painter, f"claim {measure} 1\n")[0, 6]


@pytest.mark.parametrize(
    "text",
    [
        'extends "vgg_d"\nremove 4a..4e\nremove conv2.a\nreplace fc8: FC-10\ninsert-after 2.a: ReLU x2\n',
        "block b(a) { conv1-$a x2 }\nb(64) aux 0.3 { b(8) FC-10 softmax }\n",
        "after conv: none\ndefault conv: bias=no pad=0,1,0,1\n( conv3-64 after=none ) x2\n",
        'train tuned as other {\n  init from("base.arch", all but fc8) else he\n  rate fc8 x10 a..b x3\n}\n',
        "train {\n  schedule steps(1..20: 1e-3,\n  21..30: 1e-4)\n  init from(torchvision:a)\n  freeze all but b\n}\n",
        'claim Epoch 184/2500 - Train Accuracy: 0.9980\nclaim fc6 params 102M macs 5M disputed "1 # 2"  # no\n',
        'claims "Table 1" {\n  conv1_1 224x224x64 params=1,792\n  fc6     4096\n  top-1-error 27.0% scale=256,384\n}\n',
    ],
)
def test_words_are_told_apart_by_where_they_stand(painter: Any, text: str) -> None:
    assert wrongly_painted(painter, text) == []


@pytest.mark.parametrize("text", ["conv3-64conv3-64", "x3conv3-64", "maxpol", "conv3", "claimed"])
def test_a_word_that_the_language_has_not_has_no_colour(painter: Any, text: str) -> None:
    assert set(painted(painter, f"{text}\n").values()) == {"source.vggdsl"}
