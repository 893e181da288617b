"""ResNet's table: a row a stage, a column a network, and in its cells `[3x3, 64; 3x3, 64] x 2`.

``rows`` reads it, ``network`` says what its cells mean, ``dense`` what those of DenseNet's table, `[1x1 conv; 3x3 conv]
x 6`, and ``wide`` what those of Wide ResNet's, `[3x3, 16xk; 3x3, 16xk] x N`; ``written`` writes one network so.
``sideways`` reads its table for CIFAR-10, of `1+2n` layers.
"""

import re
from collections.abc import Sequence

from vggdsl.language.notations.registry import Notation, Reading, register
from vggdsl.language.notations.resnet_table import dense, sideways, wide
from vggdsl.language.notations.resnet_table.network import readings
from vggdsl.language.notations.resnet_table.rows import table_of
from vggdsl.language.notations.resnet_table.written import TITLE, write
from vggdsl.text.source import Source

_UNIT = re.compile(r"(?:1x1conv)?3x3conv\W{0,9}x\d|1x1,\d+\D{0,40}?3x3,\d+|3x3,\d+\D{0,40}?3x3,\d+")


def recognises(source: Source) -> bool:
    """By two convolutions one above another, how often, and a size of maps."""
    if sideways.is_sideways(source):
        return True
    text = source.text.lower()
    if not re.search(r"output|feature map", text) or not re.search(
        r"-layer|layers?\b|stage|group|resne|densenet", text
    ):
        return False
    text = re.sub(r"\\times|×|&times;", "x", text)
    text = re.sub(
        r"\\text(?:bf|rm)?|\\begin\{\w+\}(?:\{\w+\})?|\\end\{\w+\}|\\\\(?:\[[^\]]*\])?|</?[a-z][^<>]*>", ";", text
    )
    text = re.sub(r"[\s$\\{}();]|conv,|left|right|array", "", text)
    return _UNIT.search(text) is not None and re.search(r"\d[^\dx]?x\d+", text) is not None


def read(source: Source) -> Sequence[Reading]:
    if sideways.is_sideways(source):
        return [sideways.reading(source)]
    table = table_of(source)
    if table.is_wide:
        return [wide.reading(table)]
    return dense.readings(table) if dense.is_dense(table) else readings(table)


register(Notation("resnet-table", recognises, read, write, title=TITLE))
