"""Random networks that are valid: as ops, as graphs, and as texts in the spec language.

Small, so that thousands can be tried: sides to 24, channels to 12, up to 12 layers.
"""

from typing import assert_never

from hypothesis import strategies as st

from vggdsl.infer import TypedGraph, infer
from vggdsl.ir import Graph, Node
from vggdsl.ops import (
    FC,
    FUNCTIONS,
    LRN,
    Activation,
    AvgPool,
    BatchNorm,
    Conv,
    Dropout,
    GlobalAvgPool,
    Identity,
    Input,
    Layer,
    MaxPool,
    Op,
    Softmax,
)
from vggdsl.shapes import Pair, Shape, Window
from vggdsl.source import Source, Span

SIDE, CHANNELS, LAYERS = 24, 12, 12

# -- ops


@st.composite
def pairs(draw: st.DrawFn, low: int, high: int) -> Pair:
    """Mostly the same along both axes, as papers have it."""
    first = draw(st.integers(low, high))
    return Pair(first, first if draw(st.booleans()) else draw(st.integers(low, high)))


def _fitting(kernel: Pair, pad: Pair, dilation: Pair, x: Shape) -> Pair:
    """The kernel, made smaller where it exceeds the padded input."""
    rooms = ((n + 2 * p - 1) // d + 1 for n, p, d in zip((x.h, x.w), pad, dilation, strict=True))
    return Pair(*(min(k, room) for k, room in zip(kernel, rooms, strict=True)))


@st.composite
def convs(draw: st.DrawFn, x: Shape) -> Conv:
    """Convolutions that can take the shape."""
    kernel, dilation = draw(pairs(1, 5)), draw(st.sampled_from([Pair(1, 1)] * 3 + [Pair(2, 2), Pair(1, 3)]))
    same = Pair(*((k - 1) // 2 for k in kernel))
    pad = same if draw(st.booleans()) else draw(pairs(0, 3))
    kernel = _fitting(kernel, pad, dilation, x)
    groups = draw(st.sampled_from([g for g in range(1, CHANNELS + 1) if x.c % g == 0]))
    channels = groups * draw(st.integers(1, max(1, CHANNELS // groups)))
    window = Window(kernel, draw(pairs(1, 3)), pad, dilation)
    return Conv(channels, window, groups, bias=draw(st.booleans()))


@st.composite
def pool_windows(draw: st.DrawFn, x: Shape) -> Window:
    """Windows whose padding is at most half of them: else one could lie outside of the input."""
    kernel = _fitting(draw(pairs(1, 4)), Pair(0, 0), Pair(1, 1), x)
    pad = Pair(*(draw(st.integers(0, k // 2)) for k in kernel))
    stride = draw(st.integers(1, 3))  # the language gives a pool one for both axes
    return Window(kernel, Pair(stride, stride), pad, ceil=draw(st.booleans()))


def layers(x: Shape) -> st.SearchStrategy[Layer]:
    """Layers that can take the shape; no softmax, which stands only at the end."""
    windows: list[st.SearchStrategy[Layer]] = [
        convs(x),
        pool_windows(x).map(MaxPool),
        pool_windows(x).map(AvgPool),
    ]
    norms: list[st.SearchStrategy[Layer]] = [
        st.builds(BatchNorm, st.sampled_from([1e-5, 1e-3, 0.1]), st.sampled_from([0.1, 0.3])),
        st.builds(
            LRN,
            st.integers(1, 7),
            st.sampled_from([1.0, 2.0]),
            st.sampled_from([1e-4, 0.01, 1.0]),
            st.sampled_from([0.5, 0.75, 1.0]),
        ),
        st.sampled_from(FUNCTIONS).map(Activation),
    ]
    others: list[st.SearchStrategy[Layer]] = [
        st.builds(FC, st.integers(1, 2 * CHANNELS), st.booleans()),
        st.just(GlobalAvgPool()),
        st.sampled_from([0.1, 0.25, 0.5]).map(Dropout),
        st.just(Identity()),
    ]
    # Not `one_of`, which takes repeated ones once.
    return st.sampled_from(windows * 6 + norms * 2 + others).flatmap(lambda layer: layer)


@st.composite
def chains(draw: st.DrawFn, most: int = LAYERS) -> list[Op]:
    """An input and 1 to ``most`` layers, each of which takes what the one before gives."""
    side = st.integers(1, SIDE) | st.integers(SIDE // 2, SIDE)
    shape = Shape(draw(st.integers(1, CHANNELS)), draw(side), draw(side))
    ops: list[Op] = [Input(shape)]
    for _ in range(draw(st.integers(1, most))):
        layer = draw(layers(shape))
        shape = layer.out_shape(shape)
        ops.append(layer)
    if draw(st.booleans()):
        ops.append(Softmax())
    return ops


# -- graphs

LABELS = ["", "3a.", "train.", "3a.forward."]
"""Some are words that modules use themselves."""


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


@st.composite
def graphs(draw: st.DrawFn) -> TypedGraph:
    """Chains as typed graphs, some under a label."""
    return chain(*draw(chains()), label=draw(st.sampled_from(LABELS)))


# -- texts


def spelled(op: Op) -> str:
    """The op in the spec language, with the options that differ from what is meant without them."""
    match op:
        case Input():
            return f"input {op.size}"
        case Conv():
            return " ".join([_conv_word(op), *_conv_options(op)])
        case MaxPool() | AvgPool():
            return _pool(op.word, op.window)
        case FC():
            return f"FC-{op.features}" + ("" if op.bias else " bias=no")
        case BatchNorm():
            return f"BN eps={op.eps:g} momentum={op.momentum:g}"
        case LRN():
            return f"LRN n={op.n} k={op.k:g} alpha={op.alpha:g} beta={op.beta:g}"
        case Activation():
            return op.function
        case Dropout():
            return f"dropout-{op.rate:g}"
        case GlobalAvgPool() | Softmax() | Identity():
            return op.word
        case _:
            assert_never(op)


def _side(pair: Pair) -> str:
    return str(pair.h) if pair.h == pair.w else str(pair)


def _conv_word(op: Conv) -> str:
    stride = op.window.stride
    word = f"conv{_side(op.window.kernel)}-{op.channels}"
    return word + (f"/{stride.h}" if stride.h == stride.w != 1 else "")


def _conv_options(op: Conv) -> list[str]:
    w = op.window
    same = Pair(*(d * (k - 1) // 2 for k, d in zip(w.kernel, w.dilation, strict=True)))
    options = []
    if w.stride.h != w.stride.w:
        options.append(f"stride={w.stride}")
    if w.pad != same:
        options.append(f"pad={_side(w.pad)}")
    if w.dilation != (1, 1):
        options.append(f"dilation={_side(w.dilation)}")
    if op.groups != 1:
        options.append(f"groups={op.groups}")
    if not op.bias:
        options.append("bias=no")
    return options


def _pool(word: str, w: Window) -> str:
    parts = [f"{word}{_side(w.kernel)}/{w.stride.h}"]
    if any(w.pad):
        parts.append(f"pad={_side(w.pad)}")
    if w.ceil:
        parts.append("ceil")
    return " ".join(parts)


RULES = ["BN ReLU", "ReLU", "BN", "none", "ReLU dropout-0.5", "LRN ELU"]


@st.composite
def texts(draw: st.DrawFn) -> str:
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
        ops = [op for op in ops if not isinstance(op, Activation)]
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
    same = all(k % 2 and p == k // 2 for k, p in zip(op.window.kernel, op.window.pad, strict=True))
    plain = op.window.stride == op.window.dilation == (1, 1)
    return same and plain and op.groups == 1
