"""``vggdsl predict``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vggdsl.cli import options
from vggdsl.cli.answers import Form, Progress, teller
from vggdsl.cli.common import note, report, reports_errors
from vggdsl.cli.flags import size
from vggdsl.cli.models import check_model, onnx_of
from vggdsl.cli.pictures import images_of
from vggdsl.cli.schemas.runs import Predicted
from vggdsl.text.files import is_file

if TYPE_CHECKING:
    from vggdsl.data.unreadable import UnreadableImageError
    from vggdsl.targets.predict import Predictor


@click.command()
@click.argument("model", metavar="RUN|MODEL.onnx", type=click.Path(path_type=Path))
@click.argument("images", nargs=-1, required=True, metavar="IMAGE|DIR|-...")
@click.option("--top", default=5, show_default=True, type=click.IntRange(min=1), help="How many classes to name.")
@options.device()
@click.option("--force", is_flag=True, help="Use weights that a run's record isn't of.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="A line an image, at once, in each.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@options.prepared("a file of others")
@click.option("--colours", type=click.Choice(["rgb", "bgr"]), help="The order that a file of others takes.")
@click.option("--gives", type=click.Choice(["logits", "probabilities"]), help="What a file of others gives.")
@click.option("--size", metavar="HxW", callback=size, help="Of its input, where the file leaves it open.")
@reports_errors
def command(
    model: Path, images: tuple[str, ...], top: int, device: str, force: bool, form: Form, as_json: bool, **flags: Any
) -> None:
    """Name what images show: the likeliest classes with their probabilities, by onnxruntime.

    Images are prepared as they were in training: the ONNX file says how. What is transparent
    becomes white. A run is exported first, and its ONNX file kept in its folder for the next call; of a file of
    weights in it, or of a run that hasn't ended, it is temporary. Images that can't be read
    are told, all others named; then it ends with 1, and with 2 if none of them is there.

    A file that others wrote doesn't say how images are prepared: --mean, --std, --colours and --gives tell it, and
    what is assumed besides is said.

    Of a folder all images in it are taken, of a pattern in quotes, such as '**/*.png', all that fits it, and of `-`
    the paths on standard input, one a line or between zeros.

    \b
    vggdsl predict quickstart.onnx digit.png
    vggdsl predict runs/quickstart-s0-1 *.png --top 1
    vggdsl predict runs/quickstart-s0-1 photos --format csv > photos.csv
    find photos -mtime -1 | vggdsl predict runs/quickstart-s0-1 - --json
    """
    from vggdsl.targets.memory import check_use, out_of_memory
    from vggdsl.targets.predict import Predictor
    from vggdsl.targets.told import Told

    if as_json and form == "csv":
        raise click.UsageError("either --json or --format csv")
    form = "json" if as_json else form
    check_model(model, force)
    found = images_of(images)
    with onnx_of(model, "predicting", force=force) as file:
        check_use("predicting", needed=file.stat().st_size if is_file(file) else 0)
        with out_of_memory("predicting"):
            predictor = Predictor(file, device, shown_as=str(model), told=Told(**flags))
            if predictor.assumed:
                note(f"note: of {model} is assumed: {'; '.join(predictor.assumed)}")
            bad = _tell(predictor, found, top, form)
    if bad:
        raise SystemExit(1)


def _tell(predictor: "Predictor", images: "Sequence[Path | UnreadableImageError]", top: int, form: Form) -> int:
    """Prints the guesses as they come; gives how many images can't be read, each of which is told."""
    from vggdsl.data.unreadable import UnreadableImageError
    from vggdsl.targets.memory import check_use
    from vggdsl.targets.predict import BATCH

    check_use("predicting", needed=4 * 4 * min(BATCH, len(images)) * predictor.preprocessing.shape.elements)
    answers, bad = predictor.answers([image for image in images if isinstance(image, Path)], top), 0
    names = [str(image) if isinstance(image, Path) else image.name for image in images]
    columns = min(top, predictor.most or len(predictor.preprocessing.classes) or top)
    tell, progress = teller(form, names, predictor.preprocessing.classes, columns), Progress(len(images))
    try:
        for done, (name, image) in enumerate(zip(names, images, strict=True), 1):
            answer = next(answers) if isinstance(image, Path) else image
            progress.hide()
            row: Predicted = {"image": name, "top": [], "error": None}
            if isinstance(answer, UnreadableImageError):
                bad, row["error"] = bad + 1, answer.why
                report(answer.diagnostics)
            else:
                row["top"] = [{"class": guess.name, "probability": guess.probability} for guess in answer]
            tell(row)
            progress(done)
    finally:
        progress.hide()
    return bad
