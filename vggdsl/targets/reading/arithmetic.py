"""Operators of ONNX that compute value by value, and the layers that several of them are together."""

from collections.abc import Mapping
from dataclasses import replace
from math import isclose, sqrt

import numpy as np

from vggdsl.network.foreign import Affine, ByValue, ChannelMean, Normal, Quotient
from vggdsl.network.matching import Step
from vggdsl.network.ops import LRN, Activation, Add, Conv, Facts, GroupNorm, Merge, Mul
from vggdsl.network.shapes import Pair
from vggdsl.targets.reading.axes import channel_axis
from vggdsl.targets.reading.constants import Constant
from vggdsl.targets.reading.walk import Call, Layer, Map, Unread, Value

_CLOSE = 1e-4
"""By which a constant of a decomposed function may miss its own."""

_DEEP = 3
"""Products within each other that a decomposed function is looked for in."""


def _plus(call: Call) -> Value:
    return _with(call, Add(), "plus")


def _times(call: Call) -> Value:
    return _with(call, Mul(), "times")


def _minus(call: Call) -> Value:
    a, b = call.given
    if isinstance(b, Constant):
        return _by(call, call.map(), _mapped(b, np.negative), "plus")
    if isinstance(a, Constant):
        return _by(call, call.map(1), a, "minus from")
    return _pair(call, Quotient(difference=True))


def _over(call: Call) -> Value:
    a, b = call.given
    if isinstance(b, Constant):
        return _by(call, call.map(), _mapped(b, np.reciprocal), "times")
    if isinstance(a, Constant):
        return _by(call, call.map(1), a, "divided from")
    normalised = _lrn(call, *(call.walk.step(call.map(at)) for at in (0, 1)))
    return call.adds(normalised) if normalised is not None else _pair(call, Quotient())


def _sum(call: Call) -> Value:
    xs = [call.map(at) for at in range(len(call.given))]
    if any(x.axes != xs[0].axes for x in xs):
        raise Unread("it adds up maps that lie otherwise")
    return call.adds(Add(), *xs)


def _mapped(constant: Constant, function: np.ufunc) -> Constant:
    return Constant(constant.shape, constant.kind, lambda: np.asarray(function(constant.values)))


def _with(call: Call, merge: Merge, does: str) -> Value:
    a, b = call.given
    if isinstance(a, Constant) and isinstance(b, Map):
        return _by(call, b, a, does)
    if isinstance(b, Constant):
        return _by(call, call.map(), b, does)
    return _pair(call, merge)


def _pair(call: Call, op: Facts) -> Value:
    a, b = call.map(0), call.map(1)
    large, small = (a, b) if call.walk.shape(a).elements >= call.walk.shape(b).elements else (b, a)
    fits = len(large.axes) == len(small.axes) and all(
        one == other or not other for one, other in zip(large.axes, small.axes, strict=True)
    )
    if not fits:
        raise Unread("it takes two maps that lie otherwise")
    found = call.adds(op, a, b, axes=large.axes)
    return _known(call, found) if isinstance(op, Mul) else found


def _by(call: Call, x: Map, other: Constant, does: str) -> Value:
    """Arithmetic of a map with a constant."""
    walk = call.walk
    shape, step = walk.shape(x), walk.step(x)
    number = other.number if other.size == 1 else None
    is_one = other.size == 1 and not (shape.c == 1 and (isinstance(step.op, Normal) or _after_normal(call, step)))
    if is_one and number is not None:
        if (does, number) in (("plus", 0), ("times", 1), ("power", 1)):
            return x
        if does == "plus" and step.shape.c == 1 and walk.gives_bias(x, other):
            return x
        if _prepares(call, x, does):
            return x
        op = ByValue(does, number)  # type: ignore[arg-type]  # one of its words
        return _known(call, call.adds(op, x))
    at = channel_axis(x.axes, shape)
    sizes = [1] * (len(x.axes) + 1 - len(other.shape)) + list(other.shape)
    is_by_channel = at is not None and [size for i, size in enumerate(sizes) if i != at + 1 and size != 1] == []
    if not is_by_channel or at is None or len(sizes) != len(x.axes) + 1 or other.size != shape.c:
        raise Unread(f"it takes a constant of {other.shape}, neither one number nor one for each channel")
    by_channel = other.reshaped([shape.c])
    if _prepares(call, x, does):
        return x
    if does == "plus":
        if walk.gives_bias(x, by_channel):
            return x
        if step.op == ByValue("times"):
            before = walk.form.steps[step.inputs[0]]
            scale = walk.weights[step.name]["weight"]
            parts = {"weight": scale, "bias": by_channel}
            if isinstance(before.op, Normal):
                source = Map(before.inputs[0], x.axes)
                return call.adds(GroupNorm(before.op.groups, before.op.eps), source, axes=x.axes, weights=parts)
            return call.adds(Affine(), Map(before.name, x.axes), axes=x.axes, weights=parts)
    op = ByValue(does)  # type: ignore[arg-type]  # one of its words
    return call.adds(op, x, weights={"weight": by_channel})


def _after_normal(call: Call, step: Step) -> bool:
    return step.op == ByValue("times") and isinstance(call.walk.form.steps[step.inputs[0]].op, Normal)


def _prepares(call: Call, x: Map, does: str) -> bool:
    """Whether it is part of the preprocessing: what a file does to its input before anything else takes that."""
    walk = call.walk
    found = not walk.step(x).inputs and does in ("plus", "times") and walk.is_taken_once(x)
    walk.prepares |= found
    return found


def _power(call: Call) -> Value:
    exponent = call.constant(1)
    if exponent is None:
        raise Unread("it has no exponent")
    return _by(call, call.map(), exponent, "power")


def _root(call: Call) -> Value:
    return call.adds(ByValue("power", 0.5))


def _reciprocal(call: Call) -> Value:
    return call.adds(ByValue("power", -1))


def _erf(call: Call) -> Value:
    return call.adds(ByValue("erf"))


# -- what several are together


def _known(call: Call, x: Map) -> Map:
    """The activation that a product is; else the product."""
    scale, factors = _product(call, x.name)
    for one in factors:
        rest = list(factors)
        rest.remove(one)
        form = call.walk.form
        if len(rest) == 1 and isclose(scale, 0.5, rel_tol=_CLOSE) and _is_erf_of(call, rest[0], one):
            form.add(f"{x.name} (GELU)", Activation("GELU"), [one])
            return replace(x, name=f"{x.name} (GELU)")
        if len(rest) == 1 and isclose(scale, 1 / 6, rel_tol=_CLOSE) and _above(call, rest[0]) == one:
            form.add(f"{x.name} (hard-swish)", Activation("hard-swish"), [one])
            return replace(x, name=f"{x.name} (hard-swish)")
        if not rest and isclose(scale, 1 / 6, rel_tol=_CLOSE) and (below := _above(call, one)) is not None:
            form.add(f"{x.name} (hard-sigmoid)", Activation("hard-sigmoid"), [below])
            return replace(x, name=f"{x.name} (hard-sigmoid)")
    return x


def _product(call: Call, name: str, depth: int = _DEEP) -> tuple[float, list[str]]:
    """A number, and what is multiplied with it."""
    step = call.walk.form.step(name)
    match step.op:
        case ByValue("times", float() as by) if depth:
            scale, factors = _product(call, step.inputs[0], depth - 1)
            return scale * by, factors
        case Mul() if depth and len(step.inputs) == 2:
            (one, some), (other, more) = (_product(call, each, depth - 1) for each in step.inputs)
            return one * other, some + more
        case _:
            return 1.0, [step.name]


def _is_erf_of(call: Call, name: str, x: str) -> bool:
    """Whether a layer is 1 + erf(x / sqrt(2))."""
    steps = call.walk.form.steps
    one = steps[name]
    if one.op != ByValue("plus", 1) or steps[one.inputs[0]].op != ByValue("erf"):
        return False
    scale, factors = _product(call, steps[one.inputs[0]].inputs[0])
    return factors == [x] and isclose(scale, sqrt(0.5), rel_tol=_CLOSE)


def _above(call: Call, name: str) -> str | None:
    """Of ReLU6(x + 3) that x."""
    steps = call.walk.form.steps
    if steps[name].op != Activation("ReLU6"):
        return None
    shifted = steps[steps[name].inputs[0]]
    return shifted.inputs[0] if shifted.op == ByValue("plus", 3) else None


def _lrn(call: Call, x: Step, divisor: Step) -> LRN | None:
    """x / (k + alpha * sum of x² over n neighbouring channels)^beta, as it is written out."""
    steps, weights = call.walk.form.steps, call.walk.weights

    def unpacked(step: Step, does: str, usual: float) -> tuple[float, Step]:
        if isinstance(step.op, ByValue) and step.op.does == does and step.op.by is not None:
            return step.op.by, steps[step.inputs[0]]
        return usual, step

    beta, base = unpacked(divisor, "power", 1)
    k, total = unpacked(base, "plus", 0)
    alpha, mean = unpacked(total, "times", 1)
    if not mean.inputs:
        return None
    squares = steps[mean.inputs[0]]
    is_square = isinstance(squares.op, Mul) and squares.inputs == (x.name, x.name)
    if not is_square and not (squares.op == ByValue("power", 2) and squares.inputs == (x.name,)):
        return None
    match mean.op:
        case ChannelMean(n):
            return LRN(n, k, alpha / n, beta)
        case Conv(window=window, groups=1) if window.kernel == Pair(1, 1) and mean.shape == x.shape:
            if mean.op.bias:  # of one channel
                added = weights[mean.name]["bias"].number
                if added is None or k:
                    return None
                k = added
            values = weights[mean.name]["weight"].values[:, :, 0, 0]
            offset = np.arange(len(values))[None, :] - np.arange(len(values))[:, None]
            for n in range(1, 2 * len(values) + 1):  # more reach no other channels
                near = (-(n // 2) <= offset) & (offset <= (n - 1) // 2)
                if np.array_equal(values != 0, near) and np.all(values[near] == values[0, 0]):
                    return LRN(n, k, alpha * float(values[0, 0]), beta)
            return None
        case _:
            return None


ARITHMETIC: Mapping[str, Layer] = {
    "Add": _plus,
    "Div": _over,
    "Erf": _erf,
    "Mul": _times,
    "Pow": _power,
    "Reciprocal": _reciprocal,
    "Sqrt": _root,
    "Sub": _minus,
    "Sum": _sum,
}
