"""Text as a terminal shows it."""

import unicodedata


def printable(text: str) -> str:
    """The text without characters that would move a terminal's cursor."""
    return "".join(" " if c == "\t" else c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def width_of(text: str) -> int:
    """Columns that a text takes in a terminal.

    >>> width_of("conv3-64"), width_of("畳み")
    (8, 4)
    """
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
