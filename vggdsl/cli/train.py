"""``vggdsl train``."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vggdsl.cli import options
from vggdsl.cli.common import exit_code, note, report, reports_errors
from vggdsl.cli.on_ray import on_ray, share_of
from vggdsl.cli.options import LARGEST
from vggdsl.cli.processes import by_processes
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.collect import collect, specs_in
from vggdsl.spec.parsing import load
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import VggdslError

if TYPE_CHECKING:
    from vggdsl.cli.runs import Terminal
    from vggdsl.experiments.on_ray import Share
    from vggdsl.experiments.queue import Queue
    from vggdsl.records.repeat import Repetition


@click.command()
@click.argument("specs", nargs=-1, metavar="SPEC...")
@click.option(
    "--resume",
    "resumed",
    metavar="RUN",
    type=click.Path(path_type=Path),
    help="Go on with a run that was interrupted, by its own recipe.",
)
@click.option(
    "--more",
    "added",
    type=click.IntRange(1, LARGEST),
    metavar="N",
    help="Go on with a RUN that has ended for N more epochs, in a new folder.",
)
@click.option(
    "--recipe",
    "recipe_name",
    metavar="NAME",
    help="One of several in a spec.  [default: the first that is its own or fits]",
)
@options.data()
@options.download
@click.option("--skip-bad", is_flag=True, help="Leave out images that can't be read; the record says how many.")
@options.epochs
@options.batch
@click.option("--seed", type=click.IntRange(0, LARGEST), help="One seed instead of the recipe's.")
@click.option("--seeds", "seed_count", type=click.IntRange(1, 10_000), metavar="N", help="The seeds 0 to N-1 instead.")
@click.option("--missing", is_flag=True, help="Only what isn't measured yet; go on where it was interrupted.")
@on_ray("With --missing: Ray trains, several at once.", "training")
@click.option("--precision", type=click.Choice(["auto", "fp32", "bf16"]), help="Instead of the recipe's.")
@click.option(
    "--from",
    "start_from",
    metavar="WEIGHTS",
    type=click.Path(path_type=Path),
    help="To begin with: a RUN, a file, or torchvision:NAME.  [default: as `init` says]",
)
@click.option(
    "--logger",
    "--log",  # of which torchrun thinks that it may be meant
    "logs",
    type=click.Choice(["tensorboard", "wandb", "none"]),
    multiple=True,
    help="Where metrics go beside metrics.csv; may be given twice.  [default: tensorboard]",
)
@options.device(None)
@click.option(
    "--runs",
    "runs_dir",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Where runs' folders are made.  [default: runs]",
)
@options.threads
@click.option("--eager", is_flag=True, help="On a GPU: no CUDA graph of the steps; the same digits, slower.")
@click.option("--compile/--no-compile", "compiled", default=None, help="Let PyTorch compile it; the record says so.")
@click.option(
    "--every", type=click.IntRange(1, LARGEST), metavar="N", help="Tell of every N-th epoch, and of the last."
)
@click.option("--report", "reports", is_flag=True, help="Write a page to look at, too: see `vggdsl report`.")
@click.option("--quiet", is_flag=True, help="No progress: results alone.")
@click.option("--json", "as_json", is_flag=True, help="The results as JSON.")
@reports_errors
@by_processes
def command(
    specs: tuple[str, ...],
    resumed: Path | None,
    added: int | None,
    recipe_name: str | None,
    data_dir: Path | None,
    download: bool,
    skip_bad: bool,
    epochs: int | None,
    batch: int | None,
    seed: int | None,
    seed_count: int | None,
    missing: bool,
    on: str | None,
    cpus: int | None,
    gpus_each: float | None,
    precision: str | None,
    start_from: Path | None,
    logs: tuple[str, ...],
    device: str | None,
    runs_dir: Path | None,
    threads: int | None,
    eager: bool,
    compiled: bool | None,
    every: int | None,
    reports: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Train networks by the recipes in their specs; write a run's folder and its record.

    A SPEC may be a folder: all specs in it, but for runs and files of blocks. Every seed of the recipe is a run of
    its own. Standard output gets the result in the sources' own form, what the spec claims beside it, and the
    run's folder; progress goes to standard error. What a flag changes is written into the record as a
    deviation. Nothing is fetched without --download.

    A record is repeated: recipe, seed and deviations are those of its one sealed measurement, unless
    --recipe, --seed, --seeds, --epochs, --batch or --precision is given. Where a training fails, that is
    reported, and the others go on.

    --from names weights to begin with: of a recipe with `init from(SPEC)` which of its runs; else every
    layer that fits takes those of the file, and the others begin as `init` says, a deviation. The first lines
    say what was taken. torchvision's come from PyTorch's cache, or are fetched with --download.

    With --more, RUN is the folder of a run that has ended. It stays as it is; a new one beside it goes on from
    its last epoch, and its record says how many epochs were added. A schedule that leads to the last epoch, as a
    cosine does, says no rate for more, and is refused.

    With --missing a training that is measured is left out: by a sealed block in its spec, or by a record under
    --runs, of the same network, recipe, seed and flags, and on the same data if they are at hand. One that was
    interrupted goes on. So the same command finishes a family after Ctrl-C; it ends in the table of `results`.
    Several calls share the trainings: each waits at the end for what the others are at.

    With --on ray each training is a task of Ray's, on this machine or on the cluster at RAY_ADDRESS, whose
    machines share this folder. One whose process dies goes on in another; Ctrl-C stops them all.

    All image files of a set are decoded before it begins. Those that can't be read are told, and it ends; with
    --skip-bad it goes on without them.

    It ends by naming the command that shows what came of it; --report writes that page at once.

    Where standard error is no terminal, an epoch that takes long tells twice a minute how far it is.

    \b
    vggdsl train quickstart                         in seconds, nothing to fetch
    vggdsl train quickstart --seed 0 --epochs 3     a try
    vggdsl train vgg_reconstructed/c232_fc64 --data ~/data
    vggdsl train specs/vgg/vgg_reconstructed/*.arch
    vggdsl train my_net.arch --recipe S384 --device cuda
    vggdsl train runs/quickstart-s0-1/record.arch   again: does it agree?
    vggdsl train my_nets --seeds 3 --missing        a family, goes on if stopped
    vggdsl train my_nets --missing --on ray         several at once
    vggdsl train --resume runs/mini_vgg-s0-1        after Ctrl-C or a crash
    vggdsl train vgg_d --from torchvision:vgg16     from weights of others
    vggdsl train --more 20 runs/quickstart-s0-1     longer, from its last epoch
    vggdsl train my_net.arch --report               and a page to look at
    vggdsl train my_net.arch --skip-bad             on a folder with torn images
    vggdsl train my_net.arch --quiet --json         for a program
    torchrun --nproc-per-node 4 -m vggdsl train vgg_d     four GPUs or processes
    torchrun --nnodes 1:2 --max-restarts 3 … --missing    two machines
    """
    if seed is not None and seed_count is not None:
        raise click.UsageError("either --seed or --seeds")
    if quiet and every is not None:
        raise click.UsageError("either --quiet or --every")
    if on is not None and os.environ.get("WORLD_SIZE", "1") != "1":
        raise click.UsageError("either torchrun or --on ray: Ray gives each training a process")
    if missing and "-" in specs:
        raise click.UsageError("--missing needs files: standard input keeps no measurements")
    if on is not None and not missing:
        raise click.UsageError("--on ray goes with --missing: what is tried again goes on with what was begun")
    share = share_of("training", on, cpus, gpus_each, device, threads)
    if share is not None and every is not None:
        raise click.UsageError("either --on ray or --every: a table tells how far all trainings are")
    runs = runs_dir or Path("runs")
    terminal = partial(_terminal, logs, 0 if quiet else every or 1, as_json, reports)
    workplace = Workplace(data_dir, device, runs, download, start_from, threads, skip_bad, eager, compiled)
    seeds = tuple(range(seed_count)) if seed_count is not None else None if seed is None else (seed,)
    flags = {"epochs": epochs, "batch": batch, "precision": precision, "seeds": seeds}
    if resumed is not None or added is not None:
        refused = {
            "SPEC": (specs or None) if added is None else None,
            "--resume": resumed if added is not None else None,
            "--recipe": recipe_name,
            "--epochs": epochs,
            "--batch": batch,
            "--seed": seed,
            "--seeds": seed_count,
            "--missing": missing or None,
            "--precision": precision,
            "--from": start_from,
            "--runs": runs_dir,
        }
        for what, given in refused.items():
            if given is not None:
                by = "--resume" if added is None else "--more"
                raise click.UsageError(f"{what} can't be given with {by}: the run goes on as it began")
        if added is not None and len(specs) != 1:
            raise click.UsageError("--more takes one RUN, such as `vggdsl train --more 20 runs/quickstart-s0-1`")
        from vggdsl.experiments.train import more, resume

        with terminal() as told:
            if resumed is not None:
                told.trained(resume(resumed, workplace, told.reporter()))
            elif added is not None:
                told.trained(more(specs[0], added, workplace, told.reporter()))
        if reports:
            _report(told.trained_in, workplace, as_json)
        return
    if not specs:
        raise click.UsageError("name a spec, such as `vggdsl train quickstart`, or a run to --resume")
    named, specs = specs, tuple(path for name in specs for path in specs_in(name))
    # A spec that holds measurements isn't repeated for what it lacks.
    is_told = missing or recipe_name is not None or any(value is not None for value in flags.values())
    experiments = [_experiment(name, (*named, *specs), recipe_name, flags, is_told, start_from) for name in specs]

    from vggdsl.experiments.missing import Missing
    from vggdsl.experiments.queue import Queue

    left = None
    if missing:
        left = Missing([], workplace)  # first: what other processes measure from now on it looks for again
        collection = collect(specs, [str(runs)], named)
        report(collection.findings)
        for result in (result for subject in collection.subjects for result in subject.results):
            left.add(result)
    with terminal() as told:
        queue = Queue(experiments, workplace, told, left)
        queue.check()
        queue.in_order()
        failed = queue.run() if share is None else _on_ray(queue, share, told)
    if missing and not as_json:
        _show_results(specs, runs, named)
    if reports:
        _report(told.trained_in, workplace, as_json)
    if failed:
        codes = [exit_code(error.diagnostics) or 1 for error in failed]  # one that diverged before is but a warning
        raise SystemExit(max(codes) if len(queue.experiments) == 1 else 1)


def _on_ray(queue: "Queue", share: "Share", told: "Terminal") -> list[VggdslError]:
    from vggdsl.experiments.study import study

    return study(queue, share, told.logs, told)


@contextmanager
def _terminal(logs: Sequence[str], every: int, as_json: bool, reports: bool) -> Iterator["Terminal"]:
    """Tells of trainings; what it keeps is printed at the end, also where one fails."""
    from vggdsl.cli.runs import Terminal

    terminal = Terminal(logs, every, as_json, reports)
    try:
        yield terminal
    finally:
        terminal.close()


def _report(runs: Sequence[Path], workplace: Workplace, as_json: bool) -> None:
    """One page about what was trained, by one of several processes; told where JSON isn't."""
    from vggdsl.cli.pages import Wanted, write_report
    from vggdsl.experiments.processes import current

    if runs and current().leads:
        write_report(runs, workplace, Wanted(err=as_json))


def _experiment(
    name: str,
    beside: Sequence[str],
    recipe_name: str | None,
    flags: Mapping[str, object],
    is_told: bool,
    start: Path | None,
) -> Experiment:
    """What is to be trained of a spec. Raises ``VggdslError`` with what is wrong with it."""
    spec = load(name, beside=beside)
    if start is not None:  # of a record that began with weights it says where they are
        is_told = is_told or not any("from" in block.values.get("of", {}) for block in spec.measurements)
    again = None if is_told else _repeated(spec)
    if is_told and len(spec.measurements) == 1 and (said := spec.measurements[0].values.get("run", {}).get("deviates")):
        note(f"{spec.name}: what deviated in its record ({said}) isn't repeated, since flags are given")
    if again is not None:
        return Experiment.of(spec, again.recipe.with_flags(seeds=(again.seed,)), again.start)
    recipe = spec.recipe(recipe_name).with_flags(**flags)
    if start is not None:
        from vggdsl.experiments.first import with_start  # which looks into files of weights

        recipe = with_start(recipe, start)
    return Experiment.of(spec, recipe)


def _show_results(specs: Sequence[str], runs_dir: Path, named: Sequence[str]) -> None:
    """The table of ``vggdsl results`` for these specs. What doesn't count was told at the beginning."""
    from vggdsl.cli.results_table import show
    from vggdsl.records.table import rows

    collection = collect(specs, [str(runs_dir)], named)
    told = list(collection.findings)
    found = rows(collection, every=False)
    report(d for d in collection.findings if d not in told)
    show(found)


def _repeated(spec: Spec) -> "Repetition | None":
    """What a record's measurement was measured by; None for a spec that isn't a record.

    What holds the measurements of several runs is no record of one: it is trained by its recipe.
    """
    from vggdsl.records.repeat import repetition

    if len(spec.measurements) > 1:
        return None
    again = repetition(spec)
    if again is not None:
        note(f"repeating {again}")
    elif spec.measurements:
        click.echo("the measured block isn't sealed, so it isn't repeated: training by the recipe", err=True)
    return again
