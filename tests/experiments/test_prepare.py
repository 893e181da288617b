"""A training is prepared once: what can be refused is refused, its spec is checked and its data are read once."""

from collections import Counter
from functools import wraps
from hashlib import sha256
from pathlib import Path
from typing import Any

import commands
import pytest
from commands import python, train
from images import save
from refusals import refusal

import vggdsl
from vggdsl.experiments import prepare as preparing
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.prepare import prepare
from vggdsl.experiments.workplace import Workplace
from vggdsl.spec import spec as specs
from vggdsl.spec.parsing import parse
from vggdsl.spec.recipe import Recipe
from vggdsl.text.errors import RecipeError

SPEC = """
input 8x8x1 conv3-4 maxpool FC-3 softmax
claim weight-layers 2
train a {
  data  fake(n=60, classes=3)
  batch 20
  epochs 2
  seeds 0 1
}
train b as a { epochs 1 }
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "net.arch"
    path.write_text(SPEC)
    return path


class Calls:
    """Counts the calls of functions, which do what they did."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count: Counter[str] = Counter()
        self._monkeypatch = monkeypatch

    def of(self, owner: Any, name: str) -> None:
        real = getattr(owner, name)

        @wraps(real)
        def counting(*args: Any, **kwargs: Any) -> Any:
            self.count[name] += 1
            return real(*args, **kwargs)

        self._monkeypatch.setattr(owner, name, counting)


def test_a_spec_is_checked_once(spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch)
    calls.of(specs.Spec, "check")
    calls.of(specs.Spec, "misfits")
    calls.of(specs, "verify")
    calls.of(specs, "lint")
    calls.of(preparing, "find_data")
    done = train(spec, "--recipe", "a", runs=tmp_path / "runs")
    assert done.exit_code == 0, done.output
    assert done.stdout.count("run: ") == 2, "two seeds"
    assert calls.count == {"check": 1, "verify": 1, "lint": 1, "misfits": 2, "find_data": 2}, "misfits: of each recipe"


def test_a_run_that_goes_on_is_checked_once(spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tmp_path / "runs" / "net-b-s0-1"
    assert train(spec, "--recipe", "b", "--seed", "0", runs=tmp_path / "runs").exit_code == 0
    (run / "record.arch").unlink()
    calls = Calls(monkeypatch)
    calls.of(specs.Spec, "check")
    calls.of(preparing, "find_data")
    assert commands.run("train", "--resume", run, "--device", "cpu", "--log", "none").exit_code == 0
    assert calls.count == {"check": 1, "find_data": 1}


def test_what_is_wrong_is_told_at_once(spec: Path, tmp_path: Path) -> None:
    wrong = {"layers 2": "layers 3", "classes=3": "classes=4", "epochs 2": "augment crop(6)"}
    text = SPEC
    for right, other in wrong.items():
        text = text.replace(right, other)
    spec.write_text(text)
    done = train(spec, runs=tmp_path / "runs")
    assert done.exit_code == 1
    assert [done.stderr.count(f"error[{code}]") for code in ("V301", "V401", "V407")] == [1, 1, 1]
    assert not (tmp_path / "runs").exists()


BASE = "input 8x8x1 conv3-4 maxpool FC-3 softmax\ntrain a { data fake(n=60, classes=3) }\ntrain b as a { batch 5 }"
DELTA = 'extends "base.arch"\nreplace fc2: FC-5\n'


def test_an_inherited_recipe_is_an_error_where_it_is_trained_by(tmp_path: Path) -> None:
    (tmp_path / "base.arch").write_text(BASE)
    (tmp_path / "delta.arch").write_text(DELTA + "train b { data fake(n=60, classes=5) }")
    delta = vggdsl.load(tmp_path / "delta.arch")
    found = refusal(lambda: Experiment.of(delta, delta.recipe("a")), RecipeError)
    assert (found.code, (found.help or "").partition("; or ")[2]) == ("V401", "train by `b`, which fits")
    assert delta.recipe().name == "b", "it is trained by one that fits"
    assert [*delta.check(), *Experiment.of(delta, delta.recipe()).warnings] == [], "which needs no word of the other"


def test_where_a_folder_has_other_classes_recipes_for_other_data_are_named(tmp_path: Path) -> None:
    for i, name in enumerate("xyz" * 5):
        save(tmp_path / "set" / name / f"{i}.png")
    recipes = ("a { data folder('set') }", "b as a { batch 5 }", "c { data fake(classes=2) }")
    text = "\n".join(("input 8x8x1 conv3-4 maxpool FC-2 softmax", *(f"train {each}" for each in recipes)))
    spec = parse(text.replace("'", '"'))
    experiment = Experiment.of(spec, spec.recipe("a"))
    found = refusal(lambda: prepare(experiment, 0, Workplace(tmp_path, "cpu")))
    assert (found.code, (found.help or "").partition("; or ")[2]) == ("V401", "train on other data, by `c`")


def test_a_network_without_a_recipe_is_told_once() -> None:
    spec = vggdsl.parse("input 8x8x1 conv3-4 maxpool FC-3 softmax", "plain.arch")
    found = refusal(lambda: Experiment.of(spec, spec.recipe()), RecipeError)
    assert found.message.partition(";")[0] == "plain has no recipe"


def test_a_wrong_spec_is_refused_without_torch(spec: Path, tmp_path: Path) -> None:
    spec.write_text(SPEC.replace("weight-layers 2", "weight-layers 3"))
    code = "import sys\nfrom vggdsl.cli import main\ntry:\n    main()\nfinally:\n    print('torch' in sys.modules)"
    done = python("-c", code, "train", spec, "--runs", tmp_path / "runs")
    assert (done.returncode, "error[V301]" in done.stderr, done.stdout) == (1, True, "False\n")


def test_what_is_prepared_is_all_that_a_training_needs(spec: Path) -> None:
    found = vggdsl.load(spec)
    recipe: Recipe = found.recipe("a").with_flags(batch=10)
    prepared = prepare(Experiment.of(found, recipe), 7, Workplace(device="cpu"))
    assert (prepared.spec, prepared.recipe, prepared.seed) == (found, recipe, 7)
    assert prepared.experiment.base == found.recipe("a")
    assert prepared.data.split == "42/6/12"
    assert prepared.identity == {
        "network": found.network.graph.digest,
        "recipe": recipe.digest,
        "data": prepared.data.digest,
        "classes": sha256(repr(prepared.data.classes).encode()).hexdigest()[:8],
        "seed": "7",
        "precision": prepared.hardware.precision,
    }


@pytest.mark.parametrize(
    ("said", "environment", "found"), [(None, "there", "there"), (None, "", "data"), (Path("x"), "y", "x")]
)
def test_where_data_are(said: Path | None, environment: str, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VGGDSL_DATA", environment)
    assert Workplace(said).data_folder == Path(found)


def test_a_class_error_names_the_classes_of_the_data(tmp_path: Path) -> None:
    names = ("glioma", "meningioma", "notumor", "pituitary")
    for part in ("Training", "Testing"):
        for name in names:
            for i in range(5):
                save(tmp_path / "brain" / part / name / f"{i}.png", i)
    spec = parse('input 8x8x1 conv3-4 maxpool FC-2 softmax\ntrain { data folder("brain") }')
    experiment = Experiment.of(spec, spec.recipe())
    found = refusal(lambda: prepare(experiment, 0, Workplace(tmp_path, "cpu")))
    told = "a classifier of 2 for 4 classes of folder: glioma, meningioma, notumor and pituitary"
    assert (found.code, found.message, found.help) == ("V401", told, "end the network with FC-4 softmax")


def test_many_classes_are_named_in_part(tmp_path: Path) -> None:
    for k in range(30):
        save(tmp_path / "set" / f"class {k:02}" / "0.png", k)
        save(tmp_path / "set" / f"class {k:02}" / "1.png", k)
    spec = parse('input 8x8x1 conv3-4 maxpool FC-2 softmax\ntrain { data folder("set") }')
    found = refusal(lambda: prepare(Experiment.of(spec, spec.recipe()), 0, Workplace(tmp_path, "cpu")))
    assert found.message.startswith("a classifier of 2 for 30 classes of folder: class 00, class 01,")
    assert found.message.endswith("class 08, class 09 and 20 more")
