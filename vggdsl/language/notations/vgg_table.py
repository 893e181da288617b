"""The configuration table of the VGG paper and of those that followed: a column a network.

Rows are cells for each column, or one cell for all: `maxpool`, `FC-4096`. What a network has fewer of than its
neighbours leaves its cell empty.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from vggdsl.language.notations import vgg_params, vgg_uncut
from vggdsl.language.notations.column_table.table import COUNTED, has_more
from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.language.notations.excerpt import Excerpt, joined
from vggdsl.language.notations.grid import Cell, Row, is_marked_up, plain, rows_of
from vggdsl.language.notations.phrases import Phrase, heads, phrases
from vggdsl.language.notations.registry import Notation, Reading, register
from vggdsl.language.notations.uncut import HELP, SAID, is_uncut
from vggdsl.text.errors import Diagnostic, Label, ParseError, listed
from vggdsl.text.source import Source

TITLE = "a table of configurations, as VGG's"

_BROKEN_OFF = re.compile(r"(\d+) (?:weight|learnable)")
_INPUT = re.compile(r"(?:in)?put(?: image)?:?\s*\(?\s*(\d+x\d+)(x\d+)?\s*([a-z ]*?)\s*\)?", re.IGNORECASE)
_NOT_SHOWN = re.compile(r"(?:% ?)?not shown(?: in (.+?))?: (after \w+: [^;]+(?:; after \w+: [^;]+)*)", re.IGNORECASE)
"""What `vggdsl show --columns` says below its table, in LaTeX above it: of all columns, or of those that it names."""
_ALONE = "write it in each column that has it; where only the first has it, write what all have in each column, too"
_LOOKALIKES = str.maketrans("АВЕКМНОРСТХаеорсух", "ABEKMHOPCTXaeopcyx")
"""Cyrillic letters that a PDF's text has for Latin ones of the same shape."""
_CONV = re.compile(r"\bconv\d+(?:x\d+)?-\d+|\b\d+ ?[x×] ?\d+,? conv", re.IGNORECASE)

_LAYER = re.compile(
    r"(?:conv|pool|max|av|mean|global|fc|fully|dense|linear|soft|lrn|relu|bn|batch|dropout|\d+ ?x ?\d+)", re.IGNORECASE
)
"""What layers begin with: a table of configurations has nothing else below its heading."""


def recognises(source: Source) -> bool:
    """By rows of cells with `conv3-64`, or `3x3 conv 64`, in two columns at least, one under another; or by one such
    row where a row of names stands above, or markup says what a cell is, and almost all below are layers, too."""
    text = source.text
    if len(found := _CONV.findall(text)) < 2:
        return False
    rows = rows_of(source)
    if is_uncut(rows):
        return len(found) > 3 and vgg_uncut.is_table([row[0].text for row in rows])
    if has_more([row for row in rows if not _is_note(row)]):
        return False
    many = [at for at, row in enumerate(rows) if sum(_CONV.search(cell.text.text) is not None for cell in row) > 1]
    stacked = [at for at in many if not any(re.search(r"pool", cell.text.text, re.IGNORECASE) for cell in rows[at])]
    if not stacked or not any(re.search("pool", c.text.text, re.IGNORECASE) for row in rows for c in row):
        return False
    if len(stacked) > 1 and len(found) > 3:
        return True
    if not all(_CONV.search(cell.text.text) for cell in rows[stacked[0]] if cell.text):
        return False
    above, cells = rows[: stacked[0]], [cell for row in rows[stacked[0] :] for cell in row if cell.text]
    is_headed = any(len(row) > 1 and all(cell.text for cell in row) for row in above) or is_marked_up(source)
    return is_headed and sum(_LAYER.match(cell.text.text) is not None for cell in cells) * 4 > len(cells) * 3


def _is_note(row: Row) -> bool:
    """Whether it says what the table doesn't show; a line below it, no row."""
    return len(row) == 1 and _NOT_SHOWN.fullmatch(row[0].text.text) is not None


def read(source: Source) -> Sequence[Reading]:
    """A spec a column."""
    table = _Table(source)
    return [table.column(index) for index in range(len(table.names))]


class _Table:
    """The rows of a text, as far as its columns share them."""

    def __init__(self, source: Source) -> None:
        self.source = source
        rows = [row for row in rows_of(source) if any(cell.text for cell in row) and not _is_note(row)]
        rows, self.params = vgg_params.parted(rows)
        if not rows:
            raise ParseError(Diagnostic("V115", f"{source.name} holds no table", help="paste the whole table"))
        self.assumed: list[tuple[range, str, Excerpt]] = []
        lines = [row[0].text for row in rows]
        self.is_uncut = is_uncut(rows) and vgg_uncut.columns_of(lines) > 1
        if self.is_uncut:
            found = vgg_uncut.grid(lines, vgg_uncut.columns_of(lines))
            rows, self.assumed = found.rows, found.assumed
        self.width = max(_width(row) for row in rows)
        self.is_merging = any(len(cell.columns) == self.width > 1 for row in rows for cell in row)
        self.names: list[Excerpt] = []
        self.repaired: list[tuple[str, Excerpt]] = []
        self.counts: Row | None = None
        self.titles: list[Excerpt] = []
        self.at = rows[0][0].text
        body = self._head(rows)
        if not self.names:
            self.names = [Excerpt(source, "", ())] * self.width
        self.body = body
        self._no_name_twice()
        self._no_column_of_one()
        self._no_short_row()
        self.notes = list(self._notes())

    def _head(self, rows: list[Row]) -> list[Row]:
        """Takes the title, the headings and the counts of layers away from the rows."""
        rest = list[Row]()
        for row in rows:
            filled = [cell for cell in row if cell.text]
            is_layers = any(_CONV.search(cell.text.text) or _is_input(cell) for cell in filled)
            if rest or is_layers:
                rest.append(row)
            elif all(COUNTED.fullmatch(cell.text.text) for cell in filled):
                self.counts = row
            elif self.counts is not None and all(c.text.text.lower() in ("layers", "layer") for c in filled):
                self._completed(row)
            elif all(_BROKEN_OFF.match(cell.text.text) for cell in filled):
                self.counts = row
            elif len(filled) == self.width and (not self.names or self.width == 1):
                self.names = [self._name(cell.text) for cell in row]
            elif _is_title(filled) and not any(COUNTED.search(cell.text.text) or self._said(cell) for cell in filled):
                self.titles += [cell.text for cell in filled]  # or what is left of one
            else:
                label = Label(filled[0].text.span(), "this row")
                raise ParseError(
                    Diagnostic("V115", "a row above the layers that says nothing known", (label,), "leave it out")
                )
        return rest

    def _no_name_twice(self) -> None:
        """Networks of one name couldn't be told apart: by `--column`, or below a claim."""
        seen = dict[str, Excerpt]()
        for name in self.names:
            if name and (first := seen.setdefault(name.text, name)) is not name:
                labels = Label(first.span(), "the first"), Label(name.span(), "the second")
                help = "give each column a name of its own"
                raise ParseError(Diagnostic("V115", f"two columns are named {name.text}", labels, help))

    def _no_column_of_one(self) -> None:
        """A cell too many in one row, or a heading too many, makes no network."""
        count = [0] * self.width
        last: list[Cell | None] = [None] * self.width
        for row in self.body:
            filled = [cell for cell in row if cell.text and len(cell.columns) == 1]
            for cell in filled if len(filled) > 1 else ():
                count[cell.columns.start] += 1
                last[cell.columns.start] = cell
        least = 1 if any(self.names) else 2
        for column, own in enumerate(last):
            if count[column] < least <= 2 <= max(count):
                at = own.text if own is not None else self.names[column]
                message = f"`{at.text}` stands in a column of its own"
                label = Label(at.span(), "this cell")
                help = "give every row as many cells, empty ones too"
                raise ParseError(Diagnostic("V115", message, (label,), help))

    def _no_short_row(self) -> None:
        """Cells of a row in which one is missing stand below columns that they may not be of."""
        for row in [*self.body, *([self.counts] if self.counts else [])]:
            reach = _width(row)
            is_full = reach == self.width or reach == 1 or not all(cell.text for cell in row)
            if is_full or _INPUT.fullmatch(joined((cell.text for cell in row), "", self.source).text):
                continue
            message = f"this row has cells for {reach} of {self.width} columns: whose is missing isn't told"
            label = Label(row[0].text.span(), "this row")
            help = "give every row as many cells, empty ones too"
            raise ParseError(Diagnostic("V115", message, (label,), help))

    def _notes(self) -> Iterator[tuple[str, Excerpt]]:
        """What isn't shown, also in what is no row of the table: the columns that it is of, and the rules."""
        names = [name.text for name in self.names]
        for line in Excerpt.of(self.source).split(r"\n"):
            said = plain(line)
            if (match := _NOT_SHOWN.fullmatch(said.text)) is None:
                continue
            of = match[1] or ", ".join(names)
            strange = set(of.split(", ")) - set(", ".join(names).split(", "))
            if strange:
                label = Label(said.part(match, 1).span(), "these columns")
                help = f"the columns are {listed(names)}"
                raise ParseError(Diagnostic("V115", f"there is no column {listed(sorted(strange))}", (label,), help))
            yield f", {of}, ", said.part(match, 2)

    def _completed(self, row: Row) -> None:
        """`11 weight` and, a row below, `layers`."""
        assert self.counts is not None
        by_column = {cell.columns.start: cell for cell in row}
        self.counts = [
            Cell(joined([cell.text, by_column[cell.columns.start].text], " ", self.source), cell.columns)
            if cell.columns.start in by_column
            else cell
            for cell in self.counts
        ]

    def _name(self, cell: Excerpt) -> Excerpt:
        plain = cell.text.translate(_LOOKALIKES)
        if plain != cell.text:
            self.repaired.append((f"Cyrillic {cell.text} read as {plain}", cell))
        return Excerpt(self.source, plain, cell.places)

    def column(self, index: int) -> Reading:
        draft = Draft(self.source, self.names[index].text)
        for title in self.titles:
            draft.beside(title)
        for text, at in self.repaired:
            if at.places == self.names[index].places:
                draft.repaired(text, at)
        if self.is_uncut:
            draft.repaired(f"{SAID}: a layer a cell; what stands alone, if it isn't a convolution, is of all", self.at)
        for columns, text, at in self.assumed:
            if index in columns:
                draft.assumed(text, at)
        draft.line()
        for row in self.body:
            self._row(draft, row, index)
            draft.line()
        for of, rules in self.notes:
            for rule in rules.split("; ") if f", {draft.name}, " in of else ():
                draft.put(rule.text, rule)
                draft.line()
        self._count(draft, index)
        self._claim_params(draft, index)
        return draft.reading()

    def _count(self, draft: Draft, index: int) -> None:
        for cell in self.counts or ():
            match = COUNTED.fullmatch(cell.text.text) or _BROKEN_OFF.fullmatch(cell.text.text)
            if index not in cell.columns or not cell.text.text:
                continue
            if match is None:
                draft.refuse(f"`{cell.text.text}` is no number of layers", cell.text, "write `11 weight layers`")
                continue
            draft.put(f"claim weight-layers {match[1]}", cell.text)
            draft.line()

    def _claim_params(self, draft: Draft, index: int) -> None:
        for counts in self.params:
            figure = vgg_params.figure_of(counts, index, [name.text for name in self.names])
            if figure is not None:
                draft.put(vgg_params.claimed(figure, counts.unit), figure)
                if not counts.is_named:
                    draft.assumed("the figures below the layers are numbers of parameters", figure)
                draft.line()

    def _row(self, draft: Draft, row: Row, index: int) -> None:
        filled = [cell for cell in row if cell.text]
        own = next((cell for cell in filled if index in cell.columns), None)
        if isinstance(own, vgg_uncut.Torn):
            draft.refuse(own.why, own.text, HELP)
            return
        is_whole = len(row) == 1
        if own is not None and len(filled) == self.width and all(_INPUT.fullmatch(cell.text.text) for cell in filled):
            filled = [own]  # Markdown can't merge cells
        whole = joined((cell.text for cell in filled), "", self.source)
        if (size := _INPUT.fullmatch(whole.text)) is not None:
            _input(draft, whole, size, is_torn=len(filled) > 1)
            return
        if len(filled) == 1 and not is_whole and self._reaches and len(filled[0].columns) < self.width:
            self._put(draft, self._phrases(draft, filled[0].text) if own is not None else [])
            return
        if any(row is each for each in self._end):
            self._put(draft, self._phrases(draft, filled[0].text))
            why = "the last rows are of all columns: no other convolution fits the softmax"
            draft.assumed(why, filled[0].text, once=True)
            return
        if len(filled) == 1 and not is_whole and (self._repeats or self._could_be_shared(filled[0])):
            self._open(draft, filled[0].text)
            return
        if len(filled) == 1 and (own is None or is_whole):
            found = self._phrases(draft, filled[0].text)
            if heads(found):
                self._put(draft, found)
                if not is_whole:
                    self._shared(draft, filled[0].text)
            elif found and is_whole and filled[0].columns != range(self.width):
                self._open(draft, filled[0].text)
            elif own is not None:
                self._put(draft, found)
            return
        if own is not None:
            self._put(draft, self._phrases(draft, own.text))
            return
        if not is_whole:
            for cell in filled:  # what isn't this column's must be readable, too: it may be a row for all, torn apart
                self._phrases(draft, cell.text)

    def _open(self, draft: Draft, alone: Excerpt) -> None:
        message = f"`{alone.text}` stands alone in its row: it could be of one column or of all"
        draft.refuse(message, alone, _ALONE)

    @cached_property
    def _reaches(self) -> bool:
        """Whether the text itself says what is of all columns: cells of LaTeX and HTML reach over them."""
        return self.is_merging and is_marked_up(self.source)

    @cached_property
    def _end(self) -> list[Row]:
        """The last rows, of a cell in the first column each, where they are plainly of all columns: the softmax has as
        many ways as a convolution among them has filters, and as none above has."""
        wide = [at for at, row in enumerate(self.body) if any(cell.text and cell.columns.start for cell in row)]
        above, tail = self.body[: wide[-1] + 1] if wide else [], self.body[wide[-1] + 1 :] if wide else []
        *_, last = ["", *(phrase.text for row in tail for cell in row if cell.text for phrase in self._said(cell))]
        ways = re.fullmatch(r"softmax -> (\d+)", last)
        is_told = ways is not None and self._filters(tail)[-1:] == [ways[1]] and ways[1] not in self._filters(above)
        return tail if is_told and not self.is_uncut else []

    def _filters(self, rows: Sequence[Row]) -> list[str]:
        said = (phrase.text for row in rows for cell in row if cell.text for phrase in self._said(cell))
        return [found[1] for text in said if (found := re.match(r"conv[\dx]+-(\d+)", text))]

    @cached_property
    def _repeats(self) -> bool:
        """Whether what is of all columns stands in each, a pool, an FC or a softmax."""
        rows = ([self._said(cell) for cell in row] for row in self.body if len(row) == self.width)
        return any(all(map(heads, row)) and len({" ".join(p.text for p in cell) for cell in row}) == 1 for row in rows)

    def _could_be_shared(self, alone: Cell) -> bool:
        """A convolution where pools of all columns stand: left out of the others, it would be other networks."""
        found = self._said(alone)
        return bool(found) and not heads(found) and alone.columns.start in self._shares

    @cached_property
    def _shares(self) -> set[int]:
        """Columns in which cells of all columns stand, as merged ones are pasted into Markdown."""
        rows = [[cell for cell in row if cell.text] for row in self.body if len(row) > 1]
        return {filled[0].columns.start for filled in rows if len(filled) == 1 and heads(self._said(filled[0]))}

    @staticmethod
    def _said(cell: Cell) -> list[Phrase]:
        try:
            return phrases(cell.text)
        except UnreadableError:
            return []

    @cached_property
    def _merges(self) -> bool:
        """Whether rows with one cell are plainly of all columns: these stand in the first, as merged cells are pasted,
        and with them the end of the network, which the others would lack."""
        alone = [filled[0] for row in self.body if len(row) > 1 and len(filled := [c for c in row if c.text]) == 1]
        is_end = any(re.match("(?:fc|soft-?max|fully)", cell.text.text, re.IGNORECASE) for cell in alone)
        return is_end and {cell.columns.start for cell in alone} == {0}

    def _shared(self, draft: Draft, cell: Excerpt) -> None:
        if not self._merges:
            draft.assumed(
                "what stands alone in its row, a pool, an FC or a softmax, is of all columns", cell, once=True
            )

    def _phrases(self, draft: Draft, cell: Excerpt) -> list[Phrase]:
        try:
            return phrases(cell)
        except UnreadableError as error:
            draft.refuse(error.message, error.at, error.help)
            return []

    def _put(self, draft: Draft, found: Sequence[Phrase]) -> None:
        for phrase in found:
            draft.put(phrase.text, phrase.at)
            if phrase.assumed:
                draft.assumed(phrase.assumed, phrase.at)


def _width(row: Row) -> int:
    return max((cell.columns.stop for cell in row), default=0)


def _is_title(filled: Sequence[Cell]) -> bool:
    """Whether a row may be the table's title, in one cell or torn into several."""
    return len(filled) == 1 or all(len(cell.text) <= 16 for cell in filled)


def _is_input(cell: Cell) -> bool:
    return re.match(r"(?:in)?put\b", cell.text.text, re.IGNORECASE) is not None


def _input(draft: Draft, whole: Excerpt, size: re.Match[str], *, is_torn: bool) -> None:
    words = " ".join(size[3].split())
    channels = size[2] or ""
    text = f"input ({size[1]}{channels} {words})" if words and not channels else f"input {size[1]}{channels}"
    told = draft.told.size if draft.told is not None else None
    if told is not None and not channels and size[1] == f"{told.h}x{told.w}":
        channels = f"x{told.c}"
        draft.put(f"input {told}", whole)
        draft.comment(f"told: {told.c} channels")
    elif not channels and not re.search(r"rgb|colou?r|gr[ae]y", words, re.IGNORECASE):
        draft.put(f"input {size[1]}x3", whole)
        draft.assumed("3 channels: none are printed", whole)
    else:
        draft.put(text, whole)
    if is_torn:
        draft.repaired("the input's row, which was torn into cells", whole)
    if not whole.text.lower().startswith("in"):
        draft.repaired(f"`{whole.text.split()[0]}` read as `input`", whole)


register(Notation("vgg-table", recognises, read, title=TITLE))
