"""``vggdsl predict``."""

import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vggdsl.cli.common import listing, note, report, reports_errors
from vggdsl.cli.pictures import images_of
from vggdsl.cli.schemas import Predicted
from vggdsl.targets.other_files import FROM_TORCH
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_file, is_folder
from vggdsl.text.printing import LINE, shown

if TYPE_CHECKING:
    from vggdsl.data.unreadable import UnreadableImageError
    from vggdsl.targets.predict import Predictor


@click.command()
@click.argument("model", metavar="RUN|MODEL.onnx", type=click.Path(path_type=Path))
@click.argument("images", nargs=-1, required=True, metavar="IMAGE|DIR...", type=click.Path(path_type=Path))
@click.option("--top", default=5, show_default=True, type=click.IntRange(min=1), help="How many classes to name.")
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True, help="Where it runs."
)
@click.option("--force", is_flag=True, help="Use weights that a run's record isn't of.")
@click.option("--json", "as_json", is_flag=True, help="The guesses as JSON.")
@reports_errors
def command(model: Path, images: tuple[Path, ...], top: int, device: str, force: bool, as_json: bool) -> None:
    """Name what images show: the likeliest classes with their probabilities, by onnxruntime.

    Images are prepared as they were in training: the ONNX file says how. What is transparent
    becomes white. A run, or a file of weights in it, is exported to a temporary file first. Of a folder all images
    in it are taken. Images that can't be read are told, all others named; then it ends with 1, and with 2 if none of
    them is there.

    \b
    vggdsl predict quickstart.onnx digit.png
    vggdsl predict runs/quickstart-s0-1 *.png --top 1
    vggdsl predict runs/quickstart-s0-1 photos
    """
    from vggdsl.targets.memory import check_use, out_of_memory
    from vggdsl.targets.predict import Predictor

    if not (is_file(model) or is_folder(model)):
        raise InputError(Diagnostic("V501", f"no run and no file `{model}`"))
    found = images_of(images)
    if model.is_dir() or model.suffix in (".safetensors", *FROM_TORCH):
        with tempfile.TemporaryDirectory(prefix="vggdsl-") as folder:
            file = Path(folder) / "model.onnx"
            with out_of_memory("predicting"):
                _export(model, file, force)
                bad = _tell(Predictor(file, device, shown_as=str(model)), found, top, as_json)
    elif force:
        raise click.UsageError("--force is for a RUN: nothing else has a record")
    else:
        check_use("predicting", needed=model.stat().st_size if model.is_file() else 0)
        with out_of_memory("predicting"):
            bad = _tell(Predictor(model, device), found, top, as_json)
    if bad:
        raise SystemExit(1)


def _tell(predictor: "Predictor", images: "Sequence[Path | UnreadableImageError]", top: int, as_json: bool) -> int:
    """Prints the guesses as they come; gives how many images can't be read, each of which is told."""
    from vggdsl.data.unreadable import UnreadableImageError
    from vggdsl.targets.memory import check_use
    from vggdsl.targets.predict import BATCH

    check_use("predicting", needed=4 * 4 * min(BATCH, len(images)) * predictor.preprocessing.shape.elements)
    answers, bad = predictor.answers([image for image in images if isinstance(image, Path)], top), 0
    with listing() if as_json else nullcontext(_echo) as tell:
        for image in images:
            answer = next(answers) if isinstance(image, Path) else image
            name = str(image) if isinstance(image, Path) else image.name
            row: Predicted = {"image": name, "top": [], "error": None}
            if isinstance(answer, UnreadableImageError):
                bad, row["error"] = bad + 1, answer.why
                report(answer.diagnostics)
            else:
                row["top"] = [{"class": guess.name, "probability": guess.probability} for guess in answer]
            tell(row)
    return bad


def _echo(row: Predicted) -> None:
    if row["error"] is None:
        guesses = ", ".join(f"{shown(guess['class'])} {_percent(guess['probability'])}" for guess in row["top"])
        click.echo(f"{shown(row['image'], LINE)}: {guesses}")


def _percent(probability: float) -> str:
    """With one decimal; never as a certainty.

    >>> _percent(0.5), _percent(0.9999), _percent(1e-9)
    ('50.0%', '>99.9%', '<0.1%')
    """
    rounded = f"{probability:.1%}"
    return {"100.0%": ">99.9%", "0.0%": "<0.1%"}.get(rounded, rounded)


def _export(model: Path, path: Path, force: bool) -> None:
    from vggdsl.experiments.export import of_run
    from vggdsl.records.runfolder import BEST
    from vggdsl.records.trained import load_trained
    from vggdsl.targets.memory import check_use

    file = model / BEST if model.is_dir() else model
    check_use("predicting", held=file.stat().st_size if file.is_file() else 0)
    run = load_trained(model, force=force)
    check_use("predicting", run.spec.typed)
    of_run(run, file, note).write(run.spec, path, shown_as=str(model))
