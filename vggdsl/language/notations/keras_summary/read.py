"""What Keras' ``model.summary()`` prints: a row a layer, with its class, the shape that it gives and its parameters.

Both the form with underscores and that with box-drawing signs; also as a PDF leaves them, with names cut or lost and
cells torn. Sizes of kernels and strides aren't printed: shapes and parameters tell them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt, joined
from vggdsl.language.notations.keras_summary.branches import Branches
from vggdsl.language.notations.keras_summary.written import CLASSES, snake
from vggdsl.language.notations.registry import Reading
from vggdsl.language.notations.summaries import Customs, Row, Teller, is_printed, is_size, lines
from vggdsl.text.errors import Diagnostic, Label, ParseError
from vggdsl.text.source import Source

_UNTOLD = {
    "LeakyReLU": ("LeakyReLU-0.3", "a slope of 0.3"),
    "ELU": ("ELU", "an alpha of 1"),
    "ReLU": ("ReLU", "no bound of a ReLU"),
}
"""Layers of which a summary doesn't print what they are told, by their words with that of Keras."""
_CUSTOMS = Customs("Keras", pads_behind=True, counts_statistics=True, pool_default=True)
_PREPARES = {"Rescaling", "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast"}
"""Classes that do with images what is none of the network's, and have no parameters."""
_ENDS = "softmax at the end: activations of layers aren't printed"
_HEADER = re.compile(r"Layer \(type\)", re.IGNORECASE)
_CLASS = re.compile(r"(?P<name>[\w./-]+)?\s*\(\s*(?P<kind>[A-Za-z]\w*)?\s*\)?")
_FIGURE = r"(\d[\d,]{0,18}(?![\d,]))"
_TOTAL = re.compile(
    rf"(Total|Trainable|Non-trainable|Optimizer) params:\s*{_FIGURE}(?:\s*\((\d+(?:\.\d+)?) (Byte|[KMG]?B)\))?", re.I
)
_MODEL = re.compile(r'\s*Model:\s*"([^"]*)"\s*')
_SHAPES = re.compile(r"\(None(?:, ?\d+)+\)")
_BETWEEN = r"[\t│┃|]| {2,}(?=[^ ])"
_BESIDE = re.compile(r"([\w./-]+ ?\(\s*\w*\)?) ?([\[(]+\s*None.*)")
"""A name that fills its column."""
_REST = re.compile(r"(?!\(?None)\(?[A-Za-z_]\w*\)?|\)|[\[\]'\w./, -]*\[\d+\][\[\]'\w./, ]*")
"""Of a row that goes on: `(MaxPooling2D)`, `conv2d_1[0][0]`."""
_RULE = re.compile(r"[\s_=─━┄-╿+|:-]*|\s*`{3}\w*\s*")
"""A line without words, or the fence of code in Markdown."""
_ABOVE = re.compile(r" {0,3}#{1,6} .*")
"""A heading of Markdown."""


def recognises(source: Source) -> bool:
    """By the heading of its columns; code that builds the model is another notation, and so are PyTorch's shapes."""
    text = source.text
    return (
        _HEADER.search(text) is not None
        and is_printed(text)
        and re.search(r"\bSequential\(|\.add\(|\[-1, ", text) is None
    )


def read(source: Source) -> Sequence[Reading]:
    """A spec a summary."""
    found, name = list[_Summary](), ""
    for line in lines(source):
        if _HEADER.search(line.text):
            found.append(_Summary(source, name))
            name = ""
        if (title := _MODEL.fullmatch(line.text)) is not None:
            name = title[1]
        elif found:
            found[-1].line(line)
        elif not _RULE.fullmatch(line.text) and not _ABOVE.fullmatch(line.text):
            help = "leave what stands above the summary out"
            raise ParseError(Diagnostic("V115", "this is no part of a summary", (Label(line.span(), "here"),), help))
    if not found:
        label = Label(Excerpt.of(source).strip().span(), "this text")
        raise ParseError(Diagnostic("V115", "there is no heading `Layer (type)`", (label,), "paste it, too"))
    return [each.reading() for each in found]


@dataclass(frozen=True)
class _Listed:
    """A row: the name and class, what stands between, the parameters."""

    name: Excerpt
    shape: Excerpt
    params: Excerpt
    inputs: Excerpt | None = None
    """What it is connected to, where that is printed."""


class _Summary:
    def __init__(self, source: Source, name: str) -> None:
        self.source = source
        self.draft = Draft(source, name)
        self.listed: list[_Listed] = []
        self.totals: list[tuple[re.Match[str], Excerpt]] = []
        self.has_inputs = False

    def line(self, line: Excerpt) -> None:
        """Takes a line of the text: a rule, the heading, a row, totals."""
        text, cells = line.text, self._cells(line)
        if _RULE.fullmatch(text) or not cells:
            return
        if (found := list(_TOTAL.finditer(text))) and not _TOTAL.sub("", text).strip():
            self.totals += [(match, line.part(match)) for match in found]
        elif _HEADER.search(text):
            self._header(line)
        elif len(shapes := _SHAPES.findall(text)) > 1 and _SHAPES.sub("", text).strip() in ("", "(None,"):
            self._again(shapes, line.strip())
        elif self.listed and cells and all(_REST.fullmatch(cell.text) for cell in cells):
            for cell in cells:
                self._go_on(cell)
        else:
            self._row(cells, line)

    def _header(self, line: Excerpt) -> None:
        extra = re.search(r"Param #[\s┃|]*(.*?)[\s┃|]*$", line.text)
        self.has_inputs = extra is not None and extra[1].lower() == "connected to"
        if extra is not None and extra[1] and not self.has_inputs:
            self.draft.refuse(f"a column `{extra[1]}` has no reading", line.part(extra, 1), "leave the column out")

    def _again(self, shapes: Sequence[str], line: Excerpt) -> None:
        """The shapes of rows without names, which stand a second time below them."""
        lost = [re.findall(r"\d+", each.shape.text) for each in self.listed if not each.name]
        if [re.findall(r"\d+", shape) for shape in shapes] != lost[: len(shapes)]:
            self.draft.refuse("these shapes are of no rows above them", line, "write each in its row")
            return
        self.draft.repaired("shapes of rows without names, which stand a second time below them", line)
        self.draft.line()

    def _cells(self, line: Excerpt) -> list[Excerpt]:
        cells = [cell for part in line.split(_BETWEEN) if (cell := part.strip())]
        beside = _BESIDE.match(cells[0].text) if cells else None
        return [cells[0].part(beside, 1), cells[0].part(beside, 2), *cells[1:]] if beside is not None else cells

    def _go_on(self, cell: Excerpt) -> None:
        """The rest of a name that was too long for its column, or of what a layer is connected to."""
        last = self.listed[-1]
        if "[" in cell.text and self.has_inputs:
            before = [] if last.inputs is None else [last.inputs]
            self.listed[-1] = replace(last, inputs=joined([*before, cell], " ", self.source))
            return
        name = joined([last.name, cell], " " if cell.text.startswith("(") else "", self.source)
        self.listed[-1] = replace(last, name=name)

    def _row(self, cells: Sequence[Excerpt], line: Excerpt) -> None:
        is_named = re.match(r"\(None|None|[(\[]*\d|[,)\]]", cells[0].text) is None
        name = cells[0] if is_named else Excerpt(self.source, "", line.places[:1])
        rest = joined(cells[1:] if is_named else cells, " ", self.source)
        behind = r"(?:\s+(\S.*))?" if self.has_inputs else "()"
        match = re.fullmatch(rf"(.*[^\s\d,])\s+([\d,]*\d[\d,]*){behind}", rest.text)
        match = match or re.fullmatch(r"(.*\S)\s+([\d,]*\d[\d,]*)()", rest.text)
        if match is None:
            help = "a row is `name (Class)`, the shape, the parameters"
            self.draft.refuse("this row can't be read", line.strip(), help)
            return
        inputs = rest.part(match, 3) if match[3] else None
        self.listed.append(_Listed(name, rest.part(match, 1), rest.part(match, 2), inputs))

    # -- rows as layers

    def reading(self) -> Reading:
        rows = [row for each in self.listed if (row := self._told(each)) is not None]
        rows = self._prepared(rows)
        if not rows or self.draft.wrong:
            if not self.draft.wrong:
                self.draft.refuse("there is no layer", Excerpt.of(self.source).strip(), "paste the rows, too")
            return self.draft.reading()
        prints = any(row.kind in ("activation", "ReLU", "LeakyReLU", "ELU") for row in rows)
        if not prints:
            text = "ReLU behind each convolution and hidden FC: activations of layers aren't printed"
            self.draft.assumed(text, self.listed[0].shape)
        if self.has_inputs:
            self._branches(rows, prints=prints)
        else:
            self._chain(self._mended(rows))
        self._totals()
        return self.draft.reading()

    def _prepared(self, rows: list[Row]) -> list[Row]:
        """Without what prepares the images, which says their size where no input does."""
        while rows and rows[0].kind == "input" and len(rows) > 1 and rows[1].kind == "prepares":
            self._no_params(rows[1])
            if rows[1].shape != rows[0].shape or self.has_inputs:
                self.draft.refuse("what prepares images is read where it keeps their size", rows[1].at, "leave it out")
            rows = [rows[0], *rows[2:]]
        if rows and rows[0].kind == "prepares":
            self._no_params(rows[0])
            return self._prepared([replace(rows[0], kind="input"), *rows[1:]])
        for row in rows:
            if row.kind == "prepares":
                self.draft.refuse("images are prepared before the first layer", row.at, "leave the row out")
        return rows

    def _chain(self, rows: Sequence[Row]) -> None:
        teller = Teller(self.draft, _CUSTOMS)
        if rows[0].kind == "input":
            first, *rows = rows
            teller.input(first.shape, first.shape_at)
            self._no_params(first)
        elif not teller.first(rows, "`input_1 (InputLayer) | (None, 32, 32, 3) | 0`"):
            return
        self.draft.line()
        for index, row in enumerate(rows):
            is_last = index == len(rows) - 1
            teller.tell(self._meant(row, is_last))
            if not self.draft.wrong and is_last and self._ends(row):
                self.draft.put("softmax", row.at)
                self.draft.assumed(_ENDS, row.at)
            self.draft.line()

    def _branches(self, rows: Sequence[Row], *, prints: bool) -> None:
        """Layers by what they are connected to."""
        first, *rest = rows
        if first.kind != "input":
            self.draft.refuse("the first row is no input", first.at, "print the whole summary")
            return
        self._no_params(first)
        graph = Branches(self.draft, _CUSTOMS)
        graph.begin(self.listed[0].name.text.partition(" ")[0], first)
        for listed, row in zip(self.listed[1:], rest, strict=True):
            is_last = row is rest[-1]
            name, inputs = listed.name.text.partition(" ")[0].partition("(")[0], listed.inputs
            graph.connect(name, self._meant(row, is_last), inputs if inputs is not None else listed.name[:0])
            if not prints and row.kind in ("conv", "depthwise", "FC") and not (is_last and row.kind == "FC"):
                graph.behind("ReLU", row)
            if is_last and self._ends(row):
                graph.behind("softmax", row)
                self.draft.assumed(_ENDS, row.at)
        graph.end()

    def _no_params(self, first: Row) -> None:
        if first.params:
            self.draft.refuse("an input has no parameters", first.params_at, "write 0")

    def _told(self, listed: _Listed) -> Row | None:
        kind = self._kind(listed.name)
        numbers = [int(n) for n in re.findall(r"\d{1,9}", listed.shape.text)]
        plain = re.sub(r"[\s(),\[\]]|None|\d", "", listed.shape.text)
        if kind is None:
            return None
        if plain or len(numbers) not in (1, 3) or listed.shape.text.count("None") > 1:
            help = "a shape is `(None, 32, 32, 64)` or `(None, 512)`"
            self.draft.refuse(f"`{listed.shape.text}` is no shape", listed.shape, help)
            return None
        if len(re.findall(r"None", listed.shape.text)) != 1 and len(numbers) == 3:
            self.draft.repaired(f"`{listed.shape.text}` read as (None, {', '.join(map(str, numbers))})", listed.shape)
        params = int(listed.params.text.replace(",", "")[:15])
        at = listed.name if listed.name else listed.shape
        return Row(kind, at, tuple(numbers), listed.shape, params, listed.params)

    def _kind(self, name: Excerpt) -> str | None:
        """Of a class that may be cut: `batch_normalization_1 (Batch`."""
        if not name:
            return "lost"
        match = _CLASS.fullmatch(name.text)
        word = match["kind"] if match else None
        if word in _PREPARES:
            self.draft.assumed(f"{word} is none of the network's layers", name, once=True)
            return "prepares"
        if word in CLASSES:
            return CLASSES[word]
        if match is not None and not name.text.endswith(")"):
            found = [known for known in CLASSES if known.startswith(word or "")]
            named = [known for known in found if snake(known) == re.sub(r"_\d+$", "", match["name"] or "")]
            if len({CLASSES[each] for each in named or found}) == 1:
                return CLASSES[(named or found)[0]]
        bare = [known for known in CLASSES if snake(known) == re.sub(r"_\d+$", "", name.text)]
        if len({CLASSES[each] for each in bare}) == 1:
            self.draft.repaired(f"`{name.text}` read as a {bare[0]}: its class is lost", name)
            return CLASSES[bare[0]]
        known = ", ".join(CLASSES)
        self.draft.refuse(f"`{name.text}` is no layer that is known", name, f"known are {known}")
        return None

    def _meant(self, row: Row, is_last: bool) -> Row:
        """With the function of an activation, its number, and the rate of a dropout."""
        if row.kind == "activation":
            function = "softmax" if is_last else "ReLU"
            text = f"{function}: what an activation computes isn't printed"
            self.draft.assumed(text, row.at, once=True)
            return replace(row, kind=function)
        if row.kind == "dropout":
            self.draft.assumed("a rate of 0.5: none is printed", row.at, once=True)
            return replace(row, kind="dropout-0.5")
        if row.kind in _UNTOLD:
            kind, text = _UNTOLD[row.kind]
            self.draft.assumed(f"{text}, Keras' own: none is printed", row.at, once=True)
            return replace(row, kind=kind)
        return row

    def _ends(self, row: Row) -> bool:
        return row.kind in ("FC", "lost") and len(row.shape) == 1 and row.shape[0] > 1

    def _mended(self, rows: Sequence[Row]) -> list[Row]:
        """With the width of an FC that was misread, where parameters that add up to the total say it."""
        total = next((int(m[2].replace(",", "")) for m, _ in self.totals if m[1].lower() == "total"), None)
        if total != sum(row.params for row in rows):
            return list(rows)
        mended = [rows[0]]
        for row in rows[1:]:
            count = prod(mended[-1].shape)
            units, rest = divmod(row.params, count + 1)
            is_fc = row.kind in ("FC", "lost") and len(row.shape) == 1 and row.params
            if is_fc and not rest and units and row.shape[0] not in (units, row.params // count):
                text = f"{row.shape[0]} read as {units}: {count:,}·{units} + {units} = {row.params:,} parameters"
                self.draft.repaired(text, row.shape_at)
                row = replace(row, shape=(units,))
            mended.append(row)
        return mended

    def _totals(self) -> None:
        for match, at in self.totals:
            measure = {"total": "total-params", "trainable": "params", "non-trainable": "non-trainable-params"}
            word = measure.get(match[1].lower())
            if word is None:
                self.draft.comment(at.text)
                self.draft.line()
                continue
            figure = int(match[2].replace(",", ""))
            self.draft.put(f"claim {word} {figure:,}", at)
            if match[3] is not None and not is_size(figure, match[3], match[4]):
                help = "correct the one or the other"
                self.draft.refuse(f"{figure:,} values of 4 bytes aren't {match[3]} {match[4]}", at, help)
            self.draft.line()
