"""Rows of a table of networks that say figures of them, not layers: `Top-1 error | 8.2% | 7.5%`, `MACs | 10M | 30M`.

What is counted or was measured of a network becomes its claim; what a row says of training, of time or of memory isn't
read, which is said. Parameters are of ``vgg_params``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress

from vggdsl.language.elaborate import elaborate
from vggdsl.language.notations import vgg_params
from vggdsl.language.notations.column_table.cells import layers_of
from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.grid import Cell, Row
from vggdsl.language.notations.registry import Reading
from vggdsl.network.infer import infer
from vggdsl.text.errors import VggdslError
from vggdsl.text.figures import Figure

_COUNT = r"(?:(?:#|no\.?|num(?:ber)?\.?) ?(?:of )?)?"
_IN_PERCENT = r"(?P<percent>,? ?[\[(]? ?(?:in )?(?:%|percent) ?[\])]?)?"
_IN = r"(?:,? ?[\[(]? ?(?:in |x ?10\^)?(?P<unit>[KMG](?![a-z])|millions?|billions?|thousands?|6|9) ?[\])]?)?"
_RESULT = re.compile(
    r"(?:(?:(?:fashion-?)?mnist|cifar-?100?\+?|svhn|imagenet|stl-?10|test|val(?:idation)?\.?|train(?:ing)?|set|mean"
    r"|classification|top[- ]?\d{1,2})[ :-]+)*(?P<of>err(?:or|\.)?(?: rate)?|acc(?:uracy|\.)?)"
    rf"(?: ?\([\w+ -]{{1,20}}\)| on [\w+ -]{{1,20}})?{_IN_PERCENT}:?",
    re.IGNORECASE,
)
_OPEN = re.compile(
    rf"(?:top[- ]?\d{{1,2}}|(?:[\w.+@-]{{1,20}} ){{1,4}}(?:err(?:or|\.)?(?: rate)?|acc(?:uracy|\.)?)"
    rf"|{_COUNT}layers){_IN_PERCENT}:?",
    re.IGNORECASE,
)
"""Figures that could be of several things: `Top-1`, `Robust accuracy`, `Layers`."""
_TOP = re.compile(r"\btop[- ]?(\d+)", re.IGNORECASE)
_SPLIT = re.compile(r"\b(test|val|train)(?:idation|ing)?\b", re.IGNORECASE)
_MACS = re.compile(
    rf"{_COUNT}(?P<by>[KMG])?(?P<of>flops?|macs?|mult-?adds|multiply-adds|madds){_IN}[:.]?",
    re.IGNORECASE,
)
_DEPTH = re.compile(rf"{_COUNT}(?:weight|learnable|weighted) layers|depth", re.IGNORECASE)
_UNREAD = re.compile(
    r"(?:(?:(?:training|train|test|inference|run|running|mean|average|total|gpu|cpu|batch) )*"
    r"(?:time|latency|speed|throughput|fps|memory|(?:model |file )?size|epochs?|batch size|learning rate|lr"
    r"|optimi[sz]er|weight decay|momentum|loss|data ?sets?|data|year|references?|refs?\.?|compression(?: ratio)?"
    r"|speed-?up)(?:,? ?[\[(][^\[\]()]{1,12}[\])])?"
    rf"|{_COUNT}(?:epochs|iterations|steps|images|samples)):?",
    re.IGNORECASE,
)
"""What rows say that is no part of a network."""
_UNITS = re.compile(rf"{_COUNT}(?:hidden|neurons):?", re.IGNORECASE)
"""Below all layers a sum over them; between them it would be a layer."""
_FIGURE = re.compile(
    r"~?(?:[1-9]\d{0,2}(?:,\d{3}){1,4}|\d{1,15}(?:\.\d{1,6})?) ?(?:%|[KMGB](?![a-z]))?", re.IGNORECASE | re.ASCII
)
_NOTHING = re.compile(r"[-\s./]*|n/?a|none", re.IGNORECASE)


@dataclass(frozen=True)
class Figures:
    """A row of figures; ``measure`` is what they claim, empty where it isn't read, ``cells`` those of each network."""

    label: Excerpt
    measure: str
    cells: Sequence[Excerpt | None]
    unit: str = ""
    protocol: str = ""
    assumed: str = ""
    unread: str = "it says nothing of layers"
    """Why it isn't read."""

    @property
    def counts_flops(self) -> bool:
        """Whether a multiply-add may be two of what it counts."""
        return self.measure == "macs" and "flop" in self.label.text.lower()

    def of(self, network: int) -> str | None:
        """The figure of a network, as claims have it."""
        cell = self.cells[network]
        if cell is None or not self.measure:
            return None
        number = re.match(r"~?[\d,.]+", cell.text)
        assert number is not None
        if self.measure.startswith("top-"):
            return f"{number[0]}%"
        letter = re.search(r"[KMGB](?=\W*\Z)", cell.text, re.IGNORECASE)
        return number[0] + (letter[0].upper() if letter is not None else self.unit)


def parted(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """The rows of layers, and those of figures that their first cells name, below a heading."""
    are = [at > 0 and is_figures(row, rows[at + 1 :]) for at, row in enumerate(rows)]
    return [row for row, is_of in zip(rows, are, strict=True) if not is_of], [*compress(rows, are)]


_WITH_FIGURE = re.compile(rf"(?P<label>[^:]{{2,40}}): ?(?P<figure>{_FIGURE.pattern})", re.IGNORECASE | re.ASCII)


def labelled(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """The rows of layers, and those of figures whose label stands in the cell of the first network, `# params: 471K`:
    with a column for the labels."""
    rest, found = list[Row](), list[Row]()
    for at, row in enumerate(rows):
        said = _WITH_FIGURE.fullmatch(row[0].text.text) if row[0].columns == range(1) else None
        if said is None or not all(_FIGURE.fullmatch(cell.text.text) for cell in row[1:]):
            rest.append(row)
            continue
        first = Cell(row[0].text.part(said, "figure"), range(1, 2))
        moved = [replace(cell, columns=range(cell.columns.start + 1, cell.columns.stop + 1)) for cell in row[1:]]
        new = [Cell(row[0].text.part(said, "label"), range(1)), first, *moved]
        below = [[each[0], *each] for each in rows[at + 1 :]]  # whose first cells are a network's, too
        is_known = is_figures(new, below) or bool(vgg_params.parted([new])[1])
        (found if is_known else rest).append(new if is_known else row)
    return rest, found


def is_figures(row: Row, below: Sequence[Row] = ()) -> bool:
    """Whether a row says figures, or what isn't read, by its first cell."""
    filled = [cell for cell in row[1:] if not _NOTHING.fullmatch(cell.text.text)]
    if not row[0].text or row[0].columns != range(1) or not filled or any(len(cell.columns) > 1 for cell in filled):
        return False
    label = row[0].text.text
    if _UNREAD.fullmatch(label):
        return not _says_layers(row)
    if _UNITS.fullmatch(label):
        return not any(map(_says_layers, (row, *below)))
    if _RESULT.fullmatch(label):
        return all(re.match(r"~?\d", cell.text.text) for cell in filled)
    if _OPEN.fullmatch(label):
        return all(_FIGURE.fullmatch(cell.text.text) for cell in filled)
    is_counted = _MACS.fullmatch(label) or _DEPTH.fullmatch(label)
    return bool(is_counted) and all(_FIGURE.fullmatch(cell.text.text) for cell in filled)


def _says_layers(row: Row) -> bool:
    """Whether a cell of a row says layers, or a size."""
    for cell in row[1:]:
        try:
            if re.search(r"\d ?x ?\d", cell.text.text) or layers_of(cell.text, row[0].text):
                return True
        except UnreadableError:
            continue
    return False


def figures_of(rows: Sequence[Row], networks: int) -> list[Figures]:
    """What rows of figures say, whose networks stand in the columns from the second on."""
    found = [_figures(row, networks) for row in rows]
    claimed = [(each.measure, each.protocol) for each in found if each.measure]
    return [
        replace(each, measure="", unread="another row has figures of that, too")
        if claimed.count((each.measure, each.protocol)) > 1
        else each
        for each in found
    ]


def _figures(row: Row, networks: int) -> Figures:
    label = row[0].text
    by_column = {cell.columns.start: cell.text for cell in row if not _NOTHING.fullmatch(cell.text.text)}
    cells = [by_column.get(at + 1) for at in range(networks)]
    if (said := _RESULT.fullmatch(label.text)) is not None:
        if not all(_FIGURE.fullmatch(cell.text) for cell in cells if cell is not None):
            return Figures(label, "", cells, unread="its cells say more than a figure")
        numbers = [
            float(re.sub(r"[~,%\sKMGB]", "", cell.text, flags=re.IGNORECASE)) for cell in cells if cell is not None
        ]
        is_percent = said["percent"] or any(cell is not None and "%" in cell.text for cell in cells)
        if not is_percent and max(numbers) <= 1:
            return Figures(label, "", cells, unread="whether its figures are percentages isn't printed")
        top, split = _TOP.search(label.text), _SPLIT.search(label.text)
        measure = f"top-{top[1] if top else 1}-{'error' if said['of'].lower().startswith('err') else 'accuracy'}"
        protocol = f" split={split[1].lower()}" if split else ""
        return Figures(label, measure, cells, "%", protocol, "" if is_percent else "these figures are percentages")
    if (said := _MACS.fullmatch(label.text)) is not None:
        unit = (said["by"] or (said["unit"] or "")[:1]).upper()
        return Figures(label, "macs", cells, {"T": "K", "B": "G", "6": "M", "9": "G"}.get(unit, unit))
    if _DEPTH.fullmatch(label.text) and all(
        re.fullmatch(r"[0-9]{1,4}", cell.text) for cell in cells if cell is not None
    ):
        assumed = "a depth counts the layers that have weights" if label.text.lower() == "depth" else ""
        return Figures(label, "weight-layers", cells, assumed=assumed)
    if _OPEN.fullmatch(label.text):
        return Figures(label, "", cells, unread="what it was counted or measured of could be several things")
    return Figures(label, "", cells)


def counts_twice(found: Figures, networks: Sequence[Reading]) -> bool:
    """Whether FLOPs count a multiply-add twice: the reading under which most figures of the row hold."""
    held = {1: 0, 2: 0}
    for at, each in enumerate(networks):
        if (figure := found.of(at)) is None:
            continue
        try:
            macs = infer(elaborate(each.document).graph).macs
        except VggdslError:
            continue
        for times in held:
            held[times] += Figure.parse(figure).holds(times * macs)
    return held[2] > held[1]


def claim(draft: Draft, found: Figures, network: int, *, twice: bool) -> None:
    """Puts what a row claims of a network; says what isn't read."""
    cell = found.cells[network]
    if cell is None:
        return
    if not found.measure:
        draft.assumed(f"`{found.label.text}` isn't read: {found.unread}", found.label)
    elif found.counts_flops and twice:
        draft.assumed(f"`{found.label.text}` counts a multiply-add twice, and isn't claimed", found.label)
    else:
        draft.put(f"claim {found.measure} {found.of(network)}{found.protocol}", cell)
        if found.counts_flops:
            draft.assumed("FLOPs count a multiply-add once", found.label)
        if found.assumed:
            draft.assumed(found.assumed, found.label)
    draft.line()
