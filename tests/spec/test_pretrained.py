"""`init from(…)`: whose weights a recipe begins with."""

from pathlib import Path

import pytest
import torch
from refusals import refusal
from safetensors.torch import load_file

import vggdsl
from specs import RESIDUAL
from vggdsl.experiments.first import find_first, init_of
from vggdsl.experiments.reporter import Outline, Silent
from vggdsl.experiments.start import starting_network
from vggdsl.experiments.train import resume, train
from vggdsl.network.weights import weight_shapes
from vggdsl.spec.pretrained import fitting_layers
from vggdsl.spec.recipe import Init
from vggdsl.spec.spec import Spec
from vggdsl.targets.torch import weights
from vggdsl.text.errors import Diagnostic, InputError, RecordError, VggdslError

SMALL = """
input 8x8x3
conv3-4
maxpool
conv3-6
maxpool
FC-8 FC-4 softmax
train {
  data      fake(classes=4, n=64, val=16, test=16)
  batch     16
  epochs    1
}
"""
DEEP = """
input 8x8x3
conv3-4 conv3-4
maxpool
conv3-6 conv3-6
maxpool
FC-8 FC-4 softmax
train first {
  data      fake(classes=4, n=64, val=16, test=16)
  batch     16
  epochs    1
  init      from("small.arch", conv1_1, fc3) else normal(std=0.1)
}
train second as first {
  init      from(first)
}
"""


@pytest.fixture
def deep(tmp_path: Path) -> Spec:
    (tmp_path / "small.arch").write_text(SMALL)
    path = tmp_path / "deep.arch"
    path.write_text(DEEP)
    return vggdsl.load(path)


def codes(spec: Spec) -> list[tuple[str, str]]:
    return [(d.code, d.message) for d in spec.check()]


def test_what_fits_is_not_complained_about(deep: Spec) -> None:
    assert codes(deep) == []


@pytest.mark.parametrize(
    ("init", "code", "message"),
    [
        ('from("small.arch", conv2_1)', "V410", "conv2_1 has weight 6x4x3x3 and bias 6, that of small weight 6x4x3x3"),
        ('from("small.arch", conv1_2)', "V410", "unknown layer of small `conv1_2`"),
        ('from("small.arch", conv9_9)', "V410", "unknown layer `conv9_9`"),
        ('from("small.arch", relu1_1)', "V410", "unknown layer `relu1_1`"),
        ('from("small.arch")', "V410", "small has no conv1_2, conv2_2"),
        ('from("smal.arch", conv1_1)', "W401", "no file `smal.arch`, to check `init from(…)` by"),
        ('from("../../../../../etc/passwd")', "V244", "lies outside of the project's folders"),
        ("from(secnd)", "V410", "unknown recipe `secnd`"),
        ("from(first)", "V410", "recipes that begin with each other's weights: first -> first"),
        ("from(second)", "V410", "recipes that begin with each other's weights: first -> second -> first"),
    ],
)
def test_what_does_not_fit_is_told_at_check_time(deep: Spec, init: str, code: str, message: str) -> None:
    path = Path(deep.source.name)
    path.write_text(DEEP.replace('from("small.arch", conv1_1, fc3) else normal(std=0.1)', init))
    found = codes(vggdsl.load(path))
    if init == 'from("small.arch", conv2_1)':  # as large there as here: only the layers before it differ
        assert found == []
    else:
        assert any(c == code and message in said for c, said in found), found


def test_a_layer_of_another_size_is_told_with_both(deep: Spec) -> None:
    path = Path(deep.source.name)
    path.write_text(DEEP.replace("FC-8 FC-4", "FC-9 FC-4"))
    ((code, message),) = {found for found in codes(vggdsl.load(path)) if "fc3" in found[1]}
    assert code == "V410"
    assert message == "fc3 has weight 9x24 and bias 9, that of small weight 8x24 and bias 8"


def test_a_spec_that_ships_is_found_by_its_name(tmp_path: Path) -> None:
    text = vggdsl.load("vgg_d").text
    path = tmp_path / "vgg_d.arch"
    path.write_text(text)
    assert codes(vggdsl.load(path)) == []


def test_without_a_run_it_says_what_to_train(deep: Spec, tmp_path: Path) -> None:
    found = refusal(lambda: train(deep, runs=tmp_path / "runs", device="cpu"), InputError)
    assert found.code == "V516"
    assert "no finished run of small" in found.message
    assert "--from RUN" in str(found.help)
    assert not (tmp_path / "runs").exists()


def test_the_named_layers_take_the_weights_and_the_others_do_not(deep: Spec, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    small = train(vggdsl.load(tmp_path / "small.arch"), runs=runs, device="cpu")
    theirs = load_file(small.path / "best.safetensors")
    trained = find_first(deep, deep.recipe(), runs)
    ours = weights(starting_network(deep, deep.recipe(), 0, trained))
    plain = weights(starting_network(deep, deep.recipe(), 0))
    for name, value in ours.items():
        if name.partition(".")[0] in ("conv1_1", "fc3"):
            assert torch.equal(torch.from_numpy(value), theirs[name])
            assert not (value == plain[name]).all()
        else:
            assert (value == plain[name]).all()


WHOLE = (
    RESIDUAL
    + """global-avgpool
head: ( FC-8 ReLU FC-4 softmax )
train {
  data   fake(classes=4, n=64, val=16, test=16)
  batch  16
  epochs 1
}
"""
)


def beginning_with(text: str, init: str) -> str:
    """A spec whose recipe begins so."""
    return text.replace("  epochs 1\n", f"  epochs 1\n  init   {init}\n")


class Told(Silent):
    def started(self, outline: Outline) -> None:
        self.notes = outline.notes


def test_a_network_with_blocks_is_tuned_onto_other_classes_by_what_the_help_offers(tmp_path: Path) -> None:
    runs, path = tmp_path / "runs", tmp_path / "tuned.arch"
    (tmp_path / "base.arch").write_text(WHOLE, "utf-8")
    base = train(vggdsl.load(tmp_path / "base.arch"), runs=runs, device="cpu")
    whole = 'from("base.arch") else normal(std=0.1)'
    tuned = beginning_with(WHOLE.replace("FC-4", "FC-6").replace("classes=4", "classes=6"), whole)
    path.write_text(tuned, "utf-8")
    (found,) = vggdsl.load(path).check()
    assert found.help == (
        'name those that are alike: `init from("base.arch", all but head.fc2, aux1.fc1) else normal(std=0.1)`'
    )
    path.write_text(tuned.replace(f"init   {whole}", found.help.split("`")[1]), "utf-8")
    spec = vggdsl.load(path)
    assert spec.check() == []

    theirs = load_file(base.path / "best.safetensors")
    ours = weights(starting_network(spec, spec.recipe(), 0, find_first(spec, spec.recipe(), runs)))
    plain = weights(starting_network(spec, spec.recipe(), 0))
    for name, value in ours.items():
        if name.rpartition(".")[0] in ("head.fc2", "aux1.fc1"):
            assert (value == plain[name]).all()
        else:
            assert torch.equal(torch.from_numpy(value), theirs[name])
    assert {"head.fc1.weight", "conv2.2.bn1.running_var", "mixed.a.weight"} < ours.keys()

    told = Told()
    run = train(spec, runs=runs, device="cpu", reporter=told)
    assert told.notes == (
        f"{spec.recipe().init} begins with the weights of {base.path}",
        "head.fc2, aux1.fc1 begin afresh, by init normal(std=0.1)",
    )
    assert run.result.start == base.result.weights
    (block,) = vggdsl.load(run.path / "record.arch").measurements
    assert block.values["of"]["from"] == base.result.weights


def test_what_begins_afresh_without_else_begins_by_auto() -> None:
    """As its digest says, which is that of before another default."""
    said = ('init from("a.arch", conv1_1) else auto', 'init from("a.arch", conv1_1)', "batch 32")
    recipes = [vggdsl.parse(f"input 8x8x3 conv3-4 FC-4\ntrain {{\n{entry}\n}}\n").recipe() for entry in said]
    assert [init_of(recipe) for recipe in recipes] == [Init("auto"), Init("auto"), Init("he-torch")]


FROM = "input 8x8x3\nstem: conv3-4\nbody: ( conv3-4 conv3-4 )\nhead: ( FC-8 FC-4 softmax )\n"
TO = "input 8x8x3\nstem: conv3-4\nbody: ( conv3-4 conv3-4 )\nmore: conv1-4\nhead: ( FC-8 FC-6 softmax )\n"
BOTH = "base has no more; head.fc2 has weight 6x8 and bias 6, that of base weight 4x8 and bias 4"


@pytest.mark.parametrize(
    ("names", "place", "message", "fitting"),
    [
        ("", "", BOTH, "all but more, head.fc2"),
        (", all but head.fc2", "", "base has no more", "all but more, head.fc2"),
        (", more..head", "more..head", BOTH, "head.fc1"),
        (", stem, body.conv1..head", "body.conv1..head", BOTH, "all but more, head.fc2"),
        (", stem, head", "head", BOTH.partition("; ")[2], "stem, head.fc1"),
        (", stem, head.fc2", "head.fc2", BOTH.partition("; ")[2], None),
        (", more", "more", "unknown layer of base `more`", None),
        (", more..more", "more..more", "base has no more", None),
    ],
)
def test_what_a_name_holds_is_told_at_it_with_those_that_fit(
    tmp_path: Path, names: str, place: str, message: str, fitting: str | None
) -> None:
    (tmp_path / "base.arch").write_text(FROM, "utf-8")
    path = tmp_path / "to.arch"

    def found(init: str) -> list[Diagnostic]:
        path.write_text(f"{TO}train {{\n  data fake(classes=6)\n  {init}\n}}\n", "utf-8")
        return vggdsl.load(path).check()

    init = f'init from("base.arch"{names})'
    (told,) = found(init)
    assert (told.code, told.message) == ("V410", message)
    assert told.labels[0].span.text == (place or init)
    if fitting is None:
        assert "`init" not in str(told.help)
    else:
        assert told.help == f'name those that are alike: `init from("base.arch", {fitting})`'
        assert found(told.help.split("`")[1]) == []


def test_a_chain_of_recipes_is_recorded_with_the_weights_that_it_began_with(deep: Spec, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    small = train(vggdsl.load(tmp_path / "small.arch"), runs=runs, device="cpu")
    first = train(deep, runs=runs, device="cpu")
    second = train(deep, deep.recipe("second"), runs=runs, device="cpu")
    assert first.result.start == small.result.weights
    assert second.result.start == first.result.weights
    (block,) = vggdsl.load(second.path / "record.arch").measurements
    assert block.sealed
    assert block.values["of"]["from"] == first.result.weights


def test_another_networks_run_is_refused(deep: Spec, tmp_path: Path) -> None:
    other = train(vggdsl.parse(SMALL.replace("conv3-6", "conv3-7"), "other"), runs=tmp_path / "runs", device="cpu")
    with pytest.raises(RecordError, match="V608"):
        train(deep, runs=tmp_path / "runs", device="cpu", start_from=other.path)
    plain = vggdsl.parse(SMALL, "plain")
    with pytest.raises(InputError, match="V516"):
        find_first(plain, plain.recipe(), tmp_path / "runs", other.path)


def test_interrupted_before_its_first_epoch_it_begins_with_the_same_weights(deep: Spec, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    train(vggdsl.load(tmp_path / "small.arch"), runs=runs, device="cpu")
    whole = train(deep, runs=runs, device="cpu")
    broken = runs / "broken"
    broken.mkdir()
    for name in ("spec.arch", "recipe.json"):
        (broken / name).write_text((whole.path / name).read_text())
    again = resume(broken)
    assert (again.result.weights, again.result.start) == (whole.result.weights, whole.result.start)


def test_a_recipe_that_begins_with_what_is_not_there_is_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(VggdslError):
        train(vggdsl.parse(DEEP, "deep"), runs=tmp_path, device="cpu")


@pytest.mark.parametrize("fitting", range(5))
def test_weights_are_taken_unasked_where_half_of_the_layers_fit(fitting: int) -> None:
    """Of four, each with another number of channels there than here but for the first ``fitting``."""
    here, there = [4, 6, 8, 10], [4, 6, 8, 10][:fitting] + [5, 7, 9, 11][fitting:]
    ours, theirs = (
        vggdsl.parse(
            f"input 8x8x3\nafter conv: BN ReLU\n{' '.join(f'conv1-{c}' for c in channels)}\nglobal-avgpool softmax\n"
            'train {\n  init from("w.pth")\n}'
        )
        for channels in (here, there)
    )
    shapes = weight_shapes(theirs.typed)
    if fitting < 2:
        found = refusal(lambda: fitting_layers(ours.recipe(), ours.typed, shapes, "w.pth"))
        assert (found.code, f"of w.pth {fitting} of 4 weight layers fit: too few" in found.message) == ("V410", True)
    else:
        fit = fitting_layers(ours.recipe(), ours.typed, shapes, "w.pth")
        assert {*fit.layers} == {f"{kind}1_{i}" for i in range(1, fitting + 1) for kind in ("conv", "bn")}
