"""``vggdsl report``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vggdsl.cli.common import reports_errors
from vggdsl.cli.options import evaluates

if TYPE_CHECKING:
    from typing import Literal


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    metavar="FILE.html",
    help="The page; `-` is standard output.  [default: report.html in RUN, or in the folder of several]",
)
@click.option(
    "--figures",
    "figures_dir",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Curves and confusion matrix as SVG and PNG, too, for a paper's column.",
)
@click.option(
    "--split", type=click.Choice(["test", "val"]), default="test", show_default=True, help="The images looked at."
)
@evaluates
@click.option("--force", is_flag=True, help="Overwrite the file; use weights that a run's record isn't of.")
@reports_errors
def command(
    runs: tuple[Path, ...],
    output: str | None,
    figures_dir: Path | None,
    split: "Literal['test', 'val']",
    data_dir: Path | None,
    skip_bad: bool,
    device: str,
    threads: int | None,
    force: bool,
) -> None:
    """One page to look at: open it in a browser, also without a network.

    It shows what was claimed beside what was measured, the curves, the network, the confusion matrix, each class, the
    worst mistakes, the filters of the first layer, the spec, the record and how to repeat it; of several RUNs their
    curves together, their means over seeds, and in what they differ.

    What is missing, as of a training that hasn't ended or without its data set, is said on the page and on standard
    error. A report that is there is replaced, any other file only with --force.

    \b
    vggdsl report runs/quickstart-s0-1
    vggdsl report runs/net-s0-1 runs/net-s1-1 -o net.html
    vggdsl report runs                      all that are in it
    vggdsl report runs/mini_vgg-s0-1 --split val --figures figures
    """
    from vggdsl.cli.pages import Wanted, write_report
    from vggdsl.experiments.workplace import Workplace

    workplace = Workplace(data_dir, device, threads=threads, skip_bad=skip_bad)
    write_report(runs, workplace, Wanted(output, figures_dir, split, force))
