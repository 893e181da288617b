"""Each code has a row, each row is of use, and no other room reads a code's letters or a message.

``UPDATE_DOCS=1 pytest tests/text/test_codes.py`` writes the page of all codes anew.
"""

import ast
import os
import pickle
import re
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import get_args

import pytest

import vggdsl
from vggdsl.cli.codes import example_of, rendered
from vggdsl.text import errors
from vggdsl.text.codes import CODES, Code, CodeName
from vggdsl.text.diagnostics import render_all
from vggdsl.text.errors import Diagnostic, Label, VggdslError, error_of, in_a_line, unknown
from vggdsl.text.facts import Disagreement, FindingFacts, OpenSpace, OtherChannels, OtherClasses, OtherLayers
from vggdsl.text.source import Source, Span

FIXTURES = Path(__file__).parents[1] / "fixtures" / "errors"
PACKAGE = Path(vggdsl.__file__).parent
CODE = re.compile(r"[VW]\d{3}")
BAD = Span(Source("a.arch", "conv3-64 bad\n"), 9, 12)


@cache
def trees() -> dict[Path, ast.Module]:
    """The programs of all rooms but the text."""
    return {
        path.relative_to(PACKAGE): ast.parse(path.read_text("utf-8"))
        for path in sorted(PACKAGE.rglob("*.py"))
        if not path.is_relative_to(PACKAGE / "text")
    }


def is_code(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value) is not None


def raised() -> set[str]:
    own = [ast.parse(path.read_text("utf-8")) for path in (PACKAGE / "text").glob("*.py")]
    return {node.value for tree in (*trees().values(), *own) for node in ast.walk(tree) if is_code(node)}  # type: ignore[attr-defined]  # constants, as is_code says


# -- rows


def test_every_name_has_a_row() -> None:
    assert set(CODES) == set(get_args(CodeName))


def test_every_row_is_raised_somewhere_and_every_code_that_is_has_a_row() -> None:
    assert raised() == set(CODES)


@pytest.mark.parametrize("row", CODES.values(), ids=lambda row: row.name)
def test_a_row_says_what_it_means_and_how_it_is_mended(row: Code) -> None:
    assert not row.title.endswith(".")
    assert row.meaning.endswith((".", "?"))
    assert row.mend.endswith((".", "?"))
    assert (row.example is None) != (row.unshown is None)
    if row.example is not None:
        assert f"{row.severity}[{row.name}]" in (FIXTURES / f"{row.example}.txt").read_text("utf-8")


def test_titles_tell_codes_apart() -> None:
    assert len({row.title for row in CODES.values()}) == len(CODES)


def test_each_code_is_raised_as_the_error_of_its_kind() -> None:
    """Or as a kind of it; one that gathers findings may hold several."""
    seen = 0
    for path, tree in trees().items():
        for node in ast.walk(tree):
            match node:
                case ast.Call(ast.Name(name), [ast.Call(ast.Name(_), [ast.Constant(str(code)), *_])]):
                    known: CodeName | None = next((each for each in get_args(CodeName) if each == code), None)
                    if known is None:
                        continue
                    given, expected = getattr(errors, name, None), type(error_of([finding(known)]))
                    seen += 1
                    assert given is None or issubclass(expected, given), f"{path}:{node.lineno}: {name} of {code}"
                case _:
                    pass
    assert seen > 100


def finding(code: CodeName) -> Diagnostic:
    known: tuple[FindingFacts, ...] = (
        OtherClasses(1, 2),
        OtherLayers(),
        OtherChannels(),
        Disagreement(0, 1),
        OpenSpace(2),
    )
    facts = {type(each): each for each in known}
    wanted = CODES[code].facts
    return Diagnostic(code, "m", facts=facts[wanted] if isinstance(wanted, type) else None)


def test_several_findings_of_one_kind_are_an_error_of_it() -> None:
    assert type(error_of([finding("V301"), finding("V306")])) is vggdsl.ClaimError
    assert type(error_of([finding("V603")])) is vggdsl.RecordError
    assert type(error_of([finding("V301"), finding("V603")])) is VggdslError


# -- the page of all codes

PAGE = PACKAGE / "text" / "README.md"
_PART = re.compile(r"(?<=<!-- codes -->\n)(?:.*\n)*?(?=<!-- /codes -->)")
ROOMS = {
    "1": "1: the text",
    "2": "2: the network",
    "3": "3: claims",
    "4": "4: recipes",
    "5": "5: data, files and devices",
    "6": "6: runs and records",
}


def page() -> Iterator[str]:
    for room, rows in groupby(CODES.values(), lambda row: row.name[1]):
        yield f"\n## {ROOMS[room]}\n"
        listed = list(rows)
        yield "| code | |\n| :-- | :-- |"
        yield from (f"| [{row.name}](#{anchor(row)}) | {row.title} |" for row in listed)
        for row in listed:
            yield from section(row)
    yield ""


def anchor(row: Code) -> str:
    """As pages' readers make it of the heading."""
    return re.sub(r"[^\w -]", "", f"{row.name}: {row.title}".lower()).replace(" ", "-")


def section(row: Code) -> Iterator[str]:
    yield f"\n### {row.name}: {row.title}\n"
    yield row.meaning
    yield f"\nTo mend it: {row.mend}"
    if row.about_call:
        yield "\nIt is about the call and not about a spec: a command ends with 2."
    if row.unshown is not None:
        yield f"\nThere is no example here: it takes {row.unshown}."
        return
    text, found = example_of(row)
    yield f"\n```\n{text.rstrip()}\n```\n\n```\n{rendered(found)}\n```"


def test_the_page_tells_every_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    shown = _PART.sub(lambda _: "\n".join(page()) + "\n", text)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(shown, encoding="utf-8", newline="\n")
    assert _PART.search(text)
    assert shown == text
    assert [match for match in re.findall(r"\(#([^)]+)\)", text) if text.count(f"(#{match})") > 1] == []


def test_an_example_shows_what_its_rendering_in_the_fixtures_does() -> None:
    for row in CODES.values():
        if row.example is None:
            with pytest.raises(ValueError, match="has no example"):
                example_of(row)
        else:
            text, found = example_of(row)
            assert text.encode() == (FIXTURES / f"{row.example}.arch").read_bytes()
            told = (FIXTURES / f"{row.example}.txt").read_text("utf-8")
            assert found
            assert all(render_all([each]) in told for each in found)


# -- findings


def test_a_finding_has_a_row_and_the_facts_that_it_says() -> None:
    with pytest.raises(ValueError, match="no code V999"):
        Diagnostic("V999", "m")  # type: ignore[arg-type]  # what mypy finds is found at run time, too
    with pytest.raises(ValueError, match="V401 with the facts None"):
        Diagnostic("V401", "m")
    with pytest.raises(ValueError, match="V101 with the facts FindingFacts"):
        Diagnostic("V101", "m", facts=FindingFacts())
    found = Diagnostic("V401", "m", facts=OtherClasses(100, 10)).at(Label(BAD))
    assert found.facts == OtherClasses(network=100, data=10)
    assert unknown("V410", "layer", "a", ["b"], BAD, OtherLayers(("a",))).facts == OtherLayers(("a",))


def test_an_error_prints_in_python_as_on_the_command_line() -> None:
    error = VggdslError([unknown("V101", "word", "bad", ["pad"], BAD), Diagnostic("V111", "too long")])
    assert str(error) == (
        "error[V101]: unknown word `bad`\n"
        " --> a.arch:1:10\n"
        "  |\n"
        "1 | conv3-64 bad\n"
        "  |          ^^^ not known\n"
        "help: did you mean `pad`?\n"
        "\n"
        "error[V111]: too long"
    )
    assert in_a_line(error) == "V101: unknown word `bad` (a.arch:1:10); V111: too long"
    assert in_a_line(ValueError("5")) == "5"
    assert pickle.loads(pickle.dumps(error)).diagnostics == error.diagnostics


# -- nobody reads more out of a finding than it says as data


def reads(tree: ast.AST) -> Iterator[ast.AST]:
    """Where a program looks into a finding's code or message: compares, cuts, searches or matches it."""

    def is_text(node: ast.AST | None) -> bool:
        return isinstance(node, ast.Attribute) and node.attr in ("code", "message")

    handed = {id(argument) for node in ast.walk(tree) if isinstance(node, ast.Call) for argument in node.args}
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left, _, others):
                wrong = any(map(is_text, (left, *others)))
            case ast.Subscript(value, key):
                wrong = is_text(value) or is_text(key)
            case ast.Call(ast.Attribute(ast.Name("re"), _), arguments):
                wrong = any(map(is_text, arguments))
            case ast.Call(ast.Attribute(of, "fullmatch" | "match" | "search" | "findall" | "finditer"), arguments):
                wrong = is_text(of) or any(map(is_text, arguments))
            case ast.Call(ast.Attribute(of, _)):
                wrong = is_text(of)
            case ast.Match(subject):
                wrong = is_text(subject)
            case ast.Constant():
                wrong = is_code(node) and id(node) not in handed
            case _:
                wrong = False
        if wrong:
            yield node


def test_no_room_reads_a_message_or_the_letters_of_a_code() -> None:
    assert [f"{path}:{node.lineno}" for path, tree in trees().items() for node in reads(tree)] == []  # type: ignore[attr-defined]  # all have a line


@pytest.mark.parametrize(
    "text",
    [
        'd.code == "V201"',
        "d.code[1]",
        'd.code.startswith("V")',
        "d.code in CODES",
        "TABLE[d.code]",
        "re.search('of (.*) for', d.message)",
        "_PATTERN.search(d.message)",
        "d.message.replace('a', 'b')",
        "'classes' in error.diagnostics[0].message",
        "match d.code:\n    case x: pass",
        "match code:\n    case 'V401': pass",
        "NOT_COUNTED = ('W601', 'W602')",
    ],
)
def test_reading_one_is_found(text: str) -> None:
    assert any(reads(ast.parse(text)))


@pytest.mark.parametrize(
    "text", ['Diagnostic("V201", "m")', 'f"{d.code}: {d.message}"', "d.row.about_call", "(d.code, d.labels[:1])"]
)
def test_making_and_quoting_one_is_not(text: str) -> None:
    assert not any(reads(ast.parse(text)))
