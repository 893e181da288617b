"""The rows of ResNet's table: what each stage of each network says, in cells or in words with blanks between."""

import re
from collections.abc import Iterator, Sequence

from vggdsl.language.notations.excerpt import Excerpt, joined
from vggdsl.language.notations.grid import CAPTION, Row, is_marked_up, rows_of
from vggdsl.language.notations.phrases import Phrase
from vggdsl.language.notations.resnet_table.cells import ALONE, items_of
from vggdsl.language.notations.resnet_table.table import Stage, Table, Unit
from vggdsl.language.notations.uncut import SAID
from vggdsl.text.errors import Diagnostic, Label, ParseError
from vggdsl.text.source import Source

_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")
_NAMES = re.compile(r"layer ?names?|layers?|stages?|blocks?|group ?names?|names?", re.IGNORECASE)
_SIZES = re.compile(r"(?:output|feature ?maps?)(?: ?size)?", re.IGNORECASE)
_NETWORK = r"\d+-layers?|(?:(?:se-)?resne[x]?t|densenet)-\d+(?: ?\([^()]*\))?"
_ROW = re.compile(
    r"(conv ?\d{1,3}(?:[_. ]?x ?| ))(\d{1,5}x\d{1,5})\b"
    r"|(?<![\w.])(\d{1,5}x\d{1,5})\b(?! ?,| (?:max|conv)| average pool(?:ing)?,? (?:stride|\/))",
    re.IGNORECASE,
)
"""What a row of words begins with, and no layer: `conv2_x 56x56`, `1x1 average pool`."""
_IN = r"(?: ?\((?P<unit>[KMGB])\))?"
"""The unit that a row's name may say of its figures: `#P (M)`, as the G of `GFLOPs`."""
_FLOPS = re.compile(rf"(?:#? ?)(?P<by>[GM])?(flops|macs|mult-adds){_IN}", re.IGNORECASE)
_PARAMS = re.compile(rf"(?:# ?params?\.?|params\.?|parameters|# ?p(?!\w)){_IN}", re.IGNORECASE)
_POWER = re.compile(r"(\d{1,6}(?:\.\d{1,6})?) ?x ?10 ?(\^)? ?([369])(?!\d)")
_PLAIN = re.compile(r"(\d{1,6}(?:\.\d{1,6})?) ?([KMGB])(?![\w.])")
_SAID = re.compile(r"#? ?(?:(?:[kN] ?= ?\d{1,4}|WRN-\d{1,4}-\d{1,3})[,; ]*)+", re.IGNORECASE)
"""A line beside the table: `k = 10, N = 4`, or `WRN-28-10`, which has 6N + 4 layers."""


def table_of(source: Source) -> Table:
    """Raises ``ParseError`` V115 where no heading names networks."""
    rows = [row for row in rows_of(source) if any(cell.text for cell in row)]
    is_grid = is_marked_up(source) or re.search(r"\t|\|", source.text) is not None
    table = _of_cells(source, rows) if is_grid else _of_words(source, rows)
    for stage in table.stages:
        _named_so(table, stage)
    return table


_CALLED = {
    "a pool": (re.compile(r"pool", re.IGNORECASE), ("maxpool", "avgpool", "global-avgpool")),
    "a convolution": (re.compile(r"conv", re.IGNORECASE), ("conv",)),
    "FC": (re.compile(r"\bfc|fully|linear|\bdense$", re.IGNORECASE), ("FC",)),
    "softmax": (re.compile(r"soft-?max", re.IGNORECASE), ("softmax",)),
}
"""What the name of a row says that it holds, and by which kinds it does."""


def _named_so(table: Table, stage: Stage) -> None:
    """Refuses a row whose name is that of a layer which it doesn't hold."""
    for what, (pattern, kinds) in _CALLED.items():
        if stage.name is None or pattern.search(stage.name.text) is None:
            continue
        held = [{each.kind if isinstance(each, Phrase) else "conv" for each in items} for items in stage.items if items]
        if not all(each & {*kinds} for each in held):
            message = f"`{stage.name.text}` names {what}, and its row holds none"
            table.refuse(message, stage.name, "correct the name, or the row")


def _no_heading(at: Excerpt) -> ParseError:
    help = "head the columns: `layer name`, `output size`, and the networks, such as `18-layer`"
    return ParseError(Diagnostic("V115", "no row names the networks", (Label(at.span(), "here"),), help))


# -- rows of cells


def _of_cells(source: Source, rows: Sequence[Row]) -> Table:
    body, above = iter(rows), list[tuple[Excerpt, str]]()
    for row in body:
        filled = [cell for cell in row if cell.text]
        sizes = [cell for cell in filled if _SIZES.fullmatch(cell.text.text)]
        if sizes:
            break
        said = filled[0].text.text
        is_title = CAPTION.fullmatch(said) or _SAID.fullmatch(said) or not re.search(r"\d", said)
        if len(filled) > 1 or not is_title:
            raise _no_heading(filled[0].text)
        above.append((filled[0].text, "above"))
    else:
        raise _no_heading(rows[0][0].text if rows else Excerpt.of(source, 0, 0))
    at = sizes[0].columns.start
    names = [cell for cell in filled if cell.columns.start > at]
    table = Table(source, [cell.text for cell in names], beside=above)
    for cell in filled:
        if cell.columns.start < at and not _NAMES.fullmatch(cell.text.text):
            table.refuse(f"`{cell.text.text}` heads no column that is known", cell.text, "such as `layer name`")
    if not names:
        raise _no_heading(sizes[0].text)
    columns = [cell.columns for cell in names]
    for group in _groups(table, list(body), at):
        _stage(table, group, at, columns)
    return table


def _groups(table: Table, rows: Sequence[Row], at: int) -> Iterator[list[Row]]:
    """The rows of each stage, which the first of them names or gives a size."""
    group = list[Row]()
    for row in rows:
        filled = [cell for cell in row if cell.text]
        if len(filled) == 1 and (CAPTION.fullmatch(filled[0].text.text) or _SAID.fullmatch(filled[0].text.text)):
            table.beside.append((filled[0].text, "below"))
            continue
        if any(cell.columns.start <= at for cell in filled) and group:
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def _stage(table: Table, rows: Sequence[Row], at: int, columns: Sequence[range]) -> None:
    filled = [cell for row in rows for cell in row if cell.text]
    first, rest = [c for c in filled if c.columns.start <= at], [c for c in filled if c.columns.start > at]
    found = ((name, pattern.fullmatch(c.text.text)) for name, pattern in _MEASURES for c in first)
    measure = next(((name, head) for name, head in found if head is not None), None)
    if measure is not None:
        _measured(
            table, *measure, [next((c.text for c in rest if column.start in c.columns), None) for column in columns]
        )
        return
    sizes = [cell for cell in first if _SIZE.fullmatch(cell.text.text)]
    others = [cell for cell in first if cell not in sizes]
    if len(sizes) != 1 or len(others) > 1:
        where = (others or filled)[0].text
        table.refuse(f"the row of `{where.text}` has no output size", where, "write it as `56x56`")
        return
    stage = Stage(others[0].text if others else None, sizes[0].text)
    table.beside += [(cell.text, "in the first column of") for cell in others]
    parts: list[list[Excerpt]] = [[] for _ in columns]
    for row in rows:
        others = [cell for cell in row if cell.text and cell.columns.start > at]
        for cell in others:
            of = [index for index, column in enumerate(columns) if column.start in cell.columns]
            if len(others) == 1 and _is_for_all(cell.text):
                of = list(range(len(columns)))
            elif not of:
                table.refuse(f"`{cell.text.text}` stands in a column that names no network", cell.text, "head it")
            for index in of:
                parts[index].append(cell.text)
    wholes = [joined(texts, " ", table.source) for texts in parts]
    if stage.name is not None and re.fullmatch(r"av(?:era)?g(?:e)?[ -]?pool", stage.name.text, re.IGNORECASE):
        wholes = [whole.sub(r"^\[(\d+)x\1\]$", lambda m: f"{m[1]}x{m[1]} average pool, stride 1") for whole in wholes]
    stage.items = [items_of(table, whole, column) for column, whole in enumerate(wholes)]
    table.stages.append(stage)


def _is_for_all(text: Excerpt) -> bool:
    """Whether what stands alone in its row, behind the size, says layers that have no brackets, as a merged cell."""
    if ALONE.fullmatch(text.text):
        return True
    is_unit = re.search(r"[\[\]⎡-⎦\uf8ee-\uf8fb]|(?<!\w)x ?\d", text.text) is not None
    return not is_unit and re.search(r"stride|pool|fc|connected|softmax|/ ?\d", text.text, re.IGNORECASE) is not None


# -- rows of words


def _of_words(source: Source, rows: Sequence[Row]) -> Table:
    cells = [cell.text for row in rows for cell in row if cell.text]
    whole = joined([cell for cell in cells if not CAPTION.fullmatch(cell.text)], " ", source)
    heading = re.match(rf"(?:{_NAMES.pattern}) (?:{_SIZES.pattern})((?: (?:{_NETWORK}))+) ", whole.text, re.IGNORECASE)
    if heading is None:
        raise _no_heading(whole[:40])
    names = [whole[m.start() : m.end()] for m in re.finditer(_NETWORK, whole.text[: heading.end()], re.IGNORECASE)]
    table = Table(source, names, beside=[(cell, "beside") for cell in cells if CAPTION.fullmatch(cell.text)])
    table.repair(SAID, whole[: heading.end()].strip())
    rest = whole[heading.end() - 1 :]
    ends = [m.start() for pattern in (_FLOPS, _PARAMS) for m in [pattern.search(rest.text)] if m]
    for start in sorted(ends):
        end = min([e for e in ends if e > start], default=len(rest))
        _measure_of_words(table, rest[start:end])
    _stages_of_words(table, rest[: min(ends, default=len(rest))])
    return table


def _measure_of_words(table: Table, text: Excerpt) -> None:
    measure, pattern = next((name, p) for name, p in _MEASURES if p.match(text.text))
    head = pattern.match(text.text)
    assert head is not None
    parts = [part for part in text[head.end() :].split(" ") if part]
    if len(parts) != len(table.names):
        table.refuse(f"{len(parts)} figures stand here, for {len(table.names)} networks", text, "write one for each")
        return
    _measured(table, measure, head, parts)


def _stages_of_words(table: Table, text: Excerpt) -> None:
    starts = list(_ROW.finditer(text.text))
    if not starts or text.text[: starts[0].start()].strip():
        where = text[: starts[0].start()].strip() if starts else text.strip()
        table.refuse(f"`{where.text[:40]}` stands before the first row", where, "a row begins with a size: `112x112`")
        return
    for row, end in zip(starts, [*(m.start() for m in starts[1:]), len(text)], strict=True):
        name = text.part(row, 1).strip() if row[1] else None
        stage = Stage(name, text.part(row, 2 if row[1] else 3))
        items = items_of(table, text[row.end() : end].strip())
        units = [item for item in items if isinstance(item, Unit)]
        if units and len(units) != len(table.names):
            message = f"{len(units)} units stand here, for {len(table.names)} networks"
            table.refuse(message, joined((unit.at for unit in units), " ", table.source), "write one for each")
            return
        stage.items = [
            [item for item in items if isinstance(item, Phrase) or item is units[at]] for at in range(len(table.names))
        ]
        table.stages.append(stage)


# -- cells


_MEASURES = (("macs", _FLOPS), ("params", _PARAMS))


def _measured(table: Table, measure: str, head: re.Match[str], cells: Sequence[Excerpt | None]) -> None:
    """Keeps the figures of a row, whose name, ``head``, may say their unit."""
    if unit := (head["unit"] or head.groupdict().get("by") or "").upper():
        cells = [
            cell.sub(r"^\d[\d.]*$", lambda number: number[0] + unit) if cell is not None else None for cell in cells
        ]
        other = next((cell for cell in cells if cell is not None and not cell.text.endswith(unit)), None)
        if other is not None:
            table.refuse(f"`{other.text}` isn't in {unit}, as its row's name says", other, f"write it as `1.8{unit}`")
    if measure in table.figures:
        table.refuse("a second row of the same figures", next(c for c in cells if c is not None), "leave one out")
    fallen: Excerpt | None = None
    for cell in cells:
        if cell is not None and figure_of(cell) is None:
            table.refuse(f"`{cell.text}` is no figure that is known", cell, "write it as `1.8x10^9` or `1.8G`")
        elif cell is not None and (power := _POWER.fullmatch(cell.text)) is not None and power[2] is None:
            fallen = fallen or cell
    if fallen is not None:
        table.repair(f"`{fallen.text}`, and so its row, read as {fallen.text[:-1]}^{fallen.text[-1]}", fallen)
    table.figures[measure] = list(cells)


def figure_of(cell: Excerpt) -> str | None:
    """A printed figure as a spec has it.

    >>> [figure_of(Excerpt.of(Source("-", text))) for text in ("1.8x10^9", "25.5M", "about 3")]
    ['1.8G', '25.5M', None]
    """
    power, plain = _POWER.fullmatch(cell.text), _PLAIN.fullmatch(cell.text)
    if power is not None:
        return power[1] + {"3": "K", "6": "M", "9": "G"}[power[3]]
    return plain[1] + plain[2] if plain is not None else None
