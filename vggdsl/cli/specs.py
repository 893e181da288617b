"""``vggdsl specs``."""

import click

from vggdsl.cli.common import echo_json, form_of, print_table, reports_errors
from vggdsl.cli.schemas.specs import Listed
from vggdsl.language.library import shipped
from vggdsl.spec.parsing import load
from vggdsl.spec.spec import Spec
from vggdsl.text.tables import RowGroup, Table, numbers, words

COLUMNS = words("name") + numbers("params", "macs", "layers", "holds", "disputed") + words("source")


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "markdown"]),
    default="table",
    show_default=True,
    help="What to print.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@reports_errors
def command(form: str, as_json: bool) -> None:
    """List the specs that ship: learnable parameters, multiply-adds, layers with weights, how many
    of the figures that their sources print hold and how many are disputed. In JSON also how many
    claims are "computed": no source prints them, they guard the file.

    \b
    vggdsl specs
    vggdsl specs --format markdown
    vggdsl show vgg_reconstructed/c232_fc64
    """
    form = form_of(form, as_json)
    specs = {name: load(path) for name, path in shipped().items()}
    if form == "json":
        echo_json([_data(name, spec) for name, spec in specs.items()])
    else:
        print_table(Table(COLUMNS, [RowGroup([_row(name, spec) for name, spec in specs.items()])]), form)


def _data(name: str, spec: Spec) -> Listed:
    printed = [v for v in spec.verdicts if not v.computed]
    return {
        "name": name,
        "params": spec.typed.params,
        "macs": spec.typed.macs,
        "weight_layers": spec.typed.weight_layers,
        "holds": sum(v.status == "holds" for v in printed),
        "disputed": sum(v.status == "disputed" for v in printed),
        "computed": len(spec.verdicts) - len(printed),
        "source": spec.citation,
    }


def _row(name: str, spec: Spec) -> list[str]:
    data = _data(name, spec)
    counts = (data["params"], data["macs"], data["weight_layers"], data["holds"], data["disputed"])
    return [name, *(f"{count:,}" for count in counts), _short(data["source"] or "")]


def _short(source: str) -> str:
    """A citation up to its first comma: authors and year, or a title.

    >>> _short("He et al. 2015, arXiv:1512.03385, Table 1")
    'He et al. 2015'
    """
    return source.split(",")[0].split(":")[0]
