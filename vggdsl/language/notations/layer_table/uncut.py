"""A table of layers whose cells stand behind single blanks."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.language.notations.excerpt import Excerpt, joined
from vggdsl.language.notations.grid import Cell, Row
from vggdsl.language.notations.layer_table.cells import layer_of
from vggdsl.language.notations.layer_table.columns import Column, columns, is_heading, telling
from vggdsl.language.notations.layer_table.facts import KNOWN, facts, kinds_in
from vggdsl.language.notations.layer_table.layer import Layer, width_of
from vggdsl.language.notations.layer_table.taking import LONGEST_LIST
from vggdsl.language.notations.registry import Reading
from vggdsl.language.notations.uncut import HELP, Cut, cuts, joinings, pieces, shown, true_to_print
from vggdsl.text.errors import Diagnostic, Label, ParseError

_ABOVE = 4
"""Lines at most above the heading."""
_TALLEST = 6
"""Lines of a heading at most, whose words are broken."""
_ROW = 3
"""Lines of a row at most, whose cells are broken."""
_MOST = 256
"""Tables, and beginnings of them, that are tried at most: of more, none is told from the others."""
_BESIDE = ("params", "macs")
"""Columns whose cells say what a layer has nothing of."""
_OF_A_NAME = {"kind", "pointwise", "whole", "times", "stride", "number", "rate"}
"""Facts that may stand beside a layer's name, where the others have columns of their own."""
_OF_NUMBERS = ("filter", "stride", "pad", "width", "output", "input", "takes", "repeat", "params", "macs")
"""Columns whose cells name no layer, but `Pool 7x7`."""
_WITNESSES = ("conv", "conv dw", "max pool", "fc", "softmax", "bn", "dropout", "leaky relu", "input")
"""Layers of which one takes what a cell may say."""

_NARROW = {
    **dict.fromkeys(("name", "stride", "pad", "output", "input"), re.compile(r"\S+")),
    "activation": re.compile(r"[^\d]+"),
    "width": re.compile(r"(?!.*\d \d).+"),
}
"""What cells are without separators in columns that take sentences, too: these would take a neighbour's."""

Reader = Callable[[Sequence[Row]], Reading]


@dataclass(frozen=True)
class _Line:
    """A row of the text, and the cuts of it that say different things."""

    text: Excerpt
    cuts: tuple[Cut, ...]

    @property
    def form(self) -> str:
        """Lines of one form are cut alike."""
        return re.sub(r"\d+", "0", self.text.text.lower())


def has_heading(lines: Sequence[Excerpt]) -> bool:
    """Whether columns that are known stand over a line that fits them."""
    return any(_cut(head, line) for head, below in _headings(lines) for line in below[:_TALLEST])


def read(lines: Sequence[Excerpt], reader: Reader) -> Reading | None:
    """The network of a text, read by its only cut, or by the only one that is true of what is printed; None where no
    heading is. Raises ``ParseError`` V115 at a line that can't be cut, or in several ways."""
    wrong, tables = list[ParseError](), list[tuple[Cut, list[_Line]]]()
    for head, below in _headings(lines):
        try:
            tables.append((head, _rows(head, below)))
        except ParseError as error:
            wrong.append(error)
    if not tables:
        if wrong:
            raise max(wrong, key=lambda error: error.diagnostics[0].labels[0].span.start)
        return None
    tables.sort(key=lambda table: len(table[0]))
    if len(tables) == 1 and all(len(line.cuts) == 1 for line in tables[0][1]):
        ((head, rows),) = tables
        return reader([_row(head), *(_row(line.cuts[0]) for line in rows)])
    held = dict[str, tuple[Reading, list[Cut]]]()
    refused = dict[object, Reading]()
    budget = iter(range(_MOST))
    for head, rows in tables:
        for cut in _chosen(head, rows, reader, budget, refused):
            found = reader([_row(head), *map(_row, cut)])
            if (digest := true_to_print(found)) is not None:
                held.setdefault(digest, (found, cut))
    if len(held) == 1 and next(budget, None) is not None:
        return next(iter(held.values()))[0]
    if len(held) > 1:
        (_, first), (_, second), *_ = held.values()
        raise _several(*next(pair for pair in zip(first, second, strict=False) if pair[0] != pair[1]))
    if refused and not held and all(len(line.cuts) == 1 for line in tables[0][1]) and next(budget, None) is not None:
        return next(iter(refused.values()))  # of the plainest cut
    row = next((line for line in tables[0][1] if len(line.cuts) > 1), None)
    raise _several(*(row.cuts[:2] if row is not None else [head for head, _ in tables][:2]))


def _headings(lines: Sequence[Excerpt]) -> Iterator[tuple[Cut, Sequence[Excerpt]]]:
    """The headings that the first lines may be, and the lines below."""
    for first in range(min(_ABOVE, len(lines))):
        found = [
            (cut, lines[last:])
            for last in range(first + 1, min(first + _TALLEST, len(lines) - 1) + 1)
            for whole in joinings(lines[first:last])
            for cut in pieces(whole, _heads)
            if is_heading(heads := columns(_row(cut), in_any_order=False), strange=0)
            and len({each.role for each in heads}) == len(cut)
        ]
        if found:
            yield from found
            return


def _heads(text: Excerpt) -> bool:
    return not {"", "?"} & set(columns([Cell(text, range(1))], in_any_order=False)[0].roles)


def _row(cut: Cut) -> Row:
    return [Cell(text, range(at, at + 1)) for at, text in enumerate(cut)]


def _rows(head: Cut, lines: Sequence[Excerpt]) -> list[_Line]:
    """The rows of a table. A line that is none by itself is the rest of the one above it, or goes on below."""
    rows, at = list[_Line](), 0
    while at < len(lines):
        alone = _cut(head, lines[at])
        if alone:
            rows.append(_Line(lines[at], alone))
            at += 1
            continue
        joins = [(1, joining) for joining in (joinings([rows[-1].text, lines[at]]) if rows else [])]
        for count in range(2, min(_ROW, len(lines) - at) + 1):
            joins += [(count, joining) for joining in joinings(lines[at : at + count])]
        found = dict[int, _Line]()
        for count, line in joins:
            if ways := _cut(head, line):
                found.setdefault(count, _Line(line, ways))
        if len(found) != 1 and (stranger := _stranger(head, lines[at])) is not None:
            message = f"`{stranger.text}` is no layer that is known"
            raise ParseError(Diagnostic("V115", message, (Label(stranger.span(), "this"),), KNOWN))
        if len(found) != 1:
            columns = " | ".join(cell.text for cell in head)
            message = f"this line can't be cut into cells of `{columns}`"
            raise ParseError(Diagnostic("V115", message, (Label(lines[at].span(), "this line"),), HELP))
        ((count, row),) = found.items()
        rows = [*(rows if count > 1 else rows[:-1]), row]
        at += count
    return rows


def _stranger(head: Cut, line: Excerpt) -> Excerpt | None:
    """The first word of a line that would be a row, if that were a layer's."""
    first = re.match(r"[A-Za-z]\w*", line.text)
    if first is None or kinds_in(line[: first.end()]) or not re.search(r"\d", line.text[first.end() :]):
        return None
    rest = line[first.end() :]
    known = Excerpt(line.source, "conv", [line.places[0]] * 4)
    return line[: first.end()] if _cut(head, known + rest) else None


def _cut(head: Cut, line: Excerpt) -> tuple[Cut, ...]:
    """The cuts of a line that are rows of a table, one for each thing that they say."""
    found = columns(_row(head))
    roles = telling(found, [])

    def column(at: int) -> Callable[[Excerpt], bool]:
        return lambda text: _may_say(found[at], roles[at], text)

    said = dict[object, Cut]()
    for cut in cuts(line, [column(at) for at in range(len(found))]):
        draft = Draft(line.source)
        layer = layer_of(draft, _row(cut), found, roles)
        if not draft.wrong and {"kind", "description"} & layer.cells.keys() and _has_width(layer):
            cells = {name: text for name, text in layer.cells.items() if name in _BESIDE}
            behind = [replace(part, at=line) for part in layer.behind]
            said.setdefault(repr((replace(layer, at=line, cells={}, output_at=None, behind=behind), cells)), cut)
    return tuple(cut for cut in said.values() if not any(_lacks(cut) > _lacks(other) for other in said.values()))


def _lacks(cut: Cut) -> set[int]:
    """The columns that a cut leaves empty: a figure that fits one is no part of its neighbour's cell."""
    return {at for at, cell in enumerate(cut) if not cell.text}


def _has_width(layer: Layer) -> bool:
    """Whether a layer that needs a number of channels or values has one: without it, it would be refused."""
    return layer.kind not in ("conv", "FC") or width_of(layer) is not None or layer.third is not None


@lru_cache(maxsize=4096)
def _may_say(column: Column, role: str, text: Excerpt) -> bool:
    """Whether a cell of a column may read so."""
    if role in _NARROW and _NARROW[role].fullmatch(text.text) is None:
        return False
    if role == "name":
        return True
    if role == "kind":
        return _is_name(text)
    cell = Cell(text, range(1, 2))
    if role in _OF_NUMBERS and {*kinds_in(text)} - {"pool"}:
        return False
    for witness in _WITNESSES:
        draft = Draft(text.source)
        kind = Cell(Excerpt(text.source, witness, text.places[:1]), range(1))
        layer_of(draft, [kind, cell], [Column(kind.text, ("kind",)), column], ["kind", role])
        if not draft.wrong:
            return True
    return False


def _is_name(text: Excerpt) -> bool:
    """Whether a cell says what a layer is, and little else."""
    try:
        said = facts(text)
    except UnreadableError:
        return False
    names = {fact.name for fact in said}
    counts = all(fact.numbers[0] <= LONGEST_LIST for fact in said if fact.name == "number")
    return "kind" in names and names <= _OF_A_NAME and counts


def _chosen(
    head: Cut, rows: Sequence[_Line], reader: Reader, budget: Iterator[int], refused: dict[object, Reading]
) -> Iterator[list[Cut]]:
    """The tables that rows may be, of which lines of one form are cut alike, as far as the rows before each fit.

    Those that don't go to ``refused``, by what is wrong with them, and where.
    """
    by_form = dict[str, dict[tuple[int, ...], None]]()
    for line in rows:
        shapes = dict.fromkeys(map(_shape, line.cuts))
        by_form[line.form] = {each: None for each in by_form.get(line.form, shapes) if each in shapes}

    def ways(cut: list[Cut], of: Mapping[str, tuple[int, ...]]) -> Iterator[list[Cut]]:
        while len(cut) < len(rows) and (line := rows[len(cut)]).form in of:
            cut = [*cut, next(each for each in line.cuts if _shape(each) == of[line.form])]
        if next(budget, None) is None:
            return
        found = reader([_row(head), *map(_row, cut)])
        if not _fit(found, cut):
            assert isinstance(found.outcome, ParseError)
            first = found.outcome.diagnostics[0]
            refused.setdefault((first.message, first.labels[0].span.start), found)
            return
        if len(cut) == len(rows):
            yield cut
            return
        for shape in by_form[line.form]:
            yield from ways(cut, {**of, line.form: shape})

    if all(by_form.values()):  # else no cut is that of all lines of a form
        yield from ways([], {form: shape for form, (shape, *others) in by_form.items() if not others})


def _fit(reading: Reading, cut: Sequence[Cut]) -> bool:
    """Whether nothing is wrong with the rows of a table but the last, of which those below may tell more."""
    if not isinstance(reading.outcome, ParseError) or not cut:
        return True
    last = min(cell.places[0] for cell in cut[-1] if cell)
    return all(label.span.start >= last for each in reading.outcome.diagnostics for label in each.labels)


def _shape(cut: Cut) -> tuple[int, ...]:
    """Words of each cell."""
    return tuple(len(cell.text.split()) for cell in cut)


def _several(first: Cut, second: Cut) -> ParseError:
    """A line that could be cut in several ways."""
    whole = joined(first, " ", first[0].source)
    message = f"this line could be {shown(first)} or {shown(second)}: what is printed tells neither from the other"
    return ParseError(Diagnostic("V115", message, (Label(whole.strip().span(), "this line"),), HELP))
