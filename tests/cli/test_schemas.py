"""What commands print as JSON is what its types and the page say.

``UPDATE_DOCS=1 pytest tests/cli/test_schemas.py`` writes the page anew.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from commands import run
from json_types import misfits

import vggdsl.cli
from vggdsl.cli import COMMANDS, main
from vggdsl.cli.schemas.calls import SCHEMAS

PAGE = Path(vggdsl.cli.__file__).with_name("JSON.md")
_PART = re.compile(r"(?<=<!-- schemas -->\n)(?:.*\n)*?(?=<!-- /schemas -->)")

BRANCHING = "input 8x8x3\nconcat[ conv1x3-4 | conv3-4 ]\naux 0.3 { FC-5 softmax }\nFC-5 softmax\n"


def printed(*arguments: str, input: str = "", code: int = 0) -> Any:
    result = run(*arguments, input=input)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """A spec that branches, one that is wrong, one whose claim is, one that can't be read, and blocks."""
    texts = {
        "branching": BRANCHING,
        "wrong": "input 8x8x3 conv3-4 maxpol",
        "refuted": f"{BRANCHING}claim params 5\nclaim top-1-error 5%",
        "blocks": "block a(n) { conv3-$n }",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.arch").write_text(text)
    return [*(str(tmp_path / f"{name}.arch") for name in texts), str(tmp_path / "none.arch")]


def test_check(files: list[str]) -> None:
    rows = printed("check", "--json", "mini_vgg", *files, code=1)
    assert list(misfits(rows, SCHEMAS["check --json"])) == []
    assert [row["ok"] for row in rows] == [True, True, False, False, True, False]


@pytest.mark.parametrize("name", ["vgg_d", "googlenet", "-"])
def test_show(name: str) -> None:
    data = printed("show", name, "--json", input=BRANCHING)
    assert list(misfits(data, SCHEMAS["show --json"])) == []
    assert data == printed("show", name, "--format", "json", input=BRANCHING)


def test_show_several(files: list[str]) -> None:
    rows = printed("show", "vgg_d", *files, "--json", code=1)
    assert list(misfits(rows, SCHEMAS["show --json"])) == []
    assert [row["name"] for row in rows] == ["vgg_d", "branching", "refuted"]
    assert printed("show", "nope", "nor_this", "--json", code=2) == []


@pytest.mark.parametrize("place", ["vgg_d", "googlenet:27", "-"])
def test_explain(place: str) -> None:
    layers = printed("explain", place, "--json", input=BRANCHING)
    assert list(misfits(layers, SCHEMAS["explain SPEC[:LINE] --json"])) == []
    text = run("explain", place, input=BRANCHING).stdout
    assert [part.splitlines()[0].split(": ")[0] for part in text.split("\n\n")] == [each["name"] for each in layers]
    for part, each in zip(text.split("\n\n"), layers, strict=True):
        assert [line[11:] for line in part.splitlines()[1:]] == [told["text"] for told in each["told"]]


def test_fmt(files: list[str]) -> None:
    rows = printed("fmt", "--check", "--json", *files, code=1)
    assert list(misfits(rows, SCHEMAS["fmt --check --json"])) == []
    assert [row["spec"] for row in rows] == files
    assert [row["formatted"] for row in rows] == [True, None, False, False, None]
    assert printed("fmt", "--check", "--json", "-", input=BRANCHING) == [
        {"spec": "-", "formatted": True, "diagnostics": []}
    ]
    assert run("fmt", "--json", *files).exit_code == 2


def test_claims(files: list[str]) -> None:
    listed = printed("claims", "--json")
    assert list(misfits(listed, SCHEMAS["claims --json"])) == []
    for row in listed[:4]:
        numbers = printed("claims", row["source"], "--json")
        assert list(misfits(numbers, SCHEMAS["claims SOURCE --json"])) == []
        assert len(numbers) == row["printed"] == sum(row["outcomes"].values())
    own = printed("claims", files[2], "--json", code=1)
    assert list(misfits(own, SCHEMAS["claims SOURCE --json"])) == []
    assert [(each["quantity"], each["outcome"]) for each in own] == [("params", "refuted"), ("top-1-error", "result")]


def test_specs() -> None:
    assert list(misfits(printed("specs", "--json"), SCHEMAS["specs --json"])) == []


@pytest.mark.parametrize("names", [["quickstart", "mini_vgg"], ["vgg_d"], ["vgg_reconstructed/c222"]])
def test_results(names: list[str]) -> None:
    rows = printed("results", *names, "--json")
    assert rows
    assert list(misfits(rows, SCHEMAS["results --json"])) == []
    assert rows == printed("results", *names, "--format", "json")


@pytest.mark.parametrize("call", ["show vgg_d --format csv", "specs --format markdown", "results vgg_d --format latex"])
def test_json_and_another_format_is_wrong_usage(call: str) -> None:
    result = run(*call.split(), "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "either --json or --format" in result.stderr


# -- the types themselves


def typed_dicts(of: Any, seen: list[Any]) -> list[Any]:
    """The objects in a type, each once, in the order in which a reader meets them."""
    if is_typeddict(of):
        if of not in seen:
            seen.append(of)
            for hint in get_type_hints(of, include_extras=True).values():
                typed_dicts(hint, seen)
    elif get_origin(of) is Annotated:
        typed_dicts(get_args(of)[0], seen)
    else:
        for argument in get_args(of):
            typed_dicts(argument, seen)
    return seen


def told(of: Any) -> str:
    """A type as the page tells it."""
    origin, arguments = get_origin(of), get_args(of)
    if origin in (Annotated, NotRequired):
        return told(arguments[0])
    if origin in (Union, UnionType):
        return " or ".join(map(told, arguments))
    if origin is Literal:
        return " or ".join(f"`{json.dumps(value)}`" for value in arguments)
    if is_typeddict(of):
        return f"[{of.__name__}](#{of.__name__.lower()})"
    if origin is list:
        return f"list of {told(arguments[0])}"
    if origin is not None and issubclass(origin, Mapping):
        return f"object of {told(arguments[1])}"
    names = {int: "integer", float: "number", str: "string", bool: "boolean", NoneType: "null"}
    return names[of]


def meaning(of: Any) -> str:
    """The innermost text is that of the type, the outermost that of the field."""
    while get_origin(of) is NotRequired:
        (of,) = get_args(of)
    assert get_origin(of) is Annotated, f"{of} is without a word"
    return str(of.__metadata__[-1])


def page() -> Iterator[str]:
    for call, of in SCHEMAS.items():
        how = f", {of.__metadata__[-1]}" if get_origin(of) is Annotated else ""
        yield f"- `vggdsl {call}`: {told(of)}{how}"
    yield ""
    objects: list[Any] = []
    for of in SCHEMAS.values():
        typed_dicts(of, objects)
    for each in objects:
        yield f"### {each.__name__}"
        yield ""
        yield each.__doc__
        yield ""
        yield "| field | type | meaning |"
        yield "| :-- | :-- | :-- |"
        for field, hint in get_type_hints(each, include_extras=True).items():
            optional = "" if field in each.__required_keys__ else ", may be missing"
            yield f"| `{field}` | {told(hint)}{optional} | {meaning(hint)} |"
        yield ""


def test_the_page_tells_every_field() -> None:
    text = PAGE.read_text(encoding="utf-8")
    shown = _PART.sub(lambda _: "\n" + "\n".join(page()), text)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(shown, encoding="utf-8")
    assert _PART.search(text)
    assert shown == text


def test_every_command_prints_json() -> None:
    """But for those that give pictures and pages, or talk in another protocol; the figures of `watch` are in the run's
    metrics.csv."""
    assert {call.split()[0] for call in SCHEMAS} == set(COMMANDS) - {"draw", "report", "page", "lsp", "watch"}


def test_every_call_is_one_of_a_command() -> None:
    for call in SCHEMAS:
        command, *rest = call.split()
        flags = [word for word in rest if word.startswith("-")]
        assert command in COMMANDS
        got = main.get_command(main.make_context("vggdsl", [command], resilient_parsing=True), command)
        assert got is not None
        known = [name for parameter in got.params for name in parameter.opts]
        assert [flag for flag in flags if flag.startswith("-") and flag not in known] == []


# -- the checker


@pytest.mark.parametrize(
    ("value", "of", "wrong"),
    [
        (1, int, False),
        (True, int, True),
        (1, bool, True),
        (1, float, False),
        ("1", float, True),
        (None, int, True),
        (None, int | None, False),
        ([1, "a"], list[int], True),
        (1, list[int], True),
        ({"a": 1}, Mapping[str, str], True),
        ("b", Literal["a"], True),
        ("", int | list[int], True),
    ],
)
def test_the_checker_finds_what_does_not_fit(value: Any, of: Any, wrong: bool) -> None:
    assert bool(list(misfits(value, of))) == wrong


def test_the_checker_finds_keys_that_are_missing_or_too_many() -> None:
    (row,) = printed("check", "--json", "-", input=BRANCHING)
    (of,) = get_args(SCHEMAS["check --json"])
    assert list(misfits(row, of)) == []
    assert list(misfits({**row, "more": 1}, of)) == ["$: more isn't told"]
    assert list(misfits({key: row[key] for key in row if key != "ok"}, of)) == ["$: no ok"]
    assert list(misfits({key: row[key] for key in row if key != "claims"}, of)) == []
    assert list(misfits({**row, "claims": {**row["claims"], "holds": "1"}}, of)) == ["$.claims.holds: '1' is no int"]
