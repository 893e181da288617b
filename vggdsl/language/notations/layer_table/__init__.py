"""Tables with a row a layer: what it is, its window, what it gives.

As MiniVGG's `CONV | 32x32x32 | 3x3, K = 32`, Darknet-19's `Convolutional | 32 | 3x3 | 224x224` and MobileNet's
`Conv dw / s1 | 3x3x32 dw | 112x112x32`: the words of the heading tell which column is which. A table that lies on its
side has them in its first column, and a list of layers is a table of descriptions without a heading.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.language.notations.excerpt import Excerpt, joined
from vggdsl.language.notations.grid import Cell, Row, rows_of, width
from vggdsl.language.notations.layer_table import both, kernels, sides, tensors, uncut
from vggdsl.language.notations.layer_table.abroad import is_foreign
from vggdsl.language.notations.layer_table.cells import layer_of
from vggdsl.language.notations.layer_table.columns import (
    KNOWN,
    UNREAD,
    Column,
    columns,
    explained,
    has_networks,
    is_heading,
    names_alone,
    ranges,
    says_layers,
    strange,
    telling,
    transposed,
    with_convolutions,
)
from vggdsl.language.notations.layer_table.continued import continued, without_labels
from vggdsl.language.notations.layer_table.facts import facts
from vggdsl.language.notations.layer_table.figures import FIGURE
from vggdsl.language.notations.layer_table.layer import Total
from vggdsl.language.notations.layer_table.named import with_heading
from vggdsl.language.notations.layer_table.parted import named, parted, refuse_listed, spread, without_titles
from vggdsl.language.notations.layer_table.refused import refuse_nameless
from vggdsl.language.notations.layer_table.residual import blocks
from vggdsl.language.notations.layer_table.rows import Table
from vggdsl.language.notations.layer_table.stranger import of_list, saying_layers, stranger
from vggdsl.language.notations.layer_table.whole import networks_in
from vggdsl.language.notations.layer_table.written import TITLE, write
from vggdsl.language.notations.registry import Notation, Reading, register
from vggdsl.language.notations.summaries import is_printed, is_size
from vggdsl.language.notations.uncut import SAID, even, is_uncut
from vggdsl.text.errors import Diagnostic, Label, ParseError
from vggdsl.text.source import Source

_HEADS = 4
"""In so many rows a heading is looked for: above it stands a caption."""
_ROWS = 1000
"""Rows at most: the cells of more take minutes."""
_FEW = 5
"""One line of so many at most may say no layer, where bullets or arrows show a list: it is refused."""
_CELLS = re.compile(r"[|&\t]|<t[dh]\b", re.IGNORECASE)
"""What parts the cells of a table."""
_PREPARES = re.compile(r"re-?scal(?:e|ing)\d?", re.IGNORECASE)
_WHY = {
    "prose": "it explains the others",
    "measured": "figures of so many digits are measured, not chosen",
    "running": "these are sums of the rows so far",
}
"""Why a column isn't read."""
_LONGEST = 400
"""Lines of a list at most."""


def recognises(source: Source) -> bool:
    """By a heading of columns that are known, one of them of types and one of windows or sizes."""
    text = source.text
    if re.search(r"#\d ?x ?\d|\bx[13]x[13]\b", text, re.IGNORECASE) or not (
        _any_kind(text) or is_foreign(text) or _says_convolutions(text)
    ):
        return False
    if is_printed(text):
        return False
    rows = _rows(source)
    if is_uncut(rows) or _is_list(rows):
        return _is_list(rows) or uncut.has_heading([row[0].text for row in rows])
    return _found(rows, strange=2) is not None and networks_in(rows) is None


def _says_convolutions(text: str) -> bool:
    """Cheap: whether lines say convolutions, with their windows or numbered, and a layer that ends a network."""
    lines = re.findall(r"\bconv\w*[., ]*\(\d+ ?[x×] ?\d+|^ *\d{1,3}[.)] .*conv", text, re.IGNORECASE | re.MULTILINE)
    return len(lines) > 1 and re.search(r"dense|\bfc|fully|softmax|pool", text, re.IGNORECASE) is not None


def _any_kind(text: str) -> bool:
    """Cheap: whether a word of the heading, or an input, and a layer are there at all."""
    words = (
        r"\b(layers?|type|operations?|op|name|stage|input)\b",
        (
            r"(?<![^\W_])(filter|kernel|size|output|patch|description|details|neurons|units|channels|input|param|weight"
            r"|shape|support|hyper|height|width)|\bm\W+r\W+n\b|\bh\W+w\b|\bw\W+h\b|\d ?[x×] ?\d"
        ),
        r"(conv|pool|\bfc|dense|fully|soft-?max|\.weight\b)",
    )
    return all(re.search(word, text, re.IGNORECASE) for word in words)


def _rows(source: Source) -> list[Row]:
    """The rows that say something, in English; with the first thing that sizes in several columns may be of."""
    return _ways(source)[0]


def _ways(source: Source) -> list[list[Row]]:
    rows = list(with_heading(source).rows)
    lines = [row[0].text for row in rows]
    if is_uncut(rows) and (words := even(lines)) and not uncut.has_heading(lines):
        ways = sides.together(source, words, _HEADS)
        if _found(ways[0], strange=0) is not None:
            return ways
    return sides.together(source, rows, _HEADS)


def _found(rows: Sequence[Row], strange: int) -> tuple[Sequence[Row], int] | None:
    """The table, upright, and which of its rows is the heading, of which so many columns aren't known."""
    for at in range(min(_HEADS, len(rows))):
        found = explained(columns(rows[at]), rows[at + 1 :])
        if is_heading(found, strange) or (names_alone(found) and says_layers(rows[at + 1 :])):
            return rows, at
    sides = [row for row in rows if not _lacks_cells(row)]
    if len(sides) > 2 and len({len(row) for row in sides}) == 1 and len(rows) - len(sides) < 2:
        upright = transposed(sides)
        names_kinds = any(_OF_ROWS.fullmatch(cell.text.text) for cell in upright[0])
        found = columns(upright[0])
        if not names_kinds and is_heading(found, strange) and not has_networks(found, upright[1:]):
            return upright, 0
    return None


_OF_ROWS = re.compile(
    r"(?:conv(?:olution(?:al)?)?|fc|dense|fully[ -]connected|linear|soft-?max)(?: layer)?[ _]?\d{0,2}", re.I
)
"""Of a first column that says what the layers of its rows are: no table that lies on its side has it."""


def _lacks_cells(row: Row) -> bool:
    """Of a table that lies on its side, whether a row has no cell for each layer: a caption, or one that is torn."""
    return len(row) < 3


_BULLET = re.compile(r"\s*(?:(?:[*•-]|\d{1,3}[.)]|[└├│─>]+|->|→|↓|=>)\s+)+")
_ARROW = re.compile(r"[\s|│v↓▼⬇]+|->|=>|→")
"""A line between layers that says but where to go."""
_SENTENCE = re.compile(r"\d ?x ?\d+ (conv|max|av)|\bconv\w*[.,:( ].*\d ?x ?\d", re.IGNORECASE)


def _is_list(rows: Sequence[Row]) -> bool:
    """Whether the rows are sentences that say layers, an input first."""
    if not 3 <= len(rows) <= _LONGEST or any(sum(bool(cell.text) for cell in row) > 1 for row in rows):
        return False
    texts = _entries(rows)
    if not texts:
        return False
    is_input = re.match(r"input\b.*\d ?[x,] ?\d", texts[0].text, re.IGNORECASE) is not None
    is_listed = all(_BULLET.match(row[0].text.text) for row in rows)
    is_whole = all(
        re.match(r"(\d+ ?(ch|filters),? )?((2-?d )?conv|max|dense|fc|fully)", text.text, re.I) for text in texts
    )
    if not (is_input or is_listed or is_whole) or sum(_SENTENCE.search(text.text) is not None for text in texts) < 2:
        return False
    wrong, some = 0, 1 if is_listed or is_whole or len(texts) < len(rows) else 0
    for text in texts:  # of a long text the first lines that are none end it
        try:
            wrong += all(fact.name != "kind" for fact in facts(text))
        except UnreadableError:
            wrong += 1
        if wrong * _FEW > len(texts) * some:
            return False
    return True


def _entries(rows: Sequence[Row]) -> list[Excerpt]:
    """The lines of a list, without bullets, and without arrows between."""
    found = list[Excerpt]()
    for row in rows:
        text = next((cell.text for cell in row if cell.text), row[0].text)
        bullet = _BULLET.match(text.text)
        if not _ARROW.fullmatch(text.text):
            found.append(text[bullet.end() :] if bullet else text)
    return found


def read(source: Source) -> Sequence[Reading]:
    """The one network of a table; of sizes that may be of several things, the way in which all sizes hold."""
    return sides.only_true(_ways(source), lambda rows: _read(source, rows))


def _read(source: Source, rows: Sequence[Row]) -> Sequence[Reading]:
    if len(rows) > _ROWS:
        label = Label(rows[_ROWS][0].text.span(), "this row")
        raise ParseError(Diagnostic("V115", f"a table of more than {_ROWS:,} rows", (label,), "paste one network"))
    if _is_list(rows):
        draft = Draft(source)
        entries = [row for text in _entries(rows) for row in parted([Cell(text, range(1))], ["kind"])]
        found = [Column(Excerpt(source, "", ()), ("kind",))]
        Table(draft, [layer_of(draft, row, found, ["kind"]) for row in entries]).tell()
        return [draft.reading()]
    if is_uncut(rows):
        lines = [row[0].text for row in rows]
        cut = uncut.read(lines, lambda cut: _reading(source, cut, _above(lines, cut[0])))
        if cut is not None:
            return [cut]
    table = _found(rows, strange=0) or _found(rows, strange=len(rows[0]) if rows else 0)
    if table is None:
        near = stranger(source, rows, _HEADS)
        label = near.labels[0] if near is not None else Label(Excerpt.of(source).strip().span(), "this")
        message = near.message if near is not None else "there is no heading of columns that are known"
        raise ParseError(Diagnostic("V115", message, (label,), near.help if near is not None else KNOWN))
    upright, at = table
    unknown = strange(explained(columns(upright[at]), upright[at + 1 :]))
    if not unknown:
        return [_below(source, rows, upright, at)]
    wrong = [Diagnostic("V115", "a column that isn't known", (Label(each.span(), "this"),), KNOWN) for each in unknown]
    try:  # what else is wrong is told in the same run
        outcome = _below(source, rows, upright, at).outcome
    except ParseError as error:
        outcome = error
    raise ParseError([*wrong, *(outcome.diagnostics if isinstance(outcome, ParseError) else ())])


def _below(source: Source, rows: Sequence[Row], upright: Sequence[Row], at: int) -> Reading:
    """The network of the rows below a heading; of columns that aren't known nothing is read."""
    beside = upright[:at] if upright is rows else list(filter(_lacks_cells, rows))
    for row in beside:
        message = "a row above the heading that says nothing known"
        if upright is not rows and row is not rows[0]:
            message = "a row that hasn't a cell for each layer"
        elif sum(bool(cell.text) for cell in row) < 2:
            continue
        text = joined([cell.text for cell in row], " ", source)
        raise ParseError(Diagnostic("V115", message, (Label(text.span(), "this row"),), "leave it out"))
    above = [joined([cell.text for cell in row if cell.text], " ", source) for row in beside]
    end = _end(source, upright, at)
    return _reading(source, upright[at:end], above, [row[0].text for row in upright[end:]])


def _end(source: Source, rows: Sequence[Row], head: int) -> int:
    """Where notes begin below a table: with bars, lines without, that aren't a layer nor a total; else sentences."""
    is_barred = any("|" in _line(source, cell.text) for cell in rows[head] if cell.text)
    end = len(rows)
    while end > head + 1 and _is_note(source, rows[end - 1]):
        if not is_barred and (len(rows[head]) < 3 or not _SENTENCE_BELOW.fullmatch(rows[end - 1][0].text.text)):
            break
        end -= 1
    return end


_SENTENCE_BELOW = re.compile(r"[A-Z]\w*(?: \S+){4,}[.!]")


def _is_note(source: Source, row: Row) -> bool:
    text = row[0].text
    if len(row) > 1 or "|" in _line(source, text) or _TOTALLED.fullmatch(text.text) or _TOTAL.fullmatch(text.text):
        return False
    try:
        return _BULLET.match(text.text) is not None or not facts(text)
    except UnreadableError:
        return True


def _line(source: Source, text: Excerpt) -> str:
    """The whole line in which something stands."""
    at = text.places[0]
    return source.text[source.text.rfind("\n", 0, at) + 1 :].partition("\n")[0]


def _stranger(source: Source) -> Diagnostic | None:
    """What isn't known of a table of cells whose rows say layers, or of a list of them."""
    if is_printed(source.text):
        return None
    rows = _rows(source)
    if not _CELLS.search(source.text):
        return of_list(rows, _entries(rows), _BULLET) if len(rows) <= _LONGEST else None
    return stranger(source, rows, _HEADS) if len(rows) <= _ROWS else None


def _has_layers(source: Source) -> bool:
    rows = _rows(source)
    return 2 * len(saying_layers(rows)) >= len(rows) and _found(rows, strange=0) is None


def _heading(source: Source) -> list[str]:
    """The columns of a table by its heading; those that aren't known as such that aren't read. None of one in which
    several are of one size."""
    rows = _rows(source)
    table = _found(rows, strange=len(rows[0])) if rows else None
    if table is None or table[0] is not rows:
        return []
    found = explained(columns(rows[table[1]]), rows[table[1] + 1 :])
    return ["Comments" if "?" in each.roles else each.at.text for each in found] if len(found) == width(source) else []


def _above(lines: Sequence[Excerpt], head: Row) -> list[Excerpt]:
    """The lines above a heading."""
    first = min(cell.text.places[0] for cell in head if cell.text)
    return [line for line in lines if line.places[-1] < first]


def _reading(
    source: Source,
    rows: Sequence[Row],
    above: Sequence[Excerpt],
    below: Sequence[Excerpt] = (),
) -> Reading:
    """The network of a heading and the rows below it."""
    draft = Draft(source)
    with_heading(source).tell(draft)
    sides.tell(draft, rows[0])
    for text in above:
        draft.beside(text)
    head, *rows = rows
    if is_uncut(rows_of(source)):
        whole = joined([cell.text for cell in head], " | ", source)
        draft.repaired(f"{SAID}: `{sides.printed(head)}`", whole)
        draft.line()
    rows = sides.turned(draft, head, rows)
    found = [replace(each, roles=("prose",)) if "?" in each.roles else each for each in explained(columns(head), rows)]
    if any(each.role == "tensor" for each in found):
        rows, found = tensors.layers(draft, rows, found)
        draft.line()
    rows, found = both.told(draft, rows, found)
    body, totals = _body(draft, rows, found)
    roles = telling(found, body)
    body = with_convolutions(draft, body, roles)
    for each in {at.at.text: at for at in found if at.role in UNREAD}.values():
        why = _WHY[each.role]
        draft.assumed(f"what stands below `{each.at.text}` isn't read: {why}", each.at)
        draft.line()
    flops = next(
        (each.at for each in found if re.match("fl", each.at.text, re.IGNORECASE) and each.role == "macs"), None
    )
    refuse_listed(draft, body, roles)
    body, left = continued(draft, without_labels(draft, body, roles), roles)
    body = named(spread(body, roles), roles)
    body = [part for row in without_titles(draft, body) for part in parted(row, roles)]
    body, added = blocks(draft, body, roles)
    body = kernels.in_order(draft, body, roles)
    layers = [layer_of(draft, row, found, roles) for row in body]
    if left and not draft.wrong:
        refuse_nameless(draft, left)
    for at_row, block in added.items():
        layers[at_row].block = block
    for layer, (count, at) in zip(layers, ranges(body, roles), strict=True):
        if count == 0 and layer.repeat == 1:
            why = f"one layer in the row of `{at.text}`: the numbers of the rows don't follow each other"
            draft.assumed(why, at, "if it is of several, write a row for each")
            draft.line()
        if count > 1 and layer.repeat == 1:
            layer.repeat, layer.cells["repeat"] = count, at
    Table(draft, layers, totals, flops=flops).tell()
    for text in below:
        draft.beside(text, "below")
    return draft.reading()


_TOTAL = re.compile(
    r"(grand )?total( (number of )?(trainable )?(params|parameters|weights))?( ?/ ?[a-z ]{3,20})*:?"
    r"|(?P<part>trainable|non-trainable) (params|parameters):?",
    re.IGNORECASE,
)
_TOTALLED = re.compile(
    r"[*•>-]* ?(?P<part>total|trainable|non-trainable)( number of)?( model)? (?:params|parameters|weights)"
    r"( count)?: *(?P<figure>.*\d.*)",
    re.IGNORECASE,
)
"""A line of its own below a table."""
_SIZED = re.compile(r"(?P<figure>\d[\d,]*) \((?P<size>\d+(?:\.\d+)?) (?P<unit>Byte|[KMG]?B)\)", re.IGNORECASE)
"""A number of parameters as Keras prints it, with what they take up."""
_TRAINABLE = re.compile(r"(?P<all>[\d.,]+[KMG]?) ?\((?P<some>[\d.,]+[KMG]?) trainable\)", re.IGNORECASE)


def _body(draft: Draft, rows: Sequence[Row], found: Sequence[Column]) -> tuple[list[Row], list[Total]]:
    """The rows of layers, and those of totals below them."""
    body, totals = list[Row](), list[Total]()
    for row in rows:
        filled = [cell for cell in row if cell.text]
        if len(filled) == 1 and (line := _TOTALLED.fullmatch(filled[0].text.text)) is not None:
            text = filled[0].text
            part = "params" if line["part"].lower() == "total" else line["part"].lower()
            totals.append(Total(text.part(line, "part"), {part: _sized(draft, text.part(line, "figure"))}))
            continue
        if (total := _TOTAL.fullmatch(filled[0].text.text)) is None:
            if any(_PREPARES.fullmatch(cell.text.text) for cell in filled):
                draft.assumed("images are scaled before the network: that is none of its layers", filled[0].text)
                draft.line()
                continue
            if totals:
                draft.refuse("a row below the total", filled[0].text, "leave it out")
            body.append(row)
            continue
        figures = dict[str, Excerpt]()
        for cell in filled[1:]:
            role = found[cell.columns.start].role if cell.columns.start < len(found) else "?"
            both = _TRAINABLE.fullmatch(cell.text.text)
            figure = _sized(draft, cell.text) if role == "params" else cell.text
            if total["part"] and FIGURE.fullmatch(figure.text):
                figures[total["part"].lower()] = figure
            elif role == "params" and both:
                figures |= {"total-params": cell.text.part(both, "all"), "trainable": cell.text.part(both, "some")}
            elif role in ("params", "macs") and FIGURE.fullmatch(figure.text):
                figures[role] = figure
            elif role not in UNREAD and not re.fullmatch(r"[-\s]*", cell.text.text):
                draft.refuse("a total of what isn't known", cell.text, "leave it out")
        totals.append(Total(filled[0].text, figures))
    return body, totals


def _sized(draft: Draft, cell: Excerpt) -> Excerpt:
    """The figure of a total, without its size in bytes, which is held."""
    match = _SIZED.fullmatch(cell.text)
    if match is None:
        return cell
    figure = cell.part(match, "figure")
    if FIGURE.fullmatch(figure.text) and not is_size(int(figure.text.replace(",", "")), match["size"], match["unit"]):
        text = f"{figure.text} values of 4 bytes aren't {match['size']} {match['unit']}"
        draft.refuse(text, cell, "correct the one or the other")
    return figure


register(
    Notation(
        "layer-table",
        recognises,
        read,
        write,
        title=TITLE,
        has_layers=_has_layers,
        heading=_heading,
        stranger=_stranger,
    )
)
