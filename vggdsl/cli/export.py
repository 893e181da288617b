"""``vggdsl export``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vggdsl.cli.common import refuse_wrong, reports_errors
from vggdsl.errors import Diagnostic, InputError
from vggdsl.preprocessing import Preprocessing
from vggdsl.spec import Spec, load

if TYPE_CHECKING:
    from vggdsl.targets.torch import Network
    from vggdsl.training.runfolder import Trained


@click.command()
@click.argument("name", metavar="SPEC")
@click.option("--onnx", is_flag=True, required=True, help="Write ONNX, for inference.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file to write; <name>.onnx unless told.")
@click.option("--weights", metavar="RUN|FILE", type=click.Path(exists=True, path_type=Path), help="Trained weights.")
@click.option("--fold/--no-fold", default=True, show_default=True, help="Fold each BN into the layer before it.")
@click.option("--logits", is_flag=True, help="Leave the softmax out.")
@click.option("--force", is_flag=True, help="Overwrite the file if it is there.")
@reports_errors
def command(
    name: str, onnx: bool, output: Path | None, weights: Path | None, fold: bool, logits: bool, force: bool
) -> None:
    """Write a network as ONNX, and say so only once the file is known to compute the same.

    The file passes the ONNX checker, and onnxruntime gives on it what PyTorch gives, both on
    the CPU. It takes any number of images, holds the spec and the preprocessing in its metadata,
    and is one file below 2 GB. Without weights the network is exported as it would start training.

    \b
    vggdsl export vgg_d --onnx -o vgg_d.onnx
    vggdsl export specs/quickstart.arch --onnx --weights runs/quickstart-s0-1
    vggdsl export my_net.arch --onnx --weights best.safetensors --no-fold --logits
    """
    assert onnx, "click requires it"
    spec = load(name)
    refuse_wrong(spec)
    path = output or Path(f"{spec.name if name != '-' else 'network'}.onnx")
    if path.exists() and not force:
        raise InputError(Diagnostic("V512", f"{path} is there already", help="name another with -o, or add --force"))
    from vggdsl.exporting import export_onnx

    network, preprocessing = _network(spec, weights)
    agreement = export_onnx(spec, network, path, preprocessing=preprocessing, fold=fold, logits=logits)
    if weights is None:
        click.echo("no --weights: exported with random weights", err=True)
    size = sum(file.stat().st_size for file in (path, path.with_name(f"{path.name}.data")) if file.exists())
    click.echo(
        f"{path}: {size / 1e6:,.1f} MB, valid; onnxruntime and PyTorch agree to {agreement.max_abs:.1e}"
        f" over {agreement.n:,} outputs"
    )


def _network(spec: Spec, weights: Path | None) -> "tuple[Network, Preprocessing]":
    """The module with its weights, and what its images go through."""
    from vggdsl.targets.torch import load_weights, to_torch

    network = to_torch(spec.typed)
    if weights is None:
        return network, Preprocessing.unknown(spec.typed.input)
    if weights.is_dir():
        from vggdsl.training.runfolder import load_run

        run = load_run(weights)
        load_weights(network, run.weights)
        return network, preprocessing_of(run)
    from vggdsl.weight_files import read_weights

    load_weights(network, read_weights(weights))
    return network, Preprocessing.unknown(spec.typed.input)


def preprocessing_of(run: "Trained") -> Preprocessing:
    """What images went through in a run's training."""
    return Preprocessing(run.spec.typed.input, run.normalisation.mean, run.normalisation.std, run.classes)
