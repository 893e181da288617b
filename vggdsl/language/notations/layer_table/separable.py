"""Separable convolutions: one of each channel by itself, and the 1x1 behind it that mixes them."""

import re
from collections.abc import Iterator
from dataclasses import replace

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.layer_table.facts import ACTIVATIONS
from vggdsl.language.notations.layer_table.layer import Layer, width_of
from vggdsl.language.notations.layer_table.sizes import pools_of

_BETWEEN = ("BN", "GN", "none", *ACTIVATIONS)
"""What stands behind both where a row says it once, as MobileNet's."""
_DEEP = re.compile(r"dep|\bdw|\bds", re.IGNORECASE)
"""Of MobileNet's word, where Keras' is `SeparableConv2D`."""


def parts(
    draft: Draft, layer: Layer, printed: tuple[int, ...], at: Excerpt | None, *, activates: bool
) -> tuple[Layer, Layer] | None:
    """The two convolutions of a row, whose size is printed at a place; None if it was refused.

    ``activates``: whether the table prints activations.
    """
    width = width_of(layer) or (printed[2] if len(printed) == 3 else None)
    if width is None:
        message = f"`{layer.at.text}` needs its number of filters: how many channels its 1x1 convolution gives"
        draft.refuse(message, layer.at, "write them in a column `Filters`, or the size that it gives: `32x32x64`")
        return None
    is_deep = any(_DEEP.search(text.text) for text in _words(layer))
    followers = [part for part in layer.behind if part.kind in _BETWEEN] if is_deep else []
    names = [part.kind for part in followers if part.kind != "none"] or (["ReLU"] if is_deep and not activates else [])
    if is_deep:
        between = f"{' and '.join(names) or 'nothing'} between them, as MobileNet's"
    else:
        between = "neither a bias nor anything else between them, as Keras' SeparableConv2D"
    text = f"separable: a depthwise convolution and a 1x1 behind it, {between}; that isn't printed"
    draft.assumed(text, layer.at, once=True)
    cells = {name: cell for name, cell in layer.cells.items() if name not in ("params", "macs")}
    size = printed[:2] if len(printed) > 1 and not pools_of(layer) else ()
    first = replace(
        layer,
        kind="depthwise",
        cells=cells,
        width=None,
        output=size,
        output_at=at,
        repeat=1,
        behind=followers,
        bare="" if is_deep else " bias=no" if activates else " bias=no after=none",
    )
    second = Layer(
        layer.at, "conv", cells, (1, 1), stride=1, width=width, output=printed, output_at=at, behind=layer.behind
    )
    return first, second


def _words(layer: Layer) -> Iterator[Excerpt]:
    return (cell for name, cell in layer.cells.items() if name in ("kind", "description", "filter", "words"))
