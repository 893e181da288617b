"""Operators of ONNX that move values about: axes, parts, paddings; and the layers that some of them are."""

from collections.abc import Mapping, Sequence
from math import prod

from onnx import TensorProto

from vggdsl.network.foreign import ChannelPadding, Padding
from vggdsl.network.ops import Concat, Take, Widen
from vggdsl.network.shapes import Shape, Sides
from vggdsl.targets.reading.axes import Axes, channel_axis, grown, image, reshaped, sizes, vector
from vggdsl.targets.reading.constants import Constant, axes_of, of_sizes, sliced
from vggdsl.targets.reading.walk import Call, Layer, Map, Unread, Value

_BATCH_MOVED = "it takes images apart, or puts several together"
_FRACTIONS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)


def _same(call: Call) -> Value:
    return call.map()


def _cast(call: Call) -> Value:
    if call.options["to"] not in _FRACTIONS:
        raise Unread("it makes whole numbers of what a layer gives")
    return call.map()


def _dropout(call: Call) -> Value:
    training = call.constant(2) if len(call.given) > 2 else None
    if training is not None and training.number:
        raise Unread("it drops values: export the model as it is in evaluation")
    return call.map()


def _shape(call: Call) -> Value:
    return of_sizes(call.walk.sizes(call.map()), call.options)


def _flatten(call: Call) -> Value:
    x = call.map()
    if call.options.get("axis", 1) not in (1, -len(x.axes)):
        raise Unread(_BATCH_MOVED)
    return _into(x, (prod(sizes(x.axes)),))


def _into(x: Map, new: Sequence[int]) -> Map:
    axes = reshaped(x.axes, new)
    if axes is None:
        raise Unread(f"its sizes, {tuple(new)}, aren't made of channels, rows and columns")
    return Map(x.name, axes)


def _reshape(call: Call) -> Value:
    x = call.map()
    given = call.constant(1) if len(call.given) > 1 else None
    into = given.whole() if given is not None else list(call.options["shape"])
    old = call.walk.sizes(x)
    if not call.options.get("allowzero"):
        into = [old[i] if size == 0 else size for i, size in enumerate(into)]
    first, *rest = into
    elements = prod(old[1:])
    if -1 in rest:
        known = prod(size for size in rest if size != -1)
        rest[rest.index(-1)] = elements // max(1, known)
    if first not in (-1, call.walk.batch) or prod(rest) != elements:
        raise Unread(_BATCH_MOVED)
    return _into(x, rest)


def _transpose(call: Call) -> Value:
    x = call.map()
    first, *rest = call.options.get("perm", range(len(x.axes), -1, -1))
    if first != 0:
        raise Unread(_BATCH_MOVED)
    return Map(x.name, tuple(x.axes[axis - 1] for axis in rest))


def places(axes: Sequence[int], rank: int) -> list[int]:
    """Of axes of a tensor the places among those of a map; the batch isn't one."""
    found = [axis % rank - 1 for axis in axes]
    if -1 in found:
        raise Unread(_BATCH_MOVED)
    return found


def _squeeze(call: Call) -> Value:
    x = call.map()
    given = axes_of(_constants(call), call.options)
    gone = places(given, 1 + len(x.axes)) if given is not None else [i for i, axis in enumerate(x.axes) if not axis]
    if any(x.axes[at] for at in gone):
        raise Unread("it takes away an axis that isn't of size 1")
    return Map(x.name, tuple(axis for at, axis in enumerate(x.axes) if at not in gone))


def _unsqueeze(call: Call) -> Value:
    x = call.map()
    given = axes_of(_constants(call), call.options) or []
    rank = 1 + len(x.axes) + len(given)
    new, left = places(given, rank), iter(x.axes)
    return Map(x.name, tuple(() if at in new else next(left) for at in range(rank - 1)))


def _constants(call: Call) -> list[Constant | None]:
    return [None, *(call.constant(at) for at in range(1, len(call.given)))]


# -- parts and sums of channels


def _at_channels(call: Call, x: Map, axis: int) -> None:
    (at,) = places([axis], 1 + len(x.axes))
    if channel_axis(x.axes, call.walk.shape(x)) != at:
        raise Unread("it isn't along the channels")


def _taken(call: Call, name: str, start: int, end: int) -> Map:
    x = call.map()
    c = call.walk.shape(x).c
    if not 0 <= start < end <= c:
        raise Unread(f"it takes channels {start} to {end} of {c}")
    if end < c:
        x = call.walk.add(f"{name} (first)" if start else name, Take("first", end), [x], None, {})
    return call.walk.add(name, Take("last", end - start), [x], None, {}) if start else x


def _split(call: Call) -> Sequence[Value]:
    x = call.map()
    axis = call.options.get("axis", 0)
    (at,) = places([axis], 1 + len(x.axes))
    size = sizes(x.axes)[at]
    given = call.constant(1) if len(call.given) > 1 else None
    parts = given.whole() if given is not None else call.options.get("split")
    if parts is None:
        count = call.options.get("num_outputs", len(call.node.output))
        each = -(-size // count)
        parts = [min(each, size - each * i) for i in range(count)]
    if len(parts) == 1:
        return [x]
    _at_channels(call, x, axis)
    ends = [sum(parts[: i + 1]) for i in range(len(parts))]
    return [
        _taken(call, f"{call.name}:{i}", end - part, end) for i, (part, end) in enumerate(zip(parts, ends, strict=True))
    ]


def _slice(call: Call) -> Value:
    x = call.map()
    given = [None if each is None else each.whole() for each in _constants(call)[1:]]
    _, starts, ends, axes, steps = sliced([x, *given], call.options)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        (at,) = places([axis], 1 + len(x.axes))
        size = sizes(x.axes)[at]
        first, last, _ = slice(start, end, step).indices(size)
        if (first, last, step) == (0, size, 1):
            continue
        if step != 1 or len(axes) > 1:
            raise Unread("it takes some places of several axes, or every second one or so")
        _at_channels(call, x, axis)
        return _taken(call, call.name, first, last)
    return x


def _concat(call: Call) -> Value:
    xs = [call.map(at) for at in range(len(call.given))]
    if len(xs) == 1:
        return xs[0]
    shapes = [call.walk.shape(x) for x in xs]
    (at,) = places([call.options["axis"]], 1 + len(xs[0].axes))
    is_vector = len(xs[0].axes) == 1
    if is_vector and all(x.axes == vector(shape) for x, shape in zip(xs, shapes, strict=True)):
        if len({(shape.h, shape.w) for shape in shapes}) > 1:
            raise Unread("it joins maps of different sizes, flattened")
    else:
        whole = Shape(sum(shape.c for shape in shapes), shapes[0].h, shapes[0].w)
        layouts = {grown(x.axes, shape, whole) for x, shape in zip(xs, shapes, strict=True)}
        wrong = any(channel_axis(x.axes, shape) != at for x, shape in zip(xs, shapes, strict=True))
        if wrong or len(layouts) > 1 or None in layouts:
            raise Unread("it isn't along the channels")
    return call.adds(Concat(), *xs)


# -- paddings


def _pad(call: Call) -> Value:
    x = call.map()
    if call.options.get("mode", b"constant") != b"constant":
        raise Unread(f"it pads by what is inside: {call.options['mode'].decode(errors='replace')[:20]}")
    rank = 1 + len(x.axes)
    pads, value, axes = _pads(call)
    before, behind = [0] * rank, [0] * rank
    for axis, first, last in zip(axes or range(rank), pads[: len(pads) // 2], pads[len(pads) // 2 :], strict=True):
        before[axis % rank], behind[axis % rank] = first, last
    if min(*before, *behind) < 0:
        raise Unread("it cuts off what is at the sides")
    padded = [at for at in range(rank) if before[at] or behind[at]]
    if not padded:
        return x
    if padded[0] == 0:
        raise Unread(_BATCH_MOVED)
    shape = call.walk.shape(x)
    if padded == [1 + (channel_axis(x.axes, shape) or 0)] and channel_axis(x.axes, shape) is not None:
        if value != 0:
            raise Unread(f"it adds channels of {value:g}")
        at = padded[0]
        more = (before[at], behind[at])
        return call.adds(ChannelPadding(*more) if more[0] else Widen(shape.c + more[1]))
    spatial = _rows_and_columns(x.axes, shape)
    if spatial is None or not set(padded) <= set(spatial):
        raise Unread("it pads other axes than rows and columns")
    row, column = spatial
    return call.adds(Padding(Sides(before[row], behind[row], before[column], behind[column]), value))


def _rows_and_columns(axes: Axes, shape: Shape) -> tuple[int, int] | None:
    """Which axes of the tensor they are."""
    if axes == image(shape):
        return 2, 3
    return (1, 2) if len(axes) == 3 and channel_axis(axes, shape) == 2 else None


def _pads(call: Call) -> tuple[list[int], float, list[int] | None]:
    if len(call.given) < 2:
        return list(call.options["pads"]), float(call.options.get("value", 0)), None
    _, pads, value, axes = [*_constants(call), None, None][:4]
    assert pads is not None
    number = 0.0 if value is None else value.number
    if number is None:
        raise Unread("it pads by several values")
    return pads.whole(), number, None if axes is None else axes.whole()


MOVES: Mapping[str, Layer] = {
    "Cast": _cast,
    "Concat": _concat,
    "Dropout": _dropout,
    "Flatten": _flatten,
    "Identity": _same,
    "Pad": _pad,
    "Reshape": _reshape,
    "Shape": _shape,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
