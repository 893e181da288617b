"""Calls of PyTorch and Keras, as they are pasted into a recipe: what each is here, with all that was given to it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from vggdsl.language.reader import called
from vggdsl.language.syntax import Arguments, Option
from vggdsl.language.types import elements, shortest
from vggdsl.spec.recipe.elsewhere import BY_EACH, DATA_NOTES, LEFT_OUT, NOTES
from vggdsl.spec.recipe.foreign import (
    NONE,
    WEIGHTS_OF,
    Call,
    Written,
    angle,
    interval,
    left_open,
    number,
    numbers,
    side,
    value_of,
    variable,
)
from vggdsl.spec.recipe.learning import (
    INITS,
    KERAS_ADAMW,
    KERAS_SGD,
    OPTIMIZERS,
    SCHEDULES,
    TORCH_ADAM,
    TORCH_ADAMW,
    TORCH_SGD,
    keras_adam,
)
from vggdsl.spec.recipe.model import TORCHVISION
from vggdsl.spec.recipe.readers import READERS
from vggdsl.text.facts import Meant


def _rotation(arguments: Arguments, degrees: Call | None = None) -> Meant | None:
    """In degrees, as in PyTorch; a share of a whole turn, as in Keras."""
    is_share = any(isinstance(each, Option) and each.key == "factor" for each in arguments)
    if is_share or (arguments and re.fullmatch(r"0?\.0*[1-9]\d*", str(arguments[0]))):
        return _turn(arguments)
    return (degrees or _ROTATION).meant(arguments)


def _torch_rotation(arguments: Arguments) -> Meant | None:
    """With torchvision's name, whose way of filling between pixels is another where none is said."""
    nearest = "torchvision's takes the nearest pixel where nothing is said, `rotate` is bilinear"
    return _rotation(arguments, replace(_ROTATION, unsaid={"interpolation": nearest}))


def _turn(arguments: Arguments) -> Meant | None:
    """Keras's, in whole turns, which fills corners with the image reflected where nothing else is said."""
    given = Written(arguments, ("factor", "fillmode"))
    factor, filled = given.take("factor", "degrees") or "", given.take("fillmode")
    share = angle(factor)
    if share is None or share.endswith("%"):
        help = f"`{factor}` of a whole turn isn't in the language, whose `rotate` turns to either side alike"
        return Meant(told=(help,))
    turn = 360 * value_of(share)
    if turn > 180 and turn % 180:
        help = f"{share} of a whole turn, as in Keras, isn't in the language: `rotate` turns by 180 degrees at most"
        said = ""
    else:
        said = f"rotate({shortest(min(180, round(turn, 9)))})"
        help = f"{share} of a whole turn, as in Keras, is `{said}`, which counts degrees"
    corners = [] if (filled or "").strip("'\"") == "constant" else ["corners are black here, where Keras's are filled"]
    corners = [f"{corners[0]} as by `{filled}`"] if corners and filled else corners
    told = (*corners, *given.rest(NOTES))
    return Meant((said,), told, sentence=help) if said else Meant(told=(help, *told))


def _stop(arguments: Arguments) -> Meant | None:
    given = Written(arguments, ("monitor", "mindelta", "patience"))
    monitor = given.take("monitor")
    of, patience = _MONITORED.get((monitor or "val_loss").strip("'\"")), given.take("patience")
    if patience is None or not number(patience) or of is None:
        return None
    said = (f"{of}(patience={patience})",) if monitor else tuple(f"{each}(patience={patience})" for each in _EITHER)
    notes = {**NOTES, "restorebestweights": "leave it out: the best epoch is what is kept", "mode": LEFT_OUT}
    return Meant(said, tuple(given.rest(notes)), is_same=not given.left)


_EITHER = ("val-loss", "val-accuracy")
_MONITORED = {"val_loss": "val-loss", "val-loss": "val-loss"} | dict.fromkeys(
    ("val_acc", "val-acc", "val_accuracy", "val-accuracy"), "val-accuracy"
)
"""What is waited for, by Keras's names for it."""


def _flip(arguments: Arguments) -> Meant | None:
    """Keras's, which says in a word what is mirrored."""
    given = Written(arguments, ("mode",))
    ways = {"horizontal": "hflip", "vertical": "vflip", "horizontal_and_vertical": "hflip vflip"}
    said = ways.get((given.take("mode") or "").strip("'\""))
    return Meant((said,), tuple(given.rest(NOTES)), is_same=not given.left) if said else None


def _by_each(arguments: Arguments) -> Meant | None:
    """Keras's `clipnorm` and TensorFlow's `clip_by_norm`, of which there are global ones, too."""
    return Meant(told=(f"{BY_EACH} norm({' '.join(map(str, arguments)).rpartition('=')[2] or '…'})",))


def _rescaling(arguments: Arguments) -> Meant:
    """Keras's."""
    given = Written(arguments, ("scale", "offset"))
    scale, offset = given.take("scale") or "", given.take("offset") or "0"
    if re.fullmatch(r"1(\.0*)?\s*/\s*255(\.0*)?", scale) and re.fullmatch(r"0?(\.0*)?", offset):
        return Meant(told=("leave it out: pixels are scaled to 0..1 anyway", *given.rest(NOTES)))
    help = "pixels are scaled to 0..1 here; from there to other values they come by `normalize mean(…) std(…)`"
    return Meant(told=(help, *given.rest(NOTES)))


def _loader(arguments: Arguments) -> Meant | None:
    """PyTorch's, which says how many images a step has."""
    given = Written(arguments, ("dataset", "batchsize", "shuffle"))
    batch = given.take("batchsize")
    size = batch and (batch if batch.isdecimal() else left_open(batch))
    if not size:
        return None
    told = variable(batch) + given.rest({**NOTES, **DATA_NOTES, **_LOADED})
    return Meant((size,), tuple(told), is_same=not told)


_LOADED = {
    "dataset": "which images these are is said by `data`",
    **dict.fromkeys(("numworkers", "pinmemory", "droplast", "persistentworkers", "prefetchfactor"), LEFT_OUT),
}


def _normalize(arguments: Arguments) -> Meant | None:
    given = Written(arguments, ("mean", "std"))
    mean, std = numbers(given.take("mean")), numbers(given.take("std"))
    if not mean or len(mean) != len(std):
        help = "`normalize mean(…) std(…)` is given numbers, as many means as deviations, or it is `normalize mean-std`"
        return Meant(told=(f"{help}, of the images",)) if arguments else None
    is_of_bytes = any(value_of(each) > 1 for each in mean)
    if not is_of_bytes and any(value_of(each) > 1 for each in std):
        written = f"mean({', '.join(mean)}) std({', '.join(std)})"
        help = f"say of which pixels they are: of 0 to 1 it is normalize {written}, of 0 to 255 these by 255"
        return Meant(told=(help,))
    if is_of_bytes:
        mean, std = ([shortest(round(value_of(each) / 255, 12)) for each in values] for values in (mean, std))
    said = f"mean({', '.join(mean)}) std({', '.join(std)})"
    told = given.rest(NOTES)
    if len(mean) == 1 and not is_of_bytes:
        told.append("of one value PyTorch makes one for each channel, here each is written")
    if is_of_bytes:
        help = f"pixels are from 0 to 1 here: means and deviations divided by 255 are normalize {said}"
        return Meant((said,), tuple(told), sentence=help)
    return Meant((said,), tuple(told), is_same=not given.left, key="normalize")


def _normalize_apart(arguments: Arguments) -> Meant | None:
    """Among the steps of `augment`."""
    said = _normalize(arguments)
    return None if said is None else Meant(told=(f"it is an entry of its own: {said.help}",))


_SMOOTH = {"labelsmoothing": ("smoothing", number)}
_WEIGHTS = "the language has weights of classes by their counts alone, `class-weights=balanced`"
_CROSS_ENTROPY = Call(
    "cross-entropy",
    ("weight", "sizeaverage", "ignoreindex", "reduce", "reduction", "labelsmoothing"),
    options=_SMOOTH,
    same={"reduction": r"[\"']?mean[\"']?", "weight": NONE.pattern},
    notes={
        "weight": _WEIGHTS,
        "fromlogits": "leave it out: whether a softmax stands last is said by the network",
    },
)
_ROTATION = Call(
    "rotate",
    ("degrees", "interpolation", "expand", "center", "fill"),
    placed={"degrees": angle, "factor": angle},
    same={
        "expand": "false",
        "center": "none",
        "fill": "0",
        "fillmode": r"[\"']constant[\"']",
        "interpolation": r"2|(.*\.)?bilinear|[\"']bilinear[\"']",
    },
    notes=dict.fromkeys(("degrees", "factor"), "it isn't in the language, whose `rotate` turns to either side alike"),
)


def _shorter(text: str) -> str | None:
    return None if elements(text) else interval(text)


_RESIZE = Call(
    "scale",
    ("size", "interpolation", "maxsize"),
    placed={"size": _shorter},
    notes={"size": "two sides aren't in the language: `scale` is of the shorter, and keeps the image's shape"},
)


def _resize(arguments: Arguments) -> Meant | None:
    """Of a side, or of two, as of Keras."""
    if len([each for each in arguments if number(str(each))]) < 2:
        return _RESIZE.meant(arguments)
    written = " and ".join(f"`{each}`" for each in arguments)
    return Meant(told=(f"{written}: {_RESIZE.notes['size']}",))


def _translation(arguments: Arguments) -> Meant:
    """Keras's, of shares of an image's sides."""
    written = f", {' and '.join(f'`{each}`' for each in arguments)}," if arguments else ""
    ours = "`translate` shifts by up to a number of pixels, each way alike, and what comes in is reflected"
    return Meant(told=(f"a shift by shares of an image's sides{written} isn't in the language, whose {ours}",))


_CUTOUT = Call("cutout", ("nholes", "length"), {"length": number}, same={"nholes": "1"})
_TRIVIAL = Call(
    "trivial-augment",
    ("nummagnitudebins", "interpolation", "fill"),
    same={"nummagnitudebins": "31", "interpolation": r"0|(.*\.)?nearest", "fill": "none"},
)


def _average(arguments: Arguments) -> Meant | None:
    """Timm's and torchvision's, of a model that comes first."""
    order = ("decay",) if arguments and number(str(arguments[0])) else ("model", "decay", "device")
    return replace(_EMA, order=order).meant(arguments)


_EMA = Call("ema", (), {"decay": number}, {"decay": "0.9999"}, notes=dict.fromkeys(("model", "device"), LEFT_OUT))
_CROP = Call(
    "crop",
    ("size", "padding", "padifneeded", "fill", "paddingmode"),
    placed={"size": side},
    options={"padding": ("pad", side), "pad": ("pad", side)},
    same={"padifneeded": "false", "fill": "0", "paddingmode": r"[\"']constant[\"']", "padding": "none"},
    notes={
        "paddingmode": "`crop` pads with zeros; images of the input's size are shifted, and reflected, by `translate`"
    },
)


def _crop(arguments: Arguments) -> Meant | None:
    """Of a side and a padding, as of PyTorch, or of two sides, as of Keras: it is asked, unless the first is more than
    twice the second, as of no image's sides."""
    match [str(each) for each in arguments[:2]]:
        case [side, other] if side.isdecimal() and other.isdecimal() and 2 * int(other) >= int(side):
            sides = f"`crop({side})`" if side == other else "not in the language, whose `crop` is of a square"
            help = f"as height and width, of Keras and albumentations, it is {sides}"
            return Meant(told=(f"{help}; as side and padding, of torchvision, `crop({side}, pad={other})`",))
    return _CROP.meant(arguments)


def _crop_of_sides(arguments: Arguments) -> Meant | None:
    """Keras's and albumentations'."""
    match [str(each) for each in arguments[:2]]:
        case [high, wide] if high == wide and high.isdecimal():
            return _CROP.meant([arguments[0], *arguments[2:]])
        case [high, wide] if high.isdecimal() and wide.isdecimal():
            return Meant(told=(f"`{high}` and `{wide}`: two sides aren't in the language: `crop` is of a square",))
    return replace(_CROP, order=("height", "width")).meant(arguments)


_ERASING = Call(
    "erase",
    ("p", "scale", "ratio", "value", "inplace"),
    options={"p": ("p", number), "scale": ("scale", interval), "ratio": ("ratio", interval)},
    same={"value": "0"},
)
_NORM = Call("norm", (WEIGHTS_OF, "maxnorm", "normtype"), {"maxnorm": number}, same={"normtype": r"2(\.0)?"})
_COLOURS = ("brightness", "contrast", "saturation", "hue")
_JITTER = Call("colour-jitter", _COLOURS, options={each: (each, number) for each in _COLOURS})
PASTED: Mapping[str, Mapping[str, Callable[[Arguments], Meant | None]]] = {
    "data": READERS,
    "augment": {
        "crop": _crop,
        "resizedcrop": Call(
            "random-resized-crop",
            ("size", "scale", "ratio", "interpolation", "antialias"),
            placed={"size": side},
            options={"scale": ("scale", interval), "ratio": ("ratio", interval)},
        ).meant,
        **dict.fromkeys(("rotation", "rotate"), _rotation),
        "translation": _translation,
        "cutout": _CUTOUT.meant,
        "trivialaugmentwide": _TRIVIAL.meant,
        **dict.fromkeys(("resize", "resizing", "scale"), _resize),
        **dict.fromkeys(("erasing", "erase"), _ERASING.meant),
        **dict.fromkeys(("colorjitter", "colourjitter"), _JITTER.meant),
        "flip": _flip,
        "rescaling": _rescaling,
        "normalize": _normalize_apart,
    },
    "optimizer": OPTIMIZERS,
    "clip": {
        "clipgradnorm": _NORM.meant,
        **dict.fromkeys(("clipnorm", "clipbynorm"), _by_each),
    },
    "average": dict.fromkeys(("modelema", "modelemav2", "modelemav3", "exponentialmovingaverage"), _average),
    "init": INITS,
    "stop": dict.fromkeys(("earlystopping",), _stop),
    "mix": {
        way: Call(way, placed={"alpha": number}, theirs={"alpha": "1"}, notes={"numclasses": LEFT_OUT}).meant
        for way in ("mixup", "cutmix")
    },
    "normalize": {"normalize": _normalize},
    "batch": {"dataloader": _loader},
    "schedule": SCHEDULES,
    "loss": {
        **dict.fromkeys(("crossentropy", "crossentropyloss"), _CROSS_ENTROPY.meant),
        "categoricalcrossentropy": replace(_CROSS_ENTROPY, order=("fromlogits", "labelsmoothing")).meant,
        "sparsecategoricalcrossentropy": replace(_CROSS_ENTROPY, order=("fromlogits", "ignoreclass")).meant,
    },
}
"""By entry and by the call's word, without `-`, `_` and a `random` before it."""


_KERAS = re.compile(r"(?:^|\.)(?:keras|tf|tensorflow|layers)\.")
_ALBUMENTATIONS = re.compile(r"(?:^|\.)(?:a|alb|albumentations)\.")
_TORCH = re.compile(r"(?:^|\.)(?:torch|torchvision|transforms|t|v2|optim)\.")


def _of_tool(entry: str, name: str, word: str) -> Callable[[Arguments], Meant | None] | None:
    """What a call says by the tool that the words before its name are of; None where they don't decide."""
    if (entry, name) == ("augment", "crop") and (_KERAS.search(word) or _ALBUMENTATIONS.search(word)):
        return _crop_of_sides
    if (entry, name) == ("augment", "crop") and _TORCH.search(word):
        return _CROP.meant
    if (entry, name) == ("augment", "rotation") and "random" in word and not _KERAS.search(word):
        return _torch_rotation
    if _TORCH.search(word) and entry == "optimizer":
        return {"sgd": TORCH_SGD.meant, "adam": TORCH_ADAM.meant, "adamw": TORCH_ADAMW.meant}.get(name)
    if not _KERAS.search(word):
        return None
    return {
        ("augment", "rotation"): _turn,
        ("optimizer", "sgd"): KERAS_SGD.meant,
        ("optimizer", "adam"): keras_adam,
        ("optimizer", "adamw"): KERAS_ADAMW.meant,
    }.get((entry, name))


def meant(entry: str, word: str, arguments: Arguments) -> Meant | None:
    """What is to be said of a call of another tool; None where nothing more is known than its name says."""
    name = called(word)
    say = _of_tool(entry, name, word.lower()) or PASTED.get(entry, {}).get(name)
    if say is None and entry == "init":
        return _pretrained(word, arguments)
    return say(arguments) if say is not None else None


def _pretrained(word: str, arguments: Arguments) -> Meant | None:
    """A model that is made with weights, `models.vgg16(weights="DEFAULT")`, as torchvision has it."""
    given = Written(arguments, ())
    weights = given.take("pretrained", "weights")
    if weights is None or weights.lower() in ("false", "none", "0"):
        return None
    entry = re.fullmatch(r"(?:\w+\.)*([A-Z][A-Z0-9_]+)", weights.strip("'\""))
    certain = f"@{entry[1]}" if entry and entry[1] not in ("DEFAULT", "IMAGENET") else ""
    told = given.rest({**NOTES, "numclasses": "say it in the network: `replace fc8: FC-10`"})
    model = f"from({TORCHVISION}{word.rpartition('.')[2]}{certain})"
    return Meant((model,), tuple(told), key="init", how=", if torchvision has that model")
