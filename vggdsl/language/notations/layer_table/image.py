"""The images that a table of layers is for: its first row, or what its first layer needs."""

from collections.abc import Sequence

from vggdsl.language.notations.draft import Draft, Place
from vggdsl.language.notations.image import ELSEWHERE
from vggdsl.language.notations.layer_table import figures, sizes
from vggdsl.language.notations.layer_table.layer import CONVOLUTIONS, Layer, width_of
from vggdsl.language.notations.summaries import STEM


def oriented(draft: Draft, layers: list[Layer]) -> bool:
    """Puts the input first and the channels of all sizes last; whether all sizes are of one order."""
    if layers[0].kind != "input" and layers[-1].kind == "input":
        layers.reverse()
        draft.assumed("the rows go upwards: the input is the last", layers[0].at)
    if (chained := sizes.channels_alone(layers)) is not None:
        at = chained.cells.get("output", chained.at)
        draft.assumed("what rows take and give are channels: each takes as many as the one before gives", at)
    if (squared := sizes.square(layers)) is not None:
        draft.assumed("a size of one number is of both sides", squared.output_at or squared.at)
    first = sizes.channels_first(layers)
    if first:
        sizes.put_last(layers)
        at = next(each.output_at or each.at for each in layers if len(each.output) == 3 or each.input)
        draft.assumed("sizes are channels x height x width", at)
    if first is None:
        for each in layers:
            for name in ("input", "output"):
                size = getattr(each, name)
                if len(size) == 3 and size[0] != size[1] == size[2]:
                    message = "the channels stand first here, and last in other rows"
                    draft.refuse(message, each.cells.get(name, each.at), "write all sizes alike")
    return not draft.wrong


def size_of(draft: Draft, layers: Sequence[Layer]) -> tuple[tuple[int, ...], Place] | None:
    """Height, width and channels, and where they stand; None if they were refused."""
    first = layers[0]
    size, at = first.input, first.cells.get("input", first.at)
    if first.kind == "input":
        size, at = first.output or first.input, first.output_at or first.cells.get("input") or first.at
        if len(size) == 2 and first.colours is not None:
            size = (*size, first.colours)
        if len(size) == 3 and first.colours not in (None, size[2]):
            draft.refuse(f"{first.colours} channels, and {size[2]}", at, "correct the one or the other")
            return None
    if len(size) != 3 and draft.told is not None:
        told = draft.told.size
        if first.kind == "input" and first.colours not in (None, told.c):
            message = f"images of {first.colours} channels are read here, and {told} is told ({draft.told.by})"
            draft.refuse(message, first.cells.get("width", at), "leave the one or the other out")
            return None
        alone = {(told.h,), (told.w,)} if first.kind == "input" else set[tuple[int, ...]]()
        if size in ((), (told.h, told.w)) or alone == {size}:
            draft.comment(f"told: {draft.told.by}")
            return (told.h, told.w, told.c), draft.told.at
    if first.kind != "input" and not size and len(first.output) > 1 and first.kind == "conv":
        size, at = _before(draft, layers), first.output_at or first.at
    if len(size) == 2:
        size = (*size, 3)
        draft.assumed("3 channels: none are printed", at)
    if len(size) == 1 and first.kind in CONVOLUTIONS:
        message = f"`{size[0]}` is no size of images; as channels, each row takes what the one before gives"
        draft.refuse(message, at, "correct them, or write whole sizes: `32x32x3`")
        return None
    if len(size) == 1 and draft.told is not None:
        message = f"images of `{size[0]}` are read here, and {draft.told.size} is told ({draft.told.by})"
        draft.refuse(message, at, "write the whole size, or leave that out")
        return None
    if len(size) != 3:
        draft.refuse(
            "the size of the images isn't printed", at, f"write a first row `INPUT | 32x32x3`, or it {ELSEWHERE}"
        )
        return None
    return size, at


def _before(draft: Draft, layers: Sequence[Layer]) -> tuple[int, ...]:
    """What a first convolution gets, which no row prints: by its size and its parameters."""
    first = layers[0]
    width, cell = width_of(first) or 0, first.cells.get("params")
    channels, why = first.takes or 3, ""
    if cell is not None and width:
        found = figures.windows(cell, first.window, (1, 3, 4), width)
        if len(found) == 1:
            ((first.window, channels),) = found
            why = ", as its parameters say"
    if first.pad is not None and first.window is not None and first.pad != "same":
        lost = [side - 1 - 2 * (0 if first.pad == "valid" else int(first.pad)) for side in first.window]
    else:
        lost = [side - 1 if sizes.shrinks(layers) else 0 for side in first.window or (1, 1)]
    stride = first.stride or 1
    if first.across is not None or (stride > 1 and (first.window is None or first.pad in (None, "same"))):
        return ()
    if first.stride is None and max(first.window or (1, 1)) >= STEM:
        return ()
    size = (stride * (first.output[0] - 1) + 1 + lost[0], stride * (first.output[1] - 1) + 1 + lost[1], channels)
    if stride > 1:
        shown = "x".join(map(str, size))
        text = f"input {shown}: none is printed, and the first layer's windows leave no row of it over"
        draft.assumed(f"{text}; up to {stride - 1} more would fit, too", first.output_at or first.at)
        return size
    keeps = "keeps the size" if not any(lost) else "doesn't pad"
    also = f", and takes {channels} channel{'s' * (channels > 1)}{why}" if why else ""
    text = f"input {'x'.join(map(str, size))}: none is printed, and the first layer {keeps}{also}"
    draft.assumed(text, first.output_at or first.at)
    return size
