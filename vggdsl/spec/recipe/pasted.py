"""Calls of PyTorch and Keras, as they are pasted into a recipe: what each is here, with all that was given to it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from vggdsl.language.reader import called
from vggdsl.language.schema import Meant
from vggdsl.language.syntax import Arguments, Option
from vggdsl.language.types import elements, shortest
from vggdsl.spec.recipe.elsewhere import ADAMW_DECAY, BY_EACH, DATA_NOTES, LEFT_OUT, NOTES, SETS
from vggdsl.spec.recipe.foreign import (
    NONE,
    WEIGHTS_OF,
    Call,
    Written,
    angle,
    flag,
    interval,
    is_value,
    number,
    numbers,
    path,
    side,
)

# -- schedules


def _plateau(arguments: Arguments) -> Meant | None:
    given = Written(arguments, (WEIGHTS_OF, "mode", "factor", "patience", "threshold"))
    factor, patience, of = given.take("factor"), given.take("patience"), given.take("monitor", "mode") or ""
    if not (patience or "10").isdecimal() or not number(factor or "1"):
        return None
    waits = int(patience or "10")
    options = [f"factor={factor}"] if factor else []
    keras, torch = (f"`plateau({', '.join([*options, f'patience={each}'])})`" for each in (waits, waits + 1))
    usual = "" if patience else " (theirs is 10 where none is given)"
    is_accuracy = of.strip("'\"") in ("max", "val_accuracy", "val_acc")
    loss = "" if is_accuracy else ", where theirs waits for a lower loss if nothing else is said"
    if of and not is_accuracy:
        loss += f", and so by `{of}`"
    help = (
        f"`plateau` waits for a better validation accuracy, by however little{loss}: as Keras counts epochs it is "
        f"{keras}, and as PyTorch does, which waits for one more, {torch}{usual}"
    )
    return Meant("; ".join([help, *given.rest(NOTES)]))


_RATE = {"initiallearningrate": "the rate to begin with is the optimizer's `lr`"}


def _cosine(arguments: Arguments, order: Sequence[str] = (WEIGHTS_OF, "tmax", "etamin")) -> Meant | None:
    if not arguments:
        return None
    given = Written(arguments, order)
    epochs, of_it = given.take("tmax"), " of that rate" if "alpha" in given.left else ""
    least = given.take("etamin", "alpha")
    told = ["write cosine, which falls from the optimizer's rate to 0 over all epochs, step by step"]
    if epochs is not None:
        told.append(f"`T_max={epochs}`: how many these are is said by `epochs {epochs}`")
    if least is not None and (not number(least) or float(least)):
        told.append(f"that it ends at {least}{of_it} isn't in the language")
    elif least is not None:
        told.append(f"`{least}` at its end is so anyway")
    told += given.rest({**NOTES, "decaysteps": "how long it falls is said by `epochs`", **_RATE})
    return Meant("; ".join(told))


def _steps(arguments: Arguments) -> Meant | None:
    given = Written(arguments, (WEIGHTS_OF, "at", "gamma"))
    at, gamma = given.take("at", "stepsize", "milestones"), given.take("gamma")
    usual, gamma = "" if gamma else ", as PyTorch has it where nothing is said", gamma or "0.1"
    last = [int(each) for each in elements(at or "") or [at or ""] if each.isdecimal() and int(each)]
    if not last or last != sorted(set(last)) or not number(gamma) or float(gamma) >= 1:
        return None
    if at is not None and not elements(at):
        last.append(2 * last[0])
    ranges = [f"{first + 1}..{end}: …" for first, end in zip((0, *last), last, strict=False)]
    behind = "and so on" if at is not None and not elements(at) else f"and one from epoch {last[-1] + 1} to the last"
    times = f"each rate {gamma} of that before{usual}"
    help = f"`steps` says the rates: write `steps({', '.join(ranges)}, …)`, {behind}, {times}"
    return Meant("; ".join([help, *given.rest(NOTES)]))


def _exponential(arguments: Arguments, order: Sequence[str] = (WEIGHTS_OF, "gamma")) -> Meant:
    given = Written(arguments, order)
    gamma, steps = given.take("gamma", "decayrate"), given.take("decaysteps")
    times = f" of {gamma} of that before" if gamma else ""
    often = f"every {steps} steps" if steps else "in each epoch"
    help = f"a rate{times} {often} isn't in the language, whose schedules are `constant`, `steps`, `plateau`, "
    return Meant("; ".join([f"{help}`cosine` and a `warmup`", *given.rest({**NOTES, **_RATE})]))


# -- the others


def _rotation(arguments: Arguments) -> Meant | None:
    """In degrees, as in PyTorch; a share of a whole turn, as in Keras."""
    is_share = any(isinstance(each, Option) and each.key == "factor" for each in arguments)
    if is_share or (arguments and re.fullmatch(r"0?\.0*[1-9]\d*", str(arguments[0]))):
        return _turn(arguments)
    return _ROTATION.meant(arguments)


def _turn(arguments: Arguments) -> Meant | None:
    """Keras's, in whole turns, which fills corners with the image reflected where nothing else is said."""
    given = Written(arguments, ("factor", "fillmode"))
    factor, filled = given.take("factor", "degrees") or "", given.take("fillmode")
    share = angle(factor)
    if share is None or share.endswith("%"):
        return Meant(f"`{factor}` of a whole turn isn't in the language, whose `rotate` turns to either side alike")
    turn = 360 * float(share)
    if turn > 180 and turn % 180:
        help = f"{share} of a whole turn, as in Keras, isn't in the language: `rotate` turns by 180 degrees at most"
    else:
        said = shortest(min(180, round(turn, 9)))
        help = f"{share} of a whole turn, as in Keras, is `rotate({said})`, which counts degrees"
    corners = [] if (filled or "").strip("'\"") == "constant" else ["corners are black here, where Keras's are filled"]
    corners = [f"{corners[0]} as by `{filled}`"] if corners and filled else corners
    return Meant("; ".join([help, *corners, *given.rest(NOTES)]))


def _stop(arguments: Arguments) -> Meant | None:
    given = Written(arguments, ("monitor", "mindelta", "patience"))
    monitor = given.take("monitor")
    of = (monitor or "val_loss").strip("'\"").replace("_", "-").replace("val-acc", "val-accuracy")
    of, patience = of.replace("accuracyuracy", "accuracy"), given.take("patience")
    if patience is None or not number(patience) or of not in ("val-loss", "val-accuracy"):
        return None
    said = f"{of}(patience={patience})"
    notes = {**NOTES, "restorebestweights": "leave it out: the best epoch is what is kept", "mode": LEFT_OUT}
    other = "" if monitor else f" or val-accuracy(patience={patience})"
    help = "; ".join([f"write {said}{other}", *given.rest(notes)])
    return Meant(help, said if not given.left and monitor else "")


def _flip(arguments: Arguments) -> Meant | None:
    """Keras's, which says in a word what is mirrored."""
    given = Written(arguments, ("mode",))
    ways = {"horizontal": "hflip", "vertical": "vflip", "horizontal_and_vertical": "hflip vflip"}
    said = ways.get((given.take("mode") or "").strip("'\""))
    return Meant("; ".join([f"write {said}", *given.rest(NOTES)]), said if not given.left else "") if said else None


def _by_each(arguments: Arguments) -> Meant | None:
    """Keras's `clipnorm` and TensorFlow's `clip_by_norm`, of which there are global ones, too."""
    return Meant(f"{BY_EACH} norm({' '.join(map(str, arguments)).rpartition('=')[2] or '…'})")


def _loaded(arguments: Arguments) -> Meant | None:
    """A set by its name: `load_dataset("cifar10")`."""
    given = Written(arguments, ("name",))
    said = SETS.get(re.sub("[-_]", "", (given.take("name") or "").strip("'\"")).lower())
    notes = {**NOTES, **DATA_NOTES}
    return Meant("; ".join([f"write {said}", *given.rest(notes)]), said if not given.left else "") if said else None


def _normalize(arguments: Arguments) -> Meant | None:
    given = Written(arguments, ("mean", "std"))
    mean, std = numbers(given.take("mean")), numbers(given.take("std"))
    if not mean or len(mean) != len(std):
        help = "`normalize mean(…) std(…)` is given numbers, as many means as deviations, or it is `normalize mean-std`"
        return Meant(f"{help}, of the images") if arguments else None
    is_of_bytes = any(float(each) > 1 for each in mean)
    if not is_of_bytes and any(float(each) > 1 for each in std):
        written = f"mean({', '.join(mean)}) std({', '.join(std)})"
        return Meant(f"say of which pixels they are: of 0 to 1 it is normalize {written}, of 0 to 255 these by 255")
    if is_of_bytes:
        mean, std = ([shortest(round(float(each) / 255, 12)) for each in values] for values in (mean, std))
    said = f"mean({', '.join(mean)}) std({', '.join(std)})"
    if is_of_bytes:
        help = f"pixels are from 0 to 1 here: means and deviations divided by 255 are normalize {said}"
        return Meant("; ".join([help, *given.rest(NOTES)]))
    return Meant("; ".join([f"write normalize {said}", *given.rest(NOTES)]), said if not given.left else "")


def _normalize_apart(arguments: Arguments) -> Meant | None:
    """Among the steps of `augment`."""
    said = _normalize(arguments)
    return None if said is None else Meant(f"it is an entry of its own: {said.help}")


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
_FOLDER = Call(
    "folder",
    ("root", "transform", "targettransform"),
    placed={"root": path, "directory": path},
    options={"seed": ("seed", number)},
    notes=DATA_NOTES,
)
_IN_FOLDER = Call("folder", ("directory",), _FOLDER.placed, _FOLDER.options, {}, DATA_NOTES)


def _set(name: str) -> Call:
    own = {key: (key, number) for key in ("n", "val", "test", "seed")}
    return Call(name, ("root", "train", "transform", "targettransform", "download"), options=own, notes=DATA_NOTES)


_ROTATION = Call(
    "rotate",
    ("degrees", "interpolation", "expand", "center", "fill"),
    placed={"degrees": angle, "factor": angle},
    same={"expand": "false", "center": "none", "fill": "0", "fillmode": r"[\"']constant[\"']"},
    notes=dict.fromkeys(("degrees", "factor"), "it isn't in the language, whose `rotate` turns to either side alike"),
)
_SGD = (WEIGHTS_OF, "lr", "momentum", "dampening", "weightdecay", "nesterov")
_ADAM = (WEIGHTS_OF, "lr", "betas", "eps", "weightdecay", "amsgrad")
_KERAS_ADAM = ("learningrate", "beta1", "beta2", "epsilon", "amsgrad")
_OPTIMIZER_OPTIONS: Mapping[str, tuple[str, Callable[[str], str | None]]] = {
    **dict.fromkeys(("lr", "learningrate"), ("lr", number)),
    "momentum": ("momentum", number),
    "nesterov": ("nesterov", flag),
    "weightdecay": ("weight-decay", number),
}


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
    return Meant(f"{written}: {_RESIZE.notes['size']}")


_CROP = Call(
    "crop",
    ("size", "padding", "padifneeded", "fill", "paddingmode"),
    placed={"size": side},
    options={"padding": ("pad", side), "pad": ("pad", side)},
    same={"padifneeded": "false", "fill": "0", "paddingmode": r"[\"']constant[\"']", "padding": "none"},
)


def _crop(arguments: Arguments) -> Meant | None:
    """Of a side and a padding, as of PyTorch, or of two sides, as of Keras: it is asked, unless the first is more than
    twice the second, as of no image's sides."""
    match [str(each) for each in arguments[:2]]:
        case [side, other] if side.isdecimal() and other.isdecimal() and 2 * int(other) >= int(side):
            sides = f"`crop({side})`" if side == other else "not in the language, whose `crop` is of a square"
            help = f"as height and width, of Keras and albumentations, it is {sides}"
            return Meant(f"{help}; as side and padding, of torchvision, `crop({side}, pad={other})`")
    return _CROP.meant(arguments)


def _crop_of_sides(arguments: Arguments) -> Meant | None:
    """Keras's and albumentations'."""
    match [str(each) for each in arguments[:2]]:
        case [high, wide] if high == wide and high.isdecimal():
            return _CROP.meant([arguments[0], *arguments[2:]])
        case [high, wide] if high.isdecimal() and wide.isdecimal():
            return Meant(f"`{high}` and `{wide}`: two sides aren't in the language: `crop` is of a square")
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
_DECAYED = (
    f"PyTorch's AdamW has a weight decay of {ADAMW_DECAY['PyTorch']} where none is said, Keras's one of "
    f"{ADAMW_DECAY['Keras']}, `adamw` none"
)


_TORCH_SGD = Call("sgd", _SGD, options=_OPTIMIZER_OPTIONS)
_TORCH_ADAM = Call("adam", _ADAM, options=_OPTIMIZER_OPTIONS)
_NO_DECAY = {"weightdecay": r"0(\.0*)?|none"}
_KERAS_SGD = Call(
    "sgd",
    ("learningrate", "momentum", "nesterov", "weightdecay"),
    options={name: said for name, said in _OPTIMIZER_OPTIONS.items() if name != "weightdecay"},
    same=_NO_DECAY,
    notes={"weightdecay": "Keras's is beside the gradient, as `adamw`'s is: of `sgd` it isn't in the language"},
)


def _keras_adam(arguments: Arguments) -> Meant | None:
    """With a weight decay it is what others call AdamW."""
    order = (*_KERAS_ADAM, "weightdecay")
    decay = Written(arguments, order).take("weightdecay")
    is_plain = decay is None or re.fullmatch(_NO_DECAY["weightdecay"], decay, re.IGNORECASE)
    options = {name: said for name, said in _OPTIMIZER_OPTIONS.items() if not is_plain or name != "weightdecay"}
    return Call("adam" if is_plain else "adamw", order, options=options, same=_NO_DECAY if is_plain else {}).meant(
        arguments
    )


def _optimizer(torch: Call, keras: Callable[[Arguments], Meant | None], arguments: Arguments) -> Meant | None:
    """By what only one tool's has: Keras's a rate as the first, `learning_rate`; PyTorch's weights, `lr`."""
    named = {str(each.key) for each in arguments if isinstance(each, Option)}
    has_place = bool(arguments) and not isinstance(arguments[0], Option)
    is_rate = has_place and bool(numbers(str(arguments[0])))
    is_named = "learning_rate" in named
    if "weight_decay" not in named or "lr" in named or (has_place and not is_rate):
        return keras(arguments) if is_rate or is_named else torch.meant(arguments)
    as_keras = keras(arguments)
    if is_named or as_keras is None:
        is_decayed = as_keras is not None and "weight-decay=" in as_keras.help
        return replace(as_keras, help=f"{as_keras.help}; {_DECOUPLED}") if as_keras and is_decayed else as_keras
    as_torch = torch.meant(arguments)
    ways = [each.help.removeprefix("write ") for each in (as_torch, as_keras) if each is not None]
    return Meant(f"as PyTorch has it, write {ways[0]}; as Keras has it, write {ways[-1]}")


_DECOUPLED = "`learning_rate` is Keras's, whose weight decay is decoupled"


def _adamw(arguments: Arguments) -> Meant | None:
    keras = ("learningrate", "weightdecay", *_KERAS_ADAM[1:])
    said = Call("adamw", _ADAM, options=_OPTIMIZER_OPTIONS, keras=keras).meant(arguments)
    if said is None or "weight-decay=" in said.help:
        return said
    return Meant(f"{said.help}; {_DECAYED}")


_OF_ALL_WEIGHTS = "leave it out: all weights are drawn so, and biases are 0"
_DRAWN = {**NOTES, "seed": "of a training it is said by `seeds`", "tensor": _OF_ALL_WEIGHTS}


def _normal(arguments: Arguments) -> Meant | None:
    """PyTorch's `normal_`, of weights that stand first, and Keras's `RandomNormal`."""
    is_torch = bool(arguments) and not isinstance(arguments[0], Option) and not is_value(str(arguments[0]))
    given = Written(arguments, ("tensor", "mean", "std") if is_torch else ("mean", "std", "seed"))
    mean, std = given.take("mean"), given.take("std", "stddev")
    if std is None and arguments:
        std = "1" if is_torch else "0.05"
        given.left["unsaid"] = std, f"std={std}"
    if std is None or not number(std) or not number(mean or "0"):
        return None
    said, told = f"normal(std={std})", given.rest({**_DRAWN, "unsaid": "theirs, where none is said"})
    if float(mean or "0"):
        return Meant(
            "; ".join([f"it would be {said}, and a mean other than 0, `{mean}`, isn't in the language", *told])
        )
    return Meant("; ".join([f"write {said}", *told]), said if not given.left else "")


_KAIMING = Call(
    "he",
    ("tensor", "a", "mode", "nonlinearity"),
    same={"a": r"0(\.0*)?", "mode": r"[\"']fan_in[\"']", "nonlinearity": r"[\"'](leaky_)?relu[\"']"},
    notes={
        **_DRAWN,
        "mode": "it isn't in the language, whose `he` counts what comes in",
        **dict.fromkeys(("a", "nonlinearity"), "it isn't in the language, whose `he` is that of a ReLU"),
    },
)
_XAVIER = Call("glorot", ("tensor", "gain"), same={"gain": r"1(\.0*)?"}, notes=_DRAWN)
_KERAS_HE, _KERAS_GLOROT = (Call(name, ("seed",), notes=_DRAWN) for name in ("he", "glorot"))


def _constant(arguments: Arguments) -> Meant | None:
    """Of biases, which are 0 here."""
    given = Written(arguments, ("tensor", "val"))
    tensor, value = given.take("tensor") or "", given.take("val") or "0"
    is_so = tensor.endswith("bias") and re.fullmatch(r"0(\.0*)?", value)
    return Meant("leave it out: biases are 0 to begin with") if is_so and not given.left else None


PASTED: Mapping[str, Mapping[str, Callable[[Arguments], Meant | None]]] = {
    "data": {
        **{theirs: _set(ours).meant for theirs, ours in SETS.items()},
        **dict.fromkeys(("imagefolder", "datasetfolder"), _FOLDER.meant),
        **dict.fromkeys(("imagedatasetfromdirectory", "flowfromdirectory"), _IN_FOLDER.meant),
        **dict.fromkeys(("load", "loaddataset"), _loaded),
    },
    "augment": {
        "crop": _crop,
        "resizedcrop": Call(
            "random-resized-crop",
            ("size", "scale", "ratio", "interpolation", "antialias"),
            placed={"size": side},
            options={"scale": ("scale", interval), "ratio": ("ratio", interval)},
        ).meant,
        **dict.fromkeys(("rotation", "rotate"), _rotation),
        **dict.fromkeys(("resize", "resizing", "scale"), _resize),
        **dict.fromkeys(("erasing", "erase"), _ERASING.meant),
        **dict.fromkeys(("colorjitter", "colourjitter"), _JITTER.meant),
        "flip": _flip,
        "normalize": _normalize_apart,
    },
    "optimizer": {
        "sgd": partial(_optimizer, _TORCH_SGD, _KERAS_SGD.meant),
        "adam": partial(_optimizer, _TORCH_ADAM, _keras_adam),
        "adamw": _adamw,
    },
    "clip": {
        "clipgradnorm": _NORM.meant,
        **dict.fromkeys(("clipnorm", "clipbynorm"), _by_each),
    },
    "init": {
        "normal": _normal,
        "kaimingnormal": _KAIMING.meant,
        "xaviernormal": _XAVIER.meant,
        "henormal": _KERAS_HE.meant,
        "glorotnormal": _KERAS_GLOROT.meant,
        **dict.fromkeys(("constant", "zeros"), _constant),
    },
    "stop": dict.fromkeys(("earlystopping",), _stop),
    "normalize": {"normalize": _normalize},
    "schedule": {
        **dict.fromkeys(("reducelronplateau", "reduceonplateau"), _plateau),
        **dict.fromkeys(("cosineannealinglr", "cosineannealing", "cosine"), _cosine),
        "cosinedecay": partial(_cosine, order=("initiallearningrate", "decaysteps", "alpha")),
        **dict.fromkeys(("steplr", "step", "multisteplr", "multistep"), _steps),
        **dict.fromkeys(("exponentiallr", "exponential"), _exponential),
        "exponentialdecay": partial(_exponential, order=("initiallearningrate", "decaysteps", "decayrate")),
    },
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
    if _TORCH.search(word) and entry == "optimizer":
        return {"sgd": _TORCH_SGD.meant, "adam": _TORCH_ADAM.meant}.get(name)
    if not _KERAS.search(word):
        return None
    return {
        ("augment", "rotation"): _turn,
        ("optimizer", "sgd"): _KERAS_SGD.meant,
        ("optimizer", "adam"): _keras_adam,
    }.get((entry, name))


def meant(entry: str, word: str, arguments: Arguments) -> Meant | None:
    """What is to be said of a call of another tool; None where nothing more is known than its name says."""
    name = called(word)
    say = _of_tool(entry, name, word.lower()) or PASTED.get(entry, {}).get(name)
    return say(arguments) if say is not None else None
