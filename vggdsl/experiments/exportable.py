"""A network with weights from anywhere, for inference: what files are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias, Unpack

import numpy as np
from torch import Tensor

from vggdsl.data.preprocessing import Preprocessing
from vggdsl.experiments.first import init_of
from vggdsl.experiments.start import starting_network
from vggdsl.network.graph import Graph
from vggdsl.network.infer import TypedGraph
from vggdsl.network.weights import Weights, weights_digest
from vggdsl.records.run import Run
from vggdsl.records.runfolder import BEST
from vggdsl.records.trained import Trained, is_run, load_trained
from vggdsl.spec.copies import PLAN
from vggdsl.spec.recipe import TORCHVISION
from vggdsl.spec.spec import Spec
from vggdsl.targets.doubts import doubts
from vggdsl.targets.expected import Expectation, Held, hold, read_expected
from vggdsl.targets.export import Reduce, Written, export_onnx
from vggdsl.targets.foreign_weights import Say, from_elsewhere
from vggdsl.targets.forms import FormOptions
from vggdsl.targets.told import NOTHING, Told, prepared
from vggdsl.targets.torch import Network, load_weights, weights_in_place, without_weights
from vggdsl.targets.weight_files import check_finite, to_arrays
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_file, is_folder

_NO_PREPROCESSING = "no preprocessing is known: the file says that pixels are only divided by 255"

Given: TypeAlias = "Weights | Mapping[str, Tensor] | Network | Run | Trained | str | Path | None"
"""Weights: arrays or tensors by name, those of a module of ours or of a run, a run's folder, a file, or
``torchvision:vgg16``; None for those that a training would begin with."""

Taken: TypeAlias = "Weights | Network | Trained | str | Path | None"
"""The same, tensors as arrays and a run as what it trained."""


@dataclass(frozen=True, eq=False)
class Exportable:
    """A network with its weights, what its images go through, and where the weights come from.

    ``halved`` is the kind of half precision in which they were kept, if any; ``is_prepared`` says whether what images
    go through is known.
    """

    network: Network
    preprocessing: Preprocessing
    provenance: Mapping[str, str]
    halved: str = ""
    is_prepared: bool = True

    def hold(self, expect: Expectation) -> Held:
        """Holds the network against expected outputs; raises as ``read_expected`` and ``hold``."""
        return hold(self.network, read_expected(expect, self.network.typed.inference), self.halved)

    def write(
        self,
        spec: Spec,
        path: Path,
        *,
        force: bool = False,
        shown_as: str | None = None,
        reduce: Reduce | None = None,
        **options: Unpack[FormOptions],
    ) -> Written:
        """Writes the file; raises as ``export_onnx``."""
        return export_onnx(
            spec,
            self.network,
            path,
            preprocessing=self.preprocessing,
            provenance=self.provenance,
            force=force,
            shown_as=shown_as,
            reduce=reduce,
            **options,
        )


def exportable(spec: Spec, given: Given, say: Say, *, force: bool = False, told: Told = NOTHING) -> Exportable:
    """The spec's network with weights; ``say`` is told what a user should know of them.

    ``told`` is what their images went through, where they don't say it. Raises ``InputError`` V510 if they are of
    another network, V513 if they are no numbers, V525 if what is told is no preprocessing, or of weights that say it,
    and what ``load_trained`` raises, unless ``force``.
    """
    made = _exportable(spec, taken(given), say, force=force)
    if told.is_nothing:
        if not made.is_prepared:
            say(_no_preprocessing(spec) + ("" if given is None else "; --mean and --std tell it"))
        return made
    try:
        if given is None:
            raise ValueError("what images go through is told of weights, and random ones have seen none")
        if made.is_prepared:
            raise ValueError("the weights say themselves what images go through: nothing else can be told")
        preprocessing = prepared(told, spec.typed.input, spec.typed.output.c)
    except ValueError as error:
        help = "--mean, --std, --shorter-side and --classes are of --weights that others made"
        raise InputError(Diagnostic("V525", str(error), help=help)) from None
    return replace(made, preprocessing=preprocessing, is_prepared=True)


def _exportable(spec: Spec, given: Taken, say: Say, *, force: bool) -> Exportable:
    if isinstance(given, Path | str):
        if str(given).startswith(TORCHVISION) or not is_run(Path(given)) or not _has_weights(Path(given)):
            return _foreign(spec, given, say)
        trained = load_trained(Path(given), force=force)
        refuse_other(spec, trained)
        return of_run(trained, Path(given), say)
    if isinstance(given, Trained):
        refuse_other(spec, given)
        return of_run(given, given.path, say)
    unknown = Preprocessing.unknown(spec.typed.input)
    if given is not None:
        if isinstance(given, Network):
            refuse_other_module(spec.typed, given)
            network = given
        else:
            network = without_weights(spec.typed)
            load_weights(network, given)
        arrays = weights_in_place(network)
        check_finite("the network", arrays)
        if not isinstance(given, Network):
            for said in doubts("the mapping", spec.typed, given):
                say(said)
        return Exportable(network, unknown, {"weights": weights_digest(arrays)}, is_prepared=False)
    recipe = spec.recipe()
    seed, init = recipe.seeds[0], init_of(recipe)
    say(f"no --weights: exported with random weights, init {init}, seed {seed}")
    if init is not recipe.init:
        say(f"the recipe's init, {recipe.init}, isn't followed here")
    drawn = starting_network(spec, recipe, seed)
    return Exportable(drawn, unknown, {"weights": f"random, seed {seed}"}, is_prepared=False)


def _has_weights(path: Path) -> bool:
    """Of a folder, whether it is a run's at all."""
    return not is_folder(path) or is_file(path / BEST) or is_file(path / PLAN)


def of_run(trained: Trained, path: Path, say: Say) -> Exportable:
    """What a run left; says so if it hasn't ended, or if its weights may not be its own."""
    if trained.doubt:
        say(trained.doubt)
    if not trained.has_ended:
        say(trained.unended)
    check_finite(path, trained.weights)
    for said in doubts(path, trained.spec.typed, trained.weights):
        say(said)
    return Exportable(trained.network(), trained.preprocessing, trained.provenance)


def _no_preprocessing(spec: Spec) -> str:
    """What the file says of pixels, and that a recipe's `normalize` is of the trainings by it."""
    said = [each.written("normalize") for each in spec.recipes if not isinstance(each.normalize, str)]
    if not said:
        return _NO_PREPROCESSING
    beside = f"`normalize {said[0]}` is of trainings by the recipe, and these weights may come from elsewhere"
    return f"{_NO_PREPROCESSING}; {beside}"


def _foreign(spec: Spec, given: str | Path, say: Say) -> Exportable:
    loaded = from_elsewhere(spec.typed, given, say)
    provenance = {"weights": weights_digest(loaded.weights)} | ({"source": loaded.source} if loaded.source else {})
    preprocessing = loaded.preprocessing or Preprocessing.unknown(spec.typed.input)
    is_prepared = loaded.preprocessing is not None
    return Exportable(loaded.network, preprocessing, provenance, loaded.halved, is_prepared)


def taken(given: Given) -> Taken:
    """Raises ``TypeError`` for what is no weights, ``InputError`` V513 for tensors that aren't dense numbers."""
    if isinstance(given, Run):
        return given.trained
    if given is None or isinstance(given, Network | Trained | str | Path):
        return given
    if isinstance(given, Mapping):
        if given and all(isinstance(value, Tensor) for value in given.values()):
            return {name: array.copy() for name, array in to_arrays("the mapping", given).items()}
        if all(isinstance(value, np.ndarray) for value in given.values()):
            return {name: value.copy() for name, value in given.items() if isinstance(value, np.ndarray)}
    what = "a mapping of other things" if isinstance(given, Mapping) else type(given).__name__
    help = "give arrays or tensors by name (a `state_dict()`), a module of `to_torch`, a run, a file, or its name"
    raise TypeError(f"{what} is no weights: {help}")


def refuse_other(spec: Spec, run: Trained) -> None:
    """Raises ``InputError`` V510 if a run trained another network, perhaps with weights of the same shapes."""
    ours, theirs = spec.network.graph, run.spec.network.graph
    if ours.digest == theirs.digest:
        return
    help = f"`vggdsl export {run.path}` exports that one; or name a run of this spec"
    raise other_network(f"{run.path} trained another network", ours, theirs, help)


def refuse_other_module(typed: TypedGraph, module: Network) -> None:
    """Raises ``InputError`` V510 for a module of another network; auxiliary classifiers may be left out of it."""
    theirs = module.typed.graph
    if theirs.digest not in (typed.graph.digest, typed.inference.graph.digest):
        raise other_network("the module is of another network", typed.graph, theirs)


def other_network(what: str, ours: Graph, theirs: Graph, help: str = "give weights of this network") -> InputError:
    return InputError(Diagnostic("V510", f"{what}: {_difference(ours, theirs)}", help=help))


def _difference(ours: Graph, theirs: Graph) -> str:
    """The first layer in which two networks differ; names and labels make no difference."""
    order, other = ({node.name: i for i, node in enumerate(graph.nodes)} for graph in (ours, theirs))
    for here, there in zip(ours.nodes, theirs.nodes, strict=False):
        if here.op != there.op:
            spelled = here.spelled, there.spelled
            a, b = spelled if all(spelled) and spelled[0] != spelled[1] else (here.op, there.op)
            return f"{here.name} is {a} here, {b} there"
        if [order[name] for name in here.inputs] != [other[name] for name in there.inputs]:
            return f"{here.name} follows {', '.join(here.inputs)} here, {', '.join(there.inputs)} there"
    if len(ours.nodes) == len(theirs.nodes):
        return f"their auxiliary classifiers differ: {len(ours.heads)} here, {len(theirs.heads)} there"
    last = max(ours.nodes, theirs.nodes, key=len)[min(len(ours.nodes), len(theirs.nodes))]
    return f"{last.name} is only {'here' if len(ours.nodes) > len(theirs.nodes) else 'there'}"
