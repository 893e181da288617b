"""Headings of columns by their words, in any order: `weights number`, `layer shape (output shape)`."""

import re

_FILLERS = {"of", "the", "a", "an", "for", "per", "each", "layer", "conv", "convolution", "convolutional", "image"}
_COUNTS = {"#", "no", "num", "number", "count", "quantity", "amount"}
_SIZES = {"size", "shape", "dim", "dimension", "dimensionality", "volume", "resolution"}
_MAPS = {"feature", "map", "activation"}
_WINDOWS = {"filter", "kernel", "window", "mask", "patch"}
_WIDTHS = {"channel", "neuron", "unit", "node", "depth"}
_FIGURES = {"weight", "param", "parameter"}
_PLURAL = re.compile(r"(?<=[a-rt-z])s\Z")


def by_words(heading: str) -> str | None:
    """What a column is of whose heading, in small letters, isn't known as a whole; None where its words don't tell.

    What stands in brackets is said in other words; the two mustn't say different things.

    >>> by_words("weights number"), by_words("layer shape (output shape)"), by_words("number of layers")
    ('params', 'output', None)
    """
    outside, inside = re.sub(r"\([^)]*\)", " ", heading), re.findall(r"\(([^)]*)\)", heading)
    said = {name for part in (outside, *inside) if (name := _said(re.findall(r"[a-z]+|#", part))) is not None}
    return said.pop() if len(said) == 1 else None


def _said(words: list[str]) -> str | None:
    bare = {_PLURAL.sub("", word) for word in words} - _FILLERS
    counts, sizes, rest = bare & _COUNTS, bare & _SIZES, bare - _COUNTS - _SIZES
    if not rest or (counts and sizes):
        return None
    if rest <= _WINDOWS:
        is_several = any(word not in rest for word in words if _PLURAL.sub("", word) in rest)
        return "width" if counts or (is_several and not sizes) else "filter"
    if rest <= _FIGURES | {"total", "trainable", "learnable", "learned"} and rest & _FIGURES and not sizes:
        return "params"
    if rest <= {"mac", "madd", "flop"} and not sizes:
        return "macs"
    for side, role in (("output", "output"), ("out", "output"), ("input", "input"), ("in", "input")):
        if side in rest and rest - {side} <= _WIDTHS | _WINDOWS and rest - {side} and not sizes:
            return "width" if role == "output" else "takes"
        if side in rest and rest - {side} <= _MAPS and not counts:
            return role
    if rest <= _WIDTHS and not sizes and rest != {"depth"}:
        return "width"
    if "map" in rest and rest <= _MAPS:
        return "output" if sizes else "width" if counts else None
    if rest <= {"stride", "step"} and not counts and words[-1] not in ("stride", "strides"):
        return "stride"
    if rest <= {"pad", "padding", "zero"} and not counts and not sizes:
        return "pad"
    return None
