"""Claims -> text: one a line, and those of one place in a block."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from vggdsl.language import syntax
from vggdsl.language.notations.arch.layout import INDENT, WIDEST, columns, goes_on, with_comments
from vggdsl.language.spelling import figure_text, measure_text
from vggdsl.language.syntax import Line
from vggdsl.language.types import LARGEST
from vggdsl.network.measures import STRUCTURAL

AnyClaim = syntax.Claim | syntax.ResultLineClaim


def claim_cells(claim: AnyClaim) -> list[str]:
    """A claim that stands by itself, in the pieces that are aligned with those of its neighbours."""
    where = "" if claim.where is None else f'"{claim.where}"'
    if isinstance(claim, syntax.ResultLineClaim):
        return [f"claim {claim.result}", where]
    head = f"claim {claim.on}" if claim.on else "claim"
    first, *measures = map(measure_text, claim.measures)
    reason = claim.measures[0].disputed
    disputed = "" if reason is None else f'disputed "{reason}"'
    return [
        *([head, first] if claim.on else [f"{head} {first}"]),
        *measures,
        *map(str, claim.protocol),
        disputed,
        where,
    ]


def blocks(lines: Sequence[Line]) -> Iterator[tuple[str | None, Sequence[Line]]]:
    """The lines, divided into those of claims that stand in one block, with their place, and others.

    These are two and more claims of one place that follow each other, with the comments and blank lines between
    them, and those that no line holds.
    """
    start = at = 0
    while at < len(lines):
        place, claims, end = _place(lines[at]), 0, at
        for number in range(at, len(lines) if place is not None else at):
            if lines[number].content is not None:
                if _place(lines[number]) != place:
                    break
                claims, end = claims + 1, number + 1
        if claims > 1 or (claims == 1 and not _fits_in_line(lines[at].content)):
            yield None, lines[start:at]
            yield place, lines[at:end]
            start = at = end
        else:
            at += 1
    yield None, lines[start:]


def _place(line: Line) -> str | None:
    """Where it is printed what a line claims, if that can stand in a row."""
    content = line.content
    if not isinstance(content, AnyClaim):
        return None
    if isinstance(content, syntax.Claim) and not _is_computed(content) and _is(content.on, "claim"):
        return None  # it would read as the claim that no row begins with
    return content.where


def _fits_in_line(claim: syntax.Content | None) -> bool:
    """Whether a claim can stand by itself: there only a sole figure can be disputed."""
    assert isinstance(claim, AnyClaim)
    measures = claim.measures if isinstance(claim, syntax.Claim) else ()
    is_wide = len(" ".join(filter(None, claim_cells(claim)))) > WIDEST
    return not is_wide and (len(measures) < 2 or all(measure.disputed is None for measure in measures))


def block(place: str, lines: Sequence[Line]) -> Iterator[str]:
    """The text of a block: a row a claim."""
    rows = _aligned([(line, line.content) for line in lines if isinstance(line.content, AnyClaim)])
    yield f'claims "{place}" {{'
    for line in lines:
        yield from next(rows) if line.content is not None else [(INDENT + (line.comment or "")).rstrip()]
    yield "}"


def _aligned(claims: Sequence[tuple[Line, AnyClaim]]) -> Iterator[list[str]]:
    """The rows of claims; those of one kind that follow each other are aligned."""
    for _, run in groupby(claims, key=lambda claim: _alignment(claim[1])):
        rows = list(run)
        cells = [_row(claim) for _, claim in rows]
        texts = columns(cells, WIDEST - len(INDENT))
        fitted = [_fit(text, row) for text, row in zip(texts, cells, strict=True)]
        yield from with_comments([line for line, _ in rows], fitted)


def _fit(text: str, cells: Sequence[str]) -> list[str]:
    """A row, in several lines where it is too wide for one."""
    if len(INDENT + text) <= WIDEST:
        return [INDENT + text]
    first, *more = filter(None, cells)
    return goes_on([f"{INDENT}{first} {''.join(more[:1])}".rstrip()], more[1:], len(2 * INDENT), WIDEST)


def _alignment(claim: AnyClaim) -> tuple[object, ...]:
    """What neighbours a row is aligned with."""
    if isinstance(claim, syntax.ResultLineClaim):
        return ("line",)
    if not _is_computed(claim):
        return "result", claim.on is None, len(claim.measures), len(claim.protocol)
    return ("part",) if claim.on else ("network", len(claim.measures))


def _row(claim: AnyClaim) -> list[str]:
    """A claim as a row, in the pieces that are aligned with those of its neighbours."""
    if isinstance(claim, syntax.ResultLineClaim):
        return [str(claim.result)]
    if not _is_computed(claim):
        head, *rest = claim_cells(replace(claim, where=None))
        return [head.removeprefix("claim "), *rest]
    figures = [*map(figure_text, claim.measures)]
    if claim.on is None:
        return figures
    if _is_size(claim.measures[0]) and not _is(claim.on, "epoch"):  # `epoch 12` begins a result
        return [claim.on, figures[0].removeprefix("output="), *figures[1:]]
    return [claim.on, "", *figures]


def _is_computed(claim: syntax.Claim) -> bool:
    """Whether its row is spelled as what stands behind an arrow."""
    return not claim.protocol and all(
        measure.name in STRUCTURAL and (measure.name == "output" or not isinstance(measure.figure, syntax.Size))
        for measure in claim.measures
    )


def _is_size(measure: syntax.Measure) -> bool:
    """Whether it can stand in a row as a size does behind an arrow: a count only where it is written out.

    Behind a name that is nearly a measure's, `macs1 1.5e3`, another reads as that measure misspelled.
    """
    figure = measure.figure
    if measure.name != "output" or measure.disputed is not None:
        return False
    if isinstance(figure, syntax.Size):
        return True
    return figure.text.replace(",", "").isdigit() and 1 <= figure.digits <= LARGEST


def _is(label: str | None, word: str) -> bool:
    return label is not None and label.lower() == word
