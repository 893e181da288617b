"""Spaces: each network an ordinary spec, and how many are within a budget."""

import random
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import THOROUGH, fewer
from refusals import findings, refusal
from spaces import space_texts

import vggdsl
from vggdsl.language import notations
from vggdsl.language.library import shipped
from vggdsl.network.shapes import Pair
from vggdsl.spec.budget import Budget, within
from vggdsl.spec.space import (
    Counted,
    Most,
    Network,
    Space,
    count,
    load_space,
    made_networks,
    space_of,
    tried_networks,
)
from vggdsl.spec.space_check import check_space
from vggdsl.text.errors import VggdslError
from vggdsl.text.source import Source

EXAMPLES = Path(__file__).parents[2] / "examples" / "search"


def space(text: str) -> Space:
    return space_of(Source("net.arch", text))


SMALL = "input 8x8x3\nconv3-{4|8} x{1..3}\n( maxpool | avgpool | identity )\nFC-10 softmax\n"


@fewer
@given(space_texts())
def test_each_network_is_an_ordinary_spec(text: str) -> None:
    found = space(text)
    for picks, _ in zip(found.assignments(), range(2), strict=False):
        spec = found.fill(picks)
        again = vggdsl.parse(spec.text)
        assert again == spec
        assert again.network.graph == spec.network.graph
        assert again.text == spec.text == vggdsl.write(spec)
        assert spec.text.split("\n")[0] == f"# chosen: {' '.join(found.said(picks).split())}"
        assert found.network(picks).typed.params == again.typed.params


@fewer
@given(space_texts())
def test_a_space_that_is_written_has_the_same_networks(text: str) -> None:
    found, again = space(text), space(notations.write(space(text).document))
    assert found.networks == again.networks
    for made, other in zip(made_networks(found, 10), made_networks(again, 10), strict=True):
        assert made[0] == other[0]
        assert isinstance(made[1], Network)
        assert isinstance(other[1], Network)
        assert made[1].annotated.graph.digest == other[1].annotated.graph.digest


@fewer
@given(space_texts(), st.integers(1, 20_000))
def test_a_budget_is_counted_as_specs_are_asked_one_by_one(text: str, most: int) -> None:
    found = space(text)
    if found.networks > 60:
        return
    budget = Budget(params=(most // 2, most))
    specs = [vggdsl.parse(found.fill(picks).text) for picks in found.assignments()]
    kept = [spec.network.graph.digest for spec in specs if most // 2 <= spec.typed.params <= most]
    assert count(found, budget, 60) == Counted(found.networks, found.networks, len(kept), 0, len(set(kept)))


@fewer
@given(space_texts(), st.integers(0, 99))
def test_a_sample_is_of_its_assignments(text: str, seed: int) -> None:
    found = space(text)
    picks = found.sample(random.Random(seed))
    assert found.active(picks) is None
    assert found.fill(picks).typed


@fewer
@given(space_texts(), st.integers(0, 99))
def test_a_sample_is_drawn_by_how_many_networks_are_behind_each_option(text: str, seed: int) -> None:
    found = space(text)
    if found.networks > 60:
        return
    all_of_them = [dict(picks) for picks in found.assignments()]
    chance, picks = random.Random(seed), dict[str, int]()
    while (choice := found.active(picks)) is not None:
        options = [{**picks, choice.name: place} for place in range(len(choice.options))]
        behind = [sum(each.items() <= other.items() for other in all_of_them) for each in options]
        assert found.weights(choice, picks) == pytest.approx([count / sum(behind) for count in behind])
        picks = chance.choice(options)


@fewer
@given(space_texts(), st.integers(1, 30), st.integers(1, 400))
def test_no_more_is_made_than_is_worth_the_work(text: str, networks: int, layers: int) -> None:
    found = space(text)
    made = tried_networks(found, Most(networks, layers))
    all_of_them = list(islice(found.assignments(), networks + 1))
    sizes = [len(each.typed.nodes) for _, each in made if isinstance(each, Network)]
    assert 1 <= len(made) == len(sizes) <= networks
    assert len(made) in (networks, found.networks) or sum(sizes) >= layers
    assert sum(sizes) - max(sizes) < layers
    if found.networks <= networks:
        picks = [picks for picks, _ in made]
        assert picks == [each for each in all_of_them if each in picks]
        assert len(made) == found.networks or sum(sizes) >= layers
    assert [picks for picks, _ in made] == [picks for picks, _ in tried_networks(found, Most(networks, layers))]


def test_of_few_large_networks_a_sample_is_made_by_chance() -> None:
    found = space("input 8x8x3\nconv3-{1..20} x{51..60}\nFC-10\n")
    made = tried_networks(found, Most(1_000, 1_300))
    assert 9 < len(made) < 14
    assert {picks["1:conv"] for picks, _ in made} != set(range(len(made)))
    assert len({str(picks) for picks, _ in made}) == len(made)
    wrong = space("input 8x8x3\nconv3-4 x40 maxpool x{4..9}\nFC-10\n")  # to find that out is work, too
    assert len(tried_networks(wrong, Most(1_000, 100))) == 2


def test_samples_are_even_over_networks_not_over_alternatives() -> None:
    found = space("input 8x8x3\n( conv3-{1..9} | ReLU )\nFC-10\n")
    chance = random.Random(0)
    lone = sum(found.sample(chance) == {"1:layers": 1} for _ in range(2_000))
    assert found.networks == 10
    assert 140 < lone < 260  # of 200 with a deviation of 13.4


def test_the_study_is_one_space() -> None:
    study = load_space(EXAMPLES / "vgg_study.arch")
    theirs = {vggdsl.load(name).network.graph.digest for name in shipped() if name.startswith("vgg_reconstructed/")}
    ours = [study.fill(picks).network.graph.digest for picks in study.assignments()]
    assert len(ours) == len(theirs) == 13
    assert set(ours) == theirs


def test_the_example_has_three_or_four_stages_and_can_be_trained() -> None:
    small = load_space(EXAMPLES / "small_cifar.arch")
    assert small.networks == 27 * 27 * 10 * 7
    chance = random.Random(1)
    pools = set()
    for picks in (small.sample(chance) for _ in range(20)):
        spec = small.fill(picks)
        pools.add(sum(node.op.kind in ("maxpool", "avgpool") for node in spec.network.graph.nodes))
        assert not [finding for finding in spec.check(spec.recipe()) if finding.is_error]
        assert spec.recipe().data.name == "cifar10"
    assert pools == {3, 4}


def test_more_networks_than_a_len_can_tell() -> None:
    found = space("input 8x8x3\n" + "conv3-{1..999}\n" * 9 + "FC-10\n")
    assert found.networks == 999**9
    assert next(iter(found.assignments()))
    counted = count(found, Budget(params=(None, 20_000_000)), 40, seed=3)
    assert (counted.networks, counted.tried, counted.is_exact) == (999**9, 40, False)
    low, high = counted.interval
    assert 0 <= low <= counted.estimate <= high <= 999**9
    assert low < high
    assert counted == count(found, Budget(params=(None, 20_000_000)), 40, seed=3)


@pytest.mark.parametrize(
    ("hits", "low", "high"),
    # scipy.stats.binomtest(hits, 100).proportion_ci(method="wilson"), times a million
    [(0, 0, 36_993), (20, 133_367, 288_829), (50, 403_831, 596_168), (100, 963_006, 1_000_000)],
)
def test_an_interval_is_wilsons(hits: int, low: int, high: int) -> None:
    found = Counted(10**6, 100, hits, 0, hits).interval
    assert found == pytest.approx((low, high), abs=2)


@given(st.data())
def test_an_estimate_is_within_its_interval_and_the_space(data: st.DataObject) -> None:
    tried = data.draw(st.integers(1, 3_000))
    networks = data.draw(st.one_of(st.integers(tried, 10**6), st.integers(0, 300).map(lambda n: tried + 10**n + n)))
    hits = data.draw(st.one_of(st.sampled_from([0, tried]), st.integers(0, tried)))
    found = Counted(networks, tried, hits, 0, hits)
    low, high = found.interval
    assert 0 <= low <= found.estimate <= high <= networks
    assert (low == 0) >= (hits == 0)
    assert (high == networks) >= (hits == tried)


def test_what_is_no_network_is_counted_and_shown() -> None:
    found = space("input 4x4x3\nmaxpool x{1..4}\nFC-10\n")
    counted = count(found, Budget(), 10)
    assert (counted.within, counted.wrong, counted.is_exact) == (2, 2, True)
    assert counted.example is not None
    picks, error = counted.example
    assert (found.said(picks), error.diagnostics[0].code) == ("1:x=3", "V201")
    assert error.diagnostics[0].labels[0].span.text == "maxpool"
    with pytest.raises(VggdslError, match="V201"):
        found.fill(picks)


@pytest.mark.parametrize(
    ("budget", "fits"),
    [
        (Budget(), True),
        (Budget(params=(138_357_544, 138_357_544)), True),
        (Budget(params=(None, 138_357_543)), False),
        (Budget(params=(138_357_545, None)), False),
        (Budget(macs=(None, 15_470_264_320)), True),
        (Budget(macs=(None, 15_470_264_319)), False),
        (Budget(receptive_field=(404, 404)), True),
        (Budget(receptive_field=(405, None)), False),
        (Budget(receptive_field=(None, 403)), False),
    ],
)
def test_a_budget_holds_to_the_bounds_themselves(budget: Budget, fits: bool) -> None:
    assert within(vggdsl.load("vgg_d").typed, budget) is fits


def test_of_two_axes_the_smaller_has_to_see_enough_and_the_larger_not_too_much() -> None:
    spec = vggdsl.parse("input 32x32x3\nconv3x5-8 conv1-10 softmax")
    assert spec.typed.receptive_field == Pair(3, 5)
    assert [within(spec.typed, Budget(receptive_field=bounds)) for bounds in ((3, 5), (4, None), (None, 4))] == [
        True,
        False,
        False,
    ]


def test_rules_of_layers_that_a_network_has_not_fall_away() -> None:
    found = space("input 8x8x3\nconv3-4\n( FC-8 | identity )\nFC-10\nafter FC: ReLU\n")
    texts = [found.fill(picks).text for picks in found.assignments()]
    assert "after FC: ReLU" in texts[0]
    assert "after FC: none" in texts[1]  # without any rule the convolution would have a ReLU
    assert [len(spec.network.graph.nodes) for spec in map(vggdsl.parse, texts)] == [5, 3]
    found = space("input 8x8x3\nconv3-4\n( maxpool | identity )\nFC-10\nafter conv: BN\ndefault maxpool: ceil\n")
    assert ["default" in found.fill(picks).text for picks in found.assignments()] == [True, False]


@pytest.mark.parametrize(
    ("text", "activations"),
    [
        ("conv3-4 ( ReLU | identity ) FC-8 FC-10 softmax", [1, 0]),
        ("conv3-4 ( ReLU | BN ) conv3-4 FC-10 softmax", [1, 0]),
        ("FC-8 ( b() | identity ) FC-8 FC-10 softmax\nblock b() { BN tanh }", [1, 0]),
        ("( conv3-4 | conv3-8 ) FC-8 FC-10 softmax\nblock b() { ReLU }", [2, 2]),  # nobody calls it
        ("conv3-4 ( ReLU | identity ) FC-8 FC-10 softmax\nafter FC: ReLU", [2, 1]),
    ],
)
def test_what_one_alternative_writes_is_implied_in_no_network(text: str, activations: list[int]) -> None:
    found = space(f"input 8x8x3\n{text}\n")
    specs = [vggdsl.parse(found.fill(picks).text) for picks in found.assignments()]
    assert [sum(layer.op.activation for layer in spec.network.graph.nodes) for spec in specs] == activations


def test_a_space_may_extend_a_spec_and_use_blocks(tmp_path: Path) -> None:
    (tmp_path / "base.arch").write_text("input 8x8x3\n1: conv3-4\nmaxpool\nFC-10\n")
    (tmp_path / "blocks.arch").write_text("block b(n) { conv3-$n ( BN | ReLU ) }\n")
    delta = tmp_path / "delta.arch"
    delta.write_text('extends "base.arch"\nuse "blocks.arch"\nreplace 1: ( conv3-{4|8} | b(3) )\n')
    found = load_space(delta)
    assert (found.name, found.networks) == ("delta", 4)
    assert all(vggdsl.parse(found.fill(picks).text).typed for picks in found.assignments())


def test_names_of_networks_tell_them_apart() -> None:
    found = space(SMALL)
    names = [found.fill(picks).name for picks in found.assignments()]
    assert len(set(names)) == found.networks == len(found)
    assert all(name.startswith("net-") for name in names)


def test_one_network_is_no_space() -> None:
    found = refusal(lambda: space("input 8x8x3 FC-10"))
    assert (found.code, found.message) == ("V229", "net.arch leaves nothing open")


def test_recipes_are_read_once_and_may_be_wrong() -> None:
    found = space(SMALL + "train {\n  epochs 3\n}\n")
    assert found.recipes[0].epochs == 3
    assert all(found.fill(picks).recipes is found.recipes for picks in islice(found.assignments(), 3))
    assert refusal(lambda: space(SMALL + "train {\n  epochs no\n}\n")).code.startswith("V4")


def test_all_networks_come_in_their_order_or_a_sample_does() -> None:
    found = space(SMALL)
    assert [picks for picks, _ in made_networks(found, 18)] == list(found.assignments())
    assert len([made for _, made in made_networks(found, 17)]) == 17


@fewer
@given(
    st.sampled_from(["batch", "batch_size", "nothing-such", "optimizer", "lr", "epochs", "stop"]),
    st.sampled_from(["{} {}", "{}={}", "{} = {}", "{}({})", "{} sgd(lr={})", "{} sgd(learning_rate={})"]),
    st.sampled_from(["{4|8}", "{w=4|8}", "{1..4}", "{sgd|adam}", "$w", "( sgd | adam )"]),
)
def test_a_choice_in_a_recipe_is_told_first_and_alone(key: str, written: str, choice: str) -> None:
    entry = written.format(key, choice)
    (found,) = findings(lambda: space(f"{SMALL}train {{\n  data digits\n  {entry}\n}}\n"))
    assert (found.code, found.message) == ("V117", "no choice can stand in a recipe")
    assert "of recipes write several" in str(found.help)


def test_in_strings_and_comments_of_a_recipe_braces_are_no_choice() -> None:
    found = space(SMALL + 'train {\n  data folder("a{1|2}$w") # {4|8}, $w, ( a | b )\n}\n')
    assert found.recipes[0].data.name == "folder"


RARE = "input 8x8x4\n( conv3-{1..999} | GN-4 )\nFC-10\n"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (RARE + "default GN: eps=1e-3\n", []),  # of a thousand networks one has it
        (RARE + "default BN: eps=1e-3\n", ["V213"]),
        (RARE.replace("999", "9") + "after GN: ReLU\n", ["W204"]),
        (RARE.replace("999", "9") + "after BN: ReLU\n", ["W204", "V213"]),
    ],
)
def test_a_rule_may_be_of_networks_that_were_not_made(text: str, codes: list[str]) -> None:
    found = space(text)
    assert [finding.code for finding in check_space(found, tried_networks(found, Most(20, 1_000)))] == codes


@given(st.lists(st.integers(8, 12), min_size=2, max_size=4, unique=True))
@settings(max_examples=100 if THOROUGH else 10)
def test_what_a_recipe_cannot_train_is_an_error_where_that_is_so_with_all(classes: list[int]) -> None:
    text = f"input 8x8x1\nconv3-{{2|4}}\nFC-{{{'|'.join(map(str, classes))}}}\ntrain {{\n  data digits\n}}\n"
    found = space(text)
    findings = check_space(found, tried_networks(found, Most(20, 1_000)))
    other = next(each for each in classes if each != 10)
    told = "a classifier of {} for 10 classes of digits"
    if 10 in classes:
        count = 2 * sum(each != 10 for each in classes)
        why = f"of {2 * len(classes)} networks {count} can't be trained: {told.format(other)}"
        assert [(each.code, each.message, each.is_error) for each in findings] == [("W222", why, False)]
    else:
        assert [(each.code, each.message) for each in findings] == [("V401", told.format(other))]
