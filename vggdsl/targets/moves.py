"""Calls that only move a tensor's values about, in a module that others wrote: views of it, its sizes, its parts.

What a shuffle or a split of channels is in PyTorch takes several calls, between which no layer stands. They are
followed by what each gives: a number, a tuple, a view, or the layers that are the same.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from vggdsl.network.ops import GlobalAvgPool, GlobalMaxPool, Identity, Layer, Shuffle, Take
from vggdsl.network.shapes import Shape

BATCH = "N"
"""How many images there are, which nobody knows: as a size it is told apart from numbers."""

_NAMES: Mapping[object, str] = {
    operator.getitem: "getitem",
    operator.floordiv: "floordiv",
    getattr: "getattr",
    torch.amax: "amax",
    torch.chunk: "chunk",
    torch.mean: "mean",
    torch.permute: "permute",
    torch.reshape: "reshape",
    torch.split: "split",
    torch.transpose: "transpose",
}


@dataclass(frozen=True)
class Map:
    """A layer's output, (N, C, H, W), by the name of the layer."""

    name: str
    shape: Shape


@dataclass(frozen=True)
class View:
    """A map whose channels are seen in groups: (N, groups, C / groups, H, W), or with these two axes ``turned``."""

    of: Map
    groups: int
    turned: bool = False


@dataclass(frozen=True)
class Behind:
    """Layers behind a map, one at least."""

    of: Map
    layers: tuple[Layer, ...]


def moved(target: object, given: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """What a call of a function or a method gives; None if it does something else."""
    name = target if isinstance(target, str) else _NAMES.get(target)
    if name not in _MOVES:
        return None
    try:
        return _MOVES[name](*given, **options)
    except (TypeError, IndexError):  # called in a way, or on a value, that isn't followed
        return None


def _size(x: Any, dim: int | None = None) -> Any:
    if not isinstance(x, Map):
        return None
    sizes = (BATCH, *x.shape.chw)
    return sizes if dim is None else sizes[dim]


def _getattr(x: Any, name: str) -> Any:
    return _size(x) if name == "shape" else None


def _getitem(x: Any, at: Any) -> Any:
    if isinstance(x, tuple) and isinstance(at, int):
        return x[at]
    match at:
        case (slice(start=None, stop=None, step=None), slice(step=None) as channels) if isinstance(x, Map):
            return _channels(x, *channels.indices(x.shape.c)[:2])
        case (slice(start=None, stop=None, step=None), slice(start=None, stop=None, step=None), None, None):
            return _pixel(x)
    return None


def _pixel(x: Any, *_: Any) -> Behind | None:
    """A vector as a map of one pixel, or told to be spread over one: a product spreads it by itself."""
    return Behind(x, (Identity(),)) if isinstance(x, Map) and x.shape.h == x.shape.w == 1 else None


def _channels(x: Map, start: int, end: int) -> Behind | None:
    """Some channels; those from the midst are the last of the first."""
    if not 0 <= start < end <= x.shape.c:
        return None
    first = () if end == x.shape.c else (Take("first", end),)
    return Behind(x, first if start == 0 else (*first, Take("last", end - start)))


def _floordiv(a: Any, b: Any) -> Any:
    return a // b if isinstance(a, int) and isinstance(b, int) and b else None


def _chunk(x: Any, chunks: int, dim: int = 0) -> Any:
    return _split(x, -(-x.shape.c // chunks), dim) if isinstance(x, Map) else None


def _split(x: Any, size: int | Sequence[int], dim: int = 0) -> Any:
    if not isinstance(x, Map) or dim != 1:
        return None
    c = x.shape.c
    sizes = [min(size, c - at) for at in range(0, c, size)] if isinstance(size, int) else size
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    return tuple(_channels(x, end - size, end) for end, size in zip(ends, sizes, strict=True))


def _reshape(x: Any, *sizes: Any) -> Any:
    if len(sizes) == 1 and isinstance(sizes[0], tuple | list):
        sizes = tuple(sizes[0])
    match x, sizes:
        case Map(), (batch, c, h, w) if batch in (BATCH, -1) and (c, h, w) == (x.shape.c, x.shape.h, x.shape.w):
            return Behind(x, (Identity(),))
        case Map(), (batch, -1) | (batch, int()) if batch in (BATCH, -1) and sizes[1] in (-1, x.shape.elements):
            return Behind(x, (Identity(),)) if sizes != (-1, -1) else None
        case Map(), (batch, int() as groups, int() as inner, h, w) if batch in (BATCH, -1):
            c = x.shape.c
            is_whole = groups > 0 and c % groups == 0 and (h, w) == (x.shape.h, x.shape.w)
            return View(x, groups) if is_whole and inner in (-1, c // groups) and (batch, inner) != (-1, -1) else None
        case View(turned=True), (batch, c, h, w) if batch in (BATCH, -1) and c in (-1, x.of.shape.c):
            is_whole = (h, w) == (x.of.shape.h, x.of.shape.w) and (batch, c) != (-1, -1)
            return Behind(x.of, (Shuffle(x.groups),)) if is_whole else None
    return None


def _transpose(x: Any, one: int, other: int) -> Any:
    return View(x.of, x.groups, not x.turned) if isinstance(x, View) and {one, other} == {1, 2} else None


def _permute(x: Any, *axes: Any) -> Any:
    order = tuple(axes[0]) if len(axes) == 1 and isinstance(axes[0], tuple | list) else axes
    return _transpose(x, 1, 2) if order == (0, 2, 1, 3, 4) else None


def _contiguous(x: Any) -> Any:
    return Behind(x, (Identity(),)) if isinstance(x, Map) else x


def _flatten(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    if isinstance(x, View):  # (N, groups, inner, H, W)
        return Behind(x.of, (Shuffle(x.groups),)) if x.turned and (start_dim, end_dim) == (1, 2) else None
    return Behind(x, (Identity(),)) if isinstance(x, Map) and (start_dim, end_dim) == (1, -1) else None


def _over_the_map(pool: Layer) -> Callable[..., Any]:
    def reduced(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
        dims = {axis % 4 for axis in dim} if isinstance(dim, tuple | list) else None
        return Behind(x, (pool,)) if isinstance(x, Map) and dims == {2, 3} else None

    return reduced


_MOVES: Mapping[str | None, Callable[..., Any]] = {
    "amax": _over_the_map(GlobalMaxPool()),
    "chunk": _chunk,
    "contiguous": _contiguous,
    "expand_as": _pixel,
    "flatten": _flatten,
    "floordiv": _floordiv,
    "getattr": _getattr,
    "getitem": _getitem,
    "mean": _over_the_map(GlobalAvgPool()),
    "permute": _permute,
    "reshape": _reshape,
    "size": _size,
    "split": _split,
    "transpose": _transpose,
    "unsqueeze": _pixel,
    "view": _reshape,
}
