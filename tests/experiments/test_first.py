"""The weights that a training begins with: a file's, torchvision's and a certain run's."""

import shutil
from collections import OrderedDict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import commands
import numpy as np
import pytest
import torch
from others import build, randomised
from refusals import refusal
from safetensors.torch import save_file
from torch import Tensor, nn
from torchvision.models import WeightsEnum
from trainings import Impatient

import vggdsl
from vggdsl.data.normalisation import Normalisation
from vggdsl.experiments.first import First, find_first, with_start
from vggdsl.experiments.reporter import Outline, Silent
from vggdsl.experiments.start import starting_network
from vggdsl.experiments.train import Stopped, resume, train
from vggdsl.network.weights import weight_shapes, weights_digest
from vggdsl.records.run import Run
from vggdsl.records.runfolder import read_plan
from vggdsl.spec.recipe import From, Init
from vggdsl.spec.spec import Spec
from vggdsl.targets.fitting import paired
from vggdsl.targets.torch import weights
from vggdsl.text.errors import InputError, RecipeError, VggdslError
from vggdsl.text.resources import folder

NET = "input 8x8x3\nconv3-4 BN ReLU maxpool\nconv3-6 BN ReLU maxpool\nFC-8 ReLU FC-5 softmax\n"
RECIPE = "  data   fake(classes=5, n=64, val=16, test=16)\n  batch  16\n  epochs 2\n"
State = Mapping[str, Tensor]


def theirs(classes: int = 7, first: int = 3) -> nn.Sequential:
    """The same network for other classes, as others write it, with weights."""
    return nn.Sequential(
        *(nn.Conv2d(first, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(4, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(24, 8), nn.ReLU(), nn.Linear(8, classes)),
    )


def state_of(module: nn.Module) -> dict[str, Tensor]:
    return dict(randomised(module).state_dict())


OURS = {"0": "conv1_1", "1": "bn1_1", "4": "conv2_1", "5": "bn2_1", "9": "fc3", "11": "fc4"}


def in_our_names(state: State) -> dict[str, Tensor]:
    return {f"{OURS[name.partition('.')[0]]}.{name.partition('.')[2]}": tensor for name, tensor in state.items()}


def tuned(folder: Path, init: str = 'from("theirs.pth") else he', net: str = NET, name: str = "tuned") -> Spec:
    path = folder / f"{name}.arch"
    path.write_text(f"{net}train {{\n{RECIPE}  init {init}\n}}\n", "utf-8")
    return vggdsl.load(path)


def saved(state: State, path: Path) -> Path:
    torch.save(OrderedDict(state), path) if path.suffix == ".pth" else save_file(dict(state), path)
    return path


def first_of(spec: Spec, runs: Path = Path("runs"), **options: Any) -> First:
    first = find_first(spec, spec.recipe(), runs, **options)
    assert first is not None
    return first


class Told(Silent):
    notes: tuple[str, ...] = ()

    def started(self, outline: Outline) -> None:
        self.notes = outline.notes


# -- what is taken


@pytest.mark.parametrize("file", ["theirs.pth", "theirs.safetensors", "ours.pth", "ours.safetensors"])
def test_every_layer_that_fits_takes_its_weights_and_the_others_begin_as_the_recipe_says(
    file: str, tmp_path: Path
) -> None:
    state = state_of(theirs())
    saved(in_our_names(state) if file.startswith("ours") else state, tmp_path / file)
    spec = tuned(tmp_path, f'from("{file}") else normal(std=0.1)')
    first = first_of(spec)
    network = weights(starting_network(spec, spec.recipe(), 0, first))
    plain = weights(starting_network(spec, spec.recipe(), 0))
    given = in_our_names(state)
    for name, array in network.items():
        assert np.array_equal(array, plain[name] if name.startswith("fc4.") else given[name].numpy()), name
    afresh = "fc4 begins afresh, by init normal(std=0.1): fc4 has weight 5x8 and bias 5, that of"
    assert first.notes[-2].startswith("taken: conv1_1..fc3 (")
    assert first.notes[-1] == f"{afresh} {file} weight 7x8 and bias 7"
    assert any("guess" in note for note in first.notes) is file.startswith("theirs")
    taken = {name: given[name].numpy() for name in network if not name.startswith("fc4.")}
    assert first.start.weights == weights_digest(taken)


def test_files_that_are_paired_by_another_order_are_other_weights(tmp_path: Path) -> None:
    spec = tuned(tmp_path, net="input 8x8x3\nconv3-3 ReLU conv3-3 ReLU FC-5 softmax\n")
    layers = {"foo": nn.Conv2d(3, 3, 3), "bar": nn.Conv2d(3, 3, 3), "fc": nn.Linear(192, 5)}
    digests = set[str | None]()
    for names in (("foo", "bar", "fc"), ("bar", "foo", "fc")):
        state = {f"{name}.{part}": tensor for name in names for part, tensor in layers[name].state_dict().items()}
        saved(state, tmp_path / "theirs.pth")
        digests.add(first_of(spec).start.weights)
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("net", "said"),
    [
        (NET.replace("BN ReLU maxpool\nFC", "BN tanh maxpool\nFC"), "another network, whose layers are taken by name"),
        (NET.replace("8x8x3", "4x16x3"), "another network"),
        (
            NET.replace("conv3-4 BN", "conv3-3 conv3-3 BN").replace("conv3-3 conv3-3", "b: conv3-3 a: conv3-3"),
            "layers are taken by name, and a does there what b does here",
        ),
        (NET, ""),
    ],
)
def test_a_run_of_another_network_is_told(net: str, said: str, whole: Run, tmp_path: Path) -> None:
    run = whole
    if "a: " in net:
        other = tuned(tmp_path, "he", net.replace("b: conv3-3 a: ", "a: conv3-3 b: "), "other")
        run = train(other, runs=tmp_path, device="cpu")
    notes = first_of(tuned(tmp_path, f'from("{run.path}") else he', net)).notes
    assert any(said in note for note in notes) if said else not any("by name" in note for note in notes), notes


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    spec = tuned(tmp_path)
    assert refusal(lambda: first_of(spec, given=tmp_path / "none.pth"), InputError).code == "V501"


def test_layers_may_be_named_and_must_fit_then(tmp_path: Path) -> None:
    saved(state_of(theirs()), tmp_path / "theirs.pth")
    first = first_of(tuned(tmp_path, 'from("theirs.pth", conv1_1..bn2_1)'))
    assert {name.partition(".")[0] for name in first.taken} == {"conv1_1", "bn1_1", "conv2_1", "bn2_1"}
    assert first_of(tuned(tmp_path, 'from("theirs.pth", all but fc4)')).taken.keys() > first.taken.keys()
    found = refusal(lambda: first_of(tuned(tmp_path, 'from("theirs.pth", fc3, fc4)')), RecipeError)
    assert found.message == "fc4 has weight 5x8 and bias 5, that of theirs.pth weight 7x8 and bias 7"


def other_tail() -> nn.Sequential:
    return nn.Sequential(*theirs()[:9], nn.Linear(24, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 7))


REFUSED: list[tuple[str, State, str]] = [
    ("other inputs", state_of(theirs(first=1)), "0 is bias (4), weight (4, 1, 3, 3)"),
    ("one layer more", state_of(other_tail()), "and only there"),
    ("other names that are ours, and hardly any fits", {
        **in_our_names(state_of(theirs())),
        "conv1_1.weight": torch.ones(9, 3, 3, 3), "conv2_1.weight": torch.ones(6, 9, 3, 3),
        "fc3.weight": torch.ones(8, 54),
    }, "of theirs.pth 0 of 4 weight layers fit: too few to begin with them unasked"),
    ("turned axes", {**in_our_names(state_of(theirs())), "fc3.weight": torch.ones(24, 8)},
     "fc3.weight is 24x8 in theirs.pth, and 8x24 here"),
    ("no numbers", {**in_our_names(state_of(theirs())), "fc3.bias": torch.full((8,), float("nan"))},
     "NaN or infinite values in fc3.bias"),
    ("quantised", {name: (t * 9).to(torch.int8) for name, t in in_our_names(state_of(theirs())).items()},
     "holds whole numbers"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_would_be_a_guess_or_a_fresh_start_is_refused(state: State, message: str, tmp_path: Path) -> None:
    saved(state, tmp_path / "theirs.pth")
    with pytest.raises(VggdslError, match=r"V410|V510|V513") as caught:
        first_of(tuned(tmp_path))
    assert message in str(caught.value).replace(f"{tmp_path}/", "")


def test_too_few_layers_are_taken_where_they_are_named_as_the_help_says(tmp_path: Path) -> None:
    state = in_our_names(state_of(theirs()))
    state |= {"conv2_1.weight": torch.randn(6, 5, 3, 3), "fc3.weight": torch.randn(8, 25)}
    saved(state, tmp_path / "theirs.pth")
    found = refusal(lambda: first_of(tuned(tmp_path)), RecipeError)
    assert found.message.startswith("of theirs.pth 1 of 4 weight layers fit")
    offered = found.help and found.help.split("`")[1].removeprefix("init ")
    assert offered == 'from("theirs.pth", conv1_1, bn1_1, bn2_1) else he'
    assert first_of(tuned(tmp_path, offered)).taken


# -- torchvision's


@cache
def resnet() -> State:
    return state_of(build("resnet18", num_classes=20))


RESNET = 'extends "resnet/resnet18"\ninput 32x32x3\nreplace fc: FC-5\ntrain tuned {{\n{0}  init {1}\n{2}}}\n'


def resnet18(folder: Path, init: str, more: str = "") -> Spec:
    (folder / "net.arch").write_text(RESNET.format(RECIPE, init, more), "utf-8")
    return vggdsl.load(folder / "net.arch")


def test_resnet_18_is_tuned_onto_other_classes_by_its_names(tmp_path: Path) -> None:
    saved(resnet(), tmp_path / "resnet18.pth")
    spec = resnet18(tmp_path, 'from("resnet18.pth") else he')
    first = find_first(spec, spec.recipe("tuned"), tmp_path)
    assert first is not None
    assert weight_shapes(spec.typed).keys() - first.taken.keys() == {"fc.weight", "fc.bias"}
    for ours, there in (("conv1", "conv1"), ("conv5.b.bn2", "layer4.1.bn2"), ("conv3.a.conv2", "layer2.0.conv2")):
        assert np.array_equal(first.taken[f"{ours}.weight"], resnet()[f"{there}.weight"].numpy())


def test_the_example_takes_all_of_vgg_16_but_its_last_layer() -> None:
    """By shapes alone: of its 553 MB nothing is read."""
    spec = vggdsl.load(folder("specs").parent / "examples" / "tuning" / "tuned_vgg16.arch")
    assert not [found for found in spec.check(spec.recipe("tuned")) if found.is_error]
    assert spec.count("holds") == 1
    assert str(spec.recipe("tuned").init) == "from(torchvision:vgg16) else he"
    pairs, _, other = paired(spec.typed, "vgg16")
    shapes = {name: tuple(tensor.shape) for name, tensor in build("vgg16").state_dict().items()}
    fitting = {layer for layer, module in pairs.items()
               if shapes[f"{module}.weight"] == weight_shapes(spec.typed)[f"{layer}.weight"]}  # fmt: skip
    assert pairs.keys() - fitting == {"fc8"}
    assert (len(pairs), other) == (16, "")


def test_torchvisions_weights_are_fetched_only_if_that_is_said_and_bring_their_normalisation(
    tmp_path: Path, torch_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = resnet18(tmp_path, "from(torchvision:resnet18) else he")
    recipe = spec.recipe("tuned")
    found = refusal(lambda: find_first(spec, recipe, tmp_path), InputError)
    assert (found.code, "--download" in str(found.help)) == ("V515", True)
    monkeypatch.setattr(WeightsEnum, "get_state_dict", lambda entry, **options: resnet())
    first = find_first(spec, recipe, tmp_path, fetch=True)
    assert first is not None
    assert str(first.start.run) == "torchvision:resnet18@IMAGENET1K_V1"
    (warning,) = first.warnings(spec, recipe, Normalisation((0.5, 0.5, 0.5), (0.25, 0.25, 0.25)))
    assert (warning.code, warning.help) == ("W411", "write `normalize imagenet`")
    assert warning.message.endswith("black or white differs by 0.64 of a deviation"), "blue: 0.594 / 0.225 - 2"
    frozen = resnet18(tmp_path, "from(torchvision:resnet18) else he", "  freeze all but conv5\n")
    (warning,) = first.warnings(frozen, frozen.recipe("tuned"), Normalisation(*first.statistics or ((), ())))
    assert (warning.code, warning.message) == ("W410", "the weights of fc would stay as they are drawn")
    assert not first.warnings(spec, recipe, Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    again = find_first(spec, recipe, tmp_path, digest=first.start.weights, fetch=True)
    assert again is not None
    assert again.start == first.start
    refusal(lambda: find_first(spec, recipe, tmp_path, digest="0" * 16, fetch=True), InputError)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("resnet17", "torchvision has no model `resnet17`"),
        ("resnet18@V9", "torchvision's resnet18 has no weights `V9`"),
        ("vgg11", "of torchvision:vgg11"),
    ],
)
def test_another_model_is_told_before_it_is_of_use(model: str, message: str, tmp_path: Path, torch_cache: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(WeightsEnum, "get_state_dict", lambda entry, **options: {})
    spec = resnet18(tmp_path, f"from(torchvision:{model}) else he")
    with pytest.raises(VggdslError, match=r"V504|V410") as caught:
        find_first(spec, spec.recipe("tuned"), tmp_path, fetch=True)
    assert message in str(caught.value)


# -- trainings


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A training that begins with a file, beside its spec, and that nothing stopped."""
    folder = tmp_path_factory.mktemp("whole")
    saved(state_of(theirs()), folder / "theirs.pth")
    return train(tuned(folder), runs=folder / "runs", device="cpu")


@pytest.fixture
def place(whole: Run, tmp_path: Path) -> Path:
    """A copy of all of it."""
    shutil.copytree(whole.path.parent.parent, tmp_path / "copy")
    return tmp_path / "copy"


def test_the_record_says_which_weights_it_began_with_and_where_no_folder_is(whole: Run) -> None:
    assert whole.result.start == read_plan(whole.path).start.weights
    text = (whole.path / "record.arch").read_text("utf-8")
    assert f"from={whole.result.start}" in text
    assert 'from("theirs.pth") else he' in text
    assert str(whole.path.parent.parent) not in text


@pytest.mark.parametrize("step", [1, 3], ids=["before the first checkpoint", "after it"])
def test_interrupted_and_resumed_it_comes_to_the_same_bits(step: int, whole: Run, place: Path) -> None:
    with pytest.raises(Stopped) as stopped:
        train(vggdsl.load(place / "tuned.arch"), runs=place / "again", device="cpu", reporter=Impatient(step))
    again = resume(stopped.value.path)
    assert (again.result.weights, again.result.start) == (whole.result.weights, whole.result.start)


def test_a_record_is_repeated_from_the_same_weights_alone(whole: Run, place: Path) -> None:
    state = {name: 2 * tensor for name, tensor in state_of(theirs()).items()}
    run, other = place / "runs" / "tuned-s0-1", saved(state, place / "other.pth")
    done = commands.train(run / "record.arch", runs=place / "again")
    assert (done.exit_code, "agrees" in done.stdout) == (0, True), done.output
    (broken := place / "again" / "broken").mkdir()
    for name in ("spec.arch", "recipe.json"):
        text = (run / name).read_text("utf-8").replace(str(whole.path.parent.parent), str(place))
        (broken / name).write_text(text, "utf-8")
    told = commands.train(run / "record.arch", "--from", other, runs=place / "again")
    shutil.copy(other, place / "theirs.pth")
    shutil.copy(other, run / "theirs.pth")
    for done in (
        told,
        commands.train(run / "record.arch", runs=place / "again"),
        commands.run("train", "--resume", broken),
    ):
        assert "error[V516]" in done.stderr, done.output
        assert f"what is repeated began with {whole.result.start}" in done.stderr


def test_what_a_call_gives_is_a_deviation_that_is_recorded_without_its_folder(whole: Run, place: Path) -> None:
    spec = tuned(place, "glorot", name="plain")
    done = commands.train(spec.source.name, "--from", place / "theirs.pth", runs=place / "flags")
    assert done.exit_code == 0, done.output
    record = place / "flags" / "plain-s0-1" / "record.arch"
    (block,) = vggdsl.load(record).measurements
    assert block.values["run"]["deviates"] == "init from('theirs.pth') else glorot"
    assert str(place) not in record.read_text("utf-8")
    assert block.values["of"]["from"] == whole.result.start
    for flags in ((), ("--from", place / "theirs.pth")):
        again = commands.train(record, *flags, runs=place / "flags")
        assert (again.exit_code, "agrees" in again.stdout) == (0, True), again.output


def test_a_certain_run_is_begun_with_by_the_names_of_its_layers(whole: Run, place: Path) -> None:
    net = NET.replace("FC-5", "FC-6").replace("conv3-6 BN", "conv3-6 BN eps=1e-3")
    text = f'{net}train {{\n{RECIPE.replace("classes=5", "classes=6")}  init from("runs/tuned-s0-1") else he\n}}\n'
    (place / "next.arch").write_text(text, "utf-8")
    told = Told()
    run = train(place / "next.arch", runs=place / "next", device="cpu", reporter=told)
    assert run.result.start == whole.result.weights
    assert any(note.startswith("bn2_1 is BN eps=0.001 here, BN there") for note in told.notes), told.notes
    assert told.notes[-1].startswith("fc4 begins afresh, by init he: fc4 has weight 6x8 and bias 6, that of")


def test_the_call_says_which_run_or_takes_the_place_of_what_the_recipe_begins_with(tmp_path: Path) -> None:
    by_recipe = tuned(tmp_path, "from(first, conv1_1) else he").recipe()
    in_file = tuned(tmp_path, 'from("a/theirs.pth", conv1_1) else he').recipe()
    plain = tuned(tmp_path, "glorot").recipe()
    model = Path("torchvision:vgg16")
    same = [(by_recipe, Path("runs/x")), (in_file, Path("b/theirs.pth")), (plain, None)]
    assert all(with_start(recipe, given) is recipe for recipe, given in same)
    assert with_start(by_recipe, model).init == From("torchvision:vgg16", False, ("conv1_1",), Init("he"))
    assert with_start(in_file, Path("other.pth")).init == From("other.pth", True, ("conv1_1",), Init("he"))
    assert with_start(plain, Path("/somewhere/x.pth")).init == From("x.pth", True, (), Init("glorot"))
    assert with_start(plain, Path("runs/x")).init == From("runs/x", True, (), Init("glorot"))
    (tmp_path / "theirs").touch()
    for wrong in ("x.onnx", "torchvision:", in_file.places["init"].source.name, str(tmp_path / "theirs")):
        assert refusal(lambda given=Path(wrong): with_start(plain, given), RecipeError).code == "V406"  # type: ignore[misc]
