"""What is pasted into a recipe from PyTorch and Keras: told in our words, with all that was written."""

import re
import time

import pytest
from refusals import findings

import vggdsl
from vggdsl.text.edits import edited
from vggdsl.text.errors import Diagnostic, RecipeError
from vggdsl.text.facts import LONGEST

NET = "input 32x32x3 conv3-64 maxpool FC-10 softmax\n"
OF_ALL = "leave it out: a recipe has one optimizer, of all weights"
WHERE = "where the images lie is said in the call, by --data"
COSINE = "write cosine, which falls from the optimizer's rate to 0 over all epochs, step by step"
STEPS = "`steps` says the rates: write `steps("
DRAWN = "leave it out: all weights are drawn so, and biases are 0"
TORCHVISION = (
    f'write cifar10; `root="./data"`: {WHERE}; `train=True`: leave it out: a set\'s images to train on and to test by '
    "both belong to it; `download=True`: to fetch it is asked for in the call, by --download"
)
EPSILON = "Keras's epsilon is 1e-7 where none is said, here it is always 1e-8"
SEED = "of a training it is said by `seeds`"
CUT = "Keras cuts its draws at two standard deviations and scales them to the same deviation, here none is cut"
PARQUET = "it reads all Parquet files of a folder, whose names say the split, as train-00000-of-00002.parquet"
TABLE = '`folder("DIR")` reads a folder with a folder of images for each class, and no table of labels'
NEAREST = "torchvision's takes the nearest pixel where nothing is said, `rotate` is bilinear"
LOSS = ", where theirs waits for a lower loss if nothing else is said"
PLATEAU = (
    "`plateau` waits for a better validation accuracy, by however little{}: as Keras counts epochs it is "
    "`plateau({})`, and as PyTorch does, which waits for one more, `plateau({})`"
)
MEANT = [
    ("schedule ReduceLROnPlateau(patience=3)", PLATEAU.format(LOSS, "patience=3", "patience=4")),
    (
        "schedule ReduceLROnPlateau(mode='max', factor=0.5, patience=3)",
        PLATEAU.format("", "factor=0.5, patience=3", "factor=0.5, patience=4"),
    ),
    (
        "schedule ReduceLROnPlateau(monitor='val_accuracy', patience=3, min_lr=1e-6)",
        PLATEAU.format("", "patience=3", "patience=4") + "; `min_lr=1e-6` is not in the language",
    ),
    (
        "schedule ReduceLROnPlateau",
        PLATEAU.format(LOSS, "patience=10", "patience=11") + " (theirs is 10 where none is given)",
    ),
    ("schedule CosineAnnealingLR", "write cosine"),
    ("schedule CosineAnnealingLR(T_max=50)", f"{COSINE}; `T_max=50`: how many these are is said by `epochs 50`"),
    (
        "schedule CosineAnnealingLR(optimizer, 50, eta_min=0.001)",
        (f"{COSINE}; `T_max=50`: how many these are is said by `epochs 50`; that it ends at 0.001 isn't in the "
        f"language; `optimizer`: {OF_ALL}"),
    ),
    (
        "schedule StepLR(step_size=30, gamma=0.5)",
        f"{STEPS}1..30: …, 31..60: …, …)`, and so on, each rate 0.5 of that before",
    ),
    (
        "schedule MultiStepLR([3, 6], gamma=0.2)",
        f"{STEPS}1..3: …, 4..6: …, …)`, and one from epoch 7 to the last, each rate 0.2 of that before",
    ),
    (
        "schedule MultiStepLR(milestones=[3, 6])",
        (f"{STEPS}1..3: …, 4..6: …, …)`, and one from epoch 7 to the last, each rate 0.1 of that before, as "
        "PyTorch has it where nothing is said"),
    ),
    (
        "schedule ExponentialLR(gamma=0.9)",
        ("a rate of 0.9 of that before in each epoch isn't in the language, whose schedules are `constant`, `steps`, "
        "`plateau`, `cosine`, `one-cycle` and a `warmup`"),
    ),
    ("optimizer Adam(lr=0.001, betas=(0.9, 0.999))", "remove it: they are always 0.9 and 0.999"),
    ("optimizer Adam(lr=0.001, betas=(0.5, 0.999))", "it isn't in the language: they are always 0.9 and 0.999"),
    ("optimizer adam(lr=0.001, eps=1e-6)", "it isn't in the language: it is always 1e-8"),
    (
        "optimizer torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, nesterov=True)",
        f"write sgd(lr=0.1, momentum=0.9, nesterov=yes); `model.parameters()`: {OF_ALL}",
    ),
    (
        "optimizer optim.AdamW(lr=0.001)",
        ("write adamw(lr=0.001); PyTorch's AdamW has a weight decay of 0.01 where none is said, Keras's one of 0.004, "
        "`adamw` none"),
    ),
    ("optimizer torch.optim.SGD(params, 0.1)", f"write sgd(lr=0.1); `params`: {OF_ALL}"),
    ("optimizer optim.SGD(net.a.parameters(), 0.1)", f"write sgd(lr=0.1); `net.a.parameters()`: {OF_ALL}"),
    ("clip clip_grad_norm_(model.parameters(), 1.5)", f"write norm(1.5); `model.parameters()`: {OF_ALL}"),
    ("optimizer torch.optim.Adam([p], lr=0.1)", f"write adam(lr=0.1); `[p]`: {OF_ALL}"),
    (
        "schedule StepLR(opt, 30, 0.5)",
        f"{STEPS}1..30: …, 31..60: …, …)`, and so on, each rate 0.5 of that before; `opt`: {OF_ALL}",
    ),
    ("optimizer optim.AdamW(lr=0.001, weight_decay=0.05)", "write adamw(lr=0.001, weight-decay=0.05)"),
    ("augment RandomResizedCrop(32, scale=(0.5, 1.0))", "write random-resized-crop(32, scale=0.5..1.0)"),
    ("augment random-resized-crop(32, scale=(0.5, 1.0))", "write 0.5..1.0"),
    ("augment RandomCrop((32, 32), padding=4)", "write crop(32, pad=4)"),
    (
        "augment RandomCrop(32, padding=4, padding_mode='reflect')",
        ("write crop(32, pad=4); `padding_mode='reflect'`: `crop` pads with zeros; images of the input's size are "
        "shifted, and reflected, by `translate`"),
    ),
    (
        "augment RandomRotation((0, 90))",
        "`(0, 90)`: it isn't in the language, whose `rotate` turns to either side alike",
    ),
    ("augment RandomRotation((-15, 15))", f"write rotate(15); {NEAREST}"),
    ("augment ColorJitter(0.4, 0.3, 0.2)", "write colour-jitter(brightness=0.4, contrast=0.3, saturation=0.2)"),
    (
        "augment ColorJitter(5)",
        "it would be colour-jitter(brightness=5), and brightness can't be 5: write a number from 0 to 1",
    ),
    (
        "augment Resize((32, 48))",
        "`(32, 48)`: two sides aren't in the language: `scale` is of the shorter, and keeps the image's shape",
    ),
    (
        "augment Resizing(32, 48)",
        "`32` and `48`: two sides aren't in the language: `scale` is of the shorter, and keeps the image's shape",
    ),
    (
        "augment Normalize([0.5], [0.25])",
        ("it is an entry of its own: write normalize mean(0.5) std(0.25); "
        "of one value PyTorch makes one for each channel, here each is written"),
    ),
    (
        "augment transforms.Compose([transforms.RandomCrop(32, padding=4), RandomHorizontalFlip(), ToTensor()])",
        ("write augment crop(32, pad=4) hflip, steps that stand one behind another; `ToTensor()`: leave it out: pixels "
        "are scaled to 0..1 anyway"),
    ),
    ("augment [crop(32), hflip]", "write augment crop(32) hflip, steps that stand one behind another"),
    ("normalize mean=[0.5, 0.4, 0.3] std=[0.2, 0.3, 0.1]", "write normalize mean(0.5, 0.4, 0.3) std(0.2, 0.3, 0.1)"),
    ("normalize Normalize((0.5,0.4),(0.2,0.1))", "write normalize mean(0.5, 0.4) std(0.2, 0.1)"),
    (
        "normalize Normalize([127.5], [51])",
        "pixels are from 0 to 1 here: means and deviations divided by 255 are normalize mean(0.5) std(0.2)",
    ),
    (
        "loss nn.CrossEntropyLoss(weight=[1,2], label_smoothing=0.1)",
        ("write cross-entropy(smoothing=0.1); `weight=[1,2]`: the language has weights of classes by their counts "
        "alone, `class-weights=balanced`"),
    ),
    ("clip clip_grad_norm_(1.0)", "write norm(1.0)"),
    ("stop EarlyStopping(monitor='val_loss', patience=3)", "write val-loss(patience=3)"),
    ("stop EarlyStopping(monitor='val_acc', patience=3)", "write val-accuracy(patience=3)"),
    ("stop EarlyStopping(patience=3)", "write val-loss(patience=3) or val-accuracy(patience=3)"),
    (
        "early_stopping(monitor='val_loss', patience=3)",
        "it stands in the entry `stop`: write `stop val-loss(patience=3)`",
    ),
    ("clip clipnorm(1)", "of each weight by itself it isn't in the language, of all together it is norm(1)"),
    (
        "data sets.CIFAR10(transform=T.Compose([T.RandomApply([T.Normalize((0.5,), (0.5,))]), T.ToTensor()]))",
        ("write cifar10; `transform=T.Compose([T.RandomApply([T.Normalize((0.5,), (0.5,))]), T.ToTensor()])`: what is "
        "done to images is said by `augment` and `normalize`"),
    ),
    ("optimizer keras.optimizers.SGD(0.1, 0.9, True)", "write sgd(lr=0.1, momentum=0.9, nesterov=yes)"),
    (
        "optimizer optim.SGD(params, 0.1, 0.9, 0, 1e-4)",
        f"write sgd(lr=0.1, momentum=0.9, weight-decay=1e-4); `params`: {OF_ALL}; `0`: remove it: it is always 0",
    ),
    (
        "optimizer keras.optimizers.Adam(0.01, 0.9, 0.999)",
        f"write adam(lr=0.01); `0.9`: remove it: it is always 0.9; `0.999`: remove it: it is always 0.999; {EPSILON}",
    ),
    ("optimizer keras.optimizers.AdamW(0.01, 0.05)", f"write adamw(lr=0.01, weight-decay=0.05); {EPSILON}"),
    ("clip tf.clip_by_norm(1)", "of each weight by itself it isn't in the language, of all together it is norm(1)"),
    ("clip clip_by_global_norm(1)", "write norm(1)"),
    ("clip clip_by_value(1)", "it isn't in the language, which scales gradients by their `norm`"),
    (
        "clipnorm 1",
        "of each weight by itself it isn't in the language, of all together it is an entry: `clip norm(…)`",
    ),
    ("global_clipnorm 1", "write `clip norm(1)`"),
    ("optimizer sgd(lr=0.1, global_clipnorm=1)", "it is an entry: `clip norm(1)`"),
    ("augment layers.RandomCrop(32, 32)", "write crop(32)"),
    ("augment layers.RandomCrop(24, 28)", "`24` and `28`: two sides aren't in the language: `crop` is of a square"),
    ("augment RandomCrop(28, 4)", "write crop(28, pad=4)"),
    (
        "schedule CosineDecay(0.1, 1000, alpha=0.1)",
        (f"{COSINE}; that it ends at 0.1 of that rate isn't in the language; `0.1`: the rate to begin with is the "
        "optimizer's `lr`; `1000`: how long it falls is said by `epochs`"),
    ),
    (
        "schedule ExponentialDecay(0.1, 1000, 0.9)",
        ("a rate of 0.9 of that before every 1000 steps isn't in the language, whose schedules are `constant`, "
        "`steps`, `plateau`, `cosine`, `one-cycle` and a `warmup`; `0.1`: the rate to begin with is the optimizer's "
        "`lr`"),
    ),
    (
        "loss CategoricalCrossentropy(True, 0.1)",
        ("write cross-entropy(smoothing=0.1); `True`: leave it out: whether a softmax stands last is said by the "
        "network"),
    ),
    ("torch.nn.utils.clip_grad_norm_(max_norm=2)", "it stands in the entry `clip`: write `clip norm(2)`"),
    ("torch.manual_seed(42)", "write `seeds 42`"),
    ('augment RandomFlip("horizontal_and_vertical")', "write hflip vflip"),
    ("optimizer 'adam'", "write optimizer adam"),
    ('loss="sparse_categorical_crossentropy"', "that is said by the entry `loss`: write `loss cross-entropy`"),
    ("loss F.cross_entropy(label_smoothing=0.1)", "write cross-entropy(smoothing=0.1)"),
    ('data tfds.load("mnist")', "write mnist"),
    ('data ImageFolder("x")', 'write folder("x")'),
    ("data ImageFolder('x')", 'write folder("x")'),
    ('data image_dataset_from_directory("x")', 'write folder("x")'),
    ('data parquet("x.parquet")', f'write hf("."); `x.parquet`: {PARQUET}'),
    ('data pd.read_parquet("a/b/x-*.parquet")', f'write hf("./a/b"); `a/b/x-*.parquet`: {PARQUET}'),
    ('data load_dataset("parquet", data_files="/a/x.parquet")', f'write hf("/a"); `/a/x.parquet`: {PARQUET}'),
    ("data parquet(place)", f'write hf("./DIR"); `place`: {PARQUET}'),
    ("data parquet", f'write hf("./DIR"); {PARQUET}'),
    (
        'data wds.WebDataset("a/x-{000..004}.tar")',
        'write shards("a"); `a/x-{000..004}.tar`: it reads all tar files of a folder',
    ),
    (
        'data webdataset("pipe:curl http://a/b.tar")',
        'write shards("DIR"); `pipe:curl http://a/b.tar`: it reads all tar files of a folder',
    ),
    ('data csv("x.csv")', f"`x.csv`: {TABLE}"),
    ('data pd.read_json("x.json")', f"`x.json`: {TABLE}"),
    (
        'data load_dataset("imagefolder", data_dir="x")',
        'write folder("x"); it has a folder for each class, or folders train, val and test of such',
    ),
    ('data load_dataset("beans")', 'write hf("beans")'),
    ('data load_dataset("a/b", "plain")', 'write hf("a/b", config=plain)'),
    ('data load_dataset("mnist")', "write mnist"),
    (
        'data load_from_disk("x")',
        'write hf("./x"); it reads the folder that `save_to_disk` of `datasets` wrote',
    ),
    ('data flow_from_directory("x", batch_size=8)', 'write folder("x"); `batch_size=8`: that is the entry `batch`'),
    ('data datasets.CIFAR10("x")', f'write cifar10; `"x"`: {WHERE}'),
    ('data cifar10("x")', WHERE),
    ("data datasets.FashionMNIST", "write fashion-mnist"),
    ("data mnist.load_data()", "write mnist"),
    ("seeds [0, 1, 2]", "write seeds 0 1 2"),
    ("learning_rate: 0.01", "write `optimizer sgd(lr=0.01)` or `optimizer adam(lr=0.01)`"),
    ("epochs: 90", "write `epochs 90`"),
    ("optimizer: SGD(lr=0.1)", "write `optimizer sgd(lr=0.1)`"),
    ("optimizer=optim.SGD(lr=0.1)", "that is said by the entry `optimizer`: write `optimizer sgd(lr=0.1)`"),
    ("transforms.RandomCrop(32, padding=4)", "write `augment crop(32, pad=4)`"),
    ("optim.SGD(lr=0.1)", "it stands in the entry `optimizer`: write `optimizer sgd(lr=0.1)`"),
    (
        "model.compile(optimizer='adam', loss='mse', jit_compile=True)",
        (f"each is an entry, a line of its own: `optimizer adam`; {EPSILON}; `loss='mse'`: it isn't in the language, "
        "whose loss is `cross-entropy`; `jit_compile=True`: it has no place in a recipe"),
    ),
    (
        "model.fit(x, epochs=90, batch_size=64)",
        "each is an entry, a line of its own: `epochs 90`, `batch 64`; `x`: it has no place in a recipe",
    ),
    (
        "optimizer keras.optimizers.Adam(learning_rate=1e-3, weight_decay=1e-4)",
        f"write adamw(lr=1e-3, weight-decay=1e-4); {EPSILON}",
    ),
    (
        "optimizer tf.keras.optimizers.Adam(1e-3, weight_decay=1e-4)",
        f"write adamw(lr=1e-3, weight-decay=1e-4); {EPSILON}",
    ),
    (
        "optimizer keras.optimizers.SGD(0.01, weight_decay=5e-4)",
        ("write sgd(lr=0.01); `weight_decay=5e-4`: Keras's is beside the gradient, as `adamw`'s is: of `sgd` it isn't "
        "in the language"),
    ),
    (
        "augment RandomCrop(32, 32)",
        ("as height and width, of Keras and albumentations, it is `crop(32)`; as side and padding, of torchvision, "
        "`crop(32, pad=32)`"),
    ),
    ("augment A.RandomCrop(28, 28)", "write crop(28)"),
    ("augment layers.RandomCrop(28, 4)", "`28` and `4`: two sides aren't in the language: `crop` is of a square"),
    ("augment transforms.RandomCrop(28, 28)", "write crop(28, pad=28)"),
    (
        "augment RandomRotation(factor=1.0)",
        ("1.0 of a whole turn, as in Keras, is `rotate(180)`, which counts degrees; corners are black here, where "
        "Keras's are filled"),
    ),
    (
        "augment RandomRotation(factor=(-0.2, 0.2))",
        ("0.2 of a whole turn, as in Keras, is `rotate(72)`, which counts degrees; corners are black here, where "
        "Keras's are filled"),
    ),
    (
        "augment Compose([RandomRotation(0.1)])",
        ("`RandomRotation(0.1)`: 0.1 of a whole turn, as in Keras, is `rotate(36)`, which counts degrees; corners are "
        "black here, where Keras's are filled"),
    ),
    (
        "augment Compose([Compose([RandomCrop(32)]), RandomHorizontalFlip()])",
        "write augment crop(32) hflip, steps that stand one behind another",
    ),
    (
        "normalize Normalize(mean=(-0.5,), std=(0.5,))",
        "it would be mean(-0.5) std(0.5), which isn't in the language",
    ),
    (
        "normalize Normalize((0.5,0.5,0.5), (2,2,2))",
        ("say of which pixels they are: of 0 to 1 it is normalize mean(0.5, 0.5, 0.5) std(2, 2, 2), of 0 to 255 these "
        "by 255"),
    ),
    ("data cifar10(val=5.000)", "write 5 or 5000 for `5.000`"),
    ("optimizer sgd(lr=0.1,)", "write optimizer sgd(lr=0.1)"),
    ("augment RandomCrop(32, padding=4,) hflip", "write augment crop(32, pad=4) hflip"),
    ("init from(a, b, )", "write init from(a, b)"),
    ("schedule steps(1..2: 1e-3, 3..4: 1e-4,)", "write schedule steps(1..2: 1e-3, 3..4: 1e-4)"),
    (
        "optimizer SGD(\n    lr = 0.1,  # as ours\n    momentum=0.9,  # so too,\n)",
        "write optimizer sgd(lr=0.1, momentum=0.9)",
    ),
    ("optimizer sgd(\n  lr=0.1,  # as ours,\n)", "write optimizer sgd(lr=0.1)"),
    (
        "optimizer SGD(lr = 0.01, momentum= 0.9, weight_decay =5e-4)",
        "write optimizer sgd(lr=0.01, momentum=0.9, weight-decay=5e-4)",
    ),
    ("optimizer Adam(lr = 0.001, betas = (0.9, 0.999))", "write optimizer adam(lr=0.001)"),
    (
        "optimizer optim.SGD(model.parameters(), lr = 0.01, momentum = 0.9)",
        f"write sgd(lr=0.01, momentum=0.9); `model.parameters()`: {OF_ALL}",
    ),
    (
        "optimizer sgd(lr = 0.1, momentm = 0.9)",
        "it would be optimizer sgd(lr=0.1, momentm=0.9), and unknown option of sgd `momentm`: did you mean `momentum`?",
    ),
    (
        "optimizer sgd(lr = 0.1, momentum=2)",
        "it would be optimizer sgd(lr=0.1, momentum=2), and momentum can't be 2: write a number from 0 to 1",
    ),
    ("data cifar10(val = 5000)", "write data cifar10(val=5000)"),
    ("init nn.init.normal_(m.weight, 0, 0.01)", f"write normal(std=0.01); `m.weight`: {DRAWN}"),
    (
        "nn.init.normal_(self.fc.weight, std=0.02)",
        f"it stands in the entry `init`: write `init normal(std=0.02)`; `self.fc.weight`: {DRAWN}",
    ),
    (
        "init nn.init.normal_(m.weight)",
        f"write normal(std=1); `m.weight`: {DRAWN}; `std=1`: theirs, where none is said",
    ),
    (
        "init nn.init.normal_(m.weight, 1, 0.01)",
        f"it would be normal(std=0.01), and a mean other than 0, `1`, isn't in the language; `m.weight`: {DRAWN}",
    ),
    ("init RandomNormal(mean=0.0, stddev=0.01)", "write normal(std=0.01)"),
    (
        "init nn.init.kaiming_normal_(m.weight, mode='fan_out', nonlinearity='relu')",
        (f"write he; `nonlinearity='relu'` is so anyway; `m.weight`: {DRAWN}; `mode='fan_out'`: it isn't in the "
        "language, whose `he` counts what comes in"),
    ),
    ("init nn.init.xavier_normal_(m.weight, gain=1.0)", f"write glorot; `gain=1.0` is so anyway; `m.weight`: {DRAWN}"),
    ("init nn.init.constant_(m.bias, 0)", "leave it out: biases are 0 to begin with"),
    (
        "augment Compose([RandomApply([ColorJitter(0.4)], p=0.8), RandomAffine(5), Perspective(0.5)])",
        ("`RandomApply([ColorJitter(0.4)], p=0.8)`: what is done with a probability isn't in the language, whose steps "
        "are for all images; without it, it would be augment colour-jitter(brightness=0.4); `RandomAffine(5)`: it "
        "isn't in the language: images are shifted by `translate`, and turned by `rotate`; `Perspective(0.5)`: it "
        "isn't in the language; its steps are crop, random-resized-crop, translate, hflip, alternating-hflip, vflip, "
        "rotate, scale, colour-pca, colour-jitter, trivial-augment, erase, cutout"),
    ),
    (
        "augment A.OneOf([A.HorizontalFlip(), A.VerticalFlip()])",
        ("one step of several, drawn, isn't in the language, whose steps are for all images; one of them alone is "
        "augment hflip or vflip"),
    ),
    (
        "augment RandomApply(transforms=[RandomVerticalFlip()])",
        ("what is done with a probability isn't in the language, whose steps are for all images; without it, it would "
        "be augment vflip"),
    ),
    (
        "augment RandomOrder([RandomCrop(5), Compose([RandomCrop(10), RandomVerticalFlip()])])",
        ("an order of steps that is drawn isn't in the language, whose steps are for all images; without it, it would "
        "be augment crop(5) crop(10) vflip"),
    ),
    (
        "augment Compose(transforms=[RandomCrop(28), RandomVerticalFlip()])",
        "write augment crop(28) vflip, steps that stand one behind another",
    ),
    (
        "augment A.Compose([A.HorizontalFlip()], p=0.5)",
        "write augment hflip, steps that stand one behind another; `p=0.5` is not in the language",
    ),
    (
        "optimizer adam(learning_rate = 0.1, weight_decay = 1e-4)",
        (f"write adamw(lr=0.1, weight-decay=1e-4); {EPSILON}; `learning_rate` is Keras's, whose weight decay is "
        "decoupled"),
    ),
    ("optimizer adamw(weight_decay=None)", "write adamw; `weight_decay=None` is so anyway"),
    ("augment RandomCrop(28, pading=2)", "write crop(28); `pading=2`: it isn't in the language, which has `pad`"),
    (
        "augment RandomCrop(28, padding=(1, 2))",
        "write crop(28); `padding=(1, 2)`: such a value of `pad` isn't in the language",
    ),
    (
        "augment ColorJitter(0.3, contrast=(0.5, 1.5))",
        ("write colour-jitter(brightness=0.3); `contrast=(0.5, 1.5)`: such a value of `contrast` isn't in the "
        "language"),
    ),
    ("augment RandomCrop(28, padding=2, padding=3)", "write crop(28, pad=2); `padding=3`: it is given twice"),
    (
        "optimizer SGD(learning_rate=0.1, weightdecai=1)",
        "write sgd(lr=0.1); `weightdecai=1` is not in the language",
    ),
    (
        "init nn.init.normal_(w, mean=1%, std=0.1)",
        f"it would be normal(std=0.1), and a mean other than 0, `1%`, isn't in the language; `w`: {DRAWN}",
    ),
    (
        "schedule StepLR(optimizer, 30, gamma=10%)",
        f"{STEPS}1..30: …, 31..60: …, …)`, and so on, each rate 10% of that before; `optimizer`: {OF_ALL}",
    ),
    (
        "schedule CosineAnnealingLR(optimizer, num_epochs, eta_min=1%)",
        (f"{COSINE}; `T_max=num_epochs`: how many these are is said by `epochs`; that it ends at 1% isn't in the "
        f"language; `optimizer`: {OF_ALL}"),
    ),
    (
        "normalize Normalize([50%], [20%])",
        (
            "write normalize mean(50%) std(20%); "
            "of one value PyTorch makes one for each channel, here each is written"
        ),
    ),
    (
        "schedule MultiStepLR([60, 1e2], gamma=0.5)",
        f"{STEPS}1..60: …, 61..100: …, …)`, and one from epoch 101 to the last, each rate 0.5 of that before",
    ),
    (
        "schedule MultiStepLR(milestones=[60, -1, 120.5, int(epochs*0.75)], gamma=0.5)",
        ("`steps(1..60: …, …)` says the rates of ranges of epochs, each rate 0.5 of that before; `-1`, `120.5` and "
        "`int(epochs*0.75)` are no epoch to end one with, which is one from 1 on"),
    ),
    (
        "schedule MultiStepLR([0, 3], gamma=0.5)",
        ("`steps(1..3: …, …)` says the rates of ranges of epochs, each rate 0.5 of that before; `0` is no epoch to "
        "end one with, which is one from 1 on"),
    ),
    (
        "optimizer SGD(learning_rate=0.1, weight_decay=5e-4)",
        ("write sgd(lr=0.1); `weight_decay=5e-4`: Keras's is beside the gradient, as `adamw`'s is: of `sgd` it isn't "
        "in the language"),
    ),
    ("lr = 0.01", "write `optimizer sgd(lr=0.01)` or `optimizer adam(lr=0.01)`"),
    ("epochs = 5", "write `epochs 5`"),
    ("batch_size = 64", "write `batch 64`"),
    ("optimizer = SGD(lr = 0.01)", "write `optimizer sgd(lr=0.01)`"),
    (
        "optimizer = optim.SGD(net.parameters(), lr=0.01)",
        f"that is said by the entry `optimizer`: write `optimizer sgd(lr=0.01)`; `net.parameters()`: {OF_ALL}",
    ),
    ("criterion = nn.CrossEntropyLoss()", "that is said by the entry `loss`: write `loss cross-entropy`"),
    (
        "scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=30, gamma=0.5)",
        (f"that is said by the entry `schedule`: {STEPS}1..30: …, 31..60: …, …)`, and so on, each rate 0.5 of that "
        f"before; `optimizer`: {OF_ALL}"),
    ),
    ("augment = crop(32, pad=4) hflip", "write `augment crop(32, pad=4) hflip`"),
    ("optimizer SGD(learning_rate=0.1, momentum=0.9, nesterov=True)", "write sgd(lr=0.1, momentum=0.9, nesterov=yes)"),
    ("optimizer SGD(lr=0.1, momentum=0.9, weight_decay=5e-4)", "write sgd(lr=0.1, momentum=0.9, weight-decay=5e-4)"),
    (
        "optimizer Adam(learning_rate=1e-3, weight_decay=1e-4)",
        (f"write adamw(lr=1e-3, weight-decay=1e-4); {EPSILON}; `learning_rate` is Keras's, whose weight decay is "
        "decoupled"),
    ),
    ("optimizer Adam(lr=1e-3, weight_decay=1e-4)", "write adam(lr=1e-3, weight-decay=1e-4)"),
    (
        "optimizer Adam(1e-3, weight_decay=1e-4)",
        ("as PyTorch has it, write adam(lr=1e-3, weight-decay=1e-4); as Keras has it, write adamw(lr=1e-3, "
        f"weight-decay=1e-4); {EPSILON}"),
    ),
    ("optimizer optim.Adam(weight_decay=1e-4)", "write adam(weight-decay=1e-4)"),
    (
        "optimizer AdamW(learning_rate=1e-3)",
        ("write adamw(lr=1e-3); PyTorch's AdamW has a weight decay of 0.01 where none is said, Keras's one of 0.004, "
        f"`adamw` none; {EPSILON}"),
    ),
    (
        "optimizer SGD(learning_rate=0.1, momentun=0.9)",
        "write sgd(lr=0.1); `momentun=0.9`: it isn't in the language, which has `momentum`",
    ),
    ('data CIFAR10(root="./data", train=True, download=True)', TORCHVISION),
    ('data datasets.CIFAR10(root="./data", train=True, download=True)', TORCHVISION),
    ('data cifar10(root="./data", val=5000)', f'write cifar10(val=5000); `root="./data"`: {WHERE}'),
    ("optimizer keras.optimizers.Adam(1e-3)", f"write adam(lr=1e-3); {EPSILON}"),
    ("optimizer Adam(learning_rate=1e-3)", f"write adam(lr=1e-3); {EPSILON}"),
    (
        "optimizer Adam(learning_rate=1e-3, epsilon=1e-7)",
        "write adam(lr=1e-3); `epsilon=1e-7`: it isn't in the language: it is always 1e-8",
    ),
    (
        "augment Compose([crop(0), RandomHorizontalFlip()])",
        ("write augment hflip, steps that stand one behind another; `crop(0)`: write a whole number from 1"),
    ),
    ("init HeNormal()", f"write he; {CUT}"),
    ("init keras.initializers.GlorotNormal(seed=3)", f"write glorot; `seed=3`: {SEED}; {CUT}"),
    ("init 'he_normal'", f"write he; {CUT}"),
    ("kernel_initializer='glorot_normal'", f"that is said by the entry `init`: write `init glorot`; {CUT}"),
    ("init VarianceScaling(2.0)", f"write he, a scale of 2.0 by `fan_in`; {CUT}"),
    (
        "init VarianceScaling(mode='fan_avg', distribution='untruncated_normal')",
        "write glorot, a scale of 1 by `fan_avg`",
    ),
    (
        "init VarianceScaling(2.0, 'fan_out')",
        ("a scale of 2.0 by `fan_out`, drawn as `truncated_normal`, isn't in the language, whose draws by such a scale "
        "are `he` and `glorot`, of a normal distribution"),
    ),
    (
        "augment RandomRotation(15, interpolation=InterpolationMode.BILINEAR)",
        "write rotate(15); `interpolation=InterpolationMode.BILINEAR` is so anyway",
    ),
    (
        "optimizer SGD(lr=0.01, decay=1e-6, momentum=0.9, nesterov=True)",
        ("write sgd(lr=0.01, momentum=0.9, nesterov=yes); `decay=1e-6`: of the rate it is said by `schedule`, of the "
        "weights by `weight-decay`, an option of the optimizer"),
    ),
    (
        "optimizer Adam(lr=0.001, betas=(0.9, 0.999), amsgrad=False)",
        ("write adam(lr=0.001); `betas=(0.9, 0.999)`: remove it: they are always 0.9 and 0.999; `amsgrad=False`: "
        "remove it: it is never done"),
    ),
    ("init normal(0, 0.01)", "write normal(std=0.01)"),
    ("optimizer SGD(0.1, 0.9)", "write sgd(lr=0.1, momentum=0.9)"),
    ("augment colour-jitter(0.4, 0.3)", "write colour-jitter(brightness=0.4, contrast=0.3)"),
]  # fmt: skip


@pytest.mark.parametrize("kind", ["parquet", "webdataset", "arrow", "imagefolder"])
@pytest.mark.parametrize(
    "place", ["x.tar", "./x", "../a/b", "~/a/*.x", "/a/x-[0-9].y", "a/x-{0..9}", ".", "s3://a/b", ""]
)
def test_what_reads_a_set_elsewhere_is_led_to_what_can_stand(kind: str, place: str) -> None:
    """Which is told and never put in its place, since it reads more than that file."""
    (found,) = findings(lambda: vggdsl.parse(f'{NET}train {{ data load_dataset("{kind}", data_files="{place}") }}'))
    said = re.match(r'write (\w+\(".+?"\));', found.help or "")
    assert said is not None
    assert found.fixes == ()
    vggdsl.parse(f"{NET}train {{ data {said[1]} }}")


@pytest.mark.parametrize(
    "entry",
    [
        "optimizer keras.optimizers.SGD(0.01, weight_decay=5e-4)",
        "augment RandomCrop(32, 32)",
        "augment RandomRotation(factor=(-0.2, 0.2))",
        "normalize Normalize((0.5,0.5,0.5), (2,2,2))",
        "normalize Normalize(mean=(-0.5,), std=(0.5,))",
        "data cifar10(val=5.000)",
    ],
)
def test_what_has_no_equal_is_offered_none(entry: str) -> None:
    assert found(entry)[0].fixes == ()


def test_no_smaller_batch_is_asked_for_where_no_image_is_left() -> None:
    spec = vggdsl.parse(f"{NET}train {{\ndata cifar10(n=100, val=200)\nbatch 64\n}}\n")
    assert {each.code for each in spec.check()} >= {"V512"}
    assert "W405" not in {each.code for each in spec.check()}


def found(entry: str) -> tuple[Diagnostic, ...]:
    return findings(lambda: vggdsl.parse(f"{NET}train {{\n{entry}\n}}\n"), RecipeError)


@pytest.mark.parametrize(("entry", "help"), MEANT)
def test_what_is_pasted_is_told_in_our_words(entry: str, help: str) -> None:
    (wrong,) = found(entry)
    assert wrong.help == help


@pytest.mark.parametrize("entry", [entry for entry, help in MEANT if not help.startswith(("it isn't", "pixels"))])
def test_nothing_that_was_written_is_lost(entry: str) -> None:
    """What a help marks it accounts for, number by number."""
    (wrong,) = found(entry)
    for number in re.findall(r"(?<![\w.])\d+(?:\.\d+)?", wrong.labels[0].span.text):
        assert number in str(wrong.help)


@pytest.mark.parametrize("entry", [entry for entry, _ in MEANT])
def test_what_is_offered_in_its_place_is_read(entry: str) -> None:
    (wrong,) = found(entry)
    for fix in wrong.fixes:
        assert vggdsl.parse(edited(fix.span.source, [fix])).recipes


@pytest.mark.parametrize("entry", ["optimizer sgd(lr=0.1, (1, 2))", "batch (64)", "batch '64'", "epochs [4]"])
def test_brackets_and_single_quotes_are_taken_for_no_value(entry: str) -> None:
    assert found(entry)[0].code == "V406"


def test_a_measured_block_takes_no_brackets() -> None:
    block = "measured {\n  Epoch 1/1 - Train Accuracy: 0.5 - Val Accuracy: 0.5 - Test Accuracy: 0.5\n  run (1, 2)\n}\n"
    (wrong,) = findings(lambda: vggdsl.parse(NET + block))
    assert (wrong.code, wrong.help) == ("V603", "write options, such as seed=0")


@pytest.mark.parametrize(
    ("line", "code", "help"),
    [
        ("run seed=[0, 1]", "V603", "write one value, such as seed=0"),
        ("run seed=(0)", "V603", "write seed=0"),
        ("run seed=[[0]]", "V603", "write one value, such as seed=0"),
        ("run seed=int(0)", "V603", "write one value, such as seed=0"),
        ("run minutes=(0.32)", "V603", "write minutes=0.32"),
        ("of split=(1257/180/360)", "V603", "write split=1257/180/360"),
        ("seal sha256=(fe15a5b1ec93c463)", "V603", "write sha256=fe15a5b1ec93c463"),
        ("run: seed=0", "V603", "its options stand behind `run`, without a colon or brackets, such as seed=0"),
        ("run: 0", "V603", "its options stand behind `run`, without a colon or brackets, such as seed=0"),
        ("run(seed=0)", "V603", "its options stand behind `run`, without a colon or brackets, such as seed=0"),
    ],
)
def test_a_measured_block_takes_no_code_of_other_tools(line: str, code: str, help: str) -> None:
    block = "measured {{\n  Epoch 1/1 - Train Accuracy: 0.5 - Val Accuracy: 0.5 - Test Accuracy: 0.5\n  {}\n}}\n"
    (wrong,) = findings(lambda: vggdsl.parse(NET + block.format(line)))
    assert (wrong.code, wrong.help) == (code, help)
    assert wrong.labels[0].span.text in line
    for fix in wrong.fixes:
        assert vggdsl.parse(edited(fix.span.source, [fix])).measurements


@pytest.mark.parametrize(
    "entry",
    [
        "optimizer SGD(learning_rate=0.1,{} momentum=0.9)",
        "optimizer sgd(lr = 0.1,{} momentum = 0.9)",
        "optimizer optim.AdamW(lr=0.1,{} weight_decay=0.1)",
        "augment RandomCrop(28,{} padding=4)",
        "optimizer = sgd(lr=0.1,{} momentum=0.9)",
        "crop(28,{} pad=4)",
    ],
)
def test_no_edit_loses_a_comment(entry: str) -> None:
    (alone,), (commented,) = found(entry.format("\n")), found(entry.format("  # as ours\n"))
    assert commented.fixes == ()
    assert commented.help == alone.help
    assert alone.fixes


@pytest.mark.parametrize(
    "entry",
    [
        "schedule ReduceLROnPlateau(patience={})",
        "schedule CosineAnnealingLR(T_max={})",
        "schedule StepLR(step_size={})",
        "schedule StepLR(step_size=3, gamma=0.{})",
        "stop EarlyStopping(patience={})",
        "augment RandomRotation(factor={})",
        "init RandomNormal(mean={})",
        "optimizer SGD(learning_rate={}, weight_decay=1)",
    ],
)
def test_a_number_of_many_digits_is_told_in_short(entry: str) -> None:
    for wrong in found(entry.format("7" * 5_000)):
        assert len(wrong.help or "") < 1.1 * LONGEST
        assert wrong.fixes == ()


def test_calls_in_calls_and_many_options_are_told_in_short() -> None:
    began = time.process_time()
    crops = ", ".join(20 * ["RandomCrop(28, 2)"])
    some = ", ".join(20 * [f"OneOf([{crops}])"])
    nested = ", ".join(20 * [f"RandomApply([{some}])"])
    decays = ", ".join(f"weight_decay={number}" for number in range(10_000))
    for entry in (f"augment RandomApply([{nested}])", f"augment Compose([{some}])", f"optimizer adamw({decays})"):
        assert all(len(wrong.help or "") < 1.1 * LONGEST for wrong in found(entry))
    assert time.process_time() - began < 10
