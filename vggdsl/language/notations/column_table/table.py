"""The networks of a table, and the cells that each has."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from vggdsl.language.notations import vgg_params
from vggdsl.language.notations.column_table import figures
from vggdsl.language.notations.column_table.cells import WEIGHTED, layers_of
from vggdsl.language.notations.column_table.figures import Figures
from vggdsl.language.notations.column_table.image import image_in
from vggdsl.language.notations.column_table.whole import around, whole
from vggdsl.language.notations.column_table.words import words_of
from vggdsl.language.notations.draft import UnreadableError
from vggdsl.language.notations.excerpt import Excerpt, joined
from vggdsl.language.notations.grid import CAPTION, Cell, Row, is_marked_up, rows_of
from vggdsl.language.notations.layer_table.columns import columns
from vggdsl.language.notations.vgg_params import Counts
from vggdsl.text.source import Source

_LABELS = re.compile(
    r"(?:layers?|operations?|stages?|blocks?|modules?)?(?: ?(?:types?|names?|#|no\.?|index|id))?", re.IGNORECASE
)
"""The heading of a column that says what the layers of its rows are."""
_NETWORKS = re.compile(r"arch(?:itecture)?s?\.?|models?|net(?:work)?s?|names?|config(?:uration)?s?\.?", re.IGNORECASE)
_LAYERS = re.compile(
    r"conv|pool|fc|full|dense|input|image|soft-?max|drop|layer|relu|norm|\bbn|flatten|linear|\bgap\b|stage|block|stem|head"
    r"|classifier|output",
    re.IGNORECASE,
)
"""What labels of layers say, where the heading rather names networks: `Network | A | B`."""
_KIND = re.compile(r"(?:conv|pool|fc|full|dense|linear|drop(?:out)?|norm|lrn|softmax)_?\d{0,2}[a-z]?", re.IGNORECASE)
"""What heads a column of layers in a table whose rows are networks."""
_SAYS = re.compile(r"\d ?x ?\d|conv|pool|drop|\bfc\b|dense|fully|softmax|relu|linear", re.IGNORECASE)
_SIZES = re.compile(r"\d ?x ?\d|\(\d|\[|@")
"""In a column of labels there are none."""
_NOTHING = re.compile(r"[-\s./]*|n/?a|none", re.IGNORECASE)
_OURS = re.compile(r"(?i)\bl-?re-?lu\b|leaky|dropout, ?p\b|dense \d+ ?(?:->|→) ?\d|weight norm|stride [rs] ?=")
"""What VGG's table and those that look like it don't say."""
COUNTED = re.compile(r"(\d+)\s+(?:weight|learnable|weighted|parameter)\s+layers?", re.IGNORECASE)
"""How many layers a network has, as VGG's table says it."""
_NETS = 40
_ROWS = 400
_CELLS = 2000
"""Cells of a table at most: more take seconds."""


@dataclass(frozen=True)
class Line:
    """What a network has in a row: its cell, and what the row is called."""

    cell: Excerpt
    label: Excerpt | None
    is_alone: bool = False
    """Whether it stands alone in its row, in the first column: it could be of all."""
    is_whole: bool = False
    """Whether its row has no other cells, not even empty ones."""


@dataclass
class Table:
    """``rows`` have what each network has there, ``names`` what heads them."""

    source: Source
    names: list[Excerpt]
    rows: list[list[Line | None]]
    above: list[Excerpt] = field(default_factory=list)
    params: list[Counts] = field(default_factory=list)
    figures: list[Figures] = field(default_factory=list)
    marks_lacks: bool = False
    """Whether the table says `N/A` where a network lacks a layer."""
    pads: bool = False
    """Whether its rows have their last cells, too, where they are empty."""
    has_pairs: bool = False
    """Whether each network has a column of kinds and one of sizes."""
    is_plain: bool = False
    """Whether its heading alone says that its columns are layers: `Conv | Pool | Conv | Pool | FC`."""
    around: Sequence[Excerpt] = ()
    """Lines outside of the table, which aren't read."""
    strange_columns: Sequence[Excerpt] = ()
    """Of a table with a network a row, the headings that aren't known."""

    @cached_property
    def networks(self) -> list[list[Line]]:
        """The cells that stand in the column of each."""
        return [[line for row in self.rows if (line := row[at]) is not None] for at in range(len(self.names))]

    @cached_property
    def says_layers(self) -> bool:
        """Whether almost all cells say layers, some with their windows or names, in two networks at least."""
        good = [line for line, reads in self._all if reads]
        telling = [line for line in good if any(_SAYS.search(each.text) for each in (line.cell, line.label) if each)]
        weighted = sum(any(_weighs(line) for line in network) for network in self.networks)
        if self.strange_columns:
            return False
        return weighted > 1 and (self.is_plain or (len(telling) > 2 and len(good) * 4 >= len(self._all) * 3))

    @cached_property
    def strange(self) -> list[Line]:
        """Cells that say no layer."""
        return [line for line, reads in self._all if not reads]

    @cached_property
    def _all(self) -> list[tuple[Line, bool]]:
        """The cells of all networks, and whether they say layers."""
        return [(line, _reads(line)) for network in self.networks for line in network]

    @property
    def nearly_says_layers(self) -> bool:
        """Whether cells of two networks say layers, half of all at least."""
        weighted = sum(any(_weighs(line) for line in network) for network in self.networks)
        return weighted > 1 and 0 < len(self.strange) * 2 <= len(self._all)

    def shares(self, line: Line) -> bool:
        """Whether a cell that stands alone in the first column is told to be of all networks.

        It is where the table marks what networks lack, or where others would have no convolutions; what is none, also
        where others would have no end.
        """
        if self.marks_lacks or (line.is_whole and self.pads) or self._lacks_convolutions:
            return True
        return self._lacks_ends and not _is_conv(line)

    @cached_property
    def _lacks_convolutions(self) -> bool:
        first, *others = self.networks
        alone = any(line.is_alone and _is_conv(line) for line in first)
        return alone and any(not any(_is_conv(line) for line in network) for network in others)

    @cached_property
    def _lacks_ends(self) -> bool:
        last = self.networks[0][-1] if self.networks[0] else None
        return last is not None and last.is_alone and _ends(last)


def _reads(line: Line) -> bool:
    if image_in(line.cell, line.label) is not None or COUNTED.fullmatch(line.cell.text):
        return True
    try:
        return bool(layers_of(line.cell, line.label))
    except UnreadableError:
        return bool(words_of(line.cell)) or re.search(r"\d ?x ?\d", line.cell.text) is not None


def _kinds(line: Line) -> set[str]:
    try:
        return {layer.kind for layer in layers_of(line.cell, line.label)}
    except UnreadableError:
        return words_of(line.cell) | (words_of(line.label) if line.label is not None else set())


def _weighs(line: Line) -> bool:
    return bool(_kinds(line) & {*WEIGHTED})


def _is_conv(line: Line) -> bool:
    return "conv" in _kinds(line)


def _ends(line: Line) -> bool:
    return bool(_kinds(line) & {"FC", "softmax", "global-avgpool"})


def has_more(rows: Sequence[Row]) -> bool:
    """Whether a table has what VGG's has not: a first column of labels, or a row of the images that each takes."""
    filled: Sequence[Row] = [[cell for cell in row if cell.text] for row in rows if any(cell.text for cell in row)]
    while filled and len(filled[0]) == 1:
        filled = filled[1:]
    if len(filled) < 3 or len(filled[0]) < 2:
        return False
    filled, _ = figures.parted(filled)
    if len(filled) < 3:
        return False
    first = [row[0].text for row in filled[1:] if not row[0].columns.start and len(row) > 1]
    head = filled[0][0]
    heads = _LABELS.fullmatch(head.text.text) or head.columns.start or _heads_layers(head.text, first)
    is_labelled = heads and len(first) * 2 > len(filled) and all(map(_is_label, first))
    are_inputs = all(re.match(r"(?:in)?put", cell.text.text, re.IGNORECASE) for cell in filled[1])
    are_images = (
        len(filled[1]) > 1 and not are_inputs and all(image_in(cell.text, None) is not None for cell in filled[1])
    )
    return bool(is_labelled) or are_images or any(_OURS.search(cell.text.text) for row in filled for cell in row)


def _heads_layers(head: Excerpt, first: Sequence[Excerpt]) -> bool:
    """Whether a column whose heading names networks says layers: `Network | A | B` over `conv1 | 3x3, 16 | 3x3, 32`."""
    says = [text for text in first if _LAYERS.search(text.text)]
    return _NETWORKS.fullmatch(head.text) is not None and len(says) > 1 and len(says) * 4 >= len(first) * 3


@lru_cache(maxsize=4)
def table_of(source: Source) -> Table | None:
    """None where no heading names networks."""
    rows = [row for row in rows_of(source) if any(cell.text for cell in row)]
    if not 3 <= len(rows) <= _ROWS:
        return None
    above = list[Excerpt]()
    while rows and sum(bool(cell.text) for cell in rows[0]) == 1:
        above.append(next(cell.text for cell in rows[0] if cell.text))
        rows = rows[1:]
    if len(rows) < 2 or len(above) > 2 or any(re.search(r"\d ?x ?\d|conv\W", text.text, re.I) for text in above):
        return None
    rows = [row for row in rows if not (len(row) == 1 and CAPTION.fullmatch(row[0].text.text))]
    if any(len(cell.columns) > 1 and _SIZES.search(cell.text.text) for cell in rows[0]):
        return None
    return (
        _rows_are_networks(source, rows, above)
        or _rows_hold_networks(source, rows, above)
        or _columns_are_networks(source, rows, above)
        or _pairs_are_networks(source, rows, above)
    )


def _rows_are_networks(source: Source, rows: Sequence[Row], above: list[Excerpt]) -> Table | None:
    is_plain = (
        len(rows) > 3
        and _has_stages(*rows[:2])
        and all(re.search(r"(?i)[a-z]{3}", row[0].text.text) for row in rows[2:])
    )
    head, *body = rows[1:] if is_plain else rows
    if len(head) < 4 or len(body) < 2 or not (is_plain or (head[0].text and _NETWORKS.fullmatch(head[0].text.text))):
        return None
    if sum(_KIND.fullmatch(cell.text.text) is not None for cell in head[1:]) * 4 < (len(head) - 1) * 3:
        return None
    if any(len(row) != len(head) or (_is_label(row[0].text) and _KIND.match(row[0].text.text)) for row in body):
        return None
    lines = [
        [Line(row[at].text, label.text) if _is_filled(row[at]) else None for row in body]
        for at, label in enumerate(head)
        if at
    ]
    return Table(source, [row[0].text for row in body], lines, above, is_plain=is_plain)


def _has_stages(above: Row, head: Row) -> bool:
    """Whether a heading names layers, some of them several times, below one of stages."""
    kinds = [cell.text.text.lower() for cell in head[1:]]
    is_staged = any(len(cell.columns) > 1 for cell in above[1:]) and not above[0].text
    repeats = len({*kinds}) < len(kinds) and "conv" in kinds and all(map(_KIND.fullmatch, kinds))
    return is_staged and repeats and re.fullmatch(rf"layers?|{_NETWORKS.pattern}|", head[0].text.text, re.I) is not None


def _rows_hold_networks(source: Source, rows: Sequence[Row], above: list[Excerpt]) -> Table | None:
    """Of a table with a row a network, one cell of which says all of its layers."""
    found = whole(rows)
    if found is None or len(found.names) > _NETS or sum(map(len, found.layers)) > _CELLS:
        return None
    most = max(map(len, found.layers))
    lines = [[Line(own[at], None) if at < len(own) else None for own in found.layers] for at in range(most)]
    counted = figures.figures_of(found.counts, len(found.names))
    beside = around(source)
    return Table(
        source, found.names, lines, above, [*found.params], counted, around=beside, strange_columns=found.strange
    )


def _columns_are_networks(source: Source, rows: Sequence[Row], above: list[Excerpt]) -> Table | None:
    rows, labelled = figures.labelled(rows)
    rows, counts = figures.parted(rows)
    rest, params = vgg_params.parted(rows)
    if len(rest) < 2:
        return None
    head, *body = rest
    width = max(cell.columns.stop for row in rest for cell in row)
    at = int(_has_labels(head, body) or (bool(counts) and _is_blank(rest)))
    if counts and not at and (len(rest) == len(rows) or not _is_blank(rows[:1])):
        return None
    if labelled and at:
        return None
    others, of_params = vgg_params.parted(labelled)
    heads = [cell for cell in head if cell.columns.start >= at]
    names = [cell.text for cell in heads]
    if not 2 <= len(names) <= _NETS or len(names) * len(body) > _CELLS or not all(names) or _is_known(head, at):
        return None
    if sum(_KIND.fullmatch(name.text) is not None for name in names) * 2 > len(names):
        return None
    if any(_SIZES.search(name.text) or image_in(name, None) is not None for name in names):
        return None
    if any(len(cell.columns) > 1 for cell in heads) or heads[-1].columns.stop < width:
        return None
    marks = sum(_NOTHING.fullmatch(cell.text.text) is not None and bool(cell.text) for row in body for cell in row)
    lines = list[list[Line | None]]()
    is_merging = is_marked_up(source) and any(len(cell.columns) > 1 for row in body for cell in row)
    for row in body:
        label = next((cell.text for cell in row if at and not cell.columns.start and cell.text), None)
        cells = [cell for cell in row if _is_filled(cell) and cell.columns.stop > at]
        lone = cells[0] if len(cells) == 1 and len(cells[0].columns) == 1 else None
        is_alone = lone is not None and lone.columns.start == at and not is_merging and not _is_marked(row, at)
        is_whole = len(row) == at + 1
        if label is not None and not cells and not _is_marked(row, at):
            lines.append([Line(label, None)] * len(names))  # what has no numbers is said by its name
            continue
        if label is not None and _SIZES.search(label.text):
            cells = [replace(cell, text=joined([label, cell.text], ", ", source)) for cell in cells]
            label = None
        lines.append(
            [
                next((Line(cell.text, label, is_alone, is_whole) for cell in cells if index + at in cell.columns), None)
                for index in range(len(names))
            ]
        )
    pads = any(len(row) == at + len(names) and not row[-1].text for row in body)
    if pads and any(line is not None and line.is_whole for row in lines for line in row):
        lines = [  # empty cells say whose a lone one is: what is of all has none beside it
            [replace(line, is_alone=line.is_whole) if line is not None and line.is_alone else line for line in row]
            for row in lines
        ]
    counted = figures.figures_of([*counts, *others], len(names))
    return Table(source, names, lines, above, [*params, *of_params], counted, marks > 0, pads)


def _pairs_are_networks(source: Source, rows: Sequence[Row], above: list[Excerpt]) -> Table | None:
    """Of a heading each of whose names stands over two columns: what layers are, and their sizes."""
    rest, params = vgg_params.parted(rows)
    heads = [cell for cell in rest[0] if cell.text] if len(rest) > 2 else []
    starts = [cell.columns.start for cell in heads]
    width = max((cell.columns.stop for row in rest for cell in row), default=0)
    if not 2 <= len(heads) <= _NETS or starts != list(range(0, width, 2)) or len(heads) * len(rest) > _CELLS:
        return None
    if any(cell.columns.stop > cell.columns.start + 2 or _SIZES.search(cell.text.text) for cell in heads):
        return None
    lines = list[list[Line | None]]()
    for row in rest[1:]:
        if any(cell.columns.stop > cell.columns.start // 2 * 2 + 2 for cell in row if cell.text):
            return None
        filled = {cell.columns.start: cell.text for cell in row if _is_filled(cell)}
        kinds, sizes = [filled.get(start) for start in starts], [filled.get(start + 1) for start in starts]
        pairs = [(kind, size) for kind, size in zip(kinds, sizes, strict=True) if kind is not None and size is not None]
        if not all(_is_label(kind) for kind, _ in pairs):
            return None
        lines.append([_line(kind, size) for kind, size in zip(kinds, sizes, strict=True)])
    return Table(source, [cell.text for cell in heads], lines, above, params, has_pairs=True)


def _line(kind: Excerpt | None, size: Excerpt | None) -> Line | None:
    """What has no size is said by its kind."""
    if size is not None:
        return Line(size, kind)
    return Line(kind, None) if kind is not None else None


def _is_filled(cell: Cell) -> bool:
    return bool(cell.text) and not _NOTHING.fullmatch(cell.text.text)


def _is_marked(row: Row, at: int) -> bool:
    """Whether a row says of a network that it lacks its layer."""
    return any(cell.text and not _is_filled(cell) for cell in row if cell.columns.start >= at)


def _is_label(text: Excerpt) -> bool:
    return not _SIZES.search(text.text) and not re.search(r"\d[.,]\d|[=%]", text.text)


def _has_labels(head: Row, body: Sequence[Row]) -> bool:
    """Whether the first column says what the layers of each row are, perhaps with the windows that all of them have."""
    if head[0].text and _LABELS.fullmatch(head[0].text.text) and all(map(_says_window_once, body)):
        return True
    first = [cell.text for row in body for cell in row[:1] if cell.text and not cell.columns.start]
    if len(first) * 2 < len(body) or not all(map(_is_label, first)):
        return False
    if head[0].columns.start or _LABELS.fullmatch(head[0].text.text) or _heads_layers(head[0].text, first):
        return True
    return all(re.search(r"conv|pool|fc|dense|fully|input|softmax|drop|layers?", text.text, re.I) for text in first)


def _says_window_once(row: Row) -> bool:
    """Whether a row has its windows in the first cell, behind the word of its layer, or in the others."""
    if not row[0].text or row[0].columns.start or not _SIZES.search(row[0].text.text):
        return bool(row[0].text) and not row[0].columns.start and _is_label(row[0].text)
    others = any(re.search(r"\d ?x ?\d", cell.text.text) for cell in row[1:])
    return not others and re.match(r"conv|max|av|pool|fully|fc", row[0].text.text, re.IGNORECASE) is not None


def _is_blank(rows: Sequence[Row]) -> bool:
    """Whether the first column is empty: only figures below the layers have labels there."""
    return all(len(row) > 1 and not row[0].text and len(row[0].columns) == 1 for row in rows)


def _is_known(head: Row, at: int) -> bool:
    """Whether columns of layers' numbers are headed, which no networks are."""
    roles = [each.role for each in columns(head)[at:]]
    return any(role not in ("", "?", "prose") for role in roles)
