"""What ops refuse, where no text of a fixture shows it."""

import pytest

from vggdsl.network.ops import CONSTANTS, Function, GroupNorm
from vggdsl.network.shapes import Shape
from vggdsl.spec.parsing import parse
from vggdsl.text.errors import ShapeError


@pytest.mark.parametrize(
    ("groups", "x", "said"),
    [
        (3, Shape(64, 8, 8), "choose groups that divide them: 1, 2, 4, 8, 16, 32 or 64"),
        (48, Shape(64, 8, 8), "choose groups that divide them: 1, 2, 4, 8, 16, 32 or 64"),
        (10**9 - 1, Shape(10**9, 1, 1), "choose groups that divide them: 1, 2, 4, 5, 8, 10, 16, 20, 25, 32, 40, 50, …"),
        (64, Shape(64, 1, 1), "fewer groups"),
        (1, Shape(1, 1, 1), "remove it"),
    ],
)
def test_groups_that_cannot_be_normalised(groups: int, x: Shape, said: str) -> None:
    with pytest.raises(ShapeError) as caught:
        GroupNorm(groups).out_shape(x)
    (found,) = caught.value.diagnostics
    assert found.code == "V208"
    assert said in (found.help or "")


def test_groups_that_can() -> None:
    for groups, x in ((64, Shape(64, 1, 2)), (32, Shape(64, 1, 1)), (1, Shape(1, 2, 1))):
        assert GroupNorm(groups).out_shape(x) == x


@pytest.mark.parametrize(("word", "digest"), [("LeakyReLU", "aa605bb7"), ("ELU", "ea170b35")])
def test_a_network_is_the_same_whether_the_usual_constant_is_written(word: Function, digest: str) -> None:
    """The digest is that from before constants could be written."""

    def digest_with(word: str) -> str:
        return parse(f"input 8x8x3\nconv3-4 {word} FC-3").network.graph.digest

    usual = CONSTANTS[word]
    assert digest_with(word) == digest_with(f"{word}-{usual}") == digest_with(f"{word}-{usual}00") == digest
    assert digest_with(f"{word}-0.5") != digest
