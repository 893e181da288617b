"""Recipes: every value read strictly, printed as a spec writes it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import findings, refusal

import vggdsl
from vggdsl.spec.recipe import (
    SGD,
    Adam,
    AlternatingHFlip,
    ColourJitter,
    ColourPCA,
    Constant,
    Cosine,
    Crop,
    CutMix,
    Cutout,
    Data,
    Ema,
    Erase,
    From,
    Given,
    HFlip,
    Init,
    MixUp,
    OneCycle,
    Plateau,
    RandomResizedCrop,
    Recipe,
    Rotate,
    Scale,
    Steps,
    Stop,
    Translate,
    TrivialAugment,
    VFlip,
    WarmUp,
)
from vggdsl.text.errors import Diagnostic, RecipeError

NET = "input 32x32x3 conv3-64 maxpool FC-10 softmax\n"


def recipes(sections: str) -> dict[str | None, Recipe]:
    return {recipe.name: recipe for recipe in vggdsl.parse(NET + sections).recipes}


def recipe(*entries: str) -> Recipe:
    return recipes("train {\n" + "\n".join(entries) + "\n}")[None]


def errors(*entries: str) -> tuple[Diagnostic, ...]:
    return findings(lambda: recipe(*entries), vggdsl.RecipeError)


READ = [
    ("data cifar10", Data("cifar10")),
    ("data digits(val=50, test=100, seed=3)", Data("digits", val=50, test=100, seed=3)),
    ("data svhn(val=5000)", Data("svhn", val=5000)),
    ('data folder("a b/c", val=3)', Data("folder", "a b/c", 3)),
    ('data shards("a b/c", n=7)', Data("shards", "a b/c", n=7)),
    ('data hf("a/b", split=train, image="the image")', Data("hf", "a/b", split="train", image="the image")),
    ("data fake(classes=10, n=7)", Data("fake", classes=10, n=7)),
    ("augment none", ()),
    ("augment crop(32, pad=4) hflip", (Crop(32, 4), HFlip())),
    ("augment scale(256..512) crop(224) colour-pca", (Scale(256, 512), Crop(224), ColourPCA())),
    ("augment scale(256) color-pca", (Scale(256, 256), ColourPCA())),
    (
        "augment random-resized-crop(32, scale=20%..1, ratio=3/4..1.5) vflip rotate(15) erase(p=.25)",
        (RandomResizedCrop(32, (0.2, 1.0), (0.75, 1.5)), VFlip(), Rotate(15), Erase(0.25)),
    ),
    ("augment translate(2) alternating-hflip cutout(8)", (Translate(2), AlternatingHFlip(), Cutout(8))),
    ("augment hflip Trivial-Augment", (HFlip(), TrivialAugment())),
    ("augment random-resized-crop(8) erase(scale=0.1)", (RandomResizedCrop(8), Erase(scale=(0.1, 0.1)))),
    ("augment colour-jitter(brightness=0.4, hue=.1)", (ColourJitter(0.4, hue=0.1),)),
    ("augment color-jitter(saturation=1)", (ColourJitter(saturation=1.0),)),
    ("mix none", ()),
    ("mix MixUp(20%)", (MixUp(0.2),)),
    ("mix mixup(0.2) cutmix(1.0)", (MixUp(0.2), CutMix(1))),
    ("normalize mean", "mean"),
    ("normalize none", "none"),
    ("normalize imagenet", Given((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))),
    ("normalize mean(0,0,0) std(1,1,1)", Given((0, 0, 0), (1, 1, 1))),
    ("normalize mean(0, 1) std(1, 1)", Given((0, 1), (1, 1))),
    ("normalize mean(0.1, 20%, 3e-1) std(.4, 1, 0.6)", Given((0.1, 0.2, 0.3), (0.4, 1, 0.6))),
    ("batch 1,024", 1024),
    ("optimizer sgd(lr=0.1)", SGD(0.1)),
    ("optimizer SGD(LR=1e-2, momentum=90%, nesterov=YES, weight-decay=5e-4)", SGD(0.01, 0.9, True, 5e-4)),
    ("optimizer sgd(lr=0.1, weight-decay=5e-4, decays=Weights)", SGD(0.1, weight_decay=5e-4, decays="weights")),
    ("optimizer adamw(weight-decay=.1, decays=all)", Adam(None, 0.1, True)),
    ("optimizer adam", Adam()),
    ("optimizer adamw(lr=1e-3, weight-decay=.1)", Adam(1e-3, 0.1, True)),
    ("schedule constant", Constant()),
    ("schedule constant(1e-3)", Constant(1e-3)),
    ("schedule cosine", Cosine()),
    ("schedule one-cycle", OneCycle()),
    ("schedule One-Cycle(peak=20%, end=0, shape=Linear)", OneCycle(0.2, end=0, shape="linear")),
    ("schedule plateau(factor=0.5, patience=3, drops=2)", Plateau(0.5, 3, 2)),
    ("schedule plateau", Plateau()),
    ("schedule steps(1..5: 1e-3, 6..20: 1e-4)", Steps(((1, 5, 1e-3), (6, 20, 1e-4)))),
    ("schedule warmup(5) cosine", WarmUp(5, Cosine())),
    ("average none", None),
    ("average EMA(99.9%)", Ema(0.999)),
    ("epochs 1K", 1000),
    ("stop none", None),
    ("stop val-loss(patience=3)", Stop("val-loss", 3)),
    ("init he", Init("he")),
    ("init xavier", Init("glorot")),
    ("init default", Init("torch")),
    ("init normal(std=0.1)", Init("normal", 0.1)),
    ("init normal(variance=1e-2)", Init("normal", 0.1)),
    ("init from(S256)", From("S256", False, (), None)),
    ('init from("vgg_a.arch", conv1_1, fc6) else he', From("vgg_a.arch", True, ("conv1_1", "fc6"), Init("he"))),
    ("seeds 0 1 2", (0, 1, 2)),
    ("precision BF16", "bf16"),
    ("checkpoint every(5)", 5),
    ("checkpoint none", None),
]


@pytest.mark.parametrize(("entry", "value"), READ, ids=[entry for entry, _ in READ])
def test_an_entry_is_read(entry: str, value: object) -> None:
    read = recipe(entry)
    key = entry.split()[0]
    assert getattr(read, key) == value
    assert read.origin(key) == "spec"
    assert read.origin("seeds" if key != "seeds" else "batch") == "default"


@pytest.mark.parametrize("entry", [entry for entry, _ in READ])
def test_what_a_recipe_writes_is_read_as_the_same(entry: str) -> None:
    read, key = recipe(entry), entry.split()[0]
    again = recipe(f"{key} {read.written(key)}")
    assert again == read
    assert again.digest == read.digest


@given(st.floats(1e-6, 10), st.floats(1e-6, 0.99), st.booleans(), st.floats(1e-9, 0.1))
def test_an_optimizer_survives_being_written(lr: float, momentum: float, nesterov: bool, decay: float) -> None:
    made = SGD(lr, momentum, nesterov, decay)
    assert recipe(f"optimizer {made}").optimizer == made


STEPS = "ranges begin with epoch 1 and follow each other, as in steps(1..20: 1e-3, 21..30: 1e-4)"
WRONG = [
    ("data", "cifer10", "did you mean `cifar10`?"),
    ("data", "folder", 'write folder("DIR")'),
    ("data", "shards", 'write shards("DIR")'),
    ("data", "folder(5)", 'write folder("DIR")'),
    ("data", '"cifar10"', "write data cifar10"),
    ("data", "cifar10 mnist", "keep one"),
    ("data", '"DIR"', 'write data folder("DIR") or shards("DIR") or hf("DIR")'),
    ("data", 'folder "DIR"', 'write folder("DIR")'),
    ("data", "cifar10(5000)", "say what it is: n=5000 or val=5000 or seed=5000"),
    ("data", "cifar10(vall=5)", "did you mean `val`?"),
    ("data", "cifar10(quantity=5)", "known: n, val, test, seed, labels, images"),
    ("data", "cifar10(test=5000)", "remove `test=5000`"),
    ("data", "imagenet(val=5000)", "remove `val=5000`"),
    ("data", "cifar10(seed=-1)", "write a number such as 0.05 or 1e-3"),
    ("data", "fake(classes=1)", "write a whole number from 2"),
    ("data", "cifar10(val=-5)", "write a number such as 0.05 or 1e-3"),
    ("augment", "crop", "a number stands in its brackets: pixels along each side, as in crop(5)"),
    ("augment", "crop(pad=4)", "a number stands before what is there: pixels along each side"),
    ("augment", "random-resized-crop(scale=0.5..1)", "a number stands before what is there: pixels along each side"),
    ("augment", "crop 32 4", "write crop(32, pad=4)"),
    ("clip", "norm", "a number stands in its brackets: the largest, as in norm(5)"),
    ("augment", "hflip crop 32 4 vflip", "write crop(32, pad=4)"),
    ("augment", "crop 32 4 5", "what is given to `crop` stands in its brackets, as in crop(5)"),
    ("augment", "crop(0)", "write a whole number from 1"),
    ("augment", "flip", "did you mean `hflip`?"),
    ("augment", "hflip(p=0.5)", "remove it"),
    ("augment", "vflip(0.5)", "remove it"),
    ("augment", "hflip(p=0.3)", "nothing can be set at `hflip`: mirrored with probability 1/2"),
    ("augment", "hflip(0.3)", "nothing can be set at `hflip`: mirrored with probability 1/2"),
    (
        "augment",
        "colour-pca(0.1)",
        "nothing can be set at `colour-pca`: a shift of colours (Krizhevsky et al. 2012, sec. 4.1)",
    ),
    ("augment", "RandomHorizontalFlip(p=0.5)", "write hflip"),
    ("augment", "scale 256", "write scale(256)"),
    ("augment", "hflip crop 32 vflip", "write crop(32)"),
    (
        "augment",
        "200",
        "write augment crop(200) or random-resized-crop(200) or translate(200) or scale(200) or cutout(200)",
    ),
    ("augment", "rotate(10, 20)", "as in rotate(15)"),
    ("augment", "rotate(degrees=15)", "it stands without a name: 15"),
    ("augment", "crop(size=32, pad=4)", "it stands without a name: 32"),
    ("augment", "erase(0.3, 5)", "say what it is: p=0.3"),
    ("augment", "random_crop(32, padding=4)", "write crop(32, pad=4)"),
    ("augment", "RandomCrop(size=32, padding=4)", "write crop(32, pad=4)"),
    ("augment", "crop(32, 4)", "say what it is: pad=4"),
    ("augment", "horizontal_flip", "write hflip"),
    (
        "augment",
        "RandomHorizontalFlip(p=0.3)",
        "here it is `hflip`: mirrored with probability 1/2; `p=0.3` can't be said so",
    ),
    ("augment", "vertical_flip", "write vflip"),
    ("augment", "rotation(15)", "write rotate(15)"),
    (
        "augment",
        "random_rotation(0.1)",
        (
            "0.1 of a whole turn, as in Keras, is `rotate(36)`, which counts degrees; corners are black here, where "
            "Keras's are filled"
        ),
    ),
    ("augment", "rotate(0.1)", "write a number from 1 to 180"),
    ("augment", "random_erasing", "write erase"),
    ("augment", "RandomErasing(p=0.1)", "write erase(p=0.1)"),
    ("augment", "erase(p=0)", "write a number above 0, at most 1"),
    ("augment", "cutout 16", "write cutout(16)"),
    ("augment", "cutout(size=16)", "it stands without a name: 16"),
    ("augment", "Cutout(n_holes=1, length=16)", "write cutout(16); `n_holes=1` is so anyway"),
    ("augment", "cutout(n_holes=2, length=16)", "write cutout(16); `n_holes=2` is not in the language"),
    (
        "augment",
        "coarse_dropout",
        "it isn't in the language: one square of a size that is given is `cutout`, a rectangle `erase`",
    ),
    ("augment", "translate 2", "write translate(2)"),
    ("augment", "translate", "a number stands in its brackets: the largest shift each way, as in translate(2)"),
    ("augment", "translate(0.1)", "write a whole number from 1"),
    (
        "augment",
        "RandomTranslation(0.1, height_factor=0.2)",
        (
            "a shift by shares of an image's sides, `0.1` and `height_factor=0.2`, isn't in the language, whose "
            "`translate` shifts by up to a number of pixels, each way alike, and what comes in is reflected"
        ),
    ),
    (
        "augment",
        "RandomAffine(0)",
        "it isn't in the language: images are shifted by `translate`, and turned by `rotate`",
    ),
    ("augment", "TrivialAugmentWide()", "write trivial-augment"),
    ("augment", "v2.TrivialAugmentWide(fill=None)", "write trivial-augment; `fill=None` is so anyway"),
    (
        "augment",
        "RandAugment(2, 9)",
        "it isn't in the language: one change that is drawn for each image, by no policy, is `trivial-augment`",
    ),
    ("augment", "alternating_hflip", "write alternating-hflip"),
    ("augment", "grayscale", "it isn't in the language: images are grey where the input has one channel"),
    ("augment", "center_crop(32)", "leave it out: the centre is what is evaluated"),
    (
        "augment",
        "mixup(0.2)",
        "images of a batch are mixed by an entry of its own, a line `mix mixup(…)`",
    ),
    ("augment", "RandomResizedCrop(32)", "write random-resized-crop(32)"),
    (
        "augment",
        "RandomResizedCrop",
        "here it is `random-resized-crop`: a random part, scaled to the size; comes first",
    ),
    ("augment", "random-resized-crop(32, scale=1..0.5)", "write 0.5..1"),
    ("augment", "random-resized-crop(32, scale=0..1)", "write a range within 0.0001..1, or one number"),
    ("augment", "random-resized-crop(32, ratio=1/0)", None),
    ("augment", "random-resized-crop(32, scale=0.5..)", None),
    ("augment", "random-resized-crop(32, scale=..0.5)", None),
    ("augment", "colour-jitter", "write colour-jitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1)"),
    ("augment", "color-jitter(0.4)", "say what it is: brightness=0.4 or contrast=0.4 or saturation=0.4 or hue=0.4"),
    ("augment", "ColorJitter(hue=0.1)", "write colour-jitter(hue=0.1)"),
    ("augment", "colour-jitter(hue=0.6)", "write a number from 0 to 0.5"),
    ("augment", "scale(512..256)", "write 256..512"),
    ("augment", "scale", "a size or a range stands in its brackets: pixels, as in scale(256) or scale(256..512)"),
    (
        "mix",
        "mixup",
        (
            "a number stands in its brackets: both numbers of the Beta distribution that the share is drawn "
            "from, as in mixup(0.2)"
        ),
    ),
    ("mix", "mixup(0)", "write a number from 0.01 to 1000"),
    ("mix", "cutmix(alpha=1)", "it stands without a name: 1"),
    ("mix", "0.2", "write mix mixup(0.2) or cutmix(0.2)"),
    ("mix", "v2.MixUp(alpha=0.2, num_classes=10)", "write mixup(0.2); `num_classes=10`: leave it out"),
    (
        "mix",
        "v2.CutMix(num_classes=10)",
        "write cutmix(1); `num_classes=10`: leave it out; theirs is 1 by default",
    ),
    ("mix", "cutmix(num_classes=10, alpha=1)", "write cutmix(1); `num_classes=10`: leave it out"),
    ("normalize", "std", None),
    ("normalize", "0.5", "write normalize mean(…) std(…)"),
    ("normalize", "std(0.2, 0.3) mean(0.5, 0.6)", "write normalize mean(0.5, 0.6) std(0.2, 0.3)"),
    ("batch", "0", "write a whole number from 1"),
    ("batch", "~128", "write a whole number from 1"),
    ("batch", "1.5", "write a whole number from 1"),
    ("batch", "100%", "write a whole number from 1"),
    ("batch", "128 256", "keep one"),
    ("optimizer", "adm", "did you mean `adam`?"),
    ("optimizer", "sgd(momentm=0.9, lr=1)", "did you mean `momentum`?"),
    ("optimizer", "sgd(0.1)", "say what it is: lr=0.1 or momentum=0.1 or weight-decay=0.1"),
    ("optimizer", "sgd(lr=1, lr=2)", "keep one"),
    ("optimizer", "sgd(lr=0)", "write a number from 1e-12 to 1000"),
    ("optimizer", "sgd(lr=1, momentum=2)", "write a number from 0 to 1"),
    ("optimizer", "sgd(lr=1, nesterov=yes)", "say one, as in sgd(lr=1, momentum=0.9, nesterov=yes)"),
    ("optimizer", "sgd(lr=1, nesterov=False)", "write nesterov=no"),
    ("optimizer", "sgd(lr=0,01)", "write 0.01, with a point"),
    ("optimizer", "sgd(lr=0,001)", "write 0.001, with a point"),
    ("optimizer", "sgd(lr=1,250)", "write 1.250, with a point, or 1250, without a comma"),
    ("schedule", "constant(0,01)", "write 0.01, with a point"),
    ("schedule", "constant(0,001)", "write 0.001, with a point"),
    ("schedule", "steps(1..20: 0,1)", "write 1..20: 0.1, with a point"),
    ("clip", "norm(0,5)", "write 0.5, with a point"),
    ("clip", "norm(1,500)", "write 1.500, with a point, or 1500, without a comma"),
    ("augment", "rotate(15,5)", "write 15.5, with a point"),
    ("augment", "scale(256,512)", "write 256512 for one number, 256, 512 for several"),
    ("normalize", "mean(0,5) std(0.5)", "write 0.5, with a point, or 0, 5 with a space behind the comma"),
    ("normalize", "mean(0,1) std(0.5, 0.5)", "write 0.1, with a point, or 0, 1 with a space behind the comma"),
    ("batch", "64,128", "write 64128 for one number; it takes no more"),
    ("seeds", "100,200", "write 100200 for one number, 100 200 for several"),
    ("optimizer", "sgd(lr=0.1) momentum=0.8", "write sgd(lr=0.1, momentum=0.8)"),
    ("augment", "rotate(15, p=0.3)", "nothing can be set here by a name"),
    ("clip", "norm=7", "write clip norm(7)"),
    ("optimizer", "sgd lr=0.1", "write sgd(lr=0.1)"),
    ("optimizer", "sgd lr=0.1 momentum=0.8", "write sgd(lr=0.1, momentum=0.8)"),
    ("optimizer", "sgd(lr=1, decays=weights)", "say how much, as in sgd(lr=1, weight-decay=0.0005, decays=weights)"),
    ("optimizer", "adamw(weight-decay=1, decays=biases)", "write one of them, or remove it"),
    ("optimizer", "adam 0.01", "write adam(lr=0.01) or adam(weight-decay=0.01)"),
    ("optimizer", "lr=0.1", "write optimizer sgd(lr=0.1) or adam(lr=0.1) or adamw(lr=0.1)"),
    ("optimizer", "0.1", "as in optimizer sgd(lr=0.05, momentum=0.9)"),
    (
        "schedule",
        "cosine(5)",
        "nothing can be set at `cosine`: from the optimizer's rate to zero along a half cosine, step by step",
    ),
    ("schedule", "warmup 5 cosine", "write warmup(5)"),
    ("schedule", "warmup(5) cosine constant", "keep one of those behind it"),
    ("schedule", "constant 0.1", "write constant(0.1)"),
    ("schedule", "warmup(5)", "write warmup(5) cosine"),
    ("schedule", "warmup(5) warmup(5)", None),
    ("schedule", "warmup(5) one-cycle(peak=0.5)", "write schedule one-cycle(peak=0.5)"),
    ("schedule", "one_cycle", "write one-cycle"),
    ("schedule", "one-cycle(shape=cubic)", "write one of them, or remove it"),
    ("schedule", "one-cycle(start=2)", "write a number from 0 to 1"),
    ("schedule", "OneCycleLR(cycle_momentum=False)", "write one-cycle"),
    (
        "schedule",
        "one-cycle(cycle_momentum=False, peak=0.2, anneal_strategy=linear)",
        "write one-cycle(peak=0.2, shape=linear)",
    ),
    (
        "optimizer",
        "sgd(lr=0.1, weight_decay=5e-4, decays=weights)",
        "write sgd(lr=0.1, weight-decay=5e-4, decays=weights)",
    ),
    (
        "schedule",
        "OneCycleLR(max_lr=0.1, total_steps=900, pct_start=0.2, anneal_strategy='linear', div_factor=5)",
        (
            "write one-cycle(peak=0.2, start=0.2, end=2e-05, shape=linear); `0.1`, the highest rate, is the "
            "optimizer's `lr`; PyTorch's turns the momentum, too, unless it says `cycle_momentum=False`; here it stays "
            "as it is; `total_steps=900`: `epochs` says it"
        ),
    ),
    *(
        ("schedule", f"OneCycleLR(cycle_momentum=False, {given})", help)
        for given, help in (
            (
                "pct_start=1/4",
                "write one-cycle(peak=…); `1/4`, a share of the steps, is to be written as one number: `peak`",
            ),
            ("pct_start=p", "write one-cycle(peak=…); `p` is a variable: write its value"),
            (
                "anneal_strategy='poly'",
                "write one-cycle; `'poly'` isn't in the language, whose `shape` is `cosine` or `linear`",
            ),
            ("final_div_factor=1e9", "write one-cycle(end=4e-11)"),
            (
                "div_factor=25, final_div_factor=0.5",
                "write one-cycle(start=…, end=…); `0.5` divides no rate: `start` and `end` are shares of the highest",
            ),
        )
    ),
    ("schedule", "steps(1..5: 1e-3, 5..9: 1e-4)", STEPS),
    ("schedule", "steps(2..5: 1e-3)", STEPS),
    ("schedule", "steps(5)", "as in steps(1..20: 1e-3, 21..30: 1e-4)"),
    ("schedule", "plateau(factor=1)", "write a number from 1e-06 to 0.999999"),
    ("schedule", "constant(1..2: 5)", "as in constant(1e-3)"),
    ("average", "ema", "a number stands in its brackets: the share of it that a step leaves, as in ema(0.999)"),
    ("average", "0.99", "write average ema(0.99)"),
    ("average", "ema(1)", "write a number above 0, at most 0.999999"),
    ("average", "ModelEmaV2(0.99)", "write ema(0.99)"),
    (
        "average",
        "ModelEmaV2(model)",
        "write ema(0.9999); `model`: leave it out; theirs is 0.9999 by default",
    ),
    ("average", "ModelEmaV2(model, decay=0.9998)", "write ema(0.9998); `model`: leave it out"),
    (
        "average",
        "swa",
        "it isn't in the language, which has an exponential moving average of weights: `average ema(0.999)`",
    ),
    (
        "optimizer",
        "adam(use_ema=True)",
        "it isn't in the language: an average of weights is an entry, `average ema(…)`",
    ),
    ("epochs", "five", "write a whole number from 1"),
    ("stop", "val-acc(patience=3)", "did you mean `val-accuracy`?"),
    ("stop", "20", "write stop val-accuracy(patience=20) or val-loss(patience=20)"),
    ("stop", "val-accuracy 20", "write val-accuracy(patience=20)"),
    ("stop", "val-loss(20)", "say what it is: patience=20"),
    ("clip", "norm 7", "write norm(7)"),
    ("clip", "norm(max=7)", "it stands without a name: 7"),
    ("stop", "val-accuracy", "write stop val-accuracy(patience=10)"),
    ("init", "normal", "write normal(std=0.1)"),
    ("init", "normal(std=1, variance=1)", "keep one"),
    ("init", "normal 0.01", "write normal(std=0.01) or normal(variance=0.01)"),
    ("init", "he(0.1)", "nothing can be set at `he`: He et al. 2015"),
    ("init", "he else he", "keep one"),
    ("init", "from", 'write from("vgg_a.arch", conv1_1)'),
    ("init", 'from("a") he', "write … else he"),
    ("init", 'from("a") normal(std=0.2)', "write … else normal(std=0.2)"),
    ("seeds", "0 0", "write seeds 0"),
    ("seeds", "3 5 3", "write seeds 3 5"),
    ("seeds", "a", "write a whole number from 0"),
    ("precision", "fp16", None),
    ("precision", "32", "write fp32"),
    ("precision", "16", "say the format, or leave it to `auto`"),
    ("checkpoint", "5", "write checkpoint every(5)"),
    ("deterministic", "True", "write yes"),
]


@pytest.mark.parametrize(("key", "value", "help"), WRONG)
def test_a_wrong_value_is_told_with_a_right_one(key: str, value: str, help: str | None) -> None:
    (found,) = errors(f"{key} {value}")
    assert found.code == "V406"
    assert found.help == help if help else found.help
    assert found.labels[0].span.text in f"{key} {value}"


def test_several_are_told_at_once() -> None:
    assert [d.code for d in errors("data cifer10", "epochs 5", "epochs 6", "lr 0.1", "batch 0")] == [
        "V404",
        "V403",
        "V406",
        "V406",
    ]


# -- rates


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        (["optimizer sgd(lr=0.1)", "schedule constant(0.1)"], "the learning rate is given twice"),
        (["optimizer adam(lr=0.1)", "schedule steps(1..20: 0.1)"], "the learning rate is given twice"),
        (["optimizer sgd(lr=0.1)", "schedule warmup(2) constant(0.1)"], "the learning rate is given twice"),
        (["optimizer sgd(momentum=0.9)"], "no learning rate"),
        (["optimizer sgd", "schedule cosine"], "no learning rate"),
        (["optimizer adam", "schedule steps(1..5: 1e-3)", "epochs 6"], "the schedule ends before the training"),
    ],
)
def test_a_rate_stands_in_one_place(entries: list[str], told: str) -> None:
    (found,) = errors(*entries)
    assert (found.code, found.message) == ("V405", told)


@pytest.mark.parametrize(
    ("entries", "rate"),
    [
        (["optimizer sgd(lr=0.1)"], 0.1),
        (["optimizer sgd", "schedule constant(0.2)"], 0.2),
        (["optimizer sgd", "schedule steps(1..20: 0.3)", "epochs 20"], 0.3),
        (["optimizer sgd", "schedule warmup(2) constant(0.4)"], 0.4),
        (["optimizer adam"], 1e-3),
        ([], 1e-3),
    ],
)
def test_the_first_rate(entries: list[str], rate: float) -> None:
    assert recipe(*entries).lr == rate


# -- several recipes


def test_a_recipe_goes_on_from_another_by_key() -> None:
    found = recipes(
        "train S256 {\n data cifar10\n batch 64\n optimizer sgd(lr=0.1, momentum=0.9)\n}\n"
        "train S384 as S256 {\n optimizer sgd(lr=0.01)\n}\n"
        "train jitter as S384 { augment scale(256..512) }"
    )
    assert found["S384"].optimizer == SGD(0.01)  # the whole entry is replaced
    assert found["S384"].batch == found["jitter"].batch == 64
    assert found["jitter"].optimizer == SGD(0.01)
    assert found["S256"].augment == ()
    assert found["jitter"].origin("batch") == "spec"


def test_an_inherited_mistake_is_told_once() -> None:
    text = "train a { batch 0 }\ntrain b as a { epochs 5 }\ntrain c as b { seeds 1 }"
    assert refusal(lambda: recipes(text), vggdsl.RecipeError).code == "V406"


def test_inheriting_mends_what_is_replaced() -> None:
    text = "train a { optimizer sgd }\ntrain b as a { optimizer sgd(lr=1) }"
    assert refusal(lambda: recipes(text), vggdsl.RecipeError).labels[0].span.text == "optimizer sgd"
    assert recipes(text.replace("sgd }", "sgd(lr=2) }"))["b"].lr == 1


@pytest.mark.parametrize(
    "sections",
    [
        "train { }\ntrain { }",
        "train a { }\ntrain a { }",
        "train b as a { }",
        "train b as a { }\ntrain a { }",
        "train a as a { }",
    ],
)
def test_names_of_recipes_are_known_before_and_given_once(sections: str) -> None:
    assert refusal(lambda: recipes(sections), vggdsl.RecipeError).code == "V402"


def test_a_spec_s_recipe_by_name() -> None:
    spec = vggdsl.parse(NET + "train a { batch 1 }\ntrain b { batch 2 }")
    assert (spec.recipe().batch, spec.recipe("b").batch) == (1, 2)
    with pytest.raises(vggdsl.InputError, match="no recipe `c`"):
        spec.recipe("c")
    assert vggdsl.parse(NET).recipe() == Recipe()


def test_all_that_is_wrong_in_a_line_of_augmentations_is_told() -> None:
    found = errors("augment rotation(15) color-jitter(0.4) grayscale(3) vflip random-resized-crop(32)")
    assert [each.labels[0].span.text for each in found] == ["rotation(15)", "0.4", "grayscale(3)"]


def test_a_default_that_is_written_changes_no_digest() -> None:
    written = recipe("augment random-resized-crop(32, scale=0.08..1, ratio=3/4..4/3) erase(p=0.5, ratio=0.3..3.3)")
    assert written.digest == recipe("augment random-resized-crop(32) erase").digest
    assert written.written("augment") == "random-resized-crop(32) erase"


def test_what_decays_is_of_the_digest_only_where_it_is_not_all() -> None:
    entry = "optimizer sgd(lr=0.1, weight-decay=5e-4{})"
    plain, all_, weights = (recipe(entry.format(said)) for said in ("", ", decays=all", ", decays=weights"))
    assert plain.digest == all_.digest != weights.digest
    assert all_.written("optimizer") == plain.written("optimizer")


def test_statistics_have_one_digest_however_they_are_written() -> None:
    given = "normalize mean(0.485, 0.456, 0.406) std(0.229, 0.224, 0.225)"
    named, numbers, other = recipe("normalize imagenet"), recipe(given), recipe(given.replace("0.225", "0.226"))
    assert named.written("normalize") == "imagenet"
    assert f"normalize {numbers.written('normalize')}" == given
    assert named.digest == numbers.digest
    assert len({named.digest, other.digest, Recipe().digest}) == 3


@pytest.mark.parametrize("line", ["lr 0.1", "momentum 0.9", "patience 5", "warmup 5", "epochs=5", "crop(5)"])
def test_many_lines_that_are_no_entries_are_told_in_short(line: str) -> None:
    began = time.process_time()
    found = errors(*[line] * 4_000)
    assert time.process_time() - began < 4
    assert len(found) == 21
    assert found[-1].message == "3,980 more lines that are no entries"


@pytest.mark.parametrize("entry", ["normalize 0.5", "augment crop 32 4 5", "augment crop(pad=4)", "crop(pad=4)"])
def test_no_edit_makes_up_a_number_or_half_of_what_is_meant(entry: str) -> None:
    (found,) = errors(entry)
    assert found.fixes == ()


def test_the_digest_names_what_is_trained_but_not_the_seeds() -> None:
    digests = {recipe(entry).digest for entry in ("batch 64", "batch 65", "epochs 5", "seeds 1", "seeds 2 3")}
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("data", "told"),
    [("cifar10", 0), ("cifar100", 1), ("imagenet", 1), ("fake", 0), ("fake(classes=10)", 0), ('folder("x")', 0)],
)
def test_the_classifier_fits_the_data_s_classes(data: str, told: int) -> None:
    found = vggdsl.parse(NET + f"train {{ data {data} }}").check()
    assert [d.code for d in found] == ["V401"] * told


def test_steps_of_its_own_end_the_inherited_epochs() -> None:
    text = "input 8x8x3 FC-10\ntrain a {{\n  epochs 40\n  optimizer adam\n}}\ntrain b as a {{\n  {}\n}}\n"
    lengths = {
        "schedule steps(1..65: 0.1)": 65,
        "schedule warmup(2) steps(1..65: 0.1)": 65,
        "schedule steps(1..65: 0.1)\n  epochs 50": 50,
        "schedule cosine": 40,
        "batch 8": 40,
    }
    for entries, epochs in lengths.items():
        assert vggdsl.parse(text.format(entries)).recipe("b").epochs == epochs


@pytest.mark.parametrize("word", ["he", "kaiming", "kaiming_normal", "he_normal"])
def test_he_has_the_names_that_others_give_it(word: str) -> None:
    read = recipe(f"init {word}")
    assert (read.init, read.digest) == (Init("he"), recipe("init he").digest)


@pytest.mark.parametrize("word", ["glorot", "xavier", "xavier_normal", "glorot_normal"])
def test_glorot_has_the_names_that_others_give_it(word: str) -> None:
    assert recipe(f"init {word}").init == Init("glorot")


@pytest.mark.parametrize("word", ["kaiming_uniform", "xavier_uniform"])
def test_another_distribution_is_not_taken_for_one_that_is_there(word: str) -> None:
    (found,) = findings(lambda: recipe(f"init {word}"), RecipeError)
    assert found.fixes == ()
    assert str(found.help).startswith("it isn't in the language")


@pytest.mark.parametrize(
    ("entries", "help", "fix"),
    [
        ("lr 1\n  momentum 0.8", "write `optimizer sgd(lr=1, momentum=0.8)`", "optimizer sgd(lr=1, momentum=0.8)"),
        ("lr 0.01\n  learning-rate 0.02", "`lr` is given twice: keep one", None),
        ("lr 0.01\n  optimizer adam(lr=0.02)", "the optimizer says lr=0.02: keep one", None),
        ("lr 0.01\n  optimizer adam(lr=0.01)", "remove it: the optimizer says it", None),
        ("warmup 7", "write `schedule warmup(7) constant`", "schedule warmup(7) constant"),
        ("warmup 7\n  schedule plateau", "it belongs to what is there: `schedule warmup(7) plateau`", None),
        (
            "decay 5e-4",
            "of the rate it is said by `schedule`, of the weights by `weight-decay`, an option of the optimizer",
            None,
        ),
        ("weight_decay 1e-4", "write `optimizer adam(weight-decay=1e-4)`", "optimizer adam(weight-decay=1e-4)"),
        ("weight_decay=1e-4", "write `optimizer adam(weight-decay=1e-4)`", "optimizer adam(weight-decay=1e-4)"),
        (
            "norm-weight-decay 0",
            "what decays is said by an option of the optimizer beside its `weight-decay`: `decays=weights`",
            None,
        ),
        ("momentum 0.8", "it is an option of the optimizer `sgd`, which is given a learning rate, too", None),
        ("epochs=7", "write `epochs 7`", "epochs 7"),
        ("crop(5)", "write `augment crop(5)`", "augment crop(5)"),
        ("random_crop(5, padding=2)", "write `augment crop(5, pad=2)`", "augment crop(5, pad=2)"),
        (
            "crop(pad=4)",
            "it is a step of `augment`, `crop`, and needs a number in its brackets: pixels along each side",
            None,
        ),
        (
            "random-resized-crop(scale=0.5..1)",
            (
                "it is a step of `augment`, `random-resized-crop`, and needs a number in its brackets: pixels along "
                "each side"
            ),
            None,
        ),
        (
            "rotate()",
            "it is a step of `augment`, `rotate`, and needs a number in its brackets: the largest angle to either side",
            None,
        ),
        ("RandomCrop(size=5)", "write `augment crop(5)`", "augment crop(5)"),
        ("flip horizontal", "write `augment hflip`", "augment hflip"),
        ("random_flip vertical", "write `augment vflip`", "augment vflip"),
        ("flip yes", "it is a step of `augment`: `hflip` or `vflip`", None),
        ("clipvalue 0.5", "it isn't in the language, which scales gradients by their norm: `clip norm(…)`", None),
        ("mixup_alpha 0.2", "write `mix mixup(0.2)`", "mix mixup(0.2)"),
        ("cutmix 1", "write `mix cutmix(1)`", "mix cutmix(1)"),
        ("ema-decay 0.99", "write `average ema(0.99)`", "average ema(0.99)"),
        ("batch_size 64", "write `batch 64`", "batch 64"),
        ("clip-norm 1", "write `clip norm(1)`", "clip norm(1)"),
        ("dataset mnist", "write `data mnist`", "data mnist"),
        ("dataset dogs", "that is said by the entry `data`", None),
        ("optimizer adam\n  lr 0.01", "it belongs to what is there: `optimizer adam(lr=0.01)`", None),
        ("optimizer adam\n  weight-decay 1", "it belongs to what is there: `optimizer adam(weight-decay=1)`", None),
        ("data digits\n  dataset mnist", "it belongs to what is there: `data mnist`", None),
        ("device cpu", "where it is trained is said in the call, by --device cpu", None),
        ("threads 4", "how many compute is said in the call, by --threads", None),
    ],
)  # fmt: skip
def test_what_stands_elsewhere_is_offered_with_the_value_that_was_given(
    entries: str, help: str, fix: str | None
) -> None:
    found = next(each for each in findings(lambda: recipe(entries), RecipeError) if each.code == "V403")
    assert found.help == help
    assert [each.text for each in found.fixes] == ([fix] if fix else [])


@pytest.mark.parametrize(
    ("entry", "ways"),
    [
        ("lr 0.01", ("optimizer sgd(lr=0.01)", "optimizer adam(lr=0.01)")),
        ("learning_rate 3e-4", ("optimizer sgd(lr=3e-4)", "optimizer adam(lr=3e-4)")),
        ("early_stopping 7", ("stop val-accuracy(patience=7)", "stop val-loss(patience=7)")),
        (
            "patience 7",
            ("stop val-accuracy(patience=7)", "stop val-loss(patience=7)", "schedule plateau(patience=7)"),
        ),
    ],
)
def test_where_several_are_meant_none_is_chosen(entry: str, ways: tuple[str, ...]) -> None:
    (found,) = findings(lambda: recipe(entry), RecipeError)
    assert found.help == f"write {' or '.join(f'`{way}`' for way in ways)}"
    assert tuple(fix.text for fix in found.fixes) == ways


@pytest.mark.parametrize(
    ("entry", "text"),
    [("checkpoint 10", "every(10)"), ("clip 2.5", "norm(2.5)"), ("stop val-loss", "val-loss(patience=10)")],
)
def test_what_an_entry_lacks_is_offered_with_its_own_number_and_name(entry: str, text: str) -> None:
    (found,) = findings(lambda: recipe(entry), RecipeError)
    assert found.help == f"write {entry.split()[0]} {text}"
    assert [each.text for each in found.fixes] == [text]


SO = "leave it out: all weights are drawn so, and biases are 0"
ONE = "leave it out: a recipe has one optimizer, of all weights"
RELU = "it isn't in the language, whose `he` is that of a ReLU"
IN_WORDS = "here it is written, as `lr` or in `schedule`"


@pytest.mark.parametrize(
    ("line", "help"),
    [
        ("model.apply(init_weights)", "what weights begin with is said by the entry `init`"),
        (
            "optimizer optim.SGD(model.parameters())",
            f"write sgd; `model.parameters()`: {ONE}; where no rate is said PyTorch's is lr=1e-3; {IN_WORDS}",
        ),
        ("optimizer keras.optimizers.SGD()", f"write sgd; where no rate is said Keras's is lr=0.01; {IN_WORDS}"),
        (
            "optimizer = optim.SGD(net.parameters(), lr=lr, momentum=0.9)",
            (
                "that is said by the entry `optimizer`: write `optimizer sgd(lr=…, momentum=0.9)`; "
                f"`lr` is a variable: write its value; `net.parameters()`: {ONE}"
            ),
        ),
        ("augment transforms.RandomCrop(size)", "write crop(…); `size` is a variable: write its value"),
        (
            "augment transforms.ColorJitter(0.2, saturation=(0.5,1.5))",
            (
                "write colour-jitter(brightness=0.2); `saturation=(0.5,1.5)`: such a value of `saturation` "
                "isn't in the language"
            ),
        ),
        (
            "init = nn.init.kaiming_normal_(m.weight)",
            f"that is said by the entry `init`: write `init he`; `m.weight`: {SO}",
        ),
        ("criterion = nn.CrossEntropyLoss()", "that is said by the entry `loss`: write `loss cross-entropy`"),
        ("torch.nn.utils.clip_grad_norm_(max_norm=1.0)", "it stands in the entry `clip`: write `clip norm(1.0)`"),
        (
            "augment Compose([Resize(40), CenterCrop(32), RandomHorizontalFlip()])",
            (
                "write augment scale(40) crop(32) hflip, steps that stand one behind another; "
                "`CenterCrop(32)`: in training a crop is drawn here, and the centre is what is evaluated"
            ),
        ),
        (
            "init kaiming_normal_(m.weight, nonlinearity='leaky_relu', a=0.1)",
            f"write he; `m.weight`: {SO}; `nonlinearity='leaky_relu'`: {RELU}; `a=0.1`: {RELU}",
        ),
        (
            "init kaiming_normal_(m.weight, nonlinearity='relu', a=0.1)",
            f"write he; `a=0.1` is so anyway; `nonlinearity='relu'` is so anyway; `m.weight`: {SO}",
        ),
        (
            "train_transform = Compose([RandomCrop(32, padding=4), RandomHorizontalFlip()])",
            (
                "that is said by the entry `augment`: write `augment crop(32, pad=4) hflip`, steps that stand one "
                "behind another"
            ),
        ),
        (
            "train_loader = DataLoader(train_set, batch_size=32)",
            (
                "that is said by the entry `batch`: write `batch 32`; `train_set`: "
                "which images these are is said by `data`"
            ),
        ),
        (
            "nn.init.xavier_uniform_(m.weight)",
            (
                "it would stand in the entry `init`: it isn't in the language, whose draws are `he`, `glorot` and "
                "`normal`, all of them normal, and `torch`"
            ),
        ),
        ("seed = 42", "write `seeds 42`"),
        ("epoch = 40", "write `epochs 40`"),
        (
            "optimizer optim.SGD([{'params': net.parameters()}], lr=0.1)",
            f"write sgd(lr=0.1); `[{{'params': net.parameters()}}]`: {ONE}",
        ),
        ("augment Rescaling(1./255)", "leave it out: pixels are scaled to 0..1 anyway"),
        (
            "augment Rescaling(1./127.5, offset=-1)",
            "pixels are scaled to 0..1 here; from there to other values they come by `normalize mean(…) std(…)`",
        ),
        (
            "init uniform_(m.weight, -0.1, 0.1)",
            "it isn't in the language, whose draws are `he`, `glorot` and `normal`, all of them normal, and `torch`",
        ),
        ("augment crop(-1)", "it would be crop(-1), which isn't in the language"),
    ],
)
def test_what_is_pasted_from_a_lesson_is_told_in_one_step(line: str, help: str) -> None:
    others = {"data": "cifar10", "optimizer": "sgd(lr=0.1)"}
    rest = "\n".join(f"{key} {value}" for key, value in others.items() if key not in line.partition("(")[0])
    (found,) = findings(lambda: vggdsl.parse(f"input 32x32x3 FC-10 softmax\ntrain {{\n{rest}\n{line}\n}}\n"))
    assert found.help == help
