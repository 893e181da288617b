"""Other tools' words for what stands in a recipe, and for what can't."""

from collections.abc import Mapping


def _each(words: str, said: str) -> dict[str, str]:
    return dict.fromkeys(words.split(), said)


OPTIMIZER_ELSEWHERE: Mapping[str, str] = {
    **_each("lr learning-rate base-lr initial-lr init-lr", "lr"),
    **_each("weight-decay wd", "weight-decay"),
    "momentum": "momentum",
    "nesterov": "nesterov",
}
"""What other tools give a line of its own, and which option of the optimizer it is."""

OPTIONS_ELSEWHERE: Mapping[str, str] = {
    **OPTIMIZER_ELSEWHERE,
    **_each("weights weight class-weight balance", "class-weights"),
    "label-smoothing": "smoothing",
    "padding": "pad",
    **_each("prob probability", "p"),
}
"""Other words for options in brackets, with `-` for `_`: told where a call has such an option."""

_STOPS = ("stop val-accuracy(patience={})", "stop val-loss(patience={})")
ENTRIES_ELSEWHERE: Mapping[str, str] = {
    **_each("batch-size batchsize mini-batch minibatch bs", "batch {}"),
    **_each("num-epochs n-epochs max-epochs nb-epochs nb-epoch", "epochs {}"),
    **_each("seed random-seed random-state manual-seed", "seeds {}"),
    **_each("label-smoothing smoothing", "loss cross-entropy(smoothing={})"),
    **_each(
        "clip-norm grad-clip gradient-clip gradient-clipping max-grad-norm clip-grad-norm global-clipnorm",
        "clip norm({})",
    ),
    **_each("mixup mixup-alpha", "mix mixup({})"),
    **_each("cutmix cutmix-alpha", "mix cutmix({})"),
    **_each("ema ema-decay model-ema model-ema-decay ema-momentum averaging", "average ema({})"),
    **_each("dataset data-set dataset-name", "data {}"),
    **_each("early-stopping early-stop early-stopping-patience", f"{_STOPS[0]} | {_STOPS[1]}"),
    "patience": f"{_STOPS[0]} | {_STOPS[1]} | schedule plateau(patience={{}})",
    **_each("warmup warm-up warmup-epochs", "schedule warmup({}) constant"),
    **_each("scheduler lr-schedule lr-scheduler lr-policy", "schedule {}"),
    **_each("initializer initialization weight-init kernel-initializer", "init {}"),
    **_each("criterion loss-function loss-fn objective", "loss {}"),
    **_each(
        "transform transforms train-transform train-transforms transform-train transforms-train data-augmentation "
        "data-transform data-transforms",
        "augment {}",
    ),
    **_each("train-loader trainloader train-dataloader dataloader data-loader", "batch {}"),
    **_each("normalization standardize standardization", "normalize {}"),
    **_each("dtype mixed-precision use-mixed-precision amp use-amp scaler", "precision {}"),
    **_each("save-every save-freq checkpoint-every", "checkpoint every({})"),
}
"""Other words for entries, and how they are written here; ways that differ stand with ` | ` between."""

BY_EACH = "of each weight by itself it isn't in the language, of all together it is"
"""What is said of Keras's `clipnorm`; its global one, and `clip-norm` elsewhere, are as here."""
SWA = "it isn't in the language, which has an exponential moving average of weights: `average ema(0.999)`"
_WEIGHTS = '`init from(torchvision:vgg16)`, or those of a file: `init from("weights.pth")`'
NO_ENTRIES: Mapping[str, str] = {
    **_each(
        "device gpu gpus cuda cpu accelerator",
        "where it is trained is said in the call, by --device",
    ),
    **_each("threads num-threads", "how many compute is said in the call, by --threads"),
    **_each("workers num-workers", "leave it out: how images are read is no part of a recipe"),
    **_each(
        "iterations iters max-iter max-iterations steps max-steps",
        "a training is counted in `epochs`: in each, all images are seen once",
    ),
    **_each(
        "gamma step-size milestones lr-decay lr-step",
        "how the rate falls is said by `schedule`, in the rates of ranges of epochs or by `plateau`",
    ),
    "decay": "of the rate it is said by `schedule`, of the weights by `weight-decay`, an option of the optimizer",
    **_each(
        "dropout batchnorm batch-norm bn activation model input input-size image-size",
        "that is a matter of the network, not of its recipe",
    ),
    **_each(
        "val-split validation-split val-size validation",
        "how many images are left out to choose by is said by `data`, in its option `val`",
    ),
    **_each(
        "pretrained weights finetune fine-tune checkpoint-path",
        f"weights of others are what `init` begins with, {_WEIGHTS}",
    ),
    **_each(
        "requires-grad trainable frozen freeze-layers frozen-layers freeze-backbone freeze-encoder freeze-features "
        "freeze-base freeze-to freeze-until freeze-at freeze-bn frozen-stages",
        "which layers aren't trained is said by `freeze`, by their names, as in `freeze all but fc8`",
    ),
    **_each(
        "unfreeze unfreeze-at unfreeze-epoch",
        "what isn't frozen by `freeze` is trained from the first epoch to the last; to thaw layers later takes a "
        "recipe of its own, which begins with the weights of this one: `init from(…)`",
    ),
    **_each(
        "lr-mult lr-multiplier lr-scale layer-lr layer-lrs backbone-lr head-lr lr-head lr-backbone discriminative-lr "
        "paramwise-cfg param-groups layer-decay",
        "how much faster or slower layers change than by the schedule is said by `rate`, as in `rate fc8 x10`",
    ),
    **_each(
        "clipvalue clip-value clip-grad-value grad-clip-value gradient-clip-value",
        "it isn't in the language, which scales gradients by their norm: `clip norm(…)`",
    ),
    "clipnorm": f"{BY_EACH} an entry: `clip norm(…)`",
    **_each(
        "test-transform test-transforms transform-test val-transform val-transforms transform-val test-loader "
        "testloader test-dataloader val-loader valloader val-dataloader",
        "leave it out: what is done to images to evaluate by follows from `augment` and `normalize`",
    ),
    **_each(
        "no-weight-decay no-decay no-bias-decay bias-decay bias-weight-decay norm-weight-decay "
        "exclude-from-weight-decay",
        "what decays is said by an option of the optimizer beside its `weight-decay`: `decays=weights`",
    ),
    **_each("swa swa-lr swa-start", SWA),
    "callbacks": "each is an entry of its own: `stop`, `schedule` or `checkpoint`",
    **_each("metric metrics", "leave it out: accuracies of training, validation and test images are always measured"),
    **_each(
        "l2 regularization l2-regularization",
        "it is an option of the optimizer, `weight-decay`: twice what Keras's `l2` is given",
    ),
    **_each(
        "distillation accumulate gradient-accumulation shuffle",
        "it isn't in the language",
    ),
}
"""What a recipe has no entry for, and what to say of it."""


# -- values, by their entries; without `-`, `_` and a `random` before them

NOT_HERE: Mapping[str, Mapping[str, str]] = {
    "data": _each(
        "coco voc pascalvoc places365 celeba caltech101 caltech256 food101 flowers102 imagenette imagewoof emnist "
        "kmnist usps omniglot lsun cub inaturalist",
        'it isn\'t among the sets that are known; a folder of images is read by `folder("DIR")`',
    ),
    "normalize": {
        **_each("minmax 01 255 scale", "leave it out: pixels are scaled to 0..1 anyway, and `none` does no more"),
        **_each("batch batchnorm layer", "that is a layer of the network, `BN`"),
    },
    "optimizer": {
        **_each(
            "rmsprop adagrad adadelta nadam radam adamax adabelief amsgrad lamb lars lion lbfgs rprop ftrl sam muon "
            "shampoo adafactor",
            "it isn't in the language, whose optimizers are `sgd`, `adam` and `adamw`",
        ),
        **_each("momentum nesterov", "it is an option of `sgd`, given beside its learning rate"),
    },
    "schedule": {
        **_each(
            "exponential exponentiallr exponentialdecay poly polynomial polynomiallr cyclic "
            "cycliclr linear linearlr inversetime inversesqrt cosinerestarts cosineannealingwarmrestarts sgdr noam "
            "lambdalr sequentiallr polynomialdecay inversetimedecay",
            "it isn't in the language, whose schedules are `constant`, `steps`, `plateau`, `cosine`, `one-cycle` "
            "and a `warmup`",
        ),
        **_each(
            "step steplr multistep multisteplr piecewise piecewiseconstant piecewiseconstantdecay",
            "`steps` are told by ranges of epochs, each with its rate",
        ),
    },
    "loss": {
        **_each(
            "mse l1 l2 mae bce bceloss bcewithlogits bcewithlogitsloss binarycrossentropy focal focalloss hinge nll "
            "nllloss kl kldiv "
            "huber smoothl1 triplet contrastive arcface dice margin",
            "it isn't in the language, whose loss is `cross-entropy`",
        ),
    },
    "clip": _each(
        "value clipvalue clipbyvalue clipgradvalue", "it isn't in the language, which scales gradients by their `norm`"
    ),
    "average": _each("swa stochasticweightaveraging averagedmodel polyak lookahead", SWA),
    "stop": {
        **_each(
            "early earlystopping earlystop patience", "say by what: `val-accuracy` or `val-loss`, with its `patience`"
        ),
        **_each(
            "loss trainloss accuracy trainaccuracy testaccuracy testloss",
            "a training is ended by its validation images: by `val-accuracy` or `val-loss`",
        ),
    },
    "init": {
        **_each(
            "kaiminguniform heuniform xavieruniform glorotuniform lecun lecunnormal lecununiform orthogonal uniform "
            "truncatednormal truncnormal zeros zero ones constant identity lsuv sparse",
            "it isn't in the language, whose draws are `he`, `glorot` and `normal`, all of them normal, and `torch`",
        ),
        **_each("pretrained imagenet default imagenet1kv1 imagenet1kv2", f"weights of others are taken so: {_WEIGHTS}"),
    },
    "precision": {
        **_each("fp16 float16 half f16", "it isn't in the language: 16 bits are `bf16`, another format"),
        **_each("amp mixed mixedprecision 16", "say the format, or leave it to `auto`"),
        **_each("fp8 int8 tf32 fp64 float64 double 64", "it isn't in the language: there are `fp32` and `bf16`"),
    },
    "checkpoint": _each("best last all", "leave it out: the best epoch and the last are kept anyway"),
}
"""What isn't in the language, and what to say of it."""

ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    "cosine": ("cosineannealing", "cosineannealinglr", "cosinedecay", "cosinelr"),
    "plateau": ("reducelronplateau", "reduceonplateau"),
    "constant": ("fixed", "const", "constantlr"),
    "cross-entropy": ("ce", "xent", "crossentropyloss", "categoricalcrossentropy", "sparsecategoricalcrossentropy"),
    "ema": ("exponentialmovingaverage", "exponentialmovingaveraging", "modelema", "modelemav2", "modelemav3"),
    "norm": ("clipnorm", "clipgradnorm", "globalnorm", "clipbyglobalnorm"),
    "he": ("msra",),
    "normal": ("gaussian",),
    "fp32": ("float32", "single", "full", "f32", "32"),
    "bf16": ("bfloat16",),
    "val-accuracy": ("validationaccuracy",),
    "val-loss": ("validationloss",),
    "fashion-mnist": ("fmnist",),
    "imagenet": ("imagenet1k", "ilsvrc2012", "ilsvrc"),
    "sgd": ("gd", "gradientdescent"),
    "yes": ("true", "on"),
    "no": ("false", "off"),
}
"""Other tools' words for calls, by ours."""

# -- what calls are given there, by its name without `-` and `_`

LEFT_OUT = "leave it out"
_OF_ALL = "leave it out: a recipe has one optimizer, of all weights"
NEEDLESS: Mapping[str, str] = dict.fromkeys(("optimizer", "model.parameters()", "net.parameters()"), _OF_ALL)
"""Values that have no place, since nothing is left to say."""
NOTES = {
    **dict.fromkeys(("optimizer", "params"), _OF_ALL),
    **dict.fromkeys(("verbose", "lastepoch", "inplace", "foreach", "fused", "name", "antialias"), LEFT_OUT),
}
_ALL_PARTS = "leave it out: a set's images to train on and to test by both belong to it"
WHERE = "where the images lie is said in the call, by --data"
DATA_NOTES = {
    "transform": "what is done to images is said by `augment` and `normalize`",
    "targettransform": "what is done to images is said by `augment` and `normalize`",
    "train": _ALL_PARTS,
    "split": _ALL_PARTS,
    "download": "to fetch it is asked for in the call, by --download",
    "root": WHERE,
    "batchsize": "that is the entry `batch`",
    "imagesize": "how large images are is said by the network's `input`",
    "targetsize": "how large images are is said by the network's `input`",
    "validationsplit": "how many images are left out to choose by is said by the option `val`, a number of images",
    "labelmode": "leave it out",
    "classmode": "leave it out",
    "shuffle": "leave it out: images to train on come in another order each epoch",
    "colormode": "of how many channels images are is said by the network's `input`",
}
SETS = {
    **{each: each for each in ("mnist", "cifar10", "cifar100", "svhn", "stl10")},
    "fashionmnist": "fashion-mnist",
    "imagenet": "imagenet",
}
ADAMW_DECAY = {"PyTorch": 0.01, "Keras": 0.004}
"""What AdamW's weight decay is there where none is said."""
KERAS_EPSILON = "1e-7"
"""What is added to Adam's divisor there where nothing is said."""
OPTIMIZERS: Mapping[str, tuple[str, str]] = {
    "betas": (r"[\[(]0?\.9,0?\.999[\])]", "they are always 0.9 and 0.999"),
    "beta1": (r"0?\.9", "it is always 0.9"),
    "beta2": (r"0?\.999", "it is always 0.999"),
    **dict.fromkeys(("eps", "epsilon"), (r"1e-0?8", "it is always 1e-8")),
    **dict.fromkeys(("amsgrad", "maximize"), ("false", "it is never done")),
    "useema": ("false", "an average of weights is an entry, `average ema(…)`"),
    "emamomentum": ("(?!)", "an average of weights is an entry, `average ema(…)`"),
    "dampening": (r"0(\.0)?", "it is always 0"),
}
"""What other tools' optimizers can be given: what changes nothing, as a pattern, and how it is here."""
