"""The kinds of entries of a recipe: what may stand in each, and what it means; what goes without, ``Recipe`` says."""

import re
from dataclasses import replace
from functools import partial
from math import sqrt
from typing import Any, TypeVar

from vggdsl.language.schema import CallKind, EntryKind, Key, keys_of
from vggdsl.language.syntax import ALL_BUT
from vggdsl.language.types import Number, Phase, Quoted, Type, UnfitError, Whole, shortest
from vggdsl.network.weights import WEIGHT_FILES
from vggdsl.spec.recipe.augments import AUGMENTS, NO_AUGMENTS
from vggdsl.spec.recipe.mixing import MIXES
from vggdsl.spec.recipe.model import (
    DATA_SETS,
    IMAGENET,
    RATE,
    SGD,
    TORCHVISION,
    Adam,
    Constant,
    Cosine,
    Data,
    Ema,
    From,
    Init,
    Loss,
    OneCycle,
    Plateau,
    Steps,
    Stop,
)
from vggdsl.spec.recipe.tuning import TUNING
from vggdsl.text.source import Placed

# -- what makes values of what was given


_Optimizer = TypeVar("_Optimizer", SGD, Adam)
_FOR = {"val": "choose", "test": "test"}
_IN_FOLDERS = {
    "folder": "a folder with a folder for each class",
    "shards": "tar files that `vggdsl pack` wrote, or others for WebDataset",
}


def _data_set(name: str) -> CallKind:
    published = DATA_SETS[name]
    keys = keys_of(Data, "n", *(("classes",) if name == "fake" else ()), "val", "test", "seed", "labels", "images")
    if name in _IN_FOLDERS:
        path = Key("path", Quoted(), "where it is", required=True)
        return CallKind(name, partial(_data, name), _IN_FOLDERS[name], keys, (path,), f'{name}("DIR")')
    if name == "hf":
        path = Key("name", _HubName(), "of the hub, or a folder of `datasets`", required=True)
        keys = (*keys_of(Data, "split", "config", "image", "label"), *keys)
        meaning = "images with classes of the Hugging Face Hub, from the cache of its `datasets`, or a folder of theirs"
        return CallKind(name, partial(_data, name), meaning, keys, (path,), 'hf("OWNER/NAME")')
    if name == "fake":
        return CallKind(name, partial(_data, name), "noise over a pattern, for trying things", keys, (), "fake(n=512)")
    own = "".join(f", some of them to {_FOR[split]} by" for split in published.splits)
    meaning = f"{published.images:,} images of {published.classes} classes{own}"
    shown = name if "val" in published.splits else f"{name}(val=5000)"
    return CallKind(name, partial(_data, name), meaning, keys, (), shown)


class _HubName(Quoted):
    """As the hub gives names to sets, or a path that begins as none of them."""

    says = noun = "a name of the hub, or a folder that begins with `./`, `/` or `~`"
    example = '"OWNER/NAME"'

    def read(self, text: str) -> str:
        name = super().read(text)
        if not re.fullmatch(r"[./~].*|\w[\w.-]*(/\w[\w.-]*)?", name):
            raise UnfitError(f"`{name}` is no name of the hub", 'write "OWNER/NAME", or a folder as "./FOLDER"')
        return name


def _data(name: str, path: str | None = None, **values: Any) -> Data:
    for split in DATA_SETS[name].splits:
        if split in values:
            raise UnfitError(f"{name} has {split} images of its own", f"remove `{split}={values[split]}`", at=split)
    return Data(name, path, **values)


def _sgd(**values: Any) -> SGD:
    made = SGD(**values)
    if made.nesterov and not made.momentum:
        raise UnfitError("nesterov without momentum", f"say one, as in {replace(made, momentum=0.9)}")
    return _decaying(made)


def _adam(decoupled: bool = False, **values: Any) -> Adam:
    return _decaying(Adam(decoupled=decoupled, **values))


def _decaying(made: _Optimizer) -> _Optimizer:
    if made.decays != "all" and not made.weight_decay:
        help = f"say how much, as in {replace(made, weight_decay=5e-4)}"
        raise UnfitError("what decays is said, and no weight decay", help, at="decays")
    return made


def _steps(*steps: tuple[int, int, float]) -> Steps:
    epoch = 1
    for place, (first, last, _) in enumerate(steps):
        if first != epoch:
            what = f"epoch {epoch} has no learning rate" if first > epoch else f"epoch {first} has two learning rates"
            raise UnfitError(what, _FOLLOWING, at=place)
        epoch = last + 1
    return Steps(steps)


def _normal(std: float | None = None, variance: float | None = None) -> Init:
    if (std is None) == (variance is None):
        help = f"write {_NORMAL}" if std is None else "keep one"
        raise UnfitError("normal takes std or variance, one of them", help)
    if variance is not None:
        return Init("normal", sqrt(variance), f"normal(variance={shortest(variance)})")
    return Init("normal", std)


class _Statistic(Number):
    """A mean or a deviation of pixels from 0 to 1; that one is of 0 to 255 is told with those beside it."""

    def read(self, text: str) -> float:
        return Number(self.least).read(text)


def _of_channels(name: str, *values: float) -> tuple[float, ...]:
    if any(value > 1 for value in values):
        divided = ", ".join(shortest(round(value / 255, 12)) for value in values)
        help = f"divide means and deviations by 255: {name}({divided})"
        raise UnfitError(f"a {name} of pixels from 0 to 255, which are from 0 to 1 here", help)
    return values


def _mean(*values: float) -> str | tuple[float, ...]:
    return _of_channels("mean", *values) or "mean"


class _Base(Type):
    """In quotes a path, of which the ending tells what it is; a run's folder has none."""

    says = noun = "a spec, a recipe, weights or a run"
    example = '"vgg_a.arch"'
    kinds = ("string", "word")

    def read(self, text: str) -> str:
        path, model = text.strip('"'), text.strip('"').removeprefix(TORCHVISION)
        if path != model and not re.fullmatch(r"\w+(@\w+)?", model):
            raise UnfitError(f"`{path}` names no model", f"write `{_MODEL}`, or `{_MODEL}@NAME` for certain weights")
        if path != model and path != text:
            raise UnfitError(f"a model of torchvision in quotes, `{text}`", f"write it without: `{path}`", instead=path)
        ending = re.search(r"\.[a-z]\w*$", path, re.IGNORECASE)
        if path != text and ending and not path.lower().endswith((".arch", *WEIGHT_FILES)):
            help = f"what is read: a spec (.arch), weights ({' '.join(WEIGHT_FILES)}), a run's folder, or `{_MODEL}`"
            raise UnfitError(f"no weights are read from a file that ends with `{ending[0]}`", help)
        return text


_MODEL = f"{TORCHVISION}vgg16"


class _Chosen(Type):
    """The name of a layer or of what holds some, or a range of them; keeps its place."""

    says = noun = "a layer's name"
    example = "conv1_1"
    kinds = ("word", "layers", "range")

    def read(self, text: str) -> str:
        return text


def _from(source: str, *chosen: Placed) -> From:
    marked = [place for place, name in enumerate(chosen) if name.startswith(ALL_BUT)]
    if marked and marked[-1] > 0:
        help = "name what is taken, or behind one `all but` what isn't: `from(…, all but fc7, fc8)`"
        raise UnfitError(f"`{chosen[marked[-1]]}` behind other names", help, at=1 + marked[-1])
    names = tuple(name.part(len(ALL_BUT)) if name.startswith(ALL_BUT) else name for name in chosen)
    return From(source.strip('"'), source.startswith('"'), names, None, all_but=bool(marked))


def _different(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(seeds)) < len(seeds):
        raise UnfitError("a seed is given twice", f"write seeds {' '.join(map(str, dict.fromkeys(seeds)))}")
    return seeds


# -- the entries


def _word(name: str, meaning: str) -> CallKind:
    return CallKind(name, partial(str, name), meaning)


_STEPS = "steps(1..20: 1e-3, 21..30: 1e-4)"
_FOLLOWING = f"ranges begin with epoch 1 and follow each other, as in {_STEPS}"
_SMOOTHED = "cross-entropy(smoothing=0.1)"
_NORMAL = "normal(std=0.1)"
_SGD = "sgd(lr=0.05, momentum=0.9)"
_PLATEAU = "plateau(factor=0.1, patience=5)"
_STEP = Key("step", Phase(RATE), "epochs and their rate", required=True)
_N = Key("n", Whole(), "how many", required=True)
_CHOSEN = Key(
    "layer's name",
    _Chosen(),
    "whose weights are taken; that of a label for all that it holds; `conv1_1..conv4_3` in the network's order; "
    "behind `all but` those that take none; else all",
    shown="conv1_1",
)
_BASE = Key(
    "base",
    _Base(),
    'whose: a recipe, a spec `"vgg_a.arch"`, weights `"model.safetensors"`, a run `"runs/mini_vgg-s0-1"`, or those '
    f"of torchvision by their model's name, `{_MODEL}`",
    required=True,
)
_VARIANCE = Key("variance", Number(1e-18), "the deviation's square")
_MOST = Key("most", Number(1e-9), "the largest", required=True)

WARMUP = CallKind("warmup", int, "a rise for n epochs to another schedule: `warmup(5) cosine`", (), (_N,), "warmup(5)")
ONE_CYCLE = CallKind(
    "one-cycle",
    OneCycle,
    "up to the optimizer's rate and down again, step by step (Smith 2018)",
    keys_of(OneCycle),
    (),
    "one-cycle(peak=0.2, end=0, shape=linear)",
)
_FROM_EXAMPLE = 'from("vgg_a.arch", conv1_1)'
FROM = CallKind(
    "from",
    _from,
    "what was trained so, and elsewhere: `from(S256) else he`, `from(torchvision:vgg16) else he`",
    (),
    (_BASE,),
    _FROM_EXAMPLE,
    _CHOSEN,
)
_DATA = tuple(map(_data_set, DATA_SETS))
GIVEN = IMAGENET.numbers
MEAN = CallKind(
    "mean",
    _mean,
    "the training images' mean is taken away; `mean(…) std(…)`: what is given, of pixels from 0 to 1",
    more=Key("mean", _Statistic(0, 1), "of each channel: of RGB three, of grey one", shown="0.485"),
)
STD = CallKind(
    "std",
    partial(_of_channels, "std"),
    f"what the rest is divided by: `{GIVEN}`",
    shown=GIVEN,
    more=Key("std", _Statistic(1e-6, 1), "of each channel, as many as means", shown="0.229", required=True),
)
_NORMALIZE = (
    _word("mean-std", "the training images' mean is taken away, and the rest divided by their deviation"),
    MEAN,
    STD,
    CallKind("imagenet", lambda: IMAGENET, f"`{GIVEN}`, as for torchvision's weights"),
    _word("none", "nothing"),
)
_OPTIMIZER = (
    CallKind("sgd", _sgd, "stochastic gradient descent", keys_of(SGD), (), _SGD),
    CallKind("adam", _adam, "Adam (Kingma & Ba 2015)", keys_of(Adam)),
    CallKind(
        "adamw", partial(_adam, decoupled=True), "weight decay decoupled (Loshchilov & Hutter 2019)", keys_of(Adam)
    ),
)
_SCHEDULE = (
    CallKind("constant", Constant, "one rate", (), keys_of(Constant), "constant(1e-3)"),
    CallKind(
        "steps", _steps, "a rate for each range of epochs; the training ends with the last", (), (), _STEPS, _STEP
    ),
    CallKind(
        "plateau", Plateau, "a lower rate when the validation accuracy rises no more", keys_of(Plateau), (), _PLATEAU
    ),
    CallKind("cosine", Cosine, "from the optimizer's rate to zero along a half cosine, step by step"),
    ONE_CYCLE,
    WARMUP,
)
_LOSS = (
    CallKind("cross-entropy", Loss, "what is reported is without smoothing and weights", keys_of(Loss), (), _SMOOTHED),
)
_CLIP = (CallKind("norm", float, "the norm of all together is at most that", (), (_MOST,), "norm(5)"),)
_AVERAGE = (
    CallKind("ema", Ema, "an exponential moving one, a step after another", placed=keys_of(Ema), shown="ema(0.999)"),
)
_STOP = tuple(
    CallKind(name, partial(Stop, name), "that of the validation images", keys_of(Stop), (), f"{name}(patience=10)")
    for name in ("val-accuracy", "val-loss")
)
_INIT = (
    CallKind("he-torch", partial(Init, "he-torch"), "convolutions as `auto`, FC with the variance of `torch`"),
    CallKind("auto", partial(Init, "auto"), "`he` before a ReLU, `glorot` elsewhere; once the default"),
    CallKind("he", partial(Init, "he"), "He et al. 2015", also=("kaiming", "kaiming_normal", "he_normal")),
    CallKind(
        "glorot", partial(Init, "glorot"), "Glorot & Bengio 2010", also=("xavier", "xavier_normal", "glorot_normal")
    ),
    CallKind("torch", partial(Init, "torch"), "PyTorch's own, of biases too", also=("default",)),
    CallKind(
        "normal", _normal, "normally distributed, by one of the two", (*keys_of(Init, "std"), _VARIANCE), (), _NORMAL
    ),
    FROM,
)
_PRECISION = (
    _word("auto", "`bf16` where the device computes faster with it, else `fp32`"),
    _word("fp32", "32 bits"),
    _word("bf16", "16 bits where that does no harm"),
)
_DETERMINISTIC = (
    _word("yes", "slower there; what can't be is told"),
    _word("no", "sums may be added up in another order"),
)
_CHECKPOINT = (CallKind("every", int, "the state after every n epochs", (), (_N,), "every(5)"),)

ENTRY_KINDS = (
    EntryKind("data", "the images", "cifar10(val=5000)", _DATA, "data set"),
    EntryKind(
        "augment",
        "what is done to images to train on, in this order",
        "crop(32, pad=4) hflip",
        AUGMENTS,
        "augmentation",
        several=True,
        or_none=True,
        not_here=NO_AUGMENTS,
    ),
    EntryKind(
        "mix",
        "what is done to the images of a batch, and to their labels; of several one is drawn for each batch",
        "mixup(0.2) cutmix(1)",
        MIXES,
        "way to mix images",
        several=True,
        or_none=True,
    ),
    EntryKind(
        "normalize",
        "what is done to pixels, of 0 to 1",
        "mean-std",
        _NORMALIZE,
        "value of normalize",
        together=(MEAN.name, STD.name),
    ),
    EntryKind("batch", "images in a step", "128", number=Whole()),
    EntryKind("optimizer", "how weights follow gradients", _SGD, _OPTIMIZER),
    EntryKind("schedule", "how the learning rate goes on", _PLATEAU, _SCHEDULE),
    EntryKind("loss", "what is made small", _SMOOTHED, _LOSS),
    EntryKind("clip", "how large gradients are scaled down", "norm(5)", _CLIP, "way to clip gradients", or_none=True),
    EntryKind("average", "what of the weights is evaluated and kept", "ema(0.999)", _AVERAGE, or_none=True),
    EntryKind("epochs", "how often each image is seen, at most", "40", number=Whole()),
    EntryKind(
        "stop", "what ends a training early", "val-accuracy(patience=10)", _STOP, "measure to stop on", or_none=True
    ),
    EntryKind("init", "the weights to begin with; biases are 0", _NORMAL, _INIT),
    *TUNING,
    EntryKind("seeds", "one training for each", "0 1 2", number=Whole(0), several=True, make=_different),
    EntryKind("precision", "of the numbers to compute with", "auto", _PRECISION, "value of precision"),
    EntryKind(
        "deterministic",
        "whether a GPU repeats a training bit for bit, as a CPU does",
        "yes",
        _DETERMINISTIC,
        "value of deterministic",
        make=lambda word: word == "yes",
    ),
    EntryKind("checkpoint", "what is kept besides the best and the last", "every(5)", _CHECKPOINT, or_none=True),
)
