"""Codes of recipes."""

from typing import Literal

from vggdsl.text.codes.row import Code
from vggdsl.text.facts import Meant, OtherChannels, OtherClasses, OtherInput, OtherLayers

Name = Literal[
    "V401", "V402", "V403", "V404", "V405", "V406", "V407", "V408", "V409", "V410", "V411", "V412",
    "W401", "W402", "W403", "W404", "W405", "W406", "W407", "W408", "W409", "W410", "W411",
]  # fmt: skip

_TRAINING = "a training"

ROWS = (
    Code(
        "V401",
        "recipe",
        "a classifier for other classes than the data's",
        "The network's last layer gives one value a class, and the recipe's data have another number of classes.",
        "End the network with as many, or train on other data.",
        example="typical_classes",
        facts=OtherClasses,
    ),
    Code(
        "V402",
        "recipe",
        "recipes whose names don't tell them apart",
        "Two recipes of a spec have one name, one behind the first has none, or one is to be like another that isn't "
        "there.",
        "Give each a name of its own, and write `as` with one of those.",
        example="v402_names",
    ),
    Code(
        "V403",
        "recipe",
        "an unknown entry of a recipe",
        "A recipe has entries such as `data`, `epochs`, `batch`, `optimizer` and `schedule`, one a line.",
        "Write the entry that the help names.",
        example="typical_unknown_entry",
    ),
    Code(
        "V404",
        "recipe",
        "an entry given twice",
        "A recipe says each thing once.",
        "Keep one.",
        example="v404_twice",
    ),
    Code(
        "V405",
        "recipe",
        "a schedule that doesn't fit the training",
        "The learning rate is given twice or not at all, or the schedule and the training end at different epochs.",
        "Write the rate once, and a schedule of as many epochs as the training has.",
        example="v405_schedule_ends",
    ),
    Code(
        "V406",
        "recipe",
        "a value that an entry can't have",
        "An entry's value is unknown, out of its range, or has options that it doesn't take.",
        "Write it as the help shows it.",
        example="v406_values",
        facts=Meant | None,
    ),
    Code(
        "V407",
        "recipe",
        "an augmentation that can't be done",
        "A step of `augment` doesn't fit the input or the steps before it, or would change nothing.",
        "Write it as the help shows it, or remove it.",
        example="v407_augment",
        facts=OtherInput,
    ),
    Code(
        "V408",
        "recipe",
        "a network that can't be trained so",
        "The network doesn't end in the logits of classes, has no weights, or gets too few images in a step for its "
        "batch norm or for its processes.",
        "Mend the network's end, choose another batch, or start fewer processes.",
        example="v408_heads",
    ),
    Code(
        "V409",
        "run",
        "a training that diverged",
        "The loss is no longer a finite number, so nothing can be learnt any more. What was reached before is kept.",
        "Train with a lower learning rate, a warm-up, another init or batch norm; or in single precision.",
        unshown=_TRAINING,
    ),
    Code(
        "V410",
        "recipe",
        "weights to begin with that don't fit",
        "`init from(…)` takes weights from another network, layer by layer. A layer is missing in one of the two or "
        "has another shape there, so few layers of a file fit that it would nearly be a fresh start, or recipes begin "
        "with each other's weights in a circle.",
        "Name the layers that are alike, or begin by another init.",
        example="v410_inherited",
        facts=OtherLayers,
    ),
    Code(
        "V411",
        "recipe",
        "a normalisation for other channels",
        "`normalize` gives means and deviations of another number of channels than the network's input has.",
        "Give one of each for each channel, or let the training images say.",
        example="v411_channels",
        facts=OtherChannels,
    ),
    Code(
        "V412",
        "recipe",
        "layers that can't be frozen or rated so",
        "`freeze` and `rate` name layers whose weights a training treats in another way. One of them isn't in the "
        "network, has no weights or is chosen twice, a frozen one has a rate, or nothing is left to train.",
        "Name the layers as `vggdsl show` does, each once.",
        example="v412_tuned",
        facts=OtherLayers,
    ),
    Code(
        "W401",
        "recipe",
        "weights to begin with that can't be checked",
        "`init from(…)` names a spec, a run or weights that aren't here, so nobody can say whether the layers fit.",
        "Put the file where it was, or leave it: a record says by itself with which weights it began.",
        unshown="a spec whose neighbour was moved away",
        absent=True,
    ),
    Code(
        "W402",
        "recipe",
        "a recipe that doesn't fit where nothing is trained by it",
        "The spec that is extended has recipes that can't train what this one made of the network, and this one has "
        "none of its own that can; or a record, or the copy that a run keeps, has them beside its own. "
        "That is wrong only where it is trained by them.",
        "Change the recipe in this file, or train by another.",
        example="w402_inherited",
    ),
    Code(
        "W403",
        "recipe",
        "a learning rate that never drops",
        "Early stopping and the plateau schedule wait for the same accuracy, and the training stops first.",
        "Let early stopping wait longer.",
        example="w403_stop_before_plateau",
    ),
    Code(
        "W404",
        "recipe",
        "a training that learns nothing",
        "The loss stays where guessing leaves it or runs far beyond, every image is given one class, or no gradient "
        "reaches the weights.",
        "Change what the help names, most likely first: batch norm, the first values, the learning rate.",
        unshown=f"{_TRAINING}, while it runs",
    ),
    Code(
        "W405",
        "recipe",
        "a batch of more images than there are to train on",
        "Each epoch is one step then, with all images: the weights change once an epoch, and a smaller batch than is "
        "written is what is trained with.",
        "Write a smaller batch.",
        example="w405_batch",
    ),
    Code(
        "W406",
        "recipe",
        "a decoupled weight decay that isn't said",
        "`adamw` differs from `adam` by its weight decay alone, and has none here unless it is said. Other tools have "
        "one by default, each its own.",
        "Write the weight decay, or `adam`.",
        example="w406_no_decay",
    ),
    Code(
        "W407",
        "recipe",
        "steps that can't be captured as a CUDA graph",
        "The steps of a small network are captured as a CUDA graph, since Python launches their kernels more slowly "
        "than a GPU computes them. PyTorch or its driver refused that. It goes on, slower, to the same digits; the "
        "memory of what was tried may stay taken until the process ends.",
        "Nothing needs to be done; `--eager` doesn't try.",
        unshown=f"{_TRAINING} on a GPU",
    ),
    Code(
        "W408",
        "recipe",
        "an operation that a GPU doesn't repeat bit for bit",
        "The recipe says `deterministic yes`, and PyTorch has no way to do one of the network's operations on a GPU in "
        "which sums are added up in the same order each time.",
        "Train on a CPU, or without that operation; or take it that trainings of one seed differ by rounding.",
        unshown=f"{_TRAINING} on a GPU",
    ),
    Code(
        "W409",
        "recipe",
        "an average that holds too much of the first weights",
        "An exponential moving average forgets in about 1 / (1 - decay) steps. Where a training is short beside that, "
        "the weights after the first step, which are nearly drawn, are more than a tenth of what is evaluated and "
        "kept: its accuracy stays far below that of the weights that are trained.",
        "Write a smaller decay, as the help says, or train for longer.",
        example="w409_slow_average",
    ),
    Code(
        "W410",
        "recipe",
        "frozen layers whose weights nobody trained",
        "`freeze` keeps weights as they begin, and `init` draws them: such layers never learn anything. It is meant "
        "for weights that another training left.",
        "Take them from a training, by `init from(…)`, or don't freeze these layers.",
        example="w410_drawn",
    ),
    Code(
        "W411",
        "recipe",
        "weights that were made for other values of pixels",
        "A training begins with weights that others left, whose images were normalised in another way than `normalize` "
        "says. What the first layers learnt is of those values, so part of it is lost, and nothing else tells it.",
        "Normalise as the help says: `normalize imagenet` for most of torchvision's weights.",
        unshown="weights of torchvision or of a run",
    ),
)
