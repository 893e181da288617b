"""PyTorch's modules in the words of the spec language: what a print and what code of `nn.Sequential` share."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from vggdsl.language.notations.arch import foreign
from vggdsl.language.notations.branches import HELP, Layers, op_at
from vggdsl.language.notations.calls import Call, Listed, Value
from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.network.shapes import Shape
from vggdsl.text.source import Span


@dataclass(frozen=True)
class Module:
    """A module, and what it holds by their names; what holds nothing is a layer, whose ``call`` says it."""

    call: Call
    entries: tuple[tuple[str, "Module"], ...] = ()
    is_holder: bool = False

    @property
    def name(self) -> str:
        return self.call.bare

    @property
    def at(self) -> Span:
        return self.call.at


_CHAINS = ("Sequential", "_Transition", "Conv2dNormActivation", "ConvNormActivation", "ConvBNReLU")
"""Those that do one module after the other."""
_INCEPTIONS = "inception3a inception3b maxpool3 inception4a inception4b inception4c inception4d inception4e maxpool4"
FORMS = {
    "BasicBlock": (
        "add[ conv1 bn1 relu conv2 bn2 | downsample? ] relu",
        "add[ conv1 bn1 ReLU conv2 bn2 | shortcut ] ReLU",
    ),
    "Bottleneck": (
        "add[ conv1 bn1 relu conv2 bn2 relu conv3 bn3 | downsample? ] relu",
        "add[ conv1 bn1 ReLU conv2 bn2 ReLU conv3 bn3 | shortcut ] ReLU",
    ),
    "ResNet": (
        "conv1 bn1 relu maxpool layer1 layer2 layer3 layer4 avgpool fc",
        "conv1 bn1 ReLU layer1 layer2 layer3 layer4 avgpool4/4 linear",
    ),
    "Fire": ("squeeze squeeze_activation concat[ expand1x1 expand1x1_activation | expand3x3 expand3x3_activation ]",),
    "BasicConv2d": ("conv bn ReLU",),
    "Inception": ("concat[ branch1 | branch2 | branch3 | branch4 ]",),
    "GoogLeNet": (
        f"conv1 maxpool1 conv2 conv3 maxpool2 {_INCEPTIONS} inception5a inception5b aux1# aux2# avgpool dropout fc",
    ),
    "DenseNet": ("features ReLU global-avgpool classifier",),
    "_DenseLayer": ("norm1 relu1 conv1 norm2 relu2 conv2",),
    "MobileNetV2": ("features global-avgpool classifier",),
}  # fmt: skip
"""What classes do with the modules that they hold, as torchvision and, behind it, kuangliu's pytorch-cifar have them.

`relu` is a module of that name, `downsample?` one that may be missing, `aux1#` one that is left out if it is there;
`ReLU` is a layer that the class does without a module, and isn't printed.
"""
_ANY = ("features avgpool classifier", "features classifier")
"""The layout of torchvision's VGG, AlexNet and SqueezeNet, whatever the class is called."""
OF_ANY = ("VGG", "AlexNet", "SqueezeNet")
_PLAIN = frozenset(
    {"Conv2d", "Linear", "MaxPool2d", "AvgPool2d", "BatchNorm2d", "BatchNorm1d", "GroupNorm", "Dropout", "Softmax"}
    | {"ReLU", "ReLU6", "LeakyReLU", "ELU", "GELU", "SiLU", "Hardswish", "Tanh", "Sigmoid", "Hardsigmoid", "PReLU"}
    | {"Identity", "LazyConv2d", "LazyLinear", "LazyBatchNorm2d"}
)
_FLATTENED = {"start_dim": "1", "end_dim": "-1"}
"""Of a `Flatten` that leaves the batch alone; in the order of its places."""
comes_in, spelled = lru_cache(maxsize=4096)(foreign.comes_in), lru_cache(maxsize=4096)(foreign.spelled)
"""A network is read at several sizes of its image."""


class FitError(UnreadableError):
    """What is wrong with an image's size is not that of the first `Linear`, which fits it."""


class CountError(UnreadableError):
    """A `Linear` takes another number of values than come: by so many."""

    def __init__(self, message: str, at: Span, help: str, surplus: int) -> None:
        super().__init__(message, at, help)
        self.surplus = surplus


@dataclass
class Reader:
    draft: Draft
    size: Shape
    root: Module
    layers: Layers = field(init=False)
    last: int = 0
    flat: bool = False
    is_measured: bool = False
    """Whether as many values come to the first `Linear` as it takes."""
    exact: bool = True
    adaptive: bool = False

    def __post_init__(self) -> None:
        self.layers = Layers(self.draft, self.size, self.root.at)
        try:
            self.last = self._module(self.root, 0, "")
        except UnreadableError as error:
            if not self.is_measured:
                raise
            raise FitError(error.message, error.at, error.help) from None

    def _module(self, module: Module, x: int, label: str) -> int:
        if not module.is_holder:
            return self._layer(module, x, label)
        if module.name in _CHAINS:
            for place, (key, inner) in enumerate(module.entries):
                if key.isdigit() and key != str(place):
                    message = f"the modules of {module.name} are counted from 0 on, and this is {key}"
                    raise UnreadableError(message, inner.at, "print them all, in their order")
                x = self._module(inner, x, key if module is self.root else "")
            return x
        if module.name == "_DenseBlock":
            self._known(module)
            for _, inner in module.entries:
                x = self.layers.add("concat", inner.at, x, self._module(inner, x, ""))
            return x
        if module.name == "InvertedResidual" and [key for key, _ in module.entries] == ["conv"]:
            return self._inverted(module, x)
        form = self._form(module)
        self._known(module)
        (x,) = self._formed(module, iter(form.split()), x, label)
        return x

    def _known(self, module: Module) -> None:
        text = f"{module.name} connects its modules as torchvision's does: a print doesn't show how"
        if module.name not in (*FORMS, *OF_ANY, "_DenseBlock", "InvertedResidual"):
            text = f"{module.name} does its modules one after the other: a print doesn't show how"
        keys = {key for key, _ in module.entries}
        if "shortcut" in keys or "linear" in keys:
            text = text.replace("torchvision's does", "pytorch-cifar's does")
        self.draft.assumed(text, module.call.at, once=True)
        self.draft.line()

    def _form(self, module: Module) -> str:
        keys = [key for key, _ in module.entries]
        for form in (*FORMS.get(module.name, ()), *_ANY):
            words = [word for word in form.split() if word not in ("add[", "concat[", "|", "]")]
            own = [word.rstrip("?#") for word in words if _is_entry(word)]
            missing = {word.rstrip("?#") for word in words if word[-1] in "?#"}
            if {*keys} <= {*own} and {*own} - missing <= {*keys}:
                return form
        *others, (_, last) = module.entries
        if last.name in _CHAINS and all(inner.name == "Flatten" for _, inner in others) and len(others) < 2:
            return " ".join(keys)
        message = f"what {module.name} does with its modules isn't printed"
        if module.name in FORMS:
            message = f"{module.name} holds other modules than the one that is known: how it connects them isn't shown"
        raise UnreadableError(message, module.call.at, HELP)

    def _formed(self, module: Module, words: Iterator[str], x: int, label: str) -> list[int]:
        """The ends of the branches up to the next `]`, which all begin at ``x``."""
        entries, start, ends = dict(module.entries), x, list[int]()
        for word in words:
            if word == "]":
                break
            if word == "|":
                ends.append(x)
                x = start
            elif word in ("add[", "concat["):
                inputs = self._formed(module, words, x, "")
                x = self.layers.add(word[:-1], module.call.at, *inputs, label=label)
                label = ""
            elif not _is_entry(word):
                x = self._add(word, module.call.at, x)
            elif word.endswith("#"):
                if word[:-1] in entries:
                    text = f"{word[:-1]} is left out: it is of training alone, and averages as no layer of a spec does"
                    self.draft.assumed(text, entries[word[:-1]].at)
                    self.draft.line()
            elif word.rstrip("?") in entries:
                inner = entries[word.rstrip("?")]
                is_root = module is self.root
                x = self._module(inner, x, label or (word.rstrip("?") if is_root else ""))
                label = ""
        return [*ends, x]

    def _inverted(self, module: Module, x: int) -> int:
        """MobileNet's unit, whose shortcut isn't printed: it has one where neither size nor width changes."""
        self._known(module)
        inside = self._module(module.entries[0][1], x, "")
        before, behind = self.layers.shape(x), self.layers.shape(inside)
        return self.layers.add("add", module.at, inside, x) if before == behind and before is not None else inside

    def _add(self, text: str, at: Span, x: int, label: str = "") -> int:
        shape = self.layers.shape(x)
        window = op_at(text, at).sees(shape) if shape is not None else None
        if shape is not None and window is not None and window.stride != (1, 1):
            pads = zip(window.pad_before, window.pad_behind, strict=True)
            both = zip((shape.h, shape.w), map(sum, pads), window.extent, window.stride, strict=True)
            self.exact &= all((n + pad - extent) % s == 0 for n, pad, extent, s in both)
        return self.layers.add(text, at, x, label=label)

    def _layer(self, module: Module, x: int, label: str) -> int:
        call, shape = module.call, self.layers.shape(x)
        name = module.name
        if name == "Flatten":
            given = [*zip(_FLATTENED, (value.text for value in call.places), strict=False)]
            given += [(key, value.text) for key, value in call.named.items()]
            if len(call.places) > len(_FLATTENED) or not {*given} <= _FLATTENED.items():
                raise UnreadableError(f"`{call.text}` flattens otherwise than an image", call.at, HELP)
            self.flat = True
            return x
        if name in ("AdaptiveAvgPool2d", "AdaptiveMaxPool2d"):
            return self._adaptive(call, x, shape, label)
        text = said(call)
        op = op_at(text, call.at)
        kind = op.kind
        if kind == "FC" and not self.flat:
            if self.root.name in _CHAINS and x:
                message = f"`{call.text}` works along the rows of a map that isn't flattened"
                raise UnreadableError(message, call.at, "put a `Flatten` before it")
            self.flat = True
        elif self.flat and (kind == "conv" or op.topic == "pooling"):
            raise UnreadableError(f"`{call.text}` takes a map, and what comes is flat", call.at, HELP)
        self._held(call, shape, is_flat=kind == "FC")
        return self._add(text, call.at, x, label)

    def _held(self, call: Call, shape: Shape | None, *, is_flat: bool) -> None:
        """What a layer says that it takes, against what comes."""
        written = comes_in(word_of(call))
        count = foreign.product(written) if written is not None else None
        if written is not None and (count is None or len(count) > 15):
            raise UnreadableError(f"`{written}` in `{call.text}` is no number", call.at, "write it as one")
        if count is None or shape is None:
            return
        comes = shape.elements if is_flat else shape.c
        if int(count) == comes:
            self.is_measured |= is_flat
            return
        message = f"`{call.text}` takes {int(count):,} {'values' if is_flat else 'channels'}, and {comes:,} come"
        help = "one of both is wrong: correct it where it was printed"
        if is_flat and not self.is_measured:
            raise CountError(message, call.at, help, comes - int(count))
        raise UnreadableError(message, call.at, help)

    def _adaptive(self, call: Call, x: int, shape: Shape | None, label: str) -> int:
        sides = _sides(call)
        kind = "avgpool" if call.bare == "AdaptiveAvgPool2d" else "maxpool"
        if sides is None or shape is None:
            raise UnreadableError(f"`{call.text}` says no size that is known", call.at, HELP)
        if sides == (1, 1):
            return self.layers.add(f"global-{kind}", call.at, x, label=label)
        self.adaptive = True
        (h, w), (rows, columns) = sides, (shape.h, shape.w)
        if (rows, columns) == (h, w):
            self.layers.note(x, f"{call.bare} to {h}x{w} changes nothing at this size")
            return x
        if rows % h or columns % w or rows // h != columns // w:
            message = f"`{call.text}` makes {h}x{w} of {rows}x{columns}, by windows of several sizes"
            raise UnreadableError(message, call.at, "give an image of another size, or write the pool in the spec")
        return self.layers.add(f"{kind}{rows // h}/{rows // h}", call.at, x, label=label)


def _is_entry(word: str) -> bool:
    return not (word[0].isupper() or "/" in word or word.startswith("global-"))


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
    if name in ("LogSoftmax", "Softmax2d"):
        help = "leave it out: PyTorch's losses take logits; or write `Softmax(dim=1)`"
        raise UnreadableError(f"`{call.text}` isn't in the spec language", call.at, help)
    text = None
    if name in _PLAIN:
        given = call.without("device", "dtype")
        if "Norm" in name and _is(given, "bias", "True"):
            given = given.without("bias")
        if name == "GELU" and _is(given, "approximate", "none"):
            given = given.without("approximate")
        word = word_of(given)
        text = spelled(word) if name != "PReLU" else _prelu(given)
    if text is None:
        raise UnreadableError(f"`{call.text}` has no words in the spec language", call.at, HELP)
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
        raise UnreadableError(f"`{call.text}` has no words in the spec language", call.at, HELP)
    alpha = f"{float(texts['alpha']) / max(float(texts['size']), 1):.12g}"
    return f"LRN n={texts['size']} k={float(texts['k']):g} alpha={alpha} beta={float(texts['beta']):g}"
