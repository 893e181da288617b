"""``vggdsl claims``."""

from collections.abc import Sequence
from pathlib import Path

import click

from vggdsl.cli.common import echo_json, form_of, note, print_table, reports_errors
from vggdsl.cli.schemas.specs import PrintedNumber, PrintedSource
from vggdsl.spec.copies import copy_in
from vggdsl.spec.ledger import (
    OUTCOMES,
    Entry,
    Outcome,
    claims,
    count,
    entries_of_source,
    sources,
)
from vggdsl.text.tables import RowGroup, Table, numbers, to_spreadsheet, words
from vggdsl.text.units import plural

_COLUMNS = (*words("place", "quantity"), *numbers("printed"), *words("outcome"), *numbers("value"), *words("because"))

_WIDEST = 56
"""Characters of a cell that are shown, but for the last."""


@click.command()
@click.argument("source", required=False, metavar="[SOURCE|SPEC|RUN]")
@click.option(
    "--outcome",
    "wanted",
    type=click.Choice(OUTCOMES),
    multiple=True,
    metavar="OUTCOME",
    help=f"Only those that came to this: {', '.join(OUTCOMES)}. May be given again.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "latex", "csv", "json"]),
    default="table",
    show_default=True,
    help="What to print.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@reports_errors
def command(source: str | None, wanted: tuple[Outcome, ...], form: str, as_json: bool) -> None:
    """Every number that a source prints: its place, what came of it, how it is read, the arithmetic.

    A SOURCE is named as `vggdsl claims` alone lists them, or by a part of its name. Its numbers are those that it
    prints, and those that others print of networks whose specs follow it. Of a SPEC, also one of yours, they are
    those that it claims, of a RUN those of the spec that was run, and of a pasted table those that it prints.

    A number holds, or arithmetic refutes it; one that a spec marks as wrong is disputed. Some are written: the spec
    is made of them, as of channels and learning rates. Results are measured, see `vggdsl results`; what is computed
    holds, but no source prints it. The others are of no network here, or not checkable. Exits with 1 if one is
    refuted.

    \b
    vggdsl claims
    vggdsl claims "CNN Architectures II" --outcome disputed
    vggdsl claims vgg_d
    vggdsl claims my_net.arch --json
    """
    form = form_of(form, as_json)
    if source is None:
        if wanted:
            raise click.UsageError("--outcome is for the numbers of a SOURCE or a SPEC: name one")
        _list(form)
        return
    entries = claims(copy_in(Path(source)) or source)
    shown = [each for each in entries if not wanted or each.outcome in wanted]
    if form == "json":
        echo_json([_row(each) for each in shown])
    elif form == "csv" and shown:
        click.echo(to_spreadsheet(PrintedNumber.__annotations__, (_row(each).values() for each in shown)), nl=False)
    elif shown:
        print_table(_table(shown), form)
    none = f"; none of them is {' or '.join(wanted)}" if entries and not shown else ""
    note(f"{source}: {_counted(entries)}{none}")
    raise SystemExit(int(any(each.outcome == "refuted" for each in entries)))


def _counted(entries: Sequence[Entry]) -> str:
    counts = ", ".join(f"{number:,} {outcome}" for outcome, number in count(entries).items() if number)
    return f"{plural(len(entries), 'number')}: {counts}" if entries else "no number is claimed"


def _table(entries: Sequence[Entry]) -> Table:
    """What all rows share isn't a column."""
    several = {each.source for each in entries}, {each.spec for each in entries if each.spec}
    columns = list(_COLUMNS)
    rows = [[*map(_short, (e.place, e.quantity, e.printed)), e.outcome, e.value, e.told] for e in entries]
    for at, (name, values) in enumerate(zip(("source", "spec"), several, strict=True)):
        if len(values) > 1:
            columns.insert(at * len(columns), *words(name))
            for row, each in zip(rows, entries, strict=True):
                row.insert(at * len(row), getattr(each, name))
    return Table(columns, [RowGroup(rows)])


def _short(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _row(entry: Entry) -> PrintedNumber:
    return {
        "source": entry.source or None,
        "place": entry.place,
        "quantity": entry.quantity,
        "printed": entry.printed,
        "outcome": entry.outcome,
        "value": entry.value or None,
        "reading": entry.reading or None,
        "arithmetic": entry.arithmetic or None,
        "because": entry.why or None,
        "spec": entry.spec or None,
        "line": entry.line,
    }


def _list(form: str) -> None:
    """The sources, with how many numbers came to what."""
    found = {name: count(entries_of_source(name)) for name in sources()}
    rows: list[PrintedSource] = [
        {"source": name, "printed": sum(counts.values()), "outcomes": counts} for name, counts in found.items()
    ]
    if form == "json":
        echo_json(rows)
        return
    outcomes = [each for each in OUTCOMES if each != "computed"]  # which is what no source prints
    counts = [[row["printed"], *(row["outcomes"][each] for each in outcomes)] for row in rows]
    if form == "csv":
        cells = ([row["source"], *own] for row, own in zip(rows, counts, strict=True))
        click.echo(to_spreadsheet(["source", "printed", *outcomes], cells), nl=False)
        return
    shown = [[row["source"], *(f"{n:,}" for n in own)] for row, own in zip(rows, counts, strict=True)]
    print_table(Table((*words("source"), *numbers("printed", *outcomes)), [RowGroup(shown)]), form)
