"""The table of results on standard output."""

from collections.abc import Sequence

import click

from vggdsl.cli.common import echo_json, print_table
from vggdsl.cli.schemas import ResultRow
from vggdsl.records.table import Row, data_text, two_decimals
from vggdsl.text.tables import RowGroup, Table, numbers, to_spreadsheet, words
from vggdsl.text.units import plural

COLUMNS = (
    *words("name"),
    *numbers("params", "layers"),
    *words("recipe", "measure"),
    *numbers("claimed", "measured", "seeds", "difference"),
    *words("protocol"),
)
NOTHING = "—"


def show(found: Sequence[Row], form: str = "table", changed: bool = False) -> None:
    """Prints rows."""
    if form == "json":
        echo_json([_json(row) for row in found])
        return
    if form == "csv":
        click.echo(to_spreadsheet(_CSV, map(_csv, found)), nl=False)
        return
    cells = [_cells(row) for row in found]
    table = _changed(cells) if changed and len(cells) > 1 else Table(COLUMNS, [RowGroup(cells)])
    if cells or form != "table":
        print_table(table, form)


def _cells(row: Row) -> list[str]:
    typed, claimed = row.subject.spec.typed, row.claimed
    measured = NOTHING
    if row.mean is not None:
        measured = f"{two_decimals(row.mean)}{'' if row.std is None else f' ± {two_decimals(row.std)}'}%"
    difference = NOTHING if row.difference is None else f"{row.difference:+.2f}"
    if row.differs:
        difference = "not compared" if row.values else "not measured"
    return [
        row.subject.name,
        f"{typed.params:,}",
        str(typed.weight_layers),
        row.recipe or NOTHING,
        row.measure,
        NOTHING if claimed is None else claimed.printed if "%" in claimed.printed else f"{claimed.value:.2f}%",
        measured,
        str(len(row.values) or NOTHING),
        difference,
        _protocol(row),
    ]


def _protocol(row: Row) -> str:
    """What was claimed under, or measured under; and how the two differ."""
    parts = []
    if row.claimed is not None and row.claimed.protocol:
        parts.append(" ".join(f"{key}={value}" for key, value in row.claimed.protocol.items()))
        if row.looks is not None and "scale" not in row.claimed.protocol:
            parts.append(str(row.looks))
    elif row.group is not None:
        one = row.group.one
        data = data_text(row.subject.spec.recipe(row.recipe).data)
        parts.append(f"{data} {one.split}, {plural(one.epochs, 'epoch')}")
        if one.left_out:
            parts.append(f"{plural(one.left_out, 'unreadable image')} left out")
        if one.start:
            parts.append(f"from weights {one.start[:8]}")
        if row.looks is not None:
            parts.append(str(row.looks))
        if one.deviations and not row.differs:
            parts.append(f"deviates: {one.deviates}")
    else:
        recipe = row.subject.spec.recipe(row.recipe)
        epochs = (row.claimed.epochs if row.claimed is not None else None) or recipe.epochs
        parts.append(f"{data_text(recipe.data)}, {plural(epochs, 'epoch')}")
    return "; ".join((*parts, *row.differs))


def _changed(cells: Sequence[Sequence[str]]) -> Table:
    """The columns that differ between rows, always with the name; and what is alike in the others."""
    alike = {i for i in range(1, len(COLUMNS)) if len({row[i] for row in cells}) == 1}
    kept = [i for i in range(len(COLUMNS)) if i not in alike]
    common = ", ".join(f"{COLUMNS[i].name} {cells[0][i]}" for i in sorted(alike) if cells[0][i] != NOTHING)
    return Table([COLUMNS[i] for i in kept], [RowGroup([[row[i] for i in kept] for row in cells])], common)


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
            "seeds": [
                {
                    "seed": result.seed,
                    "value": value,
                    "best": result.best,
                    "epochs": result.epochs,
                    "precision": result.precision,
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
    "deviates",
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
    }
    return [cells.get(column) for column in _CSV]
