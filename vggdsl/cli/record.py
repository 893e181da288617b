"""``vggdsl record``."""

from pathlib import Path

import click

from vggdsl.cli.common import echo_json, note, reports_errors
from vggdsl.cli.schemas import Recorded
from vggdsl.records.append import append, evaluation_blocks, own_block
from vggdsl.records.collect import record_of


@click.command()
@click.argument("run", metavar="RUN")
@click.option(
    "--into", metavar="SPEC", type=click.Path(path_type=Path), help="Append the block to the spec that was run."
)
@click.option("--json", "as_json", is_flag=True, help="The block as JSON.")
@reports_errors
def command(run: str, into: Path | None, as_json: bool) -> None:
    """A run's measured block, sealed, on standard output; behind it those of evaluations of its weights.

    --into appends them to the file that was trained, and changes nothing else in it. That is refused if the file's
    network or recipe is another than the run's, and if all stand there already. Blocks of several seeds,
    and of runs that deviate from the recipe, stand one behind the other.

    \b
    vggdsl record runs/my_net-s0-1
    vggdsl record runs/my_net-s0-1 --into my_net.arch
    """
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
