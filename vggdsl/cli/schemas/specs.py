"""Of specs: what they hold, how they differ, what is told of them."""

from collections.abc import Mapping
from typing import Annotated, Literal, NotRequired, TypedDict

from vggdsl.spec.explained import About
from vggdsl.text.diagnostics import FindingData

ImageSize = list[int]
PixelCount = int | list[int]
"""One number where both axes agree, else [height, width]."""


# -- check


class ClaimCounts(TypedDict):
    """Structural figures that a spec prints, by what came of them."""

    holds: Annotated[int, "figures that arithmetic confirms"]
    disputed: Annotated[int, "figures marked `disputed` that it refutes"]
    refuted: Annotated[int, "figures that it refutes: each is an error among the findings"]


class Size(TypedDict):
    """How large a network is, without auxiliary classifiers."""

    params: Annotated[int, "learnable parameters"]
    macs: Annotated[int, "multiply-adds for one image"]
    weight_layers: Annotated[int, "layers with weights on the longest path"]
    input: Annotated[ImageSize, "values of one image: [channels, height, width]"]
    output: Annotated[ImageSize, "values for one image: [channels, height, width]"]


class NetworkDifference(TypedDict):
    """A place where a model isn't the network of the spec."""

    layer: Annotated[str | None, "the spec's; null where it has none"]
    there: Annotated[str | None, "the model's node or module; null where it has none"]
    behind: Annotated[str | None, "the spec's layer before what only the model has"]
    text: Annotated[str, "what the spec has, and what the model has"]
    change: Annotated[str, "what was done, without names: several differences may share it"]
    file: Annotated[str | None, "where the spec has the layer"]
    line: Annotated[int | None, "of that file, from 1"]


class ComparedOutputs(TypedDict):
    """Outputs of the model beside those of the spec's network with its weights."""

    of: Annotated[str, "`logits`, `probabilities`, `log-probabilities` or `outputs`"]
    max_rel: Annotated[float, "largest difference, relative to the largest logit, logarithm or output"]
    images: Annotated[int, "so many images"]


class Against(TypedDict):
    """A model of another program, held against a spec."""

    model: Annotated[str, "as it was given"]
    kind: Annotated[Literal["onnx", "state-dict", "torchvision"], "what it is"]
    implements: Annotated[bool, "no differences in what could be compared"]
    differences: Annotated[list[NetworkDifference], "all, from the input on"]
    compared: Annotated[str, "what was compared"]
    untold: Annotated[list[str], "what the model doesn't say"]
    said: Annotated[list[str], "what else is to be known"]
    outputs: Annotated[list[ComparedOutputs], "of `--numerically` and `--expect`"]


class SpaceSize(TypedDict):
    """How much a space leaves open."""

    networks: Annotated[int, "ways to choose"]
    choices: Annotated[int, "those of one name, or in one block, count once"]
    tried: Annotated[int, "networks that were made: all, or a sample"]


class Checked(TypedDict):
    """A spec, or a file of blocks, and what is wrong with it."""

    spec: Annotated[str, "the file or name, as it was given or found in a folder"]
    ok: Annotated[bool, "no errors; warnings don't count"]
    mended: NotRequired[Annotated[list[FindingData], "with `--fix`: the errors that were mended in the file"]]
    blocks: NotRequired[Annotated[int, "blocks in a file that holds nothing else"]]
    space: NotRequired[Annotated[SpaceSize, "of a text that leaves choices open"]]
    network: NotRequired[Annotated[Size, "of a spec that can be read"]]
    claims: NotRequired[Annotated[ClaimCounts, "of a spec that can be read"]]
    results_claimed: NotRequired[Annotated[int, "printed results, such as accuracies"]]
    measured: NotRequired[Annotated[int, "measured blocks"]]
    sealed: NotRequired[Annotated[int, "of these, as the tool wrote them"]]
    against: NotRequired[Annotated[Against, "of a model that could be read, with `--against`"]]
    diagnostics: Annotated[list[FindingData], "the findings"]


# -- show


class Layer(TypedDict):
    """A layer, for one image."""

    name: Annotated[str, "unique; weights and ONNX nodes are named so"]
    kind: Annotated[str, "such as `conv`"]
    spelled: Annotated[str, "as a spec spells it"]
    inputs: Annotated[list[str], "names of the layers that it takes from"]
    file: Annotated[str, "where it is written"]
    line: Annotated[int, "of that file, from 1; of an implied layer that of its rule"]
    implied: Annotated[str | None, "the rule that gives it, or `implied`; null for what is written"]
    output: Annotated[ImageSize, "values that it gives: [channels, height, width]"]
    params: Annotated[int, "learnable parameters"]
    total_params: Annotated[int, "with running statistics"]
    macs: Annotated[int, "multiply-adds"]
    activations: Annotated[int, "values that it stores; none where it works in place"]
    receptive_field: Annotated[
        PixelCount, "what an output sees of the input, in pixels; [height, width] if they differ"
    ]
    stride: Annotated[PixelCount, "between neighbouring outputs, in pixels; [height, width] if they differ"]


class AuxiliaryClassifier(TypedDict):
    """An auxiliary classifier, which only training has."""

    name: Annotated[str, "its label"]
    weight: Annotated[float, "of its loss"]
    input: Annotated[str, "name of the layer that it takes from"]
    params: Annotated[int, "learnable parameters"]
    macs: Annotated[int, "multiply-adds"]
    activations: Annotated[int, "values that its layers store"]
    layers: Annotated[list[Layer], "in order"]


class Shown(TypedDict):
    """A network and its layers; figures without auxiliary classifiers unless told."""

    name: Annotated[str, "of the spec"]
    source: Annotated[str | None, "what the spec follows"]
    input: Annotated[ImageSize, "values of one image: [channels, height, width]"]
    output: Annotated[ImageSize, "values for one image: [channels, height, width]"]
    params: Annotated[int, "learnable parameters"]
    training_params: Annotated[int, "with those of auxiliary classifiers"]
    total_params: Annotated[int, "with running statistics"]
    weights: Annotated[int, "parameters without biases"]
    macs: Annotated[int, "multiply-adds for one image"]
    activations: Annotated[int, "values that the layers store for one image, the input left out"]
    weight_layers: Annotated[int, "layers with weights on the longest path"]
    layers: Annotated[list[Layer], "in topological order, without the input"]
    heads: Annotated[list[AuxiliaryClassifier], "auxiliary classifiers"]


# -- diff


class NetworkEdit(TypedDict):
    """What was done to a network, once or several times alike; or layers that come out otherwise because of that."""

    kind: Annotated[
        Literal["added", "removed", "changed", "takes", "affected"],
        "`takes`: the same layer takes from others, or an auxiliary loss weighs otherwise; `affected`: the same layers "
        "take other maps, or see more or less",
    ]
    text: Annotated[str, "what is there after it; of what is removed, what was"]
    was: Annotated[str | None, "what was there in its place"]
    where: Annotated[str | None, "the stage, or the element by its label"]
    layers: Annotated[list[str], "names, after it; of what is removed, before"]
    count: Annotated[int, "how often"]
    params: Annotated[int, "by how much learnable parameters grow, by all of them together"]
    macs: Annotated[int, "by how much multiply-adds for one image grow"]
    receptive_field: Annotated[
        PixelCount | None, "by how much it grows, in pixels; null where other branches may see more"
    ]
    in_training: Annotated[bool, "whether it is of an auxiliary classifier: only the totals in training count it"]


class OtherDifference(TypedDict):
    """A difference besides the network."""

    about: Annotated[Literal["source", "recipe", "claim", "measured"], "what it is of"]
    of: Annotated[str, "of which recipe or entry, figure or measurement"]
    before: Annotated[str | None, "null where the first has none"]
    after: Annotated[str | None, "null where the second has none"]


class Totals(TypedDict):
    """How large a network is."""

    network: Annotated[str, "digest: eight hex digits"]
    params: Annotated[int, "learnable parameters"]
    total_params: Annotated[int, "with running statistics"]
    training_params: Annotated[int, "learnable ones with those of auxiliary classifiers"]
    macs: Annotated[int, "multiply-adds for one image"]
    training_macs: Annotated[int, "with those of auxiliary classifiers"]
    activations: Annotated[int, "values that the layers store for one image, the input left out"]
    weight_layers: Annotated[int, "layers with weights on the longest path"]
    receptive_field: Annotated[PixelCount, "in pixels; [height, width] if they differ"]
    input: Annotated[ImageSize, "values of one image: [channels, height, width]"]
    output: Annotated[ImageSize, "values for one image: [channels, height, width]"]


class Differing(TypedDict):
    """Two specs side by side."""

    same: Annotated[bool, "whether nothing differs: the exit code is 0"]
    same_network: Annotated[bool, "whether the networks are the same, however they are written"]
    same_function: Annotated[bool, "whether both give the same logits for the same weights, in evaluation"]
    before: Annotated[Totals, "of the first"]
    after: Annotated[Totals, "of the second"]
    edits: Annotated[list[NetworkEdit], "in the order of the network; their costs add up to the difference of totals"]
    others: Annotated[list[OtherDifference], "recipes, claims and measurements"]


# -- fmt


class Formatted(TypedDict):
    """A spec, and whether it is in the one form."""

    spec: Annotated[str, "the file, as it was given"]
    formatted: Annotated[bool | None, "whether `vggdsl fmt` would leave it as it is; null for what can't be read"]
    diagnostics: Annotated[list[FindingData], "why it can't be read"]


# -- specs


class Listed(TypedDict):
    """A spec that ships."""

    name: Annotated[str, "as commands take it"]
    params: Annotated[int, "learnable parameters"]
    macs: Annotated[int, "multiply-adds for one image"]
    weight_layers: Annotated[int, "layers with weights on the longest path"]
    holds: Annotated[int, "figures that its sources print and arithmetic confirms"]
    disputed: Annotated[int, "figures that they print and it refutes"]
    computed: Annotated[int, "figures that no source prints: they guard the file"]
    source: Annotated[str | None, "what the spec follows"]


# -- claims

Came = Literal["holds", "refuted", "disputed", "written", "result", "computed", "unattributed", "not-checkable"]


class PrintedNumber(TypedDict):
    """A number that a source prints, or that a spec says one prints."""

    source: Annotated[str | None, "who prints it; of a spec's own what the spec follows"]
    place: Annotated[str, "in the source; of a table's row in a spec its line there"]
    quantity: Annotated[str, "what it is of"]
    printed: Annotated[str, "as it stands there"]
    outcome: Annotated[
        Came,
        "`written`: the spec is made of it; `result`: it is measured; `computed`: it holds, but no source prints it;"
        " `unattributed`: it is of no network here",
    ]
    value: Annotated[str | None, "what arithmetic gives; null where it says nothing"]
    reading: Annotated[str | None, "what is counted, in which units, and whether it is rounded or truncated"]
    arithmetic: Annotated[str | None, "how the value comes about"]
    because: Annotated[
        str | None,
        "why it is disputed, refuted or not checkable; of a result its protocol, of what is written its recipe",
    ]
    spec: Annotated[str | None, "the spec in which it stands; null where none has it"]
    line: Annotated[int | None, "where the spec has it, from 1; null for a source's"]


class PrintedSource(TypedDict):
    """A source, and what came of its numbers."""

    source: Annotated[str, "its name, as `vggdsl claims` takes it"]
    printed: Annotated[int, "numbers: what it prints, and what others print of networks whose specs follow it"]
    outcomes: Annotated[Mapping[str, int], "how many of them, by what came of them"]


class RangeData(TypedDict):
    """From the least to the most of several networks."""

    low: Annotated[int, "the least"]
    high: Annotated[int, "the most"]


class OutputRanges(TypedDict):
    """Of outputs, axis by axis."""

    channels: Annotated[RangeData, "1 and more"]
    height: Annotated[RangeData, "1 of a vector"]
    width: Annotated[RangeData, "1 of a vector"]


class RangedElement(TypedDict):
    """An element as it is written in a space, in those networks that have it."""

    text: Annotated[str, "as it is written"]
    line: Annotated[int, "of its file, from 1"]
    depth: Annotated[int, "alternations around it"]
    networks: Annotated[int, "of those that were tried, how many have it"]
    output: Annotated[OutputRanges | None, "of its last layer; null where none has it"]
    params: Annotated[RangeData | None, "learnable parameters"]
    macs: Annotated[RangeData | None, "multiply-adds for one image"]


class ChoiceData(TypedDict):
    """Something that a space leaves open."""

    name: Annotated[str, "its own, or its number and what it is of, such as `2:FC`"]
    options: Annotated[list[str], "in their order"]


class ShownSpace(TypedDict):
    """A space: what its networks are like."""

    name: Annotated[str, "of the spec"]
    source: Annotated[str | None, "what the spec follows"]
    networks: Annotated[int, "ways to choose"]
    choices: Annotated[list[ChoiceData], "in the order in which they are made"]
    tried: Annotated[int, "networks that the ranges are of: all, or a sample"]
    wrong: Annotated[int, "of these, how many can't be made"]
    output: Annotated[OutputRanges, "for one image"]
    params: Annotated[RangeData, "learnable parameters"]
    macs: Annotated[RangeData, "multiply-adds for one image"]
    weight_layers: Annotated[RangeData, "on the longest path"]
    receptive_field: Annotated[RangeData, "of the last layer, in pixels, of both axes"]
    elements: Annotated[list[RangedElement], "in order, those of alternatives too"]


# -- explain


class LayerFact(TypedDict):
    """A line that is told of a layer."""

    about: Annotated[
        About,
        "`in` which branch or call, what a `stack` of convolutions sees, what a 1x1 before it `saves`, what `others` "
        "mean by its words, `then` which implied ones follow",
    ]
    text: Annotated[str, "with the arithmetic, for people: `vggdsl show --json` has the numbers"]


class ExplainedLayer(TypedDict):
    """A layer as it is compiled."""

    name: Annotated[str, "as `vggdsl show --json` names it"]
    spelled: Annotated[str, "as a spec spells it"]
    file: Annotated[str, "where it is written"]
    line: Annotated[int, "of that file, from 1"]
    told: Annotated[list[LayerFact], "in order; some subjects have several lines or none"]


class CodeExample(TypedDict):
    """A text that shows a code."""

    file: Annotated[str, "its name"]
    text: Annotated[str, "what stands in it"]
    diagnostics: Annotated[list[FindingData], "what is found in it and has the code"]


class ExplainedCode(TypedDict):
    """What a finding's code means."""

    code: Annotated[str, "such as `V301`"]
    severity: Annotated[Literal["error", "warning"], "of each finding that has it"]
    title: Annotated[str, "in a few words"]
    meaning: Annotated[str, "what is wrong, and why"]
    mend: Annotated[str, "how to mend it"]
    about_call: Annotated[bool, "whether it is about what was asked for and not about a spec: the exit code is 2"]
    example: Annotated[CodeExample | None, "null where a text alone can't show it"]


# -- import


class Imported(TypedDict):
    """A network that a text in another notation holds, or a model."""

    notation: Annotated[str, "that of the text; onnx for a model"]
    name: Annotated[str | None, "what the text calls it, such as the heading of its column"]
    where: Annotated[str, "the file, and of a PDF the page and the table"]
    file: Annotated[str | None, "the spec that was written; null without -o, or where it couldn't be read"]
    weights: Annotated[str | None, "the weights of a model that were written; null for a text"]
    text: Annotated[str | None, "the spec; null where it couldn't be read"]
    params: Annotated[int | None, "learnable parameters"]
    said: Annotated[list[str], "what should be known of how a model was read"]
    ok: Annotated[bool, "it could be read, and its claims hold"]
    diagnostics: Annotated[list[FindingData], "what is wrong, and what was assumed and repaired"]
