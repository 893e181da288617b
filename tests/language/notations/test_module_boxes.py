"""The chart of MiniGoogLeNet's modules, box by box."""

from pathlib import Path

import pytest

import vggdsl
from vggdsl.language import notations
from vggdsl.text.errors import NetworkError, ParseError
from vggdsl.text.source import Source

NOTATION = "modules"
MATRIX = Path(__file__).parents[2] / "fixtures" / "matrix" / NOTATION
LINES = (MATRIX / f"{NOTATION}.txt").read_text("utf-8").splitlines()


def digest(text: str) -> str:
    return vggdsl.parse(text).network.graph.digest


@pytest.mark.parametrize(
    "text", [" -> ".join(LINES), "\n↓\n".join(LINES), "\n\n".join(LINES).replace(" Module", "\nModule")]
)
def test_boxes_stand_in_lines_or_behind_arrows(text: str) -> None:
    assert notations.recognise(Source("-", text)).name == NOTATION
    assert digest(text) == vggdsl.load(MATRIX / "net.arch").network.graph.digest


def test_of_two_parts_the_one_with_the_images_comes_first() -> None:
    """And boxes of one kind may have their numbers behind both of them."""
    swapped = "\n".join([*LINES[4:], *LINES[:4]])
    assert digest(swapped) == digest("\n".join(LINES))
    assert [finding.code for finding in vggdsl.parse(swapped).said].count("W111") == 1
    two = "Inception Module Inception Module 4 + 6 filters 5 + 7 filters"
    assert digest("\n".join([*LINES[:2], two, *LINES[3:]])) == digest(
        "\n".join([*LINES[:2], "Inception Module 4 + 6 filters", "Inception Module 5 + 7 filters", *LINES[3:]])
    )


def test_whether_modules_pad_is_told_by_the_kernel_of_the_mean() -> None:
    text = "\n".join(LINES)
    assert "maxpool3/2 pad=1" in vggdsl.parse(text).text
    without = vggdsl.parse(text.replace("6x6 kernel", "5x5 kernel")).text
    assert "conv3-$a/2 pad=0 | maxpool3/2 ]" in without


@pytest.mark.parametrize(
    ("lines", "place", "message"),
    [
        ([*LINES[1:3], *LINES], "Conv Module", "can't be told"),
        ([*LINES[:2], "Dense Module 4 filters", *LINES[2:]], "Dense", "no box that is known"),
        (
            [*LINES[:2], "Inception Module Downsample Module 4 filters", *LINES[3:]],
            "Inception Module",
            "has no numbers",
        ),
        ([*LINES[:2], "Inception Module 4 filters", *LINES[3:]], "4 filters", "isn't what"),
        ([*LINES[:2], "4 + 6 filters", *LINES[3:]], "4 + 6 filters", "behind no box"),
        ([*LINES[:-1]], "Images", "0 boxes"),
        ([*LINES[:-2], LINES[-1], LINES[-2]], "Fully Connected", "don't follow the pooling"),
        ([line.replace("6x6 kernel", "7x7 kernel") for line in LINES], "7x7 kernel", "the last map is 6x6"),
        ([line.replace("1x1 strides", "1x2 strides") for line in LINES], "6x6 kernel", "the last map is 6x3"),
    ],
)
def test_what_cant_be_ordered_or_read_is_told_at_its_box(lines: list[str], place: str, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        vggdsl.parse("\n".join(lines))
    finding = caught.value.diagnostics[0]
    assert message in finding.message
    assert finding.labels[0].span.text.startswith(place)


def test_what_has_no_box_is_told() -> None:
    for body in ("conv3-8 maxpool avgpool4/1", "conv3-8 avgpool8/1 FC-4", "add[ conv3-3 | identity ] avgpool8/1"):
        spec = vggdsl.parse(f"input 8x8x3 {body} FC-10 softmax")
        with pytest.raises(NetworkError, match="can't say"):
            notations.written_as(spec.typed, NOTATION)
