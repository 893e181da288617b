"""``vggdsl train``."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING

import click

from vggdsl.cli.common import report, reports_errors
from vggdsl.spec import load

if TYPE_CHECKING:
    from vggdsl.training.run import Run


@click.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@click.option("--recipe", "recipe_name", metavar="NAME", help="One of several in a spec.  [default: the first]")
@click.option(
    "--data",
    "data_dir",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Where data sets are.  [default: $VGGDSL_DATA, else data]",
)
@click.option("--download", is_flag=True, help="Fetch the data set if it isn't there (CIFAR-10: 170 MB).")
@click.option("--epochs", type=click.IntRange(1), help="Instead of the recipe's.")
@click.option("--batch", type=click.IntRange(1), help="Instead of the recipe's.")
@click.option("--seed", type=click.IntRange(0), help="One seed instead of the recipe's.")
@click.option("--precision", type=click.Choice(["auto", "fp32", "bf16"]), help="Instead of the recipe's.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--runs", "runs_dir", metavar="DIR", type=click.Path(path_type=Path), default="runs", show_default=True)
@reports_errors
def command(
    specs: tuple[str, ...],
    recipe_name: str | None,
    data_dir: Path | None,
    download: bool,
    epochs: int | None,
    batch: int | None,
    seed: int | None,
    precision: str | None,
    device: str,
    runs_dir: Path,
) -> None:
    """Train networks by the recipes in their specs; write a run's folder and its record.

    Every seed of the recipe is a run of its own. Standard output gets the result in the sources' own form,
    what the spec claims beside it, and the run's folder; progress goes to standard error. What a
    flag changes is written into the record as a deviation. Nothing is fetched without --download.

    \b
    vggdsl train quickstart                          real images, in seconds, nothing to fetch
    vggdsl train quickstart --seed 0 --epochs 3      a try
    vggdsl train vgg_reconstructed/c232_fc64 --data ~/data
    vggdsl train specs/vgg_reconstructed/*.arch      one after the other
    vggdsl train my_net.arch --recipe S384 --device cuda
    vggdsl train runs/quickstart-s0-1/record.arch    again: does it agree?
    """
    from vggdsl.cli.progress import reporter
    from vggdsl.training.check import refuse
    from vggdsl.training.run import train

    seeds = (seed,) if seed is not None else None
    jobs = []
    for name in specs:
        spec = load(name)
        recipe = spec.recipe(recipe_name).with_flags(epochs=epochs, batch=batch, precision=precision, seeds=seeds)
        refuse(spec, recipe)  # all of them, before the first begins
        report(d for d in spec.check() if not d.is_error)
        jobs.append((spec, recipe))
    for spec, recipe in jobs:
        runs = []
        for number in recipe.seeds:
            run = train(
                spec,
                recipe,
                seed=number,
                data_dir=data_dir,
                device=device,
                runs_dir=runs_dir,
                download=download,
                reporter=reporter(),
            )
            click.echo("\n".join([str(run.line), *run.compare(), f"run: {run.path}"]))
            runs.append(run)
        if len(runs) > 1:
            click.echo(_over_seeds(runs))


def _over_seeds(runs: Sequence["Run"]) -> str:
    found = [run.result.test_accuracy for run in runs]
    return f"test accuracy over {len(found)} seeds: {mean(found):.4f}, standard deviation {stdev(found):.4f}"
