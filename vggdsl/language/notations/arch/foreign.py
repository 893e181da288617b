"""Layers as other tools and papers spell them.

What is offered for them computes the same, with the numbers that were written; where that can't be told, it is said
what there is.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from math import prod

from vggdsl.language.dictionary import ACTIVATIONS, LayerKind
from vggdsl.language.notations.arch.arguments import (
    COUNT,
    FLAGS,
    NAMES,
    WINDOW,
    Given,
    conv_of,
    given_in,
    in_names,
    is_keras_conv,
    layer_of,
    of_function,
)
from vggdsl.language.notations.arch.called import (
    DIFFERENT,
    GIVEN_DIFFERENT,
    is_keras_norm,
    is_torch_lrn,
    kind_called,
    plain_name,
)
from vggdsl.network.shapes import Pair, Window

_CALL = re.compile(r"([\w.-]+)[ \t]*\((.*)\)", re.DOTALL)
_NUMBERED = re.compile(r"([a-z][a-z_.-]*?(?:2d)?)[-_:=]?((?:\d*\.)?\d+(?:e-?\d+)?%?)", re.IGNORECASE)
NUMBERS = {
    "BN": "`BN` stands alone: how many channels come in is known",
    "PReLU": "`PReLU` stands alone: its slopes are learned",
}
"""What is to be said of a number behind a word that has none, where others put one."""
_WORDED = {"channels": COUNT, "kernel": WINDOW, "stride": COUNT}
"""What stands in the word of a convolution."""


def numbered(name: str, options: Sequence[str]) -> tuple[str, int] | None:
    """The layer whose numbers others give as options, and how many of these say them.

    >>> numbered("dropout", ["p=0.4"]), numbered("conv5", ["filters=96", "stride=2", "pad=1"])
    (('dropout-0.4', 1), ('conv5-96/2', 2))
    """
    parts = [option.partition("=") for option in options]
    values = [(NAMES.get(key.lower().replace("_", "-"), key), value) for key, _, value in parts]
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
    layer = layer_of(kind, name, Given((values[0][1],), {}), False)
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
    if kind.word == "ReLU" and is_theirs and _is_most_6(name, given):
        return "ReLU6"
    if plain_name(name).startswith("adaptive"):  # its size is 1, or it would be missing
        given = Given((), {})
    if "activation" not in given.named:
        return layer_of(kind, name, given, is_theirs)
    function = _function(given.named["activation"])
    if function is None or kind.form not in ("CONV", "SIZED"):
        return None
    rest = {key: value for key, value in given.named.items() if key != "activation"}
    layer = layer_of(kind, name, Given(given.places, rest, given.pairs), is_theirs)
    return layer and f"{layer} {function}".rstrip()


_NO_FUNCTION = ("linear", "none")


def _function(name: str) -> str | None:
    """The activation that a layer is given by its name, empty for none; None where it isn't known to be the same."""
    if name.lower() in _NO_FUNCTION:
        return ""
    kind = kind_called(name)
    is_same = kind is not None and kind.word in (*ACTIVATIONS, "softmax") and kind.word not in GIVEN_DIFFERENT
    return kind.word if kind is not None and is_same else None


def _is_most_6(name: str, given: Given) -> bool:
    """Whether a ReLU of Keras' is given 6 as what it gives at most."""
    number = given.named.get("most") if given.named else given.places[0] if given.places else None
    is_keras = bool(given.named) or not name.startswith(("nn.", "torch."))
    return (
        len(given.named) + len(given.places) == 1 and is_keras and re.fullmatch(r"6(\.0*)?", number or "") is not None
    )


def _is_of_keras_1(name: str, given: Given) -> bool:
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
        case "conv", n if n and not is_keras_conv(name, given):
            return places[0]
        case _:
            return None


def product(written: str) -> str | None:
    """The number that a product of counts makes: ``16 * 5 * 5`` 400; None of what is no such."""
    factors = [factor.strip() for factor in written.split("*")]
    return str(prod(map(int, factors))) if all(map(COUNT.fullmatch, factors)) and len(written) < _LONGEST else None


_LONGEST = 60


def channels_behind(text: str, is_flat: bool) -> str | None:
    """How many channels come out of the last layer of a text, as far as its words tell; ``is_flat``: how many values.

    >>> channels_behind("input 32x32x3 nn.Conv2d(3, 16, 5) BN", is_flat=False)
    '16'
    >>> channels_behind("input 32x32x3 conv3-8 maxpool", is_flat=True)
    """
    is_one_place = not is_flat
    words = _words_back(text[-_FAR:])
    for word in words:
        if sized := re.fullmatch(r"(?:conv[\dx]+|FC)-(\d+)(?:/\d+)?", word, re.IGNORECASE):
            return sized[1] if is_one_place or word.lower().startswith("fc") else None
        if word.lower().startswith("global-"):
            is_one_place = True
        elif found := re.fullmatch(r"\d+x\d+x(\d+)", word):
            return found[1] if is_one_place and next(words, "").lower() == "input" else None
        elif not _keeps_channels(word):
            return None
    return None


_FAR = 1000


def _keeps_channels(word: str) -> bool:
    if re.fullmatch(r"\S*Sequential\(\[?|input|\w+:|self\.\w+|=|[a-z]+=[\w.,-]+", word, re.IGNORECASE):
        return True
    kind = kind_called(re.sub(r"[-\d./%x]*$", "", word))
    return (kind is not None and kind.form not in ("CONV", "SIZED")) or word.lower().startswith("gn-")


def _words_back(text: str) -> Iterator[str]:
    """The words of a text from its end, those of other tools' calls as here."""
    while text := text.rstrip(" \t\r\n,"):
        call = _LAST_CALL.search(text)
        word = call or re.search(r"\S+\Z", text)
        if word is None:
            return
        yield from reversed((spelled(word[0]) or "?").split() if call else [word[0]])
        text = text[: word.start()]


_LAST_CALL = re.compile(r"(?<![\w.])[a-z][\w.]*\((?:[^()]|\([^()]*\))*\)\Z", re.IGNORECASE)


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
    if len(given.places) > len(order) or not COUNT.fullmatch(all_ or ("" if is_separable else "1")):
        return None
    bias = named.pop("bias", "True") if is_separable else "True"  # the one bias of a separable one is the last's
    if bias not in FLAGS:
        return None
    layer = conv_of("Conv2D", Given((), {"channels": "1", **named}))
    behind = f"conv1-{all_}{' bias=no' if FLAGS[bias] == 'no' else ''}" if all_ else ""
    return None if layer is None else (re.sub(r"-1(?![\dx])", "-{}", layer, count=1), behind)


_PADDED = re.compile(r"(conv|maxpool)(\d+)(?:x(\d+))?(?:-\d+)?/2(?! stride)")


def padded_by_size(word: str) -> tuple[str, str] | None:
    """A layer of Keras' at stride 2 whose `same` depends on the map's size: of an even one, and of an odd.

    >>> padded_by_size("Conv2D(64, 3, 2, 'same')")
    ('conv3-64/2 pad=0,1,0,1', 'conv3-64/2 pad=1')
    """
    name, given, is_theirs = _parts(word)
    layer = spelled(re.sub(r"(['\"])same\1", r"\1valid\1", word, count=1, flags=re.IGNORECASE))
    found = _PADDED.match(layer or "")
    if given is None or layer is None or found is None or not is_theirs or "dilation" in layer:
        return None
    if "same" not in (given.named.get("pad", "").lower(), *(place.lower() for place in given.places)):
        return None
    if found[1] == "conv" and not is_keras_conv(name, given):
        return None
    window = Window(Pair(int(found[2]), int(found[3] or found[2])), Pair(2, 2))
    even, odd = (window.keras_pad(Pair(size, size)).short for size in (2, 3))
    bare = layer.replace(" pad=0", "")
    return f"{found[0]} pad={even}{bare[found.end() :]}", f"{found[0]} pad={odd}{bare[found.end() :]}"


def _parts(word: str) -> tuple[str, Given | None, bool]:
    """The name of a layer, what is given to it, and whether it is another tool's: with brackets, or behind dots."""
    if call := _CALL.fullmatch(word):
        name, given = call[1], given_in(call[2])
        if given is not None and (of_matlab := _MATLAB.get(name.lower())):
            return of_matlab[0], _of_matlab(*of_matlab, given), True
        return name, given and _by_names(name, given), True
    if kind_called(word) is None and (number := _NUMBERED.fullmatch(word)):
        return number[1], Given((number[2],), {}), False
    return word, Given((), {}), "." in word


_MATLAB: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "convolution2dlayer": ("conv2d", ("kernel", "channels")),
    "maxpooling2dlayer": ("maxpool", ("kernel",)),
    "averagepooling2dlayer": ("avgpool", ("kernel",)),
    "batchnormalizationlayer": ("batchnorm", ()),
    "groupnormalizationlayer": ("groupnorm", ("groups",)),
}
"""MATLAB's layers: what they are called elsewhere, and what stands in their first places."""
_MATLAB_KEYS = {"stride": "stride", "padding": "pad", "dilationfactor": "dilation", "epsilon": "eps"}


def _of_matlab(word: str, first: Sequence[str], given: Given) -> Given | None:
    """A layer of MATLAB's, whose options stand behind their names, and whose pools have stride 1."""
    sizes, pairs = given.places[: len(first)], given.places[len(first) :]
    named = {**({"stride": "1"} if word.endswith("pool") else {}), **given.named}
    for key, value in zip(pairs[::2], pairs[1::2], strict=False):
        if key.lower() not in (*_MATLAB_KEYS, "name"):
            return None
        if key.lower() in _MATLAB_KEYS:
            named[_MATLAB_KEYS[key.lower()]] = value
    is_counted = word == "avgpool" and named.get("pad") == "same"  # which differs from a window that hangs over
    if len(sizes) < len(first) or len(pairs) % 2 or is_counted:
        return None
    return Given((), {**dict(zip(first, sizes, strict=False)), **named})


_FUNCTION = re.compile(r"(?:(?:torch\.|nn\.)*(?:F|functional)\.|torch\.)[a-z\d_]+")


def _by_names(name: str, given: Given) -> Given | None:
    """What a call is given, by names behind its first places.

    None for other tools' functions, which have defaults of their own: TF-Slim's convolutions have a ReLU.
    """
    if _FUNCTION.fullmatch(name) and not is_activation_layer(name):
        has_tensor = not given.places or given.places[0].isidentifier()
        return of_function(name, given) if has_tensor else None
    is_function = name.rpartition(".")[2].islower() and bool(given.places) and given.places[0].isidentifier()
    return None if is_function and not is_activation_layer(name) else in_names(name, given)


def differs(word: str) -> str | None:
    """What is to be said of a call whose word means something else in another tool; None where it doesn't."""
    name, bracket, inside = word.partition("(")
    if is_torch_lrn(re.sub(r"[-_:=]*[\d.]+$", "", name)):
        return DIFFERENT["LRN"]
    _, given, _ = _parts(word)
    if given is not None and _is_of_keras_1(name, given):
        channels, one, other = given.places[:3]
        ways = f"`conv{one}x{other}-{channels} pad=0` or `conv{one}-{channels}/{other} pad=0`"
        return f"Keras 1 says the kernel's height and width, later ones a kernel and its stride: {ways}"
    if given is not None and (function := _given_function(name, given)):
        return GIVEN_DIFFERENT.get(function.word)
    kind = kind_called(name)
    if kind is None or not (bracket or "." in name) or (kind.form == "CURVED" and re.search(r"\d", inside)):
        return None
    return DIFFERENT.get(kind.word) if kind.word not in ("BN", "GN") or is_keras_norm(name) else None


def _given_function(name: str, given: Given) -> LayerKind | None:
    """The activation of a layer that is given one."""
    if is_activation_layer(name) and len(given.places) == 1:
        return kind_called(given.places[0])
    return kind_called(given.named["activation"]) if "activation" in given.named else None
