"""Tensors that a file holds or that follow from them: their shapes at once, their values when they are asked for."""

import mmap
from collections.abc import Callable, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

Array: TypeAlias = npt.NDArray[Any]

SMALL = 1 << 16
"""Values up to which arithmetic on constants is done at once: sizes, axes, and what is one a channel."""
BATCH = 2**31 - 1
"""How many images there are, where nobody knows: a prime that no other size has."""


class Outside(Exception):  # noqa: N818  # no error but an answer
    """Says why values can't be read: they are said to be where nothing may be read."""


class Constant:
    """A tensor of that shape, ``kind`` one of ONNX' numbers of types; ``read`` gives its values. ``origin`` is the
    tensor of which it is another layout, or the same in numbers of another kind."""

    def __init__(
        self, shape: Sequence[int], kind: int, read: Callable[[], Array], origin: "Constant | None" = None
    ) -> None:
        self.shape, self.kind, self._read, self.origin = tuple(shape), kind, read, origin or self
        self._values: Array | None = None

    @classmethod
    def of(cls, values: Array) -> "Constant":
        values = np.asarray(values)
        return cls(values.shape, helper.np_dtype_to_tensor_dtype(values.dtype), lambda: values)

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def values(self) -> Array:
        """Raises ``Outside``, and ``ValueError`` and ``OSError`` for a file that isn't whole."""
        if self._values is None:
            values = self._read()
            if self.size > SMALL:
                return values
            self._values = values
        return self._values

    @property
    def number(self) -> float | None:
        """The one number that it is all over; None for several."""
        if not self.size or self.size > SMALL:
            return None
        values = np.asarray(self.values)
        first = values.flat[0]
        return shortest(first) if bool((values == first).all()) else None

    def whole(self) -> list[int]:
        """Small whole numbers, in a row."""
        if self.size > SMALL:
            raise ValueError("too many numbers")
        return [int(each) for each in np.asarray(self.values).reshape(-1)]

    def transposed(self, perm: Sequence[int]) -> "Constant":
        shape = [self.shape[axis] for axis in perm]
        return Constant(shape, self.kind, lambda: self.values.transpose(perm), self.origin)

    def reshaped(self, shape: Sequence[int]) -> "Constant":
        """Of as many values. Raises ``ValueError`` for others."""
        if prod(shape) != self.size:
            raise ValueError(f"{self.size} values in another number")
        return Constant(shape, self.kind, lambda: self.values.reshape(shape), self.origin)


def shortest(value: Any) -> float:
    """A number in single precision as it was written before it was: the shortest that becomes this one.

    >>> shortest(np.float32(1e-5)), float(np.float32(1e-5))
    (1e-05, 9.999999747378752e-06)
    """
    return float(str(value)) if isinstance(value, np.float32) else float(value)


def of_tensor(tensor: onnx.TensorProto, folder: Path) -> Constant:
    """One of a file in that folder; what lies in other files is looked for there alone."""
    if tensor.data_location != onnx.TensorProto.EXTERNAL:
        return Constant(tensor.dims, tensor.data_type, lambda: numpy_helper.to_array(tensor))
    return Constant(tensor.dims, tensor.data_type, lambda: _elsewhere(tensor, folder))


def _elsewhere(tensor: onnx.TensorProto, folder: Path) -> Array:
    said = {entry.key: entry.value for entry in tensor.external_data}
    root = folder.resolve()
    path = (root / said.get("location", "")).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        raise Outside(f"its values are said to lie in `{said.get('location', '')[:80]}`, no file beside it")
    dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
    start, count = int(said.get("offset", 0)), prod(tensor.dims)
    size = count * dtype.itemsize
    if start < 0 or int(said.get("length", size)) != size or start + size > path.stat().st_size:
        raise Outside(f"`{path.name}` is cut short")
    if not count:
        return np.empty(tuple(tensor.dims), dtype)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return np.frombuffer(data[start : start + size], dtype).reshape(tuple(tensor.dims))


def computed(kind: str, given: Sequence[Constant | None], options: Mapping[str, Any]) -> Constant | None:
    """What a node gives of constants alone; None for one that isn't known, or too large to be worked out here."""
    there = [each for each in given if each is not None]
    if kind in _MOVES and there:
        return _MOVES[kind](given, options)
    if kind not in _FOLDS or any(each.size > SMALL for each in there):
        return None
    arrays = [None if each is None else np.asarray(each.values) for each in given]
    if kind in _SPREADING and prod(np.broadcast_shapes(*(each.shape for each in there))) > SMALL:
        return None
    return Constant.of(np.asarray(_FOLDS[kind](arrays, options)))


def of_sizes(sizes: Sequence[int], options: Mapping[str, Any]) -> Constant:
    """What Shape gives."""
    return Constant.of(np.array(sizes, np.int64)[options.get("start", 0) : options.get("end")])


def _gather(given: Sequence[Any], options: Mapping[str, Any]) -> Array:
    x, at = given
    axis = options.get("axis", 0)
    if at.size * x.size // max(1, x.shape[axis]) > SMALL:
        raise ValueError("too many values")
    return np.asarray(np.take(x, at, axis))


def axes_of(given: Sequence[Constant | None], options: Mapping[str, Any]) -> list[int] | None:
    """Of an attribute up to opset 12, of an input from then on."""
    second = given[1] if len(given) > 1 else None
    if second is not None:
        return second.whole()
    axes = options.get("axes")
    return None if axes is None else list(axes)


def _transpose(given: Sequence[Any], options: Mapping[str, Any]) -> Constant:
    x: Constant = given[0]
    return x.transposed(options.get("perm", tuple(reversed(range(len(x.shape))))))


def _reshape(given: Sequence[Any], options: Mapping[str, Any]) -> Constant:
    x, into = given[0], given[1].whole()
    if not options.get("allowzero"):
        into = [x.shape[i] if size == 0 else size for i, size in enumerate(into)]
    if -1 in into:
        into[into.index(-1)] = x.size // max(1, prod(size for size in into if size != -1))
    return _checked(x.reshaped(into))


def _checked(x: Constant) -> Constant:
    if any(size < 0 for size in x.shape):
        raise ValueError("a negative size")
    return x


def _squeeze(given: Sequence[Any], options: Mapping[str, Any]) -> Constant:
    x = given[0]
    axes = axes_of(given, options)
    gone = {axis % len(x.shape) for axis in axes} if axes is not None else {i for i, n in enumerate(x.shape) if n == 1}
    return _checked(x.reshaped([size for i, size in enumerate(x.shape) if i not in gone]))


def _unsqueeze(given: Sequence[Any], options: Mapping[str, Any]) -> Constant:
    x, axes = given[0], axes_of(given, options) or []
    rank = len(x.shape) + len(axes)
    new, left = {axis % rank for axis in axes}, iter(x.shape)
    return _checked(x.reshaped([1 if i in new else next(left) for i in range(rank)]))


def _flatten(given: Sequence[Any], options: Mapping[str, Any]) -> Constant:
    x, axis = given[0], options.get("axis", 1)
    return _checked(x.reshaped([prod(x.shape[:axis]), prod(x.shape[axis:])]))


def _cast(given: Sequence[Any], options: Mapping[str, Any]) -> Constant:
    x: Constant = given[0]
    kind = options["to"]
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    return Constant(x.shape, kind, lambda: x.values.astype(dtype), x.origin)


_MOVES: Mapping[str, Callable[[Sequence[Any], Mapping[str, Any]], Constant]] = {
    "Cast": _cast,
    "Flatten": _flatten,
    "Identity": lambda given, options: given[0],
    "Shape": lambda given, options: of_sizes(given[0].shape, options),
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}


def _filled(given: Sequence[Any], options: Mapping[str, Any]) -> Array:
    value = options.get("value")
    array = np.zeros(1, np.float32) if value is None else numpy_helper.to_array(value)
    shape = [int(size) for size in given[0]]
    if prod(shape) > SMALL:
        raise ValueError("too many values")
    return np.full(shape, array.flat[0], array.dtype)


def _slice(given: Sequence[Any], options: Mapping[str, Any]) -> Array:
    x, starts, ends, axes, steps = sliced(given, options)
    places = [slice(None)] * x.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        last = None if step < 0 and end < -x.shape[axis] else end
        places[axis] = slice(start, last, step)
    return np.asarray(x[tuple(places)])


def sliced(given: Sequence[Any], options: Mapping[str, Any]) -> tuple[Any, list[int], list[int], list[int], list[int]]:
    """What is sliced, and starts, ends, axes and steps; attributes up to opset 9."""
    x, *rest = given
    if rest:
        starts, ends, axes, steps = (
            [*map(int, each)] if each is not None else None for each in (*rest, None, None)[:4]
        )
    else:
        starts, ends, axes, steps = options["starts"], options["ends"], options.get("axes"), None
    assert starts is not None
    assert ends is not None
    return x, list(starts), list(ends), list(axes or range(len(starts))), list(steps or [1] * len(starts))


def _divided(given: Sequence[Any], options: Mapping[str, Any]) -> Array:
    a, b = given
    return np.asarray(a // b if a.dtype.kind in "iu" else a / b)


_FOLDS: Mapping[str, Callable[[Sequence[Any], Mapping[str, Any]], Any]] = {
    "Abs": lambda g, o: np.abs(g[0]),
    "Add": lambda g, o: g[0] + g[1],
    "And": lambda g, o: g[0] & g[1],
    "Ceil": lambda g, o: np.ceil(g[0]),
    "Concat": lambda g, o: np.concatenate(g, o["axis"]),
    "ConstantOfShape": _filled,
    "Div": _divided,
    "Equal": lambda g, o: g[0] == g[1],
    "Floor": lambda g, o: np.floor(g[0]),
    "Gather": _gather,
    "Greater": lambda g, o: g[0] > g[1],
    "Less": lambda g, o: g[0] < g[1],
    "Mod": lambda g, o: np.fmod(*g) if o.get("fmod") else np.mod(*g),
    "Mul": lambda g, o: g[0] * g[1],
    "Neg": lambda g, o: -g[0],
    "Not": lambda g, o: ~g[0],
    "Or": lambda g, o: g[0] | g[1],
    "Pow": lambda g, o: g[0] ** g[1],
    "Reciprocal": lambda g, o: 1 / g[0],
    "Slice": _slice,
    "Sqrt": lambda g, o: np.sqrt(g[0]),
    "Sub": lambda g, o: g[0] - g[1],
    "Where": lambda g, o: np.where(*g),
}
_SPREADING = {"Add", "And", "Div", "Equal", "Greater", "Less", "Mod", "Mul", "Or", "Pow", "Sub", "Where"}
