"""An op -> the layer that a spec writes for it: the inverse of ``options.to_op``."""

from decimal import Decimal
from typing import assert_never

from vggdsl.language import syntax
from vggdsl.language.dictionary import KINDS, LayerKind
from vggdsl.language.spelling import element_text
from vggdsl.network.ops import AvgPool, Conv, Input, MaxPool, Op
from vggdsl.network.shapes import Window
from vggdsl.text.source import NOWHERE, Placed


def op_text(op: Op) -> str:
    """An op in the words of the language, with every option that isn't the default.

    >>> from vggdsl.network.ops import LRN
    >>> from vggdsl.network.shapes import Pair
    >>> op_text(MaxPool(Window(Pair(2, 2), Pair(2, 2)))), op_text(LRN(n=9)), op_text(LRN())
    ('maxpool', 'LRN n=9', 'LRN')
    """
    return f"input {op.size}" if isinstance(op, Input) else element_text(layer_of(op))


def layer_of(op: Op) -> syntax.Layer:
    """The layer that means an op, as short as it can be written; of a merge its word alone."""
    assert not isinstance(op, Input)
    kind = KINDS[op.kind]
    match kind.form:
        case "CONV":
            assert isinstance(op, Conv)
            return _conv(op, kind)
        case "POOL":
            assert isinstance(op, MaxPool | AvgPool)
            return _pool(op.window, kind)
        case "SIZED":
            return syntax.Layer(kind.word, NOWHERE, width=getattr(op, kind.number), options=_options(kind, op))
        case "RATED" | "CURVED":
            rate = getattr(op, kind.number)
            text = None if rate is None else f"{Decimal(repr(rate)):f}"
            return syntax.Layer(kind.word, NOWHERE, rate=text, options=_options(kind, op))
        case "PLAIN" | "MERGE":
            return syntax.Layer(kind.word, NOWHERE, options=_options(kind, op))
        case _:
            assert_never(kind.form)


def _conv(op: Conv, kind: LayerKind) -> syntax.Layer:
    window = op.window
    stride = None if window.stride == Window.stride else (window.stride.h, window.stride.w)
    options = _options(kind, op, window, pad=window.same_pad, stride=window.stride)
    return syntax.Layer(kind.word, NOWHERE, (window.kernel.h, window.kernel.w), op.channels, stride, options=options)


def _pool(window: Window, kind: LayerKind) -> syntax.Layer:
    options = _options(kind, window)
    if window.kernel == window.stride == (2, 2):
        return syntax.Layer(kind.word, NOWHERE, options=options)
    sides = (window.kernel.h, window.kernel.w), (window.stride.h, window.stride.w)
    return syntax.Layer(kind.word, NOWHERE, sides[0], stride=sides[1], options=options)


def _options(kind: LayerKind, *holders: object, **usual: object) -> tuple[syntax.Option, ...]:
    """Those whose values, of an op or its window, aren't what goes without them."""
    found = []
    for key in kind.options:
        value = next(getattr(each, key.name) for each in holders if hasattr(each, key.name))
        if value != usual.get(key.name, key.default):
            found.append(syntax.Option(Placed(key.name, NOWHERE), Placed(key.type.write(value), NOWHERE), NOWHERE))
    return tuple(found)
