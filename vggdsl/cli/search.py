"""``vggdsl search``."""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from shlex import quote

import click
from click.core import ParameterSource

from vggdsl.cli import options
from vggdsl.cli.common import echo_json, report, reports_errors, say
from vggdsl.cli.flags import bounds
from vggdsl.cli.folders import made
from vggdsl.cli.on_ray import on_ray, share_of
from vggdsl.cli.options import LARGEST
from vggdsl.cli.schemas.search import CountedSpace, WrittenSpecs
from vggdsl.experiments.search.budget import ENUMERATED
from vggdsl.experiments.search.interrupted import interrupted
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.collect import specs_in
from vggdsl.spec.budget import Budget, within
from vggdsl.spec.pretrained import refuse_elsewhere
from vggdsl.spec.space import Counted, Space, load_space
from vggdsl.spec.space import count as count_of
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import Diagnostic, InputError, VggdslError, error_of, in_a_line
from vggdsl.text.files import file_name, is_file, write_text
from vggdsl.text.packages import needed
from vggdsl.text.units import names_text, plural

LOOKED_AT = 100_000
"""Networks of a space at the most, to write those that fit: some minutes."""
WRITTEN = 10_000
"""Specs at the most that are written."""


@click.command()
@click.argument("space", metavar="SPEC")
@click.option("--params", metavar="LOW..HIGH", callback=bounds, help="Learnable parameters, as in ..2M.")
@click.option("--macs", metavar="LOW..HIGH", callback=bounds, help="Multiply-adds of an image, as in 10M..200M.")
@click.option(
    "--receptive-field", metavar="LOW..HIGH", callback=bounds, help="Of the last layer, in pixels, as in 32.."
)
@click.option("--trials", type=click.IntRange(1, LARGEST), default=50, show_default=True, help="Networks to try.")
@click.option(
    "--halving",
    metavar="N",
    default="3",
    show_default=True,
    callback=lambda ctx, param, given: _halving(given),
    help="One network of N goes on at each of two rungs; `none` trains all to the end.",
)
@click.option("--count", is_flag=True, help="How many networks there are, and how many fit; nothing is trained.")
@click.option(
    "--write",
    "write_dir",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write the specs of all that fit, for `vggdsl train DIR --missing`; no others may lie there.",
)
@click.option(
    "--against", type=click.Choice(["params", "macs"]), default="params", show_default=True, help="Of the Pareto front."
)
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The search's folder, in which it goes on.  [default: runs/NAME-search]",
)
@click.option("--recipe", "recipe_name", metavar="NAME", help="One of several in the spec.  [default: the first]")
@options.epochs
@options.batch
@click.option("--seed", type=click.IntRange(0, LARGEST), help="Instead of the recipe's first.")
@options.data()
@options.download
@click.option("--skip-bad", is_flag=True, help="Leave out images that can't be read; the records say how many.")
@options.device(None)
@options.threads
@on_ray("Ray searches, by several processes.", "process")
@click.option(
    "--workers", type=click.IntRange(1, 10_000), metavar="N", help="Processes on Ray.  [default: as many as fit there]"
)
@click.option("--quiet", is_flag=True, help="No progress: results alone.")
@click.option("--json", "as_json", is_flag=True, help="The results as JSON.")
@reports_errors
def command(
    space: str,
    params: tuple[int | None, int | None],
    macs: tuple[int | None, int | None],
    receptive_field: tuple[int | None, int | None],
    trials: int,
    halving: int | None,
    count: bool,
    write_dir: Path | None,
    against: str,
    output: Path | None,
    recipe_name: str | None,
    epochs: int | None,
    batch: int | None,
    seed: int | None,
    data_dir: Path | None,
    download: bool,
    skip_bad: bool,
    device: str | None,
    threads: int | None,
    on: str | None,
    workers: int | None,
    cpus: int | None,
    gpus_each: float | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Find the best networks of a space under a budget.

    SPEC leaves choices open, as `conv3-{32|64}` does. What is beyond the bounds is never trained: parameters,
    multiply-adds and the receptive field are arithmetic. `..8K` is up to 8,000, `8K..` from there, `8K..8K` just that.
    Bounds take K, M and G, and Ki, Mi and Gi.

    Where as many fit as --trials, or fewer, all of them are tried; else Optuna proposes them, by what the ones before
    came to. Each is trained by the recipe for a ninth of its epochs. The best third goes on to a third of the epochs,
    of these again the best third to the end (--halving 3). Networks are compared by the validation accuracy of their
    best epoch, and of equal ones by the loss. That of the test images is told of those that were trained to the end;
    nothing is chosen by it. Halving goes by accuracy alone: for small networks on the front, --halving none trains
    them to the end, too.

    The folder of the search keeps a run for each network, with its spec and, if it came to the end, its record. The
    same command goes on where it was stopped; with more --trials, it adds networks. Called
    several times at once, the processes share the work; with --on ray, Ray starts them, here or on a cluster
    (RAY_ADDRESS). It ends in a table and the picture front.svg (and .png) in the folder; with exit code 1 where a
    network failed, as by a loss that became no number. It takes the extra `vggdsl[search]`; --count and --write don't.

    \b
    vggdsl search net.arch --params ..2M --count         how many fit?
    vggdsl search net.arch --params ..2M --macs ..200M --receptive-field 32..
    vggdsl search net.arch --trials 20 --epochs 9        a try
    vggdsl search net.arch --halving none --against macs
    vggdsl search net.arch --params ..2M --write nets    their specs alone
    vggdsl search net.arch --on ray                      by several processes
    vggdsl search net.arch --quiet --json                for a program
    """
    found, budget = load_space(space), Budget(params, macs, receptive_field)
    if count and write_dir is not None:
        raise click.UsageError("either --count or --write")
    if count or write_dir is not None:
        _refuse_training("--count" if count else "--write")
    if count:
        _count(found, budget, as_json)
        return
    if write_dir is not None:
        _write(found, budget, write_dir, as_json)
        return
    try:
        share = share_of("process", on, cpus, gpus_each, device, threads)
        if share is None and workers is not None:
            raise click.UsageError("--workers is of the processes on Ray: it goes with --on ray")
        with needed():
            from vggdsl.cli.search_output import Terminal, show
            from vggdsl.experiments.search.plan import Plan
            from vggdsl.experiments.search.table import table
        folder = output or Path("runs") / f"{file_name(found.name)}-search"
        flags = {"epochs": epochs, "batch": batch, "seeds": None if seed is None else (seed,)}
        workplace = Workplace(data_dir, device, download=download, threads=threads, skip_bad=skip_bad)
        plan = Plan(found, folder, workplace, budget, trials, halving, recipe_name, flags)
        terminal = Terminal(quiet=quiet)
        report(plan.warnings())
        errors = list[VggdslError]()
        if share is None:
            search = plan.open(terminal)
            terminal.begins(search)
            standings = search.run()
        else:
            from vggdsl.experiments.search.on_ray import search_on_ray

            search, errors = search_on_ray(plan, workers, share, terminal)
            report(finding for error in errors for finding in error.diagnostics)
            standings = search.standings()
        if standings:
            said = _said({"epochs": epochs, "batch": batch, "data": data_dir}, skip_bad=skip_bad)
            rows = table(search.proposals.networks, standings, search.trainings.run_of)
            report(finding for row in rows for finding in row.findings)
            show(search, rows, against, said, as_json=as_json)
        if errors or any(standing.failed for standing in standings.values()):
            raise SystemExit(1)
    except KeyboardInterrupt:  # before the search itself bears one, or behind it
        raise interrupted() from None


def _said(flags: Mapping[str, object], *, skip_bad: bool) -> str:
    """What a command must say that trains the same as the search did."""
    given = [f" --{name} {quote(str(value))}" for name, value in flags.items() if value is not None]
    return "".join(given) + " --skip-bad" * skip_bad


def _refuse_training(by: str) -> None:
    """Raises ``UsageError`` for flags that say how it is trained, or shown, where it isn't."""
    context = click.get_current_context()
    for parameter in context.command.params:
        is_given = context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
        if is_given and parameter.name not in _UNTRAINED:
            raise click.UsageError(f"either {parameter.opts[-1]} or {by}, which trains nothing")


_UNTRAINED = frozenset({"space", "params", "macs", "receptive_field", "count", "write_dir", "as_json"})
"""What is said where nothing is trained."""


def _count(space: Space, budget: Budget, as_json: bool) -> None:
    """Tells how many networks there are and fit: of some thousands all are looked at, of more a sample."""
    counted = count_of(space, budget, ENUMERATED)
    low, high = counted.interval
    if as_json:
        data: CountedSpace = {
            "space": space.name,
            "networks": counted.networks,
            "looked_at": counted.tried,
            "wrong": counted.wrong,
            "within": counted.within,
            "different": counted.different,
            "exact": counted.is_exact,
            "fitting": counted.estimate,
            "interval": [low, high],
        }
        echo_json(data)
        return
    say(f"{space.name}: {plural(counted.networks, 'network')}")
    drawn = "" if counted.is_exact else f" of {counted.tried:,} that were drawn"
    if counted.wrong:
        such = "is no network:" if counted.wrong == 1 else "are no networks, such as"
        say(f"{counted.wrong:,}{drawn} {such} {_why(space, counted)}")
    fit = "can be made" if budget == Budget() else "fit the budget"
    equal = "" if counted.different == counted.within else f", {counted.different:,} of them different"
    if budget == Budget() and not counted.wrong and (not counted.is_exact or not equal):
        return  # it is said of all of them
    if counted.is_exact:
        say(f"{counted.within:,} {fit}{equal}")
    else:
        say(f"about {counted.estimate:,} {fit} (95 %: {low:,} to {high:,}), {counted.within:,}{drawn}")


def _why(space: Space, counted: Counted) -> str:
    assert counted.example is not None
    picks, error = counted.example
    return f"{space.said(picks)}: {in_a_line(error)}"


def _write(space: Space, budget: Budget, folder: Path, as_json: bool) -> None:
    """Writes a spec for each network that fits, under the name that tells it by its digest."""
    if space.networks > LOOKED_AT:
        ways = f"{plural(LOOKED_AT, 'network')} at the most are looked at, {space.name} has {space.networks:,}"
        raise click.UsageError(f"{ways}: leave fewer choices open, or let `vggdsl search` draw")
    found = dict[str, Spec]()
    for picks in space.assignments():
        try:
            spec = space.fill(picks)
        except VggdslError:
            continue
        if within(spec.typed, budget):
            found.setdefault(spec.network.graph.digest, spec)
        if len(found) > WRITTEN:
            raise click.UsageError(f"more than {plural(WRITTEN, 'network')} fit: give narrower bounds")
    if not found:
        raise InputError(Diagnostic("V614", f"no network of {space.name} fits", help="`--count` says how many do"))
    for recipe in space.recipes:
        home = Path(space.source.name).parent
        refuse_elsewhere(recipe, folder, f"`--write {home}`, or name it by its whole path")
    made(folder, "--write")
    texts = {folder / f"{file_name(spec.name)}.arch": spec.text for spec in found.values()}
    _refuse_others(space, folder, texts)
    for path, text in texts.items():
        if not path.exists():
            write_text(path, text)
    if as_json:
        written: WrittenSpecs = {"folder": str(folder), "specs": len(found)}
        echo_json(written)
    else:
        say(f"{folder}: {plural(len(found), 'spec')}")


def _refuse_others(space: Space, folder: Path, texts: Mapping[Path, str]) -> None:
    """Raises ``InputError`` V514 for what `vggdsl train DIR` would train beside the specs that fit: edited ones, and
    those of other bounds or spaces. Where the space itself lies, only what is named as its networks is looked at.
    """
    there = [path for path in texts if path.exists()]
    edited = [path for path in there if not is_file(path) or path.read_bytes() != texts[path].encode()]
    others = list[Path]()
    with suppress(InputError):  # V501, of a folder without any
        others = [path for path in map(Path, specs_in(f"{folder}{os.sep}")) if path not in texts]
    if folder.resolve() == Path(space.source.name).parent.resolve():
        of_it = re.compile(re.escape(file_name(space.name)) + "-[0-9a-f]{8}")
        others = [path for path in others if of_it.fullmatch(path.stem)]
    help = "name another folder with --write, or take them away: `vggdsl train` takes all specs of a folder"
    findings = [
        Diagnostic("V514", f"{folder} has {plural(len(found), 'spec')} {what}: {names_text(names, 3)}", help=help)
        for found, what in (
            (edited, "of the names to be written, with another text"),
            (others, "beside those that fit"),
        )
        for names in [[str(path.relative_to(folder)) for path in found]]
        if found
    ]
    if findings:
        raise error_of(findings)


def _halving(given: str) -> int | None:
    """A whole number from 2, or none."""
    if given == "none":
        return None
    if not (given.isascii() and given.isdigit() and 2 <= int(given) <= 100):
        raise click.BadParameter(f"`{given}` is neither a whole number from 2 to 100 nor `none`")
    return int(given)
