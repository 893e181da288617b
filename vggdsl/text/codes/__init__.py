"""A row for each code that a finding can have: what it means, how it is mended, and what follows from it.

A code is a letter, which says how severe it is (``V`` an error, ``W`` a warning), and a number, whose first digit says
the room: 1 text, 2 network, 3 claims, 4 recipe, 5 data and files, 6 records. That is for people to remember; what is to
follow from a code is a field of its row, and nobody outside of this room reads its letters.

To add one: its name in ``row.CodeName``, a row in the file of its room, and a text that shows it,
``tests/fixtures/errors/<example>.arch``.
"""

from types import MappingProxyType

from vggdsl.text.codes import claims, files, network, recipe, records, text
from vggdsl.text.codes.row import Code, CodeName, Kind

__all__ = ["CODES", "Code", "CodeName", "Kind"]

_ROWS = (*text.ROWS, *network.ROWS, *claims.ROWS, *recipe.ROWS, *files.ROWS, *records.ROWS)
CODES = MappingProxyType({row.name: row for row in _ROWS})
"""Every code by its name, in the order of the rooms."""
