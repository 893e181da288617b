"""``vggdsl results``."""

import shlex
from pathlib import Path

import click

from vggdsl.cli.common import exit_code, form_of, note, report, reports_errors
from vggdsl.cli.results_table import show, show_pairs
from vggdsl.records.collect import collect
from vggdsl.records.pairs import pairs
from vggdsl.records.table import rows
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_folder


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "latex", "bibtex", "csv", "json"]),
    default="table",
    show_default=True,
    help="What to print.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--changed", is_flag=True, help="Only the columns in which rows differ; what is alike in one line.")
@click.option("--all", "every", is_flag=True, help="The accuracies on training and validation images too.")
@click.option("--compare", is_flag=True, help="Each network beside the first one, by a t-test over their seeds.")
@reports_errors
def command(paths: tuple[str, ...], form: str, as_json: bool, changed: bool, every: bool, compare: bool) -> None:
    """What was claimed beside what was measured: a row a figure.

    A PATH is a spec, a record, a run, or a folder of them.  [default: runs] Runs of a spec are named beside it.

    Measurements of one network by one recipe on the same data are averaged over their seeds: the mean and the
    sample's standard deviation, in percent. They are subtracted from a claim only under equal protocols; the
    protocol says otherwise what differs. Blocks that were edited, or are of another network or recipe than
    the spec's, don't count.

    The verdict is that of one-sided t-tests over the seeds, with p below 0.05: a claim is `beaten` by a mean that is
    better than all that may be printed so, `reached` by one better than the worst of it, `missed` by one worse than
    that; else it is `open`. One seed says nothing. With --compare each network stands beside the first one: `better`,
    `worse` or `open` by a two-sided test, paired where both have the same seeds, else Welch's.

    What is claimed of single classes has no row: `vggdsl evaluate --claims` measures it.
    CSV and JSON hold every accuracy with the digits of its record. LaTeX cites the paper that a spec follows, if its
    `source` names it with its year and arXiv number or DOI; BibTeX has the entries of these papers.

    \b
    vggdsl results
    vggdsl results specs/vgg/vgg_reconstructed runs --changed
    vggdsl results wide.arch narrow.arch runs --compare
    vggdsl results my_net.arch runs --format latex > table.tex
    vggdsl results my_net.arch runs --format bibtex > table.bib
    """
    form = form_of(form, as_json)
    if compare and (changed or form == "bibtex"):
        raise click.UsageError(f"--compare has its own columns, without {'--changed' if changed else 'papers to cite'}")
    if changed and form in ("csv", "json", "bibtex"):
        raise click.UsageError(
            f"--changed is for tables: {form} {'has no' if form == 'bibtex' else 'holds every'} column"
        )
    runs = Path("runs")
    if not paths and not is_folder(runs):
        help = "name specs, runs or folders of them; `vggdsl train` makes runs"
        raise InputError(Diagnostic("V501", "no folder `runs`", help=help))
    collection = collect(paths or ("runs",))
    found = rows(collection, every or form in ("csv", "json"), claimed=not compare)
    report(collection.findings)
    if compare:
        show_pairs(pairs(found), form)
    else:
        show(found, form, changed)
    is_named = any(Path(path).resolve() == runs.resolve() for path in paths or (runs,))
    if found and not any(row.values for row in found) and is_folder(runs) and not is_named:
        note(
            f"nothing was measured in what is named; with what runs measured: vggdsl results {shlex.join(paths)} {runs}"
        )
    raise SystemExit(exit_code(collection.findings))
