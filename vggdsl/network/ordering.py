"""Which of another's weights are which of ours where nothing but names and shapes is known: by their order.

They are paired where that leaves one possibility (``in_order``); what the layers do is compared in ``matching``.
"""

import re
from collections import Counter
from collections.abc import Mapping
from itertools import islice, pairwise, takewhile
from typing import TypeAlias

from vggdsl.network.infer import TypedGraph
from vggdsl.network.matching import first_differences
from vggdsl.network.ops import Merge
from vggdsl.network.weights import COUNTER, Weights, turned, weight_shapes
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.units import names_text

Parts: TypeAlias = tuple[tuple[str, tuple[int, ...]], ...]
"""Names and shapes of what a module holds."""


def in_order(graph: TypedGraph, given: Weights, *, ordered: bool) -> dict[str, str]:
    """Our layers with weights, each with a module of another's state dict, by order and shapes alone.

    With ``ordered`` the entries come in the order of the layers, as in a state dict, and all shapes must
    follow each other as ours do. Without it, as in a .safetensors file, where entries are sorted by name,
    modules of one shape must have one name but for the numbers in it, which are taken to tell their order:
    ``numbered`` gives those.

    Raises ``InputError`` V510 with the first differences; or if two layers in different branches of a
    merge have weights of one shape, so that nobody can tell which is which.
    """
    ours = modules_of(weight_shapes(graph))
    theirs = modules_of({name: array.shape for name, array in given.items()})
    if not ordered:
        theirs = arranged(ours, theirs)
    _refuse_lacking_statistics(ours, theirs)
    _refuse_others(ours, theirs)
    _refuse_doubtful(graph, ours, theirs, ordered=ordered)
    return dict(zip(ours, theirs, strict=True))


def first_in_order(graph: TypedGraph, given: Weights, *, ordered: bool) -> dict[str, str]:
    """The same for a network whose last layers have other shapes: those before them, each with a module, and those that
    differ with what stands in their place.

    The last layers must be of the same kinds there and here, one by one, or missing there. Behind the first that
    differs none is paired whose shapes fit. Without an order the layers of one shape must be as many there as here.

    Raises ``InputError`` V510 otherwise, and as ``in_order``.
    """
    ours = modules_of(weight_shapes(graph))
    theirs = modules_of({name: array.shape for name, array in given.items()})
    if not ordered:
        theirs = arranged(ours, theirs, as_many=True)
    alike = list(takewhile(lambda both: both[0] == both[1], zip(ours.values(), theirs.values(), strict=False)))
    kinds, others = (list(map(_kind, list(side.values())[len(alike) :])) for side in (ours, theirs))
    if not alike or (others and others != kinds):
        _refuse_others(ours, theirs)
    first, their_first = (dict(islice(side.items(), len(alike))) for side in (ours, theirs))
    _refuse_doubtful(graph, first, their_first, ordered=ordered)
    last = zip(list(ours)[len(alike) :], list(theirs)[len(alike) :], strict=False)
    return dict(zip(first, their_first, strict=True)) | {name: it for name, it in last if ours[name] != theirs[it]}


def _kind(parts: Parts) -> list[tuple[str, int]]:
    """Of a layer, whatever its sizes."""
    return [(name, len(shape)) for name, shape in parts]


def _refuse_others(ours: Mapping[str, Parts], theirs: Mapping[str, Parts]) -> None:
    """Raises ``InputError`` V510 with the first differences, if there is one."""
    if list(ours.values()) != list(theirs.values()):
        sides = [[(f"{n or 'an entry'} is {_say(parts)}", _say(parts)) for n, parts in side.items()]
                 for side in (ours, theirs)]  # fmt: skip
        message = f"the weights don't fit the network: {first_differences(*sides)}"
        help = "were they made for another network?"
        if sorted(ours.values()) == sorted(theirs.values()):
            help = "the shapes are those, in another order: name the entries as `vggdsl show` names the layers"
        known = (_turned, _too_many, _other_bias, _other_classes)
        help = next(filter(None, (say(ours, theirs) for say in known)), help)
        raise InputError(Diagnostic("V510", message, help=help))


def _refuse_doubtful(
    graph: TypedGraph, ours: Mapping[str, Parts], theirs: Mapping[str, Parts], *, ordered: bool
) -> None:
    """Raises ``InputError`` V510 if layers of one shape could be each other's."""
    alike = _interchangeable(graph, ours, only_weight_layers=ordered)  # in order the others follow them
    if alike is not None:
        a, b = alike
        message = f"which weights are {a}'s and which {b}'s can't be told: both are {_say(ours[a])}"
        raise InputError(Diagnostic("V510", message, help="name the entries as `vggdsl show` names the layers"))
    (_refuse_other_order if ordered else _refuse_counting_down)(theirs)


def numbered(pairs: Mapping[str, str], given: Weights) -> list[list[str]]:
    """Modules of one shape that nothing but the numbers in their names tells apart, as ``in_order`` paired them."""
    shapes = modules_of({name: array.shape for name, array in given.items()})
    alike: dict[Parts, list[str]] = {}
    for name in pairs.values():
        alike.setdefault(shapes[name], []).append(name)
    return [names for names in alike.values() if len(names) > 1]


def _turned(ours: Mapping[str, Parts], theirs: Mapping[str, Parts]) -> str | None:
    """What to do with the first weight whose axes are in another order; other tools call it ``kernel``."""
    for mine, (there, their) in zip(ours.values(), theirs.items(), strict=False):
        shapes = dict(their)
        for part, shape in mine:
            name = part if part in shapes else "kernel"
            if name in shapes and (said := turned(f"{there}.{name}".lstrip("."), shape, shapes[name])):
                return said if name == part else f"{said}; and it is called {part} here"
    return None


def _too_many(ours: Mapping[str, Parts], theirs: Mapping[str, Parts]) -> str | None:
    """Which entries are in no layer, where the others fit without them."""
    left = [*ours.values()]
    more = [
        name or names_text([part for part, _ in parts])
        for name, parts in theirs.items()
        if not (left and left[0] == parts and [left.pop(0)])
    ]
    if left:
        return None
    no_part = "it is" if len(more) == 1 else "they are"
    return f"all else fits: save it without {names_text(more)}, if {no_part} no part of the network"


def _other_bias(ours: Mapping[str, Parts], theirs: Mapping[str, Parts]) -> str | None:
    """How the first layer that differs is written, where it differs by a bias alone."""
    for (here, parts), (there, others) in zip(ours.items(), theirs.items(), strict=False):
        if parts != others:
            mine, their = (tuple(part for part in side if part[0] != "bias") for side in (parts, others))
            if mine != their or any("running" in name for name, _ in parts) or len(parts) == len(others):
                return None
            if their == others:
                return f"{there} has no bias: write {here} with `bias=no`, if it was trained without one"
            return f"{there} has a bias: write {here} with `bias=yes`, if it was trained with one"
    return None


def _other_classes(ours: Mapping[str, Parts], theirs: Mapping[str, Parts]) -> str | None:
    """How many values the last layer gives there, where it differs by that alone."""
    if not ours or not theirs:
        return None
    *mine, (here, own) = ours.items()
    *their, (_, other) = theirs.items()
    is_fit = [parts for _, parts in mine] == [parts for _, parts in their]
    sizes = [{name: shape[1:] for name, shape in parts} for parts in (own, other)]
    here_gives, there_gives = ({shape[:1] for _, shape in parts} for parts in (own, other))
    if not is_fit or sizes[0] != sizes[1] or len(here_gives) != 1 or len(there_gives) != 1:
        return None
    (ours_out,), (theirs_out,) = here_gives, there_gives
    if not ours_out or not theirs_out:  # a single value has no size
        return None
    return f"all else fits: were they trained on {theirs_out[0]} classes? {here} gives {ours_out[0]}"


def _refuse_lacking_statistics(ours: Mapping[str, Parts], theirs: Mapping[str, Parts]) -> None:
    """Raises ``InputError`` V510 if nothing but running statistics is on one side alone."""
    weights = [[_learned(parts) for parts in side.values()] for side in (ours, theirs)]
    if weights[0] != weights[1]:
        return
    for (here, parts), (there, others) in zip(ours.items(), theirs.items(), strict=True):
        if len(parts) > len(others):
            message = f"{there or 'an entry'} has no running_mean and running_var, by which {here} normalises"
            help = "save the whole state_dict(), with its buffers; a BN that tracks none is in no spec"
        elif len(parts) < len(others):
            message = f"{there or 'an entry'} has running statistics, as a BN has, and {here} takes none"
            help = "write BN in the spec, if that is what was trained"
        else:
            continue
        raise InputError(Diagnostic("V510", f"the weights don't fit the network: {message}", help=help))


def _learned(parts: Parts) -> Parts:
    return tuple((name, shape) for name, shape in parts if "running" not in name)


def _refuse_other_order(theirs: Mapping[str, Parts]) -> None:
    """Raises ``InputError`` V510 if of two modules of one shape the later by its name stands first: modules stand
    as they were registered, which needn't be how they are called."""
    last: dict[tuple[Parts, str], tuple[list[int], str]] = {}
    for name, parts in theirs.items():
        kind, rank = _ranked(name)
        before, other = last.get((parts, kind), (rank, name))
        if before > rank:
            message = f"which of {other} and {name} comes first can't be told: {other} stands first in the file, "
            message += f"{name} by its name; both are {_say(parts)}"
            help = "name the entries as `vggdsl show` names the layers"
            raise InputError(Diagnostic("V510", message, help=help))
        last[parts, kind] = rank, name


def _refuse_counting_down(theirs: Mapping[str, Parts]) -> None:
    """Raises ``InputError`` V510 if two modules of one shape are told apart by a number that doesn't count up through
    the network, as the others of that name show, whose shapes leave them one place."""
    alike: dict[Parts, list[str]] = {}
    counted: dict[tuple[str, tuple[int, ...]], list[int]] = {}
    for name, parts in theirs.items():
        alike.setdefault(parts, []).append(name)
        kind, numbers = _numbers(name)
        for i, number in enumerate(numbers):
            counted.setdefault((kind, numbers[:i]), []).append(number)
    for parts, names in alike.items():
        for name, other in pairwise(names):
            kind, numbers = _numbers(name)
            others = _numbers(other)[1]
            same = next((i for i, both in enumerate(zip(numbers, others, strict=True)) if both[0] != both[1]), None)
            if same is None or (count := counted[kind, numbers[:same]]) != sorted(count):
                raise _untold(name, other, parts)


def _untold(a: str, b: str, parts: Parts) -> InputError:
    message = f"which of {a} and {b} comes first can't be told: both are {_say(parts)}"
    help = "a .safetensors file keeps no order: name its entries as `vggdsl show` names the layers"
    return InputError(Diagnostic("V510", message, help=help))


_COUNTS = ("", "first", "second", "third", "fourth", "fifth")
_ALONE = r"(?<![^\W_])(?:[a-z]|first|second|third|fourth|fifth)(?![^\W\d_])"
_RANK = re.compile(rf"\d+|{_ALONE}|(?<=\d)[a-z](?![a-z])|(?<=[a-z])[A-Z](?![A-Za-z])")
"""What tells an order in a name: numbers, words for them, and letters that stand alone or behind a number or a word."""


def _ranked(name: str) -> tuple[str, list[int]]:
    """What names have in common that differ by ranks alone, and the ranks.

    >>> _ranked("stage2.conv_b"), _ranked("second.conv3a")
    (('stage#.conv_#', [2, 98]), ('#.conv##', [2, 3, 97]))
    """
    return _RANK.sub("#", name), [_rank(found) for found in _RANK.findall(name)]


def _rank(found: str) -> int:
    if found.isdecimal():
        return int(found)
    return _COUNTS.index(found) if found in _COUNTS else ord(found.lower())


def modules_of(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Parts]:
    """Names of modules, with the names and shapes of what is in each; counts of batches are no part of any."""
    found: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, shape in shapes.items():
        module, _, part = name.rpartition(".")
        if part != COUNTER:
            found.setdefault(module, {})[part] = shape
    return {module: tuple(sorted(parts.items())) for module, parts in found.items()}


def arranged(
    ours: Mapping[str, Parts], theirs: Mapping[str, Parts], *, as_many: bool = False, pairs: bool = True
) -> dict[str, Parts]:
    """Their modules in the order in which ours have those shapes, or nearly those, so that what differs stands where it
    does in a file with an order; what has no place follows at the end. Where there must be ``as_many`` of a shape as of
    ours, others have none.

    Where they are to be ``pairs``, raises ``InputError`` V510 if it can't be told which of two is which.
    """
    mine, their = (Counter(side.values()) for side in (ours, theirs))
    left = sorted(theirs, key=lambda name: _numbers(name)[1])
    places: dict[str, str] = {}
    for like in (_as_is, _learned, _weights_alone, _sizes):
        alike: dict[object, list[str]] = {}
        for name in left:
            alike.setdefault(like(theirs[name]), []).append(name)
        for here, parts in ours.items():
            if here in places or not (names := alike.get(like(parts))):
                continue
            if as_many and mine[parts] != their[parts]:
                continue
            kinds = {_numbers(name)[0]: name for name in names}
            if pairs and like is _as_is and len(kinds) > 1:
                first, second, *_ = kinds.values()
                raise _untold(first, second, parts)
            places[here] = names.pop(0)
        taken = set(places.values())
        left = [name for name in left if name not in taken]
    return {name: theirs[name] for name in (*(places[here] for here in ours if here in places), *left)}


def _as_is(parts: Parts) -> Parts:
    return parts


def _weights_alone(parts: Parts) -> Parts:
    return tuple((name, shape) for name, shape in _learned(parts) if name != "bias")


def _sizes(parts: Parts) -> tuple[int, ...]:
    """Those of the axes of the largest part, which another tool may call and turn otherwise."""
    largest = max((shape for _, shape in parts), key=len)
    return tuple(sorted(largest))


def _numbers(name: str) -> tuple[str, tuple[int, ...]]:
    """What names have in common that differ by numbers alone, and the numbers."""
    return re.sub(r"\d+", "#", name), tuple(int(found) for found in re.findall(r"\d+", name))


def _interchangeable(
    graph: TypedGraph, modules: Mapping[str, Parts], *, only_weight_layers: bool
) -> tuple[str, str] | None:
    """Two layers whose weights have one shape and that lie in different branches of a merge."""
    behind: dict[str, frozenset[str]] = {}
    for typed in graph.training_nodes:
        node = typed.node
        paths = [behind[name] for name in node.inputs]
        behind[node.name] = frozenset({node.name}).union(*paths)
        if not isinstance(node.op, Merge):
            continue
        shared = frozenset.intersection(*paths)
        seen: dict[Parts, tuple[int, str]] = {}
        for branch, path in enumerate(paths):
            for name in sorted(path - shared):
                if name in modules and (graph[name].node.op.weight_layer or not only_weight_layers):
                    first, other = seen.setdefault(modules[name], (branch, name))
                    if first != branch and other != name:
                        return other, name
    return None


def _say(parts: Parts) -> str:
    """What a module holds, without running statistics."""
    return ", ".join(f"{part} ({', '.join(map(str, shape))})" for part, shape in parts if "running" not in part)
