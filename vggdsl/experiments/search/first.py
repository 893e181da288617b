"""The weights that all networks of a search begin with, by `init from(…)`: the same ones, however long it goes on."""

import hashlib
from contextlib import suppress
from pathlib import Path

from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.first import NoRunError, find_first
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.runfolder import BEST, Start
from vggdsl.spec.pretrained import refuse_elsewhere, takes_weights, weights_at
from vggdsl.spec.recipe import From, Recipe
from vggdsl.spec.space import Space
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_folder


def first_of(experiment: Experiment, space: Space, workplace: Workplace, before: str | None) -> Start:
    """The run, if it may be any of a network: the newest one, or that of the weights which the search began with
    ``before``. Of certain weights, which each network finds for itself, the digest alone.

    Raises ``InputError`` V516 where there is no such run, or each network would take another; V243 for a path that
    isn't one from the space's folder, beside which the specs of its runs are taken to lie.
    """
    recipe, runs = experiment.recipe, workplace.runs
    init = recipe.init
    if not isinstance(init, From):
        return Start()
    if init.kind == "recipe":
        message = f"`{init}` begins with a run of the same network, and each of a search is another"
        help = f"search by `--recipe {init.source}`, or begin with a file or the run of another spec"
        raise InputError(Diagnostic("V516", message, recipe.place("init"), help))
    folder = Path(space.source.name).parent
    refuse_elsewhere(recipe, folder, f"write the recipe into {space.source.name}, with the path from there")
    if takes_weights(recipe):
        return Start(weights=_digest(recipe))
    try:
        first = find_first(experiment.spec, recipe, runs, digest=before)
    except NoRunError:
        message = f"no finished run of {init.source} in {runs}, from which the first weights are to come"
        named = folder / init.source
        help = f"train it first: `vggdsl train {named if named.exists() else init.source}`"
        if before is not None:
            message = f"no run in {runs} has the weights {before}, with which this search began"
            help = "put it there again, or search anew in another folder with `-o DIR`"
        raise InputError(Diagnostic("V516", message, recipe.place("init"), help)) from None
    assert first is not None
    return first.start


def _digest(recipe: Recipe) -> str | None:
    """Of the file of weights, or of the run's; None where it isn't there, which a training tells, or is no file."""
    path = weights_at(recipe)
    with suppress(OSError):
        if path is not None:
            with (path / BEST if is_folder(path) else path).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    return None
