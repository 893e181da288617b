"""Codes of a text that can't be read."""

from typing import Literal

from vggdsl.text.codes.row import Code

Name = Literal[
    "V101", "V102", "V103", "V104", "V105", "V106", "V107", "V108", "V109", "V110", "V111",
]  # fmt: skip

ROWS = (
    Code(
        "V101",
        "text",
        "an unknown word",
        "The text holds a word that is no layer, no keyword and no option. Often it is a misspelling, another tool's "
        "word, or two words that run together.",
        "Write the word that the help names. Layers are spelled as papers print them: `conv3-64 maxpool FC-10`.",
        example="v101_torn_option",
    ),
    Code(
        "V102",
        "text",
        "something that can't stand here",
        "Each word is known, but not at this place: a line that ends too early, a figure without a measure, a size "
        "that belongs to nothing, a comma between layers.",
        "The help says what is expected at this place.",
        example="v102_ends_early",
    ),
    Code(
        "V103",
        "text",
        "a bracket or a string without its end",
        "A bracket that is opened has to be closed by one of its kind, and a string ends on its line.",
        "Add or remove the one that the finding points at.",
        example="v103_wrong_partner",
    ),
    Code(
        "V104",
        "text",
        "a number that can't be read",
        "A number isn't written as one, is out of its range, or has more digits than any figure of a network.",
        "Write a whole number where a size is meant, or a figure such as 4096, 138M, 159Ki or 8.1%.",
        example="v104_range",
    ),
    Code(
        "V105",
        "network",
        "an input without its channels",
        "An input says how high, how wide and how deep it is, once: by three numbers, or by `RGB` or `grey`.",
        "Write `input 224x224x3` or `input (224x224 RGB image)`.",
        example="v105_no_channels",
    ),
    Code(
        "V106",
        "text",
        "a result line that can't be read",
        "A claim or a measured block quotes a training's last line in the form in which `vggdsl train` prints it.",
        "Write `Epoch 12/40 - Train Accuracy: 0.9980 - Val Accuracy: 0.9312 - Test Accuracy: 0.9227`.",
        example="v106_result_line",
    ),
    Code(
        "V107",
        "text",
        "an unknown figure behind an arrow",
        "Behind `->` stands what a source prints for one layer: its output, and figures such as `params=1,792`.",
        "Write the figure that the help names. What is said of the whole network is a `claim`.",
        example="v107_figure",
    ),
    Code(
        "V108",
        "text",
        "a dispute that doesn't say which figure or why",
        "`disputed` says that a source is wrong in one figure, and gives the arithmetic as its reason.",
        "Write the reason behind it, in quotes, and give each disputed figure a claim of its own.",
        example="v108_disputed",
    ),
    Code(
        "V109",
        "text",
        "brackets too deep",
        "Brackets stand inside each other deeper than any network needs.",
        "Remove brackets that hold nothing else, or write a block.",
        example="v109_depth",
    ),
    Code(
        "V110",
        "network",
        "an unknown word of an input",
        "Beside its size an input may say what its channels are, in words such as `RGB image` or `grey`.",
        "Write the word that the help names, or the channels as a number: `input 224x224x3`.",
        example="v110_word",
    ),
    Code(
        "V111",
        "text",
        "a text too long",
        "A text has more words or characters than any spec, and isn't read further.",
        "Is it a spec? What repeats can be written once: `conv3-64 x3`, or a block.",
        unshown="a text of many megabytes",
    ),
)
