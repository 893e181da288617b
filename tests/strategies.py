"""Random networks that are valid: as ops, as parts, as graphs, and as texts in the spec language.

Small, so that thousands can be tried: sides to 24, channels to 12, chains of up to 12 layers.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import count
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from hypothesis import strategies as st

from vggdsl.language.dictionary import ACTIVATIONS, KINDS, LayerKind
from vggdsl.language.schema import Key
from vggdsl.language.types import Flag, Whole
from vggdsl.network.graph import Graph, Head, Node
from vggdsl.network.infer import TypedGraph, infer
from vggdsl.network.ops import (
    FC,
    FUNCTIONS,
    LRN,
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    Concat,
    Conv,
    Dropout,
    GlobalAvgPool,
    GlobalMaxPool,
    Identity,
    Input,
    Layer,
    MaxPool,
    Merge,
    Mul,
    Op,
    Softmax,
    Widen,
)
from vggdsl.network.shapes import Pair, Shape, Sides, Window
from vggdsl.text.errors import ShapeError
from vggdsl.text.source import Source, Span

SIDE, CHANNELS, LAYERS = 24, 12, 12
MADE = 1000
"""Strategies of a kind that are kept: one for each shape."""
T = TypeVar("T")
P = ParamSpec("P")


def composite(build: Callable[Concatenate[st.DrawFn, P], T]) -> Callable[P, st.SearchStrategy[T]]:
    """Made once for the same arguments: hypothesis looks through each new strategy before it draws from it."""
    return cast(Callable[P, st.SearchStrategy[T]], lru_cache(MADE)(st.composite(build)))


@lru_cache(MADE)
def sampled(values: tuple[T, ...]) -> st.SearchStrategy[T]:
    """One of the values, by a strategy that is made once."""
    return st.sampled_from(values)


# -- ops


@composite
def pairs(draw: st.DrawFn, low: int, high: int) -> Pair:
    """Mostly the same along both axes, as papers have it."""
    first = draw(st.integers(low, high))
    return Pair(first, first if draw(st.booleans()) else draw(st.integers(low, high)))


@composite
def sides(draw: st.DrawFn, most: Pair) -> Pair | Sides:
    """Padding by sides, each at most that of its axis; a pair where opposite ones are the same."""
    return Window(POINT.kernel, pad=Sides(*(draw(st.integers(0, m)) for m in (most.h, most.h, most.w, most.w)))).pad


def _fitting(kernel: Pair, pad: Pair | Sides, dilation: Pair, x: Shape) -> Pair:
    """The kernel, made smaller where it exceeds the padded input."""
    w = Window(kernel, pad=pad)
    pads = zip(w.pad_before, w.pad_behind, strict=True)
    rooms = ((n + p + q - 1) // d + 1 for n, (p, q), d in zip((x.h, x.w), pads, dilation, strict=True))
    return Pair(*(min(k, room) for k, room in zip(kernel, rooms, strict=True)))


DILATIONS = st.sampled_from([Pair(1, 1)] * 3 + [Pair(2, 2), Pair(1, 3)])
PADS = pairs(0, 3) | sides(Pair(3, 3))


@lru_cache(MADE)
def pads_within(most: Pair) -> st.SearchStrategy[Pair]:
    return st.builds(Pair, *(st.integers(0, m) for m in most))


@composite
def convs(draw: st.DrawFn, x: Shape) -> Conv:
    """Convolutions that can take the shape."""
    kernel, dilation = draw(pairs(1, 5)), draw(DILATIONS)
    same = Pair(*((k - 1) // 2 for k in kernel))
    pad = same if draw(st.booleans()) else draw(PADS)
    kernel = _fitting(kernel, pad, dilation, x)
    groups = draw(sampled(tuple(g for g in range(1, CHANNELS + 1) if x.c % g == 0)))
    channels = groups * draw(st.integers(1, max(1, CHANNELS // groups)))
    window = Window(kernel, draw(pairs(1, 3)), pad, dilation)
    return Conv(channels, window, groups, bias=draw(st.booleans()))


@composite
def pool_windows(draw: st.DrawFn, x: Shape) -> Window:
    """Windows whose padding is at most half of them: else one could lie outside of the input."""
    kernel = _fitting(draw(pairs(1, 4)), Pair(0, 0), Pair(1, 1), x)
    half = Pair(*(k // 2 for k in kernel))
    pad = draw(sides(half) if draw(st.booleans()) else pads_within(half))
    ceil = draw(st.booleans()) and not isinstance(pad, Sides)  # with sides there is no need of it
    return Window(kernel, draw(pairs(1, 3)), pad, ceil=ceil)


TRIED: dict[str, list[float]] = {
    "rate": [0.1, 0.25, 0.5],
    "constant": [0.1, 0.25, 0.5],
    "eps": [1e-5, 1e-3, 0.1],
    "momentum": [0.1, 0.3],
    "k": [1.0, 2.0],
    "alpha": [1e-4, 0.01, 1.0],
    "beta": [0.5, 0.75, 1.0],
}
"""Of numbers in options; of others the default."""
NUMBERS = {name: st.sampled_from(numbers) for name, numbers in TRIED.items()}
PERHAPS_NUMBERS = {name: st.none() | numbers for name, numbers in NUMBERS.items()}
WIDEST = 7


@lru_cache(MADE)
def tried(key: Key) -> st.SearchStrategy[Any]:
    match key.type:
        case Flag():
            return st.booleans()
        case Whole(least):
            return st.integers(least, WIDEST)
        case _:
            return st.sampled_from(TRIED.get(key.name, [key.default]))


def takes(op: Op, x: Shape) -> bool:
    try:
        op.out_shape(x)
    except ShapeError:
        return False
    return True


def sizes(kind: LayerKind, x: Shape, most: int = 2 * CHANNELS) -> list[int]:
    """The numbers behind the word's hyphen with which a layer of the kind takes the shape."""
    return [n for n in range(1, max(x.c, most) + 1) if takes(kind.make(n), x)]


@composite
def made(draw: st.DrawFn, op_type: type[Op], x: Shape | None) -> Layer:
    """Layers of an op that can take the shape, by what the dictionary says of them; no windows. Without sizes, any."""
    kind = draw(OF_OP[op_type])
    number: float | None = None
    if x is not None:
        number = draw(sampled(tuple(sizes(kind, x))))
    elif kind.form == "RATED":
        number = draw(NUMBERS[kind.number])
    elif kind.form == "CURVED":
        number = draw(PERHAPS_NUMBERS[kind.number])
    op = kind.make(number, **{key.name: draw(tried(key)) for key in kind.options})
    assert isinstance(op, Layer)
    return op


BY_OP: dict[type[Op], list[LayerKind]] = {}
"""The kinds that are told by numbers and options, without a window; no softmax, which stands only at the end."""
for _kind in KINDS.values():
    if _kind.form in ("SIZED", "RATED", "CURVED", "PLAIN") and _kind.op is not Softmax:
        BY_OP.setdefault(_kind.op, []).append(_kind)
OF_OP = {op: st.sampled_from(kinds) for op, kinds in BY_OP.items()}
REFINING = [op for op in BY_OP if (op.activation or op.passing) and not op.idle]
"""Activations and normalisations."""


def of(ops: Iterable[type[Op]], x: Shape) -> list[st.SearchStrategy[Layer]]:
    """A strategy for each of the ops that has layers that take the shape."""
    sized = {op: BY_OP[op][0].form == "SIZED" for op in ops}
    return [
        made(op, x if is_sized else None) for op, is_sized in sized.items() if not is_sized or sizes(BY_OP[op][0], x)
    ]


@lru_cache(MADE)
def layers(x: Shape) -> st.SearchStrategy[Layer]:
    """Layers that can take the shape; no softmax, which stands only at the end."""
    windows: list[st.SearchStrategy[Layer]] = [
        convs(x),
        pool_windows(x).map(MaxPool),
        pool_windows(x).map(AvgPool),
    ]
    others = of([op for op in BY_OP if op not in REFINING], x)
    # Not `one_of`, which takes repeated ones once.
    return st.sampled_from(windows * 6 + of(REFINING, x) * 2 + others).flatmap(lambda layer: layer)


SIDES = st.integers(1, SIDE) | st.integers(SIDE // 2, SIDE)


@composite
def chains(draw: st.DrawFn, most: int = LAYERS) -> list[Op]:
    """An input and 1 to ``most`` layers, each of which takes what the one before gives."""
    shape = Shape(draw(st.integers(1, CHANNELS)), draw(SIDES), draw(SIDES))
    ops: list[Op] = [Input(shape)]
    for _ in range(draw(st.integers(1, most))):
        layer = draw(layers(shape))
        shape = layer.out_shape(shape)
        ops.append(layer)
    if draw(st.booleans()):
        ops.append(Softmax())
    return ops


# -- parts: what a network is made of, apart from how it is written


@dataclass(frozen=True)
class One:
    """A single layer."""

    op: Layer
    label: str | None = None


@dataclass(frozen=True)
class Several:
    """Parts in a row; with a repeat, as often."""

    parts: tuple["Part", ...]
    repeat: int | None = None
    label: str | None = None


@dataclass(frozen=True)
class Merged:
    """Parts side by side."""

    op: Merge
    branches: tuple[tuple["Part", ...], ...]
    label: str | None = None


@dataclass(frozen=True)
class Aside:
    """An auxiliary classifier."""

    weight: float
    parts: tuple["Part", ...]
    label: str | None = None


Part = One | Several | Merged | Aside


@dataclass(frozen=True)
class Net:
    """An input, the parts behind it, and what follows every convolution."""

    shape: Shape
    parts: tuple[Part, ...]
    rule: tuple[Layer, ...] = ()

    @property
    def without_heads(self) -> "Net":
        parts = _headless(self.parts)
        return replace(self, parts=parts, rule=self.rule if _has_conv(parts) else ())

    @property
    def with_labels(self) -> "Net":
        """The same with a label on every part of which there is only one."""
        return replace(self, parts=_labelled(self.parts, count(1), everything=True))


def _headless(parts: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(inside(part, _headless) for part in parts if not isinstance(part, Aside))


def _has_conv(parts: tuple[Part, ...]) -> bool:
    """A rule that matches nothing is an error."""
    return any(isinstance(part, One) and isinstance(part.op, Conv) for row in rows(parts) for part in row)


def inside(part: Part, change: Callable[[tuple[Part, ...]], tuple[Part, ...]]) -> Part:
    """The part with every row of parts right inside it changed."""
    match part:
        case Several() | Aside():
            return replace(part, parts=change(part.parts))
        case Merged():
            return replace(part, branches=tuple(map(change, part.branches)))
        case One():
            return part


def rows(parts: tuple[Part, ...]) -> Iterator[tuple[Part, ...]]:
    """The parts and, row by row, all that are inside them."""
    yield parts
    for part in parts:
        for inner in part.branches if isinstance(part, Merged) else () if isinstance(part, One) else (part.parts,):
            yield from rows(inner)


def shape_of(parts: Iterable[Part], x: Shape) -> Shape:
    """What parts give."""
    for part in parts:
        match part:
            case One(op):
                x = op.out_shape(x)
            case Several(inner, repeat):
                for _ in range(repeat or 1):
                    x = shape_of(inner, x)
            case Merged(op, branches):
                x = op.out_shape(*(shape_of(branch, x) for branch in branches))
            case Aside():
                pass
    return x


RULES_OF_CONV: list[tuple[Layer, ...]] = [(), (), (BatchNorm(),), (Dropout(0.5),), (BatchNorm(1e-3), LRN())]
"""Without activations, so that one can be written behind a convolution."""
MERGING: list[Merge] = [Concat(), Add(), Mul()]
SAME = Window(Pair(3, 3), pad=Pair(1, 1))
POINT = Window(Pair(1, 1))
RULES_BEHIND, MERGES, FIRST = st.sampled_from(RULES_OF_CONV), st.sampled_from(MERGING), st.sampled_from(FUNCTIONS)
CLASSES, REPEATS = st.integers(1, 5), st.none() | st.integers(1, 3)
PERHAPS_CLASSES = st.none() | CLASSES


@composite
def nets(draw: st.DrawFn, deep: int = 2, heads: bool = False) -> Net:
    """Networks with branches, groups, repeats, auxiliary classifiers (``heads``: at least one) and labels.

    An activation comes first: as one is written, none is implied.
    """
    start = x = Shape(draw(st.integers(1, 4)), draw(st.integers(3, 10)), draw(st.integers(3, 10)))
    classes = draw(CLASSES if heads else PERHAPS_CLASSES)
    parts: list[Part] = [One(Activation(draw(FIRST)))]
    for _ in range(draw(st.integers(1, 3))):
        part = draw(_parts(x, deep, classes))
        parts.append(part)
        x = shape_of([part], x)
    if classes is not None:
        parts += [draw(_asides(x, classes)), One(FC(classes))]
    if draw(st.booleans()):
        parts.append(One(Softmax()))
    labelled = _labelled(parts, count(1), draw=draw) if draw(st.booleans()) else tuple(parts)
    return Net(start, labelled, draw(RULES_BEHIND) if _has_conv(labelled) else ())


@lru_cache(MADE)
def _parts(x: Shape, deep: int, classes: int | None) -> st.SearchStrategy[Part]:
    """Parts that can take the shape."""
    return layers(x).map(One) | _kept(x, deep, classes) | _merges(x, deep, classes)


SMALL_CONVS: st.SearchStrategy[Layer] = st.builds(
    Conv, st.integers(1, 6), st.sampled_from([SAME, POINT]), bias=st.booleans()
)
SMALL_POOLS: st.SearchStrategy[Layer] = st.sampled_from([MaxPool(SAME), AvgPool(SAME)])


@lru_cache(MADE)
def _keeping(x: Shape) -> st.SearchStrategy[Layer]:
    """Layers that keep height and width."""
    refining = st.one_of(of([*REFINING, Identity], x))
    return SMALL_CONVS | SMALL_POOLS | refining | st.integers(x.c, x.c + 3).map(Widen)


@composite
def _kept(draw: st.DrawFn, x: Shape, deep: int, classes: int | None) -> Part:
    """A part that keeps height and width; a group, which may repeat, keeps the channels, too."""
    match draw(sampled(("one", "one", "one", *(("group", "merge") if deep else ())))):
        case "group":
            parts = draw(_row(x, deep - 1, classes))
            if shape_of(parts, x) != x:
                parts = (*parts, One(Conv(x.c, POINT)))
            return Several(parts, draw(REPEATS))
        case "merge":
            return draw(_merges(x, deep, classes, same_size=True))
        case _:
            return One(draw(_keeping(x)))


@composite
def _row(draw: st.DrawFn, x: Shape, deep: int, classes: int | None) -> tuple[Part, ...]:
    """One or two parts that keep height and width, perhaps with an auxiliary classifier behind the first."""
    parts: list[Part] = []
    for i in range(draw(st.integers(1, 2))):
        parts.append(draw(_kept(shape_of(parts, x), deep, classes)))
        if not i and classes is not None and draw(st.integers(0, 4)) == 4:
            parts.append(draw(_asides(shape_of(parts, x), classes)))
    return tuple(parts)


@composite
def _merges(draw: st.DrawFn, x: Shape, deep: int, classes: int | None, same_size: bool = False) -> Merged:
    """Branches that keep height and width, then all go through one window, or all become vectors."""
    op: Merge = draw(MERGES)
    how = "keep" if same_size else draw(sampled(("keep", "window", "vector")))
    window = replace(draw(pool_windows(x)), ceil=False)
    ends: dict[str, tuple[Layer, ...]] = {
        "window": (MaxPool(window), AvgPool(window), Conv(3, window)),
        "vector": (GlobalAvgPool(), GlobalMaxPool(), FC(2), FC(4, bias=False)),
    }
    branches: list[tuple[Part, ...]] = []
    for _ in range(draw(st.integers(2, 3))):
        branch = draw(_row(x, deep - 1, classes)) if draw(st.booleans()) else (One(Identity()),)
        if how != "keep":
            branch = (*branch, One(draw(sampled(ends[how]))))
        branches.append(branch)
    if not isinstance(op, Concat):
        width = draw(st.integers(1, 6))
        projection = One(FC(width) if how == "vector" else Conv(width, POINT))
        fits = len({shape_of(branch, x) for branch in branches}) == 1
        branches = branches if fits else [(*branch, projection) for branch in branches]
    if isinstance(op, Mul) and draw(st.booleans()):
        whole = shape_of(branches[0], x)
        scale = (One(GlobalAvgPool()), One(Conv(whole.c, POINT)), One(Activation("sigmoid")))
        branches.insert(draw(st.integers(0, len(branches))), scale)
    return Merged(op, tuple(branches))


@composite
def _asides(draw: st.DrawFn, x: Shape, classes: int) -> Aside:
    parts: list[Part] = [One(draw(layers(x)))] if draw(st.booleans()) else []
    parts += [One(FC(classes)), *([One(Softmax())] if draw(st.booleans()) else [])]
    return Aside(draw(sampled((0.3, 1.0, 0.125))), tuple(parts))


def _labelled(
    parts: Iterable[Part], numbers: Iterator[int], *, draw: st.DrawFn | None = None, everything: bool = False
) -> tuple[Part, ...]:
    """Parts with labels ``l1``, ``l2``, …; none in a repeat without one, where they would stand twice."""

    def within(inner: tuple[Part, ...]) -> tuple[Part, ...]:
        return _labelled(inner, numbers, draw=draw, everything=everything)

    found: list[Part] = []
    for part in parts:
        if everything or (draw is not None and draw(st.booleans())):
            part = replace(part, label=f"l{next(numbers)}")
        is_once = part.label is not None or not isinstance(part, Several) or part.repeat is None
        found.append(inside(part, within) if is_once else part)
    return tuple(found)


# -- graphs

LABELS = ["", "3a.", "train.", "3a.forward."]
"""Some are words that modules use themselves."""
LABEL = st.sampled_from(LABELS)
NOWHERE = Span(Source("net.arch", ""), 0, 0)


def chain(*ops: Op, label: str = "") -> TypedGraph:
    """The ops one after the other, with names as the language gives them or nearly."""
    text = " ".join(spelled(op) for op in ops)
    source, at = Source("chain.arch", text), 0
    nodes: list[Node] = []
    for index, op in enumerate(ops):
        name = f"{label}{op.word.lower()}{index}" if index else "input"
        end = at + len(spelled(op))
        before = (nodes[-1].name,) if nodes else ()
        nodes.append(Node(name, op, before, Span(source, at, end), spelled(op)))
        at = end + 1
    return infer(Graph(tuple(nodes)))


def graph_of(net: Net, label: str = "") -> TypedGraph:
    """The graph that a network is, put together without the language."""
    trunk = [Node("input", Input(net.shape), (), NOWHERE)]
    heads: list[tuple[float, list[Node]]] = []
    numbers = count(1)

    def append(op: Op, inputs: tuple[str, ...], to: list[Node]) -> str:
        name = f"{label}{op.word.lower()}{next(numbers)}"
        to.append(Node(name, op, inputs, NOWHERE, branches=(NOWHERE,) * len(inputs) if len(inputs) > 1 else ()))
        return name

    def lower(parts: Iterable[Part], x: str, to: list[Node]) -> str:
        for part in parts:
            match part:
                case One(op):
                    x = append(op, (x,), to)
                    for follows in net.rule if isinstance(op, Conv) else ():
                        x = append(follows, (x,), to)
                case Several(inner, repeat):
                    for _ in range(repeat or 1):
                        x = lower(inner, x, to)
                case Merged(op, branches):
                    x = append(op, tuple([lower(branch, x, to) for branch in branches]), to)
                case Aside(weight, inner):
                    heads.append((weight, []))
                    lower(inner, x, heads[-1][1])
        return x

    lower(net.parts, "input", trunk)
    return infer(Graph(tuple(trunk), tuple(Head(weight, tuple(nodes), NOWHERE) for weight, nodes in heads)))


@composite
def graphs(draw: st.DrawFn) -> TypedGraph:
    """Chains and networks that branch as typed graphs, some under a label."""
    label = draw(LABEL)
    if draw(st.booleans()):
        return chain(*draw(chains()), label=label)
    return graph_of(draw(nets()), label)


branching = st.builds(graph_of, nets(), st.sampled_from(LABELS))
branching_with_heads = st.builds(graph_of, nets(heads=True), st.sampled_from(LABELS))


# -- texts


def spelled(op: Op, number: Callable[[int], str] = str) -> str:
    """The op in the spec language, with the options that differ from what is meant without them.

    ``number`` writes its sizes. A merge is spelled with its branches, by ``written``.
    """
    match op:
        case Input():
            return f"input {op.size}"
        case Conv():
            return " ".join([_conv_word(op, number), *_conv_options(op)])
        case MaxPool() | AvgPool():
            return _pool(op.word, op.window, number)
        case _:
            kind = KINDS[op.kind]
            word = kind.word
            if kind.form == "SIZED":
                word += f"-{number(getattr(op, kind.number))}"
            elif kind.form in ("RATED", "CURVED") and getattr(op, kind.number) is not None:
                word += f"-{getattr(op, kind.number):g}"
            given = {key: getattr(op, key.name) for key in kind.options}
            return " ".join([word, *(f"{k.name}={k.type.write(v)}" for k, v in given.items() if v != k.default)])


def _side(pair: Pair, number: Callable[[int], str] = str) -> str:
    return number(pair.h) if pair.h == pair.w else str(pair)


def _conv_word(op: Conv, number: Callable[[int], str]) -> str:
    stride = op.window.stride
    word = f"conv{_side(op.window.kernel, number)}-{number(op.channels)}"
    return word + (f"/{_side(stride, number)}" if stride != (1, 1) else "")


def _conv_options(op: Conv) -> list[str]:
    w = op.window
    same = Pair(*(d * (k - 1) // 2 for k, d in zip(w.kernel, w.dilation, strict=True)))
    options = []
    if w.pad != same:
        options.append(f"pad={w.pad.short}")
    if w.dilation != (1, 1):
        options.append(f"dilation={_side(w.dilation)}")
    if op.groups != 1:
        options.append(f"groups={op.groups}")
    if not op.bias:
        options.append("bias=no")
    return options


def _pool(word: str, w: Window, number: Callable[[int], str]) -> str:
    parts = [f"{word}{_side(w.kernel, number)}/{_side(w.stride, number)}"]
    if any(w.pad):
        parts.append(f"pad={w.pad.short}")
    if w.ceil:
        parts.append("ceil")
    return " ".join(parts)


RULES = ["BN ReLU", "ReLU", "BN", "none", "ReLU dropout-0.5", *(f"LRN {word}" for word in ACTIVATIONS)]


@composite
def chain_texts(draw: st.DrawFn) -> str:
    """Specs of chains: layers over one or several lines, repeats, ``after`` and ``default`` rules.

    With a rule no activation is written, as one behind a layer whose rule gives one is an error.
    """
    ops = draw(chains())
    rules = []
    for kind, op_type in (("conv", Conv), ("FC", FC)):
        of_kind = [op for op in ops[1:] if isinstance(op, op_type)]
        if bool(of_kind) and draw(st.booleans()):
            rules.append(f"default {kind}: bias={draw(st.sampled_from(['yes', 'no']))}")
        # The last layer with weights may be the classifier, which hidden rules don't apply to.
        if len(of_kind) > 1 and draw(st.booleans()):
            rules.append(f"after {kind}: {draw(st.sampled_from(RULES))}")
    if any(rule.startswith("after") for rule in rules):
        ops = [op for op in ops if not op.activation]
    words = [spelled(ops[0])]
    for op in ops[1:]:
        word = spelled(op)
        if isinstance(op, Conv) and _repeatable(op) and draw(st.booleans()):
            word += f" x{draw(st.integers(2, 3))}"
        words.append(word)
    lines, line = [], words[0]
    for word in words[1:]:
        if draw(st.booleans()):
            lines.append(line)
            line = word
        else:
            line += " " + word
    lines.append(line)
    for rule in rules:
        lines.insert(draw(st.integers(0, len(lines))), rule)
    return "\n".join(lines) + "\n"


def _repeatable(op: Conv) -> bool:
    """Whether it can take what it gives, and leaves the size to the layers behind."""
    same = all(k % 2 for k in op.window.kernel) and op.window.pad == Pair(*(k // 2 for k in op.window.kernel))
    plain = op.window.stride == op.window.dilation == (1, 1)
    return same and plain and op.groups == 1


# -- texts of parts


@dataclass
class Writer:
    """Writes parts as texts; with ``draw`` some as blocks, whose sizes may be parameters."""

    draw: st.DrawFn | None = None
    blocks: list[str] = field(default_factory=list)
    known: dict[Part, tuple[str, list[int]]] = field(default_factory=dict)

    def row(self, parts: Iterable[Part], values: dict[str, int] | None = None) -> str:
        return " ".join(self.part(part, values) for part in parts)

    def part(self, part: Part, values: dict[str, int] | None = None) -> str:
        """``values`` are those of the parameters of the block that it is in."""
        label = f"{part.label}: " if part.label else ""
        repeat = f" x{part.repeat}" if isinstance(part, Several) and part.repeat is not None else ""
        is_block = not isinstance(part, Aside) and self.draw is not None and self.draw(st.integers(0, 2)) == 2
        return label + (self._call(part, values) if is_block else self._element(part, values)) + repeat

    def _element(self, part: Part, values: dict[str, int] | None) -> str:
        match part:
            case One(op):
                return spelled(op, lambda n: self._number(n, values))
            case Several(parts):
                return f"( {self.row(parts, values)} )"
            case Merged(op, branches):
                return f"{op.word}[ {' | '.join(self.row(branch, values) for branch in branches)} ]"
            case Aside(weight, parts):
                return f"aux {weight:g} {{ {self.row(parts, values)} }}"

    def _call(self, part: Part, values: dict[str, int] | None) -> str:
        """A call of the block that the part is; equal parts are one block."""
        bare = replace(part, label=None)
        if isinstance(bare, Several):
            bare = replace(bare, repeat=None)
        if bare not in self.known:
            own: dict[str, int] = {}
            body = self.row(bare.parts, own) if isinstance(bare, Several) else self._element(bare, own)
            name = f"b{len(self.blocks)}"
            self.blocks.append(f"block {name}({', '.join(own)}) {{ {body} }}")
            self.known[bare] = name, list(own.values())
        name, given = self.known[bare]
        return f"{name}({', '.join(self._number(n, values) for n in given)})"

    def _number(self, n: int, values: dict[str, int] | None) -> str:
        if values is None or self.draw is None or not self.draw(st.booleans()):
            return str(n)
        name = next((name for name, value in values.items() if value == n), f"p{len(values)}")
        values[name] = n
        return f"${name}"


def lines_of(net: Net, writer: Writer) -> list[str]:
    """The lines of a network that any order leaves the same but for the first, the input, and the second."""
    lines = [f"input {net.shape}", writer.row(net.parts)] if net.parts else [f"input {net.shape}"]
    if net.rule:
        lines.append(f"after conv: {' '.join(map(spelled, net.rule))}")
    return lines + writer.blocks


def plain_text(net: Net) -> str:
    """The network without blocks."""
    return "\n".join(lines_of(net, Writer())) + "\n"


COMMENTS = st.sampled_from(["", "  # 64 | { ]"])


@st.composite
def texts_of(draw: st.DrawFn, net: Net) -> str:
    """Texts of a network: with blocks, parameters, comments, and its lines in any order."""
    first, *body = lines_of(net, Writer(draw))
    rest = draw(st.permutations(body[1:]))
    lines = [*rest, first, *body[:1]] if draw(st.booleans()) else [first, *body[:1], *rest]
    return "".join(f"{line}{draw(COMMENTS)}\n" for line in lines)


@st.composite
def edits(draw: st.DrawFn, net: Net) -> tuple[str, Net]:
    """A file that extends ``base.arch``, and what the network, every part of which has a label, is after it."""
    lines, numbers = ['extends "base.arch"'], count(1)
    for _ in range(draw(st.integers(1, 3))):
        labelled = [tuple(p for p in row if p.label) for row in rows(net.parts)]
        row = draw(st.sampled_from([row for row in labelled if row] or [()]))
        if not row:
            break
        verb = draw(st.sampled_from(["remove", "replace", "insert-after"]))
        old = draw(st.sampled_from(row))
        if verb == "remove":
            last = draw(st.sampled_from(row[row.index(old) :]))
            lines.append(f"remove {old.label}" + (f"..{last.label}" if last is not old else ""))
            net = replace(net, parts=_spliced(net.parts, old, last, ()))
            continue
        new = draw(st.lists(st.sampled_from(FRESH), min_size=1, max_size=2))
        fresh = tuple(replace(p, label=f"m{next(numbers)}" if draw(st.booleans()) else None) for p in new)
        lines.append(f"{verb} {old.label}: {Writer().row(fresh)}")
        instead: tuple[Part, ...] = (old, *fresh)
        if verb == "replace" and len(fresh) == 1:
            instead = (replace(fresh[0], label=fresh[0].label or old.label),)
        elif verb == "replace":
            instead = (Several(fresh, label=old.label),)
        net = replace(net, parts=_spliced(net.parts, old, old, instead))
    return "\n".join(lines) + "\n", net


FRESH: list[Part] = [
    One(BatchNorm()),
    One(Conv(3, SAME)),
    Several((One(Activation("tanh")), One(Identity())), 2),
    Merged(Concat(), ((One(Conv(2, POINT)),), (One(Identity()),))),
    Aside(0.5, (One(FC(2)),)),
]


def _spliced(
    parts: tuple[Part, ...], first: Part, last: Part, new: tuple[Part, ...], outer: bool = True
) -> tuple[Part, ...]:
    """The parts with others in the place of those from one to another."""
    low = next((i for i, part in enumerate(parts) if part is first), None)
    if low is None:
        return tuple(inside(part, lambda inner: _spliced(inner, first, last, new, False)) for part in parts)
    high = next(i for i, part in enumerate(parts) if part is last)
    found = (*parts[:low], *new, *parts[high + 1 :])
    return found or (() if outer else (One(Identity()),))


texts_of_nets = nets().flatmap(texts_of)


def texts() -> st.SearchStrategy[str]:
    """Specs of chains, and of networks that branch."""
    return st.booleans().flatmap(lambda branches: texts_of_nets if branches else chain_texts())
