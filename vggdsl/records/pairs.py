"""Networks beside one another: each that was measured against the first, only under equal protocols."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from vggdsl.records.cells import FEW, NOTHING, mean_text
from vggdsl.records.collect import SeedGroup
from vggdsl.records.repeat import deviations
from vggdsl.records.significance import Significance, held_beside
from vggdsl.records.table import Row
from vggdsl.text.tables import RowGroup, Table, numbers, words

_COLUMNS = (
    *words("measure", "name", "beside"),
    *numbers("mean", "beside's", "seeds", "difference"),
    *words("verdict", "test", "what else differs"),
)


@dataclass(frozen=True)
class Pair:
    """A measure of two trainings: of ``row``, and of the first one that has it, ``beside``."""

    row: Row
    beside: Row

    def __repr__(self) -> str:
        return f"Pair({self.row.subject.name} beside {self.beside.subject.name}: {self.row.measure})"

    @cached_property
    def differs(self) -> tuple[str, ...]:
        """Why the two are not compared: they weren't measured alike."""
        return tuple(_differences(_measured(self.row), _measured(self.beside)))

    @cached_property
    def further(self) -> tuple[str, ...]:
        """What differs besides the networks, and may be the reason; of networks of one name also which they are."""
        (ours, theirs), own, other = _recipes(self.row, self.beside), _trained(self.row), _trained(self.beside)
        further = _differences([ours, *own], [theirs, *other])
        if name_of(self.row) != name_of(self.beside):
            return tuple(further)
        networks = ([f"network {_group(row).one.network[:8]}"] for row in (self.row, self.beside))
        return (*_differences(*networks), *further)

    @property
    def difference(self) -> float | None:
        """In points; None where the two are not compared."""
        if self.differs or self.row.mean is None or self.beside.mean is None:
            return None
        return round(self.row.mean - self.beside.mean, 10)

    @cached_property
    def significance(self) -> Significance | None:
        """None where the two are not compared; what trainings and evaluations leave are accuracies."""
        return None if self.difference is None else held_beside(self.row.samples, self.beside.samples)


def pairs(rows: Sequence[Row]) -> list[Pair]:
    """Each measure of each training beside that of the first training that has it."""
    first = dict[str, Row]()
    measured = [row for row in rows if row.values]
    return [Pair(row, first[row.measure]) for row in measured if first.setdefault(row.measure, row) is not row]


def to_table(found: Sequence[Pair]) -> Table:
    return Table(_COLUMNS, [RowGroup([_cells(pair) for pair in found])])


def name_of(row: Row) -> str:
    """Of the network, with that of the recipe where it has one."""
    return row.subject.name if row.recipe is None else f"{row.subject.name} by {row.recipe}"


def _cells(pair: Pair) -> list[str]:
    significance = pair.significance
    return [
        pair.row.measure,
        name_of(pair.row),
        name_of(pair.beside),
        mean_text(pair.row),
        mean_text(pair.beside),
        f"{len(pair.row.samples)}, {len(pair.beside.samples)}",
        "not compared" if pair.difference is None else f"{pair.difference:+.2f}",
        NOTHING if significance is None else str(significance),
        (significance.test if significance is not None else None) or NOTHING,
        "; ".join(pair.differs or pair.further) or NOTHING,
    ]


def _differences(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[str]:
    return (f"{own}, beside {other}" for own, other in zip(ours, theirs, strict=True) if own != other)


def _measured(row: Row) -> list[str]:
    """On which images, and how they were looked at."""
    one = _group(row).one
    looks = row.looks or one.protocol
    precision = row.precision or one.precision if row.evaluations else "that of the training"
    return [
        f"images {one.data[:8]}",
        f"split {one.split}",
        f"{one.left_out} unreadable images left out",
        str(looks),
        f"computed in {precision}",
    ]


def _recipes(row: Row, beside: Row) -> tuple[str, str]:
    """What two recipes say otherwise; by their digests where that is much."""
    ours, theirs = (each.subject.spec.recipe(each.recipe) for each in (row, beside))
    own, other = deviations(theirs, ours), deviations(ours, theirs)
    digests = [f"recipe {_group(each).one.recipe[:8]}" for each in (row, beside)]
    if digests[0] == digests[1] or not 0 < len(own) <= FEW:
        return digests[0], digests[1]
    return f"recipe: {', '.join(own)}", ", ".join(other)


def _trained(row: Row) -> list[str]:
    one = _group(row).one
    return [
        one.deviates or "as the recipe says",
        f"trained in {one.precision}",
        f"from weights {one.start[:8]}" if one.start else "from no other weights",
    ]


def _group(row: Row) -> SeedGroup:
    assert row.group is not None
    return row.group
