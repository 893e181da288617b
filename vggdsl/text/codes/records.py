"""Codes of runs and records."""

from typing import Literal

from vggdsl.text.codes.row import Code

Name = Literal[
    "V603", "V604", "V605", "V606", "V607", "V608", "V609", "V613", "V614", "W601", "W602", "W610", "W611", "W612",
]  # fmt: skip

_RUN = "a run's folder"
_SEARCH = "a search"
_TRAINING = "a training"

ROWS = (
    Code(
        "V603",
        "record",
        "a measured block that can't be read",
        "`vggdsl train` writes measured blocks. This one has an entry that it never writes, or lacks one.",
        "Remove the block, and train.",
        example="v603_block",
    ),
    Code(
        "V604",
        "record",
        "a folder that is no usable run",
        "The folder wasn't made by `vggdsl train`, or a file in it is torn or was changed.",
        "Name another run, or train again.",
        unshown=_RUN,
    ),
    Code(
        "V605",
        "run",
        "a training that was stopped",
        "It was interrupted before its end, so there is no record of it.",
        "Go on with `vggdsl train --resume RUN`.",
        unshown=_TRAINING,
    ),
    Code(
        "V606",
        "record",
        "a record that can't be repeated",
        "A measured block says what was run in a way that can't be read back, perhaps by another version.",
        "Train the spec anew.",
        unshown=_TRAINING,
    ),
    Code(
        "V607",
        "record",
        "a run that can't be resumed",
        "The run is finished, is being trained by another process, or its checkpoint is torn or of another training. "
        "`--more` adds epochs to a run that has ended by the number of its epochs, if its schedule says their rate: "
        "one that leads to the last epoch, as a cosine does, has none for more.",
        "Wait for the other's end, or train anew without `--resume` or `--more`.",
        unshown=_RUN,
    ),
    Code(
        "V608",
        "record",
        "a run of another network",
        "`--from` names a run whose network isn't the one whose weights the recipe takes.",
        "Name a run of that network.",
        unshown=_RUN,
    ),
    Code(
        "V609",
        "record",
        "a record that can't be added to a file",
        "The file isn't what the run was of, holds the block already, or the block was edited by hand.",
        "Add it to the file that was trained, or train that one.",
        unshown=_RUN,
    ),
    Code(
        "V613",
        "record",
        "a folder that isn't that of this search",
        "`vggdsl search` goes on with what is in its folder. There it was another space, or one of another name, "
        "another budget, recipe or seed, other data, or halved otherwise; or the folder holds something else, or its "
        "file of trials is torn.",
        "Give the search another folder, with `-o DIR`.",
        unshown=_SEARCH,
    ),
    Code(
        "V614",
        "input",
        "a budget that nothing fits",
        "Of the networks that were looked at, none is within all bounds, or none is a network that can be trained.",
        "`vggdsl search SPEC --count` says how many fit: give wider bounds.",
        unshown=_SEARCH,
        about_call=True,
    ),
    Code(
        "W601",
        "record",
        "a measured block edited by hand",
        "`vggdsl train` and `vggdsl evaluate` seal what they measured. The seal doesn't fit what the block says now.",
        "Train or evaluate again to measure.",
        example="w601_edited",
        discounts=True,
    ),
    Code(
        "W602",
        "record",
        "a stale measurement",
        "The network or the recipe was changed since it was measured: the result isn't theirs.",
        "Train again to measure.",
        example="w602_stale",
        discounts=True,
    ),
    Code(
        "W610",
        "record",
        "two results of one seed",
        "A network was trained twice with one seed, and not alike. The first counts, the second is no evidence more.",
        "Look at what differs: the device, or versions of libraries.",
        unshown=_RUN,
    ),
    Code(
        "W611",
        "record",
        "a measurement that doesn't say of what",
        "A measured block lacks what was run, so it can't be counted.",
        "Train again to measure.",
        unshown="a measured block that is sealed and of an early version",
    ),
    Code(
        "W612",
        "record",
        "a run without a record",
        "A training was interrupted, or its loss diverged, so its folder has no record and isn't counted.",
        "Go on with `vggdsl train --resume RUN`, or train by another recipe where it diverged.",
        unshown=_RUN,
    ),
)
