"""How cells are written of which facts are read, and the kinds of layers that they name."""

import re
from math import prod

from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.layer_table.facts import kinds_in

LONGEST = 160
"""Letters of a cell at most."""
CALLED = re.compile(
    r"(?P<kind>\bconv(?:2d)?) ?\((?P<takes>\d{1,5}), ?(?P<width>\d{1,5})"
    r", ?(?P<side>\d{1,2}), ?(?P<stride>\d), ?(?P<pad>\d)\)",
    re.IGNORECASE,
)
"""`Conv(3, 16, 4, 2, 1)`: numbers as PyTorch's call has them in order."""
_WRITTEN = (
    (
        CALLED,
        lambda m: (
            f"{m['kind']} {m['takes']} -> {m['width']}, {m['side']}x{m['side']}, stride {m['stride']}, pad {m['pad']}"
        ),
    ),
    (r"(?<=\d) ?@ ?(?=\d+(?!\d*x))", ", "),
    (r"(?i)\bstride ?[rs] ?=", "stride "),
    (r"(?i)(?<=\d )(max|avg|average|mean)(?=\s*(?:,|$|stride\b|/))", lambda match: f"{match[0]} pool"),
    (r"(?i)\b(max|avg|average|mean) (?=\d+x\d+)", lambda match: f"{match[1]} pool "),
    (r"(?i)^(?:output|classifier|head|(?:layer|block|stage) \d{1,2}) ?: ?(?=\w)", ""),
    (r"(?i)(?<=pad \d)x(?=\d ?pool)", " x"),
    (r"(?i)\bfully connect\.", "fully connected"),
    (r"(?i)\bconnect\.(?!\w)", "connected"),
    (r"(?i)(?<=\d)-way (?=fc|fully|dense|linear)", " "),
    (r"(?i)\bl-?re-?lu\b", "LReLU"),
    (
        r"(?i)(?<=dense )\d{1,4}(?:x\d{1,5}){1,2}(?= ?(?:->|→) ?\d{1,7}(?![\dx]))",
        lambda match: str(prod(map(int, match[0].split("x")))),
    ),
)
"""How cells are written that facts are read of."""
NORMED = re.compile(r"(?i)\b(?:weight|spectral)[- ]?norm(?:ali[sz](?:ation|ed))?\b[., ]*")
"""Ways to train weights, without which a network computes the same."""


def words_of(cell: Excerpt) -> set[str]:
    """The kinds of layers that a text names, whatever else it says."""
    return set() if len(cell) > LONGEST else {*kinds_in(written(cell))}


def written(cell: Excerpt) -> Excerpt:
    """A cell in the words of ``facts``."""
    text = cell.sub(NORMED, "").sub(r"\s-\s*$", "")
    for pattern, by in _WRITTEN:
        text = text.sub(pattern, by)
    return text
