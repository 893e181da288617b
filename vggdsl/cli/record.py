"""``vggdsl record``."""

from pathlib import Path
from typing import Literal

import click

from vggdsl.cli.common import echo_json, note, reports_errors
from vggdsl.cli.schemas.runs import Recorded
from vggdsl.records.append import append, evaluation_blocks, own_block
from vggdsl.records.collect import record_of

Form = Literal["model-card", "eval-results"]


def _for_hub(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        from vggdsl.records.hub import refuse

        try:
            refuse(parameter.name or "", value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
    return value


@click.command()
@click.argument("run", metavar="RUN")
@click.option(
    "--into", metavar="SPEC", type=click.Path(path_type=Path), help="Append the block to the spec that was run."
)
@click.option("--json", "as_json", is_flag=True, help="The block as JSON.")
@click.option(
    "--as",
    "form",
    type=click.Choice(["model-card", "eval-results"]),
    help="For a repository of the Hugging Face Hub: its README.md, or the entries of .eval_results.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE|DIR",
    type=click.Path(path_type=Path),
    help="The repository's folder, which a card makes, or the card's file.  [default: standard output]",
)
@click.option("--force", is_flag=True, help="Overwrite what is there.")
@click.option("--dataset", metavar="OWNER/NAME", callback=_for_hub, help="The hub's id of the data set.")
@click.option("--task", metavar="ID", help="The id of the benchmark's task in an entry.  [default: default]")
@click.option("--date", metavar="DATE", callback=_for_hub, help="When it was measured, for an entry.")
@click.option("--source", metavar="URL", callback=_for_hub, help="Where an entry's result comes from.")
@reports_errors
def command(
    run: str,
    into: Path | None,
    as_json: bool,
    form: Form | None,
    output: Path | None,
    force: bool,
    dataset: str | None,
    task: str | None,
    date: str | None,
    source: str | None,
) -> None:
    """A run's measured block, sealed, on standard output; behind it those of evaluations of its weights.

    --into appends them to the file that was trained, and changes nothing else in it. That is refused if the file's
    network or recipe is another than the run's, and if all stand there already. Blocks of several seeds,
    and of runs that deviate from the recipe, stand one behind the other.

    --as writes for the Hugging Face Hub; nothing is sent. A model card holds results with their claims and protocols,
    the block, and the spec; it names no licence. Of eval-results each protocol has an entry, in a file of its own
    below -o. What the record doesn't say, as the date, is left out unless it is given.

    \b
    vggdsl record runs/my_net-s0-1
    vggdsl record runs/my_net-s0-1 --into my_net.arch
    vggdsl record runs/my_net-s0-1 --as model-card -o repository
    vggdsl record runs/my_net-s0-1 --as eval-results --date 2026-01-31
    """
    if form is not None:
        if into is not None or as_json:
            raise click.UsageError(f"either --as or {'--json' if as_json else '--into'}")
        from vggdsl.cli.hub import Asked, write

        write(run, Asked(form, output, force, dataset, task, date, source))
        return
    for name, given in {"-o": output, "--force": force, "--dataset": dataset}.items():
        if given:
            raise click.UsageError(f"{name} is for --as model-card and --as eval-results")
    for name, given in {"--task": task, "--date": date, "--source": source}.items():
        if given:
            raise click.UsageError(f"{name} is for --as eval-results")
    record = record_of(Path(run))
    text, further = own_block(record), evaluation_blocks(record)
    if into is not None:
        count = append(record, into)
        note(f"{into}: appended{f' {count} blocks' if count > 1 else ''}")
    if as_json:
        measured = record.measurements[-1]
        told: Recorded = {
            "spec": record.name,
            "line": str(measured.line),
            "values": measured.values,
            "block": text,
            "evaluations": further,
            "into": None if into is None else str(into),
        }
        echo_json(told)
        return
    click.echo("\n".join((text, *further)), nl=False)
