"""Of results: what is claimed beside what was measured, and two networks beside each other."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypedDict

StartedFrom = TypedDict(
    "StartedFrom",
    {"from": Annotated[str | None, "digest of the weights that it began with, a run's, a file's or torchvision's"]},
)


class RecipeName(TypedDict):
    """The recipe that a row is about."""

    name: Annotated[str | None, "null where a spec has one without a name"]
    digest: Annotated[str, "eight hex digits"]
    data: Annotated[str, "the data set, as a spec writes it"]


class ClaimedResult(TypedDict):
    """A figure that a source prints."""

    printed: Annotated[str, "as it stands there"]
    value: Annotated[float, "percent"]
    bounds: Annotated[list[float], "percent: the least and the most that may be printed so, rounded or truncated"]
    where: Annotated[str | None, "the place in the source"]
    protocol: Annotated[
        Mapping[str, str | int], "what it was measured under, by the words of the language; `epochs` too"
    ]


class SeedResult(StartedFrom):
    """What one run gave."""

    seed: Annotated[int, "of its chance"]
    value: Annotated[float, "percent"]
    best: Annotated[int, "the epoch of the weights that were measured"]
    epochs: Annotated[int, "most that it might take"]
    precision: Annotated[str, "`fp32` or `bf16`"]
    device: Annotated[str, "what it ran on"]
    weights: Annotated[str, "their digest"]


class MeasuredResult(TypedDict):
    """What runs of one network by one recipe on the same data gave."""

    mean: Annotated[float | None, "percent, over the seeds"]
    std: Annotated[float | None, "percent, of the sample; null for one seed"]
    n: Annotated[int, "seeds"]
    data: Annotated[str, "digest of the images"]
    split: Annotated[str, "images for training/validation/test"]
    left_out: Annotated[int, "images that couldn't be read"]
    deviates: Annotated[str | None, "what was done otherwise than the recipe says"]
    looks: Annotated[str | None, "how images were looked at by `vggdsl evaluate`; null as in the training"]
    seeds: Annotated[list[SeedResult], "one a run"]


class SignificanceData(TypedDict):
    """What a t-test over seeds says, each word with p below 0.05."""

    verdict: Annotated[
        Literal["beaten", "reached", "missed", "better", "worse", "open"] | None, "null where there is no test"
    ]
    p: Annotated[float | None, "of the verdict, or of the nearest where it is `open`"]
    n: Annotated[int, "trainings that count as samples; of two networks those of the one with fewer"]
    test: Annotated[Literal["one-sample", "paired", "Welch"] | None, "which; null where there is none"]
    untested: Annotated[str | None, "why there is none"]


class ResultRow(TypedDict):
    """A measure of a network: claimed, measured or both."""

    name: Annotated[str, "of the spec, with its folder where two share one"]
    spec: Annotated[str, "its file"]
    params: Annotated[int, "learnable parameters"]
    macs: Annotated[int, "multiply-adds for one image"]
    weight_layers: Annotated[int, "layers with weights on the longest path"]
    network: Annotated[str, "digest: eight hex digits"]
    recipe: Annotated[RecipeName | None, "null where a claim doesn't say which of several"]
    measure: Annotated[str, "such as `test-accuracy`"]
    unit: Annotated[Literal["%"], "of all figures of the row"]
    claimed: Annotated[ClaimedResult | None, "null where nothing is"]
    measured: Annotated[MeasuredResult | None, "null where nothing is that can be compared"]
    difference: Annotated[float | None, "measured less claimed, in points; null unless under one protocol"]
    significance: Annotated[SignificanceData | None, "whether the claim is reached; null where there is no difference"]
    differs: Annotated[list[str], "why the two are not compared"]


# -- two networks beside each other


class SeedValue(TypedDict):
    """What one training gave."""

    seed: Annotated[int, "of its chance"]
    value: Annotated[float, "percent"]


class ComparedNetwork(TypedDict):
    """One of two networks, with what its trainings gave."""

    name: Annotated[str, "of the spec, with its folder where two share one"]
    spec: Annotated[str, "its file"]
    recipe: Annotated[str | None, "null where the spec has one without a name"]
    mean: Annotated[float | None, "percent, over the seeds"]
    std: Annotated[float | None, "percent, of the sample; null for one seed"]
    seeds: Annotated[list[SeedValue], "those that count as samples: one that gave another's weights is none"]


class NetworkPair(TypedDict):
    """A measure of a network beside that of the first one."""

    measure: Annotated[str, "such as `test-accuracy`"]
    unit: Annotated[Literal["%"], "of all figures of the pair"]
    network: Annotated[ComparedNetwork, "the one that is told of"]
    beside: Annotated[ComparedNetwork, "the first"]
    difference: Annotated[float | None, "network less the first, in points; null unless measured alike"]
    significance: Annotated[SignificanceData | None, "whether they are told apart; null where there is no difference"]
    differs: Annotated[list[str], "why the two are not compared"]
    further: Annotated[list[str], "what differs besides the networks"]
