"""A model's file, without a copy of its weights: written from where they lie, and opened where they lie in it.

Protobuf's libraries hold a message as a whole, which for a large network are several copies of its weights. A message
is a row of fields, each with its number, its length and its content, and so are the messages within it: the
weights are written between fields that the libraries serialised, and passed over where those read.
"""

import mmap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
import onnx
import onnx_ir as ir

_GRAPH = onnx.ModelProto.GRAPH_FIELD_NUMBER
_INITIALIZER = onnx.GraphProto.INITIALIZER_FIELD_NUMBER
_RAW_DATA = onnx.TensorProto.RAW_DATA_FIELD_NUMBER
_VARINT, _LONG, _COUNTED, _SHORT = 0, 1, 2, 5
"""Kinds of content: a number of any length, eight bytes, bytes behind their count, four bytes."""
LARGE = 1 << 20
"""Bytes of a weight from which it stays in the file: what is smaller may be read for shapes, and is no burden."""

_Message: TypeAlias = "onnx.ModelProto | onnx.GraphProto | onnx.TensorProto"


def write(model: ir.Model, path: Path) -> None:
    """Writes a model to one file, byte for byte as protobuf does."""
    weights = model.graph.initializers
    tensors = [value.const_value for value in weights.values() if isinstance(value.const_value, ir.Tensor)]
    with _elsewhere(weights):
        proto = ir.to_proto(model)
    before, after = _around(proto, _GRAPH)
    graph_before, graph_after = _around(proto.graph, _INITIALIZER)
    heads = []
    for tensor, described in zip(tensors, proto.graph.initializer, strict=True):
        described.ClearField("external_data")
        described.ClearField("data_location")
        inner, rest = _around(described, _RAW_DATA)
        assert not rest, "raw data is the last field of a tensor"
        inner += _opened(_RAW_DATA, tensor.nbytes)
        heads.append(_opened(_INITIALIZER, len(inner) + tensor.nbytes) + inner)
    size = len(graph_before) + sum(map(len, heads)) + sum(tensor.nbytes for tensor in tensors) + len(graph_after)
    with path.open("wb") as file:
        file.write(before + _opened(_GRAPH, size) + graph_before)
        for tensor, head in zip(tensors, heads, strict=True):
            file.write(head)
            values = np.ascontiguousarray(tensor.numpy())
            file.write(values.reshape(-1).view(np.uint8).data)  # NumPy's `tofile` doesn't say why it fails
        file.write(graph_after + after)


def read(path: Path) -> onnx.ModelProto:
    """A file's model whose large weights are external data that lie in the file itself, where its runtime maps them.

    Raises ``ValueError`` or protobuf's ``DecodeError`` for what is no message, and ``OSError``.
    """
    model = onnx.ModelProto()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for part in _merged(model, data, (0, len(data)), _GRAPH):
            for initializer in _merged(model.graph, data, part, _INITIALIZER):
                tensor = model.graph.initializer.add()
                for start, end in _merged(tensor, data, initializer, _RAW_DATA):
                    if end - start < LARGE:
                        tensor.raw_data = data[start:end]
                        continue
                    tensor.data_location = onnx.TensorProto.EXTERNAL
                    for key, value in (("location", path.name), ("offset", start), ("length", end - start)):
                        tensor.external_data.add(key=key, value=str(value))
    return model


@contextmanager
def _elsewhere(weights: Mapping[str, ir.Value]) -> Iterator[None]:
    """Weights stand in no message meanwhile, only their names, kinds and shapes."""
    held = {name: value.const_value for name, value in weights.items()}
    try:
        for name, value in weights.items():
            if (tensor := held[name]) is not None:
                shape = ir.Shape(tensor.shape.numpy())
                value.const_value = ir.ExternalTensor("", 0, tensor.nbytes, tensor.dtype, shape=shape, name=name)
        yield
    finally:
        for name, value in weights.items():
            value.const_value = held[name]


def _around(message: _Message, number: int) -> tuple[bytes, bytes]:
    """The fields before one and behind it, as they are written: by their numbers."""
    sides = []
    for is_before in (True, False):
        side = type(message)()
        side.CopyFrom(message)
        for field, _ in message.ListFields():
            if field.number == number or (field.number < number) != is_before:
                side.ClearField(field.name)
        sides.append(side.SerializeToString())
    return sides[0], sides[1]


def _opened(number: int, size: int) -> bytes:
    """What stands before the content of a field of ``size`` bytes."""
    out = bytearray()
    for value in (number << 3 | _COUNTED, size):
        while value > 0x7F:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        out.append(value)
    return bytes(out)


class _Field(NamedTuple):
    """One in a file, from its tag at ``start``; its content lies from ``content`` to ``end``."""

    number: int
    kind: int
    start: int
    content: int
    end: int


def _merged(message: _Message, data: mmap.mmap, extent: tuple[int, int], number: int) -> Iterator[tuple[int, int]]:
    """Where the contents of the fields with a number lie; all others of the extent are put into ``message``."""
    others = bytearray()
    for field in _fields(data, *extent):
        if field.number == number and field.kind == _COUNTED:
            yield field.content, field.end
        else:
            others += data[field.start : field.end]
    message.MergeFromString(bytes(others))


def _fields(data: mmap.mmap, start: int, end: int) -> Iterator[_Field]:
    while start < end:
        tag, content = _number(data, start)
        kind = tag & 7
        if kind == _COUNTED:
            size, content = _number(data, content)
            after = content + size
        elif kind == _VARINT:
            after = _number(data, content)[1]
        elif kind in (_LONG, _SHORT):
            after = content + (8 if kind == _LONG else 4)
        else:
            raise ValueError(f"a field of kind {kind}")
        if after > end:
            raise ValueError("a field that reaches beyond its message")
        yield _Field(tag >> 3, kind, start, content, after)
        start = after


def _number(data: mmap.mmap, at: int) -> tuple[int, int]:
    """A number of any length, and where it ends."""
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("a number without an end")
