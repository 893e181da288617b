"""Layers as other tools and papers spell them.

What is offered for them computes the same, with the numbers that were written; where that can't be told, it is said
what there is.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import takewhile

from vggdsl.language.dictionary import ACTIVATIONS, KINDS, MERGES, LayerKind
from vggdsl.language.types import UnfitError, shortest

_TOOLS = re.compile(r"(?:[a-z]\w*\.)+(?=[a-z])", re.IGNORECASE)
"""Where a tool keeps its layers: ``nn.``, ``tf.keras.layers.``."""
_CALL = re.compile(r"([\w.-]+)[ \t]*\((.*)\)", re.DOTALL)
_NUMBERED = re.compile(r"([a-z][a-z_.-]*?(?:2d)?)[-_:=]?((?:\d*\.)?\d+(?:e-?\d+)?%?)", re.IGNORECASE)
_NAMES = {
    "out-channels": "channels", "filters": "channels", "out-features": "features", "units": "features",
    "num-output": "features", "kernel-size": "kernel", "pool-size": "kernel", "kernel": "kernel", "size": "kernel",
    "strides": "stride", "stride": "stride", "padding": "pad", "pad": "pad", "dilation-rate": "dilation",
    "dilation": "dilation", "groups": "groups", "bias": "bias", "use-bias": "bias", "p": "rate", "rate": "rate",
    "ratio": "rate", "negative-slope": "slope", "slope": "slope", "alpha": "slope", "num-groups": "groups",
    "eps": "eps", "epsilon": "eps", "momentum": "momentum", "ceil-mode": "ceil", "activation": "activation",
    "in-channels": "in", "in-features": "in", "num-features": "in", "num-channels": "in", "num-parameters": "in",
    "dim": "axis", "axis": "axis",
}  # fmt: skip
"""Options of layers by other tools' words for them."""
_FLAGS = {"True": "yes", "False": "no"}
_DIFFERENT = {
    "BN": "Keras counts the momentum the other way round, and has another eps unless told: say `BN` with `eps=` and "
    "`momentum=`",
    "GN": "Keras has another eps unless told: say it behind `GN-` and the groups, with `eps=`",
    "LRN": "`LRN` is told by `n=`, `k=`, `alpha=` and `beta=`; PyTorch and Caffe divide alpha by n, and have another k "
    "unless told",
    "LeakyReLU": "`LeakyReLU` alone has PyTorch's slope; Keras' is another, to be said behind a hyphen",
    "PReLU": "`PReLU` learns a slope for each channel; PyTorch's learns one for all, unless told how many, and Keras' "
    "one for each value",
}
"""Where the same word means something else in another tool, what to say of it."""
_GIVEN = _DIFFERENT | {
    "hard-sigmoid": "`hard-sigmoid` is Keras 3's; Keras 2's, clip(0.2 x + 0.5, 0, 1), isn't in the language",
}
"""The same of functions that are given to a layer, as Keras has it."""
NUMBERS = {
    "BN": "`BN` stands alone: how many channels come in is known",
    "PReLU": "`PReLU` stands alone: its slopes are learned",
}
"""What is to be said of a number behind a word that has none, where others put one."""
_WITHOUT_EFFECT = {"inplace", "name", "input-shape"}


@lru_cache(maxsize=1024)
def kind_called(name: str) -> LayerKind | None:
    """The kind that a name means here or elsewhere: ``BatchNorm2d``, ``nn.Linear``, ``leaky_relu``."""
    bare = plain_name(name)
    if adaptive := re.fullmatch(r"adaptive(avg|average|max)pool(?:ing)?", bare):  # to 1x1, or it would be missing
        return KINDS.get(f"global-{adaptive[1].replace('average', 'avg')}pool")
    return next((kind for pattern, kind in _kinds().items() if re.fullmatch(pattern, bare)), None)


@cache
def _kinds() -> Mapping[str, LayerKind]:
    """By patterns of their bare names."""
    kinds = [kind for word, kind in KINDS.items() if word not in MERGES]
    plain = ((kind, [word for word in kind.shown[1:] if not re.search(r"\d", word)]) for kind in kinds)
    found = {re.escape(plain_name(word)): kind for kind, words in plain for word in (kind.word, *words, *kind.also)}
    for kind in kinds:
        if kind.spellings:
            found[kind.pattern.lower().replace("[ -]?", "").replace("-?", "").replace("-", "")] = kind
    return found


def plain_name(name: str, keep: bool = False) -> str:
    """A name in small letters without what tools put around it, ``keep``ing how many axes it is for."""
    flat = re.sub(r"[-_ ]", "", _TOOLS.sub("", name).lower())
    flat = re.sub(r"^(lazy|sync)(?=conv|batchnorm|linear)", "", flat)
    return flat if keep else re.sub(r"2d$|layer$", "", flat)


# -- a layer with its numbers


@dataclass(frozen=True)
class _Given:
    """What stands in the brackets of a call, by its place and by its name."""

    places: tuple[str, ...]
    named: Mapping[str, str]
    pairs: frozenset[int] = frozenset()
    """Which of the places stand in brackets."""


_COUNT = re.compile(r"0*[1-9]\d*")
_WINDOW = re.compile(rf"{_COUNT.pattern}(x{_COUNT.pattern})?")
LARGEST_KERNEL = 11
"""A sole number that is larger is taken for channels."""
_WORDED = {"channels": _COUNT, "kernel": _WINDOW, "stride": _COUNT}
"""What stands in the word of a convolution."""


def numbered(name: str, options: Sequence[str]) -> tuple[str, int] | None:
    """The layer whose numbers others give as options, and how many of these say them.

    >>> numbered("dropout", ["p=0.4"]), numbered("conv5", ["filters=96", "stride=2", "pad=1"])
    (('dropout-0.4', 1), ('conv5-96/2', 2))
    """
    parts = [option.partition("=") for option in options]
    values = [(_NAMES.get(key.lower().replace("_", "-"), key), value) for key, _, value in parts]
    kind, kernel = kind_called(name), re.search(r"\d+(x\d+)?$", name)
    if kind is None and kernel is not None:
        kind, values = kind_called(name[: kernel.start()]), [("kernel", kernel[0]), *values]
    if len({key for key, _ in values}) < len(values):  # of two it can't be told which
        return None
    if kind is not None and kind.form == "CONV":
        channels = ("channels" if key == "features" else key for key, _ in values)  # as Caffe's
        own = dict(
            takewhile(lambda each: each[0] in _WORDED, zip(channels, (value for _, value in values), strict=True))
        )
        if not {"channels", "kernel"} <= own.keys() or not all(_WORDED[key].fullmatch(own[key]) for key in own):
            return None
        step = f"/{own['stride']}" if own.get("stride", "1") != "1" else ""
        return f"conv{own['kernel']}-{own['channels']}{step}", len(own) - (len(values) - len(options))
    if kind is None or not kind.number or not options or values[0][0] not in (kind.number, "slope"):
        return None
    layer = _layer(kind, name, _Given((values[0][1],), {}), False)
    return (layer, 1) if layer else None


def as_call(word: str, options: Sequence[str]) -> str | None:
    """Another tool's word with options behind it as its call, whose padding and constants are that tool's."""
    kind = kind_called(re.sub(r"^(conv)\d+(x\d+)?$", r"\1", word, flags=re.IGNORECASE))
    if kind is None or not options or kind.word.lower() == re.sub(r"\d+(x\d+)?$", "", word).lower():
        return None
    return f"{word}({', '.join(options)})"


def spelled(word: str) -> str | None:
    """A layer as this language spells it, ``Dense(128)`` as ``FC-128``, if it can be told from its numbers."""
    name, given, is_theirs = _parts(word)
    if given is not None and is_activation_layer(name):
        function = _function(given.places[0]) if len(given.places) == 1 and not given.named else None
        return "identity" if function == "" else function
    kind = kind_called(name)
    if kind is None or given is None or _is_of_keras_1(name, given):
        return None
    if plain_name(name).startswith("adaptive"):  # its size is 1, or it would be missing
        given = _Given((), {})
    if "activation" not in given.named:
        return _layer(kind, name, given, is_theirs)
    function = _function(given.named["activation"])
    if function is None or kind.form not in ("CONV", "SIZED"):
        return None
    rest = {key: value for key, value in given.named.items() if key != "activation"}
    layer = _layer(kind, name, _Given(given.places, rest, given.pairs), is_theirs)
    return layer and f"{layer} {function}".rstrip()


_NO_FUNCTION = ("linear", "none")


def _function(name: str) -> str | None:
    """The activation that a layer is given by its name, empty for none; None where it isn't known to be the same."""
    if name.lower() in _NO_FUNCTION:
        return ""
    kind = kind_called(name)
    is_same = kind is not None and kind.word in (*ACTIVATIONS, "softmax") and kind.word not in _GIVEN
    return kind.word if kind is not None and is_same else None


def _is_of_keras_1(name: str, given: _Given) -> bool:
    """Whether a second number may be the kernel's height, and a third its width."""
    return plain_name(name) == "convolution" and len(given.places) > 2 and 1 not in given.pairs


def comes_in(word: str) -> str | None:
    """How many channels or features come in, where a call says it: here what stands before a layer tells that."""
    name, given, is_theirs = _parts(word)
    kind = kind_called(name)
    if kind is None or given is None or not is_theirs:
        return None
    places = given.places
    match kind.word, len(places):
        case _ if "in" in given.named:
            return given.named["in"]
        case ("FC", 2 | 3) | ("BN", 1) | ("PReLU", 1):
            return places[0]
        case "GN", 2:
            return places[1]
        case "conv", n if n and not _is_keras_conv(name, given):
            return places[0]
        case _:
            return None


def has_no_activation(word: str) -> bool:
    """Whether a call is that of a layer that has an activation only where one is given to it."""
    name, given, is_theirs = _parts(word)
    kind = kind_called(name)
    if kind is None or given is None or not (is_theirs and kind.op.weight_layer):
        return False
    return given.named.get("activation", "none").lower() in _NO_FUNCTION


def is_activation_layer(name: str) -> bool:
    """Whether a layer is one whose function is given to it: ``Activation('tanh')``."""
    return plain_name(name) == "activation"


def channels_apart(word: str) -> tuple[str, str] | None:
    """The convolution of each channel by itself that a call says, without its channels, and what follows it of all.

    >>> channels_apart("SeparableConv2D(32, 3)"), channels_apart("DepthwiseConv2D(3, strides=2)")
    (('conv3-{} pad=0', 'conv1-32'), ('conv3-{}/2 pad=0', ''))
    """
    name, given, is_theirs = _parts(word)
    if given is None or not is_theirs or "groups" in given.named:
        return None
    is_separable = "sep" in plain_name(name)
    order = ("channels", "kernel", "stride", "pad") if is_separable else ("kernel", "stride", "pad")
    named = {**dict(zip(order, given.places, strict=False)), **given.named}
    all_ = named.pop("channels", "") if is_separable else ""
    if len(given.places) > len(order) or not _COUNT.fullmatch(all_ or ("" if is_separable else "1")):
        return None
    bias = named.pop("bias", "True") if is_separable else "True"  # the one bias of a separable one is the last's
    if bias not in _FLAGS:
        return None
    layer = _conv("Conv2D", _Given((), {"channels": "1", **named}))
    behind = f"conv1-{all_}{' bias=no' if _FLAGS[bias] == 'no' else ''}" if all_ else ""
    return None if layer is None else (re.sub(r"-1(?![\dx])", "-{}", layer, count=1), behind)


def _parts(word: str) -> tuple[str, _Given | None, bool]:
    """The name of a layer, what is given to it, and whether it is another tool's: with brackets, or behind dots."""
    if call := _CALL.fullmatch(word):
        return call[1], _given(call[2]), True
    if kind_called(word) is None and (number := _NUMBERED.fullmatch(word)):
        return number[1], _Given((number[2],), {}), False
    return word, _Given((), {}), "." in word


def differs(word: str) -> str | None:
    """What is to be said of a call whose word means something else in another tool; None where it doesn't."""
    name, bracket, inside = word.partition("(")
    if _is_torch_lrn(re.sub(r"[-_:=]*[\d.]+$", "", name)):
        return _DIFFERENT["LRN"]
    _, given, _ = _parts(word)
    if given is not None and _is_of_keras_1(name, given):
        channels, one, other = given.places[:3]
        ways = f"`conv{one}x{other}-{channels} pad=0` or `conv{one}-{channels}/{other} pad=0`"
        return f"Keras 1 says the kernel's height and width, later ones a kernel and its stride: {ways}"
    if given is not None and (function := _given_function(name, given)):
        return _GIVEN.get(function.word)
    kind = kind_called(name)
    if kind is None or not (bracket or "." in name) or (kind.form == "CURVED" and re.search(r"\d", inside)):
        return None
    return _DIFFERENT.get(kind.word) if kind.word not in ("BN", "GN") or _is_keras_norm(name) else None


def _given_function(name: str, given: _Given) -> LayerKind | None:
    """The activation of a layer that is given one."""
    if is_activation_layer(name) and len(given.places) == 1:
        return kind_called(given.places[0])
    return kind_called(given.named["activation"]) if "activation" in given.named else None


def _is_keras_norm(name: str) -> bool:
    return plain_name(name).startswith(("batchnormali", "groupnormali"))


def _is_torch_lrn(name: str) -> bool:
    return plain_name(name) == "localresponsenorm"


def _has_other_eps(kind: LayerKind, name: str, given: _Given) -> bool:
    return kind.word == "GN" and _is_keras_norm(name) and "eps" not in given.named


def _layer(kind: LayerKind, name: str, given: _Given, is_call: bool) -> str | None:
    match kind.form:
        case "CONV":
            return _conv(name, given) if is_call else None
        case "POOL":
            return _pool(kind, given) if is_call or not given.places else None
        case "SIZED":
            return None if _has_other_eps(kind, name, given) else _sized(kind, given)
        case "CURVED":
            return _curved(kind, name, given, is_call)
        case "RATED":
            rate = given.named.get("rate", *given.places[:1]) if len(given.named) + len(given.places) == 1 else None
            return f"{kind.word}-{rate}" if rate and re.fullmatch(r"0?\.\d+|\d?\d(\.\d+)?%", rate) else None
        case _:
            return _plain(kind, name, given, is_call)


def _given(text: str) -> _Given | None:
    """None where something is said twice, by a word that nobody knows, or by its place behind such by their names."""
    parts = [part.strip() for part in re.split(r",(?![^(\[]*[)\]])", text) if part.strip()]
    places, named = list[str](), dict[str, str]()
    for part in parts:
        key, is_named, value = part.partition("=")
        if not is_named:
            if named:
                return None
            places.append(_number(part))
            continue
        key = key.strip().lower().replace("_", "-")
        if key in _WITHOUT_EFFECT:
            continue
        if key not in _NAMES or _NAMES[key] in named:
            return None
        named[_NAMES[key]] = _number(value)
    return _Given(tuple(places), named, frozenset(at for at in range(len(places)) if parts[at][0] in "(["))


def _number(text: str) -> str:
    """A number, or the one that a pair has twice: ``(3, 3)``."""
    sides = re.findall(r"[^\s,()\[\]'\"]+", text)
    return sides[0] if len(set(sides)) == 1 else "x".join(sides)


def _is_keras_conv(name: str, given: _Given) -> bool:
    """Keras says channels, kernel, stride, padding; PyTorch says what comes in before, but for its lazy ones."""
    if name.lower().startswith(("nn.", "torch.")):
        return "lazy" in name.lower() or given.pairs == {1}
    said = len({"channels", "kernel"} & given.named.keys()) + len(given.places)
    return name.endswith("D") or said <= 2 or _first_pair(given) == 1


def _first_pair(given: _Given) -> int | None:
    return next((at for at, place in enumerate(given.places) if "x" in place or at in given.pairs), None)


def _conv(name: str, given: _Given) -> str | None:
    places, sized = given.places, _first_pair(given)
    order = (*(() if _is_keras_conv(name, given) else ("in",)), "channels", "kernel", "stride", "pad")
    if sized == 0 and len(places) == 2:
        places = places[::-1]
    if not name.lower().endswith(("2d", "convolution")) and (sized is None or sized > 1):
        return None  # whose order nobody knows
    if given.named.keys() & {*order[: len(places)]}:
        return None
    values = {**dict(zip(order, places, strict=False)), **given.named}
    known = {"in", "channels", "kernel", "stride", "pad", "groups", "dilation", "bias"}
    if len(places) > len(order) or not {"channels", "kernel"} <= values.keys() <= known:
        return None
    kernel, channels, stride = values["kernel"], values["channels"], values.get("stride", "1")
    if not (_COUNT.fullmatch(channels) and _WINDOW.fullmatch(kernel) and _WINDOW.fullmatch(stride)):
        return None
    if "kernel" not in given.named and max(int(side[:9]) for side in kernel.split("x")) > LARGEST_KERNEL:
        return None
    pad, bias = values.get("pad", "valid").lower(), _FLAGS.get(values.get("bias", "True"))
    is_odd = all(int(side) % 2 for side in kernel.split("x"))
    if bias is None or (pad == "same" and not (stride == "1" and is_odd)):  # which depends on the map, or has sides
        return None
    others = {key: values[key] for key in ("groups", "dilation") if values.get(key, "1") != "1"}
    if not all(re.fullmatch(r"\d+(x\d+)?|same|valid", each) for each in (pad, *others.values())):
        return None
    options = [] if pad == "same" else [f"pad={'0' if pad == 'valid' else pad}"]
    options += [f"{key}={value}" for key, value in others.items()]
    options += ["bias=no"] if bias == "no" else []
    options = [f"stride={stride}", *options] if "x" in stride else options
    step = f"/{stride}" if stride != "1" and "x" not in stride else ""
    return " ".join([f"conv{kernel}-{channels}{step}", *options])


def _pool(kind: LayerKind, given: _Given) -> str | None:
    places = dict(zip(("kernel", "stride", "pad"), given.places, strict=False))
    values = {**places, **given.named}
    if places.keys() & given.named.keys():
        return None
    if not values:
        return kind.word
    kernel = values.get("kernel", "2")
    stride = values.get("stride", kernel)
    if len(given.places) > 3 or not values.keys() <= {"kernel", "stride", "pad", "ceil"}:
        return None
    pad, last = values.get("pad", "valid").lower(), _FLAGS.get(values.get("ceil", "False"))
    if not _WINDOW.fullmatch(kernel) or not _COUNT.fullmatch(stride) or last is None:
        return None
    if not (pad == "valid" or pad.isdigit()):
        return None
    ceil = " ceil" if last == "yes" else ""
    return f"{kind.word}{kernel}/{stride}" + (f" pad={pad}" if pad not in ("valid", "0") else "") + ceil


def _sized(kind: LayerKind, given: _Given) -> str | None:
    places, named = given.places, {key: value for key, value in given.named.items() if key != "in"}
    if kind.word == "FC" and len(places) == 3 and places[2] in _FLAGS and "bias" not in named:
        places, named["bias"] = places[:2], places[2]
    if kind.word == "FC" and len(places) == 2:  # what comes in, and goes out
        places = places[1:]
    elif kind.word == "GN" and len(places) == 2:  # how many groups, and of how many channels
        places = places[:1]
    numbers = [*places, *([named.pop(kind.number)] if kind.number in named else [])]
    if len(numbers) != 1 or not _COUNT.fullmatch(number := numbers[0]):
        return None
    if "bias" in named and (flag := _FLAGS.get(named["bias"])):
        named["bias"] = flag
    if not _fit(kind, named):
        return None
    return " ".join([f"{kind.word}-{number}", *(f"{key}={value}" for key, value in named.items() if value != "yes")])


def _curved(kind: LayerKind, name: str, given: _Given, is_call: bool) -> str | None:
    """A function with a constant; without one a tool may have another than is usual here."""
    if is_call and len(given.places) == 2 and given.places[1] in _FLAGS:  # whether it is done in place
        given = _Given(given.places[:1], given.named)
    if not given.places and not given.named:
        is_ours = not is_call or kind.word not in _DIFFERENT or name.lower().startswith(("nn.", "torch."))
        return kind.word if is_ours else None
    number = given.named.get("slope", *given.places[:1])
    if number is None or len(given.places) + len(given.named) > 1 or kind.fits is None:
        return None
    try:
        value = kind.fits.read(number)
    except UnfitError:
        return None
    return f"{kind.word}-{number if re.fullmatch(r'[0-9]*[.]?[0-9]+', number) else shortest(value)}"


def _plain(kind: LayerKind, name: str, given: _Given, is_call: bool) -> str | None:
    """A word that stands alone; a layer with weights is told by others how many channels come in."""
    if is_call and kind.word in ACTIVATIONS and len(given.places) == 1 and given.places[0] in _FLAGS:
        given = _Given((), given.named)  # whether it is done in place
    sole = given.places[0] if len(given.places) == 1 else None
    count, axis = sole if sole and sole.isdigit() else None, given.named.get("axis", sole)
    match kind.word:
        case "LRN" if is_call or _is_torch_lrn(name):  # whose alpha is divided
            return None
        case "LRN" if count:
            return f"LRN n={count}"
        case "BN" if is_call and _is_keras_norm(name):
            return None
        case "PReLU" if is_call and count in (None, "1"):  # of all channels
            return None
        case "BN" | "PReLU" if is_call and count:
            pass
        case "softmax" if is_call and axis in ("1", "-1"):  # over the classes
            given = _Given((), {key: value for key, value in given.named.items() if key != "axis"})
        case _ if given.places:
            return None
    named = {key: value for key, value in given.named.items() if key != "in"}
    if not _fit(kind, named):
        return None
    return " ".join([kind.word, *(f"{key}={value}" for key, value in named.items())])


def _fit(kind: LayerKind, named: Mapping[str, str]) -> bool:
    """Whether options are such of a kind, with values that they can have."""
    keys = {key.name: key for key in kind.options}
    try:
        return all(key in keys and keys[key].type.read(value) is not None for key, value in named.items())
    except UnfitError:
        return False
