"""``vggdsl train``."""

import os
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING

import click

from vggdsl.cli.common import exit_code, report, reports_errors
from vggdsl.cli.processes import by_processes
from vggdsl.errors import InputError, RecordError, VggdslError
from vggdsl.recipe import Recipe
from vggdsl.records.collect import collect, specs_in
from vggdsl.spec import Spec, load

if TYPE_CHECKING:
    from vggdsl.records.repeat import Repetition
    from vggdsl.training.missing import Missing
    from vggdsl.training.report import Reporter
    from vggdsl.training.run import Run


LARGEST = 10**9
"""Of a number that a recipe could say, too."""


@click.command()
@click.argument("specs", nargs=-1, metavar="SPEC...")
@click.option(
    "--resume",
    "resumed",
    metavar="RUN",
    type=click.Path(path_type=Path),
    help="Go on with a run that was interrupted, by its own recipe.",
)
@click.option("--recipe", "recipe_name", metavar="NAME", help="One of several in a spec.  [default: the first]")
@click.option(
    "--data",
    "data_dir",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Where data sets are.  [default: $VGGDSL_DATA, else data]",
)
@click.option("--download", is_flag=True, help="Fetch the data set if it isn't there (CIFAR-10: 170 MB).")
@click.option("--epochs", type=click.IntRange(1, LARGEST), help="Instead of the recipe's.")
@click.option("--batch", type=click.IntRange(1, LARGEST), help="Instead of the recipe's.")
@click.option("--seed", type=click.IntRange(0, LARGEST), help="One seed instead of the recipe's.")
@click.option("--seeds", "seed_count", type=click.IntRange(1, 10_000), metavar="N", help="The seeds 0 to N-1 instead.")
@click.option("--missing", is_flag=True, help="Only what isn't measured yet; go on where it was interrupted.")
@click.option("--precision", type=click.Choice(["auto", "fp32", "bf16"]), help="Instead of the recipe's.")
@click.option(
    "--from",
    "start_from",
    metavar="RUN",
    type=click.Path(path_type=Path),
    help="Where `init from(…)` takes its weights.  [default: the newest such run]",
)
@click.option(
    "--logger",
    "--log",  # of which torchrun thinks that it may be meant
    "logs",
    type=click.Choice(["tensorboard", "wandb", "none"]),
    multiple=True,
    help="Where metrics go beside metrics.csv; may be given twice.  [default: tensorboard]",
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), help="[default: auto]")
@click.option("--runs", "runs_dir", metavar="DIR", type=click.Path(path_type=Path), default="runs", show_default=True)
@reports_errors
@by_processes
def command(
    specs: tuple[str, ...],
    resumed: Path | None,
    recipe_name: str | None,
    data_dir: Path | None,
    download: bool,
    epochs: int | None,
    batch: int | None,
    seed: int | None,
    seed_count: int | None,
    missing: bool,
    precision: str | None,
    start_from: Path | None,
    logs: tuple[str, ...],
    device: str | None,
    runs_dir: Path,
) -> None:
    """Train networks by the recipes in their specs; write a run's folder and its record.

    A SPEC may be a folder: all specs in it, but for runs and files of blocks. Every seed of the recipe is a run of
    its own. Standard output gets the result in the sources' own form, what the spec claims beside it, and the
    run's folder; progress goes to standard error. What a flag changes is written into the record as a
    deviation. Nothing is fetched without --download.

    A record is repeated: recipe, seed and deviations are those of its one sealed measurement, unless
    --recipe, --seed, --seeds, --epochs, --batch or --precision is given. Where a training fails, that is
    reported, and the others go on.

    With --missing a training that is measured is left out: by a sealed block in its spec, or by a record under
    --runs, of the same network, recipe, seed and flags, and on the same data if they are at hand. One that was
    interrupted goes on. So the same command finishes a family after Ctrl-C; it ends in the table of `results`.
    Don't start it twice at once: each would go on with what the other has begun.

    \b
    vggdsl train quickstart                          real images, in seconds, nothing to fetch
    vggdsl train quickstart --seed 0 --epochs 3      a try
    vggdsl train vgg_reconstructed/c232_fc64 --data ~/data
    vggdsl train specs/vgg_reconstructed/*.arch      one after the other
    vggdsl train my_net.arch --recipe S384 --device cuda
    vggdsl train runs/quickstart-s0-1/record.arch    again: does it agree?
    vggdsl train my_nets --seeds 3 --missing         a family, with means over seeds
    vggdsl train --resume runs/mini_vgg-s0-1         after Ctrl-C, a crash or a reboot
    torchrun --nproc-per-node 4 -m vggdsl train vgg_d      on four GPUs, or processes; the batch stays the recipe's
    """
    if seed is not None and seed_count is not None:
        raise click.UsageError("either --seed or --seeds")
    if missing and os.environ.get("WORLD_SIZE", "1") != "1":
        raise click.UsageError("--missing looks for what is left in one process: start it without torchrun")
    if missing and "-" in specs:
        raise click.UsageError("--missing needs files: standard input keeps no measurements")
    seeds = tuple(range(seed_count)) if seed_count is not None else None if seed is None else (seed,)
    flags = {"epochs": epochs, "batch": batch, "precision": precision, "seeds": seeds}
    if resumed is not None:
        refused: dict[str, object] = {
            "SPEC": specs,
            "--recipe": recipe_name,
            "--epochs": epochs,
            "--batch": batch,
            "--seed": seed,
        }
        refused |= {"--seeds": seed_count, "--missing": missing or None, "--precision": precision, "--from": start_from}
        for what, given in refused.items():
            if given is not None and given != ():
                raise click.UsageError(f"{what} can't be given with --resume: the run goes on as it began")
        _resume(resumed, data_dir, device, download, logs)
        return
    if not specs:
        raise click.UsageError("name a spec, such as `vggdsl train quickstart`, or a run to --resume")
    specs = tuple(path for name in specs for path in specs_in(name))
    # A spec that holds measurements isn't repeated for what it lacks.
    is_told = missing or recipe_name is not None or any(value is not None for value in flags.values())
    jobs, began = [], dict[int, str | None]()
    for name in specs:
        spec = load(name, beside=specs)
        again = None if is_told else _repeated(spec)
        if again is None:
            recipe = spec.recipe(recipe_name).with_flags(**flags)
        else:
            recipe = again.recipe.with_flags(seeds=(again.seed,))
            began[id(spec)] = again.start
        wrong = [d for d in spec.check() if d.is_error]
        if wrong:
            raise VggdslError(wrong)
        jobs.append((spec, recipe))

    from vggdsl.training.check import refuse
    from vggdsl.training.data import look_for_data
    from vggdsl.training.missing import Missing
    from vggdsl.training.processes import current
    from vggdsl.training.run import Run, Stopped, data_folder, resume, train

    left: Missing | None = None
    if missing:
        collection = collect(specs, [str(runs_dir)])
        report(collection.found)
        measured = [result for subject in collection.subjects for result in subject.results]
        left = Missing(measured, runs_dir, data_folder(data_dir), start_from)
        jobs = [(spec, _lacking(left, spec, recipe)) for spec, recipe in jobs]
        jobs = [(spec, recipe) for spec, recipe in jobs if recipe.seeds]

    def train_one(spec: Spec, recipe: Recipe, number: int) -> Run:
        begun = left.take_begun(spec, recipe, number) if left is not None else None
        if begun is not None:
            try:
                return resume(begun, data_dir=data_dir, device=device, download=download, reporter=_reporter(logs))
            except RecordError as error:  # its checkpoints are torn: it begins anew
                report(error.diagnostics)
        return train(
            spec,
            recipe,
            seed=number,
            data_dir=data_dir,
            device=device or "auto",
            runs_dir=runs_dir,
            download=download,
            start_from=start_from,
            start_weights=began.get(id(spec)),
            reporter=_reporter(logs),
        )

    for spec, recipe in jobs:  # all of them, before the first begins
        refuse(spec, recipe)
        look_for_data(recipe, data_folder(data_dir), download=download)
        if left is None:  # else they were told
            report(d for d in spec.check() if not d.is_error)
    codes = []
    for spec, recipe in jobs:
        runs = []
        for number in recipe.seeds:
            if left is not None and left.is_measured(spec, recipe, number):
                continue  # by another spec of the same network and recipe
            try:
                run = train_one(spec, recipe, number)
            except Stopped:
                raise
            except VggdslError as error:  # the others may do better
                if current().count > 1:  # of several processes all must agree to go on
                    raise
                report(error.diagnostics)
                codes.append(exit_code(error.diagnostics))
                if isinstance(error, InputError):  # which every seed would meet
                    break
                continue
            _show(run)
            runs.append(run)
            if left is not None:
                left.add(run.result)
        if len(runs) > 1 and left is None:
            click.echo(_over_seeds(runs))
    if missing:
        _show_results(specs, runs_dir)
    if codes:
        raise SystemExit(max(codes) if len(jobs) == 1 else 1)


def _lacking(left: "Missing", spec: Spec, recipe: Recipe) -> Recipe:
    """The recipe with the seeds that are still to be trained."""
    return recipe.with_flags(seeds=tuple(seed for seed in recipe.seeds if not left.is_measured(spec, recipe, seed)))


def _show_results(specs: Sequence[str], runs_dir: Path) -> None:
    """The table of ``vggdsl results`` for these specs. What doesn't count was told at the beginning."""
    from vggdsl.cli.results import show
    from vggdsl.records.table import rows

    collection = collect(specs, [str(runs_dir)])
    told = list(collection.found)
    found = rows(collection, every=False)
    report(d for d in collection.found if d not in told)
    show(found)


def _reporter(logs: Sequence[str]) -> "Reporter":
    """What shows a training: the terminal, and loggers."""
    from vggdsl.cli.progress import reporter
    from vggdsl.training.loggers import LOGGERS, Together
    from vggdsl.training.processes import current
    from vggdsl.training.report import Silent

    if not current().leads:
        return Silent()
    wanted = dict.fromkeys(logs or ("tensorboard",))
    # The loggers first: where one can't begin, nothing is said on the terminal of a training.
    return Together(*(LOGGERS[name]() for name in wanted if name != "none"), reporter())


def _resume(path: Path, data_dir: Path | None, device: str | None, download: bool, logs: Sequence[str]) -> None:
    from vggdsl.training.run import resume

    _show(resume(path, data_dir=data_dir, device=device, download=download, reporter=_reporter(logs)))


def _show(run: "Run") -> None:
    click.echo("\n".join([str(run.line), *run.compare(), f"run: {run.path}"]))


def _repeated(spec: Spec) -> "Repetition | None":
    """What a record's measurement was measured by; None for a spec that isn't a record.

    What holds the measurements of several runs is no record of one: it is trained by its recipe.
    """
    from vggdsl.records.repeat import repetition

    if len(spec.measurements) > 1:
        return None
    again = repetition(spec)
    if again is not None:
        click.echo(f"repeating {again}", err=True)
    elif spec.measurements:
        click.echo("the measured block isn't sealed, so it isn't repeated: training by the recipe", err=True)
    return again


def _over_seeds(runs: Sequence["Run"]) -> str:
    found = [float(run.line.test) for run in runs]  # as records have them
    return f"test accuracy over {len(found)} seeds: {mean(found):.4f}, standard deviation {stdev(found):.4f}"
