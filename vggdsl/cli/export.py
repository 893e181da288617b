"""``vggdsl export``."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, Unpack

import click

from vggdsl.cli import options
from vggdsl.cli.common import echo_json, note, refuse_wrong, reports_errors, say
from vggdsl.cli.precision import Narrow, asked_of, narrows, tell, to_json
from vggdsl.cli.schemas.runs import Exported
from vggdsl.language.library import is_folder_of_specs
from vggdsl.network.weights import WEIGHT_FILES
from vggdsl.spec.copies import PLAN
from vggdsl.spec.parsing import load
from vggdsl.spec.spec import Spec
from vggdsl.targets.overwrite import check_target
from vggdsl.text.files import is_file, is_folder
from vggdsl.text.units import bytes_text

if TYPE_CHECKING:
    from vggdsl.records.trained import Trained
    from vggdsl.targets.forms import FormOptions

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
@click.option(
    "--expect",
    metavar="X.npz",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="An input and the output that it gave elsewhere: refuse weights that don't give it here.",
)
@options.prepared("--weights of others")
@click.option("--fold/--no-fold", default=True, show_default=True, help="Fold each BN into the layer before it.")
@click.option("--logits", is_flag=True, help="Leave the softmax out.")
@click.option(
    "--opset", type=click.IntRange(min=1), help="The opset to write.  [default: the lowest needed, from 13 on]"
)
@click.option("--uint8", is_flag=True, help="Take bytes, NxHxWxC, and normalise them in the file.")
@click.option(
    "--top", metavar="K", type=click.IntRange(min=1), help="Give the K likeliest labels and probabilities alone."
)
@click.option("--dynamic-size", is_flag=True, help="Take images of any size, of a network without FC on maps.")
@click.option("--dense", is_flag=True, help="Any size from the spec's on, each FC a convolution: an answer a place.")
@click.option("--external", is_flag=True, help="Put the weights in a file beside it, as beyond 2 GB.")
@narrows
@click.option("--force", is_flag=True, help="Overwrite the file; use weights that a run's record isn't of.")
@click.option("--json", "as_json", is_flag=True, help="What was written, as JSON.")
@reports_errors
def command(
    name: str,
    output: Path | None,
    weights: Path | str | None,
    expect: Path | None,
    mean: tuple[float, ...] | None,
    std: tuple[float, ...] | None,
    shorter_side: int | None,
    classes: tuple[str, ...] | None,
    fold: bool,
    logits: bool,
    opset: int | None,
    uint8: bool,
    top: int | None,
    dynamic_size: bool,
    dense: bool,
    external: bool,
    force: bool,
    as_json: bool,
    **narrow: Unpack[Narrow],
) -> None:
    """Write a network as ONNX, and say so only once the file is known to compute the same.

    A RUN is the folder that a training left, or a file of weights in it: its network is exported
    with its weights. A SPEC takes them from --weights; without them it is exported as its recipe's
    first seed would start training.

    The file passes the ONNX checker, and onnxruntime gives on it what PyTorch gives, both on
    the CPU. It takes any number of images, holds the spec and the preprocessing in its metadata,
    and is one file below 2 GB. The line that is printed names the oldest onnxruntime that reads it.

    With --precision fp16 or int8 it is held against single precision on images to test by: it tells how often both
    agree, the accuracy, size and time of both, and is no file if it loses more than --bound.

    A file of weights says nothing of activations, wiring, padding or epsilons: they are the spec's, which is told. To
    prove that they are those of the network that was trained, give --expect a file that was made with it:
    np.savez("x.npz", input=x.numpy(), output=model.eval()(x).detach().numpy()).

    Nor does it say what images went through before it, and what the classes are called: --mean and --std tell it, and
    --shorter-side and --classes. Then `predict` prepares images so.

    \b
    vggdsl export runs/quickstart-s0-1
    vggdsl export runs/my_net-s0-1/last.safetensors -o last.onnx
    vggdsl export vgg_d -o vgg_d.onnx
    vggdsl export my_net.arch --weights theirs.safetensors --no-fold --logits
    vggdsl export my_net.arch --weights theirs.pth --expect x.npz
    vggdsl export net.arch --weights w.pth --mean 0.5,0.5,0.5 --std 0.5,0.5,0.5
    vggdsl export vgg_d --weights torchvision:vgg16
    vggdsl export resnet/resnet18 --weights torchvision:resnet18
    vggdsl export runs/quickstart-s0-1 --uint8 --top 3
    vggdsl export vgg_d --dense --external
    vggdsl export runs/quickstart-s0-1 --precision int8
    vggdsl export runs/mini_vgg-s0-1 --precision int8 --keep fc4 --data ~/data
    """
    if dynamic_size and dense:
        raise click.UsageError("--dense takes images of any size already: leave --dynamic-size out")
    form: FormOptions = {
        "fold": fold,
        "logits": logits,
        "opset": opset,
        "uint8": uint8,
        "top": top,
        "size": "dense" if dense else "dynamic" if dynamic_size else "fixed",
        "external": external,
    }
    from vggdsl.targets.told import Told

    asked = asked_of(narrow)
    run = _run(name, force)
    if run is None and weights is None and expect is not None:
        raise click.UsageError("--expect needs --weights: random ones give nothing that could be expected")
    if run is None:
        spec = load(name)
        refuse_wrong(spec)
    elif weights is not None:
        raise click.UsageError("--weights are for a SPEC: a RUN has its own")
    else:
        spec, weights = run.spec, Path(name)
    images = Told(mean, std, shorter_side=shorter_side, classes=classes)
    if run is not None and not images.is_nothing:
        raise click.UsageError("--mean, --std, --shorter-side and --classes are for --weights: a RUN says them itself")
    if str(output) == "-":
        raise click.UsageError("an ONNX file is verified where it lies: name a file with -o, none is written to `-`")
    if asked is not None and weights is None:
        from vggdsl.experiments.precision.reduce import of_drawn

        raise of_drawn(spec)
    path = output or Path(f"{_name(name, spec)}.onnx")
    file = weights if isinstance(weights, Path) else None
    check_target(path, spec, file, force=force, beside=(".data",))
    if path.suffix.lower() != ".onnx":
        raise click.UsageError(f"an ONNX file's name ends in .onnx, as `-o {quote(f'{path}.onnx')}`")
    from vggdsl.experiments.exportable import exportable, of_run
    from vggdsl.records.trained import is_run, load_trained
    from vggdsl.targets.forms import Form
    from vggdsl.targets.memory import check_use, out_of_memory

    Form(**form).check(spec.typed)
    held = file.stat().st_size if run is None and file is not None and file.is_file() else 0
    check_use("exporting", spec.typed, held)
    with out_of_memory("exporting"):
        trained = run
        if asked is not None and trained is None and file is not None and is_run(file):
            trained = load_trained(file, force=force)
        given = trained or weights
        made = exportable(spec, given, note, force=force, told=images) if run is None else of_run(run, Path(name), note)
        matched = made.hold(expect) if expect is not None else None
        reduction = None
        if asked is not None:
            from vggdsl.experiments.precision.reduce import reduction_of
            from vggdsl.experiments.workplace import Workplace

            workplace, recipe = Workplace(narrow["data_dir"]), narrow["recipe"]
            reduction = reduction_of(asked, spec, made, trained, workplace, note, recipe=recipe, **form)
        written = made.write(spec, path, force=force, reduce=reduction, **form)
    narrowed = reduction.found if reduction is not None else None
    agreement = written.agreement
    if (doubt := agreement.doubt) is not None:
        note(f"{path}: {doubt}")
    size = sum(file.stat().st_size for file in written.files)
    if as_json:
        told: Exported = {
            "file": str(path),
            "beside": [str(file) for file in written.files[1:]],
            "spec": spec.name,
            "network": spec.network.graph.digest,
            "weights": made.provenance["weights"],
            "bytes": size,
            "opset": written.opset,
            "ir_version": written.ir_version,
            "onnxruntime": written.oldest_runtime,
            "agreement": {"max_rel": agreement.max_rel, "values": agreement.n, "spread": agreement.spread},
            "narrowed": to_json(narrowed) if narrowed is not None else None,
            "expected": None
            if matched is None
            else {"of": matched.of, "max_rel": matched.max_rel, "images": matched.images},
        }
        echo_json(told)
        return
    say(
        f"{' with '.join(map(str, written.files))}: {bytes_text(size)},"
        f" opset {written.opset} for onnxruntime {written.oldest_runtime} and later, valid;"
        f" {'in fp32 ' * (narrowed is not None)}onnxruntime and PyTorch agree to {agreement.max_rel:.1e}"
        f" of the largest logit, over {agreement.n:,}"
    )
    if narrowed is not None:
        tell(narrowed, size)
    if matched is not None:
        say(f"{expect}: {matched}")


def _run(name: str, force: bool) -> "Trained | None":
    """What a training left, if a name is that of a run's folder or of a file of weights in it.

    Raises ``UsageError`` for weights that somebody else wrote: they hold no spec.
    """
    path = Path(name)
    if not is_folder_of_specs(name) and not (is_file(path) and path.suffix in WEIGHT_FILES):
        return None
    from vggdsl.records.runfolder import BEST
    from vggdsl.records.trained import is_run, load_trained
    from vggdsl.targets.memory import check_use

    if not is_run(path):
        raise click.UsageError(f"{name} holds weights and no spec: write `vggdsl export SPEC --weights {name}`")
    file = path / BEST if is_folder(path) else path
    if not is_file(file) and not is_file(path / PLAN):
        return None
    check_use("exporting", held=file.stat().st_size if is_file(file) else 0)
    return load_trained(path, force=force)


def _name(name: str, spec: Spec) -> str:
    """What the file is named after: as a user named what is exported."""
    if name == "-":
        return "network"
    path = Path(name)
    if is_folder_of_specs(name):
        return path.resolve().name
    return path.stem if path.suffix == ".safetensors" else spec.name
