"""Recipes: how a network is trained, as the spec says it. Every value knows where it comes from."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Annotated, Any, Literal

from vggdsl.language.schema import call_text
from vggdsl.language.syntax import ALL_BUT
from vggdsl.language.types import Flag, Name, Number, OneOf, Whole, shortest
from vggdsl.network.weights import WEIGHT_FILES
from vggdsl.spec.recipe.augments import Augment
from vggdsl.spec.recipe.mixing import Mix
from vggdsl.spec.recipe.tuning import Chosen, Rated
from vggdsl.text.errors import Label
from vggdsl.text.source import Span

Origin = Literal["spec", "default", "flag"]


FAKE_CLASSES, FAKE_IMAGES = 10, 1000
_PART = "how many images, class by class, of those to train on; what is set aside is set aside of them"
_NAMED = Name("train")
RATE = Number(1e-12, 1e3)
DEFAULT_ADAM_LR = 1e-3
"""Kingma & Ba 2015, algorithm 1. SGD has no usual rate: there the recipe must say one."""
_LR = f"the learning rate; else the schedule's, or for Adam {DEFAULT_ADAM_LR:g}"
_DECAY = "the weight of the squares of the weights"
_DECAYS = "`weights` are those of convolutions and FC layers alone: no biases, and nothing that a norm or PReLU learns"
Decays = Annotated[Literal["all", "weights"], OneOf("all", "weights"), _DECAYS]


@dataclass(frozen=True)
class Data:
    """A data set: ``cifar10(val=5000)``, ``folder("DIR")``, ``fake(classes=10, n=512)``.

    ``n`` are the images to use of those that the set has to train on: what is set aside is set aside of them, and
    splits that it has besides stay whole. ``val`` and ``test`` are how many to set aside where the set has no such
    split, and ``seed`` which ones. With ``labels=random`` the labels to train on and to choose by are drawn, with
    ``images=noise`` their images; the test stays as it is.
    """

    name: str
    path: str | None = None
    val: Annotated[int | None, Whole(), "images to choose by; else the set's own, or a usual number"] = None
    test: Annotated[int | None, Whole(), "images to test by; else the set's own, or a usual number"] = None
    seed: Annotated[int, Whole(0), "which images these are"] = 0
    classes: Annotated[int | None, Whole(2), f"how many are drawn; else {FAKE_CLASSES}"] = None
    n: Annotated[int | None, Whole(), f"{_PART}; else all, {FAKE_IMAGES:,} of fake"] = None
    labels: Annotated[Literal["random"] | None, OneOf("random"), "drawn, in place of the true ones"] = None
    images: Annotated[Literal["noise"] | None, OneOf("noise"), "noise, in place of the true ones"] = None
    split: Annotated[str | None, _NAMED, "the one that is divided; else those that are parts by their names"] = None
    config: Annotated[str | None, _NAMED, "the configuration, of several"] = None
    image: Annotated[str | None, _NAMED, "the column of images; else the only one"] = None
    label: Annotated[str | None, _NAMED, "the column of classes; else the only one"] = None

    @property
    def is_local(self) -> bool:
        """Whether its path is one of this machine, and no name of the hub."""
        return self.path is not None and (self.name != "hf" or self.path.startswith((".", "/", "~")))

    def __str__(self) -> str:
        text = call_text(self.name, self)
        if self.path is None:
            return text
        inner = text[len(self.name) + 1 : -1]
        return f'{self.name}("{self.path}"{", " + inner if inner else ""})'


@dataclass(frozen=True)
class Published:
    """A data set as it was published: classes, labelled images in all, their height and width where all are square
    and alike, and the splits that it comes with besides ``train``, with their images. None where the data at hand
    decide; a copy may hold fewer images."""

    classes: int | None = None
    images: int | None = None
    size: int | None = None
    splits: Mapping[str, int] = field(default_factory=dict)
    is_grey: bool = False

    @property
    def train(self) -> int | None:
        """Images to train on, with those that are set aside of them."""
        return None if self.images is None else self.images - sum(self.splits.values())


DATA_SETS: Mapping[str, Published] = {
    "digits": Published(10, 1_797, 8, is_grey=True),
    "mnist": Published(10, 70_000, 28, {"test": 10_000}, is_grey=True),
    "fashion-mnist": Published(10, 70_000, 28, {"test": 10_000}, is_grey=True),
    "cifar10": Published(10, 60_000, 32, {"test": 10_000}),
    "cifar100": Published(100, 60_000, 32, {"test": 10_000}),
    "svhn": Published(10, 99_289, 32, {"test": 26_032}),
    "stl10": Published(10, 13_000, 96, {"test": 8_000}),
    "tiny-imagenet": Published(200, 110_000, 64, {"test": 10_000}),
    "imagenet": Published(1000, 1_331_167, splits={"val": 50_000}),
    "folder": Published(),
    "shards": Published(),
    "hf": Published(),
    "fake": Published(),
}


@dataclass(frozen=True)
class Given:
    """Mean and deviation of each channel as they are given, of pixels from 0 to 1; ``written`` is a word for them."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    written: str = field(default="", compare=False)

    @property
    def numbers(self) -> str:
        mean, std = (", ".join(map(shortest, values)) for values in (self.mean, self.std))
        return f"mean({mean}) std({std})"

    def __str__(self) -> str:
        return self.written or self.numbers


IMAGENET = Given((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "imagenet")
"""Of ImageNet's training images, as torchvision's models take them (its ``transforms/_presets.py``)."""

Normalize = Literal["none", "mean", "mean-std"] | Given


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent."""

    lr: Annotated[float | None, RATE, _LR] = None
    momentum: Annotated[float, Number(0, 1), "the share of the last step that goes on"] = 0.0
    nesterov: Annotated[bool, Flag(), "whether the momentum looks ahead (Nesterov 1983)"] = False
    weight_decay: Annotated[float, Number(), _DECAY] = 0.0
    decays: Decays = "all"

    def __str__(self) -> str:
        return call_text("sgd", self)


@dataclass(frozen=True)
class Adam:
    """Adam, or AdamW where the weight decay is decoupled."""

    lr: Annotated[float | None, RATE, _LR] = None
    weight_decay: Annotated[float, Number(), _DECAY] = 0.0
    decoupled: bool = False
    decays: Decays = "all"

    def __str__(self) -> str:
        return call_text("adamw" if self.decoupled else "adam", self)


Optimizer = SGD | Adam


@dataclass(frozen=True)
class Constant:
    lr: Annotated[float | None, RATE, "the learning rate; else the optimizer's"] = None

    def __str__(self) -> str:
        return f"constant({shortest(self.lr)})" if self.lr is not None else "constant"


@dataclass(frozen=True)
class Steps:
    """A learning rate for each range of epochs, counted from 1, without gaps."""

    steps: tuple[tuple[int, int, float], ...]

    def __str__(self) -> str:
        return f"steps({', '.join(f'{a}..{b}: {shortest(lr)}' for a, b, lr in self.steps)})"


@dataclass(frozen=True)
class Plateau:
    """The rate is multiplied by ``factor`` when ``patience`` epochs bring no better validation
    accuracy; after ``drops`` drops the next plateau ends the training."""

    factor: Annotated[float, Number(1e-6, 0.999999), "by which the rate is multiplied"] = 0.1
    patience: Annotated[int, Whole(), "epochs without a better one"] = 10
    drops: Annotated[int | None, Whole(), "after which the next plateau ends the training; else it goes on"] = None

    def __str__(self) -> str:
        return call_text("plateau", self, whole=True)


@dataclass(frozen=True)
class Cosine:
    """From the optimizer's rate to zero over all epochs, along a half cosine, step by step."""

    def __str__(self) -> str:
        return "cosine"


@dataclass(frozen=True)
class OneCycle:
    """From ``start`` times the optimizer's rate up to it, then down to ``end`` times it, step by step (Smith 2018).

    The numbers are those of PyTorch's ``OneCycleLR`` where none are given; momentum stays as it is.
    """

    peak: Annotated[float, Number(0, 1), "the share of all steps in which the rate rises"] = 0.3
    start: Annotated[float, Number(0, 1), "the first rate, of the optimizer's"] = 0.04
    end: Annotated[float, Number(0, 1), "the last rate, of the optimizer's"] = 4e-6
    shape: Annotated[Literal["cosine", "linear"], OneOf("cosine", "linear"), "of the rise and of the fall"] = "cosine"

    def __str__(self) -> str:
        return call_text("one-cycle", self)


@dataclass(frozen=True)
class WarmUp:
    """The rate rises linearly over the first epochs, then ``then`` takes over."""

    epochs: int
    then: "Constant | Steps | Plateau | Cosine"

    def __str__(self) -> str:
        return f"warmup({self.epochs}) {self.then}"


Schedule = Constant | Steps | Plateau | Cosine | OneCycle | WarmUp


@dataclass(frozen=True)
class Loss:
    """Cross-entropy; with ``smoothing`` e the target is 1 - e for the label and e spread evenly over all classes.

    With ``class_weights`` the loss of a step is the weighted mean over its images, as PyTorch's ``weight`` has it. The
    losses that are reported, and waited for, are those without smoothing and weights.
    """

    smoothing: Annotated[float, Number(0, 0.999), "the share of the target that is spread over all classes"] = 0.0
    class_weights: Annotated[
        Literal["balanced"] | None,
        OneOf("balanced"),
        "a label of a class counts n / (k·m), where m of n images to train on are of it, and k classes there are; "
        "else all count alike",
    ] = None

    def __str__(self) -> str:
        return call_text("cross-entropy", self)


@dataclass(frozen=True)
class Ema:
    """An exponential moving average of the weights, which is evaluated, kept and used in their place."""

    decay: Annotated[float, Number(0, 0.999999, above=True), "the share of it that a step leaves"]

    def __str__(self) -> str:
        return call_text("ema", self, placed="decay")


@dataclass(frozen=True)
class Stop:
    """Training ends when ``patience`` epochs bring no better value of the measure."""

    measure: str
    patience: Annotated[int, Whole(), "epochs without a better one"]

    def __str__(self) -> str:
        return call_text(self.measure, self)


@dataclass(frozen=True)
class Init:
    """``auto`` (He before a ReLU, Glorot elsewhere), ``he-torch`` (so of convolutions, FC with PyTorch's variance),
    ``he``, ``glorot``, ``torch`` (the framework's own) or ``normal`` with its deviation; zero biases but for ``torch``.

    ``auto`` was the default when the first records were written."""

    how: Literal["he-torch", "auto", "he", "glorot", "torch", "normal"] = "he-torch"
    std: Annotated[float | None, Number(1e-9), "the deviation"] = None
    written: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.written or call_text(self.how, self)


TORCHVISION = "torchvision:"
"""Before the name of a model whose weights are meant."""


@dataclass(frozen=True)
class From:
    """Weights of another network or recipe for the layers that ``chosen`` names (all where it names none).

    ``source`` is the name of a recipe, or ``torchvision:`` with that of a model; or, where it ``is_file``, the path of
    a spec, of a file of weights, or of a run's folder.

    A name is that of a layer, that of what holds layers, or a range ``conv1_1..conv4_3`` of them;
    ``spec/chosen.py`` says which layers these are. With ``all_but`` all others take theirs.
    """

    source: str
    is_file: bool
    chosen: tuple[str, ...]
    otherwise: Init | None
    recipe: str | None = None
    """The digest of the recipe ``source``, where that isn't a file."""
    all_but: bool = False

    @property
    def kind(self) -> Literal["recipe", "torchvision", "spec", "weights", "folder"]:
        """What the source names; a ``folder`` is a run's, or a spec that ships by its name alone."""
        if not self.is_file:
            return "torchvision" if self.source.startswith(TORCHVISION) else "recipe"
        path = self.source.lower()
        return "spec" if path.endswith(".arch") else "weights" if path.endswith(WEIGHT_FILES) else "folder"

    def __str__(self) -> str:
        source = f'"{self.source}"' if self.is_file else self.source
        text = f"from({', '.join((source, *self.as_written))})"
        return f"{text} else {self.otherwise}" if self.otherwise else text

    @property
    def as_written(self) -> tuple[str, ...]:
        """The names, with what a spec writes before the first."""
        return (f"{ALL_BUT}{self.chosen[0]}", *self.chosen[1:]) if self.all_but else self.chosen


@dataclass(frozen=True)
class Recipe:
    """Everything a run needs, with defaults for what the spec leaves out."""

    name: str | None = None
    data: Data = Data("digits")
    augment: tuple[Augment, ...] = ()
    mix: tuple[Mix, ...] = ()
    normalize: Normalize = "mean-std"
    batch: int = 128
    optimizer: Optimizer = Adam()
    schedule: Schedule = Constant()
    loss: Loss = Loss()
    clip: float | None = None
    """The largest norm that the gradients of a step may have together; larger ones are scaled down to it."""
    average: Ema | None = None
    epochs: int = 20
    stop: Stop | None = None
    init: Init | From = Init()
    freeze: Chosen | None = None
    rate: tuple[Rated, ...] = ()
    seeds: tuple[int, ...] = (0,)
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    deterministic: bool = False
    """Whether a GPU uses only what gives the same bits each time."""
    checkpoint: int | None = None
    origins: Mapping[str, Origin] = field(default_factory=dict, compare=False)
    places: Mapping[str, Span] = field(default_factory=dict, compare=False, repr=False)

    def __repr__(self) -> str:
        name = f"{self.name!r}, " if self.name else ""
        seeds = " ".join(map(str, self.seeds[:5])) + (" …" if len(self.seeds) > 5 else "")
        return f"Recipe({name}{self.data}, batch {self.batch}, {self.optimizer}, {self.epochs} epochs, seeds {seeds})"

    def origin(self, key: str) -> Origin:
        return self.origins.get(key, "default")

    def place(self, key: str) -> tuple[Label, ...]:
        """Where the spec writes an entry; nowhere for a default or a flag."""
        return (Label(self.places[key], "here"),) if key in self.places and self.origin(key) != "flag" else ()

    def written(self, key: str) -> str:
        """An entry's value as a spec writes it."""
        value = getattr(self, key)
        if isinstance(value, tuple):
            return " ".join(map(str, value)) or "none"
        if key == "checkpoint" and value is not None:
            return f"every({value})"
        if key == "clip" and value is not None:
            return f"norm({shortest(value)})"
        if isinstance(value, bool):
            return "yes" if value else "no"
        return "none" if value is None else str(value)

    def with_flags(self, **values: Any) -> "Recipe":
        """The recipe with entries replaced from the command line; what is None is left alone."""
        given = {key: value for key, value in values.items() if value is not None}
        origins = dict(self.origins) | dict.fromkeys(given, "flag")
        return replace(self, **given, origins=origins)

    @property
    def main_schedule(self) -> "Constant | Steps | Plateau | Cosine | OneCycle":
        """The schedule, or what a warm-up leads to."""
        return self.schedule.then if isinstance(self.schedule, WarmUp) else self.schedule

    @property
    def may_end_early(self) -> bool:
        """Whether a training can end before the last epoch."""
        schedule = self.main_schedule
        return self.stop is not None or (isinstance(schedule, Plateau) and schedule.drops is not None)

    @property
    def lr(self) -> float:
        """The first learning rate."""
        schedule = self.main_schedule
        if isinstance(schedule, Constant) and schedule.lr is not None:
            return schedule.lr
        if isinstance(schedule, Steps):
            return schedule.steps[0][2]
        return self.optimizer.lr if self.optimizer.lr is not None else DEFAULT_ADAM_LR

    @cached_property
    def digest(self) -> str:
        """Eight hex digits that name what is trained how.

        Over the meaning, not the spelling: where the learning rate stands, whether a deviation is given
        as a variance, or ImageNet's statistics as numbers, makes no difference. Seeds and checkpoints don't count.
        """
        apart = ("seeds", "checkpoint", "optimizer", "init")
        meant: dict[str, object] = {key: self.written(key) for key in KEYS if key not in apart}
        default = Recipe()
        for key in _LATER:  # what older versions did without saying so
            if getattr(self, key) == getattr(default, key):
                del meant[key]
        if isinstance(self.normalize, Given):
            meant["normalize"] = self.normalize.numbers
        meant["lr"] = self.lr
        meant["optimizer"] = replace(self.optimizer, lr=None)
        if isinstance(self.main_schedule, Constant):
            warm = self.schedule.epochs if isinstance(self.schedule, WarmUp) else 0
            meant["schedule"] = f"constant after {warm}"
        init = self.init.otherwise if isinstance(self.init, From) else self.init
        source: tuple[str, ...] = ()
        if isinstance(self.init, From):
            source = (self.init.source, *self.init.as_written, *([self.init.recipe] if self.init.recipe else ()))
        meant["init"] = (source, (init.how, init.std) if init else None)
        lines = (f"{key} {value}" for key, value in sorted(meant.items()))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:8]


_LATER = ("mix", "loss", "clip", "average", "freeze", "rate", "deterministic")
"""Entries that came after digests were written down in records; their defaults are what was done before."""

KEYS = tuple(f.name for f in fields(Recipe) if f.name not in ("name", "origins", "places"))
