"""``vggdsl features``."""

from pathlib import Path

import click

from vggdsl.cli import options
from vggdsl.cli.common import echo_json, note, reports_errors, say
from vggdsl.cli.pictures import images_of
from vggdsl.cli.schemas.runs import WrittenFeatures
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_file
from vggdsl.text.units import names_text


@click.command()
@click.argument("network", metavar="RUN|SPEC")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE|DIR|-...")
@click.option("--layer", required=True, metavar="NAME", help="Whose output: a name or label of `show`.")
@click.option("-o", "--output", required=True, metavar="FILE.npz", type=click.Path(path_type=Path), help="The file.")
@click.option("--weights", metavar="RUN|FILE|torchvision:NAME", help="Of a SPEC.")
@click.option(
    "--recipe", metavar="NAME", help="By which images are prepared for the weights of a FILE.  [default: that of train]"
)
@options.data("Where the data set of the recipe is, by which it normalises.  [default: $VGGDSL_DATA, else data]")
@options.device()
@click.option("--force", is_flag=True, help="Overwrite the file; use weights that a run's record isn't of.")
@click.option("--json", "as_json", is_flag=True, help="What was written, as JSON.")
@reports_errors
def command(
    network: str,
    images: tuple[str, ...],
    layer: str,
    output: Path,
    weights: str | None,
    recipe: str | None,
    data_dir: Path | None,
    device: str,
    force: bool,
    as_json: bool,
) -> None:
    """What a layer gives of images, for a classifier of your own.

    Images are prepared as in training, for the weights of a file as the spec's recipe says; the network is in
    evaluation mode and single precision. The file holds
    `features`, (n, c) of a layer that gives a vector and (n, c, h, w) of one that gives maps, the `images` that they
    are of, the `layer` and the digest of the `weights`; `numpy.load` reads it. A layer's own output is taken: what
    follows it, such as a ReLU, has a name of its own.

    \b
    vggdsl features runs/mini_vgg-s0-1 photos --layer fc3 -o photos.npz
    vggdsl features vgg_d *.jpg --weights torchvision:vgg16 --layer relu7 -o x.npz
    """
    if output.suffix != ".npz":
        raise click.UsageError(f"features are written as .npz, not {output.suffix or 'without an ending'}")
    if is_file(output) and not force:
        help = "name another with -o, or add --force"
        raise InputError(Diagnostic("V514", f"{output} is there already", help=help))
    found = images_of(images)
    bad = [diagnostic for each in found if not isinstance(each, Path) for diagnostic in each.diagnostics]
    if bad:
        raise InputError(bad)
    paths = [each for each in found if isinstance(each, Path)]
    from vggdsl.experiments.evaluation.candidate import candidate
    from vggdsl.experiments.evaluation.features import features_of, write_features
    from vggdsl.experiments.workplace import Workplace

    def told(line: str) -> None:
        note(f"note: {line}")

    one = candidate(network, weights=weights, recipe=recipe, say=told, force=force)
    made = features_of(one, paths, layer, Workplace(data_dir, device), told)
    write_features(output, made, paths, one)
    written: WrittenFeatures = {
        "path": str(output),
        "layer": made.layer,
        "shape": list(made.values.shape),
        "weights": one.weights,
    }
    if as_json:
        echo_json(written)
    else:
        before = f", before {names_text(made.before)}" if made.before else ""
        say(f"{output}: {' x '.join(map(str, made.values.shape))}, of {made.layer}{before}")
