"""Networks in a line."""

import pytest

import vggdsl
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import VggdslError


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("1x29x29-20C4-MP2-150N-10N", "input 29x29x1 conv4-20 pad=0 maxpool FC-150 FC-10"),
        ("3x8x8-(2×8C3)−MP2−(2×9C3-MP2)-9SVM", "input 8x8x3 conv3-8 x2 maxpool conv3-9 x2 maxpool FC-9"),
        ("1x28x28-(4C3-MP2)x2-BN-D0.5-9Softmax", "input 28x28x1 (conv3-4 maxpool) x2 BN dropout-0.5 FC-9 softmax"),
        ("2x48x48-8C5/2-ReLU-AP2-GAP-5N", "input 48x48x2 conv5-8/2 pad=0 ReLU avgpool global-avgpool FC-5"),
        ("32x32x3 → conv3-8 → 3x3 max pool, stride 2 → FC-10", "input 32x32x3 conv3-8 maxpool3/2 FC-10"),
        ("image 28x28x1 -> 8C3 -> MP2 -> 10-d fc -> softmax", "input 28x28x1 conv3-8 pad=0 maxpool FC-10 softmax"),
    ],
)  # fmt: skip
def test_words_are_layers(text: str, spec: str) -> None:
    assert vggdsl.parse(text).network.graph.digest == vggdsl.parse(spec).network.graph.digest


def test_how_convolutions_pad_is_what_the_pools_need_and_said() -> None:
    def said(text: str) -> str:
        return vggdsl.parse(text).said[0].message

    assert "don't pad: only so" in said("1x29x29-20C4-MP2-40C5-MP3-10N")
    assert "keep the size: only so" in said("3x8x8-(2x8C3)-MP2-(2x8C3)-MP2-10N")
    assert "kept sizes would fit, too" in said("1x28x28-64C3-MP2-10N")


def test_each_line_is_a_network() -> None:
    found = parse_all("1x28x28-8C5-MP2-10N\n1x28x28-16C5-MP2-10N\n", "two.txt")
    assert [(name, isinstance(spec, Spec)) for name, spec in found] == [("line_1", True), ("line_2", True)]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("8C3-MP2-10N", "1:1"),  # of which image?
        ("1x28x28-8C3-MP2-10Q", "1:17"),
        ("3x31x17-8C3-MP2-10N", "1:1"),  # neither way of padding fits
        ("5x6x7-8C3-MP2-10N", "1:1"),  # which are the channels?
        ("32x32x3 -> conv3-8 -> stretch -> FC-10", "1:23"),
    ],
)
def test_what_could_mean_several_things_is_refused(text: str, place: str) -> None:
    with pytest.raises(VggdslError) as caught:
        vggdsl.parse(text)
    span = caught.value.diagnostics[0].labels[0].span
    assert f"{span.line}:{span.column}" == place


def test_layers_of_the_spec_language_in_a_line_are_no_words_of_it() -> None:
    """`8/1 FC` and `4 FC` aren't neurons there."""
    spec = vggdsl.parse("input 8x8x3 conv3-8 avgpool8/1 FC-4 FC-10 softmax")
    assert not spec.is_reworded
