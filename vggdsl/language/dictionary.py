"""The words for layers, a row a kind.

How a layer is spelled is told here and nowhere else: grammars take their words from the rows, and so do reading,
writing, suggestions, options, rules, names of layers, the table on the language's page and the tests.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, get_args

from vggdsl.language.schema import Key
from vggdsl.language.types import Axes, Flag, Number, Padding, Whole
from vggdsl.network.ops import (
    ENDS,
    FC,
    LRN,
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    Concat,
    Conv,
    Dropout,
    Function,
    GlobalAvgPool,
    GlobalMaxPool,
    GroupNorm,
    Identity,
    Layer,
    MaxPool,
    Merge,
    Mul,
    PReLU,
    Shuffle,
    Softmax,
    Take,
    Widen,
)
from vggdsl.network.shapes import Window

Form = Literal["CONV", "POOL", "SIZED", "RATED", "CURVED", "PLAIN", "MERGE"]
"""What stands around a word: ``conv3-64/2``; ``maxpool3/2`` or the word alone; ``FC-10``; ``dropout-0.5``;
``LeakyReLU-0.1`` or the word alone; ``BN``; ``add[ … | … ]``. So the terminals of the grammars are called."""
FORMS: tuple[Form, ...] = get_args(Form)


@dataclass(frozen=True)
class LayerKind:
    """A kind of layers and how it is spelled."""

    word: str
    """The word in its one form: its op's ``kind``, and what a layer of the kind begins with."""
    form: Form
    op: type[Layer | Merge]
    meaning: str
    """For the language's page; kinds that stand behind each other and mean the same share a line."""
    shown: tuple[str, ...] = ()
    """How it may be written, an example first; nothing where that is the word alone."""
    spellings: str = ""
    """A regular expression for the word, where it has several spellings."""
    number: str = ""
    """The field of the op for what is behind the word's hyphen, in the forms SIZED, RATED and CURVED."""
    fits: Number | None = None
    """What that number may be, in the form CURVED."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the op that the word says itself."""
    options: tuple[Key, ...] = ()
    """Named as the fields of the op, or of its window; what isn't written is the op's default."""
    ruled: bool = False
    """Whether it can have rules and defaults, as in ``after conv: BN ReLU``."""
    name: str = ""
    """What its layers are called, as papers do, before a number; nothing where that is the word in small letters."""
    counted: bool = False
    """Whether its layers are numbered; others are named after the layer that they follow."""
    also: tuple[str, ...] = ()
    """Other tools' words for it, in small letters."""

    @property
    def example(self) -> str:
        return self.shown[0] if self.shown else self.word

    @property
    def pattern(self) -> str:
        """A regular expression for the word."""
        return self.spellings or re.escape(self.word)

    @property
    def stem(self) -> str:
        return self.name or self.word.lower()

    @property
    def stands_alone(self) -> bool:
        """Whether the word is a layer with nothing behind it."""
        return self.form in ("PLAIN", "POOL", "CURVED")

    def make(self, number: float | None = None, **values: Any) -> Layer | Merge:
        """A layer of the kind: the number behind its hyphen, and values for other fields of the op."""
        numbers: dict[str, Any] = {} if number is None else {self.number: number}
        return self.op(**self.fields, **numbers, **values)


_COUNT, _PADDING = Whole(1, most=10**6), Padding(Whole(0, most=10**6))
_SIDES = ", or above, below, left and right: `pad=0,1,0,1`"
_ABOVE_0 = Number(0, above=True)
_BIAS = Key("bias", Flag(), "one number more for each output", default=Conv.bias)
_POOL = (
    Key(
        "pad",
        _PADDING,
        "rows and columns that are added on each side, or above, below, left and right: `pad=0,1,0,1`",
        default=Window.pad,
    ),
    Key("ceil", Flag(), "a last window may hang over the end", default=Window.ceil),
)


def _function(word: Function, *also: str, name: str = "") -> LayerKind:
    meaning = "activations"
    return LayerKind(word, "PLAIN", Activation, meaning, fields={"function": word}, name=name, also=also)


def _curve(word: Function, meaning: str, shown: str, fits: Number, *also: str) -> LayerKind:
    """A function with a constant."""
    fields = {"function": word}
    return LayerKind(
        word, "CURVED", Activation, meaning, (word, shown), number="constant", fits=fits, fields=fields, also=also
    )


_ROWS = (
    LayerKind(
        "conv",
        "CONV",
        Conv,
        "convolution: kernel, channels, stride; pads by (k − 1)/2, with a bias",
        shown=("conv3-64", "conv1x7-64", "conv7-64/2"),
        options=(
            Key(
                "pad",
                _PADDING,
                f"rows and columns of zeros on each side{_SIDES}; else as many as keep the size at stride 1",
            ),
            Key("stride", Axes(_COUNT), "how far the window moves", default=Window.stride),
            Key("groups", _COUNT, "parts of the channels, each convolved by itself", default=Conv.groups),
            Key("dilation", Axes(_COUNT), "the distance of two weights of the window", default=Window.dilation),
            _BIAS,
        ),
        ruled=True,
        counted=True,
        also=("conv2d", "convolution", "convolutional"),
    ),
    LayerKind(
        "FC",
        "SIZED",
        FC,
        "fully connected: flattens by itself",
        shown=("FC-4096",),
        number="features",
        options=(_BIAS,),
        ruled=True,
        counted=True,
        also=("dense", "linear", "fully", "fully-connected", "inner-product", "affine"),
    ),
    LayerKind(
        "maxpool",
        "POOL",
        MaxPool,
        "2×2, stride 2 unless told; rounds sizes down, up with `ceil`",
        shown=("maxpool", "max pooling", "maxpool3/2"),
        spellings="max[ -]?pool(?:ing)?",
        options=_POOL,
        ruled=True,
        name="pool",
        counted=True,
        also=("pool",),
    ),
    LayerKind(
        "avgpool",
        "POOL",
        AvgPool,
        "as `maxpool`; padding counts in the mean",
        shown=("avgpool", "average pooling", "avgpool7/1"),
        spellings="(?:avg|average)[ -]?pool(?:ing)?",
        options=_POOL,
        ruled=True,
        name="pool",
        counted=True,
        also=("meanpool",),
    ),
    LayerKind(
        "global-avgpool",
        "PLAIN",
        GlobalAvgPool,
        "the mean over the whole map",
        spellings="global-(?:avg|average)-?pool(?:ing)?",
        name="pool",
        counted=True,
        also=("gap",),
    ),
    LayerKind(
        "global-maxpool",
        "PLAIN",
        GlobalMaxPool,
        "the maximum over the whole map",
        spellings="global-max-?pool(?:ing)?",
        name="pool",
        counted=True,
        also=("gmp",),
    ),
    LayerKind(
        "BN",
        "PLAIN",
        BatchNorm,
        "batch normalisation; `momentum` is the share of the new batch",
        options=(
            Key("eps", _ABOVE_0, "what is added to the variance", default=BatchNorm.eps),
            Key("momentum", Number(0, 1, above=True), "the share of the new batch", default=BatchNorm.momentum),
        ),
        ruled=True,
        also=("batchnorm", "batch-norm", "batch-normalization", "batch-normalisation", "bn2d"),
    ),
    LayerKind(
        "GN",
        "SIZED",
        GroupNorm,
        "group normalisation, of 32 groups of channels",
        shown=("GN-32",),
        number="groups",
        options=(Key("eps", _ABOVE_0, "what is added to the variance", default=GroupNorm.eps),),
        ruled=True,
        also=("groupnorm", "group-norm", "group_norm", "group-normalization"),
    ),
    LayerKind(
        "LRN",
        "PLAIN",
        LRN,
        "local response normalisation, with Krizhevsky's `alpha`, which is not divided by `n`",
        options=(
            Key("n", _COUNT, "neighbouring channels", default=LRN.n),
            Key("k", _ABOVE_0, "what is added to the sum", default=LRN.k),
            Key("alpha", _ABOVE_0, "the factor of the sum of squares", default=LRN.alpha),
            Key("beta", _ABOVE_0, "the power by which is divided", default=LRN.beta),
        ),
        ruled=True,
        also=("localresponsenorm", "local-response-norm", "local-response-normalization"),
    ),
    LayerKind(
        "dropout",
        "RATED",
        Dropout,
        "the share of values that is dropped in training",
        shown=("dropout-0.5", "dropout-40%"),
        number="rate",
        name="drop",
        also=("drop",),
    ),
    _function("ReLU"),
    _function("ReLU6", name="clip"),
    _function("GELU"),
    _function("SiLU", "swish"),
    _function("hard-swish", "hardswish", "hard_swish", "h-swish", "hswish", name="hardswish"),
    _function("tanh"),
    _function("sigmoid"),
    _function("hard-sigmoid", "hardsigmoid", "hard_sigmoid", "h-sigmoid", "hsigmoid", name="hardsigmoid"),
    _curve(
        "LeakyReLU",
        "an activation, with its slope below 0: 0.01 unless told",
        "LeakyReLU-0.1",
        Number(1e-6, 0.999999),
        "leaky",
        "lrelu",
    ),
    _curve("ELU", "an activation, with its alpha: down to -1 unless told", "ELU-0.5", Number(1e-6, 1e6)),
    LayerKind("PReLU", "PLAIN", PReLU, "an activation that learns a slope for each channel"),
    LayerKind(
        "softmax",
        "PLAIN",
        Softmax,
        "only at the end; PyTorch gives logits, ONNX probabilities",
        shown=("softmax", "soft-max"),
        spellings="soft-?max",
    ),
    LayerKind("identity", "PLAIN", Identity, "gives what it gets: the branch of a shortcut"),
    LayerKind(
        "widen",
        "SIZED",
        Widen,
        "zeros behind the channels until there are 32: `maxpool1/2 widen-32` is a shortcut without parameters",
        shown=("widen-32",),
        number="channels",
    ),
    *(
        LayerKind(
            end,
            "SIZED",
            Take,
            "so many channels, the first or the last of those that come: with a branch of each, a channel split",
            shown=(f"{end}-58",),
            number="channels",
            fields={"end": end},
        )
        for end in ENDS
    ),
    LayerKind(
        "shuffle",
        "SIZED",
        Shuffle,
        "the channels of 2 groups, interleaved",
        shown=("shuffle-2",),
        number="groups",
        also=("channel-shuffle", "channel_shuffle", "channelshuffle"),
    ),
    LayerKind(
        "concat",
        "MERGE",
        Concat,
        "branches, their channels one behind the other; they have one height and width",
        shown=("concat[ conv1-64 | conv1-96 conv3-128 | identity ]",),
        ruled=True,
        counted=True,
        also=("cat", "concatenate", "stack", "join", "depthconcat", "filter-concat"),
    ),
    LayerKind(
        "add",
        "MERGE",
        Add,
        "branches, summed; they have one shape",
        shown=("add[ conv3-64 BN | identity ]",),
        ruled=True,
        counted=True,
        also=("residual", "shortcut", "skip", "sum", "plus", "elementwise", "eltwise"),
    ),
    LayerKind(
        "mul",
        "MERGE",
        Mul,
        "branches, multiplied value by value; they have one shape, or are 1×1 with its channels, which they scale",
        shown=("mul[ identity | global-avgpool conv1-4 ReLU conv1-64 sigmoid ]",),
        ruled=True,
        counted=True,
        also=("multiply", "product", "prod", "times", "gate", "hadamard"),
    ),
)

KINDS: Mapping[str, LayerKind] = MappingProxyType({kind.word: kind for kind in _ROWS})
"""By their words."""

ACTIVATIONS = tuple(kind.word for kind in _ROWS if kind.op.activation)
"""What counts as an activation where rules and what is implied are about them."""
PASSING = tuple(kind.word for kind in _ROWS if kind.op.passing)
"""What may stand between a layer and its activation."""
WEIGHT_LAYERS = tuple(kind.word for kind in _ROWS if kind.op.weight_layer)
MERGES = tuple(kind.word for kind in _ROWS if kind.form == "MERGE")


@cache
def kind_of(word: str) -> LayerKind:
    """The kind of a word that a grammar took for one."""
    return next(kind for kind in _ROWS if re.fullmatch(kind.pattern, word, re.IGNORECASE | re.ASCII))


def words_of(terminal: str) -> str | None:
    """A regular expression for the words of a form, or (KIND) for those that can have rules, by a terminal's name."""
    if terminal == "KIND":
        words = [re.escape(kind.word) for kind in _ROWS if kind.ruled]
    else:
        words = [kind.pattern for kind in _ROWS if kind.form == terminal]
    return f"(?:{'|'.join(words)})" if words else None
