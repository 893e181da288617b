"""The door for notations: one that registers itself is recognised and read wherever a spec can stand."""

import re
from pathlib import Path

import pytest
from commands import run
from refusals import refusal

import vggdsl
from vggdsl.language import notations
from vggdsl.language.notations import Notation, Reading, registry
from vggdsl.language.syntax import Claim, Document, Input, Item, Items, Layer, Line, Measure, Size
from vggdsl.records.append import append
from vggdsl.text.errors import Diagnostic, Label, NetworkError, ParseError, RecordError, VggdslError
from vggdsl.text.figures import Figure
from vggdsl.text.source import Source, Span

ERRORS = Path(__file__).parents[1] / "fixtures" / "errors"

# -- a toy, `1x28x28+64C3+MP2+10N`: channels x height x width, 64 maps by 3x3, pools of 2x2, 10 neurons

WORD = re.compile(r"(?P<maps>\d+)C(?P<side>\d+)|MP(?P<window>\d+)|(?P<neurons>\d+)N|(?P<size>\d+x\d+x\d+)")
FORM = re.compile(r"\d+x\d+x\d+(\+\S+)+( .*)?\n?")


def read(source: Source) -> Document:
    line = re.fullmatch(r"(\S+?)(?:, (\S+) parameters)?\n?", source.text)
    assert line
    row, figure = line.groups()
    items, found, at = [], [], 0
    for word in row.split("+"):
        span, at = Span(source, at, at + len(word)), at + len(word) + 1
        match = WORD.fullmatch(word)
        if match is None:
            found.append(Diagnostic("V101", f"unknown word `{word}`", (Label(span, "not known"),), "write 64C3 or MP2"))
        else:
            items.append(Item(element(match, span), span))
    if found:
        raise ParseError(found)
    whole = Span(source, 0, len(row))
    claims = [Measure("params", Figure.parse(figure), whole)] if figure else []
    return Document((Line(Items(tuple(items), whole)), *(Line(Claim((claim,), whole)) for claim in claims)))


def element(match: re.Match[str], span: Span) -> Layer | Input:
    number = {key: int(value) for key, value in match.groupdict().items() if value and key != "size"}
    match number:
        case {"maps": maps, "side": side}:
            return Layer("conv", span, (side, side), maps)
        case {"window": window}:
            return Layer("maxpool", span, (window, window), stride=(window, window))
        case {"neurons": neurons}:
            return Layer("FC", span, width=neurons)
        case _:
            c, h, w = map(int, match["size"].split("x"))
            return Input(Size((h, w, c)), (), span)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Notation:
    notations.names()  # loads them: what is loaded later would register itself in the copy
    monkeypatch.setattr(registry, "_NOTATIONS", dict(registry._NOTATIONS))
    notation = Notation("toy", lambda source: bool(FORM.fullmatch(source.text)), lambda source: [Reading(read(source))])
    notations.register(notation)
    return notation


NETWORK = "1x28x28+8C3+MP2+10N, 15,770 parameters\n"
SAME = "input 28x28x1 conv3-8 maxpool2/2 FC-10\nclaim params 15,770\n"


@pytest.mark.usefixtures("toy")
def test_a_text_is_recognised_and_read_with_its_claims() -> None:
    spec = vggdsl.parse(NETWORK)
    assert notations.recognise(spec.source).name == "toy"
    assert spec.network.graph.digest == vggdsl.parse(SAME).network.graph.digest
    assert [verdict.status for verdict in spec.verdicts] == ["holds"]
    assert [node.spelled for node in spec.network.graph.nodes[:2]] == ["input 28x28x1", "conv3-8"]


@pytest.mark.usefixtures("toy")
def test_commands_take_it_like_a_spec(tmp_path: Path) -> None:
    path = tmp_path / "net.txt"
    path.write_text(NETWORK)
    for argument in (path, "-"):
        result = run("check", argument, input=NETWORK)
        assert (result.exit_code, "15,770 parameters" in result.output) == (0, True), result.output
    wrong = run("check", "-", input="1x4x4+8C3+MP2+MP2+MP2+10N\n")
    assert wrong.exit_code == 1
    assert "1:19" in wrong.output  # the third pool
    strange = run("check", "-", input="1x4x4+8D3+MPX+10N\n")
    assert (strange.exit_code, strange.output.count("V101")) == (1, 2)
    shown = run("show", path)
    assert (shown.exit_code, "maxpool2/2" in shown.output) == (0, True), shown.output


@pytest.mark.usefixtures("toy")
def test_it_is_written_in_the_spec_language(tmp_path: Path) -> None:
    spec = vggdsl.parse(NETWORK)
    assert spec.text == vggdsl.write(spec) == SAME  # what a run keeps of it
    assert vggdsl.parse(spec.text, "run/spec.arch") == vggdsl.parse(SAME)
    path = tmp_path / "net.txt"
    path.write_text(NETWORK)
    assert run("fmt", "--flatten", path).output == SAME
    assert run("fmt", path).exit_code == 1  # only specs are brought into one form
    assert path.read_text() == NETWORK
    with pytest.raises(NetworkError, match="to read, not to write"):
        notations.written_as(spec.typed, "toy")


def test_a_table_of_several_networks_is_none_of_them(tmp_path: Path) -> None:
    table = Path(__file__).parents[1] / "fixtures" / "printed" / "vgg_table_1.txt"
    delta = tmp_path / "delta.arch"
    delta.write_text('extends "table.txt"\n')
    (tmp_path / "table.txt").write_text(table.read_text("utf-8"), "utf-8")
    found = refusal(lambda: vggdsl.load(delta))
    assert (found.code, "holds 6 networks: A, A-LRN, B, C, D, E" in found.message) == ("V114", True)
    help = str(found.help)
    assert "--column A | vggdsl show -" in help
    one = run("import", str(tmp_path / "table.txt"), "--column", "A-LRN").stdout
    assert vggdsl.parse(one).typed.params == vggdsl.load("vgg_a_lrn").typed.params


@pytest.mark.usefixtures("toy")
def test_a_delta_extends_it(tmp_path: Path) -> None:
    (tmp_path / "net.txt").write_text(NETWORK)
    delta = tmp_path / "delta.arch"
    delta.write_text('extends "net.txt"\nreplace conv1_1: conv5-8\n')
    assert vggdsl.load(delta).typed.params == 15_770 + 8 * 16


LINE = "Epoch 3/5 - Train Accuracy: 0.9 - Val Accuracy: 0.9 - Test Accuracy: 0.9"


@pytest.mark.usefixtures("toy")
def test_no_block_is_put_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "net.txt"
    path.write_text(NETWORK)
    record = f"{SAME}\nmeasured {{\n{LINE}\n}}\n"
    with pytest.raises(RecordError, match="can't hold the block"):
        append(vggdsl.parse(record), path)
    assert path.read_text() == NETWORK


@pytest.mark.usefixtures("toy")
def test_a_name_goes_before_the_look_and_a_call_before_both() -> None:
    assert notations.recognise(Source("net.arch", NETWORK)).name == notations.SPEC_LANGUAGE
    with pytest.raises(VggdslError):
        notations.read(Source("net.arch", NETWORK))
    assert notations.read(Source("net.arch", NETWORK), "toy").contents


def test_a_name_is_given_once(toy: Notation) -> None:
    with pytest.raises(AssertionError, match="two notations"):
        notations.register(toy)


# -- all that are registered


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("path", [*vggdsl.shipped().values(), *ERRORS.glob("*.arch")], ids=lambda path: path.stem)
def test_no_other_notation_takes_a_text_of_the_spec_language(path: Path) -> None:
    source = Source("-", path.read_text("utf-8"))
    taken = [name for name in notations.names() if registry._NOTATIONS[name].recognises(source)]
    assert taken == []


@pytest.mark.parametrize(
    "text", ["input 8x8x3 concat[ conv1-4 | maxpool3/1 pad=1 ] FC-5", "input\t8x8x3\tconv3-4\tFC-5\tsoftmax"]
)
def test_what_the_spec_language_reads_is_in_it(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """However it looks: here to a notation that takes everything for its own."""
    monkeypatch.setattr(registry, "_NOTATIONS", dict(registry._NOTATIONS))
    notations.register(Notation("aaa-all", lambda source: True, lambda source: []))
    assert notations.recognise(Source("-", text)).name == notations.SPEC_LANGUAGE
    assert vggdsl.parse(text).typed.output.c > 0
    assert notations.recognise(Source("-", "32x32 input conv3-4")).name == "aaa-all"


SUMMARY = """conv2d (Conv2D)              (None, 32, 32, 32)        896
max_pooling2d (MaxPooling2D) (None, 16, 16, 32)        0
flatten (Flatten)            (None, 8192)              0
dense (Dense)                (None, 10)                81930
"""


def test_lines_of_another_notation_in_a_spec_are_named() -> None:
    head = f"Layer (type)                 Output Shape              Param #\n{SUMMARY}"
    for text in (head, f"# a network\ninput 32x32x3\n\n{head}\nFC-10\n"):
        with pytest.raises(ParseError) as caught:
            vggdsl.parse(text, "net.arch")
        (found,) = caught.value.diagnostics
        assert (found.code, "a summary of Keras" in found.message) == ("V113", True)
        assert found.help is not None
        assert "`vggdsl import" in found.help


def test_what_stands_behind_the_sign_of_a_comment_is_recognised() -> None:
    """It isn't an empty spec; in a file that is a spec by its name, it is said what it is."""
    head = "input_1 (InputLayer)         [(None, 32, 32, 3)]       0\n"
    lines = f"Layer (type)                 Output Shape              Param #\n{head}{SUMMARY}".splitlines()
    text = "".join(f"# {line}\n" for line in lines)
    assert vggdsl.parse(text).typed.params == 82_826
    with pytest.raises(ParseError) as caught:
        vggdsl.parse(text, "net.arch")
    assert "is no spec, but a summary of Keras" in caught.value.diagnostics[0].message
    with pytest.raises(ParseError, match="is empty"):
        vggdsl.parse("# nothing\n")
