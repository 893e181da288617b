"""A network whose weights are to be evaluated, with the recipe whose images it is for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from vggdsl.data.normalisation import Normalisation
from vggdsl.data.preprocessing import Preprocessing
from vggdsl.experiments.exportable import Exportable, of_run, refuse_other
from vggdsl.language.library import is_folder_of_specs
from vggdsl.network.weights import weights_digest
from vggdsl.records.run import Run
from vggdsl.records.runfolder import read_plan
from vggdsl.records.trained import Trained, is_run, load_trained
from vggdsl.spec.copies import PLAN
from vggdsl.spec.parsing import load
from vggdsl.spec.recipe import TORCHVISION, Given, Recipe
from vggdsl.spec.recipe.scales import evaluation_scale
from vggdsl.spec.spec import Spec
from vggdsl.targets.foreign_weights import from_elsewhere
from vggdsl.targets.torch import Network
from vggdsl.text.errors import Diagnostic, InputError, error_of
from vggdsl.text.files import is_file

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Candidate:
    """``recipe`` is that of the training, as it was followed, or the one of the spec whose data set is meant.

    ``data`` is where the training looked for data sets; ``skip_bad`` whether it left out images that can't be read.
    ``is_prepared`` is False for weights of which nobody knows what images went through: they are prepared as by the
    recipe. ``named`` is the spec whose claims are meant, where that isn't the one of the training: such as a later text
    of it.
    """

    name: str
    spec: Spec
    recipe: Recipe
    network: Network
    preprocessing: Preprocessing
    weights: str
    trained: Trained | None = None
    data: Path | None = None
    skip_bad: bool = False
    is_prepared: bool = True
    named: Spec | None = None

    def __repr__(self) -> str:
        return f"Candidate({self.name}, weights {self.weights})"

    @property
    def scale(self) -> int:
        """To which the shorter side of an image is scaled where nothing else is said: as in the training."""
        size = self.spec.typed.input
        return self.preprocessing.shorter_side or min(size.h, size.w)

    @property
    def normalisation(self) -> Normalisation | None:
        """What pixels go through; None where that is by training images, which the weights don't come with."""
        if self.is_prepared:
            return Normalisation(self.preprocessing.mean, self.preprocessing.std)
        match self.recipe.normalize:
            case Given(mean, std):
                return Normalisation(mean, std)
            case "none":
                return Normalisation.none(self.spec.typed.input.c)
            case _:
                return None

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of its outputs; empty where nobody knows them."""
        return self.preprocessing.classes


def candidate(
    given: Spec | Run | str | Path,
    *,
    weights: str | Path | None = None,
    recipe: str | None = None,
    say: Say,
    force: bool = False,
) -> Candidate:
    """What a run trained, or a spec with ``weights`` from elsewhere.

    Raises ``InputError`` V534 for a spec without weights, V510 for those of another network, V504 for a recipe that
    there isn't, ``RecordError`` V604 for a run that can't be used, or whose weights aren't its own unless ``force``.
    """
    has_weights = isinstance(given, Run) or (
        isinstance(given, str | Path) and (is_folder_of_specs(str(given)) or is_run(Path(given)))
    )
    if has_weights and weights is not None:
        message = f"{given.path if isinstance(given, Run) else given} has weights of its own"
        raise InputError(Diagnostic("V534", message, help="name the spec to evaluate others"))
    if isinstance(given, Run):
        return _of_run(given.trained, given.path, given.recipe, recipe, say)
    if isinstance(given, str | Path) and has_weights:
        return _of_run(load_trained(Path(given), force=force), Path(given), None, recipe, say)
    if isinstance(given, str | Path) and Path(given).suffix == ".onnx":
        message = f"{given} is an exported model, which is no run and no spec"
        raise InputError(Diagnostic("V534", message, help="name the run; `vggdsl predict` takes exported models"))
    spec = given if isinstance(given, Spec) else load(given)
    wrong = [d for d in spec.check(to_train=False) if d.is_error]
    if wrong:
        raise error_of(wrong)
    if weights is None:
        help = "name a run, or say `--weights`: a run, a file of weights, or torchvision:NAME"
        raise InputError(Diagnostic("V534", f"{spec.name} has no weights: nothing was trained", help=help))
    if not str(weights).startswith(TORCHVISION) and is_run(Path(weights)):
        trained = load_trained(Path(weights), force=force)
        refuse_other(spec, trained)
        return replace(_of_run(trained, Path(weights), None, recipe, say), named=spec)
    followed, loaded = spec.recipe(recipe), from_elsewhere(spec.typed, weights, say)
    by_recipe = replace(Preprocessing.unknown(spec.typed.input), shorter_side=evaluation_scale(followed))
    return Candidate(
        f"{spec.name} with {weights}",
        spec,
        followed,
        loaded.network.eval(),
        loaded.preprocessing or by_recipe,
        weights_digest(loaded.weights),
        is_prepared=loaded.preprocessing is not None,
    )


def _of_run(trained: Trained, path: Path, followed: Recipe | None, named: str | None, say: Say) -> Candidate:
    """``followed`` is its recipe where it is known; ``named`` one that the run shouldn't be asked for."""
    refuse_recipe(path, trained, named)
    return of_trained(str(path), trained, of_run(trained, path, say), followed)


def refuse_recipe(path: Path, trained: Trained, named: str | None) -> None:
    """Raises ``InputError`` V534 for a recipe that is named beside a run."""
    if named is not None:
        message = f"{path} was trained by {f'recipe {trained.recipe_name}' if trained.recipe_name else 'its recipe'}"
        raise InputError(Diagnostic("V534", message, help="remove `--recipe`: a run has its own"))


def of_trained(name: str, trained: Trained, made: Exportable, followed: Recipe | None = None) -> Candidate:
    """What a run trained, of which an export is ``made``; ``followed`` is its recipe where it is known."""
    data, skip_bad = None, False
    if is_file(trained.path / PLAN):
        planned = read_plan(trained.path)
        data, skip_bad = planned.data, planned.skip_bad
        followed = followed or planned.folder.recipe
    recipe = followed or trained.spec.recipe(trained.recipe_name)
    network = made.network.eval()
    return Candidate(name, trained.spec, recipe, network, made.preprocessing, trained.digest, trained, data, skip_bad)


def of_foreign(name: str, spec: Spec, followed: Recipe, made: Exportable) -> Candidate:
    """A spec with weights that no run of ours left, of which an export is ``made``."""
    preprocessing = made.preprocessing
    if not made.is_prepared:
        preprocessing = replace(preprocessing, shorter_side=evaluation_scale(followed))
    network, weights = made.network.eval(), made.provenance["weights"]
    return Candidate(name, spec, followed, network, preprocessing, weights, is_prepared=made.is_prepared)
