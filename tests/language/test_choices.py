"""Choices: what is left open, how many networks that makes, and the document of each."""

import re
from itertools import islice, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import fewer
from refusals import findings
from spaces import space_texts

from vggdsl.language import notations
from vggdsl.language.choices import Choices, has_choices
from vggdsl.language.notations import arch
from vggdsl.language.syntax import Choice, Document
from vggdsl.text.errors import NetworkError
from vggdsl.text.source import NOWHERE, Source

HEAD = "input 32x32x3\n"


def document(text: str) -> Document:
    return arch.parse(Source("a.arch", text))


def choices(text: str) -> Choices:
    return Choices(document(text))


# -- properties


@given(space_texts())
def test_a_space_is_written_as_it_is_read(text: str) -> None:
    read = document(text)
    assert has_choices(read)
    written = arch.write(read)
    assert document(written) == read
    assert arch.write(document(written)) == written
    assert [choice.options for choice in choices(written).all] == [choice.options for choice in choices(text).all]
    assert choices(written).count({}) == choices(text).count({})


@given(space_texts())
def test_it_is_counted_as_it_is_enumerated(text: str) -> None:
    space = choices(text)
    found = list(islice(space.assignments(), 3_000))
    if len(found) < 3_000:
        assert space.count({}) == len(found)
    else:
        assert space.count({}) >= 3_000
    assert len({tuple(picks.items()) for picks in found}) == len(found)


@given(space_texts(), st.data())
def test_the_options_of_a_choice_share_the_networks_behind_it(text: str, data: st.DataObject) -> None:
    space, picks = choices(text), dict[str, int]()
    while (following := space.active(picks)) is not None:
        options = range(len(following.options))
        assert sum(space.count({**picks, following.name: i}) for i in options) == space.count(picks)
        picks[following.name] = data.draw(st.sampled_from(options))
    assert space.count(picks) == 1
    assert not has_choices(space.fill(picks))


def by_all_products(text: str) -> set[str]:
    """The assignments, as each way to choose everything leaves them when what isn't asked for is left out."""
    space = choices(text)
    every = [range(len(choice.options)) for choice in space.all]
    found = set()
    for places in product(*every):
        picks = dict(zip((choice.name for choice in space.all), places, strict=True))
        made = dict[str, int]()
        while (following := space.active(made)) is not None:
            made[following.name] = picks[following.name]
        found.add(repr(made))
    return found


@fewer
@given(space_texts())
def test_an_assignment_has_the_choices_that_its_network_has(text: str) -> None:
    space = choices(text)
    if len(space.all) < 8 and space.count({}) < 500:
        assert by_all_products(text) == {repr(dict(picks)) for picks in space.assignments()}


@given(space_texts())
def test_what_is_filled_is_written_and_read_without_choices(text: str) -> None:
    space = choices(text)
    for picks in islice(space.assignments(), 5):
        filled = space.fill(picks)
        again = document(arch.write(filled))
        assert not re.search(r"[{$][wkd]", arch.write(filled))
        assert not has_choices(again)
        assert again == filled


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=5, unique=True), st.integers(1, 9), st.integers(1, 9))
def test_numbers_and_ranges_are_options_in_their_order(numbers: list[int], steps: int, by: int) -> None:
    high = 10**7 + steps * by
    text = f"FC-{{{'|'.join(map(str, numbers))}|{10**7}..{high}:{by}}}"
    options = choices(f"input 4x4x1 {text}").all[0].options
    assert options == (*map(str, numbers), *map(str, range(10**7, high + 1, by)))


PAIRS = ["conv{1|3}x{1|3}-4", "maxpool{2|3}x{2|3}/2", "conv3-4/{1|2}x{1|2}", "conv{k=1|3}x{k=1|3}-4", "conv{1|3}-4"]


@pytest.mark.parametrize("pair", PAIRS)
def test_two_choices_of_sides_stay_two_when_they_are_written(pair: str) -> None:
    read = document(HEAD + pair)
    assert networks(arch.write(read).removeprefix(HEAD)) == networks(pair)


# -- what a choice is


def networks(text: str) -> list[str]:
    """The lines of the networks' layers."""
    space = choices(HEAD + text)
    return [" ".join(arch.write(space.fill(picks)).split("\n")[1:]).strip() for picks in space.assignments()]


NONE = "after conv: none"
"""Where another network writes an activation, in which none is implied: nor is it here."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("conv3-{64|96}", ["conv3-64", "conv3-96"]),
        ("conv{3|5}-64/{1|2}", ["conv3-64/1", "conv3-64/2", "conv5-64/1", "conv5-64/2"]),
        ("conv{1|3}x{1|3}-8", ["conv1-8", "conv1x3-8", "conv3x1-8", "conv3-8"]),
        ("maxpool{2|3}/2", ["maxpool2/2", "maxpool3/2"]),
        ("ReLU x{1..3}", ["ReLU", "ReLU x2", "ReLU x3"]),
        ("a: ReLU x{1|2}", ["a: ReLU x1", "a: ReLU x2"]),
        ("dropout-{0.1..0.3:0.1}", ["dropout-0.1", "dropout-0.2", "dropout-0.3"]),
        ("dropout-{30%|0.5}", ["dropout-30%", "dropout-0.5"]),
        ("LeakyReLU-{0.1|0.2}", ["LeakyReLU-0.1", "LeakyReLU-0.2"]),
        ("conv3-8 pad={0|1x0}", ["conv3-8 pad=0", "conv3-8 pad=1x0"]),
        ("maxpool ceil={yes|no}", ["maxpool ceil", "maxpool ceil=no"]),
        ("( maxpool | avgpool )", ["maxpool", "avgpool"]),
        ("(maxpool|conv3-8 ReLU)", [f"maxpool {NONE}", "conv3-8 ReLU"]),
        ("ReLU ( identity | BN )", ["ReLU", "ReLU BN"]),
        ("ReLU add[ ( identity | BN ) | BN ]", ["ReLU add[ identity | BN ]", "ReLU add[ BN | BN ]"]),
        ("a: ( maxpool | conv3-8 ReLU )", [f"a: maxpool {NONE}", "a: ( conv3-8 ReLU )"]),
        ("( maxpool | conv3-8 ReLU ) x2", [f"maxpool x2 {NONE}", "( conv3-8 ReLU ) x2"]),
        ("( conv3-{4|8} | ReLU )", [f"conv3-4 {NONE}", f"conv3-8 {NONE}", "ReLU"]),
        ("conv3-{w=4|8} conv3-{w=4|8} FC-$w", ["conv3-4 conv3-4 FC-4", "conv3-8 conv3-8 FC-8"]),
        ("conv3-{W=4|8} FC-$W", ["conv3-4 FC-4", "conv3-8 FC-8"]),
        ("dropout-{p=0.3|0.5} dropout-$p", ["dropout-0.3 dropout-0.3", "dropout-0.5 dropout-0.5"]),
        ("( e= BN | ReLU ) ( e= ReLU | BN )", ["BN ReLU", "ReLU BN"]),
        ("(e=BN|ReLU)", [f"BN {NONE}", "ReLU"]),
        ("ReLU x{n=1|2} BN x$n", ["ReLU BN", "ReLU x2 BN x2"]),
    ],
)
def test_each_network_of_a_space(text: str, expected: list[str]) -> None:
    assert networks(text) == expected


def test_an_option_is_called_by_what_it_is_at_each_of_its_places() -> None:
    # In a network of `conv3-6` there is no `conv3-4`.
    text = "( p= ( q= conv3-4 | conv3-5 ) | conv3-6 ) ( q= maxpool | avgpool ) ( q= maxpool | BN )"
    linked = next(choice for choice in choices(HEAD + text).all if choice.name == "q")
    assert linked.options == ("conv3-4 … maxpool", "conv3-5 … avgpool … BN")


def test_choices_of_rules_and_defaults() -> None:
    assert networks("conv3-8\nafter conv: ( BN | identity ) ReLU\ndefault conv: bias={yes|no}") == [
        f"conv3-8 after conv: {rule} default conv: bias={bias}"
        for rule in ("BN ReLU", "ReLU")
        for bias in ("yes", "no")
    ]


def test_a_block_is_one_place() -> None:
    text = "block b(n) { conv3-$n ( BN | identity ) }\nb({4|8}) b(5)"
    assert [net.split("} ")[1] for net in networks(text)] == ["b(4) b(5)", "b(4) b(5)", "b(8) b(5)", "b(8) b(5)"]
    assert [choice.name for choice in choices(HEAD + text).all] == ["1:b", "2:layers"]


def test_a_block_that_is_not_called_leaves_nothing_open() -> None:
    text = "block b() { conv3-{4|8} }\n( b() | ReLU ) conv3-{1|2}"
    assert [len(picks) for picks in choices(HEAD + text).assignments()] == [3, 3, 3, 3, 2, 2]


def test_places_are_those_of_the_space() -> None:
    space = choices(HEAD + "conv3-{64|96} ( maxpool | avgpool )")
    filled = space.fill({"1:conv": 1, "2:layers": 0})
    assert [item.span.text for item in filled.items] == ["input 32x32x3", "conv3-{64|96}", "maxpool"]


@pytest.mark.parametrize(
    "picks",
    [{}, {"w": 0}, {"w": 2, "2:layers": 0}, {"w": 0, "2:layers": 1, "3:FC": 0}, {"w": 0, "2:layers": 1, "x": 0}],
)
def test_picks_that_are_no_assignment_are_refused(picks: dict[str, int]) -> None:
    space = choices(HEAD + "conv3-{w=4|8} ( FC-{1|2} | ReLU )")
    with pytest.raises(ValueError, match=r"chosen|choice|open"):
        space.fill(picks)


def test_as_many_networks_as_there_are_atoms_are_counted_at_once() -> None:
    text = HEAD + "\n".join("conv3-{1..64} x{1..8} ( maxpool | conv5-{1..9} | identity )" for _ in range(60))
    assert choices(text).count({}) == (64 * 8 * 11) ** 60


def test_shared_choices_are_counted_once() -> None:
    row = "( e= conv3-{w=1..9} | ReLU ) ( f= BN | conv1-$w ) "
    assert choices(HEAD + row * 30).count({}) == 9 + 9 + 9 + 1


def test_a_block_that_alternatives_call_again_and_again_is_refused() -> None:
    blocks = [f"block b{i}() {{ ( b{i + 1}() | b{i + 1}() ) }}" for i in range(40)]
    with pytest.raises(NetworkError, match="V219"):
        choices("\n".join([*blocks, "block b40() { ReLU }", HEAD, "b0()"]))


def linked(count: int) -> str:
    """Alternations of two, and further on the same ones with other layers: 3 ways each."""
    rows = "( p{0}= conv3-{{4|6}} | conv3-8 )\n", "( p{0}= ReLU | BN )\n"
    return HEAD + "".join(row.format(i) for row in rows for i in range(count))


def test_choices_are_linked_in_as_many_ways_as_can_be_counted() -> None:
    assert choices(linked(9)).networks == 3**9
    with pytest.raises(NetworkError, match=r"V219.*linked in more than 1,000 ways"):
        choices(linked(10))
    with pytest.raises(NetworkError, match=r"V219.*linked in more than 1,000 ways"):
        choices(linked(200))


def test_a_number_of_networks_can_be_written() -> None:
    row = "conv3-{1..1000}\n"
    assert len(str(choices(HEAD + row * 333).networks)) == 1_000
    with pytest.raises(NetworkError, match=r"V219.*more than 10\^1000 networks"):
        choices(HEAD + row * 334)


def test_the_repr_of_a_choice_is_what_is_written() -> None:
    assert str(Choice(("64", "96..128:32"), NOWHERE, "w")) == "{w=64|96..128:32}"


def test_another_notation_has_no_choices() -> None:
    table = "layer | size\nconv3-{64|96} | 32x32x3\nFC-10 | 10\n"
    assert findings(lambda: notations.reading(Source("a.txt", table)).document)
