"""`init from(…)`: the network whose weights a recipe begins with, checked layer by layer before any are at hand."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vggdsl.language import syntax
from vggdsl.language.elaborate import elaborate
from vggdsl.language.links import flatten
from vggdsl.network.infer import TypedGraph, infer
from vggdsl.network.weights import weight_shapes
from vggdsl.spec.copies import loader
from vggdsl.spec.recipe import From, Recipe, read_recipes
from vggdsl.text.errors import Diagnostic, InputError, Label, RecipeError, VggdslError, unknown
from vggdsl.text.facts import OtherLayers
from vggdsl.text.source import Placed, Span

_SHOWN = 3
"""Layers that differ and are told one by one."""


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


def pretrained(
    recipe: Recipe, recipes: Sequence[Recipe], typed: TypedGraph, beside: Iterable[str | Path] = ()
) -> Pretrained | None:
    """What ``init from(…)`` of a recipe means for a network; None for another init.

    Raises ``InputError`` V243 if the file isn't there, V244 if it may not be read, ``RecipeError`` V410 if a layer is
    missing in either network or differs.
    """
    init = recipe.init
    if not isinstance(init, From):
        return None
    name = Path(init.source).stem if init.is_file else init.source
    other, begun, _ = _begun(recipe, init, recipes, typed, beside)
    layers = layers_of(recipe, typed, other, name)
    return Pretrained(name, other.graph.digest, tuple(each.digest for each in begun), not init.is_file, layers)


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
    if not isinstance(init, From) or recipe.places["init"] in seen:
        return None
    try:
        other, begun, rest = _begun(recipe, init, recipes, typed)
    except VggdslError:
        return None
    found = set[str]()
    for each in begun:
        before = lineages(each, rest, other, (*seen, recipe.places["init"]))
        if before is None and isinstance(each.init, From):
            return None
        found |= {lineage(other.graph.digest, each.digest, one) for one in before or (None,)}
    return frozenset(found)


def _begun(
    recipe: Recipe, init: From, recipes: Sequence[Recipe], typed: TypedGraph, beside: Iterable[str | Path] = ()
) -> tuple[TypedGraph, Sequence[Recipe], Sequence[Recipe]]:
    """The network that a recipe begins with, the recipes whose runs can give it, and all recipes of their spec."""
    place = recipe.places["init"]
    if not init.is_file:
        return typed, (_recipe(init.source, recipe, recipes, place),), recipes
    other, theirs = _network(init.source, place, beside)
    return other, theirs, theirs


def layers_of(recipe: Recipe, typed: TypedGraph, other: TypedGraph, name: str) -> tuple[str, ...]:
    """The layers that take their weights from the network ``other``, which is called ``name``.

    Raises ``RecipeError`` V410 if one is missing in either or differs.
    """
    init, place = recipe.init, recipe.places["init"]
    assert isinstance(init, From)
    here, there = weight_shapes(typed), weight_shapes(other)
    ours, theirs = _layers(here), _layers(there)
    if not init.layers:
        return _all_layers(init, here, there, name, place)
    layers = init.layers
    findings = list(_differences(layers, here, there, name, place))
    for what, known in ((f"layer of {name}", theirs), ("layer", ours)):
        missing = [layer for layer in layers if layer not in known]
        findings += (unknown("V410", what, layer, known, place, OtherLayers((layer,))) for layer in missing)
    if findings:
        raise RecipeError(findings)
    return layers


def _all_layers(
    init: From, here: dict[str, tuple[int, ...]], there: dict[str, tuple[int, ...]], name: str, place: Span
) -> tuple[str, ...]:
    """Where none is named: every layer, each with its equal in the other network."""
    ours, theirs = _layers(here), _layers(there)
    lacking = [layer for layer in ours if layer not in theirs]
    differing = {layer: d.message for layer in ours for d in _differences((layer,), here, there, name, place)}
    if not lacking and not differing:
        return tuple(ours)
    wrong = [f"{name} has no {', '.join(lacking)}"] if lacking else []
    wrong += list(differing.values())[:_SHOWN]
    if len(differing) > _SHOWN:
        wrong.append(f"so do {len(differing) - _SHOWN} more")
    shared = [layer for layer in ours if layer in theirs and layer not in differing]
    source = f'"{init.source}"' if init.is_file else init.source
    help = f"name those that are alike: init from({', '.join((source, *shared))})" if shared else "no layers are alike"
    label = Label(place, "takes all layers")
    raise RecipeError(Diagnostic("V410", "; ".join(wrong), (label,), help, OtherLayers((*lacking, *differing))))


def check_init(recipe: Recipe, recipes: Sequence[Recipe], typed: TypedGraph) -> Iterator[Diagnostic]:
    """What ``pretrained`` finds; W401 where the file isn't at hand, as it may not be for a record."""
    try:
        pretrained(recipe, recipes, typed)
    except InputError as error:
        for finding in error.diagnostics:
            if finding.row.absent:
                yield Diagnostic("W401", f"{finding.message}, to check `init from(…)` by", finding.labels, finding.help)
            else:
                yield finding
    except VggdslError as error:
        yield from error.diagnostics


def _network(path: str, place: Span, beside: Iterable[str | Path]) -> tuple[TypedGraph, tuple[Recipe, ...]]:
    """The network of a spec and its recipes."""
    document = loader(place.source, beside)(syntax.Link("use", Placed(path, place), place))
    source = document.source or place.source
    try:
        whole = flatten(document, loader(source, beside))
        recipes = read_recipes([c for c in whole.contents if isinstance(c, syntax.Train)]) or (Recipe(),)
        return infer(elaborate(whole).graph), recipes
    except VggdslError as error:
        label = Label(place, "by this init", primary=False)
        raise type(error)(d.at(label) for d in error.diagnostics) from None


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


def _layers(shapes: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name.rpartition(".")[0] for name in shapes))


def _differences(
    layers: Sequence[str],
    here: dict[str, tuple[int, ...]],
    there: dict[str, tuple[int, ...]],
    name: str,
    place: Span,
) -> Iterator[Diagnostic]:
    for layer in layers:
        ours, theirs = ({k: v for k, v in shapes.items() if k.rpartition(".")[0] == layer} for shapes in (here, there))
        if ours and theirs and ours != theirs:
            one, other = (_shown(shapes) for shapes in (ours, theirs))
            message = f"{layer} has {one}, that of {name} {other}"
            help = f"leave {layer} out of `from(…)`"
            yield Diagnostic("V410", message, (Label(place, "here"),), help, OtherLayers((layer,)))


def _shown(shapes: dict[str, tuple[int, ...]]) -> str:
    return " and ".join(f"{key.rpartition('.')[2]} {'x'.join(map(str, shape))}" for key, shape in shapes.items())
