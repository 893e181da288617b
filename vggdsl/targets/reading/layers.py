"""Operators of ONNX that are layers of their own, with their weights."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from vggdsl.network.foreign import ChannelMean, ChannelPadding, InnerAvgPool, Normal, Other
from vggdsl.network.ops import (
    FC,
    LRN,
    Activation,
    AvgPool,
    BatchNorm,
    Conv,
    Facts,
    GlobalAvgPool,
    GlobalMaxPool,
    GroupNorm,
    MaxPool,
    PReLU,
    Softmax,
)
from vggdsl.network.shapes import Pair, Shape, Sides, Window
from vggdsl.targets.reading.arithmetic import ARITHMETIC
from vggdsl.targets.reading.axes import Axes, channel_axis, image, reshaped, sizes, vector
from vggdsl.targets.reading.constants import Constant, axes_of
from vggdsl.targets.reading.moves import MOVES, places
from vggdsl.targets.reading.walk import Call, Layer, Map, Unread, Value

_IN_TRAINING = "it computes as in training: export the model as it is in evaluation"


# -- layers with weights


def _weight(call: Call, at: int) -> Constant:
    found = call.constant(at)
    if found is None:
        raise Unread("it has no weights")
    return found


def _conv(call: Call) -> Value:
    x, weight = call.image(), _weight(call, 1)
    bias = call.constant(2)
    channels, inner, *kernel = weight.shape
    groups = call.options.get("group", 1)
    if inner * groups != call.walk.shape(x).c:
        raise Unread(f"its weights are for {inner * groups} channels, and {call.walk.shape(x).c} come in")
    op = Conv(channels, _window(call, x, kernel), groups, bias is not None)
    return _of_map(call, x, op, {"weight": weight, "bias": bias})


def _of_map(call: Call, x: Map, op: Facts, weights: Mapping[str, Constant | None]) -> Map:
    out = op.out_shape(call.walk.shape(x))
    return call.adds(op, x, axes=image(out), weights=weights)


def _window(call: Call, x: Map, kernel: Sequence[int]) -> Window:
    options, shape = call.options, call.walk.shape(x)
    if len(kernel) != 2:
        raise Unread(f"its window has {len(kernel)} axes")
    stride, dilation = (Pair(*options.get(key, (1, 1))) for key in ("strides", "dilations"))
    window = Window(Pair(*kernel), stride, dilation=dilation, ceil=bool(options.get("ceil_mode", 0)))
    if min(*kernel, *stride, *dilation) < 1:
        raise Unread("its window has a size, a stride or a dilation below 1")
    auto = options.get("auto_pad", b"NOTSET")
    if auto in (b"NOTSET", b"VALID"):
        top, left, bottom, right = options.get("pads", (0, 0, 0, 0)) if auto == b"NOTSET" else (0, 0, 0, 0)
        sides = Sides(top, bottom, left, right)
    else:
        pads = []
        for n, extent, step in zip((shape.h, shape.w), window.extent, stride, strict=True):
            both = max((-(-n // step) - 1) * step + extent - n, 0)
            less = both // 2
            pads += [less, both - less] if auto == b"SAME_UPPER" else [both - less, less]
        sides = Sides(*pads)
    if min(sides) < 0:
        raise Unread("it cuts off what is at the sides")
    return Window(window.kernel, stride, sides, dilation, window.ceil)


def _gemm(call: Call) -> Value:
    options = call.options
    if options.get("transA", 0) or options.get("alpha", 1.0) != 1 or options.get("beta", 1.0) != 1:
        raise Unread("it isn't x W + b: it turns x, or has factors")
    weight, bias = _weight(call, 1), call.constant(2)
    weight = weight if options.get("transB", 0) else weight.transposed((1, 0))
    if bias is not None and bias.size != weight.shape[0]:
        raise Unread(f"its bias is {bias.shape}, for {weight.shape[0]} features")
    return _fc(call, weight, None if bias is None else bias.reshaped([weight.shape[0]]))


def _matmul(call: Call) -> Value:
    weight = _weight(call, 1)
    if len(weight.shape) != 2:
        raise Unread(f"its weights are {weight.shape}, and no matrix")
    return _fc(call, weight.transposed((1, 0)), None)


def _fc(call: Call, weight: Constant, bias: Constant | None) -> Value:
    """Of weights (out, in)."""
    x = call.map()
    shape = call.walk.shape(x)
    *others, last = x.axes
    features, inner = weight.shape
    if any(others) or sizes((last,)) != (inner,) or inner != shape.elements:
        raise Unread(f"it takes {inner:,} values of {tuple(sizes(x.axes))}")
    weight = _in_order(call, weight, (last,), shape)
    axes = (*others, vector(Shape(features, 1, 1))[0])
    return call.adds(FC(features, bias is not None), x, axes=axes, weights={"weight": weight, "bias": bias})


def _in_order(call: Call, weight: Constant, axes: Axes, shape: Shape) -> Constant:
    """Weights whose inputs are those of a map that was flattened another way, as (channels, rows, columns)."""
    if axes == vector(shape):
        return weight
    whole = {factor[0]: factor for axis in image(shape) for factor in axis}
    order = [factor.of for factor in axes[0]]
    if sorted(order) != sorted(whole) or any(factor != whole[factor.of] for factor in axes[0]):
        raise Unread("it takes a map in an order of its own")
    names = {"c": "channels", "h": "rows", "w": "columns"}
    call.walk.said.append(
        f"{call.name} takes a map by {', '.join(names[of] for of in order)}: its weights stand in another order"
    )
    features = weight.shape[0]
    apart = weight.reshaped([features, *(whole[of].size for of in order)])
    turned = apart.transposed([0, *(1 + order.index(of) for of in ("c", "h", "w") if of in order)])
    return turned.reshaped([features, shape.elements])


def _batch_norm(call: Call) -> Value:
    if call.options.get("training_mode", 0):
        raise Unread(_IN_TRAINING)
    x = call.map()
    _at_first(call, x)
    names = ("weight", "bias", "running_mean", "running_var")
    parts = {name: _by_channel(call, at) for at, name in enumerate(names, 1)}
    return call.adds(BatchNorm(call.options.get("epsilon", 1e-5)), x, weights=parts)


def _by_channel(call: Call, at: int) -> Constant:
    found, c = _weight(call, at), call.walk.shape(call.map()).c
    if found.size != c:
        raise Unread(f"it has {found.size} values for {c} channels")
    return found.reshaped([c])


def _at_first(call: Call, x: Map) -> None:
    if channel_axis(x.axes, call.walk.shape(x)) != 0:
        raise Unread("its second axis isn't that of the channels")


def _instance_norm(call: Call) -> Value:
    x, eps = call.map(), call.options.get("epsilon", 1e-5)
    shape, scale, bias = call.walk.shape(x), _weight(call, 1), _weight(call, 2)
    if x.axes == image(shape):
        return call.adds(
            GroupNorm(shape.c, eps), x, weights={"weight": _by_channel(call, 1), "bias": _by_channel(call, 2)}
        )
    groups = sizes(x.axes)[0]
    if shape.c % groups or x.axes != reshaped(vector(shape), (groups, shape.elements // groups)):
        raise Unread("it normalises something else than groups of channels")
    if scale.number != 1 or bias.number != 0:
        raise Unread("it has a factor for each group")
    return call.adds(Normal(groups, eps), x, axes=x.axes)


def _group_norm(call: Call) -> Value:
    x = call.map()
    _at_first(call, x)
    op = GroupNorm(call.options["num_groups"], call.options.get("epsilon", 1e-5))
    return call.adds(op, x, weights={"weight": _by_channel(call, 1), "bias": _by_channel(call, 2)})


def _prelu(call: Call) -> Value:
    x, slope = call.map(), _weight(call, 1)
    if slope.size == 1 and call.walk.shape(x).c > 1:
        return call.adds(Other("PReLU with one slope for all channels"), x)
    at = channel_axis(x.axes, call.walk.shape(x))
    aligned = [1] * (len(x.axes) + 1 - len(slope.shape)) + list(slope.shape)
    if at is None or any(size != 1 for i, size in enumerate(aligned) if i != at + 1):
        raise Unread(f"its slopes are {slope.shape}")
    return call.adds(PReLU(), x, weights={"weight": _by_channel(call, 1)})


# -- pools and LRN


def _max_pool(call: Call) -> Value:
    x = call.image()
    window = _window(call, x, call.options["kernel_shape"])
    return _of_map(call, x, MaxPool(_hanging(call, x, window) or window), {})


def _avg_pool(call: Call) -> Value:
    kernel = call.options["kernel_shape"]
    if len(kernel) == 3:
        return _channel_mean(call, kernel)
    x = call.image()
    window = _window(call, x, kernel)
    counts = call.options.get("count_include_pad", 0) or not any(window.pad)
    hanging = None if counts else _hanging(call, x, window)
    return _of_map(call, x, AvgPool(hanging or window) if counts or hanging else InnerAvgPool(window), {})


def _hanging(call: Call, x: Map, window: Window) -> Window | None:
    """The window that hangs over the end by what is added there alone; None if it is another."""
    without = replace(window, pad=Pair(0, 0), ceil=True)
    size = Pair(call.walk.shape(x).h, call.walk.shape(x).w)
    is_same = (
        window.pad_before == (0, 0) and any(window.pad) and without.extent.h <= size.h and without.extent.w <= size.w
    )
    return without if is_same and without.positions(size) == window.positions(size) else None


def _channel_mean(call: Call, kernel: Sequence[int]) -> Value:
    """PyTorch's LRN as it is written out: the mean over channels, which lie along the third axis."""
    x, options = call.map(), call.options
    step = call.walk.step(x)
    padded = step.op if isinstance(step.op, ChannelPadding) else ChannelPadding(0, 0)
    n, *others = kernel
    is_mean = (
        others == [1, 1]
        and list(options.get("strides", [1, 1, 1])) == [1, 1, 1]
        and not any(options.get("pads", []))
        and options.get("auto_pad", b"NOTSET") in (b"NOTSET", b"VALID")
        and (padded.before, padded.behind) == (n // 2, (n - 1) // 2)
        and len(x.axes) == 4
        and channel_axis(x.axes, step.shape) == 1
        and (n == 1 or bool(step.inputs))
    )
    if not is_mean:
        raise Unread("its window has 3 axes")
    before = call.walk.form.steps[step.inputs[0]] if isinstance(step.op, ChannelPadding) else step
    axes = ((), *image(before.shape))
    return call.adds(ChannelMean(n), Map(before.name, axes), axes=axes)


def _over_the_map(op: Facts, call: Call) -> Value:
    x = call.image()
    return _of_map(call, x, op, {})


def _reduced(op: Facts, call: Call) -> Value:
    """A mean or a maximum over rows and columns."""
    x = call.map()
    given = axes_of([None, call.constant(1) if len(call.given) > 1 else None], call.options)
    rank = 1 + len(x.axes)
    if not given:
        raise Unread("it is over all axes")
    gone = places(given, rank)
    shape = call.walk.shape(x)
    factors = [factor for at in gone for factor in x.axes[at]]
    if sorted(factors) != sorted(factor for axis in image(shape)[1:] for factor in axis):
        raise Unread("it isn't over all rows and columns")
    keeps = call.options.get("keepdims", 1)
    axes = tuple(() if at in gone else axis for at, axis in enumerate(x.axes) if keeps or at not in gone)
    return call.adds(op, x, axes=axes)


def _lrn(call: Call) -> Value:
    options = call.options
    n = options["size"]
    x = call.image()
    if n % 2 == 0:  # PyTorch, and so a spec, has the one more before
        return call.adds(Other(f"LRN over {n} channels, of which {n // 2 - 1} are before and {n // 2} behind"), x)
    return call.adds(
        LRN(n, options.get("bias", 1.0), options.get("alpha", 1e-4) / n, options.get("beta", 0.75)), x, axes=x.axes
    )


# -- activations


def _activation(make: Callable[[Mapping[str, Any]], Facts], call: Call) -> Value:
    return call.adds(make(call.options))


def _hard_sigmoid(options: Mapping[str, Any]) -> Facts:
    alpha, beta = options.get("alpha", 0.2), options.get("beta", 0.5)
    if abs(alpha - 1 / 6) < 1e-6 and beta == 0.5:
        return Activation("hard-sigmoid")
    return Other(f"hard sigmoid with the slope {alpha:.6g}" + (f" and {beta:.6g} at 0" if beta != 0.5 else ""))


def _gelu(options: Mapping[str, Any]) -> Facts:
    is_exact = options.get("approximate", b"none") == b"none"
    return Activation("GELU") if is_exact else Other("GELU, by tanh")


def _clip(call: Call) -> Value:
    given = [call.constant(at) for at in range(1, len(call.given))] + [None, None]
    low, high = (
        call.options.get(key) if each is None else each.number for key, each in zip(("min", "max"), given, strict=False)
    )
    if low == 0 and high == 6:
        return call.adds(Activation("ReLU6"))
    if low == 0 and (high is None or high > 1e37):
        return call.adds(Activation("ReLU"))
    return call.adds(Other(f"a clip to {_end(low)} .. {_end(high)}"))


def _end(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _softmax(call: Call) -> Value:
    x = call.map()
    shape = call.walk.shape(x)
    is_old = call.opset < 13
    (at,) = places([call.options.get("axis", 1 if is_old else -1)], 1 + len(x.axes))
    if channel_axis(x.axes, shape) != at or (is_old and any(x.axes[at + 1 :])):
        raise Unread("it isn't over the channels")
    return call.adds(Softmax() if call.node.op_type == "Softmax" else Other("log-softmax"))


def _named(*options: str) -> Callable[[Call], Value]:
    def layer(call: Call) -> Value:
        said = [f"{key} {call.options[key]:.6g}" for key in options if key in call.options]
        return call.adds(Other(" ".join([call.node.op_type, *said])))

    return layer


LAYERS: Mapping[str, Layer] = {
    **MOVES,
    **ARITHMETIC,
    "AveragePool": _avg_pool,
    "BatchNormalization": _batch_norm,
    "Clip": _clip,
    "Conv": _conv,
    "Elu": partial(_activation, lambda options: Activation("ELU", options.get("alpha", 1.0))),
    "Gelu": partial(_activation, _gelu),
    "Gemm": _gemm,
    "GlobalAveragePool": partial(_over_the_map, GlobalAvgPool()),
    "GlobalMaxPool": partial(_over_the_map, GlobalMaxPool()),
    "GroupNormalization": _group_norm,
    "HardSigmoid": partial(_activation, _hard_sigmoid),
    "HardSwish": partial(_activation, lambda _: Activation("hard-swish")),
    "InstanceNormalization": _instance_norm,
    "LRN": _lrn,
    "LeakyRelu": partial(_activation, lambda options: Activation("LeakyReLU", options.get("alpha", 0.01))),
    "LogSoftmax": _softmax,
    "MatMul": _matmul,
    "MaxPool": _max_pool,
    "PRelu": _prelu,
    "ReduceMax": partial(_reduced, GlobalMaxPool()),
    "ReduceMean": partial(_reduced, GlobalAvgPool()),
    "Relu": partial(_activation, lambda _: Activation("ReLU")),
    "Sigmoid": partial(_activation, lambda _: Activation("sigmoid")),
    "Softmax": _softmax,
    "Tanh": partial(_activation, lambda _: Activation("tanh")),
    **{
        name: _named(*options)
        for name, options in {
            "Abs": (),
            "Celu": ("alpha",),
            "Exp": (),
            "Log": (),
            "Mish": (),
            "Neg": (),
            "Selu": ("alpha", "gamma"),
            "Shrink": ("lambd", "bias"),
            "Softplus": (),
            "Softsign": (),
            "ThresholdedRelu": ("alpha",),
        }.items()
    },
}
"""What is read, by the operator."""
