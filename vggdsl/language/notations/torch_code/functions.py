"""What PyTorch's functions, and methods of tensors, do in ``forward``."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vggdsl.language.notations.branches import HELP
from vggdsl.language.notations.calls import Atom, Call, Listed, Value
from vggdsl.language.notations.draft import UnreadableError
from vggdsl.language.notations.torch_code.things import (
    BATCH,
    Group,
    Held,
    Measured,
    Memory,
    Row,
    Spread,
    Thing,
    constant,
)
from vggdsl.language.notations.torch_layers import CountError, Reader
from vggdsl.network.shapes import Shape
from vggdsl.text.source import Span

_MODULES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "relu": ("ReLU", ("inplace",)),
    "relu6": ("ReLU6", ("inplace",)),
    "leaky_relu": ("LeakyReLU", ("negative_slope", "inplace")),
    "elu": ("ELU", ("alpha", "inplace")),
    "gelu": ("GELU", ("approximate",)),
    "silu": ("SiLU", ("inplace",)),
    "hardswish": ("Hardswish", ("inplace",)),
    "hardsigmoid": ("Hardsigmoid", ("inplace",)),
    "sigmoid": ("Sigmoid", ()),
    "tanh": ("Tanh", ()),
    "max_pool2d": ("MaxPool2d", ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")),
    "avg_pool2d": ("AvgPool2d", ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")),
    "adaptive_avg_pool2d": ("AdaptiveAvgPool2d", ("output_size",)),
    "adaptive_max_pool2d": ("AdaptiveMaxPool2d", ("output_size",)),
    "dropout": ("Dropout", ("p", "training", "inplace")),
    "softmax": ("Softmax", ("dim",)),
    "log_softmax": ("LogSoftmax", ("dim",)),
}
"""Functions by the module that does the same, and what they are given behind the tensor, in their order."""
_SUMS = {"add": "add", "mul": "mul", "multiply": "mul"}
_JOINS = ("cat", "concat", "concatenate")
_METHODS = frozenset(
    {"view", "reshape", "flatten", "relu", "sigmoid", "tanh", "softmax", "log_softmax", "mean", "size", "contiguous"}
    | {"expand_as", *_SUMS}
)
_FUNCTIONS = frozenset({"reshape", "flatten", "mean", *_SUMS, *_JOINS, *_MODULES})
_IN_PLACE = ("ReLU", "ReLU6", "LeakyReLU", "ELU", "SiLU", "Hardswish", "Hardsigmoid", "Dropout")


@dataclass(frozen=True)
class Given:
    """What is given to a call, by place and by name, and where."""

    places: tuple[Thing, ...]
    named: Mapping[str, Thing]
    at: Span

    def call(self, name: str, keys: Sequence[str] = ()) -> Call:
        """The same of a module; ``keys`` name what stands in places. Raises ``UnreadableError``."""
        places = [constant(each, self.at) for each in self.places]
        named = {key: constant(each, self.at) for key, each in self.named.items()}
        if keys:
            if len(places) > len(keys) or {*keys[: len(places)]} & named.keys():
                raise UnreadableError(f"`{self.at.excerpt}` isn't read", self.at, HELP)
            named |= dict(zip(keys, places, strict=False))
            places = []
        return Call(name, tuple(places), named, self.at)


def call_module(reader: Reader, call: Call, x: Held, at: Span, label: str = "") -> Held:
    """A module's layer. One in place changes what it is given."""
    reader.hangs |= any(map(_is_of_side, (*call.places, *call.named.values())))
    found = reader.layer(call, x.tensor, label)
    is_in_place = call.bare in _IN_PLACE and any(each.text == "True" for each in (*call.places, *call.named.values()))
    if not is_in_place and call.bare not in ("Identity", "Flatten"):
        memory = x.memory.dropped(found.layer) if call.bare == "Dropout" else Memory(found.layer)
        return Held(memory, found.is_flat, at)
    if found.layer != x.memory.layer:
        x.memory.change(found.layer)
    return Held(x.memory, found.is_flat, at)


def _is_of_side(value: Value) -> bool:
    if isinstance(value, Listed):
        return any(map(_is_of_side, value.values))
    return isinstance(value, Measured) and value.of_side


def is_function(name: str) -> bool:
    """Whether it is a function of tensors that PyTorch has, by its whole name."""
    before, _, bare = name.rpartition(".")
    return bare in _FUNCTIONS and before in ("", "F", "functional", "nn.functional", "torch", "torch.nn.functional")


def call_function(reader: Reader, name: str, given: Given, *, is_method: bool) -> Thing:
    """``F.relu(x)``, ``torch.cat([x, y], 1)``, ``x.view(-1, 400)``. Raises ``UnreadableError`` where it isn't known."""
    first, *rest = given.places or (None,)
    x = first if isinstance(first, Held) else None
    behind = Given(tuple(rest), given.named, given.at)
    if name not in (_METHODS if is_method else _FUNCTIONS) or (x is None and name not in _JOINS):
        raise UnreadableError(f"what `{given.at.excerpt}` does isn't known", given.at, HELP)
    if x is None:
        return _joined(reader, first, behind)
    if name in _SUMS:
        if len(rest) != 1 or given.named:
            raise UnreadableError(f"`{given.at.excerpt}` isn't of two tensors", given.at, HELP)
        return merged(reader, _SUMS[name], (x, rest[0]), given.at)
    match name:
        case "flatten":
            call = behind.call("Flatten")
            if not call.places and "start_dim" not in call.named:
                raise UnreadableError(
                    f"`{given.at.excerpt}` flattens the batch, too", given.at, "write `flatten(x, 1)`"
                )
            return call_module(reader, call, x, given.at)
        case "view" | "reshape":
            values = rest[0].values if len(rest) == 1 and isinstance(rest[0], Group) else rest
            return _viewed(reader, x, [constant(each, given.at) for each in values], behind)
        case "mean":
            return _mean(reader, x, behind)
        case "size":
            found = sizes(reader, x, given.at)
            return found if not rest else item(found, rest[0], given.at)
        case "contiguous":
            return x
        case "expand_as":
            return _spread(reader, x, behind)
        case _:
            module, keys = _MODULES[name]
            return call_module(reader, _always(behind.call(module, keys)), x, given.at)


def _always(call: Call) -> Call:
    """Without whether the network is in training. Raises ``UnreadableError`` of what drops values at any time."""
    if call.bare != "Dropout":
        return call
    training = call.named.get("training")
    if training is not None and training.text == "False":
        raise UnreadableError("this drops no values, in training neither", call.at, "write `training=self.training`")
    if training is None or training.text != "self.training":
        message = "this drops values in evaluation, too: `training` is always true here"
        raise UnreadableError(message, call.at, "write `training=self.training`")
    return call.without("training")


def merged(reader: Reader, word: str, values: Sequence[Thing], at: Span) -> Held:
    """Tensors that meet: ``x + y``, ``torch.cat([x, y], 1)``."""
    if word == "mul":
        held = [each for each in values if isinstance(each, Held) and not isinstance(each, Spread)]
        whole = [reader.shape(each.tensor) for each in held]
        values = [each.whole if isinstance(each, Spread) and each.to in whole else each for each in values]
    inputs = [each.tensor for each in values if isinstance(each, Held)]
    if len(inputs) < max(2, len(values)):
        raise UnreadableError(f"`{at.excerpt}` isn't of tensors alone", at, HELP)
    found = reader.merge(word, at, inputs)
    return Held(Memory(found.layer), found.is_flat, at)


def _joined(reader: Reader, first: Thing | None, given: Given) -> Held:
    call = Given((), {**dict(zip(("dim",), given.places, strict=False)), **given.named}, given.at).call("cat")
    values = first.values if isinstance(first, Group) else ()
    dims = [each.text for each in call.named.values()]
    is_flat = all(isinstance(each, Held) and each.is_flat for each in values)
    if len(given.places) > 1 or not {*call.named} <= {"dim", "axis"} or len(dims) != 1:
        raise UnreadableError(f"`{given.at.excerpt}` joins images, not channels", given.at, "write `torch.cat(…, 1)`")
    if dims[0] not in ("1", "-1" if is_flat else "-3"):
        message = f"`{given.at.excerpt}` joins along another axis than the channels"
        raise UnreadableError(message, given.at, HELP)
    if len(values) == 1 and isinstance(values[0], Held):
        return Held(Memory(values[0].tensor.layer), values[0].is_flat, given.at)
    return merged(reader, "concat", values, given.at)


def _viewed(reader: Reader, x: Held, values: Sequence[Value], given: Given) -> Held:
    batch, *rest = [value.text for value in values] or [""]
    shape = reader.shape(x.tensor)
    are_numbers = all(re.fullmatch(r"[1-9]\d{0,8}", text) for text in rest)
    if given.named or batch not in (BATCH, "-1") or not (are_numbers or (rest == ["-1"] and batch == BATCH)):
        message = f"`{given.at.excerpt}` gives tensors a shape that isn't read"
        raise UnreadableError(message, given.at, "to flatten them, write `torch.flatten(x, 1)`")
    reader.hangs |= len(rest) > 1 or any(map(_is_of_side, values))
    if len(rest) == 1:
        if isinstance(values[1], Measured) and not reader.is_measured:
            reader.counted.append((x.tensor.layer, int(rest[0])))
        if isinstance(values[1], Measured) and shape is not None and int(rest[0]) != shape.elements:
            message = f"`{given.at.excerpt}` gives {rest[0]} values to an image, and {shape} has {shape.elements:,}"
            help = "to flatten them, write `torch.flatten(x, 1)`"
            raise CountError(message, given.at, help, shape.elements - int(rest[0]))
        if are_numbers and shape is not None and not isinstance(values[1], Measured):
            reader.counts(int(rest[0]), x.tensor, given.at.excerpt, given.at)
        return Held(x.memory, True, given.at)
    if shape is not None and rest != [str(shape.c), str(shape.h), str(shape.w)]:
        message = f"`{given.at.excerpt}` gives another shape to {shape}"
        raise UnreadableError(message, given.at, HELP)
    return Held(x.memory, False, given.at)


def _mean(reader: Reader, x: Held, given: Given) -> Held:
    call = given.call("mean", ("dim", "keepdim"))
    dim, keepdim = call.named.get("dim"), call.named.get("keepdim")
    sides = re.sub(r"[() ]", "", dim.text) if dim is not None else ""
    is_kept = keepdim is not None and keepdim.text == "True"
    if x.is_flat or sides not in ("2,3", "3,2", "-1,-2", "-2,-1") or not call.named.keys() <= {"dim", "keepdim"}:
        message = f"`{given.at.excerpt}` isn't the mean of each channel"
        raise UnreadableError(message, given.at, "write `x.mean([2, 3])`")
    found = reader.put("global-avgpool", given.at, x.tensor)
    return Held(Memory(found.layer), not is_kept, given.at)


def _spread(reader: Reader, x: Held, given: Given) -> Held:
    y = given.places[0] if len(given.places) == 1 and not given.named else None
    shape, to = reader.shape(x.tensor), reader.shape(y.tensor) if isinstance(y, Held) else None
    reader.hangs |= shape == to
    if not isinstance(y, Held) or shape is None or to is None or x.is_flat != y.is_flat:
        raise UnreadableError(f"what `{given.at.excerpt}` gives isn't known", given.at, HELP)
    if shape == to:
        return x
    if shape != Shape(to.c, 1, 1):
        raise UnreadableError(f"`{given.at.excerpt}` makes {to} of {shape}", given.at, HELP)
    return Spread(x.memory, x.is_flat, given.at, to)


def sizes(reader: Reader, x: Held, at: Span) -> Group:
    """A tensor's shape, in which the number of images is a word."""
    shape = reader.shape(x.tensor)
    if shape is None:  # which the spec tells at its place
        return Group([Atom(BATCH, at)], at)
    counts = (shape.elements,) if x.is_flat else (shape.c, shape.h, shape.w)
    values = (Measured(str(each), at, bool(place) or x.is_flat) for place, each in enumerate(counts))
    return Group([Atom(BATCH, at), *values], at)


def item(of: Thing, place: Thing, at: Span) -> Thing:
    """What stands at a place in brackets."""
    values: Sequence[Thing | tuple[str, Thing]] = ()
    if isinstance(of, Group) and of.kind not in ("iterator", "spent"):
        values = of.values
    elif isinstance(of, Row):
        values = of.entries
    number = int(place.text) if isinstance(place, Atom) and re.fullmatch(r"-?\d{1,4}", place.text) else len(values)
    if -len(values) <= number < len(values):
        found = values[number]
        return found[1] if isinstance(found, tuple) else found
    raise UnreadableError(f"there is no `{at.excerpt}` that is known", at, HELP)
