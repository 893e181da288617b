"""Networks in every notation that can say them: ``fixtures/matrix/NETWORK/NOTATION.txt`` beside ``net.arch``.

Each file is read as the network of ``net.arch``, the last one of it where it holds several; what is written is read
back; and whatever happens to a text, it ends in specs or in an error that a user can read.
``UPDATE_FIXTURES=1 pytest tests/language/test_matrix.py`` writes those that are missing.
"""

import os
import random
import re
from functools import cache
from pathlib import Path

import pytest
from commands import run
from hypothesis import given, settings
from hypothesis import strategies as st

import vggdsl
from vggdsl.language import notations
from vggdsl.network.comparing import compare
from vggdsl.network.matching import normal_form
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import NetworkError, VggdslError
from vggdsl.text.source import Source

FIXTURES = Path(__file__).parents[1] / "fixtures"
MATRIX = FIXTURES / "matrix"
NETWORKS = sorted(path.parent.name for path in MATRIX.glob("*/net.arch"))
TEXTS = sorted([*MATRIX.glob("*/*.txt"), *(FIXTURES / "printed").glob("*.txt")])
FEW = settings(max_examples=max(20, settings().max_examples // 4))
"""A table of the sources takes 50 ms."""
OTHERS = [name for name in notations.names() if name != notations.SPEC_LANGUAGE]


@cache
def network(name: str) -> Spec:
    return vggdsl.load(MATRIX / name / "net.arch")


def net_of(path: Path) -> Spec:
    """The last network of a text."""
    _, found = parse_all(path.read_text("utf-8"), path.name)[-1]
    assert isinstance(found, Spec), str(found)
    return found


@pytest.mark.parametrize("path", sorted(MATRIX.glob("*/*.txt")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_reading_gives_the_same_network(path: Path) -> None:
    assert notations.recognise(Source("-", path.read_text("utf-8"))).name == path.stem
    found, expected = net_of(path), network(path.parent.name)
    assert found.network.graph.digest == expected.network.graph.digest
    assert found.count("refuted") == 0


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("notation", OTHERS)
def test_what_can_be_written_is_read_back_and_stands_in_the_matrix(name: str, notation: str) -> None:
    spec = network(name)
    try:
        text = notations.written_as(spec.typed, notation)
    except NetworkError:
        return
    assert notations.recognise(Source("-", text)).name == notation
    stands = MATRIX / name / f"{notation}.txt"
    if os.environ.get("UPDATE_FIXTURES") and not stands.is_file():
        stands.write_text(text, "utf-8")
    assert stands.is_file(), f"it can be said:\n{text}"


@pytest.mark.parametrize("notation", OTHERS)
def test_every_notation_is_in_the_matrix(notation: str) -> None:
    assert list(MATRIX.glob(f"*/{notation}.txt"))


def outcome(text: str, notation: str | None = None) -> list[object]:
    """What comes of a text: specs, or errors that can be shown."""
    try:
        found = parse_all(text, "-", notation)
    except VggdslError as error:
        return [str(error)]
    return [
        (name, spec.document, spec.said, [v.status for v in spec.verdicts]) if isinstance(spec, Spec) else str(spec)
        for name, spec in found
    ]


STRANGE = ("0", "7", "x", "-", "(", "]", "|", "\t", "conv", "é", "в", '"', "#", "{", "&")


def mutated(text: str, chance: random.Random) -> str:
    """A text with a few characters, words or lines gone, doubled, swapped or replaced."""
    for _ in range(chance.choice((1, 1, 2, 4))):
        pieces = re.split(chance.choice(("(\n)", r"(\s+)", "")), text)
        i, j = chance.randrange(len(pieces)), chance.randrange(len(pieces))
        match chance.randrange(4):
            case 0:
                pieces[i] = ""
            case 1:
                pieces[i] *= 2
            case 2:
                pieces[i], pieces[j] = pieces[j], pieces[i]
            case _:
                pieces[i] = chance.choice(STRANGE)
        text = "".join(pieces)
    return text


@FEW
@given(path=st.sampled_from(TEXTS), seed=st.integers(0, 2**32))
def test_a_damaged_text_ends_in_specs_or_errors(path: Path, seed: int) -> None:
    text = mutated(path.read_text("utf-8"), random.Random(seed))
    outcome(text)
    outcome(text, notations.recognise(Source("-", path.read_text("utf-8"))).name)


@given(text=st.text(max_size=300), notation=st.sampled_from(OTHERS))
def test_any_text_ends_in_specs_or_errors(text: str, notation: str) -> None:
    outcome(text, notation)


SAYS_NOTHING: dict[str, str] = {
    "caffe": r"dim: \d+(?= dim: \d+ dim: \d+ dim: )|top: \"\w+\"(?![\s\S]*top:)",  # how many images; the last blob
    "keras-summary": r"(?m)^\W*[\w./-]+(?= ?\()",  # names of layers
    "torchinfo": r"\b\d+-\d+|-\d+(?= )",  # numbers of modules
}
"""Digits that say nothing of a network, by notation: a pattern for what they stand in."""


@FEW
@given(path=st.sampled_from(TEXTS), data=st.data())
def test_no_digit_is_passed_over(path: Path, data: st.DataObject) -> None:
    """One that is another changes the network, a claim, a name or what is said; or it is refused."""
    text = path.read_text("utf-8")
    name = notations.recognise(Source("-", text)).name
    silent = [match.span() for match in re.finditer(SAYS_NOTHING.get(name, r"(?!)"), text)]
    if any(isinstance(each, str) for each in outcome(text, name)):  # refused as it is
        return
    places = [m.start() for m in re.finditer(r"[0-9]", text) if not any(a <= m.start() < b for a, b in silent)]
    at = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != text[at]]))
    was, now = outcome(text, name), outcome(text[:at] + digit + text[at + 1 :], name)
    assert now != was, f"{text[max(0, at - 40) : at + 40]!r} with {digit}"


COLUMNS = ("vgg_a", "vgg_a_lrn", "vgg_b", "vgg_c", "vgg_d", "vgg_e")


@pytest.mark.parametrize("form", ["table", "markdown", "latex", "html"])
def test_a_table_that_is_shown_is_read_back(form: str) -> None:
    shown = run("show", *COLUMNS, "--columns", "--format", form)
    assert shown.exit_code == 0, shown.output
    found = parse_all(shown.stdout, "-")
    assert tuple(name for name, _ in found) == COLUMNS
    for name, spec in found:
        assert isinstance(spec, Spec), str(spec)
        assert spec.said == ()
        ours, theirs = normal_form(vggdsl.load(name).typed), normal_form(spec.typed)
        assert compare(ours, theirs).differences == ()
        if form == "table":
            assert spec.network.graph.digest == vggdsl.load(name).network.graph.digest


@pytest.mark.parametrize(
    "path", [each for each in TEXTS if each.stem.endswith("-table")], ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_prose_above_a_table_that_tells_of_layers_is_said_to_be_unread(path: Path) -> None:
    text = f"Table 1. All convolutions are dilated and have dropout\n{path.read_text('utf-8')}"
    for reading in notations.notation(path.stem).read(Source(path.name, text)):
        assert any("isn't read: its rows say all" in each.message for each in reading.said)


def test_what_a_stage_s_name_tells_is_said_to_be_unread() -> None:
    text = (MATRIX / "residual" / "resnet-table.txt").read_text("utf-8").replace("conv3_x", "conv3_x (dilation 2)")
    (reading,) = notations.notation("resnet-table").read(Source("-", text))
    assert any("in the first column of the table isn't read" in each.message for each in reading.said)
