"""Places are kept where they are read: nothing but a notation looks for a word in the text again."""

import ast
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

import vggdsl
from vggdsl.language import syntax
from vggdsl.language.notations import arch
from vggdsl.text.errors import VggdslError
from vggdsl.text.source import Placed, Source, Span

PACKAGE = Path(vggdsl.__file__).parent
ERRORS = Path(__file__).parents[1] / "fixtures" / "errors"
TEXTS = [*vggdsl.shipped().values(), *sorted(ERRORS.rglob("*.arch"))]
READERS = ("text", "language/notations")
"""The rooms that look at a text; all others are told where things stand in it."""


def placed(node: object) -> Iterator[Placed]:
    if isinstance(node, Placed):
        yield node
    elif isinstance(node, tuple):
        for each in node:
            yield from placed(each)
    elif is_dataclass(node) and not isinstance(node, Span):
        for field in fields(node):
            yield from placed(getattr(node, field.name))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_what_is_placed_stands_where_its_span_says(path: Path) -> None:
    source = Source(path.name, path.read_text("utf-8"))
    try:
        document = arch.parse(source)
    except VggdslError:
        return
    for word in placed(document):
        if word.span.text.lower() not in ("ceil", "same", "valid"):  # short for `ceil=yes`, and for numbers
            assert word.span.text.lower() == word.lower()


def test_every_kind_of_name_has_its_place() -> None:
    text = """\
use "x.arch"
extends "y.arch"
input (8 x 8 g RGB image)
block e(l, O) { conv3-$l pad=$o ceil }
t: e(1, 2)
remove m..v.e
remove r
replace l: e(3, 4)
insert-after t.r: maxpool
claim l macs 5 split=t
train r { data folder("t", a=t) }
train t as r { data t }
measured { t a="t" }
"""
    found = [(word, word.span.line, word.span.column) for word in placed(arch.parse(Source("a.arch", text)))]
    assert found == [
        ("x.arch", 1, 6),
        ("y.arch", 2, 10),
        ("g", 3, 14),
        ("RGB", 3, 16),
        ("image", 3, 20),
        ("e", 4, 7),
        ("l", 4, 9),
        ("o", 4, 12),
        ("pad", 4, 26),
        ("$o", 4, 30),
        ("ceil", 4, 33),
        ("yes", 4, 33),
        ("e", 5, 4),
        ("t", 5, 1),
        ("m", 6, 8),
        ("v.e", 6, 11),
        ("r", 7, 8),
        ("l", 8, 9),
        ("e", 8, 12),
        ("t.r", 9, 14),
        ("l", 10, 7),
        ("split", 10, 16),
        ("t", 10, 22),
        ("data", 11, 11),
        ("folder", 11, 16),
        ("a", 11, 28),
        ("t", 11, 30),
        ("r", 11, 7),
        ("data", 12, 16),
        ("t", 12, 7),
        ("r", 12, 12),
        ("t", 13, 12),
        ("a", 13, 14),
        ("t", 13, 17),
    ]


def test_heads_end_before_the_brace() -> None:
    text = "block b(o, # a )\n  k) { conv3-$o conv3-$k }\ntrain { data fake }\ntrain t as r {}\nmeasured {}\n"
    heads = [
        content.head.text
        for content in arch.parse(Source("a.arch", text)).contents
        if isinstance(content, syntax.Block | syntax.Train | syntax.Measured)
    ]
    assert heads == ["block b(o, # a )\n  k)", "train", "train t as r", "measured"]


# -- no room searches a text again


def searches(tree: ast.AST) -> Iterator[str]:
    """What only one who looks for something in a text has to do: read it at a place, count on a place, make one."""
    spans = {"span"}
    for node in ast.walk(tree):
        match node:
            case ast.arg(arg=name, annotation=ast.Name(id="Span")):
                spans.add(name)

    def is_span(node: ast.expr) -> bool:
        match node:
            case ast.Name(name):
                return name in spans
            case ast.Attribute(attr=name):
                return name in ("span", "head")
            case _:
                return False

    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="Span")):
                yield f"line {node.lineno} makes a place: {ast.unparse(node)}"
            case ast.Attribute(value=place, attr="text") if is_span(place):
                yield f"line {node.lineno} reads at a place: {ast.unparse(node)}"
            case ast.BinOp(left=ast.Attribute(value=place, attr="start" | "end")) if is_span(place):
                yield f"line {node.lineno} counts on a place: {ast.unparse(node)}"
            case ast.Attribute(value=ast.Attribute(value=place, attr="source"), attr="text") if is_span(place):
                yield f"line {node.lineno} reads a whole text: {ast.unparse(node)}"


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in sorted(PACKAGE.rglob("*.py"))
        if not path.relative_to(PACKAGE).as_posix().startswith(tuple(f"{room}/" for room in READERS))
    ],
    ids=lambda path: path.relative_to(PACKAGE).as_posix(),
)
def test_no_room_searches_a_text_again(path: Path) -> None:
    assert list(searches(ast.parse(path.read_text("utf-8")))) == []


@pytest.mark.parametrize(
    "line",
    [
        "start = span.start + span.text.index(label)",
        "Span(claim.span.source, 0, 3)",
        'length = len(section.span.text.partition("{")[0])',
        "text = link.span.source.text[3:]",
        "def first(line: Span) -> str: return line.text[0]",
    ],
)
def test_a_search_is_seen(line: str) -> None:
    assert list(searches(ast.parse(line)))
