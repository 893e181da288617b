"""``vggdsl record``."""

from pathlib import Path

import click

from vggdsl.cli.common import echo_json, note, reports_errors
from vggdsl.cli.schemas import Recorded
from vggdsl.records.append import append, own_block
from vggdsl.records.collect import record_of


@click.command()
@click.argument("run", metavar="RUN")
@click.option(
    "--into", metavar="SPEC", type=click.Path(path_type=Path), help="Append the block to the spec that was run."
)
@click.option("--json", "as_json", is_flag=True, help="The block as JSON.")
@reports_errors
def command(run: str, into: Path | None, as_json: bool) -> None:
    """A run's measured block, sealed, on standard output.

    --into appends it to the file that was trained, and changes nothing else in it. That is refused if the file's
    network or recipe is another than the run's, and if the block stands there already. Blocks of several seeds,
    and of runs that deviate from the recipe, stand one behind the other.

    \b
    vggdsl record runs/my_net-s0-1
    vggdsl record runs/my_net-s0-1 --into my_net.arch
    """
    record = record_of(Path(run))
    text = own_block(record)
    if into is not None:
        append(record, text, into)
        note(f"{into}: appended")
    if as_json:
        measured = record.measurements[-1]
        told: Recorded = {
            "spec": record.name,
            "line": str(measured.line),
            "values": measured.values,
            "block": text,
            "into": None if into is None else str(into),
        }
        echo_json(told)
        return
    click.echo(text, nl=False)
