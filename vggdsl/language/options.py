"""A layer's word and its options -> op."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, assert_never

from vggdsl.language import syntax
from vggdsl.language.dictionary import KINDS, MERGES, LayerKind
from vggdsl.language.reader import Reader, Voice
from vggdsl.language.schema import Axes, Choice, Flag, Key, Number, Padding, Type, UnfitError, Whole
from vggdsl.language.syntax import Option
from vggdsl.network.ops import Layer, Merge
from vggdsl.network.shapes import Pair, Sides, Window
from vggdsl.text.edits import removal
from vggdsl.text.errors import Diagnostic, Label, NetworkError
from vggdsl.text.figures import LONGEST
from vggdsl.text.source import Span

_AFTER = Key("after", Choice("none"), "the layer opts out of the rule of its kind")

OPTIONS: Mapping[str, tuple[Key, ...]] = {
    word: (*kind.options, _AFTER) for word, kind in KINDS.items() if kind.ruled and word not in MERGES
}
"""The options of each kind; a kind that isn't here has none."""


class _Voice(Voice):
    """What a layer's options are told in."""

    def unknown_key(self, option: Option, keys: Sequence[Key], of: str) -> Diagnostic:
        if keys:
            return super().unknown_key(option, keys, of)
        label = Label(option.span, "this option")
        wrong = Diagnostic(self.unknown, f"{of} takes no options", (label,))
        if of in KINDS and (fits := KINDS[of].fits) is not None and _reads(fits, option.value):
            return wrong.helped(f"its number stands in the word: `{of}-{option.value}`")
        return wrong.helped(f"remove `{option}`", removal(option.span))

    def given_twice(self, option: Option, first: Option) -> Diagnostic:
        return replace(super().given_twice(option, first), message=f"the option `{option.key}` is given twice")

    def unfit_value(self, option: Option, key: Key, why: UnfitError) -> Diagnostic:
        value = option.value
        if "$" in value:
            return outside_block(value, option.span)
        match key.type:
            case Padding() if "," in value:
                message = f"{key.name} is {key.type.says}, not `{value}`"
                help = f"`{key.name}=0,1,0,1` adds {Sides(0, 1, 0, 1)}"
                if re.fullmatch("(0|[1-9][0-9]*),(0|[1-9][0-9]*)", value):
                    help = f"write `{key.name}={value.replace(',', 'x')}` for height and width; {help}"
            case Axes(side) | Padding(side) if re.search("[x×]", value, re.IGNORECASE):
                message = f"{key.name} is {key.type.says}"
                help = f"write `{key.name}={key.example}` or `{key.name}={side.least}x3`"
            case (Whole() as side) | Axes(side) | Padding(side):
                message, help = f"{key.name} can't be `{value}`", f"{side.says} can stand here"
            case Number() | Flag():
                message, help = f"{key.name} is {key.type.says}, not `{value}`", f"write `{key.name}={key.example}`"
            case _:
                message, help = f"`{option}`", f"only `{key.name}={key.example}` can stand at a layer"
        return Diagnostic(self.unfit, message, (Label(option.span, "this option"),), help)


VOICE = _Voice("V220", "V221", "V222")


def _reads(type: Type, text: str) -> bool:
    """Whether a text is of a type, as it stands in a word."""
    try:
        type.read(text)
    except UnfitError:
        return False
    return re.fullmatch(r"\d*\.?\d+", text, re.ASCII) is not None


def read_layer_options(layer: syntax.Layer, defaults: Sequence[Option] = ()) -> dict[str, Any]:
    """The values that a layer's own options give, or else the defaults of its kind.

    Raises ``NetworkError`` V220 for an unknown option, V221 for one given twice, V222 for a bad value, V223 for a
    parameter outside a block.
    """
    own = {option.key for option in layer.options}
    options = (*(option for option in defaults if option.key not in own), *layer.options)
    findings: list[Diagnostic] = []
    values = Reader(VOICE, findings).options(options, OPTIONS.get(layer.kind, ()), layer.kind)
    if layer.stride is not None and "stride" in own:
        option = next(option for option in layer.options if option.key == "stride")
        label = Label(option.span, "this option")
        wrong = Diagnostic("V222", "the stride is given twice", (label,))
        findings.append(wrong.helped(f"keep `/{layer.stride}` or `{option}`, not both", removal(option.span)))
    if findings:
        raise NetworkError(findings)
    return values


def to_op(layer: syntax.Layer, options: Mapping[str, Any]) -> Layer | Merge:
    """The op that a layer's word means, with the values of its options."""
    kind = KINDS[layer.kind]
    values = {key: value for key, value in options.items() if key != "after"}
    match kind.form:
        case "CONV":
            return kind.make(**_conv(layer, **values))
        case "POOL":
            return kind.make(window=_pool_window(layer, **values))
        case "SIZED":
            return kind.make(_number(layer.width, layer.span), **values)
        case "RATED":
            return kind.make(_rate(layer), **values)
        case "CURVED":
            return kind.make(None if layer.rate is None else _constant(layer, kind), **values)
        case "PLAIN" | "MERGE":
            return kind.make(**values)
        case _:
            assert_never(kind.form)


def _conv(layer: syntax.Layer, pad: Pair | Sides | None = None, **values: Any) -> dict[str, Any]:
    assert layer.kernel is not None
    kernel = Pair(*(_number(k, layer.span) for k in layer.kernel))
    if layer.stride is not None:
        values["stride"] = Pair(*[_number(layer.stride, layer.span)] * 2)
    window = Window(kernel, **{key: values.pop(key) for key in ("stride", "dilation") if key in values})
    window = replace(window, pad=window.same_pad if pad is None else pad)
    return {"channels": _number(layer.width, layer.span), "window": window, **values}


def _pool_window(layer: syntax.Layer, **values: Any) -> Window:
    kernel, stride = Pair(2, 2), Pair(2, 2)
    if layer.kernel is not None:
        kernel = Pair(*(_number(k, layer.span) for k in layer.kernel))
        stride = Pair(*[_number(layer.stride, layer.span)] * 2)
    window = Window(kernel, stride, **values)
    if window.ceil and isinstance(window.pad, Sides):
        message, help = "`ceil` where sides are padded by themselves", "remove it, and pad more below or right"
        raise NetworkError(Diagnostic("V222", message, (Label(layer.span, "here"),), help))
    if any(2 * max(p, q) > k for p, q, k in zip(window.pad_before, window.pad_behind, kernel, strict=True)):
        message = f"padding {window.pad} is more than half of the window {kernel}"
        label = Label(layer.span, "this window")
        raise NetworkError(Diagnostic("V205", message, (label,), "a pool may pad by half of its window at most"))
    return window


def _rate(layer: syntax.Layer) -> float:
    if not isinstance(layer.rate, str):
        raise NetworkError(outside_block(str(layer.rate), layer.span))
    rate = float(layer.rate[:-1]) / 100 if layer.rate.endswith("%") else float(layer.rate)
    if not 0 <= rate < 1:
        label = Label(layer.span, "this rate")
        raise NetworkError(Diagnostic("V222", f"dropout can't drop {layer.rate}", (label,), "write 0.5 or 50%"))
    return rate


def _constant(layer: syntax.Layer, kind: LayerKind) -> float:
    assert kind.fits is not None
    if not isinstance(layer.rate, str):
        raise NetworkError(outside_block(str(layer.rate), layer.span))
    try:
        return kind.fits.read(layer.rate)
    except UnfitError:
        shown, digits = layer.rate, ""
        if len(layer.rate) > LONGEST:
            shown, digits = f"{layer.rate[:20]}…", f", of at most {LONGEST} digits,"
        message = f"the number of {kind.word} can't be `{shown}`"
        help = f"{kind.fits.says}{digits} can stand here{'' if layer.rate.strip('0.') else '; with 0 it is `ReLU`'}"
        raise NetworkError(Diagnostic("V222", message, (Label(layer.span, "this number"),), help)) from None


def _number(value: syntax.Value | None, span: Span) -> int:
    if not isinstance(value, int):
        raise NetworkError(outside_block(str(value), span))
    return value


def outside_block(text: str, span: Span) -> Diagnostic:
    help = "write a number; parameters belong to blocks"
    return Diagnostic("V223", f"`{text}` outside a block", (Label(span, "no such parameter"),), help)
