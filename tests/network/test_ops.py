"""What ops refuse, where no text of a fixture shows it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vggdsl.network.ops import CONSTANTS, Conv, Function, GroupNorm, MaxPool
from vggdsl.network.shapes import Pair, Shape, Window
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


def test_behind_branches_of_other_strides_goes_on_what_the_first_position_sees() -> None:
    """Both give 6x6: one at every second pixel, where it sees 3x3 from -1 on, the other at each, where it sees 6x7 from
    0 on."""
    typed = parse("input 11x12x3\nconcat[ conv3-4/2 pad=1 | conv6x7-4 pad=0 ] conv3-4 pad=0 FC-2").typed
    fields = {t.name: (t.receptive_field, t.stride) for t in typed.nodes}
    assert fields["conv1_1"] == (Pair(3, 3), Pair(2, 2))
    assert fields["conv1_2"] == (Pair(6, 7), Pair(1, 1))
    assert fields["concat1_1"] == (Pair(7, 8), Pair(2, 2))
    assert fields["conv1_3"] == (Pair(7 + 2 * 2, 8 + 2 * 2), Pair(2, 2))


@given(
    *[st.tuples(*[sides] * 2) for sides in (st.integers(1, 9), st.integers(1, 4), st.integers(1, 3), st.integers(0, 2))]
)
def test_a_layer_is_refused_exactly_where_a_window_has_no_place(
    size: tuple[int, int], kernel: tuple[int, int], dilation: tuple[int, int], pad: tuple[int, int]
) -> None:
    window = Window(Pair(*kernel), Pair(2, 1), Pair(*pad), Pair(*dilation))
    places = []
    for n, k, d, p, stride in zip(size, kernel, dilation, pad, (2, 1), strict=True):
        *_, last = range(0, k * d, d)  # where the last value of a window is
        places.append(len(range(0, n + 2 * p - last, stride)))
    for op, code in ((Conv(4, window), "V202"), (MaxPool(window), "V201")):
        x = Shape(3, *size)
        if all(places):
            found = op.out_shape(x)
            assert [found.h, found.w] == places
        else:
            with pytest.raises(ShapeError, match=f"{code}.*{window.extent}"):
                op.out_shape(x)
