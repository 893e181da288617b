"""``vggdsl specs``."""

import click

from vggdsl.cli.common import echo_json, print_table, reports_errors
from vggdsl.library import shipped
from vggdsl.spec import load


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The list as JSON.")
@reports_errors
def command(as_json: bool) -> None:
    """List the specs that ship, with their parameters, claims and sources.

    \b
    vggdsl specs
    vggdsl show vgg_reconstructed/c232_fc64
    """
    rows = []
    for name, path in shipped().items():
        spec = load(path)
        rows.append(
            {
                "name": name,
                "params": spec.typed.params,
                "macs": spec.typed.macs,
                "holds": spec.count("holds"),
                "disputed": spec.count("disputed"),
                "source": spec.citation,
            }
        )
    if as_json:
        echo_json(rows)
        return
    texts = [[f"{cell:,}" if isinstance(cell, int) else str(cell or "") for cell in row.values()] for row in rows]
    print_table(tuple(rows[0]), texts)
