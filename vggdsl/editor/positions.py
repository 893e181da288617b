"""Places as editors count them: lines from 0, and in a line units of UTF-16, or of what the editor offers."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import Literal

Units = Literal["utf-8", "utf-16", "utf-32"]
"""What the places in a line are counted in."""

_END = re.compile(r"\r\n|\r|\n")


class Lines:
    """The lines of a text, which end with CR LF, LF or CR; places are those of offsets into it.

    >>> lines = Lines("a😀b\\r\\nc", "utf-16")
    >>> lines.position(2), lines.position(5), lines.offset(0, 3), lines.offset(0, 99)
    ((0, 3), (1, 0), 2, 3)
    """

    def __init__(self, text: str, units: Units) -> None:
        self.text = text
        self.units = units

    @cached_property
    def _bounds(self) -> tuple[Sequence[int], Sequence[int]]:
        """Where each line begins, and where it ends, without what ends it."""
        ends = [match.span() for match in _END.finditer(self.text)]
        return [0, *(behind for _, behind in ends)], [*(end for end, _ in ends), len(self.text)]

    def __len__(self) -> int:
        return len(self._bounds[0])

    def offset(self, line: int, character: int) -> int:
        """Of a place; of one behind a line's end that end, and of one within a character the place before it."""
        starts, ends = self._bounds
        if line >= len(starts):
            return len(self.text)
        start, end = starts[line], ends[line]
        content = self.text[start:end]
        if self.units == "utf-32" or content.isascii():
            return start + min(character, end - start)
        widths = list(accumulate((self._width(char) for char in content), initial=0))
        return start + bisect_right(widths, character) - 1

    def position(self, offset: int) -> tuple[int, int]:
        """Line and character of an offset; of one within a line's end that end."""
        starts, ends = self._bounds
        line = bisect_right(starts, offset) - 1
        before = self.text[starts[line] : min(offset, ends[line])]
        if self.units == "utf-32" or before.isascii():
            return line, len(before)
        return line, sum(map(self._width, before))

    def _width(self, char: str) -> int:
        code = ord(char)
        if self.units == "utf-16":
            return 1 if code < 0x10000 else 2
        return 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4
