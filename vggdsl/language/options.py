"""A layer's word and its options -> op."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from vggdsl.language import syntax
from vggdsl.language.syntax import Option
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
    Identity,
    Layer,
    MaxPool,
    Merge,
    PReLU,
    Softmax,
    Widen,
)
from vggdsl.network.shapes import Pair, Window
from vggdsl.text.errors import Diagnostic, Label, NetworkError, unknown
from vggdsl.text.source import Span

OPTIONS: Mapping[str, tuple[str, ...]] = {
    "conv": ("pad", "stride", "groups", "dilation", "bias", "after"),
    "maxpool": ("pad", "ceil", "after"),
    "avgpool": ("pad", "ceil", "after"),
    "FC": ("bias", "after"),
    "BN": ("eps", "momentum", "after"),
    "LRN": ("n", "k", "alpha", "beta", "after"),
}
"""The options of each kind; a kind that isn't here has none."""

_LARGEST = 10**6


class Options:
    """The options of one layer: its own, then the defaults of its kind.

    Raises ``NetworkError`` V220 for an unknown option, V221 for one given twice, V222 for a bad value.
    """

    def __init__(self, layer: syntax.Layer, defaults: tuple[Option, ...]) -> None:
        self.layer = layer
        self._given = {o.key: o for o in defaults} | _once(layer.options)
        known = OPTIONS.get(layer.kind, ())
        for option in self._given.values():
            if option.key not in known:
                if not known:
                    label = Label(option.span, "this option")
                    message = f"{layer.kind} takes no options"
                    raise NetworkError(Diagnostic("V220", message, (label,), f"remove `{option}`"))
                raise NetworkError(unknown("V220", f"option of {layer.kind}", option.key, known, option.span))
        self._check_after()
        if layer.kind == "conv" and layer.stride is not None and any(o.key == "stride" for o in layer.options):
            raise _bad(self._given["stride"], "the stride is given twice", "keep `/2` or `stride=2`, not both")

    def flag(self, key: str, default: bool) -> bool:
        option = self._given.get(key)
        if option is None:
            return default
        if option.value.lower() not in ("yes", "no"):
            raise _bad(option, f"{key} is `yes` or `no`, not `{option.value}`", f"write `{key}=no`")
        return option.value.lower() == "yes"

    def integer(self, key: str, default: int, least: int) -> int:
        option = self._given.get(key)
        if option is None:
            return default
        return self._integer(option, option.value, least)

    def pair(self, key: str, default: Pair, least: int) -> Pair:
        """One number for both axes, or height x width."""
        option = self._given.get(key)
        if option is None:
            return default
        parts = option.value.lower().replace("×", "x").split("x")
        if len(parts) > 2:
            raise _bad(option, f"{key} is one number or height x width", f"write `{key}=1` or `{key}=0x3`")
        numbers = [self._integer(option, part, least) for part in parts]
        return Pair(numbers[0], numbers[-1])

    def number(self, key: str, default: float, above: float, most: float = _LARGEST) -> float:
        option = self._given.get(key)
        if option is None:
            return default
        try:
            value = float(Decimal(option.value))
        except (InvalidOperation, ValueError, OverflowError):
            value = float("nan")
        if not above < value <= most:
            range_ = f"above {above:g}" + (f", at most {most:g}" if most < _LARGEST else "")
            raise _bad(option, f"{key} is a number {range_}, not `{option.value}`", f"write `{key}={default:g}`")
        return value

    def _check_after(self) -> None:
        """By ``after=none`` a layer opts out of its kind's rule; it can't have a rule of its own."""
        option = self._given.get("after")
        if option is not None and option.value.lower() != "none":
            raise _bad(option, f"`after={option.value}`", "only `after=none` can stand at a layer")

    def _integer(self, option: Option, text: str, least: int) -> int:
        if text.startswith("$"):
            raise outside_block(text, option.span)
        if not (text.isascii() and text.isdigit()) or len(text) > 9 or not least <= int(text) <= _LARGEST:
            raise _bad(
                option, f"{option.key} can't be `{text}`", f"a whole number from {least} to {_LARGEST:,} can stand here"
            )
        return int(text)


def to_op(layer: syntax.Layer, options: Options) -> Layer | Merge:
    """The op that a layer's word means."""
    match layer.kind:
        case "conv":
            return _conv(layer, options)
        case "maxpool":
            return MaxPool(_pool_window(layer, options))
        case "avgpool":
            return AvgPool(_pool_window(layer, options))
        case "global-avgpool":
            return GlobalAvgPool()
        case "FC":
            return FC(_number(layer.width, layer.span), options.flag("bias", True))
        case "BN":
            return BatchNorm(options.number("eps", 1e-5, 0), options.number("momentum", 0.1, 0, 1))
        case "LRN":
            return LRN(
                options.integer("n", 5, 1),
                options.number("k", 2.0, 0),
                options.number("alpha", 1e-4, 0),
                options.number("beta", 0.75, 0),
            )
        case "PReLU":
            return PReLU()
        case "dropout":
            return Dropout(_rate(layer))
        case "softmax":
            return Softmax()
        case "identity":
            return Identity()
        case "widen":
            return Widen(_number(layer.width, layer.span))
        case "concat":
            return Concat()
        case "add":
            return Add()
        case _:
            return Activation(next(f for f in FUNCTIONS if f == layer.kind))


def _conv(layer: syntax.Layer, options: Options) -> Conv:
    assert layer.kernel is not None
    kernel = Pair(*(_number(k, layer.span) for k in layer.kernel))
    if layer.stride is not None:
        stride = Pair(*[_number(layer.stride, layer.span)] * 2)
    else:
        stride = options.pair("stride", Pair(1, 1), 1)
    dilation = options.pair("dilation", Pair(1, 1), 1)
    same = Pair(*(d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True)))
    window = Window(kernel, stride, options.pair("pad", same, 0), dilation)
    return Conv(_number(layer.width, layer.span), window, options.integer("groups", 1, 1), options.flag("bias", True))


def _pool_window(layer: syntax.Layer, options: Options) -> Window:
    kernel, stride = Pair(2, 2), Pair(2, 2)
    if layer.kernel is not None:
        kernel = Pair(*(_number(k, layer.span) for k in layer.kernel))
        stride = Pair(*[_number(layer.stride, layer.span)] * 2)
    pad = options.pair("pad", Pair(0, 0), 0)
    if any(2 * p > k for p, k in zip(pad, kernel, strict=True)):
        message = f"padding {pad} is more than half of the window {kernel}"
        label = Label(layer.span, "this window")
        raise NetworkError(Diagnostic("V205", message, (label,), "a pool may pad by half of its window at most"))
    return Window(kernel, stride, pad, ceil=options.flag("ceil", False))


def _rate(layer: syntax.Layer) -> float:
    if not isinstance(layer.rate, str):
        raise outside_block(str(layer.rate), layer.span)
    rate = float(layer.rate[:-1]) / 100 if layer.rate.endswith("%") else float(layer.rate)
    if not 0 <= rate < 1:
        label = Label(layer.span, "this rate")
        raise NetworkError(Diagnostic("V222", f"dropout can't drop {layer.rate}", (label,), "write 0.5 or 50%"))
    return rate


def _number(value: syntax.Value | None, span: Span) -> int:
    if not isinstance(value, int):
        raise outside_block(str(value), span)
    return value


def _once(options: tuple[Option, ...]) -> dict[str, Option]:
    seen: dict[str, Option] = {}
    for option in options:
        if option.key in seen:
            first = Label(seen[option.key].span, "first here", primary=False)
            message = f"the option `{option.key}` is given twice"
            raise NetworkError(Diagnostic("V221", message, (Label(option.span, "again"), first), "keep one"))
        seen[option.key] = option
    return seen


def outside_block(text: str, span: Span) -> NetworkError:
    help = "write a number; parameters belong to blocks"
    return NetworkError(Diagnostic("V223", f"`{text}` outside a block", (Label(span, "no such parameter"),), help))


def _bad(option: Option, message: str, help: str) -> NetworkError:
    return NetworkError(Diagnostic("V222", message, (Label(option.span, "this option"),), help))
