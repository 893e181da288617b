"""Claims of one place in a block: the same as each by itself, and the form that ``fmt`` gives them."""

import pytest

import vggdsl
from vggdsl.language import syntax
from vggdsl.language.links import flatten
from vggdsl.language.notations import arch
from vggdsl.text.diagnostics import render_all
from vggdsl.text.source import Source

NET = "input 32x32x3\n3a: conv3-64\nmaxpool\nFC-10 softmax\n\n"

SINGLE = """\
claim 3a output 32x32x64 params 1,792     "Table 1"
# measured by hand
claim fc2 output 10                       "Table 1"  # behind
claim pool1 receptive-field 4             "Table 1"

claim pool1 activations ~16K weights 0    "Table 1"
claim params 165,642 weights 165,568      "Table 1"
claim top-1-error 27.0% top-5-error 8.8% split=val scale=256 "Table 1"
claim Epoch 4/9 - Train Accuracy: 0.9 - Val Accuracy: 0.8 - Test Accuracy: 0.7 "Table 1"
"""
BLOCK = """\
claims "Table 1" {
  3a    32x32x64 params=1,792
  # measured by hand
  fc2   10  # behind
  pool1          receptive-field=4

  pool1          activations=~16K weights=0
  params=165,642 weights=165,568
  top-1-error 27.0% top-5-error 8.8% split=val scale=256
  Epoch 4/9 - Train Accuracy: 0.9 - Val Accuracy: 0.8 - Test Accuracy: 0.7
}
"""


def read(text: str) -> syntax.Document:
    return arch.parse(Source("a.arch", text))


def fmt(text: str) -> str:
    return arch.write(read(text))


def test_a_block_is_the_claims_that_are_its_rows() -> None:
    assert read(NET + BLOCK) == read(NET + SINGLE)
    one, other = vggdsl.parse(NET + SINGLE), vggdsl.parse(NET + BLOCK)
    assert one == other
    assert one.verdicts == other.verdicts
    assert other.count("holds") == 8
    assert [r.measures for r in one.results] == [r.measures for r in other.results]
    assert [r.protocol for r in one.results] == [r.protocol for r in other.results]
    assert {r.where for r in other.results} == {"Table 1"}


def test_fmt_gathers_claims_of_one_place_that_follow_each_other() -> None:
    assert fmt(SINGLE) == fmt(BLOCK)
    assert fmt(fmt(SINGLE)) == fmt(SINGLE)
    assert fmt(SINGLE) == BLOCK
    two = 'claim params 1 "a"\nclaim macs 2 "b"\nclaim weights 3 "b"\nclaim params 4 "a"\nclaim macs 5\nclaim macs 6\n'
    assert fmt(two) == (
        'claim params 1 "a"\nclaims "b" {\n  macs=2\n  weights=3\n}\nclaim params 4 "a"\nclaim macs 5\nclaim macs 6\n'
    )
    assert fmt('claims "a" { params=1 }\nmaxpool\nclaims "a" {\n\n  macs 2\n\n}') == (
        'claim params 1 "a"\nmaxpool\nclaim macs 2 "a"\n'
    )


@pytest.mark.parametrize("output", ["0", "1e10", "1234567890123e20"])
def test_what_can_be_no_size_keeps_its_word(output: str) -> None:
    text = fmt(f'claim a output {output} "T"\nclaim a macs 5 "T"\n')
    assert f"output={output}\n" in text
    assert fmt(text) == text


def test_rows_of_one_kind_are_aligned() -> None:
    rows = ["conv1_1 224x224x64 params=1,792", "fc6 4096 params=102,764,544", "pool5 activations=25,088"]
    assert fmt('claims "a" {\n' + "\n".join(rows) + "\nparams=138M\nmacs 15G\n}") == (
        'claims "a" {\n'
        "  conv1_1 224x224x64 params=1,792\n"
        "  fc6     4096       params=102,764,544\n"
        "  pool5              activations=25,088\n"
        "  params=138M\n"
        "  macs=15G\n"
        "}\n"
    )
    table = [
        'claim top-1-error 27.0% top-5-error 8.8% train=S256 split=val "Table 3"',
        'claim top-1-error 25.6% top-5-error 8.1% train=jitter split=val "Table 3"',
    ]
    assert fmt("\n".join(table)) == (
        'claims "Table 3" {\n'
        "  top-1-error 27.0% top-5-error 8.8% train=S256   split=val\n"
        "  top-1-error 25.6% top-5-error 8.1% train=jitter split=val\n"
        "}\n"
    )


def test_fmt_breaks_a_claim_that_is_too_wide() -> None:
    result = "top-1-accuracy 71.586% top-5-accuracy 90.374% train=reference split=val scale=256 view=centre"
    assert fmt(f'claim {result} "Weights"') == f'claims "Weights" {{\n  {result}\n}}\n'
    line = "Epoch 221/500 - Train Accuracy: 0.9996 - Val Accuracy: 0.9292 - Test Accuracy: 0.9211"
    assert fmt(f"claim {line} \"slide 'conv layer'\"") == f"claims \"slide 'conv layer'\" {{\n  {line}\n}}\n"
    wide = f"claim {result} flip=yes ensemble=2"
    assert fmt(wide) == wide.replace(" flip=yes", ",\n    flip=yes") + "\n"
    assert fmt(f'{wide} "T"').splitlines()[1:3] == [f"  {result},", "    flip=yes ensemble=2"]
    figures = [
        "params=1,234,567",
        'weights=1,234,567 disputed "7·7·3·64 = 9,408 = 9.2Ki"',
        "macs=1,234,567",
        "output=5",
    ]
    assert fmt('claims "T" {\nconv1_1 224x224x64 ' + " ".join(figures) + "  # why\nfc6 5\n}") == (
        'claims "T" {\n'
        "  conv1_1 224x224x64 params=1,234,567 " + figures[1] + ",\n"
        "    macs=1,234,567 output=5  # why\n"
        "  fc6 5\n"
        "}\n"
    )


def test_a_row_can_dispute_each_of_its_figures() -> None:
    text = 'claims "T" {\n  3a weights=2.7Ki disputed "no" macs=34M disputed "neither" params=1,792\n}\n'
    assert fmt(text) == text
    spec = vggdsl.parse(NET + text)
    assert [v.status for v in spec.verdicts] == ["disputed", "disputed", "holds"]
    assert spec.check() == []


def test_comments_at_the_ends_of_a_block_move_out_of_it() -> None:
    text = 'maxpool\nclaims "T" {  # head\n  # first\n  params=1\n  macs=2  # row\n\n  # last\n}  # end\nmaxpool\n'
    assert fmt(text) == (
        'maxpool\n# head\n# first\nclaims "T" {\n  params=1\n  macs=2  # row\n}\n\n# last\n# end\nmaxpool\n'
    )


@pytest.mark.parametrize("label", ["epoch", "12", "5x3", "claim", "claims", "measured", "Epoch", "params_", "as"])
def test_labels_that_look_like_something_else_stand_in_rows(label: str) -> None:
    claims = [f'claim {label} {figures} "T"' for figures in ("output 12", "output 12x12x3 params 5", "macs 7")]
    text = "\n".join(claims)
    assert read(fmt(text)) == read(text)
    assert fmt(fmt(text)) == fmt(text)
    assert fmt(text).startswith('claims "T" {')


@pytest.mark.parametrize(
    ("claim", "row"),
    [
        ("weight-layers 1x1", "weight-layers 1x1"),
        ("fc8 params 8x8", "fc8 params 8x8"),
        ("output 8x8", "output=8x8"),
        ("output 0", "output=0"),
        ("fc8 output 0", "fc8 output=0"),
        ("fc8 output 1,000", "fc8 1,000"),
        ("macs1 output 1.5e3", "macs1 output=1.5e3"),
        ("macs1 output 1K", "macs1 output=1K"),
        ("macs1 output 1e10", "macs1 output=1e10"),
        ("macs1 output 8x8", "macs1 8x8"),
    ],
)
def test_a_row_reads_as_its_claim(claim: str, row: str) -> None:
    text = f'claim {claim} "T"\n' * 2
    assert fmt(text) == f'claims "T" {{\n  {row}\n  {row}\n}}\n'
    assert read(fmt(text)) == read(text)


@pytest.mark.parametrize("rest", ["27.0%", "27.0% split=val", '27.0% disputed "why"'])
def test_no_comma_stands_before_a_place(rest: str) -> None:
    text = f'claim claim top-1-error {rest} "{"a long place " * 8}"'
    assert read(fmt(text)) == read(text)


@pytest.mark.parametrize("text", ["claims: conv3-64", "block claims(a) { conv3-$a }\nclaims(64)", "remove claims"])
def test_claims_is_a_name_as_before(text: str) -> None:
    assert read(fmt(text)) == read(text)


def test_a_block_isn_t_inherited() -> None:
    base = Source("base.arch", NET + BLOCK)
    delta = read(f'extends "base.arch"\nreplace fc2: FC-20\n{BLOCK.replace("Table 1", "Table 2")}')
    whole = flatten(delta, lambda link: arch.parse(base))
    assert {c.where for c in whole.contents if isinstance(c, syntax.Claim | syntax.ResultLineClaim)} == {"Table 2"}
    assert arch.write(whole).count("claims") == 1


def test_a_finding_points_at_the_row_s_figure() -> None:
    (found,) = vggdsl.parse(f'{NET}claims "T" {{\n  3a 32x32x64\n  3a params=1,728\n}}\n', "a.arch").check()
    assert render_all([found]) == (
        "error[V301]: params of 3a is 1,792, not 1,728\n"
        " --> a.arch:8:6\n"
        "  |\n"
        "8 |   3a params=1,728\n"
        "  |      ^^^^^^^^^^^^ it is 1,792\n"
        "help: it would hold without biases: write `weights=1,728`"
    )
