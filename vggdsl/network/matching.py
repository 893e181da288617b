"""Which of another's layers is which of ours: by what the layers do, not by what they are called.

Two networks are held against each other as normal forms: graphs of layers without what doesn't change an output in
evaluation (dropout, identities, a last softmax) and with one spelling for what computes the same (an average
over the whole map, a padding before a convolution). Every layer of both gets a number by what it is and by the
numbers of its inputs; those of a sum or a product may stand in any order. Walking back from the outputs then pairs
the layers, so that the order in which anyone registered or wrote them is of no account. What remains open are layers
that stand in for each other in a sum, such as the branches of ``add[ conv3-64 | conv3-64 ]``: either pairing computes
the same.

Weights of which nothing but names and shapes is known are paired by their order (``in_order``), where that
leaves one possibility.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from math import inf
from typing import ClassVar

from vggdsl.network.infer import TypedGraph
from vggdsl.network.ops import AvgPool, Concat, Conv, Facts, GlobalAvgPool, Identity, Input, MaxPool, Merge, Softmax
from vggdsl.network.shapes import Pair, Shape, Sides, Window
from vggdsl.network.weights import COUNTER, Weights, turned, weight_shapes
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.units import names_text

_LISTED = 3


@dataclass(frozen=True)
class AdaptiveAvgPool(Facts):
    """PyTorch's mean over windows that are spread evenly; where they lie at unequal distances no spec has it."""

    word: ClassVar[str] = "adaptive avgpool"
    size: Pair

    def out_shape(self, x: Shape) -> Shape:
        return Shape(x.c, *self.size)

    def plain(self, x: Shape) -> Facts:
        h, w = self.size
        if (x.h, x.w) == self.size:
            return Identity()
        if h == w == 1:
            return GlobalAvgPool()
        if x.h % h or x.w % w:
            return self
        stride = Pair(x.h // h, x.w // w)
        return AvgPool(Window(stride, stride))

    @property
    def text(self) -> str:
        return f"an adaptive avgpool to {self.size}"


@dataclass(frozen=True)
class Padding(Facts):
    """Values around a map, a layer of its own in PyTorch; in a spec the layer behind it says them."""

    word: ClassVar[str] = "padding"
    sides: Sides
    value: float

    def out_shape(self, x: Shape) -> Shape:
        top, bottom, left, right = self.sides
        return Shape(x.c, x.h + top + bottom, x.w + left + right)

    def plain(self, x: Shape) -> Facts:
        return self if any(self.sides) else Identity()

    def before(self, op: Facts) -> Facts | None:
        """The layer that it and one behind it are together; None where that one adds other values."""
        if not isinstance(op, Conv | AvgPool | MaxPool) or op.window.ceil:
            return None
        if self.value != (-inf if isinstance(op, MaxPool) else 0):
            return None
        (top, left), (bottom, right) = op.window.pad_before, op.window.pad_behind
        added = Sides(top, bottom, left, right)
        sides = Sides(*(one + other for one, other in zip(self.sides, added, strict=True)))
        return replace(op, window=replace(op.window, pad=sides))

    @property
    def text(self) -> str:
        return f"{self.value:g} {self.sides}"


Foreign = AdaptiveAvgPool | Padding
"""What others have as a layer, and no spec."""


@dataclass(frozen=True)
class Step:
    """A layer of a normal form, and the shape that it gives."""

    name: str
    op: Facts
    inputs: tuple[str, ...]
    shape: Shape


class NormalForm:
    """A network as far as its outputs depend on it, layer by layer in a topological order.

    ``heads`` are the outputs of auxiliary classifiers.
    """

    def __init__(self, input: str, shape: Shape) -> None:
        self.steps = {input: Step(input, Input(shape), (), shape)}
        self._stands_for = {input: input}
        self.output = input
        self.heads: tuple[str, ...] = ()

    def shape(self, name: str) -> Shape:
        return self.steps[self._stands_for[name]].shape

    def add(self, name: str, op: Facts, inputs: Iterable[str]) -> None:
        """Raises ``ShapeError`` if a layer can't take its inputs."""
        sources = tuple(self._stands_for[name] for name in inputs)
        shapes = [self.steps[source].shape for source in sources]
        before = self.steps[sources[0]]
        if isinstance(before.op, Padding) and (joined := before.op.before(op)) is not None:
            op, sources, shapes = joined, before.inputs, [self.steps[before.inputs[0]].shape]
        op = op.plain(shapes[0])
        if isinstance(op, Identity) or (isinstance(op, Merge) and len(sources) == 1):
            self._stands_for[name] = sources[0]
            return
        if isinstance(op, Concat):  # of a concat: its branches, one behind the other
            steps = [self.steps[source] for source in sources]
            sources = tuple(x for s in steps for x in (s.inputs if isinstance(s.op, Concat) else (s.name,)))
        self._stands_for[name] = name
        self.steps[name] = Step(name, op, sources, op.out_shape(*shapes))

    def finish(self, output: str, heads: Iterable[str] = ()) -> "NormalForm":
        """Says what the outputs are; softmaxes at the end are left out."""
        self.output, *others = (self._logits(name) for name in (output, *heads))
        self.heads = tuple(others)
        return self

    def _logits(self, name: str) -> str:
        step = self.steps[self._stands_for[name]]
        return step.inputs[0] if isinstance(step.op, Softmax) else step.name


def normal_form(graph: TypedGraph) -> NormalForm:
    """A network of ours; its auxiliary classifiers too."""
    form = NormalForm(graph.nodes[0].name, graph.input)
    for typed in graph.training_nodes[1:]:
        form.add(typed.name, typed.node.op, typed.node.inputs)
    return form.finish(graph.nodes[-1].name, (head.nodes[-1].name for head in graph.heads))


def pair(ours: NormalForm, theirs: NormalForm) -> dict[str, str] | None:
    """Our layers, each with theirs; None if the networks differ. Auxiliary classifiers are left out."""
    numbers: dict[object, int] = {}
    number = {id(form): _numbered(form, numbers) for form in (ours, theirs)}
    a, b = number[id(ours)], number[id(theirs)]
    if a[ours.output] != b[theirs.output]:
        return None
    pairs: dict[str, str] = {}
    todo = [(ours.output, theirs.output)]
    while todo:
        here, there = todo.pop()
        if here in pairs:
            if pairs[here] != there:
                return None
            continue
        pairs[here] = there
        one, other = ours.steps[here], theirs.steps[there]
        if one.op.any_order:
            todo += zip(sorted(one.inputs, key=a.__getitem__), sorted(other.inputs, key=b.__getitem__), strict=True)
        else:
            todo += zip(one.inputs, other.inputs, strict=True)
    return pairs if len(set(pairs.values())) == len(pairs) else None


def _numbered(form: NormalForm, numbers: dict[object, int]) -> dict[str, int]:
    """For each layer a number that it shares with those, of any form, that are the same of the same inputs."""
    found: dict[str, int] = {}
    for step in form.steps.values():
        inputs = [found[name] for name in step.inputs]
        key = step.op, tuple(sorted(inputs) if step.op.any_order else inputs)
        found[step.name] = numbers.setdefault(key, len(numbers))
    return found


def pair_heads(ours: NormalForm, theirs: NormalForm, trunk: Mapping[str, str]) -> dict[str, str] | None:
    """The layers of our auxiliary classifiers, each with theirs; None if one of them has no counterpart.

    How a head averages its input may differ, as long as it leaves the same shape: heads are gone in evaluation.
    """
    pairs = dict(trunk)
    for head in ours.heads:
        found = next((f for other in theirs.heads if (f := _pair_head(ours, theirs, (head, other), pairs))), None)
        if found is None:
            return None
        pairs |= found
    return {here: there for here, there in pairs.items() if here not in trunk}


def _pair_head(
    ours: NormalForm, theirs: NormalForm, ends: tuple[str, str], known: Mapping[str, str]
) -> dict[str, str] | None:
    pairs: dict[str, str] = {}
    todo = [ends]
    while todo:
        here, there = todo.pop()
        if here in known or here in pairs:
            if (known.get(here) or pairs[here]) != there:
                return None
            continue
        one, other = ours.steps[here], theirs.steps[there]
        averages = all(isinstance(s.op, AvgPool | GlobalAvgPool | AdaptiveAvgPool) for s in (one, other))
        same = one.shape == other.shape if averages else one.op == other.op
        if not same or len(one.inputs) != len(other.inputs) or there in known.values():
            return None
        pairs[here] = there
        todo += zip(one.inputs, other.inputs, strict=True)
    return pairs


def differences(ours: NormalForm, theirs: NormalForm) -> str:
    """The first layers in which two networks differ, ours and theirs."""
    sides = [[(step, step.op.text) for step in _in_depth(form)] for form in (ours, theirs)]
    found = _compare(*([(f"{s.name} is {text} -> {s.shape}", text) for s, text in side] for side in sides))
    return found or "their layers are the same, and follow each other in another way"


def _compare(ours: Sequence[tuple[str, str]], theirs: Sequence[tuple[str, str]]) -> str:
    """The first differences of two sequences of (what is said of it, what is compared)."""
    found = []
    a, b = ([key for _, key in side] for side in (ours, theirs))
    for tag, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag != "equal":
            both = min(j - i, m - k)
            found += [f"{ours[i + n][0]} here, {theirs[k + n][0]} there" for n in range(both)]
            found += [f"{text}, and only here" for text, _ in ours[i + both : j]]
            found += [f"{text}, and only there" for text, _ in theirs[k + both : m]]
    rest = f"; and {len(found) - _LISTED:,} more" if len(found) > _LISTED else ""
    return "; ".join(found[:_LISTED]) + rest


def _in_depth(form: NormalForm) -> list[Step]:
    """What the output depends on, branch by branch; where any order does, the longest branch first."""
    depth: dict[str, int] = {}
    for step in form.steps.values():
        depth[step.name] = 1 + max((depth[name] for name in step.inputs), default=0)
    order: dict[str, Step] = {}
    todo = [form.output]
    while todo:
        step = form.steps[todo[-1]]
        inputs = sorted(step.inputs, key=lambda name: -depth[name]) if step.op.any_order else step.inputs
        missing = next((name for name in inputs if name not in order), None)
        if missing is not None:
            todo.append(missing)
            continue
        order[todo.pop()] = step
    return list(order.values())


_Parts = tuple[tuple[str, tuple[int, ...]], ...]


def in_order(graph: TypedGraph, given: Weights, *, ordered: bool) -> dict[str, str]:
    """Our layers with weights, each with a module of another's state dict, by order and shapes alone.

    With ``ordered`` the entries come in the order of the layers, as in a state dict, and all shapes must
    follow each other as ours do. Without it, as in a .safetensors file, where entries are sorted by name,
    modules of one shape must have one name but for the numbers in it, which then tell their order.

    Raises ``InputError`` V510 with the first differences; or if two layers in different branches of a
    merge have weights of one shape, so that nobody can tell which is which.
    """
    ours = _modules(weight_shapes(graph))
    theirs = _modules({name: array.shape for name, array in given.items()})
    if not ordered:
        theirs = _like(ours, theirs)
    _refuse_lacking_statistics(ours, theirs)
    if list(ours.values()) != list(theirs.values()):
        sides = [[(f"{n or 'an entry'} is {_say(parts)}", _say(parts)) for n, parts in side.items()]
                 for side in (ours, theirs)]  # fmt: skip
        message = f"the weights don't fit the network: {_compare(*sides)}"
        help = "were they made for another network?"
        if sorted(ours.values()) == sorted(theirs.values()):
            help = "the shapes are those, in another order: name the entries as `vggdsl show` names the layers"
        help = _turned(ours, theirs) or _too_many(ours, theirs) or help
        raise InputError(Diagnostic("V510", message, help=help))
    alike = _interchangeable(graph, ours, only_weight_layers=ordered)  # in order the others follow them
    if alike is not None:
        a, b = alike
        message = f"which weights are {a}'s and which {b}'s can't be told: both are {_say(ours[a])}"
        raise InputError(Diagnostic("V510", message, help="name the entries as `vggdsl show` names the layers"))
    if ordered:
        _refuse_other_order(theirs)
    return dict(zip(ours, theirs, strict=True))


def _turned(ours: Mapping[str, _Parts], theirs: Mapping[str, _Parts]) -> str | None:
    """What to do with the first weight whose axes are in another order; other tools call it ``kernel``."""
    for mine, (there, their) in zip(ours.values(), theirs.items(), strict=False):
        shapes = dict(their)
        for part, shape in mine:
            name = part if part in shapes else "kernel"
            if name in shapes and (said := turned(f"{there}.{name}".lstrip("."), shape, shapes[name])):
                return said if name == part else f"{said}; and it is called {part} here"
    return None


def _too_many(ours: Mapping[str, _Parts], theirs: Mapping[str, _Parts]) -> str | None:
    """Which entries are in no layer, where the others fit without them."""
    left = [*ours.values()]
    more = [name for name, parts in theirs.items() if not (left and left[0] == parts and [left.pop(0)])]
    if left:
        return None
    no_part = "it is" if len(more) == 1 else "they are"
    return f"without {names_text(more)} the others fit: save those alone, if {no_part} no part of the network"


def _refuse_lacking_statistics(ours: Mapping[str, _Parts], theirs: Mapping[str, _Parts]) -> None:
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


def _learned(parts: _Parts) -> _Parts:
    return tuple((name, shape) for name, shape in parts if "running" not in name)


def _refuse_other_order(theirs: Mapping[str, _Parts]) -> None:
    """Raises ``InputError`` V510 if of two modules of one shape the later by its name stands first: modules stand
    as they were registered, which needn't be how they are called."""
    last: dict[tuple[_Parts, str], tuple[list[int], str]] = {}
    for name, parts in theirs.items():
        kind, rank = _ranked(name)
        before, other = last.get((parts, kind), (rank, name))
        if before > rank:
            message = f"which of {other} and {name} comes first can't be told: {other} stands first in the file, "
            message += f"{name} by its name; both are {_say(parts)}"
            help = "name the entries as `vggdsl show` names the layers"
            raise InputError(Diagnostic("V510", message, help=help))
        last[parts, kind] = rank, name


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


def _modules(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, _Parts]:
    """Names of modules, with the names and shapes of what is in each."""
    found: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, shape in shapes.items():
        module, _, part = name.rpartition(".")
        if part != COUNTER:
            found.setdefault(module, {})[part] = shape
    return {module: tuple(sorted(parts.items())) for module, parts in found.items()}


def _like(ours: Mapping[str, _Parts], theirs: Mapping[str, _Parts]) -> dict[str, _Parts]:
    """Their modules in the order in which ours have those shapes; what has no place follows at the end."""
    by_parts: dict[_Parts, list[str]] = {}
    for name in sorted(theirs, key=lambda name: [int(n) for n in re.findall(r"\d+", name)]):
        by_parts.setdefault(theirs[name], []).append(name)
    for parts, names in by_parts.items():
        kinds = {re.sub(r"\d+", "#", name): name for name in names}
        if len(kinds) > 1 and parts in ours.values():
            a, b, *_ = kinds.values()
            message = f"which of {a} and {b} comes first can't be told: both are {_say(parts)}"
            help = "a .safetensors file keeps no order: name its entries as `vggdsl show` names the layers"
            raise InputError(Diagnostic("V510", message, help=help))
    order = [by_parts[parts].pop(0) for parts in ours.values() if by_parts.get(parts)]
    order += [name for names in by_parts.values() for name in names]
    return {name: theirs[name] for name in order}


def _interchangeable(
    graph: TypedGraph, modules: Mapping[str, _Parts], *, only_weight_layers: bool
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
        seen: dict[_Parts, tuple[int, str]] = {}
        for branch, path in enumerate(paths):
            for name in sorted(path - shared):
                if name in modules and (graph[name].node.op.weight_layer or not only_weight_layers):
                    first, other = seen.setdefault(modules[name], (branch, name))
                    if first != branch and other != name:
                        return other, name
    return None


def _say(parts: _Parts) -> str:
    return ", ".join(f"{part} ({', '.join(map(str, shape))})" for part, shape in parts if "running" not in part)
