"""A layer's word and its options -> op."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, assert_never

from vggdsl.language import syntax
from vggdsl.language.dictionary import KINDS, MERGES, LayerKind
from vggdsl.language.reader import Reader
from vggdsl.language.schema import Key
from vggdsl.language.spelling import sides_text
from vggdsl.language.syntax import Option
from vggdsl.language.types import Axes, Flag, Number, OneOf, Padding, Type, UnfitError, Whole
from vggdsl.language.voice import Voice
from vggdsl.network.ops import Layer, Merge
from vggdsl.network.shapes import Pair, Sides, Window
from vggdsl.text.edits import Edit, removal
from vggdsl.text.errors import Diagnostic, Label, NetworkError
from vggdsl.text.figures import LONGEST
from vggdsl.text.source import Placed, Span

_AFTER = Key("after", OneOf("none"), "the layer opts out of the rule of its kind")

OPTIONS: Mapping[str, tuple[Key, ...]] = {
    word: (*kind.options, _AFTER) for word, kind in KINDS.items() if kind.ruled and word not in MERGES
}
"""The options of each kind; a kind that isn't here has none."""


_OTHER_WORDS = {
    "s": "stride",
    "step": "stride",
    "strides": "stride",
    "p": "pad",
    "padding": "pad",
    "dilation-rate": "dilation",
    "use-bias": "bias",
    "ceil-mode": "ceil",
    "epsilon": "eps",
    "size": "n",
    "local-size": "n",
}
"""Other tools' words for options."""
_NO_OPTIONS = {
    **dict.fromkeys(
        ("kernel", "kernel-size", "k", "size", "filter-size", "pool-size"), "the window stands in the word, behind `{}`"
    ),
    **dict.fromkeys(
        ("filters", "channels", "out-channels", "in-channels", "features", "units"),
        "how many come out stands in the word, behind its hyphen; what comes in is known",
    ),
    **dict.fromkeys(
        ("activation", "act", "bn", "batchnorm", "norm", "dropout"), "that is a layer of its own, behind this one"
    ),
    **dict.fromkeys(("weight-decay", "kernel-regularizer", "l2", "lr"), "that is said by the optimizer of a recipe"),
    **dict.fromkeys(("init", "kernel-initializer", "weight-init"), "how weights begin is said by `init` in a recipe"),
    "name": "a name stands before the layer, with a colon",
    "input-shape": "the size of the input stands in its own line",
}
"""What layers aren't told by options, and where it is said."""


_CONSTANTS = ("alpha", "slope", "negative-slope")
"""What the number of an activation is called elsewhere."""
_NO_EFFECT = ("inplace", "name", "dim", "axis")
"""Options of other tools that change nothing of what a layer computes here."""


class _Voice(Voice):
    """What a layer's options are told in."""

    def unknown_key(self, option: Option, keys: Sequence[Key], of: str) -> Diagnostic:
        word = option.key.replace("_", "-")
        if keys:
            found = super().unknown_key(option, keys, of)
            known = {key.name: key.type for key in keys}
            name = word if word in known else _OTHER_WORDS.get(word, "")
            if name not in known:
                return found.helped(_NO_OPTIONS[word].format(of)) if word in _NO_OPTIONS else found
            is_flag = isinstance(known[name], Flag)
            value = Flag.meant.get(option.value.lower(), option.value) if is_flag else option.value
            if "$" not in value and value.lower() != "same" and not _is_read(known[name], value):
                return found
            return found.helped(f"write `{name}={value}`", Edit(option.span, f"{name}={value}"))
        label = Label(option.span, "this option")
        wrong = Diagnostic(self.unknown, f"{of} takes no options", (label,))
        if of == "PReLU" and word in (*_CONSTANTS, "init"):
            return wrong.helped("its slopes are learned, from 0.25 on: nothing can be set")
        if of in KINDS and (fits := KINDS[of].fits) is not None and word in _CONSTANTS:
            if _reads(fits, option.value):
                return wrong.helped(f"its number stands in the word: `{of}-{option.value}`")
            return wrong.helped(f"its number stands in the word, as in `{of}-{fits.example}`, and is {fits.says}")
        is_ours = any(key.name == word for kind in OPTIONS.values() for key in kind) and word not in _CONSTANTS
        if is_ours or word in _NO_EFFECT:
            return wrong.helped(f"remove `{option}`", removal(option.span))
        return wrong.helped(f"nothing can be set at {of}: if it makes another function, that isn't in the language")

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
                help = f"as in `{key.name}={key.example}` or `{key.name}={side.least}x3`"
                sides = re.split("[x×]", value, flags=re.IGNORECASE)
                if isinstance(key.type, Padding) and len(sides) == 4:
                    said = f"`{key.name}={','.join(sides)}`"
                    help = f"sides have commas, and stand above, below, left and right: in this order it is {said}"
            case (Whole() as side) | Axes(side) | Padding(side):
                message, help = f"{key.name} can't be `{value}`", f"{side.says} can stand here"
            case Number() | Flag():
                help = f"write `{key.name}={why.instead}`" if why.instead else f"as in `{key.name}={key.example}`"
                message = f"{key.name} is {key.type.says}, not `{value}`"
            case _:
                message, help = f"`{option}`", f"only `{key.name}={key.example}` can stand at a layer"
        fixes = (Edit(option.value.span, why.instead),) if why.instead else ()
        return Diagnostic(self.unfit, message, (Label(option.span, "this option"),), help, fixes=fixes)


VOICE = _Voice("V220", "V221", "V222")


def _is_read(type: Type, text: str) -> bool:
    try:
        type.read(text)
    except UnfitError:
        return False
    return True


def _reads(type: Type, text: str) -> bool:
    """Whether a text is of a type, as it stands in a word."""
    return _is_read(type, text) and re.fullmatch(r"\d*\.?\d+", text, re.ASCII) is not None


def read_layer_options(layer: syntax.Layer, defaults: Sequence[Option] = ()) -> dict[str, Any]:
    """The values that a layer's own options give, or else the defaults of its kind.

    Raises ``NetworkError`` V220 for an unknown option, V221 for one given twice, V222 for a bad value, V223 for a
    parameter outside a block.
    """
    own = {option.key for option in layer.options}
    findings: list[Diagnostic] = []
    options = [*(option for option in defaults if option.key not in own), *layer.options]
    options = [_without_same(option, layer, options, findings) for option in options]
    values = Reader(VOICE, findings).options(options, OPTIONS.get(layer.kind, ()), layer.kind)
    if isinstance(layer.rate, str) and findings:
        findings = [_given_too(finding, layer) for finding in findings]
    if layer.stride is not None and "stride" in own:
        option = next(option for option in layer.options if option.key == "stride")
        label = Label(option.span, "this option")
        wrong = Diagnostic("V222", "the stride is given twice", (label,))
        help = f"keep `/{sides_text(layer.stride)}` or `{option}`, not both"
        is_same = option.value in (sides_text(layer.stride), str(layer.stride))
        fix = removal(option.span)
        findings.append(wrong.helped(help, fix if is_same else fix.as_choice))
    if findings:
        raise NetworkError(findings)
    return values


def _given_too(finding: Diagnostic, layer: syntax.Layer) -> Diagnostic:
    """The finding about a constant that is given as an option, where the layer's word has one, too."""
    place = finding.labels[0].span
    option = next((each for each in layer.options if each.span == place), None)
    if option is None or option.key.replace("_", "-") not in _CONSTANTS:
        return finding
    if option.value == layer.rate:
        return replace(finding.helped(f"remove `{option}`: the word says it"), fixes=(removal(option.span),))
    return replace(finding.helped(f"the word has a number, {layer.rate}: keep one of the two"), fixes=())


def same_padding(word: str, window: Window) -> Pair | None:
    """What Keras' `same` adds around a map of any size: None where that depends on the size, or sides differ."""
    if word == "avgpool" and window.extent != (1, 1):
        return None
    for extent, stride in zip(window.extent, window.stride, strict=True):
        if extent % 2 == 0 or stride > 1 < extent:
            return None
    return window.same_pad


def _without_same(option: Option, layer: syntax.Layer, options: Sequence[Option], findings: list[Diagnostic]) -> Option:
    """`pad=same` as the number that it means; where it means none, that is added to ``findings``."""
    has_pad = any(key.name == "pad" for key in OPTIONS.get(layer.kind, ()))
    if not has_pad or option.key != "pad" or option.value.lower() != "same" or "$" in str(layer.kernel):
        return option
    window = _window_of(layer, options)
    if window is None:  # told of what is wrong with it
        return replace(option, value=Placed("0", option.value.span))
    pad = same_padding(layer.kind, window)
    if pad is None:
        is_of_one = any(each is option for each in layer.options) and not layer.by_parameters
        findings.append(_not_same(option, layer.kind, window, is_of_one))
    return replace(option, value=Placed("0" if pad is None else pad.short, option.value.span))


def in_one_form(option: Option, word: str) -> Option:
    """A layer's option whose value is a word: in small letters, and as the number if it is one (`pad=valid`) always."""
    key = next((key for key in OPTIONS.get(word, ()) if key.name == option.key), None)
    if key is None or option.quoted or not option.value.isalpha():
        return option
    value = option.value.lower()
    if value != "same":
        try:
            value = key.type.write(key.type.read(value))
        except UnfitError:
            return option
    return replace(option, value=Placed(value, option.value.span))


def _window_of(layer: syntax.Layer, options: Sequence[Option]) -> Window | None:
    """The window of a convolution or a pool as far as ``pad=same`` asks for it."""
    step = 2 if KINDS[layer.kind].form == "POOL" else 1
    sides = [side for side in (*(layer.kernel or (2, 2)), *(layer.stride or (step, step))) if isinstance(side, int)]
    if len(sides) < 4:
        return None
    said = {"stride": Pair(*sides[2:]), "dilation": Pair(1, 1)}
    try:
        given = {str(each.key): Axes(Whole()).read(each.value) for each in options if each.key in said}
    except UnfitError:
        return None
    if layer.stride is not None:
        given.pop("stride", None)
    said |= given
    return Window(Pair(*sides[:2]), said["stride"], dilation=said["dilation"])


UNCOUNTED = "Keras leaves the padding out of an average, where it counts here: no padding says that"


def _not_same(option: Option, word: str, window: Window, is_of_one: bool) -> Diagnostic:
    """V222 where `same` is no padding of this language, with what says it; an edit only at an option ``of one`` window.

    A default, or what a block says of a parameter, is that of other windows, too.
    """
    message = (
        f"`pad=same` of {'an' if word.startswith('a') else 'a'} {word} of {window.kernel}, stride {window.stride.short}"
    )
    wrong = Diagnostic("V222", message, (Label(option.span, "this option"),))
    if word == "avgpool":
        return wrong.helped(UNCOUNTED)
    even, odd = (window.keras_pad(Pair(*(rest + s for s in window.stride))).short for rest in (0, 1))
    if window.stride == (1, 1) and not is_of_one:
        return wrong.helped(f"what Keras adds has sides of its own: say `pad={even}` at such layers alone")
    if window.stride == (1, 1):
        return wrong.helped(
            f"what Keras adds has sides of its own: write `pad={even}`", Edit(option.span, f"pad={even}")
        )
    if window.stride != (2, 2):
        return wrong.helped("at a stride it depends on the map's size: write the padding of each side")
    return wrong.helped(f"at stride 2 it depends on the map: of even height and width `pad={even}`, of odd `pad={odd}`")


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
    kernel = _pair(layer.kernel, layer.span)
    if layer.stride is not None:
        values["stride"] = _pair(layer.stride, layer.span)
    window = Window(kernel, **{key: values.pop(key) for key in ("stride", "dilation") if key in values})
    window = replace(window, pad=window.same_pad if pad is None else pad)
    return {"channels": _number(layer.width, layer.span), "window": window, **values}


def _pool_window(layer: syntax.Layer, **values: Any) -> Window:
    kernel, stride = Pair(2, 2), Pair(2, 2)
    if layer.kernel is not None:
        assert layer.stride is not None
        kernel, stride = _pair(layer.kernel, layer.span), _pair(layer.stride, layer.span)
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
        help = share_said(layer.rate) or "a share below 1 can stand here, or one below 100%"
        raise NetworkError(Diagnostic("V222", f"dropout can't drop {layer.rate}", (label,), help))
    return rate


def share_said(word: str) -> str | None:
    """How a rate that ends a word, or a call, is said if it was meant in percent; None where it can't be.

    >>> share_said("dropout-40"), share_said("dropout-0.4"), share_said("dropout-1")
    ('in percent it is `dropout-40%`', None, None)
    """
    found = re.fullmatch(r"(?:.*[^\d.])?([1-9]\d?(?:\.\d+)?)\)?", word, re.DOTALL)
    return f"in percent it is `dropout-{found[1]}%`" if found and float(found[1]) > 1 else None


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


def _pair(sides: tuple[syntax.Value, syntax.Value], span: Span) -> Pair:
    return Pair(*(_number(side, span) for side in sides))


def _number(value: syntax.Value | None, span: Span) -> int:
    if not isinstance(value, int):
        raise NetworkError(outside_block(str(value), span))
    return value


NAME_A_CHOICE = "give a choice this name, as in `conv3-{w=64|96}`, or write a number"
"""What a parameter outside a block can stand for."""


def outside_block(text: str, span: Span) -> Diagnostic:
    help = "write a number; parameters belong to blocks"
    if re.fullmatch(r"\$\w+", text):
        help = f"{NAME_A_CHOICE}; parameters belong to blocks"
    return Diagnostic("V223", f"`{text}` outside a block", (Label(span, "no such parameter"),), help)
