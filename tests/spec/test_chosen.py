"""`init from(…)` names layers one by one, by labels, as ranges, or all but some; what it can't mean is told."""

import pytest
from refusals import findings

import vggdsl
from specs import RESIDUAL
from vggdsl.spec.chosen import choosing, chosen_layers, spelled
from vggdsl.spec.recipe import From
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import Diagnostic, RecipeError
from vggdsl.text.source import NOWHERE

BRANCHING = (
    RESIDUAL
    + """1: conv3-8
global-avgpool
FC-4 softmax
"""
)
LAYERS = [
    "stem", "bn_stem",
    "conv2.1.conv1", "conv2.1.bn1", "conv2.1.conv2", "conv2.1.bn2",
    "conv2.2.conv1", "conv2.2.bn1", "conv2.2.conv2", "conv2.2.bn2",
    "mixed.a", "mixed.bn_a", "mixed.conv2", "mixed.bn2", "mixed.conv3", "mixed.bn3", "mixed.b", "mixed.bn_b",
    "1", "bn_1", "fc3", "aux1.fc1",
]  # fmt: skip
CONV2 = [layer for layer in LAYERS if layer.startswith("conv2.")]


def spec(chosen: str) -> Spec:
    return vggdsl.parse(f'{BRANCHING}train {{\n  data fake(classes=4)\n  init from("x.arch", {chosen})\n}}')


def chosen(text: str) -> list[str]:
    read = spec(text)
    init = read.recipe().init
    assert isinstance(init, From)
    return [layer for group in chosen_layers(init, read.typed, NOWHERE) for layer in group.layers]


@pytest.mark.parametrize(
    ("written", "layers"),
    [
        ("conv2.1.conv1", ["conv2.1.conv1"]),
        ("conv2", CONV2),
        ("conv2.2, stem", [*CONV2[4:], "stem"]),
        ("mixed", [layer for layer in LAYERS if layer.startswith("mixed.")]),
        ("aux1", ["aux1.fc1"]),
        ("stem..conv2.1.bn1", LAYERS[:4]),
        ("conv2.1.conv2..conv2.2", CONV2[2:]),
        ("conv2..mixed.a", LAYERS[2:11]),
        ("conv2.1..conv2.1", CONV2[:4]),
        ("conv2..pool1", LAYERS[2:18]),
        ("1..fc3", ["1", "bn_1", "fc3"]),
        ("mixed.b..1", ["mixed.b", "mixed.bn_b", "1"]),
        ("all but fc3", [layer for layer in LAYERS if layer != "fc3"]),
        ("ALL  BUT conv2, mixed..fc3", ["stem", "bn_stem", "aux1.fc1"]),
        ("all but 1", [layer for layer in LAYERS if layer != "1"]),
    ],
)
def test_what_a_name_means(written: str, layers: list[str]) -> None:
    assert chosen(written) == layers


@pytest.mark.parametrize(
    ("written", "place", "message", "help"),
    [
        ("stem, conv3", "conv3", "unknown layer `conv3`", "known: stem, bn_stem, "),
        ("conv2.1..conv9", "conv9", "unknown layer `conv9`", "known: stem, bn_stem, "),
        ("conv9..conv2.1", "conv9", "unknown layer `conv9`", "known: stem, bn_stem, "),
        ("all but conv2.3", "conv2.3", "unknown layer `conv2.3`", "known: stem, bn_stem, "),
        ("mixd", "mixd", "unknown layer `mixd`", "did you mean `mixed`?"),
        ("pool1", "pool1", "unknown layer `pool1` among those with weights", "name layers that have weights"),
        ("pool1..pool1", "pool1..pool1", "`pool1..pool1` holds no layer with weights", "name layers that"),
        ("2..3", "2", "unknown layer `2`", "known: stem, bn_stem, "),
        ("fc3..stem", "fc3..stem", "the range `fc3..stem` runs backwards", "write `stem..fc3`"),
        ("conv2..conv2.1", "conv2..conv2.1", "`conv2..conv2.1` is no range: `conv2` holds", "write `conv2` for all"),
        ("conv2.1..conv2", "conv2.1..conv2", "`conv2.1..conv2` is no range: `conv2` holds", "write `conv2` for all"),
        ("stem,  stem", "stem", "`stem` is named twice", "name each layer once"),
        ("conv2, conv2.1.bn1", "conv2.1.bn1", "conv2.1.bn1 is named twice", "name each layer once"),
        ("stem..conv2, conv2.2..fc3", "conv2.2..fc3", "conv2.2.conv1 is named twice", "name each layer once"),
        ("all but mixed, mixed.a", "mixed.a", "mixed.a is named twice", "name each layer once"),
        ("all but stem..aux1", 'init from("x.arch", all but stem..aux1)', "`all but` leaves no layer", "leave one out"),
    ],
)  # fmt: skip
def test_what_a_name_cannot_mean_is_told_at_it(written: str, place: str, message: str, help: str) -> None:
    (found,) = told(spec(written))
    assert found.message.startswith(message)
    assert str(found.help).startswith(help)
    assert found.labels[0].span.text == place
    if len(found.labels) > 1:
        assert found.labels[1].span.start < found.labels[0].span.start


def told(read: Spec) -> list[Diagnostic]:
    return [found for found in read.check() if found.code == "V410"]


def test_all_that_is_wrong_is_told() -> None:
    places = [found.labels[0].span.text for found in told(spec("stem, conv2.9, stem, fc3..stem, pool2"))]
    assert places == ["conv2.9", "fc3..stem", "pool2", "stem"]


@pytest.mark.parametrize("written", ["stem, all but fc3", "all but stem, all but fc3"])
def test_all_but_stands_once_and_first(written: str) -> None:
    (found,) = findings(lambda: spec(written), RecipeError)
    assert (found.code, found.labels[0].span.text) == ("V406", "all but fc3")


def test_fmt_writes_one_form() -> None:
    read = spec("ALL\tBUT conv2 .. mixed".replace(" .. ", "..") + " ,fc3")
    assert 'init from("x.arch", all but conv2..mixed, fc3)' in vggdsl.write(read)
    assert vggdsl.parse(vggdsl.write(read)).recipe() == read.recipe()


@pytest.mark.parametrize(
    ("layers", "names"),
    [
        (LAYERS, ((), False)),
        (LAYERS[:-2], (("fc3", "aux1.fc1"), True)),
        (LAYERS[:10], (("stem..conv2.2.bn2",), False)),
        (["stem", "fc3"], (("stem", "fc3"), False)),
        (["1", "fc3"], (("stem..mixed.bn_b", "bn_1", "aux1.fc1"), True)),
        ([layer for layer in LAYERS if layer not in ("1", "fc3")], (("1", "fc3"), True)),
        (["1"], (("stem..mixed.bn_b", "bn_1..aux1.fc1"), True)),
        ([], None),
    ],
)
def test_layers_are_written_by_few_names_that_mean_them(
    layers: list[str], names: tuple[tuple[str, ...], bool] | None
) -> None:
    read = vggdsl.parse(BRANCHING)
    written = choosing(layers, read.typed)
    assert written == names
    if written is not None and written[0]:
        assert chosen(("all but " if written[1] else "") + ", ".join(written[0])) == layers
    assert len(spelled(layers, read.typed)) <= max(len(layers), 1)


def test_thousands_of_layers_are_chosen_at_once() -> None:
    read = vggdsl.parse(
        'input 8x8x3\na: conv3-3 x4000\nFC-4 softmax\ntrain {\n  init from("x", all but a, a.3..fc2)\n}'
    )
    init = read.recipe().init
    assert isinstance(init, From)
    (found,) = findings(lambda: chosen_layers(init, read.typed, NOWHERE), RecipeError)
    assert found.message == "a.3 is named twice"
