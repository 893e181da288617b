"""`freeze` and `rate`: which layers of a network a recipe leaves as they begin, and which it trains at another rate."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vggdsl.network.infer import TypedGraph
from vggdsl.network.weights import weight_shapes
from vggdsl.spec.chosen import NamedLayers, layers_in, named_layers, spelled, twice
from vggdsl.spec.recipe import From, Recipe
from vggdsl.spec.recipe.tuning import Chosen
from vggdsl.text.errors import Diagnostic, Label, listed
from vggdsl.text.facts import OtherLayers
from vggdsl.text.source import NOWHERE, Placed, Span

_EVERYTHING = ("all", "true", "yes", "on", "backbone", "base", "body", "encoder", "features", "trunk")
_CLASSIFIER = ("classifier", "head", "top")
_NORMS = ("batchnorm", "bn", "norm", "norms")
"""What other tools call parts of a network, where no layer here is called so."""


@dataclass(frozen=True)
class Tuned:
    """Layers with weights that aren't trained, and the factors of the learning rate of those that have one.

    ``findings`` are V412, why these can't be told.
    """

    frozen: frozenset[str] = frozenset()
    factors: Mapping[str, float] = field(default_factory=dict)
    findings: tuple[Diagnostic, ...] = ()

    def factor(self, layer: str) -> float:
        """By which the schedule's rate is multiplied for a layer that is trained."""
        return self.factors.get(layer, 1.0)


def tuned(recipe: Recipe, typed: TypedGraph) -> Tuned:
    """What the recipe's ``freeze`` and ``rate`` mean for a network.

    A norm or PReLU goes with the layer that it follows, unless it is named itself.
    """
    if recipe.freeze is None and not recipe.rate:
        return Tuned()
    reading = _Reading(recipe, typed)
    frozen = reading.frozen()
    factors = reading.factors(frozen)
    return Tuned(frozenset(frozen), factors, tuple(reading.findings))


def check_tuned(recipe: Recipe, typed: TypedGraph) -> Iterator[Diagnostic]:
    """V412 for layers that can't be frozen or rated so; W410 for frozen ones whose weights are drawn."""
    found = tuned(recipe, typed)
    yield from found.findings
    if found.findings or not found.frozen:
        return
    drawn = found.frozen - _taken(recipe, typed)
    if drawn:
        message = f"the weights of {listed(spelled(drawn, typed))} would stay as they are drawn"
        help = "take weights that were trained, by `init from(…)`, or don't freeze what isn't"
        if isinstance(recipe.init, From) and drawn <= companions(typed).keys():
            help = "they go with the layers that they follow: name them in `from(…)`, too"
        yield Diagnostic("W410", message, recipe.place("freeze"), help)


def check_frozen(recipe: Recipe, typed: TypedGraph, taken: Collection[str]) -> Iterator[Diagnostic]:
    """W410 for frozen layers that were to take weights, where those that are ``taken`` are known."""
    drawn = (tuned(recipe, typed).frozen & _taken(recipe, typed)) - set(taken)
    if drawn:
        message = f"the weights of {listed(spelled(drawn, typed))} would stay as they are drawn"
        yield Diagnostic("W410", message, recipe.place("freeze"), "none there fit them: don't freeze them")


def _taken(recipe: Recipe, typed: TypedGraph) -> frozenset[str]:
    """The layers that are to take weights from elsewhere."""
    init = recipe.init
    if not isinstance(init, From):
        return frozenset()
    groups, _ = named_layers(init.chosen, typed, NOWHERE)
    named = {layer for group in groups for layer in group.layers}
    if init.chosen and not init.all_but:
        return frozenset(named)
    return frozenset(layers_in(weight_shapes(typed))) - named


def companions(typed: TypedGraph) -> dict[str, str]:
    """Norms and PReLUs behind a convolution or FC, before anything that is none or an activation: each with the name
    of that layer."""
    found, behind = dict[str, str](), dict[str, str]()
    for t in typed.training_nodes:
        op = t.node.op
        if op.weight_layer:
            behind[t.name] = t.name
        elif len(t.node.inputs) == 1 and t.node.inputs[0] in behind and (op.activation or t.params.learnable):
            behind[t.name] = behind[t.node.inputs[0]]
            if t.params.learnable:
                found[t.name] = behind[t.name]
    return found


class _Reading:
    """Reads both entries of a recipe; what is wrong is gathered in ``findings``."""

    def __init__(self, recipe: Recipe, typed: TypedGraph) -> None:
        self.recipe, self.typed = recipe, typed
        self.layers = layers_in(weight_shapes(typed))
        self.companions = companions(typed)
        self.findings = list[Diagnostic]()

    def frozen(self) -> set[str]:
        """The layers of ``freeze``."""
        if self.recipe.freeze is None:
            return set()
        groups = self._groups("freeze", self.recipe.freeze, set())
        frozen = {layer for group in groups for layer in group.layers}
        if not self.recipe.freeze.all_but:
            frozen |= self._followers(frozen)
        if not self.findings and {t.name for t in self.typed.nodes if t.params.learnable} <= frozen:
            help = f"leave out what is to be trained: `freeze all but {self._last}`"
            self._wrong("freeze", "all layers are frozen: nothing of the network would be trained", help, self.layers)
        return frozen

    def factors(self, frozen: set[str]) -> dict[str, float]:
        """The factor of each layer that ``rate`` chooses."""
        groups, factors = list[NamedLayers](), dict[str, float]()
        for rated in self.recipe.rate:
            chosen = self._groups("rate", rated.layers, frozen)
            groups += chosen
            factors |= {layer: rated.factor for group in chosen for layer in group.layers}
        self._tell("rate", twice(groups))
        for group in groups:
            if both := [layer for layer in group.layers if layer in frozen]:
                is_frozen = "is frozen and has" if len(both) == 1 else "are frozen and have"
                message = f"{listed(spelled(both, self.typed))} {is_frozen} a rate"
                self._wrong("rate", message, "keep one: what is frozen isn't trained at any rate", both, group.name)
        followed = {norm: factors[layer] for norm, layer in self.companions.items() if layer in factors}
        return {norm: factor for norm, factor in followed.items() if norm not in frozen} | factors

    def _groups(self, key: str, chosen: Chosen, frozen: set[str]) -> list[NamedLayers]:
        """What the names mean; behind ``all but`` they are one group of all others that aren't ``frozen``."""
        groups, findings = named_layers(chosen.names, self.typed, self._place(key))
        self._tell(key, findings)
        if not chosen.all_but:
            return groups
        self._tell(key, twice(groups))
        named = {layer for group in groups for layer in group.layers}
        named |= self._followers(named)
        rest = tuple(layer for layer in self.layers if layer not in named and layer not in frozen)
        first = groups[0].name if groups else Placed(str(chosen), self._place(key))
        if not rest and not findings:
            self._wrong(key, f"`{chosen}` leaves no layer", "leave one of them out", self.layers, first)
        return [NamedLayers(Placed(str(chosen), first.span), rest)]

    def _followers(self, layers: Collection[str]) -> set[str]:
        """The norms and PReLUs behind them."""
        return {norm for norm, layer in self.companions.items() if layer in layers}

    @property
    def _last(self) -> str:
        """The classifier, or what else has weights last."""
        last = self.typed.graph.classifier
        return last.name if last else self.layers[-1]

    def _place(self, key: str) -> Span:
        return self.recipe.places.get(key, NOWHERE)

    def _wrong(self, key: str, message: str, help: str, layers: Iterable[str], at: Placed | None = None) -> None:
        place = self._place(key) if at is None else at.span
        self._tell(key, [Diagnostic("V412", message, (Label(place, "here"),), help, OtherLayers(tuple(layers)))])

    def _tell(self, key: str, findings: Iterable[Diagnostic]) -> None:
        """Findings about an entry, with what takes its place where it is inherited, and without places that aren't."""
        for found in findings:
            layers = found.facts.layers if isinstance(found.facts, OtherLayers) else ()
            labels = tuple(label for label in found.labels if label.span != NOWHERE)
            facts = OtherLayers(layers, f"{key} none")
            told = Diagnostic("V412", found.message, labels, found.help, facts, found.fixes)
            help = self._elsewhere(key, layers)
            self.findings.append(told.helped(help) if help else told)

    def _elsewhere(self, key: str, layers: Sequence[str]) -> str:
        """What is said of a name that other tools have for a part of a network."""
        name = layers[0].lower() if len(layers) == 1 else ""
        if name.isdecimal():
            return "layers have names: `vggdsl show` has them"
        if name in _CLASSIFIER:
            return f"the classifier is {self._last}: `{key} {self._last}{' x10' if key == 'rate' else ''}`"
        if name in _NORMS:
            return "norms go with the layers that they follow, or are named themselves, as `bn1_1`"
        if name not in _EVERYTHING:
            return ""
        return (
            f"name the layers; `{key} all but {self._last}{' x0.1' if key == 'rate' else ''}` is all but the classifier"
        )
