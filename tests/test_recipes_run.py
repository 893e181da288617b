"""Every recipe that ships trains: on its network made small, on made-up images, for one epoch.

Recipes that differ in nothing but data, batch and length train alike; of those the one of the cheapest network is run.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

import vggdsl
from vggdsl.cli import main
from vggdsl.ops import FC
from vggdsl.recipe import Crop, From, Init, Recipe, Scale
from vggdsl.recipe.scales import training_scales
from vggdsl.spec import Spec
from vggdsl.training.run import train

SIZE = {"alexnet": 67, "alexnet_groups": 67, "torchvision/alexnet": 63, "googlenet": 64}
"""Height and width of small inputs, for networks that need more than `SMALL`; those below `LARGE` stay as they are."""
SMALL, LARGE = 32, 128
WIDE = 64
"""Hidden FC layers that are wider become narrow."""
EDITS = {
    "googlenet": (
        "block auxiliary() { global-avgpool conv1-128 FC-32 FC-1000 softmax }",
        "replace pool5: global-avgpool",
    )
}
"""What a network of a small input needs besides: windows that fit into it."""
IMAGES, BATCH = 20, 8
PRINTED, CALM = Init("normal", 0.1), Init("normal", 0.01)
"""VGG's printed deviation, from which its loss diverges, and what runs here instead of it."""
LEFT_OUT = ("name", "data", "batch", "epochs", "seeds", "precision", "origins", "places")


@dataclass(frozen=True)
class Shipped:
    """A recipe of a spec that ships; ``of`` is the spec's name."""

    of: str
    recipe: Recipe

    def __str__(self) -> str:
        return f"{self.of}-{self.recipe.name}" if self.recipe.name else self.of

    @property
    def way(self) -> Recipe:
        """How it trains, whatever on and however long."""
        plain = {key: getattr(Recipe(), key) for key in LEFT_OUT}
        return replace(self.recipe, **plain)


@cache
def spec_of(name: str) -> Spec:
    return vggdsl.load(vggdsl.shipped()[name])


RECIPES = [Shipped(name, recipe) for name in vggdsl.shipped() for recipe in spec_of(name).recipes]
CHOSEN: list[Shipped] = []
for each in sorted(RECIPES, key=lambda shipped: spec_of(shipped.of).typed.macs):
    if each.way not in [chosen.way for chosen in CHOSEN]:
        CHOSEN.append(each)


def small_size(name: str) -> int:
    size = spec_of(name).typed.input.h
    return SIZE.get(name, SMALL) if size >= LARGE else size


def scaled(shipped: Shipped) -> str:
    """The augmentation with sizes in proportion to the small input."""
    recipe, size = shipped.recipe, spec_of(shipped.of).typed.input.h
    small = small_size(shipped.of)
    steps = list(recipe.augment)
    if (view := training_scales(recipe)) is not None and not isinstance(steps[0], Scale):
        steps.insert(0, Scale(*view))  # made-up images have the input's size: the crop is of larger ones
    for i, step in enumerate(steps):
        if isinstance(step, Scale):
            steps[i] = Scale(*(-(-side * small // size) for side in (step.low, step.high)))
        if isinstance(step, Crop):
            steps[i] = Crop(small, step.pad)
    return " ".join(map(str, steps)) or "none"


def small_init(shipped: Shipped) -> str:
    """From the small network instead of the large one; of a deviation from which VGG diverges, a smaller one."""
    init = shipped.recipe.init
    if isinstance(init, From) and init.is_file:
        otherwise = CALM if init.otherwise == PRINTED else init.otherwise
        return str(replace(init, source=f"{small_name(Path(init.source).stem)}.arch", otherwise=otherwise))
    return str(CALM if init == PRINTED else init)


def small_name(name: str) -> str:
    return f"small_{name.replace('/', '_')}"


def small_text(name: str) -> str:
    """A delta that makes a shipped network, its images and its batches small, and changes nothing else."""
    spec, size = spec_of(name), small_size(name)
    lines = [f'extends "{name}.arch"', f"input {size}x{size}x{spec.typed.input.c}", *EDITS.get(name, ())]
    for typed in spec.typed.nodes:
        op = typed.node.op
        if isinstance(op, FC) and op.features > WIDE and typed.node is not spec.network.graph.classifier:
            lines.append(f"replace {typed.name}: FC-16")
    for recipe in spec.recipes:
        lines += [
            f"train {recipe.name or ''} {{",
            f"  data    fake(classes={spec.typed.output.elements}, n={IMAGES})",
            f"  augment {scaled(Shipped(name, recipe))}",
            f"  batch   {BATCH}",
            f"  init    {small_init(Shipped(name, recipe))}",
            "}",
        ]
    return "\n".join(lines)


def call(*arguments: str | Path) -> str:
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


class Trainings:
    """Small specs in a folder and their runs, each trained once, what it begins with before it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs: dict[tuple[str, str | None], Path] = {}

    def small(self, name: str) -> Path:
        path = self.folder / f"{small_name(name)}.arch"
        if not path.exists():
            path.write_text(small_text(name), encoding="utf-8")
        return path

    def run(self, name: str, recipe: Recipe) -> Path:
        key = (name, recipe.name)
        if key not in self.runs:
            begins: tuple[str | Path, ...] = ()
            if isinstance(recipe.init, From):
                source = recipe.init.source
                other = Path(source).stem if recipe.init.is_file else name
                # Named, since a run of one epoch is none of the whole recipe.
                begins = ("--from", self.run(other, spec_of(other).recipe(None if recipe.init.is_file else source)))
            named = ("--recipe", recipe.name) if recipe.name else ()
            path = self.small(name)
            call("check", path)
            flags = ("--epochs", "1", "--device", "cpu", "--log", "none", "--runs", self.folder / "runs")
            said = call("train", path, *named, *begins, *flags)
            self.runs[key] = Path(said.splitlines()[-1].removeprefix("run: "))
        return self.runs[key]


@pytest.fixture(scope="module")
def trainings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trainings]:
    folder = tmp_path_factory.mktemp("recipes")
    yield Trainings(folder)
    shutil.rmtree(folder)  # weights of 15 million parameters, many times over


@pytest.mark.parametrize("shipped", CHOSEN, ids=str)
def test_a_recipe_that_ships_trains(shipped: Shipped, trainings: Trainings) -> None:
    run = trainings.run(shipped.of, shipped.recipe)
    record = vggdsl.load(run / "record.arch")
    (found,) = record.measurements
    assert found.sealed
    assert found.values["run"].get("recipe") == shipped.recipe.name
    assert len((run / "metrics.csv").read_text("utf-8").splitlines()) == 2
    assert [d for d in record.check() if d.is_error or d.code == "W602"] == []


@pytest.mark.parametrize("shipped", RECIPES, ids=str)
def test_small_it_is_the_same_recipe(shipped: Shipped) -> None:
    small = vggdsl.parse(small_text(shipped.of)).recipe(shipped.recipe.name)
    as_shipped = replace(small, augment=shipped.recipe.augment, init=shipped.recipe.init)
    assert Shipped(shipped.of, as_shipped).way == shipped.way
    kinds = [type(step) for step in small.augment]
    as_written = [type(step) for step in shipped.recipe.augment]
    assert kinds in (as_written, [Scale, *as_written])
    assert type(small.init) is type(shipped.recipe.init)
    assert (small.epochs, small.precision) == (shipped.recipe.epochs, shipped.recipe.precision)


def test_from_the_printed_deviation_vgg_diverges(tmp_path: Path) -> None:
    spec = vggdsl.parse(small_text("vgg_d"))
    recipe = replace(spec.recipe("S256"), init=PRINTED, precision="fp32")
    with pytest.raises(vggdsl.VggdslError, match=r"V409: the loss became (nan|inf)"):
        train(spec, recipe, device="cpu", runs_dir=tmp_path)


def test_every_recipe_trains_as_one_that_is_run() -> None:
    ways = [chosen.way for chosen in CHOSEN]
    assert len(RECIPES) > len(CHOSEN) == len(ways) >= 20
    assert [str(shipped) for shipped in RECIPES if shipped.way not in ways] == []


@pytest.mark.parametrize("name", [name for name in vggdsl.shipped() if not spec_of(name).recipes])
def test_a_network_without_a_recipe_says_so(name: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["train", name, "--runs", str(tmp_path)])
    assert done.exit_code == 1
    assert f"{spec_of(name).name} has no recipe" in done.stderr
    assert not list(tmp_path.iterdir())
