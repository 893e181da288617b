"""Calls of PyTorch and Keras that say how weights begin and change, as they are pasted into a recipe."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from vggdsl.language.syntax import Arguments, Option
from vggdsl.language.types import elements, shortest
from vggdsl.spec.recipe.elsewhere import ADAMW_DECAY, KERAS_EPSILON, NOTES
from vggdsl.spec.recipe.foreign import (
    NONE,
    OPEN,
    WEIGHTS_OF,
    Call,
    Written,
    count,
    flag,
    is_value,
    joined,
    left_open,
    number,
    numbers,
    value_of,
    variable,
)
from vggdsl.text.facts import Meant

# -- schedules


def _plateau(arguments: Arguments) -> Meant | None:
    given = Written(arguments, (WEIGHTS_OF, "mode", "factor", "patience", "threshold"))
    factor, patience, of = given.take("factor"), given.take("patience"), given.take("monitor", "mode") or ""
    waits = count(patience or "10")
    if waits is None or not number(factor or "1"):
        return None
    options = [f"factor={factor}"] if factor else []
    keras, torch = (f"plateau({', '.join([*options, f'patience={each}'])})" for each in (waits, waits + 1))
    usual = "" if patience else " (theirs is 10 where none is given)"
    is_accuracy = of.strip("'\"") in ("max", "val_accuracy", "val_acc")
    loss = "" if is_accuracy else ", where theirs waits for a lower loss if nothing else is said"
    if of and not is_accuracy:
        loss += f", and so by `{of}`"
    help = (
        f"`plateau` waits for a better validation accuracy, by however little{loss}: as Keras counts epochs it is "
        f"`{keras}`, and as PyTorch does, which waits for one more, `{torch}`{usual}"
    )
    return Meant((keras, torch), tuple(given.rest(NOTES)), sentence=help)


_RATE = {"initiallearningrate": "the rate to begin with is the optimizer's `lr`"}


def _cosine(arguments: Arguments, order: Sequence[str] = (WEIGHTS_OF, "tmax", "etamin")) -> Meant | None:
    if not arguments:
        return None
    given = Written(arguments, order)
    epochs, of_it = given.take("tmax"), " of that rate" if "alpha" in given.left else ""
    least = given.take("etamin", "alpha")
    told = list[str]()
    if epochs is not None:
        said = f"`epochs {epochs}`" if count(epochs) else "`epochs`"
        told.append(f"`T_max={epochs}`: how many these are is said by {said}")
    if least is not None and (not number(least) or value_of(least)):
        told.append(f"that it ends at {least}{of_it} isn't in the language")
    elif least is not None:
        told.append(f"`{least}` at its end is so anyway")
    told += given.rest({**NOTES, "decaysteps": "how long it falls is said by `epochs`", **_RATE})
    return Meant(
        ("cosine",), tuple(told), how=", which falls from the optimizer's rate to 0 over all epochs, step by step"
    )


def _steps(arguments: Arguments) -> Meant | None:
    given = Written(arguments, (WEIGHTS_OF, "at", "gamma"))
    at, gamma = given.take("at", "stepsize", "milestones"), given.take("gamma")
    usual, gamma = "" if gamma else ", as PyTorch has it where nothing is said", gamma or "0.1"
    ends = [(each, count(each)) for each in elements(at or "") or [at or ""]]
    last = [end for _, end in ends if end is not None]
    if not last or last != sorted(set(last)) or not number(gamma) or value_of(gamma) >= 1:
        return None
    if at is not None and not elements(at):
        last.append(2 * last[0])
    ranges = [f"{first + 1}..{end}: …" for first, end in zip((0, *last), last, strict=False)]
    behind = "and so on" if at is not None and not elements(at) else f"and one from epoch {last[-1] + 1} to the last"
    times = f"each rate {gamma} of that before{usual}"
    said = f"steps({', '.join(ranges)}, …)"
    if strange := [f"`{each}`" for each, end in ends if end is None]:
        ends_none = f"{joined(strange)} {'is' if len(strange) == 1 else 'are'} no epoch to end one with"
        help = f"`{said}` says the rates of ranges of epochs, {times}; {ends_none}, which is one from 1 on"
        return Meant(told=(help, *given.rest(NOTES)))
    help = f"`steps` says the rates: write `{said}`, {behind}, {times}"
    return Meant((said,), tuple(given.rest(NOTES)), sentence=help)


def _exponential(arguments: Arguments, order: Sequence[str] = (WEIGHTS_OF, "gamma")) -> Meant:
    given = Written(arguments, order)
    gamma, steps = given.take("gamma", "decayrate"), given.take("decaysteps")
    times = f" of {gamma} of that before" if gamma else ""
    often = f"every {steps} steps" if steps else "in each epoch"
    help = f"a rate{times} {often} isn't in the language, whose schedules are `constant`, `steps`, `plateau`, "
    return Meant(told=(f"{help}`cosine`, `one-cycle` and a `warmup`", *given.rest({**NOTES, **_RATE})))


_ONE_CYCLE = (WEIGHTS_OF, "maxlr", "totalsteps", "epochs", "stepsperepoch", "pctstart", "annealstrategy")


def _one_cycle(arguments: Arguments) -> Meant:
    """PyTorch's, whose rates are divided, the last one from the first, and which turns momentum too."""
    given = Written(arguments, _ONE_CYCLE)
    most, peak, shape = given.take("maxlr"), given.take("pctstart", "peak"), given.take("annealstrategy", "shape") or ""
    first, last = given.take("divfactor"), given.take("finaldivfactor")
    turns, phases = given.take("cyclemomentum"), given.take("threephase")
    ours = [f"{key}={value}" for key in ("start", "end") if (value := given.take(key)) is not None]
    options, told = list[str](), list[str]()
    if peak is not None:
        share = (number(peak) if number(peak) and 0 <= value_of(peak) <= 1 else None) or left_open(peak)
        options.append(f"peak={share or OPEN}")
        told += variable(peak) if share else [f"`{peak}`, a share of the steps, is to be written as one number: `peak`"]
    wrong = [each for each in (first, last) if each and not (number(each) and value_of(each) >= 1)]
    if not wrong:
        start = 1 / value_of(first or "25")
        options += [f"start={shortest(start)}"] if first else []
        end = float(f"{start / value_of(last or '1e4'):.12g}")
        options += [f"end={shortest(end)}"] if first or last else []
    else:
        options += [f"{key}={OPEN}" for key, each in (("start", first), ("end", last)) if each]
        told += [f"`{each}` divides no rate: `start` and `end` are shares of the highest" for each in wrong]
    if ours:
        options = [each for each in options if not each.startswith(tuple(f"{own.partition('=')[0]}=" for own in ours))]
        options += ours
    options += ["shape=linear"] if shape.strip("'\"") == "linear" else []
    if shape.strip("'\"") not in ("", "cos", "linear"):
        told.append(f"`{shape}` isn't in the language, whose `shape` is `cosine` or `linear`")
    if most is not None:
        told.append(f"`{most}`, the highest rate, is the optimizer's `lr`")
    if (turns or "True").lower() != "false":
        told.append("PyTorch's turns the momentum, too, unless it says `cycle_momentum=False`; here it stays as it is")
    if phases is not None and phases.lower() != "false":
        told.append(f"`three_phase={phases}` isn't in the language")
    told += given.rest({**NOTES, **dict.fromkeys(("totalsteps", "epochs", "stepsperepoch"), "`epochs` says it")})
    return Meant((f"one-cycle({', '.join(options)})" if options else "one-cycle",), tuple(told), is_same=not told)


SCHEDULES: Mapping[str, Callable[[Arguments], Meant | None]] = {
    **dict.fromkeys(("reducelronplateau", "reduceonplateau"), _plateau),
    **dict.fromkeys(("cosineannealinglr", "cosineannealing", "cosine"), _cosine),
    "cosinedecay": partial(_cosine, order=("initiallearningrate", "decaysteps", "alpha")),
    "onecyclelr": _one_cycle,
    "onecycle": lambda arguments: _one_cycle(arguments) if arguments else None,
    **dict.fromkeys(("steplr", "step", "multisteplr", "multistep"), _steps),
    **dict.fromkeys(("exponentiallr", "exponential"), _exponential),
    "exponentialdecay": partial(_exponential, order=("initiallearningrate", "decaysteps", "decayrate")),
}


# -- optimizers

_SGD = (WEIGHTS_OF, "lr", "momentum", "dampening", "weightdecay", "nesterov")
_ADAM = (WEIGHTS_OF, "lr", "betas", "eps", "weightdecay", "amsgrad")
_KERAS_ADAM = ("learningrate", "beta1", "beta2", "epsilon", "amsgrad")
_KERAS_DECAYED = (*_KERAS_ADAM, "weightdecay")
_KERAS_EPSILON = {"epsilon": f"Keras's epsilon is {KERAS_EPSILON} where none is said, here it is always 1e-8"}
_OPTIMIZER_OPTIONS: Mapping[str, tuple[str, Callable[[str], str | None]]] = {
    **dict.fromkeys(("lr", "learningrate"), ("lr", number)),
    "momentum": ("momentum", number),
    "nesterov": ("nesterov", flag),
    "weightdecay": ("weight-decay", number),
    "decays": ("decays", lambda written: written if written in ("all", "weights") else None),
}
_DECAYED = (
    f"PyTorch's AdamW has a weight decay of {ADAMW_DECAY['PyTorch']} where none is said, Keras's one of "
    f"{ADAMW_DECAY['Keras']}, `adamw` none"
)


_WRITTEN = "here it is written, as `lr` or in `schedule`"
TORCH_SGD = Call(
    "sgd",
    _SGD,
    options=_OPTIMIZER_OPTIONS,
    unsaid={"lr": f"where no rate is said PyTorch's is lr=1e-3; {_WRITTEN}"},
)
TORCH_ADAM = Call("adam", _ADAM, options=_OPTIMIZER_OPTIONS)
_NO_DECAY = {"weightdecay": r"0(\.0*)?|none"}
KERAS_SGD = Call(
    "sgd",
    ("learningrate", "momentum", "nesterov", "weightdecay"),
    options={name: said for name, said in _OPTIMIZER_OPTIONS.items() if name != "weightdecay"},
    same=_NO_DECAY,
    unsaid={"learningrate": f"where no rate is said Keras's is lr=0.01; {_WRITTEN}"},
    notes={"weightdecay": "Keras's is beside the gradient, as `adamw`'s is: of `sgd` it isn't in the language"},
)


def keras_adam(arguments: Arguments) -> Meant | None:
    """With a weight decay it is what others call AdamW."""
    if _decay(arguments, _KERAS_DECAYED) is None:
        options = {name: said for name, said in _OPTIMIZER_OPTIONS.items() if name != "weightdecay"}
        return Call("adam", _KERAS_DECAYED, options=options, same=_NO_DECAY, unsaid=_KERAS_EPSILON).meant(arguments)
    return Call("adamw", _KERAS_DECAYED, options=_OPTIMIZER_OPTIONS, unsaid=_KERAS_EPSILON).meant(arguments)


def _decay(arguments: Arguments, order: Sequence[str]) -> str | None:
    """The weight decay that is written, unless there is none."""
    decay = Written(arguments, order).take("weightdecay")
    return None if decay is None or re.fullmatch(_NO_DECAY["weightdecay"], decay, re.IGNORECASE) else decay


def _is_of_keras(arguments: Arguments) -> bool:
    """Whether a rate stands first, or is named as only Keras names it."""
    is_rate = bool(arguments) and not isinstance(arguments[0], Option) and is_value(str(arguments[0]))
    return is_rate or any(isinstance(each, Option) and each.key == "learning_rate" for each in arguments)


def _optimizer(torch: Call, keras: Callable[[Arguments], Meant | None], arguments: Arguments) -> Meant | None:
    """By what only one tool's has: Keras's a rate as the first, `learning_rate`; PyTorch's weights, `lr`."""
    named = {str(each.key) for each in arguments if isinstance(each, Option)}
    has_place = bool(arguments) and not isinstance(arguments[0], Option)
    is_rate = has_place and bool(numbers(str(arguments[0])))
    is_named = "learning_rate" in named
    if "weight_decay" not in named or "lr" in named or (has_place and not is_rate):
        return keras(arguments) if is_rate or is_named else torch.meant(arguments)
    as_keras, as_torch = keras(arguments), torch.meant(arguments)
    if is_named and as_keras is not None and torch is TORCH_ADAM and _decay(arguments, _KERAS_DECAYED):
        return replace(as_keras, told=(*as_keras.told, _DECOUPLED))
    if is_named or as_keras is None or as_torch is None:
        return as_keras or as_torch
    return Meant(told=(f"as PyTorch has it, {as_torch.help}; as Keras has it, {as_keras.help}",))


_DECOUPLED = "`learning_rate` is Keras's, whose weight decay is decoupled"


TORCH_ADAMW = Call(
    "adamw", _ADAM, options=_OPTIMIZER_OPTIONS, same={"weightdecay": NONE.pattern}, unsaid={"weightdecay": _DECAYED}
)
KERAS_ADAMW = replace(
    TORCH_ADAMW,
    order=("learningrate", "weightdecay", *_KERAS_ADAM[1:]),
    unsaid={**TORCH_ADAMW.unsaid, **_KERAS_EPSILON},
)


def _adamw(arguments: Arguments) -> Meant | None:
    return (KERAS_ADAMW if _is_of_keras(arguments) else TORCH_ADAMW).meant(arguments)


OPTIMIZERS: Mapping[str, Callable[[Arguments], Meant | None]] = {
    "sgd": partial(_optimizer, TORCH_SGD, KERAS_SGD.meant),
    "adam": partial(_optimizer, TORCH_ADAM, keras_adam),
    "adamw": _adamw,
}


# -- what weights begin with

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
    if value_of(mean or "0"):
        return Meant(told=(f"it would be {said}, and a mean other than 0, `{mean}`, isn't in the language", *told))
    return Meant((said,), tuple(told), is_same=not given.left)


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


def _kaiming(arguments: Arguments) -> Meant | None:
    """Whose slope counts only for a leaky ReLU, of which PyTorch's is if nothing is said."""
    given = Written(arguments, _KAIMING.order)
    slope, function = given.take("a") or "0", (given.take("nonlinearity") or "leaky_relu").strip("'\"")
    same = {**_KAIMING.same}
    if function == "relu":
        same["a"] = ".*"
    elif float(number(slope) or "1"):
        del same["nonlinearity"]
    return replace(_KAIMING, same=same).meant(arguments)


_XAVIER = Call("glorot", ("tensor", "gain"), same={"gain": r"1(\.0*)?"}, notes=_DRAWN)
_CUT = "Keras cuts its draws at two standard deviations and scales them to the same deviation, here none is cut"


def _cut(ours: str, arguments: Arguments) -> Meant | None:
    """Keras's `HeNormal` and `GlorotNormal`, whose normal distribution is a truncated one."""
    meant = Call(ours, ("seed",), notes=_DRAWN).meant(arguments)
    return meant and replace(meant, told=(*meant.told, _CUT), is_same=False)


def _variance_scaling(arguments: Arguments) -> Meant:
    """Keras's, of which two are here by names of their own."""
    given = Written(arguments, ("scale", "mode", "distribution", "seed"))
    scale, mode, drawn = given.take("scale") or "1", given.take("mode"), given.take("distribution")
    mode, drawn = ((each or usual).strip("'\"") for each, usual in ((mode, "fan_in"), (drawn, "truncated_normal")))
    ours = _SCALED.get((float(scale), mode)) if number(scale) and not scale.endswith("%") else None
    way, told = f"a scale of {scale} by `{mode}`", given.rest(_DRAWN)
    if ours is None or drawn not in ("truncated_normal", "untruncated_normal"):
        help = f"{way}, drawn as `{drawn}`, isn't in the language, whose draws by such a scale are `he` and `glorot`"
        return Meant(told=(f"{help}, of a normal distribution", *told))
    is_cut = drawn == "truncated_normal"
    return Meant((ours,), (*told, _CUT) if is_cut else tuple(told), not given.left and not is_cut, how=f", {way}")


_SCALED = {(2.0, "fan_in"): "he", (1.0, "fan_avg"): "glorot"}


def _constant(arguments: Arguments) -> Meant | None:
    """Of biases, which are 0 here."""
    given = Written(arguments, ("tensor", "val"))
    tensor, value = given.take("tensor") or "", given.take("val") or "0"
    is_so = tensor.endswith("bias") and re.fullmatch(r"0(\.0*)?", value)
    return Meant(told=("leave it out: biases are 0 to begin with",)) if is_so and not given.left else None


INITS: Mapping[str, Callable[[Arguments], Meant | None]] = {
    "normal": _normal,
    "kaimingnormal": _kaiming,
    "xaviernormal": _XAVIER.meant,
    "henormal": partial(_cut, "he"),
    "glorotnormal": partial(_cut, "glorot"),
    "variancescaling": _variance_scaling,
    **dict.fromkeys(("constant", "zeros"), _constant),
}
