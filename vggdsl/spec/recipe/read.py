"""``train { … }`` sections -> recipes. Strict: an unknown entry, option or value is an error."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from math import sqrt
from typing import Any, Literal

from vggdsl.language.syntax import Atom, During, Entry, Train
from vggdsl.spec.recipe.arguments import (
    EXAMPLES,
    Arguments,
    Value,
    atom_int,
    diagnostic,
    positional_int,
    read_float,
    read_int,
    read_range,
    unknown_entry,
    wrong,
)
from vggdsl.spec.recipe.model import (
    DATA_SETS,
    KEYS,
    SGD,
    STOP_MEASURES,
    Adam,
    Augment,
    ColourPCA,
    Constant,
    Cosine,
    Crop,
    Data,
    From,
    HFlip,
    Init,
    Loss,
    Plateau,
    Recipe,
    Scale,
    Schedule,
    Steps,
    Stop,
    WarmUp,
    shortest,
)
from vggdsl.text.errors import Diagnostic, Label, RecipeError, unknown


def read_recipes(sections: Sequence[Train]) -> tuple[Recipe, ...]:
    """The recipes of a spec, ``as`` resolved: the entries replace the base's by key.

    Steps say how long the training is: a recipe with its own doesn't inherit epochs.

    Raises ``RecipeError`` with everything that is wrong with them.
    """
    found: list[Diagnostic] = []
    entries: dict[str | None, dict[str, Entry]] = {}
    first: dict[str | None, Train] = {}
    recipes = []
    for section in sections:
        if section.name in entries:
            what = f"`train {section.name}`" if section.name else "`train` without a name"
            labels = (Label(section.head, "again"), Label(first[section.name].head, "first here", primary=False))
            found.append(Diagnostic("V402", f"a second {what}", labels, "give it another name"))
            continue
        first[section.name] = section
        merged: dict[str, Entry] = {}
        if section.base is not None:
            if section.base in entries:
                merged = dict(entries[section.base])
            else:
                names = [name for name in entries if name]
                missing = unknown("V402", "recipe", section.base, names, section.head)
                help = missing.help if names else "a recipe continues one that stands before it in the file"
                found.append(replace(missing, help=help))
        own = _own(section, found)
        if "schedule" in own and own["schedule"].is_steps:
            merged.pop("epochs", None)
        merged |= own
        entries[section.name] = merged
        recipe = _recipe(section.name, merged, found)
        if recipe is not None:
            recipes.append(recipe)
    if found:
        raise RecipeError(_distinct(found))
    by_name = {recipe.name: recipe for recipe in recipes}
    return tuple(_begun(recipe, by_name, ()) for recipe in recipes)


def _begun(recipe: Recipe, by_name: Mapping[str | None, Recipe], path: tuple[str, ...]) -> Recipe:
    """The recipe with the digest of that whose weights it begins with: what changes there changes here."""
    init = recipe.init
    if not isinstance(init, From) or init.is_file or init.source not in by_name or init.source in path:
        return recipe
    other = _begun(by_name[init.source], by_name, (*path, init.source))
    return replace(recipe, init=replace(init, recipe=other.digest))


def _distinct(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """An inherited entry that is wrong is told once."""
    return list(dict.fromkeys(found))


def _own(section: Train, found: list[Diagnostic]) -> dict[str, Entry]:
    own: dict[str, Entry] = {}
    for line in section.lines:
        entry = line.content
        if not isinstance(entry, Entry):
            continue
        if entry.key not in KEYS:
            found.append(unknown_entry(entry, KEYS))
        elif entry.key in own:
            labels = (Label(entry.span, "again"), Label(own[entry.key].span, "first here", primary=False))
            found.append(Diagnostic("V404", f"a second `{entry.key}`", labels, "keep one"))
        else:
            own[entry.key] = entry
    return own


def _recipe(name: str | None, entries: Mapping[str, Entry], found: list[Diagnostic]) -> Recipe | None:
    values: dict[str, Any] = {}
    before = len(found)
    for key, entry in entries.items():
        try:
            values[key] = _READERS[key](entry)
        except RecipeError as error:
            found += error.diagnostics
    if len(found) > before:
        return None
    schedule = values.get("schedule")
    plain = schedule.then if isinstance(schedule, WarmUp) else schedule
    if isinstance(plain, Steps):  # which say themselves how long the training is
        values.setdefault("epochs", plain.steps[-1][1])
    places = {key: entry.span for key, entry in entries.items()}
    recipe = Recipe(name, **values, origins=dict.fromkeys(values, "spec"), places=places)
    found += _check_rate(recipe, entries)
    return recipe


def _check_rate(recipe: Recipe, entries: Mapping[str, Entry]) -> Iterable[Diagnostic]:
    schedule = recipe.main_schedule
    scheduled = isinstance(schedule, Steps) or (isinstance(schedule, Constant) and schedule.lr is not None)
    if scheduled and recipe.optimizer.lr is not None:
        labels = (
            Label(entries["schedule"].span, "here"),
            Label(entries["optimizer"].span, "and here", primary=False),
        )
        yield Diagnostic("V405", "the learning rate is given twice", labels, "keep one of them")
    if not scheduled and recipe.optimizer.lr is None and isinstance(recipe.optimizer, SGD):
        yield diagnostic("V405", "no learning rate", entries["optimizer"].span, "write sgd(lr=0.1)")
    if isinstance(schedule, Steps) and "epochs" in entries and schedule.steps[-1][1] < recipe.epochs:
        labels = (
            Label(entries["schedule"].span, f"ends with epoch {schedule.steps[-1][1]}"),
            Label(entries["epochs"].span, "goes on", primary=False),
        )
        yield Diagnostic("V405", "the schedule ends before the training", labels, "add a step, or train less")
    if isinstance(recipe.schedule, WarmUp) and recipe.schedule.epochs >= recipe.epochs:
        message = f"a warm-up of {recipe.schedule.epochs} epochs in a training of {recipe.epochs}"
        yield diagnostic("V405", message, entries["schedule"].span, "train longer, or warm up for less")


# -- entries


def _is_none(entry: Entry) -> bool:
    value = entry.values[0]
    return len(entry.values) == 1 and isinstance(value, Atom) and value.text.lower() == "none"


def _one(entry: Entry) -> Value:
    if len(entry.values) > 1:
        help = f"write {entry.key} {EXAMPLES[entry.key]}"
        raise wrong("V406", f"{entry.key} takes one value", entry.values[1].span, help)
    return entry.values[0]


def _known(arguments: Arguments, what: str, names: Sequence[str]) -> RecipeError:
    return RecipeError(unknown("V406", what, arguments.name, names, arguments.span))


def _data(entry: Entry) -> Data:
    a = Arguments(_one(entry), "data")
    if a.name not in DATA_SETS:
        raise _known(a, "data set", list(DATA_SETS))
    path, n, classes = None, None, None
    if a.name == "folder":
        place = a.take()
        if not isinstance(place, Atom) or place.kind != "string":
            raise wrong("V406", "folder needs a path", a.span, 'write folder("DIR")')
        path = place.text
    if a.name == "fake":
        n, classes = a.integer("n"), a.integer("classes", least=2)
    for split in DATA_SETS[a.name].splits:
        if option := a.options.get(split):
            message = f"{a.name} has {split} images of its own"
            raise wrong("V406", message, option.span, f"remove `{split}={option.value}`")
    val, test, seed = a.integer("val"), a.integer("test"), a.integer("seed", 0, least=0)
    labels: Literal["random"] | None = "random" if a.word("labels", "random") else None
    images: Literal["noise"] | None = "noise" if a.word("images", "noise") else None
    a.done()
    return Data(a.name, path, val, test, classes, n, labels, images, seed or 0)


def _augment(entry: Entry) -> tuple[Augment, ...]:
    if _is_none(entry):
        return ()
    steps: list[Augment] = []
    for value in entry.values:
        a = Arguments(value, "augment")
        match a.name:
            case "crop":
                steps.append(Crop(positional_int(a), a.integer("pad", 0, 0) or 0))
            case "hflip":
                steps.append(HFlip())
            case "scale":
                steps.append(_scale(a))
            case "colour-pca" | "color-pca":
                steps.append(ColourPCA())
            case _:
                raise _known(a, "augmentation", ("crop", "hflip", "scale", "colour-pca"))
        a.done()
    return tuple(steps)


def _scale(a: Arguments) -> Scale:
    place = a.take()
    if isinstance(place, Atom) and place.kind == "range":
        low, high = read_range(place.text, place.span)
        return Scale(low, high)
    if isinstance(place, Atom) and place.kind == "number":
        size = read_int(place.text, place.span, "scale", 1)
        return Scale(size, size)
    raise wrong("V406", "scale needs a size or a range", a.span, "write scale(256) or scale(256..512)")


def _optimizer(entry: Entry) -> SGD | Adam:
    a = Arguments(_one(entry), "optimizer")
    decay = a.number("weight-decay", 0.0) or 0.0
    lr = a.number("lr", None, least=1e-12, most=1e3)
    optimizer: SGD | Adam
    if a.name == "sgd":
        optimizer = SGD(lr, a.number("momentum", 0.0, most=1) or 0.0, a.flag("nesterov"), decay)
        if optimizer.nesterov and not optimizer.momentum:
            raise wrong("V406", "nesterov without momentum", a.span, "write sgd(momentum=0.9, nesterov=yes)")
    elif a.name in ("adam", "adamw"):
        optimizer = Adam(lr, decay, a.name == "adamw")
    else:
        raise _known(a, "optimizer", ("sgd", "adam", "adamw"))
    a.done()
    return optimizer


def _schedule(entry: Entry) -> Schedule:
    first, *rest = entry.values
    a = Arguments(first, "schedule")
    if a.name == "warmup":
        epochs = positional_int(a)
        a.done()
        if len(rest) != 1:
            raise wrong("V406", "warmup leads to one schedule", a.span, "write warmup(5) cosine")
        return WarmUp(epochs, _plain_schedule(Arguments(rest[0], "schedule")))
    return _plain_schedule(Arguments(_one(entry), "schedule"))


def _plain_schedule(a: Arguments) -> Constant | Steps | Plateau | Cosine:
    schedule: Constant | Steps | Plateau | Cosine
    match a.name:
        case "constant":
            place = a.take()
            if place is None:
                schedule = Constant()
            elif isinstance(place, Atom):
                schedule = Constant(read_float(place.text, place.span, "constant", 1e-12, 1e3))
            else:
                raise wrong("V406", "constant takes one rate", place.span, "write constant(1e-3)")
        case "steps":
            schedule = _steps(a)
        case "plateau":
            factor = a.number("factor", 0.1, 1e-6, 0.999999)
            patience = a.integer("patience", 10)
            assert factor is not None
            assert patience is not None
            schedule = Plateau(factor, patience, a.integer("drops"))
        case "cosine":
            schedule = Cosine()
        case _:
            raise _known(a, "schedule", ("constant", "steps", "plateau", "cosine", "warmup"))
    a.done()
    return schedule


def _steps(a: Arguments) -> Steps:
    steps: list[tuple[int, int, float]] = []
    example = "write steps(1..20: 1e-3, 21..30: 1e-4)"
    while (place := a.take()) is not None:
        if not isinstance(place, During):
            raise wrong("V406", f"`{place}` is no step", place.span, example)
        first, last = read_range(place.epochs, place.span)
        if first != (steps[-1][1] + 1 if steps else 1):
            message = f"epoch {steps[-1][1] + 1 if steps else 1} has no learning rate, or two"
            raise wrong("V406", message, place.span, example)
        steps.append((first, last, read_float(place.value, place.span, "a rate", 1e-12, 1e3)))
    if not steps:
        raise wrong("V406", "steps needs ranges of epochs", a.span, example)
    return Steps(tuple(steps))


def _stop(entry: Entry) -> Stop | None:
    if _is_none(entry):
        return None
    a = Arguments(_one(entry), "stop")
    if a.name not in STOP_MEASURES:
        raise _known(a, "measure to stop on", STOP_MEASURES)
    patience = a.integer("patience")
    a.done()
    if patience is None:
        raise wrong("V406", "stop needs a patience", a.span, f"write stop {EXAMPLES['stop']}")
    return Stop(a.name, patience)


def _init(entry: Entry) -> Init | From:
    first, *rest = entry.values
    a = Arguments(first, "init")
    if a.name != "from":
        return _plain_init(Arguments(_one(entry), "init"))
    source = a.take()
    if not isinstance(source, Atom) or source.kind not in ("string", "word"):
        raise wrong("V406", "from needs a spec or a recipe", a.span, 'write from("vgg_a.arch", conv1_1)')
    layers = []
    while (place := a.take()) is not None:
        if not isinstance(place, Atom) or place.kind != "word":
            raise wrong("V406", f"`{place}` is no layer's name", place.span, "write conv1_1")
        layers.append(place.text)
    a.done()
    otherwise = None
    if rest:
        if not (isinstance(rest[0], Atom) and rest[0].text.lower() == "else") or len(rest) != 2:
            raise wrong("V406", "`else` and one init can follow", rest[0].span, "write … else he")
        otherwise = _plain_init(Arguments(rest[1], "init"))
    return From(source.text, source.kind == "string", tuple(layers), otherwise)


def _plain_init(a: Arguments) -> Init:
    names: dict[str, Literal["auto", "he", "glorot", "torch", "normal"]] = {
        "auto": "auto",
        "he": "he",
        "glorot": "glorot",
        "xavier": "glorot",
        "torch": "torch",
        "default": "torch",
        "normal": "normal",
    }
    if a.name not in names:
        raise _known(a, "init", ("auto", "he", "glorot", "torch", "normal"))
    if names[a.name] != "normal":
        a.done()
        return Init(names[a.name])
    std, variance = a.number("std", None, 1e-9), a.number("variance", None, 1e-18)
    a.done()
    if (std is None) == (variance is None):
        raise wrong("V406", "normal takes std or variance, one of them", a.span, "write normal(std=0.1)")
    if variance is not None:
        return Init("normal", sqrt(variance), f"normal(variance={shortest(variance)})")
    assert std is not None
    return Init("normal", std, f"normal(std={shortest(std)})")


def _seeds(entry: Entry) -> tuple[int, ...]:
    seeds = tuple(atom_int(value, "seeds", 0) for value in entry.values)
    if len(set(seeds)) < len(seeds):
        raise wrong("V406", "a seed is given twice", entry.span, "write seeds 0 1 2")
    return seeds


def _loss(entry: Entry) -> Loss:
    a = Arguments(_one(entry), "loss")
    if a.name != "cross-entropy":
        raise _known(a, "loss", ("cross-entropy",))
    loss = Loss(a.number("smoothing", 0.0, most=0.999) or 0.0)
    a.done()
    return loss


def _clip(entry: Entry) -> float | None:
    if _is_none(entry):
        return None
    a = Arguments(_one(entry), "clip")
    if a.name != "norm":
        raise _known(a, "way to clip gradients", ("norm",))
    place = a.take()
    if not isinstance(place, Atom) or place.kind != "number":
        raise wrong("V406", "norm needs a number", a.span, "write clip norm(5)")
    a.done()
    return read_float(place.text, place.span, "norm", 1e-9, 1e9)


def _checkpoint(entry: Entry) -> int | None:
    if _is_none(entry):
        return None
    a = Arguments(_one(entry), "checkpoint")
    if a.name != "every":
        raise _known(a, "checkpoint", ("every",))
    every = positional_int(a)
    a.done()
    return every


def _word(*words: str) -> Callable[[Entry], str]:
    def read(entry: Entry) -> str:
        a = Arguments(_one(entry), entry.key)
        if a.name not in words:
            raise _known(a, f"value of {entry.key}", words)
        a.done()
        return a.name

    return read


def _count(entry: Entry) -> int:
    return atom_int(_one(entry), entry.key, 1)


_READERS: Mapping[str, Callable[[Entry], Any]] = {
    "data": _data,
    "augment": _augment,
    "normalize": _word("mean-std", "mean", "none"),
    "batch": _count,
    "optimizer": _optimizer,
    "schedule": _schedule,
    "loss": _loss,
    "clip": _clip,
    "epochs": _count,
    "stop": _stop,
    "init": _init,
    "seeds": _seeds,
    "precision": _word("auto", "fp32", "bf16"),
    "checkpoint": _checkpoint,
}
