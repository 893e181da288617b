"""Weights that look wrong, told of by their values alone: a layer that can't have learnt them, or gives nothing.

All of it is doubt and stops nobody. What trained networks have passes: channels that were pruned or died, kernels of
two or three values, fixed filters, and layers many times smaller or larger than they began.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.ops import (
    Add,
    AvgPool,
    BatchNorm,
    Concat,
    GlobalAvgPool,
    GlobalMaxPool,
    MaxPool,
    Mul,
    Part,
    Shuffle,
    Softmax,
    Take,
    Widen,
)
from vggdsl.network.weights import Array, Weights
from vggdsl.targets.modules import lower
from vggdsl.text.units import names_text, plural

_LARGEST_VARIANCE = 1e12
"""Of values a million wide: no activation of a network that learnt anything."""
_TINY, _HUGE = 1e-6, 1e4
"""By what an initialisation gives, as root mean squares. Trained layers stay within 1e-3 and 1e2; a BN folded into
the layer before it makes that up to 300 times as large, by 1 / sqrt(eps)."""
_OUTWEIGHED = 100
"""A bias by the norm of its weights. In trained layers it is below 10 somewhere at least, and seldom of one sign."""
_TERNARY, _FILTER = 3, 8
"""Distinct whole numbers: up to so many in networks of -1, 0 and 1, and in fixed filters such as Sobel's."""
_FEW = 8
"""So few values may be the same in two layers by chance, or say nothing of the others."""
_SAMPLED = 64
"""Of the values of a tensor: where these are others, all needn't be compared. Spread, since pruned ones begin alike."""
_STATISTICS = ("running_mean", "running_var")
_MANY = 256
"""So many weights have both signs."""
_SWAPPED = 0.25
"""Of a BN's scales, if negative while no shift is."""
_POOLS = MaxPool | AvgPool | GlobalMaxPool | GlobalAvgPool
_ZERO_OF_ZEROS = _POOLS | Widen | Shuffle | Take | Concat | Add


def doubts(path: Path | str, graph: TypedGraph, given: Weights) -> Iterator[str]:
    """What is to be said of weights that are as before any training, or as no training leaves them."""
    ends = _ends(graph, given)
    judged = {name: array for name, array in given.items() if name not in ends}
    told = set[str]()
    for text, names in (*_zeros(ends), *_flat(judged), *_sized(graph, judged), *_whole(judged)):
        told |= {name.rpartition(".")[0] for name in names}
        yield f"{path}: {text}"
    for text in (
        *_statistics(judged),
        *_copies(graph, judged),
        *_swapped(graph, judged),
        *_dead(graph, judged, told),
    ):
        yield f"{path}: {text}"


_Told = Iterator[tuple[str, list[str]]]
"""A sentence, and the weights that it is about."""


def _ends(graph: TypedGraph, given: Weights) -> Weights:
    """What makes residual branches give 0 or nearly so, where something else is added: with such scales and kernels
    training may begin (Goyal et al. 2017, sec. 5.1; Zhang et al. 2019, "Fixup"), or bring them there."""
    weak = {
        f"{typed.name}.{part.name}": typed.name
        for typed, part in _learnt(graph)
        if (array := given.get(f"{typed.name}.{part.name}")) is not None and _size(array) <= _begins_at(part) * _TINY
    }
    idle = _idle_branches(graph, set(weak.values()))
    return {name: given[name] for name, layer in weak.items() if layer in idle}


def _zeros(ends: Weights) -> _Told:
    """What is exactly 0 at the end of a branch, no step of a training was taken with: its gradient isn't 0 there. Later
    it is near 0 at most, unless the branch was pruned or half precision rounded it. Biases and statistics tell nothing
    of it: they may be drawn, and taken by mere passes."""
    if names := [name for name, array in ends.items() if not array.any()]:
        are, branch = ("is", "its residual branch") if len(names) == 1 else ("are", "the residual branch of each")
        nothing = "adds nothing but biases: was it pruned, or never trained?"
        yield f"{names_text(names)} {are} 0 all over, so that {branch} {nothing}", names


def _flat(given: Weights) -> _Told:
    """Fixed filters are one for each channel, and maps that are held positive give one value."""
    kernels = _kernels(given)
    if flat := [name for name, a in kernels.items() if a.min() == a.max()]:
        yield f"{flat[0]} is {given[flat[0]].flat[0]:g} all over{_others(flat)}: was it ever trained?", flat
    several = {name: a for name, a in kernels.items() if name not in flat and min(a.shape[:2]) > 1}
    if unsigned := [name for name, a in several.items() if _unsigned(a)]:
        yield f"{unsigned[0]} has no negative weight{_others(unsigned)}: were signs lost?", unsigned
    if rows := [name for name, a in several.items() if a[0].size > _FEW and _is_one(a)]:
        yield f"{rows[0]} is the same for each output{_others(rows)}: was it ever trained?", rows


def _unsigned(array: Array) -> bool:
    return bool((array.flat[:_MANY] >= 0).all() and (array >= 0).all() and np.count_nonzero(array) >= _MANY)


def _sized(graph: TypedGraph, given: Weights) -> _Told:
    none, tiny, huge = dict[str, str](), dict[str, str](), dict[str, str]()
    for typed, part in _learnt(graph):
        array = given.get(f"{typed.name}.{part.name}")
        if array is None or (array.ndim > 1 and array.min() == array.max()):
            continue
        begins, size = _begins_at(part), _size(array)
        if not begins * _TINY < size < begins * _HUGE:
            found = huge if size > begins else tiny if size else none
            about = f"about {size:.0e} in size, where training begins at {begins:.0e}" if size else "0 all over"
            found[f"{typed.name}.{part.name}"] = about
    unit = "in which unit is it?"
    for found, question in ((none, "was it ever trained?"), (tiny, unit), (huge, unit)):
        if names := list(found):
            yield f"{names[0]} is {found[names[0]]}{_others(names)}: {question}", names


def _whole(given: Weights) -> _Told:
    names = [name for name, array in _kernels(given).items() if array.size > _FEW and _counts(array) > _FILTER]
    if names:
        largest = max(float(np.abs(given[name]).max()) for name in names)
        whole = f"{names[0]} holds nothing but whole numbers, up to {largest:g}{_others(names)}"
        yield f"{whole}: was it quantised, and is its scale missing?", names


def _counts(array: Array) -> int:
    """How many whole numbers, if there are no others; else 0."""
    for values in (array.flat[: 64 * _FEW], array):
        if not bool((values == np.rint(values)).all()):
            return 0
    return np.unique(array).size


def _statistics(given: Weights) -> Iterator[str]:
    layers = [layer for layer, _, part in (name.rpartition(".") for name in given) if part == "running_var"]
    fresh = [layer for layer in layers if _begins(given, layer)]
    if fresh:
        normalise, their = ("normalises", "its") if len(fresh) == 1 else ("normalise", "their")
        yield (
            f"{names_text(fresh)} {normalise} by mean 0 and variance 1 in each channel, as a BN begins: were {their} "
            "statistics ever taken?"
        )
    for layer in layers:
        array = given[f"{layer}.running_var"]
        if array.size and not 0 < array.max() < _LARGEST_VARIANCE:
            yield f"{layer} normalises by variances up to {array.max():.0e}: were its statistics ever taken?"
        elif layer not in fresh and array.size >= _FEW and array.min() == array.max():
            one = f"the variance {array.flat[0]:g} in each channel"
            yield f"{layer} normalises by {one}: were its statistics ever taken?"


def _begins(given: Weights, layer: str) -> bool:
    mean, var = given.get(f"{layer}.running_mean"), given[f"{layer}.running_var"]
    return mean is not None and bool((mean == 0).all() and (var == 1).all())


def _copies(graph: TypedGraph, given: Weights) -> Iterator[str]:
    """What has the same values as another layer, or another part of its own; not what the file has as one tensor, nor
    one filter for all channels, nor what two BNs took from the same values, nor biases that are added in one sum, which
    a training changes alike."""
    alike = dict[object, list[str]]()
    for name, array in given.items():
        if array.size >= _FEW and not _is_one(array) and not 0 < _counts(array) <= _TERNARY:
            some = array.reshape(-1)[:: -(-array.size // _SAMPLED)]
            alike.setdefault((array.shape, some.tobytes()), []).append(name)
    taken = {f"{t.name}.{part}": (*t.node.inputs, part) for t in graph.training_nodes for part in _STATISTICS}
    sums = (t for t in graph.training_nodes if isinstance(t.node.op, Add))
    taken |= {f"{name}.bias": (t.name, "bias") for t in sums for name in t.node.inputs}
    found = [
        (first, other)
        for first, *others in alike.values()
        for other in others
        if given[first].ctypes.data != given[other].ctypes.data
        and (first not in taken or taken[first] != taken.get(other))
        and np.array_equal(given[first], given[other])
    ]
    if found:
        first, other = found[0]
        more = f", as {plural(len(found) - 1, 'more pair')}" if len(found) > 1 else ""
        yield f"{first} and {other} hold the same values{more}: was one copied for the other?"


def _is_one(array: Array) -> bool:
    """Whether all outputs have the same weights."""
    return bool((array[-1] == array[0]).all() and (array == array[:1]).all())


def _swapped(graph: TypedGraph, given: Weights) -> Iterator[str]:
    for typed in graph.training_nodes:
        weight, bias = (given.get(f"{typed.name}.{part}") for part in ("weight", "bias"))
        if not isinstance(typed.node.op, BatchNorm) or weight is None or bias is None or weight.size < _FEW:
            continue
        negative = int((weight < 0).sum())
        if negative > _SWAPPED * weight.size and bool((bias > 0).all()):
            of = f"{negative} of {plural(weight.size, 'scale')} negative, and each shift positive"
            yield f"{typed.name} has {of}: are its weight and bias swapped?"


def _dead(graph: TypedGraph, given: Weights, told: Iterable[str]) -> Iterator[str]:
    """Layers whose biases outweigh their weights so far that what follows gives one value, whatever comes in."""
    users = _users(graph)
    for typed in graph.training_nodes:
        user, affine = _after(typed, users), None if typed.name in told else _affine(graph, typed, given)
        if user is None or affine is None:
            continue
        bias, most = affine.bias, _OUTWEIGHED * affine.weight
        outweigh = f"what it adds, up to {np.abs(bias).max():.0e}, outweighs its weights"
        if isinstance(user.node.op, Softmax):
            first = int(bias.argmax())
            if bias.size > 1 and (np.delete(bias + most, first) < (bias - most)[first]).all():
                yield f"{typed.name} gives class {first}, counted from 0, whatever comes in: {outweigh}"
        elif user.node.op.activation:
            ends = torch.from_numpy(np.stack([bias - most, bias, bias + most]).astype(np.float32))
            low, mid, high = lower(user.node.op, user.x, True)[0](ends)
            if torch.equal(low, mid) and torch.equal(mid, high):
                yield f"{typed.name} gives {user.node.op.kind} the same whatever comes in: {outweigh}"


def _users(graph: TypedGraph) -> dict[str, list[TypedNode]]:
    users = dict[str, list[TypedNode]]()
    for typed in graph.training_nodes:
        for name in typed.node.inputs:
            users.setdefault(name, []).append(typed)
    return users


def _idle_branches(graph: TypedGraph, weak: Collection[str]) -> set[str]:
    """The layers that serve nothing but to add 0 to other values, if what the ``weak`` ones give is 0 but for biases.
    Squeeze-and-excitation of a 0 gives 0. A sum of nothing but what is the same for each image is no such other."""
    zero, fixed = set(weak), set(weak)
    for typed in graph.training_nodes:
        inputs, op = typed.node.inputs, typed.node.op
        passes = op.idle or isinstance(op, _ZERO_OF_ZEROS)
        if any(name in zero for name in inputs) if isinstance(op, Mul) else passes and zero.issuperset(inputs):
            zero.add(typed.name)
        if typed.name in zero or (inputs and fixed.issuperset(inputs)):
            fixed.add(typed.name)
    users, idle = _users(graph), set[str]()
    for name in [typed.name for typed in reversed(graph.training_nodes) if typed.name in fixed]:
        ends = [
            name in zero if isinstance(user.node.op, Add) and user.name not in fixed else user.name in idle
            for user in users.get(name, [])
        ]
        if ends and all(ends):
            idle.add(name)
    return idle


def _after(typed: TypedNode, users: Mapping[str, list[TypedNode]]) -> TypedNode | None:
    """The one layer that takes what a layer gives, or the largest or the mean of it."""
    while len(found := users.get(typed.name, [])) == 1:
        (typed,) = found
        if not (typed.node.op.idle or isinstance(typed.node.op, _POOLS)):
            return typed
    return None


class _Affine(NamedTuple):
    """For each channel the norm of its weights, and what is added."""

    weight: Array
    bias: Array


def _affine(graph: TypedGraph, typed: TypedNode, given: Weights) -> _Affine | None:
    """Of a BN behind a layer with weights both together: its mean takes away what that adds. Of values as wide as the
    BN takes them to be its own scales are the norm."""
    weight, bias = (given.get(f"{typed.name}.{part}") for part in ("weight", "bias"))
    if weight is None or bias is None:
        return None
    affine = _Affine(_norms(weight), bias.astype(np.float64))
    if not isinstance(op := typed.node.op, BatchNorm):
        return affine
    mean, var = (given[f"{typed.name}.{part}"].astype(np.float64) for part in _STATISTICS)
    with np.errstate(invalid="ignore"):  # a negative variance, which is refused elsewhere
        factor = weight / np.sqrt(var + op.eps)
    (before,) = typed.node.inputs
    kernel = given.get(f"{before}.weight")
    if kernel is None or kernel.ndim < 2:
        return affine
    added = affine.bias + (given.get(f"{before}.bias", 0) - mean) * factor
    return _Affine(np.maximum(affine.weight, _norms(kernel) * np.abs(factor)), added)


def _learnt(graph: TypedGraph) -> Iterator[tuple[TypedNode, Part]]:
    """All weights but the slopes of activations, which may become anything."""
    for typed in graph.training_nodes:
        if not typed.node.op.activation:
            yield from ((typed, part) for part in typed.node.op.parts(typed.x) if part.counts == "weights")


def _begins_at(part: Part) -> float:
    return part.first or math.sqrt(2 / math.prod(part.shape[1:]))


def _size(array: Array) -> float:
    norms = _norms(array)
    return math.sqrt(float(norms @ norms) / array.size)


def _kernels(given: Weights) -> dict[str, Array]:
    return {name: array for name, array in given.items() if array.ndim > 1 and array.size > 1}


def _norms(array: Array) -> Array:
    """The Euclidean norm of the weights of each output, without a copy of them in double precision."""
    rows = array.reshape(len(array), -1)
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64)))


def _others(names: list[str]) -> str:
    return f", as {plural(len(names) - 1, 'other')}" if len(names) > 1 else ""
