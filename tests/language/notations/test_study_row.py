"""The one-row tables of the "VGG Reconstructed" study."""

from pathlib import Path

import pytest

from vggdsl.language import notations
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import VggdslError
from vggdsl.text.source import Source

DECK = (Path(__file__).parents[2] / "fixtures" / "printed" / "vgg_reconstructed.txt").read_text("utf-8")
ROW = "32*32 input\tconv3-64 conv3-64\tmax pooling\tconv3-128\tmax pooling\tFC-64\tBN\tFC-10\tsoftmax\n"
RESULT = "Epoch 3/9 - Train Accuracy: 0.9 - Val Accuracy: 0.8 - Test Accuracy: 0.7\n"


def read(text: str) -> list[Spec]:
    found = [spec for _, spec in parse_all(text, "-")]
    assert all(isinstance(spec, Spec) for spec in found), found
    return [spec for spec in found if isinstance(spec, Spec)]


def error_of(text: str) -> str:
    try:
        found = parse_all(text, "-", "study-row")
    except VggdslError as error:
        return str(error)
    return "\n".join(str(error) for _, error in found if not isinstance(error, Spec))


def test_a_result_without_its_network_is_no_other_networks() -> None:
    said = [diagnostic.message for spec in read(DECK) for diagnostic in spec.check(to_train=False)]
    assert [epoch for epoch in ("203/500", "240/500") if sum(epoch in each for each in said) != 1] == []
    (spec,) = read(ROW + RESULT + RESULT.replace("3/9", "5/9"))
    assert "claim Epoch 3/9" in spec.text
    assert "claim Epoch 5/9" not in spec.text
    (spec,) = read(ROW + "2. FC layer\n" + RESULT)
    assert "claim Epoch" not in spec.text


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (ROW.replace("32*32 input", "VGG"), "-:1:1"),
        (ROW.replace("BN", "BNN"), "-:1:71"),
        (ROW + "softmax\n", "-:2:1"),
        (ROW + "poch 3/9 - Train Accuracy: 0.9\n", "-:2:1"),
        ("nothing", "-:1:1"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_cell(text: str, where: str) -> None:
    assert where in error_of(text)


def test_pipes_and_rules_do_as_well() -> None:
    (spec,) = read(f"| {ROW.strip().replace(chr(9), ' | ')} |\n|---|---|---|---|---|---|---|---|---|\n")
    assert spec.network == read(ROW)[0].network
    assert notations.recognise(Source("-", notations.written_as(spec.typed, "study-row"))).name == "study-row"
