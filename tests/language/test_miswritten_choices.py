"""Choices as newcomers write them: what is offered instead reads as what was meant, and says no other number."""

import re

import pytest
from hypothesis import assume, given
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


opened = st.sampled_from(["{}|{}", "{}..{}", "w={}|{}", "{} | {}", "{} or {}"])
stems = st.sampled_from(["conv3-8 x", "conv3-", "FC-", "conv1-8/", "maxpool", "GN-"])
pairs = st.tuples(st.integers(1, 99), st.integers(1, 99)).map(sorted).filter(lambda pair: pair[0] < pair[1])


@given(stems, opened, pairs, st.sampled_from([("(", ")"), ("[", "]")]))
def test_numbers_in_other_brackets_are_offered_in_braces(
    stem: str, form: str, pair: list[int], brackets: tuple[str, str]
) -> None:
    opener, closer = brackets
    inside, behind = form.format(*pair), "/2" if stem == "maxpool" else ""
    line = f"{stem}{opener}{inside}{closer}{behind} ReLU"
    right = re.sub(r" *(\||or) *", "|", inside)
    assert document(mended(line)) == document(f"{stem}{{{right}}}{behind} ReLU")


@given(
    st.sampled_from(["conv3-", "FC-", "conv3-4 GN-"]),
    st.lists(st.integers(1, 999), min_size=2, max_size=4, unique=True),
    st.sampled_from([",", ", "]),
    st.sampled_from(["()", "[]"]),
)
def test_numbers_with_commas_are_offered_with_bars(stem: str, numbers: list[int], comma: str, brackets: str) -> None:
    said = list(map(str, numbers))
    assert mended(f"{stem}{brackets[0]}{comma.join(said)}{brackets[1]} ReLU") == f"{stem}{{{'|'.join(said)}}} ReLU"


@pytest.mark.parametrize(
    "line", ["FC-{4,096}", "FC-(1,000)", "maxpool(3,2)", "conv(3,5)-8", "maxpool(3,2)/2", "dropout-(0,5)"]
)
def test_digits_kernels_and_strides_with_commas_are_no_choices(line: str) -> None:
    for found in findings(lambda: document(line)):
        assert not any("{" in fix.text for fix in found.fixes)
        assert "|096" not in (found.help or "")


@given(
    st.sampled_from(["conv3-8", "( conv3-8 )", "add[ ReLU | identity ]"]),
    st.tuples(st.integers(1, 9), st.integers(10, 20)),
    st.sampled_from(["{}..{}", "{}-{}", "({}|{})", "[{} or {}]"]),
    st.sampled_from([" ", "  ", "\t"]),
)
def test_a_repeat_that_stands_apart_is_offered_in_braces(
    element: str, pair: tuple[int, int], form: str, space: str
) -> None:
    (found, *others) = findings(lambda: document(f"{element} x{space}{form.format(*pair)} ReLU"))
    assert not others
    right = re.sub(r"[\[(\])]", "", form).replace(" or ", "|").replace("-", "..").format(*pair)
    assert mended(f"{element} x{space}{form.format(*pair)} ReLU") == f"{element} x{{{right}}} ReLU"
    assert f"`x{{{right}}}`" in (found.help or "")


@given(
    st.lists(st.sampled_from(LAYERS), min_size=2, max_size=3), st.sampled_from(["", "conv3-4 | ", "identity | ReLU | "])
)
def test_or_within_a_merge_is_no_further_branch(each: list[str], before: str) -> None:
    for found in findings(lambda: document(f"add[ {before}{' or '.join(each)} ]")):
        assert not found.fixes
        assert "what is chosen from stands in ( ), with a `|` between" in (found.help or "")


@given(st.sampled_from(LAYERS))
def test_brackets_of_nothing_are_taken_away_and_the_words_stay_apart(behind: str) -> None:
    for word in ("identity", "ReLU", "BN"):
        assert mended(f"( conv3-4 | {word}(){behind} )") == f"( conv3-4 | {word} {behind} )"
        assert mended(f"( conv3-4 | {word}() {behind} )") == f"( conv3-4 | {word} {behind} )"


@given(stems.filter(lambda stem: stem != "maxpool"), pairs, st.sampled_from(["{}..{}", "{{{}-{}}}"]))
def test_a_range_in_other_words_is_offered_as_one(stem: str, pair: list[int], form: str) -> None:
    assert mended(f"{stem}{form.format(*pair)}") == f"{stem}{{{pair[0]}..{pair[1]}}}"


@pytest.mark.parametrize("line", ["x{1-3}", "x1..3", "( x{1-3} | ReLU )", "( ReLU | x(1|3) )"])
def test_a_repeat_of_nothing_is_not_mended(line: str) -> None:
    assert not any(each.fixes for each in findings(lambda: document(line)))


@pytest.mark.parametrize("line", ["conv3-(0|8)", "conv3-[16..8]", "dropout-(5|10)", "FC-(64|64)", "conv[1x3|3x1]-8"])
def test_numbers_that_none_can_choose_from_are_not_offered(line: str) -> None:
    found = findings(lambda: document(line))
    assert [each.code for each in found] == ["V101"]
    assert not found[0].fixes


@given(st.integers(1, 99), st.integers(1, 9), st.integers(1, 9), st.sampled_from(["{} .. {}:{}", "{}..{} : {}"]))
def test_a_range_with_spaces_is_offered_without(first: int, step: int, times: int, form: str) -> None:
    last = first + step * times
    right = f"conv3-{{{first}..{last}:{step}}}"
    assert mended(f"conv3-{{{form.format(first, last, step)}}}") == right
    assert mended(f"conv3-{{{first}..{last}..{step}}}") == right
    assert mended(f"conv3-{{{last}..{first}:-{step}}}") == right
    assert not first_of(f"conv3-{{{first}..{last}:-{step}}}").fixes, "either its ends or its step are wrong"


@given(st.integers(1, 999), st.integers(10_000, 9_999_999), st.integers(0, 9))
def test_the_step_that_is_asked_for_is_the_least_that_fits(first: int, length: int, step: int) -> None:
    said = f":{step}" if step else ""
    assume(length // max(step, 1) >= 10_000)
    found = first_of(f"conv3-{{{first}..{first + length}{said}}}")
    least = int(re.findall(r"of ([\d,]+) or more", found.help or "")[0].replace(",", ""))
    assert length // least < 10_000 <= length // (least - 1)


@pytest.mark.parametrize(("step", "line"), [("0", "16..64:0"), ("-8", "16..64:-8"), ("2.5", "8..16:2.5")])
def test_of_a_wrong_step_that_alone_is_shown(step: str, line: str) -> None:
    assert first_of(f"conv3-{{{line}}}").labels[0].span.text == step


@given(st.lists(st.sampled_from(["1x3", "3x1", "3", "1x1"]), min_size=2, max_size=4, unique=True))
def test_kernels_of_two_sides_are_offered_as_elements(sizes: list[str]) -> None:
    for before, behind in (("conv", "-8 pad=0"), ("maxpool", "/2 ceil"), ("conv3-8/", " bias=no")):
        right = " | ".join(f"{before}{size}{behind}" for size in sizes)
        line = f"{before}{{{'|'.join(sizes)}}}{behind}"
        assert document(mended(f"{line} x2")) == document(f"( {right} ) x2")
        assert document(mended(line.replace("{", "{k="))) == document(f"( k= {right} )")


@given(rows, st.integers(0, 4), st.sampled_from(["none", "None", "skip", "nothing"]), st.sampled_from(["()", "add[]"]))
def test_a_word_for_nothing_is_offered_identity(each: list[str], at: int, word: str, brackets: str) -> None:
    opener, closer = brackets[:-1], brackets[-1]
    at = min(at, len(each))
    line = f"{opener} {' | '.join([*each[:at], word, *each[at:]])} {closer}"
    assert document(mended(line)) == document(line.replace(word, "identity"))


@given(st.lists(st.sampled_from(LAYERS), min_size=2, max_size=2))
def test_or_is_offered_as_a_bar(each: list[str]) -> None:
    assert document(mended(f"( {' or '.join(each)} )")) == document(f"( {' | '.join(each)} )")
    outside = first_of(" or ".join(each))
    assert not outside.fixes
    assert "`( … | … )`" in (outside.help or "")


@given(rows)
def test_no_other_number_is_offered(each: list[str]) -> None:
    for line in (f"{{{'|'.join(each)}}}", f"conv3-8 {' | '.join(each)}", f"( {' | '.join(each)} | )"):
        help = first_of(line).help or ""
        assert {*re.findall(r"\d+", help)} <= {*re.findall(r"\d+", line)}
