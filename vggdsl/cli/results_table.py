"""The table of results on standard output."""

from collections.abc import Sequence

import click

from vggdsl.cli.common import echo_json, note, print_table
from vggdsl.cli.schemas.runs import ResultRow
from vggdsl.records.cells import to_table
from vggdsl.records.table import Row
from vggdsl.spec.reference import reference_of
from vggdsl.text.tables import to_latex, to_spreadsheet


def show(found: Sequence[Row], form: str = "table", changed: bool = False) -> None:
    """Prints rows."""
    if form == "json":
        echo_json([_json(row) for row in found])
        return
    if form == "csv":
        click.echo(to_spreadsheet(_CSV, map(_csv, found)), nl=False)
        return
    references = {row.subject.name: reference_of(row.subject.spec.citation) for row in found}
    papers = {name: reference for name, reference in references.items() if reference is not None}
    if form == "bibtex":
        if not papers:
            note("no paper to cite: no `source` of these specs names one with its year and arXiv number or DOI")
        for text in dict.fromkeys(reference.bibtex for reference in papers.values()):
            click.echo(text)
        return
    if form == "latex":
        if papers:
            click.echo("% cites what `--format bibtex` writes")
        click.echo(to_latex(to_table(found, changed), {name: paper.key for name, paper in papers.items()}))
        return
    if found or form != "table":
        print_table(to_table(found, changed), form)


def _json(row: Row) -> ResultRow:
    spec, claimed, group = row.subject.spec, row.claimed, row.group
    recipe = spec.recipe(row.recipe)
    is_known = row.recipe == recipe.name  # a claim need not name one of several
    data: ResultRow = {
        "name": row.subject.name,
        "spec": row.subject.path,
        "params": spec.typed.params,
        "macs": spec.typed.macs,
        "weight_layers": spec.typed.weight_layers,
        "network": spec.network.graph.digest,
        "recipe": {"name": row.recipe, "digest": recipe.digest, "data": str(recipe.data)} if is_known else None,
        "measure": row.measure,
        "unit": "%",
        "claimed": None,
        "measured": None,
        "difference": row.difference,
        "differs": list(row.differs),
    }
    if claimed is not None:
        protocol = dict(claimed.protocol) | ({"epochs": claimed.epochs} if claimed.epochs else {})
        data["claimed"] = {
            "printed": claimed.printed,
            "value": claimed.value,
            "where": claimed.where,
            "protocol": protocol,
        }
    if group is not None and row.values:
        one = group.one
        data["measured"] = {
            "mean": row.mean,
            "std": row.std,
            "n": len(row.values),
            "data": one.data,
            "split": one.split,
            "left_out": one.left_out,
            "deviates": one.deviates or None,
            "looks": None if row.looks is None else str(row.looks),
            "seeds": [
                {
                    "seed": result.seed,
                    "value": value,
                    "best": result.best,
                    "epochs": result.epochs,
                    "precision": row.precision or result.precision,
                    "device": result.device,
                    "weights": result.weights,
                    "from": result.start,
                }
                for result, value in zip(group.results, row.values, strict=True)
            ],
        }
    return data


_CSV = (
    *("name", "params", "macs", "weight_layers", "network", "recipe", "recipe_digest", "measure"),
    *("claimed", "mean", "std", "n", "seeds", "values", "difference", "protocol", "differs", "data", "split"),
    *("deviates", "looks", "precision", "left_out", "from"),
)


def _csv(row: Row) -> list[object]:
    """The cells of JSON in one row; figures in percent, several in one cell divided by spaces."""
    data = _json(row)
    claimed, measured, recipe = data["claimed"], data["measured"], data["recipe"]
    seeds = measured["seeds"] if measured else []
    protocol = claimed["protocol"] if claimed else {}
    cells: dict[str, object] = {
        **data,
        **(measured or {}),
        "recipe": recipe and recipe["name"],
        "recipe_digest": recipe and recipe["digest"],
        "claimed": claimed and claimed["value"],
        "seeds": " ".join(str(each["seed"]) for each in seeds),
        "values": " ".join(str(each["value"]) for each in seeds),
        "protocol": " ".join(f"{key}={value}" for key, value in protocol.items()),
        "differs": "; ".join(row.differs),
        "precision": " ".join(dict.fromkeys(each["precision"] for each in seeds)),
        "from": " ".join(dict.fromkeys(each["from"] for each in seeds if each["from"])),
    }
    return [cells.get(column) for column in _CSV]
