"""A row for each code that a finding can have: what it means, how it is mended, and what follows from it.

A code is a letter, which says how severe it is (``V`` an error, ``W`` a warning), and a number, whose first digit says
the room: 1 text, 2 network, 3 claims, 4 recipe, 5 data and files, 6 records. That is for people to remember; what is to
follow from a code is a field of its row, and nobody outside of this room reads its letters.

To add one: its name and a row in the file of its room, and a text that shows it,
``tests/fixtures/errors/<example>.arch``.
"""

import re
from types import MappingProxyType
from typing import Literal

from vggdsl.text.codes import claims, files, network, recipe, records, text
from vggdsl.text.codes.row import Code, Kind

__all__ = ["CODES", "Code", "CodeName", "Kind", "code_of", "codes_like", "is_code"]

CodeName = Literal[text.Name, network.Name, claims.Name, recipe.Name, files.Name, records.Name]
"""The names alone, for the type checker: a misspelled code is a type error."""

_ROWS = (*text.ROWS, *network.ROWS, *claims.ROWS, *recipe.ROWS, *files.ROWS, *records.ROWS)
CODES = MappingProxyType({row.name: row for row in _ROWS})
"""Every code by its name, in the order of the rooms."""


def is_code(text: str) -> bool:
    """Whether a text has the form of a code, in any case.

    >>> is_code("V401"), is_code("w999"), is_code("vgg"), is_code("V4012")
    (True, True, False, False)
    """
    return re.fullmatch("[VW][0-9]{3}", text.upper()) is not None


def code_of(text: str) -> Code | None:
    """The row of the code that a text names, in any case."""
    return CODES.get(text.upper())


def codes_like(text: str) -> list[str]:
    """The codes of the room that a code which doesn't exist would be of, errors or warnings as it is one.

    >>> codes_like("w413")
    ['W401', 'W402', 'W403', 'W404', 'W405', 'W406', 'W407', 'W408', 'W409', 'W410', 'W411']
    """
    return [name for name in CODES if name[:2] == text[:2].upper()]
