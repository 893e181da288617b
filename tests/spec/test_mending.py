"""``check --fix`` puts in what helps offer where they leave no choice, and nothing else."""

import re
from contextlib import chdir
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import fewer

from vggdsl.language import notations
from vggdsl.spec.checked import check_text
from vggdsl.spec.mending import Mended, mend
from vggdsl.text.diagnostics import Diagnostic
from vggdsl.text.errors import VggdslError
from vggdsl.text.source import Source

ERRORS = Path(__file__).parents[1] / "fixtures" / "errors"
NAMES = sorted(path.stem for path in ERRORS.glob("*.arch"))


def mended(text: str, name: str = "a.arch") -> Mended:
    return mend(Source(name, text))


def errors(text: str, name: str = "a.arch") -> list[Diagnostic]:
    return [found for each in check_text(Source(name, text)) for found in each.findings if found.is_error]


def comments(text: str) -> list[str]:
    """Also what looks like one in a string, which may be closed behind it."""
    return [comment.rstrip(' \r"') for comment in re.findall("#.*", text)]


@pytest.mark.parametrize("name", NAMES)
def test_of_each_error_what_leaves_no_choice_is_mended_once_and_for_all(name: str) -> None:
    with chdir(ERRORS):
        text = Source(f"{name}.arch", (ERRORS / f"{name}.arch").read_bytes().decode("utf-8-sig", "replace"))
        found = mend(text)
        left = [each for one in found.checked for each in one.findings]
        assert [(each.code, each.message) for each in left if each.is_error] == [
            (each.code, each.message) for each in errors(found.text, text.name)
        ]
        assert (found.text == text.written) == (not found.mended)
        assert comments(found.text) == comments(text.written)
        again = mend(Source(text.name, found.text))
    assert (again.text, again.mended) == (found.text, ())


def test_several_are_mended_also_where_one_hides_another() -> None:
    found = mended("input 32x32x3\nconv3-64 maxpol # first\nDropout(0.5) FC-10 softmax\ntrain {\n  epoch 3\n}\n")
    assert found.text == (
        "input 32x32x3\nconv3-64 maxpool  # first\ndropout-0.5 FC-10 softmax\ntrain {\n  epochs 3\n}\n"
    )
    assert [each.code for each in found.mended] == ["V101", "V101", "V403"]
    assert found.checked[0].spec is not None


def test_more_of_one_mistake_are_mended_than_are_told() -> None:
    text = "input 8x8x1\n" + "conv3_4  # again\n" * 30 + "FC-10 softmax\n"
    assert len(errors(text)) < 30
    found = mended(text)
    assert (len(found.mended), found.text.count("conv3-4  # again\n")) == (30, 30)


@pytest.mark.parametrize(
    "text",
    [
        "input 8x8x1 conv3-4 FC-10 softmax\nclaim params 2700\n",  # of the source, or disputed
        "input 28x28x1 conv3-8 FC-100 softmax\ntrain {\n  data digits\n}\n",
        'extends "../nowhere.arch"\n',
        "",  # what helps show is an example
        "input 8x8x1\n",
        "input 8x8x3\nconv3-64\n-> 8x8x65\nFC-10 softmax\n",  # the arrow of which element
        "input 8x8x3\nconv3-64 8x8x64\nFC-10 softmax\n",
        "conv3-4 FC-10 softmax\n",
        "input 128x3 conv3-4 FC-10 softmax\n",
        "input 8x8x1\n( conv3-4 conv3-4 x2\nFC-10 softmax\n",  # where the bracket was
        "input 8x8x1\nconv3-4 conv3-4 ) x2\nFC-10 softmax\n",
        "input 8x8x1 conv3-4 x0 FC-10 softmax\n",
        "input 8x8x1 conv3-4/2 stride=3 FC-10 softmax\n",
        "input 8x8x4\nafter add: LeakyReLU\nadd[ conv3-4 | identity ] ReLU\nFC-10 softmax\n",
        "input 8x8x1 ReLU conv4-3x3 FC-10 softmax\n",  # of 3x3, or three times
        "input 8x8x1 conv3-4 TReLU FC-10 softmax\n",  # a name of something else
        "input 8x8x1 convt3-4 FC-10 softmax\n",
        "input 8x8x1 nn.Conv2d(1, 4, 3) FC-10 softmax\n",  # without an activation
        "input 8x8x1 nn.Conv2d(3, 4, 3) ReLU FC-10 softmax\n",  # of 3 channels
        "input 8x8x1 incept3a: conv3-4 FC-10 softmax\nclaim incept3b params 40\n",
        "input 8x8x1 conv3-4 FC-10 softmax\nclaim conv1_1 weights 40\n",  # which are 40 params
        'input 8x8x1 conv3-4 FC-10 softmax\nclaim params 2610 disputed "no"\n',
        "input 8x8x1 conv3-4 FC-10 softmax\nclaim top-5 8.1%\n",
        "input 8x8x1 conv3-4 FC-10 softmax\nclaim conv1_1 top-5-error 8.1%\n",
        "input 8x8x1 conv3-4 FC-10 softmax\nclaimparams 2610\n",
        "input 8x8x1 conv3-4 FC-10 softmax\ndata 28x28x1\n",  # what it would be with an `input` can't be read either
        "input 8x8x1 conv3-4 FC-10 softmax\ntrain { data qmnist }\n",
        "input 8x8x1 conv3-4 FC-10 softmax\ntrain { data digits optimizer asgd(lr=0.1) }\n",
        "input 8x8x1 conv3-4 FC-10 softmax\ntrain { data digits augment flip }\n",  # of two
        "input 8x8x1 conv3-4 FC-10 softmax\ntrain { data digits schedule warmup(5) }\n",
        "input 8x8x1 conv3-4 FC-10 softmax\ntrain { data digits stop val-accuracy }\n",
        "input 8x8x3 conv3-4 FC-10 softmax\ntrain {\n  data cifar10\n  normalize mean(0, 0) std(1, 1)\n}\n",
    ],
)
def test_what_a_person_has_to_choose_stays(text: str) -> None:
    assert errors(text)
    assert mended(text).text == text


def test_warnings_and_what_they_offer_stay() -> None:
    text = "input 15x15x1 conv3-4 maxpool FC-10 softmax\n"
    (checked,) = check_text(Source("a.arch", text))
    assert [each.code for each in checked.findings if each.fixes] == ["W202"]
    assert (mended(text).text, mended(text).mended) == (text, ())


def test_a_table_in_another_notation_stays() -> None:
    text = "| Layer | Kernel | Filters |\n|---|---|---|\n| conv | 3x3 | 8 |\n| poool | 2x2 | |\n| FC | | 10 |\n"
    assert errors(text)
    assert mended(text).text == text


def test_what_is_mended_is_in_the_one_form_and_the_rest_as_it_was() -> None:
    text = "input 8x8x1\nconv3-4   ->  8x8x4\nconv3-16  # wide\nmaxpol  -> 4x4x16  # half\n\n\n\nFC-10   softmax\n"
    found = mended(text).text
    assert "maxpool" in found
    assert found.endswith("\n\n\n\nFC-10   softmax\n")
    crlf = mended(text.replace("\n", "\r\n"))
    assert crlf.text == found.replace("\n", "\r\n")


GOOD = """\
input 28x28x1  # digits
block pair(c) { conv3-$c conv3-$c }
pair(4) maxpool
3a: conv3-8 -> 14x14x8 params=296
FC-10 softmax
claim params 16,174 "Table 1"
train {
  data digits
  optimizer sgd(lr=0.1, momentum=0.9)  # as usual
  epochs 3
}
"""
BITS = st.sampled_from(
    [*"x-/ \n#(){}[]|,=3", "conv3-8", "maxpol", "BatchNorm", "nn.ReLU()", "Dropout(0.5)", "lr=0,1", "epoch 3", "x2"]
)


@fewer
@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 6), BITS), min_size=1, max_size=4))
def test_a_spec_that_was_edited_at_random_is_mended_once_and_keeps_its_comments(
    edits: list[tuple[int, int, str]],
) -> None:
    text = GOOD
    for at, length, bit in edits:
        text = text[:at] + bit + text[at + length :]
    found = mended(text)
    left = errors(found.text)
    assert comments(found.text) == comments(text)
    assert (found.text == text) == (not found.mended)
    again = mended(found.text)
    assert (again.text, again.mended) == (found.text, ())
    try:
        notations.read(Source("a.arch", found.text))
    except VggdslError:
        assert left
