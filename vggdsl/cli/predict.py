"""``vggdsl predict``."""

import tempfile
from pathlib import Path

import click

from vggdsl.cli.common import echo_json, reports_errors
from vggdsl.cli.export import origin_of, preprocessing_of
from vggdsl.errors import Diagnostic, InputError


@click.command()
@click.argument("model", metavar="RUN|MODEL.onnx", type=click.Path(path_type=Path))
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...", type=click.Path(path_type=Path))
@click.option("--top", default=5, show_default=True, type=click.IntRange(min=1), help="How many classes to name.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The guesses as JSON.")
@reports_errors
def command(model: Path, images: tuple[Path, ...], top: int, device: str, as_json: bool) -> None:
    """Name what images show: the likeliest classes with their probabilities, by onnxruntime.

    Images are prepared as they were in training: the ONNX file says how. What is transparent
    becomes white. A run, or a file of weights in it, is exported to a temporary file first.

    \b
    vggdsl predict quickstart.onnx digit.png
    vggdsl predict runs/quickstart-s0-1 *.png --top 1
    """
    from vggdsl.prediction import Predictor

    if not model.exists():
        raise InputError(Diagnostic("V501", f"no run and no file `{model}`"))
    if model.is_dir() or model.suffix == ".safetensors":
        with tempfile.TemporaryDirectory(prefix="vggdsl-") as folder:
            predictor = Predictor(_export(model, Path(folder)), device)
    else:
        predictor = Predictor(model, device)
    guesses = list(predictor(images, top))
    if as_json:
        echo_json(
            [
                {"image": str(path), "top": [{"class": g.name, "probability": g.probability} for g in best]}
                for path, best in zip(images, guesses, strict=True)
            ]
        )
        return
    for path, best in zip(images, guesses, strict=True):
        click.echo(f"{path}: " + ", ".join(f"{guess.name} {guess.probability:.1%}" for guess in best))


def _export(folder: Path, to: Path) -> Path:
    from vggdsl.exporting import export_onnx
    from vggdsl.training.runfolder import load_run

    run = load_run(folder)
    path = to / "model.onnx"
    export_onnx(
        run.spec, run.network(), path, preprocessing=preprocessing_of(run, run.spec.typed.input), origin=origin_of(run)
    )
    return path
