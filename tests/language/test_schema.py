"""Keys and their types: what they describe is what their reader takes."""

import pytest
from refusals import findings

import vggdsl
from vggdsl.language.options import OPTIONS
from vggdsl.language.schema import Key
from vggdsl.language.types import Axes, Flag, Number, OneOf, Padding, Type, UnfitError, Whole
from vggdsl.network.ops import BatchNorm, Conv
from vggdsl.network.shapes import Pair, Sides
from vggdsl.spec import measured
from vggdsl.spec.protocol import PROTOCOL

TABLES = {**OPTIONS, **measured.KEYS, "claim": PROTOCOL}
KEYS: dict[str, Key] = {f"{of} {key.name}": key for of, keys in TABLES.items() for key in keys}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_key_says_what_it_means_with_an_example_that_it_takes(key: Key) -> None:
    assert key.meaning
    assert key.type.says
    for example in (key.example, key.type.example):
        value = key.type.read(example)
        assert key.type.read(key.type.write(value)) == value


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_default_is_one_of_the_values(key: Key) -> None:
    if key.default is not None:
        assert key.type.read(key.type.write(key.default)) == key.default


@pytest.mark.parametrize(
    ("type", "text", "value"),
    [
        (Flag(), "YES", True),
        (Whole(), "1,024", 1024),
        (Whole(), "1e3", 1000),
        (Whole(0), "0", 0),
        (Number(), "5e-4", 5e-4),
        (Number(), "90%", 0.9),
        (Number(0, 1), "1", 1.0),
        (Axes(Whole(0)), "0×3", Pair(0, 3)),
        (Padding(Whole(0)), "1x2", Pair(1, 2)),
        (Padding(Whole(0)), "0,1,2,3", Sides(0, 1, 2, 3)),
        (Padding(Whole(0)), "1,1,2,2", Pair(1, 2)),
        (OneOf("random", "noise"), "Noise", "noise"),
    ],
)
def test_what_fits(type: Type, text: str, value: object) -> None:
    assert type.read(text) == value


@pytest.mark.parametrize(
    ("type", "text"),
    [
        (Flag(), "on"),
        (Whole(), "0"),
        (Whole(), "1.5"),
        (Whole(), "100%"),
        (Whole(), "~5"),
        (Whole(), "²"),
        (Whole(), "1_000"),
        (Whole(), "1e10"),
        (Whole(), ""),
        (Number(), "nan"),
        (Number(), "inf"),
        (Number(), "-1"),
        (Number(), "~0.1"),
        (Number(), "1e999999"),
        (Number(above=True), "0"),
        (Number(0, 1), "1.5"),
        (Axes(Whole(0)), "1x2x3"),
        (Axes(Whole(0)), "1x"),
        *(
            (Padding(Whole(0)), text)
            for text in ("1,2", "1,024", "1,2,3", "1,2,3,4,5", "1,2,3,04", "1,2,3,", "1,2,3,x")
        ),
        (OneOf("random"), "true"),
    ],
)
def test_what_doesn_t_fit(type: Type, text: str) -> None:
    with pytest.raises(UnfitError):
        type.read(text)


def test_a_number_is_spelled_everywhere_as_in_a_recipe() -> None:
    spec = vggdsl.parse("input 8x8x2000 conv3-1000 groups=1K BN momentum=10% FC-10 softmax")
    conv, norm = (node.op for node in spec.network.graph.nodes if isinstance(node.op, Conv | BatchNorm))
    assert isinstance(conv, Conv)
    assert isinstance(norm, BatchNorm)
    assert (conv.groups, norm.momentum) == (1000, 0.1)


def test_all_that_is_wrong_with_a_layer_s_options_is_told_at_once() -> None:
    text = "input 8x8x3 conv3-8 pad=x bias=maybe foo=1 bias=no FC-10 softmax"
    told = findings(lambda: vggdsl.parse(text), vggdsl.NetworkError)
    assert sorted(d.code for d in told) == ["V220", "V221", "V222", "V222"]
