"""Op -> a layer's word and its options: ``language/options.py`` the other way round."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

from vggdsl.language import syntax
from vggdsl.language.dictionary import KINDS, LayerKind
from vggdsl.language.options import read_layer_options, to_op
from vggdsl.network.ops import AvgPool, Conv, Facts, Layer, MaxPool
from vggdsl.network.shapes import Pair, Window
from vggdsl.text.errors import NetworkError
from vggdsl.text.source import NOWHERE, Placed

Defaults = Mapping[str, Mapping[str, str]]
"""By the words of kinds, the options that go for them, by key as they are written."""


class Unsayable(Exception):  # noqa: N818  # no error but an answer
    """Says which layer no spec can say, and why."""


@cache
def word_of(op: Facts) -> syntax.Layer:
    """The layer that means ``op``, with each option that isn't what goes without it. Raises ``Unsayable``."""
    if not isinstance(op, Layer) or op.kind not in KINDS:
        raise Unsayable(f"no spec can say {op.text}")
    kind = KINDS[op.kind]
    layer = _without_options(op, kind)
    if layer is None:
        raise Unsayable(f"no spec can say {op.text}")
    written = {key: option(key, value) for key, value in _values(op, kind, layer).items()}
    layer = replace(layer, options=tuple(written.values()))
    try:
        meant = to_op(layer, read_layer_options(layer))
    except NetworkError as error:
        raise Unsayable(f"no spec can say {op.text}: {error.diagnostics[0].message}") from None
    if meant != op:
        raise Unsayable(f"no spec can say {op.text}")
    return layer


def with_defaults(op: Facts, defaults: Defaults) -> syntax.Layer:
    """The same where some options go without being written."""
    layer = word_of(op)
    usual = defaults.get(layer.kind, {})
    own = {str(each.key): str(each.value) for each in layer.options}
    wanted = {key: value for key, value in own.items() if usual.get(key) != value}
    wanted |= {key: explicit(op, key) for key in usual if key not in own}
    keys = [key.name for key in KINDS[layer.kind].options if key.name in wanted]
    return replace(layer, options=tuple(option(key, wanted[key]) for key in keys))


def explicit(op: Facts, key: str) -> str:
    """The value of an option as it is written where it needn't be."""
    kind = KINDS[op.kind]
    type = next(each.type for each in kind.options if each.name == key)
    return type.write(_value(op, key))


def option(key: str, value: str) -> syntax.Option:
    return syntax.Option(Placed(key, NOWHERE), Placed(value, NOWHERE), NOWHERE)


def _value(op: Facts, key: str) -> Any:
    return getattr(op, key) if hasattr(op, key) else getattr(op.window, key)  # type: ignore[attr-defined]  # of those with one


def _values(op: Facts, kind: LayerKind, layer: syntax.Layer) -> dict[str, str]:
    """The options that must be written, by their keys."""
    found = {}
    for key in kind.options:
        value = _value(op, key.name)
        usual = op.window.same_pad if isinstance(op, Conv) and key.name == "pad" else key.default
        if value != usual and not (key.name == "stride" and layer.stride is not None):
            found[key.name] = key.type.write(value)
    return found


def _without_options(op: Layer, kind: LayerKind) -> syntax.Layer | None:
    """The word alone; None if its form has no place for what the op is."""
    word = kind.word
    match kind.form:
        case "CONV" if isinstance(op, Conv):
            stride = op.window.stride
            is_told = stride.h == stride.w > 1
            return syntax.Layer(word, NOWHERE, op.window.kernel, op.channels, stride.h if is_told else None)
        case "POOL" if isinstance(op, MaxPool | AvgPool):
            window = op.window
            if window.stride.h != window.stride.w:
                return None
            if window == Window(Pair(2, 2), Pair(2, 2), window.pad, ceil=window.ceil):
                return syntax.Layer(word, NOWHERE)
            return syntax.Layer(word, NOWHERE, window.kernel, None, window.stride.h)
        case "SIZED":
            return syntax.Layer(word, NOWHERE, width=getattr(op, kind.number))
        case "RATED" | "CURVED":
            number = getattr(op, kind.number)
            return syntax.Layer(word, NOWHERE, rate=None if number is None else f"{Decimal(repr(number)):f}")
        case _:
            return syntax.Layer(word, NOWHERE)
