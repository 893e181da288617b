"""What the columns of a table are, by the words of its heading."""

import re
from collections.abc import Sequence
from itertools import pairwise

from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.grid import Row

_COUNT = r"(?:#|no\.?|number) ?(?:of )?"
_COLUMNS = {
    "name": re.compile(r"#|no\.?|index|name|layer name"),
    "kind": re.compile(r"(?:layers?|type|operations?|op)(?: ?(?:type|name|/ ?strides?))?"),
    "filter": re.compile(
        r"(?:filter|kernel|patch|window)(?: ?(?:size|shape))?(?: ?/ ?strides?)?(?: or remarks)?|size ?/ ?strides?"
    ),
    "stride": re.compile(r"strides?"),
    "pad": re.compile(r"pad(?:ding)?"),
    "width": re.compile(
        rf"(?:{_COUNT})?(?:filters|kernels|channels|feature maps?|maps|neurons|units)(?: ?(?:&|and) ?neurons)?"
    ),
    "output": re.compile(r"(?:output|feature map)(?: ?(?:size|shape))|output"),
    "input": re.compile(r"input(?: ?(?:size|shape))?"),
    "activation": re.compile(r"activations?(?: functions?)?"),
    "description": re.compile(r"description|details|remarks"),
    "params": re.compile(rf"(?:{_COUNT})?(?:params?|parameters)\.?(?: ?#)?"),
}
_TELLING = {"filter", "output", "width", "description"}
_TYPE = re.compile(r"type|operations?|op")
"""Where it is a heading, `Layer` is that of names."""
_SIZE = re.compile(r"size")
"""Of the window where no other column is, else of what the layer gives."""


def heading(rows: Sequence[Row]) -> int | None:
    """Which of the first rows is the heading."""
    for index, row in enumerate(rows[:4]):
        named = columns(row)
        if {"kind"} < set(named) and set(named) & _TELLING and "?" not in named:
            return index
    return None


def strange(rows: Sequence[Row]) -> Excerpt | None:
    """A cell of what would be a heading if it were known."""
    for row in rows[:4]:
        named = columns(row)
        if "kind" in named and "?" in named:
            return row[named.index("?")].text
    return None


def columns(row: Row) -> list[str]:
    """What each column is by its heading; `?` where that isn't known, and nothing where no heading is."""
    texts = [cell.text.text.lower().strip(" .:") for cell in row]
    found = [_column(text, texts) for text in texts]
    for at, (first, second) in enumerate(pairwise(found)):
        if first == "kind" and not second and not texts[at + 1]:  # one heading for names and types
            found[at : at + 2] = ["name", "kind"]
    return found


def _column(text: str, others: Sequence[str]) -> str:
    if text in ("layer", "layers") and any(_TYPE.fullmatch(other) for other in others):
        return "name"
    for name, form in _COLUMNS.items():
        if form.fullmatch(text):
            return name
    if _SIZE.fullmatch(text):
        return "output" if any(_COLUMNS["filter"].fullmatch(other) for other in others) else "filter"
    return "?" if text else ""
