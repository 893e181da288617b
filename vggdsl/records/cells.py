"""Results as a table to be read."""

from collections.abc import Sequence

from vggdsl.records.table import Row, data_text, two_decimals
from vggdsl.spec.recipe import KEYS
from vggdsl.text.tables import RowGroup, Table, numbers, words
from vggdsl.text.units import plural

_COLUMNS = (
    *words("name"),
    *numbers("params", "layers"),
    *words("recipe", "measure"),
    *numbers("claimed", "measured", "seeds", "difference"),
    *words("verdict", "protocol"),
)
NOTHING = "—"
FEW = 3
"""Entries by which recipes are told apart; where more of them differ, their digests tell it."""
_MEASURED = [column.name for column in _COLUMNS].index("measured")


def to_table(rows: Sequence[Row], changed: bool = False) -> Table:
    """A row a figure; ``changed`` leaves the columns in which rows differ, and says what is alike in the others."""
    cells = _told_apart(rows, [_cells(row) for row in rows])
    return _changed(cells) if changed and len(cells) > 1 else Table(_COLUMNS, [RowGroup(cells)])


def _cells(row: Row) -> list[str]:
    typed, claimed = row.subject.spec.typed, row.claimed
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
        mean_text(row),
        str(len(row.values) or NOTHING),
        difference,
        NOTHING if row.significance is None else str(row.significance),
        _protocol(row),
    ]


def mean_text(row: Row) -> str:
    """With the sample's standard deviation, of several seeds."""
    if row.mean is None:
        return NOTHING
    return f"{two_decimals(row.mean)}{'' if row.std is None else f' ± {two_decimals(row.std)}'}%"


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
        if row.precision is not None:
            parts.append(f"computed in {row.precision}, trained in {one.precision}")
        if one.deviations and not row.differs:
            parts.append(f"deviates: {one.deviates}")
    else:
        recipe = row.subject.spec.recipe(row.recipe)
        epochs = (row.claimed.epochs if row.claimed is not None else None) or recipe.epochs
        parts.append(f"{data_text(recipe.data)}, {plural(epochs, 'epoch')}")
    return "; ".join((*parts, *row.differs))


def _told_apart(rows: Sequence[Row], cells: Sequence[list[str]]) -> list[list[str]]:
    """Cells of rows; what was measured otherwise under one protocol, and so has a row of its own, says in what. So does
    another network or recipe of one name, as an edited spec leaves it."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for i, row in enumerate(rows):
        if row.group is not None:
            alike.setdefault((*cells[i][:_MEASURED], cells[i][-1]), []).append(i)
    told = [list(each) for each in cells]
    for places in alike.values():
        facts = _facts([rows[i] for i in places])
        differing = [at for at, each in enumerate(zip(*facts, strict=True)) if len({*each}) > 1]
        for i, own in zip(places, facts, strict=True):
            told[i][-1] = "; ".join((told[i][-1], *(own[at] for at in differing)))
    return told


def _facts(rows: Sequence[Row]) -> list[list[str]]:
    """What measurements share that are averaged, as far as a protocol doesn't always say it; a list a row."""
    recipes = [row.subject.spec.recipe(row.recipe) for row in rows]
    keys = [key for key in KEYS if key != "seeds" and len({recipe.written(key) for recipe in recipes}) > 1]
    found = list[list[str]]()
    for row, recipe in zip(rows, recipes, strict=True):
        assert row.group is not None
        one = row.group.one
        entries = [f"{key} {recipe.written(key)}" for key in keys]
        found.append(
            [
                f"network {one.network[:8]}",
                *(entries if 0 < len(entries) <= FEW else [f"recipe {one.recipe[:8]}"]),
                f"trained in {one.precision}",
                f"images {one.data[:8]}",
                f"split {one.split}",
                f"{plural(one.left_out, 'unreadable image')} left out",
                f"from weights {one.start[:8]}" if one.start else "from no other weights",
            ]
        )
    return found


def _changed(cells: Sequence[Sequence[str]]) -> Table:
    """The columns that differ between rows, always with the name; and what is alike in the others."""
    alike = {i for i in range(1, len(_COLUMNS)) if len({row[i] for row in cells}) == 1}
    kept = [i for i in range(len(_COLUMNS)) if i not in alike]
    common = ", ".join(f"{_COLUMNS[i].name} {cells[0][i]}" for i in sorted(alike) if cells[0][i] != NOTHING)
    return Table([_COLUMNS[i] for i in kept], [RowGroup([[row[i] for i in kept] for row in cells])], common)
