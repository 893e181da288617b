"""Which layers of a network an `init from(…)` names, and how a set of layers is written there."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from vggdsl.network.infer import TypedGraph
from vggdsl.network.weights import weight_shapes
from vggdsl.spec.recipe import From
from vggdsl.text.edits import Edit
from vggdsl.text.errors import Diagnostic, Label, RecipeError, respelled, unknown
from vggdsl.text.facts import OtherLayers
from vggdsl.text.source import Placed, Span

_RANGE = ".."
_SHORTEST = 3
"""Layers behind each other that are written as a range."""
_NUMBER = re.compile(r"\d+(\.\d+)?(e-?\d+)?([KMG]i?)?", re.IGNORECASE)
"""A label that would be read as a number."""


@dataclass(frozen=True)
class NamedLayers:
    """Layers with weights, in the network's order, and the name by which they were chosen, with its place.

    The name is empty where all layers are, or all but some.
    """

    name: Placed
    layers: tuple[str, ...]

    @property
    def is_one(self) -> bool:
        """Whether the name is the layer's own."""
        return self.layers == (self.name,)


def layers_in(shapes: Iterable[str]) -> list[str]:
    """The layers of weights, each once."""
    return list(dict.fromkeys(name.rpartition(".")[0] for name in shapes))


def chosen_layers(init: From, typed: TypedGraph, place: Span) -> list[NamedLayers]:
    """The layers that an ``init from(…)`` at ``place`` takes the weights of.

    Raises ``RecipeError`` V410 for a name of nothing, of layers without weights or of those that another has named,
    for a range that runs backwards, and where nothing is left.
    """
    groups, findings = named_layers(init.chosen, typed, place)
    findings += twice(groups)
    if init.all_but or not init.chosen:
        layers = layers_in(weight_shapes(typed))
        gone = {layer for group in groups for layer in group.layers}
        left = tuple(layer for layer in layers if layer not in gone)
        groups = [NamedLayers(Placed("", place), left)]
        if not left and not findings:
            help = "leave one out of `all but`, or begin by another init: `init he`"
            wrong = _wrong("`all but` leaves no layer to take weights for", place, help, layers)
            findings.append(wrong.helped(help, Edit(place, "init he", is_choice=True)))
    if findings:
        raise RecipeError(findings)
    return groups


def named_layers(names: Iterable[str], typed: TypedGraph, place: Span) -> tuple[list[NamedLayers], list[Diagnostic]]:
    """The layers that each name means, which stands at ``place`` if it has none of its own; and V410 for those that
    mean nothing, layers without weights, or a range that runs backwards."""
    known, findings, groups = _Names(typed), list[Diagnostic](), list[NamedLayers]()
    for name in names:
        placed = name if isinstance(name, Placed) else Placed(name, place)
        try:
            groups.append(NamedLayers(placed, known.named(placed)))
        except RecipeError as error:
            findings += error.diagnostics
    return groups, findings


def places_of(order: Iterable[str]) -> dict[str, list[int]]:
    """Where the layers of these names stand among them, each and those that a label holds, ``conv2`` or ``conv2.a``."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(order):
        for end in (*(i for i, c in enumerate(name) if c == "."), len(name)):
            places.setdefault(name[:end], []).append(place)
    return places


class _Names:
    """What the layers of a network are called, one by one and by the labels of what holds them."""

    def __init__(self, typed: TypedGraph) -> None:
        self.layers = layers_in(weight_shapes(typed))
        self._order = [t.name for t in typed.training_nodes]
        self._weighted = set(self.layers)
        self._places = places_of(self._order)

    def named(self, name: Placed) -> tuple[str, ...]:
        """The layers with weights that a name or a range means. Raises ``RecipeError`` V410."""
        first, is_range, last = name.partition(_RANGE)
        if is_range:
            begins = self._find(name.part(0, len(first)))
            ends = self._find(name.part(len(first) + len(_RANGE)))
            if first != last and (set(begins) <= set(ends) or set(ends) <= set(begins)):
                outer = max(first, last, key=lambda each: len(self._places[each]))
                message = f"`{name}` is no range: `{outer}` holds its other end"
                help = f"write `{outer}` for all that it holds"
                wrong = _wrong(message, name.span, help, (first, last))
                raise RecipeError(wrong.helped(help, *respelled(name, outer, name.span)))
            if begins[0] > ends[0] or begins[-1] > ends[-1]:
                turned = f"{last}{_RANGE}{first}"
                help = f"write `{turned}`, in the order of the network"
                wrong = _wrong(f"the range `{name}` runs backwards", name.span, help, (first, last))
                raise RecipeError(wrong.helped(help, *respelled(name, turned, name.span)))
            places: Sequence[int] = range(begins[0], ends[-1] + 1)
        else:
            places = self._find(name)
        found = tuple(self._order[place] for place in places if self._order[place] in self._weighted)
        if not found:
            message = f"`{name}` holds no layer with weights"
            if name in self._order:
                message = f"unknown layer `{name}` among those with weights"
            help = "name layers that have weights: convolutions, FC, batch norms"
            raise RecipeError(_wrong(message, name.span, help, (name,)))
        return found

    def _find(self, name: Placed) -> list[int]:
        if name not in self._places:
            labels = (label for label in self._places if label not in self._order)
            raise RecipeError(unknown_layer(name, [*self.layers, *labels]))
        return self._places[name]


def unknown_layer(name: Placed, known: Sequence[str], what: str = "layer") -> Diagnostic:
    """A name that no layer has."""
    return unknown("V410", what, name, known, name.span, OtherLayers((name,)))


def _wrong(message: str, span: Span, help: str, layers: Iterable[str]) -> Diagnostic:
    return Diagnostic("V410", message, (Label(span, "here"),), help, OtherLayers(tuple(layers)))


def twice(groups: Iterable[NamedLayers]) -> Iterator[Diagnostic]:
    """What is named by two names: it would be read as if one of them were wrong."""
    first: dict[str, Placed] = {}
    for group in groups:
        again = next((layer for layer in group.layers if layer in first), None)
        if again is not None:
            before = first[again]
            labels = (Label(group.name.span, "again"), Label(before.span, "first here", primary=False))
            message = f"`{group.name}` is named twice" if before == group.name else f"{again} is named twice"
            yield Diagnostic("V410", message, labels, "name each layer once", OtherLayers((again,)))
        for layer in group.layers:
            first.setdefault(layer, group.name)


# -- writing


def spelled(layers: Collection[str], typed: TypedGraph) -> list[str]:
    """Layers with weights as names and ranges, in the network's order."""
    return _ranges(layers, layers_in(weight_shapes(typed)))


def choosing(layers: Collection[str], typed: TypedGraph) -> tuple[tuple[str, ...], bool] | None:
    """The names by which ``from(…)`` takes these layers, and whether behind ``all but``: as few as can be.

    None for no layers, and where labels are numbers, which can't be written there.
    """
    order, wanted = layers_in(weight_shapes(typed)), set(layers)
    rest = [layer for layer in order if layer not in wanted]
    if not wanted or not rest:
        return None if not wanted else ((), False)
    forms = list[tuple[int, int, tuple[str, ...], bool]]()
    for named, all_but in ((wanted, False), (rest, True)):
        names = tuple(_ranges(named, order))
        if not any(map(_NUMBER.fullmatch, names[1:] if all_but else names)):  # behind `all but` a name stands
            words = sum(1 + (_RANGE in name) for name in names)
            forms.append((words, len(named), names, all_but))
    return min(forms)[2:] if forms else None


def _ranges(layers: Collection[str], order: Iterable[str]) -> list[str]:
    """The layers, as ranges where several stand behind each other in ``order``."""
    wanted, runs, open_ = set(layers), list[list[str]](), False
    for layer in order:
        if layer in wanted and open_:
            runs[-1].append(layer)
        elif layer in wanted:
            runs.append([layer])
        open_ = layer in wanted
    return [part for run in runs for part in ([f"{run[0]}{_RANGE}{run[-1]}"] if len(run) >= _SHORTEST else run)]
