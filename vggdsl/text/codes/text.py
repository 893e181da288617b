"""Codes of a text that can't be read."""

from typing import Literal

from vggdsl.text.codes.row import Code
from vggdsl.text.facts import Stranger

Name = Literal[
    "V101", "V102", "V103", "V104", "V105", "V106", "V107", "V108", "V109", "V110", "V111",
    "V112", "V113", "V114", "V115", "V116", "V117", "W110", "W111",
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
    Code(
        "V112",
        "input",
        "an unknown notation, or an unknown column",
        "A call names a notation that there isn't, a network or words that the text doesn't hold, or a size that "
        "images can't have or that the text says itself.",
        "Write one that the help names, or leave it out: a text shows in which notation it is.",
        unshown="a call with `--from`, `--column`, `--input`, `--means` or `--heading`",
        about_call=True,
    ),
    Code(
        "V113",
        "text",
        "another notation in a spec",
        "The text is no spec: it looks like a table of a paper, a summary or the code of another tool, in a file whose "
        "name says that it is a spec.",
        "`vggdsl import` reads it and writes a spec.",
        unshown="a table of a paper in a file named as a spec",
    ),
    Code(
        "V114",
        "text",
        "several networks where one is meant",
        "A table has a column for each of several networks.",
        "Import it: that writes a spec of each, or with `--column` of one.",
        unshown="a pasted table of several columns",
    ),
    Code(
        "V115",
        "text",
        "a cell that can't be read",
        "A pasted table, a summary or code of another tool has something at this place that says no layer, or could "
        "say several. Nothing is guessed.",
        "Write what it should say, as the help shows.",
        unshown="a pasted table",
        facts=Stranger | None,
    ),
    Code(
        "V116",
        "text",
        "a choice that can't be made",
        "Where a number could stand, a space has several in braces: `{64|96}`, `{1..4}`, `{64..512:64}`. They are at "
        "least two, each once; a range goes up, and ends where its step leads.",
        "Write the numbers with bars between, or the number alone where there is nothing to choose.",
        example="v116_choice",
    ),
    Code(
        "V117",
        "text",
        "a choice where none is taken",
        "Braces stand here that are no choice, or at a place where none can be left open. A choice stands for a number "
        "of a layer, for a repeat, for what a call gives its block or for the value of a layer's option.",
        "Write one number here; elements are chosen as in `( maxpool | avgpool )`.",
        example="v117_misplaced_choice",
    ),
    Code(
        "W110",
        "text",
        "something taken for granted",
        "The pasted text doesn't say all of the network; what papers and other tools mean by leaving it out is taken.",
        "Look whether it is meant. The comment in the spec says the same.",
        unshown="a pasted table",
    ),
    Code(
        "W111",
        "text",
        "something damaged that was mended",
        "A PDF or a copy has broken the text in a way that only one reading mends.",
        "Look whether it is right. The comment in the spec says the same.",
        unshown="a pasted table",
    ),
)
