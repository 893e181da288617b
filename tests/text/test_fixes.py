"""What helps offer is tried: put in the place of what was written it mends that, and code shown as a form is one.

The texts are the fixtures of the findings, which are also the examples on the page of codes.
"""

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import chdir
from functools import cache
from pathlib import Path

import pytest

import vggdsl
from vggdsl.language import notations
from vggdsl.text.diagnostics import to_json
from vggdsl.text.edits import Edit, added_before, added_behind, edited, removal
from vggdsl.text.errors import Diagnostic, VggdslError
from vggdsl.text.source import Source, Span

FIXTURES = Path(__file__).parents[1] / "fixtures" / "errors"
NAMES = sorted(path.stem for path in FIXTURES.glob("*.arch"))
CODE = re.compile(r"`([^`]+)`")


def found_in(text: str, name: str) -> list[Diagnostic]:
    try:
        return vggdsl.parse(text, name).check()
    except VggdslError as error:
        return list(error.diagnostics)


def text_of(name: str) -> str:
    with (FIXTURES / f"{name}.arch").open(encoding="utf-8", newline="") as file:
        return file.read()


@cache
def findings(name: str) -> list[Diagnostic]:
    with chdir(FIXTURES):
        return found_in(text_of(name), f"{name}.arch")


def said(findings: list[Diagnostic]) -> Counter[tuple[str, str]]:
    return Counter((found.code, found.message) for found in findings)


def not_mended(name: str, found: Diagnostic, fix: Edit, folder: Path) -> list[str]:
    """Why a fix doesn't mend a finding: it is still there, or another error is where it was made."""
    before_it, text = findings(name), text_of(name)
    made = edited(fix.span.source, [fix])
    if fix.span.source.name == f"{name}.arch":
        beside, text = FIXTURES, made
    else:  # only then are the files beside it others than before
        beside = shutil.copytree(FIXTURES, folder / "errors")
        (beside / fix.span.source.name).write_text(made, encoding="utf-8", newline="")
    with chdir(beside):
        after = found_in(text, f"{name}.arch")
    key = found.code, found.message
    wrong = [f"is still there: {found}"] if said(after)[key] >= said(before_it)[key] else []
    begin, end = fix.span.start, fix.span.start + len(fix.text)
    for each in after:
        place = next((label.span for label in each.labels if label.primary), None)
        is_new = said(after)[each.code, each.message] > said(before_it)[each.code, each.message]
        if not (each.is_error and is_new and place is not None and place.source.name == fix.span.source.name):
            continue
        if place.start < max(end, begin + 1) and begin < max(place.end, place.start + 1):
            wrong.append(f"makes {each}")
    return wrong


@pytest.mark.parametrize("name", NAMES)
def test_what_a_help_offers_mends_it(name: str, tmp_path: Path) -> None:
    wrong = []
    for found in findings(name):
        for number, fix in enumerate(found.fixes):
            wrong += [f"{fix} {why}" for why in not_mended(name, found, fix, tmp_path / str(number))]
    assert wrong == []


# -- code in a help


@cache
def can_be(code: str) -> bool:
    """Whether a text by itself is something that the language has, its … filled in."""
    return any(reads(filled) for filled in fillings(code) for reads in WAYS)


def fillings(code: str) -> Iterator[str]:
    if "…" not in code:
        yield code
        return
    for inside in ("conv3-64", "a, b", "params=1", "params 1", "epochs 1", "0.5"):
        yield code.replace("…", inside)
    yield re.sub(r"\(…\)", "(a)", code).replace("…", "conv3-$a")


def reads(form: str, checked: bool = False) -> Callable[[str], bool]:
    """Whether a code can stand in a place of a text; where it is ``checked``, with its values."""

    def reads_it(code: str) -> bool:
        text = form.replace("CODE", code)
        try:
            if checked:
                vggdsl.parse(text, str(FIXTURES / "code.arch"))
            else:
                notations.read(Source("code.arch", text))
        except VggdslError:
            return False
        return True

    return reads_it


WAYS = [
    reads("input 64x64x64\nCODE\nFC-10 softmax", checked=True),
    reads("CODE\nconv3-64 maxpool FC-10 softmax", checked=True),
    reads("input 64x64x64\nconv3-64 CODE\nFC-10 softmax", checked=True),
    reads("input 64x64x64\nmaxpool CODE\nFC-10 softmax", checked=True),
    reads("input 64x64x64\nconv3-64 BN CODE\nFC-10 softmax", checked=True),
    reads("input 64x64x3 conv3-64 FC-10 softmax\ntrain {\n  optimizer sgd(lr=0.1)\n  epochs 1\n}\nCODE", checked=True),
    reads("input 64x64x3 conv3-64 FC-10 softmax\ntrain {\n  CODE\n}", checked=True),
    reads("input 64x64x3 conv3-64 FC-10 softmax\ntrain {\n  optimizer CODE\n}", checked=True),
    reads("input 64x64x3 conv3-64 FC-10 softmax\ntrain {\n  data CODE\n}", checked=True),
    reads('input 64x64x3 conv3-64 FC-10 softmax\ntrain {\n  init from("a.arch", CODE)\n}', checked=True),
    reads("input 64x64x3\nblock inception(a, b) { conv3-$a conv3-$b }\nCODE\nFC-10 softmax", checked=True),
    reads("input 64x64x3\nblock block() { conv3-64 }\nCODE\nFC-10 softmax", checked=True),
    reads("CODE"),
    reads("CODE: ReLU"),
    reads("conv3-64CODE"),
    reads("block b(c) { conv3-64 CODE }"),
    reads("block b(c) { f(CODE) }"),
    reads("block CODE { conv3-64 }"),
    reads('claims "Table 1" {\n  CODE\n}'),
    reads("claim CODE"),
    reads("claim CODE 5"),
    reads('conv3-64 -> 3x3x64 params=1 CODE "because"'),
    reads("after CODE ReLU"),
    reads("conv3-64 CODE 8x8x64"),
    reads("concat[ conv3-64 CODE conv3-64 ]"),
    reads("train CODE }"),
    reads("train { epochs 1 CODE"),
    reads("( conv3-64 CODE"),
    reads("conv3-64 x2 -> CODE"),
    reads('CODE "blocks.arch"'),
    reads("CODE 4a"),
    reads("remove CODE"),
    reads('claim params 5 CODE "because"'),
]
COMMANDS = ("vggdsl train", "vggdsl show", "vggdsl search")
NO_FORMS = ("$in-width",)
"""What a help says can't be written."""


def shown(found: Diagnostic) -> Iterator[str]:
    """The code in a help that is neither what a fix puts there nor what it takes away; not what was expected there."""
    if str(found.help).startswith("expected "):
        return
    for code in CODE.findall(found.help or ""):
        offered = any(fix.text.strip() and fix.text.strip(" ,\n") in code for fix in found.fixes)
        inside = any(code in fix.text for fix in found.fixes)
        is_sign = len(code) == 1
        if not (offered or inside or is_sign) and not any(code in fix.span.text for fix in found.fixes):
            yield code


@pytest.mark.parametrize("name", NAMES)
def test_code_that_shows_a_form_is_one(name: str) -> None:
    wrong = [
        (found.code, code, found.help)
        for found in findings(name)
        for code in shown(found)
        if code not in (*COMMANDS, *NO_FORMS) and not can_be(code)
    ]
    assert wrong == []


# -- what offers code says it as data, too

OFFERS = re.compile(
    r"(?:did you mean|(?<!\. )write|write it without spaces:|call the block:|here it is spelled|remove(?: the)?|add|"
    r"let it wait longer:|name those that are alike:|would hold with biases: write) `([^`…]+)`"
)
"""Words behind which stands what is to be written or taken away; not an example of a form."""
FORMS = {
    "V101": "what begins more than a word, or has more behind it",
    "V106": "a whole result line, of which nobody knows the numbers",
    "V102": "what stands elsewhere",
    "V207": "a number that may be larger",
    "V210": "what another file says",
    "V216": "the second of two ways",
    "V222": "a value, such as one that fits",
    "V232": "names of parameters, for numbers that nobody knows",
    "V234": "a name that stands in several places",
    "V242": "what a file is to say that isn't one yet",
    "V301": "another claim, at another layer or of another measure",
    "W209": "the second of two ways",
    "V403": "where a value stands that wasn't given",
}
"""Codes whose helps may show forms where others offer code, and which."""


@pytest.mark.parametrize("name", NAMES)
def test_what_is_offered_is_offered_as_data(name: str) -> None:
    wrong = [
        (found.code, found.help)
        for found in findings(name)
        for code in OFFERS.findall(found.help or "")
        if code in [*shown(found)] and found.code not in FORMS
    ]
    assert wrong == []


# -- edits


@pytest.mark.parametrize(
    ("text", "word", "left"),
    [
        ("crop(5, 7)", "7", "crop(5)"),
        ("crop(5 , 7)", "7", "crop(5)"),
        ("crop(5, pad=4)", "5", "crop(pad=4)"),
        ("hflip(5)", "5", "hflip()"),
        ("conv3-64 after=none BN", "after=none", "conv3-64 BN"),
        ("conv3-64 after=none", "after=none", "conv3-64"),
        ("  ReLU BN\n", "ReLU", "  BN\n"),
        ("( ReLU BN )", "ReLU", "(  BN )"),
    ],
)
def test_what_is_taken_away_leaves_no_gap(text: str, word: str, left: str) -> None:
    source, start = Source("a.arch", text), text.index(word)
    made = edited(source, [removal(Span(source, start, start + len(word)))])
    assert made.split() == left.split()
    assert len(made) <= len(left)


def test_several_edits_of_a_text_are_made_at_once() -> None:
    source = Source("a.arch", "conv3-64 maxpol FC10")
    word, last = Span(source, 9, 15), Span(source, 16, 20)
    edits = [Edit(last, "FC-10"), added_before(word, "ReLU "), Edit(word, "maxpool"), added_behind(last, " softmax")]
    assert edited(source, edits) == "conv3-64 ReLU maxpool FC-10 softmax"


def test_a_program_reads_them(tmp_path: Path) -> None:
    (found,) = found_in("input 32x32x3\nconv3-64 padd=1\nFC-10 softmax\n", "a.arch")
    assert to_json(found)["fixes"] == [
        {"file": "a.arch", "line": 2, "column": 10, "end_line": 2, "end_column": 14, "text": "pad"}
    ]
