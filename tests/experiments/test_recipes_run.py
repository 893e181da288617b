"""Recipes that ship are trained: on their networks made small, on made-up images, for one epoch. The first of small
networks that have all words of recipes and all kinds of layers; in the thorough profile, all.

From the deviation that the VGG paper prints the loss diverges. Those recipes are trained as printed and with a smaller
one; what goes on from their runs, from the latter.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path

import pytest
from click.testing import Result
from commands import run, train
from profiles import THOROUGH, mostly_thorough, of_each_kind

import vggdsl
from vggdsl.network.ops import FC, Conv, Op
from vggdsl.spec.recipe import Crop, From, Init, Recipe, Scale, WarmUp
from vggdsl.spec.recipe.scales import training_scales
from vggdsl.spec.spec import Spec

SIZE = {"alexnet": 67, "alexnet_groups": 67, "torchvision/alexnet": 63, "googlenet": 64}
"""Height and width of small inputs, for networks that need more than `SMALL`; those below `LARGE` stay as they are."""
SMALL, LARGE = 32, 128
WIDE = 64
"""Hidden FC layers that are wider become narrow, and the convolutions of chains as wide, but where it is tried whether
a loss diverges: that depends on their widths."""
SHALLOW = """replace {}: ( a: bottleneck_proj(128, 512, 2) b: bottleneck(128, 512) )
replace {}: ( a: bottleneck_proj(256, 1024, 2) b: bottleneck(256, 1024) )"""
EDITS = {
    "googlenet": "block auxiliary() { global-avgpool conv1-128 FC-32 FC-1000 softmax }\nreplace pool5: global-avgpool",
    **{f"resnet/resnet{depth}": SHALLOW.format("conv3", "conv4") for depth in (50, 101, 152)},
    **{f"torchvision/resnet{depth}": SHALLOW.format("layer2", "layer3") for depth in (50, 101, 152)},
}
"""What is edited besides: windows that don't fit into a small input, and all but two units of the longest stages."""
IMAGES, BATCH = 20, 8
PRINTED, CALM = Init("normal", 0.1), Init("normal", 0.01)
"""VGG's printed deviation, from which its loss diverges, and one from which it doesn't."""


@dataclass(frozen=True)
class Shipped:
    """A recipe of a spec that ships; ``of`` is the spec's name."""

    of: str
    recipe: Recipe

    def __str__(self) -> str:
        return f"{self.of}-{self.recipe.name}" if self.recipe.name else self.of


@cache
def spec_of(name: str) -> Spec:
    return vggdsl.load(vggdsl.shipped()[name])


RECIPES = [Shipped(name, recipe) for name in vggdsl.shipped() for recipe in spec_of(name).recipes]


def kinds_of(shipped: Shipped) -> set[type[Op]]:
    """The kinds of layers of its network."""
    return {type(typed.node.op) for typed in spec_of(shipped.of).typed.nodes}


def said_in(shipped: Shipped) -> set[object]:
    """The kinds of layers of its network, and the words of its recipe, whatever their numbers."""
    found: set[object] = {*kinds_of(shipped)}
    for entry in fields(shipped.recipe):
        if entry.name not in ("name", "origins", "places"):
            value = getattr(shipped.recipe, entry.name)
            found |= {(entry.name, type(each)) for each in (value if isinstance(value, tuple) else (value,))}
            found |= {(entry.name, value.how)} if isinstance(value, Init) else set()
    return found


TRAINED = (
    RECIPES if THOROUGH else of_each_kind(sorted(RECIPES, key=lambda each: spec_of(each.of).typed.params), said_in)
)


def drawn(recipe: Recipe) -> Init | None:
    """How weights that no other run gives are drawn."""
    return recipe.init.otherwise if isinstance(recipe.init, From) else recipe.init


FROM_PRINTED = [shipped for shipped in RECIPES if drawn(shipped.recipe) == PRINTED]
DIVERGING = ("vgg_d-S256", "vgg_e-S256", "vgg_gap-S256")
"""In two small steps; the shallower ones survive these, with losses up to 1e19."""
PRINTED_SAMPLE = ("vgg_a-S256", "vgg_gap-S256")
"""One that survives, and one that diverges."""


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


def small_init(shipped: Shipped, calm: bool) -> str:
    """From the small network instead of the large one."""
    init = shipped.recipe.init
    chosen = CALM if calm and drawn(shipped.recipe) == PRINTED else drawn(shipped.recipe)
    if not isinstance(init, From):
        return str(chosen)
    source = f"{small_name(Path(init.source).stem)}.arch" if init.is_file else init.source
    return str(replace(init, source=source, otherwise=chosen))


def is_chain(spec: Spec) -> bool:
    return all(len(typed.node.inputs) < 2 for typed in spec.typed.nodes)


def small_name(name: str) -> str:
    return f"small_{name.replace('/', '_')}"


def small_text(name: str, calm: bool = False, narrow: bool = False) -> str:
    """A delta that makes a shipped network, its images and its batches small, and changes nothing else."""
    spec, size = spec_of(name), small_size(name)
    lines = [f'extends "{name}.arch"', f"input {size}x{size}x{spec.typed.input.c}", EDITS.get(name, "")]
    for typed in spec.typed.nodes:
        op = typed.node.op
        if isinstance(op, FC) and op.features > WIDE and typed.node is not spec.network.graph.classifier:
            lines.append(f"replace {typed.name}: FC-16")
        if isinstance(op, Conv) and op.channels > WIDE and narrow and is_chain(spec):
            lines.append(f"replace {typed.name}: {typed.node.spelled.replace(f'-{op.channels}', f'-{WIDE}')}")
    for recipe in spec.recipes:
        lines += [
            f"train {recipe.name or ''} {{",
            f"  data    fake(classes={spec.typed.output.elements}, n={IMAGES})",
            f"  augment {scaled(Shipped(name, recipe))}",
            f"  batch   {BATCH}",
            f"  init    {small_init(Shipped(name, recipe), calm)}",
            "}",
        ]
    return "\n".join(lines)


def epochs_of(recipe: Recipe) -> int:
    """Of a try: one more than are for warming up."""
    return 1 + (recipe.schedule.epochs if isinstance(recipe.schedule, WarmUp) else 0)


class Trainings:
    """Small specs in a folder and their runs, each trained once, what it begins with before it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs: dict[tuple[str, str | None, bool], Path] = {}

    def small(self, name: str, calm: bool, narrow: bool) -> Path:
        folder = f"{'calm' if calm else 'printed'} {'narrow' if narrow else 'wide'}"
        path = self.folder / folder / f"{small_name(name)}.arch"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_text(small_text(name, calm, narrow), encoding="utf-8")
        return path

    def train(self, name: str, recipe: Recipe, calm: bool, narrow: bool) -> Result:
        begins: tuple[str | Path, ...] = ()
        if isinstance(recipe.init, From):
            source = recipe.init.source
            other = Path(source).stem if recipe.init.is_file else name
            # Named, since a run of one epoch is none of the whole recipe.
            begun = spec_of(other).recipe(None if recipe.init.is_file else source)
            begins = ("--from", self.run(other, begun, narrow))
        named = ("--recipe", recipe.name) if recipe.name else ()
        path = self.small(name, calm, narrow)
        checked = run("check", path)
        assert checked.exit_code == 0, checked.output
        return train(path, *named, *begins, "--epochs", epochs_of(recipe), runs=self.folder / "runs")

    def run(self, name: str, recipe: Recipe, narrow: bool = True) -> Path:
        key = (name, recipe.name, narrow)
        if key not in self.runs:
            done = self.train(name, recipe, True, narrow)
            assert done.exit_code == 0, done.output
            self.runs[key] = Path(done.stdout.splitlines()[-2].removeprefix("run: "))
        return self.runs[key]

    def forget(self, name: str, recipe: Recipe) -> None:
        """Remove a run that no other begins with: together they are gigabytes."""
        recipes = spec_of(name).recipes
        begun = {other.init.source for other in recipes if isinstance(other.init, From) and not other.init.is_file}
        if recipe.name not in begun and not (name == "vgg_a" and recipe == recipes[0]):
            shutil.rmtree(self.runs.pop((name, recipe.name, True)))


@pytest.fixture(scope="module")
def trainings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trainings]:
    folder = tmp_path_factory.mktemp("recipes")
    yield Trainings(folder)
    shutil.rmtree(folder)


@pytest.mark.parametrize("shipped", TRAINED, ids=str)
def test_a_recipe_that_ships_trains(shipped: Shipped, trainings: Trainings) -> None:
    run = trainings.run(shipped.of, shipped.recipe)
    record = vggdsl.load(run / "record.arch")
    (found,) = record.measurements
    assert found.sealed
    assert found.values["run"].get("recipe") == shipped.recipe.name
    assert len((run / "metrics.csv").read_text("utf-8").splitlines()) == 1 + epochs_of(shipped.recipe)
    assert [d for d in record.check() if d.is_error or d.code == "W602"] == []
    trainings.forget(shipped.of, shipped.recipe)


@pytest.mark.parametrize("shipped", mostly_thorough(FROM_PRINTED, kept=PRINTED_SAMPLE), ids=str)
def test_it_trains_as_printed_or_says_that_it_diverges(shipped: Shipped, trainings: Trainings) -> None:
    done = trainings.train(shipped.of, shipped.recipe, calm=False, narrow=False)
    if str(shipped) in DIVERGING:
        assert done.exit_code == 1
        assert "error[V409]" in done.stderr
        assert "the loss became" in done.stderr
        assert "help: begin with `init he`" in done.stderr
    else:
        assert done.exit_code == 0, done.output


@pytest.mark.parametrize("shipped", RECIPES, ids=str)
def test_small_it_is_the_same_recipe(shipped: Shipped) -> None:
    """In all but the data, the batch and the sizes of the images."""
    small = vggdsl.parse(small_text(shipped.of)).recipe(shipped.recipe.name)
    recipe = shipped.recipe
    kinds = [type(step) for step in small.augment]
    as_written = [type(step) for step in recipe.augment]
    assert kinds in (as_written, [Scale, *as_written])
    assert (type(small.init), drawn(small)) == (type(recipe.init), drawn(recipe))
    alike = replace(small, data=recipe.data, batch=recipe.batch, augment=recipe.augment, init=recipe.init)
    assert replace(alike, name=recipe.name, origins=recipe.origins, places=recipe.places) == recipe


@pytest.mark.parametrize("name", [name for name in vggdsl.shipped() if not spec_of(name).recipes])
def test_a_network_without_a_recipe_says_so(name: str, tmp_path: Path) -> None:
    done = train(name, runs=tmp_path)
    assert done.exit_code == 1
    assert f"{spec_of(name).name} has no recipe" in done.stderr
    assert not list(tmp_path.iterdir())
