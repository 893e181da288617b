"""`init from(…)`: the network whose weights a recipe begins with, checked layer by layer before any are at hand."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from vggdsl.language import syntax
from vggdsl.language.elaborate import elaborate
from vggdsl.language.library import note
from vggdsl.language.links import flatten
from vggdsl.network.infer import TypedGraph, infer
from vggdsl.network.weights import weight_shapes
from vggdsl.spec.chosen import NamedLayers, choosing, chosen_layers, unknown_layer
from vggdsl.spec.copies import loader, original_of
from vggdsl.spec.recipe import From, Recipe, read_recipes
from vggdsl.text.edits import Edit
from vggdsl.text.errors import Diagnostic, InputError, Label, RecipeError, VggdslError, unknown
from vggdsl.text.facts import OtherLayers
from vggdsl.text.files import at_home, is_file, is_folder
from vggdsl.text.source import Placed, Span
from vggdsl.text.units import plural

_SHOWN = 3
"""Layers that differ and are told one by one."""
_LISTED = 20
"""Layers that are missing and are named."""


@dataclass(frozen=True)
class Pretrained:
    """Where first weights come from: runs of a network by one of the recipes of its spec, given by their digests.

    ``layers`` have the same shapes there and here, and take theirs.
    """

    name: str
    network: str
    recipes: tuple[str, ...]
    is_recipe: bool
    """Whether ``name`` is that of a recipe, of the same spec, and not of a file."""
    layers: tuple[str, ...]


def pretrained(recipe: Recipe, recipes: Sequence[Recipe], typed: TypedGraph) -> Pretrained | None:
    """What ``init from(…)`` of a recipe means for a network; None for another init, and for weights that are at hand or
    a certain run's: see ``takes_weights``.

    Raises ``InputError`` V243 if the file isn't there, V244 if it may not be read, ``RecipeError`` V410 if a layer is
    missing in either network or differs.
    """
    init = recipe.init
    if not isinstance(init, From):
        return None
    name = Path(init.source).stem if init.is_file else init.source
    chosen_layers(init, typed, place_of(recipe))  # what is wrong in this network alone doesn't take the other
    if takes_weights(recipe):
        return None
    other, begun, _ = _begun(recipe, init, recipes, typed)
    layers = layers_of(recipe, typed, other, name)
    return Pretrained(name, other.graph.digest, tuple(each.digest for each in begun), not init.is_file, layers)


def takes_weights(recipe: Recipe) -> bool:
    """Whether a recipe begins with a file's weights, torchvision's, or a certain run's, and not with any run's of a
    network: a path without an ending is a run's if there is such a folder, else a spec's that ships."""
    init = recipe.init
    if not isinstance(init, From):
        return False
    return init.kind in ("torchvision", "weights") or (init.kind == "folder" and weights_at(recipe) is not None)


def weights_at(recipe: Recipe) -> Path | None:
    """The file of weights or the run's folder that a recipe names: beside the spec, for a run's copy beside the spec
    that was run, or here. None where it is nowhere."""
    init = recipe.init
    if not isinstance(init, From) or init.kind not in ("weights", "folder"):
        return None
    is_there = is_file if init.kind == "weights" else is_folder
    path, spec = at_home(Path(init.source)), Path(place_of(recipe).source.name)
    places = [spec.parent / path, (original_of(spec) or spec).parent / path, path]
    for place in places:
        note(place)
    return next(filter(is_there, places), None)


def refuse_elsewhere(recipe: Recipe, folder: Path, help: str) -> None:
    """Raises ``InputError`` V243 if a recipe begins with a file beside its spec that isn't there, by the same path, for
    a spec in another folder."""
    init = recipe.init
    if not isinstance(init, From) or not init.is_file:
        return
    spec, path = Path(place_of(recipe).source.name), at_home(Path(init.source))
    meant, there = spec.parent / path, folder / path
    if meant.exists() and not (there.exists() and meant.samefile(there)):
        message = f"`{init.source}` is {meant}, beside {spec}; from {folder} that path is another"
        raise InputError(Diagnostic("V243", message, recipe.place("init"), help))


def place_of(recipe: Recipe) -> Span:
    """Where an init is written; of one that a call gave, its own text."""
    if recipe.place("init"):
        return recipe.places["init"]
    return Placed.by_call("<--from>", f"init {recipe.init}").span


def lineage(network: str, recipe: str, before: str | None = None) -> str:
    """Eight hex digits over a run's network and recipe, by their digests, and the lineage of the run it began with."""
    return hashlib.sha256(" ".join((network, recipe, *([before] if before else []))).encode()).hexdigest()[:8]


def lineages(
    recipe: Recipe, recipes: Sequence[Recipe], typed: TypedGraph, seen: tuple[Span, ...] = ()
) -> frozenset[str] | None:
    """Those of the runs that a recipe may begin with.

    So a measurement is stale where something changed that it began with, over however many steps. None for a recipe
    that begins by itself, and where a file isn't at hand, as it may not be for a record.
    """
    init = recipe.init
    if not isinstance(init, From) or takes_weights(recipe) or place_of(recipe) in seen:
        return None
    try:
        other, begun, rest = _begun(recipe, init, recipes, typed)
    except VggdslError:
        return None
    found = set[str]()
    for each in begun:
        before = lineages(each, rest, other, (*seen, place_of(recipe)))
        if before is None and isinstance(each.init, From):
            return None
        found |= {lineage(other.graph.digest, each.digest, one) for one in before or (None,)}
    return frozenset(found)


def _begun(
    recipe: Recipe, init: From, recipes: Sequence[Recipe], typed: TypedGraph
) -> tuple[TypedGraph, Sequence[Recipe], Sequence[Recipe]]:
    """The network that a recipe begins with, the recipes whose runs can give it, and all recipes of their spec."""
    place = place_of(recipe)
    if not init.is_file:
        return typed, (_recipe(init.source, recipe, recipes, place),), recipes
    other, theirs = _network(init.source, place)
    return other, theirs, theirs


def layers_of(recipe: Recipe, typed: TypedGraph, other: TypedGraph, name: str) -> tuple[str, ...]:
    """The layers that take their weights from the network ``other``, which is called ``name``.

    Raises ``RecipeError`` V410 if one that is named isn't there, is missing in ``other`` or differs from its equal.
    """
    return named_layers(recipe, typed, weight_shapes(other), name)


def named_layers(recipe: Recipe, typed: TypedGraph, there: Mapping[str, tuple[int, ...]], name: str) -> tuple[str, ...]:
    """The same of weights that have the shapes ``there``, by the names of our layers."""
    init, place = recipe.init, place_of(recipe)
    assert isinstance(init, From)
    groups = chosen_layers(init, typed, place)
    pair = _Pair(name, weight_shapes(typed), there)
    fitting = [layer for group in groups for layer in group.layers if not pair.wrong(layer)]
    help, offered = _alike(init, fitting, typed)
    fixes = [Edit(place, offered, is_choice=True)] if offered else []
    findings = [finding for group in groups for finding in _misfits(group, pair, init.all_but, help, fixes)]
    if findings:
        raise RecipeError(findings)
    return tuple(fitting)


@dataclass(frozen=True)
class Fit:
    """The layers that take their weights, and what is said of others that have some there: in what they differ."""

    layers: tuple[str, ...]
    differing: tuple[str, ...] = ()


def fitting_layers(
    recipe: Recipe, typed: TypedGraph, there: Mapping[str, tuple[int, ...]], name: str, why: str = ""
) -> Fit:
    """Which layers take weights that have the shapes ``there``: those that the recipe names, else all that fit.

    Raises ``RecipeError`` V410 as ``layers_of`` for those that are named; where none are, if fewer than half of the
    weight layers fit. ``why`` says what is known of that.
    """
    init = recipe.init
    assert isinstance(init, From)
    if init.chosen:
        return Fit(named_layers(recipe, typed, there, name))
    pair = _Pair(name, weight_shapes(typed), there)
    fitting = [layer for layer in pair.ours if not pair.wrong(layer)]
    differing = [pair.difference(layer) for layer in pair.ours if pair.wrong(layer) and not pair.lacks(layer)]
    ours = [each.name for each in typed.nodes if each.node.op.weight_layer]
    kept = sum(layer in fitting for layer in ours)
    if 2 * kept >= len(ours) and fitting:
        return Fit(tuple(fitting), tuple(differing))
    help, offered = _alike(init, fitting if kept else (), typed)
    place = place_of(recipe)
    message = f"of {name} {kept} of {plural(len(ours), 'weight layer')} fit: too few to begin with them unasked"
    message += f"; {why or '; '.join(differing[:_SHOWN])}" if why or differing else ""
    fixes = (Edit(place, offered, is_choice=True),) if offered and recipe.place("init") else ()
    label = Label(place, "takes what fits")
    raise RecipeError(Diagnostic("V410", message, (label,), help, OtherLayers(tuple(fitting)), fixes))


@dataclass(frozen=True)
class _Pair:
    """Two networks by the shapes of their weights; ``name`` is that of the one whose weights are taken."""

    name: str
    here: Mapping[str, tuple[int, ...]]
    there: Mapping[str, tuple[int, ...]]

    @cached_property
    def ours(self) -> dict[str, dict[str, tuple[int, ...]]]:
        return _by_layer(self.here)

    @cached_property
    def theirs(self) -> dict[str, dict[str, tuple[int, ...]]]:
        return _by_layer(self.there)

    def lacks(self, layer: str) -> bool:
        return layer not in self.theirs

    def wrong(self, layer: str) -> bool:
        return self.theirs.get(layer) != self.ours[layer]

    def difference(self, layer: str) -> str:
        one, other = _shown(self.ours[layer]), _shown(self.theirs[layer])
        return f"{layer} has {one}, that of {self.name} {other}"


def _misfits(group: NamedLayers, pair: _Pair, all_but: bool, help: str, fixes: Sequence[Edit]) -> Iterator[Diagnostic]:
    """What is wrong with the layers of a name, told at it; ``help`` is for one that means several."""
    lacking = [layer for layer in group.layers if pair.lacks(layer)]
    differing = [layer for layer in group.layers if pair.wrong(layer) and not pair.lacks(layer)]
    span, facts = group.name.span, OtherLayers((*lacking, *differing))
    if group.is_one and lacking:
        yield unknown_layer(group.name, list(pair.theirs), f"layer of {pair.name}")
    elif group.is_one and differing:
        here = (Label(span, "here"),)
        yield Diagnostic("V410", pair.difference(group.name), here, f"leave {group.name} out of `from(…)`", facts)
    elif lacking or differing:
        wrong = [f"{pair.name} has no {_listed(lacking)}"] if lacking else []
        wrong += map(pair.difference, differing[:_SHOWN])
        if len(differing) > _SHOWN:
            wrong.append(f"so do {len(differing) - _SHOWN} more")
        label = Label(span, "holds them" if group.name else "takes all others" if all_but else "takes all layers")
        yield Diagnostic("V410", "; ".join(wrong), (label,), help, facts, tuple(fixes))


def _alike(init: From, fitting: Collection[str], typed: TypedGraph) -> tuple[str, str | None]:
    """How those layers are named that can take their weights: the help, and the entry that it offers."""
    chosen = choosing(fitting, typed)
    if chosen is None:
        return "name those that are alike" if fitting else "no layers are alike", None
    names, all_but = chosen
    offered = f"init {replace(init, chosen=names, all_but=all_but)}"
    return f"name those that are alike: `{offered}`", offered


def _listed(layers: Sequence[str]) -> str:
    more = len(layers) - _LISTED
    return ", ".join(layers[:_LISTED]) + (f" and {more} more" if more > 0 else "")


def check_init(recipe: Recipe, recipes: Sequence[Recipe], typed: TypedGraph) -> Iterator[Diagnostic]:
    """What ``pretrained`` finds; W401 where the file isn't at hand, as it may not be for a record."""
    try:
        pretrained(recipe, recipes, typed)
        init = recipe.init
        if isinstance(init, From) and init.kind == "weights" and recipe.place("init") and weights_at(recipe) is None:
            message = f"no file `{init.source}`, to check `init from(…)` by"
            help = "paths are relative to the file that names them, or to the working folder"
            yield Diagnostic("W401", message, recipe.place("init"), help)
    except InputError as error:
        for finding in error.diagnostics:
            if finding.row.absent:
                yield Diagnostic("W401", f"{finding.message}, to check `init from(…)` by", finding.labels, finding.help)
            else:
                yield finding
    except VggdslError as error:
        yield from error.diagnostics


@contextmanager
def reading_once() -> Iterator[None]:
    """Within it a base is read once, however many networks are held against it."""
    token = _READ.set({})
    try:
        yield
    finally:
        _READ.reset(token)


_Base = tuple[TypedGraph, tuple[Recipe, ...]]
_READ = ContextVar[dict[tuple[str, Span], _Base] | None]("bases that were read", default=None)


def _network(path: str, place: Span) -> _Base:
    """The network of a spec and its recipes."""
    read = _READ.get()
    if read is not None and (path, place) in read:
        return read[path, place]
    document = loader(place.source)(syntax.Link("use", Placed(path, place), place))
    source = document.source or place.source
    try:
        whole = flatten(document, loader(source))
        recipes = read_recipes([c for c in whole.contents if isinstance(c, syntax.Train)]) or (Recipe(),)
        found = infer(elaborate(whole).graph), recipes
    except VggdslError as error:
        label = Label(place, "by this init", primary=False)
        raise type(error)(d.at(label) for d in error.diagnostics) from None
    if read is not None:
        read[path, place] = found
    return found


def _recipe(name: str, recipe: Recipe, recipes: Sequence[Recipe], place: Span) -> Recipe:
    """Another recipe of the spec."""
    by_name = {other.name: other for other in recipes if other.name}
    if name not in by_name:
        raise RecipeError(unknown("V410", "recipe", name, list(by_name), place, OtherLayers()))
    seen = [recipe.name]
    other: Recipe | None = by_name[name]
    while other is not None:
        if other.name in seen:
            message = f"recipes that begin with each other's weights: {' -> '.join(map(str, [*seen, other.name]))}"
            help = "one of them must begin by itself"
            raise RecipeError(Diagnostic("V410", message, (Label(place, "here"),), help, OtherLayers()))
        seen.append(other.name)
        following = other.init.source if isinstance(other.init, From) and not other.init.is_file else None
        other = by_name.get(following) if following else None
    return by_name[name]


def _by_layer(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, dict[str, tuple[int, ...]]]:
    found: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, shape in shapes.items():
        layer, _, part = name.rpartition(".")
        found.setdefault(layer, {})[part] = shape
    return found


def _shown(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return " and ".join(f"{part} {'x'.join(map(str, shape))}" for part, shape in shapes.items())
