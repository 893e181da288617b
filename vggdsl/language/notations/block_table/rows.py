"""The rows of a table of blocks: what each is, and the numbers in its columns."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from unicodedata import normalize

from vggdsl.language.notations.block_table.columns import FAMILIES, KNOWN, UNREAD, columns, heading
from vggdsl.language.notations.draft import Place
from vggdsl.language.notations.excerpt import Excerpt, joined
from vggdsl.language.notations.grid import CAPTION, Row
from vggdsl.language.notations.headed import Headed, headed, said_rows
from vggdsl.text.errors import Diagnostic, InputError, Label, ParseError
from vggdsl.text.source import Source

_SIDES = r"(?:,? ?k? ?(?P<side>\d{1,2})(?:x(?P=side))?)?"
_KINDS = {
    "input": r"input(?: image)?|image",
    "conv": r"(?P<linear>linear )?(?:(?P<whole>GD|global depth-?wise )|(?P<each>depth-?wise |DW[ -]?))?"
    rf"conv(?:2d)?(?:\d+(?![\dx]))?{_SIDES}(?:,? ?(?P<dw>dw))?(?:,? ?(?P<bare>nbn|no bn))?",
    "maxpool": r"max-?pool(?:ing)?(?:\d+)?",
    "avgpool": rf"(?:global )?(?:av(?:era)?ge? ?)?pool(?:ing)?(?:\d+(?![\dx]))?{_SIDES}",
    "FC": r"fc|fully[ -]connected|linear|dense|classifier",
    "softmax": r"soft-?max",
    "dropout": r"dropout",
    "fire": r"fire(?: ?module)? ?\d*",
    "bottleneck": rf"(?:inverted )?(?:residual )?(?:bottleneck|bneck)(?: (?:block|residual))?{_SIDES}",
    "inverted": rf"inverted residual(?: block)?{_SIDES}",
    "fused": r"fused-?mbconv ?(?P<by>\d{1,2})(?:,? ?k? ?(?P<side>\d{1,2})x(?P=side))?(?:,? ?se ?(?P<se>0?\.\d{1,4}))?",
    "mbconv": r"mbconv ?(?P<by>\d{1,2})(?:,? ?k? ?(?P<side>\d{1,2})x(?P=side))?(?:,? ?se ?(?P<se>0?\.\d{1,4}))?",
}
_FORMS = {kind: re.compile(form, re.IGNORECASE) for kind, form in _KINDS.items()}
_ALL = tuple(_FORMS.values())
_SIZE = re.compile(r"(?P<h>\d{1,5})(?:x(?P<w>\d{1,5})| ?(?:\^ ?2|²))(?: ?x ?(?P<c>\d{1,6}))?")
_WINDOW = re.compile(r"(\d{1,2})x\1(?: ?/ ?(\d{1,2}))?(?: ?\(x ?(\d{1,6})\))?")
_COUNT = re.compile(r"[1-9]\d{0,2}(?:,\d{3}){1,3}|\d{1,9}")
_FIGURE = re.compile(r"([1-9]\d{0,2}(?:,\d{3}){1,4}|\d{1,12}(?:\.\d{1,3})?[KM]?)(?: ?\(total\))?")
_SQUEEZES = re.compile(r"✓|✔|√|\\checkmark|\\surd|yes|1|y", re.IGNORECASE)
_NOTHING = re.compile(r"[-\s/]*|n/?a", re.IGNORECASE)
_NO_SE = re.compile(r"[-\s/]*|n/?a|no|n|0|x|✗|✘", re.IGNORECASE)
_ACTIVATIONS = {
    "hard-swish": r"hs|h-?swish|hard-?swish",
    "ReLU": r"re|relu",
    "ReLU6": r"relu6",
    "SiLU": r"silu|swish|sw",
}
_IMAGE = re.compile(r"#? ?input ?(\d{1,5}x\d{1,5}x\d{1,5})", re.IGNORECASE)
_CLASSES = re.compile(r"#? ?k ?= ?(\d{1,6})(?: classes)?", re.IGNORECASE)
_ROWS = 1000
"""Rows at most."""
_LAYERS = (
    "known are conv2d, linear conv2d 1x1, depthwise conv3x3, GDConv7x7, maxpool, avgpool, FC, softmax, fire2, "
    "bottleneck, bneck, MBConv6, Fused-MBConv4"
)
_EXAMPLES = {
    "input": "`112x112x32` or `112^2 x 32`",
    "resolution": "`112x112`",
    "output": "`55x55x96` or `112x112`",
    "window": "`7x7/2` or `7x7/2 (x96)`",
    "squeezed": "✓ or -",
    "activation": "RE, HS, ReLU6, SiLU or -",
    "params": "`14,208`",
}


@dataclass(frozen=True)
class Part:
    """A layer or a block that a row names."""

    kind: str
    at: Excerpt
    side: int | None = None
    by: int | None = None
    """How many times the channels a block expands."""
    ratio: str = ""
    """To what share of its channels it squeezes them."""
    is_bare: bool = False
    """Without batch normalisation."""
    is_linear: bool = False
    """Without an activation."""
    is_depthwise: bool = False
    is_global: bool = False
    """Depthwise, of a window of the map's size."""


@dataclass
class Said:
    """What the cells of a row say; None where they say nothing."""

    at: Excerpt
    cells: dict[str, Excerpt]
    parts: list[Part] = field(default_factory=list)
    input: tuple[int, ...] = ()
    output: tuple[int, ...] = ()
    numbers: dict[str, int] = field(default_factory=dict)
    """Of the columns of numbers; `side`, `stride` and `width` also from the cell of the window."""
    squeezes: bool = False
    activation: str = ""
    is_open: bool = False
    """Its width is the number of classes, `k`."""


@dataclass
class Table:
    source: Source
    columns: list[str] = field(default_factory=list)
    rows: list[Said] = field(default_factory=list)
    image: tuple[tuple[int, ...], Excerpt] | None = None
    """What a line beside the table says of its images, `# input 224x224x3`."""
    classes: tuple[int, Excerpt] | None = None
    total: Excerpt | None = None
    beside: Excerpt | None = None
    """The first heading of what isn't of the network."""
    prose: list[Excerpt] = field(default_factory=list)
    """Headings of what explains the others."""
    headed: Headed | None = None
    """The heading that a call tells, and the rows below it."""
    above: list[Excerpt] = field(default_factory=list)
    """Titles and captions."""
    refused: list[tuple[str, Place, str]] = field(default_factory=list)

    def refuse(self, message: str, at: Place, help: str) -> None:
        self.refused.append((message, at, help))


def table_of(source: Source) -> Table:
    """Raises ``ParseError`` V115 where there is no heading, ``InputError`` as ``headed``."""
    told = with_heading(source)
    rows = told.rows
    if len(rows) > _ROWS:
        label = Label(rows[_ROWS][0].text.span(), "this row")
        raise ParseError(Diagnostic("V115", f"a table of more than {_ROWS:,} rows", (label,), "paste one network"))
    at = told.at if told.heading is not None else heading(rows)
    if at is None:
        whole = joined([cell.text for cell in rows[0]], " ", source) if rows else Excerpt.of(source)
        message = "no heading has the columns of a table of blocks"
        raise ParseError(Diagnostic("V115", message, (Label(whole.span(), "this row"),), f"{FAMILIES}; {KNOWN}"))
    table = Table(source, columns(rows[at]), headed=told)
    for index, (name, cell) in enumerate(zip(table.columns, rows[at], strict=True)):
        if name == "?":
            table.refuse(f"`{cell.text.text}` heads no column that is known", cell.text, KNOWN)
        elif name == "beside":
            table.beside = table.beside or cell.text
        elif name == "prose":
            table.prose.append(cell.text)
        elif name and name in table.columns[:index]:
            table.refuse(f"a second column of `{cell.text.text}`", cell.text, "leave one out")
    for row in rows[:at]:
        _beside(table, row)
    below = at + 2 if at + 1 < len(rows) and _is_signs(rows[at + 1]) else at + 1
    for row in rows[below:]:
        filled = [cell for cell in row if not _NOTHING.fullmatch(cell.text.text)]
        if filled and not (len(filled) == 1 and _is_said(table, filled[0].text)):
            _row(table, row)
    return table


def with_heading(source: Source) -> Headed:
    """The rows that say something, with the heading that a call tells. Raises as ``headed``, and where that names no
    column of blocks."""
    found = headed(source, said_rows(source), _unknown, _own, KNOWN)
    if found.heading is not None and "kind" not in columns(found.rows[found.at]):
        label = Label(found.heading.span, "these")
        raise InputError(Diagnostic("V112", "no column says which block a row is", (label,), "name one `operator`"))
    return found


def _unknown(head: Row) -> list[bool]:
    return [name in ("", "?") for name in columns(head)]


def _own(rows: Sequence[Row], head: Row) -> int | None:
    """Which row is the table's own heading: one that is known as one, else the first of several cells, if it has no
    number and says no layer where the columns that are told do."""
    if (at := heading(rows)) is not None:
        return at
    kinds = [at for at, name in enumerate(columns(head)) if name == "kind"]
    for at, row in enumerate(rows[:4]):
        if sum(bool(cell.text) for cell in row) > 1:
            says = any(form.fullmatch(cell.text.text) for cell in row if cell.columns.start in kinds for form in _ALL)
            return None if says or any(re.search(r"\d", cell.text.text) for cell in row) else at
    return None


def _is_signs(row: Row) -> bool:
    """Whether a row is the second line of a heading, of signs alone, as EfficientNet's: `i`, `F_i`, `H_i x W_i`."""
    plain = [normalize("NFD", cell.text.text) for cell in row if cell.text]
    signs = [re.sub(r"\\(?:hat|mathcal)|[\^_{}$ˆ\u0302\s]", "", text) for text in plain]
    return len(signs) > 2 and all(re.fullmatch(r"[A-Zℱ]?[iᵢ](?:x[A-Z][iᵢ])?", sign) for sign in signs)


def _is_said(table: Table, text: Excerpt) -> bool:
    """Whether a line beside the table is a caption, or says its images or classes."""
    if (image := _IMAGE.fullmatch(text.text)) is not None:
        table.image = tuple(map(int, image[1].split("x"))), text
    elif (classes := _CLASSES.fullmatch(text.text)) is not None:
        table.classes = int(classes[1]), text
    else:
        return CAPTION.fullmatch(text.text) is not None
    return True


def _beside(table: Table, row: Row) -> None:
    """A row above the heading: a title, or what the table leaves out."""
    filled = [cell.text for cell in row if cell.text]
    is_title = len(filled) == 1 and not re.search(r"\d", filled[0].text)
    table.above += filled[:1]
    if not is_title and not (len(filled) == 1 and _is_said(table, filled[0])):
        table.refuse("a row above the heading that says nothing known", filled[0], "leave it out")


def _row(table: Table, row: Row) -> None:
    cells = dict[str, Excerpt]()
    for cell in row:
        name = cell.under(table.columns)
        if _NOTHING.fullmatch(cell.text.text) or name in ("?", *UNREAD):
            continue
        if not name or len(cell.columns) > 1:
            table.refuse(f"`{cell.text.text}` stands in a column without a heading", cell.text, KNOWN)
        cells[name] = cell.text
    if "kind" not in cells:
        if set(cells) == {"params"} and (total := _FIGURE.fullmatch(cells["params"].text)) is not None:
            table.total = cells["params"].part(total, 1)
        elif set(cells) != {"params"} or not re.fullmatch(r"\(?total\)?", cells["params"].text, re.IGNORECASE):
            at = next(cell.text for cell in row if cell.text)
            table.refuse(f"`{at.text}` stands in a row that names no layer", at, "name it, or leave the row out")
        return
    found = Said(cells["kind"], cells)
    found.parts = list(_parts(table, cells["kind"]))
    for name, said in cells.items():
        if name not in ("kind", "name") and not _take(found, name, said):
            table.refuse(
                f"`{said.text}` can't be read in this column", said, f"it has {_EXAMPLES.get(name, 'a number')}"
            )
    table.rows.append(found)


def _parts(table: Table, cell: Excerpt) -> Iterator[Part]:
    """The layers of a cell: one, or several as `Conv1x1 & Pooling & FC`."""
    for part in cell.split(r" ?[&+] ?|, (?=pool|fc)"):
        text = part.strip()
        for kind, form in _FORMS.items():
            if (match := form.fullmatch(text.text)) is not None:
                found = match.groupdict()
                yield Part(
                    "mbconv" if kind == "inverted" else kind,
                    text,
                    int(found["side"]) if found.get("side") else None,
                    int(found["by"]) if found.get("by") else None,
                    found.get("se") or "",
                    bool(found.get("bare")),
                    bool(found.get("linear")),
                    any(found.get(said) for said in ("whole", "each", "dw")),
                    bool(found.get("whole")),
                )
                break
        else:
            table.refuse(f"`{text.text}` is no layer or block that is known", text or cell, _LAYERS)


def _take(row: Said, name: str, cell: Excerpt) -> bool:
    """Whether a cell of a column could be read."""
    text = cell.text
    match name:
        case "input" | "output" | "resolution":
            size = _SIZE.fullmatch(text)
            if size is None:
                return False
            sides = int(size["h"]), int(size["w"] or size["h"])
            of = (*sides, int(size["c"])) if size["c"] else sides
            if name == "output":
                row.output = of
            else:
                row.input = of
        case "window":
            window = _WINDOW.fullmatch(text)
            if window is None:
                return False
            for key, number in zip(("kernel", "stride", "width"), window.groups(), strict=True):
                if number and row.numbers.setdefault(key, int(number)) != int(number):
                    return False
        case "squeezed":
            row.squeezes = _SQUEEZES.fullmatch(text) is not None
            return row.squeezes or _NO_SE.fullmatch(text) is not None
        case "activation":
            known = [word for word, form in _ACTIVATIONS.items() if re.fullmatch(form, text, re.IGNORECASE)]
            row.activation = known[0] if known else ""
            return bool(known)
        case "params":
            return _FIGURE.fullmatch(text) is not None
        case "width" if re.fullmatch(r"k|#? ?classes", text, re.IGNORECASE):
            row.is_open = True
        case "kernel" if (square := re.fullmatch(r"(\d{1,2})x\1", text)) is not None:
            row.numbers[name] = int(square[1])
        case _:
            if _COUNT.fullmatch(text) is None:
                return False
            number = int(text.replace(",", ""))
            if not number and name in ("kernel", "width", "expansion", "expanded", "stride"):
                return False
            return row.numbers.setdefault(name, number) == number
    return True


def named(rows: Sequence[Said], kind: str) -> Excerpt | None:
    """Where the first block or layer of a kind is named."""
    return next((part.at for row in rows for part in row.parts if part.kind == kind), None)
