"""GoogLeNet's table: a row a layer or an Inception module, with the numbers of its filters in columns.

``rows`` reads it, ``network`` says what its rows mean, ``written`` writes it. Without the column of types, as a lecture
prints it, rows are told by the columns that they fill.
"""

import re
from collections.abc import Sequence

from vggdsl.language.notations.googlenet_table.network import reading
from vggdsl.language.notations.googlenet_table.rows import table_of
from vggdsl.language.notations.googlenet_table.written import TITLE, write
from vggdsl.language.notations.registry import Notation, Reading, register
from vggdsl.text.source import Source


def recognises(source: Source) -> bool:
    """By the headings of its columns of filters."""
    text = re.sub(r"\\times|×|&times;", "x", source.text.lower())
    text = re.sub(r"[\s$\\{}]|</?[a-z][^<>]*>", "", text)
    return all(text.count(word) >= count for word, count in (("#1x1", 1), ("#3x3", 2), ("proj", 1)))


def read(source: Source) -> Sequence[Reading]:
    return [reading(table_of(source))]


register(Notation("googlenet-table", recognises, read, write, title=TITLE))
