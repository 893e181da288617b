"""Layers that follow another in its row, in the words of the spec language."""

from collections.abc import Iterator, Sequence

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.layer_table import sizes
from vggdsl.language.notations.layer_table.facts import ACTIVATIONS
from vggdsl.language.notations.layer_table.layer import CONVOLUTIONS, POOLS, Layer, Part
from vggdsl.language.notations.layer_table.sliding import which

_BETWEEN = ("BN", "GN", "LRN", "dropout", *POOLS)
"""What may stand between a layer and its activation."""


def follower(draft: Draft, part: Part) -> str:
    """The word of one; none where nothing follows."""
    match part.kind:
        case "none":
            return ""
        case "dropout":
            return dropout(draft, part.rate, part.at)
        case "LeakyReLU" | "ELU":
            return curved(draft, part.kind, part.rate, part.at)
        case "GN":
            return grouped(draft, part.groups, part.at)
        case kind if kind in POOLS:
            if part.window is None and part.stride in (None, 2):
                draft.assumed("2x2 pools at stride 2: none are printed", part.at, once=True)
            window, stride = sizes.window_of(part)
            if part.window is not None and part.stride is None:
                draft.assumed("pools at a stride of their window: none is printed", part.at, once=True)
            return f"{which(draft, kind, part.at)}{window.short}/{stride.short}"
        case kind:
            return kind


def unactivated(layers: Sequence[Layer]) -> tuple[Layer, str] | None:
    """The first convolution or hidden FC of a table that prints activations without one, and the first that is
    printed."""
    acts = {"activation", "none", *ACTIVATIONS}
    printed = next((kind for layer in layers for kind in _kinds(layer) if kind in acts), "")
    weighty = [at for at, layer in enumerate(layers) if layer.kind in (*CONVOLUTIONS, "FC", "output")]
    for at in weighty[:-1] if printed else []:
        behind = list(_kinds(layers[at]))[1:]
        for after in layers[at + 1 :]:
            if after.kind not in (*acts, *_BETWEEN):
                break
            behind += _kinds(after)
        if not acts & set(behind):
            return layers[at], printed
    return None


def _kinds(layer: Layer) -> Iterator[str]:
    yield layer.kind
    yield from (part.kind for part in layer.behind)


def dropout(draft: Draft, rate: str, at: Excerpt) -> str:
    """With its rate, of what is dropped."""
    if not rate:
        draft.assumed("a rate of 0.5: none is printed", at, once=True)
    return f"dropout-{rate or 0.5}"


def curved(draft: Draft, kind: str, slope: str, at: Excerpt) -> str:
    """An activation with its slope."""
    if not slope and kind == "LeakyReLU":
        draft.assumed("a slope of 0.01: none is printed", at, once=True)
    return f"{kind}-{slope}" if slope else kind


def grouped(draft: Draft, groups: int | None, at: Excerpt) -> str:
    """Group normalisation with its groups of channels, which have no usual number."""
    if groups is None:
        draft.refuse("how many groups of channels are normalised isn't printed", at, "write `GroupNorm(32)`")
    return f"GN-{groups}"
