"""``vggdsl export``."""

import os
from contextlib import suppress
from errno import EINVAL, EISDIR, ENOENT
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any

import click

from vggdsl.cli.common import echo_json, refuse_wrong, reports_errors
from vggdsl.cli.schemas import Exported
from vggdsl.data.preprocessing import Preprocessing
from vggdsl.language.library import is_folder_of_specs
from vggdsl.network.graph import Graph
from vggdsl.spec.copies import PLAN
from vggdsl.spec.spec import Spec, load
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_file, is_folder
from vggdsl.text.units import bytes_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vggdsl.records.runfolder import Trained
    from vggdsl.targets.torch import Network

    _Exportable = tuple[Network, Preprocessing, Mapping[str, str]]
    """The module with its weights, what its images go through, and where the weights come from."""


_PUBLISHED = "torchvision:"


class _Weights(click.Path):
    """A path that exists, as ``Path``; or torchvision's, as ``str``."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if str(value).startswith(_PUBLISHED) else super().convert(value, param, ctx)


@click.command()
@click.argument("name", metavar="SPEC|RUN")
@click.option("--onnx", is_flag=True, expose_value=False, help="Write ONNX: so far the one format, and implied.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="The file to write.  [default: SPEC's or RUN's name with .onnx, in the working folder]",
)
@click.option(
    "--weights",
    metavar="RUN|FILE|torchvision:MODEL",
    type=_Weights(exists=True, path_type=Path),
    help="Trained weights for SPEC; torchvision's are fetched unless they are in PyTorch's cache.",
)
@click.option("--fold/--no-fold", default=True, show_default=True, help="Fold each BN into the layer before it.")
@click.option("--logits", is_flag=True, help="Leave the softmax out.")
@click.option("--force", is_flag=True, help="Overwrite the file if it is there.")
@click.option("--json", "as_json", is_flag=True, help="What was written, as JSON.")
@reports_errors
def command(
    name: str, output: Path | None, weights: Path | str | None, fold: bool, logits: bool, force: bool, as_json: bool
) -> None:
    """Write a network as ONNX, and say so only once the file is known to compute the same.

    A RUN is the folder that a training left, or a file of weights in it: its network is exported
    with its weights. A SPEC takes them from --weights; without them it is exported as its recipe's
    first seed would start training.

    The file passes the ONNX checker, and onnxruntime gives on it what PyTorch gives, both on
    the CPU. It takes any number of images, holds the spec and the preprocessing in its metadata,
    and is one file below 2 GB.

    \b
    vggdsl export runs/quickstart-s0-1
    vggdsl export runs/my_net-s0-1/last.safetensors -o last.onnx
    vggdsl export vgg_d -o vgg_d.onnx
    vggdsl export my_net.arch --weights theirs.safetensors --no-fold --logits
    vggdsl export vgg_d --weights torchvision:vgg16
    vggdsl export torchvision/resnet18 --weights torchvision:resnet18
    """
    run = _run(name)
    if run is None:
        spec = load(name)
        refuse_wrong(spec)
    elif weights is not None:
        raise click.UsageError("--weights are for a SPEC: a RUN has its own")
    else:
        spec, weights = run.spec, Path(name)
    path = output or Path(f"{_name(name, spec)}.onnx")
    file = weights if isinstance(weights, Path) else None
    _check_target(path, spec, file, force)
    from vggdsl.targets.export import export_onnx
    from vggdsl.targets.memory import check_use, out_of_memory

    held = file.stat().st_size if run is None and file is not None and file.is_file() else 0
    check_use("exporting", spec.typed, held)
    with out_of_memory("exporting"):
        network, preprocessing, origin = _network(spec, weights) if run is None else _trained(run, Path(name))
        agreement = export_onnx(
            spec, network, path, preprocessing=preprocessing, origin=origin, fold=fold, logits=logits
        )
    files = [file for file in (path, path.with_name(f"{path.name}.data")) if file.exists()]
    size = sum(file.stat().st_size for file in files)
    if as_json:
        written: Exported = {
            "file": str(path),
            "spec": spec.name,
            "network": spec.network.graph.digest,
            "weights": origin["weights"],
            "bytes": size,
            "agreement": {"max_rel": agreement.max_rel, "values": agreement.n},
        }
        echo_json(written)
        return
    click.echo(
        f"{path}: {bytes_text(size)}, valid; onnxruntime and PyTorch agree to {agreement.max_rel:.1e}"
        f" of the largest logit, over {agreement.n:,}"
    )


def _run(name: str) -> "Trained | None":
    """What a training left, if a name is that of a run's folder or of a file of weights in it.

    Raises ``UsageError`` for weights that somebody else wrote: they hold no spec.
    """
    path = Path(name)
    if not is_folder_of_specs(name) and (path.suffix != ".safetensors" or not is_file(path)):
        return None
    from vggdsl.records.runfolder import BEST, is_run, load_run
    from vggdsl.targets.memory import check_use

    if not is_run(path):
        raise click.UsageError(f"{name} holds weights and no spec: write `vggdsl export SPEC --weights {name}`")
    file = path / BEST if is_folder(path) else path
    if not is_file(file) and not is_file(path / PLAN):
        return None
    check_use("exporting", held=file.stat().st_size if is_file(file) else 0)
    return load_run(path)


def _name(name: str, spec: Spec) -> str:
    """What the file is named after: as a user named what is exported."""
    if name == "-":
        return "network"
    path = Path(name)
    if is_folder_of_specs(name):
        return path.resolve().name
    return path.stem if path.suffix == ".safetensors" else spec.name


def _check_target(path: Path, spec: Spec, weights: Path | None, force: bool) -> None:
    """Raises ``InputError`` V511 if the file can't be written, V514 if something is there that should stay."""
    try:
        if path.is_dir():
            raise IsADirectoryError(EISDIR, "it is a folder")
        files = (path, path.with_name(f"{path.name}.data"))
        there = [file for file in files if _is_there(file)]
        folder = Path(os.path.realpath(path)).parent
        if not folder.is_dir():
            raise FileNotFoundError(ENOENT, f"there is no folder {folder}")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        help = "name another file with -o"
        raise InputError(Diagnostic("V511", f"can't write {path}: {why}", help=help)) from None
    for file in there:
        if _is_source(file, spec, weights):
            message = f"{file} is what the export is made of"
            raise InputError(Diagnostic("V514", message, help="name another with -o"))
        if not force:
            help = "name another with -o, or add --force"
            raise InputError(Diagnostic("V514", f"{file} is there already", help=help))


def _is_there(file: Path) -> bool:
    """Raises ``OSError`` if something is there that is no regular file."""
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        return False
    if not S_ISREG(mode):
        raise OSError(EINVAL, f"{file.name} is no regular file")
    return True


def _is_source(file: Path, spec: Spec, weights: Path | None) -> bool:
    """Whether a file is the spec's, the weights', or one that a training left in the run's folder."""
    sources = [Path(spec.source.name)] if weights is None else [Path(spec.source.name), weights]
    for source in sources:
        with suppress(OSError, ValueError):
            if file.samefile(source):
                return True
    is_ours = not file.name.endswith((".onnx", ".onnx.data"))
    return is_ours and weights is not None and weights.is_dir() and file.resolve().parent == weights.resolve()


def _trained(run: "Trained", weights: Path) -> "_Exportable":
    """What a run left; says so if it hasn't ended."""
    from vggdsl.targets.weight_files import check_finite

    if not run.has_ended:
        _say(run.unended)
    check_finite(weights, run.weights)
    return run.network(), run.preprocessing, run.origin


def _network(spec: Spec, weights: Path | str | None) -> "_Exportable":
    """A spec's network with weights from elsewhere, or with those that a training would begin with."""
    from vggdsl.records.runfolder import is_run, load_run, weights_digest
    from vggdsl.targets.foreign_weights import from_file, from_torchvision

    if isinstance(weights, Path) and is_run(weights):
        run = load_run(weights)
        _refuse_other(spec, run)
        return _trained(run, weights)
    if weights is None:
        from vggdsl.experiments.start import init_of, starting_network

        _say(_NO_PREPROCESSING)
        recipe = spec.recipe()
        seed, init = recipe.seeds[0], init_of(recipe)
        _say(f"no --weights: exported with random weights, init {init}, seed {seed}")
        if init is not recipe.init:
            _say(f"the recipe's init, {recipe.init}, isn't followed here")
        unknown = Preprocessing.unknown(spec.typed.input)
        return starting_network(spec, recipe, seed), unknown, {"weights": f"random, seed {seed}"}
    if isinstance(weights, Path):
        loaded = from_file(spec.typed, weights, _say)
    else:
        loaded = from_torchvision(spec.typed, weights.removeprefix(_PUBLISHED), _say)
    if loaded.preprocessing is None:
        _say(_NO_PREPROCESSING)
    origin = {"weights": weights_digest(loaded.weights)} | ({"source": loaded.source} if loaded.source else {})
    return loaded.network, loaded.preprocessing or Preprocessing.unknown(spec.typed.input), origin


_NO_PREPROCESSING = "no preprocessing is known: the file says that pixels are only divided by 255"


def _say(text: str) -> None:
    click.echo(text, err=True)


def _refuse_other(spec: Spec, run: "Trained") -> None:
    """Raises ``InputError`` V510 if a run trained another network, perhaps with weights of the same shapes."""
    ours, theirs = spec.network.graph, run.spec.network.graph
    if ours.digest == theirs.digest:
        return
    message = f"{run.path} trained another network: {_difference(ours, theirs)}"
    help = f"`vggdsl export {run.path}` exports that one; or name a run of this spec"
    raise InputError(Diagnostic("V510", message, help=help))


def _difference(ours: Graph, theirs: Graph) -> str:
    """The first layer in which two networks differ; names and labels make no difference."""
    order, other = ({node.name: i for i, node in enumerate(graph.nodes)} for graph in (ours, theirs))
    for here, there in zip(ours.nodes, theirs.nodes, strict=False):
        if here.op != there.op:
            spelled = here.spelled, there.spelled
            a, b = spelled if all(spelled) and spelled[0] != spelled[1] else (here.op, there.op)
            return f"{here.name} is {a} here, {b} there"
        if [order[name] for name in here.inputs] != [other[name] for name in there.inputs]:
            return f"{here.name} follows {', '.join(here.inputs)} here, {', '.join(there.inputs)} there"
    last = max(ours.nodes, theirs.nodes, key=len)[min(len(ours.nodes), len(theirs.nodes))]
    return f"{last.name} is only {'here' if len(ours.nodes) > len(theirs.nodes) else 'there'}"
