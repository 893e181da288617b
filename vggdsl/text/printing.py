"""Text as a terminal shows it."""

import unicodedata


def printable(text: str) -> str:
    """The text without characters that would move a terminal's cursor."""
    if text.isprintable():
        return text
    return "".join(" " if c == "\t" else c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


NAME, LINE = 200, 2000
"""Characters of a name, and of a line with names in it; what is longer is nothing that anybody reads."""


def shown(text: str, most: int = NAME) -> str:
    """A name that somebody else gave, or a line with such names, on one line; if it is long, without its middle.

    >>> shown("dog\\x1b[2J\\ncat"), shown("a" * 90 + "b" * 90, 9)
    ('dog�[2J�cat', 'aaaa…bbbb')
    """
    half = most // 2
    return printable(text if len(text) <= most else f"{text[:half]}…{text[-half:]}")


_SAID = 300
"""Characters of what somebody else's code says."""


def first_line(error: BaseException) -> str:
    """What a library says of an error, for a line of ours: the first line of its message, if it is long without its
    middle; what kind of error it is, where it says nothing.

    >>> first_line(ValueError("\\ntorn\\nat 0x1f")), first_line(KeyError())
    ('torn', 'KeyError')
    """
    return shown(str(error).strip().partition("\n")[0].strip(), _SAID) or type(error).__name__


def width_of(text: str) -> int:
    """Columns that a text takes in a terminal.

    >>> width_of("conv3-64"), width_of("畳み")
    (8, 4)
    """
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
