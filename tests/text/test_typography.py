"""A text from a PDF or a web page is read as if it were typed, and its places stay right."""

from pathlib import Path

import pytest
from commands import run
from hypothesis import given
from hypothesis import strategies as st

import vggdsl
from vggdsl.language import notations, syntax
from vggdsl.spec.measured import make_block
from vggdsl.text.diagnostics import Label, render, to_json
from vggdsl.text.errors import Diagnostic, ParseError
from vggdsl.text.source import NOWHERE, Source, Span
from vggdsl.text.typography import plain

SPEC = """\
input 32x32x3
3a: conv3-64 conv1x7-64/2 BN eps=1e-3 ReLU -> 16x16x64 params=28,736
global-avgpool dropout-40% FC-10 softmax
claim params 31,306 "Table 1"
train S256 {
  data      fake(n=64)
  optimizer sgd(momentum=0.9)
  schedule  steps(1..2: 1e-4)
}
measured {
  top-1-error 8.8% split=val view=dense
}
"""


def spec(text: str) -> vggdsl.Spec:
    return vggdsl.parse(text, "a.arch")


# -- characters that stand for one


@pytest.mark.parametrize(
    ("written", "read"),
    [
        *((f"conv3{dash}64", "conv3-64") for dash in "‐‑‒–—−﹣－"),
        *((f"FC-10{space}softmax", "FC-10 softmax") for space in "\u00a0\u2002\u2003\u2009\u200a\u202f\u205f\u3000"),
        *((f"conv3{nothing}-64", "conv3-64") for nothing in "\u200b\u200c\u200d\u2060\ufeff"),
        ("\ufeffinput 32×32✕3", "input 32x32x3"),
        ("ﬂatten ﬁre eﬀect ﬃ", "flatten fire effect ffi"),
        ("ｃｏｎｖ３－６４　（ＢＮ）", "conv3-64 (BN)"),
        ("𝐜𝐨𝐧𝐯𝟑-64", "conv3-64"),
        ("soft\u00admax", "softmax"),
        ("conv7-64∕2 ∼138M", "conv7-64/2 ~138M"),
        ("claim params 138\u2009357\u2009544", "claim params 138357544"),
        ("FC-4\u202f096", "FC-4096"),
        ("FC-1\u202f000\u202f000", "FC-1000000"),
        ("fc6\u2009100", "fc6 100"),
        ("seeds 10\u2009000", "seeds 10000"),
        ("lr=1e−4", "lr=1e-4"),
        ("source “VGG” „a“ «b» ”c”", 'source "VGG" "a" "b" "c"'),
        ('source “VGG"', 'source "VGG"'),
    ],
)
def test_it_is_read_as_typed(written: str, read: str) -> None:
    assert plain(written).text == Source("a.arch", written).text == read


@pytest.mark.parametrize(
    "kept",
    [
        'source "VGG – “deep” × 2" # – ﬁ ×',
        "# “a – b",
        "conv3² 畳み → ≈ ½ ①",  # another size, another language, another sign
        "dropout-0·5 x•3 1…5",
        "138\u00a0357",
        "b(1\u2009000\u2009200)",
        "conv3\u00ad64 1e\u00ad4",
        "a\u202eb\u200e",
        "conv3-64\u2028FC-10\r",
    ],
)
def test_what_is_said_or_could_mean_two_things_is_kept(kept: str) -> None:
    assert plain(kept).text == kept


def test_strings_in_smart_quotes_keep_what_stands_in_them() -> None:
    assert plain("source “VGG – ‘deep’ # 2” # “–").text == 'source "VGG – ‘deep’ # 2" # “–'


def test_a_whole_spec_says_the_same() -> None:
    pasted = SPEC.translate({ord("x"): "×", ord("-"): "–", ord(" "): "\u00a0"}).replace('"Table\u00a01"', "“Table 1”")
    pasted = pasted.replace("ma×", "max")
    ours, theirs = spec(SPEC), spec(pasted)
    assert theirs.network.graph.digest == ours.network.graph.digest
    assert [recipe.digest for recipe in theirs.recipes] == [recipe.digest for recipe in ours.recipes]
    assert theirs.results == ours.results
    assert [(str(m.results), m.values) for m in theirs.measurements] == [
        (str(m.results), m.values) for m in ours.measurements
    ]
    assert vggdsl.write(theirs) == vggdsl.write(ours)
    assert theirs.text == pasted  # a run keeps what was written


def test_fmt_writes_plain_characters_and_keeps_what_is_said(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    path.write_text("source “a – b”  # c – d\ninput 32×32×3\nconv3–64 maxpool FC‑10 soft‐max\n", "utf-8")
    assert run("fmt", "--check", path).exit_code == 1
    assert run("fmt", path).exit_code == 0
    expected = 'source "a – b"  # c – d\ninput 32x32x3\nconv3-64 maxpool FC-10 softmax\n'
    assert path.read_text("utf-8") == run("fmt", "-", input=expected).output == expected


def test_standard_input_is_read_so() -> None:
    assert run("check", "-", input="\ufeffinput 32×32×3 conv3–64 FC—10 ｓｏｆｔｍａｘ\n").exit_code == 0


def test_a_sealed_block_stays_sealed() -> None:
    line = syntax.ResultLine(1, 2, "0.5", "0.5", "0.5", NOWHERE)
    block = make_block(line, {"run": {"seed": 0, "device": "Tesla – “V100” × 2"}})
    text = notations.write(syntax.Document((syntax.Line(block),)))
    assert "Tesla – “V100” × 2" in text
    (measurement,) = spec(SPEC.partition("measured")[0] + text).measurements
    assert measurement.sealed
    (pasted,) = spec(SPEC.partition("measured")[0] + text.replace("-", "–").replace(" = ", "\u00a0= ")).measurements
    assert pasted.sealed


# -- characters that could stand for two


@pytest.mark.parametrize(
    ("line", "column", "help"),
    [
        ("claim params 138\u00a0357\u00a0544", 17, "it can part two numbers or group one"),
        ("FC-4\u00a0096 softmax", 5, "it can part two numbers or group one"),
        ("conv3\u00ad64", 1, "it can be a hyphen or none"),
        ("dropout-0·5", 10, "it can be a point or a product"),
        ("train { schedule steps(1…5: 1e-3) }", 25, "write `..`"),
        ("conv3-64\u202ex2", None, "remove the character U+202E"),
        ("cоnv3-64", 1, "U+043E (cyrillic small letter o)"),
        ("conv3²-64", None, "U+00B2"),
    ],
)
def test_it_is_refused_where_it_stands(line: str, column: int | None, help: str) -> None:
    with pytest.raises(ParseError) as caught:
        spec(f"input 32x32x3 conv3-64\n{line}\n")
    finding = caught.value.diagnostics[0]
    assert help in (finding.help or "")
    assert finding.labels[0].span.line == 2
    if column is not None:
        assert finding.labels[0].span.column == column


# -- places


@pytest.mark.parametrize(
    ("line", "word", "mark"),
    [
        ("conv3–64 foo FC-10", "foo", "         ^^^"),
        ("ﬂatten foo", "foo", "       ^^^"),
        ("ﬁne", "fine", "^^^"),
        ("con\u200bv3-64 \u00adfoo", "foo", None),
        ("×2 foo", "foo", "   ^^^"),
        ("１０ foo", "foo", "     ^^^"),
    ],
)
def test_marks_stand_under_what_was_written(line: str, word: str, mark: str | None) -> None:
    source = Source("a.arch", f"input 32x32x3\n{line}\n")
    start = source.text.index(word)
    shown = render(Diagnostic("V101", "m", (Label(Span(source, start, start + len(word))),))).splitlines()
    assert shown[-2][4:] == line.replace("\u200b", "\ufffd").replace("\u00ad", "\ufffd")
    if mark is not None:
        assert shown[-1][4:] == mark


def test_columns_are_those_of_what_was_written() -> None:
    source = Source("a.arch", "ﬁﬂ\u200bx foo\n")
    assert source.text == "fiflx foo\n"
    (label,) = to_json(Diagnostic("V101", "m", (Label(Span(source, 0, 4)),)))["labels"]
    assert (label["column"], label["end_column"]) == (1, 3)
    (label,) = to_json(Diagnostic("V101", "m", (Label(Span(source, 6, 9)),)))["labels"]
    assert (label["column"], label["end_column"]) == (6, 9)


@given(st.text('aé 1,"#\n–\u00a0\u2009\u00adﬁ“”„«»×\u200b０＃·'))
def test_each_character_has_a_place(written: str) -> None:
    read = plain(written)
    assert len(read.places) == len(read.text) + 1
    assert list(read.places) == sorted(read.places)
    assert read.text.count("\n") == written.count("\n")
    source = Source("a.arch", written)
    for place, char in enumerate(read.text):
        at = read.places[place]
        assert char == written[at] or not written[at].isascii()
        assert source.position(at)[0] == written.count("\n", 0, at) + 1


@given(st.text(st.characters(max_codepoint=127)))
def test_a_plain_text_is_read_as_it_is(written: str) -> None:
    assert plain(written).text == written


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_another_encoding_is_named(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    path.write_bytes(("\ufeff" if encoding == "utf-16-be" else "").encode(encoding) + SPEC.encode(encoding))
    assert "it is UTF-16: save it as UTF-8" in run("check", path).output


@pytest.mark.parametrize("text", ["conv3-64\u2009128", "b(64\u2009128)", "0\u202f500", "maxpool3/2\u2009500"])
def test_a_thin_space_joins_no_numbers_of_layers(text: str) -> None:
    assert plain(text).text == text.replace("\u2009", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    "text",
    [
        "claim params 138\u2009357\u2009544",
        "params=138\u202f357\u202f544",
        "claim params ~138\u2009000",
        "conv3-64 -> 1\u2009234\u2009567",
        'claims "Table 1" {\n  fc8 1\u2009100\n  params 138\u2009357\u2009544',
        "seeds 10\u2009000\u2009000",
    ],
)
def test_a_thin_space_groups_the_digits_of_a_figure(text: str) -> None:
    assert plain(text).text == text.replace("\u2009", "").replace("\u202f", "")


@pytest.mark.parametrize(
    "entry",
    [
        "batch 64\u2009128",
        "seeds 12\u202f345",
        "seeds 10\u2009100\u2009200",
        "seeds 1\u2009100\u2009200",
        "seeds 1\u2009000\u2009200",
        "seeds 1\u2009200\u2009000",
    ],
)
def test_a_thin_space_that_may_part_two_numbers_is_refused(entry: str) -> None:
    done = run("check", "-", input=f"{SPEC}\n# what it\n# claims\ntrain {{\n  data digits\n  {entry}\n}}\n")
    assert done.exit_code == 1
    assert "write a space, or nothing" in done.output


def test_a_thin_space_before_zeros_can_only_group() -> None:
    assert plain("seeds 1\u2009000").text == "seeds 1000"
