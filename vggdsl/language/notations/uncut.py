"""Rows whose cells stand behind single blanks, as text has them that is copied out of a PDF's viewer or off a page.

A notation says of each column what its cells look like. A line is cut where its words fit the columns in order; what
fits in several ways is cut as what else is printed needs, or not at all.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice

from vggdsl.language.elaborate import elaborate
from vggdsl.language.notations.excerpt import Excerpt, joined
from vggdsl.language.notations.grid import Cell, Row
from vggdsl.language.notations.registry import Reading
from vggdsl.language.syntax import Size
from vggdsl.network.infer import TypedNode, infer
from vggdsl.text.errors import VggdslError
from vggdsl.text.figures import Figure

Fits = Callable[[Excerpt], bool]
"""Whether a text may be a cell of a column."""
Cut = tuple[Excerpt, ...]
"""The cells of a line, of which those may be empty that the row lacks."""

MOST_CUTS = 200
"""Ways to cut one line: of what has more, none is told from the others."""
_MOST_WORDS = 48
_MOST_LETTERS = 500
_SHOWN = 60
_LONGEST = 12
"""Words of a cell."""
SAID = "cut into cells at single blanks"
HELP = "part the cells by tabs or `|`, empty ones too; a PDF is read with its cells: `vggdsl import PAPER.pdf`"


def is_uncut(rows: Sequence[Row]) -> bool:
    """Whether nothing parts the cells of any row."""
    return all(len(row) == 1 for row in rows)


_LEAST = 3
"""Rows at least, with the heading, of a table whose cells are single words."""
_NARROWEST = 4
"""Columns at least of a table whose cells are single words."""


def even(lines: Sequence[Excerpt]) -> list[Row]:
    """The rows of a table whose lines all have the same number of words, as many as its heading: a word a cell. None of
    what is no such table."""
    words = [line.split(r"\s+") for line in lines]
    if len(words) < _LEAST or len({len(row) for row in words}) != 1 or not _NARROWEST <= len(words[0]) <= _MOST_WORDS:
        return []
    return [[Cell(word, range(at, at + 1)) for at, word in enumerate(row)] for row in words]


def cuts(line: Excerpt, columns: Sequence[Fits]) -> list[Cut]:
    """All ways to cut a line at its blanks into cells of columns, in order, of which some may be empty.

    A dash is a cell of its own. None if there are too many.

    >>> from vggdsl.text.source import Source
    >>> line = Excerpt.of(Source("-", "max pool 2 8"))
    >>> name, number = (lambda cell: cell.text.replace(' ', '').isalpha()), (lambda cell: cell.text.isdigit())
    >>> [[cell.text for cell in cut] for cut in cuts(line, [name, number, number])]
    [['max pool', '2', '8']]
    """
    words = _Words(line)

    @cache
    def ends(column: int, start: int) -> tuple[int, ...]:
        """Where the cell of a column may end that begins at a word, such that the others take the rest."""
        cells = words.cells(start, columns[column])
        return tuple(end for end in (start, *cells) if leads(column + 1, end))

    @cache
    def leads(column: int, start: int) -> bool:
        return start == len(words) if column == len(columns) else bool(ends(column, start))

    def ways(column: int, start: int) -> Iterator[Cut]:
        if column == len(columns):
            yield ()
            return
        for end in ends(column, start):
            for rest in ways(column + 1, end):
                yield words[start:end], *rest

    return _few(ways(0, 0)) if len(words) and leads(0, 0) else []


def pieces(line: Excerpt, fits: Fits) -> list[Cut]:
    """All ways to cut a line into cells of one look, none of them empty, the fewest first: of a heading."""
    words = _Words(line)

    @cache
    def ends(start: int) -> tuple[int, ...]:
        return tuple(end for end in words.cells(start, fits) if end == len(words) or ends(end))

    def ways(start: int) -> Iterator[Cut]:
        if start == len(words):
            yield ()
            return
        for end in ends(start):
            for rest in ways(end):
                yield words[start:end], *rest

    return sorted(_few(ways(0)), key=len) if len(words) else []


class _Words:
    """Of a line; none if there are too many for a row."""

    def __init__(self, line: Excerpt) -> None:
        self.line = line
        spans = [match.span() for match in re.finditer(r"\S+", line.text)] if len(line) <= _MOST_LETTERS else []
        self.spans = spans if len(spans) <= _MOST_WORDS else []

    def __len__(self) -> int:
        return len(self.spans)

    def __getitem__(self, part: slice) -> Excerpt:
        spans = self.spans[part]
        return self.line[spans[0][0] : spans[-1][1]] if spans else Excerpt(self.line.source, "", ())

    def cells(self, start: int, fits: Fits) -> list[int]:
        """Where a cell may end that begins at a word and isn't empty."""
        found = list[int]()
        for end in range(start + 1, min(start + _LONGEST, len(self)) + 1):
            cell = self[start:end]
            if end > start + 1 and (cell.text[:2] == "- " or cell.text[-2:] == " -"):
                break
            found += [end] if fits(cell) else []
        return found


def _few(ways: Iterator[Cut]) -> list[Cut]:
    found = list(islice(ways, MOST_CUTS + 1))
    return found if len(found) <= MOST_CUTS else []


def joinings(lines: Sequence[Excerpt]) -> list[Excerpt]:
    """Lines as one: a hyphen at the end of a line may part a word that has none, `convolu-`, or one that has it."""
    found = list[Excerpt]()
    for keeps in (False, True):
        whole = lines[0]
        for line in lines[1:]:
            is_parted = re.search(r"[a-z]-\Z", whole.text, re.I) and re.match(r"[a-z]", line.text, re.I)
            whole = joined(
                [whole if keeps or not is_parted else whole[:-1], line], "" if is_parted else " ", line.source
            )
        found += [whole] if whole not in found else []
    return found


def short(line: Excerpt) -> str:
    """A line, its end left out if it is long."""
    return line.text if len(line) <= _SHOWN else f"{line.text[:_SHOWN]}…"


def shown(cut: Cut) -> str:
    """A cut, as it can be written."""
    return "`" + " | ".join(cell.text for cell in cut).strip() + "`"


# -- what else is printed


def true_to_print(reading: Reading, *, figures: bool = True) -> str | None:
    """The digest of a reading's network, of which all sizes and ``figures`` that are printed beside its layers hold."""
    try:
        annotated = elaborate(reading.document)
        typed = infer(annotated.graph)
    except VggdslError:
        return None
    for printed in annotated.printed:
        nodes = [typed[name] for name in printed.nodes]
        if printed.expects.size is not None and not _is_size(printed.expects.size, nodes[-1]):
            return None
        for measure in printed.expects.figures if figures else ():
            if isinstance(measure.figure, Figure) and not _holds(measure.name, measure.figure, nodes):
                return None
    return typed.graph.digest


def _is_size(size: Size, node: TypedNode) -> bool:
    shape = (node.shape.h, node.shape.w, node.shape.c)
    numbers = size.numbers if len(size.numbers) > 1 else (1, 1, *size.numbers)
    return numbers == shape[: len(numbers)]


def _holds(measure: str, figure: Figure, nodes: Sequence[TypedNode]) -> bool:
    counts = {
        "params": sum(node.params.learnable for node in nodes),
        "weights": sum(node.params.weights for node in nodes),
        "macs": sum(node.macs for node in nodes),
    }
    return measure not in counts or figure.holds(counts[measure])
