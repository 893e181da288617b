"""The rows of GoogLeNet's table, as a text has them: in cells, or in words with blanks between."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from lark import Token, Tree, UnexpectedInput

from vggdsl.language.notations.draft import Place, UnreadableError
from vggdsl.language.notations.excerpt import Excerpt, joined
from vggdsl.language.notations.grammar import parser, stranger
from vggdsl.language.notations.grid import CAPTION, Row, rows_of
from vggdsl.language.notations.uncut import SAID
from vggdsl.text.errors import Diagnostic, Label, ParseError
from vggdsl.text.source import Source

_COLUMNS = {
    "type": r"type|layer(?: type)?",
    "patch": r"patch size ?/ ?stride",
    "output": r"output(?: size)?",
    "depth": r"depth",
    "1x1": r"# ?1x1",
    "3x3 reduce": r"# ?3x3 ?reduce",
    "3x3": r"# ?3x3",
    "5x5 reduce": r"# ?5x5 ?reduce",
    "5x5": r"# ?5x5",
    "proj": r"pool ?(?:\+ ?)?proj(?:ection)?\.?",
    "params": r"# ?params\.?|params\.?|parameters",
    "ops": r"ops|flops|macs|mult-adds",
}
"""What stands over a column; in this order in a row of words."""
FILTERS = ("1x1", "3x3 reduce", "3x3", "5x5 reduce", "5x5", "proj")
_DOUBLED = {"double 3x3 reduce": r"double # ?3x3 ?reduce", "double 3x3": r"double # ?3x3"}
"""What BN-Inception's modules have for 5x5, in tables of cells: two 3x3 convolutions of one width."""
ALL_FILTERS = (*FILTERS[:3], *_DOUBLED, *FILTERS[3:])
FIGURES = ("params", "ops")
_OPTIONAL = ("type", "depth", *FIGURES)
_TORN = (
    r"(?P<type>type )?patch size ?/ output depth # ?1x1 # ?3x3 # ?3x3 # ?5x5 # ?5x5 pool(?P<params> params ops)? "
    r"stride size reduce reduce proj|patch size ?/ output # ?3x3 # ?5x5 pool (?P<type_below>type )?"
    r"stride size depth # ?1x1 reduce # ?3x3 reduce # ?5x5 proj(?P<params_below> params ops)?"
)
"""A heading whose words are printed one above another, line by line."""
_NETWORKS = re.compile(r"(?:\S )?(?:params|parameters)\.?", re.IGNORECASE)
_FILLED: tuple[tuple[str, ...], ...] = ((), FILTERS)
"""The columns of filters that a row fills; a convolution may fill the two of its window."""
_LONGEST = 40
_NOTHING = ("", "-", "/", "n/a")
_KINDS = {"MAXIMUM": "maxpool", "MEAN": "avgpool", "CONVOLUTION": "conv", "LINEAR": "FC", "NORM": "LRN"}


@dataclass
class Layers:
    """A row of the table."""

    at: Excerpt
    cells: dict[str, Excerpt] = field(default_factory=dict)
    kind: str = ""
    label: str = ""
    rate: str = ""
    pool: str = ""
    """Of a module: the kind of its pool, where its cell says that."""
    stride: int = 1
    """Of a module."""

    def number(self, column: str) -> int | None:
        cell = self.cells.get(column)
        return None if cell is None else int(cell.text.replace(",", ""))

    @property
    def filters(self) -> dict[str, int]:
        return {name: n for name in ALL_FILTERS if (n := self.number(name)) is not None}

    @property
    def patch(self) -> tuple[int, int, int] | None:
        """Height and width of the window, and the stride."""
        if "patch" not in self.cells:
            return None
        h, w, stride = map(int, re.findall(r"\d+", self.cells["patch"].text))
        return h, w, stride

    @property
    def size(self) -> tuple[int, int, int]:
        h, w, c = map(int, re.findall(r"\d+", self.cells["output"].text))
        return h, w, c


@dataclass
class Table:
    """What a text says row by row, with what was mended and what can't be read."""

    source: Source
    columns: list[str] = field(default_factory=list)
    rows: list[Layers] = field(default_factory=list)
    total: tuple[Excerpt, Excerpt] | None = None
    """The network's parameters, where they are printed beside its last row: the figure, and the word behind it."""
    beside: list[Excerpt] = field(default_factory=list)
    """Captions and titles, which aren't read."""
    repaired: list[tuple[str, Excerpt]] = field(default_factory=list)
    refused: list[tuple[str, Place, str]] = field(default_factory=list)

    def refuse(self, message: str, at: Place, help: str) -> None:
        self.refused.append((message, at, help))


def table_of(source: Source) -> Table:
    """Raises ``ParseError`` V115 where no heading can be read."""
    rows = [row for row in rows_of(source) if any(cell.text for cell in row)]
    is_grid = re.search(r"\t|\||\\begin\{tabular|<t[dr]\b", source.text) is not None
    table = Table(source)
    table.rows = list(_of_cells(table, rows) if is_grid else _of_words(table, rows))
    return table


# -- cells


def short(at: Excerpt) -> str:
    """What stands there, its end left out if it is long."""
    return at.text if len(at) <= _LONGEST else f"{at.text[:_LONGEST]}…"


def _words(cell: Excerpt) -> list[tuple[str, Excerpt, Mapping[str, str]]]:
    """What a text says word by word: `PATCH`, `SIZE`, `NUMBER`, `FIGURE` or a kind, where, and what is told with it."""
    try:
        tree: Tree[Token] = parser("googlenet_table").parse(cell.text)
    except UnexpectedInput as error:
        where = stranger(cell, error)
        help = "known are `max pool`, `7x7/2`, `112x112x64`, whole numbers, and figures such as `2.7K`"
        raise UnreadableError(f"`{where.text}` can't be read here", where, help) from None
    found = list[tuple[str, Excerpt, Mapping[str, str]]]()
    for part in tree.children:
        if isinstance(part, Token):
            assert part.start_pos is not None
            found.append((part.type, cell[part.start_pos : part.end_pos], {}))
        else:
            tokens = [token for token in part.children if isinstance(token, Token)]
            also = {token.type: str(token) for token in tokens[1:]}
            found.append((tokens[0].type, cell[part.meta.start_pos : part.meta.end_pos], also))
    return found


def _put(layers: Layers, column: str, word: tuple[str, Excerpt, Mapping[str, str]]) -> None:
    """A word in a column of a row. Raises ``UnreadableError`` where it is none for that column."""
    kind, at, also = word
    wanted = {"patch": "PATCH", "output": "SIZE", "depth": "NUMBER", **dict.fromkeys(ALL_FILTERS, "NUMBER")}.get(column)
    is_kind = kind not in ("PATCH", "SIZE", "NUMBER", "FIGURE")
    if column == "type" and is_kind:
        layers.kind = _KINDS.get(kind, kind.lower())
        layers.label = also.get("NAME", "").strip("() \t").lower()
        layers.rate = also.get("RATE", "").strip("() \t")
        layers.cells[column] = at
    elif kind == wanted or (column in FIGURES and kind in ("FIGURE", "NUMBER")):
        layers.cells[column] = at
    else:
        says = {"type": "a type", "patch": "a patch size and a stride", "output": "an output size"}
        what = says.get(column, "a figure" if column in FIGURES else "a whole number")
        raise UnreadableError(f"`{short(at)}` stands where {what} should", at, "write that, or nothing")


# -- rows of cells


def _of_cells(table: Table, rows: Sequence[Row]) -> Iterator[Layers]:
    heading, body = list[Row](), list[Row]()
    for row in rows:
        filled = [cell for cell in row if cell.text]
        if len(filled) == 1 and _is_beside(filled[0].text, before=not heading):
            table.beside.append(filled[0].text)
            continue
        is_heading = not body and not any(re.fullmatch(r"\d+\D+\d+\D+\d+", cell.text.text) for cell in filled)
        (heading if is_heading else body).append(row)
    columns = _headings(table, heading)
    for row in body:
        filled = [cell for cell in row if cell.text.text.lower() not in _NOTHING]
        if not filled:
            continue
        layers = Layers(joined((cell.text for cell in filled), " ", table.source))
        kept = list(filled)
        if len(filled) > 2 and _NETWORKS.fullmatch(filled[-1].text.text) and "type" not in columns.values():
            table.total = (filled[-2].text, filled[-1].text)
            kept = filled[:-2]
        for cell in kept:
            column = columns.get(cell.columns.start)
            if column is None or len(cell.columns) > 1:
                table.refuse("no column is headed here", cell.text, "head it as in GoogLeNet's table")
                continue
            if _of_module(layers, column, cell.text):
                continue
            try:
                found = _words(cell.text.sub(r"(?<=\w)\*+$", "") if column == "type" else cell.text)
                if len(found) != 1:
                    raise UnreadableError(f"`{short(cell.text)}` says several things", cell.text, "write one a cell")
                _put(layers, column, found[0])
            except UnreadableError as error:
                table.refuse(error.message, error.at, error.help)
                break  # what else is wrong with the row may come of it
        yield layers


_POOLED = re.compile(r"(av(?:era)?g|max)e? ?\+ ?(?:(\d{1,6})|pass[ -]?through)", re.IGNORECASE)


def _of_module(layers: Layers, column: str, cell: Excerpt) -> bool:
    """Whether a cell says the pool of a module, `avg + 32`, or its stride, as BN-Inception's do."""
    pooled, stride = _POOLED.fullmatch(cell.text), re.fullmatch(r"stride (\d)", cell.text, re.IGNORECASE)
    if layers.kind == "inception" and column == "proj" and pooled is not None:
        layers.pool = "maxpool" if pooled[1].lower() == "max" else "avgpool"
        if pooled[2]:
            layers.cells[column] = cell.part(pooled, 2)
        return True
    if layers.kind == "inception" and column == "patch" and stride is not None and stride[1] != "0":
        layers.stride = int(stride[1])
        layers.cells["stride"] = cell
        return True
    return False


def _is_beside(text: Excerpt, *, before: bool) -> bool:
    """Whether what stands alone in a row is a caption, or a title above the table."""
    return CAPTION.fullmatch(text.text) is not None or (before and not re.search(r"#|\d", text.text))


def _headings(table: Table, rows: Sequence[Row]) -> dict[int, str]:
    over = dict[int, list[Excerpt]]()
    for row in rows:
        for cell in row:
            if cell.text:
                over.setdefault(cell.columns.start, []).append(cell.text)
    found = dict[int, str]()
    for index, cells in sorted(over.items()):
        whole = joined(cells, " ", table.source)
        name = _column(whole.text) or _column(cells[0].text)
        if name is None or name in found.values():
            what = "stands over two columns" if name else "heads no column that is known"
            table.refuse(f"`{whole.text}` {what}", whole, f"known are {', '.join(_COLUMNS)}")
            continue
        if not _column(whole.text):
            _mend(table, name, cells)
        found[index] = name
    table.columns = list(found.values())
    for name in _COLUMNS:
        if name.startswith("5x5") and {*_DOUBLED} <= {*table.columns} and name not in table.columns:
            continue
        if name not in table.columns and name not in _OPTIONAL and not table.refused:
            whole = joined((cell for cells in over.values() for cell in cells), " ", table.source)
            table.refuse(f"no column is headed `{name}`", whole, f"known are {', '.join(_COLUMNS)}")
    return found


def _mend(table: Table, name: str, cells: Sequence[Excerpt]) -> None:
    """A heading whose last word is printed below it once more: `#3x3 reduce` over `Teduce`."""
    last = cells[0].text.split()[-1]
    for cell in cells[1:]:
        if cell.text == last:
            continue
        differ = sum(a != b for a, b in zip(cell.text, last, strict=False))
        if len(cell.text) != len(last) or differ > 1:
            table.refuse(f"`{cell.text}` heads no column that is known", cell, f"above it stands `{cells[0].text}`")
            return
        table.repaired.append((f"`{cell.text}` is the `{last}` of the heading above it", cell))


def _column(text: str) -> str | None:
    plain = " ".join(text.lower().split())
    return next(
        (name for name, pattern in (*_COLUMNS.items(), *_DOUBLED.items()) if re.fullmatch(pattern, plain)), None
    )


# -- rows of words


def _of_words(table: Table, rows: Sequence[Row]) -> Iterator[Layers]:
    cells = [cell.text for row in rows for cell in row if cell.text]
    table.beside = [cell for cell in cells if CAPTION.fullmatch(cell.text)]
    whole = joined([cell for cell in cells if not CAPTION.fullmatch(cell.text)], " ", table.source)
    parts = [
        f"(?:(?P<c{at}>{pattern}) )" + ("?" if name in _OPTIONAL else "")
        for at, (name, pattern) in enumerate(_COLUMNS.items())
    ]
    title = r"(?:[^#\d]*? )??"
    heading = re.match(f"{title}(?:{''.join(parts)})", whole.text, re.IGNORECASE)
    if heading is not None:
        names = [name for at, name in enumerate(_COLUMNS) if heading[f"c{at}"]]
    else:
        heading = re.match(f"{title}(?:{_TORN}) ", whole.text, re.IGNORECASE)
        if heading is None:
            first = cells[0] if cells else whole
            label = Label(first.span(), "here")
            help = "its columns are `type`, `patch size/stride`, `output size`, `depth`, `#1x1`, …, `pool proj`"
            raise ParseError(Diagnostic("V115", "the heading of the table can't be read", (label,), help))
        has = {name: heading[name] or heading[f"{name}_below"] for name in ("type", "params")}
        left_out = [*(() if has["type"] else ("type",)), *(() if has["params"] else FIGURES)]
        names = [name for name in _COLUMNS if name not in left_out]
    table.columns = names
    table.repaired.append((SAID, whole[: heading.end()]))
    try:
        words = _words(whole[heading.end() :])
    except UnreadableError as error:
        table.refuse(error.message, error.at, error.help)
        return
    for group in _groups(words, "type" in names):
        layers = Layers(joined((word[1] for word in group), " ", table.source))
        try:
            for column, word in _assigned(group, names, layers.at):
                _put(layers, column, word)
        except UnreadableError as error:
            table.refuse(error.message, error.at, error.help)
        yield layers


_Word = tuple[str, Excerpt, Mapping[str, str]]


def _groups(words: Sequence[_Word], has_types: bool) -> Iterator[list[_Word]]:
    """The words of each row: it begins with its type; without one at a patch, or at a size behind none."""
    group = list[_Word]()
    for word in words:
        kind = word[0]
        is_type = kind not in ("PATCH", "SIZE", "NUMBER", "FIGURE")
        begins = is_type if has_types else kind == "PATCH" or (kind == "SIZE" and [w[0] for w in group] != ["PATCH"])
        if begins and group:
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _assigned(group: Sequence[_Word], names: Sequence[str], at: Excerpt) -> Iterator[tuple[str, _Word]]:
    """Which column each word of a row is of, where empty cells leave no trace: by its form and by their number."""
    order = ["type", "PATCH", "SIZE", "NUMBER"]
    forms = [
        "NUMBER" if word[0] == "FIGURE" else word[0] if word[0] in ("PATCH", "SIZE", "NUMBER") else "type"
        for word in group
    ]
    if forms != sorted(forms, key=order.index) or any(forms.count(form) > 1 for form in order[:3]):
        raise UnreadableError(f"`{short(at)}` is no row: its cells are in another order", at, "write one row a line")
    columns = {"type": "type", "PATCH": "patch", "SIZE": "output"}
    head = [(columns[form], word) for form, word in zip(forms, group, strict=True) if form != "NUMBER"]
    window = re.match(r"\d+x\d+", next((w[1].text.replace(" ", "") for w in group if w[0] == "PATCH"), ""))
    behind = [*_FILLED, *([(f"{window[0]} reduce", window[0])] if window and window[0] in ("3x3", "5x5") else [])]
    words = group[len(head) :]
    shown = tuple(name for name in FIGURES if name in names)
    ways = [
        way
        for filters, figures in product(behind, {(), shown})
        if len(way := (*(name for name in ("depth",) if name in names), *filters, *figures)) == len(words)
        and all(word[0] == "NUMBER" or name in figures for name, word in zip(way, words, strict=True))
    ]
    if len(ways) != 1:
        help = "part its cells by tabs or `|`: which of them are empty can't be told"
        raise UnreadableError(f"`{short(at)}` has {len(words)} numbers, of which the columns can't be told", at, help)
    yield from head
    yield from zip(ways[0], words, strict=True)
