"""Layers that follow another in its row, in the words of the spec language."""

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.layer_table import sizes
from vggdsl.language.notations.layer_table.layer import POOLS, Part
from vggdsl.language.notations.layer_table.sliding import which
from vggdsl.network.shapes import Pair


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
            return f"{which(draft, kind, part.at)}{Pair(*window).short}/{stride}"
        case kind:
            return kind


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
