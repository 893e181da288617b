"""What differs between two specs: the least edits, whose costs add up, and nothing that is the same."""

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import Net, chain, chains, edits, graph_of, graphs, nets, plain_text, texts_of

from vggdsl.language.changes import edits as told
from vggdsl.network.aligning import ALONE, align
from vggdsl.network.changes import changes
from vggdsl.network.infer import TypedGraph
from vggdsl.network.shapes import Pair
from vggdsl.spec.differences import Differences, differences
from vggdsl.spec.parsing import load, parse
from vggdsl.text.errors import ShapeError

EXAMPLES = settings().max_examples


def _cost(one: str, other: str) -> int:
    return 0 if one == other else 120 if one.isupper() == other.isupper() else 2 * ALONE


def _least(one: str, other: str) -> int:
    """What the least edits cost, by trying all."""
    if not one or not other:
        return ALONE * (len(one) + len(other))
    alone = min(_least(one[1:], other), _least(one, other[1:])) + ALONE
    return min(alone, _least(one[1:], other[1:]) + _cost(one[0], other[0]))


@given(st.text("abAB", max_size=5), st.text("abAB", max_size=5))
def test_nothing_costs_less_than_how_two_rows_are_aligned(one: str, other: str) -> None:
    pairs = align(len(one), len(other), lambda i, j: _cost(one[i], other[j]))
    assert [i for i, _ in pairs if i is not None] == list(range(len(one)))
    assert [j for _, j in pairs if j is not None] == list(range(len(other)))
    costs = (ALONE if i is None or j is None else _cost(one[i], other[j]) for i, j in pairs)
    assert sum(costs) == _least(one, other)


def test_what_is_new_comes_behind_what_it_is_like_in_rows_of_any_length() -> None:
    pairs = align(3000, 3001, lambda i, j: 0 if i // 1500 == min(j, 2999) // 1500 else 2 * ALONE)
    assert [pair for pair in pairs if None in pair] == [(None, 3000)]


@st.composite
def pairs_of(draw: st.DrawFn) -> tuple[TypedGraph, TypedGraph]:
    """A network and what edits make of it, or two that have nothing to do with each other."""
    if draw(st.integers(0, 3)) == 0:
        return draw(graphs()), draw(graphs())
    net = draw(nets(heads=draw(st.booleans()))).with_labels
    try:
        return graph_of(net), graph_of(draw(edits(net))[1], draw(st.sampled_from(["", "train."])))
    except ShapeError:
        assume(False)
        raise


@settings(max_examples=EXAMPLES // 4)
@given(pairs_of())
def test_costs_add_up_and_nothing_that_differs_is_passed_over(pair: tuple[TypedGraph, TypedGraph]) -> None:
    before, after = pair
    found = told(changes(before, after).changes, before, after)
    of_network = [edit for edit in found if not edit.in_training]
    assert sum(edit.params for edit in of_network) == after.params - before.params
    assert sum(edit.macs for edit in of_network) == after.macs - before.macs
    assert sum(edit.params for edit in found) == after.training_params - before.training_params
    assert bool(found) == (before.graph.digest != after.graph.digest)
    assert all(str(edit).isprintable() for edit in found)


@settings(max_examples=EXAMPLES // 4)
@given(chains(), chains(), st.data())
def test_of_chains_receptive_fields_add_up(one: list[Any], other: list[Any], data: st.DataObject) -> None:
    if data.draw(st.booleans()):  # a part of it
        other = one[: data.draw(st.integers(1, len(one)))]
    before, after = chain(*one), chain(*other)
    found = told(changes(before, after).changes, before, after)
    fields = [edit.field or Pair(0, 0) for edit in found]
    grown = [there - here for here, there in zip(before.receptive_field, after.receptive_field, strict=True)]
    assert [sum(field[i] for field in fields) for i in (0, 1)] == grown


@settings(max_examples=EXAMPLES // 10)
@given(nets(heads=True), st.data())
def test_a_network_is_the_same_however_it_is_written(net: Net, data: st.DataObject) -> None:
    one, other = parse(data.draw(texts_of(net))), parse(plain_text(net.with_labels))
    found = differences(one, other)
    assert found.same
    assert not found.edits
    assert found.same_function


# -- what is told


def lines(before: str, after: str) -> list[str]:
    found = differences(parse(before), parse(after))
    return [*map(str, found.edits), *map(str, found.others)]


NET = "input 8x8x3\nconv3-4 conv3-4 maxpool\nconv3-8 maxpool\nFC-5 softmax\n"
EACH = "+42 parameters, +576 MACs each; together +84 parameters, +1,152 MACs"


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (
            "conv3-4 maxpool",
            "maxpool",
            ["- conv3-4 in stage 1 (conv1_2): -148 parameters, -9,216 MACs, receptive field -2"],
        ),
        (
            "conv3-8",
            "conv3-8 conv3-8",
            ["+ conv3-8 in stage 2 (conv2_2): +584 parameters, +9,216 MACs, receptive field +4"],
        ),
        (
            "conv3-8",
            "conv3-6 conv1-6 conv1-6",
            [
                "~ conv3-6 for conv3-8 in stage 2 (conv2_1): -74 parameters, -1,152 MACs",
                f"+ 2 × conv1-6 in stage 2 (conv2_2, conv2_3): {EACH}",
                "= FC-5 on 2x2x6 for 2x2x8 (fc3): -40 parameters, -40 MACs",
            ],
        ),
        ("8x8x3", "12x8x3", ["~ input 12x8x3 for input 8x8x3"]),
        ("conv3-8", "conv3-8 BN LRN", ["+ BN in stage 2 (bn2_1): +16 parameters", "+ LRN in stage 2 (lrn2_1)"]),
        ("FC-5", "dropout-0.5 FC-5", ["+ dropout-0.5 in stage 2 (drop2)"]),
        (
            "conv3-8",
            "concat[ conv3-8 | conv1-2 ]",
            [
                "+ conv1-2 in stage 2 (conv2_2): +10 parameters, +128 MACs",
                "+ concat in stage 2 (concat2_1)",
                "= FC-5 on 2x2x10 for 2x2x8 (fc3): +40 parameters, +40 MACs",
            ],
        ),
    ],
)
def test_edits_in_words(old: str, new: str, wanted: list[str]) -> None:
    assert lines(NET, NET.replace(old, new, 1))[: len(wanted)] == wanted


def test_an_auxiliary_classifier_counts_in_training_alone() -> None:
    head = NET.replace("maxpool\nFC", "maxpool\naux 0.3 { conv1-2 FC-5 }\nFC")
    (added,) = lines(NET, head)
    assert added == "+ aux 0.3 from pool2 (aux1): +63 parameters, +104 MACs, in training"
    weighs, wider = lines(head, head.replace("0.3 { conv1-2", "0.5 { conv1-3"))[:2]
    assert weighs == "~ aux 0.5 for 0.3 (aux1)"
    assert wider == "~ conv1-3 for conv1-2 in aux1 (aux1.conv1): +9 parameters, +32 MACs, in training"


def test_what_takes_from_others_is_told() -> None:
    net = "input 8x8x3\nadd[ conv3-4 | conv3-4 BN ] ReLU\nconcat[ a: conv1-2 | b: conv1-3 ]\nFC-5 softmax"
    turned = net.replace("a: conv1-2 | b: conv1-3", "a: conv1-3 | b: conv1-2")
    assert lines(net, turned)
    assert lines(
        "input 8x8x3\nmul[ conv3-4 | conv3-4 sigmoid ] tanh", "input 8x8x3\nmul[ conv3-4 sigmoid | conv3-4 ] tanh"
    )
    after = net.replace("conv3-4 | conv3-4 BN", "conv3-4 BN | conv3-4")
    found = differences(parse(net), parse(after))
    assert found.edits
    assert found.same_function
    assert lines("input 8x8x3\nconv3-4 BN ReLU\nFC-5", "input 8x8x3\nconv3-4 ReLU BN\nFC-5") == [
        "~ ReLU BN for BN ReLU (relu1_1)"
    ]


RECIPES = NET + "train one {\n  batch 8\n  epochs 3\n}\ntrain two as one {\n  epochs 4\n}\n"
CLAIMS = NET.replace("conv3-8", "mid: conv3-8 -> 4x4x8 params=296") + (
    'claim params 604 disputed "a slip"\nclaim mid macs 4,608\n'
    'claim top-1-error 8.1% train=one "Table 3"\ntrain one {\n  batch 8\n  epochs 3\n}\n'
)


@pytest.mark.parametrize(
    ("before", "old", "new", "wanted"),
    [
        (RECIPES, "batch 8", "batch 16", ["~ recipe one batch: 16 for 8", "~ recipe two batch: 16 for 8"]),
        (RECIPES, "train two as one {\n  epochs 4\n}\n", "", ["- recipe two as one: epochs 4"]),
        (RECIPES, "train two", "train three", ["~ recipe: three for two"]),
        (
            RECIPES,
            "train one {\n  batch 8\n  epochs 3\n}\ntrain two as one {\n  epochs 4\n}",
            "train two {\n  batch 8\n  epochs 4\n}\ntrain one {\n  batch 8\n  epochs 3\n}",
            ["~ recipe that comes first: two for one"],
        ),
        (CLAIMS, "params=296", "params=296 macs=4,608", ["+ claim mid macs: 4,608"]),
        (CLAIMS, "604", "605", ['~ claim params: 605 disputed "a slip" for 604 disputed "a slip"']),
        (CLAIMS, "mid", "late", []),
        (CLAIMS, "8.1%", "8.2%", ['~ claim top-1-error train=one "Table 3": 8.2% for 8.1%']),
        (CLAIMS, "claim mid macs 4,608\n", "", ["- claim mid macs: 4,608"]),
        ('source "a"\n' + NET, '"a"', '"b"', ['~ source: "b" for "a"']),
    ],
)
def test_what_is_said_besides_the_network(before: str, old: str, new: str, wanted: list[str]) -> None:
    assert lines(before, before.replace(old, new)) == wanted


def test_measured_blocks_are_compared() -> None:
    spec = load("quickstart")
    assert spec.measurements
    bare = parse(spec.source.written[: spec.source.written.index("measured {")])
    assert all(str(each).startswith("- measured") for each in differences(spec, bare).others)
    assert len(differences(spec, bare).others) == len(spec.measurements) + len(spec.evaluations)


def test_vgg_c_is_b_with_three_conv1() -> None:
    found = differences("vgg_b", load("vgg_c"))
    assert found.edits == differences(load("vgg_b"), load("vgg_c")).edits
    with pytest.raises(TypeError, match="int is no network"):
        differences(5, "vgg_c")  # type: ignore[arg-type]  # that is the mistake
    assert found.summary == ["added: three conv1 (conv1-256, conv1-512, conv1-512)"]
    assert [(edit.layers, edit.params) for edit in found.edits] == [
        (("conv3_3",), 65_792),
        (("conv4_3",), 262_656),
        (("conv5_3",), 262_656),
    ]


@pytest.mark.parametrize(("one", "other"), [("vgg_d", "vgg_e"), ("resnet/resnet18", "resnet/resnet34")])
def test_shipped_families_differ_by_what_was_put_in(one: str, other: str) -> None:
    found: Differences = differences(load(one), load(other))
    assert {edit.kind for edit in found.edits} == {"added"}
    assert {edit.kind for edit in differences(load(other), load(one)).edits} == {"removed"}
