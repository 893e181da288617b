"""Keras code, as text: a `Sequential`, by its list or by `model.add`, or layers that are applied to tensors.

Padding, strides and constants are Keras': convolutions don't pad unless told, `same` pads by the map's size, batch
normalisation has an epsilon of 0.001 and counts its momentum the other way round.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import NamedTuple

from vggdsl.language.notations.arch.foreign import channels_apart, spelled
from vggdsl.language.notations.branches import HELP, Layers, op_at
from vggdsl.language.notations.calls import Atom, Call, Listed, Value, wordless
from vggdsl.language.notations.code import is_code, numbers, statements
from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.language.notations.image import ELSEWHERE
from vggdsl.language.notations.registry import Reading
from vggdsl.network.ops import AvgPool, Conv, MaxPool
from vggdsl.network.shapes import Pair, Shape, Sides
from vggdsl.text.source import Source, Span

_LAYER = r"(?:Conv2D|Dense|MaxPool(?:ing)?2D|AveragePooling2D)"
_MERGES = {"concatenate": "concat", "add": "add", "multiply": "mul"}
_SHOWS = ("summary", "print", "plot_model")
_OF_TRAINING = ("compile", "fit", "evaluate", "predict", "save")
_SHAPES = ("input_shape", "batch_input_shape", "shape", "batch_shape", "input_dim")
_RECIPES = re.compile(r"(kernel|bias|beta|gamma|moving_mean|moving_variance)_(initializer|regularizer)")
_PLAIN = re.compile(
    r"(?:Global)?(?:Max|Average)Pool(?:ing)?2D|Conv2D|Dense|Dropout|Activation|ReLU|LeakyReLU|ELU|Softmax"
)
_SAME = re.compile(r"(['\"])same\1", re.IGNORECASE)


def recognises(source: Source) -> bool:
    """By code that calls `Sequential` or `Model`, and layers as Keras names them."""
    return is_code(source, r"(?:Sequential|Model|Input)", _LAYER)


def read(source: Source) -> Sequence[Reading]:
    """A spec a model."""
    models, model = list[_Model](), _Model(source)
    try:
        for name, value in statements(source):
            model = model.does(name, value)
            if model not in models:
                models.append(model)
        drafts = [each.draft for each in models if each.is_made(models)]
        for each in models:
            each.put()
    except UnreadableError as error:
        model.draft.refuse(error.message, error.at, error.help)
        return [model.draft.reading()]
    return [draft.reading() for draft in drafts]


@dataclass
class _Zeros:
    """By how much a `ZeroPadding2D` pads, and whether a layer takes what it gives."""

    sides: Sides
    at: Span
    is_taken: bool = False


class _Tensor(NamedTuple):
    """What a layer gives, flat or with zeros around it where a `Flatten` or a `ZeroPadding2D` follows."""

    layer: int
    is_flat: bool = False
    zeros: _Zeros | None = None


@dataclass(eq=False)
class _Model:
    """A model in the making: where each layer's result is, by the names of the code's variables."""

    source: Source
    draft: Draft = field(init=False)
    layers: Layers = field(init=False)
    tensors: dict[str, _Tensor] = field(default_factory=dict)
    zeros: list[_Zeros] = field(default_factory=list)
    last: _Tensor = field(default_factory=lambda: _Tensor(0))
    name: str = ""
    variable: str = ""
    end: Span | None = None
    has_image: bool = False
    says_recipe: bool = False

    def __post_init__(self) -> None:
        self.draft = Draft(self.source)
        self.layers = Layers(self.draft, None, Span(self.source, 0, 0))

    def is_made(self, models: Sequence["_Model"]) -> bool:
        return self.end is not None or len(models) == 1

    def put(self) -> None:
        if not self.has_image:
            at = self.end or Span(self.source, 0, len(self.source.text.rstrip()))
            raise UnreadableError("the image's size isn't said", at, "give the first layer `input_shape=(32, 32, 3)`")
        for zeros in self.zeros:
            if not zeros.is_taken:
                help = "padding is of the convolution or pool behind it: put one there"
                raise UnreadableError("what comes of these zeros goes nowhere", zeros.at, help)
        self.draft.name = self.name
        self.layers.put(self.last.layer)

    def does(self, name: str, value: Value) -> "_Model":
        """The model that is in the making behind a statement."""
        if not isinstance(value, Call):
            raise UnreadableError(f"`{value.text}` is no layer", value.at, HELP)
        bare = value.bare
        if bare in _SHOWS and not name:
            return self
        if bare in _OF_TRAINING and "." in value.name:
            self.draft.comment(f"`{bare}` is no part of the network: not read")
            return self
        if bare == "Sequential" and not value.to:
            model = _Model(self.source) if self.end is not None else self
            model.end, model.variable = value.at, name
            model.name = value.named["name"].text.strip("'\"") if isinstance(value.named.get("name"), Atom) else ""
            for each in _listed(value):
                model.follows(each)
            return model
        if bare in ("Model", "Functional") and not value.to:
            self.ends(value)
        elif bare == "build" and "." in value.name:
            self.image(value, value.named.get("input_shape", *value.places[:1]))
        elif bare == "add" and "." in value.name and len(value.places) == 1 and isinstance(value.places[0], Call):
            if self.end is None or value.name != f"{self.variable}.add":
                raise UnreadableError(f"`{value.name}` adds to no model that is begun here", value.at, HELP)
            self.follows(value.places[0])
        elif name:
            self.tensors[name] = self.applied(value)
        else:
            raise UnreadableError(f"what `{value.name}` does isn't read", value.at, HELP)
        return self

    def follows(self, call: Call) -> None:
        """A layer behind the last one of a `Sequential`."""
        if call.to:
            raise UnreadableError(f"`{call.text}` is applied to something inside of a `Sequential`", call.at, HELP)
        self.last = self.layer(call, self.last)

    def ends(self, call: Call) -> None:
        given = call.named.get("outputs", *call.places[1:2])
        if isinstance(given, Listed) and len(given.values) == 1:
            (given,) = given.values
        if not isinstance(given, Atom) or given.text not in self.tensors:
            raise UnreadableError("which layer the model ends with isn't told", call.at, "name one as its `outputs`")
        self.last, self.end = self.tensors[given.text], call.at
        if isinstance(name := call.named.get("name"), Atom):
            self.name = name.word

    def applied(self, call: Call) -> _Tensor:
        """The result of a layer that is applied to tensors: ``Conv2D(8, 3)(x)``, ``concatenate([x, y])``."""
        bare = call.bare
        if bare == "Input" and not call.to:
            self.image(call, call.named.get("shape", *call.places[:1]))
            return _Tensor(0)
        if bare.lower() in _MERGES:
            given = call.to if call.to else call.places
            values = given[0].values if len(given) == 1 and isinstance(given[0], Listed) else given
            axis = call.named.get("axis")
            if axis is not None and (axis.text not in ("-1", "3") or bare.lower() != "concatenate"):
                raise UnreadableError(f"`{call.text}` joins along another axis than the channels", call.at, HELP)
            inputs = [self.tensor(each, call) for each in values]
            if any(each.zeros for each in inputs):
                raise UnreadableError(f"`{call.text[:60]}` takes zeros, which are of a layer that pads", call.at, HELP)
            if len(inputs) < 2:
                raise UnreadableError(f"`{call.text}` takes one tensor alone", call.at, HELP)
            flat = {self.layers.shape(each.layer) if self.is_flat_map(each) else None for each in inputs}
            if len(flat) > 1:
                message = f"`{call.text[:60]}` takes the values of a flat map beside those of another form"
                raise UnreadableError(message, call.at, HELP)
            return _Tensor(self.put_layer(_MERGES[bare.lower()], call, *inputs), flat != {None})
        if len(call.to) != 1:
            raise UnreadableError(f"`{call.text}` isn't applied to one tensor", call.at, HELP)
        return self.layer(call, self.tensor(call.to[0], call))

    def tensor(self, value: Value, call: Call) -> _Tensor:
        if isinstance(value, Call):
            return self.applied(value)
        tensor = self.tensors.get(value.text)
        if tensor is None:
            raise UnreadableError(f"`{value.text}` in `{call.text[:60]}` is no tensor that is known", value.at, HELP)
        return tensor

    def is_flat_map(self, x: _Tensor) -> bool:
        """Whether its values of one channel lie behind each other, as values of their own."""
        shape = self.layers.shape(x.layer)
        return x.is_flat and shape is not None and shape.h * shape.w > 1

    def image(self, call: Call, value: Value | None) -> None:
        sizes = numbers(value)
        if sizes is None or len(sizes) > 3:
            raise UnreadableError("the image's size isn't said in numbers", call.at, "write it as `(32, 32, 3)`")
        if len(sizes) == 2 and call.bare != "Flatten":
            raise UnreadableError("the image's size is without channels", call.at, "write it as `(28, 28, 1)`")
        h, w, c = (1, 1, sizes[0]) if len(sizes) == 1 else (*sizes, 1)[:3]
        size = Shape(c, h, w)
        if self.has_image and self.layers.shape(0) != size:
            raise UnreadableError(
                f"the image is {size} here, and {self.layers.shape(0)} before", call.at, "say one size"
            )
        self.has_image = True
        self.layers.input(size, call.at)

    def put_layer(self, text: str, call: Call, *inputs: _Tensor) -> int:
        name, layers = call.named.get("name"), [each.layer for each in inputs]
        return self.layers.add(text, call.at, *layers, label=name.word if isinstance(name, Atom) else "")

    def layer(self, call: Call, x: _Tensor) -> _Tensor:
        shapes = {key: value for key, value in call.named.items() if key in _SHAPES}
        if call.bare in ("Input", "InputLayer") and not shapes and call.places:
            shapes = {"shape": call.places[0]}
        for value in shapes.values():
            if x.layer:
                raise UnreadableError("the image's size is said behind a layer", call.at, "say it at the first one")
            self.image(call, value)
        if call.bare in ("Input", "InputLayer"):
            return x
        if not self.has_image and (told := self.draft.told) is not None:
            self.has_image = True
            self.layers.input(told.size, told.at)
            self.layers.note(0, f"told: {told.by}")
        if not self.has_image:
            help = f"give this layer `input_shape=(32, 32, 3)`, or write it {ELSEWHERE}"
            raise UnreadableError("the image's size isn't said", call.at, help)
        plain, bare = call.without("name", *_SHAPES), call.bare
        of_recipes = [key for key in plain.named if _RECIPES.fullmatch(key)]
        if of_recipes and not self.says_recipe:
            self.layers.note(0, "initial values and regularizers are said by a recipe: not read")
            self.says_recipe = True
        plain = plain.without(*of_recipes)
        if bare == "Flatten":
            if plain.places or plain.named:
                raise UnreadableError(f"`{call.text}` can't be read", call.at, "write `Flatten()`")
            if x.zeros is not None:
                raise UnreadableError(f"`{call.text}` doesn't pad, and zeros come", call.at, HELP)
            return x._replace(is_flat=True)
        if bare == "ZeroPadding2D":
            return self.zero_padding(plain, x)
        if x.zeros is not None:
            x.zeros.is_taken = True
        shape, zeros = self.layers.shape(x.layer), x.zeros.sides if x.zeros is not None else None
        texts = _texts(plain, shape, zeros)
        first = op_at(texts[0], call.at)
        if first.kind == "FC" and not x.is_flat and shape is not None and shape.h * shape.w > 1:
            message = f"`{call.text}` works at each place of a map that isn't flattened"
            raise UnreadableError(message, call.at, "add a `Flatten` before it")
        if x.is_flat and (first.kind == "conv" or first.topic == "pooling"):
            raise UnreadableError(f"`{call.text}` takes a map, and what comes is flat", call.at, HELP)
        if self.is_flat_map(x) and first.kind in ("BN", "PReLU", "softmax"):
            raise UnreadableError(f"`{call.text}` takes each value of a flat map for a channel", call.at, HELP)
        if zeros is not None and first.kind not in ("conv", "maxpool", "avgpool"):
            raise UnreadableError(f"`{call.text}` doesn't pad, and zeros come", call.at, HELP)
        if zeros is not None and first.kind == "maxpool" and not self.layers.text(x.layer).startswith("ReLU"):
            raise UnreadableError(
                "zeros before a pool count in its maximum", call.at, "pad the pool, in a spec `pad=1`"
            )
        is_flat = x.is_flat or first.kind == "FC" or first.kind.startswith("global")
        x = _Tensor(self.put_layer(texts[0], call, x), is_flat)
        for text in texts[1:]:
            x = _Tensor(self.put_layer(text, call.without("name"), x), is_flat)
        return x

    def zero_padding(self, call: Call, x: _Tensor) -> _Tensor:
        value = call.named.get("padding", *call.places[:1])
        sides = None
        if value is None:
            sides = Sides(1, 1, 1, 1)
        elif isinstance(value, Listed) and all(isinstance(each, Listed) for each in value.values):
            each = [n.text for pair in value.values if isinstance(pair, Listed) for n in pair.values]
            if len(each) == 4 and all(re.fullmatch(r"\d{1,4}", text) for text in each):
                sides = Sides(*map(int, each))
        else:
            texts = [each.text for each in value.values] if isinstance(value, Listed) else [value.text] * 2
            if len(texts) == 2 and all(re.fullmatch(r"\d{1,4}", text) for text in texts):
                sides = Sides(int(texts[0]), int(texts[0]), int(texts[1]), int(texts[1]))
        if sides is None or len(call.named) + len(call.places) > 1:
            raise UnreadableError(f"`{call.text}` can't be read", call.at, "write `ZeroPadding2D(1)`")
        if x.zeros is not None:
            x.zeros.is_taken, sides = True, Sides(*map(sum, zip(x.zeros.sides, sides, strict=True)))
        self.zeros.append(_Zeros(sides, call.at))
        return _Tensor(x.layer, x.is_flat, self.zeros[-1])


def _listed(call: Call) -> Sequence[Call]:
    value = call.named.get("layers", *call.places[:1])
    if value is None:
        return ()
    calls = [each for each in value.values if isinstance(each, Call)] if isinstance(value, Listed) else []
    if not isinstance(value, Listed) or len(calls) < len(value.values):
        raise UnreadableError("what a `Sequential` holds isn't a list of layers", value.at, HELP)
    return calls


def _texts(call: Call, shape: Shape | None, zeros: Sides | None) -> list[str]:
    """The layers that a call says, the one with its activation as two. Raises ``UnreadableError``."""
    bare = call.bare
    match bare:
        case "BatchNormalization":
            return [_norm(call)]
        case "LeakyReLU" if not call.places and not call.named:
            return ["LeakyReLU-0.3"]
        case "PReLU":
            if _is_shared(call) or (shape is not None and shape.h * shape.w == 1 and not call.named):
                return ["PReLU"]
            raise UnreadableError("`PReLU` learns a slope for each value unless `shared_axes=[1, 2]`", call.at, HELP)
    if bare == "Dense" and re.fullmatch(r"[\d.]+", "".join(value.text for value in call.places[1:2])):
        help = "Keras' `Dense` takes its units first, and its activation second: write `Dense(64)`"
        raise UnreadableError(f"`{call.text}` has two numbers", call.at, help)
    word = replace(call, name=bare, to=()).text
    is_same = _SAME.search(word) is not None
    valid = _SAME.sub("'valid'", word)
    if bare in ("DepthwiseConv2D", "SeparableConv2D"):
        text = _apart(call, shape)
    elif _PLAIN.fullmatch(bare):
        text = spelled(valid)
    else:
        text = None
    if text is None:
        raise wordless(call)
    layers = _apart_words(text)
    if is_same or zeros is not None:
        layers[0] = _padded(layers[0], call, shape, zeros, is_same=is_same)
    return layers


def _apart_words(text: str) -> list[str]:
    """
    >>> _apart_words("conv3-8 pad=0 ReLU"), _apart_words("maxpool3/2 ceil")
    (['conv3-8 pad=0', 'ReLU'], ['maxpool3/2 ceil'])
    """
    layers = list[str]()
    for word in text.split():
        if "=" in word or word == "ceil":
            layers[-1] += f" {word}"
        else:
            layers.append(word)
    return layers


def _padded(text: str, call: Call, shape: Shape | None, zeros: Sides | None, *, is_same: bool) -> str:
    """A layer with what Keras' `same` adds to a map of that size, or with the zeros before it."""
    op = op_at(text, call.at)
    if not isinstance(op, Conv | MaxPool | AvgPool):
        raise UnreadableError(f"`{call.text}` doesn't pad", call.at, HELP)
    if shape is None:
        return text
    pad = op.window.keras_pad(Pair(shape.h, shape.w)) if is_same else Pair(0, 0)
    if zeros is not None:
        if pad != (0, 0):
            raise UnreadableError(f"`{call.text}` pads what is padded", call.at, HELP)
        pad = replace(op.window, pad=zeros).pad
    if pad == (0, 0):
        return text
    if isinstance(op, AvgPool) and is_same:
        raise UnreadableError(
            "Keras leaves padding out of the mean, a spec counts it", call.at, "write the pool in a spec"
        )
    bare = re.sub(r" pad=\S+", "", text)
    return f"{bare} pad={pad.short}"


def _apart(call: Call, shape: Shape | None) -> str | None:
    """A convolution of each channel by itself, and what follows it; its activation is behind both."""
    word = _SAME.sub("'valid'", replace(call.without("activation"), name=call.bare, to=()).text)
    found, function = channels_apart(word), call.named.get("activation")
    active = spelled(f"Activation({function.text})") if function is not None else ""
    if found is None or shape is None or active is None:
        return None
    apart, behind = found
    return f"{apart.format(shape.c)} groups={shape.c} {behind} {active}".rstrip()


def _is_shared(call: Call) -> bool:
    return call.named.keys() == {"shared_axes"} and numbers(call.named["shared_axes"]) == (1, 2)


def _norm(call: Call) -> str:
    keys: Mapping[str, str] = {"momentum": "0.99", "epsilon": "0.001"}
    named = {key: value.text for key, value in call.named.items()}
    usual = {"axis": ("-1", "3"), "center": ("True",), "scale": ("True",)}
    if call.places and call.places[0].text in usual["axis"] and len(call.places) == 1:
        call = replace(call, places=())
    is_usual = all(named[key] in usual[key] for key in named.keys() & usual.keys())
    numbers = {key: named.get(key, value) for key, value in keys.items()}
    are_numbers = all(re.fullmatch(r"(\d?\.?\d{1,9}|\d\.)(e-\d\d?)?", text) for text in numbers.values())
    if call.places or not named.keys() <= {*keys, *usual} or not is_usual or not are_numbers:
        raise wordless(call)
    return f"BN eps={numbers['epsilon']} momentum={1 - Decimal(numbers['momentum'])}"
