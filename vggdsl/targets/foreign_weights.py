"""Weights that others made: torchvision's, by name, and files with names that aren't ours.

A model of torchvision is traced by ``torch.fx``, on the meta device and without any weights, into a normal form of
its layers, and paired with the spec's by structure (``vggdsl.network.matching``): windows, strides, padding, groups
and the epsilon of a BN are part of it, since with others the weights would fit and give something else. It
is built for the number of its weights' classes and held against the spec before anything is fetched.

A file is told by its names. Those of the spec's layers are taken as they are. The names and shapes of one of
torchvision's models say that it is this model, with any number of classes. Any others are paired in order.

torchvision's GoogLeNet and Inception were trained on images scaled to -1..1; with their weights these models
undo ImageNet's normalisation first (``transform_input``). Here that is part of the preprocessing.
"""

import sys
import warnings
from collections.abc import Callable, Collection, Mapping
from contextlib import redirect_stdout, suppress
from functools import cache
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlparse

import torch
from torch import nn

from vggdsl.data.preprocessing import Preprocessing
from vggdsl.language.library import shipped
from vggdsl.network.infer import TypedGraph
from vggdsl.network.matching import differences, normal_form, pair, pair_heads
from vggdsl.network.ordering import in_order, numbered
from vggdsl.network.weights import COUNTER, Weights, check_weights, weight_shapes
from vggdsl.spec.parsing import load
from vggdsl.spec.recipe import TORCHVISION
from vggdsl.targets.checkpoints import inner_names, rewritten
from vggdsl.targets.doubts import doubts
from vggdsl.targets.modules import Untraceable
from vggdsl.targets.torch import Network, load_weights, without_weights
from vggdsl.targets.tracing import trace
from vggdsl.targets.unsaid import beyond, unsaid
from vggdsl.targets.weight_files import WeightFile, check_finite, read_weights, to_arrays
from vggdsl.text.errors import Diagnostic, InputError, VggdslError, nearest
from vggdsl.text.packages import needed
from vggdsl.text.units import bytes_text, plural

_KNOWN = {
    **dict.fromkeys(("alexnet", "squeezenet", "vgg"), "features.0.weight"),
    **dict.fromkeys(("resnet", "resnext", "wide_resnet"), "layer1.0.conv1.weight"),
    "convnext": "features.1.0.layer_scale",
    "efficientnet": "features.1.0.block.0.0.weight",
    "mobilenet_v2": "features.1.conv.0.0.weight",
    "mobilenet_v3": "features.1.block.0.0.weight",
    "densenet": "features.conv0.weight",
    "googlenet": "conv1.conv.weight",
    "inception": "Conv2d_1a_3x3.conv.weight",
    "mnasnet": "layers.0.weight",
    "shufflenet": "conv1.0.weight",
    "maxvit": "stem.0.0.weight",
    "vit": "class_token",
}
"""How the names of torchvision's models begin, and a name in their state dicts; of those that can be built without
weights, and in a moment."""

_RENAMED = "if they were trained by the spec all the same, name the entries as `vggdsl show` names the layers"

Say = Callable[[str], None]
"""Takes what the user should know."""


class Loaded(NamedTuple):
    """A network with its weights; ``weights`` are those under its names.

    ``preprocessing`` is None where nobody knows it, ``source`` empty for a file, ``halved`` the kind of half precision
    in which that kept them.
    """

    network: Network
    weights: Weights
    preprocessing: Preprocessing | None = None
    source: str = ""
    halved: str = ""


def from_elsewhere(graph: TypedGraph, given: str | Path, say: Say) -> Loaded:
    """The network with weights that no run left: a file's, or torchvision's by their name behind ``torchvision:``.

    Raises as ``from_file`` and ``from_torchvision``.
    """
    text = str(given)
    if text.startswith(TORCHVISION):
        return from_torchvision(graph, text.removeprefix(TORCHVISION), say)
    return from_file(graph, Path(given), say)


def from_torchvision(graph: TypedGraph, name: str, say: Say) -> Loaded:
    """The network with weights that torchvision publishes: ``vgg16``, or ``vgg16@IMAGENET1K_V1`` for certain ones.

    They come from PyTorch's cache, or are fetched into it.
    Raises ``InputError`` V504 for a name that torchvision doesn't have, V510 if the model isn't this network,
    V513 if the weights are torn, V515 if they can't be fetched.
    """
    model, entry = find_model(name)
    source = f"{TORCHVISION}{model}@{entry.name}"
    classes = tuple(entry.meta.get("categories") or ())
    module = build_model(model, **({"num_classes": len(classes)} if classes else {}))
    pairs = _pair(graph, module, f"torchvision's {model} is another network")
    given = fetched(source, entry, say)
    loaded = _load(graph, pairs, given, say)
    check_finite(source, loaded.weights, "name others of its weights")
    preprocessing = _preprocessing(entry, hasattr(module, "transform_input"), graph, classes, say)
    taken = "weights, classes and preprocessing" if preprocessing is not None else "weights"
    say(f"{source}: {taken} are torchvision's; its layers are those of the spec, one by one")
    return loaded._replace(preprocessing=preprocessing, source=source)


def from_file(graph: TypedGraph, path: Path, say: Say) -> Loaded:
    """The network with the weights of a file, whatever they are called.

    Raises ``InputError`` V510 if they aren't this network's, V513 if the file can't be read or isn't whole.
    """
    file = read_weights(path, set(weight_shapes(graph).values()))
    if file.said:
        say(f"{path}: {'; '.join(file.said)}")
    loaded = named_weights(graph, path, file, names_in(graph, file), say)
    check_finite(path, loaded.weights)
    for said in doubts(path, loaded.network.typed, loaded.weights):
        say(said)
    return loaded._replace(halved=file.halved)


class Names(NamedTuple):
    """Whose names the entries of a file are, behind a ``prefix``: those of the layers of a ``graph`` of ours, or those
    of a ``module`` of torchvision, which has a ``model``'s name. ``entries`` are called without the prefix."""

    prefix: str
    entries: Weights
    graph: TypedGraph | None = None
    module: nn.Module | None = None
    model: str = ""

    @property
    def behind(self) -> str:
        return f", behind `{self.prefix}`" if self.prefix else ""


def names_in(graph: TypedGraph, file: WeightFile) -> Names | None:
    """Whose names the entries of a file are; None for any others. Of the layers of ours most must be among them."""
    named = [name for name in file.weights if name.rpartition(".")[2] != COUNTER]
    for prefix in inner_names(named):
        inner = {name.removeprefix(prefix): a for name, a in file.weights.items() if name.startswith(prefix)}
        for ours in (graph, graph.inference):
            if {name.removeprefix(prefix) for name in named} == weight_shapes(ours).keys():
                return Names(prefix, inner, ours)
        if _are_ours(graph, inner):
            return Names(prefix, inner, graph)
        module, model = recognised(inner)
        if module is not None:
            return Names(prefix, inner, None, module, model)
    return None


def named_weights(
    graph: TypedGraph, path: Path, file: WeightFile, names: Names | None, say: Say, *, proof: bool = True
) -> Loaded:
    """The network with a file's weights, whatever they are called; ``proof`` says how what it doesn't say is proved.

    Raises ``InputError`` V510 if they aren't this network's.
    """
    given = file.weights
    named = [name for name in given if name.rpartition(".")[2] != COUNTER]
    counts = len(given) - len(named)
    and_counts = f"; {plural(counts, 'count')} of batches ({COUNTER}) passed over" if counts else ""
    if names is not None and names.graph is not None:
        check_weights(weight_shapes(names.graph), names.entries)
        say(f"{path} has the spec's names{names.behind}{and_counts}")
        say(taken(path, names.graph, proof=proof))
        return _loaded(names.graph, names.entries)
    if names is not None and names.module is not None:
        otherwise = f"{path} holds weights of torchvision's {names.model}, another network"
        pairs = _pair(graph, names.module, otherwise, help=_RENAMED)
        say(f"{path} has the names{names.behind} and shapes of torchvision's {names.model}: its layers are paired by "
            f"structure{and_counts}")  # fmt: skip
        say(taken(path, graph, "torchvision's and the spec's", proof=proof))
        return _load(graph, pairs, names.entries, say)
    pairs = _in_order(graph, path, file)
    prefixes = reversed(list(inner_names(named)))
    behind = next((f", behind `{prefix}`" for prefix in prefixes if prefix.endswith("module.")), "")
    how = "order and shape" if file.ordered else f"shape{_by_numbers(pairs, given)}"
    say(f"{path} has other names{behind}: its layers are paired by {how}{and_counts}")
    say(taken(path, graph, proof=proof))
    return _load(graph, pairs, given, say)


def _by_numbers(pairs: Mapping[str, str], given: Weights) -> str:
    if not (alike := numbered(pairs, given)):
        return ""
    names, more = ", ".join(alike[0][:4]), "" if len(alike[0]) <= 4 else ", …"
    others = f", and so for {plural(len(alike) - 1, 'more shape')}" if len(alike) > 1 else ""
    guess = "the file has no order, and nothing else tells it"
    return f", and those of one shape taken in the order of the numbers in their names: {names}{more}{others} ({guess})"


def taken(path: Path, graph: TypedGraph, whose: str = "the spec's", *, proof: bool = True) -> str:
    """What a file doesn't say of a network, and with ``proof`` how that is proved."""
    said = f"{path} doesn't say, so they are taken to be {whose}: {unsaid(graph)}"
    if not proof:
        return said
    orders = beyond(graph)
    return f"{said}; `--expect` can prove it" + (f", but not the order of {orders}" if orders else "")


def _in_order(graph: TypedGraph, path: Path, file: WeightFile) -> dict[str, str]:
    """Raises ``InputError`` V510 with the first differences, or with what these weights are instead."""
    given = file.weights
    failed: InputError | None = None
    for ours in (graph, graph.inference) if graph.heads else (graph,):
        try:
            return in_order(ours, given, ordered=file.ordered)
        except InputError as error:
            failed = error
    assert failed is not None
    why = rewritten(list(given))
    if why is not None:
        raise InputError(Diagnostic("V510", f"the weights don't fit the network: {why[0]}", help=why[1]))
    *_, shared = inner_names([*given])
    firsts = sorted({f"{shared}{name.removeprefix(shared).partition('.')[0]}." for name in given})
    fitting = [first for first in firsts if len(firsts) > 1 and _fits(graph, file, first)]
    if fitting:
        behind = " and behind ".join(f"`{first}`" for first in fitting)
        help = f"save those that you mean alone, such as the entries behind `{fitting[0]}`"
        message = f"what is in {path} behind {behind} fits the network, and there is more"
        if _fits(graph, file, *(first for first in firsts if first not in fitting)):
            message = f"what is in {path} behind {behind} fits the network, and so do the entries beside it"
            help = f"save those that you mean alone: the entries behind `{fitting[0]}`, or those without such a prefix"
        raise InputError(Diagnostic("V510", message, help=help))
    raise failed


def _fits(graph: TypedGraph, file: WeightFile, *prefixes: str) -> bool:
    some = {name: array for name, array in file.weights.items() if name.startswith(prefixes)}
    with suppress(InputError):
        return bool(in_order(graph.inference, some, ordered=file.ordered))
    return False


def _are_ours(graph: TypedGraph, names: Collection[str]) -> bool:
    """Whether most of the names are those of our layers."""
    return 2 * len(weight_shapes(graph).keys() & names) > len([n for n in names if n.rpartition(".")[2] != COUNTER])


def refuse_whole_numbers(given: Weights) -> None:
    """Raises ``InputError`` V513 for quantised weights."""
    whole = next(
        (name for name, array in given.items() if array.dtype.kind in "iub" and not name.endswith(COUNTER)), ""
    )
    if whole:
        message = f"{whole} holds whole numbers, of {given[whole].dtype}"
        help = "quantised weights aren't read without their scales: take those that they were made of"
        raise InputError(Diagnostic("V513", message, help=help))


def _loaded(graph: TypedGraph, given: Weights) -> Loaded:
    refuse_whole_numbers(given)
    network = without_weights(graph)
    load_weights(network, given)
    return Loaded(network, given)


def _load(graph: TypedGraph, pairs: Mapping[str, str], given: Weights, say: Say) -> Loaded:
    """The network with the weights of the paired modules, without auxiliary classifiers if those have none."""
    heads = [t.name for head in graph.heads for t in head.nodes if t.params.total]
    there = {name.rpartition(".")[0] for name in given}
    if any(pairs.get(name) not in there for name in heads):
        say("there are no weights for the auxiliary classifiers; outside of training they are gone anyway")
        graph = graph.inference
    names = {f"{pairs[module]}.{part}".removeprefix("."): f"{module}.{part}" for module, part in _places(graph)}
    missing = [name for name in names if name not in given]
    if missing:
        message = f"the weights aren't whole: {missing[0]} is missing"
        raise InputError(Diagnostic("V510", message, help="were they made by another version?"))
    return _loaded(graph, {ours: given[theirs] for theirs, ours in names.items()})


def _places(graph: TypedGraph) -> list[tuple[str, str]]:
    """Our layers with weights, and the name of each weight in them."""
    return [(module, part) for module, _, part in (name.rpartition(".") for name in weight_shapes(graph))]


# -- torchvision's models


def find_model(name: str) -> tuple[str, Any]:
    """The name of a model, and an entry of the enumeration of its weights."""
    with needed():
        from torchvision import models

    model, _, wanted = name.partition("@")
    known = models.list_models(module=models)
    if model not in known:
        near = nearest(model, known)
        some = ", ".join(f"`{TORCHVISION}{each}`" for each in _SOME)
        help = f"did you mean `{TORCHVISION}{near}`?" if near else f"such as {some}"
        raise InputError(Diagnostic("V504", f"torchvision has no model `{model}` that names images", help=help))
    entries = models.get_model_weights(model)
    wanted = wanted or "DEFAULT"
    if wanted not in entries.__members__:
        help = "it has " + ", ".join(f"`{TORCHVISION}{model}@{entry.name}`" for entry in entries)
        raise InputError(Diagnostic("V504", f"torchvision's {model} has no weights `{wanted}`", help=help))
    return model, entries[wanted]


_SOME = ("vgg16", "resnet50", "googlenet", "alexnet")


def build_model(model: str, **options: Any) -> nn.Module:
    """A model without weights. Raises ``InputError`` V510 if it can't be built so."""
    with needed():
        from torchvision import models

    with warnings.catch_warnings(), torch.device("meta"):
        warnings.simplefilter("ignore")  # about initialisations
        try:
            built = models.get_model(model, weights=None, **options)
        except NotImplementedError:  # by models that compute their widths with tensors
            raise unlike(f"torchvision's {model} is another network", "it isn't made of a spec's layers") from None
    assert isinstance(built, nn.Module)
    return built


def recognised(given: Weights) -> tuple[nn.Module | None, str]:
    """torchvision's model with exactly those names and shapes, but for the number of classes."""
    with needed():
        from torchvision import models

    shapes = _shapes({name: tuple(array.shape) for name, array in given.items()})
    for model in sorted(models.list_models(module=models), key=lambda name: (len(name), name)):  # the small ones first
        if not any(model.startswith(family) and name in shapes for family, name in _KNOWN.items()):
            continue
        theirs = _without_aux(_published(model), shapes)
        if theirs.keys() != shapes.keys():
            continue
        classes = {shapes[name][:1] for name in shapes if shapes[name] != theirs[name]}
        if not classes:
            return build_model(model), model
        if len(classes) == 1 and (width := classes.pop()):
            module = build_model(model, num_classes=width[0])
            if _without_aux(_state(module), shapes) == shapes:
                return module, model
    return None, ""


@cache
def _published(model: str) -> Mapping[str, tuple[int, ...]]:
    """The shapes in the state dict of a model, kept: to build one takes up to a tenth of a second, without values too,
    and who looks for a file's model builds all of its family."""
    return _state(build_model(model))


def _state(module: nn.Module) -> dict[str, tuple[int, ...]]:
    return _shapes({name: tuple(tensor.shape) for name, tensor in module.state_dict().items()})


def _without_aux(shapes: Mapping[str, tuple[int, ...]], like: Mapping[str, object]) -> Mapping[str, tuple[int, ...]]:
    """Without auxiliary classifiers, as after training, if ``like`` has none."""
    if any(_is_aux(name) for name in like):
        return shapes
    return {name: shape for name, shape in shapes.items() if not _is_aux(name)}


def _is_aux(name: str) -> bool:
    return name.lower().startswith("aux")


def _shapes(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    return {name: shape for name, shape in shapes.items() if name.rpartition(".")[2] != COUNTER}


def _pair(graph: TypedGraph, module: nn.Module, otherwise: str, help: str | None = None) -> dict[str, str]:
    """Our layers, each with the module that it is there; those of heads as far as they have a counterpart.

    Raises ``InputError`` V510, which begins with ``otherwise``, if the networks differ.
    """
    ours = normal_form(graph)
    try:
        theirs = trace(module.train(bool(graph.heads)), graph.input)
    except Untraceable as error:
        raise unlike(otherwise, str(error), help) from None
    pairs = pair(ours, theirs)
    if pairs is None:
        raise unlike(otherwise, differences(ours, theirs), _shipped(module.eval()) or help)
    return pairs | (pair_heads(ours, theirs, pairs) or {})


def unlike(what: str, why: str, help: str | None = None) -> InputError:
    return InputError(Diagnostic("V510", f"{what}: {why}", help=help))


def _shipped(module: nn.Module) -> str | None:
    """The shipped spec that is a model of torchvision."""
    params = sum(p.numel() for name, p in module.named_parameters() if not _is_aux(name))
    for name in shipped():
        try:
            graph = load(name).typed
            if graph.params == params and pair(normal_form(graph), trace(module, graph.input)) is not None:
                return f"`{name}` is torchvision's network"
        except (VggdslError, Untraceable):  # it isn't this one, then
            continue
    return None


def fetched(source: str, entry: Any, say: Say, *, fetch: bool = True) -> Weights:
    """The weights of an entry, from PyTorch's cache; where they aren't there and it may ``fetch``, into it.

    Raises ``InputError`` V513 if they are torn, V515 if they can't be fetched or may not be.
    """
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    cached = folder / Path(urlparse(entry.url).path).name
    mebibytes = entry.meta.get("_file_size")
    size = f" ({bytes_text(round(mebibytes * 2**20))})" if mebibytes else ""
    if not fetch and not cached.exists():
        message = f"{source} isn't in PyTorch's cache, {folder}"
        help = f"`--download` fetches {entry.url}{size}"
        raise InputError(Diagnostic("V515", message, help=help))
    say(f"{source}: {cached}" if cached.exists() else f"fetching {entry.url}{size} into {folder}")
    try:
        with redirect_stdout(sys.stderr):  # PyTorch says there what it fetches
            state = entry.get_state_dict(
                progress=sys.stderr.isatty(), check_hash=True, map_location="cpu", weights_only=True
            )
    except (OSError, HTTPException) as error:  # no network, no such file there, no room here
        reason = getattr(error, "reason", None) or error
        why = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        message = f"can't fetch {source} from {entry.url}: {why}"
        help = "fetch it elsewhere, and name the file: `--weights FILE`"
        raise InputError(Diagnostic("V515", message, help=help)) from None
    except MemoryError:
        raise
    except Exception as error:  # PyTorch has no root for what can be wrong with a file
        if "invalid hash" in str(error):
            message = f"{entry.url} gave something else than {source}: its digest is wrong"
            raise InputError(Diagnostic("V515", message, help="try again, or from another network")) from None
        message = f"{source}: {cached} is torn, or was put there by something else"
        raise InputError(Diagnostic("V513", message, help="delete it, and it is fetched anew")) from None
    return to_arrays(source, state)


def _preprocessing(
    entry: Any, rescales: bool, graph: TypedGraph, classes: tuple[str, ...], say: Say
) -> Preprocessing | None:
    """What torchvision does to images for these weights, as far as an ONNX file can tell."""
    how, (mean, std) = entry.transforms(), statistics(entry, rescales)
    if how.interpolation.value != "bilinear" or len(mean) != graph.input.c:
        return None
    names = classes if len(classes) == graph.output.elements else ()
    crop, shorter = how.crop_size[0], how.resize_size[0]
    if (graph.input.h, graph.input.w) != (crop, crop):
        say(f"torchvision's images are {crop}x{crop}: for this input they are scaled to cover it")
        shorter = None
    return Preprocessing(graph.input, mean, std, names, shorter)


def statistics(entry: Any, rescales: bool) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The mean and the deviation of each channel by which a model takes images, of pixels from 0 to 1."""
    how = entry.transforms()
    mean, std = (tuple(float(value) for value in values) for values in (how.mean, how.std))
    return ((0.5,) * len(mean),) * 2 if rescales else (mean, std)
