"""Codes of claims."""

from typing import Literal

from vggdsl.text.codes.row import Code

Name = Literal[
    "V301", "V302", "V303", "V304", "V305", "V306", "W301",
]  # fmt: skip

ROWS = (
    Code(
        "V301",
        "claim",
        "a claim that doesn't hold",
        "What a source prints for the network or for a layer isn't what the layers give. Either the spec differs from "
        "the source's network, or the source is wrong.",
        "Mend the layers; or, if the source does print it, add `disputed` and the arithmetic.",
        example="v301_claims",
    ),
    Code(
        "V302",
        "claim",
        "a dispute of a figure that holds",
        "A figure is disputed, and the layers give just that.",
        "Remove `disputed`.",
        example="v302_disputed",
    ),
    Code(
        "V303",
        "claim",
        "a claim of a layer that isn't there",
        "A claim names a layer or a label, and the network has none of that name.",
        "Write a name as `vggdsl show` prints it.",
        example="v303_layer",
    ),
    Code(
        "V304",
        "claim",
        "a figure of another sort than its measure",
        "Parameters are a number, an output is a size, an accuracy is a percentage; of as many guesses as there are "
        "classes it is always 100 %.",
        "Write it as the help shows it.",
        example="v304_computed",
    ),
    Code(
        "V305",
        "claim",
        "a claim that mixes results with what is computed",
        "A result was measured, on the whole network and under a protocol; the other figures follow from the layers. "
        "Neither takes the words of the other.",
        "Make two claims of it, and remove what the help names.",
        example="v305_claim",
    ),
    Code(
        "V306",
        "claim",
        "a protocol that can't be read",
        "Behind a result stands how it was measured, in words such as `split=val`, `train=S256`, `view=ten`; and of "
        "which class, where it is the precision, the recall or the f1-score of one.",
        "Write the word or the value that the help names.",
        example="v306_protocol",
    ),
    Code(
        "W301",
        "claim",
        "a figure in billions",
        "B is a billion, as G is; some write it for operations, and others for bytes. It was read as G, and holds so.",
        "Write G for it.",
        example="w301_billions",
    ),
)
