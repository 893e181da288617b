"""Lines of text: how wide, aligned with their neighbours, with their comments."""

from collections.abc import Iterator, Sequence

from vggdsl.language.syntax import Line

INDENT = "  "
WIDEST = 100


def columns(rows: Sequence[list[str]], widest: int | None = None) -> list[str]:
    """A text for each row of cells, in which those of a column begin at one place.

    If one would be wider than ``widest``, no row is padded.
    """
    most = max(len(row) for row in rows)
    cells = [row + [""] * (most - len(row)) for row in rows]
    texts = [""] * len(cells)
    for column in range(most):
        later = [any(row[column + 1 :]) for row in cells]
        width = max((len(row[column]) for row, more in zip(cells, later, strict=True) if more), default=0)
        for i, row in enumerate(cells):
            texts[i] += row[column].ljust(width + (width > 0)) if later[i] else row[column]
    if widest is not None and max(map(len, texts)) > widest:
        return [" ".join(filter(None, row)) for row in rows]
    return texts


def with_comments(rows: Sequence[Line], texts: Sequence[list[str]]) -> Iterator[list[str]]:
    """The texts of rows, each of one line or several, with their comments, which begin at one place."""
    edge = max((len(lines[-1]) for lines, line in zip(texts, rows, strict=True) if line.comment), default=0)
    for (*before, last), line in zip(texts, rows, strict=True):
        yield [*before, f"{last.ljust(edge)}  {line.comment}" if line.comment else last]


def goes_on(lines: list[str], more: Sequence[str], hang: int, widest: int) -> list[str]:
    """The lines with pieces behind them, as many a line as fit; one that goes on ends with a comma."""
    for left, piece in zip(range(len(more))[::-1], more, strict=True):
        if len(f"{lines[-1]} {piece}{',' if left else ''}") <= widest:
            lines[-1] += f" {piece}"
        else:
            lines[-1] += ","
            lines.append(" " * hang + piece)
    return lines
