"""Choices as newcomers write them: what is offered instead reads as what was meant, and says no other number."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import findings

from vggdsl.language.notations import arch
from vggdsl.language.syntax import Document
from vggdsl.text.edits import edited
from vggdsl.text.errors import Diagnostic
from vggdsl.text.source import Source

HEAD, TAIL = "input 32x32x3\n", "\nFC-10 softmax\n"
LAYERS = ["maxpool", "avgpool3/2", "conv3-8", "conv{3|5}-16", "conv1-{4|6}", "ReLU", "dropout-0.5", "BN"]
rows = st.lists(st.lists(st.sampled_from(LAYERS), min_size=1, max_size=3).map(" ".join), min_size=2, max_size=4)
words = st.lists(st.sampled_from(LAYERS), min_size=2, max_size=4)


def document(line: str) -> Document:
    return arch.parse(Source("a.arch", HEAD + line + TAIL))


def first_of(line: str) -> Diagnostic:
    return findings(lambda: document(line))[0]


def mended(line: str) -> str:
    fixes = first_of(line).fixes
    return edited(Source("a.arch", HEAD + line + TAIL), fixes).removeprefix(HEAD).removesuffix(TAIL)


@given(rows, st.sampled_from(["", "pool="]), st.sampled_from(["|", " | "]))
def test_elements_in_braces_are_offered_in_brackets(each: list[str], name: str, bar: str) -> None:
    line = f"conv3-64 {{{name}{bar.join(each)}}} maxpool"
    assert document(mended(line)) == document(f"conv3-64 ( {name} {' | '.join(each)} ) maxpool")


@given(words)
def test_elements_without_brackets_are_offered_in_them(each: list[str]) -> None:
    line = f"conv3-64 {'|'.join(each)} maxpool"
    assert document(mended(line)) == document(f"conv3-64 ( {' | '.join(each)} ) maxpool")


@given(st.lists(st.integers(1, 999), min_size=2, max_size=4, unique=True), st.sampled_from(["conv3-", "FC-"]))
def test_numbers_without_braces_are_offered_in_them(numbers: list[int], word: str) -> None:
    numbers_said = "|".join(map(str, numbers))
    assert mended(f"{word}{numbers_said}") == f"{word}{{{numbers_said}}}"


@given(rows, st.integers(0, 4), st.sampled_from([("( ", " )"), ("( pool= ", " )"), ("add[ ", " ]")]))
def test_a_row_of_nothing_is_offered_identity(each: list[str], at: int, brackets: tuple[str, str]) -> None:
    at = min(at, len(each))
    opener, closer = brackets
    with_nothing = [*each[:at], "", *each[at:]]
    line = f"{opener}{' | '.join(with_nothing)}{closer}"
    right = " | ".join([*each[:at], "identity", *each[at:]])
    assert document(mended(line)) == document(f"{opener}{right}{closer}")


@given(st.sampled_from(["conv3-{8|16}", "conv{3|5}-8", "FC-{w=8|16}", "dropout-{0.1|0.2}"]), st.integers(1, 9))
def test_a_repeat_that_runs_on_is_offered_apart(word: str, times: int) -> None:
    for repeat in (f"x{times}", f"x{{{times}|{times + 1}}}"):
        assert mended(f"{word}{repeat}") == f"{word} {repeat}"


@given(st.sampled_from(["FC-{}", "conv3-{} x2", "conv{}-8", "dropout-{}", "maxpool x{}"]))
def test_the_name_of_a_choice_in_braces_is_offered_with_a_dollar(element: str) -> None:
    assert mended(f"conv3-{{w=3|5}} {element.format('{w}')}") == f"conv3-{{w=3|5}} {element.format('$w')}"


@pytest.mark.parametrize(
    "line", ["conv3-8 {1|2}", "stage(|2)", "conv3-8 -> 3|4", "add (|maxpool)", "aux {0.1|0.2} { ReLU }"]
)
def test_what_is_no_choice_of_elements_is_told_otherwise(line: str) -> None:
    found = first_of(line)
    assert not found.fixes
    assert "identity" not in (found.help or "")


@given(rows)
def test_no_other_number_is_offered(each: list[str]) -> None:
    for line in (f"{{{'|'.join(each)}}}", f"conv3-8 {' | '.join(each)}", f"( {' | '.join(each)} | )"):
        help = first_of(line).help or ""
        assert {*re.findall(r"\d+", help)} <= {*re.findall(r"\d+", line)}
