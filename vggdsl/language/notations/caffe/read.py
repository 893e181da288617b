"""Caffe's prototxt files, of deployment and of training: layers that name what they take and give.

Sizes and constants are Caffe's: a pool rounds up, has stride 1 unless told, and a normalisation divides its alpha by
its size. Layers that work in place, branches and auxiliary losses are read; what training alone has is not.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from lark import Token, Tree

from vggdsl.language.notations.branches import HELP, Layers
from vggdsl.language.notations.calls import span_of, tree_of
from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.language.notations.image import ELSEWHERE
from vggdsl.language.notations.registry import Reading
from vggdsl.network.shapes import Pair, Shape, Window
from vggdsl.text.source import Source, Span

TITLE = "Caffe's prototxt of a network"

_OLD = {
    "INNER_PRODUCT": "InnerProduct",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "RELU": "ReLU",
    "LRN": "LRN",
    "ELU": "ELU",
    "TANH": "TanH",
}
"""Types as they were, all of it in capitals, and those that are written so still."""
_DATA = ("Data", "ImageData", "HDF5Data", "MemoryData", "DummyData", "WindowData")
_OF_TRAINING = frozenset({"weight_filler", "bias_filler", "filler", "engine"})
_IN_LAYERS = frozenset({"name", "type", "bottom", "top", "param", "blobs_lr", "weight_decay", "include", "loss_weight"})
_OF_NET = frozenset({"name", "input", "input_dim", "input_shape", "layer", "layers", "force_backward", "state"})


def recognises(source: Source) -> bool:
    """By layers in braces, with a type and what they take or give."""
    text = source.text
    found = re.search(r"^[ \t]*layers?\s*:?\s*\{", text, re.MULTILINE), re.search(r"\btype\s*:\s*[\"'A-Z]", text)
    return all(found) and re.search(r"\b(?:bottom|top)\s*:\s*[\"']", text) is not None


@dataclass(frozen=True)
class _Field:
    key: str
    at: Span
    text: str = ""
    fields: "tuple[_Field, ...]" = ()


@dataclass
class _Message:
    """Fields by their names; each must be asked for."""

    at: Span
    fields: Sequence[_Field] = ()
    asked: set[str] = field(default_factory=set)

    def all(self, key: str) -> list[_Field]:
        self.asked.add(key)
        return [each for each in self.fields if each.key == key]

    def text(self, key: str, default: str) -> str:
        found = self.all(key)
        if len(found) > 1:
            raise UnreadableError(f"`{key}` is said twice", found[1].at, "leave one out")
        return found[0].text.strip("'\"") if found else default

    def number(self, key: str, default: int | None = None) -> int:
        text = self.text(key, "" if default is None else str(default))
        if not re.fullmatch(r"\d{1,7}", text):
            why = f"`{key}: {text}` is no whole number" if text else f"there is no `{key}`"
            raise UnreadableError(why, self._at(key), f"write `{key}:` and a whole number")
        return int(text)

    def decimal(self, key: str, default: str) -> str:
        text = self.text(key, default)
        if not re.fullmatch(r"(\d{1,9}(\.\d{0,12})?|\.\d{1,12})(e-?\d\d?)?", text):
            raise UnreadableError(f"`{key}: {text}` is no number", self._at(key), f"write `{key}:` and a number")
        return text

    def flag(self, key: str, default: bool) -> bool:
        text = self.text(key, str(default)).lower()
        if text not in ("true", "false"):
            raise UnreadableError(f"`{key}: {text}` is neither true nor false", self._at(key), "write one of both")
        return text == "true"

    def sides(self, key: str, default: int | None = None, stem: str = "") -> Pair:
        """Height and width: `kernel_size`, once or for both, or `kernel_h` and `kernel_w`."""
        stem = stem or key
        apart = [self.all(f"{stem}_{side}") for side in "hw"]
        both = self.all(key)
        if any(apart):
            if both or not all(len(each) == 1 for each in apart):
                raise UnreadableError(f"`{stem}_h` and `{stem}_w` go together", self.at, f"write both, without `{key}`")
            return Pair(self.number(f"{stem}_h"), self.number(f"{stem}_w"))
        if len(both) == 2 and all(re.fullmatch(r"\d{1,7}", each.text) for each in both):
            return Pair(*(int(each.text) for each in both))
        side = self.number(key, default)
        return Pair(side, side)

    def inner(self, key: str) -> "_Message":
        found = self.all(key)
        return _Message(found[0].at, found[0].fields) if len(found) == 1 else _Message(self.at)

    def done(self, known: frozenset[str] = frozenset()) -> None:
        for each in self.fields:
            if each.key not in self.asked | known:
                raise UnreadableError(f"what `{each.key}` means here isn't known", each.at, HELP)

    def _at(self, key: str) -> Span:
        return next((each.at for each in self.fields if each.key == key), self.at)


def read(source: Source) -> Sequence[Reading]:
    draft = Draft(source)
    with draft.refusing():
        tree = tree_of(source, "caffe", "a prototxt")
        net = _Message(Span(source, 0, len(source.text.rstrip())), tuple(_fields(source, tree)))
        draft.name = net.text("name", "")
        _Reader(draft, net).whole()
    return [draft.reading()]


def _fields(source: Source, tree: Tree[Token]) -> Iterator[_Field]:
    for each in tree.children:
        if not isinstance(each, Tree):
            continue
        key, *values = each.children
        at = span_of(source, each)
        if each.data == "message":
            yield _Field(str(key), at, fields=tuple(_fields(source, Tree("start", list(values)))))
        else:
            yield _Field(str(key), at, str(values[0]))


class _Reader:
    def __init__(self, draft: Draft, net: _Message) -> None:
        self.draft, self.net = draft, net
        self.layers = Layers(draft, None, net.at)
        self.blobs = dict[str, int]()
        self.labels = set[str]()
        """Blobs that are no images: the classes of training."""
        self.heads = dict[int, str]()
        self.unscaled = dict[int, Span]()
        """Batch normalisations whose factors a `Scale` must follow."""
        self.last, self.loss = 0, 0
        self.weights = set[str]()
        """The names of weights that layers may share."""

    def whole(self) -> None:
        net = self.net
        net.done(_OF_NET)
        names, dims = net.all("input"), [each.text for each in net.all("input_dim")]
        if (shape := net.inner("input_shape")).fields:
            dims = [each.text for each in shape.all("dim")]
        if names:
            self.image(names[0].text.strip("'\""), dims, names[0].at)
        for each in (each for each in net.fields if each.key in ("layer", "layers")):
            self.layer(_Message(each.at, each.fields))
        for at in self.unscaled.values():
            raise UnreadableError(
                "Caffe's `BatchNorm` has no factors without a `Scale` behind it", at, "add the `Scale`"
            )
        if self.layers.shape(0) is None:
            help = f'write `input: "data"` and `input_dim:` four times, or it {ELSEWHERE}'
            raise UnreadableError("the image's size isn't said", net.at, help)
        self.layers.put(self.loss or self.last, {end: weight for end, weight in self.heads.items() if end != self.loss})

    def image(self, blob: str, dims: Sequence[str], at: Span) -> None:
        if len(dims) != 4 or not all(re.fullmatch(r"[1-9]\d{0,5}", dim) for dim in dims[1:]):
            raise UnreadableError(
                "the image's size isn't said in four numbers", at, "images, channels, height and width"
            )
        size = Shape(*map(int, dims[1:]))
        if self.layers.shape(0) not in (None, size):
            raise UnreadableError(f"the image is {size} here, and {self.layers.shape(0)} before", at, "say one size")
        self.layers.input(size, at)
        self.blobs[blob] = 0

    def layer(self, it: _Message) -> None:
        written = it.text("type", "")
        kind = _OLD.get(written, written.title().replace("_", "") if written.isupper() else written)
        tops, bottoms = ([each.text.strip("'\"") for each in it.all(key)] for key in ("top", "bottom"))
        name = it.text("name", "")
        if kind == "Input":
            self.image((tops or [name])[0], [d.text for d in it.inner("input_param").inner("shape").all("dim")], it.at)
        elif kind in _DATA:
            self.data(it, tops)
        elif kind in ("Accuracy", "Silence"):
            it.asked |= {"accuracy_param"}
        elif kind in ("SoftmaxWithLoss", "SoftmaxLoss"):
            self.ends(it, bottoms)
        elif it.all("include") or it.all("exclude"):
            raise UnreadableError(f"`{name}` is of one phase alone", it.at, "leave it out, or its `include`")
        else:
            inputs = [self.blob(bottom, it.at) for bottom in bottoms]
            number = self.put(it, kind, name, inputs)
            for top in tops or [name]:
                self.blobs[top] = number
            self.last = number
        self.owned(it)
        it.done(_IN_LAYERS)

    def owned(self, it: _Message) -> None:
        """Refuses weights that are another layer's: each of a spec has its own."""
        for param in it.all("param"):
            names = [each for each in param.fields if each.key == "name"] if param.fields else [param]
            for each in names:
                if each.text in self.weights:
                    raise UnreadableError(f"the weights {each.text} are of two layers", each.at, HELP)
                self.weights.add(each.text)

    def blob(self, name: str, at: Span) -> int:
        if not self.blobs and (told := self.draft.told) is not None:
            self.layers.input(told.size, told.at)
            self.layers.note(0, f"told: {told.by}")
            self.blobs[name] = 0
        if not self.blobs:
            help = f'write `input: "{name}"` and `input_dim:` four times, or it {ELSEWHERE}'
            raise UnreadableError("the image's size isn't said", at, help)
        if name not in self.blobs:
            raise UnreadableError(f"no layer above gives `{name}`", at, "put the layer that gives it above")
        return self.blobs[name]

    def data(self, it: _Message, tops: Sequence[str]) -> None:
        it.asked |= {"data_param", "image_data_param", "include", "hdf5_data_param"}
        transform = it.inner("transform_param")
        crop = transform.number("crop_size", 0) or it.inner("data_param").number("crop_size", 0)
        if tops and not crop and self.draft.told is not None:
            self.blob(tops[0], it.at)
            return
        if not crop or not tops:
            raise UnreadableError("the image's size isn't said", it.at, f"write `crop_size:`, or it {ELSEWHERE}")
        channels = len(transform.all("mean_value"))
        self.image(tops[0], ["1", str(channels if channels in (1, 3) else 3), str(crop), str(crop)], it.at)
        if channels not in (1, 3):
            self.draft.assumed("3 channels: the data's aren't said", it.at, once=True)
            self.draft.line()

    def ends(self, it: _Message, bottoms: Sequence[str]) -> None:
        """A softmax with its loss: the network's, or an auxiliary one's by its weight."""
        it.asked |= {"loss_param", "softmax_param"}
        if not bottoms:
            raise UnreadableError("the loss takes nothing", it.at, "name its `bottom:`")
        end = self.layers.add("softmax", it.at, self.blob(bottoms[0], it.at))
        weight = it.decimal("loss_weight", "1")
        self.heads[end] = weight
        if Decimal(weight) == 1:
            self.loss = end

    def put(self, it: _Message, kind: str, name: str, inputs: Sequence[int]) -> int:
        if kind in ("Concat", "Eltwise"):
            return self.merge(it, kind, name, inputs)
        if len(inputs) != 1:
            raise UnreadableError(f"`{name}` takes {len(inputs)} blobs, not one", it.at, HELP)
        (x,) = inputs
        if kind in ("Flatten", "Split"):
            param = it.inner("flatten_param")
            if (param.number("axis", 1), param.text("end_axis", "-1")) != (1, "-1"):
                raise UnreadableError(f"`{name}` flattens a part of the axes", param.at, HELP)
            param.done()
            return x
        if kind == "Scale":
            param = it.inner("scale_param")
            has_bias = param.flag("bias_term", False)
            param.done(_OF_TRAINING)
            if x not in self.unscaled or not has_bias:
                raise UnreadableError("a `Scale` has words only behind a `BatchNorm`, with a bias", it.at, HELP)
            del self.unscaled[x]
            return x
        if x in self.unscaled:
            raise UnreadableError(
                "Caffe's `BatchNorm` has no factors without a `Scale` behind it", self.unscaled[x], "add it"
            )
        number = self.layers.add(self.text(it, kind, self.layers.shape(x)), it.at, x, label=name)
        if kind == "BatchNorm":
            self.unscaled[number] = it.at
        return number

    def merge(self, it: _Message, kind: str, name: str, inputs: Sequence[int]) -> int:
        param = it.inner(f"{kind.lower()}_param")
        if kind == "Concat":
            word = "concat" if param.number("axis", 1) == param.number("concat_dim", 1) == 1 else ""
        else:
            word = {"SUM": "add", "PROD": "mul", "1": "add", "0": "mul"}.get(param.text("operation", "SUM"), "")
            word = word if all(each.text in ("1", "1.0") for each in param.all("coeff")) else ""
        param.done()
        if not word:
            raise UnreadableError(f"how `{name}` merges has no words in the spec language", it.at, HELP)
        return inputs[0] if len(inputs) == 1 else self.layers.add(word, it.at, *inputs, label=name)

    def text(self, it: _Message, kind: str, shape: Shape | None) -> str:
        param = it.inner(_PARAMS.get(kind, f"{kind.lower()}_param"))
        text = _layer(param, kind, shape)
        if text is None:
            raise UnreadableError(f"a layer of the type `{kind}` has no words in the spec language", it.at, HELP)
        if kind == "BatchNorm" and not param.flag("use_global_stats", True):
            says = "`use_global_stats: false` is of training: in evaluation a spec's BN takes the running statistics"
            self.draft.assumed(
                says, next(each.at for each in param.fields if each.key == "use_global_stats"), once=True
            )
            self.draft.line()
        param.done(_OF_TRAINING)
        return text


_PARAMS = {"InnerProduct": "inner_product_param", "BatchNorm": "batch_norm_param"}


def _layer(param: _Message, kind: str, shape: Shape | None) -> str | None:
    match kind:
        case "Convolution":
            return _conv(param)
        case "Pooling":
            return _pool(param, shape)
        case "InnerProduct":
            bias = "" if param.flag("bias_term", True) else " bias=no"
            if param.number("axis", 1) != 1:
                return None
            return f"FC-{param.number('num_output')}{bias}"
        case "ReLU":
            slope = param.decimal("negative_slope", "0")
            return "ReLU" if Decimal(slope) == 0 else f"LeakyReLU-{slope}"
        case "LRN":
            n = param.number("local_size", 5)
            if param.text("norm_region", "ACROSS_CHANNELS") not in ("ACROSS_CHANNELS", "0"):
                return None
            alpha = f"{Decimal(param.decimal('alpha', '1')) / max(n, 1):.12g}"
            return f"LRN n={n} k={param.decimal('k', '1')} alpha={alpha} beta={param.decimal('beta', '0.75')}"
        case "Dropout":
            return f"dropout-{param.decimal('dropout_ratio', '0.5')}"
        case "BatchNorm":
            momentum = 1 - Decimal(param.decimal("moving_average_fraction", "0.999"))
            return f"BN eps={param.decimal('eps', '1e-5')} momentum={momentum}"
        case "PReLU":
            return None if param.flag("channel_shared", False) else "PReLU"
        case "ELU":
            return f"ELU-{param.decimal('alpha', '1')}"
        case "Softmax":
            return "softmax" if param.number("axis", 1) == 1 else None
        case "Sigmoid" | "TanH":
            return kind.lower()
        case _:
            return None


def _conv(param: _Message) -> str:
    kernel, stride = param.sides("kernel_size", stem="kernel"), param.sides("stride", 1)
    pad, dilation, groups = param.sides("pad", 0), param.sides("dilation", 1), param.number("group", 1)
    step = f"/{stride.short}" if stride != (1, 1) else ""
    options = [f"pad={pad.short}", *([f"dilation={dilation.short}"] if dilation != (1, 1) else [])]
    options += [f"groups={groups}"] if groups != 1 else []
    options += [] if param.flag("bias_term", True) else ["bias=no"]
    return " ".join([f"conv{kernel.short}-{param.number('num_output')}{step}", *options])


def _pool(param: _Message, shape: Shape | None) -> str | None:
    word = {"MAX": "maxpool", "AVE": "avgpool", "0": "maxpool", "1": "avgpool"}.get(param.text("pool", "MAX"))
    if word is None or param.text("round_mode", "CEIL") not in ("CEIL", "FLOOR"):
        return None
    if param.flag("global_pooling", False):
        return f"global-{word}"
    kernel, stride, pad = param.sides("kernel_size", stem="kernel"), param.sides("stride", 1), param.sides("pad", 0)
    if min(*kernel, *stride) < 1:
        return None
    text = f"{word}{kernel.short}/{stride.short}" + (f" pad={pad.short}" if pad != (0, 0) else "")
    window = Window(kernel, stride, pad)
    if shape is None or param.text("round_mode", "CEIL") == "FLOOR":
        return text
    size, up = Pair(shape.h, shape.w), replace(window, ceil=True)
    if any(k < s and (n - k) % s for k, s, n in zip(kernel, stride, size, strict=True)):
        return None
    return text if window.positions(size) == up.positions(size) else f"{text} ceil"
