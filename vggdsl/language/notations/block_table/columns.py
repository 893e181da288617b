"""What the columns of a table of blocks are, by the words of its heading."""

import re
from collections.abc import Sequence

from vggdsl.language.notations.grid import Row

_SIGN = r"(?: \(?\\?[A-ZĈĤŴL][a-z̀-ͯ^_{}\\]*(?:_?[iᵢ])?\)?(?: ?x ?\\?[A-ZŴW][a-z̀-ͯ^_{}\\]*(?:_?[iᵢ])?)?)?"
"""A letter behind the word, as EfficientNet's heading has: `#Channels C_i`, `Resolution H_i x W_i`."""
_COLUMNS = {
    "name": r"stage(?: ?i)?|stages|block|no\.?|index|#",
    "kind": r"operators?|layer(?: name)?(?: ?/ ?type)?|layer type|type|name",
    "input": r"input(?: (?:size|shape|resolution))?",
    "resolution": r"resolution",
    "output": r"output(?: (?:size|shape|resolution))?",
    "window": r"filter size(?: ?/ ?strides?)?(?: ?\(if not a fire layer\))?",
    "kernel": r"k|kernel(?: size)?",
    "expansion": r"t|expansion(?: (?:factor|ratio))?|expand ratio",
    "expanded": r"#? ?exp\.?(?: size)?|expansion size",
    "width": r"c|# ?out|#? ?channels|(?:#? ?)output channels|out channels",
    "times": r"n|# ?layers|layers|repeats?",
    "stride": r"s|strides?",
    "squeezed": r"se",
    "activation": r"nl|activation|non-?linearity",
    "depth": r"depth",
    "s1x1": r"s ?1x1(?: ?\(# ?1x1 squeeze\))?",
    "e1x1": r"e ?1x1(?: ?\(# ?1x1 expand\))?",
    "e3x3": r"e ?3x3(?: ?\(# ?3x3 expand\))?",
    "params": r"# ?param(?:eter)?s?(?: before pruning)?|params|parameters",
    "prose": r"comments?|remarks?|notes?",
    "beside": r"[se] ?[13]x[13] sparsity|# ?bits|# ?param(?:eter)?s? after pruning",
}
"""``prose`` explains the others, ``beside`` is what was made of the network's weights later on."""
UNREAD = ("prose", "beside")
KNOWN = (
    "known are operator, layer name/type, input, output size, resolution, filter size/stride, t, exp size, c, #out, "
    "#channels, kernel, n, #layers, s, SE, NL, depth, s1x1, e1x1, e3x3, #parameters, and comments, which aren't read"
)
FIRE = ("s1x1", "e1x1", "e3x3")
_FAMILIES = (
    {"kind", "output", *FIRE},
    {"kind", "width", "expansion"},
    {"kind", "width", "expanded"},
    {"kind", "width", "times"},
)


FAMILIES = (
    "it has operator, c or #out, and one of t, exp size and n; or layer name/type, output size, s1x1, e1x1 and e3x3"
)


def heading(rows: Sequence[Row]) -> int | None:
    """Which of the first rows is the heading: one that has the columns of a family of networks."""
    for index, row in enumerate(rows[:4]):
        named = set(columns(row))
        if any(family <= named for family in _FAMILIES):
            return index
    return None


def columns(row: Row) -> list[str]:
    """What each column is by its heading; `?` where that isn't known, and nothing where no heading is."""
    return [_column(" ".join(re.sub(r"\^?\*", "", cell.text.text).split())) for cell in row]


def _column(text: str) -> str:
    if not text:
        return ""
    for name, form in _COLUMNS.items():
        if re.fullmatch(f"(?i:{form}){_SIGN}", text):
            return name
    return "?"
