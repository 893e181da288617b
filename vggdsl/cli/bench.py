"""``vggdsl bench``."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from vggdsl.cli.common import echo_json, exit_code, note, print_table, refuse_wrong, report, reports_errors
from vggdsl.cli.schemas.runs import BenchRow
from vggdsl.spec.parsing import load
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.tables import RowGroup, Table, numbers, words
from vggdsl.text.units import count_text

if TYPE_CHECKING:
    from vggdsl.experiments.bench.rows import Found, Row

COLUMNS = (*words("what"), *numbers("measured", "spread", "floor", "goal"), *words("verdict"))
COLUMNS = (*COLUMNS, *numbers("images/s", "FLOP/s", "of peak"))
_SAID = {"below": "below its floor", "noisy": "too noisy to decide", "measured": ""}


@click.command()
@click.argument("spec", required=False)
@click.option("--train", "what", flag_value="train", help="Steps of training.")
@click.option("--input", "what", flag_value="input", help="Images in files: decoded, as batches, trained on.")
@click.option("--infer", "what", flag_value="infer", help="The exported file in onnxruntime, and predict.")
@click.option("--compile", "what", flag_value="compile", help="Export to ONNX.")
@click.option("--front", "what", flag_value="front", help="Read, check, show.")
@click.option("--all", "what", flag_value="all", help="All of these; the default.")
@click.option(
    "--against", type=click.Choice(["reference", "tuned"]), help="Train beside one of the two; the default is both."
)
@click.option("--batch", type=click.IntRange(min=1), help="Images of a step; of a SPEC.  [default: 128]")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True, help="Where it runs.")
@click.option("--json", "as_json", is_flag=True, help="The rows as JSON.")
@reports_errors
def command(
    spec: str | None, what: str | None, against: str | None, batch: int | None, device: str, as_json: bool
) -> None:
    """How fast this machine trains, exports and runs networks, beside what others write.

    Both sides do the same work in turn; a ratio is ours to theirs. `reference` trains as the scripts of
    torchvision do: single precision, NCHW, eager. `tuned` is what an expert writes by hand: channels last, bf16,
    a fused optimizer, whole batches augmented at once. Where the middle half of the ratios is wider than 15 % of
    their median it is too noisy to decide. On a GPU `tuned` is compiled, for which PyTorch needs Triton and a C
    compiler: why a row can't be measured is told, and the others go on. Nothing else should run meanwhile; all of it
    takes minutes. Ctrl-C ends it with the table of what was measured.

    \b
    vggdsl bench                       every row that has a floor and a goal
    vggdsl bench --front
    vggdsl bench --input               what reads photographs, by 1 to all threads
    vggdsl bench vgg_d --train --batch 8
    """
    from vggdsl.experiments.bench.rows import KINDS, machine, rows, rows_of
    from vggdsl.experiments.bench.training import AGAINST
    from vggdsl.experiments.device import choose

    if spec is None and batch is not None:
        raise click.UsageError("--batch is of a SPEC: the rows without one have their own")
    if device == "cuda" and what not in (None, "all", "train", "input"):
        raise click.UsageError("only training, and what it reads, is measured on a GPU")
    if batch is not None and what in ("compile", "front"):
        raise click.UsageError(f"--batch is of steps and of what is inferred, none of --{what}")
    if against is not None and what not in (None, "all", "train"):
        raise click.UsageError(f"--against is of training, no other side of --{what}")
    choose(device, "auto")  # before any row: without it none is measured
    kinds = [kind for kind in KINDS if what in (None, "all", kind) and (device == "cpu" or kind in ("train", "input"))]
    sides = [side for side in AGAINST if against in (None, side)]
    if spec is None:
        chosen = rows(kinds, sides, device)
    else:
        loaded = load(spec)
        refuse_wrong(loaded)
        chosen = rows_of(loaded, kinds, sides, batch or 128, device)
    failed, found = list[Diagnostic](), list["tuple[Row, Found]"]()
    try:
        for measured in _measured(chosen, failed):
            found.append(measured)
    finally:  # also of what was measured before Ctrl-C
        if as_json:
            echo_json([_json(row, each, machine(device)) for row, each in found])
        elif found:
            print_table(Table(COLUMNS, [RowGroup([_cells(row, each) for row, each in found])]))
            click.echo(f"\n{machine(device)}")
    raise SystemExit(exit_code(failed))


def _measured(chosen: "Sequence[Row]", failed: list[Diagnostic]) -> "Iterator[tuple[Row, Found]]":
    """The rows that can be measured here; why others can't is told, and added to ``failed``."""
    for number, row in enumerate(chosen, 1):
        note(f"measuring ({number} of {len(chosen)}): {row.name}")
        try:
            found = row.measure()
        except InputError as error:
            report(error.diagnostics)
            failed += error.diagnostics
            continue
        note(f"           {_told(row, found)}")
        yield row, found


def _told(row: "Row", found: "Found") -> str:
    """At once: all rows take minutes."""
    verdict = row.verdict(found)
    return ", ".join(filter(None, [_quantity(found.series.median, row.unit), _SAID.get(verdict, verdict)]))


def _cells(row: "Row", found: "Found") -> list[str]:
    series = found.series
    of_peak = f"{found.flops / found.peak:.0%}" if found.flops and found.peak else ""
    verdict = row.verdict(found)
    return [
        row.name,
        _quantity(series.median, row.unit),
        f"{series.spread:.0%}" if len(series.values) > 3 else "",
        "" if row.floor is None else _quantity(row.floor, row.unit),
        "" if row.goal is None else _quantity(row.goal, row.unit),
        _SAID.get(verdict, verdict),
        "" if found.images is None else f"{found.images:,.0f}",
        "" if found.flops is None else count_text(round(found.flops)),
        of_peak,
    ]


def _quantity(value: float, unit: str) -> str:
    return f"{value:.3g}{'' if unit == 'x' else ' '}{unit}"


def _json(row: "Row", found: "Found", machine: str) -> BenchRow:
    return {
        "what": row.what,
        "name": row.name,
        "unit": row.unit,
        "measured": found.series.median,
        "values": list(found.series.values),
        "spread": found.series.spread,
        "floor": row.floor,
        "goal": row.goal,
        "verdict": row.verdict(found),
        "images_per_second": found.images,
        "flops_per_second": found.flops,
        "peak_flops_per_second": found.peak,
        "machine": machine,
    }
