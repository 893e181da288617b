"""Of trainings and what comes of them: records, evaluations, exported models, guesses, speed."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypedDict

from vggdsl.cli.schemas.results import RecipeName, StartedFrom
from vggdsl.text.diagnostics import FindingData

# -- train and record


class TrainedClasses(TypedDict):
    """How many images the classes of a training have."""

    n: Annotated[int, "classes"]
    smallest: Annotated[int, "images to train on, of the class with the fewest"]
    largest: Annotated[int, "of the class with the most"]
    guess: Annotated[float, "test accuracy of always guessing the largest, from 0 to 1"]
    without: Annotated[Mapping[str, list[str]], "by split, the classes of which it has no images"]


class TrainedRun(StartedFrom):
    """A training that came to its end."""

    run: Annotated[str, "its folder"]
    spec: Annotated[str, "the spec's name"]
    network: Annotated[str, "digest: eight hex digits"]
    recipe: Annotated[RecipeName, "the spec's; what the run did otherwise says `deviates`"]
    deviates: Annotated[str | None, "what was done otherwise than the recipe says"]
    seed: Annotated[int, "of its chance"]
    best: Annotated[int, "the epoch of the weights that were measured"]
    epochs: Annotated[int, "most that it might take"]
    train_accuracy: Annotated[float, "from 0 to 1, at the best epoch"]
    val_accuracy: Annotated[float, "from 0 to 1, at the best epoch"]
    test_accuracy: Annotated[float, "from 0 to 1, at the best epoch"]
    top_5: Annotated[Mapping[str, float], "by split, the share among the first five guesses; of more than ten classes"]
    balanced: Annotated[
        Mapping[str, float], "by split, the mean over the classes of the share that is found; of uneven classes"
    ]
    precision: Annotated[str, "`fp32` or `bf16`"]
    device: Annotated[str, "what it ran on"]
    minutes: Annotated[float, "that it took"]
    data: Annotated[str, "digest of the images"]
    split: Annotated[str, "images for training/validation/test"]
    left_out: Annotated[int, "images that couldn't be read"]
    classes: Annotated[TrainedClasses, "how many images they have"]
    warnings: Annotated[list[FindingData], "what looks wrong in the data"]
    weights: Annotated[str, "their digest"]
    compared: Annotated[list[str], "what is claimed and was measured before beside it, as lines of text"]


class Recorded(TypedDict):
    """A run's sealed block."""

    spec: Annotated[str, "the spec's name"]
    line: Annotated[str, "the result in the sources' own form"]
    values: Annotated[Mapping[str, Mapping[str, str]], "the block's entries, by their lines: `run`, `of`, `by`, `seal`"]
    block: Annotated[str, "as it stands in a spec"]
    evaluations: Annotated[list[str], "the blocks of what its weights gave under other protocols"]
    into: Annotated[str | None, "the file that it was appended to"]


# -- evaluate


class ClassScores(TypedDict):
    """Of a class, or a mean over classes; shares from 0 to 1."""

    name: Annotated[str, "its name"]
    precision: Annotated[float, "of the images that are taken for it, how many are of it"]
    recall: Annotated[float, "of its images, how many are found"]
    f1: Annotated[float, "the harmonic mean of the two"]
    support: Annotated[int, "its images"]


class Evaluation(TypedDict):
    """What a network, or several together, gave under a protocol."""

    networks: Annotated[list[str], "runs, or specs with their weights"]
    weights: Annotated[list[str], "the digests of those that were evaluated"]
    images: Annotated[str, "which, such as `test of cifar10`"]
    data: Annotated[str | None, "the digest of the data set; null for a folder"]
    split: Annotated[str | None, "of the data set; null for a folder"]
    count: Annotated[int, "images"]
    scale: Annotated[list[int], "the shorter sides to which an image was scaled"]
    view: Annotated[str, "what was looked at"]
    flip: Annotated[bool, "whether each was looked at mirrored, too"]
    ensemble: Annotated[int, "networks that answered together"]
    top_1: Annotated[float, "share of the images whose class is the first guess"]
    top_1_bounds: Annotated[list[float], "within which that of all such images lies, with 95 % confidence"]
    top_5: Annotated[float | None, "share with the class among five guesses; null for five classes or fewer"]
    loss: Annotated[float, "mean cross-entropy, in nats"]
    classes: Annotated[list[ClassScores], "in the order of the network's outputs"]
    macro: Annotated[ClassScores, "the mean over classes"]
    weighted: Annotated[ClassScores, "the mean over classes by their images"]
    confusion: Annotated[list[list[int]], "a row a true class, a column a guessed one, in the order of `classes`"]
    precision: Annotated[str, "of the arithmetic"]
    device: Annotated[str, "on which"]
    minutes: Annotated[float, "that it took"]
    recorded: Annotated[str, "where, or why not"]


class HeldClaim(TypedDict):
    """A figure that a spec claims, beside what was measured."""

    measure: Annotated[str, "such as `top-1-error`"]
    claimed: Annotated[str, "as printed"]
    where: Annotated[str | None, "its place in the source"]
    protocol: Annotated[Mapping[str, str], "as claimed; `class` or `average` say of which row of a report"]
    measured: Annotated[float | None, "in percent"]
    difference: Annotated[float | None, "in points; null where the two aren't comparable"]
    differs: Annotated[list[str], "why they aren't"]


class Evaluated(TypedDict):
    """What was evaluated, and held against what is claimed."""

    evaluations: Annotated[list[Evaluation], "one a protocol, of each network or of all together"]
    claims: Annotated[list[HeldClaim], "with `--claims`"]


# -- export


class OutputAgreement(TypedDict):
    """How onnxruntime on the file and PyTorch agree, both on the CPU."""

    max_rel: Annotated[float, "largest difference between logits, in shares of the largest logit"]
    values: Annotated[int, "logits that were compared"]
    spread: Annotated[float, "how far those of different images are apart, in shares of the largest logit"]


class ExpectedOutputs(TypedDict):
    """How near the network comes to what was expected."""

    of: Annotated[str, "`logits`, `probabilities`, `log-probabilities`, or `outputs` of a last activation"]
    max_rel: Annotated[float, "the largest difference, relative to the largest of them or of their logarithms"]
    images: Annotated[int, "for which outputs were expected"]


class FileTimes(TypedDict):
    """How long a file takes beside the same network in single precision, by turns."""

    batch: Annotated[int, "images at once"]
    ms: Annotated[float, "milliseconds, the median"]
    ms_in_fp32: Annotated[float, "the same of single precision"]
    ratio: Annotated[float, "how many times as fast it is, the median"]
    spread: Annotated[float, "of the ratios: their middle half, as a share of the median"]


class LayerLoss(TypedDict):
    """What a layer loses, as ratios of signal to noise in decibels: the less, the worse."""

    layer: Annotated[str, "its name"]
    weights: Annotated[float | None, "by rounding its weights; null where none are rounded"]
    values: Annotated[float | None, "by rounding what it gives; null where that isn't"]
    total: Annotated[float | None, "in what it gives, with all that was lost before it; null where that isn't rounded"]
    taken_by: Annotated[list[str], "the layers for which what it gives is rounded: `--keep` them to have it as it is"]


class Narrowed(TypedDict):
    """A file in half precision or in integers beside the same network in single precision."""

    precision: Annotated[str, "`fp16` or `int8`"]
    activations: Annotated[str | None, "`int8` or `uint8`; null in half precision"]
    weights: Annotated[str | None, "how they are integers; null in half precision"]
    kept: Annotated[list[str], "layers in single precision, of `--keep`"]
    calibrated: Annotated[str, "by which images the ranges of values are known"]
    compared: Annotated[str, "which images both answered"]
    images: Annotated[int, "how many"]
    same: Annotated[int, "of which both give the same likeliest class"]
    right: Annotated[int, "of which it is the label"]
    right_in_fp32: Annotated[int, "the same in single precision"]
    max_difference: Annotated[float, "the largest of a probability"]
    bytes_in_fp32: Annotated[int, "of the file in single precision"]
    times: Annotated[list[FileTimes], "on this processor"]
    processor: Annotated[str, "its name, and what it has for narrow numbers"]
    losses: Annotated[list[LayerLoss], "of `--debug-layers`, the worst first; else empty"]


class Exported(TypedDict):
    """An ONNX file that was written."""

    file: Annotated[str, "its path"]
    beside: Annotated[list[str], "the file with its weights, of `--external` and beyond 2 GB; else empty"]
    spec: Annotated[str, "the spec's name"]
    network: Annotated[str, "digest: eight hex digits"]
    weights: Annotated[str, "digest: sixteen hex digits; or `random, seed 0`"]
    bytes: Annotated[int, "in the file and what stands beside it"]
    opset: Annotated[int, "of ONNX's operators"]
    ir_version: Annotated[int, "of ONNX's format"]
    onnxruntime: Annotated[str, "the oldest release that reads it"]
    agreement: Annotated[OutputAgreement, "with PyTorch"]
    expected: Annotated[ExpectedOutputs | None, "of `--expect`; null without it"]
    narrowed: Annotated[Narrowed | None, "of `--precision fp16` and `int8`; null of fp32"]


# -- predict

_Class = TypedDict("_Class", {"class": Annotated[str, "its name, or `class 7` where names aren't known"]})


class ClassGuess(_Class):
    """A class that an image may show."""

    probability: Annotated[float, "from 0 to 1"]


class Predicted(TypedDict):
    """What an image shows."""

    image: Annotated[str | None, "the file, as it was given; null where one was posted without a name"]
    top: Annotated[list[ClassGuess], "the likeliest first; empty where the image can't be read"]
    error: Annotated[str | None, "why it can't be read"]


# -- serve


class Refused(TypedDict):
    """Why a request isn't answered, with a status of 400 to 429."""

    code: Annotated[str, "a word for programs, such as `unreadable`, `not_an_image`, `too_large`, `too_slow` or `busy`"]
    message: Annotated[str, "a sentence for people"]


# -- features


class WrittenFeatures(TypedDict):
    """The features of a layer, in a file."""

    path: Annotated[str, "the file"]
    layer: Annotated[str, "the layer's name"]
    shape: Annotated[list[int], "images first"]
    weights: Annotated[str, "the digest of the network's"]


# -- pack


class PackedShards(TypedDict):
    """The images of a folder, in shards."""

    path: Annotated[str, "the folder of shards"]
    images: Annotated[Mapping[str, int], "how many of each part; of one pool, all are of train"]
    classes: Annotated[int, "how many"]
    shards: Annotated[int, "how many files"]
    bytes: Annotated[int, "the size of these files together"]
    left_out: Annotated[int, "how many images can't be read, and were left out"]


# -- bench


class BenchRow(TypedDict):
    """A quantity of speed or size, measured several times."""

    what: Annotated[Literal["train", "input", "infer", "compile", "front"], "its kind"]
    name: Annotated[str, "as the table names it"]
    unit: Annotated[Literal["x", "s", "ms", "MB"], "`x`: a ratio, ours to theirs"]
    measured: Annotated[float, "the median"]
    values: Annotated[list[float], "in the order of the measurements; of a ratio one a pair of laps"]
    spread: Annotated[float, "the middle half of the values, as a share of the median"]
    floor: Annotated[float | None, "what it may not fall short of"]
    goal: Annotated[float | None, "what it is to reach"]
    verdict: Annotated[
        Literal["goal", "floor", "below", "noisy", "measured"],
        "what it reaches; `noisy` where the spread is beyond 0.15, `measured` where it has neither floor nor goal",
    ]
    images_per_second: Annotated[float | None, "of our side"]
    flops_per_second: Annotated[float | None, "of our side, by the network's own arithmetic"]
    peak_flops_per_second: Annotated[float | None, "of a large matrix product in the same precision, in the same run"]
    machine: Annotated[str, "on what it was measured, with PyTorch's version, and the precision of trainings"]
