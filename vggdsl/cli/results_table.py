"""The table of results on standard output."""

from collections.abc import Sequence

import click

from vggdsl.cli.common import echo_json, note, print_table
from vggdsl.cli.schemas.results import ComparedNetwork, NetworkPair, ResultRow, SignificanceData
from vggdsl.records import pairs
from vggdsl.records.cells import to_table
from vggdsl.records.pairs import Pair
from vggdsl.records.significance import Significance
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


def show_pairs(found: Sequence[Pair], form: str = "table") -> None:
    """Prints networks beside one another."""
    if not found:
        note("nothing to compare: name two networks at least that were measured, or runs of them")
    if form == "json":
        echo_json([_pair(pair) for pair in found])
    elif form == "csv":
        click.echo(to_spreadsheet(_PAIR_CSV, map(_pair_csv, found)), nl=False)
    elif form == "latex":
        click.echo(to_latex(pairs.to_table(found)))
    elif found:
        print_table(pairs.to_table(found), form)


def _pair(pair: Pair) -> NetworkPair:
    return {
        "measure": pair.row.measure,
        "unit": "%",
        "network": _compared(pair.row),
        "beside": _compared(pair.beside),
        "difference": pair.difference,
        "significance": _significance(pair.significance),
        "differs": list(pair.differs),
        "further": list(pair.further),
    }


def _compared(row: Row) -> ComparedNetwork:
    return {
        "name": row.subject.name,
        "spec": row.subject.path,
        "recipe": row.recipe,
        "mean": row.mean,
        "std": row.std,
        "seeds": [{"seed": seed, "value": value} for seed, value in row.samples.items()],
    }


def _significance(found: Significance | None) -> SignificanceData | None:
    if found is None:
        return None
    return {
        "verdict": found.word,
        "p": found.p,
        "n": found.n,
        "test": found.test,
        "untested": found.untested or None,
    }


_PAIR_CSV = (
    *("measure", "name", "beside", "recipe", "recipe_beside", "mean", "mean_beside", "seeds", "values"),
    *("seeds_beside", "values_beside", "difference", "verdict", "p", "n", "test", "differs", "further"),
)


def _pair_csv(pair: Pair) -> list[object]:
    data = _pair(pair)
    cells: dict[str, object] = {**data, **_verdict_cells(data["significance"])}
    for ending, each in (("", data["network"]), ("_beside", data["beside"])):
        cells |= {f"{key}{ending}": each[key] for key in ("recipe", "mean")}
        cells[f"seeds{ending}"] = " ".join(str(one["seed"]) for one in each["seeds"])
        cells[f"values{ending}"] = " ".join(str(one["value"]) for one in each["seeds"])
    cells |= {"name": data["network"]["name"], "beside": data["beside"]["name"]}
    cells |= {key: "; ".join(data[key]) for key in ("differs", "further")}
    return [cells.get(column) for column in _PAIR_CSV]


def _verdict_cells(found: SignificanceData | None) -> dict[str, object]:
    """The word, or why there is none."""
    return {} if found is None else {**found, "verdict": found["verdict"] or found["untested"]}


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
        "significance": _significance(row.significance),
        "differs": list(row.differs),
    }
    if claimed is not None:
        protocol = dict(claimed.protocol) | ({"epochs": claimed.epochs} if claimed.epochs else {})
        data["claimed"] = {
            "printed": claimed.printed,
            "value": claimed.value,
            "bounds": list(claimed.bounds),
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
    *("deviates", "looks", "precision", "left_out", "from", "verdict", "p"),
)


def _csv(row: Row) -> list[object]:
    """The cells of JSON in one row; figures in percent, several in one cell divided by spaces."""
    data = _json(row)
    claimed, measured, recipe = data["claimed"], data["measured"], data["recipe"]
    seeds = measured["seeds"] if measured else []
    protocol = claimed["protocol"] if claimed else {}
    cells: dict[str, object] = {
        **data,
        **_verdict_cells(data["significance"]),
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
