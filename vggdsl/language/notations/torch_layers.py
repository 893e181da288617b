"""PyTorch's layers in the words of the spec language, and networks of them in the making."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from vggdsl.language.notations.arch import foreign
from vggdsl.language.notations.branches import HELP, Layers, op_at, op_of
from vggdsl.language.notations.calls import Atom, Call, Listed, Value, wordless
from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.network.ops import Op
from vggdsl.network.shapes import Shape
from vggdsl.text.source import Span

_PLAIN = frozenset(
    {"Conv2d", "Linear", "MaxPool2d", "AvgPool2d", "BatchNorm2d", "BatchNorm1d", "GroupNorm", "Dropout", "Softmax"}
    | {"ReLU", "ReLU6", "LeakyReLU", "ELU", "GELU", "SiLU", "Hardswish", "Tanh", "Sigmoid", "Hardsigmoid", "PReLU"}
    | {"Identity", "LazyConv2d", "LazyLinear", "LazyBatchNorm2d"}
)
_FLATTENED = {"start_dim": "1", "end_dim": "-1"}
"""Of a `Flatten` that leaves the batch alone; in the order of its places."""
_LOGARITHMS = "it gives logarithms of probabilities, and the spec probabilities"
comes_in, spelled = lru_cache(maxsize=4096)(foreign.comes_in), lru_cache(maxsize=4096)(foreign.spelled)
"""A network is read at several sizes of its image."""


class TooMuchError(UnreadableError):
    """More is done for one text than is done for any."""


class FitError(UnreadableError):
    """What is wrong with an image's size is not that of the first `Linear`, which fits it."""


class CountError(UnreadableError):
    """A `Linear` takes another number of values than come: by so many."""

    def __init__(self, message: str, at: Span, help: str, surplus: int) -> None:
        super().__init__(message, at, help)
        self.surplus = surplus


class Tensor(NamedTuple):
    """What a layer gives, by its number, and whether that is flattened, all but the batch."""

    layer: int
    is_flat: bool = False


@dataclass(frozen=True)
class Network:
    """What is done to an image, at any size of it.

    ``flattens``: where a `Linear` takes a map, that is flattened, though no word says so. ``published`` is the side of
    the image that networks of that name take.
    """

    name: str
    at: Span
    does: "Callable[[Reader, Tensor], Tensor]"
    flattens: bool = False
    published: int | None = None


@dataclass
class Reader:
    """A network at one size of its image."""

    draft: Draft
    size: Shape
    network: Network
    layers: Layers = field(init=False)
    has_begun: bool = False
    channels: int | None = None
    """What the first layer takes that says so, of a map."""
    is_measured: bool = False
    """Whether as many values come to the first `Linear` as it takes."""
    exact: bool = True
    """Whether no window leaves a row over."""
    open: bool = False
    """Whether that tells no size: a padded 3x3 window of stride 2 leaves a row of zeros over where sizes are even."""
    adaptive: bool = False
    counted: list[tuple[int, int]] = field(default_factory=list)
    """Layers, up to the first `Linear`, and the number of values that each has to give."""
    hangs: bool = False
    """Whether at another size other layers may be read, and not only others' shapes."""

    def __post_init__(self) -> None:
        self.layers = Layers(self.draft, self.size, self.network.at)

    def read(self) -> int:
        """The number of the last layer. Raises ``UnreadableError``."""
        try:
            return self.network.does(self, Tensor(0)).layer
        except UnreadableError as error:
            if not self.is_measured or isinstance(error, TooMuchError):
                raise
            raise FitError(error.message, error.at, error.help) from None

    def fits(self) -> bool:
        """Whether its layers can be so at this size. Raises ``UnreadableError``."""
        return self.layers.shape(self.read()) is not None

    def surplus_at(self, side: int) -> int:
        """How many values more come to the first `Linear` than it takes, of another size; -1 where none do."""
        size = Shape(self.size.c, side, side)
        last = max((layer for layer, _ in self.counted), default=0)
        shapes = [size, *(shape for *_, shape in islice(self.layers.of_image(size), last))]
        for layer, count in self.counted:
            shape = shapes[layer]
            if shape is None or shape.elements != count:
                return shape.elements - count if shape is not None else -1
        return 0

    def is_exact_at(self, side: int) -> bool:
        """Whether no window leaves a row over, of another size."""
        seen = set[tuple[str, Shape]]()
        for text, shape, behind in self.layers.of_image(Shape(self.size.c, side, side)):
            if shape is None or behind is None or ((text, shape) not in seen and not _over(op_of(text), shape)[0]):
                return False
            seen.add((text, shape))
        return True

    def shape(self, x: Tensor) -> Shape | None:
        return self.layers.shape(x.layer)

    def put(self, text: str, at: Span, x: Tensor, label: str = "") -> Tensor:
        """A layer by its word."""
        if (shape := self.shape(x)) is not None:
            is_exact, is_open = _over(op_at(text, at), shape)
            self.exact &= is_exact
            self.open |= is_open
        return Tensor(self.layers.add(text, at, x.layer, label=label), x.is_flat)

    def merge(self, word: str, at: Span, inputs: Sequence[Tensor], label: str = "") -> Tensor:
        """Branches that meet. Raises ``UnreadableError`` where some are flat, or all are and would be interleaved."""
        flat = {x.is_flat for x in inputs}
        shapes = [self.shape(x) for x in inputs]
        if len(flat) > 1:
            raise UnreadableError(f"of what `{at.excerpt}` takes some is flat, and some a map", at, HELP)
        if word == "concat" and flat == {True} and any(each and each.h * each.w > 1 for each in shapes):
            raise UnreadableError(
                f"`{at.excerpt}` joins maps that are flattened", at, "join the maps, and flatten them"
            )
        number = self.layers.add(word, at, *(x.layer for x in inputs), label=label)
        return Tensor(number, inputs[0].is_flat)

    def layer(self, call: Call, x: Tensor, label: str = "") -> Tensor:
        """A module, called. Raises ``UnreadableError``."""
        shape = self.shape(x)
        if call.bare == "Flatten":
            given = [*zip(_FLATTENED, (value.text for value in call.places), strict=False)]
            given += [(key, value.text) for key, value in call.named.items()]
            if len(call.places) > len(_FLATTENED) or not {*given} <= _FLATTENED.items():
                raise UnreadableError(f"`{call.text}` flattens otherwise than an image", call.at, HELP)
            return Tensor(x.layer, is_flat=True)
        if call.bare in ("AdaptiveAvgPool2d", "AdaptiveMaxPool2d"):
            return self._adaptive(call, x, shape, label)
        if call.bare == "LogSoftmax":
            self.draft.assumed(_LOGARITHMS, call.at, once=True)
            self.draft.line()
            call = replace(call, name="Softmax")
        text = said(call)
        self._takes(text, call, x, shape)
        x = self.put(text, call.at, x, label)
        return Tensor(x.layer, x.is_flat or op_at(text, call.at).kind == "FC")

    def _takes(self, text: str, call: Call, x: Tensor, shape: Shape | None) -> None:
        """What comes, against what a layer takes."""
        op = op_at(text, call.at)
        kind, is_many = op.kind, shape is not None and shape.h * shape.w > 1
        if kind == "FC" and not (x.is_flat or self.network.flattens) and x.layer:
            message = f"`{call.text}` works along the rows of a map that isn't flattened"
            raise UnreadableError(message, call.at, "put a `Flatten` before it")
        if x.is_flat and (kind in ("conv", "GN", "LRN") or op.topic == "pooling" or call.bare == "BatchNorm2d"):
            raise UnreadableError(f"`{call.text}` takes a map, and what comes is flat", call.at, HELP)
        if x.is_flat and is_many and kind in ("BN", "PReLU"):
            message = f"`{call.text}` takes each value of a flat map for a channel"
            raise UnreadableError(message, call.at, "put it before the `Flatten`")
        if call.bare == "BatchNorm1d" and not (x.is_flat or self.network.flattens) and x.layer:
            raise UnreadableError(f"`{call.text}` takes what is flat, and a map comes", call.at, "write `BatchNorm2d`")
        if x.is_flat and is_many and kind == "softmax":
            raise UnreadableError(f"`{call.text}` takes all values of a map for classes", call.at, HELP)
        is_along_rows = kind == "softmax" and any(each.text == "-1" for each in (*call.places, *call.named.values()))
        if is_along_rows and is_many and not x.is_flat:
            raise UnreadableError(f"`{call.text}` works along the rows of a map", call.at, "write `dim=1`")
        self._held(call, x, shape, kind)

    def _held(self, call: Call, x: Tensor, shape: Shape | None, kind: str) -> None:
        """What a layer says that it takes, against what comes."""
        written = comes_in(word_of(call))
        count = foreign.product(written) if written is not None else None
        if written is not None and (count is None or len(count) > 15):
            raise UnreadableError(f"`{written}` in `{call.text}` is no number", call.at, "write it as one")
        if not self.has_begun and kind in ("conv", "BN", "FC"):
            self.has_begun = True
            self.channels = int(count) if count is not None and kind != "FC" and len(count) < 7 else None
        if count is None or shape is None:
            return
        if kind == "FC":
            self.counts(int(count), x, call.text, call.at)
        elif int(count) != shape.c:
            message = f"`{call.text}` takes {int(count):,} channels, and {shape.c:,} come"
            raise UnreadableError(message, call.at, _ONE_IS_WRONG)

    def counts(self, count: int, x: Tensor, text: str, at: Span) -> None:
        """So many values of a flat map, against those that come. Raises ``CountError`` of the first that says so."""
        self.has_begun, shape = True, self.shape(x)
        if not self.is_measured:
            self.counted.append((x.layer, count))
        if shape is None:
            return
        if count == shape.elements:
            self.is_measured = True
            return
        message = f"`{text}` takes {count:,} values, and {shape.elements:,} come"
        if not self.is_measured:
            raise CountError(message, at, _ONE_IS_WRONG, shape.elements - count)
        raise UnreadableError(message, at, _ONE_IS_WRONG)

    def _adaptive(self, call: Call, x: Tensor, shape: Shape | None, label: str) -> Tensor:
        sides = _sides(call)
        kind = "avgpool" if call.bare == "AdaptiveAvgPool2d" else "maxpool"
        if sides is None or shape is None:
            raise UnreadableError(f"`{call.text}` says no size that is known", call.at, HELP)
        if x.is_flat:
            raise UnreadableError(f"`{call.text}` takes a map, and what comes is flat", call.at, HELP)
        if sides == (1, 1):
            return self.put(f"global-{kind}", call.at, x, label)
        self.adaptive = True
        (h, w), (rows, columns) = sides, (shape.h, shape.w)
        if (rows, columns) == (h, w):
            self.layers.note(x.layer, f"{call.bare} to {h}x{w} changes nothing at this size")
            return x
        if rows % h or columns % w or rows // h != columns // w:
            message = f"`{call.text}` makes {h}x{w} of {rows}x{columns}, by windows of several sizes"
            raise UnreadableError(message, call.at, "give an image of another size, or write the pool in the spec")
        return self.put(f"{kind}{rows // h}/{rows // h}", call.at, x, label)


def _over(op: Op, shape: Shape) -> tuple[bool, bool]:
    """Whether a window leaves no row over, and whether one of a stride that is even sees rows of zeros."""
    window = op.sees(shape)
    if window is None or window.stride == (1, 1):
        return True, False
    pads = zip(window.pad_before, window.pad_behind, strict=True)
    both = [*zip((shape.h, shape.w), map(sum, pads), window.extent, window.stride, strict=True)]
    is_exact = all((n + pad - extent) % s == 0 for n, pad, extent, s in both)
    return is_exact, any(pad and extent % 2 and s % 2 == 0 for (_, pad, extent, s) in both)


def is_exact(op: Op, shape: Shape) -> bool:
    """Whether a window leaves no row over."""
    return _over(op, shape)[0]


_ONE_IS_WRONG = "one of both is wrong: correct it where it stands"


def _sides(call: Call) -> tuple[int, int] | None:
    value = call.named.get("output_size", *call.places[:1])
    values: Sequence[Value] = value.values if isinstance(value, Listed) else () if value is None else (value, value)
    texts = [each.text for each in values]
    is_sole = len(call.places) + len(call.named) == 1
    if len(texts) != 2 or not is_sole or not all(re.fullmatch(r"[1-9]\d{0,3}", text) for text in texts):
        return None
    return int(texts[0]), int(texts[1])


def word_of(call: Call) -> str:
    """As other tools' layers are read elsewhere."""
    return replace(call, name=f"nn.{call.bare.replace('BatchNorm1d', 'BatchNorm2d')}").text


def said(call: Call) -> str:
    """A layer in the spec's words. Raises ``UnreadableError`` where there are none."""
    name = call.bare
    if name == "LocalResponseNorm":
        return _lrn(call)
    text = None
    if name in _PLAIN:
        given = call.without("device", "dtype")
        if name in ("Conv2d", "Linear") and _is(given, "bias", "None"):  # which PyTorch takes as it does False
            given = given.given({**given.named, "bias": Atom("False", call.at)})
        if "Norm" in name and _is(given, "bias", "True"):
            given = given.without("bias")
        if name == "GELU" and _is(given, "approximate", "none"):
            given = given.without("approximate")
        if name == "Dropout" and not given.places and "p" not in given.named:
            given = replace(given, places=(Atom("0.5", call.at),))
        word = word_of(given)
        text = spelled(word) if name != "PReLU" else _prelu(given)
    if text is None:
        raise wordless(call)
    return text


def _is(call: Call, key: str, text: str) -> bool:
    value = call.named.get(key)
    return value is not None and value.text.strip("'\"") == text


def _prelu(call: Call) -> str | None:
    value = call.named.get("num_parameters", *call.places[:1])
    others = call.without("num_parameters", "init").named
    is_usual = "init" not in call.named or call.named["init"].text in ("0.25", ".25")
    return "PReLU" if value is not None and value.text != "1" and not others and is_usual else None


def _lrn(call: Call) -> str:
    keys = ("size", "alpha", "beta", "k")
    values = {**dict(zip(keys, call.places, strict=False)), **call.named}
    texts = {"alpha": "0.0001", "beta": "0.75", "k": "1", **{key: value.text for key, value in values.items()}}
    are_numbers = all(re.fullmatch(r"(\d{1,9}(\.\d*)?|\.\d+)(e-?\d\d?)?", text) for text in texts.values())
    if texts.keys() != {*keys} or not are_numbers or not texts["size"].isdigit():
        raise wordless(call)
    alpha = f"{float(texts['alpha']) / max(float(texts['size']), 1):.12g}"
    return f"LRN n={texts['size']} k={float(texts['k']):g} alpha={alpha} beta={float(texts['beta']):g}"
