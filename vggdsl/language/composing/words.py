"""Op -> a layer's word and its options, where these may go without being written."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from vggdsl.language import syntax
from vggdsl.language.dictionary import KINDS
from vggdsl.language.from_op import layer_of
from vggdsl.language.options import read_layer_options, to_op
from vggdsl.network.ops import Facts, Layer
from vggdsl.text.errors import NetworkError
from vggdsl.text.source import NOWHERE, Placed

Defaults = Mapping[str, Mapping[str, str]]
"""By the words of kinds, the options that go for them, by key as they are written."""


class Unsayable(Exception):  # noqa: N818  # no error but an answer
    """Says which layer no spec can say, and why."""


@cache
def word_of(op: Facts) -> syntax.Layer:
    """The layer that means ``op``, with each option that isn't what goes without it. Raises ``Unsayable``."""
    if not isinstance(op, Layer):
        raise Unsayable(f"no spec can say {op.text}")
    layer = layer_of(op)
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
    value = getattr(op, key) if hasattr(op, key) else getattr(op.window, key)  # type: ignore[attr-defined]  # it has one
    return type.write(value)


def option(key: str, value: str) -> syntax.Option:
    return syntax.Option(Placed(key, NOWHERE), Placed(value, NOWHERE), NOWHERE)
