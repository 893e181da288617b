"""Weights that others made, to begin a training with: of a network that needn't be ours, those of the layers it shares.

Where they fit ours whole they are those of ``foreign_weights``. Else layers are paired as far as that is sure: by our
names, by structure where the other network is known (``network/partly.py``), else in order up to the first layer that
differs. Whether a paired layer's weights fit is a matter of their shapes, and what becomes of those that don't is the
recipe's.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from torch import nn

from vggdsl.network.infer import TypedGraph
from vggdsl.network.matching import differences, normal_form, pair, pair_heads
from vggdsl.network.ordering import first_in_order
from vggdsl.network.partly import pair_alike
from vggdsl.network.weights import COUNTER, Array, Weights, turned, weight_shapes
from vggdsl.spec.chosen import layers_in
from vggdsl.spec.recipe import TORCHVISION
from vggdsl.targets.foreign_weights import (
    Names,
    Say,
    build_model,
    fetched,
    find_model,
    named_weights,
    names_in,
    refuse_whole_numbers,
    statistics,
    taken,
    unlike,
)
from vggdsl.targets.modules import Untraceable
from vggdsl.targets.tracing import trace
from vggdsl.targets.weight_files import WeightFile, check_finite, read_weights
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.units import names_text, plural

_LISTED = 5


class Fitting(NamedTuple):
    """``weights`` are those of layers that have a counterpart, by our names and in their shapes; ``given`` are all of
    them, by theirs.

    ``statistics`` are the mean and the deviation of each channel that images were normalised by; None where nobody
    knows them. ``unlike`` says in what the networks differ, where that is known.
    """

    weights: Weights
    given: Weights
    source: str
    statistics: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    unlike: str = ""


def fitting(graph: TypedGraph, given: str | Path, say: Say, *, fetch: bool = True) -> Fitting:
    """Of a file, or torchvision's by their name behind ``torchvision:``; with ``fetch`` also where they aren't at hand.

    Raises ``InputError`` V504 for a name that torchvision doesn't have, V510 where no layer can be paired or a layer's
    axes are in another order, V513 for a file that can't be read or isn't whole, V515 for what can't be fetched.
    """
    text = str(given)
    if text.startswith(TORCHVISION):
        found = _of_torchvision(graph, text.removeprefix(TORCHVISION), say, fetch=fetch)
    else:
        found = _of_file(graph, Path(given), say)
    check_finite(found.source, found.weights)
    shapes = weight_shapes(graph)
    for name, array in found.weights.items():
        if name in shapes and (how := turned(name, shapes[name], array.shape)):
            message = f"{name} is {_size(array.shape)} in {found.source}, and {_size(shapes[name])} here"
            raise InputError(Diagnostic("V510", message, help=how))
    in_order = {name: found.weights[name] for name in shapes if name in found.weights}
    return found._replace(weights={**in_order, **found.weights})


def _of_torchvision(graph: TypedGraph, name: str, say: Say, *, fetch: bool) -> Fitting:
    model, entry = find_model(name)
    source = f"{TORCHVISION}{model}@{entry.name}"
    pairs, module, other = paired(graph, model)
    given = fetched(source, entry, say, fetch=fetch)
    say(f"{source}: its layers are paired with the spec's by structure")
    weights = _under(pairs, given)
    return Fitting(weights, given, source, statistics(entry, hasattr(module, "transform_input")), other)


def _of_file(graph: TypedGraph, path: Path, say: Say) -> Fitting:
    file = read_weights(path, set(weight_shapes(graph).values()))
    if file.said:
        say(f"{path}: {'; '.join(file.said)}")
    if file.halved:
        say(f"{path} keeps its weights in {file.halved}")
    refuse_whole_numbers(file.weights)
    names = names_in(graph, file)
    if names is not None and names.module is not None:
        pairs, _, other = paired(graph, names.model)
        has = f"has the names{names.behind} and shapes of torchvision's {names.model}"
        say(f"{path} {has}: its layers are paired by structure")
        say(taken(path, graph, "torchvision's and the spec's", proof=False))
        return Fitting(_under(pairs, names.entries), file.weights, str(path), None, other)
    told = list[str]()
    try:
        weights = named_weights(graph, path, file, names, told.append, proof=False).weights
    except InputError as error:
        told.clear()
        weights = _partly(graph, path, file, names, told.append, error)
    for text in told:
        say(text)
    return Fitting(weights, file.weights, str(path))


def _partly(
    graph: TypedGraph, path: Path, file: WeightFile, names: Names | None, say: Say, error: InputError
) -> Weights:
    """The weights of a file that aren't those of the network as a whole, which is the ``error``."""
    if names is not None:
        say(f"{path} has names of the spec's layers{names.behind}{_passed_over(graph, names.entries)}")
        say(taken(path, graph, proof=False))
        return _by_name(graph, names.entries)
    try:
        pairs = first_in_order(graph, file.weights, ordered=file.ordered)
    except InputError:
        raise error from None
    how = "order and shape" if file.ordered else "shape, those of one shape by the numbers in their names"
    guess = "that they are the same layers is a guess, since nothing else tells it"
    say(f"{path} has other names: its layers are paired by {how}, up to the first that differs; {guess}")
    say(taken(path, graph, proof=False))
    return _under(pairs, file.weights)


def paired(graph: TypedGraph, model: str) -> tuple[dict[str, str], nn.Module, str]:
    """Our layers, each with the module that it is in a model of torchvision; the model; in what the two differ.

    Built with as many classes as ours, by which alone most of them differ.
    """
    module = build_model(model, num_classes=graph.output.elements)
    ours = normal_form(graph)
    try:
        theirs = trace(module.train(bool(graph.heads)), graph.input)
    except Untraceable as error:
        raise unlike(f"torchvision's {model} can't be compared with the network", str(error)) from None
    pairs, other = pair(ours, theirs), ""
    if pairs is None:
        pairs, other = pair_alike(ours, theirs), f"torchvision's {model} differs: {differences(ours, theirs)}"
    return _weighted(graph, pairs | (pair_heads(ours, theirs, pairs) or {})), module, other


def _weighted(graph: TypedGraph, pairs: Mapping[str, str]) -> dict[str, str]:
    layers = layers_in(weight_shapes(graph))
    return {layer: pairs[layer] for layer in layers if layer in pairs}


def _under(pairs: Mapping[str, str], given: Weights) -> dict[str, Array]:
    """By our names what the paired modules hold."""
    ours = {module: layer for layer, module in pairs.items()}
    found: dict[str, Array] = {}
    for name, array in given.items():
        module, _, part = name.rpartition(".")
        if module in ours and part != COUNTER:
            found[f"{ours[module]}.{part}"] = array
    return found


def _by_name(graph: TypedGraph, given: Weights) -> dict[str, Array]:
    layers = set(layers_in(weight_shapes(graph)))
    parts = {name: name.rpartition(".") for name in given}
    return {name: given[name] for name, (layer, _, part) in parts.items() if layer in layers and part != COUNTER}


def _passed_over(graph: TypedGraph, given: Weights) -> str:
    layers = set(layers_in(weight_shapes(graph)))
    others = [layer for layer in layers_in(given) if layer not in layers]
    more = f" and {plural(len(others) - _LISTED, 'more layer')}" if len(others) > _LISTED else ""
    return f"; passed over, since it is in no layer: {names_text(others[:_LISTED])}{more}" if others else ""


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
