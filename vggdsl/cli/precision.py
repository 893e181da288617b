"""``vggdsl export --precision``: what is asked for, and what came of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

import click

from vggdsl.cli.common import print_table, say
from vggdsl.cli.options import data, together
from vggdsl.cli.schemas.runs import LayerLoss, Narrowed
from vggdsl.text.tables import RowGroup, Table, numbers, words
from vggdsl.text.units import bytes_text

if TYPE_CHECKING:
    from vggdsl.experiments.precision.reduce import Asked, Reduced
    from vggdsl.targets.quantisation import Loss


class Narrow(TypedDict):
    """The options of ``narrows``."""

    precision: Literal["fp32", "fp16", "int8"]
    calibrate: int | None
    images: int | None
    keep: str | None
    bound: float | None
    debug_layers: bool
    recipe: str | None
    data_dir: Path | None


narrows = together(
    click.option(
        "--precision",
        type=click.Choice(["fp32", "fp16", "int8"]),
        default="fp32",
        show_default=True,
        help="Of the numbers in the file.",
    ),
    click.option(
        "--calibrate", metavar="N", type=click.IntRange(min=1), help="Training images for ranges.  [default: 256]"
    ),
    click.option(
        "--images", metavar="N", type=click.IntRange(min=1), help="Test images to compare on.  [default: 1000]"
    ),
    click.option("--keep", metavar="LAYER[,LAYER...]", help="Leave these in fp32: `conv1_1..conv1_2,fc8`."),
    click.option(
        "--bound",
        metavar="POINTS",
        type=click.FloatRange(0, 100),
        help="Of top-1 accuracy that may be lost, in percent.  [default: 0.5]",
    ),
    click.option("--debug-layers", is_flag=True, help="Tell what each layer loses in int8."),
    click.option("--recipe", metavar="NAME", help="Whose images, of a SPEC with several.  [default: that of train]"),
    data("Where these images are."),
)
"""The options of a command that writes networks in another precision."""


def asked_of(given: Narrow) -> "Asked | None":
    """What is asked for; None in single precision. Raises ``UsageError`` for an option that would do nothing."""
    of_narrow = ("calibrate", "images", "keep", "bound", "debug_layers", "recipe", "data_dir")
    said = {key: value for key, value in given.items() if key in of_narrow and value not in (None, False)}
    if given["precision"] == "fp32":
        for key in said:
            option = "--data" if key == "data_dir" else f"--{key.replace('_', '-')}"
            raise click.UsageError(f"{option} is of --precision fp16 and int8")
        return None
    if given["debug_layers"] and given["precision"] == "fp16":
        raise click.UsageError("--debug-layers is of --precision int8: fp16 rounds all layers alike")
    from vggdsl.experiments.precision.reduce import BOUND, CALIBRATED, COMPARED, Asked

    return Asked(
        given["precision"],
        CALIBRATED if given["calibrate"] is None else given["calibrate"],
        COMPARED if given["images"] is None else given["images"],
        tuple(part.strip() for part in given["keep"].split(",")) if given["keep"] is not None else (),
        BOUND if given["bound"] is None else given["bound"],
        given["debug_layers"],
    )


def tell(found: "Reduced", size: int) -> None:
    """In lines on standard output."""
    how = ""
    if found.integers is not None:
        how = ", ".join(f"{what} {kind}" for what, kind in found.integers.words.items())
        how = f" ({how})"
    kept = f"; {', '.join(found.kept)} in fp32" if found.kept else ""
    say(f"{found.precision}{how}, ranges of {found.calibrated}{kept}")
    answers, share = found.answers, 100 / found.answers.images
    say(
        f"{found.shown}: {share * answers.same:.2f}% get the class that fp32 gives them, "
        f"probabilities differ by up to {answers.error:.2g}"
    )
    (low, high), (low_before, high_before) = answers.bounds, answers.bounds_before
    say(
        f"top-1 accuracy {share * answers.right:.2f}% ({100 * low:.2f} to {100 * high:.2f}%), "
        f"in fp32 {share * answers.right_before:.2f}% ({100 * low_before:.2f} to {100 * high_before:.2f}%)"
    )
    say(f"{bytes_text(size)}, in fp32 {bytes_text(found.size_before)}")
    for times in found.times:
        faster = f"{times.ratio.median:.2f} times as fast" if times.is_faster else "not faster here"
        if times.is_noisy:
            faster += ", by laps that differ widely: is the machine busy?"
        say(f"batch {times.batch}: {times.new:.3g} ms, in fp32 {times.before:.3g} ms, {faster}")
    say(f"on {found.processor}")
    if found.losses:
        columns = (*words("layer"), *numbers("weights", "values", "all before it"), *words("values go to"))
        rows = [
            [loss.layer, *map(_decibels, (loss.weights, loss.values, loss.total)), ", ".join(loss.taken_by)]
            for loss in found.losses
        ]
        click.echo()
        say("signal to noise in dB, by what a layer itself loses, the worst first:")
        print_table(Table(columns, [RowGroup(rows)]))


def _decibels(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def to_json(found: "Reduced") -> Narrowed:
    answers = found.answers
    return {
        "precision": found.precision,
        "activations": found.integers.words["activations"] if found.integers else None,
        "weights": found.integers.words["weights"] if found.integers else None,
        "kept": list(found.kept),
        "calibrated": found.calibrated,
        "compared": found.shown,
        "images": answers.images,
        "same": answers.same,
        "right": answers.right,
        "right_in_fp32": answers.right_before,
        "max_difference": answers.error,
        "bytes_in_fp32": found.size_before,
        "times": [
            {
                "batch": times.batch,
                "ms": times.new,
                "ms_in_fp32": times.before,
                "ratio": times.ratio.median,
                "spread": times.ratio.spread,
            }
            for times in found.times
        ],
        "processor": str(found.processor),
        "losses": [_loss(loss) for loss in found.losses],
    }


def _loss(loss: "Loss") -> LayerLoss:
    return {
        "layer": loss.layer,
        "weights": loss.weights,
        "values": loss.values,
        "total": loss.total,
        "taken_by": [*loss.taken_by],
    }
