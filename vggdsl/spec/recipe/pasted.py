"""Calls of PyTorch and Keras, as they are pasted into a recipe: what each is here, with all that was given to it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from vggdsl.language.schema import Meant
from vggdsl.language.syntax import Atom, During, Option
from vggdsl.language.types import elements, shortest
from vggdsl.spec.recipe.elsewhere import DATA_NOTES, LEFT_OUT, NEEDLESS, NOTES, OPTIMIZERS, SETS, WHERE

_NONE = re.compile(r"[\"']?none[\"']?", re.IGNORECASE)
_NUMBER = r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:e-?\d+)?%?"


# -- how a value is written here; None for one that can't be


def _plain(text: str) -> str | None:
    return text if re.fullmatch(_NUMBER, text) else None


def _path(text: str) -> str | None:
    return f'"{text[1:-1]}"' if text[:1] in ("'", '"') and len(text) > 1 else None


def _flag(text: str) -> str | None:
    return {"true": "yes", "false": "no"}.get(text.lower())


def _side(text: str) -> str | None:
    """Of a square: `(32, 32)` is 32."""
    sides = set(elements(text)) or {text}
    return _plain(sides.pop()) if len(sides) == 1 else None


def _range(text: str) -> str | None:
    match elements(text):
        case [low, high] if _plain(low) and _plain(high):
            return f"{low}..{high}"
        case []:
            return text if re.fullmatch(r"[\d.%/]+", text) else None
        case _:
            return None


def _turn(text: str) -> str | None:
    """An angle to either side: `(-15, 15)` is 15."""
    match elements(text) or [text]:
        case [low, high] if low == f"-{high}":
            return _plain(high)
        case [angle] if not angle.startswith("-"):
            return _plain(angle)
        case _:
            return None


def _numbers(text: str | None) -> list[str]:
    given = elements(text) or [text] if text else []
    return given if all(map(_plain, given)) else []


# -- what was given


_WEIGHTS_OF = "optimizer, or the weights of one"
"""First in PyTorch's calls, and not in Keras's: a place that only what is no value of its own takes."""


def _is_value(text: str) -> bool:
    return bool(_plain(text) or text[:1] in ("'", '"') or _numbers(text))


class _Written:
    """What a call was given, by the names that its tool has; each is taken once, and what is left is told."""

    def __init__(self, arguments: Sequence[Atom | Option | During], order: Sequence[str]) -> None:
        self.left: dict[str, tuple[str, str]] = {}
        places = iter(order)
        for argument in arguments:
            name, value = "", str(argument)
            if isinstance(argument, Option):
                name, value = str(argument.key), value.partition("=")[2]
            else:
                name = next(places, "")
                if name == _WEIGHTS_OF and _is_value(value):
                    name = next(places, "")
                name = "optimizer" if value in NEEDLESS or name == _WEIGHTS_OF else name
            name = re.sub("[-_]", "", name)
            self.left[name if name not in self.left else f"{name} {len(self.left)}"] = value, str(argument)

    def take(self, *names: str) -> str | None:
        return next((self.left.pop(name)[0] for name in names if name in self.left), None)

    def rest(self, notes: Mapping[str, str]) -> list[str]:
        """Of what is left, what is to be said of each."""
        said = [f"`{written}`: {notes[name]}" for name, (_, written) in self.left.items() if name in notes]
        strange = [f"`{written}`" for name, (_, written) in self.left.items() if name not in notes]
        if strange:
            said.append(f"{_and(strange)} {'is' if len(strange) == 1 else 'are'} not in the language")
        return said


def _and(words: Sequence[str]) -> str:
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]


@dataclass(frozen=True)
class _Call:
    """A call that is one of ours but for how its values are written."""

    ours: str
    order: tuple[str, ...] = ()
    placed: Mapping[str, Callable[[str], str | None]] = field(default_factory=dict)
    """What stands in our brackets without a name, by the names that it has there; one of them is given."""
    options: Mapping[str, tuple[str, Callable[[str], str | None]]] = field(default_factory=dict)
    same: Mapping[str, str] = field(default_factory=dict)
    """Values that change nothing, as a pattern."""
    notes: Mapping[str, str] = field(default_factory=dict)

    def meant(self, arguments: Sequence[Atom | Option | During]) -> Meant | None:
        given, told = _Written(arguments, self.order), list[str]()
        placed, named = list[str](), list[str]()
        for name, say in self.placed.items():
            if name in given.left and (value := say(given.left[name][0])) is not None:
                placed.append(value)
                given.take(name)
        for name, (ours, say) in self.options.items():
            if name in given.left and (value := say(given.left[name][0])) is not None:
                named.append(f"{ours}={value}")
                given.take(name)
        for name, pattern in self.same.items():
            if name in given.left and re.fullmatch(pattern, given.left[name][0], re.IGNORECASE):
                told.append(f"`{given.left.pop(name)[1]}` is so anyway")
        notes = {name: said for name, (value, _) in given.left.items() if (said := told_of(self.ours, name, value))}
        told += given.rest({**NOTES, **notes, **self.notes})
        if self.placed and not placed:
            return Meant("; ".join(told)) if told else None
        said = f"{self.ours}({', '.join([*placed, *named])})" if placed or named else self.ours
        return Meant("; ".join([f"write {said}", *told]), said if not given.left else "")


# -- schedules


def _plateau(arguments: Sequence[Atom | Option | During]) -> Meant | None:
    given = _Written(arguments, (_WEIGHTS_OF, "mode", "factor", "patience", "threshold"))
    factor, patience, of = given.take("factor"), given.take("patience"), given.take("monitor", "mode") or ""
    if not (patience or "10").isdecimal() or not _plain(factor or "1"):
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


def _cosine(arguments: Sequence[Atom | Option | During]) -> Meant | None:
    if not arguments:
        return None
    given = _Written(arguments, (_WEIGHTS_OF, "tmax", "etamin"))
    epochs, least = given.take("tmax"), given.take("etamin", "alpha")
    told = ["write cosine, which falls from the optimizer's rate to 0 over all epochs, step by step"]
    if epochs is not None:
        told.append(f"`T_max={epochs}`: how many these are is said by `epochs {epochs}`")
    if least is not None and (not _plain(least) or float(least)):
        told.append(f"that it ends at {least} isn't in the language")
    elif least is not None:
        told.append(f"`{least}` at its end is so anyway")
    told += given.rest({**NOTES, "decaysteps": "how long it falls is said by `epochs`", **_RATE})
    return Meant("; ".join(told))


_RATE = {"initiallearningrate": "the rate to begin with is the optimizer's `lr`"}


def _steps(arguments: Sequence[Atom | Option | During]) -> Meant | None:
    given = _Written(arguments, (_WEIGHTS_OF, "at", "gamma"))
    at, gamma = given.take("at", "stepsize", "milestones"), given.take("gamma")
    usual, gamma = "" if gamma else ", as PyTorch has it where nothing is said", gamma or "0.1"
    last = [int(each) for each in elements(at or "") or [at or ""] if each.isdecimal() and int(each)]
    if not last or last != sorted(set(last)) or not _plain(gamma) or float(gamma) >= 1:
        return None
    if at is not None and not elements(at):
        last.append(2 * last[0])
    ranges = [f"{first + 1}..{end}: …" for first, end in zip((0, *last), last, strict=False)]
    behind = "and so on" if at is not None and not elements(at) else f"and one from epoch {last[-1] + 1} to the last"
    times = f"each rate {gamma} of that before{usual}"
    help = f"`steps` says the rates: write `steps({', '.join(ranges)}, …)`, {behind}, {times}"
    return Meant("; ".join([help, *given.rest(NOTES)]))


def _exponential(arguments: Sequence[Atom | Option | During]) -> Meant:
    given = _Written(
        arguments,
        (
            _WEIGHTS_OF,
            "gamma",
        ),
    )
    gamma = given.take("gamma")
    times = f" of {gamma} of that before" if gamma else ""
    help = f"a rate{times} in each epoch isn't in the language, whose schedules are `constant`, `steps`, `plateau`, "
    return Meant("; ".join([f"{help}`cosine` and a `warmup`", *given.rest({**NOTES, **_RATE})]))


# -- the others


def _rotation(arguments: Sequence[Atom | Option | During]) -> Meant | None:
    """In degrees, as in PyTorch; a share of a whole turn, as in Keras."""
    given = _Written(arguments, ("factor",))
    share = given.take("factor", "degrees") or ""
    if not re.fullmatch(r"0?\.0*[1-9]\d*", share):
        return _ROTATION.meant(arguments)
    turn = shortest(round(360 * float(share), 9))
    help = f"{share} of a whole turn, as in Keras, is `rotate({turn})`, which counts degrees"
    return Meant("; ".join([help, *given.rest(NOTES)]))


def _stop(arguments: Sequence[Atom | Option | During]) -> Meant | None:
    given = _Written(arguments, ("monitor", "mindelta", "patience"))
    monitor = given.take("monitor")
    of = (monitor or "val_loss").strip("'\"").replace("_", "-").replace("val-acc", "val-accuracy")
    of, patience = of.replace("accuracyuracy", "accuracy"), given.take("patience")
    if patience is None or not _plain(patience) or of not in ("val-loss", "val-accuracy"):
        return None
    said = f"{of}(patience={patience})"
    notes = {**NOTES, "restorebestweights": "leave it out: the best epoch is what is kept", "mode": LEFT_OUT}
    other = "" if monitor else f" or val-accuracy(patience={patience})"
    help = "; ".join([f"write {said}{other}", *given.rest(notes)])
    return Meant(help, said if not given.left and monitor else "")


def _flip(arguments: Sequence[Atom | Option | During]) -> Meant | None:
    """Keras's, which says in a word what is mirrored."""
    given = _Written(arguments, ("mode",))
    ways = {"horizontal": "hflip", "vertical": "vflip", "horizontal_and_vertical": "hflip vflip"}
    said = ways.get((given.take("mode") or "").strip("'\""))
    return Meant("; ".join([f"write {said}", *given.rest(NOTES)]), said if not given.left else "") if said else None


def _by_each(arguments: Sequence[Atom | Option | During]) -> Meant | None:
    """Keras's `clipnorm`, of which there is a global one, too."""
    most = " ".join(map(str, arguments)).rpartition("=")[2]
    return Meant(f"of each weight by itself it isn't in the language, of all together it is norm({most})")


def _loaded(arguments: Sequence[Atom | Option | During]) -> Meant | None:
    """A set by its name: `load_dataset("cifar10")`."""
    given = _Written(arguments, ("name",))
    said = SETS.get(re.sub("[-_]", "", (given.take("name") or "").strip("'\"")).lower())
    notes = {**NOTES, **DATA_NOTES}
    return Meant("; ".join([f"write {said}", *given.rest(notes)]), said if not given.left else "") if said else None


def _normalize(arguments: Sequence[Atom | Option | During]) -> Meant | None:
    given = _Written(arguments, ("mean", "std"))
    mean, std = _numbers(given.take("mean")), _numbers(given.take("std"))
    if not mean or len(mean) != len(std):
        help = "`normalize mean(…) std(…)` is given numbers, as many means as deviations, or it is `normalize mean-std`"
        return Meant(f"{help}, of the images") if arguments else None
    is_of_bytes = any(float(each) > 1 for each in (*mean, *std))
    if is_of_bytes:
        mean, std = ([shortest(round(float(each) / 255, 12)) for each in values] for values in (mean, std))
    said = f"mean({', '.join(mean)}) std({', '.join(std)})"
    if is_of_bytes:
        help = f"pixels are from 0 to 1 here: means and deviations divided by 255 are normalize {said}"
        return Meant("; ".join([help, *given.rest(NOTES)]))
    return Meant("; ".join([f"write normalize {said}", *given.rest(NOTES)]), said if not given.left else "")


def _normalize_apart(arguments: Sequence[Atom | Option | During]) -> Meant | None:
    """Among the steps of `augment`."""
    said = _normalize(arguments)
    return None if said is None else Meant(f"it is an entry of its own: {said.help}")


_SMOOTH = {"labelsmoothing": ("smoothing", _plain)}
_WEIGHTS = "the language has weights of classes by their counts alone, `class-weights=balanced`"
_CROSS_ENTROPY = _Call(
    "cross-entropy",
    ("weight", "sizeaverage", "ignoreindex", "reduce", "reduction", "labelsmoothing"),
    options=_SMOOTH,
    same={"reduction": r"[\"']?mean[\"']?", "weight": _NONE.pattern},
    notes={
        "weight": _WEIGHTS,
        "fromlogits": "leave it out: whether a softmax stands last is said by the network",
    },
)
_FOLDER = _Call(
    "folder",
    ("root", "transform", "targettransform"),
    placed={"root": _path, "directory": _path},
    options={"seed": ("seed", _plain)},
    notes=DATA_NOTES,
)
_IN_FOLDER = _Call("folder", ("directory",), _FOLDER.placed, _FOLDER.options, {}, DATA_NOTES)


def _set(name: str) -> _Call:
    return _Call(name, ("root", "train", "transform", "targettransform", "download"), notes=DATA_NOTES)


_ROTATION = _Call(
    "rotate",
    ("degrees", "interpolation", "expand", "center", "fill"),
    placed={"degrees": _turn, "factor": _turn},
    same={"expand": "false", "center": "none", "fill": "0", "fillmode": r"[\"']constant[\"']"},
    notes=dict.fromkeys(("degrees", "factor"), "it isn't in the language, whose `rotate` turns to either side alike"),
)
_OPTIMIZER_OPTIONS: Mapping[str, tuple[str, Callable[[str], str | None]]] = {
    **dict.fromkeys(("lr", "learningrate"), ("lr", _plain)),
    "momentum": ("momentum", _plain),
    "nesterov": ("nesterov", _flag),
    "weightdecay": ("weight-decay", _plain),
}


def _shorter(text: str) -> str | None:
    return None if elements(text) else _range(text)


_RESIZE = _Call(
    "scale",
    ("size", "interpolation", "maxsize"),
    placed={"size": _shorter},
    notes={"size": "two sides aren't in the language: `scale` is of the shorter, and keeps the image's shape"},
)


def _resize(arguments: Sequence[Atom | Option | During]) -> Meant | None:
    """Of a side, or of two, as of Keras."""
    if len([each for each in arguments if _plain(str(each))]) < 2:
        return _RESIZE.meant(arguments)
    written = " and ".join(f"`{each}`" for each in arguments)
    return Meant(f"{written}: {_RESIZE.notes['size']}")


_ERASING = _Call(
    "erase",
    ("p", "scale", "ratio", "value", "inplace"),
    options={"p": ("p", _plain), "scale": ("scale", _range), "ratio": ("ratio", _range)},
    same={"value": "0"},
)
_NORM = _Call("norm", (_WEIGHTS_OF, "maxnorm", "normtype"), {"maxnorm": _plain}, same={"normtype": r"2(\.0)?"})
_COLOURS = ("brightness", "contrast", "saturation", "hue")
_JITTER = _Call("colour-jitter", _COLOURS, options={each: (each, _plain) for each in _COLOURS})
_DECAYED = "PyTorch's AdamW has a weight decay of 0.01 where none is said, Keras's one of 0.004, `adamw` none"


def _adamw(arguments: Sequence[Atom | Option | During]) -> Meant | None:
    said = _Call("adamw", (_WEIGHTS_OF, "lr", "betas"), options=_OPTIMIZER_OPTIONS).meant(arguments)
    if said is None or "weight-decay=" in said.help:
        return said
    return Meant(f"{said.help}; {_DECAYED}")


PASTED: Mapping[str, Mapping[str, Callable[[Sequence[Atom | Option | During]], Meant | None]]] = {
    "data": {
        **{theirs: _set(ours).meant for theirs, ours in SETS.items()},
        **dict.fromkeys(("imagefolder", "datasetfolder"), _FOLDER.meant),
        **dict.fromkeys(("imagedatasetfromdirectory", "flowfromdirectory"), _IN_FOLDER.meant),
        **dict.fromkeys(("load", "loaddataset"), _loaded),
    },
    "augment": {
        "crop": _Call(
            "crop",
            ("size", "padding", "padifneeded", "fill", "paddingmode"),
            placed={"size": _side},
            options={"padding": ("pad", _side), "pad": ("pad", _side)},
            same={"padifneeded": "false", "fill": "0", "paddingmode": r"[\"']constant[\"']", "padding": "none"},
        ).meant,
        "resizedcrop": _Call(
            "random-resized-crop",
            ("size", "scale", "ratio", "interpolation", "antialias"),
            placed={"size": _side},
            options={"scale": ("scale", _range), "ratio": ("ratio", _range)},
        ).meant,
        **dict.fromkeys(("rotation", "rotate"), _rotation),
        **dict.fromkeys(("resize", "resizing", "scale"), _resize),
        **dict.fromkeys(("erasing", "erase"), _ERASING.meant),
        **dict.fromkeys(("colorjitter", "colourjitter"), _JITTER.meant),
        "flip": _flip,
        "normalize": _normalize_apart,
    },
    "optimizer": {
        "sgd": _Call("sgd", (_WEIGHTS_OF, "lr", "momentum"), options=_OPTIMIZER_OPTIONS).meant,
        "adam": _Call("adam", (_WEIGHTS_OF, "lr", "betas"), options=_OPTIMIZER_OPTIONS).meant,
        "adamw": _adamw,
    },
    "clip": {
        "clipgradnorm": _NORM.meant,
        "clipnorm": _by_each,
    },
    "stop": dict.fromkeys(("earlystopping",), _stop),
    "normalize": {"normalize": _normalize},
    "schedule": {
        **dict.fromkeys(("reducelronplateau", "reduceonplateau"), _plateau),
        **dict.fromkeys(("cosineannealinglr", "cosineannealing", "cosinedecay", "cosine"), _cosine),
        **dict.fromkeys(("steplr", "step", "multisteplr", "multistep"), _steps),
        **dict.fromkeys(("exponentiallr", "exponential", "exponentialdecay"), _exponential),
    },
    "loss": dict.fromkeys(
        ("crossentropy", "crossentropyloss", "categoricalcrossentropy", "sparsecategoricalcrossentropy"),
        _CROSS_ENTROPY.meant,
    ),
}
"""By entry and by the call's word, without `-`, `_` and a `random` before it."""


def meant(entry: str, name: str, arguments: Sequence[Atom | Option | During]) -> Meant | None:
    """What is to be said of a call of another tool; None where nothing more is known than its name says."""
    say = PASTED.get(entry, {}).get(name)
    return say(arguments) if say is not None else None


def told_of(call: str, name: str, value: str) -> str | None:
    """What is to be said of an option that a call of ours doesn't have, and other tools' of the same name do."""
    key, value = re.sub("[-_]", "", name), value.strip("'\"").lower()
    if call not in ("sgd", "adam", "adamw"):
        return DATA_NOTES.get(key) if call in (*SETS.values(), "folder") else None
    if key in ("clipnorm", "globalclipnorm"):
        own = "of each weight by itself it isn't in the language, " if key == "clipnorm" else ""
        return f"{own}of all together it is an entry: `clip norm({value})`"
    if key not in OPTIMIZERS:
        return NOTES.get(key)
    usual, as_here = OPTIMIZERS[key]
    same = re.fullmatch(usual, value.replace(" ", "")) is not None
    return f"remove it: {as_here}" if same else f"it isn't in the language: {as_here}"


def needless(call: str, value: str) -> str:
    """What is to be said of a value that has no place in a call of ours, since nothing is left to say."""
    return WHERE if call in SETS.values() and value[:1] in ("'", '"') else NEEDLESS.get(value, "")
