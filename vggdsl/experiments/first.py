"""The weights that a training begins with: a run's, a file's or torchvision's."""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from safetensors import SafetensorError, safe_open

from vggdsl.data.normalisation import Normalisation
from vggdsl.network.matching import differences, normal_form, pair
from vggdsl.network.weights import WEIGHT_FILES, Array, Weights, weight_shapes, weights_digest
from vggdsl.records.collect import RECORD
from vggdsl.records.repeat import entries_of
from vggdsl.records.runfolder import BEST, Start, read_plan
from vggdsl.records.trained import Trained, is_run, load_trained
from vggdsl.spec.chosen import layers_in, spelled
from vggdsl.spec.copies import began_with
from vggdsl.spec.pretrained import (
    Fit,
    Pretrained,
    fitting_layers,
    layers_of,
    lineage,
    pretrained,
    takes_weights,
    weights_at,
)
from vggdsl.spec.recipe import IMAGENET, TORCHVISION, From, Given, Init, Recipe
from vggdsl.spec.spec import Spec
from vggdsl.spec.tuned import check_frozen
from vggdsl.targets.doubts import doubts
from vggdsl.targets.fitting import Fitting, fitting
from vggdsl.text.edits import Edit
from vggdsl.text.errors import Diagnostic, InputError, RecipeError, RecordError, VggdslError
from vggdsl.text.files import is_file


@dataclass(frozen=True)
class First:
    """Weights that a training begins with: those that are ``taken``, by our names, of whole layers.

    ``notes`` say whose they are, what is to be said of them, and which layers take none. ``statistics`` are the mean
    and the deviation of each channel by which images were normalised when they were made; None where that isn't known,
    or is no concern.
    """

    start: Start
    taken: dict[str, Array]
    notes: tuple[str, ...]
    statistics: tuple[tuple[float, ...], tuple[float, ...]] | None = None

    @classmethod
    def of_trained(cls, spec: Spec, recipe: Recipe, trained: Trained) -> "First":
        """Of a run of the network, or by the recipe, that the recipe names."""
        base = _lineage(trained.path, trained.spec.network.graph.digest, trained.recipe)
        known = base if base in (spec.bases(recipe) or ()) else None  # not so of a run that deviated from its recipe
        layers = layers_of(recipe, spec.typed, trained.spec.typed, trained.spec.name)
        notes = [f"{recipe.init} begins with the weights of {trained.path}", *filter(None, [trained.doubt])]
        notes += doubts(trained.path, trained.spec.typed, trained.weights)
        notes += _afresh(spec, recipe, layers)
        return cls(Start(trained.path, trained.digest, known), _of_layers(trained.weights, layers), tuple(notes))

    @classmethod
    def of_run(cls, spec: Spec, recipe: Recipe, path: Path, trained: Trained) -> "First":
        """Of a certain run, of any network."""
        here, there = ({t.name: t.node.op for t in each.training_nodes} for each in (spec.typed, trained.spec.typed))
        fit = fitting_layers(recipe, spec.typed, weight_shapes(trained.spec.typed), str(path))
        others = [f"{layer} is {here[layer].text} here, {there[layer].text} there"
                  for layer in fit.layers if here[layer] != there[layer]]  # fmt: skip
        notes = [*filter(None, [trained.doubt, _otherwise(spec, trained)])]
        notes += [f"{each}: its weights are taken all the same" for each in others]
        normal = trained.normalisation
        taken = _of_layers(trained.weights, fit.layers)
        said = _said(spec, recipe, str(path), notes, fit, taken)
        return cls(Start(path, trained.digest), taken, said, (normal.mean, normal.std))

    @classmethod
    def of_others(cls, spec: Spec, recipe: Recipe, path: Path, found: Fitting, notes: Iterable[str]) -> "First":
        """Weights that no run left."""
        shapes = {name: tuple(array.shape) for name, array in found.weights.items()}
        name = found.source if found.source.startswith(TORCHVISION) else path.name
        fit = fitting_layers(recipe, spec.typed, shapes, name, found.unlike)
        taken = _of_layers(found.weights, fit.layers)
        said = list(notes)
        if found.statistics is None and not isinstance(recipe.normalize, Given):
            usual = "torchvision's weights want `normalize imagenet`"
            said.append(f"{name} doesn't say how images were normalised: here `normalize {recipe.normalize}` ({usual})")
        start = Start(Path(found.source), weights_digest(taken))  # in our order: a file may be paired by its own
        return cls(start, taken, _said(spec, recipe, found.source, said, fit, taken), found.statistics)

    def warnings(self, spec: Spec, recipe: Recipe, normalisation: Normalisation) -> tuple[Diagnostic, ...]:
        """W410 for layers that are frozen and took none, W411 where images were normalised otherwise."""
        frozen = check_frozen(recipe, spec.typed, layers_in(self.taken))
        return (*frozen, *self._normalised(recipe, normalisation))

    def _normalised(self, recipe: Recipe, normalisation: Normalisation) -> tuple[Diagnostic, ...]:
        if self.statistics is None or len(self.statistics[0]) != len(normalisation.mean):
            return ()
        differ = _difference(self.statistics, (normalisation.mean, normalisation.std))
        if differ <= _ALIKE:
            return ()
        theirs, ours = Given(*self.statistics), Given(normalisation.mean, normalisation.std)
        said = f"normalize {IMAGENET if theirs == IMAGENET else _rounded(theirs, 6)}"
        message = f"the weights of {self.start.run} are for images by {_rounded(theirs)}; here they are by "
        message += f"{_rounded(ours)}, so that black or white differs by {differ:.2g} of a deviation"
        labels = recipe.place("normalize") or recipe.place("init")
        fixes = (Edit(recipe.places["normalize"], said),) if recipe.place("normalize") else ()
        return (Diagnostic("W411", message, labels, f"write `{said}`", fixes=fixes),)


def _otherwise(spec: Spec, trained: Trained) -> str:
    """In what a run's network differs; nothing where layers of one name are one in both."""
    ours, theirs = normal_form(spec.typed), normal_form(trained.spec.typed)
    pairs = pair(ours, theirs)
    if pairs is None:
        return f"it is a run of another network, whose layers are taken by name: {differences(ours, theirs)}"
    layers = layers_in(weight_shapes(spec.typed))
    moved = [f"{pairs[name]} does there what {name} does here" for name in layers if pairs.get(name, name) != name]
    return f"layers are taken by name, and {moved[0]}" if moved else ""


def _rounded(given: Given, digits: int = 3) -> Given:
    mean, std = (tuple(round(value, digits) for value in values) for values in (given.mean, given.std))
    return Given(mean, std)


_ALIKE = 0.05
"""Of a deviation: what rounded numbers, or another draw of images of one set, differ by at most."""


def _difference(one: tuple[Sequence[float], Sequence[float]], other: tuple[Sequence[float], Sequence[float]]) -> float:
    """By how much black and white differ at the most when they are normalised by one or the other."""
    channels = zip(*one, *other, strict=True)
    return max(abs((x - m) / s - (x - n) / t) for m, s, n, t in channels for x in (0, 1))


def _of_layers(given: Weights, layers: Collection[str]) -> dict[str, Array]:
    return {name: array for name, array in given.items() if name.rpartition(".")[0] in set(layers)}


def _said(spec: Spec, recipe: Recipe, source: str, notes: Iterable[str], fit: Fit, taken: Weights) -> tuple[str, ...]:
    """What a training that takes what fits says in its first lines."""
    count, all_of_them = sum(array.size for array in taken.values()), spec.typed.total_params
    names = ", ".join(spelled(fit.layers, spec.typed))
    return (
        f"{recipe.init} begins with the weights of {source}",
        *notes,
        *doubts(source, spec.typed, taken),
        f"taken: {names} ({count:,} of {all_of_them:,} values)",
        *_afresh(spec, recipe, fit.layers, fit.differing),
    )


def _afresh(spec: Spec, recipe: Recipe, taken: Collection[str], differing: Collection[str] = ()) -> list[str]:
    afresh = [layer for layer in layers_in(weight_shapes(spec.typed)) if layer not in taken]
    if not afresh:
        return []
    begin, why = "begins" if len(afresh) == 1 else "begin", f": {'; '.join(differing)}" if differing else ""
    return [f"{', '.join(spelled(afresh, spec.typed))} {begin} afresh, by init {init_of(recipe)}{why}"]


def _lineage(run: Path, network: str, recipe: str) -> str:
    before = None
    with suppress(VggdslError):  # weights alone don't say what they began with
        before = read_plan(run).start.base
    return lineage(network, recipe, before)


def init_of(recipe: Recipe) -> Init:
    """The recipe's init; of one that takes weights from elsewhere what it does for the other layers.

    Where that is nothing they begin by ``auto``: as when the first such recipes were digested, which say no more now.
    """
    return recipe.init if isinstance(recipe.init, Init) else recipe.init.otherwise or Init("auto")


def with_start(recipe: Recipe, given: Path | None) -> Recipe:
    """The recipe for a call that gives weights to begin with.

    It stays as it is where it begins with those of a run, of which ``given`` is one, or with a file that is called as
    this. Else it deviates: its init takes what is given, and what was said of layers stays. Of an absolute path that
    holds the name alone, since records are read elsewhere. Raises ``RecipeError`` V406 for what no recipe can say.
    """
    if given is None:
        return recipe
    init, text = recipe.init, str(given)
    is_model = text.startswith(TORCHVISION)
    if isinstance(init, From):
        asks_for_runs = init.kind in ("recipe", "spec") or (init.kind == "folder" and not takes_weights(recipe))
        if asks_for_runs and not is_model and (not is_file(given) or is_run(given)):
            return recipe
        if not is_model and init.is_file and Path(init.source).name == given.name:
            return recipe
    source = text if is_model or not given.is_absolute() else given.name
    begun = init if isinstance(init, From) else From("", False, (), init)
    begun = replace(begun, source=source.replace(os.sep, "/"), is_file=not is_model, recipe=None)
    flags = entries_of("--from", init=begun)
    if begun.kind in ("spec", "folder") and is_file(given):
        what = "is a spec" if begun.kind == "spec" else "has no ending that tells what it is"
        help = f"name a run's folder, a file of weights ({' '.join(WEIGHT_FILES)}), or `{TORCHVISION}NAME`"
        raise RecipeError(Diagnostic("V406", f"no weights are read from {given}: it {what}", help=help))
    return recipe.with_flags(**flags)


class NoRunError(InputError):
    """V516: no finished run is there of what is to be begun with."""


def find_first(
    spec: Spec,
    recipe: Recipe,
    runs: Path,
    given: Path | None = None,
    digest: str | None = None,
    *,
    fetch: bool = False,
) -> First | None:
    """The weights that a recipe begins with: from ``given``, else from where the recipe says; ``fetch`` if need be.

    Of a recipe that names a spec or a recipe it is a run: ``given``, else the newest finished one in ``runs``. With
    ``digest``, of weights, as a record or a run names what it began with, they must be those.

    None for a recipe that begins by itself. Raises ``InputError`` V501 where there is no such file, V516 where there
    are none, or others; V504, V510, V513 and V515 as ``fitting``; ``RecordError`` V604 for what is no run, V608 for
    one of another network; ``RecipeError`` V410 where layers don't fit.
    """
    init = recipe.init
    if not isinstance(init, From):
        if given is not None:
            help = "write `init from(…)` in it, or leave `--from` out"
            raise InputError(Diagnostic("V516", "weights to begin with, for a recipe that takes none", help=help))
        return None
    is_certain = takes_weights(recipe) or (init.kind == "folder" and given is not None)
    if not is_certain:
        first = First.of_trained(spec, recipe, _find_trained(spec, recipe, runs, given, digest))
    else:
        by_name = Path(init.source) if init.kind == "torchvision" else None
        path = given or by_name or weights_at(recipe) or _as_before(spec, init)
        if path is None:
            message = f"no `{init.source}`, from which the first weights are to come"
            raise InputError(Diagnostic("V516", message, recipe.place("init"), "say where it is: `--from …`"))
        first = _first_of(spec, recipe, path, fetch=fetch)
    if digest is not None and first.start.weights != digest:
        message = f"{first.start.run} has the weights {first.start.weights}; what is repeated began with {digest}"
        raise InputError(Diagnostic("V516", message, recipe.place("init"), "name where those are: `--from …`"))
    return first


def _as_before(spec: Spec, init: From) -> Path | None:
    """For a run's copy of a spec the file of that name that the run took."""
    path = began_with(Path(spec.source.name))
    return path if path is not None and path.name == Path(init.source).name and is_file(path) else None


def _first_of(spec: Spec, recipe: Recipe, path: Path, *, fetch: bool) -> First:
    """Of torchvision, a run, or a file of weights."""
    if not str(path).startswith(TORCHVISION) and is_run(path):
        return First.of_run(spec, recipe, path, load_trained(path))
    if not str(path).startswith(TORCHVISION) and not path.exists():
        raise InputError(Diagnostic("V501", f"no file `{path}`"))
    notes = list[str]()
    found = fitting(spec.typed, path, notes.append, fetch=fetch)
    return First.of_others(spec, recipe, path, found, notes)


def _find_trained(
    spec: Spec, recipe: Recipe, runs: Path, given: Path | None = None, digest: str | None = None
) -> Trained:
    """The run of ``init from(…)`` that names a spec or a recipe.

    Only runs by the named recipe count, or by those of the named spec, that began with what is so still. With
    ``digest`` it is a run of these weights. Raises as ``find_first``.
    """
    wanted: Pretrained | None = None
    try:
        wanted = pretrained(recipe, spec.recipes, spec.typed)
    except InputError:
        if given is None and digest is None:  # with a run at hand the spec of its network isn't needed
            raise
    if given is not None:
        trained = load_trained(given)
        if wanted is not None and trained.spec.network.graph.digest != wanted.network:
            help = f"the recipe takes weights of {wanted.name}: network {wanted.network}"
            message = f"{given} is a run of network {trained.spec.network.graph.digest}"
            raise RecordError(Diagnostic("V608", message, recipe.place("init"), help))
        layers_of(recipe, spec.typed, trained.spec.typed, trained.spec.name)
        return trained
    if digest is not None:
        network = None if wanted is None else wanted.network
        for _, path in sorted(_finished(runs, network), reverse=True):
            begun = load_trained(path)
            if begun.digest == digest:
                return begun
        message = f"no run in {runs} has the weights {digest}, with which the record began"
        raise NoRunError(Diagnostic("V516", message, recipe.place("init"), "name the run: `--from RUN`"))
    assert wanted is not None
    bases = spec.bases(recipe)
    found = sorted(_finished(runs, wanted.network, wanted.recipes, bases), reverse=True)
    if not found:
        which = f"recipe {wanted.name}" if wanted.is_recipe else wanted.name
        message = f"no finished run of {which} in {runs}, from which the first weights are to come"
        how = f"--recipe {wanted.name}" if wanted.is_recipe else wanted.name
        help = f"train it first (`vggdsl train … {how}`), or name a run: `--from RUN`"
        raise NoRunError(Diagnostic("V516", message, recipe.place("init"), help))
    return load_trained(found[0][1])


def _finished(
    runs: Path, network: str | None, recipes: Collection[str] = (), bases: Collection[str] | None = None
) -> Iterator[tuple[float, Path]]:
    """The finished runs, of a network, by recipes and of lineages where they are given, and when each was finished."""
    for file in runs.glob(f"*/{BEST}"):
        record = file.parent / RECORD
        if not is_file(record):
            continue
        try:
            with safe_open(file, framework="numpy") as opened:
                metadata = opened.metadata() or {}
        except (SafetensorError, OSError):
            continue
        by = metadata.get("recipe", "")
        if network not in (None, metadata.get("network")) or (recipes and by not in recipes):
            continue
        if bases is None or _lineage(file.parent, metadata["network"], by) in bases:
            yield record.stat().st_mtime, file.parent
