"""`init from(…)`: whose weights a recipe begins with."""

from pathlib import Path

import pytest
import torch
from refusals import refusal
from safetensors.torch import load_file

import vggdsl
from vggdsl.experiments.start import find_trained, starting_network
from vggdsl.experiments.train import resume, train
from vggdsl.spec.spec import Spec
from vggdsl.targets.torch import weights
from vggdsl.text.errors import InputError, RecordError, VggdslError

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
    trained = find_trained(deep, deep.recipe(), runs)
    ours = weights(starting_network(deep, deep.recipe(), 0, trained))
    plain = weights(starting_network(deep, deep.recipe(), 0))
    for name, value in ours.items():
        if name.partition(".")[0] in ("conv1_1", "fc3"):
            assert torch.equal(torch.from_numpy(value), theirs[name])
            assert not (value == plain[name]).all()
        else:
            assert (value == plain[name]).all()


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
    with pytest.raises(InputError, match="V516"):
        train(vggdsl.parse(SMALL, "plain"), runs=tmp_path / "runs", device="cpu", start_from=other.path)


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
