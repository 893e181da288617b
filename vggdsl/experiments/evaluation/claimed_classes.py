"""Classification reports as sources print them, with what was measured beside each figure."""

from collections.abc import Sequence
from typing import NamedTuple

from vggdsl.experiments.evaluation.claimed import Held
from vggdsl.network.measures import OF_A_CLASS
from vggdsl.spec.classes import ROWS
from vggdsl.text.tables import RowGroup, Table, numbers, words
from vggdsl.text.units import names_text

_NOTHING, _WIDTH = "—", 6
"""What stands for a figure that there isn't, and the letters of one, so that figures stand below each other."""


class ClaimedClasses(NamedTuple):
    """What is claimed of classes in one place under one protocol; ``notes`` say what isn't compared, and why."""

    title: str
    table: Table
    notes: Sequence[str]


def claimed_classes(held: Sequence[Held]) -> list[ClaimedClasses]:
    """Of the figures that are rows of classification reports each report, in their order."""
    titles = dict.fromkeys(_title(each) for each in held if each.row is not None)
    return [_of_place(title, [e for e in held if e.row is not None and _title(e) == title]) for title in titles]


def _title(held: Held) -> str:
    """The place in the source, and the protocol."""
    protocol = " ".join(f"{key}={value}" for key, value in held.protocol.items() if key not in ROWS)
    return ", ".join(filter(None, (f'"{held.where}"' if held.where else "", protocol)))


def _of_place(title: str, held: Sequence[Held]) -> ClaimedClasses:
    measures = [name for name in OF_A_CLASS if any(each.measure == name for each in held)]
    groups = []
    for is_mean in (False, True):
        rows = _rows([each for each in held if ("average" in each.protocol) == is_mean])
        cells = [[name, *(_compared(row.get(measure)) for measure in measures)] for name, row in rows]
        groups += [RowGroup(cells)] if cells else []
    told = ": ".join(filter(None, (title, "claimed, measured and their difference")))
    return ClaimedClasses(told, Table((*words("class"), *numbers(*measures)), groups), _notes(held))


def _rows(held: Sequence[Held]) -> list[tuple[str, dict[str, Held]]]:
    """Figures by their measure, of each class; one that is claimed twice has two rows."""
    rows = list[tuple[str, dict[str, Held]]]()
    for each in held:
        row = next((row for name, row in rows if name == each.row and each.measure not in row), None)
        if row is None:
            row = {}
            rows.append((each.row or "", row))
        row[each.measure] = each
    return rows


def _notes(held: Sequence[Held]) -> list[str]:
    notes = []
    for why in dict.fromkeys(why for each in held for why in each.differs):
        of = [each.row or "" for each in held if why in each.differs]
        names = "" if len(of) == len(held) else f" of {names_text([*dict.fromkeys(of)])}"
        notes.append(f"not compared{names}: {why}")
    return notes


def _compared(held: Held | None) -> str:
    """In percent or parts, as the claim is."""
    if held is None:
        return ""
    in_percent = held.claimed.endswith("%")

    def figure(value: float | None, sign: str = "") -> str:
        if value is None:
            return _NOTHING
        return f"{value:{sign}.2f}{'' if sign else '%'}" if in_percent else f"{value / 100:{sign}.3f}"

    measured, difference = figure(held.measured), figure(held.difference, "+")
    return f"{held.claimed} {measured:>{_WIDTH}} {difference:>{_WIDTH}}"
