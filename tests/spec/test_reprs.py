"""What an object says of itself in a Python session is a line, not all that it holds."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from refusals import findings

import vggdsl
from vggdsl.text.source import Span

WIDEST = 240
"""Two or three lines of a terminal."""

WRONG = "input 8x8x3 conv3-4 maxpol FC-3\nconv\n"


def held(it: object, seen: set[int]) -> Iterator[object]:
    """An object and those in its fields, each once."""
    if id(it) in seen:
        return
    seen.add(id(it))
    if is_dataclass(it) or isinstance(it, Span):
        yield it
    if is_dataclass(it):
        inside: list[Any] = [getattr(it, each.name) for each in fields(it)]
    else:
        inside = list(it.values()) if isinstance(it, Mapping) else list(it) if isinstance(it, tuple | list) else []
    for each in inside:
        yield from held(each, seen)


@pytest.mark.parametrize("name", vggdsl.shipped())
def test_everything_that_a_spec_holds_is_told_in_a_line(name: str) -> None:
    spec = vggdsl.load(name)
    for it in (*held(spec, set()), *held(spec.verdicts, set())):
        assert len(repr(it)) <= WIDEST, type(it)
        assert "\n" not in repr(it), type(it)


def test_findings_are_told_in_a_line() -> None:
    told = findings(lambda: vggdsl.parse(WRONG, "net.arch"))
    for it in held(told, set()):
        assert len(repr(it)) <= WIDEST
        assert "\n" not in repr(it)
    assert repr(told[0]) == "Diagnostic(V101: unknown word `maxpol` (net.arch:1:21))"


def test_results_are_told_in_a_line() -> None:
    rows = vggdsl.results(["quickstart", "mini_vgg", "vgg_d"])
    for it in held(rows, set()):
        assert len(repr(it)) <= WIDEST, type(it)
        assert "\n" not in repr(it), type(it)
    assert repr(rows[0]) == "Row(quickstart: test-accuracy, measured 98.50% over 5)"


def test_what_is_told() -> None:
    text = 'input 8x8x3 conv3-4 maxpool FC-3\nclaim params 307 "Table 1"\nclaim top-1-error 5% split=val\n'
    spec = vggdsl.parse(text, "net.arch")
    assert repr(spec) == "Spec('net', 8x8x3 -> 1x1x3, 307 parameters)"
    assert repr(spec.source) == "Source('net.arch', 4 lines)"
    assert repr(spec.document) == "Document(3 lines)"
    assert repr(spec.document.contents[1]) == "Claim(net.arch:2:1, 'claim params 307 \"Table 1\"')"
    assert repr(spec.verdicts) == "(Verdict(holds: params 307 of the network),)"
    assert repr(spec.results) == "(ResultClaim(net.arch:3:1, 'claim top-1-error 5% split=val'),)"
    assert repr(spec.network.graph) == "Graph(5 nodes)"
    assert repr(spec.network.graph.nodes[1]) == "Node(conv1_1: conv3-4 from input)"
    assert repr(spec.typed) == "TypedGraph(8x8x3 -> 1x1x3, 307 parameters, 5 nodes)"
    assert repr(spec.typed.nodes[1]) == "TypedNode(conv1_1: conv3-4, 8x8x3 -> 8x8x4, 112 parameters)"
    assert repr(spec.recipe()) == "Recipe(digits, batch 128, adam, 20 epochs, seeds 0)"


def test_a_long_text_is_cut() -> None:
    spec = vggdsl.parse(f"input 8x8x3 {'conv3-4 ' * 90}FC-3", "net.arch")
    assert repr(spec.document.contents[0]).endswith("conv3-4 conv3-4 …')")
