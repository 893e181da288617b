"""The language as a whole: what is written can be read, and whatever is read ends well."""

import json
import re
from collections import Counter

import pytest
from documents import documents, mutants
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import lexer
from profiles import fewer
from strategies import texts

import vggdsl
from vggdsl.language import syntax
from vggdsl.language.notations import arch
from vggdsl.language.notations.arch.comments import blanked
from vggdsl.language.notations.grammar import build
from vggdsl.text.diagnostics import render, to_json
from vggdsl.text.errors import VggdslError
from vggdsl.text.source import Source

SPECS = {name: path.read_text("utf-8") for name, path in vggdsl.shipped().items()}
HEAD = "input 32x32x3\n"
EXAMPLES = settings().max_examples


def read(text: str) -> syntax.Document:
    return arch.parse(Source("a.arch", text))


def comments(document: syntax.Document) -> Counter[str]:
    def walk(lines: tuple[syntax.Line, ...]) -> Counter[str]:
        found = Counter(line.comment for line in lines if line.comment)
        for line in lines:
            if isinstance(line.content, syntax.Block | syntax.Train | syntax.Measured):
                found += walk(line.content.lines)
        return found

    return walk(document.lines)


def check_kept(text: str) -> None:
    """The text in the one form says the same, and is in the one form."""
    document = read(text)
    written = arch.write(document)
    assert read(written) == document
    assert arch.write(read(written)) == written


# -- text and syntax


@given(documents)
def test_what_is_written_is_read(document: syntax.Document) -> None:
    written = arch.write(document)
    assert read(written) == document
    assert arch.write(read(written)) == written


@pytest.mark.parametrize("name", SPECS)
def test_shipped_specs_are_in_the_one_form(name: str) -> None:
    assert arch.write(read(SPECS[name])) == SPECS[name]


@pytest.mark.parametrize("name", SPECS)
def test_no_arrow_and_no_claim_of_a_shipped_spec_is_wider_than_a_hundred_columns(name: str) -> None:
    sections = re.compile(r"^(train|measured)\b.*?^}", re.MULTILINE | re.DOTALL)
    lines = [line.rstrip() for line in blanked(sections.sub("", SPECS[name])).split("\n")]
    assert [line for line in lines if len(line) > 100] == []


@given(texts())
def test_random_networks_are_kept(text: str) -> None:
    check_kept(text)


@fewer
@given(documents, st.data())
def test_comments_survive_wherever_a_line_ends(document: syntax.Document, data: st.DataObject) -> None:
    lines = arch.write(document).split("\n")
    before = comments(document)
    for i, line in enumerate(lines):
        if "#" not in line and data.draw(st.booleans()):
            lines[i] = f"{line} # {i}" if data.draw(st.booleans()) else f"# {i}\n{line}"
            before[f"# {i}"] += 1
    text = "\n".join(lines)
    assert comments(read(text)) == before
    check_kept(text)


@fewer
@given(documents, st.data())
def test_comments_survive_inside_brackets(document: syntax.Document, data: st.DataObject) -> None:
    text, before = arch.write(document), comments(document)
    places = [m.end() for m in re.finditer(r'"[^"\n]*"|#[^\n]*|[(\[|](?= )| (?=[)\]|])', text) if m[0][0] not in '"#']
    for place in sorted(data.draw(st.sets(st.sampled_from(places), max_size=3)) if places else (), reverse=True):
        text = f"{text[:place]} # {{ {place}\n{text[place:]}"
        before[f"# {{ {place}"] += 1
    assert comments(read(text)) == before
    check_kept(text)


@given(documents, st.sampled_from(["\r\n", "\n\n", "\n \t\n"]))
def test_the_end_of_a_line_can_be_any(document: syntax.Document, end: str) -> None:
    text = arch.write(document)
    contents = read(text).contents
    assert [type(c) for c in read(text.replace("\n", end)).contents] == [type(c) for c in contents]


# -- whatever is read ends well


def check_ends_well(text: str, name: str = "a.arch") -> None:
    """A spec, or errors that can be shown: nothing else comes out."""
    try:
        found = vggdsl.parse(text, name).check()
    except VggdslError as error:
        found = list(error.diagnostics)
        assert any(d.is_error for d in found)
    for diagnostic in found:
        assert render(diagnostic).encode()
        assert re.sub(r"\x1b\[[\d;]*m", "", render(diagnostic, color=True)) == render(diagnostic)
        assert json.dumps(to_json(diagnostic), ensure_ascii=False).encode()
        for span in (label.span for label in diagnostic.labels):
            assert 0 <= span.start <= span.end <= len(span.source.text)
            assert span.source.name != name or span.source.written == text


@given(st.text() | st.text('()[]{}|,:="#x3-64conv \n$->%', max_size=60))
@settings(max_examples=2 * EXAMPLES)
def test_random_text_ends_well(text: str) -> None:
    check_ends_well(text)
    check_ends_well(HEAD + text)


@given(documents)
def test_random_documents_end_well(document: syntax.Document) -> None:
    check_ends_well(HEAD + arch.write(document))


@given(st.sampled_from(sorted(SPECS)), st.data())
@settings(max_examples=EXAMPLES)
def test_mutated_specs_end_well(name: str, data: st.DataObject) -> None:
    check_ends_well(data.draw(mutants(SPECS[name])), str(vggdsl.shipped()[name]))


@given(texts().flatmap(mutants))
@settings(max_examples=EXAMPLES)
def test_mutated_networks_end_well(text: str) -> None:
    check_ends_well(text)


@given(documents.flatmap(lambda document: mutants(HEAD + arch.write(document))))
@settings(max_examples=EXAMPLES)
def test_mutated_documents_end_well(text: str) -> None:
    check_ends_well(text)


# -- the grammar


def test_no_two_words_of_the_grammar_collide(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("interegular", reason="finds what two words have in common")
    monkeypatch.setattr(lexer, "has_interegular", True)
    build("arch", strict=True)


GLUED = [
    "conv3-64conv3-64",
    "x3conv3-64",
    "conv3-64x3",
    "conv 3 - 64",
    "conv3-64maxpool",
    "maxpoolmaxpool",
    "FC-10softmax",
    "BNReLU",
    "ReLUx2",
    "conv3-64/2/2",
    "conv3-64->32x32x64",
    "dropout-0.5.5",
    "conv3-64,ReLU",
    "-> 32x32x64",
]


@pytest.mark.parametrize("words", GLUED)
def test_glued_and_torn_words_are_errors(words: str) -> None:
    with pytest.raises(vggdsl.ParseError):
        read(HEAD + words)


@pytest.mark.parametrize("word", ["ıdentity", "ſigmoid", "cоnv3-64", "FC-١٠", "conv³-64"])
def test_letters_and_digits_that_only_look_alike_are_errors(word: str) -> None:
    with pytest.raises(vggdsl.ParseError, match="unknown word"):
        read(HEAD + word)


@pytest.mark.parametrize(
    "line",
    [
        "CONV3-64 RELU MAXPOOL fc-10 SoftMax",
        "After Conv: relu",
        "CLAIM PARAMS 5",
        "TRAIN { EPOCHS 5 }",
        "bn EPS=1e-3 X2",
    ],
)
def test_words_are_case_insensitive(line: str) -> None:
    assert read(line) == read(line.lower())


@pytest.mark.parametrize("size", ["32x32x3", "32×32×3", "32*32*3", "32 x 32 x 3", "32 × 32*3", "32 ×32× 3"])
def test_sizes_are_written_with_any_cross(size: str) -> None:
    assert read(f"input {size} conv3-64 -> {size}\nclaim output {size}\n") == read(
        "input 32x32x3 conv3-64 -> 32x32x3\nclaim output 32x32x3\n"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("max pooling max-pool maxpooling", "maxpool maxpool maxpool"),
        ("average pooling", "avgpool"),
        ("soft-max", "softmax"),
        ("conv3×5-64 ×2", "conv3x5-64 x2"),
        ("conv3x3-64", "conv3-64"),
        ("224x224x3 input", "input 224x224x3"),
        ("maxpool ceil=yes", "maxpool ceil"),
        ("add[conv3-8|identity]", "add [ conv3-8 | identity ]"),
        ("concat[\n conv3-8 |\n\n identity ]", "concat[ conv3-8 | identity ]"),
        ("block b(x, y) { conv3-$x conv1-$y }", "block b( x,y ){\n conv3-$X conv1-$Y\n}"),
    ],
)
def test_spellings_that_mean_the_same(one: str, other: str) -> None:
    assert read(one) == read(other)


@pytest.mark.parametrize("count", [9, 10, 30])
def test_that_not_all_was_read_is_told_where_reading_stops(count: int) -> None:
    with pytest.raises(VggdslError) as caught:
        read(HEAD + 'FC-2 "two"\n' * count + "softmax\n")
    told = ["isn't read yet" in (each.help or "") for each in caught.value.diagnostics]
    assert told == [False] * min(count - 1, 9) + [count >= 10]
