"""What other tools' calls of layers say, and the layers with these numbers here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from vggdsl.language.dictionary import ACTIVATIONS, LayerKind
from vggdsl.language.notations.arch.called import DIFFERENT, is_keras_norm, is_torch_lrn, plain_name
from vggdsl.language.types import UnfitError, shortest

NAMES = {
    "out-channels": "channels", "filters": "channels", "out-features": "features", "units": "features",
    "num-output": "features", "kernel-size": "kernel", "pool-size": "kernel", "kernel": "kernel", "size": "kernel",
    "strides": "stride", "stride": "stride", "padding": "pad", "pad": "pad", "dilation-rate": "dilation",
    "dilation": "dilation", "groups": "groups", "bias": "bias", "use-bias": "bias", "p": "rate", "rate": "rate",
    "ratio": "rate", "negative-slope": "slope", "slope": "slope", "alpha": "slope", "num-groups": "groups",
    "eps": "eps", "epsilon": "eps", "momentum": "momentum", "ceil-mode": "ceil", "activation": "activation",
    "in-channels": "in", "in-features": "in", "num-features": "in", "num-channels": "in", "num-parameters": "in",
    "dim": "axis", "axis": "axis", "count-include-pad": "counted", "max-value": "most",
}  # fmt: skip
"""Options of layers by other tools' words for them."""
FLAGS = {"True": "yes", "False": "no"}
_SO_ANYWAY = {
    **dict.fromkeys(("name", "input-shape", "seed"), ".*"),
    "inplace": "True|False|None",
    "training": r"True|self\.training",
    **dict.fromkeys(("noise-shape", "divisor-override"), "None"),
    **dict.fromkeys(("affine", "track-running-stats", "center", "scale"), "True"),
    "return-indices": "False",
    "padding-mode": "zeros",
    "data-format": "None|channels_last",
    "init": r"0?\.25",
    "output-size": "1",
}
"""Options that change nothing with such values, as patterns."""
OF_RECIPES = {
    **dict.fromkeys(
        ("kernel-initializer", "bias-initializer"), "what weights begin with is said by a recipe, in its entry `init`"
    ),
    "kernel-regularizer": "a decay of weights is said by a recipe, in its entry `optimizer`",
}
"""Options of calls that are no part of a network, and what is said of them."""
_BEHIND: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "dense": (1, ("activation", "use-bias")),
    "batchnorm": (1, ("eps", "momentum", "affine", "track-running-stats")),
    "groupnorm": (2, ("eps", "affine")),
    "dropout": (1, ("inplace", "seed")),
    "prelu": (1, ("init",)),
    "maxpool": (3, ("dilation", "return-indices", "ceil-mode")),
    "avgpool": (3, ("ceil-mode", "count-include-pad", "divisor-override")),
}
"""By the bare names of calls, how many places each is known to have first, and the names of those behind."""
_BEHIND_CONV = (5, ("dilation", "groups", "bias", "padding-mode"))
_BEHIND_KERAS_CONV = (4, ("data-format", "dilation-rate", "groups", "activation", "use-bias"))
_BEHIND_KERAS_POOL = (3, ("data-format",))
_BEHIND_TENSOR: Mapping[str, tuple[str, ...]] = {
    "maxpool": ("kernel-size", "stride", "padding", "dilation", "ceil-mode", "return-indices"),
    "avgpool": ("kernel-size", "stride", "padding", "ceil-mode", "count-include-pad", "divisor-override"),
    "dropout": ("p", "training", "inplace"),
    **dict.fromkeys(("relu", "relu6", "silu", "hardswish", "hardsigmoid"), ("inplace",)),
    "leakyrelu": ("negative-slope", "inplace"),
    "elu": ("alpha", "inplace"),
    "softmax": ("dim",),
    **dict.fromkeys(("gelu", "sigmoid", "tanh"), ()),
}
"""What PyTorch's functions are given behind the tensor, in their order, which isn't always that of their layers."""
COUNT = re.compile(r"0*[1-9]\d*")
WINDOW = re.compile(rf"{COUNT.pattern}(x{COUNT.pattern})?")
LARGEST_KERNEL = 11
"""A sole number that is larger is taken for channels."""


@dataclass(frozen=True)
class Given:
    """What stands in the brackets of a call, by its place and by its name."""

    places: tuple[str, ...]
    named: Mapping[str, str]
    pairs: frozenset[int] = frozenset()
    """Which of the places stand in brackets."""


def _has_other_eps(kind: LayerKind, name: str, given: Given) -> bool:
    return kind.word == "GN" and is_keras_norm(name) and "eps" not in given.named


def layer_of(kind: LayerKind, name: str, given: Given, is_call: bool) -> str | None:
    match kind.form:
        case "CONV":
            return conv_of(name, given) if is_call else None
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


def given_in(text: str) -> Given | None:
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
        if key in OF_RECIPES or _is_so_anyway(key, _number(value)):
            continue
        if key not in NAMES or NAMES[key] in named:
            return None
        named[NAMES[key]] = _number(value)
    return Given(tuple(places), named, frozenset(at for at in range(len(places)) if parts[at][0] in "(["))


def _is_so_anyway(key: str, value: str) -> bool:
    return key in _SO_ANYWAY and re.fullmatch(_SO_ANYWAY[key], value) is not None


def in_names(name: str, given: Given) -> Given | None:
    """What stands behind the first places by its names: of ``BatchNorm2d(64, 1e-3, 0.01)`` eps and momentum.

    None where it can't stand there, or is given twice.
    """
    return _named_behind(given, *_behind(name, given))


def of_function(name: str, given: Given) -> Given | None:
    """What stands behind the tensor that a function of PyTorch's is given first, ``F.max_pool2d(x, 2)``, by its names.

    None also of a function whose weights are given to it, or where no tensor stands first.
    """
    keys = _BEHIND_TENSOR.get(plain_name(name))
    if not given.places:
        return given
    return _named_behind(Given(given.places[1:], given.named), 0, keys) if keys is not None else None


def _named_behind(given: Given, count: int, keys: tuple[str, ...]) -> Given | None:
    behind = given.places[count:]
    if len(behind) > len(keys):
        return None if keys else given
    named = dict(given.named)
    for key, value in zip(keys, behind, strict=False):
        if _is_so_anyway(key, value):
            continue
        if key not in NAMES or NAMES[key] in named:
            return None
        named[NAMES[key]] = value
    return Given(given.places[:count], named, given.pairs)


def _behind(name: str, given: Given) -> tuple[int, tuple[str, ...]]:
    bare = plain_name(name)
    if bare == "conv":
        return _BEHIND_KERAS_CONV if is_keras_conv(name, given) else _BEHIND_CONV
    if bare.endswith("pooling") or (bare.endswith("pool") and name.endswith("D")):
        return _BEHIND_KERAS_POOL
    if bare == "dense" and COUNT.fullmatch("".join(given.places[1:2])):  # of others, what comes in and goes out
        return len(given.places), ()
    return _BEHIND.get(bare, (len(given.places), ()))


def _number(text: str) -> str:
    """A number, or the one that a pair has twice: ``(3, 3)``. What else is in brackets is none."""
    if not text.strip().startswith(("(", "[")):
        return text.strip().strip("'\"")
    sides = re.findall(r"[^\s,()\[\]'\"]+", text)
    return sides[0] if len(sides) <= 2 and len(set(sides)) == 1 else "x".join(sides)


def is_keras_conv(name: str, given: Given) -> bool:
    """Keras says channels, kernel, stride, padding; PyTorch says what comes in before, but for its lazy ones."""
    if name.lower().startswith(("nn.", "torch.")):
        return "lazy" in name.lower() or given.pairs == {1}
    said = len({"channels", "kernel"} & given.named.keys()) + len(given.places)
    return name.endswith("D") or said <= 2 or _first_pair(given) == 1


def _first_pair(given: Given) -> int | None:
    return next((at for at, place in enumerate(given.places) if "x" in place or at in given.pairs), None)


def conv_of(name: str, given: Given) -> str | None:
    places, sized = given.places, _first_pair(given)
    order = (*(() if is_keras_conv(name, given) else ("in",)), "channels", "kernel", "stride", "pad")
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
    if not (COUNT.fullmatch(channels) and WINDOW.fullmatch(kernel) and WINDOW.fullmatch(stride)):
        return None
    if "kernel" not in given.named and max(int(side[:9]) for side in kernel.split("x")) > LARGEST_KERNEL:
        return None
    pad, bias = values.get("pad", "valid").lower(), FLAGS.get(values.get("bias", "True"))
    is_odd = all(int(side) % 2 for side in kernel.split("x"))
    is_point = {*kernel.split("x")} == {"1"}
    if bias is None or (pad == "same" and not (is_point or (stride == "1" and is_odd))):
        return None  # which depends on the map, or has sides
    others = {key: values[key] for key in ("groups", "dilation") if values.get(key, "1") != "1"}
    if not all(re.fullmatch(r"\d+(x\d+)?|same|valid", each) for each in (pad, *others.values())):
        return None
    options = [] if pad == "same" else [f"pad={'0' if pad == 'valid' else pad}"]
    options += [f"{key}={value}" for key, value in others.items()]
    options += ["bias=no"] if bias == "no" else []
    step = f"/{stride}" if stride != "1" else ""
    return " ".join([f"conv{kernel}-{channels}{step}", *options])


def _pool(kind: LayerKind, given: Given) -> str | None:
    places = dict(zip(("kernel", "stride", "pad"), given.places, strict=False))
    values = {**places, **given.named}
    if places.keys() & given.named.keys():
        return None
    if not values:
        return kind.word
    kernel = values.get("kernel", "2")
    stride = values.get("stride", kernel)
    if len(given.places) > 3 or not values.keys() <= {"kernel", "stride", "pad", "ceil", "counted", "dilation"}:
        return None
    pad, last = values.get("pad", "valid").lower(), FLAGS.get(values.get("ceil", "False"))
    if not WINDOW.fullmatch(kernel) or not WINDOW.fullmatch(stride) or last is None:
        return None
    is_counted = values.get("counted", "True") == "True" or pad in ("valid", "0")
    if values.get("dilation", "1") != "1" or not is_counted:
        return None
    is_odd = all(int(side) % 2 for side in kernel.split("x"))
    if pad == "same" and kernel == stride == "2":  # a window hangs over the end of an odd map
        pad, last = "valid", "yes"
    if not (pad == "valid" or pad.isdigit() or (pad == "same" and kind.word == "maxpool" and stride == "1" and is_odd)):
        return None
    ceil = " ceil" if last == "yes" else ""
    return f"{kind.word}{kernel}/{stride}" + (f" pad={pad}" if pad not in ("valid", "0") else "") + ceil


def _sized(kind: LayerKind, given: Given) -> str | None:
    places, named = [*given.places], {key: value for key, value in given.named.items() if key != "in"}
    if kind.word == "FC" and len(places) == 3 and places[2] in FLAGS and "bias" not in named:
        *places, named["bias"] = places
    if kind.word == "FC" and len(places) == 2:  # what comes in, and goes out
        places = places[1:]
    elif kind.word == "GN" and len(places) == 2:  # how many groups, and of how many channels
        places = places[:1]
    numbers = [*places, *([named.pop(kind.number)] if kind.number in named else [])]
    if len(numbers) != 1 or not COUNT.fullmatch(number := numbers[0]):
        return None
    if "bias" in named and (flag := FLAGS.get(named["bias"])):
        named["bias"] = flag
    if not _fit(kind, named):
        return None
    return " ".join([f"{kind.word}-{number}", *(f"{key}={value}" for key, value in named.items() if value != "yes")])


def _curved(kind: LayerKind, name: str, given: Given, is_call: bool) -> str | None:
    """A function with a constant; without one a tool may have another than is usual here."""
    if is_call and len(given.places) == 2 and given.places[1] in FLAGS:  # whether it is done in place
        given = Given(given.places[:1], given.named)
    if not given.places and not given.named:
        is_ours = not is_call or kind.word not in DIFFERENT or name.lower().startswith(("nn.", "torch."))
        return kind.word if is_ours else None
    number = given.named.get("slope", *given.places[:1])
    if number is None or len(given.places) + len(given.named) > 1 or kind.fits is None:
        return None
    try:
        value = kind.fits.read(number)
    except UnfitError:
        return None
    return f"{kind.word}-{number if re.fullmatch(r'[0-9]*[.]?[0-9]+', number) else shortest(value)}"


def _plain(kind: LayerKind, name: str, given: Given, is_call: bool) -> str | None:
    """A word that stands alone; a layer with weights is told by others how many channels come in."""
    if is_call and kind.word in ACTIVATIONS and len(given.places) == 1 and given.places[0] in FLAGS:
        given = Given((), given.named)  # whether it is done in place
    sole = given.places[0] if len(given.places) == 1 else None
    count, axis = sole if sole and sole.isdigit() else None, given.named.get("axis", sole)
    match kind.word:
        case "LRN" if is_call or is_torch_lrn(name):  # whose alpha is divided
            return None
        case "LRN" if count:
            return f"LRN n={count}"
        case "BN" if is_call and is_keras_norm(name):
            return None
        case "PReLU" if is_call and count in (None, "1"):  # of all channels
            return None
        case "BN" | "PReLU" if is_call and count:
            pass
        case "softmax" if is_call and axis in ("1", "-1"):  # over the classes
            given = Given((), {key: value for key, value in given.named.items() if key != "axis"})
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
